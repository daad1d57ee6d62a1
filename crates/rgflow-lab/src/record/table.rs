//! Tables of text and numbers.

use serde::{Deserialize, Serialize};

/// A table: a caption, column heads and rows of cells.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// What the table shows.
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
    /// A value with its error, shown as `2.25(3)`; `interval` as in [`super::Number`] (`null` end = open) is shown instead when
    /// there is one: `<= 0.9`, `>= 5.8` or `0.2 ... 0.9`.
    Value {
        /// The value; `None` is shown as a dash.
        value: Option<f64>,
        /// One standard error.
        error: Option<f64>,
        /// Interval that replaces the value.
        interval: Option<[Option<f64>; 2]>,
        /// A short remark shown beside it, such as `not thermal`.
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
}
