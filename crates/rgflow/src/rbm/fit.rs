//! A training with its evaluations, early stopping and snapshots, update by update: what is left goes on to the same bytes.

use super::divergence::{bound, runaway};
use super::training::{Metrics, Snapshot, Trained, Trainer, Training};
use super::{Rbm, RbmError, Samples};
use crate::learning::{EarlyStopping, StoppingState};
use crate::random::Streams;
use crate::restart::{Resumable, Stopped, Unfit, complete_and_tell, decode, encode, together};
use std::ops::ControlFlow;

/// A training on its way; see [`train`], which brings one to its end. Its work is counted in updates, and an advance ends at
/// each evaluation.
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
    together: usize,
    update: usize,
    stopping: EarlyStopping<Rbm>,
    metrics: Vec<Metrics>,
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
    /// Settings, shapes and data that cannot be.
    pub fn new(
        rbm: Rbm,
        data: impl Into<Samples<'a>>,
        test: impl Into<Samples<'a>>,
        training: &Training,
        streams: Streams,
        purpose: &str,
    ) -> Result<Self, RbmError> {
        let test = test.into();
        test.check(&rbm)?;
        let bound = bound(&rbm, test)?;
        let trainer = Trainer::new(rbm, data, training, streams, purpose)?;
        let mut snapshots = Vec::new();
        if training.snapshots.contains(&0) {
            snapshots.push(Snapshot { update: 0, rbm: trainer.rbm() });
        }
        // Nothing to do is done.
        let longest = training.snapshots.iter().copied().max().unwrap_or(0).max(training.updates);
        let chosen = (longest == 0).then(|| (0, trainer.rbm()));
        Ok(Self {
            together: together(trainer.operations()),
            trainer,
            test,
            shown: None,
            bound,
            training: training.clone(),
            longest,
            update: 0,
            stopping: EarlyStopping::new(training.patience),
            metrics: Vec::new(),
            snapshots,
            chosen,
            diverged: None,
        })
    }

    /// Also measures the reconstruction cost of the training samples `shown` at each evaluation; the training is the same.
    ///
    /// # Errors
    /// Samples that cannot be.
    pub fn with_training_cost(mut self, shown: impl Into<Samples<'a>>) -> Result<Self, RbmError> {
        let shown = shown.into();
        shown.check(&self.trainer.rbm())?;
        self.shown = Some(shown);
        Ok(self)
    }

    /// Evaluations so far.
    pub fn metrics(&self) -> &[Metrics] {
        &self.metrics
    }

    /// What the training gave.
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
        let (update, rbm) = (self.update, self.trainer.rbm());
        let now = Metrics {
            update,
            train_reconstruction: self.shown.map(|shown| rbm.reconstruction_cost(shown)),
            test_reconstruction: rbm.reconstruction_cost(self.test),
            weight_square: rbm.weights.iter().map(|w| (*w as f64).powi(2)).sum::<f64>() / rbm.weights.len() as f64,
        };
        if let Some(sign) = runaway(&rbm, now.test_reconstruction, self.bound) {
            self.diverged = Some((update, sign));
            return;
        }
        self.metrics.push(now);
        if self.chosen.is_none() {
            let stop = self.training.patience > 0 && self.stopping.observe(update, now.test_reconstruction, &rbm);
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

/// Weights and biases of a machine.
type Parameters = [Vec<f32>; 3];

/// What is kept of a training: updates and the state of its trainer, that of early stopping, evaluations, snapshots, the machine
/// to return, and whether it diverged.
type State = (
    (usize, Vec<u8>, StoppingState<Parameters>),
    Vec<Metrics>,
    Vec<(usize, Parameters)>,
    Option<(usize, Parameters)>,
    Option<(usize, String)>,
);

impl Resumable for Fit<'_> {
    fn advance(&mut self) -> bool {
        for _ in 0..self.together {
            if self.is_over() {
                return false;
            }
            self.trainer.update();
            self.update += 1;
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
        encode(&(trained, &self.metrics, snapshots, chosen, &self.diverged))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let ((update, trainer, stopping), metrics, snapshots, chosen, diverged): State = decode(state)?;
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

/// Trains `rbm` on `data` by CD-k or PCD-k: a [`Fit`] brought to its end.
///
/// `test`: of the same kind as `data`, or the values of its bits. The data is shuffled afresh each sweep. `progress` is called at
/// each evaluation. Random streams are "PURPOSE/gibbs" and "PURPOSE/shuffle".
///
/// # Errors
/// Settings, shapes and data that cannot be; [`RbmError::Diverged`] if the parameters run away;
/// [`RbmError::Stopped`] where `progress` breaks.
///
/// ```
/// use std::ops::ControlFlow::Continue;
/// use ndarray::Array2;
/// use rgflow::{learning::Batching, random::Streams, rbm::{Rbm, Training, train}};
/// let streams = Streams::new(1);
/// let data = Array2::from_shape_fn((200, 6), |(s, _)| if s % 2 == 0 { 1.0f32 } else { -1.0 });
/// let start = Rbm::random(6, 2, 0.01, &mut streams.generator("example/init", 0));
/// let batching = Batching::Mini { size: 20, repeats: false };
/// let training = Training { updates: 400, batching, ..Training::default() };
/// let trained = train(start, data.view(), data.view(), &training, streams, "example", &mut |_| Continue(()))?;
/// let cost = |m: usize| trained.metrics[m].test_reconstruction;
/// assert!(cost(3) < cost(0));
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub fn train<'a, 'b>(
    rbm: Rbm,
    data: impl Into<Samples<'a>>,
    test: impl Into<Samples<'b>>,
    training: &Training,
    streams: Streams,
    purpose: &str,
    progress: &mut dyn FnMut(Metrics) -> ControlFlow<()>,
) -> Result<Trained, RbmError> {
    let (data, test) = (data.into(), test.into());
    let mut fit = Fit::new(rbm, data.reborrow(), test.reborrow(), training, streams, purpose)?;
    complete_and_tell(&mut fit, Fit::metrics, progress)?;
    fit.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::{Adam, Batching, Descent, Momentum, Regulariser, Rule, Sgd};
    use crate::rbm::Units;
    use ndarray::Array2;

    /// Left after each of its updates and taken up in a new machine, a training makes only the updates that are left and ends with the
    /// same bytes: for small machines of bits, large ones, real data and Gaussian units, every rule, CD and PCD, every kind of batch,
    /// with early stopping and with snapshots before and after the end.
    #[test]
    fn a_training_left_after_any_update_ends_with_the_same_bytes() {
        let mini = |repeats| Batching::Mini { size: 12, repeats };
        let regulariser = Regulariser { lambda_w: 1e-3, mu_w: 1e-2, max_norm: Some(0.4), ..Regulariser::default() };
        let rules = [Rule::Sgd(Sgd), Rule::Momentum(Momentum::default()), Rule::Adam(Adam::default())];
        let gaussian = || "gaussian:0.7".parse::<Units>().unwrap();
        let kinds = [
            (6, 3, [Units::SPIN, Units::BINARY], false),
            (19, 18, [Units::BINARY, Units::SPIN], false),
            (9, 5, [Units::SPIN, Units::SPIN], true),
            (9, 5, [gaussian(), Units::SPIN], true),
            (7, 4, [Units::SPIN, gaussian()], false),
        ];
        for (n, m, [visible, hidden], real) in kinds {
            let low = visible.levels().map_or(-1.0, |l| l.low());
            let value = |(s, i): (usize, usize)| match (s * s + 5 * i) % 7 {
                2 if real => 0.5,
                k => f32::from(if k < 3 { 1i8 } else { low as i8 }),
            };
            let data = Array2::from_shape_fn((40, n), value);
            let start = Rbm::random(n, m, 0.1, &mut Streams::new(1).generator("test/init", 0));
            let start = start.with_units(visible.clone(), hidden.clone()).unwrap();
            for (k, (rule, persistent)) in
                rules.iter().flat_map(|rule| [false, true].map(|persistent| (rule, persistent))).enumerate()
            {
                let batching = [mini(false), mini(true), Batching::Full, Batching::Stochastic][k % 4];
                let training = Training {
                    updates: 25,
                    batching,
                    descent: Descent { decay: 0.01, regulariser, ..Descent::new(*rule, 0.05) },
                    cd_steps: 1 + k % 2,
                    persistent,
                    evaluate_every: 4,
                    patience: [0, 1, 3][k % 3],
                    snapshots: vec![0, 6, 30],
                };
                let fit = || {
                    let streams = Streams::new(3);
                    let mut fit =
                        Fit::new(start.clone(), data.view(), data.view(), &training, streams, "test").unwrap();
                    fit.together = 1;
                    fit
                };
                let name = format!("{n} {visible}, {m} {hidden}, {rule}, {batching}, persistent {persistent}");
                let (mut whole, mut saved) = (fit(), vec![fit().save()]);
                while whole.advance() {
                    saved.push(whole.save());
                }
                let end = whole.save();
                saved.push(end.clone());
                assert!(saved.len() == 31 && saved.windows(2).all(|pair| pair[0] != pair[1]), "{name}");
                let whole = whole.finish().unwrap();
                assert_eq!(whole.snapshots.iter().map(|s| s.update).collect::<Vec<_>>(), [0, 6, 30]);
                for (update, state) in saved.iter().enumerate() {
                    let mut fit = fit();
                    fit.restore(state).unwrap();
                    let mut advances = 0;
                    while fit.advance() {
                        advances += 1;
                    }
                    assert_eq!(advances, 29usize.saturating_sub(update), "{name}: updates after {update}");
                    assert!(fit.save() == end, "{name}: left after {update}");
                    let trained = fit.finish().unwrap();
                    assert_eq!((trained.update, &trained.rbm), (whole.update, &whole.rbm), "{name}");
                    assert_eq!(trained.metrics, whole.metrics, "{name}");
                    assert!(trained.snapshots.iter().zip(&whole.snapshots).all(|(a, b)| a.rbm == b.rbm), "{name}");
                }
                let unfinished = {
                    let mut fit = fit();
                    fit.advance();
                    fit.finish()
                };
                assert_eq!(unfinished.unwrap_err(), RbmError::Stopped(Stopped));
                // Not a state: cut, or of another machine.
                assert_eq!(fit().restore(&end[..end.len() - 1]), Err(Unfit));
                let other = Rbm::random(n + 1, m, 0.1, &mut Streams::new(1).generator("test/init", 0));
                let other = other.with_units(visible.clone(), hidden.clone()).unwrap();
                let wider = Array2::from_shape_fn((40, n + 1), value);
                let mut other =
                    Fit::new(other, wider.view(), wider.view(), &training, Streams::new(3), "test").unwrap();
                assert_eq!(other.restore(&end), Err(Unfit), "{name}");
            }
        }
    }

    /// A training that ran away is one that ran away, wherever it was taken up.
    #[test]
    fn a_diverged_training_stays_diverged() {
        let data = Array2::from_shape_fn((40, 6), |(s, i)| if (s + i) % 3 == 0 { 1.0f32 } else { -1.0 });
        let start = Rbm::random(6, 3, 0.1, &mut Streams::new(1).generator("test/init", 0));
        let training = Training {
            updates: 20,
            descent: Descent::new(Rule::Sgd(Sgd), 1e4),
            evaluate_every: 5,
            ..Training::default()
        };
        let fit = || Fit::new(start.clone(), data.view(), data.view(), &training, Streams::new(3), "test").unwrap();
        let mut first = fit();
        while first.advance() {}
        let mut second = fit();
        second.restore(&first.save()).unwrap();
        assert!(!second.advance());
        let error = second.finish().unwrap_err();
        assert!(matches!(error, RbmError::Diverged { update: 5, .. }), "{error}");
        assert_eq!(error, first.finish().unwrap_err());
    }

    /// Gaussian units do not bound the gradient: their training runs away by finite costs first, and is stopped there. Data far from 0
    /// is no sign.
    #[test]
    fn gaussian_units_that_ran_away_are_seen_while_costs_are_finite() {
        for (visible, hidden) in [("gaussian", "binary"), ("gaussian", "gaussian"), ("spin", "gaussian")] {
            let (visible, hidden) = (visible.parse::<Units>().unwrap(), hidden.parse::<Units>().unwrap());
            let offset = if visible.levels().is_some() { 0.0 } else { 1000.0 };
            let data = Array2::from_shape_fn((40, 6), |(s, i)| offset + if (s + i) % 3 == 0 { 1.0f32 } else { -1.0 });
            let start = Rbm::random(6, 3, 0.1, &mut Streams::new(1).generator("test/init", 0));
            let mut start = start.with_units(visible.clone(), hidden.clone()).unwrap();
            start.fit_visible_bias(data.view()).unwrap();
            let run = |rate: f32| {
                let descent = Descent::new(Rule::Sgd(Sgd), rate);
                let training = Training { updates: 8, descent, evaluate_every: 1, ..Training::default() };
                let mut fit =
                    Fit::new(start.clone(), data.view(), data.view(), &training, Streams::new(3), "test").unwrap();
                while fit.advance() {}
                fit.finish().map(|trained| trained.rbm.is_finite()).map_err(|e| e.to_string())
            };
            let error = run(1e8).unwrap_err();
            let sign = if visible.levels().is_some() { "weights of size" } else { "reconstruction cost of" };
            assert!(error.contains("diverged") && error.contains(sign), "{visible}, {hidden}: {error}");
            assert_eq!(run(1e-7), Ok(true), "{visible}, {hidden}");
        }
    }

    /// The cost of training samples is measured where it is asked for, and changes nothing.
    #[test]
    fn the_training_cost_is_only_measured() {
        let data = Array2::from_shape_fn((40, 6), |(s, i)| if (s * s + i) % 3 == 0 { 1.0f32 } else { -1.0 });
        let start = Rbm::random(6, 3, 0.1, &mut Streams::new(1).generator("test/init", 0));
        let training = Training { updates: 20, evaluate_every: 5, ..Training::default() };
        let fit = || Fit::new(start.clone(), data.view(), data.view(), &training, Streams::new(3), "test").unwrap();
        let (mut plain, mut shown) = (fit(), fit().with_training_cost(data.view()).unwrap());
        while plain.advance() {}
        while shown.advance() {}
        let (plain, shown) = (plain.finish().unwrap(), shown.finish().unwrap());
        assert_eq!(plain.rbm, shown.rbm);
        for (a, b) in plain.metrics.iter().zip(&shown.metrics) {
            assert_eq!((a.train_reconstruction, a.test_reconstruction), (None, b.test_reconstruction));
            assert_eq!(b.train_reconstruction, Some(b.test_reconstruction), "the test set is the training set");
        }
    }
}
