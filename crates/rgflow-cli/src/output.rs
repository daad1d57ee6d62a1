//! Output to stdout, and to stderr through [`complain`]. A closed pipe (`rgflow ... | head`) ends the output quietly.

use rgflow_lab::artifact::Error;
pub use rgflow_lab::artifact::stderr::complain;
use rgflow_lab::artifact::stderr::{harmless, harmless_json};
use rgflow_lab::experiment::About;
use std::io::{ErrorKind, Write};

/// Writes `text` to stdout; control characters are escaped.
///
/// # Errors
/// If stdout cannot be written (a full disk); a closed pipe is no error.
pub fn print(text: &str) -> Result<(), Error> {
    write(&harmless(text))
}

fn write(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::failure(format!("cannot write to stdout: {e}"))),
        _ => Ok(()),
    }
}

/// Writes `value` to stdout as indented JSON.
///
/// # Errors
/// As [`print`].
pub fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Error::failure(format!("JSON: {e}")))?;
    write(&(harmless_json(&text) + "\n"))
}

/// Writes a recipe to stdout as a TOML file that names its experiment.
///
/// # Errors
/// As [`print`].
pub fn print_recipe(about: &About) -> Result<(), Error> {
    print(&format!("experiment = \"{}\"\n\n{}", about.name, about.recipe))
}

/// Text flag as a setting `key=value`.
pub fn text(key: &str, value: Option<&String>) -> Option<String> {
    value.map(|v| format!("{key}={}", toml::Value::String(v.clone())))
}

/// Number flag as a setting `key=value`.
pub fn number<T: std::fmt::Debug>(key: &str, value: Option<T>) -> Option<String> {
    value.map(|v| format!("{key}={v:?}"))
}

/// Rows of text as aligned columns: the first to the left, the others to the right.
pub fn columns(rows: &[Vec<String>]) -> String {
    let n = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..n).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(i, cell)| {
            let width = widths[i];
            if i == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
