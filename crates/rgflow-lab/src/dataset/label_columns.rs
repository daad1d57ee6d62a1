//! Columns of a table of text that hold labels.

use super::Options;
use super::cells::{Below, Cell, no_number};
use super::labels::{Labels, Meaning, is_temperature, is_usual};
use super::pairing::some;

/// Takes the labels out of the table, if they are to be read; their columns are no units.
pub(super) fn take_labels(
    names: Option<&[String]>,
    below: &Below,
    kept: &mut Vec<usize>,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Option<Labels>, String> {
    let name = |c: usize| names.map_or("", |names| names[c].as_str());
    let wanted = options.labels.as_str();
    let usual: Vec<usize> = kept.iter().copied().filter(|c| is_usual(name(*c))).collect();
    let taken = if wanted.is_empty() {
        match usual[..] {
            [a, b, ..] if options.reads_labels => {
                return Err(format!(
                    "columns `{}` and `{}` both look like labels; name the one that is meant, as in --set data.labels={}",
                    name(a),
                    name(b),
                    name(a)
                ));
            }
            _ => usual.first().copied().filter(|_| options.reads_labels),
        }
    } else {
        match (names.and_then(|names| names.iter().position(|n| n == wanted)), names) {
            (Some(c), _) => Some(c),
            (None, Some(names)) => {
                return Err(format!("has no column `{wanted}` of labels; it has {}", some(names)));
            }
            (None, None) => {
                return Err(format!("has no line of names, so no column `{wanted}`; write one as its first line"));
            }
        }
    };
    kept.retain(|c| Some(*c) != taken && !usual.contains(c));
    for c in usual.iter().filter(|c| Some(**c) != taken) {
        let why = if options.reads_labels { "is left out too" } else { "holds labels by its name and is left out" };
        notes.push(format!("column {}, `{}`, {why}", c + 1, name(*c)));
    }
    let Some(c) = taken else { return Ok(None) };
    let labels = labels_of(name(c), c, below)?;
    let what = if labels.meaning == Meaning::Temperature { "temperatures" } else { "classes" };
    notes.push(format!("column {}, `{}`, is taken for labels ({what})", c + 1, name(c)));
    Ok(Some(labels))
}

/// Labels in the column `c`: numbers, or words if any of them is not a number.
fn labels_of(name: &str, c: usize, below: &Below) -> Result<Labels, String> {
    let words = |r: usize| below.words.get(&(r, c));
    let n = below.lines.len();
    let Some((first, word)) = (0..n).find_map(|r| words(r).map(|w| (r, w))) else {
        return Labels::of(name, below.column(c).collect(), n);
    };
    if let Some((r, text)) = (0..n).find_map(|r| words(r).filter(|w| Cell::of(w) == Cell::Missing).map(|w| (r, w))) {
        return Err(no_number(below.lines[r], c, text));
    }
    if is_temperature(name) {
        return Err(no_number(below.lines[first], c, word));
    }
    let text = |(r, v): (usize, f64)| words(r).cloned().unwrap_or_else(|| v.to_string());
    Labels::of_words(name, below.column(c).enumerate().map(text).collect(), n)
}
