//! What can go wrong, for programs and, in two languages, for people.

use std::time::Duration;
use yunlong_audit::AuditError;
use yunlong_formats::Explain;
use yunlong_model::{Text, Timestamp};
use yunlong_store::{CommitError, StoreError};

/// Why a request to the service failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A field that is refused, with the reason.
    #[error("{field}: {}", .problem.en)]
    Invalid {
        /// The field, such as `name` or `line 7, code`.
        field: String,
        /// What is wrong and what to do.
        problem: Text,
    },
    /// An account of this name exists.
    #[error("the account name `{0}` is taken: choose another")]
    NameTaken(String),
    /// Another account has this resident ID.
    #[error("another account has this resident ID: sign in with that account")]
    ResidentIdTaken,
    /// There is no such account.
    #[error("there is no account `{0}`")]
    NoSuchAccount(String),
    /// There is no such organization.
    #[error("there is no organization with the code `{0}`")]
    NoSuchOrganization(String),
    /// Another account signs in with this subject of the provider.
    #[error("another account is linked to this identity: sign in with that account")]
    ExternalTaken,
    /// There is no such mandate, or it is not this person's, or it has ended.
    #[error("there is no such mandate: it may have ended or been revoked")]
    NoSuchMandate,
    /// The machine gave no random bytes, or hashing failed.
    #[error("cryptography failed: {0}")]
    Crypto(String),
    /// The audit did not take what was to be told.
    #[error(transparent)]
    Audit(AuditError),
    /// The store refused the commit.
    #[error(transparent)]
    Commit(CommitError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for IdentityError {
    fn from(e: CommitError) -> Self {
        match e {
            CommitError::Store(e) => Self::Store(e),
            other => Self::Commit(other),
        }
    }
}

impl From<AuditError> for IdentityError {
    fn from(e: AuditError) -> Self {
        match e {
            AuditError::Commit(e) => e.into(),
            other => Self::Audit(other),
        }
    }
}

impl IdentityError {
    pub(crate) fn invalid(field: &str, zh: &str, en: &str) -> Self {
        Self::Invalid { field: field.to_owned(), problem: Text { zh: zh.to_owned(), en: en.to_owned() } }
    }

    /// The same, of a field of another name.
    pub(crate) fn at(self, name: &str) -> Self {
        match self {
            Self::Invalid { problem, .. } => Self::Invalid { field: name.to_owned(), problem },
            other => other,
        }
    }

    pub(crate) fn refused(field: &str, why: &dyn Explain) -> Self {
        Self::invalid(field, &why.zh(), &why.en())
    }
}

impl Explain for IdentityError {
    fn zh(&self) -> String {
        match self {
            Self::Invalid { problem, .. } => problem.zh.clone(),
            Self::NameTaken(name) => format!("账号名“{name}”已被使用：请换一个"),
            Self::ResidentIdTaken => "该身份号码已有账号：请用原账号登录".into(),
            Self::ExternalTaken => "该外部身份已关联其他账号：请用那个账号登录".into(),
            Self::NoSuchMandate => "没有这项委托：可能已到期或被撤销".into(),
            Self::NoSuchAccount(name) => format!("没有账号“{name}”"),
            Self::NoSuchOrganization(code) => format!("没有代码为“{code}”的组织"),
            Self::Crypto(_) | Self::Audit(_) | Self::Commit(_) | Self::Store(_) => {
                "系统暂时无法处理：请稍后再试".into()
            }
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Crypto(_) | Self::Audit(_) | Self::Commit(_) | Self::Store(_) => {
                "the system cannot do this right now: try again later".into()
            }
            other => other.to_string(),
        }
    }
}

/// Why nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// No such account, or not its password; which of them is not told.
    #[error("the account name or the password is wrong")]
    Wrong,
    /// Too many failures.
    #[error("too many failed attempts: locked until {}", .0.to_rfc3339())]
    LockedUntil(Timestamp),
    /// The policy wants a second factor of officials, and the account has none.
    #[error("your department's policy wants a second factor: sign in at the portal and set one up first")]
    MustEnroll,
    /// Too many people sign in at this moment.
    #[error("too many people are signing in: try again in {} s", .retry_after.as_secs())]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// Anything else.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<CommitError> for SignInError {
    fn from(e: CommitError) -> Self {
        Self::Identity(e.into())
    }
}

impl From<StoreError> for SignInError {
    fn from(e: StoreError) -> Self {
        Self::Identity(e.into())
    }
}

impl Explain for SignInError {
    fn zh(&self) -> String {
        match self {
            Self::Wrong => "账号名或密码不正确".into(),
            Self::MustEnroll => "按照规定，工作人员须使用第二重验证：请先在门户登录并设置".into(),
            Self::LockedUntil(until) => format!("失败次数过多：账号已锁定，请在 {} 之后再试", until.to_shanghai()),
            Self::Busy { retry_after } => format!("登录人数过多：请在 {} 秒后再试", retry_after.as_secs().max(1)),
            Self::Identity(e) => e.zh(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::LockedUntil(until) => {
                format!("too many failed attempts: the account is locked until {} (Beijing time)", until.to_shanghai())
            }
            Self::Identity(e) => e.en(),
            other => other.to_string(),
        }
    }
}

/// Why a one-time code was not issued or redeemed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Unknown, used, expired, or issued for another origin.
    #[error("this sign-on link is no longer valid: sign in again")]
    Invalid,
    /// The session behind it has ended.
    #[error("the session has ended: sign in again")]
    SessionEnded,
    /// Anything else.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<CommitError> for CodeError {
    fn from(e: CommitError) -> Self {
        Self::Identity(e.into())
    }
}

impl From<StoreError> for CodeError {
    fn from(e: StoreError) -> Self {
        Self::Identity(e.into())
    }
}

impl Explain for CodeError {
    fn zh(&self) -> String {
        match self {
            Self::Invalid => "登录链接已失效：请重新登录".into(),
            Self::SessionEnded => "登录已结束：请重新登录".into(),
            Self::Identity(e) => e.zh(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::Identity(e) => e.en(),
            other => other.to_string(),
        }
    }
}

/// Why a second factor was not accepted or enrolled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// Not the code, or not the passkey.
    #[error("the code or passkey is wrong: check it and try again")]
    Wrong,
    /// The code was used already.
    #[error("this code was used already: wait for the next one")]
    Used,
    /// Too many failures.
    #[error("too many failed attempts: locked until {}", .0.to_rfc3339())]
    LockedUntil(Timestamp),
    /// The sign-in took too long, or the session has ended.
    #[error("this took too long: sign in again")]
    SessionEnded,
    /// There is nothing to check against, or nothing was offered.
    #[error("no second factor is set up, or the offer has expired: begin again")]
    NotEnrolled,
    /// The account has as many passkeys as it may.
    #[error("an account has at most 20 passkeys: remove one first")]
    TooMany,
    /// Too many people set up a passkey at this moment.
    #[error("too many people do this at the moment: try again in a minute")]
    Busy,
    /// Anything else.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<CommitError> for FactorError {
    fn from(e: CommitError) -> Self {
        Self::Identity(e.into())
    }
}

impl From<StoreError> for FactorError {
    fn from(e: StoreError) -> Self {
        Self::Identity(e.into())
    }
}

impl Explain for FactorError {
    fn zh(&self) -> String {
        match self {
            Self::Wrong => "验证码或通行密钥不正确：请检查后重试".into(),
            Self::Used => "该验证码已使用过：请等待下一个".into(),
            Self::LockedUntil(until) => format!("失败次数过多：请在 {} 之后再试", until.to_shanghai()),
            Self::SessionEnded => "操作时间过长：请重新登录".into(),
            Self::NotEnrolled => "尚未设置第二重验证，或设置已过期：请重新开始".into(),
            Self::TooMany => "一个账号最多 20 个通行密钥：请先移除一个".into(),
            Self::Busy => "当前操作人数较多：请一分钟后再试".into(),
            Self::Identity(e) => e.zh(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::LockedUntil(until) => {
                format!("too many failed attempts: try again after {} (Beijing time)", until.to_shanghai())
            }
            Self::Identity(e) => e.en(),
            other => other.to_string(),
        }
    }
}

/// Why an attribute was not released.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// The person has not consented to this scope as it stands now.
    #[error("the person has not consented to the scope `{0}`")]
    ConsentRequired(String),
    /// No granted scope carries the attribute.
    #[error("no scope of this app carries the attribute")]
    NotGranted,
    /// Anything else.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<StoreError> for AttributeError {
    fn from(e: StoreError) -> Self {
        Self::Identity(e.into())
    }
}
