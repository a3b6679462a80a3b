//! The audit that proves itself: a Merkle log of who did what to whose data.
//!
//! Every read of personal data, grant, consent, installation and act of an administrator is a leaf of
//! one tree (RFC 9162 hashing). Signed checkpoints (C2SP tlog-checkpoint) fix the tree, witnesses that
//! run elsewhere cosign them, and `yunlong-verify`, which shares no code with this crate, checks an
//! export against both. All state is in the store, in the space `@audit`.
//!
//! Two kinds of rows become leaves, in the order of their commits: what is written through
//! [`Audit::record`] and [`Audit::stage`], and the rows of other services' [`Trail`]s where they stand.
//! The sequencer ([`Audit::run`]) follows both and gives them their places in the tree.
//!
//! **Invariants.**
//! - [`Audit::record`] answers after its rows are on stable storage, and never before: what it tells
//!   must not leave the platform when it fails.
//! - A row that became a leaf is never changed, moved or removed. Payloads are removed by an erasure or
//!   by their age, and a leaf tells it; nothing else excuses a payload that is missing.
//! - A leaf tells no person. Two leaves about one person cannot be linked without that person's tag,
//!   which only an erasure publishes.
//! - A payload is sealed under a key of its person alone. Whoever destroys the key has erased them all.
//! - Nothing is sealed with a key that was destroyed: every write checks in its commit that the key
//!   still stands.
//! - A tree grows in one commit, with its tiles and its signed checkpoint, that checks the state
//!   before: two sequencers conflict, they do not fork. Nothing is signed over tiles that do not have
//!   the root which was signed last.
//! - What the state row says is under a keyed hash: a changed state is refused, not followed.
//! - A person who asks what was read about them cannot tell whether an order hides something from them:
//!   neither by what is listed, nor by leaves, nor by counts. The city-wide number is public.
#![deny(missing_docs)]

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
mod read;
mod recorder;
mod sequence;
mod serve;
mod state;
pub mod tree;

pub use checked::Checked;
pub use config::{AuditConfig, Trail, Witness};
pub use entry::{Entry, EntryFilter, EntryPage, HiddenBy, Outcome, Seen};
pub use error::AuditError;
pub use export::{ExportOptions, Exported};
pub use offer::WitnessStatus;
pub use serve::{ConsistencyProof, Disclosure, InclusionProof};
pub use tree::Hash;

use crate::keys::Position;
use crate::leaf::{Leaf, kind_of, sha256, who};
use crate::note::{LogKey, WitnessKey};
use crate::people::{People, Person, is_conflict, name_of};
use crate::recorder::Recorder;
use data_encoding::HEXLOWER;
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
    pub(crate) trails: Vec<Trail>,
    pub(crate) config: Settings,
    pub(crate) witnesses: Vec<(WitnessKey, String)>,
    /// What witnesses said, by their names.
    pub(crate) cosigned: Mutex<BTreeMap<String, WitnessStatus>>,
    /// Payloads and checkpoints do not go while an export reads them.
    pub(crate) exporting: tokio::sync::RwLock<()>,
    /// Checkpoints of smaller trees need not be looked at again.
    pub(crate) thinned: Mutex<u64>,
}

/// What of the configuration is needed later.
pub(crate) struct Settings {
    pub(crate) retention_days: u32,
    pub(crate) checkpoint_every: std::time::Duration,
    pub(crate) offer_every: std::time::Duration,
    pub(crate) vkeys: Vec<String>,
}

/// Keys that derive from the signing key.
pub(crate) struct Secrets {
    /// The salts of trails' rows.
    pub(crate) salts: Zeroizing<[u8; 32]>,
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
    /// [`AuditError::Config`] says what of the configuration cannot be used;
    /// [`AuditError::Damaged`] when the stored state was changed, or was written under another
    /// signing key or origin.
    pub async fn open(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        keys: Arc<Keyring>,
        config: AuditConfig,
    ) -> Result<Self, AuditError> {
        check_trails(&config.trails)?;
        let witness = |w: &Witness| WitnessKey::parse(&w.vkey).map(|key| (key, w.url.clone()));
        let witnesses: Result<Vec<_>, AuditError> = config.witnesses.iter().map(witness).collect();
        let derived = |label: &[u8]| Zeroizing::new(leaf::hmac(config.signing_key.as_slice(), &[label]));
        let inner = Inner {
            people: People::new(store.clone(), keys),
            clock,
            key: LogKey::new(&config.origin, &config.signing_key)?,
            secrets: Secrets { salts: derived(b"yunlong-audit salts"), state: derived(b"yunlong-audit state") },
            trails: config.trails,
            config: Settings {
                retention_days: config.retention_days.max(1),
                checkpoint_every: config.checkpoint_every,
                offer_every: config.offer_every,
                vkeys: config.witnesses.into_iter().map(|w| w.vkey).collect(),
            },
            witnesses: witnesses?,
            cosigned: Mutex::default(),
            exporting: tokio::sync::RwLock::default(),
            thinned: Mutex::default(),
            store: store.clone(),
        };
        inner.check_state().await?;
        Ok(Self { inner: Arc::new(inner), recorder: Recorder::start(store) })
    }

    /// Writes an entry in the commit of what it tells.
    ///
    /// # Errors
    /// When the store fails or the person's key cannot be used.
    pub async fn stage(&self, txn: &mut Txn, entry: &Entry) -> Result<(), AuditError> {
        let person = self.inner.people.in_txn(txn, name_of(entry.about.as_ref())).await?;
        let prepared = self.inner.prepare(&person, entry, |_| {})?;
        // The two stand next to each other: the payload's place is the leaf's and one.
        txn.append(prepared.leaf.prefix, prepared.leaf.value);
        txn.append(prepared.payload.prefix, prepared.payload.value);
        Ok(())
    }

    /// Writes entries, and answers when they are on stable storage: only then may what they tell be
    /// answered. Entries of many callers share a commit.
    ///
    /// # Errors
    /// When they were not written; then nothing may be answered.
    pub async fn record(&self, entries: Vec<Entry>) -> Result<(), AuditError> {
        self.record_checked(entries, &[]).await
    }

    /// As [`Audit::record`], if these rows of the store are still as they were read: the grants and consents
    /// by which it was decided that the entries may come to be.
    ///
    /// # Errors
    /// [`AuditError::Moved`] when one of them has changed; then whoever calls decides again.
    pub async fn record_checked(&self, entries: Vec<Entry>, rests_on: &[ReadCheck]) -> Result<(), AuditError> {
        for some in entries.chunks(ENTRIES_AT_ONCE) {
            let mut attempt = 0;
            loop {
                match self.try_record(some, rests_on).await {
                    Err(e) if is_conflict(&e) => {
                        if self.has_moved(rests_on).await? {
                            return Err(AuditError::Moved);
                        }
                        // Somebody was erased, or made, in this very moment.
                        self.inner.people.forget(some.iter().map(|e| name_of(e.about.as_ref())));
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
        let names: Vec<&str> = entries.iter().map(|e| name_of(e.about.as_ref())).collect();
        let people = self.inner.people.of(&names).await?;
        let mut appends = Vec::with_capacity(entries.len() * 2);
        let mut checks: BTreeMap<&str, ReadCheck> = BTreeMap::new();
        for (entry, person) in entries.iter().zip(&people) {
            let prepared = self.inner.prepare(person, entry, |_| {})?;
            appends.extend([prepared.leaf, prepared.payload]);
            checks.entry(&person.tag_text).or_insert_with(|| person.check());
        }
        let checks = checks.into_values().chain(rests_on.iter().cloned()).collect();
        self.recorder.commit(appends, checks).await?;
        Ok(())
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
    /// Seals an entry; `more` adds to its public leaf.
    pub(crate) fn prepare(
        &self,
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
        let mut leaf = Leaf::new(at, kind_of(&entry.action), &commitment);
        leaf.who = Some(who(&person.tag, &commitment));
        leaf.sealed = Some(HEXLOWER.encode(&sha256(&[&sealed])));
        leaf.hidden = entry.hidden.is_some();
        more(&mut leaf);
        let row = [&person.tag[..], &leaf.bytes()].concat();
        Ok(Prepared {
            leaf: Append { prefix: keys::leaves(), value: row.into() },
            payload: Append { prefix: keys::payloads_of(&person.tag_text), value: sealed.into() },
        })
    }

    /// The salt of a trail's row: whoever does not have the key cannot guess a row from its leaf, and
    /// one row's salt tells nothing of another's.
    pub(crate) fn salt_of_row(&self, row: &Key) -> [u8; 32] {
        leaf::hmac(self.secrets.salts.as_slice(), &[row.as_bytes()])
    }
}

/// What a payload is sealed for: its person and its record.
pub(crate) fn payload_place(tag: &str, commitment: &[u8; 32]) -> Vec<u8> {
    [tag.as_bytes(), commitment].concat()
}

/// The payload of a leaf that was written through this crate.
pub(crate) fn payload_key(tag: &str, leaf: Position) -> Key {
    leaf.next().key(&keys::payloads_of(tag))
}

fn check_trails(trails: &[Trail]) -> Result<(), AuditError> {
    for (n, trail) in trails.iter().enumerate() {
        let name = &trail.name;
        let fits = (1..=40).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits {
            let why = format!("the trail's name `{name}`: up to 40 lower-case letters, digits and dashes");
            return Err(AuditError::Config(why));
        }
        for other in &trails[..n] {
            let nested = |a: &Trail, b: &Trail| a.prefix.as_bytes().starts_with(b.prefix.as_bytes());
            if other.name == *name || nested(other, trail) || nested(trail, other) {
                return Err(AuditError::Config(format!("the trails `{}` and `{name}` are the same", other.name)));
            }
        }
    }
    Ok(())
}
