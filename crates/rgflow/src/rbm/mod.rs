//! Restricted Boltzmann machines (thesis section 2.4.2).
//!
//! A machine ([`Rbm`]) has two layers of units of some kind ([`Units`]): spins {-1, +1}, bits {0, 1}, any two values,
//! Gaussian, or categorical (Potts). [`Chains`] sample it, [`train`] fits it to samples by contrastive divergence,
//! persistent chains, tempering, expectation values or the exact gradient ([`Method`]), [`train_exactly`] to a law.
//! Small machines are also solved exactly: ln Z ([`Rbm::ln_z`]), the law p(v) and its distances from the data
//! ([`Rbm::divergences`]), the spectrum of the Gibbs kernel ([`Rbm::gibbs_spectrum`]). As an Ising model it has the
//! couplings of [`Rbm::couplings`], or of [`Rbm::sampled_couplings`] where it is large. Of large machines [`Annealing`]
//! estimates ln Z, and [`Tempering`] samples those with several modes.

mod aided;
mod annealing;
mod bitwise;
mod chain_draws;
mod clamped;
mod contrastive;
mod conversion;
mod couplings;
mod divergence;
mod enumeration;
mod error;
mod exact_draws;
mod exact_fit;
mod exact_sums;
mod exact_training;
mod expected_gradient;
mod fit;
mod free_energy;
mod gibbs;
mod gradient_test;
mod half_step;
mod imputation;
mod incomplete;
mod independent;
mod intermediate;
mod law;
mod layer_states;
mod low_rank;
mod mean_field;
mod method;
mod model;
mod partition;
mod phases;
mod samples;
mod series;
mod settings;
mod small;
mod spectrum;
mod tempering;
mod training;
mod units;

pub use annealing::{Annealing, LnZEstimate, Standing, Starts, TwoSided};
pub use chain_draws::{ChainDraws, DrawnByChains};
pub use conversion::Converted;
pub use couplings::{AtDistance, Couplings, Orders, effective_temperature};
pub use error::RbmError;
pub use exact_draws::ExactDraws;
pub use exact_fit::ExactFit;
pub use exact_sums::Moments;
pub use exact_training::{ExactGradient, ExactStep, ExactTraining, Objective, train_exactly};
pub use fit::{Fit, train};
pub use free_energy::PseudoLikelihood;
pub use gibbs::{Chains, Kernel};
pub use gradient_test::GradientTest;
pub use incomplete::{ClampedSteps, CompletedByChains, Fill, Incomplete};
pub use independent::IndependentUnits;
pub use intermediate::Reference;
pub use law::Divergences;
pub use mean_field::{Expectations, MeanField, Rest};
pub use method::{Method, StopOn};
pub use model::Rbm;
pub use partition::Layer;
pub use samples::Samples;
pub use series::chain_series;
pub use settings::Training;
pub use spectrum::Spectrum;
pub use tempering::{Ladder, Tempering};
pub use training::{FreshSamples, Metrics, Snapshot, Trained, Trainer};
pub use units::{Categories, Levels, Sites, Units, Widths};
