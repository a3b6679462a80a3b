//! The platform's secret and the data keys in a backup: encrypted with a key that Argon2id makes of a
//! passphrase.

use crate::secret::{self, read_private, write_private};
use crate::settings::Keys;
use anyhow::{Context, Result, anyhow, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use std::path::Path;
use yunlong_sealing::{DataKey, Keyring};
use zeroize::{Zeroize, Zeroizing};

/// The second choice of RFC 9106, section 4: 64 MiB, 3 passes.
const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;
/// A passphrase is guessed offline by whoever has the backup.
const SHORTEST: usize = 16;
/// Bound to this use.
const PLACE: &[u8] = b"yunlong backup keys 1";

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kdf: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
    sealed: String,
}

/// What is in it. Never printed, and wiped when it goes.
#[derive(Serialize, Deserialize)]
pub(super) struct Held {
    platform: String,
    data: Vec<String>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.platform.zeroize();
        self.data.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Reads a passphrase from its file: the first line.
pub(super) fn passphrase(file: &Path) -> Result<Zeroizing<String>> {
    let bytes = read_private(file)?;
    let text = std::str::from_utf8(&bytes).ok().with_context(|| format!("{} is no text", file.display()))?;
    let line = Zeroizing::new(text.lines().next().unwrap_or_default().trim().to_owned());
    ensure!(line.chars().count() >= SHORTEST, "{}: a passphrase has {SHORTEST} characters at least", file.display());
    Ok(line)
}

fn keyring(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Result<Keyring> {
    // A file from elsewhere must not make this machine fill its memory.
    ensure!(memory_kib <= 1 << 20 && passes <= 100, "the costs in the file are out of all proportion");
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(|e| anyhow!("argon2: {e}"))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|e| anyhow!("argon2: {e}"))?;
    Ok(Keyring::new(DataKey::derived(&key), Vec::new()))
}

/// Writes the keys of a city, encrypted.
pub(super) fn write(to: &Path, passphrase: &str, data: &Path, keys: &Keys) -> Result<()> {
    let platform = keys.platform.clone().unwrap_or_else(|| secret::path(data));
    let text = |path: &Path| -> Result<String> {
        let bytes = read_private(path)?;
        Ok(std::str::from_utf8(&bytes).ok().with_context(|| path.display().to_string())?.to_owned())
    };
    let held = Held {
        platform: BASE64.encode(&read_private(&platform)?),
        data: keys.data.iter().map(|p| text(p)).collect::<Result<_>>()?,
    };
    let salt: [u8; 16] = rand::random();
    let plain = Zeroizing::new(serde_json::to_vec(&held)?);
    let sealed = keyring(passphrase, &salt, MEMORY_KIB, PASSES)?.seal(PLACE, &plain)?;
    let file = File {
        kdf: "argon2id".into(),
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        salt: BASE64.encode(&salt),
        sealed: BASE64.encode(&sealed),
    };
    write_private(to, &serde_json::to_vec_pretty(&file)?)
}

/// Reads them back.
pub(super) fn read(from: &Path, passphrase: &str) -> Result<Held> {
    let file: File = serde_json::from_slice(&std::fs::read(from)?).with_context(|| from.display().to_string())?;
    ensure!(file.kdf == "argon2id", "{}: `{}` is not known", from.display(), file.kdf);
    let ring = keyring(passphrase, &BASE64.decode(file.salt.as_bytes())?, file.memory_kib, file.passes)?;
    let plain = ring.open(PLACE, &BASE64.decode(file.sealed.as_bytes())?);
    let plain = plain.map_err(|_| anyhow!("the passphrase is not the one that the backup was made with"))?;
    serde_json::from_slice(&plain).with_context(|| from.display().to_string())
}

impl Held {
    /// Puts the secret where the server looks for it, and the data keys beside it.
    pub(super) fn put(&self, data: &Path) -> Result<()> {
        let platform = Zeroizing::new(BASE64.decode(self.platform.as_bytes())?);
        for (n, key) in self.data.iter().enumerate() {
            write_private(&data.join(name(n)), key.as_bytes())?;
        }
        write_private(&secret::path(data), &platform)
    }

    pub(super) fn tell(&self, data: &Path) {
        if !self.data.is_empty() {
            let names: Vec<_> = (0..self.data.len()).map(|n| data.join(name(n)).display().to_string()).collect();
            println!(
                "  → move the data keys away from the data and name them in `keys.data`, in this order: {}",
                names.join(", ")
            );
        }
    }
}

fn name(n: usize) -> String {
    format!("data-{}.key", n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_with_the_passphrase_alone() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        write_private(&secret::path(&data), &[7; 32]).unwrap();
        let key = dir.path().join("a.key");
        write_private(&key, DataKey::generate(yunlong_sealing::Algorithm::Sm4Gcm).unwrap().as_bytes()).unwrap();
        let file = dir.path().join("keys.sealed");
        let keys = Keys { platform: None, data: vec![key.clone()] };
        write(&file, "correct horse battery", &data, &keys).unwrap();
        assert!(!std::fs::read(&file).unwrap().windows(8).any(|w| w == BASE64.encode(&[7; 6]).as_bytes()));
        assert!(read(&file, "correct horse batterz").err().unwrap().to_string().contains("passphrase"));
        let to = dir.path().join("other");
        std::fs::create_dir(&to).unwrap();
        read(&file, "correct horse battery").unwrap().put(&to).unwrap();
        assert_eq!(std::fs::read(secret::path(&to)).unwrap(), [7; 32]);
        assert_eq!(std::fs::read(to.join("data-1.key")).unwrap(), std::fs::read(&key).unwrap());
    }

    #[test]
    fn a_short_passphrase_or_an_open_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("p");
        write_private(&file, b"short\n").unwrap();
        assert!(passphrase(&file).unwrap_err().to_string().contains("16 characters"));
        std::fs::write(dir.path().join("open"), "a passphrase that is long enough").unwrap();
        assert!(passphrase(&dir.path().join("open")).unwrap_err().to_string().contains("chmod 600"));
    }
}
