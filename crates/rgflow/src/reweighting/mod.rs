//! Collections read at other temperatures and in other fields: one alone ([`histogram`]), or several as one ([`Mbar`]).
//!
//! H = E - Y X, so a configuration of the state (beta, Y) has the weight e^{-u}, u = beta (E - Y X). Those of K states
//! are one sample of the mixture of their laws: f_k = -ln Z_k solve f_k = -ln sum_n e^{-u_k(n)}/D(n), D(n) = sum_j N_j
//! e^{f_j - u_j(n)}, and averages at any state have weights e^{-u(n)}/D(n) (Shirts and Chodera 2008, eqs 8 and 11:
//! MBAR; Ferrenberg and Swendsen 1989 without bins). The f_k are where a convex function is least, found by Newton's
//! method. Errors by jackknife: a block of every series is left out at once, with free energies solved anew, so that
//! their error is part of that of every average.

mod error;
mod free_energies;
pub mod histogram;
mod reading;
mod replicas;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

pub use error::MbarError;
pub(crate) use reading::Support;
pub use replicas::{Replicas, UNSEEN, estimate};

use crate::statistics::Estimate;

/// Least number of blocks of a jackknife: with fewer its error is itself off by more than a quarter.
pub const LEAST_BLOCKS: usize = 10;
/// Most blocks.
const MOST_BLOCKS: usize = 50;
/// Length of a block in integrated autocorrelation times, at least.
const BLOCK_IN_TAU: f64 = 10.0;
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

    /// -ln of the weight of a configuration, or of a pair, up to a constant.
    fn u(&self, energy: f64, x: f64, pairs: bool) -> f64 {
        if !pairs {
            return self.beta * (energy - self.y * x);
        }
        // -ln 2 cosh(beta Y X).
        let field = (self.beta * self.y * x).abs();
        self.beta * energy - field - libm::log1p(libm::exp(-2.0 * field))
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
    /// The quantity that Y couples to, such as the sum of spins; shape `(n,)`.
    pub x: &'a [f64],
    /// Longest integrated autocorrelation time in configurations; 0.5: independent.
    pub tau_int: f64,
}

/// Blocks of a jackknife of `series`: a block has at least ten tau_int; there are 50, or as many as the series with the
/// fewest has.
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
/// use rgflow::reweighting::{Mbar, Series, State};
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
    /// The origin of E and X, chosen so that no exponent is large.
    origin: (f64, f64),
    /// Whether a configuration stands for the pair {s, -s}.
    pairs: bool,
    /// E and X beyond the outermost configurations, from the origin.
    edges: Vec<(f64, f64)>,
    /// Quantiles of all energies, from the origin, amid which a mean energy counts as well supported.
    central: [f64; 2],
    /// Configurations that make one independent one, at most.
    independent: f64,
    /// f_k of energies from the origin, f_0 = 0.
    f: Vec<f64>,
    /// N_k e^{f_k - u_k(n)}/D(n), shape `(n, K)`: the probability that a configuration is from series k.
    share: Vec<f64>,
    ln_d: Vec<f64>,
    /// For each block left out, what its D has for each state, over that of all: (N_k'/N_k) e^{f_k' - f_k}; shape
    /// `(n_blocks, K)`.
    left_out: Vec<Vec<f64>>,
    /// Block of each configuration.
    block: Vec<u32>,
}

impl Mbar {
    /// Solves for the free energies of `series`, to 1e-10, with as many blocks as [`blocks`] says.
    ///
    /// # Errors
    /// Those of [`blocks`], and [`MbarError::Apart`] if the states fall into groups that do not overlap: no two of them
    /// keep a tenth of their configurations half way. [`MbarError::Undefined`] without series, or with numbers that are
    /// not finite.
    pub fn new(series: &[Series]) -> Result<Self, MbarError> {
        Self::with_blocks(series, usize::MAX)
    }

    /// The same of pairs {s, -s}, where X changes its sign when all spins are turned and E does not, with at most
    /// `most` blocks.
    ///
    /// A configuration of the law (beta, Y) is, turned, one of (beta, -Y), so that each stands for its pair, with the
    /// weight e^{-beta E} cosh(beta Y X): the states +-Y are one, and no phase is missing. Averages are over pairs: see
    /// [`Mbar::turned`].
    ///
    /// # Errors
    /// As [`Mbar::with_blocks`].
    pub fn of_pairs(series: &[Series], most: usize) -> Result<Self, MbarError> {
        Self::build(series, most, true)
    }

    /// The same with at most `most` blocks, so that lattices of several sizes have as many.
    ///
    /// # Errors
    /// As [`Mbar::new`]; [`MbarError::Undefined`] for fewer than two blocks.
    pub fn with_blocks(series: &[Series], most: usize) -> Result<Self, MbarError> {
        Self::build(series, most, false)
    }

    /// Groups of `series` that do not overlap with each other, by their numbers: a group is read as one, two of them
    /// are not. `pairs`: configurations are pairs {s, -s}, as in [`Mbar::of_pairs`].
    ///
    /// # Errors
    /// [`MbarError::Undefined`] without series, or with numbers that are not finite.
    pub fn groups(series: &[Series], pairs: bool) -> Result<Vec<Vec<usize>>, MbarError> {
        check(series)?;
        let mbar = Self::unsolved(series, 1, pairs);
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for k in 0..series.len() {
            if !groups.iter().flatten().any(|known| *known == k) {
                let f = mbar.joined_with(k);
                groups.push((0..series.len()).filter(|j| !f[*j].is_nan()).collect());
            }
        }
        Ok(groups)
    }

    fn build(series: &[Series], most: usize, pairs: bool) -> Result<Self, MbarError> {
        check(series)?;
        if most < 2 {
            return Err(MbarError::Undefined(format!("{most} blocks: a jackknife needs two at least")));
        }
        let n_blocks = blocks(series)?.min(most);
        let mut mbar = Self::unsolved(series, n_blocks, pairs);
        mbar.f = mbar.first_guess()?;
        let hessian = mbar.solve()?;
        mbar.left_out =
            (0..n_blocks as u32).into_par_iter().map(|b| mbar.without(b, &hessian)).collect::<Result<_, _>>()?;
        Ok(mbar)
    }

    /// Without free energies.
    fn unsolved(series: &[Series], n_blocks: usize, pairs: bool) -> Self {
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
        let origin = (mean(&energy), if pairs { 0.0 } else { mean(&x) });
        energy.iter_mut().for_each(|e| *e -= origin.0);
        x.iter_mut().for_each(|x| *x -= origin.1);
        let n = energy.len();
        Self {
            share: vec![0.0; n * states.len()],
            ln_d: vec![0.0; n],
            f: vec![0.0; states.len()],
            left_out: Vec::new(),
            states,
            first,
            central: reading::central(&energy),
            energy,
            x,
            origin,
            pairs,
            edges: Vec::new(),
            independent: series.iter().map(|s| 2.0 * s.tau_int).fold(1.0, f64::max),
            block,
        }
    }

    /// With configurations (E in J, X) that lie just beyond the outermost of the samples and can exist: what one of
    /// them would weigh decides whether a state is supported, and enters the errors. Without them the outermost ones
    /// themselves stand for them.
    #[must_use]
    pub fn with_edges(mut self, edges: &[(f64, f64)]) -> Self {
        self.edges = edges.iter().map(|(e, x)| (e - self.origin.0, x - self.origin.1)).collect();
        self
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

    /// Total energy in J (without field) of the configuration `n`, counted through all series in their order; then of
    /// the edges.
    pub fn energy(&self, n: usize) -> f64 {
        self.origin.0 + n.checked_sub(self.len()).map_or_else(|| self.energy[n], |edge| self.edges[edge].0)
    }

    /// X of the configuration `n`.
    pub fn x(&self, n: usize) -> f64 {
        self.origin.1 + n.checked_sub(self.len()).map_or_else(|| self.x[n], |edge| self.edges[edge].1)
    }

    fn u(&self, state: &State, energy: f64, x: f64) -> f64 {
        state.u(energy, x, self.pairs)
    }

    /// The state with the Y that stands for +-Y.
    fn folded(&self, state: &State) -> State {
        if self.pairs { State { y: state.y.abs(), ..*state } } else { *state }
    }

    /// -ln (Z_k/Z_0) of the sampled states, without unit, in their order; that of the first is 0.
    pub fn free_energies(&self) -> Vec<Estimate> {
        let ratio = |k: usize| self.size(k) as f64;
        let of = |k: usize| {
            let shift = self.u(&self.states[k], self.origin.0, self.origin.1)
                - self.u(&self.states[0], self.origin.0, self.origin.1);
            let whole = self.f[k] - self.f[0] + shift;
            let parts = self.left_out.iter().enumerate().map(|(b, a)| {
                let kept = |k: usize| self.kept(k, b as u32) / ratio(k);
                whole + libm::log(a[k] / kept(k)) - libm::log(a[0] / kept(0))
            });
            estimate(&std::iter::once(whole).chain(parts).collect::<Vec<_>>())
        };
        (0..self.states.len()).map(of).collect()
    }

    fn size(&self, k: usize) -> usize {
        self.first[k + 1] - self.first[k]
    }

    /// Configurations of series `k` that are not in the block `b`.
    fn kept(&self, k: usize, b: u32) -> f64 {
        self.block[self.first[k]..self.first[k + 1]].iter().filter(|own| **own != b).count() as f64
    }
}

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
