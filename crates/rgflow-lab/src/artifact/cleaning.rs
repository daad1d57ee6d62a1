//! Cleaning a finished run: files of stages that can be made again are removed, and results, models and the page are
//! kept.

use super::folder::{COMPLETE, Complete, State, holds_several};
use super::lock::Lock;
use super::{Error, atomic, inside, is_complete, json, load_config, stage};
use std::collections::BTreeSet;
use std::path::Path;

/// Outcome of [`clean`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Number of files that were removed.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Removes the files of stages from the finished run in `dir`, except models (`.safetensors` outside of folders called
/// `snapshots`).
///
/// The run stays complete: the removed files are named in `complete.json`, and `--resume` makes them again.
///
/// # Errors
/// [`Error::User`] if `dir` is no finished run or is in use, [`Error::Io`] if a file cannot be removed.
pub fn clean(dir: &Path) -> Result<Freed, Error> {
    if holds_several(dir) {
        let name = dir.display();
        return Err(Error::user(format!(
            "{name} holds several runs; clean the folders in it that are runs, such as those of {name}/*"
        )));
    }
    load_config(dir)?;
    let _lock = Lock::take(dir)?;
    if !is_complete(dir)? {
        let why = match Complete::state(dir) {
            State::Damaged(file) => format!("{file} is missing or has changed; make it again"),
            _ => "it is no finished run; finish it".into(),
        };
        return Err(Error::user(format!("{}: {why} with --resume before it is cleaned", dir.display())));
    }
    let mut complete: Complete = json::read(&dir.join(COMPLETE))?;
    let freed: BTreeSet<String> = complete.files_of_stages(dir).into_iter().filter(|name| !is_model(name)).collect();
    // Named before they are removed: a kill in between leaves a complete run.
    complete.cleaned = freed.clone();
    atomic::write(dir.join(COMPLETE), json::pretty(&complete)?)?;
    let mut done = Freed::default();
    for name in &freed {
        let path = dir.join(name);
        let Ok(found) = std::fs::symlink_metadata(&path) else { continue };
        inside::remove(&path)?;
        done = Freed { files: done.files + 1, bytes: done.bytes + found.len() };
        // Folders that are empty now; the first that is not ends the way up.
        let above = path.ancestors().skip(1).take_while(|folder| *folder != dir);
        above.take_while(|folder| std::fs::remove_dir(folder).is_ok()).for_each(drop);
    }
    Ok(done)
}

/// Number of files of the run in `dir` that [`clean`] has removed and that were not made again.
pub fn cleaned_files(dir: &Path) -> usize {
    let complete = json::read::<Complete>(&dir.join(COMPLETE));
    complete.map_or(0, |complete| {
        complete.cleaned.iter().filter(|name| inside::is_plain(name) && !dir.join(name).exists()).count()
    })
}

fn is_model(name: &str) -> bool {
    name.ends_with(".safetensors") && !name.split('/').any(|part| part == "snapshots")
}

impl Complete {
    /// Files that the manifests of all stages name, relative to the run folder.
    fn files_of_stages(&self, dir: &Path) -> Vec<String> {
        let manifests = self.files.keys().filter_map(|name| Some((name, name.split_once("/stages/")?.0)));
        let files = manifests.flat_map(|(name, part)| {
            let files = stage::files_of(&dir.join(name)).into_iter().filter(|file| inside::is_plain(file));
            files.map(move |file| format!("{part}/{file}"))
        });
        files.collect()
    }
}
