//! A network that is trained update by update: what [`super::train`] is made of.

use ndarray::{Array2, Axis};

use super::inputs::{Gathered, Inputs, Set};
use super::{Activation, Cost, Data, Layer, Mlp, NnError, Targets, Training, Workspace};
use crate::learning::{Batching, Descent, Optimiser, square};
use crate::random::{Stream, Streams};
use crate::restart::{Unfit, decode, demand, encode};

/// A network in training, without evaluations.
///
/// ```
/// use ndarray::array;
/// use rgflow::learning::{Adam, Batching, Descent, Rule};
/// use rgflow::nn::{Activation, Cost, Data, Mlp, Targets, Trainer, Training};
/// use rgflow::random::Streams;
/// let (x, y) = (array![[-1.0, 1.0], [1.0, 1.0]], [0, 1]);
/// let training = Training {
///     epochs: 1,
///     batching: Batching::Stochastic,
///     descent: Descent::new(Rule::Adam(Adam::default()), 0.01),
///     cost: Cost::CategoricalCrossEntropy,
///     patience: 0,
/// };
/// let streams = Streams::new(1);
/// let mlp = Mlp::random(&[2, 2], Activation::Tanh, Activation::Softmax, &mut streams.generator("example/init", 0));
/// let data = Data { x: x.view().into(), targets: Targets::Classes(&y) };
/// let mut trainer = Trainer::new(mlp, data, &training, streams.of("example"))?;
/// (0..300 * trainer.updates_per_sweep()).for_each(|_| trainer.update());
/// assert!(trainer.mlp().outputs(x.view())[[0, 0]] > 0.9);
/// # Ok::<(), rgflow::nn::NnError>(())
/// ```
pub struct Trainer<'a> {
    mlp: Mlp,
    data: Data<'a>,
    inputs: Set<'a>,
    batching: Batching,
    cost: Cost,
    descent: Descent,
    /// Of the weights and biases of each layer.
    optimisers: Vec<(Optimiser, Optimiser)>,
    workspace: Workspace,
    batch: Batch,
    order: Vec<usize>,
    at: usize,
    sweep: u64,
    updates: u64,
    streams: Streams,
    shuffle: String,
}

impl<'a> Trainer<'a> {
    /// Of `mlp` on `data`, by batching, descent and cost of `training`. The order of the samples in each sweep comes
    /// from the stream `purpose/shuffle`. Inputs that all are -1 or +1, or all 0 or 1, are kept as bits, which is
    /// faster.
    ///
    /// # Errors
    /// Settings, shapes and costs that do not fit.
    pub fn new(mlp: Mlp, data: Data<'a>, training: &Training, stream: Stream) -> Result<Self, NnError> {
        let Stream { streams, purpose } = stream;
        training.descent.check()?;
        training.batching.check(data.x.nrows())?;
        if mlp.layers.len() > 1 && mlp.hidden == Activation::Step {
            return Err(NnError::NoGradient);
        }
        mlp.check(data.x, data.targets, training.cost)?;
        let descent = &training.descent;
        let optimiser = |l: &Layer| (descent.weights(l.weights.len()), descent.biases(l.bias.len()));
        let inputs = Set::of(data.x);
        let size = training.batching.size(data.x.nrows());
        Ok(Self {
            optimisers: mlp.layers.iter().map(optimiser).collect(),
            workspace: Workspace::new(&mlp, size),
            batch: Batch::new(&inputs, data.targets, if training.batching == Batching::Full { 0 } else { size }),
            inputs,
            mlp,
            data,
            batching: training.batching,
            cost: training.cost,
            descent: *descent,
            order: Vec::new(),
            at: 0,
            sweep: 0,
            updates: 0,
            streams,
            shuffle: format!("{purpose}/shuffle"),
        })
    }

    /// One update, which allocates nothing but what the matrix products pack. The data is shuffled afresh each sweep,
    /// whose last batch may be smaller.
    pub fn update(&mut self) {
        let n = self.data.x.nrows();
        if self.at >= self.order.len() {
            self.sweep += 1;
            self.at = 0;
            self.batching.sweep(n, &mut self.streams.generator(&self.shuffle, self.sweep), &mut self.order);
        }
        let end = self.order.len().min(self.at + self.batching.size(n));
        // A full batch is the data as it lies.
        let (inputs, targets) = if self.batching == Batching::Full {
            (self.inputs.all(), self.data.targets.rows(0..n))
        } else {
            self.batch.fill(&self.inputs, self.data.targets, self.order[self.at..end].iter().copied())
        };
        self.at = end;
        let gradient = self.workspace.backpropagate(&self.mlp, inputs, targets, self.cost);
        let norm = |(weights, bias)| square(weights) + square(bias);
        let scale = match self.descent.clip {
            None => 1.0,
            Some(_) => self.descent.clipping(gradient.iter().map(|layer| norm(layer.slices())).sum()),
        };
        for ((layer, gradient), (weights, bias)) in self.mlp.layers.iter_mut().zip(gradient).zip(&mut self.optimisers) {
            let ((w, b), (gw, gb)) = (layer.slices_mut(), gradient.slices());
            weights.update(w, gw, scale);
            bias.update(b, gb, scale);
        }
        self.updates += 1;
    }

    /// All that updates go on from.
    pub(super) fn save(&self) -> Vec<u8> {
        let rules: Vec<_> = self.optimisers.iter().map(|(weights, bias)| (weights.state(), bias.state())).collect();
        encode(&(self.updates, self.sweep, self.at, self.mlp.parameters(), rules))
    }

    /// Goes on from what [`Trainer::save`] gave.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Rule = (u64, Vec<f32>);
        type State = (u64, u64, usize, Vec<(Vec<f32>, Vec<f32>)>, Vec<(Rule, Rule)>);
        let (updates, sweep, at, parameters, rules): State = decode(state)?;
        if sweep > 0 {
            let mut random = self.streams.generator(&self.shuffle, sweep);
            self.batching.sweep(self.data.x.nrows(), &mut random, &mut self.order);
        }
        demand(at <= self.order.len() && rules.len() == self.optimisers.len())?;
        self.mlp.set_parameters(&parameters)?;
        for ((weights, bias), (a, b)) in self.optimisers.iter_mut().zip(rules) {
            weights.restore(a.0, &a.1)?;
            bias.restore(b.0, &b.1)?;
        }
        (self.updates, self.sweep, self.at) = (updates, sweep, at);
        Ok(())
    }

    /// Operations of an update, roughly.
    pub(super) fn operations(&self) -> usize {
        let weights: usize = self.mlp.layers.iter().map(|layer| layer.weights.len()).sum();
        3 * self.batching.size(self.data.x.nrows()) * weights
    }

    /// Number of updates in which all the data is seen once.
    pub fn updates_per_sweep(&self) -> usize {
        self.batching.updates(self.data.x.nrows())
    }

    /// Number of updates so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The network.
    pub fn mlp(&self) -> &Mlp {
        &self.mlp
    }

    /// Its inputs.
    pub(super) fn inputs(&self) -> &Set<'a> {
        &self.inputs
    }
}

/// Samples copied side by side.
pub(super) struct Batch {
    x: Gathered,
    targets: Owned,
}

enum Owned {
    Classes(Vec<usize>),
    Values(Array2<f32>),
}

impl Batch {
    /// Space for `size` samples with such inputs and targets.
    pub(super) fn new(inputs: &Set, targets: Targets, size: usize) -> Self {
        let targets = match targets {
            Targets::Classes(_) => Owned::Classes(vec![0; size]),
            Targets::Values(y) => Owned::Values(Array2::zeros((size, y.ncols()))),
        };
        Self { x: inputs.buffer(size), targets }
    }

    /// Copies the samples `chosen`.
    pub(super) fn fill(
        &mut self,
        inputs: &Set,
        targets: Targets,
        chosen: impl ExactSizeIterator<Item = usize> + Clone,
    ) -> (Inputs<'_>, Targets<'_>) {
        let n = chosen.len();
        for (slot, i) in chosen.clone().enumerate() {
            match (&mut self.targets, targets) {
                (Owned::Classes(to), Targets::Classes(from)) => to[slot] = from[i],
                (Owned::Values(to), Targets::Values(from)) => to.row_mut(slot).assign(&from.row(i)),
                // Made for the targets of the same data.
                _ => {}
            }
        }
        let targets = match &self.targets {
            Owned::Classes(classes) => Targets::Classes(&classes[..n]),
            Owned::Values(y) => Targets::Values(y.slice_axis(Axis(0), (..n).into())),
        };
        (inputs.gather(chosen, &mut self.x), targets)
    }
}
