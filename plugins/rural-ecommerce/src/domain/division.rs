//! The table of divisions: city, counties, towns and villages, each with the days from and to which
//! it is in force.
//!
//! The names and codes are those of the national table of June 2023; what changed since is a
//! [`Change`] that the department records. Codes are GB/T 2260 down to counties and 12 digits for
//! villages, so that a division lies in those whose code its own begins with.

use super::explain::{Explain, FieldError};
use super::time::{Date, Month};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use yunlong_sdk::{Text, t};

/// The city's code.
pub const CITY: &str = "320300";
/// The city's name.
pub const CITY_NAME: &str = "徐州市";
/// Counties by 6 digits, towns by the 3 that follow and a blank before, villages by 3 more and two blanks.
const TABLE: &str = include_str!("../../data/divisions.txt");

/// The level of a division.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The city.
    City,
    /// A county or a district.
    County,
    /// A town or a subdistrict.
    Town,
    /// A village or a residents' committee.
    Village,
}

impl Level {
    /// The level of a code, by its length; `None` when it is none of this city.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        let known = code.starts_with("3203") && code.bytes().all(|b| b.is_ascii_digit());
        match code.len() {
            _ if !known => None,
            6 if code == CITY => Some(Self::City),
            6 => Some(Self::County),
            9 => Some(Self::Town),
            12 => Some(Self::Village),
            _ => None,
        }
    }

    /// As people read it.
    #[must_use]
    pub fn name(self) -> Text {
        match self {
            Self::City => t("市", "city"),
            Self::County => t("县（市、区）", "county"),
            Self::Town => t("镇（街道）", "town"),
            Self::Village => t("村（社区）", "village"),
        }
    }
}

/// The codes of a division and of those that it lies in, from the village up to the city.
#[must_use]
pub fn line(code: &str) -> Vec<&str> {
    let ends: &[usize] = match Level::of(code) {
        Some(Level::Village) => &[12, 9, 6],
        Some(Level::Town) => &[9, 6],
        Some(Level::County) => &[6],
        _ => &[],
    };
    ends.iter().filter_map(|n| code.get(..*n)).chain([CITY]).collect()
}

/// A division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: Cow<'static, str>,
    /// The first day on which it is in force; absent when that is before the table.
    pub from: Option<Date>,
    /// The last day; absent while it is in force.
    pub to: Option<Date>,
    /// What it became, if it is no more.
    pub became: Option<String>,
}

impl Row {
    /// Whether it is in force on a day.
    #[must_use]
    pub fn on(&self, day: Date) -> bool {
        self.from.is_none_or(|f| f <= day) && self.to.is_none_or(|t| day <= t)
    }

    /// Whether it is in force on any day from one to another.
    #[must_use]
    pub fn within(&self, first: Date, last: Date) -> bool {
        self.from.is_none_or(|f| f <= last) && self.to.is_none_or(|t| first <= t)
    }
}

/// A village that is no more: it went into another, or has another code or name from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The day and the old code: in the order of time.
    pub id: String,
    /// The village's code until then.
    pub village: String,
    /// Its code from then on: another village's for a merger, a new one for a change of code.
    pub into: String,
    /// The name from then on, for a code that is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The first day of the new state.
    pub on: Date,
    /// The manager's subject.
    pub by: String,
    /// When it was recorded: milliseconds of UTC.
    pub at: i64,
}

/// A place that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DivisionError {
    /// There is no such village.
    #[error("there is no village {0}")]
    Unknown(String),
    /// It was dissolved, and what it became is not known either.
    #[error("the village {code} was dissolved on {on}")]
    Dissolved {
        /// The village.
        code: String,
        /// The first day without it.
        on: Date,
    },
}

impl Explain for DivisionError {
    fn kind(&self) -> &'static str {
        "unknown-village"
    }

    fn title(&self) -> Text {
        t("没有这个村或社区", "There is no such village")
    }

    fn detail(&self) -> Text {
        match self {
            Self::Unknown(code) => Text::new(
                format!("代码 {code} 不是徐州市的村或社区，请从列表中选择。"),
                format!("{code} is no village of Xuzhou. Choose one of the list."),
            ),
            Self::Dissolved { code, on } => Text::new(
                format!("{code} 自 {on} 起已撤并，请选择现行的村或社区。"),
                format!("{code} was dissolved on {on}. Choose a village in force."),
            ),
        }
    }
}

/// Every division with its days.
#[derive(Clone, Debug)]
pub struct Table {
    /// By code. A code that is used again after it was dissolved is refused, so there is one row each.
    rows: Cow<'static, BTreeMap<String, Row>>,
}

impl Table {
    /// The national table with these changes, in the order of their days.
    #[must_use]
    pub fn with(changes: &[Change]) -> Self {
        let mut table = Self { rows: Cow::Borrowed(&BASE) };
        let mut changes: Vec<&Change> = changes.iter().collect();
        changes.sort_by(|a, b| a.on.cmp(&b.on).then_with(|| a.id.cmp(&b.id)));
        for c in changes {
            table.apply(c);
        }
        table
    }

    fn apply(&mut self, c: &Change) {
        let rows = self.rows.to_mut();
        if let Some(old) = rows.get_mut(&c.village) {
            old.to = Some(c.on.plus(-1));
            old.became = Some(c.into.clone());
        }
        if !rows.contains_key(&c.into) {
            let name = c.name.clone().unwrap_or_else(|| c.into.clone()).into();
            let row = Row { code: c.into.clone(), name, from: Some(c.on), to: None, became: None };
            rows.insert(c.into.clone(), row);
        }
    }

    /// Whether a change can be recorded: the village is in force on the day before, and what it becomes
    /// is either in force or new, a village's code in a known town.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub fn check(&self, c: &Change) -> Result<(), Vec<FieldError>> {
        let mut wrong = Vec::new();
        let mut refuse = |at: &str, zh: &'static str, en: &'static str| wrong.push(FieldError::new(at, t(zh, en)));
        match self.rows.get(&c.village) {
            Some(row) if Level::of(&c.village) == Some(Level::Village) && row.to.is_none() => {
                if row.from.is_some_and(|f| f >= c.on) {
                    refuse("/on", "生效日期须晚于该村设立日期", "The day must be after the village's first");
                }
            }
            _ => refuse("/village", "请选择一个现行的村或社区", "Choose a village in force"),
        }
        if c.into == c.village {
            refuse("/into", "新代码与原代码相同", "The new code is the old one");
        }
        match self.rows.get(&c.into) {
            Some(row) if row.to.is_some() => {
                refuse("/into", "该村已撤并，不能并入", "That village was dissolved itself");
            }
            Some(_) if Level::of(&c.into) == Some(Level::Village) => {}
            _ => {
                let town = c.into.get(..9).is_some_and(|t| self.rows.contains_key(t));
                if Level::of(&c.into) != Some(Level::Village) || !town {
                    refuse(
                        "/into",
                        "新代码应为 12 位，前 9 位是现有的镇或街道",
                        "A new code has 12 digits, the first 9 of an existing town",
                    );
                }
                if c.name.as_deref().is_none_or(|n| n.trim().is_empty() || n.chars().count() > 40) {
                    refuse("/name", "请填写新名称，最多 40 个字", "Enter the new name, at most 40 characters");
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// A division, in force or not.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Row> {
        self.rows.get(code)
    }

    /// A division's name; the code where it is unknown.
    #[must_use]
    pub fn name<'a>(&'a self, code: &'a str) -> &'a str {
        self.rows.get(code).map_or(code, |r| &r.name)
    }

    /// The names from the city down to a division, as an address begins.
    #[must_use]
    pub fn address(&self, code: &str) -> String {
        line(code).iter().rev().map(|c| self.name(c)).collect()
    }

    /// The village that stands for this code on a day: itself, or what it became.
    ///
    /// # Errors
    /// [`DivisionError`].
    pub fn village(&self, code: &str, day: Date) -> Result<&Row, DivisionError> {
        let unknown = || DivisionError::Unknown(code.to_owned());
        let mut row = self.rows.get(code).filter(|r| Level::of(&r.code) == Some(Level::Village)).ok_or_else(unknown)?;
        // A chain of changes has an end: each goes on in time.
        for _ in 0..self.rows.len() {
            match (row.to, &row.became) {
                (Some(to), Some(next)) if to < day => row = self.rows.get(next).ok_or_else(unknown)?,
                (Some(to), None) if to < day => {
                    return Err(DivisionError::Dissolved { code: code.to_owned(), on: to.plus(1) });
                }
                _ => break,
            }
        }
        Ok(row)
    }

    /// The divisions right below one, in force or not, by code.
    pub fn lower<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Row> {
        let below = match Level::of(code) {
            Some(Level::City) => Some(6),
            Some(Level::County) => Some(9),
            Some(Level::Town) => Some(12),
            _ => None,
        };
        let prefix = if code == CITY { "3203" } else { code };
        let within = self.rows.range(prefix.to_owned()..).take_while(move |(c, _)| c.starts_with(prefix));
        within.map(|(_, r)| r).filter(move |r| Some(r.code.len()) == below && r.code != CITY)
    }

    /// Those of them that are in force on any day of a span.
    pub fn children<'a>(&'a self, code: &'a str, first: Date, last: Date) -> impl Iterator<Item = &'a Row> {
        self.lower(code).filter(move |r| r.within(first, last))
    }

    /// The villages within a division that are in force at the end of a month.
    pub fn villages<'a>(&'a self, code: &'a str, month: Month) -> impl Iterator<Item = &'a Row> {
        let prefix = if code == CITY { "3203" } else { code };
        let all = self.rows.range(prefix.to_owned()..).take_while(move |(c, _)| c.starts_with(prefix));
        all.map(|(_, r)| r).filter(move |r| r.code.len() == 12 && r.on(month.last()))
    }
}

/// The national table, read once.
static BASE: LazyLock<BTreeMap<String, Row>> = LazyLock::new(base);

fn base() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let mut add = |code: String, name: &'static str| {
        rows.insert(code.clone(), Row { code, name: Cow::Borrowed(name), from: None, to: None, became: None });
    };
    add(CITY.to_owned(), CITY_NAME);
    let (mut county, mut town) = ("", String::new());
    for line in TABLE.lines() {
        let text = line.trim_start();
        let digits = if line.starts_with(' ') { 3 } else { 6 };
        let (Some(code), Some(name)) = (text.get(..digits), text.get(digits..)) else { continue };
        match line.len() - text.len() {
            0 => {
                county = code;
                add(code.to_owned(), name);
            }
            1 => {
                town = format!("{county}{code}");
                add(town.clone(), name);
            }
            _ => add(format!("{town}{code}"), name),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(village: &str, into: &str, name: Option<&str>, on: &str) -> Change {
        Change {
            id: format!("{on}/{village}"),
            village: village.into(),
            into: into.into(),
            name: name.map(Into::into),
            on: on.parse().unwrap(),
            by: "boss".into(),
            at: 0,
        }
    }

    fn day(s: &str) -> Date {
        s.parse().unwrap()
    }

    #[test]
    fn the_table_has_eleven_counties_186_towns_and_2812_villages() {
        let table = Table::with(&[]);
        let of = |n| table.rows.keys().filter(|c| c.len() == n).count();
        assert_eq!((of(6), of(9), of(12)), (12, 186, 2_812));
        assert_eq!(table.address("320324109002"), "徐州市睢宁县沙集镇东风社区居委会");
        assert_eq!(table.villages(CITY, "2026-11".parse().unwrap()).count(), 2_812);
        for code in table.rows.keys() {
            assert!(line(code).iter().all(|c| table.rows.contains_key(*c)), "{code}");
        }
    }

    #[test]
    fn a_village_that_merges_is_counted_under_its_old_code_before_and_the_new_one_after() {
        let merger = change("320324109003", "320324109002", None, "2026-07-01");
        let table = Table::with(std::slice::from_ref(&merger));
        assert_eq!(table.village("320324109003", day("2026-06-30")).unwrap().code, "320324109003");
        assert_eq!(table.village("320324109003", day("2026-07-01")).unwrap().code, "320324109002");
        let villages = |m: &str| table.villages("320324109", m.parse().unwrap()).count();
        assert_eq!(villages("2026-06"), villages("2026-07") + 1);
        let year = table.children("320324109", day("2026-01-01"), day("2026-12-31")).count();
        assert_eq!(year, villages("2026-06"), "the year's table shows both");
    }

    #[test]
    fn a_code_that_changes_twice_leads_to_the_last() {
        let changes = [
            change("320324109002", "320324109302", Some("东风村"), "2026-03-01"),
            change("320324109302", "320324109402", Some("新东风村"), "2026-09-01"),
        ];
        let table = Table::with(&changes);
        let at = |d: &str| table.village("320324109002", day(d)).unwrap().code.clone();
        assert_eq!(
            [at("2026-02-28"), at("2026-03-01"), at("2026-09-01")],
            ["320324109002", "320324109302", "320324109402"].map(String::from)
        );
    }

    #[test]
    fn a_change_that_makes_no_sense_is_refused_field_by_field() {
        let table = Table::with(&[change("320324109003", "320324109002", None, "2026-07-01")]);
        let wrong = |c: Change| {
            table.check(&c).err().unwrap_or_default().into_iter().map(|f| f.pointer).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(wrong(change("320324109004", "320324109002", None, "2026-08-01")), "");
        assert_eq!(wrong(change("320324109003", "320324109002", None, "2026-08-01")), "/village", "dissolved already");
        assert_eq!(wrong(change("320324109004", "320324109003", None, "2026-08-01")), "/into");
        assert_eq!(wrong(change("320324109004", "320324109004", None, "2026-08-01")), "/into");
        assert_eq!(wrong(change("320324109004", "320324109999", None, "2026-08-01")), "/name");
        assert_eq!(wrong(change("320324109004", "320399109999", Some("x"), "2026-08-01")), "/into");
        assert_eq!(wrong(change("320324109", "320324109002", None, "2026-08-01")), "/village");
    }
}
