//! Record of `rgflow train rbm`: costs and likelihood compared with independent units; learning curve and pictures.

use super::TrainRbm;
use super::along;
use super::settings::Settings;
use super::stage::Findings;
use crate::dataset::Dataset;
use crate::row;
use crate::study::optimum::{self, Optimum};
use crate::study::pictures::{picture, shades, width};
use crate::study::prelude::*;
use rgflow::rbm::{Method, Units};

/// Costs of training samples, of test samples, and of test samples under independent units.
struct Costs {
    train: Number,
    test: Number,
    without: Number,
}

pub(super) fn record(settings: &Settings, data: &Dataset, found: &[Findings]) -> Record {
    let first = &found[0];
    let n_eff = first.effective.unwrap_or(first.samples.map(|n| n as f64));
    let [of_train, of_test] = n_eff.map(|n| Repeated::new("rbm", found).n_eff(n));
    let unit = if settings.standardises() { ", values in units of their deviations" } else { "" };
    let what = format!("reconstruction cost sum (v - v')^2 / 2 of a test sample, v' from one mean-field step{unit}");
    let cost = of_test.number("reconstruction.test", "1", &what, |f| f.reconstruction[1]);
    let what = "the same of test samples, if v' is the mean of the training data";
    let without = of_test.number("reconstruction.mean", "1", what, |f| f.reconstruction[2]);
    let source = "the mean of the training data as the reconstruction of every sample";
    let costs = Costs {
        train: of_train.number("reconstruction.train", "1", "the same of training samples", |f| f.reconstruction[0]),
        test: cost.compare(without.get(), without.error.unwrap_or(0.0), 0.0, source),
        without,
    };
    let what = "free energy of test less training samples; > 0 shows overfitting";
    let gap = of_test.number("free_energy_gap", "k_B T", what, |f| f.free_energy_gap);
    let largest = Number::new("rbm.largest_weight", first.largest_weight, None, "1", "largest |w|, first repetition");
    let what = "fraction of weights above a tenth of it";
    let in_use = Number::new("rbm.weights_in_use", first.weights_in_use, None, "1", what);
    let of = |over: &Repeated<Findings>, key: &str, what: &str, i: usize| {
        over.number(key, "nats", what, |f| f.log_likelihood.map(|l| l[i]))
    };
    let alone = of(&of_test, "", "", 2);
    let annealed = first.annealed.is_some();
    let by = if annealed { "by annealed importance sampling" } else { "by enumeration" };
    let what = format!("ln p of a test sample, ln Z {by}");
    let test = of(&of_test, "log_likelihood.test", &what, 1);
    let source = "independent units with the means of the training data";
    let likelihood = Costs {
        train: of(&of_train, "log_likelihood.train", "ln p of a training sample", 0),
        test: test.compare(alone.get(), alone.error.unwrap_or(0.0), 0.0, source),
        without: alone,
    };
    let known = likelihood.test.value.is_some();
    let over = Repeated::new("rbm", found);
    let ln_z = match annealed {
        true => over.number("ln_z", "1", "ln Z by annealed importance sampling from both directions", |f| {
            f.ln_z.zip(f.annealed.as_ref()).map(|(z, (error, _))| (z, *error))
        }),
        false => over.number("ln_z", "1", "exact ln Z by enumeration", |f| f.ln_z),
    };

    let (name, hidden) = (data.name(), *settings.machine.hidden);
    let [visible_units, hidden_units] = first.units.each_ref().map(|units| short(units));
    let divergence = &settings.training.divergence;
    let method = match divergence.method {
        Method::Exact => "the exact gradient of the likelihood".into(),
        Method::MeanField => format!("mean-field CD-{}", *divergence.steps),
        Method::Tempering => format!("PCD-{} with parallel tempering", *divergence.steps),
        Method::Trajectory => format!("PCD-{} with trajectory tempering", *divergence.steps),
        chains => format!("{}-{}", chains.to_string().to_uppercase(), *divergence.steps),
    };
    let mut record = Record::new(
        TrainRbm::NAME,
        format!("A restricted Boltzmann machine on {name}"),
        format!(
            "A machine of {} visible ({visible_units}) and {hidden} hidden units ({hidden_units}) is trained by \
             {method} on {} samples ({}). What has it learnt?",
            data.n_units(),
            first.samples[0],
            data.kind.name()
        ),
    );
    record.list(&[&costs.test, &costs.train, &costs.without, &gap, &largest, &in_use]);
    if known {
        record.list(&[&likelihood.test, &likelihood.train, &ln_z]);
    }
    let what =
        "KL of the data's exact law, a mixture of thermal ones, from the machine's: paired mean over test samples";
    let kl = of_test.number("kl", "nats", what, |f| f.kl);
    if first.kl.is_some() {
        record.list(&[&kl]);
    }
    let optimum = |f: &Findings| f.starts.as_ref().map(|starts| Optimum::of(&divergence.ascent(), starts, f.gradient));
    if first.starts.is_some() {
        let number = |key: &str, what: &str, of: fn(&Optimum) -> f64| {
            Repeated::new("rbm", found).number(key, "nats", what, |f| optimum(f).map(|optimum| of(&optimum)))
        };
        let apart = number("starts.apart", "ln p of training samples: the best start less the second", |o| o.apart);
        let moved = number("starts.moved", "ln p of training samples: twice as long less the best start", |o| o.moved);
        let z = "mean z^2 of the gradient of ln p of training samples, in units of the errors of their means";
        let gradient = Repeated::new("rbm", found).number("gradient.mean_square", "1", z, |f| f.gradient.map(|z| z[0]));
        record.list(&[&apart, &moved, &gradient]);
    }
    let what = "tau_int of the machine's Gibbs chains, of the free energy or the mean of the units";
    let tau = |f: &Findings| f.memory.error.map(|error| (f.memory.tau, error));
    record.list(&[&Repeated::new("rbm", found).number("tau", "steps", what, tau)]);
    let nothing = learnt_nothing(&costs, &likelihood);
    record.answers.extend(nothing.clone());
    let memory = first.memory.warning(divergence.method, *divergence.steps);
    record.answers.extend(memory.clone());
    let (test, without) = (&costs.test, &costs.without);
    record
        .answers
        .push(format!("A test sample is reconstructed at a cost of {test}; the mean of the data costs {without}."));
    let optimum = optimum(first).map(|optimum| optimum.sentence());
    record.answers.extend(optimum.clone());
    let mut rows = vec![row!["reconstruction cost", &costs.train, test, without]];
    if known {
        let Costs { train, test, without } = &likelihood;
        record.answers.push(format!(
            "A test sample has ln p = {test} nats, a training sample {train}; independent units give {without}."
        ));
        rows.push(row!["ln p per sample (nats)", train, test, without]);
    }
    if let (Some(_), Some(best)) = (first.kl, first.best) {
        record.answers.push(format!(
            "The law of the data is known: its own ln p is {best:.2} nats on average, and it is KL = {kl} nats from \
             the machine's law."
        ));
    }
    let caption = format!(
        "RBM {}-{hidden} ({visible_units} / {hidden_units}) on {name}, {} updates",
        data.n_units(),
        first.updates
    );
    let annealing = first.annealed.iter().map(|(_, how)| format!("ln Z {how}."));
    let notes = nothing
        .into_iter()
        .chain(annealing)
        .chain(first.no_likelihood.iter().map(|why| format!("No likelihood: {why}.")));
    record.summary = Table::new(caption, ["", "training", "test", "test, without machine"]).rows(rows);
    if first.kl.is_some() {
        let best = first.best.map(|best| format!("; ln p by that law itself: {best:.2} nats")).unwrap_or_default();
        record.summary.notes.push(format!("KL of the data's exact law from the machine's: {kl} nats{best}."));
    }
    if settings.trains_on_all() {
        record.summary.notes.push(
            "No samples are held out (data.test_fraction = 0): what is said of test samples is measured on training \
             samples."
                .into(),
        );
    }
    record.summary.notes.push("Without machine: the mean of the training data, independent units.".into());
    record.summary.notes.extend(notes);
    record.summary.notes.extend(memory);
    record.summary.notes.extend(optimum);
    if settings.standardises() {
        record.summary.notes.push(
            "Trained on (v - mean)/deviation of each value: costs are in units of the deviations; the machine, its \
             pictures and what is drawn are in the units of the data."
                .into(),
        );
    }
    record.sections = vec![
        Section::new("Training")
            .figures([learning(first, &costs.without)])
            .figures((first.along.len() > 1).then(|| along::figure(settings, data.n_units(), &first.along)))
            .tables(first.starts.iter().map(optimum::table)),
        Section::new("What it looks like").figures(pictures(data, hidden, first)).figures(together(first)),
    ];
    record
}

/// Units for titles: of many deviations only that there are.
fn short(units: &str) -> &str {
    if units.contains(',') && units.starts_with("gaussian:") { "gaussian, a sigma for each" } else { units }
}

/// Remark if the machine is no better on test samples than independent units, which know only their means.
fn learnt_nothing(costs: &Costs, likelihood: &Costs) -> Option<String> {
    let remedy = "train longer (--epochs) or at another --learning-rate, with more --hidden units or more samples";
    // Unknown values are NaN, for which both comparisons are false.
    let why = if costs.test.get() >= costs.without.get() {
        "its reconstruction of test samples costs no less than the mean of the data"
    } else if likelihood.test.get() <= likelihood.without.get() {
        "test samples are no more probable than by independent units"
    } else {
        return None;
    };
    Some(format!("The machine has learnt nothing beyond the means: {why}; {remedy}."))
}

fn learning(found: &Findings, mean: &Number) -> Figure {
    let x: Vec<f64> = found.learning.iter().map(|m| m[0]).collect();
    let curve = |label: &str, of: fn(&[f64; 4]) -> f64| {
        Curve::new(label, x.as_slice(), found.learning.iter().map(of).collect::<Vec<_>>())
    };
    let mean = Curve::level("mean of the data", &x, mean.get());
    let costs = [curve("training", |m| m[1]), curve("test", |m| m[2]), mean];
    let weights = [curve("w", |m| m[3].sqrt())];
    let mut panels = vec![
        Panel::curves("reconstruction", "epoch", "cost per sample", costs),
        Panel::curves("weights", "epoch", Axis::new("root mean square"), weights),
    ];
    let mut caption = "Reconstruction cost per sample of the test set and of at most 5000 training samples, and the \
                       size of the weights, against passes through the data. First repetition."
        .to_string();
    if !found.likelihood.is_empty() {
        let [x, y] = [0, 1].map(|i| found.likelihood.iter().map(|point| point[i]).collect::<Vec<f64>>());
        let best = found.best.map(|best| Curve::level("the data's own law", &x, best));
        let curves = [Some(Curve::new("test", x.as_slice(), y)), best];
        panels.push(Panel::curves("ln p", "epoch", "ln p per sample (nats)", curves.into_iter().flatten()));
        caption += " ln p of the test set, with ln Z by enumeration.";
    }
    Figure::new("learning", "Learning curve")
        .caption(
            caption,
            "Costs of the training and the test set, root mean square weight, and ln p where it is known, against the \
             epoch.",
        )
        .panels(panels)
}

/// W W^T, where there are few units.
fn together(found: &Findings) -> Option<Figure> {
    let width = found.together.len().isqrt();
    let picture = Lattice { label: String::new(), width, values: found.together.clone() };
    let shades = Shades::symmetric([&picture], "W W^T");
    let caption = "(W W^T)_ij, row i and column j visible units in their order, without the diagonal: to second order \
                   in W the coupling that the hidden units make between two visible ones, up to the variance of a \
                   hidden unit; `rgflow inspect MODEL --couplings` gives the couplings to all orders. First \
                   repetition.";
    let figure =
        Figure::new("together", "Visible units that hidden ones bind: W W^T").caption(caption, "Matrix of W W^T.");
    (width > 0).then(|| figure.panels([Panel::lattices("W W^T", vec![vec![picture]], shades)]))
}

fn pictures(data: &Dataset, n_hidden: usize, found: &Findings) -> [Figure; 3] {
    let units = found.units[0].parse().unwrap_or(Units::SPIN);
    let rows = |pictures: Vec<Lattice>, columns: usize| pictures.chunks(columns).map(<[Lattice]>::to_vec).collect();
    let weights = found.weights.iter().enumerate();
    let weights: Vec<Lattice> = weights
        .map(|(a, w)| Lattice { label: format!("unit {}", a + 1), width: width(data), values: w.clone() })
        .collect();
    let pairs = [(0, "sample"), (1, "reconstruction")];
    let pairs = pairs.map(|(k, name)| found.pairs.iter().map(|pair| picture(data, &pair[k], name.into())).collect());
    let drawn: Vec<Vec<Lattice>> = rows(found.drawn.iter().map(|v| picture(data, v, String::new())).collect(), 8);
    let largest = found.largest_weight as f32;
    let of_weights = match largest > 0.0 {
        true => Shades { low: -largest, high: largest, what: "weight".into(), ..Shades::default() },
        false => Shades { what: "weight".into(), ..Shades::default() },
    };
    let shown = match weights.len() < n_hidden {
        true => format!("The first {} of {n_hidden} hidden units; the others are in the model. ", weights.len()),
        false => String::new(),
    };
    let left_out = match found.pairs.len() < found.samples[1] {
        true => format!(" The first {} of {} test samples.", found.pairs.len(), found.samples[1]),
        false => String::new(),
    };
    let figure = |id: &str, title: &str, caption: String, rows: Vec<Vec<Lattice>>, shades: Shades| {
        let figure = Figure::new(id, title).caption(caption, format!("Pictures: {title}."));
        figure.panels([Panel::lattices(title, rows, shades)])
    };
    [
        figure(
            "weights",
            "Weights of hidden units",
            format!(
                "{shown}Each picture shows the weights of one hidden unit to all visible ones, all on one scale up \
                     to the largest |w| of the machine."
            ),
            rows(weights, 9),
            of_weights,
        ),
        figure(
            "reconstructions",
            "Test samples and their reconstructions",
            format!(
                "Above samples that no training saw, below what one mean-field step v -> h -> v makes of \
                     them.{left_out}"
            ),
            pairs.to_vec(),
            shades(data, &units, &pairs),
        ),
        figure(
            "drawn",
            "Drawn from the machine",
            "Expectation values of the visible units after Gibbs steps from a start that knows the means alone, one \
             chain each."
                .into(),
            drawn.clone(),
            shades(data, &units, &drawn),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Options;
    use crate::study::memory::Memory;
    use std::io::Write;

    fn found(log_likelihood: Option<[(f64, f64); 3]>) -> Findings {
        Findings {
            samples: [80, 20],
            effective: None,
            updates: 400,
            units: ["spin", "spin"].map(String::from),
            learning: vec![[1.0, 3.0, 3.5, 0.04], [2.0, 2.0, 2.25, 0.09]],
            reconstruction: [(2.0, 0.1), (2.25, 0.125), (4.0, 0.25)],
            log_likelihood,
            no_likelihood: None,
            ln_z: log_likelihood.map(|_| 7.5),
            annealed: None,
            kl: log_likelihood.map(|_| (1.5, 0.25)),
            best: log_likelihood.map(|_| -2.0),
            starts: None,
            gradient: None,
            along: vec![],
            memory: Memory { tau: 2.5, error: Some(0.5) },
            likelihood: log_likelihood.map(|_| [1.0, -3.5]).into_iter().collect(),
            free_energy_gap: (0.5, 0.0625),
            largest_weight: 1.5,
            weights_in_use: 0.75,
            together: vec![0.0, 1.0, 1.0, 0.0],
            weights: vec![vec![1.5, -0.5]; 3],
            pairs: vec![[vec![1.0, -1.0], vec![0.5, -0.5]]],
            drawn: vec![vec![0.25, 0.75]],
        }
    }

    #[test]
    fn a_record_says_each_number_once() {
        let mut file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
        file.write_all(b"1,-1\n-1,1\n1,1\n-1,-1\n").unwrap();
        let data = Dataset::read(file.path(), &Options::default()).unwrap();
        let settings = changed::<TrainRbm>(&[]).unwrap().resolved();
        let with = record(&settings, &data, &[found(Some([(-3.0, 0.1), (-3.5, 0.125), (-5.0, 0.25)]))]);
        let values: Vec<(&str, f64)> = with.numbers.iter().map(|n| (n.key.as_str(), n.get())).collect();
        let expected = [
            ("rbm.reconstruction.test", 2.25),
            ("rbm.reconstruction.train", 2.0),
            ("rbm.reconstruction.mean", 4.0),
            ("rbm.free_energy_gap", 0.5),
            ("rbm.largest_weight", 1.5),
            ("rbm.weights_in_use", 0.75),
            ("rbm.log_likelihood.test", -3.5),
            ("rbm.log_likelihood.train", -3.0),
            ("rbm.ln_z", 7.5),
            ("rbm.kl", 1.5),
            ("rbm.tau", 2.5),
        ];
        assert_eq!(values, expected);
        let n_eff: Vec<_> = with.numbers[..3].iter().map(|n| n.n_eff).collect();
        assert_eq!(n_eff, [Some(20.0), Some(80.0), Some(20.0)]);
        let beside = |i: usize| (with.numbers[i].compare[0].value, with.numbers[i].first_verdict());
        assert_eq!([beside(0), beside(6)], [(Some(4.0), Verdict::Differs), (Some(-5.0), Verdict::Differs)]);
        let figures: Vec<&str> = with.figures().map(|f| f.id.as_str()).collect();
        assert_eq!(figures, ["learning", "weights", "reconstructions", "drawn", "together"]);
        let without = record(&settings, &data, &[found(None)]);
        assert_eq!((without.numbers.len(), without.summary.rows.len()), (7, 1));
        assert!(with.answers.iter().any(|answer| answer.starts_with("Out of equilibrium: CD-1")));
    }

    #[test]
    fn a_machine_that_learnt_nothing_says_so() {
        let of = |values: [f64; 3]| {
            let [train, test, without] = values.map(|v| Number::new("", v, Some(0.1), "", ""));
            Costs { train, test, without }
        };
        let (good, unknown) = ([1.0, 2.0, 2.5], [f64::NAN; 3]);
        assert!(learnt_nothing(&of(good), &of(unknown)).is_none());
        let costs = learnt_nothing(&of([1.0, 2.5, 2.5]), &of(unknown)).unwrap();
        assert!(costs.contains("--epochs") && costs.contains("costs no less"));
        let likelihood = learnt_nothing(&of(good), &of([-3.0, -5.0, -4.0])).unwrap();
        assert!(likelihood.contains("independent units"));
        assert!(learnt_nothing(&of(good), &of([-3.0, -3.5, -4.0])).is_none());
    }
}
