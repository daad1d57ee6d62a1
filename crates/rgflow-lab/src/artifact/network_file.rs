//! Perceptrons and thermometers in model files: layers, activations, and the meaning of the outputs.

use super::{Error, Model};
use ndarray::{Array1, Array2, Array3, ArrayView1, Axis};
use rgflow::flow::{Calibration, Reading, Reference, Thermometer};
use rgflow::nn::{Activation, Layer, Mlp};
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

/// Network of a model file.
///
/// # Errors
/// If tensors are missing, consecutive shapes do not match, or a weight is not finite.
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
    // A gap in the numbering would silently drop the later layers.
    let own = |name: &str| {
        let layer = name.strip_prefix("layers.").and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
        layer.is_some_and(|l| l < layers.len())
    };
    if let Some(lost) = model.tensors.keys().find(|name| name.starts_with("layers.") && !own(name)) {
        return Err(Error::failure(format!(
            "tensor `{lost}` belongs to none of the {} layers in their order; write the model again",
            layers.len()
        )));
    }
    let mut mlp = Mlp::classifier(layers);
    for (key, activation) in [("activation", &mut mlp.hidden), ("output", &mut mlp.output)] {
        let Some(name) = model.metadata.get(key) else { continue };
        let named = name.as_str().ok_or_else(|| format!("{name} is no name"));
        *activation = named
            .and_then(|name| name.parse().map_err(|e: rgflow::nn::NnError| e.to_string()))
            .map_err(|e| Error::failure(format!("metadata `{key}`: {e}; write the model again")))?;
    }
    outputs(model, &mlp)?;
    Ok(mlp)
}

/// Adds the data that a thermometer needs to read T* with errors: block means of P(T) of its reference sets, shape
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

/// Largest temperature accepted: beyond it sums and squares overflow.
const HOTTEST: f64 = 1e100;

/// The data of a thermometer: temperatures of the outputs, readings of the reference sets and of the sets halfway
/// between (possibly none), each of at least one block.
type Curves = (Vec<f64>, Vec<Reading>, Vec<Reading>);

/// Reference curves of a model file whose network is `mlp`.
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
        // A mean of softmax outputs, rounded to f32.
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
    if mlp.output != Activation::Softmax {
        return Err(wrong(format!(
            "metadata `output` is {}: a thermometer's outputs are probabilities (softmax)",
            mlp.output
        )));
    }
    let reference = readings("reference_blocks", n)?;
    // Neighbours may be equal: below T = 0.5 both are ground states.
    let blind = reference.iter().all(|r| r.strata == reference[0].strata);
    if blind {
        return Err(wrong("reference_blocks are the same at all temperatures: this network tells none apart".into()));
    }
    let midpoints = match model.tensors.contains_key("midpoint_blocks") {
        true => readings("midpoint_blocks", n - 1)?,
        false => Vec::new(),
    };
    Ok((temperatures, reference, midpoints))
}

fn least(row: ArrayView1<f32>) -> f32 {
    row.iter().copied().fold(f32::INFINITY, f32::min)
}

/// Thermometer of a model file, ready to read; `streams` feeds its bootstrap.
///
/// # Errors
/// If the file holds no thermometer, or as [`curves`].
pub fn thermometer(model: &Model, streams: Streams) -> Result<Thermometer, Error> {
    let mlp = layers(model)?;
    let (temperatures, reference, midpoints) = curves(model, &mlp)?;
    let reference = Reference::new(&temperatures, reference, streams)?;
    Ok(Thermometer::new(mlp, reference, Calibration::new(midpoints, streams), streams)?)
}

/// Metadata of a network with softmax outputs.
pub fn metadata(meaning: &str, outputs: &[f64]) -> serde_json::Value {
    let kind = if meaning == "temperatures" { "thermometer" } else { "classifier" };
    json!({ "kind": kind, meaning: outputs })
}

/// Meaning of the outputs of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// Whether the outputs stand for temperatures (otherwise for classes).
    pub temperatures: bool,
    /// Values of the outputs; positions where classes are words or the file does not say.
    pub values: Vec<f64>,
    /// Names of the outputs.
    pub names: Vec<String>,
}

impl Outputs {
    /// Legend for an axis of positions where names are words; empty where they are numbers.
    pub fn legend(&self) -> String {
        legend(&self.names, &self.values)
    }
}

/// Word for each of `values`, as ` (0 = cat, 1 = dog)`; empty where `names` are the values themselves.
pub fn legend(names: &[String], values: &[f64]) -> String {
    const MOST: usize = 12;
    let pairs: Vec<String> = names.iter().zip(values).take(MOST).map(|(name, v)| format!("{v} = {name}")).collect();
    let rest = if names.len() > MOST { " ..." } else { "" };
    let plain = names.iter().zip(values).all(|(name, v)| *name == v.to_string());
    if plain { String::new() } else { format!(" ({}{rest})", pairs.join(", ")) }
}

/// Meaning of the outputs of the network `mlp` of a file; positions where the file does not say.
///
/// # Errors
/// If the metadata are malformed, have another number of outputs, or name both temperatures and classes.
pub fn outputs(model: &Model, mlp: &Mlp) -> Result<Outputs, Error> {
    let n = mlp.n_out();
    let said = |key: &str| model.metadata.get(key).filter(|list| !list.is_null());
    let numbers = |values: Vec<f64>, temperatures| {
        let names = values.iter().map(ToString::to_string).collect();
        Outputs { temperatures, values, names }
    };
    let positions = || (0..n).map(|k| k as f64).collect::<Vec<_>>();
    let list = |key: &str, value: &serde_json::Value| -> Result<Outputs, Error> {
        let temperatures = key == "temperatures";
        let found = match serde_json::from_value::<Vec<f64>>(value.clone()) {
            Ok(values) => Some(numbers(values, temperatures)),
            Err(_) if temperatures => None,
            Err(_) => serde_json::from_value(value.clone()).ok().map(|names| Outputs {
                temperatures: false,
                values: positions(),
                names,
            }),
        };
        found.filter(|o| o.names.len() == n && o.values.len() == n).ok_or_else(|| {
            Error::failure(format!(
                "metadata `{key}` does not hold one for each output of the network, {n} in all; give a model that \
                 rgflow wrote"
            ))
        })
    };
    let kind = model.metadata.get("kind").and_then(|kind| kind.as_str());
    for (of, key) in [("classifier", "temperatures"), ("thermometer", "classes")] {
        if kind == Some(of) && said(key).is_some() {
            return Err(Error::failure(format!(
                "metadata `kind` is {of} and there are `{key}`: they contradict each other; give a model that rgflow \
                 wrote"
            )));
        }
    }
    match (said("temperatures"), said("classes")) {
        (Some(_), Some(_)) => {
            Err(Error::failure("metadata name both `temperatures` and `classes`; give a model that rgflow wrote"))
        }
        (Some(value), None) => list("temperatures", value),
        (None, Some(value)) => list("classes", value),
        (None, None) => Ok(numbers(positions(), false)),
    }
}

/// Whether a network has learnt something, by cross-entropies in nats: `cost` of the test set with its error, `guess`
/// by the frequencies of the labels.
pub fn has_learnt(cost: f64, error: f64, guess: f64) -> bool {
    cost + 2.0 * error < guess
}

/// Test cross-entropy and that of a guess, where the file gives them and they show that the network has learnt nothing.
pub fn learnt_nothing(model: &Model) -> Option<[f64; 2]> {
    let test = model.metadata.get("test")?;
    let (cost, error): (f64, f64) = serde_json::from_value(test.get("cross_entropy")?.clone()).ok()?;
    let guess = test.get("guess")?.as_f64()?;
    (!has_learnt(cost, error, guess)).then_some([cost, guess])
}

/// The same network for inputs v, where the model reads v' = `factor` v + `shift`: exact up to the rounding of its
/// first layer.
///
/// # Errors
/// As [`layers`].
pub fn of_other_values(mut model: Model, factor: f32, shift: f32) -> Result<Model, Error> {
    let first = layers(&model)?.layers.swap_remove(0);
    // W^T (factor v + shift) + b; sums in f64.
    let sums = first.weights.columns().into_iter().map(|column| column.iter().map(|w| f64::from(*w)).sum::<f64>());
    let bias: Array1<f32> =
        first.bias.iter().zip(sums).map(|(b, sum)| (f64::from(*b) + f64::from(shift) * sum) as f32).collect();
    model = model.with("layers.0.weights", first.weights.mapv(|w| factor * w)).with("layers.0.bias", bias);
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(metadata: serde_json::Value) -> (Model, Mlp) {
        let mut random = Streams::new(3).generator("network-test", 0);
        let mlp = Mlp::random(&[6, 5, 2], Activation::Tanh, Activation::Softmax, &mut random);
        (with_layers(Model::new(metadata), &mlp), mlp)
    }

    /// All 64 states: a converted network reads spins as the original reads their bits. 1e-6: rounding of 6 weights to
    /// f32.
    #[test]
    fn a_network_of_bits_reads_spins() {
        let (model, bits) = network(json!({}));
        let spins = layers(&of_other_values(model, 0.5, 0.5).unwrap()).unwrap();
        let states = Array2::from_shape_fn((64, 6), |(s, i)| (s >> i & 1) as f32);
        let expected = bits.outputs(states.view());
        let found = spins.outputs(states.mapv(|b| 2.0 * b - 1.0).view());
        assert!(expected.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn outputs_are_named_or_refused() {
        let (model, mlp) = network(json!({ "classes": ["cat", "dog"] }));
        let named = outputs(&model, &mlp).unwrap();
        assert_eq!((named.legend().as_str(), named.values.as_slice()), (" (0 = cat, 1 = dog)", &[0.0, 1.0][..]));
        let (model, mlp) = network(json!({ "classes": [3.0, 7.0] }));
        assert_eq!(outputs(&model, &mlp).unwrap().legend(), "");
        for odd in [
            json!({ "classes": [1.0] }),
            json!({ "classes": 7 }),
            json!({ "temperatures": ["a", "b"] }),
            json!({ "temperatures": [1.0, 2.0, 3.0] }),
            json!({ "temperatures": [1.0, 2.0], "classes": [1.0, 2.0] }),
            json!({ "kind": "classifier", "temperatures": [1.0, 2.0] }),
            json!({ "kind": "thermometer", "classes": [1.0, 2.0] }),
        ] {
            assert!(layers(&network(odd.clone()).0).is_err(), "{odd}");
        }
        let blocks = Array3::from_shape_fn((2, 1, 2), |(t, _, k)| if t == k { 0.75 } else { 0.25 });
        let (model, mut mlp) = network(json!({ "kind": "thermometer", "temperatures": [1.0, 2.0] }));
        let model = model.with("reference_blocks", blocks);
        assert!(curves(&model, &mlp).is_ok());
        mlp.output = Activation::Sigmoid;
        assert!(curves(&model, &mlp).unwrap_err().to_string().contains("`output` is sigmoid"));
        let (model, _) = network(json!({}));
        let gap = model.with("layers.3.bias", ndarray::arr1(&[0.0f32]));
        assert!(layers(&gap).unwrap_err().to_string().contains("layers.3.bias"));
        let (mut model, _) = network(json!({}));
        model.metadata["activation"] = 7.into();
        assert!(layers(&model).unwrap_err().to_string().contains("`activation`"));
    }
}
