//! The study of the 2D model from end to end.
//!
//! `pipeline/data`, `mlp`, `rbm`, `flow` and `total` do exactly what the scripts of other programs do: three sets of 25
//! x 1000 configurations of 10 x 10 by 100 sweeps of Metropolis, a thermometer and an RBM trained for 20 epochs, and
//! 100 mean-field steps of 25,000 chains with a reading at each. `pipeline/study` is the experiment `ising-2d` with the
//! same numbers: one seed, but all its machines, controls, both modes, files and report.

use super::data;
use super::harness::{Case, Report};
use crate::artifact::{Error, Opened, Run, RunRequest, progress, provenance::Provenance, settings};
use crate::experiment::{self, AnyExperiment};
use ndarray::{Array2, Axis, concatenate};
use rgflow::flow::{Flow, Mode, Readout, Rest, Schedule, Starts, Trajectory, run as run_flow};
use rgflow::lattice::multispin::Grid;
use rgflow::lattice::{ChainLength, Square};
use rgflow::learning::{Adam, Batching, Descent, Rule, Sgd};
use rgflow::nn::{self, Activation, Cost, Data, Mlp, Targets};
use rgflow::packed::packed;
use rgflow::random::Streams;
use rgflow::rbm::{self, Rbm, Samples};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Sizes used by the script.
struct Sizes {
    per: usize,
    batch: usize,
    sweeps: usize,
    mlp_epochs: usize,
    rbm_epochs: usize,
    flow_steps: usize,
}

const STAGES: [(&str, &str); 5] =
    [("data", "flip"), ("mlp", "sample"), ("rbm", "sample"), ("flow", "sample_step"), ("total", "pipeline")];

pub(super) fn run(report: &mut Report) -> Result<(), Error> {
    let full = Sizes { per: 1000, batch: 100, sweeps: 100, mlp_epochs: 20, rbm_epochs: 20, flow_steps: 100 };
    let quick = Sizes { per: 20, batch: 20, sweeps: 2, mlp_epochs: 1, rbm_epochs: 1, flow_steps: 8 };
    let sizes = if report.options.quick { quick } else { full };
    if STAGES.iter().any(|(stage, _)| report.wanted(&format!("pipeline/{stage}"), "rgflow")) {
        stages(report, &sizes)?;
    }
    if report.wanted("pipeline/study", "rgflow") {
        study(report, &sizes)?;
    }
    Ok(())
}

/// The stages of the script, timed one by one.
fn stages(report: &mut Report, sizes: &Sizes) -> Result<(), Error> {
    let mut seconds: [Vec<f64>; 5] = Default::default();
    let mut quality = json!({});
    for seed in 0..=report.options.repeats.max(1) as u64 {
        let (times, found) = once(seed, sizes)?;
        // The first call is the warm-up.
        if seed > 0 {
            seconds.iter_mut().zip(times).for_each(|(all, t)| all.push(t));
            quality = found;
        }
    }
    let samples = (25 * sizes.per) as f64;
    let work = [
        3.0 * samples * 100.0 * sizes.sweeps as f64,
        samples * sizes.mlp_epochs as f64,
        samples * sizes.rbm_epochs as f64,
        samples * sizes.flow_steps as f64,
        1.0,
    ];
    let parameters = json!({ "sweeps": sizes.sweeps, "mlp_epochs": sizes.mlp_epochs, "rbm_epochs": sizes.rbm_epochs,
        "flow_steps": sizes.flow_steps });
    for (((stage, unit), wall), work) in STAGES.iter().zip(seconds).zip(work) {
        let key = format!("pipeline/{stage}");
        if report.wanted(&key, "rgflow") {
            let case = Case { key: &key, implementation: "rgflow", work, unit };
            report.note(case, wall, None, json!({ "params": parameters }));
            if *stage == "total" {
                report.add_quality(&key, quality.clone());
            }
        }
    }
    Ok(())
}

/// Seconds for data, thermometer, machine, flow and total, and the quality of the results.
fn once(seed: u64, sizes: &Sizes) -> Result<([f64; 5], serde_json::Value), Error> {
    let start = Instant::now();
    let streams = Streams::new(seed);
    let temperatures = data::temperatures()?;
    // Every configuration is its own replica, as in the script; the start is disordered.
    let length = ChainLength { chains: sizes.per, burn_in: sizes.sweeps as f64, spacing: 1.0 };
    let square = Square::new(10, 10)?;
    let set = |name: &str| -> Result<Array2<i8>, Error> {
        let grid = Grid { square: &square, temperatures: &temperatures, length };
        let sets = grid.spins(sizes.per, streams.of(name))?;
        let views: Vec<_> = sets.iter().map(|set| set.view()).collect();
        Ok(concatenate(Axis(0), &views)?)
    };
    // Bits, and real values of one set at a time, so that the benchmark holds no more than it works on.
    let train = set("train")?;
    let [test, starts] = [packed(set("test")?.view()), packed(set("start")?.view())];
    let batching = Batching::Mini { size: sizes.batch, repeats: false };
    let data = start.elapsed().as_secs_f64();
    let classes: Vec<usize> = (0..train.nrows()).map(|i| i / sizes.per).collect();
    let training = nn::Training {
        epochs: sizes.mlp_epochs,
        batching,
        descent: Descent::new(Rule::Adam(Adam::default()), 1e-3),
        cost: Cost::CategoricalCrossEntropy,
        patience: 0,
    };
    let init = &mut streams.generator("bench/init", 0);
    let mlp = Mlp::random(&[100, 64, 25], Activation::Tanh, Activation::Softmax, init);
    let (bits, values) = (packed(train.view()), train.mapv(f32::from));
    drop(train);
    let samples = Data { x: values.view().into(), targets: Targets::Classes(&classes) };
    let mut trainer = nn::Trainer::new(mlp, samples, &training, streams.of("bench/mlp"))?;
    (0..sizes.mlp_epochs * trainer.updates_per_sweep()).for_each(|_| trainer.update());
    let mlp = trainer.mlp().clone();
    drop(values);
    let learnt = start.elapsed().as_secs_f64();
    let training = rbm::Training { batching, descent: Descent::new(Rule::Sgd(Sgd), 0.01), ..rbm::Training::default() };
    let machine = Rbm::random(100, 25, 0.01, init);
    let mut trainer = rbm::Trainer::new(machine, bits.as_slice(), &training, streams.of("bench/rbm"))?;
    (0..sizes.rbm_epochs * trainer.updates_per_sweep()).for_each(|_| trainer.update());
    let rbm = trainer.rbm();
    let trained = start.elapsed().as_secs_f64();
    let steps = sizes.flow_steps;
    let schedule = Schedule { steps, records: (0..=steps).collect(), rest: Rest::default() };
    let trajectory = run_flow(
        Flow { rbm: &rbm, mode: Mode::Mean, schedule: &schedule },
        Readout::network(&mlp),
        Starts { values: starts.as_slice().into(), n_starts: 25 },
        streams.of("bench/flow"),
    )?;
    let end = start.elapsed().as_secs_f64();
    let test = Samples::Packed(&test).values(&rbm);
    let cost = mlp.cost(test.view(), Targets::Classes(&classes), Cost::CategoricalCrossEntropy)?;
    Ok(([data, learnt - data, trained - learnt, end - trained, end], quality(cost, &trajectory)))
}

/// Test cost of the thermometer and the temperatures it reads at start and end of the flow.
fn quality(cost: f64, trajectory: &Trajectory) -> serde_json::Value {
    let peaks = |m: usize| -> Vec<f64> {
        let rows = trajectory.moments[m].probability.rows();
        let peak = |p: ndarray::ArrayView1<f64>| (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap_or(0);
        rows.into_iter().map(|p| 0.25 * peak(p) as f64).collect()
    };
    let mut ends = peaks(trajectory.moments.len() - 1);
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    let starts: Vec<_> = peaks(0).into_iter().step_by(6).collect();
    json!({ "test_nll": cost, "flow_end_peak_T": ends, "flow_start_peak_T": starts })
}

/// The experiment in a temporary folder.
fn study(report: &mut Report, sizes: &Sizes) -> Result<(), Error> {
    let experiment = experiment::find("ising-2d")?;
    let sets = [
        format!("samples.per_temperature={}", sizes.per),
        "samples.sampler=\"metropolis\"".into(),
        format!("thermometer.batch={}", sizes.batch),
        format!("thermometer.epochs={}", sizes.mlp_epochs),
        "thermometer.patience=0".into(),
        format!("rbm.batch={}", sizes.batch),
        format!("rbm.epochs={}", sizes.rbm_epochs),
        "rbm.snapshot_epochs=[]".into(),
        format!("flow.steps={}", sizes.flow_steps),
        format!("flow.chains={}", sizes.per),
        format!("flow.control_steps={}", sizes.flow_steps),
    ];
    let (mut wall, mut stages) = (Vec::new(), BTreeMap::new());
    for call in 0..=report.options.repeats.max(1) {
        let start = Instant::now();
        stages = whole(experiment, &sets)?;
        // The first call is the warm-up.
        if call > 0 {
            wall.push(start.elapsed().as_secs_f64());
        }
    }
    let case = Case { key: "pipeline/study", implementation: "rgflow", work: 1.0, unit: "pipeline" };
    report.note(case, wall, None, json!({ "settings": sets, "stages_s": stages }));
    Ok(())
}

/// One seed of the experiment; returns the seconds of its stages, some of which may run in parallel.
fn whole(experiment: &dyn AnyExperiment, sets: &[String]) -> Result<BTreeMap<String, f64>, Error> {
    let folder = tempfile::tempdir().map_err(|e| Error::failure(e.to_string()))?;
    let table = settings::resolve(experiment.about().recipe, None, sets)?;
    experiment.check(&table).map_err(Error::user)?;
    let dir = folder.path().join("run");
    let asked = RunRequest { experiment: experiment.about().name, settings: &table, seeds: &[1] };
    let opened = Run::open(&dir, asked, false, Arc::new(progress::Silent))?;
    let (Opened::Work(run) | Opened::Complete(run)) = opened;
    let record = experiment.run(&table, &run)?;
    run.finish(&record)?;
    let stages = Provenance::read(&dir).map(|p| p.stages).unwrap_or_default();
    Ok(stages.into_iter().filter_map(|stage| Some((stage.stage, stage.seconds?))).collect())
}
