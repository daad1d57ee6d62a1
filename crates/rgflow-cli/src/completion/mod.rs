//! Completion in shells: `rgflow completions SHELL` prints a script by which the shell asks this program for what may
//! follow.

mod candidates;
mod shells;

pub use candidates::{axes, experiments, items, numbers, sets};

use clap::CommandFactory;
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells};
use rgflow_lab::artifact::Error;

/// The variable of the environment by which a shell asks; its value is the name of the shell.
const ASKED: &str = "RGFLOW_COMPLETE";

/// Shells that can ask.
const SHELLS: Shells<'_> = Shells(&[&shells::BASH, &Elvish, &Fish, &Powershell, &shells::ZSH]);

/// Answers a shell that asks for completions, and ends the program; otherwise returns at once.
pub fn answer() {
    clap_complete::CompleteEnv::with_factory(crate::Arguments::command).var(ASKED).shells(SHELLS).complete();
}

/// The script for `shell`, which asks the program called `completer`.
///
/// # Errors
/// [`Error::Failure`] if there is none for this shell.
pub fn script(shell: &str, completer: &str) -> Result<String, Error> {
    let missing = || Error::failure(format!("{shell}: there are no completions for this shell"));
    let shell: &dyn EnvCompleter = SHELLS.completer(shell).ok_or_else(missing)?;
    let mut text = Vec::new();
    shell.write_registration(ASKED, "rgflow", "rgflow", completer, &mut text).map_err(|_| missing())?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
