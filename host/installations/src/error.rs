//! Why a request to the service failed.

use crate::{Capability, ConfigProblem};
use yunlong_audit::AuditError;
use yunlong_model::{AppName, Digest, InstallationName, Text};
use yunlong_store::{CommitError, StoreError};

/// Why an installation was not installed, changed or removed. Nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstallationError {
    /// The name is in use.
    #[error("`{0}` is installed already: choose another name with --name, or upgrade it")]
    Taken(InstallationName),
    /// The name was in use.
    #[error("`{0}` was used before, and a name is never used again: choose another with --name")]
    FormerlyUsed(InstallationName),
    /// There is no such installation.
    #[error("there is no installation `{0}`")]
    NotFound(InstallationName),
    /// The package is another app's.
    #[error("`{installation}` is an installation of `{installed}`: `{offered}` cannot replace it")]
    OtherApp {
        /// The installation.
        installation: InstallationName,
        /// Its app.
        installed: AppName,
        /// The app of the package.
        offered: AppName,
    },
    /// The version is older than one that is known.
    #[error("version {offered} is older than {known}, which this city has installed: install {known} or a newer one")]
    OlderVersion {
        /// The version of the package.
        offered: semver::Version,
        /// The newest version known.
        known: semver::Version,
    },
    /// The version is known with another digest: a release never changes.
    #[error(
        "version {version} is known as {known}, this package is {offered}: a release never changes, publish a new version"
    )]
    ChangedDigest {
        /// The version.
        version: semver::Version,
        /// The digest that is known.
        known: Digest,
        /// The digest of the package.
        offered: Digest,
    },
    /// The app is another vendor's.
    #[error(
        "`{app}` belongs to the vendor `{known}`, this package is by `{offered}`: an app keeps its vendor, choose another name"
    )]
    OtherVendor {
        /// The app.
        app: AppName,
        /// The vendor that is known.
        known: String,
        /// The vendor whose key signed the package.
        offered: String,
    },
    /// It runs this very package.
    #[error("`{installation}` runs version {version} already")]
    Runs {
        /// The installation.
        installation: InstallationName,
        /// Its version.
        version: semver::Version,
    },
    /// Another upgrade is not over.
    #[error("an upgrade of `{0}` is under way: promote or abort it, roll it back, or wait until its trial is over")]
    UnderWay(InstallationName),
    /// The release in charge is another one by now.
    #[error("another version has charge of `{0}` by now: look at it again")]
    NotInCharge(InstallationName),
    /// It changed between the question whether to go back and the commit.
    #[error("`{0}` was changed meanwhile: look at it again, then go back")]
    Changed(InstallationName),
    /// The registry lets this version be used no longer.
    #[error("{}", .0.en)]
    Withdrawn(Text),
    /// There is no canary.
    #[error("no canary of `{0}` is under way")]
    NothingUnderWay(InstallationName),
    /// The app asks for more than was approved.
    #[error("the app asks for what was not approved: {}", list(.0))]
    NotApproved(Vec<Capability>),
    /// Something was approved that the app does not ask for.
    #[error("the app does not ask for {}", list(.0))]
    NotRequested(Vec<Capability>),
    /// Values that the configuration's schema refuses.
    #[error("the configuration is refused: {}", .0.iter().map(|p| format!("{}: {}", p.field, p.problem.en)).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigProblem>),
    /// The audit did not take what was to be told.
    #[error(transparent)]
    Audit(AuditError),
    /// The commit was refused.
    #[error(transparent)]
    Commit(CommitError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(capabilities: &[Capability]) -> String {
    capabilities.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl From<AuditError> for InstallationError {
    fn from(e: AuditError) -> Self {
        match e {
            AuditError::Commit(e) => e.into(),
            other => Self::Audit(other),
        }
    }
}

impl From<CommitError> for InstallationError {
    fn from(e: CommitError) -> Self {
        match e {
            CommitError::Store(e) => Self::Store(e),
            other => Self::Commit(other),
        }
    }
}
