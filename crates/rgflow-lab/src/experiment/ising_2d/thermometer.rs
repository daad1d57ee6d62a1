//! Quantities of the thermometer and of thermal sets, without a machine.

use super::block_spins::share;
use super::{Findings, SETS, Settings};
use crate::study::prelude::*;
use rgflow::exact::square;
use rgflow::statistics::total_variation;

/// Bayes cross-entropy of the 25 temperatures at L = 10: no network can be below it on fresh data.
const CROSS_ENTROPY_FLOOR: f64 = 2.1251;

/// A quantity of the reference sets. All repetitions sample the same law: their configurations are pooled, and the
/// error is over configurations.
pub(super) fn samples(
    over: &Repeated<Findings>,
    temperature: &Dimension,
    name: &str,
    unit: &str,
    read: fn(&Observed) -> Measured,
) -> Quantity<1> {
    Quantity::from_numbers([temperature], |[k]| {
        let seen: Vec<Measured> = over.found.iter().map(|f| read(&f.thermal.reference[k])).collect();
        let n = seen.len() as f64;
        let value = seen.iter().map(|e| e.0).sum::<f64>() / n;
        let error = seen.iter().map(|e| e.1 * e.1).sum::<f64>().sqrt() / n;
        let how = "reference sets of all repetitions pooled, error over configurations";
        let key = format!("ising-2d.samples.{}.{name}", temperature.key(k));
        let n_eff = over.found.iter().map(|f| f.thermal.reference_n_eff[k]).sum();
        Number::new(key, value, Some(error), unit, how).n_eff(n_eff)
    })
}

/// Compares an energy with Kaufman's exact one.
pub(super) fn beside_kaufman(settings: &Settings, over: &Repeated<Findings>, k: usize, number: Number) -> Number {
    let (size, t) = (*settings.torus.lattice.size, settings.torus.temperatures()[k]);
    let exact = |t| square::thermodynamics(size, size, t).ok();
    let Some(exact) = Temperature::new(t).ok().and_then(exact) else { return number };
    // A cold set may consist of ground states only; without an error of its own it gets the error of the exact law.
    let n_eff: f64 = over.found.iter().map(|f| f.thermal.reference_n_eff[k]).sum();
    let unseen = t * (exact.specific_heat.max(0.0) / (n_eff * (size * size) as f64)).sqrt();
    let unseen = if number.error.is_some_and(|error| error > 0.0) { 0.0 } else { unseen };
    number.compare(exact.energy, unseen, 0.0, "exact: Kaufman 1949")
}

/// T_E of the null is known exactly: the temperature whose energy is the mean of Kaufman's over the training
/// temperatures.
pub(super) fn exact_null(settings: &Settings, s: usize) -> Option<Temperature> {
    let (size, grid) = (*settings.torus.lattice.size, settings.torus.temperatures());
    let energies: Option<Vec<f64>> = settings
        .classes(SETS[s].1)
        .iter()
        .map(|k| Some(square::thermodynamics(size, size, Temperature::new(grid[*k]).ok()?).ok()?.energy))
        .collect();
    let energies = energies?;
    square::temperature_of_energy(size, size, energies.iter().sum::<f64>() / energies.len() as f64)
}

pub(super) fn cross_entropy(settings: &Settings, over: &Repeated<Findings>) -> Number {
    let (key, what) = ("thermometer.test_cross_entropy", "least mean cross-entropy of the test set");
    let number = over.number(key, "nats", what, |f| f.thermal.test_cross_entropy);
    let torus = &settings.torus;
    if *torus.lattice.size != 10 || torus.temperatures().len() != 25 || *torus.samples.t_max != 6.0 {
        return number;
    }
    number
        .compare(CROSS_ENTROPY_FLOOR, 0.0, 0.0, "floor: exact Bayes cross-entropy at L = 10 (energy is sufficient)")
        .compare(2.439, 0.0, 0.05, "prototype in NumPy, 100-64-25")
}

/// Fractions of neighbouring temperatures with distinguishable curves: in the middle, and for the lowest.
pub(super) fn distinguishable(temperatures: &[f64], over: &Repeated<Findings>) -> [Number; 2] {
    [("middle", 1.25..=4.0, 1.0), ("low", 0.0..=0.75, 0.0)].map(|(name, range, says)| {
        let inside = |k: &usize| range.contains(&temperatures[k - 1]) && range.contains(&temperatures[*k]);
        let pairs: Vec<usize> = (1..temperatures.len()).filter(inside).collect();
        let told = |f: &Findings| share(pairs.iter().map(|k| apart(&f.thermal.start[k - 1], &f.thermal.start[*k])));
        let what = format!(
            "fraction of neighbouring temperatures from {} to {} whose P(T) differ by more than 3 sigma in total \
             variation",
            range.start(),
            range.end()
        );
        let told = over.fraction(&format!("thermometer.told_apart.{name}"), [], &what, |f, []| Some(told(f)));
        told.at(()).clone().compare(says, 0.0, 0.0, "thesis fig 4.5: told apart, but for the lowest temperatures")
    })
}

/// Whether two curves differ by more than three times the average total variation due to their noise.
fn apart(a: &Observed, b: &Observed) -> bool {
    let noise: f64 = a.curve_error.iter().zip(&b.curve_error).map(|(a, b)| 0.5 * a.hypot(*b)).sum();
    total_variation(&a.curve, &b.curve) > 3.0 * noise * (2.0 / std::f64::consts::PI).sqrt()
}
