//! Numbers, digests and secrets under the installation's own secret, which never leaves the host.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Crockford's base 32: no letters that look like digits or like each other.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The keys of this installation: the function that derives one for a purpose (`context.derive-key` of the host). A
/// key is derived when it is needed and kept nowhere.
#[derive(Clone, Copy)]
pub struct Keys(pub fn(&str) -> [u8; 32]);

impl Keys {
    /// The number of what somebody makes with an idempotency key: the prefix and twelve characters, 60 bits. The
    /// same maker and key give the same number, so that a repeated request finds what it made the first time.
    #[must_use]
    pub fn number(&self, prefix: &str, maker: &str, idempotency_key: &str) -> String {
        let mac = mac(&(self.0)("number"), &[prefix.as_bytes(), maker.as_bytes(), idempotency_key.as_bytes()]);
        format!("{prefix}{}", base32(&mac, 12))
    }

    /// The digest of what was asked for, to know a repeated request from another one.
    #[must_use]
    pub fn request_digest(&self, request: &str) -> String {
        data_encoding::HEXLOWER.encode(&mac(&(self.0)("request"), &[request.as_bytes()])[..16])
    }

    /// The secret of a sensor, for HMAC-SHA-256. It is not stored: it follows from the device and the number of its
    /// present secret, and is told once, to whoever registers the device.
    #[must_use]
    pub fn device_secret(&self, device: &str, generation: u32) -> [u8; 32] {
        mac(&(self.0)("sensor-device"), &[device.as_bytes(), &generation.to_be_bytes()])
    }

    /// 32 bytes for a private signing key; the attempt counts up in the rare case that they are none of the curve.
    #[must_use]
    pub fn signing_seed(&self, curve: &str, attempt: u32) -> [u8; 32] {
        (self.0)(&format!("receipt-signature/{curve}/{attempt}"))
    }
}

/// HMAC-SHA-256 (RFC 2104) over parts, each preceded by its length so that no two lists collide.
#[must_use]
pub fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut joined = Vec::new();
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    hmac_sha256(key, &joined)
}

/// HMAC-SHA-256 (RFC 2104) over bytes as they stand, which is what a device outside computes.
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length; the error type exists for other algorithms.
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |m| m.chain_update(message).finalize().into_bytes().into())
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256_hex(message: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(message))
}

/// The first `n` characters of the base 32 of `bytes`.
fn base32(bytes: &[u8], n: usize) -> String {
    let bit = |i: usize| bytes.get(i / 8).is_some_and(|b| b >> (7 - i % 8) & 1 == 1);
    (0..n).map(|c| char::from(ALPHABET[(0..5).fold(0, |v, i| v << 1 | usize::from(bit(c * 5 + i)))])).collect()
}

/// Compares without telling by its time where the first difference is.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

#[cfg(test)]
pub(crate) fn for_tests() -> Keys {
    Keys(|purpose| Sha256::digest(purpose.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_for_the_same_maker_and_key_alone() {
        let k = for_tests();
        assert_eq!(k.number("WR", "a", "1"), k.number("WR", "a", "1"));
        assert_ne!(k.number("WR", "a", "1"), k.number("WR", "", "a1"));
        assert_ne!(k.number("WR", "a", "1")[2..], k.number("LN", "a", "1")[2..]);
    }

    #[test]
    fn the_mac_is_that_of_rfc_4231() {
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            data_encoding::HEXLOWER.encode(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_device_with_a_new_secret_has_another_one() {
        let k = for_tests();
        assert_ne!(k.device_secret("D1", 1), k.device_secret("D1", 2));
        assert!(same(b"ab", b"ab") && !same(b"ab", b"ac") && !same(b"a", b"ab"));
    }
}
