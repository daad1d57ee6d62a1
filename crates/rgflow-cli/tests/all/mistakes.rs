//! Promise: a mistake that is easily made is answered in one line on stderr that says what would do, with exit code 2.
//! `cargo test -p rgflow-cli mistakes -- --nocapture` shows the lines.

use crate::common::binary;

/// A command line, words separated by `|`, and parts of the line that answers it.
const MISTAKES: &[(&str, &[&str])] = &[
    ("exact|ising|--size|4|--temperature|0-6", &["0-6", "write 0..6:0.25"]),
    ("exact|ising|--size|4|--temperature|0:6:0.5", &["0:6:0.5", "write 0..6:0.5"]),
    ("exact|ising|--size|4|--temperature|tc", &["tc", "write Tc"]),
    ("exact|ising|--size|4|--temperature|infinity-", &["infinity-", "\"inf\""]),
    ("exact|ising|--size|4|--temperature|0..6", &["needs a step", "write 0..6:0.25"]),
    ("exact|ising|--size|4|--temperature|300K", &["300K", "J/k_B, not kelvin"]),
    ("exact|ising|--size|32 32|--temperature|2", &["32 32", "write --size 32x32"]),
    ("exact|ising|--size|32|32|--temperature|2", &["'32'", "write --size 32x32"]),
    ("exact|ising|--size|32x|--temperature|2", &["32x", "write --size 32"]),
    ("exact|ising|--size|32*16|--temperature|2", &["32*16", "write --size 32x16"]),
    ("exact|ising|--size|ten|--temperature|2", &["ten", "such as 10 or 3x5"]),
    ("exact|ising|--size|4", &["--temperature <T>", "rgflow exact ising --help"]),
    ("exact|ising|--size|4|--temperatur|2", &["--temperatur", "'--temperature'"]),
    ("run|ising-2d|--set|rbm.epochs|50", &["'50'", "write --set rbm.epochs=50"]),
    ("run|ising-2d|--set|rbm.epochs:50", &["rbm.epochs:50", "KEY=VALUE"]),
    ("run|ising-2d|--set|rbm.epoch=50", &["rbm.epoch", "did you mean `rbm.epochs`"]),
    ("run|ising-2d|runs/mine", &["runs/mine", "--out DIR"]),
    ("run|ising2d", &["ising2d", "did you mean `ising-2d`"]),
    ("run|ising-2d|--seeds|1,2", &["1,2", "not a whole number", "rgflow run --help"]),
    ("run|ising-2d|--progress|bar", &["bar", "[possible values: auto, lines, json, none]"]),
    ("ising-2d", &["ising-2d", "write rgflow run ising-2d"]),
    ("fig4.6", &["fig4.6", "write rgflow reproduce fig4.6"]),
    ("reproduce|4.6", &["4.6", "did you mean `fig4.6`"]),
    ("train|rbm|runs/out|data.npz", &["runs/out: does not exist", "give a file"]),
    ("train|data.npz|rbm", &["data.npz", "rgflow train rbm data.npz"]),
    ("train|rbm|data.npz|--optimizer|adam", &["--optimizer", "'--optimiser'"]),
    ("train|rbm|/proc/x.npz", &["/proc/x.npz", "does not exist"]),
    ("flow|data.npz|model.safetensors", &["data.npz is no model", "rgflow flow model.safetensors data.npz"]),
    ("scan|ising-2d|--axis|rbm.epochs", &["rbm.epochs", "KEY=VALUE,VALUE,..."]),
    (
        "scan|ising-2d|--axis|rbm.epochs=1,2|--number|ising-2d.rbm.all.gibs.T_star",
        &["gibs", "did you mean `ising-2d.rbm.all.gibbs.T_star`"],
    ),
    ("sample|ising|--size|4|--temperature|2|--n|-5|--out|x.npz", &["'-5'", "--n takes no negative number"]),
    ("sample|ising|--size|4|--temperature|2|--n|5|--out|x.png", &["x.png", ".npz"]),
    ("inspect|no/such", &["no/such", "give a run folder or a file"]),
    ("run|ising-2d|rbm.epochs=5", &["rbm.epochs=5", "--set rbm.epochs=5"]),
    ("scan|ising-2d|rbm.epochs=1,2", &["rbm.epochs=1,2", "write --axis rbm.epochs=1,2"]),
    ("sample|ising|16|--temperature|2|--out|x.npz", &["'16'", "write --size 16"]),
    ("sample|ising|x.npz|--size|4|--temperature|2", &["'x.npz'", "write --out x.npz"]),
    ("exact|ising|10|--temperature|2", &["'10'", "write --size 10"]),
    ("data|mnist|digits", &["'digits'", "--from digits"]),
    ("flow|a.safetensors|data.npz|b.safetensors", &["b.safetensors is a model", "data.npz --read b.safetensors"]),
    ("train|rbm|data.npz|a.safetensors", &["a.safetensors is a model", "rgflow flow a.safetensors data.npz"]),
    ("train|rbm|a.npz|--learning-rate|0,05", &["0,05", "not a number", "write --learning-rate 0.05"]),
    ("train|rbm|a.npz|--set|training.epochs|5", &["--set training.epochs=5"]),
    ("sample|ising|-L|4|--temperature|2|--out|x.npz", &["'-L'", "write --size"]),
    ("run|ising-2d|--seed|-1", &["'-1' found; --seed takes no negative number"]),
    ("run|train-rbm", &["train-rbm needs files of yours", "rgflow train rbm DATA"]),
    ("scan|exact-rg|--axis|series.size=2..4", &["`2..4` is no value"]),
    ("scan|exact-rg|--axis|series.size=two", &["in --axis", "whole number"]),
    ("bench|none", &["`rgflow bench --help`"]),
    ("sample|potts", &["'potts'", "there are rgflow sample ising"]),
    ("report|no/such", &["no/such: does not exist", "the folder of a run"]),
    ("inspect|--numbers|T_star", &["`T_star` is none", "rgflow inspect DIR --numbers T_star"]),
    ("nonsense", &["nonsense", "rgflow --help"]),
];

#[test]
fn what_would_do_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (words, parts) in MISTAKES {
        let mut command = binary();
        let out = command.current_dir(&dir).args(words.split('|')).output().unwrap();
        let line = String::from_utf8(out.stderr).unwrap();
        println!("rgflow {}\n    {}", words.replace('|', " "), line.trim_end());
        let is_whole = out.status.code() == Some(2) && line.lines().count() == 1 && line.starts_with("error: ");
        if !is_whole || !out.stdout.is_empty() || parts.iter().any(|part| !line.contains(part)) {
            wrong.push(format!("{words}: {:?}: {line}", out.status.code()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(MISTAKES.len() >= 30);
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "something was written");
}

/// A folder of the system takes no files: the line names the path and the remedy.
#[cfg(target_os = "linux")]
#[test]
fn a_place_that_takes_no_files_is_named() {
    let line = ["sample", "ising", "--size", "4", "--temperature", "2", "--n", "3", "--out", "/proc/x.npz"];
    crate::common::rgflow(&line).code(1).complains("/proc/x.npz").complains("choose another --out");
}

/// The file that exists is taken for the samples, and the folder that exists for the run.
#[test]
fn exchanged_arguments_are_seen() {
    let place = crate::common::place::Place::new();
    std::fs::write(place.path("data.csv"), "1,-1\n-1,1\n1,1\n").unwrap();
    place.refused("train rbm out.npz data.csv", &["out.npz: does not exist", "rgflow train rbm data.csv --out out"]);
    place.done("run exact-rg --seeds 1 --out run --set series.size=9 --set duality.size=8 --set trg.chi=[4] -q");
    let shown = |line: &str| String::from_utf8(place.run(line).stdout).unwrap();
    let all = shown("inspect run --numbers");
    assert!(all.lines().count() > 5, "{all}");
    assert_eq!(shown("inspect --numbers run"), all);
    let some = shown("inspect run --numbers trg");
    assert!(some.lines().count() > 1 && some.len() < all.len(), "{some}");
    assert_eq!(shown("inspect --numbers run trg"), some);
}

/// A scan takes a file as its base, and its folder can be reported and inspected.
#[test]
fn a_scan_from_a_file_is_shown_again() {
    let dir = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let out = binary().current_dir(&dir).args(words).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
        text
    };
    let base =
        "experiment = \"exact-rg\"\nseeds = [1]\nseries = { size = 9 }\nduality = { size = 8 }\ntrg = { chi = [4] }\n";
    std::fs::write(dir.path().join("base.toml"), base).unwrap();
    run(&["scan", "base.toml", "--axis", "decimation.steps=2,3"]);
    let folder = dir.path().join("runs/scan-base");
    let config = std::fs::read_to_string(folder.join("decimation.steps=2/config.toml")).unwrap();
    assert!(config.contains("chi = [4]"), "{config}");
    std::fs::remove_file(folder.join("report.html")).unwrap();
    assert!(run(&["report", "runs/scan-base"]).contains("report.html") && folder.join("report.html").is_file());
    assert!(run(&["inspect", "runs/scan-base"]).contains("2 points"));
    let clean = binary().current_dir(&dir).args(["clean", "runs/scan-base"]).output();
    let said = String::from_utf8(clean.unwrap().stderr).unwrap();
    assert!(said.contains("holds several runs"), "{said}");
}

/// The first page of several items can be written and inspected again, as can that of each experiment.
#[test]
fn a_reproduction_is_shown_again() {
    let place = crate::common::place::Place::new();
    place.done("reproduce fig3.1 fig2.1 --seeds 1 --out several -q");
    let shown = |line: &str| {
        let out = place.run(line);
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    for folder in ["several", "several/exact-rg", "several/toolbox"] {
        let page = place.path(folder).join("report.html");
        let before = std::fs::read_to_string(&page).unwrap();
        std::fs::remove_file(&page).unwrap();
        assert!(shown(&format!("report {folder}")).contains("report.html"));
        // The page of a run has the hashes of its files, which are known after it was first written.
        assert!(folder != "several" || before == std::fs::read_to_string(&page).unwrap(), "{folder}: another page");
    }
    assert!(shown("inspect several").contains("fig3.1") && shown("inspect several --json").contains("\"reproduce\""));
    place.done("reproduce fig3.1 fig2.1 --seeds 1 --out several -q");
}
