//! Tables for a data collapse: columns of L, T, a quantity and its error, from one file or several.

use super::columns::Columns;
use super::file_names;
use super::label_names::{Labelling, usual};
use super::pairing::some;
use crate::artifact::Error;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Names of columns, as far as the user gives them.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Of L.
    pub size: Option<String>,
    /// Of T in J/k_B.
    pub temperatures: Option<String>,
    /// Of 1/T.
    pub beta: Option<String>,
    /// Of the quantity.
    pub value: Option<String>,
    /// Of its standard error.
    pub error: Option<String>,
}

impl Asked {
    /// The names that were given.
    fn names(&self) -> Vec<String> {
        let Self { size, temperatures, beta, value, error } = self;
        [size, temperatures, beta, value, error].into_iter().flatten().cloned().collect()
    }
}

/// A row of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// L in sites.
    pub size: usize,
    /// T in J/k_B.
    pub t: f64,
    /// The value.
    pub value: f64,
    /// Its standard error; NaN in a table without errors.
    pub error: f64,
}

/// A table, and what of it was read.
#[derive(Clone, Debug)]
pub struct ScalingTable {
    /// The points that were read.
    pub read: Read,
    /// The rows in the order of the files.
    pub rows: Vec<Row>,
    /// Choices made where a file could be read in two ways, one sentence each.
    pub notes: Vec<String>,
}

/// Readings of a table.
#[derive(Clone, Debug, Serialize)]
pub struct Read {
    /// Paths of the files with the hashes of their bytes.
    pub files: Vec<(PathBuf, String)>,
    /// Column of L; `None`: the names of the files say it.
    pub size: Option<String>,
    /// Column of the temperature.
    pub temperature: String,
    /// Whether that column holds 1/T.
    pub is_beta: bool,
    /// Column of the quantity.
    pub value: String,
    /// Column of its error; `None`: there is none.
    pub error: Option<String>,
}

/// Usual names of columns of L; a single letter as it stands.
const SIZES: [&str; 6] = ["L", "size", "lattice_size", "linear_size", "length", "Lx"];
/// Usual names of columns of errors.
const ERRORS: [&str; 8] = ["error", "err", "dy", "sigma", "stderr", "std_err", "standard_error", "yerr"];

/// Positions of the columns.
struct Places {
    size: Option<usize>,
    t: usize,
    is_beta: bool,
    value: usize,
    error: Option<usize>,
}

/// Whether the file `path` holds a table and no samples: text, `.npy`, or an archive with arrays of one dimension
/// alone.
pub fn is_table(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    if !name.ends_with(".npz") {
        return true;
    }
    let shapes = crate::artifact::npz::Reader::open(path).and_then(|mut file| file.describe());
    shapes.is_ok_and(|all| all.iter().all(|d| d.name != "spins" && d.shape.len() <= 1))
}

/// Reads one table from `files`, their rows one below the other.
///
/// # Errors
/// [`Error::User`] of one line that names file, column and remedy.
pub fn read(files: &[PathBuf], asked: &Asked) -> Result<ScalingTable, Error> {
    let (mut rows, mut notes, mut read) = (Vec::new(), Vec::new(), None::<Read>);
    for path in files {
        let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
        let wanted = asked.names();
        let wanted = if asked.value.is_some() && asked.size.is_some() { wanted } else { Vec::new() };
        let table = Columns::read(path, None, &wanted)?;
        let of_name = file_names::size(path);
        let places = places(&table, asked, of_name.is_some(), &mut notes).map_err(wrong)?;
        let title = |c: usize| table.title(c);
        let own = Read {
            files: Vec::new(),
            size: places.size.map(title),
            temperature: title(places.t),
            is_beta: places.is_beta,
            value: title(places.value),
            error: places.error.map(title),
        };
        let known = read.get_or_insert_with(|| own.clone());
        if (&known.value, &known.error, known.is_beta) != (&own.value, &own.error, own.is_beta) {
            return Err(wrong(format!(
                "is read as `{}` with the error {}, the files before it as `{}` with {}; name them with --value and \
                 --error",
                own.value,
                own.error.as_deref().unwrap_or("unknown"),
                known.value,
                known.error.as_deref().unwrap_or("unknown")
            )));
        }
        known.files.push((path.clone(), table.hash.clone()));
        if places.size.is_none() {
            notes.push(format!("{}: L = {} by its name", path.display(), of_name.unwrap_or(0)));
        }
        notes.extend(table.notes.iter().cloned());
        rows.extend(rows_of(&table, &places, of_name).map_err(wrong)?);
    }
    let read = read.ok_or_else(|| Error::user("give a table with columns such as L, T, U4, error"))?;
    notes.push(format!(
        "read as L = {}, {} = {}, y = {}, error = {}",
        read.size.as_ref().map_or("by name of the file".into(), |name| format!("`{name}`")),
        if read.is_beta { "1/T" } else { "T" },
        format_args!("`{}`", read.temperature),
        format_args!("`{}`", read.value),
        read.error.as_ref().map_or("none".into(), |name| format!("`{name}`"))
    ));
    Ok(ScalingTable { read, rows, notes })
}

/// Positions of the columns, by what the user says, by usual names, or by their order where they have no names.
fn places(table: &Columns, asked: &Asked, size_is_known: bool, notes: &mut Vec<String>) -> Result<Places, String> {
    let n = table.columns.len();
    if table.columns.iter().all(|c| c.name.is_empty()) && asked.names().is_empty() {
        let expected = if size_is_known { 2 } else { 3 };
        if n != expected && n != expected + 1 {
            return Err(format!(
                "has {n} columns without names; name them in a first line, or by number as in --size 1 --temperatures \
                 2 --value 3 --error 4"
            ));
        }
        let first = usize::from(!size_is_known);
        notes.push("columns without names are taken in the order L, T, y, error".into());
        let size = (!size_is_known).then_some(0);
        return Ok(Places {
            size,
            t: first,
            is_beta: false,
            value: first + 1,
            error: (n > expected).then_some(first + 2),
        });
    }
    let find = |name: &Option<String>, flag: &str| name.as_ref().map(|name| table.find(name, flag)).transpose();
    let name = |c: usize| table.columns[c].name.as_str();
    let named = |known: &[&str]| {
        let is_one = |c: &usize| {
            known.iter().any(|k| if k.len() == 1 { *k == name(*c) } else { k.eq_ignore_ascii_case(name(*c)) })
        };
        (0..n).filter(is_one).collect::<Vec<_>>()
    };
    let titles = || some(&(0..n).map(|c| table.title(c)).collect::<Vec<_>>());
    let one = |found: Vec<usize>, what: &str, flag: &str| match found[..] {
        [] => Err(format!("no column is called as {what} usually is; it has {}; name it with {flag}", titles())),
        [c] => Ok(c),
        [a, b, ..] => {
            Err(format!("`{}` and `{}` may both be {what}; name one, as in {flag} {}", name(a), name(b), name(a)))
        }
    };
    let size = match find(&asked.size, "--size")? {
        Some(c) => Some(c),
        None if size_is_known && named(&SIZES).is_empty() => None,
        None => Some(one(named(&SIZES), "L", "--size")?),
    };
    let (t, is_beta) = match (find(&asked.temperatures, "--temperatures")?, find(&asked.beta, "--beta")?) {
        (Some(_), Some(_)) => return Err("--temperatures and --beta name the same; give one".into()),
        (Some(c), None) => (c, false),
        (None, Some(c)) => (c, true),
        (None, None) => {
            let of = |what: Labelling| (0..n).filter(|c| usual(name(*c)) == Some(what)).collect::<Vec<_>>();
            match of(Labelling::Temperatures) {
                none if none.is_empty() && !of(Labelling::Beta).is_empty() => {
                    (one(of(Labelling::Beta), "1/T", "--beta")?, true)
                }
                found => (one(found, "T", "--temperatures")?, false),
            }
        }
    };
    let given = find(&asked.value, "--value")?;
    let is_taken =
        |c: usize| Some(c) == size || c == t || usual(name(c)).is_some_and(|what| what != Labelling::Classes);
    let is_error = |c: usize| named(&ERRORS).contains(&c) || (0..n).any(|v| v != c && is_error_of(name(c), name(v)));
    let value = match given {
        Some(c) => c,
        None => one(
            (0..n).filter(|c| !is_taken(*c) && !is_error(*c) && !table.is_words(*c)).collect(),
            "the quantity",
            "--value",
        )?,
    };
    let error = match find(&asked.error, "--error")? {
        Some(c) => Some(c),
        None => {
            let own: Vec<usize> = (0..n).filter(|c| is_error_of(name(*c), name(value))).collect();
            match if own.is_empty() { named(&ERRORS) } else { own }[..] {
                [] => None,
                [c] => Some(c),
                [a, b, ..] => {
                    return Err(format!(
                        "`{}` and `{}` may both be the error; name one, as in --error {}",
                        name(a),
                        name(b),
                        name(a)
                    ));
                }
            }
        }
    };
    let all = [size, Some(t), Some(value), error];
    let given: Vec<usize> = all.into_iter().flatten().collect();
    if let Some(c) = given.iter().enumerate().find_map(|(k, c)| given[..k].contains(c).then_some(*c)) {
        return Err(format!(
            "`{}` cannot be two of L, T, the quantity and its error; name them with --size, --temperatures, --value, \
             --error",
            table.title(c)
        ));
    }
    if error.is_none() {
        let left: Vec<String> =
            (0..n).filter(|c| !given.contains(c) && !is_taken(*c)).map(|c| table.title(c)).collect();
        if !left.is_empty() {
            notes.push(format!("no column is called as an error usually is; not read: {}", some(&left)));
        }
    }
    Ok(Places { size, t, is_beta, value, error })
}

/// Whether `name` is that of the error of `value`, such as `dU4`, `U4_err` or `sigma_U4`.
fn is_error_of(name: &str, value: &str) -> bool {
    let (name, value) = (name.to_ascii_lowercase(), value.to_ascii_lowercase());
    let before = ["d", "d_", "err_", "error_", "sigma_", "delta_", "delta", "e_"];
    let behind = ["_err", "_error", "_sigma", "_stderr", "err", "error", "_e"];
    !value.is_empty()
        && (before.iter().any(|b| name.strip_prefix(b) == Some(&value))
            || behind.iter().any(|b| name.strip_suffix(b) == Some(&value)))
}

fn rows_of(table: &Columns, places: &Places, of_name: Option<usize>) -> Result<Vec<Row>, String> {
    let all = [places.size, Some(places.t), Some(places.value), places.error];
    for c in all.into_iter().flatten() {
        table.check(c, 0..table.n_rows())?;
    }
    let value = |c: usize, row: usize| table.columns[c].values[row];
    let row = |row: usize| {
        let wrong = |c: usize, what: &str| {
            Err(format!("{}: `{}` is {}, {what}", table.place(row), table.title(c), value(c, row)))
        };
        let size = match places.size {
            None => of_name.unwrap_or(0),
            Some(c) => match value(c, row) {
                l if l >= 1.0 && l.fract() == 0.0 && l < 1e9 => l as usize,
                _ => return wrong(c, "no number of sites; correct it, or name the column of L with --size"),
            },
        };
        let given = value(places.t, row);
        let t = if places.is_beta { 1.0 / given } else { given };
        if !(t > 0.0 && t.is_finite()) {
            return wrong(places.t, "and T must be finite and above 0");
        }
        let error = match places.error {
            None => f64::NAN,
            Some(c) if value(c, row) > 0.0 => value(c, row),
            Some(c) => return wrong(c, "and an error is above 0; leave the line out, or give its error"),
        };
        Ok(Row { size, t, value: value(places.value, row), error })
    };
    (0..table.n_rows()).map(row).collect()
}
