//! A package to spoil, and tools to spoil it with.
#![allow(dead_code, reason = "each test binary uses some of them")]

use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use yunlong_model::{Digest, Timestamp};
use yunlong_registry::{
    Algorithm, KeyPair, Limits, Package, PackageError, TrustStore, VerifiedSigner, VerifyError, package,
};

/// The smallest component, with a custom section so that there is something to change.
pub(crate) const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0\0\x06\x04note!";
pub(crate) const APP_TOML: &str = r#"
name = "tickets"
version = "1.2.0"
vendor = "tongshan"
title = { zh = "票", en = "Tickets" }
description = { zh = "售票", en = "Sells tickets" }
[assets]
dir = "assets"
"#;

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn assets() -> BTreeMap<String, Bytes> {
    [("style.css", "body{}"), ("img/lake.svg", "<svg/>")]
        .map(|(p, b)| (p.to_owned(), Bytes::from_static(b.as_bytes())))
        .into()
}

pub(crate) fn key() -> KeyPair {
    // Fixed, so that failures repeat.
    KeyPair::from_pem("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n").unwrap()
}

pub(crate) fn unsigned() -> Package {
    Package::build(APP_TOML, COMPONENT, &assets()).unwrap()
}

pub(crate) fn signed() -> Package {
    let mut package = unsigned();
    package.sign(&key()).unwrap();
    package
}

pub(crate) fn trust() -> TrustStore {
    let mut trust = TrustStore::default();
    trust.enroll("tongshan", None, key().public(), "city-admin", Timestamp(1)).unwrap();
    trust
}

pub(crate) fn other_key(algorithm: Algorithm) -> KeyPair {
    KeyPair::generate(algorithm)
}

/// The files of a package's tar.
pub(crate) fn files(package: &Package) -> Files {
    let tar = package.to_tar().unwrap();
    let mut out = Files::new();
    for entry in tar::Archive::new(&tar[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        out.insert(path, bytes);
    }
    out
}

pub(crate) fn tar(files: &Files) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        append(&mut builder, path, bytes, tar::EntryType::Regular);
    }
    builder.into_inner().unwrap()
}

/// Appends an entry, whatever its path and type say.
pub(crate) fn append(builder: &mut tar::Builder<Vec<u8>>, path: &str, bytes: &[u8], kind: tar::EntryType) {
    let mut header = tar::Header::new_ustar();
    // `set_path` refuses what these tests are about.
    let name = &mut header.as_old_mut().name;
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    if !kind.is_file() {
        header.set_link_name("index.json").unwrap();
    }
    header.set_cksum();
    builder.append(&header, bytes).unwrap();
}

pub(crate) fn open(files: &Files) -> Result<Package, PackageError> {
    package::open_bytes(&tar(files), &Limits::default())
}

/// Opening and verifying in one.
#[derive(Debug)]
pub(crate) enum Refusal {
    Package(PackageError),
    Verify(VerifyError),
}

pub(crate) fn accept(tar: &[u8]) -> Result<(Package, VerifiedSigner), Refusal> {
    let package = package::open_bytes(tar, &Limits::default()).map_err(Refusal::Package)?;
    let signer = package::verify(&package, &trust()).map_err(Refusal::Verify)?;
    Ok((package, signer))
}

pub(crate) fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// The path of the layer's blob whose media type is this.
pub(crate) fn layer_path(files: &Files, media_type: &str) -> String {
    let blobs = files.iter().filter(|(p, _)| p.starts_with("blobs/"));
    for document in blobs.filter_map(|(_, b)| serde_json::from_slice::<Value>(b).ok()) {
        for layer in document["layers"].as_array().into_iter().flatten() {
            if layer["mediaType"] == media_type {
                return blob_path(&layer["digest"].as_str().unwrap().parse().unwrap());
            }
        }
    }
    panic!("no layer {media_type}");
}

/// Puts `bytes` in the place of a blob and mends every digest and size that names it, as a clever
/// forger would: descriptors in manifests, in the index, and whatever follows from that.
pub(crate) fn replace_blob(files: &mut Files, path: &str, bytes: Vec<u8>) {
    let old = files.remove(path).unwrap();
    let (from, to) = (Digest::of(&old), Digest::of(&bytes));
    let size = bytes.len();
    files.insert(blob_path(&to), bytes);
    if from == to {
        return;
    }
    // One document after the other: mending one may give another one a new name.
    loop {
        let documents = files.iter().filter(|(_, b)| b.starts_with(b"{") && b.len() > 2);
        let found = documents.map(|(p, b)| (p.clone(), json(b))).find_map(|(path, mut value)| {
            mend(&mut value, &from.to_string(), &to.to_string(), size).then_some((path, value))
        });
        let Some((path, value)) = found else { return };
        let mended = serde_json::to_vec(&value).unwrap();
        if path.starts_with("blobs/") {
            replace_blob(files, &path, mended);
        } else {
            files.insert(path, mended);
        }
    }
}

/// Mends descriptors and layerDigests, but neither annotations nor what was signed: those are what
/// the tests are about.
fn mend(value: &mut Value, from: &str, to: &str, size: usize) -> bool {
    match value {
        Value::Object(map) => {
            let mut changed = false;
            if map.get("digest").and_then(Value::as_str) == Some(from) {
                map.insert("digest".into(), to.into());
                map.insert("size".into(), size.into());
                changed = true;
            }
            for (key, inner) in map.iter_mut() {
                if key != "annotations" && key != "critical" {
                    changed |= mend(inner, from, to, size);
                }
            }
            changed
        }
        // All of them: `any` would stop at the first.
        Value::Array(items) => items.iter_mut().filter_map(|v| mend(v, from, to, size).then_some(())).count() > 0,
        Value::String(s) if s == from => {
            *s = to.to_owned();
            true
        }
        _ => false,
    }
}

/// Changes the wasm manifest, with all digests that follow from it.
pub(crate) fn change_wasm_manifest(files: &mut Files, change: impl FnOnce(&mut Value)) {
    let path = blob_path(&signed().digest);
    let mut value = json(&files[&path]);
    change(&mut value);
    replace_blob(files, &path, serde_json::to_vec(&value).unwrap());
}

/// Changes the manifest whose `artifactType` is this, with all digests that follow from it.
pub(crate) fn change_referrer(files: &mut Files, artifact_type: &str, change: impl FnOnce(&mut Value)) {
    let found = files.iter().find(|(p, b)| {
        p.starts_with("blobs/")
            && serde_json::from_slice::<Value>(b)
                .is_ok_and(|v| v["artifactType"] == artifact_type && v["layers"].is_array())
    });
    let path = found.map(|(p, _)| p.clone()).unwrap();
    let mut value = json(&files[&path]);
    change(&mut value);
    replace_blob(files, &path, serde_json::to_vec(&value).unwrap());
}

/// Adds a blob, and answers its descriptor.
fn add_blob(files: &mut Files, media_type: &str, bytes: &[u8]) -> Value {
    let digest = Digest::of(bytes);
    files.insert(blob_path(&digest), bytes.to_vec());
    serde_json::json!({ "mediaType": media_type, "digest": digest.to_string(), "size": bytes.len() })
}

/// Adds a manifest with one layer, as `change` wants it.
pub(crate) fn add_manifest(files: &mut Files, bytes: &[u8], layer_type: &str, change: impl FnOnce(&mut Value)) {
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    let mut manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": add_blob(files, "application/vnd.oci.empty.v1+json", b"{}"),
        "layers": [add_blob(files, layer_type, bytes)],
    });
    change(&mut manifest);
    let entry = add_blob(files, MANIFEST, manifest.to_string().as_bytes());
    let mut index = json(&files["index.json"]);
    index["manifests"].as_array_mut().unwrap().push(entry);
    files.insert("index.json".into(), index.to_string().into_bytes());
}

/// Adds a manifest that refers to the package's.
pub(crate) fn add_referrer(
    files: &mut Files,
    artifact_type: &str,
    layer_type: &str,
    bytes: &[u8],
    annotations: Option<Value>,
) {
    let subject = json(&files["index.json"])["manifests"][0].clone();
    add_manifest(files, bytes, layer_type, |manifest| {
        manifest["artifactType"] = artifact_type.into();
        manifest["subject"] = serde_json::json!({
            "mediaType": subject["mediaType"], "digest": subject["digest"], "size": subject["size"]
        });
        if let Some(annotations) = annotations {
            manifest["layers"][0]["annotations"] = annotations;
        }
    });
}
