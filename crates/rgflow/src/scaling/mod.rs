//! Finite-size scaling: crossings, data collapse and exponents from quantities of several sizes.
//!
//! Near T_c a quantity is y = L^a f(t L^{1/nu}) up to corrections of order L^{-omega}, with t = T_c (1 - T_c/T) = T_c^2
//! (K_c - K): T - T_c to first order. Couplings are what the renormalization group maps smoothly; in T - T_c itself nu
//! of the Ising model, L >= 8, comes out 2 % low. With a = 0 (Binder's cumulant, a probability)
//! curves of two sizes cross at T_c (Binder 1981); with the right T_c, nu and a all data lie on one curve f, here a
//! polynomial that is fitted along with them. Quantities come as replicas: from all data, and without each block of a
//! jackknife; every fit is repeated on all of them, which gives errors that know of correlations.

mod collapse;
mod master;
mod measured;
mod power_law;
mod profile;
mod projection;
mod spread;
#[cfg(test)]
mod tests;

pub use collapse::{Collapse, collapse};
pub use master::{Master, distance};
pub use measured::{Measured, points};
pub use power_law::{Correction, PowerLaw, power_law, power_law_at};
pub use spread::{Spread, spread};

use crate::reweighting::estimate;
use crate::statistics::Estimate;

/// Fits that the data do not determine.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct ScalingError(String);

fn undefined<T>(what: impl Into<String>) -> Result<T, ScalingError> {
    Err(ScalingError(what.into()))
}

/// Where two curves of independent lattices cross on the grid `x` (rising).
///
/// `small` and `large`: at every x replicas, of all data and without each block: shape `(n_x)` of `(1 + n_blocks)`
/// each. Linear between neighbouring x. Error: jackknife over the blocks of each lattice in turn, in quadrature;
/// `n_eff` is the number of blocks.
///
/// # Errors
/// If they do not cross exactly once, or one of the two has fewer than two blocks.
///
/// ```
/// let (x, flat, rising) = ([0.0, 1.0, 2.0], [0.5, 0.5, 0.5], [0.0, 1.0, 2.0]);
/// let replicas = |y: [f64; 3]| y.map(|y| vec![y; 3]);
/// let seen = rgflow::scaling::crossing(&x, &replicas(flat), &replicas(rising))?;
/// assert!((seen.value - 0.5).abs() < 1e-12 && seen.error == 0.0);
/// # Ok::<(), rgflow::scaling::ScalingError>(())
/// ```
pub fn crossing(x: &[f64], small: &[Vec<f64>], large: &[Vec<f64>]) -> Result<Estimate, ScalingError> {
    let [Some(small), Some(large)] = [small, large].map(|curve| by_replica(x, curve)) else {
        return undefined("a crossing needs two blocks and a value at every x");
    };
    let all = zeros(x, &small[0], &large[0]);
    let [value] = all[..] else {
        return undefined(format!(
            "curves cross {} times between {:.4} and {:.4}: choose a grid about the crossing, or draw more",
            all.len(),
            x.first().unwrap_or(&f64::NAN),
            x.last().unwrap_or(&f64::NAN)
        ));
    };
    // Without a block the crossing is that nearest to the one of all data.
    let near = |small: &[f64], large: &[f64]| {
        let found = zeros(x, small, large);
        found.into_iter().min_by(|a, b| (a - value).abs().total_cmp(&(b - value).abs())).unwrap_or(f64::NAN)
    };
    let of_small: Vec<f64> = small.iter().map(|row| near(row, &large[0])).collect();
    let of_large: Vec<f64> = large.iter().map(|row| near(&small[0], row)).collect();
    let (of_small, of_large) = (estimate(&of_small), estimate(&of_large));
    let error = of_small.error.hypot(of_large.error);
    if error.is_nan() {
        return undefined("curves do not cross without one of the blocks: widen the grid, or draw more");
    }
    Ok(Estimate { value, error, n_eff: of_small.n_eff.min(of_large.n_eff) })
}

/// The values at all x of each replica; none of less than two blocks.
fn by_replica(x: &[f64], curve: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = curve.first()?.len();
    let holds = n >= 3 && curve.len() == x.len() && curve.iter().all(|replicas| replicas.len() == n);
    holds.then(|| (0..n).map(|row| curve.iter().map(|replicas| replicas[row]).collect()).collect())
}

/// Where large - small changes its sign.
fn zeros(x: &[f64], small: &[f64], large: &[f64]) -> Vec<f64> {
    let d: Vec<f64> = large.iter().zip(small).map(|(l, s)| l - s).collect();
    let change = |i: usize| (d[i - 1] < 0.0) != (d[i] < 0.0);
    let zero = |i: usize| x[i - 1] + (x[i] - x[i - 1]) * d[i - 1] / (d[i - 1] - d[i]);
    (1..x.len()).filter(|i| change(*i)).map(zero).collect()
}

/// A quantity of one lattice at one temperature; points are independent of each other.
#[derive(Clone, Debug)]
pub struct Point {
    /// L in sites.
    pub size: usize,
    /// T in J/k_B.
    pub t: f64,
    /// The quantity from all data, and without each block: shape `(1 + n_blocks,)`; as many blocks at every point.
    pub values: Vec<f64>,
}
