//! Progress of long starts: a bar at a terminal, lines elsewhere. Always on standard error.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// Lines come at most this often, so that a log is not flooded.
const LINES: Duration = Duration::from_millis(500);

/// Work whose length is known.
pub(crate) struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    bar: Option<ProgressBar>,
    told: Option<Instant>,
}

impl Progress {
    pub(crate) fn new(what: &'static str, total: usize) -> Self {
        let total = total as u64;
        let bar = (std::io::stderr().is_terminal() && total > 0).then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{prefix:>12} {bar:30} {pos}/{len} {msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(what);
            bar
        });
        Self { what, total, done: 0, bar, told: None }
    }

    /// Says what is worked on now.
    pub(crate) fn at(&mut self, item: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(item.to_owned()),
            None => self.line(item),
        }
    }

    /// Counts `n` items as done.
    pub(crate) fn advance(&mut self, n: usize) {
        self.done = (self.done + n as u64).min(self.total);
        match &self.bar {
            Some(bar) => bar.set_position(self.done),
            None if self.done == self.total || self.told.is_none_or(|t| t.elapsed() >= LINES) => self.line(""),
            None => {}
        }
    }

    fn line(&mut self, item: &str) {
        self.told = Some(Instant::now());
        eprintln!("{}: {}/{} {item}", self.what, self.done, self.total);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
