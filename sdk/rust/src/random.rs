//! Randomness fit for secrets, from the host.

use crate::backend::{Active, Backend};
use crate::base32::ALPHABET;

/// So many random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    Active::random(&mut out);
    out
}

/// A text of so many characters of [`crate::base32`], which has no letters that look alike: for numbers that people
/// read out. Each character carries five bits.
#[must_use]
pub fn code(characters: usize) -> String {
    let mut out = vec![0; characters];
    Active::random(&mut out);
    out.into_iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect()
}
