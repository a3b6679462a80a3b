//! What officials do at the console: publish, review, install, stop, start, uninstall, grant and
//! revoke. The console's pages, its JSON API and the server's start all come through here, so that
//! nothing is checked in one of them alone.
//!
//! What takes long (reading a package, compiling it) is done before an installation's turn is taken:
//! stopping one waits for no compilation, and no installation waits for another one.

mod automatic;
mod back;
mod export;
mod hub;
pub(crate) mod installing;
mod lifecycle;
mod messages;
mod migration;
pub(crate) mod personal;
mod recall;
mod removal;
mod rights;
pub(crate) mod said;
mod standing;
mod upgrade;
mod watch;

pub use hub::SeparateConsent;

pub use automatic::{Automatic, FailedUpgrade, Newer, Waits};
pub use back::Asked;
pub(crate) use export::rests;
pub(crate) use installing::{InstallStep, Progress};
pub(crate) use removal::ItsData;
pub use upgrade::Upgrading;

use crate::Services;
use crate::assets::Assets;
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use yunlong_audit::AuditError;
use yunlong_formats::Explain as _;
use yunlong_hub::HubError;
use yunlong_identity::{IdentityError, OrganizationLevel};
use yunlong_installations::{Capability, Difference, Installation, InstallationError, Status};
use yunlong_library::LibraryError;
use yunlong_model::{Digest, InstallationName, Manifest, Text};
use yunlong_publications::{
    PublicationError, Publications, Release, Search, Stage, Status as Standing, Submitted, catalogue,
};
use yunlong_registry::{KeyId, Package, PublicKey, Reason, VerifiedSigner};
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
    /// What is being installed, and what could not be.
    installing: Mutex<HashMap<InstallationName, Progress>>,
    /// A version was approved.
    approved: tokio::sync::Notify,
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
    /// Who published and reviewed it, and what they say.
    pub release: Release,
    /// Whether it may be installed.
    pub standing: Standing,
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

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The registry refuses it: a package, a key, a step of a review.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// No such installation.
    #[error("there is no installation `{0}`: it may have been removed")]
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
    #[error(
        "`{installation}` never ran version {version}: it can go back only to one that it ran, choose one of its history"
    )]
    NeverRan {
        /// The installation.
        installation: InstallationName,
        /// The version, or `before` when there is none.
        version: String,
    },
    /// Calls did not end.
    #[error("calls of `{0}` are still under way: try again in a minute")]
    StillRunning(InstallationName),
    /// It serves, and what is written meanwhile is in no file.
    #[error(
        "`{0}` is not stopped, and what it writes meanwhile is in no exported file: stop it, export it again, then remove it"
    )]
    NotStopped(InstallationName),
    /// Its data is not what the file holds.
    #[error(
        "the data of `{0}` has changed since this file was exported, or the file is another one's: export it again, then remove it"
    )]
    ChangedSinceExport(InstallationName),
    /// It was to be upgraded by itself, and somebody switched that off or stopped it meanwhile.
    #[error("`{0}` does not upgrade by itself any more, or does not run: upgrade it by hand")]
    NotByItself(InstallationName),
    /// The indexes of a release cannot be built.
    #[error("the indexes of the version cannot be built from the data: {0}")]
    Indexes(DocumentError),
    /// Messaging failed.
    #[error(transparent)]
    Messaging(#[from] yunlong_messaging::MessagingError),
    /// Files failed.
    #[error(transparent)]
    Files(#[from] yunlong_files::FileError),
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
    #[error("the server is shutting down: try again once it runs")]
    Stopping,
}

impl OperationError {
    /// What is wrong with an installation's name.
    pub(crate) fn name(e: yunlong_model::NameError) -> Self {
        invalid("name", name_problem(&e), e.to_string())
    }

    /// What people read.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Library(e) => return e.text(),
            Self::Invalid { problem, .. } => return problem.clone(),
            Self::Installation(e) => return e.text(),
            Self::Identity(e) => return Text { zh: e.zh(), en: e.en() },
            Self::Hub(e) => return Text { zh: e.zh(), en: e.en() },
            Self::NoSuchInstallation(name) => format!("没有安装“{name}”：可能已被卸载"),
            Self::Load(e) => format!("组件不被接受：{}", said::load(e).zh),
            Self::App(e) => format!("应用未能启动：{}", said::invocation(e).zh),
            Self::WouldNotRead { version, schemas } => format!(
                "版本 {version} 不能读取结构为 {} 的数据，此后写入的内容可能对市民不可见：如确需退回，请确认",
                list(schemas)
            ),
            Self::NeverRan { .. } => "该应用没有运行过这个版本，不能退回：请选择它运行过的版本".into(),
            Self::StillRunning(name) => format!("“{name}”仍有请求没有处理完，请一分钟后再试"),
            Self::NotStopped(name) => {
                format!("“{name}”没有暂停，其间写入的内容不在任何导出文件里：请先暂停，重新导出，再卸载")
            }
            Self::ChangedSinceExport(name) => {
                format!("“{name}”的数据在导出后有变化，或文件不是它的：请重新导出，再卸载")
            }
            Self::NotByItself(name) => format!("“{name}”已关闭自动升级，或没有运行：请手动升级"),
            Self::Indexes(e) => format!("现有数据不符合该版本的索引（{e}）"),
            Self::Payments(yunlong_payments::PaymentError::StillHeld { held, refunding }) => {
                crate::portal::still_held(*held, *refunding)
            }
            Self::Stopping => "服务器正在停止，请在它恢复后再试".into(),
            other => format!("平台未能完成，请稍后再试（{other}）"),
        };
        Text { zh, en: self.to_string() }
    }
}

impl From<PublicationError> for OperationError {
    fn from(e: PublicationError) -> Self {
        Self::Library(e.into())
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
        services.installations.set_registry(Arc::new(standing::Standing(services.library.publications().clone())));
        Self { services, assets, trial, shared: Arc::default() }
    }

    /// The turn of an installation.
    async fn turn(&self, name: &InstallationName) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = self.shared.turns.lock().entry(name.clone()).or_default().clone();
        turn.lock_owned().await
    }

    /// Takes in a package's tar for review, if an enrolled key of its vendor signed it. The same package again
    /// changes nothing.
    ///
    /// # Errors
    /// [`OperationError::Library`]; nothing is submitted then.
    pub async fn publish(&self, tar: Bytes, by: &str) -> Result<Submitted, OperationError> {
        let submitted = self.services.library.take_in(tar, by).await?;
        let s = &submitted.submission;
        tracing::info!(digest = %s.digest, app = %s.app, version = %s.version, by, new = submitted.new, "package submitted");
        Ok(submitted)
    }

    /// A published package: what it declares, and what was decided about it.
    ///
    /// # Errors
    /// [`OperationError::Library`] when there is none.
    pub async fn review(&self, digest: Digest) -> Result<Review, OperationError> {
        let publications = self.publications();
        let release = publications.release(&digest).await?;
        let summary = publications.summary(&digest).await?;
        let key = publications.key(&release.key).await?;
        let signer = VerifiedSigner {
            key: release.key,
            vendor: release.vendor.clone(),
            organization: Some(release.organization.clone()),
        };
        Ok(Review {
            digest,
            capabilities: Capability::of_manifest(&summary.manifest),
            manifest: Arc::new(summary.manifest),
            signer,
            standing: release.status(Some(&key)),
            release,
        })
    }

    /// All packages that may be installed, by app and then by version, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn published(&self) -> Result<Vec<Review>, OperationError> {
        let mut all = Vec::new();
        let mut search = Search { limit: catalogue::MAX_PAGE, ..Search::default() };
        loop {
            let page = self.publications().catalogue(&search).await?;
            for listed in &page.apps {
                for version in self.publications().versions(&listed.app).await? {
                    if version.status == Standing::Approved {
                        all.push(self.review(version.digest).await?);
                    }
                }
            }
            search.from += page.apps.len();
            if page.apps.is_empty() || search.from >= page.total {
                return Ok(all);
            }
        }
    }

    /// The package that an app's name means, and a version's, if it is not empty: `None` when nothing of this name was
    /// ever approved.
    ///
    /// # Errors
    /// [`OperationError::Library`] says why it may not be installed and which versions may.
    pub(crate) async fn named(&self, app: &str, version: &str) -> Result<Option<Review>, OperationError> {
        let Ok(app) = app.parse() else { return Ok(None) };
        let version = match version {
            "" => None,
            text => match text.parse() {
                Ok(version) => Some(version),
                Err(_) => return Ok(None),
            },
        };
        match self.publications().named(&app, version.as_ref()).await? {
            Some(release) => Ok(Some(self.review(release.digest).await?)),
            None => Ok(None),
        }
    }

    fn publications(&self) -> &Publications {
        self.services.library.publications()
    }

    /// Enrolls a vendor's key (PEM, SubjectPublicKeyInfo) and answers its id. The people of `organization` (a
    /// vendor's USCC) may then publish what the key signed.
    ///
    /// # Errors
    /// [`OperationError::Library`], [`OperationError::Invalid`] for what is no key or no vendor.
    pub async fn enroll(
        &self,
        vendor: &str,
        organization: &str,
        pem: &str,
        by: &str,
    ) -> Result<String, OperationError> {
        let key = PublicKey::from_pem(pem).map_err(|e| {
            invalid("public_key", format!("不是可用的公钥：{e}"), format!("Not a usable public key: {e}"))
        })?;
        let organization = organization.trim();
        if self.services.identity.organization(organization).await?.is_none_or(|o| o.level != OrganizationLevel::Vendor)
        {
            return Err(invalid(
                "organization",
                "没有统一社会信用代码为此的供应商",
                "There is no vendor with this unified social credit code",
            ));
        }
        let id = self.publications().enroll(vendor.trim(), organization, &key, by).await?;
        tracing::info!(key = %id, by, "vendor key enrolled");
        Ok(id.to_string())
    }

    /// Revokes a vendor's key for good. What it signed may no longer be installed or loaded, unless the key was
    /// only replaced, or the city decides that a version stands.
    ///
    /// # Errors
    /// [`OperationError::Library`].
    pub async fn revoke_key(&self, id: &str, reason: Reason, remark: &str, by: &str) -> Result<(), OperationError> {
        let id: KeyId = id.parse().map_err(|_| invalid("key", "不是密钥编号", "Not a key's id"))?;
        let in_doubt = self.publications().revoke(&id, reason, remark, by).await?;
        tracing::info!(key = %id, by, in_doubt, "vendor key revoked");
        if let Err(error) = self.tell_of_doubt(&id).await {
            // It is done, and stands on the pages of the installations.
            tracing::error!(key = %id, %error, "departments are not told that versions are in doubt");
        }
        Ok(())
    }

    /// Decides for the city that a version stands although its key was revoked.
    ///
    /// # Errors
    /// [`OperationError::Library`].
    pub async fn keep_version(&self, package: &Digest, reason: &str, by: &str) -> Result<Release, OperationError> {
        let kept = self.publications().keep(package, reason, by).await?;
        tracing::info!(digest = %kept.digest, app = %kept.app, version = %kept.version, by, "version kept");
        // It is offered again: somebody may wait for it.
        self.wake();
        Ok(kept)
    }

    /// Offers a version no longer. Recalled, it may not run either: what runs it stops at once and holds still, its
    /// data, messages and jobs with it, until another version has charge. The departments that use it are told.
    ///
    /// # Errors
    /// [`OperationError::Library`].
    pub async fn end_version(
        &self,
        package: &Digest,
        reason: &str,
        recall: bool,
        by: &str,
    ) -> Result<Release, OperationError> {
        // To its end also when whoever asked goes away: half a recall would be none.
        let (package, reason, by) = (*package, reason.to_owned(), by.to_owned());
        self.detached(|me| async move {
            let ended = me.services.library.yank(&package, &reason, recall, &by).await?;
            tracing::info!(digest = %ended.digest, app = %ended.app, version = %ended.version, recall, by, "version yanked");
            match &ended.yank {
                Some(yank) if yank.recalled => me.stop_recalled(&ended, yank).await,
                Some(yank) => me.tell_of_yank(&ended, yank).await,
                None => {}
            }
            Ok(ended)
        })
        .await
    }

    /// What a published package would ask for in addition to what an installation has.
    ///
    /// # Errors
    /// [`OperationError::NoSuchInstallation`], [`OperationError::NoSuchPackage`].
    pub async fn difference(&self, name: &InstallationName, to: Digest) -> Result<Difference, OperationError> {
        let installation = self.get(name)?;
        let summary = self.publications().summary(&to).await?;
        Ok(Difference::between(&installation.manifest, &summary.manifest))
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

    /// A package, read whole and verified anew. `running` is the version that it takes the place of.
    async fn package(
        &self,
        digest: Digest,
        stage: Stage,
        running: Option<&semver::Version>,
    ) -> Result<(Package, VerifiedSigner), OperationError> {
        Ok(self.services.library.get(&digest, stage, running).await?)
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
