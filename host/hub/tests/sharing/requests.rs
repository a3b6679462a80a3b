//! Requests: filed from the manifest, decided by the provider alone, never for more than was asked for.

use crate::city::{
    ASKED, CLOSED, City, DAY, LAW, OPEN, POLICE, TOURISM, Who, a_use, manifest, name, official, strings,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use yunlong_hub::{
    Access, Actor, Denial, GrantFilter, HubError, LegalBasis, Mask, ReadError, Request, RequestFilter, RequestState,
    RequestStep, Rows, Terms,
};
use yunlong_installations::{Capability, Difference, Upgrade};
use yunlong_model::{Digest, Timestamp};

const USE: &str = "rows = \"all\"\naccess = [\"get\", \"query\"]\ndays = 100";

async fn city(dataset: &str) -> City {
    let city = City::new().await;
    city.install("tickets", TOURISM, &a_use(dataset, "check", &["name", "birth_date"], USE)).await;
    city
}

fn police() -> Actor {
    official("police-admin", POLICE)
}

fn tourism() -> Actor {
    official("tourism-admin", TOURISM)
}

#[tokio::test]
async fn a_request_carries_its_clocks_and_tells_the_provider() {
    let city = city(ASKED).await;
    let request = city.ask("tickets", ASKED, "check").await;
    assert_eq!(request.state, RequestState::Filed);
    assert_eq!(request.accept_by.to_shanghai(), "2026-11-28 00:00", "the end of Friday");
    assert_eq!(request.decide_by.to_shanghai(), "2026-12-11 00:00", "ten working days on");
    let inbox = city.messaging.inbox("police-admin", None, 10).await.unwrap();
    assert_eq!(inbox.notes.len(), 1);
    assert_eq!(inbox.notes[0].title.zh, "有新的数据申请");
    assert!(inbox.notes[0].body.en.contains("`police.asked`"), "{:?}", inbox.notes[0].body);
    assert!(city.messaging.inbox("police-clerk", None, 10).await.unwrap().notes.is_empty(), "who cannot decide");
    assert_eq!(city.log("request.filed").await.len(), 1);
}

#[tokio::test]
async fn what_is_shared_unconditionally_is_given_at_once_and_what_is_not_shared_refused_with_the_law() {
    let open = city(OPEN).await;
    let request = open.ask("tickets", OPEN, "check").await;
    assert!(matches!(request.state, RequestState::Approved { narrowed: false, .. }), "{:?}", request.state);
    let grants = open.hub.grants(&GrantFilter::default()).await.unwrap();
    assert_eq!((grants.len(), grants[0].granted_by.as_str()), (1, "-"));
    assert_eq!(open.log("request.").await.len(), 2, "filed, approved");

    let closed = city(CLOSED).await;
    let request = closed.ask("tickets", CLOSED, "check").await;
    let RequestState::Refused { reason } = &request.state else { panic!("{:?}", request.state) };
    assert!(reason.contains(LAW), "{reason}");
    assert!(closed.hub.grants(&GrantFilter::default()).await.unwrap().is_empty());
    let told = closed.messaging.inbox("tourism-admin", None, 10).await.unwrap();
    assert!(told.notes[0].body.zh.contains(LAW), "{:?}", told.notes[0].body);
}

#[tokio::test]
async fn the_providers_administrators_decide_and_nobody_else() {
    let city = city(ASKED).await;
    let request = city.ask("tickets", ASKED, "check").await;
    let system = Actor { system_admin: true, ..official("city-system", "320300") };
    for by in [tourism(), official("police-clerk", POLICE), system, official("tourism-admin", POLICE)] {
        let decision = request.everything(city.now());
        let refused = city.hub.approve_request(&request.id, decision, &by).await.unwrap_err();
        assert!(matches!(refused, HubError::Forbidden(_)), "{}: {refused:?}", by.account);
        let refused = city.hub.refuse_request(&request.id, "no", &by).await.unwrap_err();
        assert!(matches!(refused, HubError::Forbidden(_)), "{}: {refused:?}", by.account);
    }
    for by in [police(), official("tourism-clerk", TOURISM)] {
        let refused = city.hub.ask(&name("tickets"), ASKED, "check", &by).await.unwrap_err();
        assert!(matches!(refused, HubError::Forbidden(_)), "{}: {refused:?}", by.account);
        let refused = city.hub.withdraw_request(&request.id, "no", &by).await.unwrap_err();
        assert!(matches!(refused, HubError::Forbidden(_)), "{}: {refused:?}", by.account);
    }
    assert_eq!(city.hub.request(&request.id).await.unwrap(), request, "nothing has changed");
    city.identity.set_disabled("police-admin", true, "-").await.unwrap();
    let refused = city.hub.accept_request(&request.id, &police()).await.unwrap_err();
    assert!(matches!(refused, HubError::Forbidden(_)), "as they stand now: {refused:?}");
}

#[tokio::test]
async fn a_provider_narrows_and_the_app_gets_what_is_left() {
    let city = city(ASKED).await;
    let request = city
        .grant_some("tickets", ASKED, "check", |d| {
            d.terms.fields = BTreeMap::from([("birth_date".to_owned(), Mask::Age)]);
            d.terms.rows = Rows::Divisions(strings(&["320321"]));
            d.terms.access = vec![Access::Get];
        })
        .await;
    assert!(matches!(request.state, RequestState::Approved { narrowed: true, .. }));
    assert_eq!(city.log("request.narrowed").await.len(), 1);
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    assert_eq!(open.fields().await.unwrap(), ["birth_date"]);
    let wang = open.get(&city.residents.wang, &[], None).await.unwrap().unwrap();
    assert_eq!(serde_json::Value::from(wang.body), serde_json::json!({ "birth_date": 66 }));
    let zhao = open.get(&city.residents.zhao, &[], None).await;
    assert_eq!(zhao, Err(ReadError::Denied(Denial::Row)));
}

#[tokio::test]
async fn a_decision_that_gives_more_than_was_asked_for_is_refused_and_says_where() {
    let city = city(ASKED).await;
    let request = city.ask("tickets", ASKED, "check").await;
    let now = city.now();
    type Widen = fn(&mut yunlong_hub::Decision);
    let cases: [(&str, Widen); 11] = [
        ("fields", |d| _ = d.terms.fields.insert("mobile".into(), Mask::Presence)),
        ("fields", |d| d.terms.fields.clear()),
        ("fields.name", |d| _ = d.terms.fields.insert("name".into(), Mask::Age)),
        ("access", |d| d.terms.access.push(Access::Bulk)),
        ("access", |d| d.terms.access.clear()),
        ("basis", |d| d.terms.basis = LegalBasis::Consent),
        ("basis", |d| d.terms.law = Some("《另一条例》".into())),
        ("until", |d| d.until = d.until.plus_millis(1)),
        ("until", |d| d.until = Timestamp(0)),
        ("only.colour", |d| _ = d.terms.only.insert("colour".into(), "red".into())),
        ("reason", |_| {}),
    ];
    for (field, widen) in cases {
        let mut decision = request.everything(now);
        widen(&mut decision);
        let refused = if field == "reason" {
            city.hub.refuse_request(&request.id, "  ", &police()).await.unwrap_err()
        } else {
            city.hub.approve_request(&request.id, decision, &police()).await.unwrap_err()
        };
        let HubError::Invalid { field: at, problem } = refused else { panic!("{field}: {refused:?}") };
        assert_eq!(at, field);
        assert!(!problem.zh.is_empty() && !problem.en.is_empty());
    }
}

#[tokio::test]
async fn a_revoked_grant_is_refused_at_the_next_read_in_words_that_say_when() {
    let city = city(ASKED).await;
    city.grant("tickets", ASKED, "check").await;
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    assert!(open.get(&city.residents.wang, &[], None).await.unwrap().is_some());
    city.hub.revoke_grant(&name("tickets"), ASKED, "check", "超出用途", &police()).await.unwrap();
    let refused = open.get(&city.residents.wang, &[], None).await.unwrap_err();
    assert_eq!(refused, ReadError::Denied(Denial::Revoked(city.now())));
    assert!(refused.to_string().contains("revoked at 2026-11-26"), "{refused}");
    let told = city.messaging.inbox("tourism-admin", None, 10).await.unwrap();
    assert!(told.notes[0].body.zh.contains("超出用途"), "{:?}", told.notes);
    assert_eq!(city.log("grant.revoked").await.len(), 1);
    city.hub.revoke_grant(&name("tickets"), ASKED, "check", "再次", &police()).await.unwrap();
    assert_eq!(city.log("grant.revoked").await.len(), 1, "once revoked it stays as it is");
    let other = city.hub.revoke_grant(&name("tickets"), ASKED, "check", "x", &tourism()).await.unwrap_err();
    assert!(matches!(other, HubError::Forbidden(_)));
}

#[tokio::test]
async fn an_overdue_request_is_told_of_at_each_deadline_and_again_later() {
    let city = city(ASKED).await;
    let request = city.ask("tickets", ASKED, "check").await;
    let reminders = async || city.log("request.reminded").await.len();
    city.hub.tick().await.unwrap();
    assert_eq!(reminders().await, 0);
    city.clock.advance(2 * DAY);
    city.hub.tick().await.unwrap();
    city.hub.tick().await.unwrap();
    assert_eq!(reminders().await, 1, "its acceptance is overdue");
    assert_eq!(city.hub.request(&request.id).await.unwrap().overdue(city.now()), Some(request.accept_by));
    city.hub.accept_request(&request.id, &police()).await.unwrap();
    city.clock.advance(6 * DAY);
    city.hub.tick().await.unwrap();
    assert_eq!(reminders().await, 1, "accepted, and not yet to be decided");
    city.clock.advance(8 * DAY);
    city.hub.tick().await.unwrap();
    assert_eq!(reminders().await, 2, "its decision is overdue");
    city.clock.advance(5 * DAY);
    city.hub.tick().await.unwrap();
    assert_eq!(reminders().await, 3, "still");
    city.hub.refuse_request(&request.id, "不必要", &police()).await.unwrap();
    city.clock.advance(30 * DAY);
    city.hub.tick().await.unwrap();
    assert_eq!(reminders().await, 3, "decided");
}

#[tokio::test]
async fn the_department_is_warned_once_before_a_grant_ends_and_again_before_its_later_end() {
    let city = city(ASKED).await;
    let request = city.ask("tickets", ASKED, "check").await;
    city.hub.approve_request(&request.id, request.everything(city.now()), &police()).await.unwrap();
    let warnings = async || {
        let inbox = city.messaging.inbox("tourism-admin", None, 50).await.unwrap();
        inbox.notes.iter().filter(|n| n.title.zh == "数据授权即将到期").count()
    };
    city.clock.advance(69 * DAY);
    city.hub.tick().await.unwrap();
    assert_eq!(warnings().await, 0, "31 of its 100 days are left");
    city.clock.advance(DAY);
    city.hub.tick().await.unwrap();
    city.hub.tick().await.unwrap();
    assert_eq!(warnings().await, 1, "30 days are left");
    let extend = async |days: i64| {
        let until = city.now().plus_millis(days * DAY);
        city.hub.extend_grant(&name("tickets"), ASKED, "check", until, &police()).await.unwrap();
        city.hub.tick().await.unwrap();
    };
    extend(90).await;
    assert_eq!(warnings().await, 1, "it was extended");
    city.clock.advance(60 * DAY);
    city.hub.tick().await.unwrap();
    assert_eq!(warnings().await, 2, "30 days are left of that");
    extend(90).await;
    city.clock.advance(60 * DAY);
    city.ask("tickets", ASKED, "check").await;
    city.hub.tick().await.unwrap();
    assert_eq!(warnings().await, 2, "the department has asked by itself");
}

#[tokio::test]
async fn asking_for_all_again_asks_only_for_what_was_not_answered() {
    let city = City::new().await;
    let uses = [
        a_use(ASKED, "granted", &["name"], "rows = \"all\""),
        a_use(ASKED, "refused", &["name"], "rows = \"all\""),
        a_use(ASKED, "waiting", &["name"], "rows = \"all\""),
        a_use("nobody.knows", "it", &["name"], ""),
        a_use(OPEN, "open", &["colour"], ""),
    ];
    city.install("tickets", TOURISM, &uses.concat()).await;
    let first = city.hub.ask_all(&name("tickets"), &tourism()).await.unwrap();
    let states: Vec<_> = first.iter().map(|r| (r.purpose(), r.state.name())).collect();
    assert_eq!(states, [("granted", "filed"), ("refused", "filed"), ("waiting", "filed"), ("open", "refused")]);
    city.hub.approve_request(&first[0].id, first[0].everything(city.now()), &police()).await.unwrap();
    city.hub.refuse_request(&first[1].id, "不必要", &police()).await.unwrap();
    let again = city.hub.ask_all(&name("tickets"), &tourism()).await.unwrap();
    let ids = |all: &[Request]| all.iter().map(|r| r.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&first), "idempotent");
    let explicit = city.ask("tickets", ASKED, "refused").await;
    assert_ne!(explicit.id, first[1].id, "a person asks again");
    let extension = city.ask("tickets", ASKED, "granted").await;
    assert!(extension.extends, "while its grant stands");
}

#[tokio::test]
async fn an_upgrade_asks_for_what_changed_and_ends_what_it_no_longer_uses() {
    let city = City::new().await;
    let kept = a_use(ASKED, "kept", &["name"], "rows = \"all\"");
    let grows = |fields: &[&str]| a_use(ASKED, "grows", fields, "rows = \"all\"");
    let dropped = a_use(ASKED, "dropped", &["name"], "rows = \"all\"");
    city.install("tickets", TOURISM, &[kept.clone(), grows(&["name"]), dropped].concat()).await;
    for purpose in ["kept", "grows", "dropped"] {
        city.grant("tickets", ASKED, purpose).await;
    }
    let text = [kept, grows(&["name", "mobile"])].concat();
    let mut next = manifest("tickets", &text);
    next.version = "2.0.0".parse().unwrap();
    let added = Difference::between(&city.manifest_of("tickets"), &next).added;
    assert_eq!(added, [Capability::Dataset { dataset: ASKED.into(), purpose: "grows".into() }]);
    let upgrade = Upgrade {
        package_digest: Digest::of(text.as_bytes()),
        signer: "key".into(),
        manifest: next.into(),
        grants: added,
        by: "tourism-admin".into(),
    };
    city.upgrade("tickets", upgrade).await;
    city.hub.ask_all(&name("tickets"), &tourism()).await.unwrap();
    let filter = RequestFilter { open: true, ..RequestFilter::default() };
    let open = city.hub.requests(&filter, None, 10).await.unwrap().requests;
    assert_eq!(open.iter().map(Request::purpose).collect::<Vec<_>>(), ["grows"]);
    assert!(open[0].extends);
    let grants = city.hub.grants(&GrantFilter { standing: true, ..GrantFilter::default() }).await.unwrap();
    assert_eq!(grants.iter().map(|g| g.purpose.as_str()).collect::<Vec<_>>(), ["grows", "kept"]);
    let opened = city.open("tickets", Who::Job, ASKED, "grows").await.unwrap();
    assert_eq!(opened.fields().await.unwrap(), ["name"], "until the provider decides, what was granted");
}

#[tokio::test]
async fn removing_an_app_ends_its_requests_and_grants() {
    let city = City::new().await;
    let uses = [a_use(ASKED, "a", &["name"], "rows = \"all\""), a_use(ASKED, "b", &["name"], "rows = \"all\"")];
    city.install("tickets", TOURISM, &uses.concat()).await;
    city.grant("tickets", ASKED, "a").await;
    city.ask("tickets", ASKED, "b").await;
    city.hub.end_installation(&name("tickets"), &tourism()).await.unwrap();
    city.hub.end_installation(&name("tickets"), &tourism()).await.unwrap();
    let open = RequestFilter { open: true, ..RequestFilter::default() };
    assert!(city.hub.requests(&open, None, 10).await.unwrap().requests.is_empty());
    assert!(city.hub.grants(&GrantFilter { standing: true, ..GrantFilter::default() }).await.unwrap().is_empty());
    assert_eq!((city.log("grant.revoked").await.len(), city.log("request.withdrawn").await.len()), (1, 1));
    let refused = city.open("tickets", Who::Job, ASKED, "a").await.err();
    assert!(matches!(refused, Some(ReadError::Denied(Denial::Revoked(_)))), "{refused:?}");
}

#[tokio::test]
async fn a_grant_is_extended_before_it_ends_and_not_after() {
    let city = city(ASKED).await;
    city.grant_some("tickets", ASKED, "check", |d| d.until = d.until.plus_millis(-90 * DAY)).await;
    let tickets = name("tickets");
    let in_days = |days: i64| city.now().plus_millis(days * DAY);
    for wrong in [in_days(5), in_days(101)] {
        let refused = city.hub.extend_grant(&tickets, ASKED, "check", wrong, &police()).await.unwrap_err();
        assert!(matches!(&refused, HubError::Invalid { field, .. } if field == "until"), "{refused:?}");
    }
    let until = in_days(50);
    assert_eq!(city.hub.extend_grant(&tickets, ASKED, "check", until, &police()).await.unwrap().until, until);
    assert_eq!(city.log("grant.extended").await.len(), 1);
    city.clock.advance(51 * DAY);
    let late = city.hub.extend_grant(&tickets, ASKED, "check", in_days(10), &police()).await.unwrap_err();
    assert!(matches!(&late, HubError::Invalid { field, .. } if field == "grant"), "{late:?}");
}

#[tokio::test]
async fn lists_show_each_side_its_requests_page_by_page() {
    let city = City::new().await;
    let uses: String = (0..5).map(|i| a_use(ASKED, &format!("p{i}"), &["name"], "")).collect();
    city.install("tickets", TOURISM, &uses).await;
    for i in 0..5 {
        city.clock.advance(1);
        city.ask("tickets", ASKED, &format!("p{i}")).await;
    }
    for filter in [
        RequestFilter { provider: POLICE.into(), ..RequestFilter::default() },
        RequestFilter { organization: TOURISM.into(), open: true, ..RequestFilter::default() },
    ] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = city.hub.requests(&filter, before.as_deref(), 2).await.unwrap();
            seen.extend(page.requests.iter().map(|r| r.purpose().to_owned()));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["p4", "p3", "p2", "p1", "p0"]);
    }
    let others = RequestFilter { provider: TOURISM.into(), ..RequestFilter::default() };
    assert!(city.hub.requests(&others, None, 10).await.unwrap().requests.is_empty());
}

fn step() -> impl Strategy<Value = u8> {
    0_u8..4
}

proptest! {
    /// Whatever steps are tried in whatever order: those that the state allows are taken and no others, a
    /// decided request never changes again, and what cannot be says what can.
    #[test]
    fn a_request_takes_the_steps_of_its_state_and_no_others(steps in prop::collection::vec(step(), 1..12)) {
        let mut request: Request = serde_json::from_value(serde_json::json!({
            "id": "1", "installation": "tickets", "organization": TOURISM, "provider": POLICE,
            "asked": {
                "dataset": ASKED, "purpose": "check", "reason": { "zh": "x", "en": "x" },
                "basis": "statutory-duty", "law": LAW, "fields": ["name"], "rows": "all",
            },
            "filed_at": 0, "filed_by": "tourism-admin", "accept_by": 1, "decide_by": 2,
            "state": { "is": "filed" }, "steps": [],
        })).unwrap();
        for (at, n) in steps.into_iter().enumerate() {
            let now = Timestamp(i64::try_from(at).unwrap());
            let step = match n {
                0 => RequestStep::Accept,
                1 => RequestStep::Approve(request.everything(now)),
                2 => RequestStep::Refuse("no".into()),
                _ => RequestStep::Withdraw("back".into()),
            };
            let (before, possible) = (request.clone(), request.state.possible().contains(&step.name()));
            match request.take(step, "someone", now) {
                Ok(()) => {
                    prop_assert!(possible && before.state.is_open());
                    prop_assert_eq!(request.steps.len(), before.steps.len() + 1);
                    prop_assert_ne!(&request.state, &before.state);
                }
                Err(HubError::Transition { state, possible: can, .. }) => {
                    prop_assert!(!possible);
                    prop_assert_eq!(state, before.state.name());
                    prop_assert_eq!(can, before.state.possible().to_vec());
                    prop_assert_eq!(&request, &before);
                }
                Err(e) => prop_assert!(false, "{:?}", e),
            }
            prop_assert!(request.overdue(Timestamp(100)).is_some() == request.state.is_open());
        }
    }

    /// Terms are within others exactly when nothing that they release is not released by the others, too.
    #[test]
    fn narrowing_is_transitive_and_reflexive(a in terms(), b in terms(), c in terms()) {
        prop_assert!(a.wider_than(&a).is_empty());
        if a.wider_than(&b).is_empty() && b.wider_than(&c).is_empty() {
            prop_assert!(a.wider_than(&c).is_empty());
        }
        if a.wider_than(&b).is_empty() {
            prop_assert!(a.fields.keys().all(|f| b.fields.contains_key(f)));
            prop_assert!(a.access.iter().all(|x| b.access.contains(x)));
            prop_assert!(a.rows.is_within(&b.rows));
            prop_assert!(b.roles.is_empty() || a.roles.iter().all(|r| b.roles.contains(r)) && !a.roles.is_empty());
        }
    }
}

fn terms() -> impl Strategy<Value = Terms> {
    let mask = prop::sample::select(vec![Mask::Plain, Mask::Partial, Mask::Year, Mask::Presence]);
    let fields = prop::collection::btree_map(prop::sample::select(strings(&["a", "b", "c"])), mask, 1..3);
    let rows = prop::sample::select(vec![
        Rows::Own,
        Rows::All,
        Rows::Divisions(strings(&["320300"])),
        Rows::Divisions(strings(&["320321"])),
        Rows::Divisions(strings(&["320321", "320322"])),
    ]);
    let access = prop::sample::subsequence(vec![Access::Get, Access::Query, Access::Bulk], 1..3);
    let roles = prop::sample::subsequence(strings(&["clerk", "chief"]), 0..=2);
    (fields, rows, access, roles).prop_map(|(fields, rows, access, roles)| Terms {
        fields,
        rows,
        only: BTreeMap::new(),
        access,
        roles,
        basis: LegalBasis::StatutoryDuty,
        law: None,
    })
}
