//! Activations y = f(z) of a neuron with their derivatives (thesis fig 2.1 and appendix A).

use std::fmt;
use std::str::FromStr;

use crate::cpu::{self, dispatched};
use ndarray::Array2;

use super::NnError;
use crate::kernel::vector::{bias_softmax, bias_tanh, exp_one, tanh_one};

/// The function that a layer applies to its fields z = x W + b.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// f(z) = z.
    Linear,
    /// The perceptron's step: 1 for z >= 0, else 0. No gradient.
    Step,
    /// 1 / (1 + e^-z), in (0, 1).
    Sigmoid,
    /// tanh z, in (-1, 1).
    Tanh,
    /// max(0, z).
    Relu,
    /// z for z >= 0, else alpha z (thesis eq. A.18a).
    LeakyRelu {
        /// Slope below zero, in (0, 1).
        alpha: f32,
    },
    /// z for z >= 0, else e^z - 1 (thesis eq. A.19a).
    Elu,
    /// e^{z_m} / sum_k e^{z_k} over the layer: probabilities of classes (thesis eq. A.9a).
    Softmax,
}

impl Activation {
    /// Every activation; the leaky ReLU with alpha = 0.01.
    pub const ALL: [Self; 8] = [
        Self::Linear,
        Self::Step,
        Self::Sigmoid,
        Self::Tanh,
        Self::Relu,
        Self::LeakyRelu { alpha: 0.01 },
        Self::Elu,
        Self::Softmax,
    ];

    /// Name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Step => "step",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky-relu",
            Self::Elu => "elu",
            Self::Softmax => "softmax",
        }
    }

    /// f(z) and f'(z) of one neuron; `None` for softmax, which belongs to a layer. At a kink the derivative is that of
    /// the right side, for the step 0.
    ///
    /// ```
    /// use rgflow::nn::Activation;
    /// assert_eq!(Activation::Elu.at(2.0), Some((2.0, 1.0)));
    /// assert_eq!(Activation::Sigmoid.at(0.0), Some((0.5, 0.25)));
    /// assert_eq!(Activation::Softmax.at(0.0), None);
    /// ```
    pub fn at(self, z: f64) -> Option<(f64, f64)> {
        let right = z >= 0.0;
        Some(match self {
            Self::Linear => (z, 1.0),
            Self::Step => (f64::from(u8::from(right)), 0.0),
            Self::Sigmoid => {
                let y = 1.0 / (1.0 + libm::exp(-z));
                (y, y * (1.0 / (1.0 + libm::exp(z))))
            }
            Self::Tanh => {
                let cosh = libm::cosh(z);
                (libm::tanh(z), 1.0 / (cosh * cosh))
            }
            Self::Relu => {
                if right {
                    (z, 1.0)
                } else {
                    (0.0, 0.0)
                }
            }
            Self::LeakyRelu { alpha } => {
                let slope = if right { 1.0 } else { f64::from(alpha) };
                (slope * z, slope)
            }
            Self::Elu => {
                if right {
                    (z, 1.0)
                } else {
                    (libm::expm1(z), libm::exp(z))
                }
            }
            Self::Softmax => return None,
        })
    }

    /// Outputs of a layer with the fields `z`.
    pub fn layer(self, z: &[f64]) -> Vec<f64> {
        if self == Self::Softmax {
            let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = z.iter().map(|z| libm::exp(z - top)).collect();
            let sum: f64 = weights.iter().sum();
            return weights.into_iter().map(|w| w / sum).collect();
        }
        z.iter().filter_map(|z| self.at(*z)).map(|(y, _)| y).collect()
    }

    /// dy_i/dz_j of a layer with the fields `z`: shape (n, n), diagonal but for softmax, y_i (delta_ij - y_j).
    pub fn jacobian(self, z: &[f64]) -> Array2<f64> {
        let y = self.layer(z);
        Array2::from_shape_fn((z.len(), z.len()), |(i, j)| match self.at(z[i]) {
            Some((_, slope)) => {
                if i == j {
                    slope
                } else {
                    0.0
                }
            }
            None => y[i] * (f64::from(u8::from(i == j)) - y[j]),
        })
    }

    /// Variance of initial weights times the number of inputs that keeps signals at one size: 2 where half of the
    /// neurons are silent (He et al. 2015), else 1 (LeCun et al. 1998).
    pub(super) fn gain(self) -> f32 {
        if matches!(self, Self::Relu | Self::LeakyRelu { .. } | Self::Elu) { 2.0 } else { 1.0 }
    }

    /// Adds `bias` to each row of `z` and replaces the rows by f(z).
    pub(super) fn apply(self, z: &mut [f32], bias: &[f32]) {
        match self {
            Self::Linear => add_bias(z, bias),
            Self::Step => step(z, bias),
            Self::Sigmoid => sigmoid(z, bias),
            Self::Tanh => bias_tanh(z, bias),
            Self::Relu => rectify(z, bias, 0.0),
            Self::LeakyRelu { alpha } => rectify(z, bias, alpha),
            Self::Elu => elu(z, bias),
            Self::Softmax => bias_softmax(z, bias),
        }
    }

    /// Turns dC/dy into dC/dz in place. Every derivative here is a function of the output `y` alone; `width` is the
    /// length of a row.
    pub(super) fn pull_back(self, y: &[f32], delta: &mut [f32], width: usize) {
        match self {
            Self::Linear => {}
            Self::Step => delta.fill(0.0),
            Self::Sigmoid => sigmoid_back(y, delta),
            Self::Tanh => tanh_back(y, delta),
            Self::Relu => rectify_back(y, delta, 0.0),
            Self::LeakyRelu { alpha } => rectify_back(y, delta, alpha),
            Self::Elu => elu_back(y, delta),
            Self::Softmax => {
                for (y, delta) in y.chunks_exact(width).zip(delta.chunks_exact_mut(width)) {
                    let mean: f32 = y.iter().zip(delta.iter()).map(|(y, d)| y * d).sum();
                    delta.iter_mut().zip(y).for_each(|(d, y)| *d = y * (*d - mean));
                }
            }
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = NnError;

    fn from_str(text: &str) -> Result<Self, NnError> {
        Self::ALL.into_iter().find(|a| a.name() == text).ok_or_else(|| NnError::UnknownActivation {
            found: text.to_owned(),
            known: Self::ALL.map(|a| format!("\"{a}\"")).join(", "),
        })
    }
}

macro_rules! forward {
    ($name:ident, ($($parameter:ident)?), |$z:ident| $value:expr) => {
        fn $name(z: &mut [f32], bias: &[f32] $(, $parameter: f32)?) {
            #[inline(always)]
            fn all(z: &mut [f32], bias: &[f32] $(, $parameter: f32)?) {
                for row in z.chunks_exact_mut(bias.len()) {
                    for (z, b) in row.iter_mut().zip(bias) {
                        let $z = *z + b;
                        *z = $value;
                    }
                }
            }
            dispatched! {
                fn on(z: &mut [f32], bias: &[f32] $(, $parameter: f32)?) => all
            }
            on(cpu::path(), z, bias $(, $parameter)?);
        }
    };
}

macro_rules! backward {
    ($name:ident, ($($parameter:ident)?), |$y:ident| $slope:expr) => {
        fn $name(y: &[f32], delta: &mut [f32] $(, $parameter: f32)?) {
            #[inline(always)]
            fn all(y: &[f32], delta: &mut [f32] $(, $parameter: f32)?) {
                for (d, y) in delta.iter_mut().zip(y) {
                    let $y = *y;
                    *d *= $slope;
                }
            }
            dispatched! {
                fn on(y: &[f32], delta: &mut [f32] $(, $parameter: f32)?) => all
            }
            on(cpu::path(), y, delta $(, $parameter)?);
        }
    };
}

forward!(add_bias, (), |z| z);
forward!(step, (), |z| if z >= 0.0 { 1.0 } else { 0.0 });
forward!(sigmoid, (), |z| 1.0 / (1.0 + exp_one(-z)));
forward!(rectify, (alpha), |z| if z < 0.0 { alpha * z } else { z });
// e^z - 1 = 2 t/(1 - t), t = tanh(z/2): keeps its digits near zero.
forward!(elu, (), |z| {
    let t = tanh_one(0.5 * z);
    if z < 0.0 { 2.0 * t / (1.0 - t) } else { z }
});
backward!(sigmoid_back, (), |y| y * (1.0 - y));
backward!(tanh_back, (), |y| 1.0 - y * y);
// The sign of y is that of z; where a ReLU is silent, y = 0.
backward!(rectify_back, (alpha), |y| if y > 0.0 { 1.0 } else { alpha });
backward!(elu_back, (), |y| if y < 0.0 { y + 1.0 } else { 1.0 });

#[cfg(test)]
mod tests {
    use super::*;

    /// The written-down derivative against differences, in f64, away from kinks; for softmax all of the Jacobian.
    #[test]
    fn derivatives_are_finite_differences() {
        let z = [-3.0, -0.7, 0.4, 2.0, 0.1];
        for f in Activation::ALL {
            let jacobian = f.jacobian(&z);
            for j in 0..z.len() {
                let shifted = |h: f64| {
                    let mut z = z;
                    z[j] += h;
                    f.layer(&z)
                };
                let (up, down) = (shifted(1e-5), shifted(-1e-5));
                for i in 0..z.len() {
                    let difference = (up[i] - down[i]) / 2e-5;
                    assert!((jacobian[[i, j]] - difference).abs() < 1e-9, "{f}: dy_{i}/dz_{j}");
                }
            }
        }
        let sum: f64 = Activation::Softmax.layer(&[1000.0, 999.0, -1000.0]).iter().sum();
        assert!((sum - 1.0).abs() < 1e-15);
    }

    /// The network's f32 code against f64: values, and dC/dz = J^T dC/dy.
    #[test]
    fn the_network_computes_these_functions() {
        let width = 7;
        let z: Vec<f32> = (0..70 * width).map(|i| ((i * i) as f32 * 0.731).sin() * 6.0).collect();
        let bias: Vec<f32> = (0..width).map(|i| i as f32 * 0.3 - 1.0).collect();
        for f in Activation::ALL {
            let mut y = z.clone();
            f.apply(&mut y, &bias);
            let delta: Vec<f32> = (0..z.len()).map(|i| (i as f32 * 0.37).cos()).collect();
            let mut back = delta.clone();
            f.pull_back(&y, &mut back, width);
            for (r, fields) in z.chunks_exact(width).enumerate() {
                let fields: Vec<f64> = fields.iter().zip(&bias).map(|(z, b)| f64::from(z + b)).collect();
                let (exact, jacobian) = (f.layer(&fields), f.jacobian(&fields));
                for j in 0..width {
                    let at = r * width + j;
                    assert!(
                        (f64::from(y[at]) - exact[j]).abs() < 1e-6 * exact[j].abs().max(0.3),
                        "{f} at {}",
                        fields[j]
                    );
                    let truth: f64 = (0..width).map(|i| jacobian[[i, j]] * f64::from(delta[r * width + i])).sum();
                    assert!((f64::from(back[at]) - truth).abs() < 1e-6, "{f}' at {}: {} {truth}", fields[j], back[at]);
                }
            }
        }
    }

    #[test]
    fn extremes_stay_in_range() {
        for f in Activation::ALL {
            let mut y = [-1e30f32, 1e30, -100.0, 100.0, 0.0];
            f.apply(&mut y, &[0.0]);
            assert!(y.iter().all(|y| y.is_finite()), "{f}: {y:?}");
            assert_eq!(f.name().parse::<Activation>(), Ok(f));
            let mut nan = [f32::NAN, 1.0];
            f.apply(&mut nan, &[0.0, 0.0]);
            assert!(nan[0].is_nan() || f == Activation::Step, "{f} hides NaN");
        }
        assert!("ramp".parse::<Activation>().unwrap_err().to_string().contains("\"leaky-relu\""));
    }
}
