//! The RBM flow of the 2D Ising model: chapter 4.3 of the thesis, figures 4.5 to 4.9, with nulls and controls.

mod blocked;
mod claims;
mod figures;
mod findings;
mod matching;
mod numbers;
mod story;
mod tables;
mod thermal;
mod together;

use super::{Experiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Artifact, Error, Repetition, Run};
use crate::record::Record;
use crate::study::couplings::{Effective, effective};
use crate::study::flows::{self, Bench, Job};
use crate::study::modes::MODES;
use crate::study::readings::FlowFindings;
use crate::study::settings::Settings;
use crate::study::{machines, samples, settings, thermometer};
use findings::{SnapshotFindings, ThermalFindings};
use rayon::prelude::*;
use rgflow::flow::Mode;
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

/// The experiment.
pub struct Ising2d;

/// Everything that one repetition found.
struct Findings {
    thermal: ThermalFindings,
    /// By machine (`all`, `all-redrawn`, `untrained` ...) and mode.
    flows: BTreeMap<(String, &'static str), FlowFindings>,
    /// By machine, as Ising models.
    effective: BTreeMap<String, Effective>,
    snapshots: Vec<SnapshotFindings>,
}

impl Findings {
    fn flow(&self, machine: &str, mode: Mode) -> &FlowFindings {
        &self.flows[&(machine.to_string(), mode.name())]
    }

    fn effective<'a>(found: &'a [Self], machine: &str) -> Vec<&'a Effective> {
        found.iter().map(|f| &f.effective[machine]).collect()
    }
}

impl Experiment for Ising2d {
    fn name(&self) -> &'static str {
        "ising-2d"
    }

    fn summary(&self) -> &'static str {
        "RBM flow of the 2D Ising model beside the RG flow, with nulls and controls (thesis figs 4.5-4.9)"
    }

    fn recipe(&self) -> &'static str {
        settings::RECIPE
    }

    fn items(&self) -> &'static [Item] {
        story::ITEMS
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        parse(table).map_or(vec![], |s| s.needs().into_iter().chain(s.blocked()).collect())
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = parse(table).map_err(Error::user)?;
        let found = run.repetitions().par_iter().map(|r| repeat(r, &settings)).collect::<Result<Vec<_>, Error>>()?;
        let mut numbers = numbers::all(&settings, &found);
        numbers.extend(claims::all(&settings, &found));
        Ok(story::record(&settings, &found, numbers))
    }
}

/// The settings, with two temperatures or more in each training set.
fn parse(table: &toml::Table) -> Result<Settings, String> {
    let settings = Settings::parse(table)?;
    for (name, set) in SETS {
        let n = settings.training_classes(set).len();
        if n < 2 {
            return Err(format!(
                "samples.t_max and t_step: temperatures in the training set \"{name}\" = {n}: must be at least 2"
            ));
        }
    }
    Ok(settings)
}

/// One repetition: samples -> thermometer and machines -> flows.
fn repeat(repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
    let samples = samples::stage(repetition, settings)?;
    let train = || {
        SETS.par_iter()
            .map(|(name, member)| {
                let snapshots = if *name == "all" { settings.rbm.snapshot_epochs.as_slice() } else { &[] };
                let classes = settings.training_classes(*member);
                machines::trained(repetition, settings, &samples, name, &classes, snapshots)
            })
            .collect::<Result<Vec<Artifact>, Error>>()
    };
    let blocked = |steps: &usize| Ok((*steps, blocked::blocked_stage(repetition, settings, *steps)?));
    let steps: &[usize] = if settings.rg.block_spin { &[1, 2] } else { &[] };
    let block = || steps.par_iter().map(blocked).collect::<Result<Vec<(usize, Artifact)>, Error>>();
    let (thermometer_stage, (trained, blocked)) =
        rayon::join(|| thermometer::stage(repetition, settings, &samples), || rayon::join(train, block));
    let (thermometer_stage, trained, blocked) = (thermometer_stage?, trained?, blocked?);
    let thermometer = thermometer::assemble(&thermometer_stage, &samples, settings, repetition.seed())?;
    let bench = Bench { settings, samples: &samples, thermometer_stage: &thermometer_stage, thermometer: &thermometer };

    let untrained = machines::untrained(repetition, settings)?;
    let redrawn = SETS
        .iter()
        .zip(&trained)
        .map(|((name, _), fitted)| machines::redrawn(repetition, settings, fitted, name))
        .collect::<Result<Vec<_>, Error>>()?;
    let (flow, file) = (&settings.flow, |name: &str| format!("rbm/{name}/model.safetensors"));
    let mut jobs = Vec::new();
    for mode in MODES {
        let mut add = |name: String, machine, file, steps, chains| {
            jobs.push(Job { name, machine, file, mode, steps, chains });
        };
        for (((name, _), fitted), control) in SETS.iter().zip(&trained).zip(&redrawn) {
            add(name.to_string(), fitted, file(name), flow.steps, flow.chains);
            let name = format!("{name}-redrawn");
            add(name.clone(), control, file(&name), flow.control_steps, flow.chains);
        }
        add("untrained".into(), &untrained, file("untrained"), flow.control_steps, flow.chains);
        for epoch in &settings.rbm.snapshot_epochs {
            let snapshot = format!("rbm/all/snapshots/epoch-{epoch}.safetensors");
            add(format!("all-epoch-{epoch}"), &trained[0], snapshot, flow.snapshot_steps, flow.snapshot_chains);
        }
    }
    let couplings = |job: &Job| {
        let purpose = format!("couplings/{}", job.name);
        let (rbm, extents) = (machines::load(job.machine, &job.file)?, [settings.lattice.size; 2]);
        Ok((job.name.clone(), effective(&rbm, &extents, repetition.streams(), &purpose)?))
    };
    // Both modes iterate the same machines.
    let once = jobs.par_iter().filter(|job| job.mode == MODES[0] && !job.name.contains("-epoch-"));
    let effective = once.map(couplings).collect::<Result<_, Error>>()?;
    let (thermal, flows) = rayon::join(
        || thermal::stage(repetition, &bench, &blocked),
        || {
            let flow = |job: &Job| Ok(((job.name.clone(), job.mode.name()), flows::stage(repetition, &bench, job)?));
            jobs.par_iter().map(flow).collect::<Result<BTreeMap<_, _>, Error>>()
        },
    );
    let mut flows = flows?;
    let mut snapshot = |epoch: usize, mode: Mode| {
        let key = (format!("all-epoch-{epoch}"), mode.name());
        flows.remove(&key).ok_or_else(|| Error::failure(format!("the flow {} was not made", key.0)))
    };
    let mut epochs = settings.rbm.snapshot_epochs.clone();
    epochs.sort_unstable();
    epochs.dedup();
    let snapshots = epochs
        .into_iter()
        .map(|epoch| {
            Ok(SnapshotFindings { epoch, mean: snapshot(epoch, Mode::Mean)?, gibbs: snapshot(epoch, Mode::Gibbs)? })
        })
        .collect::<Result<_, Error>>()?;
    Ok(Findings { thermal: thermal?, flows, effective, snapshots })
}
