//! Building, opening and signing packages.

use crate::assets::{self, Asset};
use crate::component::{self, Inspection};
use crate::layout::Layout;
use crate::oci::{self, WasmComponent, WasmConfig};
use crate::{KeyId, KeyPair, PackageError, Signature, TrustStore, VerifiedSigner, VerifyError};
use bytes::Bytes;
use oci_spec::image::{Descriptor, ImageManifest, ImageManifestBuilder, MediaType};
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
    /// `app.toml` and each JSON document.
    pub document: u64,
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
    /// The digest of the wasm manifest: the package's identity, and what signatures are over.
    pub digest: Digest,
    /// The signatures, unverified.
    pub signatures: Vec<Signature>,
    layout: Layout,
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
        return Err(PackageError::too_large("the package", limits.total, "bytes"));
    }
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
    /// Builds a package in memory from a folder with `app.toml` and a component.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn from_folder(dir: &Path, component: &[u8]) -> Result<Self, PackageError> {
        let limits = Limits::default();
        let path = dir.join("app.toml");
        let meta = std::fs::metadata(&path).map_err(PackageError::io(path.display().to_string()))?;
        if meta.len() > limits.document {
            return Err(PackageError::too_large("app.toml", limits.document, "bytes"));
        }
        let toml = std::fs::read_to_string(&path).map_err(PackageError::io(path.display().to_string()))?;
        let manifest = Manifest::parse(&toml)?;
        let files = match &manifest.assets {
            Some(a) => assets::read_dir(dir, &a.dir, &limits)?,
            None => BTreeMap::new(),
        };
        Self::build(&toml, component, &files)
    }

    /// Builds a package in memory from its parts.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn build(manifest_toml: &str, component: &[u8], files: &BTreeMap<String, Bytes>) -> Result<Self, PackageError> {
        let manifest = Manifest::parse(manifest_toml)?;
        let inspection = component::inspect(component)?;
        let mut layout = Layout::default();
        let layer = layout.add(oci::other(oci::WASM_LAYER), component.to_vec())?;
        let config = WasmConfig {
            // No time of building: the same input has to give the same digest.
            created: "1970-01-01T00:00:00Z".into(),
            architecture: "wasm".into(),
            os: "wasip2".into(),
            layer_digests: vec![Digest::of(component)],
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
            (oci::A_MANIFEST_DIGEST, Digest::of(manifest_toml.as_bytes()).to_string()),
        ]);
        let tar = if manifest.assets.is_some() { Some(assets::to_tar(files)?) } else { None };
        if let Some(tar) = &tar {
            annotations.insert(oci::A_ASSETS_DIGEST.into(), Digest::of(tar).to_string());
        }
        let wasm = ImageManifestBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageManifest)
            .config(config)
            .layers(vec![layer])
            .annotations(annotations)
            .build()
            .map_err(|e| PackageError::malformed("the wasm manifest", e))?;
        let subject = layout.add(MediaType::ImageManifest, oci::canonical_json(&wasm)?)?;
        let mut entry = subject.clone();
        entry.set_annotations(Some(oci::annotations([(oci::A_REF, manifest.version.to_string())])));
        layout.index.push(entry);
        add_referrer(&mut layout, &subject, oci::APP_TOML, oci::APP_TOML, manifest_toml.as_bytes().to_vec(), None)?;
        if let Some(tar) = tar {
            add_referrer(&mut layout, &subject, oci::ASSETS, oci::ASSETS, tar, None)?;
        }
        // What was built is read back: nothing leaves this function that would be refused later.
        Self::from_layout(layout, &Limits::default())
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
            return Err(PackageError::too_large("the package", Limits::default().signatures as u64, "signatures"));
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

    fn from_layout(layout: Layout, limits: &Limits) -> Result<Self, PackageError> {
        let parts = Parts::find(&layout, limits)?;
        let (component, inspection, used) = parts.component(&layout, limits)?;
        let mut used = used;
        let toml =
            parts.single_layer(&layout, &parts.app_toml, oci::APP_TOML, "app.toml", limits.document, &mut used)?;
        let toml = toml.ok_or_else(|| PackageError::Missing("app.toml".into()))?;
        parts.bound("app.toml", oci::A_MANIFEST_DIGEST, Some(&toml))?;
        let tar = parts.single_layer(
            &layout,
            &parts.assets,
            oci::ASSETS,
            "assets",
            limits.assets.saturating_mul(2),
            &mut used,
        )?;
        parts.bound("assets", oci::A_ASSETS_DIGEST, tar.as_ref())?;
        let manifest_toml =
            String::from_utf8(toml.to_vec()).map_err(|_| PackageError::malformed("app.toml", "not UTF-8"))?;
        let manifest = Manifest::parse(&manifest_toml)?;
        if manifest.assets.is_some() != tar.is_some() {
            return Err(PackageError::malformed("assets", "app.toml and the package disagree whether there are any"));
        }
        parts.names(&manifest)?;
        let assets = match &tar {
            Some(tar) => assets::from_tar(tar, limits)?,
            None => BTreeMap::new(),
        };
        let signatures = parts.signatures(&layout, limits, &mut used)?;
        if let Some(stray) = layout.blobs.keys().find(|d| !used.contains(*d)) {
            return Err(PackageError::Stray(*stray));
        }
        Ok(Self { manifest, manifest_toml, component, inspection, assets, digest: parts.digest, signatures, layout })
    }
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
        .map_err(|e| PackageError::malformed(artifact_type, e))?;
    let mut entry = layout.add(MediaType::ImageManifest, oci::canonical_json(&manifest)?)?;
    entry.set_artifact_type(Some(oci::other(artifact_type)));
    layout.index.push(entry);
    Ok(())
}

/// Writes a file beside its place and moves it there, so that nobody reads half of it.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), PackageError> {
    use std::io::Write as _;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = std::path::PathBuf::from(temporary);
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|e| {
        _ = std::fs::remove_file(&temporary);
        PackageError::io(path.display().to_string())(e)
    })
}

/// The manifests of a package, told apart.
struct Parts {
    digest: Digest,
    wasm: ImageManifest,
    app_toml: Option<ImageManifest>,
    assets: Option<ImageManifest>,
    signed: Vec<ImageManifest>,
    manifests: Vec<Digest>,
}

impl Parts {
    fn find(layout: &Layout, limits: &Limits) -> Result<Self, PackageError> {
        let mut wasm = None;
        let mut referrers = Vec::new();
        let mut manifests = Vec::new();
        if layout.index.len() > limits.blobs {
            return Err(PackageError::too_large("index.json", limits.blobs as u64, "manifests"));
        }
        for d in &layout.index {
            let digest = oci::digest_of(d, "index.json")?;
            if manifests.contains(&digest) {
                return Err(PackageError::Duplicate(format!("the manifest {digest}")));
            }
            manifests.push(digest);
            let kind = d
                .artifact_type()
                .as_ref()
                .map_or_else(|| "the wasm manifest".to_owned(), |t| format!("the manifest of {t}"));
            oci::expect_type(d.media_type(), &MediaType::ImageManifest, &kind)?;
            let manifest = oci::parse_manifest(&layout.resolve(d, &kind, limits.document)?, &kind)?;
            if manifest.subject().is_some() {
                referrers.push(manifest);
            } else if wasm.replace((digest, manifest)).is_some() {
                return Err(PackageError::Duplicate("the wasm manifest".into()));
            }
        }
        let (digest, wasm) = wasm.ok_or_else(|| PackageError::Missing("the wasm manifest".into()))?;
        let mut parts = Self { digest, wasm, app_toml: None, assets: None, signed: Vec::new(), manifests };
        for r in referrers {
            parts.sort_in(r)?;
        }
        Ok(parts)
    }

    fn sort_in(&mut self, referrer: ImageManifest) -> Result<(), PackageError> {
        let kind = oci::artifact_type(&referrer);
        if let Some(subject) = referrer.subject() {
            let found = oci::digest_of(subject, &kind)?;
            if found != self.digest {
                return Err(PackageError::DigestMismatch {
                    what: format!("the subject of {kind}"),
                    expected: self.digest,
                    found,
                });
            }
        }
        let (what, place) = match kind.as_str() {
            oci::APP_TOML => ("app.toml", &mut self.app_toml),
            oci::ASSETS => ("assets", &mut self.assets),
            oci::SIGNATURE => {
                self.signed.push(referrer);
                return Ok(());
            }
            _ => return Err(PackageError::MediaType { what: "a referrer".into(), found: kind }),
        };
        if place.replace(referrer).is_some() { Err(PackageError::Duplicate(what.into())) } else { Ok(()) }
    }

    /// The component, and the digests that are accounted for so far.
    fn component(
        &self,
        layout: &Layout,
        limits: &Limits,
    ) -> Result<(Bytes, Inspection, BTreeSet<Digest>), PackageError> {
        let what = "the wasm manifest";
        oci::expect_type(self.wasm.config().media_type(), &oci::other(oci::WASM_CONFIG), what)?;
        if let Some(t) = self.wasm.artifact_type() {
            oci::expect_type(t, &oci::other(oci::WASM_LAYER), what)?;
        }
        let [layer] = self.wasm.layers().as_slice() else {
            return Err(PackageError::Layers(self.wasm.layers().len()));
        };
        oci::expect_type(layer.media_type(), &oci::other(oci::WASM_LAYER), "component")?;
        let component = layout.resolve(layer, "component", limits.component)?;
        let config = layout.resolve(self.wasm.config(), "the wasm config", limits.document)?;
        let config: WasmConfig =
            serde_json::from_slice(&config).map_err(|e| PackageError::malformed("the wasm config", e))?;
        let digest = oci::digest_of(layer, "component")?;
        let bad = |problem: &str| Err(PackageError::malformed("the wasm config", problem));
        if config.architecture != "wasm" || config.os != "wasip2" {
            return bad("architecture and os must be `wasm` and `wasip2`");
        }
        if config.layer_digests != [digest] {
            return bad("layerDigests must name the component");
        }
        let inspection = component::inspect(&component)?;
        if let Some(c) = &config.component
            && (c.imports.iter().collect::<BTreeSet<_>>() != inspection.imports.iter().collect()
                || c.exports.iter().collect::<BTreeSet<_>>() != inspection.exports.iter().collect())
        {
            return bad("it names other imports or exports than the component has");
        }
        let mut used: BTreeSet<Digest> = self.manifests.iter().copied().collect();
        used.insert(digest);
        used.insert(oci::digest_of(self.wasm.config(), "the wasm config")?);
        Ok((component, inspection, used))
    }

    /// The one layer of a referrer.
    fn single_layer(
        &self,
        layout: &Layout,
        referrer: &Option<ImageManifest>,
        layer_type: &str,
        what: &str,
        limit: u64,
        used: &mut BTreeSet<Digest>,
    ) -> Result<Option<Bytes>, PackageError> {
        let Some(m) = referrer else { return Ok(None) };
        empty_config(layout, m, what, used)?;
        let [layer] = m.layers().as_slice() else {
            return Err(PackageError::malformed(what, format!("{} layers: exactly one is allowed", m.layers().len())));
        };
        oci::expect_type(layer.media_type(), &oci::other(layer_type), what)?;
        used.insert(oci::digest_of(layer, what)?);
        layout.resolve(layer, what, limit).map(Some)
    }

    /// Whether `bytes` are those that the signed annotation names.
    fn bound(&self, what: &str, annotation: &str, bytes: Option<&Bytes>) -> Result<(), PackageError> {
        let expected = oci::annotation(&self.wasm, annotation);
        let expected: Option<Digest> =
            expected.map(str::parse).transpose().map_err(|e| PackageError::malformed(annotation, e))?;
        match (expected, bytes.map(|b| Digest::of(b))) {
            (Some(expected), Some(found)) if expected != found => {
                Err(PackageError::DigestMismatch { what: what.to_owned(), expected, found })
            }
            (Some(_), None) => Err(PackageError::Missing(what.to_owned())),
            (None, Some(_)) => Err(PackageError::Missing(format!("the annotation {annotation}"))),
            _ => Ok(()),
        }
    }

    /// Whether the annotations name the app that `app.toml` names.
    fn names(&self, manifest: &Manifest) -> Result<(), PackageError> {
        for (key, expected) in [
            (oci::A_TITLE, manifest.name.as_str()),
            (oci::A_VERSION, &manifest.version.to_string()),
            (oci::A_VENDOR, &manifest.vendor),
        ] {
            if oci::annotation(&self.wasm, key) != Some(expected) {
                return Err(PackageError::malformed(key, format!("does not say `{expected}` as app.toml does")));
            }
        }
        Ok(())
    }

    fn signatures(
        &self,
        layout: &Layout,
        limits: &Limits,
        used: &mut BTreeSet<Digest>,
    ) -> Result<Vec<Signature>, PackageError> {
        let mut out = Vec::new();
        for m in &self.signed {
            if m.config().media_type() == &MediaType::EmptyJSON {
                empty_config(layout, m, "signature", used)?;
            } else {
                // cosign gives the config the artifact's type.
                oci::expect_type(m.config().media_type(), &oci::other(oci::SIGNATURE), "signature")?;
                layout.resolve(m.config(), "signature", limits.document)?;
                used.insert(oci::digest_of(m.config(), "signature")?);
            }
            if m.layers().is_empty() {
                return Err(PackageError::Missing("signature".into()));
            }
            for layer in m.layers() {
                if out.len() >= limits.signatures {
                    return Err(PackageError::too_large("the package", limits.signatures as u64, "signatures"));
                }
                oci::expect_type(layer.media_type(), &oci::other(oci::SIMPLE_SIGNING), "signature")?;
                let payload = layout.resolve(layer, "signature", limits.document)?.to_vec();
                used.insert(oci::digest_of(layer, "signature")?);
                let get = |key: &str| layer.annotations().as_ref().and_then(|a| a.get(key));
                let text = get(oci::A_SIGNATURE).ok_or_else(|| PackageError::Missing("signature".into()))?;
                let signature = Signature::bytes_from_base64(text)
                    .ok_or_else(|| PackageError::malformed("signature", "not base64"))?;
                let key = get(oci::A_SIGNER)
                    .map(|k| k.parse())
                    .transpose()
                    .map_err(|e| PackageError::malformed("signature", e))?;
                out.push(Signature { key, payload, signature });
            }
        }
        Ok(out)
    }
}

/// Referrers have the empty config of image-spec.
fn empty_config(
    layout: &Layout,
    m: &ImageManifest,
    what: &str,
    used: &mut BTreeSet<Digest>,
) -> Result<(), PackageError> {
    oci::expect_type(m.config().media_type(), &MediaType::EmptyJSON, what)?;
    let bytes = layout.resolve(m.config(), what, 2)?;
    if bytes.as_ref() != b"{}" {
        return Err(PackageError::malformed(what, "its config is not the empty one"));
    }
    used.insert(oci::digest_of(m.config(), what)?);
    Ok(())
}
