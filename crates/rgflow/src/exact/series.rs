//! Series of the partition function in x = e^{-2K} and in t = tanh K, exact from a density of states (thesis eqs
//! 3.2.25-3.2.26).
//!
//! Integers of any size are those of `num-bigint`: sums of 2^N states with alternating signs do not fit 128 bits.

use num_bigint::{BigInt, BigUint};

use super::Levels;

/// Low temperatures: the coefficients c_0, c_1 ... c_order of Z = G e^{K B} sum_n c_n x^n, x = e^{-2K}.
///
/// B = `bonds`, the number of bonds; G the number of ground states, in which no bond may be broken; c_n the number of
/// states with n broken bonds over G (thesis eq. 3.2.26, whose factor 2 is G).
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
/// p_n is the number of ways to choose n of the B = `bonds` bonds such that an even number meets in every site: the
/// closed graphs of thesis eq. 3.2.25. With g_u states of u broken bonds, 2^N p_n = sum_u g_u [t^n] (1+t)^{B-u}
/// (1-t)^u.
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

/// The variable of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variable {
    /// t = tanh K, small at high temperatures.
    TanhK,
    /// x = e^{-2K}, small at low ones.
    ExpMinus2K,
}

/// The series of a torus of the square lattice, 1 + c_1 x + c_2 x^2 ...
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The variable of the series.
    pub variable: Variable,
    /// c_0 = 1, c_1 ... up to its order: those of [`in_tanh_k`] or [`in_exp_minus_2k`].
    pub coefficients: Vec<f64>,
    n_sites: usize,
}

impl Series {
    /// Up to `order`, from the levels of a torus of the square lattice, which has two bonds for each site.
    ///
    /// `None` if a bond is broken in its ground state and the series is about that.
    ///
    /// ```
    /// use rgflow::exact::density;
    /// use rgflow::exact::series::{Series, Variable};
    /// use rgflow::lattice::Temperature;
    /// let torus = density::square(4, 4)?;
    /// // All 32 bonds: no term is left out.
    /// let whole = Series::new(Variable::ExpMinus2K, &torus, 32).expect("no bond is broken");
    /// let exact = torus.thermodynamics(Temperature::new(2.5)?).free_energy.expect("finite");
    /// assert!((whole.ln_z_per_site(32, 0.4) + 0.4 * exact).abs() < 1e-12);
    /// # Ok::<(), rgflow::exact::ExactError>(())
    /// ```
    pub fn new(variable: Variable, torus: &Levels, order: usize) -> Option<Self> {
        let (n_sites, bonds) = (torus.n_sites(), 2 * torus.n_sites());
        let coefficients = match variable {
            Variable::TanhK => {
                // A coefficient beyond the range of f64 is infinite.
                let number = |p: &BigUint| p.to_string().parse().unwrap_or(f64::INFINITY);
                in_tanh_k(torus, bonds, order).iter().map(number).collect()
            }
            Variable::ExpMinus2K => in_exp_minus_2k(torus, bonds, order)?.into_iter().map(|c| c as f64).collect(),
        };
        Some(Self { variable, coefficients, n_sites })
    }

    /// ln Z per site at K > 0 by its terms up to `order`.
    pub fn ln_z_per_site(&self, order: usize, k: f64) -> f64 {
        let n = self.n_sites as f64;
        let (front, argument) = match self.variable {
            Variable::TanhK => (libm::log(2.0 * libm::cosh(k).powi(2)), libm::tanh(k)),
            Variable::ExpMinus2K => (2.0 * k + libm::log(2.0) / n, libm::exp(-2.0 * k)),
        };
        let terms = self.coefficients.iter().take(order + 1).skip(1);
        let sum: f64 = terms.rev().fold(0.0, |sum, c| (sum + c) * argument);
        front + libm::log1p(sum) / n
    }
}

/// A kind of closed graphs on the square lattice: the outline of an island of cells. In the series in e^{-2K} the cells
/// are overturned spins.
#[derive(Clone, Copy, Debug)]
pub struct Graph {
    /// Number of its bonds: the order to which it belongs.
    pub bonds: usize,
    /// How it is drawn.
    pub name: &'static str,
    /// How many of its kind there are on N sites, as a formula.
    pub formula: &'static str,
    /// The cells that it encloses, by column and row.
    pub cells: &'static [(usize, usize)],
    count: fn(f64) -> f64,
}

/// Every kind of closed graphs of up to eight bonds on the square lattice (thesis figures 3.2 and 3.3); a torus has no
/// others if it is longer than eight sites both ways.
pub const GRAPHS: [Graph; 7] = [
    graph(4, "one cell", "N", |n| n, &[(0, 0)]),
    graph(6, "two in a row", "2N", |n| 2.0 * n, &[(0, 0), (1, 0)]),
    graph(8, "three in a row", "2N", |n| 2.0 * n, &[(0, 0), (1, 0), (2, 0)]),
    graph(8, "corner", "4N", |n| 4.0 * n, &[(0, 0), (1, 0), (0, 1)]),
    graph(8, "block", "N", |n| n, &[(0, 0), (1, 0), (0, 1), (1, 1)]),
    graph(8, "corner to corner", "2N", |n| 2.0 * n, &[(0, 0), (1, 1)]),
    graph(8, "apart", "N(N-9)/2", |n| n * (n - 9.0) / 2.0, &[(0, 0), (2, 1)]),
];

const fn graph(
    bonds: usize,
    name: &'static str,
    formula: &'static str,
    count: fn(f64) -> f64,
    cells: &'static [(usize, usize)],
) -> Graph {
    Graph { bonds, name, formula, cells, count }
}

impl Graph {
    /// How many of its kind there are on a torus of `n_sites` sites.
    ///
    /// ```
    /// use rgflow::exact::series::GRAPHS;
    /// let of_eight: f64 = GRAPHS.iter().filter(|graph| graph.bonds == 8).map(|graph| graph.count(100)).sum();
    /// assert_eq!(of_eight, 100.0 * 109.0 / 2.0); // N(N + 9)/2, thesis eqs 3.2.25 and 3.2.26
    /// ```
    pub fn count(&self, n_sites: usize) -> f64 {
        (self.count)(n_sites as f64)
    }

    /// Its bonds: both ends of each, by column and row.
    pub fn outline(&self) -> Vec<[(usize, usize); 2]> {
        let is_inside = |i: usize, j: usize| self.cells.contains(&(i, j));
        let mut bonds = Vec::new();
        for &(i, j) in self.cells {
            let sides = [
                (j > 0 && is_inside(i, j - 1), [(i, j), (i + 1, j)]),
                (is_inside(i, j + 1), [(i, j + 1), (i + 1, j + 1)]),
                (i > 0 && is_inside(i - 1, j), [(i, j), (i, j + 1)]),
                (is_inside(i + 1, j), [(i + 1, j), (i + 1, j + 1)]),
            ];
            bonds.extend(sides.into_iter().filter(|(has_neighbour, _)| !has_neighbour).map(|(_, bond)| bond));
        }
        bonds
    }
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

    /// The outlines have as many bonds as the orders to which they belong, and together they are all graphs of these
    /// orders.
    #[test]
    fn no_graph_of_up_to_eight_bonds_is_missing() {
        for graph in GRAPHS {
            assert_eq!(graph.outline().len(), graph.bonds, "{}", graph.name);
        }
        let of_order = |n: usize| GRAPHS.iter().filter(|g| g.bonds == n).map(|g| g.count(100)).sum::<f64>();
        let torus = Series::new(Variable::ExpMinus2K, &density::square(10, 10).unwrap(), 8).unwrap();
        assert!((1..=8).all(|n| of_order(n) == torus.coefficients[n]), "{torus:?}");
    }

    /// Truth: ln Z of the torus of nine sites, whose series end with its 18 bonds.
    #[test]
    fn whole_series_are_the_partition_function() {
        let torus = density::square(3, 3).unwrap();
        let hot = Series::new(Variable::TanhK, &torus, 18).unwrap();
        let cold = Series::new(Variable::ExpMinus2K, &torus, 18).unwrap();
        for k in [0.2, 0.5, 1.0] {
            let temperature = crate::lattice::Temperature::new(1.0 / k).unwrap();
            let exact = -k * torus.thermodynamics(temperature).free_energy.unwrap();
            assert!((hot.ln_z_per_site(18, k) - exact).abs() < 1e-13);
            assert!((cold.ln_z_per_site(18, k) - exact).abs() < 1e-13);
            // Cut off they are not.
            assert!((cold.ln_z_per_site(6, k) - exact).abs() > 1e-8);
        }
    }

    #[test]
    fn a_frustrated_ring_has_no_series_about_its_ground_state() {
        // Three antiferromagnetic bonds: one is broken in each of six ground states.
        let ring = Levels::new(3, vec![(-1.0, 6), (3.0, 2)]);
        assert_eq!(in_exp_minus_2k(&ring, 3, 3), None);
    }
}
