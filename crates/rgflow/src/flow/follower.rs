//! A chunk of chains on its way: what advances it, and what is read of it.

use super::moments::{Columns, Piece};
use super::readout::Readout;
use super::schedule::Schedule;
use super::{Flow, FlowError, Mode};
use crate::kernel::bits::Bits;
use crate::lattice::Observables;
use crate::nn::{Mlp, Workspace};
use crate::random::{Bulk, Stream};
use crate::rbm::{Chains, Expectations, Kernel, MeanField, Rbm, Rest, Samples};
use crate::restart::{Resumable, Unfit, decode, demand, encode, steps_per_advance};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, CowArray, Ix2, s};

/// A machine prepared for its steps.
enum Map {
    Mean(MeanField),
    Gibbs(Kernel),
}

/// Random numbers of a chunk.
pub(super) struct Randomness {
    /// Of the steps.
    steps: Bulk,
    /// Of the spins that are drawn from expectation values to be read.
    read: Bulk,
}

impl Randomness {
    /// Those of the chunk `index`, from the streams "PURPOSE" and "PURPOSE/read".
    pub fn of(Stream { streams, purpose }: Stream, index: u64) -> Self {
        Self { steps: streams.bulk(purpose, index), read: streams.bulk(&format!("{purpose}/read"), index) }
    }
}

/// A flow and its readers, which fit one another: what all chunks share.
pub(super) struct Prepared<'a> {
    flow: Flow<'a>,
    map: Map,
    readout: Readout<'a>,
}

impl<'a> Prepared<'a> {
    pub fn new(flow: Flow<'a>, readout: Readout<'a>) -> Result<Self, FlowError> {
        readout.check(flow.rbm)?;
        flow.schedule.check()?;
        let map = match flow.mode {
            Mode::Mean => Map::Mean(MeanField::new(flow.rbm)),
            Mode::Gibbs => Map::Gibbs(Kernel::new(flow.rbm)),
        };
        Ok(Self { flow, map, readout })
    }

    /// Readings of each chain.
    pub fn columns(&self) -> Columns {
        Columns { classes: self.readout.mlp.map_or(0, Mlp::n_out), lattice: self.readout.lattice.is_some() }
    }

    /// Chains from `start`, whose values are written to `v`, in standard layout.
    pub fn follow<'s>(&'s self, start: Samples<'s>, v: ArrayViewMut2<'s, f32>, random: Randomness) -> Follower<'s> {
        let (Flow { rbm, schedule, .. }, columns, rows) = (self.flow, self.columns(), v.nrows());
        let (state, start) = State::new(rbm, &self.map, start, random.read);
        Follower {
            piece: Piece::new(rows, columns, schedule),
            schedule,
            random: random.steps,
            step: 0,
            record: 0,
            steps_per_advance: steps_per_advance(2 * rows * rbm.weights.len()),
            state,
            start,
            readout: self.readout,
            columns,
            span: rbm.visible_units().levels().map_or(1.0, |levels| f64::from(levels.delta())),
            v,
            seen: Array2::zeros((rows, columns.count())),
            unread: (0..rows).collect(),
            network: self.readout.mlp.map(|mlp| Workspace::new(mlp, rows)),
        }
    }
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
pub(super) struct Follower<'a> {
    state: State<'a>,
    start: Start<'a>,
    readout: Readout<'a>,
    columns: Columns,
    /// Width of the levels that distances are in units of.
    span: f64,
    /// Values now, in standard layout.
    v: ArrayViewMut2<'a, f32>,
    /// Readings of each chain, shape (chains, columns). Chains at rest are not read again.
    seen: Array2<f64>,
    unread: Vec<usize>,
    network: Option<Workspace>,
    schedule: &'a Schedule,
    random: Bulk,
    piece: Piece,
    /// Steps and records so far.
    step: usize,
    record: usize,
    pub(super) steps_per_advance: usize,
}

impl<'a> Follower<'a> {
    /// The readings, after the last record.
    pub(super) fn finish(mut self) -> Piece {
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
        let steps = (record - self.step).min(self.steps_per_advance);
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
