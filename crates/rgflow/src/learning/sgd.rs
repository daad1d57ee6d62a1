//! Plain gradient descent.

use crate::cpu::{self, dispatched};

use super::LearningError;
use super::rule::{Method, Step, Terms};

/// Gradient descent: theta <- theta - eta dE/dtheta (thesis eqs 2.2.13 and 2.2.14).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sgd;

impl Method for Sgd {
    fn name(&self) -> &'static str {
        "sgd"
    }

    fn check(&self) -> Result<(), LearningError> {
        Ok(())
    }

    fn memories(&self) -> usize {
        0
    }

    fn update(&self, step: &Step, parameters: &mut [f32], gradient: &[f32], _memory: &mut [f32]) {
        descend(cpu::path(), step.terms(step.rate), parameters, gradient);
    }
}

dispatched! {
    fn descend(terms: Terms, parameters: &mut [f32], gradient: &[f32]) => descend_all
}

#[inline(always)]
fn descend_all(terms: Terms, parameters: &mut [f32], gradient: &[f32]) {
    for (p, g) in parameters.iter_mut().zip(gradient) {
        *p -= terms.of(*g, *p);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::rule::same_bits;

    #[test]
    fn every_path_gives_the_same_bits() {
        same_bits(
            |terms, p, g, _| descend(cpu::path(), terms, p, g),
            #[inline(always)]
            |terms, p, g, _| descend_all(terms, p, g),
        );
    }
}
