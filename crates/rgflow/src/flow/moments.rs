//! Readings along a flow: sums over the chains of each start, the last two windows, the ends.

use super::reading::Reading;
use super::schedule::Schedule;
use super::trajectory::Chunk;
use crate::restart::{Unfit, demand};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// Readings at one recorded step, per start.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The step.
    pub step: usize,
    /// Mean P(T), shape (n_starts, temperatures); no columns without a network.
    pub probability: Array2<f64>,
    /// Standard errors of `probability`, over chains.
    pub probability_error: Array2<f64>,
    /// Energy per spin, per start; empty without a lattice.
    pub energy: Vec<f64>,
    /// Its standard error, over chains.
    pub energy_error: Vec<f64>,
    /// Mean |m|, per start; empty without a lattice.
    pub abs_m: Vec<f64>,
    /// Its standard error, over chains.
    pub abs_m_error: Vec<f64>,
    /// Distance from the chain's own start, per start: the mean over units of ((v - v_0)/(high - low))^2 (of (v -
    /// v_0)^2 for Gaussian units), in [0, 1] for two-valued ones.
    pub distance: Vec<f64>,
    /// Its standard error, over chains.
    pub distance_error: Vec<f64>,
    /// The first chain of each start, shape (n_starts, units): states, or expectation values.
    pub example: Array2<f32>,
}

/// Differences between the windows [3t/4, t] and [t/2, 3t/4), pooled over starts: means over chains with standard
/// errors.
#[derive(Clone, Debug)]
pub struct WindowMeans {
    /// Difference of P(T), per temperature.
    pub probability: Vec<(f64, f64)>,
    /// Difference of the energy per spin; `None` without a lattice.
    pub energy: Option<(f64, f64)>,
    /// Difference of |m|; `None` without a lattice.
    pub abs_m: Option<(f64, f64)>,
    /// Difference of the distance from the start.
    pub distance: (f64, f64),
}

/// A flow as it was read.
#[derive(Clone, Debug)]
pub struct Trajectory {
    /// Readings by recorded step.
    pub moments: Vec<Moment>,
    /// P(T) of the end collection, one reading per start.
    pub end: Vec<Reading>,
    /// End values, shape (n_starts * per_start, units): states, or expectation values.
    pub values: Array2<f32>,
    /// End states of {-1, +1} units: `values` itself, or drawn from the expectation values; empty without a lattice.
    pub spins: Array2<i8>,
    /// Whether the windows agree, per start.
    pub windows: Vec<WindowMeans>,
    /// Fraction of chains that came to rest (mean-field only).
    pub at_rest: f64,
}

/// Readings of each chain, as columns: P of the classes, then E and |m|, then the distance from the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    /// Number of classes; 0 without a network.
    pub classes: usize,
    /// Whether E and |m| are read.
    pub lattice: bool,
}

impl Columns {
    pub fn count(self) -> usize {
        self.distance() + 1
    }

    pub fn energy(self) -> usize {
        self.classes
    }

    pub fn abs_m(self) -> usize {
        self.classes + 1
    }

    pub fn distance(self) -> usize {
        self.classes + if self.lattice { 2 } else { 0 }
    }
}

/// Readings of some chains that went together.
#[derive(Serialize, Deserialize)]
pub(super) struct Piece {
    /// Per record: sums and sums of squares of the columns.
    sums: Vec<(Array1<f64>, Array1<f64>)>,
    examples: Vec<Array1<f32>>,
    /// Per chain: later window minus earlier one, until [`Piece::finish`].
    windows: Array2<f64>,
    /// Sums and sums of squares of the columns of `windows`.
    between: (Array1<f64>, Array1<f64>),
    weights: [f64; 2],
    pub end: Array2<f32>,
    pub spins: Array2<i8>,
    pub rested: usize,
}

impl Piece {
    pub fn new(rows: usize, columns: Columns, schedule: &Schedule) -> Self {
        let in_window = |w| schedule.records.iter().filter(|r| schedule.window(**r) == Some(w)).count() as f64;
        Self {
            sums: Vec::with_capacity(schedule.records.len()),
            examples: Vec::with_capacity(schedule.records.len()),
            windows: Array2::zeros((rows, columns.count())),
            between: Default::default(),
            weights: [-1.0 / in_window(0), 1.0 / in_window(1)],
            end: Array2::zeros((rows, 0)),
            spins: Array2::zeros((0, 0)),
            rested: 0,
        }
    }

    /// Notes what was `seen` at a recorded step, shape (chains, columns), and the first chain.
    pub fn record(&mut self, step: usize, schedule: &Schedule, seen: ArrayView2<f64>, example: ArrayView1<f32>) {
        self.sums.push(sums(seen));
        if let Some(w) = schedule.window(step) {
            let weight = self.weights[w];
            self.windows.zip_mut_with(&seen, |s, x| *s += weight * x);
        }
        self.examples.push(example.to_owned());
    }

    /// Goes on with `other`, which has seen `records` records of chains of `units` units.
    pub fn restore(&mut self, other: Self, records: usize, units: usize) -> Result<(), Unfit> {
        let (width, rows) = (self.windows.ncols(), self.windows.nrows());
        let fits = |(sum, square): &(Array1<f64>, Array1<f64>)| sum.len() == width && square.len() == width;
        demand(other.sums.len() == records && other.examples.len() == records && other.sums.iter().all(fits))?;
        demand(other.examples.iter().all(|example| example.len() == units) && other.windows.dim() == (rows, width))?;
        demand(other.end.nrows() == rows && [0, rows].contains(&other.spins.nrows()))?;
        *self = other;
        Ok(())
    }

    /// After the last record: what is kept of each chain is summed, so that pieces wait for each other in little
    /// memory.
    pub fn finish(&mut self) {
        self.between = sums(self.windows.view());
        self.windows = Array2::zeros((0, 0));
    }
}

/// Sums and sums of squares of the columns.
fn sums(seen: ArrayView2<f64>) -> (Array1<f64>, Array1<f64>) {
    let (mut sum, mut square) = (Array1::zeros(seen.ncols()), Array1::zeros(seen.ncols()));
    for row in seen.rows() {
        sum += &row;
        square.zip_mut_with(&row, |s: &mut f64, x| *s += x * x);
    }
    (sum, square)
}

/// Mean and standard error from a sum, a sum of squares and a count.
fn mean_error(sum: f64, square: f64, n: f64) -> (f64, f64) {
    let mean = sum / n;
    (mean, ((square / n - mean * mean).max(0.0) / (n - 1.0).max(1.0)).sqrt())
}

/// Puts the `pieces`, each of the chunk in the same place, together by starts; `values` are those of all chains at the
/// end.
pub(super) fn assemble(
    chunks: &[Chunk],
    pieces: &[Piece],
    values: Array2<f32>,
    columns: Columns,
    schedule: &Schedule,
) -> Trajectory {
    let n_starts = chunks.last().map_or(0, |chunk| chunk.start + 1);
    let all = || chunks.iter().zip(pieces);
    let of_start = |start: usize| all().filter(move |(chunk, _)| chunk.start == start).map(|(_, piece)| piece);
    let n = (values.nrows() / n_starts.max(1)) as f64;
    let moments = (0..schedule.records.len())
        .map(|record| {
            let mut moment = Moment {
                step: schedule.records[record],
                probability: Array2::zeros((n_starts, columns.classes)),
                probability_error: Array2::zeros((n_starts, columns.classes)),
                energy: vec![],
                energy_error: vec![],
                abs_m: vec![],
                abs_m_error: vec![],
                distance: vec![],
                distance_error: vec![],
                example: Array2::zeros((n_starts, values.ncols())),
            };
            for start in 0..n_starts {
                if let Some(first) = of_start(start).next() {
                    moment.example.row_mut(start).assign(&first.examples[record]);
                }
                let zero = || Array1::<f64>::zeros(columns.count());
                let (sum, square) =
                    of_start(start).fold((zero(), zero()), |(a, b), c| (a + &c.sums[record].0, b + &c.sums[record].1));
                let of = |k: usize| mean_error(sum[k], square[k], n);
                for k in 0..columns.classes {
                    (moment.probability[[start, k]], moment.probability_error[[start, k]]) = of(k);
                }
                let push = |k: usize, values: &mut Vec<f64>, errors: &mut Vec<f64>| {
                    let (value, error) = of(k);
                    values.push(value);
                    errors.push(error);
                };
                if columns.lattice {
                    push(columns.energy(), &mut moment.energy, &mut moment.energy_error);
                    push(columns.abs_m(), &mut moment.abs_m, &mut moment.abs_m_error);
                }
                push(columns.distance(), &mut moment.distance, &mut moment.distance_error);
            }
            moment
        })
        .collect();
    let windows = (0..n_starts)
        .map(|start| {
            let column = |k: usize| {
                let (sum, square) =
                    of_start(start).fold((0.0, 0.0), |(a, b), c| (a + c.between.0[k], b + c.between.1[k]));
                mean_error(sum, square, n)
            };
            let of_lattice = |k: usize| columns.lattice.then(|| column(k));
            WindowMeans {
                probability: (0..columns.classes).map(column).collect(),
                energy: of_lattice(columns.energy()),
                abs_m: of_lattice(columns.abs_m()),
                distance: column(columns.distance()),
            }
        })
        .collect();
    let stack = |parts: Vec<ArrayView2<f32>>| ndarray::concatenate(Axis(0), &parts).expect("chunks have one width");
    let end = (0..n_starts).map(|s| Reading::of(stack(of_start(s).map(|c| c.end.view()).collect()).view())).collect();
    let spins: Vec<_> = pieces.iter().map(|c| c.spins.view()).collect();
    let rested: usize = pieces.iter().map(|c| c.rested).sum();
    Trajectory {
        moments,
        end,
        at_rest: rested as f64 / values.nrows() as f64,
        values,
        spins: ndarray::concatenate(Axis(0), &spins).expect("chunks have one width"),
        windows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rbm::Rest;
    use ndarray::arr1;

    /// Five chains in two pieces; window 0 is step 2, window 1 the mean of steps 3 and 4. By hand: mean and standard
    /// error of the chains' differences.
    #[test]
    fn windows_differ_by_the_mean_over_chains() {
        let schedule = Schedule { steps: 4, records: vec![2, 3, 4], rest: Rest::Never };
        let columns = Columns { classes: 0, lattice: false };
        let seen = [[1.0, 2.0, 4.0], [3.0, 1.0, 2.0], [0.0, 5.0, 5.0], [2.0, 2.0, 3.0], [1.0, 0.0, 7.0]];
        let piece = |chains: &[[f64; 3]]| {
            let mut piece = Piece::new(chains.len(), columns, &schedule);
            for (r, step) in schedule.records.iter().enumerate() {
                let now = Array2::from_shape_fn((chains.len(), 1), |(chain, _)| chains[chain][r]);
                piece.record(*step, &schedule, now.view(), arr1(&[0.0]).view());
            }
            piece.finish();
            piece
        };
        let pieces = [piece(&seen[..3]), piece(&seen[3..])];
        let chunks = [0..3, 3..5].map(|rows| Chunk { start: 0, rows });
        let found = assemble(&chunks, &pieces, Array2::zeros((5, 1)), columns, &schedule);
        let differences: Vec<f64> = seen.iter().map(|s| (s[1] + s[2]) / 2.0 - s[0]).collect();
        let mean = differences.iter().sum::<f64>() / 5.0;
        let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 4.0;
        let (seen, error) = found.windows[0].distance;
        assert!((seen - mean).abs() < 1e-12 && (error - (variance / 5.0).sqrt()).abs() < 1e-12, "{seen}, {error}");
    }
}
