//! Promise: what cannot be right ends with an exit code and one line that names it; what is undefined is said to be so.

use crate::common::binary;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    binary().current_dir(folder).args(arguments).output().expect("starts")
}

/// One line on stderr that contains all of `parts`.
fn line(out: &Output, code: i32, parts: &[&str]) {
    let line = String::from_utf8_lossy(&out.stderr);
    println!("{code}: {}", line.trim_end());
    assert!(out.status.code() == Some(code) && line.lines().count() == 1, "{:?}: {line}", out.status);
    parts.iter().for_each(|part| assert!(line.contains(part), "{line} lacks {part}"));
}

/// A folder with samples of three temperatures on a 4 x 4 lattice.
fn samples() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    let sample = ["sample", "ising", "--size", "4", "--temperature", "1,2,4", "--n", "200", "--out", "data.npz"];
    assert!(run_in(folder.path(), &sample).status.success());
    folder
}

/// At T = 1 nothing fluctuates: exponents are undefined, which is no failure, also when the run is shown again.
#[test]
fn exponents_of_ordered_samples_are_undefined_with_their_reason() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let job = [
        "rg",
        "mcrg",
        "--size",
        "16",
        "--temperature",
        "0.3",
        "--samples",
        "640",
        "--set",
        "mcrg.blocks=32",
        "--set",
        "mcrg.soft_samples=320",
        "--out",
        "run",
        "--json",
    ];
    let mut seen = Vec::new();
    for more in [&[][..], &[], &["--resume"]] {
        let out = run_in(folder.path(), &[&job, more].concat());
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        seen.push(out.stdout);
    }
    assert!(seen.windows(2).all(|two| two[0] == two[1]));
    let results: Value = serde_json::from_slice(&seen[0]).expect("JSON");
    let number = results["numbers"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|n| n["key"] == "rg.mcrg.L16.b2.step1.y_t")
        .expect("there");
    assert!(
        number["value"].is_null() && number["how"].to_string().contains("do not fluctuate independently"),
        "{number}"
    );
    assert!(run_in(folder.path(), &["report", "run"]).status.success());
}

#[test]
fn a_diverged_machine_is_a_failure() {
    let folder = samples();
    let job = ["train", "rbm", "data.npz", "--hidden", "4", "--learning-rate", "1e18", "--epochs", "3", "--out", "run"];
    line(&run_in(folder.path(), &job), 1, &["diverged", "lower"]);
}

#[test]
fn values_that_are_there_twice_are_mistakes() {
    let folder = tempfile::tempdir().expect("temporary folder");
    std::fs::write(folder.path().join("mine.toml"), "experiment = \"exact-rg\"\nseeds = [1, 1]\n").expect("written");
    line(&run_in(folder.path(), &["run", "mine.toml"]), 2, &["mine.toml", "seeds = [1, 1]", "twice"]);
    let twice = ["run", "sizes", "--set", "sizes.sizes=[8, 8]"];
    line(&run_in(folder.path(), &twice), 2, &["sizes.sizes = [8, 8]", "8 is there twice"]);
    let scan = ["scan", "ising-2d", "--axis", "rbm.learning_rate=0.1,1e-1"];
    line(&run_in(folder.path(), &scan), 2, &["rbm.learning_rate=0.1", "rbm.learning_rate=1e-1", "same point"]);
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn an_unknown_path_of_the_cpu_is_a_mistake() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for (name, code) in [("junk", 2), ("AVX2", 2), ("portable", 0), ("", 0)] {
        let mut command = binary();
        command
            .args(["exact", "ising", "--size", "4", "--temperature", "2"])
            .env("RGFLOW_CPU", name)
            .current_dir(folder.path());
        let out = command.output().expect("starts");
        if code == 2 {
            line(&out, 2, &["RGFLOW_CPU", name, "portable"]);
        } else {
            assert!(out.status.success(), "{name}");
        }
    }
}

/// Every line of stderr is an object with --progress json: progress, messages, warnings, mistakes in arguments and
/// elsewhere.
#[test]
fn with_progress_as_json_every_line_is_json() {
    let folder = samples();
    let rbm =
        ["train", "rbm", "data.npz", "--hidden", "4", "--epochs", "2", "--out", "run", "--set", "samples.steps=5"];
    let events = |arguments: &[&str]| -> Vec<String> {
        let out = run_in(folder.path(), arguments);
        let text = String::from_utf8(out.stderr).expect("UTF-8");
        let event = |line: &str| -> String {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{arguments:?}: {line}"));
            value["event"].as_str().expect("an event").into()
        };
        text.lines().map(event).collect()
    };
    let json = ["--progress", "json"];
    let has = |events: &[String], event: &str| events.iter().any(|e| e == event);
    assert!(has(&events(&[&rbm[..], &json].concat()), "progress"));
    assert_eq!(events(&[&rbm[..], &json].concat()), ["message"], "complete: nothing to do");
    assert_eq!(events(&[&rbm[..], &["--set", "training.epochs=9"], &json].concat()), ["error"]);
    assert_eq!(events(&["train", "rbm", "nothing.npz", "--progress=json"]), ["error"]);
    assert_eq!(events(&["train", "rbm", "--frobnicate", "--progress", "json"]), ["error"]);
    let slow = [
        "sample",
        "ising",
        "--size",
        "16",
        "--temperature",
        "2..2.6:0.2",
        "--n",
        "300",
        "--sampler",
        "metropolis",
        "--out",
        "a.npz",
    ];
    let events = events(&[&slow[..], &json].concat());
    assert!(has(&events, "warning") || has(&events, "note"), "{events:?}");
}

/// Settings of chains that are not used are named.
#[test]
fn chains_that_do_not_run_are_named() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let sample = |more: &[&str]| {
        let job = ["sample", "ising", "--size", "4", "--temperature", "2", "--out", "s.npz", "--force"];
        let out = run_in(folder.path(), &[&job, more].concat());
        assert!(out.status.success());
        String::from_utf8(out.stderr).expect("text")
    };
    let said = sample(&["--n", "50", "--chains", "7", "--spacing", "3"]);
    assert!(said.contains("--chains, --spacing not used: independent configurations"), "{said}");
    let said = sample(&["--n", "50", "--chains", "1000000000", "--sampler", "wolff"]);
    assert!(said.contains("--chains 1000000000: 50 run"), "{said}");
    for chains in ["1", "50"] {
        let said = sample(&["--n", "50", "--chains", chains, "--sampler", "wolff"]);
        assert!(!said.contains("--chains"), "{said}");
    }
}

/// Chains that stay on both sides of a weak field leave no correlation length.
#[test]
fn a_quotient_of_noise_is_no_correlation_length() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let job = ["sample", "ising", "--size", "4", "--temperature", "0.5", "--field", "0.05", "--n", "3000"];
    let more = ["--sampler", "metropolis", "--out", "s.npz", "--json"];
    let out = run_in(folder.path(), &[&job[..], &more].concat());
    let seen: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let xi = &seen["rows"][0]["xi"];
    assert!(xi.is_null() || xi["value"].as_f64().is_some_and(|value| (0.0..10.0).contains(&value)), "{xi}");
}

/// A file of a finished run that is no longer what it was is named.
#[test]
fn a_damaged_run_is_not_called_unfinished() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let set =
        ["--set", "decimation.steps=3", "--set", "series.size=9", "--set", "duality.size=16", "--set", "trg.chi=[8]"];
    let run = run_in(folder.path(), &[&["run", "exact-rg", "--seeds", "1", "--out", "run"][..], &set].concat());
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    std::fs::write(folder.path().join("run/results.json"), "[".repeat(1000)).expect("writable");
    let out = run_in(folder.path(), &["inspect", "run"]);
    let text = String::from_utf8(out.stdout).expect("text");
    assert!(text.contains("damaged: results.json"), "{text}");
}
