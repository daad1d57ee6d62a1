//! `rgflow inspect`: contents of a run folder or a file, or the couplings of a machine.

mod data;
mod model;
mod run;

use super::couplings::CouplingFlags;
use crate::{exchanged, output};
use rgflow_lab::artifact::{Error, npz, user_file::blame};
use rgflow_lab::dataset::{holds_images, is_samples};
use rgflow_lab::record::{Number, Results};
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Shows what is in a run folder or a file, or the effective couplings of a machine.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow inspect runs/ising-2d                       date, command, settings that differ from the recipe, summary, page
  rgflow inspect runs/ising-2d --numbers T_star      every number whose key contains T_star
  rgflow inspect digits.npz                          samples, values, labels, and what `train` would do with them
  rgflow inspect samples.csv --temperatures Temp_K   the same by the flags of `train`
  rgflow inspect runs/ising-2d/seed-1/thermometer/model.safetensors --json
  rgflow inspect runs/ising-2d/seed-1/rbm/all/model.safetensors --couplings
  rgflow inspect MODEL --couplings --lattice ring --temperature 2

Effective couplings: ln p(v) of a machine is that of an Ising model with J_ij = 2^-N sum_v v_i v_j ln p(v), spins v, \
and more. J(r) is
their mean at the distance r on the torus, K_eff that of nearest neighbours (beta J of a thermal machine), T_eff = \
1/K_eff. Shares: how much
of the variance of ln p over uniform spins is in fields, in pairs, and in terms of three and more spins. Errors: one \
standard error.")]
pub struct Inspect {
    /// A run folder, or a file: samples as `train` takes them, a model (.safetensors) or results.json [required].
    #[arg(value_name = "FILE-or-DIR", required_unless_present = "numbers")]
    path: Option<PathBuf>,
    #[command(flatten)]
    parts: Parts,
    #[command(flatten)]
    samples: data::SampleFlags,
    #[command(flatten)]
    couplings: CouplingFlags,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Parts of a run that are shown on request.
#[derive(clap::Args)]
#[command(next_help_heading = "Parts of a run")]
pub(super) struct Parts {
    /// Of a run: its numbers, all or those whose keys contain FILTER [default: the summary].
    #[arg(long, value_name = "FILTER", num_args = 0..=1, default_missing_value = "")]
    numbers: Option<String>,
    /// Of a run: its stages with their times.
    #[arg(long)]
    stages: bool,
}

impl Inspect {
    pub fn execute(self) -> Result<(), Error> {
        let (path, numbers) = exchanged::path_and_filter(self.path, self.parts.numbers)?;
        let (path, parts) = (path.as_path(), Parts { numbers, ..self.parts });
        let name = path.display();
        let (value, text) = match path.extension().and_then(|e| e.to_str()) {
            _ if !path.exists() => {
                return Err(Error::user(format!("{name}: does not exist; give a run folder or a file")));
            }
            _ if self.couplings.any() => self.couplings.answer(path)?,
            _ if path.is_dir() && !path.join("config.toml").exists() && holds_images(path) => {
                data::samples(path, &self.samples)?
            }
            _ if path.is_dir() => run::folder(path, &parts)?,
            // Reading a device or a pipe might never end.
            _ if !path.is_file() => return Err(Error::user(format!("{name}: is no regular file; write it to one"))),
            Some("npz") => data::arrays(path, &self.samples).map_err(blame)?,
            Some("safetensors") => model::tensors(path).map_err(blame)?,
            // The message says how data are converted.
            Some("json") if begins_as_data(path) => data::samples(path, &self.samples)?,
            Some("json") => results(path).map_err(blame)?,
            _ if is_samples(path) => data::samples(path, &self.samples)?,
            _ => {
                return Err(Error::user(format!(
                    "{name}: unknown kind of file; a run folder, samples (.npz, .npy, .csv, IDX), .safetensors or \
                     results.json can be inspected"
                )));
            }
        };
        if self.json { output::print_json(&value) } else { output::print(&text) }
    }
}

fn described(head: &str, all: &[npz::Description]) -> String {
    let mut rows = vec![[head, "type", "shape"].map(String::from).to_vec()];
    rows.extend(all.iter().map(|d| {
        let shape = d.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
        vec![d.name.clone(), d.dtype.clone(), if shape.is_empty() { "scalar".into() } else { shape }]
    }));
    output::columns(&rows)
}

/// Whether the JSON in `path` begins as a list, or as an object that is no results file.
fn begins_as_data(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut start));
    let start = start.trim_ascii_start();
    let first_key = || start.strip_prefix(b"{").map(<[u8]>::trim_ascii_start).filter(|key| key.starts_with(b"\""));
    let is_results = |key: &[u8]| key.starts_with(b"\"numbers\"") || key.starts_with(b"\"schema\"");
    read.is_ok() && (start.starts_with(b"[") || first_key().is_some_and(|key| !is_results(key)))
}

fn results(path: &Path) -> Result<(Value, String), Error> {
    let results = read_results(path)?;
    Ok((json!(results), number_lines(&results.numbers)))
}

fn read_results(path: &Path) -> Result<Results, Error> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let wrong = |what: String| Error::failure(format!("{}: {what}", path.display()));
    let results: Results = serde_json::from_slice(&bytes)
        .map_err(|e| wrong(format!("not a results file ({e}); make it again with --resume")))?;
    if results.schema != Results::SCHEMA {
        let (found, known) = (&results.schema, Results::SCHEMA);
        return Err(wrong(format!("schema {found} is not known to this version, which reads {known}; update rgflow")));
    }
    Ok(results)
}

fn number_lines<'a>(numbers: impl IntoIterator<Item = &'a Number>) -> String {
    let mut rows = vec![["number", "value", "error", "unit", "verdict"].map(String::from).to_vec()];
    let show = |value: Option<f64>| value.map_or("-".into(), |v| v.to_string());
    for n in numbers {
        let verdicts: Vec<&str> = n.compare.iter().map(|c| c.verdict.word()).collect();
        rows.push(vec![n.key.clone(), show(n.value), show(n.error), n.unit.clone(), verdicts.join(", ")]);
    }
    output::columns(&rows)
}
