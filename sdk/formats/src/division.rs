//! Codes of administrative divisions: GB/T 2260 down to counties, GB/T 10114 below.

use crate::{Explain, explained, narrow, text_type};
use std::fmt;

/// The code of a division, in its normal form of 6 digits (province, city, county), 9 (town) or
/// 12 (village).
///
/// Two and four digits (`32`, `3203`) are read as `320000` and `320300`; trailing zeros that name
/// the level above (`320302003000`) fall away. Whether such a division exists, or existed at a
/// date, is for a table to say, not for the code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode(String);
text_type!(DivisionCode, DivisionError);

/// The level of a division.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Province, autonomous region, municipality (2 digits count).
    Province,
    /// Prefecture-level city (4 digits count).
    City,
    /// County, district, county-level city (6 digits).
    County,
    /// Town, township, subdistrict (9 digits).
    Town,
    /// Village, residents' committee (12 digits).
    Village,
}

/// Why a text is no division code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DivisionError {
    /// Nothing was typed.
    Empty,
    /// Not 2, 4, 6, 9 or 12 digits.
    Length(usize),
    /// Something other than a digit, at this place (counted from 1).
    Character {
        /// The place, from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// No province has this number: they run from 11 to 83.
    Province,
}

impl Explain for DivisionError {
    fn zh(&self) -> String {
        match self {
            Self::Empty => "请填写行政区划代码".into(),
            Self::Length(n) => format!("行政区划代码应为 2、4、6、9 或 12 位，现为 {n} 位：请补全或删去多余的数字"),
            Self::Character { position, found } => format!("第 {position} 位“{found}”不对：行政区划代码只有数字"),
            Self::Province => "没有这个省级代码：前两位应在 11 至 83 之间，徐州市的代码以 3203 开头".into(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Empty => "enter the division code".into(),
            Self::Length(n) => format!(
                "a division code has 2, 4, 6, 9 or 12 digits, this has {n}: add what is missing or remove what is too much"
            ),
            Self::Character { position, found } => {
                format!("character {position} is `{found}`: a division code holds digits only")
            }
            Self::Province => {
                "no province has this number: the first two digits are 11 to 83; codes of Xuzhou start with 3203".into()
            }
        }
    }
}
explained!(DivisionError);

impl DivisionCode {
    /// Checks and normalises a code.
    ///
    /// # Errors
    /// [`DivisionError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, DivisionError> {
        let mut code = narrow(text);
        let length = code.chars().count();
        if length == 0 {
            return Err(DivisionError::Empty);
        }
        if let Some((i, found)) = code.chars().enumerate().find(|(_, c)| !c.is_ascii_digit()) {
            return Err(DivisionError::Character { position: i + 1, found });
        }
        match length {
            2 => code.push_str("0000"),
            4 => code.push_str("00"),
            6 | 9 | 12 => {}
            n => return Err(DivisionError::Length(n)),
        }
        if !("11".."84").contains(&&code[..2]) {
            return Err(DivisionError::Province);
        }
        while code.len() > 6 && code.ends_with("000") {
            code.truncate(code.len() - 3);
        }
        Ok(Self(code))
    }

    /// The level.
    #[must_use]
    pub fn level(&self) -> Level {
        match self.0.len() {
            12 => Level::Village,
            9 => Level::Town,
            _ if self.0.ends_with("0000") => Level::Province,
            _ if self.0.ends_with("00") => Level::City,
            _ => Level::County,
        }
    }

    /// The division above; `None` for a province. A town that a city governs without a county
    /// between them (Dongguan) has the city above it.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let above = match self.level() {
            Level::Province => return None,
            Level::City => format!("{}0000", &self.0[..2]),
            Level::County => format!("{}00", &self.0[..4]),
            Level::Town => self.0[..6].to_owned(),
            Level::Village => self.0[..9].to_owned(),
        };
        // Zeros alone in the middle name the level above that.
        Self::parse(&above).ok()
    }

    /// The digits that count: 2, 4, 6, 9 or 12.
    #[must_use]
    pub fn significant(&self) -> &str {
        match self.level() {
            Level::Province => &self.0[..2],
            Level::City => &self.0[..4],
            _ => &self.0,
        }
    }

    /// Whether `other` lies in this division, or is it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(self.significant())
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(s: &str) -> DivisionCode {
        s.parse().unwrap()
    }

    #[test]
    fn accepts_the_ten_districts_and_the_statistical_one() {
        for c in [
            "320302", "320303", "320305", "320311", "320312", "320321", "320322", "320324", "320381", "320382",
            "320371",
        ] {
            assert_eq!(code(c).level(), Level::County);
            assert_eq!(code(c).parent(), Some(code("3203")));
        }
    }

    #[test]
    fn climbs_from_the_village_to_the_province() {
        let mut at = code("320302001001");
        let mut way = vec![(at.to_string(), at.level())];
        while let Some(up) = at.parent() {
            assert!(up.contains(&at) && !at.contains(&up));
            way.push((up.to_string(), up.level()));
            at = up;
        }
        let want = [
            ("320302001001", Level::Village),
            ("320302001", Level::Town),
            ("320302", Level::County),
            ("320300", Level::City),
            ("320000", Level::Province),
        ];
        assert_eq!(way, want.map(|(c, l)| (c.to_owned(), l)));
    }

    #[test]
    fn short_and_padded_forms_are_the_same_code() {
        assert_eq!(code("32"), code("320000"));
        assert_eq!(code("3203"), code("320300000000"));
        assert_eq!(code("320302003000"), code("320302003"));
        assert_eq!(code("3203").significant(), "3203");
    }

    #[test]
    fn a_city_without_counties_has_towns() {
        assert_eq!(code("441900003").parent(), Some(code("4419")));
    }

    #[test]
    fn refuses_and_says_why() {
        for (text, want) in [
            ("", DivisionError::Empty),
            ("320", DivisionError::Length(3)),
            ("3203021", DivisionError::Length(7)),
            ("32030a", DivisionError::Character { position: 6, found: 'a' }),
            ("00", DivisionError::Province),
            ("99", DivisionError::Province),
        ] {
            let e = text.parse::<DivisionCode>().unwrap_err();
            assert_eq!(e, want, "{text}");
            assert!(!e.zh().is_empty());
        }
    }

    proptest! {
        #[test]
        fn the_way_up_ends_at_a_province(digits in "[1-7][1-9]([0-9]{4}|[0-9]{7}|[0-9]{10})") {
            let mut at = code(&digits);
            for _ in 0..5 {
                match at.parent() {
                    Some(up) => {
                        prop_assert!(up.level() < at.level());
                        at = up;
                    }
                    None => break,
                }
            }
            prop_assert_eq!(at.level(), Level::Province);
        }

        #[test]
        fn no_text_panics(text in ".{0,16}") {
            let _ = text.parse::<DivisionCode>();
        }
    }
}
