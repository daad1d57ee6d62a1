//! Promise: files of one's own are read as they say, and files that are used together are of one kind: in values,
//! shape, lattice and scale. What differs is converted where that is exact, and said, on the terminal and on the page,
//! or refused with both named.

use crate::common::place::Place;
use ndarray::{Array1, Array2, Array3, ArrayD, Dimension, arr1};
use rgflow::nn::{Activation, Mlp};
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Units};
use rgflow_lab::artifact::{Model, network_file, rbm_file};
use serde_json::{Value, json};
use std::path::Path;

/// Units of all samples.
const UNITS: usize = 6;
/// Samples of a file, half of them of each temperature.
const SAMPLES: usize = 80;

impl Place {
    /// Refused before anything else is said: one line with all of `parts` and a remedy.
    fn refused_at_once(&self, line: &str, parts: &[&str]) {
        self.refused(line, parts);
        let said = String::from_utf8(self.run(line).stderr).unwrap();
        assert!(said.lines().count() == 1 && said.contains(';'), "{line}: {said}");
    }

    /// Samples with temperatures; those of rgflow's own have a lattice.
    fn samples<D: Dimension>(&self, name: &str, values: &ndarray::Array<f32, D>, lattice: Option<(&[u32], u32)>) {
        self.archive(name, |file| {
            file.add("spins", values).unwrap();
            file.add("temperatures", &temperatures()).unwrap();
            if let Some((extents, neighbours)) = lattice {
                file.add("lattice", &arr1(extents)).unwrap();
                file.add("coordination", &arr1(&[neighbours])).unwrap();
            }
        });
    }

    /// A machine of `units` whose file says that it is made of `input`.
    fn machine(&self, name: &str, units: Units, input: &Value) {
        let rbm = Rbm::random(UNITS, 3, 0.3, &mut Streams::new(1).generator("own-data/rbm", 0));
        let model = rbm_file::model(&rbm.with_units(units.clone(), units).unwrap(), json!({ "input": input }));
        std::fs::write(self.path(name), model.to_bytes().unwrap()).unwrap();
    }

    /// A network that reads the same; with `test`, what it scored.
    fn reader(&self, name: &str, input: &Value, test: Value) {
        let mut random = Streams::new(1).generator("own-data/network", 0);
        let mlp = Mlp::random(&[UNITS, 5, 2], Activation::Tanh, Activation::Softmax, &mut random);
        let mut metadata = network_file::metadata("temperatures", &[1.0, 3.0]);
        (metadata["input"], metadata["test"]) = (input.clone(), test);
        let model = network_file::with_layers(Model::new(metadata), &mlp);
        std::fs::write(self.path(name), model.to_bytes().unwrap()).unwrap();
    }
}

/// The input that the file of a model describes, of spins or bits.
fn of(values: &str) -> Value {
    json!({ "values": values })
}

const SPINS: &str = "spins (-1, +1)";
const BITS: &str = "bits (0, 1)";
const GREY: &str = "grey levels in [0, 1]";

fn temperatures() -> Array1<f64> {
    Array1::from_shape_fn(SAMPLES, |i| if i < SAMPLES / 2 { 1.0 } else { 3.0 })
}

fn spins() -> Array2<f32> {
    Array2::from_shape_fn((SAMPLES, UNITS), |(i, j)| if (i * i + 7 * i * j) % 11 < 5 { 1.0 } else { -1.0 })
}

fn bits() -> Array2<f32> {
    spins().mapv(|s| (s + 1.0) / 2.0)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// B4, values: samples of spins and of the same bits give the same flow of either machine, read by either network.
#[test]
fn machines_readers_and_samples_of_other_values_are_converted() {
    let place = Place::new();
    place.samples("spins.npz", &spins(), None);
    place.samples("bits.npz", &bits(), None);
    for (name, units, values) in [("spins", Units::SPIN, SPINS), ("bits", Units::BINARY, BITS)] {
        place.machine(&format!("{name}-rbm.safetensors"), units, &of(values));
        place.reader(&format!("{name}-reader.safetensors"), &of(values), Value::Null);
    }
    for machine in ["spins", "bits"] {
        let mut series = Vec::new();
        for reader in ["spins", "bits"] {
            for data in ["spins", "bits"] {
                let out = format!("{machine}-{reader}-{data}");
                let said = place.done(&format!(
                    "flow {machine}-rbm.safetensors {data}.npz --read {reader}-reader.safetensors --steps 8 --out {out}"
                ));
                let conversions = said.lines().filter(|line| line.contains("which is exact")).count();
                assert_eq!(conversions, usize::from(data != machine) + usize::from(reader != machine), "{said}");
                let page = read(&place.path(&out).join("report.html"));
                assert_eq!(page.contains("which is exact"), conversions > 0, "{out}");
                if data != machine {
                    assert!(said.contains(&format!("note: {data}.npz: ")), "{said}");
                }
                series.push((reader, read(&place.path(&out).join("seed-1/flow-gibbs/series.csv"))));
            }
        }
        for pair in series.chunks(2) {
            assert!(pair[0].1 == pair[1].1, "{machine}, read by {}: the samples are the same", pair[0].0);
        }
    }
    // Between two-valued units and real numbers or grey levels nothing is exact.
    place.samples("grey.npz", &bits().mapv(|b| 0.25 + 0.5 * b), None);
    place.refused_at_once("flow spins-rbm.safetensors grey.npz", &["spins-rbm.safetensors", "grey.npz", SPINS, GREY]);
    place.machine("grey-rbm.safetensors", Units::BINARY, &of(GREY));
    place.refused_at_once(
        "flow grey-rbm.safetensors bits.npz --read spins-reader.safetensors",
        &["grey-rbm", "spins-reader"],
    );
}

/// B4, values of a training: the units that are asked for are those of the machine.
#[test]
fn samples_are_converted_to_the_units_that_are_asked_for() {
    let place = Place::new();
    place.samples("spins.npz", &spins(), None);
    place.samples("bits.npz", &bits(), None);
    let train = |data: &str, units: &str, out: &str| {
        place.done(&format!("train rbm {data}.npz --units {units} --epochs 2 --set samples.steps=2 --out {out}"))
    };
    let said = train("bits", "spin", "converted");
    assert!(said.contains("note: bits.npz: bits (0, 1) are converted to spins (-1, +1), which is exact"), "{said}");
    assert!(!train("spins", "spin", "plain").contains("converted"));
    let model = |out: &str| Model::load(place.path(out).join("seed-1/rbm/model.safetensors")).unwrap();
    let (converted, plain) = (model("converted"), model("plain"));
    assert_eq!(converted.tensors, plain.tensors, "the same samples give the same machine");
    assert_eq!(converted.metadata["input"]["values"], SPINS);
    assert!(train("spins", "0.25,0.75", "other").contains("are converted to 0.25 and 0.75"));
}

/// B4, shape: of as many values in other rows.
#[test]
fn samples_of_another_shape_are_refused() {
    let place = Place::new();
    let shaped = |shape: [usize; 2]| json!({ "values": SPINS, "shape": shape });
    place.samples("wide.npz", &spins().into_shape_with_order((SAMPLES, 2, 3)).unwrap(), None);
    place.samples("tall.npz", &spins().into_shape_with_order((SAMPLES, 3, 2)).unwrap(), None);
    place.samples("flat.npz", &spins(), None);
    place.machine("wide.safetensors", Units::SPIN, &shaped([2, 3]));
    place.reader("tall-reader.safetensors", &shaped([3, 2]), Value::Null);
    place.refused_at_once("flow wide.safetensors tall.npz", &["wide.safetensors", "tall.npz", "2 x 3", "3 x 2"]);
    let parts = ["wide.safetensors", "tall-reader.safetensors", "2 x 3", "3 x 2"];
    place.refused_at_once("flow wide.safetensors wide.npz --read tall-reader.safetensors", &parts);
    place.done("flow wide.safetensors flat.npz --steps 8 --out flat");
}

/// B4, lattice: p22 and its like, every pair of machine, reader and samples.
#[test]
fn files_of_other_lattices_are_refused() {
    let place = Place::new();
    let lattices: [(&str, &[u32], u32); 3] =
        [("square 3 x 2", &[3, 2], 4), ("square 2 x 3", &[2, 3], 4), ("ring 6", &[6], 2)];
    for (k, (_, extents, neighbours)) in lattices.iter().enumerate() {
        let input = json!({ "values": SPINS, "lattice": [extents, neighbours] });
        place.samples(&format!("{k}.npz"), &spins(), Some((extents, *neighbours)));
        place.machine(&format!("rbm-{k}.safetensors"), Units::SPIN, &input);
        place.reader(&format!("reader-{k}.safetensors"), &input, Value::Null);
    }
    for (a, b) in [(0, 1), (0, 2), (1, 2), (2, 0)] {
        let names = [lattices[a].0, lattices[b].0];
        place.refused_at_once(&format!("flow rbm-{a}.safetensors {b}.npz"), &names);
        place.refused_at_once(&format!("flow rbm-{a}.safetensors {a}.npz --read reader-{b}.safetensors"), &names);
        place.refused_at_once(&format!("flow rbm-{a}.safetensors {b}.npz --read reader-{b}.safetensors"), &names);
    }
    place.done("flow rbm-0.safetensors 0.npz --read reader-0.safetensors --steps 8 --out right");
}

/// B4, field: of machine, reader and samples.
#[test]
fn files_of_other_fields_are_refused() {
    let place = Place::new();
    for (name, h) in [("none", 0.0), ("field", 0.3)] {
        let input = json!({ "values": SPINS, "lattice": [[3, 2], 4], "field": h });
        place.archive(&format!("{name}.npz"), |file| {
            file.add("spins", &spins()).unwrap();
            file.add("temperatures", &temperatures()).unwrap();
            file.add("lattice", &arr1(&[3u32, 2])).unwrap();
            file.add("field", &ndarray::arr0(h)).unwrap();
        });
        place.machine(&format!("rbm-{name}.safetensors"), Units::SPIN, &input);
        place.reader(&format!("reader-{name}.safetensors"), &input, Value::Null);
    }
    place.refused_at_once("flow rbm-field.safetensors none.npz", &["rbm-field", "none.npz", "field 0.3", "field"]);
    let reader = "--read reader-field.safetensors";
    place.refused_at_once(
        &format!("flow rbm-none.safetensors none.npz {reader}"),
        &["reader-field", "rbm-none", "one field"],
    );
    place.done(&format!("flow rbm-field.safetensors field.npz {reader} --steps 8 --out right"));
    place.done("train rbm field.npz --epochs 1 --out trained");
    let parts = ["trained", "none.npz", "one field"];
    place.refused_at_once("flow trained/seed-1/rbm/model.safetensors none.npz", &parts);
}

/// B4, scale: grey levels that were divided by other numbers.
#[test]
fn files_of_other_scales_are_refused() {
    let place = Place::new();
    let input = |scale: f64| json!({ "values": GREY, "scale": scale });
    place.samples("grey.npz", &Array2::from_shape_fn((SAMPLES, UNITS), |(i, j)| ((3 * i + 5 * j) % 17) as f32), None);
    place.machine("rbm.safetensors", Units::BINARY, &input(16.0));
    place.reader("reader.safetensors", &input(255.0), Value::Null);
    place.refused_at_once(
        "flow rbm.safetensors grey.npz --scale 255",
        &["rbm.safetensors", "grey.npz", "16", "255", "--scale"],
    );
    place.refused_at_once(
        "flow rbm.safetensors grey.npz --scale 16 --read reader.safetensors",
        &["rbm", "reader", "16", "255"],
    );
    place.done("flow rbm.safetensors grey.npz --scale 16 --steps 8 --out right");
}

/// B6: arrays that belong together are found by name or number; where two could be meant the file is refused.
#[test]
fn arrays_are_paired_or_refused() {
    let place = Place::new();
    let (half, other) = (arr1(&[1.0; SAMPLES]), temperatures());
    let train = "--epochs 2 --set data.test_fraction=0.2";
    place.archive("numbers.npz", |file| {
        file.add("spins_1", &spins()).unwrap();
        file.add("temperatures_1", &other).unwrap();
        file.add("spins_2", &spins()).unwrap();
        file.add("temperatures_2", &half).unwrap();
    });
    place.refused_at_once(&format!("train thermometer numbers.npz {train}"), &["spins_1, spins_2", "--array"]);
    let said = place.done(&format!("train thermometer numbers.npz --array spins_1 {train} --out one"));
    assert!(said.contains("`temperatures_1` is taken for the labels of `spins_1`"), "{said}");
    assert!(read(&place.path("one/report.html")).contains("is taken for the labels of"), "the page says so");
    let parts = ["all samples have the label 1"];
    place.refused_at_once(&format!("train thermometer numbers.npz --array spins_2 {train} --out two"), &parts);
    place.archive("candidates.npz", |file| {
        file.add("spins", &spins()).unwrap();
        file.add("samples", &bits()).unwrap();
    });
    place.refused_at_once("train rbm candidates.npz", &["spins, samples", "--array"]);
    place.archive("long.npz", |file| file.add(&"x".repeat(60_000), &spins()).unwrap());
    place.refused_at_once("train rbm long.npz", &["a name of 60004 bytes is too long"]);
    place.archive("many.npz", |file| (0..300).for_each(|k| file.add(&format!("a{k}x"), &spins()).unwrap()));
    place.refused_at_once("train rbm many.npz", &["a19x and 280 more", "--array"]);
    place.archive("names.npz", |file| {
        file.add("x_train", &spins()).unwrap();
        file.add("y_train", &other.mapv(|t| f64::from(u8::from(t > 2.0)))).unwrap();
        file.add("y_test", &arr1(&[0.0; 3])).unwrap();
    });
    place.done(&format!("train thermometer names.npz {train} --out names"));
    place.archive("two.npz", |file| {
        file.add("spins", &spins()).unwrap();
        file.add("temperatures", &other).unwrap();
        file.add("labels", &other).unwrap();
    });
    place.refused_at_once(&format!("train thermometer two.npz {train}"), &["temperatures, labels", "data.labels"]);
    place.done(&format!("train thermometer two.npz {train} --set data.labels=labels --out labels"));
}

/// B6, p11: spins of the shape (temperatures, n, rows, columns) are read as the lattice says, or refused.
#[test]
fn samples_with_an_axis_of_temperatures() {
    let place = Place::new();
    let s = spins();
    let four = |rows: usize| -> ArrayD<f32> {
        s.clone().into_shape_with_order(vec![2, SAMPLES / 2, rows, UNITS / rows]).unwrap()
    };
    place.archive("four.npz", |file| {
        file.add("spins", &four(2)).unwrap();
        file.add("temperatures", &arr1(&[1.0, 3.0])).unwrap();
        file.add("lattice", &arr1(&[3u32, 2])).unwrap();
    });
    let said = place.done("train thermometer four.npz --epochs 2 --out four");
    assert!(said.contains("is read as 2 x 40 samples of 6 values"), "{said}");
    assert!(read(&place.path("four/report.html")).contains("is read as 2 x 40 samples of 6 values"));
    place.samples("two.npz", &spins().into_shape_with_order((SAMPLES, 2, 3)).unwrap(), Some((&[3, 2], 4)));
    place.done("train thermometer two.npz --epochs 2 --out two");
    let tensors =
        |out: &str| Model::load(place.path(out).join("seed-1/thermometer/model.safetensors")).unwrap().tensors;
    assert_eq!(tensors("four"), tensors("two"), "the same samples with the same labels");
    place.archive("doubt.npz", |file| file.add("spins", &four(3)).unwrap());
    place.refused_at_once("train rbm doubt.npz", &["doubt.npz", "2 samples of 240 values, or 2 x 40 of 6", "reshape"]);
}

/// B5: what was taken of a table of text is on its page too, by the name of the file alone.
#[test]
fn what_was_taken_of_a_table_is_on_the_page() {
    let place = Place::new();
    let mut text = String::from("index,a,b,c,d,e,f,T\n");
    for (i, (row, t)) in spins().rows().into_iter().zip(temperatures()).enumerate() {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        text += &format!("{i},{},{t}\n", cells.join(","));
    }
    std::fs::create_dir(place.path("folder")).unwrap();
    std::fs::write(place.path("folder/table.csv"), text).unwrap();
    let said = place.done("train thermometer folder/table.csv --epochs 2 --out run");
    let page = read(&place.path("run/report.html"));
    for note in ["column 1 (`index`) numbers the rows and is left out", "column 8, `T`, is taken for labels"] {
        assert!(said.contains(&format!("note: folder/table.csv: {note}")), "{said}");
        assert!(page.contains(&note.replace('`', "")) || page.contains(note), "{note}");
    }
    assert!(!page.contains("folder/table.csv"), "the page holds no places");
}

/// p18: labels that are words are the classes of a network, and nothing to a machine.
#[test]
fn words_are_classes() {
    let place = Place::new();
    let words: String = (0..SAMPLES).map(|i| if i < SAMPLES / 2 { "cat\n" } else { "dog\n" }).collect();
    let rows = spins();
    let lines = rows.rows().into_iter().zip(words.lines());
    let line = |(row, word): (ndarray::ArrayView1<f32>, &str)| {
        format!("{},{word}\n", row.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    };
    let text = format!("a,b,c,d,e,f,label\n{}", lines.map(line).collect::<String>());
    std::fs::write(place.path("words.csv"), text).unwrap();
    place.done("train rbm words.csv --epochs 1 --set samples.steps=2 --out rbm");
    place.done("train thermometer words.csv --epochs 2 --out network");
    let model = Model::load(place.path("network/seed-1/thermometer/model.safetensors")).unwrap();
    assert_eq!(model.metadata["classes"], json!(["cat", "dog"]));
}

/// B12: a flow says that its reader has learnt nothing, on the terminal and on the page.
#[test]
fn a_reader_that_learnt_nothing_is_named() {
    let place = Place::new();
    place.samples("spins.npz", &spins(), None);
    place.machine("rbm.safetensors", Units::SPIN, &of(SPINS));
    let scored = |cost: f64| json!({ "cross_entropy": [cost, 0.01], "guess": 0.693 });
    for (name, test, learnt) in [("good", scored(0.2), true), ("bad", scored(0.68), false), ("old", Value::Null, true)]
    {
        place.reader(&format!("{name}.safetensors"), &of(SPINS), test);
        let said =
            place.done(&format!("flow rbm.safetensors spins.npz --read {name}.safetensors --steps 8 --out {name}"));
        assert_eq!(said.contains("warning: bad.safetensors has learnt nothing"), !learnt, "{said}");
        assert_eq!(read(&place.path(name).join("report.html")).contains("has learnt nothing"), !learnt, "{name}");
    }
    // A network of `train thermometer` that learns nothing says so: labels that do not depend on the samples.
    let blind = Array3::from_shape_fn((SAMPLES, 2, 3), |(i, r, c)| if (i * i + r + c) % 5 < 2 { 1.0f32 } else { -1.0 });
    place.samples("blind.npz", &blind, None);
    place.done("train thermometer blind.npz --epochs 1 --learning-rate 1e-9 --out blind");
    let model = Model::load(place.path("blind/seed-1/thermometer/model.safetensors")).unwrap();
    let [cost, guess] = network_file::learnt_nothing(&model).expect("it has learnt nothing");
    assert!((guess - 2f64.ln()).abs() < 1e-12 && cost > 0.5, "{cost} {guess}");
}

/// A9: trainings that ran away by finite costs end with exit code 1, the word and the remedy.
#[test]
fn a_training_that_ran_away_is_no_result() {
    let place = Place::new();
    place.samples("spins.npz", &spins(), None);
    place.samples("real.npz", &spins().mapv(|s| 2.5 * s), None);
    for line in [
        "train thermometer spins.npz --learning-rate 1e18 --epochs 5 --set training.optimiser=\"sgd\"",
        "train rbm spins.npz --learning-rate 1e18 --epochs 2",
        "train rbm real.npz --units gaussian --learning-rate 10 --epochs 3 --set training.batch=80",
    ] {
        let out = place.run(line);
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains("diverged") && said.contains("lower training.learning_rate"), "{line}: {said}");
        assert!(!place.path("runs/spins-thermometer/report.html").exists(), "{line}");
    }
}
