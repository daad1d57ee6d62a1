//! Mixtures of thermal laws of the square torus: the law of samples at several temperatures, exact for every
//! configuration.

use super::{ExactError, Levels, density, square};
use crate::kernel::log_weights::LogSum;
use crate::lattice::Temperature;
use ndarray::{ArrayView1, ArrayView2};

/// q(s) = sum_T w_T e^{-E(s)/T} / Z_T on the square torus, J = 1, without field (Z by Kaufman 1949).
///
/// q depends on E alone. It is what a machine that is trained on samples at the temperatures T has to learn: KL(q || p)
/// is the mean over samples of ln q - ln p.
///
/// ```
/// use rgflow::{exact::Mixture, lattice::Temperature};
/// let grid = (0..25).map(|k| Ok((Temperature::new(0.25 * f64::from(k))?, 1.0)));
/// let mixture = Mixture::square(10, 10, &grid.collect::<Result<Vec<_>, rgflow::lattice::LatticeError>>()?)?;
/// // The mean of ln q over its own samples.
/// assert!((mixture.entropy()? - 39.7).abs() < 0.1);
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    extents: [usize; 2],
    /// beta, and ln(w / Z), or of the ground states at T = 0 ln(w / 2).
    parts: Vec<(f64, f64)>,
    temperatures: Vec<(Temperature, f64)>,
}

impl Mixture {
    /// Of the `lx` x `ly` torus, with the weight w_T >= 0 of each temperature in [0, inf]; weights are divided by their
    /// sum.
    ///
    /// # Errors
    /// [`ExactError::Lattice`] for an extent below 2; [`ExactError::Weights`] if a weight is negative or not finite, or
    /// all are zero.
    pub fn square(lx: usize, ly: usize, temperatures: &[(Temperature, f64)]) -> Result<Self, ExactError> {
        let sum: f64 = temperatures.iter().map(|(_, w)| w).sum();
        let wrong = temperatures.iter().find(|(_, w)| !(*w >= 0.0 && w.is_finite()));
        if let Some((temperature, weight)) = wrong {
            return Err(ExactError::Weights(format!(
                "{weight} at T = {}: must be finite and >= 0",
                temperature.value()
            )));
        }
        if !(sum > 0.0 && sum.is_finite()) {
            return Err(ExactError::Weights("all are zero, or there are none".into()));
        }
        let n = (lx * ly) as f64;
        let parts = temperatures.iter().filter(|(_, w)| *w > 0.0).map(|(temperature, weight)| {
            let free_energy = square::thermodynamics(lx, ly, *temperature)?.free_energy;
            let (beta, ln_w) = (temperature.beta(), libm::log(weight / sum));
            let ln_z = match free_energy {
                _ if beta == f64::INFINITY => std::f64::consts::LN_2,
                Some(free_energy) => -beta * free_energy * n,
                None => n * std::f64::consts::LN_2,
            };
            Ok((beta, ln_w - ln_z))
        });
        let parts = parts.collect::<Result<_, ExactError>>()?;
        let temperatures = temperatures.iter().map(|(t, w)| (*t, w / sum)).collect();
        Ok(Self { extents: [lx, ly], parts, temperatures })
    }

    /// ln q of a configuration of the energy `energy` (in total, in J); -inf where no temperature allows it.
    pub fn ln_q(&self, energy: f64) -> f64 {
        let ground = -2.0 * (self.extents[0] * self.extents[1]) as f64;
        let mut sum = LogSum::default();
        for (beta, ln) in &self.parts {
            match *beta == f64::INFINITY {
                true if energy > ground => {}
                true => sum.add(*ln),
                false => sum.add(ln - beta * energy),
            }
        }
        sum.value()
    }

    /// ln q of each row of `spins` (-1, +1), shape (n, lx ly), x fastest.
    ///
    /// # Panics
    /// If the rows have another length, which is an error of the caller.
    pub fn ln_q_of(&self, spins: ArrayView2<f32>) -> Vec<f64> {
        let [lx, ly] = self.extents;
        assert_eq!(spins.ncols(), lx * ly, "spins of the torus");
        let bonds = |s: ArrayView1<f32>| -> f32 {
            let right_and_up = |i: usize| s[i / lx * lx + (i + 1) % lx] + s[(i + lx) % (lx * ly)];
            (0..lx * ly).map(|i| s[i] * right_and_up(i)).sum()
        };
        spins.rows().into_iter().map(|s| self.ln_q(-f64::from(bonds(s)))).collect()
    }

    /// The entropy -\<ln q>_q in nats, exact from the density of states.
    ///
    /// # Errors
    /// As [`density::square`].
    pub fn entropy(&self) -> Result<f64, ExactError> {
        let levels = density::square(self.extents[0], self.extents[1])?;
        let law = self.energy_law(&levels);
        let terms = levels.iter().zip(&law).filter(|(_, p)| **p > 0.0).map(|((energy, _), p)| -p * self.ln_q(*energy));
        Ok(terms.sum())
    }

    /// The probability of each level of the torus under q.
    fn energy_law(&self, levels: &Levels) -> Vec<f64> {
        let mut law = vec![0.0; levels.len()];
        for (temperature, weight) in &self.temperatures {
            let of_t = levels.probabilities(*temperature);
            law.iter_mut().zip(of_t).for_each(|(sum, p)| *sum += weight * p);
        }
        law
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::enumeration;
    use crate::lattice::Square;

    fn temperature(value: f64) -> Temperature {
        Temperature::new(value).unwrap()
    }

    /// q summed over all states is 1, and the entropy that of the sum written out, from T = 0 to infinity.
    #[test]
    fn it_is_the_law_of_all_states() {
        let parts = [(0.0, 0.5), (0.25, 1.0), (2.0, 2.0), (6.0, 0.0), (f64::INFINITY, 0.25)];
        let mixture = Mixture::square(4, 4, &parts.map(|(t, w)| (temperature(t), w))).unwrap();
        let levels = enumeration::density_of_states(&Square::new(4, 4).unwrap()).unwrap();
        let (mut sum, mut entropy) = (0.0, 0.0);
        for (energy, count) in levels.iter() {
            let ln_q = mixture.ln_q(*energy);
            let p = *count as f64 * ln_q.exp();
            (sum, entropy) = (sum + p, entropy - p * ln_q);
        }
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        assert!((mixture.entropy().unwrap() - entropy).abs() < 1e-12);
        // Two ground states share what is cold.
        let cold = Mixture::square(4, 4, &[(temperature(0.0), 1.0)]).unwrap();
        assert!((cold.ln_q(-32.0) + 2.0f64.ln()).abs() < 1e-15 && cold.ln_q(-24.0) == f64::NEG_INFINITY);
    }

    #[test]
    fn weights_that_cannot_be_are_refused() {
        for (weights, says) in [(vec![-1.0], "-1 at T = 2"), (vec![f64::NAN, 1.0], "NaN"), (vec![0.0], "all are zero")]
        {
            let parts: Vec<_> = weights.iter().map(|w| (temperature(2.0), *w)).collect();
            let refused = Mixture::square(4, 4, &parts).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
        assert!(Mixture::square(4, 4, &[]).is_err() && Mixture::square(1, 4, &[(temperature(1.0), 1.0)]).is_err());
    }
}
