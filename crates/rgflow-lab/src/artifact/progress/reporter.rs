//! Progress of several runs: a bar, lines of text, or lines of JSON.

use super::estimate::{Estimate, RECORD, StageId, View};
use super::plan::PlannedRun;
use super::{At, Event, Progress, lines, words};
use crate::artifact::stderr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time between two lines of JSON that say nothing but how far a stage is.
const JSON_EVERY: Duration = Duration::from_millis(100);
/// Time between two lines of text, and the share after which there is one in any case.
const TEXT_EVERY: Duration = Duration::from_secs(60);
const TEXT_SHARE: f64 = 0.05;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// A bar on a terminal.
    Bar,
    /// Lines of text, at most one for each twentieth of the work or minute.
    Lines,
    /// Lines of JSON.
    Json,
    /// Nothing.
    Nothing,
}

/// Shows the progress of all runs of a command.
pub struct Reporter {
    show: Show,
    runs: Vec<PlannedRun>,
    threads: usize,
    begun: Instant,
    state: Arc<Mutex<State>>,
    bar: indicatif::ProgressBar,
}

struct State {
    estimate: Estimate,
    /// Whether the header was shown: it is, as soon as there is something to do.
    is_announced: bool,
    is_over: bool,
    shown: Option<Instant>,
    shown_share: f64,
}

impl Reporter {
    /// A reporter of `runs`, which are made in this order; time begins now.
    pub fn new(show: Show, runs: Vec<PlannedRun>) -> Arc<Self> {
        let threads = rayon::current_num_threads();
        let estimate = Estimate::new(&runs, threads);
        let state = State { estimate, is_announced: false, is_over: false, shown: None, shown_share: 0.0 };
        let target = match show {
            Show::Bar => indicatif::ProgressDrawTarget::stderr(),
            _ => indicatif::ProgressDrawTarget::hidden(),
        };
        let bar = indicatif::ProgressBar::with_draw_target(None, target);
        Arc::new(Self { show, runs, threads, begun: Instant::now(), state: Arc::new(Mutex::new(state)), bar })
    }

    /// Whether lines of text or a bar say which run is made.
    pub fn shows_text(&self) -> bool {
        matches!(self.show, Show::Bar | Show::Lines)
    }

    /// The receiver for the run number `run`, counted from 0.
    pub fn of_run(self: &Arc<Self>, run: usize) -> Arc<dyn Progress> {
        Arc::new(OfRun { reporter: Arc::clone(self), run })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // If a thread panicked while it held the counters, they are still valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Shows what is planned, once.
    fn announce(&self, state: &mut State) {
        if std::mem::replace(&mut state.is_announced, true) || self.show == Show::Nothing {
            return;
        }
        let stages = state.estimate.view(0.0).stages;
        if self.show == Show::Json {
            return stderr::object(&lines::plan(&self.runs, &state.estimate, stages, self.threads));
        }
        let (to_do, seconds) = state.estimate.expected();
        words::header(&self.runs, to_do, stages, seconds, self.threads).iter().for_each(|line| stderr::complain(line));
        if self.show == Show::Bar {
            self.begin_bar();
        }
    }

    /// A bar that is drawn four times a second, so that the time left goes on where no stage reports anything.
    fn begin_bar(&self) {
        let (state, runs, begun) = (Arc::clone(&self.state), self.runs.clone(), self.begun);
        let line = move |_: &indicatif::ProgressState, to: &mut dyn std::fmt::Write| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let view = state.estimate.view(begun.elapsed().as_secs_f64());
            // One column is left free: some terminals wrap a line that is full.
            let _ = to.write_str(&words::bar_line(&view, &runs, stderr::width().saturating_sub(1)));
        };
        if let Ok(style) = indicatif::ProgressStyle::with_template("{line}") {
            self.bar.set_style(style.with_key("line", line));
        }
        stderr::set_bar(Some(self.bar.clone()));
        self.bar.enable_steady_tick(Duration::from_millis(250));
    }

    fn event(&self, run: usize, event: Event<'_>) {
        let seconds = self.seconds();
        let mut state = self.state();
        if state.is_over {
            return;
        }
        let id = |At { seed, stage }| StageId { run, seed, name: stage };
        let state_word = match event {
            Event::Message(text) => {
                drop(state);
                return self.message(text);
            }
            Event::Work(at, units) => return state.estimate.announce(id(at), units),
            Event::Begins(at) => {
                self.announce(&mut state);
                state.estimate.begin(seconds, id(at));
                "begins"
            }
            Event::Advance(at, units) => {
                state.estimate.advance(seconds, id(at), units, false);
                "works"
            }
            Event::Restored(at, units) => {
                state.estimate.advance(seconds, id(at), units, true);
                "restored"
            }
            Event::Ends(at) => {
                state.estimate.end(seconds, id(at), false);
                "ends"
            }
            Event::Kept(at) => {
                self.announce(&mut state);
                state.estimate.end(seconds, id(at), true);
                "kept"
            }
        };
        self.show(&mut state, state_word);
    }

    /// Shows a line, if one is due.
    fn show(&self, state: &mut State, word: &str) {
        let (now, at) = (Instant::now(), self.seconds());
        let since = state.shown.map(|last| now.duration_since(last));
        match self.show {
            Show::Json if word != "works" || since.is_none_or(|since| since >= JSON_EVERY) => {
                let view = state.estimate.view(at);
                stderr::object(&lines::progress(word, &view, &self.runs));
                state.shown = Some(now);
            }
            Show::Lines if since.is_none_or(|since| since >= Duration::from_secs(1)) => {
                let view = state.estimate.view(at);
                if since.is_none_or(|since| since >= TEXT_EVERY) || view.share >= state.shown_share + TEXT_SHARE {
                    stderr::complain(&words::bar_line(&view, &self.runs, stderr::width()));
                    (state.shown, state.shown_share) = (Some(now), view.share);
                }
            }
            _ => {}
        }
    }

    fn message(&self, text: &str) {
        match self.show {
            Show::Bar | Show::Lines => stderr::complain(text),
            Show::Json => stderr::object(&serde_json::json!({ "event": "message", "text": text })),
            Show::Nothing => {}
        }
    }

    /// Ends the display; `is_done` where all runs came to their end.
    pub fn finish(&self, is_done: bool) {
        let at = self.seconds();
        let mut state = self.state();
        if std::mem::replace(&mut state.is_over, true) || !state.is_announced {
            return;
        }
        if is_done {
            state.estimate.finish(at);
        }
        let view: View = state.estimate.view(at);
        drop(state);
        match self.show {
            Show::Bar => {
                stderr::set_bar(None);
                self.bar.finish_and_clear();
            }
            Show::Json => {
                stderr::object(&lines::progress(if is_done { "finished" } else { "stopped" }, &view, &self.runs))
            }
            Show::Lines if is_done => {
                stderr::complain(&format!(
                    "100 % {} of {}, in {}",
                    view.done,
                    view.stages,
                    words::duration(view.seconds)
                ));
            }
            Show::Lines | Show::Nothing => {}
        }
    }
}

/// One of the runs of a reporter.
struct OfRun {
    reporter: Arc<Reporter>,
    run: usize,
}

impl Progress for OfRun {
    fn report(&self, event: Event<'_>) {
        self.reporter.event(self.run, event);
    }
}

/// Work after all stages of a run.
pub(crate) const AFTER_STAGES: At<'static> = At { seed: None, stage: RECORD };
