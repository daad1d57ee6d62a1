//! Lines of a text file as cells, separated by commas, semicolons, tabs or blanks (one or more, as `numpy.loadtxt`
//! reads them).

use super::decimal::{is_decimal, with_point};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Content of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    Number(f64),
    /// Empty, or one of the usual markers of a missing value.
    Missing,
    Word,
}

impl Cell {
    pub(super) fn of(text: &str) -> Self {
        const MISSING: [&str; 11] = ["", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "?", "-", "."];
        if let Some(truth) = truth(text) {
            return Cell::Number(f64::from(u8::from(truth)));
        }
        match text.parse() {
            Ok(number) if !f64::is_nan(number) => Cell::Number(number),
            Err(_) if MISSING.iter().all(|m| !m.eq_ignore_ascii_case(text)) => Cell::Word,
            _ => Cell::Missing,
        }
    }

    pub(super) fn number(self) -> Option<f64> {
        if let Cell::Number(number) = self { Some(number) } else { None }
    }
}

/// A boolean, as written by pandas and R.
fn truth(text: &str) -> Option<bool> {
    match text {
        "True" | "TRUE" | "true" => Some(true),
        "False" | "FALSE" | "false" => Some(false),
        _ => None,
    }
}

/// A line of the file.
pub(super) struct Line {
    pub number: u64,
    pub cells: Vec<String>,
}

/// All lines after the first, which have the same number of cells.
pub(super) struct Below {
    pub width: usize,
    /// Number of each line in the file.
    pub lines: Vec<u64>,
    /// Values row by row; NaN where there is no number.
    pub numbers: Vec<f64>,
    /// Words, by (row, column).
    pub words: BTreeMap<(usize, usize), String>,
    /// Whether some of the numbers were booleans.
    pub truths: bool,
}

impl Below {
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.numbers.chunks(self.width.max(1))
    }

    pub(super) fn column(&self, c: usize) -> impl Iterator<Item = f64> {
        self.numbers.iter().skip(c).step_by(self.width.max(1)).copied()
    }

    fn push(&mut self, line: u64, cells: &[&str]) {
        for (c, text) in cells.iter().enumerate() {
            let number = Cell::of(text).number();
            if number.is_none() {
                self.words.insert((self.lines.len(), c), (*text).to_string());
            }
            self.truths |= number.is_some() && truth(text).is_some();
            self.numbers.push(number.unwrap_or(f64::NAN));
        }
        self.lines.push(line);
    }

    /// A copy without the column `c`.
    fn without(self, c: usize) -> Self {
        let kept = |(i, v): (usize, f64)| (i % self.width != c).then_some(v);
        let moved =
            |((r, k), text): ((usize, usize), String)| (k != c).then_some(((r, if k > c { k - 1 } else { k }), text));
        Self {
            numbers: self.numbers.into_iter().enumerate().filter_map(kept).collect(),
            words: self.words.into_iter().filter_map(moved).collect(),
            width: self.width - 1,
            lines: self.lines,
            truths: self.truths,
        }
    }
}

/// Error for the cell in column `c` (from 0) of a line, which is not a usable number.
pub(super) fn no_number(line: u64, c: usize, text: &str) -> String {
    let place = format!("line {line}, column {}", c + 1);
    if Cell::of(text) == Cell::Missing {
        return format!("{place}: \"{text}\" is a missing value; leave the line out or fill it in");
    }
    let comma = matches!(Cell::of(&text.replacen(',', ".", 1)), Cell::Number(_));
    let remedy = if comma { "write a point for the decimal comma" } else { "remove or replace it" };
    format!("{place}: \"{text}\" is not a number; {remedy}")
}

/// Separator of the cells, judged by the first lines: the one that makes most of them numbers; `None`: blanks.
pub(super) fn separator(text: &str) -> Option<u8> {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).take(20).collect();
    let numeric = |cell: &str| {
        let cell = cell.trim().trim_matches('"');
        !matches!(Cell::of(&cell.replacen(',', ".", 1)), Cell::Word)
    };
    let score = |separator: u8| -> Option<(f64, u8)> {
        let split = |line: &&str| line.split(char::from(separator)).map(numeric).collect::<Vec<_>>();
        let cells: Vec<bool> = lines.iter().flat_map(split).collect();
        let present = lines.iter().filter(|line| line.as_bytes().contains(&separator)).count();
        let share = cells.iter().filter(|c| **c).count() as f64 / cells.len().max(1) as f64;
        (2 * present >= lines.len() && present > 0).then_some((share, separator))
    };
    let best = [b',', b'\t', b';'].into_iter().filter_map(score).max_by(|a, b| a.0.total_cmp(&b.0));
    // Aligned columns mix tabs and blanks; otherwise an empty cell between two tabs is a missing value.
    let tokens = || lines.iter().map(|l| l.split_whitespace().count()).collect::<std::collections::BTreeSet<_>>();
    let by_blanks = || {
        let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
        let share = words.iter().filter(|word| numeric(word)).count() as f64 / words.len().max(1) as f64;
        (tokens().len() == 1 && words.len() > lines.len()).then_some(share)
    };
    match best {
        Some((_, b'\t')) if tokens().len() == 1 => None,
        // "0,5 1,25": decimal commas between blanks.
        Some((share, b',')) if by_blanks().is_some_and(|blanks| blanks > share) => None,
        best => best.map(|(_, separator)| separator),
    }
}

/// Whether a line of names may have one cell less or more than the samples: R writes no name above its row names, and
/// trailing separators add a cell.
fn may_be_shorter(first: &[String], second: &[&str]) -> bool {
    let names =
        || first.iter().all(|c| Cell::of(c) != Cell::Missing) && first.iter().any(|c| Cell::of(c) == Cell::Word);
    let ends_empty = first.last().is_some_and(String::is_empty);
    first.len() + 1 == second.len() && names() || first.len() == second.len() + 1 && ends_empty
}

/// Whether the text has decimal commas ([`is_decimal`]): all cells between separators, without comments.
pub(super) fn has_decimal_commas(text: &str, separator: Option<u8>) -> Result<bool, String> {
    let lines = || text.lines().filter(|line| !line.trim_start().starts_with('#'));
    fn bare(cell: &str) -> &str {
        cell.trim().trim_matches('"')
    }
    match separator {
        Some(b',') => Ok(false),
        Some(separator) => is_decimal(lines().flat_map(|line| line.split(char::from(separator)).map(bare))),
        None => is_decimal(lines().flat_map(|line| line.split_whitespace().map(bare))),
    }
}

/// The first line of cells, and all others; with `decimal` commas in numbers are read as points.
pub(super) fn lines(text: &str, separator: Option<u8>, decimal: bool) -> Result<(Option<Line>, Below), String> {
    let mut first: Option<Line> = None;
    let mut below = Below { width: 0, lines: vec![], numbers: vec![], words: BTreeMap::new(), truths: false };
    let mut push = |number: u64, cells: &[&str]| -> Result<(), String> {
        let pointed: Vec<Cow<str>> = cells.iter().map(|c| if decimal { with_point(c) } else { (*c).into() }).collect();
        let cells: &[&str] = &pointed.iter().map(AsRef::as_ref).collect::<Vec<&str>>();
        let Some(first) = &first else {
            below.width = cells.len();
            first = Some(Line { number, cells: cells.iter().map(|c| (*c).to_string()).collect() });
            return Ok(());
        };
        if below.lines.is_empty() && may_be_shorter(&first.cells, cells) {
            below.width = cells.len();
        }
        if cells.len() != below.width {
            let (found, expected) = (cells.len(), below.width);
            return Err(format!(
                "line {number} has {found} values, expected {expected}; every sample needs the same number"
            ));
        }
        below.push(number, cells);
        Ok(())
    };
    match separator {
        None => {
            for (i, line) in text.lines().enumerate() {
                // A comment may follow the numbers.
                let line = line.split('#').next().unwrap_or_default();
                let cells: Vec<&str> = line.split_whitespace().map(|c| c.trim_matches('"')).collect();
                if !cells.is_empty() {
                    push(i as u64 + 1, &cells)?;
                }
            }
        }
        Some(separator) => {
            let mut reader = csv::ReaderBuilder::new()
                .delimiter(separator)
                .comment(Some(b'#'))
                .has_headers(false)
                .flexible(true)
                .trim(csv::Trim::All)
                .from_reader(text.as_bytes());
            let mut record = csv::StringRecord::new();
            while reader.read_record(&mut record).map_err(|e| format!("not a table of text: {e}; save it again"))? {
                let cells: Vec<&str> = record.iter().collect();
                if cells != [""] {
                    push(record.position().map_or(0, csv::Position::line), &cells)?;
                }
            }
        }
    }
    Ok((first, below))
}

/// Drops the empty last column that a separator at the end of every line creates.
pub(super) fn without_trailing_separator(mut first: Line, below: Below) -> (Line, Below) {
    let last = below.width.saturating_sub(1);
    let n = below.lines.len();
    let wide = first.cells.len() == below.width;
    let nothing = |r: usize| below.words.get(&(r, last)).is_some_and(String::is_empty);
    let ends_empty = first.cells.last().is_some_and(String::is_empty);
    if last == 0 || !(0..n).all(nothing) || n == 0 && !ends_empty {
        // Only the line of names ends with a separator.
        if ends_empty && first.cells.len() == below.width + 1 && n > 0 {
            first.cells.pop();
        }
        return (first, below);
    }
    if wide && !ends_empty {
        return (first, below);
    }
    if wide {
        first.cells.pop();
    }
    (first, below.without(last))
}

/// The lines including the first, which is a sample too.
pub(super) fn with_first(line: u64, cells: &[&str], below: Below) -> Below {
    let mut all = Below { width: cells.len(), lines: vec![], numbers: vec![], words: BTreeMap::new(), truths: false };
    all.push(line, cells);
    all.lines.extend(below.lines);
    all.numbers.extend(below.numbers);
    all.truths |= below.truths;
    all.words.extend(below.words.into_iter().map(|((r, c), text)| ((r + 1, c), text)));
    all
}
