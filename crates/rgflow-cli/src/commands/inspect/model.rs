//! A model in one line, then its tensors and metadata.

use super::{described, read_results};
use rgflow_lab::artifact::{Error, Model, npz::Description};
use serde_json::{Value, json};
use std::path::Path;

/// The model in the file `path` as JSON and as text.
pub fn tensors(path: &Path) -> Result<(Value, String), Error> {
    let (metadata, all) = Model::describe(path)?;
    let pretty = serde_json::to_string_pretty(&metadata).unwrap_or_default();
    let summary = summary(path, metadata.get("rgflow").unwrap_or(&Value::Null), &all);
    let head = summary.as_ref().map(|line| format!("{}\n\n", line.replace('\n', "\\n"))).unwrap_or_default();
    let text = format!("{head}{}\nmetadata {pretty}\n", described("tensor", &all));
    Ok((json!({ "kind": "safetensors", "tensors": all, "metadata": metadata, "summary": summary }), text))
}

/// Such as `RBM, 64 binary x 64 binary, 2800 updates on digits.npy, ln p = -21.3(2)`; `None` for a model of another
/// program.
fn summary(path: &Path, said: &Value, tensors: &[Description]) -> Option<String> {
    let shape = |name: &str| Some(&tensors.iter().find(|tensor| tensor.name == name)?.shape);
    let mut parts = Vec::new();
    match said.get("kind")?.as_str()? {
        "rbm" => {
            let [visible, hidden] = shape("weights")?[..] else { return None };
            let units = |layer: &str| said["units"][layer].as_str().unwrap_or("spin").to_string();
            parts.push(format!("RBM, {visible} {} x {hidden} {}", units("visible"), units("hidden")));
            let updates = said.get("updates").and_then(Value::as_u64);
            parts.extend(updates.map(|n| format!("{n} updates{}", trained_on(path, said))));
            parts.extend(likelihood(path));
        }
        kind => {
            let layers = (0..).map_while(|l| shape(&format!("layers.{l}.weights")).filter(|shape| shape.len() == 2));
            let layers: Vec<_> = layers.collect();
            let widths = layers.iter().map(|shape| shape[0]).chain(layers.last().map(|shape| shape[1]));
            let widths = widths.map(|width| width.to_string()).collect::<Vec<_>>().join(" -> ");
            parts.push(format!("{}{}, {widths} units", kind[..1].to_uppercase(), &kind[1..]));
            let list = |key: &str| said.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
            let ends = |list: &Vec<Value>| match (list.first(), list.last()) {
                (Some(first), Some(last)) => format!("{first} to {last}").replace('"', ""),
                _ => String::new(),
            };
            parts.extend(list("temperatures").map(|t| format!("{} temperatures {}", t.len(), ends(t))));
            parts.extend(list("classes").map(|c| format!("{} classes {}", c.len(), ends(c))));
            parts.extend(Some(trained_on(path, said)).filter(|on| !on.is_empty()).map(|on| format!("trained{on}")));
            let test = &said["test"];
            let guess = test["guess"].as_f64().map(|guess| format!(" nats (a guess: {guess:.3})")).unwrap_or_default();
            parts.extend(test["cross_entropy"][0].as_f64().map(|cost| format!("test cross-entropy {cost:.3}{guess}")));
        }
    }
    Some(parts.join(", "))
}

/// ` on FILE` if the run folder around the model names its data, else ` on bits (0, 1)` from the model.
fn trained_on(path: &Path, said: &Value) -> String {
    let file = run_folder(path).and_then(|dir| {
        let config: toml::Table = std::fs::read_to_string(dir.join("config.toml")).ok()?.parse().ok()?;
        Some(config.get("input")?.get("data")?.get("file")?.as_str()?.to_string())
    });
    let values = || said["input"]["values"].as_str().map(String::from);
    file.or_else(values).map(|file| format!(" on {file}")).unwrap_or_default()
}

/// ln p of test data from the results of the run folder around the model.
fn likelihood(path: &Path) -> Option<String> {
    let dir = run_folder(path)?;
    // Results are over all seeds; they belong to the model where it is the only one.
    if dir.join("seed-2").exists() || dir.join("seed-1").exists() != path.starts_with(dir.join("seed-1")) {
        return None;
    }
    let results = read_results(&dir.join("results.json")).ok()?;
    let number = results.numbers.into_iter().find(|number| number.key == "rbm.log_likelihood.test")?;
    Some(format!("ln p = {number} of a test sample"))
}

/// The run folder `DIR` of a model `DIR/seed-K/.../model.safetensors`.
fn run_folder(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).take(5).find(|dir| dir.join("config.toml").is_file() && dir.join("results.json").is_file())
}
