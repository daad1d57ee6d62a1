//! Rows of packed units in the order in which products and draws run through them: the nibbles of eight rows side by
//! side.

use super::bytes::{Counts, transpose_bits};
use super::lines::{COLUMNS, Line, lanes};
use super::spins::{draw_line, pack_levels, packed_len};
use crate::cpu::{Path, dispatched};
use crate::random::Bulk;
use crate::restart::{Unfit, put};
use ndarray::ArrayView2;
use std::ops::Range;

/// Rows that go through a product side by side: enough independent sums to hide the latency of an addition.
pub const ROWS: usize = 8;

/// A nibble of each of these rows, times 8, so that it is an offset by itself.
pub type RowNibbles = [u8; ROWS];

/// The bits of a nibble times 8 in each byte.
const NIBBLES: u64 = 0x7878_7878_7878_7878;

/// Rows of packed units. Rows beyond the last, up to a multiple of eight, hold anything.
#[derive(Clone, Debug)]
pub struct Bits {
    rows: usize,
    units: usize,
    groups: usize,
    nibbles: Vec<RowNibbles>,
}

impl Bits {
    /// Space for `rows` of `units` units, all bits cleared.
    pub fn new(rows: usize, units: usize) -> Self {
        let groups = packed_len(units);
        Self { rows, units, groups, nibbles: vec![[0; ROWS]; rows.div_ceil(ROWS) * groups] }
    }

    /// Becomes space for `rows` of `units` units, which hold anything.
    pub fn resize(&mut self, rows: usize, units: usize) {
        (self.rows, self.units, self.groups) = (rows, units, packed_len(units));
        self.nibbles.resize(rows.div_ceil(ROWS) * self.groups, [0; ROWS]);
    }

    /// Takes over rows of packed units (see [`super::spins`]), as many as there are.
    ///
    /// # Panics
    /// If a row is too short, which is an error of the caller.
    pub fn gather<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]>) {
        let mut rows = rows.take(self.rows);
        for batch in self.nibbles.chunks_exact_mut(self.groups) {
            let Some(first) = rows.next() else { return };
            // Rows that are missing repeat the first: they hold anything.
            let eight: [&[u8]; ROWS] =
                std::array::from_fn(|r| &(if r == 0 { first } else { rows.next().unwrap_or(first) })[..self.groups]);
            for (g, to) in batch.iter_mut().enumerate() {
                let nibbles = u64::from_le_bytes(std::array::from_fn(|r| eight[r][g]));
                *to = ((nibbles << 3) & NIBBLES).to_le_bytes();
            }
        }
    }

    /// Takes over `values`, shape (rows, units), each of which must be `low` or `high`; whether all were. If not, the
    /// bits hold anything: nothing is ever thresholded.
    pub fn pack(&mut self, values: ArrayView2<f32>, low: f32, high: f32) -> bool {
        let mut packed = vec![0; values.nrows() * self.groups];
        let all = pack_levels(values, low, high, &mut packed);
        self.gather(packed.chunks_exact(self.groups));
        all
    }

    /// Writes `low` and `high` to `values`, rows x units.
    pub fn unpack(&self, low: f32, high: f32, values: &mut [f32]) {
        let value = |nibble: usize, j: usize| if nibble >> j & 1 == 1 { high } else { low };
        let table: [[f32; 4]; 16] = std::array::from_fn(|nibble| std::array::from_fn(|j| value(nibble, j)));
        for (row, values) in values.chunks_exact_mut(self.units).take(self.rows).enumerate() {
            let nibbles = &self.nibbles[row / ROWS * self.groups..][..self.groups];
            let fours = values.as_chunks_mut::<4>();
            for (four, nibble) in fours.0.iter_mut().zip(nibbles) {
                *four = table[usize::from(nibble[row % ROWS] & 0x78) >> 3];
            }
            if let Some(last) = nibbles.last() {
                let last = table[usize::from(last[row % ROWS] & 0x78) >> 3];
                fours.1.iter_mut().zip(last).for_each(|(to, value)| *to = value);
            }
        }
    }

    /// In how many units each row differs from that of `other`, which has the same shape.
    pub fn differences(&self, other: &Self) -> Vec<i32> {
        let mut counts = Vec::with_capacity(self.rows.next_multiple_of(ROWS));
        let batches = self.nibbles.chunks_exact(self.groups).zip(other.nibbles.chunks_exact(self.groups));
        for (batch, other) in batches {
            let mut sums = Counts::default();
            for (a, b) in batch.iter().zip(other) {
                sums.add((u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b)) & NIBBLES);
            }
            counts.extend(sums.get());
        }
        counts.truncate(self.rows);
        counts
    }

    /// Number of nibbles of a row.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Nibbles, group after group, then the next eight rows.
    pub fn nibbles(&self) -> &[RowNibbles] {
        &self.nibbles
    }

    /// Lanes of a line that the units of block `b` take: 4, 8 or 16.
    pub fn lanes(&self, b: usize) -> usize {
        lanes(self.units - b * COLUMNS)
    }

    /// Nibbles as [`Bits::nibbles`] of the same shape gave them.
    pub(crate) fn restore(&mut self, nibbles: &[RowNibbles]) -> Result<(), Unfit> {
        put(&mut self.nibbles, nibbles)
    }

    /// Draws the units of a block from their fields. `random`: [`Bits::lanes`] words for each line; 25 bits of each
    /// decide.
    ///
    /// # Panics
    /// If the sizes do not fit, which is an error of the caller.
    pub fn draw(&mut self, path: Path, Fields { block: b, lines, delta }: Fields<'_>, random: &mut Bulk) {
        let first = b * COLUMNS / 4;
        let last = (first + COLUMNS / 4).min(self.groups);
        let rest = self.units - b * COLUMNS;
        // Bits beyond the last unit stay cleared.
        let keep = if rest < COLUMNS && !rest.is_multiple_of(4) { ((1u8 << (rest % 4)) - 1) << 3 } else { 15 << 3 };
        assert_eq!(lines.len(), self.nibbles.len() / self.groups, "fields for the rows");
        let lanes = self.lanes(b);
        let to = Drawn { nibbles: &mut self.nibbles, groups: self.groups, range: first..last, keep };
        match lanes {
            4 => draw_4(path, lines, random, delta, to),
            8 => draw_8(path, lines, random, delta, to),
            _ => draw_16(path, lines, random, delta, to),
        }
    }
}

/// Fields of a block of units: P(high) = sigmoid(delta z) (thesis eq. 2.4.21).
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    /// Number of the block.
    pub block: usize,
    /// A line for each row.
    pub lines: &'a [[Line; ROWS]],
    /// The high value of a unit less the low one: 2 for spins.
    pub delta: f32,
}

/// Where the drawn units go.
struct Drawn<'a> {
    nibbles: &'a mut [RowNibbles],
    /// Nibbles of a row.
    groups: usize,
    /// Those of a row that are drawn.
    range: Range<usize>,
    /// Bits of the last one that stand for units.
    keep: u8,
}

dispatched! {
    fn draw_4(fields: &[[Line; ROWS]], random: &mut Bulk, delta: f32, to: Drawn<'_>) => draw_rows::<4>
}

dispatched! {
    fn draw_8(fields: &[[Line; ROWS]], random: &mut Bulk, delta: f32, to: Drawn<'_>) => draw_rows::<8>
}

dispatched! {
    fn draw_16(fields: &[[Line; ROWS]], random: &mut Bulk, delta: f32, to: Drawn<'_>) => draw_rows::<16>
}

/// Draws from the first `W` lanes of the lines, put side by side so that all lanes of a vector work.
#[inline(always)]
fn draw_rows<const W: usize>(
    fields: &[[Line; ROWS]],
    random: &mut Bulk,
    delta: f32,
    Drawn { nibbles, groups, range, keep }: Drawn<'_>,
) {
    let mut generator = random.clone();
    for (fields, nibbles) in fields.iter().zip(nibbles.chunks_exact_mut(groups)) {
        let mut words = [[0; COLUMNS]; ROWS];
        let words = &mut words[..ROWS * W / COLUMNS];
        words.iter_mut().for_each(|row| *row = generator.next_row());
        let mut masks = [0u16; ROWS];
        for (k, (mask, w)) in masks.iter_mut().zip(words.iter()).enumerate() {
            let row = k * COLUMNS / W;
            let z: [f32; COLUMNS] = std::array::from_fn(|l| fields[row + l / W].0[l % W]);
            *mask = draw_line(&z, w, delta);
        }
        // Byte r: the first and the last eight units of row r.
        let low = u64::from_le_bytes(std::array::from_fn(|r| match W {
            4 => (masks[r / 4] >> (4 * (r % 4))) as u8,
            8 => (masks[r / 2] >> (8 * (r % 2))) as u8,
            _ => masks[r] as u8,
        }));
        let high = u64::from_le_bytes(std::array::from_fn(|r| if W == COLUMNS { (masks[r] >> 8) as u8 } else { 0 }));
        let four = [low << 3, low >> 1, high << 3, high >> 1].map(|word| (word & NIBBLES).to_le_bytes());
        let nibbles = &mut nibbles[range.clone()];
        match nibbles.first_chunk_mut() {
            Some(to) => *to = four,
            None => nibbles.iter_mut().zip(&four).for_each(|(to, from)| *to = *from),
        }
        if let Some(last) = nibbles.last_mut() {
            last.iter_mut().for_each(|nibble| *nibble &= keep);
        }
    }
    *random = generator;
}

/// Packed units, unit by unit instead of row by row: nibbles of four rows each.
#[derive(Clone, Debug)]
pub struct ByUnit {
    units: usize,
    groups: usize,
    nibbles: Vec<RowNibbles>,
}

impl ByUnit {
    /// Space for `groups` times four rows of `units` units; all bits are cleared.
    pub fn new(units: usize, groups: usize) -> Self {
        Self { units, groups, nibbles: vec![[0; ROWS]; units.div_ceil(ROWS) * groups] }
    }

    /// Becomes space for `groups` times four rows of `units` units, which hold anything.
    pub fn resize(&mut self, units: usize, groups: usize) {
        (self.units, self.groups) = (units, groups);
        self.nibbles.resize(units.div_ceil(ROWS) * groups, [0; ROWS]);
    }

    /// Writes `bits` to the groups from `first` on, with cleared bits for the rows that the last of them lacks.
    ///
    /// `count`, if any, is called for each unit with the number of rows in which it is set.
    ///
    /// # Panics
    /// If there is no space, which is an error of the caller.
    pub fn put(&mut self, bits: &Bits, first: usize, mut count: Option<impl FnMut(usize, i32)>) {
        let groups = bits.rows.div_ceil(4);
        assert_eq!(bits.units, self.units, "number of units");
        assert!(first + groups <= self.groups, "space for the rows");
        for (pair, nibbles) in self.nibbles.chunks_exact_mut(self.groups).enumerate() {
            let mut sums = Counts::default();
            for (batch, of) in bits.nibbles.chunks_exact(bits.groups).enumerate() {
                let low = u64::from_le_bytes(of[2 * pair]) >> 3;
                let high = of.get(2 * pair + 1).map_or(0, |high| u64::from_le_bytes(*high) << 1);
                let rows = ROWS.min(bits.rows - batch * ROWS);
                // Byte r: the bits of eight units of row r. Turned: byte u, the bits of eight rows of unit u.
                let turned = transpose_bits((low | high) & u64::MAX >> (64 - 8 * rows));
                let at = first + 2 * batch;
                nibbles[at] = ((turned << 3) & NIBBLES).to_le_bytes();
                if rows > 4 {
                    nibbles[at + 1] = ((turned >> 1) & NIBBLES).to_le_bytes();
                }
                if count.is_some() {
                    sums.add(turned);
                }
            }
            if let Some(count) = &mut count {
                let units = pair * ROWS..self.units;
                units.zip(sums.get()).for_each(|(unit, sum)| count(unit, sum));
            }
        }
    }

    /// Nibbles, group after group, then the next eight units.
    pub fn nibbles(&self) -> &[RowNibbles] {
        &self.nibbles
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn bit(row: usize, unit: usize) -> bool {
        (row * row + 3 * unit + unit * unit / 5 + row * unit).is_multiple_of(3)
    }

    fn bits(rows: usize, units: usize) -> Bits {
        let mut packed = vec![0u8; rows * packed_len(units)];
        for row in 0..rows {
            for unit in 0..units {
                packed[row * packed_len(units) + unit / 4] |= u8::from(bit(row, unit)) << (unit % 4);
            }
        }
        let mut bits = Bits::new(rows, units);
        bits.gather(packed.chunks_exact(packed_len(units)));
        bits
    }

    /// Fields so strong that they decide, of other signs in each row and unit.
    #[test]
    fn each_unit_is_drawn_from_its_own_field() {
        for units in [1, 3, 4, 6, 8, 9, 16, 20, 23, 33] {
            let mut drawn = Bits::new(24, units);
            let mut random = Streams::new(1).bulk("test/own", 0);
            for path in Path::available() {
                for b in 0..units.div_ceil(COLUMNS) {
                    let field = |row, unit| if bit(row, unit) { 60.0 } else { -60.0 };
                    let line = |row: usize| Line(std::array::from_fn(|l| field(row, b * COLUMNS + l)));
                    let fields: [[Line; 8]; 3] = std::array::from_fn(|k| std::array::from_fn(|r| line(8 * k + r)));
                    drawn.draw(path, Fields { block: b, lines: &fields, delta: 2.0 }, &mut random);
                }
                assert_eq!(drawn.nibbles, bits(24, units).nibbles, "{units} units, {path}");
            }
        }
    }

    #[test]
    fn bits_are_turned_and_counted() {
        for (rows, units) in [(1, 1), (4, 3), (10, 17), (100, 30), (61, 5), (8, 8), (600, 9)] {
            let bits = bits(rows, units);
            let mut by_unit = ByUnit::new(units, rows.div_ceil(4) + 1);
            let mut counts = vec![1; units];
            by_unit.put(&bits, 1, Some(|unit: usize, count| counts[unit] -= count));
            for (unit, count) in counts.into_iter().enumerate() {
                let set = (0..rows).filter(|row| bit(*row, unit)).count() as i32;
                assert_eq!(count, 1 - set, "{rows} x {units}, unit {unit}");
                for row in 0..(by_unit.groups - 1) * 4 {
                    let nibble = by_unit.nibbles()[unit / ROWS * by_unit.groups + 1 + row / 4][unit % ROWS];
                    assert_eq!(nibble >> 3 >> (row % 4) & 1 == 1, row < rows && bit(row, unit), "{rows} x {units}");
                }
            }
            let mut other = Bits::new(rows, units);
            other.gather(vec![0xffu8 >> 4; rows * packed_len(units)].chunks_exact(packed_len(units)));
            for (row, apart) in bits.differences(&other).into_iter().enumerate() {
                // Bits beyond the last unit are cleared here and set there.
                let beyond = 4 * packed_len(units) - units;
                let unset = (0..units).filter(|unit| !bit(row, *unit)).count();
                assert_eq!(apart as usize, unset + beyond, "{rows} x {units}, row {row}");
            }
        }
    }

    /// Null: independent draws with P(high) = sigmoid(delta z). 200,000 draws for each of 19 units with 9 fields and
    /// two delta, seed 1:
    /// |z-score| < 5 for all fails by chance with p < 1e-4. Every path draws the same.
    #[test]
    fn draws_have_the_right_mean() {
        for delta in [2.0, 0.75] {
            let field = |unit: usize| ((unit % 9) as f32 - 4.0) / 2.0;
            let mut random = Streams::new(1).bulk("test/draw", 0);
            let mut drawn: Vec<_> = Path::available().into_iter().map(|path| (path, Bits::new(40, 19))).collect();
            let mut up = [0i32; 19];
            for _ in 0..5000 {
                for b in 0..2 {
                    let start = random.clone();
                    let line = Line(std::array::from_fn(|l| field(b * COLUMNS + l)));
                    for (path, bits) in &mut drawn {
                        random = start.clone();
                        bits.draw(*path, Fields { block: b, lines: &[[line; ROWS]; 5], delta }, &mut random);
                    }
                }
                assert!(drawn.iter().all(|(_, bits)| bits.nibbles == drawn[0].1.nibbles));
                assert!(drawn[0].1.nibbles.iter().skip(4).step_by(5).flatten().all(|n| n & !(7 << 3) == 0));
                ByUnit::new(19, 10).put(&drawn[0].1, 0, Some(|unit: usize, count| up[unit] += count));
            }
            for (unit, up) in up.into_iter().enumerate() {
                let (n, p) = (200_000.0, 1.0 / (1.0 + f64::from(-delta * field(unit)).exp()));
                let z = (f64::from(up) - n * p) / (n * p * (1.0 - p)).sqrt();
                assert!(z.abs() < 5.0, "delta {delta}, unit {unit}: z = {z}");
            }
        }
    }
}
