//! Orders that one makes for another, under a mandate of the city's portal.

use crate::support::*;
use serde_json::json;
use tourism_ticketing::Ticketing;
use yunlong_sdk::identity::{ActingFor, Grantor};

fn mother() -> ActingFor {
    ActingFor { subject: "mother".into(), grantor: Grantor::Person, mandate: "m-1".into() }
}

fn company() -> ActingFor {
    let (code, name) = ("91320300MA000TX14G".into(), "云龙旅行社".into());
    ActingFor { subject: "company-1".into(), grantor: Grantor::Company { code, name }, mandate: "m-2".into() }
}

fn page(x: &Xuzhou, path: &str) -> String {
    x.get::<Ticketing>(path).body_text()
}

#[test]
fn the_mandate_stands_on_the_order_and_the_grantor_sees_it_in_their_own_list() {
    let x = Xuzhou::new();
    let own = text(&x.ordered(&guishan(9)), "/id");
    x.act_for(Some(mother()));
    let made = x.ordered(&guishan(1));
    let id = text(&made, "/id");
    assert_eq!(made["acting"], json!({"mandate": "m-1", "grantor": "person", "code": null, "name": null}));
    let html = page(&x, &format!("/orders/{id}"));
    assert!(html.contains("代办") && html.contains("m-1"));
    assert!(
        x.audit().iter().any(|r| r.action == "order.mandate" && r.target == id && r.actor.as_deref() == Some("anna"))
    );
    x.city.pay(&format!("intent-{id}"));
    x.deliver::<Ticketing>();
    // Who acted is the buyer, who pays and shows the ticket.
    x.sign_in("anna");
    assert!(page(&x, "/orders").contains(&id) && x.get_order(&own)["acting"].is_null());
    assert!(x.api(&format!("/api/orders/{id}/tickets/0/code")).body_json()["code"].is_string());
    // The one for whom it was made sees it, and no more.
    x.sign_in("mother");
    let list = page(&x, "/orders");
    assert!(list.contains("他人代办的订单") && list.contains(&id) && !list.contains(&own));
    let listed = x.api("/api/orders?made_for_me=true").body_json();
    assert_eq!((listed["orders"].as_array().unwrap().len(), text(&listed, "/orders/0/id")), (1, id.clone()));
    assert!(x.api("/api/orders").body_json()["orders"].as_array().unwrap().is_empty());
    assert_eq!(x.state(&id), "issued");
    let seen = page(&x, &format!("/orders/{id}"));
    assert!(seen.contains("代办") && !seen.contains(&format!("/orders/{id}/refund")) && !seen.contains("/tickets/0"));
    for step in ["pay", "cancel", "refund"] {
        assert_eq!(x.call(&format!("/api/orders/{id}/{step}"), &json!({})).code().as_u16(), 404, "{step}");
    }
    assert_eq!(x.api(&format!("/api/orders/{id}/tickets/0/code")).code().as_u16(), 404);
    x.sign_in("bo");
    assert_eq!(x.api(&format!("/api/orders/{id}")).code().as_u16(), 404, "it is nobody else's");
    assert!(!page(&x, "/orders").contains("他人代办"));
    // The department sees who acted for whom on the day that the order was made.
    x.as_manager(|| {
        let sales = page(&x, "/sales");
        assert!(sales.contains("代办订单") && sales.contains(&id) && sales.contains("m-1") && !sales.contains(&own));
        assert!(!page(&x, &format!("/sales?date={}", day(-1))).contains("代办订单"));
        assert!(page(&x, &format!("/orders/{id}")).contains("m-1"));
    });
}

#[test]
fn a_company_is_named_and_its_other_agents_see_what_was_ordered() {
    let x = Xuzhou::new();
    x.act_for(Some(company()));
    let id = text(&x.ordered(&guishan(1)), "/id");
    assert_eq!(x.get_order(&id)["acting"]["code"], "91320300MA000TX14G");
    assert!(page(&x, &format!("/orders/{id}")).contains("云龙旅行社 (91320300MA000TX14G)"));
    x.sign_in("bo");
    assert_eq!(x.api(&format!("/api/orders/{id}")).code().as_u16(), 404);
    x.act_for(Some(company()));
    assert_eq!(x.state(&id), "held");
    assert!(page(&x, "/orders").contains(&id));
    x.as_manager(|| assert!(page(&x, "/sales").contains("云龙旅行社")));
}

#[test]
fn the_same_key_for_somebody_else_is_another_request() {
    let x = Xuzhou::new();
    let order = || yunlong_sdk::Request::post("/api/orders").json(&guishan(1)).header("idempotency-key", "k-1");
    x.act_for(Some(mother()));
    let first = x.operation("post", "/api/orders", order());
    assert_eq!(x.operation("post", "/api/orders", order()).body_json()["id"], first.body_json()["id"]);
    x.act_for(None);
    assert_eq!(kind(&x.operation("post", "/api/orders", order())), "idempotency-key-reused");
}
