//! Integrated autocorrelation time with Sokal's automatic window (Madras and Sokal 1988).
//!
//! Convention: tau = 1/2 + sum over t >= 1 of rho(t), so independent data have tau = 1/2, and n data are worth
//! n / (2 tau) independent ones.

use super::Estimate;
use rustfft::FftPlannerScalar;
use rustfft::num_complex::Complex;

/// Sokal's factor: the window is the first t >= 6 tau(t).
const WINDOW: f64 = 6.0;

/// An integrated autocorrelation time in units of the series' spacing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TauInt {
    /// tau_int; 0.5 for independent or constant data.
    pub tau: f64,
    /// Its standard error, tau sqrt(2 (2 window + 1)/n); infinite if the series ended before the window closed.
    pub error: f64,
    /// Last lag that was summed.
    pub window: usize,
}

impl TauInt {
    /// Effective number of independent data among `n`, at most `n`.
    pub fn n_eff(&self, n: usize) -> f64 {
        n as f64 / (2.0 * self.tau).max(1.0)
    }
}

/// Integrated autocorrelation time of one series.
///
/// ```
/// let alternating: Vec<f64> = (0..1000).map(|i| f64::from(i / 10 % 2)).collect();
/// assert!(rgflow::statistics::tau_int(&alternating).tau < 5.0);
/// ```
pub fn tau_int(series: &[f64]) -> TauInt {
    tau_int_of(&[series])
}

/// Integrated autocorrelation time of several chains of one law, with their common mean: chains that do not agree
/// show as a long time.
pub fn tau_int_chains(chains: &[Vec<f64>]) -> TauInt {
    let views: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
    tau_int_of(&views)
}

/// Mean of several chains of one law, with the error that their integrated autocorrelation time leaves.
///
/// ```
/// let chains = vec![vec![1.0, 3.0, 2.0, 4.0, 1.0, 3.0]; 50];
/// let (mean, tau) = rgflow::statistics::mean_of_chains(&chains);
/// assert!((mean.value - 14.0 / 6.0).abs() < 1e-12 && mean.n_eff == tau.n_eff(300));
/// ```
pub fn mean_of_chains(chains: &[Vec<f64>]) -> (Estimate, TauInt) {
    let n: usize = chains.iter().map(Vec::len).sum();
    let value = chains.iter().flatten().sum::<f64>() / n as f64;
    let variance = chains.iter().flatten().map(|x| (x - value).powi(2)).sum::<f64>() / n as f64;
    let tau = tau_int_chains(chains);
    let n_eff = tau.n_eff(n);
    (Estimate { value, error: (variance / n_eff).sqrt(), n_eff }, tau)
}

fn tau_int_of(chains: &[&[f64]]) -> TauInt {
    let n: usize = chains.iter().map(|c| c.len()).sum();
    let longest = chains.iter().map(|c| c.len()).max().unwrap_or(0);
    let mean = chains.iter().map(|c| c.iter().sum::<f64>()).sum::<f64>() / n as f64;
    let sums = lagged_sums(chains, mean, longest);
    // Rounding of a constant series is no variance.
    if longest < 2 || sums[0] <= n as f64 * (1e-12 * mean) * (1e-12 * mean) {
        return TauInt { tau: 0.5, error: if longest < 2 { f64::INFINITY } else { 0.0 }, window: 0 };
    }
    let variance = sums[0] / n as f64;
    let mut tau = 0.5;
    for (t, sum) in sums.iter().enumerate().skip(1) {
        let pairs: usize = chains.iter().map(|c| c.len().saturating_sub(t)).sum();
        tau += sum / (pairs as f64 * variance);
        if t as f64 >= WINDOW * tau {
            let error = tau.abs() * (2.0 * (2.0 * t as f64 + 1.0) / n as f64).sqrt();
            return TauInt { tau: tau.max(0.0), error, window: t };
        }
    }
    TauInt { tau, error: f64::INFINITY, window: longest - 1 }
}

/// Autocorrelation function rho(t) of several chains of one law about their common mean, for t = 0 to `lags` or the
/// longest chain's last.
///
/// rho(0) is 1; a constant gives 0 at every lag. The noise of rho(t) is about sqrt(2 tau_int/n) (Bartlett) and larger
/// where few pairs are left.
///
/// ```
/// let rho = rgflow::statistics::autocorrelation(&[vec![1.0, -1.0, 1.0, -1.0, 1.0, -1.0]], 2);
/// assert!((rho[0] - 1.0).abs() < 1e-12 && (rho[1] + 1.0).abs() < 1e-12 && (rho[2] - 1.0).abs() < 1e-12);
/// ```
pub fn autocorrelation(chains: &[Vec<f64>], lags: usize) -> Vec<f64> {
    let views: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
    let n: usize = chains.iter().map(Vec::len).sum();
    let longest = chains.iter().map(Vec::len).max().unwrap_or(0);
    let mean = chains.iter().flatten().sum::<f64>() / n as f64;
    let sums = lagged_sums(&views, mean, longest);
    let variance = sums.first().map_or(0.0, |sum| sum / n as f64);
    let pairs = |t: usize| chains.iter().map(|c| c.len().saturating_sub(t)).sum::<usize>() as f64;
    let rho = |(t, sum): (usize, &f64)| if variance > 0.0 { sum / (pairs(t) * variance) } else { 0.0 };
    sums.iter().enumerate().take(lags.saturating_add(1)).map(rho).collect()
}

/// sum over chains and i of d(i) d(i + t) for every t, where d is the deviation from `mean`; by FFT of padded chains.
pub(super) fn lagged_sums(chains: &[&[f64]], mean: f64, longest: usize) -> Vec<f64> {
    let padded = (2 * longest).next_power_of_two().max(2);
    // The scalar planner, because the others choose their arithmetic by the CPU.
    let mut planner = FftPlannerScalar::new();
    let (forward, inverse) = (planner.plan_fft_forward(padded), planner.plan_fft_inverse(padded));
    let mut power = vec![Complex::new(0.0, 0.0); padded];
    let mut buffer = vec![Complex::new(0.0, 0.0); padded];
    for chain in chains {
        buffer.fill(Complex::new(0.0, 0.0));
        for (b, v) in buffer.iter_mut().zip(*chain) {
            b.re = v - mean;
        }
        forward.process(&mut buffer);
        for (p, b) in power.iter_mut().zip(&buffer) {
            p.re += b.norm_sqr();
        }
    }
    inverse.process(&mut power);
    power[..longest].iter().map(|p| p.re / padded as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use rand::RngExt;

    /// AR(1), x' = phi x + noise: rho(t) = phi^t, tau = 1/2 + phi/(1 - phi).
    fn ar1(phi: f64, n: usize, index: u64) -> Vec<f64> {
        let mut rng = Streams::new(1).generator("test/ar1", index);
        let mut x = 0.0;
        let mut step = || {
            x = phi * x + (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            x
        };
        (0..1000).for_each(|_| {
            step();
        });
        (0..n).map(|_| step()).collect()
    }

    #[test]
    fn autoregression_has_its_known_time() {
        for (i, phi) in [0.0, 0.5, 0.9, 0.98].into_iter().enumerate() {
            let exact = 0.5 + phi / (1.0 - phi);
            let seen = tau_int(&ar1(phi, 200_000, i as u64));
            // The window misses exp(-6) of tau. Seed 1, bound 4 sigma.
            assert!((seen.tau - exact).abs() < 4.0 * seen.error + 0.003 * exact, "{phi}: {seen:?} for {exact}");
            assert!(seen.window as f64 >= 6.0 * seen.tau);
        }
    }

    #[test]
    fn chains_are_pooled_with_a_common_mean() {
        let chains: Vec<_> = (10..60).map(|i| ar1(0.8, 2000, i)).collect();
        let seen = tau_int_chains(&chains);
        assert!((seen.tau - 4.5).abs() < 4.0 * seen.error, "{seen:?}");
        let apart = chains.iter().enumerate().map(|(i, c)| c.iter().map(|x| x + 100.0 * (i % 2) as f64).collect());
        let apart: Vec<Vec<f64>> = apart.collect();
        assert!(tau_int_chains(&apart).tau > 100.0, "chains that disagree are not independent data");
    }

    #[test]
    fn degenerate_series() {
        assert_eq!(tau_int(&[0.1; 1000]).tau, 0.5);
        assert_eq!(tau_int(&[]).error, f64::INFINITY);
        assert_eq!(tau_int(&[1.0]).error, f64::INFINITY);
        assert_eq!(tau_int(&[0.5; 10]).n_eff(10), 10.0);
    }
}
