//! The two phases of learning: moments with the visible units clamped to data, and of the free machine (thesis
//! eq. 2.4.11).

use super::machine::{ln_sum, spins};
use super::{Boltzmann, BoltzmannError};
use crate::random::Generator;
use ndarray::ArrayView2;
use rand::RngExt;

/// Means that the gradient is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// <s_i s_j> of the pairs, in the order of the couplings.
    pub pairs: Vec<f64>,
    /// <s_i>.
    pub units: Vec<f64>,
}

/// How the phases are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phases {
    /// By enumeration of all states.
    Exact,
    /// By Gibbs sampling.
    Gibbs {
        /// Sweeps before the first state that counts.
        burn_in: usize,
        /// Sweeps whose states are averaged, at least 1: for each sample in the clamped phase, for each of as many
        /// chains in the free one.
        sweeps: usize,
    },
}

impl Phases {
    /// Refuses a mean over nothing.
    fn check(self, chains: usize) -> Result<(), BoltzmannError> {
        match self {
            Phases::Gibbs { sweeps: 0, .. } => Err(BoltzmannError::NoStates("sweeps")),
            Phases::Gibbs { .. } if chains == 0 => Err(BoltzmannError::NoStates("chains")),
            _ => Ok(()),
        }
    }
}

impl Moments {
    fn zero(n: usize) -> Self {
        Self { pairs: vec![0.0; n * (n - 1) / 2], units: vec![0.0; n] }
    }

    fn add(&mut self, s: &[i8], weight: f64) {
        for j in 0..s.len() {
            self.units[j] += weight * f64::from(s[j]);
            for i in 0..j {
                self.pairs[Boltzmann::pair(i, j)] += weight * f64::from(s[i] * s[j]);
            }
        }
    }
}

impl Boltzmann {
    /// Moments of the free machine.
    ///
    /// # Errors
    /// [`BoltzmannError::TooLarge`] where more than 20 units are to be enumerated, [`BoltzmannError::NoStates`] for no
    /// sweeps or chains.
    pub fn free(&self, phases: Phases, chains: usize, random: &mut Generator) -> Result<Moments, BoltzmannError> {
        phases.check(chains)?;
        let n = self.n_units();
        let mut moments = Moments::zero(n);
        let mut s = vec![0i8; n];
        match phases {
            Phases::Exact => {
                let weights = self.ln_weights()?;
                let z = ln_sum(&weights);
                for (state, weight) in weights.iter().enumerate() {
                    spins(state, &mut s);
                    moments.add(&s, libm::exp(weight - z));
                }
            }
            Phases::Gibbs { burn_in, sweeps } => {
                let weight = 1.0 / (chains * sweeps) as f64;
                for _ in 0..chains {
                    s.iter_mut().for_each(|s| *s = if random.random() { 1 } else { -1 });
                    for sweep in 0..burn_in + sweeps {
                        self.sweep(&mut s, 0, random);
                        if sweep >= burn_in {
                            moments.add(&s, weight);
                        }
                    }
                }
            }
        }
        Ok(moments)
    }

    /// Moments with the visible units clamped to the rows of `data`, shape (samples, n_visible), in turn.
    ///
    /// # Errors
    /// Samples that the visible units cannot take; [`BoltzmannError::TooLarge`] where more than 20 hidden units are to
    /// be enumerated; [`BoltzmannError::NoStates`] for no sweeps.
    pub fn clamped(
        &self,
        phases: Phases,
        data: ArrayView2<i8>,
        random: &mut Generator,
    ) -> Result<Moments, BoltzmannError> {
        self.check(data)?;
        phases.check(1)?;
        let (n, visible) = (self.n_units(), self.n_visible());
        let hidden = n - visible;
        if phases == Phases::Exact && hidden > super::machine::MOST_UNITS {
            return Err(BoltzmannError::TooLarge(hidden));
        }
        let mut moments = Moments::zero(n);
        let share = 1.0 / data.nrows() as f64;
        let mut s = vec![0i8; n];
        for row in data.rows() {
            s.iter_mut().zip(row).for_each(|(s, v)| *s = *v);
            match phases {
                Phases::Exact => {
                    let weights: Vec<f64> = (0..1usize << hidden)
                        .map(|state| {
                            spins(state, &mut s[visible..]);
                            -self.energy(&s)
                        })
                        .collect();
                    let z = ln_sum(&weights);
                    for (state, weight) in weights.iter().enumerate() {
                        spins(state, &mut s[visible..]);
                        moments.add(&s, share * libm::exp(weight - z));
                    }
                }
                Phases::Gibbs { burn_in, sweeps } => {
                    s[visible..].iter_mut().for_each(|s| *s = if random.random() { 1 } else { -1 });
                    for sweep in 0..burn_in + sweeps {
                        self.sweep(&mut s, visible, random);
                        if sweep >= burn_in {
                            moments.add(&s, share / sweeps as f64);
                        }
                    }
                }
            }
        }
        Ok(moments)
    }

    /// One visit of every unit from `first` on: P(s = +1) = sigmoid(2 field).
    fn sweep(&self, s: &mut [i8], first: usize, random: &mut Generator) {
        for i in first..s.len() {
            let up = 1.0 / (1.0 + libm::exp(-2.0 * self.field(s, i)));
            s[i] = if random.random::<f64>() < up { 1 } else { -1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use ndarray::Array2;

    fn machine() -> Boltzmann {
        let mut random = Streams::new(1).generator("test/boltzmann", 0);
        let mut machine = Boltzmann::random(3, 2, 0.6, &mut random).expect("units");
        machine.biases = vec![0.3, -0.2, 0.1, 0.5, -0.4];
        machine
    }

    fn data() -> Array2<i8> {
        Array2::from_shape_vec((4, 3), vec![1, 1, -1, 1, 1, 1, -1, 1, -1, 1, 1, -1]).expect("4 x 3")
    }

    /// KL(q || p) in f64 from the energy alone, q the frequencies of the data.
    fn divergence(machine: &Boltzmann) -> f64 {
        let n = machine.n_units();
        let weight = |state: usize| {
            let s: Vec<i8> = (0..n).map(|i| if state >> i & 1 == 1 { 1 } else { -1 }).collect();
            let mut h = 0.0;
            for j in 0..n {
                h -= f64::from(machine.biases[j]) * f64::from(s[j]);
                for i in 0..j {
                    h -= f64::from(machine.couplings[Boltzmann::pair(i, j)]) * f64::from(s[i]) * f64::from(s[j]);
                }
            }
            (-h).exp()
        };
        let z: f64 = (0..32).map(weight).sum();
        let mut sum = 0.0;
        for (state, q) in [(0b011, 0.5f64), (0b111, 0.25), (0b010, 0.25)] {
            let p: f64 = (0..4).map(|h| weight(state | h << 3)).sum::<f64>() / z;
            sum += q * (q / p).ln();
        }
        sum
    }

    #[test]
    fn a_mean_over_nothing_is_refused() {
        let mut random = Streams::new(1).generator("test/none", 0);
        let machine = Boltzmann::random(2, 1, 0.5, &mut random).unwrap();
        let none = Phases::Gibbs { burn_in: 3, sweeps: 0 };
        assert_eq!(machine.free(none, 5, &mut random).unwrap_err(), BoltzmannError::NoStates("sweeps"));
        let data = ndarray::array![[1i8, -1]];
        assert_eq!(machine.clamped(none, data.view(), &mut random).unwrap_err(), BoltzmannError::NoStates("sweeps"));
        let one = Phases::Gibbs { burn_in: 3, sweeps: 1 };
        assert_eq!(machine.free(one, 0, &mut random).unwrap_err(), BoltzmannError::NoStates("chains"));
    }

    #[test]
    fn the_gradient_is_free_less_clamped() {
        let (machine, data) = (machine(), data());
        let mut random = Streams::new(1).generator("test/unused", 0);
        let free = machine.free(Phases::Exact, 0, &mut random).expect("small");
        let clamped = machine.clamped(Phases::Exact, data.view(), &mut random).expect("small");
        let difference = |change: &dyn Fn(&mut Boltzmann) -> &mut f32| {
            let at = |by: f32| {
                let mut m = machine.clone();
                let p = change(&mut m);
                *p += by;
                let p = f64::from(*p);
                (divergence(&m), p)
            };
            let ((a, x), (b, y)) = (at(1.0 / 256.0), at(-1.0 / 256.0));
            (a - b) / (x - y)
        };
        for k in 0..10 {
            let seen = free.pairs[k] - clamped.pairs[k];
            assert!((seen - difference(&|m| &mut m.couplings[k])).abs() < 1e-5, "coupling {k}: {seen}");
        }
        for i in 0..5 {
            let seen = free.units[i] - clamped.units[i];
            assert!((seen - difference(&|m| &mut m.biases[i])).abs() < 1e-5, "bias {i}: {seen}");
        }
        let law = machine.ln_visible_law().expect("small");
        let of = |state: usize, q: f64| q * (q.ln() - law[state]);
        assert!((of(0b011, 0.5) + of(0b111, 0.25) + of(0b010, 0.25) - divergence(&machine)).abs() < 1e-9);
    }

    /// Null: sampled moments are normal around the exact ones. 400 chains of one state each (free), and 400 repeats of
    /// each sample (clamped): the error of a mean of +-1 is at most 1/20; |z| < 4.5 for all 30 fails by chance with p <
    /// 1e-4.
    #[test]
    fn sampled_phases_have_the_exact_moments() {
        let machine = machine();
        let data = ndarray::concatenate(ndarray::Axis(0), &vec![data().view(); 100]).expect("one width");
        let mut random = Streams::new(1).generator("test/phases", 0);
        let gibbs = Phases::Gibbs { burn_in: 50, sweeps: 1 };
        let exact = machine.free(Phases::Exact, 0, &mut random).expect("small");
        let seen = machine.free(gibbs, 400, &mut random).expect("sampled");
        let clamped = machine.clamped(Phases::Exact, data.view(), &mut random).expect("small");
        let held = machine.clamped(gibbs, data.view(), &mut random).expect("sampled");
        for (seen, exact) in [(&seen, &exact), (&held, &clamped)] {
            let all = seen.pairs.iter().zip(&exact.pairs).chain(seen.units.iter().zip(&exact.units));
            for (seen, exact) in all {
                let error = ((1.0 - exact * exact).max(0.0) / 400.0).sqrt() + 1e-12;
                assert!((seen - exact).abs() < 4.5 * error, "{seen} for {exact}");
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut random = Streams::new(1).generator("test/refused", 0);
        assert!(Boltzmann::random(0, 5, 0.1, &mut random).is_err());
        assert!(Boltzmann::random(21, 0, 0.1, &mut random).expect("units").ln_z().is_err());
        let wide = Array2::<i8>::ones((2, 4));
        assert!(machine().clamped(Phases::Exact, wide.view(), &mut random).is_err());
        let zero = Array2::<i8>::zeros((2, 3));
        let message = machine().clamped(Phases::Exact, zero.view(), &mut random).expect_err("no spins").to_string();
        assert!(message.contains("sample 0, unit 0 = 0"), "{message}");
    }
}
