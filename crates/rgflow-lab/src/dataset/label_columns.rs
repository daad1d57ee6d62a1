//! Columns of a table of text that hold labels.

use super::Options;
use super::cells::{Below, Cell, no_number};
use super::given_labels;
use super::label_names::Meaning;
use super::label_names::{Labelling, usual};
use super::labels::Labels;
use super::pairing::{near, some};

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
    let usual_columns: Vec<usize> = kept.iter().copied().filter(|c| usual(name(*c)).is_some()).collect();
    let named = names.and_then(|names| names.iter().position(|n| n == wanted)).filter(|_| !wanted.is_empty());
    let list = given_labels::list(options).filter(|_| named.is_none());
    let taken = if wanted.is_empty() {
        // Inverse temperatures beside temperatures say the same again.
        let is = |labelling: Labelling| move |c: &&usize| usual(name(**c)) == Some(labelling);
        let thermal = usual_columns.iter().any(|c| usual(name(*c)) == Some(Labelling::Temperatures));
        let beside = |c: &&usize| thermal && is(Labelling::Beta)(c);
        let found: Vec<usize> = usual_columns.iter().filter(|c| !beside(c)).copied().collect();
        match found[..] {
            [a, b, ..] if options.reads_labels => {
                return Err(format!(
                    "columns `{}` and `{}` both look like labels; name the one that is meant, as in {} {} \
                     (data.labels)",
                    name(a),
                    name(b),
                    usual(name(a)).unwrap_or_default().flag(),
                    name(a)
                ));
            }
            _ => found.first().copied().filter(|_| options.reads_labels),
        }
    } else if list.is_some() {
        None
    } else {
        match (named, names) {
            (Some(c), _) => Some(c),
            (None, Some(names)) => {
                let near = near(wanted, names)
                    .map_or(String::new(), |near| format!("; did you mean {} {near}?", options.labelling.flag()));
                return Err(format!("has no column `{wanted}` of labels; it has {}{near}", some(names)));
            }
            // Without names a column is called by its number.
            (None, None) => match wanted.parse::<usize>().ok().filter(|c| (1..=below.width).contains(c)) {
                Some(c) => Some(c - 1),
                None => {
                    return Err(format!(
                        "has no line of names, so no column `{wanted}`; write one as its first line, or give the \
                         number of the column, 1 to {}",
                        below.width
                    ));
                }
            },
        }
    };
    // Labels that are named are no units where none are read, either.
    let named_only = taken.filter(|_| !options.reads_labels);
    let taken = taken.filter(|_| options.reads_labels);
    kept.retain(|c| Some(*c) != taken && Some(*c) != named_only && !usual_columns.contains(c));
    let left_out = usual_columns.iter().chain(&named_only).filter(|c| Some(**c) != taken);
    for c in left_out.collect::<std::collections::BTreeSet<_>>() {
        let why = if options.reads_labels { "is left out too" } else { "holds labels by its name and is left out" };
        notes.push(format!("column {}, `{}`, {why}", c + 1, name(*c)));
    }
    if let Some(list) = list.filter(|_| options.reads_labels) {
        let (labels, note) = given_labels::labels(options, &list, below.lines.len())?;
        notes.push(note);
        return Ok(Some(labels));
    }
    let Some(c) = taken else { return Ok(None) };
    let labels = labels_of(name(c), c, below, options.labelling)?;
    let what = match (labels.meaning, options.labelling.of(name(c))) {
        (Meaning::Class, _) => "classes",
        (_, Labelling::Beta) => "inverse temperatures, T = 1/beta",
        _ => "temperatures",
    };
    let named = if name(c).is_empty() { String::new() } else { format!(", `{}`,", name(c)) };
    notes.push(format!("column {}{named} is taken for labels ({what})", c + 1));
    Ok(Some(labels))
}

/// Labels in the column `c`: numbers, or words if any of them is not a number.
fn labels_of(name: &str, c: usize, below: &Below, labelling: Labelling) -> Result<Labels, String> {
    let words = |r: usize| below.words.get(&(r, c));
    let n = below.lines.len();
    let Some((first, word)) = (0..n).find_map(|r| words(r).map(|w| (r, w))) else {
        return Labels::of(name, labelling, below.column(c).collect(), n);
    };
    if let Some((r, text)) = (0..n).find_map(|r| words(r).filter(|w| Cell::of(w) == Cell::Missing).map(|w| (r, w))) {
        return Err(no_number(below.lines[r], c, text));
    }
    if labelling.of(name).meaning() == Meaning::Temperature {
        return Err(no_number(below.lines[first], c, word));
    }
    let text = |(r, v): (usize, f64)| words(r).cloned().unwrap_or_else(|| v.to_string());
    Labels::of_words(name, labelling, below.column(c).enumerate().map(text).collect(), n)
}
