//! Promise: a file that cannot be used is refused by every command in one line on stderr that names the file, the
//! problem and the remedy, with exit code 2, and nothing is written.
//! `cargo test -p rgflow-cli bad_input -- --nocapture` shows the lines.

use crate::common::binary;
use ndarray::{Array1, Array2, Array3, arr0, arr1};
use rgflow::nn::{Activation, Mlp};
use rgflow::random::Streams;
use rgflow::rbm::Rbm;
use rgflow_lab::artifact::{Model, network_file, npz, rbm_file};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with samples, a machine and a network that are as they should be, and one that is not.
struct Bench {
    dir: tempfile::TempDir,
}

/// What a command takes the bad file for; `GOOD.*` are the good ones.
const AS_SAMPLES: &[&[&str]] =
    &[&["train", "rbm", "BAD"], &["train", "thermometer", "BAD"], &["flow", "good-rbm.safetensors", "BAD"]];
const AS_MACHINE: &[&[&str]] = &[&["flow", "BAD", "good.npz"], &["verify", "BAD"]];
const AS_NETWORK: &[&[&str]] = &[&["flow", "good-rbm.safetensors", "good.npz", "--read", "BAD"]];

impl Bench {
    fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        bench.put("good.npz", &archive(|file| add_samples(file, &spins(), &labels())));
        bench.put("good-rbm.safetensors", &rbm_file::model(&rbm(4), json!({})).to_bytes().unwrap());
        bench.put("good-network.safetensors", &network_of(4).to_bytes().unwrap());
        bench
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn run(&self, arguments: &[&str], bad: &str) -> std::process::Output {
        let mut command = binary();
        command.current_dir(self.dir.path());
        command.args(arguments.iter().map(|a| if *a == "BAD" { bad } else { *a }));
        command.output().expect("starts")
    }

    /// Every one of `commands` refuses the file `bad`: exit code 2, one line with its name and all of `parts`, nothing
    /// on stdout, no file or folder made or changed.
    fn refused(&self, commands: &[&[&str]], bad: &str, parts: &[&str]) {
        let before = listing(self.dir.path());
        for arguments in commands {
            let out = self.run(arguments, bad);
            let line = String::from_utf8(out.stderr).unwrap();
            println!("| {bad} | {} | {} |", arguments.join(" "), line.trim_end());
            assert_eq!(out.status.code(), Some(2), "{arguments:?} {bad}: {line}");
            assert!(line.lines().count() == 1 && line.starts_with("error: "), "{arguments:?} {bad}: {line}");
            for part in parts.iter().chain(&[bad]) {
                assert!(line.contains(part), "{arguments:?} {bad}: {line} lacks {part}");
            }
            // A problem and its remedy are two clauses.
            assert!(line.contains(';'), "{arguments:?} {bad}: {line} has no remedy");
            assert_eq!(out.stdout, b"", "{arguments:?} {bad}");
            assert!(before == listing(self.dir.path()), "{arguments:?} {bad}: something was written");
        }
    }

    fn samples(&self, name: &str, bytes: &[u8], parts: &[&str]) {
        self.put(name, bytes);
        self.refused(AS_SAMPLES, name, parts);
    }
}

/// Names of all files and folders with the bytes of the files.
fn listing(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(listing(&path));
        }
        all.insert(path.clone(), if path.is_file() { std::fs::read(path).unwrap() } else { vec![] });
    }
    all
}

/// 80 samples of 4 spins.
fn spins() -> Array2<f32> {
    Array2::from_shape_fn((80, 4), |(i, j)| if i >> j & 1 == 1 { 1.0 } else { -1.0 })
}

/// Two temperatures.
fn labels() -> Array1<f64> {
    Array1::from_shape_fn(80, |i| if i < 40 { 1.0 } else { 3.0 })
}

fn archive(arrays: impl FnOnce(&mut npz::Writer)) -> Vec<u8> {
    let mut file = npz::Writer::new();
    arrays(&mut file);
    file.finish().unwrap()
}

fn add_samples(file: &mut npz::Writer, values: &Array2<f32>, labels: &Array1<f64>) {
    file.add("spins", values).unwrap();
    file.add("temperatures", labels).unwrap();
}

/// An archive of `values` with good labels.
fn labelled(values: &Array2<f32>) -> Vec<u8> {
    archive(|file| add_samples(file, values, &labels()))
}

fn rbm(visible: usize) -> Rbm {
    Rbm::random(visible, 3, 0.1, &mut Streams::new(1).generator("bad-input", 0))
}

fn network_of(inputs: usize) -> Model {
    let mut random = Streams::new(1).generator("bad-input", 1);
    let mlp = Mlp::random(&[inputs, 5, 2], Activation::Tanh, Activation::Softmax, &mut random);
    network_file::with_layers(Model::new(network_file::metadata("temperatures", &[1.0, 3.0])), &mlp)
}

/// The bytes of an `.npy` file with `header` as it stands.
fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let padded = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    bytes.extend((padded.len() as u16).to_le_bytes());
    bytes.extend(padded.as_bytes());
    bytes.extend(data);
    bytes
}

fn header(dtype: &str, shape: &str) -> String {
    format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}")
}

/// What stands in every list: no file, a folder, no bytes, a device without end.
fn no_file(bench: &Bench, commands: &[&[&str]], extension: &str) {
    bench.refused(commands, &format!("missing.{extension}"), &["does not exist"]);
    std::fs::create_dir_all(bench.dir.path().join(format!("folder.{extension}"))).unwrap();
    bench.refused(commands, &format!("folder.{extension}"), &["is a folder"]);
    bench.put(&format!("empty.{extension}"), b"");
    bench.refused(commands, &format!("empty.{extension}"), &["is empty"]);
    #[cfg(unix)]
    {
        let link = bench.dir.path().join(format!("endless.{extension}"));
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        // Listing a folder follows links, and this one has no end: it goes again at once.
        let out = bench.run(commands[0], &format!("endless.{extension}"));
        std::fs::remove_file(link).unwrap();
        let line = String::from_utf8(out.stderr).unwrap();
        assert!(out.status.code() == Some(2) && line.contains("no regular file"), "{line}");
    }
}

/// The table could fail: the good files are taken.
#[test]
fn what_is_right_is_taken() {
    let bench = Bench::new();
    let quick: [&[&str]; 4] = [
        &["train", "rbm", "good.npz", "--epochs", "2", "--set", "samples.steps=2", "--out", "a"],
        &["train", "thermometer", "good.npz", "--epochs", "2", "--out", "b"],
        &[
            "flow",
            "good-rbm.safetensors",
            "good.npz",
            "--steps",
            "8",
            "--read",
            "good-network.safetensors",
            "--out",
            "c",
        ],
        &["inspect", "good.npz"],
    ];
    for arguments in quick {
        let out = bench.run(arguments, "");
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
    // Real numbers are taken where they are asked for.
    bench.put("real.npz", &labelled(&spins().mapv(|v| 2.5 * v)));
    for arguments in [
        &["train", "rbm", "BAD", "--epochs", "2", "--units", "gaussian", "--learning-rate", "0.001", "--out", "d"][..],
        &["train", "thermometer", "BAD", "--epochs", "2", "--set", "data.real=true", "--out", "e"],
    ] {
        let out = bench.run(arguments, "real.npz");
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
}

#[test]
fn files_that_are_no_samples() {
    let bench = Bench::new();
    for extension in ["npy", "npz", "csv"] {
        no_file(&bench, AS_SAMPLES, extension);
    }
    let good = labelled(&spins());
    let whole = npy(1, &header("<f4", "(2, 3)"), &[0; 24]);
    bench.samples("truncated.npz", &good[..good.len() / 2], &["npz"]);
    bench.samples("truncated.npy", &whole[..whole.len() - 5], &["numpy.save"]);
    bench.samples("truncated-header.npy", &whole[..40], &["numpy.save"]);
    bench.samples("longer.npy", &[&whole[..], &[0; 8]].concat(), &["numpy.save"]);
    bench.samples("nonsense.npy", b"these are no numbers", &["numpy.save"]);
    bench.samples("nonsense.npz", b"these are no numbers", &["npz"]);
    bench.samples("nonsense.csv", &[0xff, 0xfe, 0, 1], &["UTF-8"]);
    bench.samples("picture.png", b"\x89PNG", &["unknown kind", ".npz"]);
    bench.samples("no-header.npy", &npy(1, "{'descr': <f4, oops", &[0; 24]), &["numpy.save"]);
    bench.samples("huge.npy", &npy(1, &header("<f4", "(1000000000, 1000000)"), &[0; 24]), &["claims", "1000000000"]);
    bench.samples("overflow.npy", &npy(1, &header("<f4", "(9999999999, 9999999999)"), &[0; 24]), &["numpy.save"]);
    bench.samples("newer.npy", &npy(9, &header("<f4", "(2, 3)"), &[0; 24]), &["version"]);
    bench.samples("complex.npy", &npy(1, &header("<c8", "(1, 3)"), &[0; 24]), &["<c8", "astype"]);
    bench.samples("objects.npy", &npy(1, &header("|O", "(2, 3)"), &[0; 24]), &["|O", "astype"]);
    let newer = archive(|file| {
        add_samples(file, &spins(), &labels());
        file.add("format", &arr0(99u32)).unwrap();
    });
    bench.samples("newer.npz", &newer, &["99", "update rgflow"]);
    let mut flipped = good.clone();
    flipped[good.len() / 3] ^= 0x55;
    bench.samples("flipped.npz", &flipped, &["damaged"]);
}

#[test]
fn shapes_and_values_that_are_no_samples() {
    let bench = Bench::new();
    bench.samples("flat.npy", &npy(1, &header("<f4", "(6,)"), &[0; 24]), &["[6]", "(samples, units)"]);
    bench.samples("no-rows.npy", &npy(1, &header("<f4", "(0, 3)"), &[]), &["no numbers"]);
    bench.samples("no-columns.npy", &npy(1, &header("<f4", "(3, 0)"), &[]), &["no numbers"]);
    bench.samples("ragged.csv", b"T,a,b\n1,1,0\n1,1\n", &["line 3", "2 values, expected 3"]);
    bench.samples("words.csv", b"T,a,b\n1,1,x\n", &["line 2, column 3", "\"x\""]);
    bench.samples("only-names.csv", b"T,a,b\n", &["no numbers"]);
    let with = |value: f32| {
        let mut values = spins();
        values[(2, 1)] = value;
        labelled(&values)
    };
    bench.samples("nan.npz", &with(f32::NAN), &["NaN in row 3, column 2"]);
    bench.samples("infinite.npz", &with(f32::INFINITY), &["inf in row 3, column 2"]);
    bench.samples("other.npz", &with(0.5), &["row 3, column 2 is 0.5 among -1 and +1"]);
    bench.samples("bytes.npz", &labelled(&spins().mapv(|v| 255.0 * v.max(0.0))), &["255 in row 2", "--scale 255"]);
    bench.samples("nan.csv", b"T,a,b\n1,1,nan\n", &["line 2, column 3", "\"nan\" is a missing value"]);
    let counted = |n: usize| archive(|file| add_samples(file, &spins(), &Array1::from_elem(n, 1.5)));
    // A machine is trained without labels.
    let labelled_only = |name: &str, bytes: &[u8], parts: &[&str]| {
        bench.put(name, bytes);
        bench.refused(&AS_SAMPLES[1..], name, parts);
    };
    labelled_only("short-labels.npz", &counted(7), &["7 values for 80 samples"]);
    let odd = |value: f64| {
        let mut labels = labels();
        labels[3] = value;
        archive(|file| add_samples(file, &spins(), &labels))
    };
    labelled_only("nan-label.npz", &odd(f64::NAN), &["`temperatures` holds NaN"]);
    labelled_only("cold.npz", &odd(-1.0), &["`temperatures` holds -1"]);
    // What only a thermometer needs.
    let thermometer = &AS_SAMPLES[1..2];
    bench.put("unlabelled.npz", &archive(|file| file.add("spins", &spins()).unwrap()));
    bench.refused(thermometer, "unlabelled.npz", &["no labels", "`temperatures`"]);
    bench.put("one-label.npz", &counted(80));
    bench.refused(thermometer, "one-label.npz", &["at least two labels"]);
    bench.put("rare.npz", &odd(9.0));
    bench.refused(thermometer, "rare.npz", &["label 9 has 1 samples"]);
    bench.put("infinite-label.npz", &odd(f64::INFINITY));
    bench.refused(thermometer, "infinite-label.npz", &["finite temperatures"]);
    // What only a training or a flow needs.
    bench.put("few.csv", b"1,-1\n-1,1\n");
    bench.refused(&AS_SAMPLES[..1], "few.csv", &["2 samples"]);
    bench.put("lone.npz", &odd(9.0));
    bench.refused(&AS_SAMPLES[2..], "lone.npz", &["a start has 1 samples"]);
    let wide = archive(|file| file.add("spins", &Array2::<f32>::ones((40, 6))).unwrap());
    bench.put("wide.npz", &wide);
    bench.refused(&AS_SAMPLES[2..], "wide.npz", &["6 values", "4 visible units"]);
    bench.put("spins.npz", &labelled(&spins()));
    // Names that the file does not have.
    bench.refused(&[&["train", "rbm", "BAD", "--array", "x"]], "spins.npz", &["`x`", "spins, temperatures"]);
    bench.refused(&[&["train", "thermometer", "BAD", "--set", "data.labels=x"]], "spins.npz", &["`x`"]);
}

#[test]
fn files_that_are_no_models() {
    let bench = Bench::new();
    for commands in [AS_MACHINE, AS_NETWORK] {
        let bench = Bench::new();
        no_file(&bench, commands, "safetensors");
    }
    let all: Vec<&[&str]> = AS_MACHINE.iter().chain(AS_NETWORK).copied().collect();
    let good = rbm_file::model(&rbm(4), json!({})).to_bytes().unwrap();
    let newer = |mut model: Model| {
        model.metadata["format"] = 99.into();
        model.to_bytes().unwrap()
    };
    bench.put("nonsense.safetensors", b"these are no tensors");
    bench.put("truncated.safetensors", &good[..good.len() - 3]);
    bench.put("header.safetensors", &good[..30]);
    bench.put("huge.safetensors", &[&[0xff; 8][..], &good[8..]].concat());
    for name in ["nonsense", "truncated", "header", "huge"] {
        bench.refused(&all, &format!("{name}.safetensors"), &["safetensors file"]);
    }
    bench.put("newer.safetensors", &newer(rbm_file::model(&rbm(4), json!({}))));
    bench.refused(AS_MACHINE, "newer.safetensors", &["99", "update rgflow"]);
    bench.put("newer-network.safetensors", &newer(network_of(4)));
    bench.refused(AS_NETWORK, "newer-network.safetensors", &["99", "update rgflow"]);
    bench.put("others.safetensors", &Model::new(json!({})).with("x", arr1(&[1.0f32])).to_bytes().unwrap());
    bench.refused(AS_MACHINE, "others.safetensors", &["`weights`"]);
    bench.refused(AS_NETWORK, "others.safetensors", &["no layers"]);
    // One kind where the other is needed.
    bench.refused(AS_MACHINE, "good-network.safetensors", &["is a thermometer", "train rbm"]);
    bench.refused(AS_NETWORK, "good-rbm.safetensors", &["no network", "train thermometer"]);
    let in_rg: &[&[&str]] = &[&["rg", "neural", "--seeds", "1", "--network", "BAD"]];
    bench.refused(in_rg, "good-rbm.safetensors", &["no network"]);
    bench.refused(in_rg, "good-network.safetensors", &["reads 4 values", "32 x 32"]);
}

#[test]
fn models_whose_content_is_wrong() {
    let bench = Bench::new();
    let broken = |name: &str, mut model: Model, tensor: &str, to: &dyn Fn(&mut ndarray::ArrayD<f32>)| {
        to(model.tensors.get_mut(tensor).expect("there"));
        bench.put(name, &model.to_bytes().unwrap());
    };
    let machine_of = |n: usize| rbm_file::model(&rbm(n), json!({}));
    let nan = |t: &mut ndarray::ArrayD<f32>| *t.iter_mut().next().expect("not empty") = f32::NAN;
    let longer = |t: &mut ndarray::ArrayD<f32>| *t = arr1(&[0.0f32; 9]).into_dyn();
    let cube = |t: &mut ndarray::ArrayD<f32>| *t = ndarray::Array3::zeros((2, 2, 3)).into_dyn();
    broken("nan.safetensors", machine_of(4), "weights", &nan);
    bench.refused(AS_MACHINE, "nan.safetensors", &["finite"]);
    broken("shape.safetensors", machine_of(4), "visible_bias", &longer);
    bench.refused(AS_MACHINE, "shape.safetensors", &[]);
    broken("cube.safetensors", machine_of(4), "weights", &cube);
    bench.refused(AS_MACHINE, "cube.safetensors", &["`weights`", "dimensions"]);
    let mut odd = machine_of(4);
    odd.metadata["units"]["visible"] = "quark".into();
    bench.put("units.safetensors", &odd.to_bytes().unwrap());
    bench.refused(AS_MACHINE, "units.safetensors", &["quark"]);
    bench.put("wide.safetensors", &machine_of(6).to_bytes().unwrap());
    let out = bench.run(AS_MACHINE[0], "wide.safetensors");
    let line = String::from_utf8(out.stderr).unwrap();
    // The samples are named: they do not fit the machine that was given.
    assert!(out.status.code() == Some(2) && line.contains("good.npz") && line.contains("6 visible units"), "{line}");
    broken("nan-network.safetensors", network_of(4), "layers.1.weights", &nan);
    bench.refused(AS_NETWORK, "nan-network.safetensors", &["layers.1", "finite"]);
    broken("shape-network.safetensors", network_of(4), "layers.0.bias", &longer);
    bench.refused(AS_NETWORK, "shape-network.safetensors", &["layers.0", "do not fit"]);
    bench.put("wide-network.safetensors", &network_of(6).to_bytes().unwrap());
    bench.refused(AS_NETWORK, "wide-network.safetensors", &["6 values", "4 visible units"]);
    let mut odd = network_of(4);
    odd.metadata["activation"] = "magic".into();
    bench.put("activation.safetensors", &odd.to_bytes().unwrap());
    bench.refused(AS_NETWORK, "activation.safetensors", &["magic"]);
}

/// What a thermometer needs beside its layers is checked where the file is read: shapes, probabilities, rising
/// temperatures.
#[test]
fn thermometers_whose_curves_are_wrong() {
    let bench = Bench::new();
    let with = |name: &str, temperatures: serde_json::Value, tensor: &str, blocks: Array3<f32>| {
        let mut model = network_of(4).with("reference_blocks", curve()).with(tensor, blocks);
        model.metadata["temperatures"] = temperatures;
        bench.put(name, &model.to_bytes().unwrap());
    };
    let one = |value: f32| {
        let mut blocks = curve();
        blocks[(1, 2, 0)] = value;
        blocks
    };
    let zeros = Array3::<f32>::zeros;
    let blocks = [
        (zeros((2, 0, 2)), "at least one block"),
        (zeros((0, 8, 2)), "expected (2, blocks, 2)"),
        (zeros((2, 8, 3)), "expected (2, blocks, 2)"),
        (zeros((3, 8, 2)), "expected (2, blocks, 2)"),
        (zeros((2, 8, 2)), "no probability"),
        (one(f32::NAN), "no probability"),
        (one(f32::INFINITY), "no probability"),
        (one(-0.5), "no probability"),
        (one(7.0), "no probability"),
        (Array3::from_elem((2, 8, 2), 0.5), "the same at all temperatures"),
    ];
    for (k, (blocks, part)) in blocks.into_iter().enumerate() {
        let name = format!("blocks-{k}.safetensors");
        with(&name, json!([1.0, 3.0]), "reference_blocks", blocks);
        bench.refused(AS_NETWORK, &name, &["reference_blocks", part]);
    }
    for (k, blocks) in [zeros((1, 0, 2)), zeros((2, 8, 2)), zeros((1, 8, 2))].into_iter().enumerate() {
        let name = format!("midpoints-{k}.safetensors");
        with(&name, json!([1.0, 3.0]), "midpoint_blocks", blocks);
        bench.refused(AS_NETWORK, &name, &["midpoint_blocks"]);
    }
    let temperatures = [
        (json!([3.0, 1.0]), "rise"),
        (json!([1.0, 1.0]), "rise"),
        (json!([-1.0, 3.0]), "at least 0"),
        (json!([1e308, 1.7e308]), "finite"),
        (json!([1.0, 2.0, 3.0]), "one for each output"),
        (json!("hot"), "one for each output"),
    ];
    for (k, (temperatures, part)) in temperatures.into_iter().enumerate() {
        let name = format!("temperatures-{k}.safetensors");
        with(&name, temperatures, "reference_blocks", curve());
        bench.refused(AS_NETWORK, &name, &["temperatures", part]);
    }
    // The table could fail: the good one is taken.
    let midpoint = curve().slice(ndarray::s![..1, .., ..]).to_owned();
    with("right.safetensors", json!([1.0, 3.0]), "midpoint_blocks", midpoint);
    let out = bench.run(&["flow", "good-rbm.safetensors", "good.npz", "--read", "BAD", "--print"], "right.safetensors");
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Block means of P(T) at two temperatures.
fn curve() -> Array3<f32> {
    Array3::from_shape_fn((2, 8, 2), |(t, _, k)| if t == k { 0.75 } else { 0.25 })
}

/// Metadata that do not say what they should are no metadata that say nothing.
#[test]
fn machines_whose_metadata_are_odd() {
    let bench = Bench::new();
    let odd = [
        ("kind", json!([1])),
        ("kind", json!("thermometer")),
        ("format", json!("99")),
        ("format", json!(99)),
        ("format", json!(-1)),
        ("units", json!(7)),
        ("units", json!({ "visible": "spin" })),
        ("units", json!({ "visible": "spin", "hidden": 1 })),
    ];
    for (k, (key, value)) in odd.into_iter().enumerate() {
        let mut model = rbm_file::model(&rbm(4), json!({}));
        model.metadata[key] = value;
        let name = format!("odd-{k}.safetensors");
        bench.put(&name, &model.to_bytes().unwrap());
        bench.refused(AS_MACHINE, &name, &[]);
    }
}

/// Files of MNIST without pixels, of two sizes, without a digit, of one image again and again.
#[test]
fn digits_of_no_size_and_of_two() {
    for (rows, test_rows, step, part) in [
        (0, 28, 1, "no pixels"),
        (28, 0, 1, "no pixels"),
        (28, 14, 1, "[14, 14]"),
        (28, 28, 1, "digit 1"),
        (28, 28, 0, "are the same"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("mnist")).unwrap();
        for (part, n, rows) in [("train", 20u32, rows), ("t10k", 10, test_rows)] {
            let columns: u32 = if rows == 0 { 28 } else { rows };
            let images = [&[0, 0, 8, 3], &n.to_be_bytes()[..], &rows.to_be_bytes(), &columns.to_be_bytes()].concat();
            let images = [images, (0..n * rows * columns).map(|i| (step * (i % 251)) as u8).collect()].concat();
            let labels = [&[0, 0, 8, 1], &n.to_be_bytes()[..], &vec![0; n as usize]].concat();
            std::fs::write(dir.path().join(format!("mnist/{part}-images-idx3-ubyte")), images).unwrap();
            std::fs::write(dir.path().join(format!("mnist/{part}-labels-idx1-ubyte")), labels).unwrap();
        }
        let mut command = binary();
        command.args(["run", "mnist", "--seeds", "1"]).env("RGFLOW_DATA", ".").current_dir(&dir);
        let out = command.output().unwrap();
        let line = String::from_utf8(out.stderr).unwrap();
        assert_eq!((out.status.code(), line.lines().count()), (Some(2), 1), "{line}");
        assert!(line.contains(part) && line.contains("mnist"), "{line}");
    }
}

/// Small files that claim much: refused within 10 s and 4 GB of addresses.
#[test]
#[cfg(target_os = "linux")]
fn claims_take_neither_memory_nor_time() {
    use std::io::Write;
    let bench = Bench::new();
    let put = |name: &str, bytes: Vec<u8>| bench.put(name, &bytes);
    let nested = format!("{}{}", "[".repeat(40), "]".repeat(40));
    put("nested.npy", npy(1, &header("|i1", "(2, 3)").replace("'|i1'", &nested), &[0; 24]));
    put("long-header.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}".to_vec());
    put("huge.npy", npy(1, &header("|i1", "(4000000, 1000000)"), &[1; 64]));
    put("overflow.npy", npy(1, &header("<f8", "(4294967296, 4294967296)"), &[1; 64]));
    put("negative.npy", npy(1, &header("<f8", "(-2, -4)"), &[1; 64]));
    put("no-columns.npy", npy(1, &header("<f8", "(4000000000, 0)"), &[]));
    put("no-rows.npy", npy(1, &header("<f8", "(0, 4000000000)"), &[]));
    let good = labelled(&spins());
    let entries: Vec<usize> = (0..good.len() - 4).filter(|at| good[*at..].starts_with(b"PK\x01\x02")).collect();
    let lie = |at: &[usize], value: u32| {
        let mut bytes = good.clone();
        at.iter().for_each(|at| bytes[*at..at + 4].copy_from_slice(&value.to_le_bytes()));
        bytes
    };
    put("both-sizes.npz", lie(&[entries[0] + 20, entries[0] + 24], u32::MAX - 1));
    put("size.npz", lie(&[entries[0] + 24], u32::MAX - 1));
    put("overlap.npz", lie(&[entries[1] + 42], 0));
    put("checksum.npz", lie(&[entries[0] + 16], 7));
    put("cut.npz", good[..good.len() - 30].to_vec());
    // A tenth of 4 GB of zeros: these would take their time to be made.
    let mut bomb = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    bomb.start_file("spins.npy", zip::write::SimpleFileOptions::default()).unwrap();
    bomb.write_all(&npy(1, &header("|i1", "(400, 1000000)"), &[])).unwrap();
    let zeros = vec![0; 1_000_000];
    (0..400).for_each(|_| bomb.write_all(&zeros).unwrap());
    put("bomb.npz", bomb.finish().unwrap().into_inner());
    let binary = env!("CARGO_BIN_EXE_rgflow");
    for path in listing(bench.dir.path()).into_keys() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut commands = vec!["train rbm", "train thermometer", "flow good-rbm.safetensors"];
        match name {
            _ if name.starts_with("good") => continue,
            // Of values `inspect` reads nothing.
            "checksum.npz" => commands.push("rg reweight"),
            _ if name.ends_with("npz") => commands.extend(["rg reweight", "inspect"]),
            _ => {}
        }
        for command in commands {
            let start = std::time::Instant::now();
            let line = format!("ulimit -v 4000000; exec {binary} {command} {name}");
            let out = Command::new("sh").args(["-c", &line]).current_dir(&bench.dir).output().unwrap();
            let text = String::from_utf8(out.stderr).unwrap();
            println!("| {name} | {command} | {:?} | {} |", start.elapsed(), text.trim_end());
            assert_eq!((out.status.code(), text.lines().count()), (Some(2), 1), "{command} {name}: {text}");
            assert!(text.contains(name), "{command} {name}: {text}");
            assert!(start.elapsed().as_secs() < 10, "{command} {name}: {:?}", start.elapsed());
        }
    }
}

/// Names and texts of files neither steer a terminal nor make a second line of an error.
#[test]
fn words_of_files_are_shown_as_they_are_spelt() {
    let bench = Bench::new();
    let mut model = rbm_file::model(&rbm(4), json!({ "remark": "\u{1b}[31m\u{9b}2J" }));
    model = model.with("\u{1b}[2J", arr1(&[0.0f32]));
    bench.put("steers.safetensors", &model.to_bytes().unwrap());
    bench.put("steers.npz", &archive(|file| file.add("a\n\u{1b}[2J", &arr1(&[1.0])).unwrap()));
    for (name, code) in [("steers.safetensors", 0), ("steers.npz", 0)] {
        let out = bench.run(&["inspect", "BAD"], name);
        let text = String::from_utf8(out.stdout).unwrap();
        assert_eq!(out.status.code(), Some(code), "{text}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n') && text.contains("\\u{1b}[2J"), "{text:?}");
    }
    bench.refused(AS_SAMPLES, "steers.npz", &["\\n\\u{1b}[2J"]);
}

/// `inspect` takes any file of rgflow; what it cannot read is the user's to mend.
#[test]
fn files_that_cannot_be_inspected() {
    let bench = Bench::new();
    let inspect: &[&[&str]] = &[&["inspect", "BAD"], &["inspect", "BAD", "--json"]];
    let good = labelled(&spins());
    bench.put("cut.npz", &good[..good.len() / 2]);
    bench.put("cut.safetensors", b"\x10");
    bench.put("cut.json", b"{\"schema\":");
    bench.put("newer.json", br#"{"schema":"rgflow-results-99","numbers":[]}"#);
    bench.put("empty.npz", b"");
    bench.put("empty.safetensors", b"");
    bench.put("empty.json", b"");
    bench.put("notes.md", b"# Notes");
    std::fs::create_dir(bench.dir.path().join("folder")).unwrap();
    for (name, part) in [
        ("missing.npz", "does not exist"),
        ("cut.npz", "not a readable npz"),
        ("cut.safetensors", "not a whole safetensors"),
        ("cut.json", "not a results file"),
        ("newer.json", "rgflow-results-99"),
        ("empty.npz", ""),
        ("empty.safetensors", ""),
        ("empty.json", ""),
        ("notes.md", "unknown kind"),
        ("folder", "no run folder"),
    ] {
        bench.refused(inspect, name, &[part]);
    }
}

/// Names under which `sample` cannot write are refused before anything is drawn.
#[test]
fn files_that_cannot_be_sampled_into() {
    let bench = Bench::new();
    bench.put("there.npz", b"mine");
    let into: &[&[&str]] = &[&["sample", "ising", "--size", "4", "--temperature", "1,2", "--n", "3", "--out", "BAD"]];
    bench.refused(into, "there.npz", &["exists", "--force"]);
    bench.refused(into, "samples.png", &["unknown kind"]);
    bench.refused(into, "samples.npy", &["2 temperatures"]);
}
