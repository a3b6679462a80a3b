//! The audit through its public face, and through the eyes of `yunlong-verify`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod crash;
mod erasure;
mod growth;
mod log;
mod resting;
mod tampering;
mod witnesses;

use std::io::Cursor;
use std::sync::Arc;
use yunlong_audit::{Act, Audit, AuditConfig, Book, Entry, ExportOptions};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Kind, PersonId, Timestamp};
use yunlong_sealing::{DataKey, Keyring};
use yunlong_store::memory::MemoryStore;
use yunlong_store::{Key, SharedStore, Txn};
use yunlong_verify::log::{Expectations, Report, verify};
use yunlong_verify::note::VKey;
use yunlong_verify::proof::Trust;
use yunlong_verify::{Fault, What};
use zeroize::Zeroizing;

pub(crate) const ORIGIN: &str = "city.example/320300/audit";
pub(crate) const START: i64 = 1_790_000_000_000;

pub(crate) fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::new(DataKey::derived(&Zeroizing::new([3; 32])), Vec::new()))
}

pub(crate) fn config() -> AuditConfig {
    AuditConfig::new(ORIGIN, Zeroizing::new([5; 32]))
}

/// An audit over a store in memory, at a clock that stands.
pub(crate) struct City {
    pub(crate) store: SharedStore,
    pub(crate) clock: ManualClock,
    pub(crate) audit: Audit,
}

impl City {
    pub(crate) async fn new() -> Self {
        Self::with(Arc::new(MemoryStore::new()), config()).await
    }

    pub(crate) async fn with(store: SharedStore, config: AuditConfig) -> Self {
        let clock = ManualClock::new(Timestamp(START));
        let audit = Audit::open(store.clone(), Arc::new(clock.clone()), keyring(), config).await.unwrap();
        Self { store, clock, audit }
    }

    /// An act of the book of people about somebody.
    pub(crate) async fn act(&self, action: &str, about: Option<u32>) {
        let mut txn = Txn::new(self.store.clone());
        let about = about.map(person);
        let act = Act { actor: "admin", action, target: "li-si", detail: "in person", about: about.as_ref() };
        self.audit.tell(Book::People, &mut txn, act).await.unwrap();
        txn.commit().await.unwrap();
    }

    pub(crate) async fn export(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.audit.export(&mut out, ExportOptions { opened: true }).await.unwrap();
        out
    }

    pub(crate) fn expectations(&self) -> Expectations {
        let key = VKey::parse(&self.audit.vkey()).unwrap();
        Expectations { retention_days: self.audit.retention_days(), ..Expectations::of(key) }
    }

    /// What single proofs are held against: the log's key alone.
    pub(crate) fn trust(&self) -> Trust {
        Trust::of(VKey::parse(&self.audit.vkey()).unwrap())
    }

    /// What the verifier says of the log as it stands.
    pub(crate) async fn verified(&self) -> Result<Report, Fault> {
        check(&self.export().await, &self.expectations())
    }
}

pub(crate) fn check(export: &[u8], expected: &Expectations) -> Result<Report, Fault> {
    verify(&mut Cursor::new(export), expected)
}

pub(crate) fn person(n: u32) -> PersonId {
    PersonId::new(format!("{n:064x}"))
}

/// A read of somebody's data.
pub(crate) fn read(about: u32, target: &str) -> Entry {
    let mut entry = Entry::new("data.read", "clerk", Kind::Official);
    entry.about = Some(person(about));
    entry.dataset = Some("population".into());
    entry.target = target.into();
    entry.purpose = Some("办理居住证".into());
    entry.fields = vec!["name".into(), "address".into()];
    entry
}

/// A fault without its place.
pub(crate) fn what(result: Result<Report, Fault>) -> What {
    result.unwrap_err().what
}
