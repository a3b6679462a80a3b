//! The platform's secret: 32 random bytes in a file that only the server's user can read.

use anyhow::{Context, Result, bail};
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const FILE: &str = "secret.key";

/// Where the secret of a data folder is, unless the configuration names another file.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// Reads the platform's secret. It is made at the first start, which `empty` tells: with data there
/// and no secret, a new one would make every person a stranger to every app.
pub(crate) fn load(path: &Path, empty: bool) -> Result<Zeroizing<[u8; 32]>> {
    let shown = path.display();
    match path.try_exists() {
        Ok(true) => {
            let bytes = read_private(path)?;
            let secret: [u8; 32] = bytes
                .as_slice()
                .try_into()
                .ok()
                .with_context(|| format!("{shown} does not hold 32 bytes: restore it from your backup"))?;
            Ok(Zeroizing::new(secret))
        }
        Ok(false) if empty => {
            let secret: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
            write_private(path, secret.as_slice())?;
            Ok(secret)
        }
        Ok(false) => bail!("{shown} is missing, and the folder has data: restore it from your backup"),
        Err(e) => Err(e).with_context(|| shown.to_string()),
    }
}

/// Reads a file of secrets, which nobody but its owner may be able to read.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let shown = path.display();
    let mut file = std::fs::File::open(path).with_context(|| shown.to_string())?;
    let mode = file.metadata().with_context(|| shown.to_string())?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{shown}: others can read this secret: run `chmod 600 {shown}` and think about who may have");
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.read_to_end(&mut bytes).with_context(|| shown.to_string())?;
    Ok(bytes)
}

/// Writes a file of secrets for its owner's eyes, whole or not at all: whoever is killed here leaves no
/// half of a secret.
pub(crate) fn write_private(path: &Path, secret: &[u8]) -> Result<()> {
    let temporary = path.with_extension("tmp");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(secret)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = path(dir.path());
        let first = load(&path, true).unwrap();
        assert_eq!(*load(&path, false).unwrap(), *first);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load(&path, false).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn never_replaced_under_data_that_hangs_on_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = path(dir.path());
        assert!(load(&path, false).unwrap_err().to_string().contains("backup"));
        std::fs::write(&path, b"short").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(load(&path, true).is_err());
    }
}
