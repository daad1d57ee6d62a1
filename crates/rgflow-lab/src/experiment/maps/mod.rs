//! How training and machine move the end of the flow: the plane of epochs and learning rate, and one axis at a time.

mod record;

use super::{Experiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Artifact, Error, Repetition, Run};
use crate::record::Record;
use crate::study::machines::Fit;
use crate::study::modes::MODES;
use crate::study::readings::{FlowFindings, Observed};
use crate::study::settings::{self, Settings as Base};
use crate::study::torus::{self, Study};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The experiment.
pub struct Maps;

const RECIPE: &str = concat!(
    "# Maps of T* of the end of the RBM flow over training and machine. Temperatures are in J/k_B.\n",
    "# The values are those of the recipe of ising-2d.\n",
    include_str!("../../study/torus.toml"),
    include_str!("recipe.toml")
);

const ITEMS: &[Item] = &[Item {
    id: "sec4.maps",
    title: "T* over epochs, learning rate, hidden units and CD steps",
    claim: "(not said: one training, one machine)",
    keys: &["maps."],
}];

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    epochs: Vec<usize>,
    learning_rates: Vec<f64>,
    hidden: Vec<usize>,
    cd_steps: Vec<usize>,
    at: usize,
}

struct Settings {
    base: Base,
    own: Own,
}

/// A machine and the epochs at which it is read.
struct Machine {
    name: String,
    rbm: settings::Rbm,
    epochs: Vec<usize>,
}

impl Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let base = torus::settings(table)?;
        let own: Own = crate::study::checks::own(table, "maps")?;
        crate::study::checks::check_rising("maps.epochs", &own.epochs, 100_000)?;
        crate::study::checks::check_rising("maps.hidden", &own.hidden, 10_000)?;
        crate::study::checks::check_rising("maps.cd_steps", &own.cd_steps, 1000)?;
        let rates = &own.learning_rates;
        if rates.windows(2).any(|w| w[0] >= w[1]) || !rates.iter().all(|r| *r > 0.0 && r.is_finite()) {
            return Err(format!("maps.learning_rates = {rates:?}: must be positive numbers that rise"));
        }
        let holds = |key: &str, values: String, holds: bool, one: &str, value: String| {
            if holds {
                Ok(())
            } else {
                Err(format!("{key} = {values}: must hold {one} = {value}, where the axes meet"))
            }
        };
        let rbm = &base.rbm;
        let text = |values: &[usize]| format!("{values:?}");
        holds(
            "maps.learning_rates",
            format!("{rates:?}"),
            rates.contains(&rbm.learning_rate),
            "rbm.learning_rate",
            rbm.learning_rate.to_string(),
        )?;
        holds(
            "maps.hidden",
            text(&own.hidden),
            own.hidden.contains(&rbm.hidden),
            "rbm.hidden",
            rbm.hidden.to_string(),
        )?;
        let steps = rbm.cd_steps;
        holds("maps.cd_steps", text(&own.cd_steps), own.cd_steps.contains(&steps), "rbm.cd_steps", steps.to_string())?;
        holds("maps.epochs", text(&own.epochs), own.epochs.contains(&own.at), "maps.at", own.at.to_string())?;
        Ok(Self { base, own })
    }

    /// All machines: those of the plane first, by learning rate.
    fn machines(&self) -> Vec<Machine> {
        let own = &self.own;
        let one = |name: String, epochs: &[usize], change: &dyn Fn(&mut settings::Rbm)| {
            let mut rbm = self.base.rbm.clone();
            rbm.epochs = epochs[epochs.len() - 1];
            change(&mut rbm);
            Machine { name, rbm, epochs: epochs.to_vec() }
        };
        let at = [own.at];
        let plane = own.learning_rates.iter();
        let mut machines: Vec<Machine> =
            plane.map(|rate| one(format!("rate-{rate}"), &own.epochs, &|rbm| rbm.learning_rate = *rate)).collect();
        let others = own.hidden.iter().filter(|n| **n != self.base.rbm.hidden);
        machines.extend(others.map(|n| one(format!("hidden-{n}"), &at, &|rbm| rbm.hidden = *n)));
        let others = own.cd_steps.iter().filter(|n| **n != self.base.rbm.cd_steps);
        machines.extend(others.map(|n| one(format!("cd-{n}"), &at, &|rbm| rbm.cd_steps = *n)));
        machines
    }
}

/// Everything that one repetition found.
struct Findings {
    /// The training mixture without any machine.
    null: Observed,
    /// By machine and epoch: the flows in both modes.
    flows: Vec<Vec<[FlowFindings; 2]>>,
}

impl Experiment for Maps {
    fn name(&self) -> &'static str {
        "maps"
    }

    fn summary(&self) -> &'static str {
        "Maps of the end of the RBM flow over epochs, learning rate, hidden units and CD steps (2D Ising)"
    }

    fn recipe(&self) -> &'static str {
        RECIPE
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn is_long(&self) -> bool {
        true
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |s| s.base.needs())
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let found = run.repetitions().par_iter().map(|r| repeat(r, &settings)).collect::<Result<Vec<_>, Error>>()?;
        Ok(record::record(&settings, &found))
    }
}

fn repeat(repetition: &Repetition, settings: &Settings) -> Result<Findings, Error> {
    let study = Study::new(repetition, &settings.base)?;
    let machines = settings.machines();
    let trained = machines.par_iter().map(|m| train(&study, m)).collect::<Result<Vec<Artifact>, Error>>()?;
    let flows = machines
        .par_iter()
        .zip(&trained)
        .map(|(machine, artifact)| {
            let flow = |epoch, mode| study.flow_at(artifact, &machine.name, epoch, mode);
            let both = |epoch: &usize| Ok([flow(*epoch, MODES[0])?, flow(*epoch, MODES[1])?]);
            machine.epochs.par_iter().map(both).collect::<Result<Vec<_>, Error>>()
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let start = study.set("start")?;
    let parts: Vec<_> = (0..settings.base.temperatures().len()).map(|t| start.at(t)).collect();
    Ok(Findings { null: study.observe(&parts)?, flows })
}

fn train(study: &Study, machine: &Machine) -> Result<Artifact, Error> {
    let fit = Fit {
        name: &machine.name,
        shape: [study.settings.lattice.size; 2],
        rbm: &machine.rbm,
        updates: study.settings.updates(1),
        snapshots: &machine.epochs,
        inputs: &[&study.samples],
        choice: "all",
    };
    study.fitted(&fit, || {
        let (data, test) = (study.set("train")?, study.set("test")?);
        let all: Vec<usize> = (0..study.settings.temperatures().len()).collect();
        Ok((data.spins, test.first(&all, test.per_temperature.min(200))))
    })
}
