//! What the registry's protocol asks before it lets somebody read, push or set a tag: small looks at what was
//! decided, some of them inside the transaction of a push.

use crate::accounts::Duty;
use crate::error::PublicationError;
use crate::keys;
use crate::refusal::Refusal;
use crate::release::{AppRecord, Release, Status, VersionRecord};
use crate::service::Publications;
use crate::submission::{State, Submission};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use yunlong_model::{AppName, Digest};
use yunlong_registry::{TrustedKey, VerifiedSigner, trust};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, Txn};

/// What else has to change in the commit that yanks a version: where its bytes are, its tag is hidden.
#[async_trait]
pub trait Hides: Send + Sync {
    /// Called once for each attempt of the transaction; it has no effects but those on it.
    ///
    /// # Errors
    /// When the store fails: nothing is committed.
    async fn hide(&self, txn: &mut Txn, release: &Release) -> Result<(), PublicationError>;
}

#[async_trait]
impl Hides for () {
    async fn hide(&self, _txn: &mut Txn, _release: &Release) -> Result<(), PublicationError> {
        Ok(())
    }
}

impl Publications {
    /// Whether an account may publish what this signer signed: its organization's people, and whoever governs. To be
    /// asked before anything is kept for it.
    ///
    /// # Errors
    /// [`PublicationError::NotYourDuty`], [`Refusal::NotYours`]; when accounts cannot be looked up.
    pub async fn may_publish(&self, signer: &VerifiedSigner, by: &str) -> Result<(), PublicationError> {
        let person = self.inner.person(by).await?;
        let governs = person.has(Duty::Govern);
        if !governs && !person.has(Duty::Publish) {
            return Err(PublicationError::NotYourDuty { account: person.account, duty: Duty::Publish });
        }
        match &signer.organization {
            Some(organization) if governs || person.is_of(organization) => Ok(()),
            _ => Err(Refusal::NotYours { key: signer.key }.into()),
        }
    }

    /// Whether the tag of a version may be set to this package although it stands for another one: the version's last
    /// submission, which is of this repository, failed its checks, was withdrawn or is to be changed; or it is of
    /// this very package. Never what is under review, approved or rejected, nor what nobody submitted. Which app it
    /// is says what was submitted there: a repository may be called otherwise.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_retag(txn: &mut Txn, repository: &str, tag: &str, to: &Digest) -> Result<bool, PublicationError> {
        let submitted: Option<Digest> = txn.get_as(&keys::of_tag(repository, tag)).await?;
        let before: Option<Release> = match submitted {
            Some(digest) => txn.get_as(&keys::release(&digest)).await?,
            None => None,
        };
        let named = before.map(|r| (r.app, r.version)).or_else(|| version_of(repository, tag));
        let Some((app, version)) = named else { return Ok(false) };
        let Some(last) = txn.get_as::<VersionRecord>(&keys::version(&app, &version)).await? else { return Ok(false) };
        let release: Option<Release> = txn.get_as(&keys::release(&last.digest)).await?;
        if release.is_none_or(|r| r.repository != repository) {
            return Ok(false);
        }
        let submission: Option<Submission> = txn.get_as(&keys::submission(last.submission)).await?;
        let again =
            submission.is_some_and(|s| matches!(s.state, State::ChecksFailed | State::ChangesAsked | State::Withdrawn));
        Ok(again || last.digest == *to)
    }

    /// Whether a version's label may be set to a package that says of itself what it is, while its signature is not
    /// there yet: the app's name is free or this vendor's, and the version is neither another package nor too old.
    ///
    /// # Errors
    /// The [`Refusal`]; when the store fails.
    pub async fn may_label(
        &self,
        vendor: &str,
        app: &AppName,
        version: &semver::Version,
        package: &Digest,
    ) -> Result<(), PublicationError> {
        let record: Option<AppRecord> = self.row(&keys::app(app)).await?;
        let Some(record) = record else { return Ok(()) };
        if record.vendor != vendor {
            let (app, offered) = (app.clone(), vendor.to_owned());
            return Err(Refusal::OtherSigner { app, owner: record.vendor, offered }.into());
        }
        if let Some(last) = self.row::<VersionRecord>(&keys::version(app, version)).await? {
            let (version, submission) = (version.clone(), last.submission);
            match self.submission(submission).await?.state {
                State::Approved if last.digest == *package => return Ok(()),
                State::Approved => {
                    let (known, offered) = (last.digest, *package);
                    return Err(Refusal::ChangedVersion { version, known, offered }.into());
                }
                State::Rejected => return Err(Refusal::Rejected { version, submission }.into()),
                state if state.is_open() && last.digest != *package => {
                    return Err(Refusal::UnderReview { version, submission }.into());
                }
                _ => {}
            }
        }
        match record.newest {
            Some(newest) if *version < newest => Err(Refusal::OlderVersion { offered: version.clone(), newest }.into()),
            _ => Ok(()),
        }
    }

    /// Whether this package out of this repository may be installed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn offers(&self, repository: &str, digest: &Digest) -> Result<bool, PublicationError> {
        let key = keys::offered(repository).text(&digest.to_string());
        Ok(self.inner.store.get(&key).await?.is_some())
    }

    /// Whether anybody may read this package out of this repository by its digest: it is offered, or it was until it
    /// was yanked. What was recalled, or is in doubt, may do harm.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_readable(&self, repository: &str, digest: &Digest) -> Result<bool, PublicationError> {
        let release = match self.release(digest).await {
            Ok(release) if release.repository == repository => release,
            Ok(_) | Err(PublicationError::NoSuchPackage(_)) => return Ok(false),
            Err(e) => return Err(e),
        };
        let key: Option<TrustedKey> = self.row(&keys::key(&release.key)).await?;
        Ok(matches!(release.status(key.as_ref()), Status::Approved | Status::Yanked))
    }

    /// Whether a manifest out of this repository belonged to a package when that was submitted: its signatures, its
    /// list of parts. What was attached since nobody has reviewed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn belongs(&self, repository: &str, package: &Digest, digest: &Digest) -> Result<bool, PublicationError> {
        match self.release(package).await {
            Ok(release) => Ok(release.repository == repository && release.referrers.contains(digest)),
            Err(PublicationError::NoSuchPackage(_)) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Whether anybody may read anything out of this repository.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_public(&self, repository: &str) -> Result<bool, PublicationError> {
        if self.is_offered(repository).await? {
            return Ok(true);
        }
        // Nothing is offered (any more): is there something that was yanked?
        let yanked = keys::yanked(repository).children();
        if !self.inner.store.scan(&yanked, Direction::Ascending, 1).await?.is_empty() {
            return Ok(true);
        }
        // What was yanked before there were such rows is in a repository that ends in its app's name.
        let Some(app) = app_of(repository) else { return Ok(false) };
        let limit = crate::catalogue::MAX_VERSIONS;
        let rows = self.inner.store.scan(&keys::versions(&app).children(), Direction::Ascending, limit).await?;
        for row in rows {
            let label: VersionRecord = from_json(&row.key, &row.value)?;
            if self.is_readable(repository, &label.digest).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The keys of a vendor.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keys_of(&self, vendor: &str) -> Result<Vec<TrustedKey>, PublicationError> {
        let store = &self.inner.store;
        let ids = keys::keys_of(vendor).children();
        let rows = store.scan(&ids, Direction::Ascending, trust::MAX_KEYS * 2).await?;
        let mut out = Vec::with_capacity(rows.len());
        for id in rows.iter().filter_map(|row| row.key.last_text()?.parse().ok()) {
            out.extend(self.row::<TrustedKey>(&keys::key(&id)).await?);
        }
        Ok(out)
    }

    async fn row<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, PublicationError> {
        Ok(self.inner.store.get(key).await?.map(|v| from_json(key, &v.value)).transpose()?)
    }
}

/// Which version of which app a tag in a repository is, where it was submitted before that was written down: vendors
/// push an app to a repository that ends in its name, under tags that have `_` for the `+` that no tag may have.
fn version_of(repository: &str, tag: &str) -> Option<(AppName, semver::Version)> {
    Some((app_of(repository)?, tag.replace('_', "+").parse().ok()?))
}

fn app_of(repository: &str) -> Option<AppName> {
    repository.rsplit('/').next()?.parse().ok()
}
