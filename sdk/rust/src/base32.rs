//! Codes that people read out and type: base 32 in the alphabet of Douglas Crockford, which has no I, L, O and U.
//! [`crate::random::code`] makes one that nobody guesses.

/// Its digits, from 0 to 31.
pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The first `n` characters of the base 32 of bytes, such as a keyed hash; zeros where the bytes end. Each character
/// carries five bits.
///
/// ```
/// assert_eq!(yunlong_sdk::base32::encode(&[0xff, 0x00, 0x0f], 4), "ZW00");
/// ```
#[must_use]
pub fn encode(bytes: &[u8], n: usize) -> String {
    let bit = |i: usize| bytes.get(i / 8).is_some_and(|b| b >> (7 - i % 8) & 1 == 1);
    (0..n).map(|c| char::from(ALPHABET[(0..5).fold(0, |v, i| v << 1 | usize::from(bit(c * 5 + i)))])).collect()
}

/// The code that a person typed: in capitals, without blanks and hyphens, O as 0, I and L as 1. `None` when there is
/// another character.
///
/// ```
/// assert_eq!(yunlong_sdk::base32::typed("zw-0o il").as_deref(), Some("ZW0011"));
/// assert_eq!(yunlong_sdk::base32::typed("U2"), None);
/// ```
#[must_use]
pub fn typed(text: &str) -> Option<String> {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            c if c.is_ascii() && ALPHABET.contains(&(c as u8)) => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_of_bytes_are_crockfords() {
        assert_eq!(encode(&[0xff, 0x00, 0x0f], 4), "ZW00");
        assert_eq!(encode(&[0xff], 3), "ZW0", "zeros where the bytes end");
        assert_eq!(encode(&[], 2), "00");
    }

    proptest! {
        #[test]
        fn a_code_is_read_as_it_was_made_however_it_is_typed(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let code = encode(&bytes, 12);
            let typed_so = format!(" {}-{} ", code[..6].to_lowercase().replace('0', "o").replace('1', "l"), &code[6..]);
            prop_assert_eq!(typed(&typed_so), Some(code));
        }

        #[test]
        fn any_text_is_refused_or_read_in_the_alphabet(text in "\\PC{0,20}") {
            if let Some(code) = typed(&text) {
                prop_assert!(code.bytes().all(|c| ALPHABET.contains(&c)));
            }
        }
    }
}
