//! Quantities over repetitions: their mean and what its error is over.

use crate::record::Cell;
pub(super) use crate::record::{Combined, Measured, around, over_seeds, union};

/// A quantity without an error of its own over the findings of repetitions.
pub(super) fn over<F>(found: &[F], of: impl Fn(&F) -> Option<f64>) -> Combined {
    over_seeds(&found.iter().map(|f| of(f).map(|value| (value, f64::NAN))).collect::<Vec<_>>(), 1.0)
}

/// A cell of a table.
pub(super) fn cell(c: &Combined, remark: Option<&str>) -> Cell {
    Cell::from(c).remark(remark)
}
