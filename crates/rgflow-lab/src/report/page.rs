//! The page: data for the template `page.html`.

use super::{colour, csv, rich, svg};
use crate::record::format;
use crate::record::{Cell, Figure, Number, Panel, Record, Table, Verdict};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Page {
    record: Heads,
    summary: TableView,
    sections: Vec<SectionView>,
    numbers: Vec<NumberView>,
    settings: String,
    provenance: Vec<(String, String)>,
    /// Note of the user; empty if there is none.
    note: String,
    /// Style sheet, script and data, inserted as they are.
    css: String,
    script: &'static str,
    data: String,
    version: &'static str,
}

#[derive(Serialize)]
struct Heads {
    experiment: String,
    title: String,
    question: String,
    answers: Vec<String>,
}

#[derive(Serialize)]
struct SectionView {
    id: String,
    title: String,
    text: Vec<String>,
    figures: Vec<FigureView>,
    tables: Vec<TableView>,
}

#[derive(Serialize)]
struct FigureView {
    id: String,
    title: String,
    caption: String,
    /// Whether there are curves or a map that can be zoomed.
    zoom: bool,
    panels: Vec<PanelView>,
}

#[derive(Serialize)]
struct PanelView {
    svg: String,
    width: u32,
    legend: Vec<Entry>,
    ramp: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    index: usize,
    label: String,
    swatch: String,
    colour: String,
}

#[derive(Serialize)]
struct TableView {
    caption: String,
    columns: Vec<(String, &'static str)>,
    rows: Vec<Vec<CellView>>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct CellView {
    class: &'static str,
    text: String,
    remark: Option<String>,
}

#[derive(Serialize)]
struct NumberView {
    key: String,
    value: String,
    unit: String,
    n_eff: String,
    how: String,
    compare: Vec<(String, String, &'static str, &'static str)>,
}

/// The page as HTML.
pub(super) fn html(record: &Record, settings: &str, provenance: &Value) -> Result<String, minijinja::Error> {
    let mut environment = minijinja::Environment::new();
    environment.add_filter("rich", |text: String| minijinja::Value::from_safe_string(rich::html(&text)));
    environment.add_template("page.html", include_str!("page.html"))?;
    let figures = || record.figures();
    let drawn: Vec<Vec<svg::Drawing>> = figures().map(svg::panels).collect();
    let mut views = figures().zip(&drawn).map(|(figure, drawn)| figure_view(figure, drawn));
    let sections = record.sections.iter().enumerate().map(|(i, section)| SectionView {
        id: format!("section-{}", i + 1),
        title: section.title.clone(),
        text: section.text.clone(),
        figures: views.by_ref().take(section.figures.len()).collect(),
        tables: section.tables.iter().map(table_view).collect(),
    });
    let mut rows = Vec::new();
    flatten("", provenance, &mut rows);
    let page = Page {
        record: Heads {
            experiment: record.experiment.clone(),
            title: record.title.clone(),
            question: record.question.clone(),
            answers: record.answers.clone(),
        },
        summary: table_view(&record.summary),
        sections: sections.collect(),
        numbers: record.numbers.iter().map(number_view).collect(),
        settings: settings.into(),
        provenance: rows,
        note: provenance.get("note").and_then(Value::as_str).unwrap_or_default().into(),
        css: colour::theme_css() + &colour::figure_css() + include_str!("page.css"),
        script: include_str!("page.js"),
        data: script_json(&data(&figures().collect::<Vec<_>>(), &drawn)),
        version: env!("CARGO_PKG_VERSION"),
    };
    let page = serde_json::to_value(&page)
        .map_err(|e| minijinja::Error::new(minijinja::ErrorKind::BadSerialization, e.to_string()))?;
    environment.get_template("page.html")?.render(template_value(page))
}

/// Converts a JSON value to a value of the template engine.
fn template_value(value: Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(flag) => flag.into(),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().unwrap_or(f64::NAN).into(), minijinja::Value::from)
        }
        Value::String(text) => text.into(),
        Value::Array(list) => list.into_iter().map(template_value).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (name, template_value(value))).collect::<BTreeMap<_, _>>().into()
        }
    }
}

/// Data for the script: the figures' CSV (the only copy of the data) and how each panel was drawn.
fn data(figures: &[&Figure], drawn: &[Vec<svg::Drawing>]) -> Value {
    let figures: Map<String, Value> = figures
        .iter()
        .zip(drawn)
        .map(|(figure, drawn)| {
            let panels: Vec<&Value> = drawn.iter().map(|d| &d.meta).collect();
            (
                figure.id.clone(),
                json!({ "title": figure.title, "alt": figure.alt, "panels": panels, "csv": csv::figure(figure) }),
            )
        })
        .collect();
    json!({ "style": colour::standalone_css(), "figures": figures })
}

/// JSON in which no text can end the script element or begin a comment: `<`, `>`, `&` and the line separators are
/// escaped.
fn script_json(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match c {
            '<' => out += "\\u003c",
            '>' => out += "\\u003e",
            '&' => out += "\\u0026",
            '\u{2028}' => out += "\\u2028",
            '\u{2029}' => out += "\\u2029",
            c => out.push(c),
        }
    }
    out
}

fn figure_view(figure: &Figure, drawn: &[svg::Drawing]) -> FigureView {
    let many = drawn.len();
    let panels = drawn.iter().enumerate().map(|(i, drawing)| {
        let part = if many > 1 { format!(" (panel {} of {many})", i + 1) } else { String::new() };
        let (ramp, legend): (Vec<_>, Vec<_>) = drawing.legend.iter().partition(|item| item.ramp);
        let entries = |items: Vec<&svg::Item>| {
            let entry = |item: &svg::Item| Entry {
                index: item.index,
                label: item.label.clone(),
                swatch: svg::swatch(item),
                colour: item.colour.clone().unwrap_or_default(),
            };
            items.into_iter().map(entry).collect()
        };
        let label = format!("{}{part}", if figure.alt.is_empty() { &figure.title } else { &figure.alt });
        PanelView {
            svg: svg::inline(drawing, i, &label),
            width: drawing.width.ceil() as u32,
            legend: entries(legend),
            ramp: entries(ramp),
        }
    });
    FigureView {
        id: figure.id.clone(),
        title: figure.title.clone(),
        caption: figure.caption.clone(),
        zoom: figure.panels.iter().any(|p| matches!(p, Panel::Curves { .. } | Panel::Map(_))),
        panels: panels.collect(),
    }
}

fn table_view(table: &Table) -> TableView {
    let numeric = |j: usize| {
        let mut cells = table.rows.iter().filter_map(|row| row.get(j)).peekable();
        cells.peek().is_some() && cells.all(|c| matches!(c, Cell::Value { .. }))
    };
    TableView {
        caption: table.caption.clone(),
        columns: table
            .columns
            .iter()
            .enumerate()
            .map(|(j, c)| (c.clone(), if numeric(j) { "number" } else { "" }))
            .collect(),
        rows: table.rows.iter().map(|row| row.iter().map(cell_view).collect()).collect(),
        notes: table.notes.clone(),
    }
}

fn cell_view(cell: &Cell) -> CellView {
    match cell {
        // Short texts stay on one line on a narrow page; the table scrolls then.
        Cell::Text(text) => {
            CellView { class: if text.chars().count() < 30 { "short" } else { "" }, text: text.clone(), remark: None }
        }
        Cell::Verdict(verdict) => CellView { class: class(*verdict), text: verdict.word().into(), remark: None },
        Cell::Value { value, error, interval, remark } => CellView {
            class: "number",
            text: format::typographic(&format::value(*value, *error, *interval)),
            remark: remark.clone(),
        },
    }
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agrees => "verdict agrees",
        Verdict::Differs => "verdict differs",
        Verdict::Inconclusive => "verdict inconclusive",
        Verdict::Depends => "verdict depends",
        Verdict::NotCompared => "verdict none",
    }
}

fn number_view(number: &Number) -> NumberView {
    let shown = |value: Option<f64>, error: Option<f64>| match (value, error.filter(|e| *e > 0.0)) {
        (Some(v), None) => format::typographic(&format::significant(v, 6)),
        _ => format::typographic(&format::value(value, error, None)),
    };
    NumberView {
        key: number.key.clone(),
        value: match number.interval {
            Some(_) => format::typographic(&format::value(number.value, number.error, number.interval)),
            None => shown(number.value, number.error),
        },
        unit: number.unit.clone(),
        n_eff: number.n_eff.map_or_else(|| "–".into(), |n| format::significant(n, 3)),
        how: number.how.clone(),
        compare: number
            .compare
            .iter()
            .map(|c| (shown(c.value, c.error), c.source.clone(), c.verdict.word(), class(c.verdict)))
            .collect(),
    }
}

/// Leaves of a JSON value with their dotted names; lists of plain values on one line.
fn flatten(name: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    let leaf = |v: &Value| match v {
        Value::String(text) => text.clone(),
        Value::Null => "–".into(),
        other => other.to_string(),
    };
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                flatten(&if name.is_empty() { key.clone() } else { format!("{name}.{key}") }, value, rows);
            }
        }
        Value::Array(list) if list.iter().any(|v| v.is_object() || v.is_array()) => {
            for (i, value) in list.iter().enumerate() {
                flatten(&format!("{name}[{i}]"), value, rows);
            }
        }
        Value::Array(list) => rows.push((name.into(), list.iter().map(leaf).collect::<Vec<_>>().join(", "))),
        other => rows.push((name.into(), leaf(other))),
    }
}
