//! The recipe's values, parsed and validated.

use crate::study::training::Method;
use rgflow::learning::{Batching, Descent};
use rgflow::nn::Activation;
use serde::{Deserialize, Serialize};

pub(super) const RECIPE: &str = include_str!("recipe.toml");

/// Fewest samples of a label: ten for training and a block of ten each for test and reference.
pub(super) const LEAST: usize = 30;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub data: Data,
    pub network: Network,
    pub training: Training,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    pub array: String,
    pub labels: String,
    pub scale: f64,
    pub real: bool,
    pub test_fraction: f64,
    pub reference_fraction: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    pub hidden: Vec<usize>,
    pub activation: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Training {
    pub epochs: usize,
    pub patience: usize,
    #[serde(flatten)]
    pub method: Method,
}

impl Settings {
    /// Parses and validates resolved settings.
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        crate::study::checks::whole_numbers(table, "")?;
        let settings: Self = table.clone().try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        for (key, value) in
            [("data.test_fraction", self.data.test_fraction), ("data.reference_fraction", self.data.reference_fraction)]
        {
            if !(0.01..=0.45).contains(&value) {
                return Err(format!("{key} = {value}: must be 0.01 to 0.45"));
            }
        }
        if self.network.hidden.len() > 8 {
            return Err(format!("network.hidden has {} layers: at most 8", self.network.hidden.len()));
        }
        if let Some(n) = self.network.hidden.iter().find(|n| !(1..=10_000).contains(*n)) {
            return Err(format!("network.hidden = {n}: must be 1 to 10000"));
        }
        let epochs = self.training.epochs;
        if !(1..=100_000).contains(&epochs) {
            return Err(format!("training.epochs = {epochs}: must be 1 to 100000"));
        }
        self.activation()?;
        self.descent()?;
        self.batching().map(|_| ())
    }

    /// Activation of the hidden layers.
    pub fn activation(&self) -> Result<Activation, String> {
        let activation: Activation = self.network.activation.parse().map_err(|e| format!("network.{e}"))?;
        match activation {
            Activation::Step | Activation::Softmax => Err(format!(
                "network.activation = \"{activation}\": hidden layers need one with a gradient of their own"
            )),
            fine => Ok(fine),
        }
    }

    pub fn descent(&self) -> Result<Descent, String> {
        self.training.method.descent("training")
    }

    pub fn batching(&self) -> Result<Batching, String> {
        self.training.method.batching("training")
    }
}
