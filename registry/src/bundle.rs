//! Sigstore bundles, version 0.3, verified with pinned keys.
//!
//! A bundle is the JSON form of `dev.sigstore.bundle.v1.Bundle` (sigstore/protobuf-specs). Of its
//! verification material only `publicKey.hint` is read, which helps to find the key; certificates, entries of
//! public logs and time stamps are neither asked for nor believed, since who signs for whom is enrolled with
//! the city, and when something was published is in the city's own log.
//!
//! The fields that are used are few; the generated types of all of sigstore would bring a protobuf runtime
//! and a TLS stack with them.

use crate::sign::{Form, short};
use crate::{KeyId, Signature};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};
use yunlong_model::{Digest, Text};

/// The media type of a bundle, of its layer and, as artifact type, of the referrer that carries it.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The older way to write the same.
const OLD_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle+json;version=0.3";
/// The payload type of an in-toto statement (in-toto attestation framework, envelope).
pub const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";
/// What cosign states when it signs. Other statements about a package, an attestation of a scan for instance,
/// are signed by the same key and say something else: they are no word to publish it.
pub const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
/// The types of an in-toto statement that are read.
const STATEMENTS: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// Why something is no bundle that can count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not such JSON.
    #[error("the bundle cannot be read: {0}")]
    Malformed(String),
    /// Another version or another thing.
    #[error("the bundle has the media type `{0}`, not {MEDIA_TYPE}")]
    MediaType(String),
    /// It holds neither a message's signature nor an envelope, or both.
    #[error("the bundle must hold either a `messageSignature` or a `dsseEnvelope`")]
    Content,
    /// A digest by another algorithm.
    #[error("the bundle's message digest is by `{0}`: SHA2_256 is wanted")]
    Hash(String),
    /// The digest that it repeats is not that of the manifest.
    #[error("the bundle is over another message: it names {0}")]
    OtherMessage(String),
    /// It is by a certificate, which no key of the city's stands behind.
    #[error("the bundle is by a certificate: only enrolled keys count here")]
    Certificate,
    /// An envelope of another type of payload.
    #[error("the bundle's envelope holds `{0}`, not an in-toto statement")]
    PayloadType(String),
    /// An envelope must have one signature: more would be a policy of several signers, which is not read.
    #[error("the bundle's envelope has {0} signatures: exactly one is read")]
    Signatures(usize),
}

impl BundleError {
    /// What a person reads. What a parser says is English.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Malformed(e) => format!("无法解析（{e}）"),
            Self::MediaType(found) => format!("媒体类型是“{found}”，应为 {MEDIA_TYPE}"),
            Self::Content => "必须含有 messageSignature 或 dsseEnvelope 之一，且不能同时含有两者".into(),
            Self::Hash(found) => format!("消息摘要用了“{found}”算法：应为 SHA2_256"),
            Self::OtherMessage(found) => format!("签的是另一份内容：其中写明的是 {found}"),
            Self::Certificate => "以证书签名：本平台只认可已登记的密钥".into(),
            Self::PayloadType(found) => format!("信封中是“{found}”，不是 in-toto 声明"),
            Self::Signatures(n) => format!("信封中有 {n} 个签名：只能有一个"),
        };
        Text { zh, en: self.to_string() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    #[serde(default)]
    verification_material: Material,
    message_signature: Option<MessageSignature>,
    dsse_envelope: Option<Envelope>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Option<Hint>,
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Hint {
    #[serde(default)]
    hint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageSignature {
    message_digest: Option<MessageDigest>,
    signature: Base64,
}

#[derive(Deserialize)]
struct MessageDigest {
    algorithm: String,
    digest: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: Base64,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: Base64,
}

/// Bytes in JSON. protobuf's mapping and DSSE both ask readers to take either alphabet, padded or not.
struct Base64(Vec<u8>);

const EITHER: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, EITHER);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, EITHER);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        PLAIN.decode(&text).or_else(|_| URL.decode(&text)).map(Self).map_err(D::Error::custom)
    }
}

/// Reads a bundle over a package's manifest. It is not verified: [`Signature::is_by`] does that with a key,
/// and [`Signature::signed_digest`] says what it is over. A statement that is no signing (see
/// [`SIGN_PREDICATE`]) is read, and `signed_digest` refuses it.
///
/// # Errors
/// [`BundleError`].
pub fn read(json: &[u8], manifest: &[u8]) -> Result<Signature, BundleError> {
    let bundle: Bundle = serde_json::from_slice(json).map_err(|e| BundleError::Malformed(e.to_string()))?;
    if bundle.media_type != MEDIA_TYPE && bundle.media_type != OLD_MEDIA_TYPE {
        return Err(BundleError::MediaType(short(&bundle.media_type)));
    }
    let material = bundle.verification_material;
    if material.certificate.is_some() || material.x509_certificate_chain.is_some() {
        return Err(BundleError::Certificate);
    }
    let key = material.public_key.and_then(|h| key_of_hint(&h.hint));
    match (bundle.message_signature, bundle.dsse_envelope) {
        (Some(signed), None) => {
            if let Some(named) = &signed.message_digest {
                if named.algorithm != "SHA2_256" {
                    return Err(BundleError::Hash(short(&named.algorithm)));
                }
                if named.digest.0 != Digest::of(manifest).as_bytes() {
                    let hex: String = named.digest.0.iter().take(32).map(|b| format!("{b:02x}")).collect();
                    return Err(BundleError::OtherMessage(hex));
                }
            }
            Ok(Signature { key, form: Form::Manifest, payload: manifest.to_vec(), signature: signed.signature.0 })
        }
        (None, Some(mut envelope)) => {
            if envelope.payload_type != STATEMENT_TYPE {
                return Err(BundleError::PayloadType(short(&envelope.payload_type)));
            }
            match (envelope.signatures.pop(), envelope.signatures.len()) {
                (Some(one), 0) => {
                    Ok(Signature { key, form: Form::Statement, payload: envelope.payload.0, signature: one.sig.0 })
                }
                (None, _) => Err(BundleError::Signatures(0)),
                (Some(_), more) => Err(BundleError::Signatures(more + 1)),
            }
        }
        _ => Err(BundleError::Content),
    }
}

/// cosign's hint is the SHA-256 of the SPKI DER in base64: our key's id, written differently. Other tools
/// write what they like.
fn key_of_hint(hint: &str) -> Option<KeyId> {
    if let Ok(id) = hint.parse() {
        return Some(id);
    }
    let bytes: [u8; 32] = PLAIN.decode(hint).ok()?.try_into().ok()?;
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}").parse().ok()
}

/// DSSE's pre-authentication encoding: what is signed in an envelope.
#[must_use]
pub fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// An in-toto statement: who says what about which digests.
#[derive(Debug, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    /// What kind of predicate it is.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said.
    #[serde(default)]
    pub predicate: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct Subject {
    digest: std::collections::BTreeMap<String, String>,
}

impl Statement {
    /// Reads a statement.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(json: &[u8]) -> Result<Self, Text> {
        let statement: Self = serde_json::from_slice(json).map_err(|e| Text {
            zh: format!("不是 in-toto 声明（{e}）"),
            en: format!("it is no in-toto statement: {e}"),
        })?;
        if !STATEMENTS.contains(&statement.kind.as_str()) {
            let kind = short(&statement.kind);
            return Err(Text {
                zh: format!("类型“{kind}”不是 in-toto 声明的类型"),
                en: format!("its type `{kind}` is not that of an in-toto statement"),
            });
        }
        Ok(statement)
    }

    /// The SHA-256 digests that it is about; others are passed over.
    pub fn subjects(&self) -> impl Iterator<Item = Digest> + '_ {
        self.subject.iter().filter_map(|s| format!("sha256:{}", s.digest.get("sha256")?).parse().ok())
    }
}

/// The one digest that a signing statement is about.
pub(crate) fn signed_subject(statement: &[u8]) -> Result<Digest, Text> {
    let statement = Statement::read(statement)?;
    if statement.predicate_type != SIGN_PREDICATE {
        let what = short(&statement.predicate_type);
        return Err(Text {
            zh: format!("它声明的是“{what}”，不是对安装包的签名（{SIGN_PREDICATE}）"),
            en: format!("it states `{what}`, which is no signature of a package ({SIGN_PREDICATE})"),
        });
    }
    let mut subjects = statement.subjects();
    match (subjects.next(), subjects.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Text {
            zh: "声明中没有 SHA-256 摘要".into(),
            en: "its statement names no SHA-256 digest".into(),
        }),
        (Some(_), Some(_)) => Err(Text {
            zh: "声明中有多个摘要：一次只能为一个安装包签名".into(),
            en: "its statement names several digests: one package is signed at a time".into(),
        }),
    }
}
