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
    /// The longest that a request took that did not fail.
    slowest: Duration,
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
        self.record_at(self.start.elapsed(), failed, Duration::ZERO);
    }

    /// As [`Recent::record`], for a request that took so long.
    pub(crate) fn record_request(&self, failed: bool, took: Duration) {
        self.record_at(self.start.elapsed(), failed, took);
    }

    /// Those of the last `window`, which is at most a minute.
    pub(crate) fn within(&self, window: Duration) -> Outcomes {
        self.within_at(self.start.elapsed(), window)
    }

    /// The longest that a request of the last `window` took that did not fail.
    pub(crate) fn slowest(&self, window: Duration) -> Duration {
        self.slowest_at(self.start.elapsed(), window)
    }

    #[allow(clippy::cast_possible_truncation, reason = "the remainder is below 64")]
    fn record_at(&self, now: Duration, failed: bool, took: Duration) {
        let number = now.as_secs() + 1;
        let mut seconds = self.seconds.lock();
        let second = &mut seconds[(number % SECONDS as u64) as usize];
        if second.number != number {
            *second = Second { number, ..Second::default() };
        }
        second.outcomes.total += 1;
        second.outcomes.errors += u64::from(failed);
        if !failed {
            second.slowest = second.slowest.max(took);
        }
    }

    fn within_at(&self, now: Duration, window: Duration) -> Outcomes {
        self.fold_at(now, window, Outcomes::default(), |sum, second| Outcomes {
            total: sum.total + second.outcomes.total,
            errors: sum.errors + second.outcomes.errors,
        })
    }

    fn slowest_at(&self, now: Duration, window: Duration) -> Duration {
        self.fold_at(now, window, Duration::ZERO, |slowest, second| slowest.max(second.slowest))
    }

    fn fold_at<T>(&self, now: Duration, window: Duration, first: T, add: impl Fn(T, &Second) -> T) -> T {
        let newest = now.as_secs() + 1;
        let oldest = newest.saturating_sub(window.as_secs().min(SECONDS as u64 - 1)).max(1);
        let seconds = self.seconds.lock();
        seconds.iter().filter(|s| (oldest..=newest).contains(&s.number)).fold(first, add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let recent = Recent::default();
        let at = Duration::from_secs;
        recent.record_at(at(0), true, Duration::ZERO);
        recent.record_at(at(5), false, Duration::ZERO);
        recent.record_at(at(5), true, Duration::ZERO);
        assert_eq!(recent.within_at(at(5), at(60)), Outcomes { total: 3, errors: 2 });
        assert_eq!(recent.within_at(at(12), at(10)), Outcomes { total: 2, errors: 1 });
        assert_eq!(recent.within_at(at(80), at(60)), Outcomes::default());
        // A place in the ring that is used again forgets what stood there.
        recent.record_at(at(64), false, Duration::ZERO);
        assert_eq!(recent.within_at(at(64), at(1)), Outcomes { total: 1, errors: 0 });
    }

    #[test]
    fn the_slowest_is_of_those_that_did_not_fail() {
        let recent = Recent::default();
        let at = Duration::from_secs;
        recent.record_at(at(0), false, at(4));
        recent.record_at(at(5), false, at(2));
        recent.record_at(at(5), true, at(9));
        assert_eq!((recent.slowest_at(at(6), at(60)), recent.slowest_at(at(6), at(3))), (at(4), at(2)));
    }
}
