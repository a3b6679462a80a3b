//! What is too large is refused before anything is done with it.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;
use std::time::Duration;

#[tokio::test]
async fn bodies_addresses_and_headers_have_limits() {
    let p = Platform::start().await;
    let body = || Body::from(vec![b'a'; 1024 * 1024 + 1]);
    for (host, path) in [(APP, "/orders"), (PORTAL, "/sign-in")] {
        assert_eq!(
            p.send(form_post(host, path).body(body()).unwrap()).await.status,
            StatusCode::PAYLOAD_TOO_LARGE,
            "{host}"
        );
    }
    // A body of unknown length is counted as it comes.
    let stream =
        Body::from_stream(futures::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 100_000]))));
    assert_eq!(p.send(form_post(APP, "/orders").body(stream).unwrap()).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(p.get(APP, &format!("/{}", "a".repeat(9000))).await.status, StatusCode::URI_TOO_LONG);
    let large = get(APP, "/").header("x-large", "a".repeat(40_000)).body(Body::empty()).unwrap();
    assert_eq!(p.send(large).await.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let mut many = get(APP, "/");
    for n in 0..101 {
        many = many.header(format!("x-{n}"), "a");
    }
    assert_eq!(p.send(many.body(Body::empty()).unwrap()).await.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(p.app.seen.lock().is_empty());
}

/// What was refused unread still comes down the line: who asks something else on it is told to take a new one.
#[tokio::test]
async fn a_line_on_which_a_body_was_left_is_closed_and_the_client_is_told() {
    let p = Platform::start().await;
    let sent = async |bytes| {
        let request = form_post(APP, "/orders").header("content-length", bytes);
        let a = p.send(request.body(Body::from(vec![b'a'; bytes])).unwrap()).await;
        (a.status, a.headers.get("connection").map(|v| v.to_str().unwrap().to_owned()))
    };
    assert_eq!(sent(1024 * 1024 + 1).await, (StatusCode::PAYLOAD_TOO_LARGE, Some("close".to_owned())));
    assert_eq!(sent(1024).await, (StatusCode::OK, None));
    assert_eq!(sent(0).await, (StatusCode::OK, None));
    assert_eq!(p.get(APP, "/").await.headers.get("connection"), None);
}

#[tokio::test]
async fn a_body_of_just_the_limit_passes() {
    let p = Platform::start().await;
    let body = vec![b'a'; 1024 * 1024];
    assert_eq!(p.send(form_post(APP, "/orders").body(body.into()).unwrap()).await.status, StatusCode::OK);
    assert_eq!(p.last_seen().body.len(), 1024 * 1024);
}

#[tokio::test]
async fn nonsense_is_refused_with_its_reason() {
    let p = Platform::start().await;
    for (body, status) in [
        ("{", StatusCode::BAD_REQUEST),
        ("[]", StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"account":"a"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"account":"a","password":"b","x":1}"#, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let answer = p
            .send(
                post(PORTAL, "/api/v1/sessions").header("content-type", "application/json").body(body.into()).unwrap(),
            )
            .await;
        assert_eq!(answer.status, status, "{body}");
        let problem = answer.json();
        assert!(problem["type"].as_str().unwrap().starts_with("http://localhost:8080/help/problems#"), "{problem}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
}

/// A body in four pieces, fifteen seconds apart.
fn slowly(bytes: Vec<u8>) -> Body {
    let size = bytes.len().div_ceil(4);
    Body::from_stream(futures::stream::unfold(bytes, move |mut left| async move {
        if left.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_secs(15)).await;
        let rest = left.split_off(size.min(left.len()));
        Some((Ok::<_, std::io::Error>(left), rest))
    }))
}

#[tokio::test]
async fn a_package_may_take_longer_than_a_page_by_form_and_by_the_api() {
    let p = Platform::empty(Default::default(), "http://localhost:8080").await;
    let (cookie, token) = (p.console("han-developer").await, p.token("han-developer").await);
    let tar = package(MANIFEST, &p.key).to_vec();
    // From here on time passes when nothing else does.
    tokio::time::pause();
    let mut form = b"--b\r\ncontent-disposition: form-data; name=\"package\"; filename=\"a.tar\"\r\n\r\n".to_vec();
    form.extend_from_slice(&tar);
    form.extend_from_slice(b"\r\n--b--\r\n");
    let by_form = post(CONSOLE, "/reviews")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", cookie)
        .header("content-type", "multipart/form-data; boundary=b");
    let taken = p.send(by_form.body(slowly(form)).unwrap()).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    let by_api = || post(CONSOLE, "/api/v1/packages").header("authorization", format!("Bearer {token}"));
    let taken = p.send(by_api().body(slowly(tar.clone())).unwrap()).await;
    assert_eq!(taken.status, StatusCode::OK, "it was submitted before: {}", taken.text());
    // What stops in the midst of it is given up, and nothing of it is kept.
    let half = futures::stream::iter([Ok::<_, std::io::Error>(tar[..tar.len() / 2].to_vec())]);
    let halted = Body::from_stream(futures::StreamExt::chain(half, futures::stream::pending()));
    let late = p.send(by_api().body(halted).unwrap()).await;
    assert_eq!(late.status, StatusCode::REQUEST_TIMEOUT, "{}", late.text());
    assert!(p.library.publications().submission(2).await.is_err());
}
