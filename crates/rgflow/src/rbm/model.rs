//! The machine: H(v, h) = -(sum_ia v_i w_ia h_a + sum_i b_i v_i + sum_a c_a h_a) (thesis eq. 2.4.16), v_i, h_a = -1 or +1.

use crate::kernel::product::gemm;
use crate::kernel::vector::bias_tanh;
use crate::random::Generator;
use ndarray::{Array1, Array2, ArrayView2};
use rand::RngExt;

/// A restricted Boltzmann machine with {-1, +1} units in both layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Rbm {
    /// Weights w_ia, shape (n_visible, n_hidden).
    pub weights: Array2<f32>,
    /// Visible biases, length n_visible.
    pub visible_bias: Array1<f32>,
    /// Hidden biases, length n_hidden.
    pub hidden_bias: Array1<f32>,
}

impl Rbm {
    /// Untrained machine: normal weights of standard deviation `scale`, biases 0.
    pub fn random(n_visible: usize, n_hidden: usize, scale: f32, random: &mut Generator) -> Self {
        // Sum of twelve uniforms less six (Irwin-Hall): variance 1, no call to the platform's logarithm; tails end at 6.
        let mut normal = || (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
        Self {
            weights: Array2::from_shape_simple_fn((n_visible, n_hidden), || scale * normal()),
            visible_bias: Array1::zeros(n_visible),
            hidden_bias: Array1::zeros(n_hidden),
        }
    }

    /// Control: a machine whose weights and biases are drawn, with replacement, from the fitted ones of this machine.
    /// It keeps their distribution and loses all structure (arXiv 2006.10176).
    pub fn redrawn(&self, random: &mut Generator) -> Self {
        let mut from = |values: &[f32]| values[random.random_range(0..values.len())];
        let weights = self.weights.as_slice().expect("standard layout");
        let visible = self.visible_bias.as_slice().expect("contiguous");
        let hidden = self.hidden_bias.as_slice().expect("contiguous");
        Self {
            weights: Array2::from_shape_simple_fn(self.weights.dim(), || from(weights)),
            visible_bias: Array1::from_shape_simple_fn(visible.len(), || from(visible)),
            hidden_bias: Array1::from_shape_simple_fn(hidden.len(), || from(hidden)),
        }
    }

    /// Number of visible units.
    pub fn n_visible(&self) -> usize {
        self.visible_bias.len()
    }

    /// Number of hidden units.
    pub fn n_hidden(&self) -> usize {
        self.hidden_bias.len()
    }

    /// Whether every parameter is finite.
    pub fn is_finite(&self) -> bool {
        self.weights.iter().chain(&self.visible_bias).chain(&self.hidden_bias).all(|p| p.is_finite())
    }

    /// Expectation of the hidden units: tanh(v W + c) (thesis eq. 4.1.1). `v`: shape (n, n_visible) -> `h`: (n, n_hidden).
    pub fn hidden_mean(&self, v: ArrayView2<f32>, h: &mut Array2<f32>) {
        gemm(v, self.weights.view(), 0.0, h.view_mut());
        bias_tanh(h.as_slice_mut().expect("standard layout"), self.hidden_bias.as_slice().expect("contiguous"));
    }

    /// Expectation of the visible units: tanh(W h + b) (thesis eq. 4.1.2). `h`: shape (n, n_hidden) -> `v`: (n, n_visible).
    pub fn visible_mean(&self, h: ArrayView2<f32>, v: &mut Array2<f32>) {
        gemm(h, self.weights.t(), 0.0, v.view_mut());
        bias_tanh(v.as_slice_mut().expect("standard layout"), self.visible_bias.as_slice().expect("contiguous"));
    }
}
