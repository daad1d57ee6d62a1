//! Parallel tempering (replica exchange; Swendsen and Wang 1986, Hukushima and Nemoto 1996; for RBMs Desjardins et al.
//! 2010).
//!
//! Replicas of the machines at 1 = beta_0 > ... > beta_(K-1) = 0 of the family from independent units to the machine
//! (`rbm::intermediate`) make Gibbs steps side by side. Neighbours in beta exchange their visible states with the
//! probability
//!
//! min(1, f_i(v_j) f_j(v_i) / (f_i(v_i) f_j(v_j))), f_i(v) = sum_h exp(-H_i(v, h)),
//!
//! which keeps the product of the laws p_i(v_i): detailed balance with the hidden units summed out. For f the whole
//! weight of a state is taken, not that of a unit. At beta = 0 every step is an independent draw, so that states that
//! come from there have no memory.
//!
//! Exchanges that are accepted are no proof: where a mode of the machine has no weight at smaller beta, because the
//! reference excludes it, replicas wander through the ladder and do not see it. Ladders from two references, the
//! machine's own and data, have to agree.

mod block;
#[cfg(test)]
mod tests;

use self::block::Block;
use super::intermediate::Family;
use super::{Rbm, RbmError, Reference};
use crate::learning::LearningError;
use crate::random::Stream;
use crate::restart::{Stopped, Tick, Ticks, Unfit, decode, demand, encode, unwatched};
use crate::statistics::{CorrelatedMean, SeriesError, correlated_mean};
use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

/// Rows of replicas that one task takes, at most, but at least one ladder. Fixed, so that random numbers do not depend
/// on threads.
const ROWS: usize = 64;

/// Rounds of the burn-in after which temperatures are placed: the first two take 1/32 of it, each further one twice the
/// round before. The last round, half of it, leaves them as they are.
const ROUNDS: u32 = 6;

/// Least rejection that is counted for a pair: where all exchanges are accepted the temperatures keep a distance.
const LEAST_REJECTION: f64 = 1e-3;

/// Settings of parallel tempering.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// Number of temperatures, with beta = 1 and 0: 2 to 1000. About twice [`Tempering::barrier`] and one more is best.
    pub temperatures: usize,
    /// Number of ladders, which know nothing of each other: 1 to a million.
    pub copies: usize,
    /// Sweeps before the first that counts, during which temperatures are placed so that all pairs exchange alike: at
    /// least 64.
    pub burn_in: usize,
    /// The law at beta = 0.
    pub reference: Reference,
}

impl Default for Ladder {
    /// 10 temperatures, 100 ladders, 1000 sweeps of burn-in, the machine's own fields.
    fn default() -> Self {
        Self { temperatures: 10, copies: 100, burn_in: 1000, reference: Reference::Own }
    }
}

impl Ladder {
    /// Gibbs steps of all replicas together in the burn-in.
    pub fn work(&self) -> u64 {
        (self.burn_in * self.temperatures * self.copies) as u64
    }
}

/// Parallel tempering of a machine of any kinds of units: the same states for any number of threads.
///
/// ```
/// use rgflow::{random::Streams, rbm::{Ladder, Rbm, Tempering}};
/// let streams = Streams::new(1);
/// let mut rbm = Rbm::random(8, 3, 0.1, &mut streams.generator("example/init", 0));
/// rbm.weights += 0.8; // a ferromagnet: all spins up or all down
/// let ladder = Ladder { temperatures: 6, copies: 50, burn_in: 200, ..Ladder::default() };
/// let mut tempering = Tempering::new(&rbm, &ladder, streams.of("example/tempering"))?;
/// let magnetisation = tempering.measure(500, |v| f64::from(v.sum()) / 8.0).expect("long enough");
/// assert!(magnetisation.mean.value.abs() < 5.0 * magnetisation.mean.error); // without field both are as likely
/// assert!(tempering.acceptance().iter().all(|a| *a > 0.2) && tempering.round_trips() > 0);
/// assert_eq!(tempering.visible().dim(), (50, 8));
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub struct Tempering {
    family: Family,
    reference: Reference,
    /// From 1 to 0.
    betas: Vec<f64>,
    blocks: Vec<Block>,
    copies: usize,
}

impl Tempering {
    /// Replicas after the burn-in, from which on temperatures stay. All begin as independent draws at beta = 0. Random
    /// numbers: PURPOSE/replicas and PURPOSE/swaps. O(burn_in temperatures copies n_visible n_hidden), in parallel.
    ///
    /// # Errors
    /// [`RbmError::Learning`] for a setting outside its range; [`RbmError::NotFinite`] for parameters that are not
    /// finite, [`RbmError::NotNormalisable`] for a Gaussian machine without a Z; [`RbmError::Shape`] or
    /// [`RbmError::Layer`] for a reference of other units.
    pub fn new(rbm: &Rbm, ladder: &Ladder, stream: Stream) -> Result<Self, RbmError> {
        Self::new_watched(rbm, ladder, stream, &unwatched)
    }

    /// As [`Tempering::new`]; `tick` is told of the Gibbs steps of all replicas together, [`Ladder::work`] in the end.
    ///
    /// # Errors
    /// As [`Tempering::new`]; [`RbmError::Stopped`] where `tick` breaks.
    pub fn new_watched(rbm: &Rbm, ladder: &Ladder, stream: Stream, tick: &Tick) -> Result<Self, RbmError> {
        let check = |name, value: usize, (least, most): (usize, usize), range| {
            let fits = (least..=most).contains(&value);
            if fits { Ok(()) } else { Err(LearningError::Setting { name, value: value as f64, range }) }
        };
        check("temperatures", ladder.temperatures, (2, 1000), "2 to 1000")?;
        check("copies", ladder.copies, (1, 1_000_000), "1 to 1 million")?;
        check("burn_in", ladder.burn_in, (64, usize::MAX), ">= 64")?;
        let family = Family::new(rbm, &ladder.reference)?;
        let (levels, copies) = (ladder.temperatures, ladder.copies);
        let betas: Vec<f64> = (0..levels).map(|k| 1.0 - k as f64 / (levels - 1) as f64).collect();
        let each = (ROWS / levels).max(1);
        let block = |b: usize| {
            let random = |part| stream.streams.bulk(&format!("{}/{part}", stream.purpose), b as u64);
            Block::new(&family, levels, each.min(copies - b * each), [random("replicas"), random("swaps")])
        };
        let blocks = (0..copies.div_ceil(each)).map(block).collect();
        let mut tempering = Self { family, reference: ladder.reference.clone(), betas, blocks, copies };
        let unit = ladder.burn_in >> (ROUNDS - 1);
        for round in 0..ROUNDS {
            let last = round + 1 == ROUNDS;
            let behind = if round == 0 { 0 } else { unit << (round - 1) };
            tempering
                .run_watched(if last { ladder.burn_in - behind } else { unit << round.saturating_sub(1) }, tick)?;
            if !last {
                tempering.betas = placed(&tempering.betas, &tempering.acceptance());
            }
            tempering.blocks.iter_mut().for_each(Block::forget);
        }
        Ok(tempering)
    }

    /// Goes on with another machine of the same units and sizes; one whose parameters are not finite changes nothing.
    pub(super) fn follow(&mut self, rbm: &Rbm) {
        if let Ok(family) = Family::new(rbm, &self.reference) {
            self.family = family;
        }
    }

    /// Places the temperatures by the exchanges since the last time.
    pub(super) fn place(&mut self) {
        self.betas = placed(&self.betas, &self.acceptance());
        self.blocks.iter_mut().for_each(Block::forget);
    }

    /// All that sweeps go on from but the machine.
    pub(super) fn save(&self) -> Vec<u8> {
        encode(&(&self.betas, self.blocks.iter().map(Block::save).collect::<Vec<_>>()))
    }

    /// Goes on from what [`Tempering::save`] gave.
    pub(super) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (betas, blocks): (Vec<f64>, Vec<Vec<u8>>) = decode(state)?;
        demand(betas.len() == self.betas.len() && blocks.len() == self.blocks.len())?;
        self.betas = betas;
        self.blocks.iter_mut().zip(blocks).try_for_each(|(block, state)| block.restore(&state))
    }

    /// `sweeps` sweeps: in each, exchanges between neighbours in beta, of the pairs (0, 1), (2, 3) ... and (1, 2),
    /// (3, 4) ... by turns, and a Gibbs step of every replica.
    pub fn run(&mut self, sweeps: usize) {
        self.run_watched(sweeps, &unwatched).expect("nothing stops it");
    }

    /// As [`Tempering::run`]; `tick` is told of the Gibbs steps of all replicas together.
    ///
    /// # Errors
    /// [`Stopped`] where `tick` breaks; the ladders are then in the middle of their sweeps.
    pub fn run_watched(&mut self, sweeps: usize, tick: &Tick) -> Result<(), Stopped> {
        let (family, betas) = (&self.family, &self.betas);
        self.blocks.par_iter_mut().try_for_each(|block| {
            let replicas = block.copies() * betas.len();
            let mut ticks = Ticks::new(tick, replicas, replicas * family.n_weights());
            for _ in 0..sweeps {
                block.sweep(family, betas);
                ticks.step()?;
            }
            ticks.tell()
        })
    }

    /// The visible states at beta = 1, shape (copies, n_visible): independent of each other, being of different
    /// ladders.
    pub fn visible(&self) -> Array2<f32> {
        let mut v = Array2::zeros((self.copies, self.family.n_visible()));
        let rows = self.blocks.iter().flat_map(|block| (0..block.copies()).map(move |copy| (block, copy)));
        for ((block, copy), mut row) in rows.zip(v.rows_mut()) {
            block.write_visible(copy, row.as_slice_mut().expect("standard layout"));
        }
        v
    }

    /// `sweeps` sweeps; the series of an observable, `of` the visible units at beta = 1 after each, for each ladder.
    pub fn series(&mut self, sweeps: usize, of: impl Fn(ArrayView1<f32>) -> f64 + Sync) -> Vec<Vec<f64>> {
        let (family, betas, n) = (&self.family, &self.betas, self.family.n_visible());
        let block = |block: &mut Block| {
            let mut v = vec![0.0; n];
            let mut series = vec![Vec::with_capacity(sweeps); block.copies()];
            for _ in 0..sweeps {
                block.sweep(family, betas);
                for (copy, series) in series.iter_mut().enumerate() {
                    block.write_visible(copy, &mut v);
                    series.push(of(ArrayView1::from(&v)));
                }
            }
            series
        };
        self.blocks.par_iter_mut().flat_map_iter(block).collect()
    }

    /// `sweeps` sweeps; mean, error, tau_int in sweeps and effective number of the values of an observable at beta = 1.
    ///
    /// # Errors
    /// As [`correlated_mean`]: for series that are too short for an error, or do not vary.
    pub fn measure(
        &mut self,
        sweeps: usize,
        of: impl Fn(ArrayView1<f32>) -> f64 + Sync,
    ) -> Result<CorrelatedMean, SeriesError> {
        correlated_mean(&self.series(sweeps, of))
    }

    /// The values of beta, from 1 to 0.
    pub fn betas(&self) -> &[f64] {
        &self.betas
    }

    /// Mean probability of an exchange between the neighbours k and k + 1, since the burn-in. NaN before the first
    /// attempt.
    pub fn acceptance(&self) -> Vec<f64> {
        let pairs = 0..self.betas.len() - 1;
        let mean = |pair: usize| {
            let sums = self.blocks.iter().map(|block| block.accepted(pair));
            let (sum, n) = sums.fold((0.0, 0u64), |(sum, n), (s, m)| (sum + s, n + m));
            sum / n as f64
        };
        pairs.map(mean).collect()
    }

    /// Sum of the probabilities that an exchange is rejected, over the pairs: the global communication barrier (Syed et
    /// al., J. R. Stat. Soc. B 84 (2022) 321), nearly the same for any number of temperatures if there are enough.
    pub fn barrier(&self) -> f64 {
        self.acceptance().iter().map(|a| 1.0 - a).sum()
    }

    /// How often, since the burn-in, a state came from beta = 0 to beta = 1 after it had been there before, over all
    /// ladders. Without any, modes of the machine have not been visited by their weight.
    pub fn round_trips(&self) -> u64 {
        self.blocks.iter().map(Block::round_trips).sum()
    }
}

/// As many values of beta, between which exchanges are rejected alike: the sum of rejections from beta = 1 on, linear
/// between the present values, is cut into equal parts.
fn placed(betas: &[f64], acceptance: &[f64]) -> Vec<f64> {
    let mut reached = vec![0.0];
    for a in acceptance {
        let rejection = if a.is_nan() { 1.0 } else { 1.0 - a };
        reached.push(reached[reached.len() - 1] + rejection.max(LEAST_REJECTION));
    }
    let pairs = betas.len() - 1;
    let beta = |k: usize| {
        let at = reached[pairs] * k as f64 / pairs as f64;
        let i = reached.partition_point(|x| *x <= at).clamp(1, pairs) - 1;
        let share = (at - reached[i]) / (reached[i + 1] - reached[i]);
        // As single floats, which replicas take them for.
        f64::from((betas[i] + share * (betas[i + 1] - betas[i])) as f32)
    };
    let mut placed: Vec<f64> = (0..=pairs).map(beta).collect();
    (placed[0], placed[pairs]) = (1.0, 0.0);
    placed
}
