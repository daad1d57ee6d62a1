//! A system with two critical points: does the RBM flow end at one of them?

mod crossing;
mod flows;
mod record;
mod samples;

use super::{Experiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Artifact, Error, Repetition, Run};
use crate::record::Record;
use crate::study::machines::{self, Fit};
use crate::study::modes::MODES;
use crate::study::readings::Observed;
use crate::study::samples::ThermalSet;
use crate::study::settings::Settings as Base;
use crate::study::thermometer;
use crate::study::torus;
use flows::{Eye, FlowFound, Seen};
use rayon::prelude::*;
use rgflow::flow::Mode;
use serde::{Deserialize, Serialize};

/// The experiment.
pub struct AshkinTeller;

const RECIPE: &str = include_str!("recipe.toml");

const ITEMS: &[Item] = &[Item {
    id: "sec5.two-points",
    title: "A system with two critical points: Ashkin-Teller",
    claim: "(an open question) where does the flow of a system with two critical points end?",
    keys: &["ashkin-teller."],
}];

/// Names of the training sets.
const SETS: [&str; 3] = ["all", "low", "high"];

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    ratio: f64,
    split: f64,
    crossing_sizes: [usize; 2],
    crossing_samples: usize,
    crossing_step: f64,
}

struct Settings {
    base: Base,
    own: Own,
}

impl Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let mut shared = table.clone();
        shared.remove("ashkin_teller");
        let mut base = torus::settings(&shared)?;
        base.rbm.snapshot_epochs.clear();
        let own: Own = crate::study::checks::own(table, "ashkin_teller")?;
        if !(own.ratio > 1.0 && own.ratio <= 100.0) {
            let ratio = own.ratio;
            return Err(format!("ashkin_teller.ratio = {ratio}: must be above 1 (two transitions) and at most 100"));
        }
        if !(own.split > 0.0 && own.split < base.samples.t_max) {
            return Err(format!("ashkin_teller.split = {}: must be between 0 and samples.t_max", own.split));
        }
        let [small, large] = own.crossing_sizes;
        if !(small >= 4 && large > small && large <= 128) {
            return Err(format!(
                "ashkin_teller.crossing_sizes = [{small}, {large}]: must be two sizes from 4 to 128 that rise"
            ));
        }
        if !(100..=1_000_000).contains(&own.crossing_samples) {
            return Err(format!("ashkin_teller.crossing_samples = {}: must be 100 to 1000000", own.crossing_samples));
        }
        if !(own.crossing_step > 0.0 && own.crossing_step * 4.0 <= base.samples.t_max) {
            return Err(format!(
                "ashkin_teller.crossing_step = {}: must be above 0 and at most a quarter of samples.t_max",
                own.crossing_step
            ));
        }
        Ok(Self { base, own })
    }

    /// Temperatures of a training set, by their place in the thermometer's.
    fn classes(&self, set: &str) -> Vec<usize> {
        let split = self.own.split;
        let within = |t: f64| match set {
            "low" => t <= split,
            "high" => t >= split,
            _ => true,
        };
        let temperatures = self.base.temperatures();
        (0..temperatures.len()).filter(|k| within(temperatures[*k])).collect()
    }
}

/// What one repetition found.
struct Findings {
    /// Critical temperatures of s (and t), and of the product s t; `None` where no crossing was found.
    critical: [Option<f64>; 2],
    /// Reference set, by temperature.
    thermal: Vec<Seen>,
    /// By training set.
    sets: Vec<SetFound>,
}

/// A training set: its mixture without any machine, and the flows by mode.
struct SetFound {
    null: Seen,
    flows: [FlowFound; 2],
}

impl Experiment for AshkinTeller {
    fn name(&self) -> &'static str {
        "ashkin-teller"
    }

    fn summary(&self) -> &'static str {
        "RBM flows of a system with two critical points: the Ashkin-Teller model with K4 > K"
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
            let (n, [_, large]) = (s.own.crossing_samples, s.own.crossing_sizes);
            let what = format!("ashkin_teller.crossing_samples = {n} of {large} x {large} sites");
            let crossing = Need::new(&[n, large, large], what, "take a smaller ashkin_teller.crossing_samples");
            s.base.needs().into_iter().chain([crossing]).collect()
        })
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let found = run.repetitions().par_iter().map(|r| repeat(r, &settings)).collect::<Result<Vec<_>, Error>>()?;
        Ok(record::record(&settings, &found))
    }
}

fn repeat(repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
    let (critical, flows) = rayon::join(|| crossing::stage(repetition, settings), || of_machines(repetition, settings));
    let (thermal, sets) = flows?;
    Ok(Findings { critical: critical?, thermal, sets })
}

fn of_machines(repetition: &Repetition, settings: &Settings) -> Result<(Vec<Seen>, Vec<SetFound>), Error> {
    let base = &settings.base;
    let samples = samples::stage(repetition, settings)?;
    let stage = thermometer::stage(repetition, base, &samples)?;
    let thermometer = thermometer::assemble(&stage, &samples, base, repetition.seed())?;
    let eye = Eye::new(settings, &samples, &stage, &thermometer)?;
    let machines =
        SETS.par_iter().map(|set| train(repetition, settings, &samples, set)).collect::<Result<Vec<_>, Error>>()?;
    let jobs: Vec<(usize, Mode)> = (0..SETS.len()).flat_map(|s| MODES.map(|mode| (s, mode))).collect();
    let flow = |(s, mode): &(usize, Mode)| flows::stage(repetition, &eye, &machines[*s], SETS[*s], *mode);
    let mut flows = jobs.par_iter().map(flow).collect::<Result<Vec<_>, Error>>()?.into_iter();
    let start = ThermalSet::read(&samples, "start")?;
    let mut sets = Vec::new();
    for set in SETS {
        let parts: Vec<_> = settings.classes(set).into_iter().map(|k| start.at(k)).collect();
        let pair = [flows.next(), flows.next()].map(|f| f.ok_or_else(|| Error::failure("a flow is missing")));
        let [gibbs, mean] = pair;
        sets.push(SetFound { null: eye.see(&parts)?, flows: [gibbs?, mean?] });
    }
    let reference = ThermalSet::read(&samples, "reference")?;
    let thermal = (0..base.temperatures().len()).map(|k| eye.see(&[reference.at(k)])).collect::<Result<_, Error>>()?;
    Ok((thermal, sets))
}

fn train(repetition: &Repetition, settings: &Settings, samples: &Artifact, set: &str) -> Result<Artifact, Error> {
    let base = &settings.base;
    let classes = settings.classes(set);
    let fit = Fit {
        name: set,
        // The spins t lie below the spins s.
        shape: [base.lattice.size, 2 * base.lattice.size],
        rbm: &base.rbm,
        updates: base.updates(1),
        snapshots: &[],
        inputs: &[samples],
        choice: &classes,
    };
    machines::fitted(repetition, &fit, || {
        let (data, test) = (ThermalSet::read(samples, "train")?, ThermalSet::read(samples, "test")?);
        Ok((data.first(&classes, data.per_temperature), test.first(&classes, test.per_temperature.min(200))))
    })
}
