//! Why a package is refused.

use crate::KeyId;
use crate::component::ComponentError;
use yunlong_model::Digest;
use yunlong_model::manifest::ManifestError;

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
    #[error("not a package: {0}")]
    NotAPackage(String),
    /// Over a limit.
    #[error("{what} is too large: at most {limit} are allowed")]
    TooLarge {
        /// The part.
        what: String,
        /// The limit with its unit.
        limit: String,
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
    #[error("{what}: {problem}")]
    Malformed {
        /// The part.
        what: String,
        /// What is wrong with it.
        problem: String,
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

    pub(crate) fn malformed(what: impl Into<String>, problem: impl ToString) -> Self {
        Self::Malformed { what: what.into(), problem: problem.to_string() }
    }

    pub(crate) fn too_large(what: impl Into<String>, limit: u64, unit: &str) -> Self {
        Self::TooLarge { what: what.into(), limit: format!("{limit} {unit}") }
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
    #[error("a signature is wrong: {0}")]
    BadSignature(String),
}
