//! Colour maps with their colour bar.

use super::{
    Canvas, Drawing, Frame, axes, clip, fit_text, frame_meta, heading, left_margin, px, ruler_meta, text_width,
};
use crate::record::{Axis, Map, Scale};
use crate::report::axis::Ruler;
use crate::report::colour::Gradient;
use crate::report::rich;
use crate::report::rich::escape;
use std::fmt::Write;

pub(super) fn draw(map: &Map, Canvas { width, height, key, .. }: Canvas<'_>) -> Drawing {
    let is_of_cells = !map.texts.is_empty();
    let axis = |axis: &Axis, values: &[f64]| {
        if is_of_cells {
            let cells = (0..values.len()).map(|i| Some([i as f64 - 0.5, i as f64 + 0.5])).collect();
            return (Ruler::cells(axis, values), cells);
        }
        let mut ruler = Ruler::fit(axis, values.iter().copied(), 0.0);
        let edges = edges(&mut ruler, values, axis);
        (ruler, edges)
    };
    let ((x, x_edges), (y, y_edges)) = (axis(&map.x, &map.columns), axis(&map.y, &map.rows));
    let values = || map.values.iter().flatten().filter_map(|(v, _)| *v).filter(|v| v.is_finite());
    let (gradient, value) = value_scale(&map.value, &values().collect::<Vec<_>>());
    let top = if map.title.is_empty() { 10.0 } else { 28.0 };
    let bottom = if map.x.label.is_empty() { 28.0 } else { 48.0 };
    let h = height - top - bottom;
    let left = left_margin(&y, h, &map.y.label);
    let bar_ticks = value.ticks(((h / 46.0) as usize).max(2));
    let bar_width = 54.0
        + bar_ticks.iter().map(|t| text_width(&t.label)).fold(14.0, f64::max)
        + if map.value.label.is_empty() { 0.0 } else { 16.0 };
    let frame = Frame { x: left, y: top, w: width - left - bar_width, h };

    let mut body = clip(frame, key, 0.0) + &heading(&map.title, width);
    if is_of_cells {
        let _ = write!(
            body,
            "<pattern id=\"hatch-{key}\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><path class=\"void\" d=\"M0 0V7\"/></pattern>"
        );
    }
    let _ = write!(body, "<g class=\"cells\" clip-path=\"url(#clip-{key})\"><g class=\"zoom\">");
    let mut texts = String::new();
    let at = |edge: f64, ruler: &Ruler| ruler.fraction(edge);
    for (r, row) in map.values.iter().enumerate().take(map.rows.len()) {
        for (c, (v, _)) in row.iter().enumerate().take(map.columns.len()) {
            let (Some([x0, x1]), Some([y0, y1])) = (x_edges[c], y_edges[r]) else { continue };
            let (a, b) = (left + frame.w * at(x0, &x), left + frame.w * at(x1, &x));
            let (d, e) = (top + h * (1.0 - at(y1, &y)), top + h * (1.0 - at(y0, &y)));
            let text = map.texts.get(r).and_then(|row| row.get(c)).filter(|text| !text.is_empty());
            if let Some(text) = text {
                // Written last, above the cells. Programs that draw SVG differ in how they paint an outline, so there
                // is none.
                let ink = v.and_then(|v| value.u(v)).map(|u| gradient.ink(value.fraction(u)));
                let ink = ink.map_or(String::new(), |ink| format!(" style=\"fill:{ink}\""));
                let _ = write!(
                    texts,
                    "<text class=\"cell\"{ink} x=\"{}\" y=\"{}\">{}</text>",
                    px((a + b) / 2.0),
                    px((d + e) / 2.0 + 4.0),
                    escape(&fit_text(text, (b - a).abs()))
                );
            }
            let Some(u) = v.and_then(|v| value.u(v)) else {
                if text.is_some() {
                    let [a, b, d, e] = [a, b, d, e].map(px);
                    let _ = write!(body, "<path fill=\"url(#hatch-{key})\" d=\"M{a} {d}H{b}V{e}H{a}z\"/>");
                    continue;
                }
                // A cross, not a shade, which would read as a value.
                let [a, b, d, e] = [a, b, d, e].map(px);
                let _ = write!(body, "<path class=\"void\" d=\"M{a} {d}L{b} {e}M{a} {e}L{b} {d}\"/>");
                continue;
            };
            let _ = write!(
                body,
                "<path d=\"M{} {}H{}V{}H{0}z\" fill=\"{}\"/>",
                px(a.min(b)),
                px(d.min(e)),
                px(a.max(b)),
                px(d.max(e)),
                gradient.at(value.fraction(u))
            );
        }
    }
    body += &texts;
    body += "</g></g>";
    body += &axes(frame, &x, &y, [&map.x.label, &map.y.label], false);
    body += &bar(frame, gradient, &value, &bar_ticks, &map.value.label);
    let meta = serde_json::json!({
        "kind": "map", "r": frame_meta(frame), "x": ruler_meta(&x, &map.x.label), "y": ruler_meta(&y, &map.y.label),
        "label": map.value.label, "cx": map.columns, "cy": map.rows, "xe": x_edges, "ye": y_edges,
    });
    Drawing { width, height, body, legend: Vec::new(), meta }
}

/// Left and right edge of every cell in `u`, halfway to its neighbours; widens the axis to hold whole cells.
fn edges(ruler: &mut Ruler, places: &[f64], axis: &Axis) -> Vec<Option<[f64; 2]>> {
    let u: Vec<Option<f64>> = places.iter().map(|p| ruler.u(*p)).collect();
    let gap = |i: usize| u.get(i).copied().flatten().zip(u.get(i + 1).copied().flatten()).map(|(a, b)| (b - a) / 2.0);
    let cells: Vec<Option<[f64; 2]>> = (0..u.len())
        .map(|i| {
            let before = i.checked_sub(1).and_then(gap);
            let after = gap(i);
            let half = before.or(after).unwrap_or(0.5);
            u[i].map(|at| [at - before.unwrap_or(after.unwrap_or(half)), at + after.unwrap_or(half)])
        })
        .collect();
    if axis.limits.is_none() && cells.iter().any(Option::is_some) {
        let ends = || cells.iter().flatten().flatten().copied();
        (ruler.lo, ruler.hi) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
    }
    cells
}

/// Sequential colours, or, for values of both signs without fixed limits, diverging ones with 0 in the middle.
fn value_scale(axis: &Axis, values: &[f64]) -> (Gradient, Ruler) {
    let ruler = Ruler::fit(axis, values.iter().copied(), 0.0);
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let signs = values.iter().any(|v| *v < 0.0) && values.iter().any(|v| *v > 0.0);
    if signs && axis.scale == Scale::Linear && axis.limits.is_none() {
        return (Gradient::Diverging, Ruler { lo: -largest, hi: largest, ..ruler });
    }
    (Gradient::Sequential, ruler)
}

fn bar(frame: Frame, gradient: Gradient, value: &Ruler, ticks: &[crate::report::axis::Tick], label: &str) -> String {
    const STEPS: usize = 48;
    let (x, top, h) = (frame.x + frame.w + 14.0, frame.y, frame.h);
    let mut out = String::from("<g class=\"cells\">");
    for i in 0..STEPS {
        let (a, b) = (top + h * i as f64 / STEPS as f64, top + h * (i + 1) as f64 / STEPS as f64);
        let colour = gradient.at(1.0 - (i as f64 + 0.5) / STEPS as f64);
        let _ = write!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"{}\" fill=\"{colour}\"/>",
            px(x),
            px(a),
            px(b - a + 0.3)
        );
    }
    out += "</g>";
    let mut widest = 14.0_f64;
    for tick in ticks.iter().filter(|t| !t.label.is_empty()) {
        let at = value.fraction(tick.u);
        if (-0.001..=1.001).contains(&at) {
            let y = top + h * (1.0 - at);
            widest = widest.max(text_width(&tick.label));
            let _ = write!(
                out,
                "<path class=\"axis\" d=\"M{} {}h4\"/><text class=\"t\" x=\"{}\" y=\"{}\">{}</text>",
                px(x + 12.0),
                px(y),
                px(x + 19.0),
                px(y + 4.0),
                escape(&tick.label)
            );
        }
    }
    if !label.is_empty() {
        let (at, middle) = (x + 19.0 + 1.2 * widest + 14.0, top + h / 2.0);
        let text = rich::svg(&fit_text(label, h + 40.0));
        let _ = write!(
            out,
            "<text class=\"m\" transform=\"translate({} {}) rotate(-90)\">{text}</text>",
            px(at),
            px(middle)
        );
    }
    out
}
