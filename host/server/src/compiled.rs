//! Compiled components that commands of one user share, and the key that their files are known by.

use crate::settings::Settings;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use yunlong_identity::Secrets;
use yunlong_runtime::RuntimeConfig;

/// How a city's components run: compiled into the folder that the settings name, or into one of the data folder.
pub(crate) fn sandbox(settings: &Settings, data: &Path, secrets: &Secrets) -> Result<RuntimeConfig> {
    let mut sandbox = settings.runtime(data.join("cache"), secrets.derive("runtime", &[]));
    if let Some(folder) = &settings.runtime.compiled {
        let key = key(folder).with_context(|| format!("`runtime.compiled`: {}", folder.display()))?;
        (sandbox.cache_dir, sandbox.cache_secret) = (folder.clone(), Some(key));
    }
    Ok(sandbox)
}

/// The folder of this name in the user's cache; `None` where the machine does not tell where that is.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|h| h.join(".cache")))?;
    Some(base.join("yunlong").join(name))
}

/// Reads the key of a folder, which is made when it is not there, or makes one. Of two that begin at once, one is
/// kept and both read it.
pub(crate) fn key(folder: &Path) -> std::io::Result<[u8; 32]> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::create_dir_all(folder)?;
    let path = &folder.join("key");
    let known = |bytes: Vec<u8>| bytes.try_into().ok();
    if let Some(key) = std::fs::read(path).ok().and_then(known) {
        return Ok(key);
    }
    let key: [u8; 32] = rand::random();
    let own = path.with_extension(format!("{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&own)?;
    file.write_all(&key)?;
    // A link is not made where there is one already, unlike a renaming.
    let made = std::fs::hard_link(&own, path);
    std::fs::remove_file(&own)?;
    match made {
        Ok(()) => Ok(key),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => match std::fs::read(path)?.try_into() {
            Ok(key) => Ok(key),
            Err(_) => Err(std::io::Error::other(format!("{} is no key: remove it", path.display()))),
        },
        Err(e) => Err(e),
    }
}
