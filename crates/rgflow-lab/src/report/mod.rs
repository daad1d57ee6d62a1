//! Renders records. To be filled.

use crate::record::Record;
use std::path::{Path, PathBuf};

pub mod format;
pub mod text;

/// Writes `report.html` and `figures/` into `dir`; returns the path of the page.
///
/// # Errors
/// If a file cannot be written.
pub fn write(
    dir: &Path,
    record: &Record,
    _settings_toml: &str,
    _provenance: &serde_json::Value,
) -> std::io::Result<PathBuf> {
    let path = dir.join("report.html");
    std::fs::write(&path, format!("<!doctype html><title>{}</title>", record.title))?;
    Ok(path)
}
