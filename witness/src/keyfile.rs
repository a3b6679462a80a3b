//! The witness's key and its file.

use data_encoding::BASE64;
use ed25519_dalek::SigningKey;
use rand::TryRng as _;
use rand::rngs::SysRng;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use yunlong_verify::note::{KeyType, VKey};
use zeroize::Zeroizing;

const FIRST: &str = "yunlong-witness-key";

/// A witness's key with its name. It has no `Debug`.
pub struct KeyFile {
    /// The verifier key.
    pub vkey: VKey,
    pub(crate) key: SigningKey,
}

/// Why a key cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written; one that is there already is never written over.
    #[error("the key's file: {0}")]
    Io(#[from] std::io::Error),
    /// It holds something else.
    #[error("the key's file is not one line `{FIRST} 1 NAME KEY`: make one with `yunlong-witness keygen`")]
    Form,
    /// Names have neither spaces nor plus signs.
    #[error("`{0}` is no name of a witness: neither empty, nor with spaces or plus signs")]
    Name(String),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
}

impl KeyFile {
    fn new(name: &str, seed: &Zeroizing<[u8; 32]>) -> Result<Self, KeyFileError> {
        let key = SigningKey::from_bytes(seed);
        let vkey = VKey::of(name, KeyType::Cosignature, &key);
        Ok(Self { vkey: vkey.ok_or_else(|| KeyFileError::Name(name.to_owned()))?, key })
    }

    /// Makes a key and writes it to a new file that only its owner may read.
    ///
    /// # Errors
    /// When the file is there already or cannot be written.
    pub fn generate(name: &str, file: &Path) -> Result<Self, KeyFileError> {
        let mut seed = Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(seed.as_mut_slice()).map_err(|_| KeyFileError::Random)?;
        let made = Self::new(name, &seed)?;
        let line = Zeroizing::new(format!("{FIRST} 1 {name} {}\n", *Zeroizing::new(BASE64.encode(seed.as_slice()))));
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        out.write_all(line.as_bytes())?;
        out.sync_all()?;
        Ok(made)
    }

    /// Reads a key's file.
    ///
    /// # Errors
    /// When it cannot be read, or holds something else. No part of a key is told.
    pub fn read(file: &Path) -> Result<Self, KeyFileError> {
        let text = Zeroizing::new(std::fs::read_to_string(file)?);
        let words: Vec<&str> = text.split_whitespace().collect();
        let [FIRST, "1", name, key] = words[..] else { return Err(KeyFileError::Form) };
        let seed = Zeroizing::new(BASE64.decode(key.as_bytes()).map_err(|_| KeyFileError::Form)?);
        let seed: [u8; 32] = seed.as_slice().try_into().map_err(|_| KeyFileError::Form)?;
        Self::new(name, &Zeroizing::new(seed))
    }
}
