//! Restarts: what a stage has done so far, written at most every so often, for a run that was killed in the middle of it.
//!
//! A stage has parts: a training, the chains of one temperature. Each has a file of its own in the folder `stages/NAME.restart/`,
//! so that what is finished is written once. It begins with a line that says of what it is (the stage's key, the version of rgflow,
//! the kind of processor) and the hash of the rest: a file that is damaged or of something else is not used. The folder goes when the
//! stage is finished. A file that is made without a run folder has its restarts beside it, in `FILE.restart/`.

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
/// Raised when states are encoded in another way.
const FORMAT: u32 = 2;
/// A restart begins with this.
const HEAD: &str = "rgflow-restart ";
/// Finished parts of at most so many bytes wait in memory until the next restart is due.
const WAITING: usize = 64 << 20;

/// Who is told of the work and may stop it.
pub(crate) trait Watch {
    /// Takes note of `units` of work.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if a signal came.
    fn tick(&self, units: u64) -> Result<(), Error>;

    /// Tells the user that it goes on from a restart: `what` is done.
    fn goes_on(&self, what: &str);
}

/// The restarts of one stage, or of a file.
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
    /// Whether it was said that one is used, is not used, or cannot be written.
    told: [bool; 3],
}

/// Why a restart is not used.
enum Unusable {
    Missing,
    Foreign,
    Damaged,
}

impl Restarts {
    /// Of the stage with the key `key`, in `folder`.
    pub(super) fn new(folder: PathBuf, key: &str, every: Duration) -> Self {
        let (version, cpu) = (env!("CARGO_PKG_VERSION"), provenance::cpu_path());
        let head = format!("{HEAD}{FORMAT} {version} {cpu} {key}\n");
        Self { folder, head, every, begun: Instant::now(), parts: Mutex::default() }
    }

    /// Of the file `out`, in the folder `OUT.restart` beside it; `of` says all that its content depends on.
    ///
    /// # Errors
    /// [`Error::User`] if something else has that name.
    pub fn beside(out: &Path, of: &str, every: Duration) -> Result<Self, Error> {
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

    fn parts(&self) -> MutexGuard<'_, Parts> {
        // Changed by single assignments and pushes: right even if another thread panicked.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Intervals since the stage began: a part is due once in each.
    fn round(&self) -> u64 {
        (self.begun.elapsed().as_secs_f64() / self.every.as_secs_f64()) as u64
    }

    fn path(&self, part: &str) -> PathBuf {
        self.folder.join(part.replace('/', "+"))
    }

    /// Two parts of one name would take up each other's states.
    fn announce(&self, part: &str) -> Result<(), Error> {
        if self.parts().names.insert(part.replace('/', "+")) {
            return Ok(());
        }
        Err(Error::failure(format!("two parts are called {part} (a bug of the experiment)")))
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, Unusable> {
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

    /// The state of `part` that a run which was stopped saved last; one of no use is said once and left out.
    fn load(&self, part: &str) -> Option<Vec<u8>> {
        let path = self.path(part);
        let why = match self.read(&path) {
            Ok(state) => return Some(state),
            Err(Unusable::Missing) => return None,
            Err(Unusable::Foreign) => "is of other settings, another version or another kind of processor",
            Err(Unusable::Damaged) => "is damaged",
        };
        if !std::mem::replace(&mut self.parts().told[1], true) {
            stderr::complain(&format!("note: the restart {} {why}: this part begins again", path.display()));
        }
        None
    }

    /// Writes `states`. A restart that cannot be written is said once: the run itself goes on.
    fn write(&self, states: &[(PathBuf, Vec<u8>)]) {
        for (path, state) in states {
            let written = atomic::write_by(path, |file| {
                let hash = blake3::hash(state);
                let pieces = [self.head.as_bytes(), hash.as_bytes(), state];
                pieces.iter().try_for_each(|piece| file.write_all(piece)).map_err(Error::io("write", path))
            });
            if let Err(error) = written
                && !std::mem::replace(&mut self.parts().told[2], true)
            {
                stderr::complain(&format!("note: no restart is kept: {error}"));
            }
        }
    }

    /// Writes what is finished and not on disk.
    pub(crate) fn flush(&self) {
        let pending = std::mem::take(&mut self.parts().pending);
        self.write(&pending);
    }

    /// Keeps the last state of `part`, in memory until the next restart is due: short stages write none, nor do they keep more
    /// than [`WAITING`].
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

    /// Parts of `part` are of no use any more.
    fn forget(&self, part: &str) {
        let within = part.replace('/', "+") + "+";
        let mut parts = self.parts();
        let names: Vec<PathBuf> =
            parts.names.iter().filter(|name| name.starts_with(&within)).map(|name| self.folder.join(name)).collect();
        parts.pending.retain(|(path, _)| !names.contains(path));
        drop(parts);
        // Most were never written; one that stays is never read.
        names.iter().for_each(|path| _ = std::fs::remove_file(path));
    }

    /// What they were for is finished.
    pub(super) fn remove(&self) -> Result<(), Error> {
        inside::remove(&self.folder)
    }

    /// The file of [`Restarts::beside`] is finished: its restarts go, and nothing else that lies in their folder.
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
        // Not if there is something else in it.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }

    /// Whether there is something to go on from.
    pub fn exist(&self) -> bool {
        self.folder.is_dir()
    }

    /// Brings `work` to its end as the part `part`, from where it was left. What it has done is reported to `watch` as `units` says of it;
    /// returns how many units.
    ///
    /// # Errors
    /// Those of `watch`: its state is then saved.
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
            self.tell(part, work.done(), watch);
            watch.tick(units(work.done()))?;
        }
        let (mut round, mut reported) = (self.round(), units(work.done()));
        loop {
            let more = work.advance();
            let now = units(work.done());
            let stopped = watch.tick(now - reported);
            reported = now;
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

    /// What `make` gives as the part `part`, or what a stopped run kept of it: then the `units` that `make` reports are reported here.
    /// Parts `part`/... of it go once it is made.
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
            self.tell(part, 1, watch);
            watch.tick(units)?;
            return Ok(value);
        }
        let value = make()?;
        self.forget(part);
        self.finished(part, encode(&value));
        Ok(value)
    }

    /// Says once that the work goes on.
    fn tell(&self, part: &str, done: u64, watch: &dyn Watch) {
        if !std::mem::replace(&mut self.parts().told[0], true) {
            watch.goes_on(&format!("goes on from a restart ({part}: {done} done)"));
        }
    }
}

/// What `compute` gives, which brings its parts to their ends by `complete`; where that stops, why it did.
///
/// # Errors
/// Those of `complete` and of `compute`.
pub(crate) fn driven<T, E: Into<Error>>(
    complete: impl Fn(usize, &mut dyn Resumable) -> Result<(), Error> + Sync,
    compute: impl FnOnce(&Drive) -> Result<T, E>,
) -> Result<T, Error> {
    let why = OnceLock::new();
    let drive = |part: usize, work: &mut dyn Resumable| {
        complete(part, work).map_err(|error| {
            // The first of several threads.
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

    fn goes_on(&self, what: &str) {
        self.progress().message(&format!("{} {what}", self.place()));
    }
}

impl StageOut<'_> {
    /// Brings `work` to its end as the part `part` of this stage, from where a stopped run left it. What it has done is reported as
    /// `units` says of it; returns how many units.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if a signal came: its state is then saved.
    pub fn complete(&self, part: &str, work: &mut dyn Resumable, units: &dyn Fn(u64) -> u64) -> Result<u64, Error> {
        self.restarts.complete(part, work, units, self)
    }

    /// What `compute` gives, whose parts [`StageOut::complete`] brings to their ends as the parts `name`/0, `name`/1 ... of this
    /// stage; they may run on several threads.
    ///
    /// # Errors
    /// As [`StageOut::complete`], and those of `compute`.
    pub fn drive<T, E: Into<Error>>(
        &self,
        name: &str,
        units: &(dyn Fn(u64) -> u64 + Sync),
        compute: impl FnOnce(&Drive) -> Result<T, E>,
    ) -> Result<T, Error> {
        driven(|number, work| self.complete(&format!("{name}/{number}"), work, units).map(|_| ()), compute)
    }

    /// What `make` gives as the part `part` of this stage, or what a stopped run kept of it: then the `units` that `make` reports are
    /// reported here. Parts `part`/... of it go once it is made.
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
