//! Joint density of states over energy and magnetisation of a small torus, exactly: one site after the other, all rows
//! at once.
//!
//! Of a torus whose first row is f, the number of ways to fill the sites up to a row boundary depends on the last row
//! alone (the transfer matrix, with counts by bond sum and number of up spins in place of Boltzmann weights; Binder
//! 1972, Pearson 1982). First rows that rotations and reflections turn into each other count alike.

use super::enumeration::JointDensity;

/// The work is about 4^lx (lx ly)^3 / lx.
const MOST_WIDE: usize = 8;
/// Sites of which all counts fit 64 bits.
const MOST_SITES: usize = 64;

/// Number of states of the lx x ly torus by bond sum and magnetisation; `None` unless 3 <= lx <= 8, ly >= 3 and there
/// are at most 64 sites.
///
/// The 8 x 8 torus takes some ten seconds.
///
/// ```
/// use rgflow::exact::{square, torus};
/// use rgflow::lattice::Temperature;
/// let t = Temperature::new(2.0)?;
/// let seen = torus::joint_density(5, 6).unwrap().averages(t, 0.0)?;
/// assert!((seen.energy - square::thermodynamics(5, 6, t)?.energy).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn joint_density(lx: usize, ly: usize) -> Option<JointDensity> {
    let n = lx.checked_mul(ly).filter(|n| *n <= MOST_SITES)?;
    if !(3..=MOST_WIDE).contains(&lx) || ly < 3 {
        return None;
    }
    // Of one last row: satisfied bonds by number of up spins.
    let (states, ups) = (1usize << lx, n + 1);
    let plane = (2 * n + 1) * ups;
    let spin = |row: usize, x: usize| row >> x & 1;
    let equal = |a: usize, b: usize| usize::from(a == b);
    let mut total = vec![0u64; plane];
    for (first, alike) in first_rows(lx) {
        let bonds: usize = (0..lx).map(|x| equal(spin(first, x), spin(first, (x + 1) % lx))).sum();
        let mut now = vec![0u64; states * plane];
        now[first * plane + bonds * ups + first.count_ones() as usize] = 1;
        for x in (1..ly).flat_map(|_| 0..lx) {
            let mut next = vec![0u64; states * plane];
            for (old, up) in (0..states).flat_map(|old| [(old, 0), (old, 1)]) {
                let new = old & !(1 << x) | up << x;
                let left = if x > 0 { equal(up, spin(new, x - 1)) } else { 0 };
                let around = if x + 1 == lx { equal(up, spin(new, 0)) } else { 0 };
                let bonds = equal(up, spin(old, x)) + left + around;
                add(&mut next[new * plane..][..plane], &now[old * plane..][..plane], bonds * ups + up, 1);
            }
            now = next;
        }
        for (last, counts) in now.chunks_exact(plane).enumerate() {
            let bonds: usize = (0..lx).map(|x| equal(spin(first, x), spin(last, x))).sum();
            add(&mut total, counts, bonds * ups, alike);
        }
    }
    let state = |(i, count): (usize, &u64)| {
        let (bonds, up) = ((i / ups) as i64, (i % ups) as i64);
        (*count > 0).then_some((2 * bonds - 2 * n as i64, 2 * up - n as i64, *count))
    };
    Some(JointDensity::new(n, total.iter().enumerate().filter_map(state).collect()))
}

/// to[i + offset] += factor from[i]; counts that would fall out are 0.
fn add(to: &mut [u64], from: &[u64], offset: usize, factor: u64) {
    to[offset..].iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}

/// One row of every class under rotations and reflections, with the size of the class.
fn first_rows(lx: usize) -> Vec<(usize, u64)> {
    let all = (1usize << lx) - 1;
    let turned = |row: usize, k: usize| (row << k | row >> (lx - k)) & all;
    let mirrored = |row: usize| (0..lx).fold(0, |out, x| out << 1 | row >> x & 1);
    let least = |row: usize| {
        let of = |row: usize| (0..lx).map(move |k| turned(row, k));
        of(row).chain(of(mirrored(row))).min().unwrap_or(row)
    };
    let mut count = vec![0u64; all + 1];
    (0..=all).for_each(|row| count[least(row)] += 1);
    (0..=all).filter(|row| count[*row] > 0).map(|row| (row, count[row])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{density, enumeration};
    use crate::lattice::Square;

    /// Truth: the sum over all states.
    #[test]
    fn small_tori_are_those_of_enumeration() {
        for (lx, ly) in [(3, 3), (3, 5), (4, 4), (5, 4)] {
            let truth = enumeration::joint_density(&Square::new(lx, ly).unwrap()).unwrap();
            assert_eq!(joint_density(lx, ly).unwrap(), truth, "{lx} x {ly}");
        }
        assert!(joint_density(9, 4).is_none() && joint_density(8, 9).is_none() && joint_density(2, 4).is_none());
    }

    /// Truth: Beale's density of states, and the symmetry M -> -M.
    #[test]
    fn levels_are_those_of_beale() {
        let joint = joint_density(6, 6).unwrap();
        let mut levels = std::collections::BTreeMap::new();
        for (bonds, m, count) in joint.states() {
            *levels.entry(-bonds).or_insert(0u128) += u128::from(*count);
            assert!(joint.states().contains(&(*bonds, -m, *count)));
        }
        let levels = levels.into_iter().map(|(e, count)| (e as f64, count)).collect();
        assert_eq!(crate::exact::Levels::new(36, levels), density::square(6, 6).unwrap());
    }
}
