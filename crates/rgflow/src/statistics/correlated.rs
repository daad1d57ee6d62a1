//! Means of correlated series with errors that know how well their autocorrelation time is known, and the values at
//! their begin that are of another law.

use super::{Estimate, TauInt, mean_of_chains};

/// A series is to be this many autocorrelation times long for its error to be given. In series of 50 tau_int the
/// estimate of tau_int is too low by a fifth on average where it does not exceed this, which the widening of the error
/// makes up for; in shorter ones it is not.
pub const LEAST_TIMES: f64 = 50.0;

/// Mean of chains of one law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrelatedMean {
    /// The mean. Its error has the factor sqrt(1 + (error of tau/tau)^2): an error from a short series is itself
    /// uncertain, and mostly too small. `n_eff` is n/(2 tau_int), at most n.
    pub mean: Estimate,
    /// Standard deviation of one value.
    pub deviation: f64,
    /// tau_int in units of the spacing of values, with the correction of its bias.
    pub tau: TauInt,
}

/// Why a series has no error.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// Fewer than [`LEAST_TIMES`] autocorrelation times.
    #[error(
        "{n} values are {:.0} tau_int (tau_int = {tau:.1}), fewer than the {LEAST_TIMES} that an error needs: go on \
         to {:.0} values",
        *n as f64 / tau, 2.0 * LEAST_TIMES * tau
    )]
    Short {
        /// Number of values.
        n: usize,
        /// The estimate of tau_int.
        tau: f64,
    },
    /// The autocorrelation does not fall within a chain.
    #[error(
        "the autocorrelation does not fall to 0 within chains of {longest} values: they are too short, drift, or have \
         not one mean; take longer ones, or leave out the first values"
    )]
    Open {
        /// Length of the longest chain.
        longest: usize,
    },
    /// All values are the same.
    #[error("all {n} values are the same, so no error can be measured")]
    Constant {
        /// Number of values.
        n: usize,
    },
}

/// Mean, standard error and tau_int of `chains` of one law, by the Gamma method: tau_int is summed up to Sokal's window
/// of 6 tau_int and corrected by the factor 1 + (2 window + 1)/n for the mean that the values themselves gave (Wolff,
/// Comput. Phys. Commun. 156 (2004) 143, eq. 49).
///
/// ```
/// use rgflow::{random::Streams, statistics::correlated_mean};
/// let mut words = [0; 1000];
/// Streams::new(1).bulk("example", 0).fill(&mut words);
/// // Independent numbers of [0, 1): the error is 1/sqrt(12 n).
/// let seen = correlated_mean(&[words.map(|word| f64::from(word) / 4_294_967_296.0).to_vec()])?;
/// assert!((seen.mean.value - 0.5).abs() < 5.0 * seen.mean.error);
/// assert!((seen.mean.error * 12000.0f64.sqrt() - 1.0).abs() < 0.3);
/// assert!(correlated_mean(&[vec![1.0; 9]]).is_err());
/// # Ok::<(), rgflow::statistics::SeriesError>(())
/// ```
///
/// # Errors
/// [`SeriesError`], where the series is too short for an error, or does not vary.
pub fn correlated_mean(chains: &[Vec<f64>]) -> Result<CorrelatedMean, SeriesError> {
    let n = chains.iter().map(Vec::len).sum::<usize>();
    let (plain, seen) = mean_of_chains(chains);
    if n < 2 || seen.error == 0.0 {
        return Err(SeriesError::Constant { n });
    }
    if !seen.error.is_finite() {
        return Err(SeriesError::Open { longest: chains.iter().map(Vec::len).max().unwrap_or(0) });
    }
    let count = n as f64;
    let tau = seen.tau * (1.0 + (2.0 * seen.window as f64 + 1.0) / count);
    // Values that avoid each other are not counted as more than there are.
    let counted = tau.max(0.5);
    if count < LEAST_TIMES * counted {
        return Err(SeriesError::Short { n, tau: counted });
    }
    let tau = TauInt { tau, error: seen.error * tau / seen.tau.max(f64::MIN_POSITIVE), window: seen.window };
    let squares = plain.error * plain.error * plain.n_eff;
    let n_eff = tau.n_eff(n);
    // The variance about the mean of the values is too low by that of this mean.
    let variance = squares * (1.0 + 1.0 / n_eff);
    let unsure =
        if tau.tau > 0.5 { (tau.error / tau.tau).powi(2) } else { 2.0 * (2.0 * tau.window as f64 + 1.0) / count };
    let mean = Estimate { value: plain.value, error: (variance / n_eff * (1.0 + unsure)).sqrt(), n_eff };
    Ok(CorrelatedMean { mean, deviation: variance.sqrt(), tau })
}

/// Values to leave out at the begin of a series that starts far from its law: the number, a multiple of five and at
/// most half of the values, without which the rest has the least squared standard error (MSER-5: White, Simulation 69
/// (1997) 323).
///
/// 0 for fewer than 20 values. In a series of one law the number is small but need not be 0; one of half the values
/// says that the series has no begin that could be left out.
///
/// ```
/// let series: Vec<f64> = (0..1000).map(|i| 5.0 * (-f64::from(i) / 20.0).exp() + f64::from(i * i % 7)).collect();
/// assert!((40..160).contains(&rgflow::statistics::burn_in(&series)));
/// ```
pub fn burn_in(series: &[f64]) -> usize {
    const BATCH: usize = 5;
    let batches: Vec<f64> = series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect();
    if batches.len() < 4 {
        return 0;
    }
    // Sums about a value of the series lose no digits.
    let about = batches[batches.len() - 1];
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    let (mut best, mut least) = (0, f64::INFINITY);
    for (i, batch) in batches.iter().enumerate().rev() {
        let d = batch - about;
        (count, sum, squares) = (count + 1.0, sum + d, squares + d * d);
        let error = (squares - sum * sum / count).max(0.0) / (count * count);
        if 2 * i <= batches.len() && error <= least {
            (best, least) = (i, error);
        }
    }
    best * BATCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, Streams};
    use rand::RngExt;

    /// Stationary AR(1) of variance 1: rho(t) = phi^t, tau = 1/2 + phi/(1 - phi).
    fn ar1(phi: f64, n: usize, rng: &mut Generator) -> Vec<f64> {
        let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let mut x = normal();
        let mut step = |_| {
            x = phi * x + (1.0 - phi * phi).sqrt() * normal();
            x
        };
        (0..n).map(&mut step).collect()
    }

    /// Null: the error is right, so pulls of the mean from 0 are normal: of 400 a share of 0.683 lies within one error,
    /// with the deviation 0.023, and their mean square is 1 with the deviation 0.07; the bounds are 4 deviations (p <
    /// 1e-4), and above by the width of the errors of short series, below none. Truth of tau: 9.5, the bias of the mean
    /// over 400 below 3 % and 4 standard errors. Seed 1.
    #[test]
    fn errors_of_autoregressions_cover_the_mean() {
        for (n, chains) in [(2000, 1), (500, 4), (20_000, 1)] {
            let (mut within, mut squares, mut taus) = (0u32, 0.0, Vec::new());
            for index in 0..400 {
                let mut rng = Streams::new(1).generator("test/correlated", (n * 1000 + index) as u64);
                let all: Vec<Vec<f64>> = (0..chains).map(|_| ar1(0.9, n, &mut rng)).collect();
                let Ok(seen) = correlated_mean(&all) else { continue };
                let pull = seen.mean.value / seen.mean.error;
                within += u32::from(pull.abs() < 1.0);
                squares += pull * pull;
                taus.push(seen.tau.tau);
            }
            let m = taus.len() as f64;
            assert!(m >= 390.0, "{n}: only {m} are not refused");
            let (share, square) = (f64::from(within) / m, squares / m);
            assert!((0.683 - 0.093..0.683 + 0.093).contains(&share), "{n}: {share}");
            assert!((0.72..1.28).contains(&square), "{n}: {square}");
            let tau = crate::statistics::mean_error(&taus);
            assert!((tau.value - 9.5).abs() < 4.0 * tau.error + 0.3, "{n}: {tau:?}");
        }
    }

    /// Series of 60 autocorrelation times: those that are not refused have errors that are not much too small. Null:
    /// the mean square of the pulls is 1, its bound 1.5 (400 series, 7 deviations).
    #[test]
    fn short_series_are_refused_or_have_wide_errors() {
        let (mut refused, mut squares) = (0, 0.0);
        for index in 0..400 {
            let mut rng = Streams::new(1).generator("test/short", index);
            match correlated_mean(&[ar1(0.9, 570, &mut rng)]) {
                Ok(seen) => squares += (seen.mean.value / seen.mean.error).powi(2),
                Err(SeriesError::Short { n: 570, .. } | SeriesError::Open { .. }) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!((20..200).contains(&refused), "{refused}");
        assert!(squares / f64::from(400 - refused) < 1.5, "{squares} {refused}");
    }

    #[test]
    fn series_without_an_error_say_why() {
        assert_eq!(correlated_mean(&[vec![3.0; 100]]), Err(SeriesError::Constant { n: 100 }));
        let rising: Vec<f64> = (0..200).map(f64::from).collect();
        let short = correlated_mean(&[rising]).unwrap_err();
        assert!(short.to_string().contains("go on to") || short.to_string().contains("longer"), "{short}");
        let apart: Vec<Vec<f64>> = (0..4)
            .map(|c| {
                ar1(0.5, 500, &mut Streams::new(1).generator("test/apart", c))
                    .iter()
                    .map(|x| x + 5.0 * c as f64)
                    .collect()
            })
            .collect();
        assert_eq!(correlated_mean(&apart), Err(SeriesError::Open { longest: 500 }));
    }

    /// An exponential start from 20 standard deviations away, relaxation time 50: what is left out is long enough that
    /// less than two standard deviations are left, and not all.
    #[test]
    fn the_begin_of_a_series_is_found() {
        let mut rng = Streams::new(1).generator("test/burn-in", 0);
        let series: Vec<f64> =
            ar1(0.8, 4000, &mut rng).iter().enumerate().map(|(i, x)| x + 20.0 * (-(i as f64) / 50.0).exp()).collect();
        assert!((120..500).contains(&burn_in(&series)), "{}", burn_in(&series));
        assert_eq!(burn_in(&series[..19]), 0);
        assert!(burn_in(&(0..100).map(f64::from).collect::<Vec<_>>()) >= 45);
    }
}
