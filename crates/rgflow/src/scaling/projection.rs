//! The fit behind a collapse: chi^2 without the linear coefficients (variable projection: Golub and Pereyra 1973), and
//! its minima.

use nalgebra::{DMatrix, DVector};

use super::master::{Master, distance};

/// T_c, 1/nu and a at a minimum of chi^2, and the coefficients of f, then g_0 and g_1.
#[derive(Clone, Debug)]
pub(super) struct Minimum {
    pub p: [f64; 3],
    pub linear: Vec<f64>,
    pub chi2: f64,
}

/// Where the points are, and what is fitted to them.
pub(super) struct Fit<'a> {
    pub sizes: Vec<f64>,
    pub t: Vec<f64>,
    /// 1/error of each point.
    pub weights: Vec<f64>,
    pub master: &'a Master,
}

impl Fit<'_> {
    /// Number of parameters in which y is linear.
    pub fn linear(&self) -> usize {
        self.master.degree + 1 + if self.master.omega.is_some() { 2 } else { 0 }
    }

    /// Number of the others.
    pub fn free(&self) -> usize {
        2 + usize::from(self.master.fit_a)
    }

    /// Weighted terms of y, one column for each linear parameter, and their derivatives with respect to T_c, 1/nu and
    /// a.
    fn terms(&self, p: &[f64; 3]) -> (DMatrix<f64>, [DMatrix<f64>; 3]) {
        let (n, columns) = (self.sizes.len(), self.linear());
        let mut terms = DMatrix::zeros(n, columns);
        let mut slopes = [DMatrix::zeros(n, columns), DMatrix::zeros(n, columns), DMatrix::zeros(n, columns)];
        for i in 0..n {
            let (size, dt) = (self.sizes[i], distance(self.t[i], p[0]));
            let (stretch, scale) = (libm::pow(size, p[1]), self.weights[i] * libm::pow(size, p[2]));
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

    /// The best linear coefficients at `p`, weighted residuals, and their derivatives to first order (Kaufman 1975): -P
    /// dA c, with P the projection on what the terms A do not reach.
    fn project(&self, y: &[f64], p: &[f64; 3]) -> Option<(Vec<f64>, DVector<f64>, DMatrix<f64>)> {
        let (terms, slopes) = self.terms(p);
        let data = DVector::from_fn(y.len(), |i, _| self.weights[i] * y[i]);
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

    /// T_c, 1/nu and a as far as they are fitted, by their places in [`Minimum::p`].
    pub fn fitted(&self) -> std::ops::Range<usize> {
        0..self.free()
    }

    /// Standard errors of T_c, 1/nu and a from the curvature of chi^2 at `p`.
    pub fn errors(&self, y: &[f64], p: &[f64; 3]) -> Option<Vec<f64>> {
        let slopes = self.project(y, p)?.2;
        let jacobian = slopes.columns(0, self.free());
        let inverse = (jacobian.transpose() * jacobian).try_inverse()?;
        Some(inverse.diagonal().iter().map(|v| v.sqrt()).collect())
    }

    /// The minimum of chi^2 that is reached from `p`; the one of T_c, 1/nu and a that `held` names stays where it is.
    pub fn least_squares(&self, y: &[f64], mut p: [f64; 3], held: Option<usize>) -> Option<Minimum> {
        let free: Vec<usize> = self.fitted().filter(|k| Some(*k) != held).collect();
        let (mut linear, mut residuals, mut slopes) = self.project(y, &p)?;
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
            // The gain of the step if residuals were linear.
            let own: f64 = (0..free.len()).map(|k| step[k] * step[k] * diagonal[k]).sum();
            let promised = -gradient.dot(&step) + damping * own;
            // Parameters then move by less than 1e-4 of their error.
            let done = promised < 1e-10 && damping < 1e-1;
            // T_c and 1/nu stay positive.
            let there = (next[0] > 0.0 && next[1] > 0.0).then(|| self.project(y, &next)).flatten();
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
