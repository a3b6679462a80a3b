//! Releases of one installation: the one in charge, the one beside it, and those before.

use crate::{Grant, Installation, Why};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use yunlong_model::manifest::DataSchema;
use yunlong_model::{Digest, Manifest, Timestamp};

/// A release as an installation runs it: the package, and what the department decided about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// The app's version.
    pub version: semver::Version,
    /// The digest of the package, pinned.
    pub package_digest: Digest,
    /// The id of the key that signed the package.
    pub signer: String,
    /// The app's manifest.
    pub manifest: Arc<Manifest>,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// The configuration as this release gets it.
    pub config: BTreeMap<String, Value>,
    /// Those values of it that the department set.
    pub values: BTreeMap<String, Value>,
}

/// A release that an installation ran and left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Former {
    /// The release, with the grants and the configuration of its last day.
    pub release: Release,
    /// When it was left.
    pub left_at: Timestamp,
}

/// A release that serves a share of the people beside the one in charge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// The newer release.
    pub release: Release,
    /// How many of a hundred people it serves: 1 to 99.
    pub share: u8,
    /// Since when.
    pub since: Timestamp,
    /// The account that started it.
    pub by: String,
}

impl Canary {
    /// Whether it serves `who`: the same answer for the same person for as long as it lasts, and
    /// other people for the next one.
    #[must_use]
    pub fn takes(&self, who: &str) -> bool {
        // Fixed keys: the answer must be the same after a restart and on every machine.
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        hasher.hash_one((self.release.package_digest.to_string(), who)) % 100 < u64::from(self.share)
    }
}

/// The time after an upgrade in which the release before stands by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The release before.
    pub former: Release,
    /// The shapes that the data had before.
    pub data: DataRange,
    /// Since when the newer one has charge.
    pub since: Timestamp,
    /// Until when it is watched.
    pub until: Timestamp,
    /// The account that decided on it.
    pub by: String,
    /// Calls that ended in the release before in its last minute.
    pub total: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// The longest that one of them took that did not fail, in milliseconds.
    #[serde(default)]
    pub slowest_ms: u64,
}

/// What is under way between two releases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A newer release serves a share.
    Canary(Canary),
    /// A newer release has charge and is watched.
    Trial(Trial),
}

/// An upgrade that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What is under way.
    pub stage: Stage,
    /// What is wrong with the newer release and waits for a person, since going back by itself would
    /// not keep every write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Why>,
}

impl Change {
    pub(crate) fn new(stage: Stage) -> Self {
        Self { stage, problem: None }
    }

    /// The release beside the one in charge: the newer one of a canary, the former one of a trial.
    #[must_use]
    pub fn release(&self) -> &Release {
        match &self.stage {
            Stage::Canary(c) => &c.release,
            Stage::Trial(t) => &t.former,
        }
    }

    pub(crate) fn release_mut(&mut self) -> &mut Release {
        match &mut self.stage {
            Stage::Canary(c) => &mut c.release,
            Stage::Trial(t) => &mut t.former,
        }
    }

    /// The canary, if it is one.
    #[must_use]
    pub fn canary(&self) -> Option<&Canary> {
        if let Stage::Canary(c) = &self.stage { Some(c) } else { None }
    }

    /// The trial, if it is one.
    #[must_use]
    pub fn trial(&self) -> Option<&Trial> {
        if let Stage::Trial(t) = &self.stage { Some(t) } else { None }
    }
}

/// The shapes that an installation's data may have: documents of the oldest may be left, and documents
/// of the newest may have been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataRange {
    /// The oldest.
    pub oldest: u32,
    /// The newest.
    pub newest: u32,
}

impl Default for DataRange {
    fn default() -> Self {
        Self { oldest: 1, newest: 1 }
    }
}

impl DataRange {
    /// The data of a new installation.
    #[must_use]
    pub fn of(data: &DataSchema) -> Self {
        Self { oldest: data.schema, newest: data.schema }
    }

    /// With what a release of this schema may have written.
    #[must_use]
    pub fn with(self, schema: u32) -> Self {
        Self { oldest: self.oldest.min(schema), newest: self.newest.max(schema) }
    }

    /// The shapes that a release does not understand.
    #[must_use]
    pub fn strange_to(self, data: &DataSchema) -> Vec<u32> {
        // A shape in between may be there too: nobody says that it is not.
        (self.oldest..=self.newest).filter(|n| !data.understands(*n)).collect()
    }
}

/// How far a migration is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// The release that migrates.
    pub package_digest: Digest,
    /// The schema that the data comes from.
    pub from: u32,
    /// The schema that it is brought to.
    pub to: u32,
    /// Where the next batch goes on, in the app's own words.
    pub cursor: Option<String>,
    /// Done so far, as the app counts.
    pub done: u64,
    /// All that there is to do, if the app knows.
    pub total: Option<u64>,
    /// Batches that were committed.
    pub batches: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When the last batch was committed.
    pub updated_at: Timestamp,
    /// Whether all is done.
    pub finished: bool,
    /// Why it stopped, when it waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Why>,
}

/// A row of the history of an installation's releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// When.
    pub at: Timestamp,
    /// The account that decided, or `platform`.
    pub by: String,
    /// `installed`, `upgraded`, `canary.started`, `canary.aborted`, `rolled-back`, `refused`,
    /// `migrated`, `migration.failed`, `settled`, `alarm`.
    pub event: String,
    /// The version that this is about.
    pub version: semver::Version,
    /// The package of that version.
    pub package_digest: Digest,
    /// The version before, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<semver::Version>,
    /// Why, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

impl Installation {
    /// The release in charge.
    #[must_use]
    pub fn release(&self) -> Release {
        Release {
            version: self.version.clone(),
            package_digest: self.package_digest,
            signer: self.signer.clone(),
            manifest: self.manifest.clone(),
            grants: self.grants.clone(),
            config: self.config.clone(),
            values: self.values.clone(),
        }
    }

    /// The installation as another release of it sees it.
    #[must_use]
    pub fn as_release(&self, release: &Release) -> Self {
        let mut view = self.clone();
        view.set_release(release.clone());
        view.change = None;
        view
    }

    pub(crate) fn set_release(&mut self, release: Release) {
        self.version = release.version;
        self.package_digest = release.package_digest;
        self.signer = release.signer;
        self.manifest = release.manifest;
        self.grants = release.grants;
        self.config = release.config;
        self.values = release.values;
    }

    /// The canary, if one is under way.
    #[must_use]
    pub fn canary(&self) -> Option<&Canary> {
        self.change.as_ref().and_then(Change::canary)
    }

    /// The trial, if one is under way.
    #[must_use]
    pub fn trial(&self) -> Option<&Trial> {
        self.change.as_ref().and_then(Change::trial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(share: u8, package: &str) -> Canary {
        let manifest = "name = \"a\"\nversion = \"2.0.0\"\nvendor = \"v\"\ntitle = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲\", en = \"A\" }";
        let release = Release {
            version: "2.0.0".parse().unwrap(),
            package_digest: Digest::of(package.as_bytes()),
            signer: "k".into(),
            manifest: Arc::new(Manifest::parse(manifest).unwrap()),
            grants: Vec::new(),
            config: BTreeMap::new(),
            values: BTreeMap::new(),
        };
        Canary { release, share, since: Timestamp(0), by: "a".into() }
    }

    #[test]
    fn a_canary_takes_its_share_and_always_the_same_people() {
        let (ten, again, other) = (canary(10, "p"), canary(10, "p"), canary(10, "q"));
        let people: Vec<String> = (0..10_000).map(|n| format!("subject-{n}")).collect();
        let taken: Vec<_> = people.iter().filter(|p| ten.takes(p)).collect();
        assert!((850..1_150).contains(&taken.len()), "{}", taken.len());
        assert!(people.iter().all(|p| ten.takes(p) == again.takes(p)));
        assert!(people.iter().any(|p| ten.takes(p) != other.takes(p)), "the next canary takes other people");
        // A larger share keeps those who were in.
        let more = canary(50, "p");
        assert!(taken.iter().all(|p| more.takes(p)));
    }

    #[test]
    fn a_range_names_what_a_release_cannot_read() {
        let range = DataRange::default().with(3);
        let reads = |schema, reads: &[u32]| DataSchema { schema, reads: reads.to_vec() };
        assert_eq!(range, DataRange { oldest: 1, newest: 3 });
        assert_eq!(range.strange_to(&reads(1, &[])), [2, 3]);
        assert_eq!(range.strange_to(&reads(3, &[1])), [2]);
        assert!(range.strange_to(&reads(3, &[1, 2])).is_empty());
    }
}
