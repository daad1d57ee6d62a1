//! Data for a machine: bits of two-valued units, or real values, which are never thresholded.

use super::{Chains, Rbm, RbmError};
use crate::kernel::spins::{pack_levels, packed_len, unpack_levels};
use crate::restart::{Unfit, demand, put};
use ndarray::{Array2, ArrayView2, CowArray, Ix2, s};
use std::borrow::Cow;
use std::ops::Range;

/// Samples of visible states, a row each.
#[derive(Clone, Copy, Debug)]
pub enum Samples<'a> {
    /// Bits of two-valued units, 1 = high, packed as in [`crate::packed`]: rows of packed_len(n_visible) bytes.
    Packed(&'a [u8]),
    /// Values, shape (n, n_visible). For two-valued units values between low and high are the units' means: a grey
    /// level x in [0, 1] says that a {0, 1} unit is 1 with probability x.
    Values(ArrayView2<'a, f32>),
}

impl<'a> From<&'a [u8]> for Samples<'a> {
    fn from(bits: &'a [u8]) -> Self {
        Self::Packed(bits)
    }
}

impl<'a> From<ArrayView2<'a, f32>> for Samples<'a> {
    fn from(values: ArrayView2<'a, f32>) -> Self {
        Self::Values(values)
    }
}

impl<'a> Samples<'a> {
    /// Number of samples of `n_visible` units.
    pub fn len(&self, n_visible: usize) -> usize {
        match self {
            Self::Packed(bits) => bits.len() / packed_len(n_visible),
            Self::Values(values) => values.nrows(),
        }
    }

    /// The same for as long as this borrow.
    pub(super) fn reborrow(&self) -> Samples<'_> {
        match self {
            Self::Packed(bits) => Samples::Packed(bits),
            Self::Values(values) => Samples::Values(values.view()),
        }
    }

    /// The samples `range`.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn rows(&self, n_visible: usize, range: Range<usize>) -> Samples<'_> {
        match self {
            Self::Packed(bits) => {
                let bytes = packed_len(n_visible);
                Samples::Packed(&bits[range.start * bytes..range.end * bytes])
            }
            Self::Values(values) => Samples::Values(values.slice(s![range, ..])),
        }
    }

    /// Values of the visible units of `rbm`, shape (n, n_visible), in standard layout.
    ///
    /// # Panics
    /// For bits of units that are not two-valued, which [`Samples::check`] refuses.
    pub fn values(&self, rbm: &Rbm) -> CowArray<'a, f32, Ix2> {
        match self {
            Self::Packed(bits) => {
                let levels = rbm.visible_units().levels().expect("bits are of two-valued units");
                let mut values = Array2::zeros((self.len(rbm.n_visible()), rbm.n_visible()));
                unpack_levels(bits, levels.low(), levels.high(), values.view_mut());
                values.into()
            }
            Self::Values(values) if values.is_standard_layout() => (*values).into(),
            Self::Values(values) => values.as_standard_layout().into_owned().into(),
        }
    }

    /// Refuses samples that the visible units of `rbm` cannot take, and none at all.
    ///
    /// # Errors
    /// [`RbmError::Shape`], [`RbmError::Data`], [`RbmError::Site`], [`RbmError::NoSamples`], [`RbmError::NotTwoValued`]
    /// for bits.
    ///
    /// ```
    /// use ndarray::array;
    /// use rgflow::{random::Streams, rbm::{Rbm, Samples}};
    /// let rbm = Rbm::random(2, 1, 0.1, &mut Streams::new(1).generator("example", 0));
    /// let (spins, wild) = (array![[1.0f32, -1.0]], array![[1.0f32, 7.0]]);
    /// assert!(Samples::from(spins.view()).check(&rbm).is_ok());
    /// let error = Samples::from(wild.view()).check(&rbm).unwrap_err().to_string();
    /// assert!(error.starts_with("sample 0, unit 1 = 7"), "{error}");
    /// ```
    pub fn check(&self, rbm: &Rbm) -> Result<(), RbmError> {
        let n = rbm.n_visible();
        match self {
            Self::Packed(bits) => {
                rbm.visible_levels("packed data")?;
                let rest = bits.len() % packed_len(n);
                if rest != 0 {
                    let (expected, found) = (bits.len() - rest, bits.len());
                    return Err(RbmError::Shape { what: "bytes of the packed data", expected, found });
                }
            }
            Self::Values(values) => {
                if values.ncols() != n {
                    return Err(RbmError::Shape { what: "columns of the data", expected: n, found: values.ncols() });
                }
                let rows = values.rows().into_iter().enumerate();
                rows.into_iter().try_for_each(|(sample, row)| rbm.visible_units().check(sample, row))?;
            }
        }
        if self.len(n) == 0 { Err(RbmError::NoSamples) } else { Ok(()) }
    }

    /// Checks and packs what can be packed.
    pub(super) fn prepare(self, rbm: &Rbm) -> Result<Prepared<'a>, RbmError> {
        self.check(rbm)?;
        Ok(match (self, rbm.visible_units().levels()) {
            (Self::Packed(bits), _) => Prepared::Bits(bits.into()),
            (Self::Values(values), Some(levels)) => {
                let mut bits = vec![0; values.nrows() * packed_len(values.ncols())];
                if pack_levels(values, levels.low(), levels.high(), &mut bits) {
                    Prepared::Bits(bits.into())
                } else {
                    Prepared::Values(values.into())
                }
            }
            (Self::Values(values), None) => Prepared::Values(values.into()),
        })
    }
}

/// Samples that have been checked.
pub(super) enum Prepared<'a> {
    Bits(Cow<'a, [u8]>),
    Values(CowArray<'a, f32, Ix2>),
}

impl Prepared<'_> {
    /// Sets the samples `rows` to the states `v` of the visible units of `rbm`.
    pub(super) fn set(&mut self, rbm: &Rbm, rows: &[usize], v: ArrayView2<f32>) {
        match (self, rbm.visible_units().levels()) {
            (Self::Bits(bits), Some(levels)) => {
                let bytes = packed_len(rbm.n_visible());
                let mut packed = vec![0; rows.len() * bytes];
                let all = pack_levels(v, levels.low(), levels.high(), &mut packed);
                assert!(all, "states of units whose samples are bits");
                let bits = bits.to_mut();
                for (row, state) in rows.iter().zip(packed.chunks_exact(bytes)) {
                    bits[row * bytes..(row + 1) * bytes].copy_from_slice(state);
                }
            }
            (Self::Values(values), _) => {
                let rows = rows.iter().zip(v.rows());
                rows.for_each(|(row, state)| values.row_mut(*row).assign(&state));
            }
            (Self::Bits(_), None) => unreachable!("bits are of two-valued units"),
        }
    }

    /// Takes over samples that were saved, as bits or as values in the order of rows.
    pub(super) fn restore(&mut self, bits: Vec<u8>, values: Vec<f32>) -> Result<(), Unfit> {
        match self {
            Self::Bits(own) => put(own.to_mut(), &bits),
            Self::Values(own) => {
                let own = own.view_mut();
                demand(own.len() == values.len())?;
                own.into_iter().zip(values).for_each(|(to, value)| *to = value);
                Ok(())
            }
        }
    }

    /// Clamps the visible units of `chains` to the samples `rows`.
    pub(super) fn put(&self, rows: &[usize], chains: &mut Chains) {
        match self {
            Self::Bits(bits) => {
                let bytes = packed_len(chains.n_visible());
                chains.set_visible_bits(rows.iter().map(|row| &bits[row * bytes..(row + 1) * bytes]));
            }
            Self::Values(values) => {
                let mut to = chains.visible_values_mut();
                for (mut to, row) in to.rows_mut().into_iter().zip(rows) {
                    to.assign(&values.row(*row));
                }
            }
        }
    }
}

impl Rbm {
    /// Sets the visible biases to what reproduces the mean of each unit in the data while the weights are small:
    /// (1/delta) ln(p / (1 - p)) with p the mean on the scale from low to high, or mean / sigma^2 for Gaussian units.
    ///
    /// p is (sum + 1) / (n + 2), Laplace's rule of succession, so that a constant unit has a finite bias.
    ///
    /// # Errors
    /// As [`Samples::check`].
    ///
    /// ```
    /// use ndarray::arr2;
    /// use rgflow::{random::Streams, rbm::{Rbm, Units}};
    /// let mut random = Streams::new(1).generator("example/bias", 0);
    /// let mut rbm = Rbm::random(2, 1, 0.01, &mut random).with_units(Units::BINARY, Units::BINARY)?;
    /// rbm.fit_visible_bias(arr2(&[[0.0, 1.0], [0.0, 0.0]]).view())?; // the first unit is constant
    /// assert!((rbm.visible_bias[0] - (0.25f32 / 0.75).ln()).abs() < 1e-6 && rbm.visible_bias[1] == 0.0);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn fit_visible_bias<'a>(&mut self, data: impl Into<Samples<'a>>) -> Result<(), RbmError> {
        let data = data.into();
        data.check(self)?;
        let (n, samples) = (self.n_visible(), data.len(self.n_visible()));
        let mut sums = vec![0.0f64; n];
        match data {
            Samples::Packed(bits) => {
                for row in bits.chunks_exact(packed_len(n)) {
                    sums.iter_mut().enumerate().for_each(|(i, s)| *s += f64::from(row[i / 4] >> (i % 4) & 1));
                }
            }
            Samples::Values(values) => {
                for row in values.rows() {
                    sums.iter_mut().zip(row).for_each(|(s, v)| *s += self.visible_units().share(*v));
                }
            }
        }
        self.visible_bias = self.visible_units().biases(&sums, samples).into();
        Ok(())
    }
}
