//! `rgflow clean`: frees the space that the stages of a finished run take.

use crate::output;
use rgflow_lab::artifact::{self, Error};
use std::path::PathBuf;

/// Removes the files of stages from a finished run; results, models and the page stay.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow clean runs/ising-2d

Samples, series of flows and snapshots of trainings go, models (model.safetensors), results, figures and the page \
stay. The run can still be
shown and inspected; its command with --resume makes the files again, the same bytes.")]
pub struct Clean {
    /// The run folder.
    #[arg(value_name = "RUN")]
    dir: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Clean {
    pub fn execute(self) -> Result<(), Error> {
        let freed = artifact::clean(&self.dir)?;
        if self.json {
            return output::print_json(&serde_json::json!({ "files": freed.files, "bytes": freed.bytes }));
        }
        output::print(&match freed.files {
            0 => format!("{}: nothing to remove\n", self.dir.display()),
            n => format!("{}: {n} files removed, {} freed\n", self.dir.display(), size(freed.bytes)),
        })
    }
}

/// A size in bytes as text, such as `3.4 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
