//! What apps wrote down of what was done in them: for the audit administrator, of every app, and for nobody else.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;
use serde_json::Value;
use yunlong_model::Timestamp;
use yunlong_store::Txn;
use yunlong_store::documents::Schema;

/// So many rows of the app, every second a refund.
async fn written(p: &Platform, rows: i64) {
    let i = p.installations.get(&"tickets".parse().unwrap()).unwrap();
    let schema = Schema::new(&i.name, &i.manifest);
    let mut txn = Txn::new(p.store.clone());
    for n in 0..rows {
        let action = if n % 2 == 0 { "order.refund" } else { "order.cancel" };
        let target = if n == 0 { "=1+1".to_owned() } else { format!("order-{n}") };
        schema.audit(&mut txn, "gate-1", action, &target, r#"{"why":"a, b"}"#, Timestamp(n)).unwrap();
    }
    txn.commit().await.unwrap();
}

async fn listed(p: &Platform, query: &str) -> Value {
    let token = p.token("city-audit").await;
    let request = get(CONSOLE, &format!("/api/v1/audit?{query}")).header("authorization", format!("Bearer {token}"));
    let answer = p.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn rows_are_leafed_through_the_newest_first_and_narrowed_by_what_was_done() {
    let p = Platform::start().await;
    written(&p, 150).await;
    let first = listed(&p, "app=tickets").await;
    let targets = |page: &Value| -> Vec<String> {
        page["rows"].as_array().unwrap().iter().map(|r| r["target"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((targets(&first).len(), targets(&first)[0].as_str()), (100, "order-149"));
    let next = first["next"].as_str().unwrap();
    let second = listed(&p, &format!("app=tickets&before={next}")).await;
    assert_eq!((targets(&second).len(), targets(&second)[0].as_str()), (50, "order-49"));
    assert_eq!(second["next"], Value::Null);
    assert_eq!(targets(&listed(&p, "app=tickets&action=order.refund").await).len(), 75);
    assert_eq!(targets(&listed(&p, "app=tickets&target=order-7&actor=gate-1").await), ["order-7"]);
    assert!(targets(&listed(&p, "app=tickets&actor=nobody").await).is_empty());
}

#[tokio::test]
async fn the_page_shows_them_to_the_audit_administrator_alone_and_its_file_holds_no_formula() {
    let p = Platform::start().await;
    written(&p, 3).await;
    let audit = p.console("city-audit").await;
    let page = p.see(CONSOLE, "/audit/acts?app=tickets", &audit).await;
    assert!(page.status == StatusCode::OK && page.text().contains("order-2") && page.text().contains("gate-1"));
    assert!(p.see(CONSOLE, "/audit/acts", &audit).await.text().contains("请选择一个应用"));
    let file = p.see(CONSOLE, "/audit/acts/file?app=tickets", &audit).await;
    assert!(
        file.header("content-type").starts_with("text/csv") && file.header("content-disposition").contains("tickets")
    );
    assert_eq!(file.text().lines().count(), 4, "a heading and three rows: {}", file.text());
    assert!(file.text().contains(r#","'=1+1","{""why"":""a, b""}""#), "{}", file.text());
    for path in ["/audit/acts?app=none", "/audit/acts/file?app=none", "/audit/acts?app=tickets&before=ff"] {
        assert!(p.see(CONSOLE, path, &audit).await.status.is_client_error(), "{path}");
    }
    for who in ["city-admin", "city-security"] {
        let cookie = p.console(who).await;
        for path in ["/audit/acts?app=tickets", "/audit/acts/file?app=tickets"] {
            assert_eq!(p.see(CONSOLE, path, &cookie).await.status, StatusCode::FORBIDDEN, "{who} {path}");
        }
    }
}
