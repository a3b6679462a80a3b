//! Publications with a real store, a real audit log and the real verifier.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod catalogue;
mod gate;
mod history;
mod proof;
mod refusals;
mod registry;
mod reviews;
mod vulnerable;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use yunlong_audit::{Audit, AuditConfig};
use yunlong_model::clock::ManualClock;
use yunlong_model::{Digest, Kind, Text, Timestamp};
use yunlong_publications::checks::{Measured, Outcome, ProbeError, ProbeKind};
use yunlong_publications::{
    Accounts, Duty, Person, Policy, Probe, PublicationError, Publications, Refusal, State, Submission,
};
use yunlong_registry::{Algorithm, KeyPair, Materials, Package};
use yunlong_sealing::{DataKey, Keyring};
use yunlong_store::SharedStore;
use yunlong_store::memory::MemoryStore;
use zeroize::Zeroizing;

/// Where what they publish is.
pub(crate) const REPOSITORY: &str = "tongshan/app";
pub(crate) const START: i64 = 1_790_000_000_000;
/// The vendor's organization, another vendor's, and the city's.
pub(crate) const VENDOR: &str = "91320300MA000TX14G";
pub(crate) const OTHER: &str = "92320324MA000TX221";
pub(crate) const CITY: &str = "11320300MB000TX42P";

/// A component that answers requests, as far as its type says; what it imports is written in between.
pub(crate) fn component(imports: &str) -> Vec<u8> {
    let text = format!(
        r#"(component {imports}
            (core module $m (memory (export "memory") 2) (func (export "handle")))
            (core instance $i (instantiate $m))
            (func $handle (canon lift (core func $i "handle")))
            (instance $h (export "handle" (func $handle)))
            (export "wasi:http/incoming-handler@0.2.10" (instance $h)))"#
    );
    wat::parse_str(text).unwrap()
}

/// What a package of these tests is made of.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) vendor: &'static str,
    /// More of `app.toml`.
    pub(crate) more: String,
    pub(crate) component: Vec<u8>,
    pub(crate) listing: Option<String>,
    pub(crate) sbom: Option<String>,
    pub(crate) provenance: Option<String>,
    pub(crate) title: (&'static str, &'static str),
}

impl App {
    pub(crate) fn new(name: &'static str, version: &'static str) -> Self {
        Self {
            name,
            version,
            vendor: "tongshan",
            more: String::new(),
            component: component(""),
            listing: None,
            sbom: Some(sbom(&[("serde", "1.0.200")])),
            provenance: None,
            title: ("景区门票", "Tickets"),
        }
    }

    pub(crate) fn unsigned(&self) -> Package {
        let toml = format!(
            "name = \"{}\"\nversion = \"{}\"\nvendor = \"{}\"\ntitle = {{ zh = \"{}\", en = \"{}\" }}\ndescription = {{ zh = \"售卖景区的门票\", en = \"Sells tickets\" }}\n{}",
            self.name, self.version, self.vendor, self.title.0, self.title.1, self.more
        );
        Package::assemble(Materials {
            manifest_toml: &toml,
            component: &self.component,
            files: Some(&BTreeMap::from([("shot.png".to_owned(), Bytes::from_static(b"png"))])),
            listing_toml: self.listing.as_deref(),
            sbom: self.sbom.as_deref().map(str::as_bytes),
            provenance: self.provenance.as_deref().map(str::as_bytes),
            scenarios: None,
        })
        .unwrap()
    }

    pub(crate) fn signed(&self, key: &KeyPair) -> Package {
        let mut package = self.unsigned();
        package.sign(key).unwrap();
        package
    }
}

pub(crate) fn sbom(crates: &[(&str, &str)]) -> String {
    let components: Vec<_> = crates
        .iter()
        .map(|(n, v)| json!({ "type": "library", "name": n, "version": v, "purl": format!("pkg:cargo/{n}@{v}") }))
        .collect();
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components }).to_string()
}

/// Accounts of a map.
#[derive(Default)]
pub(crate) struct People(Mutex<BTreeMap<String, Person>>);

impl People {
    pub(crate) fn put(&self, account: &str, organization: &str, duties: &[Duty]) {
        let person = Person {
            account: account.into(),
            kind: Kind::Official,
            organization: Some(organization.into()),
            duties: duties.iter().copied().collect(),
        };
        self.0.lock().unwrap().insert(account.into(), person);
    }
}

#[async_trait]
impl Accounts for People {
    async fn person(&self, account: &str) -> Result<Option<Person>, String> {
        Ok(self.0.lock().unwrap().get(account).cloned())
    }
}

/// A probe that measured this.
pub(crate) struct Probed(pub(crate) ProbeKind, pub(crate) Outcome);

#[async_trait]
impl Probe for Probed {
    fn kind(&self) -> ProbeKind {
        self.0
    }

    async fn run(&self, _: &Package) -> Result<Measured, ProbeError> {
        let text = Text { zh: "在限额内停止".into(), en: "stopped within its limits".into() };
        Ok(Measured { outcome: self.1, text, data: json!({ "wall_ms": 10 }) })
    }
}

pub(crate) fn probes() -> Vec<Arc<dyn Probe>> {
    ProbeKind::ALL.into_iter().map(|kind| Arc::new(Probed(kind, Outcome::Pass)) as Arc<dyn Probe>).collect()
}

/// A city with two vendors, a reviewer and somebody who governs.
pub(crate) struct City {
    pub(crate) clock: ManualClock,
    pub(crate) audit: Audit,
    pub(crate) people: Arc<People>,
    pub(crate) registry: Publications,
    /// The keys of the two vendors.
    pub(crate) key: KeyPair,
    pub(crate) other_key: KeyPair,
}

impl City {
    pub(crate) async fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new())).await
    }

    /// As [`City::new`], with a store of the test's own.
    pub(crate) async fn over(store: SharedStore) -> Self {
        let clock = ManualClock::new(Timestamp(START));
        let keys = Arc::new(Keyring::new(DataKey::derived(&Zeroizing::new([3; 32])), Vec::new()));
        let config = AuditConfig::new("city.example/320300/audit", Zeroizing::new([5; 32]));
        let audit = Audit::open(store.clone(), Arc::new(clock.clone()), keys, config).await.unwrap();
        let people = Arc::new(People::default());
        people.put("author", VENDOR, &[Duty::Publish]);
        people.put("rival", OTHER, &[Duty::Publish]);
        people.put("reviewer", CITY, &[Duty::Review]);
        people.put("governor", CITY, &[Duty::Govern]);
        let registry =
            Publications::new(store, audit.clone(), Arc::new(clock.clone()), people.clone(), Policy::default());
        let (key, other_key) = (KeyPair::generate(Algorithm::EcdsaP256), KeyPair::generate(Algorithm::Ed25519));
        registry.enroll("tongshan", VENDOR, &key.public(), "governor").await.unwrap();
        registry.enroll("suining", OTHER, &other_key.public(), "governor").await.unwrap();
        Self { clock, audit, people, registry, key, other_key }
    }

    /// Publishes and checks; answers the submission as it stands then.
    pub(crate) async fn checked(&self, package: &Package) -> Submission {
        let submitted = self.registry.submit(package, REPOSITORY, "author").await.unwrap();
        let number = submitted.submission.number;
        self.registry.check(number, package, &probes()).await.unwrap();
        self.registry.submission(number).await.unwrap()
    }

    /// Publishes, checks, reviews and approves.
    pub(crate) async fn approved(&self, package: &Package) -> Submission {
        let submission = self.checked(package).await;
        assert_eq!(submission.state, State::Waiting, "{:?}", self.registry.findings(submission.number).await);
        self.clock.advance(1_000);
        self.registry.assign(submission.number, "reviewer", "reviewer").await.unwrap();
        self.clock.advance(1_000);
        self.approve(submission.number, "可以上架", "reviewer").await.unwrap()
    }

    /// Approves what was found last.
    pub(crate) async fn approve(&self, number: u64, remark: &str, by: &str) -> Result<Submission, PublicationError> {
        let checked = self.registry.submission(number).await?.checked;
        let seen = checked.map_or_else(|| digest("never checked"), |c| c.findings);
        self.registry.approve(number, remark, &seen, by).await
    }

    /// Lets the log take everything in.
    pub(crate) async fn sequenced(&self) -> u64 {
        let size = self.audit.sequence_once().await.unwrap();
        assert_eq!(self.registry.settle().await.unwrap(), 0);
        size
    }
}

/// The refusal of an answer.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, PublicationError>) -> Refusal {
    match answer {
        Err(PublicationError::Refused(refusal)) => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}
