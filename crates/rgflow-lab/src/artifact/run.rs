//! The run folder: opening it (new, unfinished or complete), its stages and repetitions, and finishing the run.

use super::config::{self, FILE as CONFIG};
use super::folder::{COMPLETE, Complete, Holds, RECORD, RESULTS, State, holds};
use super::lock::Lock;
use super::progress::{AFTER_STAGES, Event, Plan, PlannedRun};
use super::provenance::{self, Origin, Provenance, StageTime};
use super::{Error, Progress, Repetition, atomic, inside, json, record_checks, stderr};
use crate::record::{Record, Results};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use toml::Table;

/// A run folder locked by this process, and the state that its stages share. Dropping it releases the folder.
pub struct Run {
    dir: PathBuf,
    experiment: String,
    config: String,
    seeds: Vec<u64>,
    progress: Arc<dyn Progress>,
    interrupt: Arc<AtomicBool>,
    restart_every: Duration,
    start: Instant,
    date: String,
    origin: Origin,
    earlier: Option<Provenance>,
    stages: Mutex<Stages>,
    /// `None` where a finished run on a read-only disk is shown.
    _lock: Option<Lock>,
}

/// A run that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct RunRequest<'a> {
    /// Name of the experiment.
    pub experiment: &'a str,
    /// Its settings.
    pub settings: &'a Table,
    /// Seeds of its repetitions.
    pub seeds: &'a [u64],
}

/// Outcome of [`Run::open`].
#[derive(Debug)]
pub enum Opened {
    /// The folder holds a finished run of the same configuration, which only has to be shown.
    Complete(Run),
    /// There is work to do.
    Work(Run),
}

#[derive(Default)]
struct Stages {
    begun: BTreeSet<(u64, String)>,
    ended: BTreeMap<(u64, String), StageTime>,
    /// Paths of the manifests of finished stages, relative to the run folder.
    manifests: BTreeSet<String>,
}

impl Run {
    /// Opens the folder `dir` for the run that `asked` describes.
    ///
    /// A new or empty folder is work; a complete run of the same configuration is complete; an unfinished run, or one
    /// of another configuration, is work only with `resume`: stages whose keys match are kept, the rest are repeated.
    ///
    /// # Errors
    /// [`Error::User`] that names the folder and the remedy if it is in use, holds something else, or needs `--resume`.
    pub fn open(dir: &Path, asked: RunRequest<'_>, resume: bool, progress: Arc<dyn Progress>) -> Result<Opened, Error> {
        let RunRequest { experiment, settings, seeds } = asked;
        let name = dir.display();
        let config = config::text(experiment, settings, seeds)?;
        if dir.exists() && !dir.is_dir() {
            return Err(Error::user(format!("{name} is a file; choose another --out")));
        }
        if !dir.exists() && dir.is_symlink() {
            return Err(Error::user(format!(
                "{name} is a link to a folder that is not there; make it, or choose another --out"
            )));
        }
        atomic::create_folder(dir)?;
        let known = match holds(dir)? {
            Holds::Nothing => false,
            Holds::Run => true,
            Holds::Foreign(file) => {
                return Err(Error::user(format!(
                    "{name} holds files ({}) but is no run folder (it has no {CONFIG}); choose another --out",
                    file.display()
                )));
            }
        };
        inside::check(dir)?;
        let inspect = || {
            let there = std::fs::read_to_string(dir.join(CONFIG)).unwrap_or_default();
            let same = there == config;
            (there, same, if same { Complete::state(dir) } else { State::Unfinished })
        };
        let lock = match Lock::take(dir) {
            Ok(lock) => Some(lock),
            Err(e) if e.is_unwritable() && matches!(inspect().2, State::Complete) => None,
            Err(e) => return Err(e),
        };
        let (there, same, state) = inspect();
        let complete = matches!(state, State::Complete);
        if lock.is_some() {
            atomic::remove_temporary(dir, true);
        }
        if let Some(other) = config::experiment(&there).filter(|other| known && other != experiment) {
            return Err(Error::user(format!(
                "{name} holds a run of {other}, not of {experiment}; choose another --out"
            )));
        }
        if known && !resume {
            if !dir.join(CONFIG).is_file() {
                return Err(Error::user(format!("{name}: {}", config::MISSING)));
            }
            if !same {
                let change = config::difference(&there, &config).unwrap_or_default();
                return Err(Error::user(format!(
                    "{name} holds a run with another configuration{change}; add --resume to keep the stages that \
                     still fit and remake the rest, or choose another --out"
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
            restart_every: super::restart::EVERY,
            start: Instant::now(),
            date: provenance::utc(SystemTime::now()),
            origin: Origin::default().or(earlier.as_ref().map(|p| &p.origin)),
            earlier,
            stages: Mutex::default(),
            _lock: lock,
        };
        if complete && (!resume || run._lock.is_none()) {
            return Ok(Opened::Complete(run));
        }
        run.begin()?;
        Ok(Opened::Work(run))
    }

    /// The run that [`Run::open`] with the same arguments would open, with the stages of `plan` that are there.
    pub fn planned(dir: &Path, experiment: &str, settings: &Table, seeds: &[u64], plan: Plan) -> PlannedRun {
        let planned = PlannedRun::new(experiment, dir, seeds, plan);
        let there = std::fs::read_to_string(dir.join(CONFIG)).unwrap_or_default();
        match config::text(experiment, settings, seeds) {
            Ok(asked) if asked == there && dir.join(COMPLETE).is_file() => PlannedRun { is_complete: true, ..planned },
            Ok(asked) if config::differ_in_seeds_alone(&there, &asked) => planned.count_made(),
            _ => planned,
        }
    }

    fn begin(&self) -> Result<(), Error> {
        if let Some(earlier) = self.earlier.as_ref().filter(|p| p.cpu_path != provenance::cpu_path()) {
            stderr::complain(&format!(
                "warning: {} was begun on a processor of kind {}, this one is {}: the last digits of networks may \
                 differ",
                self.dir.display(),
                earlier.cpu_path,
                provenance::cpu_path()
            ));
        }
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

    /// Receiver of progress reports.
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

    /// Least time between two restarts of a part of a stage.
    pub fn restart_every(&self) -> Duration {
        self.restart_every
    }

    /// Sets the time of [`Run::restart_every`], > 0.
    pub fn set_restart_every(&mut self, every: Duration) {
        self.restart_every = every;
    }

    /// Records where this run comes from; a note of an earlier run stays where `origin` has none.
    ///
    /// # Errors
    /// As [`atomic::write`].
    pub fn set_origin(&mut self, origin: Origin) -> Result<(), Error> {
        let Origin { note, .. } = &self.origin;
        self.origin = Origin { note: origin.note.or(note.clone()), ..origin };
        self.snapshot(false).write(&self.dir)
    }

    /// Returns an error once the run is to stop.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after a signal.
    pub fn check_interrupt(&self) -> Result<(), Error> {
        if self.interrupt.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    fn stages(&self) -> MutexGuard<'_, Stages> {
        // Entries are inserted whole, so the map is valid even if another thread panicked.
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a second stage of the same name, which would overwrite the files of the first.
    pub(super) fn announce(&self, seed: u64, name: &str) -> Result<(), Error> {
        if self.stages().begun.insert((seed, name.into())) {
            return Ok(());
        }
        Err(Error::failure(format!("stage {name} of seed {seed} was started twice (a bug of the experiment)")))
    }

    /// Records a stage that took `seconds`, or was kept (`None`).
    /// `manifest`: path of its manifest.
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
        if stderr::is_verbose() {
            let took = match (kept, time.seconds) {
                (false, Some(seconds)) => format!("{seconds:.2} s"),
                _ => "kept".into(),
            };
            stderr::complain(&format!("stage {name} of seed {seed}: {took}"));
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
        // A run that is stopped again must keep the times of stages it had not reached.
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
            date: Some(self.date.clone()),
            cpu: provenance::cpu_name(),
            origin: self.origin.clone(),
        }
    }

    /// Version, processor, threads, times and hashes of this run so far.
    pub fn provenance(&self) -> serde_json::Value {
        serde_json::to_value(self.snapshot(true)).unwrap_or_default()
    }

    /// Writes the results, the page and, last, the file that marks the run as complete. Returns the path of the page.
    ///
    /// # Errors
    /// If two numbers have one key, a value is not finite, or a file cannot be written.
    pub fn finish(&self, record: &Record) -> Result<PathBuf, Error> {
        self.check_interrupt()?;
        record_checks::check_numbers(record)?;
        // A dangling link is a bug for tests to find; it should not cost a user a finished run.
        if cfg!(debug_assertions) {
            record_checks::check_links(record)?;
        }
        let text = json::pretty(record)?;
        serde_json::from_str::<Record>(&text).map_err(|e| {
            Error::failure(format!("the record cannot be read back (is an axis or limit infinite?): {e}"))
        })?;
        atomic::write(self.dir.join(RESULTS), json::pretty(&Results::new(record.numbers.clone()))?)?;
        atomic::write(self.dir.join(RECORD), text)?;
        let page = super::write_report(&self.dir, record, &self.config, &self.provenance())?;
        self.snapshot(true).write(&self.dir)?;
        let manifests = self.stages().manifests.clone();
        let complete = Complete::of(&self.dir, manifests)?;
        atomic::write(self.dir.join(COMPLETE), json::pretty(&complete)?)?;
        self.progress.report(Event::Ends(AFTER_STAGES));
        Ok(page)
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("dir", &self.dir).field("seeds", &self.seeds).finish_non_exhaustive()
    }
}
