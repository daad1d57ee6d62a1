//! Settings of `rgflow train rbm`: units, divergence, test fraction.

use crate::dataset::{Dataset, Kind};
use crate::study::prelude::*;
use crate::study::training::Method;
use crate::study::values::{Auto, Named, real};
use rgflow::rbm::Units;

#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    pub data: Data,
    pub machine: Machine,
    pub training: Training,
    pub samples: Samples,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Data {
    pub array: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub labels: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<usize>,
    pub scale: f64,
    pub test_fraction: TestFraction,
}

real!(
    /// Fraction of the samples held out from training.
    TestFraction,
    |x| (0.01..=0.9).contains(&x),
    "must be 0.01 to 0.9"
);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub hidden: Within<1, 10_000>,
    pub units: Named<Auto<Units>>,
    pub hidden_units: Named<Auto<Units>>,
    pub weight_scale: NotNegative,
    pub visible_bias: VisibleBias,
}

/// Initial visible biases: from each unit's mean, or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VisibleBias {
    Data,
    Zero,
}

#[derive(Clone, Debug, Serialize)]
pub struct Training {
    #[serde(flatten)]
    pub divergence: Divergence,
    #[serde(flatten)]
    pub descent: Method,
}

/// Contrastive divergence: chains, steps and length.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Divergence {
    pub method: Chains,
    pub steps: Within<1, 1000>,
    pub epochs: Within<1, 100_000>,
    pub patience: usize,
}

/// Start of the chains of an update: at the data, or where the last update left them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chains {
    Cd,
    Pcd,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Samples {
    pub steps: Within<0, 1_000_000>,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        Ok(Self {
            data: values::part(table, "data")?,
            machine: values::part(table, "machine")?,
            training: Training {
                divergence: values::part(table, "training")?,
                descent: values::part(table, "training")?,
            },
            samples: values::part(table, "samples")?,
        })
    }
}

impl Settings {
    /// Whether the data may be any real numbers.
    pub fn real(&self) -> bool {
        matches!(&*self.machine.units, Auto::Is(units) if units.range().is_none())
    }

    /// Kind of the visible units.
    pub fn visible(&self, data: &Dataset) -> Units {
        match &*self.machine.units {
            Auto::Is(units) => units.clone(),
            Auto::Auto if data.kind == Kind::Spins => Units::SPIN,
            Auto::Auto => Units::BINARY,
        }
    }

    /// Kinds of units of both layers, checked against the data.
    pub fn units(&self, data: &Dataset) -> Result<(Units, Units), String> {
        let visible = self.visible(data);
        if let Some((low, high)) = visible.range()
            && let Some(bad) = data.misfit(low, high)
        {
            return Err(format!(
                "machine.units = \"{}\": the data is {} and holds {bad}; choose the units that the data has",
                self.machine.units.text(),
                data.kind.name()
            ));
        }
        data.check(&visible).map_err(|why| format!("machine.units = \"{}\": {why}", self.machine.units.text()))?;
        let hidden = match &*self.machine.hidden_units {
            Auto::Is(units) => units.clone(),
            Auto::Auto => visible.levels().map_or(Units::BINARY, |_| visible.clone()),
        };
        Ok((visible, hidden))
    }
}
