//! `rgflow run`: runs an experiment by name or from a TOML file.

use super::list;
use super::run_flags::Flags;
use crate::{completion, output};
use rgflow_lab::artifact::{Error, settings::UserFile};
use rgflow_lab::experiment::catalogue::UsualTime;
use rgflow_lab::experiment::{self, AnyExperiment};
use std::path::{Path, PathBuf};

/// Runs an experiment: samples, networks, flows, analysis, report.
#[derive(clap::Args)]
#[command(after_help = help())]
pub struct Run {
    /// Name of an experiment, or a TOML file with `experiment = "NAME"` and the keys it changes
    /// [default: none: the names are listed].
    #[arg(value_name = "RECIPE-or-FILE.toml", add = completion::experiments())]
    recipe: Option<String>,
    /// Prints the recipe, every setting with its default, and stops.
    #[arg(long, help_heading = "Run")]
    print: bool,
    #[command(flatten)]
    flags: Flags,
}

const EXAMPLES: &str = "Examples:
  rgflow run ising-2d                              the main job, in runs/ising-2d
  rgflow run ising-2d --resume                     goes on after an interruption
  rgflow run --print ising-2d > mine.toml          every setting with its meaning
  rgflow run mine.toml --seeds 10 --out runs/mine  with changed settings
  rgflow run ising-2d --json | jq .numbers         the numbers for a program";

/// Examples and the experiments with their usual times.
fn help() -> String {
    let line =
        |experiment: &&dyn AnyExperiment| format!("  {:<20} {}\n", experiment.about().name, UsualTime::of(*experiment));
    let times: String = experiment::ALL.iter().map(line).collect();
    format!(
        "{EXAMPLES}\n\nExperiments, with the rough time of the recipe on two cores, 3 x 40 s being three repetitions \
         of 40 s\n(`rgflow list` says what each is):\n{times}"
    )
}

impl Run {
    pub fn execute(self) -> Result<(), Error> {
        let Some(recipe) = &self.recipe else {
            output::print(&list::experiments())?;
            return Err(Error::user(format!("no experiment is named; give one of {}, or a TOML file", names())));
        };
        let file = file(recipe)?;
        let name = file.as_ref().map_or(recipe.as_str(), |file| &file.experiment);
        let experiment = experiment::find(name)?;
        if self.print {
            return output::print_recipe(experiment.about());
        }
        let dir = self.flags.out.clone().unwrap_or_else(|| folder(experiment, file.as_ref()));
        self.flags.start()?;
        self.flags.complete_and_show(experiment, file.as_ref(), &dir)
    }
}

/// The TOML file that `recipe` names; `None` where it is the name of an experiment.
pub fn file(recipe: &str) -> Result<Option<UserFile>, Error> {
    let path = Path::new(recipe);
    let is_file = path.extension().is_some_and(|e| e == "toml") || path.is_file();
    is_file.then(|| UserFile::read(path)).transpose()
}

/// The names of all experiments.
fn names() -> String {
    experiment::ALL.iter().map(|experiment| experiment.about().name).collect::<Vec<_>>().join(", ")
}

/// Default folder `runs/NAME`, named after the user's file if there is one (but a run folder's own `config.toml` gives
/// no name).
fn folder(experiment: &dyn AnyExperiment, file: Option<&UserFile>) -> PathBuf {
    let stem = file.and_then(|file| file.path.file_stem()).filter(|stem| *stem != "config");
    match stem {
        Some(stem) => Path::new("runs").join(stem),
        None => Path::new("runs").join(experiment.about().name),
    }
}
