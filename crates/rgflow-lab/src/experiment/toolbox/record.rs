//! Numbers, figures and words of the experiment.

use super::settings::Settings;
use super::stage::{Findings, Learnt, NeuronFound};
use super::{activations, architecture};
use crate::record::Combined;
use crate::record::{
    Axis, Cell, Claim, Comparison, Curve, Figure, Number, Panel, Record, Section, Style, Table, Verdict,
};
use crate::study::drawing::axis;
use crate::study::drawing::over;
use rgflow::lattice::Temperature;

/// Tolerance of an accuracy against that of the best threshold.
const CLOSE: f64 = 0.01;
/// "Reached": the test cost is at most this much above the least of all optimisers, nats.
const REACHED: f64 = 0.02;
/// Units of the recipes of chapter 4 (thesis section 4.3).
const MLP: [usize; 3] = [100, 64, 25];
const RBM: [usize; 2] = [100, 25];

fn number(key: String, found: &Combined, unit: &str, how: String) -> Number {
    let value = found.value.unwrap_or(f64::NAN);
    Number::new(key, value, found.error, unit, format!("{how}; {}", found.how)).n_eff(found.n_eff)
}

fn cell(found: &Combined) -> Cell {
    Cell::Value { value: found.value, error: found.error, interval: None, remark: None }
}

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let (neuron_numbers, neuron_rows) = neurons(found);
    let (optimiser_numbers, optimiser_rows, fastest) = optimisers(settings, found);
    let (stopping_numbers, rise) = stopping(found);
    let mut numbers = activations::numbers();
    numbers.extend(neuron_numbers);
    numbers.extend(optimiser_numbers);
    numbers.extend(stopping_numbers);
    numbers.extend(parameters());
    let accuracy = |input: &str| over(found, |f| of_input(f, input).map(|n| n.accuracy)).value.unwrap_or(f64::NAN);
    let answers = vec![
        format!(
            "A single neuron is right in {:.1} % of the cases if it sees |m|, {:.1} % if it sees E, {:.1} % if it sees the spins themselves.",
            100.0 * accuracy("abs_m"),
            100.0 * accuracy("energy"),
            100.0 * accuracy("spins")
        ),
        "Both phases are alike under overturning all spins, a weighted sum of spins is not: no such neuron can be right in more than 3/4 of the cases, hence hidden layers."
            .into(),
        format!("Of all optimisers {fastest} is within {REACHED} nats of the least test cost after the fewest sweeps."),
        format!("A network with more parameters than samples ends with a test cost {:.0} % above its minimum.", 100.0 * rise),
    ];
    let table = |caption: &str, columns: &[&str], rows, notes: Vec<String>| Table {
        caption: caption.into(),
        columns: columns.iter().map(|c| String::from(*c)).collect(),
        rows,
        notes,
    };
    let data = &settings.data;
    Record {
        experiment: "toolbox".into(),
        title: "Neurons, networks and how they learn".into(),
        question: "The tools of chapter 2 at work: is a configuration of the 2D Ising model from below or above T_c?"
            .into(),
        answers,
        summary: table(
            "A single neuron as a classifier",
            &["input", "right", "best threshold"],
            neuron_rows,
            vec![format!(
                "{0} x {0} spins, {1} temperatures, {2} test configurations at each; ordered: T < 2.269.",
                data.size,
                data.temperatures.len(),
                data.test
            )],
        ),
        sections: vec![
            Section { title: "Activations".into(), figures: vec![activations::figure()], ..Section::default() },
            Section {
                title: "A single neuron".into(),
                figures: vec![neuron_figure(settings, found)],
                ..Section::default()
            },
            Section {
                title: "Optimisers".into(),
                text: vec![format!(
                    "One network, {}-{}-2 with tanh and softmax, from the same weights; batches of {}. Learning rates are the recipe's: {} for plain \
                     descent, a {}th of it for single samples, a tenth with momentum 0.9, {} for Adam.",
                    data.size * data.size,
                    settings.optimisers.hidden,
                    settings.optimisers.batch,
                    settings.optimisers.learning_rate,
                    settings.optimisers.batch,
                    settings.optimisers.adam_rate
                )],
                figures: vec![optimiser_figure(found)],
                tables: vec![table(
                    "Test cost of each optimiser",
                    &["optimiser", "least test cost (nats)", "sweeps"],
                    optimiser_rows,
                    vec![format!(
                        "Sweeps: until the test cost is within {REACHED} nats of the least of all; empty: not in every repetition."
                    )],
                )],
            },
            Section {
                title: "When to stop".into(),
                figures: vec![stopping_figure(settings, found)],
                ..Section::default()
            },
            Section {
                title: "Architectures".into(),
                figures: vec![
                    architecture::figure(
                        "fig2.3",
                        "The thermometer of section 4.3, a multilayer perceptron",
                        "Input: the spins of 10 x 10 sites; output: P(T) of 25 temperatures. Six units of each layer are drawn.",
                        &[("spins", MLP[0]), ("tanh", MLP[1]), ("softmax", MLP[2])],
                    ),
                    architecture::figure(
                        "fig2.4",
                        "The restricted Boltzmann machine of section 4.3",
                        "Visible units: the spins; hidden ones: 5 x 5. Six units of each layer are drawn.",
                        &[("visible", RBM[0]), ("hidden", RBM[1])],
                    ),
                ],
                ..Section::default()
            },
        ],
        numbers,
        claims: claims(),
    }
}

fn of_input<'a>(found: &'a Findings, input: &str) -> Option<&'a NeuronFound> {
    found.neurons.iter().find(|n| n.input == input)
}

fn neurons(found: &[Findings]) -> (Vec<Number>, Vec<Vec<Cell>>) {
    let mut numbers = Vec::new();
    let mut rows = Vec::new();
    for (input, name) in [("spins", "spins"), ("abs_m", "|m|"), ("energy", "E")] {
        let accuracy = over(found, |f| of_input(f, input).map(|n| n.accuracy));
        let best = over(found, |f| of_input(f, input).and_then(|n| n.best));
        let own = number(
            format!("toolbox.neuron.{input}.accuracy"),
            &accuracy,
            "1",
            format!("fraction of the test configurations on the right side of T_c, a neuron that sees {name}"),
        );
        numbers.push(match best.value {
            Some(value) => own.compare(
                value,
                best.error.unwrap_or(0.0),
                CLOSE,
                format!("best threshold on {name} of the same test set"),
            ),
            None => {
                own.compare(0.625, 0.0, 0.125, "between a guess, 1/2, and what the symmetry of the spins allows, 3/4")
            }
        });
        rows.push(vec![
            Cell::text(name),
            cell(&accuracy),
            if best.value.is_some() {
                cell(&best)
            } else {
                Cell::Value { value: Some(0.75), error: None, interval: None, remark: Some("at most".into()) }
            },
        ]);
    }
    (numbers, rows)
}

fn neuron_figure(settings: &Settings, found: &[Findings]) -> Figure {
    let t = &settings.data.temperatures;
    let curve = |(input, name): (&str, &str)| {
        let at: Vec<Combined> =
            (0..t.len()).map(|k| over(found, |f| of_input(f, input).and_then(|n| n.output.get(k).copied()))).collect();
        Curve {
            label: name.into(),
            x: t.clone(),
            y: at.iter().map(|c| c.value.unwrap_or(f64::NAN)).collect(),
            error: at.iter().map(|c| c.error.unwrap_or(f64::NAN)).collect(),
            style: Style::LinePoints,
            ..Curve::default()
        }
    };
    let mut curves: Vec<Curve> =
        [("spins", "sees the spins"), ("abs_m", "sees |m|"), ("energy", "sees E")].map(curve).into();
    let critical = Temperature::CRITICAL.value();
    curves.push(Curve {
        label: "T_c".into(),
        x: vec![critical; 2],
        y: vec![0.0, 1.0],
        style: Style::Dashed,
        ..Curve::default()
    });
    Figure {
        id: "sec2.2.1".into(),
        title: "P(ordered) of a single neuron".into(),
        caption: "Mean output over the test configurations of each temperature; errors over repetitions.".into(),
        alt: "The outputs of neurons that see |m| or E fall from 1 to 0 around T_c; that of the neuron that sees spins hardly changes.".into(),
        panels: vec![curves_panel("", axis("T (J/k_B)"), Axis { limits: Some([0.0, 1.0]), ..axis("P(ordered)") }, curves)],
    }
}

fn curves_panel(title: &str, x: Axis, y: Axis, curves: Vec<Curve>) -> Panel {
    Panel::Curves { title: title.into(), x, y, curves }
}

/// A curve of the mean over repetitions.
fn mean_curve(label: &str, found: &[Findings], of: impl Fn(&Findings) -> (&[usize], &[f64])) -> Curve {
    let x: Vec<usize> = found.first().map_or(vec![], |f| of(f).0.to_vec());
    let y = (0..x.len()).map(|i| over(found, |f| of(f).1.get(i).copied()).value.unwrap_or(f64::NAN)).collect();
    Curve { label: label.into(), x: x.iter().map(|x| *x as f64).collect(), y, ..Curve::default() }
}

/// The verdict on a claim that something is above `bound`: by more than two errors of both.
fn above(found: &Combined, bound: &Combined, source: String) -> Comparison {
    let verdict = match (found.value.zip(found.error), bound.value) {
        (Some((value, error)), Some(low)) => {
            let two_errors = 2.0 * error.hypot(bound.error.unwrap_or(0.0));
            match value - low {
                apart if apart > two_errors => Verdict::Agrees,
                apart if apart < -two_errors => Verdict::Differs,
                _ => Verdict::Inconclusive,
            }
        }
        _ => Verdict::NotCompared,
    };
    Comparison { value: bound.value, error: bound.error, source, verdict }
}

/// The claims of chapter 2.
fn claims() -> Vec<Claim> {
    let claim = |item: &str, states: &str, key: &str| Claim::new(item, states, format!("toolbox.{key}"));
    vec![
        claim("fig2.1", "f' is the derivative of f (ELU, largest deviation)", "activations.elu.slope"),
        claim("fig2.2", "the test error rises after its minimum (relative)", "stopping.rise"),
        claim("fig2.2", "the training error goes on falling (relative)", "stopping.fall"),
        claim("sec2.2.1", "a neuron tells the phases apart, if it sees |m| (fraction right)", "neuron.abs_m.accuracy"),
        claim("sec2.2.3", "mini-batches beat the full gradient (test cost)", "optimisers.batches.test_cost"),
        claim("sec2.2.3", "Adam beats the full gradient (test cost)", "optimisers.adam.test_cost"),
        claim("sec2.4.1", "a Boltzmann machine finds the couplings 1/T (sampled)", "boltzmann.sampled.neighbours"),
        claim("sec2.4.2", "the samples follow the machine's law (energy difference)", "generator.energy_difference"),
    ]
}

/// Numbers, rows, and the name of the fastest.
fn optimisers(settings: &Settings, found: &[Findings]) -> (Vec<Number>, Vec<Vec<Cell>>, String) {
    let least_of_all = |f: &Findings| f.optimisers.iter().map(|o| o.least().1).fold(f64::INFINITY, f64::min);
    let reached = |f: &Findings, k: usize| {
        let o: &Learnt = &f.optimisers[k];
        let place = o.test.iter().position(|cost| *cost <= least_of_all(f) + REACHED)?;
        Some(o.epoch[place] as f64)
    };
    let full = over(found, |f| Some(f.optimisers.first()?.least().1));
    let (mut numbers, mut rows, mut fastest) = (Vec::new(), Vec::new(), (f64::INFINITY, String::from("none")));
    for (k, optimiser) in found.first().map_or(&[][..], |f| &f.optimisers).iter().enumerate() {
        let name = &optimiser.name;
        let (cost, sweeps) = (over(found, |f| Some(f.optimisers[k].least().1)), over(found, |f| reached(f, k)));
        let key = format!("toolbox.optimisers.{}", name.to_lowercase().replace(' ', "_"));
        let how = format!("least test cost in {} sweeps", settings.optimisers.epochs);
        let mut least = number(format!("{key}.test_cost"), &cost, "nats", how);
        if k > 0 {
            // That of the full gradient is above it.
            let source = "thesis section 2.2.3: faster than the full gradient; agrees if below its test cost by more than two errors";
            let verdict = above(&full, &cost, String::new()).verdict;
            least.compare.push(Comparison { value: full.value, error: full.error, source: source.into(), verdict });
        }
        numbers.push(least);
        let how = format!("sweeps until the test cost is within {REACHED} nats of the least of all optimisers");
        numbers.push(number(format!("{key}.sweeps"), &sweeps, "1", how));
        if let Some(value) = sweeps.value.filter(|value| *value < fastest.0) {
            fastest = (value, name.clone());
        }
        rows.push(vec![Cell::text(name), cell(&cost), cell(&sweeps)]);
    }
    (numbers, rows, fastest.1)
}

fn optimiser_figure(found: &[Findings]) -> Figure {
    let names: Vec<&str> = found.first().map_or(vec![], |f| f.optimisers.iter().map(|o| o.name.as_str()).collect());
    let curves = names
        .iter()
        .enumerate()
        .map(|(k, name)| mean_curve(name, found, |f| (&f.optimisers[k].epoch, &f.optimisers[k].test)));
    Figure {
        id: "sec2.2.3".into(),
        title: "All optimisers on one problem".into(),
        caption: "Cost of the test set after each sweep through the training set, mean over repetitions. ln 2 = 0.693 is a guess.".into(),
        alt: "Test costs that fall at different speeds, that of the full gradient slowest.".into(),
        panels: vec![curves_panel("", axis("sweep"), axis("test cost (nats)"), curves.collect())],
    }
}

/// Numbers, and by which fraction the test cost rises after its minimum.
fn stopping(found: &[Findings]) -> (Vec<Number>, f64) {
    let rise = over(found, |f| Some(f.stopping.test.last()? / f.stopping.least().1 - 1.0));
    let epoch = over(found, |f| f.stopping.epoch.get(f.stopping.least().0).map(|e| *e as f64));
    let fall = over(found, |f| Some(1.0 - f.stopping.train.last()? / f.stopping.train.get(f.stopping.least().0)?));
    let mut numbers = vec![
        number("toolbox.stopping.epoch".into(), &epoch, "1", "sweep of the least test cost".into()),
        number("toolbox.stopping.rise".into(), &rise, "1", "test cost at the end over its minimum, less 1".into()),
        number(
            "toolbox.stopping.fall".into(),
            &fall,
            "1",
            "by which fraction the training cost falls after that sweep".into(),
        ),
    ];
    let zero = Combined { value: Some(0.0), error: None, ..rise.clone() };
    let source = |what: &str| format!("thesis section 2.2.2: {what}; agrees if above 0 by more than two errors");
    numbers[1].compare.push(above(&rise, &zero, source("the test error rises again")));
    numbers[2].compare.push(above(&fall, &zero, source("the training error goes on falling")));
    (numbers, rise.value.unwrap_or(f64::NAN))
}

fn stopping_figure(settings: &Settings, found: &[Findings]) -> Figure {
    let train = mean_curve("training set", found, |f| (&f.stopping.epoch, &f.stopping.train));
    let test = mean_curve("test set", found, |f| (&f.stopping.epoch, &f.stopping.test));
    let stop = test.y.iter().zip(&test.x).min_by(|a, b| a.0.total_cmp(b.0)).map_or(0.0, |(_, x)| *x);
    let top = test.y.iter().chain(&train.y).copied().fold(0.0, f64::max);
    let line = Curve {
        label: format!("stop: sweep {stop}"),
        x: vec![stop; 2],
        y: vec![0.0, top],
        style: Style::Dashed,
        ..Curve::default()
    };
    let n = settings.stopping.train * settings.data.temperatures.len();
    Figure {
        id: "fig2.2".into(),
        title: "Training and test error, and where to stop".into(),
        caption: format!(
            "A network {}-{}-2 on {n} configurations, mean over repetitions; the dashed line marks the least mean test cost.",
            settings.data.size.pow(2),
            settings.stopping.hidden
        ),
        alt: "The training cost falls to nearly 0; the test cost falls, passes a minimum and rises.".into(),
        panels: vec![curves_panel("", axis("sweep"), axis("cost (nats)"), vec![train, test, line])],
    }
}

/// Numbers of parameters of the drawn networks.
fn parameters() -> Vec<Number> {
    let mlp: usize = MLP.windows(2).map(|w| (w[0] + 1) * w[1]).sum();
    let rbm = RBM[0] * RBM[1] + RBM[0] + RBM[1];
    [
        ("mlp", mlp, "weights and biases of 100-64-25"),
        ("rbm", rbm, "weights and biases of 100 visible and 25 hidden units"),
    ]
    .map(|(key, count, how)| Number::new(format!("toolbox.parameters.{key}"), count as f64, None, "1", how))
    .into()
}
