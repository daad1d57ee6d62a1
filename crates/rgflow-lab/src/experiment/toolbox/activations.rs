//! Figure 2.1: the activations and their derivatives.

use crate::record::{Axis, Curve, Figure, Number, Panel, Style};
use rgflow::nn::Activation;

/// Half the range of the figure.
const RANGE: f64 = 4.0;
/// Step of the finite differences, and what they leave: of order h^2 and rounding over h.
const H: f64 = 1e-5;
const TOLERANCE: f64 = 1e-8;

/// All activations of one neuron.
fn all() -> Vec<Activation> {
    Activation::ALL.into_iter().filter(|a| a.at(0.0).is_some()).collect()
}

fn grid() -> Vec<f64> {
    (-80..=80).map(|i| RANGE * f64::from(i) / 80.0).collect()
}

pub(super) fn numbers() -> Vec<Number> {
    let slope = |a: Activation| {
        // Kinks and steps lie at 0.
        let z = grid().into_iter().filter(|z| z.abs() > 2.0 * H);
        let off = z.filter_map(|z| {
            let ((_, slope), (right, _), (left, _)) = (a.at(z)?, a.at(z + H)?, a.at(z - H)?);
            Some((slope - (right - left) / (2.0 * H)).abs())
        });
        off.fold(0.0, f64::max)
    };
    let of = |a: &Activation| {
        let how = format!("largest |f'(z) - (f(z + h) - f(z - h))/2h|, 0 < |z| <= {RANGE}, h = {H:.0e}");
        let key = format!("toolbox.activations.{}.slope", a.name().replace('-', "_"));
        Number::new(key, slope(*a), None, "1", how).compare(
            0.0,
            0.0,
            TOLERANCE,
            "thesis fig. 2.1: f' is the derivative of f",
        )
    };
    all().iter().map(of).collect()
}

pub(super) fn figure() -> Figure {
    let panel = |a: &Activation| {
        let curve = |label: &str, style, of: &dyn Fn((f64, f64)) -> f64| Curve {
            label: label.into(),
            x: grid(),
            y: grid().into_iter().map(|z| a.at(z).map_or(f64::NAN, of)).collect(),
            style,
            ..Curve::default()
        };
        let axis = |label: &str, limits| Axis { label: label.into(), limits, ..Axis::default() };
        let name = match a {
            Activation::LeakyRelu { alpha } => format!("leaky ReLU, alpha = {alpha}"),
            other => other.name().to_string(),
        };
        Panel::Curves {
            title: name,
            x: axis("z", Some([-RANGE, RANGE])),
            y: axis("", Some([-1.2, 2.0])),
            curves: vec![curve("f(z)", Style::Line, &|(y, _)| y), curve("f'(z)", Style::Dashed, &|(_, slope)| slope)],
        }
    };
    Figure {
        id: "fig2.1".into(),
        title: "Activations and their derivatives".into(),
        caption: "f(z) and, dashed, f'(z). Softmax belongs to a whole layer and is not drawn; what of a function lies beyond y = 2 is cut off.".into(),
        alt: "Seven activations: straight, step, two sigmoids, and three that bend at 0.".into(),
        panels: all().iter().map(panel).collect(),
    }
}
