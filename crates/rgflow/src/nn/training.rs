//! Training of a network: batches, descent, early stopping on a test set (thesis sections 2.2.2 and 2.2.3).

use std::fmt;

use ndarray::{Array2, ArrayView2, Axis};

use super::{Activation, Cost, Layer, Mlp, NnError, Targets, Workspace};
use crate::learning::{Batching, Descent, EarlyStopping, LearningError, Optimiser};
use crate::random::Streams;

/// Rows of the training set whose cost is shown.
const SHOWN: usize = 5000;

/// How a network is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Most sweeps through the training set, >= 1.
    pub epochs: usize,
    /// Which samples an update sees.
    pub batching: Batching,
    /// How an update changes the parameters.
    pub descent: Descent,
    /// What is minimised, as the mean over a batch, beside the penalty.
    pub cost: Cost,
    /// Epochs without a new minimum of the test cost before stopping; 0 = never stop.
    pub patience: usize,
}

/// Samples with their targets.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Inputs, shape (n, n_in).
    pub x: ArrayView2<'a, f32>,
    /// Targets of the n samples.
    pub targets: Targets<'a>,
}

impl Data<'_> {
    /// The same samples for a shorter time: views of arrays do not shorten their lifetime by themselves.
    fn view(&self) -> Data<'_> {
        Data { x: self.x.view(), targets: self.targets.rows(0..self.targets.len()) }
    }
}

/// Costs after one epoch, per sample and without penalty; nats, but for the squared error and the piecewise costs.
#[derive(Clone, Copy, Debug, PartialEq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All epochs were done.
    Epochs,
    /// The test cost had no new minimum for `patience` epochs.
    Patience,
    /// `progress` said so.
    Asked,
    /// The test cost of this epoch was not finite; the best network before it is kept.
    Diverged {
        /// Number of the epoch.
        epoch: usize,
    },
}

/// A trained network.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The network of the least test cost.
    pub mlp: Mlp,
    /// The epoch after which it was that.
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
            Self::Asked => f.write_str("stopped from outside"),
            Self::Diverged { epoch } => write!(
                f,
                "the test cost was not finite after epoch {epoch}: the best network before it is kept; lower the learning rate"
            ),
        }
    }
}

/// Trains `mlp` and returns the network of the least test cost with the learning curve.
///
/// The order of the samples in each epoch comes from the stream `purpose/shuffle`. `progress` is called after each
/// epoch; `false` stops early. Updates allocate nothing.
///
/// # Errors
/// Settings, shapes and costs that do not fit ([`NnError`]); [`NnError::Diverged`] if the test cost was never finite.
///
/// ```
/// use ndarray::array;
/// use rgflow::learning::{Adam, Batching, Descent, Rule};
/// use rgflow::nn::{Activation, Cost, Data, Mlp, Targets, Training, train};
/// use rgflow::random::Streams;
/// // Exclusive or.
/// let (x, y) = (array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], array![[0.0], [1.0], [1.0], [0.0]]);
/// let data = Data { x: x.view(), targets: Targets::Values(y.view()) };
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
/// let trained = train(mlp, data, data, &training, streams, "xor", &mut |_| true)?;
/// assert!(trained.mlp.outputs(x.view()).iter().zip(&y).all(|(p, y)| (p - y).abs() < 0.1));
/// # Ok::<(), rgflow::nn::NnError>(())
/// ```
pub fn train(
    mut mlp: Mlp,
    data: Data,
    test: Data,
    training: &Training,
    streams: Streams,
    purpose: &str,
    progress: &mut dyn FnMut(Epoch) -> bool,
) -> Result<Trained, NnError> {
    check(&mlp, data, test, training)?;
    let n = data.x.nrows();
    let size = training.batching.size(n);
    let descent = &training.descent;
    let optimiser = |l: &Layer| (descent.weights(l.weights.len()), descent.biases(l.bias.len()));
    let mut optimisers: Vec<(Optimiser, Optimiser)> = mlp.layers.iter().map(optimiser).collect();
    let shown = n.min(SHOWN);
    let mut sample = Batch::new(data, shown);
    sample.fill(data, (0..shown).map(|i| i * n / shown));
    let mut batch = Batch::new(data, size);
    let mut room = Workspace::new(&mlp, size);
    let mut evaluation = Workspace::new(&mlp, 1000.min(shown.max(test.x.nrows())));
    let shuffle = format!("{purpose}/shuffle");
    let mut stopping = EarlyStopping::new(training.patience);
    let (mut order, mut curve, mut updates) = (Vec::new(), Vec::with_capacity(training.epochs.min(10_000)), 0);
    let mut stop = Stop::Epochs;
    for epoch in 1..=training.epochs {
        training.batching.sweep(n, &mut streams.generator(&shuffle, epoch as u64), &mut order);
        for chosen in order.chunks(size) {
            // A full batch is the data as it lies.
            let part = if training.batching == Batching::Full {
                data.view()
            } else {
                batch.fill(data, chosen.iter().copied());
                batch.data(chosen.len())
            };
            let gradient = room.gradient(&mlp, part.x, part.targets, training.cost);
            for ((layer, gradient), (weights, bias)) in mlp.layers.iter_mut().zip(gradient).zip(&mut optimisers) {
                let ((w, b), (gw, gb)) = (layer.slices_mut(), gradient.slices());
                weights.update(w, gw, 1.0);
                bias.update(b, gb, 1.0);
            }
            updates += 1;
        }
        let sample = sample.data(shown);
        let costs = Epoch {
            epoch,
            updates,
            train_cost: mlp.cost_in(&mut evaluation, sample.x, sample.targets, training.cost),
            test_cost: mlp.cost_in(&mut evaluation, test.x, test.targets, training.cost),
        };
        curve.push(costs);
        let enough = stopping.observe(epoch, costs.test_cost, &mlp);
        if !progress(costs) {
            stop = Stop::Asked;
        } else if !costs.test_cost.is_finite() {
            stop = Stop::Diverged { epoch };
        } else if enough {
            stop = Stop::Patience;
        }
        if stop != Stop::Epochs {
            break;
        }
    }
    match stopping.into_best() {
        Some((epoch, _, mlp)) => Ok(Trained { mlp, epoch, curve, stop }),
        None => Err(NnError::Diverged { rate: descent.rate }),
    }
}

fn check(mlp: &Mlp, data: Data, test: Data, training: &Training) -> Result<(), NnError> {
    if training.epochs == 0 {
        return Err(LearningError::Setting { name: "epochs", value: 0.0, range: "at least 1" }.into());
    }
    training.descent.check()?;
    training.batching.check(data.x.nrows())?;
    if mlp.layers.len() > 1 && mlp.hidden == Activation::Step {
        return Err(NnError::NoGradient);
    }
    mlp.check(data.x, data.targets, training.cost)?;
    mlp.check(test.x, test.targets, training.cost)?;
    if test.x.nrows() == 0 {
        return Err(NnError::Shape { what: "samples of the test set", expected: 1, found: 0 });
    }
    Ok(())
}

/// Samples copied side by side.
struct Batch {
    x: Array2<f32>,
    targets: Owned,
}

enum Owned {
    Classes(Vec<usize>),
    Values(Array2<f32>),
}

impl Batch {
    /// Room for `size` samples of `data`.
    fn new(data: Data, size: usize) -> Self {
        let targets = match data.targets {
            Targets::Classes(_) => Owned::Classes(vec![0; size]),
            Targets::Values(y) => Owned::Values(Array2::zeros((size, y.ncols()))),
        };
        Self { x: Array2::zeros((size, data.x.ncols())), targets }
    }

    /// Copies the samples `chosen` of `data`.
    fn fill(&mut self, data: Data, chosen: impl Iterator<Item = usize>) {
        for (slot, i) in chosen.enumerate() {
            self.x.row_mut(slot).assign(&data.x.row(i));
            match (&mut self.targets, data.targets) {
                (Owned::Classes(to), Targets::Classes(from)) => to[slot] = from[i],
                (Owned::Values(to), Targets::Values(from)) => to.row_mut(slot).assign(&from.row(i)),
                // Made for the targets of the same data.
                _ => {}
            }
        }
    }

    /// The first `n` samples.
    fn data(&self, n: usize) -> Data<'_> {
        let targets = match &self.targets {
            Owned::Classes(classes) => Targets::Classes(&classes[..n]),
            Owned::Values(y) => Targets::Values(y.slice_axis(Axis(0), (..n).into())),
        };
        Data { x: self.x.slice_axis(Axis(0), (..n).into()), targets }
    }
}
