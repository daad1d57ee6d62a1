//! Claims of the thesis with the numbers that answer them: the lines of the verdict table.

use super::{Cell, Number, Record, Table, Verdict};
use serde::{Deserialize, Serialize};

/// A claim and the keys of the numbers that answer it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Claim {
    /// Number of the figure, table or section, such as `fig4.6`.
    pub item: String,
    /// Statement of the thesis, in a few words with its number: `all starts end at T of about 2.5`.
    pub states: String,
    /// Key of the measured number, whose first comparison is the verdict; empty where the run left it out.
    pub number: String,
    /// Key of the number under the null hypothesis (no machine), where there is one.
    #[serde(default)]
    pub null: Option<String>,
}

impl Claim {
    /// A claim on `item` that `number` answers.
    ///
    /// # Panics
    /// If the number has no key, which is an error of the experiment: such a claim would count as left out.
    pub fn of(item: &str, states: impl Into<String>, number: &Number) -> Self {
        assert!(!number.key.is_empty(), "{item}: a claim needs a number with a key");
        Self::new(item, states, &number.key)
    }

    /// A claim on `item` that the number `key` answers.
    pub fn new(item: &str, states: impl Into<String>, key: impl Into<String>) -> Self {
        Self { item: item.into(), states: states.into(), number: key.into(), null: None }
    }

    /// A claim that this run left out because of its settings.
    pub fn left_out(item: &str, states: impl Into<String>) -> Self {
        Self { item: item.into(), states: states.into(), ..Self::default() }
    }

    /// Adds the number under the null hypothesis.
    ///
    /// # Panics
    /// If the number has no key, which is an error of the experiment.
    pub fn with_null(self, null: &Number) -> Self {
        assert!(!null.key.is_empty(), "{}: the null of a claim needs a number with a key", self.item);
        self.null(&null.key)
    }

    /// Adds the key of the number under the null hypothesis.
    pub fn null(mut self, key: impl Into<String>) -> Self {
        self.null = Some(key.into());
        self
    }

    /// The keys that the claim refers to.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        // A claim that was left out has no keys.
        [Some(self.number.as_str()).filter(|key| !key.is_empty()), self.null.as_deref()].into_iter().flatten()
    }
}

/// The verdict table: statement of the thesis, measured number, null, whether the two differ, verdict. One line per
/// claim of `records`.
pub fn verdicts<'a>(records: impl IntoIterator<Item = &'a Record>) -> Table {
    let columns = ["item", "the thesis states", "measured", "null (no machine)", "against the null", "verdict"]
        .map(String::from)
        .into();
    let rows = records.into_iter().flat_map(|record| record.claims.iter().map(|claim| row(record, claim))).collect();
    Table { caption: "What the thesis states and what is measured".into(), columns, rows, notes: Vec::new() }
}

fn row(record: &Record, claim: &Claim) -> Vec<Cell> {
    let show = |number: Option<&Number>| number.map_or(Cell::text(""), Cell::from);
    let measured = record.number(&claim.number);
    let verdict = measured.map_or(Verdict::NotCompared, Number::first_verdict).into();
    let null = claim.null.as_deref().and_then(|key| record.number(key));
    let against = measured.zip(claim.null.as_deref()).and_then(|(number, key)| number.beside_null(key));
    let against = Cell::text(against.map_or("", |comparison| discriminates(comparison.verdict)));
    vec![Cell::text(&claim.item), Cell::text(&claim.states), show(measured), show(null), against, verdict]
}

/// Words for the verdict of a comparison with a null.
fn discriminates(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Differs => "differs from the null",
        Verdict::Agrees => "cannot be told from it",
        _ => "cannot be compared with it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_value_null_and_verdict_from_the_numbers() {
        let null = Number::new("a.null", 2.3, None, "J/k_B", "");
        let number = |key, value| Number::new(key, value, Some(0.1), "J/k_B", "").compare(2.5, 0.0, 0.25, "thesis");
        let numbers = vec![number("a.T_star", 2.4).against(&null), number("b.T_star", 2.6).against(&null), null];
        let claim = |i: usize| Claim::of("fig4.6", "about 2.5", &numbers[i]).with_null(&numbers[2]);
        let claims = vec![claim(0), claim(1), Claim::left_out("fig9", "")];
        let table = verdicts([&Record { numbers: numbers.clone(), claims, ..Record::default() }]);
        assert!(matches!(table.rows[0][2], Cell::Value { value: Some(2.4), error: Some(0.1), .. }));
        assert!(matches!(table.rows[0][3], Cell::Value { value: Some(2.3), .. }));
        assert!(matches!(table.rows[0][5], Cell::Verdict(Verdict::Agrees)));
        assert!(matches!(table.rows[2][5], Cell::Verdict(Verdict::NotCompared)));
        let words = table.rows.iter().map(|row| match &row[4] {
            Cell::Text(words) => words.as_str(),
            other => panic!("{other:?} is no text"),
        });
        // 0.1 and 0.3 from the null with an error of 0.1.
        assert_eq!(words.collect::<Vec<_>>(), ["cannot be told from it", "differs from the null", ""]);
    }
}
