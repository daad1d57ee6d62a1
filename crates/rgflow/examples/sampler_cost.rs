//! Measures the constants of `lattice::algorithm::SweepCost`, on one core:
//! `cargo run --release -p rgflow --example sampler_cost`.
//!
//! Cost in ns per site of one sweep, of a configuration from the transfer matrix, and of its preparation; then the
//! rates by which samplers are compared (clusters, sweeps and attempted flips per second).

use std::time::Instant;

use rgflow::exact::{chain, transfer};
use rgflow::lattice::{ChainLength, Geometry, Ising, Lattice, Observables, Square, Temperature, metropolis, wolff};
use rgflow::random::Streams;
use rgflow::sampling::{Kind, Sampler, SamplingError};

/// The shortest of nine runs in ns: what else runs on the machine only makes it longer.
fn shortest<E>(mut run: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut best = f64::INFINITY;
    for _ in 0..9 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed().as_nanos() as f64);
    }
    Ok(best)
}

/// ns per site and sweep of one chain, at the lattice's critical temperature (the ring's T = 1).
fn sweep_cost(kind: Kind, lattice: &Geometry) -> Result<f64, SamplingError> {
    let (chains, visits) = if kind.is_local() { (64, 1e7) } else { (2, 1e6) };
    let sweeps = (visits / (lattice.n_sites() * chains) as f64).ceil() as usize + 2;
    let t = lattice.critical_temperature().unwrap_or(0.0);
    let temperature = Temperature::new(if t > 0.0 { t } else { 1.0 })?;
    let model = Ising::new(lattice);
    let sampler = Sampler::new(kind, &model, temperature).chains(chains).burn_in(sweeps).spacing(1);
    let run = || sampler.draw(chains, Streams::new(1).of("cost")).map(drop);
    Ok(shortest(run)? / ((sweeps + 1) * chains * lattice.n_sites()) as f64)
}

fn main() -> Result<(), SamplingError> {
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

    let square = Square::new(32, 32)?;
    let time = |spacing: f64| {
        let length = ChainLength { chains: 64, burn_in: 0.0, spacing };
        let model = Ising::new(&square);
        let mut bulk = streams.bulk("keeping", 0);
        shortest(|| metropolis::sample(&model, Temperature::CRITICAL, 6400, &length, &mut bulk).map(drop))
    };
    // One sweep and keeping, less one sweep.
    let (one, two) = (time(1.0)?, time(2.0)?);
    println!("keeping a configuration: {:.1} ns per site", (2.0 * one - two) / (6400.0 * 1024.0));

    for l in [64, 256] {
        // One long chain whose kept configurations are two spins per site apart; clusters counted by their mean size.
        let square = Square::new(l, l)?;
        let length = ChainLength::in_spacings(1, 40, 2.0);
        let model = Ising::new(&square);
        let run = || wolff::sample(&model, Temperature::CRITICAL, 200, &length, &mut rng).map(drop);
        let seconds = shortest(run)? * 1e-9;
        let seen = wolff::sample(&model, Temperature::CRITICAL, 200, &length, &mut rng)?;
        let m = Observables::measure(&square, seen.spins.view())?.magnetisation;
        // The mean size of Wolff clusters is N <m^2>.
        let mean_size = m.iter().map(|m| m * m).sum::<f64>() / 200.0 * (l * l) as f64;
        println!("Wolff L = {l}: {:.0} clusters/s", 240.0 * 2.0 * (l * l) as f64 / mean_size / seconds);
    }

    println!("transfer matrix: preparation, then per configuration and site");
    for width in [4, 6, 8, 9, 10, 11, 12] {
        let sampler = transfer::Sampler::new(width, width, Temperature::CRITICAL)?;
        let set_up = shortest(|| transfer::Sampler::new(width, width, Temperature::CRITICAL).map(drop))?;
        let n = 4000;
        let per = shortest(|| {
            sampler.sample(n, &mut rng);
            Ok::<_, SamplingError>(())
        })?;
        println!("    {width} x {width}: {:.3} ms, {:.1} ns", set_up * 1e-6, per / (n * width * width) as f64);
    }
    let ring = shortest(|| chain::sample(1000, Temperature::CRITICAL, 100, &mut rng).map(drop))?;
    println!("exact ring: {:.1} ns per site", ring / 1e5);
    Ok(())
}
