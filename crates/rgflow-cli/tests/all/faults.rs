//! Promise: what goes wrong around a run (signals, a second run in its folder, a folder that cannot be written, a full
//! disk, damaged files) costs a line, never a result: `--resume` finishes with the bytes of a run that nothing
//! disturbed.
#![cfg(unix)]

use crate::common::{assert_same, binary, bytes};
use ndarray::{Array1, Array2};
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, Units};
use rgflow_lab::artifact::{npz, rbm_file};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A run may take so long from a signal to its end.
const STOPS_WITHIN: Duration = Duration::from_secs(3);

/// A folder with samples and a machine.
struct Files {
    dir: tempfile::TempDir,
}

/// A command that works in a run folder, and the file that one wants of it.
#[derive(Clone, Copy)]
struct Job {
    arguments: &'static [&'static str],
    /// About a second of work in one stage.
    long: &'static [&'static str],
    short: &'static [&'static str],
    product: &'static str,
    findings: &'static str,
}

const TRAIN: Job = Job {
    arguments: &["train", "rbm", "data.npz", "--set", "samples.steps=5"],
    long: &["--epochs", "3000"],
    short: &["--epochs", "3"],
    product: "seed-1/rbm/model.safetensors",
    findings: "seed-1/examine/findings.json",
};

const FLOW: Job = Job {
    arguments: &["flow", "machine.safetensors", "data.npz"],
    long: &["--steps", "60000", "--chains", "50"],
    short: &["--steps", "10"],
    product: "seed-1/flow-gibbs/ends.npz",
    findings: "seed-1/flow-mean/findings.json",
};

impl Files {
    fn new() -> Self {
        let files = Self { dir: tempfile::tempdir().expect("temporary folder") };
        let mut file = npz::Writer::new();
        // Two patterns of 8 x 8 bits with a grid of faults.
        let bit = |(i, j): (usize, usize)| u8::from((j / 8 + i) % 2 == 0) ^ u8::from((i * 7 + j * 3) % 11 == 0);
        file.add("samples", &Array2::from_shape_fn((300, 64), bit)).expect("adds");
        file.add("labels", &Array1::from_shape_fn(300, |i| (i % 2) as u8)).expect("adds");
        file.save(files.path("data.npz")).expect("saves");
        let rbm = Rbm::random(64, 16, 0.1, &mut Streams::new(1).generator("faults", 0));
        let rbm = rbm.with_units(Units::BINARY, Units::BINARY).expect("valid");
        rbm_file::model(&rbm, serde_json::json!({})).save(files.path("machine.safetensors")).expect("saves");
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, job: Job, more: &[&[&str]]) -> Command {
        let mut command = binary();
        command.current_dir(self.dir.path()).args(job.arguments).args(more.concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, job: Job, more: &[&[&str]]) -> Output {
        self.command(job, more).output().expect("starts")
    }

    fn done(&self, job: Job, more: &[&[&str]]) {
        let out = self.run(job, more);
        assert!(out.status.success(), "{more:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
}

/// One line on stderr, beside warnings and notes about the data, that contains all of `parts`.
fn line(out: &Output, code: i32, parts: &[&str]) {
    let text = String::from_utf8_lossy(&out.stderr);
    let is_of_data =
        |line: &&str| ["warning", "note"].iter().any(|kind| line.starts_with(&format!("{kind}: data.npz: ")));
    let line = text.lines().filter(|line| !is_of_data(line)).collect::<Vec<_>>().join("\n");
    println!("{code}: {}", line.trim_end());
    assert_eq!(out.status.code(), Some(code), "{line}");
    assert!(line.lines().count() == 1 && out.stdout.is_empty(), "{line}");
    for part in parts {
        assert!(line.contains(part), "{line} lacks {part}");
    }
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().expect("runs").success());
}

/// A run stopped by `name` in the middle of its work, while a second one wants its folder.
fn stopped(files: &Files, job: Job, name: &str, folder: &str) {
    let out = &["--out", folder];
    let mut child = files.command(job, &[job.long, out, &["--progress", "json"]]).spawn().expect("starts");
    let pid = child.id();
    let mut errors = BufReader::new(child.stderr.take().expect("piped")).lines();
    let working = errors.by_ref().map_while(Result::ok).find(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        line["event"] == "progress" && line["percent"].as_f64().is_some_and(|percent| percent > 0.0)
    });
    // Held still, it can neither finish nor give the folder back while the others try.
    signal("-STOP", pid);
    assert!(working.is_some(), "{folder}: no progress was shown");
    for more in [&[][..], &["--resume"]] {
        line(&files.run(job, &[job.long, out, more]), 2, &[folder, "another rgflow is running", "--out"]);
    }
    let start = Instant::now();
    signal(name, pid);
    signal("-CONT", pid);
    let rest: Vec<String> = errors.map_while(Result::ok).collect();
    let status = child.wait().expect("ends");
    let seconds = start.elapsed();
    assert_eq!(status.code(), Some(130), "{name} {folder}: {rest:?}");
    assert!(seconds < STOPS_WITHIN, "{name} {folder}: took {seconds:?}");
    let mut told = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut told).expect("text");
    assert_eq!(told, "");
    let last = rest.iter().rfind(|line| line.contains("message")).expect("a line");
    assert!(rest.iter().all(|line| line.starts_with('{')) && last.contains("--resume goes on"), "{last}");
    println!("{name}: {seconds:?}: {last}");
    assert!(!files.path(folder).join("results.json").exists() && !files.path(folder).join(job.product).exists());
}

fn signals(job: Job) {
    let files = Files::new();
    files.done(job, &[job.long, &["--out", "whole"]]);
    for name in ["-INT", "-TERM"] {
        let folder = format!("stopped{name}");
        stopped(&files, job, name, &folder);
        let out = &["--out", folder.as_str()];
        line(&files.run(job, &[job.long, out]), 2, &[&folder, "unfinished", "--resume"]);
        files.done(job, &[job.long, out, &["--resume"]]);
        assert_same(&files.path("whole"), &files.path(&folder));
    }
    // Other work gives other bytes: the comparison could fail.
    files.done(job, &[job.short, &["--out", "other"]]);
    assert!(bytes(&files.path("whole"))[Path::new(job.product)] != bytes(&files.path("other"))[Path::new(job.product)]);
}

#[test]
fn signals_stop_a_training_that_resumes_to_the_same_bytes() {
    signals(TRAIN);
}

#[test]
#[ignore = "slow: ./test --full runs it"]
fn signals_stop_a_flow_that_resumes_to_the_same_bytes() {
    signals(FLOW);
}

/// Deleted and changed files are found by their hashes, said, and made again.
#[test]
#[ignore = "slow: ./test --full runs it"]
fn damaged_files_are_found_and_made_again() {
    let files = Files::new();
    for (job, folder) in [(TRAIN, "train"), (FLOW, "flow")] {
        let out = &["--out", folder];
        files.done(job, &[job.short, out]);
        let (run, whole) = (files.path(folder), bytes(&files.path(folder)));
        for name in [job.product, job.findings, "results.json"] {
            for delete in [true, false] {
                let path = run.join(name);
                if delete {
                    std::fs::remove_file(&path).expect("there");
                } else {
                    let mut content = std::fs::read(&path).expect("there");
                    let middle = content.len() / 2;
                    content[middle] ^= 1;
                    std::fs::write(&path, content).expect("writable");
                }
                let damaged = bytes(&run);
                line(&files.run(job, &[job.short, out]), 2, &[folder, name, "missing or has changed", "--resume"]);
                assert!(bytes(&run) == damaged, "looking at {folder} changed it");
                let seen = binary().arg("inspect").arg(&run).output().expect("starts");
                // The line is broken where the path of the folder lets it end.
                let seen = String::from_utf8_lossy(&seen.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(seen.contains("missing or has changed"), "{name}");
                files.done(job, &[job.short, out, &["--resume"]]);
                assert!(bytes(&run) == whole, "{name} is not as it was");
            }
        }
        // Whole again: there is nothing to do.
        let again = files.run(job, &[job.short, out]);
        assert!(String::from_utf8_lossy(&again.stderr).contains("complete: nothing to do"));
    }
}

/// A folder that cannot be made: one line, exit code 1.
#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let files = Files::new();
    for job in [TRAIN, FLOW] {
        line(&files.run(job, &[job.short, &["--out", "data.npz/run"]]), 1, &["data.npz/run", "choose another --out"]);
        line(&files.run(job, &[job.short, &["--out", "data.npz"]]), 2, &["data.npz is a file", "choose another --out"]);
        if cfg!(target_os = "linux") {
            line(&files.run(job, &[job.short, &["--out", "/proc/run"]]), 1, &["/proc/run", "choose another --out"]);
        }
    }
}

/// The words before a command that may mount file systems of its own, which end with it; `None` where the system
/// refuses.
fn own_mounts(files: &Files) -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 3] = [
        &["unshare", "--mount"],
        &["unshare", "--map-root-user", "--mount"],
        &["sudo", "--non-interactive", "unshare", "--mount"],
    ];
    let allowed = |way: &&&[&str]| {
        let mut probe = Command::new(way[0]);
        probe.args(&way[1..]).args(["mount", "-t", "tmpfs", "-o", "size=64k", "none"]).arg(files.dir.path());
        probe.output().is_ok_and(|out| out.status.success())
    };
    let way = ways.iter().find(allowed).copied();
    if way.is_none() {
        assert!(std::env::var_os("CI").is_none(), "full and read-only disks: no file system may be mounted here");
        // Past the test harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "SKIPPED: full and read-only disks: no file system may be mounted here");
    }
    way
}

/// Runs `script` (sh) with file systems of its own and the job as its arguments.
fn with_mounts(files: &Files, way: &[&str], script: &str, job: Job) {
    let mut shell = Command::new(way[0]);
    shell.args(&way[1..]).args(["sh", "-eu", "-c", script, "sh", env!("CARGO_BIN_EXE_rgflow")]);
    let out = shell.args(job.arguments).args(job.short).current_dir(files.dir.path()).output().expect("starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Output and exit code that the script's function `attempt NAME` left.
fn attempt(files: &Files, name: &str) -> Output {
    use std::os::unix::process::ExitStatusExt;
    let read = |what: &str| std::fs::read(files.path(&format!("{name}.{what}"))).expect("written");
    let code: i32 = String::from_utf8_lossy(&read("code")).trim().parse().expect("a number");
    Output { status: std::process::ExitStatus::from_raw(code << 8), stdout: read("out"), stderr: read("err") }
}

const ATTEMPT: &str = r#"
attempt() { name=$1; shift; code=0; "$@" >"$name.out" 2>"$name.err" || code=$?; echo $code >"$name.code"; }
mkdir -p disk
"#;

#[test]
fn a_full_disk_keeps_what_is_finished() {
    let files = Files::new();
    let Some(way) = own_mounts(&files) else { return };
    let job = TRAIN;
    files.done(job, &[job.short, &["--out", "whole"]]);
    // Room for the training and not for what is found of it: pages of 4 KiB, and some for files that are being
    // replaced.
    let pages = |name: &str| std::fs::metadata(files.path("whole").join(name)).expect("there").len().div_ceil(4096);
    let training =
        ["config.toml", "provenance.json", job.product, "seed-1/rbm/metrics.jsonl", "seed-1/stages/rbm.json"];
    let room = training.into_iter().map(pages).sum::<u64>() + 4;
    assert!(pages(job.findings) > 8, "the findings are too small to fill the disk");
    let script = format!(
        r#"{ATTEMPT}
mount -t tmpfs -o size=4k none disk
attempt none "$@" --out disk/run
umount disk
mount -t tmpfs -o size={}k none disk
attempt full "$@" --out disk/run
cp -a disk/run left
attempt still "$@" --out disk/run --resume
mount -o remount,size=64m none disk
attempt unresumed "$@" --out disk/run
attempt resumed "$@" --out disk/run --resume
cp -a disk/run resumed"#,
        4 * room
    );
    with_mounts(&files, way, &script, job);
    line(&attempt(&files, "none"), 1, &["disk/run", "No space left", "make room", "--resume"]);
    for name in ["full", "still"] {
        line(&attempt(&files, name), 1, &["examine/findings.json", "No space left", "make room", "--resume"]);
    }
    let model = |folder: &str| files.path(folder).join(job.product);
    assert!(model("left").is_file() && files.path("left/seed-1/stages/rbm.json").is_file());
    assert!(!files.path("left").join(job.findings).exists() && !files.path("left/results.json").exists());
    line(&attempt(&files, "unresumed"), 2, &["disk/run", "unfinished", "--resume"]);
    let resumed = attempt(&files, "resumed");
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert_same(&files.path("whole"), &files.path("resumed"));
    let written = |folder: &str| std::fs::metadata(model(folder)).and_then(|m| m.modified()).expect("there");
    assert_eq!(written("left"), written("resumed"), "the finished training was made again");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let files = Files::new();
    let Some(way) = own_mounts(&files) else { return };
    for job in [TRAIN, FLOW] {
        let script = format!(
            r#"{ATTEMPT}
mount -t tmpfs none disk
"$@" --out disk/run >/dev/null
mount -o remount,ro none disk
attempt new "$@" --out disk/new
attempt changed "$@" --out disk/run --seed 2 --resume"#
        );
        with_mounts(&files, way, &script, job);
        line(&attempt(&files, "new"), 1, &["disk/new", "Read-only", "choose another --out"]);
        line(&attempt(&files, "changed"), 1, &["disk/run", "Read-only", "choose another --out"]);
    }
}

/// A finished run is shown where nothing can be written; what cannot be written is said.
#[test]
fn a_finished_run_on_a_read_only_disk_is_shown() {
    let files = Files::new();
    let Some(way) = own_mounts(&files) else { return };
    let script = format!(
        r#"{ATTEMPT}
mount -t tmpfs none disk
"$@" --out disk/run >/dev/null
rm disk/run/.lock
mount -o remount,ro none disk
attempt again "$@" --out disk/run
attempt resumed "$@" --out disk/run --resume
attempt json "$@" --out disk/run --json
attempt inspected "$1" inspect disk/run
attempt report "$1" report disk/run"#
    );
    with_mounts(&files, way, &script, TRAIN);
    for name in ["again", "resumed", "json", "inspected"] {
        let out = attempt(&files, name);
        assert!(out.status.success() && !out.stdout.is_empty(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
    }
    line(&attempt(&files, "report"), 1, &["disk/run/report.html", "Read-only", "stays"]);
}
