//! Keys and signatures: Ed25519 (RFC 8032) and ECDSA over P-256 with SHA-256 (FIPS 186-5).
//!
//! Private keys are PKCS#8 PEM (RFC 5208, RFC 5958), public keys SPKI PEM (RFC 5280). A signature is over cosign's
//! simple-signing payload, base64 as cosign writes it, so that cosign can verify it with the
//! vendor's public key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
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

/// A kind of key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// Ed25519, the default.
    #[default]
    Ed25519,
    /// ECDSA over P-256 with SHA-256.
    EcdsaP256,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa-p256",
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
    #[error("{0}: not an unencrypted PKCS#8 (private) or SPKI (public) PEM of an Ed25519 or P-256 key")]
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
        }
    }

    /// Its public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(k) => PublicKey::Ed25519(k.verifying_key()),
            Self::EcdsaP256(k) => PublicKey::EcdsaP256(*k.verifying_key()),
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
        p256::ecdsa::SigningKey::from_pkcs8_pem(pem)
            .map(Self::EcdsaP256)
            .map_err(|_| KeyError::Malformed("the text".into()))
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

    /// Signs `message`, deterministically (RFC 8032, RFC 6979): Ed25519's 64 bytes, or ASN.1 DER for ECDSA.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
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
}

impl PublicKey {
    /// Its kind.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::EcdsaP256(_) => Algorithm::EcdsaP256,
        }
    }

    /// The SHA-256 digest of its SPKI DER.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let der = match self {
            Self::Ed25519(k) => k.to_public_key_der(),
            Self::EcdsaP256(k) => k.to_public_key_der(),
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
        p256::ecdsa::VerifyingKey::from_public_key_pem(pem)
            .map(Self::EcdsaP256)
            .map_err(|_| KeyError::Malformed("the text".into()))
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

/// A signature as it stands in a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key that it says it is by; `None` when a tool wrote it that names no key.
    pub key: Option<KeyId>,
    /// What was signed: a simple-signing payload.
    pub payload: Vec<u8>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
}

impl Signature {
    /// Signs a package's digest. `reference` is the app's name, as the payload's `docker-reference`.
    #[must_use]
    pub fn of(key: &KeyPair, digest: &Digest, reference: &str) -> Self {
        let payload = payload(digest, reference);
        Self { key: Some(key.public().id()), signature: key.sign(&payload), payload }
    }

    /// The digest that the payload names.
    ///
    /// # Errors
    /// What is wrong with the payload.
    pub fn signed_digest(&self) -> Result<Digest, String> {
        let p: Payload = serde_json::from_slice(&self.payload)
            .map_err(|e| format!("its payload is not a simple-signing document: {e}"))?;
        if p.critical.r#type != PAYLOAD_TYPE {
            return Err(format!(
                "its payload has the type `{}`",
                p.critical.r#type.chars().take(80).collect::<String>()
            ));
        }
        Ok(p.critical.image.digest)
    }

    pub(crate) fn to_base64(&self) -> String {
        BASE64.encode(&self.signature)
    }

    pub(crate) fn bytes_from_base64(text: &str) -> Option<Vec<u8>> {
        BASE64.decode(text).ok()
    }
}

const PAYLOAD_TYPE: &str = "cosign container image signature";

/// containers/image's simple signing, as cosign uses it.
#[derive(Serialize, Deserialize)]
struct Payload {
    critical: Critical,
    optional: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    r#type: String,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    reference: String,
}

#[derive(Serialize, Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: Digest,
}

fn payload(digest: &Digest, reference: &str) -> Vec<u8> {
    let p = Payload {
        critical: Critical {
            identity: Identity { reference: reference.to_owned() },
            image: Image { digest: *digest },
            r#type: PAYLOAD_TYPE.to_owned(),
        },
        optional: None,
    };
    // Strings and structs always serialize.
    serde_json::to_vec(&p).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_algorithms_sign_verify_and_survive_their_pem() {
        for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256] {
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

    #[test]
    fn payload_is_cosigns_simple_signing_document() {
        let digest = Digest::of(b"x");
        let signature = Signature::of(&KeyPair::generate(Algorithm::Ed25519), &digest, "hello");
        assert_eq!(
            String::from_utf8(signature.payload.clone()).unwrap(),
            format!(
                r#"{{"critical":{{"identity":{{"docker-reference":"hello"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
            )
        );
        assert_eq!(signature.signed_digest().unwrap(), digest);
    }
}
