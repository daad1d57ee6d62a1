//! Figures of the 1D study: P(T) of the thermometer, and ends of the flows by training set, compared with the law of
//! the data and the exact RG.

use super::quantity::{Over, UNIT, against, compared, temperatures, values};
use super::settings::{ALL, COLD, HOT, SETS, Settings, WARM};
use super::stage::Findings;
use crate::record::Place;
use crate::row;
use crate::study::couplings::AsIsing;
use crate::study::curves::p_of_t;
use crate::study::prelude::*;
use rgflow::exact::chain;
use rgflow::flow::{RingFlow, RingReading};
use rgflow::rg::decimation::Couplings;

/// Allowed deviation of an energy per spin from that of the training temperature.
const ENERGY: f64 = 0.05;

fn grid(settings: &Settings) -> Dimension {
    Dimension::new("T", &settings.temperatures(), f64::to_string)
}

pub(super) fn thermometer(record: &mut Record, settings: &Settings, over: &Over) -> Result<(), Error> {
    let (splits, t) = (settings.splits()?, settings.temperatures());
    let told = |f: &Findings, is_asked: &dyn Fn(usize) -> bool| {
        let asked = f.stage.nearest.iter().enumerate().filter(|(k, _)| is_asked(*k));
        asked.fold(Fraction { yes: 0, of: 0 }, |all, (k, nearest)| Fraction {
            yes: all.yes + u64::from(k == *nearest),
            of: all.of + 1,
        })
    };
    let what = "fraction of the test collections whose nearest reference curve is that of their own temperature";
    let all = over.fraction("thermometer.told_apart_all", [], what, |f, []| Some(told(f, &|_| true)));
    let asked: Vec<String> = t.iter().zip(&splits).filter(|(_, split)| **split).map(|(t, _)| t.to_string()).collect();
    let what = format!(
        "{what}; of the temperatures whose collections of {} the best test of all can tell from those at the next \
         temperatures ({})",
        settings.chain.per_temperature,
        if asked.is_empty() { "none".into() } else { asked.join(", ") }
    );
    let told_apart = over.fraction("thermometer.told_apart", [], &what, |f, []| Some(told(f, &|k| splits[k])));
    let source = "thesis fig 4.1: can be told apart";
    let told_apart = told_apart.map(|_, number| compared(over, number, [1.0, 0.0, 0.0], source));
    record.list(&[&told_apart, &all]);
    let states = "temperatures can be told apart (those that any thermometer could)";
    record.claims.push(Claim::of("fig4.1", states, told_apart.at(())));
    let figure = Figure::new("fig4.1", "Thesis fig 4.1: P(T) of thermal collections, 1D").caption(
        "Reference curves: the thermometer's P(T) averaged over the exact thermal law of each temperature; error bars \
         over repetitions.",
        "Curves P(T), one by temperature.",
    );
    let grid = grid(settings);
    let curves = p_of_t(over, &grid, &grid, |f, [k, j]| f.stage.reference[k][j]);
    let panel = Panel::curves("thermal laws", "T (J/k_B)", "P(T)", curves);
    record.sections.push(Section::new("The thermometer").figures([figure.panels([panel])]));
    Ok(())
}

/// Quantities by training set: readings of its law without a machine, its machine as an Ising model, and by mode the
/// ends of the flow.
struct Sets {
    null_t_star: Quantity<1>,
    null_bayes: Quantity<1>,
    null_energy: Quantity<1>,
    as_ising: AsIsing<1>,
    trace: [Quantity<1>; 2],
    t_star: Quantity<2>,
    spread: Quantity<2>,
    energy: Quantity<2>,
    ends: Quantity<2>,
}

/// Thesis's temperature of the end of the flow by training set, and where it says so.
fn thesis(settings: &Settings, set: usize) -> Option<(f64, &'static str)> {
    match set {
        ALL => Some((1.5, "thesis fig 4.2: about 1.5")),
        COLD => Some((0.0, "thesis fig 4.3a")),
        WARM => Some((settings.trained_on(WARM)[0], "thesis fig 4.3b")),
        _ => None,
    }
}

/// Statement on the energy of the ends of a machine that was trained at one temperature, and where. Energies decide
/// here and for figure 4.16: T* has no value where curves cannot be told apart.
fn trained_at_one(set: usize) -> Option<(&'static str, &'static str)> {
    match set {
        COLD => Some(("trained at T = 0: ends at T = 0, by the energy", "thesis fig 4.3a: ends at T = 0")),
        WARM => Some(("trained at T = 6: ends at T = 6, by the energy", "thesis fig 4.3b: ends at T = 6")),
        HOT => Some(("trained at T = 10^4: ends at T = inf, energy 0", "thesis fig 4.4: ends at T = inf")),
        _ => None,
    }
}

impl Sets {
    fn new(settings: &Settings, over: &Over) -> Self {
        let (set, mode, grid) = (&Dimension::names("set", SETS), &modes(), settings.temperatures().len());
        let of_set = |name: &str, unit: &str, what: &str, read: fn(&Findings, usize) -> Option<f64>| {
            over.quantity(&format!("rbm.{{set}}.{name}"), [set], unit, what, |f, [s]| read(f, s))
        };
        let null = "the law of the training data, without any machine";
        let null_t_star = of_set("null.T_star", UNIT, &format!("T*: {null}"), |f, s| Some(f.stage.null[s].t_star));
        let null_t_star = temperatures(null_t_star);
        let by_bayes = format!("T* by Bayes' rule on the energy: {null}");
        let null_bayes = temperatures(of_set("null.bayes", UNIT, &by_bayes, |f, s| f.stage.null[s].bayes));
        let about = |[s]: [usize; 1], number| match s {
            ALL => compared(over, number, [1.5, 0.0, ABOUT], "thesis fig 4.2: the end of the flow is about 1.5"),
            _ => number,
        };

        let machine = "machine trained on \"{set}\", exactly";
        let variance = format!(
            "variance over thermal configurations of ln p + beta H, 0 where Mehta and Schwab's trace condition holds: \
             {machine}"
        );
        let kl = format!("KL(thermal law, p): {machine}");
        let trace = [
            of_set("trace.variance", "nats^2", &variance, |f, s| Some(f.trace[s]?.variance)),
            of_set("trace.kl", "nats", &kl, |f, s| Some(f.trace[s]?.kl)),
        ];
        let is_one = |s: usize| over.found.iter().all(|f| f.trace[s].is_some());

        let what = format!("ends of the flow over {grid} start temperatures ({{mode}})");
        let of_flow = |name: &str, unit: &str, what: &str, read: &dyn Fn(&RingFlow) -> f64| {
            let key = format!("rbm.{{set}}.{{mode}}.{name}");
            over.quantity(&key, [set, mode], unit, what, |f, [s, m]| read(&f.stage.flows[s][m]))
        };
        let mean = |flow: &RingFlow, of: fn(&RingReading) -> f64| flow.last(grid).map(of).sum::<f64>() / grid as f64;
        let t_star = of_flow("T_star", UNIT, &format!("T*, mean of the {what}"), &|flow| mean(flow, |end| end.t_star));
        let t_star = temperatures(t_star);
        let spread = of_flow("spread", UNIT, &format!("largest less smallest T* of the {what}"), &|flow| {
            let t = |fold: fn(f64, f64) -> f64, first| flow.last(grid).map(|end| end.t_star).fold(first, fold);
            t(f64::max, f64::MIN) - t(f64::min, f64::MAX)
        });
        let one = "thesis figs 4.2-4.4: all starts end at one temperature";
        let exact = |t| chain::thermodynamics(*settings.chain.spins, t).ok();
        let of_training = |s: usize| Temperature::new(settings.trained_on(s)[0]).ok().and_then(exact).map(|x| x.energy);
        let null_energy = of_set("null.energy", "J per spin", null, |f, s| Some(f.stage.null[s].energy));
        let energy =
            of_flow("energy", "J per spin", &format!("mean of the {what}"), &|flow| mean(flow, |end| end.energy));
        let what = "distinct ends of the mean-field map over all states";
        let ends = of_flow("ends", "1", what, &|flow| flow.ends as f64);
        Self {
            t_star: t_star.map(|[s, _], mut number| {
                if let Some((value, source)) = thesis(settings, s) {
                    number = compared(over, number, [value, 0.0, ABOUT], source);
                }
                against(over, number, null_t_star.at(s))
            }),
            null_t_star: null_t_star.map(about),
            null_bayes: null_bayes.map(about),
            as_ising: AsIsing::new(over, "rbm.{set}.", [set], machine, |f, [s]| &f.effective[s]),
            trace: trace.map(|one| one.map(|[s], number| if is_one(s) { number } else { number.unlisted() })),
            spread: spread.map(|_, number| compared(over, number, [0.0, 0.0, ABOUT], one)),
            energy: energy.map(|[s, _], number| match trained_at_one(s).zip(of_training(s)) {
                Some(((_, source), exact)) => {
                    against(over, compared(over, number, [exact, 0.0, ENERGY], source), null_energy.at(s))
                }
                None => number,
            }),
            null_energy,
            ends: ends.map(|[s, m], number| match (s, MODES[m]) {
                (_, Mode::Gibbs) => number.unlisted(),
                (ALL, _) => compared(over, number, [1.0, 0.0, 0.0], one),
                _ => number,
            }),
        }
    }
}

/// Section on the ends of the flows; returns the reading of the training mixture of all temperatures.
pub(super) fn flows(record: &mut Record, settings: &Settings, over: &Over) -> Number {
    let grid = grid(settings);
    let Sets { null_t_star, null_bayes, null_energy, as_ising, trace, t_star, spread, energy, ends } =
        &Sets::new(settings, over);
    let by_mode = Grouped(vec![t_star, spread, energy, ends]);
    record.list(&[&ByPlace(vec![null_t_star, null_bayes, null_energy, as_ising, &trace[0], &trace[1], &by_mode])]);
    for (s, item) in ["fig4.2", "fig4.3", "fig4.3", "fig4.4"].into_iter().enumerate() {
        for mode in MODES {
            let claim = |states: &str, number| Claim::of(item, format!("{states} ({})", mode.name()), number);
            record.claims.push(match trained_at_one(s) {
                Some((states, _)) => claim(states, energy.at((s, mode))).with_null(null_energy.at(s)),
                None => claim("all starts end at about T = 1.5", t_star.at((s, mode))).with_null(null_t_star.at(s)),
            });
        }
    }
    let states = "all starts end at one temperature: one end of the map (mean field)";
    record.claims.push(Claim::of("fig4.2", states, ends.at((ALL, Mode::Mean))));
    let above_zero = grid.x().iter().filter_map(|t| Some(decimated(*t)? > *t));
    let hotter = above_zero.clone().filter(|hotter| *hotter).count() as f64 / above_zero.count() as f64;
    let what = "fraction of the temperatures above 0 that decimation raises";
    let hotter = Number::new(over.key("rg.hotter"), hotter, None, "1", what);
    let hotter = hotter.compare(1.0, 0.0, 0.0, "thesis fig 4.4a: the exact RG flows to T = inf");
    record.list(&[&hotter]);
    record.claims.push(Claim::of("fig4.4", "the exact RG flows to T = inf", &hotter));

    let (end, [null, bayes]) = (values(t_star), [null_t_star, null_bayes].map(values));
    record.answers.push(format!(
        "Trained on all temperatures the Gibbs flow ends at T* = {}, the mean-field flow at {}; the training mixture \
         itself reads {} (by Bayes on the energy {}). The thesis says about 1.5.",
        end.at((ALL, Mode::Gibbs)),
        end.at((ALL, Mode::Mean)),
        null.at(ALL),
        bayes.at(ALL)
    ));
    let (warm, hot) = (format!("T = {}", settings.chain.t_max), format!("T = {}", settings.rbm.hot));
    let row = |s: usize| {
        let (title, [gibbs, mean]) = (["all T", "T = 0", &warm, &hot][s], MODES.map(|mode| t_star.at((s, mode))));
        let (null, bayes, t_eff) = (null_t_star.at(s), null_bayes.at(s), as_ising.t_eff.at(s));
        row![title, ["about 1.5", "0", "6", "inf"][s], gibbs, mean, null, bayes, t_eff]
    };
    let columns = ["trained on", "thesis", "Gibbs", "mean field", "null: training law", "null by Bayes on E", "T_eff"];
    let table = Table::new("T* of the ends of the flow by training set, in J/k_B", columns);
    record.summary = table.rows((0..SETS.len()).map(row)).note(format!(
        "Mean over {} start temperatures; errors over repetitions. T* ends at 20: beyond it a ring of {} spins hardly \
         changes. T_eff = 1/K_eff of the machine itself, K_eff its mean effective coupling of nearest neighbours, \
         exactly.",
        grid.len(),
        settings.chain.spins
    ));
    let section = Section::new("Ends of the flow").text(
        "Nothing is sampled in a flow: Gibbs is the law p_T times powers of the kernel's 256 x 256 matrix, mean field \
         the map applied to each of the 256 states.",
    );
    record.sections.push(section.figures([starts_and_ends(settings, over), vec![arrows(settings, over)]].concat()));
    null.at(ALL).clone()
}

/// P(T) of the drawn starts and of their ends.
fn starts_and_ends(settings: &Settings, over: &Over) -> Vec<Figure> {
    let (grid, starts) = (grid(settings), values::plain(&settings.flow.starts));
    let starts = Dimension::new("T", &starts, f64::to_string);
    let panel = |title: &str, set: usize, mode: Mode, is_end: bool| {
        let curves = p_of_t(over, &grid, &starts, |f, [k, j]| {
            let steps = &f.stage.flows[set][mode].starts[grid.len() + k];
            steps[if is_end { steps.len() - 1 } else { 0 }].curve[j]
        });
        Panel::curves(title, "T (J/k_B)", "P(T)", curves)
    };
    let ends = |title: &str, set| {
        MODES.map(|mode| panel(&format!("{title}, {}", ["Gibbs", "mean field"][mode.place()]), set, mode, true))
    };
    let caption =
        format!("Colours are start temperatures; the ends are those after {} steps.", 1u64 << *settings.flow.doublings);
    let all = Figure::new("fig4.2", "Thesis fig 4.2: start and end of the flow, trained on all T")
        .caption(&caption, "P(T) of the starts, and of the ends of the flow in both modes.");
    let one = Figure::new("fig4.3", "Thesis fig 4.3: end of the flow, trained at T = 0 and at the highest T")
        .caption(caption, "Ends of machines trained at one temperature: P(T) by start temperature, in both modes.");
    let warm = format!("trained at T = {}", settings.chain.t_max);
    vec![
        all.panels([panel("start", ALL, Mode::Gibbs, false)]).panels(ends("end", ALL)),
        one.panels(ends("trained at T = 0", COLD)).panels(ends(&warm, WARM)),
    ]
}

/// Temperature after one decimation without a field; `None` at T = 0, a fixed point.
fn decimated(t: f64) -> Option<f64> {
    (t > 0.0).then(|| 1.0 / Couplings { k: 1.0 / t, h: 0.0, k0: 0.0 }.decimated().k)
}

fn arrows(settings: &Settings, over: &Over) -> Figure {
    let grid = grid(settings);
    let last = grid.x()[grid.len() - 1];
    let strip = |label: String, end: &dyn Fn(usize) -> Option<f64>| {
        let arrow = |(k, t): (usize, &f64)| Some((*t, end(k)?.min(2.0 * last)));
        (label, grid.x().iter().enumerate().filter_map(arrow).collect())
    };
    let of_machine = |(s, m): (usize, usize)| {
        let end = |f: &Findings, [k]: [usize; 1]| Some(f.stage.flows[s][m].starts[k].last()?.t_star);
        let end = over.shown([&grid], end);
        strip(format!("{}, {}", SETS[s], ["Gibbs", "mean"][m]), &|k| end.at(k).value)
    };
    let decimation = strip("decimation".into(), &|k| Some(decimated(grid.x()[k]).unwrap_or(0.0)));
    let machines = (0..SETS.len()).flat_map(|s| (0..MODES.len()).map(move |m| (s, m))).map(of_machine).collect();
    let panel = |title: &str, strips| {
        let x = Axis::new("T (J/k_B)").limits(0.0, 2.0 * last);
        Panel::Arrows { title: title.into(), x, strips, marks: vec![] }
    };
    let caption = format!(
        "Arrows from the start temperature to that after one exact decimation (above), to that of the end of the flow \
         (below); those beyond {} are cut there. all, cold, warm, hot: trained on all T, T = 0, T = {last}, T = {}.",
        2.0 * last,
        settings.rbm.hot
    );
    let alt = "Arrows from start temperatures: by decimation, and by each machine in both modes.";
    Figure::new("fig4.4", "Thesis fig 4.4: exact RG beside the machines, 1D").caption(caption, alt).panels([
        panel("RG: every second spin summed over", vec![decimation]),
        panel("RBM flow: from start to end", machines),
    ])
}
