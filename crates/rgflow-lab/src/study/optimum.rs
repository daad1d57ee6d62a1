//! Is the machine at the optimum of its likelihood? What is tested, and what is said if it is not.
//!
//! The rules are fixed: (a) a learning rate that falls to 0, a tail average, and 1000 chains or none; (b) a gradient
//! that is zero within the errors of the data's means; (c) five starts, grown and low-rank ones among them, of which
//! the best two differ by less than 0.1 nats; (d) twice the length moves ln p by less than 0.05 nats, and the energy of
//! the machine's own law, where the lattice is known, by less than two errors. A machine that misses one gives a lower
//! bound on the optimum.

use super::prelude::*;
use super::starts::{Start, Starts};
use crate::record::format::value_with_error;
use crate::row;
use rgflow::rbm::Method;

/// Most that the best two starts may be apart, in nats.
const APART: f64 = 0.1;
/// Most that twice the length may move ln p, in nats.
const MOVED: f64 = 0.05;
/// Least number of starts, and of chains.
const STARTS: usize = 5;
const CHAINS: usize = 1000;

/// Settings of a training that the tests ask for.
#[derive(Clone, Copy, Debug)]
pub struct Ascent {
    pub method: Method,
    /// Chains that go on.
    pub chains: usize,
    /// Whether the learning rate falls to 0.
    pub falls: bool,
    /// Whether the parameters are averaged over the last part.
    pub averages: bool,
}

impl Ascent {
    /// Reasons why the machine of a training with so many `starts` cannot be shown to be at its optimum.
    pub fn lacks(&self, starts: usize) -> Vec<String> {
        let mut missing = Vec::new();
        let mut demand = |holds: bool, why: String| missing.extend((!holds).then_some(why));
        demand(self.falls, "the learning rate does not fall to 0 (training.schedule)".into());
        demand(self.averages, "the parameters are not averaged (training.tail_average)".into());
        match self.method {
            Method::Exact => {}
            method if method.is_persistent() => {
                demand(self.chains >= CHAINS, format!("{} chains are fewer than {CHAINS}", self.chains))
            }
            other => demand(false, format!("{other} does not follow the gradient of the likelihood")),
        }
        let s = if starts == 1 { "" } else { "s" };
        demand(starts >= STARTS, format!("{starts} start{s} of the {STARTS} that are asked for"));
        missing
    }
}

/// The tests of one training.
pub struct Optimum {
    /// ln p of training samples: the best less the second of the starts, and the longer one less the best.
    pub apart: f64,
    pub moved: f64,
    /// Reasons why it is not shown to be at its optimum.
    pub missing: Vec<String>,
}

impl Optimum {
    /// Of the `starts` of a training; `gradient`: mean square and largest z.
    pub fn of(ascent: &Ascent, starts: &Starts, gradient: Option<[f64; 2]>) -> Self {
        let ln_p = |start: &Start| start.ln_p.map_or(f64::NAN, |ln_p| ln_p[0]);
        let mut sorted: Vec<f64> = starts.starts.iter().map(ln_p).collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let apart = sorted.get(1).map_or(f64::NAN, |second| sorted[0] - second);
        let moved = ln_p(&starts.twice) - ln_p(&starts.starts[starts.best]);
        let mut missing = ascent.lacks(starts.starts.len());
        let mut demand = |holds: bool, why: String| missing.extend((!holds).then_some(why));
        match gradient {
            Some([square, largest]) => demand(
                square < 1.0,
                format!("the gradient is not zero within its errors: mean z^2 {square:.2}, largest |z| {largest:.1}"),
            ),
            None => demand(false, "the gradient is not known: no layer can be enumerated".into()),
        }
        demand(apart < APART, format!("the best two starts are {apart:.2} nats apart"));
        demand(moved.abs() < MOVED, format!("twice the length moves ln p by {moved:.3} nats"));
        if let (Some((a, ea)), Some((b, eb))) = (starts.starts[starts.best].energy, starts.twice.energy) {
            let why = format!(
                "twice the length moves the energy per spin of its own law by {:.3}({:.3})",
                b - a,
                ea.hypot(eb)
            );
            demand((b - a).abs() < 2.0 * ea.hypot(eb), why);
        }
        Self { apart, moved, missing }
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        match self.missing.is_empty() {
            true => "The machine is at its likelihood optimum, by the tests of starts, length and gradient.".into(),
            false => format!("A lower bound on the likelihood optimum: {}.", self.missing.join("; ")),
        }
    }
}

/// The starts, a row each.
pub fn table(starts: &Starts) -> Table {
    let row = |(name, start): (String, &Start)| {
        let ln_p = |k: usize| start.ln_p.map_or("-".into(), |ln_p| format!("{:.3}", ln_p[k]));
        let energy = start.energy.map_or("-".into(), |(value, error)| value_with_error(value, Some(error)));
        row![name, start.how.clone(), start.updates.to_string(), ln_p(0), ln_p(1), energy]
    };
    let rows = starts.starts.iter().enumerate().map(|(k, start)| {
        let best = if k == starts.best { " (best)" } else { "" };
        (format!("{}{best}", k + 1), start)
    });
    let rows = rows.chain([("twice as long".to_string(), &starts.twice)]);
    Table::new("Starts", ["start", "first machine", "updates", "ln p, training", "ln p, test", "E/N of its law"])
        .rows(rows.map(row))
        .note("ln p in nats per sample. First repetition. The best is that of the largest ln p of training samples.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(ln_p: f64) -> Start {
        Start { how: "random".into(), updates: 100, ln_p: Some([ln_p, ln_p - 0.5, 0.0]), energy: Some((-1.0, 0.01)) }
    }

    fn starts(ln_p: [f64; 5], twice: f64) -> Starts {
        Starts { starts: ln_p.map(start).into(), best: 1, twice: start(twice) }
    }

    #[test]
    fn each_rule_is_demanded() {
        let exact = Ascent { method: Method::Exact, chains: 0, falls: true, averages: true };
        let good = starts([-5.0, -3.0, -3.0625, -4.0, -7.0], -2.96875);
        let optimum = Optimum::of(&exact, &good, Some([0.5, 2.0]));
        assert_eq!((optimum.apart, optimum.moved, optimum.missing.len()), (0.0625, 0.03125, 0));
        let misses = |ascent: &Ascent, starts: &Starts, gradient, words: &str| {
            let missing = Optimum::of(ascent, starts, gradient).missing;
            assert!(missing.len() == 1 && missing[0].contains(words), "{missing:?}");
        };
        let zero = Some([0.5, 2.0]);
        misses(&Ascent { falls: false, ..exact }, &good, zero, "does not fall");
        misses(&Ascent { averages: false, ..exact }, &good, zero, "not averaged");
        misses(&Ascent { method: Method::Pcd, chains: 500, ..exact }, &good, zero, "500 chains");
        misses(&Ascent { method: Method::Cd, ..exact }, &good, zero, "cd does not follow");
        misses(&exact, &good, None, "not known");
        misses(&exact, &good, Some([1.5, 5.0]), "mean z^2 1.50");
        misses(&exact, &starts([-5.0, -3.0, -3.25, -4.0, -7.0], -3.0), zero, "0.25 nats apart");
        misses(&exact, &starts([-5.0, -3.0, -3.0, -4.0, -7.0], -2.75), zero, "by 0.250");
        let mut hotter = starts([-5.0, -3.0, -3.0, -4.0, -7.0], -3.0);
        hotter.twice.energy = Some((-0.96, 0.01));
        misses(&exact, &hotter, zero, "by 0.040(0.014)");
        let few = Starts { starts: good.starts[..3].to_vec(), ..good };
        misses(&exact, &few, zero, "3 starts");
    }
}
