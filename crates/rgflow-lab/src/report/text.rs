//! Tables as plain text. To be filled.

use crate::record::{Cell, Table};

/// The table as lines of text.
pub fn table(table: &Table) -> String {
    let mut text = format!("{}\n{}\n", table.caption, table.columns.join("  "));
    for row in &table.rows {
        let cells = row.iter().map(|cell| match cell {
            Cell::Text(text) => text.clone(),
            Cell::Value { value, .. } => value.map_or("-".into(), |v| v.to_string()),
            Cell::Verdict(verdict) => verdict.word().into(),
        });
        text += &(cells.collect::<Vec<_>>().join("  ") + "\n");
    }
    text
}
