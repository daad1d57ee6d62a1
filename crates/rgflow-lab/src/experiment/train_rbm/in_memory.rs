//! The training of `rgflow train rbm` on samples in memory, without files: the same machine from the same settings.

use super::from::of_given;
use super::settings::Settings;
use super::{TrainRbm, adapt, options, stage};
use crate::artifact::progress::Observer;
use crate::artifact::{Error, StageOut, settings};
use crate::dataset::{Dataset, Values};
use crate::machine::Machine;
use crate::study::prelude::*;

/// Settings of a training on samples in memory.
pub struct RbmInMemory(Settings);

/// A trained machine as a run keeps it.
pub struct RbmFit {
    /// Bytes of its model file; those of a run also say the hash of its file of samples.
    pub model: Vec<u8>,
    /// Its evaluations, a line of JSON each.
    pub metrics: String,
}

impl RbmInMemory {
    /// The recipe of `rgflow train rbm` with `changes`, such as `machine.hidden=25`.
    ///
    /// # Errors
    /// [`Error::User`] that names the setting, its value and the allowed ones.
    pub fn new(changes: &[String]) -> Result<Self, Error> {
        let table = settings::resolve(TrainRbm::ABOUT.recipe, None, changes)?;
        let settings = <Settings as values::Settings>::parse(&table).map_err(Error::user)?;
        settings.check().map_err(Error::user)?;
        Ok(Self(settings))
    }

    /// Trains on `samples`, from the machine `from` on if there is one, told of by `watch`. Where it stops the training,
    /// the machine is that of the updates so far.
    ///
    /// # Errors
    /// [`Error::User`] for samples that the units cannot have, [`Error::Failure`] where the training diverges.
    pub fn train(
        &self,
        samples: Values,
        from: Option<&Machine>,
        seed: u64,
        watch: &dyn Observer,
    ) -> Result<RbmFit, Error> {
        let settings = &of_given(from, &self.0)?.resolved();
        let data = match from {
            Some(machine) => machine.in_memory(samples),
            None => {
                let mut data = Dataset::in_memory(samples, &options(settings)?).map_err(Error::user)?;
                adapt(&mut data, settings, None).map(|()| data)
            }
        };
        let data = data.map_err(Error::user)?;
        let out = StageOut::in_memory("rbm", seed, watch);
        stage::fit(&out, settings, (&data, None), from)?;
        let mut outputs = out.into_outputs();
        let mut take = |name: &str| outputs.remove(name).unwrap_or_default();
        let metrics = String::from_utf8(take(stage::METRICS)).map_err(|e| Error::failure(e.to_string()))?;
        Ok(RbmFit { model: take(stage::MODEL), metrics })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::progress::Silent;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn samples() -> Values {
        Values::States(ndarray::Array2::from_shape_fn((60, 6), |(s, i)| if (s * 7 + i * 3) % 5 < 2 { -1 } else { 1 }))
    }

    fn training(epochs: usize) -> RbmInMemory {
        let changes = ["data.test_fraction=0", "machine.hidden=3", "training.batch=20"].map(String::from);
        RbmInMemory::new(&[&changes[..], &[format!("training.epochs={epochs}")]].concat()).unwrap()
    }

    /// Stops after some ticks.
    struct Impatient(AtomicU64);

    impl Observer for Impatient {
        fn announce(&self, _: u64) {}

        fn tick(&self, _: u64) -> Result<(), Error> {
            if self.0.fetch_add(1, Ordering::Relaxed) < 4 { Ok(()) } else { Err(Error::Interrupted) }
        }
    }

    #[test]
    fn a_training_that_is_stopped_gives_the_machine_that_it_has() {
        let stopped = training(1000).train(samples(), None, 1, &Impatient(AtomicU64::new(0))).unwrap();
        let epochs = stopped.metrics.lines().count();
        assert!((1..1000).contains(&epochs));
        let whole = training(epochs).train(samples(), None, 1, &Silent).unwrap();
        let machine = |fit: &RbmFit| Machine::from_bytes(&fit.model).unwrap().rbm;
        assert_eq!(machine(&stopped).weights, machine(&whole).weights);
        assert_eq!(stopped.metrics, whole.metrics);
    }

    #[test]
    fn a_training_goes_on_with_a_machine_and_refuses_other_samples() {
        let first = Machine::from_bytes(&training(2).train(samples(), None, 1, &Silent).unwrap().model).unwrap();
        let next = training(1).train(samples(), Some(&first), 2, &Silent).unwrap();
        assert_ne!(Machine::from_bytes(&next.model).unwrap().rbm.weights, first.rbm.weights);
        let grey = Values::Real(ndarray::Array2::from_elem((60, 6), 0.5));
        let refused = training(1).train(grey, Some(&first), 2, &Silent).err().unwrap().to_string();
        assert!(refused.starts_with("holds 0.5; the machine's visible units are spin"), "{refused}");
    }
}
