//! CD-1 training of {-1, +1} RBMs: one epoch of shuffled mini-batches per call, plain gradient, learning rate 0.01.
//! Sampling: plain Gibbs steps, ladders of tempering, annealed importance sampling.

use super::data;
use super::harness::{Case, Report};
use crate::artifact::Error;
use ndarray::{Array2, Axis};
use rgflow::learning::{Batching, Descent, Rule, Sgd};
use rgflow::packed::{pack, packed_len};
use rgflow::random::{Streams, permutation};
use rgflow::rbm::{Annealing, Chains, Kernel, Ladder, Method, Rbm, Tempering, Trainer, Training};
use serde_json::json;

/// Visible and hidden units, batch, file, samples.
const SHAPES: [(usize, usize, usize, &str, usize); 5] = [
    (8, 4, 100, "ising1d_8.npy", 40_000),
    (100, 25, 100, "ising2d_100_train.npy", 25_000),
    (784, 49, 100, "mnist_784.npy", 10_000),
    (784, 500, 100, "mnist_784.npy", 10_000),
    (4096, 1024, 256, "ising2d_4096.npy", 2560),
];

pub(super) fn run(report: &mut Report) -> Result<(), Error> {
    for (n, m, batch, file, samples) in SHAPES {
        let key = format!("rbm/{n}x{m}/b{batch}");
        if report.wanted(&key, "rgflow") {
            let samples = if report.options.quick { 5 * batch } else { samples };
            train(report, &key, Sizes { n, m, batch }, &data::spins(&report.options.data, file, samples)?)?;
        }
    }
    for k in [1, 10, 11] {
        let key = format!("rbm/784x500/b100/pcd{k}");
        if report.wanted(&key, "rgflow") {
            let samples = if report.options.quick { 500 } else { 2000 };
            persistent(report, &key, &data::spins(&report.options.data, "mnist_784.npy", samples)?, k)?;
        }
    }
    sampling(report)
}

/// Gibbs steps of 60 chains; 6 ladders of 10 temperatures, which are one batch of 60 chains: both on one thread, so
/// that the ratio of the times of a ladder's sweep and of a chain's step is the cost of tempering. Annealing on all
/// threads.
fn sampling(report: &mut Report) -> Result<(), Error> {
    let (rbm, streams) = (start(784, 500), Streams::new(11));
    let steps = if report.options.quick { 2 } else { 100 };
    let case = |key, chains: usize, unit| Case { key, implementation: "rgflow", work: (chains * steps) as f64, unit };
    let (kernel, mut random) = (Kernel::new(&rbm), streams.bulk("bench/gibbs", 0));
    let mut chains = Chains::new(&kernel, 60);
    let gibbs = || (0..steps).for_each(|_| chains.step(&kernel, &mut random));
    let of_chains = report.measure(case("rbm/784x500/gibbs", 60, "chain steps"), gibbs, json!({ "chains": 60 }));
    let key = "rbm/784x500/tempering10";
    if report.wanted(key, "rgflow") {
        let ladder = Ladder { temperatures: 10, copies: 6, burn_in: 64, ..Ladder::default() };
        let mut tempering = Tempering::new(&rbm, &ladder, streams.of("bench/tempering"))?;
        let more = json!({ "temperatures": 10, "ladders": 6 });
        let of_ladders = report.measure(case(key, 6, "ladder sweeps"), || tempering.run(steps), more);
        if let (Some(ladders), Some(chains)) = (of_ladders, of_chains) {
            // A ladder is a sixth of its batch, a chain a sixtieth.
            report.add_quality(key, json!({ "sweep_over_chain_step": 10.0 * ladders / chains }));
        }
    }
    let key = "rbm/784x500/ais";
    let annealing = Annealing { temperatures: steps, chains: 640, ..Annealing::default() };
    let estimate = || drop(annealing.ln_z(&rbm, streams.of("bench/ais")));
    report.measure(case(key, 640, "chains x temperatures"), estimate, json!({ "chains": 640, "temperatures": steps }));
    Ok(())
}

/// The samples in random order, cut to a multiple of the batch, as bits.
fn samples_of(data: &Array2<i8>, batch: usize) -> (Vec<usize>, Vec<u8>) {
    let order = permutation(data.nrows() / batch * batch, &mut Streams::new(3).generator("bench/order", 0));
    let mut bits = vec![0; order.len() * packed_len(data.ncols())];
    for (row, to) in order.iter().zip(bits.chunks_exact_mut(packed_len(data.ncols()))) {
        pack(data.row(*row).as_slice().expect("standard layout"), data.ncols(), to);
    }
    (order, bits)
}

fn start(n: usize, m: usize) -> Rbm {
    Rbm::random(n, m, 0.01, &mut Streams::new(7).generator("bench/init", 0))
}

/// Units of the layers, and samples of a batch.
struct Sizes {
    n: usize,
    m: usize,
    batch: usize,
}

fn train(report: &mut Report, key: &str, sizes: Sizes, data: &Array2<i8>) -> Result<(), Error> {
    let Sizes { n, m, batch } = sizes;
    let (order, bits) = samples_of(data, batch);
    let training = Training {
        batching: Batching::Mini { size: batch, repeats: false },
        descent: Descent::new(Rule::Sgd(Sgd), 0.01),
        ..Training::default()
    };
    let mut trainer = Trainer::new(start(n, m), bits.as_slice(), &training, Streams::new(11).of("bench"))?;
    let updates = trainer.updates_per_sweep();
    let work = (updates * batch) as f64;
    let flop = 10.0 * (n * m) as f64 * work;
    let case = Case { key, implementation: "rgflow", work, unit: "samples" };
    let more = json!({ "samples_per_epoch": work, "flop_per_run": flop });
    if let Some(median) = report.measure(case, || (0..updates).for_each(|_| trainer.update()), more) {
        let us = median / updates as f64 * 1e6;
        // The training continues from call to call, as in the scripts.
        let epochs = report.options.repeats.max(1) + 1;
        let recon = reconstruction(&trainer.rbm(), data, &order[..order.len().min(1000)]);
        report.add_quality(key, json!({ "recon_mse": recon, "epochs": epochs, "us_per_update": us }));
    }
    Ok(())
}

/// Mean squared deviation of a unit from its mean-field reconstruction over the samples `rows`, as measured by the
/// scripts.
fn reconstruction(rbm: &Rbm, data: &Array2<i8>, rows: &[usize]) -> f64 {
    let of = |rows: &[usize]| {
        let v = data.select(Axis(0), rows).mapv(f32::from);
        rbm.reconstruction_cost(v.view()) * rows.len() as f64
    };
    2.0 * rows.chunks(100).map(of).sum::<f64>() / (rows.len() * data.ncols()) as f64
}

/// PCD-k with 100 chains; the difference between k = 1 and 11 is the cost of ten Gibbs sweeps alone.
fn persistent(report: &mut Report, key: &str, data: &Array2<i8>, k: usize) -> Result<(), Error> {
    let (_, bits) = samples_of(data, 100);
    let training = Training {
        batching: Batching::Mini { size: 100, repeats: false },
        descent: Descent::new(Rule::Sgd(Sgd), 0.01),
        cd_steps: k,
        method: Method::Pcd,
        ..Training::default()
    };
    let mut trainer = Trainer::new(start(784, 500), bits.as_slice(), &training, Streams::new(11).of("bench"))?;
    let updates = trainer.updates_per_sweep();
    let case = Case { key, implementation: "rgflow", work: updates as f64, unit: "updates" };
    let more = json!({ "gibbs_steps": k, "chains": 100 });
    if let Some(median) = report.measure(case, || (0..updates).for_each(|_| trainer.update()), more) {
        report.add_quality(key, json!({ "ms_per_update": median / updates as f64 * 1e3 }));
    }
    Ok(())
}
