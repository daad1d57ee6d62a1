//! Curves over an x axis.

use super::legend::{Item, point, point_class};
use super::{Canvas, Drawing, Frame, axes, clip, frame_meta, heading, left_margin, px, ruler_meta};
use crate::record::{Axis, Curve, Style};
use crate::report::axis::Ruler;
use crate::report::colour::{Gradient, PALETTE};
use std::fmt::Write;

/// More coloured curves than this are shown as a ramp in the legend.
const LIST: usize = 8;

pub(super) fn draw(Canvas { title, width, height, key }: Canvas<'_>, x: &Axis, y: &Axis, curves: &[Curve]) -> Drawing {
    let xs = curves.iter().flat_map(|c| c.x.iter().zip(&c.y).filter(|(_, y)| y.is_finite()).map(|(x, _)| *x));
    let x_ruler = Ruler::fit(x, xs, 0.02);
    let ys = curves.iter().flat_map(|c| {
        c.y.iter().enumerate().flat_map(|(i, &y)| {
            let e = c.error.get(i).copied().filter(|e| e.is_finite()).unwrap_or(0.0);
            [y, y - e, y + e]
        })
    });
    let y_ruler = match y.scale {
        // The lower end of an error bar may be below 0: it must not stretch a logarithmic axis, nor add a 0 to it.
        crate::record::Scale::Log => Ruler::fit(y, curves.iter().flat_map(|c| c.y.iter().copied()), 0.05),
        crate::record::Scale::Linear => Ruler::fit(y, ys, 0.05),
    };
    let top = if title.is_empty() { 10.0 } else { 28.0 };
    let bottom = if x.label.is_empty() { 28.0 } else { 48.0 };
    let left = left_margin(&y_ruler, height - top - bottom, &y.label);
    let frame = Frame { x: left, y: top, w: width - left - 16.0, h: height - top - bottom };
    let items = items(curves);
    let mut body = clip(frame, key, 4.0) + &heading(title, width);
    body += &axes(frame, &x_ruler, &y_ruler, [&x.label, &y.label], true);
    let _ = write!(body, "<g clip-path=\"url(#clip-{key})\">");
    for (curve, item) in curves.iter().zip(&items) {
        body += &path(curve, item, frame, &x_ruler, &y_ruler);
    }
    body += "</g>";
    let list: Vec<_> = curves
        .iter()
        .zip(&items)
        .map(|(c, i)| {
            let n = c.x.len().min(c.y.len());
            serde_json::json!({ "n": n, "label": c.label, "line": i.line, "shape": i.shape, "dash": i.dash })
        })
        .collect();
    let meta = serde_json::json!({
        "kind": "curves", "r": frame_meta(frame), "x": ruler_meta(&x_ruler, &x.label),
        "y": ruler_meta(&y_ruler, &y.label), "curves": list,
    });
    Drawing {
        width,
        height,
        body,
        legend: if items.len() > 1 || !items.iter().all(|i| i.label.is_empty()) { items } else { Vec::new() },
        meta,
    }
}

/// Colour, dashes and points of every curve.
fn items(curves: &[Curve]) -> Vec<Item> {
    let coloured = curves.iter().filter(|c| c.colour.is_some()).count();
    let (mut next, mut dashed) = (0, 0);
    curves
        .iter()
        .enumerate()
        .map(|(index, curve)| {
            let reference = curve.style == Style::Dashed;
            let shape = if curve.colour.is_some() { 0 } else { next };
            let class = match (curve.colour, reference) {
                (Some(_), _) => String::new(),
                (None, true) => "ref".into(),
                (None, false) => {
                    next += 1;
                    format!("k{}", (next - 1) % PALETTE)
                }
            };
            let dash = reference.then(|| {
                dashed += 1;
                format!("d{}", (dashed - 1) % 4)
            });
            Item {
                index,
                label: curve.label.clone(),
                class,
                colour: curve.colour.map(|c| Gradient::Temperature.at(c)),
                dash,
                line: curve.style != Style::Points,
                // Repeated colours get other shapes of points, so that curves 0 and 8 differ.
                shape: matches!(curve.style, Style::Points | Style::LinePoints)
                    .then_some((shape + shape / PALETTE) % 4),
                ramp: coloured > LIST && curve.colour.is_some() && !reference,
            }
        })
        .collect()
}

/// A curve: error bars, line (broken at gaps) and points; an isolated point of a line is a dot.
fn path(curve: &Curve, item: &Item, frame: Frame, x: &Ruler, y: &Ruler) -> String {
    let at_x = |u: f64| frame.x + frame.w * x.fraction(u);
    let at_y = |u: f64| frame.y + frame.h * (1.0 - y.fraction(u));
    let places: Vec<Option<(f64, f64)>> =
        curve.x.iter().zip(&curve.y).map(|(&a, &b)| x.u(a).zip(y.u(b)).map(|(a, b)| (at_x(a), at_y(b)))).collect();
    let (mut bars, mut line, mut points) = (String::new(), String::new(), String::new());
    for (i, place) in places.iter().enumerate() {
        let Some((px_x, px_y)) = *place else { continue };
        let before = i > 0 && places[i - 1].is_some();
        let after = places.get(i + 1).is_some_and(Option::is_some);
        if item.line {
            let _ = write!(line, "{}{} {}", if before { 'L' } else { 'M' }, px(px_x), px(px_y));
        }
        match item.shape {
            Some(shape) => points += &point(shape, px_x, px_y),
            None if !before && !after => points += &point(0, px_x, px_y),
            None => {}
        }
        if let Some(&error) = curve.error.get(i)
            && error.is_finite()
            && error > 0.0
        {
            let low = y.u(curve.y[i] - error).map_or(frame.y + frame.h, at_y);
            let high = y.u(curve.y[i] + error).map_or(px_y, at_y);
            // A bar shorter than a pixel conveys nothing.
            if (low - high).abs() >= 1.0 {
                let _ = write!(bars, "M{} {}h5m-2.5 0V{}m-2.5 0h5", px(px_x - 2.5), px(low), px(high));
            }
        }
    }
    let mut out = format!("<g {} data-c=\"{}\">", item.paint(), item.index);
    if !bars.is_empty() {
        let _ = write!(out, "<path class=\"er\" d=\"{bars}\"/>");
    }
    if !line.is_empty() {
        let _ = write!(out, "<path class=\"ln {}\" d=\"{line}\"/>", item.dash.as_deref().unwrap_or(""));
    }
    if !points.is_empty() {
        let _ = write!(out, "<path class=\"{}\" d=\"{points}\"/>", point_class(item.shape.unwrap_or(0)));
    }
    out + "</g>"
}
