//! What a package says of its component: taken in from files or as given, and bound by the signature like the rest.
#![allow(clippy::unwrap_used)] // A test that cannot go on panics.

mod support;

use support::*;
use yunlong_registry::package::{PROVENANCE_FILE, SBOM_FILE};
use yunlong_registry::{Evidence, Limits, Package, PackageError, package};

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("app.toml"), APP_TOML.split("[assets]").next().unwrap()).unwrap();
    dir
}

#[test]
fn what_is_given_takes_the_place_of_the_files_beside_app_toml() {
    let dir = folder();
    std::fs::write(dir.path().join(SBOM_FILE), "{\"beside\":1}").unwrap();
    std::fs::write(dir.path().join(PROVENANCE_FILE), "{\"beside\":2}").unwrap();
    let beside = Package::from_folder(dir.path(), COMPONENT).unwrap();
    assert_eq!(beside.sbom.as_deref(), Some(&b"{\"beside\":1}"[..]));
    assert_eq!(beside.provenance.as_deref(), Some(&b"{\"beside\":2}"[..]));
    let given = Evidence { sbom: Some(b"{\"given\":1}".to_vec()), provenance: None };
    let package = Package::from_folder_with(dir.path(), COMPONENT, given.clone()).unwrap();
    assert_eq!(package.sbom.as_deref(), Some(&b"{\"given\":1}"[..]));
    assert_eq!(package.provenance, beside.provenance);
    assert_ne!(package.digest, beside.digest, "the signature is over what it says");
    let again = Package::from_folder_with(dir.path(), COMPONENT, given).unwrap();
    assert_eq!((again.digest, again.to_tar().unwrap()), (package.digest, package.to_tar().unwrap()));
}

#[test]
fn what_is_too_long_is_refused_and_nothing_is_needed() {
    let dir = folder();
    let package = Package::from_folder_with(dir.path(), COMPONENT, Evidence::default()).unwrap();
    assert!(package.sbom.is_none() && package.provenance.is_none());
    assert!(package::has_app(&package.wasm_manifest));
    let of_another_client = br#"{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
    assert!(!package::has_app(of_another_client) && !package::has_app(b"noise"));
    let long = vec![b' '; usize::try_from(Limits::default().evidence).unwrap() + 1];
    let given = Evidence { sbom: None, provenance: Some(long) };
    let refused = Package::from_folder_with(dir.path(), COMPONENT, given);
    assert!(matches!(refused, Err(PackageError::TooLarge { what, .. }) if what == PROVENANCE_FILE));
}
