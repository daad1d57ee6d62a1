//! Thermal, or the training mixture? Stationary laws of machines along the training, by divergence and by penalty.

use super::optima;
use super::quantity::{Over, UNIT, compared, temperatures, values};
use super::settings::Settings;
use super::stage::{Findings, OBJECTIVES};
use crate::row;
use crate::study::course;
use crate::study::prelude::*;
use rgflow::exact::RingStates;
use rgflow::flow::RingLaw;
use std::iter::once;

pub(super) const T_STAR: &str = "T* of the stationary law";
pub(super) const T_AXIS: &str = "T (J/k_B)";
/// Penalties, in the order of the findings.
pub(super) const PENALTIES: [&str; 2] = ["l1", "l2"];

/// Readings of stationary laws.
pub(super) struct Laws<const N: usize> {
    pub t_star: Quantity<N>,
    t_energy: Quantity<N>,
    pub thermal_js: Quantity<N>,
    thermal_kl: Quantity<N>,
    thermal_reverse_kl: Quantity<N>,
    pub mixture_js: Quantity<N>,
    pub mixture_kl: Quantity<N>,
    mixture_reverse_kl: Quantity<N>,
    pub relaxation: Quantity<N>,
    /// How much closer the law is to the mixture than to any thermal law.
    advantage: Quantity<N>,
}

/// Steps within which the start of a flow that ends at one temperature is forgotten.
const SOON: f64 = 100.0;

impl<const N: usize> Laws<N> {
    /// Quantities under `KEY.`; `what` describes the machine.
    pub fn new<'a>(
        over: &Over<'a>,
        key: &str,
        dimensions: [&Dimension; N],
        what: &str,
        of: impl Fn(&'a Findings, [usize; N]) -> &'a RingLaw,
    ) -> Self {
        let law = |name: &str, unit: &str, words: &str, read: fn(&RingLaw) -> Option<f64>| {
            let (key, what) = (format!("{key}.{name}"), format!("{words}: {what}"));
            over.quantity(&key, dimensions, unit, &what, |f, place| read(of(f, place)))
        };
        let advantage = law("mixture_advantage", "nats", "thermal.js less mixture.js", |l| {
            Some(l.thermal.1.jensen_shannon - l.mixture.jensen_shannon)
        });
        let tie = "a tie; above 0 the mixture is nearer, below a thermal law (question of chapter 5)";
        let relaxation = "relaxation time of the Gibbs kernel, v -> h -> v";
        let (thermal_js, mixture_js) =
            ("least Jensen-Shannon divergence from a thermal law", "Jensen-Shannon divergence from the mixture");
        Self {
            t_star: temperatures(law("T_star", UNIT, T_STAR, |l| Some(l.reading.t_star))),
            t_energy: temperatures(law("T_E", UNIT, "temperature of its energy", |l| l.reading.t_energy)),
            thermal_js: law("thermal.js", "nats", thermal_js, |l| Some(l.thermal.1.jensen_shannon)),
            thermal_kl: law("thermal.kl", "nats", "least KL(p_T, p)", |l| l.thermal.1.kl),
            thermal_reverse_kl: law("thermal.reverse_kl", "nats", "least KL(p, p_T)", |l| l.thermal.1.reverse_kl),
            mixture_js: law("mixture.js", "nats", mixture_js, |l| Some(l.mixture.jensen_shannon)),
            mixture_kl: law("mixture.kl", "nats", "KL(mixture, p)", |l| l.mixture.kl),
            mixture_reverse_kl: law("mixture.reverse_kl", "nats", "KL(p, mixture)", |l| l.mixture.reverse_kl),
            relaxation: law("relaxation", "steps", relaxation, |l| l.relaxation),
            advantage: advantage.map(|_, number| compared(over, number, [0.0; 3], tie)),
        }
    }

    pub fn listed(&self) -> Grouped<'_> {
        let Self { t_star, t_energy, thermal_js, thermal_kl, thermal_reverse_kl, .. } = self;
        let Self { mixture_js, mixture_kl, mixture_reverse_kl, relaxation, advantage, .. } = self;
        let thermal: [&dyn Numbers; 5] = [t_star, t_energy, thermal_js, thermal_kl, thermal_reverse_kl];
        let mixture: [&dyn Numbers; 5] = [mixture_js, mixture_kl, mixture_reverse_kl, relaxation, advantage];
        Grouped([thermal, mixture].concat())
    }
}

/// T* of the training mixture, drawn as a level over `x`.
pub(super) fn level(label: &str, x: &[f64], mixture: &Number) -> Curve {
    Curve::through(label, x, x.iter().map(|_| mixture)).style(Style::Dashed)
}

/// Dimension of p(v): number of unlike neighbours.
fn unlike_neighbours(settings: &Settings) -> Dimension {
    let numbers: Vec<usize> = (0..=*settings.chain.spins / 2).map(|k| 2 * k).collect();
    Dimension::new("unlike", &numbers, usize::to_string)
}

fn by_unlike_neighbours(title: &str, curves: impl IntoIterator<Item = Curve>) -> Panel {
    Panel::curves(title, "unlike neighbours", "probability", curves)
}

/// Section on the laws along the training on all temperatures; returns T* at the end of the training of the figures.
pub(super) fn training(record: &mut Record, settings: &Settings, over: &Over, mixture: &Number) -> Number {
    let rate = Dimension::new("rate", &settings.rates(), f64::to_string);
    let epoch = Dimension::new("epoch", &values::plain(&settings.rbm.snapshots), usize::to_string);
    let by = course::words(settings.rbm.method, *settings.rbm.cd_steps);
    let what = format!("{by} on all T, {{epoch}} epochs, learning rate {{rate}}");
    let (key, by) = ("law.rate{rate}.epoch{epoch}", [&rate, &epoch]);
    let laws = Laws::new(over, key, by, &what, |f, [r, e]| &f.stage.along[r][e]);
    let (end, last) = (settings.at_epochs(), epoch.len() - 1);
    // The machine of fig 4.2 is the one of the first rate.
    let soon = Number::new("", SOON, None, "steps", "");
    let source = format!("thesis fig 4.2: all starts end at one temperature; agrees if forgotten within {SOON} steps");
    let laws = Laws {
        relaxation: laws.relaxation.map(|at, tau| if at == [0, end] { tau.below(&soon, &source) } else { tau }),
        ..laws
    };
    record.list(&[&laws.listed()]);
    let states = format!("all starts end at one temperature: relaxation time below {SOON} steps (Gibbs)");
    record.claims.push(Claim::of("fig4.2", states, laws.relaxation.at((0, end))));
    let word = |advantage: &Number| match advantage.verdict_at(0.0, 0.0, 0.0) {
        Verdict::Differs if advantage.get() > 0.0 => "the mixture is nearer",
        Verdict::Differs => "a thermal law is nearer",
        _ => "a tie",
    };
    for r in rate.places() {
        let (rate, [epochs, most]) = (rate.word(r), [end, last].map(|e| epoch.word(e)));
        let [at, after] = [end, last].map(|e| laws.advantage.at((r, e)));
        let states = format!(
            "(question) the end is as near to thermal as to the mixture: JS less JS 0; {epochs} epochs, rate {rate}"
        );
        record.claims.push(Claim::of("sec5.thermal", states, at));
        record.answers.push(format!(
            "Thermal or mixture, learning rate {rate}: after {epochs} epochs {} (JS less JS {at} nats), after {most} \
             {} ({after}).",
            word(at),
            word(after)
        ));
    }
    let (t_star, nearest) = (values(&laws.t_star), over.shown(by, |f, [r, e]| f.stage.along[r][e].thermal.0));
    let columns = [
        "learning rate",
        "epochs",
        "T*",
        "nearest T",
        "JS from nearest thermal",
        "JS from mixture",
        "difference",
        "relaxation, steps",
    ];
    let row = |at: (usize, usize)| {
        let Laws { thermal_js, mixture_js, advantage, relaxation, .. } = &laws;
        let mut row = row![rate.x()[at.0], epoch.x()[at.1]];
        row.extend([&t_star, &nearest, thermal_js, mixture_js, advantage, relaxation].map(|of| Cell::from(of.at(at))));
        row
    };
    let places = rate.places().flat_map(|r| epoch.places().map(move |e| (r, e)));
    let table = Table::new("The machine's law along the training on all temperatures", columns)
        .rows(places.map(row))
        .note("Divergences in nats; the difference above 0: the mixture is nearer. KL both ways: results.json.");
    let section = Section::new("Thermal, or the mixture?").text(
        "The Gibbs flow ends at the machine's own law p(v), which training pulls towards the law of the data, the \
         mixture. Distances are exact.",
    );
    record.sections.push(section.figures([along_training(settings, over, &laws, by, mixture)]).tables([table]));
    t_star.at((0, end)).clone()
}

/// Laws by learning rate and epoch.
fn along_training(
    settings: &Settings,
    over: &Over,
    laws: &Laws<2>,
    [rate, epoch]: [&Dimension; 2],
    mixture: &Number,
) -> Figure {
    let along = |title: &str, y: &str, all: &[(&str, &Quantity<2>, Style)], more: Option<Curve>| {
        let curves = rate.places().flat_map(|r| all.iter().map(move |of| (r, of)));
        let curves = curves.map(|(r, (label, of, style))| {
            epoch.curve(format!("{label}, rate {}", rate.word(r)), |e| of.at((r, e))).style(*style)
        });
        Panel::curves(title, Axis::log("epochs"), y, curves.chain(more))
    };
    let divergences =
        [("nearest thermal", &laws.thermal_js, Style::LinePoints), ("mixture", &laws.mixture_js, Style::Dashed)];
    let unlike = unlike_neighbours(settings);
    let law = over.shown([rate, epoch, &unlike], |f, [r, e, k]| f.stage.along[r][e].walls[k]);
    let law = |(r, e): (usize, usize)| {
        unlike.curve(format!("rate {}, {} epochs", rate.word(r), epoch.word(e)), |k| law.at((r, e, k)))
    };
    let law_curves =
        rate.places().flat_map(|r| [(r, 0), (r, epoch.len() - 1)]).map(law).chain(mixture_law(settings, &unlike));
    let figure = Figure::new("sec5.thermal", "The machine's law along the training: thermal or mixture?").caption(
        "Exact over all states: Jensen-Shannon divergence of p(v) from the nearest thermal law and from the training \
         mixture; T* of p(v), dashed that of the mixture; relaxation time of the Gibbs kernel; p(v) by number of \
         unlike neighbours. Error bars over repetitions.",
        "Divergences, T*, relaxation time and the law of the number of unlike neighbours against epochs, by learning \
         rate.",
    );
    let of_mixture = level("training mixture", epoch.x(), mixture);
    figure.panels([
        along("Divergences", "Jensen-Shannon (nats)", &divergences, None),
        along(T_STAR, T_AXIS, &[("T*", &values(&laws.t_star), Style::LinePoints)], Some(of_mixture)),
        along("Relaxation", "steps v -> h -> v", &[("tau", &laws.relaxation, Style::LinePoints)], None),
        by_unlike_neighbours("p(v) by unlike neighbours", law_curves),
    ])
}

/// Training mixture by the number of unlike neighbours.
fn mixture_law(settings: &Settings, unlike: &Dimension) -> Option<Curve> {
    let temperatures = settings.temperatures().iter().map(|t| Temperature::new(*t)).collect::<Result<Vec<_>, _>>();
    let states = RingStates::new(*settings.chain.spins).ok()?;
    let law = states.by_unlike_neighbours(states.mixture(&temperatures.ok()?).view());
    Some(Curve::new("mixture", unlike.x(), law).style(Style::Dashed))
}

pub(super) fn divergences(record: &mut Record, settings: &Settings, over: &Over, mixture: &Number) {
    let objective = Dimension::names("objective", OBJECTIVES.map(|o| o.to_string()));
    let what = format!("{{objective}} minimised by {} exact gradients", settings.objectives.updates);
    let laws = Laws::new(over, "objective.{objective}", [&objective], &what, |f, [o]| &f.stage.objectives[o]);
    let what = format!("T* of the stationary law less that of KL(q, p): {what}");
    let shift = over.quantity("objective.{objective}.shift", [&objective], UNIT, &what, |f, [o]| {
        f.stage.objectives[o].reading.t_star - f.stage.objectives[0].reading.t_star
    });
    let shift = shift.map(|[o], shift| match o {
        0 => shift.unlisted(),
        _ => {
            let source = "no influence of the divergence (question of chapter 5)";
            let shift = compared(over, shift, [0.0, 0.0, ABOUT], source);
            let moves = shift.first_verdict() == Verdict::Differs;
            shift.depending_on("the divergence that is minimised", moves)
        }
    });
    record.list(&[&ByPlace(vec![&laws.listed(), &shift])]);
    record.claims.extend(objective.places().skip(1).map(|o| {
        let states = format!("(question) {} instead of kl leaves T* where it is: shift 0", objective.word(o));
        Claim::of("sec5.divergences", states, shift.at(o))
    }));
    let gan = "(question) does an adversarially trained generator flow? left out: its laws cannot be enumerated";
    record.claims.push(Claim::left_out("sec5.divergences", gan));
    let t_star = values(&laws.t_star);
    let [kl, reverse, js] = [0, 1, 2].map(|o| t_star.at(o));
    record.answers.push(format!(
        "Exact training towards the mixture ends at T* = {kl} by KL(q, p), {reverse} by KL(p, q), {js} by \
         Jensen-Shannon."
    ));
    let caption = "Machines trained by exact gradients towards the mixture q of all temperatures";
    let columns =
        [&t_star, &laws.mixture_kl, &laws.mixture_reverse_kl, &laws.mixture_js, &laws.thermal_js, &laws.relaxation];
    let heads = ["T*", "KL(q, p)", "KL(p, q)", "JS", "JS from nearest thermal", "relaxation, steps"];
    let table = objective.table(caption, "minimised").columns(&heads, |o, c| columns[c].at(o));
    let table = table.note("q > 0 in every state, as it holds temperatures above 0: no divergence is infinite.");

    let unlike = unlike_neighbours(settings);
    let law = over.shown([&objective, &unlike], |f, [o, k]| f.stage.objectives[o].walls[k]);
    let law = |o: usize| unlike.curve(objective.word(o), |k| law.at((o, k)));
    let x: Vec<f64> = (1..=OBJECTIVES.len()).map(|o| o as f64).collect();
    let points = Curve::through("T*", &x, t_star.iter()).style(Style::Points);
    let figure = Figure::new("sec5.divergences", "Minimising KL(q, p), KL(p, q) or Jensen-Shannon").caption(
        "Left: p(v) by number of unlike neighbours after exact training towards the mixture. Right: T* of the \
         stationary law; 1 = KL(q, p), 2 = KL(p, q), 3 = Jensen-Shannon; dashed that of the mixture.",
        "The laws of the three machines, and the temperature that each reads.",
    );
    let figure = figure.panels([
        by_unlike_neighbours("p(v)", objective.places().map(law)),
        Panel::curves(T_STAR, "divergence", T_AXIS, [points, level("mixture", &x, mixture)]),
    ]);
    record.sections.push(Section::new("Other divergences").figures([figure]).tables([table]));
}

/// Section on penalties; `plain` is T* without one.
pub(super) fn penalties(record: &mut Record, settings: &Settings, over: &Over, mixture: &Number, plain: &Number) {
    let penalty = Dimension::names("penalty", PENALTIES);
    let strength = Dimension::new("strength", &values::plain(&settings.penalties.strengths), f64::to_string);
    let what = format!("{{penalty}} = {{strength}} on the weights, {} epochs", settings.rbm.epochs);
    let by = [&penalty, &strength];
    let laws = Laws::new(over, "penalty.{penalty}.{strength}", by, &what, |f, [p, s]| &f.stage.penalties[p][s]);
    let (last, end) = (strength.len() - 1, settings.at_epochs());
    let what = "T* of the stationary law at the strongest {penalty} less that without";
    let shift = over.quantity("penalty.{penalty}.shift", [&penalty], UNIT, what, |f, [p]| {
        f.stage.penalties[p][last].reading.t_star - f.stage.along[0][end].reading.t_star
    });
    let source = "no influence of the penalty (question of chapter 5)";
    let shift = shift.map(|_, shift| {
        let shift = compared(over, shift, [0.0, 0.0, ABOUT], source);
        let moves = shift.first_verdict() == Verdict::Differs;
        shift.depending_on("penalties.strengths", moves)
    });
    record.list(&[&ByPlace(vec![&laws.listed(), &shift])]);
    record.claims.extend(penalty.places().map(|p| {
        let states = format!("(question) {} leaves T* where it is: shift 0 at the strongest", penalty.word(p));
        Claim::of("sec5.penalties", states, shift.at(p))
    }));
    let x: Vec<f64> = once(0.0).chain(strength.x().iter().copied()).collect();
    let t_star = values(&laws.t_star);
    let table = optima::penalties(record, settings, over, &t_star);
    let curve = |p: usize| {
        let numbers = once(plain).chain(strength.places().map(|s| t_star.at((p, s))));
        Curve::through(penalty.word(p).to_uppercase(), &x, numbers)
    };
    let curves = penalty.places().map(curve).chain([level("training mixture", &x, mixture)]);
    let figure = Figure::new("sec5.penalties", "L1 and L2 penalties on the weights").caption(
        "T* of the stationary law, which the Gibbs flow ends at, against the strength of the penalty; 0 at the left \
         end.",
        "T* against the strength of the penalty, beside that of the mixture.",
    );
    let figure = figure.panels([Panel::curves(T_STAR, Axis::log("strength"), T_AXIS, curves)]);
    record.sections.push(Section::new("Penalties").figures([figure]).tables([table]));
}
