//! Spins on lattices: geometry, the Ising model, samplers and observables.
//!
//! [`Square`] and [`Ring`] are periodic. Two Markov chains sample the Ising model at a [`Temperature`]: single-spin
//! updates of many replicas at once ([`metropolis`]) and cluster updates ([`wolff`]). Both return a [`Collection`],
//! which carries its own diagnosis: autocorrelation times and the agreement of ordered and disordered starts. (Thesis
//! chapter 3; exact samplers live in `exact`.)

mod collection;
mod error;
mod geometry;
pub mod metropolis;
mod model;
pub mod multispin;
pub mod observables;
mod temperature;
pub mod wolff;

pub(crate) use collection::Chains;
pub use collection::Collection;
pub use error::LatticeError;
pub use geometry::{Lattice, Ring, Square};
pub use model::{Ising, Model};
pub use observables::Observables;
pub use temperature::Temperature;
