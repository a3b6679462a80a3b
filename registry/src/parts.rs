//! The manifests and blobs of a package, told apart.

use crate::component::{self, Inspection};
use crate::layout::Layout;
use crate::oci::{self, WasmConfig};
use crate::package::Limits;
use crate::sign::Form;
use crate::{Most, PackageError, Signature, bundle};
use bytes::Bytes;
use oci_spec::image::{Descriptor, ImageManifest, MediaType};
use std::collections::{BTreeMap, BTreeSet};
use yunlong_model::{Digest, Manifest};

/// Referrers of which a package has one at most, with the annotation that carries their layer's digest.
const BOUND: [(&str, &str); 6] = [
    (oci::APP_TOML, oci::A_MANIFEST_DIGEST),
    (oci::ASSETS, oci::A_ASSETS_DIGEST),
    (oci::LISTING, oci::A_LISTING_DIGEST),
    (oci::SBOM, oci::A_SBOM_DIGEST),
    (oci::PROVENANCE, oci::A_PROVENANCE_DIGEST),
    (oci::SCENARIOS, oci::A_SCENARIOS_DIGEST),
];

/// What a manifest is in a package.
enum Role {
    Wasm,
    Bound(&'static str),
    Signatures,
    Bundle,
    Unknown(String),
}

fn role(manifest: &ImageManifest) -> Role {
    if manifest.subject().is_none() {
        // cosign before version 3 tags the manifest of signatures `sha256-<hex>.sig` and names no subject.
        let signs = |d: &Descriptor| d.media_type().as_ref() == oci::SIMPLE_SIGNING;
        let old = !manifest.layers().is_empty() && manifest.layers().iter().all(signs);
        return if old { Role::Signatures } else { Role::Wasm };
    }
    let kind = oci::artifact_type(manifest);
    match BOUND.iter().find(|(t, _)| *t == kind) {
        Some((t, _)) => Role::Bound(t),
        None if kind == oci::SIGNATURE => Role::Signatures,
        None if kind == bundle::MEDIA_TYPE => Role::Bundle,
        None => Role::Unknown(kind),
    }
}

/// A package's manifests, and which blobs are accounted for.
pub(crate) struct Parts<'a> {
    layout: &'a Layout,
    digest: Digest,
    wasm: ImageManifest,
    bound: BTreeMap<&'static str, ImageManifest>,
    signed: Vec<ImageManifest>,
    bundles: Vec<ImageManifest>,
    used: BTreeSet<Digest>,
}

impl<'a> Parts<'a> {
    pub(crate) fn find(layout: &'a Layout, limits: &Limits) -> Result<Self, PackageError> {
        if layout.index.len() > limits.blobs {
            return Err(PackageError::too_large("index.json", Most::Manifests(limits.blobs)));
        }
        let (mut wasm, mut used) = (None, BTreeSet::new());
        let (mut bound, mut signed, mut bundles, mut subjects) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        for d in &layout.index {
            let digest = oci::digest_of(d, "index.json")?;
            if !used.insert(digest) {
                return Err(PackageError::Duplicate(format!("the manifest {digest}")));
            }
            let kind = d
                .artifact_type()
                .as_ref()
                .map_or_else(|| "the wasm manifest".to_owned(), |t| format!("the manifest of {t}"));
            oci::expect_type(d.media_type(), &MediaType::ImageManifest, &kind)?;
            let manifest = oci::parse_manifest(&layout.resolve(d, &kind, limits.document)?, &kind)?;
            if let Some(subject) = manifest.subject() {
                let kind = oci::artifact_type(&manifest);
                subjects.push((kind.clone(), oci::digest_of(subject, &kind)?));
            }
            match role(&manifest) {
                Role::Wasm => {
                    if wasm.replace((digest, manifest)).is_some() {
                        return Err(PackageError::Duplicate("the wasm manifest".into()));
                    }
                }
                Role::Bound(kind) => {
                    if bound.insert(kind, manifest).is_some() {
                        return Err(PackageError::Duplicate(name_of(kind).into()));
                    }
                }
                Role::Signatures => signed.push(manifest),
                Role::Bundle => bundles.push(manifest),
                Role::Unknown(found) => {
                    return Err(PackageError::MediaType { what: "a referrer".into(), found });
                }
            }
        }
        let (digest, wasm) = wasm.ok_or_else(|| PackageError::Missing("the wasm manifest".into()))?;
        if let Some((kind, found)) = subjects.into_iter().find(|(_, subject)| *subject != digest) {
            let what = format!("the subject of {kind}");
            return Err(PackageError::DigestMismatch { what, expected: digest, found });
        }
        Ok(Self { layout, digest, wasm, bound, signed, bundles, used })
    }

    /// The package's digest, and the bytes that have it.
    pub(crate) fn identity(&self) -> Result<(Digest, Bytes), PackageError> {
        let bytes = self.layout.blobs.get(&self.digest).cloned();
        bytes.map(|b| (self.digest, b)).ok_or_else(|| PackageError::Missing("the wasm manifest".into()))
    }

    fn take(&mut self, d: &Descriptor, what: &str, limit: u64) -> Result<Bytes, PackageError> {
        self.used.insert(oci::digest_of(d, what)?);
        self.layout.resolve(d, what, limit)
    }

    pub(crate) fn component(&mut self, limits: &Limits) -> Result<(Bytes, Inspection), PackageError> {
        let what = "the wasm manifest";
        let wasm = self.wasm.clone();
        oci::expect_type(wasm.config().media_type(), &oci::other(oci::WASM_CONFIG), what)?;
        if let Some(t) = wasm.artifact_type() {
            oci::expect_type(t, &oci::other(oci::WASM_LAYER), what)?;
        }
        let [layer] = wasm.layers().as_slice() else {
            return Err(PackageError::Layers(wasm.layers().len()));
        };
        oci::expect_type(layer.media_type(), &oci::other(oci::WASM_LAYER), "component")?;
        let component = self.take(layer, "component", limits.component)?;
        oci::plain(&component, "component")?;
        let config = self.take(wasm.config(), "the wasm config", limits.document)?;
        let config: WasmConfig =
            serde_json::from_slice(&config).map_err(|e| PackageError::unreadable("the wasm config", e))?;
        let bad = |zh: &str, en: &str| Err(PackageError::malformed("the wasm config", zh, en));
        if config.architecture != "wasm" || config.os != "wasip2" {
            return bad("architecture 和 os 必须是 wasm 和 wasip2", "architecture and os must be `wasm` and `wasip2`");
        }
        if config.layer_digests != [oci::digest_of(layer, "component")?] {
            return bad("layerDigests 必须指明组件", "layerDigests must name the component");
        }
        let inspection = component::inspect(&component)?;
        if let Some(c) = &config.component
            && (c.imports.iter().collect::<BTreeSet<_>>() != inspection.imports.iter().collect()
                || c.exports.iter().collect::<BTreeSet<_>>() != inspection.exports.iter().collect())
        {
            return bad("写明的导入导出与组件实际的不同", "it names other imports or exports than the component has");
        }
        Ok((component, inspection))
    }

    /// The one layer of a referrer, whose digest the signed annotation must carry; `None` when neither is there.
    pub(crate) fn bound(
        &mut self,
        what: &str,
        kind: &'static str,
        annotation: &str,
        limit: u64,
    ) -> Result<Option<Bytes>, PackageError> {
        let bytes = match self.bound.remove(kind) {
            Some(m) => {
                self.empty_config(&m, what)?;
                let [layer] = m.layers().as_slice() else {
                    return Err(one_layer(what, m.layers().len()));
                };
                oci::expect_type(layer.media_type(), &oci::other(kind), what)?;
                let bytes = self.take(layer, what, limit)?;
                oci::plain(&bytes, what)?;
                Some(bytes)
            }
            None => None,
        };
        let expected = bound_digest(&self.wasm, annotation)?;
        match (expected, bytes.as_ref().map(|b| Digest::of(b))) {
            (Some(expected), Some(found)) if expected != found => {
                Err(PackageError::DigestMismatch { what: what.to_owned(), expected, found })
            }
            (Some(_), None) => Err(PackageError::Missing(what.to_owned())),
            (None, Some(_)) => Err(PackageError::Missing(format!("the annotation {annotation}"))),
            _ => Ok(bytes),
        }
    }

    /// Whether the annotations name the app that `app.toml` names.
    pub(crate) fn names(&self, manifest: &Manifest) -> Result<(), PackageError> {
        for (key, expected) in [
            (oci::A_TITLE, manifest.name.as_str()),
            (oci::A_VERSION, &manifest.version.to_string()),
            (oci::A_VENDOR, &manifest.vendor),
        ] {
            if oci::annotation(&self.wasm, key) != Some(expected) {
                return Err(PackageError::malformed(
                    key,
                    format!("与 app.toml 不同，应为“{expected}”"),
                    format!("does not say `{expected}` as app.toml does"),
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn signatures(&mut self, limits: &Limits) -> Result<Vec<Signature>, PackageError> {
        let mut out = Vec::new();
        for m in std::mem::take(&mut self.signed) {
            if m.config().media_type() == &MediaType::EmptyJSON {
                self.empty_config(&m, "signature")?;
            } else {
                // cosign gives the config the artifact's type, or an image's.
                if m.config().media_type() != &MediaType::ImageConfig {
                    oci::expect_type(m.config().media_type(), &oci::other(oci::SIGNATURE), "signature")?;
                }
                self.take(m.config(), "signature", limits.document)?;
            }
            if m.layers().is_empty() {
                return Err(PackageError::Missing("signature".into()));
            }
            for layer in m.layers() {
                room_for_another(&out, limits)?;
                oci::expect_type(layer.media_type(), &oci::other(oci::SIMPLE_SIGNING), "signature")?;
                let payload = self.take(layer, "signature", limits.document)?.to_vec();
                let get = |key: &str| layer.annotations().as_ref().and_then(|a| a.get(key));
                let text = get(oci::A_SIGNATURE).ok_or_else(|| PackageError::Missing("signature".into()))?;
                let signature = Signature::bytes_from_base64(text)
                    .ok_or_else(|| PackageError::malformed("signature", "不是 base64", "not base64"))?;
                let key = get(oci::A_SIGNER)
                    .map(|k| k.parse())
                    .transpose()
                    .map_err(|e| PackageError::unreadable("signature", e))?;
                out.push(Signature { key, form: Form::SimpleSigning, payload, signature });
            }
        }
        self.bundles(&mut out, limits)?;
        Ok(out)
    }

    fn bundles(&mut self, out: &mut Vec<Signature>, limits: &Limits) -> Result<(), PackageError> {
        const WHAT: &str = "signature bundle";
        let (_, manifest) = self.identity()?;
        for m in std::mem::take(&mut self.bundles) {
            self.empty_config(&m, WHAT)?;
            let [layer] = m.layers().as_slice() else {
                return Err(one_layer(WHAT, m.layers().len()));
            };
            oci::expect_type(layer.media_type(), &oci::other(bundle::MEDIA_TYPE), WHAT)?;
            let json = self.take(layer, WHAT, limits.document)?;
            match bundle::read(&json, &manifest) {
                Ok(signature) if signature.is_about_something_else() => {}
                Ok(signature) => {
                    room_for_another(out, limits)?;
                    out.push(signature);
                }
                // Somebody's word behind a certificate: true or not, it is none of the city's keys.
                Err(bundle::BundleError::Certificate) => {}
                Err(e) => return Err(PackageError::Malformed { what: WHAT.to_owned(), problem: e.text() }),
            }
        }
        Ok(())
    }

    /// Referrers have the empty config of image-spec.
    fn empty_config(&mut self, m: &ImageManifest, what: &str) -> Result<(), PackageError> {
        oci::expect_type(m.config().media_type(), &MediaType::EmptyJSON, what)?;
        if self.take(m.config(), what, 2)?.as_ref() != b"{}" {
            return Err(PackageError::malformed(what, "配置不是规定的空配置", "its config is not the empty one"));
        }
        Ok(())
    }

    /// Whether every blob belongs to something.
    pub(crate) fn nothing_else(&self) -> Result<(), PackageError> {
        match self.layout.blobs.keys().find(|d| !self.used.contains(*d)) {
            Some(stray) => Err(PackageError::Stray(*stray)),
            None => Ok(()),
        }
    }
}

fn one_layer(what: &str, found: usize) -> PackageError {
    PackageError::malformed(
        what,
        format!("有 {found} 层：只允许一层"),
        format!("{found} layers: exactly one is allowed"),
    )
}

fn room_for_another(out: &[Signature], limits: &Limits) -> Result<(), PackageError> {
    if out.len() >= limits.signatures {
        return Err(PackageError::too_large("the package", Most::Signatures(limits.signatures)));
    }
    Ok(())
}

fn name_of(kind: &str) -> &'static str {
    match kind {
        oci::APP_TOML => "app.toml",
        oci::ASSETS => "assets",
        oci::LISTING => "listing.toml",
        oci::SBOM => "the SBOM",
        oci::SCENARIOS => "the scenarios",
        _ => "the provenance",
    }
}

fn bound_digest(wasm: &ImageManifest, annotation: &str) -> Result<Option<Digest>, PackageError> {
    let expected = oci::annotation(wasm, annotation);
    expected.map(str::parse).transpose().map_err(|e| PackageError::unreadable(annotation, e))
}

/// The blobs that a manifest names. Nothing for a referrer that is no part of a package.
pub(crate) fn wanted(manifest: &[u8], limits: &Limits) -> Result<Vec<(Digest, u64)>, PackageError> {
    const WHAT: &str = "a manifest";
    if manifest.len() as u64 > limits.document {
        return Err(PackageError::too_large(WHAT, Most::Bytes(limits.document)));
    }
    let manifest = oci::parse_manifest(manifest, WHAT)?;
    if let Role::Unknown(_) = role(&manifest) {
        return Ok(Vec::new());
    }
    if manifest.layers().len() > limits.signatures.max(1) {
        return Err(PackageError::Layers(manifest.layers().len()));
    }
    let mut out = BTreeMap::new();
    let mut total = 0_u64;
    for d in manifest.layers().iter().chain([manifest.config()]) {
        let name = d.media_type().to_string();
        if let Some(how) = oci::compression_of_type(&name) {
            return Err(PackageError::Compressed { what: format!("the layer {name}"), how: how.to_owned() });
        }
        let limit = match name.as_str() {
            oci::WASM_LAYER => limits.component,
            oci::ASSETS => limits.assets.saturating_mul(2),
            oci::SBOM | oci::PROVENANCE => limits.evidence,
            oci::SCENARIOS => limits.scenarios.saturating_mul(2),
            _ => limits.document,
        };
        total = total.saturating_add(d.size());
        if d.size() > limit || total > limits.total {
            return Err(PackageError::too_large(format!("the layer {name}"), Most::Bytes(limit.min(limits.total))));
        }
        out.insert(oci::digest_of(d, WHAT)?, d.size());
    }
    Ok(out.into_iter().collect())
}

/// The layout of a package, from what a registry has.
pub(crate) fn gather(
    wasm_manifest: Bytes,
    referrers: Vec<Bytes>,
    blobs: BTreeMap<Digest, Bytes>,
    limits: &Limits,
) -> Result<Layout, PackageError> {
    let mut layout = Layout::default();
    let wasm = oci::parse_manifest(&wasm_manifest, "the wasm manifest")?;
    let mut kept = vec![wasm.clone()];
    let entry = layout.add(MediaType::ImageManifest, wasm_manifest)?;
    let digest = oci::digest_of(&entry, "the wasm manifest")?;
    layout.index.push(entry);
    let mut taken = BTreeSet::new();
    let mut signatures = 0;
    for bytes in referrers {
        let Ok(manifest) = oci::parse_manifest(&bytes, "a referrer") else { continue };
        let about = manifest.subject().as_ref().map(|s| oci::digest_of(s, "a referrer"));
        if about.is_some_and(|d| d.is_ok_and(|d| d != digest)) {
            continue;
        }
        let belongs = match role(&manifest) {
            Role::Bound(kind) => {
                let annotation = BOUND.iter().find(|(t, _)| *t == kind).map_or("", |(_, a)| a);
                let signed = bound_digest(&wasm, annotation)?;
                let [layer] = manifest.layers().as_slice() else { continue };
                signed.is_some() && signed == oci::digest_of(layer, kind).ok() && taken.insert(kind)
            }
            Role::Signatures | Role::Bundle => {
                signatures += manifest.layers().len();
                signatures <= limits.signatures
            }
            Role::Wasm | Role::Unknown(_) => false,
        };
        let entry = belongs.then(|| layout.add(MediaType::ImageManifest, bytes)).transpose()?;
        // The same manifest may be found twice: as a referrer, and by a tag.
        if let Some(entry) = entry.filter(|e| layout.index.iter().all(|d| d.digest() != e.digest())) {
            layout.index.push(entry);
            kept.push(manifest);
        }
    }
    for d in kept.iter().flat_map(|m| m.layers().iter().chain([m.config()])) {
        let digest = oci::digest_of(d, "a layer")?;
        if let Some(bytes) = blobs.get(&digest) {
            layout.blobs.insert(digest, bytes.clone());
        }
    }
    Ok(layout)
}
