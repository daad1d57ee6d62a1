//! Analyses of the user's samples and machines: values for commands to print as text and JSON, and figures.

mod collapse_table;
pub mod couplings;
pub mod finite_size;
pub mod reweighting;
pub mod series;

pub use collapse_table::TableFit;

use crate::record::format::value_with_error;
use rgflow::statistics::Estimate;
use serde::{Serialize, Serializer};

/// A value with its standard error: `2.25(3)` as text. Values that are not finite are null in JSON.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ValueWithError {
    /// The value.
    pub value: f64,
    /// One standard error.
    pub error: f64,
}

impl From<Estimate> for ValueWithError {
    fn from(e: Estimate) -> Self {
        Self { value: e.value, error: e.error }
    }
}

impl std::fmt::Display for ValueWithError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&value_with_error(self.value, Some(self.error)))
    }
}

/// Serializes a temperature; JSON has no infinity, so an infinite one is written by name.
///
/// # Errors
/// As the serializer.
pub fn finite_or_name<S: Serializer>(temperature: &f64, to: S) -> Result<S::Ok, S::Error> {
    if temperature.is_finite() { to.serialize_f64(*temperature) } else { to.serialize_str("Tinf") }
}
