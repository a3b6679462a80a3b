//! `[[files]]` in `app.toml`: the areas in which an app keeps files, what it takes there, and whose they are.

use crate::Text;
use crate::manifest::ManifestError;
use crate::manifest_error::{field, no_blank, out_of_range, too_many, twice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most areas of an app.
const MAX_AREAS: usize = 20;
/// The most types of an area: a person reads them at approval.
const MAX_TYPES: usize = 20;
/// The largest file that an area can take, in MiB: a film of some minutes.
const MAX_MIB: u32 = 512;

/// An area in which an app keeps files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileArea {
    /// What the app opens it by.
    pub name: String,
    /// What it is for, as the department and the person read it, such as "Photographs of the damage".
    pub title: Text,
    /// The types that it takes, such as `image/jpeg`, `image/*` (pictures, but never SVG) or `*/*`. A type is what
    /// the bytes are recognized as; the files service refuses others.
    pub accept: Vec<String>,
    /// The largest file in MiB: 1 to 512, 10 by default. The files service refuses larger ones.
    #[serde(default = "ten")]
    pub max_mib: u32,
    /// Set where the files are about persons: they are encrypted at rest, shown to whoever uploaded them under
    /// "My data", and erased at their wish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<PersonalFiles>,
}

/// What becomes of personal files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonalFiles {
    /// What becomes of a file when the person who uploaded it asks for erasure.
    pub on_erasure: FileErasure,
    /// Why files are kept, when they are: the provision as it is cited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
}

/// What becomes of a file when the person who uploaded it asks for erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileErasure {
    /// It is deleted.
    Delete,
    /// It is kept: a law demands it, see [`PersonalFiles::law`].
    Keep,
}

fn ten() -> u32 {
    10
}

impl FileArea {
    /// The largest file in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        u64::from(self.max_mib) << 20
    }

    /// Whether it takes files of this media type.
    #[must_use]
    pub fn takes(&self, media_type: &str) -> bool {
        self.accept.iter().any(|pattern| matches(pattern, media_type))
    }
}

/// Whether a media type is one of those that a pattern (`image/png`, `image/*`, `*/*`) stands for. A picture that can
/// hold scripts is none of `image/*`.
#[must_use]
pub fn matches(pattern: &str, media_type: &str) -> bool {
    match pattern.strip_suffix("/*") {
        Some("*") => true,
        Some(family) => media_type != "image/svg+xml" && media_type.split_once('/').is_some_and(|(of, _)| of == family),
        None => pattern == media_type,
    }
}

fn is_pattern(text: &str) -> bool {
    let word = |w: &str| {
        !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.+".contains(&b))
    };
    match text.split_once('/') {
        _ if text.len() > 100 => false,
        Some(("*", "*")) => true,
        Some((family, "*")) => word(family),
        Some((family, kind)) => word(family) && word(kind),
        None => false,
    }
}

/// Checks the areas of an app.
pub(crate) fn check(areas: &[FileArea]) -> Result<(), ManifestError> {
    if areas.len() > MAX_AREAS {
        return Err(too_many("files", MAX_AREAS));
    }
    crate::manifest::names("files", areas.iter().map(|a| a.name.as_str()))?;
    for (i, area) in areas.iter().enumerate() {
        let at = format!("files[{i}]");
        no_blank(&format!("{at}.title.zh"), &area.title.zh)?;
        no_blank(&format!("{at}.title.en"), &area.title.en)?;
        if area.accept.is_empty() {
            return Err(field(
                &format!("{at}.accept"),
                "请写明接收哪些类型，例如 image/jpeg、image/*、application/pdf",
                "name the types that it takes, such as `image/jpeg`, `image/*` or `application/pdf`",
            ));
        }
        if area.accept.len() > MAX_TYPES {
            return Err(too_many(&format!("{at}.accept"), MAX_TYPES));
        }
        for (j, pattern) in area.accept.iter().enumerate() {
            let at = format!("{at}.accept[{j}]");
            if !is_pattern(pattern) {
                let said: String = pattern.chars().take(60).collect();
                return Err(field(
                    &at,
                    format!("“{said}”不是媒体类型：请写成 image/jpeg、image/* 或 */* 的样子"),
                    format!("`{said}` is no media type: write it as `image/jpeg`, `image/*` or `*/*`"),
                ));
            }
            if area.accept[..j].contains(pattern) {
                return Err(twice(&at));
            }
        }
        if !(1..=MAX_MIB).contains(&area.max_mib) {
            return Err(out_of_range(&format!("{at}.max_mib"), area.max_mib, 1, MAX_MIB));
        }
        if let Some(personal) = &area.personal
            && personal.on_erasure == FileErasure::Keep
            && personal.law.as_deref().is_none_or(|l| l.trim().is_empty())
        {
            return Err(field(
                &format!("{at}.personal.law"),
                "请写明要求保存的法律条款",
                "cite the provision that demands to keep it",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Manifest;

    fn manifest(area: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(&format!(
            r#"
            name = "potholes"
            version = "1.0.0"
            vendor = "v"
            title = {{ zh = "随手拍", en = "Potholes" }}
            description = {{ zh = "随手拍", en = "Potholes" }}
            [[files]]
            name = "photos"
            title = {{ zh = "现场照片", en = "Photographs" }}
            {area}
            "#
        ))
    }

    #[test]
    fn an_area_takes_its_types_and_ten_mib() {
        let m = manifest("accept = [\"image/*\", \"application/pdf\"]").unwrap();
        let area = m.file_area("photos").unwrap();
        assert_eq!(area.max_bytes(), 10 << 20);
        for (media_type, taken) in [
            ("image/jpeg", true),
            ("image/heic", true),
            ("image/svg+xml", false),
            ("application/pdf", true),
            ("application/zip", false),
            ("text/html", false),
        ] {
            assert_eq!(area.takes(media_type), taken, "{media_type}");
        }
        assert!(m.file_area("other").is_none());
        assert!(matches("*/*", "application/octet-stream") && !matches("imag/*", "image/png"));
    }

    #[test]
    fn every_wrong_field_of_an_area_is_named() {
        for (area, want) in [
            ("accept = []", "files[0].accept"),
            ("accept = [\"jpeg\"]", "files[0].accept[0]"),
            ("accept = [\"image/*\", \"image/*\"]", "files[0].accept[1]"),
            ("accept = [\"Image/JPEG\"]", "files[0].accept[0]"),
            ("accept = [\"*/png\"]", "files[0].accept[0]"),
            ("accept = [\"image/*\"]\nmax_mib = 0", "files[0].max_mib"),
            ("accept = [\"image/*\"]\nmax_mib = 513", "files[0].max_mib"),
            ("accept = [\"image/*\"]\n[files.personal]\non_erasure = \"keep\"", "files[0].personal.law"),
            ("accept = [\"image/*\"]\n[files.personal]\non_erasure = \"clear\"", "on_erasure"),
        ] {
            let e = manifest(area).unwrap_err().to_string();
            assert!(e.contains(want), "{area}: {e}");
        }
    }
}
