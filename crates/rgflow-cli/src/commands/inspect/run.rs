//! A run folder on one screen: date, command, settings, summary and page; numbers and stages on request.

use super::{Parts, number_lines, read_results};
use crate::commands::list::day;
use crate::output;
use rgflow_lab::artifact::provenance::Provenance;
use rgflow_lab::artifact::{
    Error, OVERVIEW, cleaned_files, damaged_file, holds_several, is_complete, load_config, load_record,
};
use rgflow_lab::experiment::catalogue;
use rgflow_lab::record::{Number, Results};
use rgflow_lab::report::text;
use serde_json::{Value, json};
use std::path::Path;

/// The run in `dir` as JSON and as text.
pub fn folder(dir: &Path, parts: &Parts) -> Result<(Value, String), Error> {
    if holds_several(dir) {
        return several(dir, parts);
    }
    let config = load_config(dir)?;
    let config: toml::Table =
        config.parse().map_err(|_| Error::failure(format!("{}/config.toml is damaged", dir.display())))?;
    let complete = is_complete(dir)?;
    let provenance = Provenance::read(dir).unwrap_or_default();
    let (all, record) = match complete {
        true => (read_results(&dir.join("results.json"))?.numbers, load_record(dir).ok()),
        false => (Vec::new(), None),
    };
    let numbers = chosen(&all, dir, parts, complete)?;
    let (changed, page) = (catalogue::changed(&config), dir.join("report.html"));
    let cleaned = cleaned_files(dir);
    let value = json!({
        "kind": "run", "complete": complete, "config": config, "provenance": provenance,
        "schema": Results::SCHEMA, "numbers": numbers, "changed": changed, "cleaned_files": cleaned,
        "summary": record.as_ref().map(|record| &record.summary), "page": page.is_file().then_some(&page),
    });
    let experiment = config.get("experiment").and_then(|e| e.as_str()).unwrap_or("?");
    let state = match damaged_file(dir)? {
        _ if complete => "complete".to_string(),
        Some(file) => format!("damaged: {file} is missing or has changed (--resume makes it again)"),
        None => "unfinished (--resume goes on)".to_string(),
    };
    let head = format!("{}: run of {experiment}, {state}\n", dir.display());
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut line = |name: &str, text: String| lines.push(vec![name.into(), text.replace('\n', "\\n")]);
    if let Some(date) = &provenance.date {
        line("date", day(Some(date)));
    }
    provenance.origin.command.iter().for_each(|command| line("command", command.clone()));
    let defaults = if changed.is_empty() { "all as in the recipe".into() } else { changed.join(" ") };
    line("settings", defaults);
    config.get("seeds").iter().for_each(|seeds| line("seeds", seeds.to_string()));
    provenance.origin.note.iter().for_each(|note| line("note", note.clone()));
    if !provenance.version.is_empty() {
        line("program", program(&provenance));
    }
    if cleaned > 0 {
        line("cleaned", format!("{cleaned} files of stages were removed; --resume makes them again"));
    }
    let mut text = head + &output::columns_to(&lines, &[false, false]);
    if let Some(record) = record.filter(|_| parts.numbers.is_none() && !parts.stages) {
        text += &format!("\n{}\n\n{}\n", text::table(&record.summary, output::width()).trim_end(), page.display());
        text += &format!("{} numbers: --numbers [FILTER]; stages and times: --stages\n", all.len());
    }
    if parts.stages {
        text += &format!("\n{}", stages(&provenance));
    }
    if parts.numbers.is_some() {
        text += &format!("\n{}", number_lines(numbers));
    }
    Ok((value, text))
}

/// The numbers whose keys contain the filter of `parts`.
fn chosen<'a>(all: &'a [Number], dir: &Path, parts: &Parts, complete: bool) -> Result<Vec<&'a Number>, Error> {
    let filter = parts.numbers.as_deref().unwrap_or_default();
    let numbers: Vec<&Number> = all.iter().filter(|number| number.key.contains(filter)).collect();
    if numbers.is_empty() && !filter.is_empty() {
        let why = if complete { "`--numbers` alone shows all" } else { "finish the run with --resume" };
        return Err(Error::user(format!("--numbers {filter}: no key of {} contains it; {why}", dir.display())));
    }
    Ok(numbers)
}

/// The runs of a scan or of `reproduce` in `dir`, by their common record, as JSON and as text.
fn several(dir: &Path, parts: &Parts) -> Result<(Value, String), Error> {
    let (record, page) = (load_record(dir)?, dir.join("report.html"));
    let kind = if record.experiment == OVERVIEW { OVERVIEW } else { "scan" };
    let numbers = chosen(&record.numbers, dir, parts, true)?;
    let value = json!({ "kind": kind, "summary": record.summary, "numbers": numbers, "page": page });
    let shown = match parts.numbers {
        Some(_) => number_lines(numbers),
        None => format!("{}\n\n{}\n", text::table(&record.summary, output::width()).trim_end(), page.display()),
    };
    Ok((value, format!("{}: {}\n\n{shown}", dir.display(), record.question)))
}

fn program(p: &Provenance) -> String {
    let commit = p.origin.commit.as_ref().map(|commit| format!(" ({commit})")).unwrap_or_default();
    let cpu = p.cpu.as_ref().map(|cpu| format!(", {cpu}")).unwrap_or_default();
    let memory = p.peak_memory_mib.map(|m| format!(", {m:.0} MiB")).unwrap_or_default();
    let (version, seconds) = (&p.version, p.wall_seconds);
    format!(
        "rgflow {version}{commit}, {}{cpu} ({}), {} threads, {seconds:.1} s{memory}",
        p.platform, p.cpu_path, p.threads
    )
}

fn stages(provenance: &Provenance) -> String {
    let mut rows = vec![["stage", "seed", "seconds"].map(String::from).to_vec()];
    for t in &provenance.stages {
        let seconds = t.seconds.map_or("-".into(), |s| format!("{s:.2}"));
        rows.push(vec![t.stage.clone(), t.seed.to_string(), seconds]);
    }
    output::columns(&rows)
}
