//! Flags that say which labels samples have, and how a sample is shaped.

use super::exact::Range;
use crate::output::text;
use rgflow_lab::dataset::{Labelling, Options};

/// Labels of samples, and their shape.
#[derive(clap::Args)]
#[command(next_help_heading = "Data")]
pub struct LabelFlags {
    /// Array or column of labels (its name, or its number in a table without names), or the labels themselves: cat,dog
    /// [default: that of a usual name, such as T, beta, label or y].
    #[arg(long, value_name = "NAME", conflicts_with_all = ["temperatures", "beta"])]
    labels: Option<String>,
    /// The same for labels that are temperatures in J/k_B: a name, or values such as 1.5,2.0 or 1..3:0.5
    /// [default: as --labels].
    #[arg(long, value_name = "NAME", conflicts_with = "beta", allow_hyphen_values = true)]
    temperatures: Option<String>,
    /// The same for inverse temperatures, T = 1/beta [default: as --labels].
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    beta: Option<String>,
    /// Shape of one sample, such as 8,8: which axes count samples, and the rows of pictures [default: as in the file].
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    shape: Vec<usize>,
}

impl LabelFlags {
    /// The flags as settings; `meaning` if the recipe has the key `data.labels_are`.
    pub fn sets(&self, meaning: bool) -> Vec<String> {
        let all = [(&self.labels, None), (&self.temperatures, Some("temperatures")), (&self.beta, Some("beta"))];
        let mut sets = Vec::new();
        for (given, labels_are) in all {
            let values = given.as_ref().map(|given| values(given));
            sets.extend(text("data.labels", values.as_ref()));
            sets.extend(given.as_ref().and(labels_are).filter(|_| meaning).map(|are| format!("data.labels_are={are}")));
        }
        if !self.shape.is_empty() {
            sets.push(format!("data.shape={:?}", self.shape));
        }
        sets
    }

    /// The flags as options of reading a file.
    pub fn options(&self) -> Options {
        let (labels, labelling) = match (&self.labels, &self.temperatures, &self.beta) {
            (Some(labels), ..) => (labels, Labelling::Auto),
            (_, Some(temperatures), _) => (temperatures, Labelling::Temperatures),
            (.., Some(beta)) => (beta, Labelling::Beta),
            _ => return Options { shape: self.shape.clone(), ..Options::default() },
        };
        Options { labels: values(labels), labelling, shape: self.shape.clone(), ..Options::default() }
    }
}

/// A list with ranges written out: `1..2:0.5,4` is `1,1.5,2,4`. Anything else is left as it is.
fn values(given: &str) -> String {
    let ranges: Option<Vec<Range>> = given.split(',').map(|part| part.trim().parse().ok()).collect();
    match ranges.filter(|_| given.contains(',') || given.contains("..")) {
        Some(ranges) => {
            let all = ranges.iter().flat_map(|range| &range.0);
            all.map(|t| t.value().to_string()).collect::<Vec<_>>().join(",")
        }
        None => given.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn ranges_are_written_out() {
        for (given, expected) in [
            ("1..2:0.5", "1,1.5,2"),
            ("0.5,inf", "0.5,inf"),
            ("T", "T"),
            ("2.25", "2.25"),
            ("cat,dog", "cat,dog"),
            ("-1,2", "-1,2"),
        ] {
            assert_eq!(values(given), expected, "{given}");
        }
    }
}
