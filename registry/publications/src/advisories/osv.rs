//! Advisories in OSV's JSON (<https://ossf.github.io/osv-schema/>).

use super::{Advisory, Ecosystem, Severity, Turn, ordered};
use semver::Version;
use serde::Deserialize;
use std::collections::BTreeMap;
use yunlong_model::Timestamp;

/// The longest summary that is kept, in characters.
const MAX_SUMMARY: usize = 300;
/// The most ranges, turning points and versions of one package in one advisory.
const MAX_PARTS: usize = 5_000;

#[derive(Deserialize)]
struct Record {
    id: String,
    modified: String,
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    severity: Vec<Score>,
    #[serde(default)]
    affected: Vec<Affected>,
    #[serde(default)]
    database_specific: serde_json::Value,
}

#[derive(Deserialize)]
struct Score {
    score: String,
}

#[derive(Deserialize)]
struct Affected {
    package: Option<Package>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    severity: Vec<Score>,
    #[serde(default)]
    database_specific: serde_json::Value,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    r#type: String,
    #[serde(default)]
    events: Vec<BTreeMap<String, String>>,
}

/// Reads one record: an advisory for each package of an ecosystem that guests are built from. Empty for
/// others, and for one that was withdrawn.
///
/// # Errors
/// What is wrong with it.
pub fn read(json: &[u8]) -> Result<Vec<Advisory>, String> {
    let record: Record = serde_json::from_slice(json).map_err(|e| e.to_string())?;
    if record.withdrawn.is_some() {
        return Ok(Vec::new());
    }
    let modified = time(&record.modified).ok_or_else(|| format!("modified: `{}` is no time", record.modified))?;
    let text = if record.summary.is_empty() { record.details.lines().next().unwrap_or("") } else { &record.summary };
    let summary: String = text.chars().filter(|c| !c.is_control()).take(MAX_SUMMARY).collect();
    let mut out = Vec::new();
    for affected in record.affected {
        let Some(package) = affected.package else { continue };
        // An ecosystem may carry a release behind a colon.
        let name = package.ecosystem.split(':').next().unwrap_or_default();
        let Some(ecosystem) = Ecosystem::find(name) else { continue };
        let parts = affected.versions.len() + affected.ranges.iter().map(|r| r.events.len()).sum::<usize>();
        if parts > MAX_PARTS {
            return Err(format!("it lists {parts} versions and events: at most {MAX_PARTS} are read"));
        }
        let (mut ranges, mut other_ranges) = (Vec::new(), false);
        for range in affected.ranges.into_iter().filter(|r| r.r#type != "GIT") {
            match turns(&range, ecosystem) {
                Some(turns) => ranges.push(ordered(turns)),
                None => other_ranges = true,
            }
        }
        out.push(Advisory {
            id: record.id.clone(),
            aliases: record.aliases.clone(),
            ecosystem,
            package: ecosystem.normal(&package.name),
            summary: summary.clone(),
            severity: rate(
                affected.severity.iter().chain(&record.severity),
                [&affected.database_specific, &record.database_specific],
            ),
            ranges,
            versions: affected.versions,
            other_ranges,
            modified,
        });
    }
    Ok(out)
}

/// The turning points of a range; `None` when they are not semantic versions.
fn turns(range: &Range, ecosystem: Ecosystem) -> Option<Vec<(Turn, Version)>> {
    // Ranges of npm and crates.io in their own order are in semantic versions too; PyPI's are not.
    if range.r#type != "SEMVER" && ecosystem == Ecosystem::PyPi {
        return None;
    }
    let mut out = Vec::new();
    for (name, version) in range.events.iter().flatten() {
        let turn = match name.as_str() {
            "introduced" => Turn::Introduced,
            "fixed" => Turn::Fixed,
            "last_affected" => Turn::LastAffected,
            // `limit` bounds what is listed, not what is affected.
            _ => continue,
        };
        let version = match version.as_str() {
            // Before every version.
            "0" => Version::parse("0.0.0-0").ok()?,
            text => Version::parse(text).ok()?,
        };
        out.push((turn, version));
    }
    Some(out)
}

/// The worst of the scores that can be read; else a word of the database.
fn rate<'a>(scores: impl Iterator<Item = &'a Score>, specific: [&serde_json::Value; 2]) -> Severity {
    let text = |key: &str| specific.iter().find_map(|v| v.get(key)?.as_str());
    // RustSec's own field: unmaintained, unsound, a notice.
    if text("informational").is_some() {
        return Severity::Remark;
    }
    if let Some(worst) = scores.filter_map(|s| Severity::of_cvss(&s.score)).max() {
        return worst;
    }
    match text("severity").map(str::to_ascii_uppercase).as_deref() {
        Some("LOW") => Severity::Low,
        Some("MODERATE" | "MEDIUM") => Severity::Medium,
        Some("HIGH") => Severity::High,
        Some("CRITICAL") => Severity::Critical,
        _ => Severity::Unknown,
    }
}

/// A time of RFC 3339.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|t| Timestamp(t.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::super::Affects;
    use super::*;

    /// The shape of RustSec's export, as it stands on osv.dev; the words are ours.
    const RECORD: &str = r#"{
        "id": "RUSTSEC-2099-0001", "modified": "2099-01-02T03:04:05Z", "published": "2099-01-01T12:00:00Z",
        "aliases": ["CVE-2099-0001"], "summary": "It reads too far", "details": "Long.",
        "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H" }],
        "affected": [
            { "package": { "ecosystem": "crates.io", "name": "reader", "purl": "pkg:cargo/reader" },
              "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0.0.0-0" }, { "fixed": "1.4.2" }] }],
              "database_specific": { "categories": ["denial-of-service"], "informational": null } },
            { "package": { "ecosystem": "Maven", "name": "org.example:reader" }, "versions": ["1.0"] }
        ]
    }"#;

    #[test]
    fn a_record_of_rustsec_is_read_for_the_ecosystems_of_guests() {
        let all = read(RECORD.as_bytes()).unwrap();
        assert_eq!(all.len(), 1);
        let a = &all[0];
        assert_eq!((a.id.as_str(), a.package.as_str(), a.severity), ("RUSTSEC-2099-0001", "reader", Severity::High));
        assert_eq!((a.affects("1.4.1"), a.affects("1.4.2")), (Affects::Yes, Affects::No));
        assert_eq!(a.modified.to_rfc3339(), "2099-01-02T03:04:05.000Z");
    }

    #[test]
    fn what_was_withdrawn_affects_nothing_and_a_remark_is_no_vulnerability() {
        let withdrawn = RECORD.replacen("\"aliases\"", "\"withdrawn\": \"2099-02-01T00:00:00Z\", \"aliases\"", 1);
        assert_eq!(read(withdrawn.as_bytes()), Ok(Vec::new()));
        let remark = RECORD.replace("\"informational\": null", "\"informational\": \"unmaintained\"");
        assert_eq!(read(remark.as_bytes()).unwrap()[0].severity, Severity::Remark);
        let unrated = RECORD.replace("CVSS:3.1/", "CVSS:9/");
        assert_eq!(read(unrated.as_bytes()).unwrap()[0].severity, Severity::Unknown);
    }

    #[test]
    fn ranges_of_python_are_left_to_the_listed_versions() {
        let record = r#"{ "id": "PYSEC-1", "modified": "2099-01-01T00:00:00Z", "affected": [{
            "package": { "ecosystem": "PyPI", "name": "Some.Thing" },
            "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": "2.0" }] }],
            "versions": ["1.0", "1.1"] }] }"#;
        let a = &read(record.as_bytes()).unwrap()[0];
        assert_eq!(a.package, "some-thing");
        assert_eq!((a.affects("1.1"), a.affects("1.5")), (Affects::Yes, Affects::Unknown));
    }

    #[test]
    fn what_is_no_record_is_told() {
        for bad in ["", "{}", "[]", r#"{"id":"x","modified":"yesterday"}"#] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
