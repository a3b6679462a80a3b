//! How the calls of a loaded release ended lately: what an upgrade is judged by.

use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Seconds that are remembered.
const SECONDS: usize = 64;

/// How many calls ended, and how many of them badly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Calls that the app had its try at.
    pub total: u64,
    /// Those that failed: a trap, a limit, an answer of 500 and above, a message or job that was refused.
    pub errors: u64,
}

#[derive(Clone, Copy, Default)]
struct Second {
    /// Which second since the start, plus one; 0 for none.
    number: u64,
    outcomes: Outcomes,
}

/// The outcomes of the last minute, by second.
pub(crate) struct Recent {
    start: Instant,
    seconds: Mutex<[Second; SECONDS]>,
}

impl Default for Recent {
    fn default() -> Self {
        Self { start: Instant::now(), seconds: Mutex::new([Second::default(); SECONDS]) }
    }
}

impl Recent {
    pub(crate) fn record(&self, failed: bool) {
        self.record_at(self.start.elapsed(), failed);
    }

    /// Those of the last `window`, which is at most a minute.
    pub(crate) fn within(&self, window: Duration) -> Outcomes {
        self.within_at(self.start.elapsed(), window)
    }

    #[allow(clippy::cast_possible_truncation, reason = "the remainder is below 64")]
    fn record_at(&self, now: Duration, failed: bool) {
        let number = now.as_secs() + 1;
        let mut seconds = self.seconds.lock();
        let second = &mut seconds[(number % SECONDS as u64) as usize];
        if second.number != number {
            *second = Second { number, outcomes: Outcomes::default() };
        }
        second.outcomes.total += 1;
        second.outcomes.errors += u64::from(failed);
    }

    fn within_at(&self, now: Duration, window: Duration) -> Outcomes {
        let newest = now.as_secs() + 1;
        let oldest = newest.saturating_sub(window.as_secs().min(SECONDS as u64 - 1)).max(1);
        let seconds = self.seconds.lock();
        let mut sum = Outcomes::default();
        for second in seconds.iter().filter(|s| (oldest..=newest).contains(&s.number)) {
            sum.total += second.outcomes.total;
            sum.errors += second.outcomes.errors;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let recent = Recent::default();
        let at = Duration::from_secs;
        recent.record_at(at(0), true);
        recent.record_at(at(5), false);
        recent.record_at(at(5), true);
        assert_eq!(recent.within_at(at(5), at(60)), Outcomes { total: 3, errors: 2 });
        assert_eq!(recent.within_at(at(12), at(10)), Outcomes { total: 2, errors: 1 });
        assert_eq!(recent.within_at(at(80), at(60)), Outcomes::default());
        // A place in the ring that is used again forgets what stood there.
        recent.record_at(at(64), false);
        assert_eq!(recent.within_at(at(64), at(1)), Outcomes { total: 1, errors: 0 });
    }
}
