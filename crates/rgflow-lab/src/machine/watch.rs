//! Progress of a command with one stage, and its interruption.

use crate::artifact::progress::{At, Event, Observer};
use crate::artifact::{Error, Progress};
use rgflow::restart::Tick;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// The one stage of a command: who is told of its work, and the flag that stops it.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Receiver of the progress.
    pub progress: &'a dyn Progress,
    /// Set by a signal.
    pub interrupt: &'a AtomicBool,
    /// The stage.
    pub at: At<'a>,
}

impl Watch<'_> {
    /// Makes the stage.
    ///
    /// # Errors
    /// Those of `make`; [`Error::Interrupted`] if a signal came where `make` does not look for one.
    pub fn stage<T>(&self, make: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        self.progress.report(Event::Begins(self.at));
        let made = make(self)?;
        if self.is_interrupted() {
            return Err(Error::Interrupted);
        }
        self.progress.report(Event::Ends(self.at));
        Ok(made)
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// Carries out a computation of so many `units` of work, which is told what it has done.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where a signal stopped it.
    pub(super) fn work<T, E: Into<Error>>(
        &self,
        units: u64,
        compute: impl FnOnce(&Tick) -> Result<T, E>,
    ) -> Result<T, Error> {
        self.announce(units);
        let tick = |units| if self.tick(units).is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        compute(&tick).map_err(Into::into)
    }
}

impl Observer for Watch<'_> {
    fn announce(&self, units: u64) {
        self.progress.report(Event::Work(self.at, units));
    }

    fn tick(&self, units: u64) -> Result<(), Error> {
        self.progress.report(Event::Advance(self.at, units));
        if self.is_interrupted() { Err(Error::Interrupted) } else { Ok(()) }
    }
}
