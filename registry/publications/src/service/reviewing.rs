//! Checks, reviewers, decisions, comments.

use super::{Publications, blocking, key_of, release, save_release, save_submission, submission};
use crate::accounts::Person;
use crate::advisories::store as advisories;
use crate::catalogue::MAX_VERSIONS;
use crate::checks::{self, Findings, Lookup, Probe, Summary, binary};
use crate::error::PublicationError;
use crate::events::Act;
use crate::keys;
use crate::possible::newer;
use crate::refusal::Refusal;
use crate::release::{AppRecord, Approval, Release, VersionRecord};
use crate::submission::{Actor, Comment, ReviewError, State, Step, Submission};
use serde_json::{Value, json};
use std::sync::Arc;
use yunlong_model::Digest;
use yunlong_registry::{Known, Package};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Txn, transact};

impl Publications {
    /// Runs the checks of a submission on its package, and writes their findings. When the platform stops in
    /// their midst, they are to be begun again: the submission says that they run.
    ///
    /// # Errors
    /// [`PublicationError::Review`] when it is not the time for checks; [`PublicationError::StaleChecks`] when
    /// the package is another one, or the submission went on meanwhile; when the store fails.
    pub async fn check(
        &self,
        number: u64,
        package: &Package,
        probes: &[Arc<dyn Probe>],
    ) -> Result<Findings, PublicationError> {
        let inner = &self.inner;
        let policy = self.policy();
        let begun = self.begin_checks(number, Some(&package.digest)).await?;
        let before = self.compared_with(&begun).await?;
        let component = blocking(package, |p| binary::facts(&p.component, &p.inspection)).await?;
        let mut lookup = Lookup { imports: advisories::current(&inner.store).await?, ..Lookup::default() };
        for component in checks::made_of(&component, package) {
            let Some(ecosystem) = component.ecosystem else { continue };
            let Some(import) = lookup.imports.iter().find(|i| i.ecosystem == ecosystem) else { continue };
            let key = (ecosystem, ecosystem.normal(&component.name));
            if let std::collections::btree_map::Entry::Vacant(place) = lookup.found.entry(key) {
                place.insert(advisories::about(&inner.store, import, &component.name).await?);
            }
        }
        let findings =
            checks::run(package, component, before.as_ref(), &lookup, probes, &policy, || inner.clock.now()).await;
        self.finish_checks(&begun, &findings).await?;
        Ok(findings)
    }

    /// Ends the checks of a submission whose package cannot be read: they failed, and the finding says why.
    ///
    /// # Errors
    /// As for [`Publications::check`].
    pub async fn unreadable(&self, number: u64, why: &Refusal) -> Result<Findings, PublicationError> {
        let begun = self.begin_checks(number, None).await?;
        let findings = Findings::unreadable(&begun, why, self.inner.clock.now());
        self.finish_checks(&begun, &findings).await?;
        Ok(findings)
    }

    async fn begin_checks(&self, number: u64, of: Option<&Digest>) -> Result<Submission, PublicationError> {
        let inner = &self.inner;
        transact!(&inner.store, |txn| {
            let before = submission(txn, number).await?;
            if of.is_some_and(|digest| before.digest != *digest) {
                return Err(PublicationError::StaleChecks(number));
            }
            let mut after = before.clone();
            after.take(Step::BeginChecks, Actor::Platform, inner.clock.now())?;
            is_newest(txn, &after).await?;
            save_submission(txn, Some(&before), &after);
            set_state(txn, &after).await?;
            Ok(after)
        })
    }

    async fn finish_checks(&self, begun: &Submission, findings: &Findings) -> Result<(), PublicationError> {
        let inner = &self.inner;
        let number = begun.number;
        let bytes = serde_json::to_vec(findings)
            .map_err(|e| PublicationError::Store(yunlong_store::StoreError::Corrupt(format!("findings: {e}"))))?;
        let digest = Digest::of(&bytes);
        let bytes = bytes::Bytes::from(bytes);
        transact!(&inner.store, |txn| {
            let before = submission(txn, number).await?;
            if before.digest != begun.digest || before.since != begun.since {
                return Err(PublicationError::StaleChecks(number));
            }
            let mut after = before.clone();
            let (passed, warnings) = (findings.passed(), findings.warnings());
            let step = Step::FinishChecks { passed, warnings, findings: digest };
            after.take(step, Actor::Platform, inner.clock.now())?;
            is_newest(txn, &after).await?;
            save_submission(txn, Some(&before), &after);
            txn.put(keys::findings(number), bytes.clone());
            set_state(txn, &after).await?;
            let more = json!({ "passed": passed, "warnings": warnings, "findings": digest });
            self.tell(txn, "registry.checked", &after, None, more).await
        })
    }

    /// Lets the checks run again, with newer advisories for instance.
    ///
    /// # Errors
    /// [`PublicationError::Review`] with what is possible; when the store fails.
    pub async fn recheck(&self, number: u64, by: &str) -> Result<Submission, PublicationError> {
        let person = self.inner.person(by).await?;
        self.step(number, Step::Recheck, &person, "registry.recheck-asked", &Value::Null).await
    }

    /// Gives a submission to a reviewer: whoever governs to anybody who may review it, a reviewer to themself.
    ///
    /// # Errors
    /// [`PublicationError::Review`] says why not; when the store fails.
    pub async fn assign(&self, number: u64, reviewer: &str, by: &str) -> Result<Submission, PublicationError> {
        let reviewer = self.inner.person(reviewer).await?;
        let person = self.inner.person(by).await?;
        let more = json!({ "reviewer": reviewer.account, "reviewerOrganization": reviewer.organization });
        self.step(number, Step::Assign(reviewer), &person, "registry.assigned", &more).await
    }

    /// Asks the vendor for changes.
    ///
    /// # Errors
    /// [`PublicationError::Review`] says why not; when the store fails.
    pub async fn ask_changes(&self, number: u64, remark: &str, by: &str) -> Result<Submission, PublicationError> {
        let person = self.inner.person(by).await?;
        let more = json!({ "remark": Digest::of(remark.trim().as_bytes()) });
        self.step(number, Step::AskChanges(remark.to_owned()), &person, "registry.changes-asked", &more).await
    }

    /// Rejects it for good.
    ///
    /// # Errors
    /// [`PublicationError::Review`] says why not; when the store fails.
    pub async fn reject(&self, number: u64, remark: &str, by: &str) -> Result<Submission, PublicationError> {
        let person = self.inner.person(by).await?;
        let more = json!({ "remark": Digest::of(remark.trim().as_bytes()) });
        self.step(number, Step::Reject(remark.to_owned()), &person, "registry.rejected", &more).await
    }

    /// Takes it back.
    ///
    /// # Errors
    /// [`PublicationError::Review`] says why not; when the store fails.
    pub async fn withdraw(&self, number: u64, by: &str) -> Result<Submission, PublicationError> {
        let person = self.inner.person(by).await?;
        self.step(number, Step::Withdraw, &person, "registry.withdrawn", &Value::Null).await
    }

    /// Approves it: departments may install it from now on. `seen` is the digest of the findings that the reviewer
    /// saw: see [`Checked::findings`](crate::submission::Checked::findings).
    ///
    /// # Errors
    /// [`PublicationError::Review`] says why not, [`ReviewError::StaleFindings`] and [`ReviewError::StaleDifference`]
    /// among it; [`PublicationError::Refused`] when its key was revoked or a newer version was approved meanwhile; when
    /// the store fails.
    pub async fn approve(
        &self,
        number: u64,
        remark: &str,
        seen: &Digest,
        by: &str,
    ) -> Result<Submission, PublicationError> {
        let inner = &self.inner;
        let person = inner.person(by).await?;
        transact!(&inner.store, |txn| {
            let before = submission(txn, number).await?;
            let mut after = before.clone();
            let now = inner.clock.now();
            after.take(Step::Approve(remark.to_owned(), *seen), Actor::Person(&person), now)?;
            is_newest(txn, &after).await?;
            // What widened is seen against what departments run, not against what was the last version once.
            let findings: Option<Findings> = txn.get_as(&keys::findings(number)).await?;
            let compared = findings.and_then(|f| f.difference).map(|d| d.before_digest);
            if compared != last_approved(txn, &after).await? {
                return Err(ReviewError::StaleDifference.into());
            }
            let mut release = release(txn, &after.digest).await?;
            let key = key_of(txn, &release).await?;
            // A key that was replaced meanwhile leaves what it signed before; one that ended does not.
            if !key.counts(Known::Published { at: release.at, kept: false }) {
                let at = key.revoked_at.unwrap_or_default();
                return Err(Refusal::RevokedKey { key: release.key, at, published_before: true }.into());
            }
            let app_key = keys::app(&after.app);
            let mut app: AppRecord =
                txn.get_as(&app_key).await?.ok_or_else(|| PublicationError::NoSuchApp(after.app.to_string()))?;
            if let Some(newest) = app.newest.as_ref().filter(|newest| after.version < **newest) {
                return Err(Refusal::OlderVersion { offered: after.version.clone(), newest: newest.clone() }.into());
            }
            app.newest = Some(after.version.clone());
            txn.put_as(app_key, &app);
            let event = inner.event_number(txn).await?;
            let findings = after.decision.as_ref().map(|d| d.findings);
            release.state = after.state;
            release.approval = Some(Approval {
                by: person.account.clone(),
                organization: person.organization.clone().unwrap_or_default(),
                at: now,
                remark: remark.trim().to_owned(),
                event,
            });
            save_submission(txn, Some(&before), &after);
            save_release(txn, &release).await?;
            let more = json!({ "findings": findings, "remark": Digest::of(remark.trim().as_bytes()) });
            let act = act_of("registry.approved", &after, Some(&person), more);
            inner.stage(txn, event, act).await?;
            Ok(after)
        })
    }

    /// Adds a comment, between the steps.
    ///
    /// # Errors
    /// [`PublicationError::Review`] says why not; when the store fails.
    pub async fn comment(&self, number: u64, text: &str, by: &str) -> Result<Comment, PublicationError> {
        let inner = &self.inner;
        let person = inner.person(by).await?;
        transact!(&inner.store, |txn| {
            let submission = submission(txn, number).await?;
            submission.may_comment(&person, text)?;
            let comment = Comment {
                at: inner.clock.now(),
                by: person.account.clone(),
                organization: person.organization.clone(),
                text: text.trim().to_owned(),
                state: submission.state,
            };
            txn.append_as(keys::comments(number), &comment);
            Ok::<_, PublicationError>(comment)
        })
    }

    /// Takes a person's step that is no approval.
    async fn step(
        &self,
        number: u64,
        step: Step,
        person: &Person,
        action: &'static str,
        more: &Value,
    ) -> Result<Submission, PublicationError> {
        let inner = &self.inner;
        transact!(&inner.store, |txn| {
            let before = submission(txn, number).await?;
            let mut after = before.clone();
            after.take(step.clone(), Actor::Person(person), inner.clock.now())?;
            if after.must_be_newest() {
                is_newest(txn, &after).await?;
            }
            save_submission(txn, Some(&before), &after);
            set_state(txn, &after).await?;
            self.tell(txn, action, &after, Some(person), more.clone()).await?;
            Ok::<_, PublicationError>(after)
        })
    }

    async fn tell(
        &self,
        txn: &mut Txn,
        action: &'static str,
        about: &Submission,
        by: Option<&Person>,
        more: Value,
    ) -> Result<(), PublicationError> {
        let event = self.inner.event_number(txn).await?;
        self.inner.stage(txn, event, act_of(action, about, by, more)).await
    }

    /// What the version holds that a submission is compared with.
    async fn compared_with(&self, of: &Submission) -> Result<Option<Summary>, PublicationError> {
        let mut txn = Txn::new(self.inner.store.clone());
        let Some(last) = last_approved(&mut txn, of).await? else { return Ok(None) };
        Ok(txn.get_as(&keys::summary(&last)).await?)
    }
}

/// The newest approved version of the same app that is older and was not yanked: what a submission is compared with.
async fn last_approved(txn: &mut Txn, of: &Submission) -> Result<Option<Digest>, PublicationError> {
    let labels = txn.scan(&keys::versions(&of.app).children(), Direction::Ascending, MAX_VERSIONS).await?;
    let mut last: Option<Release> = None;
    for (key, value) in &labels {
        let label: VersionRecord = from_json(key, value)?;
        let found = release(txn, &label.digest).await?;
        let counts = found.approval.is_some() && found.yank.is_none() && found.version < of.version;
        if counts && last.as_ref().is_none_or(|l| l.version < found.version) {
            last = Some(found);
        }
    }
    Ok(last.map(|r| r.digest))
}

/// Whether the version's label names this submission: of the submissions of a version the last one alone goes on,
/// so that no two digests of it are approved.
async fn is_newest(txn: &mut Txn, submission: &Submission) -> Result<(), PublicationError> {
    let label: Option<VersionRecord> = txn.get_as(&keys::version(&submission.app, &submission.version)).await?;
    match newer(label.as_ref(), submission.number) {
        Some(by) => Err(ReviewError::Superseded { by }.into()),
        None => Ok(()),
    }
}

/// Lets a release follow its submission.
async fn set_state(txn: &mut Txn, submission: &Submission) -> Result<(), PublicationError> {
    let mut release = release(txn, &submission.digest).await?;
    // Bytes that were submitted again belong to the newer submission: taking back the older one does nothing to them.
    if release.submission != submission.number {
        let withdrawn = submission.state == State::Withdrawn;
        return if withdrawn { Ok(()) } else { Err(PublicationError::StaleChecks(submission.number)) };
    }
    release.state = submission.state;
    save_release(txn, &release).await
}

fn act_of<'a>(action: &'static str, about: &Submission, by: Option<&'a Person>, more: Value) -> Act<'a> {
    let mut detail = json!({
        "digest": about.digest,
        "app": about.app,
        "version": about.version,
        "submission": about.number,
        "vendor": about.vendor,
        "vendorOrganization": about.organization,
        "key": about.key,
    });
    if let (Some(detail), Value::Object(more)) = (detail.as_object_mut(), more) {
        detail.extend(more);
    }
    Act { action, target: about.digest.to_string(), by, detail }
}
