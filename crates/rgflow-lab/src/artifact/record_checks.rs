//! Checks of a record before it is written: keys, finite values, links.

use super::Error;
use crate::record::Record;
use std::collections::BTreeSet;

/// Refuses two numbers of one key and values that are not finite.
pub(super) fn check_numbers(record: &Record) -> Result<(), Error> {
    let mut keys = BTreeSet::new();
    for number in &record.numbers {
        if !keys.insert(&number.key) {
            return Err(Error::failure(format!("two numbers have the key {} (a bug of the experiment)", number.key)));
        }
        let interval = number.interval.iter().flatten().flatten();
        let values = [number.value, number.error, number.n_eff];
        let compared = number.compare.iter().flat_map(|c| [c.value, c.error]).flatten();
        if values.iter().flatten().chain(interval).copied().chain(compared).any(|v| !v.is_finite()) {
            return Err(Error::failure(format!("the number {} is not finite: it must be null", number.key)));
        }
    }
    Ok(())
}

/// Refuses claims and comparisons that refer to a missing number, and two figures of one name.
pub(super) fn check_links(record: &Record) -> Result<(), Error> {
    let keys: BTreeSet<&str> = record.numbers.iter().map(|number| number.key.as_str()).collect();
    let nulls = record.numbers.iter().flat_map(|number| &number.compare);
    let nulls = nulls.filter_map(|comparison| comparison.source.strip_prefix("null: "));
    let mut named = record.claims.iter().flat_map(|claim| claim.keys()).chain(nulls);
    if let Some(missing) = named.find(|key| !keys.contains(key)) {
        return Err(Error::failure(format!("no number has the key {missing} that a claim or a null names")));
    }
    let mut figures = BTreeSet::new();
    let twice = record.sections.iter().flat_map(|section| &section.figures).find(|figure| !figures.insert(&figure.id));
    twice.map_or(Ok(()), |figure| Err(Error::failure(format!("two figures are called {}", figure.id))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Claim, Figure, Number, Section};

    #[test]
    fn links_to_nothing_are_found() {
        let number = |key: &str| Number::new(key, 1.0, None, "1", "");
        let (a, b) = (number("a"), number("b"));
        let record = |numbers: &[&Number], claim: Claim| Record {
            numbers: numbers.iter().map(|n| (*n).clone()).collect(),
            claims: vec![claim, Claim::left_out("fig2", "not asked for")],
            ..Record::default()
        };
        let claim = || Claim::of("fig1", "", &a).with_null(&b);
        assert!(check_links(&record(&[&a, &b], claim())).is_ok());
        let missing = |record: &Record| check_links(record).unwrap_err().to_string();
        assert!(missing(&record(&[&b], claim())).contains("the key a "));
        assert!(missing(&record(&[&a], claim())).contains("the key b "));
        let beside_null = a.clone().against(&b);
        assert!(missing(&record(&[&beside_null], Claim::of("fig1", "", &a))).contains("the key b "));
        let mut twice = record(&[&a, &b], claim());
        twice.sections = vec![Section::new("").figures([Figure::new("f", ""), Figure::new("f", "")])];
        assert!(missing(&twice).contains("two figures are called f"));
    }
}
