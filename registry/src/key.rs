//! Keys: Ed25519 (RFC 8032), ECDSA over P-256 with SHA-256 (FIPS 186-5), and SM2 with SM3 (GB/T 32918.2,
//! GB/T 32905).
//!
//! Private keys are PKCS#8 PEM (RFC 5208, RFC 5958), public keys SPKI PEM (RFC 5280). What vendors may sign
//! with is the city's decision; this module reads and writes all three.

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use ed25519_dalek::{Signer as _, Verifier as _};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use yunlong_model::Digest;
use yunlong_model::digest::DigestError;
use zeroize::Zeroizing;

/// The distinguishing identifier that GB/T 32918.2 hashes in front of each message. GM/T 0009 gives this one
/// where the parties agreed on none, and OpenSSL and GmSSL use it too.
const SM2_ID: &str = "1234567812345678";

/// A kind of key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// Ed25519, the default.
    #[default]
    Ed25519,
    /// ECDSA over P-256 with SHA-256.
    EcdsaP256,
    /// SM2 with SM3.
    Sm2Sm3,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::Sm2Sm3 => "sm2-sm3",
        })
    }
}

/// A key's id: the SHA-256 digest of its SPKI DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub Digest);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for KeyId {
    type Err = DigestError;

    fn from_str(s: &str) -> Result<Self, DigestError> {
        s.parse().map(Self)
    }
}

/// A key cannot be read, written or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Not a key of a kind that is known.
    #[error("{0}: not an unencrypted PKCS#8 (private) or SPKI (public) PEM of an Ed25519, P-256 or SM2 key")]
    Malformed(String),
    /// Others can read the private key.
    #[error("{0}: others can read this private key: run `chmod 600` on it, or generate a new one")]
    Exposed(String),
}

/// A private key with its public key.
pub enum KeyPair {
    /// Ed25519.
    Ed25519(ed25519_dalek::SigningKey),
    /// ECDSA P-256.
    EcdsaP256(p256::ecdsa::SigningKey),
    /// SM2.
    Sm2Sm3(sm2::SecretKey),
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.public().id())
    }
}

impl KeyPair {
    /// A new key from the operating system's random numbers.
    #[must_use]
    pub fn generate(algorithm: Algorithm) -> Self {
        let mut rng = rand::rng();
        match algorithm {
            Algorithm::Ed25519 => Self::Ed25519(ed25519_dalek::SigningKey::generate(&mut rng)),
            Algorithm::EcdsaP256 => {
                use p256::elliptic_curve::Generate as _;
                Self::EcdsaP256(p256::ecdsa::SigningKey::generate_from_rng(&mut rng))
            }
            Algorithm::Sm2Sm3 => {
                use sm2::elliptic_curve::Generate as _;
                Self::Sm2Sm3(sm2::SecretKey::generate_from_rng(&mut rng))
            }
        }
    }

    /// Its public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(k) => PublicKey::Ed25519(k.verifying_key()),
            Self::EcdsaP256(k) => PublicKey::EcdsaP256(*k.verifying_key()),
            Self::Sm2Sm3(k) => PublicKey::Sm2Sm3(k.public_key()),
        }
    }

    /// Its PKCS#8 PEM.
    ///
    /// # Errors
    /// Never for a key of this type; the encoder's signature allows it.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let bad = |_| KeyError::Malformed("the key".into());
        match self {
            // Version 1, without the public key: OpenSSL reads no other.
            Self::Ed25519(k) => {
                let bytes = ed25519_dalek::pkcs8::KeypairBytes { secret_key: k.to_bytes(), public_key: None };
                bytes.to_pkcs8_pem(LineEnding::LF).map_err(bad)
            }
            Self::EcdsaP256(k) => k.to_pkcs8_pem(LineEnding::LF).map_err(bad),
            Self::Sm2Sm3(k) => k.to_pkcs8_pem(LineEnding::LF).map_err(bad),
        }
    }

    /// Reads a PKCS#8 PEM.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if let Ok(k) = ed25519_dalek::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::Ed25519(k));
        }
        if let Ok(k) = p256::ecdsa::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::EcdsaP256(k));
        }
        // The algorithm's identifier names the curve: a P-256 key is never read as one of SM2.
        sm2::SecretKey::from_pkcs8_pem(pem).map(Self::Sm2Sm3).map_err(|_| KeyError::Malformed("the text".into()))
    }

    /// Writes the private key to a new file that only its owner can read, and the public key beside
    /// it with `.pub` appended. Existing files are not overwritten.
    ///
    /// # Errors
    /// [`KeyError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let io = |source| KeyError::Io { path: path.display().to_string(), source };
        write_new(path, self.to_pem()?.as_bytes(), 0o600).map_err(io)?;
        let mut public = path.as_os_str().to_owned();
        public.push(".pub");
        write_new(Path::new(&public), self.public().to_pem()?.as_bytes(), 0o644).map_err(io)
    }

    /// Reads a private key that [`KeyPair::save`] or OpenSSL wrote.
    ///
    /// # Errors
    /// [`KeyError`]; also when others than the owner can read the file.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let name = || path.display().to_string();
        let io = |source| KeyError::Io { path: name(), source };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            if std::fs::metadata(path).map_err(io)?.permissions().mode() & 0o077 != 0 {
                return Err(KeyError::Exposed(name()));
            }
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(io)?);
        Self::from_pem(&text).map_err(|_| KeyError::Malformed(name()))
    }

    /// Signs `message`, deterministically (RFC 8032, RFC 6979): Ed25519's 64 bytes, or ASN.1 DER for ECDSA and
    /// SM2 (GM/T 0009). Empty when an SM2 nonce was one of the few that the standard excludes, which verifies
    /// with no key.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sm2Sm3(k) => sm2::dsa::SigningKey::new(SM2_ID, k)
                .and_then(|k| k.try_sign(message))
                .map(|s: sm2::dsa::Signature| s.to_der().to_vec())
                .unwrap_or_default(),
            Self::Ed25519(k) => k.sign(message).to_bytes().to_vec(),
            Self::EcdsaP256(k) => {
                let signature: p256::ecdsa::DerSignature = k.sign(message);
                signature.as_bytes().to_vec()
            }
        }
    }
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A public key. Its serde form is the SPKI PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519.
    Ed25519(ed25519_dalek::VerifyingKey),
    /// ECDSA P-256.
    EcdsaP256(p256::ecdsa::VerifyingKey),
    /// SM2.
    Sm2Sm3(sm2::PublicKey),
}

impl PublicKey {
    /// Its kind.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::EcdsaP256(_) => Algorithm::EcdsaP256,
            Self::Sm2Sm3(_) => Algorithm::Sm2Sm3,
        }
    }

    /// The SHA-256 digest of its SPKI DER.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let der = match self {
            Self::Ed25519(k) => k.to_public_key_der(),
            Self::EcdsaP256(k) => k.to_public_key_der(),
            Self::Sm2Sm3(k) => k.to_public_key_der(),
        };
        // Encoding a key of fixed size does not fail; an empty digest would match no key.
        KeyId(Digest::of(&der.map(p256::pkcs8::Document::into_vec).unwrap_or_default()))
    }

    /// Its SPKI PEM.
    ///
    /// # Errors
    /// Never for a key of this type; the encoder's signature allows it.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        match self {
            Self::Ed25519(k) => k.to_public_key_pem(LineEnding::LF),
            Self::EcdsaP256(k) => k.to_public_key_pem(LineEnding::LF),
            Self::Sm2Sm3(k) => k.to_public_key_pem(LineEnding::LF),
        }
        .map_err(|_| KeyError::Malformed("the key".into()))
    }

    /// Reads an SPKI PEM.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if let Ok(k) = ed25519_dalek::VerifyingKey::from_public_key_pem(pem) {
            return Ok(Self::Ed25519(k));
        }
        if let Ok(k) = p256::ecdsa::VerifyingKey::from_public_key_pem(pem) {
            return Ok(Self::EcdsaP256(k));
        }
        sm2::PublicKey::from_public_key_pem(pem).map(Self::Sm2Sm3).map_err(|_| KeyError::Malformed("the text".into()))
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            // Strict: no weak keys, one encoding of each signature.
            Self::Ed25519(k) => {
                ed25519_dalek::Signature::from_slice(signature).is_ok_and(|s| k.verify_strict(message, &s).is_ok())
            }
            Self::EcdsaP256(k) => {
                p256::ecdsa::DerSignature::from_bytes(signature).is_ok_and(|s| k.verify(message, &s).is_ok())
            }
            Self::Sm2Sm3(k) => sm2::dsa::VerifyingKey::new(SM2_ID, *k)
                .is_ok_and(|k| sm2::dsa::Signature::from_der(signature).is_ok_and(|s| k.verify(message, &s).is_ok())),
        }
    }
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.to_pem().map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::from_pem(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;

    #[test]
    fn every_algorithm_signs_verifies_and_survives_its_pem() {
        for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::Sm2Sm3] {
            let key = KeyPair::generate(algorithm);
            let again = KeyPair::from_pem(&key.to_pem().unwrap()).unwrap();
            assert_eq!(again.public(), key.public());
            let public = PublicKey::from_pem(&key.public().to_pem().unwrap()).unwrap();
            assert_eq!((public.id(), public.algorithm()), (key.public().id(), algorithm));
            let signature = again.sign(b"m");
            assert_eq!(signature, key.sign(b"m"), "deterministic");
            assert!(public.verifies(b"m", &signature));
            assert!(!public.verifies(b"n", &signature));
            assert!(!KeyPair::generate(algorithm).public().verifies(b"m", &signature));
            for cut in 0..signature.len() {
                assert!(!public.verifies(b"m", &signature[..cut]));
            }
        }
    }

    #[test]
    fn key_id_is_the_digest_of_the_spki_der() {
        // RFC 8032 7.1, test 1: the public key behind the fixed SPKI prefix of RFC 8410.
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        let der = BASE64.decode("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").unwrap();
        assert_eq!(PublicKey::from_pem(pem).unwrap().id(), KeyId(Digest::of(&der)));
    }

    #[test]
    fn a_saved_key_is_private_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k.pem");
        let key = KeyPair::generate(Algorithm::Ed25519);
        key.save(&path).unwrap();
        assert_eq!(KeyPair::load(&path).unwrap().public(), key.public());
        assert!(matches!(key.save(&path), Err(KeyError::Io { .. })));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(KeyPair::load(&path), Err(KeyError::Exposed(_))));
        }
    }

    /// GB/T 32918.5 (GM/T 0003.5), annex A.2: message, key and signature of the standard's own example.
    #[test]
    fn the_example_of_the_sm2_standard_verifies() {
        let point = "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
        let r = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3";
        let s = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA";
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
        };
        let key = PublicKey::Sm2Sm3(sm2::PublicKey::from_sec1_bytes(&hex(point)).unwrap());
        let signature = sm2::dsa::Signature::from_slice(&[hex(r), hex(s)].concat()).unwrap().to_der().to_vec();
        assert!(key.verifies(b"message digest", &signature));
        assert!(!key.verifies(b"message digesu", &signature));
    }

    /// Written by OpenSSL 3.0: `pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678`.
    #[test]
    fn keys_and_signatures_of_openssl_are_read() {
        let private = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqBHM9VAYItBG0wawIBAQQgop8RmBPC8m7Mo967\nH3WsHTAQyvcUhgtFB0kb8cvsvuKhRANCAATG+7bbRQCSwkhA1Z4SFgpi/2fjiB+l\nHYPiMII92v163jD2B1wnOu8HXCO/4xotCuH3tm2vXmAzgXnEmXvKiPmw\n-----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAExvu220UAksJIQNWeEhYKYv9n44gf\npR2D4jCCPdr9et4w9gdcJzrvB1wjv+MaLQrh97Ztr15gM4F5xJl7yoj5sA==\n-----END PUBLIC KEY-----\n";
        let signature =
            "MEQCIB0X7RiVXDN3DXmzeGgkFgN1GeWHnkcVpl2qsUW06oKsAiBNhF0msA2klbdbIT4MW9uEeTKiYAxVACDCseVyH9ZMxA==";
        let key = PublicKey::from_pem(public).unwrap();
        assert_eq!(KeyPair::from_pem(private).unwrap().public(), key);
        assert_eq!((key.algorithm(), key.to_pem().unwrap().as_str()), (Algorithm::Sm2Sm3, public));
        assert!(key.verifies(b"yunlong", &BASE64.decode(signature).unwrap()));
    }
}
