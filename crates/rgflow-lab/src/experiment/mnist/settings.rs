//! Settings of `mnist`, and those it shares with `mnist-maps`.

use crate::study::prelude::*;
use crate::study::settings::{check_method, is_cd};
use crate::study::values::real;
use rgflow::rbm::Method;

/// Pixels of an image of the original files.
pub(super) const PIXELS: usize = 28 * 28;

pub(super) type Epochs = Within<1, 100_000>;
type Steps = Rising<Within<1, 1_000_000>>;
type Many = Within<1, 100_000>;

/// Settings that both experiments share.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Common {
    pub data: Data,
    pub classifier: Classifier,
    pub rbm: Rbm,
    pub flow: Flow,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Data {
    /// The rarest digit, 5, has 5421 training images, which training and test share equally.
    pub per_digit: Within<1, 2700>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Classifier {
    pub hidden: List<Within<1, 10_000>, 0, 8>,
    pub learning_rate: Positive,
    pub lambda: NotNegative,
    pub batch: Within<1, 27_000>,
    pub epochs: Within<1, 10_000>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rbm {
    pub hidden: Within<1, 10_000>,
    pub batch: Within<1, 5400>,
    #[serde(skip_serializing_if = "is_cd")]
    pub method: Method,
    pub weight_scale: NotNegative,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Flow {
    pub chains: Within<4, 800>,
    pub steps: Steps,
    pub mean_steps: Steps,
    pub permutations: Within<100, 1_000_000>,
}

/// Length and learning rate of the trainings.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Training {
    pub learning_rate: Positive,
    pub epochs: Epochs,
}

/// Settings of `mnist`.
pub struct Settings {
    pub(super) common: Common,
    pub(super) specific: Specific,
}

/// Settings of `mnist` alone.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Specific {
    pub training: Training,
    pub sets: Sets,
    pub tsne: Tsne,
    pub accuracy: OnAll,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Sets {
    pub many: Many,
    pub few: Many,
    pub noisy: Many,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Tsne {
    pub images: Within<50, 8000>,
    pub components: Within<2, 200>,
    pub perplexity: Perplexity,
    pub epochs: Within<1, 10_000>,
}

real!(
    /// Effective number of neighbours.
    Perplexity,
    |x| x >= 2.0,
    "must be at least 2"
);

#[derive(Clone, Debug, Deserialize)]
pub(super) struct OnAll {
    pub all: bool,
}

impl Common {
    pub fn parse(table: &toml::Table) -> Result<Self, String> {
        let common: Self = values::parse(table)?;
        let Self { data, classifier, rbm, flow } = &common;
        for (key, batch, digits) in [("classifier", *classifier.batch, 10), ("rbm", *rbm.batch, 2)] {
            let images = digits * *data.per_digit;
            if batch > images {
                return Err(format!("{key}.batch = {batch}: must be 1 to {images}, the images that it is trained on"));
            }
        }
        check_method(rbm.method, [PIXELS, *rbm.hidden])?;
        let [steps, mean_steps] = [&flow.steps, &flow.mean_steps].map(|steps| values::plain(steps));
        if steps.len() != mean_steps.len() {
            return Err(format!("flow.mean_steps = {mean_steps:?}: must be as many as flow.steps = {steps:?}"));
        }
        Ok(common)
    }

    /// Units of the classifier by layer.
    pub fn layers(&self, pixels: usize) -> Vec<usize> {
        [&[pixels], &values::plain(&self.classifier.hidden)[..], &[10]].concat()
    }

    /// Memory of the classifier's weights and their gradient.
    pub fn needs(&self) -> Need {
        let weights = self.layers(PIXELS).windows(2).map(|pair| pair[0] * pair[1]).sum();
        let what = format!("classifier.hidden = {:?}", values::plain(&self.classifier.hidden));
        Need::new(&[8, weights], what, "take smaller layers")
    }
}

impl values::Settings for Settings {
    fn parse(table: &toml::Table) -> Result<Self, String> {
        let (common, specific): (_, Specific) = (Common::parse(table)?, values::parse(table)?);
        let perplexity = specific.tsne.perplexity;
        if 3.0 * *perplexity >= *specific.tsne.images as f64 {
            return Err(format!("tsne.perplexity = {perplexity}: must be at least 2 and below a third of tsne.images"));
        }
        Ok(Self { common, specific })
    }
}
