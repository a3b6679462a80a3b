//! The OpenAPI 3.1 document of an app, made of the types of its operations.

use crate::web::{Doc, Method};
use crate::{Text, context};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The document. `components` holds the types that are used, and the problem document.
pub(crate) fn document<'a>(
    title: Option<&Text>,
    description: &str,
    operations: impl Iterator<Item = &'a Doc>,
) -> Value {
    let installation = context::installation();
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    // Each schema stands inside a larger document that names the dialect once.
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for doc in operations {
        let item = paths.entry(plain_path(doc.path)).or_insert_with(|| json!({}));
        item[doc.method.as_str().to_lowercase()] = operation(doc, &mut generator);
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".into(), problem_schema());
    let title = title.map_or_else(|| installation.app.clone(), |t| t.zh.to_string());
    json!({
        "openapi": "3.1.0",
        "info": { "title": title, "description": description, "version": installation.version },
        "servers": [{ "url": installation.origin }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "description": "A token of POST /api/v1/sessions on the portal." } },
        },
    })
}

/// OpenAPI has no catch-all parameters: `{*rest}` is written `{rest}`.
fn plain_path(path: &str) -> String {
    path.replace("{*", "{")
}

fn operation(doc: &Doc, generator: &mut SchemaGenerator) -> Value {
    let mut parameters = Vec::new();
    if let Some(schema) = doc.path_schema {
        add_parameters(&mut parameters, "path", &schema(generator));
    }
    if let Some(schema) = doc.query_schema {
        add_parameters(&mut parameters, "query", &schema(generator));
    }
    for (name, description) in &doc.headers {
        parameters.push(json!({ "name": name, "in": "header", "required": false, "description": description, "schema": { "type": "string" } }));
    }
    let mut out = json!({ "operationId": doc.id, "responses": responses(doc, generator) });
    for (name, text) in [("summary", doc.summary), ("description", doc.description)] {
        if !text.is_empty() {
            out[name] = text.into();
        }
    }
    if let Some(tag) = doc.tag {
        out["tags"] = json!([tag]);
    }
    if !parameters.is_empty() {
        out["parameters"] = parameters.into();
    }
    if let Some(schema) = doc.body_schema {
        out["requestBody"] = json!({ "required": !doc.body_optional, "content": { "application/json": { "schema": schema(generator) } } });
    }
    if doc.signed_in {
        out["security"] = json!([{ "bearer": [] }]);
    }
    out
}

/// One parameter for each property of an object's schema.
fn add_parameters(out: &mut Vec<Value>, place: &str, schema: &Schema) {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|r| r.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let mut property = property.clone();
        let description = property.as_object_mut().and_then(|p| p.remove("description"));
        let mut parameter = json!({ "name": name, "in": place, "required": place == "path" || required.contains(&name.as_str()), "schema": property });
        if let Some(description) = description {
            parameter["description"] = description;
        }
        out.push(parameter);
    }
}

fn responses(doc: &Doc, generator: &mut SchemaGenerator) -> Value {
    let mut out = Map::new();
    let mut success = json!({ "description": doc.status.canonical_reason().unwrap_or("Success") });
    if let Some(schema) = doc.answer {
        success["content"] = json!({ "application/json": { "schema": schema(generator) } });
    }
    if let Some(path) = doc.location {
        let schema = json!({ "type": "string", "format": "uri-reference" });
        success["headers"] = json!({ "Location": { "description": format!("`{path}`"), "schema": schema } });
    }
    out.insert(doc.status.as_str().to_owned(), success);
    let mut problems = doc.problems.clone();
    // What the SDK itself answers before the handler runs.
    let mut implied = Vec::new();
    if doc.query_schema.is_some() || doc.body_schema.is_some() {
        implied.push((400, "The query or the body is not what is described here"));
    }
    if doc.body_schema.is_some() {
        implied.push((415, "The body is not application/json"));
    }
    if doc.path_schema.is_some() {
        implied.push((404, "The path leads to nothing"));
    }
    if doc.signed_in {
        implied.push((401, "Not signed in"));
    }
    if doc.method != Method::GET {
        implied.push((503, "Too many conflicts: try again after Retry-After seconds"));
    }
    problems.extend(implied);
    for (status, when) in problems {
        out.entry(status.to_string()).or_insert_with(|| {
            json!({ "description": when, "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } })
        });
    }
    Value::Object(out)
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "A problem document (RFC 9457).",
        "required": ["title", "status"],
        "properties": {
            "type": { "type": "string", "description": "A stable name of the kind of problem, about:blank when absent." },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "request_id": { "type": "string", "description": "The id under which the host's logs speak of it." },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "description": "Where in the request: a JSON Pointer (RFC 6901) into the body, or `/name` for a parameter of the query or a header." },
                        "detail": { "type": "string", "description": "What is wrong and what to do." },
                    },
                },
            },
        },
    })
}
