//! How a component was built: SLSA provenance 1 as an in-toto statement. The package's signature covers it.
//!
//! Nobody but the vendor answers for it, and it says so: the builder is the vendor's machine unless another one is
//! named.

use super::crates::Crates;
use super::source::Source;
use crate::terminal::lang;
use serde_json::{Value, json};
use yunlong_model::{Digest, Manifest};
use yunlong_registry::bundle::Statement;

const SLSA: &str = "https://slsa.dev/provenance/v1";
/// What `yunlong package` does: takes a component as cargo, or another toolchain, left it.
const BUILD_TYPE: &str = "urn:yunlong:build:package:v1";

/// Writes the statement.
pub(super) fn write(
    app: &Manifest,
    component: &Digest,
    crates: Option<&Crates>,
    source: Option<&Source>,
    builder: &str,
) -> Vec<u8> {
    let source = source.map(described);
    let mut materials: Vec<Value> = source.iter().cloned().collect();
    if let Some(crates) = crates {
        materials.push(json!({ "name": "Cargo.lock", "digest": { "sha256": crates.lock.hex() } }));
        materials.extend(crates.others.iter().filter_map(|c| {
            let mut material = json!({ "uri": c.purl.as_ref()? });
            if let Some(sha256) = &c.sha256 {
                material["digest"] = json!({ "sha256": sha256 });
            }
            Some(material)
        }));
    }
    let mut parameters = json!({ "app": app.name, "version": app.version.to_string(), "target": "wasm32-wasip2" });
    if let Some(source) = source {
        parameters["source"] = source;
    }
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": format!("{}.wasm", app.name), "digest": { "sha256": component.hex() } }],
        "predicateType": SLSA,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters,
                "resolvedDependencies": materials,
            },
            "runDetails": {
                "builder": { "id": builder, "version": { "yunlong": env!("CARGO_PKG_VERSION") } },
            },
        },
    });
    // Values of JSON always serialize.
    let mut bytes = serde_json::to_vec_pretty(&statement).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The commit, as in-toto describes a resource.
fn described(source: &Source) -> Value {
    let mut value = json!({ "digest": { "gitCommit": source.commit } });
    match &source.uri {
        Some(uri) => value["uri"] = json!(uri),
        None => value["name"] = json!("the vendor's repository"),
    }
    if source.modified {
        // Then the commit is not all of it, and nobody should think so.
        value["annotations"] = json!({ "modified": true });
    }
    value
}

/// Whether bytes are such a statement about this component: what would be refused at review is told here.
pub(super) fn check(bytes: &[u8], component: &Digest) -> Result<(), String> {
    let statement = Statement::read(bytes).map_err(|e| e.en)?;
    if !statement.predicate_type.starts_with("https://slsa.dev/provenance/") {
        return Err(lang().pick("它不是 SLSA 来源证明", "it is no SLSA provenance").into());
    }
    if !statement.subjects().any(|subject| subject == *component) {
        return Err(format!("{} ({component})", lang().pick("它说的不是这个组件", "it is not about this component")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_model::Timestamp;

    #[test]
    fn it_names_builder_commit_and_materials() {
        let toml = "name = \"hello\"\nversion = \"1.2.0\"\nvendor = \"tongshan\"\ntitle = { zh = \"好\", en = \"H\" }\ndescription = { zh = \"好\", en = \"H\" }\n";
        let app = Manifest::parse(toml).unwrap();
        let mut source = Source {
            uri: Some("git+https://git.example/a.git".into()),
            commit: "0".repeat(40),
            modified: false,
            at: Some(Timestamp(0)),
        };
        let component = Digest::of(b"wasm");
        let bytes = write(&app, &component, None, Some(&source), "https://ci.example/1");
        assert_eq!(write(&app, &component, None, Some(&source), "https://ci.example/1"), bytes);
        assert_eq!(check(&bytes, &component), Ok(()));
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let predicate = &value["predicate"];
        assert_eq!(predicate["runDetails"]["builder"]["id"], "https://ci.example/1");
        let material = &predicate["buildDefinition"]["resolvedDependencies"][0];
        assert_eq!(material["digest"]["gitCommit"], "0".repeat(40));
        assert!(material["annotations"].is_null());
        source.modified = true;
        let value: Value = serde_json::from_slice(&write(&app, &component, None, Some(&source), "b")).unwrap();
        assert_eq!(
            value["predicate"]["buildDefinition"]["externalParameters"]["source"]["annotations"]["modified"],
            true
        );
    }
}
