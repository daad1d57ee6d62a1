//! Series of the partition function in x = e^{-2K} and in t = tanh K, exact from a density of states (thesis eqs 3.2.25-3.2.26).
//!
//! Integers of any size are those of `num-bigint`: sums of 2^N states with alternating signs have no room in 128 bits.

use num_bigint::{BigInt, BigUint};

use super::Levels;

/// Low temperatures: the coefficients c_0, c_1 ... c_order of Z = G e^{K B} sum_n c_n x^n, x = e^{-2K}.
///
/// B = `bonds`, the number of bonds; G the number of ground states, in which no bond may be broken; c_n the number of states with n
/// broken bonds over G (thesis eq. 3.2.26, whose factor 2 is G).
///
/// `None` if a bond is broken in the ground state, or a count is no multiple of G: then there is no such series.
///
/// ```
/// use rgflow::exact::{density, series};
/// let torus = density::square(6, 6)?; // N = 36: N graphs of 4 and 2N of 6 bonds
/// assert_eq!(series::in_exp_minus_2k(&torus, 72, 6), Some(vec![1, 0, 0, 0, 36, 0, 72]));
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
pub fn in_exp_minus_2k(levels: &Levels, bonds: usize, order: usize) -> Option<Vec<u128>> {
    let counts = by_broken_bonds(levels, bonds);
    let ground = *counts.first().filter(|ground| **ground > 0)?;
    let of = |n: usize| counts.get(n).copied().unwrap_or(0);
    (0..=order).map(|n| of(n).is_multiple_of(ground).then(|| of(n) / ground)).collect()
}

/// High temperatures: the coefficients p_0, p_1 ... p_order of Z = 2^N cosh^B(K) sum_n p_n t^n, t = tanh K.
///
/// p_n is the number of ways to choose n of the B = `bonds` bonds such that an even number meets in every site: the closed
/// graphs of thesis eq. 3.2.25. With g_u states of u broken bonds, 2^N p_n = sum_u g_u [t^n] (1+t)^{B-u} (1-t)^u.
///
/// ```
/// use rgflow::exact::{density, series};
/// let torus = density::square(6, 6)?;
/// // 2N rectangles, and 12 rows and columns that close around the torus.
/// assert_eq!(series::in_tanh_k(&torus, 72, 6), [1u32, 0, 0, 0, 36, 0, 84].map(Into::into));
/// # Ok::<(), rgflow::exact::ExactError>(())
/// ```
pub fn in_tanh_k(levels: &Levels, bonds: usize, order: usize) -> Vec<BigUint> {
    let mut sums = vec![BigInt::ZERO; order + 1];
    for (broken, count) in by_broken_bonds(levels, bonds).into_iter().enumerate().filter(|(_, count)| *count > 0) {
        let mut polynomial = vec![BigInt::ZERO; order + 1];
        polynomial[0] = BigInt::from(count);
        for bond in 0..bonds {
            for n in (1..=order).rev() {
                let (kept, raised) = polynomial.split_at_mut(n);
                if bond < broken { raised[0] -= &kept[n - 1] } else { raised[0] += &kept[n - 1] }
            }
        }
        sums.iter_mut().zip(polynomial).for_each(|(sum, term)| *sum += term);
    }
    sums.into_iter().map(|sum| (sum >> levels.n_sites()).magnitude().clone()).collect()
}

/// Number of states by the number of broken bonds, which is (E + B)/2 with J = 1.
fn by_broken_bonds(levels: &Levels, bonds: usize) -> Vec<u128> {
    let mut counts = vec![0; bonds + 1];
    for (energy, count) in levels.iter() {
        counts[((energy + bonds as f64) / 2.0) as usize] += count;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::density;
    use crate::lattice::{Lattice, Square};

    /// Truth: all 2^18 sets of bonds of the 3 x 3 torus, counted where every site has an even number.
    #[test]
    fn closed_graphs_are_counted() {
        let square = Square::new(3, 3).unwrap();
        let bonds: Vec<(usize, usize)> =
            (0..9).flat_map(|site| [(site, (site + 3) % 9), (site, site / 3 * 3 + (site + 1) % 3)]).collect();
        assert_eq!(bonds.len(), 2 * square.n_sites());
        let masks: Vec<u32> = bonds.iter().map(|(a, b)| 1 << a ^ 1 << b).collect();
        let mut counts = vec![0u64; 19];
        for set in 0u32..1 << 18 {
            let odd = (0..18).filter(|b| set >> b & 1 == 1).fold(0, |odd, b| odd ^ masks[b]);
            counts[set.count_ones() as usize] += u64::from(odd == 0);
        }
        let expected: Vec<BigUint> = counts.into_iter().map(BigUint::from).collect();
        assert_eq!(in_tanh_k(&density::square(3, 3).unwrap(), 18, 18), expected);
    }

    /// Thesis eqs 3.2.25 and 3.2.26: N, 2N and N (N + 9)/2 on a torus that no graph of eight bonds goes around.
    #[test]
    fn the_first_orders_are_those_of_the_thesis() {
        let torus = density::square(10, 10).unwrap();
        let thesis = [1, 0, 0, 0, 100, 0, 200, 0, 5450];
        assert_eq!(in_exp_minus_2k(&torus, 200, 8).unwrap(), thesis);
        assert_eq!(in_tanh_k(&torus, 200, 8), thesis.map(|c: u128| BigUint::from(c)));
    }

    #[test]
    fn a_frustrated_ring_has_no_series_about_its_ground_state() {
        // Three antiferromagnetic bonds: one is broken in each of six ground states.
        let ring = Levels::new(3, vec![(-1.0, 6), (3.0, 2)]);
        assert_eq!(in_exp_minus_2k(&ring, 3, 3), None);
    }
}
