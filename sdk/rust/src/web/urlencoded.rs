//! `application/x-www-form-urlencoded` (the URL Standard), in both directions.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;

/// Everything but the unreserved characters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text made safe for one segment of a path, or one name or value of a query.
#[must_use]
pub fn encode(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, COMPONENT).into()
}

/// The pairs in a query or form body. Bytes that are not UTF-8 become U+FFFD, as browsers do.
#[must_use]
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|p| !p.is_empty())
        .map(|p| p.split_once('=').unwrap_or((p, "")))
        .map(|(n, v)| (decode(n), decode(v)))
        .collect()
}

fn decode(text: &str) -> String {
    let spaced: Cow<'_, str> = if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// A segment of a path, in which `+` is itself. `None` when it is not UTF-8.
#[must_use]
pub(crate) fn decode_segment(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded_as_browsers_send_them() {
        assert_eq!(
            pairs("name=%E9%BE%9F%E5%B1%B1+tomb&x&y=a=b&&"),
            [("name".into(), "龟山 tomb".into()), ("x".into(), String::new()), ("y".into(), "a=b".to_owned())]
        );
    }

    #[test]
    fn encoding_leaves_nothing_that_has_a_meaning_in_a_url() {
        assert_eq!(encode("a b&c=d/龟"), "a%20b%26c%3Dd%2F%E9%BE%9F");
    }
}
