//! Files that the user gave: read once, named by name and hash, and what was taken of them.

use crate::artifact::{Artifact, Error, Model, network, user_file};
use crate::dataset::{Dataset, Input, Options, independence};
use crate::record::Record;
use rgflow::nn::Mlp;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A file of samples.
pub struct UserData {
    pub path: PathBuf,
    hash: String,
    data: OnceLock<Dataset>,
}

impl UserData {
    /// The file `path`, not yet read.
    ///
    /// # Errors
    /// [`Error::User`] if it cannot be read.
    pub fn new(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.into(), hash: crate::dataset::hash(path)?, data: OnceLock::new() })
    }

    /// The samples, read once and made fit by `fit`.
    ///
    /// # Errors
    /// What is wrong with them, those of `fit` behind the name of the file.
    pub fn read(
        &self,
        options: &Options,
        fit: impl FnOnce(&mut Dataset) -> Result<(), String>,
    ) -> Result<&Dataset, Error> {
        if let Some(data) = self.data.get() {
            return Ok(data);
        }
        let mut data = Dataset::read(&self.path, options)?;
        fit(&mut data).map_err(|e| Error::user(format!("{}: {e}", self.path.display())))?;
        Ok(self.data.get_or_init(|| data))
    }

    /// The samples, once they were read.
    pub fn get(&self) -> Option<&Dataset> {
        self.data.get()
    }

    /// Its entry of `config.toml`.
    pub fn entry(&self) -> toml::Table {
        file_entry("data", &self.path, &self.hash)
    }

    /// As an input of stages.
    pub fn artifact(&self) -> Artifact {
        Artifact { hash: self.hash.clone(), dir: self.path.clone() }
    }

    /// What the user should know before the work begins.
    pub fn warnings(&self) -> Vec<String> {
        self.get().and_then(independence::warning).into_iter().collect()
    }

    /// What was taken where the file can be read in two ways, with its name before each.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.get().map_or(&[][..], |data| &data.notes);
        notes.iter().map(|note| format!("{}: {note}", self.path.display())).collect()
    }

    /// Its name, without its place.
    pub fn name(&self) -> String {
        name(&self.path)
    }
}

/// A network in a file of the user's.
pub struct UserNetwork {
    pub path: PathBuf,
    hash: String,
    pub model: Model,
    pub mlp: Mlp,
    /// What it says of what it reads, in the values that it is given.
    pub reads: Input,
    /// What was converted or cannot be checked.
    pub notes: Vec<String>,
}

impl UserNetwork {
    /// The network in `path`, made to read the `n` values that `given` tells of; `width` says what is wrong where it
    /// reads another number.
    ///
    /// # Errors
    /// [`Error::User`] if the file cannot be read or holds something else.
    pub fn read(path: &Path, n: usize, given: &Input, width: &str) -> Result<Self, Error> {
        let at = |e: Error| Error::user(format!("{}: {e}", path.display()));
        let (mut model, hash) = user_file::model(path)?;
        let mut mlp = network::layers(&model).map_err(at)?;
        // A classifier has no temperatures; the curves of a thermometer must be right.
        if model.tensors.contains_key("reference_blocks") && model.metadata.get("temperatures").is_some() {
            network::curves(&model, &mlp).map_err(at)?;
        }
        if mlp.n_in() != n {
            return Err(Error::user(format!("{}: the network reads {} values, {width}", path.display(), mlp.n_in())));
        }
        let mut reads = Input::of_model(&model, &path.display().to_string(), n).map_err(Error::user)?;
        let agreement = reads.agrees(given).map_err(Error::user)?;
        if let Some(conversion) = agreement.conversion {
            model = network::of_other_values(model, conversion).map_err(at)?;
            mlp = network::layers(&model).map_err(at)?;
            reads.kind = given.kind;
        }
        Ok(Self { path: path.into(), hash, model, mlp, reads, notes: agreement.notes })
    }

    /// Its entry `key` of `config.toml`.
    pub fn entry(&self, key: &str) -> toml::Table {
        file_entry(key, &self.path, &self.hash)
    }

    /// As an input of stages.
    pub fn artifact(&self) -> Artifact {
        Artifact { hash: self.hash.clone(), dir: self.path.clone() }
    }
}

/// Name of a file, without its place.
pub fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The entry of `config.toml` for a file that the user gave: its name, not its place, and the hash of its bytes.
pub fn file_entry(key: &str, path: &Path, hash: &str) -> toml::Table {
    let entry = toml::Table::from_iter([("file".into(), name(path).into()), ("blake3".into(), hash.into())]);
    toml::Table::from_iter([(key.to_string(), toml::Value::Table(entry))])
}

/// A record whose first table has also these notes. The user's `files`, each with a word for what it is, are named
/// there by their names, as their places differ from machine to machine.
pub fn with_notes(mut record: Record, notes: Vec<String>, files: &[(&Path, &str)]) -> Record {
    record.summary.notes.extend(notes.into_iter().map(|note| {
        let named = |note: String, (path, what): &(&Path, &str)| {
            note.replace(&path.display().to_string(), format!("{what} {}", name(path)).trim_start())
        };
        files.iter().fold(note, named)
    }));
    record
}
