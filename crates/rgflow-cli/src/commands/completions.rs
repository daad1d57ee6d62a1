//! `rgflow completions`: completion scripts for shells.

use crate::output;
use clap::CommandFactory;
use rgflow_lab::artifact::Error;

/// Prints the completions of a shell.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow completions bash > ~/.local/share/bash-completion/completions/rgflow
  rgflow completions fish > ~/.config/fish/completions/rgflow.fish
  rgflow completions zsh > ~/.zfunc/_rgflow")]
pub struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

impl Completions {
    pub fn execute(self) -> Result<(), Error> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut crate::Arguments::command(), "rgflow", &mut text);
        output::print(&String::from_utf8_lossy(&text))
    }
}
