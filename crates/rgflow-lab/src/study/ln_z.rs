//! ln Z of a machine of any size: by enumeration, or by annealed importance sampling from both directions.

use crate::artifact::Error;
use crate::artifact::progress::Observer;
use rgflow::random::Stream;
use rgflow::rbm::{Annealing, Ladder, LnZEstimate, Rbm, RbmError, Reference, Standing, Starts, Tempering, TwoSided};
use std::ops::ControlFlow;

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
    /// Work of [`LnZ::of`] in thousands of multiplications, but for temperatures that turn out to be needed: for who
    /// announces it; 0 where `rbm` is enumerated.
    pub fn work(rbm: &Rbm) -> u64 {
        if rbm.has_exact_ln_z() { 0 } else { Annealed::work(rbm) }
    }

    /// ln Z of `rbm`, or the reason why there is none, or none that could be believed. Random numbers are those of
    /// annealing; `observer` is told of its work, [`LnZ::work`] of which was announced.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where `observer` stops it.
    pub fn of(rbm: &Rbm, stream: Stream, observer: &dyn Observer) -> Result<Result<Self, String>, Error> {
        Ok(match rbm.ln_z() {
            Ok(value) => Ok(Self { value, range: [value; 2], how: "by enumeration".into() }),
            Err(RbmError::TooLarge { .. }) => return Self::annealed(rbm, stream, observer),
            Err(why) => Err(why.to_string()),
        })
    }

    /// The same by annealing, also where `rbm` could be enumerated.
    ///
    /// # Errors
    /// As [`LnZ::of`].
    pub fn annealed(rbm: &Rbm, stream: Stream, observer: &dyn Observer) -> Result<Result<Self, String>, Error> {
        Ok(match Annealed::run(rbm, stream, observer) {
            Ok(annealed) => annealed.ln_z(),
            Err(RbmError::Stopped(_)) => return Err(Error::Interrupted),
            Err(why) => Err(why.to_string()),
        })
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
    /// Work of [`Annealed::run`] with the fewest temperatures, in thousands of multiplications.
    pub fn work(rbm: &Rbm) -> u64 {
        let sweeps = (COUNTED * LADDER.temperatures * LADDER.copies) as u64;
        thousands(rbm, LADDER.work() + sweeps + annealing(TEMPERATURES[0]).work(CHAINS))
    }

    /// Random numbers: PURPOSE/tempering, PURPOSE/annealing. `observer` is told of [`Annealed::work`], which was
    /// announced, and of more temperatures.
    ///
    /// # Errors
    /// As [`Tempering::new`] and [`Annealing::both`]; [`RbmError::Stopped`] where `observer` stops it.
    pub fn run(rbm: &Rbm, stream: Stream, observer: &dyn Observer) -> Result<Self, RbmError> {
        let tick = |steps| match observer.tick(thousands(rbm, steps)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        let [mut temperatures, more @ ..] = TEMPERATURES;
        let [tempering, forth] = ["tempering", "annealing"].map(|part| format!("{}/{part}", stream.purpose));
        let mut ladders = Tempering::new_watched(rbm, &LADDER, stream.streams.of(&tempering), &tick)?;
        ladders.run_watched(COUNTED, &tick)?;
        let states = ladders.visible();
        let both = |temperatures: usize| {
            let starts = Starts::Unproven(states.view());
            annealing(temperatures).both_watched(rbm, starts, stream.streams.of(&forth), &tick)
        };
        let mut found = both(temperatures)?;
        for next in more {
            if is_reliable(&found) && found.difference().abs() <= CLOSE {
                break;
            }
            observer.announce(thousands(rbm, annealing(next).work(CHAINS)));
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

fn annealing(temperatures: usize) -> Annealing {
    Annealing { temperatures, chains: CHAINS, reference: Reference::Own }
}

/// Thousands of multiplications of `steps` of one chain.
fn thousands(rbm: &Rbm, steps: u64) -> u64 {
    steps * rbm.weights.len() as u64 / 1000
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
    use crate::artifact::progress::Silent;
    use rgflow::random::Streams;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Counts work, and stops beyond `until`.
    struct Counter {
        announced: AtomicU64,
        done: AtomicU64,
        until: u64,
    }

    impl Observer for Counter {
        fn announce(&self, units: u64) {
            self.announced.fetch_add(units, Ordering::Relaxed);
        }

        fn tick(&self, units: u64) -> Result<(), Error> {
            let done = self.done.fetch_add(units, Ordering::Relaxed) + units;
            if done > self.until { Err(Error::Interrupted) } else { Ok(()) }
        }
    }

    /// Annealing of a machine beyond enumeration tells all its work but what is lost by rounding, and stops.
    #[test]
    fn the_work_of_annealing_is_told_and_can_be_stopped() {
        let streams = Streams::new(1);
        let rbm = Rbm::random(40, 28, 0.1, &mut streams.generator("test/init", 0));
        let run = |until: u64| {
            let counter = Counter { announced: LnZ::work(&rbm).into(), done: 0.into(), until };
            let found = LnZ::of(&rbm, streams.of("test/ln-z"), &counter);
            (found, counter.announced.into_inner(), counter.done.into_inner())
        };
        let (found, announced, done) = run(u64::MAX);
        assert!(
            found.unwrap().is_ok() && done <= announced && done as f64 > 0.99 * announced as f64,
            "{done} {announced}"
        );
        let (found, announced, done) = run(announced / 10);
        assert!(matches!(found, Err(Error::Interrupted)) && 2 * done < announced, "{done} of {announced}");
    }

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
        let found = LnZ::of(&whole, streams.of("test/ln-z"), &Silent).unwrap().unwrap();
        let exact = 2.0 * half.ln_z().unwrap();
        assert!(!found.is_exact() && found.range[0] <= exact && exact <= found.range[1], "{found:?}, {exact}");
        assert!(found.error() < 0.1 && found.how.contains("two estimates"));
        let small = LnZ::of(&half, streams.of("test/ln-z"), &Silent).unwrap().unwrap();
        assert!(small.is_exact() && small.error() == 0.0);
    }
}
