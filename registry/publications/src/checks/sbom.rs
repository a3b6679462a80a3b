//! What a package is made of: CycloneDX in JSON, versions 1.2 to 1.7.
//!
//! Of the standard (ECMA-424) the fields are read that name components; those have been the same in all these
//! versions. A library that binds every field of one version would refuse the next one.

use super::{Check, CheckResult, ComponentFacts, Outcome, some};
use crate::advisories::Ecosystem;
use crate::policy::Policy;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_registry::Package;

/// The most components.
const MAX_COMPONENTS: usize = 20_000;
/// How deep components may hold components.
const MAX_DEPTH: usize = 16;

/// A list of what a package is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sbom {
    /// The version of CycloneDX.
    pub spec_version: String,
    /// The components.
    pub components: Vec<SbomComponent>,
}

/// A component of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SbomComponent {
    /// Where it comes from, when that is an ecosystem that advisories are imported for.
    pub ecosystem: Option<Ecosystem>,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Why a list cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SbomError {
    /// Not such JSON.
    #[error("it is no CycloneDX in JSON: {0}")]
    Malformed(String),
    /// Another format.
    #[error("its bomFormat is `{0}`, not `CycloneDX`")]
    Format(String),
    /// A version that is not known.
    #[error("its specVersion is `{0}`: 1.2 to 1.7 are read")]
    Version(String),
    /// Over a limit.
    #[error("{0}")]
    TooLarge(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    bom_format: String,
    spec_version: String,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    group: String,
    name: String,
    #[serde(default)]
    version: String,
    purl: Option<String>,
    #[serde(default)]
    components: Vec<Component>,
}

impl Sbom {
    /// Reads a list.
    ///
    /// # Errors
    /// [`SbomError`].
    pub fn read(json: &[u8]) -> Result<Self, SbomError> {
        let document: Document = serde_json::from_slice(json).map_err(|e| SbomError::Malformed(e.to_string()))?;
        let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(40).collect::<String>();
        if document.bom_format != "CycloneDX" {
            return Err(SbomError::Format(short(&document.bom_format)));
        }
        let minor = document.spec_version.strip_prefix("1.").and_then(|m| m.parse::<u8>().ok());
        if !minor.is_some_and(|m| (2..=7).contains(&m)) {
            return Err(SbomError::Version(short(&document.spec_version)));
        }
        let mut components = Vec::new();
        gather(document.components, 0, &mut components)?;
        components.sort();
        components.dedup();
        Ok(Self { spec_version: document.spec_version, components })
    }
}

fn gather(from: Vec<Component>, depth: usize, out: &mut Vec<SbomComponent>) -> Result<(), SbomError> {
    if depth > MAX_DEPTH {
        return Err(SbomError::TooLarge(format!("its components are nested deeper than {MAX_DEPTH}")));
    }
    for component in from {
        if out.len() >= MAX_COMPONENTS {
            return Err(SbomError::TooLarge(format!("it lists more than {MAX_COMPONENTS} components")));
        }
        let named = component.purl.as_deref().and_then(of_purl);
        out.push(named.unwrap_or_else(|| {
            let group = if component.group.is_empty() { String::new() } else { format!("{}/", component.group) };
            SbomComponent { ecosystem: None, name: format!("{group}{}", component.name), version: component.version }
        }));
        gather(component.components, depth + 1, out)?;
    }
    Ok(())
}

/// Reads a package URL (ECMA-427): `pkg:type/namespace/name@version?qualifiers#subpath`. `None` for a type
/// that no advisories are imported for.
fn of_purl(purl: &str) -> Option<SbomComponent> {
    let rest = purl.strip_prefix("pkg:")?.trim_start_matches('/');
    let rest = rest.split('#').next()?.split('?').next()?;
    let (kind, path) = rest.split_once('/')?;
    let ecosystem = Ecosystem::of_purl_type(&kind.to_ascii_lowercase())?;
    // npm's scopes are percent-encoded: `%40scope/name`.
    let (path, version) = path.rsplit_once('@').unwrap_or((path, ""));
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let name = decode(path);
    (!name.is_empty()).then(|| SbomComponent { ecosystem: Some(ecosystem), name, version: decode(version) })
}

/// Checks the list, and answers what it lists.
pub(super) fn check(package: &Package, binary: &ComponentFacts, policy: &Policy) -> (Vec<SbomComponent>, CheckResult) {
    let result = |outcome, zh: String, en: String, data| CheckResult::new(Check::Sbom, outcome, (zh, en), data);
    let Some(bytes) = &package.sbom else {
        let outcome = if policy.require_sbom { Outcome::Fail } else { Outcome::Warn };
        let (zh, en) = (
            "软件包没有附带软件物料清单：请在 app.toml 旁放置 CycloneDX 文件 sbom.cdx.json".into(),
            "the package has no list of what it is made of: put CycloneDX into sbom.cdx.json beside app.toml".into(),
        );
        return (Vec::new(), result(outcome, zh, en, json!({ "present": false })));
    };
    let sbom = match Sbom::read(bytes) {
        Ok(sbom) => sbom,
        Err(e) => {
            let data = json!({ "present": true, "error": e.to_string() });
            let (zh, en) = (format!("无法读取软件物料清单：{e}"), format!("the SBOM cannot be read: {e}"));
            return (Vec::new(), result(Outcome::Fail, zh, en, data));
        }
    };
    let listed: BTreeSet<&SbomComponent> = sbom.components.iter().collect();
    let missing: Vec<String> =
        binary.embedded.iter().filter(|c| !listed.contains(c)).map(|c| format!("{} {}", c.name, c.version)).collect();
    let data = json!({
        "present": true,
        "specVersion": sbom.spec_version,
        "components": sbom.components.len(),
        "embedded": binary.embedded.len(),
        "missing": missing,
    });
    let n = sbom.components.len();
    let (outcome, zh, en) = if !missing.is_empty() {
        let some = some(missing.iter().map(String::as_str), ", ");
        (
            Outcome::Fail,
            format!("组件二进制中的库没有列入清单：{some}"),
            format!("the binary holds crates that the SBOM does not list: {some}"),
        )
    } else if n == 0 {
        (Outcome::Warn, "软件物料清单是空的".into(), "the SBOM lists nothing".into())
    } else if binary.embedded.is_empty() {
        (
            Outcome::Pass,
            format!("CycloneDX {}，列出 {n} 个组成部分（开发商自述，二进制中没有可对照的清单）", sbom.spec_version),
            format!(
                "CycloneDX {} lists {n} components (the vendor's word: the binary holds no list to compare)",
                sbom.spec_version
            ),
        )
    } else {
        (
            Outcome::Pass,
            format!(
                "CycloneDX {}，列出 {n} 个组成部分，包含二进制中的全部 {} 个库",
                sbom.spec_version,
                binary.embedded.len()
            ),
            format!(
                "CycloneDX {} lists {n} components, all {} crates of the binary among them",
                sbom.spec_version,
                binary.embedded.len()
            ),
        )
    };
    (sbom.components, result(outcome, zh, en, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(ecosystem: Option<Ecosystem>, name: &str, version: &str) -> SbomComponent {
        SbomComponent { ecosystem, name: name.into(), version: version.into() }
    }

    #[test]
    fn components_are_read_with_what_they_hold() {
        let sbom = Sbom::read(
            br#"{ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
                "metadata": { "component": { "type": "application", "name": "app" } },
                "components": [
                    { "type": "library", "name": "serde", "version": "1.0.200", "purl": "pkg:cargo/serde@1.0.200",
                      "components": [{ "type": "library", "name": "inner", "version": "0.1.0", "purl": "pkg:cargo/inner@0.1.0?x=y#z" }] },
                    { "type": "library", "group": "@hono", "name": "server", "version": "1.0.0", "purl": "pkg:npm/%40hono/server@1.0.0" },
                    { "type": "library", "group": "org", "name": "zlib", "version": "1.3" } ] }"#,
        )
        .unwrap();
        assert_eq!(sbom.spec_version, "1.5");
        for wanted in [
            component(Some(Ecosystem::CratesIo), "serde", "1.0.200"),
            component(Some(Ecosystem::CratesIo), "inner", "0.1.0"),
            component(Some(Ecosystem::Npm), "@hono/server", "1.0.0"),
            component(None, "org/zlib", "1.3"),
        ] {
            assert!(sbom.components.contains(&wanted), "{wanted:?}");
        }
    }

    #[test]
    fn what_is_no_list_is_told() {
        let read = |json: &str| Sbom::read(json.as_bytes()).unwrap_err();
        assert!(matches!(read("{}"), SbomError::Malformed(_)));
        assert!(matches!(read(r#"{"bomFormat":"SPDX","specVersion":"1.5"}"#), SbomError::Format(_)));
        for version in ["1.1", "1.8", "2.0", "1.5.1", "x"] {
            let json = format!(r#"{{"bomFormat":"CycloneDX","specVersion":"{version}"}}"#);
            assert!(matches!(read(&json), SbomError::Version(_)), "{version}");
        }
        let deep = (0..40).fold(String::new(), |inner, _| format!(r#"{{"name":"a","components":[{inner}]}}"#));
        let json = format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{deep}]}}"#);
        assert!(matches!(read(&json), SbomError::TooLarge(_)));
    }
}
