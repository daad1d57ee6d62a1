//! Stage "scaling": samples near T_c and near the wrong label's temperature, their curves, crossings, collapses and
//! power laws.

use super::classifiers::Networks;
use super::observables::{Observable, Power, Region, moments};
use super::sampling::{Configurations, ThermalTorus, read};
use super::settings::Settings;
use crate::study::prelude::*;
use crate::study::values::plain;
use rgflow::restart::Resumable;
use rgflow::reweighting::{Mbar, MbarError, Series, State, estimate};
use rgflow::scaling::{Correction, Master, Point, collapse, crossing, power_law};

const REVISION: u32 = 4;
/// Number of temperatures of the crossing curves, by multiple histograms.
const GRID: usize = 21;

/// Curves of one observable for every size, and the results from them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Curves {
    /// Values by size and sampled temperature.
    pub points: Vec<Vec<Measured>>,
    /// Crossings of neighbouring sizes; `None` unless there is exactly one.
    pub crossings: Vec<Option<Measured>>,
    pub collapse: Option<Fitted>,
}

/// Result of a data collapse.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fitted {
    pub t_c: Measured,
    pub nu: Measured,
    pub chi2: f64,
    pub dof: usize,
}

/// Quantities of one repetition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Findings {
    /// Curves by observable.
    pub curves: Vec<Curves>,
    /// Exponents of L at the exact T_c.
    pub exponents: [Exponents; 3],
    /// Quantities behind these exponents, by size.
    pub at_t_c: [Vec<Measured>; 3],
    /// Longest integrated autocorrelation time, by size.
    pub tau_int: Vec<f64>,
}

/// An exponent without and with the correction to scaling.
pub(super) type Exponents = (Option<Measured>, Option<Measured>);

impl Findings {
    pub(super) fn curves(&self, of: Observable) -> &Curves {
        &self.curves[Observable::ALL.iter().position(|own| *own == of).expect("all are there")]
    }
}

/// Samples of a region by size: the single series, and MBAR of all of them.
type Sampled = Vec<(Vec<Configurations>, Mbar)>;

/// Makes or keeps the findings of one repetition.
pub(super) fn stage(
    repetition: &Repetition,
    settings: &Settings,
    classifiers: &Artifact,
    networks: &Networks,
) -> Result<Findings, Error> {
    let outputs = &["finite-size/scaling.json"];
    let what = Stage { name: "scaling", revision: REVISION, settings, inputs: &[classifiers], outputs };
    repetition.found(what, |out| {
        let (own, sizes) = (&settings.finite_size, plain(&settings.finite_size.sizes));
        let cost = |size: usize| (size * size) as u64 / 50 + 1;
        let per_size = (Region::ALL.len() * *own.temperatures * *own.samples) as u64;
        out.add_work(sizes.iter().map(|size| per_size * cost(*size)).sum());
        let of_size = |region: Region, i: usize| {
            let (size, labels) = (sizes[i], region.networks());
            let mlps: Vec<_> = labels.iter().map(|labels| &networks[i][*labels as usize]).collect();
            let sample = |(k, t): (usize, f64)| {
                let purpose = format!("scaling/{region:?}/L{size}/{k}");
                let units = |done| done * cost(size);
                let drive = |work: &mut dyn Resumable| out.complete(&purpose, work, &units).map(|_| ());
                let torus = ThermalTorus { size, temperature: Temperature::new(t)? };
                read(torus, &mlps, settings, out.streams().of(&purpose), &drive)
            };
            let temperatures = region.temperatures(settings, size).into_par_iter().enumerate();
            let found = temperatures.with_max_len(1).map(sample).collect::<Result<Vec<_>, Error>>()?;
            let all = histograms(&found)
                .map_err(|e| Error::user(format!("L = {size}: {e}; set finite_size.samples or finite_size.spacing")))?;
            Ok((found, all))
        };
        let of_region = |region| {
            // The largest size takes longest, so it begins first.
            let largest_first = (0..sizes.len()).into_par_iter().rev().with_max_len(1);
            let mut found = largest_first.map(|i| of_size(region, i)).collect::<Result<Sampled, Error>>()?;
            found.reverse();
            Ok::<_, Error>(found)
        };
        let (critical, wrong) = rayon::join(|| of_region(Region::Critical), || of_region(Region::Wrong));
        analyse(settings, &critical?, &wrong?)
    })
}

fn histograms(of: &[Configurations]) -> Result<Mbar, MbarError> {
    let zeros = vec![0.0; of[0].energy.len()];
    let series = of.iter().map(|c| Series {
        state: State::at(c.temperature.beta()),
        energy: &c.energy,
        x: &zeros,
        tau_int: c.tau_int,
    });
    Mbar::new(&series.collect::<Vec<_>>())
}

fn analyse(settings: &Settings, critical: &Sampled, wrong: &Sampled) -> Result<Findings, Error> {
    let sizes = plain(&settings.finite_size.sizes);
    let curves = |observable: Observable| {
        let of = if observable.region() == Region::Critical { critical } else { wrong };
        curves(settings, &sizes, observable, of)
    };
    // Quantities that are powers of L at T_c, by size.
    let at_t_c = |(size, (of, all)): (&usize, &(Vec<Configurations>, Mbar))| -> Result<[Vec<f64>; 3], Error> {
        let m: Vec<f64> = of.iter().flat_map(|c| c.m.iter().copied()).collect();
        let read = all.read(State::at(Temperature::CRITICAL.beta()), |n| {
            let ([m2, m4], e) = (moments(m[n]), all.energy(n));
            [m[n].abs(), m2, m4, e, e * m2, e * m4]
        });
        let read = read.map_err(|e| Error::user(format!("L = {size}: {e}")))?;
        Ok(Power::ALL.map(|power| read.map(|v| power.of(v))))
    };
    let at_t_c = sizes.iter().zip(critical).map(at_t_c).collect::<Result<Vec<_>, Error>>()?;
    let by_size = |power: Power| at_t_c.iter().map(|of| of[power as usize].clone()).collect::<Vec<_>>();
    let exponents = |power: Power| {
        let exponent =
            |correction| power_law(&sizes, &by_size(power), correction).ok().map(|law| Measured::from(law.a));
        (exponent(Correction::None), settings.omega().and_then(|omega| exponent(Correction::Fixed(omega))))
    };
    Ok(Findings {
        curves: Observable::ALL.map(curves).into(),
        exponents: Power::ALL.map(exponents),
        at_t_c: Power::ALL.map(|power| by_size(power).iter().map(|replicas| estimate(replicas).into()).collect()),
        tau_int: critical.iter().map(|(of, _)| of.iter().map(|c| c.tau_int).fold(0.0, f64::max)).collect(),
    })
}

/// Averages of an observable, its crossings and its collapse. The last two are left out for |m|: its curves do not
/// cross, and if its exponent is free as well, T_c, nu and the correction can compensate each other, so that the fit
/// has two minima.
fn curves(settings: &Settings, sizes: &[usize], observable: Observable, of: &Sampled) -> Curves {
    let (own, region) = (&settings.finite_size, observable.region());
    let replicas = |configurations: &Configurations| observable.replicas(configurations, settings);
    let replicas: Vec<Vec<Vec<f64>>> = of.iter().map(|(of, _)| of.iter().map(replicas).collect()).collect();
    let average = |replicas: &Vec<f64>| Measured::from(estimate(replicas));
    let points = replicas.iter().map(|of_size| of_size.iter().map(average).collect()).collect();
    if observable == Observable::AbsM {
        return Curves { points, crossings: vec![None; sizes.len() - 1], collapse: None };
    }
    let crossing_below = |i: usize| {
        let (centre, reach) = (region.centre(settings), region.reach(settings) / sizes[i] as f64);
        let grid: Vec<f64> = (0..GRID).map(|k| centre + reach * (2.0 * k as f64 / (GRID - 1) as f64 - 1.0)).collect();
        let curve = |(of, all): &(Vec<Configurations>, Mbar)| {
            let values: Vec<[f64; 2]> = of.iter().flat_map(|c| observable.values(c, settings)).collect();
            let at = |t: &f64| all.read(State::at(1.0 / t), |n| values[n]);
            let at = |t: &f64| Ok(at(t)?.map(|v| observable.of([v[0], v[1]])));
            grid.iter().map(at).collect::<Result<Vec<_>, MbarError>>().ok()
        };
        Some(crossing(&grid, &curve(&of[i - 1])?, &curve(&of[i])?).ok()?.into())
    };
    let data: Vec<Point> = sizes
        .iter()
        .zip(replicas)
        .flat_map(|(size, replicas)| {
            region.temperatures(settings, *size).into_iter().zip(replicas).map(|(t, values)| Point {
                size: *size,
                t,
                values,
            })
        })
        .collect();
    // Deliberately not at the known answer.
    let start = [region.centre(settings) + 0.3 / sizes[sizes.len() - 1] as f64, 1.1, 0.0];
    let master = Master { degree: *own.degree, window: f64::INFINITY, start, fit_a: false, omega: settings.omega() };
    let collapse = collapse(&data, &master).ok();
    Curves {
        points,
        crossings: (1..sizes.len()).map(crossing_below).collect(),
        collapse: collapse.map(|c| Fitted { t_c: c.t_c.into(), nu: c.nu.into(), chi2: c.chi2, dof: c.dof }),
    }
}
