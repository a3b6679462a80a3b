//! The audit that proves itself: a Merkle log of who did what to whose data.
//!
//! Every read of personal data, grant, consent, installation and act of an administrator is a leaf of
//! one tree (RFC 9162 hashing). Signed checkpoints (C2SP tlog-checkpoint) fix the tree, witnesses that
//! run elsewhere cosign them, and `yunlong-verify`, which shares no code with this crate, checks an
//! export against both. All state is in the store, in the space `@audit`.
//!
//! Entries stand in [`Book`]s: what is written through [`Audit::record`] and [`Audit::stage`] in that of
//! data, what identity and installations tell ([`Audit::tell`]) in theirs. All rows are alike: a leaf
//! under a keyed hash of the log, and behind it the payload, sealed for the person whom it is about.
//! The sequencer ([`Audit::run`]) gives them their places in the tree, in the order of their commits.
//!
//! **Invariants.**
//! - [`Audit::record`] answers after its rows are on stable storage, and never before: what it tells
//!   must not leave the platform when it fails.
//! - A row that became a leaf is never changed, moved or removed. Payloads are removed by an erasure or
//!   by their age, and a leaf tells it; nothing else excuses a payload that is missing.
//! - A leaf tells no person. Two leaves about one person cannot be linked without that person's tag,
//!   which only an erasure publishes.
//! - A row that this log did not write becomes no leaf: the sequencer refuses it, and stops.
//! - Reads of personal data stop while the log stays behind ([`AuditError::Behind`]).
//! - A payload is sealed under a key of its person alone. Whoever destroys the key has erased them all.
//! - What an order hides from a person is sealed under a key of that person and that order, so that an
//!   erasure while it stands neither destroys nor shows it; it is erased when the order has ended.
//! - Nothing is sealed with a key that was destroyed: every write checks in its commit that the key
//!   still stands.
//! - A tree grows in one commit, with its tiles and its signed checkpoint, that checks the state
//!   before: two sequencers conflict, they do not fork. Nothing is signed over tiles that do not have
//!   the root which was signed last.
//! - What the state row says is under a keyed hash: a changed state is refused, not followed.
//! - A person who asks what was read about them cannot tell whether an order hides something from them:
//!   neither by what is listed, nor by leaves, nor by counts. The city-wide number is public.
#![deny(missing_docs)]

mod book;
mod checked;
mod config;
mod entry;
mod erase;
mod error;
mod export;
mod export_checks;
mod keys;
mod leaf;
mod note;
mod offer;
mod people;
mod progress;
mod read;
mod recorder;
mod sequence;
mod serve;
mod spool;
mod state;
pub mod tree;

pub use book::{Act, AuditFilter, AuditPage, AuditRow, Book};
pub use checked::Checked;
pub use config::{AuditConfig, Witness};
pub use entry::{Entry, EntryFilter, EntryPage, HiddenBy, Outcome, Seen};
pub use error::AuditError;
pub use export::{ExportOptions, Exported};
pub use progress::{AuditWatch, Standing, WitnessStatus};
pub use serve::{ConsistencyProof, Disclosure, InclusionProof};
pub use tree::Hash;

use crate::leaf::{Leaf, Pointer, kind_of, sha256};
use crate::note::{LogKey, WitnessKey};
use crate::people::{People, Person, is_conflict, name_of};
use crate::progress::Progress;
use crate::recorder::Recorder;
use parking_lot::Mutex;
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_model::{Clock, Timestamp};
use yunlong_sealing::{Keyring, SealError};
use yunlong_store::{Append, Key, ReadCheck, SharedStore, Txn};
use zeroize::Zeroizing;

/// The audit. Clones share everything.
#[derive(Clone)]
pub struct Audit {
    pub(crate) inner: Arc<Inner>,
    recorder: Recorder,
}

pub(crate) struct Inner {
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) people: People,
    pub(crate) key: LogKey,
    pub(crate) secrets: Secrets,
    pub(crate) config: Settings,
    pub(crate) witnesses: Vec<(WitnessKey, String)>,
    /// Apart from the rest: whoever watches it does not keep the store open.
    pub(crate) progress: Arc<Progress>,
    /// Payloads and checkpoints do not go while an export reads them.
    pub(crate) exporting: tokio::sync::RwLock<()>,
    /// One export is gathered at a time.
    pub(crate) gathering: tokio::sync::Mutex<()>,
    /// Checkpoints of smaller trees need not be looked at again.
    pub(crate) thinned: Mutex<u64>,
}

/// What of the configuration is needed later.
pub(crate) struct Settings {
    pub(crate) retention_days: u32,
    pub(crate) checkpoint_every: std::time::Duration,
    pub(crate) offer_every: std::time::Duration,
    pub(crate) vkeys: Vec<String>,
    pub(crate) spool: Option<std::path::PathBuf>,
    pub(crate) spool_bytes: u64,
}

/// Keys that derive from the signing key.
pub(crate) struct Secrets {
    /// The keyed hash of leaves' rows.
    pub(crate) rows: Zeroizing<[u8; 32]>,
    /// The keyed hash of the state.
    pub(crate) state: Zeroizing<[u8; 32]>,
}

/// What a payload holds behind its salt.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) at: Timestamp,
    pub(crate) entry: Entry,
}

/// An entry that is ready to be appended.
pub(crate) struct Prepared {
    leaf: Append,
    payload: Append,
}

/// How often an entry is sealed anew when its person's key changes under it.
const ATTEMPTS: u32 = 8;
/// Entries of one call that are committed together.
const ENTRIES_AT_ONCE: usize = 2_000;
const SALT: usize = 32;

impl Audit {
    /// Opens the audit of a store. Within a Tokio runtime: the task that gathers what is recorded
    /// starts here, and ends when the last clone is dropped.
    ///
    /// # Errors
    /// [`AuditError::Config`] says what of the configuration cannot be used, and when the log has another
    /// origin; [`AuditError::Damaged`] when nothing of what is stored was written under this signing key. A log
    /// of which somebody changed single rows is opened, so that it can be exported; it may not grow any more.
    pub async fn open(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        keys: Arc<Keyring>,
        config: AuditConfig,
    ) -> Result<Self, AuditError> {
        let witness = |w: &Witness| WitnessKey::parse(&w.vkey).map(|key| (key, w.url.clone()));
        let witnesses: Result<Vec<_>, AuditError> = config.witnesses.iter().map(witness).collect();
        let witnesses = witnesses?;
        let derived = |label: &[u8]| Zeroizing::new(leaf::hmac(config.signing_key.as_slice(), &[label]));
        let names: Vec<String> = witnesses.iter().map(|(key, _)| key.name.clone()).collect();
        let progress = Progress::new(clock.clone(), config.most_waiting, config.longest_wait, &names);
        let inner = Inner {
            people: People::new(store.clone(), keys),
            clock,
            key: LogKey::new(&config.origin, &config.signing_key)?,
            secrets: Secrets { rows: derived(b"yunlong-audit rows"), state: derived(b"yunlong-audit state") },
            config: Settings {
                retention_days: config.retention_days.max(1),
                checkpoint_every: config.checkpoint_every,
                offer_every: config.offer_every,
                vkeys: config.witnesses.into_iter().map(|w| w.vkey).collect(),
                spool: config.spool,
                spool_bytes: config.spool_bytes,
            },
            witnesses,
            progress: Arc::new(progress),
            exporting: tokio::sync::RwLock::default(),
            gathering: tokio::sync::Mutex::default(),
            thinned: Mutex::default(),
            store: store.clone(),
        };
        inner.check_state().await?;
        inner.keep_retention().await?;
        Ok(Self { inner: Arc::new(inner), recorder: Recorder::start(store) })
    }

    /// Writes an entry in the commit of what it tells.
    ///
    /// # Errors
    /// When the store fails or the person's key cannot be used.
    pub async fn stage(&self, txn: &mut Txn, entry: &Entry) -> Result<(), AuditError> {
        self.stage_in(Book::Data, txn, entry).await
    }

    /// As [`Audit::stage`], in the book of this kind of act.
    ///
    /// # Errors
    /// As [`Audit::stage`].
    pub async fn stage_in(&self, book: Book, txn: &mut Txn, entry: &Entry) -> Result<(), AuditError> {
        self.inner.stage(book, txn, entry, |_| {}).await
    }

    /// Writes entries, and answers when they are on stable storage: only then may what they tell be
    /// answered. Entries of many callers share a commit.
    ///
    /// # Errors
    /// When they were not written; then nothing may be answered. [`AuditError::Behind`] when they tell
    /// of reads and the log does not grow.
    pub async fn record(&self, entries: Vec<Entry>) -> Result<(), AuditError> {
        self.record_checked(entries, &[]).await
    }

    /// As [`Audit::record`], if these rows of the store are still as they were read: the grants and consents
    /// by which it was decided that the entries may come to be.
    ///
    /// # Errors
    /// As [`Audit::record`]; [`AuditError::Moved`] when one of the rows has changed: then whoever calls
    /// decides again.
    pub async fn record_checked(&self, entries: Vec<Entry>, rests_on: &[ReadCheck]) -> Result<(), AuditError> {
        self.may_record(&entries).await?;
        for some in entries.chunks(ENTRIES_AT_ONCE) {
            let mut attempt = 0;
            loop {
                match self.try_record(some, rests_on).await {
                    Err(e) if is_conflict(&e) => {
                        if self.has_moved(rests_on).await? {
                            return Err(AuditError::Moved);
                        }
                        // Somebody was erased, or made, in this very moment.
                        self.inner.people.forget(some.iter().map(name_of));
                        attempt += 1;
                        if attempt == ATTEMPTS {
                            return Err(AuditError::Busy);
                        }
                        // A commit that conflicts with one on its way to the disk: no reader sees that yet.
                        tokio::time::sleep(std::time::Duration::from_millis(1 << attempt)).await;
                    }
                    done => break done?,
                }
            }
        }
        Ok(())
    }

    async fn has_moved(&self, rows: &[ReadCheck]) -> Result<bool, AuditError> {
        for row in rows {
            if self.inner.store.get(&row.key).await?.map(|found| found.version) != row.version {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn try_record(&self, entries: &[Entry], rests_on: &[ReadCheck]) -> Result<(), AuditError> {
        let names: Vec<_> = entries.iter().map(name_of).collect();
        let people = self.inner.people.of(&names).await?;
        let mut appends = Vec::with_capacity(entries.len() * 2);
        let mut checks: BTreeMap<&str, ReadCheck> = BTreeMap::new();
        for (entry, person) in entries.iter().zip(&people) {
            let prepared = self.inner.prepare(Book::Data, person, entry, |_| {})?;
            appends.extend([prepared.leaf, prepared.payload]);
            checks.entry(&person.tag_text).or_insert_with(|| person.check());
        }
        let count = entries.len() as u64;
        self.inner.progress.recording(count);
        let checks = checks.into_values().chain(rests_on.iter().cloned()).collect();
        let done = self.recorder.commit(appends, checks).await;
        if done.is_err() {
            self.inner.progress.not_recorded(count);
        }
        done.map(drop)
    }

    /// The verifier key of this log's checkpoints, as `yunlong-verify --key` takes it.
    #[must_use]
    pub fn vkey(&self) -> String {
        self.inner.key.vkey()
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.inner.key.origin()
    }

    /// How many days payloads are kept.
    #[must_use]
    pub fn retention_days(&self) -> u32 {
        self.inner.config.retention_days
    }

    /// Seals people's keys anew with the city's current key, after that was changed; answers how many.
    ///
    /// # Errors
    /// When the store fails, or a former key is not given.
    pub async fn reseal(&self) -> Result<u64, AuditError> {
        self.inner.people.reseal().await
    }
}

impl Inner {
    /// Stages an entry; `more` adds to its public leaf.
    pub(crate) async fn stage(
        &self,
        book: Book,
        txn: &mut Txn,
        entry: &Entry,
        more: impl FnOnce(&mut Leaf),
    ) -> Result<(), AuditError> {
        let person = self.people.in_txn(txn, &name_of(entry)).await?;
        let prepared = self.prepare(book, &person, entry, more)?;
        // The two stand next to each other: the payload's place is the leaf's and one.
        txn.append(prepared.leaf.prefix, prepared.leaf.value);
        txn.append(prepared.payload.prefix, prepared.payload.value);
        Ok(())
    }

    /// Seals an entry; `more` adds to its public leaf.
    pub(crate) fn prepare(
        &self,
        book: Book,
        person: &Person,
        entry: &Entry,
        more: impl FnOnce(&mut Leaf),
    ) -> Result<Prepared, AuditError> {
        let at = self.clock.now();
        let mut plain = Zeroizing::new(vec![0; SALT]);
        SysRng.try_fill_bytes(&mut plain).map_err(|_| SealError::Random)?;
        serde_json::to_writer(&mut *plain, &Record { at, entry: entry.clone() })
            .map_err(|e| AuditError::Invalid(format!("the entry cannot be written: {e}")))?;
        let commitment = sha256(&[&plain]);
        let sealed = person.keys.seal(&payload_place(&person.tag_text, &commitment), &plain)?;
        let mut leaf = Leaf::new(at, kind_of(&entry.action), &person.tag, &commitment, &sealed);
        leaf.hidden = entry.hidden.is_some();
        more(&mut leaf);
        let row = leaf::row(self.secrets.rows.as_slice(), book, &person.tag, &leaf.bytes());
        Ok(Prepared {
            leaf: Append { prefix: keys::leaves(book), value: row.into() },
            payload: Append { prefix: keys::payloads_of(&person.tag_text, book), value: sealed.into() },
        })
    }

    /// A leaf's row that this log wrote; `None` for any other.
    pub(crate) fn our_row<'a>(&self, book: Book, row: &'a [u8]) -> Option<leaf::Row<'a>> {
        leaf::row_parts(self.secrets.rows.as_slice(), book, row).filter(|row| row.ours)
    }
}

/// What a payload is sealed for: its person and its record.
pub(crate) fn payload_place(tag: &str, commitment: &[u8; 32]) -> Vec<u8> {
    [tag.as_bytes(), commitment].concat()
}

/// The payload of a leaf.
pub(crate) fn payload_key(tag: &str, leaf: Pointer) -> Key {
    leaf.position.next().key(&keys::payloads_of(tag, leaf.book))
}
