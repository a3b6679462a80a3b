//! Unified social credit codes, GB 32100-2015, and the organisation code inside, GB 11714-1997.

use crate::{Explain, explained, narrow, text_type};
use std::fmt;

/// The alphabet: a character's place is its value. I, O, S, V and Z are left out.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// 3^(i-1) mod 31.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const ORGANIZATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// A unified social credit code of 18 characters: registering department, category, division of
/// registration (six digits), organisation code (nine) and check character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uscc(String);
text_type!(Uscc, UsccError);

/// An organisation code of nine characters (written without its hyphen).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationCode(String);
text_type!(OrganizationCode, UsccError);

/// Why a text is no such code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsccError {
    /// Nothing was typed.
    Empty,
    /// The wrong number of characters.
    Length {
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A character that cannot stand at this place (counted from 1).
    Character {
        /// The place, from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// The check character of the organisation code (the 17th of a USCC) does not fit.
    OrganizationCheck,
    /// The last character of a USCC does not fit.
    CheckCharacter,
}

impl Explain for UsccError {
    fn zh(&self) -> String {
        match self {
            Self::Empty => "请填写代码".into(),
            Self::Length { found, expected } => {
                format!("代码应为 {expected} 位，现为 {found} 位：请补全或删去多余的字符")
            }
            Self::Character { position, found: 'I' | 'O' | 'S' | 'V' | 'Z' } => {
                format!("第 {position} 位不对：代码中没有字母 I、O、S、V、Z，是否为数字 1、0、5、2？")
            }
            Self::Character { position, found } => {
                format!("第 {position} 位“{found}”不对：请填写数字或大写字母，第 3 至 8 位为行政区划数字")
            }
            Self::OrganizationCheck => "组织机构代码的校验码不对：请核对第 9 至 17 位".into(),
            Self::CheckCharacter => "校验码不对：请与营业执照核对，其中有一位输错了".into(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Empty => "enter the code".into(),
            Self::Length { found, expected } => format!(
                "the code has {expected} characters, this has {found}: add what is missing or remove what is too much"
            ),
            Self::Character { position, found: found @ ('I' | 'O' | 'S' | 'V' | 'Z') } => {
                format!("character {position} is `{found}`: the code never holds I, O, S, V or Z; is it 1, 0, 5 or 2?")
            }
            Self::Character { position, found } => {
                format!("character {position} is `{found}`: use digits and letters, and digits alone at places 3 to 8")
            }
            Self::OrganizationCheck => {
                "the organisation code inside does not fit its check digit: compare characters 9 to 17".into()
            }
            Self::CheckCharacter => {
                "the check character does not fit: compare the code with the licence, one character is wrong".into()
            }
        }
    }
}
explained!(UsccError);

impl Uscc {
    /// Checks and normalises a code (lower case becomes upper case).
    ///
    /// # Errors
    /// [`UsccError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, UsccError> {
        let code = normal(text, 18)?;
        for (i, found) in code.chars().enumerate() {
            let ok = if (2..8).contains(&i) { found.is_ascii_digit() } else { value(found).is_some() };
            if !ok {
                return Err(UsccError::Character { position: i + 1, found });
            }
        }
        if code.as_bytes()[17] != check_character(&code.as_bytes()[..17]) {
            return Err(UsccError::CheckCharacter);
        }
        if code.as_bytes()[16] != organization_check(&code.as_bytes()[8..16]) {
            return Err(UsccError::OrganizationCheck);
        }
        Ok(Self(code))
    }

    /// The division in which it was registered, six digits; it may be abolished.
    #[must_use]
    pub fn area_code(&self) -> &str {
        &self.0[2..8]
    }

    /// The organisation code inside.
    #[must_use]
    pub fn organization_code(&self) -> OrganizationCode {
        OrganizationCode(self.0[8..17].to_owned())
    }
}

impl OrganizationCode {
    /// Checks and normalises a code, with or without the hyphen before the check digit.
    ///
    /// # Errors
    /// [`UsccError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, UsccError> {
        let text = narrow(text);
        let joined = match text.split_once('-') {
            Some((code, check)) if code.len() == 8 => format!("{code}{check}"),
            _ => text,
        };
        let code = normal(&joined, 9)?;
        if let Some((i, found)) = code.chars().enumerate().find(|(_, c)| !c.is_ascii_digit() && !c.is_ascii_uppercase())
        {
            return Err(UsccError::Character { position: i + 1, found });
        }
        if code.as_bytes()[8] != organization_check(&code.as_bytes()[..8]) {
            return Err(UsccError::OrganizationCheck);
        }
        Ok(Self(code))
    }
}

fn normal(text: &str, expected: usize) -> Result<String, UsccError> {
    let code = narrow(text).to_ascii_uppercase();
    match code.chars().count() {
        0 => Err(UsccError::Empty),
        n if n == expected => Ok(code),
        found => Err(UsccError::Length { found, expected }),
    }
}

fn value(c: char) -> Option<u32> {
    ALPHABET.iter().position(|a| char::from(*a) == c).and_then(|i| u32::try_from(i).ok())
}

fn check_character(code: &[u8]) -> u8 {
    let sum: u32 = code.iter().zip(WEIGHTS).map(|(c, w)| value(char::from(*c)).unwrap_or(0) * w).sum();
    ALPHABET[((31 - sum % 31) % 31) as usize]
}

/// Letters count from A = 10 to Z = 35.
fn organization_check(code: &[u8]) -> u8 {
    let sum: u32 = code
        .iter()
        .zip(ORGANIZATION_WEIGHTS)
        .map(|(c, w)| w * u32::from(if c.is_ascii_digit() { c - b'0' } else { c.wrapping_sub(b'A').wrapping_add(10) }))
        .sum();
    match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        n => b'0' + u8::try_from(n).unwrap_or(0),
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for OrganizationCode {
    /// With the hyphen, as certificates print it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", &self.0[..8], &self.0[8..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALID: [&str; 7] = [
        "91320300MA000TX14G",
        "92320324MA000TX221",
        "93320382MA000TX30Q",
        "11320300MB000TX42P",
        "12320300MB000TX50F",
        "91320300MA000TX9X6",
        "91350100M000100Y43",
    ];

    #[test]
    fn accepts_the_vectors() {
        for code in VALID {
            let uscc: Uscc = code.parse().unwrap();
            assert_eq!(uscc.as_str(), code);
            let inner = uscc.organization_code();
            assert_eq!(inner.to_string().parse::<OrganizationCode>().unwrap(), inner);
            assert_eq!(inner.as_str().parse::<OrganizationCode>().unwrap(), inner);
        }
        let uscc: Uscc = " 91320300ma000tx14g ".parse().unwrap();
        assert_eq!((uscc.area_code(), uscc.organization_code().to_string()), ("320300", "MA000TX1-4".to_owned()));
    }

    #[test]
    fn weights_are_the_powers_of_three() {
        let mut power = 1;
        for w in WEIGHTS {
            assert_eq!(w, power);
            power = power * 3 % 31;
        }
    }

    #[test]
    fn refuses_and_says_why() {
        for (text, want) in [
            ("", UsccError::Empty),
            ("91320300MA000TX14", UsccError::Length { found: 17, expected: 18 }),
            ("9132O300MA000TX14G", UsccError::Character { position: 5, found: 'O' }),
            ("9I320300MA000TX14G", UsccError::Character { position: 2, found: 'I' }),
            ("913203A0MA000TX14G", UsccError::Character { position: 7, found: 'A' }),
            ("91320300MA000TX14H", UsccError::CheckCharacter),
        ] {
            let e = text.parse::<Uscc>().unwrap_err();
            assert_eq!(e, want, "{text}");
            assert!(!e.zh().is_empty());
        }
        // The outer check fits, the inner one does not.
        let mut code = b"91320300MA000TX15".to_vec();
        code.push(check_character(&code));
        assert_eq!(String::from_utf8(code).unwrap().parse::<Uscc>(), Err(UsccError::OrganizationCheck));
        assert_eq!("MA000TX1-5".parse::<OrganizationCode>(), Err(UsccError::OrganizationCheck));
    }

    fn valid() -> impl Strategy<Value = String> {
        let any = prop::sample::select(&ALPHABET[..]);
        (prop::collection::vec(any.clone(), 2), 0_u32..=999_999, prop::collection::vec(any, 8)).prop_map(
            |(head, area, organization)| {
                let mut code = head;
                code.extend(format!("{area:06}").bytes());
                let check = organization_check(&organization);
                code.extend(organization);
                code.push(check);
                code.push(check_character(&code));
                String::from_utf8(code).unwrap()
            },
        )
    }

    proptest! {
        #[test]
        fn every_code_with_its_checks_passes(code in valid()) {
            prop_assert_eq!(code.parse::<Uscc>().unwrap().to_string(), code);
        }

        #[test]
        fn a_single_wrong_character_is_refused(code in valid(), at in 0_usize..18, to in prop::sample::select(&ALPHABET[..])) {
            let mut wrong = code.into_bytes();
            prop_assume!(wrong[at] != to);
            wrong[at] = to;
            prop_assert!(String::from_utf8(wrong).unwrap().parse::<Uscc>().is_err());
        }

        #[test]
        fn no_text_panics(text in ".{0,24}") {
            let _ = (text.parse::<Uscc>(), text.parse::<OrganizationCode>());
        }
    }
}
