//! Distances between discrete distributions, in nats.
//!
//! Functions take two slices of the same length with non-negative entries that sum to one, and panic on another length.

use serde::{Deserialize, Serialize};

/// Divergences between two distributions, nats; none where infinite.
///
/// ```
/// let far = rgflow::statistics::Distances::between(&[1.0, 0.0], &[0.5, 0.5]);
/// assert_eq!((far.kl, far.reverse_kl), (None, Some(std::f64::consts::LN_2)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// KL(q || p).
    pub kl: Option<f64>,
    /// KL(p || q).
    pub reverse_kl: Option<f64>,
    /// Of both, symmetric.
    pub jensen_shannon: f64,
}

impl Distances {
    /// Of the distribution `p` from `q`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn between(p: &[f64], q: &[f64]) -> Self {
        let finite = |x: f64| x.is_finite().then_some(x);
        Self {
            kl: finite(kullback_leibler(q, p)),
            reverse_kl: finite(kullback_leibler(p, q)),
            jensen_shannon: jensen_shannon(p, q),
        }
    }
}

/// Kullback-Leibler divergence KL(p || q) = sum p ln(p/q) in nats, in `[0, inf]`; infinite where q = 0 < p.
///
/// # Panics
/// If the lengths differ.
pub fn kullback_leibler(p: &[f64], q: &[f64]) -> f64 {
    assert_eq!(p.len(), q.len(), "distributions over the same states");
    let sum: f64 = p.iter().zip(q).filter(|&(&p, _)| p > 0.0).map(|(&p, &q)| p * libm::log(p / q)).sum();
    // Rounding can leave -1e-17 for equal distributions.
    sum.max(0.0)
}

/// Jensen-Shannon divergence, the mean KL to the average of both, in nats, in `[0, ln 2]`.
///
/// # Panics
/// If the lengths differ.
pub fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    assert_eq!(p.len(), q.len(), "distributions over the same states");
    let term = |a: f64, b: f64| if a > 0.0 { a * libm::log(2.0 * a / (a + b)) } else { 0.0 };
    let sum: f64 = p.iter().zip(q).map(|(&p, &q)| term(p, q) + term(q, p)).sum();
    (0.5 * sum).max(0.0)
}

/// Total variation distance, half the sum of |p - q|, in `[0, 1]`.
///
/// # Panics
/// If the lengths differ.
pub fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    assert_eq!(p.len(), q.len(), "distributions over the same states");
    0.5 * p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::LN_2;

    #[test]
    fn extremes() {
        let (a, b, half) = ([1.0, 0.0], [0.0, 1.0], [0.5, 0.5]);
        assert_eq!(kullback_leibler(&a, &b), f64::INFINITY);
        assert!((kullback_leibler(&a, &half) - LN_2).abs() < 1e-15);
        assert!((jensen_shannon(&a, &b) - LN_2).abs() < 1e-15);
        assert_eq!(jensen_shannon(&half, &half), 0.0);
        assert_eq!(total_variation(&a, &b), 1.0);
        assert_eq!(total_variation(&a, &half), 0.5);
    }
}
