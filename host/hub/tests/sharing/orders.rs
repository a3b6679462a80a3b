//! Legal orders: the only reason for which a read is not shown, for as long as the order stands.

use crate::city::{ASKED, City, DAY, POLICE, TOURISM, Who, a_use, name, official, strings};
use yunlong_hub::{Actor, HubError, NewOrder};
use yunlong_model::Timestamp;

async fn city() -> City {
    let city = City::new().await;
    city.install("tickets", TOURISM, &a_use(ASKED, "check", &["name"], "rows = \"all\"")).await;
    city.grant("tickets", ASKED, "check").await;
    city
}

fn security() -> Actor {
    Actor { security_admin: true, ..official("city-security", "320300") }
}

fn order(city: &City, days: i64) -> NewOrder {
    NewOrder {
        reference: "徐公（示例）〔2026〕1 号".into(),
        authority: "示例机关".into(),
        law: "《示例法》第五条".into(),
        installation: name("tickets"),
        dataset: ASKED.into(),
        resident_id: Some(city.residents.wang.clone()),
        until: city.now().plus_millis(days * DAY),
    }
}

async fn read(city: &City, key: &str) {
    let open = city.open("tickets", Who::Job, ASKED, "check").await.unwrap();
    assert!(open.get(key, &[], None).await.unwrap().is_some());
}

/// What a person is shown of the log.
async fn shown(city: &City, id: &str) -> usize {
    let standing = city.hub.standing_orders().await.unwrap();
    city.audit.entries_about(&city.person(id), &standing, None, 100).await.unwrap().entries.len()
}

#[tokio::test]
async fn a_read_under_an_order_is_written_counted_and_shown_when_the_order_ends_by_time() {
    let city = city().await;
    read(&city, &city.residents.wang).await;
    let registered = city.hub.register_order(order(&city, 30), &security()).await.unwrap();
    for _ in 0..3 {
        read(&city, &city.residents.wang).await;
    }
    read(&city, &city.residents.li).await;
    assert_eq!(shown(&city, &city.residents.wang).await, 1, "what was read before the order");
    assert_eq!(shown(&city, &city.residents.li).await, 1, "somebody else");
    assert_eq!(city.log("data.read").await.len(), 5, "nothing is left out of the log");
    city.audit.sequence_once().await.unwrap();
    assert_eq!(city.audit.hidden_count().await.unwrap(), 3);
    let entries = city.log("order.registered").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].about, None, "it does not warn the person");
    assert_eq!(entries[0].target, registered.id);
    city.clock.advance(30 * DAY);
    assert_eq!(shown(&city, &city.residents.wang).await, 4);
    read(&city, &city.residents.wang).await;
    assert_eq!(shown(&city, &city.residents.wang).await, 5, "what is read behind its end is not hidden");
}

#[tokio::test]
async fn an_order_that_is_ended_early_shows_at_once_what_it_hid() {
    let city = city().await;
    let id = city.hub.register_order(order(&city, 30), &security()).await.unwrap().id;
    read(&city, &city.residents.wang).await;
    assert_eq!(shown(&city, &city.residents.wang).await, 0);
    city.hub.end_order(&id, "案件终结", &security()).await.unwrap();
    assert_eq!(shown(&city, &city.residents.wang).await, 1);
    city.hub.end_order(&id, "再次", &security()).await.unwrap();
    assert_eq!(city.log("order.ended").await.len(), 1);
}

#[tokio::test]
async fn an_order_about_nobody_in_particular_covers_its_app_and_dataset_only() {
    let city = city().await;
    city.install("parks", TOURISM, &a_use(ASKED, "check", &["name"], "rows = \"all\"")).await;
    city.grant("parks", ASKED, "check").await;
    let all = NewOrder { resident_id: None, ..order(&city, 10) };
    city.hub.register_order(all, &security()).await.unwrap();
    read(&city, &city.residents.li).await;
    assert_eq!(shown(&city, &city.residents.li).await, 0);
    let parks = city.open("parks", Who::Job, ASKED, "check").await.unwrap();
    parks.get(&city.residents.li, &strings(&["name"]), None).await.unwrap();
    assert_eq!(shown(&city, &city.residents.li).await, 1, "another app");
}

#[tokio::test]
async fn security_administrators_alone_register_orders_that_are_whole_and_end() {
    let city = city().await;
    let system = Actor { system_admin: true, ..official("city-system", "320300") };
    for by in [official("police-admin", POLICE), system.clone()] {
        assert!(matches!(city.hub.register_order(order(&city, 30), &by).await, Err(HubError::Forbidden(_))));
        assert!(matches!(city.hub.end_order("x", "y", &by).await, Err(HubError::Forbidden(_))));
        assert!(matches!(city.hub.orders(&by).await, Err(HubError::Forbidden(_))));
    }
    let blank = || " ".to_owned();
    let wrong = [
        ("reference", NewOrder { reference: blank(), ..order(&city, 30) }),
        ("authority", NewOrder { authority: blank(), ..order(&city, 30) }),
        ("law", NewOrder { law: blank(), ..order(&city, 30) }),
        ("until", order(&city, 181)),
        ("until", NewOrder { until: Timestamp(0), ..order(&city, 30) }),
        ("dataset", NewOrder { dataset: "economy.observation".into(), ..order(&city, 30) }),
        ("resident_id", NewOrder { resident_id: Some("320321".into()), ..order(&city, 30) }),
    ];
    for (field, order) in wrong {
        let refused = city.hub.register_order(order, &security()).await;
        assert!(matches!(&refused, Err(HubError::Invalid { field: at, .. }) if at == field), "{field}: {refused:?}");
    }
    let elsewhere = NewOrder { installation: name("nowhere"), ..order(&city, 30) };
    assert!(matches!(city.hub.register_order(elsewhere, &security()).await, Err(HubError::Unknown { .. })));
    city.hub.register_order(order(&city, 180), &security()).await.unwrap();
    let audit = Actor { audit_admin: true, ..official("city-audit", "320300") };
    assert_eq!(city.hub.orders(&audit).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_person_does_themself_is_shown_to_them_and_betrays_no_order() {
    let city = city().await;
    city.hub.register_order(order(&city, 30), &security()).await.unwrap();
    let own = Who::Citizen("wang", &city.residents.wang);
    let open = city.open("tickets", own, ASKED, "check").await.unwrap();
    assert!(open.me(&[]).await.unwrap().is_some());
    let denied = open.me(&strings(&["mobile"])).await;
    assert!(denied.is_err(), "a field that is not granted");
    assert_eq!(shown(&city, &city.residents.wang).await, 2, "their own read and their own denial");
    read(&city, &city.residents.wang).await;
    let other = Who::Citizen("li-1", &city.residents.li);
    let open = city.open("tickets", other, ASKED, "check").await.unwrap();
    assert!(open.get(&city.residents.wang, &[], None).await.is_err());
    assert_eq!(shown(&city, &city.residents.wang).await, 2, "what others do is hidden");
}
