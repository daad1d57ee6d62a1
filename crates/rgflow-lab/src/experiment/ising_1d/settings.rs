//! The recipe's values, parsed and validated.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub chain: Chain,
    pub thermometer: Thermometer,
    pub rbm: Rbm,
    pub flow: Flow,
    pub objectives: Objectives,
    pub penalties: Penalties,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chain {
    pub spins: usize,
    pub t_max: f64,
    pub t_step: f64,
    pub per_temperature: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thermometer {
    pub hidden: usize,
    pub learning_rate: f64,
    pub batch: usize,
    pub epochs: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rbm {
    pub hidden: usize,
    pub learning_rate: f64,
    pub other_rates: Vec<f64>,
    pub batch: usize,
    pub cd_steps: usize,
    pub epochs: usize,
    pub snapshots: Vec<usize>,
    pub weight_scale: f64,
    pub hot: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flow {
    pub doublings: u32,
    pub starts: Vec<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Objectives {
    pub updates: usize,
    pub learning_rate: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Penalties {
    pub strengths: Vec<f64>,
}

impl Settings {
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        crate::study::checks::whole_numbers(table, "")?;
        let settings: Self = table.clone().try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        let Self { chain, thermometer, rbm, flow, objectives, penalties } = self;
        for (key, value, range) in [
            ("chain.spins", chain.spins, 3..=10),
            ("chain.per_temperature", chain.per_temperature, 20..=100_000),
            ("thermometer.hidden", thermometer.hidden, 1..=1000),
            ("thermometer.batch", thermometer.batch, 1..=chain.per_temperature),
            ("thermometer.epochs", thermometer.epochs, 1..=10_000),
            ("rbm.hidden", rbm.hidden, 1..=8),
            ("rbm.batch", rbm.batch, 1..=chain.per_temperature),
            ("rbm.cd_steps", rbm.cd_steps, 1..=1000),
            ("rbm.epochs", rbm.epochs, 1..=10_000),
            ("rbm.snapshots (number of snapshots)", rbm.snapshots.len(), 1..=40),
            ("flow.doublings", flow.doublings as usize, 1..=20),
            ("flow.starts (number of starts)", flow.starts.len(), 1..=40),
            ("objectives.updates", objectives.updates, 1..=1_000_000),
            ("penalties.strengths (number of strengths)", penalties.strengths.len(), 1..=10),
        ] {
            if !range.contains(&value) {
                return Err(format!("{key} = {value}: must be {} to {}", range.start(), range.end()));
            }
        }
        let rates = rbm.other_rates.iter().map(|rate| ("rbm.other_rates", *rate));
        let strengths = penalties.strengths.iter().map(|s| ("penalties.strengths", *s));
        let others = [
            ("chain.t_max", chain.t_max),
            ("chain.t_step", chain.t_step),
            ("thermometer.learning_rate", thermometer.learning_rate),
            ("rbm.learning_rate", rbm.learning_rate),
            ("rbm.weight_scale", rbm.weight_scale),
            ("rbm.hot", rbm.hot),
            ("objectives.learning_rate", objectives.learning_rate),
        ];
        for (key, value) in rates.chain(strengths).chain(others) {
            if !(value > 0.0 && value.is_finite()) {
                return Err(format!("{key} = {value}: must be a positive number"));
            }
        }
        if let Some(wrong) = flow.starts.iter().find(|t| !(**t >= 0.0 && t.is_finite())) {
            return Err(format!("flow.starts = {wrong}: must be a temperature, 0 or above"));
        }
        let mut rates: Vec<f64> = self.rates();
        rates.sort_by(f64::total_cmp);
        if let Some(twice) = rates.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("rbm.other_rates = {}: is there twice; name it once", twice[0]));
        }
        if let Some(wrong) = rbm.snapshots.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!("rbm.snapshots = {wrong:?}: must rise"));
        }
        if rbm.snapshots[0] == 0 || !rbm.snapshots.contains(&rbm.epochs) || rbm.snapshots.iter().any(|e| *e > 10_000) {
            let epochs = rbm.epochs;
            return Err(format!(
                "rbm.snapshots = {:?}: must lie in 1 to 10000 and hold rbm.epochs = {epochs}",
                rbm.snapshots
            ));
        }
        crate::study::checks::check_temperature_grid("chain", chain.t_max, chain.t_step)
    }

    /// The temperatures, ascending from 0.
    pub fn temperatures(&self) -> Vec<f64> {
        crate::study::checks::temperature_grid(self.chain.t_max, self.chain.t_step)
    }

    /// All learning rates, that of the figures first.
    pub fn rates(&self) -> Vec<f64> {
        std::iter::once(self.rbm.learning_rate).chain(self.rbm.other_rates.iter().copied()).collect()
    }

    /// Updates in one pass through all temperatures.
    pub fn updates_per_epoch(&self) -> usize {
        (self.temperatures().len() * self.chain.per_temperature / self.rbm.batch).max(1)
    }
}
