//! Duality of the square lattice (Kramers and Wannier 1941; thesis section 3.2, eqs 3.2.27-3.2.33).

/// The dual coupling K*, sinh 2K sinh 2K* = 1, of a coupling K > 0.
///
/// On the infinite lattice Z(K)/sinh^{N/2}(2K) = Z(K*)/sinh^{N/2}(2K*), without the 2^N of the printed eq. 3.2.31; on a
/// torus the two sides differ by a factor between 1/2 and 2, the ground states of one being one state of the other.
///
/// ```
/// use rgflow::rg::duality::{CRITICAL_COUPLING, dual};
/// assert!((dual(CRITICAL_COUPLING) - CRITICAL_COUPLING).abs() < 1e-15);
/// assert!((dual(dual(0.3)) - 0.3).abs() < 1e-15);
/// ```
pub fn dual(k: f64) -> f64 {
    // e^{-2K*} = tanh K
    -0.5 * libm::log(libm::tanh(k))
}

/// The only K that is its own dual, K_c = ln(1 + sqrt 2)/2.
pub const CRITICAL_COUPLING: f64 = 0.440_686_793_509_771_5;

/// Where K* = K, by bisection, which knows nothing of [`CRITICAL_COUPLING`].
pub fn self_dual() -> f64 {
    let (mut low, mut high) = (0.1, 2.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if dual(middle) > middle { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// ln(Z / sinh^{N/2} 2K) per site, which K and its dual share on the infinite lattice (thesis eq. 3.2.31).
///
/// `k`: K > 0. `free_energy`: that of a spin at K, -T ln Z / N, in J.
///
/// ```
/// use rgflow::exact::infinite;
/// use rgflow::lattice::Temperature;
/// use rgflow::rg::duality::{dual, invariant};
/// let [hot, cold] = [0.3, dual(0.3)].map(|k| {
///     let t = Temperature::new(1.0 / k).expect("above 0");
///     invariant(k, infinite::thermodynamics(t).free_energy.expect("finite"))
/// });
/// assert!((hot - cold).abs() < 1e-12);
/// ```
pub fn invariant(k: f64, free_energy: f64) -> f64 {
    -k * free_energy - 0.5 * libm::log(libm::sinh(2.0 * k))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{Thermodynamics, infinite, square};
    use crate::lattice::Temperature;
    use std::f64::consts::LN_2;

    fn invariant_by(k: f64, thermodynamics: impl Fn(Temperature) -> Thermodynamics) -> f64 {
        invariant(k, thermodynamics(Temperature::new(1.0 / k).unwrap()).free_energy.unwrap())
    }

    #[test]
    fn the_partition_functions_are_dual() {
        assert!((CRITICAL_COUPLING - 0.5 * (1.0 + 2f64.sqrt()).ln()).abs() < 1e-16);
        assert!((self_dual() - CRITICAL_COUPLING).abs() < 1e-15);
        for k in [0.1, 0.3, 0.4, CRITICAL_COUPLING, 0.6, 1.0] {
            assert!((2.0 * dual(k)).sinh() * (2.0 * k).sinh() - 1.0 < 1e-14);
            let [a, b] = [k, dual(k)].map(|k| invariant_by(k, infinite::thermodynamics));
            assert!((a - b).abs() < 1e-12, "K = {k}: {a}, {b}");
            // Of a torus: between one and two cold states for a hot one, two far from K_c.
            let torus = |k| 4096.0 * invariant_by(k, |t| square::thermodynamics(64, 64, t).unwrap());
            let apart = torus(k.max(dual(k))) - torus(k.min(dual(k)));
            assert!((-1e-8..LN_2 + 1e-8).contains(&apart), "K = {k}: {apart}");
            assert!(k != 0.3 || (apart - LN_2).abs() < 1e-8, "K = {k}: {apart}");
        }
    }
}
