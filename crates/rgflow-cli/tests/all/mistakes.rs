//! Promise: a mistake that is easily made is answered in one line on stderr that says what would do, with exit code 2.
//! `cargo test -p rgflow-cli mistakes -- --nocapture` shows the lines.

use crate::common::binary;
use crate::common::place::Place;

/// A mistake.
struct Mistake {
    /// Command line, words separated by `|`; `EXACT` are settings that make a run small.
    wrong: &'static str,
    /// Parts of the line that answers it.
    parts: &'static [&'static str],
    /// The command line as it should be, which must do; empty where no line could know what is meant.
    right: &'static str,
}

const fn mistake(wrong: &'static str, parts: &'static [&'static str], right: &'static str) -> Mistake {
    Mistake { wrong, parts, right }
}

const EXACT: &str = "--seeds|1|--set|decimation.steps=2|--set|series.size=9|--set|duality.size=8|--set|trg.chi=[4]";

const MISTAKES: &[Mistake] = &[
    mistake(
        "exact|ising|--size|4|--temperature|0-6",
        &["0-6", "write 0..6:0.25"],
        "exact|ising|--size|4|--temperature|0..6:0.25",
    ),
    mistake(
        "exact|ising|--size|4|--temperature|0:6:0.5",
        &["0:6:0.5", "write 0..6:0.5"],
        "exact|ising|--size|4|--temperature|0..6:0.5",
    ),
    mistake("exact|ising|--size|4|--temperature|tc", &["tc", "write Tc"], "exact|ising|--size|4|--temperature|Tc"),
    mistake("exact|ising|--size|4|--temperature|infinity-", &["infinity-", "\"inf\""], ""),
    mistake(
        "exact|ising|--size|4|--temperature|0..6",
        &["needs a step", "write 0..6:0.25"],
        "exact|ising|--size|4|--temperature|0..6:0.25",
    ),
    mistake("exact|ising|--size|4|--temperature|300K", &["300K", "J/k_B, not kelvin"], ""),
    mistake(
        "exact|ising|--size|32 32|--temperature|2",
        &["32 32", "write --size 32x32"],
        "exact|ising|--size|32x32|--temperature|2",
    ),
    mistake(
        "exact|ising|--size|32|32|--temperature|2",
        &["'32'", "write --size 32x32"],
        "exact|ising|--size|32x32|--temperature|2",
    ),
    mistake(
        "exact|ising|--size|32x|--temperature|2",
        &["32x", "write --size 32"],
        "exact|ising|--size|32|--temperature|2",
    ),
    mistake(
        "exact|ising|--size|32*16|--temperature|2",
        &["32*16", "write --size 32x16"],
        "exact|ising|--size|32x16|--temperature|2",
    ),
    mistake("exact|ising|--size|ten|--temperature|2", &["ten", "such as 10 or 3x5"], ""),
    mistake("exact|ising|--size|4", &["--temperature <T>", "rgflow exact ising --help"], "exact|ising|--help"),
    mistake(
        "exact|ising|--size|4|--temperatur|2",
        &["--temperatur", "write --temperature"],
        "exact|ising|--size|4|--temperature|2",
    ),
    mistake(
        "sample|ising|--size|10x10|--temperatures|2|--out|x.npz",
        &["'--temperatures'", "write --temperature"],
        "sample|ising|--size|10x10|--temperature|2|--out|x.npz",
    ),
    mistake(
        "run|exact-rg|--set|series.size|9",
        &["'9'", "write --set series.size=9"],
        "run|exact-rg|EXACT|--set|series.size=9|--out|set",
    ),
    mistake(
        "run|exact-rg|--set|series.size:9",
        &["series.size:9", "KEY=VALUE", "write --set series.size=9"],
        "run|exact-rg|EXACT|--set|series.size=9|--out|colon",
    ),
    mistake(
        "run|exact-rg|--set|series.sice=9",
        &["series.sice", "did you mean `series.size`"],
        "run|exact-rg|EXACT|--set|series.size=9|--out|near",
    ),
    mistake("run|exact-rg|runs/mine", &["runs/mine", "--out DIR"], "run|exact-rg|EXACT|--out|runs/mine"),
    mistake("run|ising2d", &["ising2d", "did you mean `ising-2d`"], "run|--print|ising-2d"),
    mistake(
        "run|exact-rg|--seeds|1,2",
        &["1,2", "write --seed 1 --seeds 2"],
        "run|exact-rg|--seed|1|--seeds|2|--set|decimation.steps=2|--set|series.size=9|--set|duality.size=8|--set|trg.chi=[4]|--out|seeds",
    ),
    mistake(
        "run|exact-rg|--progress|bar",
        &["bar", "[possible values: auto, lines, json, none]"],
        "run|exact-rg|EXACT|--progress|lines|--out|bar",
    ),
    mistake("ising-2d", &["ising-2d", "write rgflow run ising-2d"], "run|ising-2d|--print"),
    mistake("fig3.1", &["fig3.1", "write rgflow reproduce fig3.1"], "reproduce|fig3.1|EXACT|--out|figure"),
    mistake("reproduce|3.1", &["3.1", "did you mean `fig3.1`"], "reproduce|fig3.1|EXACT|--out|figure"),
    mistake(
        "train|rbm|out.npz|data.npz",
        &["out.npz: does not exist", "rgflow train rbm data.npz --out out"],
        "train|rbm|data.npz|--out|out|--epochs|2",
    ),
    mistake(
        "train|data.npz|rbm",
        &["data.npz", "rgflow train rbm data.npz"],
        "train|rbm|data.npz|--epochs|2|--out|named",
    ),
    mistake(
        "train|rbm|data.npz|--optimizer|adam",
        &["--optimizer", "write --optimiser"],
        "train|rbm|data.npz|--optimiser|adam|--epochs|2|--out|adam",
    ),
    mistake("train|rbm|/proc/x.npz", &["/proc/x.npz", "does not exist"], ""),
    mistake(
        "flow|data.npz|model.safetensors",
        &["data.npz is no model", "rgflow flow model.safetensors data.npz"],
        "flow|model.safetensors|data.npz|--steps|8|--out|flow",
    ),
    mistake(
        "scan|exact-rg|--axis|series.size",
        &["series.size", "KEY=VALUE,VALUE,..."],
        "scan|exact-rg|--axis|series.size=9,10|EXACT|--out|scan",
    ),
    mistake(
        "scan|ising-2d|--axis|rbm.epochs=1,2|--number|ising-2d.rbm.all.gibs.T_star",
        &["gibs", "did you mean `ising-2d.rbm.all.gibbs.T_star`"],
        "",
    ),
    mistake(
        "sample|ising|--size|4|--temperature|2|--n|1e3|--out|thousand.npz",
        &["'1e3'", "not a whole number", "write --n 1000"],
        "sample|ising|--size|4|--temperature|2|--n|1000|--out|thousand.npz",
    ),
    mistake(
        "exact|ising|--lattice|cubic|--size|100|--temperature|2",
        &["cubic 100 x 100 x 100", "1000000 sites", "25"],
        "",
    ),
    mistake("sample|ising|--size|4|--temperature|2|--n|-5|--out|x.npz", &["'-5'", "--n takes no negative number"], ""),
    mistake(
        "sample|ising|--size|4|--temperature|2|--n|5|--out|x.png",
        &["x.png", ".npz"],
        "sample|ising|--size|4|--temperature|2|--n|5|--out|five.npz",
    ),
    mistake("inspect|no/such", &["no/such", "give a run folder or a file"], ""),
    mistake(
        "run|exact-rg|series.size=9",
        &["series.size=9", "--set series.size=9"],
        "run|exact-rg|EXACT|--set|series.size=9|--out|given",
    ),
    mistake(
        "scan|exact-rg|series.size=9,10",
        &["series.size=9,10", "write --axis series.size=9,10"],
        "scan|exact-rg|--axis|series.size=9,10|EXACT|--out|scan",
    ),
    mistake(
        "sample|ising|16|--temperature|2|--out|y.npz",
        &["'16'", "write --size 16"],
        "sample|ising|--size|16|--temperature|2|--out|y.npz",
    ),
    mistake(
        "sample|ising|z.npz|--size|4|--temperature|2",
        &["'z.npz'", "write --out z.npz"],
        "sample|ising|--out|z.npz|--size|4|--temperature|2",
    ),
    mistake("exact|ising|10|--temperature|2", &["'10'", "write --size 10"], "exact|ising|--size|10|--temperature|2"),
    mistake("data|mnist|digits", &["'digits'", "--from digits"], ""),
    mistake(
        "flow|model.safetensors|data.npz|network.safetensors",
        &["network.safetensors is a model", "data.npz --read network.safetensors"],
        "flow|model.safetensors|data.npz|--read|network.safetensors|--steps|8|--out|read",
    ),
    mistake(
        "train|rbm|data.npz|model.safetensors",
        &["model.safetensors is a model", "rgflow flow model.safetensors data.npz"],
        "flow|model.safetensors|data.npz|--steps|8|--out|flow",
    ),
    mistake(
        "train|rbm|data.npz|--learning-rate|0,05",
        &["0,05", "not a number", "write --learning-rate 0.05"],
        "train|rbm|data.npz|--learning-rate|0.05|--epochs|2|--out|rate",
    ),
    mistake(
        "train|rbm|data.npz|--set|training.epochs|5",
        &["--set training.epochs=5"],
        "train|rbm|data.npz|--set|training.epochs=5|--out|epochs",
    ),
    mistake(
        "sample|ising|-L|4|--temperature|2|--out|l.npz",
        &["'-L'", "write --size 4"],
        "sample|ising|--size|4|--temperature|2|--out|l.npz",
    ),
    mistake("run|exact-rg|--seed|-1", &["'-1' found; --seed takes no negative number"], ""),
    mistake(
        "run|train-rbm",
        &["train-rbm needs files of yours", "rgflow train rbm DATA"],
        "train|rbm|data.npz|--epochs|2|--out|named",
    ),
    mistake("scan|exact-rg|--axis|series.size=2..4", &["`2..4` is no value"], ""),
    mistake("scan|exact-rg|--axis|series.size=two", &["in --axis", "whole number"], ""),
    mistake("bench|none", &["`rgflow bench --help`"], "bench|--help"),
    mistake("sample|potts", &["'potts'", "there are rgflow sample ising"], "sample|ising|--help"),
    mistake("report|no/such", &["no/such: does not exist", "the folder of a run"], ""),
    mistake(
        "inspect|--numbers|T_star",
        &["`T_star` is none", "rgflow inspect DIR --numbers T_star"],
        "inspect|runs/mine|--numbers|decimation",
    ),
    mistake("nonsense", &["nonsense", "rgflow --help"], "--help"),
];

/// The words that `line` tells the user to write, if it does.
fn told(line: &str) -> Option<&str> {
    let line = line.trim_end();
    let (_, rest) = ["; write ", "given by "].iter().find_map(|begin| line.rsplit_once(begin))?;
    let rest = rest.split_once("rgflow ").map_or(rest, |(_, command)| command);
    Some([" for ", ", or "].iter().find_map(|end| rest.split_once(end)).map_or(rest, |(words, _)| words))
}

/// Every line says what would do, and what it says does.
#[test]
fn what_would_do_is_said_in_one_line_and_does() {
    let place = Place::new();
    let run = |words: &str| {
        let words = words.replace("EXACT", EXACT);
        binary().current_dir(place.path("")).args(words.split('|')).output().unwrap()
    };
    let mut wrong = Vec::new();
    place.done("sample ising --size 4 --temperature 1,2.5 --n 60 --out data.npz");
    place.done("train rbm data.npz --hidden 3 --epochs 2 --out first");
    place.done("train thermometer data.npz --hidden 3 --epochs 2 --out second");
    for (from, to) in [("first/seed-1/rbm", "model"), ("second/seed-1/thermometer", "network")] {
        std::fs::copy(place.path(from).join("model.safetensors"), place.path(&format!("{to}.safetensors"))).unwrap();
    }
    let listing = || std::fs::read_dir(place.path("")).unwrap().count();
    let before = listing();
    for Mistake { wrong: words, parts, right } in MISTAKES {
        let out = run(words);
        let line = String::from_utf8(out.stderr).unwrap();
        println!("rgflow {}\n    {}", words.replace('|', " "), line.trim_end());
        let is_whole = out.status.code() == Some(2) && line.lines().count() == 1 && line.starts_with("error: ");
        if !is_whole || !out.stdout.is_empty() || parts.iter().any(|part| !line.contains(part)) {
            wrong.push(format!("{words}: {:?}: {line}", out.status.code()));
        }
        // A command that is told to be written is the one that is tried.
        let tried = format!("rgflow {}", right.replace('|', " "));
        let told = told(&line).filter(|told| !right.is_empty() && !told.contains("DIR") && !told.contains("DATA"));
        if told.is_some_and(|told| !tried.contains(told)) {
            wrong.push(format!("{words}: told {told:?}, tried {tried}"));
        }
    }
    assert_eq!(listing(), before, "something was written");
    for Mistake { wrong: words, right, .. } in MISTAKES.iter().filter(|mistake| !mistake.right.is_empty()) {
        let out = run(right);
        if !out.status.success() {
            wrong.push(format!("{words}: {right} does not do: {}", String::from_utf8_lossy(&out.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(MISTAKES.len() >= 30 && MISTAKES.iter().filter(|mistake| !mistake.right.is_empty()).count() >= 30);
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
    let place = Place::new();
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
    let place = Place::new();
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
