//! The training of `rgflow train thermometer` on samples in memory, without files: the same network from the same
//! settings.

use super::settings::Settings;
use super::{TrainThermometer, adapt, options, stage};
use crate::artifact::progress::Observer;
use crate::artifact::{Error, StageOut, settings};
use crate::dataset::{Dataset, Labels, Meaning, Values};
use crate::study::prelude::*;

/// Settings of a training on samples in memory.
pub struct ThermometerInMemory(Settings);

impl ThermometerInMemory {
    /// The recipe of `rgflow train thermometer` with `changes`, such as `network.hidden=[32]`.
    ///
    /// # Errors
    /// [`Error::User`] that names the setting, its value and the allowed ones.
    pub fn new(changes: &[String]) -> Result<Self, Error> {
        let table = settings::resolve(TrainThermometer::ABOUT.recipe, None, changes)?;
        <Settings as values::Settings>::parse(&table).map(Self).map_err(Error::user)
    }

    /// Trains on `samples` with a label each, `temperatures` or classes: the bytes of the model file, and the findings as
    /// JSON.
    ///
    /// # Errors
    /// [`Error::User`] for samples or labels that cannot be trained on, [`Error::Failure`] where the training diverges,
    /// [`Error::Interrupted`] where `watch` stops it.
    pub fn train(
        &self,
        samples: Values,
        (labels, temperatures): (Vec<f64>, bool),
        seed: u64,
        watch: &dyn Observer,
    ) -> Result<(Vec<u8>, String), Error> {
        let settings = &self.0;
        let mut data = Dataset::in_memory(samples, &options(settings)).map_err(Error::user)?;
        let meaning = if temperatures { Meaning::Temperature } else { Meaning::Class };
        data.labels = Some(Labels::of_samples(meaning, labels, data.n_samples()).map_err(Error::user)?);
        adapt(&mut data, settings).map_err(Error::user)?;
        let out = StageOut::in_memory("thermometer", seed, watch);
        let findings = stage::fit(&out, settings, &data)?;
        let findings = serde_json::to_string(&findings).map_err(|e| Error::failure(e.to_string()))?;
        let model = out.into_outputs().remove(stage::MODEL).unwrap_or_default();
        Ok((model, findings))
    }
}
