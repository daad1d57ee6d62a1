//! Every recipe, small: the same bytes for any number of threads, and a figure and numbers for each item of the thesis.

use crate::common::assert_same;
use crate::common::small::{SMALL, digits};
use crate::common::two::two_at_a_time;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn rgflow(arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rgflow"));
    let out = command.args(arguments).env("RGFLOW_DATA", digits()).output().expect("starts");
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

fn run(name: &str, sets: &[&str], dir: &Path, threads: &str) {
    let dir = dir.to_str().expect("a name in UTF-8");
    let mut arguments = vec!["run", name, "--seeds", "2", "--out", dir, "--threads", threads];
    sets.iter().for_each(|set| arguments.extend(["--set", set]));
    rgflow(&arguments);
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

#[test]
fn every_recipe_makes_its_items() {
    let listed = json(&rgflow(&["reproduce", "--list", "--json"]));
    let items = listed["items"].as_array().expect("a list");
    let named: BTreeSet<&str> = items.iter().filter_map(|item| item["experiment"].as_str()).collect();
    assert_eq!(named, SMALL.iter().map(|(name, _)| *name).collect(), "an experiment is not tried here");
    two_at_a_time(SMALL, |(name, sets)| {
        let sets = &sets.concat();
        let folder = tempfile::tempdir().expect("temporary folder");
        let [one, two] = ["one", "two"].map(|of| folder.path().join(of));
        run(name, sets, &one, "1");
        run(name, sets, &two, "2");
        assert_same(&one, &two);
        // The folder is complete: items are read from it.
        for item in items.iter().filter(|item| item["experiment"] == *name) {
            let id = item["id"].as_str().expect("a number of the thesis");
            let figure = one.join("figures").join(format!("{id}.svg"));
            assert!(figure.exists(), "{name}: no {}", figure.display());
            let mut arguments = vec!["reproduce", id, "--seeds", "2", "--json", "--out", one.to_str().expect("UTF-8")];
            sets.iter().for_each(|set| arguments.extend(["--set", set]));
            let found = json(&rgflow(&arguments));
            assert!(found["numbers"].as_array().is_some_and(|n| !n.is_empty()), "{name}: no numbers answer {id}");
        }
    });
}

#[test]
fn a_scan_makes_every_point() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let out = folder.path().join("scan");
    let out = out.to_str().expect("a name in UTF-8");
    let number = "exact-rg.duality.torus";
    let axes = ["--axis", "decimation.steps=2,3", "--axis", "duality.size=8,16"];
    let small = ["--set", "series.size=9", "--seeds", "1", "--out", out, "--number", number, "--json"];
    let found = json(&rgflow(&[["scan", "exact-rg"].as_slice(), &axes, &small].concat()));
    let keys: Vec<&str> =
        found["numbers"].as_array().expect("a list").iter().filter_map(|n| n["key"].as_str()).collect();
    let at = |steps, size| format!("{number}@decimation.steps={steps},duality.size={size}");
    assert_eq!(keys, [at(2, 8), at(2, 16), at(3, 8), at(3, 16)]);
    let table = std::fs::read_to_string(Path::new(out).join("scan.csv")).expect("scan.csv");
    assert_eq!(table.lines().count(), 1 + 4);
    assert!(Path::new(out).join("figures/scan-1.svg").exists());
    // A point alone gives the same.
    let alone = Path::new(out).join("alone");
    let alone = alone.to_str().expect("a name in UTF-8");
    let sets = ["--set", "decimation.steps=3", "--set", "duality.size=8", "--set", "series.size=9"];
    let one =
        json(&rgflow(&[["run", "exact-rg", "--seeds", "1", "--json", "--out", alone].as_slice(), &sets].concat()));
    let value = one["numbers"].as_array().expect("a list").iter().find(|n| n["key"] == number).expect("the number");
    assert_eq!(value["value"], found["numbers"][2]["value"]);
}
