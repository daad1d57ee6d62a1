//! The curve on which all data of a collapse are to lie, and how it is fitted.

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

impl Master {
    /// Whether a point lies in the window.
    pub fn holds(&self, size: usize, temperature: f64) -> bool {
        let [t_c, nu, _] = self.start;
        (distance(temperature, t_c) * libm::pow(size as f64, 1.0 / nu)).abs() <= self.window
    }

    /// f(x) of the `coefficients` that were fitted.
    pub fn curve(&self, coefficients: &[f64], x: f64) -> f64 {
        coefficients[..=self.degree].iter().rev().fold(0.0, |sum, c| sum * x + c)
    }

    /// L^{-omega} (g_0 + g_1 x) of the `coefficients` that were fitted.
    pub fn correction(&self, coefficients: &[f64], size: usize, x: f64) -> f64 {
        let Some(omega) = self.omega else { return 0.0 };
        libm::pow(size as f64, -omega) * (coefficients[self.degree + 1] + coefficients[self.degree + 2] * x)
    }
}

/// t = T_c (1 - T_c/T), in J/k_B.
///
/// ```
/// let t = rgflow::scaling::distance(2.2701, 2.27);
/// assert!((t - 1e-4).abs() < 1e-8);
/// ```
pub fn distance(temperature: f64, t_c: f64) -> f64 {
    t_c * (1.0 - t_c / temperature)
}
