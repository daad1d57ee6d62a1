//! Settings of `toolbox`: learning rates, decays and temperatures.

use crate::study::prelude::*;
use crate::study::values::real;
use rgflow::exact::transfer::Sampler;

pub(super) type Epochs = Within<1, 10_000>;
pub(super) type Many = Within<1, 100_000>;

real!(
    /// A learning rate, or a temperature (J/k_B).
    Rate,
    |x| x > 0.0 && x <= 10.0,
    "must be above 0, at most 10"
);
real!(
    /// A decay rate per update.
    Decay,
    |x| (0.0..=1.0).contains(&x),
    "must be 0 to 1"
);

#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    pub(super) data: DataSet,
    pub(super) neuron: Neuron,
    pub(super) optimisers: Optimisers,
    pub(super) stopping: Stopping,
    pub(super) boltzmann: Ring,
    pub(super) generator: Generator,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DataSet {
    pub size: Within<2, 12>,
    pub temperatures: Vec<f64>,
    pub train: Within<20, 100_000>,
    pub test: Within<20, 100_000>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Neuron {
    pub epochs: Epochs,
    pub batch: Many,
    pub learning_rate: Rate,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Optimisers {
    pub hidden: Within<1, 1000>,
    pub epochs: Epochs,
    pub batch: Many,
    pub learning_rate: Rate,
    pub adam_rate: Rate,
    pub decay: Decay,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stopping {
    pub hidden: Within<1, 1000>,
    pub train: Within<2, 100_000>,
    pub epochs: Epochs,
    pub batch: Many,
    pub learning_rate: Rate,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ring {
    pub spins: Within<4, 12>,
    pub temperature: Rate,
    pub samples: Within<10, 1_000_000>,
    pub updates: Many,
    pub learning_rate: Rate,
    pub chains: Many,
    pub sweeps: Within<1, 10_000>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Generator {
    pub hidden: Within<1, 12>,
    pub updates: Within<0, 10_000_000>,
    pub batch: Many,
    pub learning_rate: Rate,
    pub chains: Many,
    pub steps: Within<10, 100_000>,
    pub burn_in: Within<0, 100_000>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let settings: Self = values::parse(table)?;
        let Self { data, stopping, generator, .. } = &settings;
        let (train, most) = (*stopping.train, *data.train);
        if train > most {
            return Err(format!("stopping.train = {train}: must be 2 to data.train = {most}"));
        }
        let (burn_in, most) = (*generator.burn_in, *generator.steps - *generator.steps / 10);
        if burn_in > most {
            return Err(format!("generator.burn_in = {burn_in}: must be 0 to {most}, nine tenths of generator.steps"));
        }
        for t in &data.temperatures {
            let wrong = |e: &dyn std::fmt::Display| format!("data.temperatures = {t}: {e}");
            let temperature = Temperature::new(*t).map_err(|e| wrong(&e))?;
            Sampler::new(*data.size, *data.size, temperature).map_err(|e| wrong(&e))?;
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
