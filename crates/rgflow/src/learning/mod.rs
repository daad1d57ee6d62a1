//! Shared by all learning machines: how their parameters are changed ([`Descent`]), in which portions the data comes
//! ([`Batching`]), and how it is made wider ([`mixtures`], [`noisy`]). (Thesis sections 2.2.2, 2.2.3
//! and 4.4.)

mod adam;
mod augmentation;
mod batches;
mod descent;
mod early_stopping;
mod error;
mod momentum;
mod regulariser;
mod rule;
mod sgd;

pub use adam::Adam;
pub use augmentation::{mixtures, noisy};
pub use batches::{Batching, SampleWeights};
pub(crate) use descent::square;
pub use descent::{Descent, Fall, Optimiser};
pub(crate) use early_stopping::{EarlyStopping, State as StoppingState};
pub use error::LearningError;
pub(crate) use error::demand;
pub use momentum::Momentum;
pub(crate) use regulariser::count_above;
pub use regulariser::{Penalty, Regulariser};
pub use rule::{Method, Rule, Step};
pub use sgd::Sgd;
