//! The portions in which the data comes: full, sample by sample, mini-batches (thesis section 2.2.3).

use std::fmt;

use rand::RngExt;
use rand::seq::SliceRandom;

use super::LearningError;
use super::error::demand;
use crate::random::Generator;

/// Which samples each update sees. A sweep is as many updates as see n samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Batching {
    /// All samples at every update (full gradient descent).
    Full,
    /// One sample at every update; all samples, shuffled, before one comes again (stochastic gradient descent).
    Stochastic,
    /// A mini-batch at every update.
    Mini {
        /// Samples in a batch, >= 1; at most all of them are taken.
        size: usize,
        /// With repeats each sample is drawn from all of them, independently of the others; without, a sweep goes once
        /// through a fresh permutation, of which the last batch may be smaller.
        repeats: bool,
    },
}

impl Batching {
    /// Refuses a batch of no samples and an empty training set.
    ///
    /// # Errors
    /// [`LearningError::Setting`] and [`LearningError::NoSamples`].
    pub fn check(&self, n: usize) -> Result<(), LearningError> {
        if let Self::Mini { size, .. } = self {
            demand(*size >= 1, "batch", *size as f64, "at least 1")?;
        }
        if n == 0 { Err(LearningError::NoSamples) } else { Ok(()) }
    }

    /// Number of samples of a batch out of `n`; the last one of a sweep may have fewer.
    pub fn size(&self, n: usize) -> usize {
        match self {
            Self::Full => n,
            Self::Stochastic => 1.min(n),
            Self::Mini { size, .. } => (*size).min(n),
        }
    }

    /// Number of updates of a sweep over `n` samples.
    pub fn updates(&self, n: usize) -> usize {
        n.div_ceil(self.size(n).max(1))
    }

    /// Writes the order of the samples 0 .. n of one sweep to `order`; its chunks of [`Batching::size`] are the batches.
    ///
    /// ```
    /// use rgflow::{learning::Batching, random::Streams};
    /// let batching = Batching::Mini { size: 4, repeats: false };
    /// let mut order = Vec::new();
    /// batching.sweep(10, &mut Streams::new(1).generator("example/shuffle", 0), &mut order);
    /// let sizes: Vec<usize> = order.chunks(batching.size(10)).map(|batch| batch.len()).collect();
    /// assert_eq!(sizes, [4, 4, 2]);
    /// order.sort();
    /// assert!(order.into_iter().eq(0..10));
    /// ```
    pub fn sweep(&self, n: usize, random: &mut Generator, order: &mut Vec<usize>) {
        order.clear();
        match self {
            Self::Full => order.extend(0..n),
            Self::Mini { repeats: true, .. } => {
                order.extend((0..self.updates(n) * self.size(n)).map(|_| random.random_range(0..n)));
            }
            Self::Stochastic | Self::Mini { repeats: false, .. } => {
                order.extend(0..n);
                order.shuffle(random);
            }
        }
    }
}

impl fmt::Display for Batching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Stochastic => f.write_str("stochastic"),
            Self::Mini { size, repeats: false } => write!(f, "mini-batches of {size} without repeats"),
            Self::Mini { size, repeats: true } => write!(f, "mini-batches of {size} with repeats"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn sweeps(batching: Batching, n: usize, count: u64) -> Vec<Vec<usize>> {
        let streams = Streams::new(1);
        let mut order = Vec::new();
        let mut one = |i| {
            batching.sweep(n, &mut streams.generator("test/batches", i), &mut order);
            order.clone()
        };
        (0..count).map(&mut one).collect()
    }

    #[test]
    fn a_sweep_without_repeats_sees_each_sample_once() {
        let mini = Batching::Mini { size: 7, repeats: false };
        for (batching, sizes) in [
            (Batching::Full, vec![30]),
            (Batching::Stochastic, vec![1; 30]),
            (mini, vec![7, 7, 7, 7, 2]),
            (Batching::Mini { size: 100, repeats: false }, vec![30]),
        ] {
            let orders = sweeps(batching, 30, 2);
            for order in &orders {
                let seen: Vec<usize> = order.chunks(batching.size(30)).map(<[usize]>::len).collect();
                assert_eq!((&seen, seen.len()), (&sizes, batching.updates(30)), "{batching}");
                let mut sorted = order.clone();
                sorted.sort();
                assert!(sorted.into_iter().eq(0..30), "{batching}");
            }
            // Shuffled afresh each time, unless there is nothing to shuffle.
            assert_eq!(orders[0] == orders[1], batching == Batching::Full, "{batching}");
        }
    }

    /// Null: with repeats, draws are uniform and independent. 400 sweeps of 50 draws from 50 samples, seed 1: the counts give
    /// chi^2 with 49 degrees of freedom, below 98 but for p < 1e-4 (and above 19.4 but for 1e-4), and the samples missed by a
    /// sweep number 50 (49/50)^50 = 18.2 +- 2.2 each, their mean over 400 sweeps +- 0.11 (|z| < 4.5).
    #[test]
    fn repeats_are_independent_draws() {
        let batching = Batching::Mini { size: 10, repeats: true };
        let orders = sweeps(batching, 50, 400);
        let (mut counts, mut missed) = ([0u32; 50], 0);
        for order in &orders {
            assert_eq!((order.len(), batching.updates(50)), (50, 5));
            let mut seen = [false; 50];
            for i in order {
                counts[*i] += 1;
                seen[*i] = true;
            }
            missed += seen.iter().filter(|s| !**s).count();
        }
        let chi2: f64 = counts.iter().map(|c| (f64::from(*c) - 400.0).powi(2) / 400.0).sum();
        assert!((19.4..98.0).contains(&chi2), "chi^2 = {chi2}");
        let expected = 50.0 * 0.98f64.powi(50);
        assert!((missed as f64 / 400.0 - expected).abs() < 4.5 * 0.11, "{missed} missed in 400 sweeps");
        // All batches are full.
        assert_eq!(sweeps(Batching::Mini { size: 20, repeats: true }, 50, 1)[0].len(), 60);
    }

    #[test]
    fn impossible_batches_are_refused() {
        let none = Batching::Mini { size: 0, repeats: false };
        assert_eq!(none.check(5).unwrap_err().to_string(), "batch = 0: must be at least 1");
        assert_eq!(Batching::Full.check(0), Err(LearningError::NoSamples));
        assert!(Batching::Mini { size: 9, repeats: true }.check(5).is_ok());
    }
}
