//! A training with its evaluations, early stopping and snapshots, update by update: what is left goes on to the same
//! bytes.

use super::divergence::{bound, runaway};
use super::training::{FreshSamples, Metrics, Snapshot, Trained, Trainer};
use super::{Rbm, RbmError, Samples, StopOn, Training};
use crate::learning::{EarlyStopping, StoppingState};
use crate::random::{Bulk, Stream};
use crate::restart::{Resumable, Stopped, Unfit, complete_and_tell, decode, encode, steps_per_advance};
use ndarray::ArrayView2;
use std::ops::ControlFlow;

/// A training on its way; see [`train`], which brings one to its end. Its work is counted in updates, and an advance
/// ends at each evaluation.
pub struct Fit<'a> {
    trainer: Trainer<'a>,
    test: Samples<'a>,
    /// Training samples whose cost is measured too.
    shown: Option<Samples<'a>>,
    /// Reconstruction cost of Gaussian units by 0 and half their variance: what no machine that learns exceeds by far.
    bound: Option<f64>,
    training: Training,
    /// Updates of the machine and of the snapshots, and of one advance.
    longest: usize,
    steps_per_advance: usize,
    update: usize,
    stopping: EarlyStopping<Rbm>,
    metrics: Vec<Metrics>,
    /// Updates between two measurements of ln p of the test set; 0 = none.
    likelihood_every: usize,
    average: TailAverage,
    snapshots: Vec<Snapshot>,
    /// The machine to return, once it is known.
    chosen: Option<(usize, Rbm)>,
    /// Update after which the training was seen to have diverged, and how.
    diverged: Option<(usize, String)>,
}

impl<'a> Fit<'a> {
    /// Of `rbm` on `data`, evaluated on `test`, as for [`train`].
    ///
    /// # Errors
    /// [`RbmError`] that names the setting, shape or sample which is not valid.
    pub fn new(
        rbm: Rbm,
        data: impl Into<Samples<'a>>,
        test: impl Into<Samples<'a>>,
        training: &Training,
        stream: Stream,
    ) -> Result<Self, RbmError> {
        let test = test.into();
        test.check(&rbm)?;
        let bound = bound(&rbm, test)?;
        if training.patience > 0 {
            cost(&rbm, test.rows(rbm.n_visible(), 0..1), training.stop_on)?;
        }
        let trainer = Trainer::new(rbm, data, training, stream)?;
        let mut snapshots = Vec::new();
        if training.snapshots.contains(&0) {
            snapshots.push(Snapshot { update: 0, rbm: trainer.rbm() });
        }
        // Nothing to do is done.
        let longest = training.snapshots.iter().copied().max().unwrap_or(0).max(training.updates);
        let chosen = (longest == 0).then(|| (0, trainer.rbm()));
        Ok(Self {
            steps_per_advance: steps_per_advance(trainer.operations()),
            trainer,
            test,
            shown: None,
            bound,
            training: training.clone(),
            longest,
            update: 0,
            stopping: EarlyStopping::new(training.patience),
            metrics: Vec::new(),
            likelihood_every: 0,
            average: TailAverage::of(training),
            snapshots,
            chosen,
            diverged: None,
        })
    }

    /// Also measures the reconstruction cost of the training samples `shown` at each evaluation; the training is the
    /// same.
    ///
    /// # Errors
    /// [`RbmError`] that names the sample or shape which is not valid.
    pub fn with_training_cost(mut self, shown: impl Into<Samples<'a>>) -> Result<Self, RbmError> {
        let shown = shown.into();
        shown.check(&self.trainer.rbm())?;
        self.shown = Some(shown);
        Ok(self)
    }

    /// Of weighted training samples, before any update; evaluations are without weights. See [`Trainer::with_weights`].
    ///
    /// # Errors
    /// As [`Trainer::with_weights`].
    pub fn with_weights(mut self, weights: &[f64]) -> Result<Self, RbmError> {
        self.trainer = self.trainer.with_weights(weights)?;
        Ok(self)
    }

    /// Trains on new samples in each pass ([`Trainer::with_fresh_samples`]); costs of training samples are still of
    /// those given.
    ///
    /// # Errors
    /// As [`Trainer::with_fresh_samples`].
    pub fn with_fresh_samples(mut self, samples: FreshSamples<'a>) -> Result<Self, RbmError> {
        self.trainer = self.trainer.with_fresh_samples(samples)?;
        Ok(self)
    }

    /// Of training samples some of whose values are unknown, before any update; evaluations take them as they are. See
    /// [`Trainer::with_unknown`].
    ///
    /// # Errors
    /// As [`Trainer::with_unknown`].
    pub fn with_unknown(mut self, unknown: ArrayView2<bool>, random: Bulk) -> Result<Self, RbmError> {
        self.trainer = self.trainer.with_unknown(unknown, random)?;
        Ok(self)
    }

    /// Also measures ln p of the test set at the evaluations at multiples of `every` updates and at the end, where ln Z
    /// can be enumerated ([`Rbm::ln_z`]); the training is the same.
    pub fn with_likelihood(mut self, every: usize) -> Self {
        self.likelihood_every = every;
        self
    }

    /// Evaluations so far.
    pub fn metrics(&self) -> &[Metrics] {
        &self.metrics
    }

    /// Brings the training to its end; `progress` is called at each evaluation.
    ///
    /// # Errors
    /// As [`Fit::finish`]; [`RbmError::Stopped`] where `progress` breaks.
    pub fn complete(mut self, progress: &mut dyn FnMut(Metrics) -> ControlFlow<()>) -> Result<Trained, RbmError> {
        complete_and_tell(&mut self, Fit::metrics, progress)?;
        self.finish()
    }

    /// The trained machine, its evaluations and how the training ended.
    ///
    /// # Errors
    /// [`RbmError::Diverged`] if the parameters ran away, [`RbmError::Stopped`] if there is more to do.
    pub fn finish(self) -> Result<Trained, RbmError> {
        if let Some((update, sign)) = self.diverged {
            return Err(RbmError::Diverged { update, sign, learning_rate: self.training.descent.rate });
        }
        if !self.is_over() {
            return Err(Stopped.into());
        }
        let (update, rbm) = self.chosen.unwrap_or_else(|| (0, self.trainer.rbm()));
        Ok(Trained { rbm, update, metrics: self.metrics, snapshots: self.snapshots })
    }

    /// The machine of a training that is given up, after the updates so far, with its evaluations.
    pub fn so_far(self) -> Trained {
        let (update, rbm) = self.chosen.unwrap_or_else(|| (self.update, self.trainer.rbm()));
        Trained { rbm, update, metrics: self.metrics, snapshots: self.snapshots }
    }

    fn is_over(&self) -> bool {
        // A training that has its machine and snapshots ends with an evaluation.
        let has_all = self.chosen.is_some() && self.training.snapshots.iter().all(|s| *s <= self.update);
        self.diverged.is_some() || (has_all && self.is_evaluated()) || self.update >= self.longest
    }

    fn is_evaluated(&self) -> bool {
        self.update.is_multiple_of(self.training.evaluate_every)
            || self.update == self.training.updates
            || self.update == self.longest
    }

    fn evaluate(&mut self) {
        let update = self.update;
        let rbm = match self.average.machine(&self.trainer) {
            Some(average) if update == self.training.updates => average,
            _ => self.trainer.rbm(),
        };
        let due = self.likelihood_every > 0
            && (update.is_multiple_of(self.likelihood_every) || update == self.training.updates);
        let likelihood = || Some(rbm.log_likelihood(self.test.values(&rbm).view(), rbm.ln_z().ok()?).value);
        let now = Metrics {
            update,
            train_reconstruction: self.shown.map(|shown| rbm.reconstruction_cost(shown)),
            test_reconstruction: rbm.reconstruction_cost(self.test),
            weight_square: rbm.weights.iter().map(|w| (*w as f64).powi(2)).sum::<f64>() / rbm.weights.len() as f64,
            log_likelihood: if due { likelihood() } else { None },
        };
        if let Some(sign) = runaway(&rbm, now.test_reconstruction, self.bound) {
            self.diverged = Some((update, sign));
            return;
        }
        self.metrics.push(now);
        if self.chosen.is_none() {
            let stop = self.training.patience > 0
                && match self.training.stop_on {
                    StopOn::Reconstruction => self.stopping.observe(update, now.test_reconstruction, &rbm),
                    // Parameters that are not finite were seen above: what could be measured at first can be now.
                    on => cost(&rbm, self.test, on).is_ok_and(|cost| self.stopping.observe(update, cost, &rbm)),
                };
            if stop || update == self.training.updates {
                let stopping = std::mem::replace(&mut self.stopping, EarlyStopping::new(0));
                self.chosen = Some(match stopping.into_best() {
                    Some((update, _, best)) => (update, best),
                    None => (update, rbm),
                });
            }
        }
    }
}

/// Cost that early stopping minimises.
fn cost(rbm: &Rbm, test: Samples, on: StopOn) -> Result<f64, RbmError> {
    Ok(match on {
        StopOn::Reconstruction => rbm.reconstruction_cost(test),
        StopOn::PseudoLikelihood => -rbm.pseudo_likelihood(test.values(rbm).view())?.total.value,
        StopOn::LogLikelihood => -rbm.log_likelihood(test.values(rbm).view(), rbm.ln_z()?).value,
    })
}

/// Weights and biases of a machine.
type Parameters = [Vec<f32>; 3];

/// The restart of a training: updates and the state of its trainer, that of early stopping, tail average, evaluations,
/// snapshots, the machine to return, and whether it diverged.
type State = (
    (usize, Vec<u8>, StoppingState<Parameters>),
    (u64, Vec<f64>),
    Vec<Metrics>,
    Vec<(usize, Parameters)>,
    Option<(usize, Parameters)>,
    Option<(usize, String)>,
);

impl Resumable for Fit<'_> {
    fn advance(&mut self) -> bool {
        for _ in 0..self.steps_per_advance {
            if self.is_over() {
                return false;
            }
            self.trainer.update();
            self.update += 1;
            self.average.observe(self.update, &self.trainer);
            if self.training.snapshots.contains(&self.update) {
                self.snapshots.push(Snapshot { update: self.update, rbm: self.trainer.rbm() });
            }
            if self.is_evaluated() {
                self.evaluate();
                break;
            }
        }
        !self.is_over()
    }

    fn done(&self) -> u64 {
        self.update as u64
    }

    fn save(&self) -> Vec<u8> {
        // As `State` says it, without copies.
        let trained = (self.update, self.trainer.save(), self.stopping.state(Rbm::parameters));
        let snapshots: Vec<_> = self.snapshots.iter().map(|s| (s.update, s.rbm.parameters())).collect();
        let chosen = self.chosen.as_ref().map(|(update, rbm)| (*update, rbm.parameters()));
        let average = (self.average.machines, &self.average.sums);
        encode(&(trained, average, &self.metrics, snapshots, chosen, &self.diverged))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let ((update, trainer, stopping), average, metrics, snapshots, chosen, diverged): State = decode(state)?;
        (self.average.machines, self.average.sums) = average;
        self.trainer.restore(&trainer)?;
        let like = self.trainer.rbm();
        let machine = |parameters| like.with_parameters(parameters);
        self.stopping.restore(stopping, machine)?;
        let snapshot = |(update, parameters)| Ok(Snapshot { update, rbm: machine(parameters)? });
        self.snapshots = snapshots.into_iter().map(snapshot).collect::<Result<_, Unfit>>()?;
        self.chosen = chosen.map(|(update, parameters)| Ok((update, machine(parameters)?))).transpose()?;
        (self.update, self.metrics, self.diverged) = (update, metrics, diverged);
        Ok(())
    }
}

/// Sum of the parameters of the last machines of a training.
struct TailAverage {
    /// Update after which the first is taken, updates between two, and the last update.
    after: usize,
    every: usize,
    last: usize,
    machines: u64,
    sums: Vec<f64>,
}

impl TailAverage {
    fn of(training: &Training) -> Self {
        let last = training.updates;
        let tail = (training.tail_average * last as f64).round() as usize;
        Self { after: last - tail, every: tail.div_ceil(1000).max(1), last, machines: 0, sums: Vec::new() }
    }

    /// Takes the machine after `update` updates in, if it is its turn.
    fn observe(&mut self, update: usize, trainer: &Trainer) {
        if update <= self.after || update > self.last || !(self.last - update).is_multiple_of(self.every) {
            return;
        }
        let rbm = trainer.rbm();
        let parameters = rbm.parameters();
        self.sums.resize(parameters.iter().map(|part| part.len()).sum(), 0.0);
        self.sums.iter_mut().zip(parameters.into_iter().flatten()).for_each(|(sum, p)| *sum += f64::from(*p));
        self.machines += 1;
    }

    /// The machine of the mean parameters, if any were taken in.
    fn machine(&self, trainer: &Trainer) -> Option<Rbm> {
        let like = (self.machines > 0).then(|| trainer.rbm())?;
        let mut means = self.sums.iter().map(|sum| (sum / self.machines as f64) as f32);
        let parameters = like.parameters().map(|part| means.by_ref().take(part.len()).collect());
        like.with_parameters(parameters).ok()
    }
}

/// Trains `rbm` on `data`: a [`Fit`] brought to its end.
///
/// `test`: of the same kind as `data`, or the values of its bits. The data is shuffled afresh each sweep. To watch
/// it, make a [`Fit`] and [`Fit::complete`] it. Random streams are "PURPOSE/gibbs" and "PURPOSE/shuffle".
///
/// # Errors
/// [`RbmError`] that names the setting, shape or sample which is not valid; [`RbmError::Diverged`] if the parameters
/// run away.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{learning::Batching, random::Streams, rbm::{Rbm, Training, train}};
/// let streams = Streams::new(1);
/// let data = Array2::from_shape_fn((200, 6), |(s, _)| if s % 2 == 0 { 1.0f32 } else { -1.0 });
/// let start = Rbm::random(6, 2, 0.01, &mut streams.generator("example/init", 0));
/// let batching = Batching::Mini { size: 20, repeats: false };
/// let training = Training { updates: 400, batching, ..Training::default() };
/// let trained = train(start, data.view(), data.view(), &training, streams.of("example"))?;
/// let cost = |m: usize| trained.metrics[m].test_reconstruction;
/// assert!(cost(3) < cost(0));
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub fn train<'a, 'b>(
    rbm: Rbm,
    data: impl Into<Samples<'a>>,
    test: impl Into<Samples<'b>>,
    training: &Training,
    stream: Stream,
) -> Result<Trained, RbmError> {
    let (data, test) = (data.into(), test.into());
    Fit::new(rbm, data.reborrow(), test.reborrow(), training, stream)?.complete(&mut |_| ControlFlow::Continue(()))
}

#[cfg(test)]
mod tests;
