//! What experiments on the user's own files say of them.

use super::AnyExperiment;
use crate::record::Record;
use std::path::Path;

/// The notes of a data set with its name before each.
pub fn notes_of(data: Option<&crate::dataset::Dataset>) -> Vec<String> {
    let named = |data: &crate::dataset::Dataset| -> Vec<String> {
        data.notes.iter().map(|note| format!("{}: {note}", data.path.display())).collect()
    };
    data.map(named).unwrap_or_default()
}

/// The entry of `config.toml` for a file that the user gave: its name, not its place, and the hash of its bytes.
pub fn file_entry(key: &str, path: &Path, hash: &str) -> toml::Table {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let entry = toml::Table::from_iter([("file".into(), name.into()), ("blake3".into(), hash.into())]);
    toml::Table::from_iter([(key.to_string(), toml::Value::Table(entry))])
}

/// A record whose first table says what the experiment warned of and took of the user's `files`, each with a word for what it is: by
/// their names, as their places differ from machine to machine.
pub fn with_notes(mut record: Record, of: &dyn AnyExperiment, table: &toml::Table, files: &[(&Path, &str)]) -> Record {
    for mut note in of.warnings(table).into_iter().chain(of.notes()) {
        for (path, what) in files {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            note = note.replace(&path.display().to_string(), format!("{what} {name}").trim_start());
        }
        record.summary.notes.push(note);
    }
    record
}
