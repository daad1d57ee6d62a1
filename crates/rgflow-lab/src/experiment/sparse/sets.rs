//! Quantities of one training set, by noise, epoch cap and mode.

use super::{Findings, SETS, Settings};
use crate::record::fraction;
use crate::study::flow_ends;
use crate::study::prelude::*;
use crate::study::values::plain;

/// Tolerance for "at T = 0" and "half".
pub(super) const NEAR: f64 = 0.05;
/// A range of fractions agrees only if no repetition may deviate: the tolerance is less than one repetition.
const A_REPETITION: f64 = 1e-3;
/// Energy per spin of a ground state.
pub(super) const GROUND: f64 = -2.0;
/// Positions in [`SETS`], and of the machine without noise.
pub(super) const COLD: usize = 0;
pub(super) const COLD_HOT: usize = 1;
pub(super) const PURE: usize = 0;

/// The quantities of one training set.
pub(super) struct Set {
    pub null: Thermal<0>,
    /// Epoch of the least cost, by noise.
    pub epoch: Quantity<1>,
    /// Readings of the ends, by noise and mode.
    pub ends: Thermal<2>,
    pub count: Quantity<2>,
    pub several: Quantity<2>,
    pub apart: Quantity<2>,
    /// Readings of the snapshots' ends, by epoch cap and mode.
    pub copies: Thermal<2>,
    pub copies_count: Quantity<2>,
}

impl Set {
    pub fn new(settings: &Settings, over: &Repeated<Findings>, s: usize) -> Self {
        let (set, mode, noises) = (SETS[s], modes(), settings.noises());
        let noise = Dimension::new("noise", &noises, |a| match a {
            0.0 => set.to_string(),
            a => format!("noise.{set}.{a}"),
        });
        let cap = Dimension::new("cap", &plain(&settings.data.caps), |cap| format!("{set}.cap{cap}"));
        let last = noises.len() - 1;
        let what = "the training set itself, no machine";
        let null = Thermal::new(over, &format!("{set}.null"), [], what, |f, []| &f.nulls[s].0);
        let epoch =
            over.quantity("{noise}.epoch", [&noise], "1", "epoch of the least reconstruction cost", |f, [n]| {
                f.machines[s][n].epoch
            });
        let compared = |mut ends: Thermal<2>, is_cold: &dyn Fn(usize) -> bool| {
            ends.t_star = ends.t_star.map(|_, star| star.against(null.t_star.at(())));
            ends.energy = ends.energy.map(|[place, _], energy| match is_cold(place) {
                true => {
                    let energy = energy.compare(GROUND, 0.0, NEAR, "thesis fig 4.16: ends at T = 0");
                    energy.against(null.energy.at(()))
                }
                false => energy,
            });
            ends
        };
        let (by, trained) =
            ([&noise, &mode], format!("{{mode}} flow, trained on \"{set}\" with noise up to {{noise}}"));
        let what = format!("ends of all starts pooled, {trained}");
        let ends = Thermal::new(over, "{noise}.{mode}", by, &what, |f, [n, m]| &f.machines[s][n].flows[m].pooled);
        let what = format!("distinct ends of the start temperatures, {trained}");
        let count =
            over.quantity("{noise}.{mode}.ends", by, "1", &what, |f, [n, m]| f.machines[s][n].flows[m].distinct);
        let what = format!(
            "fraction of repetitions in which the ends of the starts are not one distribution: from those in which a \
             pair differs by 0.05 in total variation beyond three sigma to those in which a pair may, {trained}"
        );
        let key = over.key("{noise}.{mode}.several");
        let several = Quantity::new(&key, by, "1", &what, |[n, m]| several(over, |f| &f.machines[s][n].flows[m]));
        let several = several.map(|[n, _], several| {
            // Where repetitions are undecided, their range is compared.
            let allowed = if several.interval.is_some() { A_REPETITION } else { 0.0 };
            let several = match (s, n) {
                (COLD_HOT, PURE) => several.compare(1.0, 0.0, allowed, "thesis fig 4.18: several"),
                _ if n == last => several.compare(0.0, 0.0, allowed, "chapter 5: noise leaves one"),
                _ => several,
            };
            // Neither always nor never, and no repetition is undecided.
            let mixed = several.confidence.is_some() && several.value.is_some_and(|share| 0.0 < share && share < 1.0);
            several.depending_on("the seed", mixed)
        });
        let apart = flow_ends::apart(&over.key("{noise}.{mode}"), by, &trained, |[n, m]| {
            seen(over, |f| &f.machines[s][n].flows[m])
        });
        let (by, trained) = ([&cap, &mode], format!("{{mode}} flow of the copy after {{cap}} epochs on \"{set}\""));
        let what = format!("ends of all starts pooled, {trained}");
        let what_count = format!("distinct ends of the start temperatures, {trained}");
        Self {
            ends: compared(ends, &|n| s == COLD && n == PURE),
            copies: compared(
                Thermal::new(over, "{cap}.{mode}", by, &what, |f, [c, m]| &f.machines[s][PURE].copies[c][m].pooled),
                &|_| s == COLD,
            ),
            copies_count: over.quantity("{cap}.{mode}.ends", by, "1", &what_count, |f, [c, m]| {
                f.machines[s][PURE].copies[c][m].distinct
            }),
            null,
            epoch,
            count,
            several,
            apart,
        }
    }
}

/// Readings of the ends of each repetition at the last step.
pub(super) fn seen<'a>(
    over: &Repeated<'a, Findings>,
    of: impl Fn(&'a Findings) -> &'a FlowFindings,
) -> Vec<flow_ends::FlowEnds> {
    over.found.iter().map(|f| of(f).flow_ends()).collect()
}

/// Fraction of the repetitions with more than one end: a range, from those with a pair that differs beyond its noise to
/// those with a pair that may differ.
fn several<'a>(over: &Repeated<'a, Findings>, of: impl Fn(&'a Findings) -> &'a FlowFindings) -> Combined {
    let counted = |is: &dyn Fn(&FlowFindings) -> bool| {
        let yes = over.found.iter().filter(|f| is(of(f))).count() as u64;
        fraction(Fraction { yes, of: over.found.len() as u64 })
    };
    let (sure, perhaps) = (counted(&|flow| flow.distinct > 1), counted(&|flow| !flow.flow_ends().is_one()));
    if sure.value == perhaps.value {
        return sure;
    }
    Combined { error: None, confidence: None, ..sure.clone() }.within(Some([sure.value, perhaps.value]))
}

/// Mean of a column.
pub(super) fn mean(rows: &[Vec<f64>], i: usize) -> Option<f64> {
    let values: Option<Vec<f64>> = rows.iter().map(|row| row.get(i).copied()).collect();
    values.filter(|v| !v.is_empty()).map(|v| v.iter().sum::<f64>() / v.len() as f64)
}
