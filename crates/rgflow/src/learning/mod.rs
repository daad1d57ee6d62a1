//! Shared by all learning machines: how their parameters are changed ([`Descent`]), in which portions the data comes
//! ([`Batching`]), how it is made wider ([`mixtures`], [`noisy`]) and when to stop ([`EarlyStopping`]). (Thesis sections 2.2.2, 2.2.3
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
pub use early_stopping::EarlyStopping;
pub(crate) use early_stopping::State as StoppingState;
pub use error::LearningError;
pub use momentum::Momentum;
pub use regulariser::{Penalty, Regulariser, count_above};
pub use rule::{Method, Rule, Step};
pub use sgd::Sgd;
