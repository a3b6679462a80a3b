//! `yunlong guide`: pages of the book that this program's messages lead to, for whoever has the program alone.

use crate::CliError;
use crate::terminal::{lang, say, say_raw};
use clap::Args;
use yunlong_model::Lang;

/// `yunlong guide`.
#[derive(Args, Debug)]
pub struct Guide {
    /// The page; without it they are listed
    page: Option<String>,
}

/// Name, what it is about in Chinese and English, and the page as it stands in the book.
const PAGES: [(&str, &str, &str, &str); 6] = [
    ("quick-start", "快速开始", "from nothing to an app that serves", include_str!("../../../docs/quick-start.md")),
    ("dev", "边写边看", "`yunlong dev`", include_str!("../../../docs/dev.md")),
    ("testing", "测试应用：场景怎样写", "scenarios, invariants and faults", include_str!("../../../docs/testing.md")),
    ("replay", "重放失败的请求", "journals of failed requests", include_str!("../../../docs/replay.md")),
    ("troubleshooting", "出错时", "messages, and what to do", include_str!("../../../docs/troubleshooting.md")),
    (
        "configuration",
        "平台的配置文件",
        "the platform's configuration file",
        include_str!("../../../docs/configuration.md"),
    ),
];

/// The heading from which on a page is in English; before it, it is in Chinese.
const ENGLISH: &str = "\n## In English\n";

pub(crate) fn run(options: &Guide) -> Result<(), CliError> {
    let Some(wanted) = &options.page else {
        for (name, zh, en, _) in PAGES {
            say!("{name:<16} {}", lang().pick(zh, en))?;
        }
        return Ok(());
    };
    let found = PAGES.iter().find(|(name, ..)| name == wanted);
    let (.., page) = found.ok_or_else(|| {
        let names = PAGES.map(|(name, ..)| name).join(", ");
        CliError::told(
            (format!("没有“{wanted}”这一页"), format!("there is no page `{wanted}`")),
            (format!("有这些：{names}"), format!("there are: {names}")),
        )
    })?;
    say_raw!("{}", part(page, lang()))
}

/// The half of a page in a language; a page in one language is the same in both.
fn part(page: &str, lang: Lang) -> &str {
    match (page.split_once(ENGLISH), lang) {
        (Some((zh, _)), Lang::Zh) => zh,
        (Some((_, en)), Lang::En) => en.trim_start(),
        (None, _) => page,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_readable_without_the_book_in_both_languages() {
        for (name, .., page) in PAGES {
            assert!(!page.contains("{{#"), "{name} has parts that only the book puts in");
            for lang in [Lang::Zh, Lang::En] {
                assert!(part(page, lang).len() > 500, "{name}");
            }
        }
        let testing = PAGES.iter().find(|p| p.0 == "testing").unwrap().3;
        assert!(!part(testing, Lang::En).contains("测试应用") && part(testing, Lang::Zh).contains("场景"));
        let unknown = run(&Guide { page: Some("nowhere".into()) }).unwrap_err();
        assert!(unknown.next().contains("testing"), "{}", unknown.next());
    }
}
