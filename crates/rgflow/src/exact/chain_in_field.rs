//! The ring of N spins in a field, exactly: H = - sum s_i s_{i+1} - h sum s_i (Ising 1925; thesis eq. 3.2.3).
//!
//! The transfer matrix [[e^{K+B}, e^-K], [e^-K, e^{K-B}]], B = h/T, has the eigenvalues
//! e^{K+|B|} (A +- D), A = (1 + c)/2, D = sqrt((1 - c)^2/4 + e^{-4K} c), c = e^{-2|B|}; with rho = (A - D)/(A + D)
//! Z = e^{N(K+|B|)} (A + D)^N (1 + rho^N).

use super::error::finite_field;
use super::wide::{Jet, Wide};
use super::{ExactError, Thermodynamics, chain};
use crate::lattice::{Ring, Temperature};

/// Energy (with its part in the field), specific heat and free energy per spin of the ring of `n` spins in the field
/// `field` (J), at `temperature` in `[0, inf]`.
///
/// # Errors
/// [`ExactError::Lattice`] if `n` is below 2, [`ExactError::Field`] if the field is not finite.
///
/// ```
/// use rgflow::{exact::chain_in_field, lattice::Temperature};
/// let hot = chain_in_field::thermodynamics(1000, Temperature::new(1e3)?, 2.0)?;
/// // Nearly free spins: -h tanh(h/T) and bonds of -tanh(1/T).
/// assert!((hot.energy - -(2.0 * 2e-3 + 1e-3)).abs() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn thermodynamics(n: usize, temperature: Temperature, field: f64) -> Result<Thermodynamics, ExactError> {
    let h = finite_field(field)?.abs();
    if h == 0.0 || temperature == Temperature::INFINITE {
        return chain::thermodynamics(n, temperature);
    }
    Ring::new(n)?;
    let (t, k) = (temperature.value(), temperature.beta());
    // The least excitations cost 2h + 4 and, of a whole ring, 2 N h; where e^{-2h/T} alone is below the range of the
    // sums, so is everything above the ground state.
    if t == 0.0 || k * (4.0 + 2.0 * h).min(2.0 * h * n as f64) > 700.0 {
        let ground = -1.0 - h;
        return Ok(Thermodynamics { energy: ground, specific_heat: 0.0, free_energy: Some(ground) });
    }
    let exp = |rate: f64| {
        let rate = Wide::from(rate);
        let value = (Wide::from(t).recip() * rate).exp();
        Jet { value, first: value * rate, second: value * rate * rate }
    };
    let (one, half) = (Jet::constant(1.0), Wide::from(0.5));
    let (c, y) = (exp(-2.0 * h), exp(-4.0));
    let gap = (one - c).scaled(half);
    let root = (gap * gap + y * c).sqrt();
    // A + D = 1 + (D - (1 - c)/2), the bracket of which is small at low temperatures: y c / (D + (1 - c)/2).
    let excess = y * c * (root + gap).recip();
    let sum = one + excess;
    let rho = c * (one - y) * (sum * sum).recip();
    let per_spin = Wide::from(n as f64).recip();
    let log_z = sum.ln() + (one + rho.powi(n)).ln().scaled(per_spin);
    Ok(Thermodynamics {
        energy: (Wide::from(-1.0 - h) - log_z.first).hi,
        specific_heat: k * k * log_z.second.hi,
        free_energy: Some(-1.0 - h - t * log_z.value.hi),
    })
}

/// Mean magnetisation \<s> per spin of the ring of `n` spins in the field `field` (J).
///
/// # Errors
/// As [`thermodynamics`].
pub fn magnetisation(n: usize, temperature: Temperature, field: f64) -> Result<f64, ExactError> {
    let eigen = Eigen::new(n, temperature, field)?;
    // cos 2 phi (1 - rho^N)/(1 + rho^N).
    Ok(eigen.cosine * -libm::expm1(eigen.log_ratio * n as f64) / (1.0 + eigen.power(n)))
}

/// <s_0 s_r> on the ring of `n` spins in the field `field` (J), not connected; `r` is taken modulo `n`.
///
/// # Errors
/// As [`thermodynamics`].
pub fn correlation(n: usize, r: usize, temperature: Temperature, field: f64) -> Result<f64, ExactError> {
    let eigen = Eigen::new(n, temperature, field)?;
    let r = r % n;
    let decay = (eigen.power(r) + eigen.power(n - r)) / (1.0 + eigen.power(n));
    Ok(eigen.cosine * eigen.cosine + eigen.sine_square * decay)
}

/// Eigenvectors (cos phi, sin phi), (-sin phi, cos phi) of the transfer matrix and ln of the eigenvalues' ratio.
struct Eigen {
    /// cos 2 phi = sinh B / sqrt(sinh^2 B + e^{-4K}), the magnetisation of the infinite ring.
    cosine: f64,
    /// sin^2 2 phi.
    sine_square: f64,
    /// ln rho, in [-inf, 0].
    log_ratio: f64,
}

impl Eigen {
    fn new(n: usize, temperature: Temperature, field: f64) -> Result<Self, ExactError> {
        Ring::new(n)?;
        let h = finite_field(field)?;
        let k = temperature.beta();
        if k == f64::INFINITY {
            let cosine = if h == 0.0 { 0.0 } else { h.signum() };
            let log_ratio = if h == 0.0 { 0.0 } else { f64::NEG_INFINITY };
            return Ok(Self { cosine, sine_square: 1.0 - cosine * cosine, log_ratio });
        }
        let b = h.abs() * k;
        let (c, y) = (libm::exp(-2.0 * b), libm::exp(-4.0 * k));
        let gap = -0.5 * libm::expm1(-2.0 * b);
        let root = (gap * gap + y * c).sqrt();
        if root == 0.0 {
            // No field, and domain walls below the range of f64.
            return Ok(Self { cosine: 0.0, sine_square: 1.0, log_ratio: 0.0 });
        }
        // rho = c (1 - y)/(A + D)^2, A + D = 1 + y c/(D + (1 - c)/2).
        let log_sum = libm::log1p(y * c / (root + gap));
        let log_ratio = -2.0 * b + libm::log(-libm::expm1(-4.0 * k)) - 2.0 * log_sum;
        Ok(Self { cosine: h.signum() * gap / root, sine_square: y * c / (root * root), log_ratio })
    }

    /// rho^exponent, with 0^0 = 1.
    fn power(&self, exponent: usize) -> f64 {
        if exponent == 0 { 1.0 } else { libm::exp(self.log_ratio * exponent as f64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::enumeration::{correlations, joint_density};

    #[test]
    fn agrees_with_enumeration() {
        for n in [2, 3, 7, 10] {
            let ring = Ring::new(n).unwrap();
            let joint = joint_density(&ring).unwrap();
            for t in [0.0, 0.02, 0.1, 0.25, 1.0, 2.0, 10.0, 1e5, f64::INFINITY] {
                for h in [0.0, 1e-9, 0.05, -0.3, 1.0, -2.5, 40.0] {
                    let temperature = Temperature::new(t).unwrap();
                    let exact = joint.averages(temperature, h).unwrap();
                    let seen = thermodynamics(n, temperature, h).unwrap();
                    let what = format!("n = {n}, T = {t}, h = {h}");
                    // The enumeration adds energies in f64: its exponents are known to 1e-15 n/T.
                    let rounding = 1e-14 + 1e-15 * n as f64 / t.max(0.01);
                    let close = |a: f64, b: f64| (a - b).abs() <= 1e-11 * b.abs() + rounding;
                    assert!(close(seen.energy, exact.energy), "{what}: {seen:?} {exact:?}");
                    assert!(close(seen.specific_heat, exact.specific_heat), "{what}: {seen:?} {exact:?}");
                    if t < f64::INFINITY {
                        let free = (exact.ground - t * exact.log_z_above_ground) / n as f64;
                        assert!(close(seen.free_energy.unwrap(), free), "{what}: {seen:?} {free}");
                    }
                    let m = magnetisation(n, temperature, h).unwrap();
                    assert!(close(m, exact.magnetisation), "{what}: {m} {exact:?}");
                    let all = correlations(&ring, 0, temperature, h).unwrap();
                    for (r, truth) in all.into_iter().enumerate() {
                        let g = correlation(n, r, temperature, h).unwrap();
                        assert!(close(g, truth), "{what}, r = {r}: {g} {truth}");
                    }
                }
            }
        }
    }

    #[test]
    fn limits() {
        let temperature = Temperature::new(0.8).unwrap();
        // A long ring has the magnetisation sinh B / sqrt(sinh^2 B + e^{-4K}).
        let (k, b) = (1.25f64, 0.3 / 0.8f64);
        let infinite = b.sinh() / (b.sinh().powi(2) + (-4.0 * k).exp()).sqrt();
        assert!((magnetisation(1_000_000, temperature, 0.3).unwrap() - infinite).abs() < 1e-14);
        for r in [0, 3, 8] {
            let without = chain::correlation(12, r, temperature).unwrap();
            assert!((correlation(12, r, temperature, 0.0).unwrap() - without).abs() < 1e-14);
        }
        assert!(matches!(magnetisation(5, temperature, f64::INFINITY), Err(ExactError::Field(_))));
        assert!(matches!(thermodynamics(1, temperature, 0.1), Err(ExactError::Lattice(_))));
    }
}
