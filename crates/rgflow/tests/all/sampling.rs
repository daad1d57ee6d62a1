//! Promise: every sampler samples the Boltzmann law. Seed 1 throughout; null hypotheses are the exact results, bounds
//! |z| < 4 (p = 6e-5) and p > 1e-4 per comparison.

use ndarray::Array2;
use rgflow::exact::{chain, enumeration, square, transfer};
use rgflow::lattice::{
    ChainLength, Collection, Ising, Lattice, Observables, Ring, Square, Temperature, metropolis, wolff,
};
use rgflow::random::Streams;
use statrs::distribution::{ChiSquared, ContinuousCDF};

const TEMPERATURES: [f64; 9] = [1.0, 1.5, 2.0, 2.25, 2.269185314213022, 2.5, 3.0, 4.0, 6.0];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Exact,
    Metropolis,
    Wolff,
}

fn draw(kind: Kind, (lx, ly): (usize, usize), t: f64, n: usize) -> Collection {
    let (streams, index) = (Streams::new(1), (lx * 1000 + ly) as u64 ^ t.to_bits());
    let (lattice, t) = (Square::new(lx, ly).unwrap(), Temperature::new(t).unwrap());
    match kind {
        Kind::Exact => {
            let mut rng = streams.generator("test/exact", index);
            transfer::Sampler::new(lx, ly, t).unwrap().sample(n, &mut rng)
        }
        Kind::Metropolis => {
            let mut bulk = streams.bulk("test/metropolis", index);
            metropolis::sample(&Ising::new(&lattice), t, n, &ChainLength::single_spin(&lattice), &mut bulk).unwrap()
        }
        Kind::Wolff => {
            let mut rng = streams.generator("test/wolff", index);
            wolff::sample(&Ising::new(&lattice), t, n, &ChainLength::CLUSTERS, &mut rng).unwrap()
        }
    }
}

fn check_energy(kind: Kind, size: (usize, usize), t: f64, n: usize) {
    let lattice = Square::new(size.0, size.1).unwrap();
    let seen = draw(kind, size, t, n);
    let energy = Observables::measure(&lattice, seen.spins.view()).unwrap().energy;
    let exact = square::thermodynamics(size.0, size.1, Temperature::new(t).unwrap()).unwrap();
    let mean = energy.iter().sum::<f64>() / n as f64;
    let n_sites = lattice.n_sites() as f64;
    let n_eff = n as f64 / (2.0 * seen.tau_int_energy).max(1.0);
    let z = (mean - exact.energy) / (exact.specific_heat * t * t / n_sites / n_eff).sqrt();
    // Specific heat from fluctuations; the error of a variance from the fourth moment.
    let power = |p: i32| energy.iter().map(|e| (e - mean).powi(p)).sum::<f64>() / n as f64;
    let c = power(2) * n_sites / (t * t);
    let c_error = ((power(4) - power(2) * power(2)) / n_eff).sqrt() * n_sites / (t * t);
    let z_c = (c - exact.specific_heat) / c_error;
    println!(
        "{kind:?} {size:?} T = {t:.4}: z(E) = {z:+.2}, z(C) = {z_c:+.2}, tau E {:.2} |m| {:.2}, starts {:.2}",
        seen.tau_int_energy, seen.tau_int_abs_m, seen.start_difference_z
    );
    assert!(z.abs() < 4.0, "{kind:?} {size:?} T = {t}: z = {z}");
    assert!(z_c.abs() < 5.0, "{kind:?} {size:?} T = {t}: C = {c} +- {c_error}, exact {}", exact.specific_heat);
    assert!(seen.start_difference_z < 4.0 && seen.warnings.is_empty(), "{kind:?} {size:?} {t} {:?}", seen.warnings);
}

#[test]
fn energies_and_specific_heats_are_kaufmans() {
    for t in TEMPERATURES {
        for kind in [Kind::Exact, Kind::Metropolis, Kind::Wolff] {
            check_energy(kind, (10, 10), t, 20_000);
        }
        check_energy(Kind::Wolff, (32, 32), t, 4000);
    }
}

/// p-value of the counts `seen` against the probabilities `law`; cells expected below 8 are pooled.
fn chi_square_p(seen: &[f64], law: &[f64]) -> f64 {
    let n: f64 = seen.iter().sum();
    let (mut chi2, mut cells, mut pool) = (0.0, 0.0, (0.0, 0.0));
    for (s, p) in seen.iter().zip(law) {
        if p * n < 8.0 {
            pool = (pool.0 + s, pool.1 + p * n);
        } else {
            chi2 += (s - p * n) * (s - p * n) / (p * n);
            cells += 1.0;
        }
    }
    if pool.1 > 1.0 {
        chi2 += (pool.0 - pool.1) * (pool.0 - pool.1) / pool.1;
        cells += 1.0;
    }
    ChiSquared::new(cells - 1.0).unwrap().sf(chi2)
}

#[test]
fn energy_histograms_are_those_of_enumeration() {
    for kind in [Kind::Exact, Kind::Metropolis, Kind::Wolff] {
        for size in [(3, 3), (4, 4), (3, 5), (5, 3)] {
            for t in [1.5, 2.5, 5.0, 20.0] {
                let lattice = Square::new(size.0, size.1).unwrap();
                let n_sites = lattice.n_sites() as f64;
                let all = draw(kind, size, t, 64_000);
                // Markov chains: every tenth kept configuration of each chain, so that they are independent.
                let chains = if kind == Kind::Wolff { 16 } else { 64 };
                let kept = |i: &usize| kind == Kind::Exact || (i / chains).is_multiple_of(10);
                let energy = Observables::measure(&lattice, all.spins.view()).unwrap().energy;
                let levels = enumeration::density_of_states(&lattice).unwrap();
                let ground = levels[0].0;
                let weight = |l: &(f64, u128)| l.1 as f64 * (-(l.0 - ground) / t).exp();
                let z: f64 = levels.iter().map(weight).sum();
                let law: Vec<f64> = levels.iter().map(|l| weight(l) / z).collect();
                let mut seen = vec![0.0; levels.len()];
                for i in (0..energy.len()).filter(kept) {
                    let total = (energy[i] * n_sites).round();
                    seen[levels.iter().position(|l| l.0 == total).unwrap()] += 1.0;
                }
                let p = chi_square_p(&seen, &law);
                println!("{kind:?} {size:?} T = {t}: p = {p:.4}");
                assert!(p > 1e-4, "{kind:?} {size:?} T = {t}: p = {p}");
            }
        }
    }
}

#[test]
fn every_configuration_of_a_small_torus_has_its_probability() {
    let lattice = Square::new(3, 3).unwrap();
    for t in [1.5, 3.0, f64::INFINITY] {
        let states = Array2::from_shape_fn((512, 9), |(s, i)| if s >> i & 1 == 1 { 1i8 } else { -1 });
        let energy = Observables::measure(&lattice, states.view()).unwrap().energy;
        let weights: Vec<f64> = energy.iter().map(|e| (-9.0 * (e + 2.0) / t).exp()).collect();
        let z: f64 = weights.iter().sum();
        let law: Vec<f64> = weights.iter().map(|w| w / z).collect();
        let mut seen = vec![0.0; 512];
        for row in draw(Kind::Exact, (3, 3), t, 400_000).spins.rows() {
            seen[row.iter().enumerate().map(|(i, &s)| usize::from(s == 1) << i).sum::<usize>()] += 1.0;
        }
        let p = chi_square_p(&seen, &law);
        println!("all states, T = {t}: p = {p:.4}");
        assert!(p > 1e-4, "T = {t}: p = {p}");
    }
}

#[test]
fn ground_states_at_low_temperature() {
    // P(ground) = 0.966 at T = 1, L = 10: 2 exp((F - E_0)/T) with Kaufman's F.
    let exact = square::thermodynamics(10, 10, Temperature::new(1.0).unwrap()).unwrap();
    let p = 2.0 * (100.0 * (2.0 + exact.free_energy.unwrap())).exp();
    assert!((p - 0.966).abs() < 5e-4, "{p}");
    for kind in [Kind::Exact, Kind::Metropolis, Kind::Wolff] {
        let seen = draw(kind, (10, 10), 1.0, 20_000);
        let rows = seen.spins.rows();
        let ground = rows.into_iter().filter(|r| r.iter().all(|s| *s == r[0])).count() as f64 / 2e4;
        let z = (ground - p) / (p * (1.0 - p) / seen.n_eff).sqrt();
        println!("{kind:?} P(ground) = {ground}: z = {z:+.2}");
        assert!(z.abs() < 4.0, "{kind:?}: z = {z}");
    }
    let zero = draw(Kind::Wolff, (10, 10), 0.0, 1000).spins;
    assert!(zero.rows().into_iter().all(|r| r.iter().all(|s| *s == r[0])));
}

#[test]
fn rings_have_their_correlations() {
    let n_spins = 9;
    let lattice = Ring::new(n_spins).unwrap();
    for t in [0.5, 1.0, 2.5, 20.0, f64::INFINITY] {
        let temperature = Temperature::new(t).unwrap();
        let mut rng = Streams::new(1).generator("test/ring", t.to_bits());
        let mut bulk = Streams::new(1).bulk("test/ring", t.to_bits());
        let length = ChainLength { chains: 64, burn_in: 2000.0, spacing: 100.0 };
        let cluster =
            wolff::sample(&Ising::new(&lattice), temperature, 20_000, &ChainLength::CLUSTERS, &mut rng).unwrap();
        let local = metropolis::sample(&Ising::new(&lattice), temperature, 20_000, &length, &mut bulk).unwrap();
        let exact = chain::sample(n_spins, temperature, 20_000, &mut rng).unwrap();
        for (name, seen) in [("exact", exact), ("wolff", cluster), ("metropolis", local)] {
            for r in 1..n_spins {
                let law = chain::correlation(n_spins, r, temperature).unwrap();
                let mean = seen.spins.rows().into_iter().map(|s| f64::from(s[0] * s[r])).sum::<f64>() / 2e4;
                let z = (mean - law) / ((1.0 - law * law) / seen.n_eff).sqrt();
                assert!(z.abs() < 4.0, "{name} r = {r} T = {t}: z = {z}");
            }
        }
    }
}
