//! Measures the constants of `exact::auto`, on one core: `cargo run --release -p rgflow --example sampler_cost`.
//!
//! Cost in ns per site of one sweep, of a configuration from the transfer matrix, and of its preparation; then the rates
//! by which samplers are compared (clusters, sweeps and attempted flips per second).

use std::time::Instant;

use rgflow::exact::{chain, transfer::Sampler};
use rgflow::lattice::sampler::{Effort, Kind, sample};
use rgflow::lattice::{Geometry, Ising, Lattice, LatticeError, Observables, Square, Temperature, wolff};
use rgflow::random::Streams;

/// ns per site and sweep of one chain, at the lattice's critical temperature (the ring's T = 1).
fn sweep_cost(kind: Kind, lattice: &Geometry) -> Result<f64, LatticeError> {
    let (chains, visits) = if kind.is_local() { (64, 6e7) } else { (2, 6e6) };
    let sweeps = (visits / (lattice.n_sites() * chains) as f64).ceil() as usize;
    let t = lattice.critical_temperature();
    let temperature = Temperature::new(if t > 0.0 { t } else { 1.0 })?;
    let effort = Effort { chains: Some(chains), burn_in: Some(sweeps), spacing: Some(1) };
    let start = Instant::now();
    sample(kind, &Ising::new(lattice), temperature, chains, &effort, Streams::new(1), "cost", 0)?;
    Ok(start.elapsed().as_nanos() as f64 / ((sweeps + 1) * chains * lattice.n_sites()) as f64)
}

fn main() -> Result<(), LatticeError> {
    let streams = Streams::new(1);
    let mut rng = streams.generator("speed", 0);

    println!("ns per site and sweep     metropolis heat-bath    wolff swendsen-wang");
    let sizes: [(&str, &[usize]); 9] = [
        ("square", &[10]),
        ("square", &[64]),
        ("square", &[256]),
        ("square", &[1024]),
        ("ring", &[100]),
        ("ring", &[10_000]),
        ("triangular", &[66]),
        ("cubic", &[16]),
        ("cubic", &[64]),
    ];
    for (name, extents) in sizes {
        let lattice = Geometry::new(name, extents)?;
        let costs = Kind::ALL.into_iter().map(|kind| sweep_cost(kind, &lattice)).collect::<Result<Vec<_>, _>>()?;
        println!("{:24} {:11.2} {:9.2} {:8.2} {:13.2}", lattice.to_string(), costs[0], costs[1], costs[2], costs[3]);
        if name == "square" {
            let n = lattice.n_sites() as f64;
            println!("    Swendsen-Wang: {:.0} sweeps/s", 1e9 / (costs[3] * n));
        }
    }

    for l in [64, 256] {
        // One long chain whose kept configurations are two spins per site apart; clusters counted by their mean size.
        let square = Square::new(l, l)?;
        let settings = wolff::Settings { chains: 1, burn_in: 40, spacing: 2.0 };
        let start = Instant::now();
        let seen = wolff::sample(&Ising::new(&square), Temperature::CRITICAL, 200, &settings, &mut rng)?;
        let seconds = start.elapsed().as_secs_f64();
        let m = Observables::measure(&square, seen.spins.view())?.magnetisation;
        // The mean size of Wolff clusters is N <m^2>.
        let mean_size = m.iter().map(|m| m * m).sum::<f64>() / 200.0 * (l * l) as f64;
        println!("Wolff L = {l}: {:.0} clusters/s", 240.0 * 2.0 * (l * l) as f64 / mean_size / seconds);
    }

    println!("transfer matrix: preparation, then per configuration and site");
    for width in [4, 6, 8, 9, 10, 11, 12] {
        let start = Instant::now();
        let sampler = Sampler::new(width, width, Temperature::CRITICAL)?;
        let set_up = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let n = 20_000;
        sampler.sample(n, &mut rng);
        let per = start.elapsed().as_nanos() as f64 / (n * width * width) as f64;
        println!("    {width} x {width}: {:.2} ms, {per:.1} ns", set_up * 1e3);
    }
    let start = Instant::now();
    chain::sample(1000, Temperature::CRITICAL, 1000, &mut rng)?;
    println!("exact ring: {:.1} ns per site", start.elapsed().as_nanos() as f64 / 1e6);
    Ok(())
}
