//! Known vulnerabilities: an imported copy of the OSV or RustSec advisories, asked without a network.

pub mod osv;
pub mod rustsec;
pub mod source;
pub(crate) mod store;

use semver::Version;
use serde::{Deserialize, Serialize};
use std::fmt;
use yunlong_model::{Text, Timestamp};

pub use source::{Advisories, MAX_ARCHIVE, SourceError};

/// Where a package of software comes from. Guests are built from these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ecosystem {
    /// Rust.
    #[serde(rename = "crates.io")]
    CratesIo,
    /// JavaScript.
    #[serde(rename = "npm")]
    Npm,
    /// Python.
    #[serde(rename = "PyPI")]
    PyPi,
}

impl Ecosystem {
    /// The name in OSV.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CratesIo => "crates.io",
            Self::Npm => "npm",
            Self::PyPi => "PyPI",
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::CratesIo, Self::Npm, Self::PyPi];

    /// From OSV's name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.name() == name)
    }

    /// From the type of a package URL.
    #[must_use]
    pub fn of_purl_type(kind: &str) -> Option<Self> {
        match kind {
            "cargo" => Some(Self::CratesIo),
            "npm" => Some(Self::Npm),
            "pypi" => Some(Self::PyPi),
            _ => None,
        }
    }

    /// A package's name as it is compared: PyPI takes case and separators for nothing (PEP 503).
    #[must_use]
    pub fn normal(self, name: &str) -> String {
        match self {
            Self::CratesIo | Self::Npm => name.to_owned(),
            Self::PyPi => {
                let dashes = name.to_ascii_lowercase().replace(['_', '.'], "-");
                dashes.split('-').filter(|p| !p.is_empty()).collect::<Vec<_>>().join("-")
            }
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How bad a vulnerability is (the ratings of CVSS). Ordered; what is unknown is taken for the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// No vulnerability: a remark about a package that is not maintained, for instance.
    Remark,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
    /// Nobody has rated it.
    Unknown,
}

impl Severity {
    /// What people read.
    #[must_use]
    pub fn title(self) -> Text {
        let (zh, en) = match self {
            Self::Remark => ("提示", "remark"),
            Self::Low => ("低危", "low"),
            Self::Medium => ("中危", "medium"),
            Self::High => ("高危", "high"),
            Self::Critical => ("严重", "critical"),
            Self::Unknown => ("未评级", "not rated"),
        };
        Text { zh: zh.into(), en: en.into() }
    }

    /// Of a CVSS vector, of any version that has ratings.
    pub(crate) fn of_cvss(vector: &str) -> Option<Self> {
        let vector: cvss::Cvss = vector.parse().ok()?;
        Some(match vector.severity() {
            cvss::Severity::None => Self::Remark,
            cvss::Severity::Low => Self::Low,
            cvss::Severity::Medium => Self::Medium,
            cvss::Severity::High => Self::High,
            cvss::Severity::Critical => Self::Critical,
        })
    }
}

/// A turning point in a package's versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// From this version on it is vulnerable.
    Introduced,
    /// From this version on it is not.
    Fixed,
    /// Up to this version it is.
    LastAffected,
}

/// A vulnerability of one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    /// Its id, such as `RUSTSEC-2024-0001`.
    pub id: String,
    /// Its other ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where the package comes from.
    pub ecosystem: Ecosystem,
    /// The package.
    pub package: String,
    /// In a sentence.
    pub summary: String,
    /// How bad it is.
    pub severity: Severity,
    /// The ranges that it affects: turning points, each range in the order of versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Vec<(Turn, Version)>>,
    /// Versions that it affects, by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// Whether it has ranges that are not in semantic versions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_ranges: bool,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// Whether a version is affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affects {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// The version or the range is none that can be compared.
    Unknown,
}

impl Advisory {
    /// Whether it affects a version of its package: OSV's own evaluation.
    #[must_use]
    pub fn affects(&self, version: &str) -> Affects {
        if self.versions.iter().any(|v| v == version) {
            return Affects::Yes;
        }
        let parsed = Version::parse(version.trim_start_matches('v'));
        if self.ranges.is_empty() {
            return if self.other_ranges { Affects::Unknown } else { Affects::No };
        }
        let Ok(version) = parsed else { return Affects::Unknown };
        if self.ranges.iter().any(|range| is_within(range, &version)) {
            Affects::Yes
        } else if self.other_ranges {
            Affects::Unknown
        } else {
            Affects::No
        }
    }
}

fn is_within(range: &[(Turn, Version)], version: &Version) -> bool {
    range.iter().fold(false, |inside, (turn, at)| match turn {
        Turn::Introduced if version >= at => true,
        Turn::Fixed if version >= at => false,
        Turn::LastAffected if version > at => false,
        _ => inside,
    })
}

/// Orders a range's turning points. At one version, being fixed comes after being introduced.
pub(crate) fn ordered(mut range: Vec<(Turn, Version)>) -> Vec<(Turn, Version)> {
    range.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(&b.0)));
    range
}

/// An import of the advisories of one ecosystem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportInfo {
    /// Its number.
    pub generation: u64,
    /// Which software it is about: the imports of the others stay in force beside it.
    pub ecosystem: Ecosystem,
    /// When it was imported.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What it was imported from, as its importer named it.
    pub source: String,
    /// How many advisories, one for each affected package.
    pub advisories: u64,
    /// How many packages they are about.
    pub packages: u64,
    /// When the newest of them was last changed: how new the copy really is.
    pub newest: Timestamp,
    /// How many files could not be read.
    pub unreadable: u64,
}

impl ImportInfo {
    /// How many whole days old the copy is: since its newest advisory, or since its import when that is
    /// earlier.
    #[must_use]
    pub fn age_days(&self, now: Timestamp) -> i64 {
        (now.0 - self.newest.0.min(self.at.0)).max(0) / 86_400_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn advisory(ranges: &[&[(Turn, &str)]], versions: &[&str]) -> Advisory {
        let range = |r: &&[(Turn, &str)]| ordered(r.iter().map(|(t, v)| (*t, Version::parse(v).unwrap())).collect());
        Advisory {
            id: "X-1".into(),
            aliases: Vec::new(),
            ecosystem: Ecosystem::CratesIo,
            package: "p".into(),
            summary: String::new(),
            severity: Severity::High,
            ranges: ranges.iter().map(range).collect(),
            versions: versions.iter().map(|v| (*v).to_owned()).collect(),
            other_ranges: false,
            modified: Timestamp(0),
        }
    }

    #[test]
    fn ranges_are_evaluated_as_osv_does() {
        use Turn::{Fixed, Introduced, LastAffected};
        let a = advisory(
            &[&[(Introduced, "0.0.0-0"), (Fixed, "1.2.3"), (Introduced, "2.0.0"), (LastAffected, "2.1.0")]],
            &["9.9.9"],
        );
        for (version, affected) in [
            ("0.0.1", true),
            ("1.2.3-rc.1", true),
            ("1.2.3", false),
            ("1.9.9", false),
            ("2.0.0", true),
            ("2.1.0", true),
            ("2.1.1", false),
            ("9.9.9", true),
        ] {
            assert_eq!(a.affects(version) == Affects::Yes, affected, "{version}");
        }
        assert_eq!(a.affects("not a version"), Affects::Unknown);
        assert_eq!(advisory(&[], &["1.0"]).affects("1.0"), Affects::Yes);
        assert_eq!(advisory(&[], &["1.0"]).affects("1.1"), Affects::No);
        let other = Advisory { other_ranges: true, ..advisory(&[], &[]) };
        assert_eq!(other.affects("1.0"), Affects::Unknown, "a range by another order is not for us to judge");
    }

    #[test]
    fn a_cvss_vector_is_rated() {
        let critical = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
        assert_eq!(Severity::of_cvss(critical), Some(Severity::Critical));
        assert_eq!(Severity::of_cvss("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"), Some(Severity::Low));
        assert_eq!(
            Severity::of_cvss("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"),
            Some(Severity::Critical)
        );
        assert_eq!(Severity::of_cvss("nonsense"), None);
        assert!(Severity::Unknown > Severity::Critical, "deny what nobody has rated");
    }

    #[test]
    fn names_of_pypi_are_compared_as_pep_503_says() {
        assert_eq!(Ecosystem::PyPi.normal("Foo__Bar.baz"), "foo-bar-baz");
        assert_eq!(Ecosystem::CratesIo.normal("Foo_Bar"), "Foo_Bar");
    }

    proptest! {
        /// A fixed version and all above it are not affected, whatever the order of the turning points.
        #[test]
        fn what_is_fixed_stays_fixed(a in 0_u64..50, b in 0_u64..50, v in 0_u64..60, swap: bool) {
            let (low, high) = (a.min(b), a.max(b) + 1);
            let mut turns = vec![(Turn::Introduced, Version::new(low, 0, 0)), (Turn::Fixed, Version::new(high, 0, 0))];
            if swap {
                turns.reverse();
            }
            let inside = is_within(&ordered(turns), &Version::new(v, 0, 0));
            prop_assert_eq!(inside, (low..high).contains(&v));
        }
    }
}
