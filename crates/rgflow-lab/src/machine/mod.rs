//! A trained machine at work on samples: draws, hidden expectations, reconstructions, scores.
//!
//! Everything here begins with a [`Machine`] from a model file (or the folder of its run) and ends with a [`Table`],
//! which is written to `.npz`, `.npy` or `.csv`. Samples are read as trainings read them, and are refused where their
//! values are not those of the machine's units.

mod draw;
mod given;
mod place;
mod score;
mod table;
mod transform;

pub use draw::{DRAW_CHAINS, Draw, Drawn, How, Way};
pub use given::Machine;
pub use place::model_file;
pub use score::{Score, score};
pub use table::{OutFile, Table};
pub use transform::{Reconstruction, reconstruct, transform};

use rgflow::statistics::{Estimate, mean_error};

/// Mean of independent values with its standard error, NaN for a single one.
fn mean(values: &[f64]) -> Estimate {
    mean_error(values)
}
