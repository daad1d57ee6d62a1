//! `rgflow rbm draw`: states of the visible units in a file.

use super::super::one_stage::OneStage;
use super::{Common, Out, estimate, finite, say, show};
use crate::output;
use rgflow::rbm::ChainDraws;
use rgflow_lab::artifact::Error;
use rgflow_lab::machine::{self, DRAW_CHAINS, Drawn, How, Machine, Way};
use rgflow_lab::record::format::significant;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Draws states of the visible units and writes them to a file.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow rbm draw runs/samples-rbm -n 1000 -o draws.npz
  rgflow rbm draw model.safetensors -n 100 -o draws.csv --seed 2
  rgflow rbm draw model.safetensors -n 1000 --sampler gibbs --steps 200 --burn-in 5000 -o draws.npy

`auto` draws independent states from the exact law where it can sum over a layer: at most 25 units
where all units are two-valued, else 2^20 states of a discrete layer. Elsewhere Gibbs chains run,
and warnings tell where they are too short: tau_int of the free energy and of the mean of the units
against --steps and --burn-in, and R-hat. Rows of chains come chain after chain. The file is read
by rgflow train, flow and rbm score as it is.")]
pub struct Draw {
    /// A trained machine (.safetensors), or the folder of its run.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Number of draws.
    #[arg(short, long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Sampling")]
    n: u32,
    /// auto, exact or gibbs.
    #[arg(long, default_value = "auto", value_name = "NAME", help_heading = "Sampling")]
    sampler: String,
    /// Steps v -> h -> v between the draws of a chain [default: 100].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Sampling")]
    steps: Option<u32>,
    /// Steps of each chain before its first draw [default: 1000].
    #[arg(long, value_name = "K", help_heading = "Sampling")]
    burn_in: Option<u32>,
    /// Gibbs chains, of which every second starts from low units [default: 100].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Sampling")]
    chains: Option<u32>,
    /// Seed.
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Sampling")]
    seed: u32,
    #[command(flatten)]
    out: Out,
    #[command(flatten)]
    common: Common,
}

impl Draw {
    pub fn execute(self) -> Result<(), Error> {
        let how: How = self.sampler.parse().map_err(|e| Error::user(format!("--sampler {e}")))?;
        let out = self.out.file()?;
        let machine = Machine::open(&self.model)?;
        self.common.start()?;
        let length = |given: Option<u32>, usual: usize| given.map_or(usual, |n| n as usize);
        let chains = ChainDraws {
            chains: length(self.chains, DRAW_CHAINS),
            burn_in: length(self.burn_in, 1000),
            spacing: length(self.steps, 100),
        };
        let draw = machine::Draw { n: self.n as usize, how, chains, seed: self.seed.into() };
        let stage = OneStage {
            command: "rbm draw",
            name: "draw",
            out: Some(out.path()),
            seed: self.seed.into(),
            seconds: draw.seconds(&machine),
        };
        let drawn = stage.make(|watch| draw.of(&machine, watch))?;
        let given = [("--steps", self.steps), ("--burn-in", self.burn_in), ("--chains", self.chains)];
        let given: Vec<&str> = given.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name).collect();
        let unused = (matches!(drawn.way, Way::Exact { .. }) && !given.is_empty())
            .then(|| format!("{} not used: the draws are independent", given.join(", ")));
        say(&drawn.warnings, machine.notes.iter().chain(&unused));
        let said = if self.common.json { Value::Null } else { Value::String(text(&machine, &drawn, &chains)) };
        let numbers = json!({
            "model": machine.path, "machine": machine.title(), "file": out.path(), "n": drawn.values.nrows(), "way": way(&drawn, &chains),
            "free_energy": estimate(drawn.mean_free_energy()), "warnings": drawn.warnings,
        });
        out.write(&drawn.table(&machine))?;
        match said {
            Value::String(said) => output::print(&format!("{said}{}\n", out.path().display())),
            _ => output::print_json(&numbers),
        }
    }
}

fn way(drawn: &Drawn, asked: &ChainDraws) -> Value {
    match &drawn.way {
        Way::Exact { ln_z } => json!({ "sampler": "exact", "ln_z": ln_z }),
        Way::Gibbs { reason, chains: [chains, kept], tau, tau_mean, r_hat } => json!({
            "sampler": "gibbs", "reason": reason, "chains": chains, "draws_of_a_chain": kept, "steps": asked.spacing, "burn_in": asked.burn_in,
            "tau_int_free_energy": { "value": finite(tau.tau), "error": finite(tau.error) },
            "tau_int_mean": { "value": finite(tau_mean.tau), "error": finite(tau_mean.error) },
            "r_hat": r_hat,
        }),
    }
}

fn text(machine: &Machine, drawn: &Drawn, asked: &ChainDraws) -> String {
    let n = drawn.values.nrows();
    let energy = drawn.mean_free_energy();
    let mut text = match &drawn.way {
        Way::Exact { ln_z } => {
            format!("{n} independent draws of {} from its exact law\nln Z = {ln_z:.6}\n", machine.title())
        }
        Way::Gibbs { reason, chains: [chains, kept], tau, tau_mean, r_hat } => {
            let why = reason.as_ref().map_or(String::new(), |reason| format!("Not independent: {reason}.\n"));
            let time = |tau: &rgflow::statistics::TauInt| match tau.error.is_finite() {
                true => format!("{} steps", rgflow_lab::record::format::value(Some(tau.tau), Some(tau.error), None)),
                false => format!("above {} steps", significant(tau.tau, 2)),
            };
            let r_hat = r_hat.map_or(String::new(), |r_hat| format!("R-hat of the chains: {r_hat:.3}\n"));
            format!(
                "{n} draws of {} by {chains} Gibbs chains\n{kept} of each, {} steps apart, after {} \
                 steps\n{why}tau_int: free energy {}, mean of the units {}\n{r_hat}",
                machine.title(),
                asked.spacing,
                asked.burn_in,
                time(tau),
                time(tau_mean)
            )
        }
    };
    text += &format!("Mean free energy of the draws: {} k_B T\n", show(energy));
    if let Way::Exact { ln_z } = &drawn.way {
        let entropy = rgflow::statistics::Estimate { value: energy.value + ln_z, ..energy };
        text += &format!("Entropy of p(v), -<ln p>: {} nats\n", show(entropy));
    }
    text
}
