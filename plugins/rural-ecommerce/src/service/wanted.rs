//! Which rows of a list are wanted, and how a page of them is read.

use super::Refusal;
use super::access::known;
use crate::domain::machine::Machine;
use yunlong_sdk::{Collection, Document, Page, Query};

/// Which rows of a list are wanted, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted<S> {
    /// Those alone that stand there.
    pub state: Option<S>,
    /// The one of this number alone, however it is typed.
    pub number: Option<String>,
    /// The oldest first, instead of the newest.
    pub oldest_first: bool,
}

impl<S> Default for Wanted<S> {
    fn default() -> Self {
        Self { state: None, number: None, oldest_first: false }
    }
}

impl<S> From<Option<S>> for Wanted<S> {
    fn from(state: Option<S>) -> Self {
        Self { state, ..Self::default() }
    }
}

impl<S: Machine> Wanted<S> {
    /// Reads a page of a list: `all` walks it by time, `by_state` awaits a state, and `stands` says where a row of the
    /// list stands, `None` of what is in another one.
    pub(super) fn read<T: Document>(
        &self,
        of: Collection<T>,
        (all, by_state): (Query<T>, Query<T>),
        stands: impl Fn(&T) -> Option<S>,
        limit: u32,
        after: Option<String>,
    ) -> Result<Page<T>, Refusal> {
        if let Some(number) = &self.number {
            let found = known(of.get(&number.trim().to_uppercase()))?;
            let fits = |row: &T| stands(row).is_some_and(|s| self.state.is_none_or(|wanted| s == wanted));
            return Ok(Page { items: found.into_iter().filter(|row| fits(row)).collect(), next: None });
        }
        let query = self.state.map_or(all, |s| by_state.equals(s.code()));
        Ok(of.find(self.turned(query).limit(limit).after(after))?)
    }

    /// A query in the order that is wanted.
    pub(super) fn turned<T: Document>(&self, query: Query<T>) -> Query<T> {
        if self.oldest_first { query } else { query.descending() }
    }
}
