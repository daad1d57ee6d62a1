//! Matching of two lattices (Swendsen; Wilson): the larger one blocked twice and the smaller one blocked once have the same size, so
//! that the temperature at which they have the same energy is that after one step, without finite-size effects to first order.

use super::Findings;

/// Where the fixed point is looked for: beyond, both energies are those of T = 0 or of almost free spins.
const RANGE: std::ops::RangeInclusive<f64> = 1.5..=3.5;

/// Energies per spin at all temperatures: of entry `i`, blocked twice, and of its partner, blocked once with the same b.
fn energies(found: &Findings, i: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let blocked = &found.thermal.blocked;
    let twice = &blocked[i];
    let once = blocked.iter().find(|other| other.b == twice.b && other.steps == 1)?;
    let of = |entry: &super::findings::Blocked| entry.observed.iter().map(|o| o.energy.0).collect();
    Some((of(twice), of(once)))
}

/// Temperature at which the smaller lattice, blocked once, has the energy that the larger one at temperature `k` has after two
/// steps; linear between temperatures, `None` beyond them.
pub(super) fn temperature(found: &Findings, i: usize, k: usize, temperatures: &[f64]) -> Option<f64> {
    let (twice, once) = energies(found, i)?;
    crossing(temperatures, &once.iter().map(|e| e - twice[k]).collect::<Vec<_>>())
}

/// Temperature that matching leaves as it is.
pub(super) fn fixed_point(found: &Findings, i: usize, temperatures: &[f64]) -> Option<f64> {
    let (twice, once) = energies(found, i)?;
    let near: Vec<usize> = (0..temperatures.len()).filter(|k| RANGE.contains(&temperatures[*k])).collect();
    let t: Vec<f64> = near.iter().map(|k| temperatures[*k]).collect();
    crossing(&t, &near.iter().map(|k| twice[*k] - once[*k]).collect::<Vec<_>>())
}

/// Where values that rise go through 0 for the first time, linear between points.
fn crossing(x: &[f64], y: &[f64]) -> Option<f64> {
    let k = (1..x.len()).find(|k| y[k - 1] < 0.0 && y[*k] >= 0.0)?;
    Some(x[k - 1] + (x[k] - x[k - 1]) * y[k - 1] / (y[k - 1] - y[k]))
}

#[cfg(test)]
mod tests {
    use super::crossing;

    #[test]
    fn crossings_are_linear_between_points() {
        assert_eq!(crossing(&[0.0, 1.0, 2.0], &[-3.0, -1.0, 1.0]), Some(1.5));
        assert_eq!(crossing(&[0.0, 1.0], &[0.5, 1.0]), None);
    }
}
