//! `rgflow report`: writes the page and figures of a finished run again.

use super::run_flags;
use crate::output;
use rgflow_lab::artifact::{Error, render_again};
use std::path::PathBuf;

/// Writes page and figures of a finished run, scan or reproduction again.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow report runs/ising-2d
  rgflow report runs/ising-2d --open
  rgflow report runs/scan-ising-2d     the page of all points
  rgflow report runs                   the first page of `rgflow reproduce all`")]
pub struct Report {
    /// The folder of a run, of a scan or of `reproduce`.
    dir: PathBuf,
    /// Opens the page.
    #[arg(long)]
    open: bool,
}

impl Report {
    pub fn execute(self) -> Result<(), Error> {
        let page = render_again(&self.dir)?;
        if self.open {
            run_flags::open_page(&page);
        }
        output::print(&format!("{}\n", page.display()))
    }
}
