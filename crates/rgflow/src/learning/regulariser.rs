//! Regularisation: knowledge about the parameters as a term R of the energy E = C + R (thesis section 2.2.2).

use super::LearningError;
use super::error::demand;

/// Regularisation of weights and biases, R = lambda_w |w|_1 + lambda_b |b|_1 + mu_w |w|^2/2 + mu_b |b|^2/2 (thesis eq.
/// 2.2.12), and a constraint on the largest weight.
///
/// The cost C that R is added to is the mean over samples, so the strengths do not depend on the size of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regulariser {
    /// Strength of the taxicab norm L_1 of the weights, >= 0.
    pub lambda_w: f32,
    /// Strength of the taxicab norm L_1 of the biases, >= 0.
    pub lambda_b: f32,
    /// Strength of half the squared Euclidean norm L_2 of the weights, >= 0.
    pub mu_w: f32,
    /// Strength of half the squared Euclidean norm L_2 of the biases, >= 0.
    pub mu_b: f32,
    /// Largest |w| that is allowed, > 0: a constraint on the maximum norm L_inf, kept by clipping each weight after
    /// each update, which is the projection onto the nearest weights that obey it.
    pub max_norm: Option<f32>,
}

/// Regularisation of one array of parameters: lambda |theta|_1 + mu |theta|^2/2, and |theta| <= max.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Penalty {
    /// lambda, the strength of the taxicab norm, >= 0.
    pub l1: f32,
    /// mu, the strength of half the squared Euclidean norm, >= 0.
    pub l2: f32,
    /// Largest absolute value that is allowed, > 0.
    pub max: Option<f32>,
}

impl Regulariser {
    /// The penalty on the weights.
    pub fn weights(&self) -> Penalty {
        Penalty { l1: self.lambda_w, l2: self.mu_w, max: self.max_norm }
    }

    /// The penalty on the biases.
    pub fn biases(&self) -> Penalty {
        Penalty { l1: self.lambda_b, l2: self.mu_b, max: None }
    }

    /// Refuses numbers outside their range.
    ///
    /// # Errors
    /// [`LearningError::Setting`].
    pub fn check(&self) -> Result<(), LearningError> {
        let strengths =
            [("lambda_w", self.lambda_w), ("lambda_b", self.lambda_b), ("mu_w", self.mu_w), ("mu_b", self.mu_b)];
        for (name, value) in strengths {
            demand(value >= 0.0 && value.is_finite(), name, value.into(), ">= 0 and finite")?;
        }
        let max = self.max_norm.unwrap_or(1.0);
        demand(max > 0.0 && max.is_finite(), "max_norm", max.into(), "> 0 and finite")
    }
}

impl Penalty {
    /// lambda |theta|_1 + mu |theta|^2/2, in the unit of the cost, summed in f64.
    ///
    /// ```
    /// use rgflow::learning::Penalty;
    /// let penalty = Penalty { l1: 0.5, l2: 2.0, max: None };
    /// assert_eq!(penalty.cost(&[1.0, -2.0]), 0.5 * 3.0 + 2.0 * 5.0 / 2.0);
    /// ```
    pub fn cost(&self, parameters: &[f32]) -> f64 {
        if self.l1 == 0.0 && self.l2 == 0.0 {
            return 0.0;
        }
        let (mut absolute, mut square) = (0.0, 0.0);
        for p in parameters {
            let p = f64::from(*p);
            absolute += p.abs();
            square += p * p;
        }
        f64::from(self.l1) * absolute + f64::from(self.l2) * 0.5 * square
    }

    /// lambda sgn(theta) + mu theta, the gradient of the penalty, with sgn(0) = 0 (thesis eq. 2.2.13).
    ///
    /// ```
    /// let penalty = rgflow::learning::Penalty { l1: 0.5, l2: 2.0, max: None };
    /// assert_eq!((penalty.gradient(-1.0), penalty.gradient(0.0)), (-2.5, 0.0));
    /// ```
    pub fn gradient(&self, parameter: f32) -> f32 {
        let sign = if parameter == 0.0 { 0.0 } else { parameter.signum() };
        self.l1 * sign + self.l2 * parameter
    }

    /// Clips `parameters` to the largest absolute value that is allowed; NaN stays NaN.
    pub(super) fn constrain(&self, parameters: &mut [f32]) {
        if let Some(max) = self.max {
            for p in parameters {
                *p = p.clamp(-max, max);
            }
        }
    }
}

/// Number of parameters with |theta| > `threshold`; with the threshold 0 it is the zero norm L_0.
///
/// The update 2.2.13 leaves parameters that L_1 drives to zero within eta lambda of it and not at it: a threshold of
/// that size counts those that matter.
pub fn count_above(parameters: &[f32], threshold: f32) -> usize {
    parameters.iter().filter(|p| p.abs() > threshold).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_the_finite_difference() {
        let regulariser = Regulariser { lambda_w: 0.25, lambda_b: 0.5, mu_w: 1.5, mu_b: 0.125, max_norm: None };
        for penalty in [regulariser.weights(), regulariser.biases()] {
            for p in [-2.0f32, -0.25, 0.75, 3.0] {
                let h = 1.0 / 64.0;
                let difference = (penalty.cost(&[p + h, 1.0]) - penalty.cost(&[p - h, 1.0])) / f64::from(2.0 * h);
                assert!((f64::from(penalty.gradient(p)) - difference).abs() < 1e-12, "{penalty:?} at {p}");
            }
        }
        // Thesis eq. 2.2.12 with its own names.
        let (w, b) = ([1.0, -2.0], [3.0]);
        let energy = regulariser.weights().cost(&w) + regulariser.biases().cost(&b);
        assert_eq!(energy, 0.25 * 3.0 + 1.5 / 2.0 * 5.0 + 0.5 * 3.0 + 0.125 / 2.0 * 9.0);
        assert_eq!(Penalty::default().cost(&[f32::INFINITY]), 0.0);
    }

    #[test]
    fn norms_at_the_ends() {
        let mut p = [0.5, -3.0, f32::NAN, 2.0];
        Penalty { max: Some(1.0), ..Penalty::default() }.constrain(&mut p);
        assert!(p[..2] == [0.5, -1.0] && p[2].is_nan() && p[3] == 1.0);
        assert_eq!((count_above(&[0.0, -0.0, 1e-9, -2.0], 0.0), count_above(&[0.0, 1e-9, -2.0], 1e-6)), (2, 1));
    }
}
