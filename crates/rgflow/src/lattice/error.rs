//! Errors of lattices and their samplers.

use crate::restart::Stopped;
use thiserror::Error;

/// Errors of geometry, temperature, samplers and exact results.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum LatticeError {
    /// A temperature below zero or NaN.
    #[error("temperature = {0}: must be >= 0 or inf (units J/k_B)")]
    Temperature(f64),
    /// A text that is no temperature.
    #[error("temperature = \"{0}\": must be a number >= 0, \"Tc\" or \"inf\" (units J/k_B)")]
    TemperatureText(String),
    /// A lattice with an extent below 2 or with more sites than 32-bit numbers.
    #[error("lattice {lx} x {ly}: every extent must be at least 2 and the number of sites below 2^31")]
    Extent {
        /// Extent in x.
        lx: usize,
        /// Extent in y (1 for a ring).
        ly: usize,
    },
    /// A lattice of more than two extents, one of them below 2, or with more sites than 32-bit numbers.
    #[error("lattice of extents {0:?}: every extent must be at least 2 and the number of sites below 2^31")]
    Extents(Vec<usize>),
    /// Extents that this lattice cannot have.
    #[error("lattice {name} of extents {extents:?}: {needs}")]
    Unfit {
        /// Name of the lattice.
        name: &'static str,
        /// The extents that were given.
        extents: Vec<usize>,
        /// The requirement.
        needs: &'static str,
    },
    /// A name that is no lattice.
    #[error("lattice \"{0}\": must be {names}", names = super::Geometry::names())]
    Geometry(String),
    /// Another number of extents than the lattice has.
    #[error("{found} extents for the {name} lattice: give {dimension} extent(s), or one for all")]
    Dimension {
        /// Name of the lattice.
        name: String,
        /// Number of extents it has.
        dimension: usize,
        /// Number of extents that were given.
        found: usize,
    },
    /// More sites than 32-bit numbers.
    #[error("{0} sites: the number of sites must be below 2^31")]
    Sites(usize),
    /// A bond between sites that do not exist, or of a site with itself.
    #[error("bond {index} ({i} - {j}, J = {coupling}): {needs}")]
    Bond {
        /// Its place in the list, from 0.
        index: usize,
        /// One of its ends.
        i: usize,
        /// The other.
        j: usize,
        /// Its coupling.
        coupling: f64,
        /// The requirement.
        needs: String,
    },
    /// No bond with a coupling other than 0.
    #[error("no bonds: at least one coupling must differ from 0")]
    NoBonds,
    /// A coupling that is not a number.
    #[error("coupling J = {0}: must be finite")]
    CouplingValue(f64),
    /// Another number of couplings than directions.
    #[error(
        "{found} couplings for the {name} lattice: give one for all bonds, or one for each of its {directions} \
         direction(s)"
    )]
    Couplings {
        /// Name of the lattice.
        name: &'static str,
        /// Number of directions of its bonds.
        directions: usize,
        /// Number of couplings that were given.
        found: usize,
    },
    /// A text that is no boundary.
    #[error("boundary \"{0}\": must be periodic or open")]
    Boundary(String),
    /// Another number of boundaries than axes.
    #[error(
        "{found} boundaries for the {name} lattice: give one for all axes, or one for each of its {dimension} axis(es)"
    )]
    Boundaries {
        /// Name of the lattice.
        name: &'static str,
        /// Number of its axes.
        dimension: usize,
        /// Number of boundaries that were given.
        found: usize,
    },
    /// Couplings or boundaries for a lattice that has its own.
    #[error("{0} has couplings of its own: give couplings and boundaries for a named lattice")]
    OwnBonds(String),
    /// Frustrated couplings.
    #[error(
        "{lattice} is frustrated: no state satisfies all bonds around the sites {around}, and clusters do not follow \
         its correlations; use metropolis or heat-bath"
    )]
    Frustrated {
        /// Name and extents of the lattice.
        lattice: String,
        /// A loop whose bonds cannot all be satisfied.
        around: super::Loop,
    },
    /// Ground states that are not known.
    #[error("temperature = 0: the ground states of {lattice} are not known, {why}; sample at T > 0")]
    NoGroundState {
        /// Name and extents of the lattice.
        lattice: String,
        /// Why.
        why: String,
    },
    /// A result that holds for J = 1 alone.
    #[error("{what} takes J = 1 on every bond, but {lattice} has other couplings; {remedy}")]
    OtherCouplings {
        /// The computation that needs J = 1.
        what: &'static str,
        /// Name and extents of the lattice.
        lattice: String,
        /// The remedy.
        remedy: &'static str,
    },
    /// A lattice whose lists do not agree with one another.
    #[error("lattice {lattice} {why}; a bond is listed by both of its ends, with one coupling")]
    Inconsistent {
        /// Name and extents of the lattice.
        lattice: String,
        /// The fault.
        why: String,
    },
    /// A field that is not a number.
    #[error("field h = {0}: must be finite (units J)")]
    Field(f64),
    /// A ratio of couplings that is not a number.
    #[error("ratio K4/K = {0}: must be finite")]
    Coupling(f64),
    /// Local updates at zero temperature stay in stripes forever.
    #[error("temperature = 0: single-spin updates never leave a striped state; use the Wolff or the exact sampler")]
    ZeroTemperature,
    /// Metropolis updates above the temperature where they hardly randomise.
    #[error("temperature = {0}: bit-parallel Metropolis serves up to 10; use the heat bath or the exact sampler")]
    TooHot(f64),
    /// A setting of a sampler that must be positive is zero.
    #[error("{0} = 0: must be at least 1")]
    ZeroSetting(&'static str),
    /// A number of sweeps out of range.
    #[error("{name} = {value} sweeps: must be 0 to 10^15")]
    Sweeps {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// Configurations of another number of spins than the lattice.
    #[error("configurations of {found} spins on a lattice of {expected} sites")]
    Shape {
        /// Number of sites of the lattice.
        expected: usize,
        /// Number of columns that were given.
        found: usize,
    },
    /// A sampler whose drive stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
