//! Promise: no path outside a run folder is read as an artifact, written or removed, whatever its files say and
//! wherever links in it point. `--out` itself may be a link.
#![cfg(unix)]

use crate::common::{assert_same, binary, bytes};
use ndarray::Array2;
use rgflow_lab::artifact::npz;
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with samples, a finished run, and files that are none of its business.
struct Place {
    dir: tempfile::TempDir,
    before: BTreeMap<PathBuf, Vec<u8>>,
}

const TRAIN: &[&str] = &["train", "rbm", "data.npz", "--epochs", "1", "--hidden", "4", "--set", "samples.steps=5"];

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("temporary folder");
        let mut file = npz::Writer::new();
        let bit = |(i, j): (usize, usize)| u8::from((j / 4 + i) % 2 == 0) ^ u8::from((i * 7 + j * 3) % 11 == 0);
        file.add("samples", &Array2::from_shape_fn((100, 16), bit)).expect("adds");
        file.save(dir.path().join("data.npz")).expect("saves");
        let outside = dir.path().join("outside");
        for name in ["a.txt", "sub/b.txt", "stages/rbm.json", "rbm/model.safetensors"] {
            let path = outside.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, "precious").expect("written");
        }
        let place = Self { before: bytes(&outside), dir };
        place.done(TRAIN, "run");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = binary();
        command.current_dir(self.dir.path()).args(arguments).output().expect("starts")
    }

    fn done(&self, job: &[&str], out: &str) {
        let out = self.run(&[job, &["--out", out]].concat());
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    fn untouched(&self, when: &str) {
        assert!(bytes(&self.path("outside")) == self.before, "{when}: something outside was touched");
        assert!(!self.path("nothing").exists(), "{when}: something outside was made");
    }

    /// A mistake (2) told in one line with `parts`.
    fn refused(&self, arguments: &[&str], parts: &[&str]) {
        let out = self.run(arguments);
        let line = String::from_utf8_lossy(&out.stderr);
        println!("{}", line.trim_end());
        assert!(out.status.code() == Some(2) && line.lines().count() == 1, "{arguments:?}: {:?} {line}", out.status);
        parts.iter().for_each(|part| assert!(line.contains(part), "{arguments:?}: {line} lacks {part}"));
        self.untouched(&line);
    }

    /// Another copy of the finished run, without its mark.
    fn copy(&self, name: &str) -> PathBuf {
        let copy = Command::new("cp").arg("-r").arg(self.path("run")).arg(self.path(name)).status();
        assert!(copy.expect("runs").success());
        self.path(name)
    }
}

/// Names in manifests are data: those that lead out are neither read nor removed, and the run comes to its end.
#[test]
fn names_in_manifests_that_lead_out_are_not_trusted() {
    let place = Place::new();
    let absolute = place.path("outside/a.txt").display().to_string();
    for (i, name) in [
        "../../outside/a.txt",
        &absolute,
        "../config.toml",
        "..",
        ".",
        "",
        "/",
        "..\\..\\outside\\a.txt",
        "rbm/../../../outside/a.txt",
        "C:\\outside",
        "../../outside/",
        "examine/findings.json",
    ]
    .into_iter()
    .enumerate()
    {
        // With the manifest's own settings, and with others.
        for more in [&[][..], &["--epochs", "2"]] {
            let folder = format!("copy-{i}-{}", more.len());
            let manifest = place.copy(&folder).join("seed-1/stages/rbm.json");
            let text = std::fs::read_to_string(&manifest).expect("readable");
            let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            value["files"][name] = "0".into();
            std::fs::write(&manifest, value.to_string()).expect("writable");
            let job: Vec<&str> =
                TRAIN.iter().filter(|a| more.is_empty() || !["--epochs", "1"].contains(a)).copied().collect();
            let findings =
                std::fs::metadata(place.path(&folder).join("seed-1/examine/findings.json")).and_then(|m| m.modified());
            place.done(&[&job, more, &["--resume"]].concat(), &folder);
            place.untouched(name);
            if more.is_empty() {
                assert_same(&place.path("run"), &place.path(&folder));
                let now = std::fs::metadata(place.path(&folder).join("seed-1/examine/findings.json"))
                    .and_then(|m| m.modified());
                assert_eq!(
                    findings.expect("there"),
                    now.expect("there"),
                    "{name}: a file of another stage was made again"
                );
            }
        }
        // In the mark of a finished run.
        let folder = place.copy(&format!("mark-{i}"));
        let mark = folder.join("complete.json");
        let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&mark).expect("there")).expect("JSON");
        value["files"][name] = "0".into();
        std::fs::write(&mark, value.to_string()).expect("writable");
        let folder = folder.display().to_string();
        place.refused(&[TRAIN, &["--out", &folder]].concat(), &["has changed", "--resume"]);
        let seen = place.run(&["inspect", &folder]);
        assert!(String::from_utf8_lossy(&seen.stdout).contains("has changed"), "{name}");
    }
}

/// Links and other oddities inside a run folder are named and refused by every command that opens it, also those that
/// lead nowhere.
#[test]
fn links_inside_a_run_folder_are_refused() {
    let place = Place::new();
    for (i, name) in [
        "seed-1",
        "seed-2",
        "seed-1/stages",
        "seed-1/rbm",
        "seed-1/rbm/model.safetensors",
        "seed-1/stages/rbm.json",
        "seed-1/stages/rbm.restart",
        "seed-1/.rgflow-tmp-x",
        "figures",
        "config.toml",
        "provenance.json",
        "complete.json",
        "results.json",
        "report.html",
        ".lock",
        "notes",
    ]
    .into_iter()
    .enumerate()
    {
        for (j, to) in ["outside", "outside/a.txt", "nothing", "run/results.json"].into_iter().enumerate() {
            let folder = place.copy(&format!("link-{i}-{j}"));
            let link = folder.join(name);
            let _ = std::fs::remove_file(&link).or_else(|_| std::fs::remove_dir_all(&link));
            symlink(place.path(to), &link).expect("made");
            let folder = folder.display().to_string();
            let parts = [name, "symbolic link", ";"];
            place.refused(&[TRAIN, &["--out", &folder, "--resume"]].concat(), &parts);
            if j == 0 {
                place.refused(&[TRAIN, &["--out", &folder]].concat(), &parts);
                place.refused(&["report", &folder], &parts);
                place.refused(&["inspect", &folder], &parts);
            }
            assert!(std::fs::symlink_metadata(&link).expect("there").is_symlink());
        }
    }
    let pipe = place.copy("pipe").join("seed-1/stages/rbm.json");
    std::fs::remove_file(&pipe).expect("there");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("runs").success());
    place.refused(&[TRAIN, &["--out", "pipe", "--resume"]].concat(), &["rbm.json", "neither a file nor a folder"]);
}

/// `--out` may be a link to a disk with room.
#[test]
fn the_run_folder_itself_may_be_a_link() {
    let place = Place::new();
    std::fs::create_dir(place.path("scratch")).expect("made");
    symlink(place.path("scratch"), place.path("link")).expect("made");
    place.done(TRAIN, "link");
    assert!(place.path("link").symlink_metadata().expect("there").is_symlink());
    assert_same(&place.path("run"), &place.path("scratch"));
    place.done(&[TRAIN, &["--resume"]].concat(), "link");
    for command in ["report", "inspect"] {
        assert!(place.run(&[command, "link"]).status.success());
    }
    symlink(place.path("nothing"), place.path("dangling")).expect("made");
    let out = place.run(&[TRAIN, &["--out", "dangling"]].concat());
    let line = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(2) && line.contains("dangling") && line.lines().count() == 1, "{line}");
    place.untouched("dangling");
}

const SCAN: &[&str] = &[
    "scan",
    "exact-rg",
    "--axis",
    "decimation.steps=2,3",
    "--set",
    "series.size=9",
    "--set",
    "duality.size=8",
    "--set",
    "trg.chi=[4]",
    "--seeds",
    "1",
    "--out",
    "scan",
];

/// A folder of several runs: neither a run in it nor its page may lie elsewhere.
#[test]
fn links_in_the_folder_of_a_scan_or_a_reproduction_are_refused() {
    let place = Place::new();
    for link in ["decimation.steps=3", "figures", "scan.csv", "report.html"] {
        std::fs::create_dir(place.path("scan")).expect("made");
        symlink(place.path("outside"), place.path("scan").join(link)).expect("made");
        place.refused(SCAN, &[link, "symbolic link"]);
        std::fs::remove_dir_all(place.path("scan")).expect("removed");
    }
    let reproduce = ["reproduce", "fig3.2", "fig4.6", "--out", "several"];
    for link in ["exact-rg", "figures"] {
        std::fs::create_dir(place.path("several")).expect("made");
        symlink(place.path("outside"), place.path("several").join(link)).expect("made");
        place.refused(&reproduce, &[link, "symbolic link"]);
        std::fs::remove_dir_all(place.path("several")).expect("removed");
    }
}

/// A folder whose `config.toml` is gone is not locked for ever: the remedy is named, and it works.
#[test]
fn a_deleted_configuration_is_written_again() {
    let place = Place::new();
    let whole = bytes(&place.path("run"));
    for more in [&["config.toml"][..], &["config.toml", "complete.json"], &["config.toml", "provenance.json"]] {
        let folder = place.copy("copy");
        more.iter().for_each(|name| std::fs::remove_file(folder.join(name)).expect("there"));
        for command in [&[TRAIN, &["--out", "copy"]].concat(), &vec!["report", "copy"], &vec!["inspect", "copy"]] {
            place.refused(command, &["copy", "config.toml", "missing", "--resume"]);
        }
        place.done(&[TRAIN, &["--resume"]].concat(), "copy");
        assert!(bytes(&folder) == whole);
        std::fs::remove_dir_all(folder).expect("removed");
    }
    // A folder of others is still no run folder.
    std::fs::write(place.path("outside/provenance.json"), "{}").expect("written");
    let out = place.run(&[TRAIN, &["--out", "outside", "--resume"]].concat());
    assert!(out.status.code() == Some(2) && String::from_utf8_lossy(&out.stderr).contains("no run folder"));
}

/// Temporary files that a kill left are removed with the next opening, in every folder.
#[test]
fn temporary_files_are_removed_with_the_next_opening() {
    let place = Place::new();
    let whole = bytes(&place.path("run"));
    let left = ["figures/.report-abc123", "figures/.rgflow-tmp-x", ".rgflow-tmp-y", "seed-1/rbm/.rgflow-tmp-z"];
    for command in
        [&[TRAIN, &["--out", "run"]].concat(), &[TRAIN, &["--out", "run", "--resume"]].concat(), &vec!["report", "run"]]
    {
        left.iter().for_each(|name| std::fs::write(place.path("run").join(name), "half").expect("written"));
        assert!(place.run(command).status.success());
        assert!(bytes(&place.path("run")) == whole, "{command:?}");
    }
    let done = |place: &Place| assert!(place.run(SCAN).status.success());
    done(&place);
    for name in ["scan/.rgflow-tmp-x", "scan/figures/.report-x"] {
        std::fs::write(place.path(name), "half").expect("written");
        done(&place);
        assert!(!Path::new(&place.path(name)).exists(), "{name}");
    }
}
