//! Figures 2.3 and 2.4: networks as drawings.

use crate::record::{Axis, Curve, Figure, Panel, Style};

/// Units of a layer that are drawn.
const SHOWN: usize = 6;

/// Layers of `(name, units)` from left to right, every unit connected with all of the next layer.
pub(super) fn figure(id: &str, title: &str, caption: &str, layers: &[(&str, usize)]) -> Figure {
    let shown = |n: usize| n.min(SHOWN);
    let place = |layer: usize, unit: usize| {
        let n = shown(layers[layer].1);
        (layer as f64, unit as f64 - 0.5 * (n as f64 - 1.0))
    };
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for layer in 1..layers.len() {
        for (a, b) in (0..shown(layers[layer - 1].1)).flat_map(|a| (0..shown(layers[layer].1)).map(move |b| (a, b))) {
            let (from, to) = (place(layer - 1, a), place(layer, b));
            x.extend([from.0, to.0, to.0]);
            y.extend([from.1, to.1, f64::NAN]);
        }
    }
    let mut curves = vec![Curve { label: "weights".into(), x, y, ..Curve::default() }];
    for (layer, (name, n)) in layers.iter().enumerate() {
        let (x, y) = (0..shown(*n)).map(|unit| place(layer, unit)).unzip();
        let label = if *n > SHOWN { format!("{name}: {SHOWN} of {n}") } else { format!("{name}: {n}") };
        curves.push(Curve { label, x, y, style: Style::Points, ..Curve::default() });
    }
    let axis = |label: &str, low, high| Axis { label: label.into(), limits: Some([low, high]), ..Axis::default() };
    Figure {
        id: id.into(),
        title: title.into(),
        caption: caption.into(),
        alt: format!("{} columns of units, each unit joined with all units of the next column.", layers.len()),
        panels: vec![Panel::Curves {
            title: String::new(),
            x: axis("layer", -0.3, layers.len() as f64 - 0.7),
            y: axis("unit", -3.5, 3.5),
            curves,
        }],
    }
}
