//! Finite-size scaling: crossings, data collapse and exponents from quantities of several sizes.
//!
//! Near T_c a quantity is y = L^a f(t L^{1/nu}) up to corrections of order L^{-omega}, with t = T_c (1 - T_c/T) = T_c^2 (K_c - K): T - T_c to
//! first order. Couplings are what the renormalization group maps smoothly; in T - T_c itself nu of the Ising model, L >= 8, comes out 2 % low.
//! With a = 0 (Binder's cumulant, a probability)
//! curves of two sizes cross at T_c (Binder 1981); with the right T_c, nu and a all data lie on one curve f, here a polynomial that is fitted
//! along with them. Quantities come as replicas: from all data, and without each block of a jackknife; every fit is repeated on all of
//! them, which gives errors that know of correlations.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::multi_histogram::estimate;
use crate::statistics::Estimate;

/// What the data do not tell.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct ScalingError(String);

fn undefined<T>(what: impl Into<String>) -> Result<T, ScalingError> {
    Err(ScalingError(what.into()))
}

/// Where two curves of independent lattices cross on the grid `x` (rising).
///
/// `small` and `large`: replicas, of all data and without each block, at every x: shape `(1 + n_blocks)` of `(n_x)` each. Linear between
/// neighbouring x. Error: jackknife over the blocks of each lattice in turn, in quadrature; `n_eff` is the number of blocks.
///
/// # Errors
/// If they do not cross exactly once, or one of the two has fewer than two blocks.
///
/// ```
/// let (x, flat, rising) = ([0.0, 1.0, 2.0], vec![vec![0.5; 3]; 3], vec![vec![0.0, 1.0, 2.0]; 3]);
/// let seen = rgflow::rg::scaling::crossing(&x, &flat, &rising)?;
/// assert!((seen.value - 0.5).abs() < 1e-12 && seen.error == 0.0);
/// # Ok::<(), rgflow::rg::scaling::ScalingError>(())
/// ```
pub fn crossing(x: &[f64], small: &[Vec<f64>], large: &[Vec<f64>]) -> Result<Estimate, ScalingError> {
    if small.len() < 3 || large.len() < 3 || small.iter().chain(large).any(|row| row.len() != x.len()) {
        return undefined("a crossing needs two blocks and a value at every x");
    }
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

/// How a collapse is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Master {
    /// Degree of the polynomial f.
    pub degree: usize,
    /// Points with |t| L^{1/nu} beyond this, by the start, are left out.
    pub window: f64,
    /// T_c, nu and a from which the fit starts; near enough that data overlap.
    pub start: [f64; 3],
    /// Whether a is fitted; else it stays as it starts.
    pub fit_a: bool,
    /// omega of a correction: y = L^a (f(x) + L^{-omega} (g_0 + g_1 x)).
    pub omega: Option<f64>,
}

/// Data on one curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Collapse {
    /// Critical temperature, with jackknife error.
    pub t_c: Estimate,
    /// Exponent of the correlation length.
    pub nu: Estimate,
    /// Exponent a of y ~ L^a at T_c; without error where it was not fitted.
    pub a: Estimate,
    /// Sum of squared residuals over errors.
    pub chi2: f64,
    /// Points less parameters.
    pub dof: usize,
    /// Coefficients of f, the constant first, then those of the correction.
    pub coefficients: Vec<f64>,
}

impl Collapse {
    /// x = t L^{1/nu} of a point at the temperature `temperature`.
    pub fn x(&self, size: usize, temperature: f64) -> f64 {
        distance(temperature, self.t_c.value) * libm::pow(size as f64, 1.0 / self.nu.value)
    }
}

/// t = T_c (1 - T_c/T), in J/k_B.
///
/// ```
/// let t = rgflow::rg::scaling::distance(2.2701, 2.27);
/// assert!((t - 1e-4).abs() < 1e-8);
/// ```
pub fn distance(temperature: f64, t_c: f64) -> f64 {
    t_c * (1.0 - t_c / temperature)
}

/// Fits T_c, nu and, if asked for, a by least squares (Levenberg and Marquardt).
///
/// Errors by jackknife, refitted without each block; the weights of the points stay those of all data. chi2/dof near 1 says that
/// one curve describes the data; well above, that sizes are too small, the window too wide, or the degree too low.
///
/// # Errors
/// With fewer points in the window than parameters, points of a single size, different numbers of blocks, or where the fit does not converge.
pub fn collapse(points: &[Point], master: &Master) -> Result<Collapse, ScalingError> {
    let [t_c, nu, a] = master.start;
    let inside = |p: &&Point| (distance(p.t, t_c) * libm::pow(p.size as f64, 1.0 / nu)).abs() <= master.window;
    let points: Vec<&Point> = points.iter().filter(inside).collect();
    let n_blocks = points.first().map_or(0, |p| p.values.len());
    if n_blocks < 3 || points.iter().any(|p| p.values.len() != n_blocks) {
        return undefined("a collapse needs points in the window, with as many blocks (two at least) each");
    }
    let fit =
        Fit { sizes: points.iter().map(|p| p.size as f64).collect(), t: points.iter().map(|p| p.t).collect(), master };
    let n_parameters = fit.linear() + 2 + usize::from(master.fit_a);
    if points.len() < n_parameters {
        return undefined(format!(
            "{} points for {n_parameters} parameters: more temperatures or sizes, a wider window or a lower degree",
            points.len()
        ));
    }
    if points.iter().all(|p| p.size == points[0].size) {
        return undefined("points of one size say nothing of nu: give at least two sizes");
    }
    let weights: Vec<f64> = points.iter().map(|p| 1.0 / estimate(&p.values).error).collect();
    if weights.iter().any(|w| !w.is_finite()) {
        return undefined("a point has no error: its values do not fluctuate or are not finite");
    }
    let row = |b: usize| points.iter().map(|p| p.values[b]).collect::<Vec<f64>>();
    let start = fit.start(&row(0), &weights, [t_c, 1.0 / nu, a]);
    let (all, chi2) = fit.least_squares(&row(0), &weights, start?)?;
    let parts = (1..n_blocks).map(|b| fit.least_squares(&row(b), &weights, all.clone()).map(|(p, _)| p));
    let parts: Vec<Vec<f64>> = std::iter::once(Ok(all.clone())).chain(parts).collect::<Result<_, _>>()?;
    let of = |f: &dyn Fn(&[f64]) -> f64| {
        let error = estimate(&parts.iter().map(|p| f(p)).collect::<Vec<_>>()).error;
        Estimate { value: f(&all), error, n_eff: (n_blocks - 1) as f64 }
    };
    Ok(Collapse {
        t_c: of(&|p| p[0]),
        nu: of(&|p| 1.0 / p[1]),
        a: of(&|p| p[2]),
        chi2,
        dof: points.len() - n_parameters,
        coefficients: all[3..].to_vec(),
    })
}

/// Parameters: T_c, 1/nu, a, coefficients of f, then g_0 and g_1.
struct Fit<'a> {
    sizes: Vec<f64>,
    t: Vec<f64>,
    master: &'a Master,
}

const NO_FIT: &str = "the fit of the collapse does not converge: start nearer to T_c and nu, or lower the degree";

impl Fit<'_> {
    /// Number of parameters in which y is linear.
    fn linear(&self) -> usize {
        self.master.degree + 1 + if self.master.omega.is_some() { 2 } else { 0 }
    }

    /// y and its derivatives at the point `i`.
    fn model(&self, i: usize, p: &[f64], slopes: &mut [f64]) -> f64 {
        let (size, dt) = (self.sizes[i], distance(self.t[i], p[0]));
        let (stretch, scale) = (libm::pow(size, p[1]), libm::pow(size, p[2]));
        let x = dt * stretch;
        let (mut f, mut slope, mut power, mut before) = (0.0, 0.0, 1.0, 0.0);
        for j in 0..=self.master.degree {
            slopes[3 + j] = scale * power;
            f += p[3 + j] * power;
            slope += j as f64 * p[3 + j] * before;
            (before, power) = (power, power * x);
        }
        if let Some(omega) = self.master.omega {
            let (small, k) = (libm::pow(size, -omega), 4 + self.master.degree);
            slopes[k] = scale * small;
            slopes[k + 1] = scale * small * x;
            f += small * (p[k] + p[k + 1] * x);
            slope += small * p[k + 1];
        }
        // dt/dT_c = 1 - 2 T_c/T.
        slopes[0] = scale * slope * stretch * (1.0 - 2.0 * p[0] / self.t[i]);
        slopes[1] = scale * slope * x * libm::log(size);
        slopes[2] = if self.master.fit_a { scale * f * libm::log(size) } else { 0.0 };
        scale * f
    }

    /// Normal equations of weighted residuals: J^T J, J^T r and r^2.
    fn normal(&self, y: &[f64], weights: &[f64], p: &[f64]) -> (DMatrix<f64>, DVector<f64>, f64) {
        let n = p.len();
        let (mut matrix, mut vector, mut chi2) = (DMatrix::zeros(n, n), DVector::zeros(n), 0.0);
        let mut slopes = vec![0.0; n];
        for i in 0..y.len() {
            let r = weights[i] * (y[i] - self.model(i, p, &mut slopes));
            slopes.iter_mut().for_each(|s| *s *= weights[i]);
            for (j, own) in slopes.iter().enumerate() {
                vector[j] += own * r;
                slopes.iter().enumerate().for_each(|(k, other)| matrix[(j, k)] += own * other);
            }
            chi2 += r * r;
        }
        (matrix, vector, chi2)
    }

    /// Coefficients that fit best for given T_c, 1/nu and a.
    fn start(&self, y: &[f64], weights: &[f64], first: [f64; 3]) -> Result<Vec<f64>, ScalingError> {
        let mut p = first.to_vec();
        p.resize(3 + self.linear(), 0.0);
        let (matrix, vector, _) = self.normal(y, weights, &p);
        let linear = matrix.view((3, 3), (self.linear(), self.linear())).into_owned();
        let Some(factor) = Cholesky::new(linear) else { return undefined(NO_FIT) };
        let found = factor.solve(&vector.rows(3, self.linear()).into_owned());
        p[3..].copy_from_slice(found.as_slice());
        Ok(p)
    }

    /// The parameters of least chi2, and chi2.
    fn least_squares(&self, y: &[f64], weights: &[f64], mut p: Vec<f64>) -> Result<(Vec<f64>, f64), ScalingError> {
        let mut damping = 1e-4;
        let (mut matrix, mut vector, mut chi2) = self.normal(y, weights, &p);
        for _ in 0..500 {
            let mut damped = matrix.clone();
            for i in 0..p.len() {
                // A parameter that is not fitted has no slope and stays.
                damped[(i, i)] = if matrix[(i, i)] > 0.0 { matrix[(i, i)] * (1.0 + damping) } else { 1.0 };
            }
            let Some(factor) = Cholesky::new(damped) else { return undefined(NO_FIT) };
            let step = factor.solve(&vector);
            let next: Vec<f64> = p.iter().zip(step.iter()).map(|(p, s)| p + s).collect();
            // What the step would gain if residuals were linear.
            let own: f64 = (0..p.len()).map(|i| step[i] * step[i] * matrix[(i, i)]).sum();
            let promised = vector.dot(&step) + damping * own;
            // Parameters then move by less than 1e-4 of their error.
            let done = promised < 1e-10 && damping < 1e-2;
            let (m, v, value) = self.normal(y, weights, &next);
            let kept = (chi2 - value) / promised;
            if value <= chi2 {
                (p, matrix, vector, chi2) = (next, m, v, value);
            }
            // Steps that keep little of their promise go to and fro across a bent valley: shorter ones follow it. Also where NaN.
            if kept > 0.75 {
                damping = (damping * 0.1).max(1e-12);
            } else if kept.is_nan() || kept < 0.25 {
                damping *= 8.0;
            }
            // With a damping so large no direction leads down: rounding.
            if done || damping > 1e12 {
                return if p[1] > 0.0 { Ok((p, chi2)) } else { undefined(NO_FIT) };
            }
        }
        undefined(NO_FIT)
    }
}

/// The correction in [`power_law`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Correction {
    /// ln y = c + a ln L.
    None,
    /// ln y = c + a ln L + d L^{-omega}, omega given.
    Fixed(f64),
    /// The same with omega fitted between 1/2 and 4.
    Fitted,
}

/// y ~ L^a.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerLaw {
    /// The exponent, with jackknife error.
    pub a: Estimate,
    /// omega of the correction, if there is one.
    pub omega: Option<f64>,
    /// Sum of squared residuals over errors.
    pub chi2: f64,
    /// Sizes less parameters.
    pub dof: usize,
}

/// Exponent of a positive quantity of independent lattices of size L, by weighted least squares of ln y.
///
/// `values[i]`: from all data and without each block, at `sizes[i]`; as many blocks at every size.
///
/// # Errors
/// With fewer sizes than parameters (two; three with a correction, four if omega is fitted), values that are not positive, or different
/// numbers of blocks.
///
/// ```
/// use rgflow::rg::scaling::{Correction, power_law};
/// let noisy = |l: usize| [1.0, 1.001, 0.999].map(|r| r * (l as f64).powf(1.75)).to_vec();
/// let seen = power_law(&[8, 16, 32], &[8, 16, 32].map(noisy), Correction::None)?;
/// assert!((seen.a.value - 1.75).abs() < 1e-9 && seen.dof == 1);
/// # Ok::<(), rgflow::rg::scaling::ScalingError>(())
/// ```
pub fn power_law(sizes: &[usize], values: &[Vec<f64>], correction: Correction) -> Result<PowerLaw, ScalingError> {
    let n_parameters = match correction {
        Correction::None => 2,
        Correction::Fixed(_) => 3,
        Correction::Fitted => 4,
    };
    if sizes.len() < n_parameters || sizes.len() != values.len() {
        return undefined(format!(
            "{} sizes for {n_parameters} parameters: more sizes, or a simpler correction",
            sizes.len()
        ));
    }
    let n_rows = values[0].len();
    if n_rows < 3 || values.iter().any(|v| v.len() != n_rows || v.iter().any(|v| *v <= 0.0 || !v.is_finite())) {
        return undefined("a power law needs positive values, with as many blocks (two at least) at every size");
    }
    let logs: Vec<Vec<f64>> = values.iter().map(|v| v.iter().map(|v| libm::log(*v)).collect()).collect();
    let weights: Vec<f64> = logs.iter().map(|v| 1.0 / estimate(v).error).collect();
    if weights.iter().any(|w| !w.is_finite()) {
        return undefined("a size has no error: its values do not fluctuate");
    }
    let ln_l: Vec<f64> = sizes.iter().map(|l| libm::log(*l as f64)).collect();
    // a and chi2 for a given omega.
    let fit = |row: usize, omega: Option<f64>| -> Option<(f64, f64)> {
        let columns = 2 + usize::from(omega.is_some());
        let design = DMatrix::from_fn(sizes.len(), columns, |i, j| {
            weights[i] * [1.0, ln_l[i], libm::exp(-omega.unwrap_or(0.0) * ln_l[i])][j]
        });
        let y = DVector::from_fn(sizes.len(), |i, _| weights[i] * logs[i][row]);
        let p = crate::decomposition::svd(design.clone(), true, true)?.solve(&y, 1e-13).ok()?;
        Some((p[1], (y - design * &p).norm_squared()))
    };
    let best = |row: usize| -> Option<(f64, f64, Option<f64>)> {
        let omega = match correction {
            Correction::None => None,
            Correction::Fixed(omega) => Some(omega),
            Correction::Fitted => Some(golden(0.5, 4.0, |omega| fit(row, Some(omega)).map_or(f64::INFINITY, |f| f.1))),
        };
        fit(row, omega).map(|(a, chi2)| (a, chi2, omega))
    };
    let all: Option<Vec<_>> = (0..n_rows).map(best).collect();
    let Some(all) = all else { return undefined("the fit of a power law is not defined for these sizes") };
    let error = estimate(&all.iter().map(|f| f.0).collect::<Vec<_>>()).error;
    let (value, chi2, omega) = all[0];
    Ok(PowerLaw {
        a: Estimate { value, error, n_eff: (n_rows - 1) as f64 },
        omega,
        chi2,
        dof: sizes.len() - n_parameters,
    })
}

/// Where `f` is least between `low` and `high`, if it has one minimum there.
fn golden(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let (mut a, mut b) = (high - RATIO * (high - low), low + RATIO * (high - low));
    let (mut fa, mut fb) = (f(a), f(b));
    for _ in 0..60 {
        if fa < fb {
            (high, b, fb) = (b, a, fa);
            a = high - RATIO * (high - low);
            fa = f(a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + RATIO * (high - low);
            fb = f(b);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Ising, Observables, Square, Temperature, wolff};
    use crate::random::{Generator, Streams};
    use rand::RngExt;

    const BLOCKS: usize = 30;

    /// A mean of blocks with normal noise of standard error `error`, and without each block.
    fn noisy(truth: f64, error: f64, rng: &mut Generator) -> Vec<f64> {
        let n = BLOCKS as f64;
        let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let blocks: Vec<f64> = (0..BLOCKS).map(|_| truth + error * n.sqrt() * normal()).collect();
        let sum: f64 = blocks.iter().sum();
        std::iter::once(sum / n).chain(blocks.iter().map(|b| (sum - b) / (n - 1.0))).collect()
    }

    /// T_c = 2.3, nu = 0.8, a = -0.2; f a cubic, with a correction if asked for.
    fn synthetic(correction: f64, seed: u64) -> Vec<Point> {
        let mut rng = Streams::new(seed).generator("test/scaling", 0);
        let mut points = Vec::new();
        for size in [8, 16, 32, 64] {
            let l = size as f64;
            for k in -3..=3 {
                let x = 0.4 * f64::from(k);
                let f = 0.6 - 0.3 * x + 0.05 * x * x + 0.02 * x.powi(3) + correction * (1.0 + 0.5 * x) / (l * l);
                let truth = l.powf(-0.2) * f;
                let t = 2.3 * 2.3 / (2.3 - x / l.powf(1.0 / 0.8));
                points.push(Point { size, t, values: noisy(truth, 0.002 * truth, &mut rng) });
            }
        }
        points
    }

    /// Null: the fit has no bias and right errors, so the squares of 40 pulls sum to chi^2 with 40 degrees of freedom (wider for errors from 30
    /// blocks): between 12 and 90, p < 1e-4 each. chi2 of the fits: 40 x 21 degrees of freedom, within 6 standard deviations.
    #[test]
    fn synthetic_data_collapse_with_right_errors() {
        let far = Master { degree: 3, window: 3.0, start: [2.29, 1.0, -0.1], fit_a: true, omega: None };
        let (mut pulls, mut chi2, mut dof) = ([0.0; 3], 0.0, 0);
        for seed in 0..40 {
            let seen = collapse(&synthetic(0.0, seed), &far).unwrap();
            for (pull, (e, truth)) in pulls.iter_mut().zip([(seen.t_c, 2.3), (seen.nu, 0.8), (seen.a, -0.2)]) {
                *pull += ((e.value - truth) / e.error).powi(2);
            }
            (chi2, dof) = (chi2 + seen.chi2, dof + seen.dof);
            assert!(seen.nu.error < 0.02, "{seen:?}");
        }
        assert!(pulls.iter().all(|p| (12.0..90.0).contains(p)), "{pulls:?}");
        assert_eq!(dof, 40 * 21);
        // Errors from 30 blocks widen chi2 by about 29/27.
        let expected = dof as f64 * 29.0 / 27.0;
        assert!((chi2 - expected).abs() < 6.0 * (2.0 * expected * 1.2).sqrt(), "{chi2} {dof}");
    }

    /// A correction that is there is needed, and found.
    #[test]
    fn corrections_are_seen_and_taken_out() {
        let plain = Master { degree: 3, window: 3.0, start: [2.3, 0.8, -0.2], fit_a: true, omega: None };
        let points = synthetic(8.0, 7);
        let without = collapse(&points, &plain).unwrap();
        assert!(without.chi2 > 5.0 * without.dof as f64, "{without:?}");
        let with = collapse(&points, &Master { omega: Some(2.0), ..plain }).unwrap();
        assert!(with.chi2 < 2.5 * with.dof as f64, "{with:?}");
        for (e, truth) in [(with.t_c, 2.3), (with.nu, 0.8), (with.a, -0.2)] {
            assert!((e.value - truth).abs() < 5.0 * e.error, "{with:?}");
        }
        assert!((with.coefficients[4] - 8.0).abs() < 2.0, "{with:?}");
    }

    /// Null: as above, 40 pulls.
    #[test]
    fn power_laws_are_found() {
        let sizes = [8, 16, 32, 64, 128];
        let (mut plain, mut fixed) = (0.0, 0.0);
        for seed in 0..40 {
            let mut rng = Streams::new(seed).generator("test/power", 0);
            let mut draw = |d: f64, omega: f64| {
                let truth = |l: usize| 0.7 * (l as f64).powf(1.75) * (d * (l as f64).powf(-omega)).exp();
                sizes.map(|l| noisy(truth(l), 0.003 * truth(l), &mut rng))
            };
            let seen = power_law(&sizes, &draw(0.0, 1.0), Correction::None).unwrap().a;
            plain += ((seen.value - 1.75) / seen.error).powi(2);
            let seen = power_law(&sizes, &draw(1.0, 1.5), Correction::Fixed(1.5)).unwrap().a;
            fixed += ((seen.value - 1.75) / seen.error).powi(2);
        }
        assert!((12.0..90.0).contains(&plain) && (12.0..90.0).contains(&fixed), "{plain} {fixed}");
        let mut rng = Streams::new(1).generator("test/power", 1);
        let exact = [8, 12, 16, 24, 32, 64, 128];
        let truth = |l: usize| (l as f64).powf(-0.125) * (2.0 * (l as f64).powf(-1.5)).exp();
        let seen =
            power_law(&exact, &exact.map(|l| noisy(truth(l), 1e-6 * truth(l), &mut rng)), Correction::Fitted).unwrap();
        assert!((seen.a.value + 0.125).abs() < 1e-4 && (seen.omega.unwrap() - 1.5).abs() < 0.02, "{seen:?}");
    }

    /// Magnetisation of independent Wolff chains, moments by block left out.
    fn cumulant(size: usize, t: f64, n: usize) -> Vec<f64> {
        let square = Square::new(size, size).unwrap();
        let mut rng = Streams::new(5).generator("test/binder", (size * 1000) as u64 + (1000.0 * t) as u64);
        let chain = wolff::Settings { chains: 1, burn_in: 20, spacing: 2.0 };
        let seen = wolff::sample(&Ising::new(&square), Temperature::new(t).unwrap(), n, &chain, &mut rng).unwrap();
        let m = Observables::measure(&square, seen.spins.view()).unwrap().abs_m;
        let without = |b: usize| {
            let kept = m.iter().enumerate().filter(|(i, _)| i * BLOCKS / n + 1 != b).map(|(_, m)| m * m);
            let (n, two, four) = kept.fold((0.0, 0.0, 0.0), |s, m2| (s.0 + 1.0, s.1 + m2, s.2 + m2 * m2));
            1.0 - four * n / (3.0 * two * two)
        };
        (0..=BLOCKS).map(without).collect()
    }

    /// Truth: Onsager's T_c and nu = 1. Null: normal with corrections to scaling (L = 8 to 32) of at most 0.005 and 0.05; |z| < 4.5.
    #[test]
    fn cumulants_of_the_ising_model_collapse_at_the_critical_temperature() {
        let t_c = Temperature::CRITICAL.value();
        let mut points = Vec::new();
        for (size, n) in [(8, 6000), (16, 4000), (32, 3000)] {
            for k in -2..=2 {
                let t = t_c + 0.7 * f64::from(k) / size as f64;
                points.push(Point { size, t, values: cumulant(size, t, n) });
            }
        }
        let master = Master { degree: 3, window: 2.0, start: [2.25, 1.1, 0.0], fit_a: false, omega: None };
        let seen = collapse(&points, &master).unwrap();
        assert!((seen.t_c.value - t_c).abs() < 0.005 + 4.5 * seen.t_c.error && seen.t_c.error < 0.01, "{seen:?}");
        assert!((seen.nu.value - 1.0).abs() < 0.05 + 4.5 * seen.nu.error && seen.nu.error < 0.06, "{seen:?}");
    }

    #[test]
    fn what_is_not_defined_is_said() {
        let x = [0.0, 1.0, 2.0];
        let rows = |y: [f64; 3]| vec![y.to_vec(); 3];
        assert!(crossing(&x, &rows([0.0; 3]), &rows([1.0; 3])).is_err());
        assert!(crossing(&x, &rows([0.0; 3]), &rows([1.0, -1.0, 1.0])).is_err());
        let master = Master { degree: 3, window: 3.0, start: [2.3, 0.8, -0.2], fit_a: true, omega: None };
        let points = synthetic(0.0, 1);
        assert!(collapse(&points[..7], &master).unwrap_err().to_string().contains("one size"));
        assert!(collapse(&points[..4], &master).unwrap_err().to_string().contains("4 points for 7"));
        assert!(collapse(&points, &Master { window: 0.0, ..master }).is_err());
        let values = vec![vec![1.0, 1.1, 0.9]; 2];
        assert!(power_law(&[8, 16], &values, Correction::Fixed(1.0)).unwrap_err().to_string().contains("2 sizes"));
        assert!(power_law(&[8, 16], &[vec![1.0; 3], vec![-1.0; 3]], Correction::None).is_err());
    }
}
