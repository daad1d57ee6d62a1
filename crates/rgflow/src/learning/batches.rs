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
    ///
    /// ```
    /// use rgflow::learning::Batching;
    /// let error = Batching::Mini { size: 0, repeats: false }.check(100).unwrap_err();
    /// assert_eq!(error.to_string(), "batch = 0: must be at least 1");
    /// ```
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
    ///
    /// ```
    /// use rgflow::learning::Batching;
    /// let mini = Batching::Mini { size: 4, repeats: false };
    /// assert_eq!((mini.size(10), mini.updates(10)), (4, 3));
    /// assert_eq!([Batching::Full, Batching::Stochastic].map(|b| b.updates(10)), [1, 10]);
    /// ```
    pub fn updates(&self, n: usize) -> usize {
        n.div_ceil(self.size(n).max(1))
    }

    /// Writes the order of the samples 0 .. n of one sweep to `order`; its chunks of [`Batching::size`] are the
    /// batches.
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

/// Weights of samples, by which [`Batching::weighted_sweep`] draws them.
#[derive(Clone, Debug)]
pub struct SampleWeights {
    /// Sums of the weights up to each sample, in units of their mean.
    reached: Vec<f64>,
}

impl SampleWeights {
    /// Of `weights`, one for each sample, in any unit.
    ///
    /// # Errors
    /// [`LearningError::Setting`] for a weight that is negative or not finite; [`LearningError::NoSamples`] where all
    /// are 0.
    ///
    /// ```
    /// use rgflow::learning::SampleWeights;
    /// assert_eq!(SampleWeights::new(&[1.0, 0.0, 2.0])?.len(), 3);
    /// let error = SampleWeights::new(&[1.0, -2.0]).unwrap_err();
    /// assert_eq!(error.to_string(), "a sample's weight = -2: must be >= 0 and finite");
    /// # Ok::<(), rgflow::learning::LearningError>(())
    /// ```
    pub fn new(weights: &[f64]) -> Result<Self, LearningError> {
        weights
            .iter()
            .try_for_each(|w| demand(*w >= 0.0 && w.is_finite(), "a sample's weight", *w, ">= 0 and finite"))?;
        // Halves and more samples than a sum of f64 could hold do not occur: only the sum may be too large.
        let largest = weights.iter().fold(0.0f64, |a, w| a.max(*w));
        if largest == 0.0 {
            return Err(LearningError::NoSamples);
        }
        let total: f64 = weights.iter().map(|w| w / largest).sum();
        let (unit, mut sum) = (weights.len() as f64 / total, 0.0);
        let reached = weights.iter().map(|w| {
            sum += w / largest;
            sum * unit
        });
        Ok(Self { reached: reached.collect() })
    }

    /// Number of samples.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.reached.len()
    }

    /// Appends `n` samples to `order` by systematic resampling, in rising order: sample i is taken n w_i / W times,
    /// rounded up or down so that this is its mean, W the sum of the weights.
    ///
    /// ```
    /// use rgflow::{learning::SampleWeights, random::Streams};
    /// let weights = SampleWeights::new(&[1.0, 0.0, 2.0, 1.0])?;
    /// let mut order = Vec::new();
    /// weights.draw(4, &mut Streams::new(1).generator("example/weights", 0), &mut order);
    /// assert_eq!(order, [0, 2, 2, 3]);
    /// # Ok::<(), rgflow::learning::LearningError>(())
    /// ```
    pub fn draw(&self, n: usize, random: &mut Generator, order: &mut Vec<usize>) {
        let (first, samples) = (random.random::<f64>(), self.len() as f64);
        order.extend((0..n).map(|k| self.at((k as f64 + first) * samples / n as f64)));
    }

    /// The sample that the place `x` in [0, samples) belongs to.
    fn at(&self, x: f64) -> usize {
        let found = self.reached.partition_point(|reached| *reached <= x);
        // Rounding may leave the last place beyond all, where the last sample of some weight is meant.
        if found < self.len() { found } else { self.reached.partition_point(|r| *r < self.reached[self.len() - 1]) }
    }
}

impl Batching {
    /// The same as [`Batching::sweep`] of weighted samples: each comes as often as its weight says on average. With
    /// repeats, draws are independent; without, the numbers of times are rounded up or down ([`SampleWeights::draw`]),
    /// and equal weights are a sweep of all samples.
    ///
    /// ```
    /// use rgflow::{learning::{Batching, SampleWeights}, random::Streams};
    /// let weights = SampleWeights::new(&[1.0, 0.0, 2.0, 1.0])?;
    /// let (mut order, random) = (Vec::new(), &mut Streams::new(1).generator("example/weights", 0));
    /// Batching::Mini { size: 2, repeats: false }.weighted_sweep(&weights, random, &mut order);
    /// order.sort();
    /// assert_eq!(order, [0, 2, 2, 3]);
    /// # Ok::<(), rgflow::learning::LearningError>(())
    /// ```
    pub fn weighted_sweep(&self, weights: &SampleWeights, random: &mut Generator, order: &mut Vec<usize>) {
        order.clear();
        let n = weights.len();
        match self {
            Self::Full => weights.draw(n, random, order),
            Self::Mini { repeats: true, .. } => {
                let draws = self.updates(n) * self.size(n);
                order.extend((0..draws).map(|_| weights.at(random.random::<f64>() * n as f64)));
            }
            Self::Stochastic | Self::Mini { repeats: false, .. } => {
                weights.draw(n, random, order);
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

    /// Null: with repeats, draws are uniform and independent. 400 sweeps of 50 draws from 50 samples, seed 1: the
    /// counts give chi^2 with 49 degrees of freedom, below 98 but for p < 1e-4 (and above 19.4 but for 1e-4), and the
    /// samples missed by a sweep number 50 (49/50)^50 = 18.2 +- 2.2 each, their mean over 400 sweeps +- 0.11 (|z|
    /// < 4.5).
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

    /// Numbers of times of weighted samples: rounded up or down without repeats, and their means are n w / W. Null:
    /// each of 8 counts over 2000 sweeps is a sum of terms of variance at most 1/4 (systematic) or of Poisson counts
    /// (independent draws): |z| < 5 for each of 24 means, p < 2e-5.
    #[test]
    fn weighted_samples_come_by_their_weights() {
        let given = [0.5, 0.0, 3.0, 1.0, 1.25, 0.25, 0.0, 2.0];
        let weights = SampleWeights::new(&given).unwrap();
        let streams = Streams::new(1);
        for batching in
            [Batching::Full, Batching::Mini { size: 3, repeats: false }, Batching::Mini { size: 4, repeats: true }]
        {
            let (mut order, mut sums) = (Vec::new(), [0.0; 8]);
            for sweep in 0..2000 {
                batching.weighted_sweep(&weights, &mut streams.generator("test/weights", sweep), &mut order);
                assert_eq!(order.len(), 8);
                let mut counts = [0.0; 8];
                order.iter().for_each(|i| counts[*i] += 1.0);
                for ((sum, count), w) in sums.iter_mut().zip(counts).zip(given) {
                    let independent = matches!(batching, Batching::Mini { repeats: true, .. });
                    assert!(independent || (count - w).abs() < 1.0, "{batching}: {count} for {w}");
                    assert!(w > 0.0 || count == 0.0);
                    *sum += count;
                }
            }
            for (sum, w) in sums.into_iter().zip(given) {
                let variance: f64 = if matches!(batching, Batching::Mini { repeats: true, .. }) { w } else { 0.25 };
                assert!(
                    (sum / 2000.0 - w).abs() < 5.0 * (variance / 2000.0).sqrt() + 1e-12,
                    "{batching}: {sum} for {w}"
                );
            }
        }
        // Equal weights: every sample once, in any unit.
        for unit in [1e-300, 1.0, 1e300] {
            let (mut order, equal) = (Vec::new(), SampleWeights::new(&[unit; 50]).unwrap());
            Batching::Full.weighted_sweep(&equal, &mut streams.generator("test/weights", 0), &mut order);
            assert!(order.into_iter().eq(0..50));
        }
        let refused = |weights: &[f64]| SampleWeights::new(weights).unwrap_err().to_string();
        assert_eq!(refused(&[1.0, -0.5]), "a sample's weight = -0.5: must be >= 0 and finite");
        assert!(refused(&[f64::INFINITY]).contains("finite") && refused(&[0.0]).contains("at least one sample"));
    }

    #[test]
    fn impossible_batches_are_refused() {
        let none = Batching::Mini { size: 0, repeats: false };
        assert_eq!(none.check(5).unwrap_err().to_string(), "batch = 0: must be at least 1");
        assert_eq!(Batching::Full.check(0), Err(LearningError::NoSamples));
        assert!(Batching::Mini { size: 9, repeats: true }.check(5).is_ok());
    }
}
