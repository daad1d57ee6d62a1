//! Record of `rgflow train thermometer`: cross-entropy and accuracy compared with a guess by label frequencies, and
//! readings.

use super::settings::Settings;
use super::stage::{self, Findings};
use super::{TrainThermometer, values};
use crate::artifact::network_file::{self, has_learnt};
use crate::dataset::{Dataset, Meaning};
use crate::record::Map;
use crate::record::format::counted;
use crate::row;
use crate::study::prelude::*;

pub(super) fn record(settings: &Settings, data: &Dataset, found: &[Findings]) -> Record {
    let labels = data.labels.as_ref();
    let distinct = labels.map(|l| l.classes().0).unwrap_or_default();
    let names: Vec<String> = labels.map(|l| distinct.iter().map(|v| l.name(*v)).collect()).unwrap_or_default();
    let temperatures = labels.is_some_and(|l| l.meaning == Meaning::Temperature);
    let counts: Vec<[usize; 2]> = labels.map_or(vec![], |labels| {
        let classes = labels.classes().1;
        (0..distinct.len()).map(|k| stage::shares(classes.iter().filter(|c| **c == k).count(), settings)).collect()
    });
    let (guess, guessed) = stage::by_frequencies(&counts);
    let first = &found[0];
    let n_test = first.samples[1] as f64;
    let over = Repeated::new("thermometer", found).n_eff(n_test);
    let what = "cross-entropy of the test set, which stopped the training";
    let cost = over.number("test_cross_entropy", "nats", what, |f| f.cross_entropy);
    let cost = cost.compare(guess, 0.0, 0.0, "a guess that knows the frequencies of the labels alone");
    let accuracy = bounded(over.mean(|f| f.accuracy), n_test * found.len() as f64);
    let what = "fraction of the test set whose most probable label is right";
    let accuracy = accuracy.number(over.key("accuracy"), "1", what);
    let n_labels = Number::new(over.key("labels"), distinct.len() as f64, None, "1", "distinct labels");
    let read = if first.t_star.is_empty() { &[][..] } else { &distinct };
    let temperature = Dimension::new("T", read, |t| format!("T{t}"));
    let what = "T* of the test samples of T = {T}, read by the reference curves";
    let stars = Quantity::new(&over.key("{T}.T_star"), [&temperature], "J/k_B", what, |[k]| {
        let of_label = counts.get(k).map_or(n_test, |c| c[1] as f64);
        let star = Repeated::new("", found).n_eff(of_label).mean(|f| f.t_star[k].0);
        star.within(first.t_star[k].1.filter(|_| found.len() == 1))
    });
    let stars = stars.map(|[k], star| star.compare(distinct[k], 0.0, 0.0, "their temperature"));

    let name = data.name();
    let what = if temperatures { "thermometer" } else { "classifier" };
    let hidden: Vec<String> = values::plain(&settings.network.hidden).iter().map(ToString::to_string).collect();
    let mut record = Record::new(
        TrainThermometer::NAME,
        format!("A {what} of {name}"),
        format!(
            "A network {}-{}-{} is trained to read the labels of {} samples ({}).",
            data.n_units(),
            hidden.join("-"),
            distinct.len(),
            data.n_samples(),
            data.kind.name()
        ),
    );
    record.list(&[&cost, &accuracy, &n_labels, &stars]);
    let has_learnt = cost.value.is_none_or(|value| has_learnt(value, cost.error.unwrap_or(0.0), guess));
    let nothing = (!has_learnt).then(|| {
        format!(
            "The network has learnt nothing: its test cross-entropy is not below that of a guess by the frequencies \
             of the labels ({guess:.3} nats) beyond its error; train longer (--epochs) or at another --learning-rate, \
             give more samples, or look whether the labels depend on the samples at all."
        )
    });
    record.answers.extend(nothing.clone());
    record.answers.push(format!(
        "Test cross-entropy {cost} nats (a guess by frequencies: {guess:.3}), accuracy {accuracy} (a guess: \
         {guessed:.3})."
    ));
    let caption = format!("{what} of {name}: {} labels, {} values each", distinct.len(), data.n_units());
    let stopped = "the test set stopped the training, so both are slightly optimistic.";
    record.summary = Table::new(caption, ["", "value", "without knowledge"])
        .rows([row!["test cross-entropy (nats)", &cost, guess], row!["accuracy", &accuracy, guessed]])
        .note(format!("{}; {stopped}", counted(found.len(), "repetition")))
        .note("Without knowledge: a guess that knows the frequencies of the labels in the training set.");
    record.summary.notes.extend(nothing);
    let [train, test, reference] = first.samples;
    let training = Section::new("Training").text(format!(
        "{train} samples for training, {test} for the test that stops it, {reference} for the reference curves; best \
         after {} epochs.",
        first.best_epoch
    ));
    let reads = Section::new("What it reads");
    let reads = if temperatures {
        let text = "T* is the temperature whose reference curve is nearest (least Kullback-Leibler divergence).";
        let table = temperature.table("T* of test samples by their temperature", "T").column("T*", |k| stars.at(k));
        reads.text(text).figures([curves(&distinct, first)]).tables([table.done()])
    } else {
        let read = names.iter().zip(&first.curves).enumerate();
        let rows = read.filter_map(|(k, (name, read))| {
            let (value, error) = *read.get(k)?;
            Some(row![name.as_str(), &Number::new("", value, Some(error), "", "")])
        });
        let caption = "P(label) of reference samples of that label, first repetition";
        let table = Table::new(caption, ["label", "P"]).rows(rows);
        reads.figures([confusion(&distinct, &names, first)]).tables([table])
    };
    record.sections = vec![training.figures([learning(first)]), reads];
    record
}

/// A fraction of `n` samples that is 0 or 1 gets a one-sided range instead of an error: by the rule of three the truth
/// is within 3/n (95 %).
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

fn learning(found: &Findings) -> Figure {
    let curve = |label: &str, of: fn(&(usize, f64, f64)) -> f64| {
        let epochs: Vec<f64> = found.learning.iter().map(|e| e.0 as f64).collect();
        Curve::new(label, epochs, found.learning.iter().map(of).collect::<Vec<_>>())
    };
    let best = found.best_epoch as f64;
    let lowest = found.learning.iter().map(|e| e.1.min(e.2)).fold(f64::INFINITY, f64::min);
    let highest = found.learning.iter().map(|e| e.1.max(e.2)).fold(0.0, f64::max);
    let stop = Curve::new("weights kept", [best; 2], [lowest, highest]).style(Style::Dashed);
    let caption = "Cross-entropy of training samples (at most 5000) and of the test set after each epoch; dashed: \
        where the weights were kept. First repetition.";
    let curves = [curve("training", |e| e.1), curve("test", |e| e.2), stop];
    Figure::new("learning", "Learning curve")
        .caption(caption, "Costs of training and test samples against the epoch.")
        .panels([Panel::curves("cross-entropy", "epoch", "nats", curves)])
}

fn curves(temperatures: &[f64], found: &Findings) -> Figure {
    let (first, last) = (temperatures[0], temperatures[temperatures.len() - 1]);
    let one = |(t, p): (&f64, &Vec<(f64, f64)>)| {
        let (y, error): (Vec<f64>, Vec<f64>) = p.iter().copied().unzip();
        let curve = Curve::new(format!("T = {t}"), temperatures, y).colour(Some((t - first) / (last - first)));
        Curve { error, ..curve }
    };
    let curves = temperatures.iter().zip(&found.curves).map(one);
    let caption = "Mean output of the network for samples of each temperature that no training saw, with errors over \
        samples. First repetition.";
    Figure::new("curves", "P(T) of the reference sets")
        .caption(caption, "Probability curves, one for each temperature.")
        .panels([Panel::curves("reference", "T (J/k_B)", "P(T)", curves)])
}

fn confusion(labels: &[f64], names: &[String], found: &Findings) -> Figure {
    let values = found.curves.iter().map(|row| row.iter().map(|p| (Some(p.0), Some(p.1))).collect()).collect();
    let map = Map {
        texts: Vec::new(),
        title: "reference".into(),
        x: format!("label that is read{}", network_file::legend(names, labels)).as_str().into(),
        y: "true label".into(),
        value: "P".into(),
        columns: labels.to_vec(),
        rows: labels.to_vec(),
        values,
    };
    let caption = "Mean output of the network for samples of each label that no training saw. First repetition.";
    Figure::new("confusion", "P(label) of the reference sets")
        .caption(caption, "A map: true label against the label that is read; the diagonal is right.")
        .panels([Panel::Map(map)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Options;
    use crate::record::over_seeds;

    #[test]
    fn a_record_of_a_thermometer_says_each_number_once() {
        let mut file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
        let rows = |t: f64| format!("{t},1,-1\n{t},-1,1\n").repeat(30);
        std::io::Write::write_all(&mut file, format!("T,a,b\n{}{}", rows(1.0), rows(3.0)).as_bytes()).unwrap();
        let data = Dataset::read(file.path(), &Options::default()).unwrap();
        let settings = changed::<TrainThermometer>(&[]).unwrap();
        let found = Findings {
            cross_entropy: (0.25, 0.03125),
            accuracy: (1.0, 0.0),
            best_epoch: 2,
            learning: vec![(1, 0.7, 0.75), (2, 0.25, 0.5)],
            curves: vec![vec![(0.75, 0.0625), (0.25, 0.03125)], vec![(0.125, 0.0625), (0.875, 0.03125)]],
            t_star: vec![((1.25, 0.0625), None), ((2.75, 0.5), Some([Some(2.5), None]))],
            samples: [72, 24, 24],
        };
        let output = record(&settings, &data, &[found]);
        let values: Vec<(&str, f64)> = output.numbers.iter().map(|n| (n.key.as_str(), n.get())).collect();
        let expected = [
            ("thermometer.test_cross_entropy", 0.25),
            ("thermometer.accuracy", 1.0),
            ("thermometer.labels", 2.0),
            ("thermometer.T1.T_star", 1.25),
            ("thermometer.T3.T_star", 2.75),
        ];
        assert_eq!(values, expected);
        assert_eq!((output.numbers[1].error, output.numbers[1].interval), (None, Some([Some(0.875), None])));
        // 12 samples of each label are in the test set; an open interval contains the temperature.
        assert_eq!(output.numbers[3..].iter().map(|n| n.n_eff).collect::<Vec<_>>(), [Some(12.0); 2]);
        let verdicts: Vec<Verdict> = output.numbers[3..].iter().map(Number::first_verdict).collect();
        assert_eq!(verdicts, [Verdict::Differs, Verdict::Agrees]);
        let ids: Vec<&str> = output.figures().map(|f| f.id.as_str()).collect();
        assert_eq!(ids, ["learning", "curves"]);
    }

    /// p13: labels 95 : 5. A guess by frequencies has accuracy 0.95 and -sum p ln p = 0.199 nats.
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
