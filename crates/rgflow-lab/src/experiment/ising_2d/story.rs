//! The record: what was asked, what came out beside the null, sections with figures and tables.

use super::Settings;
use super::figures::Figures;
use super::numbers::NOT_THERMAL;
use super::tables::{
    against, couplings_table, end, flow_tables, gibbs_not_thermal, null, set_title, summary, thermometer_table, verdict,
};
use super::{Findings, SETS};
use crate::experiment::Item;
use crate::record::Combined;
use crate::record::{Claim, Number, Record, Section, Verdict};
use crate::study::readings::ABOUT;
use rgflow::flow::Mode;
use rgflow::lattice::Temperature;

/// The thesis's figures that the experiment makes.
pub(super) const ITEMS: &[Item] = &[
    Item {
        id: "fig3.4",
        title: "Block spins of the 2D Ising model, measured",
        claim: "the flow of the block-spin transformation is away from T_c, to T = 0 and to T = inf",
        keys: &["ising-2d.rg."],
    },
    Item {
        id: "fig4.5",
        title: "P(T) of thermal collections of the 2D Ising model",
        claim: "curves of different temperatures can be told apart; the lowest and the highest overlap (finite size)",
        keys: &["ising-2d.thermometer."],
    },
    Item {
        id: "fig4.6",
        title: "P(T) at start and end of the flow, RBM trained on all temperatures",
        claim: "all starts converge to about T = 2.5",
        keys: &["ising-2d.rbm.all.null.T_star", "ising-2d.rbm.all.gibbs.T_star", "ising-2d.rbm.all.mean.T_star"],
    },
    Item {
        id: "fig4.7",
        title: "P(T) at the end of the flow, RBMs trained on low and on high temperatures",
        claim: "both end near T_c, not on the same distribution",
        keys: &[
            "ising-2d.rbm.low.null.T_star",
            "ising-2d.rbm.low.gibbs.T_star",
            "ising-2d.rbm.low.mean.T_star",
            "ising-2d.rbm.high.null.T_star",
            "ising-2d.rbm.high.gibbs.T_star",
            "ising-2d.rbm.high.mean.T_star",
        ],
    },
    Item {
        id: "fig4.8",
        title: "P(T) at the end of the flow, RBM trained without 1.75 ... 2.75",
        claim: "flows towards T_c and ends near T = 2",
        keys: &["ising-2d.rbm.gap.null.T_star", "ising-2d.rbm.gap.gibbs.T_star", "ising-2d.rbm.gap.mean.T_star"],
    },
    Item {
        id: "fig4.9",
        title: "RG flow beside RBM flow",
        claim: "the RG flows away from T_c, the RBM towards it",
        keys: &[
            "ising-2d.rg.",
            "ising-2d.rbm.all.gibbs.towards",
            "ising-2d.rbm.all.mean.towards",
            "ising-2d.rbm.all.gibbs.from.",
        ],
    },
];

/// Puts the record together.
pub(super) fn record(settings: &Settings, found: &[Findings], numbers: Vec<Number>) -> Record {
    let temperatures = settings.torus.temperatures();
    let figures = Figures { settings, found, temperatures: temperatures.clone() };
    let mut probability = figures.probability();
    let extremes = probability.split_off(4);
    let thermal = probability.remove(0);
    let tables = |sets: &[&str]| {
        SETS.iter()
            .enumerate()
            .filter(|(_, s)| sets.contains(&s.0))
            .flat_map(|(i, s)| flow_tables(found, s.0, i))
            .collect()
    };
    let mut sections = vec![
        Section {
            title: "The thermometer".into(),
            text: vec!["A perceptron gives P(T | configuration); averaged over a collection it gives the curve P(T). T* is the temperature whose reference curve is nearest, argmin over T of KL(P || P_ref(T)); it is a temperature only if the divergence that is left is what thermal collections show.".into()],
            figures: vec![thermal],
            tables: vec![thermometer_table(found, &temperatures, &numbers)],
        },
        Section {
            title: "Trained on all temperatures".into(),
            text: vec![],
            figures: vec![probability.remove(0)],
            tables: tables(&["all"]),
        },
        Section {
            title: "Trained on low or on high temperatures".into(),
            text: vec![],
            figures: vec![probability.remove(0)],
            tables: tables(&["low", "high"]),
        },
        Section {
            title: "Trained without the critical region".into(),
            text: vec![],
            figures: vec![probability.remove(0)],
            tables: tables(&["gap"]),
        },
        Section {
            title: "Control: trained on only T = 0 and T = 6".into(),
            text: vec![],
            figures: extremes,
            tables: tables(&["extremes"]),
        },
        Section {
            title: "The machines as Ising models".into(),
            text: vec!["ln p(v) of a machine is that of an Ising model with effective couplings J_ij = 2^-N sum over v of v_i v_j ln p(v), and of terms of three and more spins. K_eff is their mean over nearest neighbours and T_eff = 1/K_eff a temperature that needs neither thermometer nor flow.".into()],
            figures: vec![figures.couplings()],
            tables: vec![couplings_table(found)],
        },
        Section { title: "RG flow beside RBM flow".into(), text: vec![], figures: figures.block_spins().into_iter().chain([figures.flows(), figures.together()]).collect(), tables: vec![] },
    ];
    let mut dynamics = figures.by_step();
    dynamics.extend(figures.by_epoch());
    sections.push(Section {
        title: "Along the flow, and along the training".into(),
        text: vec![],
        figures: dynamics,
        tables: vec![],
    });
    sections.push(Section {
        title: "What it looks like".into(),
        text: vec![],
        figures: figures.pictures(),
        tables: vec![],
    });
    Record {
        experiment: "ising-2d".into(),
        title: "The RBM flow of the 2D Ising model".into(),
        question: format!(
            "A restricted Boltzmann machine is trained on {0}x{0} Ising configurations and iterated, v \u{2192} h \u{2192} v; a perceptron reads the temperature of each step. Does the flow end at the critical temperature T_c = 2.269, as the thesis reports (figs 4.5-4.9), and does it do so because of the machine?",
            *settings.torus.lattice.size
        ),
        answers: answers(settings, found),
        summary: summary(found),
        sections,
        numbers,
        claims: claims(),
    }
}

/// The claims on figures 3.4 and 4.5 to 4.9.
fn claims() -> Vec<Claim> {
    let mut all = vec![
        Claim::new("fig3.4", "block spins, b = 2: fraction of starts that leave T_c = 1", "ising-2d.rg.b2.away"),
        Claim::new("fig3.4", "block spins, b = 3: fraction of starts that leave T_c = 1", "ising-2d.rg.b3.away"),
        Claim::new("fig3.4", "blocked twice, b = 2: fraction that leave T_c = 1", "ising-2d.rg.b2x2.away"),
        Claim::new("fig3.4", "blocked twice, b = 3: fraction that leave T_c = 1", "ising-2d.rg.b3x2.away"),
        Claim::new("fig3.4", "matching leaves T_c = 2.269 where it is, b = 2", "ising-2d.rg.b2x2.T_c"),
        Claim::new("fig3.4", "matching leaves T_c = 2.269 where it is, b = 3", "ising-2d.rg.b3x2.T_c"),
        Claim::new("fig4.5", "curves told apart (fraction of neighbours)", "ising-2d.thermometer.told_apart.middle"),
        Claim::new("fig4.5", "but for the lowest (fraction of neighbours)", "ising-2d.thermometer.told_apart.low"),
    ];
    for (set, item, states) in [
        ("all", "fig4.6", "trained on all T: ends at about T = 2.5"),
        ("low", "fig4.7", "trained on T <= 2.5: ends near T_c"),
        ("high", "fig4.7", "trained on T >= 2.0: ends near T_c"),
        ("gap", "fig4.8", "trained without 1.75 ... 2.75: ends near T = 2"),
    ] {
        for mode in super::MODES.map(Mode::name) {
            let key = format!("ising-2d.rbm.{set}.{mode}.T_star");
            let null = format!("ising-2d.rbm.{set}.null.T_star");
            all.push(Claim::new(item, format!("{states} ({mode})"), key).null(null));
        }
    }
    for mode in super::MODES.map(Mode::name) {
        let text = format!("trained on all T: fraction of starts that approach T_c = 1 ({mode})");
        all.push(Claim::new("fig4.9", text, format!("ising-2d.rbm.all.{mode}.towards")));
    }
    all
}

fn show(c: &Combined) -> String {
    crate::report::format::value(c.value, c.error, c.interval)
}

fn answers(settings: &Settings, found: &[Findings]) -> Vec<String> {
    let (gibbs, mean, mixture) = (end(found, "all", Mode::Gibbs), end(found, "all", Mode::Mean), null(found, 0));
    let critical = Temperature::CRITICAL.value();
    let word = |c: &Combined, value, error, tolerance| verdict(c, value, error, tolerance).word();
    let mut all = vec![format!(
        "Trained on all temperatures, the Gibbs flow ends at T* = {}, the mean-field flow at {}. The thesis says about 2.5 (allowed: {ABOUT}): Gibbs {}, mean field {}.",
        show(&gibbs),
        show(&mean),
        word(&gibbs, 2.5, 0.0, ABOUT),
        word(&mean, 2.5, 0.0, ABOUT)
    )];
    if let Some(value) = mixture.value {
        let same = against(&gibbs, &mixture) == Verdict::Agrees;
        all.push(format!(
            "The null: the training mixture itself, without any machine, reads T* = {}{}; {:.3} away from T_c, the Gibbs flow {:.3}.",
            show(&mixture),
            if same { ", which the flow's end cannot be told from" } else { ", which differs from the flow's end" },
            (value - critical).abs(),
            (gibbs.value.unwrap_or(f64::NAN) - critical).abs()
        ));
    }
    let ends: Vec<String> =
        SETS.iter().map(|(set, _)| format!("{} {}", set_title(set), show(&end(found, set, Mode::Gibbs)))).collect();
    let mut sorted: Vec<Combined> = SETS.iter().map(|(set, _)| end(found, set, Mode::Gibbs)).collect();
    sorted.sort_by(|a, b| a.value.unwrap_or(f64::NAN).total_cmp(&b.value.unwrap_or(f64::NAN)));
    let (lowest, highest) = (&sorted[0], &sorted[sorted.len() - 1]);
    let list = ends.join("; ");
    all.push(if against(lowest, highest) == Verdict::Differs {
        let spread = highest.value.unwrap_or(f64::NAN) - lowest.value.unwrap_or(f64::NAN);
        format!(
            "The end depends on the training data: Gibbs T* by training set: {list}. They spread over {spread:.2} in T; a flow that is drawn to T_c would end at one place."
        )
    } else {
        format!("The ends of the training sets cannot be told apart: Gibbs T* by training set: {list}.")
    });
    let flagged = SETS.iter().enumerate().filter(|(i, (set, _))| gibbs_not_thermal(found, set, *i)).count();
    all.push(format!(
        "In {flagged} of {} training sets the end of the Gibbs flow is not a thermal collection (Holm, {} % over the set's table): its P(T) is further from every reference curve than thermal collections are.",
        SETS.len(),
        100.0 * NOT_THERMAL
    ));
    if let (Some(first), Some(last)) = (found[0].snapshots.first(), found[0].snapshots.last()) {
        let at = |i: usize| {
            let seen: Vec<_> = found.iter().map(|f| &f.snapshots[i].flows[Mode::Gibbs].pooled).collect();
            crate::study::readings::t_star(&seen)
        };
        let (early, late) = (at(0), at(found[0].snapshots.len() - 1));
        let depends = against(&early, &late) == Verdict::Differs;
        all.push(format!(
            "{}: after {} epochs on all temperatures the Gibbs flow ends at {}, after {} at {} (learning rate {}).",
            if depends { "It depends on the training" } else { "No dependence on the length of the training is seen" },
            first.epoch,
            show(&early),
            last.epoch,
            show(&late),
            *settings.torus.rbm.learning_rate
        ));
    }
    all
}
