//! Kinds of units: two-valued {low, high} (thesis eqs 2.4.18-2.4.23) and Gaussian (eq. 2.4.13b).
//!
//! A unit a in the field z has the weight exp(z a - e(a)): e = 0 for two-valued units, e = a^2 / (2 sigma^2) for Gaussian ones.
//! (Eq. 2.4.13b prints the energy of a Gaussian unit with the wrong sign.)

use super::RbmError;
use crate::kernel::lines::Line;
use crate::kernel::log_weights::sum_ln_two_valued;
use crate::kernel::vector::two_valued_mean;
use std::fmt;
use std::str::FromStr;

/// The two values of a unit, low < high, both finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    low: f32,
    high: f32,
}

impl Levels {
    /// Ising spins {-1, +1}.
    pub const SPIN: Self = Self { low: -1.0, high: 1.0 };
    /// Bits {0, 1}.
    pub const BINARY: Self = Self { low: 0.0, high: 1.0 };

    /// The values {low, high}.
    ///
    /// # Errors
    /// [`RbmError::Levels`] unless low < high, both finite with a finite difference.
    pub fn new(low: f32, high: f32) -> Result<Self, RbmError> {
        if low < high && low.is_finite() && high.is_finite() && (high - low).is_finite() {
            Ok(Self { low, high })
        } else {
            Err(RbmError::Levels { low, high })
        }
    }

    /// The lower value.
    pub fn low(self) -> f32 {
        self.low
    }

    /// The higher value.
    pub fn high(self) -> f32 {
        self.high
    }

    /// delta = high - low.
    pub fn delta(self) -> f32 {
        self.high - self.low
    }

    /// high - low in f64: the exact difference of the two values.
    pub(super) fn wide_delta(self) -> f64 {
        f64::from(self.high) - f64::from(self.low)
    }

    /// The value of the bit `up`.
    pub fn value(self, up: bool) -> f32 {
        if up { self.high } else { self.low }
    }
}

/// Standard deviations of Gaussian units at fixed other layer: one for the whole layer or one for each unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Widths(Vec<f32>);

impl Widths {
    /// sigma of unit `i`.
    ///
    /// # Panics
    /// If there is one for each unit and fewer than `i + 1` units.
    pub fn sigma(&self, i: usize) -> f32 {
        if self.0.len() == 1 { self.0[0] } else { self.0[i] }
    }

    /// The values as they were given.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
}

/// The kind of the units of a layer.
///
/// ```
/// use rgflow::rbm::Units;
/// let units: Units = "binary".parse()?;
/// assert_eq!(units, Units::BINARY);
/// assert_eq!(Units::two_valued(-1.0, 1.0)?, Units::SPIN);
/// assert_eq!(Units::gaussian(0.5)?.to_string(), "gaussian:0.5");
/// assert!("1,0".parse::<Units>().is_err());
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Units {
    /// Two values; P(high) = sigmoid(delta z) in the field z.
    TwoValued(Levels),
    /// Real values; normal of mean sigma^2 z and standard deviation sigma in the field z.
    Gaussian(Widths),
}

impl Units {
    /// {-1, +1}: the mean is tanh z.
    pub const SPIN: Self = Self::TwoValued(Levels::SPIN);
    /// {0, 1}: the mean is sigmoid z.
    pub const BINARY: Self = Self::TwoValued(Levels::BINARY);

    /// Two-valued units.
    ///
    /// # Errors
    /// [`RbmError::Levels`] unless low < high, both finite.
    pub fn two_valued(low: f32, high: f32) -> Result<Self, RbmError> {
        Levels::new(low, high).map(Self::TwoValued)
    }

    /// Gaussian units of one standard deviation `sigma` > 0.
    ///
    /// # Errors
    /// [`RbmError::Sigma`] unless it is finite and > 0.
    pub fn gaussian(sigma: f32) -> Result<Self, RbmError> {
        Self::gaussian_each(vec![sigma])
    }

    /// Gaussian units with a standard deviation > 0 for each.
    ///
    /// # Errors
    /// [`RbmError::Sigma`] if one is not finite and > 0, or there is none.
    pub fn gaussian_each(sigma: Vec<f32>) -> Result<Self, RbmError> {
        if sigma.is_empty() {
            return Err(RbmError::Sigma { unit: 0, sigma: f32::NAN });
        }
        // The squares and their inverses are used: they must stay in the range of f32.
        let wrong = |s: &f32| !(*s > 0.0 && (s * s).is_normal() && (1.0 / (s * s)).is_normal());
        match sigma.iter().position(wrong) {
            Some(unit) => Err(RbmError::Sigma { unit, sigma: sigma[unit] }),
            None => Ok(Self::Gaussian(Widths(sigma))),
        }
    }

    /// The two values, if the units are two-valued.
    pub fn levels(&self) -> Option<Levels> {
        match self {
            Self::TwoValued(levels) => Some(*levels),
            Self::Gaussian(_) => None,
        }
    }

    /// Whether a layer of `n` units can be of this kind.
    pub(super) fn fits(&self, n: usize) -> bool {
        match self {
            Self::TwoValued(_) => true,
            Self::Gaussian(widths) => widths.0.len() == 1 || widths.0.len() == n,
        }
    }

    /// Replaces the fields `z` (rows of `n` units) by the means of the units: eq. 2.4.22, or sigma^2 z.
    pub(super) fn mean(&self, n: usize, z: &mut [f32]) {
        match self {
            Self::TwoValued(levels) => two_valued_mean(z, levels.low, levels.high),
            Self::Gaussian(widths) => {
                for row in z.chunks_exact_mut(n) {
                    for (i, z) in row.iter_mut().enumerate() {
                        *z *= widths.sigma(i) * widths.sigma(i);
                    }
                }
            }
        }
    }

    /// Replaces the fields of the units of a layer, of a group of samples, by their means.
    pub(super) fn mean_of_lanes(&self, z: &mut [Line]) {
        match self {
            Self::TwoValued(levels) => two_valued_mean(bytemuck::cast_slice_mut(z), levels.low, levels.high),
            Self::Gaussian(widths) => {
                for (i, z) in z.iter_mut().enumerate() {
                    let variance = widths.sigma(i) * widths.sigma(i);
                    z.0.iter_mut().for_each(|z| *z *= variance);
                }
            }
        }
    }

    /// The means of the units of a layer in the fields `z`, in f64.
    pub(super) fn mean_wide(&self, z: &[f64], means: &mut [f64]) {
        for (i, (mean, z)) in means.iter_mut().zip(z).enumerate() {
            *mean = match self {
                Self::TwoValued(levels) => {
                    let delta = levels.wide_delta();
                    f64::from(levels.low) + delta / (1.0 + libm::exp(-delta * z))
                }
                Self::Gaussian(widths) => f64::from(widths.sigma(i)).powi(2) * z,
            };
        }
    }

    /// Sum over the units of a layer of ln (sum over a of exp(z a - e(a))), with the integral over a for Gaussian units.
    pub(super) fn ln_sum(&self, z: &[f64]) -> f64 {
        match self {
            Self::TwoValued(levels) => sum_ln_two_valued(z, levels.low.into(), levels.high.into()),
            Self::Gaussian(widths) => {
                // integral exp(z a - a^2 / 2 s^2) da = s sqrt(2 pi) exp(s^2 z^2 / 2)
                let term = |(i, z): (usize, &f64)| {
                    let s = f64::from(widths.sigma(i));
                    0.5 * s * s * z * z + libm::log(s) + HALF_LN_TWO_PI
                };
                z.iter().enumerate().map(term).sum()
            }
        }
    }

    /// Sum of the units' own energies e(a): 0 for two-valued units.
    pub(super) fn own_energy(&self, values: impl Iterator<Item = f32>) -> f64 {
        match self {
            Self::TwoValued(_) => 0.0,
            Self::Gaussian(widths) => {
                let term = |(i, a): (usize, f32)| {
                    let x = f64::from(a) / f64::from(widths.sigma(i));
                    0.5 * x * x
                };
                values.enumerate().map(term).sum()
            }
        }
    }
}

/// ln(2 pi) / 2.
const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::TwoValued(levels) if *levels == Levels::SPIN => f.write_str("spin"),
            Self::TwoValued(levels) if *levels == Levels::BINARY => f.write_str("binary"),
            Self::TwoValued(levels) => write!(f, "{},{}", levels.low, levels.high),
            Self::Gaussian(widths) if widths.0 == [1.0] => f.write_str("gaussian"),
            Self::Gaussian(widths) => {
                let values: Vec<String> = widths.0.iter().map(f32::to_string).collect();
                write!(f, "gaussian:{}", values.join(","))
            }
        }
    }
}

impl FromStr for Units {
    type Err = RbmError;

    /// "spin", "binary", "LOW,HIGH", "gaussian" (sigma = 1), "gaussian:SIGMA" or "gaussian:SIGMA,SIGMA,...".
    fn from_str(text: &str) -> Result<Self, RbmError> {
        let wrong = || RbmError::UnitsText(text.to_owned());
        let numbers = |list: &str| -> Result<Vec<f32>, RbmError> {
            list.split(',').map(|x| x.trim().parse().map_err(|_| wrong())).collect()
        };
        match text.trim() {
            "spin" => Ok(Self::SPIN),
            "binary" => Ok(Self::BINARY),
            "gaussian" => Self::gaussian(1.0),
            other => match other.strip_prefix("gaussian:") {
                Some(list) => Self::gaussian_each(numbers(list)?),
                None => match numbers(other)?[..] {
                    [low, high] => Self::two_valued(low, high),
                    _ => Err(wrong()),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_parsed_and_printed() {
        for text in ["spin", "binary", "0.2,0.8", "-2,-0.5", "gaussian", "gaussian:0.5", "gaussian:0.5,1,2"] {
            assert_eq!(text.parse::<Units>().unwrap().to_string(), text);
        }
        assert_eq!("0, 1".parse::<Units>().unwrap(), Units::BINARY);
        for text in ["", "spins", "1,1", "2,1", "0,inf", "nan,1", "0,1,2", "-3e38,3e38", "gaussian:", "gaussian:0"] {
            assert!(text.parse::<Units>().is_err(), "{text}");
        }
        for text in ["gaussian:-1", "gaussian:inf", "gaussian:1e-30", "gaussian:1,nan"] {
            assert!(matches!(text.parse::<Units>(), Err(RbmError::Sigma { .. })), "{text}");
        }
    }

    /// Eq. 2.4.22 against sums over both values, in f64, and the Gaussian integral by the trapezoidal rule.
    #[test]
    fn means_and_sums_are_those_of_the_weights() {
        for (low, high) in [(-1.0f32, 1.0f32), (0.0, 1.0), (0.25, 0.75), (-3.0, 0.5)] {
            let units = Units::two_valued(low, high).unwrap();
            for z in [-30.0f32, -2.0, -0.1, 0.0, 0.7, 3.0, 25.0] {
                let mut mean = [z];
                units.mean(1, &mut mean);
                let (z, low, high) = (f64::from(z), f64::from(low), f64::from(high));
                let (a, b) = ((low * z).exp(), (high * z).exp());
                assert!((f64::from(mean[0]) - (low * a + high * b) / (a + b)).abs() < 1e-6 * (high - low));
                let mut wide = [0.0];
                units.mean_wide(&[z], &mut wide);
                assert!((wide[0] - (low * a + high * b) / (a + b)).abs() < 1e-14 * (1.0 + high - low));
                assert!((units.ln_sum(&[z]) - (a + b).ln()).abs() < 1e-13 * (1.0 + z.abs()), "{units}, {z}");
            }
        }
        let units = Units::gaussian_each(vec![0.5, 2.0]).unwrap();
        let z = [1.5f32, -0.4];
        let (mut ln, mut mean) = (0.0, z);
        units.mean(2, &mut mean);
        for (i, sigma) in [0.5, 2.0].into_iter().enumerate() {
            let (mut sum, mut first) = (0.0, 0.0);
            for k in -40_000..40_000 {
                let a = f64::from(k) * 1e-3;
                let weight = (f64::from(z[i]) * a - a * a / (2.0 * sigma * sigma)).exp() * 1e-3;
                (sum, first) = (sum + weight, first + a * weight);
            }
            ln += sum.ln();
            assert!((f64::from(mean[i]) - first / sum).abs() < 1e-6);
        }
        assert!((units.ln_sum(&z.map(f64::from)) - ln).abs() < 1e-10);
        assert!((units.own_energy([1.0, 4.0].into_iter()) - 4.0).abs() < 1e-12);
    }

    /// The naive ln(1 + exp z) overflows at z = 710; ours does not, for any kind.
    #[test]
    fn large_fields_do_not_overflow() {
        for z in [-1e6, -800.0, 800.0, 1e6] {
            assert_eq!(Units::BINARY.ln_sum(&[z]), z.max(0.0));
            assert_eq!(Units::SPIN.ln_sum(&[z]), z.abs());
        }
    }
}
