//! Neural networks: neurons and multilayer perceptrons of any depth, their costs and their training (thesis sections
//! 2.1 to 2.3 and appendix A). A single neuron is a network of one layer with one output.

mod activation;
mod confusion;
mod cost;
mod error;
mod fit;
mod inputs;
mod mlp;
mod trainer;
mod training;
mod workspace;

pub use activation::Activation;
pub use confusion::confusion;
pub use cost::{Cost, Targets};
pub use error::NnError;
pub use fit::Fit;
pub use inputs::Samples;
pub use mlp::{Layer, Mlp};
pub use trainer::Trainer;
pub use training::{Data, Epoch, Stop, Trained, Training, train};
pub(crate) use workspace::Workspace;
