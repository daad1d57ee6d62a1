//! Calls without Python's lock. A long one works on a thread of its own with a pool of its own, while the calling thread
//! waits, tells how far it is and looks for signals; a short one is not worth that.

use crate::errors::About;
use crate::pool;
use pyo3::prelude::*;
use rgflow_lab::artifact::progress::{Event, Observer};
use rgflow_lab::artifact::{Error, Progress};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Time between two looks at signals.
const LOOK: Duration = Duration::from_millis(50);
/// Looks that a stopped work is waited for, where it may go on by itself.
const PATIENCE: usize = 1;

/// Operations that take less than about a millisecond.
const FEW: usize = 1_000_000;

/// Units of work announced and done, and whether to stop. Counted by any thread, without Python's lock.
#[derive(Default)]
pub struct Watch {
    announced: AtomicU64,
    done: AtomicU64,
    stop: AtomicBool,
    /// Flag of a run, which stops it too.
    linked: Mutex<Option<Arc<AtomicBool>>>,
}

impl Watch {
    /// Set where the work is to stop.
    pub fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// Also sets `flag` where the work is to stop.
    pub fn link(&self, flag: &Arc<AtomicBool>) {
        *self.linked.lock().unwrap_or_else(PoisonError::into_inner) = Some(flag.clone());
        flag.fetch_or(self.stop.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    fn set(&self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(flag) = &*self.linked.lock().unwrap_or_else(PoisonError::into_inner) {
            flag.store(true, Ordering::SeqCst);
        }
    }

    fn seen(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.announced.load(Ordering::Relaxed))
    }
}

impl Observer for Watch {
    fn announce(&self, units: u64) {
        self.announced.fetch_add(units, Ordering::Relaxed);
    }

    fn tick(&self, units: u64) -> Result<(), Error> {
        self.done.fetch_add(units, Ordering::Relaxed);
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// Counts stages.
impl Progress for Watch {
    fn report(&self, event: Event<'_>) {
        if matches!(event, Event::Ends(_) | Event::Kept(_)) {
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Result of a work that is nothing where it was stopped; a mistake in it is one of `about`.
pub fn ended<T>((result, raised): (Result<T, Error>, Option<PyErr>), about: About) -> PyResult<T> {
    match (result, raised) {
        (_, Some(raised)) => Err(raised),
        (Ok(value), None) => Ok(value),
        (Err(error), None) => Err(about.error(error)),
    }
}

/// How a call works: on how many threads, and whom it tells how far it is.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct How {
    threads: usize,
    tell: Option<Py<PyAny>>,
}

impl How {
    /// As [`How::run`], without a thread of its own where the work is of few operations: nobody waits for their end.
    pub fn run_sized<T: Send>(
        &self,
        py: Python<'_>,
        operations: usize,
        compute: impl FnOnce(&Watch) -> T + Send,
    ) -> PyResult<(T, Option<PyErr>)> {
        if operations > FEW {
            return self.run(py, compute);
        }
        let pool = pool::lend(self.threads)?;
        let result = py.detach(|| pool.install(|| compute(&Watch::default())));
        pool.give_back();
        Ok((result, None))
    }

    /// Runs `compute` on a thread and a pool of its own. The second value is what a signal handler or the told function
    /// raised; the work was then asked to stop, and may have a result nevertheless.
    pub fn run<T: Send>(
        &self,
        py: Python<'_>,
        compute: impl FnOnce(&Watch) -> T + Send,
    ) -> PyResult<(T, Option<PyErr>)> {
        self.run_shared(py, |watch| compute(watch))
    }

    /// As [`How::run`], for a work that keeps the watch.
    pub fn run_shared<T: Send>(
        &self,
        py: Python<'_>,
        compute: impl FnOnce(&Arc<Watch>) -> T + Send,
    ) -> PyResult<(T, Option<PyErr>)> {
        let (pool, watch) = (pool::lend(self.threads)?, Arc::new(Watch::default()));
        let (result, raised) = py.detach(|| {
            std::thread::scope(|scope| {
                let (ended, end) = channel::<()>();
                let worker = scope.spawn(|| {
                    // Dropped at the end, also of a panic.
                    let _ended = ended;
                    pool.install(|| compute(&watch))
                });
                let (raised, _) = self.wait(&watch, || end.recv_timeout(LOOK), None);
                (worker.join(), raised)
            })
        });
        pool.give_back();
        // A panic is a bug: it becomes Python's `PanicException`.
        Ok((result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)), raised))
    }

    /// As [`How::run_shared`], for a work that owns what it needs: one that does not stop soon after it was asked to is
    /// left to end by itself, and has no result.
    pub fn run_owned<T: Send + 'static>(
        &self,
        py: Python<'_>,
        compute: impl FnOnce(&Arc<Watch>) -> T + Send + 'static,
    ) -> PyResult<(Option<T>, Option<PyErr>)> {
        let (pool, watch) = (pool::lend(self.threads)?, Arc::new(Watch::default()));
        let working = watch.clone();
        let (result, raised) = py.detach(|| {
            let (ended, end) = channel::<()>();
            let worker = std::thread::spawn(move || {
                let _ended = ended;
                let result = pool.install(|| compute(&working));
                pool.give_back();
                result
            });
            let (raised, over) = self.wait(&watch, || end.recv_timeout(LOOK), Some(PATIENCE));
            (over.then(|| worker.join()), raised)
        });
        let result = result.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok((result, raised))
    }

    /// Waits for the end of a work, tells how far it is and looks for signals; what these raise stops the work, which is
    /// waited for, with `patience` only so many looks more. The second value is whether it has ended.
    fn wait(
        &self,
        watch: &Watch,
        mut look: impl FnMut() -> Result<(), RecvTimeoutError>,
        patience: Option<usize>,
    ) -> (Option<PyErr>, bool) {
        let (mut told, mut raised, mut left) = ((0, 0), None, patience);
        while let Err(RecvTimeoutError::Timeout) = look() {
            match (&raised, &mut left) {
                (None, _) => {
                    if let Err(error) = Python::attach(|py| self.look(py, watch, &mut told)) {
                        watch.set();
                        raised = Some(error);
                    }
                }
                (Some(_), Some(0)) => return (raised, false),
                (Some(_), left) => *left = left.map(|looks| looks - 1),
            }
        }
        (raised.or_else(|| Python::attach(|py| self.tell(py, watch, &mut told)).err()), true)
    }

    fn look(&self, py: Python<'_>, watch: &Watch, told: &mut (u64, u64)) -> PyResult<()> {
        py.check_signals()?;
        self.tell(py, watch, told)
    }

    fn tell(&self, py: Python<'_>, watch: &Watch, told: &mut (u64, u64)) -> PyResult<()> {
        let seen = watch.seen();
        if let Some(tell) = self.tell.as_ref().filter(|_| seen != *told) {
            *told = seen;
            tell.call1(py, seen)?;
        }
        Ok(())
    }
}
