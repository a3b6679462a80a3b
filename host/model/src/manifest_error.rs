//! Why an `app.toml` is refused, in both languages.

use crate::Text;
use std::fmt;

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or a field that is unknown, absent or of the wrong type.
    #[error("app.toml: {}", .0.en)]
    Syntax(Text),
    /// A field with a value that cannot be.
    #[error("app.toml: {field}: {}", .problem.en)]
    Field {
        /// The path of the field, such as `collections[0].indexes[1].fields`.
        field: String,
        /// What is wrong and what to do.
        problem: Text,
    },
}

impl ManifestError {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Syntax(why) => format!("app.toml 无法解析：{}", why.zh),
            Self::Field { field, problem } => format!("app.toml 的字段“{field}”有误：{}", problem.zh),
        };
        Text { zh, en: self.to_string() }
    }
}

pub(crate) fn field(name: &str, zh: impl Into<String>, en: impl Into<String>) -> ManifestError {
    of_text(name, Text { zh: zh.into(), en: en.into() })
}

pub(crate) fn of_text(name: &str, problem: Text) -> ManifestError {
    ManifestError::Field { field: name.to_owned(), problem }
}

pub(crate) fn no_blank(name: &str, value: &str) -> Result<(), ManifestError> {
    if value.trim().is_empty() { Err(field(name, "不能为空", "must not be empty")) } else { Ok(()) }
}

pub(crate) fn out_of_range(name: &str, value: u32, min: u32, max: u32) -> ManifestError {
    field(name, format!("{value} 不在 {min} 至 {max} 之间"), format!("{value} is not in {min} to {max}"))
}

pub(crate) fn too_many(name: &str, most: usize) -> ManifestError {
    field(name, format!("最多 {most} 个"), format!("at most {most}"))
}

pub(crate) fn twice(name: &str) -> ManifestError {
    field(name, "重复出现", "stands there twice")
}

/// What the parser did not take.
pub(crate) fn syntax(text: &str, e: &toml::de::Error) -> ManifestError {
    let place = e.span().map(|span| Place::of(text, span.start));
    let at = place.map_or_else(String::new, |at| format!("{at}："));
    ManifestError::Syntax(Text { zh: format!("{at}{}", in_chinese(e.message())), en: e.to_string() })
}

/// A place in a text, counted from 1.
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第 {} 行第 {} 列", self.line, self.column)
    }
}

/// What serde says of a value, as far as its words are known; its own words stay where they name a value.
fn in_chinese(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    let named = |words: &str| message.strip_prefix(words)?.split('`').next();
    // "expected one of `a`, `b`", "expected `a` or `b`"
    let known = message.split_once("expected ").map_or_else(String::new, |(_, known)| {
        let known = known.trim_start_matches("one of ").replace(" or ", "、").replace(", ", "、");
        format!("，可用的是 {known}")
    });
    if let Some(field) = named("missing field `") {
        format!("缺少字段“{field}”")
    } else if let Some(field) = named("unknown field `") {
        format!("没有名为“{field}”的字段{known}")
    } else if let Some(value) = named("unknown variant `") {
        format!("不能取“{value}”这个值{known}")
    } else if let Some(field) = named("duplicate field `").or_else(|| named("duplicate key `")) {
        format!("字段“{field}”重复出现")
    } else if message.starts_with("invalid type") {
        format!("值的类型不对（{message}）")
    } else if let Some(name) = message.strip_prefix('`').filter(|m| m.contains("` is not a name")) {
        // A name's own error, which passes through serde as text.
        let name = name.split('`').next().unwrap_or_default();
        crate::NameError::Malformed(name.to_owned()).text().zh
    } else {
        format!("内容不符合 TOML 的写法或字段的要求（{message}）")
    }
}
