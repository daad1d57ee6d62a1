//! Products with two-valued units by subset sums, for weights that change at every update.
//!
//! Four units (or four samples) form a nibble, which selects one of sixteen sums of four rows of the other factor. The
//! sums of 25 nibbles and 16 columns fit the first-level cache (25 KiB), serve all rows of the batch, and are
//! forgotten: each row then does one load and one addition where a matrix product does four multiply-adds. Additions
//! have a fixed order, nibble after nibble, so the results are the same bits on every CPU.

use super::bits::{ROWS, RowNibbles};
use super::lines::{COLUMNS, Line, lanes};
use crate::cpu::{self, Path, Set, dispatched};

/// Nibbles whose sums are tabulated together.
const GROUPS: usize = 25;

/// The sixteen sums of a nibble, `W` columns of them.
type Table<const W: usize> = [[f32; W]; 16];

/// The two values of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The value of a cleared bit.
    pub low: f32,
    /// That of a set bit less `low`.
    pub delta: f32,
}

/// Scratch space for the sums of a few nibbles.
#[derive(Clone, Debug)]
pub struct Tables(Vec<Line>);

impl Tables {
    /// With space for the sums.
    pub fn new() -> Self {
        Self(vec![Line::ZERO; 16 * GROUPS])
    }
}

impl Default for Tables {
    fn default() -> Self {
        Self::new()
    }
}

/// Rows of units times a block of sixteen columns of the other factor.
#[derive(Clone, Copy)]
pub struct Product<'a> {
    /// Of eight rows side by side, group after group (see [`super::bits`]), for each eight of the sums.
    pub nibbles: &'a [RowNibbles],
    /// The two values of a unit.
    pub pair: Pair,
    /// A line for each unit, in fours, one for each group.
    pub factor: &'a [[Line; 4]],
    /// Columns of the factor; the sums of others may stay as they are.
    pub columns: usize,
    /// Line at which the sums begin; `None`: they go on from what they are.
    pub start: Option<&'a Line>,
}

/// Computes `product`, a line of `sums` for each row.
///
/// # Panics
/// If the sizes do not fit, which is an error of the caller.
pub fn add_product(product: Product<'_>, sums: &mut [[Line; ROWS]], tables: &mut Tables) {
    assert_eq!(product.nibbles.len(), product.factor.len() * sums.len(), "number of nibbles");
    add(cpu::path(), product, sums, &mut tables.0);
}

fn add(path: Path, of: Product<'_>, sums: &mut [[Line; ROWS]], tables: &mut [Line]) {
    match (lanes(of.columns), path.set()) {
        (4, _) => add_4(path.at_most_avx2(), of, sums, tables),
        (8, _) => add_8(path.at_most_avx2(), of, sums, tables),
        // SAFETY: a `Path` with this set exists only where the CPU was seen to have its instructions.
        #[cfg(target_arch = "x86_64")]
        (_, Set::Avx512) => unsafe { add_16_wide(of, sums, tables) },
        _ => add_16(path, of, sums, tables),
    }
}

dispatched! {
    fn add_4(of: Product<'_>, sums: &mut [[Line; ROWS]], tables: &mut [Line]) => add_all::<4>
}

dispatched! {
    fn add_8(of: Product<'_>, sums: &mut [[Line; ROWS]], tables: &mut [Line]) => add_all::<8>
}

dispatched! {
    fn add_16(of: Product<'_>, sums: &mut [[Line; ROWS]], tables: &mut [Line]) => add_all::<16>
}

/// The same in vectors of sixteen, written as such: compilers make gathers of the plain loop, twenty times slower.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn add_16_wide(of: Product<'_>, sums: &mut [[Line; ROWS]], tables: &mut [Line]) {
    use std::arch::x86_64::{__m512, _mm512_add_ps};
    add_by(of, sums, tables, |tables: &[Table<COLUMNS>], nibbles, start, sums| {
        let mut local: [__m512; ROWS] = match start {
            Some(start) => [bytemuck::cast(start); ROWS],
            None => sums.map(|sum| bytemuck::cast(sum.0)),
        };
        for (table, nibbles) in tables.iter().zip(nibbles) {
            let word = u64::from_le_bytes(*nibbles);
            for (r, sum) in local.iter_mut().enumerate() {
                let terms = table[((word >> (8 * r)) & 0x78) as usize >> 3];
                *sum = _mm512_add_ps(*sum, bytemuck::cast(terms));
            }
        }
        *sums = local.map(|sum| Line(bytemuck::cast(sum)));
    });
}

#[inline(always)]
fn add_all<const W: usize>(of: Product<'_>, sums: &mut [[Line; ROWS]], tables: &mut [Line]) {
    add_by(of, sums, tables, add_selected::<W>);
}

/// Tabulates a few nibbles and lets `select` add what rows choose, eight rows at a time.
#[inline(always)]
fn add_by<const W: usize>(
    Product { nibbles, pair, factor, start, .. }: Product<'_>,
    sums: &mut [[Line; ROWS]],
    tables: &mut [Line],
    select: impl Fn(&[Table<W>], &[RowNibbles], Option<[f32; W]>, &mut [Line; ROWS]),
) {
    let groups = factor.len();
    let tables: &mut [Table<W>] = bytemuck::cast_slice_mut::<_, f32>(tables).as_chunks_mut().0.as_chunks_mut().0;
    for first in (0..groups).step_by(GROUPS) {
        let last = (first + GROUPS).min(groups);
        for (table, rows) in tables.iter_mut().zip(&factor[first..last]) {
            tabulate(table, rows, pair);
        }
        let start = start.filter(|_| first == 0).map(|line| line.0.first_chunk().copied().expect("W <= 16"));
        for (sums, nibbles) in sums.iter_mut().zip(nibbles.chunks_exact(groups)) {
            select(&tables[..last - first], &nibbles[first..last], start, sums);
        }
    }
}

/// Replaces the fields of each row by `base` + beta times them, with the row's beta.
pub fn scale(fields: &mut [[Line; ROWS]], base: &Line, betas: &[[f32; ROWS]]) {
    scale_on(cpu::path(), fields, base, betas);
}

dispatched! {
    fn scale_on(fields: &mut [[Line; ROWS]], base: &Line, betas: &[[f32; ROWS]]) => scale_all
}

/// A row after the other: the compiler would make vectors of rows, whose numbers lie apart, did it see through
/// `black_box`.
#[inline(always)]
fn scale_all(fields: &mut [[Line; ROWS]], base: &Line, betas: &[[f32; ROWS]]) {
    let base = *base;
    for (line, beta) in fields.as_flattened_mut().iter_mut().zip(betas.as_flattened()) {
        let beta = std::hint::black_box(*beta);
        let local = line.0;
        line.0 = std::array::from_fn(|l| base.0[l] + beta * local[l]);
    }
}

/// The sixteen sums: row 0 is all low; each further one adds delta times the row of its highest unit.
#[inline(always)]
fn tabulate<const W: usize>(table: &mut Table<W>, rows: &[Line; 4], pair: Pair) {
    // By value: that they are not written to with the table must be plain to the compiler.
    let rows = *rows;
    table[0] = [0.0; W];
    for row in &rows {
        table[0].iter_mut().zip(row.0).for_each(|(sum, x)| *sum += pair.low * x);
    }
    for (j, row) in rows.iter().enumerate() {
        let (known, new) = table.split_at_mut(1 << j);
        for (from, to) in known.iter().zip(new) {
            for l in 0..W {
                to[l] = from[l] + pair.delta * row.0[l];
            }
        }
    }
}

/// Adds the sums that the nibbles select.
#[inline(always)]
fn add_selected<const W: usize>(
    tables: &[Table<W>],
    nibbles: &[RowNibbles],
    start: Option<[f32; W]>,
    sums: &mut [Line; ROWS],
) {
    let mut local = match start {
        Some(start) => [start; ROWS],
        None => sums.map(|sum| std::array::from_fn::<f32, W, _>(|l| sum.0[l])),
    };
    for (table, nibbles) in tables.iter().zip(nibbles) {
        let word = u64::from_le_bytes(*nibbles);
        for (r, sum) in local.iter_mut().enumerate() {
            let terms = &table[((word >> (8 * r)) & 0x78) as usize >> 3];
            for l in 0..W {
                sum[l] += terms[l];
            }
        }
    }
    for (sum, local) in sums.iter_mut().zip(local) {
        sum.0[..W].copy_from_slice(&local);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::bits::{Bits, ByUnit};
    use crate::kernel::lines::Blocks;
    use crate::kernel::spins::packed_len;
    use ndarray::Array2;

    fn number(i: usize) -> f32 {
        ((i * 31 + i / 7 * 17) % 41) as f32 / 7.3 - 2.5
    }

    fn packed(rows: usize, n: usize) -> Vec<u8> {
        let mut packed = vec![0; rows * packed_len(n)];
        for r in 0..rows {
            for i in 0..n {
                packed[r * packed_len(n) + i / 4] |= u8::from((r * r + 3 * i + i * i / 5) % 3 == 0) << (i % 4);
            }
        }
        packed
    }

    fn bits(rows: usize, n: usize) -> Bits {
        let mut bits = Bits::new(rows, n);
        bits.gather(packed(rows, n).chunks_exact(packed_len(n)));
        bits
    }

    /// One after the other as the tables say: low times each weight, then delta times those of the set bits, nibble
    /// after nibble.
    fn in_order(pair: Pair, bias: f32, weights: &[f32], set: impl Fn(usize) -> bool) -> f32 {
        weights.chunks(4).enumerate().fold(bias, |sum, (g, four)| {
            let low = four.iter().fold(0.0, |term, w| term + pair.low * w);
            sum + four.iter().enumerate().fold(low, |t, (j, w)| if set(4 * g + j) { t + pair.delta * w } else { t })
        })
    }

    #[test]
    fn fields_are_the_sums_to_the_bit_on_every_path() {
        for (rows, n_in, n_out) in
            [(1, 1, 1), (3, 2, 5), (8, 4, 16), (10, 17, 33), (7, 100, 25), (9, 25, 100), (5, 301, 80)]
        {
            let w = Array2::from_shape_fn((n_in, n_out), |(i, o)| number(i * n_out + o));
            let bias: Vec<f32> = (0..n_out).map(|o| number(o + 3)).collect();
            let (units, bytes) = (bits(rows, n_in), packed(rows, n_in));
            for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (0.25, 2.0)] {
                let pair = Pair { low, delta: high - low };
                let blocks = Blocks::of(w.view(), 4);
                for (path, b) in Path::available().into_iter().flat_map(|p| (0..blocks.len()).map(move |b| (p, b))) {
                    let start = Line(std::array::from_fn(|l| *bias.get(b * COLUMNS + l).unwrap_or(&0.0)));
                    let mut seen = vec![[Line([f32::NAN; COLUMNS]); ROWS]; rows.div_ceil(ROWS)];
                    let mut tables = Tables::new().0;
                    let product = Product {
                        nibbles: units.nibbles(),
                        pair,
                        factor: blocks.block(b).as_chunks().0,
                        columns: n_out - b * COLUMNS,
                        start: Some(&start),
                    };
                    add(path, product, &mut seen, &mut tables);
                    for (r, line) in seen.as_flattened()[..rows].iter().enumerate() {
                        for (o, z) in (b * COLUMNS..n_out).zip(line.0) {
                            let set = |i: usize| bytes[r * packed_len(n_in) + i / 4] >> (i % 4) & 1 == 1;
                            let expected = in_order(pair, bias[o], &w.column(o).to_vec(), set);
                            assert_eq!(z, expected, "{rows} x {n_in} x {n_out}, {path}");
                        }
                    }
                }
            }
        }
    }

    /// Multiples of 1/8 far below 2^24: sums are exact in any order.
    #[test]
    fn outer_products_are_sums_over_samples() {
        for (samples, n, columns) in [(1, 1, 1), (4, 3, 2), (10, 17, 33), (100, 30, 25), (161, 5, 70)] {
            let units = packed(samples, n);
            let mut by_unit = ByUnit::new(n, samples.div_ceil(4));
            by_unit.put(&bits(samples, n), 0, None::<fn(usize, i32)>);
            let h = Array2::from_shape_fn((samples, columns), |(s, o)| ((s * 13 + o * 7) % 19) as f32 / 8.0 - 1.0);
            let blocks = Blocks::of(h.view(), 4);
            for (low, high) in [(-1.0, 1.0), (0.0, 1.0), (0.5, 2.0)] {
                for b in 0..blocks.len() {
                    let mut out = vec![[Line::ZERO; ROWS]; n.div_ceil(ROWS)];
                    let product = Product {
                        nibbles: by_unit.nibbles(),
                        pair: Pair { low, delta: high - low },
                        factor: blocks.block(b).as_chunks().0,
                        columns: columns - b * COLUMNS,
                        start: None,
                    };
                    add_product(product, &mut out, &mut Tables::new());
                    for i in 0..n {
                        for o in b * COLUMNS..columns.min((b + 1) * COLUMNS) {
                            let set = |s: usize| units[s * packed_len(n) + i / 4] >> (i % 4) & 1 == 1;
                            let value = |s: usize| if set(s) { high } else { low };
                            let expected: f32 = (0..samples).map(|s| value(s) * h[[s, o]]).sum();
                            let seen = out.as_flattened()[i].0[o % COLUMNS];
                            assert_eq!(seen, expected, "{samples} x {n}, unit {i}, column {o}");
                        }
                    }
                }
            }
        }
    }
}
