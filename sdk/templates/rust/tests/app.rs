//! What the app does, as a specification. It runs natively, against a city in memory.

use repairs_template::Repairs;
use serde_json::{Value, json};
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{App, Attribute, Response};

fn city() -> TestCity {
    TestCity::new(include_str!("../app.toml"))
}

fn file(city: &TestCity, title: &str) -> String {
    city.advance(60_000);
    let answer = city.post::<Repairs>("/new", &[("title", title), ("place", "云龙湖东路 1 号"), ("details", "")]);
    assert_eq!(answer.code(), 303, "{}", answer.body_text());
    answer.header_value("location").unwrap().to_owned()
}

fn list(city: &TestCity, target: &str) -> Value {
    city.get::<Repairs>(target).body_json()
}

fn leads_to(answer: &Response, page: &str) -> bool {
    answer.code() == 303 && answer.header_value("location").is_some_and(|l| l.contains(page))
}

#[test]
fn routes_do_not_stand_in_each_others_way() {
    Repairs::router().check().unwrap();
}

#[test]
fn an_empty_list_says_so_and_leads_to_the_form() {
    let city = city();
    let page = city.get::<Repairs>("/").body_text();
    assert!(page.contains("还没有报修") && page.contains("href=\"/new\""), "{page}");
    assert_eq!(list(&city, "/api/reports"), json!({ "items": [], "next": null }));
}

#[test]
fn pages_speak_the_visitors_language() {
    let city = city();
    city.prefer(yunlong_sdk::Lang::En, true);
    let page = city.get::<Repairs>("/").body_text();
    assert!(
        page.contains("Nothing has been reported yet") && page.contains("lang=\"en\"") && page.contains("data-elder")
    );
}

#[test]
fn a_report_is_seen_by_all_and_its_message_was_published_with_it() {
    let city = city();
    city.sign_in("p-1");
    let path = file(&city, "路灯 <b>不亮</b>");
    city.sign_out();
    let page = city.get::<Repairs>(&path).body_text();
    assert!(page.contains("路灯 &lt;b&gt;不亮&lt;/b&gt;") && page.contains("云龙湖东路 1 号"), "{page}");
    assert!(!page.contains("p-1"), "who reported it stays with the app");
    let published = city.published();
    assert_eq!(published.len(), 1);
    let data: Value = serde_json::from_str(&published[0].data).unwrap();
    assert_eq!((published[0].topic.as_str(), data["place"].as_str()), ("report.filed", Some("云龙湖东路 1 号")));
    assert_eq!(path, format!("/reports/{}", data["id"].as_str().unwrap()));
}

#[test]
fn without_the_commit_there_is_neither_a_report_nor_a_message() {
    let city = city();
    city.sign_in("p-1");
    city.conflict_next(1000);
    let answer = city.post::<Repairs>("/new", &[("title", "井盖"), ("place", "中山路")]);
    assert_eq!(answer.code(), 503);
    assert!(city.published().is_empty());
    assert_eq!(list(&city, "/api/reports")["items"], json!([]));
}

#[test]
fn the_form_says_what_is_wrong_and_keeps_what_was_typed() {
    let city = city();
    city.sign_in("p-1");
    let long = "坏".repeat(81);
    let answer =
        city.post::<Repairs>("/new", &[("title", &long), ("place", " "), ("details", "很急"), ("call_back", "yes")]);
    assert_eq!(answer.code(), 422);
    let page = answer.body_text();
    assert!(
        page.contains("href=\"#field-title\"") && page.contains("href=\"#field-place\""),
        "the summary leads there"
    );
    assert!(page.contains(&long) && page.contains("很急") && page.contains("checked"), "{page}");
}

#[test]
fn who_is_not_signed_in_is_sent_to_sign_in_and_the_api_answers_401() {
    let city = city();
    assert!(leads_to(&city.get::<Repairs>("/new"), "/sign-on"));
    assert!(leads_to(&city.post::<Repairs>("/new", &[("title", "灯"), ("place", "路")]), "/sign-on"));
    let answer = city.post_json::<Repairs>("/api/reports", &json!({ "title": "灯", "place": "路" }));
    assert_eq!((answer.code().as_u16(), answer.header_value("content-type")), (401, Some("application/problem+json")));
}

#[test]
fn a_number_to_call_is_read_by_consent_and_seen_by_clerks_alone() {
    let city = city();
    city.sign_in("p-1");
    city.set_attribute("p-1", Attribute::Mobile, "138****0000");
    let fields = [("title", "栏杆"), ("place", "故黄河"), ("details", "松动"), ("call_back", "yes")];
    let asked = city.post::<Repairs>("/new", &fields);
    assert!(leads_to(&asked, "consent"), "{:?}", asked.headers());
    assert_eq!(list(&city, "/api/reports")["items"], json!([]), "nothing is filed before the answer");
    // Back from there nothing has to be typed again.
    let back = city.get::<Repairs>("/new?title=%E6%A0%8F%E6%9D%86&call_back=yes").body_text();
    assert!(back.contains("value=\"栏杆\"") && back.contains("checked"), "{back}");
    city.consent("p-1", "call-back");
    let filed = city.post::<Repairs>("/new", &fields);
    let path = filed.header_value("location").unwrap().to_owned();
    assert!(!city.get::<Repairs>(&path).body_text().contains("138"), "not even who reported it sees it there");
    city.sign_in_official("o-1", &["clerk"]);
    assert!(city.get::<Repairs>(&path).body_text().contains("138****0000"));
}

#[test]
fn only_a_clerk_closes_a_report_and_only_once() {
    let city = city();
    city.sign_in("p-1");
    let path = file(&city, "井盖");
    let close = format!("{path}/close");
    assert_eq!(city.post::<Repairs>(&close, &[]).code(), 403);
    city.sign_in_official("o-1", &["clerk"]);
    assert!(city.get::<Repairs>(&path).body_text().contains("办结"));
    assert!(leads_to(&city.post::<Repairs>(&close, &[]), &path));
    assert!(leads_to(&city.post::<Repairs>(&close, &[]), &path));
    assert_eq!(list(&city, "/api/reports")["items"][0]["status"], "closed");
    assert_eq!(city.audit().len(), 1);
    assert_eq!(city.post::<Repairs>("/reports/none/close", &[]).code(), 404);
}

#[test]
fn pages_go_on_where_the_one_before_ended() {
    let city = city();
    city.sign_in("p-1");
    for n in 0..25 {
        file(&city, &format!("第{n:02}件"));
    }
    let first = list(&city, "/api/reports?limit=15");
    let second = list(&city, &format!("/api/reports?limit=15&after={}", first["next"].as_str().unwrap()));
    let titles: Vec<&str> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|r| r["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, (0..25).rev().map(|n| format!("第{n:02}件")).collect::<Vec<_>>());
    assert_eq!(second["next"], json!(null));
    let page = city.get::<Repairs>("/").body_text();
    assert!(page.contains("第05件") && !page.contains("第04件") && page.contains("rel=\"next\""), "20 on a page");
}

#[test]
fn the_api_files_and_refuses() {
    let city = city();
    city.sign_in("p-1");
    let send = |body: Value| city.post_json::<Repairs>("/api/reports", &body);
    let refused = send(json!({ "title": "", "place": "路" }));
    assert_eq!(
        (refused.code().as_u16(), refused.header_value("content-type")),
        (422, Some("application/problem+json"))
    );
    assert_eq!(refused.body_json()["errors"][0]["pointer"], "/title");
    let absent = send(json!({})).body_json();
    assert_eq!((&absent["errors"][0]["pointer"], &absent["errors"][1]["pointer"]), (&json!("/title"), &json!("/place")));
    let filed = send(json!({ "title": "灯", "place": "路" }));
    assert_eq!(filed.code(), 201);
    let report = filed.body_json();
    let location = format!("/api/reports/{}", report["id"].as_str().unwrap());
    assert_eq!(filed.header_value("location"), Some(location.as_str()));
    assert_eq!(list(&city, &location), report);
    assert_eq!(city.get::<Repairs>("/api/reports/none").code(), 404);
    assert_eq!(city.get::<Repairs>("/reports/none").code(), 404);
    assert_eq!(city.get::<Repairs>("/api/reports?limit=0").code(), 422);
    assert_eq!(list(&city, "/openapi.json")["paths"]["/api/reports"]["post"]["operationId"], "fileReport");
}
