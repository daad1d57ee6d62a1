//! The report: a record as a page that explains itself, with its figures as files.
//!
//! [`write`](fn@write) makes `figures/ID.svg`, `figures/ID.csv` and `report.html`. The page needs no network, shows its static pictures without
//! JavaScript, and adds values on hover, zoom and downloads with it. Nothing here knows an experiment: it renders
//! [`Record`]s. The script is our own (`page.js`), not a plotting library: it redraws the same SVG that the files hold, so page, print
//! and paper agree to the pixel, and one file serves line figures and maps.

mod axis;
mod colour;
pub mod csv;
pub mod format;
mod page;
mod rich;
pub mod svg;
pub mod text;

use crate::artifact::{Error, atomic, inside};
use crate::record::{Figure, Record};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Writes the figures and the page of `record` into `dir` and returns the path of `report.html`.
///
/// `settings_toml`: the resolved settings, shown as they are. `provenance`: any JSON object, shown as a list of names and values. Every
/// file is written whole or not at all (temporary file in the same folder, then renamed). Figures with the same id get `-2`,
/// `-3` behind it; characters that a file name cannot hold everywhere become `-`.
///
/// # Errors
/// The folder cannot be made, `figures` is a link, or a file cannot be written; the message names the path.
pub fn write(
    dir: &Path,
    record: &Record,
    settings_toml: &str,
    provenance: &serde_json::Value,
) -> Result<PathBuf, Error> {
    let record = with_unique_ids(record);
    let page = page::html(&record, settings_toml, provenance).map_err(|e| Error::failure(format!("the page: {e}")))?;
    let figures = dir.join("figures");
    inside::check_one(&figures)?;
    atomic::create_folder(&figures)?;
    for figure in record.figures() {
        atomic::write(figures.join(format!("{}.svg", figure.id)), svg::figure(figure).as_bytes())?;
        atomic::write(figures.join(format!("{}.csv", figure.id)), csv::figure(figure).as_bytes())?;
    }
    let path = dir.join("report.html");
    atomic::write(&path, page)?;
    Ok(path)
}

/// The record with ids that are file names, each used once (also where a file system ignores case).
fn with_unique_ids(record: &Record) -> Record {
    let mut record = record.clone();
    let mut used = HashSet::new();
    for figure in record.sections.iter_mut().flat_map(|s| &mut s.figures) {
        let wanted = stem(&figure.id);
        let mut candidates = (2..).map(|n| format!("{wanted}-{n}"));
        let mut id = wanted.clone();
        while !used.insert(id.to_lowercase()) {
            id = candidates.next().unwrap_or_default();
        }
        *figure = Figure { id, ..std::mem::take(figure) };
    }
    record
}

/// A file stem from an id: letters, digits, `.`, `_` and `-`, not beginning with a dot, never empty.
fn stem(id: &str) -> String {
    let text: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).take(100).collect();
    let text = text.trim_start_matches('.');
    if text.is_empty() { "figure".into() } else { text.into() }
}
