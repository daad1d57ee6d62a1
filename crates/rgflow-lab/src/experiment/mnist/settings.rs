//! The recipe's values, parsed and validated.

use crate::artifact::memory::Need;
use crate::study::checks::own;
use serde::{Deserialize, Serialize};

pub(super) const RECIPE: &str = concat!(
    "# RBM flows on handwritten digits: figures 4.10 to 4.15 of the thesis.\n",
    include_str!("common.toml"),
    include_str!("recipe.toml")
);

/// What every experiment on digits has.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Common {
    pub data: Data,
    pub classifier: Classifier,
    pub rbm: Rbm,
    pub flow: Flow,
}

/// The values of the recipe of `mnist`.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub common: Common,
    pub training: Training,
    pub sets: Sets,
    pub tsne: Tsne,
    pub accuracy: Accuracy,
}

/// How long and how fast machines are trained.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Training {
    pub learning_rate: f64,
    pub epochs: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accuracy {
    pub all: bool,
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
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rbm {
    pub hidden: usize,
    pub batch: usize,
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

/// Pixels of an image of the original files.
pub(super) const PIXELS: usize = 28 * 28;

fn within(key: &str, value: usize, least: usize, most: usize) -> Result<(), String> {
    let fine = (least..=most).contains(&value);
    if fine { Ok(()) } else { Err(format!("{key} = {value}: must be {least} to {most}")) }
}

fn positive(key: &str, value: f64, zero: bool) -> Result<(), String> {
    let fine = value.is_finite() && (value > 0.0 || zero && value == 0.0);
    let or_zero = if zero { " or 0" } else { "" };
    if fine { Ok(()) } else { Err(format!("{key} = {value}: must be a positive number{or_zero}")) }
}

impl Common {
    /// Parses and validates resolved settings beside the experiment's `own` tables.
    pub fn parse(table: &toml::Table, own: &[&str]) -> Result<Self, String> {
        crate::study::checks::whole_numbers(table, "")?;
        let mut table = table.clone();
        for name in own {
            table.remove(*name);
        }
        let common: Self = table.try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        common.check()?;
        Ok(common)
    }

    /// The classifier's weights and their gradient.
    pub fn needs(&self) -> Vec<Need> {
        let hidden = &self.classifier.hidden;
        let sizes: Vec<usize> = [PIXELS].into_iter().chain(hidden.iter().copied()).chain([10]).collect();
        let weights = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
        vec![Need::new(&[8, weights], format!("classifier.hidden = {hidden:?}"), "take smaller layers")]
    }

    fn check(&self) -> Result<(), String> {
        // The rarest digit, 5, has 5421 training images.
        within("data.per_digit", self.data.per_digit, 1, 2700)?;
        self.classifier.hidden.iter().try_for_each(|n| within("classifier.hidden", *n, 1, 10_000))?;
        within("classifier.hidden (number of layers)", self.classifier.hidden.len(), 0, 8)?;
        within("classifier.batch", self.classifier.batch, 1, 10 * self.data.per_digit)?;
        within("classifier.epochs", self.classifier.epochs, 1, 10_000)?;
        positive("classifier.learning_rate", self.classifier.learning_rate, false)?;
        positive("classifier.lambda", self.classifier.lambda, true)?;
        within("rbm.hidden", self.rbm.hidden, 1, 10_000)?;
        within("rbm.batch", self.rbm.batch, 1, 2 * self.data.per_digit)?;
        positive("rbm.weight_scale", self.rbm.weight_scale, true)?;
        within("flow.chains", self.flow.chains, 4, 800)?;
        within("flow.permutations", self.flow.permutations, 100, 1_000_000)?;
        crate::study::checks::check_rising("flow.steps", &self.flow.steps, 1_000_000)?;
        crate::study::checks::check_rising("flow.mean_steps", &self.flow.mean_steps, 1_000_000)?;
        if self.flow.steps.len() != self.flow.mean_steps.len() {
            return Err(format!(
                "flow.mean_steps = {:?}: must be as many as flow.steps = {:?}",
                self.flow.mean_steps, self.flow.steps
            ));
        }
        Ok(())
    }
}

impl Settings {
    /// Parses and validates resolved settings.
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        let settings = Self {
            common: Common::parse(table, &["training", "sets", "tsne", "accuracy"])?,
            training: own(table, "training")?,
            sets: own(table, "sets")?,
            tsne: own(table, "tsne")?,
            accuracy: own(table, "accuracy")?,
        };
        positive("training.learning_rate", settings.training.learning_rate, false)?;
        within("training.epochs", settings.training.epochs, 1, 100_000)?;
        within("sets.many", settings.sets.many, 1, 100_000)?;
        within("sets.few", settings.sets.few, 1, 100_000)?;
        within("sets.noisy", settings.sets.noisy, 1, 100_000)?;
        let tsne = &settings.tsne;
        within("tsne.images", tsne.images, 50, 8000)?;
        within("tsne.components", tsne.components, 2, 200)?;
        within("tsne.epochs", tsne.epochs, 1, 10_000)?;
        let perplexity = tsne.perplexity;
        if !(perplexity >= 2.0 && 3.0 * perplexity < tsne.images as f64) {
            return Err(format!("tsne.perplexity = {perplexity}: must be at least 2 and below a third of tsne.images"));
        }
        Ok(settings)
    }
}
