//! State of a run folder: a finished run, an unfinished one, or something else.

use super::config::{self, FILE as CONFIG};
use super::lock::{self, Lock};
use super::provenance::{self, Provenance};
use super::{Error, atomic, inside, json};
use crate::record::Record;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(super) const RESULTS: &str = "results.json";
pub(super) const RECORD: &str = "record.json";
pub(super) const PAGE: &str = "report.html";
/// Name of the experiment in the record of [`overview`](crate::experiment::overview), which is on several.
pub const OVERVIEW: &str = "reproduce";
pub(super) const COMPLETE: &str = "complete.json";

/// Content of the file written last: a run is complete if this file and the manifests of the stages match all files.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct Complete {
    /// Hashes of configuration, results, record and the manifests of all stages, by name.
    pub(super) files: BTreeMap<String, String>,
    /// Files of stages that `clean` has removed, relative to the run folder.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) cleaned: BTreeSet<String>,
}

/// State of a run as far as it can be read without the lock.
pub(super) enum State {
    Complete,
    /// Complete once, but the file of this name is missing or has changed since.
    Damaged(String),
    Unfinished,
}

impl Complete {
    pub fn of(dir: &Path, manifests: BTreeSet<String>) -> Result<Self, Error> {
        let names = [CONFIG, RESULTS, RECORD].map(String::from).into_iter().chain(manifests);
        let files = names.map(|name| Ok((name.clone(), provenance::hash_file(&dir.join(&name))?)));
        Ok(Self { files: files.collect::<Result<_, Error>>()?, cleaned: BTreeSet::new() })
    }

    pub fn state(dir: &Path) -> State {
        let Ok(recorded) = json::read::<Complete>(&dir.join(COMPLETE)) else { return State::Unfinished };
        let differs = |(name, hash): (&String, &String)| {
            if !inside::is_as_recorded(dir, name, hash) {
                return Some(if inside::is_plain(name) { name } else { COMPLETE }.to_string());
            }
            // `seed-K/stages/NAME.json` describes files in `seed-K/`; `seed-K/PART/stages/NAME.json` those of a part.
            let (repetition, _) = name.split_once("/stages/")?;
            let gone = |file: &str| {
                let name = format!("{repetition}/{file}");
                recorded.cleaned.contains(&name) && std::fs::symlink_metadata(dir.join(name)).is_err()
            };
            let damaged = super::stage::damaged(&dir.join(repetition), &dir.join(name), gone)?;
            Some(format!("{repetition}/{damaged}"))
        };
        match recorded.files.iter().find_map(differs) {
            Some(name) => State::Damaged(name),
            None if dir.join(PAGE).is_file() => State::Complete,
            None => State::Damaged(PAGE.into()),
        }
    }
}

/// Content of a folder.
pub(super) enum Holds {
    Nothing,
    /// A run, perhaps without its `config.toml`.
    Run,
    /// Something else; the name of one of its files.
    Foreign(OsString),
}

/// Content of the folder `dir`; a run without its `config.toml` is recognised by the other files that runs leave.
pub(super) fn holds(dir: &Path) -> Result<Holds, Error> {
    let entries = std::fs::read_dir(dir).map_err(Error::io("read", dir))?;
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    let stages =
        |name: &OsString| name.to_string_lossy().starts_with("seed-") && dir.join(name).join("stages").is_dir();
    if names.iter().any(|name| name == CONFIG || name == COMPLETE || stages(name)) {
        return Ok(Holds::Run);
    }
    names.retain(|name| !atomic::is_temporary(name) && name != lock::NAME && name != provenance::FILE);
    Ok(match names.into_iter().next() {
        None => Holds::Nothing,
        Some(_) if Provenance::read(dir).is_some() => Holds::Run,
        Some(first) => Holds::Foreign(first),
    })
}

/// The text of `config.toml` of the run folder `dir`.
///
/// # Errors
/// [`Error::User`] if it is no run folder or the file is missing, or as [`inside::check`].
pub fn load_config(dir: &Path) -> Result<String, Error> {
    let (name, path) = (dir.display(), dir.join(CONFIG));
    if !dir.is_dir() || !matches!(holds(dir)?, Holds::Run) {
        return Err(Error::user(format!("{name} is no run folder (it has no {CONFIG}); give one that rgflow made")));
    }
    inside::check(dir)?;
    if !path.is_file() {
        return Err(Error::user(format!("{name}: {}", config::MISSING)));
    }
    std::fs::read_to_string(&path).map_err(Error::io("read", &path))
}

/// Whether `dir` holds a finished run with unchanged results and stages.
///
/// # Errors
/// As [`inside::check`].
pub fn is_complete(dir: &Path) -> Result<bool, Error> {
    inside::check(dir)?;
    Ok(matches!(Complete::state(dir), State::Complete))
}

/// File of a finished run that is missing or has changed since, if any.
///
/// # Errors
/// As [`inside::check`].
pub fn damaged_file(dir: &Path) -> Result<Option<String>, Error> {
    inside::check(dir)?;
    Ok(match Complete::state(dir) {
        State::Damaged(file) => Some(file),
        State::Complete | State::Unfinished => None,
    })
}

/// The record of a finished run in `dir`.
///
/// # Errors
/// [`Error::User`] if there is none, or as [`inside::check`].
pub fn load_record(dir: &Path) -> Result<Record, Error> {
    let name = dir.display();
    if !dir.is_dir() {
        let what = if dir.exists() { "is no folder" } else { "does not exist" };
        return Err(Error::user(format!("{name}: {what}; give the folder of a run")));
    }
    inside::check(dir)?;
    if !dir.join(RECORD).is_file() {
        return Err(Error::user(format!("{name} holds no finished run (it has no {RECORD}); finish it with --resume")));
    }
    json::read(&dir.join(RECORD))
}

/// Replaces the note of the finished run in `dir` and writes its page again. A note that is there already is left
/// alone.
///
/// # Errors
/// As [`render_again`].
pub fn replace_note(dir: &Path, note: &str) -> Result<(), Error> {
    let Some(mut found) = Provenance::read(dir) else { return Ok(()) };
    if found.origin.note.as_deref() == Some(note) {
        return Ok(());
    }
    found.origin.note = Some(note.into());
    found.write(dir)?;
    render_again(dir).map(drop)
}

/// Whether `dir` holds several runs with one page, those of a scan or of `reproduce`: a record without a configuration
/// of its own, beside the table of the scan or as that of [`overview`](crate::experiment::overview).
pub fn holds_several(dir: &Path) -> bool {
    let is_file = |name: &str| inside::check_one(&dir.join(name)).is_ok() && dir.join(name).is_file();
    let is_overview = || load_record(dir).is_ok_and(|record| record.experiment == OVERVIEW);
    !dir.join(CONFIG).exists() && is_file(RECORD) && (is_file("scan.csv") || is_overview())
}

/// Writes the page and figures of the finished run, scan or reproduction in `dir` again. Returns the path of the page.
///
/// # Errors
/// [`Error::User`] if there is no finished run, [`Error::Io`] if a file cannot be written.
pub fn render_again(dir: &Path) -> Result<PathBuf, Error> {
    let record = load_record(dir)?;
    let config = if holds_several(dir) { String::new() } else { load_config(dir)? };
    let page = dir.join(PAGE);
    let _lock = Lock::take(dir).map_err(|e| match e {
        Error::Io { ref source, .. } if e.is_unwritable() => Error::failure(format!(
            "cannot write {} again: {source}; the page that is there stays, or copy the folder to where you may write",
            page.display()
        )),
        other => other,
    })?;
    atomic::remove_temporary(dir, true);
    let provenance = json::read(&dir.join(provenance::FILE)).unwrap_or_default();
    super::write_report(dir, &record, &config, &provenance)
}
