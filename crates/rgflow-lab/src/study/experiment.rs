//! What an experiment is, and the items of the thesis that it answers.

use crate::artifact::memory::Need;
use crate::artifact::{Error, Run};
use crate::record::Record;

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
