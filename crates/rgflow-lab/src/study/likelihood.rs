//! Stages "likelihood/NAME": how far a machine is from its data.

use super::known_law::KnownLaw;
use super::rbms;
use crate::artifact::{Artifact, Error, Repetition, Stage};
use crate::record::{Dimension, Measured, Quantity, Repeated};
use ndarray::Array2;
use rgflow::lattice::Temperature;
use rgflow::random::Stream;
use rgflow::rbm::{Annealing, Rbm, RbmError, Reference};
use rgflow::statistics::mean_error;
use serde::{Deserialize, Serialize};

const REVISION: u32 = 2;
/// Where no layer can be enumerated.
const ANNEALING: Annealing = Annealing { temperatures: 1000, chains: 100, reference: Reference::Own };

/// Likelihood of samples under a machine that it was not trained on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Likelihood {
    /// Mean of ln p in nats per sample, with its error over samples, where ln Z is known.
    pub ln_p: Option<Measured>,
    /// KL in nats of the samples' law from the machine's, where that law is known too.
    pub kl: Option<Measured>,
    /// Reason why there is none.
    pub why: Option<String>,
}

/// A machine, and samples that it was not trained on.
pub struct LikelihoodSpec<'a> {
    /// Name of the machine.
    pub name: &'a str,
    /// Epoch of a snapshot; `None`: the machine at the end.
    pub epoch: Option<usize>,
    pub machine: &'a Artifact,
    /// Artifacts that the samples come from.
    pub inputs: &'a [&'a Artifact],
    /// Extents of the square torus.
    pub extents: [usize; 2],
    /// Temperatures of the samples, each with as many.
    pub temperatures: &'a [f64],
}

impl LikelihoodSpec<'_> {
    /// Name of the stage.
    pub fn stage(name: &str, epoch: Option<usize>) -> String {
        epoch.map_or(format!("likelihood/{name}"), |epoch| format!("likelihood/{name}-epoch-{epoch}"))
    }

    /// Makes or keeps the likelihood of `samples`, of each temperature as many.
    pub fn find(
        &self,
        repetition: &Repetition,
        samples: impl FnOnce() -> Result<Array2<i8>, Error>,
    ) -> Result<Likelihood, Error> {
        let name = Self::stage(self.name, self.epoch);
        let inputs = [&[self.machine], self.inputs].concat();
        let (settings, output) = ((self.extents, self.temperatures), format!("{name}.json"));
        let what = Stage { name: &name, revision: REVISION, settings, inputs: &inputs, outputs: &[&output] };
        repetition.found(what, |out| {
            let rbm = rbms::load(self.machine, &rbms::file(self.name, self.epoch))?;
            let (ln_z, error) = match ln_z_of(&rbm, out.streams().of(&name)) {
                Ok(ln_z) => ln_z,
                Err(why) => return Ok(Likelihood { why: Some(why), ..Likelihood::default() }),
            };
            let with = |(value, of_samples): Measured| (value, of_samples.hypot(error));
            let v = samples()?.mapv(f32::from);
            let ln_p: Vec<f64> = rbm.free_energy(v.view()).iter().map(|f| -f - ln_z).collect();
            let parts = self.temperatures.iter().map(|t| Temperature::new(*t).map(|t| (t, 1.0)));
            let law = KnownLaw::of(self.extents, &parts.collect::<Result<Vec<_>, _>>()?);
            let mean = mean_error(&ln_p);
            let kl = law.map(|law| with(law.kl(&rbm, v.view(), ln_z)));
            Ok(Likelihood { ln_p: Some(with((mean.value, mean.error))), kl, why: None })
        })
    }
}

/// ln Z with its standard error: by enumeration (0), or by annealing where no layer is small.
///
/// # Errors
/// Reason why there is none.
pub fn ln_z_of(rbm: &Rbm, stream: Stream) -> Result<(f64, f64), String> {
    match rbm.ln_z() {
        Ok(ln_z) => Ok((ln_z, 0.0)),
        Err(RbmError::TooLarge { .. }) => {
            let estimate = ANNEALING.ln_z(rbm, stream).map_err(|e| e.to_string())?;
            if !estimate.is_reliable() {
                return Err(format!("ln Z by annealing: {:.0} effective chains are too few", estimate.n_eff));
            }
            // The half of an interval of nominally 97.5 % is 2.24 standard errors.
            Ok((estimate.value, (estimate.high - estimate.low) / 4.48))
        }
        Err(why) => Err(why.to_string()),
    }
}

/// Likelihoods of machines at the places of a table.
pub struct Likelihoods<const N: usize> {
    pub ln_p: Quantity<N>,
    pub kl: Quantity<N>,
}

impl<const N: usize> Likelihoods<N> {
    /// The quantities PREFIX.`key`.log_likelihood and PREFIX.`key`.kl of the likelihood `of` each repetition at a
    /// place.
    pub fn new<'a, F>(
        over: &Repeated<'a, F>,
        key: &str,
        dimensions: [&Dimension; N],
        of: impl Fn(&'a F, [usize; N]) -> &'a Likelihood,
    ) -> Self {
        let what = "ln p of a sample that the machine was not trained on; ln Z by enumeration, or beyond 25 hidden \
            units by annealed importance sampling";
        let ln_p = over.quantity(&format!("{key}.log_likelihood"), dimensions, "nats", what, |f, at| of(f, at).ln_p);
        let what = "KL of the exact law of the training temperatures from the machine's: paired mean over samples \
            that it was not trained on";
        let kl = over.quantity(&format!("{key}.kl"), dimensions, "nats", what, |f, at| of(f, at).kl);
        Self { ln_p, kl }
    }
}
