//! Readings of collections and flows by the thermometers, in the form stored in JSON files.

use super::flow_ends;
use crate::record::{
    Combined, Dimension, Interval, Measured, Number, Numbers, Quantity, Repeated, around, list_together, over_seeds,
    union,
};
use rgflow::flow::{Reading, SecondThermometers, TStar, Thermometer};
use rgflow::lattice::{Observables, Square};
use rgflow::statistics::Estimate;
use serde::{Deserialize, Serialize};

/// Readings of a collection by all thermometers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    pub t_star: Measured,
    pub interval: Option<[Option<f64>; 2]>,
    pub kl: f64,
    pub kl_reverse: f64,
    pub js: f64,
    pub p_thermal: f64,
    pub n: usize,
    pub energy: Measured,
    pub t_energy: Option<Measured>,
    pub abs_m: Measured,
    pub xi_over_l: Option<Measured>,
    /// P(T) with standard errors.
    pub curve: Vec<f64>,
    pub curve_error: Vec<f64>,
}

impl Observed {
    pub fn of(thermometer: &Thermometer, reading: &Reading, observables: &Observables, square: &Square) -> Self {
        let TStar { value, error, interval, kl, kl_reverse, js, p_thermal, n } = thermometer.read(reading);
        let second = SecondThermometers::of(observables, reading.strata.len(), square.lx(), square.ly());
        let pair = |e: Estimate| (e.value, e.error);
        Self {
            t_star: (value, error),
            interval,
            kl,
            kl_reverse,
            js,
            p_thermal,
            n,
            energy: pair(second.energy),
            t_energy: second.t_energy.map(pair).filter(|t| t.1.is_finite()),
            abs_m: pair(second.abs_m),
            xi_over_l: second.xi_over_l.map(pair),
            curve: reading.mean(),
            curve_error: reading.error(),
        }
    }

    /// Widens the errors for correlated configurations of which only `n_eff` are independent.
    pub fn widened(mut self, n_eff: f64) -> Self {
        let factor = (self.n as f64 / n_eff).max(1.0).sqrt();
        let values = [Some(&mut self.t_star), self.t_energy.as_mut(), self.xi_over_l.as_mut()];
        for measured in values.into_iter().flatten().chain([&mut self.energy, &mut self.abs_m]) {
            measured.1 *= factor;
        }
        self.curve_error.iter_mut().for_each(|e| *e *= factor);
        self
    }
}

/// Findings from a flow of one machine in one mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FlowFindings {
    pub steps: usize,
    /// Readings of all ends combined.
    pub pooled: Observed,
    /// Readings of the end of each start temperature.
    pub ends: Vec<Observed>,
    /// Numbers of distinct ends at the recorded step nearest to 100, and at the end.
    pub distinct_100: usize,
    pub distinct: usize,
    /// Total variation between the P(T) of the two ends that may be farthest apart, with its 95 % interval.
    pub apart: [f64; 3],
    pub hot_meets_cold: bool,
    /// Fraction of starts whose windows agree.
    pub converged: f64,
    /// Relaxation time in steps: value, or bounds.
    pub relaxation: Option<f64>,
    pub relaxation_interval: Option<[Option<f64>; 2]>,
    /// For the mean field: fraction of chains at rest, number of attractors, the heaviest of them and their basins by
    /// start.
    pub at_rest: f64,
    pub attractors: usize,
    pub centres: Vec<Vec<f32>>,
    pub basins: Vec<Vec<f64>>,
    /// Distribution of m at the end, by start: m = -1, -0.9 ... 1 (rounded to one decimal).
    pub magnetisation: Vec<Vec<f64>>,
    pub series: Series,
}

impl FlowFindings {
    /// Summary of the ends at the last step.
    pub fn flow_ends(&self) -> flow_ends::FlowEnds {
        let t_star = self.ends.iter().map(|end| end.t_star.0).collect();
        flow_ends::FlowEnds { count: self.distinct, apart: self.apart, t_star }
    }
}

/// Readings along a flow: `[record][start]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Series {
    pub steps: Vec<usize>,
    pub t_star: Vec<Vec<f64>>,
    pub energy: Vec<Vec<Measured>>,
    pub abs_m: Vec<Vec<Measured>>,
    /// Lattices of the first chain for some starts: `[start][record]`, by position in `shown_starts` and
    /// `shown_records`.
    pub shown_starts: Vec<usize>,
    pub shown_records: Vec<usize>,
    pub pictures: Vec<Vec<Vec<f32>>>,
}

/// Deviation allowed if the thesis says "about" or shows a figure: one step of its grid.
pub const ABOUT: f64 = 0.25;

/// T* over repetitions. If any repetition has an interval: the union of intervals, with two standard errors around the
/// T* of each repetition without one.
pub fn t_star(observed: &[&Observed]) -> Combined {
    let stars: Vec<_> = observed.iter().map(|o| Some((o.t_star, o.interval))).collect();
    star(&stars, observed.iter().map(|o| o.n as f64).sum())
}

/// T* over repetitions from values with optional intervals; `n` is the number of configurations behind a single
/// repetition.
pub fn star(stars: &[Option<(Measured, Option<Interval>)>], n: f64) -> Combined {
    let combined = over_seeds(&stars.iter().map(|s| s.map(|(star, _)| star)).collect::<Vec<_>>(), n);
    let known = || stars.iter().flatten();
    if known().all(|(_, interval)| interval.is_none()) {
        return combined;
    }
    let ends: Vec<_> = known().map(|(star, interval)| interval.unwrap_or_else(|| around(*star))).collect();
    combined.within(Some(union(&ends)))
}

/// Relaxation time over repetitions; if it is not resolved in every one, bounds that hold for all.
pub fn relaxation(flows: &[&FlowFindings]) -> Combined {
    let mut combined = over_seeds(&flows.iter().map(|f| f.relaxation.map(|t| (t, f64::NAN))).collect::<Vec<_>>(), 1.0);
    if combined.value.is_none() {
        let bounds: Vec<[Option<f64>; 2]> =
            flows.iter().map(|f| f.relaxation_interval.unwrap_or([f.relaxation, f.relaxation])).collect();
        combined.interval = Some(union(&bounds));
        combined.how = "bounds: not resolved in every repetition";
    }
    combined
}

/// Least of the probabilities `p`, one per repetition, that a thermal collection has a larger divergence, times their
/// number (Bonferroni).
pub fn p_thermal(p: &[f64]) -> f64 {
    (p.iter().copied().fold(1.0, f64::min) * p.len() as f64).min(1.0)
}

/// Temperature by the energy of a torus, in the words of its description.
const KAUFMAN: &str = "temperature at which the torus has this energy (Kaufman)";

/// A collection of configurations in each repetition and at each place, whose readings become quantities: their keys
/// begin with `key.`, their descriptions end with `what`.
pub struct Collections<'q, 'a, F, const N: usize> {
    pub over: &'q Repeated<'a, F>,
    pub key: &'q str,
    pub dimensions: [&'q Dimension; N],
    pub what: &'q str,
    pub of: &'q dyn Fn(&'a F, [usize; N]) -> &'a Observed,
}

impl<const N: usize, F> Collections<'_, '_, F, N> {
    /// The quantity KEY.`name`, described as `words`: `combined` from the collections of all repetitions at a place.
    pub fn combined(
        &self,
        name: &str,
        unit: &str,
        words: &str,
        combined: impl Fn(&[&Observed]) -> Combined,
    ) -> Quantity<N> {
        let (key, what) = (self.over.key(&format!("{}.{name}", self.key)), format!("{words}: {}", self.what));
        let seen = |place| self.over.found.iter().map(|f| (self.of)(f, place)).collect::<Vec<_>>();
        Quantity::new(&key, self.dimensions, unit, &what, |place| combined(&seen(place)))
    }

    /// The quantity KEY.`name`: the mean of what is `read` of the collection of each repetition.
    pub fn mean(
        &self,
        name: &str,
        unit: &str,
        words: &str,
        read: impl Fn(&Observed) -> Option<Measured>,
    ) -> Quantity<N> {
        self.combined(name, unit, words, |seen| {
            over_seeds(&seen.iter().map(|o| read(o)).collect::<Vec<_>>(), seen.iter().map(|o| o.n as f64).sum())
        })
    }

    /// T* of the collections.
    pub fn t_star(&self) -> Quantity<N> {
        self.combined("T_star", "J/k_B", "T*", t_star)
    }

    /// T*, T_E and the energy of collections of the torus.
    pub fn thermal(&self) -> Thermal<N> {
        Thermal {
            t_star: self.t_star(),
            t_energy: self.mean("T_E", "J/k_B", KAUFMAN, |o| o.t_energy),
            energy: self.mean("energy", "J per spin", "energy", |o| Some(o.energy)),
        }
    }
}

/// Readings of collections as quantities: T*, T_E and the energy.
pub struct Thermal<const N: usize> {
    pub t_star: Quantity<N>,
    pub t_energy: Quantity<N>,
    pub energy: Quantity<N>,
}

impl<const N: usize> Thermal<N> {
    /// Readings of the collection of each repetition and place; `what` describes it.
    pub fn new<'a, F>(
        over: &Repeated<'a, F>,
        key: &str,
        dimensions: [&Dimension; N],
        what: &str,
        of: impl Fn(&'a F, [usize; N]) -> &'a Observed,
    ) -> Self {
        Collections { over, key, dimensions, what, of: &of }.thermal()
    }
}

impl<const N: usize> Numbers for Thermal<N> {
    fn extent(&self, place: &[usize]) -> Option<usize> {
        self.t_star.extent(place)
    }

    fn list<'a>(&'a self, place: &[usize], to: &mut Vec<&'a Number>) {
        list_together(&[&self.t_star, &self.t_energy, &self.energy], place, to);
    }
}

/// Fabricated findings for tests of records: every value identifies its position.
#[cfg(test)]
pub mod fabricated {
    /// ln p and KL with errors of a quarter and an eighth.
    pub fn likelihood(ln_p: f64, kl: f64) -> crate::study::prelude::Likelihood {
        crate::study::prelude::Likelihood { ln_p: Some((ln_p, 0.25)), kl: Some((kl, 0.125)), ..Default::default() }
    }

    use super::*;
    pub use crate::record::testing::{check, verdicts};

    /// A collection with T* = `t`, T_E = `t` + 1/8, E/N = -`t`, |m| = `t`/16.
    pub fn observed(t: f64) -> Observed {
        Observed {
            t_star: (t, 0.0625),
            interval: None,
            kl: 0.25 * t,
            kl_reverse: 0.5 * t,
            js: 0.125 * t,
            p_thermal: 0.5,
            n: 100,
            energy: (-t, 0.03125),
            t_energy: Some((t + 0.125, 0.0625)),
            abs_m: (t / 16.0, 0.03125),
            xi_over_l: Some((t / 32.0, 0.03125)),
            curve: vec![0.25, 0.75, 0.0, 0.0, 0.0],
            curve_error: vec![0.03125; 5],
        }
    }

    /// A flow whose pooled ends have T* = `t`, from five starts that end there plus one more each in turn.
    pub fn flow(t: f64) -> FlowFindings {
        let starts = 5;
        FlowFindings {
            steps: 16,
            pooled: observed(t),
            ends: (0..starts).map(|k| observed(t + k as f64)).collect(),
            distinct_100: 3,
            distinct: 2,
            apart: [0.25, 0.125, 0.5],
            hot_meets_cold: true,
            converged: 0.5,
            relaxation: Some(4.0 * t),
            relaxation_interval: None,
            at_rest: 0.75,
            attractors: 0,
            centres: vec![],
            basins: vec![],
            magnetisation: vec![[vec![0.25], vec![0.0; 19], vec![0.75]].concat(); starts],
            series: Series {
                steps: vec![0, 16],
                t_star: vec![vec![t; starts]; 2],
                energy: vec![vec![(-t, 0.0); starts]; 2],
                abs_m: vec![vec![(0.5, 0.0); starts]; 2],
                shown_starts: vec![0, 4],
                shown_records: vec![0, 1],
                pictures: vec![vec![vec![1.0; 16]; 2]; 2],
            },
        }
    }

    /// The recipe with `sets` such as `samples.t_step = 1.5`: five temperatures, 4 x 4 spins.
    pub fn settings<S: crate::study::values::Settings>(recipe: &str, sets: &[&str]) -> S {
        let small = ["samples.t_step=1.5", "lattice.size=4"].iter().chain(sets).map(ToString::to_string);
        let keys = recipe.contains("[lattice]");
        let small: Vec<String> = small.filter(|set| keys || !set.starts_with("lattice")).collect();
        let table = crate::artifact::settings::resolve(recipe, None, &small).expect("keys of the recipe");
        S::parse(&table).expect("settings that can be")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(t_star: Measured, interval: Option<[Option<f64>; 2]>, p_thermal: f64) -> Observed {
        Observed {
            t_star,
            interval,
            kl: 0.0,
            kl_reverse: 0.0,
            js: 0.0,
            p_thermal,
            n: 100,
            energy: (-1.0, 0.1),
            t_energy: None,
            abs_m: (0.5, 0.1),
            xi_over_l: None,
            curve: vec![],
            curve_error: vec![],
        }
    }

    #[test]
    fn an_interval_holds_the_repetitions_that_have_none() {
        let seen = [observed((0.5, 0.2), Some([None, Some(0.9)]), 1.0), observed((1.2, 0.1), None, 1.0)];
        let all: Vec<&Observed> = seen.iter().collect();
        let interval = t_star(&all).interval.expect("one repetition has one");
        assert!(interval[0].is_none() && (interval[1].expect("closed") - 1.4).abs() < 1e-12, "{interval:?}");
        let two = [
            observed((1.0, 0.2), Some([Some(0.5), Some(1.5)]), 1.0),
            observed((2.0, 0.2), Some([Some(1.2), Some(2.5)]), 1.0),
        ];
        assert_eq!(t_star(&two.iter().collect::<Vec<_>>()).interval, Some([Some(0.5), Some(2.5)]));
        assert_eq!(t_star(&all[1..]).interval, None);
    }

    #[test]
    fn repetitions_combine_by_student_and_bonferroni() {
        let seen = [observed((1.0, 9.0), None, 0.2), observed((3.0, 9.0), None, 0.004)];
        let all: Vec<&Observed> = seen.iter().collect();
        let mean = t_star(&all);
        // Two repetitions: s / sqrt 2 = 1 times t/2 = 6.984; the errors of single repetitions are not added.
        assert!((mean.error.expect("two repetitions") - 6.984).abs() < 1e-3 && mean.value == Some(2.0));
        assert_eq!(t_star(&all[..1]).error, Some(9.0));
        assert!((p_thermal(&seen.map(|o| o.p_thermal)) - 0.008).abs() < 1e-15);
    }

    #[test]
    fn a_null_that_is_an_interval_is_met_at_its_nearest_point() {
        let null = t_star(&[&observed((0.5, 0.2), Some([None, Some(0.9)]), 1.0)]);
        assert_eq!(null.reference(Some(0.7)), Some((0.7, 0.0)));
        assert_eq!(null.reference(Some(2.0)), Some((0.9, 0.0)));
        assert_eq!(t_star(&[&observed((0.5, 0.2), None, 1.0)]).reference(Some(2.0)), Some((0.5, 0.2)));
    }
}
