//! Matching of two lattices (Swendsen; Wilson): the larger one blocked twice and the smaller one blocked once have the
//! same size, so equal energies give the temperature after one step, without finite-size effects to first order.

use super::Findings;
use crate::study::prelude::*;

/// Range searched for the fixed point: outside, both energies are those of T = 0 or of almost free spins.
const RANGE: std::ops::RangeInclusive<f64> = 1.5..=3.5;

/// Energies per spin with errors at all temperatures: of entry `i`, blocked twice, and of its partner, blocked once
/// with the same b.
fn energies(found: &Findings, i: usize) -> Option<[Vec<Measured>; 2]> {
    let blocked = &found.thermal.blocked;
    let twice = &blocked[i];
    let once = blocked.iter().find(|other| other.b == twice.b && other.steps == 1)?;
    Some([twice, once].map(|entry| entry.observed.iter().map(|o| o.energy).collect()))
}

fn difference(a: Measured, b: Measured) -> Measured {
    (a.0 - b.0, a.1.hypot(b.1))
}

/// Temperature at which the smaller lattice, blocked once, has the energy of the larger one at temperature `k` after
/// two steps; by linear interpolation, `None` outside the range.
pub(super) fn temperature(found: &Findings, i: usize, k: usize, temperatures: &[f64]) -> Option<Measured> {
    let [twice, once] = energies(found, i)?;
    crossing(temperatures, &once.iter().map(|e| difference(*e, twice[k])).collect::<Vec<_>>())
}

/// Fixed point of matching.
pub(super) fn fixed_point(found: &Findings, i: usize, temperatures: &[f64]) -> Option<Measured> {
    let [twice, once] = energies(found, i)?;
    let near: Vec<usize> = (0..temperatures.len()).filter(|k| RANGE.contains(&temperatures[*k])).collect();
    let t: Vec<f64> = near.iter().map(|k| temperatures[*k]).collect();
    crossing(&t, &near.iter().map(|k| difference(twice[*k], once[*k])).collect::<Vec<_>>())
}

/// Zero of rising values, by linear interpolation, with the error from both points. The last zero counts:
/// on the cold side both energies are those of the ground states within noise.
fn crossing(x: &[f64], y: &[Measured]) -> Option<Measured> {
    let k = (1..x.len()).rev().find(|k| y[k - 1].0 < 0.0 && y[*k].0 >= 0.0)?;
    let ((low, low_error), (high, high_error)) = (y[k - 1], y[k]);
    let step = (x[k] - x[k - 1]) / (high - low);
    let weight = -low / (high - low);
    Some((x[k - 1] - step * low, step * ((1.0 - weight) * low_error).hypot(weight * high_error)))
}

#[cfg(test)]
mod tests {
    use super::crossing;

    #[test]
    fn crossings_are_linear_and_the_last_one_counts() {
        let y = [(-3.0, 0.3), (-1.0, 0.3), (1.0, 0.4)];
        let (x, error) = crossing(&[0.0, 1.0, 2.0], &y).unwrap();
        // Slope 2, both points have weight 1/2: sqrt(0.15^2 + 0.2^2) / 2.
        assert!((x - 1.5).abs() < 1e-12 && (error - 0.125).abs() < 1e-12, "{x} {error}");
        let noisy = [(-1e-6, 0.0), (1e-6, 0.0), (-0.5, 0.0), (0.5, 0.0)];
        assert_eq!(crossing(&[1.5, 1.75, 2.0, 2.5], &noisy).unwrap().0, 2.25);
        assert_eq!(crossing(&[0.0, 1.0], &[(0.5, 0.0), (1.0, 0.0)]), None);
    }
}
