//! A machine as an Ising model: the fields and couplings that summing over its hidden units leaves.
//!
//! With spins s_i = -1 (low) and +1 (high), ln p(s) = J_0 + sum_i J_i s_i + sum_(i<j) J_ij s_i s_j + terms of three and
//! more, and J_ij = 2^-N sum_s s_i s_j ln p(s) are its Walsh coefficients (Cossu et al. 2019, arXiv 1810.11503, have
//! them for {0, 1} units; Decelle et al. 2024, arXiv 2309.02292, for spins). For an Ising model they are beta J. Up to
//! 16 units they come from all 2^N states. Beyond, from J_ij = E[s_j g_i] with g_i = (ln p(s_i = +1) - ln p(s_i = -1))
//! / 2, which depends on the others alone.
//!
//! Configurations are drawn in designs: s_i(u) = r_i (-1)^(c_i . u) over all u of k bits, with random signs r_i and
//! distinct random c_i whose top bit is 1. In a design the products of one, of two and of three spins average to
//! exactly zero, so that terms of up to three spins cause no error; the rest averages to zero over the signs. One fast
//! Walsh transform of g_i gives J_ij for all j.

mod sampled;

use super::enumeration::VisibleStates;
use super::{Rbm, RbmError};
use crate::kernel::walsh::walsh_transform;
use crate::random::Stream;
use crate::statistics::{Estimate, student_t_error};
use ndarray::Array2;
use rayon::prelude::*;
use sampled::{Design, rest, sum_of_squares};

/// Largest visible layer whose couplings are sampled: the blocks of all pairs take a quarter of a GiB.
pub const MOST_SAMPLED: usize = 2048;
/// Blocks of designs, independent of each other, from whose spread the errors come.
const BLOCKS: usize = 16;
/// Fewest configurations of a design.
const LEAST_ROWS: usize = 64;
/// Configurations of one task. Fixed, so that results do not depend on threads.
const CHUNK: usize = 64;

/// Fields and couplings of a machine: see [`Rbm::couplings`] and [`Rbm::sampled_couplings`].
#[derive(Clone, Debug, PartialEq)]
pub struct Couplings {
    n: usize,
    /// J_i by block, shape (blocks, n); exact ones are one block.
    fields: Array2<f64>,
    /// J_ij, i < j, row after row of the upper triangle, by block: shape (blocks, n (n - 1) / 2).
    pairs: Array2<f64>,
    configurations: Option<usize>,
    orders: Orders,
}

/// The variance of ln p over uniform spins, by the number of spins in a term: sums of squared Walsh coefficients, in
/// nats^2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orders {
    /// Sum of J_i^2.
    pub one: Estimate,
    /// Sum of J_ij^2.
    pub two: Estimate,
    /// All that is no field and no pair.
    pub more: Estimate,
}

/// Couplings at one distance on a lattice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtDistance {
    /// r^2 in squared lattice spacings, >= 1: the shortest distance on the torus.
    pub squared: usize,
    /// Number of pairs.
    pub pairs: usize,
    /// Mean of J_ij over them.
    pub coupling: Estimate,
}

impl AtDistance {
    /// r in lattice spacings.
    pub fn distance(&self) -> f64 {
        (self.squared as f64).sqrt()
    }
}

impl Orders {
    /// The fraction of the variance in fields, in pairs and in what has more spins, each with its error, that takes the
    /// errors of the three variances as independent. NaN if ln p is constant.
    pub fn shares(&self) -> [Estimate; 3] {
        let all = [self.one, self.two, self.more];
        let total: f64 = all.iter().map(|o| o.value).sum();
        let square: f64 = all.iter().map(|o| o.error * o.error).sum();
        all.map(|o| {
            let share = o.value / total;
            // d(x/t) = ((1 - share) dx - share d(rest)) / t.
            let variance = o.error * o.error * (1.0 - 2.0 * share) + share * share * square;
            Estimate { value: share, error: variance.max(0.0).sqrt() / total, n_eff: o.n_eff }
        })
    }
}

impl Couplings {
    /// Largest visible layer of which all states are listed: [`Rbm::couplings`].
    pub const MOST_EXACT: usize = 16;

    /// Number of visible units.
    pub fn n_visible(&self) -> usize {
        self.n
    }

    /// Number of configurations they were sampled from; none if they are exact.
    pub fn configurations(&self) -> Option<usize> {
        self.configurations
    }

    /// J_i, dimensionless (beta times a field).
    ///
    /// # Panics
    /// Unless i < n_visible, which is an error of the caller.
    pub fn field(&self, i: usize) -> Estimate {
        self.estimate(self.fields.column(i).to_vec())
    }

    /// J_ij = J_ji, dimensionless (beta times a coupling). Errors, of 16 blocks, are those of [`student_t_error`].
    ///
    /// # Panics
    /// Unless i and j differ and are below n_visible, which is an error of the caller.
    pub fn pair(&self, i: usize, j: usize) -> Estimate {
        assert!(i != j && i < self.n && j < self.n, "J_ij of the units {i} and {j} of {}", self.n);
        self.estimate(self.pairs.column(pair_index(self.n, i.min(j), i.max(j))).to_vec())
    }

    /// How the variance of ln p divides over fields, pairs and the rest.
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// J(r): the mean of J_ij over the pairs at each distance on a periodic lattice with square cells, by rising
    /// distance.
    ///
    /// `extents`: fastest index first, `[n]` for the ring, `[lx, ly]` for the square lattice.
    ///
    /// # Errors
    /// [`RbmError::Shape`] if the lattice has another number of sites than there are visible units.
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::{Rbm, effective_temperature}};
    /// let rbm = Rbm::random(6, 2, 0.3, &mut Streams::new(1).generator("example", 0));
    /// let couplings = rbm.couplings()?;
    /// let by_distance = couplings.by_distance(&[6])?;
    /// assert_eq!(by_distance.iter().map(|d| d.distance()).collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
    /// // On a ring of six the bonds are the pairs at distance 1.
    /// let k = couplings.nearest_neighbour(&[6])?;
    /// assert!((k.value - by_distance[0].coupling.value).abs() < 1e-12);
    /// assert_eq!(effective_temperature(k).is_some(), k.value > 0.0);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn by_distance(&self, extents: &[usize]) -> Result<Vec<AtDistance>, RbmError> {
        let found = extents.iter().try_fold(1usize, |n, l| n.checked_mul(*l)).unwrap_or(usize::MAX);
        if found != self.n {
            return Err(RbmError::Shape { what: "sites of the lattice", expected: self.n, found });
        }
        let mut classes = std::collections::BTreeMap::<usize, Vec<usize>>::new();
        for i in 0..self.n {
            for j in i + 1..self.n {
                classes.entry(squared_distance(extents, i, j)).or_default().push(pair_index(self.n, i, j));
            }
        }
        Ok(classes
            .into_iter()
            .map(|(squared, members)| {
                let pairs = members.len();
                let mean = |row: ndarray::ArrayView1<f64>| members.iter().map(|p| row[*p]).sum::<f64>() / pairs as f64;
                let blocks = self.pairs.rows().into_iter().map(mean).collect();
                AtDistance { squared, pairs, coupling: self.estimate(blocks) }
            })
            .collect())
    }

    /// K_eff: the mean coupling of a bond between nearest neighbours, dimensionless. Where the lattice is two sites
    /// long, two bonds join the same sites and each has half of their J_ij.
    ///
    /// # Errors
    /// As [`Couplings::by_distance`], and if no two sites are neighbours.
    pub fn nearest_neighbour(&self, extents: &[usize]) -> Result<Estimate, RbmError> {
        let nearest = self.by_distance(extents)?.into_iter().find(|d| d.squared == 1);
        let nearest = nearest.ok_or(RbmError::Shape { what: "sites of the lattice", expected: 2, found: self.n })?;
        let bonds = self.n * extents.iter().filter(|l| **l > 1).count();
        let factor = nearest.pairs as f64 / bonds as f64;
        let Estimate { value, error, n_eff } = nearest.coupling;
        Ok(Estimate { value: value * factor, error: error * factor, n_eff })
    }

    /// Mean over independent blocks; exact numbers have the error 0.
    fn estimate(&self, blocks: Vec<f64>) -> Estimate {
        match self.configurations {
            None => exact(blocks[0]),
            Some(n) => Estimate { n_eff: n as f64, ..student_t_error(&blocks) },
        }
    }
}

/// T_eff = 1/K_eff in J/k_B, if K_eff > 0.
pub fn effective_temperature(coupling: Estimate) -> Option<Estimate> {
    let Estimate { value, error, n_eff } = coupling;
    (value > 0.0).then(|| Estimate { value: 1.0 / value, error: error / (value * value), n_eff })
}

impl Rbm {
    /// Exact fields and couplings, from all states: at most 16 two-valued visible units; any hidden units.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`], [`RbmError::TooLarge`], [`RbmError::NotFinite`].
    ///
    /// ```
    /// use ndarray::{arr1, arr2};
    /// use rgflow::rbm::{Rbm, Units};
    /// // One hidden unit between two spins: ln cosh(w s_1 + w s_2) = K s_1 s_2 + a constant, K = ln(cosh 2w) / 2.
    /// let (w, none) = (0.5f32, arr1(&[0.0, 0.0]));
    /// let rbm = Rbm::new(arr2(&[[w], [w]]), none, arr1(&[0.0]), Units::SPIN, Units::SPIN)?;
    /// let k = (2.0 * f64::from(w)).cosh().ln() / 2.0;
    /// assert!((rbm.couplings()?.pair(0, 1).value - k).abs() < 1e-12);
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn couplings(&self) -> Result<Couplings, RbmError> {
        const WHAT: &str = "the full transform of ln p";
        let n = self.n_visible();
        // Refused here, at fewer units than a law that is listed has.
        self.visible_levels(WHAT)?;
        VisibleStates::new(self, WHAT, Couplings::MOST_EXACT)?;
        let mut ln_p = self.ln_visible_law()?;
        walsh_transform(&mut ln_p);
        let scale = 1.0 / ln_p.len() as f64;
        // A high unit is a bit that is 1, whose factor in the transform is -1.
        let fields = (0..n).map(|i| -scale * ln_p[1 << i]).collect();
        let pairs: Vec<f64> =
            (0..n).flat_map(|i| (i + 1..n).map(move |j| 1usize << i | 1 << j)).map(|k| scale * ln_p[k]).collect();
        let mut squares = [0.0; 3];
        for (k, sum) in ln_p.iter().enumerate().skip(1) {
            squares[k.count_ones().min(3) as usize - 1] += (scale * sum) * (scale * sum);
        }
        let [one, two, more] = squares.map(exact);
        Ok(Couplings {
            n,
            fields: Array2::from_shape_vec((1, n), fields).expect("one for each unit"),
            pairs: Array2::from_shape_vec((1, n * (n - 1) / 2), pairs).expect("one for each pair"),
            configurations: None,
            orders: Orders { one, two, more },
        })
    }

    /// Fields and couplings with errors, from `samples` random configurations (rounded up to 16 blocks of whole designs
    /// of at least 2 n_visible): at most 2048 two-valued visible units; any hidden units.
    ///
    /// O(samples n_visible n_hidden). Streams "PURPOSE/design" and "PURPOSE/rest". Without terms of three and more
    /// spins, exact but for rounding.
    ///
    /// # Errors
    /// [`RbmError::NotTwoValued`], [`RbmError::TooManyPairs`], [`RbmError::NotFinite`].
    ///
    /// ```
    /// use rgflow::{random::Streams, rbm::Rbm};
    /// let rbm = Rbm::random(30, 10, 0.3, &mut Streams::new(1).generator("example/rbm", 0));
    /// let couplings = rbm.sampled_couplings(1000, Streams::new(1).of("example/couplings"))?;
    /// let j = couplings.pair(3, 7);
    /// let to_first_order: f64 = (0..10).map(|a| f64::from(rbm.weights[[3, a]] * rbm.weights[[7, a]])).sum();
    /// assert!(j.error < 0.02 && j.value.signum() == to_first_order.signum());
    /// # Ok::<(), rgflow::rbm::RbmError>(())
    /// ```
    pub fn sampled_couplings(&self, samples: usize, stream: Stream) -> Result<Couplings, RbmError> {
        const WHAT: &str = "the sampling of couplings";
        let n = self.n_visible();
        if n > MOST_SAMPLED {
            return Err(RbmError::TooManyPairs { what: WHAT, most: MOST_SAMPLED, found: n });
        }
        self.visible_levels(WHAT)?;
        let states = VisibleStates::new(self, WHAT, MOST_SAMPLED)?;
        let rows = (2 * n).next_power_of_two().max(LEAST_ROWS);
        let designs = samples.div_ceil(BLOCKS * rows).max(1);
        let Stream { streams, purpose } = stream;
        let name = format!("{purpose}/design");
        let blocks: Vec<(Vec<f64>, Vec<f64>)> = (0..BLOCKS)
            .into_par_iter()
            .map(|block| {
                let mut design = Design::new(&states, n, self.n_hidden(), rows);
                for index in block * designs..(block + 1) * designs {
                    design.add(&mut streams.generator(&name, index as u64));
                }
                design.means(designs)
            })
            .collect();
        let (fields, pairs): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
        let stacked = |blocks: Vec<Vec<f64>>, width| {
            Array2::from_shape_vec((BLOCKS, width), blocks.concat()).expect("blocks of one width")
        };
        let (fields, pairs) = (stacked(fields, n), stacked(pairs, n * (n - 1) / 2));
        let configurations = BLOCKS * rows * designs;
        let orders = Orders {
            one: sum_of_squares(fields.view()),
            two: sum_of_squares(pairs.view()),
            more: rest(&states, self.n_hidden(), [&fields, &pairs], configurations / 4, stream),
        };
        Ok(Couplings { n, fields, pairs, configurations: Some(configurations), orders })
    }
}

fn exact(value: f64) -> Estimate {
    Estimate { value, error: 0.0, n_eff: f64::INFINITY }
}

/// Place of the pair i < j in the upper triangle, row after row.
fn pair_index(n: usize, i: usize, j: usize) -> usize {
    i * (2 * n - i - 1) / 2 + j - i - 1
}

/// r^2 between two sites of a periodic lattice, by the nearest images.
fn squared_distance(extents: &[usize], mut i: usize, mut j: usize) -> usize {
    let mut sum = 0;
    for l in extents {
        let d = (i % l).abs_diff(j % l);
        let d = d.min(l - d);
        sum += d * d;
        (i, j) = (i / l, j / l);
    }
    sum
}
