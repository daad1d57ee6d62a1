//! A training by exact gradients, update by update: what is left goes on to the same bytes.

use super::divergence::stuck;
use super::{ExactStep, ExactTraining, Rbm, RbmError};
use crate::learning::Optimiser;
use crate::restart::{Resumable, Stopped, Unfit, decode, demand, encode, steps_per_advance};

/// A training on its way; see [`super::train_exactly`], which brings one to its end. Its work is counted in updates,
/// and an advance ends at each record.
pub struct ExactFit<'a> {
    rbm: Rbm,
    q: &'a [f64],
    training: ExactTraining,
    /// Of the weights, the visible and the hidden biases.
    optimisers: [Optimiser; 3],
    update: usize,
    steps: Vec<ExactStep>,
    failed: Option<RbmError>,
    steps_per_advance: usize,
}

impl<'a> ExactFit<'a> {
    /// Of `rbm` towards the law `q`.
    ///
    /// # Errors
    /// [`RbmError::Learning`] that names the setting which is out of range.
    pub fn new(rbm: Rbm, q: &'a [f64], training: &ExactTraining) -> Result<Self, RbmError> {
        let descent = training.descent;
        descent.check()?;
        let (n, m) = rbm.weights.dim();
        Ok(Self {
            optimisers: [descent.weights(n * m), descent.biases(n), descent.biases(m)],
            // Exponentials and logarithms, for each state and hidden unit.
            steps_per_advance: steps_per_advance(q.len().saturating_mul(100 * m)),
            rbm,
            q,
            training: training.clone(),
            update: 0,
            steps: Vec::new(),
            failed: None,
        })
    }

    /// Records so far.
    pub fn steps(&self) -> &[ExactStep] {
        &self.steps
    }

    /// The trained machine and the records.
    ///
    /// # Errors
    /// As [`Rbm::exact_gradient`]; [`RbmError::Diverged`]; [`RbmError::Stopped`] if there is more to do.
    pub fn finish(self) -> Result<(Rbm, Vec<ExactStep>), RbmError> {
        let over = self.is_over();
        match self.failed {
            Some(error) => Err(error),
            None if !over => Err(Stopped.into()),
            None => Ok((self.rbm, self.steps)),
        }
    }

    fn is_recorded(&self) -> bool {
        self.steps.last().is_some_and(|step| step.update == self.update)
    }

    fn is_over(&self) -> bool {
        self.failed.is_some() || (self.update == self.training.updates && self.is_recorded())
    }

    /// A record where one is due, else an update.
    fn step(&mut self) -> Result<(), RbmError> {
        let update = self.update;
        let infinite = (!self.rbm.is_finite()).then(|| "a parameter is not finite".into());
        if let Some(sign) = infinite.or_else(|| stuck(&self.rbm)) {
            return Err(RbmError::Diverged { update, sign, learning_rate: self.training.descent.rate });
        }
        let (divergences, gradient) = self.rbm.exact_gradient(self.q, self.training.objective)?;
        let due = update.is_multiple_of(self.training.record_every.max(1)) || update == self.training.updates;
        if due && !self.is_recorded() {
            self.steps.push(ExactStep { update, divergences });
            return Ok(());
        }
        let [weights, visible, hidden] = &mut self.optimisers;
        let rbm = &mut self.rbm;
        let narrow = |x: &[f64]| x.iter().map(|x| *x as f32).collect::<Vec<f32>>();
        let parts = [&gradient.weights, &gradient.visible_bias, &gradient.hidden_bias];
        let scale = self.training.descent.clipping(parts.into_iter().flatten().map(|g| g * g).sum());
        weights.update(rbm.weights.as_slice_mut().expect("standard layout"), &narrow(&gradient.weights), scale);
        visible.update(rbm.visible_bias.as_slice_mut().expect("contiguous"), &narrow(&gradient.visible_bias), scale);
        hidden.update(rbm.hidden_bias.as_slice_mut().expect("contiguous"), &narrow(&gradient.hidden_bias), scale);
        self.update += 1;
        Ok(())
    }
}

impl Resumable for ExactFit<'_> {
    fn advance(&mut self) -> bool {
        for _ in 0..self.steps_per_advance {
            if self.is_over() {
                return false;
            }
            self.failed = self.step().err();
            if self.is_recorded() {
                break;
            }
        }
        !self.is_over()
    }

    fn done(&self) -> u64 {
        self.update as u64
    }

    fn save(&self) -> Vec<u8> {
        // A failure comes again.
        encode(&(self.update, self.rbm.parameters(), self.optimisers.each_ref().map(Optimiser::state), &self.steps))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Saved = (usize, [Vec<f32>; 3], [(u64, Vec<f32>); 3], Vec<ExactStep>);
        let (update, parameters, optimisers, steps): Saved = decode(state)?;
        demand(update <= self.training.updates)?;
        self.rbm = self.rbm.with_parameters(parameters)?;
        self.optimisers.iter_mut().zip(optimisers).try_for_each(|(to, state)| to.restore(state.0, &state.1))?;
        (self.update, self.steps) = (update, steps);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::{Adam, Descent, Regulariser, Rule, Sgd};
    use crate::random::Streams;
    use crate::rbm::{Objective, train_exactly};
    use std::ops::ControlFlow::{Break, Continue};

    /// Left after any step and taken up by another, a training ends with the same bytes, and one that diverges does so
    /// again.
    #[test]
    fn an_exact_training_left_anywhere_ends_with_the_same_bytes() {
        let q: Vec<f64> = (0..8).map(|s| f64::from(s + 1) / 36.0).collect();
        let start = || Rbm::random(3, 2, 0.1, &mut Streams::new(1).generator("test/init", 0));
        let regulariser = Regulariser { mu_w: 1e-3, ..Regulariser::default() };
        for (objective, rule) in [
            (Objective::Kl, Rule::Sgd(Sgd)),
            (Objective::ReverseKl, Rule::Adam(Adam::default())),
            (Objective::JensenShannon, Rule::Adam(Adam::default())),
        ] {
            let descent = Descent { regulariser, decay: 0.01, ..Descent::new(rule, 0.2) };
            let training = ExactTraining { objective, updates: 25, descent, record_every: 7 };
            let whole = train_exactly(start(), &q, &training, &mut |_| Continue(())).unwrap();
            assert_eq!(whole.1.iter().map(|s| s.update).collect::<Vec<_>>(), [0, 7, 14, 21, 25]);
            for leave in 0..=30 {
                let mut first = ExactFit::new(start(), &q, &training).unwrap();
                first.steps_per_advance = 1;
                (0..leave).for_each(|_| {
                    first.advance();
                });
                let mut second = ExactFit::new(start(), &q, &training).unwrap();
                second.restore(&first.save()).unwrap();
                while second.advance() {}
                assert!(second.finish().unwrap() == whole, "{objective}, left after {leave} steps");
                // 25 updates and a record before each sixth and after the last.
                assert_eq!(
                    first.finish(),
                    if leave < 30 { Err(RbmError::Stopped(Stopped)) } else { Ok(whole.clone()) }
                );
            }
            let stop = &mut |step: ExactStep| if step.update < 14 { Continue(()) } else { Break(()) };
            assert_eq!(train_exactly(start(), &q, &training, stop), Err(RbmError::Stopped(Stopped)));
        }
        for rate in [f32::MAX, 1e6] {
            let descent = Descent::new(Rule::Sgd(Sgd), rate);
            let training = ExactTraining { objective: Objective::Kl, updates: 50, descent, record_every: 50 };
            let mut first = ExactFit::new(start(), &q, &training).unwrap();
            while first.advance() {}
            let mut second = ExactFit::new(start(), &q, &training).unwrap();
            second.restore(&first.save()).unwrap();
            while second.advance() {}
            let diverged = first.finish().unwrap_err();
            assert!(
                matches!(&diverged, RbmError::Diverged { sign: seen, .. } if seen.contains("weights of size")),
                "{diverged}"
            );
            assert_eq!(second.finish().unwrap_err(), diverged);
        }
    }
}
