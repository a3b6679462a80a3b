//! What a package is, and every way in which one is refused.
#![allow(clippy::unwrap_used)] // The helpers are tests too.

mod support;

use proptest::prelude::*;
use serde_json::json;
use std::path::Path;
use support::*;
use yunlong_model::Timestamp;
use yunlong_registry::{
    Algorithm, KeyId, Limits, Package, PackageError, Signature, TrustError, TrustStore, VerifyError, package,
};

const WASM: &str = "application/wasm";
const APP: &str = "application/vnd.yunlong.app.v1+toml";
const ASSETS: &str = "application/vnd.yunlong.assets.v1+tar";
const SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

// ---- What it is

#[test]
fn same_input_gives_the_same_bytes() {
    assert_eq!(signed().to_tar().unwrap(), signed().to_tar().unwrap());
    // A change of this digest makes every published package another one: mean it.
    assert_eq!(unsigned().digest, signed().digest, "a signature does not change what was signed");
}

#[test]
fn folder_and_tar_are_the_same_package() {
    let dir = tempfile::tempdir().unwrap();
    let app = dir.path().join("app");
    std::fs::create_dir_all(app.join("assets/img")).unwrap();
    std::fs::write(app.join("app.toml"), APP_TOML).unwrap();
    for (path, bytes) in assets() {
        std::fs::write(app.join("assets").join(path), bytes).unwrap();
    }
    let (tar, folder) = (dir.path().join("p.tar"), dir.path().join("p"));
    let digest = package::build(&app, COMPONENT, &tar).unwrap();
    assert_eq!(digest, unsigned().digest);
    assert_eq!(package::build(&app, COMPONENT, &folder).unwrap(), digest);
    for path in [&tar, &folder] {
        let package = package::open(path, &Limits::default()).unwrap();
        assert_eq!(
            (package.digest, package.component.as_ref(), package.manifest.name.as_str()),
            (digest, COMPONENT, "tickets")
        );
        assert_eq!(package.assets["style.css"].media_type, "text/css; charset=utf-8");
        assert_eq!(package.assets["img/lake.svg"].bytes.as_ref(), b"<svg/>");
    }
    // Signing writes the same package again, one referrer richer; the folder keeps no stray blobs.
    let mut package = package::open(&folder, &Limits::default()).unwrap();
    package.sign(&key()).unwrap();
    package.write(&folder).unwrap();
    assert_eq!(
        package::verify(&package::open(&folder, &Limits::default()).unwrap(), &trust()).unwrap().vendor,
        "tongshan"
    );
}

#[test]
fn a_tar_made_by_tar_itself_opens() {
    // `tar -C folder -cf p.tar .`: folders as entries, paths with `./`.
    let dir = tempfile::tempdir().unwrap();
    signed().write(&dir.path().join("p")).unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_dir_all(".", dir.path().join("p")).unwrap();
    assert!(accept(&builder.into_inner().unwrap()).is_ok());
}

#[test]
fn both_algorithms_sign_packages() {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256] {
        let key = other_key(algorithm);
        let mut trust = TrustStore::default();
        let id = trust.enroll("tongshan", None, key.public(), "city-admin", Timestamp(1)).unwrap();
        let mut package = unsigned();
        assert_eq!(package.sign(&key).unwrap(), id);
        let read = package::open_bytes(&package.to_tar().unwrap(), &Limits::default()).unwrap();
        assert_eq!(package::verify(&read, &trust).unwrap().key, id);
    }
}

#[test]
fn signing_twice_with_one_key_is_one_signature() {
    let mut package = signed();
    package.sign(&key()).unwrap();
    assert_eq!(package.signatures.len(), 1);
}

#[test]
fn a_signature_that_names_no_key_is_tried_with_the_vendors_keys() {
    // As cosign writes it: no annotation of ours, and the artifact's type on the config.
    let mut files = files(&signed());
    change_referrer(&mut files, SIGNATURE, |m| {
        m["layers"][0]["annotations"].as_object_mut().unwrap().remove("org.yunlong.signer");
        m.as_object_mut().unwrap().remove("artifactType");
        m["config"]["mediaType"] = json!(SIGNATURE);
    });
    // The entry of the index still calls it by that type.
    let package = open(&files).unwrap();
    assert_eq!(package.signatures[0].key, None);
    assert!(package::verify(&package, &trust()).is_ok());
}

// ---- Tampering

/// Changes a layer in place: the blob's name no longer fits.
fn scribbled(media_type: &str) -> PackageError {
    let mut files = files(&signed());
    let path = layer_path(&files, media_type);
    let last = files.get_mut(&path).unwrap().last_mut().unwrap();
    *last ^= 1;
    open(&files).unwrap_err()
}

#[test]
fn changed_bytes_are_refused_by_the_name_of_the_part() {
    for (media_type, part) in [(WASM, "component"), (APP, "app.toml"), (ASSETS, "assets"), (PAYLOAD, "signature")] {
        assert!(matches!(scribbled(media_type), PackageError::DigestMismatch { what, .. } if what == part), "{part}");
    }
}

#[test]
fn app_toml_and_assets_are_bound_by_the_signed_annotations() {
    let mut forged = files(&signed());
    let path = layer_path(&forged, APP);
    replace_blob(&mut forged, &path, APP_TOML.replace("1.2.0", "9.9.9").into_bytes());
    assert!(matches!(open(&forged).unwrap_err(), PackageError::DigestMismatch { what, .. } if what == "app.toml"));

    let mut forged = files(&signed());
    let path = layer_path(&forged, ASSETS);
    let evil = Files::from([("style.css".to_owned(), b"@import url(evil)".to_vec())]);
    replace_blob(&mut forged, &path, tar(&evil));
    assert!(matches!(open(&forged).unwrap_err(), PackageError::DigestMismatch { what, .. } if what == "assets"));
}

#[test]
fn a_changed_component_is_another_package_that_nobody_signed() {
    let mut files = files(&signed());
    let path = layer_path(&files, WASM);
    replace_blob(&mut files, &path, [COMPONENT, b"\0\x02\x01x"].concat());
    assert!(
        matches!(accept(&tar(&files)), Err(Refusal::Verify(VerifyError::BadSignature(why))) if why.en.contains("not over this package"))
    );
}

#[test]
fn a_changed_annotation_is_another_package_that_nobody_signed() {
    let mut files = files(&signed());
    change_wasm_manifest(&mut files, |m| m["annotations"]["org.opencontainers.image.licenses"] = json!("none"));
    assert!(matches!(accept(&tar(&files)), Err(Refusal::Verify(VerifyError::BadSignature(_)))));
}

#[test]
fn annotations_must_agree_with_app_toml() {
    for (annotation, value) in [("title", "other"), ("version", "9.9.9"), ("vendor", "other")] {
        let key = format!("org.opencontainers.image.{annotation}");
        let mut files = files(&unsigned());
        change_wasm_manifest(&mut files, |m| m["annotations"][&key] = json!(value));
        assert!(matches!(open(&files).unwrap_err(), PackageError::Malformed { what, .. } if what == key));
    }
    for (annotation, part) in
        [("org.yunlong.manifest.digest", "annotation"), ("org.yunlong.assets.digest", "annotation")]
    {
        let mut files = files(&unsigned());
        change_wasm_manifest(&mut files, |m| _ = m["annotations"].as_object_mut().unwrap().remove(annotation));
        assert!(
            matches!(open(&files).unwrap_err(), PackageError::Missing(what) if what.contains(part)),
            "{annotation}"
        );
    }
}

#[test]
fn the_wasm_config_must_describe_the_component() {
    for (field, value) in [
        ("layerDigests", json!([])),
        ("os", json!("linux")),
        ("component", json!({ "imports": ["x:y/z"], "exports": [], "target": null })),
    ] {
        let mut files = files(&unsigned());
        let config =
            files.iter().find(|(_, b)| b.windows(12).any(|w| w == b"layerDigests")).map(|(p, _)| p.clone()).unwrap();
        let mut document: serde_json::Value = serde_json::from_slice(&files[&config]).unwrap();
        document[field] = value;
        replace_blob(&mut files, &config, serde_json::to_vec(&document).unwrap());
        assert!(
            matches!(open(&files).unwrap_err(), PackageError::Malformed { what, .. } if what == "the wasm config"),
            "{field}"
        );
    }
}

// ---- Signatures

fn change_signature(change: impl FnOnce(&mut serde_json::Value)) -> Refusal {
    let mut files = files(&signed());
    change_referrer(&mut files, SIGNATURE, |m| change(&mut m["layers"][0]["annotations"]));
    accept(&tar(&files)).unwrap_err()
}

#[test]
fn a_forged_signature_is_refused() {
    let zeros = "A".repeat(86) + "==";
    let refusal = change_signature(|a| a["dev.cosignproject.cosign/signature"] = json!(zeros));
    assert!(matches!(refusal, Refusal::Verify(VerifyError::BadSignature(_))), "{refusal:?}");
    let refusal = change_signature(|a| a["dev.cosignproject.cosign/signature"] = json!("%%%"));
    assert!(
        matches!(refusal, Refusal::Package(PackageError::Malformed { ref what, .. }) if what == "signature"),
        "{refusal:?}"
    );
    let refusal = change_signature(|a| _ = a.as_object_mut().unwrap().remove("dev.cosignproject.cosign/signature"));
    assert!(matches!(refusal, Refusal::Package(PackageError::Missing(ref what)) if what == "signature"), "{refusal:?}");
}

#[test]
fn a_signature_over_another_package_is_refused() {
    let mut other = Package::build(&APP_TOML.replace("1.2.0", "1.3.0"), COMPONENT, &assets()).unwrap();
    other.sign(&key()).unwrap();
    let mut package = signed();
    package.signatures = other.signatures;
    assert!(
        matches!(trust().verify(&package), Err(VerifyError::BadSignature(why)) if why.en.contains("not over this package"))
    );
}

#[test]
fn a_payload_of_another_type_is_refused() {
    let mut signature = Signature::of(&key(), &signed().digest, "tickets");
    signature.payload = String::from_utf8(signature.payload)
        .unwrap()
        .replace("cosign container image signature", "atomic container signature")
        .into_bytes();
    signature.signature = key().sign(&signature.payload);
    let mut package = signed();
    package.signatures = vec![signature];
    assert!(matches!(trust().verify(&package), Err(VerifyError::BadSignature(_))));
}

#[test]
fn only_a_key_in_force_of_the_right_vendor_counts() {
    assert_eq!(trust().verify(&unsigned()), Err(VerifyError::Unsigned));

    let stranger = other_key(Algorithm::Ed25519);
    let mut package = unsigned();
    package.sign(&stranger).unwrap();
    assert_eq!(trust().verify(&package), Err(VerifyError::UnknownSigner(stranger.public().id())));

    let id = key().public().id();
    let mut revoked = trust();
    revoked.revoke(&id, "city-admin", Timestamp(2)).unwrap();
    assert_eq!(revoked.verify(&signed()), Err(VerifyError::RevokedSigner(id)));

    let mut elsewhere = TrustStore::default();
    elsewhere.enroll("somebody-else", None, key().public(), "city-admin", Timestamp(1)).unwrap();
    assert!(
        matches!(elsewhere.verify(&signed()), Err(VerifyError::WrongVendor { owner, vendor, .. }) if owner == "somebody-else" && vendor == "tongshan")
    );

    // A stranger's signature beside a good one does no harm.
    let mut both = signed();
    both.sign(&stranger).unwrap();
    assert_eq!(trust().verify(&both).unwrap().key, id);
}

#[test]
fn a_key_has_one_owner_and_does_not_come_back() {
    let mut trust = trust();
    let id = key().public().id();
    assert_eq!(trust.enroll("tongshan", None, key().public(), "x", Timestamp(9)), Ok(id), "twice is once");
    assert_eq!(trust.key(&id).unwrap().enrolled_at, Timestamp(1));
    assert!(matches!(
        trust.enroll("other", None, key().public(), "x", Timestamp(9)),
        Err(TrustError::OtherOwner { .. })
    ));
    trust.revoke(&id, "city-admin", Timestamp(2)).unwrap();
    trust.revoke(&id, "somebody", Timestamp(3)).unwrap();
    assert_eq!(trust.key(&id).unwrap().revoked_at, Some(Timestamp(2)));
    assert_eq!(trust.enroll("tongshan", None, key().public(), "x", Timestamp(9)), Err(TrustError::Revoked(id)));
    let unknown = KeyId(yunlong_model::Digest::of(b"?"));
    assert_eq!(trust.revoke(&unknown, "city-admin", Timestamp(2)), Err(TrustError::Unknown(unknown)));
    assert_eq!(trust.enroll(" ", None, key().public(), "x", Timestamp(9)), Err(TrustError::Vendor));
    let again: TrustStore = serde_json::from_str(&serde_json::to_string(&trust).unwrap()).unwrap();
    assert_eq!(again, trust);
}

// ---- Shapes

#[test]
fn exactly_one_wasm_layer() {
    let mut two = files(&unsigned());
    change_wasm_manifest(&mut two, |m| {
        let layer = m["layers"][0].clone();
        m["layers"].as_array_mut().unwrap().push(layer);
    });
    assert!(matches!(open(&two).unwrap_err(), PackageError::Layers(2)));
    let mut none = files(&unsigned());
    change_wasm_manifest(&mut none, |m| m["layers"] = json!([]));
    assert!(matches!(open(&none).unwrap_err(), PackageError::Layers(0)));
}

#[test]
fn unknown_types_are_refused() {
    let mut layer = files(&unsigned());
    change_wasm_manifest(&mut layer, |m| m["layers"][0]["mediaType"] = json!("application/octet-stream"));
    assert!(matches!(open(&layer).unwrap_err(), PackageError::MediaType { what, .. } if what == "component"));
    let mut config = files(&unsigned());
    change_wasm_manifest(&mut config, |m| m["config"]["mediaType"] = json!("application/vnd.oci.image.config.v1+json"));
    assert!(matches!(open(&config).unwrap_err(), PackageError::MediaType { what, .. } if what == "the wasm manifest"));
    let mut referrer = files(&unsigned());
    change_referrer(&mut referrer, APP, |m| m["artifactType"] = json!("application/x-surprise"));
    assert!(
        matches!(open(&referrer).unwrap_err(), PackageError::MediaType { found, .. } if found == "application/x-surprise")
    );
    let mut index = files(&unsigned());
    index.insert(
        "index.json".into(),
        String::from_utf8(index["index.json"].clone())
            .unwrap()
            .replace("image.manifest.v1", "image.index.v1")
            .into_bytes(),
    );
    assert!(matches!(open(&index).unwrap_err(), PackageError::MediaType { .. }));
}

#[test]
fn nothing_is_missing_double_or_over() {
    for (media_type, part) in [(WASM, "component"), (APP, "app.toml"), (ASSETS, "assets")] {
        let mut files = files(&unsigned());
        files.remove(&layer_path(&files, media_type));
        assert!(matches!(open(&files).unwrap_err(), PackageError::Missing(what) if what.starts_with(part)), "{part}");
    }
    let mut stray = files(&unsigned());
    stray.insert(blob_path(&yunlong_model::Digest::of(b"stray")), b"stray".to_vec());
    assert!(matches!(open(&stray).unwrap_err(), PackageError::Stray(_)));
    let mut index = files(&unsigned());
    let mut document: serde_json::Value = serde_json::from_slice(&index["index.json"]).unwrap();
    let entry = document["manifests"][0].clone();
    document["manifests"].as_array_mut().unwrap().push(entry);
    index.insert("index.json".into(), serde_json::to_vec(&document).unwrap());
    assert!(matches!(open(&index).unwrap_err(), PackageError::Duplicate(_)));
    for name in ["oci-layout", "index.json"] {
        let mut files = files(&unsigned());
        files.remove(name);
        assert!(open(&files).is_err(), "{name}");
    }
    let mut builder = tar::Builder::new(Vec::new());
    for _ in 0..2 {
        append(&mut builder, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#, tar::EntryType::Regular);
    }
    assert!(matches!(
        package::open_bytes(&builder.into_inner().unwrap(), &Limits::default()).unwrap_err(),
        PackageError::Duplicate(_)
    ));
}

#[test]
fn paths_lead_nowhere_else() {
    for path in [
        "../index.json",
        "/index.json",
        "blobs/../index.json",
        "blobs/sha256/../../x",
        "blobs/sha256/xyz",
        "blobs/md5/0",
        "readme.md",
        "./../x",
        "blobs\\sha256",
    ] {
        let mut builder = tar::Builder::new(Vec::new());
        append(&mut builder, path, b"x", tar::EntryType::Regular);
        let error = package::open_bytes(&builder.into_inner().unwrap(), &Limits::default()).unwrap_err();
        assert!(matches!(&error, PackageError::Path(p) if p == path), "{path}: {error}");
    }
    let mut builder = tar::Builder::new(Vec::new());
    append(&mut builder, "../", b"", tar::EntryType::Directory);
    assert!(matches!(
        package::open_bytes(&builder.into_inner().unwrap(), &Limits::default()).unwrap_err(),
        PackageError::Path(_)
    ));
}

#[test]
fn links_devices_and_extensions_are_refused_in_a_tar() {
    use tar::EntryType::{Block, Char, Fifo, GNULongName, GNUSparse, Link, Symlink, XGlobalHeader, XHeader};
    for kind in [Symlink, Link, Char, Block, Fifo, GNUSparse, GNULongName, XHeader, XGlobalHeader] {
        let mut builder = tar::Builder::new(Vec::new());
        append(&mut builder, "oci-layout", b"", kind);
        let error = package::open_bytes(&builder.into_inner().unwrap(), &Limits::default()).unwrap_err();
        assert!(matches!(error, PackageError::NotAFile(_)), "{kind:?}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_refused_in_a_folder() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("p");
    signed().write(&folder).unwrap();
    let index = std::fs::read(folder.join("index.json")).unwrap();
    std::fs::write(dir.path().join("outside.json"), index).unwrap();
    std::fs::remove_file(folder.join("index.json")).unwrap();
    symlink(dir.path().join("outside.json"), folder.join("index.json")).unwrap();
    assert!(
        matches!(package::open(&folder, &Limits::default()).unwrap_err(), PackageError::NotAFile(p) if p == "index.json")
    );

    // And in the folder that a package is built from.
    let app = dir.path().join("app");
    std::fs::create_dir_all(app.join("assets")).unwrap();
    std::fs::write(app.join("app.toml"), APP_TOML).unwrap();
    symlink("/etc/hostname", app.join("assets/secret.txt")).unwrap();
    assert!(
        matches!(Package::from_folder(&app, COMPONENT).unwrap_err(), PackageError::NotAFile(p) if p == "secret.txt")
    );
    std::fs::remove_dir_all(app.join("assets")).unwrap();
    symlink("/etc", app.join("assets")).unwrap();
    assert!(matches!(Package::from_folder(&app, COMPONENT).unwrap_err(), PackageError::NotAFile(p) if p == "assets"));
}

#[test]
fn an_asset_cannot_climb_out() {
    for path in ["../x", "/x", "a/../../x", ".htaccess"] {
        let mut builder = tar::Builder::new(Vec::new());
        append(&mut builder, path, b"x", tar::EntryType::Regular);
        let mut files = files(&unsigned());
        let layer = layer_path(&files, ASSETS);
        let evil = builder.into_inner().unwrap();
        let digest = yunlong_model::Digest::of(&evil).to_string();
        replace_blob(&mut files, &layer, evil);
        change_wasm_manifest(&mut files, |m| m["annotations"]["org.yunlong.assets.digest"] = json!(digest));
        assert!(matches!(open(&files).unwrap_err(), PackageError::Path(p) if p == path), "{path}");
    }
}

#[test]
fn limits_hold() {
    let tar = signed().to_tar().unwrap();
    let open = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        package::open_bytes(&tar, &limits).unwrap_err()
    };
    let too_large = |e: PackageError, part: &str| {
        matches!(&e, PackageError::TooLarge { what, .. } if what.contains(part)) || panic!("{part}: {e}")
    };
    too_large(open(|l| l.total = 4096), "package");
    too_large(open(|l| l.component = 8), "component");
    too_large(open(|l| l.document = 16), "oci-layout");
    too_large(open(|l| l.blobs = 3), "package");
    too_large(open(|l| l.signatures = 0), "package");
    too_large(open(|l| l.asset_files = 1), "assets");
    too_large(open(|l| l.assets = 11), "assets");
}

#[test]
fn a_size_that_lies_costs_nothing() {
    // A header that announces 8 GiB, and no bytes behind it.
    let mut header = tar::Header::new_ustar();
    header.set_path("index.json").unwrap();
    header.set_size(8 << 30);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    assert!(matches!(
        package::open_bytes(header.as_bytes(), &Limits::default()).unwrap_err(),
        PackageError::TooLarge { .. }
    ));
}

#[test]
fn a_cut_tar_is_refused() {
    let whole = signed().to_tar().unwrap();
    // The tar ends with two empty blocks: without them, everything is still there.
    for end in (0..whole.len() - 1024).step_by(97) {
        assert!(package::open_bytes(&whole[..end], &Limits::default()).is_err(), "{end} of {}", whole.len());
    }
}

#[test]
fn noise_is_refused() {
    for noise in [&b""[..], b"hello", &[0; 4096], &[0xff; 4096]] {
        assert!(package::open_bytes(noise, &Limits::default()).is_err());
    }
    assert!(matches!(
        package::open(Path::new("no/such/file.tar"), &Limits::default()).unwrap_err(),
        PackageError::Io { .. }
    ));
}

#[test]
fn building_refuses_what_opening_would() {
    let core = b"\0asm\x01\0\0\0";
    assert!(matches!(Package::build(APP_TOML, core, &assets()).unwrap_err(), PackageError::Component(_)));
    assert!(matches!(Package::build("name = 1", COMPONENT, &assets()).unwrap_err(), PackageError::Manifest(_)));
}

// ---- Properties

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_flipped_bit_in_any_blob_is_refused(blob in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>()) {
        let mut files = files(&signed());
        let path = blob.get(&files.keys().filter(|p| p.starts_with("blobs/")).cloned().collect::<Vec<_>>()).clone();
        let bytes = files.get_mut(&path).unwrap();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(accept(&tar(&files)).is_err(), "{path} bit {bit}");
    }

    #[test]
    fn one_flipped_bit_anywhere_is_refused_or_changes_nothing(bit in any::<prop::sample::Index>()) {
        let mut tar = signed().to_tar().unwrap();
        let bit = bit.index(tar.len() * 8);
        tar[bit / 8] ^= 1 << (bit % 8);
        if let Ok((package, _)) = accept(&tar) {
            let original = signed();
            prop_assert_eq!(package.digest, original.digest);
            prop_assert_eq!(package.manifest, original.manifest);
            prop_assert_eq!(package.component, original.component);
            prop_assert_eq!(package.assets, original.assets);
        }
    }

    #[test]
    fn bytes_of_any_kind_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        prop_assert!(package::open_bytes(&bytes, &Limits::default()).is_err());
        prop_assert!(Package::build(APP_TOML, &bytes, &assets()).is_err());
    }
}
