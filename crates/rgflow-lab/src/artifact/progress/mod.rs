//! Progress of runs: the stages that are planned, the time they are expected to take, and what a user sees of them.
//!
//! An experiment says its stages before it begins ([`Plan`]); a run reports what happens to each ([`Event`]).
//! [`Estimate`] turns both into a share and a time left, and [`Reporter`] shows them as a bar, as lines of text or as
//! lines of JSON. Nothing here enters results, keys of stages or files.

mod estimate;
mod lines;
mod plan;
mod recorded;
mod reporter;
mod words;

pub use estimate::{Estimate, StageId, View};
pub use plan::{Plan, PlannedRun, PlannedStage};
pub use recorded::{Recording, replay};
pub(crate) use reporter::AFTER_STAGES;
pub use reporter::{Reporter, Show};
pub use words::{bar_line, duration, header};

use super::Error;

/// Receives the events of one run, from any thread.
pub trait Progress: Send + Sync {
    /// Takes note of an event.
    fn report(&self, event: Event<'_>);
}

/// Is told of the work of a computation within a stage, and may stop it.
pub trait Observer: Sync {
    /// Announces units of work that [`Observer::tick`] will report.
    fn announce(&self, units: u64);

    /// Reports units of work as done.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if a signal arrived.
    fn tick(&self, units: u64) -> Result<(), Error>;
}

/// Something that happens to a stage, or that a user is to be told.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A stage begins.
    Begins(At<'a>),
    /// Units of work of a stage, announced before they are done.
    Work(At<'a>, u64),
    /// Units of work that are done.
    Advance(At<'a>, u64),
    /// Units of work that an earlier run has done, taken from a restart.
    Restored(At<'a>, u64),
    /// A stage is finished.
    Ends(At<'a>),
    /// A stage is kept as an earlier run left it.
    Kept(At<'a>),
    /// A line for the user.
    Message(&'a str),
}

/// A stage of a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a> {
    /// Seed of the repetition; `None` for what is done once for all of them.
    pub seed: Option<u64>,
    /// Name of the stage, with that of its part: `L32/rbm/all`.
    pub stage: &'a str,
}

/// Shows no progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _: Event<'_>) {}
}

impl Observer for Silent {
    fn announce(&self, _: u64) {}

    fn tick(&self, _: u64) -> Result<(), Error> {
        Ok(())
    }
}
