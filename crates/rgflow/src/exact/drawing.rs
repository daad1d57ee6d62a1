//! Independent configurations on their way: what is left goes on to the same configurations.

use ndarray::Array2;

use crate::lattice::Collection;
use crate::random::Generator;
use crate::restart::{Resumable, Spins, Unfit, decode, demand, encode, steps_per_advance};

/// Makes the step of this number, which writes its configuration to its row.
type Step<'a> = dyn FnMut(usize, &mut Array2<i8>, &mut Generator) + 'a;

/// Draws of an exact sampler at work, counted in configurations.
pub(crate) struct Drawing<'a> {
    step: Box<Step<'a>>,
    rng: Generator,
    spins: Array2<i8>,
    done: usize,
    steps_per_advance: usize,
}

impl<'a> Drawing<'a> {
    /// Of configurations of `shape` (n, spins), each by a step of about `operations`.
    pub fn new(
        shape: [usize; 2],
        operations: usize,
        rng: Generator,
        step: impl FnMut(usize, &mut Array2<i8>, &mut Generator) + 'a,
    ) -> Self {
        let steps_per_advance = steps_per_advance(operations);
        Self { step: Box::new(step), rng, spins: Array2::ones(shape), done: 0, steps_per_advance }
    }

    /// The collection, of what is left to do too.
    pub fn finish(mut self) -> Collection {
        while self.advance() {}
        Collection::independent("exact", self.spins)
    }
}

impl Resumable for Drawing<'_> {
    fn advance(&mut self) -> bool {
        let end = self.spins.nrows().min(self.done + self.steps_per_advance);
        (self.done..end).for_each(|k| (self.step)(k, &mut self.spins, &mut self.rng));
        self.done = end;
        end < self.spins.nrows()
    }

    fn done(&self) -> u64 {
        self.done as u64
    }

    fn save(&self) -> Vec<u8> {
        encode(&(self.done, &self.rng, Spins(&self.spins)))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit> {
        let (done, rng, spins): (usize, Generator, Array2<i8>) = decode(state)?;
        demand(done <= spins.nrows() && spins.dim() == self.spins.dim())?;
        (self.done, self.rng, self.spins) = (done, rng, spins);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{chain, transfer};
    use crate::lattice::Temperature;
    use crate::random::Streams;
    use crate::restart::whole_and_in_parts;

    /// Left after each configuration and taken up by a drawing of another state, a drawing ends with the same
    /// configurations, with vectors that are kept and with those that are made again.
    #[test]
    fn a_drawing_left_anywhere_ends_with_the_same_configurations() {
        let rng = |index| Streams::new(1).generator("test/drawing", index);
        for t in [0.0, 2.3, f64::INFINITY] {
            let temperature = Temperature::new(t).unwrap();
            let mut sampler = transfer::Sampler::new(4, 6, temperature).unwrap();
            for stored in [true, false] {
                if !stored {
                    sampler.forget_vectors();
                }
                let drawing = || Drawing { steps_per_advance: 7, ..sampler.drawing(40, rng(0)) };
                let [whole, parts] = whole_and_in_parts(drawing);
                assert_eq!(whole.done(), 40);
                assert_eq!(whole.finish(), parts.finish(), "T = {t}, {stored}");
            }
            let drawing = || Drawing { steps_per_advance: 7, ..chain::drawing(9, temperature, 40, rng(0)).unwrap() };
            let [whole, parts] = whole_and_in_parts(drawing);
            let state = parts.save();
            let collection = whole.finish();
            assert_eq!(collection, parts.finish());
            assert_eq!(collection, chain::sample(9, temperature, 40, &mut rng(0)).unwrap());
            assert_eq!(chain::drawing(9, temperature, 41, rng(0)).unwrap().restore(&state), Err(Unfit));
        }
    }
}
