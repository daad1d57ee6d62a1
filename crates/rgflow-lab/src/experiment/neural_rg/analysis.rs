//! Stage "measure": lattices are sampled and read, exponents follow; what is kept are exponents and curves.

use super::networks::Networks;
use super::sampling::{Plan, Seen, read};
use super::settings::Settings;
use crate::artifact::{Artifact, Error, Repetition, Stage, StageOut};
use crate::record::Measured;
use ndarray::Array2;
use rgflow::exact::square;
use rgflow::lattice::Temperature;
use rgflow::rg::neural::{self, Series};
use rgflow::statistics::{Estimate, student_t_error};
use serde::{Deserialize, Serialize};

const REVISION: u32 = 2;

/// Lattices.
pub(super) const SIZES: [usize; 6] = [16, 32, 48, 64, 96, 128];

/// The larger lattice, its level that is read, the smaller lattice and its level, b.
pub(super) const PAIRS: [(usize, usize, usize, usize, usize); 5] =
    [(64, 0, 32, 0, 2), (32, 1, 16, 0, 2), (128, 0, 64, 0, 2), (48, 0, 16, 0, 3), (96, 0, 32, 0, 3)];

/// What one repetition found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    /// Test cross-entropy of the networks of 32 x 32 spins.
    pub test_cost: Vec<f64>,
    /// Energy per spin and variance of the energy per spin by size.
    pub energies: Vec<[Measured; 2]>,
    /// By pair of lattices.
    pub nu: Vec<Nu>,
    /// beta* - beta_c of pairs of separately trained networks, 64/32, and nu there; `None` where the curves do not cross within reach.
    pub two_networks: Vec<Option<[Measured; 2]>>,
    /// The same of networks of few samples: two of them, and one on both lattices.
    pub two_few: Vec<Option<[Measured; 2]>>,
    pub one_few: Vec<Option<[Measured; 2]>>,
    /// theta by coupling.
    pub theta: Vec<Theta>,
    /// By lattice (32, then 64 blocked) and beta.
    pub fields: Vec<Vec<FieldCurve>>,
    pub crossing: CrossingCurves,
}

/// nu of one pair of lattices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Nu {
    /// beta* - beta_c and nu by network; empty where curves do not cross within reach, `why`.
    pub networks: Vec<[Measured; 2]>,
    /// Mean over networks; its error holds that of the samples and the spread over networks.
    pub mean: Option<Measured>,
    /// The same from the slopes at beta_c.
    pub statistical: Option<f64>,
    pub why: Option<String>,
    /// Controls without network: |m|, m^2 (beta* - beta_c, nu), Binder's cumulant (nu).
    pub abs_m: Option<[Measured; 2]>,
    pub m2: Option<[Measured; 2]>,
    pub binder: Option<Measured>,
}

/// theta of a coupling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Theta {
    pub name: String,
    /// By network; one value without.
    pub networks: Vec<Measured>,
    /// Mean; its error holds the spread over networks.
    pub mean: Measured,
}

/// <f> and chi_f against Y at one beta.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FieldCurve {
    pub beta: f64,
    pub y: Vec<f64>,
    pub f: Vec<Measured>,
    pub chi: Vec<Measured>,
    /// Share of configurations that count.
    pub share: Vec<f64>,
}

/// f' and f against beta - beta_c: one network on both, and f' of the second network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CrossingCurves {
    pub shift: Vec<f64>,
    pub small: Vec<Option<Measured>>,
    pub large: Vec<Option<Measured>>,
    pub second: Vec<Option<Measured>>,
}

fn pair(e: &Estimate) -> Measured {
    (e.value, e.error)
}

/// The error of the samples and the spread over networks (Student's t) together.
fn with_spread(mean: &Estimate, networks: &[f64]) -> Measured {
    let spread = student_t_error(networks).error;
    (mean.value, mean.error.hypot(if spread.is_finite() { spread } else { 0.0 }))
}

/// Makes or keeps the stage.
pub(super) fn stage(
    repetition: &Repetition,
    settings: &Settings,
    inputs: &[&Artifact],
    networks: &Networks,
) -> Result<Found, Error> {
    let file = "measure/findings.json";
    let what = Stage {
        name: "measure",
        revision: REVISION,
        settings: (&settings.lattices, &settings.figures),
        inputs,
        outputs: &[file],
    };
    let artifact = repetition.stage(what, |out| {
        let found = measure(out, settings, networks)?;
        out.write_json(file, &found)
    })?;
    artifact.json(file)
}

fn measure(out: &StageOut, settings: &Settings, networks: &Networks) -> Result<Found, Error> {
    let lattices = &settings.lattices;
    let critical = Temperature::CRITICAL.beta();
    let streams = out.streams();
    let counts = [lattices.n16, lattices.n32, lattices.n48, lattices.n64, lattices.n96, lattices.n128];
    let cost = |size: usize| (size * size) as u64 / 30 + 10;
    for (size, n) in SIZES.iter().zip(counts) {
        out.add_work("lattices", n as u64 * cost(*size));
    }
    for size in [32, 64] {
        out.add_work("lattices", (settings.figures.betas.len() * settings.figures.samples) as u64 * cost(size));
    }
    let sample = |size: usize, beta: f64, n: usize, purpose: &str| -> Result<Seen, Error> {
        read(&Plan::of(size), lattices, networks, beta, n, (streams, purpose), (out, cost(size)))
    };
    let mut seen = Vec::new();
    for (size, n) in SIZES.iter().zip(counts) {
        seen.push(sample(*size, critical, n, &format!("lattices/L{size}"))?);
    }
    let of = |size: usize| &seen[SIZES.iter().position(|s| *s == size).unwrap_or(0)];
    let mut fields = Vec::new();
    for (size, reach) in [(32, 0.03), (64, 0.01)] {
        let mut curves = Vec::new();
        for (i, beta) in settings.figures.betas.iter().enumerate() {
            let at = sample(size, *beta, settings.figures.samples, &format!("figures/L{size}-{i}"))?;
            curves.push(field_curve(&at.levels[0].f[0], *beta, reach, settings.figures.points, size * size));
        }
        fields.push(curves);
    }
    let crossings = |large: &[Vec<f32>], small: &[Vec<f32>]| -> Vec<Option<[Measured; 2]>> {
        let one = |(large, small): (&Vec<f32>, &Vec<f32>)| {
            let large = Series { f: large, energy: &of(64).energy };
            let small = Series { f: small, energy: &of(32).energy };
            let (found, _) = neural::crossings(2, &[(large, small)]).ok()?;
            Some([pair(&found[0].shift), pair(&found[0].nu)])
        };
        large.iter().zip(small).map(one).collect()
    };
    let (l64, l32) = (&of(64).levels[0], &of(32).levels[0]);
    Ok(Found {
        test_cost: networks.test_cost.clone(),
        energies: SIZES.iter().map(|size| energies(*size, &of(*size).energy)).collect(),
        nu: PAIRS.iter().map(|(l, i, s, j, b)| nu(of(*l), *i, of(*s), *j, *b)).collect(),
        two_networks: crossings(&l64.blocked, &l32.f),
        two_few: crossings(&l64.few_blocked, &l32.few),
        one_few: crossings(&l64.few, &l32.few),
        theta: thetas(&of),
        fields,
        crossing: crossing_curves(of(64), of(32)),
    })
}

/// Energy per spin in J and the variance of the energy per spin, by 100 blocks.
fn energies(size: usize, energy: &[f64]) -> [Measured; 2] {
    let n_sites = (size * size) as f64;
    let mean = energy.iter().sum::<f64>() / energy.len() as f64;
    let rows = Array2::from_shape_fn((neural::BLOCKS, 2), |(b, k)| {
        let range = b * energy.len() / neural::BLOCKS..(b + 1) * energy.len() / neural::BLOCKS;
        let n = range.len() as f64;
        energy[range].iter().map(|e| (e - mean).powi(k as i32 + 1)).sum::<f64>() / n
    });
    let e = rgflow::statistics::jackknife(rows.view(), |m| -(mean + m[0]) / n_sites);
    let v = rgflow::statistics::jackknife(rows.view(), |m| (m[1] - m[0] * m[0]) / n_sites);
    [pair(&e), pair(&v)]
}

/// Kaufman's energy per spin in J and variance of the energy per spin at T_c.
pub(super) fn exact_energies(size: usize) -> Option<[f64; 2]> {
    let exact = square::thermodynamics(size, size, Temperature::CRITICAL).ok()?;
    Some([exact.energy, exact.specific_heat / Temperature::CRITICAL.beta().powi(2)])
}

fn nu(large: &Seen, i: usize, small: &Seen, j: usize, b: usize) -> Nu {
    let (l, s) = (&large.levels[i], &small.levels[j]);
    let series = |f: &[f32], s: &[f32]| -> Option<[Measured; 2]> {
        let pairs = [(Series { f, energy: &large.energy }, Series { f: s, energy: &small.energy })];
        let (found, _) = neural::crossings(b, &pairs).ok()?;
        Some([pair(&found[0].shift), pair(&found[0].nu)])
    };
    let map = |m: &[f32], f: fn(f32) -> f32| m.iter().map(|m| f(*m)).collect::<Vec<f32>>();
    let (ml, ms) = (Series { f: &l.m, energy: &large.energy }, Series { f: &s.m, energy: &small.energy });
    let binder = neural::binder_nu(b, &ml, &ms);
    let pairs: Vec<(Series, Series)> =
        l.f.iter()
            .zip(&s.f)
            .map(|(l, s)| (Series { f: l, energy: &large.energy }, Series { f: s, energy: &small.energy }))
            .collect();
    let controls = Nu {
        networks: Vec::new(),
        mean: None,
        statistical: None,
        why: None,
        abs_m: series(&map(&l.m, f32::abs), &map(&s.m, f32::abs)),
        m2: series(&map(&l.m, |m| m * m), &map(&s.m, |m| m * m)),
        binder: Some(pair(&binder)).filter(|b| b.0.is_finite()),
    };
    match neural::crossings(b, &pairs) {
        Ok((found, mean)) => {
            let each: Vec<f64> = found.iter().map(|c| c.nu.value).collect();
            Nu {
                networks: found.iter().map(|c| [pair(&c.shift), pair(&c.nu)]).collect(),
                mean: Some(with_spread(&mean, &each)),
                statistical: Some(mean.error),
                ..controls
            }
        }
        Err(e) => Nu { why: Some(e.to_string()), ..controls },
    }
}

fn thetas<'a>(of: &dyn Fn(usize) -> &'a Seen) -> Vec<Theta> {
    let theta = |name: &str, b: usize, pairs: Vec<(Array2<f64>, Array2<f64>)>| {
        let (each, mean) = neural::theta(b, &pairs);
        let values: Vec<f64> = each.iter().map(|e| e.value).collect();
        Theta { name: name.into(), networks: each.iter().map(pair).collect(), mean: with_spread(&mean, &values) }
    };
    let rows = |f: &[f32], x: &[f64]| neural::field_rows(f, x);
    let (large, small) = (of(64), of(32));
    // (a) A bounded f: X = V f of the block spins, V that of the sampled lattice.
    let bounded = large.levels[0].f.iter().zip(&small.levels[0].f).map(|(l, s)| {
        let times = |f: &[f32], v: f64| f.iter().map(|f| v * f64::from(*f)).collect::<Vec<_>>();
        (rows(l, &times(l, 4096.0)), rows(s, &times(s, 1024.0)))
    });
    // (b) Local read-outs: f of the block spins, X the sum over the lattice itself; 64 blocked twice, 32 once.
    let (l16, s16) = (&large.levels[1], &small.levels[1]);
    let local = |l: &[Vec<f32>], lx: &[Vec<f64>], s: &[Vec<f32>], sx: &[Vec<f64>]| {
        let one = |k: usize| (rows(&l[k], &lx[k]), rows(&s[k], &sx[k]));
        (0..l.len()).map(one).collect::<Vec<_>>()
    };
    // (c) Controls without network.
    let by = |l: &Seen, i: usize, s: &Seen, j: usize, f: fn(f64) -> f64, g: fn(f64) -> f64| {
        let side = |seen: &Seen, level: usize| {
            let m: Vec<f32> = seen.levels[level].m.iter().map(|m| f(f64::from(*m)) as f32).collect();
            let x: Vec<f64> = seen.total.iter().map(|x| g(*x)).collect();
            rows(&m, &x)
        };
        vec![(side(l, i), side(s, j))]
    };
    let same: fn(f64) -> f64 = |x| x;
    vec![
        theta("bounded", 2, bounded.collect()),
        theta("odd-local", 2, local(&l16.odd, &large.odd, &s16.odd, &small.odd)),
        theta("even-local", 2, local(&l16.even, &large.even, &s16.even, &small.even)),
        theta("m", 2, by(large, 1, small, 1, same, same)),
        theta("abs-m", 2, by(large, 1, small, 1, f64::abs, f64::abs)),
        theta("m-b3-48-16", 3, by(of(48), 0, of(16), 0, same, same)),
        theta("m-b3-96-32", 3, by(of(96), 0, small, 0, same, same)),
    ]
}

fn field_curve(f: &[f32], beta: f64, reach: f64, points: usize, volume: usize) -> FieldCurve {
    let y: Vec<f64> = (0..points).map(|i| reach * (2.0 * i as f64 / (points - 1) as f64 - 1.0)).collect();
    // Only what the configurations support is drawn.
    let seen: Vec<_> = y.iter().map(|y| neural::in_field(f, volume, beta, *y)).filter(|p| p.supported).collect();
    FieldCurve {
        beta,
        y: seen.iter().map(|p| p.y).collect(),
        f: seen.iter().map(|p| pair(&p.f)).collect(),
        chi: seen.iter().map(|p| pair(&p.chi)).collect(),
        share: seen.iter().map(|p| p.share).collect(),
    }
}

fn crossing_curves(large: &Seen, small: &Seen) -> CrossingCurves {
    let shift: Vec<f64> = (0..41).map(|i| 0.0004 * f64::from(i - 20)).collect();
    let of = |f: &[f32], energy: &[f64]| {
        let at = |shift: &f64| neural::reweighted(&Series { f, energy }, *shift).ok().map(|(f, _)| pair(&f));
        shift.iter().map(at).collect()
    };
    CrossingCurves {
        small: of(&small.levels[0].f[0], &small.energy),
        large: of(&large.levels[0].f[0], &large.energy),
        second: of(&large.levels[0].blocked[0], &large.energy),
        shift,
    }
}
