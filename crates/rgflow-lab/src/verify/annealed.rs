//! ln Z of a machine that is too large to be enumerated: annealed importance sampling forward and in reverse.

use super::Check;
use rgflow::random::Streams;
use rgflow::rbm::{Annealing, Ladder, LnZEstimate, Rbm, RbmError, Reference, Standing, Starts, Tempering, TwoSided};

/// Temperatures and chains of annealing: 784 + 500 units take about ten seconds on two cores.
const ANNEALING: Annealing = Annealing { temperatures: 1000, chains: 512, reference: Reference::Own };
/// Ladders of tempering, whose states at beta = 1 are the starts in reverse: independent of each other.
const LADDER: Ladder = Ladder { temperatures: 12, copies: 256, burn_in: 512, reference: Reference::Own };
/// Sweeps after the burn-in, in which exchanges are counted.
const COUNTED: usize = 64;

/// ln Z from both directions, where it cannot be summed.
pub(super) fn ln_z(rbm: &Rbm, seed: u64) -> Option<Check> {
    const NAME: &str = "ln Z by annealing, forward and in reverse";
    if !matches!(rbm.ln_z(), Err(RbmError::TooLarge { .. })) {
        return None;
    }
    let streams = Streams::new(seed);
    let estimates = || {
        let mut tempering = Tempering::new(rbm, &LADDER, streams.of("verify/tempering"))?;
        tempering.run(COUNTED);
        let states = tempering.visible();
        let starts = Starts::Unproven(states.view());
        Ok((ANNEALING.both(rbm, starts, streams.of("verify/annealing"))?, tempering))
    };
    Some(match estimates() {
        Ok((both, tempering)) => check(NAME, &both, &tempering),
        Err(e) => {
            let e: RbmError = e;
            Check::left_out(NAME, e.to_string())
        }
    })
}

fn check(name: &str, both: &TwoSided, tempering: &Tempering) -> Check {
    let together = match both.standing {
        Standing::Bracket => "a bracket",
        Standing::TwoEstimates => "two estimates, not a bracket",
    };
    let [forward, reverse] = [both.forward, both.reverse].map(|estimate| told(&estimate));
    let least = tempering.acceptance().into_iter().fold(1.0, f64::min);
    let trips = tempering.round_trips();
    Check {
        name: name.into(),
        value: Some(both.forward.value),
        expected: Some(both.reverse.value),
        measure: Some(both.difference()),
        measured_by: "reverse - forward",
        passed: None,
        note: format!(
            "{together}: forward {forward}, reverse {reverse}; starts by tempering, exchanges accepted {least:.2} or more, {trips} round trips"
        ),
    }
}

/// Interval, and effective chains where they are too few for it.
fn told(estimate: &LnZEstimate) -> String {
    let LnZEstimate { low, high, n_eff, .. } = *estimate;
    let few = if estimate.is_reliable() {
        String::new()
    } else {
        format!(", {n_eff:.1} effective chains are too few for it")
    };
    format!("[{low:.2}, {high:.2}]{few}")
}
