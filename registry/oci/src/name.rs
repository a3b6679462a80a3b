//! Names of repositories and tags. A value of these types satisfies its grammar, so that nothing
//! behind this module ever meets `..`, an empty component or a control character.

use crate::digest::{Digest, excerpt};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest name of a repository in bytes. Many clients allow 255 for host, port, `/` and name
/// together (distribution-spec, "Pulling manifests"); this leaves 54 for the host.
pub const MAX_NAME: usize = 200;

/// The longest tag in bytes (distribution-spec, "Pulling manifests").
pub const MAX_TAG: usize = 128;

/// A repository's name: components of lower-case letters and digits, separated by `.`, `_`, `__` or
/// hyphens, and joined by `/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RepositoryName(String);

impl RepositoryName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first component: whose quota the repository counts against.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

/// A text that is no name or tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No repository can have this name.
    #[error("`{0}` is not a repository's name: use lower-case letters and digits, separated by `.`, `_`, `-` or `/`")]
    Repository(String),
    /// No tag can look like this.
    #[error(
        "`{0}` is not a tag: use at most 128 letters, digits, `.`, `_` and `-`, beginning with a letter, digit or `_`"
    )]
    Tag(String),
}

impl FromStr for RepositoryName {
    type Err = NameError;

    fn from_str(s: &str) -> Result<Self, NameError> {
        if s.is_empty() || s.len() > MAX_NAME || !s.split('/').all(is_component) {
            return Err(NameError::Repository(excerpt(s)));
        }
        Ok(Self(s.to_owned()))
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(s: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = s.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    if !word(first) || !word(last) || !bytes.iter().all(|&b| word(b) || matches!(b, b'.' | b'_' | b'-')) {
        return false;
    }
    bytes.split(|&b| word(b)).all(|between| match between {
        [] | [b'.'] | [b'_'] | [b'_', b'_'] => true,
        more => more.iter().all(|&b| b == b'-'),
    })
}

/// A tag.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Tag(String);

impl Tag {
    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = NameError;

    fn from_str(s: &str) -> Result<Self, NameError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let bytes = s.as_bytes();
        let well_formed = bytes.len() <= MAX_TAG
            && bytes.first().is_some_and(|&b| word(b))
            && bytes.iter().all(|&b| word(b) || matches!(b, b'.' | b'-'));
        if well_formed { Ok(Self(s.to_owned())) } else { Err(NameError::Tag(excerpt(s))) }
    }
}

macro_rules! text_type {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
text_type!(RepositoryName);
text_type!(Tag);

/// What a manifest is asked for by: a tag or a digest, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// By tag.
    Tag(Tag),
    /// By digest.
    Digest(Digest),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar_of_the_specification() {
        for good in ["a", "0", "vendor/app", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c/d", "v2/manifests"] {
            assert!(good.parse::<RepositoryName>().is_ok(), "{good}");
        }
        let long = "a".repeat(MAX_NAME + 1);
        for bad in [
            "", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "A", "a b", "a..b", "a___b", "a.-b", "-a", "a-", "a_",
            "a%2fb", "a\\b", "a\0b", "名", "a:b", "a@b", &long,
        ] {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_follow_the_grammar_of_the_specification() {
        for good in ["latest", "1.0.0", "_x", "V1", "1.0.0-rc.1", &"t".repeat(128)] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "a/b", "a+b", "a:b", "a b", "版本", &"t".repeat(129)] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_owner_is_the_first_component() {
        assert_eq!("vendor/group/app".parse::<RepositoryName>().unwrap().owner(), "vendor");
        assert_eq!("app".parse::<RepositoryName>().unwrap().owner(), "app");
    }
}
