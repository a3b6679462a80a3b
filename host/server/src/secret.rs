//! The platform's secret: 32 random bytes in a file that only the server's user can read.
//!
//! The store keeps a keyed fingerprint of it. With another secret every person would be a stranger to
//! every app and no authenticator app would fit any more, and nothing would say so: such a start is
//! refused.

use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use yunlong_identity::Secrets;
use yunlong_store::{Key, SharedStore, Txn};
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

/// Where the store keeps the fingerprint.
pub(crate) fn fingerprint_key() -> Key {
    Key::space("@keys").text("platform")
}

/// Tells one secret from another and nothing more of it: 16 bytes of an HMAC under a label of its own.
pub(crate) fn fingerprint(secrets: &Secrets) -> String {
    HEXLOWER.encode(&secrets.derive("platform-secret-fingerprint", &[])[..16])
}

/// Refuses a secret that is not the one with which the store was begun. Answers whether the store
/// knows which one that is: a folder of before there were fingerprints does not.
pub(crate) async fn confirm(secrets: &Secrets, store: &SharedStore, file: &Path) -> Result<bool> {
    let known: Option<String> = Txn::new(store.clone()).get_as(&fingerprint_key()).await?;
    match known {
        Some(known) if known == fingerprint(secrets) => Ok(true),
        Some(_) => bail!("{}", another(file)),
        None => Ok(false),
    }
}

/// Keeps the fingerprint, from which on no other secret is taken.
pub(crate) async fn remember(secrets: &Secrets, store: &SharedStore) -> Result<()> {
    let mut txn = Txn::new(store.clone());
    txn.put_as(fingerprint_key(), &fingerprint(secrets));
    txn.commit().await.context("the fingerprint of the platform's secret cannot be kept")?;
    Ok(())
}

/// What is said of another secret than the store's.
pub(crate) fn another(file: &Path) -> String {
    format!(
        "{} is another secret than the one that this data folder was begun with: apps would take everybody for a stranger, and no authenticator app would fit. Nothing was changed; put the right file back (from your backup: `yunlong restore --keys-passphrase`), or correct `keys.platform`",
        file.display()
    )
}

/// Reads a file of secrets, which nobody but its owner may be able to read.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let shown = path.display();
    let mut file = std::fs::File::open(path).with_context(|| shown.to_string())?;
    let mode = file.metadata().with_context(|| shown.to_string())?.permissions().mode();
    let handed_over = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    if !is_private(path, mode, handed_over.as_deref()) {
        bail!("{shown}: others can read this secret: run `chmod 600 {shown}` and think about who may have");
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.read_to_end(&mut bytes).with_context(|| shown.to_string())?;
    Ok(bytes)
}

/// Whether nobody but its owner can read a file. What systemd hands over (`LoadCredential`) lies in a
/// folder that it lets this service alone into, by an access control list that shows among the group's
/// bits.
fn is_private(path: &Path, mode: u32, handed_over: Option<&Path>) -> bool {
    let others = if handed_over.is_some_and(|folder| path.starts_with(folder)) { 0o007 } else { 0o077 };
    mode & others == 0
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
    fn the_groups_bits_of_what_systemd_hands_over_are_its_access_control_list() {
        let folder = Path::new("/run/credentials/yunlong.service");
        let (theirs, other) = (folder.join("data.key"), Path::new("/etc/yunlong/data.key"));
        assert!(is_private(&theirs, 0o100_440, Some(folder)) && is_private(other, 0o100_400, Some(folder)));
        assert!(!is_private(&theirs, 0o100_444, Some(folder)) && !is_private(other, 0o100_440, Some(folder)));
        assert!(!is_private(&theirs, 0o100_440, None));
    }

    #[tokio::test]
    async fn a_store_knows_its_secret_from_the_first_start_that_keeps_fingerprints() {
        let store: SharedStore = std::sync::Arc::new(yunlong_store::memory::MemoryStore::new());
        let (ours, another) = (Secrets::new([1; 32]), Secrets::new([2; 32]));
        let file = Path::new("secret.key");
        assert!(!confirm(&ours, &store, file).await.unwrap(), "a folder of before");
        remember(&ours, &store).await.unwrap();
        assert!(confirm(&ours, &store, file).await.unwrap());
        let refused = confirm(&another, &store, file).await.unwrap_err().to_string();
        assert!(refused.contains("secret.key") && refused.contains("put the right file back"), "{refused}");
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
