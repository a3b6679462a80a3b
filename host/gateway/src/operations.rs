//! What officials do at the console: publish, review, install, stop, start, uninstall, grant and
//! revoke. The console's pages, its JSON API and the server's start all come through here, so that
//! nothing is checked in one of them alone.
//!
//! What takes long (reading a package, compiling it) is done before an installation's turn is taken:
//! stopping one waits for no compilation, and no installation waits for another one.

mod back;
mod hub;
mod lifecycle;
mod messages;
mod migration;
pub(crate) mod personal;
mod rights;
mod upgrade;
mod watch;

pub use back::Asked;
pub use upgrade::Upgrading;

use crate::Services;
use crate::assets::Assets;
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use yunlong_audit::AuditError;
use yunlong_hub::HubError;
use yunlong_identity::{IdentityError, OrganizationLevel};
use yunlong_installations::{Capability, Difference, Installation, InstallationError, Status};
use yunlong_model::{Digest, InstallationName, Manifest, Text};
use yunlong_registry::depot::DepotError;
use yunlong_registry::{Package, PackageError, PublicKey, TrustError, TrustStore, VerifiedSigner};
use yunlong_runtime::{InvocationError, LoadError};
use yunlong_store::CommitError;
use yunlong_store::documents::DocumentError;

/// Who acts when the platform itself does.
const PLATFORM: &str = "platform";

/// The calls of an installation end by themselves within their wall time, which is a minute at most;
/// who waits for them waits a little longer.
const CALLS_END: Duration = Duration::from_secs(65);

/// The console's work.
#[derive(Clone)]
pub struct Operations {
    services: Services,
    /// What the gateway keeps of packages' files.
    assets: Arc<Assets>,
    /// How long a release that took charge is watched, and the one before stands by.
    trial: Duration,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// What changes an installation happens one after the other: two at once on one name would undo
    /// each other's loading.
    turns: Mutex<HashMap<InstallationName, Arc<tokio::sync::Mutex<()>>>>,
    /// Installations whose new release is being watched.
    watched: Mutex<HashSet<InstallationName>>,
    /// Installations whose data is being migrated.
    migrated: Mutex<HashSet<InstallationName>>,
}

/// A published package as an official reads it before installing.
#[derive(Clone, Debug)]
pub struct Review {
    /// The package.
    pub digest: Digest,
    /// What it declares.
    pub manifest: Arc<Manifest>,
    /// Whose key signed it.
    pub signer: VerifiedSigner,
    /// What it may do once approved.
    pub capabilities: Vec<Capability>,
}

/// An installation that is asked for.
#[derive(Clone, Debug)]
pub struct Install {
    /// The published package.
    pub package: Digest,
    /// The installation's name; the app's when absent.
    pub name: Option<String>,
    /// The code of the organization that installs it.
    pub organization: String,
    /// Values for the configuration schema.
    pub config: BTreeMap<String, serde_json::Value>,
    /// The ids of the capabilities that a person approved: everything that the app asks for, so that
    /// nobody approves what they have not read.
    pub approve: Vec<String>,
    /// The account that approves.
    pub by: String,
}

/// Who publishes a package.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// The account.
    pub account: String,
    /// A vendor's organization (USCC), whose enrolled keys alone count; an administrator takes in
    /// what any enrolled key signed.
    pub vendor: Option<String>,
}

impl Publisher {
    /// An administrator.
    #[must_use]
    pub fn administrator(account: &str) -> Self {
        Self { account: account.to_owned(), vendor: None }
    }
}

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// A vendor publishes what another one signed.
    #[error("the key {key} that signed the package is not enrolled for your organization")]
    OthersKey {
        /// The key.
        key: String,
    },
    /// The package is refused.
    #[error(transparent)]
    Package(#[from] DepotError),
    /// A key is refused.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// No such package was published.
    #[error("no package {0} is published")]
    NoSuchPackage(Digest),
    /// No such installation.
    #[error("there is no installation `{0}`")]
    NoSuchInstallation(InstallationName),
    /// Something that was given is wrong.
    #[error("{field}: {}", .problem.en)]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong and what to do.
        problem: Text,
    },
    /// The component is refused: an import, the compiler, the digest.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The app refused to be installed, or is not healthy.
    #[error("{0}")]
    App(#[from] InvocationError),
    /// The list of installations refuses it.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// Identity refuses it.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The release does not read all that was written.
    #[error(
        "version {version} does not read data of schema {}, which may have been written since: what is in it would be hidden from people until a newer version has charge again. Confirm it if that is meant", list(.schemas)
    )]
    WouldNotRead {
        /// The release to go back to.
        version: semver::Version,
        /// The schemas that it does not read.
        schemas: Vec<u32>,
    },
    /// The installation never ran this version.
    #[error("`{installation}` never ran version {version}: it can go back only to one that it ran")]
    NeverRan {
        /// The installation.
        installation: InstallationName,
        /// The version, or `before` when there is none.
        version: String,
    },
    /// Calls did not end.
    #[error("calls of `{0}` are still under way: try again in a minute")]
    StillRunning(InstallationName),
    /// The indexes of a release cannot be built.
    #[error("the indexes of the version cannot be built from the data: {0}")]
    Indexes(DocumentError),
    /// Messaging failed.
    #[error(transparent)]
    Messaging(#[from] yunlong_messaging::MessagingError),
    /// Payments failed.
    #[error(transparent)]
    Payments(#[from] yunlong_payments::PaymentError),
    /// The commit failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// An app's documents cannot be read or changed.
    #[error(transparent)]
    Documents(#[from] DocumentError),
    /// The information hub refuses it.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The audit failed: what it would tell is not done.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Stopping,
}

impl From<PackageError> for OperationError {
    fn from(e: PackageError) -> Self {
        Self::Package(e.into())
    }
}

fn list(schemas: &[u32]) -> String {
    schemas.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn invalid(field: &str, zh: impl Into<String>, en: impl Into<String>) -> OperationError {
    OperationError::Invalid { field: field.to_owned(), problem: Text { zh: zh.into(), en: en.into() } }
}

impl Operations {
    pub(crate) fn new(services: Services, assets: Arc<Assets>, trial: Duration) -> Self {
        Self { services, assets, trial, shared: Arc::default() }
    }

    /// The turn of an installation.
    async fn turn(&self, name: &InstallationName) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = self.shared.turns.lock().entry(name.clone()).or_default().clone();
        turn.lock_owned().await
    }

    /// Takes in a package's tar, if an enrolled key of its vendor signed it. Publishing the same
    /// package twice changes nothing.
    ///
    /// # Errors
    /// [`OperationError::Package`], [`OperationError::OthersKey`]; nothing is kept then.
    pub async fn publish(&self, tar: Bytes, by: &Publisher) -> Result<Review, OperationError> {
        let vendor = by.vendor.clone();
        let (package, signer) = self
            .with_depot(move |depot| {
                let (package, signer) = depot.check(&tar)?;
                if vendor.is_some() && vendor != signer.organization {
                    return Err(OperationError::OthersKey { key: signer.key.to_string() });
                }
                Ok((package, signer))
            })
            .await??;
        self.never_bundled(&package.manifest)?;
        let by = &by.account;
        let (digest, what) = (package.digest, format!("{} {}", package.manifest.name, package.manifest.version));
        let keep = async {
            let kept = self.with_depot(move |depot| depot.put_package(package)).await??;
            Ok((kept.0, signer))
        };
        let (package, signer) = self.recorded_first(by, "package.published", &digest.to_string(), &what, keep).await?;
        tracing::info!(digest = %package.digest, app = %package.manifest.name, version = %package.manifest.version, by, "package published");
        Ok(review(&package, signer))
    }

    /// A published package, read and verified anew.
    ///
    /// # Errors
    /// [`OperationError::NoSuchPackage`], [`OperationError::Package`].
    pub async fn review(&self, digest: Digest) -> Result<Review, OperationError> {
        let (package, signer) = self.package(digest).await?;
        Ok(review(&package, signer))
    }

    /// All published packages that may be installed, by app and then by version, newest first.
    ///
    /// # Errors
    /// [`OperationError::Package`] when the depot cannot be read.
    pub async fn published(&self) -> Result<Vec<Review>, OperationError> {
        let mut all = self
            .with_depot(|depot| {
                let digests = depot.list()?;
                // One that is damaged or no longer trusted is not offered.
                Ok::<_, PackageError>(
                    digests
                        .iter()
                        .filter_map(|d| depot.get(d).ok().flatten())
                        .map(|(p, s)| review(&p, s))
                        .collect::<Vec<_>>(),
                )
            })
            .await??;
        all.sort_by(|a, b| {
            a.manifest.name.cmp(&b.manifest.name).then_with(|| b.manifest.version.cmp(&a.manifest.version))
        });
        Ok(all)
    }

    /// Enrolls a vendor's key (PEM, SubjectPublicKeyInfo) and answers its id. The people of
    /// `organization` (a vendor's USCC) may then publish what the key signed.
    ///
    /// # Errors
    /// [`OperationError::Trust`], [`OperationError::Invalid`] for what is no key.
    pub async fn enroll(
        &self,
        vendor: &str,
        organization: Option<&str>,
        pem: &str,
        by: &str,
    ) -> Result<String, OperationError> {
        let key = PublicKey::from_pem(pem).map_err(|e| {
            invalid("public_key", format!("不是可用的公钥：{e}"), format!("Not a usable public key: {e}"))
        })?;
        let organization = organization.map(str::trim).filter(|o| !o.is_empty()).map(str::to_owned);
        if let Some(code) = &organization
            && self.services.identity.organization(code).await?.is_none_or(|o| o.level != OrganizationLevel::Vendor)
        {
            return Err(invalid(
                "organization",
                "没有统一社会信用代码为此的供应商",
                "There is no vendor with this unified social credit code",
            ));
        }
        let (owner, who, now) = (vendor.trim().to_owned(), by.to_owned(), self.services.clock.now());
        // Refused, or known already, before anything is written.
        let mut next = self.services.depot.trust();
        let before = next.key(&key.id()).cloned();
        let id = next.enroll(&owner, organization.as_deref(), key.clone(), &who, now)?;
        if before.as_ref() != next.key(&id) {
            let enroll = self.with_trust(move |trust| trust.enroll(&owner, organization.as_deref(), key, &who, now));
            self.recorded_first(by, "key.enrolled", &id.to_string(), vendor.trim(), enroll).await?;
            tracing::info!(key = %id, by, "vendor key enrolled");
        }
        Ok(id.to_string())
    }

    /// Revokes a vendor's key for good: what it signed cannot be installed or loaded any more.
    ///
    /// # Errors
    /// [`OperationError::Trust`].
    pub async fn revoke_key(&self, id: &str, by: &str) -> Result<(), OperationError> {
        let id = id.parse().map_err(|_| invalid("key", "不是密钥编号", "Not a key's id"))?;
        let (who, now) = (by.to_owned(), self.services.clock.now());
        let mut next = self.services.depot.trust();
        let before = next.key(&id).cloned();
        next.revoke(&id, &who, now)?;
        if before.as_ref() == next.key(&id) {
            return Ok(());
        }
        let revoke = self.with_trust(move |trust| trust.revoke(&id, &who, now));
        self.recorded_first(by, "key.revoked", &id.to_string(), "", revoke).await?;
        tracing::info!(key = %id, by, "vendor key revoked");
        Ok(())
    }

    /// What a published package would ask for in addition to what an installation has.
    ///
    /// # Errors
    /// [`OperationError::NoSuchInstallation`], [`OperationError::NoSuchPackage`].
    pub async fn difference(&self, name: &InstallationName, to: Digest) -> Result<Difference, OperationError> {
        let installation = self.get(name)?;
        let (package, _) = self.package(to).await?;
        Ok(Difference::between(&installation.manifest, &package.manifest))
    }

    /// Changes the configuration, checked against the app's schema. Takes effect at the next call.
    ///
    /// # Errors
    /// [`OperationError::Installation`] names the value that the schema refuses.
    pub async fn set_config(
        &self,
        name: &InstallationName,
        config: BTreeMap<String, serde_json::Value>,
        by: &str,
    ) -> Result<Arc<Installation>, OperationError> {
        Ok(self.services.installations.set_config(name, config, by).await?)
    }

    fn get(&self, name: &InstallationName) -> Result<Arc<Installation>, OperationError> {
        self.services.installations.get(name).ok_or_else(|| OperationError::NoSuchInstallation(name.clone()))
    }

    async fn set_status(
        &self,
        name: &InstallationName,
        status: Status,
        by: &str,
    ) -> Result<Arc<Installation>, OperationError> {
        Ok(self.services.installations.set_status(name, status, by).await?)
    }

    async fn package(&self, digest: Digest) -> Result<(Package, VerifiedSigner), OperationError> {
        self.with_depot(move |depot| depot.get(&digest)).await??.ok_or(OperationError::NoSuchPackage(digest))
    }

    /// Carries an operation to its end even when whoever asked goes away: half of one would leave
    /// what runs and what is written down apart.
    async fn detached<T, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T, OperationError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, OperationError>> + Send + 'static,
    {
        match tokio::spawn(work(self.clone())).await {
            Ok(done) => done,
            Err(e) => match e.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(OperationError::Stopping),
            },
        }
    }

    /// Lets go of the files of packages that no installation runs or tries any more.
    fn forget_files(&self) {
        let all = self.services.installations.list();
        let of = |i: &Arc<Installation>| {
            [Some(i.package_digest), i.change.as_ref().map(|c| c.release().package_digest)].into_iter().flatten()
        };
        self.assets.keep_only(&all.iter().flat_map(of).collect());
    }

    /// Writes files of the depot, which are no part of a commit, behind their row of the audit trail: who
    /// acts is on record before anything has changed. What a crash in between leaves is a row without its
    /// effect, which doing it again makes good; a write that fails gets a row that says so.
    async fn recorded_first<T>(
        &self,
        by: &str,
        action: &str,
        target: &str,
        detail: &str,
        write: impl Future<Output = Result<T, OperationError>>,
    ) -> Result<T, OperationError> {
        let installations = &self.services.installations;
        installations.record(by, action, target, detail).await?;
        let done = write.await;
        if let Err(refused) = &done
            && let Err(error) =
                installations.record(by, &format!("{action}.failed"), target, &refused.to_string()).await
        {
            tracing::error!(action, target, %refused, %error, "what failed is not on record as failed");
        }
        done
    }

    async fn with_trust<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut TrustStore) -> Result<T, TrustError> + Send + 'static,
    ) -> Result<T, OperationError> {
        self.with_depot(move |depot| depot.change_trust(|trust| change(trust).map_err(OperationError::from))).await?
    }

    /// The depot reads and writes files and hashes megabytes: not on the threads that serve.
    async fn with_depot<T: Send + 'static>(
        &self,
        work: impl FnOnce(&yunlong_registry::Depot) -> T + Send + 'static,
    ) -> Result<T, OperationError> {
        let depot = self.services.depot.clone();
        tokio::task::spawn_blocking(move || work(&depot)).await.map_err(|_| OperationError::Stopping)
    }
}

fn review(package: &Package, signer: VerifiedSigner) -> Review {
    Review {
        digest: package.digest,
        manifest: Arc::new(package.manifest.clone()),
        signer,
        capabilities: Capability::of_manifest(&package.manifest),
    }
}

/// The capability of a manifest that has this id.
pub(crate) fn find(manifest: &Manifest, id: &str) -> Option<Capability> {
    Capability::of_manifest(manifest).into_iter().find(|c| c.to_string() == id)
}

fn approved(manifest: &Manifest, ids: &[String]) -> Result<Vec<Capability>, OperationError> {
    ids.iter().map(|id| find(manifest, id).ok_or_else(|| unknown_capability(id))).collect()
}

fn unknown_capability(id: &str) -> OperationError {
    invalid("approve", format!("该应用没有申请“{id}”权限"), format!("The app asks for no permission `{id}`"))
}

fn name_problem(e: &yunlong_model::NameError) -> String {
    match e {
        yunlong_model::NameError::Malformed(n) => {
            format!("“{n}”不能作为名称：请用 1 至 40 个小写字母、数字或连字符，以字母开头，不以连字符结尾")
        }
        yunlong_model::NameError::Reserved(n) => format!("“{n}”为平台保留名称，请换一个"),
    }
}
