//! Scans over the full product of several settings: points, table and maps.

use crate::record::{Axis as Scale, Cell, Curve, Figure, Map, Number, Panel, Record, Section, Style, Table};

/// A setting and its values in the scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Key of the setting, such as `rbm.epochs`.
    pub key: String,
    /// Values as written after `--set KEY=`, in the order of the scan.
    pub values: Vec<String>,
}

impl Axis {
    /// Parses `KEY=VALUE,VALUE,...`; a value in brackets may contain commas.
    ///
    /// # Errors
    /// A message about a missing part, or a value given twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "an axis is KEY=VALUE,VALUE,... such as rbm.epochs=1,3,10";
        let (key, list) = text.split_once('=').ok_or(format!("`{text}` has no `=`; {example}"))?;
        let mut depth = 0i32;
        let parts = list.split(|c: char| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            c == ',' && depth == 0
        });
        let values: Vec<String> = parts.map(|part| part.trim().to_string()).collect();
        if key.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err(format!("`{text}` has an empty part; {example}"));
        }
        if let Some(range) = values.iter().find(|v| v.contains("..")) {
            return Err(format!("`{range}` is no value; write every value, between commas: {example}"));
        }
        if let Some(twice) = values.iter().enumerate().find_map(|(i, v)| values[..i].contains(v).then_some(v)) {
            return Err(format!("`{text}` names {twice} twice"));
        }
        Ok(Self { key: key.trim().into(), values })
    }

    fn numbers(&self) -> Option<Vec<f64>> {
        let number = |text: &String| text.replace('_', "").parse().ok().filter(|v: &f64| v.is_finite());
        self.values.iter().map(number).collect()
    }

    /// Positions on the axis of a figure, ascending, each with that among the values; names stand at 0, 1, 2 ... in the
    /// order given.
    fn places(&self) -> Vec<(f64, usize)> {
        self.numbers().map_or_else(|| (0..self.values.len()).map(|i| (i as f64, i)).collect(), sorted)
    }

    /// The axis of a figure.
    fn scale(&self) -> Scale {
        match self.numbers() {
            Some(_) => Scale::new(&self.key),
            None => Scale::of_names(&self.key, self.values.iter().map(String::as_str)),
        }
    }
}

/// All points of the product, the last axis fastest: the position on each axis.
pub fn product(axes: &[Axis]) -> Vec<Vec<usize>> {
    axes.iter().fold(vec![Vec::new()], |points, axis| {
        let longer = |point: &Vec<usize>| {
            let point = point.clone();
            (0..axis.values.len()).map(move |v| point.iter().copied().chain([v]).collect())
        };
        points.iter().flat_map(longer).collect()
    })
}

/// Name of a point for folders: `rbm.epochs=3,rbm.learning_rate=0.1`.
pub fn name(axes: &[Axis], point: &[usize]) -> String {
    let parts: Vec<String> =
        axes.iter().zip(point).map(|(axis, v)| format!("{}={}", axis.key, axis.values[*v])).collect();
    parts.join(",")
}

/// A finished point.
pub struct Done {
    /// Position on each axis.
    pub point: Vec<usize>,
    /// The requested numbers.
    pub numbers: Vec<Number>,
}

/// Kind of bound if a number is only an interval: "<=", ">=" or "range"; its value is then a point in it, not a
/// measurement.
fn bound(number: &Number) -> Option<&'static str> {
    match number.interval? {
        [None, None] => None,
        [None, Some(_)] => Some("<="),
        [Some(_), None] => Some(">="),
        [Some(_), Some(_)] => Some("range"),
    }
}

/// Every number of every point, one per line; `bound`, `low` and `high` where it is a bound or a range.
///
/// # Errors
/// If the table cannot be written.
pub fn csv(axes: &[Axis], done: &[Done]) -> Result<String, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let tail = ["number", "value", "error", "unit", "bound", "low", "high"];
    out.write_record(axes.iter().map(|axis| axis.key.as_str()).chain(tail))?;
    let text = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
    for one in done {
        for number in &one.numbers {
            let place = axes.iter().zip(&one.point).map(|(axis, v)| axis.values[*v].clone());
            let [low, high] = number.interval.unwrap_or([None, None]);
            let bound = bound(number).unwrap_or_default().to_string();
            let value = [number.key.clone(), text(number.value), text(number.error), number.unit.clone()];
            let tail = value.into_iter().chain([bound, text(low), text(high)]);
            out.write_record(place.chain(tail))?;
        }
    }
    let bytes = out.into_inner().map_err(|e| csv::Error::from(e.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Record for the page: a table with one column per number, and curves or maps; values that are no numbers are names at
/// the ticks.
pub fn record(experiment: &str, axes: &[Axis], done: &[Done]) -> Record {
    // A number that only some settings have is empty at the others.
    let mut keys: Vec<&str> = Vec::new();
    for key in done.iter().flat_map(|one| &one.numbers).map(|number| number.key.as_str()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let find = |point: &[usize], key: &str| {
        let one = done.iter().find(|one| one.point == point)?;
        one.numbers.iter().find(|number| number.key == key)
    };
    let row = |one: &Done| -> Vec<Cell> {
        let place = axes.iter().zip(&one.point).map(|(axis, v)| Cell::text(axis.values[*v].clone()));
        let values = keys.iter().map(|key| match find(&one.point, key) {
            Some(number) => number.into(),
            None => Cell::text(""),
        });
        place.chain(values).collect()
    };
    let columns = axes.iter().map(|axis| axis.key.clone()).chain(keys.iter().map(ToString::to_string));
    let figures = keys.iter().enumerate().filter_map(|(i, key)| figure(i, key, axes, &find)).collect();
    let numbers = done.iter().flat_map(|one| {
        let place = name(axes, &one.point);
        one.numbers.iter().map(move |number| Number { key: format!("{}@{place}", number.key), ..number.clone() })
    });
    let names: Vec<&str> = axes.iter().map(|axis| axis.key.as_str()).collect();
    let question = format!("The full product over {}: {} points.", names.join(", "), done.len());
    let mut record = Record::new(experiment, format!("Scan of {experiment}"), question);
    record.summary = Table::new(&record.title, columns).rows(done.iter().map(row));
    record.sections = vec![Section { title: "Maps".into(), figures, ..Section::default() }];
    record.numbers = numbers.collect();
    record
}

/// Logarithmic if values are positive numbers and span a decade.
fn scaled(axis: &Axis, values: &[f64]) -> Scale {
    if axis.numbers().is_none() {
        return axis.scale();
    }
    let (low, high) = values.iter().fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
    if low > 0.0 && high >= 10.0 * low { Scale::log(&axis.key) } else { Scale::new(&axis.key) }
}

/// A map over the first two axes, or a curve over one; one panel for each point of the others.
fn figure<'a>(
    i: usize,
    key: &str,
    axes: &[Axis],
    find: &impl Fn(&[usize], &str) -> Option<&'a Number>,
) -> Option<Figure> {
    let x = axes.first()?;
    let columns = x.places();
    let y = axes.get(1).map(|axis| (axis, axis.places()));
    let measured = |number: Option<&'a Number>| number.filter(|n| bound(n).is_none());
    let others = &axes[if y.is_some() { 2 } else { 1 }..];
    let panels = product(others).into_iter().map(|rest| {
        let title = name(others, &rest);
        let at = |head: &[usize]| find(&[head, &rest].concat(), key);
        let bounds = axes[0].values.len() * axes.get(1).filter(|_| y.is_some()).map_or(1, |axis| axis.values.len());
        let bounds = (0..bounds).filter_map(|i| {
            let (c, r) = (i % x.values.len(), i / x.values.len());
            let (head, place) = match &y {
                Some((axis, _)) => (vec![c, r], format!("{}, {}", x.values[c], axis.values[r])),
                None => (vec![c], x.values[c].clone()),
            };
            let number = at(&head).filter(|n| bound(n).is_some())?;
            Some(format!("{place}: {number}"))
        });
        let bounds: Vec<String> = bounds.collect();
        // A map has the bounds in its cells.
        let title = match bounds.is_empty() || y.is_some() {
            true => title,
            false => [title, format!("bounds, not drawn: {}", bounds.join("; "))]
                .iter()
                .filter(|t| !t.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join(", "),
        };
        match &y {
            Some((axis, rows)) => {
                let frame = |r: usize, c: usize| measured(at(&[c, r])).map_or((None, None), |n| (n.value, n.error));
                let values = rows.iter().map(|(_, r)| columns.iter().map(|(_, c)| frame(*r, *c)).collect()).collect();
                let text = |r: usize, c: usize| at(&[c, r]).map_or(String::new(), ToString::to_string);
                let texts = rows.iter().map(|(_, r)| columns.iter().map(|(_, c)| text(*r, *c)).collect()).collect();
                let [columns, rows] = [&columns, rows].map(|all| all.iter().map(|v| v.0).collect::<Vec<f64>>());
                Panel::Map(Map {
                    title,
                    x: x.scale(),
                    y: axis.scale(),
                    value: Scale::new(key),
                    columns,
                    rows,
                    values,
                    texts,
                })
            }
            None => {
                // Intervals open on both sides are drawn too.
                let bare = |n: &Number| n.clone().interval(None);
                let none = || Number::new("", f64::NAN, None, "", "");
                let numbers: Vec<Number> =
                    columns.iter().map(|(_, c)| measured(at(&[*c])).map_or_else(none, bare)).collect();
                let values: Vec<f64> = columns.iter().map(|v| v.0).collect();
                let curve = Curve::through(key, &values, &numbers);
                // There is nothing between two names.
                let style = if x.numbers().is_none() { Style::Points } else { curve.style };
                Panel::curves(title, scaled(x, &values), key, [curve.style(style)])
            }
        }
    });
    let figure = Figure::new(format!("scan-{}", i + 1), key).caption(
        "One point of the product each; errors as in its report. A bound is no value: its cell is hatched, and a \
         curve leaves it out and has it in the title.",
        format!("{key} over the axes of the scan."),
    );
    Some(figure.panels(panels.take(12)))
}

/// Values ascending, each with its position.
fn sorted(values: Vec<f64>) -> Vec<(f64, usize)> {
    let mut all: Vec<(f64, usize)> = values.into_iter().zip(0..).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_parsed_or_explained() {
        let axis = Axis::parse("thermometer.hidden=[64], [32, 16]").unwrap();
        assert_eq!((axis.key.as_str(), axis.values), ("thermometer.hidden", vec!["[64]".into(), "[32, 16]".into()]));
        for wrong in ["rbm.epochs", "rbm.epochs=", "=1", "rbm.epochs=1,,2", "rbm.epochs=1,2,1"] {
            assert!(Axis::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn maps_hold_the_point_of_their_place() {
        let axes = [Axis::parse("a=30,1").unwrap(), Axis::parse("b=5,7").unwrap()];
        // The value at (a, b) is 100 a + b.
        let done: Vec<Done> = product(&axes)
            .into_iter()
            .map(|point| {
                let value = 100.0 * [30.0, 1.0][point[0]] + [5.0, 7.0][point[1]];
                Done { point, numbers: vec![Number::new("k", value, None, "1", "")] }
            })
            .collect();
        assert_eq!(done.len(), 4);
        let record = record("toy", &axes, &done);
        let Panel::Map(map) = &record.sections[0].figures[0].panels[0] else { panic!("a map") };
        assert_eq!((&map.columns, &map.rows), (&vec![1.0, 30.0], &vec![5.0, 7.0]));
        assert_eq!(map.values[1][0].0, Some(107.0));
        assert_eq!(map.values[0][1].0, Some(3005.0));
        assert_eq!(record.numbers[1].key, "k@a=30,b=7");
        let lines = csv(&axes, &done).unwrap();
        assert_eq!(lines.lines().nth(2), Some("30,7,k,3007,,1,,,"));
    }

    #[test]
    fn values_that_are_no_numbers_are_names_at_the_ticks() {
        let axes = [Axis::parse("method=pcd,cd").unwrap(), Axis::parse("hidden=[64, 32],[8]").unwrap()];
        let done = |axes: &[Axis]| -> Vec<Done> {
            let number = |i: usize| {
                let number = Number::new("k", 10.0 + i as f64, Some(0.5), "1", "");
                if i == 3 { number.interval(Some([None, Some(0.9)])) } else { number }
            };
            product(axes).into_iter().enumerate().map(|(i, point)| Done { point, numbers: vec![number(i)] }).collect()
        };
        let of_map = record("toy", &axes, &done(&axes));
        let figure = &of_map.sections[0].figures[0];
        let Panel::Map(map) = &figure.panels[0] else { panic!("a map") };
        assert_eq!((&map.x.names, &map.y.names), (&vec!["pcd".to_string(), "cd".into()], &axes[1].values));
        // The value at (pcd, [8]) is that of point 1; (cd, [8]) is a bound.
        assert_eq!((map.values[1][0].0, map.values[1][1].0), (Some(11.0), None));
        let svg = crate::report::svg::figure(figure);
        for text in [">pcd<", ">cd<", ">[64, 32]<", ">[8]<", ">11.0(5)<", ">&lt;= 0.9<"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert_eq!(svg.matches("fill=\"url(#hatch-").count(), 1);
        assert!(crate::report::csv::figure(figure).contains("1,pcd,\"[64, 32]\",10,0.5\n"));
        // One axis: points at names, without a line between them.
        let of_curve = record("toy", &axes[..1], &done(&axes[..1]));
        let Panel::Curves { curves, x, .. } = &of_curve.sections[0].figures[0].panels[0] else { panic!("points") };
        assert_eq!((curves[0].style, &x.names, &curves[0].y), (Style::Points, &axes[0].values, &vec![10.0, 11.0]));
        let svg = crate::report::svg::figure(&of_curve.sections[0].figures[0]);
        assert!(svg.contains(">pcd<") && svg.contains(">cd<"), "{svg}");
    }

    #[test]
    fn bounds_are_not_drawn_as_values() {
        let axes = [Axis::parse("a=1,2").unwrap(), Axis::parse("b=5,7").unwrap()];
        let done = |axes: &[Axis]| -> Vec<Done> {
            let number = |i: usize| {
                let interval = [None, Some([None, Some(0.9)]), Some([Some(4.0), None]), None][i];
                Number::new("k", 1.5, None, "1", "").interval(interval)
            };
            product(axes).into_iter().enumerate().map(|(i, point)| Done { point, numbers: vec![number(i)] }).collect()
        };
        let all = done(&axes);
        let lines = csv(&axes, &all).unwrap();
        assert_eq!(lines.lines().nth(2), Some("1,7,k,1.5,,1,<=,,0.9"));
        assert_eq!(lines.lines().nth(3), Some("2,5,k,1.5,,1,>=,4,"));
        let of_map = record("toy", &axes, &all);
        let Panel::Map(map) = &of_map.sections[0].figures[0].panels[0] else { panic!("a map") };
        assert_eq!(map.values[1][0].0.or(map.values[0][1].0), None);
        assert_eq!((map.values[0][0].0, map.values[1][1].0), (Some(1.5), Some(1.5)));
        assert_eq!(map.texts, [["1.5", ">= 4"], ["<= 0.9", "1.5"]]);
        let svg = crate::report::svg::figure(&of_map.sections[0].figures[0]);
        assert!(
            svg.matches("url(#hatch-").count() == 2
                && svg.contains("&gt;= 4")
                && !svg.contains("class=\"void\" d=\"M4")
        );
        let of_curve = record("toy", &axes[..1], &done(&axes[..1]));
        let Panel::Curves { curves, title, .. } = &of_curve.sections[0].figures[0].panels[0] else { panic!("curves") };
        assert!(curves[0].y[0] == 1.5 && curves[0].y[1].is_nan() && title.contains("2: <= 0.9"), "{title}");
    }
}
