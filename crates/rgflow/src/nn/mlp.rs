//! Multilayer perceptron: layers y = f(x W + b), one after the other (thesis section 2.3.2).

use ndarray::{Array1, Array2, ArrayView2};
use rand::RngExt;

use super::inputs::{Inputs, Set};
use super::{Activation, Cost, NnError, Samples, Targets, Workspace};
use crate::learning::{Regulariser, count_above};
use crate::random::Generator;
use crate::restart::{Unfit, demand, put};

/// Rows whose cost is computed at once; fixed, because bits of a matrix product may depend on it.
const CHUNK: usize = 1000;

/// Weights and biases of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Weights, shape (n_in, n_out).
    pub weights: Array2<f32>,
    /// Biases, length n_out.
    pub bias: Array1<f32>,
}

/// Multilayer perceptron of any depth. With one layer and one output it is a single neuron (thesis section 2.2).
///
/// ```
/// use ndarray::array;
/// use rgflow::nn::{Activation, Cost, Layer, Mlp, Targets};
/// // A neuron that says whether most of three spins are up.
/// let neuron = Layer { weights: array![[1.0], [1.0], [1.0]], bias: array![0.0] };
/// let mlp = Mlp { layers: vec![neuron], hidden: Activation::Tanh, output: Activation::Sigmoid };
/// let x = array![[1.0, 1.0, -1.0], [-1.0, -1.0, -1.0]];
/// let y = mlp.outputs(x.view());
/// assert!(y[[0, 0]] > 0.7 && y[[1, 0]] < 0.1);
/// let targets = array![[1.0], [0.0]];
/// let cost = mlp.cost(x.view(), Targets::Values(targets.view()), Cost::CrossEntropy)?;
/// assert!((cost - (1f64.exp() + 1.0).ln() / 2.0 + 0.5 - (1.0 + (-3f64).exp()).ln() / 2.0).abs() < 1e-6);
/// # Ok::<(), rgflow::nn::NnError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    /// Layers from input to output.
    pub layers: Vec<Layer>,
    /// Activation of all layers but the last.
    pub hidden: Activation,
    /// Activation of the last layer.
    pub output: Activation,
}

impl Mlp {
    /// Random network with the given layer sizes, such as `[100, 64, 25]`: biases 0, weights uniform with variance
    /// 1/n_in, behind neurons of the ReLU family 2/n_in.
    ///
    /// # Panics
    /// With fewer than two sizes or a size of 0.
    pub fn random(sizes: &[usize], hidden: Activation, output: Activation, random: &mut Generator) -> Self {
        assert!(sizes.len() >= 2, "a network has an input and an output");
        assert!(!sizes.contains(&0), "a layer without neurons lets nothing through");
        let last = sizes.len() - 2;
        let layer = |(l, s): (usize, &[usize])| {
            let gain = if l < last { hidden.gain() } else { 1.0 };
            let width = (3.0 * gain / s[0] as f32).sqrt();
            let weight = || width * (2.0 * random.random::<f32>() - 1.0);
            Layer { weights: Array2::from_shape_simple_fn((s[0], s[1]), weight), bias: Array1::zeros(s[1]) }
        };
        Self { layers: sizes.windows(2).enumerate().map(layer).collect(), hidden, output }
    }

    /// The classifier of the thesis's experiments from its layers: tanh hidden layers, softmax output.
    pub fn classifier(layers: Vec<Layer>) -> Self {
        Self { layers, hidden: Activation::Tanh, output: Activation::Softmax }
    }

    /// Weights and biases of each layer as they lie in memory, for a restart.
    pub(super) fn parameters(&self) -> Vec<(&[f32], &[f32])> {
        self.layers.iter().map(Layer::slices).collect()
    }

    /// Takes over what [`Mlp::parameters`] gave.
    pub(super) fn set_parameters(&mut self, parameters: &[(Vec<f32>, Vec<f32>)]) -> Result<(), Unfit> {
        demand(parameters.len() == self.layers.len())?;
        self.layers.iter_mut().zip(parameters).try_for_each(|(layer, (weights, bias))| {
            let (to_weights, to_bias) = layer.slices_mut();
            put(to_weights, weights)?;
            put(to_bias, bias)
        })
    }

    /// Number of inputs.
    pub fn n_in(&self) -> usize {
        self.layers[0].weights.nrows()
    }

    /// Number of outputs.
    pub fn n_out(&self) -> usize {
        self.layers[self.layers.len() - 1].bias.len()
    }

    /// Outputs for the rows of `x`, shape (n, n_in) -> (n, n_out); with softmax the probabilities of the classes.
    ///
    /// # Panics
    /// If `x` has another width, which is an error of the caller.
    pub fn outputs(&self, x: ArrayView2<f32>) -> Array2<f32> {
        Workspace::new(self, x.nrows()).forward(self, x).to_owned()
    }

    /// Refuses inputs, targets and costs that do not fit this network or each other.
    ///
    /// # Errors
    /// [`NnError::Shape`], [`NnError::Mismatch`], [`NnError::ClassTargets`], [`NnError::Class`].
    pub fn check<'a>(&self, x: impl Into<Samples<'a>>, targets: Targets, cost: Cost) -> Result<(), NnError> {
        let x = x.into();
        cost.check(self.output)?;
        if x.ncols() != self.n_in() {
            return Err(NnError::Shape { what: "columns of the inputs", expected: self.n_in(), found: x.ncols() });
        }
        targets.check(x.nrows(), self.n_out(), cost)
    }

    /// Mean cost over the rows of `x`, summed in f64, without regularisation; NaN where an output is.
    ///
    /// # Errors
    /// As [`Mlp::check`].
    pub fn cost(&self, x: ArrayView2<f32>, targets: Targets, cost: Cost) -> Result<f64, NnError> {
        self.check(x, targets, cost)?;
        let inputs = Set::of(x);
        Ok(self.cost_in(&mut Workspace::new(self, CHUNK.min(x.nrows())), inputs.all(), targets, cost))
    }

    /// As [`Mlp::cost`], checked before, in a workspace that is there already.
    pub(super) fn cost_in(&self, workspace: &mut Workspace, inputs: Inputs, targets: Targets, cost: Cost) -> f64 {
        let n = inputs.nrows();
        let mut sum = 0.0;
        let (mut z, mut y) = (vec![0.0; self.n_out()], vec![0.0; self.n_out()]);
        let rows = workspace.rows().clamp(1, CHUNK);
        for start in (0..n).step_by(rows) {
            let range = start..n.min(start + rows);
            let x = inputs.rows(range.clone());
            match targets.rows(range) {
                Targets::Classes(classes) => {
                    for (p, class) in workspace.run(self, x, self.output).rows().into_iter().zip(classes) {
                        let p = f64::from(p[*class]);
                        // Not `max`, which would hide NaN.
                        sum -= libm::log(if p < 1e-300 { 1e-300 } else { p });
                    }
                }
                Targets::Values(values) => {
                    for (fields, values) in
                        workspace.run(self, x, Activation::Linear).rows().into_iter().zip(values.rows())
                    {
                        z.iter_mut().zip(fields).for_each(|(z, v)| *z = f64::from(*v));
                        y.iter_mut().zip(values).for_each(|(y, v)| *y = f64::from(*v));
                        sum += cost.of(self.output, &z, &y);
                    }
                }
            }
        }
        sum / n as f64
    }

    /// Penalty R of all weights and biases (thesis eq. 2.2.12), in the unit of the cost.
    pub fn penalty(&self, regulariser: &Regulariser) -> f64 {
        let of = |layer: &Layer| {
            let (weights, bias) = layer.slices();
            regulariser.weights().cost(weights) + regulariser.biases().cost(bias)
        };
        self.layers.iter().map(of).sum()
    }

    /// Number of weights with |w| > `threshold`; with the threshold 0 their zero norm L_0.
    pub fn weights_above(&self, threshold: f32) -> usize {
        self.layers.iter().map(|layer| count_above(layer.slices().0, threshold)).sum()
    }
}

impl Layer {
    /// Weights and biases as they lie in memory.
    pub(super) fn slices(&self) -> (&[f32], &[f32]) {
        (self.weights.as_slice().expect("standard layout"), self.bias.as_slice().expect("contiguous"))
    }

    /// The same, to be changed.
    pub(super) fn slices_mut(&mut self) -> (&mut [f32], &mut [f32]) {
        (self.weights.as_slice_mut().expect("standard layout"), self.bias.as_slice_mut().expect("contiguous"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    /// Outputs' fields of one row in f64, by scalar loops.
    fn fields(mlp: &Mlp, row: &[f64]) -> Vec<f64> {
        let mut a = row.to_vec();
        for (l, layer) in mlp.layers.iter().enumerate() {
            let sum = |o: usize| -> f64 {
                a.iter().enumerate().map(|(i, a)| a * f64::from(layer.weights[[i, o]])).sum::<f64>()
                    + f64::from(layer.bias[o])
            };
            let z: Vec<f64> = (0..layer.bias.len()).map(sum).collect();
            a = if l + 1 < mlp.layers.len() { mlp.hidden.layer(&z) } else { z };
        }
        a
    }

    /// The mean cost in f64, written independently of the network's passes.
    fn exact(mlp: &Mlp, x: &Array2<f32>, y: &Array2<f32>, cost: Cost) -> f64 {
        let wide = |row: ndarray::ArrayView1<f32>| row.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
        let of = |i: usize| cost.of(mlp.output, &fields(mlp, &wide(x.row(i))), &wide(y.row(i)));
        (0..x.nrows()).map(of).sum::<f64>() / x.nrows() as f64
    }

    /// Every output with every cost that fits it, behind every hidden activation: gradients against differences in f64.
    #[test]
    fn gradients_are_finite_differences() {
        let mut random = Streams::new(1).generator("test/mlp", 0);
        let steps = Activation::ALL.into_iter().filter(|f| *f != Activation::Step);
        for hidden in steps.clone() {
            for output in steps.clone().chain([Activation::LeakyRelu { alpha: 0.3 }]) {
                for cost in Cost::ALL.into_iter().filter(|cost| cost.check(output).is_ok()) {
                    let mut mlp = Mlp::random(&[4, 5, 3, 3], hidden, output, &mut random);
                    for layer in &mut mlp.layers {
                        layer.bias.mapv_inplace(|_| random.random::<f32>() - 0.5);
                    }
                    let x = Array2::from_shape_simple_fn((6, 4), || random.random::<f32>() * 2.0 - 1.0);
                    let mut y = Array2::from_shape_simple_fn((6, 3), || random.random::<f32>());
                    if cost == Cost::CategoricalCrossEntropy {
                        y.rows_mut().into_iter().for_each(|mut row| row /= row.sum());
                    }
                    verify(&mlp, &x, &y, cost);
                }
            }
        }
    }

    fn verify(mlp: &Mlp, x: &Array2<f32>, y: &Array2<f32>, cost: Cost) {
        let what = format!("{} then {}, {cost}", mlp.hidden, mlp.output);
        let targets = Targets::Values(y.view());
        let seen = mlp.cost(x.view(), targets, cost).unwrap();
        assert!((seen - exact(mlp, x, y, cost)).abs() < 2e-6, "{what}: {seen}");
        // Space for more rows than there are, filled by another pass before.
        let mut workspace = Workspace::new(mlp, 9);
        workspace.forward(mlp, Array2::ones((9, 4)).view());
        let gradient = workspace.gradient(mlp, x.view(), targets, cost);
        let h = 1.0 / 1024.0;
        for (l, gradient) in gradient.iter().enumerate() {
            let (n_in, n_out) = gradient.weights.dim();
            for i in 0..=n_in {
                for o in 0..n_out {
                    let ours = if i == n_in { gradient.bias[o] } else { gradient.weights[[i, o]] };
                    let at = |shift: f32| {
                        let mut m = mlp.clone();
                        let layer = &mut m.layers[l];
                        let p = if i == n_in { &mut layer.bias[o] } else { &mut layer.weights[[i, o]] };
                        let before = *p;
                        *p += shift;
                        let step = f64::from(*p) - f64::from(before);
                        (exact(&m, x, y, cost), step)
                    };
                    let ((up, right), (down, left)) = (at(h), at(-h));
                    let middle = exact(mlp, x, y, cost);
                    // Where a kink of a hidden neuron lies within the step, the one-sided slopes bracket the gradient.
                    let (a, b) = ((up - middle) / right, (down - middle) / left);
                    let central = (up - down) / (right - left);
                    let near = (f64::from(ours) - central).abs() < 1e-5
                        || (f64::from(ours) - a).abs().min((f64::from(ours) - b).abs()) < 2e-4 && (a - b).abs() > 4e-3;
                    assert!(near, "{what}, layer {l}, {i} -> {o}: {ours} against {central} ({a}, {b})");
                }
            }
        }
    }

    #[test]
    fn classes_are_targets_with_a_one() {
        let mut random = Streams::new(1).generator("test/classes", 0);
        let mlp = Mlp::random(&[5, 4, 3], Activation::Tanh, Activation::Softmax, &mut random);
        let x = Array2::from_shape_simple_fn((2300, 5), || random.random::<f32>() * 2.0 - 1.0);
        let classes: Vec<usize> = (0..2300).map(|i| i % 3).collect();
        let y = Array2::from_shape_fn((2300, 3), |(i, o)| f32::from(u8::from(classes[i] == o)));
        let cost = Cost::CategoricalCrossEntropy;
        let by_class = mlp.cost(x.view(), Targets::Classes(&classes), cost).unwrap();
        let by_value = mlp.cost(x.view(), Targets::Values(y.view()), cost).unwrap();
        assert!((by_class - by_value).abs() < 1e-6);
        assert!((by_value - exact(&mlp, &x, &y, cost)).abs() < 1e-6);
        let mut workspace = Workspace::new(&mlp, 2300);
        let a = workspace.gradient(&mlp, x.view(), Targets::Classes(&classes), cost).to_vec();
        let b = workspace.gradient(&mlp, x.view(), Targets::Values(y.view()), cost);
        assert!(a.iter().zip(b).all(|(a, b)| (&a.weights - &b.weights).iter().all(|d| d.abs() < 1e-8)));
        // A network that lost its numbers says so.
        let mut lost = mlp.clone();
        lost.layers[0].weights[[0, 0]] = f32::NAN;
        assert!(lost.cost(x.view(), Targets::Classes(&classes), cost).unwrap().is_nan());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut random = Streams::new(1).generator("test/shapes", 0);
        let mlp = Mlp::random(&[5, 3], Activation::Tanh, Activation::Softmax, &mut random);
        let (x, classes) = (Array2::zeros((2, 5)), [0, 3]);
        let refused = |x: &Array2<f32>, t: Targets, cost| mlp.cost(x.view(), t, cost).unwrap_err().to_string();
        let cost = Cost::CategoricalCrossEntropy;
        assert_eq!(
            refused(&x, Targets::Classes(&classes), cost),
            "class 3 of sample 1: the network has 3 outputs, classes go from 0 to 2"
        );
        assert!(refused(&x, Targets::Classes(&classes[..1]), cost).starts_with("targets: 1 where"));
        assert!(
            refused(&Array2::zeros((2, 4)), Targets::Classes(&[0, 0]), cost).starts_with("columns of the inputs: 4")
        );
        assert!(refused(&x, Targets::Classes(&[0, 0]), Cost::SquaredError).starts_with("targets are classes"));
        let narrow = Array2::zeros((2, 2));
        assert!(refused(&x, Targets::Values(narrow.view()), cost).starts_with("columns of the targets: 2"));
    }

    #[test]
    fn penalties_and_norms_are_of_all_layers() {
        let mut random = Streams::new(1).generator("test/penalty", 0);
        let mut mlp = Mlp::random(&[2, 2, 1], Activation::Tanh, Activation::Linear, &mut random);
        for layer in &mut mlp.layers {
            layer.weights.fill(-2.0);
            layer.bias.fill(0.5);
        }
        let regulariser = Regulariser { lambda_w: 1.0, lambda_b: 2.0, mu_w: 3.0, mu_b: 4.0, max_norm: None };
        // 6 weights of size 2 and 3 biases of size 1/2.
        assert_eq!(mlp.penalty(&regulariser), 12.0 + 2.0 * 1.5 + 1.5 * 24.0 + 2.0 * 0.75);
        mlp.layers[0].weights[[1, 0]] = 0.0;
        assert_eq!((mlp.weights_above(0.0), mlp.weights_above(2.0)), (5, 0));
    }
}
