//! Experiment behind `rgflow train thermometer`: a network that reads the labels of the user's own data.

mod in_memory;
mod record;
mod settings;
mod stage;

use crate::dataset::{Dataset, Kind, Meaning, Options, listed};
use crate::record::format::counted;
use crate::study::costs;
use crate::study::prelude::*;
use crate::study::user_files::{InputFile, UserData};
pub use in_memory::ThermometerInMemory;
use settings::Settings;
use stage::Findings;
use std::path::PathBuf;

/// The experiment; the files of samples are given on the command line.
pub struct TrainThermometer(UserData);

/// Fewest samples per label: ten for training and a block of ten each for test and reference.
const LEAST: usize = 30;

impl TrainThermometer {
    /// Name in `config.toml`.
    pub const NAME: &str = Self::ABOUT.name;

    /// The experiment on the samples in the files `paths`, one after the other.
    ///
    /// # Errors
    /// [`Error::User`] if one cannot be read.
    pub fn new(paths: &[PathBuf]) -> Result<Self, Error> {
        UserData::new(paths).map(Self)
    }

    /// The samples with their labels, checked for training.
    fn read(&self, settings: &Settings) -> Result<&Dataset, Error> {
        self.0.read(&options(settings), |data| adapt(data, settings))
    }
}

/// Options for reading the samples.
fn options(settings: &Settings) -> Options {
    let d = &settings.data;
    let allow = "take them as real numbers, standardised for the training, with --standardise";
    let (array, labels) = (d.array.clone(), d.labels.clone());
    Options {
        array,
        labels,
        labelling: d.labels_are,
        continuous: *d.bins > 0,
        shape: d.shape.clone(),
        scale: d.scale,
        real: d.real || *d.states > 0,
        allow,
        ..Options::default()
    }
}

/// Adapts samples to the settings, and refuses those that cannot be trained on.
fn adapt(data: &mut Dataset, settings: &Settings) -> Result<(), String> {
    let d = &settings.data;
    data.bin(*d.bins)?;
    if *d.states > 0 {
        rgflow::rbm::Units::categorical(*d.states).map_err(|e| format!("data.states = {}: {e}", d.states))?;
        data.code_states(*d.states, None)?;
    }
    if d.real && data.kind != Kind::Real && *d.states == 0 {
        data.notes.push(format!("the values are {}, which are not standardised", data.kind.name()));
    }
    if data.kind == Kind::Real {
        data.notes.push(
            "real numbers are standardised for the training (less their mean, divided by their deviation); \
             the network reads them as they are"
                .into(),
        );
    }
    fits(data)
}

/// Message for samples without labels: the ways to give them, and what the file has.
fn no_labels(data: &Dataset) -> String {
    let names = &data.candidates;
    match &names[..] {
        [] if data.more > 0 => "have no labels, also not by their names; give one for each file, such as \
            --temperatures 1.5,2.0 or --labels cat,dog"
            .into(),
        [] => "has no labels; add an array `temperatures` or `labels` (.npz) or a column `T` or `label` (.csv), or \
            give those of equal blocks of samples, such as --temperatures 1.5,2.0,2.5"
            .into(),
        [.., last] => format!(
            "has no labels by a usual name; name those that are meant by --labels, --temperatures or --beta, such as \
             --labels {last}; it has {}",
            listed(names)
        ),
    }
}

/// Checks that there are labels, at least two, each with enough samples.
fn fits(data: &Dataset) -> Result<(), String> {
    let labels = data.labels.as_ref().ok_or_else(|| no_labels(data))?;
    let (distinct, classes) = labels.classes();
    if distinct.len() < 2 {
        let only = labels.name(distinct[0]);
        return Err(format!(
            "all samples have the label {only}; at least two labels are needed; add samples of another"
        ));
    }
    if distinct.len() > 10_000 {
        let n = distinct.len();
        let remedy = match labels.meaning {
            Meaning::Temperature => "put continuous temperatures into bins, such as --bins 20",
            Meaning::Class => "name others by --labels or --temperatures",
        };
        return Err(format!("has {n} distinct labels; are these labels? {remedy}"));
    }
    if let Some(hot) = distinct.iter().find(|t| t.is_infinite()) {
        return Err(format!("a label is {hot}: T* lies between finite temperatures; leave these samples out"));
    }
    let least = (0..distinct.len()).map(|k| (classes.iter().filter(|c| **c == k).count(), k)).min();
    if let Some((count, k)) = least.filter(|(count, _)| *count < LEAST) {
        let name = labels.name(distinct[k]);
        let bins = data.n_samples() / LEAST;
        let or = match labels.meaning {
            Meaning::Temperature if bins >= 2 => {
                format!(", or put the {} temperatures into bins, such as --bins {}", distinct.len(), bins.min(20))
            }
            _ => String::new(),
        };
        let samples = counted(count, "sample");
        return Err(format!("label {name} has {samples}; add some, at least {LEAST} are needed{or}"));
    }
    Ok(())
}

impl Experiment for TrainThermometer {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "train-thermometer",
        summary: "A network that reads temperatures or classes from configurations",
        recipe: include_str!("recipe.toml"),
        repetitions: 1,
        ..About::DEFAULT
    };

    fn check(&self, settings: &Settings) -> Result<(), String> {
        self.read(settings).map(drop).map_err(|e| e.to_string())
    }

    fn files(&self) -> Vec<InputFile<'_>> {
        self.0.files()
    }

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let Some(data) = self.0.get() else { return vec![] };
        let (n, units) = (data.n_samples(), data.n_units());
        // Training and test set, as bits or numbers.
        let share = 1.0 - *settings.data.reference_fraction;
        let row = if data.kind.levels().is_some() { units.div_ceil(4) } else { 4 * units };
        let what = format!("{}: {n} samples of {units} values", self.0.title());
        let hidden = values::plain(&settings.network.hidden);
        let layers: Vec<usize> = [units].into_iter().chain(hidden.iter().copied()).collect();
        let weights = layers.windows(2).map(|pair| pair[0] * pair[1]).sum();
        vec![
            Need::new(&[(n as f64 * 0.99 * share) as usize, row], what, "give fewer samples"),
            Need::new(&[16, weights], format!("network.hidden = {hidden:?}"), "take smaller --hidden"),
        ]
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let Some(data) = self.0.get() else { return Plan::new() };
        let length = &settings.training.length;
        let usual = costs::usual_share(*length.epochs, length.patience);
        let labels = data.labels.as_ref().map_or(1, |labels| labels.classes().0.len());
        let layers = [vec![data.n_units()], values::plain(&settings.network.hidden), vec![labels]].concat();
        let network = costs::network(usual * *length.epochs as f64, data.n_samples(), &layers);
        Plan::new().stage("thermometer", "thermometer", 0.02 + network).usually(usual)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        stage::train(repetition, settings, self.read(settings)?)
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, self.read(settings)?, found))
    }
}
