//! What `wkg` reads first: which protocol the packages of this host are served with.

use super::answer::{json, refuse};
use crate::error::OciError;
use crate::registry::Registry;
use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};

pub(super) async fn wasm_pkg(State(registry): State<Registry>, method: Method) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return refuse(&registry.0, &OciError::MethodNotAllowed("GET, HEAD"));
    }
    let config = &registry.0.config;
    let mut oci = serde_json::json!({ "registry": config.service() });
    if let Some(prefix) = &config.namespace_prefix {
        oci["namespacePrefix"] = prefix.clone().into();
    }
    json(StatusCode::OK, "application/json", &serde_json::json!({ "preferredProtocol": "oci", "oci": oci }))
}
