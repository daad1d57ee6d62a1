//! Overview page of all experiments: the verdict table, then every item with its figures.

use super::Item;
use crate::artifact::OVERVIEW;
use crate::record::{Cell, Record, Section, Verdict, family, verdicts};

/// An item of the thesis, and the record of its experiment.
pub struct ItemRecord<'a> {
    /// The item.
    pub item: &'static Item,
    /// The record of its experiment.
    pub record: &'a Record,
    /// Address of the experiment's full report, relative to the overview page.
    pub page: String,
}

/// Order of an item in the thesis: the numbers in its id, appendices last.
fn place(id: &str) -> Vec<u32> {
    let numbers: Vec<u32> = id.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    let chapter = id.trim_start_matches(|c: char| c.is_ascii_lowercase());
    if chapter.starts_with(|c: char| c.is_ascii_digit()) { numbers } else { vec![u32::MAX] }
}

/// One record for all `found` items; `left_out`: items that were not made, each with the reason and the remedy.
pub fn overview(found: &[ItemRecord], left_out: &[(&Item, String)]) -> Record {
    let mut records: Vec<&Record> = Vec::new();
    for one in found {
        if !records.iter().any(|record| record.experiment == one.record.experiment) {
            records.push(one.record);
        }
    }
    let mut found: Vec<&ItemRecord> = found.iter().collect();
    found.sort_by_key(|one| place(&one.item.id));
    let mut summary = verdicts(records.iter().copied());
    // An experiment makes more items than were requested.
    let asked = |item: &str| found.iter().any(|one| one.item.id == item);
    summary.rows.retain(|row| matches!(&row[0], Cell::Text(item) if asked(item)));
    let id = |row: &Vec<Cell>| if let Cell::Text(id) = &row[0] { place(id) } else { Vec::new() };
    summary.rows.sort_by_key(id);
    summary.notes =
        left_out.iter().map(|(item, why)| format!("{} ({}) is left out: {why}", item.id, item.title)).collect();
    let count = |verdict: Verdict| {
        summary.rows.iter().filter(|row| matches!(row.last(), Some(Cell::Verdict(v)) if *v == verdict)).count()
    };
    let all = [Verdict::Agrees, Verdict::Differs, Verdict::Inconclusive, Verdict::Depends, Verdict::NotCompared];
    let words: Vec<String> =
        all.iter().filter(|v| count(**v) > 0).map(|v| format!("{} {}", count(*v), v.word())).collect();
    let mut answers = vec![format!("Of {} statements: {}.", summary.rows.len(), words.join(", "))];
    answers.extend(summary.notes.iter().cloned());
    let claims = records.iter().flat_map(|record| record.claims.iter().map(move |claim| (*record, claim)));
    summary.notes.extend(family(claims.filter(|(_, claim)| asked(&claim.item))));
    let mut numbers = Vec::new();
    for record in &records {
        let named = |key: &String| record.claims.iter().any(|c| c.number == *key || c.null.as_ref() == Some(key));
        numbers.extend(record.numbers.iter().filter(|number| named(&number.key)).cloned());
    }
    let sections = found.into_iter().map(|one| Section {
        title: format!("{}: {}", one.item.id, one.item.title),
        text: vec![format!("The thesis: {}.", one.item.claim), format!("More in {}.", one.page)],
        figures: one.record.figures().filter(|figure| one.item.has_figure(&figure.id)).cloned().collect(),
        tables: Vec::new(),
    });
    Record {
        experiment: OVERVIEW.into(),
        title: "The thesis, item by item".into(),
        question: "What does each figure and section of the thesis state, and what is measured, with errors over \
            repetitions and beside the null without any machine?"
            .into(),
        answers,
        sections: sections.collect(),
        summary,
        numbers,
        claims: records.iter().flat_map(|record| record.claims.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Claim, Figure, Number};

    #[test]
    fn items_stand_in_the_order_of_the_thesis() {
        let mut ids = ["figB.1", "sec5.thermal", "fig4.10", "fig3.4", "fig4.9", "eq3.2.31", "fig2.2", "sec2.2.1"];
        ids.sort_by_key(|id| place(id));
        assert_eq!(ids, ["fig2.2", "sec2.2.1", "eq3.2.31", "fig3.4", "fig4.9", "fig4.10", "sec5.thermal", "figB.1"]);
    }

    #[test]
    fn only_what_was_asked_for_is_on_the_page() {
        let figure = |id: &str| Figure { id: id.into(), ..Figure::default() };
        let figures = vec![figure("fig4.6"), figure("fig4.60"), figure("fig4.6-b")];
        let record = Record {
            experiment: "e".into(),
            sections: vec![Section { figures, ..Section::default() }],
            numbers: vec![
                Number::new("a", 1.0, None, "1", "").compare(2.0, 0.0, 0.0, ""),
                Number::new("b", 1.0, None, "1", ""),
            ],
            claims: vec![Claim::new("fig4.6", "s", "a"), Claim::new("fig4.7", "s", "b")],
            ..Record::default()
        };
        let item = Item::of("ising-2d").find(|item| item.id == "fig4.6").unwrap();
        let found = [ItemRecord { item, record: &record, page: "p".into() }];
        let page = overview(&found, &[(item, "no data".into())]);
        let ids: Vec<&str> = page.sections[0].figures.iter().map(|f| f.id.as_str()).collect();
        assert_eq!(ids, ["fig4.6", "fig4.6-b"]);
        assert_eq!(page.summary.rows.len(), 1);
        assert_eq!(
            page.answers,
            ["Of 1 statements: 1 differs.".into(), format!("fig4.6 ({}) is left out: no data", item.title)]
        );
    }
}
