//! The code that a visitor shows at the gate, as text and in a QR.
//!
//! `ORDER-NUMB-ER00-V-CHCK-CODE`: the order's number, the visitor's place in it, and an HMAC
//! over both and the current window of time. A window is as long as the page's refresh; the one
//! before is accepted too, so that nobody is refused for a slow hand. A screenshot is refused
//! after two windows.

use super::keys::{self, Keys};

/// How far back a code is still recognized as one that has expired.
const RECOGNIZED_WINDOWS: i64 = 240;
const ORDER: usize = 12;
const CHECK: usize = 8;

/// A ticket: one visitor of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The order's number.
    pub order: String,
    /// The visitor's place in the order, from 0 to 31.
    pub visitor: usize,
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

/// The code of a ticket at a time.
#[must_use]
pub fn show(keys: &Keys, ticket: &Ticket, window_seconds: u32, now: i64) -> ShownCode {
    let length = i64::from(window_seconds.max(1)) * 1_000;
    let window = now.div_euclid(length);
    let check = keys.ticket_mac(&ticket.order, ticket.visitor, window);
    let order = &ticket.order;
    let group = |s: &str| s.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-");
    ShownCode {
        text: format!(
            "{}-{}-{}",
            group(order),
            keys::base32(&[u8::try_from(ticket.visitor << 3).unwrap_or(0)], 1),
            group(&check)
        ),
        next_at: (window + 1) * length,
        expires_at: (window + 2) * length,
    }
}

/// The ticket of a code that was typed or scanned.
///
/// # Errors
/// [`CodeError`] when it is no code, not genuine or too old.
pub fn read(keys: &Keys, text: &str, window_seconds: u32, now: i64) -> Result<Ticket, CodeError> {
    let code = keys::typed(text).filter(|c| c.len() == ORDER + 1 + CHECK).ok_or(CodeError::Malformed)?;
    let (order, rest) = code.split_at(ORDER);
    let (place, check) = rest.split_at(1);
    let visitor = (0..32).find(|v| keys::base32(&[v << 3], 1) == place).ok_or(CodeError::Malformed)?;
    let ticket = Ticket { order: order.to_owned(), visitor: usize::from(visitor) };
    let window = now.div_euclid(i64::from(window_seconds.max(1)) * 1_000);
    let genuine = |w: i64| keys::same(&keys.ticket_mac(&ticket.order, ticket.visitor, w), check);
    if genuine(window) || genuine(window - 1) {
        Ok(ticket)
    } else if (2..RECOGNIZED_WINDOWS).any(|back| genuine(window - back)) {
        Err(CodeError::Expired)
    } else {
        Err(CodeError::Forged)
    }
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
        assert!(text.starts_with("0123-4567-89AB-3-") && text.len() == 26, "{text}");
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

    proptest! {
        #[test]
        fn every_code_reads_back(visitor in 0_usize..32, now in 0_i64..4_000_000_000_000, window in 30_u32..=60) {
            let k = keys::for_tests();
            let t = Ticket { order: k.order_number("p", &now.to_string()), visitor };
            let shown = show(&k, &t, window, now);
            prop_assert_eq!(read(&k, &shown.text.to_lowercase().replace('-', " "), window, now), Ok(t));
        }

        #[test]
        fn a_changed_character_is_never_accepted(at in 0_usize..26, c in "[0-9A-HJKMNP-TV-Z]") {
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
        }
    }
}
