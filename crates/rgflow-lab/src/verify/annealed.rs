//! ln Z of a machine that is too large to be enumerated: annealed importance sampling forward and in reverse.

use super::Check;
use crate::artifact::Error;
use crate::artifact::progress::Observer;
use crate::study::ln_z::Annealed;
use rgflow::random::Streams;
use rgflow::rbm::{Rbm, RbmError};

/// ln Z from both directions, where it cannot be summed.
///
/// # Errors
/// [`Error::Interrupted`] where `observer` stops it.
pub(super) fn ln_z(rbm: &Rbm, seed: u64, observer: &dyn Observer) -> Result<Option<Check>, Error> {
    const NAME: &str = "ln Z by annealing, forward and in reverse";
    if !matches!(rbm.ln_z(), Err(RbmError::TooLarge { .. })) {
        return Ok(None);
    }
    observer.announce(Annealed::work(rbm));
    Ok(Some(match Annealed::run(rbm, Streams::new(seed).of("verify"), observer) {
        Ok(annealed) => Check {
            name: NAME.into(),
            value: Some(annealed.both.forward.value),
            expected: Some(annealed.both.reverse.value),
            measure: Some(annealed.both.difference()),
            measured_by: "reverse - forward",
            passed: None,
            note: annealed.words(),
        },
        Err(RbmError::Stopped(_)) => return Err(Error::Interrupted),
        Err(e) => Check::left_out(NAME, e.to_string()),
    }))
}
