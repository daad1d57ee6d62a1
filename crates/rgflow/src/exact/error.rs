//! Errors of exact results.

use thiserror::Error;

use crate::lattice::LatticeError;

/// Errors of exact results.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ExactError {
    /// No such lattice or temperature.
    #[error(transparent)]
    Lattice(#[from] LatticeError),
    /// More states than 128-bit integers count.
    #[error(
        "lattice {lx} x {ly}: the density of states is counted for at most {max} sites (counts of 128 bits); \
         averages of larger tori are exact by Kaufman's solution"
    )]
    TooManySites {
        /// Extent in x.
        lx: usize,
        /// Extent in y.
        ly: usize,
        /// Most sites.
        max: usize,
    },
    /// A system too large for enumeration.
    #[error("{found} sites: enumeration of all states goes to {most}")]
    TooManyStates {
        /// Number of sites.
        found: usize,
        /// Most sites.
        most: usize,
    },
    /// The transfer matrix would not fit into memory.
    #[error("width {width} = min(lx, ly): the transfer-matrix sampler goes to {max}; use the Wolff sampler beyond")]
    TooWide {
        /// The smaller extent.
        width: usize,
        /// The largest width that is supported.
        max: usize,
    },
    /// Weights of a mixture that are none.
    #[error("weights of the mixture: {0}")]
    Weights(String),
    /// A field that is not a number.
    #[error("field h = {0}: must be finite (units J)")]
    Field(f64),
}

/// The field, if it is finite.
pub(super) fn finite_field(field: f64) -> Result<f64, ExactError> {
    if field.is_finite() { Ok(field) } else { Err(ExactError::Field(field)) }
}
