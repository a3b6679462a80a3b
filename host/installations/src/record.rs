//! What is kept of an installation.

use crate::release::{Change, DataRange};
use crate::{Capability, Why};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_model::manifest::{Audience, Scope, Subscription};
use yunlong_model::{AppName, Digest, InstallationName, Manifest, Timestamp};

/// One app installed by one department.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Installation {
    /// Its name, the label of its origin.
    pub name: InstallationName,
    /// The app.
    pub app: AppName,
    /// The app's version.
    pub version: semver::Version,
    /// The code of the organization that installed it.
    pub organization: String,
    /// That organization's name in Chinese.
    pub organization_name: String,
    /// The digest of the package, pinned.
    pub package_digest: Digest,
    /// The id of the key that signed the package.
    pub signer: String,
    /// The app's manifest.
    pub manifest: Arc<Manifest>,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// The configuration as the app gets it, defaults included.
    pub config: BTreeMap<String, Value>,
    /// Those values of it that the department set.
    pub values: BTreeMap<String, Value>,
    /// Whether it serves.
    pub status: Status,
    /// When it was installed.
    pub installed_at: Timestamp,
    /// The account that installed it.
    pub installed_by: String,
    /// The shapes that its data may have.
    #[serde(default)]
    pub data: DataRange,
    /// An upgrade that is not over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// Its indexes may lack rows: whoever starts it builds them first. Over when it runs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indexes_due: bool,
    /// Roles that were chosen with it and may not be assigned yet: they are kept in the same commit, so that a stop
    /// in between loses none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles_due: Vec<RoleDue>,
}

/// A role that an account gets with an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleDue {
    /// The account.
    pub account: String,
    /// The role.
    pub role: String,
}

impl Installation {
    /// Whether it may do this.
    #[must_use]
    pub fn is_granted(&self, capability: &Capability) -> bool {
        self.grants.iter().any(|g| g.capability == *capability)
    }

    /// What the manifest asks for and is not granted (any more).
    #[must_use]
    pub fn ungranted(&self) -> Vec<Capability> {
        Capability::of_manifest(&self.manifest).into_iter().filter(|c| !self.is_granted(c)).collect()
    }

    /// The attribute scopes that are granted.
    #[must_use]
    pub fn granted_scopes(&self) -> Vec<Scope> {
        self.manifest
            .scopes
            .iter()
            .filter(|s| self.is_granted(&Capability::Attributes(s.name.clone())))
            .cloned()
            .collect()
    }

    /// Whether the app declares this role: no other may be assigned.
    #[must_use]
    pub fn declares_role(&self, role: &str) -> bool {
        self.manifest.roles.iter().any(|r| r.name == role)
    }

    /// Whether other installations may receive this topic of it.
    #[must_use]
    pub fn opens(&self, topic: &str) -> bool {
        self.manifest.publishes.iter().any(|t| t.name == topic && t.audience == Audience::City)
            && self.is_granted(&Capability::Publish(topic.to_owned()))
    }

    /// Whether it receives a topic of the installation `source`: declared, and granted unless it
    /// is its own.
    #[must_use]
    pub fn receives(&self, source: &str, topic: &str) -> bool {
        let matches = |s: &Subscription| s.topic == topic && s.from.as_deref().unwrap_or(self.name.as_str()) == source;
        let granted = |s: &Subscription| match s.from.as_ref().map(|f| f.parse()) {
            None => true,
            Some(Ok(from)) => self.is_granted(&Capability::Consume { topic: s.topic.clone(), from }),
            Some(Err(_)) => false,
        };
        self.manifest.consumes.iter().any(|s| matches(s) && granted(s))
    }
}

/// A capability that a person approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What it may do.
    pub capability: Capability,
    /// The account that approved it.
    pub approved_by: String,
    /// When.
    pub approved_at: Timestamp,
}

/// Whether an installation serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It was written down and has not been started for the first time. A server that finds one at
    /// its start takes it back: nothing has been served from it, and half an installation is none.
    Installing,
    /// It does.
    Running,
    /// Its data or its indexes are brought to what its release needs: requests and messages wait.
    Migrating,
    /// A person stopped it.
    Stopped,
    /// It could not be started, and why.
    Failed(Why),
    /// The city recalled its version: it holds still until another version has charge. A person neither starts it nor
    /// has to stop it.
    Recalled,
}

/// What is to be installed. Package and signature were checked before.
#[derive(Clone, Debug)]
pub struct New {
    /// Its name.
    pub name: InstallationName,
    /// The code of the organization that installs it.
    pub organization: String,
    /// That organization's name in Chinese.
    pub organization_name: String,
    /// The digest of the package.
    pub package_digest: Digest,
    /// The id of the key that signed the package.
    pub signer: String,
    /// The app's manifest.
    pub manifest: Arc<Manifest>,
    /// What the person approved: everything that the manifest asks for, and nothing else.
    pub grants: Vec<Capability>,
    /// Values of the configuration.
    pub config: BTreeMap<String, Value>,
    /// The account that installs it.
    pub by: String,
}

/// The release that an installation is to be upgraded to. Package and signature were checked before.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The digest of the package.
    pub package_digest: Digest,
    /// The id of the key that signed the package.
    pub signer: String,
    /// The app's manifest.
    pub manifest: Arc<Manifest>,
    /// What the person approved: everything that the new manifest asks for in addition, see
    /// [`crate::Difference`].
    pub grants: Vec<Capability>,
    /// The account that upgrades it.
    pub by: String,
}
