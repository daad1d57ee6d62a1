//! Renormalization-group transformations of configurations and of couplings (thesis section 3.2).

pub mod block_spin;
pub mod decimation;
pub mod duality;
mod error;
pub mod mcrg;
pub mod migdal_kadanoff;
pub mod neural;
pub mod operators;
pub mod trace_condition;
pub mod trg;

pub use error::RgError;
