//! Tables of numbers of the user's own: columns with names from a text file, `.npy` or `.npz`, also packed by gzip.
//!
//! Unlike samples ([`super::Dataset`]), columns have meanings of their own: a quantity, an index, an error.

use super::array::fits;
use super::cells::{Cell, no_number};
use super::content::{Content, Format};
use super::header::is_unnamed;
use super::pairing::{near, some};
use super::text::{Sheet, read_sheet};
use crate::artifact::npz::Description;
use crate::artifact::{Error, npy, npz, user_file};
use ndarray::ArrayD;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name; empty where the file has none.
    pub name: String,
    /// Its values; NaN where there is no number.
    pub values: Vec<f64>,
    /// Texts in the place of numbers, by row.
    pub words: BTreeMap<usize, String>,
}

/// Columns of one file, all of one length.
#[derive(Clone, Debug)]
pub struct Columns {
    /// The file.
    pub path: PathBuf,
    /// Hash of its bytes.
    pub hash: String,
    /// The columns in the order of the file.
    pub columns: Vec<Column>,
    /// Choices made where the file could be read in two ways, one sentence each.
    pub notes: Vec<String>,
    /// Line of each row in a text file; empty for arrays.
    lines: Vec<u64>,
}

/// Axis of an array with two dimensions along which one chain after the other lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainAxis {
    /// Every row is a chain: shape (chains, values).
    Rows,
    /// Every column is a chain: shape (values, chains).
    Columns,
}

/// Name of the column that counts the chains of arrays read by a [`ChainAxis`].
pub const CHAIN: &str = "chain";

impl Columns {
    /// Reads the file `path`. Arrays of two dimensions are tables, a column each, or chains along `chains`. `wanted`:
    /// of the arrays of an archive only these are read; empty: all.
    ///
    /// # Errors
    /// [`Error::User`] of one line: what is no table, or could be read in two ways.
    pub fn read(path: &Path, chains: Option<ChainAxis>, wanted: &[String]) -> Result<Self, Error> {
        let content = Content::open(path)?;
        let hash = content.hash.clone();
        let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
        let (mut notes, mut lines) = (Vec::new(), Vec::new());
        let columns = match content.format {
            Format::Text => {
                let sheet = read_sheet(path, content)?;
                lines.clone_from(&sheet.below.lines);
                of_sheet(sheet, &mut notes)
            }
            Format::Npy => {
                let mut from = content.reader()?;
                let header = npy::Header::read(&mut from).map_err(wrong)?;
                fits((path, content.len()), &header.shape, 16)?;
                let array = npy::numbers(&header, &mut from, content.len(), |v| v).map_err(wrong)?;
                of_arrays(vec![(String::new(), array)], chains, &mut notes).map_err(wrong)?
            }
            Format::Npz => of_archive(path, &content, (chains, wanted), &mut notes)?,
            Format::Idx => return Err(wrong("holds images, no table; give text, .npy or .npz".into())),
        };
        let n = columns.first().map_or(0, |c| c.values.len());
        if n == 0 {
            return Err(wrong("holds no numbers; expected columns".into()));
        }
        Ok(Self { path: path.into(), hash, columns, notes, lines })
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }

    /// Name of the column `c` for messages: its own, or its number.
    pub fn title(&self, c: usize) -> String {
        let name = &self.columns[c].name;
        if name.is_empty() { format!("column {}", c + 1) } else { name.clone() }
    }

    /// Position of the column that the user calls `name`: by its name, in another case where that is the only one, or
    /// by its number from 1.
    ///
    /// # Errors
    /// A message that lists the columns; `flag` is the option that named it.
    pub fn find(&self, name: &str, flag: &str) -> Result<usize, String> {
        let all = || self.columns.iter().enumerate();
        if let Some((c, _)) = all().find(|(_, column)| column.name == name) {
            return Ok(c);
        }
        let alike: Vec<usize> = all().filter(|(_, c)| c.name.eq_ignore_ascii_case(name)).map(|(c, _)| c).collect();
        if let [c] = alike[..] {
            return Ok(c);
        }
        if let Some(c) = name.parse::<usize>().ok().filter(|c| (1..=self.columns.len()).contains(c)) {
            return Ok(c - 1);
        }
        let titles: Vec<String> = all().map(|(c, _)| self.title(c)).collect();
        let near = near(name, &titles).map_or(String::new(), |near| format!("; did you mean {flag} {near}?"));
        Err(format!("has no column `{name}`; it has {}{near}", some(&titles)))
    }

    /// Refuses the column `c` if one of its `rows` is no finite number.
    ///
    /// # Errors
    /// A message that names the place, the value and the remedy.
    pub fn check(&self, c: usize, mut rows: impl Iterator<Item = usize>) -> Result<(), String> {
        let column = &self.columns[c];
        let Some(row) = rows.find(|row| !column.values[*row].is_finite()) else { return Ok(()) };
        let value = column.values[row];
        Err(match (column.words.get(&row), self.lines.get(row)) {
            (Some(word), Some(line)) => no_number(*line, c, word),
            (_, Some(line)) => format!("line {line}, column {}: {value} is not finite; leave the line out", c + 1),
            _ => format!("`{}`: value {} is {value}; leave it out", self.title(c), row + 1),
        })
    }

    /// Place of a row for messages.
    pub fn place(&self, row: usize) -> String {
        self.lines.get(row).map_or_else(|| format!("row {}", row + 1), |line| format!("line {line}"))
    }

    /// Whether the column `c` holds words, not numbers with some missing.
    pub fn is_words(&self, c: usize) -> bool {
        let column = &self.columns[c];
        let words = column.words.values().filter(|word| Cell::of(word) == Cell::Word).count();
        2 * words > column.values.len()
    }

    /// Text in the row `row` of the column `c`, for groups.
    pub fn label(&self, c: usize, row: usize) -> String {
        let column = &self.columns[c];
        column.words.get(&row).cloned().unwrap_or_else(|| column.values[row].to_string())
    }
}

fn of_sheet(Sheet { names, below, notes: said }: Sheet, notes: &mut Vec<String>) -> Vec<Column> {
    notes.extend(said);
    if below.truths {
        notes.push("True and False are read as 1 and 0".into());
    }
    let mut words: Vec<BTreeMap<usize, String>> = vec![BTreeMap::new(); below.width];
    for ((row, c), word) in &below.words {
        words[*c].insert(*row, word.clone());
    }
    let name = |c: usize| names.as_ref().map(|names| names[c].clone()).filter(|name| !is_unnamed(name));
    let column = |(c, words)| Column { name: name(c).unwrap_or_default(), values: below.column(c).collect(), words };
    words.into_iter().enumerate().map(column).collect()
}

/// Arrays of an archive.
fn of_archive(
    path: &Path,
    content: &Content,
    (chains, wanted): (Option<ChainAxis>, &[String]),
    notes: &mut Vec<String>,
) -> Result<Vec<Column>, Error> {
    let wrong = |what: String| Error::user(format!("{}: {what}", path.display()));
    let mut file = npz::Reader::of(path, content.reader()?).map_err(user_file::blame)?;
    let all = file.describe().map_err(user_file::blame)?;
    if let Some(spins) = all.iter().find(|d| d.name == "spins" && d.shape.len() > 1 && wanted.is_empty()) {
        return Err(wrong(format!(
            "holds configurations (`spins` of shape {:?}), no table; name arrays with one value for each row of a \
             table (--columns E,m)",
            spins.shape
        )));
    }
    let is_wanted = |d: &&Description| wanted.is_empty() || wanted.contains(&d.name);
    let is_table = |d: &&Description| !d.shape.is_empty() && !npy::is_words(&d.dtype);
    let kept: Vec<&Description> = all.iter().filter(is_wanted).filter(is_table).collect();
    let out: Vec<&str> = all.iter().filter(is_wanted).filter(|d| !is_table(d)).map(|d| d.name.as_str()).collect();
    if !out.is_empty() {
        notes.push(format!("left out, as they hold no series: {}", some(&out)));
    }
    if kept.is_empty() {
        let names: Vec<&str> = all.iter().map(|d| d.name.as_str()).collect();
        return Err(wrong(format!("has no such array of numbers; it has {}", some(&names))));
    }
    if kept.iter().any(|d| d.shape != kept[0].shape) {
        let shapes: Vec<String> = kept.iter().map(|d| format!("{} {:?}", d.name, d.shape)).collect();
        return Err(wrong(format!(
            "its arrays have different shapes ({}); name those that belong together, as in --columns {}",
            some(&shapes),
            kept[0].name
        )));
    }
    let mut arrays = Vec::new();
    for d in kept {
        fits((path, content.len()), &d.shape, 16)?;
        arrays.push((d.name.clone(), file.numbers(&d.name, |v| v).map_err(user_file::blame)?));
    }
    of_arrays(arrays, chains, notes).map_err(wrong)
}

/// Columns from arrays of one shape.
fn of_arrays(
    arrays: Vec<(String, ArrayD<f64>)>,
    chains: Option<ChainAxis>,
    notes: &mut Vec<String>,
) -> Result<Vec<Column>, String> {
    let column = |name: &str, values: Vec<f64>| Column { name: name.into(), values, words: BTreeMap::new() };
    let shape = arrays.first().map(|(_, array)| array.shape().to_vec()).unwrap_or_default();
    match (shape[..].to_vec().as_slice(), chains) {
        ([_] | [_, 1] | [1, _], _) => {
            Ok(arrays.iter().map(|(name, array)| column(name, array.iter().copied().collect())).collect())
        }
        ([rows, columns], Some(axis)) => {
            let (n, each) = if axis == ChainAxis::Rows { (*rows, *columns) } else { (*columns, *rows) };
            let number = (0..n).flat_map(|chain| std::iter::repeat_n((chain + 1) as f64, each)).collect();
            let along = |array: &ArrayD<f64>| -> Vec<f64> {
                let in_order = if axis == ChainAxis::Rows { array.view() } else { array.t() };
                in_order.iter().copied().collect()
            };
            let named = |name: &str| if name.is_empty() { "value".to_string() } else { name.to_string() };
            let own = arrays.iter().map(|(name, array)| column(&named(name), along(array)));
            Ok(std::iter::once(column(CHAIN, number)).chain(own).collect())
        }
        ([rows, columns], None) if rows > columns => {
            notes.push(format!(
                "an array of shape [{rows}, {columns}] is read as {columns} columns; --chains-are columns reads \
                 {columns} chains of one quantity"
            ));
            let mut all = Vec::new();
            for (name, array) in &arrays {
                for (c, values) in array.axis_iter(ndarray::Axis(1)).enumerate() {
                    let name = if name.is_empty() { String::new() } else { format!("{name}.{}", c + 1) };
                    all.push(column(&name, values.iter().copied().collect()));
                }
            }
            Ok(all)
        }
        ([rows, columns], None) => Err(format!(
            "an array of shape [{rows}, {columns}] may be {rows} chains of {columns} values or a table of {columns} \
             columns; give --chains-are rows, or store it transposed"
        )),
        (shape, _) => Err(format!(
            "an array of shape {shape:?}; give one dimension, or two: (values, columns), or (chains, values) with \
             --chains-are rows"
        )),
    }
}
