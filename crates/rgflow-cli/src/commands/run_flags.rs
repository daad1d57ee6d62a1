//! Flags shared by all commands that run experiments, and running one experiment to completion in its folder.

use crate::{completion, output, progress, signal};
use rgflow_lab::artifact::{
    Error, Opened, Progress, Run, RunRequest, atomic, inside, is_complete, load_record, progress::PlannedRun,
    provenance::Origin, replace_note, settings,
};
use rgflow_lab::experiment::{self, AnyExperiment};
use rgflow_lab::record::{Record, Results};
use rgflow_lab::report::text;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Flags of the commands that run experiments.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Run")]
pub struct Flags {
    /// Changes a setting, such as --set rbm.epochs=50 (may be given several times) [default: none].
    #[arg(long = "set", value_name = "KEY=VALUE", add = completion::sets())]
    pub sets: Vec<String>,
    /// Seed of the first repetition [default: 1].
    #[arg(long, value_name = "N")]
    pub seed: Option<u32>,
    /// Number of repetitions: seeds N, N+1, ... [default: 3; 1 for train and flow].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub seeds: Option<u32>,
    /// Number of threads [default: all cores]; results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
    /// Folder of the run [default: runs/NAME].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Goes on with an unfinished run, or changes a finished one: stages that still fit are kept.
    #[arg(long)]
    pub resume: bool,
    /// Seconds between two restarts inside a stage, from which a killed run goes on.
    #[arg(long, value_name = "SECONDS", env = "RGFLOW_RESTART_SECONDS", default_value = "30", value_parser = interval)]
    pub restart_every: Duration,
    /// Time after which the run stops at a safe point with exit code 75, as --time-limit 11:50:00, 90m or 2h; SIGUSR1 does
    /// the same at once [default: none].
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub time_limit: Option<Duration>,
    /// A note that is kept with the run and shown by `inspect` and on the page [default: none].
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Opens the page at the end.
    #[arg(long)]
    pub open: bool,
    /// Prints the numbers as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A finished run.
pub struct Finished {
    pub dir: PathBuf,
    pub page: PathBuf,
    pub record: Record,
}

impl Flags {
    /// Seeds from the flags, or else from the user's file.
    pub fn seeds(&self, file: Option<&settings::UserFile>, experiment: &dyn AnyExperiment) -> Vec<u64> {
        match file.and_then(|file| file.seeds.clone()) {
            Some(seeds) if self.seed.is_none() && self.seeds.is_none() => seeds,
            _ => {
                let first = u64::from(self.seed.unwrap_or(1));
                (first..first + u64::from(self.seeds.unwrap_or(experiment.about().repetitions))).collect()
            }
        }
    }

    /// These flags with the repetitions that `experiment` has at most in `reproduce all`.
    pub fn in_all(&self, experiment: &dyn AnyExperiment) -> Self {
        let about = experiment.about();
        let seeds = self.seeds.unwrap_or(about.repetitions).min(about.most_of_all);
        Self { seeds: Some(seeds), ..self.clone() }
    }

    /// Starts the thread pool and the clock of the time limit. Called once, before any work.
    ///
    /// # Errors
    /// If the system refuses them.
    pub fn start(&self) -> Result<(), Error> {
        signal::limit(self.time_limit)?;
        start_threads(self.threads)
    }

    /// Runs `experiment` in `dir`, or reads what a complete run left there.
    ///
    /// # Errors
    /// A mistake in the settings or the folder, a failure, or an interruption.
    pub fn complete(
        &self,
        experiment: &dyn AnyExperiment,
        file: Option<&settings::UserFile>,
        dir: &Path,
    ) -> Result<Finished, Error> {
        let reporter = progress::reporter(vec![self.planned(experiment, file, dir)?]);
        let finished = self.complete_as(experiment, file, dir, reporter.of_run(0));
        reporter.finish(finished.is_ok());
        finished
    }

    /// The settings of `experiment`, checked.
    fn settings(
        &self,
        experiment: &dyn AnyExperiment,
        file: Option<&settings::UserFile>,
    ) -> Result<toml::Table, Error> {
        let layer = file.map(|file| (file.path.as_path(), file.text.as_str()));
        let settings = settings::resolve(experiment.about().recipe, layer, &self.sets)?;
        experiment.check(&settings).map_err(|message| match file {
            Some(file) => Error::user(format!("{}: {message}", file.path.display())),
            None => Error::user(message),
        })?;
        Ok(settings)
    }

    /// Settings as `config.toml` has them, with the user's files.
    fn config(experiment: &dyn AnyExperiment, settings: &toml::Table) -> toml::Table {
        let mut config = settings.clone();
        let input = experiment::input(&experiment.files());
        if !input.is_empty() {
            config.insert("input".into(), toml::Value::Table(input));
        }
        config
    }

    /// The stages of `experiment` in `dir`, with those that are there.
    ///
    /// # Errors
    /// A mistake in the settings.
    pub fn planned(
        &self,
        experiment: &dyn AnyExperiment,
        file: Option<&settings::UserFile>,
        dir: &Path,
    ) -> Result<PlannedRun, Error> {
        let settings = self.settings(experiment, file)?;
        let (name, seeds) = (experiment.about().name, self.seeds(file, experiment));
        Ok(Run::planned(dir, name, &Self::config(experiment, &settings), &seeds, experiment.plan(&settings)))
    }

    /// As [`Flags::complete`]; `progress` is told how far the run is.
    ///
    /// # Errors
    /// As [`Flags::complete`].
    pub fn complete_as(
        &self,
        experiment: &dyn AnyExperiment,
        file: Option<&settings::UserFile>,
        dir: &Path,
        progress: Arc<dyn Progress>,
    ) -> Result<Finished, Error> {
        let settings = self.settings(experiment, file)?;
        // A finished run is shown even if it would not fit into memory now.
        experiment::fits(experiment, &settings)
            .or_else(|e| if matches!(is_complete(dir), Ok(true)) { Ok(()) } else { Err(e) })?;
        let files = experiment.files();
        let warnings = files.iter().flat_map(|file| &file.warnings);
        warnings.for_each(|warning| output::complain(&format!("warning: {warning}")));
        files.iter().flat_map(|file| &file.notes).for_each(|note| output::complain(&format!("note: {note}")));
        let seeds = self.seeds(file, experiment);
        let config = Self::config(experiment, &settings);
        let asked = RunRequest { experiment: experiment.about().name, settings: &config, seeds: &seeds };
        let opened = Run::open(dir, asked, self.resume, progress)?;
        match opened {
            Opened::Complete(run) => {
                drop(run);
                output::complain(&format!("{} is complete: nothing to do", dir.display()));
                if let Some(note) = &self.note {
                    if_writable(replace_note(dir, note))?;
                }
                Ok(Finished { dir: dir.into(), page: dir.join("report.html"), record: load_record(dir)? })
            }
            Opened::Work(mut run) => {
                run.set_restart_every(self.restart_every);
                run.set_origin(origin(self.note.clone()))?;
                signal::watch(run.interrupt(), signal::RUN)?;
                let result = experiment.run(&settings, &run).and_then(|record| Ok((run.finish(&record)?, record)));
                signal::unwatch();
                if matches!(result, Err(Error::Interrupted)) {
                    output::complain(&format!("{} ({})", signal::HINT, dir.display()));
                }
                let (page, record) = result?;
                Ok(Finished { dir: dir.into(), page, record })
            }
        }
    }

    /// Runs `experiment` in `dir` and shows its summary, or its numbers as JSON.
    ///
    /// # Errors
    /// As [`Flags::complete`].
    pub fn complete_and_show(
        &self,
        experiment: &dyn AnyExperiment,
        file: Option<&settings::UserFile>,
        dir: &Path,
    ) -> Result<(), Error> {
        let finished = self.complete(experiment, file, dir)?;
        if self.open {
            open_page(&finished.page);
        }
        if self.json {
            return output::print_json(&Results::new(finished.record.numbers));
        }
        let table = text::table(&finished.record.summary, output::width());
        output::print(&format!("{}\n\n{}\n", table.trim_end(), finished.page.display()))
    }
}

/// The command line of this process and the commit of this build, with the user's `note`.
fn origin(note: Option<String>) -> Origin {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy())).collect();
    let commit = option_env!("RGFLOW_COMMIT").filter(|commit| !commit.is_empty()).map(String::from);
    Origin { command: Some([&["rgflow".to_string()], &words[..]].concat().join(" ")), commit, note }
}

/// `word` as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-+=./,:@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Prepares the folder `root`, which will hold several runs and a page of its own; `names` are the runs and files in
/// it.
///
/// # Errors
/// If one of them is a link: everything written must stay inside `root`.
pub fn prepare_root(root: &Path, names: &[&str]) -> Result<(), Error> {
    let own = ["figures", "report.html"];
    names.iter().chain(&own).try_for_each(|name| inside::check_one(&root.join(name)).map(drop))?;
    atomic::remove_temporary(root, false);
    atomic::remove_temporary(&root.join("figures"), false);
    Ok(())
}

/// Result of writing; `None`, with a warning, on a read-only disk, so that finished runs can be shown all the same.
pub fn if_writable<T>(written: Result<T, Error>) -> Result<Option<T>, Error> {
    match written {
        Err(e) if e.is_unwritable() => {
            output::complain(&format!("warning: {e}"));
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// Parses the time between two restarts and refuses values that make no sense.
pub fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.01..=1e6).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "must be 0.01 to 1000000 seconds".into())
}

/// Parses a time: H:MM:SS or MM:SS, or a number with its unit s, m, h or d.
fn time(text: &str) -> Result<Duration, String> {
    const REMEDY: &str = "must be a time above 0 such as 11:50:00, 45:00, 90m or 2h";
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| *number >= 0.0);
    let seconds = if text.contains(':') {
        let parts: Option<Vec<u32>> = text.split(':').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            Some([minutes, seconds @ 0..60]) => Some(f64::from(*minutes) * 60.0 + f64::from(*seconds)),
            Some([hours, minutes @ 0..60, seconds @ 0..60]) => {
                Some(f64::from(*hours) * 3600.0 + f64::from(minutes * 60 + seconds))
            }
            _ => None,
        }
    } else {
        let units = [('s', 1.0), ('m', 60.0), ('h', 3600.0), ('d', 86400.0)];
        units.iter().find_map(|(unit, seconds)| Some(number(text.strip_suffix(*unit)?)? * seconds))
    };
    match (seconds, number(text)) {
        (Some(seconds), _) if seconds > 0.0 && seconds < 1e9 => Ok(Duration::from_secs_f64(seconds)),
        (None, Some(_)) => Err(format!("of which unit? {text}s, {text}m or {text}h")),
        _ => Err(REMEDY.into()),
    }
}

/// Starts the thread pool, with all cores if no number is given. Called once, before any work.
///
/// # Errors
/// If the system refuses them.
pub fn start_threads(threads: Option<u16>) -> Result<(), Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.map_or(0, usize::from)).build_global();
    pool.map_err(|e| {
        Error::user(format!(
            "cannot start threads: {e}; take fewer with --threads, or raise a limit (`ulimit -v`, `ulimit -u`)"
        ))
    })
}

/// Opens a page with the desktop's default program. Failures are ignored: the path is printed anyway.
pub fn open_page(page: &Path) {
    let (program, first): (_, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    if std::process::Command::new(program).args(first).arg(page).spawn().is_err() {
        output::complain(&format!("note: cannot open {} ({program} is missing)", page.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use rgflow_lab::artifact::{Stage, memory::Need, progress::Plan};
    use rgflow_lab::experiment::{About, InputFile};
    use rgflow_lab::record::Number;

    /// Experiment that writes one file; its `size` 13 interrupts the run as a signal does.
    struct Toy;

    impl AnyExperiment for Toy {
        fn about(&self) -> &'static About {
            &About { name: "toy", summary: "A toy", recipe: "size = 4\n", ..About::DEFAULT }
        }
        fn available(&self) -> Result<(), String> {
            Ok(())
        }
        fn files(&self) -> Vec<InputFile<'_>> {
            vec![]
        }
        fn needs(&self, _: &toml::Table) -> Vec<Need> {
            vec![]
        }
        fn plan(&self, _: &toml::Table) -> Plan {
            Plan::new().stage("s", "s", 1.0)
        }
        fn check(&self, settings: &toml::Table) -> Result<(), String> {
            match settings["size"].as_integer() {
                Some(size) if size > 0 => Ok(()),
                _ => Err(format!("size = {}: must be above 0", settings["size"])),
            }
        }
        fn run(&self, settings: &toml::Table, run: &Run) -> Result<Record, Error> {
            let size = settings["size"].as_integer().unwrap();
            for repetition in run.repetitions() {
                let stage = Stage { name: "s", revision: 1, settings: size, inputs: &[], outputs: &["s.txt"] };
                repetition.stage(stage, |out| {
                    if size == 13 {
                        run.interrupt().store(true, std::sync::atomic::Ordering::Relaxed);
                    }
                    out.tick(1)?;
                    out.write("s.txt", size.to_string())
                })?;
            }
            Ok(Record { numbers: vec![Number::new("toy.size", size as f64, None, "1", "")], ..Record::default() })
        }
    }

    #[test]
    fn a_long_experiment_has_fewer_repetitions_in_all() {
        let flags = |words: &[&str]| Line::parse_from([&["rgflow"], words].concat()).flags;
        let ladder = rgflow_lab::experiment::find("ladder").unwrap();
        let seeds = |words: &[&str]| flags(words).in_all(ladder).seeds(None, ladder);
        assert_eq!(seeds(&["--seeds", "10"]), [1, 2, 3]);
        assert_eq!(seeds(&["--seed", "7", "--seeds", "2"]), [7, 8]);
        assert_eq!(flags(&["--seeds", "4"]).in_all(&Toy).seeds(None, &Toy), [1, 2, 3, 4]);
        assert_eq!(flags(&[]).in_all(&Toy).seeds(None, &Toy), [1, 2, 3]);
    }

    #[test]
    fn times_are_read() {
        for (text, seconds) in
            [("11:50:00", 42600.0), ("45:00", 2700.0), ("90m", 5400.0), ("0.5h", 1800.0), ("2s", 2.0)]
        {
            assert_eq!(time(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        for text in ["", "0s", "0:00", "1:60", "1:2:3:4", "-1h", "h", "1e99d", "NaNs"] {
            assert!(time(text).unwrap_err().contains("90m"), "{text}");
        }
        // SLURM would take minutes, most others seconds.
        assert_eq!(time("90").unwrap_err(), "of which unit? 90s, 90m or 90h");
    }

    #[test]
    fn words_of_a_command_line_are_quoted_where_a_shell_needs_it() {
        for (word, text) in [
            ("rbm.epochs=50", "rbm.epochs=50"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("[1,2]", "'[1,2]'"),
        ] {
            assert_eq!(quoted(word), text);
        }
    }

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }

    fn toy(dir: &Path, arguments: &[&str]) -> Result<Finished, Error> {
        let line = Line::parse_from(["rgflow"].iter().chain(arguments));
        line.flags.complete(&Toy, None, dir)
    }

    #[test]
    fn a_run_comes_to_its_end_and_is_shown_again() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("run");
        let done = toy(&dir, &["--seeds", "2", "--set", "size=5"]).unwrap();
        assert_eq!(done.record.numbers[0].value, Some(5.0));
        assert!(done.page.is_file() && dir.join("seed-2/s.txt").is_file());
        assert!(toy(&dir, &["--seeds", "2", "--set", "size=5"]).is_ok());
        // The configuration of a run folder is itself a file that `run` takes.
        let file = settings::UserFile::read(&dir.join("config.toml")).unwrap();
        let line = Line::parse_from(["rgflow"]);
        assert_eq!(line.flags.seeds(Some(&file), &Toy), [1, 2]);
        assert!(line.flags.complete(&Toy, Some(&file), &dir).is_ok());
        let error = toy(&dir, &["--seeds", "1", "--set", "size=5"]).err().unwrap();
        assert!(error.exit_code() == 2 && error.to_string().contains("--resume"), "{error}");
    }

    #[test]
    fn mistakes_are_told_before_the_folder_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("run");
        for (set, part) in
            [("sizes=5", "did you mean `size`?"), ("size=0", "must be above 0"), ("size=a", "whole number")]
        {
            let error = toy(&dir, &["--set", set]).err().unwrap();
            assert!(error.exit_code() == 2 && error.to_string().contains(part), "{error}");
        }
        assert!(!dir.exists());
    }

    #[test]
    fn an_interruption_is_130_and_resumes() {
        let dir = tempfile::tempdir().unwrap();
        let stopped = toy(dir.path(), &["--set", "size=13"]).err().unwrap();
        assert_eq!(stopped.exit_code(), 130);
        let refused = toy(dir.path(), &["--set", "size=13"]).err().unwrap();
        assert!(refused.to_string().contains("unfinished"), "{refused}");
        assert!(toy(dir.path(), &["--set", "size=12", "--resume"]).is_ok());
    }
}
