//! Machines trained on sparse data: ground states, alone or with configurations of m = 0 from T = infinity; noise as
//! the cure.

mod data;
mod figures;
mod record;
mod sets;

use crate::artifact::Model;
use crate::study::costs;
use crate::study::flows::magnetisation;
use crate::study::likelihood::LikelihoodSpec;
use crate::study::prelude::*;
use crate::study::rbms::{self, MachineSpec};
use crate::study::settings::Epochs;
use crate::study::values::real;

/// The experiment `sparse`.
pub struct Sparse;

const RECIPE: &str = concat!(
    "# RBM flows of machines trained on sparse data: figures 4.16 to 4.18 of the thesis, and noise as the cure \
     (chapter 5).\n",
    "# Temperatures are in J/k_B. The values are those of the recipe of ising-2d where it has them.\n",
    include_str!("../../study/torus.toml"),
    include_str!("recipe.toml")
);

/// The data sets: ground states; with m = 0 from T = infinity.
const SETS: [&str; 2] = ["cold", "cold-hot"];

/// The table `sparse`.
#[derive(Clone, Debug, Deserialize)]
struct Data {
    each: usize,
    caps: Rising<Epochs>,
    noise: Rising<Tenths>,
}

real!(
    /// Probability that a spin is replaced.
    Tenths,
    |a| a > 0.0 && a <= 1.0 && (10.0 * a - (10.0 * a).round()).abs() < 1e-9,
    "must be a tenth from 0.1 to 1"
);

/// Settings of the experiment: the torus, the sparse sets, noise, epoch caps.
pub struct Settings {
    torus: Torus,
    data: Data,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let (mut torus, data) = (Torus::parse(table)?, values::part::<Data>(table, "sparse")?);
        if torus.rbm.patience == 0 {
            return Err("rbm.patience = 0: must be at least 1, the reconstruction cost stops the training".into());
        }
        let batch = *torus.rbm.batch;
        if !(batch..=100_000).contains(&data.each) {
            return Err(format!("sparse.each = {}: must be rbm.batch = {batch} to 100000", data.each));
        }
        let size = *torus.lattice.size;
        if size % 2 == 1 {
            return Err(format!("lattice.size = {size}: must be even, half of the spins are up where m = 0"));
        }
        torus.rbm.epochs = data.caps.last();
        Ok(Self { torus, data })
    }
}

impl Settings {
    /// Noise levels, zero first.
    fn noises(&self) -> Vec<f64> {
        std::iter::once(0.0).chain(values::plain(&self.data.noise)).collect()
    }
}

/// Findings for one machine.
struct Machine {
    /// Of the test set.
    likelihood: Likelihood,
    /// Epoch of the least reconstruction cost.
    epoch: f64,
    flows: ByMode<FlowFindings>,
    /// Flows of the snapshots, by epoch cap; only without noise.
    copies: Vec<ByMode<FlowFindings>>,
}

/// Findings of one repetition.
pub struct Findings {
    /// By set: readings of the training data themselves, and their P(m).
    nulls: Vec<(Observed, Vec<f64>)>,
    /// Machines by set and noise.
    machines: Vec<Vec<Machine>>,
    /// P(m) of the start temperatures.
    start: Vec<Vec<f64>>,
}

impl Experiment for Sparse {
    type Settings = Settings;
    type Findings = Findings;

    const ABOUT: About = About {
        name: "sparse",
        summary: "RBM flows of machines trained on ground states and other sparse data, and noise as the cure (thesis \
            figs 4.16-4.18)",
        recipe: RECIPE,
        ..About::DEFAULT
    };

    fn needs(&self, settings: &Settings) -> Vec<Need> {
        let (each, size) = (settings.data.each, *settings.torus.lattice.size);
        let what = format!("sparse.each = {each} of {size} x {size} spins");
        let sets = Need::new(&[3, each, size, size], what, "take a smaller sparse.each");
        settings.torus.needs().into_iter().chain([sets]).collect()
    }

    fn plan(&self, settings: &Settings) -> Plan {
        let torus = &settings.torus;
        let mut plan = costs::study(torus);
        for (set, noise) in SETS.iter().flat_map(|set| settings.noises().into_iter().map(move |noise| (set, noise))) {
            let (name, caps) = named(settings, set, noise);
            let updates = data::rows(settings, set) / *torus.rbm.batch;
            let last = caps.iter().copied().max();
            // Without snapshots the cost stops the training, after some tens of epochs.
            let usual = if last.is_some() { 1.0 } else { costs::usual_share(*torus.rbm.epochs, torus.rbm.patience) };
            let epochs = last.unwrap_or(0).max((usual * *torus.rbm.epochs as f64) as usize);
            plan =
                plan.and(costs::machine(&name, torus.lattice.size.pow(2), &torus.rbm, updates * epochs)).usually(usual);
            plan = plan.and(costs::flows_of_torus(torus, &name, &torus.rbm, None));
            plan = plan.and(costs::likelihood(torus, &name, None, 1));
            let copies = caps.iter().map(|epoch| costs::flows_of_torus(torus, &name, &torus.rbm, Some(*epoch)));
            plan = copies.fold(plan, Plan::and);
        }
        plan
    }

    fn repeat(&self, repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
        let study = Study::new(repetition, &settings.torus)?;
        let noises = settings.noises();
        let of_set = |set: &&str| {
            noises.par_iter().map(|noise| machine(&study, settings, set, *noise)).collect::<Result<Vec<_>, Error>>()
        };
        let machines = SETS.par_iter().map(of_set).collect::<Result<_, Error>>()?;
        let null = |set: &&str| {
            let data = data::training(repetition.seed(), settings, set, 0.0);
            Ok((study.observe(&[data.view()])?, magnetisation(data.view())))
        };
        let nulls = SETS.iter().map(null).collect::<Result<_, Error>>()?;
        let start = study.set("start")?;
        let start = settings.torus.all().into_iter().map(|t| magnetisation(start.at(t))).collect();
        Ok(Findings { nulls, machines, start })
    }

    fn record(&self, settings: &Settings, found: &[Findings]) -> Result<Record, Error> {
        Ok(record::record(settings, found))
    }
}

/// Name of the machine of a set with noise, and the epochs of its snapshots.
fn named(settings: &Settings, set: &str, noise: f64) -> (String, Vec<usize>) {
    let name = if noise > 0.0 { format!("{set}-noise-{noise}") } else { set.to_string() };
    (name, if noise == 0.0 { values::plain(&settings.data.caps) } else { Vec::new() })
}

fn machine(study: &Study, settings: &Settings, set: &str, noise: f64) -> Result<Machine, Error> {
    let (name, caps) = named(settings, set, noise);
    let spec = MachineSpec {
        name: &name,
        shape: [*settings.torus.lattice.size; 2],
        rbm: &settings.torus.rbm,
        updates: data::rows(settings, set) / *settings.torus.rbm.batch,
        snapshots: &caps,
        inputs: &[],
        data_key: (set, noise, settings.data.each, data::REVISION),
    };
    let machine = rbms::fitted(study.repetition, &spec, || {
        let data = data::training(study.repetition.seed(), settings, set, noise);
        // As in the thesis, the test set is drawn in the same way. At T = 0 it contains nothing that the training has
        // not seen.
        let test = data::test(study.repetition.seed(), settings, set, noise);
        Ok((data, test))
    })?;
    let flows = study.flows(&machine, &name, None)?;
    let copies = caps.par_iter().map(|epoch| study.flows(&machine, &name, Some(*epoch)));
    let copies = copies.collect::<Result<_, Error>>()?;
    // The law of these sets is not a thermal one: no KL.
    let (extents, temperatures) = ([*settings.torus.lattice.size; 2], &[][..]);
    let worth = LikelihoodSpec { name: &name, epoch: None, machine: &machine, inputs: &[], extents, temperatures };
    let test = || Ok(data::test(study.repetition.seed(), settings, set, noise));
    let likelihood = worth.find(study.repetition, test)?;
    Ok(Machine { likelihood, epoch: epoch(&machine, &rbms::file(&name, None), spec.updates)?, flows, copies })
}

/// Epoch of the snapshot chosen by a training.
fn epoch(machine: &Artifact, file: &str, updates: usize) -> Result<f64, Error> {
    let model = Model::load(machine.path(file))?;
    let update = model.metadata.get("updates").and_then(serde_json::Value::as_u64);
    update
        .map(|update| update as f64 / updates as f64)
        .ok_or_else(|| Error::failure(format!("{file} does not say how many updates made it")))
}
