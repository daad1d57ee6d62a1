//! Errors of renormalization-group transformations.

use thiserror::Error;

use crate::lattice::LatticeError;
use crate::restart::Stopped;

/// Errors of block spins, the Monte Carlo and the tensor renormalization group.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RgError {
    /// No such lattice, temperature or chain.
    #[error(transparent)]
    Lattice(#[from] LatticeError),
    /// A text that is no rule for block spins.
    #[error("rule \"{0}\": must be majority, decimation, or soft:K with K above 0 such as soft:0.5")]
    Rule(String),
    /// A block length that does not divide the lattice.
    #[error("block length b = {b} does not divide the {lx} x {ly} lattice (b must be >= 1)")]
    Block {
        /// Block length.
        b: usize,
        /// Extent in x.
        lx: usize,
        /// Extent in y.
        ly: usize,
    },
    /// An operator that cannot be measured with the others, or not on a lattice as small as the last.
    #[error("{list}: operator \"{name}\" {why}")]
    Operator {
        /// The list in which it stands, `even` or `odd`.
        list: &'static str,
        /// Its name.
        name: String,
        /// The fault, and the remedy.
        why: String,
    },
    /// An iteration that reached its limit.
    #[error("{0}: the iteration for its eigenvalues does not converge; give another temperature")]
    NotConverged(&'static str),
    /// Chains whose drive stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
