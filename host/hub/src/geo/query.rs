//! Queries by area: what lies in it, what touches it.

use super::cell::cover_outline;
use super::index::{Row, row};
use super::relation::Outline;
use super::{Area, BoundingBox, Cell, CellRange, GeoError, Geometry, cells_of};
use data_encoding::BASE64URL_NOPAD;
use yunlong_store::{Direction, Key, KeyRange, Store};

/// The most records of a page.
pub const MAX_LIMIT: usize = 500;
/// Rows that are read at once.
const BATCH: usize = 256;
/// What a page may cost: a row is 1, and looking at outlines by their length. A page that would cost more
/// ends early, with a cursor.
const BUDGET: usize = 20_000;

/// Which page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most this many records: 1 to 500.
    pub limit: usize,
    /// [`Hits::next`] of the page before, of the same query.
    pub cursor: Option<String>,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The record's key.
    pub id: String,
    /// How far it is, in metres, when the query is about distance.
    pub distance_m: Option<f64>,
}

/// A page of what was found: each record once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// The records: by their cells, or by distance when the query is about distance.
    pub hits: Vec<Hit>,
    /// Where the next page begins; `None` when there is no more. A page may be short, or empty, and have a next one.
    pub next: Option<String>,
}

/// How a record is to lie.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Within,
    Touching,
}

/// Records that lie in an area with all of their geometry.
///
/// # Errors
/// [`GeoError::Range`], [`GeoError::Cursor`], [`GeoError::Store`].
pub async fn within(store: &dyn Store, dataset: &str, area: &Area, page: &Page) -> Result<Hits, GeoError> {
    find(store, dataset, area, Relation::Within, page).await
}

/// Records that have a point in an area or on its edge.
///
/// # Errors
/// As [`within`].
pub async fn touching(store: &dyn Store, dataset: &str, area: &Area, page: &Page) -> Result<Hits, GeoError> {
    find(store, dataset, area, Relation::Touching, page).await
}

/// Records that have a point in a box or on its edge: what a map shows.
///
/// # Errors
/// As [`within`].
pub async fn in_box(store: &dyn Store, dataset: &str, bounds: &BoundingBox, page: &Page) -> Result<Hits, GeoError> {
    find(store, dataset, &Area::from(bounds), Relation::Touching, page).await
}

async fn find(
    store: &dyn Store,
    dataset: &str,
    area: &Area,
    relation: Relation,
    page: &Page,
) -> Result<Hits, GeoError> {
    check_limit(page.limit)?;
    let after = page.cursor.as_deref().map(decode).transpose()?;
    let outline = Outline::new(area);
    let ranges = cover_outline(area, &outline);
    let mut search = Search { store, dataset, outline, relation, ranges: &ranges, spent: 0 };
    let mut out = Hits::default();
    for range in &ranges {
        let Some(mut rest) = rest_of(dataset, range, after.as_ref()) else { continue };
        loop {
            let entries = store.scan(&rest, Direction::Ascending, BATCH).await?;
            for entry in &entries {
                let row = Row::parse(entry)?;
                if search.finds(&row, range).await? {
                    out.hits.push(Hit { id: row.id.clone(), distance_m: None });
                }
                if out.hits.len() == page.limit || search.spent >= BUDGET {
                    out.next = Some(encode(row.cell.number(), &row.id));
                    return Ok(out);
                }
            }
            match entries.last() {
                Some(last) if entries.len() == BATCH => rest.start = last.key.next(),
                _ => break,
            }
        }
    }
    Ok(out)
}

struct Search<'a> {
    store: &'a dyn Store,
    dataset: &'a str,
    outline: Outline<'a>,
    relation: Relation,
    ranges: &'a [CellRange],
    spent: usize,
}

impl Search<'_> {
    async fn finds(&mut self, row: &Row, range: &CellRange) -> Result<bool, GeoError> {
        self.spent += 1;
        if row.point.is_some() && range.inside {
            return Ok(true);
        }
        let Some(geometry) = row.geometry(self.store, self.dataset).await? else { return Ok(false) };
        self.spent += self.outline.positions() / 256;
        if row.point.is_none() {
            self.spent += geometry.positions() / 16;
            if !self.is_first(row.cell, &geometry) {
                return Ok(false);
            }
        }
        Ok(match self.relation {
            Relation::Within => self.outline.holds(&geometry),
            Relation::Touching => self.outline.touches(&geometry),
        })
    }

    /// A shape stands under several cells: it is told at the first one that the query meets, so that no
    /// page need know what pages before it told.
    fn is_first(&self, cell: Cell, geometry: &Geometry) -> bool {
        let met = |c: &Cell| self.ranges.iter().any(|r| r.first <= *c && *c <= r.last);
        cells_of(geometry).into_iter().find(met) == Some(cell)
    }
}

/// The keys of a range that stand behind the cursor; `None` when all were told.
fn rest_of(dataset: &str, range: &CellRange, after: Option<&(u64, String)>) -> Option<KeyRange> {
    let end = row(dataset, range.last).after_children();
    let start = match after {
        Some((cell, _)) if *cell > range.last.number() => return None,
        Some((cell, id)) if *cell >= range.first.number() => row(dataset, Cell::from_number(*cell)?).text(id).next(),
        _ => row(dataset, range.first),
    };
    Some(KeyRange { start, end })
}

pub(super) fn check_limit(limit: usize) -> Result<(), GeoError> {
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(());
    }
    Err(GeoError::Range { what: "limit", given: limit as f64, least: 1.0, most: MAX_LIMIT as f64 })
}

/// A cursor: a number and a record's key. It is no secret and no proof: whatever one says, the walk stays
/// in the ranges of the query that it comes with.
pub(super) fn encode(number: u64, id: &str) -> String {
    BASE64URL_NOPAD.encode(&[&number.to_be_bytes()[..], id.as_bytes()].concat())
}

pub(super) fn decode(cursor: &str) -> Result<(u64, String), GeoError> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| GeoError::Cursor)?;
    let (number, id) = bytes.split_first_chunk().ok_or(GeoError::Cursor)?;
    let id = String::from_utf8(id.to_vec()).map_err(|_| GeoError::Cursor)?;
    if id.len() > yunlong_store::MAX_KEY / 2 {
        return Err(GeoError::Cursor);
    }
    Ok((u64::from_be_bytes(*number), id))
}

/// Keys of one cell alone: shapes that are as large as it.
pub(super) fn own_rows(dataset: &str, cell: Cell) -> KeyRange {
    row(dataset, cell).children()
}

/// Keys of a cell and of all cells in it.
pub(super) fn all_rows(dataset: &str, cell: Cell) -> KeyRange {
    let range = cell.range();
    let start: Key = row(dataset, range.first);
    KeyRange { start, end: row(dataset, range.last).after_children() }
}
