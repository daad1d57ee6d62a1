//! Spins on lattices: geometry, the Ising model, samplers and observables.
//!
//! [`Geometry`] is any of the periodic lattices that are known by a name, [`Bonds`] a lattice with couplings of its own
//! (any sign, by direction, open boundaries, a list of bonds), [`Lattice`] what a lattice of one's own has to say,
//! [`Ising`] the model on it, with or without a field. Markov chains of some [`ChainLength`] sample it at a
//! [`Temperature`]: single-spin updates of many replicas at once ([`metropolis`], [`heat_bath`], [`multispin`]) and
//! cluster updates ([`wolff`], [`swendsen_wang`]). All return a [`Collection`], which carries its own diagnosis:
//! autocorrelation times and the agreement of ordered and disordered starts. [`AshkinTeller`] has two spins per site
//! and two transitions. (Thesis chapter 3; the exact sampler lives in [`exact`](crate::exact), the choice among all in
//! [`sampling`](crate::sampling).)

pub(crate) mod algorithm;
pub mod ashkin_teller;
mod bond_runs;
mod chain_length;
mod clusters;
mod collection;
mod correlation;
mod coupled_clusters;
mod coupled_sweeps;
mod direct;
mod error;
mod frustration;
mod geometry;
pub mod heat_bath;
mod improved;
pub mod metropolis;
mod model;
pub mod multispin;
pub mod observables;
mod replicas;
mod sampling;
mod summary;
pub mod swendsen_wang;
mod temperature;
pub mod wolff;

pub use ashkin_teller::AshkinTeller;
pub use chain_length::ChainLength;
pub(crate) use collection::Chains;
pub use collection::Collection;
pub use error::LatticeError;
pub use frustration::{GroundStates, Loop, Order};
pub use geometry::*;
pub use improved::Improved;
pub use model::{Ising, Model};
pub use observables::Observables;
pub use sampling::Sampling;
pub use summary::{ImprovedSummary, Summary};
pub use temperature::Temperature;
