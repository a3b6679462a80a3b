//! Personal fields at rest are sealed: encrypted and authenticated under a key that lies apart from
//! the data, and bound to the place where they stand.
//!
//! A [`Keyring`] seals with its first key and opens with any. Each sealed value carries the id of its
//! key, so that keys can change while the old values are still read. The place (the row's key) is
//! associated data: a value that somebody moved to another row does not open.
//!
//! AES-256-GCM (NIST SP 800-38D) or SM4-GCM (GB/T 32907, RFC 8998), as the key's file says; nonces are
//! 96 random bits, which is sound for 2^32 values under one key.
#![deny(missing_docs)]

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, AesGcm, KeyInit as _};
use data_encoding::{BASE64, HEXLOWER};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};
use sm4::Sm4;
use std::fmt;
use std::str::FromStr;
use zeroize::{Zeroize as _, Zeroizing};

type Sm4Gcm = AesGcm<Sm4, U12>;

/// The first byte of what is sealed; JSON never starts with it.
const FORMAT: u8 = 1;
const NONCE: usize = 12;
const ID: usize = 8;
const HEAD: usize = 1 + ID + NONCE;
const TAG: usize = 16;
/// By how many bytes what is sealed is longer than what it seals.
pub const OVERHEAD: usize = HEAD + TAG;
/// The first word of a key file.
const FILE: &str = "yunlong-data-key";

/// How a key encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// AES-256 in GCM.
    Aes256Gcm,
    /// SM4 in GCM.
    Sm4Gcm,
}

impl Algorithm {
    /// The name in a key file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "aes-256-gcm",
            Self::Sm4Gcm => "sm4-gcm",
        }
    }

    fn key_bytes(self) -> usize {
        match self {
            Self::Aes256Gcm => 32,
            Self::Sm4Gcm => 16,
        }
    }
}

impl FromStr for Algorithm {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        [Self::Aes256Gcm, Self::Sm4Gcm]
            .into_iter()
            .find(|a| a.name() == text)
            .ok_or_else(|| SealError::KeyFile(format!("`{text}` is no algorithm: aes-256-gcm or sm4-gcm")))
    }
}

/// Why something was not sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The file is not one of a data key.
    #[error("not a data key: {0}")]
    KeyFile(String),
    /// The key that it was sealed with is not among those that are given.
    #[error("it was encrypted with the key {0}, which is none of the given ones: add its file to `keys.data`")]
    NoKey(KeyId),
    /// It was changed, or moved here from elsewhere.
    #[error("it does not open: it was changed, or it stood elsewhere")]
    Broken,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
}

/// A key's name: a hash of the key, so that no file can claim another's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; ID]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

enum Cipher {
    Aes(Box<Aes256Gcm>),
    Sm4(Box<Sm4Gcm>),
}

/// A key. `Debug` shows its id.
pub struct DataKey {
    id: KeyId,
    algorithm: Algorithm,
    cipher: Cipher,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({}, {})", self.id, self.algorithm.name())
    }
}

impl DataKey {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self, SealError> {
        let wrong = || SealError::KeyFile(format!("{} takes {} bytes", algorithm.name(), algorithm.key_bytes()));
        let cipher = match algorithm {
            Algorithm::Aes256Gcm => Cipher::Aes(Box::new(Aes256Gcm::new_from_slice(key).map_err(|_| wrong())?)),
            Algorithm::Sm4Gcm => Cipher::Sm4(Box::new(Sm4Gcm::new_from_slice(key).map_err(|_| wrong())?)),
        };
        let hash = Sha256::new().chain_update(FILE).chain_update(algorithm.name()).chain_update([0]).chain_update(key);
        let mut id = [0; ID];
        id.copy_from_slice(&hash.finalize()[..ID]);
        Ok(Self { id: KeyId(id), algorithm, cipher })
    }

    /// An AES key of bytes that were derived from another secret.
    ///
    /// # Panics
    /// Never: 32 bytes are what AES-256 takes.
    #[must_use]
    pub fn derived(key: &Zeroizing<[u8; 32]>) -> Self {
        match Self::new(Algorithm::Aes256Gcm, key.as_slice()) {
            Ok(key) => key,
            Err(_) => unreachable!("AES-256 takes 32 bytes"),
        }
    }

    /// The text of a new key file.
    ///
    /// # Errors
    /// When the operating system has no random bytes.
    pub fn generate(algorithm: Algorithm) -> Result<Zeroizing<String>, SealError> {
        let mut key = Zeroizing::new(vec![0_u8; algorithm.key_bytes()]);
        SysRng.try_fill_bytes(key.as_mut_slice()).map_err(|_| SealError::Random)?;
        let text = Zeroizing::new(BASE64.encode(&key));
        Ok(Zeroizing::new(format!("{FILE} 1 {} {}\n", algorithm.name(), *text)))
    }

    /// The key of a file: one line, `yunlong-data-key 1 ALGORITHM BASE64`.
    ///
    /// # Errors
    /// [`SealError::KeyFile`] says what is wrong, without a part of the key.
    pub fn from_file(text: &str) -> Result<Self, SealError> {
        let bad = |why: &str| SealError::KeyFile(why.to_owned());
        let mut words = text.split_whitespace();
        if words.next() != Some(FILE) || words.next() != Some("1") {
            return Err(bad("it does not start with `yunlong-data-key 1`: make one with `yunlong data-key new`"));
        }
        let algorithm: Algorithm = words.next().ok_or_else(|| bad("it names no algorithm"))?.parse()?;
        let key = words.next().ok_or_else(|| bad("it holds no key"))?;
        let mut key = BASE64.decode(key.as_bytes()).map_err(|_| bad("the key is not base64"))?;
        let made =
            if words.next().is_some() { Err(bad("something follows the key")) } else { Self::new(algorithm, &key) };
        key.zeroize();
        made
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How it encrypts.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn seal(&self, nonce: [u8; NONCE], payload: Payload<'_, '_>) -> Result<Vec<u8>, SealError> {
        match &self.cipher {
            Cipher::Aes(c) => c.encrypt(&nonce.into(), payload),
            Cipher::Sm4(c) => c.encrypt(&nonce.into(), payload),
        }
        .map_err(|_| SealError::Broken)
    }

    fn open(&self, nonce: [u8; NONCE], payload: Payload<'_, '_>) -> Result<Vec<u8>, SealError> {
        match &self.cipher {
            Cipher::Aes(c) => c.decrypt(&nonce.into(), payload),
            Cipher::Sm4(c) => c.decrypt(&nonce.into(), payload),
        }
        .map_err(|_| SealError::Broken)
    }
}

/// The keys of one city.
#[derive(Debug)]
pub struct Keyring {
    current: DataKey,
    former: Vec<DataKey>,
}

impl Keyring {
    /// `current` seals; all of them open.
    #[must_use]
    pub fn new(current: DataKey, former: Vec<DataKey>) -> Self {
        Self { current, former }
    }

    /// The key that seals.
    #[must_use]
    pub fn current(&self) -> &DataKey {
        &self.current
    }

    /// All keys, the current one first.
    pub fn keys(&self) -> impl Iterator<Item = &DataKey> {
        std::iter::once(&self.current).chain(&self.former)
    }

    /// Seals `plain`, to be opened at `place` only.
    ///
    /// # Errors
    /// When the operating system has no random bytes.
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        SysRng.try_fill_bytes(&mut nonce).map_err(|_| SealError::Random)?;
        let key = &self.current;
        let aad = associated(key.id, place);
        let sealed = key.seal(nonce, Payload { msg: plain, aad: &aad })?;
        let mut out = Vec::with_capacity(HEAD + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&key.id.0);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// [`SealError::NoKey`], [`SealError::Broken`].
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let id = sealed_with(sealed).ok_or(SealError::Broken)?;
        let key = self.keys().find(|k| k.id == id).ok_or(SealError::NoKey(id))?;
        let (head, text) = sealed.split_at_checked(HEAD).ok_or(SealError::Broken)?;
        let nonce = head.last_chunk::<NONCE>().ok_or(SealError::Broken)?;
        let aad = associated(id, place);
        key.open(*nonce, Payload { msg: text, aad: &aad }).map(Zeroizing::new)
    }

    /// Whether this is sealed with the current key: what is not (plain, or an older key) is due to be
    /// sealed anew.
    #[must_use]
    pub fn is_current(&self, bytes: &[u8]) -> bool {
        sealed_with(bytes) == Some(self.current.id)
    }
}

/// The key that this was sealed with; `None` for what is not sealed.
#[must_use]
pub fn sealed_with(bytes: &[u8]) -> Option<KeyId> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => rest.first_chunk::<ID>().map(|id| KeyId(*id)),
        _ => None,
    }
}

fn associated(id: KeyId, place: &[u8]) -> Vec<u8> {
    let mut aad = Vec::with_capacity(1 + ID + place.len());
    aad.push(FORMAT);
    aad.extend_from_slice(&id.0);
    aad.extend_from_slice(place);
    aad
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
mod tests {
    use super::*;

    fn key(algorithm: Algorithm) -> DataKey {
        DataKey::from_file(&DataKey::generate(algorithm).unwrap()).unwrap()
    }

    #[test]
    fn both_algorithms_open_what_they_sealed_and_only_at_its_place() {
        for algorithm in [Algorithm::Aes256Gcm, Algorithm::Sm4Gcm] {
            let ring = Keyring::new(key(algorithm), vec![]);
            let sealed = ring.seal(b"row-1", "云小龙".as_bytes()).unwrap();
            assert_eq!(*ring.open(b"row-1", &sealed).unwrap(), "云小龙".as_bytes());
            assert_eq!(sealed.len(), "云小龙".len() + OVERHEAD);
            assert_eq!(ring.open(b"row-2", &sealed), Err(SealError::Broken), "moved to another row");
            assert!(!sealed.windows(3).any(|w| w == &"云".as_bytes()[..3]));
            assert_ne!(
                ring.seal(b"row-1", b"x").unwrap(),
                ring.seal(b"row-1", b"x").unwrap(),
                "a nonce was used twice"
            );
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let ring = Keyring::new(key(Algorithm::Aes256Gcm), vec![]);
        let sealed = ring.seal(b"p", b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(ring.open(b"p", &bad).is_err(), "byte {at}");
            assert!(ring.open(b"p", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn an_older_key_opens_and_is_due_to_be_replaced() {
        let text = DataKey::generate(Algorithm::Aes256Gcm).unwrap();
        let before = Keyring::new(DataKey::from_file(&text).unwrap(), vec![]);
        let sealed = before.seal(b"p", b"x").unwrap();
        let after = Keyring::new(key(Algorithm::Sm4Gcm), vec![DataKey::from_file(&text).unwrap()]);
        assert_eq!(*after.open(b"p", &sealed).unwrap(), b"x");
        assert!(before.is_current(&sealed) && !after.is_current(&sealed) && !after.is_current(b"{}"));
        let without = Keyring::new(key(Algorithm::Sm4Gcm), vec![]);
        let refused = without.open(b"p", &sealed).unwrap_err();
        assert_eq!(refused, SealError::NoKey(before.current().id()));
        assert!(refused.to_string().contains("keys.data"), "{refused}");
    }

    /// RFC 8998, appendix A.1.
    #[test]
    fn sm4_gcm_is_that_of_rfc_8998() {
        let hex = |s: &str| HEXLOWER.decode(s.as_bytes()).unwrap();
        let key = DataKey::new(Algorithm::Sm4Gcm, &hex("0123456789abcdeffedcba9876543210")).unwrap();
        let nonce: [u8; 12] = hex("00001234567800000000abcd").try_into().unwrap();
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = hex(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        );
        let sealed = key.seal(nonce, Payload { msg: &plain, aad: &aad }).unwrap();
        let expected = "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec";
        assert_eq!(HEXLOWER.encode(&sealed), expected);
    }

    #[test]
    fn what_is_no_key_file_says_so_and_shows_nothing() {
        for (text, why) in [
            ("", "yunlong data-key new"),
            ("secret", "yunlong data-key new"),
            ("yunlong-data-key 1 rot13 QUFBQQ==", "no algorithm"),
            ("yunlong-data-key 1 aes-256-gcm QUFBQQ==", "32 bytes"),
            ("yunlong-data-key 1 sm4-gcm !!!!", "base64"),
            ("yunlong-data-key 1 sm4-gcm", "no key"),
        ] {
            let error = DataKey::from_file(text).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("QUFB"), "{text}: {error}");
        }
    }

    #[test]
    fn the_same_bytes_are_another_key_for_another_algorithm() {
        let bytes = [7; 16];
        let sm4 = DataKey::new(Algorithm::Sm4Gcm, &bytes).unwrap();
        assert!(DataKey::new(Algorithm::Aes256Gcm, &bytes).is_err());
        assert_ne!(sm4.id(), DataKey::derived(&Zeroizing::new([7; 32])).id());
        assert!(!format!("{sm4:?}").contains("[7"));
    }
}
