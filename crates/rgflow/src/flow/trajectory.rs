//! The flow itself: v -> h -> v again and again, from collections at each start temperature.

use super::FlowError;
use super::follower::{Prepared, Randomness};
use super::moments::{Piece, Trajectory, assemble};
use super::readout::Readout;
use super::schedule::Schedule;
use crate::random::Stream;
use crate::rbm::{Rbm, Samples};
use crate::restart::{Drive, through};
use ndarray::{Array2, ArrayViewMut2, Axis};
use rayon::prelude::*;
use std::ops::Range;

/// Most chains that are advanced together: a third of a thousand in whole groups of 16. Fixed, so that results do not
/// depend on threads.
const CHUNK: usize = 336;

/// The quantity that is iterated: states or expectation values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Expectation values (thesis eqs 4.1.1-4.1.2): a deterministic map of real vectors.
    Mean,
    /// Sampled states (thesis section 2.4.2): Gibbs sampling.
    Gibbs,
}

impl Mode {
    /// Name in keys and files.
    ///
    /// ```
    /// assert_eq!(rgflow::flow::Mode::Gibbs.name(), "gibbs");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Mode::Mean => "mean",
            Mode::Gibbs => "gibbs",
        }
    }
}

/// Collections from which flows start: `per_start` configurations for each of `n_starts` temperatures (or other
/// labels).
#[derive(Clone, Copy, Debug)]
pub struct Starts<'a> {
    /// The visible units of n_starts * per_start chains, start by start: packed bits, or values, of which real ones
    /// (grey levels) are allowed.
    pub values: Samples<'a>,
    /// Number of starts.
    pub n_starts: usize,
}

/// The machine that is iterated, the mode, and the steps that are recorded.
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a> {
    /// The machine.
    pub rbm: &'a Rbm,
    /// The map.
    pub mode: Mode,
    /// Steps and records.
    pub schedule: &'a Schedule,
}

impl Starts<'_> {
    /// The number of chains of each start, for a machine `rbm` that can take them.
    fn per_start(&self, rbm: &Rbm) -> Result<usize, FlowError> {
        self.values.check(rbm)?;
        let (chains, n_starts) = (self.values.len(rbm.n_visible()), self.n_starts);
        let even = n_starts > 0 && chains.is_multiple_of(n_starts);
        if even { Ok(chains / n_starts) } else { Err(FlowError::Starts { chains, n_starts }) }
    }
}

/// Some chains of one start, which are advanced side by side.
pub(super) struct Chunk {
    /// Number of their start.
    pub start: usize,
    /// Their rows among all chains.
    pub rows: Range<usize>,
}

/// Runs `flow` from `starts` and reads it at the records of its schedule.
///
/// Random streams are "PURPOSE" and "PURPOSE/read" with the number of the chunk. A flow that is watched, saved or
/// stopped on its way is [`run_by`].
///
/// ```
/// use ndarray::Array2;
/// use rgflow::flow::{Flow, Mode, Readout, Schedule, Starts, run};
/// use rgflow::{random::Streams, rbm::Rbm};
/// let streams = Streams::new(1);
/// let rbm = Rbm::random(6, 3, 0.01, &mut streams.generator("example/init", 0));
/// let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &Schedule::new(20) };
/// // Twenty chains from all spins up, twenty from all spins down.
/// let spins = Array2::from_shape_fn((40, 6), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
/// let starts = Starts { values: spins.view().into(), n_starts: 2 };
/// let seen = run(flow, Readout::default(), starts, streams.of("example/flow"))?;
/// // Weak weights forget where they came from.
/// assert!(seen.values.iter().all(|v| v.abs() < 1e-3) && seen.at_rest == 1.0);
/// # Ok::<(), rgflow::flow::FlowError>(())
/// ```
///
/// # Errors
/// [`FlowError`] for starts that the machine cannot take, and for a network or a lattice of another size than the
/// machine.
pub fn run(flow: Flow, readout: Readout, starts: Starts, stream: Stream) -> Result<Trajectory, FlowError> {
    run_by(flow, readout, starts, stream, &through)
}

/// As [`run`], chunk by chunk of chains: `drive` is given the number of each, from several threads, and brings it to
/// its end. Its work is counted in steps times chains.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::flow::{Flow, Mode, Readout, Schedule, Starts, run_by};
/// use rgflow::{random::Streams, rbm::Rbm, restart::complete};
/// use std::{ops::ControlFlow::Continue, sync::atomic::{AtomicU64, Ordering::Relaxed}};
/// let streams = Streams::new(1);
/// let rbm = Rbm::random(6, 3, 0.5, &mut streams.generator("example/init", 0));
/// let flow = Flow { rbm: &rbm, mode: Mode::Gibbs, schedule: &Schedule::new(20) };
/// let starts = Array2::ones((40, 6));
/// let starts = Starts { values: starts.view().into(), n_starts: 1 };
/// // A flow that tells how far it is.
/// let done = AtomicU64::new(0);
/// let tell = |steps| {
///     done.fetch_add(steps, Relaxed);
///     Continue(())
/// };
/// run_by(flow, Readout::default(), starts, streams.of("example/flow"), &|_, work| complete(work, &tell))?;
/// assert_eq!(done.into_inner(), 20 * 40);
/// # Ok::<(), rgflow::flow::FlowError>(())
/// ```
///
/// # Errors
/// As [`run`]; [`FlowError::Stopped`] where `drive` stops.
pub fn run_by(
    flow: Flow,
    readout: Readout,
    starts: Starts,
    stream: Stream,
    drive: &Drive,
) -> Result<Trajectory, FlowError> {
    let (rbm, n_starts) = (flow.rbm, starts.n_starts);
    let per_start = starts.per_start(rbm)?;
    let prepared = Prepared::new(flow, readout)?;
    let chunks: Vec<Chunk> = (0..n_starts)
        .flat_map(|start| {
            let (first, end) = (start * per_start, (start + 1) * per_start);
            (first..end).step_by(CHUNK).map(move |a| Chunk { start, rows: a..(a + CHUNK).min(end) })
        })
        .collect();
    // Chunks follow one another: each writes its own rows.
    let mut ends = Array2::zeros((n_starts * per_start, rbm.n_visible()));
    let pieces: Vec<Piece> = chunks
        .par_iter()
        .zip(split(ends.view_mut(), &chunks))
        .enumerate()
        .map(|(index, (chunk, end))| {
            let start = starts.values.rows(rbm.n_visible(), chunk.rows.clone());
            let mut follower = prepared.follow(start, end, Randomness::of(stream, index as u64));
            drive(index, &mut follower)?;
            Ok(follower.finish())
        })
        .collect::<Result<_, FlowError>>()?;
    Ok(assemble(&chunks, &pieces, ends, prepared.columns(), flow.schedule))
}

/// The rows of each of `chunks`, which follow one another.
fn split<'a>(mut rows: ArrayViewMut2<'a, f32>, chunks: &[Chunk]) -> Vec<ArrayViewMut2<'a, f32>> {
    let mut parts = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let (part, rest) = rows.split_at(Axis(0), chunk.rows.len());
        parts.push(part);
        rows = rest;
    }
    parts
}

#[cfg(test)]
mod tests;
