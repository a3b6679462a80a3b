//! `listing.toml`: how the catalogue shows an app. It is part of the package and so is signed with it; it
//! grants nothing.

use crate::{Asset, Category, PackageError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_model::Text;

/// The longest text of what has changed, in characters.
const MAX_CHANGES: usize = 4_000;
/// The most screenshots.
const MAX_SCREENSHOTS: usize = 10;
/// The longest description of a screenshot, in characters.
const MAX_CAPTION: usize = 200;

/// A parsed and checked `listing.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// What it is for.
    pub category: Category,
    /// What has changed since the version before, as plain text.
    #[serde(default)]
    pub changes: Option<Text>,
    /// Pictures among the assets.
    #[serde(default)]
    pub screenshots: Vec<Screenshot>,
}

/// A picture of the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screenshot {
    /// Its path among the assets.
    pub file: String,
    /// What it shows, also for those who do not see it.
    pub caption: Text,
}

impl Listing {
    /// Parses and checks a `listing.toml` against the package's assets.
    ///
    /// # Errors
    /// [`PackageError::Malformed`] names the field.
    pub fn parse(toml: &str, assets: &BTreeMap<String, Asset>) -> Result<Self, PackageError> {
        let bad =
            |what: String, problem: Text| PackageError::Malformed { what: format!("listing.toml: {what}"), problem };
        let both = |zh: &str, en: &str| Text { zh: zh.into(), en: en.into() };
        let listing: Self = toml::from_str(toml).map_err(|e| PackageError::unreadable("listing.toml", e))?;
        if let Some(changes) = &listing.changes {
            check_text(changes, MAX_CHANGES).map_err(|problem| bad("changes".into(), problem))?;
        }
        if listing.screenshots.len() > MAX_SCREENSHOTS {
            return Err(bad(
                "screenshots".into(),
                both(&format!("最多 {MAX_SCREENSHOTS} 张"), &format!("at most {MAX_SCREENSHOTS}")),
            ));
        }
        for (n, shot) in listing.screenshots.iter().enumerate() {
            let at = |field: &str| format!("screenshots[{n}].{field}");
            check_text(&shot.caption, MAX_CAPTION).map_err(|problem| bad(at("caption"), problem))?;
            match assets.get(&shot.file) {
                None => return Err(bad(at("file"), both("不在静态文件之中", "is not among the assets"))),
                // A drawing may hold scripts and links: a screenshot is made of points.
                Some(asset) if !matches!(asset.media_type, "image/png" | "image/jpeg" | "image/webp") => {
                    return Err(bad(at("file"), both("必须是 PNG、JPEG 或 WebP", "must be a PNG, JPEG or WebP")));
                }
                Some(_) => {}
            }
        }
        Ok(listing)
    }
}

fn check_text(text: &Text, most: usize) -> Result<(), Text> {
    for (language, text) in [("zh", &text.zh), ("en", &text.en)] {
        if text.trim().is_empty() {
            return Err(Text { zh: format!("{language} 不能为空"), en: format!("{language} must not be empty") });
        }
        if text.chars().count() > most {
            return Err(Text {
                zh: format!("{language} 超过 {most} 个字符"),
                en: format!("{language} has more than {most} characters"),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> BTreeMap<String, Asset> {
        let asset =
            |path: &str| (path.to_owned(), Asset { bytes: "x".into(), media_type: crate::assets::media_type(path) });
        [asset("a.png"), asset("a.svg")].into()
    }

    #[test]
    fn a_listing_says_what_the_app_is_for_and_what_has_changed() {
        let listing = Listing::parse(
            "category = \"tourism\"\nchanges = { zh = \"修正\", en = \"Mended\" }\n[[screenshots]]\nfile = \"a.png\"\ncaption = { zh = \"首页\", en = \"The first page\" }",
            &assets(),
        )
        .unwrap();
        assert_eq!(listing.category.slug(), "tourism");
        assert_eq!(listing.screenshots[0].caption.zh, "首页");
    }

    #[test]
    fn every_wrong_field_is_named() {
        let shot = |file: &str| {
            format!(
                "category = \"tourism\"\n[[screenshots]]\nfile = \"{file}\"\ncaption = {{ zh = \"图\", en = \"p\" }}"
            )
        };
        for (toml, want) in [
            (String::new(), "category"),
            ("category = \"nonsense\"".into(), "`nonsense` is no category"),
            ("category = \"tourism\"\ncolour = 1".into(), "colour"),
            ("category = \"tourism\"\nchanges = { zh = \" \", en = \"x\" }".into(), "changes: zh must not be empty"),
            (format!("category = \"tourism\"\nchanges = {{ zh = \"x\", en = \"{}\" }}", "y".repeat(4_001)), "4000"),
            (shot("b.png"), "screenshots[0].file: is not among"),
            (shot("a.svg"), "screenshots[0].file: must be a PNG"),
        ] {
            let error = Listing::parse(&toml, &assets()).unwrap_err().to_string();
            assert!(error.contains(want), "{toml}: {error}");
        }
    }
}
