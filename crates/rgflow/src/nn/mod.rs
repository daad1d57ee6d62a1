//! Neural networks: the multilayer perceptron of the thermometer and its training.

mod mlp;
mod training;

pub use mlp::{Layer, Mlp};
pub use training::{Epoch, Training, train};
