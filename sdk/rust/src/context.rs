//! Where this instance runs.

use crate::backend::{Active, Backend};
use serde::de::DeserializeOwned;

/// The installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Its name, which is also the label of its origin.
    pub name: String,
    /// The app's name.
    pub app: String,
    /// The app's version (SemVer 2.0).
    pub version: String,
    /// The code of the organization that installed it.
    pub organization: String,
    /// The organization's name in Chinese.
    pub organization_name: String,
    /// `http://<name>.<domain>`, without a slash at the end.
    pub origin: String,
    /// The portal's origin, without a slash at the end.
    pub portal: String,
}

/// A value of the configuration that does not have the type that was asked for: the schema in
/// `app.toml` and the code disagree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("configuration `{key}`: {problem}")]
pub struct ConfigError {
    /// The key.
    pub key: String,
    /// What is wrong.
    pub problem: String,
}

/// The installation.
#[must_use]
pub fn installation() -> Installation {
    Active::installation()
}

/// The id of the call that this instance serves; the same id stands in the host's logs and on
/// error pages.
#[must_use]
pub fn request_id() -> String {
    Active::request_id()
}

/// A value of the installation's configuration, checked by the host against the schema in
/// `app.toml`; `None` where neither a value nor a default is set.
///
/// # Errors
/// [`ConfigError`] when the value is not a `T`.
pub fn config<T: DeserializeOwned>(key: &str) -> Result<Option<T>, ConfigError> {
    Active::config(key)
        .map(|json| {
            serde_json::from_str(&json).map_err(|e| ConfigError { key: key.to_owned(), problem: e.to_string() })
        })
        .transpose()
}

/// `N` bytes (at most 64) derived from a secret of this installation that never leaves the
/// host, the same at every call: for signing codes that this app alone checks.
#[must_use]
pub fn derive_key<const N: usize>(purpose: &str) -> [u8; N] {
    const { assert!(N > 0 && N <= 64, "derive_key gives 1 to 64 bytes") };
    let mut key = [0; N];
    let bytes = Active::derive_key(purpose, N as u32);
    // The contract promises N bytes; a shorter answer would make a weak key.
    assert!(bytes.len() == N, "the host derived {} bytes instead of {N}", bytes.len());
    key.copy_from_slice(&bytes);
    key
}
