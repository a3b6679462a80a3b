//! The scenarios of a package: taken in from the folder beside `app.toml`, bounded, and bound by the signature.
#![allow(clippy::unwrap_used)] // A test that cannot go on panics.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use support::*;
use yunlong_registry::package::Materials;
use yunlong_registry::{Limits, Package, PackageError, package};

const BUYING: &str = "title = { zh = \"买\", en = \"Buying\" }\n[[steps]]\nrequest = \"GET /\"\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("app.toml"), toml()).unwrap();
    std::fs::create_dir(dir.path().join("scenarios")).unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join("scenarios").join(name), text).unwrap();
    }
    dir
}

fn toml() -> &'static str {
    APP_TOML.split("[assets]").next().unwrap()
}

fn of(dir: &Path) -> Result<Package, PackageError> {
    Package::from_folder(dir, COMPONENT)
}

fn assembled(scenarios: &BTreeMap<String, String>) -> Result<Package, PackageError> {
    let manifest_toml = toml();
    Package::assemble(Materials {
        manifest_toml,
        component: COMPONENT,
        scenarios: Some(scenarios),
        ..Materials::default()
    })
}

#[test]
fn they_travel_in_the_package_and_change_its_digest() {
    let dir = folder(&[
        ("buying.toml", BUYING),
        ("invariants.toml", "invariants = []"),
        ("README.md", "words"),
        (".draft.toml", "x"),
    ]);
    let mut built = of(dir.path()).unwrap();
    let names: Vec<_> = built.scenarios.keys().map(String::as_str).collect();
    assert_eq!((names, built.scenarios["buying.toml"].as_str()), (vec!["buying.toml", "invariants.toml"], BUYING));
    built.sign(&key()).unwrap();
    let (read, signer) = accept(&built.to_tar().unwrap()).unwrap();
    assert_eq!((read.scenarios, signer.vendor.as_str()), (built.scenarios.clone(), "tongshan"));

    std::fs::write(dir.path().join("scenarios/buying.toml"), BUYING.replace("GET /", "GET /a")).unwrap();
    assert_ne!(of(dir.path()).unwrap().digest, built.digest, "the signature is over what they say");
    std::fs::remove_dir_all(dir.path().join("scenarios")).unwrap();
    let without = of(dir.path()).unwrap();
    assert!(without.scenarios.is_empty());
    assert_eq!(without.digest, assembled(&BTreeMap::new()).unwrap().digest, "none at all is no part of it");
}

#[test]
fn a_registry_gives_them_back() {
    let built = assembled(&BTreeMap::from([("buying.toml".to_owned(), BUYING.to_owned())])).unwrap();
    let mut manifests = built.manifests().map(|(_, bytes)| bytes.clone());
    let wasm = manifests.next().unwrap();
    let referrers: Vec<_> = manifests.collect();
    let limits = Limits::default();
    let mut blobs = BTreeMap::new();
    for manifest in referrers.iter().chain([&wasm]) {
        for (digest, size) in package::wanted_blobs(manifest, &limits).unwrap() {
            let (_, bytes) = built.blobs().find(|(d, _)| **d == digest).unwrap();
            assert_eq!(bytes.len() as u64, size);
            blobs.insert(digest, bytes.clone());
        }
    }
    let read = Package::from_registry(wasm.clone(), referrers.clone(), blobs.clone(), &limits).unwrap();
    assert_eq!((read.digest, read.scenarios), (built.digest, built.scenarios.clone()));
    // Without the referrer, which is the last, something is missing that was signed.
    let without = Package::from_registry(wasm, referrers[..referrers.len() - 1].to_vec(), blobs, &limits);
    assert!(matches!(without, Err(PackageError::Missing(what)) if what == "the scenarios"));
}

#[test]
fn another_file_in_their_place_is_found() {
    let package = assembled(&BTreeMap::from([("buying.toml".to_owned(), BUYING.to_owned())])).unwrap();
    let mut files = files(&package);
    let (path, bytes) = files
        .iter()
        .find(|(_, bytes)| bytes.windows(BUYING.len()).any(|w| w == BUYING.as_bytes()))
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .unwrap();
    let text = String::from_utf8(bytes).unwrap().replace("GET /", "PUT /");
    files.insert(path, text.into_bytes());
    assert!(matches!(open(&files), Err(PackageError::DigestMismatch { .. })));
}

#[test]
fn their_number_their_size_and_their_names_are_bounded() {
    let limits = Limits::default();
    let many: BTreeMap<_, _> = (0..=limits.scenario_files).map(|n| (format!("{n}.toml"), String::new())).collect();
    assert!(matches!(assembled(&many), Err(PackageError::TooLarge { what, .. }) if what == "the scenarios"));
    let one_long = BTreeMap::from([("a.toml".to_owned(), " ".repeat(usize::try_from(limits.scenario).unwrap() + 1))]);
    assert!(matches!(assembled(&one_long), Err(PackageError::TooLarge { what, .. }) if what == "scenarios/a.toml"));
    let full = " ".repeat(usize::try_from(limits.scenario).unwrap());
    let too_much: BTreeMap<_, _> = (0..9).map(|n| (format!("{n}.toml"), full.clone())).collect();
    assert!(matches!(assembled(&too_much), Err(PackageError::TooLarge { what, .. }) if what == "the scenarios"));
    for name in ["../a.toml", "a/b.toml", "a.txt", ".a.toml"] {
        let refused = assembled(&BTreeMap::from([(name.to_owned(), String::new())]));
        assert!(matches!(refused, Err(PackageError::Path(_))), "{name}: {refused:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_refused_and_so_is_what_is_no_text() {
    let dir = folder(&[("buying.toml", BUYING)]);
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "title").unwrap();
    let link = dir.path().join("scenarios/secret.toml");
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    assert!(matches!(of(dir.path()), Err(PackageError::NotAFile(path)) if path == "scenarios/secret.toml"));
    std::fs::remove_file(&link).unwrap();
    std::fs::write(&link, [0xff, 0xfe]).unwrap();
    assert!(matches!(of(dir.path()), Err(PackageError::Malformed { what, .. }) if what == "scenarios/secret.toml"));
    std::fs::remove_dir_all(dir.path().join("scenarios")).unwrap();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("scenarios")).unwrap();
    assert!(matches!(of(dir.path()), Err(PackageError::NotAFile(path)) if path == "scenarios"));
}
