//! How a package was built: an in-toto statement with SLSA provenance, versions 1 and 0.2. Nothing signs it but
//! the package's own signature, so that it is the vendor's word; that it speaks of this very binary is checked.

use super::{Check, CheckResult, Outcome};
use crate::policy::Policy;
use serde_json::{Value, json};
use yunlong_model::Digest;
use yunlong_registry::Package;
use yunlong_registry::bundle::Statement;

const SLSA_1: &str = "https://slsa.dev/provenance/v1";
const SLSA_02: &str = "https://slsa.dev/provenance/v0.2";

pub(super) fn check(package: &Package, policy: &Policy) -> CheckResult {
    let result = |outcome, zh: String, en: String, data| CheckResult::new(Check::Provenance, outcome, (zh, en), data);
    let Some(bytes) = &package.provenance else {
        let outcome = if policy.require_provenance { Outcome::Fail } else { Outcome::Warn };
        return result(
            outcome,
            "软件包没有说明构建过程：请在 app.toml 旁放置 provenance.intoto.json（SLSA）".into(),
            "the package does not say how it was built: put SLSA provenance into provenance.intoto.json beside app.toml"
                .into(),
            json!({ "present": false }),
        );
    };
    let component = Digest::of(&package.component);
    match read(bytes, &component) {
        Ok((builder, kind)) => result(
            Outcome::Pass,
            format!("由 {builder} 构建（开发商自述），与此组件一致"),
            format!("built by {builder} (the vendor's word), about this very component"),
            json!({ "present": true, "builder": builder, "predicateType": kind, "component": component }),
        ),
        Err((zh, en)) => {
            result(Outcome::Fail, zh, en.clone(), json!({ "present": true, "error": en, "component": component }))
        }
    }
}

/// The builder's id and the type of the predicate, or what is wrong.
fn read(bytes: &[u8], component: &Digest) -> Result<(String, String), (String, String)> {
    let statement = Statement::read(bytes)
        .map_err(|e| (format!("无法读取构建说明：{}", e.zh), format!("the provenance cannot be read: {}", e.en)))?;
    let builder = match statement.predicate_type.as_str() {
        SLSA_1 => statement.predicate.pointer("/runDetails/builder/id"),
        SLSA_02 => statement.predicate.pointer("/builder/id"),
        other => {
            let other: String = other.chars().filter(|c| !c.is_control()).take(80).collect();
            return Err((
                format!("构建说明的类型“{other}”不是 SLSA provenance"),
                format!("the provenance is of the type `{other}`, not SLSA's"),
            ));
        }
    };
    let builder = builder.and_then(Value::as_str).filter(|b| !b.trim().is_empty());
    let builder =
        builder.ok_or_else(|| ("构建说明没有指明构建者".to_owned(), "the provenance names no builder".to_owned()))?;
    if !statement.subjects().any(|d| d == *component) {
        return Err((
            format!("构建说明讲的不是此组件（{component}）"),
            format!("the provenance is not about this component ({component})"),
        ));
    }
    let builder = builder.chars().filter(|c| !c.is_control()).take(200).collect();
    Ok((builder, statement.predicate_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(kind: &str, digest: &Digest, predicate: &Value) -> Vec<u8> {
        let subject = json!([{ "name": "app.wasm", "digest": { "sha256": digest.hex() } }]);
        json!({ "_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": kind, "predicate": predicate })
            .to_string()
            .into_bytes()
    }

    #[test]
    fn both_versions_name_their_builder() {
        let component = Digest::of(b"wasm");
        for (kind, predicate) in [
            (SLSA_1, json!({ "runDetails": { "builder": { "id": "https://ci.example/1" } } })),
            (SLSA_02, json!({ "builder": { "id": "https://ci.example/1" } })),
        ] {
            let found = read(&statement(kind, &component, &predicate), &component).unwrap();
            assert_eq!(found, ("https://ci.example/1".to_owned(), kind.to_owned()));
        }
    }

    #[test]
    fn provenance_of_something_else_is_none() {
        let component = Digest::of(b"wasm");
        let good = json!({ "runDetails": { "builder": { "id": "b" } } });
        let error = |bytes: &[u8]| read(bytes, &component).unwrap_err().1;
        assert!(error(&statement(SLSA_1, &Digest::of(b"other"), &good)).contains("not about this component"));
        assert!(error(&statement(SLSA_1, &component, &json!({}))).contains("no builder"));
        assert!(error(&statement("https://example.org/x", &component, &good)).contains("not SLSA's"));
        assert!(error(b"{}").contains("cannot be read"));
    }
}
