//! The main job's promises, on a small lattice: same bytes for any number of threads, after kills and after signals.

use crate::common::ising_2d::SMALL;
use crate::common::{assert_same, binary, bytes, finish};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Gives kills something to hit.
const LONGER: &[&str] = &["rbm.epochs=600", "flow.steps=4000", "thermometer.epochs=60", "thermometer.patience=0"];

fn job(dir: &Path, longer: bool, more: &[&str]) -> Command {
    let mut command = binary();
    command.args(["run", "ising-2d", "--seeds", "2", "--out"]).arg(dir);
    for setting in SMALL.iter().chain(if longer { LONGER } else { &[] }) {
        command.args(["--set", setting]);
    }
    command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn threads_do_not_change_a_byte() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    finish(&mut job(&one, false, &["--threads", "1"]));
    finish(&mut job(&two, false, &["--threads", "2"]));
    assert_same(&one, &two);
    // Another seed gives other numbers: the comparison could fail.
    let other = dir.path().join("other");
    finish(&mut job(&other, false, &["--seed", "7"]));
    assert!(bytes(&one)[Path::new("results.json")] != bytes(&other)[Path::new("results.json")]);
}

#[test]
fn the_results_hold_what_is_promised() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let out = finish(&mut job(&dir.path().join("run"), false, &["--json"]));
    let printed: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let file = std::fs::read(dir.path().join("run/results.json")).expect("written");
    assert_eq!(printed, serde_json::from_slice::<serde_json::Value>(&file).expect("JSON"));
    assert_eq!(printed["schema"], "rgflow-results-1");
    let numbers = printed["numbers"].as_array().expect("a list");
    let find = |key: &str| numbers.iter().find(|n| n["key"] == key).unwrap_or_else(|| panic!("no {key}"));
    for set in ["all", "low", "high", "gap", "extremes"] {
        for key in ["null", "gibbs", "mean", "redrawn.gibbs", "redrawn.mean"] {
            for name in ["T_star", "T_E", "energy", "abs_m", "xi_over_L", "kl", "p_thermal"] {
                find(&format!("ising-2d.rbm.{set}.{key}.{name}"));
            }
        }
        find(&format!("ising-2d.rbm.{set}.gibbs.from.T2.T_star"));
        // T_c and the null stand beside every end.
        let sources = find(&format!("ising-2d.rbm.{set}.gibbs.T_star"))["compare"].to_string();
        assert!(sources.contains("T_c") && sources.contains("null"), "{sources}");
    }
    for key in
        ["ising-2d.rbm.untrained.gibbs.T_star", "ising-2d.rg.b3.from.T2.T_E", "ising-2d.rbm.all.epochs.2.mean.T_star"]
    {
        find(key);
    }
    let energy = find("ising-2d.samples.T2.energy");
    let (value, error) = (energy["value"].as_f64().expect("a number"), energy["error"].as_f64().expect("a number"));
    // Kaufman at 4 x 4, T = 2, to the digits that `rgflow exact` prints; 120 configurations, |z| < 5, fixed seed.
    let exact = energy["compare"][0]["value"].as_f64().expect("a number");
    assert!(((value - exact) / error).abs() < 5.0, "{value} +- {error} against {exact}");
    let mut again = binary();
    again.args(["reproduce", "fig4.6", "--json", "--seeds", "2", "--out"]).arg(dir.path().join("run"));
    for setting in SMALL {
        again.args(["--set", setting]);
    }
    let item: serde_json::Value = serde_json::from_slice(&finish(&mut again).stdout).expect("JSON");
    assert_eq!((&item["schema"], item.as_object().map(|o| o.len())), (&printed["schema"], Some(2)));
    assert!(item["numbers"].to_string().contains("ising-2d.rbm.all.mean.T_star"));
    for figure in ["fig4.5", "fig4.6", "fig4.7", "fig4.8", "fig4.9"] {
        for ending in ["svg", "csv"] {
            assert!(dir.path().join(format!("run/figures/{figure}.{ending}")).is_file());
        }
    }
}

#[test]
fn an_existing_folder_is_kept() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let run = dir.path().join("run");
    finish(&mut job(&run, false, &[]));
    let before = bytes(&run);
    let again = finish(&mut job(&run, false, &[]));
    assert!(String::from_utf8_lossy(&again.stdout).contains("T*"));
    let other = job(&run, false, &["--set", "rbm.epochs=4"]).output().expect("starts");
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("--resume"));
    assert!(before == bytes(&run));
    // With --resume, the stages that do not depend on it stay: their manifests are the same bytes.
    finish(&mut job(&run, false, &["--set", "rbm.epochs=4", "--resume"]));
    let after = bytes(&run);
    let same = |file: &str| before[Path::new(file)] == after[Path::new(file)];
    assert!(same("seed-1/stages/samples.json") && same("seed-1/stages/thermometer.json"));
    assert!(!same("seed-1/stages/rbm/all.json") && !same("results.json"));
}

/// Waits until the run has written some stages, then calls `stop`.
fn stop_when(run: &Path, stages: usize, mut child: Child, stop: impl FnOnce(&mut Child)) -> Output {
    let start = Instant::now();
    let count = || {
        let folders =
            ["seed-1/stages", "seed-1/stages/rbm", "seed-1/stages/flow", "seed-2/stages", "seed-2/stages/rbm"];
        folders.iter().filter_map(|f| std::fs::read_dir(run.join(f)).ok()).map(|d| d.count()).sum::<usize>()
    };
    while count() < stages && start.elapsed() < Duration::from_secs(60) {
        if child.try_wait().expect("waits").is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    stop(&mut child);
    child.wait_with_output().expect("ends")
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let whole = dir.path().join("whole");
    finish(&mut job(&whole, true, &[]));
    let run = dir.path().join("killed");
    let mut killed = 0;
    for (attempt, stages) in [0, 1, 4, 9, 14, 20].into_iter().enumerate() {
        let resume: &[&str] = if attempt == 0 { &[] } else { &["--resume", "--threads", "1"] };
        let child = job(&run, true, resume).spawn().expect("starts");
        let out = stop_when(&run, stages, child, |child| {
            std::thread::sleep(Duration::from_millis(3));
            child.kill().expect("killable");
        });
        killed += usize::from(out.status.code().is_none());
        assert!(out.status.code().is_none_or(|c| c == 0), "{}", String::from_utf8_lossy(&out.stderr));
    }
    assert!(killed >= 3, "only {killed} runs were stopped in time: nothing was tested");
    finish(&mut job(&run, true, &["--resume"]));
    assert_same(&whole, &run);
}

/// SIGTERM, SIGUSR1 and the end of the time limit: exit 130 or 75, a line on how to resume, and the resumed run has the
/// same bytes.
#[cfg(unix)]
#[test]
fn a_signal_or_the_time_limit_stops_cleanly() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let (whole, run) = (dir.path().join("whole"), dir.path().join("stopped"));
    finish(&mut job(&whole, true, &[]));
    let stopped = |out: Output, code: i32| {
        assert_eq!(out.status.code(), Some(code), "{}", String::from_utf8_lossy(&out.stderr));
        assert!(String::from_utf8_lossy(&out.stderr).contains("--resume"));
    };
    for (signal, stages, code, more) in [("-USR1", 2, 75, &[][..]), ("-TERM", 6, 130, &["--resume"])] {
        let child = job(&run, true, more).spawn().expect("starts");
        let out = stop_when(&run, stages, child, |child| {
            let pid = child.id().to_string();
            assert!(Command::new("kill").args([signal, &pid]).status().expect("runs").success());
        });
        stopped(out, code);
    }
    stopped(job(&run, true, &["--resume", "--time-limit", "0.05s"]).output().expect("starts"), 75);
    finish(&mut job(&run, true, &["--resume", "--time-limit", "2h"]));
    assert_same(&whole, &run);
}

/// A training that diverges is a failure (exit 1) that names the key to lower; values that cannot be are mistakes
/// (exit 2).
#[test]
fn divergence_and_impossible_values_are_one_clear_line() {
    let dir = tempfile::tempdir().expect("temporary folder");
    for (number, (setting, code, parts)) in [
        ("rbm.learning_rate=1e6", 1, "rbm.learning_rate"),
        ("thermometer.learning_rate=1e6", 1, "thermometer.learning_rate"),
        ("rbm.batch=-1", 2, "rbm.batch"),
        ("samples.sampler=heatbath", 2, "samples.sampler"),
        ("samples.per_temperature=100000000", 2, "samples.per_temperature"),
        ("rbm.epoch=3", 2, "rbm.epochs"),
    ]
    .into_iter()
    .enumerate()
    {
        let out = job(&dir.path().join(number.to_string()), false, &["--set", setting]).output().expect("starts");
        let text = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{setting}: {text}");
        assert!(text.lines().count() == 1 && text.contains(parts), "{setting}: {text}");
    }
}

/// Early stopping of the machines does not lose the snapshots.
#[test]
fn early_stopping_runs_through() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let more = ["--set", "rbm.patience=1", "--set", "rbm.epochs=6", "--set", "rbm.snapshot_epochs=[1, 6]"];
    finish(&mut job(&dir.path().join("run"), false, &more));
}

/// Flows begin at the start set, which is not the reference set: E at step 0 is that of the first chains of
/// `start.npz`.
#[test]
fn flows_begin_at_the_start_set() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let run = dir.path().join("run");
    finish(&mut job(&run, false, &[]));
    let square = rgflow::lattice::Square::new(4, 4).expect("valid");
    // 60 configurations per temperature, 20 chains, T = 3 is the fourth temperature.
    let energy = |set: &str| {
        let path = run.join(format!("seed-1/samples/{set}.npz"));
        let spins: ndarray::Array2<i8> =
            rgflow_lab::artifact::npz::Reader::open(path).and_then(|mut file| file.array("spins")).expect("readable");
        let rows = spins.slice(ndarray::s![180..200, ..]);
        rgflow::lattice::Observables::measure(&square, rows).expect("fits").energy.iter().sum::<f64>() / 20.0
    };
    let csv = std::fs::read_to_string(run.join("seed-1/flow/all-gibbs/series.csv")).expect("written");
    let line = csv.lines().find(|l| l.starts_with("0,3,")).expect("step 0 from T = 3");
    let seen: f64 = line.split(',').nth(3).and_then(|e| e.parse().ok()).expect("the column `energy`");
    assert!((seen - energy("start")).abs() < 1e-9, "{seen} against {}", energy("start"));
    for other in ["train", "test", "reference"] {
        assert!((seen - energy(other)).abs() > 1e-9, "{other} holds the same configurations");
    }
}
