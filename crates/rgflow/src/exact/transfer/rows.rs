//! The transfer matrix of rows of spins as single-bond factors: vectors from the last row back to the first, and rows
//! drawn one after the other.

use rand::RngExt;

use super::MAX_WIDTH;
use super::classes::rotate;
use crate::lattice::Temperature;
use crate::random::Generator;

/// Lanes of the sums over states; fixed, so that their rounding is.
const LANES: usize = 8;

/// The transfer matrix of rows of `width` spins on a torus of `length` rows; bit i of a state is the spin i.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) width: usize,
    pub(super) length: usize,
    /// Weight of an unlike bond between rows against a like one, e^{-2K}.
    unlike: f64,
    /// H(s) = e^{-2K (number of unlike bonds within the row) - 2 beta |h| (number of spins against the field)}.
    within: Vec<f64>,
    /// Powers of `unlike`, by number of unlike bonds between rows.
    powers: Vec<f64>,
}

impl Rows {
    pub(super) fn new(width: usize, length: usize, temperature: Temperature, field: f64) -> Self {
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
    pub(super) fn backward(&self, first: usize) -> (Vec<f64>, f64) {
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
    pub(super) fn apply_bonds(&self, vector: &mut [f64]) {
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
    pub(super) fn forward(&self, first: usize, vectors: &[f64], states: &mut [usize], rng: &mut Generator) {
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
