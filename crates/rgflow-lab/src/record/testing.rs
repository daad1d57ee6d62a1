//! Assertions for tests of records.

use super::{Number, Record};

/// Asserts values by key, that claims refer to listed numbers, and the names of the figures.
pub fn check(record: &Record, values: &[(&str, f64)], figures: &[&str]) {
    for (key, expected) in values {
        let number = record.number(key).unwrap_or_else(|| panic!("no {key}"));
        assert_eq!(number.value, Some(*expected), "{key}");
    }
    let keys = record.claims.iter().flat_map(|claim| claim.keys());
    keys.for_each(|key| assert!(record.number(key).is_some(), "no {key}"));
    assert_eq!(record.figures().map(|figure| figure.id.as_str()).collect::<Vec<_>>(), figures);
}

/// The verdict of each claim, in order.
pub fn verdicts(record: &Record) -> Vec<&'static str> {
    let verdict = |number: &Number| number.first_verdict().word();
    record.claims.iter().map(|claim| record.number(&claim.number).map_or("left out", verdict)).collect()
}
