//! Settings of `neural-rg`: couplings, numbers of configurations by lattice, networks.

use crate::study::prelude::*;
use crate::study::values::{Spacing, real};

/// Settings of the experiment.
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    pub lattices: Lattices,
    pub networks: Networks,
    pub figures: Figures,
}

/// Number of configurations, enough for errors by blocks.
pub type Sampled = Within<400, 10_000_000>;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lattices {
    pub n16: Sampled,
    pub n32: Sampled,
    pub n48: Sampled,
    pub n64: Sampled,
    pub n96: Sampled,
    pub n128: Sampled,
    pub chains: Within<2, 200>,
    pub spacing: Spacing,
    pub burn_in: Within<2, 1_000_000>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Networks {
    pub trainings: Within<2, 100>,
    pub low: Positive,
    pub high: Positive,
    pub step: Positive,
    pub n_beta: Within<1, 100>,
    pub per_beta: Within<10, 100_000>,
    pub per_beta_few: Within<10, 100_000>,
    pub test: Within<10, 100_000>,
    pub hidden: Within<1, 4096>,
    pub learning_rate: Positive,
    pub batch: Within<1, 100_000>,
    pub epochs: Within<1, 10_000>,
    pub local_epochs: Within<1, 10_000>,
    pub local_learning_rate: Positive,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    pub betas: List<Beta, 1, 9>,
    pub samples: Sampled,
    pub points: Within<3, 1001>,
}

real!(
    /// Inverse temperature in 1/J.
    Beta,
    |beta| beta > 0.0 && beta < 10.0,
    "must be between 0 and 10"
);

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let settings: Self = values::parse(table)?;
        let n = &settings.networks;
        let last = *n.low + *n.step * (*n.n_beta - 1) as f64;
        if last >= *n.high {
            return Err(format!(
                "networks.high = {}: must be above the last disordered beta, {last} (low, step and n_beta)",
                n.high
            ));
        }
        Ok(settings)
    }
}

impl Lattices {
    /// Extents with their numbers of configurations.
    pub fn sizes(&self) -> [(usize, usize); 6] {
        [(16, self.n16), (32, self.n32), (48, self.n48), (64, self.n64), (96, self.n96), (128, self.n128)]
            .map(|(size, n)| (size, *n))
    }
}

#[cfg(test)]
#[test]
fn impossible_settings_are_named() {
    assert_refused::<super::NeuralRg>(&[
        ("lattices.n64=10", "lattices.n64"),
        ("lattices.spacing=0.0", "lattices.spacing"),
        ("networks.trainings=1", "networks.trainings"),
        ("networks.high=0.4", "networks.high"),
        ("figures.betas=[]", "figures.betas"),
    ]);
}
