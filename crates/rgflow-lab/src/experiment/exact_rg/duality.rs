//! Kramers-Wannier duality of the square lattice (thesis eqs 3.2.27-3.2.33, corrected).

use super::{Duality, exact};
use crate::study::prelude::*;
use rgflow::exact::{Thermodynamics, infinite, square};
use rgflow::rg::duality::{CRITICAL_COUPLING, dual, invariant, self_dual};
use std::f64::consts::LN_2;

/// Deviations explained by rounding: of free energies per site, and of those of a whole torus.
const ROUNDING: [f64; 2] = [1e-12, 1e-8];
/// Coupling at which a torus is compared (its dual lies deep in the ordered phase).
const K: f64 = 0.3;

/// Excess of ln(Z / sinh^{N/2} 2K) per site at K* over that at K, by the exact solution `of` a lattice.
fn apart(k: f64, of: impl Fn(Temperature) -> Result<Thermodynamics, Error>) -> Result<f64, Error> {
    let at = |k: f64| -> Result<f64, Error> {
        let free_energy = of(Temperature::new(1.0 / k)?)?.free_energy;
        Ok(invariant(k, free_energy.ok_or_else(|| Error::failure("no free energy at T = inf"))?))
    };
    Ok(at(dual(k))? - at(k)?)
}

pub(super) fn add_sections(settings: &Duality, record: &mut Record) -> Result<(), Error> {
    let mut worst = 0.0f64;
    for k in settings.k.iter() {
        worst = worst.max(apart(**k, |t| Ok(infinite::thermodynamics(t)))?.abs());
    }
    let size = *settings.size;
    let of_torus = (size * size) as f64 * apart(K, |t| Ok(square::thermodynamics(size, size, t)?))?;
    let how = format!(
        "largest deviation of ln(Z / sinh^(N/2) 2K) per site at K and K*, {} couplings, Onsager's solution",
        settings.k.len()
    );
    let source = "thesis eq. 3.2.31 without the printed 2^N";
    let infinite = exact("duality.infinite", worst, &how, (0.0, ROUNDING[0], source));
    let how = format!("ln of the ratio of both sides at K* and K = {K}, torus of L = {size}, Kaufman's solution");
    let source = "two ground states on the cold side: duality is exact in the thermodynamic limit alone";
    let torus = exact("duality.torus", of_torus, &how, (LN_2, ROUNDING[1], source));
    let source = "thesis eq. 3.2.33: K_c = ln(1 + sqrt 2)/2";
    let fixed = self_dual();
    let critical = exact("duality.K_c", fixed, "where K* = K, by bisection", (CRITICAL_COUPLING, ROUNDING[0], source));

    record.claims.extend([
        Claim::of("eq3.2.31", "sinh 2K sinh 2K* = 1 (deviation per site)", &infinite),
        Claim::of("eq3.2.31", "K_c = ln(1 + sqrt 2)/2", &critical),
    ]);
    record.numbers.extend([infinite, torus, critical]);
    record.answers.push(format!(
        "Duality holds to {worst:.0e} on the infinite lattice; a torus of L = {size} is off by a factor {:.6}, its two \
         ground states. K* = K at {fixed:.12}.",
        libm::exp(of_torus)
    ));
    let k: Vec<f64> = (1..=120).map(|i| 0.01 * f64::from(i)).collect();
    let duals: Vec<f64> = k.iter().map(|k| dual(*k)).collect();
    let curves =
        [Curve::new("K*", k.as_slice(), duals), Curve::new("K* = K", k.as_slice(), k.as_slice()).style(Style::Dashed)];
    let axis = |label: &str| Axis::new(label).limits(0.0, 1.2);
    let figure = Figure::new("eq3.2.31", "Duality of the 2D Ising model")
        .caption(
            "The dual of each coupling; the dashed line is K* = K, crossed at K_c alone.",
            "The dual coupling falls with K and crosses the diagonal once, at 0.4407.",
        )
        .panels([Panel::curves("", axis("K = J/T"), axis("K*"), curves)]);
    record.sections.push(Section::new("Duality").figures([figure]));
    Ok(())
}
