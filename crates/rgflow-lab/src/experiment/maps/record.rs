//! Record of `maps`: the plane of epochs and learning rate, and lines through the recipe's values.

use super::{Findings, Machine, Settings};
use crate::study::prelude::*;
use crate::study::values::plain;

/// Line through the recipe's values: name in keys, description, values with the positions of their machines.
struct Line {
    name: &'static str,
    label: &'static str,
    axis: Axis,
    points: Vec<(f64, usize)>,
}

/// All lines; `place` maps a machine and an epoch to their position.
fn lines(settings: &Settings, machines: &[Machine], place: impl Fn(usize, usize) -> usize) -> [Line; 5] {
    let (axes, rbm) = (&settings.axes, &settings.torus.rbm);
    let middle = axes.learning_rates.iter().position(|rate| *rate == rbm.learning_rate).unwrap_or(0);
    let at = axes.epochs.iter().position(|epochs| **epochs == axes.at).unwrap_or(0);
    // The machine off the plane that differs in this, or the one where the axes meet.
    let other = |is: &dyn Fn(&Machine) -> bool, at_the_middle: bool| match machines.iter().position(is) {
        Some(machine) if !at_the_middle => place(machine, 0),
        _ => place(middle, at),
    };
    let of_steps = |values: Vec<usize>, one: usize, of: fn(&Machine) -> usize| {
        values.into_iter().map(|value| (value as f64, other(&|m| of(m) == value, value == one))).collect()
    };
    let epochs = axes.epochs.iter().enumerate().map(|(e, epochs)| (**epochs as f64, place(middle, e))).collect();
    let rates = axes.learning_rates.iter().enumerate().map(|(r, rate)| (**rate, place(r, at))).collect();
    let methods = axes.methods.iter().enumerate();
    let methods = methods.map(|(i, method)| (i as f64, other(&|m| m.rbm.method == *method, *method == rbm.method)));
    let names = Axis::of_names("method", axes.methods.iter().map(|method| method.to_string()));
    let line = |name, label, points| Line { name, label, axis: Axis::log(label), points };
    [
        line("epochs", "epochs", epochs),
        line("learning_rate", "learning rate", rates),
        line("hidden", "hidden units", of_steps(plain(&axes.hidden), *rbm.hidden, |m| *m.rbm.hidden)),
        line(
            "cd_steps",
            "steps of contrastive divergence",
            of_steps(plain(&axes.cd_steps), *rbm.cd_steps, |m| *m.rbm.cd_steps),
        ),
        Line { name: "method", label: "method of training", axis: names, points: methods.collect() },
    ]
}

pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let (axes, rbm, machines) = (&settings.axes, &settings.torus.rbm, settings.machines());
    let over = Repeated::new("maps", found);
    let places: Vec<(usize, usize)> =
        machines.iter().enumerate().flat_map(|(m, one)| (0..one.epochs.len()).map(move |e| (m, e))).collect();
    let place = |m: usize, e: usize| places.iter().position(|place| *place == (m, e)).unwrap_or(0);
    let named = |&(m, e): &(usize, usize)| format!("{}.epochs{}", machines[m].name, machines[m].epochs[e]);
    let machine = Dimension::names("machine", places.iter().map(named)).words(|place| {
        let (m, e) = places[place];
        let (rbm, epochs) = (&machines[m].rbm, machines[m].epochs[e]);
        let (hidden, rate) = (*rbm.hidden, *rbm.learning_rate);
        format!("after {epochs} epochs, {hidden} hidden units, learning rate {rate}, {}", rbm.by())
    });
    let lines = lines(settings, &machines, place);
    let axis = Dimension::names("axis", lines.iter().map(|line| line.name)).words(|line| lines[line].label.into());

    let null = Thermal::new(&over, "null", [], "the training mixture itself, no machine", |f, []| &f.null);
    let what = "ends of all starts pooled, {mode} flow {machine}";
    let mut ends = Thermal::new(&over, "{machine}.{mode}", [&machine, &modes()], what, |f, [p, m]| {
        &f.machines[places[p].0][places[p].1].flows[m].pooled
    });
    ends.t_star = ends.t_star.map(|_, star| {
        let critical = Temperature::CRITICAL.value();
        star.compare(critical, 0.0, ABOUT, "thesis: the RBM flow ends near T_c").against(null.t_star.at(()))
    });
    let worth =
        Likelihoods::new(&over, "rbm.{machine}", [&machine], |f, [p]| &f.machines[places[p].0][places[p].1].likelihood);
    let what = "largest less smallest T* of the {mode} flow along the axis: {axis}";
    let span = over.quantity("{axis}.{mode}.span", [&axis, &modes()], "J/k_B", what, |f, [line, mode]| {
        let stars = lines[line].points.iter().map(|(_, place)| {
            let (machine, epoch) = places[*place];
            f.machines[machine][epoch].flows[mode].pooled.t_star.0
        });
        let (low, high) = stars.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), t| (l.min(t), h.max(t)));
        high - low
    });
    let span = span.map(|[line, _], span| {
        let span = span.compare(0.0, 0.0, ABOUT, "no influence beyond a step of the thesis's grid");
        let moves = span.first_verdict() == Verdict::Differs;
        span.depending_on(lines[line].label, moves)
    });

    let mut record = Record::new(
        "maps",
        "What training and machine do to the end of the flow",
        "One training and one machine gave the thesis its T*. How far does T* move with the number of epochs, the \
         learning rate, the number of hidden units, the steps of contrastive divergence and the method?",
    );
    record.list(&[&null, &ends, &Grouped(vec![&worth.ln_p, &worth.kl]), &span]);
    record.claims.extend(axis.places().map(|line| {
        let states = format!("(a question) does the end depend on the {}? span of T*, Gibbs", axis.word(line));
        Claim::of("sec4.maps", states, span.at((line, Mode::Gibbs)))
    }));
    let spans = |mode| axis.list(|line| format!("{} {}", span.at((line, mode)), axis.word(line)));
    record.answers = vec![
        format!("Gibbs flow: T* moves along the axes by {}.", spans(Mode::Gibbs)),
        format!("Mean-field flow: by {}.", spans(Mode::Mean)),
        format!("The training mixture without any machine reads {}.", null.t_star.at(())),
        format!(
            "The machines are KL = {} nats from their data, by machine: {}.",
            machine.list(|p| worth.kl.at(p)),
            machine.list(|p| machine.word(p))
        ),
    ];
    let (epochs, rates) = (plain(&axes.epochs), plain(&axes.learning_rates));
    let (epoch, rate) =
        (Dimension::new("epochs", &epochs, usize::to_string), Dimension::new("rate", &rates, f64::to_string));
    let plane = epoch.places().fold(rate.table("T* of the Gibbs flow", "learning rate"), |table, e| {
        table.column(format!("{} epochs", epoch.word(e)), |r| ends.t_star.at((place(r, e), Mode::Gibbs)))
    });
    record.summary = plane.done().note("T_c = 2.269.");
    let map = |mode: Mode| {
        let (x, y) = (epoch.along(Axis::log("epochs")), rate.along(Axis::log("learning rate")));
        let title = format!("{} flow", mode.name());
        Panel::map(title, x, y, Axis::new("T*").limits(1.4, 2.6), |r, e| ends.t_star.at((place(r, e), mode)))
    };
    let along = |line: &Line| {
        let x: Vec<f64> = line.points.iter().map(|point| point.0).collect();
        let of = |mode: Mode| {
            Curve::through(mode.name(), &x, line.points.iter().map(|(_, place)| ends.t_star.at((*place, mode))))
        };
        let levels = [("T_c", Temperature::CRITICAL.value()), ("the mixture", null.t_star.at(()).get())];
        let levels = levels.map(|(label, t)| Curve::level(label, &x, t));
        let curves = [of(Mode::Gibbs), of(Mode::Mean)].into_iter().chain(levels);
        Panel::curves(line.label, line.axis.clone(), "T* of the ends (J/k_B)", curves)
    };
    let caption = format!(
        "Above: T* of the pooled ends over epochs and learning rate. Then one axis at a time through {} hidden units, \
         learning rate {}, {}, {} epochs. Trained on all temperatures. Errors over repetitions.",
        *rbm.hidden,
        *rbm.learning_rate,
        rbm.by(),
        axes.at
    );
    let alt = "Two maps of T* over epochs and learning rate, and five curves of T* along the axes, beside T_c and the \
        mixture.";
    let figure = Figure::new("sec4.maps", "T* of the ends over training and machine").caption(caption, alt);
    let figure = figure.panels([map(Mode::Gibbs), map(Mode::Mean)]).panels(lines.iter().map(along));
    record.sections = vec![Section::new("Maps").texts(worth.remarks).figures([figure])];
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::readings::fabricated::{check, flow, likelihood, observed, settings, verdicts};

    #[test]
    fn a_record_says_each_number_once() {
        let sets = [
            "maps.epochs=[1, 2]",
            "maps.learning_rates=[0.01, 0.1]",
            "maps.hidden=[2, 25]",
            "maps.cd_steps=[1, 3]",
            "maps.methods=[\"cd\", \"pcd\"]",
            "maps.at=2",
        ];
        let settings: Settings = settings(super::super::RECIPE, &sets);
        let machines = settings.machines();
        assert_eq!(
            machines.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(),
            ["rate-0.01", "rate-0.1", "hidden-2", "cd-3", "method-pcd"]
        );
        // T* is the machine, plus an eighth for the second epoch and a quarter for the mean field.
        let of_machine = |(m, machine): (usize, &Machine)| {
            let at_epoch = |e: usize| {
                let t = 1.0 + m as f64 + 0.125 * e as f64;
                let likelihood = likelihood(-(m as f64), e as f64);
                Examined { likelihood, flows: ByMode::of(flow(t), flow(t + 0.25)) }
            };
            (0..machine.epochs.len()).map(at_epoch).collect()
        };
        let of_machines = machines.iter().enumerate().map(of_machine).collect();
        let output = record(&settings, &[Findings { null: observed(2.25), machines: of_machines }]);
        let values = [
            ("maps.null.T_star", 2.25),
            ("maps.rate-0.01.epochs1.gibbs.T_star", 1.0),
            ("maps.rate-0.01.epochs2.mean.T_star", 1.375),
            ("maps.rate-0.1.epochs2.gibbs.T_star", 2.125),
            ("maps.hidden-2.epochs2.gibbs.T_star", 3.0),
            ("maps.cd-3.epochs2.mean.energy", -4.25),
            ("maps.rbm.hidden-2.epochs2.log_likelihood", -2.0),
            ("maps.rbm.rate-0.1.epochs2.kl", 1.0),
            ("maps.epochs.gibbs.span", 0.125),
            ("maps.learning_rate.gibbs.span", 1.0),
            ("maps.hidden.gibbs.span", 1.875),
            ("maps.cd_steps.mean.span", 2.875),
            ("maps.method.gibbs.span", 3.875),
        ];
        check(&output, &values, &["sec4.maps"]);
        assert_eq!(verdicts(&output), ["agrees", "depends", "depends", "depends", "depends"]);
        // Rows are learning rates, columns epochs.
        assert!(matches!(output.summary.rows[1][2], crate::record::Cell::Value { value: Some(2.125), .. }));
    }
}
