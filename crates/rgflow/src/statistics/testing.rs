//! Tests of hypotheses: tails of fitted laws and many tests at once.

use super::special::incomplete_gamma_upper;

/// Survival function at `x` of the gamma law with the mean and variance of `samples`: a p-value beyond the reach of
/// resampling. `samples`: non-negative values of the statistic under the null. Samples without spread give a step;
/// none give NaN.
pub fn gamma_tail(samples: &[f64], x: f64) -> f64 {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    if samples.is_empty() || mean.is_nan() || x.is_nan() {
        return f64::NAN;
    }
    let variance = samples.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    if mean <= 0.0 || variance <= 0.0 {
        return if x > mean { 0.0 } else { 1.0 };
    }
    incomplete_gamma_upper(mean * mean / variance, x * mean / variance)
}

/// Which of many hypotheses are rejected such that any false rejection has at most the probability `level` (Holm
/// 1979). Returns one flag per p-value, in their order; NaN is never rejected.
pub fn holm(p_values: &[f64], level: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut rejected = vec![false; p_values.len()];
    for (rank, &i) in order.iter().enumerate() {
        let p = p_values[i];
        if p.is_nan() || p > level / (p_values.len() - rank) as f64 {
            break;
        }
        rejected[i] = true;
    }
    rejected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use rand::RngExt;

    #[test]
    fn holm_steps_down() {
        assert_eq!(holm(&[0.01, 0.04, 0.03, 0.005], 0.05), [true, false, false, true]);
        assert_eq!(holm(&[0.04, f64::NAN], 0.1), [true, false]);
        assert!(holm(&[], 0.05).is_empty());
    }

    #[test]
    fn the_tail_of_exponential_data_is_exponential() {
        let mut rng = Streams::new(1).generator("test/gamma", 0);
        let samples: Vec<f64> = (0..100_000).map(|_| -libm::log(1.0 - rng.random::<f64>())).collect();
        // Moments of 1e5 draws fix the shape to about 1 %: the tail at 5 to about 5 %.
        assert!((gamma_tail(&samples, 5.0) / (-5.0f64).exp() - 1.0).abs() < 0.15);
        assert_eq!(gamma_tail(&[2.0, 2.0], 2.5), 0.0);
        assert_eq!(gamma_tail(&samples, 0.0), 1.0);
        assert!(gamma_tail(&[], 1.0).is_nan());
    }
}
