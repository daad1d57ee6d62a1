//! Building blocks of experiments: samples, networks, machines, flows and their readings.
//!
//! Experiments use this module and never each other.

pub mod bayes;
pub mod checks;
pub mod costs;
pub mod couplings;
pub mod course;
pub mod curves;
mod experiment;
pub mod flow_ends;
pub mod flows;
pub mod known_law;
pub mod likelihood;
pub mod ln_z;
pub mod memory;
pub mod modes;
pub mod optimum;
pub mod peaks;
pub mod pictures;
pub mod prelude;
pub mod rbms;
pub mod readings;
pub mod samples;
pub mod settings;
pub mod standard;
pub mod starts;
pub mod thermometer;
pub mod torus;
pub mod training;
pub mod user_files;
pub mod values;

pub use experiment::{About, AnyExperiment, Experiment, Item};
