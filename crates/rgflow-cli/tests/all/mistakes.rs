//! Promise: a mistake that is easily made is answered in one line on stderr that says what would do, with exit code 2.
//! `cargo test -p rgflow-cli mistakes -- --nocapture` shows the lines.

use std::process::Command;

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
    ("run|ising-2d|--progress|bar", &["bar", "[possible values: auto, json, none]"]),
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
    ("nonsense", &["nonsense", "rgflow --help"]),
];

#[test]
fn what_would_do_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (words, parts) in MISTAKES {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rgflow"));
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

/// A scan takes a file as its base, and its folder can be reported and inspected.
#[test]
fn a_scan_from_a_file_is_shown_again() {
    let dir = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_rgflow")).current_dir(&dir).args(words).output().unwrap();
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
}
