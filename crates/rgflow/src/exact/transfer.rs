//! Independent configurations of the torus at any temperature, by the transfer matrix (Kramers and Wannier 1941).
//!
//! With rows s_0 .. s_{n-1} of width w the Boltzmann weight is the product over rows of V(s_k, s_{k+1}) H(s_k), V the
//! bonds between rows, H those within. T = V H acts on vectors of 2^w states as w single-bond 2 x 2 factors and a
//! diagonal, so no matrix is stored. For one first row s_0 of each class under translation, reflection and flip the
//! vectors v_k = T^k e_{s_0} are kept; the class is drawn with probability (size) T^n(s_0, s_0), the rows follow one
//! after the other with p(s_k | s_{k-1}, s_0) ~ V(s_{k-1}, s_k) H(s_k) v_{n-k}(s_k), and a random symmetry makes the
//! first row uniform in its class. A field h adds e^{beta h sum s} to H and takes the flip from the symmetries.

use ndarray::{Array2, ArrayViewMut1};
use rand::{RngExt, SeedableRng};

use super::{ExactError, error::finite_field};
use crate::lattice::{Collection, Square, Temperature};
use crate::random::Generator;

/// Largest width: 122 classes of 4096 rows.
pub(crate) const MAX_WIDTH: usize = 12;

/// Vectors of all classes are kept up to this many f64 (32 MiB); beyond it they are made again class by class.
const MAX_STORED: usize = 4 << 20;

/// Lanes of the sums over states; fixed, so that their rounding is.
const LANES: usize = 8;

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

/// The transfer matrix of rows of `width` spins on a torus of `length` rows; bit i of a state is the spin i.
#[derive(Clone, Debug)]
struct Rows {
    width: usize,
    length: usize,
    /// Weight of an unlike bond between rows against a like one, e^{-2K}.
    unlike: f64,
    /// H(s) = e^{-2K (number of unlike bonds within the row) - 2 beta |h| (number of spins against the field)}.
    within: Vec<f64>,
    /// Powers of `unlike`, by number of unlike bonds between rows.
    powers: Vec<f64>,
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
        self.draw(n, &members, |_, draw| draw(rng))
    }

    /// As [`Self::sample`], with a stream for each configuration: the first rows do not depend on `n`.
    pub(crate) fn sample_extensible(&self, n: usize, rng: &mut Generator) -> Collection {
        if self.temperature == Temperature::ZERO {
            return self.ground_states(n, rng);
        }
        let mut seeds = Vec::with_capacity(n);
        let members = self.members(n, || {
            seeds.push(rng.random());
            rng.random()
        });
        self.draw(n, &members, |i, draw| draw(&mut Generator::seed_from_u64(seeds[i])))
    }

    fn ground_states(&self, n: usize, rng: &mut Generator) -> Collection {
        let mut spins = Array2::<i8>::ones((n, self.lx * self.ly));
        for mut row in spins.rows_mut() {
            let up = if self.field == 0.0 { rng.random() } else { self.field > 0.0 };
            row.fill(if up { 1 } else { -1 });
        }
        Collection::independent("exact", spins)
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

    /// Draws one class after the other, while its vectors are in the cache; `with(i, draw)` gives configuration i its
    /// generator.
    fn draw(
        &self,
        n: usize,
        members: &[Vec<usize>],
        mut with: impl FnMut(usize, &mut dyn FnMut(&mut Generator)),
    ) -> Collection {
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
                with(i, &mut |rng| {
                    self.rows.forward(class.first, vectors, &mut states, rng);
                    self.write(&states, spins.row_mut(i), rng);
                });
            }
        }
        Collection::independent("exact", spins)
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

impl Rows {
    fn new(width: usize, length: usize, temperature: Temperature, field: f64) -> Self {
        let unlike = libm::exp(-2.0 * temperature.beta());
        let power = |n: usize| (0..n).fold(1.0, |p, _| p * unlike);
        let powers: Vec<f64> = (0..=width).map(power).collect();
        let against = |s: usize| {
            let against = if field < 0.0 { s.count_ones() } else { s.count_zeros() - (usize::BITS - width as u32) };
            // At T = 0 the factor of none would be inf times 0.
            if against == 0 || field == 0.0 {
                return 1.0;
            }
            libm::exp(-2.0 * temperature.beta() * field.abs() * f64::from(against))
        };
        let unlike_bonds = |s: usize| (s ^ rotate(s, width)).count_ones() as usize;
        let within = (0..1usize << width).map(|s| powers[unlike_bonds(s)] * against(s)).collect();
        Self { width, length, unlike, within, powers }
    }

    /// The vectors H v_k, k = 1 .. n-1, of the first row `first`, each up to a factor, and ln T^n(first, first).
    fn backward(&self, first: usize) -> (Vec<f64>, f64) {
        let n_states = 1usize << self.width;
        let mut vector = vec![0.0; n_states];
        vector[first] = self.within[first];
        let mut log_scale = 0.0;
        let mut vectors = Vec::with_capacity((self.length - 1) * n_states);
        for k in 1..=self.length {
            let largest = vector.iter().copied().fold(0.0, f64::max);
            if largest == 0.0 {
                // The weight of this class is below the range of f64.
                return (vec![0.0; (self.length - 1) * n_states], f64::NEG_INFINITY);
            }
            log_scale += libm::log(largest);
            let scale = 1.0 / largest;
            vector.iter_mut().for_each(|v| *v *= scale);
            self.apply_bonds(&mut vector);
            if k < self.length {
                vector.iter_mut().zip(&self.within).for_each(|(v, h)| *v *= h);
                vectors.extend_from_slice(&vector);
            }
        }
        (vectors, log_scale + libm::log(vector[first]))
    }

    /// V as a product over spins of [[1, u], [u, 1]], u = e^{-2K}.
    fn apply_bonds(&self, vector: &mut [f64]) {
        for bit in 0..self.width {
            let half = 1 << bit;
            for pair in vector.chunks_exact_mut(2 * half) {
                let (down, up) = pair.split_at_mut(half);
                for (a, b) in down.iter_mut().zip(up) {
                    (*a, *b) = (*a + self.unlike * *b, *b + self.unlike * *a);
                }
            }
        }
    }

    /// Draws the rows 1 .. n-1 after the row `first`.
    fn forward(&self, first: usize, vectors: &[f64], states: &mut [usize], rng: &mut Generator) {
        // States fall into blocks of equal high bits; V(s, s') = V_high V_low, so that a block's sum is one product of
        // the low table with a piece of the vector.
        let low_bits = self.width.min(5);
        let (n_low, n_high) = (1usize << low_bits, 1usize << (self.width - low_bits));
        let n_states = n_low * n_high;
        let mut low = [0.0; 32];
        let mut sums = [0.0; 1 << (MAX_WIDTH - 5)];
        let weight = |a: usize, b: usize| self.powers[(a ^ b).count_ones() as usize];
        states[0] = first;
        for k in 1..self.length {
            let (before_low, before_high) = (states[k - 1] % n_low, states[k - 1] / n_low);
            let vector = &vectors[(self.length - 1 - k) * n_states..][..n_states];
            for (s, l) in low[..n_low].iter_mut().enumerate() {
                *l = weight(before_low, s);
            }
            let mut total = 0.0;
            for (high, piece) in vector.chunks_exact(n_low).enumerate() {
                sums[high] = weight(before_high, high) * dot(&low[..n_low], piece);
                total += sums[high];
            }
            let u = rng.random::<f64>() * total;
            let (high, rest) = choose(&sums[..n_high], u);
            let piece = &vector[high * n_low..][..n_low];
            let mut weights = [0.0; 32];
            for (w, (l, v)) in weights.iter_mut().zip(low[..n_low].iter().zip(piece)) {
                *w = weight(before_high, high) * l * v;
            }
            states[k] = high * n_low + choose(&weights[..n_low], rest).0;
        }
    }
}

/// The index at which the running sum of `weights` exceeds `u`, and what is left of `u` there. Rounding can leave `u`
/// above the whole sum: then the last index of positive weight.
fn choose(weights: &[f64], mut u: f64) -> (usize, f64) {
    let mut last = (0, 0.0);
    for (i, &w) in weights.iter().enumerate() {
        if w > 0.0 {
            if u < w {
                return (i, u);
            }
            last = (i, w);
        }
        u -= w;
    }
    last
}

/// sum a b in eight lanes.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f64>() + tail
}

/// The state moved by one site around the ring of `width` bits.
pub(super) fn rotate(state: usize, width: usize) -> usize {
    ((state << 1) | (state >> (width - 1))) & ((1 << width) - 1)
}

/// One member (the smallest) and the size of each class of rows under translation, reflection and flip.
pub(super) fn orbits(width: usize) -> Vec<(usize, usize)> {
    classes(width, true)
}

/// The same under translation and reflection alone.
fn orbits_in_field(width: usize) -> Vec<(usize, usize)> {
    classes(width, false)
}

fn classes(width: usize, flip: bool) -> Vec<(usize, usize)> {
    let full = (1usize << width) - 1;
    let mirror = |s: usize| (0..width).fold(0, |m, i| m | ((s >> i) & 1) << (width - 1 - i));
    let mut seen = vec![false; full + 1];
    let mut out = Vec::new();
    for first in 0..=full {
        if seen[first] {
            continue;
        }
        let mut size = 0;
        let turned = [first, mirror(first), first ^ full, mirror(first) ^ full];
        for &(mut image) in &turned[..if flip { 4 } else { 2 }] {
            for _ in 0..width {
                image = rotate(image, width);
                size += usize::from(!std::mem::replace(&mut seen[image], true));
            }
        }
        out.push((first, size));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::square;
    use crate::lattice::{Ising, Model};
    use crate::random::Streams;

    #[test]
    fn classes_cover_all_rows() {
        for width in 2..=12 {
            assert_eq!(orbits(width).iter().map(|o| o.1).sum::<usize>(), 1 << width);
            assert_eq!(orbits_in_field(width).iter().map(|o| o.1).sum::<usize>(), 1 << width);
        }
        assert_eq!(orbits(3), [(0, 2), (1, 6)]);
        assert_eq!(orbits_in_field(3), [(0, 1), (1, 3), (3, 3), (7, 1)]);
    }

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
        bare.classes.iter_mut().for_each(|c| c.vectors.clear());
        let draw = |sampler: &Sampler| sampler.sample(50, &mut Streams::new(1).generator("test/transfer", 1)).spins;
        assert_eq!(draw(&kept), draw(&bare));
    }
}
