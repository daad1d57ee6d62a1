//! Every recipe, small: the same bytes for any number of threads, a figure and numbers for each item of the thesis,
//! stages that are planned before the first of them begins, and summaries that fit 60 and 80 columns.

use crate::common::small::{SMALL, digits};
use crate::common::two::two_at_a_time;
use crate::common::{assert_same, binary, finish};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn printed(arguments: &[&str]) -> Vec<u8> {
    finish(binary().args(arguments).env("RGFLOW_DATA", digits())).stdout
}

fn arguments<'a>(name: &'a str, sets: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let sets = sets.iter().flat_map(|set| ["--set", *set]);
    ["run", name, "--seeds", "2"].into_iter().chain(sets).chain(more.iter().copied()).collect()
}

fn run(name: &str, sets: &[&str], dir: &Path, threads: &str) {
    let dir = dir.to_str().expect("a name in UTF-8");
    let more = ["--out", dir, "--threads", threads, "--progress", "json"];
    let out = binary().args(arguments(name, sets, &more)).env("RGFLOW_DATA", digits()).output().expect("starts");
    let said = String::from_utf8(out.stderr).expect("UTF-8");
    assert!(out.status.success(), "{name}: {said}");
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).cloned().collect::<Vec<_>>();
    let (plan, progress) = (of("plan"), of("progress"));
    let last = progress.last().unwrap_or_else(|| panic!("{name}: no progress"));
    // Each stage of the plan was made, and no other: the number never changes.
    let stages = &plan[0]["stages"];
    let others = progress.iter().find(|line| line["stages"] != *stages);
    assert!(plan.len() == 1 && others.is_none(), "{name}: planned {stages}, but {others:?}");
    assert_eq!(
        (&last["done"], &last["percent"], &last["state"]),
        (stages, &100.0.into(), &"finished".into()),
        "{name}"
    );
}

/// Lines of what `arguments` print in a terminal of `columns`, or without one, that are wider.
fn too_wide(dir: &Path, arguments: &[&str], columns: Option<&str>) -> Vec<String> {
    let mut command = binary();
    command.args(arguments).current_dir(dir).env("RGFLOW_DATA", digits()).env_remove("COLUMNS");
    columns.iter().for_each(|columns| _ = command.env("COLUMNS", columns));
    let out = command.output().expect("starts");
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    let most: usize = columns.unwrap_or("80").parse().expect("a number");
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    text.lines().filter(|line| line.chars().count() > most).map(|line| format!("{most} columns: {line}")).collect()
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

#[test]
fn every_recipe_makes_its_items() {
    let listed = json(&printed(&["reproduce", "--list", "--json"]));
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
        // The folder is complete: its summary is shown, and items are read from it.
        for columns in [Some("60"), Some("80"), None] {
            let wide = too_wide(folder.path(), &arguments(name, sets, &["--out", "one"]), columns);
            assert!(wide.is_empty(), "{name}: {wide:#?}");
        }
        for item in items.iter().filter(|item| item["experiment"] == *name) {
            let id = item["id"].as_str().expect("a number of the thesis");
            let figure = one.join("figures").join(format!("{id}.svg"));
            assert!(figure.exists(), "{name}: no {}", figure.display());
            let mut arguments = vec!["reproduce", id, "--seeds", "2", "--json", "--out", one.to_str().expect("UTF-8")];
            sets.iter().for_each(|set| arguments.extend(["--set", set]));
            let found = json(&printed(&arguments));
            assert!(found["numbers"].as_array().is_some_and(|n| !n.is_empty()), "{name}: no numbers answer {id}");
            let sets = sets.iter().flat_map(|set| ["--set", *set]);
            let table: Vec<&str> = ["reproduce", id, "--seeds", "2", "--out", "one"].into_iter().chain(sets).collect();
            let wide = too_wide(folder.path(), &table, Some("60"));
            assert!(wide.is_empty(), "{name}: {wide:#?}");
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
    let found = json(&printed(&[["scan", "exact-rg"].as_slice(), &axes, &small].concat()));
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
        json(&printed(&[["run", "exact-rg", "--seeds", "1", "--json", "--out", alone].as_slice(), &sets].concat()));
    let value = one["numbers"].as_array().expect("a list").iter().find(|n| n["key"] == number).expect("the number");
    assert_eq!(value["value"], found["numbers"][2]["value"]);
}
