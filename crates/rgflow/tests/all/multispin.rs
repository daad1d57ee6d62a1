//! Promise: bit-parallel Metropolis samples the Boltzmann law, each replica on its own. Seed 1; nulls are exact
//! results.

use rgflow::exact::density;
use rgflow::lattice::multispin::{Grid, Group, REPLICAS};
use rgflow::lattice::{ChainLength, Geometry, Ising, LatticeError, Square, Summary, Temperature};
use rgflow::random::Streams;
use rgflow::sampling::{Kind, Sampler};
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Energies in J of all replicas.
fn energies(group: &Group, (lx, ly): (usize, usize), spins: &mut [i8]) -> Vec<f64> {
    let energy = |spins: &[i8]| {
        let mut sum = 0i32;
        for y in 0..ly {
            for x in 0..lx {
                let s = i32::from(spins[y * lx + x]);
                sum -= s * i32::from(spins[y * lx + (x + 1) % lx]) + s * i32::from(spins[(y + 1) % ly * lx + x]);
            }
        }
        f64::from(sum)
    };
    let one = |r| {
        group.write(r, spins);
        energy(spins)
    };
    (0..REPLICAS).map(one).collect()
}

/// Null: energies are drawn from Beale's law. `draws` rounds of 512 replicas, `apart` sweeps from each other (at least
/// ten autocorrelation times, tau_int of E at most 4.5 sweeps at L = 10); cells expected below 8 are pooled; p > 1e-4.
fn check((lx, ly): (usize, usize), t: f64, draws: usize, apart: usize) -> usize {
    let levels = density::square(lx, ly).unwrap();
    let ground = levels[0].0;
    let weight = |l: &(f64, u128)| l.1 as f64 * (-(l.0 - ground) / t).exp();
    let z: f64 = levels.iter().map(weight).sum();
    let temperature = Temperature::new(t).unwrap();
    let random = Streams::new(1).bulk("test/multispin", (lx * 100 + ly) as u64 ^ t.to_bits());
    let mut group = Group::new(lx, ly, &[temperature; REPLICAS], random).unwrap();
    group.sweeps(2000);
    let mut seen = vec![0.0; levels.len()];
    let mut spins = vec![0i8; lx * ly];
    for _ in 0..draws {
        group.sweeps(apart);
        for energy in energies(&group, (lx, ly), &mut spins) {
            seen[levels.iter().position(|l| l.0 == energy).expect("an energy of the torus")] += 1.0;
        }
    }
    let n = (draws * REPLICAS) as f64;
    let (mut chi2, mut cells, mut pool) = (0.0, 0.0, (0.0, 0.0));
    for (s, l) in seen.iter().zip(levels.iter()) {
        let expected = n * weight(l) / z;
        if expected < 8.0 {
            pool = (pool.0 + s, pool.1 + expected);
        } else {
            chi2 += (s - expected).powi(2) / expected;
            cells += 1.0;
        }
    }
    if pool.1 > 1.0 {
        chi2 += (pool.0 - pool.1).powi(2) / pool.1;
        cells += 1.0;
    }
    let p = ChiSquared::new(cells - 1.0).unwrap().sf(chi2);
    println!("{lx} x {ly}, T = {t:.3}: chi2 = {chi2:.1} for {} degrees of freedom, p = {p:.4}", cells - 1.0);
    assert!(p > 1e-4, "{lx} x {ly}, T = {t}: p = {p}");
    (2000 + draws * apart) * REPLICAS * lx * ly
}

/// More than 10^9 attempted flips at each of L = 4, 8, 10 at T_c: 10^5 independent energies and more resolve 3e-4 in
/// each probability.
#[test]
fn energies_follow_beales_law() {
    let critical = Temperature::CRITICAL.value();
    for (size, draws, apart) in [((4, 4), 3000, 50), ((8, 8), 800, 50), ((10, 10), 500, 50)] {
        assert!(check(size, critical, draws, apart) > 1_000_000_000);
    }
    for t in [1.2, 2.0, 3.0, 6.0, 9.9] {
        check((4, 6), t, 200, 200);
        check((2, 4), t, 200, 200);
    }
}

/// Replicas of different temperatures in one group do not disturb each other.
#[test]
fn temperatures_live_side_by_side() {
    let of = |r: usize| Temperature::new([1.5, 2.25, 2.5, 6.0][r % 4]).unwrap();
    let temperatures: [Temperature; REPLICAS] = std::array::from_fn(of);
    let mut group = Group::new(10, 10, &temperatures, Streams::new(1).bulk("test/side", 0)).unwrap();
    group.sweeps(2000);
    let (mut sums, mut spins, draws) = ([0.0; 4], vec![0i8; 100], 400);
    for _ in 0..draws {
        group.sweeps(50);
        for (r, e) in energies(&group, (10, 10), &mut spins).into_iter().enumerate() {
            sums[r % 4] += e / 100.0;
        }
    }
    for (k, sum) in sums.into_iter().enumerate() {
        let (t, n) = (of(k).value(), (draws * REPLICAS / 4) as f64);
        let exact = rgflow::exact::square::thermodynamics(10, 10, of(k)).unwrap();
        let z = (sum / n - exact.energy) / (exact.specific_heat * t * t / 100.0 / n).sqrt();
        println!("T = {t}: z = {z:+.2}");
        assert!(z.abs() < 4.0, "T = {t}: z = {z}");
    }
}

/// Null: replicas are independent, so over many draws the correlation of the energies of neighbouring lanes (next bit,
/// next word, next 128-bit block) is normal of variance 1 / n; |z| < 4 each.
#[test]
fn replicas_are_independent() {
    let mut group =
        Group::new(8, 8, &[Temperature::CRITICAL; REPLICAS], Streams::new(1).bulk("test/lanes", 0)).unwrap();
    group.sweeps(2000);
    let (draws, mut spins) = (1000, vec![0i8; 64]);
    let exact = rgflow::exact::square::thermodynamics(8, 8, Temperature::CRITICAL).unwrap();
    let t = Temperature::CRITICAL.value();
    let (mean, variance) = (exact.energy * 64.0, exact.specific_heat * t * t * 64.0);
    let mut sums = [0.0; 6];
    for _ in 0..draws {
        group.sweeps(40);
        let e = energies(&group, (8, 8), &mut spins);
        for (sum, shift) in sums.iter_mut().zip([1, 2, 32, 64, 128, 256]) {
            *sum += (0..REPLICAS).map(|r| (e[r] - mean) * (e[(r + shift) % REPLICAS] - mean) / variance).sum::<f64>();
        }
    }
    for (sum, shift) in sums.into_iter().zip([1, 2, 32, 64, 128, 256]) {
        // With a shift by half the group each pair is counted twice.
        let pairs = (draws * REPLICAS) as f64 * if shift == 256 { 2.0 } else { 1.0 };
        let z = sum / pairs.sqrt();
        println!("shift {shift}: z = {z:+.2}");
        assert!(z.abs() < 4.0, "shift {shift}: z = {z}");
    }
}

/// Null: energies of a grid of temperatures are Kaufman's; rows of a chain are ten tau apart at the slowest; |z| < 4.
/// And the same bytes whatever the threads.
#[test]
fn grids_hold_their_temperatures() {
    let temperatures: Vec<Temperature> = (2..=24).map(|k| Temperature::new(0.25 * f64::from(k)).unwrap()).collect();
    let lattice = Square::new(10, 10).unwrap();
    let length = ChainLength { chains: 50, burn_in: 3000.0, spacing: 60.0 };
    let grid = Grid { square: &lattice, temperatures: &temperatures, length };
    let draw = || grid.spins(2000, Streams::new(1).of("test/grid")).unwrap();
    let spins = draw();
    for (t, spins) in temperatures.iter().zip(&spins) {
        let seen = rgflow::lattice::Observables::measure(&lattice, spins.view()).unwrap().energy;
        let exact = rgflow::exact::square::thermodynamics(10, 10, *t).unwrap();
        let mean = seen.iter().sum::<f64>() / 2000.0;
        let z = (mean - exact.energy) / (exact.specific_heat * t.value().powi(2) / 100.0 / 2000.0).sqrt();
        println!("T = {t}: z = {z:+.2}");
        assert!(z.abs() < 4.0 || t.value() < 0.8, "T = {t}: z = {z}");
    }
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(one.install(draw) == spins);
}

/// Metropolis goes by words of bits where chains fill them and it can do what is asked for, and has Kaufman's energy.
/// Null: |z| < 4.5 at three temperatures, p < 3e-5 for all. A field, an odd extent or few chains go spin by spin.
#[test]
fn metropolis_of_many_chains_goes_by_bits() {
    let draw = |extents: &[usize], field: f64, t: f64, chains: usize| {
        let torus = Geometry::new("square", extents).unwrap();
        let model = Ising::in_field(&torus, field).unwrap();
        let t = Temperature::new(t).unwrap();
        let sampler = Sampler::new(Kind::Metropolis, &model, t).chains(chains).burn_in(2000).spacing(100);
        let collection = sampler.draw(2000, Streams::new(1).of("test/bits"))?.collection;
        let energy = Summary::measure(&model, t, &collection)?.energy.value;
        Ok::<_, Box<dyn std::error::Error>>((collection, energy))
    };
    for t in [1.5, 2.5, 4.0] {
        let (seen, energy) = draw(&[10], 0.0, t, 128).unwrap();
        assert_eq!((seen.sampler.as_str(), seen.n_chains), ("metropolis, bit-parallel", 128));
        let exact = rgflow::exact::square::thermodynamics(10, 10, Temperature::new(t).unwrap()).unwrap();
        let z = (energy - exact.energy) / (exact.specific_heat * t * t / 100.0 / seen.n_eff).sqrt();
        assert!(z.abs() < 4.5, "T = {t}: z = {z:+.2}");
    }
    for (extents, field, t, chains) in [
        (&[10][..], 0.1, 2.5, 128),
        (&[9], 0.0, 2.5, 128),
        (&[2, 8], 0.0, 2.5, 128),
        (&[10], 0.0, 2.5, 20),
        (&[10], 0.0, 11.0, 128),
    ] {
        let (seen, _) = draw(extents, field, t, chains).unwrap();
        assert!(!seen.sampler.contains("bit") && seen.n_chains == chains, "{} {}", seen.sampler, seen.n_chains);
    }
    assert!(draw(&[10], 0.0, 2.5, 0).is_err());
}

#[test]
fn impossible_groups_are_refused() {
    let of = |lx, ly, t: f64| {
        let temperatures = [Temperature::new(t).unwrap(); REPLICAS];
        Group::new(lx, ly, &temperatures, Streams::new(1).bulk("test/refused", 0)).map(|_| ()).unwrap_err()
    };
    assert_eq!(of(5, 4, 2.0), LatticeError::Extent { lx: 5, ly: 4 });
    assert_eq!(of(0, 4, 2.0), LatticeError::Extent { lx: 0, ly: 4 });
    assert_eq!(of(4, 4, 0.0), LatticeError::ZeroTemperature);
    assert_eq!(of(4, 4, 11.0), LatticeError::TooHot(11.0));
    assert_eq!(of(4, 4, f64::INFINITY), LatticeError::TooHot(f64::INFINITY));
}
