//! Legends: entries in rows below the picture; more than eight temperatures become one ramp of colours.

use super::{fit_text, px, text_width};
use crate::report::rich;
use crate::report::rich::escape;
use std::fmt::Write;

/// One curve in the legend.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// Index of the curve in the panel.
    pub index: usize,
    /// Its name.
    pub label: String,
    /// Class of its colour (`k3`, `ref`) or empty.
    pub class: String,
    /// Individual colour, for temperatures.
    pub colour: Option<String>,
    /// Class of its dashes, if it is a dashed line.
    pub dash: Option<String>,
    /// Whether it has a line.
    pub line: bool,
    /// Shape of its points, 0 to 3, if it has points.
    pub shape: Option<usize>,
    /// Whether it belongs to the ramp instead of the list.
    pub ramp: bool,
}

impl Item {
    /// Attributes that give an element the curve's colour.
    pub(crate) fn paint(&self) -> String {
        match &self.colour {
            Some(colour) => format!("class=\"cv {}\" style=\"color:{colour}\"", self.class),
            None => format!("class=\"cv {}\"", self.class),
        }
    }
}

/// Class of points of the given shape. Circles are zero-length lines with round ends: a fifth of the bytes of four
/// arcs.
pub(super) fn point_class(shape: usize) -> &'static str {
    if shape.is_multiple_of(4) { "dot" } else { "mk" }
}

/// A point of the given shape at (x, y) as path data: circle, square, triangle, diamond.
pub(super) fn point(shape: usize, x: f64, y: f64) -> String {
    match shape % 4 {
        0 => format!("M{} {}h.01", px(x), px(y)),
        1 => format!("M{} {}h5v5h-5z", px(x - 2.5), px(y - 2.5)),
        2 => format!("M{} {}l3.2 5.8h-6.4z", px(x), px(y - 3.6)),
        _ => format!("M{} {}l3.4 3.4l-3.4 3.4l-3.4-3.4z", px(x), px(y - 3.4)),
    }
}

/// A piece of the curve, 26 pixels wide, its middle at height `y`.
pub(super) fn sample(item: &Item, x: f64, y: f64) -> String {
    let mut out = format!("<g {}>", item.paint());
    if item.line {
        let _ = write!(
            out,
            "<path class=\"ln {}\" d=\"M{} {}h24\"/>",
            item.dash.as_deref().unwrap_or(""),
            px(x + 1.0),
            px(y)
        );
    }
    if let Some(shape) = item.shape {
        let _ = write!(out, "<path class=\"{}\" d=\"{}\"/>", point_class(shape), point(shape, x + 13.0, y));
    }
    out + "</g>"
}

/// The legend as SVG and its height.
pub(super) fn svg(items: &[Item], width: f64) -> (String, f64) {
    let (ramp, list): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|i| i.ramp);
    let mut out = String::from("<g class=\"legend\">");
    let left = 50.0;
    let (mut x, mut y) = (left, 6.0);
    if !ramp.is_empty() {
        let total = width - left - 20.0;
        let each = total / ramp.len() as f64;
        for (i, item) in ramp.iter().enumerate() {
            let colour = item.colour.as_deref().unwrap_or("currentColor");
            let _ = write!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"10\" fill=\"{colour}\"><title>{}</title></rect>",
                px(left + each * i as f64),
                px(y),
                px((each - 1.0).max(0.5)),
                escape(&item.label)
            );
        }
        let last = ramp.len() - 1;
        for (i, anchor) in [(0, "t"), (last / 2, "t m"), (last, "t e")] {
            let shift = [0.0, each / 2.0, each - 1.0][(i > 0) as usize + (i == last) as usize];
            let label = rich::svg(&fit_text(&ramp[i].label, total / 3.2));
            let _ = write!(
                out,
                "<text class=\"{anchor}\" x=\"{}\" y=\"{}\">{label}</text>",
                px(left + each * i as f64 + shift),
                px(y + 24.0)
            );
        }
        y += 34.0;
    }
    for item in &list {
        let label = fit_text(&item.label, width - left - 50.0);
        let needed = 32.0 + text_width(&label) + 14.0;
        if x > left && x + needed > width {
            (x, y) = (left, y + 18.0);
        }
        out += &sample(item, x, y + 8.0);
        let _ = write!(out, "<text x=\"{}\" y=\"{}\">{}</text>", px(x + 31.0), px(y + 12.0), rich::svg(&label));
        x += needed;
    }
    let height = if items.is_empty() { 0.0 } else { y + if list.is_empty() { 4.0 } else { 24.0 } };
    (out + "</g>", height)
}
