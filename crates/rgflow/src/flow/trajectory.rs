//! The flow itself: v -> h -> v again and again, from collections at each start temperature.

use super::follower::{Follower, Map, State};
use super::moments::{Columns, Piece, Trajectory, assemble};
use super::readout::Readout;
use super::schedule::Schedule;
use crate::nn::Mlp;
use crate::random::Stream;
use crate::rbm::{Kernel, MeanField, Rbm, Samples, Units};
use crate::restart::{Drive, Stopped, complete};
use ndarray::{Array2, ArrayViewMut2, Axis};
use rayon::prelude::*;
use std::ops::ControlFlow;

/// Most chains that are advanced together: a third of a thousand in whole groups of 16. Fixed, so that results do not depend on
/// threads.
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

/// Collections from which flows start: `per_start` configurations for each of `n_starts` temperatures (or other labels).
#[derive(Clone, Copy, Debug)]
pub struct Starts<'a> {
    /// The visible units of n_starts * per_start chains, start by start: packed bits, or values, of which real ones (grey levels) are
    /// allowed.
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

/// Runs `flow` from `starts` and reads it at the records of its schedule.
///
/// Random streams are "PURPOSE" and "PURPOSE/read" with the number of the chunk. `tick` is called with the number of chain-steps done, from
/// several threads.
///
/// ```
/// use std::ops::ControlFlow::Continue;
/// use ndarray::Array2;
/// use rgflow::flow::{Flow, Mode, Readout, Schedule, Starts, run};
/// use rgflow::{random::Streams, rbm::Rbm};
/// let streams = Streams::new(1);
/// let rbm = Rbm::random(6, 3, 0.01, &mut streams.generator("example/init", 0));
/// let flow = Flow { rbm: &rbm, mode: Mode::Mean, schedule: &Schedule::new(20) };
/// // Twenty chains from all spins up, twenty from all spins down.
/// let spins = Array2::from_shape_fn((40, 6), |(chain, _)| if chain < 20 { 1.0f32 } else { -1.0 });
/// let starts = Starts { values: spins.view().into(), n_starts: 2 };
/// let none = Readout { mlp: None, lattice: None };
/// let seen = run(flow, none, starts, streams.of("example/flow"), &|_| Continue(()))?;
/// // Weak weights forget where they came from.
/// assert!(seen.values.iter().all(|v| v.abs() < 1e-3) && seen.at_rest == 1.0);
/// # Ok::<(), rgflow::restart::Stopped>(())
/// ```
///
/// The visible units must be {-1, +1} where a lattice is read; of another width than the machine, the network or the lattice
/// it is the caller's mistake.
///
/// # Panics
/// If widths do not fit, starts are bits where the visible units are not two-valued, or units are not {-1, +1} where a lattice is read.
///
/// # Errors
/// [`Stopped`] where `tick` breaks.
pub fn run(
    flow: Flow,
    readout: Readout,
    starts: Starts,
    stream: Stream,
    tick: &(dyn Fn(u64) -> ControlFlow<()> + Sync),
) -> Result<Trajectory, Stopped> {
    run_by(flow, readout, starts, stream, &|_, work| complete(work, tick))
}

/// As [`run`], chunk by chunk of chains: `drive` is given the number of each, from several threads, and brings it to its end. Its
/// work is counted in steps times chains.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::flow::{Flow, Mode, Readout, Schedule, Starts, run_by};
/// use rgflow::{random::Streams, rbm::Rbm, restart::through};
/// let streams = Streams::new(1);
/// let rbm = Rbm::random(6, 3, 0.5, &mut streams.generator("example/init", 0));
/// let flow = Flow { rbm: &rbm, mode: Mode::Gibbs, schedule: &Schedule::new(20) };
/// let starts = Array2::ones((40, 6));
/// let starts = Starts { values: starts.view().into(), n_starts: 1 };
/// let seen = run_by(flow, Readout { mlp: None, lattice: None }, starts, streams.of("example/flow"), &through)?;
/// assert!(seen.values.iter().all(|v| v.abs() == 1.0));
/// # Ok::<(), rgflow::restart::Stopped>(())
/// ```
///
/// # Errors
/// [`Stopped`] where `drive` stops.
///
/// # Panics
/// As [`run`].
pub fn run_by(
    flow: Flow,
    readout: Readout,
    starts: Starts,
    stream: Stream,
    drive: &Drive,
) -> Result<Trajectory, Stopped> {
    let (Flow { rbm, mode, schedule }, Stream { streams, purpose }) = (flow, stream);
    let per_start = starts.values.len(rbm.n_visible()) / starts.n_starts;
    let pieces: Vec<(usize, usize, usize)> = (0..starts.n_starts)
        .flat_map(|start| {
            let first = start * per_start;
            (first..first + per_start).step_by(CHUNK).map(move |a| (start, a, (a + CHUNK).min(first + per_start)))
        })
        .collect();
    assert!(readout.lattice.is_none() || *rbm.visible_units() == Units::SPIN, "a lattice is read of {{-1, +1}} units");
    let map = match mode {
        Mode::Mean => Map::Mean(MeanField::new(rbm)),
        Mode::Gibbs => Map::Gibbs(Kernel::new(rbm)),
    };
    let columns = Columns { classes: readout.mlp.map_or(0, Mlp::n_out), lattice: readout.lattice.is_some() };
    // Pieces follow one another: each writes its own rows.
    let mut ends = Array2::zeros((starts.n_starts * per_start, rbm.n_visible()));
    let chunks: Vec<Piece> = pieces
        .par_iter()
        .zip(split(ends.view_mut(), &pieces))
        .enumerate()
        .map(|(index, ((_, from, to), end))| {
            let start = starts.values.rows(rbm.n_visible(), *from..*to);
            let bulk = |of: &str| streams.bulk(&format!("{purpose}{of}"), index as u64);
            let state = State::new(rbm, &map, start, bulk("/read"));
            let mut follower = Follower::new(rbm, (readout, columns), state, end, schedule, bulk(""));
            drive(index, &mut follower)?;
            Ok(follower.finish())
        })
        .collect::<Result<_, Stopped>>()?;
    Ok(assemble(&pieces, chunks, ends, (starts.n_starts, per_start), columns, schedule))
}

/// The rows of each of `pieces`, which follow one another.
fn split<'a>(mut rows: ArrayViewMut2<'a, f32>, pieces: &[(usize, usize, usize)]) -> Vec<ArrayViewMut2<'a, f32>> {
    let mut parts = Vec::with_capacity(pieces.len());
    for (_, from, to) in pieces {
        let (part, rest) = rows.split_at(Axis(0), to - from);
        parts.push(part);
        rows = rest;
    }
    parts
}

#[cfg(test)]
mod tests;
