//! Averages with what their errors are made of: a block of the jackknife left out, and configurations that were not
//! drawn.

use ndarray::Array2;

use crate::statistics::Estimate;

/// Averages of all configurations (row 0), and without each block of the jackknife (other rows).
#[derive(Clone, Debug)]
pub struct Replicas {
    /// Shape `(1 + n_blocks, n_quantities)`.
    pub rows: Array2<f64>,
    /// Averages with [`UNSEEN`] more configurations of a kind that weighs most, or lies beyond all that were drawn:
    /// shape `(n_kinds, n_quantities)`.
    pub more: Array2<f64>,
    /// Kish's number of configurations that count.
    pub n_eff: f64,
}

/// Independent configurations that may be missing: of what was never seen, fewer than -ln 0.0027 = 5.9 are expected
/// with the confidence of three standard errors (99.73 %), that is three errors of two.
pub const UNSEEN: f64 = 2.0;

impl Replicas {
    /// A function of the averages with its jackknife error and bias correction. The error also has, in quadrature, the
    /// most that the function changes with [`UNSEEN`] more configurations of one kind: the jackknife cannot see what
    /// was drawn once or never.
    pub fn estimate(&self, f: impl Fn(&[f64]) -> f64) -> Estimate {
        let values = self.map(&f);
        let of_more = self.more.rows().into_iter().map(|row| f(row.as_slice().expect("rows are contiguous")));
        let change = of_more.map(|v| (v - values[0]).abs()).fold(0.0, f64::max);
        let seen = estimate(&values);
        Estimate { error: seen.error.hypot(change), ..seen }
    }

    /// A function of the averages, in all rows: shape `(1 + n_blocks,)`.
    pub fn map(&self, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        self.rows.rows().into_iter().map(|row| f(row.as_slice().expect("rows are contiguous"))).collect()
    }
}

/// Jackknife of a quantity from all data (`values[0]`) and without each of the blocks (the others; at least two).
///
/// The value is n f(all) - (n - 1) mean of f(all but one); `n_eff` is the number of blocks.
pub fn estimate(values: &[f64]) -> Estimate {
    let n = (values.len() - 1) as f64;
    let mean = values[1..].iter().sum::<f64>() / n;
    let squares = values[1..].iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    Estimate { value: n * values[0] - (n - 1.0) * mean, error: ((n - 1.0) / n * squares).sqrt(), n_eff: n }
}
