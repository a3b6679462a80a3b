//! Forms that say what is wrong beside each field and keep what was typed.

use super::{Error, Problem};
use crate::{Text, t};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// What a form holds and what is wrong with it.
///
/// Read the fields with the checking methods; each answers `None` after it noted why. Then show
/// the page again with the same `Form`, or go on when nothing was noted:
///
/// ```
/// # use yunlong_sdk::{Form, t};
/// # let mut form = Form::new().with("name", "  李  ").with("seats", "many");
/// let name = form.text("name", 1..=40);
/// let seats = form.number("seats", 1..=5);
/// let (Some(name), Some(seats)) = (name, seats) else {
///     assert_eq!(form.value("seats"), "many");
///     assert!(form.error("seats").is_some());
///     return; // show the form again, with status 422
/// };
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pairs: Vec<(String, String)>,
    errors: Vec<(String, Text)>,
}

impl Form {
    /// An empty form.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self { pairs, errors: Vec::new() }
    }

    /// Sets what a field holds: for the first showing of a form that edits something.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.pairs.push((name.to_owned(), value.into()));
        self
    }

    /// What the field holds, as typed; empty when it is absent.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.pairs.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// Every value of a field that may stand there several times, such as checkboxes.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All names and values, in the order of the body.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Whether a checkbox is ticked.
    #[must_use]
    pub fn checked(&self, name: &str) -> bool {
        self.pairs.iter().any(|(n, _)| n == name)
    }

    /// What is wrong with a field; the first that was noted.
    #[must_use]
    pub fn error(&self, name: &str) -> Option<&Text> {
        self.errors.iter().find(|(n, _)| n == name).map(|(_, e)| e)
    }

    /// Everything that is wrong, in the order in which it was noted.
    pub fn errors(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.errors.iter().map(|(n, e)| (n.as_str(), e))
    }

    /// Notes what is wrong with a field.
    pub fn reject(&mut self, name: &str, why: Text) {
        self.errors.push((name.to_owned(), why));
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// The errors as a problem (422), for an API that takes the same fields.
    ///
    /// # Errors
    /// The problem, when something is wrong.
    pub fn finish(&self) -> Result<(), Error> {
        if self.is_valid() {
            return Ok(());
        }
        let problem = Problem::invalid(t("请更正标出的各项", "Please correct the fields")).kind("invalid-fields");
        Err(self.errors.iter().fold(problem, |p, (name, why)| p.field(name, why.clone())).into())
    }

    /// Text without the spaces around it, of so many characters. A lower bound of 1 or more makes
    /// the field mandatory.
    pub fn text(&mut self, name: &str, characters: RangeInclusive<usize>) -> Option<String> {
        let value = self.value(name).trim().to_owned();
        let n = value.chars().count();
        if characters.contains(&n) {
            return Some(value);
        }
        let (min, max) = (characters.start(), characters.end());
        self.reject(
            name,
            match n {
                0 => t("请填写此项", "Fill this in"),
                n if n < *min => Text::new(format!("至少 {min} 个字符"), format!("At least {min} characters")),
                n => Text::new(
                    format!("最多 {max} 个字符，现在是 {n} 个"),
                    format!("At most {max} characters; there are {n}"),
                ),
            },
        );
        None
    }

    /// A whole number in a range.
    pub fn number(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.required(name)?;
        match value.parse::<i64>() {
            Ok(n) if range.contains(&n) => Some(n),
            _ => {
                let (min, max) = (range.start(), range.end());
                self.reject(
                    name,
                    Text::new(
                        format!("请填写 {min} 至 {max} 的整数"),
                        format!("Fill in a whole number from {min} to {max}"),
                    ),
                );
                None
            }
        }
    }

    /// One of the values that were offered.
    pub fn choice(&mut self, name: &str, offered: &[&str]) -> Option<String> {
        let value = self.required(name)?;
        if offered.contains(&value.as_str()) {
            return Some(value);
        }
        self.reject(name, t("请选择列出的一项", "Choose one of those listed"));
        None
    }

    /// Anything that can be parsed; `why` is shown when it cannot.
    pub fn parse<T: FromStr>(&mut self, name: &str, why: Text) -> Option<T> {
        let value = self.required(name)?;
        match value.parse() {
            Ok(v) => Some(v),
            Err(_) => {
                self.reject(name, why);
                None
            }
        }
    }

    /// Anything that a function accepts, such as a check digit; the error it answers is shown.
    pub fn check<T>(&mut self, name: &str, check: impl FnOnce(&str) -> Result<T, Text>) -> Option<T> {
        let value = self.required(name)?;
        check(&value).map_err(|why| self.reject(name, why)).ok()
    }

    fn required(&mut self, name: &str) -> Option<String> {
        let value = self.value(name).trim().to_owned();
        if value.is_empty() {
            self.reject(name, t("请填写此项", "Fill this in"));
            return None;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_was_typed_beside_the_reason() {
        let mut form =
            Form::new().with("name", "").with("age", "12x").with("note", "好".repeat(5)).with("kind", "other");
        assert_eq!(form.text("name", 1..=10), None);
        assert_eq!(form.number("age", 0..=150), None);
        assert_eq!(form.text("note", 0..=4), None);
        assert_eq!(form.choice("kind", &["adult", "child"]), None);
        assert_eq!(form.value("age"), "12x");
        assert_eq!(form.errors().map(|(n, _)| n).collect::<Vec<_>>(), ["name", "age", "note", "kind"]);
        assert_eq!(form.error("note").unwrap().en, "At most 4 characters; there are 5");
        assert!(matches!(form.finish(), Err(Error::Problem(_))));
    }

    #[test]
    fn counts_characters_and_not_bytes() {
        assert_eq!(Form::new().with("name", " 徐州 ").text("name", 1..=2).as_deref(), Some("徐州"));
    }

    #[test]
    fn an_optional_field_may_be_absent() {
        let mut form = Form::new();
        assert_eq!(form.text("note", 0..=10).as_deref(), Some(""));
        assert!(form.finish().is_ok());
    }
}
