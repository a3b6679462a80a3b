//! What a package says of its component: what it is made of (CycloneDX) and how it was built (SLSA provenance).
//!
//! Made here from cargo's own resolution and from git, or given as files by whoever uses another toolchain. The
//! same sources give the same bytes, and nothing of the machine is in them: no path, no user's name, no clock. The
//! only time is SOURCE_DATE_EPOCH or that of the commit.

mod crates;
mod provenance;
mod sbom;
mod source;

use crate::CliError;
use crate::terminal::lang;
use crates::Crates;
use source::Source;
use std::path::Path;
use yunlong_model::{Digest, Manifest, Timestamp};
use yunlong_registry::package::{PROVENANCE_FILE, SBOM_FILE};
use yunlong_registry::{Evidence, Limits};

/// The builder when nobody names one: a machine of the vendor's, of which nothing else is known (SLSA's build
/// level 1).
pub(crate) const LOCAL_BUILDER: &str = "urn:yunlong:builder:vendor-machine";

/// What the options of `yunlong package` say of it.
pub(crate) struct Wanted<'a> {
    pub(crate) sbom: Option<&'a Path>,
    pub(crate) provenance: Option<&'a Path>,
    pub(crate) builder: &'a str,
}

/// Gathers the evidence: a file that was named, else one beside `app.toml` (left for the package to take in), else
/// what cargo and git know. The text is a remark, when something could not be made.
pub(crate) fn gather(
    dir: &Path,
    manifest: &Manifest,
    component: &[u8],
    wanted: &Wanted<'_>,
) -> Result<(Evidence, Option<&'static str>), CliError> {
    let digest = Digest::of(component);
    let sbom = given(wanted.sbom, &dir.join(SBOM_FILE))?;
    let provenance = given(wanted.provenance, &dir.join(PROVENANCE_FILE))?;
    if let Some((name, bytes)) = &sbom {
        sbom::check(bytes).map_err(|problem| {
            let next = lang().pick(
                "用您的工具链生成 JSON 格式的 CycloneDX，版本 1.2 至 1.7",
                "make CycloneDX in JSON, version 1.2 to 1.7, with your toolchain",
            );
            CliError::usage(format!("{name}: {problem}"), next)
        })?;
    }
    if let Some((name, bytes)) = &provenance {
        provenance::check(bytes, &digest).map_err(|problem| {
            let next = lang().pick(
                "重新构建并出具，或交给 `yunlong package` 生成",
                "build and state it again, or leave it to `yunlong package`",
            );
            CliError::usage(format!("{name}: {problem}"), next)
        })?;
    }
    let by_cargo = dir.join("Cargo.toml").is_file() && (sbom.is_none() || provenance.is_none());
    let crates = if by_cargo { Some(Crates::read(dir)?) } else { None };
    let source = Source::of(dir);
    let remark = (sbom.is_none() && crates.is_none()).then(|| {
        lang().pick(
            "没有 Cargo.toml，安装包因此没有列出它由什么组成：用 --sbom 给出 CycloneDX",
            "there is no Cargo.toml, so that the package does not list what it is made of: give CycloneDX with --sbom",
        )
    });
    let sbom = match (sbom, &crates) {
        (Some((_, bytes)), _) => Some(bytes),
        (None, Some(crates)) => Some(sbom::write(manifest, &digest, crates, date(source.as_ref())?)),
        (None, None) => None,
    };
    let provenance = provenance.map_or_else(
        || provenance::write(manifest, &digest, crates.as_ref(), source.as_ref(), wanted.builder),
        |(_, bytes)| bytes,
    );
    Ok((Evidence { sbom, provenance: Some(provenance) }, remark))
}

/// The file that an option names, otherwise the one beside `app.toml` if it is there: its name and its bytes.
fn given(named: Option<&Path>, beside: &Path) -> Result<Option<(String, Vec<u8>)>, CliError> {
    let path = match named {
        Some(path) => path,
        None if beside.is_file() => beside,
        None => return Ok(None),
    };
    let name = path.display().to_string();
    let limit = Limits::default().evidence;
    if std::fs::metadata(path).map_err(CliError::io(&name))?.len() > limit {
        return Err(CliError::told(
            (format!("{name} 超过 {limit} 字节"), format!("{name} is over {limit} bytes")),
            ("只列组件中有的", "list what is in the component alone"),
        ));
    }
    let bytes = std::fs::read(path).map_err(CliError::io(&name))?;
    Ok(Some((name, bytes)))
}

/// The one time that the evidence may have: SOURCE_DATE_EPOCH (reproducible-builds.org), or the commit's.
fn date(source: Option<&Source>) -> Result<Option<Timestamp>, CliError> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => seconds(&text).map(Some).ok_or_else(|| {
            CliError::told(
                (
                    format!("SOURCE_DATE_EPOCH 是“{text}”，不是秒数"),
                    format!("SOURCE_DATE_EPOCH is `{text}`, no number of seconds"),
                ),
                ("设为自 1970 年起的秒数，或取消设置", "set it to seconds since 1970, or unset it"),
            )
        }),
        Err(_) => Ok(source.and_then(|s| s.at)),
    }
}

fn seconds(text: &str) -> Option<Timestamp> {
    // RFC 3339 has four digits for the year.
    let seconds = text.trim().parse::<i64>().ok().filter(|s| (0..253_402_300_800).contains(s))?;
    Some(Timestamp(seconds * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = r#"
name = "hello"
version = "1.2.0"
vendor = "tongshan"
title = { zh = "你好", en = "Hello" }
description = { zh = "问好", en = "Greets" }
"#;

    fn nothing_named() -> Wanted<'static> {
        Wanted { sbom: None, provenance: None, builder: LOCAL_BUILDER }
    }

    #[test]
    fn without_cargo_and_git_there_is_a_statement_about_the_component_and_a_remark() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = Manifest::parse(TOML).unwrap();
        let (made, remark) = gather(dir.path(), &manifest, b"wasm", &nothing_named()).unwrap();
        assert!(made.sbom.is_none() && remark.unwrap().contains("--sbom"));
        let provenance = made.provenance.unwrap();
        assert_eq!(provenance::check(&provenance, &Digest::of(b"wasm")), Ok(()));
        assert!(provenance::check(&provenance, &Digest::of(b"other")).is_err());
        let text = String::from_utf8(provenance).unwrap();
        assert!(!text.contains(&dir.path().display().to_string()), "{text}");
    }

    #[test]
    fn what_is_given_is_taken_as_it_is_and_checked() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = Manifest::parse(TOML).unwrap();
        let sbom = br#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[]}"#;
        std::fs::write(dir.path().join(SBOM_FILE), sbom).unwrap();
        let (made, remark) = gather(dir.path(), &manifest, b"wasm", &nothing_named()).unwrap();
        assert_eq!((made.sbom.as_deref(), remark), (Some(&sbom[..]), None));
        let statement = dir.path().join("about-another.json");
        std::fs::write(&statement, provenance::write(&manifest, &Digest::of(b"other"), None, None, "urn:ci")).unwrap();
        let wanted = Wanted { provenance: Some(&statement), ..nothing_named() };
        let refused = gather(dir.path(), &manifest, b"wasm", &wanted).unwrap_err();
        assert!(refused.to_string().contains("not about this component") && !refused.next().is_empty(), "{refused}");
        let wanted = Wanted { sbom: Some(&statement), ..nothing_named() };
        assert!(gather(dir.path(), &manifest, b"wasm", &wanted).is_err(), "a statement is no list");
    }

    #[test]
    fn a_date_is_seconds() {
        assert_eq!(seconds("1700000000"), Some(Timestamp(1_700_000_000_000)));
        for wrong in ["", "-1", "yesterday", "99999999999999999"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
