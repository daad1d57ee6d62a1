//! `rgflow rbm transform` and `rgflow rbm reconstruct`: hidden expectations and reconstructions in a file.

use super::{Common, DataFlags, Out, estimate, of_inputs, samples, show, warn_of_copies};
use crate::output;
use rgflow_lab::artifact::Error;
use rgflow_lab::machine::{reconstruct, transform};
use serde_json::json;
use std::path::PathBuf;

/// Writes the expectations of the hidden units at each sample.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow rbm transform runs/digits-rbm digits.npy -o hidden.npy
  rgflow rbm transform model.safetensors samples.npz -o hidden.csv

One row for each sample, in the order of the data: <h_a> at the sample (thesis eq. 2.4.22), in the
array `hidden` or the columns h0, h1 ...")]
pub struct Transform {
    /// A trained machine (.safetensors), or the folder of its run.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    data: DataFlags,
    #[command(flatten)]
    out: Out,
    #[command(flatten)]
    common: Common,
}

impl Transform {
    pub fn execute(self) -> Result<(), Error> {
        let out = self.out.file()?;
        let (machine, data) = self.data.read("transform", &self.model)?;
        self.common.start()?;
        out.write(&transform(&machine, &data)?)?;
        if self.common.json {
            let mut all = of_inputs(&machine, &data);
            (all["file"], all["hidden"]) = (json!(out.path()), json!(machine.rbm.n_hidden()));
            return output::print_json(&all);
        }
        let (n, m) = (data.n_samples(), machine.rbm.n_hidden());
        output::print(&format!(
            "{} of {} by {}: expectations of {m} hidden units\n{}\n",
            samples(n),
            data.name(),
            machine.title(),
            out.path().display()
        ))
    }
}

/// Writes the mean-field step v -> h -> v' of each sample, and prints its cost.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow rbm reconstruct runs/digits-rbm digits.npy -o back.npy
  rgflow rbm reconstruct model.safetensors samples.npz -o back.npz --json

v' holds the expectations of the visible units after one step; the cost of a sample is
sum_i (v_i - v'_i)^2 / 2, for a machine of standardised training data in units of the deviations,
as on the page of its training. `.npz` files hold the costs as well.")]
pub struct Reconstruct {
    /// A trained machine (.safetensors), or the folder of its run.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    data: DataFlags,
    #[command(flatten)]
    out: Out,
    #[command(flatten)]
    common: Common,
}

impl Reconstruct {
    pub fn execute(self) -> Result<(), Error> {
        let out = self.out.file()?;
        let (machine, data) = self.data.read("reconstruct", &self.model)?;
        self.common.start()?;
        warn_of_copies(Some(&machine), &data);
        let made = reconstruct(&machine, &data)?;
        out.write(&made.table)?;
        if self.common.json {
            let mut all = of_inputs(&machine, &data);
            (all["file"], all["cost"], all["standardised"]) =
                (json!(out.path()), estimate(made.cost), json!(made.standardised));
            return output::print_json(&all);
        }
        let unit = if made.standardised { " (in units of the deviations of the training data)" } else { "" };
        output::print(&format!(
            "{} of {} by {}\nMean reconstruction cost: {}{unit}\n{}\n",
            samples(data.n_samples()),
            data.name(),
            machine.title(),
            show(made.cost),
            out.path().display()
        ))
    }
}
