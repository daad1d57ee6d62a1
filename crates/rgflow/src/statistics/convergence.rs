//! Whether Markov chains have reached one law: rank-normalised split R-hat and effective sample sizes (Vehtari, Gelman,
//! Simpson, Carpenter and Bürkner, Bayesian Analysis 16 (2021) 667), as Stan and ArviZ compute them.

use super::autocorrelation::lagged_sums;
use super::special::normal_quantile;

/// Least number of values in a chain.
const SHORTEST: usize = 10;

/// Diagnosis of several chains of one quantity, or of the halves of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convergence {
    /// Rank-normalised split R-hat, of the values and of their distances from the median, whichever is larger: 1 where
    /// all halves have one law.
    pub r_hat: f64,
    /// Effective number of independent values for the bulk of the distribution.
    pub ess_bulk: f64,
    /// Effective number of independent values for its tails: the smaller of those of the 5 % and the 95 % quantile.
    pub ess_tail: f64,
}

/// Split R-hat and effective sample sizes of `chains`, of which as many values as the shortest has are used. Every
/// chain is split into halves. `None` with fewer than ten values in a chain, where the values do not vary, or where one
/// is not finite.
///
/// ```
/// use rgflow::statistics::convergence;
/// let wave = |shift: f64| (0..400).map(|i| (f64::from(i) * 2.4).sin() + shift).collect::<Vec<f64>>();
/// assert!(convergence(&[wave(0.0), wave(0.0)]).is_some_and(|seen| seen.r_hat < 1.01));
/// assert!(convergence(&[wave(0.0), wave(5.0)]).is_some_and(|seen| seen.r_hat > 1.5));
/// assert!(convergence(&[vec![1.0; 400]]).is_none());
/// ```
pub fn convergence(chains: &[Vec<f64>]) -> Option<Convergence> {
    let n = chains.iter().map(Vec::len).min().filter(|n| *n >= SHORTEST)?;
    let first = chains[0][0];
    let all = || chains.iter().flat_map(|chain| &chain[..n]);
    if all().any(|v| !v.is_finite()) || all().all(|v| *v == first) {
        return None;
    }
    // The value in the middle of an odd number is left out.
    let half = n / 2;
    let halves: Vec<&[f64]> = chains.iter().flat_map(|chain| [&chain[..half], &chain[n - half..n]]).collect();
    let values: Vec<f64> = halves.concat();
    let median = quantile(&values, 0.5);
    let folded: Vec<f64> = values.iter().map(|v| (v - median).abs()).collect();
    let normal = normal_scores(&values);
    let bulk = r_hat(&normal, half);
    let spread = r_hat(&normal_scores(&folded), half);
    let tail = |p: f64| {
        let at = quantile(&values, p);
        effective(&values.iter().map(|v| f64::from(u8::from(*v <= at))).collect::<Vec<f64>>(), half)
    };
    // Of two values 0 and 1 the distances from the median may all be the same.
    let r_hat = if spread.is_nan() { bulk } else { bulk.max(spread) };
    Some(Convergence { r_hat, ess_bulk: effective(&normal, half), ess_tail: tail(0.05).min(tail(0.95)) })
}

/// Quantile of `values` by linear interpolation between the order statistics, as NumPy has it.
fn quantile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = p * (sorted.len() - 1) as f64;
    let (low, share) = (at.floor() as usize, at - at.floor());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + share * (sorted[high] - sorted[low])
}

/// Normal scores of the ranks, of equal values that of their mean rank: z = Phi^-1((rank - 3/8)/(n + 1/4)).
fn normal_scores(values: &[f64]) -> Vec<f64> {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut scores = vec![0.0; n];
    let mut begin = 0;
    while begin < n {
        let same = order[begin..].iter().take_while(|i| values[**i] == values[order[begin]]).count();
        let rank = begin as f64 + 0.5 * (same + 1) as f64;
        let z = normal_quantile((rank - 0.375) / (n as f64 + 0.25));
        order[begin..begin + same].iter().for_each(|i| scores[*i] = z);
        begin += same;
    }
    scores
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean of the variances of chains of `n` values (with n - 1), and variance of their means.
fn within_and_between(values: &[f64], n: usize) -> (f64, f64) {
    let means: Vec<f64> = values.chunks(n).map(mean).collect();
    let squares = |chain: &[f64], about: f64| chain.iter().map(|v| (v - about).powi(2)).sum::<f64>();
    let variances = values.chunks(n).zip(&means).map(|(chain, about)| squares(chain, *about) / (n - 1) as f64);
    let within = variances.sum::<f64>() / means.len() as f64;
    (within, squares(&means, mean(&means)) / (means.len() - 1) as f64)
}

/// sqrt(((n - 1)/n W + B/n)/W) of chains of `n` values, one after the other.
fn r_hat(values: &[f64], n: usize) -> f64 {
    let (within, between) = within_and_between(values, n);
    ((within * (n - 1) as f64 / n as f64 + between) / within).sqrt()
}

/// Effective sample size by Geyer's initial monotone sequence of chains of `n` values, one after the other; the number
/// of values where they do not vary.
fn effective(values: &[f64], n: usize) -> f64 {
    let total = values.len() as f64;
    if values.iter().all(|v| *v == values[0]) {
        return total;
    }
    let centred: Vec<Vec<f64>> = values
        .chunks(n)
        .map(|chain| {
            let about = mean(chain);
            chain.iter().map(|v| v - about).collect()
        })
        .collect();
    let views: Vec<&[f64]> = centred.iter().map(Vec::as_slice).collect();
    let sums = lagged_sums(&views, 0.0, n);
    let (within, between) = within_and_between(values, n);
    let variance = within * (n - 1) as f64 / n as f64 + between;
    let rho = |t: usize| 1.0 - (within - sums[t] / total) / variance;
    // Sums of neighbouring correlations are positive and fall (Geyer 1992): the sequence ends with the first that is
    // not positive.
    let mut kept = Vec::new();
    let (mut even, mut odd, mut t) = (1.0, rho(1), 1);
    let mut tail = even;
    while t + 3 < n && even + odd > 0.0 {
        kept.extend([even, odd]);
        (even, odd) = (rho(t + 1), rho(t + 2));
        // Of the pair that ends the sequence the even lag counts once.
        tail = if even + odd >= 0.0 { even } else { even.max(0.0) };
        t += 2;
    }
    for pair in 1..kept.len() / 2 {
        let (before, own) = (kept[2 * pair - 2] + kept[2 * pair - 1], kept[2 * pair] + kept[2 * pair + 1]);
        if own > before {
            kept[2 * pair] = 0.5 * before;
            kept[2 * pair + 1] = 0.5 * before;
        }
    }
    let tau = -1.0 + 2.0 * kept.iter().sum::<f64>() + tail;
    // Alternating chains may have more than n, but not without bound.
    total / tau.max(1.0 / libm::log10(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x' = phi x + noise of a linear congruential generator, which one line of any language repeats; chain c is
    /// shifted by c `shift`.
    fn chains(phi: f64, m: usize, n: usize, shift: f64) -> Vec<Vec<f64>> {
        let mut state = 1u32;
        let mut chain = |c: usize| {
            let mut x = 0.0;
            let step = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                x = phi * x + f64::from(state >> 8) / f64::from(1 << 24) - 0.5;
                x + shift * c as f64
            };
            (0..n).map(step).collect()
        };
        (0..m).map(&mut chain).collect()
    }

    /// Truth: the formulas of `arviz.rhat(method="rank")`, `arviz.ess(method="bulk")` and `arviz.ess(method="tail")`
    /// (ArviZ 0.17), written out with NumPy 2.4 and `statistics.NormalDist` on the same series.
    #[test]
    fn numbers_are_those_of_the_published_formulas() {
        let sign = |v: &f64| if *v < 0.0 { -1.0 } else { 1.0 };
        let signs: Vec<Vec<f64>> = chains(0.8, 2, 300, 0.0).iter().map(|c| c.iter().map(sign).collect()).collect();
        for (chains, r_hat, bulk, tail) in [
            (chains(0.5, 4, 200, 0.0), 1.0207435541589922, 245.33450534375856, 325.69204208240683),
            (chains(0.9, 1, 501, 0.0), 1.2547126841228762, 3.8483946224298684, 30.991018008421783),
            (chains(0.9, 3, 300, 0.5), 1.1998588370689336, 11.456522493981405, 90.05139958396575),
            (chains(-0.6, 2, 100, 0.0), 1.002295219900276, 460.2059991327962, 148.66041935796065),
            (chains(0.0, 4, 64, 0.0), 0.9907884830040332, 254.29566146366471, 250.17536283080173),
            (signs, 1.0247695193080952, 128.19167268909123, 128.19167268909132),
        ] {
            let seen = convergence(&chains).unwrap();
            for (value, truth) in [(seen.r_hat, r_hat), (seen.ess_bulk, bulk), (seen.ess_tail, tail)] {
                assert!((value / truth - 1.0).abs() < 1e-9, "{seen:?}: {value} for {truth}");
            }
        }
    }

    #[test]
    fn series_without_a_diagnosis_have_none() {
        assert_eq!(convergence(&[]), None);
        assert_eq!(convergence(&[vec![1.0, 2.0, 3.0]]), None);
        assert_eq!(convergence(&[(0..20).map(f64::from).collect(), vec![f64::NAN; 20]]), None);
        let short = convergence(&[(0..10).map(|i| f64::from(i * i % 7)).collect()]).unwrap();
        assert!(short.r_hat.is_finite() && short.ess_bulk.is_finite());
    }
}
