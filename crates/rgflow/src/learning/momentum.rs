//! Gradient descent with momentum.

use crate::cpu::{self, dispatched};

use super::LearningError;
use super::error::demand;
use super::rule::{Method, Step, Terms};

/// Momentum: Delta <- alpha Delta - eta dE/dtheta, theta <- theta + Delta (thesis eq. 2.2.16; Polyak 1964).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// Share of the last change that is kept, in `[0, 1)`; 0.9 by default.
    pub alpha: f64,
}

impl Default for Momentum {
    fn default() -> Self {
        Self { alpha: 0.9 }
    }
}

impl Method for Momentum {
    fn name(&self) -> &'static str {
        "momentum"
    }

    fn check(&self) -> Result<(), LearningError> {
        demand((0.0..1.0).contains(&self.alpha), "alpha", self.alpha, "in [0, 1)")
    }

    fn memories(&self) -> usize {
        1
    }

    fn update(&self, step: &Step, parameters: &mut [f32], gradient: &[f32], memory: &mut [f32]) {
        let factors = Factors { alpha: self.alpha as f32, terms: step.terms(step.rate) };
        descend(cpu::path(), factors, parameters, gradient, memory);
    }
}

/// The factors of one update.
#[derive(Clone, Copy)]
struct Factors {
    alpha: f32,
    terms: Terms,
}

dispatched! {
    fn descend(f: Factors, parameters: &mut [f32], gradient: &[f32], change: &mut [f32]) => descend_all
}

#[inline(always)]
fn descend_all(f: Factors, parameters: &mut [f32], gradient: &[f32], change: &mut [f32]) {
    for ((p, g), d) in parameters.iter_mut().zip(gradient).zip(change) {
        *d = f.alpha * *d - f.terms.of(*g, *p);
        *p += *d;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::rule::same_bits;

    #[test]
    fn every_path_gives_the_same_bits() {
        let factors = |terms| Factors { alpha: 0.9, terms };
        same_bits(
            |terms, p, g, m| descend(cpu::path(), factors(terms), p, g, &mut m[..p.len()]),
            #[inline(always)]
            |terms, p, g, m| descend_all(factors(terms), p, g, &mut m[..p.len()]),
        );
    }
}
