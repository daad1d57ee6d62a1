//! The flow itself: v -> h -> v again and again, from collections at each start temperature.

use super::moments::{Columns, Piece, Trajectory, assemble};
use crate::lattice::{Observables, Square};
use crate::nn::Mlp;
use crate::random::{Bulk, Streams};
use crate::rbm::{Chains, Kernel, Rbm, Units};
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

/// Most chains that are advanced together. Fixed, so that results do not depend on threads or on what has converged.
const CHUNK: usize = 250;
/// A mean-field chunk rests once no unit of it moves more than this in a step.
const AT_REST: f32 = 1e-6;

/// What is iterated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Expectation values (thesis eqs 4.1.1-4.1.2): a deterministic map of real vectors.
    Mean,
    /// Sampled states (thesis section 2.4.2): Gibbs sampling.
    Gibbs,
}

impl Mode {
    /// Name in keys and files.
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
    /// Values of the visible units, shape (n_starts * per_start, units), start by start; real ones (grey levels) are allowed.
    pub values: ArrayView2<'a, f32>,
    /// Number of starts.
    pub n_starts: usize,
}

/// What a flow is read with, beside the distance from its start.
#[derive(Clone, Copy, Debug)]
pub struct Readout<'a> {
    /// P(T), or the probabilities of any classes; `None` reads none.
    pub mlp: Option<&'a Mlp>,
    /// Where E and |m| of spins are measured; `None` measures none.
    pub lattice: Option<&'a Square>,
}

/// When a flow is looked at.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Number of steps.
    pub steps: usize,
    /// Steps at which P(T), E and |m| are read, ascending, with 0 and `steps`.
    pub records: Vec<usize>,
}

impl Schedule {
    /// About eight records per decade, and six in each of the windows [t/2, 3t/4) and [3t/4, t] whose agreement means "converged".
    pub fn new(steps: usize) -> Self {
        let decades = [1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 7.5];
        let mut records: Vec<usize> = vec![0, steps];
        let mut scale = 1;
        while scale <= steps {
            records.extend(decades.iter().map(|d| (d * scale as f64).round() as usize));
            scale *= 10;
        }
        records.extend((0..12).map(|i| steps / 2 + i * steps / 24));
        records.retain(|r| *r <= steps);
        records.sort_unstable();
        records.dedup();
        Self { steps, records }
    }

    /// Window of a record: 0 for [t/2, 3t/4), 1 for [3t/4, t], `None` before.
    pub(super) fn window(&self, step: usize) -> Option<usize> {
        if 2 * step < self.steps { None } else { Some(usize::from(4 * step >= 3 * self.steps)) }
    }
}

/// Runs a flow of `rbm` in `mode` and reads it at the records of `schedule`.
///
/// The visible units must be {-1, +1} where a lattice is read; of another width than the machine, the network or the lattice
/// it is the caller's mistake.
///
/// # Panics
/// If widths do not fit, or units are not {-1, +1} where a lattice is read.
///
/// Random streams are `purpose` with the number of the chunk. `tick` is called with the number of chain-steps done, from
/// several threads; `false` stops the flow, which then returns `None`.
pub fn run(
    rbm: &Rbm,
    readout: Readout,
    starts: Starts,
    mode: Mode,
    schedule: &Schedule,
    (streams, purpose): (Streams, &str),
    tick: &(dyn Fn(u64) -> bool + Sync),
) -> Option<Trajectory> {
    let per_start = starts.values.nrows() / starts.n_starts;
    let pieces: Vec<(usize, usize, usize)> = (0..starts.n_starts)
        .flat_map(|start| {
            let first = start * per_start;
            (first..first + per_start).step_by(CHUNK).map(move |a| (start, a, (a + CHUNK).min(first + per_start)))
        })
        .collect();
    let kernel = Kernel::new(rbm);
    let columns = Columns { classes: readout.mlp.map_or(0, Mlp::n_out), lattice: readout.lattice.is_some() };
    let chunks: Vec<Piece> = pieces
        .par_iter()
        .enumerate()
        .map(|(index, (_, from, to))| {
            let values = starts.values.slice(s![*from..*to, ..]);
            let mut state = State::new(rbm, &kernel, mode, values, (streams, purpose, index));
            follow(&mut state, &kernel, readout, columns, schedule, tick)
        })
        .collect::<Option<_>>()?;
    Some(assemble(&pieces, chunks, (starts.n_starts, per_start), columns, schedule))
}

/// A chunk of chains in either mode.
struct State {
    mode: Mode,
    chains: Chains,
    v: Array2<f32>,
    h: Array2<f32>,
    start: Array2<f32>,
    random: Bulk,
    readout: Bulk,
    rests: bool,
}

impl State {
    fn new(
        rbm: &Rbm,
        kernel: &Kernel,
        mode: Mode,
        values: ArrayView2<f32>,
        (streams, purpose, index): (Streams, &str, usize),
    ) -> Self {
        let rows = values.nrows();
        let mut chains = Chains::new(kernel, rows);
        let v = values.to_owned();
        chains.set_visible(v.view()).expect("starts have the machine's width");
        Self {
            mode,
            chains,
            h: Array2::zeros((rows, rbm.n_hidden())),
            start: v.clone(),
            v,
            random: streams.bulk(purpose, index as u64),
            readout: streams.bulk(&format!("{purpose}/read"), index as u64),
            rests: false,
        }
    }

    fn step(&mut self, kernel: &Kernel, before: &mut Array2<f32>) {
        let rbm = kernel.rbm();
        match self.mode {
            Mode::Gibbs => self.chains.step(kernel, &mut self.random),
            Mode::Mean if self.rests => {}
            Mode::Mean => {
                std::mem::swap(&mut self.v, before);
                rbm.hidden_mean(before.view(), &mut self.h);
                rbm.visible_mean(self.h.view(), &mut self.v);
                let moved = self.v.iter().zip(before.iter()).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
                self.rests = moved < AT_REST;
            }
        }
    }

    /// Brings `v` up to date.
    fn update_values(&mut self) {
        if self.mode == Mode::Gibbs {
            self.chains.write_visible(self.v.as_slice_mut().expect("standard layout"));
        }
    }

    /// The spins of up-to-date values: the values themselves, or drawn with P(+1) = (1 + <v>)/2.
    fn spins(&mut self) -> Array2<i8> {
        let mut spins = Array2::zeros(self.v.dim());
        match self.mode {
            Mode::Gibbs => spins.zip_mut_with(&self.v, |s, v| *s = if *v > 0.0 { 1 } else { -1 }),
            Mode::Mean => {
                let mut words = vec![0u32; self.v.len()];
                self.readout.fill(&mut words);
                for ((s, v), w) in spins.iter_mut().zip(&self.v).zip(&words) {
                    let u = ((w >> 8) as f32 + 0.5) * (1.0 / 16_777_216.0);
                    *s = if 2.0 * u < 1.0 + v { 1 } else { -1 };
                }
            }
        }
        spins
    }

    /// Distance of each chain from its start.
    fn distances(&self, units: &Units) -> Vec<f64> {
        let span = units.levels().map_or(1.0, |levels| f64::from(levels.delta()));
        let rows = self.v.rows().into_iter().zip(self.start.rows());
        rows.map(|(v, start)| {
            let square: f64 = v.iter().zip(start).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            square / (v.len() as f64 * span * span)
        })
        .collect()
    }
}

fn follow(
    state: &mut State,
    kernel: &Kernel,
    readout: Readout,
    columns: Columns,
    schedule: &Schedule,
    tick: &(dyn Fn(u64) -> bool + Sync),
) -> Option<Piece> {
    let rows = state.v.nrows();
    let units = kernel.rbm().visible_units().clone();
    assert!(readout.lattice.is_none() || units == Units::SPIN, "a lattice is read of {{-1, +1}} units");
    let mut before = state.v.clone();
    let mut piece = Piece::new(rows, columns, schedule);
    let mut at = 0;
    for &record in &schedule.records {
        for _ in at..record {
            state.step(kernel, &mut before);
        }
        if !tick(((record - at) * rows) as u64) {
            return None;
        }
        at = record;
        state.update_values();
        let mut seen = Array2::<f64>::zeros((rows, columns.count()));
        if let Some(lattice) = readout.lattice {
            piece.spins = state.spins();
            let observed =
                Observables::measure(lattice, piece.spins.view()).expect("the lattice has the machine's width");
            for (r, (e, m)) in observed.energy.iter().zip(&observed.abs_m).enumerate() {
                seen[[r, columns.energy()]] = *e;
                seen[[r, columns.abs_m()]] = *m;
            }
        }
        if let Some(mlp) = readout.mlp {
            piece.end = mlp.outputs(state.v.view());
            seen.slice_mut(s![.., ..columns.classes]).zip_mut_with(&piece.end, |s, p| *s = f64::from(*p));
        }
        for (r, d) in state.distances(&units).into_iter().enumerate() {
            seen[[r, columns.distance()]] = d;
        }
        piece.record(record, schedule, seen.view(), state.v.row(0));
    }
    piece.values = state.v.clone();
    piece.rested = if state.rests { rows } else { 0 };
    Some(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_the_last_two_quarters() {
        let schedule = Schedule::new(1000);
        let windows = [0, 499, 500, 749, 750, 1000].map(|step| schedule.window(step));
        assert_eq!(windows, [None, None, Some(0), Some(0), Some(1), Some(1)]);
        let records = &schedule.records;
        assert!(records.windows(2).all(|r| r[0] < r[1]) && records[0] == 0 && records[records.len() - 1] == 1000);
        for window in 0..2 {
            assert!(records.iter().filter(|r| schedule.window(**r) == Some(window)).count() >= 6);
        }
    }
}
