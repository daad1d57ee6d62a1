//! Long calls: the work runs on a thread of its own with a pool of its own and without Python's lock, while the calling
//! thread waits, tells how far it is and looks for signals.

use crate::errors::{About, SettingError};
use pyo3::prelude::*;
use rayon::ThreadPoolBuilder;
use rgflow_lab::artifact::progress::{Event, Observer};
use rgflow_lab::artifact::{Error, Progress};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Time between two looks at signals.
const LOOK: Duration = Duration::from_millis(100);

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
    /// Runs `compute` on a thread and a pool of its own. The pool lives for this call, so that nothing is left that a
    /// fork would break. The second value is what a signal handler or the told function raised; the work was then
    /// asked to stop, and may have a result nevertheless.
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
        let pool = ThreadPoolBuilder::new().num_threads(self.threads).thread_name(|k| format!("rgflow-{k}")).build();
        let pool = pool.map_err(|e| SettingError::new_err(format!("threads = {}: {e}; take fewer", self.threads)))?;
        let watch = Arc::new(Watch::default());
        let mut raised = None;
        let result = py.detach(|| {
            std::thread::scope(|scope| {
                let (ended, end) = channel::<()>();
                let worker = scope.spawn(|| {
                    // Dropped at the end, also of a panic.
                    let _ended = ended;
                    pool.install(|| compute(&watch))
                });
                let mut told = (0, 0);
                while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(LOOK) {
                    if raised.is_none()
                        && let Err(error) = Python::attach(|py| self.look(py, &watch, &mut told))
                    {
                        watch.set();
                        raised = Some(error);
                    }
                }
                let result = worker.join();
                if raised.is_none() {
                    raised = Python::attach(|py| self.tell(py, &watch, &mut told)).err();
                }
                result
            })
        });
        // A panic is a bug: it becomes Python's `PanicException`.
        let result = result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((result, raised))
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
