//! Restarts: the state of an unfinished stage, saved at intervals, so that a run killed in the middle of it can go on.
//!
//! A stage has parts: one training, or the chains of one temperature. Each has its own file in the folder
//! `stages/NAME.restart/`, so that finished parts are written once. A file begins with a line that identifies it (the
//! stage's key, the version of rgflow, the kind of processor) and with the hash of the rest: a damaged or foreign file
//! is not used. The folder is removed when the stage is finished. A file made without a run folder has its restarts
//! next to it, in `FILE.restart/`.

use super::{Error, StageOut, atomic, inside, provenance, stderr};
use rgflow::restart::{Drive, Resumable, Stopped, decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Time between two restarts of a part.
pub const EVERY: Duration = Duration::from_secs(30);
/// Raised when the encoding of states changes.
const FORMAT: u32 = 2;
/// First word of a restart file.
const HEAD: &str = "rgflow-restart ";
/// Largest size in bytes of finished parts that wait in memory until the next restart is due.
const WAITING: usize = 64 << 20;

/// Observer of the work, which may stop it.
pub(crate) trait Watch {
    /// Reports `units` of work as done.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if a signal arrived.
    fn tick(&self, units: u64) -> Result<(), Error>;

    /// Reports `units` of work as done by an earlier run.
    ///
    /// # Errors
    /// As [`Watch::tick`].
    fn restored(&self, units: u64) -> Result<(), Error>;

    /// Tells the user that the work goes on from a restart, with `what` already done.
    fn goes_on(&self, what: &str);
}

/// Restarts of one stage, or of one file.
pub struct Restarts {
    folder: PathBuf,
    head: String,
    every: Duration,
    begun: Instant,
    parts: Mutex<Parts>,
}

#[derive(Default)]
struct Parts {
    names: BTreeSet<String>,
    /// Finished parts that are not on disk yet.
    pending: Vec<(PathBuf, Vec<u8>)>,
    flushed: u64,
    /// Whether the user was told that a restart is used, is not used, or cannot be written.
    notified: [bool; 3],
}

/// Reason why a restart is not used.
enum Unusable {
    Missing,
    Foreign,
    Damaged,
}

impl Restarts {
    /// Restarts of the stage with the key `key`, in `folder`.
    pub(super) fn new(folder: PathBuf, key: &str, every: Duration) -> Self {
        let (version, cpu) = (env!("CARGO_PKG_VERSION"), provenance::cpu_path());
        let head = format!("{HEAD}{FORMAT} {version} {cpu} {key}\n");
        Self { folder, head, every, begun: Instant::now(), parts: Mutex::default() }
    }

    /// Restarts of the file `out`, in the folder `OUT.restart` next to it; `of` describes everything that its content
    /// depends on.
    ///
    /// # Errors
    /// [`Error::User`] if something else has that name.
    pub fn for_file(out: &Path, of: &str, every: Duration) -> Result<Self, Error> {
        let mut folder = out.as_os_str().to_owned();
        folder.push(".restart");
        let folder = PathBuf::from(folder);
        let found = std::fs::symlink_metadata(&folder);
        if found.is_ok_and(|found| !found.is_dir()) {
            let name = folder.display();
            return Err(Error::user(format!(
                "{name} is in the way: the folder of that name holds restarts; remove it"
            )));
        }
        Ok(Self::new(folder, blake3::hash(of.as_bytes()).to_hex().as_str(), every))
    }

    /// Restarts that are never written: of work whose result is kept in memory.
    pub fn none() -> Self {
        Self::new(PathBuf::new(), "", Duration::MAX)
    }

    fn is_none(&self) -> bool {
        self.folder.as_os_str().is_empty()
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        // Changed only by single assignments and pushes, so it is valid even if another thread panicked.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of intervals since the stage began: a part is due once in each.
    fn round(&self) -> u64 {
        (self.begun.elapsed().as_secs_f64() / self.every.as_secs_f64()) as u64
    }

    fn path(&self, part: &str) -> PathBuf {
        self.folder.join(part.replace('/', "+"))
    }

    /// Refuses a second part of the same name, which would load the state of the first.
    fn announce(&self, part: &str) -> Result<(), Error> {
        if self.parts().names.insert(part.replace('/', "+")) {
            return Ok(());
        }
        Err(Error::failure(format!("two parts are called {part} (a bug of the experiment)")))
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, Unusable> {
        if self.is_none() {
            return Err(Unusable::Missing);
        }
        let mut bytes = std::fs::read(path).map_err(|_| Unusable::Missing)?;
        let whole = if bytes.starts_with(HEAD.as_bytes()) { Unusable::Foreign } else { Unusable::Damaged };
        let rest = bytes.strip_prefix(self.head.as_bytes()).ok_or(whole)?;
        let (hash, state) = rest.split_first_chunk::<32>().ok_or(Unusable::Damaged)?;
        if blake3::hash(state).as_bytes() != hash {
            return Err(Unusable::Damaged);
        }
        let begin = bytes.len() - state.len();
        bytes.drain(..begin);
        Ok(bytes)
    }

    /// State of `part` last saved by a stopped run. An unusable one is skipped, with one message for all.
    fn load(&self, part: &str) -> Option<Vec<u8>> {
        let path = self.path(part);
        let why = match self.read(&path) {
            Ok(state) => return Some(state),
            Err(Unusable::Missing) => return None,
            Err(Unusable::Foreign) => "is of other settings, another version or another kind of processor",
            Err(Unusable::Damaged) => "is damaged",
        };
        if !std::mem::replace(&mut self.parts().notified[1], true) {
            stderr::complain(&format!("note: the restart {} {why}: this part begins again", path.display()));
        }
        None
    }

    /// Writes `states`. If that fails the user is told once, and the run goes on.
    fn write(&self, states: &[(PathBuf, Vec<u8>)]) {
        if self.is_none() {
            return;
        }
        for (path, state) in states {
            let written = atomic::write_by(path, |file| {
                let hash = blake3::hash(state);
                let pieces = [self.head.as_bytes(), hash.as_bytes(), state];
                pieces.iter().try_for_each(|piece| file.write_all(piece)).map_err(Error::io("write", path))
            });
            if let Err(error) = written
                && !std::mem::replace(&mut self.parts().notified[2], true)
            {
                stderr::complain(&format!("note: no restart is kept: {error}"));
            }
        }
    }

    /// Writes finished parts that are not on disk yet.
    pub(crate) fn flush(&self) {
        let pending = std::mem::take(&mut self.parts().pending);
        self.write(&pending);
    }

    /// Keeps the last state of `part` in memory until the next restart is due, up to [`WAITING`] bytes: short stages
    /// write no restarts at all.
    fn finished(&self, part: &str, state: Vec<u8>) {
        let round = self.round();
        let mut parts = self.parts();
        let waiting = state.len() + parts.pending.iter().map(|(_, state)| state.len()).sum::<usize>();
        if round == 0 && waiting > WAITING {
            return;
        }
        parts.pending.push((self.path(part), state));
        let due = round > std::mem::replace(&mut parts.flushed, round);
        drop(parts);
        if due || waiting > WAITING {
            self.flush();
        }
    }

    /// Drops the parts of `part`, which are no longer needed.
    fn forget(&self, part: &str) {
        let within = part.replace('/', "+") + "+";
        let mut parts = self.parts();
        let names: Vec<PathBuf> =
            parts.names.iter().filter(|name| name.starts_with(&within)).map(|name| self.folder.join(name)).collect();
        parts.pending.retain(|(path, _)| !names.contains(path));
        drop(parts);
        // Most were never written; a file left behind is never read.
        names.iter().for_each(|path| _ = std::fs::remove_file(path));
    }

    /// Removes the restarts: the stage is finished.
    pub(super) fn remove(&self) -> Result<(), Error> {
        inside::remove(&self.folder)
    }

    /// Removes the restarts of a finished file, but nothing else in their folder; for [`Restarts::for_file`].
    ///
    /// # Errors
    /// [`Error::Io`] with the path.
    pub fn remove_own(&self) -> Result<(), Error> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Ok(()) };
        let is_restart = |path: &Path| {
            let mut begin = [0; HEAD.len()];
            let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin));
            read.is_ok() && begin == *HEAD.as_bytes()
        };
        atomic::remove_temporary(&self.folder, false);
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| is_restart(path)) {
            inside::remove(&path)?;
        }
        // Fails, as intended, if the folder holds anything else.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }

    /// Whether any restart exists.
    pub fn exist(&self) -> bool {
        !self.is_none() && self.folder.is_dir()
    }

    /// Completes `work` as the part `part`, from the saved state if there is one. Progress is reported to `watch`,
    /// converted by `units`; returns the number of units.
    ///
    /// # Errors
    /// As `watch`; the state is saved first.
    pub(crate) fn complete(
        &self,
        part: &str,
        work: &mut dyn Resumable,
        units: &dyn Fn(u64) -> u64,
        watch: &dyn Watch,
    ) -> Result<u64, Error> {
        self.announce(part)?;
        if let Some(state) = self.load(part) {
            if work.restore(&state).is_err() {
                return Err(Error::failure(format!(
                    "the restart {} does not fit; remove it",
                    self.path(part).display()
                )));
            }
            self.notify(part, work.done(), watch);
            watch.restored(units(work.done()))?;
        }
        let (mut round, mut reported) = (self.round(), units(work.done()));
        loop {
            let more = work.advance();
            let now = units(work.done());
            let stopped = watch.tick(now - reported);
            reported = now;
            if self.is_none() {
                stopped?;
                match more {
                    true => continue,
                    false => return Ok(reported),
                }
            }
            if stopped.is_err() {
                self.write(&[(self.path(part), work.save())]);
                self.flush();
                return stopped.map(|()| reported);
            }
            if !more {
                self.finished(part, work.save());
                return Ok(reported);
            }
            let due = self.round();
            if due > round {
                self.write(&[(self.path(part), work.save())]);
                self.flush();
                round = due;
            }
        }
    }

    /// Result of `make` as the part `part`, or the one kept by a stopped run, whose `units` are then reported here.
    /// Parts `part`/... are dropped once it is made.
    ///
    /// # Errors
    /// As `make`.
    pub(crate) fn keep<T: Serialize + DeserializeOwned>(
        &self,
        part: &str,
        units: u64,
        watch: &dyn Watch,
        make: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.announce(part)?;
        if let Some(value) = self.load(part).and_then(|state| decode(&state).ok()) {
            self.notify(part, 1, watch);
            watch.restored(units)?;
            return Ok(value);
        }
        let value = make()?;
        if self.is_none() {
            return Ok(value);
        }
        self.forget(part);
        self.finished(part, encode(&value));
        Ok(value)
    }

    /// Tells the user once that the work goes on.
    fn notify(&self, part: &str, done: u64, watch: &dyn Watch) {
        if !std::mem::replace(&mut self.parts().notified[0], true) {
            watch.goes_on(&format!("goes on from a restart ({part}: {done} done)"));
        }
    }
}

/// Runs `compute`, which completes its parts through `complete`; an error of `complete` takes precedence.
///
/// # Errors
/// Errors of `complete` and of `compute`.
pub(crate) fn driven<T, E: Into<Error>>(
    complete: impl Fn(usize, &mut dyn Resumable) -> Result<(), Error> + Sync,
    compute: impl FnOnce(&Drive) -> Result<T, E>,
) -> Result<T, Error> {
    let why = OnceLock::new();
    let drive = |part: usize, work: &mut dyn Resumable| {
        complete(part, work).map_err(|error| {
            // Only the first error of several threads is kept.
            let _ = why.set(error);
            Stopped
        })
    };
    compute(&drive).map_err(|error| why.into_inner().unwrap_or_else(|| error.into()))
}

impl Watch for StageOut<'_> {
    fn tick(&self, units: u64) -> Result<(), Error> {
        Self::tick(self, units)
    }

    fn restored(&self, units: u64) -> Result<(), Error> {
        Self::restored(self, units)
    }

    fn goes_on(&self, what: &str) {
        self.message(&format!("{} {what}", self.place()));
    }
}

impl StageOut<'_> {
    /// Completes `work` as the part `part` of this stage, from where a stopped run left it. Progress is reported as
    /// `units` converts it; returns the number of units.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if a signal arrived; the state is saved first.
    pub fn complete(&self, part: &str, work: &mut dyn Resumable, units: &dyn Fn(u64) -> u64) -> Result<u64, Error> {
        self.restarts.complete(part, work, units, self)
    }

    /// Runs `compute`, whose parts [`StageOut::complete`] completes as the parts `name`/0, `name`/1 ... of this
    /// stage; they may run on several threads.
    ///
    /// # Errors
    /// As [`StageOut::complete`], and the errors of `compute`.
    pub fn drive<T, E: Into<Error>>(
        &self,
        name: &str,
        units: &(dyn Fn(u64) -> u64 + Sync),
        compute: impl FnOnce(&Drive) -> Result<T, E>,
    ) -> Result<T, Error> {
        driven(|number, work| self.complete(&format!("{name}/{number}"), work, units).map(|_| ()), compute)
    }

    /// Result of `make` as the part `part` of this stage, or the one kept by a stopped run, whose `units` are then
    /// reported here. Parts `part`/... are dropped once it is made.
    ///
    /// # Errors
    /// As `make`.
    pub fn keep<T: Serialize + DeserializeOwned>(
        &self,
        part: &str,
        units: u64,
        make: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.restarts.keep(part, units, self, make)
    }
}

#[cfg(test)]
mod tests;
