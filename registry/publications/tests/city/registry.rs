//! Packages read from a registry: through the trait, and with parts taken away or exchanged.

use crate::*;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use yunlong_publications::packages::{self, ReadError};
use yunlong_publications::{Packages, Release, Stage};
use yunlong_registry::{Limits, PackageError, package};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A registry in memory.
pub(crate) struct Store {
    pub(crate) digest: Digest,
    blobs: BTreeMap<Digest, Bytes>,
    manifests: BTreeMap<Digest, Bytes>,
    tags: BTreeMap<String, Digest>,
    read: AtomicUsize,
}

impl Store {
    pub(crate) fn of(package: &Package) -> Self {
        let mut files = BTreeMap::new();
        let tar = package.to_tar().unwrap();
        for entry in tar::Archive::new(&tar[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(path, Bytes::from(bytes));
        }
        let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
        let mut blobs: BTreeMap<Digest, Bytes> = files
            .iter()
            .filter_map(|(p, b)| {
                Some((format!("sha256:{}", p.strip_prefix("blobs/sha256/")?).parse().unwrap(), b.clone()))
            })
            .collect();
        let digests = index["manifests"].as_array().unwrap().iter().map(|m| m["digest"].as_str().unwrap());
        let manifests = digests.map(|d| d.parse().unwrap()).map(|d: Digest| (d, blobs.remove(&d).unwrap())).collect();
        Self { digest: package.digest, blobs, manifests, tags: BTreeMap::new(), read: AtomicUsize::new(0) }
    }

    fn add_blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        self.blobs.insert(Digest::of(bytes), Bytes::copy_from_slice(bytes));
        json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len() })
    }

    fn add_manifest(&mut self, manifest: &Value) -> Digest {
        let bytes = Bytes::from(manifest.to_string());
        let digest = Digest::of(&bytes);
        self.manifests.insert(digest, bytes);
        digest
    }

    /// Adds a referrer of the package with one layer.
    fn refer(&mut self, artifact: &str, layer: &str, bytes: &[u8], annotations: Value) -> Digest {
        let wasm = &self.manifests[&self.digest];
        let subject = json!({ "mediaType": MANIFEST, "digest": self.digest, "size": wasm.len() });
        let mut descriptor = self.add_blob(layer, bytes);
        descriptor["annotations"] = annotations;
        let config = self.add_blob("application/vnd.oci.empty.v1+json", b"{}");
        self.add_manifest(&json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact, "config": config,
            "layers": [descriptor], "subject": subject,
        }))
    }

    /// Changes the wasm manifest, and so the package's digest.
    fn change(&mut self, change: impl FnOnce(&mut Value)) {
        let mut manifest: Value = serde_json::from_slice(&self.manifests.remove(&self.digest).unwrap()).unwrap();
        change(&mut manifest);
        self.digest = self.add_manifest(&manifest);
    }

    /// Lets the manifest announce a component of another size.
    pub(crate) fn announce_component(&mut self, size: u64) {
        self.change(|m| m["layers"][0]["size"] = size.into());
    }

    pub(crate) fn blobs_read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }

    fn is_about(&self, bytes: &[u8], subject: &Digest) -> bool {
        let manifest: Value = serde_json::from_slice(bytes).unwrap();
        manifest["subject"]["digest"] == subject.to_string()
    }

    async fn released(&self, release: &Release) -> Result<Package, ReadError> {
        packages::read_release(self, release, &Limits::default()).await
    }

    async fn package(&self) -> Result<Package, ReadError> {
        packages::read(self, "vendor/tickets", &self.digest, &Limits::default()).await
    }
}

#[async_trait]
impl Packages for Store {
    async fn manifest(&self, _: &str, digest: &Digest) -> Result<Option<Bytes>, String> {
        Ok(self.manifests.get(digest).cloned())
    }

    async fn referrers(&self, _: &str, subject: &Digest, limit: usize) -> Result<Vec<Digest>, String> {
        let about = self.manifests.iter().filter(|(_, bytes)| self.is_about(bytes, subject));
        Ok(about.map(|(d, _)| *d).take(limit).collect())
    }

    async fn tagged(&self, _: &str, tag: &str) -> Result<Option<Digest>, String> {
        Ok(self.tags.get(tag).copied())
    }

    async fn blob(&self, _: &str, digest: &Digest, limit: u64) -> Result<Option<Bytes>, String> {
        self.read.fetch_add(1, Ordering::SeqCst);
        let found = self.blobs.get(digest).cloned();
        match found.filter(|b| b.len() as u64 > limit) {
            Some(_) => Err("larger than was announced".into()),
            None => Ok(self.blobs.get(digest).cloned()),
        }
    }
}

/// A package without its referrers of this type.
pub(crate) fn without(package: &Package, artifact: &str) -> Result<Package, PackageError> {
    let store = Store::of(package);
    let kept = store.manifests.iter().filter(|(d, bytes)| {
        let manifest: Value = serde_json::from_slice(bytes).unwrap();
        **d != store.digest && manifest["artifactType"] != artifact
    });
    let referrers = kept.map(|(_, b)| b.clone()).collect();
    Package::from_registry(store.manifests[&store.digest].clone(), referrers, store.blobs, &Limits::default())
}

/// A package with other bytes as a layer: the component's, when the type is the component's.
pub(crate) fn with_layer(package: &Package, layer: &str, bytes: &[u8]) -> Result<Package, PackageError> {
    let mut store = Store::of(package);
    let limits = Limits::default();
    if layer == "application/wasm" {
        let descriptor = store.add_blob(layer, bytes);
        store.change(|m| m["layers"][0] = descriptor);
    } else {
        let referrer = store.refer("application/vnd.yunlong.assets.v1+tar", layer, bytes, json!({}));
        package::wanted_blobs(&store.manifests[&referrer], &limits)?;
    }
    let referrers = store.manifests.iter().filter(|(d, _)| **d != store.digest).map(|(_, b)| b.clone()).collect();
    Package::from_registry(store.manifests[&store.digest].clone(), referrers, store.blobs, &limits)
}

/// A gigabyte of zeroes.
pub(crate) fn gzip_bomb() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeroes = vec![0; 1024 * 1024];
    for _ in 0..1024 {
        encoder.write_all(&zeroes).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_package_is_read_whole_with_everything_that_refers_to_it() {
    let city = City::new().await;
    let mut app = App::new("tickets", "1.0.0");
    app.provenance = Some("{}".into());
    app.listing = Some("category = \"tourism\"".into());
    let package = app.signed(&city.key);
    let read = Store::of(&package).package().await.unwrap();
    assert_eq!(
        (read.digest, &read.manifest, &read.signatures),
        (package.digest, &package.manifest, &package.signatures)
    );
    assert_eq!((read.sbom, read.provenance, read.listing), (package.sbom, package.provenance, package.listing));
    assert!(
        city.registry
            .submit(&Store::of(&app.signed(&city.key)).package().await.unwrap(), REPOSITORY, "author")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_strangers_attach_changes_nothing() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let mut store = Store::of(&package);
    store.refer("application/vnd.example.scan.v1+json", "application/json", b"{}", json!({}));
    // A second app.toml: the signed annotation says which one counts.
    let app_toml = "application/vnd.yunlong.app.v1+toml";
    store.refer(app_toml, app_toml, b"name = \"evil\"", json!({}));
    // One that is no manifest of ours at all.
    store.add_manifest(&json!({ "schemaVersion": 1, "subject": { "digest": store.digest } }));
    let read = store.package().await.unwrap();
    assert_eq!((read.digest, read.manifest), (package.digest, package.manifest));
}

#[tokio::test]
async fn what_is_attached_after_the_publication_does_not_keep_it_from_loading() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    city.approved(&package).await;
    let release = city.registry.release(&package.digest).await.unwrap();
    let mut store = Store::of(&package);
    let own = *release.referrers.first().unwrap();
    // One that would unpack refuses what is not published yet.
    let assets = "application/vnd.yunlong.assets.v1+tar";
    store.refer(assets, &format!("{assets}+gzip"), b"gzip", json!({}));
    assert!(matches!(store.package().await, Err(ReadError::Refused(Refusal::Compressed { .. }))));
    // More than are read, some with digests before those of its own; and a signature by a stranger that names no key.
    for n in 0..Limits::default().blobs {
        store.refer("application/vnd.example.scan.v1+json", "application/json", n.to_string().as_bytes(), json!({}));
    }
    let stranger = yunlong_registry::Signature::of(&city.other_key, &package.digest, "registry/tickets");
    let text = data_encoding::BASE64.encode(&stranger.signature);
    let payload = "application/vnd.dev.cosign.simplesigning.v1+json";
    let annotations = json!({ "dev.cosignproject.cosign/signature": text });
    store.refer("application/vnd.dev.cosign.artifact.sig.v1+json", payload, &stranger.payload, annotations);
    let read = store.released(&release).await.unwrap();
    assert_eq!((read.digest, &read.signatures), (package.digest, &package.signatures));
    assert!(city.registry.admit(Stage::Load, &read, Some(&package.digest), None).await.is_ok());
    // What belonged to it stays needed.
    store.manifests.remove(&own);
    let error = store.released(&release).await.unwrap_err();
    let missing = Refusal::MissingReferrer { what: own.to_string() };
    assert!(matches!(&error, ReadError::Refused(e) if *e == missing), "{error}");
}

#[tokio::test]
async fn the_signature_that_older_cosign_puts_under_a_tag_is_found() {
    let city = City::new().await;
    let unsigned = App::new("tickets", "1.0.0").unsigned();
    let mut store = Store::of(&unsigned);
    let signature = yunlong_registry::Signature::of(&city.key, &unsigned.digest, "registry/tickets");
    let payload = "application/vnd.dev.cosign.simplesigning.v1+json";
    let mut layer = store.add_blob(payload, &signature.payload);
    let text = data_encoding::BASE64.encode(&signature.signature);
    layer["annotations"] = json!({ "dev.cosignproject.cosign/signature": text });
    let config = store.add_blob("application/vnd.oci.image.config.v1+json", b"{}");
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
    let digest = store.add_manifest(&manifest);
    assert_eq!(store.package().await.unwrap().signatures, []);
    store.tags.insert(format!("sha256-{}.sig", unsigned.digest.hex()), digest);
    let read = store.package().await.unwrap();
    assert_eq!(city.registry.submit(&read, REPOSITORY, "author").await.unwrap().submission.key, city.key.public().id());
}

#[tokio::test]
async fn a_registry_that_lies_is_found_out() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    // Another manifest under the digest.
    let mut store = Store::of(&package);
    let other = App::new("tickets", "1.0.1").signed(&city.key);
    store.manifests.insert(package.digest, other.wasm_manifest.clone());
    assert!(matches!(store.package().await, Err(ReadError::Refused(Refusal::Changed { .. }))));
    // Another component under its digest.
    let mut store = Store::of(&package);
    let component = Digest::of(&package.component);
    store.blobs.insert(component, Bytes::from(vec![0; package.component.len()]));
    let error = store.package().await.unwrap_err();
    assert!(matches!(&error, ReadError::Refused(Refusal::Changed { what, .. }) if what == "component"), "{error}");
    // A blob that is gone.
    store.blobs.remove(&component);
    let error = store.package().await.unwrap_err();
    assert!(
        matches!(&error, ReadError::Refused(Refusal::MissingReferrer { what }) if what.starts_with("component")),
        "{error}"
    );
    // A package that is not there.
    store.digest = digest("nowhere");
    let gone = store.package().await.unwrap_err();
    assert!(matches!(gone, ReadError::NoSuchPackage { .. }));
    assert_eq!(gone.refusal(), Some(Refusal::MissingReferrer { what: digest("nowhere").to_string() }));
    assert_eq!(ReadError::Registry("the disk".into()).refusal(), None, "it may be read at the next try");
}
