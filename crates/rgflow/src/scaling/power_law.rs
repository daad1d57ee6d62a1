//! Powers of L, with corrections.

use nalgebra::{DMatrix, DVector};

use super::{ScalingError, undefined};
use crate::reweighting::estimate;
use crate::statistics::Estimate;

/// The correction in [`power_law`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
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
/// With fewer sizes than parameters (two; three with a correction, four if omega is fitted), values that are not
/// positive, or different numbers of blocks.
///
/// ```
/// use rgflow::scaling::{Correction, power_law};
/// let noisy = |l: usize| [1.0, 1.001, 0.999].map(|r| r * (l as f64).powf(1.75)).to_vec();
/// let seen = power_law(&[8, 16, 32], &[8, 16, 32].map(noisy), Correction::None)?;
/// assert!((seen.a.value - 1.75).abs() < 1e-9 && seen.dof == 1);
/// # Ok::<(), rgflow::scaling::ScalingError>(())
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

/// The power `law` at the temperature `t`, which is known to within `error`: half the change of the exponent from t -
/// error to t + error adds to its error in quadrature.
///
/// # Errors
/// Those of `law` at the three temperatures.
pub fn power_law_at<E>(t: f64, error: f64, law: impl Fn(f64) -> Result<PowerLaw, E>) -> Result<PowerLaw, E> {
    let mut found = law(t)?;
    if error > 0.0 {
        found.a.error = found.a.error.hypot(0.5 * (law(t + error)?.a.value - law(t - error)?.a.value));
    }
    Ok(found)
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
