//! Whole experiments in run folders.

use crate::errors::About;
use crate::work::{How, Watch, ended};
use pyo3::prelude::*;
use rgflow_lab::artifact::progress::Observer;
use rgflow_lab::artifact::settings::{self, UserFile};
use rgflow_lab::artifact::{Error, Opened, Run, RunRequest, is_complete};
use rgflow_lab::experiment;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run, by name.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Asked {
    /// Name of the experiment, where no file names it.
    recipe: Option<String>,
    /// A TOML file of settings.
    file: Option<PathBuf>,
    sets: Vec<String>,
    /// Seeds of the repetitions; none: those of the file, else as many as the experiment has.
    seeds: Option<Vec<u64>>,
    out: PathBuf,
    resume: bool,
}

/// The experiment of a run, its settings and its seeds.
struct Checked {
    experiment: &'static dyn experiment::AnyExperiment,
    settings: toml::Table,
    seeds: Vec<u64>,
}

impl Asked {
    fn check(&self) -> Result<Checked, Error> {
        let file = self.file.as_deref().map(UserFile::read).transpose()?;
        let name = file.as_ref().map(|file| file.experiment.as_str()).or(self.recipe.as_deref()).unwrap_or_default();
        let experiment = experiment::find(name)?;
        experiment.available().map_err(Error::user)?;
        let layer = file.as_ref().map(|file| (file.path.as_path(), file.text.as_str()));
        let settings = settings::resolve(experiment.about().recipe, layer, &self.sets)?;
        experiment.check(&settings).map_err(Error::user)?;
        let usual = || (1..=u64::from(experiment.about().repetitions)).collect();
        let seeds = self.seeds.clone().or(file.and_then(|file| file.seeds)).unwrap_or_else(usual);
        Ok(Checked { experiment, settings, seeds })
    }
}

/// Makes a run or keeps one that is complete; the name of its experiment.
fn make(
    Checked { experiment, settings, seeds }: &Checked,
    dir: &Path,
    resume: bool,
    watch: &Arc<Watch>,
) -> Result<(), Error> {
    let fits = experiment::fits(*experiment, settings);
    fits.or_else(|e| if matches!(is_complete(dir), Ok(true)) { Ok(()) } else { Err(e) })?;
    watch.announce((experiment.plan(settings).stages.len() * seeds.len()) as u64);
    let asked = RunRequest { experiment: experiment.about().name, settings, seeds };
    match Run::open(dir, asked, resume, watch.clone())? {
        Opened::Complete(_) => Ok(()),
        Opened::Work(run) => {
            watch.link(run.interrupt());
            let record = experiment.run(settings, &run)?;
            run.finish(&record).map(drop)
        }
    }
}

/// Runs an experiment as `rgflow run` does; its name and its seeds.
#[pyfunction]
pub fn run_experiment(py: Python<'_>, asked: Bound<'_, PyAny>, how: How) -> PyResult<(String, Vec<u64>)> {
    let asked: Asked = asked.extract()?;
    let checked = asked.check().map_err(|e| About::Settings.error(e))?;
    let name = checked.experiment.about().name.to_owned();
    ended(how.run_shared(py, |watch| make(&checked, &asked.out, asked.resume, watch))?, About::Settings)?;
    Ok((name, checked.seeds))
}
