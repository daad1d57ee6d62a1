//! Decides whether the first line of a table holds names, and which columns only number the rows.
//!
//! A header is recognised by the types of its columns: names above numbers, or numbers (pandas' 0, 1, 2 ...) where that
//! line cannot be a sample. A missing value or a typo in the first sample does not make it a header: it is refused as
//! in any other line.

use super::cells::{Below, Cell, Line, no_number};
use super::label_names::usual as label;
use super::{Options, Unknown};

/// Position of the column names; with a remark where the first line could be read in another way.
pub(super) enum Names {
    /// In the first line.
    Here { remark: Option<String> },
    /// Absent: the first line is a sample.
    None { remark: Option<String> },
}

/// Names that mark a column as numbering the rows.
const INDEX: [&str; 5] = ["index", "idx", "id", "row", "no"];

pub(super) fn is_unnamed(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed:")
}

fn is_index(name: &str) -> bool {
    INDEX.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether `numbers` count up by one from 0 or 1.
fn counts(mut numbers: impl Iterator<Item = f64>) -> bool {
    let Some(first) = numbers.next().filter(|first| *first == 0.0 || *first == 1.0) else { return false };
    numbers.enumerate().all(|(i, v)| v == first + (i + 1) as f64)
}

/// `numbers` sorted, if they are distinct whole numbers of at least 0.
fn whole_and_distinct(numbers: impl Iterator<Item = f64>) -> Option<Vec<f64>> {
    let mut all: Vec<f64> = numbers.collect();
    all.sort_by(f64::total_cmp);
    (all.iter().all(|v| *v >= 0.0 && v.fract() == 0.0) && all.windows(2).all(|w| w[0] < w[1])).then_some(all)
}

/// Whether `numbers` are consecutive whole numbers in any order, at least `least` of them.
fn consecutive(numbers: impl Iterator<Item = f64>, least: usize) -> bool {
    whole_and_distinct(numbers).is_some_and(|all| all.len() >= least && all[all.len() - 1] - all[0] < all.len() as f64)
}

/// Whether `numbers` rise by equal steps.
fn rises_evenly(numbers: &[f64]) -> bool {
    let step = |w: &[f64]| w[1] - w[0];
    let first = numbers.windows(2).next().map_or(0.0, step);
    first > 0.0 && numbers.windows(2).all(|w| (step(w) - first).abs() <= 1e-9 * first.abs())
}

/// Decides whether the first line holds names.
pub(super) fn first_line(first: &Line, below: &Below, options: &Options) -> Result<Names, String> {
    let cells: Vec<Cell> = first.cells.iter().map(|c| Cell::of(c)).collect();
    let numbers: Vec<f64> = cells.iter().filter_map(|c| c.number()).collect();
    let here = || Ok(Names::Here { remark: None });
    let sample = || Ok(Names::None { remark: None });
    let bad = |wanted: Cell| {
        let at = cells.iter().position(|c| *c == wanted).unwrap_or(0);
        Err(no_number(first.number, at, &first.cells[at]))
    };
    if cells.len() != below.width {
        return here();
    }
    let named = |c: &usize| cells[*c] == Cell::Word;
    // "1,5": a decimal comma, or two numbers with another separator than the rest.
    let comma = |text: &String| Cell::of(text) == Cell::Word && Cell::of(&text.replace([',', ';'], ".")) != Cell::Word;
    if let Some(c) = first.cells.iter().position(comma) {
        return Err(no_number(first.number, c, &first.cells[c]));
    }
    let above_numbers = |c: &usize| below.lines.is_empty() || below.column(*c).any(|v| !v.is_nan());
    if !cells.contains(&Cell::Word) {
        if cells.contains(&Cell::Missing) {
            // pandas: no name above the index, which may be shuffled or begin anywhere, and numbers above the other
            // columns.
            let distinct = || whole_and_distinct(below.column(0)).is_some();
            let index = cells[0] == Cell::Missing && numbers.len() + 1 == cells.len() && distinct();
            let pandas = index && first.cells[0].is_empty() && counts(numbers.iter().copied());
            let is_unknown = options.unknown.as_ref().is_some_and(Unknown::is_nan);
            return match pandas {
                true => here(),
                false if is_unknown => sample(),
                false => bad(Cell::Missing),
            };
        }
        return Ok(of_numbers(&numbers, below, options));
    }
    if numbers.is_empty() {
        return here();
    }
    let usual = (0..cells.len()).filter(named).any(|c| {
        let name = first.cells[c].as_str();
        label(name).is_some() || is_unnamed(name) || is_index(name) || name == options.labels
    });
    let sorted = numbers.windows(2).all(|w| w[0] < w[1]);
    let outside = numbers.iter().any(|v| !fits(*v / options.scale, &kind(below, options)));
    if sorted && (usual || outside && numbers.len() >= 2) {
        return here();
    }
    if (0..cells.len()).filter(named).any(|c| above_numbers(&c)) { bad(Cell::Word) } else { sample() }
}

/// Kind of values in the samples below.
enum Held {
    Spins,
    Bits,
    Grey,
    Other,
}

fn kind(below: &Below, options: &Options) -> Held {
    let all = |held: Held| below.numbers.iter().all(|v| v.is_nan() || fits(*v / options.scale, &held)).then_some(held);
    all(Held::Spins).or_else(|| all(Held::Bits)).or_else(|| all(Held::Grey)).unwrap_or(Held::Other)
}

fn fits(v: f64, held: &Held) -> bool {
    match held {
        Held::Spins => v == -1.0 || v == 1.0,
        Held::Bits => v == 0.0 || v == 1.0,
        Held::Grey => (0.0..=1.0).contains(&v),
        Held::Other => true,
    }
}

/// Decides about a first line that consists of numbers only.
fn of_numbers(numbers: &[f64], below: &Below, options: &Options) -> Names {
    let n = numbers.len();
    let list = || {
        let show = |v: &[f64]| v.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if n <= 5 { show(numbers) } else { format!("{} ... {}", show(&numbers[..3]), numbers[n - 1]) }
    };
    let names =
        || Names::Here { remark: Some(format!("the first line ({}) is taken for names, not for a sample", list())) };
    let sample = |doubt: bool| Names::None {
        remark: doubt.then(|| format!("the first line ({}) is taken for a sample, not for names", list())),
    };
    let counting = counts(numbers.iter().copied());
    let whole = |row: &[f64]| row.iter().all(|v| v.fract() == 0.0);
    let rising = numbers.windows(2).all(|w| w[0] < w[1]) && numbers[0] >= 0.0;
    if below.lines.is_empty() || !rising {
        return sample(false);
    }
    let held = kind(below, options);
    if !matches!(held, Held::Other) {
        let outside = numbers.iter().filter(|v| !fits(**v / options.scale, &held)).count();
        let cannot_be = counting && n >= 3 || 2 * outside >= n && n >= 2;
        return if outside > 0 && cannot_be { names() } else { sample(counting && n >= 2) };
    }
    // Among real numbers a line of counting whole numbers is not a sample; five that rise evenly are not if no other
    // line does.
    let alone = !below.rows().any(|row| rises_evenly(row) && row[0] >= 0.0);
    let among_fractions = counting && below.rows().all(|row| !whole(row));
    if among_fractions || n >= 5 && rises_evenly(numbers) && alone {
        names()
    } else {
        sample(counting && n >= 2 && alone)
    }
}

/// Number of lines from which a column of consecutive numbers is an index whatever its name: 20 random counts never
/// are.
const MANY: usize = 20;

/// Columns that only number the rows: distinct whole numbers without a name (the index in `to_csv` of pandas),
/// consecutive ones in any order with an index name or in many lines; without any names the first column of at least
/// five lines, if it counts up.
pub(super) fn indices(names: Option<&[String]>, below: &Below, options: &Options) -> Vec<usize> {
    if below.width < 2 {
        return Vec::new();
    }
    let Some(names) = names else {
        return if below.lines.len() >= 5 && counts(below.column(0)) { vec![0] } else { vec![] };
    };
    let of = |c: &usize| match names[*c].as_str() {
        name if is_unnamed(name) => whole_and_distinct(below.column(*c)).is_some(),
        name if is_index(name) => counts(below.column(*c)) || consecutive(below.column(*c), 2),
        name => label(name).is_none() && name != options.labels && consecutive(below.column(*c), MANY),
    };
    (0..below.width).filter(of).collect()
}
