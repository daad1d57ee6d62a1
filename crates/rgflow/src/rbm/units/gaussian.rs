//! Gaussian units (thesis eq. 2.4.13b, which prints their energy with the wrong sign): e(a) = a^2 / (2 sigma^2).

use super::{Kind, Map, Noise, Units, number};
use crate::kernel::bits::ROWS;
use crate::kernel::lines::{COLUMNS, Line};
use crate::random::Bulk;
use crate::rbm::RbmError;
use ndarray::ArrayView1;
use std::fmt;

/// ln(2 pi) / 2.
const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

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

    fn new(sigma: Vec<f32>) -> Result<Self, RbmError> {
        if sigma.is_empty() {
            return Err(RbmError::Sigma { unit: 0, sigma: f32::NAN });
        }
        // The squares and their inverses are used: they must stay in the range of f32.
        let wrong = |s: &f32| !(*s > 0.0 && (s * s).is_normal() && (1.0 / (s * s)).is_normal());
        match sigma.iter().position(wrong) {
            Some(unit) => Err(RbmError::Sigma { unit, sigma: sigma[unit] }),
            None => Ok(Self(sigma)),
        }
    }
}

impl Units {
    /// Gaussian units of one standard deviation `sigma` > 0.
    ///
    /// # Errors
    /// [`RbmError::Sigma`] unless it is finite and > 0.
    ///
    /// ```
    /// use rgflow::rbm::Units;
    /// assert_eq!(Units::gaussian(0.5)?, "gaussian:0.5".parse()?);
    /// assert!(Units::gaussian(0.0).is_err());
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn gaussian(sigma: f32) -> Result<Self, RbmError> {
        Self::gaussian_each(vec![sigma])
    }

    /// Gaussian units with a standard deviation > 0 for each.
    ///
    /// # Errors
    /// [`RbmError::Sigma`] if one is not finite and > 0, or there is none.
    pub fn gaussian_each(sigma: Vec<f32>) -> Result<Self, RbmError> {
        Widths::new(sigma).map(Self::Gaussian)
    }
}

impl Kind for Widths {
    const NAME: &'static str = "Gaussian";
    const TEXTS: &'static str =
        "\"gaussian\" or \"gaussian:SIGMA\" (one value, or one for each unit, separated by commas)";
    const EXAMPLES: &'static [&'static str] = &["gaussian", "gaussian:0.5"];

    fn parse(text: &str) -> Option<Result<Self, RbmError>> {
        let list = if text == "gaussian" { "1" } else { text.strip_prefix("gaussian:")? };
        let sigma: Option<Vec<f32>> = list.split(',').map(number).collect();
        Some(Self::new(sigma?))
    }

    fn fits(&self, layer: &'static str, n: usize) -> Result<(), RbmError> {
        let what = if layer == "hidden" { "sigma of the hidden units" } else { "sigma of the visible units" };
        let found = self.0.len();
        if found == 1 || found == n { Ok(()) } else { Err(RbmError::Shape { what, expected: n, found }) }
    }

    fn variances(&self, n: usize) -> Option<Vec<f64>> {
        Some((0..n).map(|i| f64::from(self.sigma(i)).powi(2)).collect())
    }

    fn select(&self, units: &[usize]) -> Self {
        if self.0.len() == 1 { self.clone() } else { Self(units.iter().map(|i| self.0[*i]).collect()) }
    }

    fn misfit(&self, row: ArrayView1<f32>) -> Option<usize> {
        row.iter().position(|v| !v.is_finite())
    }

    /// sigma^2 z.
    fn mean(&self, n: usize, z: &mut [f32]) {
        for row in z.chunks_exact_mut(n) {
            for (i, z) in row.iter_mut().enumerate() {
                *z *= self.sigma(i) * self.sigma(i);
            }
        }
    }

    fn mean_of_lanes(&self, z: &mut [Line]) {
        for (i, z) in z.iter_mut().enumerate() {
            let variance = self.sigma(i) * self.sigma(i);
            z.0.iter_mut().for_each(|z| *z *= variance);
        }
    }

    fn mean_wide(&self, z: &[f64], means: &mut [f64]) {
        for (i, (mean, z)) in means.iter_mut().zip(z).enumerate() {
            *mean = f64::from(self.sigma(i)).powi(2) * z;
        }
    }

    /// integral exp(z a - a^2 / 2 s^2) da = s sqrt(2 pi) exp(s^2 z^2 / 2)
    fn ln_sum(&self, z: &[f64]) -> f64 {
        let term = |(i, z): (usize, &f64)| {
            let s = f64::from(self.sigma(i));
            0.5 * s * s * z * z + libm::log(s) + HALF_LN_TWO_PI
        };
        z.iter().enumerate().map(term).sum()
    }

    fn own_energy(&self, values: impl Iterator<Item = f32>) -> f64 {
        let term = |(i, a): (usize, f32)| {
            let x = f64::from(a) / f64::from(self.sigma(i));
            0.5 * x * x
        };
        values.enumerate().map(term).sum()
    }

    /// a = sigma^2 z + sigma (standard normal), sixteen units of all rows after another.
    fn draw(&self, n: usize, z: &mut [f32], noise: &mut Noise, random: &mut Bulk) {
        let lanes = (z.len() / n).next_multiple_of(ROWS) * COLUMNS;
        for first in (0..n).step_by(COLUMNS) {
            let noise = noise.normal(lanes, random);
            for (row, noise) in z.chunks_exact_mut(n).zip(noise.chunks_exact(COLUMNS)) {
                for ((i, z), e) in row.iter_mut().enumerate().skip(first).zip(noise) {
                    let sigma = self.sigma(i);
                    *z = sigma * (sigma * *z + e);
                }
            }
        }
    }

    /// mean / sigma^2.
    fn biases(&self, shares: &[f64], samples: usize) -> Vec<f32> {
        let bias = |(i, sum): (usize, &f64)| (sum / samples as f64 / f64::from(self.sigma(i)).powi(2)) as f32;
        shares.iter().enumerate().map(bias).collect()
    }

    /// Mean and variance; no narrower than the unit itself is.
    fn laws(&self, n: f64, means: &[f64], squares: &[f64]) -> Vec<(f64, f64)> {
        let law = |(i, mean): (usize, &f64)| (*mean, (squares[i] / n).max(f64::from(self.sigma(i)).powi(2)));
        means.iter().enumerate().map(law).collect()
    }

    fn ln_p(&self, value: f32, (mean, variance): (f64, f64)) -> f64 {
        -0.5 * (f64::from(value) - mean).powi(2) / variance - 0.5 * libm::log(std::f64::consts::TAU * variance)
    }

    fn map_to(&self, to: &Self, n: usize) -> Option<Map> {
        let scale: Vec<f64> = (0..n).map(|i| f64::from(self.sigma(i)) / f64::from(to.sigma(i))).collect();
        let ln_volume = scale.iter().map(|s| libm::log(*s)).sum();
        Some(Map { scale, shift: vec![0.0; n], ln_volume })
    }
}

impl fmt::Display for Widths {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.0 == [1.0] {
            return f.write_str("gaussian");
        }
        let values: Vec<String> = self.0.iter().map(f32::to_string).collect();
        write!(f, "gaussian:{}", values.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_that_are_none_are_refused() {
        assert_eq!("gaussian:0.5,1,2".parse::<Units>().unwrap().to_string(), "gaussian:0.5,1,2");
        for text in ["gaussian:0", "gaussian:-1", "gaussian:inf", "gaussian:1e-30", "gaussian:1,nan"] {
            assert!(matches!(text.parse::<Units>(), Err(RbmError::Sigma { .. })), "{text}");
        }
    }

    /// The integral by the trapezoidal rule.
    #[test]
    fn means_and_integrals_are_those_of_the_weights() {
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
}
