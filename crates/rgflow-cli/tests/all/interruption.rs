//! Promise: every command that makes a run folder, killed at any moment and resumed, ends with the bytes of a run that
//! nothing disturbed.
#![cfg(unix)]

use crate::common::place::Place;
use crate::common::small;
use crate::common::trained::machine;
use crate::common::{binary, interruption};
use interruption::{BLOWS, Trial};
use ndarray::Array2;
use rgflow::rbm::Units;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// At least one blow for two commands must come in time: else nothing is tested.
fn enough(stopped: usize, trials: usize) {
    println!("{stopped} of {} blows came in time", trials * BLOWS.len());
    assert!(2 * stopped >= trials, "only {stopped} runs of {trials} commands were stopped in time: nothing was tested");
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn every_recipe_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut stopped = 0;
    for (name, sets) in small::SMALL {
        let sets = sets.concat();
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let arguments: Vec<&str> = ["run", name, "--seeds", "1"].into_iter().chain(sets).collect();
        let environment = [("RGFLOW_DATA", small::digits())];
        let trial = Trial { folder: folder.path(), arguments: &arguments, environment: &environment };
        let start = Instant::now();
        stopped += trial.resumes_to_the_same_bytes(name, BLOWS);
        println!("{name}: {:.1} s", start.elapsed().as_secs_f64());
    }
    enough(stopped, small::SMALL.len());
}

/// Samples of two temperatures on a 4 x 4 lattice, in a new folder.
fn samples() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut command = binary();
    command.current_dir(folder.path()).args(["sample", "ising", "--size", "4", "--temperature", "1.5,2.5,4"]);
    assert!(command.args(["--n", "120", "--out", "data.npz"]).output().expect("starts").status.success());
    folder
}

#[test]
fn commands_on_own_data_resume_to_the_same_bytes() {
    let folder = samples();
    let run = |name: &str, arguments: &[&str]| {
        Trial { folder: folder.path(), arguments, environment: &[] }.resumes_to_the_same_bytes(name, BLOWS)
    };
    let mut stopped =
        run("rbm", &["train", "rbm", "data.npz", "--hidden", "4", "--epochs", "3000", "--set", "samples.steps=5"]);
    stopped += run(
        "thermometer",
        &["train", "thermometer", "data.npz", "--hidden", "8", "--epochs", "1000", "--set", "training.patience=0"],
    );
    let model = "rbm-whole/seed-1/rbm/model.safetensors";
    let reader = "thermometer-whole/seed-1/thermometer/model.safetensors";
    stopped += run("flow", &["flow", model, "data.npz", "--read", reader, "--steps", "20000", "--chains", "50"]);
    enough(stopped, 3);
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn reproduce_scan_and_rg_resume_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let run = |name: &str, arguments: &[&str]| {
        Trial { folder: folder.path(), arguments, environment: &[] }.resumes_to_the_same_bytes(name, BLOWS)
    };
    let exact =
        ["--set", "decimation.steps=3", "--set", "series.size=9", "--set", "duality.size=16", "--set", "trg.chi=[8]"];
    let mut stopped = run("one", &[&["reproduce", "fig3.1", "--seeds", "1"][..], &exact].concat());
    stopped += run(
        "scan",
        &[
            &["scan", "exact-rg", "--axis", "decimation.steps=2,3", "--axis", "duality.size=8,16", "--seeds", "1"][..],
            &exact[2..4],
            &exact[6..],
        ]
        .concat(),
    );
    let mcrg = ["--size", "16", "--samples", "3200", "--set", "mcrg.blocks=32", "--set", "mcrg.soft_samples=320"];
    stopped += run("mcrg", &[&["rg", "mcrg"][..], &mcrg].concat());
    let neural = small::SMALL.iter().find(|(name, _)| *name == "neural-rg").expect("there").1.concat();
    let sets: Vec<&str> = neural.iter().flat_map(|set| ["--set", set]).collect();
    stopped += run("neural", &[&["rg", "neural", "--seeds", "1"][..], &sets].concat());
    enough(stopped, 4);
}

/// Ctrl-C stops a command of several runs, not only the run that it meets: exit code 130, at once, and nothing after
/// it.
#[test]
fn an_interrupted_scan_stops_at_once() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let points = (1..=60).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let axis = format!("decimation.steps={points}");
    let arguments = [
        "scan",
        "exact-rg",
        "--axis",
        &axis,
        "--set",
        "series.size=9",
        "--set",
        "trg.chi=[4]",
        "--seeds",
        "1",
        "--out",
        "scan",
    ];
    // The first time points are made, the second time they are only looked at: a signal comes between them.
    for (after, resume) in [(2, false), (5, true), (1, true)] {
        let mut command = binary();
        command.current_dir(folder.path()).args(arguments).args(if resume { &["--resume"][..] } else { &[] });
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let seen = lines.by_ref().find(|line| line.starts_with(&format!("{after}/60 ")));
        assert!(seen.is_some());
        let start = Instant::now();
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs").success());
        let later = lines.filter(|line| line.contains("/60 ")).count();
        assert_eq!(child.wait().expect("ends").code(), Some(130));
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        assert!(later <= 10, "{later} points were begun after the signal");
        assert!(!Path::new(&folder.path().join("scan/scan.csv")).exists());
    }
}

/// The same of all experiments: the second one is not begun.
#[test]
fn an_interrupted_reproduction_stops_at_once() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut command = binary();
    command.current_dir(folder.path()).args(["reproduce", "all", "--seeds", "1", "--out", "all", "--progress", "none"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    let begun = || std::fs::read_dir(folder.path().join("all")).map_or(0, |entries| entries.count());
    while begun() == 0 {
        assert!(child.try_wait().expect("waits").is_none());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs").success());
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    assert_eq!(begun(), 1);
}

/// Chains of a trained machine say how far they are, and Ctrl-C stops them: exit code 130, one sentence, no file. Left
/// alone they come to their end.
#[test]
fn an_interrupted_draw_writes_nothing() {
    let place = Place::new();
    place.save("m.safetensors", &machine(40, 30, [Units::SPIN, Units::SPIN]), json!({}));
    let holes = Array2::from_shape_fn((20, 40), |(r, i)| if i % 3 == 0 { 9.0 } else { [-1.0f32, 1.0][(r + i) % 2] });
    place.archive("holes.npz", |file| file.add("x", &holes).unwrap());
    let draw = "rbm draw m.safetensors -n 100 --sampler gibbs -o out.npz --progress json --burn-in";
    let complete =
        "rbm complete m.safetensors holes.npz --unknown 9 --solve gibbs -o out.npz --progress json --burn-in";
    for line in [draw, complete] {
        let mut command = binary();
        command.current_dir(place.path("")).args(format!("{line} 2000000000").split_whitespace());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let mut lines = lines.map(|line| serde_json::from_str::<Value>(&line).expect("an object"));
        assert!(lines.by_ref().any(|line| line["event"] == "progress" && line["state"] == "works"), "{line}");
        let start = Instant::now();
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs").success());
        let said: Vec<Value> = lines.collect();
        assert!(said.iter().any(|line| line["text"].as_str().is_some_and(|text| text.contains("nothing was written"))));
        assert_eq!(child.wait().expect("ends").code(), Some(130), "{line}: {said:?}");
        assert!(start.elapsed() < Duration::from_secs(3) && !place.path("out.npz").exists(), "{line}");
        let said = place.done(&format!("{line} 2000 --force"));
        let mut lines = said.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
        let last = lines.rfind(|line| line["event"] == "progress").expect("there");
        assert_eq!((&last["percent"], &last["state"]), (&100.0.into(), &"finished".into()), "{line}");
        std::fs::remove_file(place.path("out.npz")).expect("was written");
    }
}

/// The same of ln Z by annealing, which takes half a minute for this machine: of `verify`, of scores, and in a stage of
/// a run.
#[test]
fn an_interrupted_estimate_of_ln_z_stops_at_once() {
    let place = Place::new();
    place.save("m.safetensors", &machine(400, 300, [Units::SPIN, Units::SPIN]), json!({}));
    let data = Array2::from_shape_fn((40, 400), |(r, i)| [-1.0f32, 1.0][(r * r + i * i + r * i / 3) % 2]);
    place.archive("data.npz", |file| file.add("x", &data).unwrap());
    for (line, stage, sentence) in [
        ("verify m.safetensors", "checks", "interrupted: the same command gives the same numbers"),
        ("rbm score m.safetensors data.npz", "score", "interrupted: the same command gives the same numbers"),
        ("rbm score m.safetensors data.npz -o scores.csv", "score", "interrupted: nothing was written"),
        ("train rbm data.npz --hidden 300 --epochs 1 --set samples.steps=0 --out run", "examine", "--resume goes on"),
    ] {
        let mut command = binary();
        command.current_dir(place.path("")).args(line.split_whitespace()).args(["--progress", "json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let mut lines = lines.map(|line| serde_json::from_str::<Value>(&line).expect("an object"));
        assert!(lines.by_ref().any(|line| line["state"] == "works" && line["stage"] == stage), "{line}");
        let start = Instant::now();
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs").success());
        let said: Vec<Value> = lines.collect();
        let is_said = |line: &Value| line["text"].as_str().is_some_and(|text| text.contains(sentence));
        assert_eq!(said.iter().filter(|line| is_said(line)).count(), 1, "{line}: {said:?}");
        let out = child.wait_with_output().expect("ends");
        assert_eq!((out.status.code(), out.stdout.len()), (Some(130), 0), "{line}: {said:?}");
        assert!(start.elapsed() < Duration::from_secs(3) && !place.path("scores.csv").exists(), "{line}");
    }
}
