//! Exact results of Ising systems: the ring without and with field, laws over all its states, the torus (Kaufman 1949;
//! density of states, Beale 1996), the infinite lattice (Onsager 1944), enumeration of any small lattice, and the
//! transfer-matrix sampler of independent configurations.

pub mod chain;
pub mod chain_in_field;
mod couplings;
pub mod density;
pub(crate) mod drawing;
pub mod enumeration;
mod error;
mod field_averages;
pub mod infinite;
mod levels;
mod mixture;
mod ring_law;
pub mod series;
pub mod square;
pub mod torus;
pub mod transfer;
mod wide;

pub use error::ExactError;
pub use levels::Levels;
pub use mixture::Mixture;
pub use ring_law::{RingStates, ThermalLaws};

/// Exact thermal averages of an Ising system, per spin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thermodynamics {
    /// Energy per spin in J.
    pub energy: f64,
    /// Specific heat per spin in k_B, >= 0.
    pub specific_heat: f64,
    /// Free energy per spin, -T ln Z / N, in J; `None` at T = inf, where it is -inf.
    pub free_energy: Option<f64>,
}
