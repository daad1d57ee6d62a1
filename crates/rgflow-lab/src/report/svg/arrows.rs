//! Flow diagrams: strips of arrows on one axis, with vertical marks such as T_c.

use super::{Canvas, Drawing, Frame, axes, clip, fit_text, heading, px, text_width};
use crate::record::Axis;
use crate::record::format::significant;
use crate::report::axis::Ruler;
use crate::report::rich;
use crate::report::rich::escape;
use std::fmt::Write;

const STRIP: f64 = 30.0;

pub(super) fn draw(
    Canvas { title, width, key, .. }: Canvas<'_>,
    x: &Axis,
    strips: &[(String, Vec<(f64, f64)>)],
    marks: &[(f64, String)],
) -> Drawing {
    let ends = strips.iter().flat_map(|s| s.1.iter().flat_map(|(a, b)| [*a, *b])).chain(marks.iter().map(|m| m.0));
    let ruler = Ruler::fit(x, ends, 0.03);
    let widest = strips.iter().map(|s| text_width(&s.0)).fold(0.0, f64::max).min(width * 0.36);
    let top = if title.is_empty() { 8.0 } else { 28.0 } + if marks.is_empty() { 0.0 } else { 18.0 };
    // A fifth more than needed: on a phone the page enlarges the letters.
    let left = 1.2 * widest + 22.0;
    let h = STRIP * strips.len().max(1) as f64 + 8.0;
    let bottom = if x.label.is_empty() { 28.0 } else { 48.0 };
    let frame = Frame { x: left, y: top, w: width - left - 16.0, h };
    let none = Ruler { log: false, lo: 0.0, hi: 1.0, zero: None, names: Vec::new() };
    let mut body = clip(frame, key, 8.0) + &heading(title, width);
    // The vertical axis of a flow diagram has names instead of ticks: a ruler outside the range draws none.
    body += &axes(frame, &ruler, &Ruler { lo: 1e9, hi: 1e9 + 1e-9, ..none }, [&x.label, ""], true);
    let at = |v: f64| ruler.u(v).map(|u| left + frame.w * ruler.fraction(u));
    let mut last_label_end = f64::NEG_INFINITY;
    let mut sorted: Vec<&(f64, String)> = marks.iter().filter(|m| m.0.is_finite()).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (value, label) in sorted {
        let Some(x) = at(*value).filter(|x| (left - 1.0..=left + frame.w + 1.0).contains(x)) else { continue };
        let _ = write!(body, "<path class=\"mark\" d=\"M{} {}v{}\"/>", px(x), px(top), px(h));
        // A label that would overlap the previous one appears only in the tooltip of its line.
        let half = text_width(label) / 2.0;
        if x - half > last_label_end {
            let _ =
                write!(body, "<text class=\"m\" x=\"{}\" y=\"{}\">{}</text>", px(x), px(top - 6.0), rich::svg(label));
            last_label_end = x + half + 4.0;
        }
    }
    let _ = write!(body, "<g clip-path=\"url(#clip-{key})\">");
    let mut names = String::new();
    for (i, (label, arrows)) in strips.iter().enumerate() {
        let y = top + 4.0 + STRIP * (i as f64 + 0.5);
        let _ = write!(
            names,
            "<text class=\"e\" x=\"{}\" y=\"{}\">{}</text>",
            px(left - 10.0),
            px(y + 4.0),
            rich::svg(&fit_text(label, widest + 8.0))
        );
        if i > 0 {
            let _ = write!(body, "<path class=\"grid\" d=\"M{} {}h{}\"/>", px(left), px(y - STRIP / 2.0), px(frame.w));
        }
        for (from, to) in arrows {
            if let (Some(a), Some(b)) = (at(*from), at(*to)) {
                body += &arrow(a, b, y, &format!("{label}: {} → {}", significant(*from, 4), significant(*to, 4)));
            }
        }
    }
    body += "</g>";
    body += &names;
    Drawing { width, height: top + h + bottom, body, legend: Vec::new(), meta: serde_json::json!({ "kind": "arrows" }) }
}

/// An arrow from `a` to `b` (pixels): warm if it points up the axis, cold if down; a fixed point is a dot.
fn arrow(a: f64, b: f64, y: f64, tooltip: &str) -> String {
    let length = (b - a).abs();
    let tooltip = format!("<title>{}</title>", escape(tooltip));
    if length < 1.5 {
        return format!(
            "<g class=\"stay\">{tooltip}<circle class=\"head\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/></g>",
            px(a),
            px(y)
        );
    }
    let sign = (b - a).signum();
    let head = length.min(9.0);
    let neck = b - sign * head;
    let half = head * 0.45 + 0.6;
    let class = if sign > 0.0 { "up" } else { "down" };
    format!(
        "<g class=\"{class}\">{tooltip}<circle class=\"head\" cx=\"{0}\" cy=\"{y}\" r=\"1.8\"/><path class=\"arrow\" \
         d=\"M{0} {y}H{1}\"/><path class=\"head\" d=\"M{2} {y}L{3} {4}v{5}z\"/></g>",
        px(a),
        px(neck),
        px(b),
        px(neck),
        px(y - half),
        px(2.0 * half),
        y = px(y),
    )
}
