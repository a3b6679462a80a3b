//! The list of what a component is made of: CycloneDX 1.6 (ECMA-424) in JSON.
//!
//! Written by hand: the crate `cyclonedx-bom` knows the format up to 1.5, and the fields that are used are few.

use super::crates::{Crate, Crates};
use crate::terminal::lang;
use serde::Deserialize;
use serde_json::{Value, json};
use yunlong_model::{Digest, Manifest, Timestamp};

/// Writes the list.
pub(super) fn write(app: &Manifest, component: &Digest, crates: &Crates, at: Option<Timestamp>) -> Vec<u8> {
    let reference = format!("{}@{}", app.name, app.version);
    // The app's own crate may have the name and version of the app, and be what is described.
    let own = format!("app:{reference}");
    let mut described = json!({
        "type": "application", "bom-ref": own, "name": app.name, "version": app.version.to_string(),
        "hashes": [{ "alg": "SHA-256", "content": component.hex() }],
    });
    if let Some(license) = &crates.root.license {
        described["licenses"] = licenses(license);
    }
    let tool = json!({ "type": "application", "name": "yunlong", "version": env!("CARGO_PKG_VERSION") });
    let mut metadata = json!({
        "lifecycles": [{ "phase": "build" }],
        "tools": { "components": [tool] },
        "component": described,
        "supplier": { "name": app.vendor },
    });
    if let Some(at) = at {
        metadata["timestamp"] = at.to_rfc3339().into();
    }
    let mut dependencies = vec![json!({ "ref": own, "dependsOn": crates.root.needs })];
    dependencies.extend(crates.others.iter().map(|c| json!({ "ref": c.reference, "dependsOn": c.needs })));
    let list = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata,
        "components": crates.others.iter().map(library).collect::<Vec<_>>(),
        "dependencies": dependencies,
    });
    // Values of JSON always serialize.
    let mut bytes = serde_json::to_vec_pretty(&list).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn library(c: &Crate) -> Value {
    let mut value = json!({
        "type": "library", "bom-ref": c.reference, "name": c.name, "version": c.version,
        // The standard's word for what was there when the component was built and is not in it.
        "scope": if c.linked { "required" } else { "excluded" },
    });
    if let Some(purl) = &c.purl {
        value["purl"] = json!(purl);
    }
    if let Some(sha256) = &c.sha256 {
        value["hashes"] = json!([{ "alg": "SHA-256", "content": sha256 }]);
    }
    if let Some(license) = &c.license {
        value["licenses"] = licenses(license);
    }
    value
}

/// What a crate calls its licence: an SPDX expression, the old form with a slash, or a name of its own.
fn licenses(text: &str) -> Value {
    let text = text.replace('/', " OR ");
    let words = text.split(|c: char| c.is_whitespace() || c == '(' || c == ')').filter(|w| !w.is_empty());
    let expected = |w: &str| w.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.+".contains(&b));
    let words: Vec<&str> = words.collect();
    let operator = |w: &&str| ["AND", "OR", "WITH"].contains(w);
    // Names and operators take turns: `A OR B`, `(A WITH E) AND B`.
    let taking_turns = words.iter().enumerate().all(|(i, w)| operator(w) == (i % 2 == 1)) && words.len() % 2 == 1;
    if taking_turns && words.iter().all(|w| expected(w)) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        json!([{ "expression": text }])
    } else {
        json!([{ "license": { "name": text } }])
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    bom_format: String,
    spec_version: String,
}

/// Whether bytes are such a list: what would be refused at review is told here.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let head: Head = serde_json::from_slice(bytes)
        .map_err(|e| format!("{}{e}", lang().pick("不是 JSON 格式的 CycloneDX：", "no CycloneDX in JSON: ")))?;
    let minor = head.spec_version.strip_prefix("1.").and_then(|m| m.parse::<u8>().ok());
    if head.bom_format == "CycloneDX" && minor.is_some_and(|m| (2..=7).contains(&m)) {
        Ok(())
    } else {
        Err(format!("{} `{} {}`", lang().pick("它的格式是", "its format is"), head.bom_format, head.spec_version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_crate(name: &str, purl: Option<&str>, linked: bool) -> Crate {
        Crate {
            name: name.into(),
            version: "1.0.0".into(),
            reference: purl.unwrap_or(name).into(),
            purl: purl.map(str::to_owned),
            license: Some("MIT/Apache-2.0".into()),
            sha256: purl.map(|_| "ab".repeat(32)),
            linked,
            needs: vec![],
        }
    }

    #[test]
    fn the_list_has_what_the_standard_wants_and_the_same_bytes_each_time() {
        let toml = "name = \"hello\"\nversion = \"1.2.0\"\nvendor = \"tongshan\"\ntitle = { zh = \"好\", en = \"H\" }\ndescription = { zh = \"好\", en = \"H\" }\n";
        let app = Manifest::parse(toml).unwrap();
        let crates = Crates {
            root: Crate { needs: vec!["pkg:cargo/a@1.0.0".into()], ..a_crate("hello", None, true) },
            others: vec![a_crate("a", Some("pkg:cargo/a@1.0.0"), true), a_crate("own", None, false)],
            lock: Digest::of(b"lock"),
        };
        let component = Digest::of(b"wasm");
        let bytes = write(&app, &component, &crates, None);
        assert_eq!(write(&app, &component, &crates, None), bytes);
        assert_eq!(check(&bytes), Ok(()));
        let list: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(list["metadata"]["component"]["hashes"][0]["content"], component.hex());
        assert!(list["metadata"]["timestamp"].is_null(), "no clock");
        assert_eq!(list["components"][0]["purl"], "pkg:cargo/a@1.0.0");
        assert_eq!(list["components"][0]["licenses"], json!([{ "expression": "MIT OR Apache-2.0" }]));
        assert_eq!(list["components"][1]["scope"], "excluded");
        assert!(list["components"][1]["purl"].is_null());
        assert_eq!(list["dependencies"][0], json!({ "ref": "app:hello@1.2.0", "dependsOn": ["pkg:cargo/a@1.0.0"] }));
        let dated: Value = serde_json::from_slice(&write(&app, &component, &crates, Some(Timestamp(0)))).unwrap();
        assert!(dated["metadata"]["timestamp"].as_str().unwrap().starts_with("1970-01-01T"));
    }

    #[test]
    fn a_licence_is_an_expression_only_when_it_is_one() {
        assert_eq!(licenses("Apache-2.0 WITH LLVM-exception")[0]["expression"], "Apache-2.0 WITH LLVM-exception");
        assert_eq!(
            licenses("(MIT OR Apache-2.0) AND Unicode-3.0")[0]["expression"],
            "(MIT OR Apache-2.0) AND Unicode-3.0"
        );
        for odd in ["see LICENSE", "proprietary, all rights", "OR MIT", ""] {
            assert!(licenses(odd)[0]["expression"].is_null(), "{odd}");
        }
    }
}
