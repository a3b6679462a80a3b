//! What the guestbook does, as a specification.
#![allow(clippy::unwrap_used)]

use guestbook::Guestbook;
use serde_json::json;
use yunlong_sdk::testing::TestCity;
use yunlong_sdk::{App, Lang, Request};

const MANIFEST: &str = include_str!("../app.toml");

fn city() -> TestCity {
    TestCity::new(MANIFEST)
}

fn leave(city: &TestCity, name: &str, text: &str) -> u16 {
    city.advance(60_000);
    city.post::<Guestbook>("/write", &[("name", name), ("text", text)]).code().as_u16()
}

#[test]
fn routes_do_not_stand_in_each_others_way() {
    Guestbook::router().check().unwrap();
}

#[test]
fn a_visitor_reads_and_must_sign_in_to_write() {
    let city = city();
    assert!(city.get::<Guestbook>("/").body_text().contains("还没有留言"));
    let page = city.get::<Guestbook>("/write");
    assert_eq!(page.code(), 303);
    assert!(page.header_value("location").unwrap().ends_with("/sign-on?installation=guestbook&return=%2Fwrite"));
    // Whose session ended meanwhile gets the form back with what was typed, and signs in beside it.
    assert_eq!(leave(&city, "李", "好"), 401);
    assert!(city.get::<Guestbook>("/").body_text().contains("还没有留言"), "nothing was written");
}

#[test]
fn a_message_appears_for_everybody_and_is_escaped() {
    let city = city();
    city.sign_in("p-1");
    assert_eq!(leave(&city, "<b>李</b>", "云龙湖 & 云龙山"), 303);
    city.sign_out();
    city.prefer(Lang::En, false);
    let page = city.get::<Guestbook>("/").body_text();
    assert!(
        page.contains("&lt;b&gt;李&lt;/b&gt;")
            && page.contains("云龙湖 &amp; 云龙山")
            && page.contains("<html lang=\"en\">")
    );
    assert!(!page.contains("p-1"), "the subject stays with the app");
}

#[test]
fn the_form_says_what_is_wrong_and_keeps_what_was_typed() {
    let city = city();
    city.sign_in("p-1");
    let page = city.post::<Guestbook>("/write", &[("name", ""), ("text", &"好".repeat(501))]);
    assert_eq!(page.code(), 422);
    let html = page.body_text();
    assert!(html.contains("请填写此项") && html.contains("最多 500 个字符，现在是 501 个"));
    assert!(html.contains(&"好".repeat(501)), "what was typed is still there");
    assert!(html.contains("aria-invalid=\"true\"") && html.contains("aria-describedby=\"hint-text error-text\""));
}

#[test]
fn pages_go_on_where_the_one_before_ended() {
    let city = city();
    city.sign_in("p-1");
    for i in 0..15 {
        assert_eq!(leave(&city, &format!("第{i:02}位"), "好"), 303);
    }
    let first = city.get::<Guestbook>("/api/entries").body_json();
    let next = first["next"].as_str().unwrap();
    let second = city.get::<Guestbook>(&format!("/api/entries?after={next}")).body_json();
    let names = |page: &serde_json::Value| {
        page["entries"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all: Vec<String> = [names(&first), names(&second)].concat();
    assert_eq!(
        all,
        (0..15).rev().map(|i| format!("第{i:02}位")).collect::<Vec<_>>(),
        "newest first, none twice, none missing"
    );
    assert_eq!(second["next"], json!(null));
    assert_eq!(city.get::<Guestbook>("/?after=made-up").code(), 400);
}

#[test]
fn nobody_leaves_more_than_the_department_allows() {
    let city = city();
    city.configure("entries_per_person", 2);
    city.sign_in("p-1");
    assert_eq!([leave(&city, "李", "一"), leave(&city, "李", "二"), leave(&city, "李", "三")], [303, 303, 409]);
    city.sign_in("p-2");
    assert_eq!(leave(&city, "王", "一"), 303, "each person has an allowance of their own");
    assert_eq!(city.get::<Guestbook>("/api/entries").body_json()["entries"].as_array().unwrap().len(), 3);
}

#[test]
fn what_was_typed_comes_back_whatever_stands_in_the_way() {
    let city = city();
    city.configure("entries_per_person", 1);
    let typed = [("name", "李"), ("text", "明月几时有")];
    let kept = |status: u16, says: &str| {
        let answer = city.post::<Guestbook>("/write", &typed);
        let html = answer.body_text();
        assert_eq!(answer.code().as_u16(), status, "{html}");
        assert!(html.contains("value=\"李\"") && html.contains("明月几时有") && html.contains(says), "{html}");
    };
    kept(401, "rel=\"noopener\"");
    city.sign_in("p-1");
    city.conflict_next(1000);
    kept(503, "人太多");
    city.conflict_next(0);
    assert_eq!(city.post::<Guestbook>("/write", &typed).code(), 303);
    kept(409, "已达上限");
}

#[test]
fn conflicts_are_tried_again() {
    let city = city();
    city.sign_in("p-1");
    city.conflict_next(3);
    assert_eq!(leave(&city, "李", "一"), 303);
    city.conflict_next(1000);
    assert_eq!(leave(&city, "李", "二"), 503, "and not for ever");
}

#[test]
fn only_a_moderator_hides_and_it_is_audited_once() {
    let city = city();
    city.sign_in("p-1");
    leave(&city, "李", "广告");
    let id = city.get::<Guestbook>("/api/entries").body_json()["entries"][0]["id"].as_str().unwrap().to_owned();
    let hide = format!("/entries/{id}/hide");
    assert_eq!(city.post::<Guestbook>(&hide, &[]).code(), 403);
    city.sign_in_official("o-1", &["moderator"]);
    assert_eq!(city.post::<Guestbook>(&hide, &[]).code(), 303);
    assert_eq!(city.post::<Guestbook>(&hide, &[]).code(), 303);
    assert_eq!(city.post::<Guestbook>("/entries/none/hide", &[]).code(), 404);
    assert!(city.get::<Guestbook>("/").body_text().contains("还没有留言"));
    let rows = city.audit();
    assert_eq!((rows.len(), rows[0].action.as_str(), rows[0].actor.as_deref()), (1, "entry.hide", Some("o-1")));
}

#[test]
fn the_api_refuses_with_problem_documents() {
    let city = city();
    let create = |body: serde_json::Value| city.send::<Guestbook>(Request::post("/api/entries").json(&body));
    assert_eq!(create(json!({"name": "李", "text": "好"})).code(), 401);
    city.sign_in("p-1");
    let refused = create(json!({"name": " ", "text": "好"}));
    assert_eq!(
        (refused.code().as_u16(), refused.header_value("content-type")),
        (422, Some("application/problem+json"))
    );
    assert_eq!(refused.body_json()["errors"][0]["pointer"], "/name");
    assert_eq!(create(json!({"name": "李"})).code(), 400);
    assert_eq!(city.send::<Guestbook>(Request::post("/api/entries").body("text/plain", "x")).code(), 415);
    assert_eq!(city.send::<Guestbook>(Request::post("/api/nowhere").json(&json!({}))).code(), 404);
    assert_eq!(create(json!({"name": "李", "text": "好"})).code(), 201);
}

#[test]
fn the_description_names_what_there_is() {
    let city = city();
    let doc = city.get::<Guestbook>("/openapi.json").body_json();
    assert_eq!(doc["openapi"], "3.1.0");
    assert_eq!(doc["paths"]["/api/entries"]["get"]["operationId"], "listEntries");
    assert_eq!(doc["paths"]["/api/entries"]["get"]["parameters"][0]["name"], "after");
    assert_eq!(doc["paths"]["/api/entries"]["get"]["parameters"][0]["required"], false);
    let create = &doc["paths"]["/api/entries"]["post"];
    assert_eq!(create["requestBody"]["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/Create");
    assert!(
        create["responses"]["201"].is_object()
            && create["responses"]["409"].is_object()
            && create["responses"]["401"].is_object()
    );
    assert!(doc["components"]["schemas"]["Create"]["properties"]["text"].is_object());
}

#[test]
fn the_figures_are_a_table_that_says_what_the_chart_draws() {
    let city = city();
    assert!(city.get::<Guestbook>("/days").body_text().contains("没有数据"));
    city.sign_in("p-1");
    assert_eq!((leave(&city, "李", "一"), leave(&city, "李", "二")), (303, 303));
    let page = city.get::<Guestbook>("/days").body_text();
    assert!(page.contains("<figure class=\"chart\" data-chart=\"bar\">"), "{page}");
    assert!(page.contains("data-value=\"2\">2</td>") && page.contains("src=\"/_city/page.js\""), "{page}");
}
