//! Whether a package may pass: at push, at review, at installation, at load. Pure rules over what is known.
//!
//! | rule | push | review | install | load |
//! |---|---|---|---|---|
//! | the bytes are those that were promised; nothing that the manifest names is gone | × | × | × | × |
//! | layers are plain and within their limits | × | × | × | × |
//! | signed by an enrolled key of the vendor, of a kind that the city allows | × | × | × | × |
//! | the key is in force, or what it signed before stands | × | × | × | × |
//! | the app's name is the vendor's; a version's label stands for one digest | × | × | × | × |
//! | imports and exports fit the manifest | × | × | × | × |
//! | newer than what was approved, or than what runs | × | | × | |
//! | published here, approved | | | × | × |
//! | not yanked | | | × | |
//! | not recalled | | | × | × |
//!
//! The first two rows are found while a package is read: see [`Refusal`]'s conversion from a package's error.

use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::release::{AppRecord, Release, Status, VersionRecord};
use crate::submission::State;
use yunlong_model::Digest;
use yunlong_registry::{Known, Package, TrustStore, TrustedKey, VerifiedSigner, component, imports};

/// When a package is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is taken into the registry.
    Push,
    /// It is checked and reviewed.
    Review,
    /// It is installed, or an installation is upgraded to it.
    Install,
    /// An installation is started with it.
    Load,
}

/// What is known when a package is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The vendors' keys: at least those that the package's signatures name, and the vendor's own.
    pub trust: &'a TrustStore,
    /// The city's rules.
    pub policy: &'a Policy,
    /// The app, when its name was published before.
    pub app: Option<&'a AppRecord>,
    /// What the version's label stands for, and where that submission stands, when it was published before.
    pub version: Option<(&'a VersionRecord, State)>,
    /// The package, when it was published before.
    pub release: Option<&'a Release>,
    /// The digest that was asked for.
    pub expected: Option<&'a Digest>,
    /// The version that an installation runs and that is to be upgraded.
    pub running: Option<&'a semver::Version>,
    /// What [`fit`] answered, when it was asked before: it validates the whole binary.
    pub fit: Option<&'a Result<(), Refusal>>,
}

/// Whether a package may pass a stage; answers who signed it.
///
/// # Errors
/// The first [`Refusal`].
pub fn admit(stage: Stage, package: &Package, facts: &Facts<'_>) -> Result<VerifiedSigner, Refusal> {
    if let Some(expected) = facts.expected.filter(|d| **d != package.digest) {
        return Err(Refusal::Changed { what: "package".into(), expected: *expected, found: package.digest });
    }
    let signer = signer(stage, package, facts)?;
    owner(package, facts, &signer)?;
    label(stage, package, facts)?;
    order(stage, package, facts)?;
    match facts.fit {
        Some(known) => known.clone()?,
        None => fit(package)?,
    }
    standing(stage, package, facts)?;
    Ok(signer)
}

fn signer(stage: Stage, package: &Package, facts: &Facts<'_>) -> Result<VerifiedSigner, Refusal> {
    // What is pushed again counts as new: a signature proves no time.
    let release = facts.release.filter(|_| stage != Stage::Push);
    let known = release.map_or(Known::New, Release::known);
    let revoked_at = |key: &yunlong_registry::KeyId| facts.trust.key(key).and_then(|k| k.revoked_at);
    let signer = facts
        .trust
        .verify_known(package, known)
        .map_err(|e| Refusal::of_signature(e, revoked_at, release.is_some()))?;
    let algorithm = facts.trust.key(&signer.key).map(|k| k.public_key.algorithm());
    match algorithm.filter(|a| !facts.policy.algorithms.contains(a)) {
        Some(found) => Err(Refusal::Algorithm { found, allowed: facts.policy.algorithms.clone() }),
        None => Ok(signer),
    }
}

fn owner(package: &Package, facts: &Facts<'_>, signer: &VerifiedSigner) -> Result<(), Refusal> {
    let same =
        |a: &AppRecord| a.vendor == signer.vendor && signer.organization.as_ref().is_none_or(|o| *o == a.organization);
    match facts.app.filter(|a| !same(a)) {
        Some(app) => Err(Refusal::OtherSigner {
            app: package.manifest.name.clone(),
            owner: app.vendor.clone(),
            offered: signer.vendor.clone(),
        }),
        None => Ok(()),
    }
}

fn label(stage: Stage, package: &Package, facts: &Facts<'_>) -> Result<(), Refusal> {
    match (stage, facts.version) {
        (Stage::Push, Some((last, state))) => resubmit(package, last, state).map(|_| ()),
        (_, Some((known, State::Approved))) if known.digest != package.digest => Err(Refusal::ChangedVersion {
            version: package.manifest.version.clone(),
            known: known.digest,
            offered: package.digest,
        }),
        _ => Ok(()),
    }
}

fn order(stage: Stage, package: &Package, facts: &Facts<'_>) -> Result<(), Refusal> {
    let offered = &package.manifest.version;
    let older =
        |newest: &semver::Version| Err(Refusal::OlderVersion { offered: offered.clone(), newest: newest.clone() });
    let approved = facts.release.is_some_and(|r| r.approval.is_some());
    match stage {
        Stage::Push if !approved => match facts.app.and_then(|a| a.newest.as_ref()) {
            Some(newest) if offered < newest => older(newest),
            _ => Ok(()),
        },
        Stage::Install => match facts.running {
            Some(running) if offered < running => older(running),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Whether the binary is valid, and its imports and exports fit the manifest. This takes the longest of all
/// rules: some 10 ms a megabyte.
///
/// # Errors
/// [`Refusal::Malformed`], [`Refusal::Imports`].
pub fn fit(package: &Package) -> Result<(), Refusal> {
    let callable = component::callable_imports(&package.component).map_err(|e| Refusal::Malformed { why: e.text() })?;
    let misfits = imports::check(&callable, &package.inspection.exports, &package.manifest);
    if misfits.is_empty() { Ok(()) } else { Err(Refusal::Imports(misfits)) }
}

fn standing(stage: Stage, package: &Package, facts: &Facts<'_>) -> Result<(), Refusal> {
    if !matches!(stage, Stage::Install | Stage::Load) {
        return Ok(());
    }
    let release = facts.release.ok_or(Refusal::NotPublished { digest: package.digest })?;
    stands(stage, release, facts.trust.key(&release.key))
}

/// Whether a published package may pass [`Stage::Install`] or [`Stage::Load`], by what was decided about it and what
/// became of the key that signed it.
///
/// # Errors
/// [`Refusal::Yanked`], [`Refusal::RevokedKey`], [`Refusal::NotApproved`].
pub(crate) fn stands(stage: Stage, release: &Release, key: Option<&TrustedKey>) -> Result<(), Refusal> {
    match not_installable(release, key) {
        None => Ok(()),
        // What runs goes on: nobody takes a yanked version anew.
        Some(_) if stage == Stage::Load && release.status(key) == Status::Yanked => {
            if key.is_some_and(|k| k.counts(release.known())) { Ok(()) } else { Err(revoked(release, key)) }
        }
        Some(refusal) => Err(refusal),
    }
}

fn revoked(release: &Release, key: Option<&TrustedKey>) -> Refusal {
    let at = key.and_then(|k| k.revoked_at).unwrap_or_default();
    Refusal::RevokedKey { key: release.key, at, published_before: true }
}

/// Why a version may not be installed, given its key; `None` when it may.
pub(crate) fn not_installable(release: &Release, key: Option<&TrustedKey>) -> Option<Refusal> {
    let version = release.version.clone();
    match (release.status(key), &release.yank) {
        (Status::Approved, _) => None,
        (Status::Yanked | Status::Recalled, Some(yank)) => Some(Refusal::Yanked {
            version,
            side: yank.side,
            at: yank.at,
            reason: yank.reason.clone(),
            recalled: yank.recalled,
        }),
        (Status::InDoubt, _) => Some(revoked(release, key)),
        _ => Some(Refusal::NotApproved { version, state: release.state }),
    }
}

/// Whether a version may be submitted, given its last submission. `Ok(true)`: these very bytes are submitted
/// already, and nothing is to be done.
///
/// # Errors
/// [`Refusal`].
pub fn resubmit(package: &Package, last: &VersionRecord, state: State) -> Result<bool, Refusal> {
    let same = last.digest == package.digest;
    let version = || package.manifest.version.clone();
    match state {
        _ if state.is_open() && same => Ok(true),
        _ if state.is_open() => Err(Refusal::UnderReview { version: version(), submission: last.submission }),
        State::Approved if same => Ok(true),
        State::Approved => {
            Err(Refusal::ChangedVersion { version: version(), known: last.digest, offered: package.digest })
        }
        State::Rejected => Err(Refusal::Rejected { version: version(), submission: last.submission }),
        State::ChangesAsked | State::ChecksFailed if same => {
            Err(Refusal::Unchanged { submission: last.submission, state })
        }
        _ => Ok(false),
    }
}
