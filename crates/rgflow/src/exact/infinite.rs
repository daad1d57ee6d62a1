//! The infinite square lattice without field: Onsager, Phys. Rev. 65, 117 (1944); Yang, Phys. Rev. 85, 808 (1952).
//!
//! Energy and specific heat come from the complete elliptic integral K(kappa) = pi / (2 AGM(1, kappa')) in 32 digits
//! with analytic derivatives, as terms of order one cancel at both ends; the free energy from Onsager's integral.

use std::f64::consts::{LN_2, PI, SQRT_2};

use super::Thermodynamics;
use super::wide::{Jet, Wide};
use crate::lattice::Temperature;

/// Catalan's constant G.
const CATALAN: f64 = 0.915_965_594_177_219;

/// From this coupling on the low-temperature series x^4 + 2 x^6, x = e^{-2K}, is exact in f64.
const COLD_COUPLING: f64 = 8.0;

/// Below this coupling the high-temperature series in K is exact in f64.
const HOT_COUPLING: f64 = 1e-5;

/// Energy, specific heat and free energy per spin, to about 14 digits, at any temperature in `[0, inf]`.
///
/// [`Temperature::CRITICAL`] stands for T_c itself: energy -sqrt 2, specific heat infinite. Around it the specific heat
/// grows as -(8/pi) K_c^2 ln|1 - T/T_c|.
///
/// ```
/// use rgflow::{exact::infinite, lattice::Temperature};
/// let critical = infinite::thermodynamics(Temperature::CRITICAL);
/// assert_eq!(critical.energy, -std::f64::consts::SQRT_2);
/// assert_eq!(critical.specific_heat, f64::INFINITY);
/// ```
pub fn thermodynamics(temperature: Temperature) -> Thermodynamics {
    let (t, k) = (temperature.value(), temperature.beta());
    if t == f64::INFINITY {
        return Thermodynamics { energy: 0.0, specific_heat: 0.0, free_energy: None };
    }
    if k >= COLD_COUPLING {
        // ln Z/N - 2K = y^2 + 2 y^3, y = e^{-4K}.
        let y = libm::exp(-4.0 * k);
        let square = 64.0 * y * y + 288.0 * y * y * y;
        return Thermodynamics {
            energy: -2.0 + 8.0 * y * y + 24.0 * y * y * y,
            specific_heat: if square == 0.0 { 0.0 } else { k * k * square },
            free_energy: Some(-2.0 - if t == 0.0 { 0.0 } else { t * (y * y + 2.0 * y * y * y) }),
        };
    }
    if k < HOT_COUPLING {
        // ln Z/N = ln 2 + K^2 + 5 K^4/6.
        let square = k * k;
        return Thermodynamics {
            energy: -k * (2.0 + 10.0 / 3.0 * square),
            specific_heat: square * (2.0 + 10.0 * square),
            free_energy: Some(-t * (LN_2 + square)),
        };
    }
    if temperature == Temperature::CRITICAL {
        let free_energy = Some(-t * (0.5 * LN_2 + 2.0 * CATALAN / PI));
        return Thermodynamics { energy: -SQRT_2, specific_heat: f64::INFINITY, free_energy };
    }
    let energy = energy(t);
    Thermodynamics {
        energy: energy.value.hi,
        specific_heat: -k * k * energy.first.hi,
        free_energy: Some(-t * log_z(k)),
    }
}

/// Spontaneous magnetisation per spin, (1 - sinh(2K)^-4)^(1/8) below T_c and 0 from T_c on.
pub fn magnetisation(temperature: Temperature) -> f64 {
    if temperature >= Temperature::CRITICAL {
        return 0.0;
    }
    let inverse = 1.0 / libm::sinh((2.0 * temperature.beta()).min(700.0));
    // exp and log1p keep the digits of 1 - m at low temperatures.
    libm::exp(0.125 * libm::log1p(-inverse * inverse * inverse * inverse))
}

/// Correlation length along an axis in lattice units, 1/xi = ln coth K - 2K, above T_c; infinite at T_c, 0 at T = inf.
///
/// `None` below T_c, where this formula does not hold.
pub fn correlation_length(temperature: Temperature) -> Option<f64> {
    if temperature < Temperature::CRITICAL {
        return None;
    }
    if temperature == Temperature::CRITICAL {
        return Some(f64::INFINITY);
    }
    let k = temperature.beta();
    Some(if k == 0.0 { 0.0 } else { 1.0 / (-libm::log(libm::tanh(k)) - 2.0 * k) })
}

/// Energy per spin with its derivatives in K: -coth 2K [1 + kappa' / AGM(1, |kappa'|)], kappa' = 2 tanh^2 2K - 1.
fn energy(t: f64) -> Jet {
    let one = Jet::constant(1.0);
    let e = (Wide::from(t).recip() * Wide::from(-4.0)).exp();
    let y = Jet { value: e, first: e * Wide::from(-4.0), second: e * Wide::from(16.0) };
    let sum = one + y;
    let tanh = (one - y) * sum.recip();
    let kappa = (one - y.scaled(Wide::from(6.0)) + y * y) * (sum * sum).recip();
    let sign = Wide::from(if kappa.value.hi < 0.0 { -1.0 } else { 1.0 });
    let (mut a, mut b) = (one, kappa.scaled(sign));
    // Converges quadratically once a and b are of one size; 1e-16 needs about six halvings of the logarithm more.
    for _ in 0..16 {
        (a, b) = ((a + b).scaled(Wide::from(0.5)), (a * b).sqrt());
    }
    (tanh.recip() * (one + kappa * a.recip())).scaled(Wide::from(-1.0))
}

/// ln Z per spin: (1/2) ln(2 sinh 2K) + (1/2 pi) int_0^pi gamma(omega) domega, cosh gamma = cosh 2K coth 2K - cos
/// omega.
fn log_z(k: f64) -> f64 {
    /// Spacing of the double exponential rule (Takahasi and Mori 1974).
    const SPACING: f64 = 1.0 / 32.0;
    const POINTS: i32 = 128;
    let s = libm::sinh(2.0 * k);
    // cosh gamma - 1 = (1 - s)^2/s + 2 sin^2(omega/2), without cancellation where the gap closes.
    let gap = (1.0 - s) * (1.0 - s) / s;
    let gamma = |omega: f64| {
        let sine = libm::sin(0.5 * omega);
        2.0 * libm::asinh((0.5 * gap + sine * sine).sqrt())
    };
    // omega = pi q clusters points towards both ends, where the kink of gamma at T_c lies.
    let term = |i: i32| {
        let at = f64::from(i) * SPACING;
        let e = libm::exp(PI * libm::sinh(at));
        let (q, rest) = (e / (1.0 + e), 1.0 / (1.0 + e));
        gamma(PI * q) * q * rest * PI * libm::cosh(at)
    };
    let integral: f64 = SPACING * (-POINTS..=POINTS).map(term).sum::<f64>();
    0.5 * (libm::log(2.0 * s) + integral)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::square;

    fn at(t: f64) -> Thermodynamics {
        thermodynamics(Temperature::new(t).unwrap())
    }

    /// Kaufman's torus where L is more than 35 correlation lengths.
    #[test]
    fn agrees_with_large_tori() {
        for (l, t) in [
            (64, 0.05),
            (64, 0.124),
            (64, 0.126),
            (64, 0.3),
            (64, 1.0),
            (128, 1.5),
            (256, 2.0),
            (2048, 2.2),
            (2048, 2.3),
            (512, 2.5),
            (128, 3.0),
            (64, 6.0),
            (64, 100.0),
            (64, 9.9e4),
            (64, 1.1e5),
        ] {
            let (seen, torus) = (at(t), square::thermodynamics(l, l, Temperature::new(t).unwrap()).unwrap());
            let close = |a: f64, b: f64, digits: f64| (a - b).abs() <= digits * b.abs();
            assert!(close(seen.energy, torus.energy, 1e-14), "{t}: {seen:?} {torus:?}");
            assert!(close(seen.specific_heat, torus.specific_heat, 1e-13), "{t}: {seen:?} {torus:?}");
            // Below T_c the torus has two phases: ln 2 / N.
            let phases = if t < 2.26 { -t * LN_2 / (l * l) as f64 } else { 0.0 };
            assert!(close(seen.free_energy.unwrap(), torus.free_energy.unwrap() - phases, 1e-14), "{t}");
        }
    }

    #[test]
    fn the_critical_point() {
        let critical = thermodynamics(Temperature::CRITICAL);
        let tc = Temperature::CRITICAL.value();
        for shift in [1e-8, -1e-8] {
            let near = at(tc * (1.0 + shift));
            // u - u_c is of the order C dT.
            assert!((near.energy - critical.energy).abs() < 3e-7);
            assert!((near.free_energy.unwrap() - critical.free_energy.unwrap()).abs() < 3e-8);
            // Amplitude (8/pi) K_c^2 = 0.494538... of the logarithm, on both sides.
            let slope = (at(tc * (1.0 + shift * 1e-2)).specific_heat - near.specific_heat) / 100f64.ln();
            assert!((slope - 0.494_538_589_6).abs() < 1e-5, "{slope}");
        }
        // Onsager: -beta f = ln 2 / 2 + 2 G / pi = 0.929695398...
        assert!((critical.free_energy.unwrap() / -tc - 0.929_695_398_341_610_2).abs() < 1e-15);
        assert!((log_z(1.0 / tc) - 0.929_695_398_341_610_2).abs() < 1e-14);
        assert_eq!(at(f64::INFINITY).free_energy, None);
        assert_eq!((at(0.0).energy, at(0.0).specific_heat, at(0.0).free_energy), (-2.0, 0.0, Some(-2.0)));
    }

    /// Series of Domb's review (1960): m = 1 - 2u^2 - 8u^3 - 34u^4 - 152u^5 - 714u^6 - 3472u^7 ..., u = e^{-4K}.
    #[test]
    fn magnetisation_follows_its_series() {
        for t in [0.3f64, 0.6, 0.8] {
            let u = (-4.0 / t).exp();
            let series = [2.0, 8.0, 34.0, 152.0, 714.0, 3472.0].iter().rev().fold(0.0, |sum, c| u * sum + c) * u * u;
            let seen = magnetisation(Temperature::new(t).unwrap());
            assert!((1.0 - seen - series).abs() < 20_000.0 * u.powi(8) + 2e-16, "{t}: {} {series}", 1.0 - seen);
        }
        assert_eq!((magnetisation(Temperature::ZERO), magnetisation(Temperature::CRITICAL)), (1.0, 0.0));
        let just_below = magnetisation(Temperature::new(2.269_185).unwrap());
        // m = (8 sqrt 2 K_c t)^(1/8) at T = T_c (1 - t).
        let t = 1.0 - 2.269_185 / Temperature::CRITICAL.value();
        assert!((just_below / (8.0 * SQRT_2 / Temperature::CRITICAL.value() * t).powf(0.125) - 1.0).abs() < 1e-5);
    }

    /// The decay along a cylinder of circumference 8 by power iteration in its even and odd states; what wraps around
    /// it is of the order e^{-8/xi}.
    #[test]
    fn correlations_decay_as_the_transfer_matrix_says() {
        for t in [4.0, 6.0, 10.0] {
            let k = 1.0 / t;
            let width = 8;
            let spins = |s: usize| (0..width).map(move |i| if s >> i & 1 == 1 { 1.0 } else { -1.0f64 });
            let within: Vec<f64> = (0..1usize << width)
                .map(|s| (0..width).map(|i| k * (1.0 - 2.0 * ((s >> i ^ s >> ((i + 1) % width)) & 1) as f64)).sum())
                .collect();
            let growth = |mut v: Vec<f64>, parity: f64| {
                let mut last = 0.0;
                for _ in 0..30 {
                    let next: Vec<f64> = (0..v.len())
                        .map(|a| {
                            (0..v.len())
                                .map(|b| {
                                    let unlike = f64::from((a ^ b).count_ones());
                                    (k * (width as f64 - 2.0 * unlike) + within[b]).exp() * v[b]
                                })
                                .sum()
                        })
                        .collect();
                    last = next.iter().map(|x| x * x).sum::<f64>().sqrt();
                    // Rounding would bring in the other parity, which may grow faster.
                    v = next
                        .iter()
                        .zip(next.iter().rev())
                        .map(|(x, flipped)| (x + parity * flipped) / (2.0 * last))
                        .collect();
                }
                last
            };
            let odd = growth((0..1 << width).map(|s| spins(s).sum()).collect(), -1.0);
            let even = growth(vec![1.0 / 16.0; 1 << width], 1.0);
            let inverse = 1.0 / correlation_length(Temperature::new(t).unwrap()).unwrap();
            let wrapping = (-8.0 * inverse).exp();
            assert!(((even / odd).ln() - inverse).abs() < wrapping + 1e-12, "{t}: {} {inverse}", (even / odd).ln());
        }
        assert_eq!(correlation_length(Temperature::CRITICAL), Some(f64::INFINITY));
        assert_eq!(correlation_length(Temperature::INFINITE), Some(0.0));
        assert_eq!(correlation_length(Temperature::ZERO), None);
    }
}
