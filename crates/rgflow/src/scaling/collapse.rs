//! Data collapse: T_c, nu and an exponent with which all data lie on one polynomial.
//!
//! For given T_c, nu and a the coefficients of the polynomial and of the correction are linear least squares; chi^2
//! with these eliminated (variable projection: Golub and Pereyra 1973) is a function of two or three parameters. It may
//! have several minima, so the search starts from a grid of them, and errors respect the profile of chi^2 about the
//! lowest.

use super::master::{Master, distance};
use super::profile::{Along, Profile};
use super::projection::{Fit, Minimum};
use super::{Point, ScalingError, undefined};
use crate::reweighting::estimate;
use crate::statistics::Estimate;

/// Data on one curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Collapse {
    /// Critical temperature. Errors are the larger of the jackknife's, times the root of chi2/dof where that is above
    /// 1, and of the profile's: how far the number can go, the others fitted again, until chi^2 is higher by 1 (by
    /// chi2/dof where that is above 1).
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
    /// Whether chi^2 rises so slowly on a side that values two or three errors away may fit nearly as well as those one
    /// error away.
    pub flat: bool,
}

impl Collapse {
    /// x = t L^{1/nu} of a point at the temperature `temperature`.
    pub fn x(&self, size: usize, temperature: f64) -> f64 {
        distance(temperature, self.t_c.value) * libm::pow(size as f64, 1.0 / self.nu.value)
    }
}

/// Factors of the starting 1/nu, and shifts of T_c in units of T_c L^{-1/nu} of the smallest size, from which the
/// search starts.
const STRETCHES: [f64; 5] = [1.0, 0.75, 1.3, 0.6, 1.6];
const SHIFTS: [f64; 3] = [0.0, -0.3, 0.3];
/// Another minimum counts as possible if its chi^2, over chi^2/dof where that is above 1, is higher by less than this:
/// three standard errors.
const POSSIBLE: f64 = 9.0;
/// 1/nu and a are looked for within these, T_c within three times the range of the temperatures.
const INVERSE: [f64; 2] = [0.2, 5.0];
const EXPONENT: [f64; 2] = [-10.0, 10.0];
/// Lower minima that the profile may find.
const LOWER: usize = 3;
/// Two minima are one if 1/nu differs by less.
const SAME: f64 = 1e-3;

/// Fits T_c, nu and, if asked for, a by least squares: several starts of Levenberg and Marquardt on chi^2 without the
/// linear coefficients.
///
/// The jackknife refits without each block; the weights of the points stay those of all data. chi2/dof near 1 says that
/// one curve describes the data; well above, that sizes are too small, the window too wide, or the degree too low.
///
/// ```
/// use rgflow::scaling::{Master, Measured, collapse, distance, points};
/// // In the place of published Binder cumulants: numbers on a straight line in x, with T_c = 2.3 and nu = 0.8.
/// let table: Vec<Measured> = [8, 16, 32]
///     .into_iter()
///     .flat_map(|size| [2.2, 2.25, 2.3, 2.35, 2.4].map(|t| (size, t)))
///     .map(|(size, t)| {
///         let x = distance(t, 2.3) * f64::from(size as u32).powf(1.0 / 0.8);
///         Measured { size, t, value: 0.6 - 0.03 * x, error: 0.002 }
///     })
///     .collect();
/// let line = Master { degree: 1, window: 10.0, start: [2.29, 0.9, 0.0], fit_a: false, omega: None };
/// let seen = collapse(&points(&table), &line)?;
/// assert!((seen.t_c.value - 2.3).abs() < seen.t_c.error && (seen.nu.value - 0.8).abs() < seen.nu.error);
/// # Ok::<(), rgflow::scaling::ScalingError>(())
/// ```
///
/// # Errors
/// With fewer points in the window than parameters, points of a single size, different numbers of blocks, where the fit
/// does not converge, where chi^2 is nowhere higher by 1 on a side, or where another minimum fits as well, with nu or
/// T_c more than three standard errors away.
pub fn collapse(points: &[Point], master: &Master) -> Result<Collapse, ScalingError> {
    let points: Vec<&Point> = points.iter().filter(|p| master.holds(p.size, p.t)).collect();
    let n_blocks = points.first().map_or(0, |p| p.values.len());
    if n_blocks < 3 || points.iter().any(|p| p.values.len() != n_blocks) {
        return undefined("a collapse needs points in the window, with as many blocks (two at least) each");
    }
    let fit = Fit {
        sizes: points.iter().map(|p| p.size as f64).collect(),
        t: points.iter().map(|p| p.t).collect(),
        weights: points.iter().map(|p| 1.0 / estimate(&p.values).error).collect(),
        master,
    };
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
    if fit.weights.iter().any(|w| !w.is_finite()) {
        return undefined("a point has no error: its values do not fluctuate or are not finite");
    }
    let row = |b: usize| points.iter().map(|p| p.values[b]).collect::<Vec<f64>>();
    let data = row(0);
    let dof = points.len() - n_parameters;
    let mut minima = fit.minima(&data);
    let Some(mut best) = minima.first().cloned() else { return undefined(NO_FIT) };
    // A walk along the profile may end in a lower minimum than all starts did.
    let mut profiles = fit.profiles(&data, &best, dof);
    for _ in 0..LOWER {
        let Err(lower) = profiles else { break };
        let Some(found) = fit.least_squares(&data, lower.p, None) else { return undefined(NO_FIT) };
        best = found;
        minima.insert(0, best.clone());
        profiles = fit.profiles(&data, &best, dof);
    }
    let Ok(profiles) = profiles else { return undefined(NO_FIT) };
    let closed: Option<Vec<&Profile>> = profiles.iter().map(|p| p.as_ref().filter(|p| p.is_closed())).collect();
    let Some(profiles) = closed else {
        let [low, high] = [f64::min, f64::max].map(|of| points.iter().map(|p| p.t).reduce(of).unwrap_or(f64::NAN));
        let why = match (low..=high).contains(&best.p[0]) {
            true => format!("is as good far away from T_c = {:.4}, nu = {:.3}", best.p[0], 1.0 / best.p[1]),
            false => format!("leaves the temperatures of the data, {low} to {high}"),
        };
        return undefined(format!(
            "the data do not tell T_c and nu: the fit {why}; more sizes, more configurations, a lower degree or no \
             correction"
        ));
    };
    let parts = (1..n_blocks).map(|b| fit.least_squares(&row(b), best.p, None));
    let Some(parts) = std::iter::once(Some(best.clone())).chain(parts).collect::<Option<Vec<_>>>() else {
        return undefined(NO_FIT);
    };
    let scale = unit(&best, dof).sqrt();
    let of = |k: usize, f: &dyn Fn(f64) -> f64| {
        let error = estimate(&parts.iter().map(|m| f(m.p[k])).collect::<Vec<_>>()).error;
        let profile = profiles.get(k).map_or(0.0, |profile| profile.error(f));
        Estimate { value: f(best.p[k]), error: (scale * error).max(profile), n_eff: (n_blocks - 1) as f64 }
    };
    let seen = Collapse {
        t_c: of(0, &|p| p),
        nu: of(1, &|p| 1.0 / p),
        a: of(2, &|p| p),
        chi2: best.chi2,
        dof,
        coefficients: best.linear.clone(),
        flat: profiles.iter().any(|profile| profile.is_flat()),
    };
    let inverse = of(1, &|p| p).error;
    match minima[1..].iter().find(|other| rivals(&best, other, [seen.t_c.error, inverse], dof)) {
        None => Ok(seen),
        Some(other) => undefined(format!(
            "the fit has two minima: nu = {:.3}, T_c = {:.4} (chi2 = {:.1}) and nu = {:.3}, T_c = {:.4} (chi2 = \
             {:.1}); more sizes, more configurations, or a lower degree",
            1.0 / best.p[1],
            best.p[0],
            best.chi2,
            1.0 / other.p[1],
            other.p[0],
            other.chi2
        )),
    }
}

const NO_FIT: &str = "the fit of the collapse does not converge: start nearer to T_c and nu, or lower the degree";

/// chi^2/dof where that is above 1: errors are then wider by its root.
fn unit(best: &Minimum, dof: usize) -> f64 {
    if dof > 0 { (best.chi2 / dof as f64).max(1.0) } else { 1.0 }
}

/// Whether `other` fits about as well as `best`, farther away than three of the `errors` of T_c and 1/nu.
fn rivals(best: &Minimum, other: &Minimum, errors: [f64; 2], dof: usize) -> bool {
    let [t_c, inverse] = [0, 1].map(|k| (other.p[k] - best.p[k]).abs());
    let far = inverse > SAME && (inverse > 3.0 * errors[1] || t_c > 3.0 * errors[0]);
    far && other.chi2 - best.chi2 < POSSIBLE * unit(best, dof)
}

impl Fit<'_> {
    /// All minima that the starts reach, the lowest first.
    fn minima(&self, data: &[f64]) -> Vec<Minimum> {
        let [t_c, nu, a] = self.master.start;
        let smallest = self.sizes.iter().copied().fold(f64::INFINITY, f64::min);
        let starts = STRETCHES.into_iter().flat_map(|stretch| SHIFTS.map(|shift| (stretch, shift)));
        let from = |(stretch, shift): (f64, f64)| {
            let start = [t_c * (1.0 + shift * libm::pow(smallest, -1.0 / nu)), stretch / nu, a];
            self.least_squares(data, start, None)
        };
        let mut minima: Vec<Minimum> = starts.filter_map(from).collect();
        minima.sort_by(|a, b| a.chi2.total_cmp(&b.chi2));
        minima
    }

    /// The profiles of T_c, 1/nu and a, as far as these are fitted; `Err`: a lower minimum.
    fn profiles(&self, data: &[f64], best: &Minimum, dof: usize) -> Result<Vec<Option<Profile>>, Minimum> {
        let (low, high) =
            self.t.iter().fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), t| (low.min(*t), high.max(*t)));
        let range = high - low;
        let bounds = [[low - range, high + range], INVERSE, EXPONENT];
        let one = |k: usize| Profile::new(self, data, best, Along { k, bounds: bounds[k], unit: unit(best, dof) });
        self.fitted().map(one).collect()
    }
}
