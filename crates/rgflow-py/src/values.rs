//! Samples as Python gives them.

use ndarray::Array2;
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use rgflow_lab::dataset::Values;

/// Samples of shape (n, units): small whole numbers, or numbers of single precision.
#[derive(FromPyObject)]
pub enum Given<'py> {
    Bytes(PyReadonlyArray2<'py, i8>),
    Numbers(PyReadonlyArray2<'py, f32>),
    Packed(Packed<'py>),
}

/// Samples of two values, eight to a byte, the first unit in the lowest bit.
#[derive(FromPyObject)]
pub struct Packed<'py> {
    bits: PyReadonlyArray2<'py, u8>,
    n_features: usize,
    /// Whether a bit of 0 is the spin -1.
    spins: bool,
}

impl Packed<'_> {
    fn states(&self) -> Array2<i8> {
        let (bits, low) = (self.bits.as_array(), if self.spins { -1 } else { 0 });
        Array2::from_shape_fn((bits.nrows(), self.n_features), |(row, unit)| {
            if bits[[row, unit / 8]] >> (unit % 8) & 1 == 1 { 1 } else { low }
        })
    }
}

impl Given<'_> {
    /// The samples as data sets have them: spins and bits take one byte each.
    pub fn values(&self) -> Values {
        match self {
            Self::Bytes(bytes) if bytes.as_array().iter().all(|v| (-1..=1).contains(v)) => {
                Values::States(bytes.as_array().to_owned())
            }
            Self::Bytes(bytes) => Values::Real(bytes.as_array().mapv(f32::from)),
            Self::Numbers(numbers) => numbers.as_array().to_owned().into(),
            Self::Packed(packed) => Values::States(packed.states()),
        }
    }
}
