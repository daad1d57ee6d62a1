//! `rgflow rbm score`: how likely samples are under the machine.

use super::super::one_stage::OneStage;
use super::{Common, DataFlags, estimate, of_inputs, samples, show, warn_of_copies};
use crate::output;
use rgflow::random::Streams;
use rgflow_lab::artifact::Error;
use rgflow_lab::dataset::Kind;
use rgflow_lab::machine::{self, OutFile, score, score_seconds};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Prints how likely samples are: free energy, ln p, pseudo-likelihood.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow rbm score runs/samples-rbm samples.npz
  rgflow rbm score model.safetensors samples.npz -o scores.csv
  rgflow rbm score model.safetensors samples.npz --json

F(v) = -ln sum_h exp(-H(v, h)) in k_B T. ln p(v) = -F(v) - ln Z, where ln Z is summed exactly: a
layer of at most 25 two-valued units, or as many states; of larger machines it is estimated by
annealed importance sampling in both directions, and its error is in that of the mean of ln p.
Pseudo-likelihood: sum over units of ln p(v_i | all others), which needs no Z.
Units: nats; one standard error over samples. Grey levels are
probabilities and have neither, but bits drawn with them (--grey drawn) do.")]
pub struct Score {
    /// A trained machine (.safetensors), or the folder of its run.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    data: DataFlags,
    /// Grey levels in [0, 1]: means, or drawn: scores bits of these probabilities, drawn once [default: means].
    #[arg(long, value_name = "HOW", value_parser = ["means", "drawn"], default_value = "means", hide_default_value = true, hide_possible_values = true, help_heading = "Data")]
    grey: String,
    /// Seed of the annealing and of drawn bits.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Run")]
    seed: u64,
    /// File of the scores of each sample: .npz or .csv [default: none].
    #[arg(short, long, value_name = "FILE", help_heading = "Run")]
    out: Option<PathBuf>,
    /// Replaces the file if it exists.
    #[arg(long, help_heading = "Run")]
    force: bool,
    #[command(flatten)]
    common: Common,
}

impl Score {
    pub fn execute(self) -> Result<(), Error> {
        let out = self.out.as_ref().map(|out| OutFile::new(out, self.force)?.of_columns()).transpose()?;
        let (machine, data) = self.data.read("score", &self.model)?;
        self.common.start()?;
        warn_of_copies(Some(&machine), &data);
        let streams = Streams::new(self.seed);
        let data = match self.grey == "drawn" && data.kind == Kind::Grey {
            true => data.drawn(&mut streams.bulk("score/grey", 0)),
            false => data,
        };
        let stage = OneStage {
            command: "rbm score",
            name: "score",
            out: self.out.as_deref(),
            seed: self.seed,
            seconds: score_seconds(&machine, &data),
        };
        let scores = stage.make(|watch| score(&machine, &data, streams.of("score"), watch))?;
        if let Some(out) = &out {
            out.write(&scores.table)?;
        }
        if self.common.json {
            let known = |result: &Result<rgflow::statistics::Estimate, String>| match result {
                Ok(e) => estimate(*e),
                Err(why) => json!({ "value": null, "reason": why }),
            };
            let mut all = of_inputs(&machine, &data);
            all["file"] = json!(self.out);
            all["free_energy"] = estimate(scores.free_energy);
            (all["ln_p"], all["ln_z"]) = (known(&scores.ln_p), json!(scores.ln_z.as_ref().map(|z| z.value)));
            all["ln_z_range"] = json!(scores.ln_z.as_ref().map(|z| z.range));
            all["ln_z_how"] = json!(scores.ln_z.as_ref().map(|z| &z.how));
            all["pseudo_likelihood"] = known(&scores.pseudo_likelihood);
            all["pseudo_likelihood_per_unit"] = scores.per_unit.map_or(Value::Null, estimate);
            return output::print_json(&all);
        }
        let head = format!("{} of {} by {}\n", samples(data.n_samples()), data.name(), machine.title());
        let file = self.out.map_or(String::new(), |out| format!("{}\n", out.display()));
        output::print(&(head + &text(&scores) + &file))
    }
}

fn text(scores: &machine::Score) -> String {
    let line = |cells: [String; 3]| cells.to_vec();
    let mut rows = vec![line(["mean over samples".into(), "a sample".into(), "a unit".into()])];
    rows.push(line(["free energy (k_B T)".into(), show(scores.free_energy), "-".into()]));
    let mut notes = String::new();
    match &scores.ln_p {
        Ok(ln_p) => {
            rows.push(line(["ln p (nats)".into(), show(*ln_p), "-".into()]));
            notes += &scores.ln_z.as_ref().map_or(String::new(), |z| match z.is_exact() {
                true => format!("  ln Z = {:.6}, exact.\n", z.value),
                false => format!("  ln Z = {:.2} {}.\n", z.value, z.how),
            });
        }
        Err(why) => notes += &format!("  No ln p: {why}.\n"),
    }
    match (&scores.pseudo_likelihood, scores.per_unit) {
        (Ok(total), Some(unit)) => rows.push(line(["pseudo-likelihood (nats)".into(), show(*total), show(unit)])),
        (Err(why), _) => notes += &format!("  No pseudo-likelihood: {why}.\n"),
        _ => {}
    }
    format!("{}\n{notes}", output::columns(&rows))
}
