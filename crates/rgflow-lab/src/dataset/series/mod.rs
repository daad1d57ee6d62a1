//! Series of the user's own: quantities measured along Markov chains, from tables with a row for each measurement.
//!
//! Which column is what is decided by names and values, and each decision is said: a column of chains, an index (the
//! number of the sweep), parameters (temperature, size) that must not change within what is read as one, and
//! quantities.

mod parts;
mod roles;

use super::columns::{ChainAxis, Columns};
use super::pairing::some;
use crate::artifact::Error;
use parts::{Chain, Parts};
use roles::{one_temperature, roles};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Names of columns with the values that all rows of a series have in them.
pub type Group = Vec<(String, String)>;

/// How files are to be read.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The column of chains; `None`: `chain` and similar names.
    pub chain: Option<String>,
    /// Columns by whose values the rows are separate series, or `file`.
    pub by: Vec<String>,
    /// Columns of quantities; empty: all that are nothing else.
    pub columns: Vec<String>,
    /// Along which axis of an array chains lie.
    pub chains_are: Option<ChainAxis>,
    /// Values left out at the begin of every chain.
    pub discard: usize,
}

/// Chains of one law: one or more quantities measured together.
#[derive(Clone, Debug)]
pub struct Series {
    /// Words that tell these rows from the other series of the files, such as `T = 2.25`.
    pub group: Group,
    /// Names of the chains.
    pub chains: Vec<String>,
    /// The quantities with the values of each chain.
    pub quantities: Vec<(String, Vec<Vec<f64>>)>,
    /// The column that counts the rows.
    pub index: Option<Index>,
}

/// A column that counts the rows of each chain, such as the number of the sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// By how much it advances from row to row; `None` where it advances unevenly.
    pub step: Option<f64>,
}

/// All series of some files.
#[derive(Clone, Debug)]
pub struct Found {
    /// The files with the hashes of their bytes.
    pub files: Vec<(PathBuf, String)>,
    /// The series, in the order in which they begin.
    pub series: Vec<Series>,
    /// Choices made where the files could be read in two ways, one sentence each.
    pub notes: Vec<String>,
}

/// Reads series from `files`; each file, and each value of its column of chains, is a chain.
///
/// # Errors
/// [`Error::User`] of one line that names file, place and remedy: a value that is not finite, files with different
/// columns, parameters that change, an index that goes back, what could be read in two ways.
pub fn read(files: &[PathBuf], asked: &Asked) -> Result<Found, Error> {
    let mut wanted = asked.columns.clone();
    if !wanted.is_empty() {
        wanted.extend(asked.by.iter().chain(&asked.chain).cloned());
    }
    let tables =
        files.iter().map(|path| Columns::read(path, asked.chains_are, &wanted)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = tables.first() else { return Err(Error::user("give a file of series")) };
    let names = |table: &Columns| (0..table.columns.len()).map(|c| table.title(c)).collect::<Vec<_>>();
    if let Some(other) = tables.iter().find(|table| names(table) != names(first)) {
        return Err(Error::user(format!(
            "{} has the columns {}, {} has {}: chains of one law have the same columns",
            first.path.display(),
            some(&names(first)),
            other.path.display(),
            some(&names(other))
        )));
    }
    let mut notes = Vec::new();
    for note in tables.iter().flat_map(|table| &table.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    let wrong = |table: &Columns, what: String| Error::user(format!("{}: {what}", table.path.display()));
    let roles = roles(first, asked).map_err(|what| wrong(first, what))?;
    one_temperature(&tables, &roles)?;
    // Rows by group, then by chain, in the order in which they begin.
    let mut groups: Vec<(Group, Vec<Chain>)> = Vec::new();
    for (file, table) in tables.iter().enumerate() {
        let mut known: BTreeMap<(Vec<String>, String), (usize, usize)> = BTreeMap::new();
        for row in 0..table.n_rows() {
            let by: Vec<String> = roles.by.iter().map(|c| table.label(*c, row)).collect();
            let own = roles.chain.map_or(String::new(), |c| table.label(c, row));
            let (group, chain) = *known.entry((by, own)).or_insert_with_key(|(by, own)| {
                let names = roles.by.iter().map(|c| table.title(*c)).zip(by.iter().cloned());
                let of_file = roles.by_file.then(|| ("file".to_string(), table.path.display().to_string()));
                let group: Group = names.chain(of_file).collect();
                let g = groups.iter().position(|(known, _)| *known == group).unwrap_or_else(|| {
                    groups.push((group, Vec::new()));
                    groups.len() - 1
                });
                let stem = table.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let name = match (tables.len() > 1 && !roles.by_file, own.is_empty()) {
                    (false, _) => own.clone(),
                    (true, true) => stem,
                    (true, false) => format!("{stem}: {own}"),
                };
                groups[g].1.push(Chain { file, name, rows: Vec::new() });
                (g, groups[g].1.len() - 1)
            });
            groups[group].1[chain].rows.push(row);
        }
    }
    let parts = Parts { tables: &tables, roles: &roles, asked };
    let mut series = Vec::new();
    for (group, chains) in groups {
        series.push(parts.series(group, chains, &mut notes)?);
    }
    Ok(Found { files: tables.into_iter().map(|table| (table.path, table.hash)).collect(), series, notes })
}
