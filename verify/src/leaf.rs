//! Leaves, as the log writes them.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A leaf of version 1. Its fields stand in this order, without spaces, and nothing else stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leaf {
    v: u8,
    pub(crate) at: i64,
    kind: String,
    who: String,
    commitment: String,
    pub(crate) sealed: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) hidden: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) erased: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expired: Option<Expired>,
}

/// Payloads of these leaves are gone for their age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expired {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) before: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What excuses payloads that are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Excuse {
    /// All payloads under this tag.
    Erased(Vec<u8>),
    /// All payloads of a range of leaves.
    Expired(Expired),
}

impl Leaf {
    /// Reads a leaf; `None` unless it is written in the one form that there is.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let leaf: Self = serde_json::from_slice(bytes).ok()?;
        let hex = |text: &str, length: usize| HEXLOWER.decode(text.as_bytes()).is_ok_and(|b| b.len() == length);
        let fits = leaf.v == 1
            && hex(&leaf.commitment, 32)
            && hex(&leaf.who, 16)
            && hex(&leaf.sealed, 32)
            && leaf.erased.as_ref().is_none_or(|e| hex(e, 16))
            && leaf.erased.is_some() == (leaf.kind == "erasure")
            && leaf.expired.is_some() == (leaf.kind == "expiry");
        (fits && serde_json::to_vec(&leaf).is_ok_and(|again| again == bytes)).then_some(leaf)
    }

    pub(crate) fn excuse(&self) -> Option<Excuse> {
        match (&self.erased, &self.expired) {
            (Some(tag), _) => HEXLOWER.decode(tag.as_bytes()).ok().map(Excuse::Erased),
            (None, Some(range)) => Some(Excuse::Expired(range.clone())),
            (None, None) => None,
        }
    }

    /// What the leaf commits to: no two leaves are about the same record.
    pub(crate) fn commitment(&self) -> &str {
        &self.commitment
    }

    /// Whether this leaf commits to a salt and a record.
    pub(crate) fn commits_to(&self, salt: &[u8], record: &[u8]) -> bool {
        let mut hash = Sha256::new();
        hash.update(salt);
        hash.update(record);
        salt.len() == 32 && HEXLOWER.encode(&hash.finalize()) == self.commitment
    }

    /// Whether an excuse covers this leaf, the one at `index`.
    pub(crate) fn is_excused(&self, index: u64, excuse: &Excuse) -> bool {
        match excuse {
            Excuse::Erased(tag) => Some(&self.who) == self.who_under(tag).as_ref(),
            Excuse::Expired(range) => (range.from..range.to).contains(&index) && self.at < range.before,
        }
    }

    /// `who`, if the leaf is about the person of this tag.
    fn who_under(&self, tag: &[u8]) -> Option<String> {
        let commitment = HEXLOWER.decode(self.commitment.as_bytes()).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(tag).ok()?;
        mac.update(b"yunlong-audit who");
        mac.update(&commitment);
        Some(HEXLOWER.encode(&mac.finalize().into_bytes()[..16]))
    }
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
