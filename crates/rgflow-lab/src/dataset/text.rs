//! Text tables: one sample per line, with or without a line of names ([`super::header`] decides).

use super::cells::{
    Below, Cell, has_decimal_commas, lines, no_number, separator, with_first, without_trailing_separator,
};
use super::content::Content;
use super::digits;
use super::header::{self, Names};
use super::label_columns::take_labels;
use super::{Options, Origin, Table, Unknown, weights};
use crate::artifact::Error;
use crate::artifact::memory::{self, Need};
use ndarray::{Array2, Axis};
use std::borrow::Cow;
use std::path::Path;

/// Cells of a text file, with their names if it has any.
pub(super) struct Sheet {
    pub names: Option<Vec<String>>,
    pub below: Below,
    pub notes: Vec<String>,
}

/// Table of the text file `path`. Memory is checked before it is allocated.
pub(super) fn read(path: &Path, content: Content, options: &Options) -> Result<Table, Error> {
    let mut bytes = bytes(path, content)?;
    let spaced = std::str::from_utf8(&bytes).ok().and_then(digits::spaced);
    let note = spaced.map(|spaced| {
        bytes = spaced.text.into_bytes();
        spaced.note
    });
    fits(path, &bytes)?;
    let mut table = table(&bytes, options).map_err(|what| Error::user(format!("{}: {what}", path.display())))?;
    table.notes.extend(note);
    Ok(table)
}

/// Cells of the text file `path`. Memory is checked before it is allocated.
pub(super) fn read_sheet(path: &Path, content: Content) -> Result<Sheet, Error> {
    let bytes = bytes(path, content)?;
    fits(path, &bytes)?;
    sheet(&bytes, &Options::default()).map_err(|what| Error::user(format!("{}: {what}", path.display())))
}

const REMEDY: &str = "give fewer samples at a time, or an array (.npy), which takes less";

/// The text.
fn bytes(path: &Path, content: Content) -> Result<Vec<u8>, Error> {
    let name = path.display();
    let size = content.len() as usize;
    memory::need(&[Need::new(&[size], format!("{name}: the text"), REMEDY)])?;
    content.into_bytes(path)
}

/// Refuses a table that does not fit into memory: every number has 64 bits, and there are two copies while columns of
/// labels are removed.
fn fits(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let cells = cells_of(bytes);
    memory::need(&[Need::new(&[16, cells], format!("{}: a table of {cells} numbers", path.display()), REMEDY)])
}

/// Least number of cells in the text: words between separators or blanks, without comments.
fn cells_of(text: &[u8]) -> usize {
    let between = |byte: &u8| matches!(byte, b',' | b';') || byte.is_ascii_whitespace();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#"));
    lines.map(|line| line.split(between).filter(|cell| !cell.is_empty()).count()).sum()
}

/// Cells of a text file. Lines that begin with `#` are comments (as written by `numpy.savetxt`); the last one before
/// the numbers may hold the names.
fn sheet(bytes: &[u8], options: &Options) -> Result<Sheet, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| "is no text in UTF-8; is it another kind of file? Save it as text".to_string())?;
    let text = text.trim_start_matches('\u{feff}');
    let separator = separator(text);
    let decimal = has_decimal_commas(text, separator)?;
    let (first, below) = lines(text, separator, decimal)?;
    let first = first.ok_or("holds no numbers; expected one line per sample")?;
    let (first, mut below) = without_trailing_separator(first, below);
    let mut notes = Vec::new();
    if decimal {
        notes.push("commas are read as decimal points".into());
    }
    let mut names = match header::first_line(&first, &below, options)? {
        Names::None { remark } => {
            notes.extend(remark);
            let cells: Vec<&str> = first.cells.iter().map(String::as_str).collect();
            below = with_first(first.number, &cells, below);
            remark_names(text, separator, below.width)
        }
        Names::Here { remark } => {
            notes.extend(remark);
            Some(first.cells)
        }
    };
    if let Some(names) = names.as_mut().filter(|names| names.len() + 1 == below.width) {
        // R writes names of rows, but no name above them.
        names.insert(0, String::new());
    }
    let n = below.lines.len();
    if n == 0 || below.width == 0 {
        return Err("holds no numbers; expected one line per sample".into());
    }
    if let Some(names) = names.as_ref().filter(|names| names.len() != below.width) {
        let (line, found, expected) = (below.lines[0], below.width, names.len());
        return Err(format!("line {line} has {found} values, expected {expected}; every sample needs the same number"));
    }
    Ok(Sheet { names, below, notes })
}

/// Table of samples in a text file.
fn table(bytes: &[u8], options: &Options) -> Result<Table, String> {
    let Sheet { names, below, mut notes } = sheet(bytes, options)?;
    let n = below.lines.len();
    let mut kept: Vec<usize> = (0..below.width).collect();
    for c in header::indices(names.as_deref(), &below, options) {
        kept.retain(|k| *k != c);
        let name = names.as_ref().map_or("", |names| names[c].as_str());
        let named = if name.is_empty() { "without a name".into() } else { format!("`{name}`") };
        notes.push(format!("column {} ({named}) numbers the rows and is left out", c + 1));
    }
    if below.truths {
        notes.push("True and False are read as 1 and 0".into());
    }
    let candidates: Vec<String> = names.iter().flatten().filter(|name| !name.is_empty()).cloned().collect();
    let weights = weights::take_column(names.as_deref(), &below, &mut kept, options)?;
    let labels = take_labels(names.as_deref(), &below, &mut kept, options, &mut notes)?;
    if kept.is_empty() {
        return Err("holds labels alone, no samples; add columns of numbers".into());
    }
    let missing = options.unknown.as_ref().is_some_and(Unknown::is_nan);
    let is_number = |text: &str| missing && Cell::of(text) == Cell::Missing;
    if let Some(((r, c), text)) = below.words.iter().find(|((_, c), text)| kept.contains(c) && !is_number(text)) {
        return Err(no_number(below.lines[*r], *c, text));
    }
    let all = Array2::from_shape_vec((n, below.width), below.numbers).map_err(|e| e.to_string())?;
    let scale = options.scale as f32;
    let values = all.select(Axis(1), &kept).mapv(|v| if scale == 1.0 { v as f32 } else { v as f32 / scale });
    let origin = Some(Origin { lines: below.lines, columns: kept, names });
    let shape = shape_of(values.ncols(), options)?;
    Ok(Table { shape, labels, weights, notes, origin, candidates, ..Table::of(values.into()) })
}

/// Shape of a sample of `units` values.
fn shape_of(units: usize, options: &Options) -> Result<Vec<usize>, String> {
    let asked = &options.shape;
    if asked.is_empty() {
        return Ok(vec![units]);
    }
    let values = asked.iter().try_fold(1usize, |n, e| n.checked_mul(*e));
    if values == Some(units) {
        Ok(asked.clone())
    } else {
        Err(format!("samples have {units} values, not those of the shape {asked:?}; correct --shape"))
    }
}

/// Names in the last comment before the numbers, as written by `numpy.savetxt(header=...)`.
fn remark_names(text: &str, separator: Option<u8>, width: usize) -> Option<Vec<String>> {
    let remarks = text.lines().take_while(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let last = remarks.filter(|line| !line.trim().is_empty()).last()?.trim_start_matches(['#', ' ']);
    let cells: Vec<Cow<str>> = match separator {
        Some(s) => last.split(char::from(s)).map(|c| c.trim().trim_matches('"').into()).collect(),
        None => last.split_whitespace().map(Cow::from).collect(),
    };
    let named = cells.len() == width && cells.iter().all(|c| Cell::of(c) == Cell::Word);
    named.then(|| cells.into_iter().map(Cow::into_owned).collect())
}
