//! The recipe's values, parsed and validated.

use serde::{Deserialize, Serialize};

pub(super) const RECIPE: &str = include_str!("recipe.toml");

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub data: Data,
    pub tsne: Tsne,
    pub classifier: Classifier,
    pub rbm: Rbm,
    pub sets: Sets,
    pub flow: Flow,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    pub per_digit: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tsne {
    pub images: usize,
    pub components: usize,
    pub perplexity: f64,
    pub epochs: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Classifier {
    pub hidden: Vec<usize>,
    pub learning_rate: f64,
    pub lambda: f64,
    pub batch: usize,
    pub epochs: usize,
    pub all: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rbm {
    pub hidden: usize,
    pub learning_rate: f64,
    pub batch: usize,
    pub epochs: usize,
    pub weight_scale: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sets {
    pub many: usize,
    pub few: usize,
    pub noisy: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flow {
    pub chains: usize,
    pub steps: Vec<usize>,
    pub mean_steps: Vec<usize>,
    pub permutations: usize,
}

impl Settings {
    /// Parses and validates resolved settings.
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        super::super::whole_numbers(table, "")?;
        let settings: Self = table.clone().try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        let within = |key: &str, value: usize, least: usize, most: usize| {
            let fine = (least..=most).contains(&value);
            if fine { Ok(()) } else { Err(format!("{key} = {value}: must be {least} to {most}")) }
        };
        // The rarest digit, 5, has 5421 training images.
        within("data.per_digit", self.data.per_digit, 1, 2700)?;
        within("tsne.images", self.tsne.images, 50, 10_000)?;
        within("tsne.components", self.tsne.components, 2, 200)?;
        within("tsne.epochs", self.tsne.epochs, 1, 10_000)?;
        self.classifier.hidden.iter().try_for_each(|n| within("classifier.hidden", *n, 1, 10_000))?;
        within("classifier.hidden (number of layers)", self.classifier.hidden.len(), 0, 8)?;
        within("classifier.batch", self.classifier.batch, 1, 10 * self.data.per_digit)?;
        within("classifier.epochs", self.classifier.epochs, 1, 10_000)?;
        within("rbm.hidden", self.rbm.hidden, 1, 10_000)?;
        within("rbm.batch", self.rbm.batch, 1, 2 * self.data.per_digit)?;
        within("rbm.epochs", self.rbm.epochs, 1, 100_000)?;
        within("sets.many", self.sets.many, 1, 100_000)?;
        within("sets.few", self.sets.few, 1, 100_000)?;
        within("sets.noisy", self.sets.noisy, 1, 100_000)?;
        within("flow.chains", self.flow.chains, 4, 800)?;
        within("flow.permutations", self.flow.permutations, 100, 1_000_000)?;
        super::super::check_rising("flow.steps", &self.flow.steps, 1_000_000)?;
        super::super::check_rising("flow.mean_steps", &self.flow.mean_steps, 1_000_000)?;
        if self.flow.steps.len() != self.flow.mean_steps.len() {
            return Err(format!(
                "flow.mean_steps = {:?}: must be as many as flow.steps = {:?}",
                self.flow.mean_steps, self.flow.steps
            ));
        }
        let perplexity = self.tsne.perplexity;
        if !(perplexity >= 2.0 && 3.0 * perplexity < self.tsne.images as f64) {
            return Err(format!("tsne.perplexity = {perplexity}: must be at least 2 and below a third of tsne.images"));
        }
        for (key, value, zero) in [
            ("classifier.learning_rate", self.classifier.learning_rate, false),
            ("classifier.lambda", self.classifier.lambda, true),
            ("rbm.learning_rate", self.rbm.learning_rate, false),
            ("rbm.weight_scale", self.rbm.weight_scale, true),
        ] {
            if !(value.is_finite() && (value > 0.0 || zero && value == 0.0)) {
                return Err(format!("{key} = {value}: must be a positive number{}", if zero { " or 0" } else { "" }));
            }
        }
        Ok(())
    }
}
