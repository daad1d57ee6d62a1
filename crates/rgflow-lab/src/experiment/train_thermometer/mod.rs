//! `rgflow train thermometer`: a network that reads the labels of the user's own data.

mod findings;
mod record;
mod settings;
mod stage;

use super::AnyExperiment;
use crate::artifact::memory::Need;
use crate::artifact::{Error, Run};
use crate::dataset::{Dataset, Options, independence};
use crate::record::Record;
use rayon::prelude::*;
use settings::Settings;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The experiment: the file of samples is given with the command.
pub struct TrainThermometer {
    path: PathBuf,
    hash: String,
    data: OnceLock<Dataset>,
}

impl TrainThermometer {
    /// Name in `config.toml`.
    pub const NAME: &str = "train-thermometer";

    /// Of the samples in the file `path`.
    ///
    /// # Errors
    /// [`Error::User`] if it cannot be read.
    pub fn new(path: &Path) -> Result<Self, Error> {
        let hash = crate::dataset::hash(path)?;
        Ok(Self { path: path.into(), hash, data: OnceLock::new() })
    }
}

impl AnyExperiment for TrainThermometer {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn summary(&self) -> &'static str {
        "A network that reads temperatures or classes from configurations"
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
        let (n, units) = (data.n_samples(), data.n_units());
        // Training and test set, as bits or numbers.
        let share = 1.0 - settings.data.reference_fraction;
        let row = if data.kind.levels().is_some() { units.div_ceil(4) } else { 4 * units };
        let what = format!("{}: {n} samples of {units} values", self.path.display());
        let hidden = &settings.network.hidden;
        let layers: Vec<usize> = [units].into_iter().chain(hidden.iter().copied()).collect();
        let weights = layers.windows(2).map(|pair| pair[0] * pair[1]).sum();
        vec![
            Need::new(&[(n as f64 * 0.99 * share) as usize, row], what, "give fewer samples"),
            Need::new(&[16, weights], format!("network.hidden = {hidden:?}"), "take smaller --hidden"),
        ]
    }

    fn notes(&self) -> Vec<String> {
        crate::study::user_files::notes_of(self.data.get())
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let data = self.read(&settings)?;
        let found: Vec<_> = run
            .repetitions()
            .par_iter()
            .map(|repetition| stage::train(repetition, &settings, data))
            .collect::<Result<_, Error>>()?;
        let record = record::record(&settings, data, &found);
        Ok(crate::study::user_files::with_notes(record, self, table, &[(&self.path, "")]))
    }
}

impl TrainThermometer {
    /// The samples with their labels, fit for a training.
    fn read(&self, settings: &Settings) -> Result<&Dataset, Error> {
        if let Some(data) = self.data.get() {
            return Ok(data);
        }
        let d = &settings.data;
        let allow = "allow any number with --set data.real=true";
        let (array, labels) = (d.array.clone(), d.labels.clone());
        let options = Options { array, labels, scale: d.scale, real: d.real, allow, ..Options::default() };
        let data = Dataset::read(&self.path, &options)?;
        let wrong = |what: String| Error::user(format!("{}: {what}", self.path.display()));
        let Some(labels) = &data.labels else {
            return Err(wrong(
                "has no labels; add an array `temperatures` or `labels` (.npz) or a column `T` or `label` (.csv)"
                    .into(),
            ));
        };
        let (distinct, classes) = labels.classes();
        if distinct.len() < 2 {
            return Err(wrong(format!(
                "all samples have the label {}; at least two labels are needed; add samples of another",
                labels.name(distinct[0])
            )));
        }
        if distinct.len() > 10_000 {
            return Err(wrong(format!(
                "has {} distinct labels; are these labels? Name others with --set data.labels=NAME",
                distinct.len()
            )));
        }
        if let Some(hot) = distinct.iter().find(|t| t.is_infinite()) {
            return Err(wrong(format!(
                "a label is {hot}: T* lies between finite temperatures; leave these samples out"
            )));
        }
        let least = (0..distinct.len()).map(|k| (classes.iter().filter(|c| **c == k).count(), k)).min();
        if let Some((count, k)) = least.filter(|(count, _)| *count < settings::LEAST) {
            let needed = settings::LEAST;
            return Err(wrong(format!(
                "label {} has {count} samples; add some, at least {needed} are needed",
                labels.name(distinct[k])
            )));
        }
        Ok(self.data.get_or_init(|| data))
    }
}
