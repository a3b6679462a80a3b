//! Why a package is refused.

use crate::KeyId;
use crate::component::ComponentError;
use std::fmt;
use yunlong_model::manifest::ManifestError;
use yunlong_model::{Digest, Text};

/// The most that is allowed of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// So many bytes.
    Bytes(u64),
    /// So many blobs.
    Blobs(usize),
    /// So many files.
    Files(usize),
    /// So many manifests.
    Manifests(usize),
    /// So many signatures.
    Signatures(usize),
}

impl Most {
    /// Number and unit.
    #[must_use]
    pub fn text(self) -> Text {
        let of = |n: String, zh: &str, en: &str| Text { zh: format!("{n} {zh}"), en: format!("{n} {en}") };
        match self {
            Self::Bytes(n) => of(n.to_string(), "字节", "bytes"),
            Self::Blobs(n) => of(n.to_string(), "个数据块", "blobs"),
            Self::Files(n) => of(n.to_string(), "个文件", "files"),
            Self::Manifests(n) => of(n.to_string(), "个清单", "manifests"),
            Self::Signatures(n) => of(n.to_string(), "个签名", "signatures"),
        }
    }
}

impl fmt::Display for Most {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}

/// A part of a package as people call it. Files, media types and digests name themselves; the other names are
/// those that this crate gives.
#[must_use]
pub fn part_in_chinese(what: &str) -> String {
    if let Some((part, digest)) = what.split_once(" (sha256:") {
        return format!("{}（sha256:{}）", part_in_chinese(part), digest.trim_end_matches(')'));
    }
    for (start, zh) in [
        ("the manifest of ", "的清单"),
        ("the manifest ", "清单"),
        ("the layer ", "层"),
        ("the annotation ", "注解"),
        ("the subject of ", "的主体"),
    ] {
        match what.strip_prefix(start) {
            Some(rest) if zh.starts_with('的') => return format!("{rest} {zh}"),
            Some(rest) => return format!("{zh} {rest}"),
            None => {}
        }
    }
    match what {
        "the package" | "package" => "安装包",
        "the wasm manifest" => "wasm 清单",
        "the wasm config" => "wasm 配置",
        "a manifest" => "清单",
        "a referrer" => "引用清单",
        "a layer" => "层",
        "a digest" => "摘要",
        "a document of the package" => "安装包的文档",
        "the tar" => "tar 文件",
        "the SBOM" => "软件物料清单",
        "the provenance" => "构建说明",
        "the scenarios" => "场景",
        "assets" => "静态文件",
        "component" => "组件",
        "signature" => "签名",
        "signature bundle" => "签名包",
        other => other,
    }
    .to_owned()
}

/// The package cannot be built or read. `what` names the part: `app.toml`, `component`, `assets`,
/// `signature`, `index.json`, a path or a digest.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file cannot be read or written.
    #[error("{what}: {source}")]
    Io {
        /// The file.
        what: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Not a folder or tar with an OCI layout.
    #[error("not a package: {}", .0.en)]
    NotAPackage(Text),
    /// Over a limit.
    #[error("{what} is too large: at most {limit} are allowed")]
    TooLarge {
        /// The part.
        what: String,
        /// The limit.
        limit: Most,
    },
    /// Compressed bytes: what they would become is known only when it is too late.
    #[error("{what} is compressed ({how}): packages hold plain bytes, push it again without compression")]
    Compressed {
        /// The part.
        what: String,
        /// The compression, by its media type or its first bytes.
        how: String,
    },
    /// A path that leads elsewhere, or that no package holds.
    #[error("`{0}` is no path of a package")]
    Path(String),
    /// A symbolic link, hard link, device or the like.
    #[error("`{0}` is not a plain file: links and devices are refused")]
    NotAFile(String),
    /// The same thing twice.
    #[error("{0} stands there twice")]
    Duplicate(String),
    /// The bytes are not those that were promised.
    #[error("{what} was changed: expected {expected}, found {found}")]
    DigestMismatch {
        /// The part.
        what: String,
        /// The digest that the package promises.
        expected: Digest,
        /// The digest of the bytes that are there.
        found: Digest,
    },
    /// Something of a type that is not known in this place.
    #[error("{what}: the media type `{found}` is not known here")]
    MediaType {
        /// The part.
        what: String,
        /// The type that was found.
        found: String,
    },
    /// A package has exactly one layer.
    #[error("the wasm manifest has {0} layers: exactly one `application/wasm` layer is allowed")]
    Layers(usize),
    /// Something that must be there is not.
    #[error("{0} is missing")]
    Missing(String),
    /// A blob that nothing refers to.
    #[error("blob {0} belongs to nothing")]
    Stray(Digest),
    /// Something is there but says something impossible.
    #[error("{what}: {}", .problem.en)]
    Malformed {
        /// The part.
        what: String,
        /// What is wrong with it.
        problem: Text,
    },
    /// `app.toml` is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The component is not one.
    #[error(transparent)]
    Component(#[from] ComponentError),
}

impl PackageError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(crate) fn malformed(what: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Malformed { what: what.into(), problem: Text { zh: zh.into(), en: en.into() } }
    }

    /// What a parser did not take: its own words are English, and say where.
    pub(crate) fn unreadable(what: impl Into<String>, e: impl fmt::Display) -> Self {
        Self::malformed(what, format!("无法解析（{e}）"), e.to_string())
    }

    pub(crate) fn too_large(what: impl Into<String>, limit: Most) -> Self {
        Self::TooLarge { what: what.into(), limit }
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        Text { zh: self.chinese(), en: self.to_string() }
    }

    fn chinese(&self) -> String {
        let part = part_in_chinese;
        match self {
            Self::Io { what, source } => format!("{}：无法读写（{source}）", part(what)),
            Self::NotAPackage(why) => format!("不是安装包：{}", why.zh),
            Self::TooLarge { what, limit } => format!("{}过大：最多允许 {}", part(what), limit.text().zh),
            Self::Compressed { what, how } => {
                format!("{}是压缩内容（{how}）：安装包只含未压缩的内容，请不压缩后重新推送", part(what))
            }
            Self::Path(path) => format!("“{path}”不是安装包中允许的路径"),
            Self::NotAFile(path) => format!("“{path}”不是普通文件：不接受链接和设备文件"),
            Self::Duplicate(what) => format!("{}重复出现", part(what)),
            Self::DigestMismatch { what, expected, found } => {
                format!("{}被改动：应为 {expected}，实为 {found}", part(what))
            }
            Self::MediaType { what, found } => format!("{}：此处不接受媒体类型“{found}”", part(what)),
            Self::Layers(n) => format!("wasm 清单有 {n} 层：只允许一层 application/wasm"),
            Self::Missing(what) => format!("缺少{}", part(what)),
            Self::Stray(digest) => format!("数据块 {digest} 不属于任何部分"),
            Self::Malformed { what, problem } => format!("{}：{}", part(what), problem.zh),
            Self::Manifest(e) => e.text().zh,
            Self::Component(e) => e.text().zh,
        }
    }
}

/// The package is whole, but nobody who is trusted signed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No signature.
    #[error("the package is not signed: sign it with `yunlong publish --key KEY`")]
    Unsigned,
    /// Signed by a key that is not enrolled.
    #[error("the signer {0} is not enrolled: ask the platform's operator to enroll the vendor's key")]
    UnknownSigner(KeyId),
    /// Signed by a key that was revoked.
    #[error("the signer {0} was revoked: sign again with a key that is in force")]
    RevokedSigner(KeyId),
    /// Signed by another vendor than `app.toml` names.
    #[error("the signer {key} belongs to `{owner}`, but app.toml names the vendor `{vendor}`")]
    WrongVendor {
        /// The key.
        key: KeyId,
        /// Whose key it is.
        owner: String,
        /// Who the manifest says it is.
        vendor: String,
    },
    /// A signature is not by the key that it names, or is over something else.
    #[error("a signature is wrong: {}", .0.en)]
    BadSignature(Text),
}

impl VerifyError {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Unsigned => "安装包没有签名：请用“yunlong publish --key 密钥文件”签名".into(),
            Self::UnknownSigner(key) => format!("签名密钥 {key} 没有登记：请向平台运维方登记开发商的密钥"),
            Self::RevokedSigner(key) => format!("签名密钥 {key} 已吊销：请用有效的密钥重新签名"),
            Self::WrongVendor { key, owner, vendor } => {
                format!("签名密钥 {key} 属于“{owner}”，而 app.toml 写的开发商是“{vendor}”")
            }
            Self::BadSignature(why) => format!("签名有误：{}", why.zh),
        };
        Text { zh, en: self.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_crate_names_has_a_chinese_name_and_files_keep_theirs() {
        for part in [
            "the package",
            "the wasm manifest",
            "the manifest of application/x",
            "the manifest sha256:aa",
            "the layer application/x",
            "the annotation org.yunlong.x",
            "the subject of application/x",
            "component (sha256:aa)",
            "assets",
            "signature bundle",
        ] {
            let zh = part_in_chinese(part);
            assert!(!zh.is_ascii(), "{part}");
            assert!(!zh.contains("the ") && !zh.contains("component"), "{zh}");
        }
        assert_eq!(part_in_chinese("app.toml"), "app.toml");
        assert_eq!(part_in_chinese("the layer application/x"), "层 application/x");
        assert_eq!(part_in_chinese("component (sha256:aa)"), "组件（sha256:aa）");
    }
}
