//! Record of `toolbox`: the neuron, the optimisers, early stopping and the machines.

use super::machines::GeneratorFindings;
use super::settings::Settings;
use super::training::{INPUTS, LearningCurve};
use super::{Findings, drawings};
use crate::study::prelude::*;

/// Tolerance between an accuracy and that of the best threshold.
const CLOSE: f64 = 0.01;
/// "Reached": the test cost is at most this much above the least of all optimisers, nats.
const REACHED: f64 = 0.02;
/// Position of the sampled free phase.
const SAMPLED: usize = 1;

type Over<'a> = Repeated<'a, Findings>;

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let over = &Repeated::new("toolbox", found);
    let mut record = Record::new(
        "toolbox",
        "Neurons, networks and how they learn",
        "The tools of chapter 2 at work: is a configuration of the 2D Ising model from below or above T_c?",
    );
    drawings::activations(&mut record);
    neurons(&mut record, settings, over);
    optimisers(&mut record, settings, over);
    stopping(&mut record, settings, over);
    drawings::architectures(&mut record);
    let figures = [boltzmann(&mut record, settings, over), generator(&mut record, settings, over)];
    record.sections.push(Section::new("Machines that generate").figures(figures));
    record.claims.sort_by(|a, b| a.item.cmp(&b.item));
    record
}

fn neurons(record: &mut Record, settings: &Settings, over: &Over) {
    let input = Dimension::names("input", INPUTS).words(|i| ["spins", "|m|", "E"][i].into());
    let t = Dimension::new("T", &settings.data.temperatures, f64::to_string);
    let best = over.shown([&input], |f, [i]| f.training.neurons[i].best);
    let output = over.shown([&input, &t], |f, [i, k]| f.training.neurons[i].output.get(k).copied());
    let what = "fraction of the test configurations on the right side of T_c, a neuron that sees {input}";
    let accuracy =
        over.quantity("neuron.{input}.accuracy", [&input], "1", what, |f, [i]| f.training.neurons[i].accuracy);
    let accuracy = accuracy.map(|[i], accuracy| match best.at(i).value {
        Some(value) => {
            let source = format!("best threshold on {} of the same test set", input.word(i));
            accuracy.compare(value, best.at(i).error.unwrap_or(0.0), CLOSE, source)
        }
        None => {
            let source = "between a guess, 1/2, and what the symmetry of the spins allows, 3/4";
            accuracy.compare(0.625, 0.0, 0.125, source)
        }
    });
    record.list(&[&accuracy]);
    let [spins, abs_m, energy] = [0, 1, 2].map(|i| accuracy.at(i));
    let states = "a neuron tells the phases apart, if it sees |m| (fraction right)";
    record.claims.push(Claim::of("sec2.2.1", states, abs_m));
    record.answers.extend([
        format!(
            "A single neuron is right in {:.1} % of the cases if it sees |m|, {:.1} % if it sees E, {:.1} % if it sees \
             the spins themselves.",
            100.0 * abs_m.get(),
            100.0 * energy.get(),
            100.0 * spins.get()
        ),
        "Both phases are alike under overturning all spins, a weighted sum of spins is not: no such neuron can be \
         right in more than 3/4 of the cases, hence hidden layers."
            .into(),
    ]);
    let most = |i: usize| match best.at(i).value {
        Some(_) => best.at(i).into(),
        None => Cell::from(0.75).remark(Some("at most")),
    };
    let note = format!(
        "{0} x {0} spins, {1} temperatures, {2} test configurations at each; ordered: T < 2.269.",
        settings.data.size,
        t.len(),
        settings.data.test
    );
    let table = input.table("A single neuron as a classifier", "input").column("right", |i| accuracy.at(i));
    record.summary = table.column("best threshold", most).done().note(note);
    let curves = input.places().map(|i| {
        let label = ["sees the spins", "sees |m|", "sees E"][i];
        t.curve(label, |k| output.at((i, k)))
    });
    let critical = vertical("T_c", Temperature::CRITICAL.value(), 1.0);
    let figure = Figure::new("sec2.2.1", "P(ordered) of a single neuron").caption(
        "Mean output over the test configurations of each temperature; errors over repetitions.",
        "The outputs of neurons that see |m| or E fall from 1 to 0 around T_c; that of the neuron that sees spins \
         hardly changes.",
    );
    let panel = Panel::curves("", "T (J/k_B)", Axis::new("P(ordered)").limits(0.0, 1.0), curves.chain([critical]));
    record.sections.push(Section::new("A single neuron").figures([figure.panels([panel])]));
}

/// A dashed line from 0 to `top`.
fn vertical(label: impl Into<String>, x: f64, top: f64) -> Curve {
    Curve::new(label, [x, x], [0.0, top]).style(Style::Dashed)
}

/// Mean of a cost over repetitions, without errors.
fn mean_curve(
    label: &str,
    over: &Over,
    of: impl Fn(&Findings) -> &LearningCurve,
    cost: fn(&LearningCurve) -> &[f64],
) -> Curve {
    let x: Vec<f64> = of(&over.found[0]).epoch.iter().map(|epoch| *epoch as f64).collect();
    let y: Vec<f64> =
        (0..x.len()).map(|i| over.mean(|f| cost(of(f)).get(i).copied()).value.unwrap_or(f64::NAN)).collect();
    Curve::new(label, x, y)
}

fn optimisers(record: &mut Record, settings: &Settings, over: &Over) {
    let own = &settings.optimisers;
    let names: Vec<&str> = over.found[0].training.optimisers.iter().map(|o| o.name.as_str()).collect();
    let optimiser = Dimension::names("optimiser", names.iter().map(|name| name.to_lowercase().replace(' ', "_")));
    let optimiser = optimiser.words(|k| names[k].into());
    let what = format!("least test cost in {} sweeps", own.epochs);
    let key = "optimisers.{optimiser}.test_cost";
    let cost = over.quantity(key, [&optimiser], "nats", &what, |f, [k]| f.training.optimisers[k].least().1);
    let full = cost.at(0).clone();
    let source = "thesis section 2.2.3: faster than the full gradient; agrees if below its test cost by more than two \
                  errors";
    let cost = cost.map(|[k], cost| if k == 0 { cost } else { cost.below(&full, source) });
    let what = format!("sweeps until the test cost is within {REACHED} nats of the least of all optimisers");
    let sweeps = over.quantity("optimisers.{optimiser}.sweeps", [&optimiser], "1", &what, |f, [k]| {
        let least = f.training.optimisers.iter().map(|o| o.least().1).fold(f64::INFINITY, f64::min);
        let LearningCurve { epoch, test, .. } = &f.training.optimisers[k];
        Some(epoch[test.iter().position(|cost| *cost <= least + REACHED)?])
    });
    // If any repetition never gets there, there is no mean.
    let sweeps = sweeps.map(|_, sweeps| if sweeps.value.is_none() { sweeps.n_eff(0.0) } else { sweeps });
    record.list(&[&Grouped(vec![&cost, &sweeps])]);
    for (name, states) in [
        ("batches", "mini-batches beat the full gradient (test cost)"),
        ("Adam", "Adam beats the full gradient (test cost)"),
    ] {
        let place = names.iter().position(|known| *known == name).expect("an optimiser");
        record.claims.push(Claim::of("sec2.2.3", states, cost.at(place)));
    }
    let reached = optimiser.places().filter(|k| sweeps.at(*k).value.is_some());
    let fastest = reached.min_by(|a, b| sweeps.at(*a).get().total_cmp(&sweeps.at(*b).get()));
    record.answers.push(format!(
        "Of all optimisers {} is within {REACHED} nats of the least test cost after the fewest sweeps.",
        fastest.map_or("none", |k| names[k])
    ));
    let text = format!(
        "One network, {}-{}-2 with tanh and softmax, from the same weights; batches of {batch}. Learning rates are the \
         recipe's: {} for plain descent, a {batch}th of it for single samples, a tenth with momentum 0.9, {} for Adam.",
        settings.data.size.pow(2),
        own.hidden,
        own.learning_rate,
        own.adam_rate,
        batch = own.batch
    );
    let table = optimiser.table("Test cost of each optimiser", "optimiser");
    let table =
        table.column("least test cost (nats)", |k| cost.at(k)).column("sweeps", |k| sweeps.at(k)).done().note(format!(
            "Sweeps: until the test cost is within {REACHED} nats of the least of all; empty: not in every repetition."
        ));
    let curves = optimiser.places().map(|k| mean_curve(names[k], over, |f| &f.training.optimisers[k], |c| &c.test));
    let figure = Figure::new("sec2.2.3", "All optimisers on one problem").caption(
        "Cost of the test set after each sweep through the training set, mean over repetitions. ln 2 = 0.693 is a \
         guess.",
        "Test costs that fall at different speeds, that of the full gradient slowest.",
    );
    let figure = figure.panels([Panel::curves("", "sweep", "test cost (nats)", curves)]);
    record.sections.push(Section::new("Optimisers").text(text).figures([figure]).tables([table]));
}

fn stopping(record: &mut Record, settings: &Settings, over: &Over) {
    let number = |key: &str, what: &str, value: fn(&LearningCurve) -> Option<f64>| {
        over.number(&format!("stopping.{key}"), "1", what, |f| value(&f.training.stopping))
    };
    let epoch =
        number("epoch", "sweep of the least test cost", |c| c.epoch.get(c.least().0).map(|epoch| *epoch as f64));
    let rise =
        number("rise", "test cost at the end over its minimum, less 1", |c| Some(c.test.last()? / c.least().1 - 1.0));
    let what = "by which fraction the training cost falls after that sweep";
    let fall = number("fall", what, |c| Some(1.0 - c.train.last()? / c.train.get(c.least().0)?));
    let zero = Number::new("", 0.0, None, "", "");
    let source = |what: &str| format!("thesis section 2.2.2: {what}; agrees if above 0 by more than two errors");
    let rise = rise.above(&zero, source("the test error rises again"));
    let fall = fall.above(&zero, source("the training error goes on falling"));
    record.list(&[&epoch, &rise, &fall]);
    record.claims.extend([
        Claim::of("fig2.2", "the test error rises after its minimum (relative)", &rise),
        Claim::of("fig2.2", "the training error goes on falling (relative)", &fall),
    ]);
    record.answers.push(format!(
        "A network with more parameters than samples ends with a test cost {:.0} % above its minimum.",
        100.0 * rise.get()
    ));
    let train = mean_curve("training set", over, |f| &f.training.stopping, |c| &c.train);
    let test = mean_curve("test set", over, |f| &f.training.stopping, |c| &c.test);
    let stop = test.y.iter().zip(&test.x).min_by(|a, b| a.0.total_cmp(b.0)).map_or(0.0, |(_, x)| *x);
    let top = test.y.iter().chain(&train.y).copied().fold(0.0, f64::max);
    let line = vertical(format!("stop: sweep {stop}"), stop, top);
    let caption = format!(
        "A network {}-{}-2 on {} configurations, mean over repetitions; the dashed line marks the least mean test \
         cost.",
        settings.data.size.pow(2),
        settings.stopping.hidden,
        *settings.stopping.train * settings.data.temperatures.len()
    );
    let alt = "The training cost falls to nearly 0; the test cost falls, passes a minimum and rises.";
    let figure = Figure::new("fig2.2", "Training and test error, and where to stop").caption(caption, alt);
    let figure = figure.panels([Panel::curves("", "sweep", "cost (nats)", [train, test, line])]);
    record.sections.push(Section::new("When to stop").figures([figure]));
}

/// Mean over repetitions, each of which trains its own machine.
fn mean(over: &Over, of: impl Fn(&Findings) -> f64) -> Combined {
    Combined { how: "mean and error over repetitions", ..over.mean(of) }
}

fn boltzmann(record: &mut Record, settings: &Settings, over: &Over) -> Figure {
    let own = &settings.boltzmann;
    let k = 1.0 / *own.temperature;
    let phase = Dimension::names("phase", ["enumerated", "sampled"]);
    let distances: Vec<usize> = (1..=over.found[0].machines.couplings[0].len()).collect();
    let distance = Dimension::new("distance", &distances, usize::to_string);
    let number = |pair: &str, what: &str, r: usize| {
        let what = format!("mean coupling of {what} after {} updates, free phase {{phase}}", own.updates);
        let key = format!("toolbox.boltzmann.{{phase}}.{pair}");
        Quantity::new(&key, [&phase], "1", &what, |[p]| mean(over, |f| f.machines.couplings[p][r - 1]))
    };
    let source = format!("K = 1/T = {k} of the ring that the data is drawn from");
    let neighbours = number("neighbours", "neighbours", 1).map(|_, n| n.compare(k, 0.0, 0.0, &source));
    let farthest = number("farthest", "the spins farthest apart", *own.spins / 2);
    let source = "no such coupling in the ring that the data is drawn from";
    let farthest = farthest.map(|_, n| n.compare(0.0, 0.0, 0.0, source));
    record.list(&[&Grouped(vec![&neighbours, &farthest])]);
    let states = "a Boltzmann machine finds the couplings 1/T (sampled)";
    record.claims.push(Claim::of("sec2.4.1", states, neighbours.at(SAMPLED)));
    record.answers.push(format!(
        "A Boltzmann machine that samples its free phase finds the coupling {:.3} of neighbours on a ring with K = \
         {k}.",
        neighbours.at(SAMPLED).get()
    ));
    let coupling = over.shown([&phase, &distance], |f, [p, r]| f.machines.couplings[p][r]);
    let curves =
        phase.places().map(|p| distance.curve(format!("free phase {}", phase.word(p)), |r| coupling.at((p, r))));
    let truth: Vec<f64> = distances.iter().map(|r| if *r == 1 { k } else { 0.0 }).collect();
    let curves = curves.chain([Curve::new("data", distance.x(), truth).style(Style::Dashed)]);
    let figure = Figure::new("sec2.4.1", "Couplings of a Boltzmann machine").caption(
        "Mean coupling of the units at each distance on the ring; dashed: the couplings of the Ising model that the \
         data is drawn from.",
        "The coupling of neighbours is near K, those of all others near 0.",
    );
    figure.panels([Panel::curves("", "distance on the ring", "coupling", curves)])
}

fn generator(record: &mut Record, settings: &Settings, over: &Over) -> Figure {
    let (own, n) = (&settings.generator, over.found.len() as f64);
    let all = || over.found.iter().map(|f| &f.machines.generator);
    // Each machine has its own law, so differences are compared.
    let apart = all().map(|g| g.sampled.0 - g.exact).sum::<f64>() / n;
    let error = all().map(|g| g.sampled.1.powi(2)).sum::<f64>().sqrt() / n;
    let what = format!(
        "energy of the generated configurations, {} chains of {} steps after {} of burn-in, less that of the machine's \
         law by enumeration; error by tau_int",
        own.chains,
        *own.steps - *own.burn_in,
        own.burn_in
    );
    let difference = Number::new("toolbox.generator.energy_difference", apart, Some(error), "J per spin", what);
    let difference = difference.compare(0.0, 0.0, 0.0, "the law of the machine, by enumeration");
    let number = |key: &str, unit: &str, what: &str, of: fn(&GeneratorFindings) -> f64| {
        mean(over, |f| of(&f.machines.generator)).number(format!("toolbox.generator.{key}"), unit, what)
    };
    let tau = number("tau_int", "steps", "integrated autocorrelation time of the energy", |g| g.tau_int.0);
    let what = "slowest relaxation of the Gibbs kernel, by enumeration";
    let slowest = number("relaxation_time", "steps", what, |g| g.relaxation_time);
    let n_eff = number("n_eff", "1", "effective number of independent configurations", |g| g.n_eff);
    record.list(&[&difference, &tau, &slowest, &n_eff]);
    record.claims.push(Claim::of("sec2.4.2", "the samples follow the machine's law (energy difference)", &difference));
    record.answers.push(format!(
        "As a generator the RBM needs {:.1} steps for an independent configuration (2 tau_int); its slowest memory \
         lasts {:.1} steps.",
        2.0 * tau.get(),
        slowest.get()
    ));
    let steps: Vec<usize> = (0..over.found[0].machines.generator.energy.len()).collect();
    let step = Dimension::new("step", &steps, usize::to_string);
    let energy = over.shown([&step], |f, [i]| f.machines.generator.energy[i]);
    let exact = vec![over.mean(|f| f.machines.generator.exact).value.unwrap_or(f64::NAN); step.len()];
    let curves = [
        step.curve("chains", |i| energy.at(i)),
        Curve::new("law of the machine", step.x(), exact).style(Style::Dashed),
    ];
    let figure = Figure::new("sec2.4.2", "From a random start to the machine's law").caption(
        "Energy per spin of the chains, step by step from random spins; dashed: of the machine's law, by enumeration. \
         Errors over repetitions, whose machines differ.",
        "The energy falls within a few steps to that of the machine's law.",
    );
    figure.panels([Panel::curves("", "step", "E (J per spin)", curves)])
}
