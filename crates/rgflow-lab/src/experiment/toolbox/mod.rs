//! The tools of thesis chapter 2 and appendix A: activations, a neuron, optimisers, early stopping, architectures.

mod activations;
mod architecture;
mod machines;
mod machines_record;
mod record;
mod settings;
mod stage;

use super::{AnyExperiment, Item};
use crate::artifact::memory::Need;
use crate::artifact::{Error, Run};
use crate::record::Record;
use rayon::prelude::*;
use settings::Settings;

/// The experiment.
pub struct Toolbox;

const ITEMS: &[Item] = &[
    Item {
        id: "fig2.1",
        title: "Activations and their derivatives",
        claim: "Step, sigmoid and tanh saturate; ReLU, leaky ReLU and ELU do not on the right",
        keys: &["toolbox.activations."],
    },
    Item {
        id: "fig2.2",
        title: "Training and test error, and where to stop",
        claim: "The training error keeps falling while the test error passes a minimum, where the training is to be stopped",
        keys: &["toolbox.stopping."],
    },
    Item {
        id: "fig2.3",
        title: "Architecture of a multilayer perceptron",
        claim: "Layers without connections within them; a layer acts on the next one alone",
        keys: &["toolbox.parameters.mlp"],
    },
    Item {
        id: "fig2.4",
        title: "Architecture of a restricted Boltzmann machine",
        claim: "Connections between visible and hidden units alone",
        keys: &["toolbox.parameters.rbm"],
    },
    Item {
        id: "sec2.2.1",
        title: "A single neuron tells ordered from disordered configurations",
        claim: "After sufficient updates the neuron acts as a (rough) classifier",
        keys: &["toolbox.neuron."],
    },
    Item {
        id: "sec2.2.3",
        title: "All optimisers on one problem",
        claim: "Batches, momentum and Adam need fewer sweeps than the full gradient",
        keys: &["toolbox.optimisers."],
    },
    Item {
        id: "sec2.4.1",
        title: "A Boltzmann machine at work",
        claim: "The couplings follow the difference of the clamped and the free phase, until the machine's law is that of the data",
        keys: &["toolbox.boltzmann."],
    },
    Item {
        id: "sec2.4.2",
        title: "A restricted Boltzmann machine as a generator",
        claim: "From a random start iterate to equilibrium, then sample with a spacing: independent samples of the machine's law",
        keys: &["toolbox.generator."],
    },
];

impl AnyExperiment for Toolbox {
    fn name(&self) -> &'static str {
        "toolbox"
    }

    fn summary(&self) -> &'static str {
        "Activations, a neuron, optimisers and early stopping at work (thesis chapter 2)"
    }

    fn recipe(&self) -> &'static str {
        include_str!("recipe.toml")
    }

    fn items(&self) -> &'static [Item] {
        ITEMS
    }

    fn check(&self, table: &toml::Table) -> Result<(), String> {
        Settings::parse(table).map(|_| ())
    }

    fn needs(&self, table: &toml::Table) -> Vec<Need> {
        Settings::parse(table).map_or(vec![], |s| {
            let d = &s.data;
            let (n, t, sites) = (d.train.saturating_add(d.test), d.temperatures.len(), d.size * d.size);
            let what = format!("data.train + data.test = {n} at {t} temperatures of {sites} spins");
            vec![Need::new(&[4, n, t, sites], what, "take fewer configurations")]
        })
    }

    fn run(&self, table: &toml::Table, run: &Run) -> Result<Record, Error> {
        let settings = Settings::parse(table).map_err(Error::user)?;
        let both = |r| -> Result<_, Error> {
            Ok((stage::stage(r, &settings)?, machines::stage(r, &settings.boltzmann, &settings.generator)?))
        };
        let found = run.repetitions().par_iter().map(both).collect::<Result<Vec<_>, Error>>()?;
        let (found, machines): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let mut record = record::record(&settings, &found);
        machines_record::extend(&mut record, &settings, &machines);
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_settings_are_named() {
        for (table, more, key) in [
            ("data", "temperatures = [1.0, 2.0]", "data.temperatures"),
            ("data", "temperatures = [-1.0, 3.0]", "data.temperatures"),
            ("data", "size = 1", "data.size"),
            ("neuron", "epochs = 0", "neuron.epochs"),
            ("neuron", "epochs = -1", "neuron.epochs"),
            ("optimisers", "adam_rate = 0.0", "optimisers.adam_rate"),
            ("optimisers", "decay = nan", "optimisers.decay"),
            ("stopping", "train = 501", "stopping.train"),
            ("boltzmann", "spins = 40", "boltzmann.spins"),
            ("boltzmann", "temperature = 0.0", "boltzmann.temperature"),
            ("generator", "burn_in = 499", "generator.burn_in"),
            ("generator", "steps = 0", "generator.steps"),
        ] {
            let mut all: toml::Table = Toolbox.recipe().parse().unwrap();
            all[table].as_table_mut().unwrap().extend(more.parse::<toml::Table>().unwrap());
            let error = Settings::parse(&all).unwrap_err();
            assert!(error.contains(key), "{more}: {error}");
        }
    }
}
