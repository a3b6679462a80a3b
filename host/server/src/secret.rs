//! The platform's secret: 32 random bytes in a file that only the server's user can read.

use anyhow::{Context, Result, bail};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use zeroize::Zeroizing;

const FILE: &str = "secret.key";

/// Reads the secret of a data folder. It is made at the first start, which `empty` tells: with data
/// there and no secret, a new one would make every person a stranger to every app.
pub(crate) fn load(data: &Path, empty: bool) -> Result<Zeroizing<[u8; 32]>> {
    let path = data.join(FILE);
    let shown = path.display();
    match std::fs::File::open(&path) {
        Ok(mut file) => {
            let mode = file.metadata().with_context(|| shown.to_string())?.permissions().mode();
            if mode & 0o077 != 0 {
                bail!(
                    "{shown}: others can read the platform's secret: run `chmod 600 {shown}` and think about who may have"
                );
            }
            let mut bytes = Zeroizing::new(Vec::new());
            file.read_to_end(&mut bytes).with_context(|| shown.to_string())?;
            let secret: [u8; 32] = bytes
                .as_slice()
                .try_into()
                .ok()
                .with_context(|| format!("{shown} does not hold 32 bytes: restore it from your backup"))?;
            Ok(Zeroizing::new(secret))
        }
        Err(e) if e.kind() == ErrorKind::NotFound && empty => create(&path),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            bail!("{shown} is missing, and the folder has data: restore it from your backup")
        }
        Err(e) => Err(e).with_context(|| shown.to_string()),
    }
}

fn create(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let secret: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
    // Whole or not at all: a start that is killed here leaves no half of a secret.
    let temporary = path.with_extension("tmp");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(secret.as_slice())?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = load(dir.path(), true).unwrap();
        assert_eq!(*load(dir.path(), false).unwrap(), *first);
        let path = dir.path().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load(dir.path(), false).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn never_replaced_under_data_that_hangs_on_it() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load(dir.path(), false).unwrap_err().to_string().contains("backup"));
        std::fs::write(dir.path().join(FILE), b"short").unwrap();
        std::fs::set_permissions(dir.path().join(FILE), std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(load(dir.path(), true).is_err());
    }
}
