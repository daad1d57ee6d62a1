//! nu and theta_Y with their controls: values of each repetition as well as the means, and pulls from the exact values.

use super::analysis::{Crossing, Findings, PAIRS};
use super::settings::Settings;
use crate::row;
use crate::study::prelude::*;
use rgflow::rg::neural::BLOCKS;
use rgflow::statistics::mean_and_deviation;

/// Exact theta of a coupling, deviation allowed in addition to errors, and the reason.
pub(super) const THETA: [(&str, f64, f64, &str); 7] = [
    ("bounded", 0.5, 0.005, "1/d: f of a scaling variable has no dimension of its own"),
    ("odd-local", 8.0 / 15.0, 8.0 / 1500.0, "1/y_h = 8/15"),
    ("even-local", 1.0, 0.1, "1/y_t = 1; biased by the irrelevant part of the first step"),
    ("m", 8.0 / 15.0, 8.0 / 1500.0, "1/y_h = 8/15, no network"),
    ("abs-m", 8.0 / 15.0, 0.02, "1/y_h = 8/15, no network"),
    ("m-b3-48-16", 8.0 / 15.0, 16.0 / 1500.0, "1/y_h = 8/15, no network"),
    ("m-b3-96-32", 8.0 / 15.0, 16.0 / 1500.0, "1/y_h = 8/15, no network"),
];
/// Positions of the couplings that answer claims.
pub(super) const BOUNDED: usize = 0;
pub(super) const ODD: usize = 1;
pub(super) const MAGNETISATION: usize = 3;
/// Positions of the pairs of lattices that answer claims: 64 and 32, 96 and 32.
pub(super) const TWO: usize = 0;
pub(super) const THREE: usize = 4;

/// Key, description of the networks, and their crossings in a repetition.
type Control = (&'static str, &'static str, fn(&Findings) -> &[Option<Crossing>]);

/// Networks other than one well-trained network.
const CONTROLS: [Control; 3] = [
    ("two-networks", "two networks, one on the spins of 32 x 32, one on block spins of 64 x 64", |f| &f.two_networks),
    ("two-networks-few", "two networks of few samples", |f| &f.two_few),
    ("one-network-few", "one network of few samples on both lattices", |f| &f.one_few),
];

/// Deviation from the exact value, in errors.
pub(super) fn pull((value, error): Measured, exact: f64) -> f64 {
    (value - exact) / error
}

/// Compares with the exact value for infinite lattices; what is off by more than two errors and by less than `allowed`
/// is the bias of finite lattices: it depends on their sizes.
fn of_finite_size(number: Number, [exact, allowed]: [f64; 2], source: &str) -> Number {
    let is_off = number.verdict_at(exact, 0.0, 0.0) == Verdict::Differs;
    let errors = (number.get() - exact).abs() / number.error.unwrap_or(f64::NAN);
    let number = number.compare(exact, 0.0, allowed, source);
    let is_biased = is_off && number.first_verdict() == Verdict::Agrees;
    number.depending_on(&format!("the sizes of the lattices: off by {errors:.1} errors"), is_biased)
}

/// Quantities that the numbers are made from.
pub(super) struct Exponents<'a> {
    pub found: &'a [Findings],
    pub pair: Dimension,
    /// By pair: nu, beta* - beta_c, and nu of observables without a network.
    pub nu: Quantity<1>,
    pub shift: Quantity<1>,
    pub controls: Quantity<2>,
    /// Dimension of the networks of [`CONTROLS`], for: root mean square offset of the crossing, nu there, and its
    /// deviation over trainings.
    pub network: Dimension,
    pub off: Quantity<1>,
    pub nu_off: Quantity<1>,
    pub deviation: Quantity<1>,
    pub coupling: Dimension,
    pub theta: Quantity<1>,
}

impl<'a> Exponents<'a> {
    pub fn new(found: &'a [Findings]) -> Self {
        let over = Repeated::new("neural-rg", found);
        let sampled = Repeated::new("neural-rg", found).n_eff(BLOCKS as f64);
        let pair = Dimension::names("pair", PAIRS.map(|(large, _, small, _, _)| format!("{large}-{small}")));
        let pair = pair.words(|p| format!("{} blocked (b = {}) and {}", PAIRS[p].0, PAIRS[p].4, PAIRS[p].2));
        let what = "nu from {pair}, one network on both, at its own crossing; mean over trainings, error with their \
                    spread";
        let nu = sampled.quantity("nu.{pair}.nu", [&pair], "1", what, |f, [p]| f.nu[p].mean);
        let nu = nu.map(|[p], nu| {
            let why = found.iter().find_map(|f| f.nu[p].why.as_ref());
            let nu = why.map_or(nu.clone(), |why| nu.because(&format!("; {why}")));
            of_finite_size(nu, [1.0, 0.03], "exact")
        });
        let what = "beta* - beta_c of the crossing, mean over trainings";
        let shift = over.quantity("nu.{pair}.shift", [&pair], "1", what, |f, [p]| {
            let networks = &f.nu[p].networks;
            let sum: f64 = networks.iter().map(|[shift, _]| shift.0).sum();
            (!networks.is_empty()).then(|| sum / networks.len() as f64)
        });
        let shift = shift.map(|_, shift| shift.compare(0.0, 0.0, 2e-4, "exact"));
        let control = Dimension::names("control", ["abs_m", "m2", "binder"]);
        let (key, what) = ("nu.{pair}.control.{control}", "nu of the control {control}, no network");
        let controls = sampled.quantity(key, [&pair, &control], "1", what, |f, [p, c]| {
            let nu = &f.nu[p];
            [nu.abs_m.map(|[_, nu]| nu), nu.m2.map(|[_, nu]| nu), nu.binder][c]
        });
        let controls = controls.map(|_, nu| nu.compare(1.0, 0.0, 0.05, "exact"));

        let network = Dimension::names("network", CONTROLS.map(|(key, ..)| key)).words(|c| CONTROLS[c].1.into());
        let crossings = |f: &'a Findings, c: usize| CONTROLS[c].2(f).iter().flatten();
        let what = "root mean square of beta* - beta_c, 64/32, over trainings of {network}";
        let off = over.quantity("{network}.shift", [&network], "1", what, |f, [c]| {
            let squares: Vec<f64> = crossings(f, c).map(|[shift, _]| shift.0 * shift.0).collect();
            (!squares.is_empty()).then(|| (squares.iter().sum::<f64>() / squares.len() as f64).sqrt())
        });
        let of_nu = |f: &'a Findings, c: usize| {
            let nus: Vec<f64> = crossings(f, c).map(|[_, nu]| nu.0).collect();
            mean_and_deviation(&nus).map(|value| Some(value).filter(|value| value.is_finite()))
        };
        let what = "nu at these crossings, mean over trainings of {network}";
        let nu_off = over.quantity("{network}.nu", [&network], "1", what, |f, [c]| of_nu(f, c)[0]);
        let nu_off = nu_off.map(|_, nu| nu.compare(1.0, 0.0, 0.0, "exact"));
        let what = "standard deviation of nu over trainings of {network}";
        let deviation = over.quantity("{network}.nu_deviation", [&network], "1", what, |f, [c]| of_nu(f, c)[1]);

        let coupling = Dimension::names("coupling", THETA.map(|(name, ..)| name));
        let what = "theta_Y of the coupling {coupling}; mean over trainings, error with their spread";
        let theta = sampled.quantity("theta.{coupling}", [&coupling], "1", what, |f, [t]| f.theta[t].mean);
        let theta = theta.map(|[t], theta| {
            let (_, exact, allowed, source) = THETA[t];
            of_finite_size(theta, [exact, allowed], source)
        });
        Self { found, pair, nu, shift, controls, network, off, nu_off, deviation, coupling, theta }
    }

    /// Lists the means, each with the values of the repetitions.
    pub fn list(&self, record: &mut Record) {
        let number = |key: String, (value, error): Measured, how: String| {
            Number::new(format!("neural-rg.{key}"), value, Some(error), "1", how)
        };
        let repetitions = || self.found.iter().zip(1..);
        for p in self.pair.places() {
            record.list(&[self.nu.at(p), self.shift.at(p)]);
            (0..3).for_each(|c| record.list(&[self.controls.at((p, c))]));
            for (f, i) in repetitions() {
                let (nu, key) = (&f.nu[p], format!("nu.{}.repetition{i}", self.pair.key(p)));
                if let (Some(mean), Some(own)) = (nu.mean, nu.statistical) {
                    let how =
                        format!("repetition {i}: error of the samples {own:.4} and spread over trainings together");
                    record.numbers.push(number(format!("{key}.nu"), mean, how).compare(1.0, 0.0, 0.0, "exact"));
                }
                for ([shift, nu], k) in nu.networks.iter().zip(1..) {
                    let how = format!("repetition {i}, training {k}: error of the samples");
                    record.numbers.push(number(format!("{key}.training{k}.nu"), *nu, how.clone()));
                    record.numbers.push(number(format!("{key}.training{k}.shift"), *shift, how));
                }
            }
        }
        for (c, (name, who, crossings)) in CONTROLS.into_iter().enumerate() {
            record.list(&[self.off.at(c), self.nu_off.at(c), self.deviation.at(c)]);
            let how = format!("{who}; null where curves do not cross within the reach of the samples");
            for (f, i) in repetitions() {
                for (crossing, k) in crossings(f).iter().zip(1..) {
                    let [shift, nu] = crossing.unwrap_or([(f64::NAN, f64::NAN); 2]);
                    let key = format!("{name}.repetition{i}.pair{k}");
                    record.numbers.push(number(format!("{key}.shift"), shift, how.clone()));
                    record.numbers.push(number(format!("{key}.nu"), nu, how.clone()));
                }
            }
        }
        for t in self.coupling.places() {
            record.list(&[self.theta.at(t)]);
            for (f, i) in repetitions() {
                let key = format!("theta.{}.repetition{i}", self.coupling.key(t));
                record.numbers.push(number(key, f.theta[t].mean, format!("repetition {i}")));
            }
        }
        if self.found.len() < 2 {
            return;
        }
        let nu = self.found.iter().filter_map(|f| Some(pull(f.nu[TWO].mean?, 1.0))).collect();
        let theta = |t: usize| self.found.iter().map(|f| pull(f.theta[t].mean, THETA[t].1)).collect();
        let pulls = [("nu", nu), ("theta-bounded", theta(BOUNDED)), ("theta-odd-local", theta(ODD))];
        for (name, pulls) in pulls as [(&str, Vec<f64>); 3] {
            for (what, value) in ["mean", "deviation"].into_iter().zip(mean_and_deviation(&pulls)) {
                let how = format!("{what} over {} repetitions of (value - exact)/error", pulls.len());
                record.numbers.push(number(format!("pulls.{name}.{what}"), (value, f64::NAN), how));
            }
        }
    }

    pub fn summary(&self, settings: &Settings) -> Table {
        let pairs = self.pair.places().map(|p| {
            let ((large, _, small, _, b), control) = (PAIRS[p], |c| self.controls.at((p, c)));
            let lattices = format!("{large} blocked, {small}; b = {b}");
            row![lattices, self.nu.at(p), self.shift.at(p), control(0), control(1), control(2)]
        });
        let networks = self.network.places().map(|c| {
            let off = Cell::from(self.off.at(c)).remark(Some("root mean square"));
            row![format!("64 blocked, 32; {}", self.network.word(c)), self.nu_off.at(c), off, "", "", ""]
        });
        let columns = ["lattices", "nu", "beta* - beta_c", "control |m|", "m^2", "Binder"];
        Table::new("nu from one network on block spins and spins", columns).rows(pairs.chain(networks)).note(format!(
            "Exact: nu = 1. Mean over {} trainings and {} repetition(s).",
            settings.networks.trainings,
            self.found.len()
        ))
    }
}
