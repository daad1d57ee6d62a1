//! SIGINT and SIGTERM: the first asks the run to stop where it can be resumed, the second ends the process at once.

use rgflow_lab::artifact::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

static CURRENT: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);
static HANDLER: Once = Once::new();

/// From now on signals set `flag`.
///
/// # Errors
/// If the system refuses a handler.
pub fn watch(flag: &Arc<AtomicBool>) -> Result<(), Error> {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Some(flag.clone());
    let mut result = Ok(());
    HANDLER.call_once(|| result = ctrlc::set_handler(on_signal));
    result.map_err(|e| Error::failure(format!("cannot watch for signals: {e}")))
}

fn on_signal() {
    let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    match current.as_ref() {
        Some(flag) if !flag.swap(true, Ordering::Relaxed) => {
            crate::output::complain("stopping at the next safe point; again to stop at once");
        }
        _ => std::process::exit(130),
    }
}
