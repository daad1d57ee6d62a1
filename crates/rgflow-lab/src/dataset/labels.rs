//! Labels of samples: temperatures or classes, as numbers or words.

use super::label_names::{Labelling, Meaning};
use std::collections::{BTreeMap, BTreeSet};

/// One label per sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// Meaning of the labels.
    pub meaning: Meaning,
    /// One value per sample; infinite temperatures are allowed. Classes that are words are given by their position in
    /// `words`.
    pub values: Vec<f64>,
    /// Words for the classes 0, 1, 2 ..., sorted; empty where labels are numbers.
    pub words: Vec<String>,
}

impl Labels {
    /// Labels from an array called `name`, understood as `labelling`: one per sample, or one per equal block in order
    /// (as rgflow writes temperatures).
    pub(super) fn of(name: &str, labelling: Labelling, values: Vec<f64>, samples: usize) -> Result<Self, String> {
        let labelling = labelling.of(name);
        let fine = |v: &f64| match labelling {
            Labelling::Classes => v.is_finite(),
            _ => *v >= 0.0,
        };
        if let Some(bad) = values.iter().find(|v| !fine(v)) {
            let rule = match labelling {
                Labelling::Beta => "an inverse temperature is >= 0 (k_B/J); correct it",
                Labelling::Classes => "a label is a finite number; correct it",
                _ => "a temperature is >= 0 (J/k_B); correct it",
            };
            return Err(format!("`{name}` holds {bad}: {rule}"));
        }
        let (n, meaning) = (values.len(), labelling.meaning());
        let values = if labelling == Labelling::Beta { inverse(values) } else { values };
        let values = if n == samples {
            values
        } else if n > 0 && samples.is_multiple_of(n) && meaning == Meaning::Temperature {
            (0..samples).map(|i| values[i / (samples / n)]).collect()
        } else {
            return Err(format!("`{name}` has {n} values for {samples} samples; give one for each"));
        };
        Ok(Self { meaning, values, words: Vec::new() })
    }

    /// One label for each of so many `samples`.
    ///
    /// # Errors
    /// A message that names the value, or the number of them.
    pub fn of_samples(meaning: Meaning, values: Vec<f64>, samples: usize) -> Result<Self, String> {
        if values.len() != samples {
            return Err(format!("{} labels for {samples} samples; give one for each", values.len()));
        }
        let labelling = if meaning == Meaning::Temperature { Labelling::Temperatures } else { Labelling::Classes };
        Self::of("labels", labelling, values, samples)
    }

    /// Labels from an array of words called `name`, one per sample.
    pub(super) fn of_words(
        name: &str,
        labelling: Labelling,
        values: Vec<String>,
        samples: usize,
    ) -> Result<Self, String> {
        if values.len() != samples {
            return Err(format!("`{name}` has {} values for {samples} samples; give one for each", values.len()));
        }
        if labelling.of(name).meaning() == Meaning::Temperature {
            // Numbers that were saved as text.
            let number = |text: &String| {
                let wrong = || format!("`{name}` holds \"{text}\": a temperature is a number >= 0 (J/k_B); correct it");
                text.trim().parse::<f64>().map_err(|_| wrong())
            };
            let numbers = values.iter().map(number).collect::<Result<Vec<_>, _>>()?;
            return Self::of(name, labelling, numbers, samples);
        }
        Ok(Self::words(&values))
    }

    /// Classes named by words.
    fn words(values: &[String]) -> Self {
        let words: Vec<String> = values.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        // Every value is among the words, which are sorted.
        let position = |v: &String| words.partition_point(|w| w < v) as f64;
        Self { meaning: Meaning::Class, values: values.iter().map(position).collect(), words }
    }

    /// Classes from an array called `name` with a row of `width` values per sample, which must be one-hot: the class is
    /// the place of the 1.
    pub(super) fn of_one_hot(name: &str, values: &[f64], width: usize) -> Result<Self, String> {
        let class = |(i, row): (usize, &[f64])| {
            let ones: Vec<usize> = (0..width).filter(|k| row[*k] == 1.0).collect();
            match ones[..] {
                [one] if row.iter().all(|v| *v == 0.0 || *v == 1.0) => Ok(one as f64),
                _ => Err(format!(
                    "`{name}` has {width} values per sample, and row {} is not one-hot (a single 1 among zeros); give \
                     one label per sample",
                    i + 1
                )),
            }
        };
        let values = values.chunks(width.max(1)).enumerate().map(class).collect::<Result<_, _>>()?;
        Ok(Self { meaning: Meaning::Class, values, words: Vec::new() })
    }

    /// The labels of several files, one after the other.
    ///
    /// # Errors
    /// A sentence, if some are temperatures and others classes.
    pub(super) fn joined(parts: &[Self]) -> Result<Self, String> {
        let meaning = parts.first().map_or(Meaning::Class, |part| part.meaning);
        if parts.iter().any(|part| part.meaning != meaning) {
            return Err(
                "some files have temperatures and others classes; name the labels by --temperatures or --labels".into(),
            );
        }
        if parts.iter().all(|part| part.words.is_empty()) {
            let values = parts.iter().flat_map(|part| part.values.iter().copied()).collect();
            return Ok(Self { meaning, values, words: Vec::new() });
        }
        let names: Vec<String> = parts.iter().flat_map(|part| part.values.iter().map(|v| part.name(*v))).collect();
        Ok(Self::words(&names))
    }

    /// The label as written in the file.
    pub fn name(&self, value: f64) -> String {
        // Where there are words, a position is a whole number >= 0.
        self.words.get(value as usize).cloned().unwrap_or_else(|| value.to_string())
    }

    /// The distinct labels in ascending order, and the class (position among them) of every sample.
    pub fn classes(&self) -> (Vec<f64>, Vec<usize>) {
        // Values are never NaN; -0 and 0 are the same label.
        let key = |v: f64| (v + 0.0).to_bits();
        let mut distinct: Vec<f64> = self.values.iter().map(|v| v + 0.0).collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        let position: BTreeMap<u64, usize> = distinct.iter().enumerate().map(|(k, v)| (key(*v), k)).collect();
        let classes = self.values.iter().map(|v| position[&key(*v)]).collect();
        (distinct, classes)
    }

    /// Labels of the samples `rows`.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        let values = rows.iter().map(|r| self.values[*r]).collect();
        Self { meaning: self.meaning, values, words: self.words.clone() }
    }
}

/// T = 1/beta, infinite for beta = 0, in six digits where these keep different values apart.
fn inverse(betas: Vec<f64>) -> Vec<f64> {
    let exact = |beta: f64| if beta == 0.0 { f64::INFINITY } else { 1.0 / beta };
    let rounded = |t: f64| format!("{t:.5e}").parse().unwrap_or(t);
    let distinct = |of: &dyn Fn(f64) -> f64| betas.iter().map(|b| of(*b).to_bits()).collect::<BTreeSet<_>>().len();
    let short = |beta: f64| rounded(exact(beta));
    let of: &dyn Fn(f64) -> f64 = if distinct(&short) == distinct(&exact) { &short } else { &exact };
    betas.iter().map(|beta| of(*beta)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_temperatures_become_temperatures() {
        let of = |betas: &[f64]| Labels::of("beta", Labelling::Auto, betas.to_vec(), betas.len());
        let labels = of(&[0.5, 0.44, 0.0, -0.0]).unwrap();
        assert_eq!(labels.meaning, Meaning::Temperature);
        assert_eq!(labels.values, [2.0, 2.27273, f64::INFINITY, f64::INFINITY]);
        // Two that six digits do not tell apart stay as they are.
        assert_eq!(of(&[0.44, 0.440_000_01]).unwrap().values, [1.0 / 0.44, 1.0 / 0.440_000_01]);
        assert!(of(&[0.5, -0.1]).unwrap_err().contains("holds -0.1: an inverse temperature is >= 0"));
        assert!(of(&[f64::NAN]).is_err());
        assert_eq!(of(&[f64::INFINITY]).unwrap().values, [0.0]);
    }

    #[test]
    fn temperatures_that_were_saved_as_text_are_read() {
        let of = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            Labels::of_words("T", Labelling::Auto, words, 2)
        };
        let read = of(&["2.25", " 4e0"]).unwrap();
        assert_eq!((read.meaning, read.values, read.words.len()), (Meaning::Temperature, vec![2.25, 4.0], 0));
        assert!(of(&["2.25", "hot"]).unwrap_err().contains("`T` holds \"hot\": a temperature is a number"));
        assert!(of(&["2.25", "-1"]).unwrap_err().contains("-1"));
    }

    #[test]
    fn rows_with_a_single_one_are_classes() {
        assert_eq!(Labels::of_one_hot("y", &[0.0, 1.0, 0.0, 1.0, 0.0, 0.0], 3).unwrap().values, [1.0, 0.0]);
        for row in [[0.0, 0.0], [1.0, 1.0], [1.0, 0.5], [f64::NAN, 1.0]] {
            assert!(Labels::of_one_hot("y", &row, 2).unwrap_err().contains("row 1 is not one-hot"));
        }
    }

    #[test]
    fn labels_of_several_files_are_joined() {
        let numbers = |values: &[f64]| Labels { meaning: Meaning::Class, values: values.to_vec(), words: vec![] };
        assert_eq!(Labels::joined(&[numbers(&[1.0]), numbers(&[0.0, 1.0])]).unwrap().values, [1.0, 0.0, 1.0]);
        let mixed = Labels::joined(&[Labels::words(&["b".into(), "a".into()]), numbers(&[7.0])]).unwrap();
        assert_eq!((mixed.words, mixed.values), (vec!["7".into(), "a".into(), "b".into()], vec![2.0, 1.0, 0.0]));
        let hot = Labels { meaning: Meaning::Temperature, values: vec![1.0], words: vec![] };
        assert!(Labels::joined(&[hot, numbers(&[1.0])]).unwrap_err().contains("--temperatures"));
    }
}
