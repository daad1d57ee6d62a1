//! ln Z of machines of any size by annealed importance sampling (Neal 2001; for RBMs Salakhutdinov and Murray 2008).
//!
//! A chain goes from independent units through intermediate machines (`rbm::intermediate`) to the machine, beta_0 = 0 <
//! ... < beta_K = 1. With v_0 drawn from the independent units and v_k from v_(k-1) by a Gibbs step of the machine at
//! beta_k, its weight
//!
//! w = product over k = 1 ... K of f_(beta_k)(v_(k-1)) / f_(beta_(k-1))(v_(k-1))
//!
//! has the mean Z/Z_0 for any K and however far the chain is from equilibrium. In reverse, from v drawn from the
//! machine itself, the mean is Z_0/Z. By Jensen's inequality the mean of ln Z is too low forward and too high in
//! reverse.

mod schedule;
#[cfg(test)]
mod tests;
mod walk;

use self::schedule::schedule;
use self::walk::{Begin, Walk};
use super::intermediate::Family;
use super::{ExactDraws, Rbm, RbmError, Reference, Samples};
use crate::learning::LearningError;
use crate::random::Stream;
use crate::restart::{Stopped, Tick, unwatched};
use crate::statistics::{LEAST_EFFECTIVE, log_mean};
use ndarray::{ArrayView2, CowArray, Ix2};

/// Most intermediate temperatures and chains.
const MOST: usize = 10_000_000;

/// Settings of annealed importance sampling. Random numbers: PURPOSE/pilot, PURPOSE/forward, PURPOSE/reverse,
/// PURPOSE/starts.
///
/// ```
/// use rgflow::{random::Streams, rbm::{Annealing, Rbm}};
/// let streams = Streams::new(1);
/// let rbm = Rbm::random(20, 10, 0.3, &mut streams.generator("example/init", 0));
/// let annealing = Annealing { temperatures: 100, chains: 200, ..Annealing::default() };
/// let estimate = annealing.ln_z(&rbm, streams.of("example/annealing"))?;
/// let exact = rbm.ln_z()?; // small enough to be enumerated
/// assert!(estimate.is_reliable() && (estimate.value - exact).abs() < 0.5 && estimate.high - estimate.low < 0.5);
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Annealing {
    /// Number K of steps in beta: 1 to 10 million. More of them narrow the weights; the error falls as 1/sqrt(K chains)
    /// where the chains follow the machines.
    pub temperatures: usize,
    /// Number of chains forward: 2 to 10 million.
    pub chains: usize,
    /// The law at beta = 0.
    pub reference: Reference,
}

impl Default for Annealing {
    /// 1000 temperatures, 1000 chains, the machine's own fields.
    fn default() -> Self {
        Self { temperatures: 1000, chains: 1000, reference: Reference::Own }
    }
}

/// Visible states from which chains go in reverse.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Starts<'a> {
    /// Exact draws, as many as there are chains forward: of machines with a small layer, see [`ExactDraws`].
    Exact,
    /// Independent samples of the machine, shape (n, n_visible), that the caller has shown to be in equilibrium.
    Equilibrated(ArrayView2<'a, f32>),
    /// Samples of chains of which that is not shown.
    Unproven(ArrayView2<'a, f32>),
}

/// An estimate of ln Z.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LnZEstimate {
    /// ln of the mean weight, in nats: on average too low forward and too high in reverse, by about 1/(2 n_eff) where
    /// the weights' tail is seen.
    pub value: f64,
    /// Lower end of the 95 % interval of [`log_mean`]: over chains, which are independent of each other.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Effective number of chains, (sum w)^2 / sum w^2.
    pub n_eff: f64,
    /// Number of chains.
    pub chains: usize,
}

impl LnZEstimate {
    /// Whether the interval may be believed: at least 50 effective chains ([`LEAST_EFFECTIVE`]). Chains that all miss a
    /// part of the law, as below a first-order transition, cannot be told from such that miss nothing: compare both
    /// directions.
    pub fn is_reliable(&self) -> bool {
        self.n_eff >= LEAST_EFFECTIVE
    }
}

/// How estimates from both directions may be read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The reverse chains start in equilibrium: the expected values of the two enclose ln Z.
    Bracket,
    /// They start from samples that are not shown to be in equilibrium: two estimates, which may err on the same side.
    TwoEstimates,
}

/// ln Z from both directions.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TwoSided {
    /// From the independent units to the machine.
    pub forward: LnZEstimate,
    /// From the machine to the independent units.
    pub reverse: LnZEstimate,
    /// How the two may be read together.
    pub standing: Standing,
}

impl TwoSided {
    /// Reverse less forward value: far above the widths of the intervals where the chains do not follow the machines.
    pub fn difference(&self) -> f64 {
        self.reverse.value - self.forward.value
    }

    /// The least interval that holds the 95 % intervals of both.
    pub fn range(&self) -> [f64; 2] {
        [self.forward.low.min(self.reverse.low), self.forward.high.max(self.reverse.high)]
    }
}

impl Annealing {
    /// ln Z of `rbm`, Z = sum (or integral) of exp(-H(v, h)): machines of all kinds of units. O(temperatures chains
    /// n_visible n_hidden), in parallel; the same bits for any number of threads.
    ///
    /// The temperatures are dense where ln w varies most, as measured by 64 chains beforehand.
    ///
    /// # Errors
    /// [`RbmError::Learning`] for a setting outside its range; [`RbmError::NotFinite`] for parameters that are not
    /// finite, [`RbmError::NotNormalisable`] for a Gaussian machine without a Z; [`RbmError::Shape`] or
    /// [`RbmError::Layer`] for a reference of other units.
    pub fn ln_z(&self, rbm: &Rbm, stream: Stream) -> Result<LnZEstimate, RbmError> {
        let family = self.family(rbm)?;
        let schedule = schedule(&family, self, stream, &unwatched)?;
        Ok(self.forward(&family, &schedule, stream, &unwatched)?)
    }

    /// ln Z of `rbm` from both directions, at the same temperatures; in reverse a chain for each of `starts`.
    ///
    /// # Errors
    /// As [`Annealing::ln_z`]; as [`ExactDraws::new`] for exact starts; for samples as [`Samples::check`], and
    /// [`RbmError::Data`] or [`RbmError::Site`] for what is no state.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::{Annealing, Rbm, Standing, Starts}};
    /// let streams = Streams::new(1);
    /// let rbm = Rbm::random(20, 10, 0.3, &mut streams.generator("example/init", 0));
    /// let annealing = Annealing { temperatures: 100, chains: 200, ..Annealing::default() };
    /// let both = annealing.both(&rbm, Starts::Exact, streams.of("example/annealing"))?;
    /// let [low, high] = both.range();
    /// assert!(both.standing == Standing::Bracket && low < rbm.ln_z()? && rbm.ln_z()? < high);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn both(&self, rbm: &Rbm, starts: Starts, stream: Stream) -> Result<TwoSided, RbmError> {
        self.both_watched(rbm, starts, stream, &unwatched)
    }

    /// Steps of all chains together of [`Annealing::both`] with so many `starts`.
    pub fn work(&self, starts: usize) -> u64 {
        schedule::work(self) + (self.temperatures * (self.chains + starts)) as u64
    }

    /// As [`Annealing::both`]; `tick` is told of the steps of all chains together, [`Annealing::work`] in the end.
    ///
    /// # Errors
    /// As [`Annealing::both`]; [`RbmError::Stopped`] where `tick` breaks.
    pub fn both_watched(&self, rbm: &Rbm, starts: Starts, stream: Stream, tick: &Tick) -> Result<TwoSided, RbmError> {
        let family = self.family(rbm)?;
        let standing = if matches!(starts, Starts::Unproven(_)) { Standing::TwoEstimates } else { Standing::Bracket };
        let starts = self.starts(rbm, starts, stream)?;
        let mut schedule = schedule(&family, self, stream, tick)?;
        let forward = self.forward(&family, &schedule, stream, tick)?;
        schedule.reverse();
        let purpose = format!("{}/reverse", stream.purpose);
        let walk = Walk { family: &family, betas: &schedule, begin: Begin::At(starts.view()), tick };
        let weights = walk.run(stream.streams.of(&purpose))?;
        let mean = log_mean(&weights);
        let reverse = LnZEstimate {
            value: family.ln_z - mean.value,
            low: family.ln_z - mean.high,
            high: family.ln_z - mean.low,
            n_eff: mean.n_eff,
            chains: weights.len(),
        };
        Ok(TwoSided { forward, reverse, standing })
    }

    fn family(&self, rbm: &Rbm) -> Result<Family, RbmError> {
        let check = |name, value: usize, least, range| {
            let value = value as f64;
            let fits = (least as f64..=MOST as f64).contains(&value);
            if fits { Ok(()) } else { Err(LearningError::Setting { name, value, range }) }
        };
        check("temperatures", self.temperatures, 1, "1 to 10 million")?;
        check("chains", self.chains, 2, "2 to 10 million")?;
        Family::new(rbm, &self.reference)
    }

    fn forward(&self, family: &Family, schedule: &[f64], stream: Stream, tick: &Tick) -> Result<LnZEstimate, Stopped> {
        let purpose = format!("{}/forward", stream.purpose);
        let walk = Walk { family, betas: schedule, begin: Begin::Reference(self.chains), tick };
        let weights = walk.run(stream.streams.of(&purpose))?;
        let mean = log_mean(&weights);
        Ok(LnZEstimate {
            value: family.ln_z + mean.value,
            low: family.ln_z + mean.low,
            high: family.ln_z + mean.high,
            n_eff: mean.n_eff,
            chains: self.chains,
        })
    }

    fn starts<'a>(&self, rbm: &Rbm, starts: Starts<'a>, stream: Stream) -> Result<CowArray<'a, f32, Ix2>, RbmError> {
        let given = match starts {
            Starts::Exact => {
                let mut random = stream.streams.bulk(&format!("{}/starts", stream.purpose), 0);
                return Ok(ExactDraws::new(rbm)?.draw(self.chains, &mut random).into());
            }
            Starts::Equilibrated(given) | Starts::Unproven(given) => given,
        };
        Samples::Values(given).check(rbm)?;
        if let Some(sites) = rbm.visible_units().sites() {
            rbm.check_states(given, &sites)?;
        }
        Ok(given.into())
    }
}
