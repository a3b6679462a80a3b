//! The pages and the API against the city in memory. Every answer of the API is held to its OpenAPI document.
#![allow(clippy::unwrap_used)]

mod api;
// What holds answers to a document knows no app: the model app's is used here, too.
#[path = "../../../tourism-ticketing/tests/ticketing/contract.rs"]
mod contract;
mod names;
mod pages;
mod steps;
#[path = "../finance/support.rs"]
#[allow(dead_code)]
mod support;
mod webhook;

use logistics_finance::LogisticsFinance;
use serde_json::Value;
use support::Xuzhou;
use yunlong_sdk::testing::TestRequest;
use yunlong_sdk::{Request, Response};

/// Sends a request of the API and holds the answer to the document.
pub(crate) fn operation(x: &Xuzhou, method: &str, path: &str, request: TestRequest) -> Response {
    let answer = x.send::<LogisticsFinance>(request);
    let document = || x.send::<LogisticsFinance>(Request::get("/openapi.json")).body_json();
    contract::hold(document, method, path, &answer);
    answer
}

pub(crate) fn api(x: &Xuzhou, path: &str) -> Response {
    operation(x, "get", path, Request::get(path))
}

pub(crate) fn call(x: &Xuzhou, path: &str, body: &Value) -> Response {
    operation(x, "post", path, Request::post(path).json(body))
}

/// A call that must succeed; its document.
pub(crate) fn made(x: &Xuzhou, path: &str, body: &Value) -> Value {
    let answer = call(x, path, body);
    assert!(answer.code().is_success(), "{path}: {} {}", answer.code(), answer.body_text());
    answer.body_json()
}

/// A call that must be refused: its status and the kind of its problem.
pub(crate) fn refused(x: &Xuzhou, path: &str, body: &Value) -> (u16, String) {
    let answer = call(x, path, body);
    let kind = answer.body_json()["type"].as_str().unwrap_or_default().to_owned();
    (answer.code().as_u16(), kind.rsplit(':').next().unwrap().to_owned())
}

/// A page that must be shown.
pub(crate) fn page(x: &Xuzhou, path: &str) -> String {
    let answer = x.get::<LogisticsFinance>(path);
    assert_eq!(answer.code().as_u16(), 200, "{path}: {}", answer.body_text());
    answer.body_text()
}

/// The status of a page.
pub(crate) fn status(x: &Xuzhou, path: &str) -> u16 {
    x.get::<LogisticsFinance>(path).code().as_u16()
}

/// A form that is sent.
pub(crate) fn post(x: &Xuzhou, path: &str, fields: &[(&str, &str)]) -> Response {
    x.post::<LogisticsFinance>(path, fields)
}

/// Where a form that was accepted leads.
pub(crate) fn location(answer: &Response) -> String {
    assert_eq!(answer.code().as_u16(), 303, "{}", answer.body_text());
    answer.header_value("location").unwrap().to_owned()
}
