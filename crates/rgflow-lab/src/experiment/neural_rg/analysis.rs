//! Stage "measure": samples and reads lattices and derives exponents; only exponents and curves are kept.

use super::networks::{Kind, Networks};
use super::sampling::{LatticeReadings, Sample};
use super::settings::{Beta, Settings};
use crate::study::prelude::*;
use ndarray::Array2;
use rgflow::rg::neural::{self, Series, field_rows};
use std::collections::BTreeMap;

const REVISION: u32 = 3;

/// beta* - beta_c at the crossing of two curves, and nu there.
pub(super) type Crossing = [Measured; 2];

/// The larger lattice, its level, the smaller lattice and its level, b.
pub(super) const PAIRS: [(usize, usize, usize, usize, usize); 5] =
    [(64, 0, 32, 0, 2), (32, 1, 16, 0, 2), (128, 0, 64, 0, 2), (48, 0, 16, 0, 3), (96, 0, 32, 0, 3)];

/// Findings of one repetition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Findings {
    /// Test cross-entropy of the networks of 32 x 32 spins.
    pub test_cost: Vec<f64>,
    /// Energy per spin and variance of the energy per spin, by size.
    pub energies: Vec<[Measured; 2]>,
    /// nu by pair of lattices.
    pub nu: Vec<Nu>,
    /// Crossings for pairs of separately trained networks, 64/32; `None` where the curves do not cross within reach.
    pub two_networks: Vec<Option<Crossing>>,
    /// The same for networks trained on few samples: two of them, and one on both lattices.
    pub two_few: Vec<Option<Crossing>>,
    pub one_few: Vec<Option<Crossing>>,
    /// theta by coupling.
    pub theta: Vec<Theta>,
    /// Curves by lattice (32, then 64 blocked) and beta.
    pub fields: Vec<Vec<FieldCurve>>,
    pub crossing: CrossingCurves,
}

/// nu from one pair of lattices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Nu {
    /// Crossings by network; empty where curves do not cross within reach, for the reason `why`.
    pub networks: Vec<Crossing>,
    /// Mean over networks; its error holds that of the samples and the spread over networks.
    pub mean: Option<Measured>,
    /// The same from the slopes at beta_c.
    pub statistical: Option<f64>,
    pub why: Option<String>,
    /// Controls without a network: |m|, m^2, Binder's cumulant (nu only).
    pub abs_m: Option<Crossing>,
    pub m2: Option<Crossing>,
    pub binder: Option<Measured>,
}

/// theta of a coupling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Theta {
    pub name: String,
    /// Values by network; a single one without a network.
    pub networks: Vec<Measured>,
    /// Mean; its error holds the spread over networks.
    pub mean: Measured,
}

/// <f> and chi_f against Y at one beta.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FieldCurve {
    pub beta: f64,
    pub y: Vec<f64>,
    pub f: Vec<Measured>,
    pub chi: Vec<Measured>,
    /// Share of configurations that contribute.
    pub share: Vec<f64>,
}

/// f' and f against beta - beta_c: one network on both lattices, and f' of a second network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CrossingCurves {
    pub shift: Vec<f64>,
    pub small: Vec<Option<Measured>>,
    pub large: Vec<Option<Measured>>,
    pub second: Vec<Option<Measured>>,
}

/// Makes or keeps the stage.
pub(super) fn stage(
    repetition: &Repetition,
    settings: &Settings,
    inputs: &[&Artifact],
    networks: &Networks,
) -> Result<Findings, Error> {
    let what = Stage {
        name: "measure",
        revision: REVISION,
        settings: (&settings.lattices, &settings.figures),
        inputs,
        outputs: &["measure/findings.json"],
    };
    repetition.found(what, |out| measure(out, settings, networks))
}

fn measure(out: &StageOut, settings: &Settings, networks: &Networks) -> Result<Findings, Error> {
    let (lattices, figures) = (&settings.lattices, &settings.figures);
    let (critical, sizes) = (Temperature::CRITICAL.beta(), lattices.sizes());
    let cost = |size: usize| (size * size) as u64 / 30 + 10;
    for (size, n) in sizes {
        out.add_work(n as u64 * cost(size));
    }
    for size in [32, 64] {
        out.add_work((figures.betas.len() * *figures.samples) as u64 * cost(size));
    }
    let sample = |size: usize, beta: f64, n: usize, purpose: &str| {
        let sample = Sample { size, beta, n, purpose, cost: cost(size) };
        sample.read(lattices, networks, out)
    };
    let at_critical = |(size, n)| Ok((size, sample(size, critical, n, &format!("lattices/L{size}"))?));
    let seen = sizes.into_iter().map(at_critical).collect::<Result<BTreeMap<usize, LatticeReadings>, Error>>()?;
    let mut fields = Vec::new();
    for (size, reach) in [(32, 0.03), (64, 0.01)] {
        let curve = |(i, beta): (usize, &Beta)| {
            let seen = sample(size, **beta, *figures.samples, &format!("figures/L{size}-{i}"))?;
            let f = &seen.ordered(0)[0];
            let points = neural::field_curve(f, size * size, **beta, reach, *figures.points);
            Ok(FieldCurve {
                beta: **beta,
                y: points.iter().map(|point| point.y).collect(),
                f: points.iter().map(|point| point.f.into()).collect(),
                chi: points.iter().map(|point| point.chi.into()).collect(),
                share: points.iter().map(|point| point.share).collect(),
            })
        };
        fields.push(figures.betas.iter().enumerate().map(curve).collect::<Result<_, Error>>()?);
    }
    let (large, small) = (&seen[&64], &seen[&32]);
    let crossings = |of_large: Kind, of_small: Kind| -> Vec<Option<Crossing>> {
        let pairs = large.of(0, of_large).iter().zip(small.of(0, of_small));
        pairs.map(|(l, s)| crossing(2, large.all.series(l), small.all.series(s))).collect()
    };
    Ok(Findings {
        test_cost: networks.test_cost.clone(),
        energies: sizes
            .map(|(size, _)| neural::energy_and_variance(&seen[&size].all.energy, size * size).map(Measured::from))
            .into(),
        nu: PAIRS.map(|(l, i, s, j, b)| nu(b, (&seen[&l], i), (&seen[&s], j))).into(),
        two_networks: crossings(Kind::Blocked, Kind::On32),
        two_few: crossings(Kind::FewBlocked, Kind::Few32),
        one_few: crossings(Kind::Few32, Kind::Few32),
        theta: thetas(&seen),
        fields,
        crossing: crossing_curves(large, small),
    })
}

fn crossing(b: usize, large: Series, small: Series) -> Option<Crossing> {
    let (found, _) = neural::crossings(b, &[(large, small)]).ok()?;
    Some([found[0].shift.into(), found[0].nu.into()])
}

/// nu from two lattices, each at one of its levels.
fn nu(b: usize, (large, i): (&LatticeReadings, usize), (small, j): (&LatticeReadings, usize)) -> Nu {
    let (m_large, m_small) = (&large.all.levels[i].m, &small.all.levels[j].m);
    let control = |f: fn(f32) -> f32| {
        let [l, s] = [m_large, m_small].map(|m| m.iter().map(|m| f(*m)).collect::<Vec<f32>>());
        crossing(b, large.all.series(&l), small.all.series(&s))
    };
    let binder = neural::binder_nu(b, &large.all.series(m_large), &small.all.series(m_small));
    let pairs = large.ordered(i).iter().zip(small.ordered(j));
    let pairs: Vec<(Series, Series)> = pairs.map(|(l, s)| (large.all.series(l), small.all.series(s))).collect();
    let (networks, mean, why) = match neural::crossings(b, &pairs) {
        Ok((found, mean)) => (found, Some(mean), None),
        Err(error) => (Vec::new(), None, Some(error.to_string())),
    };
    let each: Vec<f64> = networks.iter().map(|crossing| crossing.nu.value).collect();
    Nu {
        networks: networks.iter().map(|crossing| [crossing.shift.into(), crossing.nu.into()]).collect(),
        mean: mean.map(|mean| mean.with_spread(&each).into()),
        statistical: mean.map(|mean| mean.error),
        why,
        abs_m: control(f32::abs),
        m2: control(|m| m * m),
        binder: binder.value.is_finite().then(|| binder.into()),
    }
}

fn thetas(seen: &BTreeMap<usize, LatticeReadings>) -> Vec<Theta> {
    let theta = |name: &str, b: usize, pairs: Vec<(Array2<f64>, Array2<f64>)>| {
        let (each, mean) = neural::theta(b, &pairs);
        let values: Vec<f64> = each.iter().map(|e| e.value).collect();
        let networks = each.into_iter().map(Measured::from).collect();
        Theta { name: name.into(), networks, mean: mean.with_spread(&values).into() }
    };
    let (large, small) = (&seen[&64], &seen[&32]);
    // (a) A bounded f: X = V f of the block spins, V the volume of the sampled lattice.
    let bounded = |f: &Vec<f32>, v: f64| field_rows(f, &f.iter().map(|f| v * f64::from(*f)).collect::<Vec<_>>());
    let pairs = large.ordered(0).iter().zip(small.ordered(0));
    let bounded = pairs.map(|(l, s)| (bounded(l, 4096.0), bounded(s, 1024.0))).collect();
    // (b) Local read-outs: f of the block spins, X the sum over the lattice itself; 64 blocked twice, 32 once.
    let local = |kind: Kind| {
        let rows = |seen: &LatticeReadings, k: usize| field_rows(&seen.of(1, kind)[k], &seen.local(kind)[k]);
        (0..large.local(kind).len()).map(|k| (rows(large, k), rows(small, k))).collect()
    };
    // (c) Controls without a network: f of the magnetisation and of the sum of the spins.
    let control = |l: &LatticeReadings, s: &LatticeReadings, level: usize, f: fn(f64) -> f64| {
        let rows = |seen: &LatticeReadings| {
            let m: Vec<f32> = seen.all.levels[level].m.iter().map(|m| f(f64::from(*m)) as f32).collect();
            field_rows(&m, &seen.all.total.iter().map(|x| f(*x)).collect::<Vec<_>>())
        };
        vec![(rows(l), rows(s))]
    };
    vec![
        theta("bounded", 2, bounded),
        theta("odd-local", 2, local(Kind::Odd)),
        theta("even-local", 2, local(Kind::Even)),
        theta("m", 2, control(large, small, 1, |m| m)),
        theta("abs-m", 2, control(large, small, 1, f64::abs)),
        theta("m-b3-48-16", 3, control(&seen[&48], &seen[&16], 0, |m| m)),
        theta("m-b3-96-32", 3, control(&seen[&96], small, 0, |m| m)),
    ]
}

fn crossing_curves(large: &LatticeReadings, small: &LatticeReadings) -> CrossingCurves {
    let shift: Vec<f64> = (0..41).map(|i| 0.0004 * f64::from(i - 20)).collect();
    let of = |seen: &LatticeReadings, kind: Kind| {
        let series = seen.all.series(&seen.of(0, kind)[0]);
        shift.iter().map(|shift| Some(neural::reweighted(&series, *shift).ok()?.0.into())).collect()
    };
    CrossingCurves {
        small: of(small, Kind::On32),
        large: of(large, Kind::On32),
        second: of(large, Kind::Blocked),
        shift,
    }
}
