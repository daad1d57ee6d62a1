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
    /// Records of a schedule that no flow has.
    #[error("records = {records:?} of {steps} steps: give at least one, ascending, the last at most {steps}")]
    Records {
        /// Number of steps.
        steps: usize,
        /// The records.
        records: Vec<usize>,
    },
    /// Another number of readings than temperatures, or fewer than two.
    #[error(
        "{temperatures} temperatures with {readings} readings: give at least two temperatures and a reading for each"
    )]
    Readings {
        /// Number of temperatures.
        temperatures: usize,
        /// Number of readings.
        readings: usize,
    },
    /// A reading of other temperatures than those of the reference, or of no configuration.
    #[error("reading {index} has {found} probabilities: give P(T) at {expected} temperatures, of some configurations")]
    Reading {
        /// Its position.
        index: usize,
        /// Number of its probabilities; 0 without configurations.
        found: usize,
        /// Number of temperatures.
        expected: usize,
    },
    /// A network with another number of outputs than temperatures.
    #[error("the network has {outputs} outputs for {temperatures} temperatures: give one output for each temperature")]
    Outputs {
        /// Number of outputs.
        outputs: usize,
        /// Number of temperatures.
        temperatures: usize,
    },
    /// Another number of readings for the calibration than there are midpoints.
    #[error("{found} readings of midpoints: give {expected}, one between each two temperatures, or none")]
    Midpoints {
        /// Number of readings.
        found: usize,
        /// Number of midpoints.
        expected: usize,
    },
    /// Configurations of another number of spins than the network has inputs.
    #[error("configurations of {spins} spins for a network of {inputs} inputs: give a network of the same size")]
    Spins {
        /// Spins of a configuration.
        spins: usize,
        /// Number of inputs.
        inputs: usize,
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
