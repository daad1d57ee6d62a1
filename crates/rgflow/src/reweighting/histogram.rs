//! One collection read at other temperatures: single-histogram reweighting (Ferrenberg and Swendsen 1988).

use super::{Mbar, Series, State, estimate};
use crate::lattice::Temperature;
use crate::statistics::Estimate;

/// Share of the configurations that must count after reweighting (n_eff / n); below it nothing is read.
pub const OVERLAP: f64 = 0.1;

/// Weights that turn averages at `at` into averages at `to`, of sum 1, and n_eff = 1/sum w^2 (Kish).
///
/// `energy`: total energies in J of configurations at `at`.
pub fn weights(energy: &[f64], at: Temperature, to: Temperature) -> (Vec<f64>, f64) {
    let shift = to.beta() - at.beta();
    let largest = energy.iter().map(|e| -shift * e).fold(f64::NEG_INFINITY, f64::max);
    let mut weights: Vec<f64> = energy.iter().map(|e| libm::exp(-shift * e - largest)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    let n_eff = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
    (weights, n_eff)
}

/// The temperature at which the susceptibility of |m|, chi = N (<m^2> - <|m|>^2)/T, is largest.
///
/// `energy` and `abs_m`: energy per spin (J) and |m| of configurations of `n_sites` spins at `at`, in the order of the
/// chain(s); `width`: the search spans `at` - width to `at` + width where the samples support it ([`Mbar::read`]).
/// Error by jackknife over 20 blocks. `None` where the largest value lies at an end of what is supported, or there are
/// fewer than 200 configurations.
pub fn susceptibility_peak(
    energy: &[f64],
    abs_m: &[f64],
    n_sites: usize,
    at: Temperature,
    width: f64,
) -> Option<Estimate> {
    const BLOCKS: usize = 20;
    const POINTS: usize = 41;
    let (n, n_sites) = (energy.len().min(abs_m.len()), n_sites as f64);
    if n < 10 * BLOCKS {
        return None;
    }
    let total: Vec<f64> = energy[..n].iter().map(|e| e * n_sites).collect();
    let series = Series { state: State::at(at.beta()), energy: &total, x: &vec![0.0; n], tau_int: 0.5 };
    let mbar = Mbar::with_blocks(&[series], BLOCKS).ok()?;
    let step = 2.0 * width / (POINTS - 1) as f64;
    let grid = (0..POINTS).map(|i| at.value() - width + step * i as f64).filter(|t| *t > 0.0);
    // chi of all configurations and without each block, by temperature.
    let chi = |t: f64| {
        let seen = mbar.read(State::at(1.0 / t), |i| [abs_m[i], abs_m[i] * abs_m[i]]).ok()?;
        Some((t, seen.map(|m| n_sites * (m[1] - m[0] * m[0]) / t)))
    };
    let (temperatures, chi): (Vec<f64>, Vec<Vec<f64>>) = grid.filter_map(chi).unzip();
    let peak = |row: usize| {
        let chi = |i: usize| chi[i][row];
        let best = (0..temperatures.len()).max_by(|a, b| chi(*a).total_cmp(&chi(*b)))?;
        if best == 0 || best + 1 == temperatures.len() {
            return None;
        }
        let (left, right) = (chi(best - 1), chi(best + 1));
        // The parabola through three points.
        Some(temperatures[best] + 0.5 * step * (left - right) / (left - 2.0 * chi(best) + right))
    };
    let seen = estimate(&(0..=mbar.n_blocks()).map(peak).collect::<Option<Vec<f64>>>()?);
    (seen.value.is_finite() && seen.error.is_finite()).then_some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{square, transfer};
    use crate::lattice::{Observables, Square};
    use crate::random::Streams;

    fn observed(size: usize, t: Temperature, n: usize) -> Observables {
        let sampler = transfer::Sampler::new(size, size, t).unwrap();
        let seen = sampler.sample(n, &mut Streams::new(5).generator("histogram", 0));
        Observables::measure(&Square::new(size, size).unwrap(), seen.spins.view()).unwrap()
    }

    /// Null: independent exact draws, so the weighted mean is normal about Kaufman's energy; |z| < 4.5 at 2
    /// temperatures: p < 2e-5.
    #[test]
    fn reweighted_energies_are_those_of_kaufman() {
        let at = Temperature::new(2.4).unwrap();
        let seen = observed(8, at, 20_000);
        let total: Vec<f64> = seen.energy.iter().map(|e| 64.0 * e).collect();
        for to in [2.3, 2.5] {
            let to = Temperature::new(to).unwrap();
            let (w, n_eff) = weights(&total, at, to);
            assert!(n_eff < 20_000.0 && n_eff > 15_000.0, "{n_eff}");
            let mean: f64 = w.iter().zip(&seen.energy).map(|(w, e)| w * e).sum();
            let error = w.iter().zip(&seen.energy).map(|(w, e)| (w * (e - mean)).powi(2)).sum::<f64>().sqrt();
            let exact = square::thermodynamics(8, 8, to).unwrap().energy;
            assert!((mean - exact).abs() < 4.5 * error, "{mean} {exact} {error}");
        }
        let (w, n_eff) = weights(&total, at, at);
        assert!(w.iter().all(|w| (w - 1.0 / 20_000.0).abs() < 1e-15) && (n_eff - 20_000.0).abs() < 1e-6);
    }

    /// Truth: the sum over all 2^16 states of the 4 x 4 torus. Null: normal; |z| < 4.5.
    #[test]
    #[ignore = "slow: ./test --full runs it"]
    fn the_peak_of_a_small_torus_is_that_of_its_enumeration() {
        let lattice = Square::new(4, 4).unwrap();
        let states = ndarray::Array2::from_shape_fn((1 << 16, 16), |(s, i)| if s >> i & 1 == 1 { 1i8 } else { -1 });
        let all = Observables::measure(&lattice, states.view()).unwrap();
        let chi = |t: f64| {
            let mut sums = [0.0; 3];
            for (e, m) in all.energy.iter().zip(&all.abs_m) {
                let w = libm::exp(-16.0 * (e + 2.0) / t);
                [1.0, *m, m * m].iter().zip(&mut sums).for_each(|(x, s)| *s += w * x);
            }
            (sums[2] / sums[0] - (sums[1] / sums[0]).powi(2)) / t
        };
        let best = (2000..4000).map(|i| f64::from(i) * 1e-3).max_by(|a, b| chi(*a).total_cmp(&chi(*b))).unwrap();
        let at = Temperature::new(2.6).unwrap();
        let seen = observed(4, at, 40_000);
        let peak = susceptibility_peak(&seen.energy, &seen.abs_m, 16, at, 0.4).unwrap();
        assert!(peak.error < 0.05 && (peak.value - best).abs() < 4.5 * peak.error, "{peak:?} {best}");
        // Out of reach: the largest value is at the end.
        assert_eq!(susceptibility_peak(&seen.energy, &seen.abs_m, 16, at, 0.01), None);
    }
    /// Ground states alone have equal weights at every temperature, which Kish's number takes for overlap: no peak is
    /// read from them, nor from 300 configurations at T = 1 whose grid leads to the peak near T = 2.5 and beyond.
    #[test]
    fn a_peak_that_was_never_sampled_is_not_read() {
        let abs_m: Vec<f64> = (0..1000).map(|i| if i % 7 == 0 { 0.9 } else { 1.0 }).collect();
        let cold = Temperature::new(1.0).unwrap();
        assert_eq!(susceptibility_peak(&[-2.0; 1000], &abs_m, 64, cold, 0.9), None);
        let seen = observed(4, cold, 300);
        assert_eq!(susceptibility_peak(&seen.energy, &seen.abs_m, 16, cold, 2.0), None);
    }
}
