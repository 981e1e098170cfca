//! Progress on a terminal as one live line a stage, elsewhere as plain lines.

use crate::say::tell;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use twinprint_run::Progress;

/// Draws progress to standard error, so that standard output stays the command's result.
pub(crate) struct Terminal {
    quiet: bool,
    state: Mutex<State>,
}

struct State {
    stage: String,
    started: Instant,
    last_line: Instant,
    /// Steps done, and of how many, where that is known.
    done: u64,
    total: Option<u64>,
    bar: ProgressBar,
}

/// Without a terminal a step gets a line no more often than this.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

impl Terminal {
    /// Progress for a command; `quiet` keeps only notices.
    pub(crate) fn new(quiet: bool) -> Self {
        let state = State {
            stage: String::new(),
            started: Instant::now(),
            last_line: Instant::now(),
            done: 0,
            total: None,
            bar: ProgressBar::hidden(),
        };
        Self { quiet, state: Mutex::new(state) }
    }

    /// Says something that no stage reports; nothing when quiet.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.with(|state| state.bar.suspend(|| tell!("{text}")));
        }
    }

    fn with(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut state);
    }
}

impl Progress for Terminal {
    fn begin(&self, stage: &str, total: Option<u64>) {
        self.with(|state| {
            state.stage = stage.to_owned();
            state.started = Instant::now();
            state.last_line = Instant::now();
            (state.done, state.total) = (0, total.filter(|&total| total > 0));
            if self.quiet {
                return;
            }
            if std::io::stderr().is_terminal() {
                state.bar = bar(total);
                state.bar.set_prefix(stage.to_owned());
                state.bar.enable_steady_tick(Duration::from_millis(120));
            } else {
                tell!("{stage} …");
            }
        });
    }

    fn step(&self, note: &str) {
        self.with(|state| {
            if self.quiet {
                return;
            }
            state.done += 1;
            state.bar.inc(1);
            state.bar.set_message(note.to_owned());
            if state.bar.is_hidden() && state.last_line.elapsed() >= PLAIN_INTERVAL {
                state.last_line = Instant::now();
                tell!("  {}{note}", state.place());
            }
        });
    }

    fn notice(&self, text: &str) {
        self.with(|state| state.bar.suspend(|| tell!("  note: {text}")));
    }

    fn end(&self, summary: &str) {
        self.with(|state| {
            state.bar.finish_and_clear();
            state.bar = ProgressBar::hidden();
            if !self.quiet {
                tell!("{:<11} {:>6.1} s  {summary}", state.stage, state.started.elapsed().as_secs_f64());
            }
        });
    }
}

impl State {
    /// How far a stage has come and how long it will go on, as `120 of 900, about 40 s left: `; nothing where nobody knows.
    fn place(&self) -> String {
        let Some(total) = self.total.filter(|total| *total >= self.done) else { return String::new() };
        let left =
            self.started.elapsed().as_secs_f64() * (total - self.done) as f64 / self.done.max(1) as f64;
        format!("{} of {total}, about {left:.0} s left: ", self.done)
    }
}

/// A bar with a fraction, a rate and the time that is left; a spinner where nobody knows how much there is.
fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{prefix:<11} [{bar:24}] {pos}/{len} {elapsed}, {per_sec:.1}, {eta} left {wide_msg}",
        ),
        None => (ProgressBar::new_spinner(), "{prefix:<11} {spinner} {elapsed} {wide_msg}"),
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style.progress_chars("━╸ "))
}
