//! Labels that the user gives in place of the name of an array: `--temperatures 1.5,2.0,2.5`.

use super::Options;
use super::label_names::{Labelling, Meaning};
use super::labels::Labels;

/// The labels in `options`: a list between commas, or a single temperature. An array or a column of that name comes
/// first.
pub(super) fn list(options: &Options) -> Option<Vec<&str>> {
    let text = options.labels.trim();
    let all: Vec<&str> = text.split(',').map(str::trim).collect();
    let number = |text: &&str| text.parse::<f64>().is_ok_and(|v| !v.is_nan());
    let single = || matches!(options.labelling, Labelling::Temperatures | Labelling::Beta) && all.iter().all(number);
    (all.iter().all(|v| !v.is_empty()) && (all.len() > 1 || single())).then_some(all)
}

/// The labels `list` of `samples` samples: one for each, or one for each of equal blocks, with a note.
pub(super) fn labels(options: &Options, list: &[&str], samples: usize) -> Result<(Labels, String), String> {
    let n = list.len();
    if samples == 0 || !samples.is_multiple_of(n) {
        return Err(format!(
            "{n} labels are given ({}) for {samples} samples; give one for each, or for each of equal blocks",
            options.labels
        ));
    }
    let each = samples / n;
    let numbers: Option<Vec<f64>> = list.iter().map(|v| v.parse().ok().filter(|v: &f64| !v.is_nan())).collect();
    // By itself a list is one of temperatures only where the user says so.
    let labelling = if options.labelling.is_auto() { Labelling::Classes } else { options.labelling };
    let repeated = |k: usize| k / each;
    let labels = match numbers {
        Some(values) => Labels::of("labels", labelling, (0..samples).map(|i| values[repeated(i)]).collect(), samples),
        None => {
            let words = (0..samples).map(|i| list[repeated(i)].to_string()).collect();
            Labels::of_words("labels", labelling, words, samples)
        }
    }?;
    let what = if labels.meaning == Meaning::Temperature { "temperatures" } else { "labels" };
    let note = match (n, each) {
        (1, _) => format!("all {samples} samples have the one of the {what} that is given, {}", options.labels),
        (_, 1) => format!("the {n} {what} given are those of the {n} samples, in order"),
        _ => format!("the {n} {what} given are those of {n} equal blocks of {each} samples, in order"),
    };
    Ok((labels, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(labels: &str, labelling: Labelling) -> Options {
        Options { labels: labels.into(), labelling, ..Options::default() }
    }

    #[test]
    fn lists_are_labels_and_words_are_names() {
        for (text, labelling, n) in [
            ("1.5,2", Labelling::Auto, Some(2)),
            ("1.5, 2 ,inf", Labelling::Temperatures, Some(3)),
            ("2.25", Labelling::Temperatures, Some(1)),
            ("0", Labelling::Classes, None),
            ("theta", Labelling::Temperatures, None),
            ("a,", Labelling::Auto, None),
            ("nan", Labelling::Beta, None),
            ("cat,dog", Labelling::Classes, Some(2)),
        ] {
            assert_eq!(list(&asked(text, labelling)).map(|l| l.len()), n, "{text}");
        }
        let options = asked("2,1", Labelling::Beta);
        let (found, note) = labels(&options, &list(&options).unwrap(), 4).unwrap();
        assert_eq!((found.values, found.meaning), (vec![0.5, 0.5, 1.0, 1.0], Meaning::Temperature));
        assert!(note.contains("2 equal blocks of 2"), "{note}");
        assert!(labels(&options, &["1", "2", "3"], 4).unwrap_err().contains("3 labels are given"));
        let words = asked("cat,dog", Labelling::Auto);
        assert_eq!(labels(&words, &["dog", "cat"], 2).unwrap().0.words, ["cat", "dog"]);
        let cold = asked("hot,2", Labelling::Temperatures);
        assert!(labels(&cold, &["hot", "2"], 2).unwrap_err().contains("hot"));
    }
}
