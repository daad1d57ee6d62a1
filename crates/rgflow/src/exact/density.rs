//! The density of states of the torus, to the digit: Beale, Phys. Rev. Lett. 76, 78 (1996).
//!
//! With x = e^{-2K} the trace of the transfer matrix is a polynomial, Z = e^{2NK} sum_u g_u x^u, whose coefficient g_u
//! is the number of states with u unlike bonds, at the energy -2N + 2u. Each entry of T^k is such a polynomial; T is
//! applied bond by bond, as in [`super::transfer`], for one first row of each class under translation, reflection and
//! flip.

use rayon::prelude::*;

use super::transfer::{orbits, rotate};
use super::{ExactError, Levels};
use crate::lattice::Square;

/// Most sites: every coefficient is at most the number of states, 2^127.
pub const MAX_SITES: usize = 127;

/// Number of states of the `lx` x `ly` torus at each energy, exactly: every integer is right to its last digit.
///
/// O(classes N 2^w N) additions with w the smaller extent: a fraction of a second at L = 10, about a
/// second at 11 x 11. Every bond of the torus is counted, 2N in all.
///
/// # Errors
/// [`ExactError::Lattice`] if an extent is below 2, [`ExactError::TooManySites`] beyond [`MAX_SITES`] sites.
///
/// ```
/// let levels = rgflow::exact::density::square(4, 4)?;
/// // Both ground states, a single flip of either, and two neighbours flipped.
/// assert_eq!(&levels[..3], &[(-32.0, 2), (-24.0, 32), (-20.0, 64)]);
/// assert_eq!(levels.iter().map(|(_, count)| count).sum::<u128>(), 1 << 16);
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
pub fn square(lx: usize, ly: usize) -> Result<Levels, ExactError> {
    Square::new(lx, ly)?;
    let n_sites = lx * ly;
    if n_sites > MAX_SITES {
        return Err(ExactError::TooManySites { lx, ly, max: MAX_SITES });
    }
    let (width, length) = (lx.min(ly), lx.max(ly));
    // Sums of integers: the order in which threads finish does not matter.
    let counts = orbits(width)
        .into_par_iter()
        .map(|(first, size)| {
            let mut counts = closed_walks(first, width, length);
            counts.iter_mut().for_each(|c| *c *= size as u128);
            counts
        })
        .reduce(
            || vec![0; n_sites + 1],
            |mut sum, counts| {
                sum.iter_mut().zip(counts).for_each(|(s, c)| *s += c);
                sum
            },
        );
    let energy = |half: usize| 4.0 * half as f64 - 2.0 * n_sites as f64;
    let levels = counts.into_iter().enumerate().map(|(half, count)| (energy(half), count)).collect();
    Ok(Levels::new(n_sites, levels))
}

/// The coefficients of T^length(first, first) in x^2: on a torus the number of unlike bonds is even.
fn closed_walks(first: usize, width: usize, length: usize) -> Vec<u128> {
    let (n_states, stride) = (1usize << width, width * length + 1);
    // The polynomial of state s is x^{p(s)} Q_s(x^2), p(s) the parity of the spins that differ from the first row's:
    // bonds within a closed row come in pairs. The coefficients of Q_s lie one after the other.
    let odd = |s: usize| (s ^ first).count_ones() % 2 == 1;
    let mut q = vec![0u128; n_states * stride];
    q[first * stride] = 1;
    for row in 1..=length {
        // After this row at most 2 * width * row bonds are unlike.
        let used = width * row + 1;
        for (s, q) in q.chunks_exact_mut(stride).enumerate() {
            let pairs = (s ^ rotate(s, width)).count_ones() as usize / 2;
            q.copy_within(..used - pairs, pairs);
            q[..pairs].fill(0);
        }
        for bit in 0..width {
            let half = 1 << bit;
            for (block, pair) in q.chunks_exact_mut(2 * half * stride).enumerate() {
                let (down, up) = pair.split_at_mut(half * stride);
                for (i, (down, up)) in down.chunks_exact_mut(stride).zip(up.chunks_exact_mut(stride)).enumerate() {
                    let (even, odd) = if odd(block * 2 * half + i) { (up, down) } else { (down, up) };
                    add_bond(&mut even[..used], &mut odd[..used]);
                }
            }
        }
    }
    q[first * stride..][..stride].to_vec()
}

/// (A, x B) -> (A + x^2 B, x (A + B)): one bond, like or unlike.
fn add_bond(even: &mut [u128], odd: &mut [u128]) {
    let mut below = 0;
    for (a, b) in even.iter_mut().zip(odd) {
        let old = *b;
        *b += *a;
        *a += below;
        below = old;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{enumeration, square as kaufman};
    use crate::lattice::Temperature;

    #[test]
    fn agrees_with_enumeration() {
        for (lx, ly) in [(2, 2), (3, 3), (4, 4), (5, 5), (3, 5), (5, 3), (2, 5), (4, 2), (2, 11)] {
            let counted = enumeration::density_of_states(&Square::new(lx, ly).unwrap()).unwrap();
            assert_eq!(square(lx, ly).unwrap(), counted, "{lx} x {ly}");
        }
    }

    #[test]
    fn ten_by_ten_to_the_digit() {
        let levels = square(10, 10).unwrap();
        // 2^100 states, symmetric by the flip of one sublattice; 99 energies 4 J apart, none next to the extremes.
        assert_eq!(levels.iter().map(|l| l.1).sum::<u128>(), 1 << 100);
        assert!(levels.iter().rev().zip(levels.iter()).all(|(a, b)| a.1 == b.1 && a.0 == -b.0));
        assert_eq!(levels.len(), 99);
        // Low-temperature series 1 + N x^4 + 2N x^6 + N(N + 9)/2 x^8 + ..., twice (thesis eq. 3.2.26).
        let series: Vec<(f64, u128)> = [(0.0, 1), (4.0, 100), (6.0, 200), (8.0, 5450)]
            .map(|(unlike, states)| (2.0 * unlike - 200.0, 2 * states))
            .into();
        assert_eq!(&levels[..4], &series[..]);
        for t in [0.3, 0.5, 1.0, 1.5, 2.0, 2.25, 2.269185314213022, 2.5, 3.0, 6.0, 50.0] {
            let temperature = Temperature::new(t).unwrap();
            let (seen, exact) =
                (levels.thermodynamics(temperature), kaufman::thermodynamics(10, 10, temperature).unwrap());
            let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-12;
            assert!(close(seen.energy, exact.energy), "{t}: {seen:?} {exact:?}");
            assert!(close(seen.specific_heat, exact.specific_heat), "{t}: {seen:?} {exact:?}");
            assert!(close(seen.free_energy.unwrap(), exact.free_energy.unwrap()), "{t}");
            let p = levels.probabilities(temperature);
            let mean: f64 = p.iter().zip(levels.iter()).map(|(p, l)| p * l.0 / 100.0).sum();
            assert!(close(mean, exact.energy) && (p.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
        // P(ground) at T = 0.75, 1, 1.25 (reference table).
        for (t, ground) in [(0.75, 0.9976), (1.0, 0.966), (1.25, 0.834)] {
            assert!((levels.probabilities(Temperature::new(t).unwrap())[0] - ground).abs() < 6e-4);
        }
    }

    #[test]
    fn the_largest_and_beyond() {
        // 2 x 63 = 126 sites: 2^126 states, counted without overflow.
        assert_eq!(square(2, 63).unwrap().iter().map(|l| l.1).sum::<u128>(), 1 << 126);
        assert_eq!(square(12, 12), Err(ExactError::TooManySites { lx: 12, ly: 12, max: 127 }));
        assert!(matches!(square(1, 5), Err(ExactError::Lattice(_))));
    }
}
