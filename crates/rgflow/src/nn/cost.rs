//! Costs of outputs against targets (thesis appendix A).
//!
//! A cost is matched to an activation when C = int (yhat - y)/f'(z) dyhat (A.15), so that dC/dz = yhat - y (A.16). The
//! constants of integration, which no gradient sees, make each cost continuous and zero at yhat = y = 1.

use std::fmt;
use std::str::FromStr;

use ndarray::ArrayView2;

use super::{Activation, NnError};

/// A cost C(yhat, y) of one sample, summed over the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cost {
    /// (yhat - y)^2/2 for any activation with a gradient; matched to the linear one (A.2). With ReLU
    /// dC/dz = (yhat - y) \[z > 0\].
    SquaredError,
    /// -y ln yhat - (1 - y) ln(1 - yhat), y in \[0, 1\]; matched to the sigmoid (A.5).
    CrossEntropy,
    /// -\[(1 + y) ln(1 + yhat) + (1 - y) ln(1 - yhat)\]/2 + ln 2, y in \[-1, 1\]; matched to tanh (A.8 with the missing
    /// constant: the cross-entropy of (1 + y)/2 and (1 + yhat)/2).
    ModifiedCrossEntropy,
    /// -sum y ln yhat over classes; matched to softmax (A.9; the print's A.10 lacks the full Jacobian).
    CategoricalCrossEntropy,
    /// (yhat - y)^2/2 for z >= 0, else (yhat - y)^2/(2 alpha) + (1 - 1/alpha) y^2/2; matched to the leaky ReLU (A.18b,
    /// made continuous).
    LeakyReluCost,
    /// (yhat - y)^2/2 for z >= 0, else yhat - (1 + y) ln(1 + yhat) + y^2/2; matched to the ELU (A.19b, made
    /// continuous).
    EluCost,
    /// The perceptron's criterion (yhat - y) z, y = 0 or 1: its descent is the rule w <- w - eta (yhat - y) x
    /// (Rosenblatt 1958); matched to the step in this sense.
    Perceptron,
}

/// The desired outputs, for each row of the inputs.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a> {
    /// The class of each sample, 0 .. n_out: for the categorical cross-entropy.
    Classes(&'a [usize]),
    /// The value of each output: shape (n, n_out).
    Values(ArrayView2<'a, f32>),
}

impl Cost {
    /// Every cost.
    pub const ALL: [Self; 7] = [
        Self::SquaredError,
        Self::CrossEntropy,
        Self::ModifiedCrossEntropy,
        Self::CategoricalCrossEntropy,
        Self::LeakyReluCost,
        Self::EluCost,
        Self::Perceptron,
    ];

    /// Name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::SquaredError => "squared-error",
            Self::CrossEntropy => "cross-entropy",
            Self::ModifiedCrossEntropy => "modified-cross-entropy",
            Self::CategoricalCrossEntropy => "categorical-cross-entropy",
            Self::LeakyReluCost => "leaky-relu-cost",
            Self::EluCost => "elu-cost",
            Self::Perceptron => "perceptron",
        }
    }

    /// The cost with dC/dz = yhat - y for these outputs; `None` for ReLU, which has none.
    pub fn matched(output: Activation) -> Option<Self> {
        match output {
            Activation::Linear => Some(Self::SquaredError),
            Activation::Step => Some(Self::Perceptron),
            Activation::Sigmoid => Some(Self::CrossEntropy),
            Activation::Tanh => Some(Self::ModifiedCrossEntropy),
            Activation::Relu => None,
            Activation::LeakyRelu { .. } => Some(Self::LeakyReluCost),
            Activation::Elu => Some(Self::EluCost),
            Activation::Softmax => Some(Self::CategoricalCrossEntropy),
        }
    }

    /// Refuses a cost that is neither matched to `output` nor the squared error of something with a gradient.
    ///
    /// # Errors
    /// [`NnError::Mismatch`], which names what fits.
    pub fn check(self, output: Activation) -> Result<(), NnError> {
        let fits = Self::matched(output) == Some(self) || (self == Self::SquaredError && output != Activation::Step);
        if fits { Ok(()) } else { Err(NnError::Mismatch { cost: self, output }) }
    }

    /// Cost of a sample by outputs that know nothing: 1/n for each of n classes, the middle of sigmoid and tanh. None
    /// where outputs have no bounds or costs no logarithm.
    pub fn of_guess(self, n_out: usize) -> Option<f64> {
        match self {
            Self::CategoricalCrossEntropy => (n_out > 1).then(|| libm::log(n_out as f64)),
            Self::CrossEntropy | Self::ModifiedCrossEntropy => Some(n_out as f64 * std::f64::consts::LN_2),
            Self::SquaredError | Self::LeakyReluCost | Self::EluCost | Self::Perceptron => None,
        }
    }

    /// Cost of one sample from the fields `z` of the output layer, against the targets `y` (as many), without overflow
    /// at any z. The pair of `self` and `output` must be one that [`Cost::check`] accepts.
    ///
    /// ```
    /// use rgflow::nn::{Activation, Cost};
    /// let cost = Cost::ModifiedCrossEntropy;
    /// assert!(cost.of(Activation::Tanh, &[40.0], &[1.0]).abs() < 1e-15); // -ln 2 in the print
    /// ```
    pub fn of(self, output: Activation, z: &[f64], y: &[f64]) -> f64 {
        if self == Self::CategoricalCrossEntropy {
            // -sum y ln yhat = sum y (ln sum e^z - z).
            let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let log_sum = top + libm::log(z.iter().map(|z| libm::exp(z - top)).sum());
            return z.iter().zip(y).map(|(z, y)| y * (log_sum - z)).sum();
        }
        let yhat = output.layer(z);
        let each = |((&z, &yhat), &y): ((&f64, &f64), &f64)| {
            let square = 0.5 * (yhat - y) * (yhat - y);
            match self {
                Self::SquaredError => square,
                // -ln yhat = softplus(-z), -ln(1 - yhat) = softplus(z).
                Self::CrossEntropy => softplus(z) - y * z,
                // The same with 2 z and (1 + y)/2.
                Self::ModifiedCrossEntropy => softplus(2.0 * z) - (1.0 + y) * z,
                Self::LeakyReluCost | Self::EluCost if z >= 0.0 => square,
                Self::LeakyReluCost => {
                    let alpha = output.at(z).map_or(1.0, |(_, slope)| slope);
                    square / alpha + 0.5 * (1.0 - 1.0 / alpha) * y * y
                }
                // ln(1 + yhat) = z.
                Self::EluCost => yhat - (1.0 + y) * z + 0.5 * y * y,
                Self::Perceptron => (yhat - y) * z,
                Self::CategoricalCrossEntropy => f64::NAN,
            }
        };
        z.iter().zip(&yhat).zip(y).map(each).sum()
    }

    /// Writes to `delta` dC/dz of the sum over rows from the outputs `yhat`, of the squared error dC/dyhat.
    pub(super) fn pull_back(self, yhat: &[f32], delta: &mut [f32], targets: Targets) {
        if targets.is_empty() {
            return;
        }
        let width = yhat.len() / targets.len();
        delta.copy_from_slice(yhat);
        match targets {
            Targets::Classes(classes) => {
                delta.chunks_exact_mut(width).zip(classes).for_each(|(row, class)| row[*class] -= 1.0);
            }
            Targets::Values(y) if self == Self::CategoricalCrossEntropy => {
                // dC/dz = yhat sum y - y; targets that are probabilities have the sum 1.
                for (row, y) in delta.chunks_exact_mut(width).zip(y.rows()) {
                    let sum = y.sum();
                    row.iter_mut().zip(y).for_each(|(d, y)| *d = *d * sum - y);
                }
            }
            Targets::Values(y) => {
                for (row, y) in delta.chunks_exact_mut(width).zip(y.rows()) {
                    row.iter_mut().zip(y).for_each(|(d, y)| *d -= y);
                }
            }
        }
    }
}

impl Targets<'_> {
    /// Number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values(y) => y.nrows(),
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Targets of the rows `range`.
    pub(super) fn rows(&self, range: std::ops::Range<usize>) -> Targets<'_> {
        match self {
            Self::Classes(classes) => Targets::Classes(&classes[range]),
            Self::Values(y) => Targets::Values(y.slice(ndarray::s![range, ..])),
        }
    }

    /// Refuses targets that do not belong to `n` samples, `n_out` outputs and `cost`.
    pub(super) fn check(&self, n: usize, n_out: usize, cost: Cost) -> Result<(), NnError> {
        let count = |what, expected, found| {
            if expected == found { Ok(()) } else { Err(NnError::Shape { what, expected, found }) }
        };
        if self.len() != n {
            return Err(NnError::Shape { what: "targets", expected: n, found: self.len() });
        }
        match self {
            Self::Classes(_) if cost != Cost::CategoricalCrossEntropy => Err(NnError::ClassTargets(cost)),
            Self::Classes(classes) => match classes.iter().position(|c| *c >= n_out) {
                Some(sample) => Err(NnError::Class { sample, class: classes[sample], n_out }),
                None => Ok(()),
            },
            Self::Values(y) => count("columns of the targets", n_out, y.ncols()),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Cost {
    type Err = NnError;

    fn from_str(text: &str) -> Result<Self, NnError> {
        Self::ALL.into_iter().find(|c| c.name() == text).ok_or_else(|| NnError::UnknownCost {
            found: text.to_owned(),
            known: Self::ALL.map(|c| format!("\"{c}\"")).join(", "),
        })
    }
}

/// ln(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::LN_2;

    fn pairs() -> Vec<(Cost, Activation)> {
        let all = Activation::ALL.into_iter().chain([Activation::LeakyRelu { alpha: 0.3 }]);
        all.flat_map(|f| Cost::ALL.map(|c| (c, f))).filter(|(c, f)| c.check(*f).is_ok()).collect()
    }

    fn targets(cost: Cost) -> Vec<[f64; 3]> {
        match cost {
            Cost::CategoricalCrossEntropy => vec![[0.0, 1.0, 0.0], [0.2, 0.5, 0.3]],
            Cost::CrossEntropy => vec![[0.0, 1.0, 0.3]],
            Cost::Perceptron => vec![[0.0, 1.0, 1.0]],
            _ => vec![[-0.9, 0.4, 0.8], [1.0, -1.0, 0.0]],
        }
    }

    /// A.16: every matched cost has dC/dz = yhat - y, found by differences of its values in f64 on both sides of zero.
    #[test]
    fn matched_costs_have_the_simple_gradient() {
        for (cost, f) in pairs() {
            for y in targets(cost) {
                for z in [[-2.0, 0.5, 1.3], [0.7, -0.2, -1.1]] {
                    let yhat = f.layer(&z);
                    let jacobian = f.jacobian(&z);
                    for j in 0..3 {
                        let at = |h: f64| {
                            let mut z = z;
                            z[j] += h;
                            cost.of(f, &z, &y)
                        };
                        let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                        let simple = yhat[j] - y[j];
                        let chain: f64 = (0..3).map(|i| (yhat[i] - y[i]) * jacobian[[i, j]]).sum();
                        let expected = if cost == Cost::SquaredError { chain } else { simple };
                        assert!((difference - expected).abs() < 1e-9, "{cost} of {f}: {difference} {expected}");
                    }
                }
            }
        }
    }

    /// The formulas of appendix A as printed, with the errata, where they do not overflow.
    #[test]
    fn costs_are_those_of_the_appendix() {
        let leaky = Activation::LeakyRelu { alpha: 0.25 };
        for z in [-1.5f64, -0.3, 0.2, 1.7] {
            for y in [-0.6f64, 0.0, 0.9] {
                let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-13, "z = {z}, y = {y}: {a} {b}");
                let p = 1.0 / (1.0 + (-z).exp());
                let label = 0.5 + 0.5 * y;
                let cross = -label * p.ln() - (1.0 - label) * (1.0 - p).ln();
                close(Cost::CrossEntropy.of(Activation::Sigmoid, &[z], &[label]), cross);
                let t = z.tanh();
                let modified = -0.5 * ((1.0 + y) * (1.0 + t).ln() + (1.0 - y) * (1.0 - t).ln()) + LN_2;
                close(Cost::ModifiedCrossEntropy.of(Activation::Tanh, &[z], &[y]), modified);
                let a = 0.25;
                let half = |x: f64| 0.5 * x * x;
                let piece = if z >= 0.0 { half(z - y) } else { half(a * z - y) / a + half(y) * (1.0 - 1.0 / a) };
                close(Cost::LeakyReluCost.of(leaky, &[z], &[y]), piece);
                let e = z.exp() - 1.0;
                let piece = if z >= 0.0 { half(z - y) } else { e - (1.0 + y) * (1.0 + e).ln() + half(y) };
                close(Cost::EluCost.of(Activation::Elu, &[z], &[y]), piece);
                let relu = half(z.max(0.0) - y);
                close(Cost::SquaredError.of(Activation::Relu, &[z], &[y]), relu);
            }
        }
    }

    /// No cost jumps where a piece ends, and each is least where the output is the target.
    #[test]
    fn costs_are_continuous_and_least_at_the_target() {
        for (cost, f) in pairs() {
            for y in [-0.7, 0.0, 0.6, 1.0] {
                let at = |z: f64| cost.of(f, &[z, 0.0], &[y, 0.0]);
                if f != Activation::Step || cost == Cost::Perceptron {
                    assert!((at(1e-12) - at(-1e-12)).abs() < 1e-10, "{cost} of {f} jumps at 0, y = {y}");
                }
            }
        }
        for (cost, f, z, y) in [
            (Cost::SquaredError, Activation::Linear, 0.3, 0.3),
            (Cost::CrossEntropy, Activation::Sigmoid, 50.0, 1.0),
            (Cost::ModifiedCrossEntropy, Activation::Tanh, -50.0, -1.0),
            (Cost::LeakyReluCost, Activation::LeakyRelu { alpha: 0.25 }, 0.5, 0.5),
            (Cost::EluCost, Activation::Elu, 1.0, 1.0),
            (Cost::Perceptron, Activation::Step, 2.0, 1.0),
        ] {
            assert!(cost.of(f, &[z], &[y]).abs() < 1e-15, "{cost}");
        }
        let far = Cost::CategoricalCrossEntropy.of(Activation::Softmax, &[1000.0, -1000.0], &[0.0, 1.0]);
        assert_eq!(far, 2000.0);
        assert_eq!(Cost::CrossEntropy.of(Activation::Sigmoid, &[1000.0], &[0.0]), 1000.0);
    }

    #[test]
    fn mismatches_are_named() {
        let refused = |cost: Cost, f: Activation| cost.check(f).unwrap_err().to_string();
        assert_eq!(
            refused(Cost::CrossEntropy, Activation::Tanh),
            "cost \"cross-entropy\" of \"tanh\" outputs: use \"modified-cross-entropy\" or \"squared-error\""
        );
        assert_eq!(
            refused(Cost::EluCost, Activation::Relu),
            "cost \"elu-cost\" of \"relu\" outputs: use \"squared-error\""
        );
        assert!(refused(Cost::SquaredError, Activation::Step).ends_with("use \"perceptron\""));
        for cost in Cost::ALL {
            assert_eq!(cost.name().parse::<Cost>(), Ok(cost));
        }
        assert!("hinge".parse::<Cost>().unwrap_err().to_string().contains("\"squared-error\""));
    }
}
