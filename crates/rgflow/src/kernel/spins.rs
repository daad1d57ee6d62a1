//! Products with two-valued units, and drawing them: the two halves of a Gibbs step.
//!
//! A unit with the values {low, high} (a spin has {-1, +1}) is a bit, 1 = high. Bits are packed four to a byte ("nibbles": bit
//! j of byte g is unit 4 g + j). Four units select one of sixteen sums of four weight rows, tabulated beforehand, so a field costs one addition for four multiply-adds. The
//! additions have a fixed order: the same bits on every CPU.

use super::vector::exp_one;
use crate::cpu::{self, dispatched};
use crate::random::Bulk;
use ndarray::ArrayView2;

/// Columns are padded to a multiple of this, the widest vector of f32.
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

/// Unpacks nibbles into rows of `n` values -1 or +1.
pub fn unpack<T: From<i8> + Copy>(packed: &[u8], n: usize, spins: &mut [T]) {
    let value = |nibble: usize, j: usize| T::from(if nibble >> j & 1 == 1 { 1 } else { -1 });
    unpack_by(packed, n, std::array::from_fn(|nibble| std::array::from_fn(|j| value(nibble, j))), spins);
}

/// Packs rows of `n` values, each of which must be `low` or `high`; returns whether all were. Nothing is ever thresholded.
pub fn pack_levels(values: ArrayView2<f32>, low: f32, high: f32, packed: &mut [u8]) -> bool {
    for (row, bytes) in values.rows().into_iter().zip(packed.chunks_exact_mut(packed_len(values.ncols()))) {
        bytes.fill(0);
        for (i, v) in row.iter().enumerate() {
            if *v != low && *v != high {
                return false;
            }
            bytes[i / 4] |= u8::from(*v == high) << (i % 4);
        }
    }
    true
}

/// Unpacks nibbles into rows of `n` values `low` or `high`.
pub fn unpack_levels(packed: &[u8], n: usize, low: f32, high: f32, values: &mut [f32]) {
    let value = |nibble: usize, j: usize| if nibble >> j & 1 == 1 { high } else { low };
    unpack_by(packed, n, std::array::from_fn(|nibble| std::array::from_fn(|j| value(nibble, j))), values);
}

fn unpack_by<T: Copy>(packed: &[u8], n: usize, table: [[T; 4]; 16], values: &mut [T]) {
    for (bytes, row) in packed.chunks_exact(packed_len(n)).zip(values.chunks_exact_mut(n)) {
        for (byte, four) in bytes.iter().zip(row.chunks_mut(4)) {
            four.copy_from_slice(&table[(*byte & 15) as usize][..four.len()]);
        }
    }
}

/// Tabulated sums of the rows of a weight matrix: z_o = b_o + sum_i a_i w_io for units a_i = low or high.
#[derive(Clone, Debug)]
pub struct LevelSums {
    low: f32,
    delta: f32,
    n_in: usize,
    n_out: usize,
    stride: usize,
    bias: Vec<f32>,
    sums: Vec<f32>,
}

impl LevelSums {
    /// Room for `n_in` units with the values {low, high} and `n_out` fields.
    pub fn new(n_in: usize, n_out: usize, low: f32, high: f32) -> Self {
        let stride = n_out.next_multiple_of(LANES);
        Self {
            low,
            delta: high - low,
            n_in,
            n_out,
            stride,
            bias: vec![0.0; stride],
            sums: vec![0.0; packed_len(n_in) * 16 * stride],
        }
    }

    /// Tables of `weights`, shape (n_in, n_out), and `bias`, length n_out, for units with the values {low, high}.
    pub fn of(weights: ArrayView2<f32>, bias: &[f32], low: f32, high: f32) -> Self {
        let mut sums = Self::new(weights.nrows(), weights.ncols(), low, high);
        sums.build(weights, bias);
        sums
    }

    /// Rebuilds the tables, without allocating.
    ///
    /// # Panics
    /// If the shapes are not those of [`LevelSums::new`].
    pub fn build(&mut self, weights: ArrayView2<f32>, bias: &[f32]) {
        assert_eq!(weights.dim(), (self.n_in, self.n_out), "shape of the weights");
        self.bias[..self.n_out].copy_from_slice(bias);
        let stride = self.stride;
        for (g, table) in self.sums.chunks_exact_mut(16 * stride).enumerate() {
            // Row 0 is all units low; each further row adds delta times the weight of its highest unit.
            let rows = 4.min(self.n_in - 4 * g);
            for o in 0..self.n_out {
                let mut sum = 0.0;
                for j in 0..rows {
                    sum += self.low * weights[[4 * g + j, o]];
                }
                table[o] = sum;
            }
            for j in 0..4 {
                let (known, new) = table.split_at_mut((1 << j) * stride);
                if j >= rows {
                    new[..known.len()].copy_from_slice(known);
                    continue;
                }
                for (from, to) in known.chunks_exact(stride).zip(new.chunks_exact_mut(stride)) {
                    for o in 0..self.n_out {
                        to[o] = from[o] + self.delta * weights[[4 * g + j, o]];
                    }
                }
            }
        }
    }

    /// Number of fields per row.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// Length of a row of [`LevelSums::fields`]: `n_out` padded.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Fields of rows of packed units: `packed` (rows x packed_len(n_in)) -> `fields` (rows x stride).
    pub fn fields(&self, packed: &[u8], fields: &mut [f32]) {
        let bytes = packed_len(self.n_in);
        assert_eq!(packed.len() / bytes, fields.len() / self.stride, "number of rows");
        fields_of(cpu::path(), &self.sums, &self.bias, bytes, packed, fields);
    }
}

dispatched! {
    fn fields_of(sums: &[f32], bias: &[f32], bytes: usize, packed: &[u8], fields: &mut [f32]) => add_rows
}

#[inline(always)]
fn add_rows(sums: &[f32], bias: &[f32], bytes: usize, packed: &[u8], fields: &mut [f32]) {
    let stride = bias.len();
    for (row, out) in packed.chunks_exact(bytes).zip(fields.chunks_exact_mut(stride)) {
        let mut block = 0;
        // Blocks of columns whose partial sums stay in registers: 4 vectors of 16, then 2, then 1.
        while stride - block >= 4 * LANES {
            add_block::<64>(sums, bias, row, out, block);
            block += 4 * LANES;
        }
        if stride - block >= 2 * LANES {
            add_block::<32>(sums, bias, row, out, block);
            block += 2 * LANES;
        }
        if stride - block >= LANES {
            add_block::<16>(sums, bias, row, out, block);
        }
    }
}

/// Sums one block of `N` columns over all nibbles of a row.
#[inline(always)]
fn add_block<const N: usize>(sums: &[f32], bias: &[f32], row: &[u8], out: &mut [f32], block: usize) {
    let stride = bias.len();
    let mut sum = [0.0f32; N];
    sum.copy_from_slice(&bias[block..block + N]);
    for (table, nibble) in sums.chunks_exact(16 * stride).zip(row) {
        let start = (*nibble & 15) as usize * stride + block;
        let terms = &table[start..start + N];
        for l in 0..N {
            sum[l] += terms[l];
        }
    }
    out[block..block + N].copy_from_slice(&sum);
}

/// Draws units: P(high) = sigmoid(delta z) for each field z (thesis eq. 2.4.21), packed into nibbles; spins have delta = 2.
///
/// `fields`: rows x `stride`, of which the first `n` of each row count; `packed`: rows x packed_len(n); `words` is scratch
/// of the length of `fields`. Consumes one random word per padded field.
pub fn draw(
    fields: &[f32],
    (stride, n): (usize, usize),
    delta: f32,
    random: &mut Bulk,
    words: &mut [u32],
    packed: &mut [u8],
) {
    let words = &mut words[..fields.len()];
    random.fill(words);
    draw_packed(cpu::path(), fields, words, stride, packed_len(n), delta, packed);
    if !n.is_multiple_of(4) {
        let keep = (1u8 << (n % 4)) - 1;
        for row in packed.chunks_exact_mut(packed_len(n)) {
            row[n / 4] &= keep;
        }
    }
}

dispatched! {
    fn draw_packed(
        fields: &[f32],
        words: &[u32],
        stride: usize,
        bytes: usize,
        delta: f32,
        packed: &mut [u8],
    ) => draw_rows
}

#[inline(always)]
fn draw_rows(fields: &[f32], words: &[u32], stride: usize, bytes: usize, delta: f32, packed: &mut [u8]) {
    let rows = fields.chunks_exact(stride).zip(words.chunks_exact(stride)).zip(packed.chunks_exact_mut(bytes));
    for ((fields, words), packed) in rows {
        let lanes = fields.chunks_exact(LANES).zip(words.chunks_exact(LANES)).zip(packed.chunks_mut(LANES / 4));
        for ((z, w), out) in lanes {
            let (z, w) = (z.first_chunk().expect("a vector"), w.first_chunk().expect("a vector"));
            out.iter_mut().zip(draw_line(z, w, delta)).for_each(|(byte, nibble)| *byte = nibble);
        }
    }
}

/// Draws sixteen units from their fields, with 24 random bits each, to four nibbles.
#[inline(always)]
pub(super) fn draw_line(z: &[f32; LANES], w: &[u32; LANES], delta: f32) -> [u8; LANES / 4] {
    let mut up = [0u8; LANES];
    for l in 0..LANES {
        // u < 1 / (1 + e^(-delta z)), without the division; u in (0, 1], 24 bits.
        let u = ((w[l] >> 8) as f32 + 0.5) * (1.0 / 16_777_216.0);
        up[l] = u8::from(u * (1.0 + exp_one(-delta * z[l])) < 1.0);
    }
    let mut nibbles = [0; LANES / 4];
    for (nibble, four) in nibbles.iter_mut().zip(up.as_chunks().0) {
        // Gathers the lowest bits of four bytes in the top four bits of the product.
        *nibble = (u32::from_le_bytes(*four).wrapping_mul(0x1020_4080) >> 28) as u8;
    }
    nibbles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use ndarray::Array2;

    #[test]
    fn fields_are_the_matrix_product() {
        for (n_in, n_out) in [(1, 1), (3, 2), (8, 4), (10, 17), (100, 25), (25, 100), (5, 200)] {
            let w = Array2::from_shape_fn((n_in, n_out), |(i, o)| ((i * 31 + o * 17) % 23) as f32 / 8.0 - 1.0);
            let bias: Vec<f32> = (0..n_out).map(|o| o as f32 / 4.0).collect();
            let spins: Vec<i8> = (0..3 * n_in).map(|i| if (i * i + i / 3) % 3 == 0 { 1 } else { -1 }).collect();
            let mut packed = vec![0; 3 * packed_len(n_in)];
            pack(&spins, n_in, &mut packed);
            let mut back = vec![0i8; spins.len()];
            unpack(&packed, n_in, &mut back);
            assert_eq!(spins, back);
            for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (0.25, 2.0)] {
                let sums = LevelSums::of(w.view(), &bias, low, high);
                let mut fields = vec![0.0; 3 * sums.stride()];
                sums.fields(&packed, &mut fields);
                let mut values = Array2::zeros((3, n_in));
                unpack_levels(&packed, n_in, low, high, values.as_slice_mut().expect("standard layout"));
                let mut again = vec![0xff; packed.len()];
                assert!(pack_levels(values.view(), low, high, &mut again) && again == packed);
                for r in 0..3 {
                    for o in 0..n_out {
                        // Multiples of 1/32 far below 2^24: the sums are exact in any order.
                        let a = |i: usize| if spins[r * n_in + i] == 1 { high } else { low };
                        let z: f32 = bias[o] + (0..n_in).map(|i| a(i) * w[[i, o]]).sum::<f32>();
                        assert_eq!(fields[r * sums.stride() + o], z, "{n_in} x {n_out}, row {r}, column {o}");
                    }
                }
                values[[1, 0]] = 0.5;
                assert!(!pack_levels(values.view(), low, high, &mut again), "a grey level is no bit");
            }
        }
    }

    /// One Gibbs half-step by the dispatched path, by portable code and by AVX2: the same fields and the same spins, to the bit.
    #[test]
    fn every_path_gives_the_same_bits() {
        type Step<'a> = &'a dyn Fn(&LevelSums, &[u8], &mut [f32], &[u32], &mut [u8]);
        let w = Array2::from_shape_fn((30, 50), |(i, o)| ((i * 31 + o * 17) % 23) as f32 / 7.3 - 1.5);
        let sums = LevelSums::of(w.view(), &[0.1; 50], -1.0, 1.0);
        let mut random = Streams::new(1).bulk("test/paths", 0);
        let mut words = vec![0u32; 200 * sums.stride()];
        random.fill(&mut words);
        let packed: Vec<u8> = words[..200 * packed_len(30)].iter().map(|w| (w >> 3 & 15) as u8).collect();
        let run = |step: Step| {
            let (mut fields, mut out) = (vec![0.0; 200 * sums.stride()], vec![0; 200 * packed_len(50)]);
            step(&sums, &packed, &mut fields, &words, &mut out);
            (fields.iter().map(|f| f.to_bits()).collect::<Vec<_>>(), out)
        };
        let dispatched = run(&|s, packed, fields, words, out| {
            fields_of(cpu::path(), &s.sums, &s.bias, packed_len(30), packed, fields);
            draw_packed(cpu::path(), fields, words, s.stride, packed_len(50), 2.0, out);
        });
        let portable = run(&|s, packed, fields, words, out| {
            add_rows(&s.sums, &s.bias, packed_len(30), packed, fields);
            draw_rows(fields, words, s.stride, packed_len(50), 2.0, out);
        });
        assert!(dispatched == portable);
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") {
            #[target_feature(enable = "avx2")]
            fn avx2(s: &LevelSums, packed: &[u8], fields: &mut [f32], words: &[u32], out: &mut [u8]) {
                add_rows(&s.sums, &s.bias, packed_len(30), packed, fields);
                draw_rows(fields, words, s.stride, packed_len(50), 2.0, out);
            }
            // SAFETY: AVX2 was detected just above.
            assert!(dispatched == run(&|s, p, f, w, o| unsafe { avx2(s, p, f, w, o) }));
        }
    }

    /// Null: independent draws with P(high) = sigmoid(delta z). 200,000 draws for each of 9 fields and two delta, seed 1:
    /// |z-score| < 4.75 for all fails by chance with p < 1e-4.
    #[test]
    fn draws_have_the_right_mean() {
        for delta in [2.0, 0.75] {
            draw_and_count(delta);
        }
    }

    fn draw_and_count(delta: f32) {
        let fields: Vec<f32> = (0..16).map(|l| (l as f32 - 4.0) / 2.0).collect();
        let mut random = Streams::new(1).bulk("test/draw", 0);
        let (mut up, mut packed, mut words) = ([0u32; 9], [0u8; 3], [0u32; 16]);
        let n = 200_000;
        for _ in 0..n {
            draw(&fields, (16, 9), delta, &mut random, &mut words, &mut packed);
            assert_eq!(packed[2] & !1, 0, "bits beyond the ninth unit stay 0");
            for (u, count) in up.iter_mut().enumerate() {
                *count += u32::from(packed[u / 4] >> (u % 4) & 1);
            }
        }
        for u in 0..9 {
            let p = 1.0 / (1.0 + f64::from(-delta * fields[u]).exp());
            let z = (up[u] as f64 - n as f64 * p) / (n as f64 * p * (1.0 - p)).sqrt();
            assert!(z.abs() < 4.75, "delta {delta}, unit {u}: z = {z}");
        }
    }
}
