//! Checks of a record before it is written: keys, finite values, links.

use super::Error;
use crate::record::{Claim, Record};
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
        let compared = number.compare.iter().flat_map(|c| [c.value, c.error, c.p]).flatten();
        if values
            .iter()
            .flatten()
            .chain(interval)
            .chain(number.confidence.iter().flatten())
            .copied()
            .chain(compared)
            .any(|v| !v.is_finite())
        {
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
    let beside = |claim: &&Claim| {
        let (number, null) = (record.number(&claim.number), claim.null.as_deref());
        number
            .zip(null.and_then(|key| record.number(key)))
            .is_none_or(|(number, null)| number.beside_null(&null.key).is_some() || null.value.is_none())
    };
    if let Some(claim) = record.claims.iter().find(|claim| !beside(claim)) {
        return Err(Error::failure(format!("{} is not compared with the null of its claim", claim.number)));
    }
    let mut figures = BTreeSet::new();
    let twice = record.sections.iter().flat_map(|section| &section.figures).find(|figure| !figures.insert(&figure.id));
    twice.map_or(Ok(()), |figure| Err(Error::failure(format!("two figures are called {}", figure.id))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Figure, Number, Section};

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
        let missing = |record: &Record| check_links(record).unwrap_err().to_string();
        assert!(missing(&record(&[&a, &b], claim())).contains("a is not compared with the null"));
        let beside_null = a.clone().against(&b);
        assert!(check_links(&record(&[&beside_null, &b], claim())).is_ok());
        assert!(missing(&record(&[&b], claim())).contains("the key a "));
        assert!(missing(&record(&[&beside_null], claim())).contains("the key b "));
        assert!(missing(&record(&[&beside_null], Claim::of("fig1", "", &a))).contains("the key b "));
        let mut twice = record(&[&beside_null, &b], claim());
        twice.sections = vec![Section::new("").figures([Figure::new("f", ""), Figure::new("f", "")])];
        assert!(missing(&twice).contains("two figures are called f"));
    }
}
