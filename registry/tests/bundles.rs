//! Sigstore bundles: published vectors, packages that carry them, and every way in which one is refused.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use support::*;
use yunlong_model::Digest;
use yunlong_registry::bundle::{self, BundleError, MEDIA_TYPE, SIGN_PREDICATE, STATEMENT_TYPE};
use yunlong_registry::{Algorithm, Form, KeyPair, Package, PackageError, PublicKey, VerifyError, package};

const MANAGED: &str = include_str!("vectors/managed-key.sigstore.json");
const MANAGED_KEY: &str = include_str!("vectors/managed-key.pub");
const ARTIFACT: &[u8] = include_bytes!("vectors/a.txt");
const INTOTO: &str = include_str!("vectors/intoto.sigstore.json");
const INTOTO_KEY: &str = include_str!("vectors/intoto.pub");

// ---- Published vectors

#[test]
fn a_message_signature_that_cosign_made_verifies_and_its_hint_is_the_keys_id() {
    let key = PublicKey::from_pem(MANAGED_KEY).unwrap();
    let signature = bundle::read(MANAGED.as_bytes(), ARTIFACT).unwrap();
    assert_eq!((signature.form, signature.key), (Form::Manifest, Some(key.id())));
    assert_eq!(signature.signed_digest(), Ok(Digest::of(ARTIFACT)));
    assert!(signature.is_by(&key));
    assert!(!signature.is_by(&PublicKey::from_pem(INTOTO_KEY).unwrap()));
}

#[test]
fn a_message_signature_over_other_bytes_is_refused_by_its_digest_and_without_one_by_the_signature() {
    assert!(matches!(bundle::read(MANAGED.as_bytes(), b"other"), Err(BundleError::OtherMessage(_))));
    let mut value: Value = serde_json::from_str(MANAGED).unwrap();
    value["messageSignature"].as_object_mut().unwrap().remove("messageDigest");
    let signature = bundle::read(value.to_string().as_bytes(), b"other").unwrap();
    assert!(!signature.is_by(&PublicKey::from_pem(MANAGED_KEY).unwrap()));
}

#[test]
fn an_envelope_of_the_conformance_suite_verifies_and_is_no_word_to_publish() {
    let key = PublicKey::from_pem(INTOTO_KEY).unwrap();
    let signature = bundle::read(INTOTO.as_bytes(), b"any").unwrap();
    assert_eq!((signature.form, signature.key), (Form::Statement, Some(key.id())));
    assert!(signature.is_by(&key));
    let statement = bundle::Statement::read(&signature.payload).unwrap();
    assert_eq!(statement.subjects().collect::<Vec<_>>(), [Digest::of(ARTIFACT)]);
    let why = signature.signed_digest().unwrap_err();
    assert!(why.en.contains("https://example.com/test"), "{why:?}");
}

/// Each bit of what cosign signed and of what it wrote counts.
#[test]
fn one_changed_byte_of_a_bundle_that_cosign_made_is_refused() {
    let key = PublicKey::from_pem(MANAGED_KEY).unwrap();
    assert_eq!(key.algorithm(), Algorithm::EcdsaP256);
    let verifies = |value: &Value, artifact: &[u8]| {
        bundle::read(value.to_string().as_bytes(), artifact).is_ok_and(|s| s.is_by(&key))
    };
    let good: Value = serde_json::from_str(MANAGED).unwrap();
    assert!(verifies(&good, ARTIFACT));
    let signature = BASE64.decode(good["messageSignature"]["signature"].as_str().unwrap()).unwrap();
    for place in 0..signature.len() {
        let mut changed = signature.clone();
        changed[place] ^= 1;
        let mut value = good.clone();
        value["messageSignature"]["signature"] = BASE64.encode(changed).into();
        assert!(!verifies(&value, ARTIFACT), "byte {place} of the signature");
    }
    for place in 0..ARTIFACT.len() {
        let mut changed = ARTIFACT.to_vec();
        changed[place] ^= 1;
        assert!(!verifies(&good, &changed), "byte {place} of the artifact");
        // Also when the bundle's own digest is mended.
        let mut value = good.clone();
        value["messageSignature"]["messageDigest"]["digest"] = BASE64.encode(Digest::of(&changed).as_bytes()).into();
        assert!(!verifies(&value, &changed), "byte {place} of the artifact, with its digest");
    }

    let (key, good): (_, Value) = (PublicKey::from_pem(INTOTO_KEY).unwrap(), serde_json::from_str(INTOTO).unwrap());
    assert_eq!(key.algorithm(), Algorithm::EcdsaP256);
    let payload = BASE64.decode(good["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    for place in 0..payload.len() {
        let mut changed = payload.clone();
        changed[place] ^= 1;
        let mut value = good.clone();
        value["dsseEnvelope"]["payload"] = BASE64.encode(changed).into();
        let read = bundle::read(value.to_string().as_bytes(), b"any");
        assert!(!read.is_ok_and(|s| s.is_by(&key)), "byte {place} of the statement");
    }
}

/// DSSE's protocol.md, version 1.0.0: the encoding, and its signature in the raw form that DSSE leaves open.
#[test]
fn the_encoding_of_an_envelope_is_that_of_dsse() {
    let encoded = bundle::pre_authentication("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    // The document gives the point's coordinates in decimal.
    let decimal = |text: &str| -> Vec<u8> {
        let mut out = vec![0_u8; 32];
        for digit in text.bytes() {
            let mut carry = u32::from(digit - b'0');
            for byte in out.iter_mut().rev() {
                let n = u32::from(*byte) * 10 + carry;
                *byte = (n & 0xff) as u8;
                carry = n >> 8;
            }
        }
        out
    };
    let x = decimal("46950820868899156662930047687818585632848591499744589407958293238635476079160");
    let y = decimal("5640078356564379163099075877009565129882514886557779369047442380624545832820");
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&[&[4][..], &x, &y].concat()).unwrap();
    let raw = BASE64.decode("A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==");
    let der = p256::ecdsa::Signature::from_slice(&raw.unwrap()).unwrap().to_der();
    assert!(PublicKey::EcdsaP256(key).verifies(&encoded, der.as_bytes()));
}

// ---- Packages that carry one

fn statement(digest: &Digest, predicate: &str) -> Vec<u8> {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "digest": { "sha256": digest.hex() } }],
        "predicateType": predicate,
        "predicate": {},
    })
    .to_string()
    .into_bytes()
}

fn envelope(key: &KeyPair, payload: &[u8]) -> Value {
    let signature = key.sign(&bundle::pre_authentication(STATEMENT_TYPE, payload));
    json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": { "publicKey": { "hint": hint(key) }, "tlogEntries": [] },
        "dsseEnvelope": {
            "payload": BASE64.encode(payload),
            "payloadType": STATEMENT_TYPE,
            "signatures": [{ "sig": BASE64.encode(signature), "keyid": "" }],
        },
    })
}

/// As cosign writes it: the digest of the key in base64.
fn hint(key: &KeyPair) -> String {
    BASE64.encode(key.public().id().0.as_bytes())
}

/// A package with a bundle as cosign attaches it.
fn with_bundle(bundle: &Value) -> Result<Package, PackageError> {
    let mut files = files(&unsigned());
    add_referrer(&mut files, MEDIA_TYPE, MEDIA_TYPE, bundle.to_string().as_bytes(), None);
    open(&files)
}

#[test]
fn a_package_that_cosign_3_signed_is_verified_with_the_pinned_key() {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::Sm2Sm3] {
        let key = other_key(algorithm);
        let package = with_bundle(&envelope(&key, &statement(&unsigned().digest, SIGN_PREDICATE))).unwrap();
        assert_eq!(package.digest, unsigned().digest);
        let mut trust = trust();
        assert_eq!(trust.verify(&package), Err(VerifyError::UnknownSigner(key.public().id())));
        trust.enroll("tongshan", None, key.public(), "a", yunlong_model::Timestamp(1)).unwrap();
        assert_eq!(package::verify(&package, &trust).unwrap().key, key.public().id());
        // It travels on in the package's tar.
        let again = open(&files(&package)).unwrap();
        assert!(package::verify(&again, &trust).is_ok());
    }
}

#[test]
fn a_message_signature_is_over_the_wasm_manifest() {
    let manifest = unsigned().wasm_manifest;
    let bundle = json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": { "publicKey": { "hint": "whatever this tool writes" } },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": BASE64.encode(Digest::of(&manifest).as_bytes()) },
            "signature": BASE64.encode(key().sign(&manifest)),
        },
    });
    assert_eq!(package::verify(&with_bundle(&bundle).unwrap(), &trust()).unwrap().key, key().public().id());
}

#[test]
fn a_statement_about_another_package_refuses_this_one() {
    let other = Digest::of(b"another package");
    let package = with_bundle(&envelope(&key(), &statement(&other, SIGN_PREDICATE))).unwrap();
    assert!(
        matches!(trust().verify(&package), Err(VerifyError::BadSignature(why)) if why.en.contains(&other.to_string()))
    );
}

#[test]
fn an_attestation_is_neither_a_signature_nor_a_fault() {
    let scan = envelope(&key(), &statement(&unsigned().digest, "https://cosign.sigstore.dev/attestation/vuln/v1"));
    let package = with_bundle(&scan).unwrap();
    assert_eq!(trust().verify(&package), Err(VerifyError::Unsigned));
    let mut signed = package.clone();
    signed.sign(&key()).unwrap();
    assert!(trust().verify(&open(&files(&signed)).unwrap()).is_ok());
}

#[test]
fn a_certificate_is_no_enrolled_key() {
    let mut bundle = envelope(&key(), &statement(&unsigned().digest, SIGN_PREDICATE));
    bundle["verificationMaterial"] = json!({ "certificate": { "rawBytes": "AAAA" } });
    assert_eq!(trust().verify(&with_bundle(&bundle).unwrap()), Err(VerifyError::Unsigned));
}

#[test]
fn every_malformed_bundle_is_refused_with_what_is_wrong() {
    let good = envelope(&key(), &statement(&unsigned().digest, SIGN_PREDICATE));
    let refused = |change: &dyn Fn(&mut Value), want: &str| {
        let mut bundle = good.clone();
        change(&mut bundle);
        let error = with_bundle(&bundle).map(|p| trust().verify(&p)).map_err(|e| e.to_string());
        match error {
            Err(why) => assert!(why.contains(want), "{want}: {why}"),
            Ok(verdict) => {
                let why = verdict.unwrap_err().to_string();
                assert!(why.contains(want), "{want}: {why}");
            }
        }
    };
    refused(&|b| b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1".into(), "media type");
    refused(&|b| b["dsseEnvelope"] = Value::Null, "either");
    refused(&|b| b["messageSignature"] = json!({ "signature": "AAAA" }), "either");
    refused(&|b| b["dsseEnvelope"]["payloadType"] = "text/plain".into(), "text/plain");
    refused(&|b| b["dsseEnvelope"]["signatures"] = json!([]), "0 signatures");
    refused(&|b| b["dsseEnvelope"]["signatures"] = json!([{ "sig": "AA==" }, { "sig": "AA==" }]), "2 signatures");
    refused(&|b| b["dsseEnvelope"]["payload"] = "!".into(), "cannot be read");
    refused(&|b| b["dsseEnvelope"]["signatures"][0]["sig"] = "AAAA".into(), "is not by the key");
    refused(&|b| b["dsseEnvelope"]["payload"] = BASE64.encode("{}").into(), "no in-toto statement");
    refused(
        &|b| b["verificationMaterial"]["publicKey"]["hint"] = hint(&other_key(Algorithm::Ed25519)).into(),
        "not enrolled",
    );
}

/// Before version 3 cosign put its payloads under the tag `sha256-<hex>.sig`, in a manifest without subject.
#[test]
fn the_older_manifest_of_signatures_is_read_too() {
    let signature = yunlong_registry::Signature::of(&key(), &unsigned().digest, "registry.example/tickets");
    let mut files = files(&unsigned());
    let annotations = json!({ "dev.cosignproject.cosign/signature": BASE64.encode(&signature.signature) });
    let payload = "application/vnd.dev.cosign.simplesigning.v1+json";
    add_manifest(&mut files, &signature.payload, payload, |manifest| {
        manifest["layers"][0]["annotations"] = annotations;
        manifest["config"]["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
    });
    let package = open(&files).unwrap();
    assert_eq!(package.signatures[0].key, None, "cosign names no key");
    assert_eq!(package::verify(&package, &trust()).unwrap().key, key().public().id());
}
