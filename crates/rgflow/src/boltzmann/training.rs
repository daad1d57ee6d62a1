//! Learning: couplings and biases follow the difference of the clamped and the free moments (thesis eq. 2.4.11).

use super::{Boltzmann, BoltzmannError, Phases};
use crate::learning::Descent;
use crate::random::Streams;
use ndarray::ArrayView2;

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

/// Trains `machine` on `data`, shape (samples, n_visible), values -1 and +1. `progress` is called after each update; `false` stops.
///
/// # Errors
/// Settings and samples that cannot be; [`BoltzmannError::Diverged`] if a parameter is no longer finite.
///
/// ```
/// use ndarray::arr2;
/// use rgflow::boltzmann::{Boltzmann, Phases, Training, train};
/// use rgflow::learning::{Descent, Rule, Sgd};
/// use rgflow::random::Streams;
/// let streams = Streams::new(1);
/// let mut machine = Boltzmann::random(2, 1, 0.1, &mut streams.generator("example/init", 0))?;
/// let data = arr2(&[[1i8, 1], [-1, -1], [1, 1], [1, -1]]);
/// let descent = Descent::new(Rule::Sgd(Sgd), 0.2);
/// let training = Training { updates: 500, phases: Phases::Exact, chains: 1, descent };
/// train(&mut machine, data.view(), &training, streams, "example", &mut |_| true)?;
/// assert!((machine.ln_visible_law()?[0b11].exp() - 0.5).abs() < 0.02); // both up: two samples of four
/// # Ok::<(), rgflow::boltzmann::BoltzmannError>(())
/// ```
pub fn train(
    machine: &mut Boltzmann,
    data: ArrayView2<i8>,
    training: &Training,
    streams: Streams,
    purpose: &str,
    progress: &mut dyn FnMut(Step) -> bool,
) -> Result<(), BoltzmannError> {
    machine.check(data)?;
    training.descent.check()?;
    let mut random = streams.generator(&format!("{purpose}/phases"), 0);
    let mut couplings = training.descent.weights(machine.couplings.len());
    let mut biases = training.descent.biases(machine.biases.len());
    for update in 1..=training.updates {
        let clamped = machine.clamped(training.phases, data, &mut random)?;
        let free = machine.free(training.phases, training.chains.max(1), &mut random)?;
        let difference = |free: &[f64], clamped: &[f64]| -> Vec<f32> {
            free.iter().zip(clamped).map(|(f, c)| (f - c) as f32).collect()
        };
        let pairs = difference(&free.pairs, &clamped.pairs);
        let units = difference(&free.units, &clamped.units);
        couplings.update(&mut machine.couplings, &pairs, 1.0);
        biases.update(&mut machine.biases, &units, 1.0);
        // Units of {-1, +1} bound the gradient: that nothing wavers any more is the sign, as for restricted machines.
        if machine.couplings.iter().chain(&machine.biases).any(|p| !p.is_finite() || p.abs() > DIVERGED) {
            return Err(BoltzmannError::Diverged { update, rate: training.descent.rate });
        }
        let largest_difference = pairs.iter().chain(&units).fold(0.0f64, |a, d| a.max(f64::from(d.abs())));
        if !progress(Step { update, largest_difference }) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::{Rule, Sgd};
    use ndarray::Array2;

    /// Exclusive or: the third visible unit is the product of the first two, which no couplings of visible units alone can
    /// say. With a hidden unit the exact likelihood of the data comes near its entropy, by exact and by sampled phases.
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
            train(&mut machine, data.view(), &training, streams, "xor", &mut |_| true).expect("finite");
            likelihood(&machine)
        };
        let alone = learnt(0, Phases::Exact, 500);
        assert!((alone + 8.0f64.ln()).abs() < 1e-3, "without hidden units: all states alike, {alone}");
        let exact = learnt(2, Phases::Exact, 2000);
        assert!(exact > -(4.0f64.ln()) - 0.1, "{exact}");
        let sampled = learnt(2, Phases::Gibbs { burn_in: 10, sweeps: 20 }, 300);
        assert!(sampled > alone + 0.2, "{sampled}");
    }
}
