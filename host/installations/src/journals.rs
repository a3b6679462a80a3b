//! Journals of requests that failed: whether they are kept, and those that are.
//!
//! A department turns it on for a day at a time. What is kept holds personal data: it is sealed with the city's data
//! key and bound to its row, opens for a person alone, whose name the audit trail has, and goes after a week, or when
//! newer ones need its place, or with the installation.

use crate::service::detached;
use crate::{Installation, InstallationError, Installations, keys};
use serde::{Deserialize, Serialize};
use yunlong_model::{InstallationName, Timestamp};
use yunlong_sealing::{Keyring, SealError};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, StoreError, Txn, transact};
use zeroize::Zeroizing;

/// How long journals are kept from the moment that somebody turns it on, in milliseconds: a day.
pub const JOURNALING: i64 = 24 * 3_600_000;
/// How long a journal is kept, in milliseconds: a week.
pub const JOURNAL_AGE: i64 = 7 * 24 * 3_600_000;
/// Journals of one installation.
pub const MAX_JOURNALS: usize = 20;
/// Bytes of the journals of one installation.
const MAX_BYTES: u64 = 16 << 20;
/// Bytes of one row: a larger one would be stored less surely.
const ROW: usize = 48 << 10;
/// Rows of journals that are sealed anew in one commit.
const AT_ONCE: usize = 100;

/// That journals are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journaling {
    /// Until when.
    pub until: Timestamp,
    /// The account that turned it on.
    pub by: String,
}

/// A journal that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalRow {
    /// Its number in the installation.
    pub id: u64,
    /// When the request failed.
    pub at: Timestamp,
    /// The request, as logs name it.
    pub request_id: String,
    /// The version that served it.
    pub version: semver::Version,
    /// How it failed, in one word.
    pub outcome: String,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A journal that is to be kept.
#[derive(Debug)]
pub struct NewJournal {
    /// The request, as logs name it.
    pub request_id: String,
    /// The version that served it.
    pub version: semver::Version,
    /// How it failed, in one word: it is shown before anything is opened.
    pub outcome: String,
    /// The file.
    pub file: Zeroizing<Vec<u8>>,
}

impl Installations {
    /// Until when the journals of failed requests are kept; `None` when they are not.
    #[must_use]
    pub fn journaling(&self, name: &InstallationName) -> Option<Journaling> {
        let on = self.inner.journaling.read().get(name).cloned()?;
        (on.until > self.inner.clock.now()).then_some(on)
    }

    /// Turns it on for a day, or off. Who did it stands in the audit trail.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`]; when the store fails.
    pub async fn set_journaling(&self, name: &InstallationName, on: bool, by: &str) -> Result<(), InstallationError> {
        let (me, name, by) = (self.clone(), name.clone(), by.to_owned());
        detached(async move {
            let _one = me.inner.changing.lock().await;
            let until = me.inner.clock.now().plus_millis(JOURNALING);
            let set = on.then(|| Journaling { until, by: by.clone() });
            transact!(&me.inner.store, |txn| {
                there(txn, &name).await?;
                let (action, detail) = match &set {
                    Some(set) => {
                        txn.put_as(keys::journaling(&name), set);
                        ("journals.on", set.until.to_rfc3339())
                    }
                    None => {
                        txn.delete(keys::journaling(&name));
                        ("journals.off", String::new())
                    }
                };
                me.inner.audit(txn, &by, action, name.as_str(), &detail).await
            })?;
            let mut all = me.inner.journaling.write();
            match set {
                Some(set) => drop(all.insert(name, set)),
                None => drop(all.remove(&name)),
            }
            Ok(())
        })
        .await
    }

    /// Keeps a journal, sealed, if that is still turned on. The oldest make place for it.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`]; when it cannot be sealed, or the store fails.
    pub async fn keep_journal(
        &self,
        keys: &Keyring,
        name: &InstallationName,
        new: &NewJournal,
    ) -> Result<(), InstallationError> {
        let bytes = new.file.len() as u64;
        if self.journaling(name).is_none() || bytes > MAX_BYTES {
            return Ok(());
        }
        transact!(&self.inner.store, |txn| {
            there(txn, name).await?;
            let now = self.inner.clock.now();
            let rows = rows(txn, name).await?;
            let row = JournalRow {
                id: rows.last().map_or(1, |r| r.id + 1),
                at: now,
                request_id: new.request_id.clone(),
                version: new.version.clone(),
                outcome: new.outcome.clone(),
                bytes,
            };
            let mut room = MAX_BYTES - bytes;
            for (newer, old) in rows.iter().rev().enumerate() {
                let fits = newer + 1 < MAX_JOURNALS && !expired(old, now) && old.bytes <= room;
                // What does not fit goes, and whatever is older.
                room = if fits { room - old.bytes } else { 0 };
                if !fits {
                    delete(txn, name, old);
                }
            }
            for (part, text) in new.file.chunks(ROW).enumerate() {
                let key = part_key(name, row.id, part);
                let sealed = keys.seal(key.as_bytes(), text).map_err(|e| sealed(&e))?;
                txn.put(key, sealed.into());
            }
            txn.put_as(keys::journals(name).u64(row.id), &row);
            Ok(())
        })
    }

    /// The journals that are kept, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn journals(&self, name: &InstallationName) -> Result<Vec<JournalRow>, InstallationError> {
        let now = self.inner.clock.now();
        let mut rows = rows(&mut Txn::new(self.inner.store.clone()), name).await?;
        rows.retain(|r| !expired(r, now));
        rows.reverse();
        Ok(rows)
    }

    /// Opens a journal for a person, which is written down before it is answered; `detail` says what of it they get.
    /// `None` when it is not there (any more).
    ///
    /// # Errors
    /// When it does not open, or the store fails.
    pub async fn open_journal(
        &self,
        keys: &Keyring,
        name: &InstallationName,
        id: u64,
        by: &str,
        detail: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, InstallationError> {
        transact!(&self.inner.store, |txn| {
            let row: Option<JournalRow> = txn.get_as(&keys::journals(name).u64(id)).await?;
            let Some(row) = row.filter(|r| !expired(r, self.inner.clock.now())) else { return Ok(None) };
            let mut file = Zeroizing::new(Vec::with_capacity(usize::try_from(row.bytes).unwrap_or(0)));
            for part in 0..parts(&row) {
                let key = part_key(name, id, part);
                let part = txn.get(&key).await?.unwrap_or_default();
                file.extend_from_slice(&keys.open(key.as_bytes(), &part).map_err(|e| sealed(&e))?);
            }
            let told = format!("{} {detail}", row.request_id);
            self.inner.audit(txn, by, "journal.opened", name.as_str(), &told).await?;
            Ok(Some(file))
        })
    }

    /// Deletes what has expired, in every installation.
    ///
    /// # Errors
    /// When the store fails; what is left is deleted the next time.
    pub async fn expire_journals(&self) -> Result<(), InstallationError> {
        for installation in self.list() {
            let name = &installation.name;
            let now = self.inner.clock.now();
            transact!(&self.inner.store, |txn| {
                for row in rows(txn, name).await?.iter().filter(|r| expired(r, now)) {
                    delete(txn, name, row);
                }
                Ok::<_, InstallationError>(())
            })?;
        }
        Ok(())
    }

    /// Seals with the current key whatever is sealed with a former one. Answers how many rows there were.
    ///
    /// # Errors
    /// When a row does not open with any key that is given; when the store fails.
    pub async fn seal_journals_anew(&self, keys: &Keyring) -> Result<u64, InstallationError> {
        let mut done = 0;
        for installation in self.list() {
            let mut range = keys::journal_parts(&installation.name).children();
            loop {
                let rows = self.inner.store.scan(&range, Direction::Ascending, AT_ONCE).await?;
                let Some(last) = rows.last() else { break };
                range.start = last.key.next();
                let due: Vec<Key> = rows.into_iter().filter(|r| !keys.is_current(&r.value)).map(|r| r.key).collect();
                done += transact!(&self.inner.store, |txn| {
                    let mut count = 0;
                    for key in &due {
                        let Some(value) = txn.get(key).await? else { continue };
                        let plain = keys.open(key.as_bytes(), &value).map_err(|e| sealed(&e))?;
                        txn.put(key.clone(), keys.seal(key.as_bytes(), &plain).map_err(|e| sealed(&e))?.into());
                        count += 1;
                    }
                    Ok::<u64, InstallationError>(count)
                })?;
            }
        }
        Ok(done)
    }
}

/// Nothing is written for an installation that was removed.
async fn there(txn: &mut Txn, name: &InstallationName) -> Result<(), InstallationError> {
    let found: Option<Installation> = txn.get_as(&keys::installation(name)).await?;
    found.map(drop).ok_or_else(|| InstallationError::NotFound(name.clone()))
}

/// All rows, the oldest first.
async fn rows(txn: &mut Txn, name: &InstallationName) -> Result<Vec<JournalRow>, InstallationError> {
    let rows = txn.scan(&keys::journals(name).children(), Direction::Ascending, MAX_JOURNALS * 2).await?;
    Ok(rows.iter().map(|(key, value)| from_json(key, value)).collect::<Result<_, StoreError>>()?)
}

fn expired(row: &JournalRow, now: Timestamp) -> bool {
    row.at.plus_millis(JOURNAL_AGE) <= now
}

fn parts(row: &JournalRow) -> usize {
    usize::try_from(row.bytes).unwrap_or(usize::MAX).div_ceil(ROW)
}

fn part_key(name: &InstallationName, id: u64, part: usize) -> Key {
    keys::journal_parts(name).u64(id).u64(part as u64)
}

fn delete(txn: &mut Txn, name: &InstallationName, row: &JournalRow) {
    txn.delete(keys::journals(name).u64(row.id));
    for part in 0..parts(row) {
        txn.delete(part_key(name, row.id, part));
    }
}

fn sealed(e: &SealError) -> InstallationError {
    StoreError::Sealed(format!("a journal: {e}")).into()
}
