//! Values of samples in memory: states take one byte each, real numbers four.

use super::Dataset;
use ndarray::{Array2, ArrayView2, Axis};
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

/// Values of samples, shape (samples, units).
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Every value is -1, 0 or +1.
    States(Array2<i8>),
    /// Real numbers.
    Real(Array2<f32>),
}

/// 32-bit values held at a time when rows are processed in portions (256 MiB). Fixed, and above the size of most
/// data sets: the last bits of a matrix product can depend on the number of its rows.
const PORTION: usize = 1 << 26;

impl Values {
    /// Numbers of samples and of units.
    pub fn dim(&self) -> (usize, usize) {
        match self {
            Self::States(states) => states.dim(),
            Self::Real(values) => values.dim(),
        }
    }

    /// Value of the unit `unit` in the sample `row`.
    ///
    /// # Panics
    /// If there is no such unit or row.
    pub fn at(&self, row: usize, unit: usize) -> f32 {
        match self {
            Self::States(states) => states[(row, unit)].into(),
            Self::Real(values) => values[(row, unit)],
        }
    }

    /// The first value for which `wanted` is false.
    pub fn find(&self, wanted: impl Fn(f32) -> bool) -> Option<f32> {
        match self {
            Self::States(states) => {
                // A state has only three values.
                let bad = [-1i8, 0, 1].map(|s| !wanted(f32::from(s)));
                let is_bad = |s: &&i8| bad[(**s + 1) as usize];
                if bad.contains(&true) { states.iter().find(is_bad).map(|s| f32::from(*s)) } else { None }
            }
            Self::Real(values) => values.iter().copied().find(|v| !wanted(*v)),
        }
    }

    /// Replaces each state by `value` of whether it is up (+1); real numbers are unchanged.
    pub fn map_states(&mut self, value: impl Fn(bool) -> f32) {
        let Self::States(states) = self else { return };
        let [low, high] = [false, true].map(value);
        if [low, high].iter().all(is_state) {
            // In place: a second array of states may not fit into memory.
            states.mapv_inplace(|s| if s > 0 { high as i8 } else { low as i8 });
        } else {
            *self = Self::Real(states.mapv(|s| if s > 0 { high } else { low }));
        }
    }

    /// The samples `rows` as f32, shape (rows, units).
    ///
    /// # Panics
    /// If there is no such row.
    pub fn rows(&self, rows: &[usize]) -> Array2<f32> {
        match self {
            Self::States(states) => {
                let mut values = Array2::zeros((rows.len(), states.ncols()));
                for (mut to, row) in values.rows_mut().into_iter().zip(rows) {
                    to.zip_mut_with(&states.row(*row), |to, s| *to = f32::from(*s));
                }
                values
            }
            Self::Real(values) => values.select(Axis(0), rows),
        }
    }

    /// Hash of a sample: equal for equal samples, different for others (but for a chance of 2^-64).
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row_hash(&self, row: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::States(states) => states.row(row).iter().for_each(|s| hasher.write_i8(*s)),
            // -0 becomes 0.
            Self::Real(values) => values.row(row).iter().for_each(|v| hasher.write_u32((v + 0.0).to_bits())),
        }
        hasher.finish()
    }

    /// The samples `rows` in the same form.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::States(states) => Self::States(states.select(Axis(0), rows)),
            Self::Real(values) => Self::Real(values.select(Axis(0), rows)),
        }
    }

    /// Ranges that split `n` rows into portions to be processed one after the other: a single one for few rows.
    pub fn portions(&self, n: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let rows = (PORTION / self.dim().1.max(1)).max(256) / 256 * 256;
        (0..n).step_by(rows).map(move |first| first..n.min(first + rows))
    }
}

fn is_state(v: &f32) -> bool {
    *v == 0.0 || v.abs() == 1.0
}

/// States if all values are states.
impl From<Array2<f32>> for Values {
    fn from(values: Array2<f32>) -> Self {
        if values.iter().all(is_state) { Self::States(values.mapv(|v| v as i8)) } else { Self::Real(values) }
    }
}

/// 8-bit integers, states if all values are.
impl From<Array2<i8>> for Values {
    fn from(values: Array2<i8>) -> Self {
        let is_state = |v: &i8| (-1..=1).contains(v);
        if values.iter().all(is_state) { Self::States(values) } else { Self::Real(values.mapv(f32::from)) }
    }
}

/// Samples in the form for training: bits for spins and bits, else numbers.
pub enum Rows {
    /// 1 where a unit is +1, in the layout of [`packed`].
    Bits(Vec<u8>),
    /// Shape (rows, units).
    Values(Array2<f32>),
}

impl Rows {
    /// The samples `rows` of `data`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn of(data: &Dataset, rows: &[usize]) -> Self {
        match &data.values {
            Values::States(states) if data.kind.levels().is_some() => Self::Bits(packed(states.view(), rows)),
            values => Self::Values(values.rows(rows)),
        }
    }

    /// The samples for an RBM.
    pub fn for_machine(&self) -> rgflow::rbm::Samples<'_> {
        match self {
            Self::Bits(bits) => bits.as_slice().into(),
            Self::Values(values) => values.view().into(),
        }
    }

    /// The samples for a network; they must be of `data`.
    pub fn for_network(&self, data: &Dataset) -> rgflow::nn::Samples<'_> {
        match self {
            Self::Bits(bits) => {
                let [low, high] = data.kind.levels().unwrap_or([0.0, 1.0]);
                rgflow::nn::Samples::Packed { bits, n_in: data.n_units(), low, high }
            }
            Self::Values(values) => values.view().into(),
        }
    }
}

/// States of the samples `rows` as bits, 1 where a unit is +1, in the layout of [`rgflow::rbm::Samples::Packed`].
pub fn packed(states: ArrayView2<i8>, rows: &[usize]) -> Vec<u8> {
    use rgflow::packed::{pack, packed_len};
    let (n, bytes) = (states.ncols(), packed_len(states.ncols()));
    let mut bits = vec![0; rows.len() * bytes];
    for (to, row) in bits.chunks_exact_mut(bytes.max(1)).zip(rows) {
        let row = states.row(*row);
        match row.as_slice() {
            Some(row) => pack(row, n, to),
            None => pack(&row.to_vec(), n, to),
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;
    use rgflow::packed::packed as packed_spins;

    #[test]
    fn states_are_kept_as_bytes_and_come_back_as_they_were() {
        for values in [arr2(&[[1.0f32, -1.0, 1.0], [-1.0, -1.0, 1.0]]), arr2(&[[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])] {
            let states = Values::from(values.clone());
            assert!(matches!(states, Values::States(_)));
            assert_eq!(states.rows(&[1, 0, 1]), values.select(Axis(0), &[1, 0, 1]));
            assert_eq!((states.dim(), states.at(1, 2)), ((2, 3), values[(1, 2)]));
            assert_eq!(states.find(|v| v == 1.0), values.iter().copied().find(|v| *v != 1.0));
            assert_eq!(states.select(&[1]), Values::from(values.select(Axis(0), &[1])));
        }
        for grey in [0.5, 1e-30, f32::NAN, f32::INFINITY, 255.0] {
            assert!(matches!(Values::from(arr2(&[[1.0, grey]])), Values::Real(_)), "{grey}");
        }
        assert_eq!(Values::from(arr2(&[[1i8, 2]])), Values::Real(arr2(&[[1.0, 2.0]])));
    }

    #[test]
    fn states_take_other_values() {
        let mut values = Values::from(arr2(&[[1i8, -1], [-1, 1]]));
        values.map_states(|up| f32::from(u8::from(up)));
        assert_eq!(values, Values::from(arr2(&[[1i8, 0], [0, 1]])));
        values.map_states(|up| if up { 0.75 } else { -0.25 });
        assert_eq!(values, Values::Real(arr2(&[[0.75, -0.25], [-0.25, 0.75]])));
    }

    #[test]
    fn bits_of_rows_are_those_of_spins() {
        let spins = Array2::from_shape_fn((5, 7), |(r, c)| if (r * r + 3 * c) % 4 < 2 { 1i8 } else { -1 });
        let expected = packed_spins(spins.select(Axis(0), &[3, 0, 4]).view());
        assert_eq!(packed(spins.view(), &[3, 0, 4]), expected);
        assert_eq!(packed(spins.mapv(|s| (s + 1) / 2).view(), &[3, 0, 4]), expected);
        assert_eq!(packed(spins.t(), &[2]), packed_spins(spins.t().select(Axis(0), &[2]).view()));
    }

    #[test]
    fn portions_cover_all_rows_in_their_order() {
        let values = Values::Real(Array2::zeros((0, 1 << 19)));
        let seen: Vec<usize> = values.portions(600).flatten().collect();
        assert_eq!(seen, (0..600).collect::<Vec<_>>());
        assert_eq!(values.portions(600).count(), 3);
        assert_eq!(Values::Real(Array2::zeros((0, 784))).portions(60_000).count(), 1);
    }
}
