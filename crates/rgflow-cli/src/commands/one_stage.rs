//! Commands of one stage that leave no run folder: their progress, and what a signal does to them.

use crate::{progress, signal};
use rgflow_lab::artifact::Error;
use rgflow_lab::artifact::progress::{At, Plan, PlannedRun};
use rgflow_lab::machine::Watch;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The one stage of a command.
pub struct OneStage<'a> {
    /// The command, such as `rbm draw`.
    pub command: &'static str,
    /// Name of the stage.
    pub name: &'static str,
    /// File that is written after it, if there is one.
    pub out: Option<&'a Path>,
    pub seed: u64,
    /// Seconds that it is expected to take on one core.
    pub seconds: f64,
}

impl OneStage<'_> {
    /// Makes it, with progress, and stops where a signal says so.
    pub fn make<T>(&self, make: impl FnOnce(&Watch) -> Result<T, Error>) -> Result<T, Error> {
        let Self { command, name, out, seed, seconds } = *self;
        let interrupt = Arc::new(AtomicBool::new(false));
        let plan = Plan::new().stage(name, name, seconds);
        let run = PlannedRun::new(command, out.unwrap_or(Path::new("")), &[seed], plan);
        let reporter = progress::reporter(vec![run]);
        let progress = reporter.of_run(0);
        signal::watch(&interrupt, if out.is_some() { signal::NO_FILE } else { signal::NO_NUMBERS })?;
        let watch = Watch { progress: &*progress, interrupt: &interrupt, at: At { seed: Some(seed), stage: name } };
        let made = watch.stage(make);
        signal::unwatch();
        reporter.finish(made.is_ok());
        made
    }
}
