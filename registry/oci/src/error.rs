//! What the registry refuses, and the error document that says so
//! (distribution-spec, "Error Codes").

use crate::admission::{HookError, Refusal};
use crate::blobs::BlobError;
use crate::digest::{Digest, DigestError};
use crate::metadata::QuotaKind;
use crate::name::{NameError, RepositoryName, Tag};
use http::StatusCode;
use serde_json::{Value, json};
use yunlong_model::Text;
use yunlong_store::{CommitError, StoreError};

/// A request that is refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OciError {
    /// A name or tag that breaks the grammar.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No such repository.
    #[error("the repository `{0}` does not exist")]
    NameUnknown(RepositoryName),
    /// The repository has no such blob.
    #[error("the blob {0} is not in this repository")]
    BlobUnknown(Digest),
    /// The repository has no such manifest.
    #[error("the manifest `{0}` is not in this repository")]
    ManifestUnknown(String),
    /// The tag is hidden.
    #[error("the version `{tag}` was yanked: {reason}")]
    Yanked {
        /// The tag.
        tag: Tag,
        /// Why, in the words of whoever did it.
        reason: String,
    },
    /// No such upload, or not of this repository or account.
    #[error("the upload does not exist or has expired: start a new one")]
    UploadUnknown,
    /// Another request works on the upload.
    #[error("another request is working on this upload: wait for its answer")]
    UploadBusy,
    /// A chunk that does not begin where the last one ended.
    #[error("the chunk does not begin at byte {expected}: ask for the status of the upload and go on there")]
    OutOfOrder {
        /// Where the next chunk begins.
        expected: u64,
        /// The upload's location.
        location: String,
    },
    /// A header or parameter of an upload that cannot be understood.
    #[error("the upload request is wrong: {0}")]
    UploadInvalid(&'static str),
    /// More or fewer bytes than were announced.
    #[error("{found} bytes arrived, {announced} were announced")]
    Size {
        /// What was announced.
        announced: u64,
        /// What arrived.
        found: u64,
    },
    /// No digest, or one that is not supported.
    #[error(transparent)]
    DigestInvalid(#[from] DigestError),
    /// The content has another digest.
    #[error("the content has the digest {found}, not {expected}: send it again")]
    DigestMismatch {
        /// What was promised.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// A blob or manifest over the limit.
    #[error("the {what} is larger than {limit} bytes")]
    TooLarge {
        /// `blob` or `manifest`.
        what: &'static str,
        /// The limit in bytes.
        limit: u64,
    },
    /// The manifest is wrong.
    #[error("the manifest is wrong: {}", .0.en)]
    ManifestInvalid(Text),
    /// The manifest refers to what is not there.
    #[error("the manifest refers to content that is not in this repository: push it first")]
    ManifestBlobUnknown(Vec<Digest>),
    /// The tag has other content.
    #[error("the tag `{tag}` is {digest} already, and tags do not change: use a new one")]
    TagTaken {
        /// The tag.
        tag: Tag,
        /// What it is.
        digest: Digest,
    },
    /// The tag was yanked, and labels are not used again.
    #[error("the tag `{0}` was yanked and cannot be used again: use a new one")]
    TagRetired(Tag),
    /// Something published, or that something else needs.
    #[error("{} cannot be deleted: {}", .what, .why.en)]
    Held {
        /// The tag or digest.
        what: String,
        /// What holds it.
        why: Text,
    },
    /// The path knows other methods.
    #[error("this is not possible here")]
    MethodNotAllowed(&'static str),
    /// No end-point of the registry.
    #[error("there is no such end-point")]
    NoEndpoint,
    /// A parameter that cannot be understood.
    #[error("the parameter `{0}` is wrong")]
    Parameter(&'static str),
    /// Nobody is signed in, or the token does not reach so far.
    #[error("sign in first")]
    Unauthorized {
        /// What a token has to be asked for, such as `repository:a/b:pull`.
        scope: Option<String>,
    },
    /// The name, the password or the token does not count.
    #[error("the account, password or token is wrong or has expired")]
    WrongCredentials,
    /// Signed in, but not allowed.
    #[error("{account} may not {action} in `{repository}`: ask its owner")]
    Denied {
        /// Who.
        account: String,
        /// `pull`, `push` or `delete`.
        action: &'static str,
        /// Where.
        repository: RepositoryName,
    },
    /// The embedder refuses the push.
    #[error("the push is refused: {}", match .0 { Refusal::Denied(t) | Refusal::Invalid(t) => &t.en })]
    Refused(Refusal),
    /// The admission check took too long.
    #[error("checking the push took longer than {0} seconds")]
    AdmissionTimeout(u64),
    /// The owner's quota is used up.
    #[error("`{owner}` has used up its quota of {kind}: delete what is not published, or ask the operator for more")]
    Quota {
        /// The owner.
        owner: String,
        /// What of.
        kind: QuotaKind,
    },
    /// Too many requests or sessions of one client at once.
    #[error("too many at once: wait {0} seconds")]
    TooMany(u32),
    /// The body did not arrive in time.
    #[error("nothing arrived for too long, or the whole took too long: go on with the upload")]
    Timeout,
    /// The body broke off.
    #[error("the request broke off: go on with the upload")]
    Aborted,
    /// A range outside of the blob.
    #[error("the range is not within the {0} bytes of the blob")]
    Range(u64),
    /// Accounts cannot be looked up.
    #[error("sign-in is not possible at present")]
    SignInUnavailable,
    /// The blob storage fails.
    #[error("the blob cannot be stored or read at present")]
    Blobs(String),
    /// The store fails.
    #[error("the registry's store cannot be read or written at present")]
    Store(CommitError),
}

impl From<CommitError> for OciError {
    fn from(e: CommitError) -> Self {
        match crate::metadata::quota_of(&e) {
            Some((owner, kind)) => Self::Quota { owner, kind },
            None if crate::metadata::is_session_bound(&e) => Self::TooMany(60),
            None => Self::Store(e),
        }
    }
}

impl From<StoreError> for OciError {
    fn from(e: StoreError) -> Self {
        Self::Store(e.into())
    }
}

impl From<BlobError> for OciError {
    fn from(e: BlobError) -> Self {
        match e {
            BlobError::Busy => Self::UploadBusy,
            BlobError::Lost { .. } => Self::UploadUnknown,
            other => Self::Blobs(other.to_string()),
        }
    }
}

impl From<HookError> for OciError {
    fn from(e: HookError) -> Self {
        match e {
            HookError::Refused(r) => Self::Refused(r),
            HookError::Store(e) => e.into(),
        }
    }
}

/// What an [`OciError`] is on the wire.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: Value,
}

impl OciError {
    pub(crate) fn invalid(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::ManifestInvalid(Text { zh: zh.into(), en: en.into() })
    }

    pub(crate) fn held(what: impl ToString, zh: &str, en: &str) -> Self {
        Self::Held { what: what.to_string(), why: Text { zh: zh.into(), en: en.into() } }
    }

    /// Whether the caller can do something about it; otherwise the registry has a problem.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        self.problem().status.is_client_error()
    }

    /// Status, code and detail (distribution-spec, "Error Codes"; codes of 5xx are our own).
    pub(crate) fn problem(&self) -> Problem {
        let (status, code, detail) = match self {
            Self::Name(NameError::Repository(name)) => (400, "NAME_INVALID", json!({ "name": name })),
            Self::Name(NameError::Tag(tag)) => (400, "MANIFEST_INVALID", json!({ "tag": tag })),
            Self::NameUnknown(name) => (404, "NAME_UNKNOWN", json!({ "name": name })),
            Self::BlobUnknown(digest) => (404, "BLOB_UNKNOWN", json!({ "digest": digest })),
            Self::ManifestUnknown(reference) => (404, "MANIFEST_UNKNOWN", json!({ "reference": reference })),
            Self::Yanked { tag, reason } => {
                (404, "MANIFEST_UNKNOWN", json!({ "tag": tag, "yanked": true, "reason": reason }))
            }
            Self::UploadUnknown => (404, "BLOB_UPLOAD_UNKNOWN", Value::Null),
            Self::UploadBusy => (409, "BLOB_UPLOAD_INVALID", Value::Null),
            Self::OutOfOrder { expected, .. } => (416, "BLOB_UPLOAD_INVALID", json!({ "offset": expected })),
            Self::UploadInvalid(_) => (400, "BLOB_UPLOAD_INVALID", Value::Null),
            Self::Size { announced, found } => (400, "SIZE_INVALID", json!({ "announced": announced, "found": found })),
            Self::DigestInvalid(_) => (400, "DIGEST_INVALID", Value::Null),
            Self::DigestMismatch { expected, found } => {
                (400, "DIGEST_INVALID", json!({ "expected": expected, "found": found }))
            }
            Self::TooLarge { what: "manifest", limit } => (413, "MANIFEST_INVALID", json!({ "limit": limit })),
            Self::TooLarge { limit, .. } => (413, "SIZE_INVALID", json!({ "limit": limit })),
            Self::ManifestInvalid(_) => (400, "MANIFEST_INVALID", Value::Null),
            Self::ManifestBlobUnknown(missing) => (400, "MANIFEST_BLOB_UNKNOWN", json!(missing)),
            Self::TagTaken { tag, digest } => {
                (409, "DENIED", json!({ "reason": "TAG_IMMUTABLE", "tag": tag, "digest": digest }))
            }
            Self::TagRetired(tag) => (409, "DENIED", json!({ "reason": "TAG_YANKED", "tag": tag })),
            Self::Held { what, .. } => (405, "UNSUPPORTED", json!({ "reference": what })),
            Self::MethodNotAllowed(_) => (405, "UNSUPPORTED", Value::Null),
            Self::NoEndpoint => (404, "UNSUPPORTED", Value::Null),
            Self::Parameter(name) => (400, "UNSUPPORTED", json!({ "parameter": name })),
            Self::Unauthorized { .. } | Self::WrongCredentials => (401, "UNAUTHORIZED", Value::Null),
            Self::Denied { action, repository, .. } => (403, "DENIED", json!({ "action": action, "name": repository })),
            Self::Refused(Refusal::Denied(_)) => (403, "DENIED", json!({ "reason": "ADMISSION" })),
            Self::Refused(Refusal::Invalid(_)) => (400, "MANIFEST_INVALID", json!({ "reason": "ADMISSION" })),
            Self::AdmissionTimeout(_) => (403, "DENIED", json!({ "reason": "ADMISSION_TIMEOUT" })),
            Self::Quota { owner, kind } => {
                (403, "DENIED", json!({ "reason": "QUOTA", "owner": owner, "quota": kind.as_str() }))
            }
            Self::TooMany(_) => (429, "TOOMANYREQUESTS", Value::Null),
            Self::Timeout => (408, "BLOB_UPLOAD_INVALID", Value::Null),
            Self::Aborted => (400, "BLOB_UPLOAD_INVALID", Value::Null),
            Self::Range(size) => (416, "SIZE_INVALID", json!({ "size": size })),
            Self::Store(CommitError::TooLarge(_)) => (413, "MANIFEST_INVALID", Value::Null),
            Self::Store(CommitError::OverQuota { .. } | CommitError::Store(StoreError::NoSpace { .. })) => {
                (507, "UNAVAILABLE", Value::Null)
            }
            Self::SignInUnavailable | Self::Store(CommitError::Conflict) => (503, "UNAVAILABLE", Value::Null),
            Self::Blobs(_) | Self::Store(_) => (500, "UNAVAILABLE", Value::Null),
        };
        Problem { status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), code, detail }
    }

    /// The same in Chinese; [`std::fmt::Display`] is the English one.
    fn chinese(&self) -> String {
        match self {
            Self::Name(NameError::Repository(name)) => {
                format!("仓库名“{name}”不合规：只能使用小写字母、数字以及分隔符 . _ - /")
            }
            Self::Name(NameError::Tag(tag)) => format!("标签“{tag}”不合规"),
            Self::NameUnknown(name) => format!("仓库“{name}”不存在"),
            Self::BlobUnknown(digest) => format!("仓库中没有数据块 {digest}"),
            Self::ManifestUnknown(reference) => format!("仓库中没有清单“{reference}”"),
            Self::Yanked { tag, reason } => format!("版本“{tag}”已被撤回：{reason}"),
            Self::UploadUnknown => "上传会话不存在或已过期，请重新开始上传".into(),
            Self::UploadBusy => "该上传正由另一请求处理，请等待其完成".into(),
            Self::OutOfOrder { expected, .. } => format!("分块顺序不对：下一分块应从第 {expected} 字节开始"),
            Self::UploadInvalid(_) => "上传请求有误".into(),
            Self::Size { announced, found } => format!("声明长度为 {announced} 字节，实际收到 {found} 字节"),
            Self::DigestInvalid(_) => "摘要格式有误或算法不受支持，请使用 sha256 或 sha512".into(),
            Self::DigestMismatch { expected, found } => {
                format!("内容摘要为 {found}，与声明的 {expected} 不符，请重新上传")
            }
            Self::TooLarge { limit, .. } => format!("内容过大，上限为 {limit} 字节"),
            Self::ManifestInvalid(text) => format!("清单有误：{}", text.zh),
            Self::ManifestBlobUnknown(_) => "清单引用的内容不在仓库中，请先上传".into(),
            Self::TagTaken { tag, .. } => format!("标签“{tag}”已发布且不可更改，请使用新的版本号"),
            Self::TagRetired(tag) => format!("标签“{tag}”已被撤回，不能再次使用，请使用新的版本号"),
            Self::Held { what, why } => format!("{what} 不能删除：{}", why.zh),
            Self::MethodNotAllowed(_) => "此处不支持该操作".into(),
            Self::NoEndpoint => "没有这个接口".into(),
            Self::Parameter(name) => format!("参数“{name}”有误"),
            Self::Unauthorized { .. } => "请先登录".into(),
            Self::WrongCredentials => "账号、密码或令牌不正确或已过期".into(),
            Self::Denied { account, repository, .. } => {
                format!("{account} 在仓库“{repository}”中没有此项权限，请联系其所有者")
            }
            Self::Refused(Refusal::Denied(text) | Refusal::Invalid(text)) => format!("推送被拒绝：{}", text.zh),
            Self::AdmissionTimeout(seconds) => format!("检查超过 {seconds} 秒，推送被拒绝"),
            Self::Quota { owner, kind } => format!("“{owner}”的{}配额已用完", kind.chinese()),
            Self::TooMany(seconds) => format!("同时进行的请求过多，请 {seconds} 秒后再试"),
            Self::Timeout => "上传超时，可从断点继续".into(),
            Self::Aborted => "上传中断，可从断点继续".into(),
            Self::Range(size) => format!("请求的范围超出数据块（共 {size} 字节）"),
            Self::SignInUnavailable => "暂时无法登录，请稍后再试".into(),
            Self::Blobs(_) => "数据块暂时无法保存或读取，请稍后再试".into(),
            Self::Store(CommitError::TooLarge(_)) => "清单过大，无法保存".into(),
            Self::Store(_) => "仓库暂时无法读写，请稍后再试".into(),
        }
    }

    /// What is told to people: Chinese first, English second.
    #[must_use]
    pub fn text(&self) -> Text {
        Text { zh: self.chinese(), en: self.to_string() }
    }

    /// The body of the answer. What failed inside is logged and not told.
    pub(crate) fn document(&self) -> Value {
        let Problem { code, detail, .. } = self.problem();
        let text = self.text();
        let message = format!("{} / {}", text.zh, text.en);
        let error = |detail: &Value| match detail {
            Value::Null => json!({ "code": code, "message": message }),
            detail => json!({ "code": code, "message": message, "detail": detail }),
        };
        match self {
            // One error for each thing that is missing, so that a client sees which ones.
            Self::ManifestBlobUnknown(missing) => {
                json!({ "errors": missing.iter().take(100).map(|d| error(&json!({ "digest": d }))).collect::<Vec<_>>() })
            }
            _ => json!({ "errors": [error(&detail)] }),
        }
    }
}
