//! The trait of experiments, and the items of the thesis that they answer.

use super::user_files::{InputFile, recorded};
use super::values::Settings;
use crate::artifact::memory::Need;
use crate::artifact::progress::{AFTER_STAGES, Event, Plan};
use crate::artifact::{Error, Repetition, Run};
use crate::record::Record;
use rayon::prelude::*;
use serde::Deserialize;
use std::sync::LazyLock;

/// An experiment: the computation of a repetition, and the record made from the findings of all.
pub trait Experiment: Sync {
    /// The settings of its recipe.
    type Settings: Settings + Sync;
    /// Findings of one repetition.
    type Findings: Send;

    /// Name and recipe.
    const ABOUT: About;

    /// Checks that the required data are on this computer.
    ///
    /// # Errors
    /// A message about missing data and the command that gets them.
    fn available(&self) -> Result<(), String> {
        Ok(())
    }

    /// Checks that the user's files fit the settings.
    ///
    /// # Errors
    /// One line that names the file, the problem and the remedy.
    fn check(&self, _settings: &Self::Settings) -> Result<(), String> {
        Ok(())
    }

    /// The user's files, with warnings and notes on them; called after [`Experiment::check`].
    fn files(&self) -> Vec<InputFile<'_>> {
        Vec::new()
    }

    /// The largest arrays that the settings require, each by itself and as a lower bound: a need that cannot be met is
    /// refused before the work starts ([`crate::experiment::fits`]).
    fn needs(&self, _settings: &Self::Settings) -> Vec<Need> {
        Vec::new()
    }

    /// The stages of one repetition under `settings`, called after [`Experiment::check`], with the time that each is
    /// expected to take.
    ///
    /// The names are those of the stages that [`Experiment::repeat`] makes: what is left out here is counted as it
    /// begins.
    fn plan(&self, settings: &Self::Settings) -> Plan;

    /// Makes or keeps the stages of one repetition.
    ///
    /// # Errors
    /// A failure with its remedy; finished stages stay on disk.
    fn repeat(&self, repetition: &Repetition, settings: &Self::Settings) -> Result<Self::Findings, Error>;

    /// Turns the findings of all repetitions into numbers, verdicts and figures. Nothing here takes long to compute.
    ///
    /// # Errors
    /// If a file of the run, or of the user, cannot be read again.
    fn record(&self, settings: &Self::Settings, found: &[Self::Findings]) -> Result<Record, Error>;
}

/// Properties of an experiment for lists and the command line.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Name on the command line, such as `ising-2d`.
    pub name: &'static str,
    /// Description in one line, for lists.
    pub summary: &'static str,
    /// The recipe: TOML that holds every key with its default and a comment.
    pub recipe: &'static str,
    /// Whether `reproduce all` makes it only with `--maps`, because it takes long.
    pub is_long: bool,
    /// Default number of repetitions.
    pub repetitions: u32,
    /// Most repetitions in `reproduce all`, of an experiment that takes long.
    pub most_of_all: u32,
    /// Whether repetitions run one after the other because each uses all threads and much memory.
    pub one_by_one: bool,
}

impl About {
    /// Three repetitions at once, not long; name, summary and recipe must be set.
    pub const DEFAULT: Self = Self {
        name: "",
        summary: "",
        recipe: "",
        is_long: false,
        repetitions: 3,
        most_of_all: u32::MAX,
        one_by_one: false,
    };
}

/// Any [`Experiment`], independent of its types of settings and findings.
pub trait AnyExperiment: Sync {
    /// Name and recipe.
    fn about(&self) -> &'static About;

    /// As [`Experiment::available`].
    ///
    /// # Errors
    /// A message about missing data and the command that gets them.
    fn available(&self) -> Result<(), String>;

    /// Parses and validates merged settings, and checks that the user's files fit them.
    ///
    /// # Errors
    /// One line that names the key, its value and the allowed values.
    fn check(&self, settings: &toml::Table) -> Result<(), String>;

    /// As [`Experiment::files`].
    fn files(&self) -> Vec<InputFile<'_>>;

    /// The largest arrays that valid settings require, as [`Experiment::needs`].
    fn needs(&self, settings: &toml::Table) -> Vec<Need>;

    /// The stages of one repetition, as [`Experiment::plan`]; none where the settings are not valid.
    fn plan(&self, settings: &toml::Table) -> Plan;

    /// Runs all repetitions in the run folder and returns the record.
    ///
    /// # Errors
    /// A failure with its remedy; finished stages stay on disk.
    fn run(&self, settings: &toml::Table, run: &Run) -> Result<Record, Error>;
}

impl<E: Experiment> AnyExperiment for E {
    fn about(&self) -> &'static About {
        &E::ABOUT
    }

    fn available(&self) -> Result<(), String> {
        Experiment::available(self)
    }

    fn check(&self, settings: &toml::Table) -> Result<(), String> {
        Experiment::check(self, &E::Settings::parse(settings)?)
    }

    fn files(&self) -> Vec<InputFile<'_>> {
        Experiment::files(self)
    }

    fn needs(&self, settings: &toml::Table) -> Vec<Need> {
        E::Settings::parse(settings).map_or(vec![], |settings| Experiment::needs(self, &settings))
    }

    fn plan(&self, settings: &toml::Table) -> Plan {
        E::Settings::parse(settings).map_or_else(|_| Plan::new(), |settings| Experiment::plan(self, &settings))
    }

    fn run(&self, settings: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = E::Settings::parse(settings).map_err(Error::user)?;
        // Reads the user's files, if they have not been read yet.
        Experiment::check(self, &settings).map_err(Error::user)?;
        let (all, repeat) = (run.repetitions(), |repetition| self.repeat(repetition, &settings));
        let found: Result<Vec<_>, Error> =
            if E::ABOUT.one_by_one { all.iter().map(repeat).collect() } else { all.par_iter().map(repeat).collect() };
        let found = found?;
        run.progress().report(Event::Begins(AFTER_STAGES));
        let mut record = self.record(&settings, &found)?;
        record.summary.notes.extend(recorded(&Experiment::files(self)));
        Ok(record.judged())
    }
}

/// The settings of a recipe with `changes` such as `flow.steps=[2]`, for tests.
#[cfg(test)]
pub fn changed<E: Experiment>(changes: &[&str]) -> Result<E::Settings, String> {
    let changes: Vec<String> = changes.iter().map(|change| change.to_string()).collect();
    let table = crate::artifact::settings::resolve(E::ABOUT.recipe, None, &changes).map_err(|e| e.to_string())?;
    E::Settings::parse(&table)
}

/// Fails unless each change of the recipe is refused by a message that has the part beside it.
#[cfg(test)]
pub fn assert_refused<E: Experiment>(changes: &[(&str, &str)]) {
    for (change, part) in changes {
        let error = changed::<E>(&[change]).err().unwrap_or_else(|| panic!("{change} is taken"));
        assert!(error.contains(part), "{change}: {error}");
    }
}

/// A figure, table or question of the thesis, from `experiment/items.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The experiment that makes it.
    pub experiment: String,
    /// Its number, such as `fig4.6`.
    pub id: String,
    /// Description of its content.
    pub title: String,
    /// Statement of the thesis on it.
    pub claim: String,
    /// Keys of the numbers that answer the claim (prefixes).
    pub keys: Vec<String>,
}

#[derive(Deserialize)]
struct Items {
    item: Vec<Item>,
}

static ITEMS: LazyLock<Items> =
    LazyLock::new(|| toml::from_str(include_str!("../experiment/items.toml")).expect("is tested"));

impl Item {
    /// All items, by experiment.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ITEMS.item.iter()
    }

    /// Items of the experiment called `name`.
    pub fn of(name: &str) -> impl Iterator<Item = &'static Self> {
        Self::all().filter(move |item| item.experiment == name)
    }

    /// Whether a figure belongs to this item: `fig4.6` and `fig4.6-more` belong to `fig4.6`, `fig4.60` does not.
    pub fn has_figure(&self, figure: &str) -> bool {
        let rest = figure.strip_prefix(self.id.as_str());
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    }
}
