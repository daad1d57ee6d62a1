//! The promises of a run folder: what is right is kept, what is stale or damaged is made again, nothing is lost, and
//! the bytes are the same after any interruption.

use rgflow_lab::artifact::{
    Artifact, Error, Opened, Run, RunRequest, Stage, is_complete, load_record, progress::Silent, render_again,
};
use rgflow_lab::record::{Number, Record};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Settings of the toy experiment: two stages, the second reads the first.
#[derive(Clone, Copy)]
struct Toy {
    size: i64,
    scale: f64,
    revision: u32,
    stop_in_second: bool,
}

const TOY: Toy = Toy { size: 4, scale: 2.0, revision: 1, stop_in_second: false };

#[derive(Default, Debug)]
struct Made {
    first: AtomicUsize,
    second: AtomicUsize,
}

impl Made {
    fn counts(&self) -> (usize, usize) {
        (self.first.load(Ordering::Relaxed), self.second.load(Ordering::Relaxed))
    }
}

fn table(toy: Toy) -> toml::Table {
    format!("size = {}\n[second]\nscale = {:?}\n", toy.size, toy.scale).parse().unwrap()
}

fn open(dir: &Path, toy: Toy, resume: bool) -> Result<Opened, Error> {
    Run::open(dir, RunRequest { experiment: "toy", settings: &table(toy), seeds: &[1, 2] }, resume, Arc::new(Silent))
}

fn work(dir: &Path, toy: Toy, resume: bool) -> Run {
    match open(dir, toy, resume).unwrap() {
        Opened::Work(run) => run,
        Opened::Complete(_) => panic!("complete"),
    }
}

fn stages(run: &Run, toy: Toy, made: &Made) -> Result<Record, Error> {
    // Both repetitions at once, as experiments do.
    let results: Vec<Result<Artifact, Error>> = std::thread::scope(|scope| {
        let threads: Vec<_> = run
            .repetitions()
            .into_iter()
            .map(|repetition| {
                scope.spawn(move || {
                    let first = Stage {
                        name: "samples/train",
                        revision: toy.revision,
                        settings: toy.size,
                        inputs: &[],
                        outputs: &["samples/train.bin", "samples/parts/"],
                    };
                    let first = repetition.stage(first, |out| {
                        made.first.fetch_add(1, Ordering::Relaxed);
                        out.write("samples/train.bin", vec![out.seed() as u8; toy.size as usize])?;
                        out.write(&format!("samples/parts/{}.bin", toy.size), b"part")
                    })?;
                    let second = Stage {
                        name: "flow",
                        revision: 1,
                        settings: toy.scale,
                        inputs: &[&first],
                        outputs: &["flow.txt"],
                    };
                    repetition.stage(second, |out| {
                        made.second.fetch_add(1, Ordering::Relaxed);
                        if toy.stop_in_second {
                            out.keep("half", 0, || Ok(1u8))?;
                            repetition.run().interrupt().store(true, Ordering::Relaxed);
                        }
                        out.tick(1)?;
                        let bytes = std::fs::read(first.path("samples/train.bin")).unwrap();
                        let sum: f64 = bytes.iter().map(|b| f64::from(*b) * toy.scale).sum();
                        out.write("flow.txt", sum.to_string())
                    })
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let flows = results.into_iter().collect::<Result<Vec<_>, _>>()?;
    let text = |flow: &Artifact| std::fs::read_to_string(flow.path("flow.txt")).unwrap();
    let number = |(i, flow)| Number::new(format!("toy.{i}"), text(flow).parse().unwrap(), None, "1", "sum");
    Ok(Record { title: "Toy".into(), numbers: flows.iter().enumerate().map(number).collect(), ..Record::default() })
}

fn complete(dir: &Path, toy: Toy, resume: bool) -> (usize, usize) {
    let (run, made) = (work(dir, toy, resume), Made::default());
    let record = stages(&run, toy, &made).unwrap();
    run.finish(&record).unwrap();
    made.counts()
}

/// Every file but those that may hold times.
fn bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, dir: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if path.is_dir() {
                walk(root, &path, all);
            } else if !["provenance.json", "report.html"].contains(&name.as_str()) {
                all.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(dir, dir, &mut all);
    all
}

fn user_error(result: Result<Opened, Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    error.to_string()
}

#[test]
fn a_complete_run_is_shown_and_not_made_again() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(complete(dir.path(), TOY, false), (2, 2));
    assert!(is_complete(dir.path()).unwrap());
    assert!(matches!(open(dir.path(), TOY, false).unwrap(), Opened::Complete(_)));
    assert_eq!(load_record(dir.path()).unwrap().numbers[1].value, Some(16.0));
    assert_eq!(complete(dir.path(), TOY, true), (0, 0));
    std::fs::remove_file(dir.path().join("report.html")).unwrap();
    assert!(!is_complete(dir.path()).unwrap());
    render_again(dir.path()).unwrap();
    assert!(is_complete(dir.path()).unwrap());
}

#[test]
fn stages_follow_settings_revision_and_inputs() {
    let dir = tempfile::tempdir().unwrap();
    complete(dir.path(), TOY, false);
    let other = Toy { scale: 3.0, ..TOY };
    let message = user_error(open(dir.path(), other, false));
    assert!(message.contains("--resume") && message.contains("second.scale = 2.0 there, 3.0 asked for"), "{message}");
    assert_eq!(complete(dir.path(), other, true), (0, 2), "only the second stage reads the scale");
    let larger = Toy { size: 5, ..other };
    assert_eq!(complete(dir.path(), larger, true), (2, 2), "the input of the second stage changed");
    assert!(!dir.path().join("seed-1/samples/parts/4.bin").exists(), "parts of the older version are gone");
    let revised = Toy { revision: 2, ..larger };
    assert_eq!(complete(dir.path(), revised, true), (2, 0), "the same bytes came out: what follows is kept");
}

#[test]
fn settings_that_json_cannot_tell_apart_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    complete(dir.path(), Toy { scale: f64::INFINITY, ..TOY }, false);
    let message = user_error(open(dir.path(), Toy { scale: f64::NEG_INFINITY, ..TOY }, false));
    assert!(message.contains("another configuration"), "{message}");
    assert_eq!(complete(dir.path(), Toy { scale: f64::NEG_INFINITY, ..TOY }, true), (0, 2));
}

#[test]
fn a_flipped_bit_and_a_deleted_file_are_made_again() {
    let dir = tempfile::tempdir().unwrap();
    complete(dir.path(), TOY, false);
    let right = bytes(dir.path());
    std::fs::write(dir.path().join("seed-1/samples/train.bin"), [1, 1, 1, 3]).unwrap();
    assert_eq!(complete(dir.path(), TOY, true), (1, 0));
    std::fs::remove_file(dir.path().join("seed-2/flow.txt")).unwrap();
    std::fs::write(dir.path().join("seed-1/stages/flow.json"), "{ damaged").unwrap();
    std::fs::write(dir.path().join("seed-1/.rgflow-tmp-x"), "left by a kill").unwrap();
    assert_eq!(complete(dir.path(), TOY, true), (0, 2));
    assert_eq!(bytes(dir.path()), right);
}

#[test]
fn changed_results_make_a_run_unfinished() {
    let dir = tempfile::tempdir().unwrap();
    complete(dir.path(), TOY, false);
    std::fs::write(dir.path().join("results.json"), "{}").unwrap();
    let message = user_error(open(dir.path(), TOY, false));
    assert!(message.contains("results.json is missing or has changed") && message.contains("--resume"), "{message}");
    assert_eq!(complete(dir.path(), TOY, true), (0, 0));
}

#[test]
fn an_interrupted_run_resumes_with_the_same_bytes() {
    let (dir, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    complete(whole.path(), TOY, false);
    {
        let toy = Toy { stop_in_second: true, ..TOY };
        let run = work(dir.path(), toy, false);
        assert!(matches!(stages(&run, toy, &Made::default()), Err(Error::Interrupted)));
        assert!(matches!(run.finish(&Record::default()), Err(Error::Interrupted)));
    }
    assert!(user_error(open(dir.path(), TOY, false)).contains("unfinished"));
    let restarts = || bytes(dir.path()).keys().filter(|name| name.contains(".restart/")).count();
    assert!(restarts() >= 1);
    let (first, second) = complete(dir.path(), TOY, true);
    assert!(first <= 1 && second >= 1, "{first} {second}");
    assert_eq!(restarts(), 0);
    assert_eq!(bytes(dir.path()), bytes(whole.path()));
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let run = work(dir.path(), TOY, false);
    let message = user_error(open(dir.path(), TOY, true));
    assert!(message.contains(&dir.path().display().to_string()), "{message}");
    drop(run);
    work(dir.path(), TOY, true);
}

#[test]
fn folders_of_others_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("thesis.tex"), "text").unwrap();
    assert!(user_error(open(dir.path(), TOY, true)).contains("no run folder"));
    assert!(user_error(open(&dir.path().join("thesis.tex"), TOY, true)).contains("is a file"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn bugs_of_an_experiment_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let run = work(dir.path(), TOY, false);
    let stage = |name| Stage { name, revision: 1, settings: (), inputs: &[], outputs: &["s.txt"] };
    let missing = run.seed(1).stage(stage("s"), |_| Ok(())).unwrap_err().to_string();
    assert_eq!(missing, "stage s of seed 1: the output s.txt was not made");
    assert!(run.seed(1).stage(stage("s"), |_| Ok(())).unwrap_err().to_string().contains("twice"));
    let number = || Number::new("k", 1.0, None, "1", "");
    let twice = Record { numbers: vec![number(), number()], ..Record::default() };
    assert!(run.finish(&twice).unwrap_err().to_string().contains("two numbers have the key k"));
    let infinite = Number { value: Some(f64::NAN), ..number() };
    let record = Record { numbers: vec![infinite], ..Record::default() };
    assert!(run.finish(&record).unwrap_err().to_string().contains("not finite"));
    assert!(!is_complete(dir.path()).unwrap());
}

#[test]
fn times_are_in_the_provenance_alone() {
    let dir = tempfile::tempdir().unwrap();
    complete(dir.path(), TOY, false);
    let read = || -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(dir.path().join("provenance.json")).unwrap()).unwrap()
    };
    let made = read();
    assert_eq!(made["stages"].as_array().unwrap().len(), 4);
    assert!(made["blake3"]["results.json"].is_string() && made["finished"] == true);
    complete(dir.path(), TOY, true);
    let kept = read();
    assert_eq!(kept["stages"][0]["kept"], true);
    assert_eq!(kept["stages"][0]["seconds"], made["stages"][0]["seconds"]);
}

#[test]
fn parts_have_stages_files_and_random_numbers_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let made = AtomicUsize::new(0);
    let stages = |run: &Run| {
        let repetition = &run.repetitions()[0];
        let parts = ["small", "large"].map(|name| repetition.part(name));
        let seeds: Vec<u64> = std::iter::once(repetition).chain(&parts).map(|part| part.seed()).collect();
        for part in std::iter::once(repetition).chain(&parts) {
            let stage = Stage { name: "s", revision: 1, settings: 1, inputs: &[], outputs: &["s.txt"] };
            let artifact = part
                .stage(stage, |out| {
                    made.fetch_add(1, Ordering::Relaxed);
                    out.write("s.txt", out.seed().to_string())
                })
                .unwrap();
            assert_eq!(std::fs::read_to_string(artifact.path("s.txt")).unwrap(), part.seed().to_string());
        }
        seeds
    };
    let run = work(folder.path(), TOY, false);
    let seeds = stages(&run);
    assert_eq!(seeds[0], 1);
    assert!(seeds[1] != seeds[2] && seeds[1] != 1 && seeds[2] != 1, "{seeds:?}");
    run.finish(&Record::default()).unwrap();
    drop(run);
    assert!(folder.path().join("seed-1/large/s.txt").is_file());
    assert!(is_complete(folder.path()).unwrap());
    // Files in a part are watched as all others are, and made again where they are damaged.
    std::fs::write(folder.path().join("seed-1/large/s.txt"), "x").unwrap();
    assert!(!is_complete(folder.path()).unwrap());
    assert_eq!(stages(&work(folder.path(), TOY, true)), seeds);
    assert_eq!(made.into_inner(), 3 + 1);
}

/// The folder of another experiment is not replaced, and what a user has put where an output goes is not removed.
#[test]
fn what_is_not_of_this_run_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (run, made) = (work(folder.path(), TOY, false), Made::default());
    let record = stages(&run, TOY, &made).unwrap();
    run.finish(&record).unwrap();
    drop(run);
    let config = std::fs::read_to_string(folder.path().join("config.toml")).unwrap();
    for resume in [false, true] {
        let asked = RunRequest { experiment: "other", settings: &table(TOY), seeds: &[1] };
        let other = Run::open(folder.path(), asked, resume, Arc::new(Silent)).unwrap_err();
        assert!(other.exit_code() == 2 && other.to_string().contains("a run of toy, not of other"), "{other}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("config.toml")).unwrap(), config);
    let output = folder.path().join("seed-1/samples/train.bin");
    assert!(output.is_file());
    std::fs::remove_file(&output).unwrap();
    std::fs::create_dir(&output).unwrap();
    std::fs::write(output.join("mine"), "mine").unwrap();
    let run = work(folder.path(), TOY, true);
    let refused = stages(&run, TOY, &made).unwrap_err().to_string();
    assert!(refused.contains("train.bin is a folder") && refused.contains("move it away"), "{refused}");
    assert!(output.join("mine").is_file());
}
