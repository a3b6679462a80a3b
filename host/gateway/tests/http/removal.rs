//! An app is removed by a program as it is by a form: never without a word on its data, and where that is that it was
//! exported, never with a write that the exported file does not hold.

use crate::platform::*;
use crate::releases::{V1, asked, city, published, tickets, upgrade};
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use yunlong_installations::Status;
use yunlong_model::Digest;
use yunlong_store::Txn;
use yunlong_store::documents::Schema;

async fn remove(p: &Platform, query: &str) -> Answered {
    let token = p.token("city-admin").await;
    let request = Request::delete(format!("/api/v1/installations/tickets{query}"))
        .header("host", CONSOLE)
        .header("accept-language", "en")
        .header("authorization", format!("Bearer {token}"));
    p.send(request.body(Body::empty()).unwrap()).await
}

async fn export(p: &Platform) -> Answered {
    let token = p.token("city-admin").await;
    let request = post(CONSOLE, "/api/v1/installations/tickets/export")
        .header("accept-language", "en")
        .header("authorization", format!("Bearer {token}"));
    p.send(request.body(Body::empty()).unwrap()).await
}

/// The digest in the last line of a file.
fn digest(file: &Answered) -> String {
    let text = file.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    last["end"]["digest"].as_str().unwrap_or_else(|| panic!("{last}")).to_owned()
}

/// A write that was acknowledged, into a collection of the release in charge.
async fn write(p: &Platform, collection: &str, id: &str, body: &str) {
    let manifest = p.installations.get(&tickets()).unwrap().manifest.clone();
    let mut txn = Txn::new(p.store.clone());
    Schema::new(&tickets(), &manifest).insert(&mut txn, collection, id, body).await.unwrap();
    txn.commit().await.unwrap();
}

async fn stop(p: &Platform) {
    p.gateway.operations().stop(&tickets(), "city-admin").await.unwrap();
}

async fn confirmed(p: &Platform) -> Vec<String> {
    let trail = p.installations.audit(50).await.unwrap();
    trail.into_iter().filter(|r| r.action == "uninstall.confirmed").map(|r| r.detail).collect()
}

#[tokio::test]
async fn a_program_says_what_becomes_of_the_data_before_an_app_is_removed() {
    let p = city().await;
    for query in ["", "?data=", "?data=keep", "?data=Erase", "?erase=true"] {
        let refused = remove(&p, query).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let said = refused.text();
        assert!(said.contains("?data=exported&digest=") && said.contains("?data=erase"), "{query}: {said}");
    }
    for query in ["?data=exported", "?data=exported&digest=", "?data=exported&digest=sha256:00"] {
        let refused = remove(&p, query).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert!(refused.text().contains("last line"), "{query}: {}", refused.text());
    }
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK, "it was stopped without an answer");
    assert!(confirmed(&p).await.is_empty());
    assert_eq!(remove(&p, "?data=erase").await.status, StatusCode::NO_CONTENT);
    assert_eq!(confirmed(&p).await, ["erase"]);
    assert_eq!(p.get(APP, "/").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_export_names_the_digest_of_its_other_lines_and_the_removal_names_it_too() {
    let p = city().await;
    write(&p, "orders", "a", r#"{"n":1}"#).await;
    stop(&p).await;
    let file = export(&p).await;
    let text = file.text();
    let body = text.split_inclusive('\n').take(text.lines().count() - 1).collect::<String>();
    assert_eq!(digest(&file), Digest::of(body.as_bytes()).to_string());
    let made = p.installations.exported(&tickets()).await.unwrap().unwrap();
    assert_eq!((made.digest.to_string(), made.documents, made.by.as_str()), (digest(&file), 1, "city-admin"));
    assert_eq!(digest(&export(&p).await), digest(&file), "the same data gives the same file");
    assert_eq!(remove(&p, &format!("?data=exported&digest={}", digest(&file))).await.status, StatusCode::NO_CONTENT);
    assert_eq!(confirmed(&p).await, [format!("exported {}", digest(&file))]);
    assert!(p.installations.exported(&tickets()).await.unwrap().is_none(), "nothing is left of it");
}

#[tokio::test]
async fn an_export_does_not_count_while_the_app_runs() {
    let p = city().await;
    let said = format!("?data=exported&digest={}", digest(&export(&p).await));
    let refused = remove(&p, &said).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text());
    assert!(refused.text().contains("stop it, export it again"), "{}", refused.text());
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK, "nothing was changed");
    assert!(confirmed(&p).await.is_empty());
    stop(&p).await;
    assert_eq!(remove(&p, &said).await.status, StatusCode::NO_CONTENT, "nothing was written in between");
}

#[tokio::test]
async fn what_was_written_after_the_export_is_not_lost() {
    let p = city().await;
    stop(&p).await;
    let old = digest(&export(&p).await);
    p.gateway.operations().start(&tickets(), "city-admin").await.unwrap();
    write(&p, "orders", "late", "{}").await;
    stop(&p).await;
    let refused = remove(&p, &format!("?data=exported&digest={old}")).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text());
    assert!(refused.text().contains("export it again"), "{}", refused.text());
    assert!(confirmed(&p).await.is_empty());
    let file = export(&p).await;
    assert!(file.text().contains(r#""id":"late""#), "{}", file.text());
    assert_eq!(remove(&p, &format!("?data=exported&digest={}", digest(&file))).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_export_of_a_stopped_app_holds_what_its_last_calls_wrote() {
    let p = Arc::new(city().await);
    let end = Arc::new(tokio::sync::Notify::new());
    *p.app.calls_end.lock() = Some(end.clone());
    stop(&p).await;
    let exported = tokio::spawn({
        let p = p.clone();
        async move { export(&p).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!exported.is_finished(), "a call is under way");
    write(&p, "orders", "last", "{}").await;
    *p.app.calls_end.lock() = None;
    end.notify_one();
    let file = exported.await.unwrap();
    assert!(file.text().contains(r#""id":"last""#), "{}", file.text());
}

#[tokio::test]
async fn where_calls_do_not_end_nothing_is_exported_and_nothing_lost() {
    let p = city().await;
    write(&p, "orders", "a", "{}").await;
    stop(&p).await;
    let whole = digest(&export(&p).await);
    *p.app.calls_hang.lock() = true;
    for refused in [export(&p).await, remove(&p, &format!("?data=exported&digest={whole}")).await] {
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text());
        assert!(refused.text().contains("try again in a minute"), "{}", refused.text());
    }
    *p.app.calls_hang.lock() = false;
    assert_eq!(digest(&export(&p).await), whole, "all of it is there");
}

#[tokio::test]
async fn what_another_release_wrote_is_exported_too_and_numbers_keep_their_digits() {
    let p = city().await;
    let more = format!("{V1}    [[collections]]\n    name = \"reviews\"\n");
    upgrade(&p, published(&p, "1.1.0", &more).await, None).await.unwrap();
    write(&p, "reviews", "r", "{\n  \"number\": 123456789012345678901234567890.10\n}").await;
    p.gateway.operations().roll_back(&tickets(), asked(None, false)).await.unwrap();
    stop(&p).await;
    let file = export(&p).await.text();
    let lines: Vec<&str> = file.lines().filter(|l| l.contains("\"collection\":\"reviews\"")).collect();
    assert!(matches!(lines[..], [line] if line.contains("123456789012345678901234567890.10")), "{file}");
    let head: Value = serde_json::from_str(file.lines().next().unwrap()).unwrap();
    assert_eq!(head["export"]["collections"], json!(["orders", "reviews"]));
}

#[tokio::test]
async fn the_form_counts_the_last_export_alone() {
    let p = city().await;
    let cookie = p.console("city-admin").await;
    let page = async || p.see(CONSOLE, "/apps/tickets/uninstall", &cookie).await.text();
    let confirm = async |digest: &str| {
        p.submit("/apps/tickets/uninstall", &cookie, &format!("confirm=tickets&data=exported&digest={digest}")).await
    };
    assert!(page().await.contains("应用没有暂停"));
    let refused = confirm("").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("还没有导出完整的文件"), "{}", refused.text());
    let file = p.submit("/apps/tickets/export", &cookie, "").await;
    let refused = confirm(&digest(&file)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("请先暂停，重新导出，再卸载"), "{}", refused.text());
    write(&p, "orders", "a", "{}").await;
    stop(&p).await;
    let refused = confirm(&digest(&file)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("数据在导出后有变化"), "{}", refused.text());
    assert_eq!(p.installations.get(&tickets()).unwrap().status, Status::Stopped);
    let file = p.submit("/apps/tickets/export", &cookie, "").await;
    let shown = page().await;
    assert!(shown.contains(&format!("name=\"digest\" value=\"{}\"", digest(&file))), "{shown}");
    assert!(shown.contains("已导出（1 份文档、0 个计数器、0 个桶值、0 个文件），可以删除"), "{shown}");
    assert_eq!(confirm(&digest(&file)).await.location(), "/?removed=1");
}
