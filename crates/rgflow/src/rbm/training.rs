//! Training on samples by the gradient of the likelihood: how, what it gives, and its updates.

use super::aided::Aided;
use super::bitwise::Bitwise;
use super::contrastive::Contrastive;
use super::expected_gradient::Expected;
use super::imputation::Imputation;
use super::phases::Phases;
use super::samples::Prepared;
use super::small::Small;
use super::{Method, Rbm, RbmError, Samples, Training};
use crate::learning::{Batching, Descent, SampleWeights};
use crate::random::{Bulk, Stream, Streams};
use crate::restart::{Unfit, decode, demand, encode};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One evaluation during training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Updates so far.
    pub update: usize,
    /// Reconstruction cost of samples of the training set, where it is asked for ([`super::Fit::with_training_cost`]).
    pub train_reconstruction: Option<f64>,
    /// Reconstruction cost of the test set per sample, E = sum_i (v_i - v'_i)^2 / 2 with mean-field v' (thesis section
    /// 4.5).
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
    /// The machine: of the optimum of the test set with early stopping, else after `updates` updates, or their tail
    /// average.
    pub rbm: Rbm,
    /// Updates behind it.
    pub update: usize,
    /// Evaluations, also of the updates beyond those of the machine.
    pub metrics: Vec<Metrics>,
    /// Snapshots asked for.
    pub snapshots: Vec<Snapshot>,
}

/// Samples of each pass through the data, of a law of which new ones cost little: bits as those of [`Samples::Packed`],
/// as many each time, by the number of the pass from 0. The same number gives the same bits.
pub type FreshSamples<'a> = &'a (dyn Fn(u64) -> Vec<u8> + Sync);

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
    weights: Option<SampleWeights>,
    /// Where some values are unknown.
    imputation: Option<Imputation>,
    order: Vec<usize>,
    sweep: u64,
    at: usize,
    streams: Streams,
    shuffle: String,
    fresh: Option<FreshSamples<'a>>,
}

impl<'a> Trainer<'a> {
    /// Of `rbm` on `data`, by batching, descent, steps and persistence of `training`. Random streams are
    /// "PURPOSE/gibbs" and "PURPOSE/shuffle".
    ///
    /// # Errors
    /// [`RbmError`] that names the setting, shape or sample which is not valid.
    pub fn new(rbm: Rbm, data: impl Into<Samples<'a>>, training: &Training, stream: Stream) -> Result<Self, RbmError> {
        let (data, Stream { streams, purpose }) = (data.into(), stream);
        let samples = data.len(rbm.n_visible());
        training.check(samples)?;
        data.check(&rbm)?;
        // The reference does not depend on the hidden units of a machine.
        let reference = training.method.is_aided().then(|| Aided::reference(&rbm, data.reborrow()));
        let data = data.prepare(&rbm)?;
        let batch = training.batching.size(samples);
        let random = streams.bulk(&format!("{purpose}/gibbs"), 0);
        let Training { batching, descent, cd_steps: steps, method, chains, temperatures, centred, .. } = *training;
        let persistent = method.is_persistent();
        let chains = if persistent && chains > 0 { chains } else { batch };
        let phases = Phases { batch, chains, steps, persistent, centred };
        let machine = match method {
            Method::Exact => Machine::Expected(Box::new(Expected::exact(rbm, batch, descent, centred)?)),
            Method::MeanField => Machine::Expected(Box::new(Expected::mean_field(rbm, phases, descent))),
            Method::Cd | Method::Pcd => Machine::new(rbm, &data, phases, descent, random),
            Method::Tempering | Method::Trajectory => {
                let reference = reference.expect("such a method has one");
                let of_chains = format!("{purpose}/gibbs");
                let stream = Stream { streams, purpose: &of_chains };
                let aided = match method {
                    Method::Tempering => Aided::tempering(&rbm, reference, [temperatures, chains], stream)?,
                    _ => Aided::trajectory(&rbm, &reference, [temperatures, chains], stream)?,
                };
                Machine::Real(Box::new(Contrastive::new(rbm, phases, descent, random).aided(aided)))
            }
        };
        let (shuffle, order) = (format!("{purpose}/shuffle"), Vec::with_capacity(samples));
        Ok(Self {
            machine,
            data,
            batching,
            phases,
            samples,
            weights: None,
            imputation: None,
            order,
            sweep: 0,
            at: 0,
            streams,
            shuffle,
            fresh: None,
        })
    }

    /// Of samples some of whose values are `unknown`, shape (samples, n_visible), for a trainer without updates: the
    /// gradient is that of ln p of the known values. What the data hold at the unknown places is where their states
    /// begin, such as a draw from the means; each time a sample comes, as many Gibbs steps as the negative phase has
    /// draw them given the known values.
    ///
    /// Random numbers of these draws are `random`, a stream of their own. Fresh samples are no others to go on with:
    /// not both.
    ///
    /// # Errors
    /// [`RbmError::Shape`] for marks of another shape; [`RbmError::PartlyKnown`] where a site of several units is known
    /// in part.
    ///
    /// ```
    /// use ndarray::arr2;
    /// use rgflow::{random::Streams, rbm::{Rbm, Trainer, Training}};
    /// let streams = Streams::new(1);
    /// let data = arr2(&[[1.0f32, 1.0], [-1.0, -1.0], [1.0, -1.0]]);
    /// let unknown = arr2(&[[false, false], [false, true], [true, true]]);
    /// let start = Rbm::random(2, 1, 0.01, &mut streams.generator("example/init", 0));
    /// let trainer = Trainer::new(start, data.view(), &Training::default(), streams.of("example"))?;
    /// let mut trainer = trainer.with_unknown(unknown.view(), streams.bulk("example/unknown", 0))?;
    /// trainer.update();
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn with_unknown(mut self, unknown: ArrayView2<bool>, random: Bulk) -> Result<Self, RbmError> {
        self.imputation = Some(Imputation::new(&self.rbm(), self.samples, unknown, random)?);
        Ok(self)
    }

    /// Of weighted samples, for a trainer without updates: the gradient is that of \<ln p> with each sample by its
    /// share of all `weights`, as if the data held it as often as its weight says. Each sweep draws as many samples as
    /// there are, by their weights ([`Batching::weighted_sweep`]), so that the gradient has the right mean, whatever
    /// the method.
    ///
    /// # Errors
    /// [`RbmError::Shape`] for another number of weights than samples; [`RbmError::Learning`] for weights that are
    /// negative, not finite or all 0.
    ///
    /// ```
    /// use ndarray::arr2;
    /// use rgflow::{random::Streams, rbm::{Rbm, Trainer, Training}};
    /// let streams = Streams::new(1);
    /// let data = arr2(&[[1.0f32, 1.0], [-1.0, -1.0], [1.0, -1.0]]);
    /// let start = Rbm::random(2, 1, 0.01, &mut streams.generator("example/init", 0));
    /// let trainer = Trainer::new(start, data.view(), &Training::default(), streams.of("example"))?;
    /// let mut trainer = trainer.with_weights(&[3.0, 1.0, 0.0])?; // the third sample is never seen
    /// trainer.update();
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn with_weights(mut self, weights: &[f64]) -> Result<Self, RbmError> {
        if weights.len() != self.samples {
            let (expected, found) = (self.samples, weights.len());
            return Err(RbmError::Shape { what: "weights of samples", expected, found });
        }
        self.weights = Some(SampleWeights::new(weights)?);
        Ok(self)
    }

    /// Sets the order of the samples to that of the sweep `number`.
    fn set_order(&mut self, number: u64) {
        let mut random = self.streams.generator(&self.shuffle, number);
        match &self.weights {
            None => self.batching.sweep(self.samples, &mut random, &mut self.order),
            Some(weights) => self.batching.weighted_sweep(weights, &mut random, &mut self.order),
        }
    }

    /// The same on new samples in each pass: each gives as many as the data has, which say the shape alone.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`] for units that have no bits, [`RbmError::Data`] for data between their two values.
    ///
    /// # Panics
    /// In an update, if a pass has another number of bytes than the data.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::{Rbm, Trainer, Training}};
    /// let streams = Streams::new(1);
    /// let rbm = Rbm::random(2, 1, 0.01, &mut streams.generator("example/init", 0));
    /// // All units of a sample agree; which value they have is drawn afresh.
    /// let draw = |pass| (0..500).map(|i| 0b11 * u8::from((i * 7 + pass) % 3 == 0)).collect::<Vec<u8>>();
    /// let (first, training) = (draw(0), Training::default());
    /// let trainer = Trainer::new(rbm, first.as_slice(), &training, streams.of("example"))?;
    /// let mut trainer = trainer.with_fresh_samples(&draw)?;
    /// (0..3000).for_each(|_| trainer.update());
    /// let mean = trainer.rbm().moments()?.visible;
    /// assert!((mean[0] + 1.0 / 3.0).abs() < 0.1); // a third of the samples is up
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn with_fresh_samples(mut self, samples: FreshSamples<'a>) -> Result<Self, RbmError> {
        let levels = self.rbm().visible_levels("fresh samples")?;
        if let Prepared::Values(values) = &self.data {
            let between = |v: &f32| *v != levels.low() && *v != levels.high();
            let misfit = values.indexed_iter().find(|(_, v)| between(v));
            let ((sample, unit), value) = misfit.expect("data that is all bits is packed");
            let (units, (low, high)) = (self.rbm().visible_units().to_string(), (levels.low(), levels.high()));
            return Err(RbmError::Data { sample, unit, value: *value, units, low, high });
        }
        self.fresh = Some(samples);
        Ok(self)
    }

    /// One update; the data is shuffled afresh each sweep, and a last batch that is not full is left out.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use rgflow::{random::Streams, rbm::{Rbm, Trainer, Training}};
    /// let streams = Streams::new(1);
    /// let data = Array2::<f32>::ones((100, 4));
    /// let rbm = Rbm::random(4, 2, 0.01, &mut streams.generator("example/init", 0));
    /// let mut trainer = Trainer::new(rbm.clone(), data.view(), &Training::default(), streams.of("example"))?;
    /// (0..200).for_each(|_| trainer.update());
    /// assert!(trainer.rbm().reconstruction_cost(data.view()) < 0.5 * rbm.reconstruction_cost(data.view()));
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn update(&mut self) {
        let batch = self.phases.batch;
        if self.at + batch > self.order.len() {
            self.set_order(self.sweep);
            self.renew(self.sweep);
            (self.sweep, self.at) = (self.sweep + 1, 0);
            if self.sweep == 1 && self.phases.persistent {
                self.begin();
            }
        }
        let rows = &self.order[self.at..self.at + batch];
        if self.imputation.is_some() {
            let rbm = self.rbm();
            if let Some(imputation) = &mut self.imputation {
                imputation.advance(&rbm, &mut self.data, rows, self.phases.steps);
            }
        }
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

    /// Takes the samples of the pass `sweep`, where each has its own.
    fn renew(&mut self, sweep: u64) {
        if let (Some(fresh), Prepared::Bits(data)) = (self.fresh, &mut self.data) {
            let bits = fresh(sweep);
            assert_eq!(bits.len(), data.len(), "bytes of the fresh samples of pass {sweep}");
            *data = Cow::Owned(bits);
        }
    }

    /// Sets persistent chains to the first samples of the first sweep, from the beginning again if there are more
    /// chains.
    fn begin(&mut self) {
        let rows: Vec<usize> = self.order.iter().copied().cycle().take(self.phases.chains).collect();
        match (&mut self.machine, &self.data) {
            (Machine::Small(machine), Prepared::Bits(bits)) => machine.begin(bits, &rows),
            (Machine::Bitwise(machine), Prepared::Bits(bits)) => machine.begin(bits, &rows),
            (Machine::Real(machine), data) => machine.begin(data, &rows),
            _ => {}
        }
    }

    /// States of the chains that go on from update to update.
    #[cfg(test)]
    pub(super) fn chains(&self) -> Option<ndarray::Array2<f32>> {
        let rbm = self.rbm();
        let mut v = ndarray::Array2::zeros((self.phases.chains, rbm.n_visible()));
        match &self.machine {
            Machine::Real(machine) => machine.write_chains(v.as_slice_mut()?),
            Machine::Bitwise(machine) => machine.write_chains(v.as_slice_mut()?),
            _ => return None,
        }
        Some(v)
    }

    /// All that updates go on from.
    pub(super) fn save(&self) -> Vec<u8> {
        let machine = match &self.machine {
            Machine::Small(machine) => machine.save(),
            Machine::Bitwise(machine) => machine.save(),
            Machine::Real(machine) => machine.save(),
            Machine::Expected(machine) => machine.save(),
        };
        let completed = self.imputation.as_ref().map(|imputation| imputation.save(&self.data));
        encode(&(self.sweep, self.at, machine, completed))
    }

    /// Goes on from what [`Trainer::save`] gave.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (sweep, at, machine, completed): (u64, usize, Vec<u8>, Option<Vec<u8>>) = decode(state)?;
        if let Some(last) = sweep.checked_sub(1) {
            self.set_order(last);
            self.renew(last);
        }
        match (&mut self.imputation, completed) {
            (Some(imputation), Some(state)) => imputation.restore(&mut self.data, &state)?,
            (None, None) => {}
            _ => return Err(Unfit),
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
        let machines = if let Machine::Real(machine) = &self.machine { machine.machines() } else { 1 };
        rbm.weights.len() * (2 * self.phases.batch + machines * self.phases.steps * self.phases.chains)
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
