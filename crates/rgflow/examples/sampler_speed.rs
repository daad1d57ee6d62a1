//! Times the samplers on one core: `cargo run --release -p rgflow --example sampler_speed`.

use std::time::Instant;

use rgflow::exact::{square, transfer::Sampler};
use rgflow::lattice::{Ising, LatticeError, Observables, Square, Temperature, metropolis, wolff};
use rgflow::random::Streams;

fn main() -> Result<(), LatticeError> {
    let streams = Streams::new(1);
    let grid = (0..25).map(|i| Temperature::new(0.25 * f64::from(i))).collect::<Result<Vec<_>, _>>()?;
    let mut rng = streams.generator("speed", 0);

    let start = Instant::now();
    let samplers = grid.iter().map(|&t| Sampler::new(10, 10, t)).collect::<Result<Vec<_>, _>>()?;
    println!("exact 10x10: set-up {:.2} ms", start.elapsed().as_secs_f64() * 40.0);
    let start = Instant::now();
    let spins = samplers[9].sample(25_000, &mut rng).spins;
    println!("exact 10x10: {:.2} us per configuration (T = 2.25)", start.elapsed().as_secs_f64() * 40.0);
    let start = Instant::now();
    let all: usize = samplers.iter().map(|s| s.sample(1000, &mut rng).spins.nrows()).sum();
    println!("exact 10x10: {:.2} us per configuration (25 T)", start.elapsed().as_secs_f64() * 1e6 / all as f64);

    let lattice = Square::new(10, 10)?;
    let start = Instant::now();
    let seen = Observables::measure(&lattice, spins.view())?;
    println!("measure: {:.2} ms for {} configurations", start.elapsed().as_secs_f64() * 1e3, seen.energy.len());

    for l in [20, 30] {
        let lattice = Square::new(l, l)?;
        let start = Instant::now();
        for &t in &grid {
            wolff::sample(&Ising::new(&lattice), t, 1000, &wolff::Settings::default(), &mut rng)?;
        }
        println!("Wolff L = {l}: {:.2} s for 25 T x 1000", start.elapsed().as_secs_f64());
    }

    for (l, sweeps, replicas) in [(10, 20_000, 64), (32, 2000, 64), (32, 500, 256)] {
        let lattice = Square::new(l, l)?;
        let settings = metropolis::Settings { replicas, burn_in: sweeps - 1, spacing: 1 };
        let start = Instant::now();
        let mut bulk = streams.bulk("speed", 0);
        metropolis::sample(&Ising::new(&lattice), Temperature::CRITICAL, replicas, &settings, &mut bulk)?;
        let flips = (l * l * sweeps * replicas) as f64;
        println!("Metropolis L = {l}, {replicas} replicas: {:.3} flips/ns", flips / start.elapsed().as_nanos() as f64);
    }

    let start = Instant::now();
    for i in 1..100 {
        square::temperature_of_energy(10, 10, -0.02 * f64::from(i));
    }
    println!("temperature_of_energy 10x10: {:.0} us", start.elapsed().as_secs_f64() * 1e6 / 99.0);
    Ok(())
}
