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

/// Warnings and notes as a record has them: the files appear by their names alone, as folders differ from computer to
/// computer.
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

/// One or several files of samples.
pub struct UserData {
    /// The files, with the hashes of their bytes.
    given: Vec<(PathBuf, String)>,
    data: OnceLock<Dataset>,
}

impl UserData {
    /// The files `paths`, at least one, not yet read.
    ///
    /// # Errors
    /// [`Error::User`] if one cannot be read, or there are none.
    pub fn new(paths: &[PathBuf]) -> Result<Self, Error> {
        if paths.is_empty() {
            return Err(Error::user("no file of samples is given; name one"));
        }
        let given = paths.iter().map(|path| Ok((path.clone(), crate::dataset::hash(path)?)));
        Ok(Self { given: given.collect::<Result<_, Error>>()?, data: OnceLock::new() })
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
        let paths = self.paths();
        let mut data = Dataset::read_all(&paths, options)?;
        // Notes of the reading of several files name them.
        let read = if paths.len() > 1 { std::mem::take(&mut data.notes) } else { vec![] };
        fit(&mut data).map_err(|e| Error::user(format!("{}: {e}", data.title())))?;
        let title = data.title();
        let notes = data.notes.iter().map(|note| format!("{title}: {note}"));
        data.notes = read.into_iter().chain(notes).collect();
        Ok(self.data.get_or_init(|| data))
    }

    /// The files as they were given.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.given.iter().map(|(path, _)| path.clone()).collect()
    }

    /// The samples, if they have been read.
    pub fn get(&self) -> Option<&Dataset> {
        self.data.get()
    }

    /// The samples, if they have been read.
    pub fn take(&mut self) -> Option<Dataset> {
        self.data.take()
    }

    /// All files, with the hashes of their bytes.
    fn all(&self) -> &[(PathBuf, String)] {
        self.get().map_or(&self.given, |data| &data.files)
    }

    /// Name of the file for messages; of several, of the first with the number of the others.
    pub fn title(&self) -> String {
        match self.get() {
            Some(data) => data.title(),
            None => self.given[0].0.display().to_string(),
        }
    }

    /// The samples as an input of stages.
    pub fn artifact(&self) -> Artifact {
        match self.get() {
            Some(data) => data.artifact(),
            None => Artifact { hash: self.given[0].1.clone(), dir: self.given[0].0.clone() },
        }
    }

    /// The files as inputs of the run, `data` or `data-1`, `data-2` ... in the order given; the first has warnings and
    /// notes on all, if they have been read.
    pub fn files(&self) -> Vec<InputFile<'_>> {
        let all = self.all();
        let width = all.len().to_string().len();
        let key = |k: usize| if all.len() == 1 { "data".into() } else { format!("data-{:0width$}", k + 1) };
        let mut files: Vec<InputFile> = Vec::new();
        for (k, (path, hash)) in all.iter().enumerate() {
            files.push(InputFile { key: key(k), path, hash, warnings: vec![], notes: vec![] });
        }
        if let (Some(first), Some(data)) = (files.first_mut(), self.get()) {
            first.warnings.extend(independence::warning(data));
            first.notes.extend(data.notes.iter().cloned());
        }
        files
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
    /// Reads the network in `path` and adapts it to the `n` values described by `given`; `width` is the error message
    /// if it reads another number.
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
        if let Some((factor, shift)) = agreement.conversion {
            model = network_file::of_other_values(model, factor, shift).map_err(at)?;
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
