//! A vendor publishes a package: from then on its bytes and its place in the log do not change.

use super::{Known, Publications, blocking, save_release, save_submission};
use crate::accounts::Duty;
use crate::admission::{self, Facts, Stage};
use crate::checks::Summary;
use crate::error::PublicationError;
use crate::events::Act;
use crate::refusal::Refusal;
use crate::release::{AppRecord, KeptSignature, Release, VersionRecord};
use crate::submission::{State, Submission};
use crate::{keys, numbers, state_tree};
use data_encoding::BASE64;
use serde_json::json;
use yunlong_model::Digest;
use yunlong_registry::{Package, TrustStore, VerifiedSigner};
use yunlong_store::{Txn, transact};

/// What a submission came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The submission.
    pub submission: Submission,
    /// Whether it is new; otherwise these very bytes were submitted before.
    pub new: bool,
}

impl Publications {
    /// Takes a signed package in for review; its bytes are in `repository`. The same bytes again change nothing; other bytes for a version are
    /// taken when changes were asked for, checks failed, or it was withdrawn.
    ///
    /// # Errors
    /// [`PublicationError::Refused`] with the reason; an account that may not publish; when the store fails.
    pub async fn submit(&self, package: &Package, repository: &str, by: &str) -> Result<Submitted, PublicationError> {
        let inner = &self.inner;
        let policy = self.policy();
        let person = inner.person(by).await?;
        if !person.has(Duty::Publish) && !person.has(Duty::Govern) {
            return Err(PublicationError::NotYourDuty { account: person.account, duty: Duty::Publish });
        }
        let fit = blocking(package, admission::fit).await?;
        transact!(&inner.store, |txn| {
            let known = Known::of(txn, package).await?;
            let facts = Facts { fit: Some(&fit), ..known.facts(&policy) };
            let signer = admission::admit(Stage::Push, package, &facts)?;
            let organization = signer.organization.clone().ok_or(Refusal::NotYours { key: signer.key })?;
            if !person.has(Duty::Govern) && !person.is_of(&organization) {
                return Err(Refusal::NotYours { key: signer.key }.into());
            }
            if let Some((last, state)) = &known.version
                && admission::resubmit(package, last, *state)?
            {
                return Ok(Submitted { submission: super::submission(txn, last.submission).await?, new: false });
            }
            let now = inner.clock.now();
            let number = numbers::next(txn, "submission").await?;
            let event = inner.event_number(txn).await?;
            let submission = Submission {
                number,
                app: package.manifest.name.clone(),
                version: package.manifest.version.clone(),
                digest: package.digest,
                title: package.manifest.title.clone(),
                vendor: signer.vendor.clone(),
                organization: organization.clone(),
                key: signer.key,
                by: person.account.clone(),
                by_organization: person.organization.clone(),
                at: now,
                state: State::Submitted,
                since: now,
                reviewer: None,
                checked: None,
                decision: None,
                previous: known.version.as_ref().map(|(last, _)| last.submission),
            };
            // The same bytes after they were withdrawn keep their place among all versions.
            let slot = match &known.release {
                Some(before) => before.slot,
                None => state_tree::next_slot(txn).await?,
            };
            let release = Release {
                digest: package.digest,
                repository: repository.to_owned(),
                referrers: package.manifests().map(|(d, _)| d).filter(|d| *d != package.digest).collect(),
                app: submission.app.clone(),
                version: submission.version.clone(),
                vendor: submission.vendor.clone(),
                organization: organization.clone(),
                key: signer.key,
                at: now,
                by: person.account.clone(),
                submission: number,
                state: State::Submitted,
                approval: None,
                yank: None,
                kept: None,
                slot,
                published_event: event,
            };
            save_submission(txn, None, &submission);
            keep(txn, package, &known, &signer, &submission);
            txn.put_as(keys::labelled(repository, &submission.version), &package.digest);
            save_release(txn, &release).await?;
            let detail = json!({
                "digest": package.digest,
                "repository": repository,
                "app": submission.app,
                "version": submission.version,
                "submission": number,
                "vendor": submission.vendor,
                "vendorOrganization": organization,
                "key": signer.key,
                "component": Digest::of(&package.component),
                "manifest": Digest::of(package.manifest_toml.as_bytes()),
            });
            let target = package.digest.to_string();
            let act = Act { action: "registry.published", target, by: Some(&person), detail };
            inner.stage(txn, event, act).await?;
            Ok(Submitted { submission, new: true })
        })
    }
}

/// Writes what is kept beside the submission.
fn keep(txn: &mut Txn, package: &Package, known: &Known, signer: &VerifiedSigner, submission: &Submission) {
    if known.app.is_none() {
        let app = AppRecord {
            app: submission.app.clone(),
            vendor: submission.vendor.clone(),
            organization: submission.organization.clone(),
            since: submission.at,
            newest: None,
        };
        txn.put_as(keys::app(&submission.app), &app);
    }
    let label = VersionRecord { digest: package.digest, submission: submission.number };
    txn.put_as(keys::version(&submission.app, &submission.version), &label);
    txn.put_as(keys::releases_of(&signer.key).text(&package.digest.to_string()), &());
    txn.put_as(keys::summary(&package.digest), &Summary::of(package, submission.at));
    if let Some(signature) = signature_of(package, &known.trust, signer) {
        txn.put_as(keys::signature(&package.digest), &signature);
    }
}

/// The signature that counted.
fn signature_of(package: &Package, trust: &TrustStore, signer: &VerifiedSigner) -> Option<KeptSignature> {
    let key = &trust.key(&signer.key)?.public_key;
    let signature = package.signatures.iter().find(|s| s.is_by(key))?;
    Some(KeptSignature {
        key: key.to_pem().ok()?,
        form: signature.form,
        payload: BASE64.encode(&signature.payload),
        signature: BASE64.encode(&signature.signature),
    })
}
