//! Mixtures of thermal laws of the square torus or a ring: the law of samples at several temperatures, exact for every
//! configuration.

use super::{ExactError, Levels, chain, density, square};
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
    lattice: Lattice,
    /// beta, and ln(w / Z), or of the ground states at T = 0 ln(w / 2).
    parts: Vec<(f64, f64)>,
    temperatures: Vec<(Temperature, f64)>,
}

/// The lattice of the spins.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lattice {
    Torus([usize; 2]),
    Ring(usize),
}

impl Lattice {
    fn sites(self) -> usize {
        match self {
            Self::Torus([lx, ly]) => lx * ly,
            Self::Ring(n) => n,
        }
    }

    /// Energy of the two ground states in J.
    fn ground(self) -> f64 {
        match self {
            Self::Torus([lx, ly]) => -2.0 * (lx * ly) as f64,
            Self::Ring(n) => -(n as f64),
        }
    }

    /// Free energy per site in J; `None` at T = inf.
    fn free_energy(self, temperature: Temperature) -> Result<Option<f64>, ExactError> {
        Ok(match self {
            Self::Torus([lx, ly]) => square::thermodynamics(lx, ly, temperature)?.free_energy,
            Self::Ring(n) => chain::thermodynamics(n, temperature)?.free_energy,
        })
    }

    /// Mean energy per site in J.
    fn mean_energy(self, temperature: Temperature) -> Result<f64, ExactError> {
        Ok(match self {
            Self::Torus([lx, ly]) => square::thermodynamics(lx, ly, temperature)?.energy,
            Self::Ring(n) => chain::thermodynamics(n, temperature)?.energy,
        })
    }

    /// Energy in J, in total.
    fn energy(self, s: ArrayView1<f32>) -> f64 {
        let next = |i: usize| match self {
            Self::Torus([lx, ly]) => s[i / lx * lx + (i + 1) % lx] + s[(i + lx) % (lx * ly)],
            Self::Ring(n) => s[(i + 1) % n],
        };
        -f64::from((0..s.len()).map(|i| s[i] * next(i)).sum::<f32>())
    }
}

impl Mixture {
    /// Of the `lx` x `ly` torus, with the weight w_T >= 0 of each temperature in [0, inf]; weights are divided by their
    /// sum.
    ///
    /// # Errors
    /// [`ExactError::Lattice`] for an extent below 2; [`ExactError::Weights`] if a weight is negative or not finite, or
    /// all are zero.
    pub fn square(lx: usize, ly: usize, temperatures: &[(Temperature, f64)]) -> Result<Self, ExactError> {
        Self::on(Lattice::Torus([lx, ly]), temperatures)
    }

    /// Of the ring of `n` spins, as [`Mixture::square`].
    ///
    /// # Errors
    /// As [`Mixture::square`].
    ///
    /// ```
    /// use rgflow::{exact::Mixture, lattice::Temperature};
    /// let hot = Mixture::ring(8, &[(Temperature::new(f64::INFINITY)?, 1.0)])?;
    /// assert!((hot.entropy()? - 8.0 * 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ring(n: usize, temperatures: &[(Temperature, f64)]) -> Result<Self, ExactError> {
        Self::on(Lattice::Ring(n), temperatures)
    }

    fn on(lattice: Lattice, temperatures: &[(Temperature, f64)]) -> Result<Self, ExactError> {
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
        let n = lattice.sites() as f64;
        let parts = temperatures.iter().filter(|(_, w)| *w > 0.0).map(|(temperature, weight)| {
            let free_energy = lattice.free_energy(*temperature)?;
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
        Ok(Self { lattice, parts, temperatures })
    }

    /// ln q of a configuration of the energy `energy` (in total, in J); -inf where no temperature allows it.
    pub fn ln_q(&self, energy: f64) -> f64 {
        let ground = self.lattice.ground();
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

    /// ln q of each row of `spins` (-1, +1), shape (n, sites), x fastest.
    ///
    /// # Panics
    /// If the rows have another length, which is an error of the caller.
    pub fn ln_q_of(&self, spins: ArrayView2<f32>) -> Vec<f64> {
        self.energies_of(spins).into_iter().map(|energy| self.ln_q(energy)).collect()
    }

    /// Energy in J of each row of `spins` (-1, +1), shape (n, sites), x fastest.
    ///
    /// # Panics
    /// If the rows have another length, which is an error of the caller.
    pub fn energies_of(&self, spins: ArrayView2<f32>) -> Vec<f64> {
        assert_eq!(spins.ncols(), self.lattice.sites(), "spins of the lattice");
        spins.rows().into_iter().map(|s| self.lattice.energy(s)).collect()
    }

    /// P(T | s) of each temperature of positive weight, in their order, given a configuration of the energy `energy`
    /// (in total, in J): Bayes with the weights as prior. No thermometer reads more from s than this, as the law at T
    /// depends on E alone.
    ///
    /// All NaN where no temperature allows the energy.
    ///
    /// ```
    /// use rgflow::{exact::Mixture, lattice::Temperature};
    /// let two = [(Temperature::new(1.0)?, 1.0), (Temperature::new(4.0)?, 1.0)];
    /// let mixture = Mixture::square(10, 10, &two)?;
    /// assert!(mixture.posterior(-200.0)[0] > 0.999 && mixture.posterior(-60.0)[1] > 0.999);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn posterior(&self, energy: f64) -> Vec<f64> {
        let (ground, ln_q) = (self.lattice.ground(), self.ln_q(energy));
        let of = |(beta, ln): &(f64, f64)| match *beta == f64::INFINITY {
            true if energy > ground => 0.0,
            true => libm::exp(ln - ln_q),
            false => libm::exp(ln - beta * energy - ln_q),
        };
        self.parts.iter().map(of).collect()
    }

    /// Mean energy per spin in J, exact.
    ///
    /// # Errors
    /// As [`Mixture::square`].
    ///
    /// ```
    /// use rgflow::{exact::Mixture, lattice::Temperature};
    /// let hot = Mixture::ring(8, &[(Temperature::new(f64::INFINITY)?, 1.0), (Temperature::ZERO, 3.0)])?;
    /// assert!((hot.energy()? + 0.75).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn energy(&self) -> Result<f64, ExactError> {
        let parts = self.temperatures.iter().map(|(t, w)| Ok(w * self.lattice.mean_energy(*t)?));
        parts.sum()
    }

    /// The entropy -\<ln q>_q in nats, exact from the density of states.
    ///
    /// # Errors
    /// As [`density::square`].
    pub fn entropy(&self) -> Result<f64, ExactError> {
        let [lx, ly] = match self.lattice {
            Lattice::Torus(extents) => extents,
            Lattice::Ring(n) => return Ok(self.entropy_of_ring(n)),
        };
        let levels = density::square(lx, ly)?;
        let law = self.energy_law(&levels);
        let terms = levels.iter().zip(&law).filter(|(_, p)| **p > 0.0).map(|((energy, _), p)| -p * self.ln_q(*energy));
        Ok(terms.sum())
    }

    /// From the 2 C(n, w) states with an even number w of unequal neighbours, E = 2 w - n.
    fn entropy_of_ring(&self, n: usize) -> f64 {
        let (mut ln_count, mut entropy) = (std::f64::consts::LN_2, 0.0);
        for walls in 0..=n {
            let ln_q = self.ln_q(2.0 * walls as f64 - n as f64);
            if walls.is_multiple_of(2) && ln_q > f64::NEG_INFINITY {
                entropy -= libm::exp(ln_count + ln_q) * ln_q;
            }
            ln_count += libm::log((n - walls) as f64 / (walls + 1) as f64);
        }
        entropy
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
    use ndarray::Array2;

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

    /// The same on a ring, state by state.
    #[test]
    fn on_a_ring_it_is_the_law_of_all_states() {
        let parts = [(0.0, 0.5), (0.25, 1.0), (2.0, 2.0), (f64::INFINITY, 0.25)].map(|(t, w)| (temperature(t), w));
        for n in [3, 8] {
            let mixture = Mixture::ring(n, &parts).unwrap();
            let spins = Array2::from_shape_fn((1 << n, n), |(s, i)| if s >> i & 1 == 1 { 1.0f32 } else { -1.0 });
            let ln_q = mixture.ln_q_of(spins.view());
            let (sum, entropy) = ln_q.iter().fold((0.0, 0.0), |(s, h), x| (s + x.exp(), h - x.exp() * x));
            assert!((sum - 1.0f64).abs() < 1e-12 && (mixture.entropy().unwrap() - entropy).abs() < 1e-12, "{n}: {sum}");
        }
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
