//! Errors of measurements: autocorrelation, blocking, resampling, few repetitions; distances between distributions;
//! tests of hypotheses; principal components.
//!
//! Every average of a Markov chain needs its integrated autocorrelation time ([`tau_int`]); averages over repeated runs
//! need Student's t ([`student_t_error`]); counts need the binomial law ([`Fraction`]); functions of averages need
//! resampling ([`jackknife`], [`bootstrap`]).

mod autocorrelation;
mod binning;
mod blocking;
mod collections;
mod convergence;
mod correlated;
pub mod distances;
mod estimate;
mod fraction;
mod log_mean;
mod principal;
mod resampling;
pub(crate) mod special;
mod testing;

pub use autocorrelation::{TauInt, autocorrelation, mean_of_chains, tau_int, tau_int_chains};
pub use binning::{BinLevel, Binning, binning};
pub use blocking::{block_means, blocking};
pub use collections::{distinct_collections, purity};
pub use convergence::{Convergence, convergence};
pub use correlated::{CorrelatedMean, LEAST_TIMES, SeriesError, burn_in, correlated_mean};
pub use distances::{Distances, jensen_shannon, kullback_leibler, total_variation};
pub use estimate::{Estimate, TWO_ERRORS, mean_and_deviation, mean_error, student_t_error, tail_of_errors};
pub use fraction::Fraction;
pub use log_mean::{LEAST_EFFECTIVE, LogMean, log_mean};
pub use principal::{PrincipalComponents, principal_components, principal_coordinates};
pub use resampling::{bootstrap, jackknife, jackknife_of};
pub use testing::{best_threshold, chi_square_tail, gamma_tail, holm};
