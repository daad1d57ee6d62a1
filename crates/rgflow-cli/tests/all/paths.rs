//! Promise: samples, machines and their flows are the same bytes on every instruction set, and networks, whose matrix
//! products round in another order on each, agree within rounding. Every set that the CPU has is forced in turn; it
//! always has "portable".

use crate::common::{binary, finish};
use rgflow::cpu;
use std::path::Path;

fn forced(path: cpu::Path, dir: &Path, arguments: &[&str]) {
    finish(binary().args(arguments).current_dir(dir).env("RGFLOW_CPU", path.name()));
}

/// The whole way of a user on one path.
fn run(path: cpu::Path, dir: &Path) {
    let sample = ["sample", "ising", "--temperature", "1.5..4:0.5", "--n", "100"];
    let more: [&[&str]; 3] = [
        &["--size", "8", "--sampler", "metropolis", "--out", "square.npz"],
        &["--size", "6", "--sampler", "swendsen-wang", "--out", "clusters.npz"],
        &["--lattice", "ring", "--size", "8", "--out", "ring.npz"],
    ];
    more.iter().for_each(|more| forced(path, dir, &[&sample[..], more].concat()));
    let train = ["--epochs", "3", "--batch", "20"];
    let machines: [&[&str]; 3] = [
        &["train", "rbm", "square.npz", "--hidden", "20", "--out", "square"],
        &["train", "rbm", "square.npz", "--hidden", "17", "--method", "pcd", "--steps", "2", "--out", "persistent"],
        &["train", "rbm", "ring.npz", "--hidden", "4", "--out", "ring"],
    ];
    machines.iter().for_each(|machine| forced(path, dir, &[machine, &train[..]].concat()));
    let model = "square/seed-1/rbm/model.safetensors";
    forced(path, dir, &["flow", model, "square.npz", "--steps", "30", "--chains", "20", "--out", "flow"]);
    forced(path, dir, &["train", "thermometer", "clusters.npz", "--epochs", "5", "--out", "thermometer"]);
}

/// Files that must be the same bytes.
const SAME: [&str; 8] = [
    "square.npz",
    "clusters.npz",
    "ring.npz",
    "square/seed-1/rbm/model.safetensors",
    "persistent/seed-1/rbm/model.safetensors",
    "ring/seed-1/rbm/model.safetensors",
    "flow/seed-1/flow-mean/ends.npz",
    "flow/seed-1/flow-gibbs/ends.npz",
];

/// The cross-entropy of the thermometer's test set.
fn cross_entropy(dir: &Path) -> f64 {
    let results = std::fs::read(dir.join("thermometer/results.json")).expect("results");
    let results: serde_json::Value = serde_json::from_slice(&results).expect("JSON");
    let numbers = results["numbers"].as_array().expect("numbers");
    let found = numbers.iter().find(|n| n["key"] == "thermometer.test_cross_entropy").expect("the number");
    found["value"].as_f64().expect("a number")
}

#[test]
fn every_path_gives_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let dirs: Vec<_> = cpu::Path::available().into_iter().map(|path| (path, dir.path().join(path.name()))).collect();
    for (path, dir) in &dirs {
        std::fs::create_dir(dir).unwrap();
        run(*path, dir);
    }
    let (_, first) = &dirs[0];
    for (path, other) in &dirs[1..] {
        for file in SAME {
            let [expected, found] = [first, other].map(|dir| std::fs::read(dir.join(file)).expect("written"));
            assert!(expected == found, "{path}: {file} is not what it is by portable code");
        }
        let [expected, found] = [first, other].map(|dir| cross_entropy(dir));
        // Of 15 updates by Adam, each of which amplifies roundings of 1e-7 by a few.
        assert!((expected - found).abs() < 1e-4, "{path}: cross-entropy {found}, by portable code {expected}");
    }
}
