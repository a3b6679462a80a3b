//! What can go wrong, for programs and, in two languages, for people.

use crate::accounts::Duty;
use crate::advisories::ImportInfo;
use crate::refusal::Refusal;
use crate::submission::ReviewError;
use std::fmt;
use yunlong_audit::AuditError;
use yunlong_model::{AppName, Digest, Text};
use yunlong_registry::TrustError;
use yunlong_store::{CommitError, StoreError};

/// Why the service did not do something. Nothing was written then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicationError {
    /// The package is refused.
    Refused(Box<Refusal>),
    /// The step of a review is not possible.
    Review(ReviewError),
    /// A key cannot be enrolled, replaced or revoked.
    Trust(TrustError),
    /// There is no such account.
    NoSuchAccount(String),
    /// The account lacks a duty.
    NotYourDuty {
        /// The account.
        account: String,
        /// The duty.
        duty: Duty,
    },
    /// What it is about belongs to another organization.
    NotYourOrganization,
    /// There is no such submission.
    NoSuchSubmission(u64),
    /// There is no such package.
    NoSuchPackage(Digest),
    /// There is no such app.
    NoSuchApp(String),
    /// The app is known, but not a version of it that was meant and may be installed.
    NotOffered {
        /// The app.
        app: AppName,
        /// The version that was asked for, or the newest one.
        version: semver::Version,
        /// Why it may not be installed; `None` when no such version was ever approved.
        why: Option<Box<Refusal>>,
        /// The versions that may be, the newest first.
        stand: Vec<semver::Version>,
    },
    /// The checks that ended are not the ones that were begun: another package, or the submission went on.
    StaleChecks(u64),
    /// Only what is approved is yanked.
    NotApproved(Digest),
    /// It was yanked before.
    YankedAlready(Digest),
    /// The city alone recalls.
    OnlyTheCity,
    /// Nothing is in doubt: the key of the version stands.
    NotInDoubt(Digest),
    /// Something that was given is wrong.
    Invalid {
        /// What.
        field: &'static str,
        /// What is wrong and what to do.
        problem: Text,
    },
    /// An import of advisories was overtaken: this one was begun later, and is in force.
    NewerImport(Box<ImportInfo>),
    /// The log has not taken in yet what the proof is about; it does within a second.
    NotYetInTheLog,
    /// Accounts cannot be looked up.
    Accounts(String),
    /// The audit could not write it down, so that it was not done.
    Audit(AuditError),
    /// The store refused the commit.
    Commit(CommitError),
    /// The store failed.
    Store(StoreError),
}

impl PublicationError {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        let (zh, en) = match self {
            Self::Refused(refusal) => return refusal.text(),
            Self::Review(e) => return e.text(),
            Self::Trust(e) => return trust_text(e),
            Self::NoSuchAccount(name) => (format!("没有账号“{name}”"), format!("there is no account `{name}`")),
            Self::NotYourDuty { account, duty } => (
                format!("“{account}”没有“{}”的职责", duty.title().zh),
                format!("`{account}` has not the duty to {}", duty.title().en),
            ),
            Self::NotYourOrganization => ("它属于另一个单位".into(), "it belongs to another organization".into()),
            Self::NoSuchSubmission(n) => (format!("没有第 {n} 号提交"), format!("there is no submission {n}")),
            Self::NoSuchPackage(d) => (format!("仓库中没有安装包 {d}"), format!("the registry does not know {d}")),
            Self::NoSuchApp(name) => (format!("没有应用“{name}”"), format!("there is no app `{name}`")),
            Self::NotOffered { app, version, why, stand } => {
                let list = |between| stand.iter().map(ToString::to_string).collect::<Vec<_>>().join(between);
                let Text { zh, en } = match why {
                    Some(why) => why.text(),
                    None => Text {
                        zh: format!("没有通过审核的版本 {version}"),
                        en: format!("no version {version} of it was ever approved"),
                    },
                };
                if stand.is_empty() {
                    (
                        format!("应用“{app}”：{zh}（目前没有其他可以安装的版本，请联系开发商）"),
                        format!("`{app}`: {en} (no other may be installed at the moment: ask its vendor)"),
                    )
                } else {
                    (
                        format!("应用“{app}”：{zh}。可以安装的版本：{}", list("、")),
                        format!("`{app}`: {en}. These may be installed: {}", list(", ")),
                    )
                }
            }
            Self::StaleChecks(n) => (
                format!("第 {n} 号提交已有变化，这次检查的结果不再有效：请重新检查"),
                format!("submission {n} went on meanwhile, and these results no longer count: check again"),
            ),
            Self::NotApproved(d) => (
                format!("{d} 没有通过审核，无须下架：请驳回或撤回"),
                format!("{d} is not approved, so that there is nothing to yank: reject or withdraw it"),
            ),
            Self::YankedAlready(d) => (format!("{d} 已经下架"), format!("{d} was yanked already")),
            Self::OnlyTheCity => ("只有城市可以召回".into(), "the city alone recalls a version".into()),
            Self::NotInDoubt(d) => {
                (format!("{d} 的签名密钥有效，无须决定"), format!("the key of {d} stands: there is nothing to decide"))
            }
            Self::Invalid { problem, .. } => return problem.clone(),
            Self::NewerImport(newer) => (
                format!(
                    "{} 的公告已有更晚开始的导入生效（来源 {}，由“{}”导入）：这一次没有生效，如仍需要请重新导入",
                    newer.ecosystem, newer.source, newer.by
                ),
                format!(
                    "an import of {} that was begun later is in force (from {}, by `{}`): this one is not; import it again if it is still wanted",
                    newer.ecosystem, newer.source, newer.by
                ),
            ),
            Self::NotYetInTheLog => (
                "日志还没有收录这条记录，请稍候再试".into(),
                "the log has not taken this in yet: try again in a second".into(),
            ),
            Self::Accounts(e) => (format!("无法查询账号：{e}"), format!("accounts cannot be looked up: {e}")),
            Self::Audit(e) => (format!("无法写入审计日志：{e}"), format!("the audit failed: {e}")),
            Self::Commit(e) => (format!("无法保存：{e}"), format!("it cannot be stored: {e}")),
            Self::Store(e) => (format!("存储失败：{e}"), format!("the store failed: {e}")),
        };
        Text { zh, en }
    }

    /// Whether the caller can do something about it; otherwise the platform has a problem.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        !matches!(self, Self::Accounts(_) | Self::Audit(_) | Self::Commit(_) | Self::Store(_))
    }
}

fn trust_text(e: &TrustError) -> Text {
    let zh = match e {
        TrustError::OtherOwner { key, owner } => format!("密钥 {key} 已为“{owner}”登记：一把密钥只有一个主人"),
        TrustError::Revoked(key) => format!("密钥 {key} 已吊销，不能再登记：请使用新的密钥"),
        TrustError::Unknown(key) => format!("没有登记密钥 {key}"),
        TrustError::Vendor => "开发商名称也是其仓库名：最多 100 个小写字母和数字，之间可用“-”“_”“.”".into(),
        TrustError::OtherOrganization { vendor, organization } => {
            format!("开发商名称“{vendor}”属于单位 {organization}：请换一个名称")
        }
        TrustError::NotEndorsed(key) => format!("旧密钥 {key} 没有为新密钥签名：请用旧密钥签署更换声明，或由城市更换"),
        TrustError::NotPossessed(key) => format!("新密钥 {key} 没有为自己签名：请同时用新密钥签署更换声明"),
        TrustError::SameKey => "新密钥与旧密钥相同".into(),
        TrustError::TooMany(vendor) => format!("“{vendor}”的密钥过多，不能再登记"),
    };
    Text { zh, en: e.to_string() }
}

impl fmt::Display for PublicationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        write!(f, "{} / {}", text.zh, text.en)
    }
}

impl std::error::Error for PublicationError {}

impl From<Refusal> for PublicationError {
    fn from(e: Refusal) -> Self {
        Self::Refused(Box::new(e))
    }
}

impl From<ReviewError> for PublicationError {
    fn from(e: ReviewError) -> Self {
        Self::Review(e)
    }
}

impl From<TrustError> for PublicationError {
    fn from(e: TrustError) -> Self {
        Self::Trust(e)
    }
}

impl From<AuditError> for PublicationError {
    fn from(e: AuditError) -> Self {
        match e {
            // What the store says of itself is told as that: a conflict runs the transaction again.
            AuditError::Commit(e) => e.into(),
            other => Self::Audit(other),
        }
    }
}

impl From<CommitError> for PublicationError {
    fn from(e: CommitError) -> Self {
        match e {
            CommitError::Store(e) => Self::Store(e),
            other => Self::Commit(other),
        }
    }
}

impl From<StoreError> for PublicationError {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}
