//! The keys of people: each person's payloads are sealed under a key of their own, so that
//! destroying it erases all of them at once.

use crate::error::AuditError;
use crate::leaf::{TAG, Tag};
use crate::{Entry, keys};
use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use rand::TryRng as _;
use rand::rngs::SysRng;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use yunlong_model::PersonId;
use yunlong_sealing::{DataKey, Keyring, SealError};
use yunlong_store::{CommitError, Direction, Key, ReadCheck, Seq, SharedStore, Txn, transact};
use zeroize::Zeroizing;

/// What is about nobody in particular stands under the city's own tag. No person's id is this.
pub(crate) const CITY: &str = "-";
/// People in each of the two halves of the cache: a few MB each.
const CACHED: usize = 16_384;
/// People whose keys are made in one commit.
const MADE_AT_ONCE: usize = 4_000;

/// A person's tag and key.
pub(crate) struct Person {
    pub(crate) tag: Tag,
    pub(crate) tag_text: String,
    pub(crate) keys: Keyring,
    /// The commit that wrote the key: whoever seals with it checks that it still stands.
    pub(crate) version: Option<Seq>,
}

impl Person {
    /// That the key still is what it was.
    pub(crate) fn check(&self) -> ReadCheck {
        ReadCheck { key: keys::person_key(&self.tag_text), version: self.version }
    }
}

/// Whose key an entry is sealed under, as the rows name them: the person whom it is about, apart for
/// each order that hides it from them.
pub(crate) fn name_of(entry: &Entry) -> Cow<'_, str> {
    match (&entry.about, &entry.hidden) {
        (None, _) => Cow::Borrowed(CITY),
        (Some(person), None) => Cow::Borrowed(person.as_str()),
        (Some(person), Some(hidden)) => Cow::Owned(name_under(person, &hidden.order)),
    }
}

/// The name of what an order hides from a person.
pub(crate) fn name_under(person: &PersonId, order: &str) -> String {
    format!("{} {order}", person.as_str())
}

/// Two generations: who was not asked for in the last `CACHED` new ones is forgotten.
#[derive(Default)]
struct Cache {
    young: HashMap<String, Arc<Person>>,
    old: HashMap<String, Arc<Person>>,
}

impl Cache {
    fn get(&mut self, name: &str) -> Option<Arc<Person>> {
        if let Some(found) = self.young.get(name) {
            return Some(found.clone());
        }
        let found = self.old.remove(name)?;
        self.put(name.to_owned(), found.clone());
        Some(found)
    }

    fn put(&mut self, name: String, person: Arc<Person>) {
        if self.young.len() >= CACHED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name, person);
    }
}

pub(crate) struct People {
    store: SharedStore,
    city: Arc<Keyring>,
    by_name: Mutex<Cache>,
    /// For whoever comes from a leaf.
    by_tag: Mutex<Cache>,
}

/// The plain text of a key's row: the key, then whose it is.
fn plain_of(key: &[u8; 32], name: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([&key[..], name.as_bytes()].concat())
}

fn damaged(row: &Key) -> AuditError {
    AuditError::Damaged(format!("the row {row:?} does not hold a person's tag or key"))
}

impl People {
    pub(crate) fn new(store: SharedStore, city: Arc<Keyring>) -> Self {
        Self { store, city, by_name: Mutex::default(), by_tag: Mutex::default() }
    }

    fn open_row(&self, tag: &str, sealed: &[u8], version: Option<Seq>) -> Result<(Person, String), AuditError> {
        let row = keys::person_key(tag);
        let plain = self.city.open(row.as_bytes(), sealed)?;
        let (key, name) = plain.split_first_chunk::<32>().ok_or_else(|| damaged(&row))?;
        let name = std::str::from_utf8(name).map_err(|_| damaged(&row))?.to_owned();
        let tag_bytes: Option<Tag> = HEXLOWER.decode(tag.as_bytes()).ok().and_then(|t| t.try_into().ok());
        let keys = Keyring::new(DataKey::derived(&Zeroizing::new(*key)), Vec::new());
        let tag_bytes = tag_bytes.ok_or_else(|| damaged(&row))?;
        Ok((Person { tag: tag_bytes, tag_text: tag.to_owned(), keys, version }, name))
    }

    /// The person's key as it stands, made in `txn` when there is none.
    pub(crate) async fn in_txn(&self, txn: &mut Txn, name: &str) -> Result<Person, AuditError> {
        let at = keys::person(name);
        if let Some(tag) = txn.get(&at).await? {
            let tag = std::str::from_utf8(&tag).map_err(|_| damaged(&at))?;
            let row = keys::person_key(tag);
            let sealed = txn.get_versioned(&row).await?.ok_or_else(|| damaged(&at))?;
            let (person, owner) = self.open_row(tag, &sealed.value, Some(sealed.version))?;
            return if owner == name { Ok(person) } else { Err(damaged(&at)) };
        }
        let (mut tag, mut key) = ([0; TAG], Zeroizing::new([0; 32]));
        SysRng.try_fill_bytes(&mut tag).map_err(|_| SealError::Random)?;
        SysRng.try_fill_bytes(key.as_mut_slice()).map_err(|_| SealError::Random)?;
        let tag_text = HEXLOWER.encode(&tag);
        let row = keys::person_key(&tag_text);
        let sealed = self.city.seal(row.as_bytes(), &plain_of(&key, name))?;
        txn.put(row, sealed.into());
        txn.put(at, tag_text.clone().into_bytes().into());
        Ok(Person { tag, tag_text, keys: Keyring::new(DataKey::derived(&key), Vec::new()), version: None })
    }

    /// The keys of these people, made where there is none; in the order of the names.
    pub(crate) async fn of(&self, names: &[Cow<'_, str>]) -> Result<Vec<Arc<Person>>, AuditError> {
        let missing: BTreeSet<&str> = {
            let mut cache = self.by_name.lock();
            names.iter().map(AsRef::as_ref).filter(|n| cache.get(n).is_none()).collect()
        };
        let missing: Vec<&str> = missing.into_iter().collect();
        let mut fresh = HashMap::new();
        for some in missing.chunks(MADE_AT_ONCE) {
            transact!(&self.store, |txn| {
                for name in some {
                    self.in_txn(txn, name).await?;
                }
                Ok::<_, AuditError>(())
            })?;
            for name in some {
                // Again, for the version that the commit gave; `None`: erased in this very moment.
                let person = Arc::new(self.stored(name).await?.ok_or(AuditError::Busy)?);
                fresh.insert((*name).to_owned(), person.clone());
                self.by_name.lock().put((*name).to_owned(), person);
            }
        }
        let mut cache = self.by_name.lock();
        let found = |name: &Cow<'_, str>| {
            fresh.get(name.as_ref()).cloned().or_else(|| cache.get(name.as_ref())).ok_or(AuditError::Busy)
        };
        names.iter().map(found).collect()
    }

    /// The person's key, if they have one.
    pub(crate) async fn stored(&self, name: &str) -> Result<Option<Person>, AuditError> {
        let at = keys::person(name);
        let Some(tag) = self.store.get(&at).await? else { return Ok(None) };
        let tag = std::str::from_utf8(&tag.value).map_err(|_| damaged(&at))?.to_owned();
        let Some(sealed) = self.store.get(&keys::person_key(&tag)).await? else { return Ok(None) };
        let (person, owner) = self.open_row(&tag, &sealed.value, Some(sealed.version))?;
        if owner == name { Ok(Some(person)) } else { Err(damaged(&at)) }
    }

    /// The names under which something may be written about a person: their own, and one for each order
    /// that has hidden something from them.
    pub(crate) async fn names_of(&self, person: &PersonId) -> Result<Vec<(Option<String>, String)>, AuditError> {
        let own = person.as_str();
        let at = keys::person(own);
        let rows = self.store.scan(&at.children(), Direction::Ascending, usize::MAX).await?;
        let orders = rows.iter().filter(|row| row.key != at).filter_map(|row| row.key.last_text());
        let under = orders.map(|order| (Some(order.clone()), name_under(person, &order)));
        Ok(std::iter::once((None, own.to_owned())).chain(under).collect())
    }

    /// The key under a tag as it is stored now; `None` when it was destroyed.
    pub(crate) async fn stored_under(&self, tag: &str) -> Result<Option<(Person, String)>, AuditError> {
        let sealed = self.store.get(&keys::person_key(tag)).await?;
        sealed.map(|s| self.open_row(tag, &s.value, Some(s.version))).transpose()
    }

    /// As [`People::stored_under`], by way of the cache: an erasure by another process may be seen late.
    pub(crate) async fn under(&self, tag: &str) -> Result<Option<Arc<Person>>, AuditError> {
        if let Some(found) = self.by_tag.lock().get(tag) {
            return Ok(Some(found));
        }
        let Some((person, _)) = self.stored_under(tag).await? else { return Ok(None) };
        let person = Arc::new(person);
        self.by_tag.lock().put(tag.to_owned(), person.clone());
        Ok(Some(person))
    }

    /// Forgets what is cached of these people.
    pub(crate) fn forget<'a>(&self, names: impl Iterator<Item = Cow<'a, str>>) {
        let mut by_name = self.by_name.lock();
        let mut by_tag = self.by_tag.lock();
        for name in names {
            let gone = [by_name.young.remove(name.as_ref()), by_name.old.remove(name.as_ref())];
            for person in gone.into_iter().flatten() {
                by_tag.young.remove(&person.tag_text);
                by_tag.old.remove(&person.tag_text);
            }
        }
    }

    /// Forgets what is cached under a tag.
    pub(crate) fn forget_tag(&self, tag: &str) {
        let mut by_tag = self.by_tag.lock();
        by_tag.young.remove(tag);
        by_tag.old.remove(tag);
    }

    /// Seals the keys anew that are not sealed with the city's current key; answers how many.
    pub(crate) async fn reseal(&self) -> Result<u64, AuditError> {
        let mut range = keys::person_keys().children();
        let mut done = 0;
        loop {
            let rows = self.store.scan(&range, Direction::Ascending, 500).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            range.start = last.key.next();
            let due: Vec<Key> = rows.into_iter().filter(|r| !self.city.is_current(&r.value)).map(|r| r.key).collect();
            if due.is_empty() {
                continue;
            }
            done += due.len() as u64;
            transact!(&self.store, |txn| {
                for row in &due {
                    let Some(sealed) = txn.get(row).await? else { continue };
                    let plain = self.city.open(row.as_bytes(), &sealed)?;
                    txn.put(row.clone(), self.city.seal(row.as_bytes(), &plain)?.into());
                }
                Ok::<_, AuditError>(())
            })?;
        }
    }
}

/// What a conflict means to whoever wrote with a person's key.
pub(crate) fn is_conflict(e: &AuditError) -> bool {
    matches!(e, AuditError::Commit(CommitError::Conflict) | AuditError::Busy)
}
