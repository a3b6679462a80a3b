//! National formats with exact check digits: resident ID (GB 11643), unified social credit code
//! (GB 32100 with GB 11714), administrative divisions (GB/T 2260, GB/T 10114) and mobile numbers.
//!
//! Each type holds a value that has been checked, in its one normal form. Parsing forgives what
//! does not matter (surrounding blanks, `x` for `X`, full-width digits of a Chinese keyboard) and
//! refuses everything else with an error that says what is wrong and what to do, in Chinese and in
//! English ([`Explain`]). No I/O and no clock, so the crate serves apps as well as the host.
//!
//! ```
//! use yunlong_formats::{Explain, ResidentId};
//!
//! let id: ResidentId = "32032119900101998x".parse().unwrap();
//! assert_eq!(id.as_str(), "32032119900101998X");
//! assert_eq!(id.birth_date().to_string(), "1990-01-01");
//! assert_eq!(id.masked(), "3203**********998X");
//!
//! let wrong = "320302199001019990".parse::<ResidentId>().unwrap_err();
//! assert_eq!(wrong.zh(), "校验码不对：请核对 18 位身份号码，其中有一位输错了");
//! ```
#![deny(missing_docs)]

mod date;
mod division;
mod mobile;
mod resident_id;
mod uscc;

pub use date::{Date, DateError};
pub use division::{DivisionCode, DivisionError, Level};
pub use mobile::{Mobile, MobileError};
pub use resident_id::{ResidentId, ResidentIdError};
pub use uscc::{OrganizationCode, Uscc, UsccError};

/// An error that explains itself to a person in two languages.
pub trait Explain {
    /// What is wrong and what to do, in Chinese.
    fn zh(&self) -> String;
    /// What is wrong and what to do, in English.
    fn en(&self) -> String;
}

/// A name for display beside other people's: the first character stays, each other becomes `*`.
///
/// ```
/// assert_eq!(yunlong_formats::mask_name("云小龙"), "云**");
/// ```
#[must_use]
pub fn mask_name(name: &str) -> String {
    name.chars().enumerate().map(|(i, c)| if i == 0 { c } else { '*' }).collect()
}

/// Trims blanks and turns full-width forms (U+FF01 to U+FF5E) into ASCII.
fn narrow(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| if ('！'..='～').contains(&c) { char::from_u32(c as u32 - 0xFEE0).unwrap_or(c) } else { c })
        .collect()
}

/// `as_str`, `Display`, `FromStr`, serde as text. The constructor stays with each type.
macro_rules! text_type {
    ($t:ident, $error:ty) => {
        impl $t {
            /// The normal form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $t {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $t {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $t {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
use text_type;

/// The `Display` of an error is its English text.
macro_rules! explained {
    ($t:ty) => {
        impl std::fmt::Display for $t {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&crate::Explain::en(self))
            }
        }

        impl std::error::Error for $t {}
    };
}
use explained;
