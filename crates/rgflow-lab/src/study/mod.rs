//! What experiments are made from: samples, networks, machines, flows and how they are read.
//!
//! Experiments use this kit and never each other.

pub mod checks;
pub mod couplings;
pub mod ends;
mod experiment;
pub mod flows;
pub mod machines;
pub mod modes;
pub mod peaks;
pub mod pictures;
pub mod prelude;
pub mod readings;
pub mod samples;
pub mod settings;
pub mod thermometer;
pub mod torus;
pub mod training;
pub mod user_files;
pub mod values;

pub use experiment::{About, AnyExperiment, Experiment, Item};
