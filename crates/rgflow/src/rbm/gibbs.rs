//! Gibbs sampling: v -> h -> v with sampled states (thesis section 2.4.2).
//!
//! Two-valued units are bits and go through subset sums. Units of other kinds, grey levels and expectation values are
//! real values: they go through matrix products and are never thresholded.

use super::half_step::{Half, Products, Scratch};
use super::layer_states::LayerStates;
use super::units::Noise;
use super::{Rbm, RbmError, Samples, Units};
use crate::kernel::bits::{Bits, ROWS, RowNibbles};
use crate::kernel::lines::{Blocks, COLUMNS, Line};
use crate::kernel::spins::packed_len;
use crate::kernel::subset_sums::{Pair, Tables, scale};
use crate::random::Bulk;
use crate::restart::{Unfit, decode, encode, put};
use ndarray::{ArrayView2, ArrayViewMut2};

/// A machine prepared for sampling: products of both directions.
#[derive(Clone, Debug)]
pub struct Kernel {
    rbm: Rbm,
    to_hidden: Products,
    to_visible: Products,
}

impl Kernel {
    /// Of a machine that stays as it is.
    pub fn new(rbm: &Rbm) -> Self {
        let products = |units: &Units, weights: ArrayView2<f32>| match units.levels() {
            Some(levels) => Products::Bits(Blocks::of(weights, 4), Pair { low: levels.low(), delta: levels.delta() }),
            None => Products::Real,
        };
        Self {
            to_hidden: products(rbm.visible_units(), rbm.weights.view()),
            to_visible: products(rbm.hidden_units(), rbm.weights.t()),
            rbm: rbm.clone(),
        }
    }

    /// Of a machine whose parameters change ([`Kernel::rbm_mut`]): nothing is laid out.
    pub(super) fn changing(rbm: Rbm) -> Self {
        Self { to_hidden: Products::Real, to_visible: Products::Real, rbm }
    }

    /// The machine.
    pub fn rbm(&self) -> &Rbm {
        &self.rbm
    }

    /// From the visible to the hidden units.
    fn upward(&self, rows: usize) -> Half<'_> {
        Half {
            products: &self.to_hidden,
            weights: self.rbm.weights.view(),
            bias: &self.rbm.hidden_bias,
            units: self.rbm.hidden_units(),
            rows,
        }
    }

    /// From the hidden to the visible units.
    fn downward(&self, rows: usize) -> Half<'_> {
        Half {
            products: &self.to_visible,
            weights: self.rbm.weights.t(),
            bias: &self.rbm.visible_bias,
            units: self.rbm.visible_units(),
            rows,
        }
    }

    /// The parameters of a machine from [`Kernel::changing`].
    pub(super) fn rbm_mut(&mut self) -> &mut Rbm {
        &mut self.rbm
    }
}

/// Gibbs chains side by side, with the scratch that a step needs.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{random::Streams, rbm::{Chains, Kernel, Rbm}};
/// let streams = Streams::new(1);
/// let kernel = Kernel::new(&Rbm::random(10, 4, 0.3, &mut streams.generator("example/init", 0)));
/// let mut chains = Chains::new(&kernel, 50); // 50 chains, all units low
/// let mut random = streams.bulk("example/gibbs", 0);
/// for _ in 0..100 {
///     chains.step(&kernel, &mut random);
/// }
/// let mut v = Array2::<f32>::zeros((50, 10));
/// chains.write_visible(v.as_slice_mut().unwrap());
/// assert!(v.iter().all(|v| v.abs() == 1.0));
/// ```
#[derive(Clone, Debug)]
pub struct Chains {
    visible: LayerStates,
    hidden: LayerStates,
    rows: usize,
    /// Fields of the hidden units, block after block of sixteen, with rows up to a multiple of eight, once they are
    /// asked for.
    fields: Vec<[Line; ROWS]>,
    scratch: Scratch,
}

impl Chains {
    /// Space for `rows` chains; discrete units are in their first state (two-valued ones low), Gaussian ones zero.
    pub fn new(kernel: &Kernel, rows: usize) -> Self {
        let rbm = &kernel.rbm;
        let row_blocks = rows.div_ceil(ROWS);
        Self {
            visible: LayerStates::new(rbm.visible_units(), rows, rbm.n_visible()),
            hidden: LayerStates::new(rbm.hidden_units(), rows, rbm.n_hidden()),
            rows,
            fields: Vec::new(),
            scratch: Scratch {
                block: vec![[Line::ZERO; ROWS]; row_blocks],
                noise: Noise::default(),
                product: Vec::new(),
                tables: Tables::new(),
            },
        }
    }

    /// Number of chains.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of visible units.
    pub fn n_visible(&self) -> usize {
        self.visible.n
    }

    /// The visible units, from which the next step goes, for a restart.
    pub(crate) fn save(&self) -> Vec<u8> {
        let layer = &self.visible;
        let values: &[f32] = if layer.real { layer.values.as_slice().expect("standard layout") } else { &[] };
        encode(&(layer.real, values, if layer.real { &[] } else { layer.bits.nibbles() }))
    }

    /// Goes on from what [`Chains::save`] of as many chains gave.
    pub(crate) fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (real, values, nibbles): (bool, Vec<f32>, Vec<RowNibbles>) = decode(state)?;
        let (rows, layer) = (self.rows, &mut self.visible);
        if real {
            return put(layer.make_real(rows).as_slice_mut().expect("standard layout"), &values);
        }
        layer.levels.ok_or(Unfit)?;
        layer.real = false;
        layer.bits.restore(&nibbles)
    }

    /// Sets the visible units to samples, a row for each chain: bits of two-valued units, or values. Values of
    /// two-valued units that are all low or high become bits; any other (grey levels, expectation values) are kept as
    /// they are until the units are drawn.
    ///
    /// # Errors
    /// [`RbmError::Shape`] for another shape, [`RbmError::NotTwoValued`] for bits of other units.
    pub fn set_visible<'a>(&mut self, samples: impl Into<Samples<'a>>) -> Result<(), RbmError> {
        let fits = |what, expected, found| {
            if expected == found { Ok(()) } else { Err(RbmError::Shape { what, expected, found }) }
        };
        let (rows, layer) = (self.rows, &mut self.visible);
        match samples.into() {
            Samples::Packed(bits) => {
                let kind = layer.kind;
                layer.levels.ok_or(RbmError::NotTwoValued { what: "packed states", layer: "visible", kind })?;
                let bytes = packed_len(layer.n);
                fits("bytes of the packed states", rows * bytes, bits.len())?;
                self.set_visible_bits(bits.chunks_exact(bytes));
            }
            Samples::Values(values) => {
                fits("rows of the states", rows, values.nrows())?;
                fits("columns of the states", layer.n, values.ncols())?;
                if layer.levels.is_some_and(|levels| layer.bits.pack(values, levels.low(), levels.high())) {
                    layer.real = false;
                } else {
                    layer.make_real(rows).assign(&values);
                }
            }
        }
        Ok(())
    }

    /// Sets the visible units, which are two-valued, to rows of packed units (see [`crate::packed`]).
    pub(super) fn set_visible_bits<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]>) {
        self.visible.bits.gather(rows);
        self.visible.real = false;
    }

    /// Real values of the visible units, shape (rows, n_visible), to be written.
    pub(super) fn visible_values_mut(&mut self) -> ArrayViewMut2<'_, f32> {
        self.visible.make_real(self.rows).view_mut()
    }

    /// Writes the visible units to `out`, rows x n_visible.
    ///
    /// # Panics
    /// If `out` has another length, which is an error of the caller.
    pub fn write_visible(&self, out: &mut [f32]) {
        assert_eq!(out.len(), self.rows * self.visible.n, "space for the visible units");
        self.visible.write(out);
    }

    /// The visible units as bits, 1 = high; `None` where they are real values.
    pub(crate) fn visible_bits(&self) -> Option<&Bits> {
        (!self.visible.real).then_some(&self.visible.bits)
    }

    /// Writes the hidden units to `out`, rows x n_hidden.
    ///
    /// # Panics
    /// If `out` has another length, which is an error of the caller.
    pub fn write_hidden(&self, out: &mut [f32]) {
        assert_eq!(out.len(), self.rows * self.hidden.n, "space for the hidden units");
        self.hidden.write(out);
    }

    /// Finds the fields of the hidden units, which [`Chains::draw_hidden`] draws from, and writes the units'
    /// expectations (thesis eq. 2.4.22) to `means`, rows x n_hidden.
    ///
    /// # Panics
    /// If `means` has another length, which is an error of the caller.
    pub fn hidden_means(&mut self, kernel: &Kernel, means: &mut [f32]) {
        self.hidden_fields(kernel);
        let (n, row_blocks) = (self.hidden.n, self.rows.div_ceil(ROWS));
        assert_eq!(means.len(), self.rows * n, "space for the means");
        for (b, fields) in self.fields.chunks_exact(row_blocks.max(1)).enumerate() {
            for (fields, means) in fields.as_flattened().iter().zip(means.chunks_exact_mut(n)) {
                means[b * COLUMNS..].iter_mut().zip(fields.0).for_each(|(to, z)| *to = z);
            }
        }
        kernel.rbm.hidden_units().mean(n, means);
    }

    /// Finds the fields of the hidden units.
    pub fn hidden_fields(&mut self, kernel: &Kernel) {
        let half = kernel.upward(self.rows);
        half.prepare(&mut self.visible, &mut self.scratch);
        let row_blocks = self.rows.div_ceil(ROWS);
        self.fields.resize(row_blocks * half.blocks(), [Line::ZERO; ROWS]);
        for (b, fields) in self.fields.chunks_exact_mut(row_blocks.max(1)).enumerate() {
            half.write_fields(b, &self.visible, fields, &mut self.scratch);
        }
    }

    /// Draws the hidden units from the fields that [`Chains::hidden_fields`] or [`Chains::hidden_means`] left.
    pub fn draw_hidden(&mut self, kernel: &Kernel, random: &mut Bulk) {
        let row_blocks = self.rows.div_ceil(ROWS);
        for (b, fields) in self.fields.chunks_exact(row_blocks.max(1)).enumerate() {
            self.hidden.draw(b, fields, random);
        }
        self.hidden.draw_kept(kernel.rbm.hidden_units(), &mut self.scratch.noise, random);
    }

    /// Draws the visible units given the hidden ones.
    pub fn draw_visible(&mut self, kernel: &Kernel, random: &mut Bulk) {
        let half = kernel.downward(self.rows);
        half.draw(&mut self.hidden, &mut self.visible, random, &mut self.scratch);
    }

    /// One step v -> h -> v.
    pub fn step(&mut self, kernel: &Kernel, random: &mut Bulk) {
        let half = kernel.upward(self.rows);
        half.draw(&mut self.visible, &mut self.hidden, random, &mut self.scratch);
        self.draw_visible(kernel, random);
    }
}

/// Steps at scaled parameters: visible biases `base` + beta b, weights beta W and hidden biases beta c, b, W and c
/// those of the kernel. The products are those of the kernel, and a row has its own beta.
impl Chains {
    /// The fields c + v W of the hidden units that [`Chains::hidden_fields`] left: blocks of sixteen units, each with
    /// the given number of rows, which are the chains and others up to a multiple of eight. Lanes without a unit are 0.
    pub(super) fn fields(&self) -> (&[Line], usize) {
        (self.fields.as_flattened(), self.rows.next_multiple_of(ROWS))
    }

    /// Writes the visible units of a row.
    pub(super) fn write_visible_row(&self, row: usize, out: &mut [f32]) {
        self.visible.write_row(row, out);
    }

    /// Draws the hidden units from the fields that [`Chains::hidden_fields`] left, times `betas`, one for each row,
    /// eight together.
    pub(super) fn draw_hidden_scaled(&mut self, kernel: &Kernel, betas: &[[f32; ROWS]], random: &mut Bulk) {
        let row_blocks = self.rows.div_ceil(ROWS);
        let mut block = std::mem::take(&mut self.scratch.block);
        for (b, fields) in self.fields.chunks_exact(row_blocks.max(1)).enumerate() {
            block.copy_from_slice(fields);
            scale(&mut block, &Line::ZERO, betas);
            self.hidden.draw(b, &block, random);
        }
        self.scratch.block = block;
        self.hidden.draw_kept(kernel.rbm.hidden_units(), &mut self.scratch.noise, random);
    }

    /// Draws the visible units given the hidden ones, in the fields `base` + beta (b + W h).
    pub(super) fn draw_visible_scaled(
        &mut self,
        kernel: &Kernel,
        base: &[Line],
        betas: &[[f32; ROWS]],
        random: &mut Bulk,
    ) {
        let half = kernel.downward(self.rows);
        let scratch = &mut self.scratch;
        half.prepare(&mut self.hidden, scratch);
        let mut block = std::mem::take(&mut scratch.block);
        for (b, base) in base.iter().enumerate() {
            half.write_fields(b, &self.hidden, &mut block, scratch);
            scale(&mut block, base, betas);
            self.visible.draw(b, &block, random);
        }
        scratch.block = block;
        self.visible.draw_kept(kernel.rbm.visible_units(), &mut scratch.noise, random);
    }
}
