//! What one repetition found, as it lies in its JSON files.

use super::super::combined::Measured;
use super::super::ends;
use rgflow::flow::{Reading, SecondThermometers, TStar, Thermometer};
use rgflow::lattice::{Observables, Square};
use rgflow::statistics::Estimate;
use serde::{Deserialize, Serialize};

/// A collection read by all thermometers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::experiment) struct Observed {
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

    /// Errors for correlated configurations of which only `n_eff` are independent.
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

/// A flow of one machine in one mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::experiment) struct FlowFindings {
    pub steps: usize,
    /// All ends together.
    pub pooled: Observed,
    /// The end of each start temperature.
    pub ends: Vec<Observed>,
    /// Distinct ends at the recorded step nearest to 100, and at the end.
    pub distinct_100: usize,
    pub distinct: usize,
    /// Total variation of the P(T) of the two ends that may be farthest apart, with its 95 % interval.
    pub apart: [f64; 3],
    pub hot_meets_cold: bool,
    /// Fraction of starts whose windows agree.
    pub converged: f64,
    /// Relaxation time in steps: value, or bounds.
    pub relaxation: Option<f64>,
    pub relaxation_interval: Option<[Option<f64>; 2]>,
    /// Mean-field: fraction of chains at rest, number of attractors, the heaviest of them and their basins by start.
    pub at_rest: f64,
    pub attractors: usize,
    pub centres: Vec<Vec<f32>>,
    pub basins: Vec<Vec<f64>>,
    /// Distribution of m at the end, by start: m = -1, -0.9 ... 1 (rounded to one decimal).
    pub magnetisation: Vec<Vec<f64>>,
    pub series: Series,
}

impl FlowFindings {
    /// The ends at the last step.
    pub fn ends_seen(&self) -> ends::Seen {
        let t_star = self.ends.iter().map(|end| end.t_star.0).collect();
        ends::Seen { count: self.distinct, apart: self.apart, t_star }
    }
}

/// What was read along a flow: `[record][start]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::experiment) struct Series {
    pub steps: Vec<usize>,
    pub t_star: Vec<Vec<f64>>,
    pub energy: Vec<Vec<Measured>>,
    pub abs_m: Vec<Vec<Measured>>,
    /// Lattices of the first chain for some starts: `[start][record]`, by position in `shown_starts` and `shown_records`.
    pub shown_starts: Vec<usize>,
    pub shown_records: Vec<usize>,
    pub pictures: Vec<Vec<Vec<f32>>>,
}

/// What needs no machine: thermal sets, nulls and block spins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::experiment) struct ThermalFindings {
    /// Mean over the test set, with its error over configurations.
    pub test_cross_entropy: Measured,
    pub best_epoch: usize,
    /// Reference set, per temperature: what the thermometers read of it, and its n_eff.
    pub reference: Vec<Observed>,
    pub reference_n_eff: Vec<f64>,
    /// Start set, per temperature.
    pub start: Vec<Observed>,
    /// The training mixture of each training set, without any machine.
    pub nulls: Vec<Observed>,
    pub blocked: Vec<Blocked>,
    /// Largest z-score between ordered and disordered starts, over the four sets and all temperatures.
    pub start_difference_z: f64,
}

/// Larger lattices after one or two block-spin steps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::experiment) struct Blocked {
    pub b: usize,
    pub steps: usize,
    /// Per temperature.
    pub observed: Vec<Observed>,
    /// Per temperature, of the lattices before blocking.
    pub n_eff: Vec<f64>,
    pub start_difference_z: f64,
}

impl Blocked {
    /// Name in keys: `b2`, `b2x2`.
    pub fn name(&self) -> String {
        super::samples::block_name(self.b, self.steps)
    }

    /// Extent of the lattices before blocking, given that after it.
    pub fn size_before(&self, size: usize) -> usize {
        size * self.b.pow(self.steps as u32)
    }

    /// In words: `blocked once, b = 2`.
    pub fn words(&self) -> String {
        format!("blocked {}, b = {}", if self.steps == 1 { "once" } else { "twice" }, self.b)
    }
}

/// T* against epochs: one snapshot in both modes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::experiment) struct SnapshotFindings {
    pub epoch: usize,
    pub mean: FlowFindings,
    pub gibbs: FlowFindings,
}
