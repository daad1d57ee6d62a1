//! Record of `ising-2d`: question, results compared with the null, sections with figures and tables.

use super::figures::Figures;
use super::quantities::Quantities;
use super::tables::{
    NOT_THERMAL, couplings_table, flow_tables, gibbs_not_thermal, set_title, summary, thermometer_table,
};
use super::{Findings, SETS, Settings};
use crate::study::prelude::*;

/// Assembles the record.
pub(super) fn record(settings: &Settings, found: &[Findings]) -> Record {
    let over = Repeated::new("ising-2d", found);
    let q = Quantities::new(settings, &over);
    let figures = Figures { settings, over: &over, q: &q, temperatures: settings.torus.temperatures() };
    let mut record = Record::new(
        "ising-2d",
        "The RBM flow of the 2D Ising model",
        format!(
            "A restricted Boltzmann machine is trained on {0}x{0} Ising configurations and iterated, v \u{2192} \
             h \u{2192} v; a perceptron reads the temperature of each step. Does the flow end at the critical \
             temperature T_c = 2.269, as the thesis reports (figs 4.5-4.9), and does it do so because of the machine?",
            settings.torus.lattice.size
        ),
    );
    q.list(&mut record);
    record.claims = claims(&q, found);
    record.answers = answers(settings, &q);
    record.summary = summary(settings, &q, found);
    let tables = |sets: &[&str]| {
        let chosen = SETS.iter().enumerate().filter(|(_, (set, _))| sets.contains(set));
        chosen.flat_map(|(s, _)| flow_tables(&q, found, s)).collect::<Vec<_>>()
    };
    let trained =
        |title: &str, figure, sets: &[&'static str]| Section::new(title).figures([figure]).tables(tables(sets));
    record.sections =
        vec![
        Section::new("The thermometer")
            .text("A perceptron gives P(T | configuration); averaged over a collection it gives the curve P(T). T* is \
                the temperature whose reference curve is nearest, argmin over T of KL(P || P_ref(T)); it is a \
                temperature only if the divergence that is left is what thermal collections show.")
            .figures([figures.thermal()])
            .tables([thermometer_table(&q)]),
        trained(
            "Trained on all temperatures",
            figures.ends(
                "fig4.6",
                "Thesis fig 4.6: RBM trained on all temperatures",
                "The thesis sees all curves converge to about T = 2.5.",
                &["all"],
            ),
            &["all"],
        )
        .texts(q.machines.standings()),
        trained(
            "Trained on low or on high temperatures",
            figures.ends(
                "fig4.7",
                "Thesis fig 4.7: RBMs trained on T <= 2.5 and on T >= 2.0",
                "The thesis sees both end near T_c.",
                &["low", "high"],
            ),
            &["low", "high"],
        ),
        trained(
            "Trained without the critical region",
            figures.ends(
                "fig4.8",
                "Thesis fig 4.8: RBM trained without 1.75 ... 2.75",
                "The thesis sees the flow end near T = 2.",
                &["gap"],
            ),
            &["gap"],
        ),
        trained(
            "Control: trained on only T = 0 and T = 6",
            figures.ends(
                "fig-extremes",
                "Control: RBM trained on only T = 0 and T = 6",
                "No critical configuration was ever shown to this machine.",
                &["extremes"],
            ),
            &["extremes"],
        ),
        Section::new("The machines as Ising models")
            .text("ln p(v) of a machine is that of an Ising model with effective couplings J_ij = 2^-N sum over v of \
                v_i v_j ln p(v), and of terms of three and more spins. K_eff is their mean over nearest neighbours \
                and T_eff = 1/K_eff a temperature that needs neither thermometer nor flow.")
            .figures([figures.couplings()])
            .tables([couplings_table(&q)]),
        Section::new("RG flow beside RBM flow")
            .figures(figures.block_spins().into_iter().chain([figures.flows(), figures.all_flows()])),
        Section::new("Along the flow, and along the training")
            .figures(figures.by_step().into_iter().chain(figures.by_epoch())),
        Section::new("What it looks like").figures([figures.lattices(), figures.attractors()]),
    ];
    record
}

/// The claims on figures 3.4 and 4.5 to 4.9.
fn claims(q: &Quantities, found: &[Findings]) -> Vec<Claim> {
    let blocked = |b: usize, steps: usize| {
        let place = found[0].thermal.blocked.iter().position(|blocked| (blocked.b, blocked.steps) == (b, steps));
        place.map(|i| &q.blocked[i])
    };
    let claim = |states: String, number: Option<&_>| match number {
        Some(number) => Claim::of("fig3.4", states, number),
        None => Claim::left_out("fig3.4", states),
    };
    let mut all = Vec::new();
    for (words, steps) in [
        ("block spins, b = {b}: fraction of starts that leave T_c = 1", 1),
        ("blocked twice, b = {b}: fraction that leave T_c = 1", 2),
    ] {
        all.extend([2, 3].map(|b| claim(words.replace("{b}", &b.to_string()), blocked(b, steps).map(|of| &of.away))));
    }
    all.extend([2, 3].map(|b| {
        let fixed_point = blocked(b, 2).and_then(|of| of.fixed_point.as_ref());
        claim(format!("matching leaves T_c = 2.269 where it is, b = {b}"), fixed_point)
    }));
    let [middle, low] = &q.distinguishable;
    all.push(Claim::of("fig4.5", "curves told apart (fraction of neighbours)", middle));
    all.push(Claim::of("fig4.5", "but for the lowest (fraction of neighbours)", low));
    let of_machine = |machine: usize, item: &str, states: &str| {
        let s = machine % SETS.len();
        // The machines of the thesis's recipe are named by their set alone.
        let by = if machine == s { String::new() } else { format!(", {}", q.machines.by(machine)) };
        MODES.map(|mode| {
            let end = q.flows.ends.t_star.at((machine, mode));
            Claim::of(item, format!("{states} ({}{by})", mode.name()), end).with_null(q.null.t_star.at(s))
        })
    };
    for (s, item, states) in [
        (0, "fig4.6", "trained on all T: ends at about T = 2.5"),
        (1, "fig4.7", "trained on T <= 2.5: ends near T_c"),
        (2, "fig4.7", "trained on T >= 2.0: ends near T_c"),
        (3, "fig4.8", "trained without 1.75 ... 2.75: ends near T = 2"),
    ] {
        all.extend(q.machines.of_set(s).flat_map(|machine| of_machine(machine, item, states)));
    }
    all.extend(q.machines.of_set(0).flat_map(|machine| MODES.map(|mode| (machine, mode))).map(|(machine, mode)| {
        let by = if machine == 0 { String::new() } else { format!(", {}", q.machines.by(machine)) };
        let text = format!("trained on all T: fraction of starts that approach T_c = 1 ({}{by})", mode.name());
        Claim::of("fig4.9", text, q.towards.at((machine, mode)))
    }));
    all
}

fn answers(settings: &Settings, q: &Quantities) -> Vec<String> {
    let ends = &q.flows.ends.t_star;
    let gibbs = ends.at((0, Mode::Gibbs));
    let (mixture, critical) = (q.null.t_star.at(0), Temperature::CRITICAL.value());
    let about = |end: &crate::record::Number| end.verdict_at(2.5, 0.0, ABOUT).word();
    let of_all = |machine: usize| {
        let [gibbs, mean] = MODES.map(|mode| ends.at((machine, mode)));
        format!(
            "Trained on all temperatures by {}, {} nats from the data (KL), the Gibbs flow ends at T* = {gibbs}, the \
             mean-field flow at {mean}. The thesis says about 2.5 (allowed: {ABOUT}): Gibbs {}, mean field {}.",
            q.machines.by(machine),
            q.likelihoods.kl.at(machine),
            about(gibbs),
            about(mean)
        )
    };
    let mut all: Vec<String> = q.machines.of_set(0).map(of_all).collect();
    if let Some(value) = mixture.value {
        let same = gibbs.verdict_against(mixture) == Verdict::Agrees;
        all.push(format!(
            "The null: the training mixture itself, without any machine, reads T* = {mixture}{}; {:.3} away from T_c, \
             the Gibbs flow {:.3}.",
            if same { ", which the flow's end cannot be told from" } else { ", which differs from the flow's end" },
            (value - critical).abs(),
            (gibbs.get() - critical).abs()
        ));
    }
    for machines in q.machines.trainings() {
        let list =
            machines.clone().map(|m| format!("{} {}", set_title(SETS[m % SETS.len()].0), ends.at((m, Mode::Gibbs))));
        let (list, by) = (list.collect::<Vec<_>>().join("; "), q.machines.by(machines.start));
        let mut sorted: Vec<_> = machines.map(|m| ends.at((m, Mode::Gibbs))).collect();
        sorted.sort_by(|a, b| a.get().total_cmp(&b.get()));
        let (lowest, highest) = (sorted[0], sorted[sorted.len() - 1]);
        all.push(if lowest.verdict_against(highest) == Verdict::Differs {
            format!(
                "The end depends on the training data: Gibbs T* by training set ({by}): {list}. They spread over {:.2} \
                 in T; a flow that is drawn to T_c would end at one place.",
                highest.get() - lowest.get()
            )
        } else {
            format!("The ends of the training sets cannot be told apart: Gibbs T* by training set ({by}): {list}.")
        });
    }
    let flagged = q.set.places().filter(|s| gibbs_not_thermal(q, *s)).count();
    all.push(format!(
        "In {flagged} of {} training sets the end of the Gibbs flow is not a thermal collection (Holm, {} % over the \
         set's table): its P(T) is further from every reference curve than thermal collections are.",
        SETS.len(),
        100.0 * NOT_THERMAL
    ));
    if !q.epoch.is_empty() {
        let last = q.epoch.len() - 1;
        let [early, late] = [0, last].map(|e| q.by_epoch.at((e, Mode::Gibbs)));
        let depends = early.verdict_against(late) == Verdict::Differs;
        all.push(format!(
            "{}: after {} epochs on all temperatures the Gibbs flow ends at {early}, after {} at {late} ({}, learning \
             rate {}).",
            if depends { "It depends on the training" } else { "No dependence on the length of the training is seen" },
            q.epoch.word(0),
            q.epoch.word(last),
            q.machines.by(0),
            settings.torus.rbm.learning_rate
        ));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::findings::{Blocked, SnapshotFindings, ThermalFindings};
    use super::*;
    use crate::study::couplings::Effective;
    use crate::study::memory::Memory;
    use crate::study::readings::fabricated::{check, flow, likelihood, observed, settings, verdicts};

    #[test]
    fn a_record_says_each_number_once() {
        let settings: Settings = settings(crate::study::settings::RECIPE, &["rbm.snapshot_epochs=[1, 2]"]);
        let names = SETS.iter().flat_map(|(set, _)| [set.to_string(), format!("{set}-redrawn")]);
        let second = SETS.iter().map(|(set, _)| format!("{set}-tempering"));
        let names: Vec<String> = names.chain(["untrained".into()]).chain(second).collect();
        // T* is the position in this list, plus one half for the mean field.
        let flows = names.iter().zip(1..).map(|(name, i)| {
            let t = f64::from(i);
            (name.clone(), ByMode::of(flow(t), flow(1.5 * t)))
        });
        let effective = names.iter().zip(1..).map(|(name, i)| {
            let k = f64::from(i);
            let by_distance = vec![(1.0, (k, 0.0625)), (2.0, (0.125, 0.0625))];
            (
                name.clone(),
                Effective { k_eff: (k, 0.0625), t_eff: Some((8.0 * k, 0.5)), by_distance, more: (k / 16.0, 0.0) },
            )
        });
        let thermal = |base: f64| (0..5).map(|k| observed(base + 1.5 * f64::from(k))).collect::<Vec<_>>();
        let blocked = [(2, 1), (3, 1), (2, 2), (3, 2)].map(|(b, steps)| Blocked {
            b,
            steps,
            // Every start moves away from T_c.
            observed: [0.0, 1.0, 4.0, 5.5, 7.0].map(observed).into(),
            n_eff: vec![50.0; 5],
            start_difference_z: f64::from(b as u32) / 4.0,
        });
        let found = Findings {
            thermal: ThermalFindings {
                test_cross_entropy: (1.25, 0.0625),
                best_epoch: 3,
                reference: thermal(0.25),
                reference_n_eff: vec![60.0; 5],
                start: thermal(0.5),
                nulls: (0..5).map(|s| observed(2.5 + f64::from(s))).collect(),
                blocked: blocked.into(),
                start_difference_z: 1.5,
            },
            flows: flows.collect(),
            likelihoods: (0..10).map(|s| f64::from(s) + 0.5).map(|x| likelihood(-x, x / 4.0)).collect(),
            // Chains of the second machines are too slow for flows of 16 steps.
            memories: (0..10).map(|s| Memory { tau: [0.5, 3.0][s / 5], error: Some(0.0625) }).collect(),
            effective: effective.collect(),
            snapshots: [1usize, 2]
                .map(|epoch| SnapshotFindings { epoch, flows: ByMode::of(flow(epoch as f64), flow(7.0)) })
                .into(),
        };
        let found = [found];
        let output = record(&settings, &found);
        let values = [
            ("ising-2d.samples.T1.5.energy", -1.75),
            ("ising-2d.thermometer.test_cross_entropy", 1.25),
            ("ising-2d.thermometer.T3.T_star", 3.5),
            ("ising-2d.rbm.low.null.T_star", 3.5),
            ("ising-2d.rbm.low.log_likelihood", -1.5),
            ("ising-2d.rbm.gap.kl", 0.875),
            ("ising-2d.rbm.all.gibbs.T_star", 1.0),
            ("ising-2d.rbm.all.redrawn.gibbs.T_star", 2.0),
            ("ising-2d.rbm.low.mean.T_star", 4.5),
            ("ising-2d.rbm.extremes.redrawn.mean.T_E", 15.125),
            ("ising-2d.rbm.untrained.gibbs.kl", 2.75),
            ("ising-2d.rbm.high.gibbs.relaxation", 20.0),
            ("ising-2d.rbm.gap.gibbs.from.T4.5.T_star", 10.0),
            ("ising-2d.rbm.gap.T_eff", 56.0),
            ("ising-2d.rbm.gap.redrawn.K_eff", 8.0),
            ("ising-2d.rbm.all.epochs.2.gibbs.T_star", 2.0),
            ("ising-2d.rbm.all.epochs.1.mean.T_star", 7.0),
            ("ising-2d.rg.b3.start_difference_z", 0.75),
            ("ising-2d.rg.b2x2.from.T3.T_star", 4.0),
            ("ising-2d.rg.b2.away", 1.0),
            ("ising-2d.samples.start_difference_z", 1.5),
            ("ising-2d.rbm.all.tempering.gibbs.T_star", 12.0),
            ("ising-2d.rbm.low.tempering.mean.T_star", 19.5),
            ("ising-2d.rbm.gap.tempering.kl", 2.125),
            ("ising-2d.rbm.high.tempering.log_likelihood", -7.5),
            ("ising-2d.rbm.extremes.tempering.K_eff", 16.0),
            ("ising-2d.rbm.high.tempering.gibbs.from.T4.5.T_star", 17.0),
            ("ising-2d.rbm.gap.tau", 0.5),
            ("ising-2d.rbm.gap.tempering.tau", 3.0),
        ];
        let figures = [
            "fig4.5",
            "fig4.6",
            "fig4.7",
            "fig4.8",
            "fig-extremes",
            "fig4.6-couplings",
            "fig3.4",
            "fig4.9",
            "fig4.9-flows",
            "t-star-by-step",
            "energy-by-step",
            "abs-m-by-step",
            "t-star-by-epoch",
            "lattices",
            "attractors",
        ];
        check(&output, &values, &figures);
        let of_sets: Vec<&str> = verdicts(&output)[8..24].to_vec();
        // all: 1 and 1.5 against 2.5; low: 3, 4.5 and high: 5, 7.5 against T_c; gap: 7, 10.5 against 2; the second
        // machines are hotter.
        assert_eq!(of_sets, ["differs"; 16]);
        assert_eq!(&verdicts(&output)[..4], ["agrees"; 4]);
        let keys = |i: usize| (output.claims[i].number.as_str(), output.claims[i].null.as_deref());
        assert_eq!(keys(8), ("ising-2d.rbm.all.gibbs.T_star", Some("ising-2d.rbm.all.null.T_star")));
        assert_eq!(keys(11), ("ising-2d.rbm.all.tempering.mean.T_star", Some("ising-2d.rbm.all.null.T_star")));
        // Machines of a set stand side by side, each with its training, its distance from the data and its standing.
        let cells = |table: &Table, row: usize, column: usize| crate::record::format::cell(&table.rows[row][column]);
        let summary = &output.summary;
        assert_eq!(
            [0, 1].map(|row| cells(summary, row, 0)),
            ["all temperatures, CD-1", "all temperatures, PCD-1 with tempering"]
        );
        assert_eq!([2, 3].map(|row| cells(summary, row, 6)), ["0.38(13)", "1.62(13)"]);
        let reached = &output.sections[1].tables[1];
        let own: Vec<String> = (1..5).map(|row| cells(reached, row, 6)).collect();
        assert_eq!(own, ["at its end", "-", "not at its end", "-"]);
        let without: Settings = crate::study::readings::fabricated::settings(
            crate::study::settings::RECIPE,
            &["rbm.snapshot_epochs=[1, 2]", "beside.method=\"none\""],
        );
        let output = record(&without, &found);
        assert!(output.numbers.iter().all(|number| !number.key.contains("tempering")));
        assert_eq!((output.summary.rows.len(), verdicts(&output).len()), (SETS.len(), 18));
    }
}
