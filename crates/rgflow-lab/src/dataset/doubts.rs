//! Doubts about real numbers that were read as values: a column that may be a label, numbers that may be angles.

use super::{Options, Origin, Values};
use std::collections::BTreeSet;
use std::f32::consts::{PI, TAU};

/// Most distinct whole numbers of a column that may be a label.
const MOST_LABELS: usize = 20;
/// Columns that are listed.
const LISTED: usize = 6;

/// Says which columns of a text are taken for values, and which of them may be labels: those of few whole numbers
/// beside others with fractions.
pub(super) fn columns(values: &Values, origin: Option<&Origin>, options: &Options) -> Vec<String> {
    let (n, units) = values.dim();
    if units < 2 || !options.labels.is_empty() {
        return Vec::new();
    }
    let whole: Vec<Option<BTreeSet<i64>>> = (0..units).map(|unit| whole_numbers(values, unit)).collect();
    if whole.iter().all(Option::is_some) {
        // States: nothing tells a label from a value.
        return Vec::new();
    }
    let mut notes = Vec::new();
    if let Some(origin) = origin {
        let titles: Vec<String> = (0..units).map(|unit| origin.title(unit)).collect();
        let shown = match titles.len() {
            more if more > LISTED => format!("{} ... {}", titles[..LISTED / 2].join(", "), titles[units - 1]),
            _ => titles.join(", "),
        };
        notes.push(format!("columns {shown} are taken for values ({units} in all)"));
    }
    let few = |found: &&BTreeSet<i64>| (2..=MOST_LABELS).contains(&found.len()) && 2 * found.len() < n;
    if 2 * whole.iter().filter(|found| found.is_some()).count() < units {
        for (unit, found) in whole.iter().enumerate().filter_map(|(unit, w)| Some((unit, w.as_ref().filter(few)?))) {
            let list = found.iter().take(4).map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let list = if found.len() > 4 { format!("{list} ...") } else { list };
            notes.push(match origin.map(|origin| origin.title(unit)) {
                Some(title) => {
                    format!("column {title} holds only {list}; if it is a label, name it: --labels {title}")
                }
                None => format!("value {} of each sample is only {list}; if it is a label, leave it out", unit + 1),
            });
        }
    }
    notes
}

/// The distinct values of a unit, if all of them are whole numbers and few enough for labels.
fn whole_numbers(values: &Values, unit: usize) -> Option<BTreeSet<i64>> {
    let mut found = BTreeSet::new();
    for row in 0..values.dim().0 {
        let v = values.at(row, unit);
        if v.fract() != 0.0 || v.abs() > 1e9 || found.len() > MOST_LABELS {
            return None;
        }
        found.insert(v as i64);
    }
    Some(found)
}

/// How angles are written for Gaussian units.
pub(super) const AS_UNITS: &str = "give cos and sin of each, numpy.stack([numpy.cos(x), numpy.sin(x)], \
    -1).reshape(len(x), -1), with --units gaussian";

/// A note on values that are likely to be angles, for which 0 and 2 pi are not the same to any unit.
pub(super) fn angles(values: &Values) -> Option<String> {
    are_angles(values).then(|| format!("the values look like angles, of which both ends are one direction: {AS_UNITS}"))
}

/// Whether the values fill [0, 2 pi] or [-pi, pi]: none is outside, and a hundredth or more lie in the outer twentieth
/// at each end, where five times as many of a uniform law do and few of a bell.
pub(super) fn are_angles(values: &Values) -> bool {
    let Values::Real(values) = values else { return false };
    let within = |from: f32| {
        let at = |v: f32| (v - from) / TAU;
        let share = |ends: &dyn Fn(f32) -> bool| {
            values.iter().filter(|v| ends(at(**v))).count() as f64 / values.len().max(1) as f64
        };
        values.iter().all(|v| (-1e-6..=1.0 + 1e-6).contains(&at(*v)))
            && share(&|x| x <= 0.05) >= 0.01
            && share(&|x| x >= 0.95) >= 0.01
            && values.iter().any(|v| v.fract() != 0.0)
    };
    values.len() >= 100 && (within(0.0) || within(-PI))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn values(n: usize, of: impl Fn(usize) -> f32) -> Values {
        Values::from(Array2::from_shape_fn((n, 4), |(i, j)| of(4 * i + j)))
    }

    /// A number in [0, 1) that fills it evenly.
    fn even(i: usize) -> f32 {
        (i as f32 * 0.618_034).fract()
    }

    #[test]
    fn angles_are_seen_and_bells_are_not() {
        assert!(are_angles(&values(100, |i| TAU * even(i))) && are_angles(&values(100, |i| TAU * even(i) - PI)));
        assert!(!are_angles(&values(100, |i| 7.0 * even(i))) && !are_angles(&values(10, |i| TAU * even(i))));
        // Grey levels of whole numbers, and a bell between -pi and pi.
        assert!(!are_angles(&values(100, |i| (i % 7) as f32)));
        let bell = |i: usize| (0..12).map(|k| even(13 * i + k * k)).sum::<f32>() - 6.0;
        assert!(!are_angles(&values(1000, |i| bell(i).clamp(-3.1, 3.1))));
    }

    #[test]
    fn a_column_of_few_whole_numbers_may_be_a_label() {
        let mixed =
            Values::from(Array2::from_shape_fn((50, 4), |(i, j)| if j == 2 { (i % 3) as f32 } else { even(i + j) }));
        let origin = Origin { lines: (1..=50).collect(), columns: vec![0, 1, 2, 4], names: None };
        let of = |origin: Option<&Origin>, labels: &str| {
            columns(&mixed, origin, &Options { labels: labels.into(), ..Options::default() })
        };
        let notes = of(Some(&origin), "");
        assert_eq!(notes[0], "columns 1, 2, 3, 5 are taken for values (4 in all)");
        assert!(notes[1].contains("column 3 holds only 0, 1, 2; if it is a label, name it: --labels 3"), "{notes:?}");
        assert!(of(None, "")[0].starts_with("value 3 of each sample is only 0, 1, 2"));
        assert!(of(Some(&origin), "3").is_empty());
        assert!(columns(&values(50, |i| (i % 3) as f32 - 7.0), None, &Options::default()).is_empty());
    }
}
