//! A machine in a file of the user's, and the samples given to it.

use super::place::model_file;
use super::trained_on;
use crate::artifact::{Artifact, Error, Model, rbm_file, user_file};
use crate::dataset::{Dataset, Input, Kind, Labelling, Options, Values};
use crate::study::standard::Standard;
use crate::study::user_files::{InputFile, UserData};
use rgflow::rbm::{Rbm, Units};
use std::path::{Path, PathBuf};

/// A restricted Boltzmann machine of a model file, with what the file says of its samples.
pub struct Machine {
    /// The file.
    pub path: PathBuf,
    /// Hash of its bytes.
    hash: String,
    /// The file's tensors and metadata.
    pub(crate) model: Model,
    /// The machine.
    pub rbm: Rbm,
    /// Description of the samples of its visible units.
    pub(crate) input: Input,
    /// Choices made to find the file, one sentence each.
    pub notes: Vec<String>,
}

impl Machine {
    /// The machine in the file `path`, or in the run folder `path`.
    ///
    /// # Errors
    /// [`Error::User`] if there is none or it is damaged.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (path, notes) = model_file(path, "rbm")?;
        Ok(Self { notes, ..Self::read(&path)? })
    }

    /// The machine in the file `path`.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let (model, hash) = user_file::model(path)?;
        Self::of_model(path, model, hash)
    }

    /// The machine in the bytes of a model file.
    ///
    /// # Errors
    /// [`Error::User`] if they are damaged or hold something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let name = "model in memory";
        let model = Model::from_bytes(bytes, name).map_err(|e| Error::user(e.to_string()))?;
        Self::of_model(Path::new(name), model, blake3::hash(bytes).to_hex().to_string())
    }

    /// Bytes of its model file.
    ///
    /// # Errors
    /// As [`Model::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.model.to_bytes()
    }

    fn of_model(path: &Path, model: Model, hash: String) -> Result<Self, Error> {
        let at = |e: Error| Error::user(format!("{}: {e}", path.display()));
        let rbm = rbm_file::rbm(&model).map_err(at)?;
        let mut input = Input::of_model(&model, &path.display().to_string(), rbm.n_visible()).map_err(Error::user)?;
        input.kind = input.kind.or_else(|| kind_of(rbm.visible_units()));
        Ok(Self { path: path.into(), hash, model, rbm, input, notes: vec![] })
    }

    /// In words: `RBM 64-16 (binary / binary)`.
    pub fn title(&self) -> String {
        let (n, m) = self.rbm.weights.dim();
        format!("RBM {n}-{m} ({} / {})", brief(self.rbm.visible_units()), brief(self.rbm.hidden_units()))
    }

    /// The file as the input `machine` of a run.
    pub(crate) fn file(&self) -> InputFile<'_> {
        InputFile {
            key: "machine".into(),
            path: &self.path,
            hash: &self.hash,
            warnings: vec![],
            notes: self.notes.clone(),
        }
    }

    /// The file as an input of stages.
    pub(crate) fn artifact(&self) -> Artifact {
        Artifact { hash: self.hash.clone(), dir: self.path.clone() }
    }

    /// Mean and deviation by which its training samples were standardised, if they were.
    pub(crate) fn standard(&self) -> Option<Standard> {
        let said = self.model.metadata.get("input")?.get("standardised")?;
        let found: Standard = serde_json::from_value(said.clone()).ok()?;
        (found.deviation.len() == self.rbm.n_visible()).then_some(found)
    }

    /// States of a site of categorical visible units, which samples may hold as whole numbers.
    fn states(&self) -> Option<usize> {
        let units = self.rbm.visible_units();
        matches!(units, Units::Categorical(_)).then(|| units.sites().map(|sites| sites.states())).flatten()
    }

    /// `options` of reading samples, with the values that the machine's units can have.
    pub(crate) fn options(&self, options: Options) -> Options {
        let units = self.rbm.visible_units();
        let real = units.range().is_none() || self.states().is_some();
        let levels = units.range().filter(|_| units.levels().is_some()).map(|(low, high)| [low, high]);
        Options { real, levels, ..options }
    }

    /// Adapts samples to the machine, converting what can be exactly: `scale` divided their values, `others` describe
    /// the samples of further files that must agree.
    ///
    /// # Errors
    /// A message with the remedy, if the samples are not of the machine's size, values, lattice, field or scale.
    pub(crate) fn adapt(&self, data: &mut Dataset, scale: f64, others: &[&Input]) -> Result<(), String> {
        let of_file = self.take(data, scale)?;
        let of_data = Input { kind: Some(data.kind), ..of_file };
        for said in std::iter::once(&self.input).chain(others.iter().copied()) {
            data.notes.extend(said.agrees(&of_data)?.notes);
        }
        Ok(())
    }

    /// Samples that are in memory for this machine: of its size and values.
    ///
    /// # Errors
    /// A message that names the value, its place and the remedy.
    pub fn in_memory(&self, values: Values) -> Result<Dataset, String> {
        let mut data = Dataset::in_memory(values, &self.options(Options::default()))?;
        self.take(&mut data, 1.0)?;
        let units = self.rbm.visible_units();
        // Grey levels are means of {0, 1} units; of others a value between is a mistake.
        if let Some((low, high)) = units.range().filter(|range| units.levels().is_some() && *range != (0.0, 1.0))
            && let Some(bad) = data.values.find(|v| v == low || v == high)
        {
            return Err(format!("holds {bad}; the machine's visible units are {units}: give samples of that kind"));
        }
        Ok(data)
    }

    /// Adapts samples to the size and the values of the machine's units; their description as they were.
    fn take(&self, data: &mut Dataset, scale: f64) -> Result<Input, String> {
        let units = self.rbm.visible_units();
        if let Some(q) = self.states() {
            if data.n_units() == self.rbm.n_visible() {
                data.first_states(units)?;
            }
            data.code_states(q, self.input.states.as_deref())?;
        }
        if data.n_units() != self.rbm.n_visible() {
            let (found, expected) = (data.n_units(), self.rbm.n_visible());
            return Err(format!(
                "samples of {found} values for a machine of {expected} visible units; give samples like those it was \
                 trained on"
            ));
        }
        let of_file = Input::of_data(data, scale);
        if let Some((low, high)) = units.range() {
            data.convert(low, high);
            if let Some(bad) = data.misfit(low, high) {
                return Err(format!("holds {bad}; the machine's visible units are {units}: give samples of that kind"));
            }
        }
        data.check(units)?;
        Ok(of_file)
    }

    /// The samples in the files `paths` for this machine, read as `train rbm` reads them: labels only say which axes
    /// count samples.
    ///
    /// # Errors
    /// [`Error::User`] of one line that names file, problem and remedy.
    pub fn samples(&self, paths: &[PathBuf], options: &Options) -> Result<Dataset, Error> {
        // A number by itself may be that of a column.
        let is_number = options.labels.parse::<f64>().is_ok() || options.labels.is_empty();
        let labelling = if is_number { Labelling::Auto } else { Labelling::Temperatures };
        let options = self.options(Options { labelling, reads_labels: false, ..options.clone() });
        let mut data = UserData::new(paths)?;
        data.read(&options, |data| self.adapt(data, options.scale, &[]))?;
        data.take().ok_or_else(|| Error::failure("the samples were not read"))
    }

    /// A note for scores, if the samples are those of the machine's training.
    pub fn knows(&self, data: &Dataset) -> Option<String> {
        let known = trained_on(&self.model, data);
        known.then(|| format!("{} was trained on these samples, most of which it knows", self.path.display()))
    }
}

/// Kind of the visible values of a machine whose file does not say what it was trained on.
fn kind_of(units: &Units) -> Option<Kind> {
    match units.range() {
        None => Some(Kind::Real),
        Some((-1.0, 1.0)) => Some(Kind::Spins),
        Some((0.0, 1.0)) => Some(Kind::Bits),
        _ => None,
    }
}

/// Units in words: of many sigma only that they are.
fn brief(units: &Units) -> String {
    let text = units.to_string();
    if text.len() > 30 { text.split(':').next().unwrap_or_default().into() } else { text }
}
