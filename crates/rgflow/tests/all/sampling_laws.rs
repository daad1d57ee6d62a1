//! Promise: every Markov chain sampler samples the Boltzmann law of every lattice, with and without a field. Truth is
//! the enumeration of all states. Seed 1; null hypothesis: the law; bounds |z| < 5.4 and p > 6e-8 per comparison, so
//! that the 1300 comparisons together give a false alarm with probability 1e-4.

use rgflow::exact::enumeration::{JointDensity, joint_density};
use rgflow::lattice::{Collection, Geometry, Ising, Lattice, Temperature, title};
use rgflow::random::Streams;
use rgflow::sampling::{Kind, Method, Sampler};
use statrs::distribution::{ChiSquared, ContinuousCDF};

const Z_MAX: f64 = 5.4;
const P_MIN: f64 = 6e-8;

fn lattice(name: &str, extents: &[usize]) -> Geometry {
    Geometry::new(name, extents).unwrap()
}

/// Configurations so far apart that they are independent on lattices of at most 25 sites.
fn draw<L: Lattice>(kind: Kind, lattice: &L, t: f64, field: f64, n: usize) -> Collection {
    let model = Ising::in_field(lattice, field).unwrap();
    let sampler = Sampler::new(kind, &model, Temperature::new(t).unwrap());
    let spacing = if kind.is_local() { 40 } else { 8 };
    sampler.burn_in(1000).spacing(spacing).draw(n, Streams::new(1).of("test")).unwrap().collection
}

/// (sum over bonds of s s', sum of s) of each row.
fn sums<L: Lattice>(lattice: &L, seen: &Collection) -> Vec<(i64, i64)> {
    let one = |row: ndarray::ArrayView1<i8>| {
        let s = |i: usize| i64::from(row[i]);
        let around = |i: usize| lattice.neighbours(i).iter().map(|&j| s(j as usize)).sum::<i64>();
        let bonds: i64 = (0..row.len()).map(|i| s(i) * around(i)).sum();
        (bonds / 2, (0..row.len()).map(s).sum())
    };
    seen.spins.rows().into_iter().map(one).collect()
}

/// p-value of counts against expected counts; cells expected below 8 are merged.
fn chi_square_p(cells: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut chi2, mut n_cells, mut pool) = (0.0, 0.0, (0.0, 0.0));
    for (seen, expected) in cells {
        if expected < 8.0 {
            pool = (pool.0 + seen, pool.1 + expected);
        } else {
            chi2 += (seen - expected).powi(2) / expected;
            n_cells += 1.0;
        }
    }
    if pool.1 >= 8.0 {
        chi2 += (pool.0 - pool.1).powi(2) / pool.1;
        n_cells += 1.0;
    } else {
        // Too rare for a chi-square: no more than a Poisson law allows.
        assert!(pool.0 < pool.1 + 6.0 * pool.1.sqrt() + 12.0, "{} rare states, {} expected", pool.0, pool.1);
    }
    if n_cells < 2.0 { 1.0 } else { ChiSquared::new(n_cells - 1.0).unwrap().sf(chi2) }
}

/// Energy, m, |m|, m^2, m^4 and the joint histogram of bond sum and magnetisation.
fn check<L: Lattice>(kind: Kind, lattice: &L, joint: &JointDensity, t: f64, field: f64) {
    let n = 12_800;
    let what = format!("{kind} on {}, T = {t}, h = {field}", title(lattice));
    let seen = draw(kind, lattice, t, field, n);
    follows(&what, &seen, lattice, joint, (t, field));
}

/// Whether independent configurations follow the law of T and field.
fn follows<L: Lattice>(what: &str, seen: &Collection, lattice: &L, joint: &JointDensity, (t, field): (f64, f64)) {
    let n = seen.spins.nrows();
    let tau = seen.tau_int_energy.max(seen.tau_int_abs_m);
    assert!(tau < 0.65, "{what}: tau {tau}: the draws are not independent");
    assert!(seen.warnings.is_empty(), "{what}: {:?}", seen.warnings);
    let (beta, n_sites) = (1.0 / t, lattice.n_sites() as f64);
    let energy = |(bonds, m): (i64, i64)| -(bonds as f64) - field * m as f64;
    let ground = joint.states().iter().map(|s| energy((s.0, s.1))).fold(f64::INFINITY, f64::min);
    let weights: Vec<f64> =
        joint.states().iter().map(|s| s.2 as f64 * (-beta * (energy((s.0, s.1)) - ground)).exp()).collect();
    let z: f64 = weights.iter().sum();
    let all = sums(lattice, seen);
    let mut counts = vec![0.0; weights.len()];
    for pair in &all {
        counts[joint.states().iter().position(|s| (s.0, s.1) == *pair).unwrap()] += 1.0;
    }
    let p = chi_square_p(counts.iter().zip(&weights).map(|(c, w)| (*c, w / z * n as f64)));
    assert!(p > P_MIN, "{what}: p = {p} of the histogram");
    let exact = joint.averages(Temperature::new(t).unwrap(), field).unwrap();
    let per = |f: &dyn Fn(i64, i64) -> f64| all.iter().map(|&(b, m)| f(b, m)).collect::<Vec<_>>();
    let m = |m: i64| m as f64 / n_sites;
    let series = [
        ("E", per(&|b, s| energy((b, s)) / n_sites), exact.energy),
        ("m", per(&|_, s| m(s)), exact.magnetisation),
        ("|m|", per(&|_, s| m(s).abs()), exact.abs_magnetisation),
        ("m^2", per(&|_, s| m(s).powi(2)), exact.m2),
        ("m^4", per(&|_, s| m(s).powi(4)), exact.m4),
    ];
    for (name, values, truth) in series {
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        // The sign of a cold magnet is as old as its chain: only the joint histogram over many chains sees it.
        if name == "m" && field == 0.0 {
            continue;
        }
        let score = (mean - truth) / (variance / n as f64).sqrt().max(1e-12);
        assert!(score.abs() < Z_MAX, "{what}: {name} = {mean}, exact {truth}, z = {score}");
    }
}

const FIELDS: [f64; 3] = [0.0, 0.3, -0.8];

#[test]
fn square_lattices_even_odd_and_oblong() {
    for extents in [&[4, 4][..], &[3, 5], &[3, 3], &[5, 5], &[2, 4]] {
        let torus = lattice("square", extents);
        let joint = joint_density(&torus).unwrap();
        for kind in Kind::ALL {
            for field in FIELDS {
                check(kind, &torus, &joint, 2.3, field);
            }
            check(kind, &torus, &joint, 4.0, 0.0);
            check(kind, &torus, &joint, 20.0, 1.5);
        }
    }
}

#[test]
fn rings() {
    for n_sites in [2, 8, 9] {
        let ring = lattice("ring", &[n_sites]);
        let joint = joint_density(&ring).unwrap();
        for kind in Kind::ALL {
            for field in FIELDS {
                check(kind, &ring, &joint, 1.2, field);
            }
            check(kind, &ring, &joint, 15.0, 0.0);
        }
    }
}

#[test]
fn triangular_lattices_with_and_without_three_colours() {
    for extents in [[3, 3], [3, 6], [4, 3], [2, 5]] {
        let torus = lattice("triangular", &extents);
        let joint = joint_density(&torus).unwrap();
        for kind in Kind::ALL {
            for field in FIELDS {
                check(kind, &torus, &joint, 4.0, field);
            }
        }
    }
}

#[test]
fn cubic_lattices() {
    for extents in [[3, 3, 2], [2, 2, 4], [2, 3, 4]] {
        let torus = lattice("cubic", &extents);
        let joint = joint_density(&torus).unwrap();
        for kind in Kind::ALL {
            for field in FIELDS {
                check(kind, &torus, &joint, 5.0, field);
            }
        }
    }
}

/// Three neighbours; where an extent is 2 two bonds join the same sites.
#[test]
fn honeycomb_lattices() {
    for extents in [[4, 4], [2, 4], [6, 2], [4, 6]] {
        let torus = lattice("honeycomb", &extents);
        let joint = joint_density(&torus).unwrap();
        for kind in Kind::ALL {
            for field in FIELDS {
                check(kind, &torus, &joint, 1.7, field);
            }
            check(kind, &torus, &joint, 12.0, 0.4);
        }
    }
}

#[test]
fn samplers_of_other_lattices_refuse_the_honeycomb_lattice_by_name() {
    let torus = lattice("honeycomb", &[4, 4]);
    let (model, t) = (Ising::new(&torus), Temperature::new(1.7).unwrap());
    let refused = Sampler::new(Method::Exact, &model, t).draw(10, Streams::new(1).of("test/honeycomb")).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("honeycomb 4 x 4") && text.contains("use wolff") && text.lines().count() == 1, "{text}");
}

/// A lattice of the user's own: the graph of the cube with a tail of three sites, of 1 to 4 neighbours, no extents but
/// its sites, no colours, and bonds in the order in which they are written down.
struct CubeWithTail(Vec<Vec<u32>>);

impl CubeWithTail {
    fn new() -> Self {
        let corners = (0..8u32).flat_map(|a| [1, 2, 4].map(|axis| (a, a ^ axis))).filter(|(a, b)| a < b);
        let mut neighbours = vec![vec![]; 11];
        for (a, b) in corners.chain([(0, 8), (8, 9), (9, 10)]) {
            neighbours[a as usize].push(b);
            neighbours[b as usize].push(a);
        }
        Self(neighbours)
    }
}

impl Lattice for CubeWithTail {
    fn name(&self) -> &str {
        "cube with tail"
    }

    fn n_sites(&self) -> usize {
        self.0.len()
    }

    fn neighbours(&self, site: usize) -> &[u32] {
        &self.0[site]
    }

    fn extents(&self) -> Vec<usize> {
        vec![self.0.len()]
    }

    fn critical_temperature(&self) -> Option<f64> {
        None
    }
}

#[test]
fn a_lattice_of_ones_own() {
    let own = CubeWithTail::new();
    let joint = joint_density(&own).unwrap();
    for field in FIELDS {
        for kind in Kind::ALL {
            check(kind, &own, &joint, 2.0, field);
        }
        // By `auto`, which chooses, and whose choice draws.
        let (model, t) = (Ising::in_field(&own, field).unwrap(), Temperature::new(2.0).unwrap());
        let stream = Streams::new(1).of("test/own");
        let drawn = Sampler::auto(&model, t).burn_in(1000).spacing(60).draw(12_800, stream).unwrap();
        assert!(drawn.reason.is_some() && drawn.method != Method::Exact);
        follows(&format!("auto, h = {field}"), &drawn.collection, &own, &joint, (2.0, field));
        let refused = Sampler::new(Method::Exact, &model, t).draw(10, stream).unwrap_err();
        assert!(refused.to_string().contains("cube with tail 11"), "{refused}");
    }
}
