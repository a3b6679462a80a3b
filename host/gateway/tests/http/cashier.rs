//! The sandbox cashier's page, and the address that providers call back.

use crate::platform::*;
use axum::body::Body;
use http::StatusCode;
use yunlong_gateway::OperationError;
use yunlong_model::{Text, Timestamp};
use yunlong_payments::{CallbackEvent, Line, NewIntent, Status};
use yunlong_store::Txn;

const PAYEE: &str = "91320300MA000TX14G";

/// Stages an intent of 60.00 yuan for `li-hua`, as the app would, and answers its id.
async fn intent(p: &Platform) -> String {
    let mut txn = Txn::new(p.store.clone());
    let new = NewIntent {
        reference: "order-1".into(),
        description: Text { zh: "龟山汉墓门票".into(), en: "Ticket to the Han tomb".into() },
        amount: 6000,
        lines: vec![Line { payee: PAYEE.into(), amount: 6000, description: "门票".into() }],
        expires_at: Timestamp(1_790_000_900_000),
        return_path: "/orders/1".into(),
    };
    let intent = p.payments.create(&mut txn, &"tickets".parse().unwrap(), Some("li-hua"), new).await.unwrap();
    txn.commit().await.unwrap();
    intent.id
}

#[tokio::test]
async fn the_page_is_named_a_sandbox_and_shows_what_is_paid_to_whom() {
    let p = Platform::start().await;
    let id = intent(&p).await;
    let cookie = p.cookie("li-hua").await;
    let page = p
        .send(get(PORTAL, &format!("/cashier/{id}")).header("cookie", &cookie).body(Body::empty()).unwrap())
        .await
        .text();
    for part in ["模拟收银台", "龟山汉墓门票", "¥60.00", PAYEE, "http://tickets.localhost:8080/orders/1", "景区门票"]
    {
        assert!(page.contains(part), "{part}");
    }
    for choice in ["succeed", "fail", "delay", "repeat"] {
        assert!(page.contains(&format!("value=\"{choice}\"")), "{choice}");
    }
}

#[tokio::test]
async fn a_payment_is_its_payers_alone() {
    let p = Platform::start().await;
    let id = intent(&p).await;
    assert!(p.get(PORTAL, &format!("/cashier/{id}")).await.location().contains("/sign-in?return=/cashier/"));
    let other = p.cookie("city-admin").await;
    let path = format!("/cashier/{id}");
    assert_eq!(
        p.send(get(PORTAL, &path).header("cookie", &other).body(Body::empty()).unwrap()).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        p.send(form_post(PORTAL, &path).header("cookie", &other).body(Body::empty()).unwrap()).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(p.payments.intent_by_id(&id).await.unwrap().status, Status::Pending);
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_is_not_answered_in_time_says_so_and_counts_when_it_is() {
    let p = Platform::start().await;
    let id = intent(&p).await;
    let cookie = p.cookie("li-hua").await;
    let path = format!("/cashier/{id}");
    let paid =
        p.send(form_post(PORTAL, &path).header("cookie", &cookie).body("behaviour=succeed".into()).unwrap()).await;
    assert_eq!(paid.location(), path);
    let page = p.send(get(PORTAL, &path).header("cookie", &cookie).body(Body::empty()).unwrap()).await.text();
    assert!(page.contains("正在等待付款结果") && !page.contains("<form class=\"card\""), "{page}");

    let event =
        serde_json::to_vec(&CallbackEvent::Charge { intent: id.clone(), attempt: 1, amount: 6000, failure: None })
            .unwrap();
    let callback = |signed: bool| {
        let mut request = post(PORTAL, "/payments/callback/sandbox");
        for (name, value) in p.cashier.sign(&event, yunlong_model::Clock::now(&*p.clock)) {
            if signed || !name.contains("signature") {
                request = request.header(name, value);
            }
        }
        request.body(event.clone().into()).unwrap()
    };
    assert_eq!(p.send(callback(false)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(p.payments.intent_by_id(&id).await.unwrap().status, Status::Processing);
    assert_eq!(p.send(callback(true)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(p.payments.intent_by_id(&id).await.unwrap().status, Status::Captured);
    // Sending the form again pays nothing again and leads on.
    let again =
        p.send(form_post(PORTAL, &path).header("cookie", &cookie).body("behaviour=succeed".into()).unwrap()).await;
    assert_eq!(again.location(), "http://tickets.localhost:8080/orders/1");
    let orders = p.send(get(PORTAL, "/orders").header("cookie", &cookie).body(Body::empty()).unwrap()).await.text();
    assert!(orders.contains("龟山汉墓门票") && orders.contains("已支付") && orders.contains("60.00"));
}

#[tokio::test(start_paused = true)]
async fn who_was_paying_when_an_app_is_removed_loses_nothing() {
    let p = Platform::start().await;
    let id = intent(&p).await;
    let cookie = p.cookie("li-hua").await;
    let path = format!("/cashier/{id}");
    let pay = async || {
        p.send(form_post(PORTAL, &path).header("cookie", &cookie).body("behaviour=succeed".into()).unwrap()).await
    };
    let shown = async || p.send(get(PORTAL, &path).header("cookie", &cookie).body(Body::empty()).unwrap()).await.text();
    assert_eq!(pay().await.location(), path);
    p.gateway.operations().uninstall(&"tickets".parse().unwrap(), "city-admin").await.unwrap();
    assert_eq!(p.payments.intent_by_id(&id).await.unwrap().status, Status::Cancelled);
    let refused = pay().await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("该服务已下线") && !refused.text().contains("返回服务"), "{}", refused.text());
    let page = shown().await;
    assert!(page.contains("自动退回") && !page.contains("<form class=\"card\""), "{page}");

    // The provider had taken the money already.
    let told = async |event: CallbackEvent| {
        let body = serde_json::to_vec(&event).unwrap();
        let mut request = post(PORTAL, "/payments/callback/sandbox");
        for (name, value) in p.cashier.sign(&body, yunlong_model::Clock::now(&*p.clock)) {
            request = request.header(name, value);
        }
        assert_eq!(p.send(request.body(body.into()).unwrap()).await.status, StatusCode::NO_CONTENT);
    };
    told(CallbackEvent::Charge { intent: id.clone(), attempt: 1, amount: 6000, failure: None }).await;
    assert!(shown().await.contains("正在自动退回"));
    told(CallbackEvent::Refund { intent: id.clone(), reference: "closed".into(), amount: 6000, failure: None }).await;
    let returned = p.payments.intent_by_id(&id).await.unwrap();
    assert_eq!((returned.status, returned.refunded()), (Status::Refunded, 6000));
    assert!(shown().await.contains("款项已全部退回"));
    let report = p.payments.verify_ledger().await.unwrap();
    assert!(report.is_sound() && report.balances.values().all(|b| *b == 0), "{report:?}");
}

#[tokio::test]
async fn a_callback_of_nobody_is_refused() {
    let p = Platform::start().await;
    assert_eq!(
        p.send(post(PORTAL, "/payments/callback/unknown").body("{}".into()).unwrap()).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        p.send(post(PORTAL, "/payments/callback/sandbox").body("{}".into()).unwrap()).await.status,
        StatusCode::FORBIDDEN
    );
    let browser =
        post(PORTAL, "/payments/callback/sandbox").header("sec-fetch-site", "cross-site").body("{}".into()).unwrap();
    assert_eq!(p.send(browser).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn programs_pay_and_read_the_same_as_json() {
    let p = Platform::start().await;
    let id = intent(&p).await;
    let token = format!("Bearer {}", p.token("li-hua").await);
    let path = format!("/cashier/{id}");
    let call = |body: &'static str| {
        p.send(
            post(PORTAL, &path)
                .header("authorization", &token)
                .header("accept", "application/json")
                .header("content-type", "application/json")
                .body(body.into())
                .unwrap(),
        )
    };
    let wrong = call(r#"{"behaviour":"explode"}"#).await;
    assert_eq!(
        (wrong.status, wrong.json()["errors"][0]["field"].as_str().map(str::to_owned)),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("behaviour".into()))
    );
    let paid = call(r#"{"behaviour":"succeed"}"#).await;
    assert_eq!(
        (paid.status, paid.json()["status"].as_str().map(str::to_owned)),
        (StatusCode::OK, Some("processing".into()))
    );
    assert_eq!(call("{}").await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_removal_that_was_cut_short_is_finished_and_not_started_again() {
    let p = Platform::start().await;
    let (tickets, operations) = ("tickets".parse().unwrap(), p.gateway.operations());
    // The process ended behind the first step of the removal.
    operations.stop(&tickets, "city-admin").await.unwrap();
    p.messaging.close(&tickets).await.unwrap();
    let refused = operations.start(&tickets, "city-admin").await.unwrap_err();
    assert!(matches!(refused, OperationError::NoSuchInstallation(_)), "{refused}");
    assert!(p.installations.get(&tickets).is_none());

    let p = Platform::start().await;
    p.gateway.operations().stop(&tickets, "city-admin").await.unwrap();
    p.messaging.close(&tickets).await.unwrap();
    p.gateway.operations().start_all(|_| {}).await.unwrap();
    assert!(p.installations.get(&tickets).is_none());
}
