//! Progress of a run: a bar on a terminal, lines of JSON for programs, or nothing.

use super::stderr;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Receives the progress of a run, from any thread.
pub trait Progress: Send + Sync {
    /// Announces `units` of work of a stage, before it is done.
    fn add_work(&self, stage: &str, units: u64);

    /// Reports `units` of work as done.
    fn advance(&self, units: u64);

    /// Shows a line to the user.
    fn message(&self, text: &str);

    /// Ends the display: the run is over.
    fn finish(&self) {}
}

/// Shows no progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn add_work(&self, _stage: &str, _units: u64) {}
    fn advance(&self, _units: u64) {}
    fn message(&self, _text: &str) {}
}

/// A bar on stderr with the estimated time left; draws nothing where stderr is not a terminal.
#[derive(Debug)]
pub struct Terminal {
    bar: indicatif::ProgressBar,
}

impl Terminal {
    /// A bar without any work so far.
    pub fn new() -> Self {
        let bar = indicatif::ProgressBar::with_draw_target(Some(0), indicatif::ProgressDrawTarget::stderr());
        let style = indicatif::ProgressStyle::with_template(
            "{elapsed_precise} [{bar:32}] {percent:>3} % (about {eta} left) {wide_msg}",
        );
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        if std::io::stderr().is_terminal() {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self { bar }
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Terminal {
    fn add_work(&self, stage: &str, units: u64) {
        self.bar.inc_length(units);
        self.bar.set_message(stage.to_string());
    }

    fn advance(&self, units: u64) {
        self.bar.inc(units);
    }

    fn message(&self, text: &str) {
        if std::io::stderr().is_terminal() {
            self.bar.println(text);
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// One JSON object per line on stderr: `{"event":"progress","done":3,"total":10,"seconds":1.5,"eta_seconds":3.5}`,
/// at most ten per second, and `{"event":"message","text":...}`.
#[derive(Debug)]
pub struct JsonLines {
    state: Mutex<Count>,
}

#[derive(Debug)]
struct Count {
    start: Instant,
    shown: Option<Instant>,
    stage: String,
    done: u64,
    total: u64,
}

impl JsonLines {
    /// A count that starts now.
    pub fn new() -> Self {
        let start = Instant::now();
        Self { state: Mutex::new(Count { start, shown: None, stage: String::new(), done: 0, total: 0 }) }
    }

    fn update(&self, always: bool, change: impl FnOnce(&mut Count)) {
        // If a thread panicked while it held a counter, the counter is still valid.
        let mut count = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut count);
        let due = count.shown.is_none_or(|last| last.elapsed() > Duration::from_millis(100));
        if !(always || due) {
            return;
        }
        count.shown = Some(Instant::now());
        let seconds = count.start.elapsed().as_secs_f64();
        let eta = (count.done > 0).then(|| seconds * count.total.saturating_sub(count.done) as f64 / count.done as f64);
        stderr::object(&serde_json::json!({
            "event": "progress", "stage": count.stage, "done": count.done, "total": count.total,
            "seconds": seconds, "eta_seconds": eta,
        }));
    }
}

impl Default for JsonLines {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for JsonLines {
    fn add_work(&self, stage: &str, units: u64) {
        self.update(false, |count| {
            count.total += units;
            count.stage = stage.to_string();
        });
    }

    fn advance(&self, units: u64) {
        self.update(false, |count| count.done += units);
    }

    fn message(&self, text: &str) {
        stderr::object(&serde_json::json!({ "event": "message", "text": text }));
    }

    fn finish(&self) {
        self.update(true, |_| {});
    }
}
