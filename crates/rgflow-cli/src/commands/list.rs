//! `rgflow list`: the experiments, and the finished runs below a folder.

use crate::output;
use rgflow_lab::artifact::Error;
use rgflow_lab::experiment::catalogue::UsualTime;
use rgflow_lab::experiment::{ALL, AnyExperiment, catalogue};
use serde_json::json;
use std::path::PathBuf;

/// Lists the experiments, and the finished runs below a folder.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow list
  rgflow list results/2026 --json

Times are rough, for the recipe as it is on two quiet cores: 3 x 40 s are three repetitions of
40 s each. Of each run: its folder, date, headline number, and the settings that differ from the
recipe; `rgflow inspect DIR` shows more.")]
pub struct List {
    /// Folder of the runs [default: runs].
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub fn execute(self) -> Result<(), Error> {
        let root = self.dir.clone().unwrap_or_else(|| "runs".into());
        if self.dir.is_some() && !root.is_dir() {
            return Err(Error::user(format!("{}: is no folder; give one with run folders in it", root.display())));
        }
        let runs = catalogue::runs(&root);
        if self.json {
            let experiments = ALL.iter().map(|experiment| {
                let (about, time) = (experiment.about(), UsualTime::of(*experiment));
                json!({
                    "name": about.name, "summary": about.summary, "time": time.to_string(),
                    "seconds": time.seconds.round(), "repetitions": time.repetitions,
                })
            });
            return output::print_json(&json!({ "experiments": experiments.collect::<Vec<_>>(), "runs": runs }));
        }
        let mut text = experiments();
        if runs.is_empty() {
            text += &format!("\nNo finished runs below {}.\n", root.display());
            return output::print(&text);
        }
        text += &format!("\nFinished runs below {}:\n", root.display());
        for run in runs {
            text += &format!("  {}  {}\n", run.dir.display(), day(run.date.as_deref()));
            let headline = run.headline.map(|number| format!("{} = {number}", number.key));
            let lines = [headline, (!run.changed.is_empty()).then(|| run.changed.join(" ")), run.note];
            lines.iter().flatten().for_each(|line| text += &format!("    {}\n", line.replace('\n', " ")));
        }
        output::print(&text)
    }
}

/// The experiments with their usual times.
pub fn experiments() -> String {
    let row = |experiment: &&dyn AnyExperiment| {
        let about = experiment.about();
        vec![about.name.to_string(), UsualTime::of(*experiment).to_string(), about.summary.to_string()]
    };
    let head = ["Experiment", "time", "summary"].map(String::from).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(ALL.iter().map(row)).collect();
    format!(
        "{}\n`rgflow run NAME` runs one. Times are those on two quiet cores; 3 x 40 s: three repetitions of 40 s.\n",
        output::columns_to(&rows, &[false, true, false])
    )
}

/// `2026-01-31 09:05 UTC` of `2026-01-31T09:05:00Z`.
pub fn day(date: Option<&str>) -> String {
    let parts = date.and_then(|date| date.split_once('T'));
    parts.map_or("-".into(), |(day, time)| format!("{day} {} UTC", time.get(..5).unwrap_or(time)))
}
