//! Queries over one declared index of a dataset.

use serde_json::{Map, Value};

/// What a query asks for when it names no limit.
const DEFAULT_LIMIT: u32 = 50;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawBound {
    pub(crate) value: Value,
    pub(crate) inclusive: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawQuery {
    pub(crate) index: Vec<String>,
    pub(crate) equals: Vec<Value>,
    pub(crate) lower: Option<RawBound>,
    pub(crate) upper: Option<RawBound>,
    pub(crate) filter: Map<String, Value>,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<String>,
}

/// An index of a dataset: its items, in the catalogue's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index<'a>(pub &'a [&'a str]);

impl Index<'_> {
    /// Walks the whole index.
    #[must_use]
    pub fn all(self) -> Query {
        let raw = RawQuery {
            index: self.0.iter().map(|i| (*i).to_owned()).collect(),
            equals: Vec::new(),
            lower: None,
            upper: None,
            filter: Map::new(),
            limit: DEFAULT_LIMIT,
            cursor: None,
        };
        Query { raw }
    }

    /// Walks the records whose first item of the index has this value; say [`Query::equals`] again for
    /// the next item.
    #[must_use]
    pub fn equals(self, value: impl Into<Value>) -> Query {
        self.all().equals(value)
    }
}

/// A query over one index of a dataset: equality on its first items, a range on the item that follows,
/// values of other granted items, a limit and a cursor. Every item of the index must be granted.
///
/// ```
/// use yunlong_sdk::shared::Index;
///
/// let born = Index(&["birth_date"]).all().at_least("1990-01-01").below("1991-01-01").only("sex", "2").limit(100);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub(crate) raw: RawQuery,
}

impl Query {
    /// The next item of the index has this value.
    #[must_use]
    pub fn equals(mut self, value: impl Into<Value>) -> Self {
        self.raw.equals.push(value.into());
        self
    }

    /// The item after those of `equals` is this or more.
    #[must_use]
    pub fn at_least(mut self, value: impl Into<Value>) -> Self {
        self.raw.lower = Some(RawBound { value: value.into(), inclusive: true });
        self
    }

    /// The item after those of `equals` is more than this.
    #[must_use]
    pub fn above(mut self, value: impl Into<Value>) -> Self {
        self.raw.lower = Some(RawBound { value: value.into(), inclusive: false });
        self
    }

    /// The item after those of `equals` is this or less.
    #[must_use]
    pub fn at_most(mut self, value: impl Into<Value>) -> Self {
        self.raw.upper = Some(RawBound { value: value.into(), inclusive: true });
        self
    }

    /// The item after those of `equals` is less than this.
    #[must_use]
    pub fn below(mut self, value: impl Into<Value>) -> Self {
        self.raw.upper = Some(RawBound { value: value.into(), inclusive: false });
        self
    }

    /// Only records whose item has this value. It is filtered after the index, so a page can be short
    /// and still have a next one.
    #[must_use]
    pub fn only(mut self, item: &str, value: impl Into<Value>) -> Self {
        self.raw.filter.insert(item.to_owned(), value.into());
        self
    }

    /// At most this many records: 1 to 500, 50 when not said.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.raw.limit = limit;
        self
    }

    /// Goes on where a page of the same query ended ([`Page::next`](super::Page::next)).
    #[must_use]
    pub fn after(mut self, cursor: Option<impl Into<String>>) -> Self {
        self.raw.cursor = cursor.map(Into::into);
        self
    }
}
