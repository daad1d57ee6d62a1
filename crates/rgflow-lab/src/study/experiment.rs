//! What an experiment is, and the items of the thesis that it answers.

use super::user_files::with_notes;
use super::values::Settings;
use crate::artifact::memory::Need;
use crate::artifact::{Error, Repetition, Run};
use crate::record::Record;
use rayon::prelude::*;
use serde::Deserialize;
use std::path::Path;
use std::sync::LazyLock;

/// An experiment: what a repetition computes, and how the findings of all are told.
pub trait Experiment: Sync {
    /// The settings of its recipe.
    type Settings: Settings + Sync;
    /// What one repetition found.
    type Found: Send;

    /// Name and recipe.
    const ABOUT: About;

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

    /// Checks that the user's files go with the settings.
    ///
    /// # Errors
    /// A line that names the file, what is wrong and the remedy.
    fn check(&self, _settings: &Self::Settings) -> Result<(), String> {
        Ok(())
    }

    /// What a user should know of the data before the work begins, with the remedy; called after [`Experiment::check`].
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// What was taken where the user's files can be read in two ways, a sentence each; called after [`Experiment::check`].
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The user's files, each with a word for what it is (or none): what is said of them is also said in the record.
    fn files(&self) -> Vec<(&Path, &'static str)> {
        Vec::new()
    }

    /// The largest arrays that the settings ask for, each by itself and never more than it takes: what cannot be had is
    /// refused before the work starts ([`crate::experiment::fits`]).
    fn needs(&self, _settings: &Self::Settings) -> Vec<Need> {
        Vec::new()
    }

    /// Makes or keeps the stages of one repetition.
    ///
    /// # Errors
    /// What went wrong, with the remedy; finished stages stay on disk.
    fn repeat(&self, repetition: &Repetition, settings: &Self::Settings) -> Result<Self::Found, Error>;

    /// Tells what all repetitions found: numbers, verdicts, figures. It computes nothing that takes time.
    ///
    /// # Errors
    /// If a file of the run, or of the user, cannot be read again.
    fn record(&self, settings: &Self::Settings, found: &[Self::Found]) -> Result<Record, Error>;
}

/// What lists and the command line know of an experiment.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Name on the command line, such as `ising-2d`.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The recipe: TOML that holds every key with its default and a comment.
    pub recipe: &'static str,
    /// Whether `reproduce all` makes it only with `--maps`, for its length.
    pub is_long: bool,
    /// Number of repetitions where nothing else is said.
    pub repetitions: u32,
    /// Whether repetitions run one after the other, for each takes all threads and much memory.
    pub one_by_one: bool,
}

impl About {
    /// Three repetitions at once, not long; name, summary and recipe are still to be said.
    pub const DEFAULT: Self =
        Self { name: "", summary: "", recipe: "", is_long: false, repetitions: 3, one_by_one: false };
}

/// Any [`Experiment`], whatever its settings and findings are.
pub trait AnyExperiment: Sync {
    /// Name on the command line, such as `ising-2d`.
    fn name(&self) -> &'static str;

    /// One line for lists.
    fn summary(&self) -> &'static str;

    /// The recipe: TOML that holds every key with its default and a comment.
    fn recipe(&self) -> &'static str;

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

    /// What a user should know of the data before the work begins, with the remedy; called after [`AnyExperiment::check`].
    fn warnings(&self, _settings: &toml::Table) -> Vec<String> {
        Vec::new()
    }

    /// What was taken where the user's files can be read in two ways, a sentence each; called after [`AnyExperiment::check`].
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The largest arrays that valid settings ask for, each by itself and never more than it takes: what cannot be had is
    /// refused before the work starts ([`crate::experiment::fits`]).
    fn needs(&self, _settings: &toml::Table) -> Vec<Need> {
        Vec::new()
    }

    /// Runs all repetitions in the run folder and returns what was found.
    ///
    /// # Errors
    /// What went wrong, with the remedy; finished stages stay on disk.
    fn run(&self, settings: &toml::Table, run: &Run) -> Result<Record, Error>;
}

impl<E: Experiment> AnyExperiment for E {
    fn name(&self) -> &'static str {
        E::ABOUT.name
    }

    fn summary(&self) -> &'static str {
        E::ABOUT.summary
    }

    fn recipe(&self) -> &'static str {
        E::ABOUT.recipe
    }

    fn is_long(&self) -> bool {
        E::ABOUT.is_long
    }

    fn available(&self) -> Result<(), String> {
        Experiment::available(self)
    }

    fn input(&self) -> toml::Table {
        Experiment::input(self)
    }

    fn repetitions(&self) -> u32 {
        E::ABOUT.repetitions
    }

    fn check(&self, settings: &toml::Table) -> Result<(), String> {
        Experiment::check(self, &E::Settings::parse(settings)?)
    }

    fn warnings(&self, _: &toml::Table) -> Vec<String> {
        Experiment::warnings(self)
    }

    fn notes(&self) -> Vec<String> {
        Experiment::notes(self)
    }

    fn needs(&self, settings: &toml::Table) -> Vec<Need> {
        E::Settings::parse(settings).map_or(vec![], |settings| Experiment::needs(self, &settings))
    }

    fn run(&self, settings: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = E::Settings::parse(settings).map_err(Error::user)?;
        // The user's files may have been read by this.
        Experiment::check(self, &settings).map_err(Error::user)?;
        let (all, repeat) = (run.repetitions(), |repetition| self.repeat(repetition, &settings));
        let found: Result<Vec<_>, Error> =
            if E::ABOUT.one_by_one { all.iter().map(repeat).collect() } else { all.par_iter().map(repeat).collect() };
        let found = found?;
        let notes = Experiment::warnings(self).into_iter().chain(Experiment::notes(self)).collect();
        Ok(with_notes(Experiment::record(self, &settings, &found)?, notes, &self.files()))
    }
}

/// The settings of a recipe with `changes` such as `flow.steps=[2]`, for tests.
#[cfg(test)]
pub fn changed<E: Experiment>(changes: &[&str]) -> Result<E::Settings, String> {
    let changes: Vec<String> = changes.iter().map(|change| change.to_string()).collect();
    let table = crate::artifact::settings::resolve(E::ABOUT.recipe, None, &changes).map_err(|e| e.to_string())?;
    E::Settings::parse(&table)
}

/// A figure, table or question of the thesis, from `experiment/items.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The experiment that makes it.
    pub experiment: String,
    /// Its number, such as `fig4.6`.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// What the thesis says of it.
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
    /// All of them, by experiment.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ITEMS.item.iter()
    }

    /// Those of the experiment called `name`.
    pub fn of(name: &str) -> impl Iterator<Item = &'static Self> {
        Self::all().filter(move |item| item.experiment == name)
    }

    /// Whether a figure is one of its own: of `fig4.6` are `fig4.6` and `fig4.6-more`, not `fig4.60`.
    pub fn has_figure(&self, figure: &str) -> bool {
        let rest = figure.strip_prefix(self.id.as_str());
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    }
}
