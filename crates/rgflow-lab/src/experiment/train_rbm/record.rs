//! Numbers, tables and figures of a trained machine.

use super::findings::Findings;
use super::settings::Settings;
use crate::dataset::Dataset;
use crate::record::{Cell, Curve, Figure, Lattice, Number, Panel, Record, Section, Shades, Style, Table};
use crate::record::{Combined, Measured, over_seeds};
use crate::study::drawing::axis;
use crate::study::drawing::cell;
use crate::study::pictures::{picture, shades, width};
use rgflow::rbm::Units;

const KEY: &str = "rbm";

pub(super) fn record(settings: &Settings, data: &Dataset, found: &[Findings]) -> Record {
    // Numbers 0 are of the training set, all others of the test set.
    let combine = |i: usize, get: &dyn Fn(&Findings) -> Option<Measured>| {
        let n = found[0].samples[usize::from(i > 0)] as f64;
        over_seeds(&found.iter().map(get).collect::<Vec<_>>(), n)
    };
    let cost: Vec<Combined> = (0..3).map(|i| combine(i, &|f| Some(f.reconstruction[i]))).collect();
    let likelihood: Vec<Combined> = (0..3).map(|i| combine(i, &|f| f.log_likelihood.map(|l| l[i]))).collect();
    let gap = combine(1, &|f| Some(f.free_energy_gap));
    let base = |c: &Combined| (c.value.unwrap_or(f64::NAN), c.error.unwrap_or(0.0));
    let mut numbers = vec![
        {
            let what = "reconstruction cost sum (v - v')^2 / 2 of a test sample, v' from one mean-field step";
            let (value, error) = base(&cost[2]);
            let number = cost[1].number(format!("{KEY}.reconstruction.test"), "1", what);
            number.compare(value, error, 0.0, "the mean of the training data as the reconstruction of every sample")
        },
        cost[0].number(format!("{KEY}.reconstruction.train"), "1", "the same of training samples"),
        cost[2].number(
            format!("{KEY}.reconstruction.mean"),
            "1",
            "the same of test samples, if v' is the mean of the training data",
        ),
        gap.number(
            format!("{KEY}.free_energy_gap"),
            "k_B T",
            "free energy of test less training samples; > 0 shows overfitting",
        ),
        Number::new(
            format!("{KEY}.largest_weight"),
            found[0].largest_weight,
            None,
            "1",
            "largest |w|, first repetition",
        ),
        Number::new(
            format!("{KEY}.weights_in_use"),
            found[0].weights_in_use,
            None,
            "1",
            "fraction of weights above a tenth of it",
        ),
    ];
    let known = likelihood[1].value.is_some();
    if known {
        let (value, error) = base(&likelihood[2]);
        numbers.push(
            likelihood[1]
                .number(format!("{KEY}.log_likelihood.test"), "nats", "ln p of a test sample, ln Z by enumeration")
                .compare(value, error, 0.0, "independent units with the means of the training data"),
        );
        numbers.push(likelihood[0].number(format!("{KEY}.log_likelihood.train"), "nats", "ln p of a training sample"));
        let z: Vec<_> = found.iter().map(|f| f.ln_z.map(|z| (z, f64::NAN))).collect();
        numbers.push(over_seeds(&z, 1.0).number(format!("{KEY}.ln_z"), "1", "exact ln Z by enumeration"));
    }
    let name = data.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let [visible, hidden] = &found[0].units;
    let mut rows =
        vec![vec![Cell::text("reconstruction cost"), cell(&cost[0], None), cell(&cost[1], None), cell(&cost[2], None)]];
    if known {
        let [train, test, alone] = [0, 1, 2].map(|i| cell(&likelihood[i], None));
        rows.push(vec![Cell::text("ln p per sample (nats)"), train, test, alone]);
    }
    let mut notes = vec!["Without machine: the mean of the training data, independent units.".to_string()];
    let nothing = learnt_nothing(&cost, &likelihood);
    notes.extend(nothing.clone());
    notes.extend(found[0].no_likelihood.iter().map(|why| format!("No likelihood: {why}.")));
    let summary = Table {
        caption: format!(
            "RBM {}-{} ({visible} / {hidden}) on {name}, {} updates",
            data.n_units(),
            settings.machine.hidden,
            found[0].updates
        ),
        columns: ["", "training", "test", "test, without machine"].map(String::from).to_vec(),
        rows,
        notes,
    };
    let show = |c: &Combined| crate::report::format::value(c.value, c.error, c.interval);
    let mut answers: Vec<String> = nothing.into_iter().collect();
    answers.push(format!(
        "A test sample is reconstructed at a cost of {}; the mean of the data costs {}.",
        show(&cost[1]),
        show(&cost[2])
    ));
    if known {
        answers.push(format!(
            "A test sample has ln p = {} nats, a training sample {}; independent units give {}.",
            show(&likelihood[1]),
            show(&likelihood[0]),
            show(&likelihood[2])
        ));
    }
    Record {
        experiment: super::TrainRbm::NAME.into(),
        title: format!("A restricted Boltzmann machine on {name}"),
        question: format!(
            "A machine of {} visible ({visible}) and {} hidden units ({hidden}) is trained by {}-{} on {} samples ({}). What has it learnt?",
            data.n_units(),
            settings.machine.hidden,
            settings.training.method.to_uppercase(),
            settings.training.steps,
            found[0].samples[0],
            data.kind.name()
        ),
        answers,
        summary,
        sections: vec![
            Section {
                title: "Training".into(),
                text: vec![],
                figures: vec![learning(found, &cost[2])],
                tables: vec![],
            },
            Section {
                title: "What it looks like".into(),
                text: vec![],
                figures: pictures(data, settings.machine.hidden, &found[0]),
                tables: vec![],
            },
        ],
        numbers,
        claims: Vec::new(),
    }
}

/// Says so where the machine is no better on test samples than units that know their means alone; `cost` and `likelihood` are of training,
/// test, and test without machine.
fn learnt_nothing(cost: &[Combined], likelihood: &[Combined]) -> Option<String> {
    let remedy = "train longer (--epochs) or at another --learning-rate, with more --hidden units or more samples";
    let cost = cost[1].value.zip(cost[2].value).filter(|(machine, mean)| machine >= mean);
    let likelihood = likelihood[1].value.zip(likelihood[2].value).filter(|(machine, alone)| machine <= alone);
    let why = if cost.is_some() {
        "its reconstruction of test samples costs no less than the mean of the data"
    } else if likelihood.is_some() {
        "test samples are no more probable than by independent units"
    } else {
        return None;
    };
    Some(format!("The machine has learnt nothing beyond the means: {why}; {remedy}."))
}

fn learning(found: &[Findings], mean: &Combined) -> Figure {
    let x: Vec<f64> = found[0].learning.iter().map(|m| m[0]).collect();
    let curve = |label: &str, of: fn(&[f64; 4]) -> f64| Curve {
        label: label.into(),
        x: x.clone(),
        y: found[0].learning.iter().map(of).collect(),
        ..Curve::default()
    };
    let ends = [x.first(), x.last()].map(|v| v.copied().unwrap_or(0.0));
    let reference = Curve {
        label: "mean of the data".into(),
        x: ends.to_vec(),
        y: vec![mean.value.unwrap_or(f64::NAN); 2],
        style: Style::Dashed,
        ..Curve::default()
    };
    Figure {
        id: "learning".into(),
        title: "Learning curve".into(),
        caption: "Reconstruction cost per sample of the test set and of at most 5000 training samples, and the size of the weights, against passes through the data. First repetition.".into(),
        alt: "Costs of the training and the test set and root mean square weight against the epoch.".into(),
        panels: vec![
            Panel::Curves {
                title: "reconstruction".into(),
                x: axis("epoch"),
                y: axis("cost per sample"),
                curves: vec![curve("training", |m| m[1]), curve("test", |m| m[2]), reference],
            },
            Panel::Curves {
                title: "weights".into(),
                x: axis("epoch"),
                y: axis("root mean square"),
                curves: vec![curve("w", |m| m[3].sqrt())],
            },
        ],
    }
}

fn pictures(data: &Dataset, n_hidden: usize, found: &Findings) -> Vec<Figure> {
    let units = found.units[0].parse().unwrap_or(Units::SPIN);
    let weights: Vec<Lattice> = found
        .weights
        .iter()
        .enumerate()
        .map(|(a, w)| Lattice { label: format!("unit {}", a + 1), width: width(data), values: w.clone() })
        .collect();
    let rows =
        |pictures: Vec<Lattice>, columns: usize| pictures.chunks(columns).map(<[Lattice]>::to_vec).collect::<Vec<_>>();
    let pairs = [0, 1].map(|k| {
        let name = ["sample", "reconstruction"][k];
        found.pairs.iter().map(|pair| picture(data, &pair[k], name.into())).collect::<Vec<_>>()
    });
    let drawn = rows(found.drawn.iter().map(|v| picture(data, v, String::new())).collect(), 8);
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
    let figure = |id: &str, title: &str, caption: String, rows: Vec<Vec<Lattice>>, shades: Shades| Figure {
        id: id.into(),
        title: title.into(),
        caption,
        alt: format!("Pictures: {title}."),
        panels: vec![Panel::Lattices { title: title.into(), rows, shades }],
    };
    vec![
        figure(
            "weights",
            "Weights of hidden units",
            format!("{shown}Each picture shows the weights of one hidden unit to all visible ones, all on one scale up to the largest |w| of the machine."),
            rows(weights, 9),
            of_weights,
        ),
        figure(
            "reconstructions",
            "Test samples and their reconstructions",
            format!("Above samples that no training saw, below what one mean-field step v -> h -> v makes of them.{left_out}"),
            pairs.to_vec(),
            shades(data, &units, &pairs),
        ),
        figure(
            "drawn",
            "Drawn from the machine",
            "Expectation values of the visible units after Gibbs steps from a start that knows the means alone, one chain each.".into(),
            drawn.clone(),
            shades(data, &units, &drawn),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_learnt_nothing_says_so() {
        let of = |values: [f64; 3]| values.map(|v| over_seeds(&[Some((v, 0.1))], 10.0));
        let none = [(); 3].map(|()| over_seeds(&[None], 0.0));
        assert!(learnt_nothing(&of([1.0, 2.0, 2.5]), &none).is_none());
        assert!(
            learnt_nothing(&of([1.0, 2.5, 2.5]), &none)
                .is_some_and(|s| s.contains("--epochs") && s.contains("costs no less"))
        );
        let likelihood = of([-3.0, -5.0, -4.0]);
        assert!(learnt_nothing(&of([1.0, 2.0, 2.5]), &likelihood).is_some_and(|s| s.contains("independent units")));
        assert!(learnt_nothing(&of([1.0, 2.0, 2.5]), &of([-3.0, -3.5, -4.0])).is_none());
    }
}
