//! Hashes and codes under the installation's own secret, which never leaves the host.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use yunlong_sdk::base32::{self, ALPHABET};

/// The keys of this installation: the function that derives one for a purpose, which is
/// `context.derive-key` of the host. A key is derived when it is needed.
#[derive(Clone, Copy)]
pub struct Keys(pub fn(&str) -> [u8; 32]);

impl Keys {
    /// The keyed hash of a document, 128 bits in hexadecimal.
    #[must_use]
    pub fn id_hash(&self, id_type: &str, number: &str) -> String {
        hex(&mac(&(self.0)("one-id"), &[id_type.as_bytes(), number.as_bytes()])[..16])
    }

    /// The digest of what a buyer asked for. Keyed: a request holds documents' numbers, and a plain
    /// digest of it would let whom the data leaks try them out.
    #[must_use]
    pub fn request_digest(&self, request: &str) -> String {
        hex(&mac(&(self.0)("request"), &[request.as_bytes()]))
    }

    /// The number of the order that a buyer makes with an idempotency key: twelve characters,
    /// 60 bits. The same key of the same buyer is the same number, so a repeated request finds
    /// its first order without an index.
    #[must_use]
    pub fn order_number(&self, owner: &str, idempotency_key: &str) -> String {
        base32::encode(&mac(&(self.0)("order-number"), &[owner.as_bytes(), idempotency_key.as_bytes()]), 12)
    }

    /// What stands for an order in messages that leave the department, 80 bits: the same for all that
    /// is told of one order, and nothing by which anybody finds it.
    #[must_use]
    pub fn reference(&self, order: &str) -> String {
        base32::encode(&mac(&(self.0)("event-reference"), &[order.as_bytes()]), 16)
    }

    /// The end of a ticket's chain of codes for an hour since 1970, 60 bits: every code of the hour
    /// is a hash of it.
    #[must_use]
    pub fn ticket_chain(&self, order: &str, visitor: usize, hour: i64) -> String {
        base32::encode(
            &mac(&(self.0)("ticket-code"), &[order.as_bytes(), &(visitor as u64).to_be_bytes(), &hour.to_be_bytes()]),
            12,
        )
    }

    /// What covers a ticket's number in a gate's list, for the ticket's key there.
    #[must_use]
    pub fn pass_pad(&self, key: &str) -> String {
        base32::encode(&mac(&(self.0)("gate-pass"), &[key.as_bytes()]), 13)
    }
}

/// HMAC-SHA-256 over parts, each preceded by its length so that no two lists collide.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    // HMAC takes a key of any length; the error type exists for other algorithms.
    if let Ok(mut m) = Hmac::<Sha256>::new_from_slice(key) {
        for p in parts {
            m.update(&(p.len() as u64).to_be_bytes());
            m.update(p);
        }
        out.copy_from_slice(&m.finalize().into_bytes());
    }
    out
}

/// SHA-256 over parts with a dot between them.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for (i, p) in parts.iter().enumerate() {
        if i > 0 {
            digest.update(b".");
        }
        digest.update(p);
    }
    digest.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

/// A text in base 32 under a pad of the same length, bit by bit; covered twice, it is itself again.
#[must_use]
pub fn covered(text: &str, pad: &str) -> String {
    let value = |c: u8| ALPHABET.iter().position(|a| *a == c).unwrap_or(0);
    text.bytes().zip(pad.bytes()).map(|(c, p)| char::from(ALPHABET[(value(c) ^ value(p)) & 31])).collect()
}

/// Compares without telling by its time where the first difference is.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

#[cfg(test)]
pub(crate) fn for_tests() -> Keys {
    Keys(|purpose| Sha256::digest(purpose.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_for_the_same_buyer_and_key_alone() {
        let k = for_tests();
        assert_eq!(k.order_number("p-a", "1"), k.order_number("p-a", "1"));
        assert_ne!(k.order_number("p-a", "1"), k.order_number("p-b", "1"));
        assert_ne!(k.order_number("p-a", "1"), k.order_number("p-", "a1"));
    }
}
