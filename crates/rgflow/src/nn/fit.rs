//! A training with its evaluations and early stopping, update by update: what is left goes on to the same bytes.

use super::inputs::Set;
use super::trainer::{Batch, Trainer};
use super::training::{Data, Epoch, Stop, Trained, Training};
use super::{Mlp, NnError, Workspace};
use crate::learning::{EarlyStopping, LearningError, StoppingState};
use crate::random::Stream;
use crate::restart::{Resumable, Stopped, Unfit, complete_and_tell, decode, encode, steps_per_advance};
use std::ops::ControlFlow;

/// Rows of the training set whose cost is shown.
const SHOWN: usize = 5000;

/// A training on its way; see [`super::train`], which brings one to its end. Its work is counted in updates, and an
/// advance ends with each epoch.
pub struct Fit<'a> {
    trainer: Trainer<'a>,
    data: Data<'a>,
    test: Data<'a>,
    test_inputs: Set<'a>,
    training: Training,
    /// Updates of one advance.
    steps_per_advance: usize,
    /// The rows of the training set whose cost is shown, and how many.
    shown: Batch,
    count: usize,
    evaluation: Workspace,
    stopping: EarlyStopping<Mlp>,
    curve: Vec<Epoch>,
    /// Why the training has ended, once it has.
    stop: Option<Stop>,
}

impl<'a> Fit<'a> {
    /// Of `mlp` on `data`, evaluated on `test`, as for [`super::train`].
    ///
    /// # Errors
    /// Settings, shapes and costs that do not fit ([`NnError`]).
    pub fn new(mlp: Mlp, data: Data<'a>, test: Data<'a>, training: &Training, stream: Stream) -> Result<Self, NnError> {
        check(&mlp, test, training)?;
        let n = data.x.nrows();
        let trainer = Trainer::new(mlp, data, training, stream)?;
        let count = n.min(SHOWN);
        Ok(Self {
            steps_per_advance: steps_per_advance(trainer.operations()),
            shown: Batch::new(trainer.inputs(), data.targets, count),
            count,
            test_inputs: Set::of(test.x),
            evaluation: Workspace::new(trainer.mlp(), 1000.min(count.max(test.x.nrows()))),
            trainer,
            data,
            test,
            stopping: EarlyStopping::new(training.patience),
            curve: Vec::with_capacity(training.epochs.min(10_000)),
            training: training.clone(),
            stop: None,
        })
    }

    /// Costs of the epochs so far.
    pub fn curve(&self) -> &[Epoch] {
        &self.curve
    }

    /// Brings the training to its end; `progress` is called after each epoch.
    ///
    /// # Errors
    /// As [`Fit::finish`]; [`NnError::Stopped`] where `progress` breaks.
    pub fn complete(mut self, progress: &mut dyn FnMut(Epoch) -> ControlFlow<()>) -> Result<Trained, NnError> {
        complete_and_tell(&mut self, Fit::curve, progress)?;
        self.finish()
    }

    /// The trained network, its costs and how the training ended.
    ///
    /// # Errors
    /// [`NnError::Diverged`] if a cost was not finite or all were far above that of a guess, [`NnError::Stopped`] if
    /// there is more to do.
    pub fn finish(self) -> Result<Trained, NnError> {
        let stop = self.stop.ok_or(Stopped)?;
        let diverged = |sign| NnError::Diverged { sign, rate: self.training.descent.rate };
        let finite = |e: &&Epoch| e.test_cost.is_finite() && e.train_cost.is_finite();
        if let Some(bad) = self.curve.iter().find(|e| !finite(e)) {
            return Err(diverged(format!("the cost after epoch {} is not finite", bad.epoch)));
        }
        // A network that learns is better than chance on its training data sooner or later; one that costs twice as
        // much throughout has diverged.
        let least = self.curve.iter().map(|e| e.train_cost).fold(f64::INFINITY, f64::min);
        if let Some(guess) = self.training.cost.of_guess(self.trainer.mlp().n_out()).filter(|guess| least > 2.0 * guess)
        {
            return Err(diverged(format!("its least cost is {least:.1} nats, a guess costs {guess:.1}")));
        }
        match self.stopping.into_best() {
            Some((epoch, _, mlp)) => Ok(Trained { mlp, epoch, curve: self.curve, stop }),
            None => Err(diverged("no cost is finite".into())),
        }
    }

    /// The end of an epoch.
    fn evaluate(&mut self) {
        let (epoch, cost, mlp) = (self.curve.len() + 1, self.training.cost, self.trainer.mlp());
        let (n, count) = (self.data.x.nrows(), self.count);
        let chosen = (0..count).map(|i| i * n / count);
        let (inputs, targets) = self.shown.fill(self.trainer.inputs(), self.data.targets, chosen);
        let train_cost = mlp.cost_in(&mut self.evaluation, inputs, targets, cost);
        let test_cost = mlp.cost_in(&mut self.evaluation, self.test_inputs.all(), self.test.targets, cost);
        self.curve.push(Epoch { epoch, updates: self.trainer.updates(), train_cost, test_cost });
        let enough = self.stopping.observe(epoch, test_cost, mlp);
        let finite = test_cost.is_finite() && train_cost.is_finite();
        // A cost that is not finite is reported at the end.
        self.stop = match enough || !finite {
            true => Some(Stop::Patience),
            false => (epoch == self.training.epochs).then_some(Stop::Epochs),
        };
    }
}

type Parameters = Vec<(Vec<f32>, Vec<f32>)>;

/// The restart of a training: the state of its trainer, that of early stopping, costs, why it ended.
type State = (Vec<u8>, StoppingState<Parameters>, Vec<Epoch>, Option<Stop>);

impl Resumable for Fit<'_> {
    fn advance(&mut self) -> bool {
        let sweep = self.trainer.updates_per_sweep() as u64;
        for _ in 0..self.steps_per_advance {
            if self.stop.is_some() {
                return false;
            }
            self.trainer.update();
            if self.trainer.updates() == (self.curve.len() as u64 + 1) * sweep {
                self.evaluate();
                break;
            }
        }
        self.stop.is_none()
    }

    fn done(&self) -> u64 {
        self.trainer.updates()
    }

    fn save(&self) -> Vec<u8> {
        let stopping = self.stopping.state(Mlp::parameters);
        // As `State` says it, without copies.
        encode(&(self.trainer.save(), stopping, &self.curve, self.stop))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (trainer, stopping, curve, stop): State = decode(state)?;
        self.trainer.restore(&trainer)?;
        let mut mlp = self.trainer.mlp().clone();
        self.stopping.restore(stopping, |parameters| {
            mlp.set_parameters(&parameters)?;
            Ok(mlp)
        })?;
        (self.curve, self.stop) = (curve, stop);
        Ok(())
    }
}

fn check(mlp: &Mlp, test: Data, training: &Training) -> Result<(), NnError> {
    if training.epochs == 0 {
        return Err(LearningError::Setting { name: "epochs", value: 0.0, range: "at least 1" }.into());
    }
    mlp.check(test.x, test.targets, training.cost)?;
    if test.x.nrows() == 0 {
        return Err(NnError::Shape { what: "samples of the test set", expected: 1, found: 0 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::{Adam, Batching, Descent, Momentum, Regulariser, Rule, Sgd};
    use crate::nn::{Activation, Cost, Targets};
    use crate::random::Streams;
    use ndarray::Array2;

    /// Left after each of its updates and taken up in a new network, a training makes only the updates that are left
    /// and ends with the same bytes: inputs as bits and as numbers, classes and values, every rule and kind of batch,
    /// with and without early stopping.
    #[test]
    fn a_training_left_after_any_update_ends_with_the_same_bytes() {
        let mini = |repeats| Batching::Mini { size: 12, repeats };
        let batchings = [mini(false), mini(true), Batching::Full, Batching::Stochastic];
        let rules = [Rule::Sgd(Sgd), Rule::Momentum(Momentum::default()), Rule::Adam(Adam::default())];
        let regulariser = Regulariser { mu_w: 1e-2, max_norm: Some(1.5), ..Regulariser::default() };
        let classes: Vec<usize> = (0..30).map(|s| s % 3).collect();
        let values = Array2::from_shape_fn((30, 3), |(s, i)| if s % 3 == i { 0.9f32 } else { 0.2 });
        for grey in [1.0f32, 0.4] {
            let x = Array2::from_shape_fn((30, 7), |(s, i)| if (s * s + 3 * i) % 5 < 2 { grey } else { -1.0 });
            for ((k, rule), batching) in rules.into_iter().enumerate().flat_map(|r| batchings.map(|b| (r, b))) {
                let of_values = Targets::Values(values.view());
                let (targets, output, cost) = match k {
                    0 => (of_values, Activation::Sigmoid, Cost::CrossEntropy),
                    _ => (Targets::Classes(&classes), Activation::Softmax, Cost::CategoricalCrossEntropy),
                };
                let epochs = if batching == Batching::Stochastic { 2 } else { 10 };
                let descent = Descent { decay: 0.01, regulariser, ..Descent::new(rule, 0.3) };
                let training = Training { epochs, batching, descent, cost, patience: [0, 1][k % 2] };
                let data = Data { x: x.view().into(), targets };
                let fit = || {
                    let streams = Streams::new(3);
                    let mut init = streams.generator("test/init", 0);
                    let mlp = Mlp::random(&[7, 5, 3], Activation::Tanh, output, &mut init);
                    let mut fit = Fit::new(mlp, data, data, &training, streams.of("test")).unwrap();
                    fit.steps_per_advance = 1;
                    fit
                };
                let name = format!("{rule}, {batching}, grey {grey}");
                let (mut whole, mut saved) = (fit(), vec![fit().save()]);
                while whole.advance() {
                    saved.push(whole.save());
                }
                let end = whole.save();
                saved.push(end.clone());
                let all = whole.done();
                let whole = whole.finish().unwrap();
                for (update, state) in saved.iter().enumerate() {
                    let mut fit = fit();
                    fit.restore(state).unwrap();
                    let mut advances = 1;
                    while fit.advance() {
                        advances += 1;
                    }
                    assert_eq!(advances.max(2), (all - update as u64).max(2), "{name}: updates after {update}");
                    assert!(fit.save() == end, "{name}: left after {update}");
                    let trained = fit.finish().unwrap();
                    assert_eq!((trained.epoch, &trained.mlp), (whole.epoch, &whole.mlp), "{name}");
                    assert_eq!((trained.stop, &trained.curve), (whole.stop, &whole.curve), "{name}");
                }
                let mut fit = fit();
                assert_eq!(fit.restore(&end[..end.len() - 1]), Err(Unfit));
                assert_eq!(fit.finish().unwrap_err(), NnError::Stopped(Stopped));
            }
        }
    }
}
