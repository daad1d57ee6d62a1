//! rgflow: neural networks meet the renormalization group.
//!
//! The rooms of this crate, in their order of use: the [`cpu`]'s instruction sets, how a computation is taken up again after a
//! [`restart`], [`random`] streams, hot [`kernel`]s, [`statistics`], what
//! [`learning`] machines share, the spin [`lattice`], [`nn`], [`rbm`] and [`boltzmann`], [`exact`] results, [`rg`] transformations and
//! the RBM [`flow`]. A room knows those named before it, never those after.
//!
//! Units: J = k_B = 1, temperatures in J/k_B, K = 1/T.

pub mod boltzmann;
pub mod cpu;
pub mod decomposition;
pub mod exact;
pub mod flow;
mod kernel;
pub mod lattice;
pub mod learning;
pub mod nn;
pub mod packed;
pub mod random;
pub mod rbm;
pub mod restart;
pub mod rg;
pub mod statistics;
