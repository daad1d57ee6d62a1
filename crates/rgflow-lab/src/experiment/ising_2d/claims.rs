//! Qualitative claims of the thesis as numbers with a rule, fixed before anything is measured. Each is a fraction that the thesis
//! says is 1 (or 0): the verdict compares them within the error over repetitions.

use super::Settings;
use super::{Findings, MODES, SETS};
use crate::record::Number;
use crate::record::{Measured, over_seeds};
use crate::study::readings::Observed;
use rgflow::lattice::Temperature;
use rgflow::statistics::total_variation;

/// Starts nearer to T_c than this (one step of the thesis's grid) are left out of "towards" and "away".
const NEAR: f64 = 0.25;
/// Readable temperatures at L = 10: below they cannot be told apart, above they are only bounded.
const READABLE: std::ops::RangeInclusive<f64> = 1.25..=5.0;

/// All claims.
pub(super) fn all(settings: &Settings, found: &[Findings]) -> Vec<Number> {
    let temperatures = settings.torus.temperatures();
    let fraction = |of: &dyn Fn(&Findings) -> Option<f64>| {
        over_seeds(&found.iter().map(|f| of(f).map(|x| (x, f64::NAN))).collect::<Vec<Option<Measured>>>(), 1.0)
    };
    let mut numbers = Vec::new();
    for (name, range, says) in [("middle", 1.25..=4.0, 1.0), ("low", 0.0..=0.75, 0.0)] {
        let pairs: Vec<usize> = (1..temperatures.len())
            .filter(|k| range.contains(&temperatures[k - 1]) && range.contains(&temperatures[*k]))
            .collect();
        let told = fraction(&|f| share(pairs.iter().map(|k| apart(&f.thermal.start[k - 1], &f.thermal.start[*k]))));
        let what = format!(
            "fraction of neighbouring temperatures from {} to {} whose P(T) differ by more than 3 sigma in total variation",
            range.start(),
            range.end()
        );
        let number = told.number(format!("ising-2d.thermometer.told_apart.{name}"), "1", &what);
        numbers.push(number.compare(says, 0.0, 0.0, "thesis fig 4.5: told apart, but for the lowest temperatures"));
    }
    for (i, first) in found[0].thermal.blocked.iter().enumerate() {
        let away = fraction(&|f| {
            let moves = temperatures.iter().zip(&f.thermal.blocked[i].observed);
            share(moves.filter(|(t, _)| starts(**t)).map(|(t, end)| distance(end.t_star.0) > distance(*t)))
        });
        let what = format!(
            "fraction of starts whose T* ({}) is farther from T_c than their temperature; starts from {} to {}, but for those within {NEAR} of T_c",
            first.words(),
            READABLE.start(),
            READABLE.end()
        );
        let number = away.number(format!("ising-2d.rg.{}.away", first.name()), "1", &what);
        numbers.push(number.compare(1.0, 0.0, 0.0, "thesis figs 3.4 and 4.9a: the RG flows away from T_c"));
    }
    for (set, _) in SETS {
        for mode in MODES {
            let towards = fraction(&|f| {
                let moves = temperatures.iter().zip(&f.flow(set, mode).ends);
                share(moves.filter(|(t, _)| starts(**t)).map(|(t, end)| distance(end.t_star.0) < distance(*t)))
            });
            let what = format!(
                "fraction of starts whose T* at the end of the {} flow is nearer to T_c than their temperature, trained on \"{set}\"; starts as for ising-2d.rg.b2.away",
                mode.name()
            );
            let number = towards.number(format!("ising-2d.rbm.{set}.{}.towards", mode.name()), "1", &what);
            numbers.push(number.compare(1.0, 0.0, 0.0, "thesis fig 4.9b: the RBM flow is towards T_c"));
        }
    }
    numbers
}

fn starts(t: f64) -> bool {
    READABLE.contains(&t) && distance(t) > NEAR
}

fn distance(t: f64) -> f64 {
    (t - Temperature::CRITICAL.value()).abs()
}

/// Fraction of true among the values; `None` of none.
fn share(values: impl Iterator<Item = bool>) -> Option<f64> {
    let (mut n, mut yes) = (0.0, 0.0);
    for value in values {
        n += 1.0;
        yes += f64::from(u8::from(value));
    }
    (n > 0.0).then(|| yes / n)
}

/// Whether two curves differ by more than three times the total variation that their noise alone gives on average.
fn apart(a: &Observed, b: &Observed) -> bool {
    let noise: f64 = a.curve_error.iter().zip(&b.curve_error).map(|(a, b)| 0.5 * a.hypot(*b)).sum();
    total_variation(&a.curve, &b.curve) > 3.0 * noise * (2.0 / std::f64::consts::PI).sqrt()
}
