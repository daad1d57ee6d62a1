//! Matrices by blocks of sixteen columns: each block a column of cache lines, which is how the hot loops run through
//! them.

use crate::cpu::{Path, Set};
use bytemuck::{Pod, Zeroable};
use ndarray::{ArrayView2, ArrayViewMut2};

/// Columns of a block.
pub const COLUMNS: usize = 16;

/// Lanes of a line that `columns` of them take: 4, 8 or 16.
pub fn lanes(columns: usize) -> usize {
    match columns {
        ..=4 => 4,
        5..=8 => 8,
        _ => COLUMNS,
    }
}

/// Sixteen neighbouring numbers of a row: a cache line. One that straddles two lines would take twice the time to load.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line(pub [f32; COLUMNS]);

impl Line {
    /// Sixteen zeros.
    pub const ZERO: Self = Self([0.0; COLUMNS]);
}

/// A matrix block after block, padded with zeros: rows to a multiple of `unit`, columns to one of sixteen.
#[derive(Clone, Debug)]
pub struct Blocks {
    rows: usize,
    columns: usize,
    padded: usize,
    lines: Vec<Line>,
}

impl Blocks {
    /// Zeros, with space for rows up to a multiple of `unit`.
    pub fn zeros(rows: usize, columns: usize, unit: usize) -> Self {
        let padded = rows.next_multiple_of(unit);
        Self { rows, columns, padded, lines: vec![Line::ZERO; columns.div_ceil(COLUMNS) * padded] }
    }

    /// The blocks of `matrix`.
    pub fn of(matrix: ArrayView2<f32>, unit: usize) -> Self {
        let mut blocks = Self::zeros(matrix.nrows(), matrix.ncols(), unit);
        for (row, values) in matrix.rows().into_iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                blocks.lines[column / COLUMNS * blocks.padded + row].0[column % COLUMNS] = *value;
            }
        }
        blocks
    }

    /// Writes the matrix to `out`, shape (rows, columns).
    pub fn write(&self, mut out: ArrayViewMut2<f32>) {
        for ((row, column), value) in out.indexed_iter_mut() {
            *value = self.lines[column / COLUMNS * self.padded + row].0[column % COLUMNS];
        }
    }

    /// All lines, block after block.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The same, to be changed.
    pub fn lines_mut(&mut self) -> &mut [Line] {
        &mut self.lines
    }

    /// Shape of the matrix.
    pub fn dim(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// Number of blocks.
    pub fn len(&self) -> usize {
        self.columns.div_ceil(COLUMNS)
    }

    /// The lines of block `b`, a padded number of rows.
    pub fn block(&self, b: usize) -> &[Line] {
        &self.lines[b * self.padded..(b + 1) * self.padded]
    }

    /// The same, to be changed.
    pub fn block_mut(&mut self, b: usize) -> &mut [Line] {
        &mut self.lines[b * self.padded..(b + 1) * self.padded]
    }

    /// Writes block `b` of the transposed matrix to `out`, which has a line for each column, padded to a multiple of
    /// sixteen.
    ///
    /// # Panics
    /// If `out` has another length, which is an error of the caller.
    pub fn write_transposed(&self, path: Path, b: usize, out: &mut [Line]) {
        assert_eq!(out.len(), self.len() * COLUMNS, "a line for each column");
        let rows = b * COLUMNS..((b + 1) * COLUMNS).min(self.padded);
        for (from, to) in self.lines.chunks_exact(self.padded).zip(out.as_chunks_mut().0) {
            match from[rows.clone()].first_chunk() {
                Some(square) => transpose(path, square, to),
                None => {
                    let mut square = [Line::ZERO; COLUMNS];
                    square[..rows.len()].copy_from_slice(&from[rows.clone()]);
                    transpose(path, &square, to);
                }
            }
        }
    }
}

/// Transposes a square.
pub(super) fn transpose(path: Path, from: &[Line; COLUMNS], to: &mut [Line; COLUMNS]) {
    match path.set() {
        Set::Portable => {
            for (r, line) in from.iter().enumerate() {
                line.0.iter().enumerate().for_each(|(c, value)| to[c].0[r] = *value);
            }
        }
        // SAFETY: a `Path` with one of these sets exists only where the CPU was seen to have AVX2.
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 | Set::Avx512 => unsafe { quarters(from, to) },
    }
}

/// The same by quarters of 8 x 8, which compilers do not find: each is 24 shuffles of vectors.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn quarters(from: &[Line; COLUMNS], to: &mut [Line; COLUMNS]) {
    use std::arch::x86_64::{
        __m256, _mm256_permute2f128_ps as halves, _mm256_shuffle_ps as pairs, _mm256_unpackhi_ps as high,
        _mm256_unpacklo_ps as low,
    };
    for (row, column) in [(0, 0), (0, 8), (8, 0), (8, 8)] {
        let r: [__m256; 8] = std::array::from_fn(|i| {
            let eight: [f32; 8] = std::array::from_fn(|l| from[row + i].0[column + l]);
            bytemuck::cast(eight)
        });
        let mut four = [r[0]; 8];
        for i in 0..4 {
            (four[2 * i], four[2 * i + 1]) = (low(r[2 * i], r[2 * i + 1]), high(r[2 * i], r[2 * i + 1]));
        }
        // Columns 0 and 4, 1 and 5, 2 and 6, 3 and 7 of rows 0 to 3 and of rows 4 to 7.
        let quad = |a: usize| {
            let (a, b, c, d) = (four[a], four[a + 1], four[a + 2], four[a + 3]);
            [pairs(a, c, 0x44), pairs(a, c, 0xee), pairs(b, d, 0x44), pairs(b, d, 0xee)]
        };
        let (upper, lower) = (quad(0), quad(4));
        for j in 0..4 {
            let columns = [halves(upper[j], lower[j], 0x20), halves(upper[j], lower[j], 0x31)];
            for (c, values) in [j, j + 4].into_iter().zip(columns) {
                let values: [f32; 8] = bytemuck::cast(values);
                to[column + c].0[row..row + 8].copy_from_slice(&values);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn blocks_hold_the_matrix_and_its_transpose() {
        for (rows, columns) in [(1, 1), (5, 16), (17, 33), (32, 4), (50, 100)] {
            let matrix = Array2::from_shape_fn((rows, columns), |(r, c)| (r * 1000 + c) as f32 + 1.0);
            let blocks = Blocks::of(matrix.view(), 4);
            let mut back = Array2::zeros((rows, columns));
            blocks.write(back.view_mut());
            assert_eq!((&back, blocks.dim()), (&matrix, (rows, columns)));
            for path in Path::available() {
                for b in 0..rows.div_ceil(COLUMNS) {
                    let mut out = vec![Line([7.0; COLUMNS]); columns.next_multiple_of(COLUMNS)];
                    blocks.write_transposed(path, b, &mut out);
                    for (c, line) in out.iter().enumerate() {
                        for (l, value) in line.0.iter().enumerate() {
                            let expected = matrix.get((b * COLUMNS + l, c)).copied().unwrap_or(0.0);
                            assert_eq!(*value, expected, "{rows} x {columns}, {path}, block {b}, column {c}");
                        }
                    }
                }
            }
        }
    }
}
