//! `rgflow train rbm`: a restricted Boltzmann machine on the user's own data.

mod findings;
mod record;
mod settings;
mod stage;

use super::AnyExperiment;
use crate::artifact::memory::Need;
use crate::artifact::{Error, Run};
use crate::dataset::{Dataset, Options, Values, independence};
use crate::record::Record;
use rayon::prelude::*;
use settings::Settings;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The experiment: the file of samples is given with the command.
pub struct TrainRbm {
    path: PathBuf,
    hash: String,
    data: OnceLock<Dataset>,
}

impl TrainRbm {
    /// Name in `config.toml`.
    pub const NAME: &str = "train-rbm";

    /// On the samples in the file `path`.
    ///
    /// # Errors
    /// [`Error::User`] if it cannot be read.
    pub fn new(path: &Path) -> Result<Self, Error> {
        let hash = crate::dataset::hash(path)?;
        Ok(Self { path: path.into(), hash, data: OnceLock::new() })
    }

    /// The samples, fit for a training.
    fn read(&self, settings: &Settings) -> Result<&Dataset, Error> {
        if let Some(data) = self.data.get() {
            return Ok(data);
        }
        let d = &settings.data;
        let real = settings.real();
        let allow = "take Gaussian visible units (--units gaussian)";
        let options =
            Options { array: d.array.clone(), reads_labels: false, scale: d.scale, real, allow, ..Options::default() };
        let mut data = Dataset::read(&self.path, &options)?;
        let least = 4;
        if data.n_samples() < least {
            let (name, n) = (self.path.display(), data.n_samples());
            return Err(Error::user(format!("{name}: {n} samples; add some, at least {least} are needed")));
        }
        let wrong = |e: String| Error::user(format!("{}: {e}", self.path.display()));
        if let Some(levels) = settings.visible(&data).map_err(wrong)?.levels() {
            data.convert(levels.low(), levels.high());
        }
        settings.units(&data).map_err(wrong)?;
        Ok(self.data.get_or_init(|| data))
    }
}

impl AnyExperiment for TrainRbm {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn summary(&self) -> &'static str {
        "A restricted Boltzmann machine on your own data"
    }

    fn recipe(&self) -> &'static str {
        settings::RECIPE
    }

    fn repetitions(&self) -> u32 {
        1
    }

    fn input(&self) -> toml::Table {
        crate::study::user_files::file_entry("data", &self.path, &self.hash)
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        let settings = Settings::parse(table)?;
        self.read(&settings).map(|_| ()).map_err(|e| e.to_string())
    }

    fn warnings(&self, _: &toml::Table) -> Vec<String> {
        self.data.get().and_then(independence::warning).into_iter().collect()
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        let (Ok(settings), Some(data)) = (Settings::parse(table), self.data.get()) else { return vec![] };
        let (n, units, hidden) = (data.n_samples(), data.n_units(), settings.machine.hidden);
        // Bits of states, else training and test set as numbers.
        let states = matches!(data.values, Values::States(_)) && !settings.real();
        let row = if states { units.div_ceil(4) } else { 4 * units };
        let what = format!("{}: {n} samples of {units} units", self.path.display());
        let weights = format!("machine.hidden = {hidden} of {units} visible units");
        vec![
            Need::new(&[n, row], what, "give fewer samples"),
            Need::new(&[8, units, hidden], weights, "take fewer --hidden"),
        ]
    }

    fn notes(&self) -> Vec<String> {
        crate::study::user_files::notes_of(self.data.get())
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let data = self.read(&settings)?;
        let train = |repetition: &_| {
            let trained = stage::train(repetition, &settings, data)?;
            stage::examine(repetition, &settings, data, &trained)
        };
        let found: Vec<_> = run.repetitions().par_iter().map(train).collect::<Result<_, Error>>()?;
        let record = record::record(&settings, data, &found);
        Ok(crate::study::user_files::with_notes(record, self, table, &[(&self.path, "")]))
    }
}
