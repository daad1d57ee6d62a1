//! Labels of samples: temperatures or classes, as numbers or words.

use std::collections::{BTreeMap, BTreeSet};

/// Meaning of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Temperatures in J/k_B: labels with an order and a distance.
    Temperature,
    /// Names without order, such as digits.
    Class,
}

/// One label per sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// Meaning of the labels.
    pub meaning: Meaning,
    /// One value per sample; infinite temperatures are allowed. Classes that are words are given by their position in `words`.
    pub values: Vec<f64>,
    /// Words for the classes 0, 1, 2 ..., sorted; empty where labels are numbers.
    pub words: Vec<String>,
}

impl Labels {
    /// Labels from an array called `name`: one per sample, or one per equal block in order (as
    /// rgflow writes temperatures).
    pub(super) fn of(name: &str, values: Vec<f64>, samples: usize) -> Result<Self, String> {
        let meaning = if is_temperature(name) { Meaning::Temperature } else { Meaning::Class };
        let fine = |v: &f64| match meaning {
            Meaning::Temperature => *v >= 0.0,
            Meaning::Class => v.is_finite(),
        };
        if let Some(bad) = values.iter().find(|v| !fine(v)) {
            let rule = if meaning == Meaning::Temperature {
                "a temperature is >= 0 (J/k_B); correct it"
            } else {
                "a label is a finite number; correct it"
            };
            return Err(format!("`{name}` holds {bad}: {rule}"));
        }
        let n = values.len();
        let values = if n == samples {
            values
        } else if n > 0 && samples.is_multiple_of(n) && meaning == Meaning::Temperature {
            (0..samples).map(|i| values[i / (samples / n)]).collect()
        } else {
            return Err(format!("`{name}` has {n} values for {samples} samples; give one for each"));
        };
        Ok(Self { meaning, values, words: Vec::new() })
    }

    /// Labels from an array of words called `name`, one per sample.
    pub(super) fn of_words(name: &str, values: Vec<String>, samples: usize) -> Result<Self, String> {
        if values.len() != samples {
            return Err(format!("`{name}` has {} values for {samples} samples; give one for each", values.len()));
        }
        if is_temperature(name) {
            let first = values.first().map_or("", String::as_str);
            return Err(format!("`{name}` holds \"{first}\": a temperature is a number >= 0 (J/k_B); correct it"));
        }
        let words: Vec<String> = values.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        // Every value is among the words, which are sorted.
        let position = |v: &String| words.partition_point(|w| w < v) as f64;
        Ok(Self { meaning: Meaning::Class, values: values.iter().map(position).collect(), words })
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

/// Usual names of temperatures.
pub(super) const TEMPERATURES: [&str; 4] = ["temperatures", "temperature", "T", "temp"];
/// Usual names of classes.
pub(super) const CLASSES: [&str; 8] = ["labels", "label", "targets", "target", "classes", "class", "y", "y_train"];

/// Whether `name` is one of `known`: single letters as they stand, longer names in any case.
fn is_one_of(known: &[&str], name: &str) -> bool {
    known.iter().any(|k| if k.len() == 1 { *k == name } else { k.eq_ignore_ascii_case(name) })
}

/// Whether `name` is one of the usual names of temperatures.
pub(super) fn is_temperature(name: &str) -> bool {
    is_one_of(&TEMPERATURES, name)
}

/// Whether `name` is one of the usual names of labels.
pub(super) fn is_usual(name: &str) -> bool {
    is_temperature(name) || is_one_of(&CLASSES, name)
}
