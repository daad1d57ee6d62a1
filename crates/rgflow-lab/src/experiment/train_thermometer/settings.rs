//! Settings of `rgflow train thermometer`: fractions of the data, length of the training.

use crate::dataset::Labelling;
use crate::study::prelude::*;
use crate::study::settings::{Epochs, Units};
use crate::study::training::Method;
use crate::study::values::{Named, real};
use rgflow::nn::Activation;

#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    pub data: Data,
    pub network: Network,
    pub training: Training,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Data {
    pub array: String,
    pub labels: String,
    #[serde(skip_serializing_if = "Labelling::is_auto")]
    pub labels_are: Labelling,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<usize>,
    #[serde(skip_serializing_if = "is_none")]
    pub bins: Within<0, 10_000>,
    #[serde(skip_serializing_if = "is_none")]
    pub states: Within<0, 10_000>,
    pub scale: f64,
    pub real: bool,
    pub test_fraction: Share,
    pub reference_fraction: Share,
}

/// Whether there are no bins or states.
fn is_none(bins: &Within<0, 10_000>) -> bool {
    **bins == 0
}

real!(
    /// Fraction of the samples of each label.
    Share,
    |x| (0.01..=0.45).contains(&x),
    "must be 0.01 to 0.45"
);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Network {
    pub hidden: List<Units, 0, 8>,
    pub activation: Named<Activation>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Training {
    #[serde(flatten)]
    pub length: Length,
    #[serde(flatten)]
    pub method: Method,
}

/// Length of the training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Length {
    pub epochs: Epochs,
    pub patience: usize,
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let network: Network = values::part(table, "network")?;
        if let activation @ (Activation::Step | Activation::Softmax) = *network.activation {
            return Err(format!(
                "network.activation = \"{activation}\": hidden layers need one with a gradient of their own"
            ));
        }
        let training = Training { length: values::part(table, "training")?, method: values::part(table, "training")? };
        Ok(Self { data: values::part(table, "data")?, network, training })
    }
}
