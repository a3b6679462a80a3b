//! Names of apps and installations. An installation's name is a DNS label (RFC 1035), since it
//! becomes its origin.

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

fn check_label(s: &str) -> Result<(), NameError> {
    let ok = (1..=40).contains(&s.len())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && s.as_bytes()[0].is_ascii_lowercase()
        && !s.ends_with('-')
        // `xn--` and its like would show as other letters in an address bar.
        && s.get(2..4) != Some("--");
    if ok { Ok(()) } else { Err(NameError::Malformed(s.chars().take(60).collect())) }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $t:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
