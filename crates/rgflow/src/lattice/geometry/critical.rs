//! Critical temperatures of infinite lattices whose couplings differ by direction.

use super::Named;

/// Critical temperature of the infinite lattice of type `L` with the couplings `couplings` by direction, `uniform` that
/// for J = 1; `None` where it is not known.
pub(super) fn temperature<L: Named>(couplings: &[f64], uniform: Option<f64>) -> Option<f64> {
    if L::signs_matter(couplings) {
        return None;
    }
    let mut sizes: Vec<f64> = couplings.iter().map(|j| j.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    if sizes.iter().all(|j| *j == largest) {
        return uniform.map(|critical| critical * largest);
    }
    let order = |t: f64| L::order(&sizes.iter().map(|j| libm::sinh(2.0 * j / t)).collect::<Vec<_>>());
    // No ordered phase in the limit T -> 0: chains, or bonds that do not connect the lattice.
    let coldest: Vec<f64> = sizes.iter().map(|j| if *j > 0.0 { COLDEST } else { 0.0 }).collect();
    if L::order(&coldest)? <= 1.0 {
        return Some(0.0);
    }
    // The order falls with T; above 4 times the largest coupling no such lattice is ordered.
    let (mut low, mut high) = (0.0, 4.0 * largest);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        // Where sinh overflows the lattice is ordered.
        if order(middle).is_none_or(|s| s.is_nan() || s > 1.0) { low = middle } else { high = middle }
    }
    Some(0.5 * (low + high))
}

/// A large sinh(2 |J|/T), whose products do not overflow.
const COLDEST: f64 = 1e100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Cubic, Honeycomb, Ring, Square, Triangular};

    #[test]
    fn known_limits() {
        let square = 2.0 / (1.0 + 2.0f64.sqrt()).ln();
        let triangular = 4.0 / 3.0f64.ln();
        let honeycomb = 2.0 / (2.0 + 3.0f64.sqrt()).ln();
        fn at<L: Named>(couplings: &[f64]) -> f64 {
            temperature::<L>(couplings, Some(1.0)).unwrap()
        }
        // Nearly one coupling: the uniform value.
        let near = 1.0 + 1e-12;
        assert!((at::<Square>(&[1.0, near]) - square).abs() < 1e-9);
        assert!((at::<Triangular>(&[1.0, near, 1.0]) - triangular).abs() < 1e-9);
        assert!((at::<Honeycomb>(&[-1.0, near, 1.0]) - honeycomb).abs() < 1e-9);
        // A triangular lattice without one of its directions is the square lattice; a strong bond makes one spin of two
        // on the honeycomb lattice, and the rest is a square lattice.
        assert!((at::<Triangular>(&[1.0, 0.0, 1.0]) - square).abs() < 1e-9);
        assert!((at::<Honeycomb>(&[1.0, 1.0, 1e3]) - square).abs() < 1e-9);
        // sinh(2/T) sinh(1/T) = 1.
        let t = at::<Square>(&[1.0, -0.5]);
        assert!(((2.0 / t).sinh() * (1.0 / t).sinh() - 1.0).abs() < 1e-12, "{t}");
        assert_eq!(at::<Square>(&[0.0, 3.0]), 0.0);
        assert_eq!(at::<Honeycomb>(&[0.0, 3.0, 1.0]), 0.0);
        assert_eq!(temperature::<Square>(&[-2.0, 2.0], Some(2.25)), Some(4.5));
        assert_eq!(temperature::<Triangular>(&[-1.0; 3], Some(1.0)), None);
        assert_eq!(temperature::<Cubic>(&[1.0, 1.0, 0.5], Some(4.5)), None);
        assert_eq!(temperature::<Ring>(&[-3.0], Some(0.0)), Some(0.0));
    }
}
