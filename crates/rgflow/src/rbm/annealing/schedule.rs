//! Where the temperatures of annealing lie.

use super::Annealing;
use super::walk::{BLOCK, Begin, Walk};
use crate::random::Stream;
use crate::rbm::intermediate::Family;
use crate::restart::{Stopped, Tick};

/// Share of the temperatures that are spread evenly: a guard against parts that the first chains did not see.
const EVEN: f64 = 0.2;

/// Temperatures of the first chains: a twentieth of those asked for, within these bounds.
const FEWEST: usize = 20;
const MOST: usize = 500;

/// The K + 1 values of beta, from 0 to 1.
///
/// In equilibrium and for small steps ln w has the variance sum over k of (beta_(k+1) - beta_k)^2 g(beta_k), g the
/// variance of d ln f_beta/d beta: least, at given K, where the temperatures lie with a density that is proportional to
/// sqrt g. Two walks of a few chains measure it, the second at the temperatures that the first proposes.
pub(super) fn schedule(
    family: &Family,
    settings: &Annealing,
    stream: Stream,
    tick: &Tick,
) -> Result<Vec<f64>, Stopped> {
    let purpose = format!("{}/pilot", stream.purpose);
    let [pilot, chains] = first(settings);
    let mut betas = spread(&[0.0, 1.0], &[0.0], pilot);
    for (round, steps) in [pilot, settings.temperatures].into_iter().enumerate() {
        let mut lengths = Vec::with_capacity(pilot);
        let random = stream.streams.bulk(&purpose, round as u64);
        let walk = Walk { family, betas: &betas, begin: Begin::Reference(chains), tick };
        walk.see(random, |_, ratios| lengths.push(deviation(ratios)))?;
        betas = spread(&betas, &lengths, steps);
    }
    Ok(betas)
}

/// Temperatures and chains of a first walk.
fn first(settings: &Annealing) -> [usize; 2] {
    let pilot = (settings.temperatures / 20).clamp(FEWEST, MOST).min(settings.temperatures);
    [pilot, settings.chains.min(BLOCK)]
}

/// Steps of all chains of both first walks together.
pub(super) fn work(settings: &Annealing) -> u64 {
    let [pilot, chains] = first(settings);
    2 * (pilot * chains) as u64
}

/// Standard deviation, 0 where it is no number.
fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    if deviation.is_finite() { deviation } else { 0.0 }
}

/// `steps` + 1 values from 0 to 1, so that each step has the same part of the `lengths` of the intervals of `betas`, but
/// for the share that is even. Single floats, as chains take them.
fn spread(betas: &[f64], lengths: &[f64], steps: usize) -> Vec<f64> {
    let total: f64 = lengths.iter().sum();
    let mut reached = Vec::with_capacity(betas.len());
    reached.push(0.0);
    for (pair, length) in betas.windows(2).zip(lengths) {
        let even = pair[1] - pair[0];
        let part = if total > 0.0 { EVEN * even + (1.0 - EVEN) * length / total } else { even };
        reached.push(reached[reached.len() - 1] + part);
    }
    let end = reached[reached.len() - 1];
    let mut k = 0;
    let beta = |step: usize| {
        let at = end * step as f64 / steps as f64;
        while k + 2 < reached.len() && reached[k + 1] < at {
            k += 1;
        }
        let share = ((at - reached[k]) / (reached[k + 1] - reached[k])).clamp(0.0, 1.0);
        f64::from((betas[k] + share * (betas[k + 1] - betas[k])) as f32)
    };
    let mut spread: Vec<f64> = (0..=steps).map(beta).collect();
    (spread[0], spread[steps]) = (0.0, 1.0);
    spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_are_dense_where_the_weights_vary() {
        assert_eq!(spread(&[0.0, 1.0], &[0.0], 4), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(spread(&[0.0, 1.0], &[3.0], 1), [0.0, 1.0]);
        // All variation in the last quarter: 0.2 + 0.8 * 4 times the mean density there, 0.2 elsewhere.
        let betas = spread(&[0.0, 0.5, 0.75, 1.0], &[0.0, 0.0, 1.0], 1000);
        assert!(betas.is_sorted() && betas.len() == 1001);
        let below = betas.iter().filter(|b| **b < 0.75).count() as f64;
        assert!((below - 150.0).abs() < 2.0, "{below}");
    }
}
