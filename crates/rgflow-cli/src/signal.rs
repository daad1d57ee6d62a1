//! SIGINT and SIGTERM: the first asks the run to stop where it can be resumed, the second ends the process at once. So does
//! time, if no safe point comes soon: files appear whole or not at all, and `--resume` makes the stage again.

use rgflow_lab::artifact::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

static CURRENT: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);
static CAME: AtomicBool = AtomicBool::new(false);
static HANDLER: Once = Once::new();

/// How long a run may take to its next safe point.
const GRACE: Duration = Duration::from_millis(1500);
/// What the person reads who stopped a run.
pub const HINT: &str = "interrupted: what is finished is kept; the same command with --resume goes on";

/// From now on a signal ends the process with the exit code 130: at once, or by the flag that [`watch`] was given.
///
/// # Errors
/// If the system refuses a handler.
pub fn install() -> Result<(), Error> {
    let mut result = Ok(());
    HANDLER.call_once(|| result = ctrlc::set_handler(on_signal));
    result.map_err(|e| Error::failure(format!("cannot watch for signals: {e}")))
}

/// From now on signals set `flag`.
///
/// # Errors
/// If the system refuses a handler.
pub fn watch(flag: &Arc<AtomicBool>) -> Result<(), Error> {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Some(flag.clone());
    install()
}

/// The run is over: a signal now ends the process at once.
pub fn unwatch() {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Between two runs of one command: a signal that came too late for the first stops before the second.
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
                // The run's end takes the lock: it cannot pass here while the process ends.
                if CURRENT.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                    crate::output::complain(HINT);
                    std::process::exit(130);
                }
            });
        }
        _ => std::process::exit(130),
    }
}
