//! Stages "classifier" and "classifier-all": networks that read digits.

use super::Study;
use crate::artifact::{Model, network_file};
use crate::dataset::mnist::Digits;
use crate::study::prelude::*;
use crate::study::training::NetworkFit;
use ndarray::ArrayView1;
use rgflow::learning::{Adam, Batching, Descent, Regulariser, Rule};
use rgflow::nn::{Activation, Data, Mlp, Targets, confusion};

const REVISION: u32 = 1;
const MODEL: &str = "classifier/model.safetensors";
const ACCURACY: &str = "classifier/accuracy.json";

/// Accuracy of a network on the images of the test files, which no training used.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Accuracy {
    pub accuracy: f64,
    /// Fractions read as each digit, by digit.
    pub confusion: Vec<Vec<f64>>,
}

/// Makes or keeps the network trained on `data.per_digit` images of each digit.
pub(super) fn stage(study: &Study) -> Result<Artifact, Error> {
    let (settings, images) = (study.settings, study.images);
    let what = Stage {
        name: "classifier",
        revision: REVISION,
        settings: (&settings.classifier, &settings.data),
        inputs: &[&images.artifact],
        outputs: &[MODEL, ACCURACY],
    };
    study.repetition.stage(what, |out| {
        let [train, test] = images.train_and_test(out.streams(), *settings.data.per_digit)?;
        let mlp = fit(study, [&train, &test], out)?;
        out.write_json(ACCURACY, &accuracy(&mlp, study))?;
        let digits: Vec<f64> = (0..10).map(f64::from).collect();
        let model = Model::new(network_file::metadata("classes", &digits));
        out.write(MODEL, network_file::with_layers(model, &mlp).to_bytes()?)
    })
}

/// Makes or keeps the accuracy of the network trained on all images of the training files; the test files are not used
/// to choose an epoch.
pub(super) fn on_all(study: &Study) -> Result<f64, Error> {
    let what = Stage {
        name: "classifier-all",
        revision: REVISION,
        settings: &study.settings.classifier,
        inputs: &[&study.images.artifact],
        outputs: &["classifier-all/accuracy.json"],
    };
    let found = study.repetition.found(what, |out| {
        let all = &study.images.training;
        Ok(accuracy(&fit(study, [all, &all.first(5000)], out)?, study))
    });
    Ok(found?.accuracy)
}

fn fit(study: &Study, [train, test]: [&Digits; 2], out: &StageOut) -> Result<Mlp, Error> {
    let own = &study.settings.classifier;
    let sizes = study.settings.layers(train.images.ncols());
    let mut random = out.streams().generator("classifier/init", 0);
    let mlp = Mlp::random(&sizes, Activation::Relu, Activation::Softmax, &mut random);
    let regulariser = Regulariser { lambda_w: *own.lambda as f32, ..Regulariser::default() };
    let fit = NetworkFit {
        purpose: "classifier",
        part: "training",
        epochs: *own.epochs,
        batching: Batching::Mini { size: *own.batch, repeats: false },
        descent: Descent { regulariser, ..Descent::new(Rule::Adam(Adam::default()), *own.learning_rate as f32) },
        patience: 0,
        lower: &[("classifier.learning_rate", *own.learning_rate)],
        units: train.labels.len() as u64,
    };
    out.add_work(*own.epochs as u64 * fit.units);
    let [x, y] = [train, test].map(|of| Data { x: of.images.view().into(), targets: Targets::Classes(&of.labels) });
    Ok(fit.run(out, mlp, x, y)?.mlp)
}

fn accuracy(mlp: &Mlp, study: &Study) -> Accuracy {
    let test = &study.images.test;
    let counts = confusion(mlp.outputs(test.images.view()).view(), &test.labels);
    let fractions = |row: ArrayView1<usize>| row.iter().map(|n| *n as f64 / row.sum() as f64).collect();
    let confusion = counts.rows().into_iter().map(fractions).collect();
    Accuracy { accuracy: counts.diag().sum() as f64 / test.labels.len() as f64, confusion }
}

/// Network of the stage, and its accuracy.
pub(super) fn load(artifact: &Artifact) -> Result<(Mlp, f64), Error> {
    let accuracy: Accuracy = artifact.json(ACCURACY)?;
    Ok((network_file::layers(&Model::load(artifact.path(MODEL))?)?, accuracy.accuracy))
}
