//! What people typed, checked: each mistake with its place and its words.

use crate::domain::sensor;
use yunlong_formats::{DivisionCode, Explain, Uscc};
use yunlong_sdk::{Text, t};

/// A mistake in one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// A JSON Pointer (RFC 6901) into what was sent.
    pub pointer: String,
    /// What is wrong and what to do.
    pub text: Text,
}

impl FieldError {
    /// A mistake at a place.
    #[must_use]
    pub fn new(pointer: impl Into<String>, text: Text) -> Self {
        Self { pointer: pointer.into(), text }
    }
}

/// The most of a quantity: a thousand million tonnes in kilograms, which any program reads exactly.
pub const MAX_QUANTITY: u64 = sensor::MAX_QUANTITY;
/// The most fen: ten thousand million yuan.
pub const MAX_FEN: u64 = 1_000_000_000_000;

/// Gathers mistakes, so that all are told at once.
#[derive(Debug, Default)]
pub struct Check(Vec<FieldError>);

impl Check {
    /// Nothing is wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a mistake.
    pub fn wrong(&mut self, pointer: &str, text: Text) {
        self.0.push(FieldError::new(pointer, text));
    }

    /// A text of 1 to `max` characters without control characters.
    pub fn text(&mut self, pointer: &str, value: &str, max: usize) -> String {
        let value = value.trim();
        let n = value.chars().count();
        if n == 0 {
            self.wrong(pointer, t("请填写", "Fill this in"));
        } else if n > max {
            self.wrong(pointer, Text::new(format!("最多 {max} 个字"), format!("At most {max} characters")));
        } else if value.chars().any(char::is_control) {
            self.wrong(pointer, t("不能含有控制字符", "No control characters"));
        }
        value.to_owned()
    }

    /// A code of goods, or the like: 1 to 40 of a-z, 0-9 and `-`.
    pub fn code(&mut self, pointer: &str, value: &str) -> String {
        let value = value.trim();
        let ok = (1..=40).contains(&value.len())
            && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !ok {
            self.wrong(pointer, t("请用 1 至 40 个小写字母、数字和“-”", "Use 1 to 40 of a-z, 0-9 and `-`"));
        }
        value.to_owned()
    }

    /// A unified social credit code, with its check digits.
    pub fn uscc(&mut self, pointer: &str, value: &str) -> String {
        match value.parse::<Uscc>() {
            Ok(code) => code.as_str().to_owned(),
            Err(e) => {
                self.wrong(pointer, Text::new(e.zh(), e.en()));
                value.to_owned()
            }
        }
    }

    /// An organization: a USCC, or a division's code.
    pub fn organization(&mut self, pointer: &str, value: &str) -> String {
        let value = value.trim();
        if value.len() == 18 {
            return self.uscc(pointer, value);
        }
        self.division(pointer, value)
    }

    /// A division's code.
    pub fn division(&mut self, pointer: &str, value: &str) -> String {
        match value.parse::<DivisionCode>() {
            Ok(code) => code.as_str().to_owned(),
            Err(e) => {
                self.wrong(pointer, Text::new(e.zh(), e.en()));
                value.to_owned()
            }
        }
    }

    /// A quantity of more than nothing.
    pub fn quantity(&mut self, pointer: &str, value: u64) -> u64 {
        if !(1..=MAX_QUANTITY).contains(&value) {
            self.wrong(pointer, t("数量应大于 0 且不超过上限", "A quantity is more than 0 and within the limit"));
        }
        value
    }

    /// An amount of money of more than nothing.
    pub fn fen(&mut self, pointer: &str, value: u64) -> u64 {
        if !(1..=MAX_FEN).contains(&value) {
            self.wrong(
                pointer,
                t("金额应大于 0 且不超过 100 亿元", "An amount is more than 0 and at most ten thousand million yuan"),
            );
        }
        value
    }

    /// # Errors
    /// Every mistake that was noted.
    pub fn done(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_told_at_once_and_in_both_languages() {
        let mut check = Check::new();
        check.text("/name", " ", 10);
        check.text("/long", "云云云", 2);
        check.text("/bell", "a\u{7}", 9);
        check.code("/goods", "Coal");
        check.uscc("/owner", "91320300MA000TX14H");
        check.division("/division", "999");
        check.quantity("/quantity", 0);
        check.fen("/amount", MAX_FEN + 1);
        let wrong = check.done().unwrap_err();
        let pointers: Vec<_> = wrong.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/long", "/bell", "/goods", "/owner", "/division", "/quantity", "/amount"]);
        assert!(wrong.iter().all(|e| !e.text.zh.is_empty() && !e.text.en.is_empty()));
    }

    #[test]
    fn what_is_right_comes_back_in_its_normal_form() {
        let mut check = Check::new();
        assert_eq!(check.uscc("/a", " 91320300ma000tx14g "), "91320300MA000TX14G");
        assert_eq!(check.organization("/b", "320300"), "320300");
        assert_eq!(check.text("/c", " 仓 ", 5), "仓");
        assert_eq!(check.done(), Ok(()));
    }
}
