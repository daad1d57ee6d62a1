//! Named dimensions of quantities: sizes, temperatures, training sets, modes.

use super::{Cell, Curve, Number, Table};
use std::fmt::Display;
use std::ops::Range;

/// A dimension: its places, each with a name in keys, words for people and a position on an axis.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// Placeholder in the keys and descriptions of quantities, such as `L`, written in braces there.
    pub name: &'static str,
    keys: Vec<String>,
    words: Vec<String>,
    x: Vec<f64>,
}

impl Dimension {
    /// Dimension of `values` that [`Position`] puts on an axis; `key` names a value in keys. Words are the values
    /// themselves.
    pub fn new<T: Position>(name: &'static str, values: &[T], key: impl Fn(&T) -> String) -> Self {
        Self {
            name,
            keys: values.iter().map(key).collect(),
            words: values.iter().map(T::to_string).collect(),
            x: values.iter().map(T::position).collect(),
        }
    }

    /// Dimension of names, which stand at 0, 1, 2 ...
    pub fn names<T: AsRef<str>>(name: &'static str, names: impl IntoIterator<Item = T>) -> Self {
        let words: Vec<String> = names.into_iter().map(|name| name.as_ref().to_string()).collect();
        Self { name, keys: words.clone(), x: (0..words.len()).map(|i| i as f64).collect(), words }
    }

    /// Replaces the words for people.
    pub fn words(mut self, words: impl Fn(usize) -> String) -> Self {
        self.words = self.places().map(words).collect();
        self
    }

    /// Indices of its places.
    pub fn places(&self) -> Range<usize> {
        0..self.keys.len()
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it has no places.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Name of a place in keys.
    pub fn key(&self, place: usize) -> &str {
        &self.keys[place]
    }

    /// Words for a place, for people.
    pub fn word(&self, place: usize) -> &str {
        &self.words[place]
    }

    /// Positions on an axis.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// `of` each place, separated by commas.
    pub fn list<T: Display>(&self, of: impl Fn(usize) -> T) -> String {
        self.places().map(|place| of(place).to_string()).collect::<Vec<_>>().join(", ")
    }

    /// A curve through the number `of` each place.
    pub fn curve<'a>(&self, label: impl Into<String>, of: impl Fn(usize) -> &'a Number) -> Curve {
        Curve::through(label, &self.x, self.places().map(of))
    }

    /// A curve for each of `labels` through the number `of` each place and label.
    pub fn curves<'a>(&self, labels: &[&str], of: impl Fn(usize, usize) -> &'a Number) -> Vec<Curve> {
        labels.iter().enumerate().map(|(i, label)| self.curve(*label, |place| of(place, i))).collect()
    }

    /// A table with a row for each place, whose first cell are its words.
    pub fn table(&self, caption: impl Into<String>, head: &str) -> Rows<'_> {
        let rows = self.words.iter().map(|words| vec![Cell::text(words)]).collect();
        let table = Table { caption: caption.into(), columns: vec![head.into()], rows, notes: Vec::new() };
        Rows { of: self, table }
    }
}

/// A value that stands on an axis.
pub trait Position: Display {
    /// Position on the axis.
    fn position(&self) -> f64;
}

impl Position for f64 {
    fn position(&self) -> f64 {
        *self
    }
}

impl Position for usize {
    fn position(&self) -> f64 {
        *self as f64
    }
}

/// A table that grows by columns, with a row for each place of a dimension.
pub struct Rows<'a> {
    of: &'a Dimension,
    table: Table,
}

impl Rows<'_> {
    /// Adds a column: the cell `of` each place.
    pub fn column<C: Into<Cell>>(mut self, head: impl Into<String>, of: impl Fn(usize) -> C) -> Self {
        self.table.columns.push(head.into());
        self.of.places().for_each(|place| self.table.rows[place].push(of(place).into()));
        self
    }

    /// Adds a column for each of `heads`: the cell `of` each place and head.
    pub fn columns<H: AsRef<str>, C: Into<Cell>>(self, heads: &[H], of: impl Fn(usize, usize) -> C) -> Self {
        heads.iter().enumerate().fold(self, |table, (i, head)| table.column(head.as_ref(), |place| of(place, i)))
    }

    /// The table.
    pub fn done(self) -> Table {
        self.table
    }

    /// The table with a line below it.
    pub fn note(self, text: impl Into<String>) -> Table {
        self.table.note(text)
    }
}
