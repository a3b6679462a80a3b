//! Why a package is not taken in, not installed or not loaded: one variant a reason, one message each.

use crate::submission::State;
use serde_json::json;
use std::fmt;
use yunlong_model::{AppName, Digest, Text, Timestamp};
use yunlong_registry::imports::Misfit;
use yunlong_registry::trust::Side;
use yunlong_registry::{Algorithm, KeyId, Most, PackageError, VerifyError, part_in_chinese as part};

/// Why a package is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The bytes are not those that were promised.
    Changed {
        /// The part.
        what: String,
        /// The digest that was promised.
        expected: Digest,
        /// The digest of what is there.
        found: Digest,
    },
    /// Something that the package had is gone: a signature, or what its annotations name.
    MissingReferrer {
        /// The part.
        what: String,
    },
    /// A layer is compressed, and what it would become is unknown.
    Compressed {
        /// The layer.
        what: String,
        /// How.
        how: String,
    },
    /// Over a limit.
    TooLarge {
        /// What.
        what: String,
        /// The limit.
        limit: Most,
    },
    /// Not a package of this platform.
    Malformed {
        /// What is wrong.
        why: Text,
    },
    /// Nobody signed it.
    Unsigned,
    /// A signature is not by the key that it names, or over something else.
    BadSignature {
        /// What is wrong.
        why: Text,
    },
    /// The key is not enrolled.
    UnknownSigner {
        /// The key.
        key: KeyId,
    },
    /// The key was revoked.
    RevokedKey {
        /// The key.
        key: KeyId,
        /// When.
        at: Timestamp,
        /// Whether the version was published before, so that the city can decide that it stands.
        published_before: bool,
    },
    /// The city does not allow keys of this kind.
    Algorithm {
        /// The kind.
        found: Algorithm,
        /// Those that are allowed.
        allowed: Vec<Algorithm>,
    },
    /// `app.toml` names another vendor than the key's.
    WrongVendor {
        /// The key.
        key: KeyId,
        /// Whose it is.
        owner: String,
        /// Whom `app.toml` names.
        vendor: String,
    },
    /// The app belongs to another vendor.
    OtherSigner {
        /// The app.
        app: AppName,
        /// Whose it is.
        owner: String,
        /// Who offers it.
        offered: String,
    },
    /// Whoever pushes it does not belong to the organization whose key signed it.
    NotYours {
        /// The key.
        key: KeyId,
    },
    /// Older than what is published or runs.
    OlderVersion {
        /// The version of the package.
        offered: semver::Version,
        /// The newest one.
        newest: semver::Version,
    },
    /// The version is known with another digest.
    ChangedVersion {
        /// The version.
        version: semver::Version,
        /// The digest that is known.
        known: Digest,
        /// The digest of the package.
        offered: Digest,
    },
    /// The version is being reviewed with another digest.
    UnderReview {
        /// The version.
        version: semver::Version,
        /// The submission.
        submission: u64,
    },
    /// Changes were asked for, or checks failed, and the same bytes are offered again.
    Unchanged {
        /// The submission.
        submission: u64,
        /// Where it stands.
        state: State,
    },
    /// The version was rejected.
    Rejected {
        /// The version.
        version: semver::Version,
        /// The submission.
        submission: u64,
    },
    /// What it imports or exports does not fit its manifest.
    Imports(Vec<Misfit>),
    /// The version was yanked.
    Yanked {
        /// The version.
        version: semver::Version,
        /// For whom whoever yanked it spoke.
        side: Side,
        /// When.
        at: Timestamp,
        /// Why, in the words of whoever yanked it.
        reason: String,
        /// Whether it may not even go on running.
        recalled: bool,
    },
    /// The registry does not know the package.
    NotPublished {
        /// The package.
        digest: Digest,
    },
    /// It was published and is not approved.
    NotApproved {
        /// The version.
        version: semver::Version,
        /// Where its submission stands.
        state: State,
    },
}

impl Refusal {
    /// The name of the reason, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "changed",
            Self::MissingReferrer { .. } => "missing-referrer",
            Self::Compressed { .. } => "compressed",
            Self::TooLarge { .. } => "too-large",
            Self::Malformed { .. } => "malformed",
            Self::Unsigned => "unsigned",
            Self::BadSignature { .. } => "bad-signature",
            Self::UnknownSigner { .. } => "unknown-signer",
            Self::RevokedKey { .. } => "revoked-key",
            Self::Algorithm { .. } => "algorithm",
            Self::WrongVendor { .. } => "wrong-vendor",
            Self::OtherSigner { .. } => "other-signer",
            Self::NotYours { .. } => "not-yours",
            Self::OlderVersion { .. } => "older-version",
            Self::ChangedVersion { .. } => "changed-version",
            Self::UnderReview { .. } => "under-review",
            Self::Unchanged { .. } => "unchanged",
            Self::Rejected { .. } => "rejected",
            Self::Imports(_) => "imports",
            Self::Yanked { recalled: false, .. } => "yanked",
            Self::Yanked { recalled: true, .. } => "recalled",
            Self::NotPublished { .. } => "not-published",
            Self::NotApproved { .. } => "not-approved",
        }
    }

    /// What is wrong and what to do, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let (zh, en) = self.words();
        Text { zh, en }
    }

    /// Code and text, as an API answers it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        json!({ "code": self.code(), "message": self.text() })
    }

    fn words(&self) -> (String, String) {
        match self {
            Self::Changed { what, expected, found } => (
                format!("{} 的内容被改动：应为 {expected}，实为 {found}。请重新获取软件包", part(what)),
                format!("{what} was changed: {expected} was promised, {found} is there: fetch the package again"),
            ),
            Self::MissingReferrer { what } => (
                format!("软件包缺少 {}：它原先随包发布或由清单指明，请连同它一起重新推送", part(what)),
                format!("{what} is missing: it was published with the package or its manifest names it: push it again"),
            ),
            Self::Compressed { what, how } => (
                format!("{} 是压缩内容（{how}）：解压后的大小无从得知，请不压缩后重新推送", part(what)),
                format!("{what} is compressed ({how}), and nobody knows what it would become: push it uncompressed"),
            ),
            Self::TooLarge { what, limit } => {
                let most = limit.text();
                (
                    format!("{} 过大：最多允许 {}。请缩小后重新打包", part(what), most.zh),
                    format!(
                        "{what} is too large: at most {} are allowed. Make it smaller and package it again",
                        most.en
                    ),
                )
            }
            Self::Malformed { why } => (
                format!("不是本平台的软件包：{}。请用 yunlong package 重新打包", why.zh),
                format!("this is no package of this platform: {}. Make it again with `yunlong package`", why.en),
            ),
            Self::Unsigned => (
                "软件包没有签名：请用已登记的密钥签名后再推送".into(),
                "the package is not signed: sign it with an enrolled key and push it again".into(),
            ),
            Self::BadSignature { why } => (
                format!("签名不成立：{}。请用已登记的密钥重新签名后再推送", why.zh),
                format!("a signature does not hold: {}. Sign it again with an enrolled key and push it again", why.en),
            ),
            Self::UnknownSigner { key } => (
                format!("签名密钥 {key} 没有登记：请先向城市管理方登记"),
                format!("the key {key} that signed it is not enrolled: ask the city to enroll it"),
            ),
            Self::RevokedKey { key, at, published_before: false } => (
                format!("签名密钥 {key} 已于 {} 吊销：请用有效密钥重新签名", at.to_shanghai()),
                format!("the key {key} was revoked at {}: sign again with a key in force", at.to_rfc3339()),
            ),
            Self::RevokedKey { key, at, published_before: true } => (
                format!("签名密钥 {key} 已于 {} 吊销，此版本等待城市决定是否保留", at.to_shanghai()),
                format!(
                    "the key {key} of this version was revoked at {}: the version waits for the city to decide whether it stands",
                    at.to_rfc3339()
                ),
            ),
            Self::Algorithm { found, allowed } => {
                let allowed = allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                (
                    format!("本市不接受 {found} 签名：可用 {allowed}"),
                    format!("this city takes no {found} signatures: use {allowed}"),
                )
            }
            Self::WrongVendor { key, owner, vendor } => (
                format!(
                    "密钥 {key} 属于“{owner}”，而 app.toml 写的开发商是“{vendor}”：请用“{vendor}”的密钥签名，或改正 app.toml"
                ),
                format!(
                    "the key {key} belongs to `{owner}`, but app.toml names the vendor `{vendor}`: sign it with a key of `{vendor}`, or correct app.toml"
                ),
            ),
            Self::OtherSigner { app, owner, offered } => (
                format!("应用名“{app}”归首先发布它的“{owner}”所有，不能由“{offered}”签名：请换一个应用名"),
                format!(
                    "`{app}` belongs to `{owner}`, who published it first, and `{offered}` cannot sign for it: choose another name"
                ),
            ),
            Self::NotYours { key } => (
                format!("密钥 {key} 不属于您的单位：只能发布本单位密钥签名的软件包"),
                format!("the key {key} is not your organization's: publish what your own keys signed"),
            ),
            Self::OlderVersion { offered, newest } => (
                format!("版本 {offered} 早于已有的 {newest}：请使用更高的版本号"),
                format!("version {offered} is older than {newest}: use a higher version"),
            ),
            Self::ChangedVersion { version, known, offered } => (
                format!("版本 {version} 已以 {known} 发布，不能换成 {offered}：请发布新版本"),
                format!("version {version} is published as {known} and cannot become {offered}: publish a new version"),
            ),
            Self::UnderReview { version, submission } => (
                format!("版本 {version} 正在审核（第 {submission} 号）：请先撤回，或等待审核结果"),
                format!(
                    "version {version} is under review (submission {submission}): withdraw it, or wait for the outcome"
                ),
            ),
            Self::Unchanged { submission, state } => (
                format!("内容与第 {submission} 号提交（{}）完全相同：请修改后再推送", state.title().zh),
                format!(
                    "these are the bytes of submission {submission} ({}): change them before you push again",
                    state.title().en
                ),
            ),
            Self::Rejected { version, submission } => (
                format!("版本 {version} 已被驳回（第 {submission} 号）：请以新的版本号发布"),
                format!("version {version} was rejected (submission {submission}): publish a new version"),
            ),
            Self::Imports(misfits) => {
                let list = |zh: bool| {
                    let texts = misfits.iter().map(|m| if zh { m.text().zh } else { m.text().en });
                    texts.collect::<Vec<_>>().join(if zh { "；" } else { "; " })
                };
                (list(true), list(false))
            }
            Self::Yanked { version, side, at, reason, recalled: false } => {
                let (zh, en) = match side {
                    Side::Vendor => ("开发商", "its vendor"),
                    Side::City => ("城市", "the city"),
                };
                let (day, when) = (at.to_shanghai(), at.to_rfc3339());
                (
                    format!("版本 {version} 已于 {day} 由{zh}下架：{reason}。请安装其他版本"),
                    format!("version {version} was yanked by {en} at {when}: {reason}: install another version"),
                )
            }
            Self::Yanked { version, at, reason, recalled: true, .. } => (
                format!("版本 {version} 已于 {} 被城市召回，不得运行：{reason}。请换用其他版本", at.to_shanghai()),
                format!(
                    "version {version} was recalled by the city at {} and may not run: {reason}. Take another version",
                    at.to_rfc3339()
                ),
            ),
            Self::NotPublished { digest } => (
                format!("仓库中没有发布过 {digest}：只能安装已发布并通过审核的软件包"),
                format!("{digest} was never published here: only published and approved packages are installed"),
            ),
            Self::NotApproved { version, state } => (
                format!("版本 {version} 没有通过审核（{}）：请等待审核，或换用已通过的版本", state.title().zh),
                format!(
                    "version {version} is not approved ({}): wait for its review, or take a version that is approved",
                    state.title().en
                ),
            ),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (zh, en) = self.words();
        write!(f, "{zh} / {en}")
    }
}

impl std::error::Error for Refusal {}

impl From<PackageError> for Refusal {
    fn from(e: PackageError) -> Self {
        Self::from(&e)
    }
}

impl From<&PackageError> for Refusal {
    /// What reading a package came upon.
    fn from(e: &PackageError) -> Self {
        match e {
            PackageError::DigestMismatch { what, expected, found } => {
                Self::Changed { what: what.clone(), expected: *expected, found: *found }
            }
            PackageError::Missing(what) => Self::MissingReferrer { what: what.clone() },
            PackageError::Compressed { what, how } => Self::Compressed { what: what.clone(), how: how.clone() },
            PackageError::TooLarge { what, limit } => Self::TooLarge { what: what.clone(), limit: *limit },
            PackageError::NotAPackage(why) => Self::Malformed { why: why.clone() },
            other => Self::Malformed { why: other.text() },
        }
    }
}

impl Refusal {
    /// What verifying signatures came upon. A revoked key's time is looked up by the caller.
    pub(crate) fn of_signature(
        e: VerifyError,
        revoked_at: impl FnOnce(&KeyId) -> Option<Timestamp>,
        known: bool,
    ) -> Self {
        match e {
            VerifyError::Unsigned if known => Self::MissingReferrer { what: "signature".into() },
            VerifyError::Unsigned => Self::Unsigned,
            VerifyError::UnknownSigner(key) => Self::UnknownSigner { key },
            VerifyError::RevokedSigner(key) => {
                Self::RevokedKey { key, at: revoked_at(&key).unwrap_or_default(), published_before: known }
            }
            VerifyError::WrongVendor { key, owner, vendor } => Self::WrongVendor { key, owner, vendor },
            VerifyError::BadSignature(why) => Self::BadSignature { why },
        }
    }
}
