//! Designs of random configurations, and what they leave of ln p.

use super::super::enumeration::{HiddenFields, VisibleStates};
use super::{BLOCKS, CHUNK, pair_index};
use crate::kernel::walsh::walsh_transform;
use crate::random::{Generator, Stream};
use crate::statistics::Estimate;
use ndarray::{Array2, ArrayView2, Axis};
use rand::RngExt;
use rayon::prelude::*;

/// Sums over designs; the parts are made once, so that a configuration allocates nothing.
pub(super) struct Design<'a> {
    states: &'a VisibleStates<'a>,
    rows: usize,
    /// c_i are the first n of these, which are all those whose top bit is 1.
    codes: Vec<usize>,
    signs: Vec<f64>,
    spins: Vec<f64>,
    z: Vec<f64>,
    moved: Vec<f64>,
    /// g_i by configuration, shape (n, rows).
    odds: Vec<f64>,
    fields: Vec<f64>,
    pairs: Vec<f64>,
}

impl<'a> Design<'a> {
    pub(super) fn new(states: &'a VisibleStates<'a>, n: usize, m: usize, rows: usize) -> Self {
        Self {
            states,
            rows,
            codes: vec![0; rows / 2],
            signs: vec![0.0; n],
            spins: vec![0.0; n],
            z: vec![0.0; m],
            moved: vec![0.0; m],
            odds: vec![0.0; n * rows],
            fields: vec![0.0; n],
            pairs: vec![0.0; n * (n - 1) / 2],
        }
    }

    /// Adds the J_i and J_ij of one design.
    pub(super) fn add(&mut self, random: &mut Generator) {
        let n = self.spins.len();
        self.codes.iter_mut().enumerate().for_each(|(i, code)| *code = self.rows / 2 + i);
        for i in 0..n {
            self.codes.swap(i, random.random_range(i..self.rows / 2));
        }
        draw(&mut self.signs, random);
        for u in 0..self.rows {
            for ((spin, code), sign) in self.spins.iter_mut().zip(&self.codes).zip(&self.signs) {
                let odd = (code & u).count_ones() % 2 == 1;
                *spin = if odd { -sign } else { *sign };
            }
            let (_, ln_sum) = self.states.parts(&self.spins, &mut self.z);
            let fields = HiddenFields { z: &self.z, ln_sum };
            for (i, spin) in self.spins.iter().enumerate() {
                let odds = self.states.half_log_odds(i, *spin, fields, &mut self.moved);
                self.odds[i * self.rows + u] = odds;
            }
        }
        for (i, odds) in self.odds.chunks_exact_mut(self.rows).enumerate() {
            walsh_transform(odds);
            self.fields[i] += odds[0];
            for j in (0..n).filter(|j| *j != i) {
                // Both E[s_j g_i] and E[s_i g_j] are J_ij.
                self.pairs[pair_index(n, i.min(j), i.max(j))] += 0.5 * self.signs[j] * odds[self.codes[j]];
            }
        }
    }

    /// J_i and J_ij as means over `designs`.
    pub(super) fn means(mut self, designs: usize) -> (Vec<f64>, Vec<f64>) {
        let scale = 1.0 / (self.rows * designs) as f64;
        self.fields.iter_mut().chain(&mut self.pairs).for_each(|x| *x *= scale);
        (self.fields, self.pairs)
    }
}

/// Fair signs.
fn draw(spins: &mut [f64], random: &mut Generator) {
    spins.iter_mut().for_each(|s| *s = if random.random::<bool>() { 1.0 } else { -1.0 });
}

/// The sum of the squares of the expected values of the columns: the mean scalar product of two different blocks, which
/// no error of a block biases, with its jackknife error over blocks. `blocks`: shape (blocks, columns).
pub(super) fn sum_of_squares(blocks: ArrayView2<f64>) -> Estimate {
    let n = blocks.nrows();
    let product = |r: usize, s: usize| blocks.row(r).iter().zip(blocks.row(s)).map(|(a, b)| a * b).sum::<f64>();
    let mut of_block = vec![0.0; n];
    for r in 0..n {
        for s in 0..r {
            let x = product(r, s);
            of_block[r] += x;
            of_block[s] += x;
        }
    }
    let all = of_block.iter().sum::<f64>() / 2.0;
    let pairs = (n * (n - 1) / 2) as f64;
    let left = ((n - 1) * (n - 2) / 2) as f64;
    // Values without one block; their mean is the value itself.
    let value = all / pairs;
    let squares: f64 = of_block.iter().map(|x| ((all - x) / left - value).powi(2)).sum();
    Estimate { value, error: (squares * (n - 1) as f64 / n as f64).sqrt(), n_eff: n as f64 }
}

/// The variance of what fields and pairs leave of ln p: the covariance, over fresh configurations, of what is left by
/// the means of the even and of the odd blocks. Their errors are independent of each other and so do not bias it.
pub(super) fn rest(
    states: &VisibleStates,
    n_hidden: usize,
    [fields, pairs]: [&Array2<f64>; 2],
    samples: usize,
    stream: Stream,
) -> Estimate {
    let half = |of: &Array2<f64>, first: usize| -> Vec<f64> {
        let rows: Vec<usize> = (first..BLOCKS).step_by(2).collect();
        of.select(Axis(0), &rows).mean_axis(Axis(0)).expect("there are blocks").to_vec()
    };
    let fits = [0, 1].map(|first| (half(fields, first), half(pairs, first)));
    let Stream { streams, purpose } = stream;
    let name = format!("{purpose}/rest");
    let left: Vec<Vec<[f64; 2]>> = (0..samples.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let mut random = streams.generator(&name, chunk as u64);
            let (mut spins, mut z) = (vec![0.0; fields.ncols()], vec![0.0; n_hidden]);
            let rows = CHUNK.min(samples - chunk * CHUNK);
            (0..rows)
                .map(|_| {
                    draw(&mut spins, &mut random);
                    let (linear, hidden) = states.parts(&spins, &mut z);
                    [0, 1].map(|k| linear + hidden - two_body(&fits[k].0, &fits[k].1, &spins))
                })
                .collect()
        })
        .collect();
    let left = left.concat();
    let n = left.len() as f64;
    let mean = [0, 1].map(|k| left.iter().map(|d| d[k]).sum::<f64>() / n);
    let products: Vec<f64> = left.iter().map(|d| (d[0] - mean[0]) * (d[1] - mean[1])).collect();
    let value = products.iter().sum::<f64>() / (n - 1.0);
    let scatter = products.iter().map(|p| (p - value) * (p - value)).sum::<f64>() / (n * (n - 1.0));
    // The errors of the two fits: sum of the products of their variances, 2/BLOCKS of that of a block each.
    let noise: f64 = fields
        .columns()
        .into_iter()
        .chain(pairs.columns())
        .map(|column| (column.var(1.0) * 2.0 / BLOCKS as f64).powi(2))
        .sum();
    Estimate { value, error: (scatter + noise).sqrt(), n_eff: n }
}

/// sum_i J_i s_i + sum_(i<j) J_ij s_i s_j.
fn two_body(fields: &[f64], pairs: &[f64], spins: &[f64]) -> f64 {
    let mut rest = pairs;
    let mut sum = 0.0;
    for (i, spin) in spins.iter().enumerate() {
        let (row, below) = rest.split_at(spins.len() - 1 - i);
        let field: f64 = row.iter().zip(&spins[i + 1..]).map(|(j, s)| j * s).sum();
        sum += spin * (fields[i] + field);
        rest = below;
    }
    sum
}
