//! Why something became of a release, as data: what happened and its figures. Words are made where it is shown, in the
//! reader's language.

use serde::{Deserialize, Serialize};
use yunlong_model::Text;

/// Why something became of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Why {
    /// A person's reason, in their own words.
    Said {
        /// The words.
        words: String,
    },
    /// It was refused, or failed: by the app, the compiler, the registry, the store.
    Refused {
        /// What that one says.
        says: Text,
    },
    /// Its calls failed more often than those of the version before.
    Errors {
        /// Calls that failed.
        failed: u64,
        /// Of so many.
        of: u64,
        /// Calls of the version before that failed.
        failed_before: u64,
        /// Of so many.
        of_before: u64,
    },
    /// Its requests hang: so many have waited for their answers for longer than this.
    Hangs {
        /// Requests under way.
        waiting: u64,
        /// The time in milliseconds.
        longer_than_ms: u64,
    },
    /// It said that it is not well, twice in a row.
    Ill,
    /// It serves a share of the people.
    Share {
        /// Of a hundred.
        percent: u8,
    },
    /// All data is of this shape.
    Schema {
        /// The shape.
        schema: u32,
    },
    /// The data could not be brought to another shape.
    Migration {
        /// The shape that it has.
        from: u32,
        /// The shape that it should have.
        to: u32,
        /// Why not.
        why: Box<Why>,
    },
    /// A version could not take charge again.
    CannotServe {
        /// The version.
        version: semver::Version,
        /// Why not.
        why: Box<Why>,
    },
    /// Something, and then another version could not take charge again either.
    NorCan {
        /// What was before.
        first: Box<Why>,
        /// The version.
        version: semver::Version,
        /// Why it could not.
        why: Box<Why>,
    },
    /// Something that calls for the version before, which could not come back by itself.
    Stuck {
        /// What calls for it.
        first: Box<Why>,
        /// Why it could not.
        why: Box<Why>,
    },
}

impl Why {
    /// A person's reason, if they gave one.
    #[must_use]
    pub fn said(words: &str) -> Option<Self> {
        let words = words.trim();
        (!words.is_empty()).then(|| Self::Said { words: words.to_owned() })
    }

    /// What people read.
    #[must_use]
    pub fn text(&self) -> Text {
        let (zh, en) = match self {
            Self::Said { words } => (words.clone(), words.clone()),
            Self::Refused { says } => return says.clone(),
            Self::Errors { failed, of, failed_before, of_before } => (
                format!("最近 {of} 次调用中有 {failed} 次失败；上一版本的 {of_before} 次中有 {failed_before} 次"),
                format!(
                    "{failed} of its last {of} calls failed; of the version before it were {failed_before} of {of_before}"
                ),
            ),
            Self::Hangs { waiting, longer_than_ms } => {
                // A tenth of a second is what a person can tell.
                let seconds = format!("{}.{}", longer_than_ms / 1_000, longer_than_ms % 1_000 / 100);
                (
                    format!("{waiting} 个请求超过 {seconds} 秒没有得到应答"),
                    format!("{waiting} requests have waited for an answer for more than {seconds} seconds"),
                )
            }
            Self::Ill => ("连续两次健康检查都报告异常".into(), "it says that it is not well, twice in a row".into()),
            Self::Share { percent } => (format!("约 {percent}% 的市民"), format!("{percent} % of the people")),
            Self::Schema { schema } => (format!("数据结构 {schema}"), format!("schema {schema}")),
            Self::Migration { from, to, why } => {
                let Text { zh, en } = why.text();
                (
                    format!("数据从结构 {from} 到 {to} 的迁移未成功：{zh}"),
                    format!("the migration from schema {from} to {to} failed: {en}"),
                )
            }
            Self::CannotServe { version, why } => {
                let Text { zh, en } = why.text();
                (format!("版本 {version} 无法恢复服务：{zh}"), format!("version {version} cannot serve again: {en}"))
            }
            Self::NorCan { first, version, why } => {
                let (first, why) = (first.text(), why.text());
                (
                    format!("{}；版本 {version} 也无法恢复：{}", first.zh, why.zh),
                    format!("{}; nor can version {version}: {}", first.en, why.en),
                )
            }
            Self::Stuck { first, why } => {
                let (first, why) = (first.text(), why.text());
                (
                    format!("{}。不能自动退回：{}", first.zh, why.zh),
                    format!("{}. It cannot go back by itself: {}", first.en, why.en),
                )
            }
        };
        Text { zh, en }
    }
}

/// The English words, for the logs of operators; nothing where nothing was said.
pub(crate) fn english(why: Option<&Why>) -> String {
    why.map(|w| w.text().en).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_comes_back_and_is_told_in_either_language() {
        let refused = Why::Refused { says: Text { zh: "缺票纸".into(), en: "out of paper".into() } };
        let version = || "1.0.0".parse().unwrap();
        let cannot = Why::CannotServe { version: version(), why: Box::new(refused.clone()) };
        for (why, zh, en) in [
            (Why::said(" the gate ").unwrap(), "the gate", "the gate"),
            (Why::Errors { failed: 3, of: 9, failed_before: 0, of_before: 8 }, "9 次调用中有 3 次", "3 of its last 9"),
            (Why::Hangs { waiting: 5, longer_than_ms: 3_200 }, "5 个请求超过 3.2 秒", "5 requests have waited"),
            (Why::Ill, "健康检查", "not well"),
            (Why::Share { percent: 10 }, "10%", "10 %"),
            (Why::Schema { schema: 2 }, "数据结构 2", "schema 2"),
            (
                Why::Migration { from: 1, to: 2, why: Box::new(refused.clone()) },
                "未成功：缺票纸",
                "failed: out of paper",
            ),
            (cannot.clone(), "无法恢复服务：缺票纸", "cannot serve again: out of paper"),
            (
                Why::NorCan { first: Box::new(cannot.clone()), version: version(), why: Box::new(Why::Ill) },
                "也无法恢复：连续两次",
                "nor can version 1.0.0: it says",
            ),
            (
                Why::Stuck { first: Box::new(Why::Ill), why: Box::new(refused) },
                "不能自动退回：缺票纸",
                "cannot go back by itself: out of paper",
            ),
        ] {
            let kept: Why = serde_json::from_str(&serde_json::to_string(&why).unwrap()).unwrap();
            assert_eq!(kept, why);
            let told = kept.text();
            assert!(told.zh.contains(zh) && told.en.contains(en), "{told:?}");
        }
        assert_eq!(Why::said(" "), None);
    }
}
