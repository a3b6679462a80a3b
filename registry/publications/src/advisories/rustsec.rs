//! Advisories as RustSec's own repository has them: Markdown with a head in TOML.

use super::{Advisory, Ecosystem, Severity, Turn, ordered};
use rustsec::osv::ranges_for_advisory;
use semver::Version;
use yunlong_model::Timestamp;

/// Reads a `RUSTSEC-….md`; empty when it was withdrawn.
///
/// # Errors
/// What is wrong with it.
pub fn read(markdown: &str) -> Result<Vec<Advisory>, String> {
    let advisory: rustsec::Advisory = markdown.parse().map_err(|e: rustsec::Error| e.to_string())?;
    if advisory.withdrawn() {
        return Ok(Vec::new());
    }
    let metadata = &advisory.metadata;
    // No version that was ever published is older than this.
    let first = Version::parse("0.0.0-0").map_err(|e| e.to_string())?;
    let mut ranges = Vec::new();
    for range in ranges_for_advisory(&advisory.versions) {
        let mut turns = vec![(Turn::Introduced, range.introduced.unwrap_or_else(|| first.clone()))];
        turns.extend(range.fixed.map(|v| (Turn::Fixed, v)));
        ranges.push(ordered(turns));
    }
    let severity = if metadata.informational.is_some() {
        Severity::Remark
    } else {
        metadata.cvss.as_ref().and_then(|c| Severity::of_cvss(&c.to_string())).unwrap_or(Severity::Unknown)
    };
    // A day: that is all the file says of when it was written.
    let modified = super::osv::time(&format!("{}T00:00:00Z", metadata.date.as_str())).unwrap_or(Timestamp(0));
    Ok(vec![Advisory {
        id: metadata.id.to_string(),
        aliases: metadata.aliases.iter().map(ToString::to_string).collect(),
        ecosystem: Ecosystem::CratesIo,
        package: metadata.package.to_string(),
        summary: metadata.title.chars().filter(|c| !c.is_control()).take(300).collect(),
        severity,
        ranges,
        versions: Vec::new(),
        other_ranges: false,
        modified,
    }])
}

#[cfg(test)]
mod tests {
    use super::super::Affects;
    use super::*;

    /// The form of RustSec's repository; the words are ours.
    const MARKDOWN: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2099-0002\"\npackage = \"reader\"\ndate = \"2099-01-05\"\nurl = \"https://example.org/1\"\ncategories = [\"memory-corruption\"]\naliases = [\"CVE-2099-0002\"]\ncvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\n\n[versions]\npatched = [\"^1.4.2\", \">= 2.0.1\"]\nunaffected = [\"< 1.2.0\"]\n```\n\n# It reads too far\n\nAnd more.\n";

    #[test]
    fn an_advisory_of_the_repository_is_read_with_its_ranges() {
        let a = &read(MARKDOWN).unwrap()[0];
        assert_eq!(
            (a.package.as_str(), a.severity, a.summary.as_str()),
            ("reader", Severity::Critical, "It reads too far")
        );
        for (version, affected) in [
            ("1.1.9", Affects::No),
            ("1.2.0", Affects::Yes),
            ("1.4.1", Affects::Yes),
            ("1.4.2", Affects::No),
            ("1.9.0", Affects::No),
            ("2.0.0", Affects::Yes),
            ("2.0.1", Affects::No),
        ] {
            assert_eq!(a.affects(version), affected, "{version}");
        }
        assert_eq!(a.modified.to_rfc3339(), "2099-01-05T00:00:00.000Z");
    }

    #[test]
    fn what_is_none_is_told() {
        for bad in ["", "# Readme", "```toml\n[advisory]\n```\n# x"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        let withdrawn = MARKDOWN.replace("[versions]", "withdrawn = \"2099-02-01\"\n\n[versions]");
        assert_eq!(read(&withdrawn), Ok(Vec::new()));
    }
}
