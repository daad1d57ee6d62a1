//! Stage "thermometer": the perceptron P(T | configuration), trained on "train", stopped by "test", read on
//! "reference".

use super::samples::ThermalSet;
use super::settings::Torus;
use super::training::NetworkFit;
use super::values;
use crate::artifact::{Artifact, Error, Model, Repetition, Stage, network_file};
use ndarray::Array2;
use rgflow::flow::{Calibration, Reading, Reference, Thermometer, probabilities};
use rgflow::learning::{Adam, Batching, Descent, Rule};
use rgflow::nn::{Activation, Data, Mlp, Targets, Trained};
use rgflow::random::Streams;
use rgflow::statistics::mean_error;
use std::fmt::Write;

const REVISION: u32 = 5;

/// Makes or keeps the stage.
pub fn stage(repetition: &Repetition, settings: &Torus, samples: &Artifact) -> Result<Artifact, Error> {
    let what = Stage {
        name: "thermometer",
        revision: REVISION,
        settings: &settings.thermometer,
        inputs: &[samples],
        outputs: &["thermometer/model.safetensors", "thermometer/curve.csv", "thermometer/reference.csv"],
    };
    repetition.stage(what, |out| {
        let (temperatures, own) = (settings.temperatures(), &settings.thermometer);
        let (train_set, test_set) = (ThermalSet::read(samples, "train")?, ThermalSet::read(samples, "test")?);
        let classes =
            |set: &ThermalSet| -> Vec<usize> { (0..set.spins.nrows()).map(|i| i / set.per_temperature).collect() };
        let mut sizes = vec![train_set.spins.ncols()];
        sizes.extend(values::plain(&settings.thermometer.hidden));
        sizes.push(temperatures.len());
        let mut init = out.streams().generator("thermometer/init", 0);
        let mlp = Mlp::random(&sizes, Activation::Tanh, Activation::Softmax, &mut init);
        let units = 2 * train_set.spins.nrows() as u64;
        out.add_work(*own.epochs as u64 * units);
        let fit = NetworkFit {
            purpose: "thermometer",
            part: "training",
            epochs: *own.epochs,
            batching: Batching::Mini { size: *own.batch, repeats: false },
            descent: Descent::new(Rule::Adam(Adam::default()), *own.learning_rate as f32),
            patience: own.patience,
            lower: &[("thermometer.learning_rate", *own.learning_rate)],
            units,
        };
        let (x, y) = (train_set.spins.mapv(f32::from), test_set.spins.mapv(f32::from));
        let (x_classes, y_classes) = (classes(&train_set), classes(&test_set));
        let data = Data { x: x.view().into(), targets: Targets::Classes(&x_classes) };
        let test = Data { x: y.view().into(), targets: Targets::Classes(&y_classes) };
        let Trained { mlp, curve, .. } = fit.run(out, mlp, data, test)?;
        drop((x, y, train_set));
        let best = curve.iter().min_by(|a, b| a.test_cost.total_cmp(&b.test_cost)).expect("at least one epoch");
        // An ignorant network costs ln n; one that costs twice as much is confident of wrong answers.
        let guess = libm::log(temperatures.len() as f64);
        if best.test_cost > 2.0 * guess {
            return Err(Error::failure(format!(
                "the training diverged: the least test cost is {:.1} nats, a guess costs {guess:.1}; lower \
                 thermometer.learning_rate = {} or raise thermometer.epochs",
                best.test_cost, *settings.thermometer.learning_rate
            )));
        }
        let mut csv = String::from("epoch,train_cross_entropy,test_cross_entropy\n");
        for e in &curve {
            let _ = writeln!(csv, "{},{},{}", e.epoch, e.train_cost, e.test_cost);
        }
        out.write("thermometer/curve.csv", csv)?;
        let reference = ThermalSet::read(samples, "reference")?;
        let p = probabilities(&mlp, reference.spins.view())?;
        let n = temperatures.len();
        let mut means = Array2::<f32>::zeros((n, n));
        let mut csv = String::from("T_reference,T,P\n");
        for (k, t) in temperatures.iter().enumerate() {
            let rows = p.slice(ndarray::s![k * reference.per_temperature..(k + 1) * reference.per_temperature, ..]);
            let mean = Reading::of(rows).mean();
            for (j, value) in mean.iter().enumerate() {
                means[[k, j]] = *value as f32;
                let _ = writeln!(csv, "{t},{},{value}", temperatures[j]);
            }
        }
        out.write("thermometer/reference.csv", csv)?;
        let q = probabilities(&mlp, test_set.spins.view())?;
        let costs = q.rows().into_iter().zip(&y_classes).map(|(p, class)| -libm::log(f64::from(p[*class]).max(1e-300)));
        // Error over the test set, whose configurations are independent.
        let cost_error = mean_error(&costs.collect::<Vec<f64>>()).error;
        let model = Model::new(serde_json::json!({
            "kind": "thermometer", "seed": out.seed(),
            "temperatures": temperatures, "lattice": [settings.lattice.size, settings.lattice.size],
            "best_epoch": best.epoch, "test_cross_entropy": best.test_cost, "test_cross_entropy_error": cost_error,
            "settings": settings.thermometer,
        }))
        .with("reference_curves", means);
        // Everything needed to read T* with errors and tests, so that the file can be used on its own.
        let midpoints = ThermalSet::read(samples, "calibration")?;
        let q = probabilities(&mlp, midpoints.spins.view())?;
        let of = |p: &Array2<f32>, n: usize, per: usize| -> Vec<Reading> {
            (0..n).map(|k| Reading::of(p.slice(ndarray::s![k * per..(k + 1) * per, ..]))).collect()
        };
        let reference = of(&p, n, reference.per_temperature);
        let model = network_file::with_readings(model, &reference, &of(&q, n - 1, midpoints.per_temperature));
        let model = network_file::with_layers(model, &mlp);
        out.write("thermometer/model.safetensors", model.to_bytes()?)
    })
}

/// The network and its metadata.
pub fn load(artifact: &Artifact) -> Result<(Mlp, serde_json::Value), Error> {
    let model = Model::load(artifact.path("thermometer/model.safetensors"))?;
    Ok((network_file::layers(&model)?, model.metadata))
}

/// The thermometer with reference curves and calibration, ready to read.
pub fn assemble(artifact: &Artifact, samples: &Artifact, settings: &Torus, seed: u64) -> Result<Thermometer, Error> {
    let (mlp, _) = load(artifact)?;
    let streams = Streams::new(seed);
    let read = |name: &str, n: usize| -> Result<Vec<Reading>, Error> {
        let set = ThermalSet::read(samples, name)?;
        let p = probabilities(&mlp, set.spins.view())?;
        let per = set.per_temperature;
        Ok((0..n).map(|k| Reading::of(p.slice(ndarray::s![k * per..(k + 1) * per, ..]))).collect())
    };
    let temperatures = settings.temperatures();
    let reference = Reference::new(&temperatures, read("reference", temperatures.len())?, streams)?;
    let calibration = Calibration::new(read("calibration", temperatures.len() - 1)?, streams);
    Ok(Thermometer::new(mlp, reference, calibration, streams)?)
}
