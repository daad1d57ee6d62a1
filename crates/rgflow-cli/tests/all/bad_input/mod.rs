//! Promise: a file that cannot be used is refused by every command in one line on stderr that names the file, the
//! problem and the remedy, with exit code 2, and nothing is written.
//! `cargo test -p rgflow-cli bad_input -- --nocapture` shows the lines.

mod models;
mod samples;

use crate::common::binary;
use ndarray::{Array1, Array2, arr1};
use rgflow::nn::{Activation, Mlp};
use rgflow::random::Streams;
use rgflow::rbm::Rbm;
use rgflow_lab::artifact::{Model, network_file, npz, rbm_file};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with samples, a machine and a network that are as they should be, and one that is not.
struct Folder {
    dir: tempfile::TempDir,
}

/// Commands that take the bad file for samples; `GOOD.*` are the good ones.
const AS_SAMPLES: &[&[&str]] =
    &[&["train", "rbm", "BAD"], &["train", "thermometer", "BAD"], &["flow", "good-rbm.safetensors", "BAD"]];
const AS_MACHINE: &[&[&str]] = &[&["flow", "BAD", "good.npz"], &["verify", "BAD"]];
const AS_NETWORK: &[&[&str]] = &[&["flow", "good-rbm.safetensors", "good.npz", "--read", "BAD"]];

impl Folder {
    fn new() -> Self {
        let folder = Self { dir: tempfile::tempdir().unwrap() };
        folder.put("good.npz", &archive(|file| add_samples(file, &spins(), &labels())));
        folder.put("good-rbm.safetensors", &rbm_file::model(&rbm(4), json!({})).to_bytes().unwrap());
        folder.put("good-network.safetensors", &network_of(4).to_bytes().unwrap());
        folder
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

/// Faults of every kind of file: no file, a folder, no bytes, a device without end.
fn no_file(folder: &Folder, commands: &[&[&str]], extension: &str) {
    folder.refused(commands, &format!("missing.{extension}"), &["does not exist"]);
    std::fs::create_dir_all(folder.dir.path().join(format!("folder.{extension}"))).unwrap();
    folder.refused(commands, &format!("folder.{extension}"), &["is a folder"]);
    folder.put(&format!("empty.{extension}"), b"");
    folder.refused(commands, &format!("empty.{extension}"), &["is empty"]);
    #[cfg(unix)]
    {
        let link = folder.dir.path().join(format!("endless.{extension}"));
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        // Listing a folder follows links, and this one has no end: it goes again at once.
        let out = folder.run(commands[0], &format!("endless.{extension}"));
        std::fs::remove_file(link).unwrap();
        let line = String::from_utf8(out.stderr).unwrap();
        assert!(out.status.code() == Some(2) && line.contains("no regular file"), "{line}");
    }
}

/// The table could fail: the good files are taken.
#[test]
fn what_is_right_is_taken() {
    let folder = Folder::new();
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
        let out = folder.run(arguments, "");
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
    // Real numbers are taken where they are asked for.
    folder.put("real.npz", &labelled(&spins().mapv(|v| 2.5 * v)));
    for arguments in [
        &["train", "rbm", "BAD", "--epochs", "2", "--units", "gaussian", "--learning-rate", "0.001", "--out", "d"][..],
        &["train", "thermometer", "BAD", "--epochs", "2", "--set", "data.real=true", "--out", "e"],
    ] {
        let out = folder.run(arguments, "real.npz");
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
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
    let folder = Folder::new();
    let put = |name: &str, bytes: Vec<u8>| folder.put(name, &bytes);
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
    for path in listing(folder.dir.path()).into_keys() {
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
            let out = Command::new("sh").args(["-c", &line]).current_dir(&folder.dir).output().unwrap();
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
    let folder = Folder::new();
    let mut model = rbm_file::model(&rbm(4), json!({ "remark": "\u{1b}[31m\u{9b}2J" }));
    model = model.with("\u{1b}[2J", arr1(&[0.0f32]));
    folder.put("steers.safetensors", &model.to_bytes().unwrap());
    folder.put("steers.npz", &archive(|file| file.add("a\n\u{1b}[2J", &arr1(&[1.0])).unwrap()));
    for (name, code) in [("steers.safetensors", 0), ("steers.npz", 0)] {
        let out = folder.run(&["inspect", "BAD"], name);
        let text = String::from_utf8(out.stdout).unwrap();
        assert_eq!(out.status.code(), Some(code), "{text}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n') && text.contains("\\u{1b}[2J"), "{text:?}");
    }
    folder.refused(AS_SAMPLES, "steers.npz", &["\\n\\u{1b}[2J"]);
}

/// `inspect` takes any file of rgflow; what it cannot read is the user's to mend.
#[test]
fn files_that_cannot_be_inspected() {
    let folder = Folder::new();
    let inspect: &[&[&str]] = &[&["inspect", "BAD"], &["inspect", "BAD", "--json"]];
    let good = labelled(&spins());
    folder.put("cut.npz", &good[..good.len() / 2]);
    folder.put("cut.safetensors", b"\x10");
    folder.put("cut.json", b"{\"schema\":");
    folder.put("newer.json", br#"{"schema":"rgflow-results-99","numbers":[]}"#);
    folder.put("empty.npz", b"");
    folder.put("empty.safetensors", b"");
    folder.put("empty.json", b"");
    folder.put("notes.md", b"# Notes");
    std::fs::create_dir(folder.dir.path().join("folder")).unwrap();
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
        folder.refused(inspect, name, &[part]);
    }
}

/// Names under which `sample` cannot write are refused before anything is drawn.
#[test]
fn files_that_cannot_be_sampled_into() {
    let folder = Folder::new();
    folder.put("there.npz", b"mine");
    let into: &[&[&str]] = &[&["sample", "ising", "--size", "4", "--temperature", "1,2", "--n", "3", "--out", "BAD"]];
    folder.refused(into, "there.npz", &["exists", "--force"]);
    folder.refused(into, "samples.png", &["unknown kind"]);
    folder.refused(into, "samples.npy", &["2 temperatures"]);
}
