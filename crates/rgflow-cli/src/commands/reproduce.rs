//! `rgflow reproduce`: the thesis's figures and tables by number, with the verdict on each claim.

use super::run_flags::{self, Finished, Flags, open_page};
use crate::{completion, output, progress, signal};
use rgflow_lab::artifact::{self, Error, settings};
use rgflow_lab::experiment::{ALL, AnyExperiment, Item, ItemRecord, overview};
use rgflow_lab::record::{Cell, Number, Results, Table};
use rgflow_lab::report::text;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Reproduces figures and tables of the thesis and shows each claim beside the numbers.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rgflow reproduce --list        what there is and what the thesis claims
  rgflow reproduce fig4.6        runs what makes the figure, or takes its finished folder
  rgflow reproduce all --seeds 10   all items, sec4.ladder by 3 seeds; runs/report.html has the verdicts
  rgflow reproduce fig4.2 fig4.6 --json")]
pub struct Reproduce {
    /// Numbers of figures and tables such as fig4.6, or `all` [required, but for --list].
    #[arg(value_name = "ITEM", required_unless_present = "list", add = completion::items())]
    items: Vec<String>,
    /// With `all`: makes what takes longest too, the maps over settings and the exponents of appendix B.
    #[arg(long)]
    maps: bool,
    /// Lists the items with their titles and claims.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    flags: Flags,
}

/// The word for all items.
const ALL_ITEMS: &str = "all";

/// An item and the experiment that makes it.
type Entry = (&'static dyn AnyExperiment, &'static Item);

/// An item that is not made, with the reason.
type LeftOut = (&'static Item, String);

impl Reproduce {
    pub fn execute(self) -> Result<(), Error> {
        if self.list {
            return list(self.flags.json);
        }
        let (wanted, left_out) = self.wanted()?;
        self.flags.start()?;
        signal::install()?;
        let mut finished: BTreeMap<&str, Finished> = BTreeMap::new();
        let several = wanted.iter().any(|(experiment, _)| experiment.about().name != wanted[0].0.about().name);
        let root = self.flags.out.clone().unwrap_or_else(|| Path::new("runs").into());
        if several {
            // Everything below --out is ours; runs/NAME is the --out of its own run and may lie elsewhere.
            let names =
                wanted.iter().filter(|_| self.flags.out.is_some()).map(|(experiment, _)| experiment.about().name);
            run_flags::prepare_root(&root, &names.chain(["record.json"]).collect::<Vec<_>>())?;
        }
        let folder = |name: &str| match &self.flags.out {
            Some(out) if several => out.join(name),
            Some(out) => out.clone(),
            None => Path::new("runs").join(name),
        };
        let mut experiments: Vec<&dyn AnyExperiment> = Vec::new();
        for (experiment, _) in &wanted {
            if experiments.iter().all(|other| other.about().name != experiment.about().name) {
                experiments.push(*experiment);
            }
        }
        let is_all = self.items.iter().any(|item| item == ALL_ITEMS);
        let flags = |e: &dyn AnyExperiment| if is_all { self.flags.in_all(e) } else { self.flags.clone() };
        let runs = experiments.iter().map(|e| flags(*e).planned(*e, None, &folder(e.about().name)));
        let reporter = progress::reporter(runs.collect::<Result<_, _>>()?);
        let all = experiments.iter().enumerate().try_for_each(|(i, experiment)| {
            let name = experiment.about().name;
            finished
                .insert(name, flags(*experiment).complete_as(*experiment, None, &folder(name), reporter.of_run(i))?);
            signal::check()
        });
        reporter.finish(all.is_ok());
        all?;
        let found: Vec<(Entry, &Finished)> =
            wanted.iter().filter_map(|entry| Some((*entry, finished.get(entry.0.about().name)?))).collect();
        let page = if several { Some(first_page(&root, &found, &left_out)?) } else { None };
        if self.flags.open {
            match &page {
                Some((page, _)) => page.iter().for_each(|page| open_page(page)),
                None => finished.values().for_each(|finished| open_page(&finished.page)),
            }
        }
        if self.flags.json {
            return output::print_json(&results(&found));
        }
        let mut parts: Vec<String> = found.iter().map(|(entry, finished)| as_text(entry, finished)).collect();
        if let Some((page, table)) = page {
            let page = page.map_or(String::new(), |page| format!("\n{}\n", page.display()));
            parts.push(format!("{}\n{page}", text::table(&table, output::width()).trim_end()));
        }
        output::print(&parts.join("\n"))
    }

    /// Items to make, and the items of `all` that are left out, each with the reason.
    fn wanted(&self) -> Result<(Vec<Entry>, Vec<LeftOut>), Error> {
        let mut wanted: Vec<Entry> = Vec::new();
        let mut left_out = Vec::new();
        for id in &self.items {
            let mut found: Vec<Entry> = all().filter(|(_, item)| id == ALL_ITEMS || item.id == *id).collect();
            if found.is_empty() {
                let near = settings::nearest(id, all().map(|(_, item)| item.id.as_str()));
                let remedy =
                    near.map_or("`rgflow reproduce --list` shows them".into(), |n| format!("did you mean `{n}`?"));
                return Err(Error::user(format!("unknown figure or table `{id}`; {remedy}")));
            }
            found.retain(|(experiment, item)| {
                let left = id == ALL_ITEMS && experiment.about().is_long && !self.maps;
                let available = if left { Err("`--maps` makes it".into()) } else { experiment.available() };
                let kept = available.is_ok();
                left_out.extend(available.err().map(|reason| (*item, reason)));
                kept
            });
            for entry in found {
                if !wanted.iter().any(|(_, item)| item.id == entry.1.id) {
                    wanted.push(entry);
                }
            }
        }
        match (wanted.is_empty(), left_out.first()) {
            (true, Some((item, reason))) => Err(Error::user(format!("{} cannot be made: {reason}", item.id))),
            _ => Ok((wanted, left_out)),
        }
    }
}

/// Writes the page of all experiments into `root`; returns its path (if it may be written) and the table of verdicts.
fn first_page(
    root: &Path,
    found: &[(Entry, &Finished)],
    left_out: &[LeftOut],
) -> Result<(Option<PathBuf>, Table), Error> {
    let found: Vec<ItemRecord> = found
        .iter()
        .map(|((experiment, item), finished)| ItemRecord {
            item,
            record: &finished.record,
            page: format!("{}/report.html", experiment.about().name),
        })
        .collect();
    let record = overview(&found, left_out);
    let page = run_flags::if_writable(artifact::write_report_and_record(root, &record))?;
    Ok((page, record.summary))
}

fn all() -> impl Iterator<Item = Entry> {
    ALL.iter().flat_map(|experiment| Item::of(experiment.about().name).map(move |item| (*experiment, item)))
}

fn list(json: bool) -> Result<(), Error> {
    if json {
        let items = all().map(|(experiment, item)| {
            let (id, title, claim) = (&item.id, &item.title, &item.claim);
            serde_json::json!({ "id": id, "title": title, "claim": claim, "experiment": experiment.about().name })
        });
        return output::print_json(&serde_json::json!({ "items": items.collect::<Vec<_>>() }));
    }
    let row = |[name, text]: [&str; 2]| vec![name.to_string(), text.to_string()];
    let items = all().flat_map(|(_, item)| [[&*item.id, &*item.title], ["", &*item.claim]]);
    let rows: Vec<_> = [["item", "title, and the claim"]].into_iter().chain(items).map(row).collect();
    output::print(&output::columns_to(&rows, &[false, false]))
}

fn numbers<'a>(item: &Item, finished: &'a Finished) -> Vec<&'a Number> {
    let numbers = finished.record.numbers.iter();
    numbers.filter(|number| item.keys.iter().any(|prefix| number.key.starts_with(prefix))).collect()
}

/// Pictures of the item: `fig4.6.svg` and `fig4.6-more.svg`, but not `fig4.60.svg`.
fn figures(item: &Item, dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.join("figures")).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        stem.is_some_and(|stem| item.has_figure(stem)) && path.extension().is_some_and(|e| e == "svg")
    });
    paths.sort();
    paths
}

/// Object of `results.json` with the numbers that answer the items, each number once.
fn results(found: &[(Entry, &Finished)]) -> serde_json::Value {
    let mut chosen: Vec<Number> = Vec::new();
    for ((_, item), finished) in found {
        for number in numbers(item, finished) {
            if chosen.iter().all(|n| n.key != number.key) {
                chosen.push(number.clone());
            }
        }
    }
    serde_json::json!(Results::new(chosen))
}

fn as_text((_, item): &Entry, finished: &Finished) -> String {
    let mut table = Table {
        caption: format!("{}: {}", item.id, item.title),
        columns: ["number", "value", "reference", "verdict", "source"].map(String::from).into(),
        rows: Vec::new(),
        notes: vec![format!("The thesis: {}", item.claim)],
    };
    for number in numbers(item, finished) {
        let value = |value, error, interval| Cell::Value { value, error, interval, remark: None };
        let own = || vec![Cell::text(&number.key), value(number.value, number.error, number.interval)];
        for comparison in &number.compare {
            let mut row = own();
            row.push(value(comparison.value, comparison.error, None));
            row.extend([Cell::Verdict(comparison.verdict), Cell::text(&comparison.source)]);
            table.rows.push(row);
        }
        if number.compare.is_empty() {
            let mut row = own();
            row.extend(["", "", ""].map(Cell::text));
            table.rows.push(row);
        }
    }
    let paths = figures(item, &finished.dir);
    let paths: String = paths.iter().map(|path| format!("{}\n", path.display())).collect();
    format!("{}\n{paths}", text::table(&table, output::width()).trim_end())
}
