//! A value with its statistical error.

use super::special::{normal_tail, student_t_quantile, student_t_two_sided};
use std::fmt;

/// Probability inside of two standard errors of a normal law: 2 Phi(2) - 1. Whatever is decided by two errors is
/// decided at this level.
pub const TWO_ERRORS: f64 = 0.954_499_736_103_641_6;

/// Upper end of that interval: Phi(2).
const PHI_TWO: f64 = 0.977_249_868_051_820_8;

/// A measured value, its statistical error and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value, in the unit of the data.
    pub value: f64,
    /// One standard error: half the half width of the 95.45 % interval; NaN where the data cannot tell.
    pub error: f64,
    /// Effective number of independent data.
    pub n_eff: f64,
}

/// "-1.9454 +- 0.0033": with the digits of the format, else so many that the error has two.
///
/// ```
/// use rgflow::statistics::Estimate;
/// let energy = Estimate { value: -1.945_431, error: 0.003_27, n_eff: 100.0 };
/// assert_eq!(format!("{energy}, {energy:.3}"), "-1.9454 +- 0.0033, -1.945 +- 0.003");
/// ```
impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_error = |error: f64| (1.0 - libm::log10(error).floor()).clamp(0.0, 17.0) as usize;
        let has_error = self.error > 0.0 && self.error.is_finite();
        let digits = f.precision().unwrap_or(if has_error { of_error(self.error) } else { 6 });
        write!(f, "{:.digits$} +- {:.digits$}", self.value, self.error)
    }
}

/// Value and error.
impl From<Estimate> for (f64, f64) {
    fn from(e: Estimate) -> Self {
        (e.value, e.error)
    }
}

impl Estimate {
    /// With an error that holds its own and the spread over `values` (Student's t, where there are two or more), in
    /// quadrature.
    ///
    /// ```
    /// use rgflow::statistics::{Estimate, student_t_error};
    /// let spread = student_t_error(&[1.0, 3.0]).error;
    /// let mean = Estimate { value: 2.0, error: 0.5, n_eff: 100.0 };
    /// assert_eq!(mean.with_spread(&[1.0, 3.0]).error, spread.hypot(0.5));
    /// assert_eq!(mean.with_spread(&[2.0]).error, 0.5);
    /// ```
    pub fn with_spread(self, values: &[f64]) -> Self {
        let spread = student_t_error(values).error;
        Self { error: self.error.hypot(if spread.is_finite() { spread } else { 0.0 }), ..self }
    }
}

/// Mean and standard deviation of independent values, that with n - 1; one value has the deviation NaN, none both.
///
/// ```
/// assert_eq!(rgflow::statistics::mean_and_deviation(&[1.0, 2.0, 6.0]), [3.0, 7.0f64.sqrt()]);
/// ```
pub fn mean_and_deviation(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    [mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()]
}

/// Mean over independent repetitions with Student's t: two errors are the half width of the two-sided 95.45 % interval,
/// so the error is t(0.97725, n - 1)/2 s / sqrt n. One repetition has the error NaN, none the value NaN.
///
/// Two errors are the interval that decides, and Student's law has no one factor for all intervals: with the 68.3 %
/// interval as the error, two of them would miss the mean of three normal values in 11.8 % of all cases, not in 4.55 %.
///
/// ```
/// let e = rgflow::statistics::student_t_error(&[1.0, 3.0]);
/// assert_eq!(e.value, 2.0);
/// assert!((e.error - 6.984).abs() < 1e-3); // two repetitions say little: s/sqrt 2 = 1, t = 13.97
/// ```
pub fn student_t_error(values: &[f64]) -> Estimate {
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n;
    let error = if values.len() < 2 {
        f64::NAN
    } else {
        let variance = values.iter().map(|v| (v - value) * (v - value)).sum::<f64>() / (n - 1.0);
        0.5 * student_t_quantile(PHI_TWO, n - 1.0) * (variance / n).sqrt()
    };
    Estimate { value, error, n_eff: n }
}

/// Probability that the mean of `n` values is off by at least so many `errors` of [`student_t_error`], to either side:
/// 4.55 % at two errors, whatever n. Errors of infinitely many values, and of fewer than two, are those of a normal
/// law.
///
/// ```
/// use rgflow::statistics::tail_of_errors;
/// assert!((tail_of_errors(2.0, 3.0) - 0.0455).abs() < 1e-5 && (tail_of_errors(2.0, 1e9) - 0.0455).abs() < 1e-5);
/// // Student's law has longer tails: 0.27 % of a normal law.
/// assert!((tail_of_errors(3.0, 3.0) - 0.0210).abs() < 1e-4);
/// ```
pub fn tail_of_errors(errors: f64, n: f64) -> f64 {
    /// Degrees of freedom from which Student's law is normal to seven digits.
    const MANY: f64 = 1e7;
    let dof = n - 1.0;
    if (1.0..MANY).contains(&dof) {
        student_t_two_sided(0.5 * errors * student_t_quantile(PHI_TWO, dof), dof)
    } else {
        normal_tail(errors)
    }
}

/// Mean of independent values with its standard error s / sqrt n; one value has the error NaN, none the value NaN.
///
/// ```
/// let e = rgflow::statistics::mean_error(&[1.0, 2.0, 3.0, 6.0]);
/// assert_eq!((e.value, e.error, e.n_eff), (3.0, (14.0f64 / 12.0).sqrt(), 4.0));
/// ```
pub fn mean_error(values: &[f64]) -> Estimate {
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n;
    let scatter = values.iter().map(|v| (v - value).powi(2)).sum::<f64>();
    Estimate { value, error: (scatter / (n * (n - 1.0))).sqrt(), n_eff: n }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_repetitions_have_wide_errors() {
        let two = student_t_error(&[-1.0, 1.0]);
        // One degree of freedom is a Cauchy law: t = tan(pi (0.97725 - 1/2)).
        assert!((two.error - 0.5 * (std::f64::consts::PI * (PHI_TWO - 0.5)).tan()).abs() < 1e-10);
        assert!(student_t_error(&[3.0]).error.is_nan());
        assert_eq!(student_t_error(&[3.0]).value, 3.0);
        let many: Vec<f64> = (0..10_000).map(|i| f64::from(i % 2)).collect();
        assert!((student_t_error(&many).error - 0.005).abs() < 1e-5);
    }
}
