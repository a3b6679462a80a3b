//! Queries over one declared index.

use super::{DataError, Document, RawDocument, Stored, decode};
use serde_json::Value;
use std::marker::PhantomData;

/// What a query asks for when it names no limit.
const DEFAULT_LIMIT: u32 = 50;

/// An index of the collection of `T`, as declared in `app.toml`. `derive(Document)` makes one
/// constant for each.
pub struct Index<T>(&'static str, PhantomData<fn() -> T>);

impl<T> Clone for Index<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Index<T> {}

impl<T> Index<T> {
    /// The index of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name, PhantomData)
    }

    /// Its name in `app.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl<T: Document> Index<T> {
    /// Walks the whole index.
    #[must_use]
    pub fn all(self) -> Query<T> {
        Query::over(self.0)
    }

    /// Walks the documents whose first field of the index has this value; say
    /// [`Query::equals`] again for the next field.
    #[must_use]
    pub fn equals(self, value: impl Into<Value>) -> Query<T> {
        self.all().equals(value)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawBound {
    pub(crate) value: Value,
    pub(crate) inclusive: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawQuery {
    pub(crate) index: &'static str,
    pub(crate) equals: Vec<Value>,
    pub(crate) lower: Option<RawBound>,
    pub(crate) upper: Option<RawBound>,
    pub(crate) descending: bool,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<String>,
}

pub(crate) struct RawPage {
    pub(crate) documents: Vec<RawDocument>,
    pub(crate) next: Option<String>,
}

/// A query over one index of the collection of `T`: equality on its first fields, a range on the
/// field that follows, a direction, a limit and a cursor. Values are JSON scalars.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use yunlong_sdk::Document;
/// # #[derive(Serialize, Deserialize, Document)]
/// # #[document(collection = "slots", indexes("by-day"))]
/// # struct Slot { #[document(id)] id: String }
/// // The index `by-day` over `attraction`, `day`:
/// let query = Slot::BY_DAY.equals("guishan").at_least("2026-11-01").below("2026-12-01").limit(31);
/// ```
pub struct Query<T> {
    pub(crate) raw: RawQuery,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Query<T> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), of: PhantomData }
    }
}

impl<T: Document> Query<T> {
    fn over(index: &'static str) -> Self {
        let raw = RawQuery {
            index,
            equals: Vec::new(),
            lower: None,
            upper: None,
            descending: false,
            limit: DEFAULT_LIMIT,
            cursor: None,
        };
        Self { raw, of: PhantomData }
    }

    /// Walks the collection in the order of ids.
    #[must_use]
    pub fn by_id() -> Self {
        Self::over("id")
    }

    /// The next field of the index has this value.
    #[must_use]
    pub fn equals(mut self, value: impl Into<Value>) -> Self {
        self.raw.equals.push(value.into());
        self
    }

    /// The field after those of `equals` is this or more.
    #[must_use]
    pub fn at_least(mut self, value: impl Into<Value>) -> Self {
        self.raw.lower = Some(RawBound { value: value.into(), inclusive: true });
        self
    }

    /// The field after those of `equals` is more than this.
    #[must_use]
    pub fn above(mut self, value: impl Into<Value>) -> Self {
        self.raw.lower = Some(RawBound { value: value.into(), inclusive: false });
        self
    }

    /// The field after those of `equals` is this or less.
    #[must_use]
    pub fn at_most(mut self, value: impl Into<Value>) -> Self {
        self.raw.upper = Some(RawBound { value: value.into(), inclusive: true });
        self
    }

    /// The field after those of `equals` is less than this.
    #[must_use]
    pub fn below(mut self, value: impl Into<Value>) -> Self {
        self.raw.upper = Some(RawBound { value: value.into(), inclusive: false });
        self
    }

    /// Largest first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.raw.descending = true;
        self
    }

    /// At most this many documents: 1 to 500, 50 when not said.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.raw.limit = limit;
        self
    }

    /// Goes on where a page of the same query ended ([`Page::next`]).
    #[must_use]
    pub fn after(mut self, cursor: Option<impl Into<String>>) -> Self {
        self.raw.cursor = cursor.map(Into::into);
        self
    }
}

/// A page of a query's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The documents, in the index's order.
    pub items: Vec<Stored<T>>,
    /// Give this to [`Query::after`] for the next page; `None` when there is no more.
    pub next: Option<String>,
}

impl<T: Document> Page<T> {
    pub(crate) fn decode(raw: RawPage) -> Result<Self, DataError> {
        Ok(Self { items: raw.documents.into_iter().map(decode).collect::<Result<_, _>>()?, next: raw.next })
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = Stored<T>;
    type IntoIter = std::vec::IntoIter<Stored<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}
