//! The names that most programs need: `use rgflow::prelude::*`.

pub use crate::flow::{Flow, Mode, Reading, Readout, Reference, Schedule, Starts, TStar, Thermometer, probabilities};
pub use crate::lattice::{ChainLength, Geometry, Ising, Lattice, Observables, Square, Summary, Temperature};
pub use crate::learning::{Adam, Batching, Descent, Rule, Sgd};
pub use crate::nn::{Activation, Cost, Mlp, Targets};
pub use crate::random::{Stream, Streams};
pub use crate::rbm::{Rbm, Units};
pub use crate::sampling::{Drawn, Sampler};
pub use crate::statistics::Estimate;
