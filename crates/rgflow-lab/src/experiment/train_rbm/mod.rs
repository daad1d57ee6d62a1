//! Experiment behind `rgflow train rbm`: an RBM trained on the user's own data.

mod along;
mod fitting;
mod from;
mod in_memory;
mod parts;
mod record;
mod settings;
mod stage;

use crate::dataset::{Dataset, Kind, Labelling, Options, Unknown, Values};
use crate::machine::Machine;
use crate::record::format::counted;
use crate::study::costs;
use crate::study::known_law::KnownLaw;
use crate::study::prelude::*;
use crate::study::user_files::{InputFile, UserData};
pub use in_memory::{RbmFit, RbmInMemory};
use rgflow::rbm::Method;
use settings::Settings;
use stage::Findings;
use std::path::{Path, PathBuf};

/// The experiment; the files of samples, and the machine to begin with, are given on the command line.
pub struct TrainRbm {
    samples: UserData,
    /// The machine to begin with.
    from: Option<Machine>,
}

impl TrainRbm {
    /// Name in `config.toml`.
    pub const NAME: &str = Self::ABOUT.name;

    /// The experiment on the samples in the files `paths`, one after the other.
    ///
    /// # Errors
    /// [`Error::User`] if one cannot be read.
    pub fn new(paths: &[PathBuf]) -> Result<Self, Error> {
        Ok(Self { samples: UserData::new(paths)?, from: None })
    }

    /// The same from the machine in `model` on, a model file or the folder of a run that holds one.
    ///
    /// # Errors
    /// [`Error::User`] if there is none or it is damaged.
    pub fn continuing(self, model: &Path) -> Result<Self, Error> {
        Ok(Self { from: Some(Machine::open(model)?), ..self })
    }

    /// Hidden units of the machine to begin with.
    pub fn given_hidden(&self) -> Option<usize> {
        self.from.as_ref().map(|machine| machine.rbm.n_hidden())
    }

    /// The samples, checked for training.
    fn read(&self, settings: &Settings) -> Result<&Dataset, Error> {
        let settings = &self.of_given(settings)?;
        settings.check().map_err(Error::user)?;
        let options = options(settings)?;
        let options = self.from.as_ref().map_or(options.clone(), |machine| machine.options(options));
        self.samples.read(&options, |data| adapt(data, settings, self.from.as_ref()))
    }
}

/// Options for reading the samples.
fn options(settings: &Settings) -> Result<Options, Error> {
    let (d, real) = (&settings.data, settings.real());
    let allow = "take Gaussian visible units (--units gaussian)";
    let (array, labels, shape) = (d.array.clone(), d.labels.clone(), d.shape.clone());
    let states = settings.states();
    // Labels are not read, but those of the first axis say which axes count samples. A number by itself may be that
    // of a column.
    let is_number = labels.parse::<f64>().is_ok() || labels.is_empty();
    Ok(Options {
        array,
        labels,
        labelling: if is_number { Labelling::Auto } else { Labelling::Temperatures },
        weights: d.weights.clone(),
        unknown: d.unknown()?.map(|value| Unknown::Value { value, low: 0.0 }),
        reads_labels: false,
        shape,
        scale: d.scale,
        real: real || states.is_some(),
        levels: settings.levels(),
        states: true,
        allow,
        ..Options::default()
    })
}

/// Adapts samples to the units of the machine, and refuses those that they cannot have.
fn adapt(data: &mut Dataset, settings: &Settings, from: Option<&Machine>) -> Result<(), String> {
    let (n, least) = (data.n_samples(), settings.least_samples());
    if n < least {
        return Err(format!("{}; add some, at least {least} are needed", counted(n, "sample")));
    }
    settings.check_unknown(data)?;
    if let Some(machine) = from {
        return machine.adapt(data, settings.data.scale, &[]);
    }
    if let Some(q) = settings.states() {
        data.code_states(q, None)?;
    }
    if let Some((low, high)) = settings.visible(data).range() {
        data.convert(low, high);
        if data.kind == Kind::Grey && (low, high) != (0.0, 1.0) {
            data.notes.push(format!(
                "grey levels are taken for mean values of units {low} and {high}, so that 0 is no {low}; map \
                 them to {low} ... {high}, or take --units binary"
            ));
        }
    }
    settings.units(data).map(drop)
}

impl Experiment for TrainRbm {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "train-rbm",
        summary: "A restricted Boltzmann machine on your own data",
        recipe: include_str!("recipe.toml"),
        repetitions: 1,
        ..About::DEFAULT
    };

    fn check(&self, settings: &Settings) -> Result<(), String> {
        self.read(settings).map(drop).map_err(|e| e.to_string())
    }

    fn files(&self) -> Vec<InputFile<'_>> {
        self.from.iter().map(Machine::file).chain(self.samples.files()).collect()
    }

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let Some(data) = self.samples.get() else { return vec![] };
        let (n, units, hidden) = (data.n_samples(), data.n_units(), *settings.machine.hidden);
        // States as bits, else training and test set as numbers.
        let states = matches!(data.values, Values::States(_)) && settings.visible(data).levels().is_some();
        let row = if states { units.div_ceil(4) } else { 4 * units };
        let what = format!("{}: {n} samples of {units} units", self.samples.title());
        let weights = format!("machine.hidden = {hidden} of {units} visible units");
        vec![
            Need::new(&[n, row], what, "give fewer samples"),
            Need::new(&[8, units, hidden], weights, "take fewer --hidden"),
        ]
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let Some(data) = self.samples.get() else { return Plan::new() };
        let Ok(settings) = self.of_given(settings) else { return Plan::new() };
        let settings = &settings.resolved();
        let divergence = &settings.training.divergence;
        let (n, weights) = (data.n_samples() as f64, (data.n_units() * *settings.machine.hidden) as f64);
        let usual = costs::usual_share(*divergence.epochs, divergence.patience);
        let batch = settings.training.descent.batching().size(data.n_samples()).max(1) as f64;
        let epochs = usual * divergence.epochs_of((n / batch) as usize) as f64;
        let small = (data.n_units().min(*settings.machine.hidden)).min(25) as i32;
        let train = match divergence.method {
            // Each update enumerates the smaller layer.
            Method::Exact => {
                let states = 2f64.powi(small) * data.n_units().max(*settings.machine.hidden) as f64;
                epochs * (n * (1e-6 + 2e-10 * weights) + n / batch * 5e-10 * states)
            }
            _ => {
                let chains = (*divergence.chains as f64 / batch).max(1.0);
                let machines = (*divergence.temperatures).max(1) as f64;
                epochs * n * (1e-6 + 4e-10 * weights * *divergence.steps as f64 * chains * machines)
            }
        };
        // Annealing and tempering, where no layer can be enumerated.
        let anneals = data.n_units().min(*settings.machine.hidden) > 25 && data.kind != Kind::Real;
        let ln_z = if anneals { costs::ANNEALING * weights } else { 0.0 };
        let starts = *divergence.starts as f64;
        let train = train * fitting::work(divergence, *settings.machine.hidden, self.given_hidden());
        let train = train + if starts > 1.0 { (starts + 1.0) * ln_z } else { 0.0 };
        let examine = 0.01 + n * (1e-6 + 1e-9 * weights) + *settings.samples.steps as f64 * (1e-6 + 1e-8 * weights);
        let examine = examine + ln_z;
        Plan::new().stage("rbm", "rbm", train).usually(usual).stage(
            "examine",
            "examine",
            examine + 1e-9 * 2f64.powi(small) * data.n_units() as f64,
        )
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let (data, settings) = (self.read(settings)?, self.of_given(settings)?.resolved());
        // Weights make another law of it, and of samples with gaps those without are none.
        let law = (data.weights.is_none() && data.unknown.is_none())
            .then(|| KnownLaw::of_samples(&self.samples, data))
            .flatten();
        let trained = stage::train(repetition, &settings, (data, law.as_ref()), self.from.as_ref())?;
        stage::examine(repetition, &settings, (data, law.as_ref()), &trained)
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(&self.of_given(settings)?.resolved(), self.read(settings)?, found))
    }
}
