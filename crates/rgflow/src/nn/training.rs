//! Training of a network: batches, descent, early stopping on a test set (thesis sections 2.2.2 and 2.2.3).

use std::fmt;
use std::ops::ControlFlow;

use super::{Cost, Fit, Mlp, NnError, Samples, Targets};
use crate::learning::{Adam, Batching, Descent, Rule};
use crate::random::Stream;
use serde::{Deserialize, Serialize};

/// How a network is trained.
///
/// ```
/// use rgflow::nn::{Cost, Training};
/// let regression = Training { cost: Cost::SquaredError, patience: 5, ..Training::default() };
/// assert_eq!(regression.epochs, 20);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Most sweeps through the training set, >= 1.
    pub epochs: usize,
    /// Which samples an update sees.
    pub batching: Batching,
    /// How an update changes the parameters.
    pub descent: Descent,
    /// The cost that is minimised, as the mean over a batch, beside the penalty.
    pub cost: Cost,
    /// Epochs without a new minimum of the test cost before stopping; 0 = never stop.
    pub patience: usize,
}

impl Default for Training {
    /// 20 epochs of a classifier: batches of 50, Adam at the rate 0.001, the categorical cross-entropy, no early
    /// stopping.
    fn default() -> Self {
        Self {
            epochs: 20,
            batching: Batching::Mini { size: 50, repeats: false },
            descent: Descent::new(Rule::Adam(Adam::default()), 1e-3),
            cost: Cost::CategoricalCrossEntropy,
            patience: 0,
        }
    }
}

/// Samples with their targets.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Inputs of n samples.
    pub x: Samples<'a>,
    /// Targets of the n samples.
    pub targets: Targets<'a>,
}

/// Costs after one epoch, per sample and without penalty; nats, but for the squared error and the piecewise costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Number of sweeps through the training set so far.
    pub epoch: usize,
    /// Number of updates so far.
    pub updates: u64,
    /// Mean cost of samples of the training set (at most 5000, spread over it, fixed).
    pub train_cost: f64,
    /// Mean cost of the test set.
    pub test_cost: f64,
}

/// Why a training ended; its display is a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Stop {
    /// All epochs were done.
    Epochs,
    /// The test cost had no new minimum for `patience` epochs.
    Patience,
}

/// A trained network.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The network of the least test cost.
    pub mlp: Mlp,
    /// Epoch with the least test cost.
    pub epoch: usize,
    /// Costs of all epochs.
    pub curve: Vec<Epoch>,
    /// Why the training ended.
    pub stop: Stop,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epochs => f.write_str("all epochs are done"),
            Self::Patience => f.write_str("the test cost has not fallen for as long as patience allows"),
        }
    }
}

/// Trains `mlp` and returns the network of the least test cost with the learning curve: a [`Fit`] brought to its end.
///
/// The order of the samples in each epoch comes from the stream "PURPOSE/shuffle". To watch the training, make a
/// [`Fit`] and [`Fit::complete`] it. Updates allocate nothing but what matrix products pack.
///
/// # Errors
/// Settings, shapes and costs that do not fit ([`NnError`]); [`NnError::Diverged`] if the parameters ran away.
///
/// ```
/// use ndarray::array;
/// use rgflow::learning::{Adam, Batching, Descent, Rule};
/// use rgflow::nn::{Activation, Cost, Data, Mlp, Targets, Training, train};
/// use rgflow::random::Streams;
/// // Exclusive or.
/// let (x, y) = (array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], array![[0.0], [1.0], [1.0], [0.0]]);
/// let data = Data { x: x.view().into(), targets: Targets::Values(y.view()) };
/// let training = Training {
///     epochs: 500,
///     batching: Batching::Full,
///     descent: Descent::new(Rule::Adam(Adam::default()), 0.05),
///     cost: Cost::CrossEntropy,
///     patience: 0,
/// };
/// let streams = Streams::new(1);
/// let mut random = streams.generator("xor/init", 0);
/// let mlp = Mlp::random(&[2, 4, 1], Activation::Tanh, Activation::Sigmoid, &mut random);
/// let trained = train(mlp, data, data, &training, streams.of("xor"))?;
/// assert!(trained.mlp.outputs(x.view()).iter().zip(&y).all(|(p, y)| (p - y).abs() < 0.1));
/// # Ok::<(), rgflow::nn::NnError>(())
/// ```
pub fn train<'a>(
    mlp: Mlp,
    data: Data<'a>,
    test: Data<'a>,
    training: &Training,
    stream: Stream,
) -> Result<Trained, NnError> {
    Fit::new(mlp, data, test, training, stream)?.complete(&mut |_| ControlFlow::Continue(()))
}
