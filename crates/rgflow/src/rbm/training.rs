//! Training by contrastive divergence: batches, early stopping at the least reconstruction cost, snapshots.

use super::bitwise::Bitwise;
use super::contrastive::Contrastive;
use super::samples::Prepared;
use super::small::Small;
use super::{Rbm, RbmError, Samples};
use crate::learning::{Batching, Descent, EarlyStopping, Rule, Sgd};
use crate::random::{Bulk, Streams};
use ndarray::ArrayView2;

/// Size of the weights, in the unit in which those of a {-1, +1} machine are measured, beyond which a training has diverged:
/// trained machines have about 1.
const DIVERGED: f64 = 100.0;

/// How a machine is trained.
///
/// ```
/// use rgflow::rbm::Training;
/// let training = Training { updates: 500, cd_steps: 3, persistent: true, ..Training::default() };
/// assert_eq!(training.evaluate_every, 100);
/// ```
#[derive(Clone, Debug)]
pub struct Training {
    /// Number of updates of the machine that is returned.
    pub updates: usize,
    /// The portions of the data. A last batch of a sweep that is not full is left out.
    pub batching: Batching,
    /// Optimiser, learning rate and its decay, regularisation.
    pub descent: Descent,
    /// Gibbs steps k of the negative phase.
    pub cd_steps: usize,
    /// Whether the chains of the negative phase go on from where the last update left them (PCD-k), instead of starting at
    /// the data (CD-k).
    pub persistent: bool,
    /// Updates between two evaluations of the test set's reconstruction cost, >= 1.
    pub evaluate_every: usize,
    /// Evaluations without a new minimum before stopping; 0 = never.
    pub patience: usize,
    /// Numbers of updates after which a snapshot is kept; where they exceed `updates`, or early stopping has come, the training
    /// goes on for them alone.
    pub snapshots: Vec<usize>,
}

impl Default for Training {
    /// 1000 updates of CD-1 with batches of 100, plain ascent at the rate 0.01, an evaluation every 100 updates.
    fn default() -> Self {
        Self {
            updates: 1000,
            batching: Batching::Mini { size: 100, repeats: false },
            descent: Descent::new(Rule::Sgd(Sgd), 0.01),
            cd_steps: 1,
            persistent: false,
            evaluate_every: 100,
            patience: 0,
            snapshots: vec![],
        }
    }
}

/// One evaluation during training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Updates so far.
    pub update: usize,
    /// Reconstruction cost of the test set per sample, E = sum_i (v_i - v'_i)^2 / 2 with mean-field v' (thesis section 4.5).
    pub test_reconstruction: f64,
    /// Mean squared weight.
    pub weight_square: f64,
}

/// The machine after some number of updates.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Updates so far.
    pub update: usize,
    /// The machine.
    pub rbm: Rbm,
}

/// What a training gives.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The machine: of the lowest test cost with early stopping, else after `updates` updates.
    pub rbm: Rbm,
    /// Updates behind it.
    pub update: usize,
    /// Evaluations, also of the updates beyond those of the machine.
    pub metrics: Vec<Metrics>,
    /// Snapshots asked for.
    pub snapshots: Vec<Snapshot>,
}

/// A machine that is trained update by update, without evaluations: what [`train`] is made of.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{random::Streams, rbm::{Rbm, Trainer, Training}};
/// let streams = Streams::new(1);
/// let data = Array2::from_shape_fn((200, 6), |(s, _)| if s % 2 == 0 { 1.0f32 } else { -1.0 });
/// let start = Rbm::random(6, 2, 0.01, &mut streams.generator("example/init", 0));
/// let mut trainer = Trainer::new(start, data.view(), &Training::default(), streams, "example")?;
/// (0..2 * trainer.updates_per_sweep()).for_each(|_| trainer.update());
/// assert!(trainer.rbm().is_finite());
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub struct Trainer<'a> {
    machine: Machine,
    data: Prepared<'a>,
    batching: Batching,
    batch: usize,
    samples: usize,
    order: Vec<usize>,
    sweep: u64,
    at: usize,
    streams: Streams,
    shuffle: String,
}

impl<'a> Trainer<'a> {
    /// Of `rbm` on `data`, by batching, descent, steps and persistence of `training`. Random streams are "PURPOSE/gibbs" and
    /// "PURPOSE/shuffle".
    ///
    /// # Errors
    /// Settings, shapes and data that cannot be.
    pub fn new(
        rbm: Rbm,
        data: impl Into<Samples<'a>>,
        training: &Training,
        streams: Streams,
        purpose: &str,
    ) -> Result<Self, RbmError> {
        let data = data.into();
        let samples = data.len(rbm.n_visible());
        training.check(samples)?;
        let data = data.prepare(&rbm)?;
        let batch = training.batching.size(samples);
        let random = streams.bulk(&format!("{purpose}/gibbs"), 0);
        let steps = (training.cd_steps, training.persistent);
        let machine = Machine::new(rbm, &data, batch, steps, training.descent, random);
        let shuffle = format!("{purpose}/shuffle");
        let (batching, order) = (training.batching, Vec::with_capacity(samples));
        Ok(Self { machine, data, batching, batch, samples, order, sweep: 0, at: 0, streams, shuffle })
    }

    /// One update; the data is shuffled afresh each sweep, and a last batch that is not full is left out.
    pub fn update(&mut self) {
        if self.at + self.batch > self.order.len() {
            let mut random = self.streams.generator(&self.shuffle, self.sweep);
            self.batching.sweep(self.samples, &mut random, &mut self.order);
            (self.sweep, self.at) = (self.sweep + 1, 0);
        }
        let rows = &self.order[self.at..self.at + self.batch];
        match (&mut self.machine, &self.data) {
            (Machine::Small(machine), Prepared::Bits(bits)) => machine.update(bits, rows),
            (Machine::Bitwise(machine), Prepared::Bits(bits)) => machine.update(bits, rows),
            (Machine::Small(_) | Machine::Bitwise(_), Prepared::Values(_)) => {
                unreachable!("such a machine is made for bits")
            }
            (Machine::Real(machine), data) => machine.update(data, rows),
        }
        self.at += self.batch;
    }

    /// Number of updates in which all the data is seen once.
    pub fn updates_per_sweep(&self) -> usize {
        (self.samples / self.batch.max(1)).max(1)
    }

    /// The machine as it is now.
    pub fn rbm(&self) -> Rbm {
        match &self.machine {
            Machine::Small(machine) => machine.rbm(),
            Machine::Bitwise(machine) => machine.rbm(),
            Machine::Real(machine) => machine.rbm().clone(),
        }
    }
}

/// A machine in training, in the form that its units and data allow.
enum Machine {
    Small(Box<Small>),
    Bitwise(Box<Bitwise>),
    Real(Box<Contrastive>),
}

impl Machine {
    fn new(rbm: Rbm, data: &Prepared, batch: usize, steps: (usize, bool), descent: Descent, random: Bulk) -> Self {
        if let Prepared::Bits(_) = data {
            if let Some(machine) = Small::new(&rbm, batch, steps, &descent, random.clone()) {
                return Self::Small(Box::new(machine));
            }
            if let Some(machine) = Bitwise::new(&rbm, batch, steps, &descent, random.clone()) {
                return Self::Bitwise(Box::new(machine));
            }
        }
        Self::Real(Box::new(Contrastive::new(rbm, batch, steps, descent, random)))
    }
}

/// Trains `rbm` on `data` by CD-k or PCD-k.
///
/// `test`: shape (n, n_visible), values as for [`Samples::Values`]. The data is shuffled afresh each sweep. `progress` is called at
/// each evaluation; `false` stops at once. Random streams are "PURPOSE/gibbs" and "PURPOSE/shuffle".
///
/// # Errors
/// Settings, shapes and data that cannot be; [`RbmError::Diverged`] if the parameters run away.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{learning::Batching, random::Streams, rbm::{Rbm, Training, train}};
/// let streams = Streams::new(1);
/// let data = Array2::from_shape_fn((200, 6), |(s, _)| if s % 2 == 0 { 1.0f32 } else { -1.0 });
/// let start = Rbm::random(6, 2, 0.01, &mut streams.generator("example/init", 0));
/// let batching = Batching::Mini { size: 20, repeats: false };
/// let training = Training { updates: 400, batching, ..Training::default() };
/// let trained = train(start, data.view(), data.view(), &training, streams, "example", &mut |_| true)?;
/// let cost = |m: usize| trained.metrics[m].test_reconstruction;
/// assert!(cost(3) < cost(0));
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub fn train<'a>(
    rbm: Rbm,
    data: impl Into<Samples<'a>>,
    test: ArrayView2<f32>,
    training: &Training,
    streams: Streams,
    purpose: &str,
    progress: &mut dyn FnMut(Metrics) -> bool,
) -> Result<Trained, RbmError> {
    Samples::Values(test).check(&rbm)?;
    let mut trainer = Trainer::new(rbm, data, training, streams, purpose)?;
    let mut stopping = EarlyStopping::new(training.patience);
    let (mut metrics, mut snapshots) = (Vec::new(), Vec::new());
    let longest = training.snapshots.iter().copied().max().unwrap_or(0).max(training.updates);
    // The machine to return, once it is known.
    let mut chosen: Option<(usize, Rbm)> = None;
    if training.snapshots.contains(&0) {
        snapshots.push(Snapshot { update: 0, rbm: trainer.rbm() });
    }
    for update in 1..=longest {
        trainer.update();
        if training.snapshots.contains(&update) {
            snapshots.push(Snapshot { update, rbm: trainer.rbm() });
        }
        if update.is_multiple_of(training.evaluate_every) || update == training.updates || update == longest {
            let rbm = trainer.rbm();
            let now = Metrics {
                update,
                test_reconstruction: rbm.reconstruction_cost(test),
                weight_square: rbm.weights.iter().map(|w| (*w as f64).powi(2)).sum::<f64>() / rbm.weights.len() as f64,
            };
            if let Some(sign) = runaway(&rbm, &now) {
                return Err(RbmError::Diverged { update, sign, learning_rate: training.descent.rate });
            }
            metrics.push(now);
            if chosen.is_none() {
                let stop = training.patience > 0 && stopping.observe(update, now.test_reconstruction, &rbm);
                if stop || update == training.updates {
                    chosen = Some(match std::mem::replace(&mut stopping, EarlyStopping::new(0)).into_best() {
                        Some((update, _, best)) => (update, best),
                        None => (update, rbm),
                    });
                }
            }
            let done = chosen.is_some() && training.snapshots.iter().all(|s| *s <= update);
            if !progress(now) || done {
                break;
            }
        }
    }
    let (update, rbm) = chosen.unwrap_or_else(|| (0, trainer.rbm()));
    Ok(Trained { rbm, update, metrics, snapshots })
}

impl Training {
    /// Refuses settings that cannot be, for `n` samples.
    fn check(&self, n: usize) -> Result<(), RbmError> {
        self.descent.check()?;
        self.batching.check(n)?;
        for (name, value) in [("cd_steps", self.cd_steps), ("evaluate_every", self.evaluate_every)] {
            if value == 0 {
                return Err(crate::learning::LearningError::Setting { name, value: 0.0, range: "at least 1" }.into());
            }
        }
        Ok(())
    }
}

/// How one sees that a training has run away, if it has. Two-valued units bound the gradient, so their weights stay finite:
/// units that never waver are the sign.
fn runaway(rbm: &Rbm, now: &Metrics) -> Option<String> {
    if !rbm.is_finite() || !now.test_reconstruction.is_finite() {
        return Some("a parameter or the reconstruction is not finite".into());
    }
    let (visible, hidden) = (rbm.visible_units().levels()?, rbm.hidden_units().levels()?);
    let size = now.weight_square.sqrt() * f64::from(visible.delta()) * f64::from(hidden.delta()) / 4.0;
    (size > DIVERGED).then(|| format!("weights of size {size:.0}"))
}
