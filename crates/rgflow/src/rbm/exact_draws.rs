//! Independent draws of machines of two-valued units, one layer of which is small.

use super::enumeration::MOST_UNITS;
use super::exact_sums::{LEAST, SmallLayer};
use super::{Chains, Kernel, Rbm, RbmError};
use crate::kernel::half_layers::power;
use crate::random::Bulk;
use ndarray::Array2;
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// Independent draws from the exact law p(v) of a machine of two-valued units, one layer of which has 5 to 25.
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
    layer: SmallLayer,
    mirrored: bool,
    /// From the smaller layer to the other.
    kernel: Kernel,
    /// Probabilities of the states of the first half, summed up.
    cumulative: Vec<f64>,
    ln_z: f64,
}

impl ExactDraws {
    /// Of `rbm`, whose smaller layer is enumerated once: O(2^units times the size of the other layer).
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`], [`RbmError::NotFinite`]; [`RbmError::TooLarge`] for a smaller layer of more than 25 units;
    /// [`RbmError::NoExactDraws`] for one of less than 5, and where fields are so large that tables of e^x leave the range of f64.
    pub fn new(rbm: &Rbm) -> Result<Self, RbmError> {
        const WHAT: &str = "exact draws";
        rbm.visible_levels(WHAT)?;
        rbm.hidden_sites(WHAT)?;
        if !rbm.is_finite() {
            return Err(RbmError::NotFinite);
        }
        let (machine, mirrored) = rbm.with_small_hidden();
        if machine.n_hidden() > MOST_UNITS {
            return Err(RbmError::TooLarge { what: WHAT, most: MOST_UNITS, found: machine.n_hidden() });
        }
        let units = machine.n_hidden();
        let layer = SmallLayer::new(&machine).ok_or(RbmError::NoExactDraws { units, least: LEAST })?;
        let blocks = layer.row_sums();
        let top = blocks.iter().map(|block| block.exponent).max().unwrap_or(0);
        let mut sum = 0.0;
        let rows = blocks.iter().flat_map(|block| {
            let scale = power(block.exponent - top);
            block.sums.iter().map(move |w| w * scale)
        });
        let mut cumulative: Vec<f64> = rows
            .map(|w| {
                sum += w;
                sum
            })
            .collect();
        cumulative.iter_mut().for_each(|c| *c /= sum);
        let ln_z = libm::log(sum) + top as f64 * LN_2;
        Ok(Self { layer, mirrored, kernel: Kernel::new(&machine.mirrored()), cumulative, ln_z })
    }

    /// Exact ln Z, which the enumeration gives too.
    pub fn ln_z(&self) -> f64 {
        self.ln_z
    }

    /// `n` independent visible states, shape (n, n_visible), with values of the visible unit kind; the same for any number of threads.
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
        let pick = |cumulative: &[f64], u: f64| cumulative.partition_point(|c| *c < u).min(cumulative.len() - 1);
        // Draws in the order of their state s, so that the weights of its states t are found once.
        let mut picked: Vec<(usize, usize)> = (0..n).map(|k| (pick(&self.cumulative, uniform(4 * k)), k)).collect();
        picked.sort_unstable();
        let m = self.layer.n_hidden;
        let drawn: Vec<(usize, usize)> = picked
            .par_chunk_by(|a, b| a.0 == b.0)
            .flat_map_iter(|same| {
                let s = same[0].0;
                let mut sum = 0.0;
                let weights = self.layer.tables.row(s);
                let cumulative: Vec<f64> = weights
                    .iter()
                    .map(|w| {
                        sum += w;
                        sum
                    })
                    .collect();
                let state = |k: usize| s | pick(&cumulative, sum * uniform(4 * k + 2)) << self.layer.first;
                same.iter().map(|(_, k)| (*k, state(*k))).collect::<Vec<_>>()
            })
            .collect();
        let levels = self.layer.levels[1];
        let mut small = Array2::zeros((n, m));
        for (k, state) in drawn {
            small.row_mut(k).iter_mut().enumerate().for_each(|(a, h)| *h = levels.value(state >> a & 1 == 1));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use crate::rbm::exact_sums::tests::machine;

    /// Null: draws follow p(v), which is found by the walk through the visible states: a chi-squared test of 2^7 states, 100,000 draws, with
    /// both layers as the smaller one; z of chi^2 below 5 (p < 1e-5 by the chi-squared law of 127 degrees of freedom).
    #[test]
    fn draws_follow_the_exact_law() {
        for (n, m) in [(7, 6), (7, 9), (7, 7)] {
            let rbm = machine(n, m, 0.6, ["spin", "binary"]);
            let draws = ExactDraws::new(&rbm).unwrap();
            assert!((draws.ln_z() - rbm.ln_z().unwrap()).abs() < 1e-10);
            let v = draws.draw(100_000, &mut Streams::new(3).bulk("test/draws", m as u64));
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
            let z = (chi - (cells - 1.0)) / (2.0f64 * (cells - 1.0)).sqrt();
            assert!(z < 5.0 && cells > 20.0, "{n} x {m}: z = {z}, {cells} cells");
        }
    }
}
