//! Axes and curves of figures.

use super::combined::Combined;
use crate::record::{Axis, Curve, Scale, Style};

pub(super) fn axis(label: &str) -> Axis {
    Axis { label: label.into(), ..Axis::default() }
}

pub(super) fn log_axis(label: &str) -> Axis {
    Axis { label: label.into(), scale: Scale::Log, limits: None }
}

/// A curve through means over repetitions, with their errors.
pub(super) fn curve(label: impl Into<String>, x: &[f64], values: &[Combined], style: Style) -> Curve {
    let or_gap = |value: Option<f64>| value.unwrap_or(f64::NAN);
    Curve {
        label: label.into(),
        x: x.to_vec(),
        y: values.iter().map(|c| or_gap(c.value)).collect(),
        error: values.iter().map(|c| or_gap(c.error)).collect(),
        style,
        colour: None,
    }
}

/// A reference at the height `y` from one end of `x` to the other.
pub(super) fn level(label: impl Into<String>, x: &[f64], y: f64) -> Curve {
    let ends: Vec<f64> = x.first().into_iter().chain(x.last()).copied().collect();
    Curve { label: label.into(), y: vec![y; ends.len()], x: ends, style: Style::Dashed, ..Curve::default() }
}
