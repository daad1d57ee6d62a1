//! Spin flips and cluster updates per second at T = 2.269, and the thesis's data set: 25 temperatures x 1000
//! configurations of 10 x 10.

use super::harness::{Case, Report};
use crate::artifact::Error;
use ndarray::Array2;
use rayon::prelude::*;
use rgflow::exact::square;
use rgflow::lattice::multispin::{Grid, Group, REPLICAS};
use rgflow::lattice::{ChainLength, Ising, Observables, Square, Temperature, swendsen_wang, wolff};
use rgflow::random::Streams;
use rgflow::statistics::tau_int;
use serde_json::{Value, json};

/// Temperature used by the scripts of other programs.
const T: f64 = 2.269;

pub(super) fn run(report: &mut Report) -> Result<(), Error> {
    for l in [10, 64, 256, 1024] {
        flips(report, l)?;
    }
    for l in [64, 256] {
        clusters(report, l)?;
    }
    data_sets(report)
}

/// Attempted flips of as many groups of 512 replicas as there are threads.
fn flips(report: &mut Report, l: usize) -> Result<(), Error> {
    let key = format!("flips/L{l}");
    let implementation = "rgflow";
    if !report.wanted(&key, implementation) {
        return Ok(());
    }
    let temperature = Temperature::new(T)?;
    let group = |g| Group::new(l, l, &[temperature; REPLICAS], Streams::new(1).bulk("bench/flips", g));
    let threads = report.options.threads;
    let mut groups = (0..threads as u64).map(group).collect::<Result<Vec<_>, _>>()?;
    let mut sweeps = |n: usize| groups.par_iter_mut().for_each(|g| g.sweeps(n));
    let n = report.calls_for_budget(&mut sweeps);
    let flips = (n * threads * REPLICAS * l * l) as f64;
    let more = json!({ "calls": n, "replicas": threads * REPLICAS });
    let case = Case { key: &key, implementation, work: flips, unit: "flip" };
    report.measure(case, || sweeps(n), more);
    // On the small lattice the replicas have forgotten their start, so their energy must be Kaufman's.
    if l <= 64 {
        let (mut energy, mut spins) = (Vec::new(), vec![0i8; l * l]);
        let lattice = Square::new(l, l)?;
        for g in &groups {
            for r in 0..REPLICAS {
                g.write(r, &mut spins);
                let row = ndarray::ArrayView2::from_shape((1, l * l), &spins)?;
                energy.extend(Observables::measure(&lattice, row)?.energy);
            }
        }
        let exact = square::thermodynamics(l, l, temperature)?;
        let n = energy.len() as f64;
        let mean = energy.iter().sum::<f64>() / n;
        let error = (exact.specific_heat * T * T / (l * l) as f64 / n).sqrt();
        report.add_quality(&key, json!({ "energy": mean, "error": error, "exact": exact.energy }));
    }
    Ok(())
}

/// Clusters (Wolff) and updates (Swendsen and Wang) per second from an equilibrated start, and the effective samples
/// per second: 1/(2 tau_int of |m|) for each, measured on a separate series.
fn clusters(report: &mut Report, l: usize) -> Result<(), Error> {
    let temperature = Temperature::new(T)?;
    let lattice = Square::new(l, l)?;
    let model = Ising::new(&lattice);
    let mut random = Streams::new(1).generator("bench/clusters", 0);
    let mut chain = wolff::Chain::new(&model, temperature);
    let step = |chain: &mut wolff::Chain<'_, _>| {
        chain.flip_cluster(&mut random);
    };
    let names = Names { implementation: "rgflow_wolff", unit: "cluster" };
    chain_of_clusters(report, l, names, Clusters { chain: &mut chain, step, spins: |chain| chain.spins() })?;
    let mut bulk = Streams::new(1).bulk("bench/clusters", 0);
    let mut chain = swendsen_wang::Chain::new(&model, temperature);
    let step = |chain: &mut swendsen_wang::Chain| chain.update(&mut bulk);
    let names = Names { implementation: "rgflow_swendsen_wang", unit: "sweep" };
    chain_of_clusters(report, l, names, Clusters { chain: &mut chain, step, spins: |chain| chain.spins() })
}

/// An implementation in the report, and what it counts.
struct Names {
    implementation: &'static str,
    unit: &'static str,
}

/// A chain, its update, and its spins.
struct Clusters<'c, C, S> {
    chain: &'c mut C,
    step: S,
    spins: fn(&C) -> &[i8],
}

fn chain_of_clusters<C>(
    report: &mut Report,
    l: usize,
    Names { implementation, unit }: Names,
    Clusters { chain, mut step, spins }: Clusters<'_, C, impl FnMut(&mut C)>,
) -> Result<(), Error> {
    let key = format!("cluster/L{l}");
    if !report.wanted(&key, implementation) {
        return Ok(());
    }
    let n = if report.options.quick { 50 } else { 100_000_000 / (l * l).max(4096) };
    (0..n / 10).for_each(|_| step(chain));
    let calls = report.calls_for_budget(|n| (0..n).for_each(|_| step(chain)));
    let case = Case { key: &key, implementation, work: calls as f64, unit };
    let Some(median) = report.measure(case, || (0..calls).for_each(|_| step(chain)), json!({ "calls": calls })) else {
        return Ok(());
    };
    let (mut abs_m, mut energy) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let lattice = Square::new(l, l)?;
    for _ in 0..n {
        step(chain);
        let row = ndarray::ArrayView2::from_shape((1, l * l), spins(chain))?;
        let seen = Observables::measure(&lattice, row)?;
        abs_m.extend(seen.abs_m);
        energy.extend(seen.energy);
    }
    let exact = square::thermodynamics(l, l, Temperature::new(T)?)?;
    let [tau, tau_energy] = [&abs_m, &energy].map(|series| tau_int(series).tau);
    let mean = energy.iter().sum::<f64>() / n as f64;
    let error = (exact.specific_heat * T * T / (l * l) as f64 * 2.0 * tau_energy / n as f64).sqrt();
    let rate = calls as f64 / median / (2.0 * tau);
    report.add_fields(&key, json!({ "tau_int_abs_m": tau, "effective_per_s": rate }));
    report.add_quality(
        &key,
        json!({ "energy": mean, "error": error, "exact": exact.energy, "tau_int_abs_m": tau, "effective_per_s": rate }),
    );
    Ok(())
}

fn data_sets(report: &mut Report) -> Result<(), Error> {
    let (square, temperatures) = (Square::new(10, 10)?, super::data::temperatures()?);
    let (n, burn_in) = if report.options.quick { (20, 20) } else { (1000, 1000) };
    // As many chains as fill one group of lanes per thread; every configuration is its own replica.
    let side_by_side = (REPLICAS * report.options.threads / 25).min(n);
    for (key, chains) in [("data/chain50", side_by_side), ("data/replica1000", n)] {
        let length = ChainLength { chains, burn_in: burn_in as f64, spacing: 50.0 };
        let grid = Grid { square: &square, temperatures: &temperatures, length };
        let sweeps = burn_in + (n.div_ceil(chains) - 1) * 50;
        let flips = ((25 * chains).div_ceil(REPLICAS) * REPLICAS * 100 * sweeps) as f64;
        let more = json!({ "flips": flips, "chains_per_temperature": chains, "sweeps_per_chain": sweeps });
        let case = Case { key, implementation: "rgflow", work: (25 * n) as f64, unit: "sample" };
        let mut seed = 0;
        let mut last = Ok(Vec::new());
        let mut draw = || {
            seed += 1;
            last = grid.spins(n, Streams::new(seed).of("bench/data"));
        };
        report.measure(case, &mut draw, more);
        let spins = last?;
        if !spins.is_empty() {
            report.add_quality(key, energies(&temperatures, &spins)?);
        }
    }
    Ok(())
}

/// Largest deviation of the energy from the exact one in standard errors of independent configurations, for T >= 1.
fn energies(temperatures: &[Temperature], spins: &[Array2<i8>]) -> Result<Value, Error> {
    let lattice = Square::new(10, 10)?;
    let (mut worst, mut deviation) = (0.0f64, 0.0f64);
    for (t, spins) in temperatures.iter().zip(spins).filter(|(t, _)| t.value() >= 1.0) {
        let energy = Observables::measure(&lattice, spins.view())?.energy;
        let exact = square::thermodynamics(10, 10, *t)?;
        let n = energy.len() as f64;
        let off = energy.iter().sum::<f64>() / n - exact.energy;
        deviation = deviation.max(off.abs());
        worst = worst.max((off / (exact.specific_heat * t.value().powi(2) / 100.0 / n).sqrt()).abs());
    }
    Ok(json!({ "max_dE_T>=1": deviation, "max_z_T>=1": worst }))
}
