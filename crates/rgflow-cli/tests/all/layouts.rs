//! Promise: data as people have them are trained on and flowed from by flags of the command: labels by any name, a file
//! for each temperature, continuous temperatures. A note says what was taken, an error names the flag.

use crate::common::place::Place;
use ndarray::{Array1, Array2, arr1};
use rgflow_lab::artifact::Model;

/// Samples of six spins, ordered below the middle and disordered above.
fn spins(n: usize, seed: usize) -> Array2<i8> {
    Array2::from_shape_fn((n, 6), |(i, j)| {
        let noise = (i * i * 7 + 13 * j * (i + seed) + j * j) % 17;
        if seed == 0 && noise < 15 || noise < 8 { 1 } else { -1 }
    })
}

const QUICK: &str = "--epochs 2";

#[test]
fn labels_are_named_by_flags() {
    let place = Place::new();
    let all = ndarray::concatenate![ndarray::Axis(0), spins(40, 0), spins(40, 1)];
    let theta = Array1::from_shape_fn(80, |i| if i < 40 { 1.0 } else { 4.0 });
    place.archive("a.npz", |file| {
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

/// Refusals name a remedy that works: for labels in a file of their own, a file that is no model, and grey levels given
/// to spins.
#[test]
fn other_files_are_answered_by_what_would_do() {
    let place = Place::new();
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(place.path(name), bytes).unwrap();
    let npy = |values: &Array2<f32>| {
        let mut bytes = Vec::new();
        rgflow_lab::artifact::npy::write(&mut bytes, values).unwrap();
        bytes
    };
    write("x.npy", npy(&Array2::from_shape_fn((40, 6), |(i, j)| ((i + j) % 4) as f32 / 4.0)));
    let mut labels = Vec::new();
    rgflow_lab::artifact::npy::write(&mut labels, &Array1::from_shape_fn(40, |i| (i % 2) as f64)).unwrap();
    write("y.npy", labels);
    place.refused("train thermometer x.npy y.npy", &["y.npy", "shape [40]", "numpy.savez"]);
    place.refused("train thermometer x.npy --labels y.npy", &["x=numpy.load(\"x.npy\"), y=numpy.load(\"y.npy\")"]);
    place.refused("train thermometer x.npy --temperatures y.npy", &["T=numpy.load(\"y.npy\")"]);
    place.refused("verify x.npy", &["holds arrays of NumPy and no model"]);
    // Types that are none of numbers are named before their shapes.
    let typed = |descr: &str, bytes: usize| {
        let mut text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}");
        text.extend(std::iter::repeat_n(' ', 117 - text.len()));
        text.push('\n');
        [&b"\x93NUMPY\x01\x00\x76\x00"[..], text.as_bytes(), &vec![0; bytes]].concat()
    };
    write("fields.npy", typed("[('s', '<i4'), ('T', '<f8')]", 36));
    place.refused(
        "train rbm fields.npy",
        &["fields.npy", "type [('s', '<i4'), ('T', '<f8')]", "save one of its fields"],
    );
    write("objects.npy", typed("'|O'", 24));
    place.refused("train rbm objects.npy", &["type |O", ".astype(\"float32\")"]);
    write("x.json", b"{\"x\": [[1, -1]], \"T\": [2]}".to_vec());
    for command in ["inspect", "train rbm"] {
        place.refused(&format!("{command} x.json"), &["a .json file is not read", "numpy.savez(\"x.npz\", **"]);
    }
    let said = place.done("train rbm x.npy --units spin --epochs 1 --set samples.steps=2 --out run");
    assert!(said.contains("grey levels are taken for mean values of units -1 and 1"), "{said}");
    // A folder of a run stands for its machine; one without a machine is refused.
    let printed = |line: &str| -> serde_json::Value { serde_json::from_slice(&place.run(line).stdout).unwrap() };
    let [of_run, of_file] = ["verify run --json", "verify run/seed-1/rbm/model.safetensors --json"].map(printed);
    assert!(of_run == of_file && of_run["model"] == "run/seed-1/rbm/model.safetensors", "{of_run}");
    place.refused("verify run/figures", &["run/figures: is a folder without a model of the stage rbm"]);
    place.refused("train rbm x.npy --set rbm.epochs=5", &["did you mean `training.epochs`?"]);
}

#[test]
fn a_file_for_each_temperature() {
    let place = Place::new();
    for (t, seed) in [("1.5", 0), ("3.5", 1)] {
        place.archive(&format!("T{t}.npz"), |file| file.add("spins", &spins(40, seed)).unwrap());
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
    place.archive("a.npz", |file| file.add("spins", &spins(40, 0)).unwrap());
    place.refused(&format!("train thermometer a.npz T3.5.npz {QUICK}"), &["no labels", "--temperatures 1.5,2.0"]);
}

#[test]
fn continuous_temperatures_are_put_into_bins() {
    let place = Place::new();
    let t = Array1::from_shape_fn(120, |i| 1.0 + 0.025 * i as f64);
    let all = ndarray::concatenate![ndarray::Axis(0), spins(60, 0), spins(60, 1)];
    place.archive("a.npz", |file| {
        file.add("spins", &all).unwrap();
        file.add("T", &t).unwrap();
    });
    place.refused(&format!("train thermometer a.npz {QUICK}"), &["label 1 has 1 sample;", "--bins 4"]);
    let said = place.done(&format!("train thermometer a.npz --bins 3 {QUICK} --out bins"));
    assert!(
        said.contains("120 temperatures are put into 3 bins of 40 samples; each bin is read as its mean temperature"),
        "{said}"
    );
    let model = Model::load(place.path("bins/seed-1/thermometer/model.safetensors")).unwrap();
    assert_eq!(model.metadata["temperatures"], serde_json::json!([1.4875, 2.4875, 3.4875]));
    place.done("train rbm a.npz --epochs 1 --set samples.steps=2 --out rbm");
    place.refused("flow rbm/seed-1/rbm/model.safetensors a.npz", &["a start has 1 sample", "--bins 20"]);
    place.done("flow rbm/seed-1/rbm/model.safetensors a.npz --bins 3 --steps 8 --out flow");
    place.archive("classes.npz", |file| {
        file.add("x", &all).unwrap();
        file.add("y", &arr1(&[1.0, 2.0].repeat(60))).unwrap();
    });
    place.refused(&format!("train thermometer classes.npz --bins 3 {QUICK}"), &["--bins is for temperatures"]);
}

/// Correlated normal data of any scale and offset: a chain in which neighbours have the correlation 0.8.
fn normal(n: usize, scale: f64, offset: f64) -> Array2<f32> {
    let mut state = 1u64;
    // Sum of twelve uniforms less six (Irwin-Hall).
    let mut deviate = || -> f64 {
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    };
    let mut all = Array2::zeros((n, 10));
    for mut row in all.rows_mut() {
        let mut v = deviate();
        for value in &mut row {
            *value = (offset + scale * v) as f32;
            v = 0.8 * v + 0.6 * deviate();
        }
    }
    all
}

/// A machine trained with the defaults knows more of correlated Gaussian data than independent units, whatever their
/// scale. Null: it does not, when a difference of four standard errors has p < 1e-4, the errors taken as independent
/// (they are those of the same samples, so that it has less).
#[test]
fn gaussian_data_are_learnt_with_the_defaults() {
    let place = Place::new();
    for (name, scale, offset) in [("small", 0.05, 0.3), ("large", 30.0, -200.0)] {
        place.archive(&format!("{name}.npz"), |file| file.add("x", &normal(1500, scale, offset)).unwrap());
        place.done(&format!("train rbm {name}.npz --units gaussian --set samples.steps=20 --out {name}"));
        let results: serde_json::Value = serde_json::from_str(&place.read(&format!("{name}/results.json"))).unwrap();
        let numbers = results["numbers"].as_array().unwrap();
        let of = |key: &str| numbers.iter().find(|n| n["key"] == key).unwrap_or_else(|| panic!("no {key}"));
        let beats = |key: &str, sign: f64| {
            let (n, other) = (of(key), &of(key)["compare"][0]);
            let get = |n: &serde_json::Value, key: &str| n[key].as_f64().unwrap();
            let error = get(n, "error").hypot(get(other, "error"));
            sign * (get(n, "value") - get(other, "value")) > 4.0 * error
        };
        assert!(beats("rbm.log_likelihood.test", 1.0), "{name}: {results}");
        assert!(beats("rbm.reconstruction.test", -1.0), "{name}: {results}");
        // The machine is in the units of the data, and a flow starts from them.
        let model = Model::load(place.path(&format!("{name}/seed-1/rbm/model.safetensors"))).unwrap();
        let rbm = rgflow_lab::artifact::rbm_file::rbm(&model).unwrap();
        let rgflow::rbm::Units::Gaussian(widths) = rbm.visible_units() else { panic!("{}", rbm.visible_units()) };
        assert!((0..10).all(|i| (0.9..1.1).contains(&(f64::from(widths.sigma(i)) / scale))), "{:?}", widths.as_slice());
        let mean = model.metadata["input"]["standardised"]["mean"][3].as_f64().unwrap();
        assert!((mean - offset).abs() < 0.2 * scale, "{mean}");
        place.done(&format!(
            "flow {name}/seed-1/rbm/model.safetensors {name}.npz --steps 8 --chains 40 --out {name}-flow"
        ));
        place.done(&format!("verify {name}/seed-1/rbm/model.safetensors"));
    }
    place.refused("train rbm large.npz", &["--units gaussian"]);
    place.done("train rbm small.npz --units gaussian --standardise=no --epochs 2 --set samples.steps=2 --out raw");
    let raw = Model::load(place.path("raw/seed-1/rbm/model.safetensors")).unwrap();
    assert_eq!(raw.metadata["units"]["visible"], "gaussian");
    place.archive("spins.npz", |file| file.add("x", &spins(20, 1)).unwrap());
    place.refused("train rbm spins.npz --standardise", &["only Gaussian units are standardised", "--units gaussian"]);
    place.refused("train rbm small.npz --units gaussian --standardise=maybe", &["data.standardise", "\"yes\""]);
}

/// A network trained with the defaults reads real data whatever their scale and offset: its cross-entropy is below that
/// of a guess by the frequencies. Null: it is not, when a difference of four standard errors has p < 1e-4.
#[test]
fn a_network_reads_real_data_of_any_scale() {
    let place = Place::new();
    for (name, scale, offset) in [("small", 0.05, 300.0), ("large", 3000.0, -200.0)] {
        let all = ndarray::concatenate![
            ndarray::Axis(0),
            normal(400, scale, offset),
            normal(400, scale, offset + 2.0 * scale)
        ];
        place.archive(&format!("{name}.npz"), |file| {
            file.add("x", &all).unwrap();
            file.add("y", &Array1::from_shape_fn(800, |i| (i / 400) as f64)).unwrap();
        });
        place.refused(&format!("train thermometer {name}.npz"), &["--standardise"]);
        let said = place.done(&format!("train thermometer {name}.npz --standardise --out {name}"));
        assert!(
            said.contains("real numbers are standardised") && said.contains("`y` is taken for labels (classes)"),
            "{said}"
        );
        let path = place.path(&format!("{name}/seed-1/thermometer/model.safetensors"));
        let model = Model::load(&path).unwrap();
        let test = &model.metadata["test"];
        let [value, error] = [0, 1].map(|i| test["cross_entropy"][i].as_f64().unwrap());
        assert!(value + 4.0 * error < test["guess"].as_f64().unwrap(), "{test}");
        let mean = model.metadata["input"]["standardised"]["mean"][3].as_f64().unwrap();
        assert!((mean - offset - scale).abs() < 0.3 * scale, "{mean}");
        // The flow of a machine is read in the units of the data.
        place.done(&format!("train rbm {name}.npz --units gaussian --epochs 2 --set samples.steps=2 --out {name}-rbm"));
        place.done(&format!(
            "flow {name}-rbm/seed-1/rbm/model.safetensors {name}.npz --read \
             {name}/seed-1/thermometer/model.safetensors --steps 8 --chains 40 --out {name}-flow"
        ));
    }
}

/// `inspect` says what a file is read as, by the flags of `train`.
#[test]
fn inspect_says_what_samples_are_read_as() {
    let place = Place::new();
    std::fs::write(place.path("a.csv"), "theta,a,b\n1.5,1,-1\n1.5,-1,1\n2.5,1,1\n").unwrap();
    let shown = |line: &str| {
        let out = place.run(line);
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let plain = shown("inspect a.csv");
    assert!(plain.contains("3 samples of 3") && plain.contains("none by a usual name"), "{plain}");
    assert!(plain.contains("the file has theta, a, b"), "{plain}");
    let named = shown("inspect a.csv --temperatures theta");
    assert!(
        named.contains("3 samples of 2") && named.contains("2 temperatures (samples): 1.5 (2), 2.5 (1)"),
        "{named}"
    );
    let value: serde_json::Value = serde_json::from_str(&shown("inspect a.csv --labels theta --json")).unwrap();
    assert_eq!(value["samples"]["labels"]["meaning"], "classes");
    place.archive("a.npz", |file| file.add("x", &spins(4, 1)).unwrap());
    assert!(shown("inspect a.npz --shape 2,3").contains("4 samples of 2 x 3"));
    let folder = place.path("MNIST/raw");
    std::fs::create_dir_all(&folder).unwrap();
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], &[0, 255, 255, 0]].concat();
    std::fs::write(folder.join("train-images-idx3-ubyte"), images).unwrap();
    std::fs::write(folder.join("train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 2, 7, 3]).unwrap();
    let digits = shown("inspect MNIST --scale 255");
    assert!(digits.contains("2 samples of 1 x 2") && digits.contains("2 classes (samples): 3 (1), 7 (1)"), "{digits}");
    place.refused("inspect a.csv --temperatures b", &["`b` holds -1"]);
    std::fs::write(place.path("a.h5"), "x").unwrap();
    place.refused("inspect a.h5", &["h5py"]);
}
