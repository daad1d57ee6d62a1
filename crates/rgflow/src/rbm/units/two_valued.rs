//! Two-valued units {low, high} (thesis eqs 2.4.18-2.4.23): spins, bits and any other pair.

use super::{Kind, Map, Noise, Sites, Units, number};
use crate::kernel::lines::{COLUMNS, Line};
use crate::kernel::log_weights::sum_ln_two_valued;
use crate::kernel::spins::draw_line;
use crate::kernel::vector::two_valued_mean;
use crate::random::Bulk;
use crate::rbm::RbmError;
use ndarray::ArrayView1;
use std::fmt;

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
    pub(in crate::rbm) fn wide_delta(self) -> f64 {
        f64::from(self.high) - f64::from(self.low)
    }

    /// The value of the bit `up`.
    pub fn value(self, up: bool) -> f32 {
        if up { self.high } else { self.low }
    }
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
    ///
    /// ```
    /// use rgflow::rbm::Units;
    /// assert_eq!(Units::two_valued(-0.5, 0.5)?.range(), Some((-0.5, 0.5)));
    /// assert!(Units::two_valued(1.0, 1.0).is_err());
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn two_valued(low: f32, high: f32) -> Result<Self, RbmError> {
        Levels::new(low, high).map(Self::TwoValued)
    }
}

impl Kind for Levels {
    const NAME: &'static str = "two-valued";
    const TEXTS: &'static str = "\"spin\" (-1, +1), \"binary\" (0, 1), two values \"LOW,HIGH\"";
    const EXAMPLES: &'static [&'static str] = &["spin", "binary", "0.25,0.75", "-3,0.5"];

    fn parse(text: &str) -> Option<Result<Self, RbmError>> {
        match text {
            "spin" => Some(Ok(Self::SPIN)),
            "binary" => Some(Ok(Self::BINARY)),
            other => {
                let (low, high) = other.split_once(',')?;
                Some(Self::new(number(low)?, number(high)?))
            }
        }
    }

    fn levels(&self) -> Option<Levels> {
        Some(*self)
    }

    fn sites(&self) -> Option<Sites> {
        Some(Sites::new(vec![vec![self.low], vec![self.high]]))
    }

    /// Values in between are means.
    fn misfit(&self, row: ArrayView1<f32>) -> Option<usize> {
        row.iter().position(|v| !(self.low..=self.high).contains(v))
    }

    /// Eq. 2.4.22.
    fn mean(&self, _: usize, z: &mut [f32]) {
        two_valued_mean(z, self.low, self.high);
    }

    fn mean_of_lanes(&self, z: &mut [Line]) {
        two_valued_mean(bytemuck::cast_slice_mut(z), self.low, self.high);
    }

    fn mean_wide(&self, z: &[f64], means: &mut [f64]) {
        let delta = self.wide_delta();
        for (mean, z) in means.iter_mut().zip(z) {
            *mean = f64::from(self.low) + delta / (1.0 + libm::exp(-delta * z));
        }
    }

    fn ln_sum(&self, z: &[f64]) -> f64 {
        sum_ln_two_valued(z, self.low.into(), self.high.into())
    }

    fn site_law(&self, z: &[f64], p: &mut [f64]) {
        let x = self.wide_delta() * z[0];
        (p[0], p[1]) = (1.0 / (1.0 + libm::exp(x)), 1.0 / (1.0 + libm::exp(-x)));
    }

    /// P(high) = sigmoid(delta z). Gibbs chains hold such units as bits and draw these faster.
    fn draw(&self, _: usize, z: &mut [f32], noise: &mut Noise, random: &mut Bulk) {
        let words = noise.words(z.len().next_multiple_of(COLUMNS), random);
        for (z, words) in z.chunks_mut(COLUMNS).zip(words.as_chunks().0) {
            let fields = std::array::from_fn(|l| z.get(l).copied().unwrap_or(0.0));
            let up = draw_line(&fields, words, self.delta());
            z.iter_mut().enumerate().for_each(|(l, z)| *z = self.value(up >> l & 1 == 1));
        }
    }

    /// On the scale from low to high.
    fn share(&self, value: f32) -> f64 {
        (f64::from(value) - f64::from(self.low)) / self.wide_delta()
    }

    /// (1/delta) ln(p / (1 - p)), p by Laplace's rule.
    fn biases(&self, shares: &[f64], samples: usize) -> Vec<f32> {
        let bias = |share: &f64| {
            let p = (share + 1.0) / (samples as f64 + 2.0);
            (libm::log(p / (1.0 - p)) / self.wide_delta()) as f32
        };
        shares.iter().map(bias).collect()
    }

    /// The probability of the high value by Laplace's rule, and nothing.
    fn laws(&self, n: f64, means: &[f64], _: &[f64]) -> Vec<(f64, f64)> {
        let law = |mean: &f64| {
            let share = (mean - f64::from(self.low)) / f64::from(self.delta());
            ((share * n + 1.0) / (n + 2.0), 0.0)
        };
        means.iter().map(law).collect()
    }

    fn ln_p(&self, value: f32, (p, _): (f64, f64)) -> f64 {
        if value == self.high { libm::log(p) } else { libm::log1p(-p) }
    }

    fn map_to(&self, to: &Self, n: usize) -> Option<Map> {
        let scale = self.wide_delta() / to.wide_delta();
        let shift = f64::from(self.low) - scale * f64::from(to.low);
        Some(Map { scale: vec![scale; n], shift: vec![shift; n], ln_volume: 0.0 })
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match *self {
            Self::SPIN => f.write_str("spin"),
            Self::BINARY => f.write_str("binary"),
            Self { low, high } => write!(f, "{low},{high}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_that_are_none_are_refused() {
        assert_eq!("0, 1".parse::<Units>().unwrap(), Units::BINARY);
        for text in ["1,1", "2,1", "0,inf", "nan,1", "-3e38,3e38"] {
            assert!(matches!(text.parse::<Units>(), Err(RbmError::Levels { .. })), "{text}");
        }
    }

    /// Eq. 2.4.22 against sums over both values, in f64.
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
