//! Stage "thermometer": the split of the data, the training, and readings of samples the network never saw.

use super::settings::Settings;
use crate::artifact::{Model, network_file};
use crate::dataset::{Dataset, Kind, LATTICE_NAME, Meaning, Rows};
use crate::study::prelude::*;
use crate::study::standard::Standard;
use crate::study::training::NetworkFit;
use ndarray::{Array2, ArrayView2, s};
use rgflow::flow::Reading;
use rgflow::nn::{Activation, Data, Mlp, Targets, Trained};
use rgflow::random::{Streams, permutation};
use rgflow::statistics::mean_error;
use std::fmt::Write;

const REVISION: u32 = 7;
pub(super) const MODEL: &str = "thermometer/model.safetensors";
const CURVE: &str = "thermometer/curve.csv";
const FINDINGS: &str = "thermometer/findings.json";

/// Findings of one repetition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Findings {
    /// Mean cross-entropy of the test set, nats, error over samples.
    pub cross_entropy: Measured,
    /// Fraction of the test set whose most probable label is right, error over samples.
    pub accuracy: Measured,
    pub best_epoch: usize,
    /// (epoch, cost of training samples, cost of the test set).
    pub learning: Vec<(usize, f64, f64)>,
    /// Mean P(label | sample) of the reference set by true label, with errors: `[true][read]`.
    pub curves: Vec<Vec<Measured>>,
    /// T* of the test set of each temperature (temperatures only), and its interval.
    pub t_star: Vec<(Measured, Option<[Option<f64>; 2]>)>,
    /// Numbers of training, test and reference samples.
    pub samples: [usize; 3],
}

/// Rows of the data in training, test and reference set; each ordered by label.
struct Split {
    train: Vec<usize>,
    test: Vec<Vec<usize>>,
    reference: Vec<Vec<usize>>,
}

/// Numbers of samples of a label in training and test set, out of `n`.
pub(super) fn shares(n: usize, settings: &Settings) -> [usize; 2] {
    let test = share(n, *settings.data.test_fraction);
    [n.saturating_sub(test + share(n, *settings.data.reference_fraction)), test]
}

/// Number of samples for a `fraction`: errors need at least two blocks of ten.
fn share(n: usize, fraction: f64) -> usize {
    ((n as f64 * fraction).round() as usize).max(10)
}

/// Random split with the same fractions of every label.
fn split(classes: &[usize], n_labels: usize, settings: &Settings, streams: Streams) -> Split {
    let mut split = Split { train: vec![], test: vec![], reference: vec![] };
    for label in 0..n_labels {
        let rows: Vec<usize> = (0..classes.len()).filter(|r| classes[*r] == label).collect();
        let order = permutation(rows.len(), &mut streams.generator("thermometer/split", label as u64));
        let mut shuffled = order.into_iter().map(|i| rows[i]);
        split.test.push(shuffled.by_ref().take(share(rows.len(), *settings.data.test_fraction)).collect());
        split.reference.push(shuffled.by_ref().take(share(rows.len(), *settings.data.reference_fraction)).collect());
        split.train.extend(shuffled);
    }
    split
}

/// Makes or keeps the network and returns its readings.
pub(super) fn train(repetition: &Repetition, settings: &Settings, data: &Dataset) -> Result<Findings, Error> {
    let input = data.artifact();
    let is_real = data.kind == Kind::Real;
    let mut keyed = serde_json::to_value(settings).unwrap_or_default();
    if is_real {
        keyed["standardised"] = true.into();
    }
    let what = Stage {
        name: "thermometer",
        revision: REVISION,
        settings: &keyed,
        inputs: &[&input],
        outputs: &[MODEL, CURVE, FINDINGS],
    };
    repetition.found(what, |out| fit(out, settings, data))
}

/// Trains, writes network and learning curve, and reads the test set.
pub(super) fn fit(out: &StageOut, settings: &Settings, data: &Dataset) -> Result<Findings, Error> {
    let labels = data.labels.as_ref().ok_or_else(|| Error::failure("the data has no labels"))?;
    let (distinct, classes) = labels.classes();
    let streams = out.streams();
    let split = split(&classes, distinct.len(), settings, streams);
    let test_rows: Vec<usize> = split.test.iter().flatten().copied().collect();
    let standard = (data.kind == Kind::Real).then(|| Standard::fit(data, &split.train)).transpose()?;
    let rows = |rows: &[usize]| {
        let mut values = Rows::of(data, rows);
        if let (Rows::Values(values), Some(standard)) = (&mut values, &standard) {
            standard.apply(values);
        }
        values
    };
    let (x, y) = (rows(&split.train), rows(&test_rows));
    let of = |rows: &[usize]| rows.iter().map(|r| classes[*r]).collect::<Vec<_>>();
    let (x_classes, y_classes) = (of(&split.train), of(&test_rows));
    let mut sizes = vec![data.n_units()];
    sizes.extend(values::plain(&settings.network.hidden));
    sizes.push(distinct.len());
    let mut init = streams.generator("thermometer/init", 0);
    let mlp = Mlp::random(&sizes, *settings.network.activation, Activation::Softmax, &mut init);
    let units = 2 * split.train.len() as u64;
    out.add_work(*settings.training.length.epochs as u64 * units);
    let train_data = Data { x: x.for_network(data), targets: Targets::Classes(&x_classes) };
    let test_data = Data { x: y.for_network(data), targets: Targets::Classes(&y_classes) };
    let fit = NetworkFit {
        purpose: "thermometer",
        part: "training",
        epochs: *settings.training.length.epochs,
        batching: settings.training.method.batching(),
        descent: settings.training.method.descent(),
        patience: settings.training.length.patience,
        lower: &[("training.learning_rate", *settings.training.method.learning_rate)],
        units,
    };
    let Trained { mlp, curve: learning, .. } = fit.run(out, mlp, train_data, test_data)?;
    let mlp = match &standard {
        Some(standard) => standard.of_values_read(mlp),
        None => mlp,
    };
    let best = learning.iter().min_by(|a, b| a.test_cost.total_cmp(&b.test_cost)).map_or(0, |e| e.epoch);
    let read = |rows: &[usize]| outputs(&mlp, data, rows);
    let reference: Vec<Reading> = split.reference.iter().map(|r| Reading::of(read(r).view())).collect();
    let (cross_entropy, accuracy) = scores(read(&test_rows).view(), &y_classes);
    let meaning = if labels.meaning == Meaning::Temperature { "temperatures" } else { "classes" };
    let mut metadata = network_file::metadata(meaning, &distinct);
    if !labels.words.is_empty() {
        metadata["classes"] = labels.words.clone().into();
    }
    metadata["input"] = serde_json::json!({
        "values": data.kind.name(), "shape": data.shape, "scale": settings.data.scale, "lattice": data.lattice,
        "field": data.field,
        "blake3": data.hash,
    });
    if let Some(standard) = &standard {
        metadata["input"]["standardised"] = serde_json::to_value(standard).unwrap_or_default();
    }
    if let Some(states) = &data.states {
        metadata["input"]["states"] = states.clone().into();
    }
    if let Some(name) = data.lattice.as_ref().and_then(|lattice| lattice.name.as_deref()) {
        metadata["input"][LATTICE_NAME] = name.into();
    }
    let count = |of: &[usize], label: usize| of.iter().filter(|class| **class == label).count();
    let counts: Vec<_> = (0..distinct.len()).map(|k| [count(&x_classes, k), split.test[k].len()]).collect();
    metadata["test"] = serde_json::json!({ "cross_entropy": cross_entropy, "guess": by_frequencies(&counts).0 });
    metadata["seed"] = out.seed().into();
    metadata["settings"] = serde_json::to_value(settings).unwrap_or_default();
    let model = network_file::with_readings(network_file::with_layers(Model::new(metadata), &mlp), &reference, &[]);
    out.write(MODEL, model.to_bytes()?)?;
    let mut t_star = Vec::new();
    if labels.meaning == Meaning::Temperature {
        let thermometer = network_file::thermometer(&model, streams)?;
        for rows in &split.test {
            let star = thermometer.read(&Reading::of(read(rows).view()));
            t_star.push(((star.value, star.error), star.interval));
        }
    }
    let mut csv = String::from("epoch,train_cross_entropy,test_cross_entropy\n");
    for e in &learning {
        let _ = writeln!(csv, "{},{},{}", e.epoch, e.train_cost, e.test_cost);
    }
    out.write(CURVE, csv)?;
    Ok(Findings {
        cross_entropy,
        accuracy,
        best_epoch: best,
        learning: learning.iter().map(|e| (e.epoch, e.train_cost, e.test_cost)).collect(),
        curves: reference.iter().map(|r| r.mean().into_iter().zip(r.error()).collect()).collect(),
        t_star,
        samples: [split.train.len(), test_rows.len(), split.reference.iter().map(Vec::len).sum()],
    })
}

/// Cross-entropy (nats) and accuracy on the test set of a guess by the frequencies in the training set; `counts` by
/// label, in training and test set.
pub(super) fn by_frequencies(counts: &[[usize; 2]]) -> (f64, f64) {
    let [train, test] = [0, 1].map(|i| counts.iter().map(|c| c[i] as f64).sum::<f64>());
    let cost = |c: &[usize; 2]| -(c[1] as f64) / test * libm::log(c[0].max(1) as f64 / train);
    let most = counts.iter().max_by_key(|c| c[0]).map_or(0.0, |c| c[1] as f64 / test);
    (counts.iter().map(cost).sum(), most)
}

/// Outputs for the samples `rows`, portion by portion, so that states are not all held as numbers.
fn outputs(mlp: &Mlp, data: &Dataset, rows: &[usize]) -> Array2<f32> {
    let mut all = Array2::zeros((rows.len(), mlp.n_out()));
    for portion in data.values.portions(rows.len()) {
        let part = mlp.outputs(data.values.rows(&rows[portion.clone()]).view());
        all.slice_mut(s![portion, ..]).assign(&part);
    }
    all
}

/// Mean cross-entropy and accuracy with their errors over samples.
fn scores(probabilities: ArrayView2<f32>, classes: &[usize]) -> ((f64, f64), (f64, f64)) {
    let mean_error = |values: &[f64]| {
        let mean = mean_error(values);
        (mean.value, mean.error)
    };
    let rows = || probabilities.rows().into_iter().zip(classes);
    let costs: Vec<f64> = rows().map(|(p, class)| -libm::log(f64::from(p[*class]).max(1e-300))).collect();
    let right: Vec<f64> = rows()
        .map(|(p, class)| {
            let top = (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b]));
            f64::from(u8::from(top == Some(*class)))
        })
        .collect();
    (mean_error(&costs), mean_error(&right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_means_with_their_errors() {
        let p = ndarray::Array2::from_shape_vec((4, 2), vec![0.5, 0.5, 0.75, 0.25, 0.25, 0.75, 1.0, 0.0]).unwrap();
        let ((cost, _), (accuracy, error)) = scores(p.view(), &[0, 0, 0, 0]);
        assert!((cost - (2.0f64.ln() + (4.0f64 / 3.0).ln() + 4.0f64.ln()) / 4.0).abs() < 1e-7);
        // In a tie the later label counts as read: two of four are right.
        assert_eq!(accuracy, 0.5);
        assert!((error - (1.0f64 / 12.0).sqrt()).abs() < 1e-12);
    }
}
