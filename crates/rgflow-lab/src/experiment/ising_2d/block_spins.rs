//! Quantities of blocked lattices: T*, the fixed point of matching, whether starts move away from T_c.

use super::{Findings, Settings, matching};
use crate::record::over_seeds;
use crate::study::prelude::*;
use crate::study::readings::t_star;

/// Error of the fixed point of matching that linear interpolation between temperatures allows.
const MATCHING: f64 = 0.05;
/// Starts closer to T_c than this (one step of the thesis's grid) are left out of "towards" and "away".
pub(super) const NEAR: f64 = 0.25;
/// Temperatures readable at L = 10: lower ones are indistinguishable, higher ones only bounded.
const READABLE: std::ops::RangeInclusive<f64> = 1.25..=5.0;
/// T_c and its source.
pub(super) const CRITICAL: (f64, &str) = (2.269_185_314_213_022, "T_c = 2/ln(1 + sqrt 2)");

/// Quantities of one kind of blocking.
pub(super) struct BlockSpins {
    pub t_star: Quantity<1>,
    pub t_energy: Quantity<1>,
    /// Fixed point of matching, for lattices that are blocked twice.
    pub fixed_point: Option<Number>,
    pub start_difference: Number,
    pub away: Number,
}

impl BlockSpins {
    pub fn new(settings: &Settings, over: &Repeated<Findings>, temperature: &Dimension, i: usize) -> Self {
        let (found, first) = (over.found, &over.found[0].thermal.blocked[i]);
        let (name, size) = (first.name(), first.size_before(*settings.torus.lattice.size));
        let temperatures = temperature.x();
        let seen = |k: usize| found.iter().map(|f| &f.thermal.blocked[i].observed[k]).collect::<Vec<_>>();
        let what = format!("L = {size} at T = {{T}} {}, majority with random ties", first.words());
        let key = |name: &str, of: &str| format!("ising-2d.rg.{name}.from.{{T}}.{of}");
        let away = |f: &Findings| {
            let moves = temperatures.iter().zip(&f.thermal.blocked[i].observed);
            share(moves.filter(|(t, _)| starts(**t)).map(|(t, end)| distance(end.t_star.0) > distance(*t)))
        };
        let z = found.iter().map(|f| f.thermal.blocked[i].start_difference_z);
        let z_what = format!("L = {size} before blocking, all temperatures and repetitions");
        let matched =
            format!("T at which L = {size} {} has the energy of the smaller lattice blocked once", first.words());
        let farther = format!(
            "fraction of starts whose T* ({}) is farther from T_c than their temperature; starts from {} to {}, but \
             for those within {NEAR} of T_c",
            first.words(),
            READABLE.start(),
            READABLE.end()
        );
        let away = over.fraction(&format!("rg.{name}.away"), [], &farther, |f, []| Some(away(f)));
        let away = away.at(()).clone();
        Self {
            t_star: Quantity::new(&key(&name, "T_star"), [temperature], "J/k_B", &format!("T*: {what}"), |[k]| {
                t_star(&seen(k))
            }),
            t_energy: Quantity::new(&key(&name, "T_E"), [temperature], "J/k_B", &format!("T_E: {what}"), |[k]| {
                let n = found.iter().map(|f| f.thermal.blocked[i].n_eff[k]).sum();
                over_seeds(&seen(k).iter().map(|o| o.t_energy).collect::<Vec<_>>(), n)
            }),
            fixed_point: (first.steps == 2).then(|| {
                let fixed = |f: &Findings| matching::fixed_point(f, i, temperatures);
                over.number(&format!("rg.{name}.T_c"), "J/k_B", &matched, fixed)
                    .compare(CRITICAL.0, 0.0, MATCHING, CRITICAL.1)
            }),
            start_difference: start_difference(&format!("ising-2d.rg.{name}.start_difference_z"), z, &z_what),
            away: away.compare(1.0, 0.0, 0.0, "thesis figs 3.4 and 4.9a: the RG flows away from T_c"),
        }
    }
}

/// Largest z-score between chains that started ordered and disordered: a test of equilibrium, over all temperatures and
/// repetitions.
pub(super) fn start_difference(key: &str, of: impl Iterator<Item = f64>, what: &str) -> Number {
    let how = format!(
        "largest z-score between ordered and disordered starts, in E or |m|, {what}; 0 for independent exact draws"
    );
    Number::new(key, of.fold(0.0, f64::max), None, "1", how)
}

pub(super) fn starts(t: f64) -> bool {
    READABLE.contains(&t) && distance(t) > NEAR
}

pub(super) fn distance(t: f64) -> f64 {
    (t - Temperature::CRITICAL.value()).abs()
}

/// Fraction of true values.
pub(super) fn share(values: impl Iterator<Item = bool>) -> Fraction {
    values.fold(Fraction { yes: 0, of: 0 }, |all, value| Fraction { yes: all.yes + u64::from(value), of: all.of + 1 })
}
