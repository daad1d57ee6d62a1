//! Stages "classifier" and "classifier-all": networks that read digits.

use super::data::{Images, Part};
use super::settings::Common;
use crate::artifact::{Artifact, Error, Model, Repetition, Stage, StageOut, network};
use crate::study::training::NetworkFit;
use ndarray::Axis;
use rgflow::learning::{Adam, Batching, Descent, Regulariser, Rule};
use rgflow::nn::{Activation, Data, Mlp, Targets};
use serde::{Deserialize, Serialize};

const REVISION: u32 = 1;
pub(super) const MODEL: &str = "classifier/model.safetensors";

/// What a network reads of the images of the test files, which no training saw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Accuracy {
    pub accuracy: f64,
    /// Fractions read as each digit, by digit.
    pub confusion: Vec<Vec<f64>>,
}

/// Makes or keeps the network trained on `data.per_digit` images of each digit.
pub(super) fn stage(repetition: &Repetition, settings: &Common, images: &Images) -> Result<Artifact, Error> {
    let what = Stage {
        name: "classifier",
        revision: REVISION,
        settings: (&settings.classifier, &settings.data),
        inputs: &[&images.artifact],
        outputs: &[MODEL, "classifier/accuracy.json"],
    };
    repetition.stage(what, |out| {
        let [train, test] = images.train_and_test(out.seed(), settings.data.per_digit)?;
        out.add_work("classifier", settings.classifier.epochs as u64 * units(&train));
        let mlp = fit(settings, &train, &test, out)?;
        out.write_json("classifier/accuracy.json", &accuracy(&mlp, &images.all(1)))?;
        let digits: Vec<f64> = (0..10).map(f64::from).collect();
        let model = Model::new(network::metadata("classes", &digits));
        out.write(MODEL, network::with_layers(model, &mlp).to_bytes()?)
    })
}

/// Makes or keeps the accuracy of the network trained on all images of the training files; the test files choose no epoch.
pub(super) fn on_all(repetition: &Repetition, settings: &Common, images: &Images) -> Result<Accuracy, Error> {
    let file = "classifier-all/accuracy.json";
    let what = Stage {
        name: "classifier-all",
        revision: REVISION,
        settings: &settings.classifier,
        inputs: &[&images.artifact],
        outputs: &[file],
    };
    let artifact = repetition.stage(what, |out| {
        let all = images.all(0);
        out.add_work("classifier-all", settings.classifier.epochs as u64 * units(&all));
        let mlp = fit(settings, &all, &images.first(0, 5000), out)?;
        out.write_json(file, &accuracy(&mlp, &images.all(1)))
    })?;
    artifact.json(file)
}

fn units(data: &Part) -> u64 {
    data.digits.len() as u64
}

fn fit(settings: &Common, data: &Part, test: &Part, out: &StageOut) -> Result<Mlp, Error> {
    let own = &settings.classifier;
    let streams = out.streams();
    let sizes: Vec<usize> = [data.images.ncols()].into_iter().chain(own.hidden.iter().copied()).chain([10]).collect();
    let mlp = Mlp::random(&sizes, Activation::Relu, Activation::Softmax, &mut streams.generator("classifier/init", 0));
    let regulariser = Regulariser { lambda_w: own.lambda as f32, ..Regulariser::default() };
    let descent = Descent { regulariser, ..Descent::new(Rule::Adam(Adam::default()), own.learning_rate as f32) };
    let x = Data { x: data.images.view().into(), targets: Targets::Classes(&data.digits) };
    let y = Data { x: test.images.view().into(), targets: Targets::Classes(&test.digits) };
    let fit = NetworkFit {
        purpose: "classifier",
        part: "training",
        epochs: own.epochs,
        batching: Batching::Mini { size: own.batch, repeats: false },
        descent,
        patience: 0,
        lower: &[("classifier.learning_rate", own.learning_rate)],
        units: units(data),
    };
    Ok(fit.run(out, mlp, x, y)?.mlp)
}

fn accuracy(mlp: &Mlp, on: &Part) -> Accuracy {
    let mut confusion = vec![vec![0.0; 10]; 10];
    for (p, digit) in mlp.outputs(on.images.view()).axis_iter(Axis(0)).zip(&on.digits) {
        let best = p.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |best| best.0);
        confusion[*digit][best] += 1.0;
    }
    let right: f64 = (0..10).map(|d| confusion[d][d]).sum();
    for row in &mut confusion {
        let n: f64 = row.iter().sum();
        row.iter_mut().for_each(|c| *c /= n.max(1.0));
    }
    Accuracy { accuracy: right / on.digits.len() as f64, confusion }
}

/// The network of the stage.
pub(super) fn load(artifact: &Artifact) -> Result<Mlp, Error> {
    network::layers(&Model::load(artifact.path(MODEL))?)
}
