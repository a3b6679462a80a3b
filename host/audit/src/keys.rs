//! Where things stand in the space `@audit`.

use crate::Book;
use yunlong_store::key::Part;
use yunlong_store::{Key, KeyRange, Seq};

const SPACE: &str = "@audit";
/// Bytes that an append adds to its prefix: two numbers, each with its type byte.
const APPENDED: usize = 18;

fn table(name: &str) -> Key {
    Key::space(SPACE).text(name)
}

/// The leaves of a book: keyed hash ‖ tag ‖ leaf.
pub(crate) fn leaves(book: Book) -> Key {
    table("leaf").text(book.name())
}

/// All sealed payloads.
pub(crate) fn payloads() -> Key {
    table("payload")
}

/// The sealed payloads under a tag.
pub(crate) fn payloads_under(tag: &str) -> Key {
    payloads().text(tag)
}

/// Those of one book.
pub(crate) fn payloads_of(tag: &str, book: Book) -> Key {
    payloads_under(tag).text(book.name())
}

pub(crate) fn people() -> Key {
    table("person")
}

/// The tag of a person, or of what an order hides from them: `<person>` or `<person> <order>`.
pub(crate) fn person(name: &str) -> Key {
    match name.split_once(' ') {
        Some((person, order)) => people().text(person).text(order),
        None => people().text(name),
    }
}

pub(crate) fn person_keys() -> Key {
    table("key")
}

/// The sealed key of a tag.
pub(crate) fn person_key(tag: &str) -> Key {
    person_keys().text(tag)
}

/// Tags whose payloads are being removed.
pub(crate) fn erasing() -> Key {
    table("erasing")
}

/// Erasures that wait for the end of an order.
pub(crate) fn waiting() -> Key {
    table("waiting")
}

/// One of them, of a person under an order.
pub(crate) fn waiting_for(person: &str, order: &str) -> Key {
    waiting().text(person).text(order)
}

/// The leaf that tells the erasure of a tag.
pub(crate) fn erased(tag: &str) -> Key {
    table("erased").text(tag)
}

pub(crate) fn state() -> Key {
    table("state")
}

/// Up to where payloads have expired.
pub(crate) fn expired() -> Key {
    table("expired")
}

/// The retention that was set last.
pub(crate) fn retention() -> Key {
    table("retention")
}

/// The hashes of a tile.
pub(crate) fn tile(level: u8, n: u64) -> Key {
    table("tile").u64(level.into()).u64(n)
}

/// Where the rows of 256 leaves stand.
pub(crate) fn pointers(n: u64) -> Key {
    table("pointer").u64(n)
}

pub(crate) fn checkpoints() -> Key {
    table("checkpoint")
}

pub(crate) fn checkpoint(size: u64) -> Key {
    checkpoints().u64(size)
}

/// The size of the checkpoint that stands at this key; `None` for one that no checkpoint of ours has.
pub(crate) fn checkpoint_size(key: &Key) -> Option<u64> {
    match key.parts().nth(2) {
        Some(Part::U64(size)) if *key == checkpoint(size) => Some(size),
        _ => None,
    }
}

/// The leaf that tells the expiry of payloads up to a leaf.
pub(crate) fn expiries() -> Key {
    table("expiry")
}

pub(crate) fn expiry(to: u64) -> Key {
    expiries().u64(to)
}

/// The whole space.
pub(crate) fn everything() -> Key {
    Key::space(SPACE)
}

/// Where an appended row stands in the order of all commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    pub(crate) seq: u64,
    pub(crate) place: u64,
}

impl Position {
    /// The row under `prefix` at this position.
    pub(crate) fn key(self, prefix: &Key) -> Key {
        prefix.clone().u64(self.seq).u64(self.place)
    }

    /// Of a row under `prefix`; `None` for a key that no append made.
    pub(crate) fn of(prefix: &Key, key: &Key) -> Option<Self> {
        let rest = key.as_bytes().strip_prefix(prefix.as_bytes())?;
        if rest.len() != APPENDED {
            return None;
        }
        let number = |at: usize| rest[at..at + 8].try_into().ok().map(u64::from_be_bytes);
        let found = Self { seq: number(1)?, place: number(10)? };
        // Only the very bytes that an append writes.
        (found.key(prefix) == *key).then_some(found)
    }

    pub(crate) fn next(self) -> Self {
        Self { place: self.place.saturating_add(1), ..self }
    }
}

/// The rows under `prefix` from `from` on, up to and with the commit `until`.
pub(crate) fn rows(prefix: &Key, from: Position, until: Seq) -> KeyRange {
    KeyRange { start: from.key(prefix), end: prefix.clone().u64(until.0.saturating_add(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_from_the_keys_of_appends_only() {
        let prefix = leaves(Book::Data);
        let position = Position { seq: 7, place: 3 };
        assert_eq!(Position::of(&prefix, &position.key(&prefix)), Some(position));
        assert_eq!(Position::of(&prefix, &position.key(&prefix).text("x")), None);
        assert_eq!(Position::of(&prefix, &prefix.clone().u64(7)), None);
        assert_eq!(Position::of(&prefix, &prefix.clone().text("0123456789abcdef")), None);
    }
}
