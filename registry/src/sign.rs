//! Signatures over packages, in the three forms in which tools write them.
//!
//! - cosign's *simple signing*: over a small JSON document that names the package's digest. Ours are of
//!   this form, so that cosign verifies them with the vendor's public key.
//! - A *message signature* of a Sigstore bundle: over the bytes of the wasm manifest themselves.
//! - A *DSSE envelope* of a Sigstore bundle: over an in-toto statement whose subject is the digest. cosign
//!   writes it since version 3.
//!
//! In each form the key is one that the city enrolled: no certificate and no outside service counts.

use crate::{KeyId, KeyPair, PublicKey, bundle};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use yunlong_model::{Digest, Text};

/// A signature as it stands in a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key that it says it is by; `None` when a tool wrote it that names no key. A hint: what counts is
    /// which key verifies it.
    pub key: Option<KeyId>,
    /// What `payload` is, and so what exactly was signed.
    pub form: Form,
    /// The payload, by its form.
    pub payload: Vec<u8>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
}

/// What a signature's payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A simple-signing document, signed as it is.
    SimpleSigning,
    /// The wasm manifest, signed as it is.
    Manifest,
    /// An in-toto statement, signed in a DSSE envelope of the type `application/vnd.in-toto+json`.
    Statement,
}

impl Signature {
    /// Signs a package's digest. `reference` is the app's name, as the payload's `docker-reference`.
    #[must_use]
    pub fn of(key: &KeyPair, digest: &Digest, reference: &str) -> Self {
        let payload = payload(digest, reference);
        Self { key: Some(key.public().id()), form: Form::SimpleSigning, signature: key.sign(&payload), payload }
    }

    /// The digest that was signed.
    ///
    /// # Errors
    /// What is wrong with the payload.
    pub fn signed_digest(&self) -> Result<Digest, Text> {
        match self.form {
            Form::SimpleSigning => {
                let p: Payload = serde_json::from_slice(&self.payload).map_err(|e| Text {
                    zh: format!("所签内容不是 simple-signing 文档（{e}）"),
                    en: format!("its payload is not a simple-signing document: {e}"),
                })?;
                if p.critical.r#type != PAYLOAD_TYPE {
                    let found = short(&p.critical.r#type);
                    return Err(Text {
                        zh: format!("所签内容的类型是“{found}”"),
                        en: format!("its payload has the type `{found}`"),
                    });
                }
                Ok(p.critical.image.digest)
            }
            Form::Manifest => Ok(Digest::of(&self.payload)),
            Form::Statement => bundle::signed_subject(&self.payload),
        }
    }

    /// The bytes that were signed.
    #[must_use]
    pub fn signed_bytes(&self) -> Cow<'_, [u8]> {
        match self.form {
            Form::SimpleSigning | Form::Manifest => Cow::Borrowed(&self.payload),
            Form::Statement => Cow::Owned(bundle::pre_authentication(bundle::STATEMENT_TYPE, &self.payload)),
        }
    }

    /// Whether it is a statement that is no signing: an attestation, which says nothing for or against.
    pub(crate) fn is_about_something_else(&self) -> bool {
        let predicate = |s: bundle::Statement| s.predicate_type != bundle::SIGN_PREDICATE;
        self.form == Form::Statement && bundle::Statement::read(&self.payload).is_ok_and(predicate)
    }

    /// Whether a key made it.
    #[must_use]
    pub fn is_by(&self, key: &PublicKey) -> bool {
        key.verifies(&self.signed_bytes(), &self.signature)
    }

    pub(crate) fn to_base64(&self) -> String {
        BASE64.encode(&self.signature)
    }

    pub(crate) fn bytes_from_base64(text: &str) -> Option<Vec<u8>> {
        BASE64.decode(text).ok()
    }
}

/// What of a text that somebody else wrote is repeated in a message.
pub(crate) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
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
    use crate::Algorithm;

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

    /// The payload, key and signature of sigstore-rs's own tests (src/crypto/verification_key.rs), made by
    /// cosign over an image.
    #[test]
    fn a_signature_that_cosign_made_verifies() {
        let key = PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENptdY/l3nB0yqkXLBWkZWQwo6+cu\nOSWS1X9vPavpiQOoTTGC0xX57OojUadxF1cdQmrsiReWg2Wn4FneJfa8xw==\n-----END PUBLIC KEY-----").unwrap();
        let payload = r#"{"critical":{"identity":{"docker-reference":"registry-testing.svc.lan/busybox"},"image":{"docker-manifest-digest":"sha256:f3cfc9d0dbf931d3db4685ec659b7ac68e2a578219da4aae65427886e649b06b"},"type":"cosign container image signature"},"optional":null}"#;
        let text = "MEUCIQD6q/COgzOyW0YH1Dk+CCYSt4uAhm3FDHUwvPI55zwnlwIgE0ZK58ZOWpZw8YVmBapJhBqCfdPekIknimuO0xH8Jh8=";
        let mut signature = Signature {
            key: None,
            form: Form::SimpleSigning,
            payload: payload.into(),
            signature: Signature::bytes_from_base64(text).unwrap(),
        };
        assert!(signature.is_by(&key));
        assert_eq!(
            signature.signed_digest().unwrap().to_string(),
            "sha256:f3cfc9d0dbf931d3db4685ec659b7ac68e2a578219da4aae65427886e649b06b"
        );
        signature.payload = payload.replace("f3cf", "f3ce").into();
        assert!(!signature.is_by(&key));
    }
}
