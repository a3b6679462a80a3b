//! The signature of a package: three forms of what is signed, three kinds of keys. Written anew from the
//! standards, as all of this crate.

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::Verifier as _;
use ed25519_dalek::pkcs8::DecodePublicKey as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Why a signature does not hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// The key is none that is known.
    #[error("无法读取公钥 / the public key cannot be read")]
    Key,
    /// The key is not the one that the log names.
    #[error("公钥是 {found}，日志记录的是 {wanted} / the key is {found}, the log names {wanted}")]
    OtherKey {
        /// The key's id.
        found: String,
        /// The id in the log.
        wanted: String,
    },
    /// What was signed is not written as it should be.
    #[error("无法读取签名内容：{0} / what was signed cannot be read: {0}")]
    Payload(String),
    /// Another package was signed.
    #[error("签名针对的是 {0} / it is over {0}")]
    OtherPackage(String),
    /// The key did not make it.
    #[error("不是该公钥所签 / that key did not make it")]
    Forged,
}

/// A signature as a proof carries it.
#[derive(Deserialize)]
pub(crate) struct Signature {
    key: String,
    form: Form,
    payload: String,
    signature: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Form {
    SimpleSigning,
    Manifest,
    Statement,
}

enum Key {
    Ed25519(ed25519_dalek::VerifyingKey),
    EcdsaP256(p256::ecdsa::VerifyingKey),
    Sm2Sm3(sm2::PublicKey),
}

/// GM/T 0009's distinguishing identifier where the parties agreed on none.
const SM2_ID: &str = "1234567812345678";

impl Key {
    /// Reads an SPKI PEM, and answers the SHA-256 of its DER.
    fn read(pem: &str) -> Option<(Self, String)> {
        let body = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?.strip_suffix("-----END PUBLIC KEY-----")?;
        let body: String = body.split_whitespace().collect();
        let der = BASE64.decode(body.as_bytes()).ok()?;
        let key = ed25519_dalek::VerifyingKey::from_public_key_der(&der)
            .map(Self::Ed25519)
            .or_else(|_| p256::ecdsa::VerifyingKey::from_public_key_der(&der).map(Self::EcdsaP256))
            .or_else(|_| sm2::PublicKey::from_public_key_der(&der).map(Self::Sm2Sm3))
            .ok()?;
        Some((key, format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(&der)))))
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
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

impl Signature {
    /// Whether it is over `digest`, by the key of this id.
    pub(crate) fn check(&self, digest: &str, key_id: &str) -> Result<(), SignerError> {
        let (key, found) = Key::read(&self.key).ok_or(SignerError::Key)?;
        if found != key_id {
            return Err(SignerError::OtherKey { found, wanted: key_id.to_owned() });
        }
        let decode = |text: &str| BASE64.decode(text.as_bytes()).map_err(|e| SignerError::Payload(e.to_string()));
        let payload = decode(&self.payload)?;
        let over = match self.form {
            Form::SimpleSigning => simple_signing(&payload)?,
            Form::Manifest => format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(&payload))),
            Form::Statement => statement(&payload)?,
        };
        if over != digest {
            return Err(SignerError::OtherPackage(over));
        }
        let message = match self.form {
            Form::SimpleSigning | Form::Manifest => payload,
            Form::Statement => {
                const TYPE: &str = "application/vnd.in-toto+json";
                let head = format!("DSSEv1 {} {TYPE} {} ", TYPE.len(), payload.len());
                [head.as_bytes(), &payload].concat()
            }
        };
        if key.verifies(&message, &decode(&self.signature)?) { Ok(()) } else { Err(SignerError::Forged) }
    }
}

/// The digest that a simple-signing document names (containers/image, as cosign writes it).
fn simple_signing(payload: &[u8]) -> Result<String, SignerError> {
    let value: serde_json::Value = serde_json::from_slice(payload).map_err(|e| SignerError::Payload(e.to_string()))?;
    if value["critical"]["type"] != "cosign container image signature" {
        return Err(SignerError::Payload("type".into()));
    }
    let digest = value["critical"]["image"]["docker-manifest-digest"].as_str();
    digest.map(str::to_owned).ok_or_else(|| SignerError::Payload("docker-manifest-digest".into()))
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

/// The one digest that cosign's signing statement is about (in-toto attestation framework).
fn statement(payload: &[u8]) -> Result<String, SignerError> {
    let statement: Statement = serde_json::from_slice(payload).map_err(|e| SignerError::Payload(e.to_string()))?;
    let known = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
    if !known.contains(&statement.kind.as_str()) {
        return Err(SignerError::Payload("_type".into()));
    }
    if statement.predicate_type != "https://sigstore.dev/cosign/sign/v1" {
        return Err(SignerError::Payload("predicateType".into()));
    }
    let mut digests = statement.subject.iter().filter_map(|s| s.digest.get("sha256"));
    match (digests.next(), digests.next()) {
        (Some(one), None) => Ok(format!("sha256:{one}")),
        _ => Err(SignerError::Payload("subject".into())),
    }
}
