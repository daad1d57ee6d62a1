//! The states of a layer of Gibbs chains: bits of two-valued units, or real values.

use super::units::Noise;
use super::{Levels, Units};
use crate::cpu;
use crate::kernel::bits::{Bits, Fields, ROWS};
use crate::kernel::lines::{COLUMNS, Line};
use crate::random::Bulk;
use ndarray::{Array2, ArrayView1, ArrayView2, s};

/// The states of a layer, a row for each chain: bits, or real values.
#[derive(Clone, Debug)]
pub(super) struct LayerStates {
    pub(super) n: usize,
    /// Name of the kind of units.
    pub(super) kind: &'static str,
    pub(super) levels: Option<Levels>,
    /// Whether `values` is the state, not `bits`.
    pub(super) real: bool,
    pub(super) bits: Bits,
    pub(super) values: Array2<f32>,
}

impl LayerStates {
    pub(super) fn new(units: &Units, rows: usize, n: usize) -> Self {
        let levels = units.levels();
        let space = |of| if of { rows } else { 0 };
        let (bits, mut values) = (Bits::new(space(levels.is_some()), n), Array2::zeros((space(levels.is_none()), n)));
        if let (None, Some(sites)) = (levels, units.sites()) {
            let first = sites.layer(0, n);
            values.rows_mut().into_iter().for_each(|mut row| row.assign(&ArrayView1::from(&first)));
        }
        Self { n, kind: units.kind(), levels, real: levels.is_none(), bits, values }
    }

    /// Space for real values of two-valued units, which most chains never need.
    pub(super) fn make_real(&mut self, rows: usize) -> &mut Array2<f32> {
        if self.values.nrows() != rows {
            self.values = Array2::zeros((rows, self.n));
        }
        self.real = true;
        &mut self.values
    }

    /// The state as values, shape (rows, n).
    pub(super) fn values(&mut self, rows: usize) -> ArrayView2<'_, f32> {
        if let (false, Some(levels)) = (self.real, self.levels) {
            self.make_real(rows);
            self.real = false;
            let values = self.values.as_slice_mut().expect("standard layout");
            self.bits.unpack(levels.low(), levels.high(), values);
        }
        self.values.view()
    }

    pub(super) fn write(&self, out: &mut [f32]) {
        match self.levels {
            Some(levels) if !self.real => self.bits.unpack(levels.low(), levels.high(), out),
            _ => out.copy_from_slice(self.values.as_slice().expect("standard layout")),
        }
    }

    /// The units of a row.
    pub(super) fn write_row(&self, row: usize, out: &mut [f32]) {
        match self.levels {
            Some(levels) if !self.real => {
                let nibbles = &self.bits.nibbles()[row / ROWS * self.bits.groups()..];
                for (four, nibbles) in out.chunks_mut(4).zip(nibbles) {
                    let nibble = nibbles[row % ROWS] >> 3;
                    four.iter_mut().enumerate().for_each(|(j, v)| *v = levels.value(nibble >> j & 1 == 1));
                }
            }
            _ => out.iter_mut().zip(self.values.row(row)).for_each(|(to, v)| *to = *v),
        }
    }

    /// Draws the units of block `b` from their fields, where they are bits; else keeps the fields for
    /// [`LayerStates::draw_kept`].
    pub(super) fn draw(&mut self, b: usize, fields: &[[Line; ROWS]], random: &mut Bulk) {
        match self.levels {
            Some(levels) => {
                self.bits.draw(cpu::path(), Fields { block: b, lines: fields, delta: levels.delta() }, random);
                self.real = false;
            }
            None => {
                let units = b * COLUMNS..self.n.min((b + 1) * COLUMNS);
                let mut values = self.values.slice_mut(s![.., units]);
                for (mut values, fields) in values.rows_mut().into_iter().zip(fields.as_flattened()) {
                    values.iter_mut().zip(fields.0).for_each(|(value, z)| *value = z);
                }
            }
        }
    }

    /// Draws units that are no bits, once all blocks have left their fields.
    pub(super) fn draw_kept(&mut self, units: &Units, noise: &mut Noise, random: &mut Bulk) {
        if self.levels.is_none() {
            units.draw(self.n, self.values.as_slice_mut().expect("standard layout"), noise, random);
        }
    }
}
