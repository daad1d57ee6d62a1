//! Pictures of spins: one small lattice per cell of a grid, runs of equal colour drawn as one path.

use super::{Drawing, fit_text, heading, px};
use crate::record::format::significant;
use crate::record::{Lattice, Shades};
use crate::report::colour::Gradient;
use crate::report::rich::escape;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Number of colour steps.
const LEVELS: f32 = 32.0;
/// Position of the colour bar.
const BAR: f64 = 44.0;

pub(super) fn draw(title: &str, rows: &[Vec<Lattice>], shades: &Shades) -> Drawing {
    let gradient = if shades.grey { Gradient::Grey } else { Gradient::Diverging };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let pitch = (960.0 / columns as f64).clamp(40.0, 118.0);
    let side = pitch - 10.0;
    let top = if title.is_empty() { 8.0 } else { 28.0 };
    let mut body = heading(title, (columns as f64 * pitch + 12.0).max(240.0));
    let mut y = top;
    for row in rows {
        let tallest = row.iter().map(|p| side * aspect(p)).fold(0.0, f64::max);
        let labelled = row.iter().any(|p| !p.label.is_empty());
        for (c, picture) in row.iter().enumerate() {
            let x = 6.0 + c as f64 * pitch + 5.0;
            let _ = write!(body, "<g><title>{}</title>", escape(&picture.label));
            body += &sites(picture, x, y, side, (shades, gradient));
            body += "</g>";
            if !picture.label.is_empty() {
                // The small font has 10 pixels, while fit_text assumes 12.
                let text = escape(&fit_text(&picture.label, (pitch - 1.0) * 1.25));
                let _ = write!(
                    body,
                    "<text class=\"t s m\" x=\"{}\" y=\"{}\">{text}</text>",
                    px(x + side / 2.0),
                    px(y + tallest + 12.0)
                );
            }
        }
        y += tallest + if labelled { 20.0 } else { 10.0 };
    }
    let width = (columns as f64 * pitch + 12.0).max(240.0);
    y += 4.0;
    body += "<g class=\"cells\">";
    for i in 0..33 {
        let colour = gradient.at(f64::from(i) / 32.0);
        let _ = write!(
            body,
            "<rect x=\"{}\" y=\"{}\" width=\"4.2\" height=\"8\" fill=\"{colour}\"/>",
            px(BAR + 4.0 + 4.0 * f64::from(i)),
            px(y)
        );
    }
    let text = px(y + 8.0);
    let _ = write!(
        body,
        "</g><text class=\"t s e\" x=\"{}\" y=\"{text}\">{}</text><text class=\"t s\" x=\"{}\" y=\"{text}\">{}: \
         {}</text>",
        px(BAR),
        bound(shades.low),
        px(BAR + 141.0),
        if shades.low < 0.0 { format!("+{}", bound(shades.high)) } else { bound(shades.high) },
        escape(&shades.what)
    );
    Drawing { width, height: y + 16.0, body, legend: Vec::new(), meta: serde_json::json!({ "kind": "lattices" }) }
}

/// Label at an end of the colour bar.
fn bound(value: f32) -> String {
    // The shortest text of the f32, then rounded to three digits.
    significant(value.to_string().parse().unwrap_or(f64::from(value)), 3).replace('-', "−")
}

fn aspect(picture: &Lattice) -> f64 {
    let height = picture.values.len().div_ceil(picture.width.max(1));
    (height.max(1) as f64 / picture.width.max(1) as f64).clamp(0.1, 4.0)
}

/// The sites in their own units, scaled to `side` pixels.
fn sites(picture: &Lattice, x: f64, y: f64, side: f64, (shades, gradient): (&Shades, Gradient)) -> String {
    let width = picture.width.max(1);
    let mut paths: BTreeMap<i32, String> = BTreeMap::new();
    for (r, row) in picture.values.chunks(width).enumerate() {
        let level = |v: f32| match v.is_finite() {
            true => ((v - shades.low) / (shades.high - shades.low) * LEVELS).round().clamp(0.0, LEVELS) as i32,
            false => -1,
        };
        let mut start = 0;
        while start < row.len() {
            let colour = level(row[start]);
            let end = (start..row.len()).find(|&i| level(row[i]) != colour).unwrap_or(row.len());
            let path = paths.entry(colour).or_default();
            let run = end - start;
            let _ = write!(path, "M{start} {r}h{run}v1h-{run}z");
            start = end;
        }
    }
    let height = picture.values.len().div_ceil(width).max(1);
    let scale = side / width as f64;
    let mut out = format!("<g class=\"cells\" transform=\"translate({} {}) scale({scale:.4})\">", px(x), px(y));
    for (level, path) in &paths {
        if *level >= 0 {
            let _ = write!(out, "<path fill=\"{}\" d=\"{path}\"/>", gradient.at(f64::from(*level) / f64::from(LEVELS)));
        }
    }
    let _ = write!(
        out,
        "</g><rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
        px(x),
        px(y),
        px(side),
        px(scale * height as f64)
    );
    out
}
