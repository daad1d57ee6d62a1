//! Promise: a run that is killed in the middle of a stage goes on from its restart, not from the beginning, and ends
//! with the bytes of a run that nothing disturbed; a restart that is damaged or of other settings is said and not used.
#![cfg(unix)]

use crate::common::small;
#[allow(dead_code)] // Other files of tests use the rest.
use crate::common::{assert_same, binary};
use ndarray::{Array1, Array2};
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Units};
use rgflow_lab::artifact::{npz, rbm_file};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A command with some seconds of work in one stage, and the restart of a part of it.
struct Job<'a> {
    arguments: &'a [&'a str],
    restart: &'a str,
}

const TRAIN: Job<'static> = Job {
    arguments: &["train", "rbm", "data.npz", "--set", "samples.steps=5", "--epochs", "5000"],
    restart: "seed-1/stages/rbm.restart/training",
};
const READ: Job<'static> = Job {
    arguments: &["train", "thermometer", "data.npz", "--epochs", "3000", "--set", "training.patience=0"],
    restart: "seed-1/stages/thermometer.restart/training",
};
const FLOW: Job<'static> = Job {
    arguments: &["flow", "machine.safetensors", "data.npz", "--steps", "60000", "--chains", "50", "--mode", "gibbs"],
    restart: "seed-1/stages/flow-gibbs.restart/chains+0",
};
const MCRG: Job<'static> = Job {
    arguments: &[
        "rg",
        "mcrg",
        "--size",
        "16",
        "--samples",
        "80000",
        "--set",
        "mcrg.blocks=32",
        "--set",
        "mcrg.soft_samples=320",
    ],
    restart: "seed-1/stages/mcrg.restart/chains+0",
};
const SCALING: Job<'static> = Job {
    arguments: &[
        "run",
        "finite-size-scaling",
        "--seeds",
        "1",
        "--set",
        "finite_size.sizes=[4, 8, 16]",
        "--set",
        "finite_size.temperatures=5",
        "--set",
        "finite_size.samples=2400",
        "--set",
        "finite_size.burn_in=10",
        "--set",
        "classifier.wrong_reach=1.0",
        "--set",
        "classifier.inputs=4",
        "--set",
        "classifier.per_temperature=10",
        "--set",
        "classifier.epochs=5",
    ],
    restart: "seed-1/stages/scaling.restart/scaling+Critical+L16+0",
};

fn inputs() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("temporary folder");
    let mut file = npz::Writer::new();
    let bit = |(i, j): (usize, usize)| u8::from((j / 8 + i) % 2 == 0) ^ u8::from((i * 7 + j * 3) % 11 == 0);
    file.add("samples", &Array2::from_shape_fn((300, 64), bit)).expect("adds");
    file.add("labels", &Array1::from_shape_fn(300, |i| (i % 2) as u8)).expect("adds");
    file.save(dir.path().join("data.npz")).expect("saves");
    let rbm = Rbm::random(64, 16, 0.1, &mut Streams::new(1).generator("restart", 0));
    let rbm = rbm.with_units(Units::BINARY, Units::BINARY).expect("valid");
    rbm_file::model(&rbm, serde_json::json!({})).save(dir.path().join("machine.safetensors")).expect("saves");
    dir
}

fn command(inputs: &Path, job: &Job, out: &str, more: &[&str]) -> Command {
    let mut command = binary();
    command.current_dir(inputs).args(job.arguments).args(["--out", out, "--progress", "json"]).args(more);
    command.env("RGFLOW_RESTART_SECONDS", "0.05").stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn done(inputs: &Path, job: &Job, out: &str, more: &[&str]) -> Output {
    let out = command(inputs, job, out, more).output().expect("starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    out
}

/// The restarts in the folder of that of the job.
fn restarts(inputs: &Path, job: &Job, out: &str) -> Vec<Vec<u8>> {
    let path = inputs.join(out).join(job.restart);
    let entries = path.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let mut paths: Vec<PathBuf> = entries.into_iter().flatten().map_while(Result::ok).map(|e| e.path()).collect();
    // One that is being written is none.
    paths.retain(|path| !path.to_string_lossy().contains("/.rgflow-tmp-"));
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Kills the run (SIGKILL) as soon as it has written a restart of its own; how much was done when it went on, if it
/// did.
fn kill(inputs: &Path, job: &Job, out: &str) -> Option<u64> {
    let path = inputs.join(out).join(job.restart);
    let before = restarts(inputs, job, out);
    let mut child = command(inputs, job, out, &["--resume"]).spawn().expect("starts");
    for _ in 0..6000 {
        assert!(child.try_wait().expect("waits").is_none(), "{}: over before its first restart", job.restart);
        if path.exists() && restarts(inputs, job, out) != before {
            child.kill().expect("kills");
            let out = child.wait_with_output().expect("ends");
            assert_eq!(out.status.code(), None, "killed by a signal");
            return went_on(&out);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{}: no restart in 30 seconds", path.display())
}

/// The work behind the first part that went on from a restart.
fn went_on(out: &Output) -> Option<u64> {
    let text = String::from_utf8_lossy(&out.stderr);
    let (_, rest) = text.split_once(" goes on from a restart (")?;
    let (_, number) = rest.split_once(": ")?;
    number.split_once(" done)")?.0.parse().ok()
}

/// Runs the job whole, and killed twice and taken up again, which must give the same bytes and begin nothing again.
fn go_on(job: &Job) {
    let inputs = inputs();
    let inputs = inputs.path();
    let start = Instant::now();
    assert_eq!(went_on(&done(inputs, job, "whole", &[])), None);
    let time = start.elapsed();
    assert_eq!(kill(inputs, job, "killed"), None);
    let first = kill(inputs, job, "killed").expect("went on");
    let last = went_on(&done(inputs, job, "killed", &["--resume"])).expect("went on");
    println!("{}: {time:.1?}; went on after {first} and {last}", job.restart);
    // Of several parts it is not the same one that is seen to go on first.
    assert!(!job.restart.ends_with("training") || (0 < first && first < last), "{first}, {last}");
    assert_same(&inputs.join("whole"), &inputs.join("killed"));
}

/// Every kind of damage to the restart of a killed job: a bit, the last byte, all, that of other settings. It is said,
/// and what comes out is the same.
#[test]
fn a_damaged_restart_is_said_and_not_used() {
    let (inputs, job) = (inputs(), &TRAIN);
    let inputs = inputs.path();
    done(inputs, job, "whole", &[]);
    kill(inputs, job, "killed");
    let path: PathBuf = inputs.join("killed").join(job.restart);
    let whole = std::fs::read(&path).expect("written");
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    for (bytes, why) in [
        (changed(whole.len() / 2), "is damaged"),
        (whole[..whole.len() - 1].to_vec(), "is damaged"),
        (Vec::new(), "is damaged"),
        (changed(60), "other settings"),
    ] {
        std::fs::write(&path, bytes).expect("writable");
        let mut child = command(inputs, job, "killed", &["--resume"]).spawn().expect("starts");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let said = lines.into_iter().find(|line| line.contains("the restart "));
        child.kill().expect("kills");
        child.wait().expect("ends");
        assert!(said.as_ref().is_some_and(|line| line.contains(why)), "{why}: {said:?}");
    }
    std::fs::write(&path, changed(whole.len() - 1)).expect("writable");
    assert_eq!(went_on(&done(inputs, job, "killed", &["--resume"])), None);
    assert_same(&inputs.join("whole"), &inputs.join("killed"));
}

#[test]
fn a_killed_training_goes_on() {
    go_on(&TRAIN);
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn a_killed_thermometer_goes_on() {
    go_on(&READ);
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn a_killed_flow_goes_on() {
    go_on(&FLOW);
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn killed_block_spins_go_on() {
    go_on(&MCRG);
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn killed_chains_of_several_lattices_go_on() {
    go_on(&SCALING);
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn killed_readings_of_networks_go_on() {
    let (_, settings) = small::SMALL.iter().find(|(name, _)| *name == "neural-rg").expect("there");
    let sets = settings.concat().into_iter().chain(["lattices.n64=8000"]).flat_map(|set| ["--set", set]);
    let arguments: Vec<&str> = ["rg", "neural", "--seeds", "1"].into_iter().chain(sets).collect();
    go_on(&Job { arguments: &arguments, restart: "seed-1/stages/measure.restart/lattices+L64+0" });
}

/// A burn-in is no part that begins again: killed in it, chains go on.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn a_killed_burn_in_goes_on() {
    let sets =
        ["mcrg.blocks=32", "mcrg.soft_samples=320", "mcrg.burn_in=8000"].into_iter().flat_map(|set| ["--set", set]);
    let arguments: Vec<&str> = ["rg", "mcrg", "--size", "16", "--samples", "320"].into_iter().chain(sets).collect();
    go_on(&Job { arguments: &arguments, restart: "seed-1/stages/mcrg.restart/chains+0" });
}

/// A file of samples has its restarts beside it: the same command goes on, writes the same bytes and leaves nothing but
/// the file.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn a_killed_sampling_goes_on() {
    let dir = tempfile::tempdir().expect("temporary folder");
    // Half a second of work at each temperature.
    let spacing = |sampler: &str| if sampler == "metropolis" { "1000" } else { "100" };
    let sample = |sampler: &str, out: &str| {
        let mut command = binary();
        command.args(["sample", "ising", "--temperature", "2.2,2.3", "--threads", "1", "--n", "4000", "--out", out]);
        command.args(["--size", if sampler == "exact" { "12" } else { "16" }, "--sampler", sampler]);
        command.args(["--burn-in", "400", "--spacing", spacing(sampler), "--progress", "json"]);
        command.env("RGFLOW_RESTART_SECONDS", "0.05").stdout(Stdio::null()).stderr(Stdio::piped());
        command.current_dir(dir.path());
        command
    };
    for sampler in ["metropolis", "wolff", "swendsen-wang", "exact"] {
        let (whole, killed) = (format!("{sampler}.npz"), format!("{sampler}-killed.npz"));
        let folder = dir.path().join(format!("{killed}.restart"));
        let done = |out: &str| {
            let out = sample(sampler, out).output().expect("starts");
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            out
        };
        assert_eq!(went_on(&done(&whole)), None);
        let mut child = sample(sampler, &killed).spawn().expect("starts");
        while !std::fs::read_dir(&folder).is_ok_and(|entries| entries.count() > 0) {
            assert!(child.try_wait().expect("waits").is_none(), "{sampler}: over before its first restart");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(100));
        child.kill().expect("kills");
        child.wait().expect("ends");
        // A user's own file in the folder stays.
        std::fs::write(folder.join("mine"), "mine").expect("writable");
        println!("{sampler}: went on after {}", went_on(&done(&killed)).expect("went on"));
        let read = |name: &str| std::fs::read(dir.path().join(name)).expect("written");
        assert!(read(&whole) == read(&killed), "{sampler}");
        let left: Vec<_> = std::fs::read_dir(&folder).expect("there").flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["mine"]);
    }
}

/// Ctrl-C stops chains and draws of the exact sampler at their next safe point, within a second, and what was drawn is
/// kept: the same command goes on.
#[test]
fn an_interrupted_sampling_stops_at_once_and_goes_on() {
    let dir = tempfile::tempdir().expect("temporary folder");
    for (sampler, size, n) in [("exact", "12", "200000"), ("wolff", "64", "20000")] {
        let out = format!("{sampler}.npz");
        let mut command = binary();
        command.args([
            "sample",
            "ising",
            "--temperature",
            "2.3",
            "--threads",
            "1",
            "--sampler",
            sampler,
            "--out",
            &out,
        ]);
        command.args(["--size", size, "--n", n, "--progress", "json"]).current_dir(dir.path());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
        std::thread::sleep(Duration::from_millis(400));
        assert!(child.try_wait().expect("waits").is_none(), "{sampler}: over before it was stopped");
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("starts").success());
        let begun = Instant::now();
        let told = child.wait_with_output().expect("ends");
        let said = String::from_utf8_lossy(&told.stderr);
        println!("{sampler}: stopped after {:.2} s", begun.elapsed().as_secs_f64());
        assert_eq!(told.status.code(), Some(130), "{said}");
        // Without a safe point the process ends by itself, and says so in other words.
        assert!(said.contains("the same command goes on where it stopped"), "{sampler}: {said}");
        assert!(dir.path().join(format!("{out}.restart")).is_dir() && !dir.path().join(&out).exists(), "{sampler}");
    }
}
