//! Laws over the 2^N states of the ring of N spins: thermal laws, their mixtures, and the thermal law that is nearest
//! to any other.
//!
//! Spin i of state s is +1 where bit i of s is 1, as in [`Rbm::visible_law`](crate::rbm::Rbm::visible_law).

use super::ExactError;
use crate::lattice::{Ring, Temperature};
use crate::statistics::Distances;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// Most spins whose states are listed.
const MOST: usize = 20;

/// All states of a ring.
///
/// ```
/// use rgflow::{exact::RingStates, lattice::Temperature};
/// let ring = RingStates::new(8)?;
/// let law = ring.thermal(Temperature::new(2.0)?);
/// let energy = rgflow::exact::chain::thermodynamics(8, Temperature::new(2.0)?)?.energy;
/// assert!((ring.energy(law.view()) - energy).abs() < 1e-12);
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingStates {
    n_spins: usize,
}

impl RingStates {
    /// Of `n_spins` spins.
    ///
    /// # Errors
    /// [`LatticeError::Extent`](crate::lattice::LatticeError::Extent) below 2 spins; [`ExactError::TooManyStates`]
    /// beyond 20.
    pub fn new(n_spins: usize) -> Result<Self, ExactError> {
        Ring::new(n_spins)?;
        if n_spins > MOST {
            Err(ExactError::TooManyStates { found: n_spins, most: MOST })
        } else {
            Ok(Self { n_spins })
        }
    }

    /// Number of spins.
    pub fn n_spins(self) -> usize {
        self.n_spins
    }

    /// Number of states, 2^n_spins.
    pub fn count(self) -> usize {
        1 << self.n_spins
    }

    /// The states as spins: shape (states, n_spins), values -1 and +1.
    pub fn spins(self) -> Array2<f32> {
        Array2::from_shape_fn((self.count(), self.n_spins), |(s, i)| if s >> i & 1 == 1 { 1.0 } else { -1.0 })
    }

    /// Number of pairs of unlike neighbours of state `s`, which is even.
    pub fn unlike_neighbours(self, s: usize) -> usize {
        (0..self.n_spins).filter(|i| (s >> i ^ s >> ((i + 1) % self.n_spins)) & 1 == 1).count()
    }

    /// The thermal law at `temperature`, by state.
    pub fn thermal(self, temperature: Temperature) -> Array1<f64> {
        // A pair of unlike neighbours costs 2 J.
        let t = temperature.value();
        let x = if t == 0.0 { 0.0 } else { libm::exp(-2.0 / t) };
        let weights: Array1<f64> = (0..self.count()).map(|s| x.powi(self.unlike_neighbours(s) as i32)).collect();
        let z = weights.sum();
        weights / z
    }

    /// The uniform mixture of the thermal laws at `temperatures`.
    pub fn mixture(self, temperatures: &[Temperature]) -> Array1<f64> {
        let sum = temperatures.iter().fold(Array1::zeros(self.count()), |sum, t| sum + self.thermal(*t));
        sum / temperatures.len() as f64
    }

    /// Frequencies of the states among configurations: `rows` of the shape (n, n_spins), up where they are above 0.
    pub fn frequencies(self, rows: ArrayView2<f32>) -> Array1<f64> {
        let mut law = Array1::zeros(self.count());
        for row in rows.rows() {
            law[row.iter().enumerate().map(|(i, x)| usize::from(*x > 0.0) << i).sum::<usize>()] += 1.0;
        }
        law / rows.nrows() as f64
    }

    /// Energy per spin (J) under a `law` over states.
    pub fn energy(self, law: ArrayView1<f64>) -> f64 {
        let energy = |s| 2.0 * self.unlike_neighbours(s) as f64 / self.n_spins as f64 - 1.0;
        (0..law.len()).map(|s| law[s] * energy(s)).sum()
    }

    /// The probability of 0, 2, 4 ... pairs of unlike neighbours under a `law` over states.
    pub fn by_unlike_neighbours(self, law: ArrayView1<f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_spins / 2 + 1];
        law.iter().enumerate().for_each(|(s, p)| sums[self.unlike_neighbours(s) / 2] += p);
        sums
    }
}

/// The thermal laws of a ring at listed temperatures.
///
/// ```
/// use rgflow::{exact::{RingStates, ThermalLaws}, lattice::Temperature};
/// let temperatures = [0.0, 1.0, 2.0, 3.0].map(|t| Temperature::new(t).unwrap());
/// let ring = RingStates::new(6)?;
/// let (nearest, distances) = ThermalLaws::new(ring, &temperatures).nearest(ring.thermal(temperatures[2]).view());
/// assert_eq!((nearest, distances.jensen_shannon), (temperatures[2], 0.0));
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ThermalLaws {
    temperatures: Vec<Temperature>,
    laws: Array2<f64>,
}

impl ThermalLaws {
    /// Of `ring` at `temperatures`.
    pub fn new(ring: RingStates, temperatures: &[Temperature]) -> Self {
        let mut laws = Array2::zeros((temperatures.len(), ring.count()));
        laws.rows_mut().into_iter().zip(temperatures).for_each(|(mut row, t)| row.assign(&ring.thermal(*t)));
        Self { temperatures: temperatures.to_vec(), laws }
    }

    /// The temperatures.
    pub fn temperatures(&self) -> &[Temperature] {
        &self.temperatures
    }

    /// The laws, shape (temperatures, states).
    pub fn laws(&self) -> ArrayView2<'_, f64> {
        self.laws.view()
    }

    /// Of the temperatures above 0 that whose law is nearest to `p` by Jensen-Shannon, and the least of each distance
    /// of `p` from their laws.
    ///
    /// # Panics
    /// If no temperature is above 0, or `p` is of another number of states.
    pub fn nearest(&self, p: ArrayView1<f64>) -> (Temperature, Distances) {
        let p = p.to_vec();
        let laws = self.laws.rows().into_iter().zip(&self.temperatures).filter(|(_, t)| **t > Temperature::ZERO);
        let all: Vec<(Temperature, Distances)> =
            laws.map(|(law, t)| (*t, Distances::between(&p, &law.to_vec()))).collect();
        let least = |of: fn(&Distances) -> Option<f64>| all.iter().filter_map(|(_, d)| of(d)).reduce(f64::min);
        let (kl, reverse_kl) = (least(|d| d.kl), least(|d| d.reverse_kl));
        let nearest = all.iter().min_by(|a, b| a.1.jensen_shannon.total_cmp(&b.1.jensen_shannon));
        let (t, Distances { jensen_shannon, .. }) = *nearest.expect("a temperature above 0");
        (t, Distances { kl, reverse_kl, jensen_shannon })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_is_no_thermal_law() {
        // min over T of KL(mixture, p_T) = 0.0975, E/N = -0.446: by an independent script.
        let temperatures = |n: u32, step: f64| -> Vec<Temperature> {
            (0..n).map(|k| Temperature::new(f64::from(k) * step).unwrap()).collect()
        };
        let ring = RingStates::new(8).unwrap();
        let mixture = ring.mixture(&temperatures(25, 0.25));
        let laws = ThermalLaws::new(ring, &temperatures(401, 0.05));
        let (kl, energy) = (laws.nearest(mixture.view()).1.reverse_kl.unwrap(), ring.energy(mixture.view()));
        assert!((kl - 0.0975).abs() < 6e-5 && (energy + 0.446).abs() < 6e-4, "{kl} {energy}");
        // Half of the states at T = 0 are up, and none has unlike neighbours.
        let cold = ring.thermal(Temperature::ZERO);
        assert_eq!(
            (cold[0], cold[255], ring.by_unlike_neighbours(cold.view())),
            (0.5, 0.5, vec![1.0, 0.0, 0.0, 0.0, 0.0])
        );
        assert_eq!(ring.frequencies(ring.spins().view()), ring.thermal(Temperature::INFINITE));
    }
}
