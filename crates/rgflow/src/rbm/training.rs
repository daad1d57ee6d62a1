//! Training on samples by the gradient of the likelihood: how, what it gives, and its updates.

use super::bitwise::Bitwise;
use super::contrastive::Contrastive;
use super::expected_gradient::Expected;
use super::phases::Phases;
use super::samples::Prepared;
use super::small::Small;
use super::{Rbm, RbmError, Samples};
use crate::learning::{Batching, Descent, Rule, Sgd};
use crate::random::{Bulk, Stream, Streams};
use crate::restart::{Unfit, decode, demand, encode};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where the expectation values of the machine come from in the gradient of ln p (thesis eq. 2.4.11): the negative phase.
///
/// ```
/// use rgflow::rbm::Method;
/// assert_eq!("pcd".parse(), Ok(Method::Pcd));
/// assert_eq!(Method::Exact.to_string(), "exact");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// Contrastive divergence, CD-k: chains of k steps that start at the data of the batch (Hinton 2002).
    Cd,
    /// Persistent contrastive divergence, PCD-k: chains that go on from where the last update left them (Tieleman 2008).
    Pcd,
    /// Mean-field contrastive divergence: expectation values in the place of states, k steps from the data of the batch (thesis eqs
    /// 2.4.15, 2.4.24 and 2.4.25 read literally). Not the gradient of any likelihood.
    MeanField,
    /// The exact gradient of the likelihood, by enumeration: no chains; the smaller layer has at most 25 two-valued units.
    Exact,
}

impl Method {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Cd, "cd"), (Self::Pcd, "pcd"), (Self::MeanField, "mean-field"), (Self::Exact, "exact")];
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        Self::ALL.iter().filter(|(method, _)| method == self).try_for_each(|(_, name)| f.write_str(name))
    }
}

impl FromStr for Method {
    type Err = String;

    /// "cd", "pcd", "mean-field" or "exact".
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(method, _)| *method);
        found.ok_or_else(|| format!("method \"{text}\": must be \"cd\", \"pcd\", \"mean-field\" or \"exact\""))
    }
}

/// Measure of the test set that early stopping watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StopOn {
    /// The least reconstruction cost (thesis section 4.5): not a measure of the law.
    #[default]
    Reconstruction,
    /// The largest pseudo-likelihood ([`Rbm::pseudo_likelihood`]).
    PseudoLikelihood,
    /// The largest ln p, with ln Z by enumeration ([`Rbm::ln_z`]).
    LogLikelihood,
}

/// How a machine is trained.
///
/// ```
/// use rgflow::rbm::{Method, Training};
/// let training = Training { updates: 500, cd_steps: 3, method: Method::Pcd, ..Training::default() };
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
    /// Steps k of the negative phase of CD, PCD and mean-field CD.
    pub cd_steps: usize,
    /// The negative phase.
    pub method: Method,
    /// Chains of PCD; 0 = as many as a batch has samples. They start at as many samples of the data.
    pub chains: usize,
    /// Whether the gradient is centred: offsets of both layers are taken away, so that the direction of an update does not depend on
    /// which values the units have (Montavon and Müller 2012). The gradient is zero where the plain one is.
    pub centred: bool,
    /// Last part of the updates, in [0, 1), whose parameters are averaged into the machine that is returned; 0 = the last machine.
    /// The average is of at most about 1000 machines, evenly spaced.
    pub tail_average: f64,
    /// Updates between two evaluations of the test set's reconstruction cost, >= 1.
    pub evaluate_every: usize,
    /// Evaluations without a new optimum before stopping; 0 = never.
    pub patience: usize,
    /// The measure whose optimum is meant.
    pub stop_on: StopOn,
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
            method: Method::Cd,
            chains: 0,
            centred: false,
            tail_average: 0.0,
            evaluate_every: 100,
            patience: 0,
            stop_on: StopOn::Reconstruction,
            snapshots: vec![],
        }
    }
}

/// One evaluation during training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Updates so far.
    pub update: usize,
    /// Reconstruction cost of samples of the training set, where it is asked for ([`super::Fit::with_training_cost`]).
    pub train_reconstruction: Option<f64>,
    /// Reconstruction cost of the test set per sample, E = sum_i (v_i - v'_i)^2 / 2 with mean-field v' (thesis section 4.5).
    pub test_reconstruction: f64,
    /// Mean squared weight.
    pub weight_square: f64,
    /// Mean ln p of the test set in nats, exact, where it is asked for ([`super::Fit::with_likelihood`]).
    pub log_likelihood: Option<f64>,
}

/// The machine after some number of updates.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Updates so far.
    pub update: usize,
    /// The machine.
    pub rbm: Rbm,
}

/// A finished training.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The machine: of the optimum of the test set with early stopping, else after `updates` updates, or their tail average.
    pub rbm: Rbm,
    /// Updates behind it.
    pub update: usize,
    /// Evaluations, also of the updates beyond those of the machine.
    pub metrics: Vec<Metrics>,
    /// Snapshots asked for.
    pub snapshots: Vec<Snapshot>,
}

/// A machine that is trained update by update, without evaluations: what [`super::train`] is made of.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{random::Streams, rbm::{Rbm, Trainer, Training}};
/// let streams = Streams::new(1);
/// let data = Array2::from_shape_fn((200, 6), |(s, _)| if s % 2 == 0 { 1.0f32 } else { -1.0 });
/// let start = Rbm::random(6, 2, 0.01, &mut streams.generator("example/init", 0));
/// let mut trainer = Trainer::new(start, data.view(), &Training::default(), streams.of("example"))?;
/// (0..2 * trainer.updates_per_sweep()).for_each(|_| trainer.update());
/// assert!(trainer.rbm().is_finite());
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub struct Trainer<'a> {
    machine: Machine,
    data: Prepared<'a>,
    batching: Batching,
    phases: Phases,
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
    /// [`RbmError`] that names the setting, shape or sample which is not valid.
    pub fn new(rbm: Rbm, data: impl Into<Samples<'a>>, training: &Training, stream: Stream) -> Result<Self, RbmError> {
        let (data, Stream { streams, purpose }) = (data.into(), stream);
        let samples = data.len(rbm.n_visible());
        training.check(samples)?;
        let data = data.prepare(&rbm)?;
        let batch = training.batching.size(samples);
        let random = streams.bulk(&format!("{purpose}/gibbs"), 0);
        let Training { batching, descent, cd_steps: steps, method, chains, centred, .. } = *training;
        let persistent = method == Method::Pcd;
        let chains = if persistent && chains > 0 { chains } else { batch };
        let phases = Phases { batch, chains, steps, persistent, centred };
        let machine = match method {
            Method::Exact => Machine::Expected(Box::new(Expected::exact(rbm, batch, descent, centred)?)),
            Method::MeanField => Machine::Expected(Box::new(Expected::mean_field(rbm, phases, descent))),
            Method::Cd | Method::Pcd => Machine::new(rbm, &data, phases, descent, random),
        };
        let (shuffle, order) = (format!("{purpose}/shuffle"), Vec::with_capacity(samples));
        Ok(Self { machine, data, batching, phases, samples, order, sweep: 0, at: 0, streams, shuffle })
    }

    /// One update; the data is shuffled afresh each sweep, and a last batch that is not full is left out.
    pub fn update(&mut self) {
        let batch = self.phases.batch;
        if self.at + batch > self.order.len() {
            let mut random = self.streams.generator(&self.shuffle, self.sweep);
            self.batching.sweep(self.samples, &mut random, &mut self.order);
            (self.sweep, self.at) = (self.sweep + 1, 0);
            if self.sweep == 1 && self.phases.persistent {
                self.begin();
            }
        }
        let rows = &self.order[self.at..self.at + batch];
        match (&mut self.machine, &self.data) {
            (Machine::Small(machine), Prepared::Bits(bits)) => machine.update(bits, rows),
            (Machine::Bitwise(machine), Prepared::Bits(bits)) => machine.update(bits, rows),
            (Machine::Small(_) | Machine::Bitwise(_), Prepared::Values(_)) => {
                unreachable!("such a machine is made for bits")
            }
            (Machine::Real(machine), data) => machine.update(data, rows),
            (Machine::Expected(machine), data) => machine.update(data, rows),
        }
        self.at += batch;
    }

    /// Sets persistent chains to the first samples of the first sweep, from the beginning again if there are more chains.
    fn begin(&mut self) {
        let rows: Vec<usize> = self.order.iter().copied().cycle().take(self.phases.chains).collect();
        match (&mut self.machine, &self.data) {
            (Machine::Small(machine), Prepared::Bits(bits)) => machine.begin(bits, &rows),
            (Machine::Bitwise(machine), Prepared::Bits(bits)) => machine.begin(bits, &rows),
            (Machine::Real(machine), data) => machine.begin(data, &rows),
            _ => {}
        }
    }

    /// All that updates go on from.
    pub(super) fn save(&self) -> Vec<u8> {
        let machine = match &self.machine {
            Machine::Small(machine) => machine.save(),
            Machine::Bitwise(machine) => machine.save(),
            Machine::Real(machine) => machine.save(),
            Machine::Expected(machine) => machine.save(),
        };
        encode(&(self.sweep, self.at, machine))
    }

    /// Goes on from what [`Trainer::save`] gave.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (sweep, at, machine): (u64, usize, Vec<u8>) = decode(state)?;
        if let Some(last) = sweep.checked_sub(1) {
            self.batching.sweep(self.samples, &mut self.streams.generator(&self.shuffle, last), &mut self.order);
        }
        demand(at <= self.order.len())?;
        (self.sweep, self.at) = (sweep, at);
        match &mut self.machine {
            Machine::Small(to) => to.restore(&machine),
            Machine::Bitwise(to) => to.restore(&machine),
            Machine::Real(to) => to.restore(&machine),
            Machine::Expected(to) => to.restore(&machine),
        }
    }

    /// Operations of an update, roughly.
    pub(super) fn operations(&self) -> usize {
        let rbm = self.rbm();
        if let Machine::Expected(machine) = &self.machine
            && machine.is_exact()
        {
            let states = rbm.fewer_states().unwrap_or(u64::MAX) as usize;
            return states.saturating_mul(10 * rbm.n_visible().max(rbm.n_hidden()));
        }
        rbm.weights.len() * (2 * self.phases.batch + self.phases.steps * self.phases.chains)
    }

    /// Number of updates in which all the data is seen once.
    pub fn updates_per_sweep(&self) -> usize {
        (self.samples / self.phases.batch.max(1)).max(1)
    }

    /// The machine as it is now.
    pub fn rbm(&self) -> Rbm {
        match &self.machine {
            Machine::Small(machine) => machine.rbm(),
            Machine::Bitwise(machine) => machine.rbm(),
            Machine::Real(machine) => machine.rbm().clone(),
            Machine::Expected(machine) => machine.rbm().clone(),
        }
    }
}

/// A machine in training, in the form that its units and data allow.
enum Machine {
    Small(Box<Small>),
    Bitwise(Box<Bitwise>),
    Real(Box<Contrastive>),
    Expected(Box<Expected>),
}

impl Machine {
    fn new(rbm: Rbm, data: &Prepared, phases: Phases, descent: Descent, random: Bulk) -> Self {
        if let Prepared::Bits(_) = data {
            if let Some(machine) = Small::new(&rbm, phases, &descent, random.clone()) {
                return Self::Small(Box::new(machine));
            }
            if let Some(machine) = Bitwise::new(&rbm, phases, &descent, random.clone()) {
                return Self::Bitwise(Box::new(machine));
            }
        }
        Self::Real(Box::new(Contrastive::new(rbm, phases, descent, random)))
    }
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
        let (name, value) = ("tail_average", self.tail_average);
        let range =
            if self.patience > 0 { "0 with early stopping (patience), which keeps one machine" } else { "in [0, 1)" };
        if !(0.0..1.0).contains(&value) || (self.patience > 0 && value > 0.0) {
            return Err(crate::learning::LearningError::Setting { name, value, range }.into());
        }
        Ok(())
    }
}
