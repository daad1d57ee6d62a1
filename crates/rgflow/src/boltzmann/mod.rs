//! The general Boltzmann machine: every unit is coupled to every other one (Ackley, Hinton and Sejnowski 1985; thesis
//! section 2.4.1). Small machines, for which clamped and free phase can be enumerated beside being sampled.

mod machine;
mod phases;
mod training;

pub use machine::{Boltzmann, BoltzmannError};
pub use phases::{Moments, Phases};
pub use training::{Fit, Step, Training, train};
