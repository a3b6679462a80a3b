//! Files into the information hub and out of it, as the command line sends them.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};

/// A program's call at the console.
async fn call(p: &Platform, token: &str, method: &str, path: &str, body: Option<Value>) -> Answered {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("/api/v1/hub/{path}"))
        .header("host", CONSOLE)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    let body = body.map_or_else(Body::empty, |b| b.to_string().into());
    p.send(request.body(body).unwrap()).await
}

fn file() -> Value {
    json!({ "dataset": "legal-entities.entity", "file": "entities.csv", "size": 9, "fingerprint": "f", "valid_from": "2026-01-01" })
}

/// The same file, asked after.
const LOOKED_FOR: &str = "imports?dataset=legal-entities.entity&file=entities.csv&size=9&fingerprint=f";

fn row(line: u64, uscc: &str) -> Value {
    let record = json!({
        "uscc": uscc, "name": format!("徐州恒泰商贸有限公司{line}（示例）"), "kind": "company", "division": "320311",
        "founded": "2020-02-02", "status": "active",
    });
    json!({ "line": line, "record": record })
}

#[tokio::test]
async fn a_file_is_loaded_in_batches_and_read_out_again() {
    let p = Platform::start().await;
    let token = p.token("city-admin").await;
    let started = call(&p, &token, "POST", "imports", Some(file())).await;
    assert_eq!(started.status, StatusCode::CREATED, "{}", started.text());
    let id = started.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(started.json()["next_batch"], 0);

    let rows =
        json!({ "rows": [row(2, "91320300MA000TX14G"), row(3, "91320300MA000TX14H"), row(4, "91320300MA000TX9X6")] });
    let path = format!("imports/{id}/batches/0");
    let first = call(&p, &token, "POST", &path, Some(rows.clone())).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let report = first.json();
    assert_eq!((&report["loaded"], &report["refused_rows"]), (&json!(2), &json!(1)), "{report}");
    assert_eq!((&report["refused"][0]["line"], &report["refused"][0]["field"]), (&json!(3), &json!("uscc")));
    assert!(report["refused"][0]["reason"]["zh"].is_string() && report["refused"][0]["reason"]["en"].is_string());
    let again = call(&p, &token, "POST", &path, Some(rows)).await;
    assert_eq!(again.json(), report, "the same batch answers the same");
    // The same file finds the import that has not ended.
    let found = call(&p, &token, "POST", "imports", Some(file())).await.json();
    assert_eq!((&found["id"], &found["next_batch"], &found["loaded"]), (&json!(id), &json!(1), &json!(2)));

    let early = call(&p, &token, "POST", &format!("imports/{id}/batches/5"), Some(json!({ "rows": [] }))).await;
    assert!(early.status.is_client_error() && early.text().contains("batch"), "{}", early.text());
    let ended = call(&p, &token, "POST", &format!("imports/{id}/finish"), Some(json!({}))).await;
    assert_eq!((ended.status, ended.json()["state"].clone()), (StatusCode::OK, json!("finished")));
    let late = call(&p, &token, "POST", &format!("imports/{id}/batches/1"), Some(json!({ "rows": [] }))).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.text());

    let why = json!({ "dataset": "legal-entities.entity", "reason": "年度核对" });
    let export = call(&p, &token, "POST", "exports", Some(why)).await;
    assert_eq!(export.status, StatusCode::CREATED, "{}", export.text());
    let records = format!("exports/{}/records", export.json()["id"].as_str().unwrap());
    let page = call(&p, &token, "GET", &format!("{records}?limit=1"), None).await.json();
    assert_eq!((page["records"].as_array().unwrap().len(), &page["total"]), (1, &json!(2)));
    let next = page["next"].as_str().unwrap();
    let rest = call(&p, &token, "GET", &format!("{records}?after={next}"), None).await.json();
    let mut codes: Vec<&str> = [&page, &rest]
        .iter()
        .flat_map(|p| p["records"].as_array().unwrap())
        .map(|r| r["key"].as_str().unwrap())
        .collect();
    codes.sort_unstable();
    assert_eq!((codes.as_slice(), &rest["next"]), (&["91320300MA000TX14G", "91320300MA000TX9X6"][..], &Value::Null));
    assert_eq!(rest["records"][0]["valid_from"], "2026-01-01");
}

#[tokio::test]
async fn an_import_is_looked_for_and_given_up() {
    let p = Platform::start().await;
    let token = p.token("city-admin").await;
    let look = async || call(&p, &token, "GET", LOOKED_FOR, None).await.json()["unfinished"].clone();
    assert_eq!(look().await, Value::Null);
    let id = call(&p, &token, "POST", "imports", Some(file())).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!((&look().await["id"], &look().await["valid_from"]), (&json!(id), &json!("2026-01-01")));
    let mut other_day = file();
    other_day["valid_from"] = "2026-02-01".into();
    let refused = call(&p, &token, "POST", "imports", Some(other_day.clone())).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("2026-01-01") && refused.text().contains("--abandon"), "{}", refused.text());
    let given_up = call(&p, &token, "POST", &format!("imports/{id}/abandon"), Some(json!({}))).await;
    assert_eq!((given_up.status, given_up.json()["state"].clone()), (StatusCode::OK, json!("abandoned")));
    assert_eq!(look().await, Value::Null);
    let begun = call(&p, &token, "POST", "imports", Some(other_day)).await;
    assert!(begun.status == StatusCode::CREATED && begun.json()["id"] != json!(id), "{}", begun.text());
    let nothing = call(&p, &token, "GET", "imports?dataset=legal-entities.entity", None).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", nothing.text());
}

#[tokio::test]
async fn datasets_are_listed_with_their_items() {
    let p = Platform::start().await;
    let token = p.token("quanshan-admin").await;
    let all = call(&p, &token, "GET", "datasets", None).await.json();
    assert_eq!(all["datasets"].as_array().unwrap().len(), 6);
    let one = call(&p, &token, "GET", "datasets/geospatial.place", None).await.json();
    assert!(one["items"].as_array().unwrap().iter().any(|i| i["name"] == "geometry" && i["type"] == "geometry"));
    assert_eq!(call(&p, &token, "GET", "datasets/no.such", None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_loads_or_reads_out_what_their_office_does_not_provide() {
    let p = Platform::start().await;
    let admin = p.token("city-admin").await;
    let id = call(&p, &admin, "POST", "imports", Some(file())).await.json()["id"].as_str().unwrap().to_owned();
    let [batch, finish, abandon, one] =
        ["/batches/0", "/finish", "/abandon", ""].map(|action| format!("imports/{id}{action}"));
    let why = json!({ "dataset": "population.person", "reason": "年度核对", "law": "《示例条例》第九条" });
    for who in ["quanshan-admin", "li-hua", "han-developer"] {
        let token = p.token(who).await;
        for (method, path, body) in [
            ("POST", "imports", Some(file())),
            ("POST", batch.as_str(), Some(json!({ "rows": [] }))),
            ("POST", finish.as_str(), Some(json!({}))),
            ("GET", one.as_str(), None),
            ("GET", LOOKED_FOR, None),
            ("POST", abandon.as_str(), Some(json!({}))),
            ("POST", "exports", Some(why.clone())),
        ] {
            let refused = call(&p, &token, method, path, body).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{who} {method} {path}: {}", refused.text());
        }
    }
    assert_eq!(p.get(CONSOLE, "/api/v1/hub/datasets").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_batch_has_its_limits_and_its_form() {
    let p = Platform::start().await;
    let token = p.token("city-admin").await;
    let id = call(&p, &token, "POST", "imports", Some(file())).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("imports/{id}/batches/0");
    let send = |body: Value| call(&p, &token, "POST", &path, Some(body));
    let wide = send(json!({ "rows": [{ "line": 1, "record": { "uscc": "x".repeat(9 << 20) } }] })).await;
    assert_eq!(wide.status, StatusCode::PAYLOAD_TOO_LARGE);
    let rows: Vec<Value> = (0..5_001).map(|n| json!({ "line": n, "record": {} })).collect();
    let many = send(json!({ "rows": rows })).await;
    assert!(many.status.is_client_error() && many.text().contains("5000"), "{}", many.text());
    assert!(send(json!({ "row": [] })).await.status.is_client_error());
    let mut unknown = file();
    unknown["dataset"] = "no.such".into();
    assert_eq!(call(&p, &token, "POST", "imports", Some(unknown)).await.status, StatusCode::NOT_FOUND);
}
