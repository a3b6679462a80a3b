//! The code that a visitor shows at the gate, as text and in a QR.
//!
//! `ORDER-NUMB-ER00-V-CHCK-CHCK-CHCK`: the order's number, the visitor's place in it, and a check
//! value of the current window of time. A window is as long as the page's refresh; the one before
//! is accepted too, so that nobody is refused for a slow hand. A screenshot is refused after two
//! windows.
//!
//! The check values of an hour are a hash chain: the last window's value is an HMAC under the
//! installation's key, and each earlier one is the hash of the one that follows. So whoever knows
//! the hash of the first, the hour's *anchor*, can tell that a value is genuine and of which
//! window by hashing it forward, and can make none for a window to come. A gate without a network
//! gets anchors and no key (see decision 0007).

use super::keys::{self, Keys};
use std::ops::RangeInclusive;
use yunlong_sdk::base32;

/// An hour in milliseconds: as long as one chain.
pub const HOUR: i64 = 3_600_000;
/// How long a code may be shown, in seconds: the bounds of `code_seconds` in `app.toml`.
pub const SECONDS: RangeInclusive<u32> = 30..=60;
/// How many hours back a code is still recognized as one that has expired.
const RECOGNIZED_HOURS: i64 = 2;
const ORDER: usize = 12;
const CHECK: usize = 12;

/// A ticket: one visitor of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The order's number.
    pub order: String,
    /// The visitor's place in the order, from 0 to 31.
    pub visitor: usize,
}

impl Ticket {
    /// The code's first part: thirteen characters that name the ticket.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.order, base32::encode(&[u8::try_from(self.visitor << 3).unwrap_or(0)], 1))
    }
}

/// A code that holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownCode {
    /// The text, in groups.
    pub text: String,
    /// When the next one follows: milliseconds of UTC.
    pub next_at: i64,
    /// When the gate refuses it: milliseconds of UTC.
    pub expires_at: i64,
}

/// Why a code is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not of the shape of a code.
    #[error("this is not a ticket's code")]
    Malformed,
    /// Not signed by this installation.
    #[error("the code is not genuine")]
    Forged,
    /// It was genuine: a screenshot or a printout.
    #[error("the code has expired; show the live ticket page")]
    Expired,
}

/// One window of time: an hour since 1970 and the window's place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    hour: i64,
    index: i64,
}

/// How long windows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Windows {
    length: i64,
}

impl Windows {
    fn of(seconds: u32) -> Self {
        Self { length: i64::from(seconds.max(1)) * 1_000 }
    }

    /// Windows of an hour; the last may be shorter.
    fn in_an_hour(self) -> i64 {
        (HOUR + self.length - 1) / self.length
    }

    fn at(self, now: i64) -> Window {
        Window { hour: now.div_euclid(HOUR), index: now.rem_euclid(HOUR) / self.length }
    }

    fn start(self, w: Window) -> i64 {
        w.hour * HOUR + w.index * self.length
    }

    fn next(self, w: Window) -> Window {
        if w.index + 1 < self.in_an_hour() {
            Window { index: w.index + 1, ..w }
        } else {
            Window { hour: w.hour + 1, index: 0 }
        }
    }
}

/// The value before another in a ticket's chain: a gate's script computes the same.
#[must_use]
pub fn link(ticket: &str, value: &str) -> String {
    base32::encode(&keys::sha256(&[b"yunlong-ticket", ticket.as_bytes(), value.as_bytes()]), CHECK)
}

/// What stands for a ticket in a gate's list, where its number is not to be read.
#[must_use]
pub fn blind(ticket: &str) -> String {
    base32::encode(&keys::sha256(&[b"yunlong-ticket", b"list", ticket.as_bytes()]), CHECK)
}

/// The value so many links before the end of an hour's chain.
fn value(keys: &Keys, ticket: &Ticket, hour: i64, links: i64) -> String {
    let text = ticket.text();
    (0..links).fold(keys.ticket_chain(&ticket.order, ticket.visitor, hour), |v, _| link(&text, &v))
}

/// The anchor of an hour: it proves codes and makes none.
#[must_use]
pub fn anchor(keys: &Keys, ticket: &Ticket, window_seconds: u32, hour: i64) -> String {
    value(keys, ticket, hour, Windows::of(window_seconds).in_an_hour())
}

/// The code of a ticket at a time.
#[must_use]
pub fn show(keys: &Keys, ticket: &Ticket, window_seconds: u32, now: i64) -> ShownCode {
    let windows = Windows::of(window_seconds);
    let window = windows.at(now);
    let check = value(keys, ticket, window.hour, windows.in_an_hour() - 1 - window.index);
    let group = |s: &str| s.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-");
    let (order, place) = (&ticket.order, base32::encode(&[u8::try_from(ticket.visitor << 3).unwrap_or(0)], 1));
    let next = windows.next(window);
    ShownCode {
        text: format!("{}-{place}-{}", group(order), group(&check)),
        next_at: windows.start(next),
        expires_at: windows.start(windows.next(next)),
    }
}

/// The ticket and the check value of a code that was typed or scanned.
///
/// # Errors
/// [`CodeError::Malformed`].
pub fn split(text: &str) -> Result<(Ticket, String), CodeError> {
    let code = base32::typed(text).filter(|c| c.len() == ORDER + 1 + CHECK).ok_or(CodeError::Malformed)?;
    let (order, rest) = code.split_at(ORDER);
    let (place, check) = rest.split_at(1);
    let visitor = (0..32).find(|v| base32::encode(&[v << 3], 1) == place).ok_or(CodeError::Malformed)?;
    Ok((Ticket { order: order.to_owned(), visitor: usize::from(visitor) }, check.to_owned()))
}

/// When a genuine check value was shown first, among the windows of these hours.
fn shown_at(
    keys: &Keys,
    ticket: &Ticket,
    check: &str,
    windows: Windows,
    hours: impl Iterator<Item = i64>,
) -> Option<Window> {
    // The value hashed forward passes its hour's anchor, whichever hour that is.
    let text = ticket.text();
    let mut forward = Vec::new();
    let mut v = check.to_owned();
    for _ in 0..windows.in_an_hour() {
        v = link(&text, &v);
        forward.push(v.clone());
    }
    hours.into_iter().find_map(|hour| {
        let anchor = value(keys, ticket, hour, windows.in_an_hour());
        let index = forward.iter().position(|f| keys::same(f, &anchor))?;
        Some(Window { hour, index: i64::try_from(index).ok()? })
    })
}

/// The ticket of a code that was typed or scanned.
///
/// # Errors
/// [`CodeError`] when it is no code, not genuine or too old.
pub fn read(keys: &Keys, text: &str, window_seconds: u32, now: i64) -> Result<Ticket, CodeError> {
    let (ticket, check) = split(text)?;
    let windows = Windows::of(window_seconds);
    let current = windows.at(now);
    let hours = (0..=RECOGNIZED_HOURS).map(|back| current.hour - back);
    match shown_at(keys, &ticket, &check, windows, hours) {
        Some(w) if w == current || windows.next(w) == current => Ok(ticket),
        Some(w) if w < current => Err(CodeError::Expired),
        _ => Err(CodeError::Forged),
    }
}

/// A genuine code that a gate read without a network: its ticket, and its place in the chain of
/// an hour, which says when it was shown once it is known how long codes were shown then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The ticket.
    pub ticket: Ticket,
    /// The hour since 1970.
    pub hour: i64,
    /// The links between the code's value and the end of the chain.
    links: i64,
}

impl Past {
    /// When the code was first shown, if codes were shown so long; `None` when the hour has no such
    /// window: then they were shown for another time.
    #[must_use]
    pub fn shown_at(&self, window_seconds: u32) -> Option<i64> {
        let windows = Windows::of(window_seconds);
        let index = windows.in_an_hour() - 1 - self.links;
        (index >= 0).then(|| windows.start(Window { hour: self.hour, index }))
    }
}

/// Finds a code that a gate read without a network in the first of these hours that has it.
///
/// # Errors
/// [`CodeError`] when it is no code or not genuine in any of these hours.
pub fn read_past(keys: &Keys, text: &str, hours: impl IntoIterator<Item = i64>) -> Result<Past, CodeError> {
    let (ticket, check) = split(text)?;
    // However long codes were shown, their values stand in one chain: no hour has more windows.
    let longest = Windows::of(*SECONDS.start()).in_an_hour();
    let text = ticket.text();
    let mut forward = Vec::new();
    let mut v = check;
    for _ in 0..longest {
        v = link(&text, &v);
        forward.push(v.clone());
    }
    let found = hours.into_iter().find_map(|hour| {
        let far = value(keys, &ticket, hour, longest);
        let steps = forward.iter().position(|f| keys::same(f, &far))?;
        Some((hour, longest - 1 - i64::try_from(steps).ok()?))
    });
    let (hour, links) = found.ok_or(CodeError::Forged)?;
    Ok(Past { ticket, hour, links })
}

/// What stands for a ticket in a gate's list where it is let in by the document, and what the gate
/// brings back then: the ticket's key, and its number under a pad that the city alone can make, so
/// that a lost list names no ticket.
#[must_use]
pub fn pass(keys: &Keys, ticket: &Ticket) -> String {
    let (text, key) = (ticket.text(), blind(&ticket.text()));
    let covered = keys::covered(&text, &keys.pass_pad(&key));
    format!("{key}{covered}")
}

/// The ticket of a pass.
///
/// # Errors
/// [`CodeError`] when it is none, or not of this installation.
pub fn read_pass(keys: &Keys, text: &str) -> Result<Ticket, CodeError> {
    let pass = base32::typed(text).filter(|p| p.len() == CHECK + ORDER + 1).ok_or(CodeError::Malformed)?;
    let (key, covered) = pass.split_at(CHECK);
    let number = keys::covered(covered, &keys.pass_pad(key));
    let (order, place) = number.split_at(ORDER);
    let visitor = (0..32).find(|v| base32::encode(&[v << 3], 1) == place).ok_or(CodeError::Forged)?;
    if !keys::same(&blind(&number), key) {
        return Err(CodeError::Forged);
    }
    Ok(Ticket { order: order.to_owned(), visitor: usize::from(visitor) })
}

/// Ten bits of a document's number, by which a gate without a network finds a ticket of the same
/// last digits. It holds no more on purpose: the numbers are few enough to try all of them, and
/// whoever does so with a lost list is left with dozens for each ticket.
#[must_use]
pub fn document_check(ticket: &Ticket, kind: &str, number: &str) -> String {
    let key = blind(&ticket.text());
    let parts: [&[u8]; 5] = [b"yunlong-ticket", b"document", key.as_bytes(), kind.as_bytes(), number.as_bytes()];
    base32::encode(&keys::sha256(&parts), 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_790_000_000_000;

    fn ticket() -> Ticket {
        Ticket { order: "0123456789AB".into(), visitor: 3 }
    }

    #[test]
    fn a_code_is_short_enough_to_type() {
        let text = show(&keys::for_tests(), &ticket(), 30, NOW).text;
        assert!(text.starts_with("0123-4567-89AB-3-") && text.len() == 31, "{text}");
    }

    #[test]
    fn a_screenshot_is_refused_as_expired() {
        let k = keys::for_tests();
        let shown = show(&k, &ticket(), 30, NOW);
        assert_eq!(read(&k, &shown.text, 30, shown.expires_at - 1), Ok(ticket()));
        assert_eq!(read(&k, &shown.text, 30, shown.expires_at), Err(CodeError::Expired));
        assert_eq!(read(&k, &shown.text, 30, NOW + 86_400_000), Err(CodeError::Forged));
    }

    #[test]
    fn a_code_of_another_visitor_or_time_to_come_is_forged() {
        let k = keys::for_tests();
        let shown = show(&k, &ticket(), 30, NOW).text;
        let other = shown.replacen("-3-", "-2-", 1);
        assert_eq!(read(&k, &other, 30, NOW), Err(CodeError::Forged));
        assert_eq!(read(&k, &show(&k, &ticket(), 30, NOW + 60_000).text, 30, NOW), Err(CodeError::Forged));
    }

    #[test]
    fn an_anchor_proves_a_code_and_makes_none() {
        let k = keys::for_tests();
        let hour = NOW.div_euclid(HOUR);
        let anchor = anchor(&k, &ticket(), 30, hour);
        let (_, check) = split(&show(&k, &ticket(), 30, NOW).text).unwrap();
        let index = NOW.rem_euclid(HOUR) / 30_000;
        let text = ticket().text();
        let walked = (0..=index).fold(check.clone(), |v, _| link(&text, &v));
        assert_eq!(walked, anchor, "what a gate without a key computes");
        // The next window's value is a preimage of this one's: hashing leads the other way only.
        let (_, next) = split(&show(&k, &ticket(), 30, NOW + 30_000).text).unwrap();
        assert_eq!(link(&text, &next), check);
        assert_ne!(link(&text, &check), next);
    }

    #[test]
    fn a_gates_code_is_dated_by_itself() {
        let k = keys::for_tests();
        let text = show(&k, &ticket(), 30, NOW).text;
        let start = NOW - NOW.rem_euclid(30_000);
        let hour = NOW.div_euclid(HOUR);
        let read = |hours: std::ops::RangeInclusive<i64>| read_past(&k, &text, hours);
        assert_eq!(read(hour - 12..=hour + 5).map(|p| (p.shown_at(30), p.ticket)), Ok((Some(start), ticket())));
        assert_eq!(read(hour + 1..=hour + 12), Err(CodeError::Forged), "of another hour");
    }

    #[test]
    fn a_gates_code_is_dated_by_the_window_of_its_time() {
        let k = keys::for_tests();
        let hour = NOW.div_euclid(HOUR);
        for (seconds, minute) in [(30, 1), (45, 20), (60, 59)] {
            let at = hour * HOUR + minute * 60_000 + 1;
            let past = read_past(&k, &show(&k, &ticket(), seconds, at).text, [hour]).unwrap();
            let length = i64::from(seconds) * 1_000;
            assert_eq!(past.shown_at(seconds), Some(at - at.rem_euclid(HOUR).rem_euclid(length)));
        }
        // Half a minute's codes of an hour's first half have no place among those of a minute.
        let early = read_past(&k, &show(&k, &ticket(), 30, hour * HOUR + 60_001).text, [hour]).unwrap();
        assert_eq!((early.hour, early.shown_at(60)), (hour, None));
    }

    #[test]
    fn a_pass_is_read_by_the_city_alone() {
        let k = keys::for_tests();
        let text = pass(&k, &ticket());
        assert_eq!(text.len(), 25);
        assert!(text.starts_with(&blind(&ticket().text())) && !text.contains(&ticket().order), "{text}");
        assert_eq!(read_pass(&k, &text), Ok(ticket()));
        let other = pass(&k, &Ticket { visitor: 4, ..ticket() });
        let mixed = format!("{}{}", &text[..12], &other[12..]);
        assert_eq!(read_pass(&k, &mixed), Err(CodeError::Forged));
        assert_eq!(read_pass(&k, "hello"), Err(CodeError::Malformed));
    }

    #[test]
    fn a_documents_check_is_short_and_its_own_for_each_ticket() {
        let of = |visitor, number: &str| document_check(&Ticket { visitor, ..ticket() }, "resident-id", number);
        assert_eq!(of(3, "32032119900101998X").len(), 2);
        let differ = (0..8).filter(|v| of(*v, "32032119900101998X") != of(*v, "320323199001019990")).count();
        assert!(differ >= 7, "{differ}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn every_code_reads_back_until_it_expires(visitor in 0_usize..32, now in 0_i64..4_000_000_000_000, window in 30_u32..=60) {
            let k = keys::for_tests();
            let t = Ticket { order: k.order_number("p", &now.to_string()), visitor };
            let shown = show(&k, &t, window, now);
            let typed = shown.text.to_lowercase().replace('-', " ");
            prop_assert_eq!(read(&k, &typed, window, now), Ok(t.clone()));
            prop_assert!(shown.next_at > now && shown.expires_at > shown.next_at);
            prop_assert_eq!(read(&k, &typed, window, shown.expires_at - 1), Ok(t));
            prop_assert_eq!(read(&k, &typed, window, shown.expires_at), Err(CodeError::Expired));
        }

        #[test]
        fn a_changed_character_is_never_accepted(at in 0_usize..31, c in "[0-9A-HJKMNP-TV-Z]") {
            let k = keys::for_tests();
            let text = show(&k, &ticket(), 30, NOW).text;
            let mut changed = text.clone();
            changed.replace_range(at..=at, &c);
            if changed != text && text.as_bytes()[at] != b'-' {
                prop_assert!(read(&k, &changed, 30, NOW).is_err());
            }
        }

        #[test]
        fn any_text_is_refused_without_a_panic(s in "\\PC{0,40}") {
            let _ = read(&keys::for_tests(), &s, 30, NOW);
            let _ = read_pass(&keys::for_tests(), &s);
        }
    }
}
