//! `rgflow flow`: a trained machine iterated from the user's own samples.

use super::label_flags::LabelFlags;
use super::run_flags::Flags;
use super::train::run_folder;
use crate::{exchanged, output};
use rgflow_lab::artifact::{Error, settings::UserFile};
use rgflow_lab::experiment::{AnyExperiment, OwnFlow};
use std::path::{Path, PathBuf};

/// Iterates a trained machine, v -> h -> v, from your own samples.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow flow runs/digits-rbm digits.npy
  rgflow flow MODEL samples.npz --read runs/samples-thermometer
  rgflow flow MODEL samples.npz --steps 10000 --chains 200 --mode gibbs
  rgflow flow MODEL samples.npz --print        every setting with its meaning

Every label of the samples (temperature or class) is a start of its own. Without a network the flow is read by its
distance from the start, and on a square lattice by E and |m|.")]
pub struct Flow {
    /// A trained machine (.safetensors), or the folder of its run.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Samples from which the flow starts: .npy, .npz, text or IDX; several files are read as one set.
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// A thermometer or classifier (.safetensors, or the folder of its run) that reads the flow
    /// [default: none: distance from the start, E and |m|].
    #[arg(long, value_name = "MODEL", help_heading = "Flow")]
    read: Option<PathBuf>,
    /// Array of an .npz file that holds the samples [default: spins, or the only one].
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    array: Option<String>,
    #[command(flatten)]
    labels: LabelFlags,
    /// Puts continuous temperatures into N bins of equal numbers of samples, each a start [default: none].
    #[arg(long, value_name = "N", help_heading = "Data")]
    bins: Option<usize>,
    /// Divides all values, such as 255 for bytes of grey [default: 1].
    #[arg(long, value_name = "X", help_heading = "Data")]
    scale: Option<f64>,
    /// Steps v -> h -> v [default: 1000].
    #[arg(long, value_name = "N", help_heading = "Flow")]
    steps: Option<usize>,
    /// Samples of each start [default: 500, or as many as there are].
    #[arg(long, value_name = "N", help_heading = "Flow")]
    chains: Option<usize>,
    /// gibbs (states) or mean (expectation values) [default: both].
    #[arg(long, value_name = "NAME", help_heading = "Flow")]
    mode: Option<String>,
    /// A TOML file with settings, such as the config.toml of an earlier run [default: none].
    #[arg(long, value_name = "FILE.toml", help_heading = "Run")]
    config: Option<PathBuf>,
    /// Prints the recipe, every setting with its default, and stops.
    #[arg(long, help_heading = "Run")]
    print: bool,
    #[command(flatten)]
    flags: Flags,
}

impl Flow {
    pub fn execute(mut self) -> Result<(), Error> {
        let is_model = |path: &Path| path.extension().is_some_and(|e| e == "safetensors");
        if let [data] = self.data.as_slice()
            && is_model(data)
            && !is_model(&self.model)
            && !self.model.is_dir()
        {
            let (data, model) = (self.model.display(), data.display());
            return Err(Error::user(format!("{data} is no model; give the model first: rgflow flow {model} {data}")));
        }
        exchanged::among_samples(
            &format!("rgflow flow {}", self.model.display()),
            &self.data,
            Some("--read"),
            &self.flags.sets,
        )?;
        let experiment = OwnFlow::new(&self.model, &self.data, self.read.as_deref())?;
        if self.print {
            return output::print_recipe(experiment.about());
        }
        let file = self.config.as_deref().map(|path| UserFile::read_for(path, OwnFlow::NAME)).transpose()?;
        let sets = [
            output::text("data.array", self.array.as_ref()),
            output::number("data.bins", self.bins),
            output::number("data.scale", self.scale),
            output::number("flow.steps", self.steps),
            output::number("flow.chains", self.chains),
            self.mode.as_ref().map(|mode| format!("flow.modes=[{}]", toml::Value::String(mode.clone()))),
        ];
        let sets = sets.into_iter().flatten().chain(self.labels.sets(true));
        self.flags.sets = sets.chain(self.flags.sets).collect();
        let dir = self.flags.out.clone().unwrap_or_else(|| run_folder(&self.data, "flow"));
        self.flags.start()?;
        self.flags.complete_and_show(&experiment, file.as_ref(), &dir)
    }
}
