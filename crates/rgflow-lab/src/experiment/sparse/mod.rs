//! Machines trained on sparse data: the ground states, alone and with configurations of m = 0 from T = infinity; noise as the cure.

mod data;
mod record;

use super::{Experiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Artifact, Error, Model, Repetition, Run};
use crate::record::Record;
use crate::study::flows::magnetisation;
use crate::study::machines::Fit;
use crate::study::modes::MODES;
use crate::study::readings::{FlowFindings, Observed};
use crate::study::settings::Settings as Base;
use crate::study::torus::{self, Study};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The experiment.
pub struct Sparse;

const RECIPE: &str = concat!(
    "# RBM flows of machines trained on sparse data: figures 4.16 to 4.18 of the thesis, and noise as the cure (chapter 5).\n",
    "# Temperatures are in J/k_B. The values are those of the recipe of ising-2d where it has them.\n",
    include_str!("../../study/torus.toml"),
    include_str!("recipe.toml")
);

const ITEMS: &[Item] = &[
    Item {
        id: "fig4.16",
        title: "P(T) at the end of the flow, trained at T = 0",
        claim: "the flow ends at T = 0",
        keys: &["sparse.cold."],
    },
    Item {
        id: "fig4.17",
        title: "P(m) at the end of the flow, trained at T = 0",
        claim: "half the ends have m = +1, half m = -1",
        keys: &["sparse.cold.m."],
    },
    Item {
        id: "fig4.18",
        title: "Trained at T = 0 and on m = 0 from T to infinity",
        claim: "several fixed distributions in T and m",
        keys: &["sparse.cold-hot."],
    },
    Item {
        id: "sec5.noise",
        title: "Noise as the cure for sparse data",
        claim: "(proposed) noise on the training data removes the several fixed distributions",
        keys: &["sparse.noise."],
    },
];

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    each: usize,
    caps: Vec<usize>,
    noise: Vec<f64>,
}

struct Settings {
    base: Base,
    own: Own,
}

impl Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let mut base = torus::settings(table)?;
        let own: Own = crate::study::checks::own(table, "sparse")?;
        crate::study::checks::check_rising("sparse.caps", &own.caps, 100_000)?;
        if base.rbm.patience == 0 {
            return Err("rbm.patience = 0: must be at least 1, the reconstruction cost stops the training".into());
        }
        if !(base.rbm.batch..=100_000).contains(&own.each) {
            return Err(format!("sparse.each = {}: must be rbm.batch = {} to 100000", own.each, base.rbm.batch));
        }
        let noise = &own.noise;
        let tenths = |a: &f64| *a > 0.0 && *a <= 1.0 && (10.0 * a - (10.0 * a).round()).abs() < 1e-9;
        if noise.is_empty() || noise.windows(2).any(|w| w[0] >= w[1]) || !noise.iter().all(tenths) {
            return Err(format!("sparse.noise = {noise:?}: must be tenths from 0.1 to 1 that rise"));
        }
        if base.lattice.size % 2 == 1 {
            return Err(format!(
                "lattice.size = {}: must be even, half of the spins are up where m = 0",
                base.lattice.size
            ));
        }
        base.rbm.epochs = own.caps[own.caps.len() - 1];
        Ok(Self { base, own })
    }

    /// Noises: none first.
    fn noises(&self) -> Vec<f64> {
        std::iter::once(0.0).chain(self.own.noise.iter().copied()).collect()
    }
}

/// The data sets: ground states; with m = 0 from T = infinity.
const SETS: [&str; 2] = ["cold", "cold-hot"];

/// What one machine gave.
struct Machine {
    /// Epoch of the least reconstruction cost.
    epoch: f64,
    flows: [FlowFindings; 2],
    /// Flows of the copies, by cap.
    copies: Vec<[FlowFindings; 2]>,
}

/// Everything that one repetition found.
struct Findings {
    /// By set: the training data themselves, and their P(m).
    nulls: Vec<(Observed, Vec<f64>)>,
    /// By set and noise.
    machines: Vec<Vec<Machine>>,
    /// P(m) of the start temperatures.
    start: Vec<Vec<f64>>,
}

impl Experiment for Sparse {
    fn name(&self) -> &'static str {
        "sparse"
    }

    fn summary(&self) -> &'static str {
        "RBM flows of machines trained on ground states and other sparse data, and noise as the cure (thesis figs 4.16-4.18)"
    }

    fn recipe(&self) -> &'static str {
        RECIPE
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |s| {
            let (each, size) = (s.own.each, s.base.lattice.size);
            let what = format!("sparse.each = {each} of {size} x {size} spins");
            let sets = Need::new(&[3, each, size, size], what, "take a smaller sparse.each");
            s.base.needs().into_iter().chain([sets]).collect()
        })
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let found = run.repetitions().par_iter().map(|r| repeat(r, &settings)).collect::<Result<Vec<_>, Error>>()?;
        Ok(record::record(&settings, &found))
    }
}

/// Name of a machine in files: `cold`, `cold-noise-0.5`.
fn name(set: &str, noise: f64) -> String {
    if noise > 0.0 { format!("{set}-noise-{noise}") } else { set.to_string() }
}

fn repeat(repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
    let study = Study::new(repetition, &settings.base)?;
    let noises = settings.noises();
    let jobs: Vec<(usize, usize)> = (0..SETS.len()).flat_map(|s| (0..noises.len()).map(move |n| (s, n))).collect();
    let one = |(s, n): &(usize, usize)| machine(&study, settings, SETS[*s], noises[*n]);
    let mut made = jobs.par_iter().map(one).collect::<Result<Vec<_>, Error>>()?.into_iter();
    let machines = SETS.iter().map(|_| made.by_ref().take(noises.len()).collect()).collect();
    let null = |set: &&str| {
        let data = data::training(repetition.seed(), settings, set, 0.0);
        Ok((study.observe(&[data.view()])?, magnetisation(data.view())))
    };
    let nulls = SETS.iter().map(null).collect::<Result<_, Error>>()?;
    let start = study.set("start")?;
    let start = (0..settings.base.temperatures().len()).map(|t| magnetisation(start.at(t))).collect();
    Ok(Findings { nulls, machines, start })
}

fn machine(study: &Study, settings: &Settings, set: &str, noise: f64) -> Result<Machine, Error> {
    let (name, rows) = (name(set, noise), data::rows(settings, set));
    let caps: &[usize] = if noise == 0.0 { &settings.own.caps } else { &[] };
    let fit = Fit {
        name: &name,
        shape: [settings.base.lattice.size; 2],
        rbm: &settings.base.rbm,
        updates: rows / settings.base.rbm.batch,
        snapshots: caps,
        inputs: &[],
        choice: (set, noise, settings.own.each, data::REVISION),
    };
    let machine = study.fitted(&fit, || {
        let data = data::training(study.repetition.seed(), settings, set, noise);
        // The thesis's test set: as many of the same kind. At T = 0 there is nothing that the training has not seen.
        let test = data::test(study.repetition.seed(), settings, set, noise);
        Ok((data, test))
    })?;
    let file = format!("rbm/{name}/model.safetensors");
    let both = |file: &str, name: &str| -> Result<[FlowFindings; 2], Error> {
        let (a, b) =
            rayon::join(|| study.flow(&machine, file, name, MODES[0]), || study.flow(&machine, file, name, MODES[1]));
        Ok([a?, b?])
    };
    let flows = both(&file, &name)?;
    let copy = |epoch: &usize| {
        both(&format!("rbm/{name}/snapshots/epoch-{epoch}.safetensors"), &format!("{name}-epoch-{epoch}"))
    };
    let copies = caps.par_iter().map(copy).collect::<Result<_, Error>>()?;
    Ok(Machine { epoch: epoch(&machine, &file, fit.updates)?, flows, copies })
}

/// Epoch of the copy that a training chose.
fn epoch(machine: &Artifact, file: &str, updates: usize) -> Result<f64, Error> {
    let model = Model::load(machine.path(file))?;
    let update = model.metadata.get("updates").and_then(serde_json::Value::as_u64);
    update
        .map(|update| update as f64 / updates as f64)
        .ok_or_else(|| Error::failure(format!("{file} does not say how many updates made it")))
}
