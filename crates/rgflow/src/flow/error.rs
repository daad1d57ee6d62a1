//! Errors of flows.

use crate::rbm::RbmError;
use crate::restart::Stopped;
use thiserror::Error;

/// Errors of flows: starts and readers that do not fit the machine.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FlowError {
    /// Starts that the visible units of the machine cannot take.
    #[error("starts of the flow: {0}")]
    Machine(#[from] RbmError),
    /// Chains that cannot be shared out among the starts.
    #[error("{chains} chains for {n_starts} starts: give each start the same number of chains, at least one")]
    Starts {
        /// Number of chains.
        chains: usize,
        /// Number of starts.
        n_starts: usize,
    },
    /// A reader of another number of units than the machine has.
    #[error(
        "the {reader} has {found}, the machine {expected} visible units: give a machine and a reader of the same size"
    )]
    Width {
        /// The reader: "network" or "lattice".
        reader: &'static str,
        /// Number of visible units.
        expected: usize,
        /// Inputs or sites of the reader, in words.
        found: String,
    },
    /// A lattice beside units that are no spins.
    #[error("E and |m| are read of spins (-1, +1), but the visible units are {units}: leave out the lattice")]
    NotSpins {
        /// Kind of the visible units.
        units: String,
    },
    /// A flow that was stopped before its end.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
