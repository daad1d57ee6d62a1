//! The recipe's values, parsed and validated.

use crate::dataset::{Dataset, Kind};
use crate::study::training::Method;
use rgflow::learning::{Batching, Descent};
use rgflow::rbm::Units;
use serde::{Deserialize, Serialize};

pub(super) const RECIPE: &str = include_str!("recipe.toml");

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub data: Data,
    pub machine: Machine,
    pub training: Training,
    pub samples: Samples,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    pub array: String,
    pub scale: f64,
    pub test_fraction: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Machine {
    pub hidden: usize,
    pub units: String,
    pub hidden_units: String,
    pub weight_scale: f64,
    pub visible_bias: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Training {
    pub method: String,
    pub steps: usize,
    pub epochs: usize,
    pub patience: usize,
    #[serde(flatten)]
    pub descent: Method,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Samples {
    pub steps: usize,
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
        let within = |key: &str, value: usize, least: usize, most: usize| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(format!("{key} = {value}: must be {least} to {most}"))
            }
        };
        within("machine.hidden", self.machine.hidden, 1, 10_000)?;
        within("training.steps", self.training.steps, 1, 1000)?;
        within("training.epochs", self.training.epochs, 1, 100_000)?;
        within("samples.steps", self.samples.steps, 0, 1_000_000)?;
        let fraction = self.data.test_fraction;
        if !(0.01..=0.9).contains(&fraction) {
            return Err(format!("data.test_fraction = {fraction}: must be 0.01 to 0.9"));
        }
        let scale = self.machine.weight_scale;
        if !(scale >= 0.0 && scale.is_finite()) {
            return Err(format!("machine.weight_scale = {scale}: must be 0 or a positive number"));
        }
        let one_of = |key: &str, value: &str, known: &[&str]| {
            if known.contains(&value) {
                Ok(())
            } else {
                Err(format!("{key} = \"{value}\": must be \"{}\"", known.join("\" or \"")))
            }
        };
        one_of("machine.visible_bias", &self.machine.visible_bias, &["data", "zero"])?;
        one_of("training.method", &self.training.method, &["cd", "pcd"])?;
        for (key, units) in
            [("machine.units", &self.machine.units), ("machine.hidden_units", &self.machine.hidden_units)]
        {
            if units != "auto" {
                units.parse::<Units>().map_err(|e| format!("{key}: {e}"))?;
            }
        }
        self.descent()?;
        self.batching().map(|_| ())
    }

    /// Whether any real number may be in the data.
    pub fn real(&self) -> bool {
        self.machine.units.starts_with("gaussian")
    }

    /// Kind of the visible units.
    pub fn visible(&self, data: &Dataset) -> Result<Units, String> {
        match (self.machine.units.as_str(), data.kind) {
            ("auto", Kind::Spins) => Ok(Units::SPIN),
            ("auto", _) => Ok(Units::BINARY),
            (text, _) => text.parse().map_err(|e: rgflow::rbm::RbmError| e.to_string()),
        }
    }

    /// Unit kinds of both layers, checked against what the data is.
    pub fn units(&self, data: &Dataset) -> Result<(Units, Units), String> {
        let visible = self.visible(data)?;
        if let Some(levels) = visible.levels() {
            let (low, high) = (levels.low(), levels.high());
            if let Some(bad) = data.misfit(low, high) {
                return Err(format!(
                    "machine.units = \"{}\": the data is {} and holds {bad}; choose the units that the data has",
                    self.machine.units,
                    data.kind.name()
                ));
            }
        }
        let hidden = match (self.machine.hidden_units.as_str(), &visible) {
            ("auto", Units::Gaussian(_)) => Units::BINARY,
            ("auto", two_valued) => two_valued.clone(),
            (text, _) => text.parse::<Units>().map_err(|e| e.to_string())?,
        };
        Ok((visible, hidden))
    }

    pub fn descent(&self) -> Result<Descent, String> {
        self.training.descent.descent("training")
    }

    pub fn batching(&self) -> Result<Batching, String> {
        self.training.descent.batching("training")
    }
}
