//! Samples as Python gives them.

use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use rgflow_lab::dataset::Values;

/// Samples of shape (n, units): small whole numbers, or numbers of single precision.
#[derive(FromPyObject)]
pub enum Given<'py> {
    Bytes(PyReadonlyArray2<'py, i8>),
    Numbers(PyReadonlyArray2<'py, f32>),
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
        }
    }
}
