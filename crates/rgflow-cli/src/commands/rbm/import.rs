//! `rgflow rbm import`: parameters of another program as a model.

use crate::output;
use rgflow::rbm::Units;
use rgflow_lab::artifact::Error;
use rgflow_lab::machine::{Import as Parameters, Imported, Layout, ModelFile};
use serde_json::json;
use std::path::PathBuf;

/// Makes a model of the parameters of another program: scikit-learn, rbms, or arrays of usual names.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow rbm import sklearn.npz -o model.safetensors
  rgflow rbm import mine.npz -o model.safetensors --units spin --hidden-units spin
  rgflow rbm import square.npz -o model.safetensors --weights hidden-visible

In Python, of a BernoulliRBM called rbm:
  numpy.savez(\"sklearn.npz\", components_=rbm.components_, intercept_hidden_=rbm.intercept_hidden_,
              intercept_visible_=rbm.intercept_visible_)

Read are scikit-learn's names, those of rbms (weight_matrix, vbias, hbias), and W or weights with
visible_bias and hidden_bias, a and b (visible, hidden), or b and c (visible, hidden). Energies are
H = -(v.W h + b.v + c.h); (hidden, visible) weights are turned. Parameters are kept in single
precision.")]
pub struct Import {
    /// Arrays of parameters (.npz).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How weights lie: visible-hidden or hidden-visible [default: as name and shape say].
    #[arg(long, value_name = "LAYOUT", help_heading = "Machine")]
    weights: Option<String>,
    /// Visible units: spin, binary, LOW,HIGH, gaussian, gaussian:SIGMA or categorical:STATES [default: binary].
    #[arg(long, value_name = "KIND", allow_hyphen_values = true, help_heading = "Machine")]
    units: Option<String>,
    /// Hidden units, of the same kinds [default: binary].
    #[arg(long, value_name = "KIND", allow_hyphen_values = true, help_heading = "Machine")]
    hidden_units: Option<String>,
    /// The model (.safetensors) [required].
    #[arg(short, long, value_name = "FILE", help_heading = "Run")]
    out: PathBuf,
    /// Replaces the file if it exists.
    #[arg(long, help_heading = "Run")]
    force: bool,
    /// Prints JSON.
    #[arg(long, help_heading = "Run")]
    json: bool,
}

impl Import {
    pub fn execute(self) -> Result<(), Error> {
        let out = ModelFile::new(&self.out, self.force)?;
        let units = |flag: &str, text: &Option<String>| -> Result<Option<Units>, Error> {
            let parsed = text.as_ref().map(|text| text.parse()).transpose();
            parsed.map_err(|e| Error::user(format!("--{flag}: {e}")))
        };
        let layout = self.weights.as_ref().map(|text| text.parse::<Layout>()).transpose();
        let layout = layout.map_err(|e| Error::user(format!("--weights {e}")))?;
        let units = [units("units", &self.units)?, units("hidden-units", &self.hidden_units)?];
        let Imported { model, rbm, notes } = Parameters { layout, units }.read(&self.file)?;
        out.write(&model)?;
        let (n, m) = rbm.weights.dim();
        let kinds = [rbm.visible_units().to_string(), rbm.hidden_units().to_string()];
        if self.json {
            let name = self.file.display();
            return output::print_json(&json!({
                "file": name.to_string(), "model": self.out, "visible": n, "hidden": m, "units": kinds, "notes": notes,
            }));
        }
        let notes: String = notes.iter().map(|note| format!("  {note}.\n")).collect();
        output::print(&format!(
            "RBM {n}-{m} ({} / {}) from {}\n{notes}{}\n",
            kinds[0],
            kinds[1],
            self.file.display(),
            self.out.display()
        ))
    }
}
