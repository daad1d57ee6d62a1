//! `rgflow inspect`: contents of a run folder or a file, or the couplings of a machine.

use super::couplings::CouplingFlags;
use crate::output;
use rgflow_lab::artifact::provenance::Provenance;
use rgflow_lab::artifact::{Error, Model, damaged_file, is_complete, load_config, npz, user_file::blame};
use rgflow_lab::record::{Number, Results};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Shows what is in a run folder or a file, or the effective couplings of a machine.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow inspect runs/ising-2d
  rgflow inspect runs/ising-2d/seed-1/samples/train.npz
  rgflow inspect runs/ising-2d/seed-1/thermometer/model.safetensors --json
  rgflow inspect runs/ising-2d/seed-1/rbm/all/model.safetensors --couplings
  rgflow inspect MODEL --couplings --lattice ring --temperature 2

Effective couplings: ln p(v) of a machine is that of an Ising model with J_ij = 2^-N sum_v v_i v_j ln p(v), spins v, and more. J(r) is
their mean at the distance r on the torus, K_eff that of nearest neighbours (beta J of a thermal machine), T_eff = 1/K_eff. Shares: how much
of the variance of ln p over uniform spins is in fields, in pairs, and in terms of three and more spins. Errors: one standard error.")]
pub struct Inspect {
    /// A run folder, or a file: .npz, .safetensors or results.json.
    #[arg(value_name = "FILE-or-DIR")]
    path: PathBuf,
    #[command(flatten)]
    couplings: CouplingFlags,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub fn execute(self) -> Result<(), Error> {
        let path = self.path.as_path();
        let name = path.display();
        let (value, text) = match path.extension().and_then(|e| e.to_str()) {
            _ if !path.exists() => {
                return Err(Error::user(format!("{name}: does not exist; give a run folder or a file")));
            }
            _ if self.couplings.any() => self.couplings.answer(path)?,
            _ if path.is_dir() => folder(path)?,
            // Reading a device or a pipe might never end.
            _ if !path.is_file() => return Err(Error::user(format!("{name}: is no regular file; write it to one"))),
            Some("npz") => arrays(path).map_err(blame)?,
            Some("safetensors") => tensors(path).map_err(blame)?,
            Some("json") => results(path).map_err(blame)?,
            _ => {
                return Err(Error::user(format!(
                    "{name}: unknown kind of file; a run folder, .npz, .safetensors or results.json can be inspected"
                )));
            }
        };
        if self.json { output::print_json(&value) } else { output::print(&text) }
    }
}

fn folder(dir: &Path) -> Result<(Value, String), Error> {
    let config = load_config(dir)?;
    let config: toml::Table =
        config.parse().map_err(|_| Error::failure(format!("{}/config.toml is damaged", dir.display())))?;
    let complete = is_complete(dir)?;
    let provenance = Provenance::read(dir).unwrap_or_default();
    let numbers = match dir.join("results.json") {
        path if complete => read_results(&path)?.numbers,
        _ => Vec::new(),
    };
    let value = json!({
        "kind": "run", "complete": complete, "config": config, "provenance": provenance,
        "schema": Results::SCHEMA, "numbers": numbers,
    });
    let experiment = config.get("experiment").and_then(|e| e.as_str()).unwrap_or("?");
    let state = match damaged_file(dir)? {
        _ if complete => "complete".to_string(),
        Some(file) => format!("damaged: {file} is missing or has changed (--resume makes it again)"),
        None => "unfinished (--resume goes on)".to_string(),
    };
    let mut text = format!("{}: run of {experiment}, {state}\n", dir.display());
    text += &config.get("seeds").map(|seeds| format!("seeds {seeds}\n")).unwrap_or_default();
    if !provenance.version.is_empty() {
        let (p, memory) = (&provenance, provenance.peak_memory_mib.map(|m| format!(", {m:.0} MiB")));
        text += &format!("rgflow {}, {} ({}), {} threads", p.version, p.platform, p.cpu_path, p.threads);
        text += &format!(", {:.1} s{}\n", p.wall_seconds, memory.unwrap_or_default());
    }
    let mut rows = vec![["stage", "seed", "seconds"].map(String::from).to_vec()];
    for t in &provenance.stages {
        let seconds = t.seconds.map_or("-".into(), |s| format!("{s:.2}"));
        rows.push(vec![t.stage.clone(), t.seed.to_string(), seconds]);
    }
    if rows.len() > 1 {
        text += &format!("\n{}", output::columns(&rows));
    }
    if !numbers.is_empty() {
        text += &format!("\n{}", number_lines(&numbers));
    }
    Ok((value, text))
}

fn arrays(path: &Path) -> Result<(Value, String), Error> {
    let all = npz::Reader::open(path)?.describe()?;
    Ok((json!({ "kind": "npz", "arrays": all }), described("array", &all)))
}

fn tensors(path: &Path) -> Result<(Value, String), Error> {
    let (metadata, all) = Model::describe(path)?;
    let pretty = serde_json::to_string_pretty(&metadata).unwrap_or_default();
    let text = format!("{}\nmetadata {pretty}\n", described("tensor", &all));
    Ok((json!({ "kind": "safetensors", "tensors": all, "metadata": metadata }), text))
}

fn described(head: &str, all: &[npz::Description]) -> String {
    let mut rows = vec![[head, "type", "shape"].map(String::from).to_vec()];
    rows.extend(all.iter().map(|d| {
        let shape = d.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
        vec![d.name.clone(), d.dtype.clone(), if shape.is_empty() { "scalar".into() } else { shape }]
    }));
    output::columns(&rows)
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

fn number_lines(numbers: &[Number]) -> String {
    let mut rows = vec![["number", "value", "error", "unit", "verdict"].map(String::from).to_vec()];
    let show = |value: Option<f64>| value.map_or("-".into(), |v| v.to_string());
    for n in numbers {
        let verdicts: Vec<&str> = n.compare.iter().map(|c| c.verdict.word()).collect();
        rows.push(vec![n.key.clone(), show(n.value), show(n.error), n.unit.clone(), verdicts.join(", ")]);
    }
    output::columns(&rows)
}
