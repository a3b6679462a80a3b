//! Requests to other hosts: declared ones only, with a deadline and a cap.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use yunlong_sdk::http::{self, HttpError, OutboundRequest, OutboundResponse};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{App, Failure, Method, Request, Response, Router, StatusCode, web};

const MANIFEST: &str = include_str!("app.toml");

struct Caller;

impl App for Caller {
    fn router() -> Router {
        Router::new().get("/prices", prices)
    }
}

// ANCHOR: send
fn prices(_: &Request) -> web::Result<Response> {
    Ok(Response::json(&http::get("https://api.example.org/prices")?.json::<Value>()?))
}
// ANCHOR_END: send

#[test]
fn an_answer_is_read_whole_whatever_its_status() {
    let city = TestCity::new(MANIFEST);
    city.answer("https://api.example.org/", OutboundResponse::new(StatusCode::IM_A_TEAPOT, "tea"));
    let answer = http::post_json("https://api.example.org/orders", &json!({ "seats": 2 })).unwrap();
    assert_eq!((answer.status, answer.text().as_str(), answer.is_success()), (StatusCode::IM_A_TEAPOT, "tea", false));
    let sent = city.sent();
    assert_eq!((sent.len(), sent[0].body.as_slice()), (1, br#"{"seats":2}"#.as_slice()));
    assert_eq!(sent[0].headers, [("content-type".to_owned(), "application/json".to_owned())]);
}

#[test]
fn a_host_that_the_manifest_does_not_declare_is_refused_without_its_secrets() {
    let city = TestCity::new(MANIFEST);
    city.answer("https://", OutboundResponse::new(StatusCode::OK, ""));
    assert!(http::get("https://api.example.org:443/").is_ok(), "the scheme's own port is no other host");
    assert!(http::get("https://api.example.org:8443/").is_ok());
    for other in ["https://elsewhere.example.org/?token=secret", "https://api.example.org:444/?token=secret"] {
        let refused = http::get(other).unwrap_err();
        assert!(matches!(refused, HttpError::Refused { .. }) && !refused.to_string().contains("secret"), "{refused}");
    }
    assert!(matches!(http::get("file:///etc/passwd"), Err(HttpError::Invalid(_))));
    assert_eq!(city.sent().len(), 2);
}

#[test]
fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let city = TestCity::new(MANIFEST);
    city.answer("https://api.example.org/", OutboundResponse::new(StatusCode::OK, "0123456789"));
    let request = OutboundRequest { most: 9, ..OutboundRequest::new(Method::GET, "https://api.example.org/") };
    assert_eq!(http::send(&request), Err(HttpError::TooLarge { host: "api.example.org".into(), bytes: 9 }));
}

#[test]
fn people_are_told_that_a_service_does_not_answer_and_no_more() {
    let city = TestCity::new(MANIFEST);
    let page = city.get::<Caller>("/prices");
    assert_eq!(page.code(), StatusCode::BAD_GATEWAY);
    assert!(!page.body_text().contains("example.org"));
    city.answer("https://api.example.org/prices", OutboundResponse::new(StatusCode::OK, r#"{"adult":8000}"#));
    assert_eq!(city.get::<Caller>("/prices").body_json()["adult"], 8000);
}

#[test]
fn a_consumer_tries_again_later() {
    let _city = TestCity::new(MANIFEST);
    let failure = Failure::from(http::get("https://api.example.org/").unwrap_err());
    assert!(matches!(failure, Failure::Retry(_)));
}
