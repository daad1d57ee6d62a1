//! Axes and curves of figures.

use crate::record::{Axis, Cell, Combined, Scale, over_seeds};

pub fn axis(label: &str) -> Axis {
    Axis { label: label.into(), ..Axis::default() }
}

pub fn log_axis(label: &str) -> Axis {
    Axis { label: label.into(), scale: Scale::Log, limits: None }
}

/// A quantity without an error of its own over the findings of repetitions.
pub fn over<F>(found: &[F], of: impl Fn(&F) -> Option<f64>) -> Combined {
    over_seeds(&found.iter().map(|f| of(f).map(|value| (value, f64::NAN))).collect::<Vec<_>>(), 1.0)
}

/// A cell of a table.
pub fn cell(c: &Combined, remark: Option<&str>) -> Cell {
    Cell::from(c).remark(remark)
}
