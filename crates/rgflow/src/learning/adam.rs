//! Adaptive moment estimation.

use crate::cpu::{self, dispatched};

use super::LearningError;
use super::error::demand;
use super::rule::{Method, Step, Terms};

/// Adam (Kingma and Ba 2015, algorithm 1; thesis eq. 2.2.17 with the bias corrections 1/(1 - beta^t) that the print
/// lacks). A penalty is part of the gradient, as in thesis eq. 2.2.13, and not decoupled from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Decay of the mean of the gradient, in `[0, 1)`; 0.9 by default.
    pub beta1: f64,
    /// Decay of the mean square of the gradient, in `[0, 1)`; 0.999 by default.
    pub beta2: f64,
    /// Keeps the division finite, > 0; 1e-8 by default.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Method for Adam {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn check(&self) -> Result<(), LearningError> {
        demand((0.0..1.0).contains(&self.beta1), "beta1", self.beta1, "in [0, 1)")?;
        demand((0.0..1.0).contains(&self.beta2), "beta2", self.beta2, "in [0, 1)")?;
        // Below the least f32 it would be zero, and 0/0 follows for a parameter without gradient.
        let holds = self.epsilon.is_finite() && self.epsilon as f32 > 0.0;
        demand(holds, "epsilon", self.epsilon, "> 0 and finite, also in 32 bits")
    }

    fn memories(&self) -> usize {
        2
    }

    fn update(&self, step: &Step, parameters: &mut [f32], gradient: &[f32], memory: &mut [f32]) {
        // Powers by multiplication, so that the platform's `pow` has no say.
        let (b1, b2) = (power(self.beta1, step.number), power(self.beta2, step.number));
        let moments = Moments {
            terms: step.terms(1.0),
            keep1: self.beta1 as f32,
            add1: (1.0 - self.beta1) as f32,
            keep2: self.beta2 as f32,
            add2: (1.0 - self.beta2) as f32,
            rate: (step.rate / (1.0 - b1)) as f32,
            scale2: (1.0 / (1.0 - b2)) as f32,
            epsilon: self.epsilon as f32,
        };
        descend(cpu::path(), moments, parameters, gradient, memory);
    }
}

/// The factors of one update.
#[derive(Clone, Copy)]
struct Moments {
    terms: Terms,
    keep1: f32,
    add1: f32,
    keep2: f32,
    add2: f32,
    rate: f32,
    scale2: f32,
    epsilon: f32,
}

dispatched! {
    fn descend(f: Moments, parameters: &mut [f32], gradient: &[f32], memory: &mut [f32]) => descend_all
}

/// `memory`: the first moments of all parameters, then the second.
#[inline(always)]
fn descend_all(f: Moments, parameters: &mut [f32], gradient: &[f32], memory: &mut [f32]) {
    let (first, second) = memory.split_at_mut(parameters.len());
    for (((p, g), m), v) in parameters.iter_mut().zip(gradient).zip(first).zip(second) {
        let g = f.terms.of(*g, *p);
        *m = f.keep1 * *m + f.add1 * g;
        *v = f.keep2 * *v + f.add2 * g * g;
        *p -= f.rate * *m / ((*v * f.scale2).sqrt() + f.epsilon);
    }
}

/// base^exponent.
fn power(base: f64, mut exponent: u64) -> f64 {
    let (mut result, mut square) = (1.0, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::rule::same_bits;

    #[test]
    fn every_path_gives_the_same_bits() {
        let factors = |terms| Moments {
            terms,
            keep1: 0.9,
            add1: 0.1,
            keep2: 0.999,
            add2: 0.001,
            rate: 0.037,
            scale2: 1.7,
            epsilon: 1e-8,
        };
        same_bits(
            |terms, p, g, memory| descend(cpu::path(), factors(terms), p, g, memory),
            #[inline(always)]
            |terms, p, g, memory| descend_all(factors(terms), p, g, memory),
        );
    }
}
