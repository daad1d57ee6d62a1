//! Errors of sampling by any method.

use crate::exact::ExactError;
use crate::lattice::LatticeError;
use crate::restart::Stopped;
use thiserror::Error;

/// Errors of a sampler: its method, its chains, and the exact sampler.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SamplingError {
    /// A model, a temperature or a length of chains that the method cannot take.
    #[error(transparent)]
    Lattice(#[from] LatticeError),
    /// A lattice that the exact sampler cannot take.
    #[error(transparent)]
    Exact(#[from] ExactError),
    /// A name that is no method.
    #[error("sampler \"{name}\": must be {known}")]
    Method {
        /// The unknown name.
        name: String,
        /// The names that are known.
        known: String,
    },
    /// Neither the transfer matrix of a torus nor the exact ring.
    #[error(
        "{0}: exact samplers serve the square lattice and, without field, the ring, with J = 1 and periodic \
         boundaries; use wolff or swendsen-wang, or where it is frustrated heat-bath"
    )]
    NoExactSampler(String),
    /// Chains whose drive stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
