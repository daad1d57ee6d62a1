//! Axes and curves of figures.

use super::combined::Combined;
use crate::record::{Axis, Curve, Scale, Style};

pub(super) fn axis(label: &str) -> Axis {
    Axis { label: label.into(), ..Axis::default() }
}

pub(super) fn log_axis(label: &str) -> Axis {
    Axis { label: label.into(), scale: Scale::Log, limits: None }
}

/// A curve through means over repetitions, with their errors. What is only known to lie in a range is its middle with a bar as wide; an
/// open range is a gap.
pub(super) fn curve(label: impl Into<String>, x: &[f64], values: &[Combined], style: Style) -> Curve {
    let point = |c: &Combined| match c.interval {
        None => [c.value, c.error].map(|v| v.unwrap_or(f64::NAN)),
        Some([Some(low), Some(high)]) => [(low + high) / 2.0, (high - low) / 2.0],
        Some(_) => [f64::NAN; 2],
    };
    let (y, error) = values.iter().map(point).map(|[y, error]| (y, error)).unzip();
    Curve { label: label.into(), x: x.to_vec(), y, error, style, colour: None }
}

/// A reference at the height `y` from one end of `x` to the other.
pub(super) fn level(label: impl Into<String>, x: &[f64], y: f64) -> Curve {
    let ends: Vec<f64> = x.first().into_iter().chain(x.last()).copied().collect();
    Curve { label: label.into(), y: vec![y; ends.len()], x: ends, style: Style::Dashed, ..Curve::default() }
}

#[cfg(test)]
mod tests {
    use super::super::combined::over_seeds;
    use super::*;

    #[test]
    fn a_bound_is_not_drawn_as_a_value() {
        let seen = over_seeds(&[Some((2.0, 0.1))], 1.0);
        let within = |interval| Combined { interval: Some(interval), ..seen.clone() };
        let all = [seen.clone(), within([Some(1.0), Some(4.0)]), within([Some(5.75), None])];
        let drawn = curve("T*", &[1.0, 2.0, 3.0], &all, Style::Line);
        assert_eq!((&drawn.y[..2], &drawn.error[..2]), (&[2.0, 2.5][..], &[0.1, 1.5][..]));
        assert!(drawn.y[2].is_nan());
    }
}
