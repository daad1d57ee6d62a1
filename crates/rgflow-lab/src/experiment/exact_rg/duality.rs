//! Kramers-Wannier duality of the square lattice (thesis eqs 3.2.27-3.2.33, corrected).

use super::Part;
use super::settings::Duality;
use crate::artifact::Error;
use crate::record::{Axis, Curve, Figure, Number, Panel, Section, Style};
use rgflow::exact::{Thermodynamics, infinite, square};
use rgflow::lattice::Temperature;
use rgflow::rg::duality::{CRITICAL_COUPLING, dual};
use std::f64::consts::LN_2;

/// Deviations that rounding explains: of free energies per site, and of those of a whole torus.
const ROUNDING: [f64; 2] = [1e-12, 1e-8];
/// The coupling at which a torus is compared (deep enough in the ordered phase on the dual side).
const K: f64 = 0.3;

/// ln(Z / sinh^{N/2} 2K) per site.
fn invariant(k: f64, of: impl Fn(Temperature) -> Result<Thermodynamics, Error>) -> Result<f64, Error> {
    let found = of(Temperature::new(1.0 / k)?)?;
    let free_energy = found.free_energy.ok_or_else(|| Error::failure("no free energy at T = inf"))?;
    Ok(-k * free_energy - 0.5 * libm::log(libm::sinh(2.0 * k)))
}

/// Where K is its own dual, by bisection.
fn self_dual() -> f64 {
    let (mut low, mut high) = (0.1, 2.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if dual(middle) > middle { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

pub(super) fn part(settings: &Duality) -> Result<Part, Error> {
    let plane = |k: f64| invariant(k, |t| Ok(infinite::thermodynamics(t)));
    let mut worst = 0.0f64;
    for k in &settings.k {
        worst = worst.max((plane(*k)? - plane(dual(*k))?).abs());
    }
    let size = settings.size;
    let torus = |k: f64| invariant(k, |t| Ok(square::thermodynamics(size, size, t)?));
    let apart = (size * size) as f64 * (torus(dual(K))? - torus(K)?);
    let fixed = self_dual();
    let number = |key: &str, value, how: String| Number::new(format!("exact-rg.duality.{key}"), value, None, "1", how);
    let numbers = vec![
        number(
            "infinite",
            worst,
            format!(
                "largest deviation of ln(Z / sinh^(N/2) 2K) per site at K and K*, {} couplings, Onsager's solution",
                settings.k.len()
            ),
        )
        .compare(0.0, 0.0, ROUNDING[0], "thesis eq. 3.2.31 without the printed 2^N"),
        number(
            "torus",
            apart,
            format!("ln of the ratio of both sides at K* and K = {K}, torus of L = {size}, Kaufman's solution"),
        )
        .compare(
            LN_2,
            0.0,
            ROUNDING[1],
            "two ground states on the cold side: duality is exact in the thermodynamic limit alone",
        ),
        number("K_c", fixed, "where K* = K, by bisection".into()).compare(
            CRITICAL_COUPLING,
            0.0,
            ROUNDING[0],
            "thesis eq. 3.2.33: K_c = ln(1 + sqrt 2)/2",
        ),
    ];
    let answers = vec![format!(
        "Duality holds to {worst:.0e} on the infinite lattice; a torus of L = {size} is off by a factor {:.6}, its two ground states. K* = K at {fixed:.12}.",
        libm::exp(apart)
    )];
    let k: Vec<f64> = (1..=120).map(|i| 0.01 * f64::from(i)).collect();
    let axis = |label: &str| Axis { label: label.into(), limits: Some([0.0, 1.2]), ..Axis::default() };
    let curve =
        |label: &str, y: Vec<f64>, style| Curve { label: label.into(), x: k.clone(), y, style, ..Curve::default() };
    let figure = Figure {
        id: "eq3.2.31".into(),
        title: "Duality of the 2D Ising model".into(),
        caption: "The dual of each coupling; the dashed line is K* = K, crossed at K_c alone.".into(),
        alt: "The dual coupling falls with K and crosses the diagonal once, at 0.4407.".into(),
        panels: vec![Panel::Curves {
            title: String::new(),
            x: axis("K = J/T"),
            y: axis("K*"),
            curves: vec![
                curve("K*", k.iter().map(|k| dual(*k)).collect(), Style::Line),
                curve("K* = K", k.clone(), Style::Dashed),
            ],
        }],
    };
    let section = Section { title: "Duality".into(), figures: vec![figure], ..Section::default() };
    Ok(Part { numbers, answers, sections: vec![section], summary: None })
}
