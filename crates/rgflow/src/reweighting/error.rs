//! Errors of reweighting.

use super::{LEAST_BLOCKS, State};

/// Averages that the samples cannot give.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MbarError {
    /// A state that the samples do not reach.
    #[error(
        "{at}: reweighting leaves {n_eff:.0} configurations, less than a tenth of the {n} of the nearest series \
         ({nearest}); sample nearer, the last that overlaps is {reach}"
    )]
    Overlap {
        /// The requested state.
        at: State,
        /// Configurations that count there (Kish).
        n_eff: f64,
        /// Nearest state that was sampled.
        nearest: State,
        /// Its number of configurations.
        n: usize,
        /// Farthest state on the way from there that still overlaps.
        reach: State,
    },
    /// A state where configurations that were not drawn may weigh much.
    #[error(
        "{at}: one configuration beyond the outermost of the samples would carry {:.0} % of all weights; the nearest \
         series is at {nearest}; sample nearer, the last that is supported is {reach}", 100.0 * .beyond
    )]
    Support {
        /// The requested state.
        at: State,
        /// Share of all weights of one configuration beyond the outermost.
        beyond: f64,
        /// Nearest state that was sampled.
        nearest: State,
        /// Farthest state on the way from there that is supported.
        reach: State,
    },
    /// Series that have nothing in common.
    #[error("the series at {a} and at {b} do not overlap; sample between them")]
    Apart {
        /// A state.
        a: State,
        /// The nearest one on the other side of the gap.
        b: State,
    },
    /// Too short for errors.
    #[error(
        "the series at {at} has {n} configurations with tau_int = {tau_int:.1}: too few for {LEAST_BLOCKS} blocks of \
         a jackknife; draw at least {least}"
    )]
    TooFew {
        /// The state.
        at: State,
        /// Number of configurations.
        n: usize,
        /// Their autocorrelation time.
        tau_int: f64,
        /// Configurations that would do.
        least: usize,
    },
    /// Anything that is no series.
    #[error("{0}")]
    Undefined(String),
}
