//! `rgflow report`: writes the page and figures of a finished run again.

use super::run_flags;
use crate::output;
use rgflow_lab::artifact::{Error, render_again};
use std::path::PathBuf;

/// Writes page and figures of a finished run again.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow report runs/ising-2d
  rgflow report runs/ising-2d --open")]
pub struct Report {
    /// The run folder.
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
