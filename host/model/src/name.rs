//! Names of apps and installations. An installation's name is a DNS label (RFC 1035), since it
//! becomes its origin.

use crate::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Labels that no installation may take: the platform's own origins, and those that a browser,
/// a mail system or a person would trust for another reason.
pub const RESERVED_LABELS: &[&str] = &[
    "admin",
    "api",
    "app",
    "apps",
    "assets",
    "auth",
    "cashier",
    "cdn",
    "city",
    "console",
    "dev",
    "docs",
    "files",
    "gov",
    "help",
    "host",
    "identity",
    "inbox",
    "internal",
    "localhost",
    "login",
    "mail",
    "metrics",
    "my",
    "oauth",
    "pay",
    "payments",
    "platform",
    "portal",
    "registry",
    "root",
    "search",
    "security",
    "signin",
    "sso",
    "static",
    "status",
    "support",
    "system",
    "test",
    "wpad",
    "www",
    "yunlong",
];

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a lower-case DNS label.
    #[error("`{0}` is not a name: use 1 to 40 of a-z, 0-9 and `-`, starting with a letter and not ending with `-`")]
    Malformed(String),
    /// The platform keeps this label to itself.
    #[error("`{0}` is reserved: choose another name with --name")]
    Reserved(String),
}

impl NameError {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Malformed(name) => {
                format!("“{name}”不能作为名称：请用 1 至 40 个小写字母、数字和“-”，以字母开头，不以“-”结尾")
            }
            Self::Reserved(name) => format!("“{name}”由平台保留：请用 --name 换一个名称"),
        };
        Text { zh, en: self.to_string() }
    }
}

fn check_label(s: &str) -> Result<(), NameError> {
    let ok = (1..=40).contains(&s.len())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && s.as_bytes()[0].is_ascii_lowercase()
        && !s.ends_with('-')
        // `xn--` and its like would show as other letters in an address bar.
        && s.get(2..4) != Some("--");
    if ok { Ok(()) } else { Err(NameError::Malformed(s.chars().take(60).collect())) }
}

/// The longest name of a vendor in bytes.
const MAX_VENDOR: usize = 100;

/// Whether a text may be a vendor's name: one component of a repository's name, since its packages stand in
/// `<vendor>/<app>` (distribution-spec, "Pulling manifests"). So what can be enrolled and signed can be
/// published, and nobody's name reaches into another's repositories.
#[must_use]
pub fn is_vendor_name(s: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = s.as_bytes();
    // Between words stand `.`, `_`, `__` or hyphens.
    let parts: Vec<&[u8]> = bytes.split(|&b| word(b)).collect();
    (1..=MAX_VENDOR).contains(&bytes.len())
        && bytes.first().is_some_and(|&b| word(b))
        && bytes.last().is_some_and(|&b| word(b))
        && parts.iter().all(|p| matches!(p, [] | [b'.'] | [b'_'] | [b'_', b'_']) || p.iter().all(|&b| b == b'-'))
}

macro_rules! name_type {
    ($(#[$doc:meta])* $t:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $t(String);

        impl $t {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $t {
            type Err = NameError;

            fn from_str(s: &str) -> Result<Self, NameError> {
                $check(s)?;
                Ok(Self(s.to_owned()))
            }
        }

        impl fmt::Display for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $t {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type!(
    /// The name of an app, such as `tourism-ticketing`.
    AppName,
    check_label
);
name_type!(
    /// The name of an installation: a DNS label that is not reserved.
    InstallationName,
    |s: &str| {
        check_label(s)?;
        if RESERVED_LABELS.contains(&s) { Err(NameError::Reserved(s.to_owned())) } else { Ok(()) }
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors() {
        for good in ["v", "yunlong-demo", "3m", "a.b", "a_b", "a__b", "a---b", &"a".repeat(100)] {
            assert!(is_vendor_name(good), "{good}");
        }
        let long = "a".repeat(101);
        for bad in [
            "",
            " ",
            "-a",
            "a-",
            ".a",
            "a.",
            "a..b",
            "a___b",
            "a._b",
            "A",
            "彭城软件",
            "a/b",
            "a b",
            "a\n",
            "..",
            &long,
        ] {
            assert!(!is_vendor_name(bad), "{bad}");
        }
    }

    #[test]
    fn labels() {
        for good in ["a", "tourism-ticketing", "x9"] {
            assert!(good.parse::<InstallationName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "9a", "A", "a.b", "a_b", "xn--a", "景区", &"a".repeat(41)] {
            assert!(matches!(bad.parse::<InstallationName>(), Err(NameError::Malformed(_))), "{bad}");
        }
        assert_eq!("console".parse::<InstallationName>(), Err(NameError::Reserved("console".into())));
        assert!("console".parse::<AppName>().is_ok());
    }
}
