//! Room for the passes through a network, so that no pass allocates.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};

use super::{Activation, Cost, Layer, Mlp, Targets};
use crate::kernel::product::gemm;

/// Outputs and errors of every layer for up to a number of rows, and the gradient.
#[derive(Clone, Debug)]
pub struct Workspace {
    rows: usize,
    /// Outputs of each layer, shape (rows, n_out of the layer).
    outputs: Vec<Array2<f32>>,
    /// dC/dz of each layer, of the same shapes.
    deltas: Vec<Array2<f32>>,
    /// The gradient of the cost, shaped like the layers.
    gradient: Vec<Layer>,
}

impl Workspace {
    /// Room for `rows` rows through `mlp`.
    pub fn new(mlp: &Mlp, rows: usize) -> Self {
        let wide = || mlp.layers.iter().map(|l| Array2::zeros((rows, l.bias.len()))).collect();
        let zeros = |l: &Layer| Layer { weights: Array2::zeros(l.weights.dim()), bias: Array1::zeros(l.bias.len()) };
        Self { rows, outputs: wide(), deltas: wide(), gradient: mlp.layers.iter().map(zeros).collect() }
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
        self.run(mlp, x, mlp.output)
    }

    /// As [`Workspace::forward`], but the last layer's fields z.
    pub(super) fn fields(&mut self, mlp: &Mlp, x: ArrayView2<f32>) -> ArrayView2<'_, f32> {
        self.run(mlp, x, Activation::Linear)
    }

    fn run(&mut self, mlp: &Mlp, x: ArrayView2<f32>, last: Activation) -> ArrayView2<'_, f32> {
        let n = x.nrows();
        for (l, layer) in mlp.layers.iter().enumerate() {
            let (below, here) = self.outputs.split_at_mut(l);
            let input = below.last().map_or(x, |b| b.slice(s![..n, ..]));
            let mut z = here[0].slice_mut(s![..n, ..]);
            gemm(input, layer.weights.view(), 0.0, z.view_mut());
            let f = if l + 1 < mlp.layers.len() { mlp.hidden } else { last };
            f.apply(flat(&mut z), layer.bias.as_slice().expect("biases are contiguous"));
        }
        let top = self.outputs.last().expect("a network has at least one layer");
        top.slice(s![..n, ..])
    }

    /// Gradient of the mean cost over the rows of `x` by backpropagation (thesis section 2.3.2, I-IV), layer by layer.
    ///
    /// `targets`: as many as rows, and such as `cost` takes.
    ///
    /// # Panics
    /// As [`Workspace::forward`]; if there are fewer targets than rows, or a class beyond the outputs.
    pub fn gradient(&mut self, mlp: &Mlp, x: ArrayView2<f32>, targets: Targets, cost: Cost) -> &[Layer] {
        let n = x.nrows();
        assert_eq!(targets.len(), n, "a target for each row");
        self.run(mlp, x, mlp.output);
        // I: the error of the outputs.
        let top = mlp.layers.len() - 1;
        let yhat = self.outputs[top].slice(s![..n, ..]);
        let mut delta = self.deltas[top].slice_mut(s![..n, ..]);
        let yhat = yhat.to_slice().expect("first rows of a standard layout");
        cost.pull_back(mlp.output, yhat, flat(&mut delta), mlp.n_out(), targets);
        for l in (0..=top).rev() {
            let (below, here) = self.deltas.split_at_mut(l);
            let delta = here[0].slice(s![..n, ..]);
            // III and IV: biases and weights.
            let gradient = &mut self.gradient[l];
            sum_rows(delta, gradient.bias.as_slice_mut().expect("contiguous"));
            let input = if l == 0 { x } else { self.outputs[l - 1].slice(s![..n, ..]) };
            gemm(input.t(), delta, 0.0, gradient.weights.view_mut());
            // II: the error of the layer below.
            if let Some(below) = below.last_mut() {
                let mut below = below.slice_mut(s![..n, ..]);
                gemm(delta, mlp.layers[l].weights.t(), 0.0, below.view_mut());
                let y = input.to_slice().expect("first rows of a standard layout");
                mlp.hidden.pull_back(y, flat(&mut below), input.ncols());
            }
        }
        &self.gradient
    }
}

/// The values of the first rows of an array in standard layout.
fn flat<'a>(rows: &'a mut ArrayViewMut2<f32>) -> &'a mut [f32] {
    rows.as_slice_mut().expect("first rows of a standard layout")
}

/// Sum over rows, one after the other.
fn sum_rows(rows: ArrayView2<f32>, sum: &mut [f32]) {
    sum.fill(0.0);
    for row in rows.rows() {
        sum.iter_mut().zip(row).for_each(|(s, v)| *s += v);
    }
}
