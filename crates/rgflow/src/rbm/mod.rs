//! Restricted Boltzmann machines with {-1, +1} units (thesis section 2.4.2).

mod gibbs;
mod likelihood;
mod model;
mod training;

pub use gibbs::{Chains, Kernel};
pub use model::Rbm;
pub use training::{Metrics, Snapshot, Trained, Training, train};
