//! Chains of the negative phase that other machines help over barriers: those of parallel tempering at beta = 1, or
//! those of the present machine among earlier ones of the training.

#[cfg(test)]
mod tests;
mod trajectory;

use self::trajectory::Trajectory;
use super::{IndependentUnits, Ladder, Rbm, RbmError, Reference, Samples, Tempering};
use crate::learning::LearningError;
use crate::random::Stream;
use crate::restart::{Unfit, decode, encode};
use ndarray::Array2;

/// Samples that are read at a time.
const PORTION: usize = 1024;
/// Sweeps of tempering before the first update of a machine that is nearly one of independent units, as the first of a
/// training is, and of one that is trained already.
const BURN_IN: [usize; 2] = [64, 1000];
/// |w| of a machine that is trained already.
const TRAINED: f32 = 0.1;
/// Updates after which temperatures are placed anew.
const PLACED_EVERY: u64 = 100;

/// The chains of the present machine with those of the others.
pub(super) enum Aided {
    Tempering { ladder: Box<Tempering>, updates: u64 },
    Trajectory(Box<Trajectory>),
}

impl Aided {
    /// Independent units with the means of `data`, which `rbm` can take.
    pub(super) fn reference(rbm: &Rbm, data: Samples) -> IndependentUnits {
        let (n, samples) = (rbm.n_visible(), data.len(rbm.n_visible()));
        IndependentUnits::fit(rbm.visible_units(), n, |take| {
            for first in (0..samples).step_by(PORTION) {
                let rows = data.rows(n, first..(first + PORTION).min(samples));
                rows.values(rbm).rows().into_iter().for_each(&mut *take);
            }
        })
    }

    /// By `temperatures` machines between `rbm` and `reference`, with `chains` replicas of each.
    ///
    /// # Errors
    /// As [`Tempering::new`].
    pub(super) fn tempering(
        rbm: &Rbm,
        reference: IndependentUnits,
        [temperatures, chains]: [usize; 2],
        stream: Stream,
    ) -> Result<Self, RbmError> {
        let trained = rbm.weights.iter().any(|w| w.abs() > TRAINED);
        let burn_in = BURN_IN[usize::from(trained)];
        let ladder = Ladder { temperatures, copies: chains, burn_in, reference: Reference::Data(reference) };
        Ok(Self::Tempering { ladder: Box::new(Tempering::new(rbm, &ladder, stream)?), updates: 0 })
    }

    /// By `reference` and earlier machines of the training, at most `machines` with the present one, with `chains`
    /// replicas of each.
    ///
    /// # Errors
    /// [`RbmError::Learning`] for another number of machines than 2 to 1000.
    pub(super) fn trajectory(
        rbm: &Rbm,
        reference: &IndependentUnits,
        [machines, chains]: [usize; 2],
        stream: Stream,
    ) -> Result<Self, RbmError> {
        if !(2..=1000).contains(&machines) {
            let (name, value) = ("temperatures", machines as f64);
            return Err(LearningError::Setting { name, value, range: "2 to 1000" }.into());
        }
        Ok(Self::Trajectory(Box::new(Trajectory::new(rbm, reference, [machines, chains], stream))))
    }

    /// Machines whose chains make steps, at most.
    pub(super) fn machines(&self) -> usize {
        match self {
            Self::Tempering { ladder, .. } => ladder.betas().len(),
            Self::Trajectory(trajectory) => trajectory.most(),
        }
    }

    /// Exchanges and Gibbs steps, `sweeps` of each, of the chains of `rbm`, the present machine, and the others.
    pub(super) fn advance(&mut self, rbm: &Rbm, sweeps: usize) {
        match self {
            Self::Tempering { ladder, updates } => {
                *updates += 1;
                if updates.is_multiple_of(PLACED_EVERY) {
                    ladder.place();
                }
                ladder.follow(rbm);
                ladder.run(sweeps);
            }
            Self::Trajectory(trajectory) => trajectory.advance(rbm, sweeps),
        }
    }

    /// Visible states of the chains of the present machine, shape (chains, n_visible).
    pub(super) fn visible(&self) -> Array2<f32> {
        match self {
            Self::Tempering { ladder, .. } => ladder.visible(),
            Self::Trajectory(trajectory) => trajectory.visible().clone(),
        }
    }

    /// All that updates go on from but the machine.
    pub(super) fn save(&self) -> Vec<u8> {
        match self {
            Self::Tempering { ladder, updates } => encode(&(updates, ladder.save())),
            Self::Trajectory(trajectory) => trajectory.save(),
        }
    }

    /// Goes on from what [`Aided::save`] gave, with the present machine `rbm`.
    pub(super) fn restore(&mut self, rbm: &Rbm, state: &[u8]) -> Result<(), Unfit> {
        match self {
            Self::Tempering { ladder, updates } => {
                let (done, state): (u64, Vec<u8>) = decode(state)?;
                *updates = done;
                ladder.restore(&state)
            }
            Self::Trajectory(trajectory) => trajectory.restore(rbm, state),
        }
    }
}
