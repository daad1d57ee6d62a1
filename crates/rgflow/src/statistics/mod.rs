//! Errors of measurements: autocorrelation, blocking, resampling, few repetitions; distances between distributions.
//!
//! Every average of a Markov chain needs its integrated autocorrelation time ([`tau_int`]); averages over repeated runs
//! need Student's t ([`student_t_error`]); functions of averages need resampling ([`jackknife`], [`bootstrap`]).

mod autocorrelation;
mod blocking;
pub mod distances;
mod estimate;
mod resampling;
pub(crate) mod special;
mod testing;

pub use autocorrelation::{TauInt, tau_int, tau_int_chains};
pub use blocking::{block_means, blocking};
pub use distances::{jensen_shannon, kullback_leibler, total_variation};
pub use estimate::{Estimate, mean_error, student_t_error};
pub use resampling::{bootstrap, jackknife};
pub use testing::{gamma_tail, holm};
