//! `rgflow train`: machines on the user's own data.

use super::label_flags::LabelFlags;
use super::run_flags::Flags;
use crate::exchanged;
use crate::output::{self, number, text};
use rgflow_lab::artifact::{Error, settings::UserFile};
use rgflow_lab::experiment::{AnyExperiment, TrainRbm, TrainThermometer};
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
    /// A restricted Boltzmann machine.
    #[command(after_help = "Examples:
  rgflow train rbm digits.npy --hidden 32 --epochs 100
  rgflow train rbm samples.npz --hidden 25 --method pcd                 towards the likelihood's optimum
  rgflow train rbm samples.npz --hidden 9 --method exact --set training.grow=1
  rgflow train rbm samples.npz --hidden 25 --set training.along=8          its singular values along the training
  rgflow train rbm bytes.npy --scale 255
  rgflow train rbm bytes.npy --scale 255 --grey drawn         stochastically binarised in each epoch
  rgflow train rbm real.npy --units gaussian
  rgflow train rbm one-hot.csv --units categorical:3
  rgflow train rbm T1.5.npy T2.0.npy T2.5.npy
  rgflow train rbm samples.npz --from runs/samples-rbm --method pcd --out further   goes on with a trained machine

Units follow the data: {-1, +1} for spins, {0, 1} for bits and for grey levels, which are probabilities.
The model is in runs/NAME-rbm/seed-1/rbm/model.safetensors; `rgflow flow` iterates it, `rgflow rbm` draws
from it, scores and completes samples, `rgflow verify` checks a small one.")]
    Rbm(Rbm),
    /// A network that reads temperatures (or other labels) from configurations.
    #[command(after_help = "Examples:
  rgflow train thermometer samples.npz                        samples of rgflow sample, with their temperatures
  rgflow train thermometer digits.npz --hidden 64,32          any labels: array `labels` or `y`, column `label`
  rgflow train thermometer samples.csv --temperatures Temp_K --epochs 30
  rgflow train thermometer samples.npz --beta K                inverse temperatures: T = 1/beta
  rgflow train thermometer spins.npy --temperatures 1.5..3:0.5 equal blocks of samples, or (temperatures, n, L, L)
  rgflow train thermometer T1.5.npy T2.0.npy T2.5.npy          a file for each temperature, which is in its name
  rgflow train thermometer a.npy b.npy --temperatures 1.5,2.0  or given for each file
  rgflow train thermometer samples.npz --bins 20               every sample has a temperature of its own

The model is in runs/NAME-thermometer/seed-1/thermometer/model.safetensors; `rgflow flow` and
`rgflow thermometer predict` read with it.")]
    Thermometer(Thermometer),
}

#[derive(clap::Args)]
struct Rbm {
    #[command(flatten)]
    own: OwnData,
    /// Hidden units [default: 16, or those of --from].
    #[arg(long, value_name = "N", help_heading = "Machine")]
    hidden: Option<usize>,
    /// Begins with the machine in a model file or the folder of a run [default: random weights].
    #[arg(long, value_name = "MODEL", help_heading = "Machine")]
    from: Option<PathBuf>,
    /// Visible units: spin, binary, LOW,HIGH, gaussian, gaussian:SIGMA or categorical:STATES
    /// [default: what the data is].
    #[arg(long, value_name = "KIND", allow_hyphen_values = true, help_heading = "Machine")]
    units: Option<String>,
    /// Array or column of the weights of samples (its name, or its number in a table without names)
    /// [default: equal weights].
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    weights: Option<String>,
    /// Value that stands for an unknown one, such as nan (also empty cells) or -9: it is drawn given the known ones
    /// [default: none].
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true, help_heading = "Data")]
    unknown: Option<String>,
    /// Grey levels in [0, 1]: means (expectation values of the units, which have no likelihood) or drawn (probabilities
    /// of bits, drawn afresh in each epoch) [default: means].
    #[arg(long, value_name = "HOW", help_heading = "Data")]
    grey: Option<String>,
    /// Trains Gaussian units on (v - mean)/deviation; the machine is kept in the units of the data
    /// [default: yes for gaussian, no for gaussian:SIGMA].
    #[arg(long, value_name = "yes|no", num_args = 0..=1, require_equals = true, default_missing_value = "yes", help_heading = "Data")]
    standardise: Option<String>,
    /// cd (chains start at the data), pcd (chains go on), tempering or trajectory (and exchange states with machines of
    /// other temperatures or earlier ones), mean-field (expectation values) or exact (the likelihood's own gradient; a
    /// layer of at most 25 units) [default: cd].
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    method: Option<String>,
    /// Gibbs steps of the negative phase [default: 2 of pcd, else 1].
    #[arg(long, value_name = "K", value_parser = positive, help_heading = "Training")]
    steps: Option<usize>,
    #[command(flatten)]
    running: Running,
}

#[derive(clap::Args)]
struct Thermometer {
    #[command(flatten)]
    own: OwnData,
    /// Puts continuous temperatures into N bins of equal numbers of samples [default: none].
    #[arg(long, value_name = "N", help_heading = "Data")]
    bins: Option<usize>,
    /// Reads any finite numbers: the network is trained on (v - mean)/deviation and kept as one that reads v.
    #[arg(long, help_heading = "Data")]
    standardise: bool,
    /// Codes whole numbers one-hot for Q states, as a machine of categorical:Q units reads them [default: no].
    #[arg(long, value_name = "Q", help_heading = "Data")]
    states: Option<usize>,
    /// Hidden layers [default: 64].
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', help_heading = "Network")]
    hidden: Vec<usize>,
    #[command(flatten)]
    running: Running,
}

/// The user's data and settings that every machine has.
#[derive(clap::Args)]
struct OwnData {
    /// Samples: .npy, .npz, text or IDX, also packed by gzip, or a folder of MNIST; several files are read as one set.
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// Array of an .npz file that holds the samples [default: spins, or the only one].
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    array: Option<String>,
    #[command(flatten)]
    labels: LabelFlags,
    /// Divides all values, such as 255 for bytes of grey [default: 1].
    #[arg(long, value_name = "X", help_heading = "Data")]
    scale: Option<f64>,
    /// Passes through the data [default: 50 of rbm; where chains go on (pcd, tempering, trajectory) 100, or more for
    /// 10000 updates; 100 of thermometer].
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Training")]
    epochs: Option<usize>,
    /// Samples in a mini-batch [default: 100].
    #[arg(long, value_name = "N", help_heading = "Training")]
    batch: Option<usize>,
    /// Learning rate [default: 0.05 of rbm, 0.1 where chains go on without Gaussian units, 0.001 of thermometer].
    #[arg(long, value_name = "X", value_parser = positive_real, help_heading = "Training")]
    learning_rate: Option<f64>,
    /// sgd, momentum or adam [default: sgd of rbm, adam of thermometer].
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    optimiser: Option<String>,
}

/// A number of at least 1: in settings 0 stands for the default.
fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("must be a whole number of at least 1".into()),
    }
}

/// A number above 0.
fn positive_real(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(0.0) => Err("must be above 0".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

/// The flags of all runs, and where settings come from.
#[derive(clap::Args)]
struct Running {
    /// A TOML file with settings, such as the config.toml of an earlier run [default: none].
    #[arg(long, value_name = "FILE.toml", help_heading = "Run")]
    config: Option<PathBuf>,
    /// Prints the recipe, every setting with its default, and stops.
    #[arg(long, help_heading = "Run")]
    print: bool,
    #[command(flatten)]
    flags: Flags,
}

impl OwnData {
    /// The flags as settings; they come before the settings of `--set`.
    fn sets(&self) -> Vec<String> {
        [
            text("data.array", self.array.as_ref()),
            number("data.scale", self.scale),
            number("training.epochs", self.epochs),
            number("training.batch", self.batch),
            number("training.learning_rate", self.learning_rate),
            text("training.optimiser", self.optimiser.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Runs `experiment` with the settings of file and flags.
    fn complete(
        &self,
        experiment: &dyn AnyExperiment,
        running: Running,
        sets: Vec<String>,
        what: &str,
    ) -> Result<(), Error> {
        let Running { config, mut flags, .. } = running;
        let file = config.as_deref().map(|path| UserFile::read_for(path, experiment.about().name)).transpose()?;
        flags.sets = self.sets().into_iter().chain(sets).chain(flags.sets).collect();
        let dir = flags.out.clone().unwrap_or_else(|| run_folder(&self.data, what));
        flags.start()?;
        flags.complete_and_show(experiment, file.as_ref(), &dir)
    }
}

impl Train {
    pub fn execute(self) -> Result<(), Error> {
        match self.machine {
            Machine::Rbm(Rbm {
                own,
                hidden,
                from,
                units,
                weights,
                unknown,
                grey,
                standardise,
                method,
                steps,
                running,
            }) => {
                exchanged::among_samples("rgflow train rbm", &own.data, None, &running.flags.sets)?;
                let experiment = TrainRbm::new(&own.data)?;
                let experiment = match &from {
                    Some(model) => experiment.continuing(model)?,
                    None => experiment,
                };
                if running.print {
                    return output::print_recipe(experiment.about());
                }
                let sets = [
                    number("machine.hidden", hidden.or(experiment.given_hidden())),
                    text("machine.units", units.as_ref()),
                    text("data.weights", weights.as_ref()),
                    text("data.unknown", unknown.as_ref()),
                    text("data.grey", grey.as_ref()),
                    text("data.standardise", standardise.as_ref()),
                    text("training.method", method.as_ref()),
                    number("training.steps", steps),
                ];
                let sets = sets.into_iter().flatten().chain(own.labels.sets(false)).collect();
                own.complete(&experiment, running, sets, "rbm")
            }
            Machine::Thermometer(Thermometer { own, bins, standardise, states, hidden, running }) => {
                exchanged::among_samples("rgflow train thermometer", &own.data, None, &running.flags.sets)?;
                let experiment = TrainThermometer::new(&own.data)?;
                if running.print {
                    return output::print_recipe(experiment.about());
                }
                let layers = hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let mut sets = own.labels.sets(true);
                sets.extend(number("data.bins", bins));
                sets.extend(standardise.then(|| "data.real=true".into()));
                sets.extend(number("data.states", states));
                sets.extend((!hidden.is_empty()).then(|| format!("network.hidden=[{layers}]")));
                own.complete(&experiment, running, sets, "thermometer")
            }
        }
    }
}

/// `runs/NAME-WHAT`, where NAME is that of the first file of samples.
pub fn run_folder(data: &[PathBuf], what: &str) -> PathBuf {
    let name = data.first().and_then(|path| path.file_name()).map_or(Path::new(""), Path::new);
    let name = if name.extension().is_some_and(|e| e == "gz") { name.with_extension("") } else { name.into() };
    let stem = name.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    Path::new("runs").join(format!("{stem}-{what}"))
}
