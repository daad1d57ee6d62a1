//! Output to stdout, and to stderr through [`complain`]. A closed pipe (`rgflow ... | head`) ends the output quietly.

use rgflow_lab::artifact::Error;
pub use rgflow_lab::artifact::stderr::complain;
use rgflow_lab::artifact::stderr::{self, harmless, harmless_json};
use rgflow_lab::experiment::About;
use rgflow_lab::report::text;
use std::io::{ErrorKind, Write};

/// Writes `text` to stdout, long lines wrapped at their words; control characters are escaped.
///
/// # Errors
/// If stdout cannot be written (a full disk); a closed pipe is no error.
pub fn print(text: &str) -> Result<(), Error> {
    let width = width();
    write(&harmless(text).lines().map(|line| text::wrapped(line, width)).collect::<String>())
}

/// Writes a script or another file to stdout; no line is wrapped.
///
/// # Errors
/// As [`print`].
pub fn print_file(text: &str) -> Result<(), Error> {
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
    print_file(&format!("experiment = \"{}\"\n\n{}", about.name, about.recipe))
}

/// Text flag as a setting `key=value`.
pub fn text(key: &str, value: Option<&String>) -> Option<String> {
    value.map(|v| format!("{key}={}", toml::Value::String(v.clone())))
}

/// Number flag as a setting `key=value`.
pub fn number<T: std::fmt::Debug>(key: &str, value: Option<T>) -> Option<String> {
    value.map(|v| format!("{key}={v:?}"))
}

/// Columns of the terminal of stdout; 80 where there is none.
pub fn width() -> usize {
    stderr::width_of_stdout()
}

/// Rows of text as aligned columns that fit the terminal, or 80 columns: the first to the left, the others to the
/// right.
pub fn columns(rows: &[Vec<String>]) -> String {
    let n = rows.iter().map(Vec::len).max().unwrap_or(0);
    let right: Vec<bool> = (0..n).map(|column| column > 0).collect();
    columns_to(rows, &right)
}

/// The same with the columns in `right` to the right, the others to the left.
pub fn columns_to(rows: &[Vec<String>], right: &[bool]) -> String {
    text::rows(rows, right, width(), false)
}
