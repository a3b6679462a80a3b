//! What happens to versions after their approval, and what the city keeps for the checks.

use super::{Publications, key_of, release, save_release};
use crate::accounts::Duty;
use crate::advisories::{Advisories, Ecosystem, ImportInfo, store as advisories};
use crate::error::PublicationError;
use crate::events::{Act, Event};
use crate::release::{Kept, Release, Yank};
use crate::repository::Hides;
use crate::submission::check_remark;
use crate::{keys, numbers};
use serde_json::json;
use yunlong_model::{Digest, Text};
use yunlong_registry::Known;
use yunlong_registry::trust::Side;
use yunlong_store::{Txn, transact};

impl Publications {
    /// Takes an approved version out of what is offered. Nothing is deleted: what runs it goes on, unless the
    /// city recalls it.
    ///
    /// # Errors
    /// [`PublicationError::NotApproved`], [`PublicationError::YankedAlready`], [`PublicationError::OnlyTheCity`],
    /// [`PublicationError::Review`] without a reason; an account of another organization; when the store fails.
    pub async fn yank(
        &self,
        digest: &Digest,
        reason: &str,
        recall: bool,
        by: &str,
    ) -> Result<Release, PublicationError> {
        self.yank_with(digest, reason, recall, by, &()).await
    }

    /// As [`Publications::yank`], with what else has to change in the same commit.
    ///
    /// # Errors
    /// As for [`Publications::yank`].
    pub async fn yank_with(
        &self,
        digest: &Digest,
        reason: &str,
        recall: bool,
        by: &str,
        hides: &dyn Hides,
    ) -> Result<Release, PublicationError> {
        let inner = &self.inner;
        check_remark(reason, true)?;
        let organization = self.release(digest).await?.organization;
        let (person, side) = inner.of_organization_or_city(by, &organization).await?;
        if recall && side != Side::City {
            return Err(PublicationError::OnlyTheCity);
        }
        transact!(&inner.store, |txn| {
            let mut release = release(txn, digest).await?;
            if release.approval.is_none() {
                return Err(PublicationError::NotApproved(*digest));
            }
            // What was yanked can still be recalled.
            if release.yank.as_ref().is_some_and(|y| y.recalled || !recall) {
                return Err(PublicationError::YankedAlready(*digest));
            }
            let at = inner.clock.now();
            let reason = reason.trim().to_owned();
            release.yank =
                Some(Yank { by: person.account.clone(), side, at, reason: reason.clone(), recalled: recall });
            save_release(txn, &release).await?;
            hides.hide(txn, &release).await?;
            let action = if recall { "registry.recalled" } else { "registry.yanked" };
            let more = json!({ "reason": reason, "side": side });
            self.about(txn, action, &release, &person, more).await?;
            Ok(release)
        })
    }

    /// The city decides that a version stands although its key was revoked.
    ///
    /// # Errors
    /// [`PublicationError::NotInDoubt`] when there is nothing to decide; [`PublicationError::Review`] without a
    /// reason; an account that does not govern; when the store fails.
    pub async fn keep(&self, digest: &Digest, reason: &str, by: &str) -> Result<Release, PublicationError> {
        let inner = &self.inner;
        check_remark(reason, true)?;
        let person = inner.person_with(by, Duty::Govern).await?;
        transact!(&inner.store, |txn| {
            let mut release = release(txn, digest).await?;
            if release.approval.is_none() {
                return Err(PublicationError::NotApproved(*digest));
            }
            let key = key_of(txn, &release).await?;
            let kept = Known::Published { at: release.at, kept: true };
            if key.counts(release.known()) || !key.counts(kept) {
                return Err(PublicationError::NotInDoubt(*digest));
            }
            let at = inner.clock.now();
            release.kept = Some(Kept { by: person.account.clone(), at, reason: reason.trim().to_owned() });
            save_release(txn, &release).await?;
            self.about(txn, "registry.kept", &release, &person, json!({ "reason": reason.trim() })).await?;
            Ok(release)
        })
    }

    /// Takes in a copy of an ecosystem's advisories, in the place of the one before. `source` says where it is from.
    ///
    /// The importer names the ecosystem: an archive of one has a few records that are about others as well, and these
    /// few are no copy of theirs.
    ///
    /// Of imports that run at the same time the one that was begun last stays in force, whichever ends first.
    ///
    /// # Errors
    /// [`PublicationError::Invalid`] when it has none of that ecosystem; [`PublicationError::NewerImport`] when one
    /// that was begun later is in force already; an account that does not govern; when the store fails. Then the copy
    /// before is in force.
    pub async fn import_advisories(
        &self,
        all: &Advisories,
        ecosystem: Ecosystem,
        source: &str,
        by: &str,
    ) -> Result<ImportInfo, PublicationError> {
        let inner = &self.inner;
        let person = inner.person_with(by, Duty::Govern).await?;
        if all.of(ecosystem).next().is_none() {
            let problem = Text {
                zh: format!("其中没有 {ecosystem} 的安全公告：请提供该生态的归档"),
                en: format!("it has no advisory of {ecosystem}: give the archive of that ecosystem"),
            };
            return Err(PublicationError::Invalid { field: "ecosystem", problem });
        }
        let generation = transact!(&inner.store, |txn| { numbers::next(txn, "advisories").await })?;
        advisories::write(&inner.store, generation, all, ecosystem).await?;
        let imported = transact!(&inner.store, |txn| {
            // A newer import has swept the rows of this one away, as far as they were written then.
            let before: Option<ImportInfo> = txn.get_as(&keys::import(ecosystem)).await?;
            if let Some(newer) = before.filter(|b| b.generation > generation) {
                return Err(PublicationError::NewerImport(Box::new(newer)));
            }
            let info = advisories::info(generation, all, ecosystem, source, &person.account, inner.clock.now());
            txn.put_as(keys::import(ecosystem), &info);
            let event = inner.event_number(txn).await?;
            let target = all.digest.map_or_else(String::new, |d| d.to_string());
            let detail = json!({ "import": info });
            let act = Act { action: "registry.advisories-imported", target, by: Some(&person), detail };
            inner.stage(txn, event, act).await?;
            Ok::<_, PublicationError>(info)
        });
        let in_force = match &imported {
            Ok(info) => info.generation,
            Err(PublicationError::NewerImport(newer)) => newer.generation,
            Err(_) => return imported,
        };
        // What was decided is decided: rows that nobody reads are swept with the next import.
        if let Err(error) = advisories::sweep(&inner.store, ecosystem, in_force).await {
            tracing::warn!(%error, %ecosystem, "rows of former imports of advisories stay until the next one");
        }
        imported
    }

    /// The imports of advisories in force, one an ecosystem.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn advisories(&self) -> Result<Vec<ImportInfo>, PublicationError> {
        advisories::current(&self.inner.store).await
    }

    /// Says in the log again what may be said of all versions, when its last word is older than the policy
    /// allows: so that a proof can show that nothing was yanked until lately. Answers whether it did.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn attest(&self) -> Result<bool, PublicationError> {
        let inner = &self.inner;
        let every = self.policy().attest_every_ms;
        transact!(&inner.store, |txn| {
            let newest = inner.newest_event(txn).await?;
            let last: Option<Event> = txn.get_as(&keys::event(newest)).await?;
            let Some(last) = last else { return Ok(false) };
            if inner.clock.now().0 - last.at.0 < every {
                return Ok(false);
            }
            let event = inner.event_number(txn).await?;
            let act = Act { action: "registry.attested", target: String::new(), by: None, detail: json!({}) };
            inner.stage(txn, event, act).await?;
            Ok::<_, PublicationError>(true)
        })
    }

    async fn about(
        &self,
        txn: &mut Txn,
        action: &'static str,
        release: &Release,
        by: &crate::accounts::Person,
        more: serde_json::Value,
    ) -> Result<(), PublicationError> {
        let mut detail = json!({
            "digest": release.digest, "app": release.app, "version": release.version, "vendor": release.vendor,
            "vendorOrganization": release.organization, "key": release.key,
        });
        if let (Some(detail), serde_json::Value::Object(more)) = (detail.as_object_mut(), more) {
            detail.extend(more);
        }
        let event = self.inner.event_number(txn).await?;
        let act = Act { action, target: release.digest.to_string(), by: Some(by), detail };
        self.inner.stage(txn, event, act).await
    }
}
