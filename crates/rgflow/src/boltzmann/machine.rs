//! The machine: H(s) = -(sum over pairs i < j of w_ij s_i s_j + sum_i b_i s_i), s_i = -1 or +1.

use crate::learning::LearningError;
use crate::random::Generator;
use crate::restart::Stopped;
use ndarray::ArrayView2;
use rand::RngExt;
use thiserror::Error;

/// Most units whose states are enumerated.
pub const MOST_UNITS: usize = 20;

/// Errors of Boltzmann machines.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum BoltzmannError {
    /// A number of units out of range.
    #[error("{visible} visible and {hidden} hidden units: at least one visible unit and two units in all are needed")]
    Units {
        /// Visible units.
        visible: usize,
        /// Hidden units.
        hidden: usize,
    },
    /// A machine too large to enumerate.
    #[error("{0} units: enumeration of all states goes to {MOST_UNITS}; sample the phases instead")]
    TooLarge(usize),
    /// A phase that averages over no states.
    #[error("sampled phases with no {0}: a mean needs at least 1")]
    NoStates(&'static str),
    /// Samples of another width than the visible units, or none.
    #[error("samples of {found} values for {expected} visible units, in {rows} rows")]
    Shape {
        /// Visible units.
        expected: usize,
        /// Values of a sample.
        found: usize,
        /// Samples.
        rows: usize,
    },
    /// A value that is no spin.
    #[error("sample {sample}, unit {unit} = {value}: units take the values -1 and +1")]
    Value {
        /// The sample.
        sample: usize,
        /// The unit.
        unit: usize,
        /// The value.
        value: i8,
    },
    /// A training that was told to stop before its end.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A setting of the training outside its range.
    #[error(transparent)]
    Learning(#[from] LearningError),
    /// The parameters ran away.
    #[error(
        "the training diverged after {update} updates (a parameter is beyond 1000 or not finite) with learning rate \
         {rate:e}: lower it"
    )]
    Diverged {
        /// Updates.
        update: usize,
        /// Learning rate.
        rate: f32,
    },
}

/// A Boltzmann machine of {-1, +1} units, of which the first are visible and the rest hidden.
///
/// ```
/// use rgflow::{boltzmann::Boltzmann, random::Streams};
/// let mut random = Streams::new(1).generator("example/boltzmann", 0);
/// let machine = Boltzmann::random(3, 2, 0.1, &mut random)?;
/// assert!((machine.ln_z()? - 5.0 * 2.0f64.ln()).abs() < 0.1); // weak couplings: all 2^5 states are nearly alike
/// # Ok::<(), rgflow::boltzmann::BoltzmannError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Boltzmann {
    /// w_ij of the pairs (0, 1), (0, 2), (1, 2), (0, 3) ...: length n (n - 1) / 2, see [`Boltzmann::pair`].
    pub couplings: Vec<f32>,
    /// b_i, length n.
    pub biases: Vec<f32>,
    n_visible: usize,
}

impl Boltzmann {
    /// Normal couplings of standard deviation `scale`, no biases.
    ///
    /// # Errors
    /// [`BoltzmannError::Units`] without a visible unit or with one unit alone.
    pub fn random(
        n_visible: usize,
        n_hidden: usize,
        scale: f32,
        random: &mut Generator,
    ) -> Result<Self, BoltzmannError> {
        let n = n_visible + n_hidden;
        if n_visible == 0 || n < 2 {
            return Err(BoltzmannError::Units { visible: n_visible, hidden: n_hidden });
        }
        // Sum of twelve uniforms less six, as for the restricted machine.
        let mut normal = || (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
        let couplings = (0..n * (n - 1) / 2).map(|_| scale * normal()).collect();
        Ok(Self { couplings, biases: vec![0.0; n], n_visible })
    }

    /// Number of units.
    pub fn n_units(&self) -> usize {
        self.biases.len()
    }

    /// Number of visible units, the first ones.
    pub fn n_visible(&self) -> usize {
        self.n_visible
    }

    /// Position of the pair of different units `i` and `j` among the couplings.
    pub fn pair(i: usize, j: usize) -> usize {
        let (low, high) = (i.min(j), i.max(j));
        high * (high - 1) / 2 + low
    }

    /// Mean coupling of the visible units at each distance 1, 2 ... n/2 on a ring, which they form in their order;
    /// length n/2.
    pub fn ring_couplings(&self) -> Vec<f64> {
        let n = self.n_visible;
        let mean = |distance: usize| {
            let all = (0..n).map(|i| f64::from(self.couplings[Self::pair(i, (i + distance) % n)]));
            all.sum::<f64>() / n as f64
        };
        (1..=n / 2).map(mean).collect()
    }

    /// H(s) in units of k_B T. `s`: length n, values -1 and +1.
    pub fn energy(&self, s: &[i8]) -> f64 {
        let mut sum = 0.0;
        for j in 0..s.len() {
            let below = &self.couplings[j * j.saturating_sub(1) / 2..][..j];
            let field: f64 = below.iter().zip(s).map(|(w, s)| f64::from(*w) * f64::from(*s)).sum();
            sum -= f64::from(s[j]) * (field + f64::from(self.biases[j]));
        }
        sum
    }

    /// Local field b_i + sum_j w_ij s_j of unit `i`: P(s_i = +1) = sigmoid(2 field) (thesis eq. 2.4.21 with delta = 2).
    pub fn field(&self, s: &[i8], i: usize) -> f64 {
        let others = (0..s.len()).filter(|j| *j != i);
        let sum: f64 = others.map(|j| f64::from(self.couplings[Self::pair(i, j)]) * f64::from(s[j])).sum();
        sum + f64::from(self.biases[i])
    }

    /// Exact ln Z by enumeration.
    ///
    /// # Errors
    /// [`BoltzmannError::TooLarge`] beyond 20 units.
    pub fn ln_z(&self) -> Result<f64, BoltzmannError> {
        Ok(ln_sum(&self.ln_weights()?))
    }

    /// ln p(v) of all 2^n_visible visible states, hidden units summed out: in state k, unit i is up where bit i of k
    /// is 1.
    ///
    /// # Errors
    /// [`BoltzmannError::TooLarge`] beyond 20 units.
    pub fn ln_visible_law(&self) -> Result<Vec<f64>, BoltzmannError> {
        let all = self.ln_weights()?;
        let (z, step) = (ln_sum(&all), 1 << self.n_visible);
        let of = |v: usize| ln_sum(&all[v..].iter().step_by(step).copied().collect::<Vec<_>>()) - z;
        Ok((0..step).map(of).collect())
    }

    /// -H of all states.
    pub(super) fn ln_weights(&self) -> Result<Vec<f64>, BoltzmannError> {
        let n = self.n_units();
        if n > MOST_UNITS {
            return Err(BoltzmannError::TooLarge(n));
        }
        let mut s = vec![0i8; n];
        let weight = |state: usize| {
            spins(state, &mut s);
            -self.energy(&s)
        };
        Ok((0..1usize << n).map(weight).collect())
    }

    /// Refuses samples that the visible units cannot take.
    pub(super) fn check(&self, data: ArrayView2<i8>) -> Result<(), BoltzmannError> {
        let (rows, found) = data.dim();
        if found != self.n_visible || rows == 0 {
            return Err(BoltzmannError::Shape { expected: self.n_visible, found, rows });
        }
        match data.indexed_iter().find(|(_, s)| **s != 1 && **s != -1) {
            Some(((sample, unit), value)) => Err(BoltzmannError::Value { sample, unit, value: *value }),
            None => Ok(()),
        }
    }
}

/// Spins of the bits of `state`.
pub(super) fn spins(state: usize, s: &mut [i8]) {
    for (i, s) in s.iter_mut().enumerate() {
        *s = if state >> i & 1 == 1 { 1 } else { -1 };
    }
}

/// ln of a sum of exponentials.
pub(super) fn ln_sum(terms: &[f64]) -> f64 {
    let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + libm::log(terms.iter().map(|t| libm::exp(t - top)).sum())
}
