//! Hashes and codes under the installation's own secret, which never leaves the host.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use yunlong_sdk::base32;

/// The keys of this installation: the function that derives one for a purpose, which is
/// `context.derive-key` of the host.
#[derive(Clone, Copy)]
pub struct Keys(pub fn(&str) -> [u8; 32]);

impl Keys {
    fn mac(self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        let mut out = [0; 32];
        // HMAC takes a key of any length; the error type exists for other algorithms.
        if let Ok(mut m) = Hmac::<Sha256>::new_from_slice(&(self.0)(purpose)) {
            for p in parts {
                // Each part is preceded by its length, so that no two lists collide.
                m.update(&(p.len() as u64).to_be_bytes());
                m.update(p.as_bytes());
            }
            out.copy_from_slice(&m.finalize().into_bytes());
        }
        out
    }

    /// The keyed hash of a document's number: one registration for one document.
    #[must_use]
    pub fn document_hash(self, kind: &str, number: &str) -> String {
        base32::encode(&self.mac("document", &[kind, number]), 26)
    }

    /// The digest of what was asked for, to know a repeated request from another. Keyed, since a
    /// request holds names and telephones.
    #[must_use]
    pub fn request_digest(self, request: &str) -> String {
        base32::encode(&self.mac("request", &[request]), 26)
    }

    /// The number of the n-th order that somebody makes with an idempotency key, 60 bits: a repeated
    /// request finds its orders without an index.
    #[must_use]
    pub fn order_number(self, who: &str, key: &str, n: usize) -> String {
        base32::encode(&self.mac("order-number", &[who, key, &n.to_string()]), 12)
    }

    /// What stands for an order in messages that leave the department, 80 bits: the same for all that
    /// is told of one order, and nothing by which anybody finds it.
    #[must_use]
    pub fn reference(self, order: &str) -> String {
        base32::encode(&self.mac("event-reference", &[order]), 16)
    }

    /// The id of a claim: that this person joined this group or used this coupon.
    #[must_use]
    pub fn claim(self, of: &str, person: &str) -> String {
        format!("{of}/{}", base32::encode(&self.mac("claim", &[of, person]), 16))
    }
}

#[cfg(test)]
pub(crate) fn for_tests() -> Keys {
    use sha2::Digest;
    Keys(|purpose| Sha256::digest(purpose.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_for_the_same_buyer_key_and_place_alone() {
        let k = for_tests();
        assert_eq!(k.order_number("p-a", "1", 0), k.order_number("p-a", "1", 0));
        let others = [k.order_number("p-b", "1", 0), k.order_number("p-", "a1", 0), k.order_number("p-a", "1", 1)];
        assert!(!others.contains(&k.order_number("p-a", "1", 0)));
    }
}
