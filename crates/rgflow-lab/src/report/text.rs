//! Tables as plain text, for terminals.

use crate::record::format;
use crate::record::{Cell, Table};

/// The table with aligned columns: text to the left, values to the right, caption above, notes below.
pub fn table(table: &Table) -> String {
    let width = table.rows.iter().map(Vec::len).chain([table.columns.len()]).max().unwrap_or(0);
    let cells: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|c| one_line(&format::cell(c))).collect()).collect();
    let right: Vec<bool> = (0..width)
        .map(|j| {
            let mut column = table.rows.iter().filter_map(|row| row.get(j)).peekable();
            column.peek().is_some() && column.all(|c| matches!(c, Cell::Value { remark: None, .. }))
        })
        .collect();
    let heads: Vec<String> = table.columns.iter().map(|c| one_line(c)).collect();
    let widths: Vec<usize> = (0..width)
        .map(|j| {
            cells.iter().chain([&heads]).filter_map(|row| row.get(j)).map(|c| c.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |row: &[String]| {
        let mut text = String::new();
        for (j, &width) in widths.iter().enumerate() {
            let cell = row.get(j).map_or("", String::as_str);
            let gap = if j == 0 { "" } else { "  " };
            text += gap;
            text += &if right[j] { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
        }
        text.trim_end().to_string() + "\n"
    };
    let mut text = String::new();
    if !table.caption.is_empty() {
        text += &format!("{}\n", table.caption);
    }
    if width > 0 {
        text += &line(&heads);
        text += &format!("{}\n", widths.iter().map(|w| "-".repeat(*w)).collect::<Vec<_>>().join("  "));
    }
    for row in &cells {
        text += &line(row);
    }
    for note in &table.notes {
        text += &format!("  {note}\n");
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Verdict;

    #[test]
    fn columns_are_aligned() {
        let value = |v, e| Cell::Value { value: Some(v), error: Some(e), interval: None, remark: None };
        let t = Table {
            caption: "Ends of flows".into(),
            columns: vec!["flow".into(), "T*".into(), "verdict".into()],
            rows: vec![
                vec![Cell::text("null"), value(2.4, 0.02), Cell::Verdict(Verdict::NotCompared)],
                vec![Cell::text("RBM mean"), value(12.271, 0.014), Cell::Verdict(Verdict::Differs)],
            ],
            notes: vec!["errors over 10 seeds".into()],
        };
        let expected = "Ends of flows\n\
                        flow             T*  verdict\n\
                        --------  ---------  ------------\n\
                        null        2.40(2)  not compared\n\
                        RBM mean  12.271(14)  differs\n  errors over 10 seeds\n";
        // The widest value sets the width of its column.
        let expected = expected
            .replace("flow             T*", "flow              T*")
            .replace("---------  ------------", "----------  ------------");
        assert_eq!(table(&t), expected.replace("null        2.40(2)", "null         2.40(2)"));
        assert_eq!(table(&Table::default()), "");
    }
}
