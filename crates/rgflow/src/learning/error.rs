//! Errors in the settings of a training.

use thiserror::Error;

/// Errors of the description of a training.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum LearningError {
    /// A setting outside its range.
    #[error("{name} = {value}: must be {range}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The allowed values.
        range: &'static str,
    },
    /// A text that names no optimiser.
    #[error("optimiser \"{found}\": must be one of {known}")]
    UnknownRule {
        /// The text.
        found: String,
        /// The names there are.
        known: String,
    },
    /// No samples to learn from.
    #[error("the training set is empty: at least one sample is needed")]
    NoSamples,
}

/// The error of a setting unless `holds`.
pub(crate) fn demand(holds: bool, name: &'static str, value: f64, range: &'static str) -> Result<(), LearningError> {
    if holds { Ok(()) } else { Err(LearningError::Setting { name, value, range }) }
}
