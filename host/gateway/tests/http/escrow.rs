//! Money in escrow over HTTP: the payer sees that the platform holds it, the department sees how much, and an app
//! that holds some is not removed.

use crate::platform::*;
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use yunlong_gateway::OperationError;
use yunlong_installations::Status as State;
use yunlong_model::{InstallationName, Text, Timestamp};
use yunlong_payments::{Behaviour, CallbackEvent, HeldRefund, Line, NewEscrow, NewRelease, PaymentError};
use yunlong_store::Txn;

const SELLER: &str = "92320324MA000TX221";

fn tickets() -> InstallationName {
    "tickets".parse().unwrap()
}

/// Stages an escrow of 1,080.00 yuan for `li-hua`, as the app would, and answers its id.
async fn escrow(p: &Platform) -> String {
    let mut txn = Txn::new(p.store.clone());
    let new = NewEscrow {
        reference: "order-1".into(),
        description: Text { zh: "实木床".into(), en: "A wooden bed".into() },
        amount: 108_000,
        expires_at: Timestamp(1_790_000_900_000),
        return_path: "/orders/1".into(),
    };
    let intent = p.payments.create_escrow(&mut txn, &tickets(), Some("li-hua"), new).await.unwrap();
    txn.commit().await.unwrap();
    intent.id
}

/// What the provider tells.
async fn told(p: &Platform, event: &CallbackEvent) {
    let body = serde_json::to_vec(event).unwrap();
    let mut request = post(PORTAL, "/payments/callback/sandbox");
    for (name, value) in p.cashier.sign(&body, yunlong_model::Clock::now(&*p.clock)) {
        request = request.header(name, value);
    }
    assert_eq!(p.send(request.body(body.into()).unwrap()).await.status, StatusCode::NO_CONTENT);
}

/// The escrow is paid.
async fn paid(p: &Platform) -> String {
    let id = escrow(p).await;
    p.payments.pay_at_cashier(&id, "li-hua", Behaviour::Succeed).await.unwrap();
    told(p, &CallbackEvent::Charge { intent: id.clone(), attempt: 1, amount: 108_000, failure: None }).await;
    id
}

async fn release(p: &Platform, id: &str, amount: u64) {
    let line = Line { payee: SELLER.into(), amount, description: "货款".into() };
    let new = NewRelease { reference: "settle".into(), lines: vec![line], reason: "确认收货".into() };
    let mut txn = Txn::new(p.store.clone());
    p.payments.release(&mut txn, &tickets(), id, new).await.unwrap();
    txn.commit().await.unwrap();
}

async fn refund_held(p: &Platform, id: &str, amount: u64) {
    let new = HeldRefund { reference: "less".into(), amount, reason: "少发".into() };
    let mut txn = Txn::new(p.store.clone());
    p.payments.refund_held(&mut txn, &tickets(), id, new).await.unwrap();
    txn.commit().await.unwrap();
}

#[tokio::test]
async fn a_payer_sees_that_the_platform_holds_their_money_and_what_became_of_it() {
    let p = Platform::start().await;
    let id = escrow(&p).await;
    let cookie = p.cookie("li-hua").await;
    let path = format!("/cashier/{id}");
    let before = p.see(PORTAL, &path, &cookie).await.text();
    assert!(before.contains("由平台托管") && before.contains("您确认之后才付给收款方"), "{before}");
    p.payments.pay_at_cashier(&id, "li-hua", Behaviour::Succeed).await.unwrap();
    told(&p, &CallbackEvent::Charge { intent: id.clone(), attempt: 1, amount: 108_000, failure: None }).await;
    let held = p.see(PORTAL, &path, &cookie).await.text();
    assert!(held.contains("收款方还没有收到") && held.contains("¥1,080.00"), "{held}");
    let orders = p.see(PORTAL, "/orders", &cookie).await.text();
    assert!(orders.contains("平台托管 1,080.00"), "{orders}");

    release(&p, &id, 88_000).await;
    refund_held(&p, &id, 20_000).await;
    let after = p.see(PORTAL, &path, &cookie).await.text();
    for part in ["已付给收款方", "¥880.00", SELLER, "正在退回", "¥200.00"] {
        assert!(after.contains(part), "{part}: {after}");
    }
    assert!(!after.contains("由平台托管"), "nothing is held any more: {after}");
    let token = p.token("li-hua").await;
    let read =
        get(PORTAL, &path).header("authorization", format!("Bearer {token}")).header("accept", "application/json");
    let read = p.send(read.body(Body::empty()).unwrap()).await.json();
    let state = json!({ "amount": 108_000, "captured": 108_000, "held": 0, "released": 88_000, "refunding": 20_000, "refunded": 0 });
    assert_eq!(read["escrow"], state);
}

#[tokio::test]
async fn a_department_sees_what_is_held_for_its_apps_and_others_do_not() {
    let p = Platform::start().await;
    let id = paid(&p).await;
    refund_held(&p, &id, 20_000).await;
    let cookie = p.console("city-admin").await;
    let app = p.see(CONSOLE, "/apps/tickets", &cookie).await.text();
    assert!(app.contains("¥880.00") && app.contains("¥200.00") && app.contains("/apps/tickets/payments"), "{app}");
    let page = p.see(CONSOLE, "/apps/tickets/payments", &cookie).await.text();
    for part in ["收款与托管", "order-1", "880.00", "200.00", "1,080.00"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("li-hua"), "who pays is not the department's to see here");
    let ask = async |account: &str| -> (StatusCode, Value) {
        let token = p.token(account).await;
        let request =
            get(CONSOLE, "/api/v1/installations/tickets/payments").header("authorization", format!("Bearer {token}"));
        let answer = p.send(request.body(Body::empty()).unwrap()).await;
        (answer.status, answer.json())
    };
    let (status, all) = ask("city-admin").await;
    assert_eq!((status, &all["held"], &all["refunding"]), (StatusCode::OK, &json!(88_000), &json!(20_000)));
    assert_eq!(all["payments"][0]["escrow"]["held"], json!(88_000));
    assert_eq!(ask("quanshan-admin").await.0, StatusCode::FORBIDDEN);
    assert_eq!(ask("li-hua").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_app_that_holds_money_is_not_removed_and_says_how_much() {
    let p = Platform::start().await;
    let id = paid(&p).await;
    let refused = p.gateway.operations().uninstall(&tickets(), "city-admin").await.unwrap_err();
    let still = PaymentError::StillHeld { held: 108_000, refunding: 0 };
    assert!(matches!(&refused, OperationError::Payments(e) if *e == still), "{refused}");
    assert_eq!(p.installations.get(&tickets()).unwrap().status, State::Running, "whoever settles it needs the app");

    let cookie = p.console("city-admin").await;
    let warned = p.see(CONSOLE, "/apps/tickets/uninstall", &cookie).await.text();
    assert!(warned.contains("托管 1,080.00 元"), "{warned}");
    let refused = p.submit("/apps/tickets/uninstall", &cookie, "confirm=tickets&data=erase").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("先在应用中结算或退回托管款"), "{}", refused.text());
    let token = p.token("city-admin").await;
    let program = Request::delete("/api/v1/installations/tickets?data=erase")
        .header("host", CONSOLE)
        .header("authorization", format!("Bearer {token}"));
    assert_eq!(p.send(program.body(Body::empty()).unwrap()).await.status, StatusCode::CONFLICT);

    release(&p, &id, 100_000).await;
    refund_held(&p, &id, 8_000).await;
    let refused = p.gateway.operations().uninstall(&tickets(), "city-admin").await.unwrap_err();
    assert!(refused.to_string().contains("8000 fen are on their way back"), "{refused}");
    told(&p, &CallbackEvent::Refund { intent: id, reference: "less".into(), amount: 8_000, failure: None }).await;
    assert_eq!(
        p.submit("/apps/tickets/uninstall", &cookie, "confirm=tickets&data=erase").await.location(),
        "/?removed=1"
    );
}

#[tokio::test]
async fn a_removal_that_was_cut_short_behind_its_payments_is_finished() {
    let p = Platform::start().await;
    p.gateway.operations().stop(&tickets(), "city-admin").await.unwrap();
    p.payments.close(&tickets()).await.unwrap();
    p.gateway.operations().start_all(|_| {}).await.unwrap();
    assert!(p.installations.get(&tickets()).is_none());
}
