//! `--progress`: how the progress of any command is shown on stderr.

use rgflow_lab::artifact::progress::{PlannedRun, Reporter, Show};
use rgflow_lab::artifact::stderr;
use std::io::IsTerminal;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// A header and a bar if stderr is a terminal.
    Auto,
    /// A header and lines of text, also without a terminal.
    Lines,
    /// Lines of JSON.
    Json,
    /// Nothing.
    None,
}

static CHOICE: OnceLock<Choice> = OnceLock::new();

/// Sets the choice for this process, once.
pub fn set(choice: Choice) {
    // A second value cannot come: the arguments are parsed once.
    let _ = CHOICE.set(choice);
}

/// A command that has no stages: with `--progress json` it says when it begins and when it ends.
pub struct Command(Option<(&'static str, Instant)>);

impl Command {
    /// A command begins; `name` is that of one without stages.
    pub fn begins(name: Option<&'static str>) -> Self {
        let named = name.filter(|_| CHOICE.get() == Some(&Choice::Json) && !stderr::is_quiet());
        if let Some(name) = named {
            stderr::object(&serde_json::json!({ "event": "command", "name": name, "state": "begins" }));
        }
        Self(named.map(|name| (name, Instant::now())))
    }

    /// It ends; `is_done` where it came to its end.
    pub fn ends(self, is_done: bool) {
        if let Some((name, begun)) = self.0 {
            let (state, seconds) = (if is_done { "finished" } else { "stopped" }, begun.elapsed().as_secs_f64());
            let seconds = (seconds * 1e3).round() / 1e3;
            let line = serde_json::json!({ "event": "command", "name": name, "state": state, "seconds": seconds });
            stderr::object(&line);
        }
    }
}

/// A reporter of `runs`, as `--progress` says.
pub fn reporter(runs: Vec<PlannedRun>) -> Arc<Reporter> {
    let show = match CHOICE.get().copied().unwrap_or(Choice::Auto) {
        _ if stderr::is_quiet() => Show::Nothing,
        Choice::Auto if std::io::stderr().is_terminal() => Show::Bar,
        Choice::Auto | Choice::None => Show::Nothing,
        Choice::Lines => Show::Lines,
        Choice::Json => Show::Json,
    };
    Reporter::new(show, runs)
}
