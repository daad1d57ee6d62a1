//! Errors of functions of averages by resampling: jackknife over blocks, bootstrap over rows.

use ndarray::ArrayView2;
use rand::RngExt;

use super::Estimate;
use crate::random::Generator;

/// A function of several means with its jackknife error and bias correction.
///
/// `blocks`: shape `(n_blocks, n_quantities)`, block means of data from blocks much longer than tau_int; `f` takes the
/// `n_quantities` means. The value is n f(all) - (n - 1) mean of f(all but one). At least two blocks, else the error
/// is NaN. `n_eff` is the number of blocks.
pub fn jackknife(blocks: ArrayView2<'_, f64>, f: impl Fn(&[f64]) -> f64) -> Estimate {
    let (n_blocks, n) = (blocks.nrows(), blocks.nrows() as f64);
    let sums = column_sums(blocks, 0..n_blocks);
    let all = f(&scaled(&sums, n));
    if n_blocks < 2 {
        return Estimate { value: all, error: f64::NAN, n_eff: n };
    }
    let mut means = vec![0.0; sums.len()];
    let left_out: Vec<f64> = blocks
        .rows()
        .into_iter()
        .map(|row| {
            means.iter_mut().zip(&sums).zip(row).for_each(|((l, s), b)| *l = (s - b) / (n - 1.0));
            f(&means)
        })
        .collect();
    jackknife_of(all, &left_out)
}

/// An estimate from all blocks of data, with its jackknife error and bias correction from those of `left_out`, each of
/// all blocks but one. The error is NaN with fewer than two.
///
/// ```
/// use rgflow::statistics::jackknife_of;
/// // The mean of 1, 2, 3.
/// let mean = jackknife_of(2.0, &[2.5, 2.0, 1.5]);
/// assert!((mean.value - 2.0).abs() < 1e-12 && (mean.error - (1.0f64 / 3.0).sqrt()).abs() < 1e-12);
/// ```
pub fn jackknife_of(all: f64, left_out: &[f64]) -> Estimate {
    let n = left_out.len() as f64;
    if left_out.len() < 2 {
        return Estimate { value: all, error: f64::NAN, n_eff: n };
    }
    let mean = left_out.iter().sum::<f64>() / n;
    let squares = left_out.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>();
    Estimate { value: n * all - (n - 1.0) * mean, error: (squares * (n - 1.0) / n).sqrt(), n_eff: n }
}

/// A function of several means with its bootstrap error, from `n_resamples` sets of rows drawn with replacement.
///
/// `rows`: shape `(n, n_quantities)`, independent data; `f` takes the `n_quantities` means. The value is f of the
/// means of all rows; the error is the standard deviation over resamples, NaN with fewer than two.
pub fn bootstrap(
    rows: ArrayView2<'_, f64>,
    n_resamples: usize,
    f: impl Fn(&[f64]) -> f64,
    rng: &mut Generator,
) -> Estimate {
    let (n_rows, n) = (rows.nrows(), rows.nrows() as f64);
    let value = f(&scaled(&column_sums(rows, 0..n_rows), n));
    if n_rows == 0 || n_resamples < 2 {
        return Estimate { value, error: f64::NAN, n_eff: n };
    }
    let parts: Vec<f64> = (0..n_resamples)
        .map(|_| f(&scaled(&column_sums(rows, (0..n_rows).map(|_| rng.random_range(0..n_rows))), n)))
        .collect();
    let mean = parts.iter().sum::<f64>() / parts.len() as f64;
    let squares = parts.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>();
    Estimate { value, error: (squares / (parts.len() - 1) as f64).sqrt(), n_eff: n }
}

fn column_sums(rows: ArrayView2<'_, f64>, chosen: impl Iterator<Item = usize>) -> Vec<f64> {
    let mut sums = vec![0.0; rows.ncols()];
    for i in chosen {
        sums.iter_mut().zip(rows.row(i)).for_each(|(s, v)| *s += v);
    }
    sums
}

fn scaled(sums: &[f64], n: f64) -> Vec<f64> {
    sums.iter().map(|s| s / n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use ndarray::Array2;

    #[test]
    fn errors_of_a_ratio_agree_with_propagation() {
        let mut rng = Streams::new(1).generator("test/resampling", 0);
        let rows = Array2::from_shape_fn((2000, 2), |(_, j)| 1.0 + j as f64 + rng.random::<f64>() - 0.5);
        let ratio = |m: &[f64]| m[0] / m[1];
        // Relative variances of the means add: (1/12)(1/1 + 1/4)/n.
        let exact = 0.5 * (1.25 / 12.0 / 2000.0f64).sqrt();
        let jack = jackknife(rows.view(), ratio);
        let boot = bootstrap(rows.view(), 1000, ratio, &mut rng);
        assert!((jack.error / exact - 1.0).abs() < 0.1, "{jack:?} {exact}");
        assert!((boot.error / exact - 1.0).abs() < 0.15, "{boot:?} {exact}");
        assert!((jack.value - 0.5).abs() < 4.0 * exact && (boot.value - 0.5).abs() < 4.0 * exact);
        assert!(jackknife(rows.slice(ndarray::s![..1, ..]), ratio).error.is_nan());
    }
}
