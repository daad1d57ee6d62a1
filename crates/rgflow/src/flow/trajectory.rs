//! The flow itself: v -> h -> v again and again, from collections at each start temperature.

use super::moments::{Columns, Piece, Trajectory, assemble};
use crate::kernel::bits::Bits;
use crate::lattice::{Observables, Square};
use crate::nn::{Mlp, Workspace};
use crate::random::{Bulk, Streams};
use crate::rbm::{Chains, Expectations, Kernel, MeanField, Rbm, Rest, Samples, Units};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, CowArray, Ix2, s};
use rayon::prelude::*;

/// Most chains that are advanced together: a third of a thousand in whole groups of 16. Fixed, so that results do not depend on
/// threads.
const CHUNK: usize = 336;

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
    /// The visible units of n_starts * per_start chains, start by start: packed bits, or values, of which real ones (grey levels) are
    /// allowed.
    pub values: Samples<'a>,
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
    /// Steps at which P(T), E and |m| are read, ascending, up to `steps`; with 0 for what needs the start.
    pub records: Vec<usize>,
    /// When chains of expectation values are kept as they are; those of states never are.
    pub rest: Rest,
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
        Self { steps, records, rest: Rest::default() }
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
/// If widths do not fit, starts are bits where the visible units are Gaussian, or units are not {-1, +1} where a lattice is read.
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
            Follower::new(rbm, readout, columns, state, end).follow(schedule, bulk(""), tick)
        })
        .collect::<Option<_>>()?;
    Some(assemble(&pieces, chunks, ends, (starts.n_starts, per_start), columns, schedule))
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

/// A machine prepared for its steps.
enum Map {
    Mean(MeanField),
    Gibbs(Kernel),
}

/// Where the chains of a chunk started.
enum Start<'a> {
    Bits(Bits),
    /// In standard layout.
    Values(CowArray<'a, f32, Ix2>),
}

/// The chains of a chunk, with what advances them.
enum State<'a> {
    Mean { map: &'a MeanField, chains: Expectations, read: Bulk },
    Gibbs { kernel: &'a Kernel, chains: Chains },
}

impl<'a> State<'a> {
    fn new(rbm: &Rbm, map: &'a Map, start: Samples<'a>, read: Bulk) -> (Self, Start<'a>) {
        let fits = "starts have the machine's width";
        match map {
            Map::Mean(map) => {
                let values = start.values(rbm);
                (
                    Self::Mean { map, chains: Expectations::new(map, values.view()).expect(fits), read },
                    Start::Values(values),
                )
            }
            Map::Gibbs(kernel) => {
                let mut chains = Chains::new(kernel, start.len(rbm.n_visible()));
                chains.set_visible(start).expect(fits);
                let start = match chains.visible_bits() {
                    Some(bits) => Start::Bits(bits.clone()),
                    None => Start::Values(start.values(rbm)),
                };
                (Self::Gibbs { kernel, chains }, start)
            }
        }
    }

    fn step(&mut self, rest: Rest, random: &mut Bulk) {
        match self {
            Self::Mean { map, chains, .. } => chains.step(map, rest),
            Self::Gibbs { kernel, chains } => chains.step(kernel, random),
        }
    }

    fn write(&self, mut v: ArrayViewMut2<f32>) {
        match self {
            Self::Mean { chains, .. } => chains.write(v),
            Self::Gibbs { chains, .. } => chains.write_visible(v.as_slice_mut().expect("standard layout")),
        }
    }

    /// Chains that may have changed by the next record.
    fn moving(&self, rows: usize) -> Vec<usize> {
        match self {
            Self::Mean { chains, .. } => chains.moving().to_vec(),
            Self::Gibbs { .. } => (0..rows).collect(),
        }
    }

    /// The spins of the values `v`: the values themselves, or drawn with P(+1) = (1 + <v>)/2.
    fn spins(&mut self, v: ArrayView2<f32>) -> Array2<i8> {
        match self {
            Self::Gibbs { .. } => v.mapv(|v| if v > 0.0 { 1 } else { -1 }),
            Self::Mean { read, .. } => {
                let mut words = vec![0u32; v.len()];
                read.fill(&mut words);
                let mut spins = Array2::zeros(v.dim());
                for ((s, v), w) in spins.iter_mut().zip(&v).zip(&words) {
                    let u = ((w >> 8) as f32 + 0.5) * (1.0 / 16_777_216.0);
                    *s = if 2.0 * u < 1.0 + v { 1 } else { -1 };
                }
                spins
            }
        }
    }
}

/// A chunk of chains on its way, and what is read of it.
struct Follower<'a> {
    state: State<'a>,
    start: Start<'a>,
    readout: Readout<'a>,
    columns: Columns,
    /// Width of the levels that distances are in units of.
    span: f64,
    /// Values now, in standard layout.
    v: ArrayViewMut2<'a, f32>,
    /// What was read of each chain, shape (chains, columns). What rests is not read again.
    seen: Array2<f64>,
    unread: Vec<usize>,
    network: Option<Workspace>,
}

impl<'a> Follower<'a> {
    fn new(
        rbm: &Rbm,
        readout: Readout<'a>,
        columns: Columns,
        (state, start): (State<'a>, Start<'a>),
        v: ArrayViewMut2<'a, f32>,
    ) -> Self {
        let rows = v.nrows();
        Self {
            state,
            start,
            readout,
            columns,
            span: rbm.visible_units().levels().map_or(1.0, |levels| f64::from(levels.delta())),
            v,
            seen: Array2::zeros((rows, columns.count())),
            unread: (0..rows).collect(),
            network: readout.mlp.map(|mlp| Workspace::new(mlp, rows)),
        }
    }

    fn follow(mut self, schedule: &Schedule, mut random: Bulk, tick: &(dyn Fn(u64) -> bool + Sync)) -> Option<Piece> {
        let rows = self.v.nrows();
        let mut piece = Piece::new(rows, self.columns, schedule);
        let mut at = 0;
        for &record in &schedule.records {
            for _ in at..record {
                self.state.step(schedule.rest, &mut random);
            }
            if !tick(((record - at) * rows) as u64) {
                return None;
            }
            at = record;
            self.state.write(self.v.view_mut());
            self.read(&mut piece);
            piece.record(record, schedule, self.seen.view(), self.v.row(0));
        }
        if let State::Mean { chains, .. } = &self.state {
            piece.rested = rows - chains.moving().len();
        }
        piece.finish();
        Some(piece)
    }

    /// Brings `seen` up to date.
    fn read(&mut self, piece: &mut Piece) {
        if let Some(lattice) = self.readout.lattice {
            piece.spins = self.state.spins(self.v.view());
            let observed =
                Observables::measure(lattice, piece.spins.view()).expect("the lattice has the machine's width");
            self.seen.column_mut(self.columns.energy()).assign(&ArrayView1::from(&observed.energy));
            self.seen.column_mut(self.columns.abs_m()).assign(&ArrayView1::from(&observed.abs_m));
        }
        if let (Some(mlp), Some(network)) = (self.readout.mlp, &mut self.network) {
            if piece.end.ncols() == 0 {
                piece.end = Array2::zeros((self.v.nrows(), self.columns.classes));
            }
            // `unread` is in no order: a copy in any case, small beside the products.
            let outputs = network.forward(mlp, self.v.select(Axis(0), &self.unread).view());
            for (row, p) in self.unread.iter().zip(outputs.rows()) {
                piece.end.row_mut(*row).assign(&p);
                self.seen.slice_mut(s![*row, ..self.columns.classes]).zip_mut_with(&p, |s, p| *s = f64::from(*p));
            }
        }
        self.measure_distances();
        self.unread = self.state.moving(self.v.nrows());
    }

    /// The mean square difference from the start, in units of the levels' distance.
    fn measure_distances(&mut self) {
        let (column, n) = (self.columns.distance(), self.v.ncols());
        match (&self.start, &self.state) {
            (Start::Bits(start), State::Gibbs { chains, .. }) => {
                let bits = chains.visible_bits().expect("bits stay bits");
                let counts = bits.differences(start);
                self.seen.column_mut(column).iter_mut().zip(counts).for_each(|(d, k)| *d = f64::from(k) / n as f64);
            }
            (Start::Values(start), _) => {
                let [v, start] = [self.v.view(), start.view()];
                let [v, start] = [&v, &start].map(|a| a.as_slice().expect("standard layout"));
                for &row in &self.unread {
                    let of = row * n..(row + 1) * n;
                    self.seen[[row, column]] = distance(&v[of.clone()], &start[of]) / (self.span * self.span);
                }
            }
            (Start::Bits(_), State::Mean { .. }) => unreachable!("expectation values start from values"),
        }
    }
}

/// The mean square difference of the units, in f64.
fn distance(v: &[f32], start: &[f32]) -> f64 {
    // Eight sums side by side, for the compiler to make vectors of.
    const SUMS: usize = 8;
    let square = |a: f32, b: f32| f64::from(a - b) * f64::from(a - b);
    let mut sums = [0.0f64; SUMS];
    let ((v, last_v), (start, last_start)) = (v.as_chunks::<SUMS>(), start.as_chunks::<SUMS>());
    for (v, start) in v.iter().zip(start) {
        for l in 0..SUMS {
            sums[l] += square(v[l], start[l]);
        }
    }
    let rest: f64 = last_v.iter().zip(last_start).map(|(a, b)| square(*a, *b)).sum();
    (sums.iter().sum::<f64>() + rest) / (v.len() * SUMS + last_v.len()) as f64
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
