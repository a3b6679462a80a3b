//! The service: what vendors, reviewers and the city do, each in one commit with its entry of the log.

mod enrolment;
mod governing;
mod reviewing;
mod submitting;

pub use submitting::Submitted;

use crate::accounts::{Accounts, Duty, Person};
use crate::admission::{self, Facts, Stage};
use crate::error::PublicationError;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::release::{AppRecord, Release, Status, VersionRecord};
use crate::submission::{State, Submission};
use crate::{catalogue, keys, state_tree};
use parking_lot::RwLock;
use std::collections::BTreeSet;
use std::sync::Arc;
use yunlong_audit::Audit;
use yunlong_model::{Clock, Digest};
use yunlong_registry::{KeyId, Package, TrustStore, TrustedKey, VerifiedSigner, trust};
use yunlong_store::{Direction, SharedStore, StoreError, Txn, transact};

/// The service. Cheap to clone; all clones are the same service.
#[derive(Clone)]
pub struct Publications {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: SharedStore,
    pub(crate) audit: Audit,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accounts: Arc<dyn Accounts>,
    policy: RwLock<Arc<Policy>>,
}

impl Publications {
    /// Opens the service on a store.
    #[must_use]
    pub fn new(
        store: SharedStore,
        audit: Audit,
        clock: Arc<dyn Clock>,
        accounts: Arc<dyn Accounts>,
        policy: Policy,
    ) -> Self {
        let policy = RwLock::new(Arc::new(policy));
        Self { inner: Arc::new(Inner { store, audit, clock, accounts, policy }) }
    }

    /// The city's rules as they stand.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.inner.policy.read().clone()
    }

    /// Changes the city's rules, from the next act on.
    pub fn set_policy(&self, policy: Policy) {
        *self.inner.policy.write() = Arc::new(policy);
    }

    /// All keys, as [`TrustStore`] judges by them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn trust(&self) -> Result<TrustStore, PublicationError> {
        let rows = self.inner.store.scan(&keys::keys().children(), Direction::Ascending, usize::MAX).await?;
        let mut trust = TrustStore::default();
        for row in rows {
            trust.extend([yunlong_store::txn::from_json::<TrustedKey>(&row.key, &row.value)?]);
        }
        Ok(trust)
    }

    /// Whether a package may pass a stage, by what is known now; answers who signed it. `expected` is the
    /// digest that was asked for, `running` the version that an installation runs and is to leave.
    ///
    /// # Errors
    /// [`PublicationError::Refused`] with the reason; when the store fails.
    pub async fn admit(
        &self,
        stage: Stage,
        package: &Package,
        expected: Option<&Digest>,
        running: Option<&semver::Version>,
    ) -> Result<VerifiedSigner, PublicationError> {
        let policy = self.policy();
        let fit = blocking(package, admission::fit).await?;
        transact!(&self.inner.store, |txn| {
            let known = Known::of(txn, package).await?;
            let facts = Facts { expected, running, fit: Some(&fit), ..known.facts(&policy) };
            Ok::<_, PublicationError>(admission::admit(stage, package, &facts)?)
        })
    }

    /// Whether a published package may be installed or loaded still, by what `txn` reads: for whoever admitted it a
    /// while ago and commits now. What its bytes are does not change, and is not asked again.
    ///
    /// # Errors
    /// [`PublicationError::Refused`] with the reason; [`PublicationError::NoSuchPackage`]; when the store fails.
    pub async fn stands(&self, txn: &mut Txn, digest: &Digest, stage: Stage) -> Result<(), PublicationError> {
        let release = release(txn, digest).await?;
        let key: Option<TrustedKey> = txn.get_as(&keys::key(&release.key)).await?;
        Ok(admission::stands(stage, &release, key.as_ref())?)
    }

    /// Looks for the leaves of events that have none yet; answers how many still have none. To be called now
    /// and then: the log gives leaves within a second.
    ///
    /// # Errors
    /// When the store or the log fails.
    pub async fn settle(&self) -> Result<u64, PublicationError> {
        self.inner.settle().await
    }
}

impl Inner {
    pub(crate) async fn person(&self, account: &str) -> Result<Person, PublicationError> {
        let found = self.accounts.person(account).await.map_err(PublicationError::Accounts)?;
        found.ok_or_else(|| PublicationError::NoSuchAccount(account.to_owned()))
    }

    pub(crate) async fn person_with(&self, account: &str, duty: Duty) -> Result<Person, PublicationError> {
        let person = self.person(account).await?;
        if person.has(duty) {
            return Ok(person);
        }
        Err(PublicationError::NotYourDuty { account: person.account, duty })
    }

    /// A person who acts for an organization, or for the city.
    pub(crate) async fn of_organization_or_city(
        &self,
        account: &str,
        organization: &str,
    ) -> Result<(Person, trust::Side), PublicationError> {
        let person = self.person(account).await?;
        if person.has(Duty::Govern) {
            return Ok((person, trust::Side::City));
        }
        if !person.has(Duty::Publish) {
            return Err(PublicationError::NotYourDuty { account: person.account, duty: Duty::Publish });
        }
        if person.is_of(organization) {
            Ok((person, trust::Side::Vendor))
        } else {
            Err(PublicationError::NotYourOrganization)
        }
    }
}

/// Does something with a package that takes long, not on a thread that serves. Its parts are shared, not copied.
pub(crate) async fn blocking<T: Send + 'static>(
    package: &Package,
    work: impl FnOnce(&Package) -> T + Send + 'static,
) -> Result<T, PublicationError> {
    let package = package.clone();
    // It ends without an answer when the runtime does.
    tokio::task::spawn_blocking(move || work(&package)).await.map_err(|_| StoreError::Closed.into())
}

/// What the store knows of a package, read within a transaction.
pub(crate) struct Known {
    pub(crate) trust: TrustStore,
    pub(crate) app: Option<AppRecord>,
    pub(crate) version: Option<(VersionRecord, State)>,
    pub(crate) release: Option<Release>,
}

impl Known {
    pub(crate) async fn of(txn: &mut Txn, package: &Package) -> Result<Self, PublicationError> {
        let (app, version) = (&package.manifest.name, &package.manifest.version);
        let release: Option<Release> = txn.get_as(&keys::release(&package.digest)).await?;
        let label: Option<VersionRecord> = txn.get_as(&keys::version(app, version)).await?;
        let version = match label {
            Some(label) => {
                let last: Option<Submission> = txn.get_as(&keys::submission(label.submission)).await?;
                last.map(|s| (label, s.state))
            }
            None => None,
        };
        // The keys that count are those of the vendor; those that signatures name explain why one does not.
        let mut ids: BTreeSet<KeyId> = package.signatures.iter().filter_map(|s| s.key).collect();
        ids.extend(release.as_ref().map(|r| r.key));
        ids.extend(ids_of(txn, &package.manifest.vendor).await?);
        let trust = trust_of(txn, ids).await?;
        Ok(Self { trust, app: txn.get_as(&keys::app(app)).await?, version, release })
    }

    pub(crate) fn facts<'a>(&'a self, policy: &'a Policy) -> Facts<'a> {
        Facts {
            trust: &self.trust,
            policy,
            app: self.app.as_ref(),
            version: self.version.as_ref().map(|(record, state)| (record, *state)),
            release: self.release.as_ref(),
            expected: None,
            running: None,
            fit: None,
        }
    }
}

/// The ids of a vendor's keys.
pub(crate) async fn ids_of(txn: &mut Txn, vendor: &str) -> Result<Vec<KeyId>, PublicationError> {
    let rows = txn.scan(&keys::keys_of(vendor).children(), Direction::Ascending, trust::MAX_KEYS * 2).await?;
    Ok(rows.iter().filter_map(|(key, _)| key.last_text()?.parse().ok()).collect())
}

/// A trust store of these keys, as far as they are enrolled.
pub(crate) async fn trust_of(
    txn: &mut Txn,
    ids: impl IntoIterator<Item = KeyId>,
) -> Result<TrustStore, PublicationError> {
    let mut trust = TrustStore::default();
    for id in ids {
        trust.extend(txn.get_as::<TrustedKey>(&keys::key(&id)).await?);
    }
    Ok(trust)
}

pub(crate) async fn submission(txn: &mut Txn, number: u64) -> Result<Submission, PublicationError> {
    txn.get_as(&keys::submission(number)).await?.ok_or(PublicationError::NoSuchSubmission(number))
}

pub(crate) async fn release(txn: &mut Txn, digest: &Digest) -> Result<Release, PublicationError> {
    txn.get_as(&keys::release(digest)).await?.ok_or(PublicationError::NoSuchPackage(*digest))
}

/// Writes a submission and where it is found.
pub(crate) fn save_submission(txn: &mut Txn, before: Option<&Submission>, after: &Submission) {
    if let Some(before) = before {
        txn.delete(keys::in_state(before.state).u64(before.number));
    }
    txn.put_as(keys::in_state(after.state).u64(after.number), &());
    if before.is_none() {
        txn.put_as(keys::of_organization(&after.organization).u64(after.number), &());
        txn.put_as(keys::of_app(&after.app).u64(after.number), &());
    }
    txn.put_as(keys::submission(after.number), after);
}

/// Writes a release, its leaf in the tree of all versions, and what the catalogue shows of its app.
pub(crate) async fn save_release(txn: &mut Txn, release: &Release) -> Result<(), PublicationError> {
    txn.put_as(keys::release(&release.digest), release);
    let key: Option<TrustedKey> = txn.get_as(&keys::key(&release.key)).await?;
    save_status(txn, release, key.as_ref()).await?;
    catalogue::refresh(txn, &release.app).await
}

/// Writes what may be said of a release, given its key: in the tree of all versions, and what its repository has for
/// everybody.
pub(crate) async fn save_status(
    txn: &mut Txn,
    release: &Release,
    key: Option<&TrustedKey>,
) -> Result<(), PublicationError> {
    let record = release.status_record(key);
    for (of, row) in
        [(Status::Approved, keys::offered(&release.repository)), (Status::Yanked, keys::yanked(&release.repository))]
    {
        let row = row.text(&release.digest.to_string());
        if record.status == of {
            txn.put_as(row, &());
        } else {
            txn.delete(row);
        }
    }
    state_tree::set(txn, release.slot, &record.bytes()).await
}

/// Whether a version may still be approved or kept by the key that signed it.
pub(crate) async fn key_of(txn: &mut Txn, release: &Release) -> Result<TrustedKey, PublicationError> {
    let key = txn.get_as::<TrustedKey>(&keys::key(&release.key)).await?;
    Ok(key.ok_or(Refusal::UnknownSigner { key: release.key })?)
}
