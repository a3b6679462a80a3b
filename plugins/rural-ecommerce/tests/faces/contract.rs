//! Holds every answer to the OpenAPI document: its status, its media type, its schema.

use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use yunlong_sdk::Response;

thread_local! {
    static CONTRACT: RefCell<Option<Contract>> = const { RefCell::new(None) };
}

struct Contract {
    document: Value,
    validators: BTreeMap<(String, String, String), jsonschema::Validator>,
}

/// Whether a path is of a template such as `/api/orders/{order}`.
fn fits(template: &str, path: &str) -> bool {
    let (t, p): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    t.len() == p.len() && t.iter().zip(&p).all(|(t, p)| t.starts_with('{') || t == p)
}

/// The answer of an operation must be one that the document describes.
pub(crate) fn hold(document: impl FnOnce() -> Value, method: &str, target: &str, answer: &Response) {
    CONTRACT.with_borrow_mut(|contract| {
        let contract = contract.get_or_insert_with(|| Contract { document: document(), validators: BTreeMap::new() });
        contract.hold(method, target.split('?').next().unwrap(), answer);
    });
}

impl Contract {
    fn hold(&mut self, method: &str, path: &str, answer: &Response) {
        let paths = self.document["paths"].as_object().unwrap();
        // A template without parameters goes before one with them.
        let mut found: Vec<&String> = paths.keys().filter(|t| fits(t, path)).collect();
        found.sort_by_key(|t| t.matches('{').count());
        let Some(template) = found.first().map(|t| (*t).clone()) else { panic!("{path} is not described") };
        let status = answer.code().as_u16().to_string();
        let described = &self.document["paths"][&template][method]["responses"][&status];
        assert!(described.is_object(), "{method} {template} answers {status}: {}", answer.body_text());
        let Some((media, content)) = described["content"].as_object().and_then(|c| c.iter().next()) else {
            assert!(answer.body().is_empty(), "{method} {template} {status} has a body that is not described");
            return;
        };
        assert_eq!(answer.header_value("content-type"), Some(media.as_str()), "{method} {template} {status}");
        let key = (method.to_owned(), template.clone(), status.clone());
        let validator = self.validators.entry(key).or_insert_with(|| {
            let mut schema = content["schema"].clone();
            schema["components"] = self.document["components"].clone();
            jsonschema::validator_for(&schema).unwrap()
        });
        let body = answer.body_json();
        let errors: Vec<String> = validator.iter_errors(&body).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{method} {template} {status} is not as described: {errors:?}\n{body}");
    }
}

#[test]
fn an_answer_that_the_document_does_not_describe_fails_the_test() {
    let document = || {
        json!({"paths": {"/api/a/{b}": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}}}},
               "components": {"schemas": {"A": {"type": "object", "required": ["n"], "properties": {"n": {"enum": ["x"]}}}}}})
    };
    let held = |answer: Response| {
        std::panic::catch_unwind(|| {
            CONTRACT.with_borrow_mut(|c| *c = None);
            hold(document, "get", "/api/a/1?q=2", &answer);
        })
        .is_ok()
    };
    assert!(held(Response::json(&json!({"n": "x"}))));
    assert!(!held(Response::json(&json!({"n": "y"}))) && !held(Response::json(&json!({}))));
    assert!(
        !held(Response::text("x"))
            && !held(Response::json(&json!({"n": "x"})).status(yunlong_sdk::StatusCode::CREATED))
    );
    CONTRACT.with_borrow_mut(|c| *c = None);
}
