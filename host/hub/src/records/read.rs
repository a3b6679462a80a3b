//! Reading: by key, as of a day, by index, by person.

use super::changes::Erased;
use super::{Records, Stored, changes, holds, index, row};
use crate::{ChangeSet, Hub, HubError, Publication, Record, keys};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use yunlong_formats::Date;
use yunlong_model::PersonId;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Entry, Key, KeyRange, ReadCheck};

/// The most records that a page may have.
pub(crate) const MAX_PAGE: usize = 500;
/// Bytes of the query's hash in a cursor.
const HASH: usize = 12;

/// One end of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// A JSON scalar.
    pub value: Value,
    /// Whether the value itself is in the range.
    pub inclusive: bool,
}

/// A query over one of the dataset's indexes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Find {
    /// The items of the index, in its order; none: all records, in the order of their ids.
    pub index: Vec<String>,
    /// Values of the first items.
    pub equals: Vec<Value>,
    /// The lower end for the item that follows.
    pub lower: Option<Bound>,
    /// The upper end for the item that follows.
    pub upper: Option<Bound>,
    /// Whether the largest come first.
    pub descending: bool,
    /// At most this many records, 1 to 500.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its id in the store.
    pub id: String,
    /// The version that holds.
    pub record: Record,
}

/// A page of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundPage {
    /// The records, in the index's order.
    pub records: Vec<Found>,
    /// Where to go on; `None` when there is no more. A page may be short and have a next one: records that
    /// no longer hold are left out.
    pub next: Option<String>,
}

/// A record about somebody, with all that it ever was.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// Its id in the store.
    pub id: String,
    /// The newest version.
    pub newest: Record,
    /// Whether that holds today; what has ended is still kept.
    pub holds: bool,
    /// Versions that held before, the newest first.
    pub former: Vec<Record>,
    /// What was once on record and was replaced, the newest first.
    pub replaced: Vec<Record>,
}

impl Hub {
    /// The registers of persons, with where each stands in the catalogue: one that is withdrawn, or not
    /// published yet, is kept all the same, and whoever asks what is held about them is told of it.
    #[must_use]
    pub fn registers_of_persons(&self) -> Vec<(Publication, Records)> {
        let catalogue = self.inner.catalogue.read().clone();
        let personal = catalogue.all().filter(|l| l.dataset().is_personal());
        personal.map(|l| (l.entry.publication, Records { inner: self.inner.clone(), live: l.clone() })).collect()
    }
}

impl Records {
    /// The version that holds today. One key of the store is read.
    ///
    /// # Errors
    /// When the store fails, or the record does not open with any key that is given.
    pub async fn current(&self, id: &str) -> Result<Option<Record>, HubError> {
        let today = self.today().to_string();
        Ok(self.head(id).await?.map(|s| s.record).filter(|r| holds(r, &today)))
    }

    /// The newest version, whether it still holds or not.
    ///
    /// # Errors
    /// As [`Records::current`].
    pub async fn newest(&self, id: &str) -> Result<Option<Record>, HubError> {
        Ok(self.head(id).await?.map(|s| s.record))
    }

    /// The version that held on a day.
    ///
    /// # Errors
    /// As [`Records::current`].
    pub async fn as_of(&self, id: &str, day: Date) -> Result<Option<Record>, HubError> {
        let day = day.to_string();
        let Some(head) = self.head(id).await? else { return Ok(None) };
        if head.record.valid_from <= day {
            return Ok(Some(head.record).filter(|r| holds(r, &day)));
        }
        let former = keys::former(&self.dataset().id, id);
        let range = KeyRange { start: former.clone(), end: former.text(&day).next() };
        let rows = self.inner.store.scan(&range, Direction::Descending, 1).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let stored = row::from_bytes(&self.inner.keys, &row.key, &row.value)?;
        Ok(Some(stored.record).filter(|r| holds(r, &day)))
    }

    /// The days between which the record was there without a gap, around a day on which it held: from when,
    /// and until when if it has ended. Its versions in between do not show.
    ///
    /// # Errors
    /// As [`Records::current`].
    pub(crate) async fn stretch(&self, id: &str, day: Date) -> Result<Option<(String, Option<String>)>, HubError> {
        let day = day.to_string();
        let mut spans: Vec<_> = self.history(id).await?.into_iter().map(|r| (r.valid_from, r.valid_to)).collect();
        spans.sort();
        let mut joined: Vec<(String, Option<String>)> = Vec::new();
        for (from, to) in spans {
            match joined.last_mut().filter(|(_, end)| end.as_ref() == Some(&from)) {
                Some((_, end)) => *end = to,
                None => joined.push((from, to)),
            }
        }
        Ok(joined.into_iter().find(|(from, to)| *from <= day && to.as_ref().is_none_or(|to| day < *to)))
    }

    /// All versions, the newest first.
    ///
    /// # Errors
    /// As [`Records::current`].
    pub async fn history(&self, id: &str) -> Result<Vec<Record>, HubError> {
        let mut all: Vec<Record> = self.head(id).await?.map(|s| s.record).into_iter().collect();
        all.extend(self.rows(&keys::former(&self.dataset().id, id)).await?);
        Ok(all)
    }

    /// What was once on record and was replaced by a correction, the newest first.
    ///
    /// # Errors
    /// As [`Records::current`].
    pub async fn replaced(&self, id: &str) -> Result<Vec<Record>, HubError> {
        self.rows(&keys::replaced(&self.dataset().id, id)).await
    }

    async fn rows(&self, under: &Key) -> Result<Vec<Record>, HubError> {
        let rows = self.inner.store.scan(&under.children(), Direction::Descending, usize::MAX).await?;
        rows.iter().map(|r| Ok(row::from_bytes(&self.inner.keys, &r.key, &r.value)?.record)).collect()
    }

    pub(super) async fn head(&self, id: &str) -> Result<Option<Stored>, HubError> {
        let key = keys::head(&self.dataset().id, id);
        match self.inner.store.get(&key).await? {
            Some(found) => Ok(Some(row::from_bytes(&self.inner.keys, &key, &found.value)?)),
            None => Ok(None),
        }
    }

    /// The records about a person that hold today; at most 500, which no dataset about persons has of one.
    ///
    /// # Errors
    /// As [`Records::current`].
    pub async fn about(&self, person: &PersonId) -> Result<Vec<Found>, HubError> {
        self.fetch(self.ids_about(person).await?).await
    }

    /// The same with all their versions, and those that have ended among them. A version that was about
    /// somebody else, as where a number was corrected, is not the person's and is left out.
    ///
    /// # Errors
    /// As [`Records::current`].
    pub async fn whole_about(&self, person: &PersonId) -> Result<Vec<Whole>, HubError> {
        let today = self.today().to_string();
        let theirs = |r: &Record| self.person(r).as_ref() == Some(person);
        let mut all = Vec::new();
        for id in self.ids_about(person).await? {
            let mut versions = self.history(&id).await?.into_iter();
            let Some(newest) = versions.next().filter(theirs) else { continue };
            let former = versions.filter(theirs).collect();
            let replaced = self.replaced(&id).await?.into_iter().filter(theirs).collect();
            all.push(Whole { id, holds: holds(&newest, &today), newest, former, replaced });
        }
        Ok(all)
    }

    async fn ids_about(&self, person: &PersonId) -> Result<Vec<String>, HubError> {
        if !self.dataset().is_personal() {
            return Ok(Vec::new());
        }
        if let Some(id) = self.id_of_person(person) {
            return Ok(vec![id]);
        }
        let tag = self.tags().person(&self.dataset().id, person);
        let range = keys::about(&self.dataset().id, &tag).children();
        let rows = self.inner.store.scan(&range, Direction::Ascending, MAX_PAGE).await?;
        Ok(rows.iter().filter_map(|r| r.key.last_text()).collect())
    }

    /// What is left of a record that was removed, with its row, until it was told.
    pub(crate) async fn erased(&self, id: &str) -> Result<Option<(Erased, ReadCheck)>, HubError> {
        let key = keys::erased(&self.dataset().id, id);
        let Some(found) = self.inner.store.get(&key).await? else { return Ok(None) };
        let plain = self.inner.keys.open(key.as_bytes(), &found.value)?;
        let erased = from_json(&key, &plain)?;
        Ok(Some((erased, ReadCheck { key, version: Some(found.version) })))
    }

    async fn fetch(&self, ids: Vec<String>) -> Result<Vec<Found>, HubError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(record) = self.current(&id).await? {
                found.push(Found { id, record });
            }
        }
        Ok(found)
    }

    /// A page of the records that an index finds and that hold today.
    ///
    /// # Errors
    /// [`HubError::Invalid`] for an index that the dataset does not have or that is being built, for a range
    /// over an item whose values are hashed, and for a cursor of another query.
    pub async fn find(&self, find: &Find) -> Result<FoundPage, HubError> {
        Ok(self.find_within(find, usize::MAX).await?.0)
    }

    /// As [`Records::find`], a page that ends before the row whose bytes have no room, unless it is the first
    /// one. Answers how much room is left, too; `None`: it ended for that.
    pub(crate) async fn find_within(&self, find: &Find, room: usize) -> Result<(FoundPage, Option<usize>), HubError> {
        let plan = self.plan(find)?;
        let mut range = plan.range.clone();
        let limit = find.limit.clamp(1, MAX_PAGE);
        if let Some(cursor) = &find.cursor {
            let last = plan.place_of(cursor)?;
            if find.descending {
                range.end = last.min(range.end);
            } else {
                range.start = last.next().max(range.start);
            }
        }
        if range.is_empty() {
            return Ok((FoundPage::default(), Some(room)));
        }
        let direction = if find.descending { Direction::Descending } else { Direction::Ascending };
        let mut rows = self.inner.store.scan(&range, direction, limit).await?;
        let left = keep(&mut rows, room);
        let next = match rows.last() {
            Some(last) if rows.len() == limit || left.is_none() => Some(plan.cursor(&last.key)),
            _ => None,
        };
        let records = if find.index.is_empty() {
            let today = self.today().to_string();
            let opened =
                rows.iter().map(|r| row::from_bytes(&self.inner.keys, &r.key, &r.value).map(|s| (r, s.record)));
            let mut found = Vec::with_capacity(rows.len());
            for opened in opened {
                let (row, record) = opened?;
                if holds(&record, &today) {
                    found.push(Found { id: row.key.last_text().unwrap_or_default(), record });
                }
            }
            found
        } else {
            let rows = rows.iter().map(|r| &r.key);
            self.fetch(index::ids_of(&self.tags(), self.dataset(), &find.index, rows)?).await?
        };
        Ok((FoundPage { records, next }, left))
    }

    /// Which rows of the store a query is over.
    ///
    /// # Errors
    /// As [`Records::find`], but for the cursor.
    pub(crate) fn plan(&self, find: &Find) -> Result<Plan, HubError> {
        let base = self.base_of(find)?;
        let (range, hash) = (self.range_of(find, &base)?, self.hash_of(find, &base));
        Ok(Plan { base, range, hash })
    }

    /// What all rows of the index begin with.
    fn base_of(&self, find: &Find) -> Result<Key, HubError> {
        let dataset = self.dataset();
        if find.index.is_empty() {
            return Ok(keys::heads(&dataset.id));
        }
        if !dataset.indexes.contains(&find.index) {
            let has: Vec<String> = dataset.indexes.iter().map(|i| format!("[{}]", i.join(", "))).collect();
            return Err(HubError::invalid(
                "index",
                format!("该数据集没有这个索引，可用的有：{}", has.join("、")),
                format!("the dataset has no such index; it has: {}", has.join(", ")),
            ));
        }
        if self.live.entry.building.contains(&find.index) {
            return Err(HubError::invalid(
                "index",
                "索引正在建立，请稍后再试",
                "the index is being built: try again later",
            ));
        }
        Ok(keys::index(&dataset.id, &find.index))
    }

    fn range_of(&self, find: &Find, base: &Key) -> Result<KeyRange, HubError> {
        let dataset = self.dataset();
        let bounded = find.lower.is_some() || find.upper.is_some();
        if find.equals.len() + usize::from(bounded) > find.index.len() {
            return Err(HubError::invalid(
                "equals",
                "查询条件比索引的信息项多",
                "there are more values than the index has items",
            ));
        }
        let mut at = Vec::new();
        for (item, value) in find.index.iter().zip(&find.equals) {
            self.encoded(item, value, &mut at)?;
        }
        let prefix = base.clone().raw(&at);
        let mut range = prefix.children();
        let Some(item) = find.index.get(find.equals.len()).filter(|_| bounded) else { return Ok(range) };
        if !index::is_ordered(dataset, item) {
            return Err(HubError::invalid(
                "lower",
                format!("{item} 属于个人信息，只能按具体值查询，不能按范围查询"),
                format!("`{item}` is personal data: it can be asked for by a value, not by a range"),
            ));
        }
        let end_of = |bound: &Bound| -> Result<Key, HubError> {
            let mut bytes = Vec::new();
            self.encoded(item, &bound.value, &mut bytes)?;
            Ok(prefix.clone().raw(&bytes))
        };
        if let Some(lower) = &find.lower {
            let key = end_of(lower)?;
            range.start = if lower.inclusive { key } else { key.after_children() };
        }
        if let Some(upper) = &find.upper {
            let key = end_of(upper)?;
            range.end = if upper.inclusive { key.after_children() } else { key };
        }
        Ok(range)
    }

    fn encoded(&self, item: &str, value: &Value, out: &mut Vec<u8>) -> Result<(), HubError> {
        // Numbers of persons and companies are asked for as people write them.
        let normal = self.dataset().item(item).and_then(|i| crate::validate::normal(i, value).ok().flatten());
        let value = normal.as_ref().unwrap_or(value);
        if index::value(&self.tags(), self.dataset(), item, value, out) {
            return Ok(());
        }
        Err(HubError::invalid(item, "查询值应为文本、数字或布尔值", "a value is a text, a number or a boolean"))
    }

    /// What the cursors of a query have in common. The limit is not in it: pages may differ in size.
    fn hash_of(&self, find: &Find, base: &Key) -> [u8; HASH] {
        let bound = |b: &Option<Bound>| b.as_ref().map(|b| (b.inclusive, b.value.clone()));
        let said = serde_json::json!([find.equals, bound(&find.lower), bound(&find.upper), find.descending]);
        let key = self.inner.config.key.as_slice();
        let digest = Sha256::new().chain_update(key).chain_update(base.as_bytes()).chain_update(said.to_string());
        let mut out = [0; HASH];
        out.copy_from_slice(&digest.finalize()[..HASH]);
        out
    }

    /// What changed after `after`, oldest first, at most `limit` commits.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn changes(&self, after: Option<&Key>, limit: usize) -> Result<Vec<ChangeSet>, HubError> {
        changes::after(&self.inner.store, &self.dataset().id, after, limit).await
    }

    /// Forgets changes up to and with `through`, at most `limit` commits; answers how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn trim_changes(&self, through: &Key, limit: usize) -> Result<usize, HubError> {
        changes::trim(&self.inner.store, &self.dataset().id, through, limit).await
    }

    /// How many records there are, ended ones among them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn count(&self) -> Result<u64, HubError> {
        let count = self.inner.store.counter(&keys::counts(&self.dataset().id)).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// Keeps the rows that have room, the first one always. Answers what is left of it; `None` when rows went.
fn keep(rows: &mut Vec<Entry>, room: usize) -> Option<usize> {
    let mut left = Some(room);
    let fits = |row: &&Entry| {
        left = left.and_then(|l| l.checked_sub(row.value.len()));
        left.is_some()
    };
    let fit = rows.iter().take_while(fits).count().max(1);
    let all = fit >= rows.len();
    rows.truncate(fit);
    if all { Some(left.unwrap_or(0)) } else { None }
}

/// The rows of the store that a query is over.
pub(crate) struct Plan {
    /// What all rows of the index begin with.
    base: Key,
    pub(crate) range: KeyRange,
    hash: [u8; HASH],
}

impl Plan {
    /// A cursor is no secret and no proof: the walk stays in the range of the query that it comes with.
    pub(crate) fn cursor(&self, last: &Key) -> String {
        let row = last.as_bytes().get(self.base.as_bytes().len()..).unwrap_or_default();
        BASE64URL_NOPAD.encode(&[&self.hash[..], row].concat())
    }

    /// The row at which a page ended.
    pub(crate) fn place_of(&self, cursor: &str) -> Result<Key, HubError> {
        let refused = || {
            HubError::invalid(
                "cursor",
                "翻页标记不属于这次查询：请从第一页开始",
                "the cursor is not from this query: begin again",
            )
        };
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| refused())?;
        match bytes.split_at_checked(HASH) {
            Some((head, row)) if head == self.hash => Ok(self.base.clone().raw(row)),
            _ => Err(refused()),
        }
    }
}
