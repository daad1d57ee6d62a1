//! Errors of networks and their training.

use thiserror::Error;

use super::{Activation, Cost};
use crate::learning::LearningError;
use crate::restart::Stopped;

/// Errors of networks and their training.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum NnError {
    /// A setting of the training outside its range.
    #[error(transparent)]
    Learning(#[from] LearningError),
    /// Hidden neurons without gradient.
    #[error(
        "activation \"step\" of the hidden layers: its gradient is zero, so they cannot learn; use \"sigmoid\" \
         or \"tanh\""
    )]
    NoGradient,
    /// An activation that the name does not say.
    #[error("activation \"{found}\": must be one of {known}")]
    UnknownActivation {
        /// The text.
        found: String,
        /// The names there are.
        known: String,
    },
    /// A cost that the name does not say.
    #[error("cost \"{found}\": must be one of {known}")]
    UnknownCost {
        /// The text.
        found: String,
        /// The names there are.
        known: String,
    },
    /// A cost that is not made for the output layer.
    #[error("cost \"{cost}\" of \"{output}\" outputs: use {}", remedy(*.output))]
    Mismatch {
        /// The cost.
        cost: Cost,
        /// Activation of the output layer.
        output: Activation,
    },
    /// Targets that are classes for outputs that are no probabilities of classes.
    #[error("targets are classes, but the cost \"{0}\" compares values: give one value for each output")]
    ClassTargets(Cost),
    /// An array of another shape than the network's.
    #[error("{what}: {found} where the network has {expected}")]
    Shape {
        /// The things that are counted.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A class beyond the outputs.
    #[error("class {class} of sample {sample}: the network has {n_out} outputs, classes go from 0 to {}", n_out - 1)]
    Class {
        /// Row of the sample.
        sample: usize,
        /// Its class.
        class: usize,
        /// Number of outputs.
        n_out: usize,
    },
    /// A training that was told to stop before its end.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A training that ran away.
    #[error("the training diverged ({sign}) with learning rate {rate:e}: lower it")]
    Diverged {
        /// How it was seen.
        sign: String,
        /// Learning rate of the first update.
        rate: f32,
    },
}

fn remedy(output: Activation) -> String {
    match Cost::matched(output) {
        Some(cost) if output != Activation::Step => format!("\"{cost}\" or \"{}\"", Cost::SquaredError),
        Some(cost) => format!("\"{cost}\""),
        None => format!("\"{}\"", Cost::SquaredError),
    }
}
