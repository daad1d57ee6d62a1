//! ln Z of a machine of any size: by enumeration, or by annealed importance sampling from both directions.

use rgflow::random::Stream;
use rgflow::rbm::{Annealing, Ladder, LnZEstimate, Rbm, RbmError, Reference, Standing, Starts, Tempering, TwoSided};

/// Chains of annealing in each direction, and ladders of tempering that give as many independent starts in reverse.
const CHAINS: usize = 128;
/// Temperatures of annealing: more where fewer do not do. 784 + 500 units take half a minute on two cores with the
/// most.
const TEMPERATURES: [usize; 3] = [1000, 4000, 16_000];
/// Difference of the directions in nats at which more temperatures are of no use.
const CLOSE: f64 = 0.5;
const LADDER: Ladder = Ladder { temperatures: 12, copies: CHAINS, burn_in: 512, reference: Reference::Own };
/// Sweeps after the burn-in, in which exchanges are counted.
const COUNTED: usize = 64;

/// ln Z, Z = sum of exp(-H) over all states.
#[derive(Clone, Debug)]
pub struct LnZ {
    /// By enumeration, or by annealing from independent units to the machine.
    pub value: f64,
    /// Ends of the 95 % intervals of both directions together; those of enumeration are `value`.
    pub range: [f64; 2],
    /// How it was found, in words.
    pub how: String,
}

impl LnZ {
    /// ln Z of `rbm`. Random numbers are those of [`Annealed::run`].
    ///
    /// # Errors
    /// Reason why there is none, or none that could be believed.
    pub fn of(rbm: &Rbm, stream: Stream) -> Result<Self, String> {
        match rbm.ln_z() {
            Ok(value) => Ok(Self { value, range: [value; 2], how: "by enumeration".into() }),
            Err(RbmError::TooLarge { .. }) => Annealed::run(rbm, stream).map_err(|e| e.to_string())?.ln_z(),
            Err(why) => Err(why.to_string()),
        }
    }

    /// Whether it is exact.
    pub fn is_exact(&self) -> bool {
        self.range == [self.value; 2]
    }

    /// Standard error: the larger distance to an end of the range as that of nominally 97.5 %, 2.24 errors; 0 of what
    /// is exact.
    pub fn error(&self) -> f64 {
        (self.value - self.range[0]).max(self.range[1] - self.value) / 2.24
    }
}

/// Annealing from both directions, of a machine that cannot be enumerated.
pub struct Annealed {
    pub both: TwoSided,
    /// Temperatures it took.
    pub temperatures: usize,
    /// Least accepted part of the exchanges, and round trips, of the tempering that gave the starts in reverse.
    pub acceptance: f64,
    pub round_trips: u64,
}

impl Annealed {
    /// Random numbers: PURPOSE/tempering, PURPOSE/annealing.
    ///
    /// # Errors
    /// As [`Tempering::new`] and [`Annealing::both`].
    pub fn run(rbm: &Rbm, stream: Stream) -> Result<Self, RbmError> {
        let [tempering, annealing] = ["tempering", "annealing"].map(|part| format!("{}/{part}", stream.purpose));
        let mut ladders = Tempering::new(rbm, &LADDER, stream.streams.of(&tempering))?;
        ladders.run(COUNTED);
        let states = ladders.visible();
        let both = |temperatures: usize| {
            let settings = Annealing { temperatures, chains: CHAINS, reference: Reference::Own };
            settings.both(rbm, Starts::Unproven(states.view()), stream.streams.of(&annealing))
        };
        let [mut temperatures, more @ ..] = TEMPERATURES;
        let mut found = both(temperatures)?;
        for next in more {
            if is_reliable(&found) && found.difference().abs() <= CLOSE {
                break;
            }
            (temperatures, found) = (next, both(next)?);
        }
        let acceptance = ladders.acceptance().into_iter().fold(1.0, f64::min);
        Ok(Self { both: found, temperatures, acceptance, round_trips: ladders.round_trips() })
    }

    /// Both estimates, in words.
    pub fn words(&self) -> String {
        let Self { both, temperatures, acceptance, round_trips } = self;
        let together = match both.standing {
            Standing::Bracket => "a bracket",
            Standing::TwoEstimates => "two estimates, not a bracket",
        };
        let [forward, reverse] = [both.forward, both.reverse].map(|estimate| told(&estimate));
        format!(
            "{together}: forward {forward}, reverse {reverse}; {CHAINS} chains through {temperatures} temperatures; \
             starts in reverse by tempering, exchanges accepted {acceptance:.2} or more, {round_trips} round trips"
        )
    }

    fn ln_z(&self) -> Result<LnZ, String> {
        if !is_reliable(&self.both) {
            return Err(format!("ln Z by annealing is not known well enough ({})", self.words()));
        }
        let how = format!("by annealing ({})", self.words());
        Ok(LnZ { value: self.both.forward.value, range: self.both.range(), how })
    }
}

fn is_reliable(both: &TwoSided) -> bool {
    both.forward.is_reliable() && both.reverse.is_reliable()
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

#[cfg(test)]
mod tests {
    use super::*;
    use rgflow::random::Streams;

    /// A machine just beyond enumeration made of two equal independent halves: twice the exact ln Z of one.
    #[test]
    fn two_halves_have_twice_the_ln_z() {
        let streams = Streams::new(1);
        let half = Rbm::random(20, 14, 0.4, &mut streams.generator("test/init", 0));
        let mut whole = Rbm::random(40, 28, 0.0, &mut streams.generator("test/init", 1));
        for at in [0, 1] {
            let (v, h) = (20 * at, 14 * at);
            whole.weights.slice_mut(ndarray::s![v..v + 20, h..h + 14]).assign(&half.weights);
        }
        let found = LnZ::of(&whole, streams.of("test/ln-z")).unwrap();
        let exact = 2.0 * half.ln_z().unwrap();
        assert!(!found.is_exact() && found.range[0] <= exact && exact <= found.range[1], "{found:?}, {exact}");
        assert!(found.error() < 0.1 && found.how.contains("two estimates"));
        let small = LnZ::of(&half, streams.of("test/ln-z")).unwrap();
        assert!(small.is_exact() && small.error() == 0.0);
    }
}
