//! Gibbs sampling: v -> h -> v with sampled states (thesis section 2.4.2).
//!
//! Two-valued units are bits and go through tabulated sums. Real values (Gaussian units, grey levels, expectation values) go
//! through matrix products and are never thresholded.

use super::{Levels, Rbm, RbmError, Units};
use crate::kernel::normal;
use crate::kernel::product::gemm;
use crate::kernel::spins::{LevelSums, draw, pack_levels, packed_len, unpack_levels};
use crate::kernel::vector::add_bias;
use crate::random::Bulk;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, ShapeBuilder};

/// Rows of fields are padded to a multiple of this, the row length of the tabulated sums.
const PADDING: usize = 16;

/// A machine prepared for sampling: products of both directions.
#[derive(Clone, Debug)]
pub struct Kernel {
    rbm: Rbm,
    to_hidden: Products,
    to_visible: Products,
}

/// How the fields that a layer of bits exerts are found.
#[derive(Clone, Debug)]
enum Products {
    /// By sums that are tabulated once: for a machine that does not change.
    Tables(LevelSums),
    /// By matrix products: Gaussian units, and machines in training.
    Real,
}

impl Kernel {
    /// Tables of `rbm`.
    pub fn new(rbm: &Rbm) -> Self {
        let tables = |units: &Units, weights: ArrayView2<f32>, bias: &Array1<f32>| match units.levels() {
            Some(levels) => {
                let bias = bias.as_slice().expect("contiguous");
                Products::Tables(LevelSums::of(weights, bias, levels.low(), levels.high()))
            }
            None => Products::Real,
        };
        Self {
            to_hidden: tables(rbm.visible_units(), rbm.weights.view(), &rbm.hidden_bias),
            to_visible: tables(rbm.hidden_units(), rbm.weights.t(), &rbm.visible_bias),
            rbm: rbm.clone(),
        }
    }

    /// Of a machine whose parameters change ([`Kernel::rbm_mut`]): nothing is tabulated.
    pub(super) fn changing(rbm: Rbm) -> Self {
        Self { to_hidden: Products::Real, to_visible: Products::Real, rbm }
    }

    /// The machine.
    pub fn rbm(&self) -> &Rbm {
        &self.rbm
    }

    /// The parameters of a machine from [`Kernel::changing`].
    pub(super) fn rbm_mut(&mut self) -> &mut Rbm {
        &mut self.rbm
    }
}

/// The states of a layer, a row for each chain: bits, or real values.
#[derive(Clone, Debug)]
struct Layer {
    n: usize,
    levels: Option<Levels>,
    /// Whether `values` is the state, not `bits`.
    real: bool,
    bits: Vec<u8>,
    values: Array2<f32>,
}

impl Layer {
    fn new(units: &Units, rows: usize, n: usize) -> Self {
        let levels = units.levels();
        let (bits, values) = match levels {
            Some(_) => (vec![0; rows * packed_len(n)], Array2::zeros((0, n))),
            None => (vec![], Array2::zeros((rows, n))),
        };
        Self { n, levels, real: levels.is_none(), bits, values }
    }

    /// Room for real values of two-valued units, which most chains never need.
    fn make_real(&mut self, rows: usize) -> &mut Array2<f32> {
        if self.values.nrows() != rows {
            self.values = Array2::zeros((rows, self.n));
        }
        self.real = true;
        &mut self.values
    }

    /// The state as values, shape (rows, n).
    fn values(&mut self, rows: usize) -> ArrayView2<'_, f32> {
        if let (false, Some(levels)) = (self.real, self.levels) {
            self.make_real(rows);
            self.real = false;
            let values = self.values.as_slice_mut().expect("standard layout");
            unpack_levels(&self.bits, self.n, levels.low(), levels.high(), values);
        }
        self.values.view()
    }

    fn write(&self, out: &mut [f32]) {
        match self.levels {
            Some(levels) if !self.real => unpack_levels(&self.bits, self.n, levels.low(), levels.high(), out),
            _ => out.copy_from_slice(self.values.as_slice().expect("standard layout")),
        }
    }

    /// Draws the units from their fields.
    fn draw(&mut self, units: &Units, stride: usize, fields: &[f32], random: &mut Bulk, scratch: &mut Scratch) {
        match units {
            Units::TwoValued(levels) => {
                draw(fields, (stride, self.n), levels.delta(), random, &mut scratch.words, &mut self.bits);
                self.real = false;
            }
            Units::Gaussian(widths) => {
                // a = sigma^2 z + sigma (standard normal)
                normal::fill(random, &mut scratch.words[..fields.len()], &mut scratch.normal[..fields.len()]);
                let rows = fields.chunks_exact(stride).zip(scratch.normal.chunks_exact(stride));
                for (mut values, (fields, noise)) in self.values.rows_mut().into_iter().zip(rows) {
                    for (i, value) in values.iter_mut().enumerate() {
                        let sigma = widths.sigma(i);
                        *value = sigma * (sigma * fields[i] + noise[i]);
                    }
                }
            }
        }
    }
}

/// Random numbers and sums of a half-step.
#[derive(Clone, Debug)]
struct Scratch {
    words: Vec<u32>,
    normal: Vec<f32>,
}

/// Gibbs chains side by side, with the scratch that a step needs.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{random::Streams, rbm::{Chains, Kernel, Rbm}};
/// let streams = Streams::new(1);
/// let kernel = Kernel::new(&Rbm::random(10, 4, 0.3, &mut streams.generator("example/init", 0)));
/// let mut chains = Chains::new(&kernel, 50); // 50 chains, all units low
/// let mut random = streams.bulk("example/gibbs", 0);
/// for _ in 0..100 {
///     chains.step(&kernel, &mut random);
/// }
/// let mut v = Array2::<f32>::zeros((50, 10));
/// chains.write_visible(v.as_slice_mut().unwrap());
/// assert!(v.iter().all(|v| v.abs() == 1.0));
/// ```
#[derive(Clone, Debug)]
pub struct Chains {
    visible: Layer,
    hidden: Layer,
    rows: usize,
    fields: Vec<f32>,
    scratch: Scratch,
}

impl Chains {
    /// Room for `rows` chains; two-valued units are low, Gaussian ones zero.
    pub fn new(kernel: &Kernel, rows: usize) -> Self {
        let rbm = &kernel.rbm;
        let widest = rbm.n_visible().max(rbm.n_hidden()).next_multiple_of(PADDING);
        let gaussian = [&kernel.to_hidden, &kernel.to_visible].iter().any(|p| matches!(p, Products::Real));
        Self {
            visible: Layer::new(rbm.visible_units(), rows, rbm.n_visible()),
            hidden: Layer::new(rbm.hidden_units(), rows, rbm.n_hidden()),
            rows,
            fields: vec![0.0; rows * widest],
            scratch: Scratch {
                words: vec![0; rows * widest],
                normal: vec![0.0; if gaussian { rows * widest } else { 0 }],
            },
        }
    }

    /// Number of chains.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Sets the visible units to `values`, shape (rows, n_visible). Values of two-valued units that are all low or high become
    /// bits; any other (grey levels, expectation values) are kept as they are until the units are drawn.
    ///
    /// # Errors
    /// [`RbmError::Shape`] for another shape.
    pub fn set_visible(&mut self, values: ArrayView2<f32>) -> Result<(), RbmError> {
        for (what, expected, found) in [
            ("rows of the states", self.rows, values.nrows()),
            ("columns of the states", self.visible.n, values.ncols()),
        ] {
            if expected != found {
                return Err(RbmError::Shape { what, expected, found });
            }
        }
        let packed = self
            .visible
            .levels
            .is_some_and(|levels| pack_levels(values, levels.low(), levels.high(), &mut self.visible.bits));
        if packed {
            self.visible.real = false;
        } else {
            self.visible.make_real(self.rows).assign(&values);
        }
        Ok(())
    }

    /// The bits of the visible units, rows x packed_len(n_visible) (see [`crate::kernel::spins`]), to be written; `None` for
    /// Gaussian units.
    pub fn visible_bits_mut(&mut self) -> Option<&mut [u8]> {
        self.visible.levels?;
        self.visible.real = false;
        Some(&mut self.visible.bits)
    }

    /// Real values of the visible units, shape (rows, n_visible), to be written.
    pub fn visible_values_mut(&mut self) -> ArrayViewMut2<'_, f32> {
        self.visible.make_real(self.rows).view_mut()
    }

    /// Writes the visible units to `out`, rows x n_visible.
    ///
    /// # Panics
    /// If `out` has another length, which is an error of the caller.
    pub fn write_visible(&self, out: &mut [f32]) {
        assert_eq!(out.len(), self.rows * self.visible.n, "room for the visible units");
        self.visible.write(out);
    }

    /// Writes the hidden units to `out`, rows x n_hidden.
    ///
    /// # Panics
    /// If `out` has another length, which is an error of the caller.
    pub fn write_hidden(&self, out: &mut [f32]) {
        assert_eq!(out.len(), self.rows * self.hidden.n, "room for the hidden units");
        self.hidden.write(out);
    }

    /// Finds the fields of the hidden units, which [`Chains::draw_hidden`] draws from, and writes the units' expectations
    /// (thesis eq. 2.4.22) to `means`, rows x n_hidden.
    ///
    /// # Panics
    /// If `means` has another length, which is an error of the caller.
    pub fn hidden_means(&mut self, kernel: &Kernel, means: &mut [f32]) {
        self.hidden_fields(kernel);
        let (n, stride) = (self.hidden.n, self.hidden.n.next_multiple_of(PADDING));
        assert_eq!(means.len(), self.rows * n, "room for the means");
        for (from, to) in self.fields.chunks_exact(stride).zip(means.chunks_exact_mut(n)) {
            to.copy_from_slice(&from[..n]);
        }
        kernel.rbm.hidden_units().mean(n, means);
    }

    /// Finds the fields of the hidden units.
    pub fn hidden_fields(&mut self, kernel: &Kernel) {
        let rbm = &kernel.rbm;
        let bias = rbm.hidden_bias.as_slice().expect("contiguous");
        fields_of(&mut self.visible, &kernel.to_hidden, rbm.weights.view(), bias, self.rows, &mut self.fields);
    }

    /// Draws the hidden units from the fields that [`Chains::hidden_fields`] or [`Chains::hidden_means`] left.
    pub fn draw_hidden(&mut self, kernel: &Kernel, random: &mut Bulk) {
        let stride = self.hidden.n.next_multiple_of(PADDING);
        let fields = &self.fields[..self.rows * stride];
        self.hidden.draw(kernel.rbm.hidden_units(), stride, fields, random, &mut self.scratch);
    }

    /// Draws the visible units given the hidden ones.
    pub fn draw_visible(&mut self, kernel: &Kernel, random: &mut Bulk) {
        let rbm = &kernel.rbm;
        let bias = rbm.visible_bias.as_slice().expect("contiguous");
        fields_of(&mut self.hidden, &kernel.to_visible, rbm.weights.t(), bias, self.rows, &mut self.fields);
        let stride = self.visible.n.next_multiple_of(PADDING);
        let fields = &self.fields[..self.rows * stride];
        self.visible.draw(rbm.visible_units(), stride, fields, random, &mut self.scratch);
    }

    /// One step v -> h -> v.
    pub fn step(&mut self, kernel: &Kernel, random: &mut Bulk) {
        self.hidden_fields(kernel);
        self.draw_hidden(kernel, random);
        self.draw_visible(kernel, random);
    }
}

/// Fields that the layer `from` exerts: rows of `weights.ncols()` values, padded.
fn fields_of(
    from: &mut Layer,
    products: &Products,
    weights: ArrayView2<f32>,
    bias: &[f32],
    rows: usize,
    fields: &mut [f32],
) {
    let n = weights.ncols();
    let stride = n.next_multiple_of(PADDING);
    let fields = &mut fields[..rows * stride];
    match products {
        Products::Tables(sums) if !from.real => sums.fields(&from.bits, fields),
        _ => {
            let z = ArrayViewMut2::from_shape((rows, n).strides((stride, 1)), fields).expect("rows x stride values");
            gemm(from.values(rows), weights, 0.0, z);
            for row in fields.chunks_exact_mut(stride) {
                add_bias(&mut row[..n], bias);
            }
        }
    }
}
