//! Numbers, tables and figures of a trained network.

use super::findings::Findings;
use super::settings::Settings;
use super::stage;
use crate::artifact::network::has_learnt;
use crate::dataset::{Dataset, Meaning};
use crate::record::{Cell, Curve, Figure, Map, Number, Panel, Record, Section, Style, Table};
use crate::record::{Combined, over_seeds};
use crate::study::drawing::axis;
use crate::study::drawing::cell;

const KEY: &str = "thermometer";

pub(super) fn record(settings: &Settings, data: &Dataset, found: &[Findings]) -> Record {
    let labels = data.labels.as_ref();
    let distinct = labels.map(|l| l.classes().0).unwrap_or_default();
    let names: Vec<String> = labels.map(|l| distinct.iter().map(|v| l.name(*v)).collect()).unwrap_or_default();
    let temperatures = labels.is_some_and(|l| l.meaning == Meaning::Temperature);
    let n_test = found[0].samples[1] as f64;
    let cross_entropy = over_seeds(&found.iter().map(|f| Some(f.cross_entropy)).collect::<Vec<_>>(), n_test);
    let accuracy = over_seeds(&found.iter().map(|f| Some(f.accuracy)).collect::<Vec<_>>(), n_test);
    let accuracy = bounded(accuracy, n_test * found.len() as f64);
    let counts: Vec<[usize; 2]> = labels.map_or(vec![], |labels| {
        let classes = labels.classes().1;
        (0..distinct.len()).map(|k| stage::shares(classes.iter().filter(|c| **c == k).count(), settings)).collect()
    });
    let (guess, guessed) = stage::by_frequencies(&counts);
    let error = cross_entropy.error.unwrap_or(0.0);
    let learnt_nothing = cross_entropy.value.is_some_and(|cost| !has_learnt((cost, error), guess));
    let nothing = learnt_nothing.then(|| {
        format!(
            "The network has learnt nothing: its test cross-entropy is not below that of a guess by the frequencies of the labels \
             ({guess:.3} nats) beyond its error; train longer (--epochs) or at another --learning-rate, give more samples, or look whether \
             the labels depend on the samples at all."
        )
    });
    let mut numbers = vec![
        cross_entropy
            .number(
                format!("{KEY}.test_cross_entropy"),
                "nats",
                "cross-entropy of the test set, which stopped the training",
            )
            .compare(guess, 0.0, 0.0, "a guess that knows the frequencies of the labels alone"),
        accuracy.number(format!("{KEY}.accuracy"), "1", "fraction of the test set whose most probable label is right"),
        Number::new(format!("{KEY}.labels"), distinct.len() as f64, None, "1", "distinct labels"),
    ];
    let stars: Vec<Combined> = (0..found[0].t_star.len())
        .map(|k| {
            let of_label = counts.get(k).map_or(n_test, |c| c[1] as f64);
            let mut star = over_seeds(&found.iter().map(|f| Some(f.t_star[k].0)).collect::<Vec<_>>(), of_label);
            star.interval = found[0].t_star[k].1.filter(|_| found.len() == 1);
            star
        })
        .collect();
    for (t, star) in distinct.iter().zip(&stars) {
        let what = format!("T* of the test samples of T = {t}, read by the reference curves");
        numbers.push(star.number(format!("{KEY}.T{t}.T_star"), "J/k_B", &what).compare(
            *t,
            0.0,
            0.0,
            "their temperature",
        ));
    }
    let name = data.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let what = if temperatures { "thermometer" } else { "classifier" };
    let summary = Table {
        caption: format!("{what} of {name}: {} labels, {} values each", distinct.len(), data.n_units()),
        columns: ["", "value", "without knowledge"].map(String::from).to_vec(),
        rows: vec![
            vec![Cell::text("test cross-entropy (nats)"), cell(&cross_entropy, None), plain(guess)],
            vec![Cell::text("accuracy"), cell(&accuracy, None), plain(guessed)],
        ],
        notes: [
            format!(
                "{} repetition(s); the test set stopped the training, so both are slightly optimistic.",
                found.len()
            ),
            "Without knowledge: a guess that knows the frequencies of the labels in the training set.".into(),
        ]
        .into_iter()
        .chain(nothing.clone())
        .collect(),
    };
    let mut sections = vec![Section {
        title: "Training".into(),
        text: vec![format!(
            "{} samples for training, {} for the test that stops it, {} for the reference curves; best after {} epochs.",
            found[0].samples[0], found[0].samples[1], found[0].samples[2], found[0].best_epoch
        )],
        figures: vec![learning(found)],
        tables: vec![],
    }];
    sections.push(match temperatures {
        true => Section {
            title: "What it reads".into(),
            text: vec![
                "T* is the temperature whose reference curve is nearest (least Kullback-Leibler divergence).".into(),
            ],
            figures: vec![curves(&distinct, found)],
            tables: vec![Table {
                caption: "T* of test samples by their temperature".into(),
                columns: ["T", "T*"].map(String::from).to_vec(),
                rows: distinct
                    .iter()
                    .zip(&stars)
                    .map(|(t, s)| vec![Cell::text(t.to_string()), cell(s, None)])
                    .collect(),
                notes: vec![],
            }],
        },
        false => Section {
            title: "What it reads".into(),
            text: vec![],
            figures: vec![confusion(&distinct, &names, found)],
            tables: vec![Table {
                caption: "P(label) of reference samples of that label, first repetition".into(),
                columns: ["label", "P"].map(String::from).to_vec(),
                rows: (names.iter().zip(&found[0].curves).enumerate())
                    .filter_map(|(k, (name, row))| {
                        let (value, error) = *row.get(k)?;
                        let cell = Cell::Value { value: Some(value), error: Some(error), interval: None, remark: None };
                        Some(vec![Cell::text(name.clone()), cell])
                    })
                    .collect(),
                notes: vec![],
            }],
        },
    });
    Record {
        experiment: super::TrainThermometer::NAME.into(),
        title: format!("A {what} of {name}"),
        question: format!(
            "A network {}-{}-{} is trained to read the labels of {} samples ({}).",
            data.n_units(),
            settings.network.hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join("-"),
            distinct.len(),
            data.n_samples(),
            data.kind.name()
        ),
        answers: nothing
            .into_iter()
            .chain([format!(
                "Test cross-entropy {} nats (a guess by frequencies: {guess:.3}), accuracy {} (a guess: {guessed:.3}).",
                crate::report::format::value(cross_entropy.value, cross_entropy.error, None),
                crate::report::format::value(accuracy.value, accuracy.error, accuracy.interval),
            )])
            .collect(),
        summary,
        sections,
        numbers,
        claims: Vec::new(),
    }
}

/// A fraction of `n` samples that is 0 or 1 has no error, as nothing varied: by the rule of three the truth is within 3/n (95 %).
fn bounded(mut fraction: Combined, n: f64) -> Combined {
    let rest = (3.0 / n).min(1.0);
    let interval = match fraction.value {
        Some(1.0) => [Some(1.0 - rest), None],
        Some(0.0) => [None, Some(rest)],
        _ => return fraction,
    };
    (fraction.error, fraction.interval) = (None, Some(interval));
    fraction
}

fn plain(value: f64) -> Cell {
    Cell::Value { value: Some(value), error: None, interval: None, remark: None }
}

fn learning(found: &[Findings]) -> Figure {
    let curve = |label: &str, of: fn(&(usize, f64, f64)) -> f64, style| Curve {
        label: label.into(),
        x: found[0].learning.iter().map(|e| e.0 as f64).collect(),
        y: found[0].learning.iter().map(of).collect(),
        style,
        ..Curve::default()
    };
    let best = found[0].best_epoch as f64;
    let lowest = found[0].learning.iter().map(|e| e.1.min(e.2)).fold(f64::INFINITY, f64::min);
    let highest = found[0].learning.iter().map(|e| e.1.max(e.2)).fold(0.0, f64::max);
    let stop = Curve {
        label: "weights kept".into(),
        x: vec![best; 2],
        y: vec![lowest, highest],
        style: Style::Dashed,
        ..Curve::default()
    };
    Figure {
        id: "learning".into(),
        title: "Learning curve".into(),
        caption: "Cross-entropy of training samples (at most 5000) and of the test set after each epoch; dashed: where the weights were kept. First repetition.".into(),
        alt: "Costs of training and test samples against the epoch.".into(),
        panels: vec![Panel::Curves {
            title: "cross-entropy".into(),
            x: axis("epoch"),
            y: axis("nats"),
            curves: vec![curve("training", |e| e.1, Style::Line), curve("test", |e| e.2, Style::Line), stop],
        }],
    }
}

fn curves(temperatures: &[f64], found: &[Findings]) -> Figure {
    let (first, last) = (temperatures[0], temperatures[temperatures.len() - 1]);
    let curves = temperatures
        .iter()
        .enumerate()
        .map(|(k, t)| Curve {
            label: format!("T = {t}"),
            x: temperatures.to_vec(),
            y: found[0].curves[k].iter().map(|p| p.0).collect(),
            error: found[0].curves[k].iter().map(|p| p.1).collect(),
            style: Style::Line,
            colour: Some((t - first) / (last - first)),
        })
        .collect();
    Figure {
        id: "curves".into(),
        title: "P(T) of the reference sets".into(),
        caption: "Mean output of the network for samples of each temperature that no training saw, with errors over samples. First repetition.".into(),
        alt: "Probability curves, one for each temperature.".into(),
        panels: vec![Panel::Curves { title: "reference".into(), x: axis("T (J/k_B)"), y: axis("P(T)"), curves }],
    }
}

fn confusion(labels: &[f64], names: &[String], found: &[Findings]) -> Figure {
    let legend = crate::artifact::network::legend(names, labels);
    let values = found[0].curves.iter().map(|row| row.iter().map(|p| (Some(p.0), Some(p.1))).collect()).collect();
    Figure {
        id: "confusion".into(),
        title: "P(label) of the reference sets".into(),
        caption: "Mean output of the network for samples of each label that no training saw. First repetition.".into(),
        alt: "A map: true label against the label that is read; the diagonal is right.".into(),
        panels: vec![Panel::Map(Map {
            title: "reference".into(),
            x: axis(&format!("label that is read{legend}")),
            y: axis("true label"),
            value: axis("P"),
            columns: labels.to_vec(),
            rows: labels.to_vec(),
            values,
        })],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// p13: labels 95 : 5. Who knows the frequencies alone has accuracy 0.95 and -sum p ln p = 0.199 nats.
    #[test]
    fn without_knowledge_means_the_frequencies_of_the_labels() {
        let (cost, accuracy) = stage::by_frequencies(&[[1330, 380], [70, 20]]);
        assert!((cost - 0.19852).abs() < 1e-4 && accuracy == 0.95, "{cost} {accuracy}");
        let (cost, accuracy) = stage::by_frequencies(&[[50, 10]; 10]);
        assert!((cost - 10f64.ln()).abs() < 1e-12 && (accuracy - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_fraction_that_did_not_vary_is_a_bound() {
        let of = |value: f64| bounded(over_seeds(&[Some((value, 0.0))], 300.0), 300.0);
        assert_eq!((of(1.0).error, of(1.0).interval), (None, Some([Some(0.99), None])));
        assert_eq!(of(0.0).interval, Some([None, Some(0.01)]));
        assert_eq!(of(0.5).interval, None);
    }
}
