//! Promise: data as people have them are trained on and flowed from by flags of the command: labels by any name, a file for each temperature,
//! continuous temperatures. A note says what was taken, an error names the flag.

use crate::common::place::Place;
use ndarray::{Array1, Array2, arr1};
use rgflow_lab::artifact::{Model, npz};

/// Samples of six spins, ordered below the middle and disordered above.
fn spins(n: usize, seed: usize) -> Array2<i8> {
    Array2::from_shape_fn((n, 6), |(i, j)| {
        let noise = (i * i * 7 + 13 * j * (i + seed) + j * j) % 17;
        if seed == 0 && noise < 15 || noise < 8 { 1 } else { -1 }
    })
}

fn file(place: &Place, name: &str, arrays: impl FnOnce(&mut npz::Writer)) {
    let mut file = npz::Writer::new();
    arrays(&mut file);
    std::fs::write(place.path(name), file.finish().unwrap()).unwrap();
}

const QUICK: &str = "--epochs 2";

#[test]
fn labels_are_named_by_flags() {
    let place = Place::new();
    let all = ndarray::concatenate![ndarray::Axis(0), spins(40, 0), spins(40, 1)];
    let theta = Array1::from_shape_fn(80, |i| if i < 40 { 1.0 } else { 4.0 });
    file(&place, "a.npz", |file| {
        file.add("0", &all).unwrap();
        file.add("theta", &theta).unwrap();
    });
    place.refused(
        &format!("train thermometer a.npz {QUICK}"),
        &["no labels by a usual name", "--labels theta", "theta"],
    );
    place.refused(
        &format!("train thermometer a.npz --temperatures Theta {QUICK}"),
        &["did you mean --temperatures theta?"],
    );
    let temperatures = |out: &str| {
        let model = Model::load(place.path(out).join("seed-1/thermometer/model.safetensors")).unwrap();
        model.metadata["temperatures"].clone()
    };
    place.done(&format!("train thermometer a.npz --temperatures theta {QUICK} --out t"));
    assert_eq!(temperatures("t"), serde_json::json!([1.0, 4.0]));
    place.done(&format!("train thermometer a.npz --set data.array=0 --beta theta {QUICK} --out b"));
    assert_eq!(temperatures("b"), serde_json::json!([0.25, 1.0]));
    place.done(&format!("train thermometer a.npz --array 0 --labels theta {QUICK} --out c"));
    assert_eq!(temperatures("c"), serde_json::Value::Null);
    place.done("train rbm a.npz --epochs 1 --set samples.steps=2 --shape 2,3 --out rbm");
    let said = place.done("flow rbm/seed-1/rbm/model.safetensors a.npz --beta theta --steps 8 --out flow");
    assert!(said.contains("`theta` is taken for inverse temperatures"), "{said}");
    assert!(place.read("flow/seed-1/flow-gibbs/series.csv").contains("\n0,0.25,"), "1/4 is a start");
    place.refused("train thermometer a.npz --beta theta --labels theta", &["cannot be used with"]);
    let config = place.read("t/config.toml");
    assert!(config.contains("labels = \"theta\"") && config.contains("labels_are = \"temperatures\""), "{config}");
}

#[test]
fn a_file_for_each_temperature() {
    let place = Place::new();
    for (t, seed) in [("1.5", 0), ("3.5", 1)] {
        file(&place, &format!("T{t}.npz"), |file| file.add("spins", &spins(40, seed)).unwrap());
    }
    let said = place.done(&format!("train thermometer T1.5.npz T3.5.npz {QUICK} --out names"));
    assert!(
        said.contains("note: temperatures are those in the names of the files: 1.5 (T1.5.npz), 3.5 (T3.5.npz)"),
        "{said}"
    );
    let config: toml::Table = place.read("names/config.toml").parse().unwrap();
    let input = config["input"].as_table().unwrap();
    let named: Vec<_> = input.iter().map(|(key, file)| (key.as_str(), file["file"].as_str().unwrap())).collect();
    assert_eq!(named, [("data-1", "T1.5.npz"), ("data-2", "T3.5.npz")]);
    // The same again is complete; renamed files are another configuration.
    assert!(place.done(&format!("train thermometer T1.5.npz T3.5.npz {QUICK} --out names")).contains("nothing to do"));
    std::fs::copy(place.path("T3.5.npz"), place.path("T3.npz")).unwrap();
    place.refused(&format!("train thermometer T1.5.npz T3.npz {QUICK} --out names"), &["another configuration"]);
    place.done(&format!("train thermometer T1.5.npz T3.npz --temperatures 1..2:1 {QUICK} --out given"));
    let model = Model::load(place.path("given/seed-1/thermometer/model.safetensors")).unwrap();
    assert_eq!(model.metadata["temperatures"], serde_json::json!([1.0, 2.0]));
    place.done("train rbm T1.5.npz T3.5.npz --epochs 1 --set samples.steps=2");
    let reader = "--read names/seed-1/thermometer/model.safetensors";
    place.done(&format!(
        "flow runs/T1.5-rbm/seed-1/rbm/model.safetensors T1.5.npz T3.5.npz {reader} --steps 8 --out flow"
    ));
    assert!(place.read("flow/results.json").contains("flow.gibbs.from.T3.5.T_star"));
    file(&place, "a.npz", |file| file.add("spins", &spins(40, 0)).unwrap());
    place.refused(&format!("train thermometer a.npz T3.5.npz {QUICK}"), &["no labels", "--temperatures 1.5,2.0"]);
}

#[test]
fn continuous_temperatures_are_put_into_bins() {
    let place = Place::new();
    let t = Array1::from_shape_fn(120, |i| 1.0 + 0.025 * i as f64);
    let all = ndarray::concatenate![ndarray::Axis(0), spins(60, 0), spins(60, 1)];
    file(&place, "a.npz", |file| {
        file.add("spins", &all).unwrap();
        file.add("T", &t).unwrap();
    });
    place.refused(&format!("train thermometer a.npz {QUICK}"), &["label 1 has 1 samples", "--bins 4"]);
    let said = place.done(&format!("train thermometer a.npz --bins 3 {QUICK} --out bins"));
    assert!(
        said.contains("120 temperatures are put into 3 bins of 40 samples; each bin is read as its mean temperature"),
        "{said}"
    );
    let model = Model::load(place.path("bins/seed-1/thermometer/model.safetensors")).unwrap();
    assert_eq!(model.metadata["temperatures"], serde_json::json!([1.4875, 2.4875, 3.4875]));
    place.done("train rbm a.npz --epochs 1 --set samples.steps=2 --out rbm");
    place.refused("flow rbm/seed-1/rbm/model.safetensors a.npz", &["a start has 1 samples", "--bins 20"]);
    place.done("flow rbm/seed-1/rbm/model.safetensors a.npz --bins 3 --steps 8 --out flow");
    file(&place, "classes.npz", |file| {
        file.add("x", &all).unwrap();
        file.add("y", &arr1(&[1.0, 2.0].repeat(60))).unwrap();
    });
    place.refused(&format!("train thermometer classes.npz --bins 3 {QUICK}"), &["--bins is for temperatures"]);
}
