//! Axes and curves of figures.

use crate::record::{Axis, Cell, Combined, Curve, Scale, Style, over_seeds};

pub fn axis(label: &str) -> Axis {
    Axis { label: label.into(), ..Axis::default() }
}

pub fn log_axis(label: &str) -> Axis {
    Axis { label: label.into(), scale: Scale::Log, limits: None }
}

/// A curve through means over repetitions, with their errors. What is only known to lie in a range is its middle with a bar as wide; an
/// open range is a gap.
pub fn curve(label: impl Into<String>, x: &[f64], values: &[Combined], style: Style) -> Curve {
    let point = |c: &Combined| match c.interval {
        None => [c.value, c.error].map(|v| v.unwrap_or(f64::NAN)),
        Some([Some(low), Some(high)]) => [(low + high) / 2.0, (high - low) / 2.0],
        Some(_) => [f64::NAN; 2],
    };
    let (y, error) = values.iter().map(point).map(|[y, error]| (y, error)).unzip();
    Curve { label: label.into(), x: x.to_vec(), y, error, style, colour: None }
}

/// A reference at the height `y` from one end of `x` to the other.
pub fn level(label: impl Into<String>, x: &[f64], y: f64) -> Curve {
    let ends: Vec<f64> = x.first().into_iter().chain(x.last()).copied().collect();
    Curve { label: label.into(), y: vec![y; ends.len()], x: ends, style: Style::Dashed, ..Curve::default() }
}

/// A quantity without an error of its own over the findings of repetitions.
pub fn over<F>(found: &[F], of: impl Fn(&F) -> Option<f64>) -> Combined {
    over_seeds(&found.iter().map(|f| of(f).map(|value| (value, f64::NAN))).collect::<Vec<_>>(), 1.0)
}

/// A cell of a table.
pub fn cell(c: &Combined, remark: Option<&str>) -> Cell {
    Cell::from(c).remark(remark)
}
