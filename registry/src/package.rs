//! Building, opening and signing packages.

use crate::assets::{self, Asset};
use crate::component::{self, Inspection};
use crate::layout::{Layout, replace_file};
use crate::oci::{self, WasmComponent, WasmConfig};
use crate::parts::Parts;
use crate::scenarios;
use crate::{KeyId, KeyPair, Listing, Most, PackageError, Signature, TrustStore, VerifiedSigner, VerifyError};
use bytes::Bytes;
use oci_spec::image::{Descriptor, ImageManifestBuilder, MediaType};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use yunlong_model::{Digest, Manifest};

/// How much of a package is read. Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole package.
    pub total: u64,
    /// The component. Those of interpreted languages carry their interpreter: some 40 MiB.
    pub component: u64,
    /// The assets together.
    pub assets: u64,
    /// How many assets.
    pub asset_files: usize,
    /// `app.toml`, the listing and each manifest.
    pub document: u64,
    /// The list of what the component is made of, and how it was built: each.
    pub evidence: u64,
    /// The scenarios together.
    pub scenarios: u64,
    /// One file of them.
    pub scenario: u64,
    /// How many files of scenarios, that of the invariants among them.
    pub scenario_files: usize,
    /// How many blobs.
    pub blobs: usize,
    /// How many signatures.
    pub signatures: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            total: 96 * MIB,
            component: 64 * MIB,
            assets: 24 * MIB,
            asset_files: 2_000,
            document: 256 * 1024,
            evidence: 4 * MIB,
            scenarios: 512 * 1024,
            scenario: 64 * 1024,
            scenario_files: 64,
            blobs: 64,
            signatures: 16,
        }
    }
}

/// A package that was read and found whole. Whether to trust it is [`verify`]'s question.
#[derive(Clone, Debug)]
pub struct Package {
    /// `app.toml`, checked.
    pub manifest: Manifest,
    /// `app.toml` as it was written.
    pub manifest_toml: String,
    /// The component's bytes.
    pub component: Bytes,
    /// What the component imports and exports.
    pub inspection: Inspection,
    /// Static files by path.
    pub assets: BTreeMap<String, Asset>,
    /// How the catalogue shows it.
    pub listing: Option<Listing>,
    /// What the component is made of: CycloneDX in JSON, unread.
    pub sbom: Option<Bytes>,
    /// How it was built: an in-toto statement with SLSA provenance, unread.
    pub provenance: Option<Bytes>,
    /// What `scenarios/` holds, by file: what the app says of itself, for the review to play. Unread.
    pub scenarios: BTreeMap<String, String>,
    /// The wasm manifest's bytes. Its annotations carry the digests of everything above.
    pub wasm_manifest: Bytes,
    /// The digest of the wasm manifest: the package's identity, and what signatures are over.
    pub digest: Digest,
    /// The signatures, unverified.
    pub signatures: Vec<Signature>,
    layout: Layout,
}

/// What a package is built from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Materials<'a> {
    /// `app.toml`.
    pub manifest_toml: &'a str,
    /// The component.
    pub component: &'a [u8],
    /// Static files by path, when `app.toml` has `[assets]`.
    pub files: Option<&'a BTreeMap<String, Bytes>>,
    /// `listing.toml`.
    pub listing_toml: Option<&'a str>,
    /// CycloneDX in JSON.
    pub sbom: Option<&'a [u8]>,
    /// An in-toto statement with SLSA provenance in JSON.
    pub provenance: Option<&'a [u8]>,
    /// Scenarios and invariants by file; none of an app that has none.
    pub scenarios: Option<&'a BTreeMap<String, String>>,
}

/// Files beside `app.toml` that are taken into the package when they are there.
const LISTING_FILE: &str = "listing.toml";
/// The list of what the component is made of, beside `app.toml`.
pub const SBOM_FILE: &str = "sbom.cdx.json";
/// The statement how the component was built, beside `app.toml`.
pub const PROVENANCE_FILE: &str = "provenance.intoto.json";

/// What a package says of its component: made by a tool, or given by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// CycloneDX in JSON.
    pub sbom: Option<Vec<u8>>,
    /// An in-toto statement with SLSA provenance in JSON.
    pub provenance: Option<Vec<u8>>,
}

/// Builds a package from a folder with `app.toml` (and its assets) and a component, and writes it to `out`:
/// a tar when the name ends in `.tar`, otherwise a folder. The same input gives the same digest.
///
/// # Errors
/// [`PackageError`].
pub fn build(dir: &Path, component: &[u8], out: &Path) -> Result<Digest, PackageError> {
    let package = Package::from_folder(dir, component)?;
    package.write(out)?;
    Ok(package.digest)
}

/// Opens a package: a folder or a tar.
///
/// # Errors
/// [`PackageError`] names the first part that is wrong.
pub fn open(path: &Path, limits: &Limits) -> Result<Package, PackageError> {
    Package::from_layout(Layout::read(path, limits)?, limits)
}

/// Opens a package from the bytes of its tar.
///
/// # Errors
/// [`PackageError`] names the first part that is wrong.
pub fn open_bytes(tar: &[u8], limits: &Limits) -> Result<Package, PackageError> {
    if tar.len() as u64 > limits.total {
        return Err(PackageError::too_large("the package", Most::Bytes(limits.total)));
    }
    oci::plain(tar, "the package")?;
    Package::from_layout(Layout::from_tar(tar, limits)?, limits)
}

/// Who signed the package, if their signature counts.
///
/// # Errors
/// [`VerifyError`] says why no signature counts.
pub fn verify(package: &Package, trust: &TrustStore) -> Result<VerifiedSigner, VerifyError> {
    trust.verify(package)
}

impl Package {
    /// Builds a package in memory from a folder with `app.toml` and a component. `listing.toml`,
    /// `sbom.cdx.json`, `provenance.intoto.json` and `scenarios/*.toml` are taken in when they stand beside it.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn from_folder(dir: &Path, component: &[u8]) -> Result<Self, PackageError> {
        Self::from_folder_with(dir, component, Evidence::default())
    }

    /// As [`Package::from_folder`]; what is given takes the place of the files beside `app.toml`.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn from_folder_with(dir: &Path, component: &[u8], evidence: Evidence) -> Result<Self, PackageError> {
        let limits = Limits::default();
        let text = |name: &str, limit: u64| -> Result<Option<String>, PackageError> {
            let path = dir.join(name);
            let what = || path.display().to_string();
            match std::fs::metadata(&path) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(e) => Err(PackageError::io(what())(e)),
                Ok(meta) if meta.len() > limit => Err(PackageError::too_large(name, Most::Bytes(limit))),
                Ok(_) => std::fs::read_to_string(&path).map(Some).map_err(PackageError::io(what())),
            }
        };
        let toml = text("app.toml", limits.document)?.ok_or_else(|| {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            PackageError::io(dir.join("app.toml").display().to_string())(missing)
        })?;
        let manifest = Manifest::parse(&toml)?;
        let files = match &manifest.assets {
            Some(a) => assets::read_dir(dir, &a.dir, &limits)?,
            None => BTreeMap::new(),
        };
        let listing = text(LISTING_FILE, limits.document)?;
        let evidence_of = |given: Option<Vec<u8>>, name: &str| match given {
            Some(bytes) if bytes.len() as u64 > limits.evidence => {
                Err(PackageError::too_large(name, Most::Bytes(limits.evidence)))
            }
            Some(bytes) => Ok(Some(bytes)),
            None => Ok(text(name, limits.evidence)?.map(String::into_bytes)),
        };
        let sbom = evidence_of(evidence.sbom, SBOM_FILE)?;
        let provenance = evidence_of(evidence.provenance, PROVENANCE_FILE)?;
        let scenarios = scenarios::read_dir(dir, &limits)?;
        Self::assemble(Materials {
            manifest_toml: &toml,
            component,
            files: Some(&files),
            listing_toml: listing.as_deref(),
            sbom: sbom.as_deref(),
            provenance: provenance.as_deref(),
            scenarios: Some(&scenarios),
        })
    }

    /// Builds a package in memory from its necessary parts.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn build(manifest_toml: &str, component: &[u8], files: &BTreeMap<String, Bytes>) -> Result<Self, PackageError> {
        Self::assemble(Materials { manifest_toml, component, files: Some(files), ..Materials::default() })
    }

    /// Builds a package in memory from all that it can have. The same input gives the same digest.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn assemble(from: Materials<'_>) -> Result<Self, PackageError> {
        let manifest = Manifest::parse(from.manifest_toml)?;
        let inspection = component::inspect(from.component)?;
        let mut layout = Layout::default();
        let layer = layout.add(oci::other(oci::WASM_LAYER), from.component.to_vec())?;
        let config = WasmConfig {
            // No time of building: the same input has to give the same digest.
            created: "1970-01-01T00:00:00Z".into(),
            architecture: "wasm".into(),
            os: "wasip2".into(),
            layer_digests: vec![Digest::of(from.component)],
            component: Some(WasmComponent {
                exports: inspection.exports.iter().cloned().collect(),
                imports: inspection.imports.iter().cloned().collect(),
                target: None,
            }),
        };
        let config = layout.add(oci::other(oci::WASM_CONFIG), oci::canonical_json(&config)?)?;
        let mut annotations = oci::annotations([
            (oci::A_TITLE, manifest.name.to_string()),
            (oci::A_VERSION, manifest.version.to_string()),
            (oci::A_VENDOR, manifest.vendor.clone()),
        ]);
        let no_files = BTreeMap::new();
        let tar = match manifest.assets {
            Some(_) => Some(assets::to_tar(from.files.unwrap_or(&no_files))?),
            None => None,
        };
        let scenarios = from.scenarios.filter(|s| !s.is_empty()).map(scenarios::to_tar).transpose()?;
        let bound = [
            (oci::A_MANIFEST_DIGEST, oci::APP_TOML, Some(from.manifest_toml.as_bytes().to_vec())),
            (oci::A_ASSETS_DIGEST, oci::ASSETS, tar),
            (oci::A_LISTING_DIGEST, oci::LISTING, from.listing_toml.map(|t| t.as_bytes().to_vec())),
            (oci::A_SBOM_DIGEST, oci::SBOM, from.sbom.map(<[u8]>::to_vec)),
            (oci::A_PROVENANCE_DIGEST, oci::PROVENANCE, from.provenance.map(<[u8]>::to_vec)),
            (oci::A_SCENARIOS_DIGEST, oci::SCENARIOS, scenarios),
        ];
        for (annotation, _, bytes) in &bound {
            if let Some(bytes) = bytes {
                annotations.insert((*annotation).into(), Digest::of(bytes).to_string());
            }
        }
        let wasm = ImageManifestBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageManifest)
            .config(config)
            .layers(vec![layer])
            .annotations(annotations)
            .build()
            .map_err(|e| PackageError::unreadable("the wasm manifest", e))?;
        let subject = layout.add(MediaType::ImageManifest, oci::canonical_json(&wasm)?)?;
        let mut entry = subject.clone();
        entry.set_annotations(Some(oci::annotations([(oci::A_REF, manifest.version.to_string())])));
        layout.index.push(entry);
        for (_, kind, bytes) in bound {
            if let Some(bytes) = bytes {
                add_referrer(&mut layout, &subject, kind, kind, bytes, None)?;
            }
        }
        // What was built is read back: nothing leaves this function that would be refused later.
        Self::from_layout(layout, &Limits::default())
    }

    /// Reads a package out of a registry's answers: its wasm manifest, the manifests that refer to it, and
    /// the blobs that [`wanted_blobs`] named. What does not belong to a package is left out, since a registry
    /// keeps referrers of anybody's; of several for one part the one counts whose digest is signed.
    ///
    /// # Errors
    /// [`PackageError`] names the first part that is wrong.
    pub fn from_registry(
        wasm_manifest: Bytes,
        referrers: Vec<Bytes>,
        blobs: BTreeMap<Digest, Bytes>,
        limits: &Limits,
    ) -> Result<Self, PackageError> {
        Self::from_layout(crate::parts::gather(wasm_manifest, referrers, blobs, limits)?, limits)
    }

    /// Signs the package. The signature becomes part of it; its digest stays.
    ///
    /// # Errors
    /// [`PackageError::TooLarge`] with too many signatures.
    pub fn sign(&mut self, key: &KeyPair) -> Result<KeyId, PackageError> {
        let signature = Signature::of(key, &self.digest, self.manifest.name.as_str());
        let id = key.public().id();
        if self.signatures.contains(&signature) {
            return Ok(id);
        }
        if self.signatures.len() >= Limits::default().signatures {
            return Err(PackageError::too_large("the package", Most::Signatures(Limits::default().signatures)));
        }
        let subject = self.layout.index.iter().find(|d| d.digest().as_ref() == self.digest.to_string());
        let mut subject = subject.cloned().ok_or_else(|| PackageError::Missing("the wasm manifest".into()))?;
        subject.set_annotations(None);
        let annotations =
            oci::annotations([(oci::A_SIGNATURE, signature.to_base64()), (oci::A_SIGNER, id.to_string())]);
        add_referrer(
            &mut self.layout,
            &subject,
            oci::SIGNATURE,
            oci::SIMPLE_SIGNING,
            signature.payload.clone(),
            Some(annotations),
        )?;
        self.signatures.push(signature);
        Ok(id)
    }

    /// The package as a tar.
    ///
    /// # Errors
    /// [`PackageError`], which a package that was opened does not cause.
    pub fn to_tar(&self) -> Result<Vec<u8>, PackageError> {
        self.layout.to_tar()
    }

    /// Writes the package: a tar when the name ends in `.tar` (replaced as a whole), otherwise a folder.
    ///
    /// # Errors
    /// [`PackageError::Io`].
    pub fn write(&self, out: &Path) -> Result<(), PackageError> {
        if out.extension().is_some_and(|e| e == "tar") {
            replace_file(out, &self.to_tar()?)
        } else {
            self.layout.write_dir(out)
        }
    }

    /// The blobs that a registry has to hold before [`Package::manifests`]: layers and configs.
    pub fn blobs(&self) -> impl Iterator<Item = (&Digest, &Bytes)> {
        let manifests: BTreeSet<Digest> = self.manifest_digests().collect();
        self.layout.blobs.iter().filter(move |(digest, _)| !manifests.contains(digest))
    }

    /// Its manifests: the wasm manifest first, then those that refer to it.
    pub fn manifests(&self) -> impl Iterator<Item = (Digest, &Bytes)> {
        let referrers = self.manifest_digests().filter(|d| *d != self.digest);
        std::iter::once(self.digest).chain(referrers).filter_map(|d| Some((d, self.layout.blobs.get(&d)?)))
    }

    fn manifest_digests(&self) -> impl Iterator<Item = Digest> + '_ {
        // The index was read, or made, with digests that parse.
        self.layout.index.iter().filter_map(|d| d.digest().as_ref().parse().ok())
    }

    fn from_layout(layout: Layout, limits: &Limits) -> Result<Self, PackageError> {
        let mut parts = Parts::find(&layout, limits)?;
        let (component, inspection) = parts.component(limits)?;
        let toml = parts.bound("app.toml", oci::APP_TOML, oci::A_MANIFEST_DIGEST, limits.document)?;
        let toml = toml.ok_or_else(|| PackageError::Missing("app.toml".into()))?;
        let tar = parts.bound("assets", oci::ASSETS, oci::A_ASSETS_DIGEST, limits.assets.saturating_mul(2))?;
        let listing = parts.bound("listing.toml", oci::LISTING, oci::A_LISTING_DIGEST, limits.document)?;
        let sbom = parts.bound("the SBOM", oci::SBOM, oci::A_SBOM_DIGEST, limits.evidence)?;
        let provenance = parts.bound("the provenance", oci::PROVENANCE, oci::A_PROVENANCE_DIGEST, limits.evidence)?;
        let limit = limits.scenarios.saturating_mul(2);
        let scenarios = parts.bound("the scenarios", oci::SCENARIOS, oci::A_SCENARIOS_DIGEST, limit)?;
        let manifest_toml = utf8(&toml, "app.toml")?;
        let manifest = Manifest::parse(&manifest_toml)?;
        if manifest.assets.is_some() != tar.is_some() {
            return Err(PackageError::malformed(
                "assets",
                "app.toml 与安装包对是否有静态文件的说法不一致",
                "app.toml and the package disagree whether there are any",
            ));
        }
        parts.names(&manifest)?;
        let assets = match &tar {
            Some(tar) => assets::from_tar(tar, limits)?,
            None => BTreeMap::new(),
        };
        let listing = match listing {
            Some(listing) => Some(Listing::parse(&utf8(&listing, "listing.toml")?, &assets)?),
            None => None,
        };
        let scenarios = match &scenarios {
            Some(tar) => scenarios::from_tar(tar, limits)?,
            None => BTreeMap::new(),
        };
        let signatures = parts.signatures(limits)?;
        parts.nothing_else()?;
        let (digest, wasm_manifest) = parts.identity()?;
        Ok(Self {
            manifest,
            manifest_toml,
            component,
            inspection,
            assets,
            listing,
            sbom,
            provenance,
            scenarios,
            wasm_manifest,
            digest,
            signatures,
            layout,
        })
    }
}

fn utf8(bytes: &[u8], what: &str) -> Result<String, PackageError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| PackageError::malformed(what, "不是 UTF-8", "not UTF-8"))
}

/// The blobs that a manifest of a registry names, with the size that each may have: what to fetch before
/// [`Package::from_registry`]. Sizes are checked before a byte is fetched.
///
/// # Errors
/// [`PackageError`] for a manifest that is none, and for layers that are compressed or too large.
pub fn wanted_blobs(manifest: &[u8], limits: &Limits) -> Result<Vec<(Digest, u64)>, PackageError> {
    crate::parts::wanted(manifest, limits)
}

/// Whether a manifest of a registry is a package's: it carries the digest of its `app.toml`. Other clients push
/// components alone.
#[must_use]
pub fn has_app(manifest: &[u8]) -> bool {
    oci::parse_manifest(manifest, "a manifest").is_ok_and(|m| oci::annotation(&m, oci::A_MANIFEST_DIGEST).is_some())
}

/// Adds a manifest whose subject is the wasm manifest.
fn add_referrer(
    layout: &mut Layout,
    subject: &Descriptor,
    artifact_type: &str,
    layer_type: &str,
    bytes: Vec<u8>,
    layer_annotations: Option<std::collections::HashMap<String, String>>,
) -> Result<(), PackageError> {
    let config = layout.add(MediaType::EmptyJSON, &b"{}"[..])?;
    let mut layer = layout.add(oci::other(layer_type), bytes)?;
    layer.set_annotations(layer_annotations);
    let manifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageManifest)
        .artifact_type(oci::other(artifact_type))
        .config(config)
        .layers(vec![layer])
        .subject(subject.clone())
        .build()
        .map_err(|e| PackageError::unreadable(artifact_type, e))?;
    let mut entry = layout.add(MediaType::ImageManifest, oci::canonical_json(&manifest)?)?;
    entry.set_artifact_type(Some(oci::other(artifact_type)));
    layout.index.push(entry);
    Ok(())
}
