//! Forms of the information hub at the console: what was typed comes back with what is wrong, where it was
//! typed.

use crate::platform::*;
use crate::sharing::{approve, city, console, form, json_call, only_request, page};
use axum::body::Body;
use http::StatusCode;

/// The text of the textarea of this name in the form that is sent to an address that ends so.
fn typed<'a>(html: &'a str, action: &str, name: &str) -> &'a str {
    let form = html.split("<form").find(|f| f.split('>').next().unwrap().contains(&format!("{action}\""))).unwrap();
    let field = form.split("<textarea").find(|f| f.contains(&format!("name=\"{name}\""))).unwrap();
    field.split_once('>').unwrap().1.split("</textarea>").next().unwrap()
}

#[tokio::test]
async fn a_refusal_that_is_refused_comes_back_on_its_own_form() {
    let p = city().await;
    let (desk, r) = (console(&p, "city-data").await, only_request(&p).await);
    let path = format!("/hub/requests/{}", r.id);
    let long = "x".repeat(3_000);
    let refused = form(&p, CONSOLE, &format!("{path}/refuse"), &desk, &format!("reason={long}")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    let html = refused.text();
    assert_eq!(typed(&html, "/refuse", "reason"), long);
    assert_eq!(html.matches("name=\"field\"").count(), html.matches("name=\"field\" value=").count());
    assert!(html.contains("value=\"birth_date\" checked"), "the other form stands as it was: {html}");
}

#[tokio::test]
async fn an_answer_that_is_refused_comes_back_on_its_own_form() {
    let p = city().await;
    let body = "dataset=population.person&item=name&claimed=%E7%8E%8B%E5%B0%8F%E9%B8%A3&reason=typo&evidence=";
    let filed = form(&p, PORTAL, "/my-data/corrections/new", &p.cookie("wang").await, body).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());
    let desk = console(&p, "city-data").await;
    let queue = page(&p, CONSOLE, "/hub/corrections?open=true", &desk).await;
    let ids = queue.split("/hub/corrections/").skip(1).find_map(|s| s.split('"').next().filter(|i| i.len() > 20));
    let path = format!("/hub/corrections/{}", ids.unwrap());
    assert_eq!(form(&p, CONSOLE, &format!("{path}/accept"), &desk, "").await.status, StatusCode::SEE_OTHER);
    let long = "y".repeat(3_000);
    let rejected = form(&p, CONSOLE, &format!("{path}/reject"), &desk, &format!("reason={long}")).await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    let html = rejected.text();
    assert_eq!((typed(&html, "/reject", "reason"), typed(&html, "/correct", "answer")), (long.as_str(), ""));
    assert!(html.contains("id=\"reason-error\"") && html.contains("王小鸣"), "{html}");
    let wrong = form(&p, CONSOLE, &format!("{path}/correct"), &desk, "value=x&valid_from=soon&answer=checked").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let html = wrong.text();
    assert_eq!((typed(&html, "/reject", "reason"), typed(&html, "/correct", "answer")), ("", "checked"));
}

const OWN: &str = "id=transport.bus-stop&title_zh=%E5%85%AC%E4%BA%A4%E7%AB%99&title_en=Bus+stops&summary_zh=%E7%AB%99&summary_en=Stops\
    &category=department&provider=320311&format=json&key=code&indexes=&schema=&sharing=unconditional&openness=open&level=general&update_cycle=weekly\
    &item_name=code&item_zh=%E4%BB%A3%E7%A0%81&item_en=Code&item_type=text&item_required=true&item_sensitivity=general&item_authority=&item_codes=\
    &item_name=line&item_zh=%E7%BA%BF%E8%B7%AF&item_en=Line&item_type=text&item_required=false&item_sensitivity=general&item_authority=&item_codes=";

#[tokio::test]
async fn who_was_slower_gets_their_form_back_on_the_new_version() {
    let p = city().await;
    let own = console(&p, "quanshan-admin").await;
    let created = form(&p, CONSOLE, "/hub/datasets/new", &own, &format!("{OWN}&act=save")).await;
    assert_eq!(created.status, StatusCode::SEE_OTHER, "{}", created.text());
    let path = "/hub/datasets/transport.bus-stop/edit";
    let edit = |title: &str, version: u64| {
        let body = OWN.replace("title_en=Bus+stops", &format!("title_en={title}"));
        let (p, own) = (&p, &own);
        async move { form(p, CONSOLE, path, own, &format!("{body}&version={version}&act=save")).await }
    };
    assert_eq!(edit("Theirs", 1).await.status, StatusCode::SEE_OTHER);
    let slower = edit("Mine", 1).await;
    assert_eq!(slower.status, StatusCode::CONFLICT);
    let html = slower.text();
    assert!(html.contains("title_en = Theirs") && html.contains("value=\"Mine\""), "{html}");
    assert!(html.contains("name=\"version\" value=\"2\""), "the next save is on what stands now: {html}");
    assert_eq!(edit("Mine", 2).await.status, StatusCode::SEE_OTHER);

    // The authority is none of this form's: it is shown, with the way to the act that changes it.
    let html = page(&p, CONSOLE, path, &own).await;
    assert!(html.contains("href=\"/hub/datasets/transport.bus-stop#change-authority\""), "{html}");
    assert!(!html.contains("权威部门代码"), "nothing is typed that would be thrown away");
}

#[tokio::test]
async fn an_act_that_is_refused_comes_back_on_its_page() {
    let p = city().await;
    let own = console(&p, "quanshan-admin").await;
    form(&p, CONSOLE, "/hub/datasets/new", &own, &format!("{OWN}&act=save")).await;
    let base = "/hub/datasets/transport.bus-stop";
    assert_eq!(form(&p, CONSOLE, &format!("{base}/publish"), &own, "").await.status, StatusCode::SEE_OTHER);
    for (act, body, kept) in [
        ("authority", "item=line&authority=no-such-office", "value=\"no-such-office\""),
        ("sharing", "sharing=conditional&condition_zh=only&condition_en=", ">only</textarea>"),
        ("withdraw", "reason=", "id=\"reason-error\""),
    ] {
        let refused = form(&p, CONSOLE, &format!("{base}/{act}"), &own, body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{act}: {}", refused.text());
        let html = refused.text();
        assert!(html.contains(kept) && html.contains("role=\"alert\""), "{act}: {html}");
    }
}

#[tokio::test]
async fn an_extension_that_is_refused_keeps_its_day_and_the_reason_of_nothing_else() {
    let p = city().await;
    approve(&p).await;
    let desk = console(&p, "city-data").await;
    let body = "installation=reader&dataset=population.person&purpose=concession-check&act=extend&until=2099-01-01";
    let refused = form(&p, CONSOLE, "/hub/grants/revoke", &desk, body).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    let html = refused.text();
    assert!(html.contains("value=\"2099-01-01\"") && html.contains("id=\"until-error\""), "{html}");
    assert!(!html.contains("id=\"reason-error\""), "{html}");
    let deadlines = p.send(get(CONSOLE, "/hub/requests").header("cookie", &desk).body(Body::empty()).unwrap()).await;
    let days = p.hub.deadlines();
    assert!(deadlines.text().contains(&format!("决定时限（工作日）：{}", days.decision)), "{}", deadlines.text());
}

#[tokio::test]
async fn an_entry_says_what_a_record_looks_like_and_how_it_is_shared_alike_everywhere() {
    let p = city().await;
    let path = "/hub/datasets/population.person";
    let html = page(&p, CONSOLE, path, &console(&p, "city-data").await).await;
    let dataset = p.hub.dataset("population.person").unwrap();
    assert!(html.contains("JSON Schema") && html.contains("additionalProperties"), "{html}");
    let call = |path: &'static str| json_call(&p, "city-data", "GET", path, serde_json::json!({}));
    let entry = call("/api/v1/hub/catalogue/population.person").await.json();
    assert_eq!(entry["json_schema"], dataset.json_schema());
    let guide = call("/api/v1/hub/catalogue/population.person/guide").await.json();
    assert_eq!(guide["JSON Schema"], dataset.json_schema());
    assert_eq!(guide["共享属性"]["共享方式"], dataset.sharing.way().zh);
    assert!(html.contains(&dataset.sharing.way().zh), "{html}");
}
