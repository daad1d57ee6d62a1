//! `rgflow thermometer`: a trained thermometer or classifier put to use.

use super::rbm::{Common, DataFlags, estimate, finite, samples, say, show, warn_of_copies};
use crate::{exchanged, output};
use rgflow_lab::artifact::Error;
use rgflow_lab::machine::{OutFile, Prediction, Read, predict};
use rgflow_lab::record::format;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Puts a trained thermometer or classifier to use.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow thermometer predict runs/samples-thermometer samples.npz
  rgflow thermometer predict runs/digits-thermometer digits.npz -o read.csv")]
pub struct Thermometer {
    #[command(subcommand)]
    verb: Verb,
}

/// Tasks of a network.
#[derive(clap::Subcommand)]
enum Verb {
    /// Reads samples: probabilities of temperatures or classes, T*, accuracy where samples have labels.
    Predict(Predict),
}

/// Reads samples: probabilities of temperatures or classes, T*, accuracy where samples have labels.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow thermometer predict runs/samples-thermometer samples.npz
  rgflow thermometer predict model.safetensors draws.npz -o read.npz --json
  rgflow thermometer predict runs/digits-thermometer digits.npz -o read.csv

T* of a collection is argmin over T of KL(P_collection || P_ref(T)), P_ref the curves of the
thermometer's reference samples; its error is over blocks of ten samples, p the chance that a
thermal collection is as far from its T*. Samples with temperatures are read temperature by
temperature. `predicted` in the file is the most probable output of each sample. The network knows
the samples of its own training: of these neither accuracy nor p is a test, and a note says so.")]
struct Predict {
    /// A trained network (.safetensors), or the folder of its run.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    data: DataFlags,
    /// Puts continuous temperatures into N bins of equal numbers of samples [default: none].
    #[arg(long, value_name = "N", help_heading = "Data")]
    bins: Option<usize>,
    /// File of the probabilities of each sample: .npz, .npy or .csv [default: none].
    #[arg(short, long, value_name = "FILE", help_heading = "Run")]
    out: Option<PathBuf>,
    /// Replaces the file if it exists.
    #[arg(long, help_heading = "Run")]
    force: bool,
    #[command(flatten)]
    common: Common,
}

impl Thermometer {
    pub fn execute(self) -> Result<(), Error> {
        let Verb::Predict(predict) = self.verb;
        predict.execute()
    }
}

impl Predict {
    fn execute(self) -> Result<(), Error> {
        let out = self.out.as_ref().map(|out| OutFile::new(out, self.force)).transpose()?;
        exchanged::machine_first("rgflow thermometer predict", &self.model, &self.data.data)?;
        self.common.start()?;
        let seen = predict(&self.model, &self.data.data, &self.data.options(), self.bins.unwrap_or(0))?;
        say(&[], seen.notes.iter());
        warn_of_copies(None, &seen.data);
        if let Some(out) = &out {
            out.write(&seen.table)?;
        }
        if self.common.json {
            return output::print_json(&as_json(&seen, self.out.as_ref()));
        }
        let file = self.out.as_ref().map_or(String::new(), |out| format!("{}\n", out.display()));
        output::print(&(text(&seen) + &file))
    }
}

fn as_json(seen: &Prediction, out: Option<&PathBuf>) -> Value {
    let files: Vec<&PathBuf> = seen.data.files.iter().map(|(path, _)| path).collect();
    let read = |Read { label, n, t_star: t }: &Read| {
        json!({
            "label": label, "samples": n, "t_star": { "value": finite(t.value), "error": finite(t.error) }, "interval": t.interval,
            "kl": finite(t.kl), "p_thermal": finite(t.p_thermal),
        })
    };
    let outputs: Vec<Value> = seen
        .names
        .iter()
        .zip(&seen.mean)
        .map(|(name, mean)| json!({ "name": name, "mean_probability": estimate(*mean) }))
        .collect();
    json!({
        "model": seen.path, "data": files, "file": out, "samples": seen.data.n_samples(),
        "outputs_are": if seen.temperatures { "temperatures" } else { "classes" }, "outputs": outputs,
        "t_star": seen.t_star.iter().map(read).collect::<Vec<_>>(),
        "accuracy": seen.truth.as_ref().map(|truth| json!({
            "samples": truth.samples[0], "other_labels": truth.samples[1], "accuracy": estimate(truth.accuracy),
            "cross_entropy": estimate(truth.cross_entropy),
        })),
        "notes": seen.notes,
    })
}

fn text(seen: &Prediction) -> String {
    let what = if seen.temperatures { "thermometer" } else { "classifier" };
    let (n, k) = (seen.data.n_samples(), seen.names.len());
    let mut text = format!("{} of {} by a {what} of {k} outputs\n", samples(n), seen.data.name());
    if !seen.t_star.is_empty() {
        let head = ["T of the samples", "samples", "T*", "KL", "p (thermal)"].map(String::from).to_vec();
        let line = |Read { label, n, t_star: t }: &Read| {
            vec![
                label.clone().unwrap_or_else(|| "all".into()),
                n.to_string(),
                format::value(Some(t.value), Some(t.error).filter(|e| *e > 0.0), t.interval),
                format::significant(t.kl, 2),
                format::significant(t.p_thermal, 2),
            ]
        };
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(seen.t_star.iter().map(line)).collect();
        text += &output::columns(&rows);
    } else {
        let head = vec![if seen.temperatures { "T" } else { "class" }.to_string(), "mean P".into()];
        let lines = seen.names.iter().zip(&seen.mean).map(|(name, mean)| vec![name.clone(), show(*mean)]);
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(lines.take(40)).collect();
        text += &output::columns(&rows);
        text += if k > 40 { "...\n" } else { "" };
    }
    if let Some(truth) = &seen.truth {
        let [known, others] = truth.samples;
        let of = if others > 0 { format!(" of the {known} samples whose label is an output") } else { String::new() };
        text +=
            &format!("\nAccuracy{of}: {}, cross-entropy {} nats\n", show(truth.accuracy), show(truth.cross_entropy));
    }
    text
}
