//! `rgflow rbm complete`: samples of which some values are unknown, completed.

use super::super::one_stage::OneStage;
use super::{Common, DataFlags, Out, of_inputs, samples, say};
use crate::{exchanged, output};
use rgflow::rbm::{ClampedSteps, Fill};
use rgflow_lab::artifact::Error;
use rgflow_lab::machine::{self, Completed, How, Machine, gaps};
use rgflow_lab::record::format::significant;
use serde_json::json;
use std::path::PathBuf;

/// Completes samples of which some values are unknown: known units stay, the others are drawn or averaged.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow rbm complete runs/digits-rbm digits.npy --mask unknown.npy --mean -o whole.npy
  rgflow rbm complete model.safetensors holes.csv --unknown nan -o whole.csv
  rgflow rbm complete model.safetensors spins.npz --unknown 0 --solve gibbs --burn-in 5000 -o whole.npz

A mask holds 1 (or true) where a value is unknown and 0 where it is known (as numpy.ma has it): one
for each value, or one for each value of a sample. With --unknown nan empty cells of text are
unknown too. Given the known units the others follow a machine of their own, p(v_unknown | v_known),
which is summed exactly where that takes seconds; else a clamped Gibbs chain runs for each sample,
and a warning tells where it is too short. Nothing known: the machine's own law; all known: the
samples as they are. Known grey levels act as means.")]
pub struct Complete {
    /// A trained machine (.safetensors), or the folder of its run.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    data: DataFlags,
    /// File of marks, 1 where a value is unknown: .npy, .npz or text [default: none].
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    mask: Option<PathBuf>,
    /// Value that stands for an unknown one, such as nan or -9 [default: none].
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true, conflicts_with = "mask", help_heading = "Data")]
    unknown: Option<String>,
    /// Writes expectations of the unknown units in place of draws.
    #[arg(long, help_heading = "Sampling")]
    mean: bool,
    /// auto, exact (enumeration) or gibbs (clamped chains).
    #[arg(long, default_value = "auto", value_name = "NAME", help_heading = "Sampling")]
    solve: String,
    /// Steps v -> h -> v of a chain that are averaged (--mean).
    #[arg(long, default_value_t = 1000, value_name = "K", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Sampling")]
    steps: u32,
    /// Steps of a chain before its draw, or before the average.
    #[arg(long, default_value_t = 1000, value_name = "K", help_heading = "Sampling")]
    burn_in: u32,
    /// Seed.
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Sampling")]
    seed: u32,
    #[command(flatten)]
    out: Out,
    #[command(flatten)]
    common: Common,
}

impl Complete {
    pub fn execute(self) -> Result<(), Error> {
        let solve: How = self.solve.parse().map_err(|e| Error::user(format!("--solve {e}")))?;
        let out = self.out.file()?;
        exchanged::machine_first("rgflow rbm complete", &self.model, &self.data.data)?;
        let gaps = gaps(self.mask.as_deref(), self.unknown.as_deref())?;
        let machine = Machine::open(&self.model)?;
        let (data, unknown) = machine.incomplete(&self.data.data, &self.data.options(), &gaps)?;
        self.common.start()?;
        let complete = machine::Complete {
            fill: if self.mean { Fill::Mean } else { Fill::Draw },
            solve,
            lengths: ClampedSteps { burn_in: self.burn_in as usize, steps: self.steps as usize },
            seed: self.seed.into(),
        };
        let seconds = complete.seconds(&machine, &data);
        let stage = OneStage {
            command: "rbm complete",
            name: "complete",
            out: Some(out.path()),
            seed: self.seed.into(),
            seconds,
        };
        let made = stage.make(|watch| complete.of(&machine, &data, unknown.view(), watch))?;
        say(&made.warnings, machine.notes.iter().chain(&data.notes).chain(&made.notes));
        out.write(&made.table)?;
        if self.common.json {
            let mut all = of_inputs(&machine, &data);
            all["file"] = json!(out.path());
            all["unknown"] = json!({ "values": made.unknown[0], "of": made.unknown[1], "samples": made.rows });
            all["fill"] = json!(if self.mean { "mean" } else { "draw" });
            all["way"] = json!({
                "solve": if made.exact { "exact" } else { "gibbs" }, "reason": made.reason, "tau_int_free_energy": made.tau, "r_hat": made.r_hat,
                "burn_in": (!made.exact).then_some(self.burn_in), "steps": (!made.exact && self.mean).then_some(self.steps),
            });
            all["warnings"] = json!(made.warnings);
            return output::print_json(&all);
        }
        let head = format!("{} of {} by {}\n", samples(data.n_samples()), data.name(), machine.title());
        output::print(&(head + &self.text(&made) + &format!("{}\n", out.path().display())))
    }

    fn text(&self, made: &Completed) -> String {
        let [unknown, all] = made.unknown;
        let what = if self.mean { "expectations of their law" } else { "draws from their law" };
        let how = match made.exact {
            true => format!("{what} given the known ones, by enumeration"),
            false => {
                let steps = if self.mean { format!(", then {} averaged", self.steps) } else { String::new() };
                let tau =
                    made.tau.map_or(String::new(), |tau| format!(", tau_int of F at most {}", significant(tau, 2)));
                let tau = tau + &made.r_hat.map_or(String::new(), |r_hat| format!(", R-hat at most {r_hat:.3}"));
                format!("{what} given the known ones, by clamped Gibbs chains of {} steps{steps}{tau}", self.burn_in)
            }
        };
        let why = made.reason.as_ref().map_or(String::new(), |why| format!("Not by enumeration: {why}.\n"));
        format!("{unknown} of {all} values unknown, in {}: {how}\n{why}", samples(made.rows))
    }
}
