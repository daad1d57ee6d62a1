//! Figures as CSV at full precision, one long table per figure.
//!
//! Curves: `panel,curve,x,y,error`. Maps: `panel,column,row,value,error`. Arrows: `panel,strip,from,to` and marks as
//! strips named `mark: LABEL` with from = to. Lattices: `panel,row,column,label,width,values`, one line per picture,
//! its values in their own units, separated by spaces. A figure that mixes kinds has one block for each, headed by its
//! own column names and separated by an empty line.

use crate::record::{Axis, Figure, Panel};

/// Data of a figure as CSV (format in the module's description). Values that are not finite are empty fields.
pub fn figure(figure: &Figure) -> String {
    let mut out = String::new();
    let mut head = "";
    for (index, panel) in figure.panels.iter().enumerate() {
        let columns = match panel {
            Panel::Curves { .. } => "panel,curve,x,y,error\n",
            Panel::Map(_) => "panel,column,row,value,error\n",
            Panel::Lattices { .. } => "panel,row,column,label,width,values\n",
            Panel::Arrows { .. } => "panel,strip,from,to\n",
        };
        if head != columns {
            if !head.is_empty() {
                out.push('\n');
            }
            out += columns;
            head = columns;
        }
        rows(&mut out, index + 1, panel);
    }
    out
}

fn rows(out: &mut String, p: usize, panel: &Panel) {
    match panel {
        Panel::Curves { curves, x: axis, .. } => {
            for curve in curves {
                let name = field(&curve.label);
                for (i, (x, y)) in curve.x.iter().zip(&curve.y).enumerate() {
                    let error = curve.error.get(i).map_or_else(String::new, |e| number(*e));
                    *out += &format!("{p},{name},{},{},{error}\n", place(axis, *x), number(*y));
                }
            }
        }
        Panel::Map(map) => {
            for (row, values) in map.rows.iter().zip(&map.values) {
                for (column, (value, error)) in map.columns.iter().zip(values) {
                    let [value, error] = [value, error].map(|v| v.map_or_else(String::new, number));
                    *out += &format!("{p},{},{},{value},{error}\n", place(&map.x, *column), place(&map.y, *row));
                }
            }
        }
        Panel::Lattices { rows, .. } => {
            for (r, row) in rows.iter().enumerate() {
                for (c, picture) in row.iter().enumerate() {
                    let values: Vec<String> = picture.values.iter().map(|v| v.to_string()).collect();
                    let label = field(&picture.label);
                    *out += &format!("{p},{},{},{label},{},{}\n", r + 1, c + 1, picture.width, values.join(" "));
                }
            }
        }
        Panel::Arrows { strips, marks, .. } => {
            for (label, arrows) in strips {
                for (from, to) in arrows {
                    *out += &format!("{p},{},{},{}\n", field(label), number(*from), number(*to));
                }
            }
            for (at, label) in marks {
                *out += &format!("{p},{},{1},{1}\n", field(&format!("mark: {label}")), number(*at));
            }
        }
    }
}

/// The name at this position of an axis of names, or the number.
fn place(axis: &Axis, value: f64) -> String {
    let name = || axis.names.get((value >= 0.0).then_some(value as usize)?);
    name().map_or_else(|| number(value), |name| field(name))
}

/// Shortest text that reads back as the same number.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { String::new() }
}

/// A text field on one line, quoted where needed; a leading sign that spreadsheets read as a formula is quoted too.
pub(crate) fn field(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.contains([',', '"', ';']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Curve, Lattice, Map};

    #[test]
    fn curves_are_long() {
        let curve = Curve {
            label: "T = 2, \"hot\"".into(),
            x: vec![0.0, 0.1],
            y: vec![1.0, f64::NAN],
            error: vec![0.25],
            ..Curve::default()
        };
        let panel =
            Panel::Curves { title: String::new(), x: Default::default(), y: Default::default(), curves: vec![curve] };
        let csv = figure(&Figure { panels: vec![panel], ..Figure::default() });
        assert_eq!(csv, "panel,curve,x,y,error\n1,\"T = 2, \"\"hot\"\"\",0,1,0.25\n1,\"T = 2, \"\"hot\"\"\",0.1,,\n");
    }

    #[test]
    fn other_kinds_have_their_own_columns() {
        let map = Map {
            columns: vec![1.0, 2.0],
            rows: vec![3.0],
            values: vec![vec![(Some(0.5), None), (None, None)]],
            ..Map::default()
        };
        let picture = Lattice { label: "T = 1".into(), width: 2, values: vec![1.0, -1.0, 0.5, -1.0] };
        let panels = vec![
            Panel::Map(map),
            Panel::Lattices { title: String::new(), rows: vec![vec![picture]], shades: Default::default() },
        ];
        let csv = figure(&Figure { panels, ..Figure::default() });
        assert_eq!(
            csv,
            "panel,column,row,value,error\n1,1,3,0.5,\n1,2,3,,\n\npanel,row,column,label,width,values\n2,1,1,T = \
             1,2,1 -1 0.5 -1\n"
        );
    }
}
