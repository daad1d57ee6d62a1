//! `rgflow rbm`: a trained machine put to use.

mod complete;
mod draw;
mod import;
mod score;
mod transform;

use super::label_flags::LabelFlags;
use super::run_flags::start_threads;
use crate::{exchanged, output};
use rgflow::statistics::Estimate;
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::{Dataset, Options, independence};
use rgflow_lab::machine::{Machine, OutFile};
use rgflow_lab::record::format;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Puts a trained machine to use: draws, hidden expectations, reconstructions, scores, completions.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow rbm draw runs/samples-rbm -n 1000 -o draws.npz
  rgflow rbm score runs/samples-rbm samples.npz
  rgflow rbm transform runs/digits-rbm digits.npy -o hidden.npy
  rgflow rbm reconstruct runs/digits-rbm digits.npy -o back.npz
  rgflow rbm complete runs/digits-rbm holes.npy --unknown nan --mean -o whole.npy
  rgflow rbm import sklearn.npz -o model.safetensors

A machine is a .safetensors file, or the folder of the run that trained it.")]
pub struct Rbm {
    #[command(subcommand)]
    verb: Verb,
}

/// Tasks of a machine.
#[derive(clap::Subcommand)]
enum Verb {
    /// Draws states of the visible units: independent ones where a layer is small, else by Gibbs chains.
    Draw(draw::Draw),
    /// Writes the expectations of the hidden units at each sample.
    Transform(transform::Transform),
    /// Writes the mean-field step v -> h -> v' of each sample, and prints its cost.
    Reconstruct(transform::Reconstruct),
    /// Prints how likely samples are: free energy, ln p, pseudo-likelihood.
    Score(score::Score),
    /// Completes samples of which some values are unknown.
    Complete(complete::Complete),
    /// Makes a model of the parameters of another program: scikit-learn, rbms, or arrays of usual names.
    Import(import::Import),
}

impl Rbm {
    /// Its name in lines of progress, where it has no stage.
    pub fn without_stages(&self) -> Option<&'static str> {
        (!matches!(self.verb, Verb::Draw(_) | Verb::Complete(_) | Verb::Score(_))).then_some("rbm")
    }

    pub fn execute(self) -> Result<(), Error> {
        match self.verb {
            Verb::Draw(draw) => draw.execute(),
            Verb::Transform(transform) => transform.execute(),
            Verb::Reconstruct(reconstruct) => reconstruct.execute(),
            Verb::Score(score) => score.execute(),
            Verb::Complete(complete) => complete.execute(),
            Verb::Import(import) => import.execute(),
        }
    }
}

/// Samples, and how they are read.
#[derive(clap::Args)]
pub struct DataFlags {
    /// Samples: .npy, .npz, text or IDX, also packed by gzip, or a folder of MNIST; several files are read as one set.
    #[arg(value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// Array of an .npz file that holds the samples [default: spins, or the only one].
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    array: Option<String>,
    #[command(flatten)]
    pub labels: LabelFlags,
    /// Divides all values, such as 255 for bytes of grey [default: 1].
    #[arg(long, value_name = "X", help_heading = "Data")]
    scale: Option<f64>,
}

impl DataFlags {
    /// As options of reading.
    pub fn options(&self) -> Options {
        let (array, scale) = (self.array.clone().unwrap_or_default(), self.scale.unwrap_or(1.0));
        Options { array, scale, ..self.labels.options() }
    }

    /// The machine in `model` and the samples, read for it; notes go to stderr.
    pub fn read(&self, command: &str, model: &std::path::Path) -> Result<(Machine, Dataset), Error> {
        exchanged::machine_first(&format!("rgflow rbm {command}"), model, &self.data)?;
        let machine = Machine::open(model)?;
        let data = machine.samples(&self.data, &self.options())?;
        say(&[], machine.notes.iter().chain(&data.notes));
        Ok((machine, data))
    }
}

/// Threads and form of what is printed.
#[derive(clap::Args)]
#[command(next_help_heading = "Run")]
pub struct Common {
    /// Number of threads [default: all cores]; results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    threads: Option<u16>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

impl Common {
    pub fn start(&self) -> Result<(), Error> {
        start_threads(self.threads)
    }
}

/// The file of results.
#[derive(clap::Args)]
#[command(next_help_heading = "Run")]
pub struct Out {
    /// File of the results: .npz, .npy or .csv [required].
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Replaces the file if it exists.
    #[arg(long)]
    force: bool,
}

impl Out {
    pub fn file(&self) -> Result<OutFile, Error> {
        OutFile::new(&self.out, self.force)
    }
}

/// Writes warnings and notes to stderr.
pub fn say<'a>(warnings: &[String], notes: impl Iterator<Item = &'a String>) {
    notes.for_each(|note| output::complain(&format!("note: {note}")));
    warnings.iter().for_each(|warning| output::complain(&format!("warning: {warning}")));
}

/// Warns where samples cannot be independent, as errors over them take for granted, and notes where `machine` was
/// trained on them.
pub fn warn_of_copies(machine: Option<&Machine>, data: &Dataset) {
    let known = machine.and_then(|machine| machine.knows(data));
    say(&independence::warning(data).into_iter().collect::<Vec<_>>(), known.iter());
}

/// A number of samples in words: `1 sample`, `20 samples`.
pub fn samples(n: usize) -> String {
    format::counted(n, "sample")
}

/// Value and error as text; an error that one value leaves unknown is left out.
pub fn show(e: Estimate) -> String {
    format::value(Some(e.value), Some(e.error).filter(|error| error.is_finite()), None)
}

/// Value and error as JSON, the error null where it is not known.
pub fn estimate(e: Estimate) -> Value {
    json!({ "value": finite(e.value), "error": finite(e.error) })
}

/// A number, null where it is not finite.
pub fn finite(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { Value::Null }
}

/// Inputs, as every result names them.
pub fn of_inputs(machine: &Machine, data: &Dataset) -> Value {
    let files: Vec<&PathBuf> = data.files.iter().map(|(path, _)| path).collect();
    json!({ "model": machine.path, "machine": machine.title(), "data": files, "samples": data.n_samples(), "notes": data.notes })
}
