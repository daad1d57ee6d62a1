//! Training of multilayer perceptrons with Adam: the thermometer 100-64-25 (full batch, and batches of 100) and a
//! classifier of digits 784-196-49-20-10 (batches of 100).

use super::data;
use super::harness::{Case, Report};
use crate::artifact::Error;
use ndarray::{Array2, Axis, s};
use rgflow::learning::{Adam, Batching, Descent, Rule};
use rgflow::nn::{Activation, Cost, Data, Mlp, Targets, Trainer, Training};
use rgflow::random::{Streams, permutation};
use serde_json::json;

/// A network and the data of its training.
struct Shape {
    key: &'static str,
    sizes: &'static [usize],
    hidden: Activation,
    batching: Batching,
    /// Passes through the data per call.
    epochs: usize,
}

const BATCHES: Batching = Batching::Mini { size: 100, repeats: false };

const SHAPES: [Shape; 3] = [
    Shape {
        key: "mlp/thermo_full",
        sizes: &[100, 64, 25],
        hidden: Activation::Tanh,
        batching: Batching::Full,
        epochs: 10,
    },
    Shape { key: "mlp/thermo_b100", sizes: &[100, 64, 25], hidden: Activation::Tanh, batching: BATCHES, epochs: 1 },
    Shape {
        key: "mlp/mnist_b100",
        sizes: &[784, 196, 49, 20, 10],
        hidden: Activation::Relu,
        batching: BATCHES,
        epochs: 1,
    },
];

pub(super) fn run(report: &mut Report) -> Result<(), Error> {
    for shape in &SHAPES {
        if report.wanted(shape.key, "rgflow") {
            let (x, classes) = if shape.sizes[0] == 100 { ising(report)? } else { digits(report)? };
            train(report, shape, &x, &classes)?;
        }
    }
    Ok(())
}

/// Configurations of 25 temperatures in random order.
fn ising(report: &Report) -> Result<(Array2<f32>, Vec<usize>), Error> {
    let spins = data::spins(&report.options.data, "ising2d_100_train.npy", 25_000)?;
    let per = spins.nrows() / 25;
    let mut order = permutation(spins.nrows(), &mut Streams::new(3).generator("bench/order", 0));
    if report.options.quick {
        order.truncate(500);
    }
    Ok((spins.select(Axis(0), &order).mapv(f32::from), order.iter().map(|i| i / per).collect()))
}

/// The first 10,000 digits, with black and white as -1 and +1.
fn digits(report: &Report) -> Result<(Array2<f32>, Vec<usize>), Error> {
    let n = if report.options.quick { 500 } else { 10_000 };
    let pixels = data::spins(&report.options.data, "mnist_784.npy", n)?;
    let labels = data::labels(&report.options.data, "mnist_labels.npy")?;
    let classes = labels
        .iter()
        .take(n)
        .map(|l| usize::try_from(*l).map_err(|e| Error::failure(e.to_string())))
        .collect::<Result<_, Error>>()?;
    Ok((pixels.mapv(f32::from), classes))
}

fn train(report: &mut Report, shape: &Shape, x: &Array2<f32>, classes: &[usize]) -> Result<(), Error> {
    let training = Training {
        epochs: shape.epochs,
        batching: shape.batching,
        descent: Descent::new(Rule::Adam(Adam::default()), 1e-3),
        cost: Cost::CategoricalCrossEntropy,
        patience: 0,
    };
    let streams = Streams::new(7);
    let mut init = streams.generator("bench/init", 0);
    let mlp = Mlp::random(shape.sizes, shape.hidden, Activation::Softmax, &mut init);
    let data = Data { x: x.view().into(), targets: Targets::Classes(classes) };
    let mut trainer = Trainer::new(mlp, data, &training, streams.of("bench"))?;
    let updates = shape.epochs * trainer.updates_per_sweep();
    let work = (shape.epochs * x.nrows()) as f64;
    let weights: usize = shape.sizes.windows(2).map(|s| s[0] * s[1]).sum();
    let flop = 6.0 * weights as f64 * work;
    let more = json!({
        "epochs_per_run": shape.epochs, "samples_per_epoch": x.nrows(), "flop_per_run": flop, "updates": updates,
    });
    let case = Case { key: shape.key, implementation: "rgflow", work, unit: "samples" };
    if let Some(median) = report.measure(case, || (0..updates).for_each(|_| trainer.update()), more) {
        let n = x.nrows().min(2000);
        let first = Targets::Classes(&classes[..n]);
        let nll = trainer.mlp().cost(x.slice(s![..n, ..]), first, training.cost)?;
        report.add_quality(shape.key, json!({ "nll": nll }));
        let per_epoch = median / shape.epochs as f64;
        report.add_fields(shape.key, json!({ "gflops": flop / median / 1e9, "s_per_epoch": per_epoch }));
    }
    Ok(())
}
