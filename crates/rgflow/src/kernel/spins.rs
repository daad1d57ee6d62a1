//! Products with spins, and drawing spins: the two halves of a Gibbs step.
//!
//! Spins are packed four to a byte ("nibbles": bit j of byte g is unit 4 g + j, 1 = up). Four spins select one of sixteen
//! signed sums of four weight rows, tabulated beforehand, so a field costs one addition for four multiply-adds. The
//! additions have a fixed order: the same bits on every CPU.

use super::vector::exp_one;
use crate::random::Bulk;
use multiversion::multiversion;
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
    let table: [[T; 4]; 16] = std::array::from_fn(|nibble| std::array::from_fn(|j| value(nibble, j)));
    for (bytes, row) in packed.chunks_exact(packed_len(n)).zip(spins.chunks_exact_mut(n)) {
        for (byte, four) in bytes.iter().zip(row.chunks_mut(4)) {
            four.copy_from_slice(&table[(*byte & 15) as usize][..four.len()]);
        }
    }
}

/// Tabulated signed sums of the rows of a weight matrix: z_o = b_o + sum_i s_i w_io for spins s.
#[derive(Clone, Debug)]
pub struct SignedSums {
    n_in: usize,
    n_out: usize,
    stride: usize,
    bias: Vec<f32>,
    sums: Vec<f32>,
}

impl SignedSums {
    /// Room for `n_in` spins and `n_out` fields.
    pub fn new(n_in: usize, n_out: usize) -> Self {
        let stride = n_out.next_multiple_of(LANES);
        Self { n_in, n_out, stride, bias: vec![0.0; stride], sums: vec![0.0; packed_len(n_in) * 16 * stride] }
    }

    /// Tables of `weights`, shape (n_in, n_out), and `bias`, length n_out.
    pub fn of(weights: ArrayView2<f32>, bias: &[f32]) -> Self {
        let mut sums = Self::new(weights.nrows(), weights.ncols());
        sums.build(weights, bias);
        sums
    }

    /// Rebuilds the tables, without allocating.
    ///
    /// # Panics
    /// If the shapes are not those of [`SignedSums::new`].
    pub fn build(&mut self, weights: ArrayView2<f32>, bias: &[f32]) {
        assert_eq!(weights.dim(), (self.n_in, self.n_out), "shape of the weights");
        self.bias[..self.n_out].copy_from_slice(bias);
        let stride = self.stride;
        for (g, table) in self.sums.chunks_exact_mut(16 * stride).enumerate() {
            // Row 0 is all spins down: minus the sum; each further row adds twice the weight of its highest spin.
            let rows = 4.min(self.n_in - 4 * g);
            for o in 0..self.n_out {
                let mut sum = 0.0;
                for j in 0..rows {
                    sum -= weights[[4 * g + j, o]];
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
                        to[o] = from[o] + 2.0 * weights[[4 * g + j, o]];
                    }
                }
            }
        }
    }

    /// Number of fields per row.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// Length of a row of [`SignedSums::fields`]: `n_out` padded.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Fields of rows of packed spins: `packed` (rows x packed_len(n_in)) -> `fields` (rows x stride).
    pub fn fields(&self, packed: &[u8], fields: &mut [f32]) {
        let bytes = packed_len(self.n_in);
        assert_eq!(packed.len() / bytes, fields.len() / self.stride, "number of rows");
        fields_of(&self.sums, &self.bias, bytes, packed, fields);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+avx2", "x86_64+avx2", "aarch64+neon"))]
fn fields_of(sums: &[f32], bias: &[f32], bytes: usize, packed: &[u8], fields: &mut [f32]) {
    add_rows(sums, bias, bytes, packed, fields);
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

/// Draws spins: P(s = +1) = sigmoid(2 z) for each field z (thesis eq. 2.4.21 with delta = 2), packed into nibbles.
///
/// `fields`: rows x `stride`, of which the first `n` of each row count; `packed`: rows x packed_len(n); `words` is scratch
/// of the length of `fields`. Consumes one random word per padded field.
pub fn draw(fields: &[f32], stride: usize, n: usize, random: &mut Bulk, words: &mut [u32], packed: &mut [u8]) {
    let words = &mut words[..fields.len()];
    random.fill(words);
    draw_packed(fields, words, stride, packed_len(n), packed);
    if !n.is_multiple_of(4) {
        let keep = (1u8 << (n % 4)) - 1;
        for row in packed.chunks_exact_mut(packed_len(n)) {
            row[n / 4] &= keep;
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq+avx2", "x86_64+avx2", "aarch64+neon"))]
fn draw_packed(fields: &[f32], words: &[u32], stride: usize, bytes: usize, packed: &mut [u8]) {
    draw_rows(fields, words, stride, bytes, packed);
}

#[inline(always)]
fn draw_rows(fields: &[f32], words: &[u32], stride: usize, bytes: usize, packed: &mut [u8]) {
    let rows = fields.chunks_exact(stride).zip(words.chunks_exact(stride)).zip(packed.chunks_exact_mut(bytes));
    for ((fields, words), packed) in rows {
        let lanes = fields.chunks_exact(LANES).zip(words.chunks_exact(LANES)).zip(packed.chunks_mut(LANES / 4));
        for ((z, w), out) in lanes {
            let mut up = [0u8; LANES];
            for l in 0..LANES {
                // u < 1 / (1 + e^-2z), without the division; u in (0, 1], 24 bits.
                let u = ((w[l] >> 8) as f32 + 0.5) * (1.0 / 16_777_216.0);
                up[l] = u8::from(u * (1.0 + exp_one(-2.0 * z[l])) < 1.0);
            }
            for (byte, four) in out.iter_mut().zip(up.chunks_exact(4)) {
                // Gathers the lowest bits of four bytes in the top four bits of the product.
                let word = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
                *byte = (word.wrapping_mul(0x1020_4080) >> 28) as u8;
            }
        }
    }
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
            let sums = SignedSums::of(w.view(), &bias);
            let mut fields = vec![0.0; 3 * sums.stride()];
            sums.fields(&packed, &mut fields);
            for r in 0..3 {
                for o in 0..n_out {
                    // Multiples of 1/8 far below 2^24: the sums are exact in any order.
                    let z: f32 = bias[o] + (0..n_in).map(|i| spins[r * n_in + i] as f32 * w[[i, o]]).sum::<f32>();
                    assert_eq!(fields[r * sums.stride() + o], z, "{n_in} x {n_out}, row {r}, column {o}");
                }
            }
        }
    }

    /// One Gibbs half-step by the dispatched path, by portable code and by AVX2: the same fields and the same spins, to the bit.
    #[test]
    fn every_path_gives_the_same_bits() {
        type Step<'a> = &'a dyn Fn(&SignedSums, &[u8], &mut [f32], &[u32], &mut [u8]);
        let w = Array2::from_shape_fn((30, 50), |(i, o)| ((i * 31 + o * 17) % 23) as f32 / 7.3 - 1.5);
        let sums = SignedSums::of(w.view(), &[0.1; 50]);
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
            fields_of(&s.sums, &s.bias, packed_len(30), packed, fields);
            draw_packed(fields, words, s.stride, packed_len(50), out);
        });
        let portable = run(&|s, packed, fields, words, out| {
            add_rows(&s.sums, &s.bias, packed_len(30), packed, fields);
            draw_rows(fields, words, s.stride, packed_len(50), out);
        });
        assert!(dispatched == portable);
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") {
            #[target_feature(enable = "avx2")]
            fn avx2(s: &SignedSums, packed: &[u8], fields: &mut [f32], words: &[u32], out: &mut [u8]) {
                add_rows(&s.sums, &s.bias, packed_len(30), packed, fields);
                draw_rows(fields, words, s.stride, packed_len(50), out);
            }
            // SAFETY: AVX2 was detected just above.
            assert!(dispatched == run(&|s, p, f, w, o| unsafe { avx2(s, p, f, w, o) }));
        }
    }

    /// Null: independent draws with P(up) = sigmoid(2 z). 200,000 draws for each of 9 fields, seed 1: |z-score| < 4.5 for all fails
    /// by chance with p < 1e-4.
    #[test]
    fn draws_have_the_right_mean() {
        let fields: Vec<f32> = (0..16).map(|l| (l as f32 - 4.0) / 2.0).collect();
        let mut random = Streams::new(1).bulk("test/draw", 0);
        let (mut up, mut packed, mut words) = ([0u32; 9], [0u8; 3], [0u32; 16]);
        let n = 200_000;
        for _ in 0..n {
            draw(&fields, 16, 9, &mut random, &mut words, &mut packed);
            assert_eq!(packed[2] & !1, 0, "bits beyond the ninth unit stay 0");
            for (u, count) in up.iter_mut().enumerate() {
                *count += u32::from(packed[u / 4] >> (u % 4) & 1);
            }
        }
        for u in 0..9 {
            let p = 1.0 / (1.0 + (-2.0 * fields[u] as f64).exp());
            let z = (up[u] as f64 - n as f64 * p) / (n as f64 * p * (1.0 - p)).sqrt();
            assert!(z.abs() < 4.5, "unit {u}: z = {z}");
        }
    }
}
