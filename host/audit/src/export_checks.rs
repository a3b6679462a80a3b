//! What an export looks at beside the leaves: whether any row of the audit stands in the store that
//! nothing accounts for, and whether rows fit each other that only the host can read.

use crate::error::AuditError;
use crate::export::Lines;
use crate::keys::Position;
use crate::leaf::{Leaf, Pointer};
use crate::state::State;
use crate::tree::{Edge, TILE};
use crate::{Book, Inner, keys};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use std::collections::VecDeque;
use yunlong_store::key::Part;
use yunlong_store::{Direction, Entry, Key, KeyRange, Seq};

const STEP: usize = 500;

/// A walk over the rows of one book, in the order of their positions.
struct Source {
    prefix: Key,
    range: KeyRange,
    rows: VecDeque<Entry>,
}

impl Source {
    async fn fill(&mut self, inner: &Inner) -> Result<(), AuditError> {
        if self.rows.is_empty() && !self.range.is_empty() {
            self.rows = inner.store.scan(&self.range, Direction::Ascending, STEP).await?.into();
            match self.rows.back() {
                Some(last) => self.range.start = last.key.next(),
                None => self.range.end = self.range.start.clone(),
            }
        }
        Ok(())
    }
}

/// All books, walked along with the pointers: each row must be the next one that a pointer names.
pub(crate) struct Sources {
    sources: [Source; 3],
    end: Position,
}

impl Sources {
    pub(crate) fn new(state: &State) -> Self {
        let end = state.position();
        let source = |book| {
            let prefix = keys::leaves(book);
            // From the very beginning: the table is ours alone.
            let end = keys::rows(&prefix, Position::default(), Seq(end.seq)).end;
            Source { range: KeyRange { start: prefix.clone(), end }, prefix, rows: VecDeque::new() }
        };
        Self { sources: Book::ALL.map(source), end }
    }

    /// The row that a pointer leads to, if it is there. Rows before it have no leaf.
    pub(crate) async fn take(
        &mut self,
        inner: &Inner,
        pointer: &Pointer,
        lines: &mut Lines<'_>,
    ) -> Result<Option<(Key, Bytes)>, AuditError> {
        let Some(source) = self.sources.get_mut(usize::from(pointer.book.number())) else { return Ok(None) };
        loop {
            source.fill(inner).await?;
            let Some(row) = source.rows.front() else { return Ok(None) };
            match Position::of(&source.prefix, &row.key) {
                Some(at) if at == pointer.position => {
                    return Ok(source.rows.pop_front().map(|r| (r.key, r.value)));
                }
                Some(at) if at > pointer.position => return Ok(None),
                _ => lines.damage(&row.key, "no leaf covers this row")?,
            }
            source.rows.pop_front();
        }
    }

    /// What is left over up to where the log stands.
    pub(crate) async fn finish(mut self, inner: &Inner, lines: &mut Lines<'_>) -> Result<(), AuditError> {
        for source in &mut self.sources {
            loop {
                source.fill(inner).await?;
                let Some(row) = source.rows.pop_front() else { break };
                if Position::of(&source.prefix, &row.key).is_none_or(|at| at <= self.end) {
                    lines.damage(&row.key, "no leaf covers this row")?;
                }
            }
        }
        Ok(())
    }
}

/// A row's table and what follows in its key.
struct Place {
    table: String,
    rest: Vec<Part>,
}

impl Place {
    fn of(key: &Key) -> Option<Self> {
        let mut parts = key.parts().skip(1);
        let Some(Part::Text(table)) = parts.next() else { return None };
        let rest: Vec<Part> = parts.collect();
        // Bytes that belong to no component are no key of ours.
        let whole = rest.iter().fold(keys::everything().text(&table), |key, part| match part {
            Part::Text(text) => key.text(text),
            Part::U64(n) => key.u64(*n),
        });
        (whole == *key).then_some(Self { table, rest })
    }
}

impl Inner {
    /// Looks at every row of the space.
    pub(crate) async fn check_rest(&self, state: &State, lines: &mut Lines<'_>) -> Result<(), AuditError> {
        let mut range = keys::everything().children();
        loop {
            let rows = self.store.scan(&range, Direction::Ascending, STEP).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            range.start = last.key.next();
            // The log may grow meanwhile: up to here it had at the time of the rows.
            let after = self.state_or_rest().await?.0.size;
            for row in rows {
                if let Some(what) = self.check_row(state, after, &row).await?
                    // What changed while we looked was changed in good order: look again.
                    && self.store.get(&row.key).await?.is_some_and(|now| now.version == row.version)
                {
                    lines.damage(&row.key, what)?;
                }
            }
        }
    }

    /// What is wrong with a row, if anything is.
    async fn check_row(&self, state: &State, after: u64, row: &Entry) -> Result<Option<&'static str>, AuditError> {
        let unknown = Some("the audit writes no such row");
        let Some(place) = Place::of(&row.key) else { return Ok(unknown) };
        let fits = |ok: bool, what: &'static str| Ok((!ok).then_some(what));
        match (place.table.as_str(), &place.rest[..]) {
            // The walk along the pointers, the keyed hashes and the walk over the checkpoints see to these.
            ("leaf", [Part::Text(book), Part::U64(_), Part::U64(_)]) => {
                fits(Book::of_name(book).is_some(), "there is no such book")
            }
            ("state" | "expired" | "retention", []) | ("checkpoint", [Part::U64(_)]) => Ok(None),
            ("payload", [Part::Text(tag), Part::Text(book), Part::U64(seq), Part::U64(place)]) => {
                let at = Position { seq: *seq, place: *place };
                let ok = match Book::of_name(book) {
                    Some(book) => self.has_leaf(tag, book, at).await?,
                    None => false,
                };
                fits(ok, "no leaf stands before this payload")
            }
            ("waiting", [Part::Text(_), Part::Text(_)]) => {
                fits(self.is_waiting(&row.key, &row.value), "the erasure that waits was changed")
            }
            ("person", [Part::Text(_)] | [Part::Text(_), Part::Text(_)]) => {
                let name = name_in(&place.rest);
                let name = name.as_str();
                let ok = self.people.stored(name).await.is_ok_and(|p| p.is_some());
                fits(ok, "the person's key is gone, or is another's")
            }
            ("key", [Part::Text(tag)]) => {
                let owner = self.people.stored_under(tag).await.ok().flatten();
                let ok = match owner {
                    Some((_, name)) => {
                        let back = self.store.get(&keys::person(&name)).await?;
                        back.is_some_and(|v| v.value.as_ref() == tag.as_bytes())
                    }
                    None => false,
                };
                fits(ok, "the key does not open, or its person does not lead to it")
            }
            ("erasing", [Part::Text(tag)]) => {
                let gone = self.store.get(&keys::person_key(tag)).await?.is_none();
                fits(row.value.is_empty() && gone, "nothing is being erased under this tag")
            }
            ("erased", [Part::Text(tag)]) => {
                let leaf = self.leaf_at(state, after, &row.value).await?;
                fits(
                    leaf.is_none_or(|l| l.is_some_and(|l| l.erased.as_ref() == Some(tag))),
                    "no leaf tells this erasure",
                )
            }
            ("expiry", [Part::U64(to)]) => {
                let leaf = self.leaf_at(state, after, &row.value).await?;
                let tells = |l: Leaf| l.expired.is_some_and(|e| e.to == *to);
                fits(leaf.is_none_or(|l| l.is_some_and(tells)), "no leaf tells this expiry")
            }
            ("tile", [Part::U64(level), Part::U64(n)]) => {
                fits(tile_fits(state.size, after, *level, *n, row.value.len()), "the tree has no such tile")
            }
            ("pointer", [Part::U64(n)]) => {
                let count = Pointer::read_all(&row.value).map_or(usize::MAX, |p| p.len());
                fits(tile_fits(state.size, after, 0, *n, count.saturating_mul(32)), "the tree has no such leaves")
            }
            _ => Ok(unknown),
        }
    }

    /// Whether the leaf before a payload is there and names the payload's tag; and whether that tag has
    /// a key, or is being erased.
    async fn has_leaf(&self, tag: &str, book: Book, at: Position) -> Result<bool, AuditError> {
        let Some(place) = at.place.checked_sub(1) else { return Ok(false) };
        let leaf = Position { place, ..at }.key(&keys::leaves(book));
        let leaf = self.store.get(&leaf).await?;
        let named =
            leaf.is_some_and(|l| self.our_row(book, &l.value).is_some_and(|row| HEXLOWER.encode(&row.tag) == tag));
        if !named || self.store.get(&keys::person_key(tag)).await?.is_some() {
            return Ok(named);
        }
        Ok(self.store.get(&keys::erasing().text(tag)).await?.is_some())
    }

    /// The leaf whose index is in a row: `None` when it is too new to be in this export, `Some(None)`
    /// when there is none.
    async fn leaf_at(&self, state: &State, after: u64, index: &[u8]) -> Result<Option<Option<Leaf>>, AuditError> {
        let Some(index) = index.try_into().ok().map(u64::from_be_bytes) else { return Ok(Some(None)) };
        if index >= state.size {
            return Ok(if index < after { None } else { Some(None) });
        }
        let pointer = match self.pointer(index).await {
            Ok(pointer) => pointer,
            Err(AuditError::Damaged(_)) => return Ok(Some(None)),
            Err(e) => return Err(e),
        };
        let leaf = match self.own_leaf(pointer).await {
            Ok((_, leaf)) => Leaf::parse(&leaf),
            Err(AuditError::Damaged(_)) => None,
            Err(e) => return Err(e),
        };
        Ok(Some(leaf))
    }
}

/// The name of a person in a row's key, as [`keys::person`] takes it.
fn name_in(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::U64(_) => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

/// Whether a tile of this length belongs to a tree that had `size` leaves when the export began, and
/// `after` when it ended.
fn tile_fits(size: u64, after: u64, level: u64, n: u64, length: usize) -> bool {
    let Ok(level) = u8::try_from(level) else { return false };
    let width = |size: u64| {
        let (_, full, rest) = Edge::shape(size).nth(level.into()).unwrap_or_default();
        match n.cmp(&full) {
            std::cmp::Ordering::Less => TILE,
            std::cmp::Ordering::Equal => rest,
            std::cmp::Ordering::Greater => 0,
        }
    };
    length > 0 && length.is_multiple_of(32) && (width(size).max(1)..=width(after)).contains(&(length / 32))
}
