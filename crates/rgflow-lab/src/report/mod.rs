//! The report: a record as a self-explanatory page, with its figures as files.
//!
//! [`files`] makes `figures/ID.svg`, `figures/ID.csv` and `report.html`. The page needs no network, shows static
//! pictures without JavaScript, and with it adds values on hover, zoom and downloads. Nothing here depends on an
//! experiment: it renders [`Record`]s. The script is our own (`page.js`), not a plotting library: it redraws the same
//! SVG as in the files, so page, print and paper agree to the pixel, and one file serves line figures and maps.

mod axis;
mod colour;
pub mod csv;
mod page;
mod rich;
pub mod svg;
pub mod text;

use crate::record::{Figure, Record};
use std::collections::HashSet;

/// The files of a report, by their names in its folder: the figures, then the page `report.html`.
///
/// `settings_toml`: the resolved settings, shown as they are. `provenance`: any JSON object, shown as a list of names
/// and values. Repeated ids of figures get the suffix `-2`, `-3`; characters that are not portable in file names become
/// `-`.
///
/// # Errors
/// A value that the page cannot show.
pub fn files(
    record: &Record,
    settings_toml: &str,
    provenance: &serde_json::Value,
) -> Result<Vec<(String, String)>, String> {
    let record = with_unique_ids(record);
    let page = page::html(&record, settings_toml, provenance).map_err(|e| format!("the page: {e}"))?;
    let mut files = Vec::new();
    for figure in record.figures() {
        files.push((format!("figures/{}.svg", figure.id), svg::figure(figure)));
        files.push((format!("figures/{}.csv", figure.id), csv::figure(figure)));
    }
    files.push(("report.html".into(), page));
    Ok(files)
}

/// The record with ids that are valid file names, each used once (also where a file system ignores case).
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
