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
    if let Some(field) = named("missing field `") {
        format!("缺少字段“{field}”")
    } else if let Some(field) = named("unknown field `") {
        match message.split_once("expected ") {
            Some((_, known)) => format!("没有名为“{field}”的字段，可用的是 {}", known.trim_start_matches("one of ")),
            None => format!("没有名为“{field}”的字段"),
        }
    } else if let Some(value) = named("unknown variant `") {
        match message.split_once("expected ") {
            Some((_, known)) => format!("不能取“{value}”这个值，可用的是 {}", known.trim_start_matches("one of ")),
            None => format!("不能取“{value}”这个值"),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Manifest;

    fn refused(text: &str) -> Text {
        Manifest::parse(text).unwrap_err().text()
    }

    const MINIMAL: &str = "name = \"hello\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"你好\", en = \"Hello\" }\ndescription = { zh = \"问好\", en = \"Greets\" }\n";

    #[test]
    fn what_the_parser_refuses_is_told_in_chinese_with_its_place() {
        for (extra, zh) in [
            ("colour = 1", "第 6 行第 1 列：没有名为“colour”的字段"),
            ("counters = 1", "第 6 行第 12 列：值的类型不对"),
            ("[[publishes]]\nname = \"a\"\naudience = \"all\"", "不能取“all”这个值，可用的是 `own`"),
            ("x = [", "内容不符合 TOML 的写法"),
            ("[[roles]]\nname = \"clerk\"", "缺少字段“title”"),
        ] {
            let text = refused(&format!("{MINIMAL}{extra}"));
            assert!(text.zh.starts_with("app.toml 无法解析：") && text.zh.contains(zh), "{extra}: {}", text.zh);
            assert!(text.en.starts_with("app.toml: TOML parse error at line"), "{}", text.en);
        }
        let name = refused(&MINIMAL.replace("hello", "Hello"));
        assert!(name.zh.contains("“Hello”不能作为名称"), "{}", name.zh);
    }

    #[test]
    fn a_wrong_field_is_told_in_each_language_and_in_none_of_the_other() {
        for (extra, zh, en) in [
            ("counters = [\"a\", \"a\"]", "字段“counters[1]”有误：“a”重复出现", "counters[1]: `a` stands there twice"),
            ("[limits]\nmemory_mib = 0", "0 不在 1 至 256 之间", "0 is not in 1 to 256"),
            ("[assets]\ndir = \"../x\"", "必须是 app.toml 所在文件夹之下的文件夹", "must be a folder below"),
            ("outbound = [\"*.example.org\"]", "不是主机名", "is not a host"),
            ("[[consumes]]\ntopic = \"a.b\"", "应用订阅了自己的主题", "consumes its own topic"),
            (
                "[[collections]]\nname = \"c\"\n[[collections.indexes]]\nname = \"id\"\nfields = [\"x\"]",
                "请换一个名称",
                "choose another name",
            ),
            ("[config]\ntype = \"object\"\n[config.properties.a]\n\"$ref\" = \"#/x\"", "无处可寻", "leads nowhere"),
            ("[[consumes]]\ntopic = \"a.b\"\nfrom = \"console\"", "由平台保留", "is reserved"),
        ] {
            let text = refused(&format!("{MINIMAL}{extra}"));
            assert!(text.zh.contains(zh), "{extra}: {}", text.zh);
            assert!(text.en.contains(en), "{extra}: {}", text.en);
            for english in [" is ", " the ", "must", "name ", "at most"] {
                assert!(!text.zh.contains(english), "{english} in {}", text.zh);
            }
            assert!(text.en.chars().all(|c| c.is_ascii()), "{}", text.en);
        }
    }
}
