//! Long computations that can be left and taken up again: trainings, flows, chains.
//!
//! The state from [`Resumable::save`] between two advances brings a computation of the same description to the same
//! bytes as one that was never left. It is data of one version of this crate on one kind of processor, not a format for
//! exchange: who keeps it says of what it is and checks that it is whole.
//!
//! States are encoded by postcard, a compact binary format of serde, which keeps every bit of a float.

use ndarray::Array2;
use serde::{Serialize, Serializer, de::DeserializeOwned};
use std::ops::ControlFlow;
use thiserror::Error;

/// A computation that goes on step by step.
///
/// ```
/// use ndarray::Array2;
/// use rgflow::{random::Streams, rbm::{Fit, Rbm, Training}, restart::Resumable};
/// let streams = Streams::new(1);
/// let data = Array2::from_shape_fn((200, 6), |(s, _)| if s % 2 == 0 { 1.0f32 } else { -1.0 });
/// let start = Rbm::random(6, 2, 0.01, &mut streams.generator("example/init", 0));
/// let training = Training { updates: 5000, evaluate_every: 500, ..Training::default() };
/// let fit = || Fit::new(start.clone(), data.view(), data.view(), &training, streams.of("example"));
/// let mut whole = fit()?;
/// while whole.advance() {}
/// let (mut first, mut second) = (fit()?, fit()?);
/// first.advance();
/// second.restore(&first.save()).expect("of the same description");
/// assert_eq!(second.done(), first.done());
/// while second.advance() {}
/// assert_eq!(second.finish()?.rbm, whole.finish()?.rbm);
/// # Ok::<(), rgflow::rbm::RbmError>(())
/// ```
pub trait Resumable {
    /// Goes on for some milliseconds, or for one step where that takes longer; whether there is more to do.
    fn advance(&mut self) -> bool;

    /// Work behind it, in the unit of the computation: updates, or steps times chains.
    fn done(&self) -> u64;

    /// All that it needs to go on, beside what it was made from.
    fn save(&self) -> Vec<u8>;

    /// Goes on from what [`Resumable::save`] of a computation of the same description gave.
    ///
    /// # Errors
    /// [`Unfit`] if it cannot be such a state; this computation is then of no use any more.
    fn restore(&mut self, state: &[u8]) -> Result<(), Unfit>;
}

/// Brings `work` to its end. `tick` is told after each advance what it did, in [`Resumable::done`]'s unit.
///
/// # Errors
/// [`Stopped`] where `tick` breaks.
pub fn complete(work: &mut dyn Resumable, tick: &dyn Fn(u64) -> ControlFlow<()>) -> Result<(), Stopped> {
    loop {
        let before = work.done();
        let more = work.advance();
        if tick(work.done() - before).is_break() {
            return Err(Stopped);
        }
        if !more {
            return Ok(());
        }
    }
}

/// Brings `work` to its end and tells `progress` each of its `records` when it is there, where an advance ends;
/// [`Stopped`] where that breaks.
pub(crate) fn complete_and_tell<W: Resumable, R: Copy>(
    work: &mut W,
    records: impl Fn(&W) -> &[R],
    progress: &mut dyn FnMut(R) -> ControlFlow<()>,
) -> Result<(), Stopped> {
    let mut told = 0;
    loop {
        let more = work.advance();
        if records(work)[told..].iter().try_for_each(|record| progress(*record)).is_break() {
            return Err(Stopped);
        }
        told = records(work).len();
        if !more {
            return Ok(());
        }
    }
}

/// Completes the parts of a computation, by their numbers; it may save them on the way, or stop.
pub type Drive<'a> = dyn Fn(usize, &mut dyn Resumable) -> Result<(), Stopped> + Sync + 'a;

/// A computation was told to stop before its end: by a callback that broke, or by its [`Drive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("stopped before the end")]
pub struct Stopped;

/// The [`Drive`] that never stops.
///
/// # Errors
/// None.
pub fn through(_: usize, work: &mut dyn Resumable) -> Result<(), Stopped> {
    complete(work, &|_| ControlFlow::Continue(()))
}

/// A state of another computation, or of another version of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the saved state does not fit this computation")]
pub struct Unfit;

/// `state` as bytes.
pub fn encode(state: &(impl Serialize + ?Sized)) -> Vec<u8> {
    postcard::to_allocvec(state).expect("states are numbers and lists of known length, and memory does not refuse them")
}

/// The value that [`encode`] turned into `bytes`.
///
/// # Errors
/// [`Unfit`] if they are of something else.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unfit> {
    match postcard::take_from_bytes(bytes) {
        Ok((state, [])) => Ok(state),
        _ => Err(Unfit),
    }
}

/// Configurations, encoded as the array is, but all bytes at once: a stop has to wait for them.
pub(crate) struct Spins<'a>(pub &'a Array2<i8>);

impl Serialize for Spins<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            Some(spins) => {
                // The version of ndarray's encoding, the shape, the values.
                let (rows, columns) = self.0.dim();
                (1u8, rows, columns, Bytes(bytemuck::cast_slice(spins))).serialize(serializer)
            }
            None => self.0.serialize(serializer),
        }
    }
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Copies `from` to `to`, which has the same length.
pub(crate) fn put<T: Copy>(to: &mut [T], from: &[T]) -> Result<(), Unfit> {
    demand(to.len() == from.len())?;
    to.copy_from_slice(from);
    Ok(())
}

/// Refuses a state that does not hold what it must.
pub(crate) fn demand(holds: bool) -> Result<(), Unfit> {
    if holds { Ok(()) } else { Err(Unfit) }
}

/// Is told of work that was done, from any thread, and may stop it.
pub type Tick<'a> = dyn Fn(u64) -> ControlFlow<()> + Sync + 'a;

/// The [`Tick`] that never stops.
pub fn unwatched(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Counts the steps of one loop, and tells of them every some milliseconds.
pub(crate) struct Ticks<'a> {
    tick: &'a Tick<'a>,
    /// Work of a step.
    each: u64,
    /// Steps between two ticks.
    every: usize,
    /// Steps that were not told.
    untold: usize,
}

impl<'a> Ticks<'a> {
    /// Of steps of the work `each`, which take about `operations`.
    pub fn new(tick: &'a Tick<'a>, each: usize, operations: usize) -> Self {
        Self { tick, each: each as u64, every: steps_per_advance(operations), untold: 0 }
    }

    /// A step is done.
    ///
    /// # Errors
    /// [`Stopped`] where the tick breaks.
    pub fn step(&mut self) -> Result<(), Stopped> {
        self.untold += 1;
        if self.untold >= self.every { self.tell() } else { Ok(()) }
    }

    /// Tells what is left to be told.
    ///
    /// # Errors
    /// As [`Ticks::step`].
    pub fn tell(&mut self) -> Result<(), Stopped> {
        let units = self.each * std::mem::take(&mut self.untold) as u64;
        if (self.tick)(units).is_break() { Err(Stopped) } else { Ok(()) }
    }
}

/// Steps that take some milliseconds where each needs about `operations`.
pub(crate) fn steps_per_advance(operations: usize) -> usize {
    // About 10^10 operations a second.
    (30_000_000 / operations.max(1)).clamp(1, 1000)
}

/// The work of `new` done at one go, and left after each advance and taken up by another.
#[cfg(test)]
pub(crate) fn whole_and_in_parts<R: Resumable>(new: impl Fn() -> R) -> [R; 2] {
    let (mut whole, mut parts) = (new(), new());
    while whole.advance() {}
    while parts.advance() {
        let mut next = new();
        next.restore(&parts.save()).unwrap();
        parts = next;
    }
    [whole, parts]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spins_are_encoded_as_their_array() {
        for shape in [(3, 5), (0, 4), (200, 1)] {
            let spins = Array2::from_shape_fn(shape, |(i, j)| if (i + j) % 3 == 0 { 1i8 } else { -1 });
            assert_eq!(encode(&Spins(&spins)), encode(&spins));
            assert_eq!(encode(&Spins(&spins.t().to_owned())), encode(&spins.t()));
            assert_eq!(decode::<Array2<i8>>(&encode(&Spins(&spins))), Ok(spins));
        }
    }

    #[test]
    fn floats_keep_their_bits_and_other_bytes_are_refused() {
        let state = (vec![f32::from_bits(0x7fc0_1234), -0.0, 1e-45], f64::NEG_INFINITY, [u32::MAX; 3], Some(7usize));
        let bytes = encode(&state);
        let back: (Vec<f32>, f64, [u32; 3], Option<usize>) = decode(&bytes).unwrap();
        assert!(state.0.iter().zip(&back.0).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert_eq!((state.1, state.2, state.3), (back.1, back.2, back.3));
        for length in 0..bytes.len() {
            assert_eq!(decode::<(Vec<f32>, f64, [u32; 3], Option<usize>)>(&bytes[..length]), Err(Unfit));
        }
        assert_eq!(decode::<u8>(&[1, 2]), Err(Unfit));
    }
}
