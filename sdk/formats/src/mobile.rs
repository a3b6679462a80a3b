//! Mobile numbers of the mainland.

use crate::{Explain, explained, narrow, text_type};
use std::fmt;

/// A mobile number of 11 digits: `1`, then 3 to 9, then nine digits.
///
/// `+86`, `0086`, blanks and hyphens fall away. `Debug` shows the masked form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mobile(String);
text_type!(Mobile, MobileError);

/// Why a text is no mobile number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MobileError {
    /// Nothing was typed.
    Empty,
    /// The number of another country.
    Foreign,
    /// Something that is no digit.
    Character(char),
    /// Not 11 digits.
    Length(usize),
    /// Does not start with 13 to 19.
    Prefix,
}

impl Explain for MobileError {
    fn zh(&self) -> String {
        match self {
            Self::Empty => "请填写手机号码".into(),
            Self::Foreign => "只支持中国大陆手机号码（+86）".into(),
            Self::Character(c) => format!("手机号码只有数字：请去掉“{c}”"),
            Self::Length(n) => format!("手机号码应为 11 位，现为 {n} 位：请补全或删去多余的数字"),
            Self::Prefix => "手机号码以 13 至 19 开头：固定电话请改填手机号码".into(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Empty => "enter a mobile number".into(),
            Self::Foreign => "only mobile numbers of the mainland (+86) are supported".into(),
            Self::Character(c) => format!("a mobile number holds digits only: remove `{c}`"),
            Self::Length(n) => {
                format!("a mobile number has 11 digits, this has {n}: add what is missing or remove what is too much")
            }
            Self::Prefix => "a mobile number starts with 13 to 19: enter a mobile instead of a landline".into(),
        }
    }
}
explained!(MobileError);

impl Mobile {
    /// Checks and normalises a number.
    ///
    /// # Errors
    /// [`MobileError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, MobileError> {
        let text: String = narrow(text).chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if text.is_empty() {
            return Err(MobileError::Empty);
        }
        let international = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
        let digits = match international {
            Some(rest) => rest.strip_prefix("86").ok_or(MobileError::Foreign)?,
            None => text.as_str(),
        };
        if let Some(c) = digits.chars().find(|c| !c.is_ascii_digit()) {
            return Err(MobileError::Character(c));
        }
        // `86` without a sign before it, as address books write it.
        let digits = if digits.len() == 13 { digits.strip_prefix("86").unwrap_or(digits) } else { digits };
        if digits.len() != 11 {
            return Err(MobileError::Length(digits.len()));
        }
        if !("13".."20").contains(&&digits[..2]) {
            return Err(MobileError::Prefix);
        }
        Ok(Self(digits.to_owned()))
    }

    /// As E.164 writes it: `+8619900000001`.
    #[must_use]
    pub fn e164(&self) -> String {
        format!("+86{}", self.0)
    }

    /// For display: `199****0001`.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}****{}", &self.0[..3], &self.0[7..])
    }
}

impl fmt::Display for Mobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Mobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mobile({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_the_ways_people_write_it() {
        for text in [
            "19900000001",
            "+8619900000001",
            "+86 199 0000 0001",
            "0086-199-0000-0001",
            "8619900000001",
            "１９９０００００００１",
        ] {
            let m: Mobile = text.parse().unwrap();
            assert_eq!((m.as_str(), m.e164()), ("19900000001", "+8619900000001".to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_and_says_why() {
        for (text, want) in [
            (" ", MobileError::Empty),
            ("+1 202 555 0100", MobileError::Foreign),
            ("1990000000l", MobileError::Character('l')),
            ("1990000000", MobileError::Length(10)),
            ("199000000011", MobileError::Length(12)),
            ("12900000001", MobileError::Prefix),
            ("29900000001", MobileError::Prefix),
            ("+86", MobileError::Length(0)),
        ] {
            let e = text.parse::<Mobile>().unwrap_err();
            assert_eq!(e, want, "{text}");
            assert!(!e.zh().is_empty());
        }
    }

    #[test]
    fn is_masked_for_display_and_in_logs() {
        let m: Mobile = "19900000001".parse().unwrap();
        assert_eq!(m.masked(), "199****0001");
        assert_eq!(format!("{m:?}"), "Mobile(199****0001)");
    }

    proptest! {
        #[test]
        fn every_eleven_digits_of_the_pattern_pass(text in "1[3-9][0-9]{9}") {
            prop_assert_eq!(text.parse::<Mobile>().unwrap().to_string(), text);
        }

        #[test]
        fn no_text_panics(text in ".{0,20}") {
            let _ = text.parse::<Mobile>();
        }
    }
}
