//! Resident identity numbers, GB 11643-1999.

use crate::{Date, Explain, explained, narrow, text_type};
use std::fmt;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";
/// Nobody alive was born before; an earlier year is a slip of the hand.
const EARLIEST_YEAR: u16 = 1850;

/// A resident identity number of 18 characters with a right check digit and a possible birth date.
///
/// The first six digits are the division in which the number was first given out. Divisions are
/// renamed and abolished while their people keep their numbers, and numbers are given out long
/// after birth: so the area code is never looked up, and never compared with the birth date.
///
/// `Debug` shows the masked form, so that numbers do not reach logs by accident.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResidentId(String, Date);
text_type!(ResidentId, ResidentIdError);

/// Why a text is no resident identity number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResidentIdError {
    /// Nothing was typed.
    Empty,
    /// A number of the first generation, invalid since 2013.
    FifteenDigits,
    /// Not 18 characters.
    Length(usize),
    /// A character that cannot stand at this place (counted from 1).
    Character {
        /// The place, from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// The digits 7 to 14 are no day on which somebody alive was born.
    BirthDate,
    /// The last character does not fit the others.
    CheckDigit,
}

impl Explain for ResidentIdError {
    fn zh(&self) -> String {
        match self {
            Self::Empty => "请填写 18 位身份号码".into(),
            Self::FifteenDigits => "15 位身份号码已停用：请填写第二代身份证上的 18 位号码".into(),
            Self::Length(n) => format!("身份号码应为 18 位，现为 {n} 位：请补全或删去多余的字符"),
            Self::Character { position: 18, found } => format!("第 18 位“{found}”不对：最后一位只能是数字或 X"),
            Self::Character { position, found } => {
                format!("第 {position} 位“{found}”不对：前 17 位只能是数字，首位不为 0")
            }
            Self::BirthDate => "出生日期不存在：请核对第 7 至 14 位".into(),
            Self::CheckDigit => "校验码不对：请核对 18 位身份号码，其中有一位输错了".into(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Empty => "enter the 18-character resident ID number".into(),
            Self::FifteenDigits => {
                "15-digit numbers are no longer valid: enter the 18-character number of the second-generation card"
                    .into()
            }
            Self::Length(n) => format!(
                "a resident ID number has 18 characters, this has {n}: add what is missing or remove what is too much"
            ),
            Self::Character { position: 18, found } => {
                format!("character 18 is `{found}`: the last one must be a digit or X")
            }
            Self::Character { position, found } => {
                format!("character {position} is `{found}`: the first 17 must be digits, the first of them not 0")
            }
            Self::BirthDate => "the date of birth cannot be: check digits 7 to 14".into(),
            Self::CheckDigit => {
                "the check digit does not fit: compare the number with the card, one character is wrong".into()
            }
        }
    }
}
explained!(ResidentIdError);

impl ResidentId {
    /// Checks and normalises a number (`x` becomes `X`).
    ///
    /// # Errors
    /// [`ResidentIdError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, ResidentIdError> {
        let id = narrow(text).to_ascii_uppercase();
        let length = id.chars().count();
        if length == 0 {
            return Err(ResidentIdError::Empty);
        }
        if length == 15 && id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ResidentIdError::FifteenDigits);
        }
        if length != 18 {
            return Err(ResidentIdError::Length(length));
        }
        for (i, found) in id.chars().enumerate() {
            let ok = if i == 17 {
                found.is_ascii_digit() || found == 'X'
            } else {
                found.is_ascii_digit() && !(i == 0 && found == '0')
            };
            if !ok {
                return Err(ResidentIdError::Character { position: i + 1, found });
            }
        }
        let born = birth_date(&id).ok_or(ResidentIdError::BirthDate)?;
        if id.as_bytes()[17] != check_digit(&id.as_bytes()[..17]) {
            return Err(ResidentIdError::CheckDigit);
        }
        Ok(Self(id, born))
    }

    /// As [`ResidentId::parse`], and refuses a birth date after `today`.
    ///
    /// # Errors
    /// [`ResidentIdError`] says what is wrong.
    pub fn parse_on(text: &str, today: Date) -> Result<Self, ResidentIdError> {
        let id = Self::parse(text)?;
        if id.birth_date() > today { Err(ResidentIdError::BirthDate) } else { Ok(id) }
    }

    /// The date of birth.
    #[must_use]
    pub fn birth_date(&self) -> Date {
        self.1
    }

    /// The division, six digits, in which the number was first given out; it may be abolished.
    #[must_use]
    pub fn area_code(&self) -> &str {
        &self.0[..6]
    }

    /// For display: `3203**********9999`, the city of first registration and the last four: neither the county
    /// nor the date of birth.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}**********{}", &self.0[..4], &self.0[14..])
    }
}

fn birth_date(id: &str) -> Option<Date> {
    let number = |range: std::ops::Range<usize>| id.get(range)?.parse::<u16>().ok();
    let (year, month, day) = (number(6..10)?, number(10..12)?, number(12..14)?);
    if year < EARLIEST_YEAR {
        return None;
    }
    Date::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?).ok()
}

/// ISO 7064 MOD 11-2 as GB 11643 writes it out.
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    CHECKS[(sum % 11) as usize]
}

impl fmt::Display for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResidentId({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_the_vectors() {
        for id in ["320302199001019999", "320311199001019995", "320324199001019997", "32032119900101998X"] {
            assert_eq!(id.parse::<ResidentId>().unwrap().as_str(), id);
        }
    }

    #[test]
    fn a_county_abolished_in_2010_still_passes() {
        let id: ResidentId = "320323199001019990".parse().unwrap();
        assert_eq!(id.area_code(), "320323");
    }

    #[test]
    fn normalises_x_blanks_and_full_width() {
        for text in ["32032119900101998x", " 32032119900101998X\n", "３２０３２１１９９００１０１９９８ｘ"]
        {
            assert_eq!(text.parse::<ResidentId>().unwrap().as_str(), "32032119900101998X");
        }
    }

    #[test]
    fn refuses_and_says_why() {
        for (text, want) in [
            ("", ResidentIdError::Empty),
            ("  ", ResidentIdError::Empty),
            ("320302900101999", ResidentIdError::FifteenDigits),
            ("32030219900101999", ResidentIdError::Length(17)),
            ("3203021990010199999", ResidentIdError::Length(19)),
            ("320302199002299996", ResidentIdError::BirthDate),
            ("320302184912319999", ResidentIdError::BirthDate),
            ("320302199001019990", ResidentIdError::CheckDigit),
            ("32030219900101999A", ResidentIdError::Character { position: 18, found: 'A' }),
            ("3203021990X1019999", ResidentIdError::Character { position: 11, found: 'X' }),
            ("020302199001019999", ResidentIdError::Character { position: 1, found: '0' }),
            ("三20302199001019999", ResidentIdError::Character { position: 1, found: '三' }),
        ] {
            let e = text.parse::<ResidentId>().unwrap_err();
            assert_eq!(e, want, "{text}");
            assert!(!e.zh().is_empty() && e.en() == e.to_string());
        }
    }

    #[test]
    fn the_future_is_refused_when_today_is_known() {
        let today: Date = "1989-12-31".parse().unwrap();
        assert_eq!(ResidentId::parse_on("320302199001019999", today), Err(ResidentIdError::BirthDate));
        assert!(ResidentId::parse_on("320302199001019999", "1990-01-01".parse().unwrap()).is_ok());
    }

    #[test]
    fn is_masked_for_display_and_in_logs() {
        let id: ResidentId = "320302199001019999".parse().unwrap();
        assert_eq!(id.masked(), "3203**********9999");
        assert_eq!(format!("{id:?}"), "ResidentId(3203**********9999)");
    }

    #[test]
    fn travels_as_text_and_is_checked_on_arrival() {
        let id: ResidentId = serde_json::from_str("\"32032119900101998x\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"32032119900101998X\"");
        assert!(serde_json::from_str::<ResidentId>("\"320302199001019990\"").is_err());
    }

    fn valid() -> impl Strategy<Value = String> {
        (1_u32..=9, 0_u32..=99_999, 1850_u32..=2999, 1_u32..=12, 1_u32..=28, 0_u32..=999).prop_map(
            |(a, area, y, m, d, n)| {
                let digits = format!("{a}{area:05}{y}{m:02}{d:02}{n:03}");
                format!("{digits}{}", check_digit(digits.as_bytes()) as char)
            },
        )
    }

    proptest! {
        #[test]
        fn every_number_with_its_check_digit_passes(id in valid()) {
            prop_assert_eq!(id.parse::<ResidentId>().unwrap().to_string(), id);
        }

        #[test]
        fn a_single_wrong_character_is_refused(id in valid(), at in 0_usize..18, to in prop::sample::select(&b"0123456789X"[..])) {
            let mut wrong = id.clone().into_bytes();
            prop_assume!(wrong[at] != to);
            wrong[at] = to;
            prop_assert!(String::from_utf8(wrong).unwrap().parse::<ResidentId>().is_err());
        }

        #[test]
        fn two_neighbours_swapped_are_refused(id in valid(), at in 0_usize..16) {
            let mut wrong = id.clone().into_bytes();
            prop_assume!(wrong[at] != wrong[at + 1]);
            wrong.swap(at, at + 1);
            prop_assert!(String::from_utf8(wrong).unwrap().parse::<ResidentId>().is_err());
        }

        #[test]
        fn no_text_panics(text in ".{0,24}") {
            let _ = text.parse::<ResidentId>();
        }
    }
}
