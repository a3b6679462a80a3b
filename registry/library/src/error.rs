//! What can go wrong, for programs and, in two languages, for people.

use yunlong_model::Text;
use yunlong_oci::OciError;
use yunlong_publications::PublicationError;
use yunlong_publications::packages::ReadError;
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
        let same = |s: String| Text { zh: s.clone(), en: s };
        match self {
            Self::Package(e) => {
                Text { zh: format!("安装包不被接受：{e}"), en: format!("The package is refused: {e}") }
            }
            Self::Publication(e) => e.text(),
            Self::Read(ReadError::Refused(e)) => e.text(),
            Self::Read(e) => same(e.to_string()),
            Self::Registry(e) => {
                Text { zh: format!("仓库不接受：{e}"), en: format!("The registry refuses it: {e}") }
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
