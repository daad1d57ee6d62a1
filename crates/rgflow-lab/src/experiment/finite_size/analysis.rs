//! Stage "scaling": samples about T_c and about the wrong label's temperature, their curves, crossings, collapses and power laws.

use super::classifiers::{Networks, Told};
use super::sampling::{Seen, cumulant, pair, read};
use super::settings::Settings;
use crate::artifact::{Artifact, Error, Repetition, Stage};
use crate::record::Measured;
use rayon::prelude::*;
use rgflow::lattice::Temperature;
use rgflow::restart::Resumable;
use rgflow::rg::multi_histogram::{Mbar, Series, State};
use rgflow::rg::scaling::{Collapse, Correction, Master, Point, collapse, crossing, power_law};
use serde::{Deserialize, Serialize};

const REVISION: u32 = 4;
/// Temperatures of the curves that cross, by multiple histograms.
const GRID: usize = 21;

/// What a collapse found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Fitted {
    pub t_c: Measured,
    pub nu: Measured,
    pub chi2: f64,
    pub dof: usize,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Binder,
    AbsM,
    P(Told),
    /// The fraction with |m| above the spontaneous magnetisation at the wrong label's temperature: no network.
    Threshold,
}

impl Of {
    pub const ALL: [Self; 6] =
        [Self::Binder, Self::AbsM, Self::P(Told::Right), Self::P(Told::Far), Self::P(Told::Wrong), Self::Threshold];

    /// In keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binder => "binder",
            Self::AbsM => "abs_m",
            Self::P(told) => told.name(),
            Self::Threshold => "threshold",
        }
    }

    /// About which temperature it is sampled.
    pub fn about(self) -> About {
        if matches!(self, Self::P(Told::Wrong) | Self::Threshold) { About::Wrong } else { About::Critical }
    }

    /// What is averaged, of every configuration; of the cumulant m.
    fn values(self, seen: &Seen, settings: &Settings) -> Vec<f64> {
        match self {
            Self::Binder => seen.m.clone(),
            Self::AbsM => seen.m.iter().map(|m| m.abs()).collect(),
            // About the wrong temperature it is the only network that reads.
            Self::P(told) => seen.p[usize::from(told == Told::Far)].clone(),
            Self::Threshold => {
                let threshold = settings.threshold();
                seen.m.iter().map(|m| f64::from(u8::from(m.abs() > threshold))).collect()
            }
        }
    }

    /// Replicas at the temperature that was sampled.
    fn replicas(self, seen: &Seen, settings: &Settings) -> Vec<f64> {
        let (v, blocks) = (self.values(seen, settings), settings.finite_size.blocks);
        match self {
            Self::Binder => seen.replicas(blocks, |i| moments(v[i]), |[m2, m4]| cumulant(m2, m4)),
            _ => seen.replicas(blocks, |i| [v[i]], |[v]| v),
        }
    }
}

/// Where temperatures lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Critical,
    Wrong,
}

impl About {
    pub fn centre(self, settings: &Settings) -> f64 {
        match self {
            Self::Critical => Temperature::CRITICAL.value(),
            Self::Wrong => settings.classifier.wrong,
        }
    }

    fn reach(self, settings: &Settings) -> f64 {
        match self {
            Self::Critical => settings.finite_size.reach,
            Self::Wrong => settings.classifier.wrong_reach,
        }
    }

    /// Temperatures at which lattices of `size` are sampled.
    pub fn temperatures(self, settings: &Settings, size: usize) -> Vec<f64> {
        settings.temperatures(self.centre(settings), self.reach(settings), size)
    }

    /// Networks that read there, by number.
    fn networks(self) -> &'static [usize] {
        match self {
            Self::Critical => &[0, 1],
            Self::Wrong => &[2],
        }
    }
}

/// A curve of every size, and what follows from them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Curves {
    /// By size and sampled temperature.
    pub points: Vec<Vec<Measured>>,
    /// Where those of neighbouring sizes cross; `None` if not exactly once.
    pub crossings: Vec<Option<Measured>>,
    pub collapse: Option<Fitted>,
}

/// What one repetition found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    /// In the order of [`Of::ALL`].
    pub curves: Vec<Curves>,
    /// Exponents of L at the exact T_c: of |m|, <m^2> and dU4/dbeta, without and with the correction.
    pub exponents: [[Option<Measured>; 2]; 3],
    /// The same quantities by size.
    pub at_t_c: [Vec<Measured>; 3],
    /// Longest integrated autocorrelation time by size.
    pub tau_int: Vec<f64>,
}

/// Makes or keeps what one repetition finds.
pub(super) fn stage(
    repetition: &Repetition,
    settings: &Settings,
    classifiers: &Artifact,
    networks: &Networks,
) -> Result<Found, Error> {
    let file = "finite-size/scaling.json";
    let what = Stage { name: "scaling", revision: REVISION, settings, inputs: &[classifiers], outputs: &[file] };
    let artifact = repetition.stage(what, |out| {
        let own = &settings.finite_size;
        let jobs: Vec<(usize, About, usize)> = [About::Critical, About::Wrong]
            .into_iter()
            .flat_map(|about| (0..own.sizes.len()).map(move |i| (i, about)))
            .flat_map(|(i, about)| (0..own.temperatures).map(move |k| (i, about, k)))
            .collect();
        let cost = |i: usize| (own.sizes[i] * own.sizes[i]) as u64 / 50 + 1;
        out.add_work("scaling", jobs.iter().map(|(i, ..)| own.samples as u64 * cost(*i)).sum());
        // The largest first, so that no thread is left with one at the end.
        let sample = |(i, about, k): &(usize, About, usize)| {
            let size = own.sizes[*i];
            let t = about.temperatures(settings, size)[*k];
            let mlps: Vec<_> = about.networks().iter().map(|n| &networks[*i][*n]).collect();
            let purpose = format!("scaling/{about:?}/L{size}/{k}");
            let t = Temperature::new(t)?;
            let drive = |work: &mut dyn Resumable| out.complete(&purpose, work, &|done| done * cost(*i)).map(|_| ());
            read(size, t, &mlps, settings, (out.streams(), &purpose), &drive)
        };
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|j| std::cmp::Reverse(own.sizes[jobs[*j].0]));
        let done: Vec<(usize, Seen)> =
            order.into_par_iter().with_max_len(1).map(|j| Ok((j, sample(&jobs[j])?))).collect::<Result<_, Error>>()?;
        let mut seen: Vec<Option<Seen>> = vec![None; jobs.len()];
        done.into_iter().for_each(|(j, s)| seen[j] = Some(s));
        let seen: Vec<Seen> = seen.into_iter().flatten().collect();
        let by_size: Vec<&[Seen]> = seen.chunks(own.temperatures).collect();
        let (critical, wrong) = by_size.split_at(own.sizes.len());
        out.write_json(file, &analyse(settings, critical, wrong)?)
    })?;
    artifact.json(file)
}

/// dU4/dbeta of the averages of |m|, m^2, m^4, E, E m^2 and E m^4, with d<O>/dbeta = <O><E> - <OE>.
fn slope(v: &[f64]) -> f64 {
    let [d2, d4] = [v[1] * v[3] - v[4], v[2] * v[3] - v[5]];
    (2.0 * v[2] * d2 / v[1] - d4) / (3.0 * v[1] * v[1])
}

fn moments(m: f64) -> [f64; 2] {
    [m * m, m.powi(4)]
}

/// All series of a size as one.
fn histograms(settings: &Settings, size: usize, seen: &[Seen]) -> Result<Mbar, Error> {
    let zeros = vec![0.0; settings.finite_size.samples];
    let series: Vec<Series> = seen
        .iter()
        .map(|s| Series { state: State::at(s.temperature.beta()), energy: &s.energy, x: &zeros, tau_int: s.tau_int })
        .collect();
    Mbar::new(&series)
        .map_err(|e| Error::user(format!("L = {size}: {e}; set finite_size.samples or finite_size.spacing")))
}

fn analyse(settings: &Settings, critical: &[&[Seen]], wrong: &[&[Seen]]) -> Result<Found, Error> {
    let own = &settings.finite_size;
    let sizes = &own.sizes;
    let pool = |about: About| match about {
        About::Critical => critical,
        About::Wrong => wrong,
    };
    let histograms_of = |seen: &[&[Seen]]| -> Result<Vec<Mbar>, Error> {
        sizes.iter().zip(seen).map(|(size, seen)| histograms(settings, *size, seen)).collect()
    };
    let (at_critical, at_wrong) = (histograms_of(critical)?, histograms_of(wrong)?);
    let curves = |of: &Of| {
        let about = of.about();
        let seen = pool(about);
        let mbar = if about == About::Critical { &at_critical } else { &at_wrong };
        let replicas: Vec<Vec<Vec<f64>>> =
            seen.iter().map(|s| s.iter().map(|s| of.replicas(s, settings)).collect()).collect();
        let points = replicas.iter().map(|r| r.iter().map(|r| pair(r)).collect()).collect();
        let crossings = (1..sizes.len())
            .map(|i| {
                // |m| of two sizes do not cross.
                if *of == Of::AbsM {
                    return None;
                }
                let (centre, reach) = (about.centre(settings), about.reach(settings) / sizes[i] as f64);
                let grid: Vec<f64> =
                    (0..GRID).map(|k| centre + reach * (2.0 * k as f64 / (GRID - 1) as f64 - 1.0)).collect();
                let of_size = |j: usize| curve(&grid, &mbar[j], seen[j], *of, settings);
                crossing(&grid, &of_size(i - 1)?, &of_size(i)?).ok().map(Measured::from)
            })
            .collect();
        Curves { points, crossings, collapse: fit(settings, *of, &replicas) }
    };
    let t_c = State::at(Temperature::CRITICAL.beta());
    let at = |i: usize| -> Result<[Vec<f64>; 3], Error> {
        let mbar = &at_critical[i];
        let m: Vec<f64> = critical[i].iter().flat_map(|s| s.m.iter().copied()).collect();
        let read = mbar.read(t_c, |n| {
            let ([m2, m4], e) = (moments(m[n]), mbar.energy(n));
            [m[n].abs(), m2, m4, e, e * m2, e * m4]
        });
        let read = read.map_err(|e| Error::user(format!("L = {}: {e}", sizes[i])))?;
        Ok([read.map(|v| v[0]), read.map(|v| v[1]), read.map(slope)])
    };
    let at: Vec<[Vec<f64>; 3]> = (0..sizes.len()).map(at).collect::<Result<_, Error>>()?;
    let of = |q: usize| at.iter().map(|a| a[q].clone()).collect::<Vec<_>>();
    let exponent = |q: usize, correction: Correction| power_law(sizes, &of(q), correction).ok().map(|law| law.a.into());
    let exponents = |q: usize| {
        let corrected = if own.omega > 0.0 { exponent(q, Correction::Fixed(own.omega)) } else { None };
        [exponent(q, Correction::None), corrected]
    };
    Ok(Found {
        curves: Of::ALL.iter().map(curves).collect(),
        exponents: [0, 1, 2].map(exponents),
        at_t_c: [0, 1, 2].map(|q| of(q).iter().map(|r| pair(r)).collect()),
        tau_int: critical.iter().map(|s| s.iter().map(|s| s.tau_int).fold(0.0, f64::max)).collect(),
    })
}

/// A curve over `grid`, at each temperature from all data and without each block; `None` where samples do not reach.
fn curve(grid: &[f64], mbar: &Mbar, seen: &[Seen], of: Of, settings: &Settings) -> Option<Vec<Vec<f64>>> {
    let v: Vec<f64> = seen.iter().flat_map(|s| of.values(s, settings)).collect();
    let at = |t: &f64| {
        let state = State::at(1.0 / t);
        match of {
            Of::Binder => mbar.read(state, |n| moments(v[n])).map(|r| r.map(|v| cumulant(v[0], v[1]))),
            _ => mbar.read(state, |n| [v[n]]).map(|r| r.map(|v| v[0])),
        }
    };
    grid.iter().map(at).collect::<Result<_, _>>().ok()
}

/// All sizes on one curve; `None` if the fit does not converge, and of |m|: with its exponent free, T_c, nu and the correction can do each other's
/// work, and the fit has two minima.
fn fit(settings: &Settings, of: Of, replicas: &[Vec<Vec<f64>>]) -> Option<Fitted> {
    if of == Of::AbsM {
        return None;
    }
    let own = &settings.finite_size;
    let about = of.about();
    let points: Vec<Point> = own
        .sizes
        .iter()
        .zip(replicas)
        .flat_map(|(size, replicas)| {
            let t = about.temperatures(settings, *size);
            t.into_iter().zip(replicas).map(|(t, values)| Point { size: *size, t, values: values.clone() })
        })
        .collect();
    // Not at the answer.
    let start =
        [about.centre(settings) + 0.3 / *own.sizes.last()? as f64, 1.1, if of == Of::AbsM { -0.1 } else { 0.0 }];
    let master = Master {
        degree: own.degree,
        window: f64::INFINITY,
        start,
        fit_a: false,
        omega: (own.omega > 0.0).then_some(own.omega),
    };
    let Collapse { t_c, nu, chi2, dof, .. } = collapse(&points, &master).ok()?;
    Some(Fitted { t_c: t_c.into(), nu: nu.into(), chi2, dof })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{AnyExperiment, FiniteSize};
    use rgflow::random::Streams;

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

    /// Truth: all states of the 4 x 4 torus. Null: jackknife errors are right, |z| < 5 for each of four averages, p < 1e-5 (40 blocks).
    #[test]
    fn samples_and_their_errors_are_those_of_the_model() {
        let mut table: toml::Table = FiniteSize.recipe().parse().unwrap();
        table["finite_size"].as_table_mut().unwrap().insert("sizes".into(), toml::Value::from(vec![8, 16, 32]));
        let mut settings = Settings::parse(&table).unwrap();
        (settings.finite_size.samples, settings.classifier.inputs) = (200_000, 4);
        let beta = 0.42;
        let t = Temperature::new(1.0 / beta).unwrap();
        let drive = |work: &mut dyn Resumable| Ok(rgflow::restart::through(0, work)?);
        let seen = read(4, t, &[], &settings, (Streams::new(3), "test/finite-size"), &drive).unwrap();
        let truth = exact(beta);
        let blocks = settings.finite_size.blocks;
        let energy = seen.replicas(blocks, |i| [seen.energy[i]], |[e]| e);
        let square = seen.replicas(blocks, |i| [seen.m[i].powi(2)], |[m2]| m2);
        let of = |of: Of| of.replicas(&seen, &settings);
        for (replicas, truth) in [
            (energy, truth[3]),
            (square, truth[1]),
            (of(Of::AbsM), truth[0]),
            (of(Of::Binder), cumulant(truth[1], truth[2])),
        ] {
            let (value, error) = pair(&replicas);
            assert!((value - truth).abs() < 5.0 * error && error < 0.005 * truth.abs(), "{value} {error} {truth}");
        }
    }
}
