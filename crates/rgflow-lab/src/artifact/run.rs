//! The run folder: what it holds, whether it may be used, and how it is brought to its end.

use super::config::{self, FILE as CONFIG};
use super::lock::{self, Lock};
use super::provenance::{self, Provenance, StageTime};
use super::{Error, Progress, Repetition, atomic, json};
use crate::record::{Record, Results};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use toml::Table;

const RESULTS: &str = "results.json";
const RECORD: &str = "record.json";
const PAGE: &str = "report.html";
const COMPLETE: &str = "complete.json";

/// A run folder held by this process, with what its stages share. Dropping it gives the folder back.
pub struct Run {
    dir: PathBuf,
    experiment: String,
    config: String,
    seeds: Vec<u64>,
    progress: Arc<dyn Progress>,
    interrupt: Arc<AtomicBool>,
    start: Instant,
    earlier: Option<Provenance>,
    stages: Mutex<Stages>,
    _lock: Lock,
}

/// What [`Run::open`] found.
#[derive(Debug)]
pub enum Opened {
    /// The folder holds the finished run of the same configuration: show it.
    Complete(Run),
    /// There is work to do.
    Work(Run),
}

#[derive(Default)]
struct Stages {
    begun: BTreeSet<(u64, String)>,
    ended: BTreeMap<(u64, String), StageTime>,
    /// Paths of the manifests of those that ended, from the run folder.
    manifests: BTreeSet<String>,
}

/// The last file that is written: a run is complete where it and the stages' manifests fit all files.
#[derive(PartialEq, Serialize, Deserialize)]
struct Complete {
    /// Hashes of configuration, results, record and the manifests of all stages, by name.
    files: BTreeMap<String, String>,
}

/// What is known of a folder without its lock.
enum State {
    Complete,
    /// It was complete once; the file of this name is missing or has changed since.
    Damaged(String),
    Unfinished,
}

impl Complete {
    fn of(dir: &Path, manifests: BTreeSet<String>) -> Result<Self, Error> {
        let names = [CONFIG, RESULTS, RECORD].map(String::from).into_iter().chain(manifests);
        let files = names.map(|name| Ok((name.clone(), provenance::hash_file(&dir.join(&name))?)));
        Ok(Self { files: files.collect::<Result<_, Error>>()? })
    }

    fn state(dir: &Path) -> State {
        let Ok(recorded) = json::read::<Complete>(&dir.join(COMPLETE)) else { return State::Unfinished };
        let differs = |(name, hash): (&String, &String)| {
            if provenance::hash_file(&dir.join(name)).ok().as_ref() != Some(hash) {
                return Some(name.clone());
            }
            // `seed-K/stages/NAME.json` tells of files in `seed-K/`, `seed-K/PART/stages/NAME.json` of those of a part.
            let (repetition, _) = name.split_once("/stages/")?;
            let damaged = super::stage::damaged(&dir.join(repetition), &dir.join(name))?;
            Some(format!("{repetition}/{damaged}"))
        };
        match recorded.files.iter().find_map(differs) {
            Some(name) => State::Damaged(name),
            None if dir.join(PAGE).is_file() => State::Complete,
            None => State::Damaged(PAGE.into()),
        }
    }
}

impl Run {
    /// Opens the folder `dir` for a run of `experiment` with `settings` and one repetition for each of `seeds`.
    ///
    /// A new or empty folder is work; a complete run of the same configuration is complete; an unfinished run, or one of
    /// another configuration, is work only with `resume`: stages whose keys fit are kept, the rest is made again.
    ///
    /// # Errors
    /// [`Error::User`] that names the folder and the remedy if it is in use, holds something else, or needs `--resume`.
    pub fn open(
        dir: &Path,
        experiment: &str,
        settings: &Table,
        seeds: &[u64],
        resume: bool,
        progress: Arc<dyn Progress>,
    ) -> Result<Opened, Error> {
        let name = dir.display();
        let config = config::text(experiment, settings, seeds)?;
        if dir.exists() && !dir.is_dir() {
            return Err(Error::user(format!("{name} is a file; choose another --out")));
        }
        let known = dir.join(CONFIG).is_file();
        if !known && dir.is_dir() {
            let entries = std::fs::read_dir(dir).map_err(Error::io("read", dir))?;
            let foreign =
                |name: &std::ffi::OsStr| !atomic::is_temporary(name) && name != lock::NAME && name != provenance::FILE;
            if entries.flatten().any(|entry| foreign(&entry.file_name())) {
                return Err(Error::user(format!(
                    "{name} holds files but is no run folder (it has no {CONFIG}); choose another --out"
                )));
            }
        }
        atomic::create_folder(dir)?;
        let lock = Lock::take(dir)?;
        let there = std::fs::read_to_string(dir.join(CONFIG)).unwrap_or_default();
        let same = there == config;
        let state = if same { Complete::state(dir) } else { State::Unfinished };
        let complete = matches!(state, State::Complete);
        if known && !resume {
            if !same {
                let change = config::difference(&there, &config).unwrap_or_default();
                return Err(Error::user(format!(
                    "{name} holds a run with another configuration{change}; add --resume to keep the stages that still fit \
                     and remake the rest, or choose another --out"
                )));
            }
            if let State::Damaged(file) = state {
                return Err(Error::user(format!(
                    "{name}: {file} is missing or has changed since the run was finished; add --resume to make it again"
                )));
            }
            if !complete {
                return Err(Error::user(format!(
                    "{name} holds an unfinished run; add --resume to finish it, or choose another --out"
                )));
            }
        }
        let earlier = Provenance::read(dir);
        let run = Run {
            dir: dir.to_path_buf(),
            experiment: experiment.into(),
            config,
            seeds: seeds.to_vec(),
            progress,
            interrupt: Arc::new(AtomicBool::new(false)),
            start: Instant::now(),
            earlier,
            stages: Mutex::default(),
            _lock: lock,
        };
        if complete && !resume {
            return Ok(Opened::Complete(run));
        }
        run.begin()?;
        Ok(Opened::Work(run))
    }

    fn begin(&self) -> Result<(), Error> {
        if let Some(earlier) = self.earlier.as_ref().filter(|p| p.cpu_path != provenance::cpu_path()) {
            eprintln!(
                "warning: {} was begun on a processor of kind {}, this one is {}: the last digits of networks may differ",
                self.dir.display(),
                earlier.cpu_path,
                provenance::cpu_path()
            );
        }
        atomic::remove_temporary(&self.dir);
        let marker = self.dir.join(COMPLETE);
        if marker.exists() {
            std::fs::remove_file(&marker).map_err(Error::io("remove", &marker))?;
        }
        atomic::write(self.dir.join(CONFIG), &self.config)?;
        self.snapshot(false).write(&self.dir)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Name of the experiment.
    pub fn experiment(&self) -> &str {
        &self.experiment
    }

    /// Seeds of the repetitions.
    pub fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// Where progress goes.
    pub fn progress(&self) -> &dyn Progress {
        &*self.progress
    }

    /// The repetition with the seed `seed`.
    pub fn seed(&self, seed: u64) -> Repetition<'_> {
        Repetition::new(self, seed, self.dir.join(format!("seed-{seed}")))
    }

    /// All repetitions, in the order of the seeds.
    pub fn repetitions(&self) -> Vec<Repetition<'_>> {
        self.seeds.iter().map(|seed| self.seed(*seed)).collect()
    }

    /// The flag that a signal sets: stages then end with [`Error::Interrupted`].
    pub fn interrupt(&self) -> &Arc<AtomicBool> {
        &self.interrupt
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after a signal.
    pub fn check_interrupt(&self) -> Result<(), Error> {
        if self.interrupt.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    fn stages(&self) -> MutexGuard<'_, Stages> {
        // Entries are inserted whole, so the map is right even if another thread panicked.
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Two stages of one name would overwrite each other's files.
    pub(super) fn announce(&self, seed: u64, name: &str) -> Result<(), Error> {
        if self.stages().begun.insert((seed, name.into())) {
            return Ok(());
        }
        Err(Error::failure(format!("stage {name} of seed {seed} was started twice (a bug of the experiment)")))
    }

    /// Records a stage that took `seconds`, or was kept (`None`).
    /// `manifest`: its path.
    pub(super) fn record_stage(
        &self,
        seed: u64,
        name: &str,
        manifest: &Path,
        seconds: Option<f64>,
    ) -> Result<(), Error> {
        let cpu_path = Some(provenance::cpu_path().to_string());
        let (kept, stage) = (seconds.is_none(), name.to_string());
        let mut time = StageTime { seed, stage, kept, seconds, cpu_path };
        if kept {
            let made = self.earlier.iter().flat_map(|p| &p.stages).find(|t| t.seed == seed && t.stage == name);
            time.seconds = made.and_then(|t| t.seconds);
            time.cpu_path = made.and_then(|t| t.cpu_path.clone());
        }
        let mut stages = self.stages();
        stages.ended.insert((seed, name.into()), time);
        let inside = manifest.strip_prefix(&self.dir).unwrap_or(manifest);
        stages
            .manifests
            .insert(inside.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"));
        if kept { Ok(()) } else { self.describe(&stages, false).write(&self.dir) }
    }

    fn snapshot(&self, finished: bool) -> Provenance {
        self.describe(&self.stages(), finished)
    }

    fn describe(&self, stages: &Stages, finished: bool) -> Provenance {
        // A run that is stopped again must not forget the times of stages it had not reached.
        let mut all = BTreeMap::new();
        if !finished {
            let earlier = self.earlier.iter().flat_map(|p| p.stages.iter().cloned());
            all.extend(earlier.map(|t| ((t.seed, t.stage.clone()), t)));
        }
        all.extend(stages.ended.clone());
        let mut hashes = BTreeMap::new();
        if finished {
            let figures = std::fs::read_dir(self.dir.join("figures")).into_iter().flatten().flatten();
            let figures = figures.map(|entry| format!("figures/{}", entry.file_name().to_string_lossy()));
            for name in figures.chain([RESULTS.to_string()]) {
                hashes.extend(provenance::hash_file(&self.dir.join(&name)).ok().map(|hash| (name, hash)));
            }
        }
        Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cpu_path: provenance::cpu_path().into(),
            threads: rayon::current_num_threads(),
            wall_seconds: self.start.elapsed().as_secs_f64(),
            peak_memory_mib: provenance::peak_memory_mib(),
            finished,
            stages: all.into_values().collect(),
            blake3: hashes,
        }
    }

    /// Version, processor, threads, times and hashes of this run so far.
    pub fn provenance(&self) -> serde_json::Value {
        serde_json::to_value(self.snapshot(true)).unwrap_or_default()
    }

    /// Writes the results, the page and, last, the mark that the run is complete. Returns the path of the page.
    ///
    /// # Errors
    /// If two numbers have one key, a value is not finite, or a file cannot be written.
    pub fn finish(&self, record: &Record) -> Result<PathBuf, Error> {
        self.check_interrupt()?;
        check_numbers(record)?;
        let text = json::pretty(record)?;
        serde_json::from_str::<Record>(&text).map_err(|e| {
            Error::failure(format!("the record cannot be read back (is an axis or limit infinite?): {e}"))
        })?;
        atomic::write(self.dir.join(RESULTS), json::pretty(&Results::new(record.numbers.clone()))?)?;
        atomic::write(self.dir.join(RECORD), text)?;
        let page = crate::report::write(&self.dir, record, &self.config, &self.provenance())
            .map_err(Error::io("write the report in", &self.dir))?;
        self.snapshot(true).write(&self.dir)?;
        let manifests = self.stages().manifests.clone();
        let complete = Complete::of(&self.dir, manifests)?;
        atomic::write(self.dir.join(COMPLETE), json::pretty(&complete)?)?;
        self.progress.finish();
        Ok(page)
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("dir", &self.dir).field("seeds", &self.seeds).finish_non_exhaustive()
    }
}

/// Whether `dir` holds a finished run whose results and stages are as they were written.
pub fn is_complete(dir: &Path) -> bool {
    matches!(Complete::state(dir), State::Complete)
}

/// The record of a finished run in `dir`.
///
/// # Errors
/// [`Error::User`] if there is none.
pub fn load_record(dir: &Path) -> Result<Record, Error> {
    if !dir.join(RECORD).is_file() {
        let name = dir.display();
        return Err(Error::user(format!("{name} holds no finished run (it has no {RECORD}); finish it with --resume")));
    }
    json::read(&dir.join(RECORD))
}

/// Writes page and figures of the finished run in `dir` again. Returns the path of the page.
///
/// # Errors
/// [`Error::User`] if there is no finished run, [`Error::Io`] if a file cannot be written.
pub fn render_again(dir: &Path) -> Result<PathBuf, Error> {
    let record = load_record(dir)?;
    let _lock = Lock::take(dir)?;
    let config = std::fs::read_to_string(dir.join(CONFIG)).map_err(Error::io("read", dir.join(CONFIG)))?;
    let provenance = json::read(&dir.join(provenance::FILE)).unwrap_or_default();
    crate::report::write(dir, &record, &config, &provenance).map_err(Error::io("write the report in", dir))
}

fn check_numbers(record: &Record) -> Result<(), Error> {
    let mut keys = BTreeSet::new();
    for number in &record.numbers {
        if !keys.insert(&number.key) {
            return Err(Error::failure(format!("two numbers have the key {} (a bug of the experiment)", number.key)));
        }
        let interval = number.interval.iter().flatten().flatten();
        let values = [number.value, number.error, number.n_eff];
        let compared = number.compare.iter().flat_map(|c| [c.value, c.error]).flatten();
        if values.iter().flatten().chain(interval).copied().chain(compared).any(|v| !v.is_finite()) {
            return Err(Error::failure(format!("the number {} is not finite: it must be null", number.key)));
        }
    }
    Ok(())
}
