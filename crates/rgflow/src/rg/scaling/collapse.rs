//! Data collapse: T_c, nu and an exponent with which all data lie on one polynomial.
//!
//! For given T_c, nu and a the coefficients of the polynomial and of the correction are linear least squares; chi^2 with these eliminated (variable
//! projection: Golub and Pereyra 1973) is a function of two or three parameters. It may have several minima, so the search
//! starts from a grid of them, and its profile along 1/nu is looked at.

use nalgebra::{DMatrix, DVector};

use super::{Point, ScalingError, undefined};
use crate::rg::multi_histogram::estimate;
use crate::statistics::Estimate;

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

/// Factors of the starting 1/nu, and shifts of T_c in units of T_c L^{-1/nu} of the smallest size, from which the search starts.
const STRETCHES: [f64; 5] = [1.0, 0.75, 1.3, 0.6, 1.6];
const SHIFTS: [f64; 3] = [0.0, -0.3, 0.3];
/// Another minimum counts as possible if its chi^2, over chi^2/dof where that is above 1, is higher by less than this: three standard errors.
const POSSIBLE: f64 = 9.0;
/// Two minima are one if 1/nu differs by less.
const SAME: f64 = 1e-3;

/// Fits T_c, nu and, if asked for, a by least squares: several starts of Levenberg and Marquardt on chi^2 without the linear coefficients.
///
/// Errors by jackknife, refitted without each block; the weights of the points stay those of all data. chi2/dof near 1 says that
/// one curve describes the data; well above, that sizes are too small, the window too wide, or the degree too low.
///
/// # Errors
/// With fewer points in the window than parameters, points of a single size, different numbers of blocks, where the fit does not converge, or
/// where the data allow another minimum or a flat valley: nu or T_c that are more than three standard errors away, and fit as well.
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
    let n_parameters = fit.linear() + fit.free();
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
    let data = row(0);
    let smallest = fit.sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let mut minima: Vec<Minimum> = Vec::new();
    for stretch in STRETCHES {
        for shift in SHIFTS {
            let start = [t_c * (1.0 + shift * libm::pow(smallest, -1.0 / nu)), stretch / nu, a];
            if let Some(found) = fit.least_squares(&data, &weights, start, None) {
                minima.push(found);
            }
        }
    }
    minima.sort_by(|a, b| a.chi2.total_cmp(&b.chi2));
    let Some(best) = minima.first().cloned() else { return undefined(NO_FIT) };
    let parts = (1..n_blocks).map(|b| fit.least_squares(&row(b), &weights, best.p, None));
    let Some(parts) = std::iter::once(Some(best.clone())).chain(parts).collect::<Option<Vec<_>>>() else {
        return undefined(NO_FIT);
    };
    let of = |f: &dyn Fn(&[f64; 3]) -> f64| {
        let error = estimate(&parts.iter().map(|m| f(&m.p)).collect::<Vec<_>>()).error;
        Estimate { value: f(&best.p), error, n_eff: (n_blocks - 1) as f64 }
    };
    let dof = points.len() - n_parameters;
    let seen = Collapse {
        t_c: of(&|p| p[0]),
        nu: of(&|p| 1.0 / p[1]),
        a: of(&|p| p[2]),
        chi2: best.chi2,
        dof,
        coefficients: best.linear.clone(),
    };
    // chi^2 in units in which the best fit is a good one.
    let unit = if dof > 0 { (best.chi2 / dof as f64).max(1.0) } else { 1.0 };
    let inverse = of(&|p| p[1]).error;
    for other in &minima[1..] {
        let away = (other.p[1] - best.p[1]).abs();
        let far = away > SAME && (away > 3.0 * inverse || (other.p[0] - best.p[0]).abs() > 3.0 * seen.t_c.error);
        if far && other.chi2 - best.chi2 < POSSIBLE * unit {
            return undefined(format!(
                "the fit has two minima: nu = {:.3}, T_c = {:.4} (chi2 = {:.1}) and nu = {:.3}, T_c = {:.4} (chi2 = {:.1}); more sizes, \
                 more configurations, or a lower degree",
                1.0 / best.p[1],
                best.p[0],
                best.chi2,
                1.0 / other.p[1],
                other.p[0],
                other.chi2
            ));
        }
    }
    // The profile: at three standard errors chi^2 of a parabola is higher by 9; where it is not even by a fifth of that, the valley is flat.
    for side in [-1.0, 1.0] {
        let at = best.p[1] + side * 3.0 * inverse;
        let higher = if at > 0.0 {
            fit.least_squares(&data, &weights, [best.p[0], at, best.p[2]], Some(at)).map(|m| m.chi2 - best.chi2)
        } else {
            None
        };
        if higher.is_none_or(|higher| higher < 0.2 * POSSIBLE) {
            return undefined(format!(
                "the data do not tell nu: the fit is as good at 1/nu = {:.3}({inverse:.3}) as three errors away; more sizes, more \
                 configurations, a lower degree or no correction",
                best.p[1]
            ));
        }
    }
    Ok(seen)
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

/// T_c, 1/nu and a at a minimum of chi^2, and the coefficients of f, then g_0 and g_1.
#[derive(Clone, Debug)]
struct Minimum {
    p: [f64; 3],
    linear: Vec<f64>,
    chi2: f64,
}

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

    /// Number of the others.
    fn free(&self) -> usize {
        2 + usize::from(self.master.fit_a)
    }

    /// Weighted terms of y, one column for each linear parameter, and their derivatives with respect to T_c, 1/nu and a.
    fn terms(&self, weights: &[f64], p: &[f64; 3]) -> (DMatrix<f64>, [DMatrix<f64>; 3]) {
        let (n, columns) = (self.sizes.len(), self.linear());
        let mut terms = DMatrix::zeros(n, columns);
        let mut slopes = [DMatrix::zeros(n, columns), DMatrix::zeros(n, columns), DMatrix::zeros(n, columns)];
        for i in 0..n {
            let (size, dt) = (self.sizes[i], distance(self.t[i], p[0]));
            let (stretch, scale) = (libm::pow(size, p[1]), weights[i] * libm::pow(size, p[2]));
            let (x, ln) = (dt * stretch, libm::log(size));
            // dt/dT_c = 1 - 2 T_c/T.
            let dx = [stretch * (1.0 - 2.0 * p[0] / self.t[i]), x * ln];
            let mut set = |column: usize, factor: f64, power: i32| {
                let value = scale * factor * x.powi(power);
                let slope = if power > 0 { scale * factor * f64::from(power) * x.powi(power - 1) } else { 0.0 };
                terms[(i, column)] = value;
                slopes[0][(i, column)] = slope * dx[0];
                slopes[1][(i, column)] = slope * dx[1];
                slopes[2][(i, column)] = value * ln;
            };
            for j in 0..=self.master.degree {
                set(j, 1.0, j as i32);
            }
            if let Some(omega) = self.master.omega {
                let small = libm::pow(size, -omega);
                set(self.master.degree + 1, small, 0);
                set(self.master.degree + 2, small, 1);
            }
        }
        (terms, slopes)
    }

    /// The best linear coefficients at `p`, weighted residuals, and their derivatives to first order (Kaufman 1975): -P dA c, with P the
    /// projection on what the terms A do not reach.
    fn project(&self, y: &[f64], weights: &[f64], p: &[f64; 3]) -> Option<(Vec<f64>, DVector<f64>, DMatrix<f64>)> {
        let (terms, slopes) = self.terms(weights, p);
        let data = DVector::from_fn(y.len(), |i, _| weights[i] * y[i]);
        if terms.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let qr = terms.qr();
        let (q, r) = (qr.q(), qr.r());
        let coefficients = r.solve_upper_triangular(&(q.transpose() * &data))?;
        let outside = |v: DVector<f64>| &v - &q * (q.transpose() * &v);
        let residuals = outside(data);
        let columns: Vec<DVector<f64>> = slopes.iter().map(|s| -outside(s * &coefficients)).collect();
        Some((coefficients.iter().copied().collect(), residuals, DMatrix::from_columns(&columns)))
    }

    /// The minimum of chi^2 that is reached from `p`; with 1/nu held where `held` says so.
    fn least_squares(&self, y: &[f64], weights: &[f64], mut p: [f64; 3], held: Option<f64>) -> Option<Minimum> {
        let free: Vec<usize> =
            (0..3).filter(|k| (*k != 1 || held.is_none()) && (*k != 2 || self.master.fit_a)).collect();
        let (mut linear, mut residuals, mut slopes) = self.project(y, weights, &p)?;
        let mut chi2 = residuals.norm_squared();
        let mut damping = 1e-3;
        for _ in 0..300 {
            let jacobian = slopes.select_columns(&free);
            let gradient = jacobian.transpose() * &residuals;
            let mut matrix = jacobian.transpose() * &jacobian;
            let diagonal: Vec<f64> = matrix.diagonal().iter().copied().collect();
            (0..free.len()).for_each(|k| matrix[(k, k)] = diagonal[k] * (1.0 + damping));
            let step = matrix.cholesky()?.solve(&-&gradient);
            let mut next = p;
            free.iter().zip(step.iter()).for_each(|(k, s)| next[*k] += s);
            // What the step would gain if residuals were linear.
            let own: f64 = (0..free.len()).map(|k| step[k] * step[k] * diagonal[k]).sum();
            let promised = -gradient.dot(&step) + damping * own;
            // Parameters then move by less than 1e-4 of their error.
            let done = promised < 1e-10 && damping < 1e-1;
            // T_c and 1/nu stay positive.
            let there = (next[0] > 0.0 && next[1] > 0.0).then(|| self.project(y, weights, &next)).flatten();
            let kept = there.as_ref().map_or(f64::NAN, |(_, r, _)| (chi2 - r.norm_squared()) / promised);
            if let Some((l, r, s)) = there.filter(|(_, r, _)| r.norm_squared() <= chi2) {
                (p, linear, residuals, slopes) = (next, l, r, s);
                chi2 = residuals.norm_squared();
            }
            if kept > 0.75 {
                damping = (damping * 0.1).max(1e-12);
            } else if kept.is_nan() || kept < 0.25 {
                damping *= 8.0;
            }
            // With a damping so large no direction leads down: rounding.
            if done || damping > 1e12 {
                return Some(Minimum { p, linear, chi2 });
            }
        }
        None
    }
}
