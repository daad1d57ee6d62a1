//! The RBM flow read as a temperature: thermometer, trajectories, fixed points, and the null that needs no RBM.
//!
//! Specification: thesis section 4.1; what T* means and what a fixed point is: docs/what-t-star-means.md in the
//! repository.

mod error;
mod fixed_point;
mod follower;
mod moments;
mod reading;
mod readout;
mod reference;
mod ring_machine;
mod ring_thermometer;
mod schedule;
mod second;
mod summary;
mod thermometer;
mod trajectory;

pub use crate::rbm::Rest;
pub use error::FlowError;
pub use fixed_point::{Attractors, Ends, Relaxation, attractors, converged, distinct_ends, relaxation};
pub use moments::{Moment, Trajectory, WindowMeans};
pub use reading::Reading;
pub use readout::Readout;
pub use reference::{Calibration, Reference};
pub use ring_machine::{RingFlow, RingLaw, RingSteps};
pub use ring_thermometer::{RingReading, RingThermometer};
pub use schedule::Schedule;
pub use second::SecondThermometers;
pub use thermometer::{TStar, Thermometer, probabilities};
pub use trajectory::{Flow, Mode, Starts, run, run_by};
