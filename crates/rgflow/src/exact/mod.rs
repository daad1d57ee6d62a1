//! Exact results of finite Ising systems: the ring, the torus (Kaufman 1949), enumeration, and the transfer-matrix
//! sampler of independent configurations.

pub mod chain;
pub mod density;
pub mod enumeration;
mod error;
mod levels;
pub mod square;
pub mod transfer;
mod wide;

pub use error::ExactError;
pub use levels::Levels;

/// Exact thermal averages of a finite Ising system, per spin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thermodynamics {
    /// Energy per spin in J.
    pub energy: f64,
    /// Specific heat per spin in k_B, >= 0.
    pub specific_heat: f64,
    /// Free energy per spin, -T ln Z / N, in J; `None` at T = inf, where it is -inf.
    pub free_energy: Option<f64>,
}
