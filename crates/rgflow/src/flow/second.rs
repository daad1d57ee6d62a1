//! Second thermometers, always beside T*: the energy, |m| and the second-moment correlation length of the same
//! collection.

use crate::exact::square;
use crate::lattice::{Observables, observables::xi_over_l};
use crate::statistics::{Estimate, jackknife};
use ndarray::Array2;

/// E, T_E, |m| and xi/L of a collection.
#[derive(Clone, Debug)]
pub struct SecondThermometers {
    /// Energy per spin.
    pub energy: Estimate,
    /// Temperature at which the torus has this energy (Kaufman 1949); `None` outside (-2, 0).
    pub t_energy: Option<Estimate>,
    /// Mean |m|.
    pub abs_m: Estimate,
    /// Second-moment correlation length over L; `None` where undefined (all spins equal, or S(0) < S(k)).
    pub xi_over_l: Option<Estimate>,
}

impl SecondThermometers {
    /// Of the configurations measured in `observables`, which form `strata` strata of equal size one after the other,
    /// on the `lx` x `ly` torus. Errors are over independent configurations within strata.
    ///
    /// ```
    /// use rgflow::{flow::SecondThermometers, lattice::{Observables, Square}};
    /// let up = ndarray::Array2::ones((10, 16));
    /// let seen = Observables::measure(&Square::new(4, 4)?, up.view())?;
    /// let seen = SecondThermometers::of(&seen, 1, 4, 4);
    /// assert_eq!((seen.energy.value, seen.abs_m.value), (-2.0, 1.0));
    /// # Ok::<(), rgflow::lattice::LatticeError>(())
    /// ```
    pub fn of(observables: &Observables, strata: usize, lx: usize, ly: usize) -> Self {
        let energy = stratified(&observables.energy, strata);
        let t_energy = square::temperature_of_energy(lx, ly, energy.value).and_then(|t| {
            let capacity = square::thermodynamics(lx, ly, t).ok()?.specific_heat;
            Some(Estimate { value: t.value(), error: energy.error / capacity, n_eff: energy.n_eff })
        });
        // Blocks take every 50th configuration, so that each holds the same share of every stratum.
        let n = observables.energy.len();
        let blocks = 50.min(n.max(1));
        let mut sums = Array2::<f64>::zeros((blocks, 2));
        let mut counts = vec![0.0f64; blocks];
        for i in 0..n {
            sums[[i % blocks, 0]] += observables.magnetisation[i].powi(2);
            sums[[i % blocks, 1]] += observables.structure[i];
            counts[i % blocks] += 1.0;
        }
        for (mut row, count) in sums.rows_mut().into_iter().zip(&counts) {
            row /= count.max(1.0);
        }
        let xi = |means: &[f64]| xi_over_l(means[0], means[1], lx * ly, lx).unwrap_or(f64::NAN);
        let estimate = jackknife(sums.view(), xi);
        let defined = estimate.value.is_finite() && estimate.error.is_finite();
        Self { energy, t_energy, abs_m: stratified(&observables.abs_m, strata), xi_over_l: defined.then_some(estimate) }
    }
}

/// Mean over strata of equal size; the error is over independent values within each.
fn stratified(values: &[f64], strata: usize) -> Estimate {
    let size = (values.len() / strata.max(1)).max(1);
    let (mut mean, mut variance) = (0.0, 0.0);
    for stratum in values.chunks_exact(size) {
        let m = stratum.iter().sum::<f64>() / size as f64;
        let square = stratum.iter().map(|v| (v - m).powi(2)).sum::<f64>();
        mean += m / strata as f64;
        variance += square / (size * (size - 1).max(1)) as f64 / (strata * strata) as f64;
    }
    Estimate { value: mean, error: variance.sqrt(), n_eff: values.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two strata of three values: the error knows the scatter within each, not the distance of their means.
    #[test]
    fn errors_are_over_values_within_strata() {
        let seen = stratified(&[1.0, 2.0, 3.0, 11.0, 13.0, 15.0], 2);
        // Variances of the strata's means: 1/3 and 4/3; of the mean of both: their sum over four.
        assert!((seen.value - 7.5).abs() < 1e-12 && (seen.error - (5.0f64 / 12.0).sqrt()).abs() < 1e-12, "{seen:?}");
    }
}
