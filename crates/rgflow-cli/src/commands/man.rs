//! `rgflow man`: man pages, one for each command.

use crate::output;
use clap::CommandFactory;
use rgflow_lab::artifact::{Error, atomic};
use std::path::PathBuf;

/// Writes man pages, one for each command.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow man --out ~/.local/share/man/man1
  man rgflow-run")]
pub struct Man {
    /// Folder of the pages [required].
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Man {
    pub fn execute(self) -> Result<(), Error> {
        atomic::create_folder(&self.out)?;
        clap_mangen::generate_to(crate::Arguments::command(), &self.out).map_err(Error::io("write", &self.out))?;
        output::print(&format!("{}\n", self.out.join("rgflow.1").display()))
    }
}
