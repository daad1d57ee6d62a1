//! Several collections read as one: multiple-histogram reweighting in beta and in a field Y.
//!
//! H = E - Y X, so a configuration of the state (beta, Y) has the weight e^{-u}, u = beta (E - Y X). Those of K states are one sample
//! of the mixture of their laws: f_k = -ln Z_k solve f_k = -ln sum_n e^{-u_k(n)}/D(n), D(n) = sum_j N_j e^{f_j - u_j(n)}, and averages at
//! any state have weights e^{-u(n)}/D(n) (Shirts and Chodera 2008, eqs 8 and 11: MBAR; Ferrenberg and Swendsen 1989 without bins).
//! The f_k are where a convex function is least, found by Newton's method. Errors by jackknife: a block of every series is left out at once,
//! with free energies solved anew, so that their error is part of that of every average.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use ndarray::Array2;
use rayon::prelude::*;

use super::histogram::OVERLAP;
use crate::statistics::Estimate;

/// Least number of blocks of a jackknife: with fewer its error is itself off by more than a quarter.
pub const LEAST_BLOCKS: usize = 10;
/// Most blocks.
const MOST_BLOCKS: usize = 50;
/// Length of a block in integrated autocorrelation times, at least.
const BLOCK_IN_TAU: f64 = 10.0;
/// Free energies are converged when no step is longer.
const CONVERGED: f64 = 1e-10;
/// Steps of Newton's method that are tried.
const MOST_STEPS: usize = 200;

/// A law e^{-beta (E - Y X)}.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Inverse temperature in 1/J, finite.
    pub beta: f64,
    /// Field Y coupled to X, in J per unit of X; finite.
    pub y: f64,
}

impl State {
    /// Without field.
    pub fn at(beta: f64) -> Self {
        Self { beta, y: 0.0 }
    }

    fn u(&self, energy: f64, x: f64) -> f64 {
        self.beta * (energy - self.y * x)
    }

    /// The state a fraction `t` of the way to `other`, straight in (beta, beta Y).
    fn towards(&self, other: &Self, t: f64) -> Self {
        let beta = self.beta + t * (other.beta - self.beta);
        let field = self.beta * self.y + t * (other.beta * other.y - self.beta * self.y);
        Self { beta, y: if beta == 0.0 { 0.0 } else { field / beta } }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "beta = {:.6}", self.beta)?;
        if self.y == 0.0 { Ok(()) } else { write!(f, ", Y = {:.6}", self.y) }
    }
}

/// Configurations of one state, chain after chain in the order of each.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Where they were sampled.
    pub state: State,
    /// Total energy E in J (without the field), shape `(n,)`.
    pub energy: &'a [f64],
    /// What Y couples to, such as the sum of spins; shape `(n,)`.
    pub x: &'a [f64],
    /// Longest integrated autocorrelation time in configurations; 0.5: independent.
    pub tau_int: f64,
}

/// What cannot be read from the samples.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MbarError {
    /// A state that the samples do not reach.
    #[error(
        "{at}: reweighting leaves {n_eff:.0} configurations, less than a tenth of the {n} of the nearest series ({nearest}); sample \
         nearer, the last that overlaps is {reach}"
    )]
    Overlap {
        /// What was asked for.
        at: State,
        /// Configurations that count there (Kish).
        n_eff: f64,
        /// Nearest state that was sampled.
        nearest: State,
        /// Its number of configurations.
        n: usize,
        /// Farthest state on the way from there that still overlaps.
        reach: State,
    },
    /// Series that have nothing in common.
    #[error("the series at {a} and at {b} do not overlap; sample between them")]
    Apart {
        /// A state.
        a: State,
        /// The nearest one on the other side of the gap.
        b: State,
    },
    /// Too short for errors.
    #[error(
        "the series at {at} has {n} configurations with tau_int = {tau_int:.1}: too few for {LEAST_BLOCKS} blocks of a jackknife; draw at \
         least {least}"
    )]
    TooFew {
        /// The state.
        at: State,
        /// Number of configurations.
        n: usize,
        /// Their autocorrelation time.
        tau_int: f64,
        /// Configurations that would do.
        least: usize,
    },
    /// Anything that is no series.
    #[error("{0}")]
    Undefined(String),
}

/// Averages of all configurations (row 0), and without each block of the jackknife (other rows).
#[derive(Clone, Debug)]
pub struct Replicas {
    /// Shape `(1 + n_blocks, n_quantities)`.
    pub rows: Array2<f64>,
    /// Kish's number of configurations that count.
    pub n_eff: f64,
}

impl Replicas {
    /// A function of the averages with its jackknife error and bias correction.
    pub fn estimate(&self, f: impl Fn(&[f64]) -> f64) -> Estimate {
        estimate(&self.map(f))
    }

    /// A function of the averages, in all rows: shape `(1 + n_blocks,)`.
    pub fn map(&self, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        self.rows.rows().into_iter().map(|row| f(row.as_slice().expect("rows are contiguous"))).collect()
    }
}

/// Jackknife of a quantity from all data (`values[0]`) and without each of the blocks (the others; at least two).
///
/// The value is n f(all) - (n - 1) mean of f(all but one); `n_eff` is the number of blocks.
pub fn estimate(values: &[f64]) -> Estimate {
    let n = (values.len() - 1) as f64;
    let mean = values[1..].iter().sum::<f64>() / n;
    let squares = values[1..].iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    Estimate { value: n * values[0] - (n - 1.0) * mean, error: ((n - 1.0) / n * squares).sqrt(), n_eff: n }
}

/// Blocks of a jackknife of `series`: a block has at least ten tau_int; there are 50, or as many as the series with the fewest has.
///
/// # Errors
/// [`MbarError::TooFew`] below ten blocks.
pub fn blocks(series: &[Series]) -> Result<usize, MbarError> {
    let mut n_blocks = MOST_BLOCKS;
    for s in series {
        let (n, block) = (s.energy.len(), BLOCK_IN_TAU * s.tau_int.max(0.5));
        let own = (n as f64 / block) as usize;
        if own < LEAST_BLOCKS {
            let least = (block * LEAST_BLOCKS as f64).ceil() as usize;
            return Err(MbarError::TooFew { at: s.state, n, tau_int: s.tau_int, least });
        }
        n_blocks = n_blocks.min(own);
    }
    Ok(n_blocks)
}

/// Free energies of the sampled states, and averages at others.
///
/// ```
/// use rgflow::lattice::{Observables, Square, Temperature};
/// use rgflow::rg::multi_histogram::{Mbar, Series, State};
/// use rgflow::{exact::{square, transfer}, random::Streams};
/// let torus = Square::new(6, 6)?;
/// let mut seen = Vec::new();
/// for (k, t) in [2.2, 2.6].into_iter().enumerate() {
///     let t = Temperature::new(t)?;
///     let drawn = transfer::Sampler::new(6, 6, t)?.sample(2000, &mut Streams::new(1).generator("example", k as u64));
///     let energy = Observables::measure(&torus, drawn.spins.view())?.energy;
///     seen.push((State::at(t.beta()), energy.iter().map(|e| 36.0 * e).collect::<Vec<_>>(), vec![0.0; 2000]));
/// }
/// let series: Vec<Series> =
///     seen.iter().map(|(state, energy, x)| Series { state: *state, energy, x, tau_int: 0.5 }).collect();
/// let mbar = Mbar::new(&series)?;
/// let t = Temperature::new(2.4)?;
/// let energy = mbar.read(State::at(t.beta()), |n| [mbar.energy(n) / 36.0])?.estimate(|m| m[0]);
/// assert!((energy.value - square::thermodynamics(6, 6, t)?.energy).abs() < 4.5 * energy.error);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mbar {
    states: Vec<State>,
    /// First configuration of each series; at the end their number.
    first: Vec<usize>,
    energy: Vec<f64>,
    x: Vec<f64>,
    /// What E and X are measured from, so that no exponent is large.
    origin: (f64, f64),
    /// f_k of energies from the origin, f_0 = 0.
    f: Vec<f64>,
    /// N_k e^{f_k - u_k(n)}/D(n), shape `(n, K)`: the probability that a configuration is from series k.
    share: Vec<f64>,
    ln_d: Vec<f64>,
    /// For each block left out, what its D has for each state, over that of all: (N_k'/N_k) e^{f_k' - f_k}; shape `(n_blocks, K)`.
    left_out: Vec<Vec<f64>>,
    /// Block of each configuration.
    block: Vec<u32>,
}

impl Mbar {
    /// Solves for the free energies of `series`, to 1e-10, with as many blocks as [`blocks`] says.
    ///
    /// # Errors
    /// Those of [`blocks`], and [`MbarError::Apart`] if the states fall into groups that do not overlap: no two of them keep a tenth of
    /// their configurations half way. [`MbarError::Undefined`] without series, or with numbers that are not finite.
    pub fn new(series: &[Series]) -> Result<Self, MbarError> {
        Self::with_blocks(series, usize::MAX)
    }

    /// The same with at most `most` blocks, so that lattices of several sizes have as many.
    ///
    /// # Errors
    /// As [`Mbar::new`]; [`MbarError::Undefined`] for fewer than two blocks.
    pub fn with_blocks(series: &[Series], most: usize) -> Result<Self, MbarError> {
        check(series)?;
        if most < 2 {
            return Err(MbarError::Undefined(format!("{most} blocks: a jackknife needs two at least")));
        }
        let n_blocks = blocks(series)?.min(most);
        let states: Vec<State> = series.iter().map(|s| s.state).collect();
        let mut first = vec![0];
        let mut block = Vec::new();
        for s in series {
            let n = s.energy.len();
            block.extend((0..n).map(|i| (i * n_blocks / n) as u32));
            first.push(first[first.len() - 1] + n);
        }
        let all = |of: fn(&Series) -> Vec<f64>| series.iter().flat_map(of).collect::<Vec<f64>>();
        let (mut energy, mut x) = (all(|s| s.energy.to_vec()), all(|s| s.x.to_vec()));
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let origin = (mean(&energy), mean(&x));
        energy.iter_mut().for_each(|e| *e -= origin.0);
        x.iter_mut().for_each(|x| *x -= origin.1);
        let n = energy.len();
        let mut mbar = Self {
            share: vec![0.0; n * states.len()],
            ln_d: vec![0.0; n],
            f: vec![0.0; states.len()],
            left_out: Vec::new(),
            states,
            first,
            energy,
            x,
            origin,
            block,
        };
        mbar.f = mbar.first_guess()?;
        let hessian = mbar.solve()?;
        mbar.left_out =
            (0..n_blocks as u32).into_par_iter().map(|b| mbar.without(b, &hessian)).collect::<Result<_, _>>()?;
        Ok(mbar)
    }

    /// Number of configurations of all series.
    pub fn len(&self) -> usize {
        self.energy.len()
    }

    /// Whether there are none; never so.
    pub fn is_empty(&self) -> bool {
        self.energy.is_empty()
    }

    /// Number of blocks of the jackknife.
    pub fn n_blocks(&self) -> usize {
        self.left_out.len()
    }

    /// Total energy in J (without field) of the configuration `n`, counted through all series in their order.
    pub fn energy(&self, n: usize) -> f64 {
        self.energy[n] + self.origin.0
    }

    /// X of the configuration `n`.
    pub fn x(&self, n: usize) -> f64 {
        self.x[n] + self.origin.1
    }

    /// -ln (Z_k/Z_0) of the sampled states, without unit, in their order; that of the first is 0.
    pub fn free_energies(&self) -> Vec<Estimate> {
        let ratio = |k: usize| self.size(k) as f64;
        let of = |k: usize| {
            let shift = self.states[k].u(self.origin.0, self.origin.1) - self.states[0].u(self.origin.0, self.origin.1);
            let whole = self.f[k] - self.f[0] + shift;
            let parts = self.left_out.iter().enumerate().map(|(b, a)| {
                let kept = |k: usize| self.kept(k, b as u32) / ratio(k);
                whole + libm::log(a[k] / kept(k)) - libm::log(a[0] / kept(0))
            });
            estimate(&std::iter::once(whole).chain(parts).collect::<Vec<_>>())
        };
        (0..self.states.len()).map(of).collect()
    }

    /// Averages of `of` at `state`, of all configurations and without each block.
    ///
    /// `of` is called with the number of a configuration, counted through all series in their order.
    ///
    /// # Errors
    /// [`MbarError::Overlap`] if fewer configurations count (Kish) than a tenth ([`OVERLAP`]) of those of the nearest sampled state.
    pub fn read<const M: usize>(
        &self,
        state: State,
        of: impl Fn(usize) -> [f64; M] + Sync,
    ) -> Result<Replicas, MbarError> {
        let (w, n_eff) = self.weights(&state);
        let nearest = self.nearest(&state);
        let least = OVERLAP * self.size(nearest) as f64;
        // Also where exponents are not finite.
        if n_eff.is_nan() || n_eff < least {
            return Err(MbarError::Overlap {
                at: state,
                n_eff,
                nearest: self.states[nearest],
                n: self.size(nearest),
                reach: self.reach(nearest, &state, least),
            });
        }
        let k = self.states.len();
        let row = |b: Option<u32>| {
            let (mut sum, mut sums) = (0.0, [0.0; M]);
            for (n, w) in w.iter().enumerate() {
                let w = match b {
                    None => *w,
                    Some(b) if b == self.block[n] => continue,
                    Some(b) => w / dot(&self.share[n * k..(n + 1) * k], &self.left_out[b as usize]),
                };
                sum += w;
                sums.iter_mut().zip(of(n)).for_each(|(sum, v)| *sum += w * v);
            }
            sums.map(|s| s / sum)
        };
        let blocks = std::iter::once(None).chain((0..self.n_blocks() as u32).map(Some)).collect::<Vec<_>>();
        let rows: Vec<[f64; M]> = blocks.into_par_iter().map(row).collect();
        Ok(Replicas { rows: Array2::from(rows), n_eff })
    }

    /// Configurations that count at `state`, by Kish: (sum w)^2/sum w^2.
    pub fn n_eff(&self, state: &State) -> f64 {
        self.weights(state).1
    }

    fn size(&self, k: usize) -> usize {
        self.first[k + 1] - self.first[k]
    }

    /// Configurations of series `k` that are not in the block `b`.
    fn kept(&self, k: usize, b: u32) -> f64 {
        self.block[self.first[k]..self.first[k + 1]].iter().filter(|own| **own != b).count() as f64
    }

    /// Weights at `state`, the largest 1, and n_eff.
    fn weights(&self, state: &State) -> (Vec<f64>, f64) {
        let mut w: Vec<f64> = (0..self.len()).map(|n| -state.u(self.energy[n], self.x[n]) - self.ln_d[n]).collect();
        let top = w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        w.iter_mut().for_each(|w| *w = libm::exp(*w - top));
        let (sum, squares) = w.iter().fold((0.0, 0.0), |(a, b), w| (a + w, b + w * w));
        (w, sum * sum / squares)
    }

    /// The sampled state nearest to `state`, by the spread of the difference of their u over all configurations.
    fn nearest(&self, state: &State) -> usize {
        let distance = |k: &usize| {
            let difference =
                |n: usize| state.u(self.energy[n], self.x[n]) - self.states[*k].u(self.energy[n], self.x[n]);
            // Means vanish by the choice of the origin.
            (0..self.len()).map(|n| difference(n).powi(2)).sum::<f64>()
        };
        let distances: Vec<f64> = (0..self.states.len()).map(|k| distance(&k)).collect();
        (0..distances.len()).min_by(|a, b| distances[*a].total_cmp(&distances[*b])).unwrap_or(0)
    }

    /// The farthest state between the series `k` and `to` at which `least` configurations count, by bisection.
    fn reach(&self, k: usize, to: &State, least: f64) -> State {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..30 {
            let middle = 0.5 * (low + high);
            let fine = self.n_eff(&self.states[k].towards(to, middle)) >= least;
            if fine { low = middle } else { high = middle }
        }
        self.states[k].towards(to, low)
    }

    /// Free energies by steps from a state to one that overlaps with it; all must be reached.
    fn first_guess(&self) -> Result<Vec<f64>, MbarError> {
        let k = self.states.len();
        let mut f = vec![f64::NAN; k];
        f[0] = 0.0;
        // Of series i at half the way to j: ln <e^{-(u' - u_i)}> and the share of configurations that count.
        let half = |i: usize, j: usize| {
            let middle = self.states[i].towards(&self.states[j], 0.5);
            let range = self.first[i]..self.first[i + 1];
            let exponent = |n: usize| self.states[i].u(self.energy[n], self.x[n]) - middle.u(self.energy[n], self.x[n]);
            let top = range.clone().map(exponent).fold(f64::NEG_INFINITY, f64::max);
            let (sum, squares) =
                range.clone().map(|n| libm::exp(exponent(n) - top)).fold((0.0, 0.0), |(a, b), w| (a + w, b + w * w));
            let n = range.len() as f64;
            (top + libm::log(sum / n), sum * sum / squares / n)
        };
        let mut front = vec![0];
        while let Some(i) = front.pop() {
            for j in 0..k {
                if !f[j].is_nan() {
                    continue;
                }
                let ((forth, share), (back, other)) = (half(i, j), half(j, i));
                if share >= OVERLAP && other >= OVERLAP {
                    f[j] = f[i] - forth + back;
                    front.push(j);
                }
            }
        }
        if f.iter().all(|f| !f.is_nan()) {
            return Ok(f);
        }
        let pairs = (0..k).flat_map(|i| (0..k).map(move |j| (i, j)));
        let across = pairs.filter(|(i, j)| !f[*i].is_nan() && f[*j].is_nan());
        let apart = |(i, j): &(usize, usize)| {
            let (a, b) = (self.states[*i], self.states[*j]);
            (a.beta - b.beta).abs().max((a.beta * a.y - b.beta * b.y).abs())
        };
        let (a, b) = across.min_by(|a, b| apart(a).total_cmp(&apart(b))).unwrap_or((0, 0));
        Err(MbarError::Apart { a: self.states[a], b: self.states[b] })
    }

    /// Newton's method on sum_n ln D(n) - sum_k N_k f_k; leaves shares and D behind, and returns the Hessian's factor (without f_0).
    fn solve(&mut self) -> Result<Cholesky<f64, Dyn>, MbarError> {
        let k = self.states.len();
        let counts: Vec<f64> = (0..k).map(|i| self.size(i) as f64).collect();
        let mut f = self.f.clone();
        let mut least = self.fill(&f);
        for _ in 0..MOST_STEPS {
            let (gradient, hessian) = self.slopes(&counts);
            let factor = Cholesky::new(hessian).ok_or_else(|| MbarError::Undefined(SINGULAR.into()))?;
            let step = factor.solve(&gradient);
            if step.iter().all(|s| s.abs() < CONVERGED) {
                self.f = f;
                return Ok(factor);
            }
            // Convex, but a whole step may be too long far from the minimum.
            let mut length = 1.0;
            loop {
                let next: Vec<f64> = (0..k).map(|i| if i == 0 { 0.0 } else { f[i] - length * step[i - 1] }).collect();
                let value = self.fill(&next);
                if value <= least + 1e-12 * least.abs() || length < 1e-6 {
                    (f, least) = (next, value);
                    break;
                }
                length *= 0.5;
            }
        }
        Err(MbarError::Undefined(format!(
            "free energies did not converge in {MOST_STEPS} steps: series must overlap more; sample at states between them"
        )))
    }

    /// Shares and D for the free energies `f`; returns the function that is to be least.
    fn fill(&mut self, f: &[f64]) -> f64 {
        let k = self.states.len();
        let ln_n: Vec<f64> = (0..k).map(|i| libm::log(self.size(i) as f64)).collect();
        let mut total = 0.0;
        for (n, share) in self.share.chunks_exact_mut(k).enumerate() {
            for (i, s) in share.iter_mut().enumerate() {
                *s = ln_n[i] + f[i] - self.states[i].u(self.energy[n], self.x[n]);
            }
            let top = share.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            share.iter_mut().for_each(|s| *s = libm::exp(*s - top));
            let sum: f64 = share.iter().sum();
            share.iter_mut().for_each(|s| *s /= sum);
            self.ln_d[n] = top + libm::log(sum);
            total += self.ln_d[n];
        }
        total - (0..k).map(|i| self.size(i) as f64 * f[i]).sum::<f64>()
    }

    /// Gradient and Hessian with respect to f_1 ... f_{K-1}.
    fn slopes(&self, counts: &[f64]) -> (DVector<f64>, DMatrix<f64>) {
        let k = self.states.len();
        let mut gradient = DVector::from_fn(k - 1, |i, _| -counts[i + 1]);
        let mut hessian = DMatrix::zeros(k - 1, k - 1);
        for share in self.share.chunks_exact(k) {
            for i in 1..k {
                gradient[i - 1] += share[i];
                for j in 1..i {
                    hessian[(i - 1, j - 1)] -= share[i] * share[j];
                }
                hessian[(i - 1, i - 1)] += share[i] * (1.0 - share[i]);
            }
        }
        hessian.fill_upper_triangle_with_lower_triangle();
        (gradient, hessian)
    }

    /// (N_k'/N_k) e^{f_k' - f_k} without the block `b`, by steps with the Hessian of all.
    fn without(&self, b: u32, hessian: &Cholesky<f64, Dyn>) -> Result<Vec<f64>, MbarError> {
        let k = self.states.len();
        let kept: Vec<f64> = (0..k).map(|i| self.kept(i, b)).collect();
        let part: Vec<f64> = (0..k).map(|i| kept[i] / self.size(i) as f64).collect();
        let scale = self.len() as f64 / kept.iter().sum::<f64>();
        let mut a = part.clone();
        let mut shift = vec![0.0; k];
        for _ in 0..MOST_STEPS {
            let mut gradient = DVector::from_fn(k - 1, |i, _| -kept[i + 1]);
            for (n, share) in self.share.chunks_exact(k).enumerate() {
                if self.block[n] != b {
                    let d = dot(share, &a);
                    (1..k).for_each(|i| gradient[i - 1] += share[i] * a[i] / d);
                }
            }
            let step = hessian.solve(&gradient);
            for i in 1..k {
                shift[i] -= scale * step[i - 1];
                a[i] = part[i] * libm::exp(shift[i]);
            }
            if step.iter().all(|s| s.abs() < CONVERGED) {
                return Ok(a);
            }
        }
        Err(MbarError::Undefined(
            "free energies without a block did not converge: series must overlap more; draw more configurations".into(),
        ))
    }
}

const SINGULAR: &str = "free energies are not defined: a series does not overlap with the others; sample between them";

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn check(series: &[Series]) -> Result<(), MbarError> {
    if series.is_empty() {
        return Err(MbarError::Undefined("no series; give at least one".into()));
    }
    for s in series {
        if s.energy.len() != s.x.len() {
            return Err(MbarError::Undefined(format!(
                "{}: {} energies and {} values of X; give one of each per configuration",
                s.state,
                s.energy.len(),
                s.x.len()
            )));
        }
        let finite = s.energy.iter().chain(s.x).all(|v| v.is_finite());
        if !finite || !s.state.beta.is_finite() || !s.state.y.is_finite() || !s.tau_int.is_finite() {
            return Err(MbarError::Undefined(format!(
                "{}: beta, Y, tau_int, energies and X must be finite numbers; clean the data",
                s.state
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{enumeration, square, transfer};
    use crate::lattice::{Observables, Square, Temperature};
    use crate::random::Streams;
    use crate::rg::histogram;

    struct Drawn {
        state: State,
        energy: Vec<f64>,
        x: Vec<f64>,
    }

    /// Independent draws of the torus at T in the field `h`, E without the field and the sum of spins.
    fn drawn(size: usize, t: f64, h: f64, n: usize, seed: u64) -> Drawn {
        let temperature = Temperature::new(t).unwrap();
        let mut rng = Streams::new(seed).generator("mbar", (1000.0 * (t + 10.0 * h)) as u64);
        let seen = transfer::Sampler::in_field(size, size, temperature, h).unwrap().sample(n, &mut rng);
        let all = Observables::measure(&Square::new(size, size).unwrap(), seen.spins.view()).unwrap();
        let sites = (size * size) as f64;
        let x = seen.spins.rows().into_iter().map(|r| r.iter().map(|s| f64::from(*s)).sum()).collect();
        Drawn {
            state: State { beta: temperature.beta(), y: h },
            energy: all.energy.iter().map(|e| e * sites).collect(),
            x,
        }
    }

    fn series(all: &[Drawn]) -> Vec<Series<'_>> {
        all.iter().map(|d| Series { state: d.state, energy: &d.energy, x: &d.x, tau_int: 0.5 }).collect()
    }

    /// Null: independent exact draws; energies at six temperatures about Kaufman's and two differences of ln Z about Kaufman's are
    /// normal, |z| < 5.5 (50 blocks, Student's t): p < 2e-5 for all eight.
    #[test]
    fn energies_and_free_energies_are_those_of_kaufman() {
        let at = [2.0, 2.3, 2.7];
        let all: Vec<Drawn> = at.iter().map(|t| drawn(8, *t, 0.0, 5000, 1)).collect();
        let mbar = Mbar::new(&series(&all)).unwrap();
        let exact = |t: f64| square::thermodynamics(8, 8, Temperature::new(t).unwrap()).unwrap();
        for t in [1.95, 2.0, 2.15, 2.3, 2.5, 2.75] {
            let seen =
                mbar.read(State::at(1.0 / t), |n| [mbar.energy(n) / 64.0, mbar.energy(n).powi(2) / 64.0]).unwrap();
            let (e, truth) = (seen.estimate(|m| m[0]), exact(t));
            assert!((e.value - truth.energy).abs() < 5.5 * e.error && e.error < 0.006, "{t} {e:?} {truth:?}");
            let c = seen.estimate(|m| (m[1] - 64.0 * m[0] * m[0]) / (t * t));
            assert!((c.value - truth.specific_heat).abs() < 5.5 * c.error && c.error < 0.05, "{t} {c:?} {truth:?}");
        }
        let ln_z = |t: f64| -64.0 * exact(t).free_energy.unwrap() / t;
        for (f, t) in mbar.free_energies().iter().zip(at).skip(1) {
            let truth = ln_z(at[0]) - ln_z(t);
            assert!((f.value - truth).abs() < 5.5 * f.error && f.error < 0.5, "{t} {f:?} {truth}");
        }
        assert_eq!(mbar.free_energies()[0].value, 0.0);
    }

    /// Null: errors are right, so 60 pulls about the truth have a sum of squares of chi^2 with 60 degrees of freedom (somewhat wider for
    /// errors from 50 blocks): between 25 and 115, p < 1e-4.
    #[test]
    fn errors_are_those_of_repetition() {
        let truth = square::thermodynamics(4, 4, Temperature::new(2.5).unwrap()).unwrap().energy;
        let pulls = (0..60).map(|seed| {
            let all: Vec<Drawn> = [2.2, 2.9].iter().map(|t| drawn(4, *t, 0.0, 500, 100 + seed)).collect();
            let mbar = Mbar::new(&series(&all)).unwrap();
            let e = mbar.read(State::at(0.4), |n| [mbar.energy(n) / 16.0]).unwrap().estimate(|m| m[0]);
            ((e.value - truth) / e.error).powi(2)
        });
        let sum: f64 = pulls.sum();
        assert!((25.0..115.0).contains(&sum), "{sum}");
    }

    /// Truth: the sum over all states of the 4 x 4 torus. Null: normal, |z| < 5.5.
    #[test]
    fn averages_in_a_field_are_those_of_enumeration() {
        let all: Vec<Drawn> = [0.0, 0.1].iter().map(|h| drawn(4, 2.5, *h, 10_000, 2)).collect();
        let mbar = Mbar::new(&series(&all)).unwrap();
        let joint = enumeration::joint_density(&Square::new(4, 4).unwrap()).unwrap();
        for (t, h) in [(2.5, 0.05), (2.5, -0.05), (2.5, 0.15), (2.4, 0.05)] {
            let truth = joint.averages(Temperature::new(t).unwrap(), h).unwrap();
            let seen =
                mbar.read(State { beta: 1.0 / t, y: h }, |n| [mbar.x(n) / 16.0, (mbar.x(n) / 16.0).powi(2)]).unwrap();
            let (m, m2) = (seen.estimate(|m| m[0]), seen.estimate(|m| m[1]));
            assert!((m.value - truth.magnetisation).abs() < 5.5 * m.error && m.error < 0.02, "{t} {h} {m:?} {truth:?}");
            assert!((m2.value - truth.m2).abs() < 5.5 * m2.error && m2.error < 0.01, "{t} {h} {m2:?} {truth:?}");
        }
    }

    /// What is left without a block is what the other data alone give.
    #[test]
    fn a_block_left_out_is_as_if_it_had_not_been() {
        let all: Vec<Drawn> = [2.1, 2.4, 2.6].iter().map(|t| drawn(6, *t, 0.0, 400, 3)).collect();
        let mbar = Mbar::new(&series(&all)).unwrap();
        assert_eq!(mbar.n_blocks(), 50);
        let at = State::at(0.43);
        let seen = mbar.read(at, |n| [mbar.energy(n)]).unwrap();
        let cut: Vec<Drawn> = all
            .iter()
            .map(|d| {
                let without = |v: &[f64]| [&v[..7 * 8], &v[8 * 8..]].concat();
                Drawn { state: d.state, energy: without(&d.energy), x: without(&d.x) }
            })
            .collect();
        let alone = Mbar::new(&series(&cut)).unwrap();
        let same = alone.read(at, |n| [alone.energy(n)]).unwrap();
        assert!((seen.rows[[8, 0]] - same.rows[[0, 0]]).abs() < 1e-8, "{} {}", seen.rows[[8, 0]], same.rows[[0, 0]]);
    }

    #[test]
    fn one_series_is_a_single_histogram() {
        let one = [drawn(6, 2.4, 0.0, 1000, 4)];
        let mbar = Mbar::new(&series(&one)).unwrap();
        let t = Temperature::new(2.3).unwrap();
        let (w, n_eff) = histogram::weights(&one[0].energy, Temperature::new(2.4).unwrap(), t);
        let mean: f64 = w.iter().zip(&one[0].energy).map(|(w, e)| w * e).sum();
        let seen = mbar.read(State::at(t.beta()), |n| [mbar.energy(n)]).unwrap();
        assert!((seen.rows[[0, 0]] - mean).abs() < 1e-9 && (seen.n_eff - n_eff).abs() < 1e-6);
    }

    #[test]
    fn what_the_samples_do_not_reach_is_named() {
        let near: Vec<Drawn> = [2.2, 2.4].iter().map(|t| drawn(12, *t, 0.0, 1000, 5)).collect();
        let mbar = Mbar::new(&series(&near)).unwrap();
        let Err(MbarError::Overlap { nearest, reach, n_eff, n, .. }) = mbar.read(State::at(0.2), |_| [0.0]) else {
            panic!("T = 5 from 2.4")
        };
        assert!(nearest == near[1].state && n == 1000 && n_eff < 100.0, "{nearest:?} {n_eff}");
        assert!(reach.beta < nearest.beta && mbar.read(reach, |_| [0.0]).is_ok());
        let beyond = State::at(reach.beta - 0.005);
        assert!(mbar.read(beyond, |_| [0.0]).is_err());
        assert!(mbar.read(State { beta: nearest.beta, y: 3.0 }, |_| [0.0]).is_err());
        let far: Vec<Drawn> = [1.5, 5.0].iter().map(|t| drawn(12, *t, 0.0, 1000, 5)).collect();
        assert!(matches!(Mbar::new(&series(&far)), Err(MbarError::Apart { .. })));
        let few = [drawn(4, 2.0, 0.0, 49, 5)];
        let error = Mbar::new(&series(&few)).err().unwrap();
        assert!(matches!(error, MbarError::TooFew { least: 50, .. }), "{error}");
        assert!(matches!(Mbar::new(&[]), Err(MbarError::Undefined(_))));
        let nan = Series { energy: &[f64::NAN], x: &[0.0], state: State::at(0.4), tau_int: 0.5 };
        assert!(matches!(Mbar::new(&[nan]), Err(MbarError::Undefined(_))));
    }
}
