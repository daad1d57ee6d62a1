//! The flow itself: v -> h -> v again and again, from collections at each start temperature.

use super::reading::Reading;
use crate::kernel::spins::{pack, unpack};
use crate::lattice::{Observables, Square};
use crate::nn::Mlp;
use crate::random::{Bulk, Streams};
use crate::rbm::{Chains, Kernel, Rbm};
use ndarray::{Array1, Array2, ArrayView2, s};
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

/// Collections from which flows start: `per_start` configurations for each of `n_starts` temperatures.
#[derive(Clone, Copy, Debug)]
pub struct Starts<'a> {
    /// Spins, shape (n_starts * per_start, sites), start by start.
    pub spins: ArrayView2<'a, i8>,
    /// Number of start temperatures.
    pub n_starts: usize,
}

/// What a flow is read with.
#[derive(Clone, Copy, Debug)]
pub struct Readout<'a> {
    /// Classes = temperatures.
    pub mlp: &'a Mlp,
    /// Where E and |m| are measured.
    pub lattice: &'a Square,
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
    fn window(&self, step: usize) -> Option<usize> {
        if 2 * step < self.steps { None } else { Some(usize::from(4 * step >= 3 * self.steps)) }
    }
}

/// What was read at one recorded step, per start.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The step.
    pub step: usize,
    /// Mean P(T), shape (n_starts, temperatures).
    pub probability: Array2<f64>,
    /// Standard errors of `probability`, over chains.
    pub probability_error: Array2<f64>,
    /// Energy per spin, per start.
    pub energy: Vec<f64>,
    /// Its standard error, over chains.
    pub energy_error: Vec<f64>,
    /// Mean |m|, per start.
    pub abs_m: Vec<f64>,
    /// Its standard error, over chains.
    pub abs_m_error: Vec<f64>,
    /// The first chain of each start, shape (n_starts, sites): spins, or expectation values.
    pub example: Array2<f32>,
}

/// Differences between the windows [3t/4, t] and [t/2, 3t/4), pooled over starts: means over chains with standard errors.
#[derive(Clone, Debug)]
pub struct WindowMeans {
    /// Difference of P(T), per temperature.
    pub probability: Vec<(f64, f64)>,
    /// Difference of the energy per spin.
    pub energy: (f64, f64),
    /// Difference of |m|.
    pub abs_m: (f64, f64),
}

/// A flow as it was read.
#[derive(Clone, Debug)]
pub struct Trajectory {
    /// Readings by recorded step.
    pub moments: Vec<Moment>,
    /// P(T) of the end collection, one reading per start.
    pub end: Vec<Reading>,
    /// End values, shape (n_starts * per_start, sites): spins, or expectation values.
    pub values: Array2<f32>,
    /// End spins: `values` itself, or drawn from the expectation values.
    pub spins: Array2<i8>,
    /// Whether the windows agree, per start.
    pub windows: Vec<WindowMeans>,
    /// Fraction of chains that came to rest (mean-field only).
    pub at_rest: f64,
}

struct ChunkResult {
    /// Per record: sums of P, P^2, then E, E^2, |m|, |m|^2.
    sums: Vec<Array1<f64>>,
    examples: Vec<Array1<f32>>,
    windows: Array2<f64>,
    end: Array2<f32>,
    values: Array2<f32>,
    spins: Array2<i8>,
    rested: usize,
}

/// Runs a flow of `rbm` in `mode` and reads it at the records of `schedule`.
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
    let per_start = starts.spins.nrows() / starts.n_starts;
    let pieces: Vec<(usize, usize, usize)> = (0..starts.n_starts)
        .flat_map(|start| {
            let first = start * per_start;
            (first..first + per_start).step_by(CHUNK).map(move |a| (start, a, (a + CHUNK).min(first + per_start)))
        })
        .collect();
    let kernel = Kernel::new(rbm);
    let chunks: Vec<ChunkResult> = pieces
        .par_iter()
        .enumerate()
        .map(|(index, (_, from, to))| {
            let mut state =
                State::new(rbm, &kernel, mode, starts.spins.slice(s![*from..*to, ..]), streams, purpose, index);
            follow(&mut state, rbm, &kernel, readout, schedule, tick)
        })
        .collect::<Option<_>>()?;
    Some(assemble(&pieces, chunks, starts.n_starts, per_start, readout.mlp.n_out(), schedule))
}

/// A chunk of chains in either mode.
struct State {
    mode: Mode,
    chains: Chains,
    v: Array2<f32>,
    h: Array2<f32>,
    random: Bulk,
    readout: Bulk,
    rests: bool,
}

impl State {
    fn new(
        rbm: &Rbm,
        kernel: &Kernel,
        mode: Mode,
        spins: ArrayView2<i8>,
        streams: Streams,
        purpose: &str,
        index: usize,
    ) -> Self {
        let rows = spins.nrows();
        let mut chains = Chains::new(kernel, rows);
        let contiguous = spins.as_standard_layout();
        pack(contiguous.as_slice().expect("standard layout"), rbm.n_visible(), &mut chains.visible);
        Self {
            mode,
            chains,
            v: spins.mapv(f32::from),
            h: Array2::zeros((rows, rbm.n_hidden())),
            random: streams.bulk(purpose, index as u64),
            readout: streams.bulk(&format!("{purpose}/read"), index as u64),
            rests: false,
        }
    }

    fn step(&mut self, rbm: &Rbm, kernel: &Kernel, before: &mut Array2<f32>) {
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

    /// Brings `v` up to date and returns the spins: the state itself, or drawn with P(+1) = (1 + <v>)/2.
    fn spins(&mut self) -> Array2<i8> {
        let (rows, n) = self.v.dim();
        let mut spins = Array2::zeros((rows, n));
        match self.mode {
            Mode::Gibbs => {
                unpack(&self.chains.visible, n, self.v.as_slice_mut().expect("standard layout"));
                unpack(&self.chains.visible, n, spins.as_slice_mut().expect("standard layout"));
            }
            Mode::Mean => {
                let mut words = vec![0u32; rows * n];
                self.readout.fill(&mut words);
                for ((s, v), w) in spins.iter_mut().zip(&self.v).zip(&words) {
                    let u = ((w >> 8) as f32 + 0.5) * (1.0 / 16_777_216.0);
                    *s = if 2.0 * u < 1.0 + v { 1 } else { -1 };
                }
            }
        }
        spins
    }
}

fn follow(
    state: &mut State,
    rbm: &Rbm,
    kernel: &Kernel,
    readout: Readout,
    schedule: &Schedule,
    tick: &(dyn Fn(u64) -> bool + Sync),
) -> Option<ChunkResult> {
    let (rows, n_t) = (state.v.nrows(), readout.mlp.n_out());
    let mut before = state.v.clone();
    let mut sums = Vec::with_capacity(schedule.records.len());
    let mut examples = Vec::with_capacity(schedule.records.len());
    // Per chain: later window minus earlier one of P(T), E, |m|.
    let mut windows = Array2::<f64>::zeros((rows, n_t + 2));
    let in_window = |w| schedule.records.iter().filter(|r| schedule.window(**r) == Some(w)).count() as f64;
    let weights = [-1.0 / in_window(0), 1.0 / in_window(1)];
    let mut at = 0;
    let mut end = None;
    for &record in &schedule.records {
        for _ in at..record {
            state.step(rbm, kernel, &mut before);
        }
        if !tick(((record - at) * rows) as u64) {
            return None;
        }
        at = record;
        let spins = state.spins();
        let p = readout.mlp.outputs(state.v.view());
        let seen = Observables::measure(readout.lattice, spins.view()).ok()?;
        let mut sum = Array1::zeros(2 * n_t + 4);
        for (r, row) in p.rows().into_iter().enumerate() {
            for (k, p) in row.iter().enumerate() {
                let p = f64::from(*p);
                sum[k] += p;
                sum[n_t + k] += p * p;
            }
            let (e, m) = (seen.energy[r], seen.abs_m[r]);
            sum[2 * n_t] += e;
            sum[2 * n_t + 1] += e * e;
            sum[2 * n_t + 2] += m;
            sum[2 * n_t + 3] += m * m;
            if let Some(w) = schedule.window(record) {
                let weight = weights[w];
                let mut window = windows.row_mut(r);
                row.iter().enumerate().for_each(|(k, p)| window[k] += weight * f64::from(*p));
                window[n_t] += weight * e;
                window[n_t + 1] += weight * m;
            }
        }
        sums.push(sum);
        examples.push(state.v.row(0).to_owned());
        end = Some((p, spins));
    }
    let (end, spins) = end?;
    Some(ChunkResult {
        sums,
        examples,
        windows,
        end,
        values: state.v.clone(),
        spins,
        rested: if state.rests { rows } else { 0 },
    })
}

/// Mean and standard error from a sum, a sum of squares and a count.
fn mean_error(sum: f64, square: f64, n: f64) -> (f64, f64) {
    let mean = sum / n;
    (mean, ((square / n - mean * mean).max(0.0) / (n - 1.0).max(1.0)).sqrt())
}

fn assemble(
    pieces: &[(usize, usize, usize)],
    chunks: Vec<ChunkResult>,
    n_starts: usize,
    per_start: usize,
    n_t: usize,
    schedule: &Schedule,
) -> Trajectory {
    let of_start = |start: usize| pieces.iter().zip(&chunks).filter(move |(piece, _)| piece.0 == start).map(|(_, c)| c);
    let n = per_start as f64;
    let moments = (0..schedule.records.len())
        .map(|record| {
            let mut moment = Moment {
                step: schedule.records[record],
                probability: Array2::zeros((n_starts, n_t)),
                probability_error: Array2::zeros((n_starts, n_t)),
                energy: vec![],
                energy_error: vec![],
                abs_m: vec![],
                abs_m_error: vec![],
                example: Array2::zeros((n_starts, chunks[0].values.ncols())),
            };
            for start in 0..n_starts {
                if let Some(first) = of_start(start).next() {
                    moment.example.row_mut(start).assign(&first.examples[record]);
                }
                let sum = of_start(start).fold(Array1::zeros(2 * n_t + 4), |a, c| a + &c.sums[record]);
                for k in 0..n_t {
                    let (mean, error) = mean_error(sum[k], sum[n_t + k], n);
                    moment.probability[[start, k]] = mean;
                    moment.probability_error[[start, k]] = error;
                }
                let (energy, energy_error) = mean_error(sum[2 * n_t], sum[2 * n_t + 1], n);
                let (abs_m, abs_m_error) = mean_error(sum[2 * n_t + 2], sum[2 * n_t + 3], n);
                moment.energy.push(energy);
                moment.energy_error.push(energy_error);
                moment.abs_m.push(abs_m);
                moment.abs_m_error.push(abs_m_error);
            }
            moment
        })
        .collect();
    let stack =
        |parts: Vec<ArrayView2<f32>>| ndarray::concatenate(ndarray::Axis(0), &parts).expect("chunks have one width");
    let end = (0..n_starts).map(|s| Reading::of(stack(of_start(s).map(|c| c.end.view()).collect()).view())).collect();
    let windows = (0..n_starts)
        .map(|start| {
            let column = |k: usize| {
                let (sum, square) = of_start(start)
                    .flat_map(|c| c.windows.column(k).to_vec())
                    .fold((0.0, 0.0), |(a, b), x| (a + x, b + x * x));
                mean_error(sum, square, n)
            };
            WindowMeans { probability: (0..n_t).map(column).collect(), energy: column(n_t), abs_m: column(n_t + 1) }
        })
        .collect();
    let spins: Vec<_> = chunks.iter().map(|c| c.spins.view()).collect();
    let rested: usize = chunks.iter().map(|c| c.rested).sum();
    Trajectory {
        moments,
        end,
        values: stack(chunks.iter().map(|c| c.values.view()).collect()),
        spins: ndarray::concatenate(ndarray::Axis(0), &spins).expect("chunks have one width"),
        windows,
        at_rest: rested as f64 / (per_start * n_starts) as f64,
    }
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
