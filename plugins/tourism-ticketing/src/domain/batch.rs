//! What a gate without a network brings back: a batch of scans, each judged once, in their order.

use super::code::HOUR;
use super::time::MINUTE;
use serde::{Deserialize, Serialize};

/// The most scans of one batch.
pub const MOST_SCANS: usize = 500;
/// In how many hours before its upload a scan is looked for whatever the gate's clock said. An
/// older one is found by that clock, or by the time for which its ticket is.
pub const HOURS_BACK: i64 = 24;
/// How much later than its code a scan may be, once the gate's clock is corrected: the code's two
/// windows, and what clocks differ by.
const LATE: i64 = 4 * MINUTE;

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is kept here, and its scans are being judged.
    Uploaded,
    /// Every scan is an admission.
    Reconciled,
    /// Every scan is judged, and somebody has to look at some.
    Conflict,
}

impl State {
    /// Every state. `collected`, before them, is the gate's own.
    pub const ALL: [Self; 3] = [Self::Uploaded, Self::Reconciled, Self::Conflict];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Reconciled => "reconciled",
            Self::Conflict => "conflict",
        }
    }
}

/// Somebody whom the gate let in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// What was scanned or typed; empty when it was the document.
    pub code: String,
    /// When, by the gate's clock: milliseconds of UTC.
    pub at: i64,
    /// How long codes were shown, in seconds, by the list of the gate; by today's configuration
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// The pass of the list's ticket, when the gate let in by the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<String>,
}

impl Scan {
    /// The hours in which its code is looked for first: those around the gate's clock.
    pub fn hours_by_clock(&self, uploaded_at: i64) -> impl Iterator<Item = i64> + use<> {
        let (last, said) = (uploaded_at.div_euclid(HOUR), self.at.clamp(0, uploaded_at).div_euclid(HOUR));
        [said, said - 1, said + 1].into_iter().filter(move |h| *h <= last)
    }
}

/// The hours in which a code is looked for whatever the gate's clock said.
pub fn hours_before(uploaded_at: i64) -> impl Iterator<Item = i64> {
    let last = uploaded_at.div_euclid(HOUR);
    (0..=HOURS_BACK).map(move |back| last - back)
}

/// What became of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It counts as an admission.
    Admitted,
    /// The same scan of the same gate was judged before, in another batch: it counts once.
    Repeated,
    /// Not a code of this installation.
    NotGenuine,
    /// So old, by the gate's clock, that the code could not be told from a forged one: somebody
    /// has to look.
    TooOld,
    /// A code that was shown long before it was scanned: a screenshot.
    Stale,
    /// The ticket opened a gate before.
    AlreadyUsed,
    /// The ticket was given back.
    Refunded,
    /// The ticket is for another attraction.
    OtherAttraction,
    /// The ticket is for another time.
    OtherTime,
    /// The order's tickets are not valid.
    NotValid,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 10] = [
        Self::Admitted,
        Self::Repeated,
        Self::NotGenuine,
        Self::TooOld,
        Self::Stale,
        Self::AlreadyUsed,
        Self::Refunded,
        Self::OtherAttraction,
        Self::OtherTime,
        Self::NotValid,
    ];

    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Repeated => "repeated",
            Self::NotGenuine => "not-genuine",
            Self::TooOld => "too-old",
            Self::Stale => "stale",
            Self::AlreadyUsed => "already-used",
            Self::Refunded => "refunded",
            Self::OtherAttraction => "other-attraction",
            Self::OtherTime => "other-time",
            Self::NotValid => "not-valid",
        }
    }

    /// Whether somebody let a person in who should not have been, so that it must be looked at.
    #[must_use]
    pub fn is_conflict(self) -> bool {
        !matches!(self, Self::Admitted | Self::Repeated)
    }
}

/// A scan that was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// What became of it.
    pub verdict: Verdict,
    /// The order, where the code names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The ticket's number in the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<usize>,
    /// When it was, by the code itself: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    /// For a ticket that was used before: when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<i64>,
    /// For a ticket that was used before: where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_gate: Option<String>,
}

impl Judged {
    /// A verdict about a code that names no ticket.
    #[must_use]
    pub fn nobody(verdict: Verdict) -> Self {
        Self { verdict, order: None, visitor: None, at: None, first_at: None, first_gate: None }
    }
}

/// How far a gate's clock is ahead of the codes that it read, in milliseconds. Codes are dated by
/// themselves; a gate with a wrong clock reads all of them equally wrong. Of three and more it is
/// the median, so that some screenshots do not shift it. Of one or two it is the least: nothing
/// tells a wrong clock from a screenshot then, and whom the gate let in has entered.
#[must_use]
pub fn clock_offset(mut differences: Vec<i64>) -> i64 {
    differences.sort_unstable();
    let middle = if differences.len() < 3 { 0 } else { differences.len() / 2 };
    differences.get(middle).copied().unwrap_or(0)
}

/// Whether a code was scanned long after it was shown, by a gate whose clock is so far ahead.
#[must_use]
pub fn is_stale(shown_at: i64, scanned_at: i64, offset: i64) -> bool {
    scanned_at.saturating_sub(offset).saturating_sub(shown_at) > LATE
}

/// Where a batch rests when every scan is judged.
#[must_use]
pub fn rest(judged: &[Judged]) -> State {
    if judged.iter().any(|j| j.verdict.is_conflict()) { State::Conflict } else { State::Reconciled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_wrong_for_all_and_a_screenshot_for_one() {
        let hour = 60 * MINUTE;
        let shown: Vec<i64> = (0..10).map(|n| n * MINUTE).collect();
        for wrong_by in [0, hour, -3 * hour] {
            let mut scanned: Vec<i64> = shown.iter().map(|s| s + wrong_by + 20_000).collect();
            scanned[4] += 10 * MINUTE;
            let offset = clock_offset(scanned.iter().zip(&shown).map(|(a, s)| a - s).collect());
            let stale: Vec<usize> = (0..10).filter(|i| is_stale(shown[*i], scanned[*i], offset)).collect();
            assert_eq!(stale, [4], "off by {wrong_by}");
        }
    }

    #[test]
    fn one_or_two_codes_date_the_clock_whichever_way_it_is_wrong() {
        for wrong_by in [0, 10 * MINUTE, -10 * MINUTE, 300 * MINUTE] {
            let offset = clock_offset(vec![wrong_by + 20_000]);
            assert!(!is_stale(0, wrong_by + 20_000, offset), "off by {wrong_by}");
            let offset = clock_offset(vec![wrong_by + 9 * MINUTE, wrong_by + 20_000]);
            assert!(!is_stale(0, wrong_by + 20_000, offset) && is_stale(0, wrong_by + 9 * MINUTE, offset));
        }
        assert_eq!(clock_offset(Vec::new()), 0);
        assert!(!is_stale(0, i64::MIN, i64::MAX));
    }

    #[test]
    fn a_scan_is_looked_for_around_its_clock_and_never_after_its_upload() {
        let now = 1_790_000_000_000;
        let last = now / HOUR;
        let hours = |at| Scan { at, ..Scan::default() }.hours_by_clock(now).collect::<Vec<_>>();
        assert_eq!(hours(now), [last, last - 1]);
        assert_eq!(hours(now - 100 * HOUR), [last - 100, last - 101, last - 99]);
        assert_eq!(hours(i64::MAX), [last, last - 1]);
        assert_eq!(hours(i64::MIN), [0, -1, 1]);
    }

    #[test]
    fn a_batch_rests_as_reconciled_or_as_a_conflict() {
        let of = |v: &[Verdict]| rest(&v.iter().map(|v| Judged::nobody(*v)).collect::<Vec<_>>());
        assert_eq!(of(&[Verdict::Admitted, Verdict::Repeated]), State::Reconciled);
        assert_eq!(of(&[Verdict::Admitted, Verdict::AlreadyUsed]), State::Conflict);
        assert_eq!(of(&[]), State::Reconciled);
    }
}
