//! ln Z of a machine that is too large to be enumerated: annealed importance sampling forward and in reverse.

use super::Check;
use crate::study::ln_z::Annealed;
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, RbmError};

/// ln Z from both directions, where it cannot be summed.
pub(super) fn ln_z(rbm: &Rbm, seed: u64) -> Option<Check> {
    const NAME: &str = "ln Z by annealing, forward and in reverse";
    if !matches!(rbm.ln_z(), Err(RbmError::TooLarge { .. })) {
        return None;
    }
    Some(match Annealed::run(rbm, Streams::new(seed).of("verify")) {
        Ok(annealed) => Check {
            name: NAME.into(),
            value: Some(annealed.both.forward.value),
            expected: Some(annealed.both.reverse.value),
            measure: Some(annealed.both.difference()),
            measured_by: "reverse - forward",
            passed: None,
            note: annealed.words(),
        },
        Err(e) => Check::left_out(NAME, e.to_string()),
    })
}
