//! The report of a record as files of a folder.

use super::{Error, atomic, inside};
use crate::record::Record;
use crate::report;
use std::path::{Path, PathBuf};

/// Writes the figures and the page of `record` into `dir` (see [`report::files`]) and returns the path of
/// `report.html`. Every file is written whole or not at all (temporary file in the same folder, then renamed).
///
/// # Errors
/// The folder cannot be made, `figures` is a link, or a file cannot be written; the message names the path.
pub fn write_report(
    dir: &Path,
    record: &Record,
    settings_toml: &str,
    provenance: &serde_json::Value,
) -> Result<PathBuf, Error> {
    let files = report::files(record, settings_toml, provenance).map_err(Error::failure)?;
    let figures = dir.join("figures");
    inside::check_one(&figures)?;
    atomic::create_folder(&figures)?;
    files.iter().try_for_each(|(name, text)| atomic::write(dir.join(name), text))?;
    Ok(dir.join("report.html"))
}

/// As [`write_report`] without settings and provenance; the record itself is written too, so that
/// [`render_again`](super::render_again) can write the page of several runs again.
///
/// # Errors
/// As [`write_report`].
pub fn write_report_and_record(dir: &Path, record: &Record) -> Result<PathBuf, Error> {
    atomic::write(dir.join(super::folder::RECORD), super::json::pretty(record)?)?;
    write_report(dir, record, "", &serde_json::Value::Null)
}
