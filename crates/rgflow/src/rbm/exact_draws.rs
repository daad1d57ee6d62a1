//! Independent draws of machines one layer of which is small.

use super::enumeration::{MOST_UNITS, VisibleStates};
use super::exact_sums::SmallLayer;
use super::{Chains, Kernel, Layer, Rbm, RbmError, Sites};
use crate::kernel::half_layers::power;
use crate::kernel::log_weights::LogSum;
use crate::random::Bulk;
use ndarray::Array2;
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// Most two-valued units of a layer whose states are listed; other kinds have no more states.
const MOST_LISTED: usize = 20;

/// Independent draws from the exact law p(v) of a machine, one layer of which is small: at most 25 units where both
/// layers are two-valued, else at most 2^20 states of a discrete layer (the other may be Gaussian).
///
/// A state of the smaller layer is drawn from its exact marginal law, the other layer given it: no chain, no burn-in.
///
/// ```
/// use rgflow::{random::Streams, rbm::{ExactDraws, Rbm}};
/// let streams = Streams::new(1);
/// let rbm = Rbm::random(12, 6, 0.5, &mut streams.generator("example/init", 0));
/// let v = ExactDraws::new(&rbm)?.draw(100, &mut streams.bulk("example/draws", 0));
/// assert_eq!(v.dim(), (100, 12));
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub struct ExactDraws {
    law: Law,
    /// Whether the smaller layer is the visible one.
    mirrored: bool,
    /// From the smaller layer to the other.
    kernel: Kernel,
    ln_z: f64,
}

/// The marginal law of the smaller layer.
enum Law {
    /// Probabilities of the states of the first half of two-valued units, summed up; those of the second half follow
    /// from the tables.
    Halves(SmallLayer, Vec<f64>),
    /// Probabilities of all states, summed up.
    Listed(Sites, Vec<f64>),
}

/// Running sums of `weights`.
fn summed(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |w: f64| {
        sum += w;
        sum
    };
    weights.map(add).collect()
}

/// The first state whose running sum reaches `u`.
fn pick(cumulative: &[f64], u: f64) -> usize {
    cumulative.partition_point(|c| *c < u).min(cumulative.len() - 1)
}

impl ExactDraws {
    /// Of `rbm`, whose smaller layer is enumerated once: O(states times the size of the other layer), for layers of
    /// two-valued units much less.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`] if both layers are Gaussian, [`RbmError::NotFinite`]; [`RbmError::TooLarge`] for a
    /// smaller layer of too many units; [`RbmError::NoExactDraws`] for one of more than 20 whose fields are so large
    /// that tables of e^x leave the range of f64.
    pub fn new(rbm: &Rbm) -> Result<Self, RbmError> {
        const WHAT: &str = "exact draws";
        if !rbm.is_finite() {
            return Err(RbmError::NotFinite);
        }
        if rbm.visible_units().levels().is_none() || rbm.hidden_units().levels().is_none() {
            return Self::listed(rbm);
        }
        let (machine, mirrored) = rbm.with_small_hidden();
        let units = machine.n_hidden();
        if units > MOST_UNITS {
            return Err(RbmError::TooLarge { what: WHAT, most: MOST_UNITS, found: units });
        }
        let Some(layer) = SmallLayer::new(&machine) else {
            let refusal = RbmError::NoExactDraws { units, most: MOST_LISTED };
            return if units > MOST_LISTED { Err(refusal) } else { Self::listed(rbm) };
        };
        let blocks = layer.row_sums();
        let top = blocks.iter().map(|block| block.exponent).max().unwrap_or(0);
        let mut cumulative = summed(blocks.iter().flat_map(|block| {
            let scale = power(block.exponent - top);
            block.sums.iter().map(move |w| w * scale)
        }));
        let sum = cumulative.last().copied().unwrap_or(1.0);
        cumulative.iter_mut().for_each(|c| *c /= sum);
        let ln_z = libm::log(sum) + top as f64 * LN_2;
        Ok(Self { law: Law::Halves(layer, cumulative), mirrored, kernel: Kernel::new(&machine.mirrored()), ln_z })
    }

    /// By the weights of all states of the discrete layer of fewer.
    fn listed(rbm: &Rbm) -> Result<Self, RbmError> {
        let mirrored = rbm.layer_of_fewer_states() != Some(Layer::Hidden);
        let machine = if mirrored { rbm.clone() } else { rbm.mirrored() };
        let states = VisibleStates::new(&machine, "exact draws", MOST_LISTED)?;
        let mut ln = vec![0.0; states.count()];
        let size = states.block_size();
        ln.par_chunks_mut(size).enumerate().for_each(|(block, ln)| {
            states.walk(block, &mut |visit| ln[visit.state % size] = visit.ln_weight);
        });
        let mut sum = LogSum::default();
        ln.iter().for_each(|x| sum.add(*x));
        let ln_z = sum.value();
        let mut cumulative = summed(ln.iter().map(|x| libm::exp(x - ln_z)));
        let sum = cumulative.last().copied().unwrap_or(1.0);
        cumulative.iter_mut().for_each(|c| *c /= sum);
        let law = Law::Listed(machine.visible_sites("exact draws")?, cumulative);
        Ok(Self { law, mirrored, kernel: Kernel::new(&machine), ln_z })
    }

    /// Exact ln Z, which the enumeration gives too.
    pub fn ln_z(&self) -> f64 {
        self.ln_z
    }

    /// `n` independent visible states, shape (n, n_visible), with values of the visible unit kind; the same for any
    /// number of threads.
    pub fn draw(&self, n: usize, random: &mut Bulk) -> Array2<f32> {
        let (small, other) = self.draw_both(n, random);
        if self.mirrored { small } else { other }
    }

    /// The smaller layer, shape (n, its units), and the other given it.
    fn draw_both(&self, n: usize, random: &mut Bulk) -> (Array2<f32>, Array2<f32>) {
        let mut words = vec![0u32; 4 * n];
        random.fill(&mut words);
        let uniform = |k: usize| {
            let (high, low) = (u64::from(words[k]), u64::from(words[k + 1]));
            (((high << 32 | low) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        let mut small = Array2::zeros((n, self.kernel.rbm().n_visible()));
        match &self.law {
            Law::Halves(layer, cumulative) => {
                let levels = layer.levels[1];
                for (k, state) in by_halves(layer, cumulative, n, &uniform) {
                    let units = small.row_mut(k);
                    units.into_iter().enumerate().for_each(|(a, h)| *h = levels.value(state >> a & 1 == 1));
                }
            }
            Law::Listed(sites, cumulative) => {
                for (k, mut row) in small.rows_mut().into_iter().enumerate() {
                    let state = pick(cumulative, uniform(4 * k)) as u64;
                    let values = sites.layer(state, row.len());
                    row.iter_mut().zip(values).for_each(|(h, value)| *h = value);
                }
            }
        }
        let mut chains = Chains::new(&self.kernel, n);
        chains.set_visible(small.view()).expect("states of the layer");
        chains.hidden_fields(&self.kernel);
        chains.draw_hidden(&self.kernel, random);
        let mut other = Array2::zeros((n, self.kernel.rbm().n_hidden()));
        chains.write_hidden(other.as_slice_mut().expect("standard layout"));
        (small, other)
    }
}

/// `n` states of the layer: the number of each draw, and its state.
fn by_halves(
    layer: &SmallLayer,
    cumulative: &[f64],
    n: usize,
    uniform: &(dyn Fn(usize) -> f64 + Sync),
) -> Vec<(usize, usize)> {
    // Draws in the order of their state s, so that the weights of its states t are found once.
    let mut picked: Vec<(usize, usize)> = (0..n).map(|k| (pick(cumulative, uniform(4 * k)), k)).collect();
    picked.sort_unstable();
    picked
        .par_chunk_by(|a, b| a.0 == b.0)
        .flat_map_iter(|same| {
            let s = same[0].0;
            let second = summed(layer.tables.row(s).iter().copied());
            let sum = second.last().copied().unwrap_or(1.0);
            let state = |k: usize| s | pick(&second, sum * uniform(4 * k + 2)) << layer.first;
            same.iter().map(|(_, k)| (*k, state(*k))).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use crate::rbm::exact_sums::tests::machine;

    /// z of chi^2 of the frequencies of 100,000 draws against p(v), which the walk through the visible states gives,
    /// and its cells; cells of fewer than ten expected draws are one.
    fn deviation(rbm: &Rbm, v: &Array2<f32>) -> (f64, f64) {
        let (seen, law) = (rbm.empirical_law(v.view()).unwrap(), rbm.visible_law().unwrap());
        let expected = |p: &f64| 1e5 * p;
        let (mut chi, mut cells, mut rest) = (0.0, 0.0, (0.0, 0.0));
        for (seen, p) in seen.iter().zip(&law) {
            if expected(p) < 10.0 {
                rest = (rest.0 + 1e5 * seen, rest.1 + expected(p));
            } else {
                chi += (1e5 * seen - expected(p)).powi(2) / expected(p);
                cells += 1.0;
            }
        }
        if rest.1 > 10.0 {
            chi += (rest.0 - rest.1).powi(2) / rest.1;
            cells += 1.0;
        }
        ((chi - (cells - 1.0)) / (2.0f64 * (cells - 1.0)).sqrt(), cells)
    }

    /// Null: draws follow p(v): a chi-squared test of 2^7 states, or 3^3, with both layers as the smaller one, by
    /// tables and by lists; z below 5 (p < 1e-5 by the chi-squared law of 127 degrees of freedom, 3e-5 by that of
    /// 26).
    #[test]
    fn draws_follow_the_exact_law() {
        for (n, m, units) in [
            (7, 6, ["spin", "binary"]),
            (7, 9, ["spin", "binary"]),
            (7, 7, ["spin", "binary"]),
            (7, 3, ["spin", "spin"]),
            (7, 4, ["spin", "gaussian:0.7"]),
            (9, 6, ["categorical:3", "categorical:2"]),
            (9, 9, ["categorical:3", "spin"]),
        ] {
            let rbm = machine(n, m, 0.6, units);
            let draws = ExactDraws::new(&rbm).unwrap();
            assert!((draws.ln_z() - rbm.ln_z().unwrap()).abs() < 1e-10);
            let v = draws.draw(100_000, &mut Streams::new(3).bulk("test/draws", m as u64));
            let (z, cells) = deviation(&rbm, &v);
            assert!(z < 5.0 && cells > 20.0, "{n} x {m}, {units:?}: z = {z}, {cells} cells");
        }
    }

    /// Null: the mean of Gaussian units is the exact one: 50,000 draws, |z| < 5 for each of six units (p < 4e-6).
    #[test]
    fn gaussian_units_have_their_exact_mean() {
        let rbm = machine(6, 4, 0.4, ["gaussian:0.8", "spin"]);
        let exact = rbm.moments().unwrap().visible;
        let v = ExactDraws::new(&rbm).unwrap().draw(50_000, &mut Streams::new(5).bulk("test/draws", 0));
        for (column, exact) in v.columns().into_iter().zip(exact) {
            let seen = crate::statistics::mean_error(&column.iter().map(|v| f64::from(*v)).collect::<Vec<_>>());
            assert!(((seen.value - exact) / seen.error).abs() < 5.0, "{seen:?} for {exact}");
        }
    }
}
