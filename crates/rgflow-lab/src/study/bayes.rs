//! The best possible thermometer: P(T | E) by Bayes, against which a network is measured.

use super::torus::Study;
use crate::artifact::Error;
use crate::record::Measured;
use ndarray::{Array2, ArrayView2};
use rgflow::exact::Mixture;
use rgflow::flow::{Reading, Reference, probabilities};
use rgflow::lattice::Temperature;
use rgflow::random::Streams;
use rgflow::statistics::mean_error;

/// P(T | s) of all temperatures of a study given a configuration, exactly, and the reference curves that it gives.
pub struct Bayes {
    prior: Mixture,
    reference: Reference,
}

impl Bayes {
    /// The thermometer of `study`, with the curves of its reference set.
    ///
    /// # Errors
    /// If the samples cannot be read.
    pub fn new(study: &Study) -> Result<Self, Error> {
        let (size, temperatures) = (*study.settings.lattice.size, study.settings.temperatures());
        let parts = temperatures.iter().map(|t| Ok((Temperature::new(*t)?, 1.0)));
        let prior = Mixture::square(size, size, &parts.collect::<Result<Vec<_>, Error>>()?)?;
        let set = study.set("reference")?;
        let read = |k| Reading::of(posteriors(&prior, set.at(k).mapv(f32::from).view()).view());
        let readings = (0..temperatures.len()).map(read).collect();
        let reference = Reference::new(&temperatures, readings, Streams::new(study.repetition.seed()))?;
        Ok(Self { prior, reference })
    }

    /// T* of a collection of spins, shape (n, sites).
    pub fn t_star(&self, spins: ArrayView2<f32>) -> f64 {
        self.reference.t_star(&Reading::of(posteriors(&self.prior, spins).view()).mean()).0
    }

    /// Cross-entropy of the network of `study` less that of Bayes in nats: a paired mean over the test set.
    ///
    /// # Errors
    /// If the samples cannot be read.
    pub fn excess(&self, study: &Study) -> Result<Measured, Error> {
        let set = study.set("test")?;
        let own = posteriors(&self.prior, set.spins.mapv(f32::from).view());
        let network = probabilities(&study.thermometer.mlp, set.spins.view())?;
        let pairs = network.rows().into_iter().zip(own.rows()).enumerate();
        let excess = pairs.map(|(i, (network, own))| {
            let class = i / set.per_temperature;
            let ln = |p: f32| libm::log(f64::from(p).max(1e-300));
            ln(own[class]) - ln(network[class])
        });
        let mean = mean_error(&excess.collect::<Vec<f64>>());
        Ok((mean.value, mean.error))
    }
}

fn posteriors(prior: &Mixture, spins: ArrayView2<f32>) -> Array2<f32> {
    let rows: Vec<Vec<f64>> = prior.energies_of(spins).into_iter().map(|energy| prior.posterior(energy)).collect();
    Array2::from_shape_fn((rows.len(), rows.first().map_or(0, Vec::len)), |(i, k)| rows[i][k] as f32)
}
