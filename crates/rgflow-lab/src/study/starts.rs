//! Starts of a training: random, grown or of low rank, the best of which is kept.

use super::prelude::*;

/// Principal components in whose span a start of low rank begins.
pub const RANK: usize = 10;

/// A start and its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// First machine, in words.
    pub how: String,
    pub updates: usize,
    /// Mean ln p of training and test samples at the end in nats, and the error of ln Z; none where ln Z is not known.
    pub ln_p: Option<[f64; 3]>,
    /// Mean energy per spin of the machine's own law, where the law of the data is known.
    #[serde(default)]
    pub energy: Option<Measured>,
}

/// All starts of a training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Starts {
    pub starts: Vec<Start>,
    /// Position of the best by training samples.
    pub best: usize,
    /// The best one trained twice as long.
    pub twice: Start,
}

/// How the first machine is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    Random,
    /// Hidden units that are added at a time.
    Grown(usize),
    LowRank,
    /// One of the user's, of as many hidden units, and how many are added at a time.
    Given(usize, usize),
}

/// A training from one start.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Its place among the starts.
    pub number: usize,
    pub first: First,
    /// Factor of the number of epochs.
    pub times: usize,
}

impl Attempt {
    /// The start `number` of a machine of so many `hidden` units: the first grows by `grow` units at a time (0 = all at
    /// once, from random weights) or begins with a `given` machine of so many; the others are grown by single units, of
    /// low rank, random, grown by quarters, and so on.
    pub fn of(number: usize, grow: usize, hidden: usize, given: Option<usize>) -> Self {
        let own = match given {
            Some(units) => First::Given(units, grow),
            None if grow == 0 => First::Random,
            None => First::Grown(grow),
        };
        let quarter = First::Grown(hidden.div_ceil(4));
        let first = match number {
            0 => own,
            _ => [First::Grown(hidden.div_ceil(32)), First::LowRank, First::Random, quarter][(number - 1) % 4],
        };
        Self { number, first, times: 1 }
    }

    /// Numbers of hidden units of the trainings one after the other.
    pub fn sizes(&self, hidden: usize) -> Vec<usize> {
        let (begin, step) = match self.first {
            First::Grown(step) => (0, step),
            First::Given(units, step) if units < hidden => (units, step),
            _ => return vec![hidden],
        };
        (1..=(hidden - begin).div_ceil(step)).map(|k| (begin + k * step).min(hidden)).collect()
    }

    /// Its first machine, in words.
    pub fn words(&self) -> String {
        match self.first {
            First::Random => "random".into(),
            First::Grown(step) => format!("grown by {step}"),
            First::LowRank => format!("low rank ({RANK})"),
            First::Given(..) => "as given".into(),
        }
    }

    /// Suffix of its random streams and restarts: none for the only one.
    pub fn suffix(&self) -> String {
        let number = if self.number == 0 { String::new() } else { format!("/start-{}", self.number) };
        if self.times == 1 { number } else { format!("{number}/twice") }
    }
}

/// Trains from each of `plans` and keeps the machine of the largest ln p of training samples; then the best one is
/// trained once more, twice as long. `announce` says what work a training is, `measured` does it.
///
/// # Errors
/// The first error of `measured`.
pub fn best_of<T: Send>(
    plans: &[Attempt],
    announce: impl Fn(&Attempt),
    measured: impl Fn(&Attempt) -> Result<(T, Start), Error> + Sync,
) -> Result<(T, Starts), Error> {
    let found = plans.par_iter().map(&measured).collect::<Result<Vec<_>, Error>>()?;
    let of_training = |start: &Start| start.ln_p.map_or(f64::NEG_INFINITY, |ln_p| ln_p[0]);
    // The first of equals: `max_by` takes the last.
    let better = |a: &usize, b: &usize| of_training(&found[*a].1).total_cmp(&of_training(&found[*b].1)).then(b.cmp(a));
    let best = (0..found.len()).max_by(better).unwrap_or(0);
    let longer = Attempt { times: 2, ..plans[best] };
    announce(&longer);
    let twice = measured(&longer)?;
    let (machines, starts): (Vec<T>, Vec<Start>) = found.into_iter().unzip();
    let kept = match of_training(&twice.1) > of_training(&starts[best]) {
        true => Some(twice.0),
        false => machines.into_iter().nth(best),
    };
    let kept = kept.ok_or_else(|| Error::failure("there is no start"))?;
    Ok((kept, Starts { starts, best, twice: twice.1 }))
}
