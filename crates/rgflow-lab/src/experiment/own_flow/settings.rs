//! The recipe's values, parsed and validated.

use rgflow::flow::Mode;
use serde::{Deserialize, Serialize};

pub(super) const RECIPE: &str = include_str!("recipe.toml");

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub data: Data,
    pub flow: Flow,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    pub array: String,
    pub labels: String,
    pub scale: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flow {
    pub modes: Vec<String>,
    pub steps: usize,
    pub chains: usize,
}

/// Fewest samples of a start: two, for an error.
pub(super) const LEAST: usize = 2;

impl Settings {
    /// Parses and validates resolved settings.
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        crate::study::checks::whole_numbers(table, "")?;
        let settings: Self = table.clone().try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        let Flow { steps, chains, .. } = settings.flow;
        if !(8..=1_000_000).contains(&steps) {
            return Err(format!("flow.steps = {steps}: must be 8 to 1000000"));
        }
        if !(LEAST..=1_000_000).contains(&chains) {
            return Err(format!("flow.chains = {chains}: must be {LEAST} to 1000000"));
        }
        let modes = settings.modes()?;
        if modes.is_empty() || modes.len() > 2 || modes.len() == 2 && modes[0] == modes[1] {
            return Err(format!("flow.modes = {:?}: name \"gibbs\", \"mean\" or both, once each", settings.flow.modes));
        }
        Ok(settings)
    }

    /// The modes, in the order asked for.
    pub fn modes(&self) -> Result<Vec<Mode>, String> {
        let known = [Mode::Gibbs, Mode::Mean];
        let find = |name: &String| {
            let found = known.into_iter().find(|mode| mode.name() == name);
            found.ok_or_else(|| format!("flow.modes: \"{name}\" is unknown; there are \"gibbs\" and \"mean\""))
        };
        self.flow.modes.iter().map(find).collect()
    }
}
