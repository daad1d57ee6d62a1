//! `rgflow verify`: a small machine checked against enumeration, ln Z of a large one estimated from two directions.

use super::one_stage::OneStage;
use super::rbm::say;
use crate::output;
use rgflow_lab::artifact::{Error, rbm_file, user_file};
use rgflow_lab::machine::model_file;
use rgflow_lab::verify::{self, Check};
use std::path::PathBuf;

/// Checks a small machine against enumeration: ln Z, free energy, gradient, Gibbs kernel; estimates ln Z of a large
/// one.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow verify runs/samples-rbm
  rgflow verify model.safetensors --json

Checks that the machine is too large for are left out, with the reason. Where ln Z cannot be summed it is estimated \
by annealing from
independent units to the machine and in reverse, from states drawn by parallel tempering: two estimates with 95 % \
intervals, which
differ where the chains do not follow. Exit code 1 if a check fails.")]
pub struct Verify {
    /// A trained machine (.safetensors), or the folder of its run.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Seed of the sampled steps.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u32,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub fn execute(self) -> Result<(), Error> {
        let (path, notes) = model_file(&self.model, "rbm")?;
        let (model, _) = user_file::model(&path)?;
        let name = path.display();
        let rbm = rbm_file::rbm(&model).map_err(|e| Error::user(format!("{name}: {e}")))?;
        say(&[], notes.iter());
        let (seed, seconds) = (u64::from(self.seed), verify::seconds(&rbm));
        let stage = OneStage { command: "verify", name: "checks", out: None, seed, seconds };
        let checks = stage.make(|watch| verify::verify(&rbm, seed, watch))?;
        if self.json {
            output::print_json(&serde_json::json!({ "model": path, "checks": checks }))?;
        } else {
            output::print(&table(&checks))?;
        }
        match checks.iter().filter(|c| c.passed == Some(false)).count() {
            0 => Ok(()),
            failed => Err(Error::failure(format!("{name}: {failed} of {} checks failed", checks.len()))),
        }
    }
}

/// The verdict on each check, with its numbers and the remark below it.
fn table(checks: &[Check]) -> String {
    let mut rows = Vec::new();
    for c in checks {
        let verdict = match c.passed {
            Some(true) => "ok",
            Some(false) => "FAILED",
            None if c.measure.is_some() => "estimate",
            None => "left out",
        };
        rows.push([verdict.to_string(), c.name.clone()]);
        let numbers = c.value.zip(c.expected).map(|(value, expected)| format!("{value:.8} for {expected:.8}"));
        let measure = c.measure.map(|m| format!("{} {m:.2e}", c.measured_by));
        let numbers: Vec<String> = numbers.into_iter().chain(measure).collect();
        let below = [numbers.join(", "), c.note.clone()].into_iter().filter(|text| !text.is_empty());
        rows.extend(below.map(|text| [String::new(), text]));
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    output::columns_to(&rows, &[false, false])
}
