//! A file of samples: their shape, values and labels, and what `train` would do with them.

use super::described;
use crate::commands::label_flags::LabelFlags;
use crate::output::{self, number, text as text_set};
use rgflow_lab::artifact::{Error, npz, settings};
use rgflow_lab::dataset::{Dataset, Kind, Meaning, Options, independence, listed};
use rgflow_lab::experiment::{AnyExperiment, TrainRbm, TrainThermometer};
use rgflow_lab::record::format::counted;
use serde_json::{Value, json};
use std::path::Path;

/// Largest file whose values are read.
const MOST: u64 = 1 << 30;

/// Labels that are listed.
const LISTED: usize = 30;

/// How the samples of a file are read, as by `train`.
#[derive(clap::Args)]
#[command(next_help_heading = "Data")]
pub struct SampleFlags {
    #[command(flatten)]
    labels: LabelFlags,
    /// Of samples: array of an .npz file that holds them [default: spins, or the only one].
    #[arg(long, value_name = "NAME")]
    array: Option<String>,
    /// Of samples: divides all values, such as 255 for bytes of grey [default: 1].
    #[arg(long, value_name = "X")]
    scale: Option<f64>,
}

impl SampleFlags {
    fn options(&self) -> Options {
        let (array, scale) = (self.array.clone().unwrap_or_default(), self.scale.unwrap_or(1.0));
        // Everything that can be read is shown.
        Options { array, scale, real: true, ..self.labels.options() }
    }

    /// As settings of a training; `meaning` as in [`LabelFlags::sets`].
    fn sets(&self, meaning: bool) -> Vec<String> {
        let own = [text_set("data.array", self.array.as_ref()), number("data.scale", self.scale)];
        own.into_iter().flatten().chain(self.labels.sets(meaning)).collect()
    }
}

/// The archive `path` as JSON and as text: its arrays, and its samples if it has any.
pub fn arrays(path: &Path, flags: &SampleFlags) -> Result<(Value, String), Error> {
    let all = npz::Reader::open(path)?.describe()?;
    let (samples, text, why) = match samples(path, flags) {
        Ok((samples, text)) => (samples, text, None),
        Err(e) => {
            let why = one_line(e);
            (Value::Null, format!("no samples: {why}\n"), Some(why))
        }
    };
    let value = json!({ "kind": "npz", "arrays": all, "samples": samples["samples"], "no_samples": why });
    Ok((value, format!("{}\n{text}", described("array", &all))))
}

/// The samples in the file `path` as JSON and as text.
pub fn samples(path: &Path, flags: &SampleFlags) -> Result<(Value, String), Error> {
    let bytes = std::fs::metadata(path).map_err(Error::io("read", path))?.len();
    if bytes > MOST {
        return Err(Error::user(format!("{}: {bytes} bytes; values of files up to {MOST} are read", path.display())));
    }
    let data = Dataset::read(path, &flags.options())?;
    let (low, high) = range(&data);
    let shape = data.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    let head = format!("{} of {shape}\n", counted(data.n_samples(), "sample"));
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, text: &str| rows.push(vec![name.into(), text.replace('\n', " ")]);
    let values = match data.kind {
        Kind::Spins | Kind::Bits => data.kind.name().to_string(),
        Kind::Grey => format!("grey levels from {low} to {high}"),
        Kind::Real => format!("real numbers from {low} to {high}"),
    };
    row("values", &values);
    data.lattice.iter().for_each(|lattice| row("lattice", &lattice.title()));
    let labels = labels(&data);
    let none = match &data.candidates[..] {
        [] => "none".to_string(),
        names => {
            format!(
                "none by a usual name (--labels, --temperatures and --beta name them); the file has {}",
                listed(names)
            )
        }
    };
    row("labels", labels.as_ref().map_or(none.as_str(), |(text, _)| text));
    data.notes.iter().for_each(|note| row("note", note));
    let warning = independence::warning(&data);
    warning.iter().for_each(|warning| row("warning", warning));
    let paths = [path.to_path_buf()];
    let rbm = TrainRbm::new(&paths).and_then(|train| refusal(&train, &flags.sets(false)));
    let network = TrainThermometer::new(&paths).and_then(|train| refusal(&train, &flags.sets(true)));
    let of_rbm = verdict(&rbm, || format!("a machine of {} visible units for {}", data.n_units(), data.kind.name()));
    let of_network = verdict(&network, || match data.labels.as_ref().map(|labels| labels.meaning) {
        Some(Meaning::Class) => "a classifier of the labels".into(),
        _ => "a thermometer of the labels".into(),
    });
    row("train rbm", &of_rbm);
    row("train thermometer", &of_network);
    let text = head + &output::columns_to(&rows, &[false, false]);
    let value = json!({
        "samples": data.n_samples(), "shape": data.shape, "values": data.kind.name(), "least": low, "most": high,
        "labels": labels.map(|(_, value)| value), "notes": data.notes, "warning": warning,
        "train_rbm": rbm.err().map(one_line), "train_thermometer": network.err().map(one_line),
    });
    Ok((json!({ "kind": "samples", "samples": value }), text))
}

/// The reason for which the recipe of `experiment` with `sets` refuses its file, if it does.
fn refusal(experiment: &dyn AnyExperiment, sets: &[String]) -> Result<(), Error> {
    let settings = settings::resolve(experiment.about().recipe, None, sets)?;
    experiment.check(&settings).map_err(Error::user)
}

fn verdict(refused: &Result<(), Error>, makes: impl Fn() -> String) -> String {
    match refused {
        Ok(()) => makes(),
        Err(e) => format!("refused: {}", e.to_string().replace('\n', "\\n")),
    }
}

fn one_line(e: Error) -> String {
    e.to_string().replace('\n', "\\n")
}

/// Least and largest value.
fn range(data: &Dataset) -> (f32, f32) {
    let all: Vec<usize> = (0..data.n_samples()).collect();
    data.values.portions(all.len()).fold((f32::INFINITY, f32::NEG_INFINITY), |ends, rows| {
        data.values.rows(&all[rows]).iter().fold(ends, |(low, high), v| (low.min(*v), high.max(*v)))
    })
}

/// Distinct labels with their counts, as text and as JSON.
fn labels(data: &Dataset) -> Option<(String, Value)> {
    let labels = data.labels.as_ref()?;
    let (distinct, classes) = labels.classes();
    let mut counts = vec![0usize; distinct.len()];
    classes.iter().for_each(|class| counts[*class] += 1);
    let names: Vec<String> = distinct.iter().map(|value| labels.name(*value)).collect();
    let meaning = match labels.meaning {
        Meaning::Temperature => "temperatures",
        Meaning::Class => "classes",
    };
    let counted = match (labels.meaning, names.len()) {
        (Meaning::Temperature, 1) => "1 temperature".into(),
        (Meaning::Class, 1) => "1 class".into(),
        (_, n) => format!("{n} {meaning}"),
    };
    let listed = names.iter().zip(&counts).map(|(name, n)| format!("{name} ({n})"));
    let listed = match names.as_slice() {
        [first, .., last] if names.len() > LISTED => format!("from {first} to {last}"),
        _ => format!("(samples): {}", listed.collect::<Vec<_>>().join(", ")),
    };
    let text = format!("{counted} {listed}");
    let all = names.iter().zip(&counts).map(|(name, n)| json!({ "label": name, "samples": n })).collect::<Vec<_>>();
    Some((text.replace('\n', "\\n"), json!({ "meaning": meaning, "all": all })))
}
