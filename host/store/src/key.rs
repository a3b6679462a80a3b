//! Keys: tuples of components, encoded so that the order of bytes is the order of tuples.
//!
//! The first component is the space: an installation's name, or `@service` for the platform's
//! own (`@` cannot stand in an installation's name). The encoding follows the tuple layer of
//! FoundationDB: a type byte, then the value; text is terminated, with zero bytes escaped.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::ops::Bound;

const TEXT: u8 = 0x02;
const U64: u8 = 0x15;

/// An encoded key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key of a whole space.
    #[must_use]
    pub fn space(name: &str) -> Self {
        Self(Vec::with_capacity(64)).text(name)
    }

    /// Adds a text component.
    #[must_use]
    pub fn text(mut self, s: &str) -> Self {
        self.0.push(TEXT);
        for b in s.bytes() {
            self.0.push(b);
            if b == 0 {
                self.0.push(0xFF);
            }
        }
        self.0.push(0);
        self
    }

    /// Adds a number; numbers sort before each other by value.
    #[must_use]
    pub fn u64(mut self, n: u64) -> Self {
        self.0.push(U64);
        self.0.extend_from_slice(&n.to_be_bytes());
        self
    }

    /// Adds bytes as they are. They must keep the order by themselves (index values do), must not
    /// start with 0xFF, and nothing can be parsed behind them.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A key from bytes that [`Key::as_bytes`] gave.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The encoded bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The space this key is in; `None` for bytes that are not a key.
    #[must_use]
    pub fn space_name(&self) -> Option<String> {
        match self.parts().next() {
            Some(Part::Text(s)) => Some(s),
            _ => None,
        }
    }

    /// The components, as far as they can be parsed.
    pub fn parts(&self) -> impl Iterator<Item = Part> + '_ {
        let mut rest = &self.0[..];
        std::iter::from_fn(move || {
            let (part, left) = Part::parse(rest)?;
            rest = left;
            Some(part)
        })
    }

    /// The last component when it is text.
    #[must_use]
    pub fn last_text(&self) -> Option<String> {
        match self.parts().last() {
            Some(Part::Text(s)) => Some(s),
            _ => None,
        }
    }

    /// All keys that continue this one with further components, and this key itself.
    ///
    /// The end is this key ‖ 0xFF, as in FoundationDB: no component starts with that byte, but an
    /// escaped zero byte of a longer text does, so `a\0b` is not among the children of `a`.
    #[must_use]
    pub fn children(&self) -> KeyRange {
        KeyRange { start: self.clone(), end: self.after_children() }
    }

    /// The first key behind all [`children`](Self::children).
    #[must_use]
    pub fn after_children(&self) -> Self {
        let mut v = self.0.clone();
        v.push(0xFF);
        Self(v)
    }

    /// The smallest key after this one.
    #[must_use]
    pub fn next(&self) -> Self {
        let mut v = self.0.clone();
        v.push(0);
        Self(v)
    }
}

/// So that maps of keys can be asked by bytes; both compare and hash alike.
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

/// A component of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// A number.
    U64(u64),
}

impl Part {
    fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        match *bytes.first()? {
            TEXT => {
                let mut out = Vec::new();
                let mut i = 1;
                loop {
                    match *bytes.get(i)? {
                        0 if bytes.get(i + 1) == Some(&0xFF) => {
                            out.push(0);
                            i += 2;
                        }
                        0 => return Some((Self::Text(String::from_utf8(out).ok()?), &bytes[i + 1..])),
                        b => {
                            out.push(b);
                            i += 1;
                        }
                    }
                }
            }
            U64 => {
                let n = bytes.get(1..9)?;
                Some((Self::U64(u64::from_be_bytes(n.try_into().ok()?)), &bytes[9..]))
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, p) in self.parts().enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            match p {
                Part::Text(s) => f.write_str(&s.escape_debug().to_string())?,
                Part::U64(n) => write!(f, "{n}")?,
            }
        }
        Ok(())
    }
}

/// Keys from `start` (inclusive) to `end` (exclusive).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    /// The first key.
    pub start: Key,
    /// The first key behind the range.
    pub end: Key,
}

impl KeyRange {
    /// The range of one key.
    #[must_use]
    pub fn one(key: &Key) -> Self {
        Self { start: key.clone(), end: key.next() }
    }

    /// For `BTreeMap::range` and the like.
    #[must_use]
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (Bound::Included(self.start.as_bytes()), Bound::Excluded(self.end.as_bytes()))
    }

    /// Whether a key is in the range.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        *key >= self.start && *key < self.end
    }

    /// Whether nothing can be in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_bytes_is_order_of_tuples() {
        let k = |a: &str, n: u64| Key::space("s").text(a).u64(n);
        let sorted =
            [k("", 9), k("a", 0), k("a", 255), k("a", 256), k("a", u64::MAX), k("a\0", 0), k("ab", 0), k("b", 0)];
        assert!(sorted.is_sorted());
    }

    #[test]
    fn components_come_back() {
        let k = Key::space("inst").text("a\0b").u64(7);
        assert_eq!(k.parts().collect::<Vec<_>>(), [Part::Text("inst".into()), Part::Text("a\0b".into()), Part::U64(7)]);
        assert_eq!(k.space_name().as_deref(), Some("inst"));
    }

    #[test]
    fn children_are_those_of_this_text_only() {
        let range = Key::space("s").text("a").children();
        assert!(range.contains(&Key::space("s").text("a").text("\u{10FFFF}")));
        assert!(range.contains(&Key::space("s").text("a")));
        assert!(!range.contains(&Key::space("s").text("a\0b")));
        assert!(!range.contains(&Key::space("s").text("ab")));
    }
}
