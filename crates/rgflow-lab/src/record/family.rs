//! False alarms of a table of verdicts: each of its many comparisons differs by chance with 4.55 %.

use super::{Claim, Record};
use rgflow::statistics::{TWO_ERRORS, holm};

/// A comparison of the table that has an error.
struct Test {
    name: String,
    p: f64,
}

/// Comparisons of a claim's number: with what the thesis states, and with the null.
fn tests(record: &Record, claim: &Claim) -> [Option<Test>; 2] {
    let number = record.number(&claim.number);
    let named = |name: String, p: Option<f64>| Some(Test { name, p: p? });
    let stated = number.and_then(|number| number.compare.first());
    let null = number.zip(claim.null.as_deref()).and_then(|(number, key)| number.beside_null(key));
    [
        stated.and_then(|comparison| named(claim.item.clone(), comparison.p)),
        null.and_then(|comparison| named(format!("{} against the null", claim.item), comparison.p)),
    ]
}

/// One sentence or two below a table of these claims: how many comparisons have an error, how many would differ by
/// chance, how many do, and which of these do not remain by Holm's procedure over all of them. `None` if there are
/// fewer than two.
pub fn family<'a>(claims: impl IntoIterator<Item = (&'a Record, &'a Claim)>) -> Option<String> {
    let level = 1.0 - TWO_ERRORS;
    let tests: Vec<Test> = claims.into_iter().flat_map(|(record, claim)| tests(record, claim)).flatten().collect();
    if tests.len() < 2 {
        return None;
    }
    let p: Vec<f64> = tests.iter().map(|test| test.p).collect();
    let remains = holm(&p, level);
    let beyond = || tests.iter().zip(&remains).filter(|(test, _)| test.p < level);
    let lost: Vec<&str> = beyond().filter(|(_, remains)| !**remains).map(|(test, _)| test.name.as_str()).collect();
    let mut names = lost.clone();
    names.dedup();
    let (n, found) = (tests.len(), beyond().count());
    let last = match (found, lost.as_slice()) {
        (0, _) => String::new(),
        (_, []) => " All of them remain over the whole table (Holm at 4.55 %).".into(),
        _ => {
            format!(" Over the whole table {} remain (Holm at 4.55 %), not {}.", found - lost.len(), names.join(", "))
        }
    };
    Some(format!(
        "Chance: {n} comparisons of this table have an error, with what is stated or with a null. If no true value \
         were off by more than its tolerance, at most 4.55 % of them, {:.1}, would be found off by two errors more; \
         {found} are.{last}",
        level * n as f64
    ))
}

#[cfg(test)]
mod tests {
    use super::super::Number;
    use super::*;

    /// Deviations of 0, 2.5 and 6 errors of a normal law (p = 1, 0.0124, 2e-9) and one of 4 from a null (6e-5). Of four
    /// comparisons the third smallest is held against 0.0455 / 2, so that all three remain; of 14 against 0.0455 / 12.
    #[test]
    fn the_table_tells_what_chance_would_do() {
        let number = |key: &str, off: f64| Number::new(key, off, Some(1.0), "1", "").compare(0.0, 0.0, 0.0, "");
        let null = Number::new("null", 10.0, None, "1", "");
        let numbers = vec![number("a", 0.0), number("b", 2.5), number("c", 6.0).against(&null), null];
        let claims = vec![
            Claim::new("fig1", "", "a"),
            Claim::new("fig2", "", "b"),
            Claim::new("fig3", "", "c").null("null"),
            Claim::left_out("fig4", ""),
        ];
        let mut record = Record { numbers, claims, ..Record::default() };
        let said = |record: &Record| family(record.claims.iter().map(|claim| (record, claim)));
        let text = said(&record).unwrap();
        assert!(text.starts_with("Chance: 4 comparisons") && text.contains("4.55 % of them, 0.2,"), "{text}");
        assert!(text.ends_with("3 are. All of them remain over the whole table (Holm at 4.55 %)."), "{text}");
        for i in 0..10 {
            record.numbers.push(number(&format!("more{i}"), 0.0));
            record.claims.push(Claim::new("fig5", "", format!("more{i}")));
        }
        let text = said(&record).unwrap();
        assert!(text.ends_with("3 are. Over the whole table 2 remain (Holm at 4.55 %), not fig2."), "{text}");
        record.claims.truncate(1);
        assert_eq!(said(&record), None);
    }
}
