//! Spin flips per second at T = 2.269, and the thesis's data set: 25 temperatures x 1000 configurations of 10 x 10.

use super::harness::{Case, Report};
use crate::artifact::Error;
use ndarray::Array2;
use rayon::prelude::*;
use rgflow::exact::square;
use rgflow::lattice::multispin::{Group, REPLICAS, Settings, sample_grid};
use rgflow::lattice::{Observables, Square, Temperature};
use rgflow::random::Streams;
use serde_json::{Value, json};

/// The temperature of the peers' scripts.
const T: f64 = 2.269;

pub(super) fn run(report: &mut Report) -> Result<(), Error> {
    for l in [10, 64, 256, 1024] {
        flips(report, l)?;
    }
    data_sets(report)
}

fn failure(e: impl std::fmt::Display) -> Error {
    Error::failure(e.to_string())
}

/// Attempted flips of as many groups of 512 replicas as there are threads.
fn flips(report: &mut Report, l: usize) -> Result<(), Error> {
    let key = format!("flips/L{l}");
    let implementation = "rgflow";
    if !report.wanted(&key, implementation) {
        return Ok(());
    }
    let temperature = Temperature::new(T).map_err(failure)?;
    let group = |g| Group::new(l, l, &[temperature; REPLICAS], Streams::new(1).bulk("bench/flips", g));
    let threads = report.options.threads;
    let mut groups = (0..threads as u64).map(group).collect::<Result<Vec<_>, _>>().map_err(failure)?;
    let mut sweeps = |n: usize| groups.par_iter_mut().for_each(|g| g.sweeps(n));
    let n = report.calls_for_budget(&mut sweeps);
    let flips = (n * threads * REPLICAS * l * l) as f64;
    let more = json!({ "calls": n, "replicas": threads * REPLICAS });
    let case = Case { key: &key, implementation, work: flips, unit: "flip" };
    report.measure(case, || sweeps(n), more);
    // On the small lattice the replicas have forgotten their start: their energy is Kaufman's.
    if l <= 64 {
        let (mut energy, mut spins) = (Vec::new(), vec![0i8; l * l]);
        let lattice = Square::new(l, l).map_err(failure)?;
        for g in &groups {
            for r in 0..REPLICAS {
                g.write(r, &mut spins);
                let row = ndarray::ArrayView2::from_shape((1, l * l), &spins).map_err(failure)?;
                energy.extend(Observables::measure(&lattice, row).map_err(failure)?.energy);
            }
        }
        let exact = square::thermodynamics(l, l, temperature).map_err(failure)?;
        let n = energy.len() as f64;
        let mean = energy.iter().sum::<f64>() / n;
        let error = (exact.specific_heat * T * T / (l * l) as f64 / n).sqrt();
        report.add_quality(&key, json!({ "energy": mean, "error": error, "exact": exact.energy }));
    }
    Ok(())
}

fn data_sets(report: &mut Report) -> Result<(), Error> {
    let temperatures = super::data::temperatures().map_err(failure)?;
    let (n, burn_in) = if report.options.quick { (20, 20) } else { (1000, 1000) };
    // As many chains as fit the lanes of one group a thread; every configuration its own replica.
    let side_by_side = (REPLICAS * report.options.threads / 25).min(n);
    for (key, chains) in [("data/chain50", side_by_side), ("data/replica1000", n)] {
        let settings = Settings { chains, burn_in, spacing: 50 };
        let sweeps = burn_in + (n.div_ceil(chains) - 1) * 50;
        let flips = ((25 * chains).div_ceil(REPLICAS) * REPLICAS * 100 * sweeps) as f64;
        let more = json!({ "flips": flips, "chains_per_temperature": chains, "sweeps_per_chain": sweeps });
        let case = Case { key, implementation: "rgflow", work: (25 * n) as f64, unit: "sample" };
        let mut seed = 0;
        let mut last = Ok(Vec::new());
        let mut draw = || {
            seed += 1;
            last = sample_grid(10, 10, &temperatures, n, &settings, Streams::new(seed), "bench/data");
        };
        report.measure(case, &mut draw, more);
        let spins = last.map_err(failure)?;
        if !spins.is_empty() {
            report.add_quality(key, energies(&temperatures, &spins)?);
        }
    }
    Ok(())
}

/// The largest deviation of the energy from the exact one in standard errors of independent configurations, from T = 1 on.
fn energies(temperatures: &[Temperature], spins: &[Array2<i8>]) -> Result<Value, Error> {
    let lattice = Square::new(10, 10).map_err(failure)?;
    let (mut worst, mut deviation) = (0.0f64, 0.0f64);
    for (t, spins) in temperatures.iter().zip(spins).filter(|(t, _)| t.value() >= 1.0) {
        let energy = Observables::measure(&lattice, spins.view()).map_err(failure)?.energy;
        let exact = square::thermodynamics(10, 10, *t).map_err(failure)?;
        let n = energy.len() as f64;
        let off = energy.iter().sum::<f64>() / n - exact.energy;
        deviation = deviation.max(off.abs());
        worst = worst.max((off / (exact.specific_heat * t.value().powi(2) / 100.0 / n).sqrt()).abs());
    }
    Ok(json!({ "max_dE_T>=1": deviation, "max_z_T>=1": worst }))
}
