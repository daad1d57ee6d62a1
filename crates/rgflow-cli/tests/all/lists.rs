//! Promises: `inspect` shows a run, a model or a file of samples on one screen, `list` shows experiments and finished
//! runs, `clean` frees stages and leaves a run that is complete and can be made whole again, and a run says when, by
//! which command and why it was made.

use crate::common::{bytes, rgflow};
use std::path::Path;

/// A small machine in `DIR/runs/a`, trained on samples in `DIR/data.npz`.
fn trained(dir: &Path, more: &[&str]) {
    let path = |name: &str| dir.join(name).to_str().unwrap().to_string();
    let (data, run) = (path("data.npz"), path("runs/a"));
    if !Path::new(&data).exists() {
        let sample = ["sample", "ising", "--size", "4", "--temperature", "1,3", "--n", "40", "--out", &data];
        rgflow(&sample).success();
    }
    let train = ["train", "rbm", &data, "--hidden", "3", "--epochs", "2", "--set", "samples.steps=5", "--out", &run];
    rgflow(&[&train[..], more].concat()).success();
}

fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&rgflow(&[arguments, &["--json"]].concat()).success().stdout).unwrap()
}

#[test]
fn experiments_and_finished_runs_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    trained(dir.path(), &["--note", "a first try"]);
    let runs = dir.path().join("runs");
    let runs = runs.to_str().unwrap();
    let listed = rgflow(&["list", runs]).success();
    let listed = listed.prints("ising-2d").prints("3 x ").prints("machine.hidden=3").prints("a first try");
    listed.prints("rbm.log_likelihood.test = ");
    let found = json(&["list", runs]);
    assert_eq!(found["runs"].as_array().unwrap().len(), 1);
    let run = &found["runs"][0];
    assert_eq!((&run["experiment"], &run["note"]), (&"train-rbm".into(), &"a first try".into()));
    assert!(run["date"].as_str().is_some_and(|date| date.len() == 20 && date.ends_with('Z')), "{run}");
    assert!(found["experiments"].as_array().unwrap().iter().all(|e| !e["time"].as_str().unwrap().is_empty()));
    rgflow(&["list", "no/such"]).code(2).complains("no/such");
    rgflow(&["run", "--help"]).success().prints("finite-size-scaling").prints("3 x ");
    let named = rgflow(&["run"]).code(2).prints("ising-1d");
    assert_eq!(named.stderr.lines().count(), 1, "{}", named.stderr);
}

#[test]
fn a_cleaned_run_is_complete_and_can_be_made_whole() {
    let dir = tempfile::tempdir().unwrap();
    trained(dir.path(), &[]);
    let run = dir.path().join("runs/a");
    let name = run.to_str().unwrap();
    let whole = bytes(&run);
    let freed = json(&["clean", name]);
    assert!(freed["files"].as_u64().unwrap() >= 2 && freed["bytes"].as_u64().unwrap() > 0, "{freed}");
    assert!(run.join("seed-1/rbm/model.safetensors").is_file() && run.join("report.html").is_file());
    assert!(!run.join("seed-1/examine").exists() && !run.join("seed-1/rbm/metrics.jsonl").exists());
    rgflow(&["inspect", name]).success().prints("complete").prints("cleaned");
    rgflow(&["report", name]).success();
    rgflow(&["clean", name]).success().prints("nothing to remove");
    // The same command shows it; with --resume it makes the same bytes again.
    trained(dir.path(), &[]);
    assert!(!run.join("seed-1/examine").exists());
    trained(dir.path(), &["--resume"]);
    assert!(whole == bytes(&run));
    assert!(!rgflow(&["inspect", name]).success().stdout.contains("cleaned"));
    // A kept file that has changed is still found, and such a run is not cleaned.
    rgflow(&["clean", name]).success();
    std::fs::write(run.join("seed-1/rbm/model.safetensors"), "x").unwrap();
    rgflow(&["clean", name]).code(2).complains("model.safetensors is missing or has changed").complains("--resume");
    rgflow(&["clean", dir.path().to_str().unwrap()]).code(2).complains("no run folder");
}

#[test]
fn a_run_says_when_and_how_it_was_made_outside_of_what_must_be_the_same() {
    let dir = tempfile::tempdir().unwrap();
    trained(dir.path(), &["--note", "first <b>"]);
    let run = dir.path().join("runs/a");
    let name = run.to_str().unwrap();
    let before = bytes(&run);
    let seen = json(&["inspect", name]);
    assert_eq!(seen["provenance"]["note"], "first <b>");
    assert!(seen["provenance"]["command"].as_str().unwrap().starts_with("rgflow train rbm "), "{seen}");
    rgflow(&["inspect", name]).success().prints("rgflow train rbm ").prints("UTC").prints("first <b>");
    let page = || std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page().contains("Note: first &lt;b&gt;"));
    // A note can be changed later; nothing that must be the same changes.
    trained(dir.path(), &["--note", "second"]);
    assert_eq!(json(&["inspect", name])["provenance"]["note"], "second");
    assert!(page().contains("Note: second") && before == bytes(&run));
}

#[test]
fn a_run_a_model_and_a_file_of_samples_are_shown_on_one_screen() {
    let dir = tempfile::tempdir().unwrap();
    trained(dir.path(), &[]);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    let run = rgflow(&["inspect", &path("runs/a")]).success();
    assert!(run.stdout.lines().count() < 30, "{}", run.stdout);
    let run = run.prints("machine.hidden=3 samples.steps=5 training.epochs=2").prints("reconstruction cost");
    run.prints("report.html").prints("--numbers [FILTER]");
    rgflow(&["inspect", &path("runs/a"), "--stages"]).success().prints("examine");
    let numbers = rgflow(&["inspect", &path("runs/a"), "--numbers", "likelihood"]).success();
    assert!(numbers.stdout.contains("rbm.log_likelihood.test") && !numbers.stdout.contains("rbm.largest_weight"));
    rgflow(&["inspect", &path("runs/a"), "--numbers"]).success().prints("rbm.largest_weight");
    rgflow(&["inspect", &path("runs/a"), "--numbers", "nope"]).code(2).complains("--numbers nope");
    let seen = json(&["inspect", &path("runs/a")]);
    assert_eq!((&seen["cleaned_files"], &seen["changed"][0]), (&0.into(), &"machine.hidden=3".into()));
    assert!(seen["summary"]["rows"].is_array());

    let model = rgflow(&["inspect", &path("runs/a/seed-1/rbm/model.safetensors")]).success();
    let line = model.stdout.lines().next().unwrap();
    assert!(line.starts_with("RBM, 16 spin x 3 spin, 2 updates on data.npz, ln p = -"), "{line}");

    let data = rgflow(&["inspect", &path("data.npz")]).success().prints("80 samples of 4 x 4");
    let data = data.prints("spins (-1, +1)").prints("2 temperatures (samples): 1 (40), 3 (40)");
    data.prints("train thermometer  a thermometer").prints("a machine of 16 visible units");
    let table = path("table.csv");
    std::fs::write(&table, "a,b,label\n0,1,x\n1,0,y\n0.5,3,x\n").unwrap();
    let seen = rgflow(&["inspect", &table]).success().prints("x (2), y (1)").prints("real numbers from 0 to 3");
    seen.prints("train rbm          refused").prints("--units gaussian");
    assert_eq!(json(&["inspect", &table])["samples"]["labels"]["all"][1]["samples"], 1);
}
