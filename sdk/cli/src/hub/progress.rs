//! How far long work is: a bar at a terminal, lines elsewhere.

use crate::terminal::lang;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// Lines come at most this often, so that a log is not flooded.
const LINES: Duration = Duration::from_secs(5);

/// Work whose length is known: bytes of a file, or rows.
pub(crate) struct Progress {
    what: String,
    bar: Option<ProgressBar>,
    begun: Instant,
    told: Instant,
}

impl Progress {
    pub(crate) fn new(what: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let template = "{prefix} {bar:30} {percent:>3} % {msg} {elapsed} (ETA {eta})";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_prefix(what.to_owned());
            bar
        });
        Self { what: what.to_owned(), bar, begun: Instant::now(), told: Instant::now() }
    }

    /// Tells how far it is (`done` of `total`, in any unit), and how many rows that were.
    pub(crate) fn at(&mut self, (done, total): (u64, u64), rows: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(self::rows(rows));
        } else if self.told.elapsed() >= LINES {
            self.told = Instant::now();
            let percent = done * 100 / total.max(1);
            eprintln!("{}: {percent} %, {}", self.what, self::rows(rows));
        }
    }

    /// Ends it, and tells how long it took.
    pub(crate) fn end(self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.begun.elapsed()
    }
}

/// A number of rows for people.
pub(crate) fn rows(n: u64) -> String {
    format!("{} {}", HumanCount(n), lang().pick("行", if n == 1 { "row" } else { "rows" }))
}

/// A time for people.
pub(crate) fn time(t: Duration) -> String {
    if t < Duration::from_secs(60) { format!("{:.1} s", t.as_secs_f64()) } else { HumanDuration(t).to_string() }
}
