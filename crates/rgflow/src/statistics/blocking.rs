//! Errors of correlated series from blocks.

use super::Estimate;

/// Mean of a correlated series with its error by repeated halving (Flyvbjerg and Petersen 1989).
///
/// The level is the first with (block length)^3 > 2 n (error / naive error)^4 (Lee et al. 2011). `n_eff` is
/// n (naive error / error)^2, at most n. A series too short to reach that level has the error NaN.
pub fn blocking(series: &[f64]) -> Estimate {
    let n = series.len() as f64;
    let value = series.iter().sum::<f64>() / n;
    let naive = error_of_mean(series, value);
    if naive == 0.0 {
        return Estimate { value, error: 0.0, n_eff: n };
    }
    let mut blocks = series.to_vec();
    let mut length = 1.0f64;
    while blocks.len() >= 2 {
        let error = error_of_mean(&blocks, blocks.iter().sum::<f64>() / blocks.len() as f64);
        let inflation = (error / naive) * (error / naive);
        if length * length * length > 2.0 * n * inflation * inflation {
            return Estimate { value, error, n_eff: n / inflation.max(1.0) };
        }
        blocks = blocks.chunks_exact(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
        length *= 2.0;
    }
    Estimate { value, error: f64::NAN, n_eff: f64::NAN }
}

fn error_of_mean(data: &[f64], mean: f64) -> f64 {
    let n = data.len() as f64;
    (data.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n * (n - 1.0))).sqrt()
}

/// Means of `n_blocks` consecutive blocks of equal length; the last `len % n_blocks` values are left out.
///
/// Returns at most `series.len()` blocks.
pub fn block_means(series: &[f64], n_blocks: usize) -> Vec<f64> {
    let length = (series.len() / n_blocks.max(1)).max(1);
    series.chunks_exact(length).take(n_blocks).map(|block| block.iter().sum::<f64>() / length as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use rand::RngExt;

    #[test]
    fn error_of_an_autoregression() {
        let mut rng = Streams::new(1).generator("test/blocking", 0);
        let mut x = 0.0;
        let series: Vec<f64> = (0..1 << 18)
            .map(|_| {
                x = 0.9 * x + rng.random::<f64>() - 0.5;
                x
            })
            .collect();
        // Error of the mean: noise / (1 - 0.9) / sqrt n.
        let exact = (1.0f64 / 12.0).sqrt() / 0.1 / (series.len() as f64).sqrt();
        let seen = blocking(&series);
        assert!((seen.error / exact - 1.0).abs() < 0.15, "{seen:?} for {exact}");
        assert!(seen.value.abs() < 4.0 * seen.error);
        assert!((seen.n_eff * 19.0 / series.len() as f64 - 1.0).abs() < 0.3);
    }

    #[test]
    fn blocks_have_equal_length() {
        assert_eq!(block_means(&[1.0, 2.0, 3.0, 4.0, 9.0], 2), [1.5, 3.5]);
        assert_eq!(block_means(&[1.0], 5), [1.0]);
        assert_eq!(blocking(&[2.0; 8]).error, 0.0);
    }
}
