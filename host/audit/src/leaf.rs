//! Leaves: what the tree is made of, and where the rows behind them stand.
//!
//! A leaf is compact JSON with fixed fields in a fixed order. It tells when and of what kind, and
//! commits to the rest; whom it is about cannot be seen: `who` is a keyed hash of the commitment, by
//! the person's tag, so that two leaves about one person look unrelated until the leaf of an erasure
//! publishes the tag.

use crate::keys::Position;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use yunlong_model::Timestamp;

/// Bytes of a tag, and of `who`.
pub(crate) const TAG: usize = 16;
/// A person's tag.
pub(crate) type Tag = [u8; TAG];

/// A leaf. The order of the fields is the order of the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leaf {
    pub(crate) v: u8,
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    /// For a row of another service's trail: the trail's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) who: Option<String>,
    /// SHA-256 of salt ‖ record.
    pub(crate) commitment: String,
    /// SHA-256 of the sealed payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sealed: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hidden: bool,
    /// The tag whose payloads are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) erased: Option<String>,
    /// The leaves whose payloads have expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expired: Option<Expired>,
}

/// A range of leaves, all older than `before`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expired {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) before: Timestamp,
}

impl Leaf {
    pub(crate) fn new(at: Timestamp, kind: &str, commitment: &[u8; 32]) -> Self {
        Self {
            v: 1,
            at,
            kind: kind.to_owned(),
            trail: None,
            who: None,
            commitment: HEXLOWER.encode(commitment),
            sealed: None,
            hidden: false,
            erased: None,
            expired: None,
        }
    }

    /// The bytes in the tree.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        // Text, numbers and options: JSON can express them all.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(crate) fn commitment(&self) -> Option<[u8; 32]> {
        HEXLOWER.decode(self.commitment.as_bytes()).ok()?.try_into().ok()
    }
}

/// The kind that a leaf shows of an action: no more than its family.
pub(crate) fn kind_of(action: &str) -> &'static str {
    match action.split_once('.').map_or(action, |(family, _)| family) {
        "data" => match action {
            "data.denied" => "denied",
            "data.written" => "write",
            _ => "read",
        },
        "grant" => "grant",
        "consent" => "consent",
        "installation" => "installation",
        _ => "act",
    }
}

pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    parts.iter().for_each(|p| mac.update(p));
    mac.finalize().into_bytes().into()
}

/// What a leaf shows of a person.
pub(crate) fn who(tag: &Tag, commitment: &[u8; 32]) -> String {
    HEXLOWER.encode(&hmac(tag, &[b"yunlong-audit who", commitment])[..TAG])
}

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

/// Where the row of a leaf stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    /// 0: this crate's own leaves; else the trail of that number in the state, from 1 on.
    pub(crate) source: u16,
    pub(crate) position: Position,
    /// What the leaf of a trail's row is made of, so that the leaf stays whatever becomes of the row.
    pub(crate) row: Option<(Timestamp, [u8; 32])>,
}

impl Pointer {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.source.to_be_bytes());
        out.extend_from_slice(&self.position.seq.to_be_bytes());
        out.extend_from_slice(&self.position.place.to_be_bytes());
        if let Some((at, commitment)) = &self.row {
            out.extend_from_slice(&at.0.to_be_bytes());
            out.extend_from_slice(commitment);
        }
    }

    /// All pointers of a stored row; `None` when it is not made of pointers.
    pub(crate) fn read_all(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut out = Vec::with_capacity(crate::tree::TILE);
        while !bytes.is_empty() {
            let (source, rest) = bytes.split_first_chunk::<2>()?;
            let (seq, rest) = rest.split_first_chunk::<8>()?;
            let (place, rest) = rest.split_first_chunk::<8>()?;
            bytes = rest;
            let source = u16::from_be_bytes(*source);
            let row = if source == 0 {
                None
            } else {
                let (at, rest) = bytes.split_first_chunk::<8>()?;
                let (commitment, rest) = rest.split_first_chunk::<32>()?;
                bytes = rest;
                Some((Timestamp(i64::from_be_bytes(*at)), *commitment))
            };
            let position = Position { seq: u64::from_be_bytes(*seq), place: u64::from_be_bytes(*place) };
            out.push(Self { source, position, row });
        }
        Some(out)
    }
}

/// The leaf of a row of a trail.
pub(crate) fn of_row(trail: &str, at: Timestamp, commitment: &[u8; 32]) -> Vec<u8> {
    Leaf { trail: Some(trail.to_owned()), ..Leaf::new(at, "row", commitment) }.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_has_one_form() {
        let mut leaf = Leaf::new(Timestamp(5), "read", &[1; 32]);
        leaf.who = Some(who(&[2; TAG], &[1; 32]));
        let text = String::from_utf8(leaf.bytes()).unwrap();
        assert!(text.starts_with(r#"{"v":1,"at":5,"kind":"read","who":""#), "{text}");
        assert!(!text.contains("hidden") && !text.contains("null"), "{text}");
        assert_eq!(Leaf::parse(text.as_bytes()), Some(leaf));
        assert_eq!(Leaf::parse(br#"{"v":1,"more":2}"#), None);
    }

    #[test]
    fn two_leaves_about_one_person_look_unrelated() {
        assert_ne!(who(&[2; TAG], &[1; 32]), who(&[2; TAG], &[3; 32]));
    }

    #[test]
    fn pointers_come_back() {
        let own = Pointer { source: 0, position: Position { seq: 1, place: 2 }, row: None };
        let row = Pointer { source: 3, position: Position { seq: 4, place: 0 }, row: Some((Timestamp(-1), [9; 32])) };
        let mut bytes = Vec::new();
        own.write(&mut bytes);
        row.write(&mut bytes);
        assert_eq!(Pointer::read_all(&bytes), Some(vec![own, row]));
        assert_eq!(Pointer::read_all(&bytes[1..]), None);
    }

    #[test]
    fn kinds_tell_the_family_only() {
        let kinds = ["data.read", "data.denied", "data.written", "grant.approved", "consent.given", "role.given", "x"];
        assert_eq!(kinds.map(kind_of), ["read", "denied", "write", "grant", "consent", "act", "act"]);
    }
}
