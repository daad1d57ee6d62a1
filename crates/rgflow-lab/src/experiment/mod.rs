//! Experiments: one file each, one line in [`ALL`].

mod ashkin_teller;
mod combined;
mod couplings;
mod descent;
mod drawing;
mod ends;
mod exact_rg;
mod finite_size;
mod ising_1d;
mod ising_2d;
mod maps;
mod mcrg;
mod mnist;
mod neural_rg;
mod overview;
mod own_flow;
mod pictures;
pub mod scan;
mod sizes;
mod sparse;
mod study_2d;
mod toolbox;
mod train_rbm;
mod train_thermometer;
mod windows;

use crate::artifact::memory::{self, Need};
use crate::artifact::{Error, Run, settings};
use crate::record::Record;
use std::path::Path;

pub use finite_size::FiniteSize;
pub use mcrg::Mcrg;
pub use neural_rg::NeuralRg;
pub use overview::{Found, overview};
pub use own_flow::OwnFlow;
pub use train_rbm::TrainRbm;
pub use train_thermometer::TrainThermometer;

/// An experiment: a recipe (values), stages, claims and figures (code).
pub trait Experiment: Sync {
    /// Name on the command line, such as `ising-2d`.
    fn name(&self) -> &'static str;

    /// One line for lists.
    fn summary(&self) -> &'static str;

    /// The recipe: TOML that holds every key with its default and a comment.
    fn recipe(&self) -> &'static str;

    /// The figures and tables of the thesis that it makes.
    fn items(&self) -> &'static [Item] {
        &[]
    }

    /// Whether `reproduce all` makes it only with `--maps`, for its length.
    fn is_long(&self) -> bool {
        false
    }

    /// Whether the data it needs are on this machine.
    ///
    /// # Errors
    /// What is missing and the command that gets it.
    fn available(&self) -> Result<(), String> {
        Ok(())
    }

    /// What it was given beside settings, such as the user's files by name and hash: the table `input` of `config.toml`.
    fn input(&self) -> toml::Table {
        toml::Table::new()
    }

    /// Number of repetitions where nothing else is said.
    fn repetitions(&self) -> u32 {
        3
    }

    /// Parses and validates the settings that layers of TOML gave.
    ///
    /// # Errors
    /// A line that names the key, its value and what is allowed.
    fn check(&self, settings: &toml::Table) -> Result<(), String>;

    /// What a user should know of the data before the work begins, with the remedy; called after [`Experiment::check`].
    fn warnings(&self, _settings: &toml::Table) -> Vec<String> {
        Vec::new()
    }

    /// What was taken where the user's files can be read in two ways, a sentence each; called after [`Experiment::check`].
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The largest arrays that valid settings ask for, each by itself and never more than it takes: what cannot be had is
    /// refused before the work starts ([`fits`]).
    fn needs(&self, _settings: &toml::Table) -> Vec<Need> {
        Vec::new()
    }

    /// Runs all repetitions in the run folder and returns what was found.
    ///
    /// # Errors
    /// What went wrong, with the remedy; finished stages stay on disk.
    fn run(&self, settings: &toml::Table, run: &Run) -> Result<Record, Error>;
}

/// A figure or table of the thesis.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Its number, such as `fig4.6`.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What the thesis says of it.
    pub claim: &'static str,
    /// Keys of the numbers that answer the claim (prefixes).
    pub keys: &'static [&'static str],
}

impl Item {
    /// Whether a figure is one of its own: of `fig4.6` are `fig4.6` and `fig4.6-more`, not `fig4.60`.
    pub fn has_figure(&self, figure: &str) -> bool {
        let rest = figure.strip_prefix(self.id);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    }
}

/// All experiments.
pub static ALL: &[&dyn Experiment] = &[
    &toolbox::Toolbox,
    &exact_rg::ExactRg,
    &ising_1d::Ising1d,
    &ising_2d::Ising2d,
    &windows::Windows,
    &sizes::Sizes,
    &sparse::Sparse,
    &mnist::Mnist,
    &ashkin_teller::AshkinTeller,
    &mcrg::Mcrg,
    &finite_size::FiniteSize,
    &neural_rg::NeuralRg::new(),
    &maps::Maps,
    &mnist::MnistMaps,
];

/// The experiment called `name`.
///
/// # Errors
/// [`Error::User`] that names the nearest experiment, or all of them.
pub fn find(name: &str) -> Result<&'static dyn Experiment, Error> {
    if let Some(found) = ALL.iter().find(|experiment| experiment.name() == name) {
        return Ok(*found);
    }
    let names = || ALL.iter().map(|experiment| experiment.name());
    let remedy = match settings::nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if ALL.is_empty() => "this build has none".into(),
        None => format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(Error::user(format!("unknown experiment `{name}`; {remedy}")))
}

/// Refuses settings of `experiment` that do not fit into memory.
///
/// # Errors
/// [`Error::User`] that names the setting, what it would take and what is free.
pub fn fits(experiment: &dyn Experiment, settings: &toml::Table) -> Result<(), Error> {
    experiment.needs(settings).iter().try_for_each(|one| memory::need(std::slice::from_ref(one)))
}

/// The notes of a data set with its name before each.
fn notes_of(data: Option<&crate::dataset::Dataset>) -> Vec<String> {
    let named = |data: &crate::dataset::Dataset| -> Vec<String> {
        data.notes.iter().map(|note| format!("{}: {note}", data.path.display())).collect()
    };
    data.map(named).unwrap_or_default()
}

/// The entry of `config.toml` for a file that the user gave: its name, not its place, and the hash of its bytes.
fn file_entry(key: &str, path: &Path, hash: &str) -> toml::Table {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let entry = toml::Table::from_iter([("file".into(), name.into()), ("blake3".into(), hash.into())]);
    toml::Table::from_iter([(key.to_string(), toml::Value::Table(entry))])
}

/// A record whose first table says what the experiment warned of and took of the user's `files`, each with a word for what it is: by
/// their names, as their places differ from machine to machine.
fn with_notes(mut record: Record, of: &dyn Experiment, table: &toml::Table, files: &[(&Path, &str)]) -> Record {
    for mut note in of.warnings(table).into_iter().chain(of.notes()) {
        for (path, what) in files {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            note = note.replace(&path.display().to_string(), format!("{what} {name}").trim_start());
        }
        record.summary.notes.push(note);
    }
    record
}

/// Temperatures 0, `step`, 2 `step` ... `max`.
fn temperature_grid(max: f64, step: f64) -> Vec<f64> {
    (0..=(max / step).round() as usize).map(|k| k as f64 * step).collect()
}

/// Refuses a grid that is not 4 to 200 whole steps; `table` is where its `t_max` and `t_step` stand.
fn check_temperature_grid(table: &str, max: f64, step: f64) -> Result<(), String> {
    let steps = max / step;
    if (steps - steps.round()).abs() <= 1e-9 && (4.0..=200.0).contains(&steps.round()) {
        return Ok(());
    }
    Err(format!("{table}.t_max = {max}: must be 4 to 200 whole steps of {table}.t_step = {step}"))
}

/// Refuses what is not one or more numbers from 1 to `most` that rise.
fn check_rising(key: &str, values: &[usize], most: usize) -> Result<(), String> {
    let fine = !values.is_empty()
        && values.windows(2).all(|w| w[0] < w[1])
        && values.iter().all(|value| (1..=most).contains(value));
    if fine {
        Ok(())
    } else {
        Err(format!("{key} = {values:?}: must be one or more numbers from 1 to {most} that rise"))
    }
}

/// The table `name` of an experiment's own settings.
///
/// # Errors
/// What is wrong with it.
fn own<T: serde::de::DeserializeOwned>(table: &toml::Table, name: &str) -> Result<T, String> {
    whole_numbers(table, "")?;
    let own = table.get(name).cloned().unwrap_or(toml::Value::Table(toml::Table::new()));
    own.try_into().map_err(|e: toml::de::Error| format!("{name}: {}", e.message()))
}

/// No setting is below zero, and the type that says so would not say which.
fn whole_numbers(table: &toml::Table, path: &str) -> Result<(), String> {
    fn check(key: &str, value: &toml::Value) -> Result<(), String> {
        match value {
            toml::Value::Integer(i) if *i < 0 => Err(format!("{key} = {i}: must not be negative")),
            toml::Value::Array(items) => items.iter().try_for_each(|item| check(key, item)),
            toml::Value::Table(inner) => whole_numbers(inner, &format!("{key}.")),
            _ => Ok(()),
        }
    }
    table.iter().try_for_each(|(key, value)| check(&format!("{path}{key}"), value))
}
