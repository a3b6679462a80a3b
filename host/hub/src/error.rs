//! What can go wrong, for programs and, in two languages, for people.

use serde::{Deserialize, Serialize};
use yunlong_audit::AuditError;
use yunlong_formats::Explain;
use yunlong_identity::IdentityError;
use yunlong_messaging::MessagingError;
use yunlong_model::Text;
use yunlong_sealing::SealError;
use yunlong_store::{CommitError, StoreError};

/// What is wrong with one field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The item; `None` when it is the record as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong and what to do.
    pub reason: Text,
}

impl FieldError {
    pub(crate) fn new(field: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), reason: Text { zh: zh.into(), en: en.into() } }
    }

    pub(crate) fn explained(field: &str, why: &dyn Explain) -> Self {
        Self::new(field, why.zh(), why.en())
    }
}

/// Why the hub did not do something. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// Something that was given is refused.
    #[error("{field}: {}", .problem.en)]
    Invalid {
        /// What, such as `items.birth_date` or `valid_from`.
        field: String,
        /// What is wrong and what to do.
        problem: Text,
    },
    /// A record that its dataset does not allow.
    #[error("the record is refused: {}", .0.iter().map(|e| format!("{}: {}", e.field.as_deref().unwrap_or("-"), e.reason.en)).collect::<Vec<_>>().join("; "))]
    Record(Vec<FieldError>),
    /// The catalogue has no such dataset.
    #[error("there is no dataset `{0}` in the catalogue")]
    NoSuchDataset(String),
    /// The dataset has no such record.
    #[error("the dataset `{0}` has no such record")]
    NoSuchRecord(String),
    /// There is no such thing: an import, a correction.
    #[error("there is no {what} `{id}`")]
    Unknown {
        /// What kind of thing, such as `import`.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// Whoever asks may not.
    #[error("{}", .0.en)]
    Forbidden(Text),
    /// The same import, or the like, wrote this record on this day already.
    #[error("the record was written by the same import already, with other values")]
    Twice,
    /// What was to be changed has changed meanwhile.
    #[error("it was changed meanwhile: it stands at version {is} now, and the change is based on {based_on}")]
    Changed {
        /// The version as it is.
        is: u64,
        /// The version that the change is based on.
        based_on: u64,
    },
    /// A step that is not possible from where the matter stands.
    #[error("{step} is not possible while it is {state}; possible: {}", if .possible.is_empty() { "nothing more".to_owned() } else { .possible.join(", ") })]
    Transition {
        /// What was asked for.
        step: &'static str,
        /// Where it stands.
        state: &'static str,
        /// What is possible from there.
        possible: Vec<&'static str>,
    },
    /// The audit could not write it down, so that it was not done.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The identity service failed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A note or an event could not be staged.
    #[error(transparent)]
    Messaging(#[from] MessagingError),
    /// A record could not be sealed or opened.
    #[error("a record cannot be opened or sealed: {0}")]
    Sealed(#[from] SealError),
    /// The store refused the commit.
    #[error(transparent)]
    Commit(CommitError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for HubError {
    fn from(e: CommitError) -> Self {
        match e {
            CommitError::Store(e) => Self::Store(e),
            other => Self::Commit(other),
        }
    }
}

impl HubError {
    pub(crate) fn invalid(field: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), problem: Text { zh: zh.into(), en: en.into() } }
    }

    pub(crate) fn forbidden(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Forbidden(Text { zh: zh.into(), en: en.into() })
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        Text { zh: self.zh(), en: self.en() }
    }

    /// Whether the caller can do something about it; otherwise the platform has a problem.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        match self {
            Self::Audit(_) | Self::Sealed(_) | Self::Store(_) => false,
            Self::Commit(e) => matches!(e, CommitError::TooLarge(_)),
            Self::Identity(e) => !matches!(e, IdentityError::Store(_) | IdentityError::Commit(_)),
            Self::Messaging(e) => matches!(e, MessagingError::Invalid(_)),
            _ => true,
        }
    }
}

impl Explain for HubError {
    fn zh(&self) -> String {
        match self {
            Self::Invalid { field, problem } => format!("{field}：{}", problem.zh),
            Self::Record(errors) => {
                let one = |e: &FieldError| format!("{}：{}", e.field.as_deref().unwrap_or("记录"), e.reason.zh);
                errors.iter().map(one).collect::<Vec<_>>().join("；")
            }
            Self::NoSuchDataset(id) => format!("目录中没有数据集“{id}”"),
            Self::NoSuchRecord(id) => format!("数据集“{id}”中没有这条记录"),
            Self::Unknown { id, .. } => format!("没有找到“{id}”：请核对编号"),
            Self::Forbidden(text) => text.zh.clone(),
            Self::Twice => "同一次导入已写过这条记录，且内容不同".into(),
            Self::Changed { is, based_on } => {
                format!("内容已被他人修改（您依据的是第 {based_on} 版，现为第 {is} 版）：请刷新后重试")
            }
            Self::Transition { state, possible, .. } => {
                let possible = if possible.is_empty() {
                    "无".to_owned()
                } else {
                    possible.iter().map(|p| step_zh(p)).collect::<Vec<_>>().join("、")
                };
                format!("当前状态为“{}”，不能这样处理；可以：{possible}", state_zh(state))
            }
            Self::Identity(e) => e.zh(),
            Self::Messaging(MessagingError::Invalid(_)) => "消息内容不符合要求".into(),
            Self::Commit(CommitError::TooLarge(_)) => "一次提交的内容过多：请分批提交".into(),
            Self::Audit(_) | Self::Messaging(_) | Self::Sealed(_) | Self::Commit(_) | Self::Store(_) => {
                "系统暂时无法处理：请稍后再试".into()
            }
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Identity(e) => e.en(),
            Self::Commit(CommitError::TooLarge(_)) => "too much at once: send it in smaller parts".into(),
            e if !e.is_callers() => "the system cannot do this right now: try again later".into(),
            other => other.to_string(),
        }
    }
}

/// The Chinese words for states and steps of corrections and datasets; others as they are.
fn state_zh(state: &str) -> &str {
    match state {
        "draft" => "草稿",
        "published" => "已发布",
        "withdrawn" => "已撤回",
        "filed" => "已提出",
        "accepted" => "已受理",
        "approved" => "已批准",
        "narrowed" => "已部分批准",
        "refused" => "未批准",
        "corrected" => "已更正",
        "rejected" => "不予更正",
        "running" => "进行中",
        "finished" => "已结束",
        "abandoned" => "已放弃",
        other => other,
    }
}

fn step_zh(step: &str) -> &str {
    match step {
        "publish" => "发布",
        "withdraw" => "撤回",
        "edit" => "修改",
        "accept" => "受理",
        "approve" => "批准",
        "refuse" => "不予批准",
        "correct" => "更正",
        "reject" => "不予更正",
        other => other,
    }
}
