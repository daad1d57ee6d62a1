//! `rgflow train`: machines on the user's own data.

use super::work::Flags;
use crate::output;
use rgflow_lab::artifact::{Error, settings::UserFile};
use rgflow_lab::experiment::{Experiment, TrainThermometer};
use std::path::{Path, PathBuf};

/// Trains a machine on your own data.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow train rbm digits.npy --hidden 32 --epochs 50
  rgflow train thermometer samples.npz
  rgflow train rbm samples.npz --print             every setting with its meaning
  rgflow train rbm samples.npz --config mine.toml  with settings from a file

Samples are spins (-1, +1), bits (0, 1) or grey levels in [0, 1], one row each, in a .npy, .npz or .csv file.")]
pub struct Train {
    #[command(subcommand)]
    machine: Machine,
}

/// The machine.
#[derive(clap::Subcommand)]
enum Machine {
    /// A network that reads temperatures (or other labels) from configurations.
    #[command(after_help = "Examples:
  rgflow train thermometer samples.npz                        samples of rgflow sample, with their temperatures
  rgflow train thermometer digits.npz --hidden 64,32          any labels: array `labels` or `y`, column `label`
  rgflow train thermometer samples.csv --set data.labels=T --set training.epochs=30

The model is in runs/NAME-thermometer/seed-1/thermometer/model.safetensors; `rgflow flow` reads with it.")]
    Thermometer(Thermometer),
}

#[derive(clap::Args)]
struct Thermometer {
    #[command(flatten)]
    own: OwnData,
    /// Hidden layers [default: 64].
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    hidden: Vec<usize>,
    #[command(flatten)]
    flags: Flags,
}

/// The user's data and settings that every machine has.
#[derive(clap::Args)]
struct OwnData {
    /// Samples: .npy, .npz or .csv.
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Array of an .npz file that holds the samples.
    #[arg(long, value_name = "NAME")]
    array: Option<String>,
    /// Divides all values, such as 255 for bytes of grey.
    #[arg(long, value_name = "X")]
    scale: Option<f64>,
    /// Passes through the data.
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Samples in a mini-batch.
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Learning rate.
    #[arg(long, value_name = "X")]
    learning_rate: Option<f64>,
    /// "sgd", "momentum" or "adam".
    #[arg(long, value_name = "NAME")]
    optimiser: Option<String>,
    /// A TOML file with settings, such as the config.toml of an earlier run.
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Prints the recipe, every setting with its default, and stops.
    #[arg(long)]
    print: bool,
}

impl OwnData {
    /// The flags as settings, before those of `--set`.
    fn sets(&self) -> Vec<String> {
        let text = |key: &str, value: &Option<String>| value.as_ref().map(|v| format!("{key}=\"{v}\""));
        let number = |key: &str, value: Option<String>| value.map(|v| format!("{key}={v}"));
        let all = [
            text("data.array", &self.array),
            number("data.scale", self.scale.map(|v| format!("{v:?}"))),
            number("training.epochs", self.epochs.map(|v| v.to_string())),
            number("training.batch", self.batch.map(|v| v.to_string())),
            number("training.learning_rate", self.learning_rate.map(|v| format!("{v:?}"))),
            text("training.optimiser", &self.optimiser),
        ];
        all.into_iter().flatten().collect()
    }

    /// Runs `experiment` with the settings of file and flags.
    fn complete(
        &self,
        experiment: &dyn Experiment,
        mut flags: Flags,
        sets: Vec<String>,
        what: &str,
    ) -> Result<(), Error> {
        let file = self.config.as_deref().map(UserFile::read).transpose()?;
        let name = experiment.name();
        if let Some(file) = file.as_ref().filter(|file| file.experiment != name) {
            let (path, found) = (file.path.display(), &file.experiment);
            return Err(Error::user(format!("{path}: experiment = \"{found}\": expected \"{name}\"")));
        }
        flags.sets = self.sets().into_iter().chain(sets).chain(flags.sets).collect();
        let stem = self.data.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let dir = flags.out.clone().unwrap_or_else(|| Path::new("runs").join(format!("{stem}-{what}")));
        flags.start_threads()?;
        flags.complete_and_show(experiment, file.as_ref(), &dir)
    }
}

impl Train {
    pub fn execute(self) -> Result<(), Error> {
        match self.machine {
            Machine::Thermometer(Thermometer { own, hidden, flags }) => {
                let experiment = TrainThermometer::new(&own.data)?;
                if own.print {
                    return recipe(&experiment);
                }
                let layers = hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let sets = if hidden.is_empty() { vec![] } else { vec![format!("network.hidden=[{layers}]")] };
                own.complete(&experiment, flags, sets, "thermometer")
            }
        }
    }
}

/// Prints the recipe of `experiment`.
fn recipe(experiment: &dyn Experiment) -> Result<(), Error> {
    output::print(&format!("experiment = \"{}\"\n\n{}", experiment.name(), experiment.recipe()))
}
