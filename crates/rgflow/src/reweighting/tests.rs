use super::*;
use crate::exact::{enumeration, square, transfer};
use crate::lattice::{Observables, Square, Temperature};
use crate::random::Streams;
use crate::reweighting::histogram;

struct Drawn {
    state: State,
    energy: Vec<f64>,
    x: Vec<f64>,
}

/// Independent draws of the torus at T in the field `h`, E without the field and the sum of spins.
fn drawn(size: usize, t: f64, h: f64, n: usize, seed: u64) -> Drawn {
    let temperature = Temperature::new(t).unwrap();
    let mut rng = Streams::new(seed).generator("mbar", (1000.0 * (t + 10.0 * h)) as u64);
    let seen = transfer::Sampler::in_field(size, size, temperature, h).unwrap().sample(n, &mut rng);
    let all = Observables::measure(&Square::new(size, size).unwrap(), seen.spins.view()).unwrap();
    let sites = (size * size) as f64;
    let x = seen.spins.rows().into_iter().map(|r| r.iter().map(|s| f64::from(*s)).sum()).collect();
    Drawn { state: State { beta: temperature.beta(), y: h }, energy: all.energy.iter().map(|e| e * sites).collect(), x }
}

fn series(all: &[Drawn]) -> Vec<Series<'_>> {
    all.iter().map(|d| Series { state: d.state, energy: &d.energy, x: &d.x, tau_int: 0.5 }).collect()
}

/// Null: independent exact draws; energies at six temperatures about Kaufman's and two differences of ln Z about
/// Kaufman's are normal, |z| < 5.5 (50 blocks, Student's t): p < 2e-5 for all eight.
#[test]
fn energies_and_free_energies_are_those_of_kaufman() {
    let at = [2.0, 2.3, 2.7];
    let all: Vec<Drawn> = at.iter().map(|t| drawn(8, *t, 0.0, 5000, 1)).collect();
    let mbar = Mbar::new(&series(&all)).unwrap();
    let exact = |t: f64| square::thermodynamics(8, 8, Temperature::new(t).unwrap()).unwrap();
    for t in [1.95, 2.0, 2.15, 2.3, 2.5, 2.75] {
        let seen = mbar.read(State::at(1.0 / t), |n| [mbar.energy(n) / 64.0, mbar.energy(n).powi(2) / 64.0]).unwrap();
        let (e, truth) = (seen.estimate(|m| m[0]), exact(t));
        assert!((e.value - truth.energy).abs() < 5.5 * e.error && e.error < 0.006, "{t} {e:?} {truth:?}");
        let c = seen.estimate(|m| (m[1] - 64.0 * m[0] * m[0]) / (t * t));
        assert!((c.value - truth.specific_heat).abs() < 5.5 * c.error && c.error < 0.05, "{t} {c:?} {truth:?}");
    }
    let ln_z = |t: f64| -64.0 * exact(t).free_energy.unwrap() / t;
    for (f, t) in mbar.free_energies().iter().zip(at).skip(1) {
        let truth = ln_z(at[0]) - ln_z(t);
        assert!((f.value - truth).abs() < 5.5 * f.error && f.error < 0.5, "{t} {f:?} {truth}");
    }
    assert_eq!(mbar.free_energies()[0].value, 0.0);
}

/// Null: errors are right, so 60 pulls about the truth have a sum of squares of chi^2 with 60 degrees of freedom
/// (somewhat wider for errors from 50 blocks): between 25 and 115, p < 1e-4.
#[test]
fn errors_are_those_of_repetition() {
    let truth = square::thermodynamics(4, 4, Temperature::new(2.5).unwrap()).unwrap().energy;
    let pulls = (0..60).map(|seed| {
        let all: Vec<Drawn> = [2.2, 2.9].iter().map(|t| drawn(4, *t, 0.0, 500, 100 + seed)).collect();
        let mbar = Mbar::new(&series(&all)).unwrap();
        let e = mbar.read(State::at(0.4), |n| [mbar.energy(n) / 16.0]).unwrap().estimate(|m| m[0]);
        ((e.value - truth) / e.error).powi(2)
    });
    let sum: f64 = pulls.sum();
    assert!((25.0..115.0).contains(&sum), "{sum}");
}

/// Truth: the sum over all states of the 4 x 4 torus. Null: normal, |z| < 5.5.
#[test]
fn averages_in_a_field_are_those_of_enumeration() {
    let all: Vec<Drawn> = [0.0, 0.1].iter().map(|h| drawn(4, 2.5, *h, 10_000, 2)).collect();
    let mbar = Mbar::new(&series(&all)).unwrap();
    let joint = enumeration::joint_density(&Square::new(4, 4).unwrap()).unwrap();
    for (t, h) in [(2.5, 0.05), (2.5, -0.05), (2.5, 0.15), (2.4, 0.05)] {
        let truth = joint.averages(Temperature::new(t).unwrap(), h).unwrap();
        let seen =
            mbar.read(State { beta: 1.0 / t, y: h }, |n| [mbar.x(n) / 16.0, (mbar.x(n) / 16.0).powi(2)]).unwrap();
        let (m, m2) = (seen.estimate(|m| m[0]), seen.estimate(|m| m[1]));
        assert!((m.value - truth.magnetisation).abs() < 5.5 * m.error && m.error < 0.02, "{t} {h} {m:?} {truth:?}");
        assert!((m2.value - truth.m2).abs() < 5.5 * m2.error && m2.error < 0.01, "{t} {h} {m2:?} {truth:?}");
    }
}

/// The replica without a block is the result of the other data alone.
#[test]
fn a_block_left_out_is_as_if_it_had_not_been() {
    let all: Vec<Drawn> = [2.1, 2.4, 2.6].iter().map(|t| drawn(6, *t, 0.0, 400, 3)).collect();
    let mbar = Mbar::new(&series(&all)).unwrap();
    assert_eq!(mbar.n_blocks(), 50);
    let at = State::at(0.43);
    let seen = mbar.read(at, |n| [mbar.energy(n)]).unwrap();
    let cut: Vec<Drawn> = all
        .iter()
        .map(|d| {
            let without = |v: &[f64]| [&v[..7 * 8], &v[8 * 8..]].concat();
            Drawn { state: d.state, energy: without(&d.energy), x: without(&d.x) }
        })
        .collect();
    let alone = Mbar::new(&series(&cut)).unwrap();
    let same = alone.read(at, |n| [alone.energy(n)]).unwrap();
    assert!((seen.rows[[8, 0]] - same.rows[[0, 0]]).abs() < 1e-8, "{} {}", seen.rows[[8, 0]], same.rows[[0, 0]]);
}

#[test]
fn one_series_is_a_single_histogram() {
    let one = [drawn(6, 2.4, 0.0, 1000, 4)];
    let mbar = Mbar::new(&series(&one)).unwrap();
    let t = Temperature::new(2.3).unwrap();
    let (w, n_eff) = histogram::weights(&one[0].energy, Temperature::new(2.4).unwrap(), t);
    let mean: f64 = w.iter().zip(&one[0].energy).map(|(w, e)| w * e).sum();
    let seen = mbar.read(State::at(t.beta()), |n| [mbar.energy(n)]).unwrap();
    assert!((seen.rows[[0, 0]] - mean).abs() < 1e-9 && (seen.n_eff - n_eff).abs() < 1e-6);
}

#[test]
fn what_the_samples_do_not_reach_is_named() {
    let near: Vec<Drawn> = [2.2, 2.4].iter().map(|t| drawn(12, *t, 0.0, 1000, 5)).collect();
    let mbar = Mbar::new(&series(&near)).unwrap();
    let Err(MbarError::Overlap { nearest, reach, n_eff, n, .. }) = mbar.read(State::at(0.2), |_| [0.0]) else {
        panic!("T = 5 from 2.4")
    };
    assert!(nearest == near[1].state && n == 1000 && n_eff < 100.0, "{nearest:?} {n_eff}");
    assert!(reach.beta < nearest.beta && mbar.read(reach, |_| [0.0]).is_ok());
    let beyond = State::at(reach.beta - 0.005);
    assert!(mbar.read(beyond, |_| [0.0]).is_err());
    assert!(mbar.read(State { beta: nearest.beta, y: 3.0 }, |_| [0.0]).is_err());
    let far: Vec<Drawn> = [1.5, 5.0].iter().map(|t| drawn(12, *t, 0.0, 1000, 5)).collect();
    assert!(matches!(Mbar::new(&series(&far)), Err(MbarError::Apart { .. })));
    let few = [drawn(4, 2.0, 0.0, 49, 5)];
    let error = Mbar::new(&series(&few)).err().unwrap();
    assert!(matches!(error, MbarError::TooFew { least: 50, .. }), "{error}");
    assert!(matches!(Mbar::new(&[]), Err(MbarError::Undefined(_))));
    let nan = Series { energy: &[f64::NAN], x: &[0.0], state: State::at(0.4), tau_int: 0.5 };
    assert!(matches!(Mbar::new(&[nan]), Err(MbarError::Undefined(_))));
}
