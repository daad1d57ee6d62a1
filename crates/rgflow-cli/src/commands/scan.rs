//! `rgflow scan`: an experiment over the full product of settings.

use super::run;
use super::run_flags::{self, Flags, open_page};
use crate::{completion, output, progress, signal};
use rgflow_lab::artifact::{self, Error, atomic, progress::PlannedRun, settings};
use rgflow_lab::experiment::{self, catalogue, scan};
use rgflow_lab::record::{Number, Results};
use rgflow_lab::report::text;
use std::path::Path;

/// Runs an experiment at every point of a product of settings and draws its numbers over them.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow scan ising-2d --axis rbm.epochs=1,10,100 --axis rbm.learning_rate=0.01,0.1 --number \
  ising-2d.rbm.all.gibbs.T_star
  rgflow scan mine.toml --axis rbm.hidden=4,9,16 --number ising-2d.rbm.all.gibbs.T_star
  rgflow scan ising-1d --axis rbm.hidden=2,4,8 --number ising-1d.rbm.all.gibbs.T_star --seeds 10

Every point is a run of its own in DIR/KEY=VALUE,...: a scan that was stopped goes on with --resume, one with more
values makes only the new points. DIR/scan.csv holds all numbers, DIR/report.html the maps (`rgflow report DIR` \
writes it again).")]
pub struct Scan {
    /// Name of an experiment, or a TOML file with `experiment = "NAME"` and the keys it changes, which are the base of
    /// every point.
    #[arg(value_name = "RECIPE-or-FILE.toml", add = completion::experiments())]
    experiment: String,
    /// A setting and its values; each --axis multiplies the number of runs [required].
    #[arg(long = "axis", value_name = "KEY=VALUE,...", required = true, add = completion::axes(), help_heading = "Scan")]
    axes: Vec<String>,
    /// Numbers to show: whole keys of results.json (several times) [default: every number, in scan.csv alone].
    #[arg(long = "number", value_name = "KEY", add = completion::numbers(), help_heading = "Scan")]
    numbers: Vec<String>,
    #[command(flatten)]
    flags: Flags,
}

impl Scan {
    pub fn execute(self) -> Result<(), Error> {
        let file = run::file(&self.experiment)?;
        let experiment = experiment::find(file.as_ref().map_or(self.experiment.as_str(), |file| &file.experiment))?;
        let name = experiment.about().name;
        self.check_numbers(name, file.as_ref().map_or("", |file| &file.text))?;
        let axes = self.axes.iter().map(|axis| scan::Axis::parse(axis)).collect::<Result<Vec<_>, _>>();
        let axes = axes.map_err(|e| Error::user(format!("--axis: {e}")))?;
        if let Some(axis) = axes.iter().enumerate().find_map(|(i, a)| axes[..i].iter().find(|b| b.key == a.key)) {
            return Err(Error::user(format!("--axis {} is there twice; name all its values in one", axis.key)));
        }
        let stem = file.as_ref().and_then(|file| file.path.file_stem()).and_then(|stem| stem.to_str());
        let root = || Path::new("runs").join(format!("scan-{}", stem.unwrap_or(name)));
        let root = self.flags.out.clone().unwrap_or_else(root);
        let layer = file.as_ref().map(|file| (file.path.as_path(), file.text.as_str()));
        // All points are checked first, so that a mistake in the last one does not show up only after hours.
        let points = scan::product(&axes);
        let flags: Vec<Flags> = points.iter().map(|point| self.at(&axes, point)).collect();
        let mut seen: Vec<(toml::Table, String)> = Vec::new();
        for (point, flags) in points.iter().zip(&flags) {
            let (settings, name) = (
                settings::resolve(experiment.about().recipe, layer, &flags.sets).map_err(|e| of_axis(&self.axes, e))?,
                scan::name(&axes, point),
            );
            experiment.check(&settings).map_err(|e| Error::user(format!("{name}: {e}")))?;
            if let Some((_, same)) = seen.iter().find(|(table, _)| *table == settings) {
                return Err(Error::user(format!("--axis: {same} and {name} are the same point; name each value once")));
            }
            experiment::fits(experiment, &settings)?;
            seen.push((settings, name));
        }
        let folders: Vec<String> = points.iter().map(|point| folder(&scan::name(&axes, point))).collect();
        run_flags::prepare_root(
            &root,
            &folders.iter().map(String::as_str).chain(["scan.csv", "record.json"]).collect::<Vec<_>>(),
        )?;
        self.flags.start()?;
        signal::install()?;
        let runs = points.iter().zip(&flags).zip(&folders).map(|((point, flags), folder)| {
            let run = flags.planned(experiment, file.as_ref(), &root.join(folder))?;
            Ok(PlannedRun { point: scan::name(&axes, point), ..run })
        });
        let reporter = progress::reporter(runs.collect::<Result<_, Error>>()?);
        let mut done = Vec::new();
        let all = points.iter().zip(&flags).zip(&folders).enumerate().try_for_each(|(i, ((point, flags), folder))| {
            if !reporter.shows_text() {
                output::complain(&format!("{}/{} {}", i + 1, points.len(), scan::name(&axes, point)));
            }
            let finished = flags.complete_as(experiment, file.as_ref(), &root.join(folder), reporter.of_run(i))?;
            signal::check()?;
            done.push(scan::Done { point: point.clone(), numbers: self.chosen(finished.record.numbers) });
            Ok::<(), Error>(())
        });
        reporter.finish(all.is_ok());
        all?;
        self.check_found(&done)?;
        let table =
            scan::csv(&axes, &done).map_err(|e| Error::failure(format!("the table of {}: {e}", root.display())))?;
        let csv = run_flags::if_writable(atomic::write(root.join("scan.csv"), table))?.map(|()| root.join("scan.csv"));
        if self.numbers.is_empty() {
            done.iter_mut().for_each(|one| one.numbers.clear());
        }
        let record = scan::record(name, &axes, &done);
        let page = artifact::write_report_and_record(&root, &record);
        let page = if csv.is_some() { run_flags::if_writable(page)? } else { None };
        if let Some(page) = page.as_ref().filter(|_| self.flags.open) {
            open_page(page);
        }
        if self.flags.json {
            return output::print_json(&Results::new(record.numbers));
        }
        let paths: String = csv.iter().chain(&page).map(|path| format!("{}\n", path.display())).collect();
        output::print(&format!("{}\n\n{paths}", text::table(&record.summary, output::width()).trim_end()))
    }

    /// Refuses a number that the experiment `name` does not have before the first point is made.
    fn check_numbers(&self, name: &str, file: &str) -> Result<(), Error> {
        let settings = format!("{file} {} {}", self.flags.sets.join(" "), self.axes.join(" "));
        let wrong = self.numbers.iter().find(|key| !catalogue::has_number(name, key, &settings));
        let Some(wrong) = wrong else { return Ok(()) };
        let remedy = catalogue::nearest_number(name, wrong).map_or_else(
            || format!("`rgflow inspect DIR --numbers` shows those of a finished run of {name}"),
            |near| format!("did you mean `{}`?", near.replace("ising-#d", name)),
        );
        Err(Error::user(format!("--number {wrong}: {name} has no such number; {remedy}")))
    }

    /// Flags for one point of the scan.
    fn at(&self, axes: &[scan::Axis], point: &[usize]) -> Flags {
        let mut flags = self.flags.clone();
        flags.sets.extend(axes.iter().zip(point).map(|(axis, v)| format!("{}={}", axis.key, axis.values[*v])));
        flags
    }

    /// The requested numbers that a point has, in the order requested; all numbers if none was requested.
    fn chosen(&self, numbers: Vec<Number>) -> Vec<Number> {
        if self.numbers.is_empty() {
            return numbers;
        }
        let one = |key: &String| numbers.iter().find(|number| number.key == *key).cloned();
        self.numbers.iter().filter_map(one).collect()
    }

    /// Refuses a requested number that no point has, and says where only some have it.
    fn check_found(&self, done: &[scan::Done]) -> Result<(), Error> {
        for key in &self.numbers {
            let with = done.iter().filter(|one| one.numbers.iter().any(|number| number.key == *key)).count();
            if with == 0 {
                let (name, remedy) = (&self.experiment, "`rgflow inspect` with --numbers shows those of a point");
                return Err(Error::user(format!("--number {key}: no point of {name} has such a number; {remedy}")));
            }
            if with < done.len() {
                output::complain(&format!("note: --number {key}: {with} of {} points have it", done.len()));
            }
        }
        Ok(())
    }
}

/// The error of a setting, which is one of `--axis` where an axis has its key.
fn of_axis(axes: &[String], error: Error) -> Error {
    let text = error.to_string();
    let is_of = |axis: &String| axis.split('=').next().is_some_and(|key| text.contains(key.trim()));
    if axes.iter().any(is_of) { Error::user(text.replace(" in --set", " in --axis")) } else { error }
}

/// Name of a point without characters that a file system may refuse.
fn folder(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "=.,_-[]".contains(c) { c } else { '_' }).collect()
}
