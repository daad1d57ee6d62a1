//! The command `rgflow`: arguments -> settings -> laboratory -> exit code.

mod allocator;
mod commands;
mod completion;
mod exchanged;
mod output;
mod progress;
mod signal;
mod usage;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser};
use rgflow_lab::artifact::{Error, stderr};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Neural networks meet the renormalization group: Ising samples, a network as thermometer, restricted Boltzmann
/// machines and their flow.
#[derive(Parser)]
#[command(name = "rgflow", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: commands::Command,
    #[command(flatten)]
    talk: Talk,
}

/// How much is said on stderr, and how.
#[derive(clap::Args)]
#[command(next_help_heading = "Output")]
struct Talk {
    /// Colours: with `auto` on a terminal, if the variable NO_COLOR is not set.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
    /// Writes nothing on stderr but errors: no progress, notes and warnings.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Writes a line on stderr for every stage that ends.
    #[arg(short, long, global = true)]
    verbose: bool,
    /// How progress is shown on stderr.
    #[arg(long, global = true, value_name = "HOW", value_enum, default_value_t = progress::Choice::Auto)]
    progress: progress::Choice,
}

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

const EXAMPLES: &str = "\
Examples:
  rgflow run ising-2d                      the main job: no data, no file, no network needed
  rgflow run ising-2d --set rbm.epochs=50  with another setting
  rgflow reproduce --list                  the figures and tables of the thesis, and what it claims
  rgflow exact ising --size 10 --temperature Tc

Exit codes: 0 done, 2 a mistake in the command or a file, 1 a failure, 130 interrupted,
75 stopped by --time-limit or SIGUSR1 (both go on with --resume).";

fn main() -> ExitCode {
    completion::answer();
    stderr::set_json(asks_for_json(std::env::args_os().skip(1)));
    let color = color(std::env::args_os().skip(1));
    stderr::set_colour(match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        // https://no-color.org: set and not empty.
        ColorChoice::Auto => {
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
        }
    });
    let matches = Arguments::command().color(color).try_get_matches();
    let arguments = match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        // `rgflow` alone shows its help; any other mistake is one line.
        Err(e) if e.use_stderr() && e.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into()).collect();
            output::complain(&format!("error: {}", usage::line(&e, &words).replace('\n', "\\n")));
            return ExitCode::from(2);
        }
        // With --progress json every line of stderr is an object, so help that nobody asked for is a message.
        Err(e) if e.use_stderr() && stderr::is_json() => {
            output::complain(&format!("error: {}", e.to_string().trim_end()));
            return ExitCode::from(2);
        }
        Err(e) => {
            // A closed pipe while printing the help is no failure.
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    stderr::set_quiet(arguments.talk.quiet);
    stderr::set_verbose(arguments.talk.verbose);
    progress::set(arguments.talk.progress);
    let command = progress::Command::begins(arguments.command.without_stages());
    let done = rgflow::cpu::check().map_err(Error::User).and_then(|()| arguments.command.execute());
    command.ends(done.is_ok());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match &error {
                Error::Interrupted => {}
                // One line, even where a message from a file spans two.
                _ => output::complain(&format!("error: {}", error.to_string().replace('\n', "\\n"))),
            }
            ExitCode::from(signal::exit_code(&error))
        }
    }
}

/// The value of `--color` in `arguments`, which also decides how a mistake in them is shown.
fn color(arguments: impl Iterator<Item = OsString>) -> ColorChoice {
    let arguments: Vec<OsString> = arguments.take_while(|argument| argument != "--").collect();
    let after = arguments.windows(2).find(|two| two[0] == "--color").map(|two| two[1].clone());
    let joined = || arguments.iter().find_map(|a| Some(OsString::from(a.to_str()?.strip_prefix("--color=")?)));
    let found = after.or_else(joined).and_then(|when| when.to_str().and_then(|when| when.parse().ok()));
    found.unwrap_or(ColorChoice::Auto)
}

/// Whether `arguments` contain `--progress json`: mistakes in the arguments are then reported as JSON too.
fn asks_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<OsString> = arguments.take_while(|argument| argument != "--").collect();
    let pair = |two: &[OsString]| two[0] == "--progress" && two[1] == "json";
    arguments.windows(2).any(pair) || arguments.iter().any(|argument| argument == "--progress=json")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
