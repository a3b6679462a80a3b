//! Consent as the law has it: to each thing alone, to what is sensitive above all, and refused at the next call
//! once it is taken back.

use crate::platform::*;
use crate::sharing::{approve, city, form, page, person, reader, resident_id};
use http::StatusCode;
use yunlong_audit::{Entry, EntryFilter};
use yunlong_hub::{Caller, Denial, Hub, ReadError};
use yunlong_identity::{AccountKind, Attributes, NewAccount};
use yunlong_model::{InstallationName, Kind};
use yunlong_publications::State;
use yunlong_publications::checks::{Check, Outcome};

const ASKER: &str = r#"
    name = "asker"
    version = "1.0.0"
    vendor = "han-software"
    title = { zh = "预约", en = "Booking" }
    description = { zh = "预约", en = "Books" }
    [[scopes]]
    name = "who"
    attributes = ["real-name"]
    reason = { zh = "用来称呼您", en = "To address you" }
    [[scopes]]
    name = "number"
    attributes = ["resident-id"]
    reason = { zh = "用来核对证件", en = "To compare the document" }
    [[datasets]]
    dataset = "population.person"
    purpose = "birthday"
    basis = "consent"
    fields = ["birth_date"]
    reason = { zh = "用来祝贺生日", en = "To congratulate you" }
"#;

fn asker() -> InstallationName {
    "asker".parse().unwrap()
}

/// A platform with the asker, and a citizen who has all that it asks for.
async fn with_asker() -> (Platform, String) {
    let p = Platform::start().await;
    let new = NewAccount {
        name: "sun".into(),
        kind: AccountKind::Citizen,
        password: PASSWORD.into(),
        organization: None,
        attributes: Attributes {
            real_name: Some("孙示例".into()),
            resident_id: Some(resident_id("32030219600101999").parse().unwrap()),
            ..Attributes::default()
        },
        platform_roles: vec![],
    };
    p.identity.create_account(new).await.unwrap();
    let published = p.publish(package(ASKER, &p.key)).await;
    p.install_package(published.digest, "asker").await;
    let cookie = p.cookie("sun").await;
    (p, cookie)
}

#[tokio::test]
async fn each_scope_and_each_use_is_a_decision_of_its_own() {
    let (p, cookie) = with_asker().await;
    let first = page(&p, PORTAL, "/consent?installation=asker&scope=who,number,birthday&return=/", &cookie).await;
    assert!(first.contains("用来称呼您"), "{first}");
    assert!(!first.contains("用来核对证件") && !first.contains("用来祝贺生日"), "one is asked at a time: {first}");
    assert!(!first.contains("敏感个人信息"), "a name is not sensitive");

    let both = form(&p, PORTAL, "/consent", &cookie, "installation=asker&scope=who&scope=number&decision=give").await;
    assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", both.text());
    assert!(p.identity.consented("sun", &asker()).await.unwrap().is_empty());

    // What is refused leads on to what else is asked for, and that on to the rest.
    let refused = "installation=asker&return=/&scope=who&then=number&then=birthday&decision=refuse";
    let on = form(&p, PORTAL, "/consent", &cookie, refused).await.location();
    let second = page(&p, PORTAL, &on, &cookie).await;
    assert!(second.contains("用来核对证件") && second.contains("敏感个人信息"), "{second}");
    let given = "installation=asker&return=/&scope=number&then=birthday&decision=give";
    let on = form(&p, PORTAL, "/consent", &cookie, given).await.location();
    assert!(page(&p, PORTAL, &on, &cookie).await.contains("用来祝贺生日"));
    assert_eq!(p.identity.consented("sun", &asker()).await.unwrap(), ["number"]);
    let last = form(&p, PORTAL, "/consent", &cookie, "installation=asker&return=/&scope=birthday&decision=give").await;
    assert_eq!(last.location(), "http://asker.localhost:8080/");
}

#[tokio::test]
async fn a_package_that_bundles_what_is_sensitive_with_something_else_is_refused() {
    let p = Platform::start().await;
    let bundled = ASKER.replace(r#"["birth_date"]"#, r#"["birth_date", "ethnicity"]"#);
    let mut outcomes = Vec::new();
    // Alone it may be asked for, and what does not rest on consent is not asked for at all.
    let alone = ASKER.replace("birth_date", "ethnicity");
    let by_law = bundled.replace(r#"basis = "consent""#, "basis = \"statutory-duty\"\n    law = \"示例条例\"");
    for (version, manifest) in [("1.0.0", bundled.clone()), ("1.1.0", alone), ("1.2.0", by_law)] {
        let manifest = manifest.replace("1.0.0", version);
        let submitted = p.gateway.operations().publish(package(&manifest, &p.key), "han-developer").await.unwrap();
        p.library.check_waiting().await.unwrap();
        let number = submitted.submission.number;
        let findings = p.library.publications().findings(number).await.unwrap().unwrap();
        outcomes.push((number, findings.check(Check::SeparateConsent).unwrap().clone()));
    }
    let (number, refused) = &outcomes[0];
    assert_eq!(refused.outcome, Outcome::Fail);
    assert!(refused.text.zh.contains("ethnicity") && refused.text.en.contains("split the use"), "{refused:?}");
    assert_eq!(refused.data["field"], "datasets[0].fields");
    let publications = p.library.publications();
    assert_eq!(publications.submission(*number).await.unwrap().state, State::ChecksFailed);
    publications.assign(*number, "city-reviewer", "city-reviewer").await.unwrap_err();
    assert_eq!(outcomes[1].1.outcome, Outcome::Pass, "{:?}", outcomes[1]);
    assert_eq!(outcomes[2].1.outcome, Outcome::Pass, "{:?}", outcomes[2]);
}

async fn denied(p: &Platform) -> Vec<Entry> {
    let filter = EntryFilter { action: "data.denied".into(), ..EntryFilter::default() };
    p.audit.search(&filter, None, 100).await.unwrap().entries.into_iter().map(|s| s.entry).collect()
}

#[tokio::test]
async fn the_refusal_after_a_consent_is_taken_back_is_an_entry_of_its_own_within_the_minute() {
    let p = city().await;
    approve(&p).await;
    let cookie = p.cookie("wang").await;
    let caller = Caller {
        installation: reader(),
        organization: "320311".into(),
        office: None,
        kind: Kind::Citizen,
        account: Some("wang".into()),
        person: Some(person(&p, "wang").await),
        roles: vec![],
        invocation: "request",
        request_id: "r-1".into(),
    };
    let open = p.hub.open_dataset(caller, "population.person", "concession-check").await.unwrap();
    let no = Err(ReadError::Denied(Denial::Consent("concession-check".into())));
    for _ in 0..3 {
        assert_eq!(open.me(&[]).await, no);
    }
    assert_eq!(denied(&p).await.len(), 1, "the same within a minute share an entry");
    let decide = "installation=reader&scope=concession-check&return=/&decision=give";
    form(&p, PORTAL, "/consent", &cookie, decide).await;
    assert!(open.me(&[]).await.unwrap().is_some());
    p.clock.advance(1_000);
    form(&p, PORTAL, "/consents/withdraw", &cookie, "installation=reader&scope=concession-check").await;
    let counted = denied(&p).await;
    assert_eq!((counted.len(), Hub::repetitions(&counted[0])), (2, Some(2)), "what was counted is written, too");
    p.clock.advance(1_000);
    assert_eq!(open.me(&[]).await, no);
    let all = denied(&p).await;
    assert_eq!((all.len(), Hub::repetitions(&all[0])), (3, None));
    let told = page(&p, PORTAL, "/my-data/reads", &cookie).await;
    let rows: Vec<&str> = told.split("<li><p").skip(1).collect();
    assert!(rows[0].contains("已拒绝") && rows[0].contains("或者已经撤回"), "{}", rows[0]);
    assert!(rows[1].contains("一分钟内又有同样的 2 次"), "how often it happened is told: {}", rows[1]);
}
