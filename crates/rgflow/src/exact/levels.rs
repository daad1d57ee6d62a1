//! The density of states of a finite system and every thermal average that follows from it.

use std::ops::Deref;

use super::Thermodynamics;
use crate::lattice::Temperature;

/// Number of states at each energy (J, in total), by rising energy; read as a slice of pairs `(energy, count)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    n_sites: usize,
    levels: Vec<(f64, u128)>,
}

impl Levels {
    /// Levels of a system of `n_sites` spins, of which at least one has a state and none a NaN; pairs of one energy are
    /// merged and those without states left out.
    pub(super) fn new(n_sites: usize, mut levels: Vec<(f64, u128)>) -> Self {
        levels.retain(|(_, count)| *count > 0);
        assert!(levels.iter().all(|(energy, _)| !energy.is_nan()), "an energy is NaN");
        levels.sort_by(|a, b| a.0.total_cmp(&b.0));
        levels.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        assert!(!levels.is_empty(), "a system has at least one state");
        Self { n_sites, levels }
    }

    /// Number of spins.
    pub fn n_sites(&self) -> usize {
        self.n_sites
    }

    /// Probability of each level at `temperature` in `[0, inf]`, in the order of the levels.
    pub fn probabilities(&self, temperature: Temperature) -> Vec<f64> {
        let (_, mut weights) = self.weights(temperature);
        let z: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= z);
        weights
    }

    /// Energy, specific heat and free energy per spin at `temperature` in `[0, inf]`, to about 14 digits.
    pub fn thermodynamics(&self, temperature: Temperature) -> Thermodynamics {
        let (t, n) = (temperature.value(), self.n_sites as f64);
        // Distances from the likeliest level: no digits are lost at low temperatures, where it is the ground state, nor
        // at high ones, where it lies near the mean.
        let (likeliest, weights) = self.weights(temperature);
        let sum = |term: &dyn Fn(f64) -> f64| -> f64 {
            self.levels.iter().zip(&weights).map(|((energy, _), w)| w * term(energy - likeliest)).sum()
        };
        let z = sum(&|_| 1.0);
        let mean = sum(&|distance| distance) / z;
        let variance = sum(&|distance| (distance - mean) * (distance - mean)) / z;
        Thermodynamics {
            energy: (likeliest + mean) / n,
            specific_heat: if t == 0.0 { 0.0 } else { variance / (t * t * n) },
            free_energy: (t < f64::INFINITY).then(|| (likeliest - t * libm::log(z)) / n),
        }
    }

    /// The likeliest energy and the weights count e^{-beta (E - likeliest)}, all of which stay in the range of f64.
    fn weights(&self, temperature: Temperature) -> (f64, Vec<f64>) {
        let beta = temperature.beta();
        if beta == f64::INFINITY {
            let weights = (0..self.levels.len()).map(|i| if i == 0 { self.levels[0].1 as f64 } else { 0.0 });
            return (self.levels[0].0, weights.collect());
        }
        let log_weight = |(energy, count): &(f64, u128)| libm::log(*count as f64) - beta * energy;
        let likeliest = self.levels.iter().max_by(|a, b| log_weight(a).total_cmp(&log_weight(b)));
        let likeliest = likeliest.expect("there is at least one level").0;
        let weights = self.levels.iter().map(|(e, count)| *count as f64 * libm::exp(-beta * (e - likeliest)));
        (likeliest, weights.collect())
    }
}

impl Deref for Levels {
    type Target = [(f64, u128)];

    fn deref(&self) -> &Self::Target {
        &self.levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_levels() {
        // Schottky: levels 0 and 3 with 1 and 2 states, in a system of 2 spins.
        let levels = Levels::new(2, vec![(3.0, 1), (5.0, 0), (0.0, 1), (3.0, 1)]);
        assert_eq!(&levels[..], &[(0.0, 1), (3.0, 2)]);
        for t in [0.1f64, 1.0, 7.0] {
            let x = 2.0 * (-3.0 / t).exp();
            let p = x / (1.0 + x);
            let temperature = Temperature::new(t).unwrap();
            let seen = levels.thermodynamics(temperature);
            assert!((seen.energy / (1.5 * p) - 1.0).abs() < 1e-14);
            assert!((seen.specific_heat / (4.5 * p * (1.0 - p) / (t * t)) - 1.0).abs() < 1e-13);
            assert!((seen.free_energy.unwrap() + 0.5 * t * x.ln_1p()).abs() < 1e-15);
            assert!((levels.probabilities(temperature)[1] - p).abs() < 1e-15);
        }
        assert_eq!(levels.probabilities(Temperature::ZERO), [1.0, 0.0]);
        assert_eq!(levels.probabilities(Temperature::INFINITE), [1.0 / 3.0, 2.0 / 3.0]);
        let hot = levels.thermodynamics(Temperature::INFINITE);
        assert_eq!((hot.energy, hot.specific_heat, hot.free_energy), (1.0, 0.0, None));
        // Where e^{+beta E} alone would overflow.
        let cold = Levels::new(1, vec![(-1e6, 1), (1e6, 1 << 100)]).thermodynamics(Temperature::new(1e-3).unwrap());
        assert_eq!((cold.energy, cold.free_energy), (-1e6, Some(-1e6)));
    }
}
