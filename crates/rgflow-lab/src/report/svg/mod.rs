//! Figures as SVG: one static picture per figure for files and papers, and one per panel for the page, from the same
//! drawing code.
//!
//! Colours come from classes (`figure.css`), so that the page can adapt them to dark mode; files contain the light
//! values. Coordinates are written with a fixed number of digits, so equal figures have equal bytes.

mod arrows;
mod curves;
mod lattices;
mod legend;
mod map;

use super::axis::Ruler;
use super::{colour, rich};
use crate::record::{Figure, Panel};
use crate::report::rich::escape;
pub(crate) use legend::Item;
use std::fmt::Write;

/// A drawn panel.
#[derive(Default)]
pub(crate) struct Drawing {
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels, without the legend.
    pub height: f64,
    /// The picture's elements.
    pub body: String,
    /// Entries of the legend; drawn below the picture in files, as buttons in the page.
    pub legend: Vec<Item>,
    /// Data for the page's script in addition to the figure's CSV.
    pub meta: serde_json::Value,
}

/// Area of the data: left, top, width, height.
#[derive(Clone, Copy)]
struct Frame {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

/// The figure as a complete SVG document with a white background, its title and its text alternative.
pub fn figure(figure: &Figure) -> String {
    const GAP: f64 = 12.0;
    let drawings = panels(figure);
    let top = if figure.title.is_empty() { GAP } else { 38.0 };
    let limit = drawings.iter().map(|d| d.width).fold(1010.0, f64::max);
    let (mut x, mut y, mut row_height, mut width) = (GAP, top, 0.0_f64, 240.0_f64);
    let mut inner = String::new();
    for drawing in &drawings {
        let (legend, legend_height) = legend::svg(&drawing.legend, drawing.width);
        let height = drawing.height + legend_height;
        if x > GAP && x + drawing.width > limit + 2.0 * GAP {
            (x, y, row_height) = (GAP, y + row_height + GAP, 0.0);
        }
        let _ = writeln!(
            inner,
            "<g class=\"panel\" transform=\"translate({} {})\">{}<g transform=\"translate(0 {})\">{legend}</g></g>",
            px(x),
            px(y),
            drawing.body,
            px(drawing.height)
        );
        width = width.max(x + drawing.width + GAP);
        x += drawing.width + GAP;
        row_height = row_height.max(height);
    }
    let height = y + row_height.max(20.0) + GAP;
    let (width, height) = (px(width), px(height));
    let title = escape(&figure.title);
    let heading = if title.is_empty() {
        String::new()
    } else {
        format!(
            "<g class=\"panel\"><text x=\"{}\" y=\"25\" style=\"font-size:15px\" class=\"h\">{}</text></g>\n",
            px(GAP + 4.0),
            rich::svg(&figure.title)
        )
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" role=\"img\">\n\
         <title>{title}</title>\n<desc>{}</desc>\n<style>{}</style>\n<rect width=\"{width}\" height=\"{height}\" \
         fill=\"#ffffff\"/>\n{heading}{inner}</svg>\n",
        escape(&figure.alt),
        colour::standalone_css(),
    )
}

/// Title, size and key of a panel that is to be drawn.
#[derive(Clone, Copy)]
struct Canvas<'a> {
    title: &'a str,
    width: f64,
    height: f64,
    /// Distinguishes its clip path from those of other panels of a page.
    key: &'a str,
}

/// Every panel of the figure, drawn.
pub(crate) fn panels(figure: &Figure) -> Vec<Drawing> {
    let (width, height) = if figure.panels.len() == 1 { (560.0, 345.0) } else { (490.0, 330.0) };
    let draw = |(index, panel): (usize, &Panel)| {
        let key = format!("{}-{}", super::stem(&figure.id), index + 1);
        let canvas = Canvas { title: "", width, height, key: &key };
        match panel {
            Panel::Curves { title, x, y, curves } => curves::draw(Canvas { title, ..canvas }, x, y, curves),
            Panel::Map(map) => map::draw(map, canvas),
            Panel::Lattices { title, rows, shades } => lattices::draw(title, rows, shades),
            Panel::Arrows { title, x, strips, marks } => arrows::draw(Canvas { title, ..canvas }, x, strips, marks),
        }
    };
    figure.panels.iter().enumerate().map(draw).collect()
}

/// One panel for the page. Its legend lies outside the visible area and is used only by the script's "SVG" button: the
/// page shows buttons instead.
pub(crate) fn inline(drawing: &Drawing, index: usize, label: &str) -> String {
    let (legend, legend_height) = legend::svg(&drawing.legend, drawing.width);
    let (width, height) = (px(drawing.width), px(drawing.height));
    format!(
        "<svg class=\"panel\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\" data-panel=\"{index}\" \
         data-legend=\"{}\">{}<g class=\"below\" transform=\"translate(0 {height})\">{legend}</g></svg>",
        escape(label),
        px(legend_height),
        drawing.body
    )
}

/// Swatch of a legend entry, 26 by 10 pixels, as a separate picture.
pub(crate) fn swatch(item: &Item) -> String {
    format!(
        "<svg class=\"panel\" width=\"26\" height=\"10\" viewBox=\"0 0 26 10\" aria-hidden=\"true\">{}</svg>",
        legend::sample(item, 0.0, 5.0)
    )
}

/// A coordinate with at most one decimal.
fn px(value: f64) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let text = format!("{:.1}", value.clamp(-1e5, 1e5));
    match text.strip_suffix(".0") {
        Some("-0") => "0".into(),
        Some(whole) => whole.into(),
        None => text,
    }
}

/// Estimated width of a text in the 12 pixel font.
fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * 6.5
}

/// `text` cut to at most `width` pixels of the 12 pixel font.
fn fit_text(text: &str, width: f64) -> String {
    let most = (width / 6.5).max(1.0) as usize;
    if text.chars().count() <= most {
        text.into()
    } else {
        text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
    }
}

/// Number of ticks on an axis of this length; [`left_margin`] reserves the space for their labels.
fn tick_target(pixels: f64, per_tick: f64) -> usize {
    ((pixels / per_tick) as usize).max(2)
}

/// Longest name at a tick of a vertical axis, in pixels; longer ones are cut.
const WIDEST_NAME: f64 = 150.0;

/// Left margin for the tick labels and the rotated label of a vertical axis.
fn left_margin(ruler: &Ruler, height: f64, label: &str) -> f64 {
    let widest = ruler.ticks(tick_target(height, 46.0)).iter().map(|t| text_width(&t.label)).fold(0.0, f64::max);
    widest.clamp(22.0, WIDEST_NAME) + 16.0 + if label.is_empty() { 0.0 } else { 20.0 }
}

/// The heading of a panel.
fn heading(title: &str, width: f64) -> String {
    if title.is_empty() {
        String::new()
    } else {
        format!("<text x=\"6\" y=\"15\" class=\"h\">{}</text>", rich::svg(&fit_text(title, width * 0.95)))
    }
}

/// Grid, frame, ticks and labels of two axes. The page's script redraws the group `axes` after a zoom.
fn axes(frame: Frame, x: &Ruler, y: &Ruler, labels: [&str; 2], grid: bool) -> String {
    let Frame { x: left, y: top, w, h } = frame;
    let bottom = top + h;
    let (mut lines, mut ticks, mut texts) = (String::new(), String::new(), String::new());
    // Names end where those of the neighbours begin.
    let name_width = if x.names.is_empty() { f64::INFINITY } else { w / (x.hi - x.lo) };
    for tick in x.ticks(tick_target(w, 70.0)) {
        let at = left + w * x.fraction(tick.u);
        if !(-0.5..=w + 0.5).contains(&(at - left)) {
            continue;
        }
        let at = px(at);
        let major = !tick.label.is_empty();
        if major && grid {
            let _ = write!(lines, "M{at} {}V{}", px(top), px(bottom));
        }
        let _ = write!(ticks, "M{at} {}v{}", px(bottom), if major { 5 } else { 3 });
        if major {
            let _ = write!(
                texts,
                "<text class=\"t m\" x=\"{at}\" y=\"{}\">{}</text>",
                px(bottom + 18.0),
                escape(&fit_text(&tick.label, name_width))
            );
        }
    }
    for tick in y.ticks(tick_target(h, 46.0)) {
        let at = bottom - h * y.fraction(tick.u);
        if !(-0.5..=h + 0.5).contains(&(at - top)) {
            continue;
        }
        let major = !tick.label.is_empty();
        if major && grid {
            let _ = write!(lines, "M{} {}H{}", px(left), px(at), px(left + w));
        }
        let _ = write!(ticks, "M{} {}h-{}", px(left), px(at), if major { 5 } else { 3 });
        if major {
            let _ = write!(
                texts,
                "<text class=\"t e\" x=\"{}\" y=\"{}\">{}</text>",
                px(left - 8.0),
                px(at + 4.0),
                escape(&fit_text(&tick.label, WIDEST_NAME))
            );
        }
    }
    // Two strokes mark where a logarithmic axis jumps to 0.
    let mut breaks = String::new();
    if let Some(zero) = x.zero {
        let at = left + w * x.fraction(zero + 0.55 * 0.2_f64.max(0.1 * (x.hi - zero)));
        let _ = write!(breaks, "M{} {}l4 -8M{} {}l4 -8", px(at - 4.0), px(bottom + 4.0), px(at), px(bottom + 4.0));
    }
    if let Some(zero) = y.zero {
        let at = bottom - h * y.fraction(zero + 0.55 * 0.2_f64.max(0.1 * (y.hi - zero)));
        let _ = write!(breaks, "M{} {}l8 -4M{} {}l8 -4", px(left - 4.0), px(at + 4.0), px(left - 4.0), px(at));
    }
    let rect = format!("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", px(left), px(top), px(w), px(h));
    let mut out = format!(
        "<g class=\"axes\"><path class=\"grid\" d=\"{lines}\"/><rect class=\"frame\" {rect}/><path class=\"axis\" \
         d=\"M{0} {1}V{2}H{3}{ticks}\"/><path class=\"mark\" style=\"stroke-dasharray:none\" \
         d=\"{breaks}\"/>{texts}</g>",
        px(left),
        px(top),
        px(bottom),
        px(left + w)
    );
    if !labels[0].is_empty() {
        let _ = write!(
            out,
            "<text class=\"m\" x=\"{}\" y=\"{}\">{}</text>",
            px(left + w / 2.0),
            px(bottom + 38.0),
            rich::svg(&fit_text(labels[0], w + 60.0))
        );
    }
    if !labels[1].is_empty() {
        let _ = write!(
            out,
            "<text class=\"m\" transform=\"translate(14 {}) rotate(-90)\">{}</text>",
            px(top + h / 2.0),
            rich::svg(&fit_text(labels[1], h + 50.0))
        );
    }
    out
}

/// A clip path around the frame; `margin` keeps points on the edge whole.
fn clip(frame: Frame, key: &str, margin: f64) -> String {
    let Frame { x, y, w, h } = frame;
    format!(
        "<clipPath id=\"clip-{key}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>",
        px(x - margin),
        px(y - margin),
        px(w + 2.0 * margin),
        px(h + 2.0 * margin)
    )
}

/// A ruler for the page's script.
fn ruler_meta(ruler: &Ruler, label: &str) -> serde_json::Value {
    let round = |v: f64| (v * 1e9).round() / 1e9;
    let (lo, hi) = if ruler.log { (round(ruler.lo), round(ruler.hi)) } else { (ruler.lo, ruler.hi) };
    let mut meta =
        serde_json::json!({ "log": ruler.log, "lo": lo, "hi": hi, "zero": ruler.zero.map(round), "label": label });
    if !ruler.names.is_empty() {
        meta["names"] = serde_json::json!(ruler.names);
    }
    meta
}

/// The frame for the page's script.
fn frame_meta(frame: Frame) -> serde_json::Value {
    serde_json::json!([frame.x, frame.y, frame.w, frame.h].map(|v| (v * 10.0).round() / 10.0))
}
