//! The recipe's values, parsed and validated.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub lattices: Lattices,
    pub networks: Networks,
    pub figures: Figures,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lattices {
    pub n16: usize,
    pub n32: usize,
    pub n48: usize,
    pub n64: usize,
    pub n96: usize,
    pub n128: usize,
    pub chains: usize,
    pub spacing: f64,
    pub burn_in: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Networks {
    pub trainings: usize,
    pub low: f64,
    pub high: f64,
    pub step: f64,
    pub n_beta: usize,
    pub per_beta: usize,
    pub per_beta_few: usize,
    pub test: usize,
    pub hidden: usize,
    pub learning_rate: f64,
    pub batch: usize,
    pub epochs: usize,
    pub local_epochs: usize,
    pub local_learning_rate: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figures {
    pub betas: Vec<f64>,
    pub samples: usize,
    pub points: usize,
}

impl Settings {
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        crate::study::checks::whole_numbers(table, "")?;
        let settings: Self = table.clone().try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        let (l, n, f) = (&settings.lattices, &settings.networks, &settings.figures);
        for (key, value, least, most) in [
            ("lattices.n16", l.n16, 400, 10_000_000),
            ("lattices.n32", l.n32, 400, 10_000_000),
            ("lattices.n48", l.n48, 400, 10_000_000),
            ("lattices.n64", l.n64, 400, 10_000_000),
            ("lattices.n96", l.n96, 400, 10_000_000),
            ("lattices.n128", l.n128, 400, 10_000_000),
            ("lattices.chains", l.chains, 2, 200),
            ("lattices.burn_in", l.burn_in, 2, 1_000_000),
            ("networks.trainings", n.trainings, 2, 100),
            ("networks.n_beta", n.n_beta, 1, 100),
            ("networks.per_beta", n.per_beta, 10, 100_000),
            ("networks.per_beta_few", n.per_beta_few, 10, 100_000),
            ("networks.test", n.test, 10, 100_000),
            ("networks.hidden", n.hidden, 1, 4096),
            ("networks.batch", n.batch, 1, 100_000),
            ("networks.epochs", n.epochs, 1, 10_000),
            ("networks.local_epochs", n.local_epochs, 1, 10_000),
            ("figures.samples", f.samples, 400, 10_000_000),
            ("figures.points", f.points, 3, 1001),
        ] {
            if !(least..=most).contains(&value) {
                return Err(format!("{key} = {value}: must be {least} to {most}"));
            }
        }
        for (key, value) in [
            ("lattices.spacing", l.spacing),
            ("networks.low", n.low),
            ("networks.high", n.high),
            ("networks.step", n.step),
            ("networks.learning_rate", n.learning_rate),
            ("networks.local_learning_rate", n.local_learning_rate),
        ] {
            if !(value > 0.0 && value <= 1000.0) {
                return Err(format!("{key} = {value}: must be above 0 and at most 1000"));
            }
        }
        let last = n.low + n.step * (n.n_beta - 1) as f64;
        if last >= n.high {
            return Err(format!(
                "networks.high = {}: must be above the last disordered beta, {last} (low, step and n_beta)",
                n.high
            ));
        }
        if f.betas.is_empty() || f.betas.len() > 9 || f.betas.iter().any(|b| !(*b > 0.0 && *b < 10.0)) {
            return Err(format!("figures.betas = {:?}: must be one to nine numbers between 0 and 10", f.betas));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{AnyExperiment, neural_rg::NeuralRg};

    #[test]
    fn impossible_settings_are_named() {
        for (table, more, key) in [
            ("lattices", "n64 = 10", "lattices.n64"),
            ("lattices", "spacing = 0.0", "lattices.spacing"),
            ("networks", "trainings = 1", "networks.trainings"),
            ("networks", "high = 0.4", "networks.high"),
            ("figures", "betas = []", "figures.betas"),
        ] {
            let mut all: toml::Table = NeuralRg::new().recipe().parse().unwrap();
            all[table].as_table_mut().unwrap().extend(more.parse::<toml::Table>().unwrap());
            let error = Settings::parse(&all).err().unwrap();
            assert!(error.contains(key), "{error}");
        }
    }
}
