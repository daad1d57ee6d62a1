//! The user's input files: read once, identified by name and hash, with notes on how they were read.

use crate::artifact::{Artifact, Error, Model, network_file, user_file};
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

    /// The samples, read once and adapted by `fit`.
    ///
    /// # Errors
    /// The problem with them; errors of `fit` are prefixed with the name of the file.
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

    /// The samples, if they have been read.
    pub fn get(&self) -> Option<&Dataset> {
        self.data.get()
    }

    /// Its entry of `config.toml`.
    pub fn entry(&self) -> toml::Table {
        file_entry("data", &self.path, &self.hash)
    }

    /// The file as an input of stages.
    pub fn artifact(&self) -> Artifact {
        Artifact { hash: self.hash.clone(), dir: self.path.clone() }
    }

    /// Warnings for the user before the work begins.
    pub fn warnings(&self) -> Vec<String> {
        self.get().and_then(independence::warning).into_iter().collect()
    }

    /// Choices made where the file can be read in two ways, each prefixed with its name.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.get().map_or(&[][..], |data| &data.notes);
        notes.iter().map(|note| format!("{}: {note}", self.path.display())).collect()
    }

    /// Name of the file, without its folder.
    pub fn name(&self) -> String {
        name(&self.path)
    }
}

/// A network in the user's file.
pub struct UserNetwork {
    pub path: PathBuf,
    hash: String,
    pub model: Model,
    pub mlp: Mlp,
    /// Description of its input, after conversion to the given values.
    pub reads: Input,
    /// Notes on conversions, and on facts that cannot be checked.
    pub notes: Vec<String>,
}

impl UserNetwork {
    /// Reads the network in `path` and adapts it to the `n` values described by `given`; `width` is the error message if it
    /// reads another number.
    ///
    /// # Errors
    /// [`Error::User`] if the file cannot be read or holds something else.
    pub fn read(path: &Path, n: usize, given: &Input, width: &str) -> Result<Self, Error> {
        let at = |e: Error| Error::user(format!("{}: {e}", path.display()));
        let (mut model, hash) = user_file::model(path)?;
        let mut mlp = network_file::layers(&model).map_err(at)?;
        // A classifier has no temperatures; the curves of a thermometer must be valid.
        if model.tensors.contains_key("reference_blocks") && model.metadata.get("temperatures").is_some() {
            network_file::curves(&model, &mlp).map_err(at)?;
        }
        if mlp.n_in() != n {
            return Err(Error::user(format!("{}: the network reads {} values, {width}", path.display(), mlp.n_in())));
        }
        let mut reads = Input::of_model(&model, &path.display().to_string(), n).map_err(Error::user)?;
        let agreement = reads.agrees(given).map_err(Error::user)?;
        if let Some(conversion) = agreement.conversion {
            model = network_file::of_other_values(model, conversion).map_err(at)?;
            mlp = network_file::layers(&model).map_err(at)?;
            reads.kind = given.kind;
        }
        Ok(Self { path: path.into(), hash, model, mlp, reads, notes: agreement.notes })
    }

    /// Its entry `key` of `config.toml`.
    pub fn entry(&self, key: &str) -> toml::Table {
        file_entry(key, &self.path, &self.hash)
    }

    /// The file as an input of stages.
    pub fn artifact(&self) -> Artifact {
        Artifact { hash: self.hash.clone(), dir: self.path.clone() }
    }
}

/// Name of a file, without its folder.
pub fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Entry of `config.toml` for a user's file: its name without folder, and the hash of its bytes.
pub fn file_entry(key: &str, path: &Path, hash: &str) -> toml::Table {
    let entry = toml::Table::from_iter([("file".into(), name(path).into()), ("blake3".into(), hash.into())]);
    toml::Table::from_iter([(key.to_string(), toml::Value::Table(entry))])
}

/// Adds notes to the first table of a record. The user's `files`, each with a word for its kind, appear in them by
/// name only, as their folders differ from computer to computer.
pub fn with_notes(mut record: Record, notes: Vec<String>, files: &[(&Path, &str)]) -> Record {
    record.summary.notes.extend(notes.into_iter().map(|note| {
        let named = |note: String, (path, what): &(&Path, &str)| {
            note.replace(&path.display().to_string(), format!("{what} {}", name(path)).trim_start())
        };
        files.iter().fold(note, named)
    }));
    record
}
