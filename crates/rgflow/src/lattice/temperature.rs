//! Temperatures in J/k_B, from absolute zero to infinity.

use std::fmt;
use std::str::FromStr;

use super::LatticeError;

/// A temperature in `[0, inf]`, never NaN, in units J/k_B.
///
/// ```
/// use rgflow::lattice::Temperature;
/// let t: Temperature = "2.25".parse()?;
/// assert_eq!(t.value(), 2.25);
/// assert_eq!("Tc".parse::<Temperature>()?, Temperature::CRITICAL);
/// assert_eq!("inf".parse::<Temperature>()?.beta(), 0.0);
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Temperature(f64);

impl Temperature {
    /// Critical temperature of the square lattice, 2/ln(1 + sqrt 2) (Onsager 1944).
    pub const CRITICAL: Self = Self(2.269_185_314_213_022);
    /// Absolute zero: both ground states with probability 1/2.
    pub const ZERO: Self = Self(0.0);
    /// Infinite temperature: every spin on its own.
    pub const INFINITE: Self = Self(f64::INFINITY);

    /// The temperature `value` (J/k_B).
    ///
    /// # Errors
    /// [`LatticeError::Temperature`] if `value` is negative or NaN.
    pub fn new(value: f64) -> Result<Self, LatticeError> {
        // The sum turns -0 into 0, so that 1/T is never -inf.
        if value >= 0.0 { Ok(Self(value + 0.0)) } else { Err(LatticeError::Temperature(value)) }
    }

    /// The temperatures `values` (J/k_B) in their order.
    ///
    /// ```
    /// use rgflow::lattice::Temperature;
    /// assert_eq!(Temperature::list(&[0.0, 2.5])?[1].value(), 2.5);
    /// assert!(Temperature::list(&[1.0, -1.0]).is_err());
    /// # Ok::<(), rgflow::lattice::LatticeError>(())
    /// ```
    ///
    /// # Errors
    /// [`LatticeError::Temperature`] for the first that is negative or NaN.
    pub fn list(values: &[f64]) -> Result<Vec<Self>, LatticeError> {
        values.iter().map(|t| Self::new(*t)).collect()
    }

    /// The value in J/k_B, in `[0, inf]`.
    pub fn value(self) -> f64 {
        self.0
    }

    /// Inverse temperature, the coupling K = J/(k_B T), in `[0, inf]`.
    pub fn beta(self) -> f64 {
        1.0 / self.0
    }
}

impl fmt::Display for Temperature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Temperature {
    type Err = LatticeError;

    fn from_str(text: &str) -> Result<Self, LatticeError> {
        match text.trim() {
            "Tc" => Ok(Self::CRITICAL),
            "inf" | "Tinf" => Ok(Self::INFINITE),
            number => {
                let value = number.parse().map_err(|_| LatticeError::TemperatureText(text.to_owned()))?;
                Self::new(value)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_temperatures_exist() {
        assert_eq!(Temperature::new(-0.5), Err(LatticeError::Temperature(-0.5)));
        assert!(Temperature::new(f64::NAN).is_err());
        assert!("NaN".parse::<Temperature>().is_err());
        assert!("cold".parse::<Temperature>().is_err());
        assert_eq!(Temperature::new(-0.0).unwrap().beta(), f64::INFINITY);
        assert_eq!(Temperature::INFINITE.beta(), 0.0);
        assert_eq!("2.25".parse::<Temperature>().unwrap().to_string(), "2.25");
        assert_eq!("inf".parse::<Temperature>().unwrap().to_string(), "inf");
        let exact = 2.0 / libm::log1p(std::f64::consts::SQRT_2);
        assert!((Temperature::CRITICAL.value() - exact).abs() < 1e-15);
    }
}
