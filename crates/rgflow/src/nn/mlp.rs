//! Multilayer perceptron: tanh hidden layers, softmax output (thesis sections 2.3.2 and 4.1).

use crate::kernel::product::gemm;
use crate::kernel::vector::{bias_softmax, bias_tanh};
use crate::random::Generator;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::RngExt;

/// One layer: y = f(x W + b).
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Weights, shape (n_in, n_out).
    pub weights: Array2<f32>,
    /// Biases, length n_out.
    pub bias: Array1<f32>,
}

/// Multilayer perceptron of any depth: tanh hidden layers and a softmax output over classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    /// Layers from input to output.
    pub layers: Vec<Layer>,
}

impl Mlp {
    /// Random network with the given layer sizes, such as `[100, 64, 25]`: weights uniform with variance 1/n_in, biases 0.
    ///
    /// # Panics
    /// With fewer than two sizes.
    pub fn random(sizes: &[usize], random: &mut Generator) -> Self {
        assert!(sizes.len() >= 2, "a network has an input and an output");
        let layers = sizes
            .windows(2)
            .map(|s| {
                let width = (3.0 / s[0] as f32).sqrt();
                Layer {
                    weights: Array2::from_shape_simple_fn((s[0], s[1]), || {
                        width * (2.0 * random.random::<f32>() - 1.0)
                    }),
                    bias: Array1::zeros(s[1]),
                }
            })
            .collect();
        Self { layers }
    }

    /// Number of inputs.
    pub fn n_in(&self) -> usize {
        self.layers[0].weights.nrows()
    }

    /// Number of classes.
    pub fn n_out(&self) -> usize {
        self.layers[self.layers.len() - 1].bias.len()
    }

    /// Activations of each layer for the rows of `x`; the last are the class probabilities.
    ///
    /// `x`: shape (n, n_in); returns one array of shape (n, n_out of the layer) per layer.
    pub fn activations(&self, x: ArrayView2<f32>) -> Vec<Array2<f32>> {
        let mut all: Vec<Array2<f32>> = Vec::with_capacity(self.layers.len());
        for (l, layer) in self.layers.iter().enumerate() {
            let mut z = Array2::zeros((x.nrows(), layer.bias.len()));
            let input = if l == 0 { x } else { all[l - 1].view() };
            gemm(input, layer.weights.view(), 0.0, z.view_mut());
            let bias = layer.bias.as_slice().expect("biases are contiguous");
            let out = z.as_slice_mut().expect("made in standard layout");
            if l + 1 < self.layers.len() {
                bias_tanh(out, bias)
            } else {
                bias_softmax(out, bias)
            }
            all.push(z);
        }
        all
    }

    /// Class probabilities of the rows of `x`: shape (n, n_in) -> (n, n_out).
    pub fn probabilities(&self, x: ArrayView2<f32>) -> Array2<f32> {
        self.activations(x).pop().expect("a network has at least one layer")
    }

    /// Gradient of the mean cross-entropy -(1/n) sum ln p(class) by backpropagation (thesis section 2.3.2, I-IV).
    ///
    /// `x`: shape (n, n_in); `classes`: length n. With softmax and the categorical cross-entropy the error of the
    /// output is yhat - y. Returns weight and bias gradients, layer by layer.
    pub fn gradient(&self, x: ArrayView2<f32>, classes: &[usize]) -> Vec<Layer> {
        let activations = self.activations(x);
        let n = x.nrows() as f32;
        let mut delta = activations[activations.len() - 1].clone();
        for (mut row, class) in delta.rows_mut().into_iter().zip(classes) {
            row[*class] -= 1.0;
        }
        delta /= n;
        let mut gradient = Vec::with_capacity(self.layers.len());
        for l in (0..self.layers.len()).rev() {
            let input = if l == 0 { x } else { activations[l - 1].view() };
            let mut weights = Array2::zeros(self.layers[l].weights.dim());
            gemm(input.t(), delta.view(), 0.0, weights.view_mut());
            gradient.push(Layer { weights, bias: delta.sum_axis(Axis(0)) });
            if l > 0 {
                let mut below = Array2::zeros(activations[l - 1].dim());
                gemm(delta.view(), self.layers[l].weights.t(), 0.0, below.view_mut());
                // tanh' = 1 - tanh^2.
                below.zip_mut_with(&activations[l - 1], |d, a| *d *= 1.0 - a * a);
                delta = below;
            }
        }
        gradient.reverse();
        gradient
    }

    /// Mean cross-entropy -(1/n) sum ln p(class), in nats, summed in f64.
    pub fn cross_entropy(&self, x: ArrayView2<f32>, classes: &[usize]) -> f64 {
        let probabilities = self.probabilities(x);
        let sum: f64 =
            probabilities.rows().into_iter().zip(classes).map(|(p, c)| -libm::log((p[*c] as f64).max(1e-300))).sum();
        sum / classes.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    /// The cost in f64, written independently of the network's own code.
    fn cost(mlp: &Mlp, x: &Array2<f32>, classes: &[usize]) -> f64 {
        let mut sum = 0.0;
        for (row, class) in x.rows().into_iter().zip(classes) {
            let mut a: Vec<f64> = row.iter().map(|v| *v as f64).collect();
            for (l, layer) in mlp.layers.iter().enumerate() {
                let z: Vec<f64> = (0..layer.bias.len())
                    .map(|o| {
                        layer.bias[o] as f64
                            + a.iter().enumerate().map(|(i, a)| a * layer.weights[[i, o]] as f64).sum::<f64>()
                    })
                    .collect();
                a = if l + 1 < mlp.layers.len() { z.iter().map(|z| z.tanh()).collect() } else { z };
            }
            sum += a.iter().map(|z| z.exp()).sum::<f64>().ln() - a[*class];
        }
        sum / classes.len() as f64
    }

    #[test]
    fn gradient_is_the_finite_difference() {
        let mut random = Streams::new(1).generator("test/mlp", 0);
        let mut mlp = Mlp::random(&[5, 4, 3, 6], &mut random);
        for layer in &mut mlp.layers {
            layer.bias.mapv_inplace(|_| random.random::<f32>() - 0.5);
        }
        let x = Array2::from_shape_simple_fn((7, 5), || random.random::<f32>() * 2.0 - 1.0);
        let classes = [0, 5, 2, 3, 1, 4, 4];
        assert!((mlp.cross_entropy(x.view(), &classes) - cost(&mlp, &x, &classes)).abs() < 1e-6);
        let gradient = mlp.gradient(x.view(), &classes);
        let h = 1.0 / 1024.0;
        for (l, gradient) in gradient.iter().enumerate() {
            for i in 0..mlp.layers[l].weights.nrows() + 1 {
                for o in 0..mlp.layers[l].bias.len() {
                    let bias = i == mlp.layers[l].weights.nrows();
                    let ours = if bias { gradient.bias[o] } else { gradient.weights[[i, o]] };
                    let at = |shift: f32| {
                        let mut m = mlp.clone();
                        let p = if bias { &mut m.layers[l].bias[o] } else { &mut m.layers[l].weights[[i, o]] };
                        let before = *p;
                        *p += shift;
                        let step = (*p - before) as f64;
                        (cost(&m, &x, &classes), step)
                    };
                    let ((up, step_up), (down, step_down)) = (at(h), at(-h));
                    let difference = (up - down) / (step_up - step_down);
                    assert!(
                        (ours as f64 - difference).abs() < 2e-6,
                        "layer {l}, {i} -> {o}: {ours} against {difference}"
                    );
                }
            }
        }
    }

    /// A single neuron pair learns the sign of its only input: cost -> 0.
    #[test]
    fn learns_a_sign() {
        let mut random = Streams::new(1).generator("test/sign", 0);
        let x = Array2::from_shape_fn((64, 1), |(i, _)| if i % 2 == 0 { 1.0 } else { -1.0 });
        let classes: Vec<usize> = (0..64).map(|i| i % 2).collect();
        let mlp = Mlp::random(&[1, 4, 2], &mut random);
        let training = crate::nn::Training { epochs: 200, batch: 16, learning_rate: 0.05, patience: 0 };
        let (mlp, _) = crate::nn::train(
            mlp,
            (x.view(), &classes),
            (x.view(), &classes),
            &training,
            Streams::new(1),
            "test",
            &mut |_| true,
        )
        .expect("the cost stays finite");
        assert!(mlp.cross_entropy(x.view(), &classes) < 0.01);
    }
}
