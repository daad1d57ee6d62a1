//! The RBM flow of the 2D Ising model: chapter 4.3 of the thesis, figures 4.5 to 4.9, with nulls and controls.

mod all_flows;
mod block_spins;
mod blocked;
mod figures;
mod findings;
mod machines;
mod matching;
mod quantities;
mod record;
mod tables;
mod thermal;
mod thermometer;

use crate::study::couplings::{Effective, effective};
use crate::study::course::{self, Beside, Course};
use crate::study::memory::Memory;
use crate::study::prelude::*;
use crate::study::settings::{Configurations, Steps};
use crate::study::{costs, rbms, samples};
use findings::{SnapshotFindings, ThermalFindings};
use std::collections::BTreeMap;

/// Whether a temperature (first) belongs to a training set, given the highest temperature (second).
type Member = fn(f64, f64) -> bool;

/// The training sets: names and members.
const SETS: [(&str, Member); 5] = [
    ("all", |_, _| true),
    ("low", |t, _| t <= 2.5),
    ("high", |t, _| t >= 2.0),
    ("gap", |t, _| !(1.75..=2.75).contains(&t)),
    ("extremes", |t, last| t == 0.0 || t == last),
];

/// The experiment `ising-2d`.
pub struct Ising2d;

/// Settings of the experiment: those of every study of the torus, plus block spins, controls and second machines.
pub struct Settings {
    torus: Torus,
    flow: Flow,
    rg: Rg,
    /// Course of the second machine of each training set, if there is to be one.
    beside: Option<Course>,
}

/// A trained machine.
#[derive(Clone, Debug)]
struct Trained {
    /// Name in files and findings: `all`, `all-tempering`.
    name: String,
    /// Position of its training set.
    set: usize,
    /// Course towards the optimum; `None`: by the settings of `rbm`.
    course: Option<Course>,
}

/// Keys of the table `flow` that other studies do not have.
#[derive(Clone, Debug, Deserialize)]
struct Flow {
    control_steps: Steps,
    snapshot_steps: Steps,
    snapshot_chains: Configurations,
}

/// The table `rg`.
#[derive(Clone, Debug, Deserialize)]
struct Rg {
    block_spin: bool,
    twice_per_temperature: Within<20, 100_000>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let (torus, beside): (_, Beside) = (Torus::parse(table)?, values::part(table, "beside")?);
        let beside = beside.course(*torus.rbm.hidden, *torus.rbm.batch)?;
        let settings = Self { torus, flow: values::part(table, "flow")?, rg: values::part(table, "rg")?, beside };
        settings.torus.check_chains("flow.snapshot_chains", *settings.flow.snapshot_chains)?;
        for (name, set) in SETS {
            let n = settings.classes(set).len();
            if n < 2 {
                return Err(format!(
                    "samples.t_max and t_step: temperatures in the training set \"{name}\" = {n}: must be at least 2"
                ));
            }
        }
        Ok(settings)
    }
}

impl Settings {
    /// Positions of the temperatures of a training set.
    fn classes(&self, member: Member) -> Vec<usize> {
        let temperatures = self.torus.temperatures();
        let last = temperatures[temperatures.len() - 1];
        self.torus.classes(|t| member(t, last))
    }

    /// The trained machines: those of `rbm` in the order of [`SETS`], then the second ones.
    fn trained(&self) -> Vec<Trained> {
        let of = |course: Option<Course>| {
            SETS.iter().enumerate().map(move |(set, (name, _))| Trained {
                name: course.map_or(name.to_string(), |course| format!("{name}-{}", course.method)),
                set,
                course,
            })
        };
        of(None).chain(self.beside.into_iter().flat_map(|course| of(Some(course)))).collect()
    }

    /// Training of a machine in words: `CD-1`.
    fn by(&self, course: Option<Course>) -> String {
        course.map_or(self.torus.rbm.by(), |course| course::words(course.method, course.steps))
    }

    /// Epochs at which the training on all temperatures is examined, in the order of the recipe.
    fn snapshots(&self) -> Vec<usize> {
        values::plain(&self.torus.rbm.snapshot_epochs)
    }

    /// Sizes of the larger lattices that are blocked.
    fn blocked(&self) -> Vec<Need> {
        let t = self.torus.temperatures().len();
        let one = |key: &str, n: usize, b: usize, remedy| {
            let size = b * *self.torus.lattice.size;
            let what = format!("{key} = {n} of {size} x {size} spins at one of {t} temperatures");
            Need::new(&[n, size, size], what, remedy)
        };
        if !self.rg.block_spin {
            return Vec::new();
        }
        let (per, twice) = (*self.torus.samples.per_temperature, *self.rg.twice_per_temperature);
        vec![
            one("samples.per_temperature", per, 3, "take a smaller samples.per_temperature or rg.block_spin=false"),
            one("rg.twice_per_temperature", twice, 9, "take a smaller rg.twice_per_temperature or rg.block_spin=false"),
        ]
    }
}

/// Findings of one repetition.
pub struct Findings {
    thermal: ThermalFindings,
    /// Flows by machine (`all`, `all-redrawn`, `untrained` ...).
    flows: BTreeMap<String, ByMode<FlowFindings>>,
    /// Of the trained machines, in the order of [`Settings::trained`].
    likelihoods: Vec<Likelihood>,
    memories: Vec<Memory>,
    /// Machines as Ising models, by name.
    effective: BTreeMap<String, Effective>,
    snapshots: Vec<SnapshotFindings>,
}

impl Findings {
    fn flow(&self, machine: &str, mode: Mode) -> &FlowFindings {
        &self.flows[machine][mode]
    }
}

impl Experiment for Ising2d {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "ising-2d",
        summary: "RBM flow of the 2D Ising model beside the RG flow, with nulls and controls (thesis figs 4.5-4.9)",
        recipe: crate::study::settings::RECIPE,
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        settings.torus.needs().into_iter().chain(settings.blocked()).collect()
    }

    fn plan(&self, settings: &Settings) -> Plan {
        plan(settings)
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        repeat(repetition, settings)
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}

/// The stages of [`repeat`].
fn plan(settings: &Settings) -> Plan {
    let (torus, snapshots) = (&settings.torus, settings.snapshots());
    let (weights, t) = (torus.lattice.size.pow(2) * *torus.rbm.hidden, torus.temperatures().len());
    let mut plan = costs::study(torus);
    for (name, per, steps) in
        [("blocked", *torus.samples.per_temperature, 1), ("blocked-twice", *settings.rg.twice_per_temperature, 2)]
    {
        let spins = [2, 3].map(|b: usize| (b.pow(steps) * *torus.lattice.size).pow(2)).iter().sum::<usize>() * per * t;
        if settings.rg.block_spin {
            plan = plan.stage("blocked", name, 1.3e-7 * spins as f64);
        }
    }
    let last = snapshots.iter().copied().max().unwrap_or(0);
    let trained = settings.trained();
    for Trained { name, set, course } in &trained {
        let last = if *set == 0 { last } else { 0 };
        plan = match course {
            None => plan.and(costs::machine_of_torus(torus, name, &torus.rbm, last)),
            Some(course) => plan.stage(
                "rbm-beside",
                format!("rbm/{name}"),
                course.seconds(weights / *torus.rbm.hidden, *torus.rbm.hidden),
            ),
        };
        plan = plan.and(costs::likelihood(torus, name, None, settings.classes(SETS[*set].1).len()));
    }
    plan = plan.stage("control", "rbm/untrained", 0.015);
    for (name, _) in SETS {
        plan = plan.stage("control", format!("rbm/{name}-redrawn"), 0.015);
    }
    plan = plan.stage("thermal", "thermal", 0.01 * t as f64 * if settings.rg.block_spin { 6.0 } else { 2.0 });
    let flows = |name: &str, steps: usize, chains: usize| costs::flows(name, [steps, chains, t], weights);
    let (long, short, chains) = (*torus.flow.steps, *settings.flow.control_steps, *torus.flow.chains);
    plan = plan.and(flows("untrained", short, chains));
    plan = trained.iter().fold(plan, |plan, machine| plan.and(flows(&machine.name, long, chains)));
    plan = SETS.iter().fold(plan, |plan, (name, _)| plan.and(flows(&format!("{name}-redrawn"), short, chains)));
    let (steps, chains) = (*settings.flow.snapshot_steps, *settings.flow.snapshot_chains);
    let snapshots = snapshots.iter().map(|epoch| flows(&format!("all-epoch-{epoch}"), steps, chains));
    snapshots.fold(plan, Plan::and)
}

/// A machine to be iterated.
struct Machine<'a> {
    name: String,
    artifact: &'a Artifact,
    steps: usize,
}

/// One repetition: samples -> thermometer and machines -> flows.
fn repeat(repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
    let (torus, snapshots) = (&settings.torus, settings.snapshots());
    let samples = samples::stage(repetition, torus)?;
    let machines = settings.trained();
    let trained = |Trained { name, set, course }: &Trained| {
        let temperatures = Temperatures::Some(settings.classes(SETS[*set].1));
        let machine = ThermalMachine { temperatures, ..ThermalMachine::new(torus, name) };
        match course {
            Some(course) => machine.ascend(course, repetition, &samples),
            None if *set == 0 => ThermalMachine { snapshots: &snapshots, ..machine }.train(repetition, &samples),
            None => machine.train(repetition, &samples),
        }
    };
    let train = || machines.par_iter().map(trained).collect::<Result<Vec<Artifact>, Error>>();
    let blocked = |steps: &usize| Ok((*steps, blocked::stage(repetition, settings, *steps)?));
    let steps: &[usize] = if settings.rg.block_spin { &[1, 2] } else { &[] };
    let block = || steps.par_iter().map(blocked).collect::<Result<Vec<(usize, Artifact)>, Error>>();
    let (study, (trained, blocked)) =
        rayon::join(|| Study::of(repetition, torus, samples.clone()), || rayon::join(train, block));
    let (study, trained, blocked) = (study?, trained?, blocked?);
    let untrained = rbms::untrained(repetition, torus)?;
    let redrawn = SETS
        .iter()
        .zip(&trained)
        .map(|((name, _), fitted)| rbms::redrawn(repetition, torus, fitted, name))
        .collect::<Result<Vec<_>, Error>>()?;
    let (long, short) = (*torus.flow.steps, *settings.flow.control_steps);
    let mut all = vec![Machine { name: "untrained".into(), artifact: &untrained, steps: short }];
    let named = machines.iter().zip(&trained);
    all.extend(named.map(|(machine, artifact)| Machine { name: machine.name.clone(), artifact, steps: long }));
    let controls = SETS.iter().zip(&redrawn);
    all.extend(controls.map(|((name, _), artifact)| Machine {
        name: format!("{name}-redrawn"),
        artifact,
        steps: short,
    }));
    let likelihood = |(Trained { name, set, .. }, machine): (&Trained, &Artifact)| {
        study.likelihood(machine, name, None, &settings.classes(SETS[*set].1))
    };
    let likelihoods = machines.par_iter().zip(&trained).map(likelihood).collect::<Result<_, Error>>()?;
    let memory = |(Trained { name, .. }, machine): (&Trained, &Artifact)| {
        let rbm = rbms::load(machine, &rbms::file(name, None))?;
        Ok(Memory::of(&rbm, repetition.streams().of(&format!("memory/{name}"))))
    };
    let memories = machines.par_iter().zip(&trained).map(memory).collect::<Result<_, Error>>()?;
    let effective = |machine: &Machine| {
        let (file, purpose) = (rbms::file(&machine.name, None), format!("couplings/{}", machine.name));
        let rbm = rbms::load(machine.artifact, &file)?;
        Ok((machine.name.clone(), effective(&rbm, &[*torus.lattice.size; 2], repetition.streams(), &purpose)?))
    };
    let effective = all.par_iter().map(effective).collect::<Result<_, Error>>()?;
    let flow = |machine: &Machine| {
        let flows =
            study.flows_of_length(machine.artifact, &machine.name, None, [machine.steps, *torus.flow.chains])?;
        Ok((machine.name.clone(), flows))
    };
    let snapshot = |epoch: &usize| {
        let lengths = [*settings.flow.snapshot_steps, *settings.flow.snapshot_chains];
        let flows = study.flows_of_length(&trained[0], "all", Some(*epoch), lengths)?;
        Ok(SnapshotFindings { epoch: *epoch, flows })
    };
    let (thermal, (flows, snapshots)) = rayon::join(
        || thermal::stage(&study, settings, &blocked),
        || {
            rayon::join(
                || all.par_iter().map(flow).collect::<Result<BTreeMap<_, _>, Error>>(),
                || snapshots.par_iter().map(snapshot).collect::<Result<Vec<_>, Error>>(),
            )
        },
    );
    let mut snapshots = snapshots?;
    snapshots.sort_unstable_by_key(|snapshot| snapshot.epoch);
    Ok(Findings { thermal: thermal?, flows: flows?, likelihoods, memories, effective, snapshots })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trainings_that_cannot_be_are_named() {
        assert_refused::<Ising2d>(&[
            ("beside.method=newton", "beside.method = \"newton\": must be \"none\", \"cd\", \"pcd\""),
            ("beside.method=exact", "beside.method = \"exact\": visits all states of rbm.hidden = 25 units"),
            ("beside.updates=5", "beside.updates = 5: must be 10 to"),
            ("beside.learning_rate=0.0", "beside.learning_rate = 0.0: must be a positive"),
        ]);
        let both = ["rbm.method=exact", "rbm.hidden=26"];
        let refused = changed::<Ising2d>(&both).err().expect("too many units");
        assert!(refused.starts_with("rbm.method = \"exact\": sums over"), "{refused}");
        assert!(changed::<Ising2d>(&["rbm.method=exact", "rbm.hidden=25"]).is_ok());
    }

    #[test]
    fn each_set_has_a_machine_by_each_training() {
        let names = |changes: &[&str]| {
            let settings = changed::<Ising2d>(changes).expect("settings");
            settings.trained().into_iter().map(|machine| (machine.name, machine.set)).collect::<Vec<_>>()
        };
        let both = names(&["beside.method=pcd"]);
        assert_eq!((both.len(), &both[1], &both[6]), (10, &("low".into(), 1), &("low-pcd".into(), 1)));
        assert_eq!(names(&["beside.method=none"]), both[..5]);
    }
}
