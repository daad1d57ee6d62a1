//! A sampling on its way: what is left goes on to the same configurations.

use ndarray::Array2;

use super::{ChainLength, Collection, Ising, Lattice, Temperature};
use crate::restart::{Resumable, Spins, Unfit, decode, demand, encode, steps_per_advance};

/// Configurations to be sampled: `n` of a model at a temperature, by chains of a length.
pub(crate) struct Request<'a, 'l, L: Lattice + ?Sized> {
    pub model: &'a Ising<'a, L>,
    pub temperature: Temperature,
    pub n: usize,
    pub length: &'l ChainLength,
}

/// A Markov chain sampler, step by step.
pub(super) trait Walk {
    /// Makes the step number `step`, from 0 in their order, and writes the configurations that it reaches to their
    /// rows.
    fn step(&mut self, step: usize, kept: &mut Array2<i8>);

    /// All that the next step needs.
    fn save(&self) -> Vec<u8>;

    /// Goes on from what [`Walk::save`] gave.
    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit>;

    /// The collection of all that was kept.
    fn collect(self: Box<Self>, kept: Array2<i8>) -> Collection;
}

/// A sampler at work, from its function `sampling`: configurations of one temperature. Its work is counted in steps:
/// configurations of chains that run one after the other and spacings of their burn-ins, or sweeps of replicas.
///
/// ```
/// use rgflow::{lattice::{ChainLength, Ising, Square, Temperature, wolff}, random::Streams, restart::Resumable};
/// let square = Square::new(16, 16)?;
/// let (model, length) = (Ising::new(&square), ChainLength::CLUSTERS);
/// let [mut a, mut b] = [0, 0].map(|index| Streams::new(1).generator("example", index));
/// let mut left = wolff::sampling(&model, Temperature::CRITICAL, 2000, &length, &mut a)?;
/// left.advance();
/// let mut taken_up = wolff::sampling(&model, Temperature::CRITICAL, 2000, &length, &mut b)?;
/// taken_up.restore(&left.save()).expect("of the same description");
/// assert_eq!(taken_up.finish(), left.finish());
/// # Ok::<(), rgflow::lattice::LatticeError>(())
/// ```
pub struct Sampling<'a> {
    walk: Box<dyn Walk + 'a>,
    kept: Array2<i8>,
    step: usize,
    steps: usize,
    steps_per_advance: usize,
}

impl<'a> Sampling<'a> {
    /// Of configurations of `shape` (n, spins) in `steps` steps of about `operations`.
    pub(super) fn new(walk: impl Walk + 'a, shape: [usize; 2], steps: usize, operations: usize) -> Self {
        let kept = Array2::ones(shape);
        Self { walk: Box::new(walk), kept, step: 0, steps, steps_per_advance: steps_per_advance(operations) }
    }

    /// A sampling that is drawn already.
    pub(super) fn drawn(collection: Collection) -> Self {
        Self::new(Drawn(collection), [0, 0], 0, 1)
    }

    /// Number of steps in all.
    pub fn steps(&self) -> u64 {
        self.steps as u64
    }

    /// The collection, of what is left to do too.
    pub fn finish(mut self) -> Collection {
        while self.advance() {}
        self.walk.collect(self.kept)
    }
}

impl Resumable for Sampling<'_> {
    fn advance(&mut self) -> bool {
        let end = self.steps.min(self.step + self.steps_per_advance);
        (self.step..end).for_each(|step| self.walk.step(step, &mut self.kept));
        self.step = end;
        end < self.steps
    }

    fn done(&self) -> u64 {
        self.step as u64
    }

    fn save(&self) -> Vec<u8> {
        encode(&(self.step, self.walk.save(), Spins(&self.kept)))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (step, walk, kept): (usize, Vec<u8>, Array2<i8>) = decode(state)?;
        demand(step <= self.steps && kept.dim() == self.kept.dim())?;
        self.walk.restore(&walk)?;
        (self.step, self.kept) = (step, kept);
        Ok(())
    }
}

struct Drawn(Collection);

impl Walk for Drawn {
    fn step(&mut self, _: usize, _: &mut Array2<i8>) {}

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        demand(state.is_empty())
    }

    fn collect(self: Box<Self>, _: Array2<i8>) -> Collection {
        self.0
    }
}

/// Chains one after the other: chain c burns in and then keeps the rows c, c + `chains` ... of `n`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    n: usize,
    pub chains: usize,
    burn_in: usize,
}

/// A step of [`Turns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The chain of this number goes on with its burn-in, by the spacing of this number: with the first it begins.
    BurnIn(usize, usize),
    /// The chain goes on to the configuration of this row.
    Row(usize),
}

impl Turns {
    /// As many chains, or one per configuration if these are fewer: but an even number. Each burns in for at least one
    /// of `burn_in` spacings.
    pub fn new(n: usize, chains: usize, burn_in: usize) -> Self {
        Self { n, chains: chains.min(n.next_multiple_of(2)).max(1), burn_in: burn_in.max(1) }
    }

    pub fn steps(self) -> usize {
        self.chains.saturating_mul(self.burn_in).saturating_add(self.n)
    }

    /// The step number `step` of [`Turns::steps`].
    pub fn at(self, mut step: usize) -> Turn {
        for c in 0..self.chains {
            if step < self.burn_in {
                return Turn::BurnIn(c, step);
            }
            step -= self.burn_in;
            let rows = (self.n + self.chains - 1 - c) / self.chains;
            if step < rows {
                return Turn::Row(c + step * self.chains);
            }
            step -= rows;
        }
        unreachable!("a step beyond the last")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{
        AshkinTeller, ChainLength, Ising, LatticeError, Square, Temperature, ashkin_teller, heat_bath, metropolis,
        swendsen_wang, wolff,
    };
    use crate::random::Streams;

    #[test]
    fn chains_keep_every_row_once() {
        for (n, chains, burn_in) in [(0, 16, 1), (1, 16, 2), (5, 16, 0), (6, 4, 3), (7, 3, 1), (100, 1, 5), (64, 64, 2)]
        {
            let turns = Turns::new(n, chains, burn_in);
            let mut expected = Vec::new();
            for c in 0..turns.chains {
                expected.extend((0..burn_in.max(1)).map(|k| Turn::BurnIn(c, k)));
                expected.extend((c..n).step_by(turns.chains).map(Turn::Row));
            }
            assert_eq!((0..turns.steps()).map(|step| turns.at(step)).collect::<Vec<_>>(), expected);
        }
    }

    /// Gives a sampling with the generator of this index.
    type Make<'a> = dyn Fn(u64, &mut dyn FnMut(Sampling)) + 'a;

    fn test(name: &str, make: &Make, leaves: &[usize]) {
        let mut whole = None;
        make(0, &mut |sampling| whole = Some(sampling.finish()));
        for leave in leaves {
            let mut state = Vec::new();
            make(0, &mut |mut sampling| {
                sampling.steps_per_advance = 1;
                (0..*leave).for_each(|_| assert!(sampling.advance(), "{name}, {leave}"));
                state = sampling.save();
            });
            make(1, &mut |mut sampling| {
                sampling.restore(&state).unwrap();
                assert_eq!(sampling.done(), *leave as u64);
                assert_eq!(Some(sampling.finish()), whole, "{name}, left after {leave} steps");
            });
            make(1, &mut |mut sampling| assert_eq!(sampling.restore(&state[1..]), Err(Unfit)));
        }
    }

    /// Left after some steps and taken up with another generator, every sampler makes only the steps that are left and
    /// ends with the same collection: in the burn-in, between configurations and at the end, without and in a field.
    #[test]
    fn a_sampling_left_anywhere_ends_with_the_same_collection() {
        let (square, t) = (Square::new(6, 6).unwrap(), Temperature::new(2.3).unwrap());
        let streams = Streams::new(1);
        for field in [0.0, 0.3] {
            let model = Ising::in_field(&square, field).unwrap();
            let wolff = |index: u64, to: &mut dyn FnMut(Sampling)| {
                let length = ChainLength { chains: 4, burn_in: 7.5, spacing: 1.5 };
                let mut rng = streams.generator("test/wolff", index);
                to(wolff::sampling(&model, t, 30, &length, &mut rng).unwrap());
            };
            test("wolff", &wolff, &[0, 1, 2, 4, 5, 6, 13, 14, 49]);
            let length = ChainLength { chains: 6, burn_in: 9.0, spacing: 3.0 };
            let sweeps = |index: u64, to: &mut dyn FnMut(Sampling)| {
                let mut bulk = streams.bulk("test/metropolis", index);
                to(metropolis::sampling(&model, t, 20, &length, &mut bulk).unwrap());
            };
            test("metropolis", &sweeps, &[0, 1, 8, 9, 12, 13, 20]);
            let bath = |index: u64, to: &mut dyn FnMut(Sampling)| {
                let mut bulk = streams.bulk("test/heat-bath", index);
                to(heat_bath::sampling(&model, t, 20, &length, &mut bulk).unwrap());
            };
            test("heat bath", &bath, &[1, 11]);
            let clusters = |index: u64, to: &mut dyn FnMut(Sampling)| {
                let length = ChainLength { chains: 4, burn_in: 5.0, spacing: 2.0 };
                let mut bulk = streams.bulk("test/swendsen-wang", index);
                to(swendsen_wang::sampling(&model, t, 30, &length, &mut bulk).unwrap());
            };
            test("swendsen-wang", &clusters, &[0, 1, 2, 3, 4, 11, 41]);
        }
        let model = AshkinTeller::new(&square, 2.0).unwrap();
        let clusters = |index: u64, to: &mut dyn FnMut(Sampling)| {
            let length = ChainLength { chains: 4, burn_in: 5.0, spacing: 2.0 };
            let mut bulk = streams.bulk("test/ashkin-teller", index);
            to(ashkin_teller::sampling(&model, t, 30, &length, &mut bulk).unwrap());
        };
        test("ashkin-teller", &clusters, &[0, 1, 2, 3, 4, 11, 41]);
        let ground = |index: u64| -> Result<Collection, LatticeError> {
            let (model, mut rng) = (Ising::new(&square), streams.generator("test/ground", index));
            let mut sampling = wolff::sampling(&model, Temperature::ZERO, 10, &ChainLength::CLUSTERS, &mut rng)?;
            assert!(!sampling.advance() && sampling.steps() == 0);
            Ok(sampling.finish())
        };
        assert_eq!(ground(0).unwrap().spins.dim(), (10, 36));
    }
}
