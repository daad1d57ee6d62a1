//! Configurations of the Ising model, whatever the method: Markov chains of [`lattice`](crate::lattice), the exact
//! sampler of [`exact`](crate::exact), or the one of these that is expected to cost least.
//!
//! A [`Sampler`] holds a model, a temperature, a [`Method`] and what the user says about its chains; [`Sampler::draw`]
//! gives configurations with their diagnosis.

mod chains;
mod choice;
mod cost;
mod error;
mod method;
mod sampler;

pub use choice::{Candidate, Choice};
pub use error::SamplingError;
pub use method::{Kind, Method};
pub use sampler::{Drawn, Sampler};
