//! Critical temperatures of infinite lattices whose couplings differ by direction.

/// Critical temperature of the infinite lattice `name` with the couplings `couplings` by direction, `uniform` that for J = 1; `None` where
/// it is not known.
///
/// With S_a = sinh(2 |J_a|/T): S_1 S_2 = 1 on the square lattice (Onsager 1944), S_1 S_2 + S_2 S_3 + S_3 S_1 = 1 on the triangular
/// and S_1 S_2 S_3 = S_1 + S_2 + S_3 on the honeycomb lattice (Houtappel 1950). Signs do not matter where no loop is frustrated.
pub(super) fn temperature(name: &str, couplings: &[f64], uniform: Option<f64>) -> Option<f64> {
    // Around a triangle each direction occurs once; every other loop has each of its directions an even number of times.
    if name == "triangular" && couplings.iter().product::<f64>() < 0.0 {
        return None;
    }
    // Whether couplings of other lattices are frustrated is not known here.
    let is_bipartite = matches!(name, "ring" | "square" | "honeycomb" | "cubic");
    if !is_bipartite && name != "triangular" && couplings.iter().any(|j| *j < 0.0) {
        return None;
    }
    let mut sizes: Vec<f64> = couplings.iter().map(|j| j.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    if sizes.iter().all(|j| *j == largest) {
        return uniform.map(|critical| critical * largest);
    }
    // Below 1 in the disordered phase.
    let order = |t: f64| -> Option<f64> {
        let s: Vec<f64> = sizes.iter().map(|j| libm::sinh(2.0 * j / t)).collect();
        match (name, &s[..]) {
            ("square", [a, b]) => Some(a * b),
            ("triangular", [a, b, c]) => Some(a * b + b * c + c * a),
            // Divided by the sinh of the largest coupling, which may overflow.
            ("honeycomb", [a, b, c]) => Some(a * b / (1.0 + (a + b) / c)),
            _ => None,
        }
    };
    order(largest)?;
    // No ordered phase: chains, or bonds that do not connect the lattice.
    let chains = match name {
        "honeycomb" => sizes.contains(&0.0),
        _ => sizes.iter().filter(|j| **j > 0.0).count() < 2,
    };
    if chains {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_limits() {
        let square = 2.0 / (1.0 + 2.0f64.sqrt()).ln();
        let triangular = 4.0 / 3.0f64.ln();
        let honeycomb = 2.0 / (2.0 + 3.0f64.sqrt()).ln();
        let at = |name: &str, couplings: &[f64]| temperature(name, couplings, Some(1.0)).unwrap();
        // Nearly one coupling: the uniform value.
        let near = 1.0 + 1e-12;
        assert!((at("square", &[1.0, near]) - square).abs() < 1e-9);
        assert!((at("triangular", &[1.0, near, 1.0]) - triangular).abs() < 1e-9);
        assert!((at("honeycomb", &[-1.0, near, 1.0]) - honeycomb).abs() < 1e-9);
        // A triangular lattice without one of its directions is the square lattice; a strong bond makes one spin of two on the honeycomb
        // lattice, and the rest is a square lattice.
        assert!((at("triangular", &[1.0, 0.0, 1.0]) - square).abs() < 1e-9);
        assert!((at("honeycomb", &[1.0, 1.0, 1e3]) - square).abs() < 1e-9);
        // sinh(2/T) sinh(1/T) = 1.
        let t = at("square", &[1.0, -0.5]);
        assert!(((2.0 / t).sinh() * (1.0 / t).sinh() - 1.0).abs() < 1e-12, "{t}");
        assert_eq!(at("square", &[0.0, 3.0]), 0.0);
        assert_eq!(at("honeycomb", &[0.0, 3.0, 1.0]), 0.0);
        assert_eq!(temperature("square", &[-2.0, 2.0], Some(2.25)), Some(4.5));
        assert_eq!(temperature("triangular", &[-1.0; 3], Some(1.0)), None);
        assert_eq!(temperature("cubic", &[1.0, 1.0, 0.5], Some(4.5)), None);
        assert_eq!(temperature("ring", &[-3.0], Some(0.0)), Some(0.0));
    }
}
