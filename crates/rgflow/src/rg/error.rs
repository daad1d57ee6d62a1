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
    /// A setting that must be positive.
    #[error("{0} = 0: must be at least 1")]
    ZeroSetting(&'static str),
    /// Fewer blocks, or a smaller tensor, than the method needs.
    #[error("{name} = {value}: must be at least {least}")]
    TooFew {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: usize,
        /// The least value.
        least: usize,
    },
    /// Zero temperature.
    #[error("temperature = 0: nothing but two ground states is left to transform; give T > 0, such as Tc")]
    ZeroTemperature,
    /// Configurations of another number of spins than the lattice.
    #[error("configurations of {found} spins on a lattice of {expected} sites")]
    Shape {
        /// Number of sites of the lattice.
        expected: usize,
        /// Number of columns that were given.
        found: usize,
    },
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
    /// A ring that cannot be enumerated.
    #[error("a ring of {n} sites: its states are enumerated for 1 to {most} sites")]
    Ring {
        /// Number of sites.
        n: usize,
        /// Most sites.
        most: usize,
    },
    /// Operators that reach around the lattice.
    #[error("operators of extent {extent} on {lx} x {ly}: the extent must be below both sides and below 64")]
    Extent {
        /// Largest coordinate of a site.
        extent: usize,
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
