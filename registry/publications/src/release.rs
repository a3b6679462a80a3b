//! What is kept of a version once it was published, and what may be said of it.

use crate::submission::State;
use serde::{Deserialize, Serialize};
use std::fmt;
use yunlong_model::{AppName, Digest, Timestamp};
use yunlong_registry::{Form, KeyId, Known, Side, TrustedKey};

/// An app's name and whose it is. A name belongs to the vendor that first published it, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRecord {
    /// The app.
    pub app: AppName,
    /// The vendor.
    pub vendor: String,
    /// The vendor's organization.
    pub organization: String,
    /// Since when.
    pub since: Timestamp,
    /// The newest version that was approved, yanked ones among them: a number is not used twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<semver::Version>,
}

/// Which package a version's label stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// The package.
    pub digest: Digest,
    /// Its submission, the last one of this version.
    pub submission: u64,
}

/// A package that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The package.
    pub digest: Digest,
    /// The repository that holds it.
    pub repository: String,
    /// The manifests that belonged to it when it was published, its signatures among them. They alone are read from
    /// then on: what is attached later, by whomever, changes nothing.
    pub referrers: Vec<Digest>,
    /// The app.
    pub app: AppName,
    /// The version.
    pub version: semver::Version,
    /// The vendor.
    pub vendor: String,
    /// The vendor's organization.
    pub organization: String,
    /// The key that signed it.
    pub key: KeyId,
    /// When it was published, by the registry's log.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Its submission, the last one.
    pub submission: u64,
    /// Where that stands.
    pub state: State,
    /// The approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// The yank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yank: Option<Yank>,
    /// The city's decision that it stands although its key does not any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
    /// Its place in the tree of all versions.
    pub slot: u64,
    /// The event of its publication.
    pub published_event: u64,
}

/// A reviewer's yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The reviewer.
    pub by: String,
    /// Their organization.
    pub organization: String,
    /// When.
    pub at: Timestamp,
    /// What they say to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
    /// Its event.
    pub event: u64,
}

/// A version that is offered no longer. The package stays: what is published is never deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yank {
    /// Who.
    pub by: String,
    /// For whom.
    pub side: Side,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// Whether it may not even go on running: what runs it is stopped. The city alone recalls.
    pub recalled: bool,
}

/// The city's decision about a version whose key was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// What may be said of a version, in one word. It stands in the log's tree of all versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Published, and not decided.
    Published,
    /// It may be installed.
    Approved,
    /// It was rejected.
    Rejected,
    /// The vendor took it back.
    Withdrawn,
    /// It is offered no longer.
    Yanked,
    /// It may not even run.
    Recalled,
    /// It was approved; its key was revoked since, and the city has not decided.
    InDoubt,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Published => "published",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Yanked => "yanked",
            Self::Recalled => "recalled",
            Self::InDoubt => "in-doubt",
        })
    }
}

impl Release {
    /// How the registry knows it, for [`TrustedKey::counts`].
    #[must_use]
    pub fn known(&self) -> Known {
        Known::Published { at: self.at, kept: self.kept.is_some() }
    }

    /// What may be said of it, given its key.
    #[must_use]
    pub fn status(&self, key: Option<&TrustedKey>) -> Status {
        match (&self.yank, &self.approval, self.state) {
            (Some(yank), _, _) if yank.recalled => Status::Recalled,
            (Some(_), _, _) => Status::Yanked,
            (None, Some(_), _) if !key.is_some_and(|k| k.counts(self.known())) => Status::InDoubt,
            (None, Some(_), _) => Status::Approved,
            (None, None, State::Rejected) => Status::Rejected,
            (None, None, State::Withdrawn) => Status::Withdrawn,
            (None, None, _) => Status::Published,
        }
    }

    /// What stands of it in the tree of all versions.
    pub(crate) fn status_record(&self, key: Option<&TrustedKey>) -> StatusRecord {
        StatusRecord {
            v: 1,
            digest: self.digest,
            app: self.app.clone(),
            version: self.version.clone(),
            vendor: self.vendor.clone(),
            key: self.key,
            status: self.status(key),
            reviewer: self.approval.as_ref().map(|a| a.by.clone()),
        }
    }
}

/// A leaf of the tree of all versions. The order of the fields is the order of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRecord {
    /// 1.
    pub v: u8,
    /// The package.
    pub digest: Digest,
    /// The app.
    pub app: AppName,
    /// The version.
    pub version: semver::Version,
    /// The vendor.
    pub vendor: String,
    /// The key that signed it.
    pub key: KeyId,
    /// What may be said of it.
    pub status: Status,
    /// Who approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
}

impl StatusRecord {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        // Text and numbers: JSON can express them all.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The signature of a publication, kept so that it can be shown with the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSignature {
    /// The key's SPKI PEM.
    pub key: String,
    /// What the payload is.
    pub form: Form,
    /// In base64.
    pub payload: String,
    /// In base64.
    pub signature: String,
}
