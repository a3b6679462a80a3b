//! How many people are on site at once: estimated from admissions, for nobody is counted out.
//!
//! Whoever was admitted is taken to stay for the attraction's usual time. Admissions are counted by
//! the ten minutes in which they fall, so that a gate reads some counters and no list of people; the
//! ten minutes that lie across the edge count whole. The estimate is rather too high than too low.

use super::alert::Level;
use super::catalogue::Attraction;
use super::time::MINUTE;
use std::ops::RangeInclusive;

/// The counter of admissions by attraction and ten minutes.
pub const SITE_COUNTER: &str = "site-admitted";
/// The time that is counted as one.
const STEP: i64 = 10 * MINUTE;

/// The key of the counter for an admission.
#[must_use]
pub fn key(attraction: &str, at: i64) -> String {
    step_key(attraction, at.div_euclid(STEP))
}

fn step_key(attraction: &str, step: i64) -> String {
    format!("{attraction}/{step}")
}

/// The keys of those who are on site, if people stay so long.
pub fn keys(attraction: &str, stay_minutes: u32, now: i64) -> impl Iterator<Item = String> + '_ {
    let first = (now - i64::from(stay_minutes) * MINUTE).div_euclid(STEP);
    let steps: RangeInclusive<i64> = first..=now.div_euclid(STEP);
    steps.map(move |s| step_key(attraction, s))
}

/// People on site, and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnSite {
    /// The estimate.
    pub people: i64,
    /// The instantaneous cap.
    pub cap: u32,
}

impl OnSite {
    /// For an attraction that has an instantaneous cap.
    #[must_use]
    pub fn of(attraction: &Attraction, people: i64) -> Option<Self> {
        attraction.instant_cap.map(|cap| Self { people, cap })
    }

    /// Whether the next visitor would be one too many.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.people >= i64::from(self.cap)
    }

    /// How full the site is.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        Level::of(self.people, self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_within_the_stay_is_on_site_and_who_came_before_is_not() {
        let now = 1_795_478_400_000;
        let on_site =
            |minutes_ago: i64| keys("guishan", 60, now).any(|k| k == key("guishan", now - minutes_ago * MINUTE));
        assert!([0, 9, 30, 60].into_iter().all(on_site));
        assert!(![71, 200].into_iter().any(on_site), "nobody is forgotten early, and nobody stays for ever");
        assert!(!keys("guishan", 60, now).any(|k| k == key("museum", now)));
        assert_eq!(keys("guishan", 720, now).count(), 73, "the most that a gate reads");
    }

    #[test]
    fn the_cap_is_reached_by_the_last_who_may_come_in() {
        let at = |people| OnSite { people, cap: 100 };
        assert!(!at(99).is_full() && at(100).is_full() && at(101).is_full());
        assert_eq!((at(79).level(), at(95).level()), (None, Some(Level::Red)));
    }
}
