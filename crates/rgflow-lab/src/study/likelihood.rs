//! Stages "likelihood/NAME": how far a machine is from its data.

use super::known_law::KnownLaw;
use super::ln_z::LnZ;
use super::rbms;
use crate::artifact::progress::Observer;
use crate::artifact::{Artifact, Error, Repetition, Stage};
use crate::record::{Dimension, Measured, Quantity, Repeated, places};
use ndarray::{Array2, ArrayView2};
use rgflow::lattice::Temperature;
use rgflow::random::Stream;
use rgflow::rbm::{Rbm, Units};
use rgflow::statistics::mean_error;
use serde::{Deserialize, Serialize};

const REVISION: u32 = 2;
/// Where ln Z is by annealing: it was forward only before.
const ANNEALED: u32 = 3;

/// Likelihood of samples under a machine that it was not trained on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Likelihood {
    /// Mean of ln p in nats per sample, with its error over samples and of ln Z, where ln Z is known.
    pub ln_p: Option<Measured>,
    /// KL in nats of the samples' law from the machine's, where that law is known too.
    pub kl: Option<Measured>,
    /// Reason why there is none.
    pub why: Option<String>,
    /// How ln Z was found, unless by enumeration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
}

impl Likelihood {
    /// Of samples under `rbm`. Annealing draws its random numbers from `stream`, and tells `observer` of its work.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where `observer` stops it.
    pub fn of(rbm: &Rbm, samples: &Samples, stream: Stream, observer: &dyn Observer) -> Result<Self, Error> {
        let Samples { v, law } = *samples;
        let found = match are_states(rbm.visible_units(), v) {
            true => {
                observer.announce(LnZ::work(rbm));
                LnZ::of(rbm, stream, observer)?
            }
            false => Err(NO_STATES.into()),
        };
        let ln_z = match found {
            Ok(ln_z) => ln_z,
            Err(why) => return Ok(Self { why: Some(why), ..Self::default() }),
        };
        let with = |(value, of_samples): Measured| (value, of_samples.hypot(ln_z.error()));
        let ln_p: Vec<f64> = rbm.free_energy(v).iter().map(|f| -f - ln_z.value).collect();
        let mean = mean_error(&ln_p);
        let kl = law.map(|law| with(law.kl(rbm, v, ln_z.value)));
        let how = (!ln_z.is_exact()).then(|| ln_z.how.clone());
        Ok(Self { ln_p: Some(with((mean.value, mean.error))), kl, why: None, how })
    }
}

/// Samples that a machine was not trained on, shape (n, n_visible), and their law, if it is known.
#[derive(Clone, Copy)]
pub struct Samples<'a> {
    pub v: ArrayView2<'a, f32>,
    pub law: Option<&'a KnownLaw>,
}

/// Reason why grey levels have no likelihood.
pub const NO_STATES: &str = "grey levels are probabilities, not states: such data has no likelihood";

/// Whether the rows of `v` are states of `units`, not grey levels.
pub fn are_states(units: &Units, v: ArrayView2<f32>) -> bool {
    units.sites().is_none_or(|sites| v.rows().into_iter().all(|row| sites.misfit(row).is_none()))
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
    /// Extents of the lattice of visible units.
    pub extents: [usize; 2],
    /// Temperatures of the samples on the square torus, each with as many; none where their law is not known.
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
        let rbm = rbms::load(self.machine, &rbms::file(self.name, self.epoch))?;
        let what = Stage {
            name: &name,
            revision: if rbm.has_exact_ln_z() { REVISION } else { ANNEALED },
            settings: (self.extents, self.temperatures),
            inputs: &[&[self.machine], self.inputs].concat(),
            outputs: &[&format!("{name}.json")],
        };
        repetition.found(what, |out| {
            let parts = self.temperatures.iter().map(|t| Temperature::new(*t).map(|t| (t, 1.0)));
            let law = KnownLaw::of(self.extents, &parts.collect::<Result<Vec<_>, _>>()?);
            let v = samples()?.mapv(f32::from);
            Likelihood::of(&rbm, &Samples { v: v.view(), law: law.as_ref() }, out.streams().of(&name), out)
        })
    }
}

/// Likelihoods of machines at the places of a table.
pub struct Likelihoods<const N: usize> {
    pub ln_p: Quantity<N>,
    pub kl: Quantity<N>,
    /// A sentence for each machine without a likelihood, and for each whose ln Z is by annealing, of the first
    /// repetition where that is so.
    pub remarks: Vec<String>,
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
        let remark = |place: [usize; N]| {
            let names: Vec<&str> = dimensions.iter().zip(place).map(|(dimension, at)| dimension.key(at)).collect();
            let all = || over.found.iter().map(|f| of(f, place));
            let why = all().find_map(|one| Some(format!("no likelihood: {}", one.why.as_ref()?)));
            let how = || all().find_map(|one| Some(format!("ln Z {}", one.how.as_ref()?)));
            why.or_else(how).map(|text| format!("{}: {text}.", names.join(", ")))
        };
        Self { ln_p, kl, remarks: places(dimensions).filter_map(remark).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::progress::Silent;
    use ndarray::{Axis, concatenate, s};
    use rgflow::random::Streams;
    use rgflow::rbm::ExactDraws;

    fn of(rbm: &Rbm, v: ArrayView2<f32>, law: Option<&KnownLaw>) -> Likelihood {
        Likelihood::of(rbm, &Samples { v, law }, Streams::new(1).of("test"), &Silent).unwrap()
    }

    /// A machine beyond enumeration made of two equal independent halves: ln p of two samples side by side is the sum
    /// of theirs, and KL, over these samples the mean of ln q - ln p, is that of the exact ln p. Annealing is within 4
    /// of its errors (p < 1e-4 by the normal law).
    #[test]
    fn a_large_machine_is_as_likely_as_its_halves() {
        let streams = Streams::new(1);
        let half = Rbm::random(16, 14, 0.4, &mut streams.generator("test/init", 0));
        let mut whole = Rbm::random(32, 28, 0.0, &mut streams.generator("test/init", 1));
        for at in [0, 1] {
            let (v, h) = (16 * at, 14 * at);
            whole.weights.slice_mut(s![v..v + 16, h..h + 14]).assign(&half.weights);
        }
        assert!(half.has_exact_ln_z() && !whole.has_exact_ln_z());
        let draws = ExactDraws::new(&half).unwrap().draw(2000, &mut streams.bulk("test/draws", 0));
        let ln_z = half.ln_z().unwrap();
        let exact: f64 = half.free_energy(draws.view()).iter().map(|f| -f - ln_z).sum::<f64>() / 1000.0;
        let law = KnownLaw::of([4, 8], &[(Temperature::new(2.0).unwrap(), 1.0)]).unwrap();
        let v = concatenate(Axis(1), &[draws.slice(s![..1000, ..]), draws.slice(s![1000.., ..])]).unwrap();
        let found = of(&whole, v.view(), Some(&law));
        let of_ln_z = LnZ::of(&whole, streams.of("test"), &Silent).unwrap().unwrap().error();
        let (ln_p, kl) = (found.ln_p.unwrap(), found.kl.unwrap());
        assert!((ln_p.0 - exact).abs() < 4.0 * of_ln_z && ln_p.1 > of_ln_z, "{ln_p:?}, {exact}, {of_ln_z}");
        let best = law.kl(&whole, v.view(), 2.0 * ln_z).0;
        assert!((kl.0 - best).abs() < 4.0 * of_ln_z, "{kl:?}, {best}");
        assert!(found.how.unwrap().starts_with("by annealing (two estimates") && found.why.is_none());
    }

    #[test]
    fn an_enumerated_machine_says_nothing_of_annealing_and_grey_levels_have_no_likelihood() {
        let rbm = Rbm::random(4, 2, 0.5, &mut Streams::new(1).generator("test/init", 0));
        let v = ndarray::array![[1.0f32, 1.0, -1.0, 1.0], [-1.0, 1.0, 1.0, -1.0]];
        let found = of(&rbm, v.view(), None);
        let law = rbm.ln_visible_law().unwrap();
        // In state s unit i is up if bit i of s is 1.
        let exact = 0.5 * (law[0b1011] + law[0b0110]);
        assert!((found.ln_p.unwrap().0 - exact).abs() < 1e-6, "{found:?}, {exact}");
        assert_eq!((found.how, found.kl, found.why), (None, None, None));
        let grey = of(&rbm, (0.5 * &v).view(), None);
        assert!(grey.ln_p.is_none() && grey.why.unwrap().starts_with("grey levels"));
    }
}
