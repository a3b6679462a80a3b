//! What can go wrong, for programs and, in two languages, for people.

use yunlong_model::Text;
use yunlong_oci::OciError;
use yunlong_publications::packages::ReadError;
use yunlong_publications::{PublicationError, Refusal};
use yunlong_registry::PackageError;

/// Why the library did not do something.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// What was given is no package, or is not whole.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The rules of publication refuse it.
    #[error(transparent)]
    Publication(#[from] PublicationError),
    /// It cannot be read out of the registry.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The registry refuses to keep it.
    #[error(transparent)]
    Registry(#[from] OciError),
    /// It does not stand under the tag of its version.
    #[error("`{repository}` has no tag `{tag}` for this package: push it under the tag of its version")]
    Untagged {
        /// The repository.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Stopping,
}

impl LibraryError {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Package(e @ PackageError::Io { .. }) => {
                let Text { zh, en } = e.text();
                Text { zh: format!("无法读取安装包：{zh}"), en: format!("The package cannot be read: {en}") }
            }
            Self::Package(e) => Refusal::from(e).text(),
            Self::Publication(e) => e.text(),
            Self::Read(e) => e.text(),
            Self::Registry(e) => {
                let Text { zh, en } = e.text();
                Text { zh: format!("仓库不接受：{zh}"), en: format!("The registry refuses it: {en}") }
            }
            Self::Untagged { repository, tag } => Text {
                zh: format!("“{repository}”中没有指向此安装包的标签“{tag}”：请以版本号为标签推送"),
                en: self.to_string(),
            },
            Self::Stopping => Text { zh: "服务器正在停止".into(), en: self.to_string() },
        }
    }

    /// Whether the caller can do something about it; otherwise the platform has a problem.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        match self {
            Self::Package(e) => !matches!(e, PackageError::Io { .. }),
            Self::Publication(e) => e.is_callers(),
            Self::Read(e) => !matches!(e, ReadError::Registry(_)),
            Self::Registry(e) => e.is_callers(),
            Self::Untagged { .. } => true,
            Self::Stopping => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_registry::Most;

    #[test]
    fn each_language_has_its_own_words_and_not_the_others() {
        let digest = yunlong_model::Digest::of(b"package");
        for error in [
            LibraryError::Package(PackageError::Missing("app.toml".into())),
            LibraryError::Package(PackageError::TooLarge { what: "component".into(), limit: Most::Bytes(1) }),
            LibraryError::Read(ReadError::NoSuchPackage { repository: "vendor/app".into(), digest }),
            LibraryError::Registry(OciError::UploadBusy),
        ] {
            let Text { zh, en } = error.text();
            assert!(en.is_ascii(), "{en}");
            assert!(!zh.contains(" is ") && !zh.contains(" has no ") && !zh.contains(" / "), "{zh}");
        }
    }
}
