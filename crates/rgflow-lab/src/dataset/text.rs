//! Tables of text: one sample a line, its numbers separated by commas, semicolons, tabs or blanks (one or more, as `numpy.loadtxt`
//! reads them), with or without a line of names ([`super::header`] says which).

use super::header::{self, Names};
use super::labels::{Labels, Meaning, is_temperature, is_usual};
use super::{Options, Origin, Table};
use ndarray::{Array2, Axis};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    Number(f64),
    /// Nothing, or one of the signs for it.
    Missing,
    Word,
}

impl Cell {
    pub(super) fn of(text: &str) -> Self {
        const MISSING: [&str; 11] = ["", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "?", "-", "."];
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

/// A line of the file.
pub(super) struct Line {
    pub number: u64,
    pub cells: Vec<String>,
}

/// All lines of one width after the first.
pub(super) struct Below {
    pub width: usize,
    /// Number of each line in the file.
    pub lines: Vec<u64>,
    /// Row by row; NaN where there is no number.
    pub numbers: Vec<f64>,
    /// What stands there, by (row, column).
    pub words: BTreeMap<(usize, usize), String>,
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
            self.numbers.push(number.unwrap_or(f64::NAN));
        }
        self.lines.push(line);
    }

    /// The same without the column `c`.
    fn without(self, c: usize) -> Self {
        let kept = |(i, v): (usize, f64)| (i % self.width != c).then_some(v);
        let moved =
            |((r, k), text): ((usize, usize), String)| (k != c).then_some(((r, if k > c { k - 1 } else { k }), text));
        Self {
            numbers: self.numbers.into_iter().enumerate().filter_map(kept).collect(),
            words: self.words.into_iter().filter_map(moved).collect(),
            width: self.width - 1,
            lines: self.lines,
        }
    }
}

/// The table of a text file. Lines that begin with `#` are remarks (as `numpy.savetxt` writes them); the last of them before the numbers
/// may hold the names.
pub(super) fn table(bytes: &[u8], options: &Options) -> Result<Table, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| "is no text in UTF-8; is it another kind of file? Save it as text".to_string())?;
    let text = text.trim_start_matches('\u{feff}');
    let separator = separator(text);
    let (first, below) = lines(text, separator)?;
    let first = first.ok_or("holds no numbers; expected one line per sample")?;
    let (first, mut below) = without_trailing_separator(first, below);
    let mut notes = Vec::new();
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
        // R writes names of rows, and none above them.
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
    let mut kept: Vec<usize> = (0..below.width).collect();
    for c in header::indices(names.as_deref(), &below) {
        kept.retain(|k| *k != c);
        let name = names.as_ref().map_or("", |names| names[c].as_str());
        let named = if name.is_empty() { "without a name".into() } else { format!("`{name}`") };
        notes.push(format!("column {} ({named}) numbers the rows and is left out", c + 1));
    }
    let labels = take_labels(names.as_deref(), &below, &mut kept, options, &mut notes)?;
    if kept.is_empty() {
        return Err("holds labels alone, no samples; add columns of numbers".into());
    }
    if let Some(((r, c), text)) = below.words.iter().find(|((_, c), _)| kept.contains(c)) {
        return Err(no_number(below.lines[*r], *c, text));
    }
    let all = Array2::from_shape_vec((n, below.width), below.numbers).map_err(|e| e.to_string())?;
    let scale = options.scale as f32;
    let values = all.select(Axis(1), &kept).mapv(|v| if scale == 1.0 { v as f32 } else { v as f32 / scale });
    let origin = Some(Origin { lines: below.lines, columns: kept });
    Ok(Table { shape: vec![values.ncols()], values: values.into(), labels, lattice: None, notes, origin })
}

/// Why the cell in column `c` (from 0) of a line cannot be used.
pub(super) fn no_number(line: u64, c: usize, text: &str) -> String {
    let place = format!("line {line}, column {}", c + 1);
    if Cell::of(text) == Cell::Missing {
        return format!("{place}: \"{text}\" is a missing value; leave the line out or fill it in");
    }
    let comma = matches!(Cell::of(&text.replacen(',', ".", 1)), Cell::Number(_));
    let remedy = if comma { "write a point for the decimal comma" } else { "remove or replace it" };
    format!("{place}: \"{text}\" is not a number; {remedy}")
}

/// The separator of the cells, by the first lines: the one that leaves most of them numbers; none: blanks.
fn separator(text: &str) -> Option<u8> {
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
    // Tabs that align columns are blanks among blanks; else an empty cell between two is a missing value.
    let tokens = || lines.iter().map(|l| l.split_whitespace().count()).collect::<std::collections::BTreeSet<_>>();
    match best {
        Some((_, b'\t')) if tokens().len() == 1 => None,
        best => best.map(|(_, separator)| separator),
    }
}

/// The first line of cells, and all others.
fn lines(text: &str, separator: Option<u8>) -> Result<(Option<Line>, Below), String> {
    let mut first: Option<Line> = None;
    let mut below = Below { width: 0, lines: vec![], numbers: vec![], words: BTreeMap::new() };
    let mut push = |number: u64, cells: &[&str]| -> Result<(), String> {
        let Some(first) = &first else {
            below.width = cells.len();
            first = Some(Line { number, cells: cells.iter().map(|c| (*c).to_string()).collect() });
            return Ok(());
        };
        if below.lines.is_empty() && header::may_be_shorter(&first.cells, cells) {
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
                // A remark may follow the numbers.
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

/// A separator at the end of every line makes a last column of nothing.
fn without_trailing_separator(mut first: Line, below: Below) -> (Line, Below) {
    let last = below.width.saturating_sub(1);
    let n = below.lines.len();
    let wide = first.cells.len() == below.width;
    let nothing = |r: usize| below.words.get(&(r, last)).is_some_and(String::is_empty);
    let ends_empty = first.cells.last().is_some_and(String::is_empty);
    if last == 0 || !(0..n).all(nothing) || n == 0 && !ends_empty {
        // Only the line of names ends so.
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

/// The lines with the first, which is a sample too.
fn with_first(line: u64, cells: &[&str], below: Below) -> Below {
    let mut all = Below { width: cells.len(), lines: vec![], numbers: vec![], words: BTreeMap::new() };
    all.push(line, cells);
    all.lines.extend(below.lines);
    all.numbers.extend(below.numbers);
    all.words.extend(below.words.into_iter().map(|((r, c), text)| ((r + 1, c), text)));
    all
}

/// Names in the last remark before the numbers, as `numpy.savetxt(header=...)` writes them.
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

/// The labels that the table has, if they are read; their columns are no units.
fn take_labels(
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
                return Err(format!("has no column `{wanted}` of labels; it has {}", names.join(", ")));
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

/// The labels in the column `c`: numbers, or words where one of them is none.
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
