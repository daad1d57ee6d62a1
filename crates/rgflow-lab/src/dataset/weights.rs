//! Weights of samples: a column of a table, or an array of an archive. They are no units.

use super::Options;
use super::cells::{Below, no_number};
use super::pairing::{near, some};

/// Takes the column of weights out of the table, if one is named.
pub(super) fn take_column(
    names: Option<&[String]>,
    below: &Below,
    kept: &mut Vec<usize>,
    options: &Options,
) -> Result<Option<Vec<f64>>, String> {
    let wanted = options.weights.as_str();
    if wanted.is_empty() {
        return Ok(None);
    }
    let column = match names {
        Some(names) => names.iter().position(|name| name == wanted).ok_or_else(|| {
            let near = near(wanted, names).map_or(String::new(), |near| format!("; did you mean --weights {near}?"));
            format!("has no column `{wanted}` of weights; it has {}{near}", some(names))
        })?,
        // Without names a column is called by its number.
        None => match wanted.parse::<usize>().ok().filter(|c| (1..=below.width).contains(c)) {
            Some(c) => c - 1,
            None => {
                return Err(format!(
                    "has no line of names, so no column `{wanted}` of weights; write one as its first line, or give \
                     the number of the column, 1 to {}",
                    below.width
                ));
            }
        },
    };
    if let Some(((row, _), text)) = below.words.iter().find(|((_, c), _)| *c == column) {
        return Err(no_number(below.lines[*row], column, text));
    }
    kept.retain(|c| *c != column);
    checked(wanted, below.column(column).collect(), below.lines.len()).map(Some)
}

/// The weights `values` of `n` samples.
///
/// # Errors
/// A message that names the sample whose weight is none, or says that their number is another or all are 0.
pub(super) fn checked(name: &str, values: Vec<f64>, n: usize) -> Result<Vec<f64>, String> {
    if values.len() != n {
        return Err(format!("`{name}` holds {} weights for {n} samples; give one for each", values.len()));
    }
    if let Some((sample, weight)) = values.iter().enumerate().find(|(_, w)| !(**w >= 0.0 && w.is_finite())) {
        return Err(format!("`{name}` of sample {} is {weight}: weights must be 0 or positive numbers", sample + 1));
    }
    if values.iter().all(|weight| *weight == 0.0) {
        return Err(format!("`{name}` is 0 for all samples; give weights some of which are positive"));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use crate::dataset::{Dataset, Options};

    /// A column of weights is no unit, by name or by number.
    #[test]
    fn weights_are_no_units() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str, weights: &str| {
            let path = folder.path().join("a.csv");
            std::fs::write(&path, text).unwrap();
            Dataset::read(&path, &Options { weights: weights.into(), ..Options::default() }).map_err(|e| e.to_string())
        };
        for (text, name) in [("a,w,b\n1,0.5,0\n0,2,1\n", "w"), ("1,0.5,0\n0,2,1\n", "2")] {
            let data = read(text, name).unwrap();
            assert_eq!((data.n_units(), data.weights.clone()), (2, Some(vec![0.5, 2.0])));
            assert_eq!(data.select(&[1]).weights, Some(vec![2.0]));
        }
        for (text, name, words) in [
            ("a,w\n1,0.5\n0,2\n", "v", "no column `v` of weights"),
            ("1,0.5\n0,2\n", "w", "no line of names"),
            ("a,w\n1,-0.5\n0,2\n", "w", "`w` of sample 1 is -0.5"),
            ("a,w\n1,0\n0,0\n", "w", "is 0 for all samples"),
        ] {
            let said = read(text, name).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }
}
