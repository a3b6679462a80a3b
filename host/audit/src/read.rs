//! What was written is found again: by the person whom it is about, and by those who oversee.

use crate::error::AuditError;
use crate::keys::Position;
use crate::leaf::{Leaf, Pointer, sha256};
use crate::people::Person;
use crate::state::State;
use crate::{Audit, Book, Entry, EntryFilter, EntryPage, Inner, Record, Seen, keys, payload_key, payload_place};
use data_encoding::HEXLOWER;
use std::collections::VecDeque;
use yunlong_model::{PersonId, Timestamp};
use yunlong_store::{Direction, Key, KeyRange};

/// Rows that one page looks at: a filter that fits nothing must not open the whole log.
const SCANNED: usize = 5_000;
const STEP: usize = 200;

impl Audit {
    /// What is written about a person, the newest first; without what an order hides that still
    /// stands (`standing_orders`). A page may be short and still have a next one.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] for a `before` that this did not give; when the store fails.
    pub async fn entries_about(
        &self,
        person: &PersonId,
        standing_orders: &[String],
        before: Option<&str>,
        limit: usize,
    ) -> Result<EntryPage, AuditError> {
        self.entries_about_where(person, standing_orders, before, limit, &|_| true).await
    }

    /// The same, of those that `fits` says yes to: what is not wanted is passed over in the same walk,
    /// which ends after a bounded number of rows. A page may be short, or empty, and still have a next one.
    ///
    /// # Errors
    /// As [`Audit::entries_about`].
    pub async fn entries_about_where(
        &self,
        person: &PersonId,
        standing_orders: &[String],
        before: Option<&str>,
        limit: usize,
        fits: &(dyn Fn(&Entry) -> bool + Send + Sync),
    ) -> Result<EntryPage, AuditError> {
        let hidden = |entry: &Entry| entry.hidden.as_ref().is_some_and(|h| standing_orders.contains(&h.order));
        self.inner.about(person, standing_orders, before, limit, &|_, entry| !hidden(entry) && fits(entry)).await
    }

    /// The entries in the book of data that fit, the newest first; for those who oversee. What was erased or has expired
    /// is not among them. A page may be short and still have a next one.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] for a `before` that this did not give; when the store fails.
    pub async fn search(
        &self,
        filter: &EntryFilter,
        before: Option<&str>,
        limit: usize,
    ) -> Result<EntryPage, AuditError> {
        let fits = |at: Timestamp, entry: &Entry| filter.fits(at, entry);
        match &filter.about {
            Some(person) => self.inner.about(person, &[], before, limit, &fits).await,
            None => self.inner.all(Book::Data, before, limit, &fits).await,
        }
    }

    /// As [`Audit::search`], in another book; whoever an entry is about, it is found there.
    ///
    /// # Errors
    /// As [`Audit::search`].
    pub async fn search_in(
        &self,
        book: Book,
        filter: &EntryFilter,
        before: Option<&str>,
        limit: usize,
    ) -> Result<EntryPage, AuditError> {
        self.inner.all(book, before, limit, &|at, entry| filter.fits(at, entry)).await
    }
}

pub(crate) type Fits<'a> = &'a (dyn Fn(Timestamp, &Entry) -> bool + Send + Sync);

/// A walk from the newest row under a prefix to the oldest.
struct Walk {
    prefix: Key,
    range: KeyRange,
    scanned: usize,
}

impl Walk {
    fn new(prefix: Key, before: Option<&str>) -> Result<Self, AuditError> {
        let mut range = prefix.children();
        if let Some(before) = before {
            let end = HEXLOWER.decode(before.as_bytes()).ok().and_then(|b| <[u8; 16]>::try_from(b).ok());
            let end =
                end.ok_or_else(|| AuditError::Invalid("begin at the first page: this is no place in it".into()))?;
            let [seq, place] = [&end[..8], &end[8..]].map(|b| b.try_into().map_or(0, u64::from_be_bytes));
            range.end = Position { seq, place }.key(&prefix);
        }
        Ok(Self { prefix, range, scanned: 0 })
    }

    fn cursor(position: Position) -> String {
        HEXLOWER.encode(&[position.seq.to_be_bytes(), position.place.to_be_bytes()].concat())
    }

    /// The next rows; empty at the end.
    async fn next(&mut self, inner: &Inner) -> Result<Vec<(Position, bytes::Bytes)>, AuditError> {
        let rows = inner.store.scan(&self.range, Direction::Descending, STEP).await?;
        if let Some(last) = rows.last() {
            self.range.end = last.key.clone();
        }
        self.scanned += rows.len();
        Ok(rows.into_iter().filter_map(|r| Some((Position::of(&self.prefix, &r.key)?, r.value))).collect())
    }
}

/// What is written about one person, under their own key and under those of orders: one walk over all.
struct About {
    person: Person,
    walk: Walk,
    rows: VecDeque<(Position, bytes::Bytes)>,
}

impl Inner {
    /// The walks over what is written about a person, but for what these orders hide.
    async fn walks(
        &self,
        person: &PersonId,
        without: &[String],
        before: Option<&str>,
    ) -> Result<Vec<About>, AuditError> {
        let mut walks = Vec::new();
        for (order, name) in self.people.names_of(person).await? {
            if order.is_some_and(|order| without.contains(&order)) {
                continue;
            }
            if let Some(person) = self.people.stored(&name).await? {
                let walk = Walk::new(keys::payloads_of(&person.tag_text, Book::Data), before)?;
                walks.push(About { person, walk, rows: VecDeque::new() });
            }
        }
        Ok(walks)
    }

    async fn about(
        &self,
        person: &PersonId,
        without: &[String],
        before: Option<&str>,
        limit: usize,
        fits: Fits<'_>,
    ) -> Result<EntryPage, AuditError> {
        let mut page = EntryPage::default();
        let state = self.state().await?;
        let mut walks = self.walks(person, without, before).await?;
        let mut looked = 0;
        while page.entries.len() < limit {
            for about in &mut walks {
                if about.rows.is_empty() {
                    about.rows = about.walk.next(self).await?.into();
                }
            }
            walks.retain(|about| !about.rows.is_empty());
            let newest = walks.iter_mut().max_by_key(|about| about.rows.front().map(|(position, _)| *position));
            let Some(About { person, rows, .. }) = newest else {
                page.next = None;
                break;
            };
            let Some((position, sealed)) = rows.pop_front() else { break };
            page.next = Some(Walk::cursor(position));
            // The leaf stands directly before its payload.
            let leaf = Position { place: position.place.saturating_sub(1), ..position };
            let (_, bytes) = self.own_leaf(Pointer { book: Book::Data, position: leaf }).await?;
            let record = open(person, &bytes, &sealed)?;
            if fits(record.at, &record.entry) {
                page.entries.push(self.seen(&state, leaf, record).await?);
            }
            looked += 1;
            if looked >= SCANNED {
                break;
            }
        }
        Ok(page)
    }

    pub(crate) async fn all(
        &self,
        book: Book,
        before: Option<&str>,
        limit: usize,
        fits: Fits<'_>,
    ) -> Result<EntryPage, AuditError> {
        let mut page = EntryPage::default();
        let state = self.state().await?;
        let mut walk = Walk::new(keys::leaves(book), before)?;
        while page.entries.len() < limit {
            let rows = walk.next(self).await?;
            if rows.is_empty() {
                page.next = None;
                break;
            }
            for (position, row) in rows {
                page.next = Some(Walk::cursor(position));
                let Some(record) = self.record_of(Pointer { book, position }, &row).await? else { continue };
                if fits(record.at, &record.entry) {
                    page.entries.push(self.seen(&state, position, record).await?);
                    if page.entries.len() == limit {
                        return Ok(page);
                    }
                }
            }
            if walk.scanned >= SCANNED {
                break;
            }
        }
        Ok(page)
    }

    /// The record of a leaf's row; `None` when it was erased or has expired.
    async fn record_of(&self, pointer: Pointer, row: &[u8]) -> Result<Option<Record>, AuditError> {
        let row = self.our_row(pointer.book, row).ok_or_else(|| unreadable(pointer.position))?;
        let tag = HEXLOWER.encode(&row.tag);
        let Some(sealed) = self.store.get(&payload_key(&tag, pointer)).await? else { return Ok(None) };
        let Some(person) = self.people.under(&tag).await? else { return Ok(None) };
        open(&person, row.leaf, &sealed.value).map(Some)
    }

    async fn seen(&self, state: &State, leaf: Position, record: Record) -> Result<Seen, AuditError> {
        let index = self.index_of(state, leaf).await?;
        Ok(Seen { at: record.at, index, entry: record.entry })
    }
}

fn unreadable(position: Position) -> AuditError {
    AuditError::Damaged(format!("the leaf of the commit {} at {} cannot be read", position.seq, position.place))
}

/// A payload that must be the one its leaf commits to.
pub(crate) fn open(person: &Person, leaf: &[u8], sealed: &[u8]) -> Result<Record, AuditError> {
    let changed = || AuditError::Damaged("a payload is not the one that its leaf commits to".into());
    let commitment = Leaf::parse(leaf).and_then(|l| l.commitment()).ok_or_else(changed)?;
    let plain = person.keys.open(&payload_place(&person.tag_text, &commitment), sealed)?;
    if sha256(&[&plain]) != commitment {
        return Err(changed());
    }
    let record = plain.get(crate::SALT..).ok_or_else(changed)?;
    serde_json::from_slice(record).map_err(|_| changed())
}
