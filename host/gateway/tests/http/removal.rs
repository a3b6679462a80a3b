//! An app is removed by a program as it is by a form: never without a word on its data.

use crate::platform::*;
use axum::body::Body;
use http::{Request, StatusCode};

async fn remove(p: &Platform, query: &str) -> Answered {
    let token = p.token("city-admin").await;
    let request = Request::delete(format!("/api/v1/installations/tickets{query}"))
        .header("host", CONSOLE)
        .header("authorization", format!("Bearer {token}"));
    p.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_program_says_what_becomes_of_the_data_before_an_app_is_removed() {
    let p = Platform::start().await;
    for query in ["", "?data=", "?data=keep", "?data=Erase", "?erase=true"] {
        let refused = remove(&p, query).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let said = refused.text();
        assert!(said.contains("?data=exported") && said.contains("?data=erase"), "{query}: {said}");
    }
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK, "it was stopped without an answer");
    let confirmed = async || {
        let trail = p.installations.audit(20).await.unwrap();
        trail.into_iter().filter(|r| r.action == "uninstall.confirmed").map(|r| r.detail).collect::<Vec<_>>()
    };
    assert!(confirmed().await.is_empty());
    assert_eq!(remove(&p, "?data=exported").await.status, StatusCode::NO_CONTENT);
    assert_eq!(confirmed().await, ["exported"]);
    assert_eq!(p.get(APP, "/").await.status, StatusCode::NOT_FOUND);
}
