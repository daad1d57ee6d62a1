//! Products in which neighbouring lanes are samples: for maps that are iterated, whose results are the next factors.
//!
//! Samples lie sixteen to a group and unit after unit within it, so a weight serves all lanes of a vector, nothing is
//! padded but the last group, and what comes out needs no transposition. Sums have a fixed order of fused
//! multiply-adds: the same bits on every CPU (one without the instruction is slow at it), and for a sample wherever it
//! lies.

use super::lines::{COLUMNS, Line, transpose};
use crate::cpu::{self, Path, dispatched};
use crate::restart::{Unfit, demand, put};
use ndarray::{ArrayView2, ArrayViewMut2, s};

/// Samples of a group, side by side in a line for each unit.
pub const SAMPLES: usize = COLUMNS;
/// Outputs that lie together. Their sums take ten of the 32 registers of AVX-512, enough to hide how long an addition
/// takes.
const TILE: usize = 10;
/// Half of them take ten of the sixteen registers of AVX2.
const HALF: usize = TILE / 2;
/// Inputs that stay in the first-level cache with their weights (8 and 5 KiB) while all outputs are summed.
const BLOCK: usize = 128;

/// Values of the units of some samples. Samples beyond the last, up to a whole group, hold anything.
#[derive(Clone, Debug)]
pub struct Panels {
    units: usize,
    samples: usize,
    lines: Vec<Line>,
}

impl Panels {
    /// Zeros of `samples` samples of `units` units.
    pub fn zeros(samples: usize, units: usize) -> Self {
        Self { units, samples, lines: vec![Line::ZERO; samples.div_ceil(SAMPLES) * units] }
    }

    /// The samples `values`, shape (samples, units).
    pub fn of(values: ArrayView2<f32>) -> Self {
        let mut panels = Self::zeros(values.nrows(), values.ncols());
        for (sample, row) in values.rows().into_iter().enumerate() {
            row.iter().enumerate().for_each(|(unit, value)| *panels.at(sample, unit) = *value);
        }
        panels
    }

    /// Leaves only the first `samples`.
    pub fn truncate(&mut self, samples: usize) {
        self.samples = self.samples.min(samples);
        self.lines.truncate(self.samples.div_ceil(SAMPLES) * self.units);
    }

    /// Number of samples and all lines, for a restart.
    pub fn state(&self) -> (usize, &[f32]) {
        (self.samples, bytemuck::cast_slice(&self.lines))
    }

    /// Takes over what [`Panels::state`] of as many units and no more samples gave.
    pub(crate) fn restore(&mut self, samples: usize, lines: &[f32]) -> Result<(), Unfit> {
        demand(samples <= self.samples)?;
        self.truncate(samples);
        put(bytemuck::cast_slice_mut(&mut self.lines), lines)
    }

    fn at(&mut self, sample: usize, unit: usize) -> &mut f32 {
        &mut self.lines[sample / SAMPLES * self.units + unit].0[sample % SAMPLES]
    }

    /// The units of a sample.
    pub fn sample(&self, sample: usize) -> impl Iterator<Item = f32> + '_ {
        let group = &self.lines[sample / SAMPLES * self.units..][..self.units];
        group.iter().map(move |line| line.0[sample % SAMPLES])
    }

    /// Puts sample `from` in the place of sample `to`.
    pub fn copy_sample(&mut self, from: usize, to: usize) {
        for unit in 0..self.units {
            *self.at(to, unit) = *self.at(from, unit);
        }
    }

    /// Writes each sample to its row of `out`, shape (any, units).
    ///
    /// # Panics
    /// If there is no such row or it has another length, which is an error of the caller.
    pub fn write_rows(&self, rows: &[usize], mut out: ArrayViewMut2<f32>) {
        let mut rows = rows.iter().take(self.samples);
        let (mut square, mut turned) = ([Line::ZERO; COLUMNS], [Line::ZERO; COLUMNS]);
        for group in self.groups() {
            let rows: [Option<&usize>; SAMPLES] = std::array::from_fn(|_| rows.next());
            for (block, units) in group.chunks(COLUMNS).enumerate() {
                square.iter_mut().zip(units).for_each(|(to, line)| *to = *line);
                transpose(cpu::path(), &square, &mut turned);
                for (row, line) in rows.iter().zip(&turned) {
                    let Some(row) = row else { break };
                    let mut part = out.slice_mut(s![**row, block * COLUMNS..block * COLUMNS + units.len()]);
                    part.iter_mut().zip(line.0).for_each(|(to, value)| *to = value);
                }
            }
        }
    }

    /// The units of each group.
    pub fn groups(&self) -> impl DoubleEndedIterator<Item = &[Line]> + ExactSizeIterator {
        self.lines.chunks_exact(self.units)
    }

    /// The same, to be changed.
    pub fn groups_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut [Line]> + ExactSizeIterator {
        self.lines.chunks_exact_mut(self.units)
    }
}

/// The largest difference of a unit, for each sample of the group whose units are `a` and `b`.
pub fn largest_differences(a: &[Line], b: &[Line]) -> [f32; SAMPLES] {
    let mut most = Line::ZERO;
    differences(cpu::path(), a, b, &mut most);
    most.0
}

dispatched! {
    fn differences(a: &[Line], b: &[Line], most: &mut Line) => differences_all
}

#[inline(always)]
fn differences_all(a: &[Line], b: &[Line], most: &mut Line) {
    let mut local = *most;
    for (a, b) in a.iter().zip(b) {
        for l in 0..SAMPLES {
            let difference = (a.0[l] - b.0[l]).abs();
            // No number is as far as can be.
            let difference = if difference < f32::INFINITY { difference } else { f32::INFINITY };
            local.0[l] = if difference > local.0[l] { difference } else { local.0[l] };
        }
    }
    *most = local;
}

/// Weights and biases of a layer, by tiles of outputs.
#[derive(Clone, Debug)]
pub struct Dense {
    n_in: usize,
    n_out: usize,
    weights: Vec<[f32; TILE]>,
    bias: Vec<[f32; TILE]>,
}

impl Dense {
    /// The layer of `weights`, shape (n_in, n_out), and `bias`, length n_out.
    ///
    /// # Panics
    /// If the sizes do not fit, which is an error of the caller.
    pub fn of(weights: ArrayView2<f32>, bias: &[f32]) -> Self {
        let (n_in, n_out) = weights.dim();
        assert_eq!(bias.len(), n_out, "number of biases");
        let tiles = n_out.div_ceil(TILE);
        let tile = |t: usize, of: &dyn Fn(usize) -> f32| {
            std::array::from_fn(|u| if t * TILE + u < n_out { of(t * TILE + u) } else { 0.0 })
        };
        Self {
            n_in,
            n_out,
            weights: (0..tiles).flat_map(|t| (0..n_in).map(move |i| tile(t, &|o| weights[[i, o]]))).collect(),
            bias: (0..tiles).map(|t| tile(t, &|o| bias[o])).collect(),
        }
    }

    /// Number of outputs.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// The fields z = b + sum_i v_i w_i of a group of samples, whose units are `from`.
    ///
    /// # Panics
    /// If the sizes do not fit, which is an error of the caller.
    pub fn fields(&self, from: &[Line], to: &mut [Line]) {
        self.fields_on(cpu::path(), from, to);
    }

    fn fields_on(&self, path: Path, from: &[Line], to: &mut [Line]) {
        assert_eq!((from.len(), to.len()), (self.n_in, self.n_out), "numbers of units");
        let product = if path.at_most_avx2() == path { by_halves } else { by_tiles };
        product(path, &self.weights, &self.bias, from, to);
    }
}

dispatched! {
    fn by_halves(weights: &[[f32; TILE]], bias: &[[f32; TILE]], from: &[Line], to: &mut [Line]) => product_all::<HALF>
}

dispatched! {
    fn by_tiles(weights: &[[f32; TILE]], bias: &[[f32; TILE]], from: &[Line], to: &mut [Line]) => product_all::<TILE>
}

/// `MOST` outputs at a time.
#[inline(always)]
fn product_all<const MOST: usize>(weights: &[[f32; TILE]], bias: &[[f32; TILE]], from: &[Line], to: &mut [Line]) {
    for (block, part) in from.chunks(BLOCK).enumerate() {
        let range = block * BLOCK..block * BLOCK + part.len();
        let tiles = weights.chunks_exact(from.len()).zip(bias).zip(to.chunks_mut(TILE));
        for ((weights, bias), to) in tiles {
            let (weights, bias) = (&weights[range.clone()], (block == 0).then_some(bias));
            if MOST == TILE && to.len() > HALF {
                add_tile::<TILE>(0, weights, bias, part, to);
            } else {
                for (half, to) in to.chunks_mut(HALF).enumerate() {
                    add_tile::<HALF>(half * HALF, weights, bias, part, to);
                }
            }
        }
    }
}

/// Adds to at most `N` outputs, from number `first` of the tile on, or to their biases, what the inputs `from` give.
#[inline(always)]
fn add_tile<const N: usize>(
    first: usize,
    weights: &[[f32; TILE]],
    bias: Option<&[f32; TILE]>,
    from: &[Line],
    to: &mut [Line],
) {
    let mut sums = [Line::ZERO; N];
    // Number by number: a copy of the whole would be a call, and the sums would leave the registers for it.
    for (u, sum) in sums.iter_mut().enumerate() {
        for l in 0..SAMPLES {
            sum.0[l] = match bias {
                Some(bias) => bias[first + u],
                None => to.get(u).map_or(0.0, |to| to.0[l]),
            };
        }
    }
    for (value, weights) in from.iter().zip(weights) {
        let weights: &[f32; N] = weights[first..].first_chunk().expect("first + N <= TILE");
        for u in 0..N {
            for l in 0..SAMPLES {
                sums[u].0[l] = value.0[l].mul_add(weights[u], sums[u].0[l]);
            }
        }
    }
    for (u, sum) in sums.iter().enumerate() {
        if let Some(to) = to.get_mut(u) {
            for l in 0..SAMPLES {
                to.0[l] = sum.0[l];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn values(samples: usize, units: usize) -> Array2<f32> {
        Array2::from_shape_fn((samples, units), |(s, i)| ((s * 31 + i * 17 + s * i) % 23) as f32 / 8.0 - 1.0)
    }

    fn fields(dense: &Dense, path: Path, v: &Array2<f32>) -> Array2<f32> {
        let (from, mut to) = (Panels::of(v.view()), Panels::zeros(v.nrows(), dense.n_out()));
        from.groups().zip(to.groups_mut()).for_each(|(from, to)| dense.fields_on(path, from, to));
        let mut seen = Array2::zeros((v.nrows(), dense.n_out()));
        to.write_rows(&(0..v.nrows()).collect::<Vec<_>>(), seen.view_mut());
        seen
    }

    #[test]
    fn fields_are_the_matrix_product_on_every_path() {
        for (samples, n_in, n_out) in [(1, 1, 1), (47, 3, 5), (48, 8, 4), (100, 25, 100), (97, 300, 26)] {
            let (v, w) = (values(samples, n_in), values(n_in, n_out));
            let bias: Vec<f32> = (0..n_out).map(|o| o as f32 / 4.0).collect();
            let dense = Dense::of(w.view(), &bias);
            // Multiples of 1/64 far below 2^18: exact in any order.
            let expected = v.dot(&w) + ndarray::aview1(&bias);
            for path in Path::available() {
                assert_eq!(fields(&dense, path, &v), expected, "{samples} x {n_in} x {n_out}, {path}");
            }
        }
    }

    /// Weights whose sums depend on their order: every path has the same.
    #[test]
    fn every_path_gives_the_same_bits() {
        let (v, w) = (values(50, 170).mapv(|v| v / 7.3), values(170, 11).mapv(|w| w / 3.7));
        let dense = Dense::of(w.view(), &[0.1; 11]);
        let portable = fields(&dense, Path::available()[0], &v);
        assert!(Path::available().into_iter().all(|path| fields(&dense, path, &v) == portable));
        assert_ne!(portable, v.slice(s![.., ..;-1]).dot(&w.slice(s![..;-1, ..])) + 0.1);
    }

    #[test]
    fn samples_are_moved_compared_and_dropped() {
        let v = values(100, 7);
        let mut panels = Panels::of(v.view());
        panels.copy_sample(99, 3);
        panels.truncate(60);
        assert_eq!((panels.samples, panels.groups().len()), (60, 4));
        assert!(panels.sample(3).eq(v.row(99).iter().copied()) && panels.sample(59).eq(v.row(59).iter().copied()));
        let mut other = panels.clone();
        *other.at(50, 6) += 2.5;
        *other.at(51, 0) = f32::NAN;
        let both = panels.groups().nth(3).zip(other.groups().nth(3)).expect("four groups");
        let most = largest_differences(both.0, both.1);
        assert_eq!((most[1], most[2], most[3], most[4]), (0.0, 2.5, f32::INFINITY, 0.0));
    }
}
