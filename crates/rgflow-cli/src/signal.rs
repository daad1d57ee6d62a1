//! SIGINT and SIGTERM: the first asks the run to stop at a point where it can be resumed, the second ends the process
//! at once. The process also ends if no safe point is reached in time: files appear whole or not at all, and `--resume`
//! repeats the stage. The end of the time that a command has ([`limit`]) is such a request too.

use rgflow_lab::artifact::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

static CURRENT: Mutex<Option<(Arc<AtomicBool>, Said)>> = Mutex::new(None);
static CAME: AtomicBool = AtomicBool::new(false);
static HANDLER: Once = Once::new();
static TIME_IS_OVER: AtomicBool = AtomicBool::new(false);

/// Longest wait for the next safe point of a run.
const GRACE: Duration = Duration::from_millis(1500);
/// The same at the end of the time limit, when nobody waits at a keyboard.
const LONG_GRACE: Duration = Duration::from_secs(30);
/// Time between two looks at the clock.
const LOOK: Duration = Duration::from_millis(100);
/// Exit code of a run that its time limit stopped: "try again later" of sysexits.h.
const NOT_FINISHED: u8 = 75;
/// Message for a user who stopped a run.
pub const HINT: &str = "interrupted: what is finished is kept; the same command with --resume goes on";

/// Lines for a user who stops a command.
#[derive(Clone, Copy)]
pub struct Said {
    /// At once.
    now: &'static str,
    /// Where no safe point was reached in time; `None` if nothing can be added.
    late: Option<&'static str>,
}

/// Of a run in its folder.
pub const RUN: Said = Said { now: "stopping at the next safe point; again to stop at once", late: Some(HINT) };
/// Of a file that goes on from restarts beside it.
pub const RESTARTS: Said = Said {
    now: RUN.now,
    late: Some("interrupted: the same command goes on from its last restart, or makes the same file anew"),
};
/// Of a file that is written at the end.
pub const NO_FILE: Said =
    Said { now: "interrupted: nothing was written; the same command makes the same file", late: None };
/// Of numbers that are printed at the end.
pub const NO_NUMBERS: Said = Said { now: "interrupted: the same command gives the same numbers", late: None };

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

/// Makes signals set `flag` from now on, and tell the user what is `said`.
///
/// # Errors
/// If the system refuses a handler.
pub fn watch(flag: &Arc<AtomicBool>, said: Said) -> Result<(), Error> {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Some((flag.clone(), said));
    flag.fetch_or(TIME_IS_OVER.load(Ordering::SeqCst), Ordering::SeqCst);
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

/// Makes the run of this process stop at a safe point once `time` has passed, if it is given, or once SIGUSR1 arrives;
/// its exit code is then 75. Called once, before any work.
///
/// # Errors
/// If the system refuses a handler or a thread.
pub fn limit(time: Option<Duration>) -> Result<(), Error> {
    let (began, asked) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let refused = |e: std::io::Error| Error::user(format!("cannot watch the time limit: {e}; raise `ulimit -u`"));
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, asked.clone()).map_err(refused)?;
    let wait = move || {
        while !asked.load(Ordering::Relaxed) && time.is_none_or(|time| began.elapsed() < time) {
            std::thread::sleep(LOOK);
        }
        stop_in_time();
    };
    std::thread::Builder::new().name("time limit".into()).spawn(wait).map(drop).map_err(refused)
}

/// The exit code of a command that ended with `error`.
pub fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Interrupted if TIME_IS_OVER.load(Ordering::SeqCst) => NOT_FINISHED,
        _ => error.exit_code(),
    }
}

fn stop_in_time() {
    TIME_IS_OVER.store(true, Ordering::SeqCst);
    CAME.store(true, Ordering::Relaxed);
    let told = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(flag, said)| {
        flag.store(true, Ordering::SeqCst);
        *said
    });
    crate::output::complain("the time is over: stopping at the next safe point");
    std::thread::sleep(LONG_GRACE);
    // The end of a run takes this lock, so it cannot pass here while the process is ending.
    if CURRENT.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
        told.and_then(|said| said.late).into_iter().for_each(crate::output::complain);
        std::process::exit(NOT_FINISHED.into());
    }
}

fn on_signal() {
    let first = !CAME.swap(true, Ordering::Relaxed);
    let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    match current.as_ref() {
        Some((flag, said)) if first => {
            flag.store(true, Ordering::Relaxed);
            crate::output::complain(said.now);
            let late = said.late;
            std::thread::spawn(move || {
                std::thread::sleep(GRACE);
                // The end of a run takes this lock, so it cannot pass here while the process is ending.
                if CURRENT.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                    late.into_iter().for_each(crate::output::complain);
                    std::process::exit(130);
                }
            });
        }
        _ => std::process::exit(130),
    }
}
