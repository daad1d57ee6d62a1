//! Products with two-valued units by subset sums, for weights that change at every update.
//!
//! Four units (or four samples) form a nibble, which selects one of sixteen sums of four rows of the other factor. The sums of
//! 28 nibbles and 16 columns fit the first-level cache (28 KiB), serve all rows of the batch, and are forgotten: each row then
//! does one load and one addition where a matrix product does four multiply-adds. Additions have a fixed order, nibble
//! after nibble, so the results are the same bits on every CPU, and the same as those of [`super::spins::LevelSums`].

use crate::cpu::{self, Path, dispatched};

/// Columns of a block: a cache line.
const COLUMNS: usize = 16;
/// Nibbles of a block.
const GROUPS: usize = 28;
/// Rows that go through a block together: enough independent sums to hide the latency of an addition.
const TOGETHER: usize = 8;

/// The sixteen sums of a nibble.
type Table = [[f32; COLUMNS]; 16];

/// Room for the sums of a block and for the nibbles in their order of use.
#[derive(Clone, Debug)]
pub struct Scratch {
    sums: Vec<f32>,
    nibbles: Vec<u8>,
}

impl Scratch {
    /// Room that grows to what the products need.
    pub fn new() -> Self {
        Self { sums: vec![0.0; (GROUPS * 16 + 1) * COLUMNS], nibbles: Vec::new() }
    }

    /// Puts the nibbles of `TOGETHER` rows side by side, group after group; rows beyond the last are zeros. Returns them and the
    /// tables, which begin at a cache line: sums that straddle two would take twice the time to load.
    fn arrange(&mut self, rows: &[u8], bytes: usize) -> (&mut [Table], &[[u8; TOGETHER]]) {
        let batches = (rows.len() / bytes).div_ceil(TOGETHER);
        self.nibbles.clear();
        self.nibbles.resize(batches * bytes * TOGETHER, 0);
        for (to, from) in self.nibbles.chunks_exact_mut(bytes * TOGETHER).zip(rows.chunks(bytes * TOGETHER)) {
            for (r, row) in from.chunks_exact(bytes).enumerate() {
                to[r..].iter_mut().step_by(TOGETHER).zip(row).for_each(|(to, nibble)| *to = *nibble);
            }
        }
        let skip = self.sums.as_ptr().align_offset(4 * COLUMNS).min(COLUMNS);
        (self.sums[skip..].as_chunks_mut().0.as_chunks_mut().0, self.nibbles.as_chunks().0)
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// A matrix of which one stride is 1.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// Its numbers.
    pub data: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Whether `data` holds it column by column instead of row by row.
    pub transposed: bool,
}

/// The two values of a unit.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The value of a cleared bit.
    pub low: f32,
    /// That of a set bit less `low`.
    pub delta: f32,
}

/// At most AVX2: these sums are bound by loads from the first-level cache, 64 bytes a cycle either way, and compilers turn
/// the loop into gathers for 512 bits, twenty times slower.
fn path() -> Path {
    cpu::path().at_most_avx2()
}

/// Fields z_ro = b_o + sum_i a_ri w_io of rows of packed units, as [`super::spins::LevelSums::fields`] gives them.
///
/// `weights`: n_in x n_out; `bias`: b padded with zeros to the row length of `fields`, a multiple of 16; `packed`: rows of
/// ceil(n_in / 4) nibbles, one a byte; `fields`: as many rows of bias.len().
///
/// # Panics
/// If the sizes do not fit, which is an error of the caller.
pub fn fields(weights: Matrix, pair: Pair, bias: &[f32], packed: &[u8], fields: &mut [f32], scratch: &mut Scratch) {
    let bytes = weights.rows.div_ceil(4);
    assert!(bias.len().is_multiple_of(COLUMNS) && bias.len() >= weights.columns, "length of the padded bias");
    assert_eq!(packed.len() / bytes, fields.len() / bias.len(), "number of rows");
    let (tables, nibbles) = scratch.arrange(packed, bytes);
    fields_on(path(), weights, pair, bias, nibbles, fields, tables);
}

dispatched! {
    fn fields_on(
        weights: Matrix<'_>,
        pair: Pair,
        bias: &[f32],
        nibbles: &[[u8; TOGETHER]],
        fields: &mut [f32],
        tables: &mut [Table],
    ) => fields_all
}

#[inline(always)]
fn fields_all(
    weights: Matrix<'_>,
    pair: Pair,
    bias: &[f32],
    nibbles: &[[u8; TOGETHER]],
    fields: &mut [f32],
    tables: &mut [Table],
) {
    for (block, bias_block) in bias.as_chunks::<COLUMNS>().0.iter().enumerate() {
        let at = |first: usize, out: &[f32]| if first == 0 { *bias_block } else { load(out) };
        block_of(weights, pair, block * COLUMNS, (nibbles, bias.len()), fields, tables, at);
    }
}

/// The columns from `column` on of all rows of `out`, which have `stride` numbers; `at` gives the sums that those of the nibbles
/// from `first` on are added to.
#[inline(always)]
fn block_of(
    factor: Matrix<'_>,
    pair: Pair,
    column: usize,
    (nibbles, stride): (&[[u8; TOGETHER]], usize),
    out: &mut [f32],
    tables: &mut [Table],
    at: impl Fn(usize, &[f32]) -> [f32; COLUMNS],
) {
    let groups = factor.rows.div_ceil(4);
    let width = COLUMNS.min(stride - column);
    for first in (0..groups).step_by(GROUPS) {
        let last = (first + GROUPS).min(groups);
        for (table, g) in tables.iter_mut().zip(first..last) {
            build(table, &four_rows(factor, 4 * g, column), pair);
        }
        let tables = &tables[..last - first];
        for (nibbles, out) in nibbles.chunks_exact(groups).zip(out.chunks_mut(TOGETHER * stride)) {
            let mut sums = [[0.0f32; COLUMNS]; TOGETHER];
            for (sum, row) in sums.iter_mut().zip(out.chunks_exact(stride)) {
                *sum = at(first, &row[column..column + width]);
            }
            add(tables, &nibbles[first..last], &mut sums);
            for (sum, row) in sums.iter().zip(out.chunks_exact_mut(stride)) {
                store(&mut row[column..column + width], sum);
            }
        }
    }
}

/// Four rows of `weights` from `row` on, a block of columns from `column` on; zeros beyond its edges.
#[inline(always)]
fn four_rows(weights: Matrix<'_>, row: usize, column: usize) -> [[f32; COLUMNS]; 4] {
    let mut four = [[0.0; COLUMNS]; 4];
    let (rows, columns) = (4.min(weights.rows - row), COLUMNS.min(weights.columns.saturating_sub(column)));
    if weights.transposed {
        for c in 0..columns {
            let from = &weights.data[(column + c) * weights.rows + row..][..rows];
            four.iter_mut().zip(from).for_each(|(to, w)| to[c] = *w);
        }
    } else {
        for (j, to) in four.iter_mut().enumerate().take(rows) {
            let from = &weights.data[(row + j) * weights.columns + column..][..columns];
            // A copy of known length where the block is whole.
            match <&[f32; COLUMNS]>::try_from(from) {
                Ok(from) => *to = *from,
                Err(_) => to[..columns].copy_from_slice(from),
            }
        }
    }
    four
}

/// The sixteen sums: row 0 is all low; each further one adds delta times the row of its highest unit.
#[inline(always)]
fn build(table: &mut Table, rows: &[[f32; COLUMNS]; 4], pair: Pair) {
    for l in 0..COLUMNS {
        let mut sum = 0.0;
        for row in rows {
            sum += pair.low * row[l];
        }
        table[0][l] = sum;
    }
    for (j, row) in rows.iter().enumerate() {
        let (known, new) = table.split_at_mut(1 << j);
        for (from, to) in known.iter().zip(new) {
            for l in 0..COLUMNS {
                to[l] = from[l] + pair.delta * row[l];
            }
        }
    }
}

/// Adds the sums that the nibbles select.
#[inline(always)]
fn add(tables: &[Table], nibbles: &[[u8; TOGETHER]], sums: &mut [[f32; COLUMNS]; TOGETHER]) {
    let mut local = *sums;
    for (table, nibbles) in tables.iter().zip(nibbles) {
        for (sum, nibble) in local.iter_mut().zip(nibbles) {
            let terms = &table[usize::from(nibble & 15)];
            for l in 0..COLUMNS {
                sum[l] += terms[l];
            }
        }
    }
    *sums = local;
}

/// Turns rows of packed units into rows of packed samples: bit j of byte g of unit i is unit i of sample 4 g + j.
///
/// `packed`: `samples` rows of ceil(n / 4) nibbles; `turned`: n rows of `row` bytes, of which the bytes from `first` on are
/// written, ceil(samples / 4) of them; samples beyond the last are cleared bits.
///
/// # Panics
/// If `turned` has no room, which is an error of the caller.
pub fn turn(packed: &[u8], samples: usize, n: usize, turned: &mut [u8], (row, first): (usize, usize)) {
    let bytes = n.div_ceil(4);
    for (g, four) in packed.chunks(4 * bytes).take(samples.div_ceil(4)).enumerate() {
        for block in 0..bytes {
            // A 4 x 4 matrix of bits, rows samples and columns units, transposed by two exchanges.
            let mut x = 0u16;
            for (j, sample) in four.chunks_exact(bytes).enumerate() {
                x |= u16::from(sample[block] & 15) << (4 * j);
            }
            let t = (x ^ (x >> 3)) & 0x0a0a;
            x ^= t ^ (t << 3);
            let t = (x ^ (x >> 6)) & 0x00cc;
            x ^= t ^ (t << 6);
            for j in 0..4.min(n - 4 * block) {
                turned[(4 * block + j) * row + first + g] = (x >> (4 * j) & 15) as u8;
            }
        }
    }
}

/// Sums over samples s of a_si h_so: `turned` units (see [`turn`]) with the values `pair`, times real numbers.
///
/// `turned`: n rows of `groups` bytes; `h`: 4 `groups` rows of `columns` numbers; `out`: n rows of `columns`, overwritten.
///
/// # Panics
/// If the sizes do not fit, which is an error of the caller.
pub fn outer(
    turned: &[u8],
    groups: usize,
    pair: Pair,
    h: &[f32],
    columns: usize,
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    assert_eq!(h.len(), 4 * groups * columns, "rows of numbers");
    assert_eq!(turned.len() / groups, out.len() / columns, "number of units");
    let h = Matrix { data: h, rows: 4 * groups, columns, transposed: false };
    let (tables, nibbles) = scratch.arrange(turned, groups);
    outer_on(path(), nibbles, h, pair, out, tables);
}

dispatched! {
    fn outer_on(nibbles: &[[u8; TOGETHER]], h: Matrix<'_>, pair: Pair, out: &mut [f32], tables: &mut [Table]) => outer_all
}

#[inline(always)]
fn outer_all(nibbles: &[[u8; TOGETHER]], h: Matrix<'_>, pair: Pair, out: &mut [f32], tables: &mut [Table]) {
    for column in (0..h.columns).step_by(COLUMNS) {
        let at = |first: usize, out: &[f32]| if first == 0 { [0.0; COLUMNS] } else { load(out) };
        block_of(h, pair, column, (nibbles, h.columns), out, tables, at);
    }
}

/// Copies with a length that is known where the block is whole.
#[inline(always)]
fn load(from: &[f32]) -> [f32; COLUMNS] {
    match <&[f32; COLUMNS]>::try_from(from) {
        Ok(from) => *from,
        Err(_) => {
            let mut to = [0.0; COLUMNS];
            to[..from.len()].copy_from_slice(from);
            to
        }
    }
}

#[inline(always)]
fn store(to: &mut [f32], from: &[f32; COLUMNS]) {
    let n = to.len();
    match <&mut [f32; COLUMNS]>::try_from(&mut *to) {
        Ok(to) => *to = *from,
        Err(_) => to.copy_from_slice(&from[..n]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::spins::{LevelSums, packed_len};
    use ndarray::Array2;

    fn number(i: usize) -> f32 {
        ((i * 31 + i / 7 * 17) % 41) as f32 / 7.3 - 2.5
    }

    fn bits(rows: usize, n: usize) -> Vec<u8> {
        let mut packed = vec![0; rows * packed_len(n)];
        for r in 0..rows {
            for i in 0..n {
                packed[r * packed_len(n) + i / 4] |= u8::from((r * r + 3 * i + i * i / 5) % 3 == 0) << (i % 4);
            }
        }
        packed
    }

    #[test]
    fn fields_are_those_of_tabulated_sums_to_the_bit() {
        for (rows, n_in, n_out) in
            [(1, 1, 1), (3, 2, 5), (8, 4, 16), (10, 17, 33), (7, 100, 25), (9, 25, 100), (5, 61, 80)]
        {
            let w = Array2::from_shape_fn((n_in, n_out), |(i, o)| number(i * n_out + o));
            let bias: Vec<f32> = (0..n_out).map(|o| number(o + 3)).collect();
            let packed = bits(rows, n_in);
            for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (0.25, 2.0)] {
                let sums = LevelSums::of(w.view(), &bias, low, high);
                let mut expected = vec![0.0; rows * sums.stride()];
                sums.fields(&packed, &mut expected);
                let mut padded = vec![0.0; sums.stride()];
                padded[..n_out].copy_from_slice(&bias);
                let turned = w.t().as_standard_layout().into_owned();
                for (data, transposed) in [(w.as_slice(), false), (turned.as_slice(), true)] {
                    let matrix = Matrix { data: data.unwrap(), rows: n_in, columns: n_out, transposed };
                    let mut seen = vec![f32::NAN; expected.len()];
                    fields(matrix, Pair { low, delta: high - low }, &padded, &packed, &mut seen, &mut Scratch::new());
                    for r in 0..rows {
                        let row = r * sums.stride()..r * sums.stride() + n_out;
                        assert_eq!(seen[row.clone()], expected[row], "{rows} x {n_in} x {n_out}, row {r}");
                    }
                }
            }
        }
    }

    /// Multiples of 1/8 far below 2^24: sums are exact in any order.
    #[test]
    fn outer_products_are_sums_over_samples() {
        for (samples, n, columns) in [(1, 1, 1), (4, 3, 2), (10, 17, 33), (100, 30, 25), (61, 5, 70)] {
            let packed = bits(samples, n);
            let groups = samples.div_ceil(4) + 1;
            let mut turned = vec![0; n * groups];
            turn(&packed, samples, n, &mut turned, (groups, 1));
            let mut h = vec![0.0; 4 * groups * columns];
            for s in 0..samples {
                for o in 0..columns {
                    h[(4 + s) * columns + o] = ((s * 13 + o * 7) % 19) as f32 / 8.0 - 1.0;
                }
            }
            for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (0.5, 2.0)] {
                let mut out = vec![f32::NAN; n * columns];
                outer(&turned, groups, Pair { low, delta: high - low }, &h, columns, &mut out, &mut Scratch::new());
                for i in 0..n {
                    for o in 0..columns {
                        let value =
                            |s: usize| if packed[s * packed_len(n) + i / 4] >> (i % 4) & 1 == 1 { high } else { low };
                        let expected: f32 = (0..samples).map(|s| value(s) * h[(4 + s) * columns + o]).sum();
                        assert_eq!(out[i * columns + o], expected, "{samples} x {n} x {columns}, unit {i}, column {o}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_path_gives_the_same_bits() {
        let (rows, n_in, n_out) = (37, 90, 75);
        let w: Vec<f32> = (0..n_in * n_out).map(number).collect();
        let matrix = Matrix { data: &w, rows: n_in, columns: n_out, transposed: false };
        let pair = Pair { low: -1.0, delta: 2.0 };
        let packed = bits(rows, n_in);
        let groups = rows.div_ceil(4);
        let mut turned = vec![0; n_in * groups];
        turn(&packed, rows, n_in, &mut turned, (groups, 0));
        let h: Vec<f32> = (0..4 * groups * n_out).map(|i| number(i + 5)).collect();
        let h = Matrix { data: &h, rows: 4 * groups, columns: n_out, transposed: false };
        let all: Vec<(Vec<u32>, Vec<u32>)> = Path::available()
            .into_iter()
            .map(|path| {
                let (mut z, mut g) = (vec![0.0; rows * 80], vec![0.0; n_in * n_out]);
                let mut scratch = Scratch::new();
                let (tables, nibbles) = scratch.arrange(&packed, packed_len(n_in));
                fields_on(path, matrix, pair, &[0.3; 80], nibbles, &mut z, tables);
                let (tables, nibbles) = scratch.arrange(&turned, groups);
                outer_on(path, nibbles, h, pair, &mut g, tables);
                let bits = |x: Vec<f32>| x.into_iter().map(f32::to_bits).collect();
                (bits(z), bits(g))
            })
            .collect();
        assert!(all.iter().all(|x| *x == all[0]));
    }
}
