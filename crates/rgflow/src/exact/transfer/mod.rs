//! Independent configurations of the torus at any temperature, by the transfer matrix (Kramers and Wannier 1941).
//!
//! With rows s_0 .. s_{n-1} of width w the Boltzmann weight is the product over rows of V(s_k, s_{k+1}) H(s_k), V the
//! bonds between rows, H those within. T = V H acts on vectors of 2^w states as w single-bond 2 x 2 factors and a
//! diagonal, so no matrix is stored. For one first row s_0 of each class under translation, reflection and flip the
//! vectors v_k = T^k e_{s_0} are kept; the class is drawn with probability (size) T^n(s_0, s_0), the rows follow one
//! after the other with p(s_k | s_{k-1}, s_0) ~ V(s_{k-1}, s_k) H(s_k) v_{n-k}(s_k), and a random symmetry makes the
//! first row uniform in its class. A field h adds e^{beta h sum s} to H and takes the flip from the symmetries.

mod classes;
mod rows;

use ndarray::{Array2, ArrayViewMut1};
use rand::{RngExt, SeedableRng};

use super::{ExactError, drawing::Drawing, error::finite_field};
use crate::lattice::{Collection, Square, Temperature};
use crate::random::Generator;
use classes::orbits_in_field;
pub(super) use classes::{orbits, rotate};
use rows::Rows;

/// Largest width: 122 classes of 4096 rows.
pub(crate) const MAX_WIDTH: usize = 12;

/// Vectors of all classes are kept up to this many f64 (32 MiB); beyond it they are made again class by class.
const MAX_STORED: usize = 4 << 20;

/// A prepared sampler of one lattice at one temperature.
#[derive(Clone, Debug)]
pub struct Sampler {
    lx: usize,
    ly: usize,
    temperature: Temperature,
    field: f64,
    rows: Rows,
    classes: Vec<Class>,
    /// Cumulative probabilities of the classes, not normalised.
    cumulative: Vec<f64>,
}

/// First rows that are equivalent by symmetry.
#[derive(Clone, Debug)]
struct Class {
    first: usize,
    /// H v_k for k = 1 .. n-1, one after the other; empty if not stored.
    vectors: Vec<f64>,
}

impl Sampler {
    /// Prepares the `lx` x `ly` torus at `temperature` in `[0, inf]`.
    ///
    /// O(classes n w 2^w) time, at most 32 MiB of memory between calls.
    ///
    /// # Errors
    /// [`LatticeError::Extent`](crate::lattice::LatticeError::Extent) if an extent is below 2, [`ExactError::TooWide`]
    /// if both are above 12.
    pub fn new(lx: usize, ly: usize, temperature: Temperature) -> Result<Self, ExactError> {
        Self::in_field(lx, ly, temperature, 0.0)
    }

    /// The same in the field `field` (J), H = - sum over bonds of s s' - h sum of s; twice as many classes.
    ///
    /// # Errors
    /// As [`Sampler::new`], and [`ExactError::Field`] if the field is not finite.
    pub fn in_field(lx: usize, ly: usize, temperature: Temperature, field: f64) -> Result<Self, ExactError> {
        Square::new(lx, ly)?;
        let field = finite_field(field)?;
        let (width, length) = (lx.min(ly), lx.max(ly));
        if width > MAX_WIDTH {
            return Err(ExactError::TooWide { width, max: MAX_WIDTH });
        }
        let rows = Rows::new(width, length, temperature, field);
        let orbits = if field == 0.0 { orbits(width) } else { orbits_in_field(width) };
        let stored = (orbits.len() * (length - 1)) << width <= MAX_STORED;
        let mut classes = Vec::with_capacity(orbits.len());
        let mut logs = Vec::with_capacity(orbits.len());
        for (first, size) in orbits {
            let (vectors, log_weight) = rows.backward(first);
            logs.push(log_weight + libm::log(size as f64));
            classes.push(Class { first, vectors: if stored { vectors } else { Vec::new() } });
        }
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        let mut cumulate = |log: f64| {
            sum += libm::exp(log - largest);
            sum
        };
        let cumulative = logs.into_iter().map(&mut cumulate).collect();
        Ok(Self { lx, ly, temperature, field, rows, classes, cumulative })
    }

    /// `n` independent configurations; spins of shape `(n, lx * ly)`, `site = y * lx + x`.
    ///
    /// ```
    /// use rgflow::{exact::transfer::Sampler, lattice::Temperature, random::Streams};
    /// let mut rng = Streams::new(1).generator("example", 0);
    /// let seen = Sampler::new(10, 10, Temperature::new(2.25)?)?.sample(100, &mut rng);
    /// assert_eq!((seen.spins.dim(), seen.n_eff), ((100, 100), 100.0));
    /// # Ok::<(), rgflow::exact::ExactError>(())
    /// ```
    pub fn sample(&self, n: usize, rng: &mut Generator) -> Collection {
        if self.temperature == Temperature::ZERO {
            return self.ground_states(n, rng);
        }
        let members = self.members(n, || rng.random());
        self.draw(n, &members, rng)
    }

    /// [`Self::sample`] on its way, with a stream for each configuration: the first rows do not depend on `n`.
    pub(crate) fn drawing(&self, n: usize, mut rng: Generator) -> Drawing<'_> {
        let shape = [n, self.lx * self.ly];
        if self.temperature == Temperature::ZERO {
            return Drawing::new(shape, shape[1], rng, |k, spins, rng| self.write_ground_state(spins.row_mut(k), rng));
        }
        let mut seeds = Vec::with_capacity(n);
        let members = self.members(n, || {
            seeds.push(rng.random());
            rng.random()
        });
        let order: Vec<(usize, usize)> =
            members.iter().enumerate().flat_map(|(class, members)| members.iter().map(move |&i| (class, i))).collect();
        let mut states = vec![0usize; self.rows.length];
        let mut made = (usize::MAX, Vec::new());
        let step = move |k: usize, spins: &mut Array2<i8>, _: &mut Generator| {
            let (class, i) = order[k];
            let Class { first, ref vectors } = self.classes[class];
            if vectors.is_empty() && made.0 != class {
                made = (class, self.rows.backward(first).0);
            }
            let vectors = if vectors.is_empty() { &made.1 } else { vectors };
            let rng = &mut Generator::seed_from_u64(seeds[i]);
            self.rows.forward(first, vectors, &mut states, rng);
            self.write(&states, spins.row_mut(i), rng);
        };
        // Each row looks at all states of a row.
        Drawing::new(shape, (4 * self.rows.length) << self.rows.width, rng, step)
    }

    fn ground_states(&self, n: usize, rng: &mut Generator) -> Collection {
        let mut spins = Array2::<i8>::ones((n, self.lx * self.ly));
        spins.rows_mut().into_iter().for_each(|row| self.write_ground_state(row, rng));
        Collection::independent("exact", spins)
    }

    fn write_ground_state(&self, mut row: ArrayViewMut1<'_, i8>, rng: &mut Generator) {
        let up = if self.field == 0.0 { rng.random() } else { self.field > 0.0 };
        row.fill(if up { 1 } else { -1 });
    }

    /// The configurations of each class, drawn by its weight from `uniform`, numbers in [0, 1).
    fn members(&self, n: usize, mut uniform: impl FnMut() -> f64) -> Vec<Vec<usize>> {
        let total = self.cumulative[self.cumulative.len() - 1];
        let mut members = vec![Vec::new(); self.classes.len()];
        for i in 0..n {
            let u = uniform() * total;
            // u < total, so the index exists; a class of weight 0 is never the first above u.
            members[self.cumulative.partition_point(|&c| c <= u).min(self.classes.len() - 1)].push(i);
        }
        members
    }

    /// Draws one class after the other, while its vectors are in the cache.
    fn draw(&self, n: usize, members: &[Vec<usize>], rng: &mut Generator) -> Collection {
        let mut spins = Array2::<i8>::ones((n, self.lx * self.ly));
        let mut states = vec![0usize; self.rows.length];
        for (class, members) in self.classes.iter().zip(members) {
            if members.is_empty() {
                continue;
            }
            let made;
            let vectors = if class.vectors.is_empty() {
                made = self.rows.backward(class.first).0;
                &made
            } else {
                &class.vectors
            };
            for &i in members {
                self.rows.forward(class.first, vectors, &mut states, rng);
                self.write(&states, spins.row_mut(i), rng);
            }
        }
        Collection::independent("exact", spins)
    }

    #[cfg(test)]
    pub(crate) fn forget_vectors(&mut self) {
        self.classes.iter_mut().for_each(|c| c.vectors.clear());
    }

    /// Writes the rows under a random translation and reflection along the row and, without field, a random flip.
    fn write(&self, states: &[usize], mut out: ArrayViewMut1<'_, i8>, rng: &mut Generator) {
        let width = self.rows.width;
        // In a field a set bit is up: the flip that does nothing.
        let (shift, mirror, flip) =
            (rng.random_range(0..width), rng.random::<bool>(), rng.random::<bool>() || self.field != 0.0);
        for (k, &state) in states.iter().enumerate() {
            for i in 0..width {
                let moved = if mirror { width - 1 - i } else { i } + shift;
                let up = (state >> (moved % width)) & 1 == usize::from(flip);
                let site = if self.lx <= self.ly { k * self.lx + i } else { i * self.lx + k };
                out[site] = if up { 1 } else { -1 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::square;
    use crate::lattice::{Ising, Model};
    use crate::random::Streams;

    #[test]
    fn every_configuration_in_a_field_has_its_probability() {
        // All 64 states of 2 x 3, 100,000 draws, chi-square over states expected 8 times and more, p > 1e-5 each.
        for (lx, ly, t, h) in [(2, 3, 2.0, 0.5), (3, 2, 4.0, -0.8), (2, 3, f64::INFINITY, 3.0)] {
            let lattice = Square::new(lx, ly).unwrap();
            let model = Ising::in_field(&lattice, h).unwrap();
            let spins = |s: usize| (0..6).map(|i| if s >> i & 1 == 1 { 1i8 } else { -1 }).collect::<Vec<_>>();
            let weights: Vec<f64> = (0..64).map(|s| (-model.energy(&spins(s)) / t).exp()).collect();
            let z: f64 = weights.iter().sum();
            let mut rng = Streams::new(1).generator("test/transfer/field", lx as u64);
            let seen = Sampler::in_field(lx, ly, Temperature::new(t).unwrap(), h).unwrap().sample(100_000, &mut rng);
            let mut counts = [0.0; 64];
            for row in seen.spins.rows() {
                counts[row.iter().enumerate().map(|(i, &s)| usize::from(s == 1) << i).sum::<usize>()] += 1.0;
            }
            let (mut chi2, mut cells) = (0.0, 0.0);
            for (c, w) in counts.iter().zip(&weights) {
                let expected = w / z * 1e5;
                if expected >= 8.0 {
                    chi2 += (c - expected) * (c - expected) / expected;
                    cells += 1.0;
                }
            }
            let p = crate::statistics::special::incomplete_gamma_upper((cells - 1.0) / 2.0, chi2 / 2.0);
            assert!(p > 1e-5, "{lx} x {ly}, T = {t}, h = {h}: chi2 {chi2} of {cells}, p = {p}");
        }
        let cold = Sampler::in_field(4, 3, Temperature::ZERO, -1e-3).unwrap();
        let seen = cold.sample(10, &mut Streams::new(1).generator("test/transfer/field", 9));
        assert!(seen.spins.iter().all(|s| *s == -1));
        assert!(Sampler::in_field(4, 3, Temperature::CRITICAL, f64::NAN).is_err());
    }

    #[test]
    fn the_trace_is_the_partition_function() {
        for (lx, ly, t) in [(3, 3, 1.0), (4, 6, 2.25), (10, 10, 2.5), (2, 5, 3.0)] {
            let temperature = Temperature::new(t).unwrap();
            let rows = Rows::new(lx, ly, temperature, 0.0);
            let trace: f64 = orbits(lx).iter().map(|&(s, size)| size as f64 * rows.backward(s).1.exp()).sum();
            let n = (lx * ly) as f64;
            let free_energy = -2.0 - t * trace.ln() / n;
            let exact = square::thermodynamics(lx, ly, temperature).unwrap().free_energy.unwrap();
            assert!((free_energy - exact).abs() < 1e-13, "{lx} x {ly}: {free_energy} {exact}");
        }
    }

    #[test]
    fn extremes() {
        let mut rng = Streams::new(1).generator("test/transfer", 0);
        for t in [0.0, 1e-9, 0.01] {
            let cold = Sampler::new(4, 6, Temperature::new(t).unwrap()).unwrap().sample(100, &mut rng);
            assert!(cold.spins.rows().into_iter().all(|r| r.iter().all(|s| *s == r[0])));
            let up = cold.spins.column(0).iter().filter(|&&s| s == 1).count();
            assert!((20..=80).contains(&up));
        }
        let hot = Sampler::new(4, 6, Temperature::INFINITE).unwrap().sample(10_000, &mut rng);
        let sum: i32 = hot.spins.iter().map(|&s| i32::from(s)).sum();
        // 240,000 fair draws, |z| < 4.
        assert!(f64::from(sum.abs()) < 4.0 * 240_000f64.sqrt());
        assert!(Sampler::new(13, 13, Temperature::CRITICAL).is_err());
        // Stored and remade vectors give the same draws.
        let kept = Sampler::new(4, 6, Temperature::CRITICAL).unwrap();
        let mut bare = kept.clone();
        bare.forget_vectors();
        let draw = |sampler: &Sampler| sampler.sample(50, &mut Streams::new(1).generator("test/transfer", 1)).spins;
        assert_eq!(draw(&kept), draw(&bare));
    }
}
