//! Observables of configurations, where they are sampled, and the powers of L at T_c.

use super::classifiers::Labels;
use super::sampling::Configurations;
use super::settings::Settings;
use crate::study::prelude::*;
use std::array;

/// An observable of configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Observable {
    Binder,
    AbsM,
    /// Output P(ordered) of a network.
    P(Labels),
    /// Fraction with |m| above the spontaneous magnetisation at the wrong label's temperature; needs no network.
    Threshold,
}

impl Observable {
    /// All observables, in the order of the findings.
    pub const ALL: [Self; 6] = [
        Self::Binder,
        Self::AbsM,
        Self::P(Labels::Right),
        Self::P(Labels::Far),
        Self::P(Labels::Wrong),
        Self::Threshold,
    ];

    /// Name in keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binder => "binder",
            Self::AbsM => "abs_m",
            Self::P(labels) => labels.name(),
            Self::Threshold => "threshold",
        }
    }

    /// Name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Binder => "U4",
            Self::AbsM => "<|m|>",
            Self::P(Labels::Right) => "P(ordered), told T_c",
            Self::P(Labels::Far) => "P(ordered), told far from T_c",
            Self::P(Labels::Wrong) => "P(ordered), told wrongly",
            Self::Threshold => "|m| above a threshold",
        }
    }

    /// Allowed deviations of T_c and nu. Carrasquilla and Melko (2017) found 2.266(2) and 1.0(2).
    pub fn allowed(self) -> (f64, f64) {
        if self == Self::Binder { (0.001, 0.02) } else { (0.01, 0.1) }
    }

    /// Region of temperatures where it is measured.
    pub fn region(self) -> Region {
        if matches!(self, Self::P(Labels::Wrong) | Self::Threshold) { Region::Wrong } else { Region::Critical }
    }

    /// Two values to average, for every configuration.
    pub fn values(self, of: &Configurations, settings: &Settings) -> Vec<[f64; 2]> {
        let of_m = |value: &dyn Fn(f64) -> [f64; 2]| of.m.iter().map(|m| value(*m)).collect();
        match self {
            Self::Binder => of_m(&|m| moments(m)),
            Self::AbsM => of_m(&|m| [m.abs(), 0.0]),
            Self::P(labels) => {
                let network = self.region().networks().iter().position(|own| *own == labels);
                of.p[network.expect("it reads there")].iter().map(|p| [*p, 0.0]).collect()
            }
            Self::Threshold => {
                let threshold = settings.threshold();
                of_m(&|m| [f64::from(u8::from(m.abs() > threshold)), 0.0])
            }
        }
    }

    /// The observable from these two averages.
    pub fn of(self, [first, second]: [f64; 2]) -> f64 {
        if self == Self::Binder { cumulant(first, second) } else { first }
    }

    /// Jackknife replicas at the sampled temperature.
    pub fn replicas(self, of: &Configurations, settings: &Settings) -> Vec<f64> {
        replicas(&self.values(of, settings), *settings.finite_size.blocks, |averages| self.of(averages))
    }
}

/// Region of temperatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Region {
    Critical,
    Wrong,
}

impl Region {
    pub const ALL: [Self; 2] = [Self::Critical, Self::Wrong];

    /// Centre of the temperatures, in J/k_B.
    pub fn centre(self, settings: &Settings) -> f64 {
        match self {
            Self::Critical => Temperature::CRITICAL.value(),
            Self::Wrong => *settings.classifier.wrong,
        }
    }

    /// Largest distance from the centre, times L.
    pub fn reach(self, settings: &Settings) -> f64 {
        match self {
            Self::Critical => *settings.finite_size.reach,
            Self::Wrong => *settings.classifier.wrong_reach,
        }
    }

    /// Temperatures at which lattices of `size` are sampled.
    pub fn temperatures(self, settings: &Settings, size: usize) -> Vec<f64> {
        let (n, centre, reach) = (*settings.finite_size.temperatures, self.centre(settings), self.reach(settings));
        let x = |k: usize| reach * (2.0 * k as f64 / (n - 1) as f64 - 1.0);
        (0..n).map(|k| centre + x(k) / size as f64).collect()
    }

    /// Networks applied in this region.
    pub fn networks(self) -> &'static [Labels] {
        match self {
            Self::Critical => &[Labels::Right, Labels::Far],
            Self::Wrong => &[Labels::Wrong],
        }
    }
}

/// A power of L at T_c.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    /// <|m|>.
    AbsM,
    /// <m^2>.
    Square,
    /// dU4/dbeta.
    Slope,
}

impl Power {
    /// All powers, in the order of the findings.
    pub const ALL: [Self; 3] = [Self::AbsM, Self::Square, Self::Slope];

    /// Exponent derived from the power.
    pub fn exponent(self) -> Exponent {
        let (name, title, what, exact, allowed, of): (_, _, _, _, _, fn(f64) -> f64) = match self {
            Self::AbsM => ("beta_over_nu", "beta/nu", "<|m|>", 0.125, 0.002, |a| -a),
            Self::Square => ("gamma_over_nu", "gamma/nu", "L^2 <m^2>", 1.75, 0.005, |a| 2.0 + a),
            Self::Slope => ("one_over_nu", "1/nu", "|dU4/dbeta|", 1.0, 0.02, |a| a),
        };
        Exponent { name, title, what, exact, allowed, of }
    }

    /// Quantity drawn against L.
    pub fn drawn(self) -> &'static str {
        if self == Self::Square { "<m^2>" } else { self.exponent().what }
    }

    /// The quantity from the averages of |m|, m^2, m^4, E, E m^2 and E m^4.
    pub fn of(self, v: &[f64]) -> f64 {
        match self {
            Self::AbsM => v[0],
            Self::Square => v[1],
            Self::Slope => slope(v),
        }
    }
}

/// An exponent of L at T_c.
pub(super) struct Exponent {
    /// Name in keys.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Quantity with this exponent.
    pub what: &'static str,
    pub exact: f64,
    /// Allowed deviation in addition to errors.
    pub allowed: f64,
    /// The exponent from the measured power.
    pub of: fn(f64) -> f64,
}

/// dU4/dbeta from the averages of |m|, m^2, m^4, E, E m^2 and E m^4, with d<O>/dbeta = <O><E> - <OE>.
fn slope(v: &[f64]) -> f64 {
    let [d2, d4] = [v[1] * v[3] - v[4], v[2] * v[3] - v[5]];
    (2.0 * v[2] * d2 / v[1] - d4) / (3.0 * v[1] * v[1])
}

/// Jackknife of a function of the averages of `values`, which form `blocks` equal blocks: from all, then without each
/// block.
fn replicas<const M: usize>(values: &[[f64; M]], blocks: usize, f: impl Fn([f64; M]) -> f64) -> Vec<f64> {
    let (n, per_block) = (values.len(), values.len() / blocks);
    let sum = |rows: &[[f64; M]]| rows.iter().fold([0.0; M], |sum, row| array::from_fn(|k| sum[k] + row[k]));
    let sums: Vec<[f64; M]> = values.chunks(per_block).map(sum).collect();
    let all = sum(&sums);
    let without = |own: &[f64; M]| f(array::from_fn(|k| (all[k] - own[k]) / (n - per_block) as f64));
    std::iter::once(f(all.map(|sum| sum / n as f64))).chain(sums.iter().map(without)).collect()
}

/// m^2 and m^4.
pub(super) fn moments(m: f64) -> [f64; 2] {
    [m * m, m.powi(4)]
}

/// Binder's cumulant of <m^2> and <m^4>.
fn cumulant(m2: f64, m4: f64) -> f64 {
    1.0 - m4 / (3.0 * m2 * m2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::FiniteSize;
    use crate::experiment::finite_size::sampling::{ThermalTorus, read};
    use rgflow::random::Streams;
    use rgflow::restart::Resumable;
    use rgflow::reweighting::estimate;

    /// Averages of |m|, m^2, m^4, E, E m^2 and E m^4 over all states of the 4 x 4 torus.
    fn exact(beta: f64) -> [f64; 6] {
        let mut sums = [0.0; 7];
        for state in 0..1u32 << 16 {
            let spin = |x: usize, y: usize| 2.0 * f64::from(state >> (y % 4 * 4 + x % 4) & 1) - 1.0;
            let sites = || (0..4).flat_map(|y| (0..4).map(move |x| (x, y)));
            let m = sites().map(|(x, y)| spin(x, y)).sum::<f64>() / 16.0;
            let e = -sites().map(|(x, y)| spin(x, y) * (spin(x + 1, y) + spin(x, y + 1))).sum::<f64>();
            let w = (-beta * e).exp();
            let [m2, m4] = moments(m);
            let values = [m.abs(), m2, m4, e, e * m2, e * m4, 1.0];
            sums.iter_mut().zip(values).for_each(|(sum, v)| *sum += w * v);
        }
        [0, 1, 2, 3, 4, 5].map(|k| sums[k] / sums[6])
    }

    #[test]
    fn the_slope_is_that_of_the_cumulant() {
        let (beta, h) = (0.42, 1e-4);
        let u4 = |beta: f64| {
            let v = exact(beta);
            cumulant(v[1], v[2])
        };
        let difference = (u4(beta + h) - u4(beta - h)) / (2.0 * h);
        assert!((slope(&exact(beta)) - difference).abs() < 1e-6 * difference, "{difference}");
    }

    /// Truth: all states of the 4 x 4 torus. Null: jackknife errors are right, |z| < 5 for each of four averages, p <
    /// 1e-5 (40 blocks).
    #[test]
    fn samples_and_their_errors_are_those_of_the_model() {
        let settings = changed::<FiniteSize>(&["finite_size.samples=200000", "classifier.inputs=4"]).unwrap();
        let beta = 0.42;
        let t = Temperature::new(1.0 / beta).unwrap();
        let drive = |work: &mut dyn Resumable| Ok(rgflow::restart::through(0, work)?);
        let seen = read(
            ThermalTorus { size: 4, temperature: t },
            &[],
            &settings,
            Streams::new(3).of("test/finite-size"),
            &drive,
        )
        .unwrap();
        let truth = exact(beta);
        let blocks = *settings.finite_size.blocks;
        let energy = replicas(&seen.energy.iter().map(|e| [*e]).collect::<Vec<_>>(), blocks, |[e]| e);
        let square = replicas(&seen.m.iter().map(|m| [m * m]).collect::<Vec<_>>(), blocks, |[m2]| m2);
        let of = |of: Observable| of.replicas(&seen, &settings);
        for (replicas, truth) in [
            (energy, truth[3]),
            (square, truth[1]),
            (of(Observable::AbsM), truth[0]),
            (of(Observable::Binder), cumulant(truth[1], truth[2])),
        ] {
            let (value, error) = estimate(&replicas).into();
            assert!((value - truth).abs() < 5.0 * error && error < 0.005 * truth.abs(), "{value} {error} {truth}");
        }
    }
}
