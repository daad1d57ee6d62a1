//! Two-valued units: packing and drawing them.
//!
//! A unit with the values {low, high} (a spin has {-1, +1}) is a bit, 1 = high. Bits are packed four to a byte
//! ("nibbles": bit j of byte g is unit 4 g + j).

use crate::cpu::{self, dispatched};
use crate::random::Bulk;
use ndarray::{ArrayView2, ArrayViewMut2};

/// Units that are drawn together, the widest vector of f32.
const LANES: usize = 16;

/// Bytes that hold `n` spins.
pub fn packed_len(n: usize) -> usize {
    n.div_ceil(4)
}

/// Packs rows of `n` spins (-1 or +1; positive = up) into nibbles.
pub fn pack(spins: &[i8], n: usize, packed: &mut [u8]) {
    for (row, bytes) in spins.chunks_exact(n).zip(packed.chunks_exact_mut(packed_len(n))) {
        for (four, byte) in row.chunks(4).zip(bytes) {
            *byte = four.iter().enumerate().map(|(j, s)| u8::from(*s > 0) << j).sum();
        }
    }
}

/// The rows of `spins` (-1 or +1), packed.
pub fn packed(spins: ArrayView2<i8>) -> Vec<u8> {
    let mut bytes = vec![0; spins.nrows() * packed_len(spins.ncols())];
    pack(spins.as_standard_layout().as_slice().expect("standard layout"), spins.ncols(), &mut bytes);
    bytes
}

/// Unpacks nibbles into rows of `values`, each `low` or `high`.
///
/// # Panics
/// If `values` is not in standard layout, which is an error of the caller.
pub fn unpack_levels(packed: &[u8], low: f32, high: f32, mut values: ArrayViewMut2<f32>) {
    let n = values.ncols();
    unpack_by(packed, n, (low, high), values.as_slice_mut().expect("standard layout"));
}

/// Packs rows of `n` values, each of which must be `low` or `high`; returns whether all were. Nothing is ever
/// thresholded.
pub fn pack_levels(values: ArrayView2<f32>, low: f32, high: f32, packed: &mut [u8]) -> bool {
    let rows = values.rows().into_iter().zip(packed.chunks_exact_mut(packed_len(values.ncols())));
    let mut copy = Vec::new();
    rows.into_iter().all(|(values, bytes)| {
        let values = values.to_slice().unwrap_or_else(|| {
            copy.clear();
            copy.extend(values);
            &copy
        });
        pack_row(cpu::path(), values, low, high, bytes)
    })
}

/// Bits of units whose means are `values`, shape (n, units), between `low` and `high`: each is drawn by itself, high
/// with probability (value - low)/(high - low). Of grey levels in [0, 1] and {0, 1} this is stochastic binarisation.
///
/// # Panics
/// If `low` is not below `high`.
///
/// ```
/// use ndarray::array;
/// use rgflow::{packed::draw_levels, random::Streams};
/// let mut random = Streams::new(1).bulk("example/grey", 0);
/// assert_eq!(draw_levels(array![[0.0, 1.0, 1.0, 0.0, 1.0]].view(), 0.0, 1.0, &mut random), [0b0110, 1]);
/// ```
pub fn draw_levels(values: ArrayView2<f32>, low: f32, high: f32, random: &mut Bulk) -> Vec<u8> {
    assert!(low < high, "levels {low} and {high}");
    let (n, bytes) = (values.ncols(), packed_len(values.ncols()));
    let (mut bits, mut words) = (vec![0u8; values.nrows() * bytes], vec![0u32; n]);
    let unit = 2f64.powi(32) / f64::from(high - low);
    for (row, to) in values.rows().into_iter().zip(bits.chunks_exact_mut(bytes.max(1))) {
        random.fill(&mut words);
        for (i, (value, word)) in row.iter().zip(&words).enumerate() {
            to[i / 4] |= u8::from(f64::from(*word) < f64::from(value - low) * unit) << (i % 4);
        }
    }
    bits
}

dispatched! {
    fn pack_row(values: &[f32], low: f32, high: f32, bytes: &mut [u8]) -> bool => pack_row_all
}

#[inline(always)]
fn pack_row_all(values: &[f32], low: f32, high: f32, bytes: &mut [u8]) -> bool {
    let (lines, rest) = values.as_chunks();
    let (bytes, last_bytes) = bytes.split_at_mut(lines.len() * LANES / 4);
    let mut all = [u8::MAX; LANES];
    for (line, to) in lines.iter().zip(bytes.as_chunks_mut().0) {
        *to = pack_line(line, low, high, &mut all);
    }
    if !rest.is_empty() {
        let mut line = [low; LANES];
        line[..rest.len()].copy_from_slice(rest);
        last_bytes.copy_from_slice(&pack_line(&line, low, high, &mut all)[..last_bytes.len()]);
    }
    all == [u8::MAX; LANES]
}

/// Packs a line; clears lanes of `all` whose value is neither of the two.
#[inline(always)]
fn pack_line(values: &[f32; LANES], low: f32, high: f32, all: &mut [u8; LANES]) -> [u8; LANES / 4] {
    let mut up = [0; LANES];
    for (value, (up, all)) in values.iter().zip(up.iter_mut().zip(all)) {
        *up = if *value == high { u8::MAX } else { 0 };
        *all &= *up | if *value == low { u8::MAX } else { 0 };
    }
    let mask = mask(up);
    std::array::from_fn(|q| (mask >> (4 * q) & 15) as u8)
}

fn unpack_by<T: Copy>(packed: &[u8], n: usize, (low, high): (T, T), values: &mut [T]) {
    let value = |nibble: usize, j: usize| if nibble >> j & 1 == 1 { high } else { low };
    let table: [[T; 4]; 16] = std::array::from_fn(|nibble| std::array::from_fn(|j| value(nibble, j)));
    for (bytes, row) in packed.chunks_exact(packed_len(n)).zip(values.chunks_exact_mut(n)) {
        for (byte, four) in bytes.iter().zip(row.chunks_mut(4)) {
            four.copy_from_slice(&table[(*byte & 15) as usize][..four.len()]);
        }
    }
}

/// Draws sixteen units from their fields, P(high) = sigmoid(delta z) (thesis eq. 2.4.21), with 25 random bits each: bit
/// l is unit l.
///
/// In all, P differs from the sigmoid by at most 2^-24 (tested over fields).
#[inline(always)]
pub(crate) fn draw_line(z: &[f32; LANES], w: &[u32; LANES], delta: f32) -> u16 {
    draw_odds(&odds_line(z, delta), w)
}

/// The two numbers that a draw compares: 1 + e and (1 - e) 2^24 with e = exp(-delta z), whose quotient is tanh(delta z
/// / 2) 2^24.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    pub(super) plus: [f32; LANES],
    pub(super) less: [f32; LANES],
}

#[inline(always)]
pub(super) fn odds_line(z: &[f32; LANES], delta: f32) -> Odds {
    let k = -delta * std::f32::consts::LOG2_E;
    let mut odds = Odds { plus: [0.0; LANES], less: [0.0; LANES] };
    for (z, (plus, less)) in z.iter().zip(odds.plus.iter_mut().zip(&mut odds.less)) {
        let e = exp2_one(k * z);
        (*plus, *less) = (1.0 + e, (1.0 - e) * 16_777_216.0);
    }
    odds
}

/// Draws with a signed number x of 25 bits, uniform in [-2^24, 2^24): high where x < 2^24 tanh(delta z / 2), without
/// the division.
#[inline(always)]
pub(super) fn draw_odds(odds: &Odds, w: &[u32; LANES]) -> u16 {
    let mut up = [0u8; LANES];
    for l in 0..LANES {
        let x = (w[l].cast_signed() >> 7) as f32;
        up[l] = if x * odds.plus[l] < odds.less[l] { 0xff } else { 0 };
    }
    mask(up)
}

/// 2^t by the minimax polynomial of degree 6 on [-1/2, 1/2] (relative error 1.9e-9 before rounding), within 2^-90 and
/// 2^90.
#[inline(always)]
pub(super) fn exp2_one(t: f32) -> f32 {
    let t = t.clamp(-90.0, 90.0);
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, which the low bits of the sum then are.
    let shifted = t + 12_582_912.0;
    let f = t - (shifted - 12_582_912.0);
    let mut p = 1.534_581_1e-4;
    p = p * f + 1.339_993_1e-3;
    p = p * f + 9.618_489e-3;
    p = p * f + 5.550_328_8e-2;
    p = p * f + 2.402_264_7e-1;
    p = p * f + 6.931_472e-1;
    p = p * f + 1.0;
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// One bit for each of sixteen bytes, which are 0 or 0xff.
#[inline(always)]
fn mask(up: [u8; LANES]) -> u16 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: the instruction is of SSE2, which every x86-64 CPU has.
        unsafe { std::arch::x86_64::_mm_movemask_epi8(bytemuck::cast(up)) as u16 }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        up.iter().enumerate().map(|(l, byte)| u16::from(byte & 1) << l).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// The number of random words that make a unit high, found by bisection, is right to 2^-24 for every field, and
    /// falls with the field.
    #[test]
    fn draws_are_biased_by_at_most_2_to_the_minus_24() {
        for delta in [2.0f32, 1.0, 0.3, 4.0] {
            for i in -12_000..=12_000 {
                let z = i as f32 * 1.0007e-3 / (0.5 * delta);
                // Words in the order of the signed numbers they stand for.
                let word = |rank: u32| (rank << 7) ^ 0x8000_0000;
                let high = |rank| draw_line(&[z; LANES], &[word(rank); LANES], delta) == u16::MAX;
                let (mut low, mut top) = (0, 1 << 25);
                while low < top {
                    let middle = (low + top) / 2;
                    if high(middle) { low = middle + 1 } else { top = middle }
                }
                let bias = f64::from(low) / 33_554_432.0 - 1.0 / (1.0 + f64::from(-delta * z).exp());
                assert!(bias.abs() <= 1.0 / 16_777_216.0, "delta {delta}, z {z}: {bias:e}");
            }
        }
        let at = |z| draw_line(&[z; LANES], &std::array::from_fn(|l| (l as u32).wrapping_mul(0x1234_5679)), 2.0);
        assert_eq!((at(f32::INFINITY), at(1e30), at(f32::NEG_INFINITY)), (u16::MAX, u16::MAX, 0));
    }

    #[test]
    fn packed_spins_and_levels_are_what_they_were() {
        for n in [1, 4, 10, 33, 100] {
            let spins: Vec<i8> = (0..3 * n).map(|i| if (i * i + i / 3) % 3 == 0 { 1 } else { -1 }).collect();
            let mut packed = vec![0; 3 * packed_len(n)];
            pack(&spins, n, &mut packed);
            let mut back = vec![0i8; spins.len()];
            unpack_by(&packed, n, (-1, 1), &mut back);
            assert_eq!(spins, back);
            for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (0.25, 2.0)] {
                let mut values = Array2::from_shape_fn((3, n), |(r, i)| if spins[r * n + i] == 1 { high } else { low });
                let mut again = vec![0xff; packed.len()];
                assert!(pack_levels(values.view(), low, high, &mut again) && again == packed);
                for wrong in [0.5, f32::NAN, -high] {
                    values[[1, n - 1]] = wrong;
                    let two = wrong == low || wrong == high;
                    assert_eq!(pack_levels(values.view(), low, high, &mut again), two, "{wrong} is no bit");
                }
            }
        }
    }
}
