//! Tables of text and numbers.

use serde::{Deserialize, Serialize};

/// A table: a caption, column heads and rows of cells.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// Description of the table.
    pub caption: String,
    /// Column heads.
    pub columns: Vec<String>,
    /// Rows, each as wide as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// Remarks below the table.
    pub notes: Vec<String>,
}

/// One cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    /// Text, such as the head of a row.
    Text(String),
    /// A value with its error, shown as `2.25(3)`; `interval` as in [`super::Number`] (`null` end = open) is shown
    /// instead if there is one: `<= 0.9`, `>= 5.8` or `0.2 ... 0.9`.
    Value {
        /// The value; `None` is shown as a dash.
        value: Option<f64>,
        /// One standard error.
        error: Option<f64>,
        /// Interval that replaces the value.
        interval: Option<[Option<f64>; 2]>,
        /// A short remark shown next to it, such as `not thermal`.
        remark: Option<String>,
    },
    /// A verdict, shown as a coloured word.
    Verdict(super::Verdict),
}

impl Cell {
    /// A cell of text.
    pub fn text(text: impl Into<String>) -> Self {
        Cell::Text(text.into())
    }

    /// Adds a remark next to the value, where there is one.
    pub fn remark(self, words: Option<&str>) -> Self {
        match self {
            Cell::Value { value, error, interval, .. } => {
                Cell::Value { value, error, interval, remark: words.map(String::from) }
            }
            other => other,
        }
    }
}

impl From<&super::Number> for Cell {
    fn from(n: &super::Number) -> Self {
        Cell::Value { value: n.value, error: n.error, interval: n.interval, remark: None }
    }
}

impl From<&super::Combined> for Cell {
    fn from(c: &super::Combined) -> Self {
        Cell::Value { value: c.value, error: c.error, interval: c.interval, remark: None }
    }
}

/// A value with its error.
impl From<super::Measured> for Cell {
    fn from((value, error): super::Measured) -> Self {
        let finite = |x: f64| x.is_finite().then_some(x);
        Cell::Value { value: finite(value), error: finite(error), interval: None, remark: None }
    }
}

/// An exact value.
impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Cell::Value { value: value.is_finite().then_some(value), error: None, interval: None, remark: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::text(text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<super::Verdict> for Cell {
    fn from(verdict: super::Verdict) -> Self {
        Cell::Verdict(verdict)
    }
}

/// A row of a table, from anything that converts to cells.
#[macro_export]
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($crate::record::Cell::from($cell)),*] };
}

impl Table {
    /// An empty table.
    pub fn new<H: Into<String>>(caption: impl Into<String>, columns: impl IntoIterator<Item = H>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Self { caption: caption.into(), columns, rows: Vec::new(), notes: Vec::new() }
    }

    /// Appends rows.
    pub fn rows(mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// Appends a remark below the table.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
}
