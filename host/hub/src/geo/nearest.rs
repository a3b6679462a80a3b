//! The nearest records to a position.
//!
//! Best first: a queue holds cells, with a distance that nothing in them is nearer than, and records, with
//! their distance. The nearest entry is taken out again and again. A record that comes out is the next
//! nearest: whatever was not seen yet has a point nearest to the position in some cell of the queue, and
//! that cell's distance, which is no more than the record's, would have come out before. A cell that comes
//! out is read when it holds few rows, and else divided. So the work follows the records that are near,
//! however they are spread.

use super::distance::{at_least_m, distance_m};
use super::index::Row;
use super::query::{Hit, Hits, Page, all_rows, check_limit, decode, encode, own_rows};
use super::{Cell, GeoError, Position};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap};
use yunlong_store::{Direction, KeyRange, Store};

/// The largest distance that can be asked for, in metres.
pub const MAX_DISTANCE_M: f64 = 200_000.0;
/// A cell with no more rows than this is read rather than divided.
const FEW: usize = 64;
/// Rows that are read at once where a cell cannot be divided.
const BATCH: usize = 512;
/// The most rows that a query examines.
const MOST: usize = 50_000;

/// The records that are nearest to a position and not farther than `max_m` metres, the nearest first;
/// of two at the same distance the one with the smaller key. Shapes count from their nearest point.
///
/// # Errors
/// [`GeoError::Range`], [`GeoError::Cursor`], [`GeoError::Crowded`], [`GeoError::Store`].
pub async fn nearest(
    store: &dyn Store,
    dataset: &str,
    from: Position,
    max_m: f64,
    page: &Page,
) -> Result<Hits, GeoError> {
    check_limit(page.limit)?;
    if !(0.0..=MAX_DISTANCE_M).contains(&max_m) {
        return Err(GeoError::Range { what: "distance", given: max_m, least: 0.0, most: MAX_DISTANCE_M });
    }
    let after = page.cursor.as_deref().map(decode).transpose()?;
    let after = after.map(|(bits, id)| Entry { metres: f64::from_bits(bits), what: What::Record(id) });
    if after.as_ref().is_some_and(|a| !(0.0..=MAX_DISTANCE_M).contains(&a.metres)) {
        return Err(GeoError::Cursor);
    }
    let mut search = Search { store, dataset, from, max_m, queue: BinaryHeap::new(), seen: BTreeSet::new(), read: 0 };
    search.put_cell(Cell::EARTH);
    let mut out = Hits::default();
    while let Some(Reverse(entry)) = search.queue.pop() {
        let told = after.as_ref().is_some_and(|after| entry <= *after);
        match entry.what {
            What::Cell(cell) => search.open(cell).await?,
            What::Record(_) if told => {}
            What::Record(id) => {
                let full = out.hits.len() + 1 == page.limit;
                out.next = full.then(|| encode(entry.metres.to_bits(), &id));
                out.hits.push(Hit { id, distance_m: Some(entry.metres) });
                if full {
                    break;
                }
            }
        }
    }
    Ok(out)
}

/// Something in the queue. Of what is equally far, cells come before records: a cell may hold a record
/// at that very distance with a smaller key.
#[derive(PartialEq)]
struct Entry {
    metres: f64,
    what: What,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Cell(Cell),
    Record(String),
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.metres.total_cmp(&other.metres).then_with(|| self.what.cmp(&other.what))
    }
}

struct Search<'a> {
    store: &'a dyn Store,
    dataset: &'a str,
    from: Position,
    max_m: f64,
    queue: BinaryHeap<Reverse<Entry>>,
    /// A shape stands under several cells.
    seen: BTreeSet<String>,
    read: usize,
}

impl Search<'_> {
    fn put_cell(&mut self, cell: Cell) {
        let metres = at_least_m(self.from, cell);
        if metres <= self.max_m {
            self.queue.push(Reverse(Entry { metres, what: What::Cell(cell) }));
        }
    }

    async fn open(&mut self, cell: Cell) -> Result<(), GeoError> {
        let few = self.store.scan(&all_rows(self.dataset, cell), Direction::Ascending, FEW + 1).await?;
        if few.len() <= FEW {
            for entry in &few {
                self.put_record(Row::parse(entry)?).await?;
            }
            return Ok(());
        }
        self.read_all(own_rows(self.dataset, cell)).await?;
        cell.quarters().for_each(|quarter| self.put_cell(quarter));
        Ok(())
    }

    /// Reads the rows of a cell that cannot, or need not, be divided.
    async fn read_all(&mut self, mut rows: KeyRange) -> Result<(), GeoError> {
        loop {
            let entries = self.store.scan(&rows, Direction::Ascending, BATCH).await?;
            for entry in &entries {
                self.put_record(Row::parse(entry)?).await?;
            }
            match entries.last() {
                Some(last) if entries.len() == BATCH => rows.start = last.key.next(),
                _ => return Ok(()),
            }
        }
    }

    async fn put_record(&mut self, row: Row) -> Result<(), GeoError> {
        self.read += 1;
        if row.point.is_none() && self.seen.contains(&row.id) {
            return Ok(());
        }
        let Some(geometry) = row.geometry(self.store, self.dataset).await? else { return Ok(()) };
        self.read += geometry.positions() / 64;
        if self.read > MOST {
            return Err(GeoError::Crowded(MOST));
        }
        let metres = distance_m(self.from, &geometry);
        if row.point.is_none() {
            self.seen.insert(row.id.clone());
        }
        if metres <= self.max_m {
            self.queue.push(Reverse(Entry { metres, what: What::Record(row.id) }));
        }
        Ok(())
    }
}
