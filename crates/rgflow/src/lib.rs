//! Neural networks meet the renormalization group: Ising samples, restricted Boltzmann machines (RBMs), the temperature
//! of their flow, and exact results and RG transformations to hold them to.
//!
#![doc = concat!("```\n", include_str!("../examples/rbm_flow.rs"), "```")]
//!
//! The modules, in their order of use: the [`cpu`]'s instruction sets; [`restart`], how a computation is stopped and
//! taken up again; [`random`] streams by name; [`packed`] units; [`statistics`]; [`learning`], shared by networks and
//! machines; the spin [`lattice`] and its samplers; [`nn`], [`rbm`] and [`boltzmann`]; [`exact`] results; [`sampling`],
//! whatever the method; [`reweighting`] to other temperatures and fields; finite-size [`scaling`]; [`rg`]
//! transformations; the RBM [`flow`]. [`prelude`] has the names that most programs need.
//!
//! Units: J = k_B = 1, temperatures in J/k_B, K = 1/T. A seed gives the same bytes for any number of threads
//! ([`random::Streams`]).

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
pub mod prelude;
pub mod random;
pub mod rbm;
pub mod restart;
pub mod reweighting;
pub mod rg;
pub mod sampling;
pub mod scaling;
pub mod statistics;

/// The Rust of README and docs, which `cargo test --doc` compiles and runs.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/couplings.md")]
    struct Couplings;
}
