//! The user's input files: read once, identified by name and hash, with notes on how they were read.

use crate::artifact::{Artifact, Error, Model, network_file, user_file};
use crate::dataset::{Dataset, Input, Options, independence};
use rgflow::nn::Mlp;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A file of the user's as an input of a run.
pub struct InputFile<'a> {
    /// Its key in the table `input` of `config.toml`: `data`, `machine`, `network` ...
    pub key: String,
    /// Its place.
    pub path: &'a Path,
    /// BLAKE3 hash of its bytes.
    pub hash: &'a str,
    /// Warnings for the user to read before the work begins, with the remedy.
    pub warnings: Vec<String>,
    /// Choices made where it can be read in two ways, one sentence each.
    pub notes: Vec<String>,
}

/// The table `input` of `config.toml`: of each file its name without folder, and its hash.
pub fn input(files: &[InputFile]) -> toml::Table {
    let entry = |file: &InputFile| {
        let entry =
            toml::Table::from_iter([("file".into(), name(file.path).into()), ("blake3".into(), file.hash.into())]);
        (file.key.clone(), toml::Value::Table(entry))
    };
    files.iter().map(entry).collect()
}

/// Warnings and notes as a record has them: the files appear by their names alone, as folders differ from computer to computer.
pub(super) fn recorded(files: &[InputFile]) -> Vec<String> {
    let named = |text: &String| {
        files.iter().fold(text.clone(), |text, file| {
            let what =
                if file.key == "machine" || file.key == "network" { format!("{} ", file.key) } else { String::new() };
            text.replace(&file.path.display().to_string(), &(what + &name(file.path)))
        })
    };
    let warnings = files.iter().flat_map(|file| &file.warnings);
    warnings.chain(files.iter().flat_map(|file| &file.notes)).map(named).collect()
}

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

    /// The file as an input of stages.
    pub fn artifact(&self) -> Artifact {
        Artifact { hash: self.hash.clone(), dir: self.path.clone() }
    }

    /// The file as an input of the run, with warnings and notes if it has been read.
    pub fn file(&self) -> InputFile<'_> {
        let notes = self.get().map_or(&[][..], |data| &data.notes);
        InputFile {
            key: "data".into(),
            path: &self.path,
            hash: &self.hash,
            warnings: self.get().and_then(independence::warning).into_iter().collect(),
            notes: notes.iter().map(|note| format!("{}: {note}", self.path.display())).collect(),
        }
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

    /// The file as the input `key` of the run.
    pub fn file(&self, key: &str) -> InputFile<'_> {
        let (path, hash) = (&self.path, &self.hash);
        InputFile { key: key.into(), path, hash, warnings: vec![], notes: self.notes.clone() }
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
