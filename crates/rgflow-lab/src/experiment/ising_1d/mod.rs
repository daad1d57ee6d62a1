//! The RBM flow of the 1D Ising model: chapter 4.2 of the thesis, figures 4.1 to 4.4, and the questions of its chapter
//! 5 that a machine of 8 + 4 units can answer exactly.

mod flows;
mod laws;
mod optima;
mod quantity;
mod settings;
mod stage;

use crate::study::costs;
use crate::study::prelude::*;
use quantity::Over;
use settings::Settings;
use stage::Findings;

/// The experiment `ising-1d`.
pub struct Ising1d;

impl Experiment for Ising1d {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "ising-1d",
        summary: "RBM flow of the 1D Ising model, exactly, beside the RG (thesis figs 4.1-4.4, chapter 5)",
        recipe: include_str!("recipe.toml"),
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let (n, t, spins) = (*settings.chain.per_temperature, settings.temperatures().len(), *settings.chain.spins);
        let what = format!("chain.per_temperature = {n} at {t} temperatures of {spins} spins");
        vec![Need::new(&[4, n, t, spins], what, "take a smaller chain.per_temperature")]
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let (chain, own, rbm) = (&settings.chain, &settings.thermometer, &settings.rbm);
        let (t, updates) = (settings.temperatures().len(), settings.updates_per_epoch());
        let layers = [*chain.spins, *own.hidden, t];
        let network = costs::network(*own.epochs as f64, t * *chain.per_temperature, &layers);
        // Trainings up to `rbm.epochs`: one for each set and penalty; up to the last snapshot: one for each rate.
        let short = (settings::SETS.len() + 2 * settings.penalties.strengths.len()) * *rbm.epochs;
        let long = settings.rates().len() * *rbm.snapshots.last();
        let products = (*rbm.batch * *chain.spins * *rbm.hidden * *rbm.cd_steps) as f64;
        let divergence = ((short + long) * updates) as f64 * (5e-6 + 2e-9 * products);
        let states = (1 << (*chain.spins + *rbm.hidden)) as f64;
        let exact = 3.0 * *settings.objectives.updates as f64 * (1e-5 + 3e-8 * states);
        Plan::new()
            .stage("thermometer", "thermometer", network)
            .stage("machines", "machines", divergence + exact + 1e-5 * (1u64 << (2 * *chain.spins)) as f64)
            .stage("optima", "optima", {
                let all = settings.optima.units.iter().map(|units| **units).sum::<usize>()
                    + 2 * settings.penalties.strengths.len() * *rbm.hidden;
                let products = ((all * *chain.spins) << *chain.spins) as f64;
                (*settings.optima.starts * *settings.objectives.updates) as f64 * (1e-5 + 2e-9 * products)
            })
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        stage::found(repetition, settings)
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        let over = Over::new("ising-1d", found);
        let question = format!(
            "A machine of {} + {} units is trained on configurations of a ring at many temperatures, at one, and \
             iterated. Where does the flow end, and is its end a thermal law or the mixture that it was trained on?",
            settings.chain.spins, settings.rbm.hidden
        );
        let mut record = Record::new("ising-1d", "The RBM flow of the 1D Ising model, exactly", question);
        flows::thermometer(&mut record, settings, &over)?;
        let mixture = flows::flows(&mut record, settings, &over);
        let plain = laws::training(&mut record, settings, &over, &mixture);
        optima::by_units(&mut record, settings, &over, &mixture);
        laws::divergences(&mut record, settings, &over, &mixture);
        laws::penalties(&mut record, settings, &over, &mixture, &plain);
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::settings::resolve;
    use crate::artifact::{Opened, Run, RunRequest, progress::Silent};
    use crate::record::testing::{check, verdicts};
    use crate::study::couplings::Effective;
    use crate::study::values::Settings as _;
    use rgflow::flow::{RingFlow, RingLaw, RingReading};
    use rgflow::rg::trace_condition::TraceCondition;
    use rgflow::statistics::Distances;
    use std::sync::Arc;

    #[test]
    fn trainings_reach_what_they_minimise() {
        let changes = [
            "chain.spins=5",
            "chain.t_step=1.0",
            "chain.per_temperature=200",
            "thermometer.epochs=5",
            "rbm.hidden=1",
            "rbm.epochs=4",
            "rbm.snapshots=[4]",
            "rbm.learning_rate=0.05",
            "penalties.strengths=[1.0]",
        ];
        let table = resolve(Ising1d::ABOUT.recipe, None, &changes.map(String::from)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let asked = RunRequest { experiment: "ising-1d", settings: &table, seeds: &[1] };
        let opened = Run::open(dir.path(), asked, false, Arc::new(Silent)).unwrap();
        let Opened::Work(run) = opened else { panic!("a new folder is no finished run") };
        let found = Ising1d.repeat(&run.repetitions()[0], &Settings::parse(&table).unwrap()).unwrap().stage;
        // Maximum likelihood comes closest to the mixture by KL(q, p), the reverse by KL(p, q).
        let [kl, reverse] = [0, 1].map(|o| found.objectives[o].mixture);
        assert!(kl.kl < reverse.kl && reverse.reverse_kl < kl.reverse_kl, "{kl:?} {reverse:?}");
        // A penalty that suppresses all weights leaves independent spins: E = 0 without biases, and no memory.
        let free = &found.penalties[1][0];
        assert!(free.relaxation.unwrap() < 0.5 && free.reading.energy.abs() < 0.05, "{free:?}");
        // The Gibbs flow ends at the machine's stationary law.
        let ends = found.flows[0][Mode::Gibbs].last(7).map(|end| end.energy - found.along[0][0].reading.energy);
        assert!(ends.into_iter().all(|apart| apart.abs() < 1e-6));
    }

    #[test]
    fn impossible_settings_are_named() {
        assert_refused::<Ising1d>(&[
            ("chain.spins=2", "chain.spins = "),
            ("chain.t_max=6.1", "chain.t_max = "),
            ("chain.t_step=nan", "chain.t_step = "),
            ("thermometer.epochs=0", "thermometer.epochs = "),
            ("thermometer.batch=1601", "thermometer.batch = "),
            ("rbm.hidden=9", "rbm.hidden = "),
            ("rbm.snapshots=[20, 1]", "rbm.snapshots = "),
            ("rbm.snapshots=[1, 2]", "rbm.snapshots = "),
            ("rbm.other_rates=[0.01]", "rbm.other_rates = "),
            ("rbm.batch=-1", "rbm.batch = "),
            ("flow.starts=[-1.0]", "flow.starts[0] = "),
            ("flow.doublings=0", "flow.doublings = "),
            ("objectives.learning_rate=0.0", "objectives.learning_rate = "),
            ("penalties.strengths=[]", "penalties.strengths = "),
        ]);
    }

    fn reading(t: f64) -> RingReading {
        let (bayes, t_energy) = (Some(t - 0.25), Some(t + 0.25));
        RingReading { curve: vec![0.2; 5], t_star: t, kl: 0.0, bayes, energy: -t / 4.0, t_energy }
    }

    fn law(t: f64) -> RingLaw {
        let far = |x: f64| Distances { kl: Some(x), reverse_kl: Some(2.0 * x), jensen_shannon: 4.0 * x };
        let (thermal, mixture) = ((t, far(t)), far(t / 8.0));
        RingLaw { reading: reading(t), thermal, mixture, relaxation: Some(16.0 * t), walls: vec![0.5, 0.25, 0.25] }
    }

    /// MachineFindings of a repetition; `more` is added to the values that vary.
    fn found(more: f64) -> Findings {
        let each = |n: u32, first: f64| (0..n).map(move |i| first + f64::from(i) + more);
        // Six starts, the first of which ends elsewhere.
        let flow = |t: f64| {
            let starts = (0..6).map(|k| vec![reading(1.0), reading(if k == 0 { t + 1.25 } else { t })]);
            RingFlow { starts: starts.collect(), ends: t as usize }
        };
        let effective =
            |t: f64| Effective { k_eff: (1.0 / t, 0.0), t_eff: Some((t, 0.0)), by_distance: vec![], more: (0.25, 0.0) };
        let trace = |variance: f64| Some(TraceCondition { variance, kl: 2.0 * variance });
        let stage = stage::MachineFindings {
            // In the second repetition T = 0 is taken for 0.5, and 2 for 1.5.
            nearest: if more > 0.0 { vec![1, 1, 2, 3, 3] } else { vec![0, 1, 2, 3, 4] },
            reference: vec![vec![0.2; 5]; 5],
            null: each(4, 1.5).map(reading).collect(),
            flows: each(4, 0.25).map(|t| ByMode::of(flow(t), flow(2.0 * t))).collect(),
            along: vec![each(2, 3.0).map(law).collect(), each(2, 5.0).map(law).collect()],
            objectives: [2.0, 2.25, 4.0].map(|t| law(t + more)).into(),
            penalties: [each(2, 20.0).map(law).collect(), each(2, 3.0).map(law).collect()],
            left: [vec![0, 1], vec![4, 4]],
        };
        let optima = optima::Optima {
            by_units: each(6, 1.0).map(law).collect(),
            penalised: [each(2, 30.0).map(|t| (law(t), 1)).collect(), each(2, 7.0).map(|t| (law(t), 4)).collect()],
        };
        Findings {
            stage,
            optima,
            effective: each(4, 2.0).map(effective).collect(),
            trace: vec![None, None, trace(0.5), trace(4.0)],
        }
    }

    #[test]
    fn a_record_says_each_number_once() {
        let changes = [
            "chain.spins=4",
            "chain.t_max=2.0",
            "chain.t_step=0.5",
            "rbm.snapshots=[1, 20]",
            "flow.starts=[1.0]",
            "penalties.strengths=[0.25, 0.5]",
        ];
        let settings = changed::<Ising1d>(&changes).unwrap();
        let output = Ising1d.record(&settings, &[found(0.0), found(0.125)]).unwrap();
        let values = [
            // No thermometer tells T = 0 from 0.5.
            ("ising-1d.thermometer.told_apart", 5.0 / 6.0),
            ("ising-1d.thermometer.told_apart_all", 0.8),
            ("ising-1d.rbm.cold.null.T_star", 2.5625),
            ("ising-1d.rbm.cold.null.bayes", 2.3125),
            ("ising-1d.rbm.warm.null.energy", -0.890625),
            ("ising-1d.rbm.warm.T_eff", 4.0625),
            ("ising-1d.rbm.warm.trace.variance", 0.5),
            ("ising-1d.rbm.hot.trace.kl", 8.0),
            ("ising-1d.rbm.cold.gibbs.T_star", 1.5625),
            ("ising-1d.rbm.cold.mean.T_star", 2.875),
            ("ising-1d.rbm.hot.mean.energy", -1.71875),
            ("ising-1d.rbm.hot.mean.spread", 1.25),
            ("ising-1d.rbm.hot.mean.ends", 6.0),
            ("ising-1d.law.rate0.01.epoch20.T_star", 4.0625),
            ("ising-1d.law.rate0.1.epoch1.T_E", 5.3125),
            ("ising-1d.law.rate0.1.epoch1.thermal.kl", 5.0625),
            ("ising-1d.law.rate0.1.epoch1.thermal.js", 20.25),
            ("ising-1d.law.rate0.1.epoch1.mixture.reverse_kl", 1.265625),
            ("ising-1d.law.rate0.1.epoch1.mixture_advantage", 17.71875),
            ("ising-1d.objective.reverse-kl.shift", 0.25),
            ("ising-1d.objective.jensen-shannon.relaxation", 65.0),
            ("ising-1d.penalty.l2.0.5.T_star", 4.0625),
            ("ising-1d.penalty.l1.shift", 17.0),
            ("ising-1d.units.3.T_star", 3.0625),
            ("ising-1d.optima.l2.0.5.units", 4.0),
            ("ising-1d.penalty.l1.0.5.units", 1.0),
        ];
        let figures = [
            "fig4.1",
            "fig4.2",
            "fig4.3",
            "fig4.4",
            "sec5.thermal",
            "sec5.units",
            "sec5.divergences",
            "sec5.penalties",
        ];
        check(&output, &values, &figures);
        // Two repetitions leave errors of 0.44 in T and 0.11 in energies: too much for figs 4.2 to 4.4.
        let (thermometer, ends, exact) = (["differs"], ["inconclusive"; 8], ["agrees"]);
        let one_end = ["differs"];
        let forgotten = ["agrees"];
        let questions = ["differs", "differs", "agrees", "depends", "left out", "depends", "agrees"];
        let all = [&thermometer[..], &ends, &one_end, &exact, &forgotten, &questions].concat();
        assert_eq!(verdicts(&output), all);
        // With L1 all temperatures are bounds; a set of several temperatures and the Gibbs flow lack some quantities.
        let number = |key: &str| output.number(&format!("ising-1d.{key}"));
        assert_eq!(number("penalty.l1.0.5.T_star").unwrap().interval, Some([Some(20.0), None]));
        assert!(number("rbm.all.trace.kl").is_none() && number("rbm.all.gibbs.ends").is_none());
        // One repetition has no error: only exact values are decided.
        let alone = Ising1d.record(&settings, &[found(0.0)]).unwrap();
        let decided = |verdict: &&&str| !["inconclusive", "left out", "not compared"].contains(*verdict);
        assert_eq!(verdicts(&alone).iter().filter(decided).count(), 1);
    }
}
