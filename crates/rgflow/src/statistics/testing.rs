//! Tests of hypotheses: tails of fitted laws, many tests at once, the best decision by one value.

use super::special::incomplete_gamma_upper;

/// Probability that a chi-square variable of `dof` degrees of freedom (above 0) exceeds `x` (0 or above).
///
/// ```
/// // The upper 5 % point of one degree of freedom.
/// let p = rgflow::statistics::chi_square_tail(3.841_458_820_694_124, 1.0);
/// assert!((p - 0.05).abs() < 1e-12);
/// ```
pub fn chi_square_tail(x: f64, dof: f64) -> f64 {
    incomplete_gamma_upper(0.5 * dof, 0.5 * x)
}

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

/// The largest fraction of samples that one threshold on their `values` puts right, whichever side of it is called
/// positive; `positive`: which of them are. NaN without samples.
///
/// ```
/// let values = [0.1, 0.9, 0.8, 0.2];
/// assert_eq!(rgflow::statistics::best_threshold(&values, &[false, true, false, true]), 0.75);
/// ```
pub fn best_threshold(values: &[f32], positive: &[bool]) -> f64 {
    let mut order: Vec<(f32, bool)> = values.iter().copied().zip(positive.iter().copied()).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Right if all from here on are called positive.
    let mut right = order.iter().filter(|(_, positive)| *positive).count();
    let mut best = right.max(order.len() - right);
    for (i, (value, positive)) in order.iter().enumerate() {
        if *positive {
            right -= 1;
        } else {
            right += 1;
        }
        // Equal values are on one side.
        if order.get(i + 1).is_none_or(|next| next.0 > *value) {
            best = best.max(right).max(order.len() - right);
        }
    }
    best as f64 / order.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use rand::RngExt;

    #[test]
    fn the_best_threshold_is_the_best() {
        let best = |values: &[f32], positive: &[u8]| {
            best_threshold(values, &positive.iter().map(|p| *p == 1).collect::<Vec<_>>())
        };
        assert_eq!(best(&[0.1, 0.9, 0.8, 0.2], &[0, 1, 1, 0]), 1.0);
        assert_eq!(best(&[0.1, 0.9, 0.8, 0.2], &[1, 0, 0, 1]), 1.0);
        // Equal values cannot be told apart.
        assert_eq!(best(&[0.5, 0.5, 0.5, 0.1], &[1, 0, 1, 0]), 0.75);
        assert_eq!(best(&[1.0, 1.0], &[1, 1]), 1.0);
    }

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
