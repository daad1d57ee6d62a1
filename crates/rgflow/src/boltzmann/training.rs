//! Learning: couplings and biases follow the difference of the clamped and the free moments (thesis eq. 2.4.11).

use super::{Boltzmann, BoltzmannError, Phases};
use crate::learning::{Descent, Optimiser};
use crate::random::{Generator, Stream};
use crate::restart::{Resumable, Stopped, Unfit, decode, demand, encode, put};
use ndarray::ArrayView2;
use std::ops::ControlFlow;

/// Size of a parameter beyond which a training has diverged: trained machines have about 1.
const DIVERGED: f32 = 1000.0;

/// How a machine is trained.
#[derive(Clone, Copy, Debug)]
pub struct Training {
    /// Number of updates, each from all samples.
    pub updates: usize,
    /// How the phases are evaluated.
    pub phases: Phases,
    /// Chains of the free phase, where it is sampled; at least 1.
    pub chains: usize,
    /// Optimiser, learning rate and its decay, regularisation.
    pub descent: Descent,
}

/// The machine along its training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Updates so far.
    pub update: usize,
    /// Largest difference of a clamped and a free moment: 0 where learning is done.
    pub largest_difference: f64,
}

/// Trains `machine` on `data`, shape (samples, n_visible), values -1 and +1. `progress` is called after each update.
/// The random stream is PURPOSE/phases.
///
/// # Errors
/// Settings and samples that cannot be; [`BoltzmannError::Diverged`] if a parameter ran away;
/// [`BoltzmannError::Stopped`] where `progress` breaks. The machine is then as it was.
///
/// ```
/// use std::ops::ControlFlow::Continue;
/// use ndarray::arr2;
/// use rgflow::boltzmann::{Boltzmann, Phases, Training, train};
/// use rgflow::learning::{Descent, Rule, Sgd};
/// use rgflow::random::Streams;
/// let streams = Streams::new(1);
/// let mut machine = Boltzmann::random(2, 1, 0.1, &mut streams.generator("example/init", 0))?;
/// let data = arr2(&[[1i8, 1], [-1, -1], [1, 1], [1, -1]]);
/// let descent = Descent::new(Rule::Sgd(Sgd), 0.2);
/// let training = Training { updates: 500, phases: Phases::Exact, chains: 1, descent };
/// train(&mut machine, data.view(), &training, streams.of("example"), &mut |_| Continue(()))?;
/// assert!((machine.ln_visible_law()?[0b11].exp() - 0.5).abs() < 0.02); // both up: two samples of four
/// # Ok::<(), rgflow::boltzmann::BoltzmannError>(())
/// ```
pub fn train(
    machine: &mut Boltzmann,
    data: ArrayView2<i8>,
    training: &Training,
    stream: Stream,
    progress: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> Result<(), BoltzmannError> {
    let mut fit = Fit::new(machine.clone(), data.view(), training, stream)?;
    loop {
        let more = fit.advance();
        if fit.failed.is_none() && fit.last.is_some_and(|step| progress(step).is_break()) {
            return Err(Stopped.into());
        }
        if !more {
            break;
        }
    }
    *machine = fit.finish()?;
    Ok(())
}

/// A training on its way; see [`train`], which brings one to its end. An advance is an update.
pub struct Fit<'a> {
    machine: Boltzmann,
    data: ArrayView2<'a, i8>,
    training: Training,
    random: Generator,
    couplings: Optimiser,
    biases: Optimiser,
    update: usize,
    /// The outcome of the last update.
    last: Option<Step>,
    failed: Option<BoltzmannError>,
}

impl<'a> Fit<'a> {
    /// Of `machine` on `data`, as for [`train`].
    ///
    /// # Errors
    /// Settings or samples that are not valid.
    pub fn new(
        machine: Boltzmann,
        data: ArrayView2<'a, i8>,
        training: &Training,
        stream: Stream,
    ) -> Result<Self, BoltzmannError> {
        machine.check(data)?;
        training.descent.check()?;
        Ok(Self {
            random: stream.streams.generator(&format!("{}/phases", stream.purpose), 0),
            couplings: training.descent.weights(machine.couplings.len()),
            biases: training.descent.biases(machine.biases.len()),
            machine,
            data,
            training: *training,
            update: 0,
            last: None,
            failed: None,
        })
    }

    /// The trained machine.
    ///
    /// # Errors
    /// Phases that cannot be; [`BoltzmannError::Diverged`] if a parameter ran away;
    /// [`BoltzmannError::Stopped`] if there is more to do.
    pub fn finish(self) -> Result<Boltzmann, BoltzmannError> {
        match self.failed {
            Some(error) => Err(error),
            None if self.update < self.training.updates => Err(Stopped.into()),
            None => Ok(self.machine),
        }
    }

    fn step(&mut self) -> Result<(), BoltzmannError> {
        let (machine, training) = (&mut self.machine, &self.training);
        let clamped = machine.clamped(training.phases, self.data, &mut self.random)?;
        let free = machine.free(training.phases, training.chains.max(1), &mut self.random)?;
        let difference = |free: &[f64], clamped: &[f64]| -> Vec<f32> {
            free.iter().zip(clamped).map(|(f, c)| (f - c) as f32).collect()
        };
        let pairs = difference(&free.pairs, &clamped.pairs);
        let units = difference(&free.units, &clamped.units);
        self.couplings.update(&mut machine.couplings, &pairs, 1.0);
        self.biases.update(&mut machine.biases, &units, 1.0);
        self.update += 1;
        // Units of {-1, +1} bound the gradient: that nothing wavers any more is the sign, as for restricted machines.
        if machine.couplings.iter().chain(&machine.biases).any(|p| !p.is_finite() || p.abs() > DIVERGED) {
            return Err(BoltzmannError::Diverged { update: self.update, rate: training.descent.rate });
        }
        let largest_difference = pairs.iter().chain(&units).fold(0.0f64, |a, d| a.max(f64::from(d.abs())));
        self.last = Some(Step { update: self.update, largest_difference });
        Ok(())
    }
}

impl Resumable for Fit<'_> {
    fn advance(&mut self) -> bool {
        if self.failed.is_none() && self.update < self.training.updates {
            self.failed = self.step().err();
        }
        self.failed.is_none() && self.update < self.training.updates
    }

    fn done(&self) -> u64 {
        self.update as u64
    }

    fn save(&self) -> Vec<u8> {
        let Self { machine, couplings, biases, .. } = self;
        let parameters = (&machine.couplings, &machine.biases);
        encode(&(self.update, &self.random, parameters, couplings.state(), biases.state(), self.failed.is_some()))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Saved = (usize, Generator, (Vec<f32>, Vec<f32>), (u64, Vec<f32>), (u64, Vec<f32>), bool);
        let (update, random, (w, b), couplings, biases, diverged): Saved = decode(state)?;
        demand(update <= self.training.updates)?;
        put(&mut self.machine.couplings, &w)?;
        put(&mut self.machine.biases, &b)?;
        self.couplings.restore(couplings.0, &couplings.1)?;
        self.biases.restore(biases.0, &biases.1)?;
        let rate = self.training.descent.rate;
        self.failed = diverged.then_some(BoltzmannError::Diverged { update, rate });
        (self.update, self.random) = (update, random);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::{Momentum, Rule, Sgd};
    use crate::random::Streams;
    use ndarray::Array2;
    use std::ops::ControlFlow::{Break, Continue};

    /// Exclusive or: the third visible unit is the product of the first two, which no couplings of visible units alone
    /// can say. With a hidden unit the exact likelihood of the data comes near its entropy, by exact and by sampled
    /// phases.
    #[test]
    fn hidden_units_learn_what_pairs_cannot() {
        let data = Array2::from_shape_vec((4, 3), vec![1i8, 1, 1, 1, -1, -1, -1, 1, -1, -1, -1, 1]).expect("4 x 3");
        let states = [0b111, 0b001, 0b010, 0b100];
        let likelihood = |machine: &Boltzmann| {
            let law = machine.ln_visible_law().expect("small");
            states.iter().map(|s| law[*s]).sum::<f64>() / 4.0
        };
        let learnt = |n_hidden: usize, phases: Phases, updates: usize| {
            let streams = Streams::new(1);
            let mut machine =
                Boltzmann::random(3, n_hidden, 0.5, &mut streams.generator("xor/init", 0)).expect("units");
            let descent = Descent::new(Rule::Sgd(Sgd), 0.2);
            let training = Training { updates, phases, chains: 200, descent };
            train(&mut machine, data.view(), &training, streams.of("xor"), &mut |_| Continue(())).expect("finite");
            likelihood(&machine)
        };
        let alone = learnt(0, Phases::Exact, 500);
        assert!((alone + 8.0f64.ln()).abs() < 1e-3, "without hidden units: all states alike, {alone}");
        let exact = learnt(2, Phases::Exact, 2000);
        assert!(exact > -(4.0f64.ln()) - 0.1, "{exact}");
        let sampled = learnt(2, Phases::Gibbs { burn_in: 10, sweeps: 20 }, 300);
        assert!(sampled > alone + 0.2, "{sampled}");
    }

    /// Parameters beyond 1000 end a training, though all are finite; one just below is let go on.
    #[test]
    fn a_training_that_ran_away_is_refused() {
        let data = Array2::from_shape_vec((2, 2), vec![1i8, 1, -1, -1]).expect("2 x 2");
        let streams = Streams::new(1);
        let run = |rate: f32| {
            let mut machine = Boltzmann::random(2, 0, 0.0, &mut streams.generator("away/init", 0)).expect("units");
            let descent = Descent::new(Rule::Sgd(Sgd), rate);
            let training = Training { updates: 3, phases: Phases::Exact, chains: 1, descent };
            train(&mut machine, data.view(), &training, streams.of("away"), &mut |_| Continue(())).map(|()| machine)
        };
        // From no couplings the first gradient is <s s'> = 1 of the data less 0.
        let error = run(1001.0).expect_err("beyond the bound");
        assert!(matches!(error, BoltzmannError::Diverged { update: 1, .. }), "{error}");
        assert!(error.to_string().contains("diverged"), "{error}");
        assert!(run(999.0).expect("within it").couplings.iter().all(|w| w.abs() <= 1000.0));
    }

    /// Left after any update and taken up by another, a training ends with the same bytes, by exact and by sampled
    /// phases.
    #[test]
    fn a_training_left_anywhere_ends_with_the_same_bytes() {
        let data = Array2::from_shape_vec((4, 3), vec![1i8, 1, 1, 1, -1, -1, -1, 1, -1, -1, -1, 1]).expect("4 x 3");
        let streams = Streams::new(1);
        for phases in [Phases::Exact, Phases::Gibbs { burn_in: 3, sweeps: 4 }] {
            let start = || Boltzmann::random(3, 2, 0.5, &mut streams.generator("left/init", 0)).expect("units");
            let descent = Descent::new(Rule::Momentum(Momentum::default()), 0.1);
            let training = Training { updates: 12, phases, chains: 5, descent };
            let mut whole = start();
            let mut seen = Vec::new();
            let mut progress = |step: Step| {
                seen.push(step.update);
                Continue(())
            };
            train(&mut whole, data.view(), &training, streams.of("left"), &mut progress).expect("finite");
            assert_eq!(seen, (1..=12).collect::<Vec<_>>());
            let mut half = start();
            let stop = &mut |step: Step| if step.update < 6 { Continue(()) } else { Break(()) };
            let stopped = train(&mut half, data.view(), &training, streams.of("left"), stop);
            assert_eq!((stopped, half), (Err(BoltzmannError::Stopped(Stopped)), start()));
            let fit = || Fit::new(start(), data.view(), &training, streams.of("left")).expect("valid");
            for leave in 0..=12 {
                let (mut first, mut second) = (fit(), fit());
                (0..leave).for_each(|_| {
                    first.advance();
                });
                second.restore(&first.save()).expect("of the same description");
                while second.advance() {}
                assert_eq!(second.finish().expect("finite"), whole, "left after {leave} updates");
                let end = if leave < 12 { Err(BoltzmannError::Stopped(Stopped)) } else { Ok(whole.clone()) };
                assert_eq!(first.finish(), end);
            }
        }
    }
}
