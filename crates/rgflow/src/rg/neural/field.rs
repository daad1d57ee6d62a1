//! An observable in a field coupled to it: theta, and the observable itself against the field.

use ndarray::Array2;

use super::{BLOCKS, two};
use crate::reweighting::Support;
use crate::reweighting::histogram::OVERLAP;
use crate::statistics::{Estimate, jackknife};

/// Block means of f, X and f X, of the shape `(BLOCKS, 3)`: what theta needs.
///
/// `f` and `x` of at least [`BLOCKS`] configurations in the order of their chains.
pub fn field_rows(f: &[f32], x: &[f64]) -> Array2<f64> {
    let n = f.len().min(x.len());
    let mut rows = Array2::zeros((BLOCKS, 3));
    for block in 0..BLOCKS {
        let range = block * n / BLOCKS..(block + 1) * n / BLOCKS;
        let size = range.len() as f64;
        for i in range {
            let f = f64::from(f[i]);
            for (k, value) in [f, x[i], f * x[i]].into_iter().enumerate() {
                rows[[block, k]] += value / size;
            }
        }
    }
    rows
}

/// theta = ln b/ln(dY'/dY), B.11, from [`field_rows`] of both lattices, by observable; the mean with the error that
/// they share.
///
/// # Panics
/// If there are no pairs.
pub fn theta(b: usize, pairs: &[(Array2<f64>, Array2<f64>)]) -> (Vec<Estimate>, Estimate) {
    let ln_b = libm::log(b as f64);
    let covariance = |m: &[f64]| m[2] - m[0] * m[1];
    let of = |l: &[f64], s: &[f64]| ln_b / libm::log(covariance(l) / covariance(s));
    let each = pairs.iter().map(|(l, s)| two(l, s, of)).collect();
    let (large, small): (Vec<_>, Vec<_>) = pairs.iter().map(|(l, s)| (l.view(), s.view())).unzip();
    let joined = |views: &[_]| ndarray::concatenate(ndarray::Axis(1), views).expect("all have the same blocks");
    let n = pairs.len() as f64;
    let mean = two(&joined(&large), &joined(&small), |l, s| {
        l.chunks_exact(3).zip(s.chunks_exact(3)).map(|(l, s)| of(l, s)).sum::<f64>() / n
    });
    (each, mean)
}

/// \<f> and chi_f = beta V (\<f^2> - \<f>^2) in the field Y of H_Y = H - V f Y, reweighted from Y = 0 (B.5, B.6b), with
/// the share of configurations that count and whether they support it.
#[derive(Clone, Copy, Debug)]
pub struct InField {
    /// The field.
    pub y: f64,
    /// \<f>.
    pub f: Estimate,
    /// chi_f.
    pub chi: Estimate,
    /// n_eff/n.
    pub share: f64,
    /// Whether the configurations support it: see [`crate::reweighting::Mbar::read`], with f for the energy.
    pub supported: bool,
}

/// `f` of at least [`BLOCKS`] configurations of `volume` sites at `beta` (in 1/J) in the field `y`.
pub fn in_field(f: &[f32], volume: usize, beta: f64, y: f64) -> InField {
    let n = f.len();
    let strength = beta * volume as f64 * y;
    let top = f.iter().map(|f| strength * f64::from(*f)).fold(f64::NEG_INFINITY, f64::max);
    let mut rows = Array2::zeros((BLOCKS, 3));
    let mut weights = Vec::with_capacity(n);
    for block in 0..BLOCKS {
        let range = block * n / BLOCKS..(block + 1) * n / BLOCKS;
        let size = range.len() as f64;
        for f in &f[range] {
            let f = f64::from(*f);
            let w = libm::exp(strength * f - top);
            weights.push(w);
            for (k, value) in [w, w * f, w * f * f].into_iter().enumerate() {
                rows[[block, k]] += value / size;
            }
        }
    }
    let chi = |m: &[f64]| beta * volume as f64 * (m[2] / m[0] - (m[1] / m[0]).powi(2));
    let values: Vec<f64> = f.iter().map(|f| f64::from(*f)).collect();
    let support = Support::of_one(&weights, &values);
    InField {
        y,
        f: jackknife(rows.view(), |m| m[1] / m[0]),
        chi: jackknife(rows.view(), chi),
        share: support.n_eff / n as f64,
        supported: support.holds(OVERLAP * n as f64),
    }
}

/// [`in_field`] at `points` (at least two) fields from -`reach` to `reach`, those that the configurations support.
pub fn field_curve(f: &[f32], volume: usize, beta: f64, reach: f64, points: usize) -> Vec<InField> {
    let y = |i: usize| reach * (2.0 * i as f64 / (points - 1) as f64 - 1.0);
    (0..points).map(|i| in_field(f, volume, beta, y(i))).filter(|point| point.supported).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f in a field, by the exact sum over a law of three values.
    #[test]
    fn fields_reweight_as_they_should() {
        let f: Vec<f32> = (0..30_000).map(|i| [0.0, 0.25, 1.0][i % 3]).collect();
        let seen = in_field(&f, 10, 0.5, 0.3);
        let weights = [0.0, 0.25, 1.0].map(|f: f64| (libm::exp(1.5 * f), f));
        let z: f64 = weights.iter().map(|w| w.0).sum();
        let (one, two) = weights.iter().fold((0.0, 0.0), |(a, b), (w, f)| (a + w * f / z, b + w * f * f / z));
        assert!((seen.f.value - one).abs() < 1e-6 && (seen.chi.value - 5.0 * (two - one * one)).abs() < 1e-4);
        let squares: f64 = weights.iter().map(|w| w.0 * w.0).sum();
        assert!((seen.share - z * z / squares / 3.0).abs() < 1e-6);
        let curve = field_curve(&f, 10, 0.5, 0.3, 3);
        assert_eq!((curve[0].y, curve[2].y, curve[2].f), (-0.3, 0.3, seen.f));
        // Few configurations count in a strong field: a curve has no points there.
        let even: Vec<f32> = (0..30_000).map(|i| i as f32 / 30_000.0).collect();
        let curve = field_curve(&even, 10, 0.5, 30.0, 3);
        assert_eq!((curve.len(), curve[0].y), (1, 0.0));
    }
}
