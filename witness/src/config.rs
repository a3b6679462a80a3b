//! The configuration file.

use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// `witness.toml`. Paths are relative to the file's folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to listen. TLS is a proxy's business: what is cosigned is signed, and nothing is secret.
    pub listen: SocketAddr,
    /// The file that `yunlong-witness keygen` wrote.
    pub key_file: PathBuf,
    /// The folder that remembers what was cosigned. Losing it, the witness would cosign any history once.
    pub state_folder: PathBuf,
    /// The logs that are cosigned; any other is unknown here.
    pub logs: Vec<LogConfig>,
}

/// A log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Its verifier key; its name is the log's origin.
    pub vkey: String,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", .file.display())]
pub struct ConfigError {
    file: PathBuf,
    why: String,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or holds something else.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let failed = |why: String| ConfigError { file: file.to_owned(), why };
        let text = std::fs::read_to_string(file).map_err(|e| failed(e.to_string()))?;
        let mut config: Self = toml::from_str(&text).map_err(|e| failed(e.to_string()))?;
        if config.logs.is_empty() {
            return Err(failed("[[logs]] is missing: a witness without logs cosigns nothing".into()));
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        config.key_file = folder.join(&config.key_file);
        config.state_folder = folder.join(&config.state_folder);
        Ok(config)
    }
}
