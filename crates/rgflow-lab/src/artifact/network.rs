//! Perceptrons and thermometers in model files: layers, activations, and what the outputs mean.

use super::{Error, Model};
use ndarray::{Array1, Array2, Array3, ArrayView1, Axis};
use rgflow::flow::{Calibration, Reading, Reference, Thermometer};
use rgflow::nn::{Layer, Mlp};
use rgflow::random::Streams;
use serde_json::json;

/// Adds the layers of `mlp` and its activations to `model`, whose metadata is an object.
pub fn with_layers(mut model: Model, mlp: &Mlp) -> Model {
    model.metadata["format"] = super::model::FORMAT.into();
    model.metadata["activation"] = mlp.hidden.to_string().into();
    model.metadata["output"] = mlp.output.to_string().into();
    for (l, layer) in mlp.layers.iter().enumerate() {
        model = model
            .with(&format!("layers.{l}.weights"), layer.weights.clone())
            .with(&format!("layers.{l}.bias"), layer.bias.clone());
    }
    model
}

/// The network of a model file.
///
/// # Errors
/// If tensors are missing, their shapes do not follow each other, or a weight is not finite.
pub fn layers(model: &Model) -> Result<Mlp, Error> {
    let mut layers: Vec<Layer> = Vec::new();
    while model.tensors.contains_key(&format!("layers.{}.bias", layers.len())) {
        let l = layers.len();
        let weights: Array2<f32> = model.tensor(&format!("layers.{l}.weights"))?;
        let bias: Array1<f32> = model.tensor(&format!("layers.{l}.bias"))?;
        let fits = layers.last().is_none_or(|before| before.bias.len() == weights.nrows());
        if !fits || weights.ncols() != bias.len() || weights.is_empty() {
            return Err(Error::failure(format!(
                "layers.{l}: its shapes do not fit each other or the layer before it; write the model again"
            )));
        }
        if weights.iter().chain(&bias).any(|w| !w.is_finite()) {
            return Err(Error::failure(format!(
                "layers.{l}: a weight is not a finite number; train the network again"
            )));
        }
        layers.push(Layer { weights, bias });
    }
    if layers.is_empty() {
        return Err(Error::failure("the model has no layers: it is no network; give one of rgflow train thermometer"));
    }
    let mut mlp = Mlp::classifier(layers);
    for (key, activation) in [("activation", &mut mlp.hidden), ("output", &mut mlp.output)] {
        if let Some(name) = model.metadata.get(key).and_then(|name| name.as_str()) {
            *activation =
                name.parse().map_err(|e| Error::failure(format!("metadata `{key}`: {e}; write the model again")))?;
        }
    }
    Ok(mlp)
}

/// Adds what a thermometer needs to read T* with errors anywhere: block means of P(T) of its reference sets, shape
/// (temperatures, blocks, temperatures), and of the sets halfway between, if there are any.
pub fn with_readings(mut model: Model, reference: &[Reading], midpoints: &[Reading]) -> Model {
    for (name, readings) in [("reference_blocks", reference), ("midpoint_blocks", midpoints)] {
        let least = readings.iter().map(|r| r.strata[0].nrows()).min().unwrap_or(0);
        let parts: Vec<_> = readings
            .iter()
            .map(|r| r.strata[0].slice(ndarray::s![..least, ..]).mapv(|p| p as f32).insert_axis(Axis(0)))
            .collect();
        let views: Vec<_> = parts.iter().map(|p| p.view()).collect();
        if let Ok(blocks) = ndarray::concatenate(Axis(0), &views) {
            model = model.with(name, blocks);
        }
    }
    model
}

/// Temperatures beyond this have no meaning, and sums and squares of them no number.
const HOTTEST: f64 = 1e100;

/// What makes a network a thermometer: the temperatures of its outputs, and the readings of its reference sets and of the sets halfway
/// between (or none), each of at least one block.
type Curves = (Vec<f64>, Vec<Reading>, Vec<Reading>);

/// The curves of a model file whose network is `mlp`.
///
/// # Errors
/// If temperatures do not rise from at least 0, or blocks are missing, have other shapes, or are no mean probabilities.
pub fn curves(model: &Model, mlp: &Mlp) -> Result<Curves, Error> {
    let wrong = |what: String| Error::failure(format!("{what}; give a model of rgflow train thermometer"));
    let temperatures: Option<Vec<f64>> =
        model.metadata.get("temperatures").and_then(|t| serde_json::from_value(t.clone()).ok());
    let temperatures = temperatures.filter(|t| t.len() >= 2 && t.len() == mlp.n_out());
    let temperatures = temperatures.ok_or_else(|| {
        wrong("the model has no temperatures, at least two and one for each output: it is no thermometer".into())
    })?;
    if let Some(bad) = temperatures.iter().find(|t| !(0.0..=HOTTEST).contains(*t)) {
        return Err(wrong(format!(
            "metadata `temperatures` holds {bad}: a temperature is at least 0 and finite (J/k_B)"
        )));
    }
    if let Some(pair) = temperatures.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(wrong(format!("metadata `temperatures` goes from {} to {}: they must rise", pair[0], pair[1])));
    }
    let n = temperatures.len();
    let readings = |name: &str, sets: usize| -> Result<Vec<Reading>, Error> {
        let blocks: Array3<f32> = model.tensor(name)?;
        let shape = blocks.dim();
        if shape.0 != sets || shape.1 == 0 || shape.2 != n {
            return Err(wrong(format!(
                "{name} has the shape {shape:?}: expected ({sets}, blocks, {n}) with at least one block"
            )));
        }
        // The mean of softmax outputs, rounded to f32.
        let fine = |p: &[f32]| p.iter().all(|p| *p >= 0.0) && (p.iter().sum::<f32>() - 1.0).abs() < 1e-3;
        if let Some(bad) = blocks.rows().into_iter().find(|row| !fine(&row.to_vec())) {
            let sum: f32 = bad.sum();
            return Err(wrong(format!(
                "{name} holds a block that is no probability (least {}, sum {sum})",
                least(bad)
            )));
        }
        Ok(blocks.outer_iter().map(|b| Reading { strata: vec![b.mapv(f64::from)] }).collect())
    };
    let reference = readings("reference_blocks", n)?;
    let midpoints = match model.tensors.contains_key("midpoint_blocks") {
        true => readings("midpoint_blocks", n - 1)?,
        false => Vec::new(),
    };
    Ok((temperatures, reference, midpoints))
}

fn least(row: ArrayView1<f32>) -> f32 {
    row.iter().copied().fold(f32::INFINITY, f32::min)
}

/// The thermometer of a model file, ready to read; `streams` feeds its bootstrap.
///
/// # Errors
/// If the file holds no thermometer, as [`curves`].
pub fn thermometer(model: &Model, streams: Streams) -> Result<Thermometer, Error> {
    let mlp = layers(model)?;
    let (temperatures, reference, midpoints) = curves(model, &mlp)?;
    let reference = Reference::new(&temperatures, reference, streams);
    Ok(Thermometer::new(mlp, reference, Calibration::new(midpoints, streams), streams))
}

/// Metadata of a network with softmax outputs.
pub fn metadata(meaning: &str, outputs: &[f64]) -> serde_json::Value {
    let kind = if meaning == "temperatures" { "thermometer" } else { "classifier" };
    json!({ "kind": kind, meaning: outputs })
}

/// What the outputs of a network stand for: temperatures (`true`) or classes, and their values; positions where the file does
/// not say.
pub fn outputs(model: &Model, mlp: &Mlp) -> (bool, Vec<f64>) {
    let list = |key: &str| -> Option<Vec<f64>> {
        let values = model.metadata.get(key)?.clone();
        serde_json::from_value(values).ok().filter(|v: &Vec<f64>| v.len() == mlp.n_out())
    };
    match (list("temperatures"), list("classes")) {
        (Some(temperatures), _) => (true, temperatures),
        (None, Some(classes)) => (false, classes),
        (None, None) => (false, (0..mlp.n_out()).map(|k| k as f64).collect()),
    }
}
