//! Threads of calls, which the next call takes up again.

use crate::errors::SettingError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::Mutex;

/// The threads of the last call that has ended.
static KEPT: Mutex<Option<Lent>> = Mutex::new(None);

/// Threads for one call alone. Its end keeps them for the next one.
pub struct Lent {
    pool: ThreadPool,
    threads: usize,
    process: u32,
}

/// So many threads of this process, those of an earlier call where they are free.
pub fn lend(threads: usize) -> PyResult<Lent> {
    let process = std::process::id();
    // A fork in the midst of another call leaves the child a lock that never opens: it makes its own threads.
    let mut kept = KEPT.try_lock().ok().and_then(|mut kept| kept.take());
    if let Some(lent) = kept.take_if(|lent| lent.process != process) {
        // After a fork there are no such threads here, and nothing of theirs may be touched.
        std::mem::forget(lent);
    }
    match kept.filter(|lent| lent.threads == threads) {
        Some(lent) => Ok(lent),
        None => {
            let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|k| format!("rgflow-{k}")).build();
            let pool = pool.map_err(|e| SettingError::new_err(format!("threads = {threads}: {e}; take fewer")))?;
            Ok(Lent { pool, threads, process })
        }
    }
}

impl Lent {
    /// Runs `compute` on these threads.
    pub fn install<T: Send>(&self, compute: impl FnOnce() -> T + Send) -> T {
        self.pool.install(compute)
    }

    /// Keeps them for the next call, unless others are kept.
    pub fn give_back(self) {
        if let Ok(mut kept) = KEPT.try_lock() {
            kept.get_or_insert(self);
        }
    }
}
