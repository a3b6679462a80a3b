//! Acting for somebody else, by the pages.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;

async fn submit(p: &Platform, host: &str, cookie: &str, path: &str, body: &str) -> Answered {
    p.send(form_post(host, path).header("cookie", cookie).body(body.to_owned().into()).unwrap()).await
}

async fn page(p: &Platform, cookie: &str, path: &str) -> String {
    let request = get(PORTAL, path).header("cookie", cookie).header("accept-language", "en");
    p.send(request.body(Body::empty()).unwrap()).await.text()
}

fn secret(page: &str) -> String {
    let code = page.split("code class=\"secret\">").nth(1).unwrap_or_else(|| panic!("no code: {page}"));
    code.split('<').next().unwrap().to_owned()
}

/// The value of the field `mandate` beside a word.
fn mandate(page: &str) -> String {
    page.split(r#"name="mandate" value="m-"#).nth(1).map(|t| format!("m-{}", t.split('"').next().unwrap())).unwrap()
}

#[tokio::test]
async fn a_mandate_is_given_with_consent_taken_with_its_code_and_shown_on_every_page() {
    let p = Platform::start().await;
    let (grantor, grantee) = (p.cookie("li-hua").await, p.cookie("han-developer").await);
    let without = submit(&p, PORTAL, &grantor, "/mandates/give", "days=30&service=tickets").await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY, "no consent, no mandate");
    let elsewhere = submit(&p, PORTAL, &grantor, "/mandates/give", "days=30&agree=true&service=nothing").await;
    assert_eq!(elsewhere.status, StatusCode::UNPROCESSABLE_ENTITY);
    let given = submit(&p, PORTAL, &grantor, "/mandates/give", "days=30&agree=true&service=tickets").await;
    let code = secret(&given.text());
    let wrong = submit(&p, PORTAL, &grantee, "/mandates/take", "code=AAAAA-AAAAA-AAAAA-AAAAA").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let taken = submit(&p, PORTAL, &grantee, "/mandates/take", &format!("code={code}")).await;
    assert_eq!(taken.location(), "/mandates?saved=1");
    let listed = page(&p, &grantee, "/mandates").await;
    let id = mandate(&listed);
    assert!(!listed.contains("p class=\"acting\""));
    submit(&p, PORTAL, &grantee, "/mandates/act", &format!("mandate={id}")).await;
    for path in ["/", "/orders", "/account", "/nothing"] {
        let shown = page(&p, &grantee, path).await;
        assert!(shown.contains("p class=\"acting\"") && shown.contains("li-hua"), "{path}");
    }
    let (app, _) = p.sign_on(&grantee, APP, "/").await;
    p.send(get(APP, "/").header("cookie", &app).body(Body::empty()).unwrap()).await;
    let principal = p.last_seen().principal;
    let tickets = "tickets".parse().unwrap();
    assert_eq!(principal.acting_for.as_ref().unwrap().subject, p.identity.subject(&tickets, "li-hua"));
    assert_eq!(principal.subject.unwrap(), p.identity.subject(&tickets, "han-developer"));
    // Revoked by the grantor: none at the very next request.
    let revoked = submit(&p, PORTAL, &grantor, "/mandates/revoke", &format!("mandate={id}")).await;
    assert_eq!(revoked.location(), "/mandates?saved=1");
    p.send(get(APP, "/").header("cookie", &app).body(Body::empty()).unwrap()).await;
    assert_eq!(p.last_seen().principal.acting_for, None);
    assert!(!page(&p, &grantee, "/").await.contains("p class=\"acting\""));
    let stranger = submit(&p, PORTAL, &grantor, "/mandates/act", &format!("mandate={id}")).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_companys_representative_is_recorded_at_the_console_with_the_papers_that_were_seen() {
    let p = Platform::start().await;
    let portal = p.cookie("quanshan-admin").await;
    let (console, _) = p.sign_on(&portal, CONSOLE, "/").await;
    let form = "code=91320300MA000TX14G&name=徐州示范物流有限公司&papers=营业执照副本&days=365";
    for (from, to, field) in
        [("TX14G", "TX14H", "code-error"), ("营业执照副本", "", "papers-error"), ("365", "0", "days-error")]
    {
        let refused = submit(&p, CONSOLE, &console, "/companies", &form.replace(from, to)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(refused.text().contains(field), "{field}: {}", refused.text());
    }
    let code = secret(&submit(&p, CONSOLE, &console, "/companies", form).await.text());
    let boss = p.cookie("li-hua").await;
    submit(&p, PORTAL, &boss, "/mandates/take", &format!("code={code}")).await;
    let listed = page(&p, &boss, "/mandates").await;
    assert!(listed.contains("徐州示范物流有限公司") && listed.contains(r#"select id="company""#));
    let id = mandate(&listed);
    let given = submit(&p, PORTAL, &boss, "/mandates/give", &format!("company={id}&days=30&agree=true")).await;
    assert_eq!(secret(&given.text()).len(), 23);
    let trail = p.identity.audit(20).await.unwrap();
    let row = trail.iter().find(|r| r.actor == "quanshan-admin" && r.action == "mandate.given").unwrap();
    assert!(row.target.contains("91320300MA000TX14G") && row.detail.contains("营业执照副本"));
    // Citizens and the other administrators record nobody.
    for account in ["li-hua", "city-security", "city-audit"] {
        let portal = p.cookie(account).await;
        let (console, _) = p.sign_on(&portal, CONSOLE, "/").await;
        assert_eq!(submit(&p, CONSOLE, &console, "/companies", form).await.status, StatusCode::FORBIDDEN, "{account}");
    }
}
