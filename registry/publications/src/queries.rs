//! What the console, the portal and the command line read.

use crate::admission;
use crate::checks::{Findings, Summary};
use crate::error::PublicationError;
use crate::events::Event;
use crate::keys;
use crate::refusal::Refusal;
use crate::release::{Approval, Kept, Release, Status, VersionRecord, Yank};
use crate::service::Publications;
use crate::submission::{Comment, State, Submission};
use yunlong_model::{AppName, Digest, Text, Timestamp};
use yunlong_registry::{KeyId, TrustedKey};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Key, KeyRange, key::Part};

/// The most submissions of a page.
const MAX_PAGE: usize = 100;
/// The most comments that are answered.
const MAX_COMMENTS: usize = 500;

/// Which submissions. What is empty fits all.
#[derive(Clone, Debug, Default)]
pub struct SubmissionFilter {
    /// Where they stand.
    pub state: Option<State>,
    /// The vendor's organization.
    pub organization: Option<String>,
    /// The app.
    pub app: Option<AppName>,
    /// The reviewer's account.
    pub reviewer: Option<String>,
}

/// Some submissions, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubmissionPage {
    /// The submissions.
    pub submissions: Vec<Submission>,
    /// What to give as `before` for older ones; `None` at the end.
    pub next: Option<u64>,
}

/// A version of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The version.
    pub version: semver::Version,
    /// Its package.
    pub digest: Digest,
    /// What may be said of it.
    pub status: Status,
    /// Where its submission stands.
    pub state: State,
    /// Its submission.
    pub submission: u64,
    /// The key that signed it.
    pub key: KeyId,
    /// When it was published.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Who approved it, and what they say to it.
    pub approval: Option<Approval>,
    /// Who yanked it, and why.
    pub yank: Option<Yank>,
    /// The city's decision about it after its key was revoked.
    pub kept: Option<Kept>,
    /// What has changed, in its vendor's words.
    pub changes: Option<Text>,
}

impl Publications {
    /// Submissions, the newest first, older than `before`: 1 to 100 of them. A page may be short and still have a next one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn submissions(
        &self,
        filter: &SubmissionFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<SubmissionPage, PublicationError> {
        // The narrowest index that there is; the rest is looked at row by row.
        let prefix = match filter {
            SubmissionFilter { app: Some(app), .. } => keys::of_app(app),
            SubmissionFilter { organization: Some(o), .. } => keys::of_organization(o),
            SubmissionFilter { state: Some(state), .. } => keys::in_state(*state),
            _ => keys::submissions(),
        };
        let mut range: KeyRange = prefix.children();
        if let Some(before) = before {
            range.end = prefix.u64(before);
        }
        let limit = limit.clamp(1, MAX_PAGE);
        let rows = self.inner.store.scan(&range, Direction::Descending, MAX_PAGE * 5).await?;
        let whole = rows.len() < MAX_PAGE * 5;
        let mut page = SubmissionPage::default();
        let mut last = None;
        for row in rows {
            let Some(number) = last_number(&row.key) else { continue };
            if page.submissions.len() == limit {
                page.next = last;
                return Ok(page);
            }
            last = Some(number);
            let Some(submission) = self.stored_submission(number).await? else { continue };
            let fits = filter.state.is_none_or(|s| s == submission.state)
                && filter.organization.as_ref().is_none_or(|o| *o == submission.organization)
                && filter.app.as_ref().is_none_or(|a| *a == submission.app)
                && filter
                    .reviewer
                    .as_ref()
                    .is_none_or(|r| submission.reviewer.as_ref().is_some_and(|is| is.account == *r));
            if fits {
                page.submissions.push(submission);
            }
        }
        page.next = last.filter(|_| !whole);
        Ok(page)
    }

    async fn stored_submission(&self, number: u64) -> Result<Option<Submission>, PublicationError> {
        let key = keys::submission(number);
        Ok(self.inner.store.get(&key).await?.map(|v| from_json(&key, &v.value)).transpose()?)
    }

    /// A submission.
    ///
    /// # Errors
    /// [`PublicationError::NoSuchSubmission`]; when the store fails.
    pub async fn submission(&self, number: u64) -> Result<Submission, PublicationError> {
        self.stored_submission(number).await?.ok_or(PublicationError::NoSuchSubmission(number))
    }

    /// The findings of the last whole run of a submission's checks.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn findings(&self, number: u64) -> Result<Option<Findings>, PublicationError> {
        let key = keys::findings(number);
        Ok(self.inner.store.get(&key).await?.map(|v| from_json(&key, &v.value)).transpose()?)
    }

    /// The comments on a submission, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn comments(&self, number: u64) -> Result<Vec<Comment>, PublicationError> {
        let range = keys::comments(number).children();
        let rows = self.inner.store.scan(&range, Direction::Ascending, MAX_COMMENTS).await?;
        Ok(rows.iter().map(|r| from_json(&r.key, &r.value)).collect::<Result<_, _>>()?)
    }

    /// A package that was published.
    ///
    /// # Errors
    /// [`PublicationError::NoSuchPackage`]; when the store fails.
    pub async fn release(&self, digest: &Digest) -> Result<Release, PublicationError> {
        let key = keys::release(digest);
        let found = self.inner.store.get(&key).await?.ok_or(PublicationError::NoSuchPackage(*digest))?;
        Ok(from_json(&key, &found.value)?)
    }

    /// What a package declares and holds, as it was published.
    ///
    /// # Errors
    /// [`PublicationError::NoSuchPackage`]; when the store fails.
    pub async fn summary(&self, digest: &Digest) -> Result<Summary, PublicationError> {
        let key = keys::summary(digest);
        let found = self.inner.store.get(&key).await?.ok_or(PublicationError::NoSuchPackage(*digest))?;
        Ok(from_json(&key, &found.value)?)
    }

    /// The versions of an app, the newest first. Which of them somebody may see is for the caller: everybody
    /// those that are approved, the vendor's people and reviewers all.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn versions(&self, app: &AppName) -> Result<Vec<Version>, PublicationError> {
        let store = &self.inner.store;
        let limit = crate::catalogue::MAX_VERSIONS;
        let rows = store.scan(&keys::versions(app).children(), Direction::Ascending, limit).await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in rows {
            let label: VersionRecord = from_json(&row.key, &row.value)?;
            let release = self.release(&label.digest).await?;
            let key = keys::key(&release.key);
            let key: Option<TrustedKey> = store.get(&key).await?.map(|v| from_json(&key, &v.value)).transpose()?;
            let changes = self.summary(&label.digest).await?.listing.and_then(|l| l.changes);
            out.push(Version {
                status: release.status(key.as_ref()),
                version: release.version,
                digest: release.digest,
                state: release.state,
                submission: release.submission,
                key: release.key,
                at: release.at,
                by: release.by,
                approval: release.approval,
                yank: release.yank,
                kept: release.kept,
                changes,
            });
        }
        out.sort_by(|a, b| b.version.cmp(&a.version));
        Ok(out)
    }

    /// What an app's name means to whoever installs: this version of it, or else the newest that may be installed.
    /// `None` when nothing of that name was ever approved; what nobody has approved is nobody else's business.
    ///
    /// # Errors
    /// [`PublicationError::NotOffered`] says why it may not be installed, and which versions may; when the store
    /// fails.
    pub async fn named(
        &self,
        app: &AppName,
        version: Option<&semver::Version>,
    ) -> Result<Option<Release>, PublicationError> {
        let mut known = self.versions(app).await?;
        known.retain(|v| v.approval.is_some());
        let stand: Vec<_> = known.iter().filter(|v| v.status == Status::Approved).map(|v| v.version.clone()).collect();
        let Some(meant) = version.or(stand.first()).or(known.first().map(|v| &v.version)) else { return Ok(None) };
        if known.is_empty() {
            return Ok(None);
        }
        let refused = |why: Option<Refusal>| PublicationError::NotOffered {
            app: app.clone(),
            version: meant.clone(),
            why: why.map(Box::new),
            stand: stand.clone(),
        };
        let found = known.iter().find(|v| v.version == *meant).ok_or_else(|| refused(None))?;
        let release = self.release(&found.digest).await?;
        let key = self.key(&release.key).await?;
        match admission::not_installable(&release, Some(&key)) {
            None => Ok(Some(release)),
            why => Err(refused(why)),
        }
    }

    /// The versions that a key signed and that wait for the city's word since it was revoked, the newest first.
    ///
    /// # Errors
    /// [`PublicationError::Trust`] when there is no such key; when the store fails.
    pub async fn in_doubt(&self, id: &KeyId) -> Result<Vec<Release>, PublicationError> {
        let key = self.key(id).await?;
        if key.revoked_at.is_none() {
            return Ok(Vec::new());
        }
        let rows = self.inner.store.scan(&keys::releases_of(id).children(), Direction::Ascending, usize::MAX).await?;
        let mut out = Vec::new();
        for digest in rows.iter().filter_map(|r| r.key.last_text()?.parse().ok()) {
            let release = self.release(&digest).await?;
            if release.status(Some(&key)) == Status::InDoubt {
                out.push(release);
            }
        }
        out.sort_by_key(|r| std::cmp::Reverse(r.at));
        Ok(out)
    }

    /// Whether a version that is in this repository may be installed: then anybody may pull from there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_offered(&self, repository: &str) -> Result<bool, PublicationError> {
        let store = &self.inner.store;
        let rows = store.scan(&keys::offered(repository).children(), Direction::Ascending, 1).await?;
        Ok(!rows.is_empty())
    }

    /// What happened to a package or a key, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn history(&self, target: &str) -> Result<Vec<Event>, PublicationError> {
        let rows = self.inner.store.scan(&keys::events_of(target).children(), Direction::Ascending, 1_000).await?;
        let mut out = Vec::with_capacity(rows.len());
        for number in rows.iter().filter_map(|r| last_number(&r.key)) {
            out.extend(self.inner.event(number).await?);
        }
        Ok(out)
    }
}

fn last_number(key: &Key) -> Option<u64> {
    match key.parts().last() {
        Some(Part::U64(n)) => Some(n),
        _ => None,
    }
}
