//! Flows of whole ensembles: expectation values for a fixed number of steps (`rgflow`) or with chains stopped once they
//! have converged (`rgflow_frozen`), and Gibbs sampling of both layers.

use super::data;
use super::harness::{Case, Report};
use crate::artifact::Error;
use ndarray::{Array2, Axis, s};
use rgflow::flow::{Flow, Mode, Readout, Rest, Schedule, Starts, run as run_flow};
use rgflow::packed::packed;
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Samples};
use serde_json::json;

/// Visible and hidden units, file, chains, mean-field steps, Gibbs steps.
const SHAPES: [(usize, usize, &str, usize, usize, usize); 2] =
    [(100, 25, "ising2d_100_flow.npy", 25_000, 250, 20), (784, 49, "mnist_784.npy", 10_000, 50, 5)];
/// Number of chains compared with an f64 calculation to the end.
const CHECKED: usize = 200;
/// Chains of expectation values iterated together to the end: four times as many as a thread takes at once.
const PART: usize = 1344;

pub(super) fn run(report: &mut Report) -> Result<(), Error> {
    for (n, m, file, chains, steps, gibbs_steps) in SHAPES {
        let keys = [format!("flow/{n}x{m}"), format!("flow_sampled/{n}x{m}")];
        if !(report.wanted(&keys[0], "rgflow")
            || report.wanted(&keys[0], "rgflow_frozen")
            || report.wanted(&keys[1], "rgflow"))
        {
            continue;
        }
        let (chains, steps, gibbs_steps) =
            if report.options.quick { (500, 10, 2) } else { (chains, steps, gibbs_steps) };
        let starts = data::spins(&report.options.data, file, chains)?;
        let chains = starts.nrows();
        let rbm = machine(n, m);
        expectations(report, &keys[0], &rbm, &starts, steps);
        let case =
            |key| Case { key, implementation: "rgflow", work: (chains * gibbs_steps) as f64, unit: "sample_step" };
        let flop = 4.0 * (n * m * chains * gibbs_steps) as f64;
        let more = json!({ "samples": chains, "steps": gibbs_steps, "flop_per_run": flop });
        if report.wanted(&keys[1], "rgflow") {
            let bits = packed(starts.view());
            drop(starts);
            let all = || drop(follow(&rbm, bits.as_slice(), Mode::Gibbs, gibbs_steps, Rest::Never));
            report.measure(case(&keys[1]), all, more);
        }
    }
    Ok(())
}

/// RBM with weights and biases as in the scripts: normal, of widths 1.2 / sqrt(n) and 0.05.
fn machine(n: usize, m: usize) -> Rbm {
    let mut random = Streams::new(5).generator("bench/init", 0);
    let mut rbm = Rbm::random(n, m, 1.2 / (n as f32).sqrt(), &mut random);
    rbm.visible_bias = Rbm::random(n, 1, 0.05, &mut random).weights.column(0).to_owned();
    rbm.hidden_bias = Rbm::random(m, 1, 0.05, &mut random).weights.column(0).to_owned();
    rbm
}

fn expectations(report: &mut Report, key: &str, rbm: &Rbm, starts: &Array2<i8>, steps: usize) {
    let checked = CHECKED.min(starts.nrows());
    let truth = reference(rbm, &starts.slice(s![..checked, ..]).mapv(f32::from), steps);
    for (implementation, rest) in [("rgflow", Rest::Never), ("rgflow_frozen", Rest::default())] {
        let work = (starts.nrows() * steps) as f64;
        let case = Case { key, implementation, work, unit: "sample_step" };
        let flop = 4.0 * (rbm.n_visible() * rbm.n_hidden()) as f64 * work;
        let more = json!({ "samples": starts.nrows(), "steps": steps, "flop_per_run": flop });
        let (mut first, mut at_rest) = (Array2::zeros((0, 0)), 0.0);
        let call = || {
            at_rest = 0.0;
            for (k, part) in parts(starts).enumerate() {
                let (end, resting) = follow(rbm, part.view(), Mode::Mean, steps, rest);
                at_rest += resting * part.nrows() as f64 / starts.nrows() as f64;
                if k == 0 {
                    first = end.slice_move(s![..checked.min(part.nrows()), ..]);
                }
            }
        };
        if let Some(median) = report.measure(case, call, more) {
            let off = first.iter().zip(&truth).fold(0.0f64, |most, (a, b)| most.max((f64::from(*a) - b).abs()));
            let mut quality = json!({ "max_dev_f64": off, "s_per_1000_steps": median * 1000.0 / steps as f64 });
            if let Rest::Within(tolerance) = rest {
                let apart = parts(starts).fold(0.0f32, |most, part| {
                    let [all, resting] =
                        [Rest::Never, rest].map(|rest| follow(rbm, part.view(), Mode::Mean, steps, rest).0);
                    all.iter().zip(&resting).fold(most, |most, (a, b)| most.max((a - b).abs()))
                });
                quality["tolerance"] = json!(tolerance);
                quality["max_dev_all_steps"] = json!(apart);
                quality["at_rest"] = json!(at_rest);
            }
            report.add_quality(key, quality);
        }
    }
}

/// The starts in parts, so that their real values and their ends are never all in memory.
fn parts(starts: &Array2<i8>) -> impl Iterator<Item = Array2<f32>> {
    starts.axis_chunks_iter(Axis(0), PART).map(|part| part.mapv(f32::from))
}

/// Runs the flow and returns the values at its end and the fraction of chains at rest.
fn follow<'a>(rbm: &Rbm, starts: impl Into<Samples<'a>>, mode: Mode, steps: usize, rest: Rest) -> (Array2<f32>, f64) {
    let trajectory = run_flow(
        Flow { rbm, mode, schedule: &Schedule { steps, records: vec![steps], rest } },
        Readout::default(),
        Starts { values: starts.into(), n_starts: 1 },
        Streams::new(1).of("bench/flow"),
    )
    .expect("starts fit");
    (trajectory.values, trajectory.at_rest)
}

/// The same flow in f64, by matrix products and the library's tanh.
fn reference(rbm: &Rbm, starts: &Array2<f32>, steps: usize) -> Array2<f64> {
    let w = rbm.weights.mapv(f64::from);
    let [b, c] = [&rbm.hidden_bias, &rbm.visible_bias].map(|bias| bias.mapv(f64::from));
    let mut v = starts.mapv(f64::from);
    for _ in 0..steps {
        let h = (v.dot(&w) + &b).mapv(libm::tanh);
        v = (h.dot(&w.t()) + &c).mapv(libm::tanh);
    }
    v
}
