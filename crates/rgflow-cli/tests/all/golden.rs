//! Promise: what a change does not mean to change stays the same to the last bit: results, configurations, stages and
//! the data of records of every experiment, and what commands print as JSON, all on the portable path. Sentences are
//! free to change but in `results.json`.
//!
//! `RGFLOW_GOLDEN=write` takes what is made now for what is right; `RGFLOW_GOLDEN_ONLY=NAME,NAME` tries or writes these
//! alone. What was compared is left in the folder `golden` of `CARGO_TARGET_TMPDIR`, so that two versions can be
//! compared by `diff -r`.

mod jobs;

use crate::common::printed::lost;
use crate::common::two::two_at_a_time;
use jobs::{Job, Made};
use rgflow_lab::experiment::Item;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Hashes by name of the run and what was hashed.
type Hashes = BTreeMap<String, BTreeMap<String, String>>;

const HEAD: &str = "# BLAKE3 of what small runs make, see golden.rs. `RGFLOW_GOLDEN=write` writes it.\n\n";

fn stored() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn hashes_file() -> PathBuf {
    stored().join("hashes.toml")
}

fn printed_file(name: &str) -> PathBuf {
    stored().join(format!("printed/{name}.json"))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON") + "\n"
}

/// Makes what `jobs` make, and keeps those of `names`.
fn make(jobs: &[Job], names: &BTreeSet<&str>) -> BTreeMap<&'static str, Made> {
    let made = Mutex::new(BTreeMap::new());
    two_at_a_time(jobs, |job| {
        if job.names.iter().any(|name| names.contains(name)) {
            let found = (job.make)(&jobs::Place::new());
            assert_eq!(found.iter().map(|(name, _)| *name).collect::<Vec<_>>(), job.names);
            made.lock().expect("no panic").extend(found.into_iter().filter(|(name, _)| names.contains(name)));
        }
    });
    made.into_inner().expect("no panic")
}

/// Leaves what is compared for `diff -r`.
fn leave(name: &str, made: &Made) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden").join(name);
    // Nothing of an earlier time stays.
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |file: &str, text: &str| std::fs::write(folder.join(file), text).expect("written");
    match made {
        Made::Run(texts) => texts.iter().for_each(|(file, text)| write(file, text)),
        Made::Printed(value) => write("printed.json", &pretty(value)),
    }
}

fn hashes(texts: &BTreeMap<&str, String>) -> BTreeMap<String, String> {
    let stem = |file: &str| Path::new(file).file_stem().expect("a name").to_string_lossy().into_owned();
    texts.iter().map(|(file, text)| (stem(file), blake3::hash(text.as_bytes()).to_hex().to_string())).collect()
}

/// Numbers of an experiment that `experiment/numbers.toml` lacks.
fn unlisted(name: &str, made: &Made) -> Vec<String> {
    let Made::Run(texts) = made else { return Vec::new() };
    let results: Value = serde_json::from_str(&texts["results.json"]).expect("JSON");
    let numbers = results["numbers"].as_array().expect("a list");
    let keys = numbers.iter().filter_map(|number| number["key"].as_str());
    let unknown = keys.filter(|key| !rgflow_lab::experiment::catalogue::has_number(name, key, ""));
    unknown.map(|key| format!("{name}: numbers.toml lacks {key}")).collect()
}

/// Items of the thesis whose keys name no number of the run.
fn unanswered(name: &str, made: &Made) -> Vec<String> {
    let Made::Run(texts) = made else { return Vec::new() };
    let results: Value = serde_json::from_str(&texts["results.json"]).expect("JSON");
    let keys: Vec<&str> =
        results["numbers"].as_array().expect("a list").iter().filter_map(|number| number["key"].as_str()).collect();
    let prefixes = Item::of(name).flat_map(|item| item.keys.iter().map(move |prefix| (item, prefix)));
    let record = texts.get("record.json").map_or(Value::Null, |text| serde_json::from_str(text).expect("JSON"));
    let claims = record["claims"].as_array().into_iter().flatten().filter_map(|claim| claim["item"].as_str());
    let astray = claims.filter(|item| Item::of(name).all(|known| known.id != *item));
    let astray = astray.map(|item| format!("{name}: a claim is on {item}, which is no item of the experiment"));
    prefixes
        .filter(|(_, prefix)| !keys.iter().any(|key| key.starts_with(prefix.as_str())))
        .map(|(item, prefix)| format!("{name}: no number answers {} by {prefix}*", item.id))
        .chain(astray)
        .collect()
}

fn compare(name: &str, made: &Made, hashes_now: &Hashes, expected: &Hashes) -> Vec<String> {
    let mut differences = Vec::new();
    match made {
        Made::Run(_) => {
            let (now, before) = (&hashes_now[name], expected.get(name).cloned().unwrap_or_default());
            let all: BTreeSet<&String> = now.keys().chain(before.keys()).collect();
            let differ: Vec<&str> =
                all.into_iter().filter(|what| now.get(*what) != before.get(*what)).map(|what| what.as_str()).collect();
            if !differ.is_empty() {
                differences.push(format!("{name}: {}", differ.join(", ")));
            }
            if differ.contains(&"files") && !differ.contains(&"stages") {
                differences.push(format!("{name}: stages make other files by the same keys; raise their REVISION"));
            }
        }
        Made::Printed(value) => {
            let text = std::fs::read_to_string(printed_file(name)).unwrap_or("null".into());
            lost(&serde_json::from_str(&text).expect("JSON"), value, name, &mut differences);
        }
    }
    differences
}

fn write(made: &BTreeMap<&str, Made>, hashes_now: Hashes, expected: Hashes, known: &BTreeSet<&str>) {
    let mut all = expected;
    all.retain(|name, _| known.contains(name.as_str()));
    all.extend(hashes_now);
    let text = toml::to_string(&all).expect("TOML");
    std::fs::create_dir_all(stored().join("printed")).expect("a folder");
    std::fs::write(hashes_file(), format!("{HEAD}{text}")).expect("written");
    for (name, made) in made {
        if let Made::Printed(value) = made {
            std::fs::write(printed_file(name), pretty(value)).expect("written");
        }
    }
}

/// Stored results of runs and commands that are no longer there.
fn left_over(known: &BTreeSet<&str>, expected: &Hashes) -> Vec<String> {
    let files = std::fs::read_dir(stored().join("printed")).into_iter().flatten().flatten();
    let printed = files.map(|file| file.path().file_stem().expect("a name").to_string_lossy().into_owned());
    let names = expected.keys().cloned().chain(printed);
    names
        .filter(|n| !known.contains(n.as_str()))
        .map(|n| format!("{n}: is stored, but nothing makes it; delete it"))
        .collect()
}

#[test]
fn nothing_has_changed() {
    let jobs = jobs::all();
    let known: BTreeSet<&str> = jobs.iter().flat_map(|job| job.names.iter().copied()).collect();
    let only = std::env::var("RGFLOW_GOLDEN_ONLY").ok();
    let names: BTreeSet<&str> = only.as_ref().map_or(known.clone(), |only| only.split(',').map(str::trim).collect());
    let unknown: Vec<_> = names.difference(&known).collect();
    assert!(unknown.is_empty(), "RGFLOW_GOLDEN_ONLY: unknown {unknown:?}; there are {known:?}");
    let stored = std::fs::read_to_string(hashes_file()).unwrap_or_default();
    let expected: Hashes = toml::from_str(&stored).expect("TOML");

    let made = make(&jobs, &names);
    made.iter().for_each(|(name, made)| leave(name, made));
    let runs = made.iter().filter_map(|(name, made)| match made {
        Made::Run(texts) => Some((name.to_string(), hashes(texts))),
        Made::Printed(_) => None,
    });
    let hashes_now: Hashes = runs.collect();
    match std::env::var("RGFLOW_GOLDEN").as_deref() {
        Ok("write") => return write(&made, hashes_now, expected, &known),
        Ok(other) => panic!("RGFLOW_GOLDEN={other}: must be `write`"),
        Err(_) => {}
    }
    let mut differences: Vec<String> =
        made.iter().flat_map(|(name, made)| compare(name, made, &hashes_now, &expected)).collect();
    differences.extend(made.iter().flat_map(|(name, made)| unanswered(name, made)));
    differences.extend(made.iter().flat_map(|(name, made)| unlisted(name, made)));
    differences.extend(left_over(&known, &expected));
    let count = differences.len();
    assert!(differences.is_empty(), "{count} differences (see CONTRIBUTING.md):\n{}", differences.join("\n"));
}
