//! The OCI documents that a package is made of.

use crate::PackageError;
use oci_spec::image::{Descriptor, ImageManifest, MediaType};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::str::FromStr as _;
use yunlong_model::Digest;

pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(crate) const WASM_LAYER: &str = "application/wasm";
pub(crate) const APP_TOML: &str = "application/vnd.yunlong.app.v1+toml";
pub(crate) const ASSETS: &str = "application/vnd.yunlong.assets.v1+tar";
/// cosign's type of a signature that is a referrer.
pub(crate) const SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
pub(crate) const SBOM: &str = "application/vnd.cyclonedx+json";
/// An in-toto statement that nothing signs by itself: the package's signature covers it.
pub(crate) const PROVENANCE: &str = "application/vnd.in-toto+json";
pub(crate) const LISTING: &str = "application/vnd.yunlong.listing.v1+toml";
pub(crate) const SCENARIOS: &str = "application/vnd.yunlong.scenarios.v1+tar";
pub(crate) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

pub(crate) const A_TITLE: &str = "org.opencontainers.image.title";
pub(crate) const A_VERSION: &str = "org.opencontainers.image.version";
pub(crate) const A_VENDOR: &str = "org.opencontainers.image.vendor";
pub(crate) const A_REF: &str = "org.opencontainers.image.ref.name";
pub(crate) const A_MANIFEST_DIGEST: &str = "org.yunlong.manifest.digest";
pub(crate) const A_ASSETS_DIGEST: &str = "org.yunlong.assets.digest";
pub(crate) const A_SBOM_DIGEST: &str = "org.yunlong.sbom.digest";
pub(crate) const A_PROVENANCE_DIGEST: &str = "org.yunlong.provenance.digest";
pub(crate) const A_LISTING_DIGEST: &str = "org.yunlong.listing.digest";
pub(crate) const A_SCENARIOS_DIGEST: &str = "org.yunlong.scenarios.digest";
pub(crate) const A_SIGNATURE: &str = "dev.cosignproject.cosign/signature";
pub(crate) const A_SIGNER: &str = "org.yunlong.signer";

/// The wasm config of the CNCF's wasm artifact layout.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WasmConfig {
    pub(crate) created: String,
    pub(crate) architecture: String,
    pub(crate) os: String,
    pub(crate) layer_digests: Vec<Digest>,
    pub(crate) component: Option<WasmComponent>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WasmComponent {
    pub(crate) exports: Vec<String>,
    pub(crate) imports: Vec<String>,
    pub(crate) target: Option<String>,
}

/// JSON with sorted keys: the oci-spec types keep annotations in hash maps, whose order is random,
/// and the same input has to give the same digest.
pub(crate) fn canonical_json<T: Serialize>(value: &T) -> Result<Vec<u8>, PackageError> {
    fn sort(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(map) => {
                let sorted: BTreeMap<_, _> = map.into_iter().map(|(k, v)| (k, sort(v))).collect();
                serde_json::Value::Object(sorted.into_iter().collect())
            }
            serde_json::Value::Array(items) => serde_json::Value::Array(items.into_iter().map(sort).collect()),
            other => other,
        }
    }
    let bad = |e: serde_json::Error| PackageError::unreadable("a document of the package", e);
    serde_json::to_vec(&sort(serde_json::to_value(value).map_err(bad)?)).map_err(bad)
}

pub(crate) fn other(media_type: &str) -> MediaType {
    MediaType::from(media_type)
}

/// A descriptor of `bytes`.
pub(crate) fn descriptor(media_type: MediaType, bytes: &[u8]) -> Result<Descriptor, PackageError> {
    let digest = oci_spec::image::Digest::from_str(&Digest::of(bytes).to_string())
        .map_err(|e| PackageError::unreadable("a digest", e))?;
    Ok(Descriptor::new(media_type, bytes.len() as u64, digest))
}

/// The digest in a descriptor, which must be SHA-256.
pub(crate) fn digest_of(d: &Descriptor, what: &str) -> Result<Digest, PackageError> {
    d.digest().as_ref().parse().map_err(|e| PackageError::unreadable(what, e))
}

/// Parses a manifest and checks what every manifest must say.
pub(crate) fn parse_manifest(bytes: &[u8], what: &str) -> Result<ImageManifest, PackageError> {
    let manifest: ImageManifest = serde_json::from_slice(bytes).map_err(|e| PackageError::unreadable(what, e))?;
    if manifest.schema_version() != 2 {
        let found = manifest.schema_version();
        return Err(PackageError::malformed(
            what,
            format!("schemaVersion 是 {found}，不是 2"),
            format!("schemaVersion {found} is not 2"),
        ));
    }
    if let Some(t) = manifest.media_type() {
        expect_type(t, &MediaType::ImageManifest, what)?;
    }
    Ok(manifest)
}

pub(crate) fn expect_type(found: &MediaType, expected: &MediaType, what: &str) -> Result<(), PackageError> {
    if found == expected {
        Ok(())
    } else if let Some(how) = compression_of_type(found.as_ref()) {
        Err(PackageError::Compressed { what: what.to_owned(), how: how.to_owned() })
    } else {
        Err(PackageError::MediaType { what: what.to_owned(), found: found.to_string() })
    }
}

/// What kind of artifact a manifest is (image-spec: `artifactType`, or else the config's type).
pub(crate) fn artifact_type(m: &ImageManifest) -> String {
    m.artifact_type().as_ref().unwrap_or(m.config().media_type()).to_string()
}

pub(crate) fn annotation<'a>(m: &'a ImageManifest, key: &str) -> Option<&'a str> {
    m.annotations().as_ref().and_then(|a| a.get(key)).map(String::as_str)
}

pub(crate) fn annotations<const N: usize>(pairs: [(&str, String); N]) -> HashMap<String, String> {
    pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

/// The compression that a media type names (image-spec's `+gzip` and `+zstd`, docker's `.gzip`, the types of
/// archives).
pub(crate) fn compression_of_type(media_type: &str) -> Option<&'static str> {
    let lower = media_type.to_ascii_lowercase();
    let type_of = |name: &str| lower.split(['+', '.', '/', '-', ';']).any(|part| part == name);
    ["gzip", "zstd", "zip", "bzip2", "xz", "brotli"].into_iter().find(|name| type_of(name))
}

/// The compression that the first bytes show, whatever their media type says.
pub(crate) fn compression_of_bytes(bytes: &[u8]) -> Option<&'static str> {
    let magic: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
    ];
    magic.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, name)| name)
}

/// Refuses compressed bytes.
pub(crate) fn plain(bytes: &[u8], what: &str) -> Result<(), PackageError> {
    match compression_of_bytes(bytes) {
        Some(how) => Err(PackageError::Compressed { what: what.to_owned(), how: how.to_owned() }),
        None => Ok(()),
    }
}
