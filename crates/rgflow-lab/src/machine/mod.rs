//! A trained machine or network at work on samples: draws, hidden expectations, reconstructions, scores, completions,
//! predictions.
//!
//! Everything here begins with a [`Machine`] from a model file (or the folder of its run) and ends with a [`Table`],
//! which is written to `.npz`, `.npy` or `.csv`. Samples are read as trainings read them, and are refused where their
//! values are not those of the machine's units.

mod complete;
mod draw;
mod given;
mod import;
pub mod network;
mod place;
mod predict;
mod score;
mod table;
mod transform;
mod watch;

pub use crate::study::ln_z::LnZ;
pub use complete::{Complete, Completed, Gaps, gaps};
pub use draw::{DRAW_CHAINS, Draw, Drawn, Way};
pub use given::Machine;
pub use import::{Import, Imported, Layout};
pub use network::Network;
pub use place::model_file;
pub use predict::{Prediction, Read, Truth, predict};
pub use score::{Score, score, score_seconds};
pub use table::{ModelFile, OutFile, Table};
pub use transform::{Reconstruction, reconstruct, transform};
pub use watch::Watch;

use crate::artifact::Model;
use crate::dataset::Dataset;
use rgflow::statistics::{Estimate, mean_error};
use std::str::FromStr;

/// Autocorrelation times that a burn-in has at least.
const BURN_IN_TIMES: f64 = 20.0;

/// How draws and unknown units are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By enumeration where that is quick, else by chains.
    Auto,
    /// By enumeration: independent draws.
    Exact,
    /// By Gibbs chains, clamped where units are known.
    Gibbs,
}

impl FromStr for How {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "exact" => Ok(Self::Exact),
            "gibbs" => Ok(Self::Gibbs),
            other => Err(format!("\"{other}\": must be auto, exact or gibbs")),
        }
    }
}

/// Whether the file of samples is that of the training of `model`, by its hash.
fn trained_on(model: &Model, data: &Dataset) -> bool {
    model.metadata.get("input").and_then(|input| input.get("blake3")?.as_str()).is_some_and(|hash| hash == data.hash)
}

/// Mean of independent values with its standard error, NaN for a single one.
fn mean(values: &[f64]) -> Estimate {
    mean_error(values)
}
