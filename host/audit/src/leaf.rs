//! Leaves: what the tree is made of, and where the rows behind them stand.
//!
//! A row is `keyed hash ‖ tag ‖ leaf`: whoever writes into the store without the log's key makes none
//! that becomes a leaf.
//!
//! A leaf is compact JSON with fixed fields in a fixed order. It tells when and of what kind, and
//! commits to the rest; whom it is about cannot be seen: `who` is a keyed hash of the commitment, by
//! the person's tag, so that two leaves about one person look unrelated until the leaf of an erasure
//! publishes the tag.

use crate::Book;
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
    pub(crate) who: String,
    /// SHA-256 of salt ‖ record.
    pub(crate) commitment: String,
    /// SHA-256 of the sealed payload.
    pub(crate) sealed: String,
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
    /// The leaf of a payload about the person of a tag.
    pub(crate) fn new(at: Timestamp, kind: &str, tag: &Tag, commitment: &[u8; 32], sealed: &[u8]) -> Self {
        Self {
            v: 1,
            at,
            kind: kind.to_owned(),
            who: who(tag, commitment),
            commitment: HEXLOWER.encode(commitment),
            sealed: HEXLOWER.encode(&sha256(&[sealed])),
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

/// Bytes of a row's keyed hash.
const MAC: usize = 16;

/// A leaf's row, taken apart.
pub(crate) struct Row<'a> {
    pub(crate) tag: Tag,
    pub(crate) leaf: &'a [u8],
    /// Whether its keyed hash is ours.
    pub(crate) ours: bool,
}

fn mac(key: &[u8], book: Book, tag: &[u8], leaf: &[u8]) -> [u8; MAC] {
    let whole = hmac(key, &[book.name().as_bytes(), b"\0", tag, leaf]);
    let mut out = [0; MAC];
    out.copy_from_slice(&whole[..MAC]);
    out
}

/// A leaf's row in a book.
pub(crate) fn row(key: &[u8], book: Book, tag: &Tag, leaf: &[u8]) -> Vec<u8> {
    [&mac(key, book, tag, leaf)[..], tag, leaf].concat()
}

/// Takes a row apart; `None` for one that is too short.
pub(crate) fn row_parts<'a>(key: &[u8], book: Book, row: &'a [u8]) -> Option<Row<'a>> {
    let (given, rest) = row.split_first_chunk::<MAC>()?;
    let (tag, leaf) = rest.split_first_chunk::<TAG>()?;
    Some(Row { tag: *tag, leaf, ours: *given == mac(key, book, tag, leaf) })
}

/// Bytes of a stored pointer: its book, its commit, its place.
const POINTER: usize = 17;

/// Where the row of a leaf stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    pub(crate) book: Book,
    pub(crate) position: Position,
}

impl Pointer {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.book.number());
        out.extend_from_slice(&self.position.seq.to_be_bytes());
        out.extend_from_slice(&self.position.place.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (book, rest) = bytes.split_first()?;
        let (seq, place) = rest.split_first_chunk::<8>()?;
        let position = Position { seq: u64::from_be_bytes(*seq), place: u64::from_be_bytes(place.try_into().ok()?) };
        Some(Self { book: Book::of_number(*book)?, position })
    }

    /// The pointers of a stored row, in their order; `None` for what is none.
    pub(crate) fn read_each(bytes: &[u8]) -> Vec<Option<Self>> {
        bytes.chunks(POINTER).map(Self::read).collect()
    }

    /// All pointers of a stored row; `None` when it is not made of pointers.
    pub(crate) fn read_all(bytes: &[u8]) -> Option<Vec<Self>> {
        Self::read_each(bytes).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_has_one_form() {
        let leaf = Leaf::new(Timestamp(5), "read", &[2; TAG], &[1; 32], b"sealed");
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
    fn a_row_is_ours_in_its_own_book_only() {
        let bytes = row(b"key", Book::People, &[2; TAG], b"leaf");
        let parts = row_parts(b"key", Book::People, &bytes).unwrap();
        assert!(parts.ours && parts.tag == [2; TAG] && parts.leaf == b"leaf");
        assert!(!row_parts(b"key", Book::Data, &bytes).unwrap().ours);
        assert!(!row_parts(b"another", Book::People, &bytes).unwrap().ours);
        for n in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[n] ^= 1;
            assert!(!row_parts(b"key", Book::People, &changed).unwrap().ours, "byte {n}");
        }
        assert!(row_parts(b"key", Book::People, &bytes[..31]).is_none());
    }

    #[test]
    fn pointers_come_back() {
        let pointers = Book::ALL.map(|book| Pointer { book, position: Position { seq: 4, place: 2 } });
        let mut bytes = Vec::new();
        pointers.iter().for_each(|p| p.write(&mut bytes));
        assert_eq!(Pointer::read_all(&bytes), Some(pointers.to_vec()));
        assert_eq!(Pointer::read_all(&bytes[1..]), None);
        // One that cannot be read costs itself.
        bytes[0] = 9;
        let each = Pointer::read_each(&bytes[..50]);
        assert_eq!(each, [None, Some(pointers[1]), None], "the last one is cut");
        assert_eq!(Pointer::read_all(&[9; 17]), None);
    }

    #[test]
    fn kinds_tell_the_family_only() {
        let kinds = ["data.read", "data.denied", "data.written", "grant.approved", "consent.given", "role.given", "x"];
        assert_eq!(kinds.map(kind_of), ["read", "denied", "write", "grant", "consent", "act", "act"]);
    }
}
