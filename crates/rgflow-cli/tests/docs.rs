//! What README and docs promise: every block of commands runs, and every link leads to a file.
//!
//! The blocks of a page run in their order, in a folder of its own, under `sh -e`. Left out are lines that begin with
//! another program (cargo, git, ./test) and commands whose remark says that they take minutes.
#![cfg(unix)]

use ndarray::{Array1, Array3};
use rgflow_lab::artifact::{npy, npz};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that are not ours to try here.
const OTHERS: [&str; 3] = ["cargo ", "git ", "./test"];

/// A main job of seconds, for pages that look at its folder.
const MAIN_JOB: &str = "rgflow run ising-2d --seeds 1 --set samples.per_temperature=50 --set samples.calibration=40 \
    --set thermometer.epochs=2 --set rbm.epochs=1 --set 'rbm.snapshot_epochs=[1]' --set flow.steps=20 --set flow.chains=20 \
    --set flow.control_steps=20 --set flow.snapshot_steps=20 --set flow.snapshot_chains=20";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// All pages of a folder.
fn pages_of(folder: &str) -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|e| e == "md"));
    pages.sort();
    pages
}

/// README, CONTRIBUTING and all pages of docs/; commands of docs/design take a quiet machine and their time.
fn pages() -> Vec<PathBuf> {
    let mut pages = pages_of("docs");
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    pages
}

fn is_left_out(line: &str) -> bool {
    let remark = line.split_once(" # ").map_or("", |(_, remark)| remark);
    OTHERS.iter().any(|other| line.starts_with(other)) || remark.contains("minutes")
}

/// The blocks of commands of a page, and the number of lines that were left out.
fn blocks(text: &str) -> (Vec<String>, usize) {
    let (mut blocks, mut left_out, mut inside) = (Vec::new(), 0, false);
    for line in text.lines() {
        match line {
            "```sh" => {
                inside = true;
                blocks.push(String::new());
            }
            "```" => inside = false,
            line if inside && is_left_out(line) => left_out += 1,
            line if inside => *blocks.last_mut().unwrap() += &format!("{line}\n"),
            _ => {}
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    (blocks, left_out)
}

/// Stands for the digits that the page on own data exports: 300 grey pictures of 8 x 8, ten classes.
fn write_digits(dir: &Path) {
    let n = 300;
    let grey = Array3::from_shape_fn((n, 8, 8), |(sample, row, column)| {
        // A bar whose place is the class, of a width and a strength that vary.
        let distance =
            (column as f64 - 0.7 * (sample % 10) as f64).abs() + ((sample / 10 * 7 + row * 3) % 5) as f64 / 4.0;
        (16.0 * (1.0 - distance / 3.0)).round().clamp(0.0, 16.0)
    });
    let scaled = &grey / 16.0;
    for (name, array) in [("raw.npy", &grey), ("digits.npy", &scaled)] {
        npy::write(&mut std::fs::File::create(dir.join(name)).unwrap(), array).unwrap();
    }
    let mut file = npz::Writer::new();
    file.add("images", &scaled).unwrap();
    file.add("labels", &Array1::from_iter((0..n).map(|sample| (sample % 10) as i64))).unwrap();
    file.save(dir.join("digits.npz")).unwrap();
}

/// Runs `commands` in `dir` with this build's `rgflow` first on the path; what it wrote, or what went wrong.
fn run(dir: &Path, commands: &str) -> Result<String, String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_rgflow"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    // stderr is no terminal, so there is no bar.
    let output = Command::new("sh").args(["-e", "-c", commands]).current_dir(dir).env("PATH", path).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if output.status.success() { Ok(out) } else { Err(format!("{}:\n{commands}\n{out}{err}", output.status)) }
}

/// Runs the blocks of a page up to the first that fails; how many ran, how many lines were left out, and what failed.
fn try_page(page: &Path) -> (usize, usize, Option<String>) {
    let (blocks, left_out) = blocks(&std::fs::read_to_string(page).unwrap());
    let dir = tempfile::tempdir().unwrap();
    write_digits(dir.path());
    if blocks.iter().any(|block| block.contains("runs/ising-2d")) {
        run(dir.path(), MAIN_JOB).unwrap();
    }
    for (ran, block) in blocks.iter().enumerate() {
        if let Err(what) = run(dir.path(), block) {
            return (ran, left_out, Some(format!("{}: {what}", page.display())));
        }
    }
    (blocks.len(), left_out, None)
}

#[test]
fn every_command_of_the_docs_runs() {
    let tried: Vec<_> = std::thread::scope(|scope| {
        let pages: Vec<_> = pages().into_iter().map(|page| scope.spawn(move || try_page(&page))).collect();
        pages.into_iter().map(|page| page.join().unwrap()).collect()
    });
    let failed: Vec<&str> = tried.iter().filter_map(|page| page.2.as_deref()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let (ran, left_out): (usize, usize) = (tried.iter().map(|p| p.0).sum(), tried.iter().map(|p| p.1).sum());
    // A fence that is written in another way would hide commands, a remark too many would leave them out.
    assert!(ran >= 15, "only {ran} blocks ran");
    assert!((1..=30).contains(&left_out), "{left_out} lines were left out");
}

#[test]
fn a_wrong_command_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let (found, left_out) = blocks("```sh\ncargo build\nrgflow run x # two minutes\nrgflow inspect none\ntrue\n```\n");
    assert_eq!((found.len(), left_out), (1, 2));
    let error = run(dir.path(), &found[0]).unwrap_err();
    assert!(error.contains("none: does not exist"), "{error}");
}

/// The targets of the links and pictures of a page.
fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

#[test]
fn every_link_leads_to_a_file() {
    let (mut missing, mut seen) = (Vec::new(), 0);
    for page in pages().into_iter().chain(pages_of("docs/design")) {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            seen += 1;
            let file = link.split('#').next().unwrap_or_default();
            if !page.parent().unwrap().join(file).is_file() {
                missing.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(seen >= 12, "only {seen} links");
}
