//! Gibbs sampling: v -> h -> v with sampled states (thesis section 2.4.2).

use super::Rbm;
use crate::kernel::spins::{SignedSums, draw, packed_len};
use crate::random::Bulk;

/// A machine prepared for sampling: tabulated sums of both directions.
#[derive(Clone, Debug)]
pub struct Kernel {
    n_visible: usize,
    n_hidden: usize,
    to_hidden: SignedSums,
    to_visible: SignedSums,
}

impl Kernel {
    /// Tables of `rbm`.
    pub fn new(rbm: &Rbm) -> Self {
        let (n_visible, n_hidden) = (rbm.n_visible(), rbm.n_hidden());
        let mut kernel = Self {
            n_visible,
            n_hidden,
            to_hidden: SignedSums::new(n_visible, n_hidden),
            to_visible: SignedSums::new(n_hidden, n_visible),
        };
        kernel.rebuild(rbm);
        kernel
    }

    /// Renews the tables after the machine changed, without allocating.
    pub fn rebuild(&mut self, rbm: &Rbm) {
        self.to_hidden.build(rbm.weights.view(), rbm.hidden_bias.as_slice().expect("contiguous"));
        self.to_visible.build(rbm.weights.t(), rbm.visible_bias.as_slice().expect("contiguous"));
    }
}

/// Gibbs chains side by side, with the scratch that a step needs. Spins are packed as in [`crate::kernel::spins`].
#[derive(Clone, Debug)]
pub struct Chains {
    /// Packed visible spins, rows x packed_len(n_visible).
    pub visible: Vec<u8>,
    /// Packed hidden spins, rows x packed_len(n_hidden).
    pub hidden: Vec<u8>,
    fields: Vec<f32>,
    words: Vec<u32>,
    rows: usize,
}

impl Chains {
    /// Room for `rows` chains, all units down.
    pub fn new(kernel: &Kernel, rows: usize) -> Self {
        let widest = kernel.to_hidden.stride().max(kernel.to_visible.stride());
        Self {
            visible: vec![0; rows * packed_len(kernel.n_visible)],
            hidden: vec![0; rows * packed_len(kernel.n_hidden)],
            fields: vec![0.0; rows * widest],
            words: vec![0; rows * widest],
            rows,
        }
    }

    /// Fields of the hidden units given the visible ones: rows of [`Chains::hidden_stride`] values.
    pub fn hidden_fields(&mut self, kernel: &Kernel) -> &[f32] {
        let fields = &mut self.fields[..self.rows * kernel.to_hidden.stride()];
        kernel.to_hidden.fields(&self.visible, fields);
        fields
    }

    /// Length of a row of hidden fields.
    pub fn hidden_stride(kernel: &Kernel) -> usize {
        kernel.to_hidden.stride()
    }

    /// Draws the hidden units from the fields that [`Chains::hidden_fields`] left.
    pub fn draw_hidden(&mut self, kernel: &Kernel, random: &mut Bulk) {
        let stride = kernel.to_hidden.stride();
        draw(&self.fields[..self.rows * stride], stride, kernel.n_hidden, random, &mut self.words, &mut self.hidden);
    }

    /// Draws the visible units given the hidden ones.
    pub fn draw_visible(&mut self, kernel: &Kernel, random: &mut Bulk) {
        let stride = kernel.to_visible.stride();
        let fields = &mut self.fields[..self.rows * stride];
        kernel.to_visible.fields(&self.hidden, fields);
        draw(fields, stride, kernel.n_visible, random, &mut self.words, &mut self.visible);
    }

    /// One step v -> h -> v.
    pub fn step(&mut self, kernel: &Kernel, random: &mut Bulk) {
        self.hidden_fields(kernel);
        self.draw_hidden(kernel, random);
        self.draw_visible(kernel, random);
    }
}
