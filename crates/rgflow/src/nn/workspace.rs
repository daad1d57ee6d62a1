//! Room for the passes through a network, so that no pass allocates.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};

use super::inputs::{Bits, Inputs};
use super::{Activation, Cost, Layer, Mlp, Targets};
use crate::kernel::product::gemm;
use crate::kernel::subset_sums::{Matrix, Scratch, fields, outer, turn};

/// Most rows that go through the network together on the way to a gradient: what they leave in each layer stays in the cache.
const BLOCK: usize = 256;

/// Outputs and errors of every layer for up to a number of rows, and the gradient.
#[derive(Clone, Debug)]
pub struct Workspace {
    rows: usize,
    /// Outputs of each layer, shape (rows, n_out of the layer).
    outputs: Vec<Array2<f32>>,
    /// dC/dz of each layer, of the same shapes but for rows of zeros after the last, up to a multiple of four.
    deltas: Vec<Array2<f32>>,
    /// The gradient of the cost, shaped like the layers.
    gradient: Vec<Layer>,
    first: FirstLayer,
}

/// What the first layer needs where its inputs are bits.
#[derive(Clone, Debug, Default)]
struct FirstLayer {
    sums: Scratch,
    /// Fields whose rows are padded, and a padded bias of zeros.
    padded: Vec<f32>,
    zeros: Vec<f32>,
    /// The bits by input instead of by sample.
    turned: Vec<u8>,
    /// The weights' gradient of a block after the first.
    part: Vec<f32>,
}

impl Workspace {
    /// Room for `rows` rows through `mlp`.
    pub fn new(mlp: &Mlp, rows: usize) -> Self {
        let wide = |rows: usize| mlp.layers.iter().map(|l| Array2::zeros((rows, l.bias.len()))).collect();
        let zeros = |l: &Layer| Layer { weights: Array2::zeros(l.weights.dim()), bias: Array1::zeros(l.bias.len()) };
        Self {
            rows,
            outputs: wide(rows),
            deltas: wide(rows.min(BLOCK).next_multiple_of(4)),
            gradient: mlp.layers.iter().map(zeros).collect(),
            first: FirstLayer::default(),
        }
    }

    /// Rows there is room for.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Outputs of the network for the rows of `x`, shape (n, n_in), n at most [`Workspace::rows`]: shape (n, n_out).
    ///
    /// # Panics
    /// If `x` has more rows or another width, which is an error of the caller.
    pub fn forward(&mut self, mlp: &Mlp, x: ArrayView2<f32>) -> ArrayView2<'_, f32> {
        self.run(mlp, Inputs::Real(x), mlp.output)
    }

    /// As [`Workspace::forward`], with `last` as the last layer's activation.
    pub(super) fn run(&mut self, mlp: &Mlp, x: Inputs, last: Activation) -> ArrayView2<'_, f32> {
        let n = x.nrows();
        for (l, layer) in mlp.layers.iter().enumerate() {
            let (below, here) = self.outputs.split_at_mut(l);
            let mut z = here[0].slice_mut(s![..n, ..]);
            match (below.last(), x) {
                (Some(below), _) => gemm(below.slice(s![..n, ..]), layer.weights.view(), 0.0, z.view_mut()),
                (None, Inputs::Real(x)) => gemm(x, layer.weights.view(), 0.0, z.view_mut()),
                (None, Inputs::Bits(bits)) => self.first.fields(layer, bits, flat(&mut z)),
            }
            let f = if l + 1 < mlp.layers.len() { mlp.hidden } else { last };
            f.apply(flat(&mut z), layer.slices().1);
        }
        let top = self.outputs.last().expect("a network has at least one layer");
        top.slice(s![..n, ..])
    }

    /// Gradient of the mean cost over the rows of `x` by backpropagation (thesis section 2.3.2, I-IV), layer by layer.
    ///
    /// `x`: any number of rows, which go through the room one portion after the other; `targets`: as many as rows, and such as `cost`
    /// takes.
    ///
    /// # Panics
    /// If there is no room for a row, if `x` has another width, if there are fewer targets than rows, or a class beyond the outputs.
    pub fn gradient(&mut self, mlp: &Mlp, x: ArrayView2<f32>, targets: Targets, cost: Cost) -> &[Layer] {
        self.backpropagate(mlp, Inputs::Real(x), targets, cost)
    }

    /// As [`Workspace::gradient`].
    pub(super) fn backpropagate(&mut self, mlp: &Mlp, x: Inputs, targets: Targets, cost: Cost) -> &[Layer] {
        let n = x.nrows();
        assert_eq!(targets.len(), n, "a target for each row");
        let block = self.rows.min(BLOCK);
        for start in (0..n).step_by(block) {
            let range = start..n.min(start + block);
            self.add_gradient(mlp, x.rows(range.clone()), targets.rows(range), (cost, n), start > 0);
        }
        &self.gradient
    }

    /// Adds the part of some of all `total` rows to the gradient, or replaces it.
    fn add_gradient(&mut self, mlp: &Mlp, x: Inputs, targets: Targets, (cost, total): (Cost, usize), add: bool) {
        let n = x.nrows();
        self.run(mlp, x, mlp.output);
        // I: the error of the outputs.
        let top = mlp.layers.len() - 1;
        let yhat = self.outputs[top].slice(s![..n, ..]);
        let mut delta = self.deltas[top].slice_mut(s![..n, ..]);
        let yhat = yhat.to_slice().expect("first rows of a standard layout");
        cost.pull_back(mlp.output, yhat, flat(&mut delta), mlp.n_out(), (targets, total));
        for l in (0..=top).rev() {
            let (below, here) = self.deltas.split_at_mut(l);
            let delta = here[0].slice(s![..n, ..]);
            // III and IV: biases and weights.
            let gradient = &mut self.gradient[l];
            let keep = f32::from(u8::from(add));
            sum_rows(delta, gradient.bias.as_slice_mut().expect("contiguous"), add);
            // II: the error of the layer below.
            if let Some(below) = below.last_mut() {
                let y = self.outputs[l - 1].slice(s![..n, ..]);
                gemm(y.t(), delta, keep, gradient.weights.view_mut());
                let mut below = below.slice_mut(s![..n, ..]);
                gemm(delta, mlp.layers[l].weights.t(), 0.0, below.view_mut());
                let y = y.to_slice().expect("first rows of a standard layout");
                mlp.hidden.pull_back(y, flat(&mut below), mlp.layers[l - 1].bias.len());
                continue;
            }
            match x {
                Inputs::Real(x) => gemm(x.t(), delta, keep, gradient.weights.view_mut()),
                Inputs::Bits(bits) => self.first.weights(bits, &mut here[0], n, gradient, add),
            }
        }
    }
}

impl FirstLayer {
    /// x W: n rows of n_out.
    fn fields(&mut self, layer: &Layer, bits: Bits, z: &mut [f32]) {
        let n_out = layer.bias.len();
        let width = n_out.next_multiple_of(16);
        let weights = Matrix { data: layer.slices().0, rows: bits.n_in, columns: n_out, transposed: false };
        self.zeros.resize(width, 0.0);
        if width == n_out {
            return fields(weights, bits.pair, &self.zeros, bits.packed, z, &mut self.sums);
        }
        let n = z.len() / n_out;
        self.padded.resize(self.padded.len().max(n * width), 0.0);
        let padded = &mut self.padded[..n * width];
        fields(weights, bits.pair, &self.zeros, bits.packed, padded, &mut self.sums);
        for (z, padded) in z.chunks_exact_mut(n_out).zip(padded.chunks_exact(width)) {
            z.copy_from_slice(&padded[..n_out]);
        }
    }

    /// x^T delta of the first `n` rows of `delta`, of which those up to a multiple of four are set to zero.
    fn weights(&mut self, bits: Bits, delta: &mut Array2<f32>, n: usize, gradient: &mut Layer, add: bool) {
        let (groups, n_out) = (n.div_ceil(4), delta.ncols());
        delta.slice_mut(s![n..4 * groups, ..]).fill(0.0);
        let delta = &delta.as_slice().expect("standard layout")[..4 * groups * n_out];
        self.turned.resize(self.turned.len().max(bits.n_in * groups), 0);
        let turned = &mut self.turned[..bits.n_in * groups];
        turn(bits.packed, n, bits.n_in, turned, (groups, 0));
        let weights = gradient.slices_mut().0;
        if !add {
            return outer(turned, groups, bits.pair, delta, n_out, weights, &mut self.sums);
        }
        self.part.resize(weights.len(), 0.0);
        outer(turned, groups, bits.pair, delta, n_out, &mut self.part, &mut self.sums);
        weights.iter_mut().zip(&self.part).for_each(|(w, p)| *w += p);
    }
}

/// The values of the first rows of an array in standard layout.
fn flat<'a>(rows: &'a mut ArrayViewMut2<f32>) -> &'a mut [f32] {
    rows.as_slice_mut().expect("first rows of a standard layout")
}

/// Sum over rows, one after the other, added to `sum` or in its place.
fn sum_rows(rows: ArrayView2<f32>, sum: &mut [f32], add: bool) {
    if !add {
        sum.fill(0.0);
    }
    for row in rows.rows() {
        sum.iter_mut().zip(row).for_each(|(s, v)| *s += v);
    }
}
