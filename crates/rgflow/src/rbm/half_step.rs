//! A half-step of Gibbs sampling: from one layer to the other.

use super::Units;
use super::layer_states::LayerStates;
use super::units::Noise;
use crate::kernel::bits::ROWS;
use crate::kernel::lines::{Blocks, COLUMNS, Line};
use crate::kernel::product::gemm;
use crate::kernel::subset_sums::{Pair, Product, Tables, add_product};
use crate::random::Bulk;
use ndarray::{Array1, ArrayView2, ArrayViewMut2};

/// How the fields that a layer of bits exerts are found.
#[derive(Clone, Debug)]
pub(super) enum Products {
    /// By subset sums of these weights, laid out once: for a machine that does not change.
    Bits(Blocks, Pair),
    /// By matrix products: units of real values, and machines in training.
    Real,
}

/// Random numbers, products and sums of a half-step.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    /// Fields of a block of sixteen units.
    pub block: Vec<[Line; ROWS]>,
    /// For units that are no bits.
    pub noise: Noise,
    pub product: Vec<f32>,
    pub tables: Tables,
}

/// From one layer to the other, for a number of rows.
pub(super) struct Half<'a> {
    pub products: &'a Products,
    pub weights: ArrayView2<'a, f32>,
    pub bias: &'a Array1<f32>,
    /// Kind of the units that it leads to.
    pub units: &'a Units,
    pub rows: usize,
}

impl Half<'_> {
    /// Blocks of the layer that it leads to.
    pub fn blocks(&self) -> usize {
        self.bias.len().div_ceil(COLUMNS)
    }

    /// Whether fields come from bits, and not from the product that [`Half::prepare`] leaves.
    fn of_bits(&self, from: &LayerStates) -> Option<(&Blocks, Pair)> {
        match self.products {
            Products::Bits(blocks, pair) if !from.real => Some((blocks, *pair)),
            _ => None,
        }
    }

    /// Must be called before fields are written block by block.
    pub fn prepare(&self, from: &mut LayerStates, scratch: &mut Scratch) {
        if self.of_bits(from).is_none() {
            let n = self.bias.len();
            scratch.product.resize(self.rows * n, 0.0);
            let z = ArrayViewMut2::from_shape((self.rows, n), &mut scratch.product).expect("rows x n values");
            gemm(from.values(self.rows), self.weights, 0.0, z);
        }
    }

    /// Writes the fields of block `b`.
    pub fn write_fields(&self, b: usize, from: &LayerStates, fields: &mut [[Line; ROWS]], scratch: &mut Scratch) {
        let n = self.bias.len();
        let bias = Line(std::array::from_fn(|l| self.bias.get(b * COLUMNS + l).copied().unwrap_or(0.0)));
        match self.of_bits(from) {
            Some((blocks, pair)) => {
                let product = Product {
                    nibbles: from.bits.nibbles(),
                    pair,
                    factor: blocks.block(b).as_chunks().0,
                    columns: n - b * COLUMNS,
                    start: Some(&bias),
                };
                add_product(product, fields, &mut scratch.tables);
            }
            None => {
                for (field, z) in fields.as_flattened_mut().iter_mut().zip(scratch.product.chunks_exact(n)) {
                    *field = bias;
                    field.0.iter_mut().zip(&z[b * COLUMNS..]).for_each(|(field, z)| *field += z);
                }
            }
        }
    }

    /// Draws the layer `to`, block after block while its fields are in the nearest cache.
    pub fn draw(&self, from: &mut LayerStates, to: &mut LayerStates, random: &mut Bulk, scratch: &mut Scratch) {
        self.prepare(from, scratch);
        let mut block = std::mem::take(&mut scratch.block);
        for b in 0..self.blocks() {
            self.write_fields(b, from, &mut block, scratch);
            to.draw(b, &block, random);
        }
        scratch.block = block;
        to.draw_kept(self.units, &mut scratch.noise, random);
    }
}
