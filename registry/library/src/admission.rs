//! What a client's push must fulfil in a city: what can be known of a package is said at its push, by the same rules
//! as at its submission, which decides.
//!
//! A component alone, or anything else, is let through: nothing of it can be submitted. Clients set the tag before
//! or after they attach what belongs to a package. Once something of it is there, it has to be whole and signed
//! when the tag is set.

use crate::packages::OneRepository;
use crate::{READS, place};
use async_trait::async_trait;
use tokio::sync::Semaphore;
use yunlong_model::{Digest, Text};
use yunlong_oci::RepositoryName;
use yunlong_oci::access::Shown;
use yunlong_oci::admission::{Admission, AdmitAll, Admitted, HookError, Push, Refusal as Refused, Retag};
use yunlong_publications::packages::{Packages as _, ReadError, read};
use yunlong_publications::{PublicationError, Publications, Refusal, Stage};
use yunlong_registry::{Limits, PackageError, package};
use yunlong_store::Txn;

/// What packages say of themselves before their `app.toml` is there (image-spec's annotations).
const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const VENDOR: &str = "org.opencontainers.image.vendor";

/// [`Admission`] by the rules of publication.
pub struct PackageAdmission {
    publications: Publications,
    limits: Limits,
    /// A client pushes as many tags at once as it likes: so many packages are looked at.
    reads: Semaphore,
}

impl PackageAdmission {
    /// By these rules, within these limits.
    #[must_use]
    pub fn new(publications: Publications, limits: Limits) -> Self {
        Self { publications, limits, reads: Semaphore::new(READS) }
    }

    async fn look(&self, push: &Push<'_>) -> Result<(), Problem> {
        if let Some(subject) = &push.manifest.subject {
            // What refers to something else than a package is nobody's business.
            let subject = push.contents.manifest(&subject.digest).await;
            if subject.is_ok_and(|(_, bytes)| package::has_app(&bytes)) {
                package::wanted_blobs(push.bytes, &self.limits)?;
            }
        }
        // A package's digest is SHA-256.
        let Ok(digest) = push.digest.to_string().parse::<Digest>() else { return Ok(()) };
        if !package::has_app(push.bytes) {
            return Ok(());
        }
        package::wanted_blobs(push.bytes, &self.limits)?;
        if push.tags.is_empty() {
            return Ok(());
        }
        self.label(push, &digest).await?;
        let repository = push.repository.as_str();
        let here = OneRepository { contents: push.contents.clone(), pushed: Some((digest, push.bytes.clone())) };
        if !self.is_begun(&here, repository, &digest).await? {
            return Ok(());
        }
        let _place = place(&self.reads).await;
        let package = read(&here, repository, &digest, &self.limits).await?;
        let signer = self.publications.admit(Stage::Push, &package, None, None).await?;
        if let Some(account) = push.account {
            self.publications.may_publish(&signer, &account.name).await?;
        }
        Ok(())
    }

    /// By what the manifest says of itself, as far as it does.
    async fn label(&self, push: &Push<'_>, digest: &Digest) -> Result<(), Problem> {
        let said = |key: &str| push.manifest.annotations.as_ref().and_then(|a| a.get(key));
        let (Some(vendor), Some(Ok(app)), Some(Ok(version))) =
            (said(VENDOR), said(TITLE).map(|a| a.parse()), said(VERSION).map(|v| v.parse()))
        else {
            return Ok(());
        };
        Ok(self.publications.may_label(vendor, &app, &version, digest).await?)
    }

    /// Whether something that belongs to the package is there.
    async fn is_begun(&self, here: &OneRepository, repository: &str, digest: &Digest) -> Result<bool, Problem> {
        for referrer in here.referrers(repository, digest, self.limits.blobs).await.map_err(Problem::Registry)? {
            let bytes = here.manifest(repository, &referrer).await.map_err(Problem::Registry)?;
            let wanted = bytes.map(|bytes| package::wanted_blobs(&bytes, &self.limits));
            if wanted.is_some_and(|w| w.is_ok_and(|blobs| !blobs.is_empty())) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[async_trait]
impl Admission for PackageAdmission {
    async fn check(&self, push: &Push<'_>) -> Result<Box<dyn Admitted>, Refused> {
        self.look(push).await.map_err(Refused::from)?;
        Ok(Box::new(AdmitAll))
    }

    /// A version comes again under its tag when changes were asked for, its checks failed, or it was withdrawn.
    async fn may_retag(&self, txn: &mut Txn, retag: &Retag<'_>) -> Result<bool, HookError> {
        let Ok(to) = retag.to.to_string().parse() else { return Ok(false) };
        let may = Publications::may_retag(txn, retag.repository.as_str(), retag.tag.as_str(), &to).await;
        may.map_err(|e| match e {
            PublicationError::Store(e) => e.into(),
            PublicationError::Commit(e) => e.into(),
            other => HookError::Refused(Problem::from(other).into()),
        })
    }
}

/// How far a manifest of a repository is published: what is approved is found under its tag, what was yanked by its
/// digest alone, and nothing else at all.
///
/// # Errors
/// When the store fails.
pub async fn shown(
    publications: &Publications,
    repository: &RepositoryName,
    digest: &yunlong_oci::Digest,
) -> Result<Shown, PublicationError> {
    // Packages have SHA-256 digests.
    let Ok(digest) = digest.to_string().parse::<Digest>() else { return Ok(Shown::Hidden) };
    if publications.offers(repository.as_str(), &digest).await? {
        return Ok(Shown::Listed);
    }
    let readable = publications.is_readable(repository.as_str(), &digest).await?;
    Ok(if readable { Shown::ByDigest } else { Shown::Hidden })
}

/// Whether a manifest of a repository is shown along with a package that it names: it belonged to it when that was
/// submitted, and a reviewer has seen it.
///
/// # Errors
/// When the store fails.
pub async fn belongs(
    publications: &Publications,
    repository: &RepositoryName,
    package: &yunlong_oci::Digest,
    digest: &yunlong_oci::Digest,
) -> Result<bool, PublicationError> {
    match (package.to_string().parse(), digest.to_string().parse()) {
        (Ok(package), Ok(digest)) => publications.belongs(repository.as_str(), &package, &digest).await,
        _ => Ok(false),
    }
}

/// Why a push is refused.
enum Problem {
    Refused(Refusal),
    Publication(PublicationError),
    Registry(String),
}

impl From<PackageError> for Problem {
    fn from(e: PackageError) -> Self {
        Self::Refused(e.into())
    }
}

impl From<PublicationError> for Problem {
    fn from(e: PublicationError) -> Self {
        match e {
            PublicationError::Refused(refusal) => Self::Refused(*refusal),
            other => Self::Publication(other),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(e: ReadError) -> Self {
        match e {
            ReadError::Refused(refusal) => Self::Refused(refusal),
            other => Self::Registry(other.to_string()),
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        let cause = match problem {
            Problem::Refused(refusal) if is_about_content(&refusal) => return Self::Invalid(refusal.text()),
            Problem::Refused(refusal) => return Self::Denied(refusal.text()),
            Problem::Publication(e) if e.is_callers() => return Self::Denied(e.text()),
            Problem::Publication(e) => e.text().en,
            Problem::Registry(cause) => cause,
        };
        tracing::error!(cause, "a push cannot be checked");
        Self::Denied(Text {
            zh: "暂时无法检查该安装包，请稍后重试".into(),
            en: "the package cannot be checked at present: push it again later".into(),
        })
    }
}

/// Whether the package itself is wrong; otherwise it is about who pushes what under which name.
fn is_about_content(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Changed { .. }
            | Refusal::MissingReferrer { .. }
            | Refusal::Compressed { .. }
            | Refusal::TooLarge { .. }
            | Refusal::Malformed { .. }
            | Refusal::Unsigned
            | Refusal::BadSignature { .. }
            | Refusal::Imports(_)
    )
}
