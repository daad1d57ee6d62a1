//! The Ising model on the torus, exactly: Kaufman, Phys. Rev. 76, 1232 (1949); Ferdinand and Fisher (1969).
//!
//! On m columns and n rows Z = 1/2 (2 sinh 2K)^{mn/2} \[prod 2 cosh(n g_{2r+1}/2) + prod 2 sinh(n g_{2r+1}/2) +
//! prod 2 cosh(n g_{2r}/2) + prod 2 sinh(n g_{2r}/2)\], r = 0 .. m-1, with cosh g_l = cosh 2K coth 2K - cos(pi l/m)
//! and g_0 = 2K + ln tanh K, negative above T_c. It is evaluated with 32 digits and analytic derivatives in K, because
//! terms of order e^{-2K} cancel to order e^{-8K}. Every bond of a torus is counted, 2N in all: on an extent of 2 the
//! bonds to the right and to the left are two bonds between the same sites.

use super::wide::{Jet, Wide};
use super::{ExactError, Thermodynamics};
use crate::lattice::{Bonds, LatticeError, Temperature};

/// From this coupling on the first excitations are exact in f64: the next ones are smaller by e^{-4K} = 1e-14.
const LOW_TEMPERATURE_COUPLING: f64 = 8.0;

/// Exact energy, specific heat and free energy per spin of the `lx` x `ly` torus.
///
/// Full f64 precision at every temperature, O(m log n) with m the smaller extent. T = 0: energy -2, specific heat 0.
///
/// # Errors
/// [`LatticeError::Extent`] if an extent is below 2 (or the sites exceed 31 bits).
///
/// ```
/// use rgflow::{exact::square, lattice::Temperature};
/// let seen = square::thermodynamics(10, 10, Temperature::new(2.25)?)?;
/// assert!((seen.energy - -1.50016820527).abs() < 1e-11);
/// assert!((seen.specific_heat - 1.23327243).abs() < 1e-8);
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
pub fn thermodynamics(lx: usize, ly: usize, temperature: Temperature) -> Result<Thermodynamics, ExactError> {
    check(lx, ly)?;
    Ok(thermodynamics_of(lx, ly, temperature.value()))
}

/// As [`thermodynamics`] for a square torus of one coupling J that is not frustrated: J > 0, or even extents, where J <
/// 0 is J > 0 with every second spin turned. `None` for other bonds.
///
/// ```
/// use rgflow::{exact::square, lattice::{Bonds, Square, Temperature}};
/// let antiferromagnet = Bonds::on(&Square::new(10, 10)?, &[-2.0], &[])?;
/// let seen = square::of_bonds(&antiferromagnet, Temperature::new(4.5)?);
/// assert!(seen.is_some_and(|seen| (seen.energy + 2.0 * 1.50016820527).abs() < 1e-10));
/// assert!(square::of_bonds(&Bonds::on(&Square::new(5, 5)?, &[-2.0], &[])?, Temperature::CRITICAL).is_none());
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
pub fn of_bonds(bonds: &Bonds, temperature: Temperature) -> Option<Thermodynamics> {
    let (lx, ly, coupling) = bonds.square_torus()?;
    let size = coupling.abs();
    let Thermodynamics { energy, specific_heat, free_energy } = thermodynamics_of(lx, ly, temperature.value() / size);
    Some(Thermodynamics { energy: size * energy, specific_heat, free_energy: free_energy.map(|f| size * f) })
}

/// The temperature at which the `lx` x `ly` torus has the mean energy per spin `energy`.
///
/// `None` outside the open interval (-2, 0), for an extent below 2, and for NaN. Bracketed to the last bits; the
/// relative error is that of `energy + 2` at low and of `energy` at high temperature.
pub fn temperature_of_energy(lx: usize, ly: usize, energy: f64) -> Option<Temperature> {
    // At T = 0.1 the energy is -2 in f64, at 1e9 it is proportional to 1/T.
    const COLD: f64 = 0.1;
    const HOT: f64 = 1e9;
    if check(lx, ly).is_err() || !(energy > -2.0 && energy < 0.0) {
        return None;
    }
    let hottest = thermodynamics_of(lx, ly, HOT).energy;
    if energy >= hottest {
        return Temperature::new(HOT * (hottest / energy)).ok();
    }
    let (mut low, mut high) = (libm::log(COLD), libm::log(HOT));
    let mut middle = 0.5 * (low + high);
    for _ in 0..100 {
        let t = libm::exp(middle);
        let at = thermodynamics_of(lx, ly, t);
        if at.energy < energy {
            low = middle
        } else {
            high = middle
        }
        if high - low < 1e-15 * middle.abs().max(1.0) {
            break;
        }
        // Newton in ln T, dE/dlnT = T C, where it stays inside the bracket.
        let newton = middle + (energy - at.energy) / (t * at.specific_heat);
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - middle).abs() < 1e-16 {
            break;
        }
        middle = next;
    }
    Temperature::new(libm::exp(middle)).ok()
}

/// The temperature at which the specific heat of the `lx` x `ly` torus is largest, to about 1e-8, and its value per
/// spin.
///
/// # Errors
/// [`LatticeError::Extent`] as [`thermodynamics`].
///
/// ```
/// let (peak, height) = rgflow::exact::square::specific_heat_peak(10, 10)?;
/// assert!((peak.value() - 2.345).abs() < 1e-3 && (height - 1.309).abs() < 1e-3);
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
pub fn specific_heat_peak(lx: usize, ly: usize) -> Result<(Temperature, f64), ExactError> {
    check(lx, ly)?;
    let heat = |log_t: f64| thermodynamics_of(lx, ly, libm::exp(log_t)).specific_heat;
    // Golden section in ln T: one maximum, which lies near T_c on every torus.
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    let (mut low, mut high) = (libm::log(0.5), libm::log(8.0));
    let inside = |low: f64, high: f64| (high - golden * (high - low), low + golden * (high - low));
    let (mut a, mut b) = inside(low, high);
    let (mut at_a, mut at_b) = (heat(a), heat(b));
    while high - low > 1e-9 {
        if at_a >= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = inside(low, high).0;
            at_a = heat(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = inside(low, high).1;
            at_b = heat(b);
        }
    }
    let peak = 0.5 * (low + high);
    Ok((Temperature::new(libm::exp(peak))?, heat(peak)))
}

fn check(lx: usize, ly: usize) -> Result<(), ExactError> {
    let fits = lx >= 2 && ly >= 2 && lx.checked_mul(ly).is_some_and(|n| n < 1 << 31);
    if fits { Ok(()) } else { Err(LatticeError::Extent { lx, ly }.into()) }
}

fn thermodynamics_of(lx: usize, ly: usize, t: f64) -> Thermodynamics {
    if t == 0.0 {
        return Thermodynamics { energy: -2.0, specific_heat: 0.0, free_energy: Some(-2.0) };
    }
    if t == f64::INFINITY {
        return Thermodynamics { energy: 0.0, specific_heat: 0.0, free_energy: None };
    }
    let n_sites = (lx * ly) as f64;
    let k = 1.0 / t;
    if k >= LOW_TEMPERATURE_COUPLING {
        // States at 8 J above the ground states: single flips, and strips across an extent of 2.
        let strips = |across: usize, along: f64| if across == 2 { along * (along - 1.0) / 2.0 } else { 0.0 };
        let states = n_sites + strips(lx, ly as f64) + strips(ly, lx as f64);
        let weight = states * libm::exp(-8.0 * k) / n_sites;
        return Thermodynamics {
            energy: -2.0 + 8.0 * weight,
            specific_heat: if weight == 0.0 { 0.0 } else { 64.0 * k * k * weight },
            free_energy: Some(-2.0 - t * (std::f64::consts::LN_2 / n_sites + weight)),
        };
    }
    let log_z = log_z_above_ground(lx.min(ly), lx.max(ly), t);
    let per_spin = Wide::from(n_sites).recip();
    let value = (log_z.value * per_spin).hi;
    Thermodynamics {
        energy: (Wide::from(-2.0) - log_z.first * per_spin).hi,
        specific_heat: k * k * (log_z.second * per_spin).hi,
        free_energy: Some(-2.0 - t * value),
    }
}

/// ln Z - 2NK with its derivatives in K, at `t` in (0, inf), for m columns of n rows.
fn log_z_above_ground(m: usize, n: usize, t: f64) -> Jet {
    let one = Jet::constant(1.0);
    let k = Wide::from(t).recip();
    // x = e^{-2K}, y = e^{-4K}; everything is measured in units of e^{4K}.
    let e = (k * Wide::from(-2.0)).exp();
    let x = Jet { value: e, first: e * Wide::from(-2.0), second: e * Wide::from(4.0) };
    let y = x * x;
    let gap = one - y;
    let mean = (one + y) * (one + y) * Jet::constant(0.5);
    let set = |start: usize| {
        let mut log_sum = Jet::constant(0.0);
        let (mut cosh, mut sinh) = (one, one);
        for l in (start..2 * m).step_by(2) {
            // h = 2 sinh 2K e^|g| e^{-4K}, q = e^{-|g|} = x (1 - y)/h.
            let (h, q, sign) = if l == 0 {
                let (below, above) = ((one - x) * (one - x), y * (one + x) * (one + x));
                if below.value.hi >= above.value.hi {
                    (below, x * (one + x) * (one - x).recip(), 1.0)
                } else {
                    (above, (one - x) * (x * (one + x)).recip(), -1.0)
                }
            } else if l == m {
                let h = (one + x) * (one + x);
                (h, x * gap * h.recip(), 1.0)
            } else {
                let b = mean - (x * gap).scaled(Wide::cos_pi(l, m));
                let h = b + (b * b - y * gap * gap).sqrt();
                (h, x * gap * h.recip(), 1.0)
            };
            let decay = q.powi(n);
            log_sum = log_sum + h.ln();
            cosh = cosh * (one + decay);
            sinh = sinh * (one - decay).scaled(Wide::from(sign));
        }
        (log_sum.scaled(Wide::from(n as f64 / 2.0)), cosh + sinh)
    };
    let ((odd_log, odd), (even_log, even)) = (set(1), set(0));
    odd_log + (odd + (even_log - odd_log).exp() * even).ln() + Jet::constant(2.0).ln().scaled(Wide::from(-1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::enumeration;
    use crate::lattice::Square;

    fn at(lx: usize, ly: usize, t: f64) -> Thermodynamics {
        thermodynamics(lx, ly, Temperature::new(t).unwrap()).unwrap()
    }

    #[test]
    fn reference_table() {
        let tc = Temperature::CRITICAL.value();
        let table = [
            (1.0, -1.99716020411, 0.02337956469, -1.99716020411, -1.99716020411),
            (1.5, -1.95111651988, 0.1972758584, -1.95111657308, -1.95111657308),
            (1.75, -1.8799454869, 0.3880010871, -1.87995599146, -1.87995599146),
            (2.0, -1.74543102112, 0.7231648901, -1.74556452703, -1.74556457531),
            (2.25, -1.50016820527, 1.23327243, -1.46812839763, -1.46385088518),
            (tc, -1.47624290836, 1.260019635, -1.43365846615, -1.42393838983),
            (2.5, -1.18510133039, 1.133239346, -1.10729166098, -1.10608299247),
            (3.0, -0.825640806825, 0.4395524869, -0.817309738934, -0.817309592502),
            (4.0, -0.557447204108, 0.1717536457, -0.557272240629, -0.557272240628),
            (6.0, -0.349368005303, 0.06379429606, -0.349366775424, -0.349366775424),
        ];
        for (t, e10, c10, e32, e64) in table {
            for (l, e) in [(10, e10), (32, e32), (64, e64)] {
                assert!((at(l, l, t).energy - e).abs() < 0.6e-11, "L = {l}, T = {t}: {}", at(l, l, t).energy);
            }
            assert!((at(10, 10, t).specific_heat / c10 - 1.0).abs() < 3e-9, "{t}: {}", at(10, 10, t).specific_heat);
        }
    }

    #[test]
    fn agrees_with_enumeration() {
        for (lx, ly) in [(2, 2), (3, 3), (4, 4), (3, 5), (5, 3), (2, 5), (4, 2)] {
            let levels = enumeration::density_of_states(&Square::new(lx, ly).unwrap()).unwrap();
            for t in [0.08, 0.1249, 0.1251, 0.15, 0.25, 0.5, 1.0, 2.0, 2.269185314213022, 3.0, 6.0, 100.0] {
                let exact = levels.thermodynamics(Temperature::new(t).unwrap());
                let seen = at(lx, ly, t);
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
                assert!(close(seen.energy, exact.energy), "{lx} x {ly}, {t}: {seen:?} {exact:?}");
                assert!(close(seen.specific_heat, exact.specific_heat), "{lx} x {ly}, {t}: {seen:?} {exact:?}");
                assert!(close(seen.free_energy.unwrap(), exact.free_energy.unwrap()), "{lx} x {ly}, {t}");
            }
        }
    }

    #[test]
    fn limits_and_large_lattices() {
        assert_eq!(at(256, 256, 0.0).energy, -2.0);
        assert_eq!(at(256, 256, 1e-300).free_energy, Some(-2.0));
        assert_eq!(at(256, 256, f64::INFINITY).free_energy, None);
        // Infinite lattice at T_c: -sqrt 2; the torus lies below by about 0.62/L.
        let tc = at(256, 256, Temperature::CRITICAL.value());
        assert!((tc.energy + std::f64::consts::SQRT_2 + 0.6221 / 256.0).abs() < 1e-4, "{tc:?}");
        assert!((at(256, 256, 1e6).energy * 1e6 + 2.0).abs() < 1e-9);
        assert!(at(256, 256, 1e-2).energy == -2.0 && at(256, 256, 0.5).specific_heat > 0.0);
        assert!(thermodynamics(1, 5, Temperature::CRITICAL).is_err());
        // Both orders of the extents agree, however elongated.
        assert_eq!(at(3, 200, 2.0), at(200, 3, 2.0));
    }

    #[test]
    fn temperature_is_the_inverse_of_energy() {
        for (l, t) in [(10, 0.5), (10, 1.0), (10, 2.25), (64, 2.269185314213022), (32, 6.0), (10, 1e4), (10, 1e12)] {
            let back = temperature_of_energy(l, l, at(l, l, t).energy).unwrap().value();
            // Near T = 0 the energy itself carries few digits of T.
            let tolerance = if t < 1.0 { 1e-9 } else { 1e-12 };
            assert!((back / t - 1.0).abs() < tolerance, "{l} {t} {back}");
        }
        assert_eq!(temperature_of_energy(10, 10, -2.0), None);
        assert_eq!(temperature_of_energy(10, 10, 0.0), None);
        assert_eq!(temperature_of_energy(10, 10, f64::NAN), None);
    }
}
