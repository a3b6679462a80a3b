//! Journals of failed requests: a department's own, turned on for a day, sealed, opened by name and on record.

use crate::platform::*;
use http::StatusCode;
use serde_json::json;
use yunlong_installations::{JOURNAL_AGE, JOURNALING, MAX_JOURNALS, NewJournal};
use yunlong_model::{Digest, InstallationName};
use yunlong_store::{Direction, Key};

const JOURNALS: &str = "/apps/tickets/journals";
/// What a citizen sent, and what the app read.
const PERSONAL: &str = "王小云 320311199001011234";

fn tickets() -> InstallationName {
    "tickets".parse().unwrap()
}

/// A journal as the runtime writes it, of a request that asked for a key.
fn file(p: &Platform, request_id: &str) -> Vec<u8> {
    let i = p.installations.get(&tickets()).unwrap();
    let lines = [
        json!({
            "yunlong-journal": 1, "installation": "tickets", "version": "1.0.0", "component": Digest::of(b"c"),
            "package": i.package_digest, "host": "0.1.0", "profile": "small", "request_id": request_id,
            "at": 1_790_000_000_000_i64, "scheme": "http", "manifest": *i.manifest,
        }),
        json!({ "request": { "method": "POST", "target": "/book", "headers": [], "body": { "text": PERSONAL } } }),
        json!({ "asker": {
            "subject": null, "kind": "anonymous", "assurance": "none", "roles": [], "organization": null,
            "lang": "zh", "elder": false,
        } }),
        json!({ "call": {
            "interface": "city:app/context", "function": "derive-key", "args": ["tickets", 8],
            "outcome": { "answer": { "text": "the-key!" } },
        } }),
        json!({ "end": { "answer": null, "error": { "outcome": "trap", "text": "unreachable" }, "backtrace": null } }),
    ];
    lines.iter().map(|l| format!("{l}\n")).collect::<String>().into_bytes()
}

async fn keep(p: &Platform, request_id: &str) {
    let new = NewJournal {
        request_id: request_id.into(),
        version: "1.0.0".parse().unwrap(),
        outcome: "trap".into(),
        file: file(p, request_id).into(),
    };
    p.installations.keep_journal(p.identity.field_keys(), &tickets(), &new).await.unwrap();
}

async fn ids(p: &Platform) -> Vec<String> {
    p.installations.journals(&tickets()).await.unwrap().into_iter().map(|j| j.request_id).collect()
}

async fn acts(p: &Platform) -> Vec<(String, String, String)> {
    let trail = p.installations.audit(50).await.unwrap();
    let of_journals = trail.into_iter().filter(|r| r.action.starts_with("journal"));
    of_journals.map(|r| (r.actor, r.action, r.detail)).collect()
}

#[tokio::test]
async fn nothing_is_kept_before_the_department_turns_it_on() {
    let p = Platform::start().await;
    assert!(p.installations.journaling(&tickets()).is_none());
    keep(&p, "r-1").await;
    assert!(ids(&p).await.is_empty());
}

#[tokio::test]
async fn only_who_administers_the_app_turns_it_on_sees_journals_or_opens_one() {
    let p = Platform::start().await;
    p.installations.set_journaling(&tickets(), true, "city-admin").await.unwrap();
    keep(&p, "r-1").await;
    for stranger in ["li-hua", "quanshan-admin", "han-developer", "city-audit", "city-security"] {
        let cookie = p.console(stranger).await;
        assert_eq!(p.see(CONSOLE, JOURNALS, &cookie).await.status, StatusCode::FORBIDDEN, "{stranger}");
        for (path, form) in [(JOURNALS, "keep=on"), (JOURNALS, "keep=off"), ("/apps/tickets/journals/1", "")] {
            assert_eq!(p.submit(path, &cookie, form).await.status, StatusCode::FORBIDDEN, "{stranger} {path} {form}");
        }
    }
    assert_eq!(acts(&p).await.len(), 1, "a refused act is none");
    assert!(p.installations.journaling(&tickets()).is_some());
}

#[tokio::test]
async fn it_is_on_for_a_day_and_the_trail_says_who_did_it() {
    let p = Platform::start().await;
    let cookie = p.console("city-admin").await;
    assert_eq!(p.submit(JOURNALS, &cookie, "keep=on").await.status, StatusCode::SEE_OTHER);
    let page = p.see(CONSOLE, JOURNALS, &cookie).await.text();
    assert!(page.contains("city-admin"), "{page}");
    keep(&p, "r-1").await;
    p.clock.advance(JOURNALING);
    assert!(p.installations.journaling(&tickets()).is_none(), "it ends by itself");
    keep(&p, "r-2").await;
    assert_eq!(ids(&p).await, ["r-1"]);
    // The session of yesterday has ended as well.
    let cookie = p.console("city-admin").await;
    p.submit(JOURNALS, &cookie, "keep=on").await;
    p.submit(JOURNALS, &cookie, "keep=off").await;
    assert!(p.installations.journaling(&tickets()).is_none());
    let acts = acts(&p).await;
    let told: Vec<_> = acts.iter().map(|(who, what, _)| (who.as_str(), what.as_str())).collect();
    assert_eq!(told, [("city-admin", "journals.off"), ("city-admin", "journals.on"), ("city-admin", "journals.on")]);
}

#[tokio::test]
async fn a_download_is_on_record_and_holds_keys_only_when_they_were_asked_for() {
    let p = Platform::start().await;
    p.installations.set_journaling(&tickets(), true, "city-admin").await.unwrap();
    keep(&p, "r-1").await;
    let cookie = p.console("city-admin").await;
    let page = p.see(CONSOLE, JOURNALS, &cookie).await.text();
    assert!(page.contains("个人信息") && page.contains("r-1") && !page.contains("王小云"), "{page}");
    let without = p.submit("/apps/tickets/journals/1", &cookie, "").await;
    assert_eq!(without.status, StatusCode::OK, "{}", without.text());
    assert!(without.header("content-disposition").contains("tickets-1.yjournal"));
    assert_eq!(without.header("cache-control"), "no-store");
    assert!(without.text().contains(PERSONAL) && !without.text().contains("the-key!"), "{}", without.text());
    let with = p.submit("/apps/tickets/journals/1", &cookie, "keys=true").await;
    assert!(with.text().contains("the-key!"));
    let opened: Vec<_> = acts(&p).await.into_iter().filter(|(_, what, _)| what == "journal.opened").collect();
    let act = |detail: &str| ("city-admin".to_owned(), "journal.opened".to_owned(), detail.to_owned());
    assert_eq!(opened, [act("r-1 with keys"), act("r-1 without keys")]);
    assert_eq!(p.submit("/apps/tickets/journals/2", &cookie, "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(p.submit("/apps/tickets/journals/x", &cookie, "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn it_stands_nowhere_in_the_plain_and_goes_with_the_installation() {
    let p = Platform::start().await;
    p.installations.set_journaling(&tickets(), true, "city-admin").await.unwrap();
    keep(&p, "r-1").await;
    let rows = async || p.store.scan(&Key::space("tickets").children(), Direction::Ascending, 10_000).await.unwrap();
    let plain = |needle: &str| {
        let needle = needle.as_bytes().to_vec();
        move |value: &[u8]| value.windows(needle.len()).any(|w| w == needle)
    };
    for secret in ["王小云", "the-key!"] {
        assert!(!rows().await.iter().any(|r| plain(secret)(&r.value)), "{secret}");
    }
    p.gateway.operations().uninstall(&tickets(), "city-admin").await.unwrap();
    assert!(rows().await.is_empty());
}

#[tokio::test]
async fn the_oldest_make_place_and_a_week_later_none_is_left() {
    let p = Platform::start().await;
    p.installations.set_journaling(&tickets(), true, "city-admin").await.unwrap();
    for n in 0..=MAX_JOURNALS {
        keep(&p, &format!("r-{n}")).await;
    }
    let kept = ids(&p).await;
    assert_eq!((kept.len(), kept[0].as_str()), (MAX_JOURNALS, format!("r-{MAX_JOURNALS}").as_str()));
    assert!(!kept.contains(&"r-0".to_owned()));
    p.clock.advance(JOURNAL_AGE);
    assert!(ids(&p).await.is_empty());
    let cookie = p.console("city-admin").await;
    assert_eq!(p.submit("/apps/tickets/journals/5", &cookie, "").await.status, StatusCode::NOT_FOUND);
    p.installations.expire_journals().await.unwrap();
    let left = p.store.scan(&Key::space("tickets").text("journal").children(), Direction::Ascending, 100).await;
    assert!(left.unwrap().is_empty());
}

#[tokio::test]
async fn a_program_does_the_same_with_the_same_rights() {
    let p = Platform::start().await;
    let path = "/api/v1/installations/tickets/journals";
    let request = async |account: &str, method: &str, path: &str, body: &str| {
        let token = p.token(account).await;
        let request = http::Request::builder().method(method).uri(path).header("host", CONSOLE);
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json");
        p.send(request.body(body.to_owned().into()).unwrap()).await
    };
    for stranger in ["li-hua", "quanshan-admin"] {
        assert_eq!(request(stranger, "GET", path, "").await.status, StatusCode::FORBIDDEN);
        assert_eq!(request(stranger, "PUT", path, r#"{"keep":true}"#).await.status, StatusCode::FORBIDDEN);
    }
    assert!(request("city-admin", "GET", path, "").await.json()["until"].is_null());
    assert_eq!(request("city-admin", "PUT", path, r#"{"keep":true}"#).await.json()["by"], "city-admin");
    keep(&p, "r-1").await;
    let listed = request("city-admin", "GET", path, "").await.json();
    assert_eq!((&listed["journals"][0]["id"], &listed["journals"][0]["outcome"]), (&json!(1), &json!("trap")));
    let one = format!("{path}/1/file");
    assert_eq!(request("quanshan-admin", "POST", &one, "").await.status, StatusCode::FORBIDDEN);
    assert!(!request("city-admin", "POST", &one, "").await.text().contains("the-key!"));
    assert!(request("city-admin", "POST", &format!("{one}?keys=true"), "").await.text().contains("the-key!"));
}
