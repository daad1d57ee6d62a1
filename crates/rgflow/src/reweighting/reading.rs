//! Averages at states that were not sampled, and whether the samples support them.
//!
//! Kish's number of configurations cannot see what was never drawn: ground states alone have equal weights at every
//! temperature. So the question is also what one more configuration, just beyond the outermost that were drawn, would
//! weigh. Bounds are calibrated in `examples/reweighting_calibration.rs` of rgflow-lab.

use ndarray::Array2;
use rayon::prelude::*;

use super::replicas::UNSEEN;
use super::{Mbar, MbarError, Replicas, State};
use crate::reweighting::histogram::OVERLAP;

/// Largest share of all weights that one configuration beyond the outermost may have.
const BEYOND: f64 = 0.03;
/// The same where the mean energy lies amid those that were drawn: between the quantiles [`CENTRAL`].
const BEYOND_AMID: f64 = 0.3;
const CENTRAL: [f64; 2] = [0.1, 0.9];
/// Standard errors by which a mean may lie outside of them.
const SLACK: f64 = 3.0;

/// How well a state is supported.
pub(crate) struct Support {
    /// Kish's number of configurations that count.
    pub n_eff: f64,
    /// Share of all weights that one more configuration beyond the outermost would have.
    pub beyond: f64,
    /// Whether the mean energy lies amid those that were drawn.
    pub amid: bool,
}

impl Support {
    /// Of configurations with the weights `w` and the energies `energy`, of which `central` are the quantiles; `edge`
    /// is the largest weight of one beyond the outermost, and `independent` of them make an independent one.
    pub fn new(w: &[f64], energy: &[f64], [low, high]: [f64; 2], edge: f64, independent: f64) -> Self {
        let (total, squares) = w.iter().fold((0.0, 0.0), |(a, b), w| (a + w, b + w * w));
        let n_eff = total * total / squares;
        let mean = super::dot(w, energy) / total;
        let variance = w.iter().zip(energy).map(|(w, e)| w * (e - mean).powi(2)).sum::<f64>() / total;
        // The mean is itself uncertain.
        let slack = SLACK * (variance * independent / n_eff).sqrt();
        // Where most have one energy a mean tells nothing.
        let amid = low < high && (low - slack..=high + slack).contains(&mean);
        let largest = w.iter().copied().fold(edge, f64::max) * independent;
        Self { n_eff, beyond: largest / (total + largest), amid }
    }

    /// The same where only the weights `w` and the energies of configurations are known: the outermost of them stand
    /// for those beyond.
    pub fn of_one(w: &[f64], energy: &[f64]) -> Self {
        Self::new(w, energy, central(energy), 0.0, 1.0)
    }

    /// Whether averages can be read, where `least` configurations must count.
    pub fn holds(&self, least: f64) -> bool {
        // NaN, where exponents are not finite, holds nowhere.
        if self.amid { self.beyond <= BEYOND_AMID } else { self.n_eff >= least && self.beyond <= BEYOND }
    }
}

impl Mbar {
    /// Averages of `of` at `state`, of all configurations, without each block, and with more of the outermost.
    ///
    /// `of` is called with the number of a configuration, counted through all series in their order; then with those of
    /// [`Mbar::with_edges`]. In a sample of pairs it is the mean of a pair: see [`Mbar::turned`].
    ///
    /// # Errors
    /// [`MbarError::Overlap`] if fewer configurations count (Kish) than a tenth ([`OVERLAP`]) of those of the nearest
    /// sampled state, [`MbarError::Support`] if one more configuration beyond the outermost would carry more than 3 %
    /// of all weights. Where the mean energy lies within the central four fifths of those drawn, such a configuration
    /// may carry up to three tenths, and n_eff is not asked.
    pub fn read<const M: usize>(
        &self,
        state: State,
        of: impl Fn(usize) -> [f64; M] + Sync,
    ) -> Result<Replicas, MbarError> {
        let (w, n_eff) = self.weights(&state);
        let nearest = self.nearest(&state);
        let least = OVERLAP * self.size(nearest) as f64;
        let support = self.support(&state, &w);
        if !support.holds(least) {
            let (at, nearest, n) = (state, self.states[nearest], self.size(nearest));
            let reach = self.reach(&nearest, &state, least);
            return Err(if n_eff.is_nan() || n_eff < least {
                MbarError::Overlap { at, n_eff, nearest, n, reach }
            } else {
                MbarError::Support { at, beyond: support.beyond, nearest, reach }
            });
        }
        let values: Vec<f64> = (0..self.len() + self.edges.len()).into_par_iter().flat_map_iter(&of).collect();
        Ok(Replicas { n_eff, ..self.averages(&state, &w, &values, M) })
    }

    /// Configurations that count at `state`, by Kish: (sum w)^2/sum w^2.
    pub fn n_eff(&self, state: &State) -> f64 {
        self.weights(state).1
    }

    /// Whether averages at `state` can be read.
    pub fn reaches(&self, state: &State) -> bool {
        let (w, _) = self.weights(state);
        self.support(state, &w).holds(OVERLAP * self.size(self.nearest(state)) as f64)
    }

    /// Probability at `state` that of the pair {s, -s} of configuration `n` it is the other one than was drawn; 1/2
    /// unless X is odd.
    ///
    /// With it the mean of a quantity O over the pair is (1 - p) O(s) + p O(-s).
    pub fn turned(&self, state: &State, n: usize) -> f64 {
        if self.pairs { 1.0 / (1.0 + libm::exp(2.0 * state.beta * state.y * self.x(n))) } else { 0.5 }
    }

    /// Means of `values`, shape `(n + n_edges, m)`, weighted by `w`.
    fn averages(&self, state: &State, w: &[f64], values: &[f64], m: usize) -> Replicas {
        let k = self.states.len();
        let row = |b: Option<u32>| {
            let (mut sum, mut sums) = (0.0, vec![0.0; m]);
            for (n, (w, v)) in w.iter().zip(values.chunks_exact(m)).enumerate() {
                let w = match b {
                    None => *w,
                    Some(b) if b == self.block[n] => continue,
                    Some(b) => w / super::dot(&self.share[n * k..(n + 1) * k], &self.left_out[b as usize]),
                };
                sum += w;
                sums.iter_mut().zip(v).for_each(|(sum, v)| *sum += w * v);
            }
            sums.iter_mut().for_each(|s| *s /= sum);
            sums
        };
        let blocks = std::iter::once(None).chain((0..self.n_blocks() as u32).map(Some)).collect::<Vec<_>>();
        let rows: Vec<Vec<f64>> = blocks.into_par_iter().map(row).collect();
        let total: f64 = w.iter().sum();
        let with = |weight: f64, v: &[f64]| -> Vec<f64> {
            let weight = UNSEEN * self.independent * weight / total;
            rows[0].iter().zip(v).map(|(mean, v)| (mean + weight * v) / (1.0 + weight)).collect()
        };
        let mut more: Vec<Vec<f64>> = Vec::new();
        for column in 0..m {
            // The configurations that pull the mean most, up and down.
            let pull = |n: &usize| w[*n] * (values[n * m + column] - rows[0][column]);
            let by = |a: &usize, b: &usize| pull(a).total_cmp(&pull(b));
            let most = [(0..w.len()).max_by(by), (0..w.len()).min_by(by)];
            more.extend(most.into_iter().flatten().map(|n| with(w[n], &values[n * m..(n + 1) * m])));
        }
        // Weights are relative to the largest, which is 1.
        let top = self.ln_weight_top(state);
        for (weight, v) in self.edge_weights(state, top).iter().zip(values[w.len() * m..].chunks_exact(m)) {
            more.push(with(*weight, v));
        }
        let table = |rows: &[Vec<f64>]| Array2::from_shape_fn((rows.len(), m), |(i, j)| rows[i][j]);
        Replicas { rows: table(&rows), more: table(&more), n_eff: f64::NAN }
    }

    fn support(&self, state: &State, w: &[f64]) -> Support {
        let edge = self.edge_weights(state, self.ln_weight_top(state)).into_iter().fold(0.0, f64::max);
        let seen = Support::new(w, &self.energy, self.central, edge, self.independent);
        // Without edges nothing is known beyond a single level.
        if self.edges.is_empty() && self.one_level(state) { Support { beyond: 1.0, ..seen } } else { seen }
    }

    /// Whether all configurations have one energy, and `state` has another temperature than all that were sampled.
    fn one_level(&self, state: &State) -> bool {
        self.energy.iter().all(|e| *e == self.energy[0]) && self.states.iter().all(|own| own.beta != state.beta)
    }

    /// Weights of the edges over e^`top`.
    fn edge_weights(&self, state: &State, top: f64) -> Vec<f64> {
        let weight = |&(energy, x): &(f64, f64)| {
            let terms = || (0..self.states.len()).map(|k| self.ln_share(k, energy, x));
            let largest = terms().fold(f64::NEG_INFINITY, f64::max);
            let ln_d = largest + libm::log(terms().map(|t| libm::exp(t - largest)).sum::<f64>());
            libm::exp(-self.u(state, energy, x) - ln_d - top)
        };
        self.edges.iter().map(weight).collect()
    }

    /// ln N_k e^{f_k - u_k}.
    fn ln_share(&self, k: usize, energy: f64, x: f64) -> f64 {
        libm::log(self.size(k) as f64) + self.f[k] - self.u(&self.states[k], energy, x)
    }

    fn ln_weight(&self, state: &State, n: usize) -> f64 {
        -self.u(state, self.energy[n], self.x[n]) - self.ln_d[n]
    }

    fn ln_weight_top(&self, state: &State) -> f64 {
        (0..self.len()).map(|n| self.ln_weight(state, n)).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Weights at `state`, the largest 1, and n_eff.
    fn weights(&self, state: &State) -> (Vec<f64>, f64) {
        let mut w: Vec<f64> = (0..self.len()).map(|n| self.ln_weight(state, n)).collect();
        let top = w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        w.iter_mut().for_each(|w| *w = libm::exp(*w - top));
        let (sum, squares) = w.iter().fold((0.0, 0.0), |(a, b), w| (a + w, b + w * w));
        (w, sum * sum / squares)
    }

    /// The sampled state nearest to `state`, by the spread of the difference of their u over all configurations.
    fn nearest(&self, state: &State) -> usize {
        let distance = |k: &usize| {
            let difference = |n: usize| {
                self.u(state, self.energy[n], self.x[n]) - self.u(&self.states[*k], self.energy[n], self.x[n])
            };
            let (sum, squares) =
                (0..self.len()).map(difference).fold((0.0, 0.0), |(sum, squares), d| (sum + d, squares + d * d));
            squares - sum * sum / self.len() as f64
        };
        let distances: Vec<f64> = (0..self.states.len()).map(|k| distance(&k)).collect();
        (0..distances.len()).min_by(|a, b| distances[*a].total_cmp(&distances[*b])).unwrap_or(0)
    }

    /// The farthest state between `from` and `to` that is supported, by bisection.
    fn reach(&self, from: &State, to: &State, least: f64) -> State {
        // -Y is as far as Y where pairs are read.
        let from = State { y: if self.pairs { from.y.abs().copysign(to.y) } else { from.y }, ..*from };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..30 {
            let middle = 0.5 * (low + high);
            let state = from.towards(to, middle);
            let (w, _) = self.weights(&state);
            if self.support(&state, &w).holds(least) { low = middle } else { high = middle }
        }
        from.towards(to, low)
    }
}

/// The quantiles [`CENTRAL`] of `energy`.
pub(super) fn central(energy: &[f64]) -> [f64; 2] {
    let mut sorted = energy.to_vec();
    sorted.sort_by(f64::total_cmp);
    CENTRAL.map(|q| sorted[(q * (sorted.len() - 1) as f64).round() as usize])
}
