//! `rgflow completions`: completion scripts for shells.

use crate::{completion, output};
use rgflow_lab::artifact::Error;
use std::path::Path;

/// Prints the completions of a shell.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow completions bash > ~/.local/share/bash-completion/completions/rgflow
  rgflow completions fish > ~/.config/fish/completions/rgflow.fish
  rgflow completions zsh > ~/.zfunc/_rgflow

Completed are commands, flags, files, experiments, items of the thesis, and the settings and numbers of the \
experiment that the line names:
`rgflow run ising-2d --set rbm.<TAB>`. The script asks the program itself, so that it knows what this version knows.")]
pub struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

impl Completions {
    pub fn execute(self) -> Result<(), Error> {
        let name = std::env::args().next().unwrap_or_default();
        // Found by the shell as `rgflow`, or a path, which is made whole.
        let is_path = Path::new(&name).components().count() > 1;
        let whole = std::path::absolute(&name).ok().filter(|_| is_path);
        let program = whole.map_or_else(|| "rgflow".into(), |path| path.to_string_lossy().into_owned());
        output::print_file(&completion::script(&self.shell.to_string(), &program)?)
    }
}
