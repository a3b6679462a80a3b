//! Limits and the retry policy.

/// Limits of the dispatcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Deliveries under way at one time over all installations. Each is an instance with memory
    /// of its own, so the number is of the order of the machine's cores, not of the queues.
    pub concurrency: usize,
    /// Deliveries under way at one time for one installation: below [`Config::concurrency`], so
    /// that one flooded queue never takes every place.
    pub concurrency_per_installation: usize,
    /// Rows of one installation that the dispatcher holds in memory (their keys, not their
    /// payloads). More are read when fewer are left or when none of these can run.
    pub window: usize,
    /// How often a delivery whose commit met a conflict is run again at once before it counts as
    /// a failed attempt.
    pub conflicts: u32,
    /// How long the queue of an installation that is not running rests before it is tried again.
    pub parked_millis: i64,
    /// When a failed delivery is tried again, and when it is given up.
    pub retry: RetryPolicy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            concurrency: 16,
            concurrency_per_installation: 6,
            window: 4_096,
            conflicts: 32,
            parked_millis: 5_000,
            retry: RetryPolicy::default(),
        }
    }
}

/// Exponential backoff with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The delay after the first failure, in milliseconds.
    pub first_millis: i64,
    /// No delay is longer.
    pub longest_millis: i64,
    /// After this many failed attempts a delivery becomes a dead letter.
    pub attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        // 1, 2, 4 … 64 s: eight attempts within about two minutes.
        Self { first_millis: 1_000, longest_millis: 600_000, attempts: 8 }
    }
}

impl RetryPolicy {
    /// The delay in milliseconds after `failures` failed attempts; `None` when there is to be no
    /// further attempt. `spread` in `0.0..=1.0` places it between half of the full delay and all
    /// of it, so that what failed together does not come back together.
    #[must_use]
    pub fn delay(&self, failures: u32, spread: f64) -> Option<i64> {
        if failures >= self.attempts {
            return None;
        }
        let doublings = failures.saturating_sub(1).min(40);
        let full = self.first_millis.saturating_mul(1_i64 << doublings).min(self.longest_millis).max(0);
        let half = full / 2;
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        let jitter = ((full - half) as f64 * spread.clamp(0.0, 1.0)) as i64;
        Some(half + jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_from_one_second_and_ends_at_ten_minutes() {
        let policy = RetryPolicy { attempts: 100, ..RetryPolicy::default() };
        let full: Vec<i64> = (1..=12).filter_map(|n| policy.delay(n, 1.0)).collect();
        assert_eq!(
            full,
            [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 600_000, 600_000]
        );
    }

    #[test]
    fn jitter_stays_between_half_and_all_of_the_delay() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(3, 0.0), Some(2_000));
        assert_eq!(policy.delay(3, 0.5), Some(3_000));
        assert_eq!(policy.delay(3, 7.0), Some(4_000));
    }

    #[test]
    fn the_eighth_failure_is_the_last() {
        let policy = RetryPolicy::default();
        assert!(policy.delay(7, 0.0).is_some());
        assert_eq!(policy.delay(8, 0.0), None);
    }

    #[test]
    fn no_number_of_failures_overflows() {
        let policy = RetryPolicy { first_millis: i64::MAX, longest_millis: i64::MAX, attempts: u32::MAX };
        assert!(policy.delay(u32::MAX - 1, 1.0).is_some_and(|d| d > 0));
    }
}
