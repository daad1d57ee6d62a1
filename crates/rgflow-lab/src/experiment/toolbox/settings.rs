//! Settings of the experiment.

use rgflow::exact::transfer::Sampler;
use rgflow::lattice::Temperature;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub data: DataSet,
    pub neuron: Neuron,
    pub optimisers: Optimisers,
    pub stopping: Stopping,
    pub boltzmann: Ring,
    pub generator: Generator,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataSet {
    pub size: usize,
    pub temperatures: Vec<f64>,
    pub train: usize,
    pub test: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Neuron {
    pub epochs: usize,
    pub batch: usize,
    pub learning_rate: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Optimisers {
    pub hidden: usize,
    pub epochs: usize,
    pub batch: usize,
    pub learning_rate: f64,
    pub adam_rate: f64,
    pub decay: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stopping {
    pub hidden: usize,
    pub train: usize,
    pub epochs: usize,
    pub batch: usize,
    pub learning_rate: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ring {
    pub spins: usize,
    pub temperature: f64,
    pub samples: usize,
    pub updates: usize,
    pub learning_rate: f64,
    pub chains: usize,
    pub sweeps: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generator {
    pub hidden: usize,
    pub updates: usize,
    pub batch: usize,
    pub learning_rate: f64,
    pub chains: usize,
    pub steps: usize,
    pub burn_in: usize,
}

impl Settings {
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        crate::study::checks::whole_numbers(table, "")?;
        let settings: Self = table.clone().try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        let Self { data, neuron, optimisers, stopping, boltzmann, generator } = &settings;
        for (key, value, low, high) in [
            ("data.size", data.size, 2, 12),
            ("data.train", data.train, 20, 100_000),
            ("data.test", data.test, 20, 100_000),
            ("neuron.epochs", neuron.epochs, 1, 10_000),
            ("neuron.batch", neuron.batch, 1, 100_000),
            ("optimisers.hidden", optimisers.hidden, 1, 1000),
            ("optimisers.epochs", optimisers.epochs, 1, 10_000),
            ("optimisers.batch", optimisers.batch, 1, 100_000),
            ("stopping.hidden", stopping.hidden, 1, 1000),
            ("stopping.train", stopping.train, 2, data.train),
            ("stopping.epochs", stopping.epochs, 1, 10_000),
            ("stopping.batch", stopping.batch, 1, 100_000),
            ("boltzmann.spins", boltzmann.spins, 4, 12),
            ("boltzmann.samples", boltzmann.samples, 10, 1_000_000),
            ("boltzmann.updates", boltzmann.updates, 1, 100_000),
            ("boltzmann.chains", boltzmann.chains, 1, 100_000),
            ("boltzmann.sweeps", boltzmann.sweeps, 1, 10_000),
            ("generator.hidden", generator.hidden, 1, 12),
            ("generator.updates", generator.updates, 0, 10_000_000),
            ("generator.batch", generator.batch, 1, 100_000),
            ("generator.chains", generator.chains, 1, 100_000),
            ("generator.steps", generator.steps, 10, 100_000),
            ("generator.burn_in", generator.burn_in, 0, generator.steps - generator.steps / 10),
        ] {
            if !(low..=high).contains(&value) {
                return Err(format!("{key} = {value}: must be {low} to {high}"));
            }
        }
        for (key, value) in [
            ("neuron.learning_rate", neuron.learning_rate),
            ("optimisers.learning_rate", optimisers.learning_rate),
            ("optimisers.adam_rate", optimisers.adam_rate),
            ("stopping.learning_rate", stopping.learning_rate),
            ("boltzmann.learning_rate", boltzmann.learning_rate),
            ("generator.learning_rate", generator.learning_rate),
            ("boltzmann.temperature", boltzmann.temperature),
        ] {
            if !(value > 0.0 && value <= 10.0) {
                return Err(format!("{key} = {value}: must be above 0, at most 10"));
            }
        }
        if !(0.0..=1.0).contains(&optimisers.decay) {
            return Err(format!("optimisers.decay = {}: must be 0 to 1", optimisers.decay));
        }
        for t in &data.temperatures {
            let sampler = Temperature::new(*t).and_then(|t| Sampler::new(data.size, data.size, t));
            sampler.map_err(|e| format!("data.temperatures = {t}: {e}"))?;
        }
        let ordered = data.temperatures.iter().filter(|t| is_ordered(**t)).count();
        if ordered == 0 || ordered == data.temperatures.len() {
            let all = &data.temperatures;
            return Err(format!("data.temperatures = {all:?}: must lie on both sides of T_c = 2.269"));
        }
        Ok(settings)
    }
}

/// Whether the infinite lattice is ordered at T.
pub(super) fn is_ordered(t: f64) -> bool {
    t < Temperature::CRITICAL.value()
}
