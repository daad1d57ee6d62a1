//! SIGINT and SIGTERM: the first asks the run to stop at a point where it can be resumed, the second ends the process
//! at once. The process also ends if no safe point is reached in time: files appear whole or not at all, and `--resume`
//! repeats the stage.

use rgflow_lab::artifact::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

static CURRENT: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);
static CAME: AtomicBool = AtomicBool::new(false);
static HANDLER: Once = Once::new();

/// Longest wait for the next safe point of a run.
const GRACE: Duration = Duration::from_millis(1500);
/// Message for a user who stopped a run.
pub const HINT: &str = "interrupted: what is finished is kept; the same command with --resume goes on";

/// Installs the handlers: a signal ends the process with exit code 130, at once or through the flag passed to
/// [`watch`].
///
/// # Errors
/// If the system refuses a handler.
pub fn install() -> Result<(), Error> {
    let mut result = Ok(());
    HANDLER.call_once(|| result = ctrlc::set_handler(on_signal));
    // A thread waits for them, which takes memory.
    let limits = "raise the limits of memory (`ulimit -v`) and of threads (`ulimit -u`)";
    result.map_err(|e| Error::user(format!("cannot watch for signals: {e}; {limits}")))
}

/// Makes signals set `flag` from now on.
///
/// # Errors
/// If the system refuses a handler.
pub fn watch(flag: &Arc<AtomicBool>) -> Result<(), Error> {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Some(flag.clone());
    install()
}

/// Ends the watch: the run is over, and a signal ends the process at once again.
pub fn unwatch() {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Stops between two runs of one command if a signal arrived too late for the first.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn check() -> Result<(), Error> {
    if CAME.load(Ordering::Relaxed) {
        crate::output::complain(HINT);
        return Err(Error::Interrupted);
    }
    Ok(())
}

fn on_signal() {
    let first = !CAME.swap(true, Ordering::Relaxed);
    let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    match current.as_ref() {
        Some(flag) if first => {
            flag.store(true, Ordering::Relaxed);
            crate::output::complain("stopping at the next safe point; again to stop at once");
            std::thread::spawn(|| {
                std::thread::sleep(GRACE);
                // The end of a run takes this lock, so it cannot pass here while the process is ending.
                if CURRENT.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                    crate::output::complain(HINT);
                    std::process::exit(130);
                }
            });
        }
        _ => std::process::exit(130),
    }
}
