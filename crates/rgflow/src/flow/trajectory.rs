//! The flow itself: v -> h -> v again and again, from collections at each start temperature.

use super::moments::{Columns, Piece, Trajectory, assemble};
use super::schedule::Schedule;
use crate::kernel::bits::Bits;
use crate::lattice::{Observables, Square};
use crate::nn::{Mlp, Workspace};
use crate::random::{Bulk, Streams};
use crate::rbm::{Chains, Expectations, Kernel, MeanField, Rbm, Rest, Samples, Units};
use crate::restart::{Drive, Resumable, Stopped, Unfit, complete, decode, demand, encode, together};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, CowArray, Ix2, s};
use rayon::prelude::*;
use std::ops::ControlFlow;

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

/// Runs a flow of `rbm` in `mode` and reads it at the records of `schedule`.
///
/// The visible units must be {-1, +1} where a lattice is read; of another width than the machine, the network or the lattice
/// it is the caller's mistake.
///
/// # Panics
/// If widths do not fit, starts are bits where the visible units are Gaussian, or units are not {-1, +1} where a lattice is read.
///
/// Random streams are `purpose` with the number of the chunk. `tick` is called with the number of chain-steps done, from
/// several threads.
///
/// # Errors
/// [`Stopped`] where `tick` breaks.
pub fn run(
    rbm: &Rbm,
    readout: Readout,
    starts: Starts,
    mode: Mode,
    schedule: &Schedule,
    streams: (Streams, &str),
    tick: &(dyn Fn(u64) -> ControlFlow<()> + Sync),
) -> Result<Trajectory, Stopped> {
    run_by(rbm, readout, starts, mode, schedule, streams, &|_, work| complete(work, tick))
}

/// As [`run`], chunk by chunk of chains: `drive` is given the number of each, from several threads, and brings it to its end. Its
/// work is counted in steps times chains.
///
/// # Errors
/// [`Stopped`] where `drive` stops.
pub fn run_by(
    rbm: &Rbm,
    readout: Readout,
    starts: Starts,
    mode: Mode,
    schedule: &Schedule,
    (streams, purpose): (Streams, &str),
    drive: &Drive,
) -> Result<Trajectory, Stopped> {
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

    fn save(&self) -> Vec<u8> {
        match self {
            Self::Mean { chains, read, .. } => encode(&(chains.save(), read)),
            Self::Gibbs { chains, .. } => chains.save(),
        }
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        match self {
            Self::Mean { chains, read, .. } => {
                let (state, random): (Vec<u8>, Bulk) = decode(state)?;
                *read = random;
                chains.restore(&state)
            }
            Self::Gibbs { chains, .. } => chains.restore(state),
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
    schedule: &'a Schedule,
    random: Bulk,
    piece: Piece,
    /// Steps and records so far, and steps of an advance.
    step: usize,
    record: usize,
    together: usize,
}

impl<'a> Follower<'a> {
    fn new(
        rbm: &Rbm,
        (readout, columns): (Readout<'a>, Columns),
        (state, start): (State<'a>, Start<'a>),
        v: ArrayViewMut2<'a, f32>,
        schedule: &'a Schedule,
        random: Bulk,
    ) -> Self {
        let rows = v.nrows();
        Self {
            piece: Piece::new(rows, columns, schedule),
            schedule,
            random,
            step: 0,
            record: 0,
            together: together(2 * rows * rbm.weights.len()),
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

    /// What was read, after the last record.
    fn finish(mut self) -> Piece {
        if let State::Mean { chains, .. } = &self.state {
            self.piece.rested = self.v.nrows() - chains.moving().len();
        }
        self.piece.finish();
        self.piece
    }

    /// Brings `seen` up to date.
    fn read(&mut self) {
        let piece = &mut self.piece;
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

impl Resumable for Follower<'_> {
    fn advance(&mut self) -> bool {
        let Some(&record) = self.schedule.records.get(self.record) else { return false };
        let steps = (record - self.step).min(self.together);
        for _ in 0..steps {
            self.state.step(self.schedule.rest, &mut self.random);
        }
        self.step += steps;
        if self.step == record {
            self.state.write(self.v.view_mut());
            self.read();
            self.piece.record(record, self.schedule, self.seen.view(), self.v.row(0));
            self.record += 1;
        }
        self.record < self.schedule.records.len()
    }

    fn done(&self) -> u64 {
        (self.step * self.v.nrows()) as u64
    }

    fn save(&self) -> Vec<u8> {
        let at = (self.step, self.record, &self.random);
        encode(&(at, self.state.save(), &self.seen, &self.unread, &self.piece))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        type Saved = ((usize, usize, Bulk), Vec<u8>, Array2<f64>, Vec<usize>, Piece);
        let ((step, record, random), state, seen, unread, piece): Saved = decode(state)?;
        let (rows, units) = self.v.dim();
        demand(seen.dim() == self.seen.dim() && unread.iter().all(|row| *row < rows))?;
        demand(record <= self.schedule.records.len() && self.schedule.records.get(record).is_none_or(|r| step <= *r))?;
        self.piece.restore(piece, record, units)?;
        self.state.restore(&state)?;
        (self.step, self.record, self.random, self.seen, self.unread) = (step, record, random, seen, unread);
        // Those of the last record where this was it; else the next one writes them anew.
        self.state.write(self.v.view_mut());
        Ok(())
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
    use crate::nn::Activation;
    use std::sync::Mutex;

    /// Left anywhere, also between two records and after chains have come to rest, and taken up in a new one, a flow makes only the
    /// steps that are left and ends with the same bytes: expectation values and states, bits and grey levels, Gaussian units.
    #[test]
    fn a_flow_left_anywhere_ends_with_the_same_bytes() {
        let streams = Streams::new(1);
        let mlp = Mlp::random(&[9, 5, 3], Activation::Tanh, Activation::Softmax, &mut streams.generator("t/mlp", 0));
        let square = Square::new(3, 3).unwrap();
        let spins = Array2::from_shape_fn((42, 9), |(i, j)| if (i * i + j * 3) % 5 < 2 { 1.0f32 } else { -1.0 });
        let grey = spins.mapv(|v| v * 0.5);
        let gaussian: Units = "gaussian:0.5".parse().unwrap();
        for (visible, values, lattice) in
            [(Units::SPIN, &spins, Some(&square)), (Units::SPIN, &grey, None), (gaussian, &grey, None)]
        {
            let rbm = Rbm::random(9, 4, 0.3, &mut streams.generator("t/init", 0));
            let rbm = rbm.with_units(visible, Units::SPIN).unwrap();
            for mode in [Mode::Mean, Mode::Gibbs] {
                let schedule = Schedule::new(60);
                // The trajectory as text with all bits, and the last state of each piece; left after `leave` of its advances.
                let flow = |leave: Option<usize>| {
                    let ends = Mutex::new(vec![Vec::new(); 2]);
                    let states = Mutex::new(vec![None; 2]);
                    let go = |drive: &Drive| {
                        let starts = Starts { values: values.view().into(), n_starts: 2 };
                        run_by(
                            &rbm,
                            Readout { mlp: Some(&mlp), lattice },
                            starts,
                            mode,
                            &schedule,
                            (streams, "t"),
                            drive,
                        )
                    };
                    if let Some(leave) = leave {
                        let left = go(&|piece, work| {
                            for _ in 0..leave {
                                work.advance();
                            }
                            states.lock().unwrap()[piece] = Some((work.done(), work.save()));
                            Err(Stopped)
                        });
                        assert_eq!(left.err(), Some(Stopped));
                    }
                    let whole = go(&|piece, work| {
                        let saved = states.lock().unwrap()[piece].take();
                        if let Some((done, state)) = &saved {
                            work.restore(state).unwrap();
                            assert_eq!(work.done(), *done);
                        }
                        let mut advances = 0;
                        while work.advance() {
                            advances += 1;
                        }
                        if let Some(leave) = leave.filter(|_| saved.is_some()) {
                            assert_eq!(advances, (schedule.records.len() - 1).saturating_sub(leave));
                        }
                        ends.lock().unwrap()[piece] = work.save();
                        Ok(())
                    });
                    (format!("{:?}", whole.unwrap()), ends.into_inner().unwrap())
                };
                let whole = flow(None);
                let records = schedule.records.len();
                for leave in [0, 1, 2, records / 2, records - 1, records] {
                    assert!(flow(Some(leave)) == whole, "{mode:?}, left after {leave} advances");
                }
            }
        }
    }

    /// The same between two records, step by step.
    #[test]
    fn a_flow_left_between_records_ends_with_the_same_bytes() {
        let rbm = Rbm::random(9, 4, 0.3, &mut Streams::new(1).generator("t/init", 0));
        let spins = Array2::from_shape_fn((20, 9), |(i, j)| if (i * i + j * 3) % 5 < 2 { 1.0f32 } else { -1.0 });
        let schedule = Schedule { steps: 40, records: vec![40], rest: Rest::default() };
        for mode in [Mode::Mean, Mode::Gibbs] {
            let map = match mode {
                Mode::Mean => Map::Mean(MeanField::new(&rbm)),
                Mode::Gibbs => Map::Gibbs(Kernel::new(&rbm)),
            };
            let columns = Columns { classes: 0, lattice: false };
            let readout = Readout { mlp: None, lattice: None };
            let end = |leave: usize| {
                let (mut v, mut w) = (Array2::zeros((20, 9)), Array2::zeros((20, 9)));
                let follower = |v| {
                    let bulk = |of: &str| Streams::new(1).bulk(of, 0);
                    let state = State::new(&rbm, &map, spins.view().into(), bulk("read"));
                    let mut follower = Follower::new(&rbm, (readout, columns), state, v, &schedule, bulk("steps"));
                    follower.together = 1;
                    follower
                };
                let mut first = follower(v.view_mut());
                (0..leave).for_each(|_| assert!(first.advance()));
                let mut second = follower(w.view_mut());
                second.restore(&first.save()).unwrap();
                assert_eq!(second.done(), 20 * leave as u64);
                while second.advance() {}
                let state = second.save();
                (state, w)
            };
            let whole = end(0);
            assert!(whole.1.iter().any(|v| *v != 0.0));
            (1..40).for_each(|leave| assert!(end(leave) == whole, "{mode:?}, left after {leave} steps"));
        }
    }

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
