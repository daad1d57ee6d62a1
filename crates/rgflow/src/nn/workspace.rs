//! Space for the passes through a network, so that no pass needs more than what matrix products pack.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};

use super::inputs::{Bits, Inputs};
use super::{Activation, Cost, Layer, Mlp, Targets};
use crate::kernel::bits::{self, ByUnit, ROWS};
use crate::kernel::lines::{COLUMNS, Line};
use crate::kernel::product::gemm;
use crate::kernel::spins::packed_len;
use crate::kernel::subset_sums::{Product, Tables, add_product};

/// Most rows that go through the network together on the way to a gradient: what they leave in each layer stays in the
/// cache.
const BLOCK: usize = 256;

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
    first: FirstLayer,
}

/// Buffers of the first layer where its inputs are bits.
#[derive(Clone, Debug)]
struct FirstLayer {
    tables: Tables,
    bits: bits::Bits,
    by_input: ByUnit,
    /// Sixteen columns of the other factor, and of the product.
    factor: Vec<Line>,
    sums: Vec<Line>,
}

/// Some of the rows of a gradient.
struct Part<'a> {
    targets: Targets<'a>,
    cost: Cost,
    /// Number of all rows.
    total: usize,
    /// Whether they are added to the gradient; else they replace it.
    add: bool,
}

impl Workspace {
    /// Space for `rows` rows through `mlp`.
    pub fn new(mlp: &Mlp, rows: usize) -> Self {
        let wide = |rows: usize| mlp.layers.iter().map(|l| Array2::zeros((rows, l.bias.len()))).collect();
        let zeros = |l: &Layer| Layer { weights: Array2::zeros(l.weights.dim()), bias: Array1::zeros(l.bias.len()) };
        Self {
            rows,
            outputs: wide(rows),
            deltas: wide(rows.min(BLOCK)),
            gradient: mlp.layers.iter().map(zeros).collect(),
            first: FirstLayer::new(),
        }
    }

    /// Rows that fit.
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
    /// `x`: any number of rows, which go through the workspace one portion after the other; `targets`: as many as rows,
    /// and such as `cost` takes.
    ///
    /// # Panics
    /// If no row fits, if `x` has another width, if there are fewer targets than rows, or a class beyond the outputs.
    #[cfg(test)]
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
            let part = Part { targets: targets.rows(range.clone()), cost, total: n, add: start > 0 };
            self.add_gradient(mlp, x.rows(range), part);
        }
        &self.gradient
    }

    /// Adds what the rows `x` contribute to the gradient.
    fn add_gradient(&mut self, mlp: &Mlp, x: Inputs, part: Part) {
        let (n, add) = (x.nrows(), part.add);
        self.run(mlp, x, mlp.output);
        // I: the error of the outputs.
        let top = mlp.layers.len() - 1;
        let yhat = self.outputs[top].slice(s![..n, ..]);
        let mut delta = self.deltas[top].slice_mut(s![..n, ..]);
        let yhat = yhat.to_slice().expect("first rows of a standard layout");
        let delta = flat(&mut delta);
        part.cost.pull_back(yhat, delta, part.targets);
        delta.iter_mut().for_each(|d| *d /= part.total as f32);
        if part.cost == Cost::SquaredError {
            mlp.output.pull_back(yhat, delta, mlp.n_out());
        }
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
                Inputs::Bits(bits) => self.first.weights(bits, delta, gradient, add),
            }
        }
    }
}

impl FirstLayer {
    fn new() -> Self {
        Self {
            tables: Tables::new(),
            bits: bits::Bits::new(0, 1),
            by_input: ByUnit::new(0, 1),
            factor: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// x W: n rows of n_out.
    fn fields(&mut self, layer: &Layer, bits: Bits, z: &mut [f32]) {
        let n_out = layer.bias.len();
        let rows = z.len() / n_out;
        self.bits.resize(rows, bits.n_in);
        self.bits.gather(bits.packed.chunks_exact(packed_len(bits.n_in)));
        self.factor.resize(bits.n_in.next_multiple_of(4), Line::ZERO);
        self.sums.resize(rows.next_multiple_of(ROWS), Line::ZERO);
        for column in (0..n_out).step_by(COLUMNS) {
            collect(layer.slices().0, n_out, column, &mut self.factor);
            let sums = self.sums.as_chunks_mut().0;
            let product = Product {
                nibbles: self.bits.nibbles(),
                pair: bits.pair,
                factor: self.factor.as_chunks().0,
                columns: n_out - column,
                start: Some(&Line::ZERO),
            };
            add_product(product, sums, &mut self.tables);
            for (z, sum) in z.chunks_exact_mut(n_out).zip(&self.sums) {
                put(sum, &mut z[column..]);
            }
        }
    }

    /// x^T delta of the rows that [`FirstLayer::fields`] saw last, added to the gradient or in its place.
    fn weights(&mut self, bits: Bits, delta: ArrayView2<f32>, gradient: &mut Layer, add: bool) {
        let (n, n_out) = delta.dim();
        let groups = n.div_ceil(4);
        let delta = delta.to_slice().expect("first rows of a standard layout");
        self.by_input.resize(bits.n_in, groups);
        self.by_input.put(&self.bits, 0, None::<fn(usize, i32)>);
        self.factor.resize(4 * groups, Line::ZERO);
        self.sums.resize(bits.n_in.next_multiple_of(ROWS), Line::ZERO);
        let weights = gradient.slices_mut().0;
        for column in (0..n_out).step_by(COLUMNS) {
            collect(delta, n_out, column, &mut self.factor);
            if add {
                collect(weights, n_out, column, &mut self.sums);
            }
            let sums = self.sums.as_chunks_mut().0;
            let product = Product {
                nibbles: self.by_input.nibbles(),
                pair: bits.pair,
                factor: self.factor.as_chunks().0,
                columns: n_out - column,
                start: if add { None } else { Some(&Line::ZERO) },
            };
            add_product(product, sums, &mut self.tables);
            for (weights, sum) in weights.chunks_exact_mut(n_out).zip(&self.sums) {
                put(sum, &mut weights[column..]);
            }
        }
    }
}

/// Copies sixteen columns of rows of `n` numbers to lines, with zeros beyond the edges.
fn collect(rows: &[f32], n: usize, column: usize, lines: &mut [Line]) {
    let width = COLUMNS.min(n - column);
    let count = rows.len() / n;
    for (line, row) in lines.iter_mut().zip(rows.chunks_exact(n)) {
        match row[column..].first_chunk() {
            Some(whole) => line.0 = *whole,
            None => {
                line.0 = [0.0; COLUMNS];
                line.0[..width].copy_from_slice(&row[column..]);
            }
        }
    }
    lines[count..].fill(Line::ZERO);
}

/// Copies a line to where a row goes on, as far as it goes.
fn put(line: &Line, row: &mut [f32]) {
    match row.first_chunk_mut() {
        Some(whole) => *whole = line.0,
        None => {
            let width = row.len();
            row.copy_from_slice(&line.0[..width]);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::inputs::Set;
    use crate::random::Streams;

    /// Inputs as bits against the same inputs as numbers, through one workspace with other numbers of rows in turn:
    /// outputs and gradients agree up to rounding (sums of at most 300 terms of order one).
    #[test]
    fn bits_give_what_numbers_give() {
        let mut random = Streams::new(1).generator("test/bits", 0);
        for (n_in, hidden, low) in [(3, 5, -1.0f32), (9, 16, 0.0), (130, 40, -1.0)] {
            let mlp = Mlp::random(&[n_in, hidden, 4], Activation::Tanh, Activation::Softmax, &mut random);
            let mut workspaces = [Workspace::new(&mlp, 300), Workspace::new(&mlp, 300)];
            for rows in [300, 1, 37, 300] {
                let x = Array2::from_shape_fn((rows, n_in), |(r, i)| if (r * r + 3 * i) % 5 < 2 { 1.0 } else { low });
                let classes: Vec<usize> = (0..rows).map(|r| r % 4).collect();
                let set = Set::of(x.view());
                assert!(matches!(set.all(), Inputs::Bits(_)));
                let cost = Cost::CategoricalCrossEntropy;
                let [real, bits] = &mut workspaces;
                let a = real.backpropagate(&mlp, Inputs::Real(x.view()), Targets::Classes(&classes), cost);
                let b = bits.backpropagate(&mlp, set.all(), Targets::Classes(&classes), cost);
                for (a, b) in a.iter().zip(b) {
                    let far = (&a.weights - &b.weights).iter().chain(&(&a.bias - &b.bias)).any(|d| d.abs() > 1e-5);
                    assert!(!far, "{n_in} inputs, {rows} rows");
                }
                let y = real.run(&mlp, Inputs::Real(x.view()), mlp.output).to_owned();
                assert!((&bits.run(&mlp, set.all(), mlp.output) - &y).iter().all(|d| d.abs() < 1e-5));
            }
        }
    }
}
