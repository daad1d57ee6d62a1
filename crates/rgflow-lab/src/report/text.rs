//! Tables as plain text, for terminals.

use crate::record::format;
use crate::record::{Cell, Table};
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter, WrapAlgorithm};

/// Columns of a page without a terminal.
pub const WIDTH: usize = 80;

/// The table with aligned columns in lines of at most `width` columns (at least 40): text to the left, values to the
/// right, caption above, notes below. What is too wide is laid out as by [`rows`].
pub fn table(table: &Table, width: usize) -> String {
    let n = table.rows.iter().map(Vec::len).chain([table.columns.len()]).max().unwrap_or(0);
    let cells = table.rows.iter().map(|row| row.iter().map(|c| one_line(&format::cell(c))).collect());
    let all: Vec<Vec<String>> =
        [table.columns.iter().map(|c| one_line(c)).collect()].into_iter().chain(cells).collect();
    let is_value = |c: &Cell| matches!(c, Cell::Value { remark: None, .. });
    let right: Vec<bool> = (0..n)
        .map(|j| {
            let mut column = table.rows.iter().filter_map(|row| row.get(j)).peekable();
            column.peek().is_some() && column.all(is_value)
        })
        .collect();
    let caption = table.caption.lines().map(|line| wrapped(line, width)).collect::<String>();
    let body = if n > 0 { rows(&all, &right, width, true) } else { String::new() };
    let notes: String = table.notes.iter().map(|note| wrapped(&format!("  {note}"), width)).collect();
    caption + &body + &notes
}

/// `line` in lines of at most `width` columns, the later ones indented as the first; words that are longer stay whole.
pub fn wrapped(line: &str, width: usize) -> String {
    let line = line.trim_end();
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    if display_width(line) <= width || indent.len() + 20 > width {
        return format!("{line}\n");
    }
    let options = Options::new(width).initial_indent(&indent).subsequent_indent(&indent).break_words(false);
    let options = options.word_splitter(WordSplitter::NoHyphenation).wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(line.trim_start(), options).iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Rows as aligned columns in lines of at most `width` columns; the first row holds the heads, with a rule below if
/// `rule`. Columns in `right` are set to the right.
///
/// Where they are too wide, heads and cells of text are wrapped at their words. Where that is not enough, the columns
/// go below each other in groups, each with the first column.
pub fn rows(rows: &[Vec<String>], right: &[bool], width: usize, rule: bool) -> String {
    let n = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |i: usize, j: usize| rows[i].get(j).map_or("", String::as_str);
    let is_right = |j: usize| right.get(j).copied().unwrap_or(false);
    let natural: Vec<usize> =
        (0..n).map(|j| (0..rows.len()).map(|i| display_width(cell(i, j))).max().unwrap_or(0)).collect();
    let word = |text: &str| text.split(' ').map(display_width).max().unwrap_or(0);
    let least =
        |(i, j): (usize, usize)| if i > 0 && is_right(j) { display_width(cell(i, j)) } else { word(cell(i, j)) };
    let least: Vec<usize> =
        (0..n).map(|j| (0..rows.len()).map(|i| least((i, j))).max().unwrap_or(0).min(width)).collect();
    let mut text = String::new();
    let groups = groups(&least, width);
    for (g, group) in groups.iter().enumerate() {
        let widths = widths(&pick(&natural, group), &pick(&least, group), width);
        if g > 0 {
            text.push('\n');
        }
        for i in 0..rows.len() {
            let parts: Vec<Vec<String>> = group.iter().zip(&widths).map(|(j, w)| broken(cell(i, *j), *w)).collect();
            let lines = parts.iter().map(Vec::len).max().unwrap_or(1);
            for l in 0..lines {
                let mut line = String::new();
                for (k, (part, w)) in parts.iter().zip(&widths).enumerate() {
                    // Heads stand on the rule, cells hang from the first line.
                    let skipped = if i == 0 { lines - part.len() } else { 0 };
                    let piece = l.checked_sub(skipped).and_then(|l| part.get(l)).map_or("", String::as_str);
                    let space = " ".repeat(w.saturating_sub(display_width(piece)));
                    line += if k == 0 { "" } else { "  " };
                    line += &if is_right(group[k]) { space + piece } else { piece.to_string() + &space };
                }
                text += &format!("{}\n", line.trim_end());
            }
            if i == 0 && rule {
                text += &format!("{}\n", widths.iter().map(|w| "-".repeat(*w)).collect::<Vec<_>>().join("  "));
            }
        }
    }
    text
}

fn pick(of: &[usize], group: &[usize]) -> Vec<usize> {
    group.iter().map(|j| of[*j]).collect()
}

/// Columns that stand side by side where their least widths are `least`: all, or groups that each begin with the first.
fn groups(least: &[usize], width: usize) -> Vec<Vec<usize>> {
    let fits = |group: &[usize]| pick(least, group).iter().sum::<usize>() + 2 * (group.len() - 1) <= width;
    let mut groups = vec![vec![0]];
    for j in 1..least.len() {
        let last = groups.len() - 1;
        let more = [&groups[last][..], &[j]].concat();
        if fits(&more) || groups[last].len() == 1 { groups[last] = more } else { groups.push(vec![0, j]) }
    }
    groups
}

/// Widths between the least and the natural ones that fill at most `width`; narrow columns get theirs first.
fn widths(natural: &[usize], least: &[usize], width: usize) -> Vec<usize> {
    let available = width.saturating_sub(2 * (natural.len() - 1));
    let mut widths = least.to_vec();
    let mut order: Vec<usize> = (0..natural.len()).collect();
    order.sort_by_key(|j| natural[*j].saturating_sub(least[*j]));
    for j in order {
        let free = available.saturating_sub(widths.iter().sum());
        widths[j] = natural[j].min(widths[j] + free);
    }
    // A first column of long words leaves less than the least widths: its words are broken.
    let over = widths.iter().sum::<usize>().saturating_sub(available);
    widths[0] = widths[0].saturating_sub(over).max(8.min(widths[0]));
    widths
}

/// The lines of a cell of `width` columns.
fn broken(text: &str, width: usize) -> Vec<String> {
    if display_width(text) <= width {
        return vec![text.into()];
    }
    let options = Options::new(width.max(1)).word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options.wrap_algorithm(WrapAlgorithm::FirstFit)).into_iter().map(Into::into).collect()
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
        assert_eq!(table(&t, WIDTH), expected.replace("null        2.40(2)", "null         2.40(2)"));
        assert_eq!(table(&Table::default(), WIDTH), "");
        // Narrower: heads and words are wrapped, then columns go below each other.
        let wide = Table {
            columns: vec!["flow".into(), "T* of all the ends".into(), "T* of the ends of the second".into()],
            rows: vec![vec![Cell::text("mean-field of all"), value(12.271, 0.014), value(2.4, 0.02)]],
            notes: vec!["errors are those of the mean over ten seeds, which vary data and training".into()],
            ..Table::default()
        };
        let expected = "                                         T* of \
            the\n                                       ends of the\n\
                        flow               T* of all the ends       second\n\
                        -----------------  ------------------  -----------\n\
                        mean-field of all          12.271(14)      2.40(2)\n";
        let notes = "  errors are those of the mean over ten seeds,\n  which vary data and training\n";
        assert_eq!(table(&wide, 50), format!("{expected}{notes}"));
        let many: Vec<Vec<String>> = (0..3).map(|i| (0..9).map(|j| format!("value-{i}-{j}")).collect()).collect();
        let grouped = rows(&many, &[false; 9], 40, false);
        assert!(
            grouped.lines().all(|line| line.chars().count() <= 40 && (line.is_empty() || line.starts_with("value-")))
        );
        assert_eq!(grouped.matches("value-0-0").count(), 4, "{grouped}");
        let long = vec![vec!["a.key.of.forty.characters.that.goes.on.and.on".into(), "value".into()]; 2];
        assert!(rows(&long, &[false, true], 30, true).lines().all(|line| line.chars().count() <= 30));
    }
}
