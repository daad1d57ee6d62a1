//! Migdal-Kadanoff recursion (Migdal 1975, Kadanoff 1976): bonds are moved until b-fold chains can be summed over, b =
//! 2 on the square lattice.
//!
//! K' = (1/2) ln cosh 4K: two bonds of K side by side make 2K, two of these in a row tanh K' = tanh^2 2K. Exact on the
//! hierarchical lattice that is built by replacing a bond by two double bonds in a row, an approximation on the square
//! lattice (T* = 3.282 for 2.269, nu = 1.338 for 1).

/// The coupling after one step, b = 2. `k` >= 0.
///
/// ```
/// use rgflow::rg::migdal_kadanoff::{fixed_point, step};
/// assert!((step(fixed_point()) - fixed_point()).abs() < 1e-15);
/// assert!(step(0.3) < 0.3 && step(0.31) > 0.31); // away from it on both sides
/// ```
pub fn step(k: f64) -> f64 {
    // ln cosh x = x + ln(1 + e^{-2x}) - ln 2, which does not overflow.
    let x = 4.0 * k.abs();
    0.5 * (x + libm::log1p(libm::exp(-2.0 * x)) - std::f64::consts::LN_2)
}

/// `k` and the couplings after 1, 2 ... `steps` steps.
pub fn flow(k: f64, steps: usize) -> Vec<f64> {
    std::iter::successors(Some(k), |k| Some(step(*k))).take(steps + 1).collect()
}

/// The unstable fixed point K* = 0.304689, by bisection.
pub fn fixed_point() -> f64 {
    let (mut low, mut high) = (0.1, 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if step(middle) < middle { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// nu = ln b / ln(dK'/dK) at the fixed point: 1.338.
pub fn nu() -> f64 {
    std::f64::consts::LN_2 / libm::log(2.0 * libm::tanh(4.0 * fixed_point()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_and_exponent_of_the_literature() {
        assert!((fixed_point() - 0.3047).abs() < 5e-5, "{}", fixed_point());
        assert!((nu() - 1.338).abs() < 5e-4, "{}", nu());
        // tanh K' = tanh^2 2K.
        for k in [0.05, 0.3, 0.5, 1.2] {
            assert!((libm::tanh(step(k)) - libm::tanh(2.0 * k).powi(2)).abs() < 1e-14);
        }
        assert_eq!(flow(0.3, 2), [0.3, step(0.3), step(step(0.3))]);
        assert!((step(1000.0) - (2000.0 - 0.5 * std::f64::consts::LN_2)).abs() < 1e-9);
    }

    /// Exact on its hierarchical lattice: a spin summed over that two bonds join to either end.
    #[test]
    fn two_double_bonds_in_a_row_are_a_bond() {
        let k: f64 = 0.37;
        let weight = |end: f64| -> f64 { [1.0, -1.0].iter().map(|s| libm::exp(2.0 * k * (s + s * end))).sum() };
        let ratio = libm::log(weight(1.0) / weight(-1.0)) / 2.0;
        assert!((ratio - step(k)).abs() < 1e-14);
    }
}
