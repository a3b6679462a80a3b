//! cosign's formats from sigstore's own side: its crate verifies what we sign, we take in what it signs, and its
//! published vectors go through our reader.
//!
//! What the crate `sigstore` cannot do, and who does it here: its verifier of bundles knows certificates alone and no
//! pinned key, so bundles are read and written with the messages that sigstore generates of its own definitions
//! (`sigstore_protobuf_specs`), and verified with the crate's keys. Its client of registries always asks services
//! outside, so the payload is read as the manifest in the package names it.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sigstore::crypto::{CosignVerificationKey, SigStoreSigner, Signature, SigningScheme};
use sigstore_protobuf_specs::dev::sigstore::bundle::v1::bundle::Content;
use sigstore_protobuf_specs::dev::sigstore::bundle::v1::verification_material::Content as Material;
use sigstore_protobuf_specs::dev::sigstore::bundle::v1::{Bundle, VerificationMaterial};
use sigstore_protobuf_specs::dev::sigstore::common::v1::{
    HashAlgorithm, HashOutput, MessageSignature, PublicKeyIdentifier,
};
use sigstore_protobuf_specs::io::intoto;
use support::*;
use yunlong_model::{Digest, Timestamp};
use yunlong_registry::bundle::{self, BundleError, MEDIA_TYPE, SIGN_PREDICATE, STATEMENT_TYPE};
use yunlong_registry::{Algorithm, KeyError, KeyPair, PublicKey, VerifyError, package};

const SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// What sigstore signs with and the city may enroll.
const SCHEMES: [SigningScheme; 2] = [SigningScheme::ECDSA_P256_SHA256_ASN1, SigningScheme::ED25519];

const MANAGED: &str = include_str!("vectors/managed-key.sigstore.json");
const MANAGED_KEY: &str = include_str!("vectors/managed-key.pub");
const ARTIFACT: &[u8] = include_bytes!("vectors/a.txt");
const INTOTO: &str = include_str!("vectors/intoto.sigstore.json");
const INTOTO_KEY: &str = include_str!("vectors/intoto.pub");
const COSIGN_3: &str = include_str!("vectors/cosign3-certificate.sigstore.json");
const COSIGN_3_KEY: &str = include_str!("vectors/cosign3-certificate.pub");
const NPM: &str = include_str!("vectors/npm-certificate.sigstore.json");
const VERSION_0_2: &str = include_str!("vectors/version-0.2.sigstore.json");

/// A pinned key, as sigstore reads it.
fn theirs(key: &PublicKey) -> CosignVerificationKey {
    CosignVerificationKey::try_from_pem(key.to_pem().unwrap().as_bytes()).unwrap()
}

fn ours(signer: &SigStoreSigner) -> PublicKey {
    PublicKey::from_pem(&signer.to_sigstore_keypair().unwrap().public_key_to_pem().unwrap()).unwrap()
}

// ---- What we sign

/// The payload and the signature's text of a package, found in its files as cosign finds them.
fn cosign_signature(files: &Files) -> (Vec<u8>, String) {
    let documents = files.values().filter_map(|b| serde_json::from_slice::<Value>(b).ok());
    let layers = documents.flat_map(|d| d["layers"].as_array().cloned().unwrap_or_default());
    let [layer]: [Value; 1] =
        layers.filter(|l| l["mediaType"] == SIMPLE_SIGNING).collect::<Vec<_>>().try_into().unwrap();
    let payload = files[&blob_path(&layer["digest"].as_str().unwrap().parse().unwrap())].clone();
    (payload, layer["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap().to_owned())
}

#[test]
fn sigstore_verifies_a_package_that_we_signed() {
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let key = other_key(algorithm);
        let mut package = unsigned();
        package.sign(&key).unwrap();
        let (payload, signature) = cosign_signature(&files(&package));
        let verifies = |key: &KeyPair, payload: &[u8]| {
            theirs(&key.public()).verify_signature(Signature::Base64Encoded(signature.as_bytes()), payload).is_ok()
        };
        assert!(verifies(&key, &payload), "{algorithm}");
        assert!(!verifies(&other_key(algorithm), &payload), "{algorithm}: another key");
        for place in 0..payload.len() {
            let mut changed = payload.clone();
            changed[place] ^= 1;
            assert!(!verifies(&key, &changed), "{algorithm}: byte {place}");
        }
        // What cosign then compares with what it pulled.
        let document: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(document["critical"]["type"], "cosign container image signature");
        assert_eq!(document["critical"]["image"]["docker-manifest-digest"], package.digest.to_string());
    }
}

/// SM2 is for departments that must use it. Nobody abroad reads it: cosign cannot say that such a package is good,
/// and does not say so.
#[test]
fn sigstore_reads_no_key_of_sm2() {
    let pem = other_key(Algorithm::Sm2Sm3).public().to_pem().unwrap();
    assert!(CosignVerificationKey::try_from_pem(pem.as_bytes()).is_err());
}

// ---- What sigstore signs

fn written(signer: &SigStoreSigner, content: Content) -> String {
    let hint = ours(signer).id().to_string();
    let bundle = Bundle {
        media_type: MEDIA_TYPE.into(),
        verification_material: Some(VerificationMaterial {
            content: Some(Material::PublicKey(PublicKeyIdentifier { hint })),
            ..VerificationMaterial::default()
        }),
        content: Some(content),
    };
    serde_json::to_string(&bundle).unwrap()
}

fn envelope(signer: &SigStoreSigner, digest: &Digest) -> String {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "digest": { "sha256": digest.hex() }, "annotations": {} }],
        "predicateType": SIGN_PREDICATE,
        "predicate": {},
    });
    let payload = statement.to_string().into_bytes();
    let head = format!("DSSEv1 {} {STATEMENT_TYPE} {} ", STATEMENT_TYPE.len(), payload.len());
    let sig = signer.sign(&[head.as_bytes(), &payload].concat()).unwrap();
    let signatures = vec![intoto::Signature { sig, keyid: String::new() }];
    written(
        signer,
        Content::DsseEnvelope(intoto::Envelope { payload, payload_type: STATEMENT_TYPE.into(), signatures }),
    )
}

fn message(signer: &SigStoreSigner, manifest: &[u8]) -> String {
    let digest =
        HashOutput { algorithm: HashAlgorithm::Sha2256.into(), digest: Digest::of(manifest).as_bytes().to_vec() };
    let signature = signer.sign(manifest).unwrap();
    written(signer, Content::MessageSignature(MessageSignature { message_digest: Some(digest), signature }))
}

/// What becomes of a package with this bundle where the signer's key is pinned.
fn verdict(signer: &SigStoreSigner, bundle: &str) -> Result<(), VerifyError> {
    let mut files = files(&unsigned());
    add_referrer(&mut files, MEDIA_TYPE, MEDIA_TYPE, bundle.as_bytes(), None);
    let mut trust = trust();
    trust.enroll("tongshan", None, ours(signer), "city-admin", Timestamp(1)).unwrap();
    let signed_by = package::verify(&open(&files).unwrap(), &trust)?;
    assert_eq!(signed_by.key, ours(signer).id());
    Ok(())
}

#[test]
fn a_bundle_of_sigstores_messages_and_signers_is_taken_in_with_its_pinned_key() {
    let package = unsigned();
    for scheme in SCHEMES {
        let signer = scheme.create_signer().unwrap();
        for bundle in [envelope(&signer, &package.digest), message(&signer, &package.wasm_manifest)] {
            assert_eq!(verdict(&signer, &bundle), Ok(()), "{scheme}: {bundle}");
            // By a key that is not the one it names.
            let mut forged: Value = serde_json::from_str(&bundle).unwrap();
            let other = ours(&scheme.create_signer().unwrap());
            forged["verificationMaterial"]["publicKey"]["hint"] = other.id().to_string().into();
            assert_eq!(verdict(&signer, &forged.to_string()), Err(VerifyError::UnknownSigner(other.id())), "{scheme}");
        }
        let other = envelope(&signer, &Digest::of(b"another package"));
        assert!(matches!(verdict(&signer, &other), Err(VerifyError::BadSignature(_))), "{scheme}");
    }
}

#[test]
fn a_payload_that_sigstores_signer_signed_is_taken_in() {
    for scheme in SCHEMES {
        let signer = scheme.create_signer().unwrap();
        // The fields as sigstore-rs writes them (src/cosign/payload/simple_signing.rs).
        let payload = json!({
            "critical": {
                "identity": { "docker-reference": "registry.example/tongshan/tickets" },
                "image": { "docker-manifest-digest": unsigned().digest.to_string() },
                "type": "cosign container image signature",
            },
            "optional": null,
        });
        let payload = payload.to_string().into_bytes();
        let signature = BASE64.encode(signer.sign(&payload).unwrap());
        let annotations = json!({ "dev.cosignproject.cosign/signature": signature });
        // As cosign 2 attaches it: a referrer, or a manifest without subject under the tag `sha256-<hex>.sig`.
        let (mut referrer, mut tagged) = (files(&unsigned()), files(&unsigned()));
        add_referrer(&mut referrer, SIGNATURE, SIMPLE_SIGNING, &payload, Some(annotations.clone()));
        add_manifest(&mut tagged, &payload, SIMPLE_SIGNING, |manifest| {
            manifest["layers"][0]["annotations"] = annotations;
        });
        for files in [referrer, tagged] {
            let package = open(&files).unwrap();
            let mut trust = trust();
            trust.enroll("tongshan", None, ours(&signer), "city-admin", Timestamp(1)).unwrap();
            assert_eq!(package::verify(&package, &trust).map(|s| s.key), Ok(ours(&signer).id()), "{scheme}");
            // Signed, but by nobody whose key the city has.
            let mut others = support::trust();
            let other = ours(&scheme.create_signer().unwrap());
            others.enroll("tongshan", None, other, "city-admin", Timestamp(1)).unwrap();
            assert!(package::verify(&package, &others).is_err(), "{scheme}");
        }
    }
}

// ---- Published vectors

/// Both sides read the same bundle, and find the same key, the same bytes and the same signature in it.
#[test]
fn both_sides_agree_on_the_conformance_suites_bundles() {
    for (json, pem) in [(MANAGED, MANAGED_KEY), (INTOTO, INTOTO_KEY)] {
        let key = PublicKey::from_pem(pem).unwrap();
        let mine = bundle::read(json.as_bytes(), ARTIFACT).unwrap();
        let bundle: Bundle = serde_json::from_str(json).unwrap();
        let (signed, signature) = match bundle.content.unwrap() {
            Content::MessageSignature(m) => (ARTIFACT.to_vec(), m.signature),
            Content::DsseEnvelope(mut e) => {
                let head = format!("DSSEv1 {} {} {} ", e.payload_type.len(), e.payload_type, e.payload.len());
                ([head.as_bytes(), &e.payload].concat(), e.signatures.remove(0).sig)
            }
        };
        assert_eq!((mine.signed_bytes().to_vec(), &mine.signature), (signed.clone(), &signature));
        assert!(mine.is_by(&key));
        theirs(&key).verify_signature(Signature::Raw(&signature), &signed).unwrap();
    }
}

#[test]
fn published_bundles_by_certificates_and_of_older_versions_are_refused_by_what_they_are() {
    for json in [COSIGN_3, NPM] {
        assert_eq!(bundle::read(json.as_bytes(), ARTIFACT), Err(BundleError::Certificate));
    }
    let older = "application/vnd.dev.sigstore.bundle+json;version=0.2";
    assert_eq!(bundle::read(VERSION_0_2.as_bytes(), ARTIFACT), Err(BundleError::MediaType(older.into())));
}

/// The certificate is what is not believed: once its key is pinned, the same statement counts.
#[test]
fn a_signing_statement_that_cosign_3_made_is_read_and_verified_with_its_key() {
    let mut value: Value = serde_json::from_str(COSIGN_3).unwrap();
    value["verificationMaterial"] = json!({ "publicKey": { "hint": "" } });
    let read = |value: &Value| bundle::read(value.to_string().as_bytes(), b"any").unwrap();
    let key = PublicKey::from_pem(COSIGN_3_KEY).unwrap();
    let signature = read(&value);
    assert!(signature.is_by(&key));
    let digest = "sha256:c811d58de79c92f03214e63aa339484e488d694ae8a6283b5f3f17a9faf50172";
    assert_eq!(signature.signed_digest(), Ok(digest.parse().unwrap()));
    theirs(&key).verify_signature(Signature::Raw(&signature.signature), &signature.signed_bytes()).unwrap();

    // npm's is a statement too, of something else, and about a digest that nobody here has.
    let mut value: Value = serde_json::from_str(NPM).unwrap();
    value["verificationMaterial"] = json!({ "publicKey": { "hint": "" } });
    let why = format!("{:?}", read(&value).signed_digest().unwrap_err());
    assert!(why.contains("https://slsa.dev/provenance/v1"), "{why}");
}

#[test]
fn the_keys_that_sigstore_writes_are_read_or_refused_with_the_form_that_is_wanted() {
    let plain = [
        (include_str!("vectors/keys/ecdsa_private.key"), SigningScheme::ECDSA_P256_SHA256_ASN1, Algorithm::EcdsaP256),
        (include_str!("vectors/keys/ed25519_private.key"), SigningScheme::ED25519, Algorithm::Ed25519),
    ];
    for (pem, scheme, algorithm) in plain {
        let key = KeyPair::from_pem(pem).unwrap();
        assert_eq!(key.public().algorithm(), algorithm);
        let pair = sigstore::crypto::signing_key::SigStoreKeyPair::from_pem(pem.as_bytes()).unwrap();
        let signer = pair.to_sigstore_signer(&scheme).unwrap();
        assert_eq!(ours(&signer), key.public());
        theirs(&ours(&signer)).verify_signature(Signature::Raw(&key.sign(b"m")), b"m").unwrap();
        assert!(key.public().verifies(b"m", &signer.sign(b"m").unwrap()));
    }
    for (name, pem) in [
        ("cosign's own", include_str!("vectors/keys/cosign_generated_encrypted_empty_private.key")),
        ("ecdsa", include_str!("vectors/keys/ecdsa_encrypted_private.key")),
        ("ed25519", include_str!("vectors/keys/ed25519_encrypted_private.key")),
        ("rsa, encrypted", include_str!("vectors/keys/rsa_encrypted_private.key")),
        ("rsa", include_str!("vectors/keys/rsa_private.key")),
    ] {
        let error = KeyPair::from_pem(pem).unwrap_err();
        assert!(matches!(error, KeyError::Malformed(_)), "{name}: {error}");
        assert!(error.to_string().contains("unencrypted PKCS#8"), "{name}: {error}");
    }
}
