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
/// The nibbles of rows that go together, each times 8, so that it is an offset by itself.
type Together = [u8; TOGETHER];

/// Sums of rows that go together.
type Sums = [[f32; COLUMNS]; TOGETHER];

/// Room for a block of columns, and for the nibbles in their order of use.
#[derive(Clone, Debug)]
pub struct Scratch {
    lines: Vec<f32>,
    nibbles: Vec<Together>,
}

/// Room for a block of columns: tables, the four rows that each is made of, and sums.
struct Room<'a> {
    tables: &'a mut [Table],
    numbers: &'a mut [[[f32; COLUMNS]; 4]],
    sums: &'a mut [Sums],
}

impl Scratch {
    /// Room that grows to what the products need.
    pub fn new() -> Self {
        Self { lines: Vec::new(), nibbles: Vec::new() }
    }

    /// Puts the nibbles of `TOGETHER` rows side by side, group after group; rows beyond the last are zeros.
    fn arrange(&mut self, rows: &[u8], bytes: usize) {
        let batches = (rows.len() / bytes).div_ceil(TOGETHER);
        self.nibbles.clear();
        self.nibbles.resize(batches * bytes, [0; TOGETHER]);
        for (to, from) in self.nibbles.chunks_exact_mut(bytes).zip(rows.chunks(bytes * TOGETHER)) {
            for (r, row) in from.chunks_exact(bytes).enumerate() {
                to.iter_mut().zip(row).for_each(|(to, nibble)| to[r] = (nibble & 15) << 3);
            }
        }
    }

    /// Room for `rows` sums, and the nibbles. It begins at a cache line: numbers that straddle two take twice the time to load.
    fn parts(&mut self, rows: usize) -> (Room<'_>, &[Together]) {
        let batches = rows.div_ceil(TOGETHER);
        let lines = GROUPS * (16 + 4) + batches * TOGETHER + 1;
        if self.lines.len() < lines * COLUMNS {
            self.lines.resize(lines * COLUMNS, 0.0);
        }
        let skip = self.lines.as_ptr().align_offset(4 * COLUMNS).min(COLUMNS);
        let (tables, rest) = self.lines[skip..].as_chunks_mut().0.split_at_mut(16 * GROUPS);
        let (numbers, sums) = rest.split_at_mut(4 * GROUPS);
        let sums = &mut sums.as_chunks_mut().0[..batches];
        (Room { tables: tables.as_chunks_mut().0, numbers: numbers.as_chunks_mut().0, sums }, &self.nibbles)
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
    scratch.arrange(packed, bytes);
    let (room, nibbles) = scratch.parts(fields.len() / bias.len());
    product(path(), weights, pair, nibbles, bias, (fields, bias.len()), room);
}

dispatched! {
    /// The product of rows of units, by their `nibbles`, with `factor`, to rows of `out` (with their stride), which start at `start`:
    /// a row of that stride, or nothing for zeros.
    fn product(
        factor: Matrix<'_>,
        pair: Pair,
        nibbles: &[Together],
        start: &[f32],
        out: (&mut [f32], usize),
        room: Room<'_>,
    ) => product_of
}

#[inline(always)]
fn product_of(
    factor: Matrix<'_>,
    pair: Pair,
    nibbles: &[Together],
    start: &[f32],
    (out, stride): (&mut [f32], usize),
    room: Room<'_>,
) {
    let groups = factor.rows.div_ceil(4);
    for column in (0..stride).step_by(COLUMNS) {
        let width = COLUMNS.min(stride - column);
        let mut begin = [0.0; COLUMNS];
        if let Some(from) = start.get(column..column + width) {
            begin[..width].copy_from_slice(from);
        }
        room.sums.fill([begin; TOGETHER]);
        for first in (0..groups).step_by(GROUPS) {
            let last = (first + GROUPS).min(groups);
            let (tables, numbers) = (&mut room.tables[..last - first], &mut room.numbers[..last - first]);
            collect(factor, 4 * first, column, numbers);
            for (table, rows) in tables.iter_mut().zip(numbers.iter()) {
                build(table, rows, pair);
            }
            for (sums, nibbles) in room.sums.iter_mut().zip(nibbles.chunks_exact(groups)) {
                add(tables, &nibbles[first..last], sums);
            }
        }
        for (row, sum) in out.chunks_exact_mut(stride).zip(room.sums.as_flattened()) {
            match row[column..].first_chunk_mut() {
                Some(to) => *to = *sum,
                None => row[column..].copy_from_slice(&sum[..width]),
            }
        }
    }
}

/// Adds the sums that the nibbles select.
#[inline(always)]
fn add(tables: &[Table], nibbles: &[Together], sums: &mut Sums) {
    let mut local = *sums;
    for (table, nibbles) in tables.iter().zip(nibbles) {
        for (sum, nibble) in local.iter_mut().zip(nibbles) {
            let terms = &table[usize::from(nibble & 0x78) >> 3];
            for l in 0..COLUMNS {
                sum[l] += terms[l];
            }
        }
    }
    *sums = local;
}

/// Rows of `factor` from `row` on, four by four, of a block of columns from `column` on; zeros beyond its edges.
#[inline(always)]
fn collect(factor: Matrix<'_>, row: usize, column: usize, numbers: &mut [[[f32; COLUMNS]; 4]]) {
    let rows = (4 * numbers.len()).min(factor.rows - row);
    let columns = COLUMNS.min(factor.columns.saturating_sub(column));
    if 4 * numbers.len() > rows || columns < COLUMNS {
        numbers.fill([[0.0; COLUMNS]; 4]);
    }
    let numbers = &mut numbers.as_flattened_mut()[..rows];
    if factor.transposed {
        for c in 0..columns {
            let from = &factor.data[(column + c) * factor.rows + row..][..rows];
            numbers.iter_mut().zip(from).for_each(|(to, w)| to[c] = *w);
        }
    } else {
        for (r, to) in numbers.iter_mut().enumerate() {
            let from = &factor.data[(row + r) * factor.columns + column..][..columns];
            // A copy of known length where the block is whole.
            match from.first_chunk() {
                Some(from) => *to = *from,
                None => to[..columns].copy_from_slice(from),
            }
        }
    }
}

/// The sixteen sums: row 0 is all low; each further one adds delta times the row of its highest unit.
#[inline(always)]
fn build(table: &mut Table, rows: &[[f32; COLUMNS]; 4], pair: Pair) {
    // By value: that they are not written to with the table must be plain.
    let rows = *rows;
    table[0] = [0.0; COLUMNS];
    for row in &rows {
        for l in 0..COLUMNS {
            table[0][l] += pair.low * row[l];
        }
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

/// Samples of packed units, unit by unit: nibbles of four samples each.
#[derive(Clone, Debug)]
pub struct ByUnit {
    units: usize,
    groups: usize,
    nibbles: Vec<Together>,
}

impl ByUnit {
    /// Room for `groups` times four samples of `units` units; all bits are cleared.
    pub fn new(units: usize, groups: usize) -> Self {
        Self { units, groups, nibbles: vec![[0; TOGETHER]; units.div_ceil(TOGETHER) * groups] }
    }

    /// Writes `packed`, rows of ceil(units / 4) nibbles, a row a sample, to the groups from `first` on; samples that are
    /// missing in the last one are cleared bits.
    ///
    /// # Panics
    /// If there is no room, which is an error of the caller.
    pub fn put(&mut self, packed: &[u8], first: usize) {
        let bytes = self.units.div_ceil(4);
        let groups = (packed.len() / bytes).div_ceil(4);
        assert!(first + groups <= self.groups, "room for the samples");
        for (g, four) in packed.chunks(4 * bytes).enumerate() {
            for (block, unit) in (0..bytes).step_by(2).zip(self.nibbles[first + g..].iter_mut().step_by(self.groups)) {
                // Bits of eight units of one sample, spread to eight bytes, then shifted to their samples' places.
                let mut spread = 0u64;
                for (j, sample) in four.chunks_exact(bytes).enumerate() {
                    let low = SPREAD[usize::from(sample[block] & 15)];
                    let high = sample.get(block + 1).map_or(0, |byte| SPREAD[usize::from(byte & 15)]);
                    spread |= (u64::from(low) | u64::from(high) << 32) << j;
                }
                *unit = spread.to_le_bytes();
            }
        }
    }

    /// Writes the number of set bits of each unit in the groups `range` to `counts`.
    pub fn count(&self, range: std::ops::Range<usize>, counts: &mut [u32]) {
        for (counts, nibbles) in counts.chunks_mut(TOGETHER).zip(self.nibbles.chunks_exact(self.groups)) {
            let mut sums = [0u32; TOGETHER];
            for nibble in &nibbles[range.clone()] {
                for (sum, bits) in sums.iter_mut().zip(nibble) {
                    *sum += bits.count_ones();
                }
            }
            counts.copy_from_slice(&sums[..counts.len()]);
        }
    }
}

/// Bit j of the index as bit 3 of byte j.
const SPREAD: [u32; 16] = {
    let mut table = [0; 16];
    let mut index = 0u32;
    while index < 16 {
        table[index as usize] = ((index & 1) | (index & 2) << 7 | (index & 4) << 14 | (index & 8) << 21) << 3;
        index += 1;
    }
    table
};

/// Sums over samples s of a_si h_so: units with the values `pair`, times real numbers.
///
/// `h`: 4 rows of `columns` numbers for each group of `units`; `out`: n rows of `columns`, overwritten.
///
/// # Panics
/// If the sizes do not fit, which is an error of the caller.
pub fn outer(units: &ByUnit, pair: Pair, h: &[f32], columns: usize, out: &mut [f32], scratch: &mut Scratch) {
    assert_eq!(h.len(), 4 * units.groups * columns, "rows of numbers");
    assert_eq!(units.units, out.len() / columns, "number of units");
    let h = Matrix { data: h, rows: 4 * units.groups, columns, transposed: false };
    let (room, _) = scratch.parts(units.units);
    product(path(), h, pair, &units.nibbles, &[], (out, columns), room);
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
            let mut units = ByUnit::new(n, groups);
            units.put(&packed, 1);
            let mut counts = vec![0; n];
            units.count(1..groups, &mut counts);
            let mut h = vec![0.0; 4 * groups * columns];
            for s in 0..samples {
                for o in 0..columns {
                    h[(4 + s) * columns + o] = ((s * 13 + o * 7) % 19) as f32 / 8.0 - 1.0;
                }
            }
            for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (0.5, 2.0)] {
                let mut out = vec![f32::NAN; n * columns];
                outer(&units, Pair { low, delta: high - low }, &h, columns, &mut out, &mut Scratch::new());
                for i in 0..n {
                    let set = (0..samples).filter(|s| packed[s * packed_len(n) + i / 4] >> (i % 4) & 1 == 1).count();
                    assert_eq!(counts[i] as usize, set, "{samples} x {n}, unit {i}");
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
        let mut units = ByUnit::new(n_in, groups);
        units.put(&packed, 0);
        let h: Vec<f32> = (0..4 * groups * n_out).map(|i| number(i + 5)).collect();
        let h = Matrix { data: &h, rows: 4 * groups, columns: n_out, transposed: false };
        let all: Vec<(Vec<u32>, Vec<u32>)> = Path::available()
            .into_iter()
            .map(|path| {
                let (mut z, mut g) = (vec![0.0; rows * 80], vec![0.0; n_in * n_out]);
                let mut scratch = Scratch::new();
                scratch.arrange(&packed, packed_len(n_in));
                let (room, nibbles) = scratch.parts(rows);
                product(path, matrix, pair, nibbles, &[0.3; 80], (&mut z, 80), room);
                let (room, _) = scratch.parts(n_in);
                product(path, h, pair, &units.nibbles, &[], (&mut g, n_out), room);
                let bits = |x: Vec<f32>| x.into_iter().map(f32::to_bits).collect();
                (bits(z), bits(g))
            })
            .collect();
        assert!(all.iter().all(|x| *x == all[0]));
    }
}
