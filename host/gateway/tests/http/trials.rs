//! The trial of a newer release: versions that hang, and a trial that ends while somebody goes back.

use crate::platform::*;
use crate::releases::{V1, asked, city, published, soon, tickets, upgrade, version};
use http::StatusCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use yunlong_gateway::GatewayConfig;
use yunlong_installations::{Status, Why};
use yunlong_runtime::Outcomes;

#[tokio::test]
async fn a_version_whose_requests_hang_gives_charge_back_before_one_of_them_has_failed() {
    let p = city().await;
    let first = p.installations.get(&tickets()).unwrap().package_digest;
    p.app.outcomes.lock().insert(first, Outcomes { total: 1_000, errors: 2 });
    let next = published(&p, "1.1.0", V1).await;
    upgrade(&p, next, None).await.unwrap();
    let began = Instant::now();
    // It says that it is well, and no call of it has ended.
    p.app.waiting.lock().insert(next, 64);
    soon("the roll-back", async || version(&p) == "1.0.0").await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let history = p.installations.history(&tickets(), 1).await.unwrap();
    let why = Why::Hangs { waiting: 64, longer_than_ms: 3_000 };
    assert_eq!((history[0].event.as_str(), &history[0].why), ("rolled-back", &Some(why)));
    // What hangs gives its places to the one that comes back.
    assert_eq!(*p.app.hastened.lock(), [(next, Some(Duration::from_secs(3)))]);
    soon("the note", async || {
        let inbox = p.messaging.inbox("city-admin", None, 10).await.unwrap();
        inbox.notes.iter().any(|n| n.body.zh.contains("64 个请求超过 3.0 秒没有得到应答"))
    })
    .await;
}

#[tokio::test]
async fn where_a_version_that_hangs_has_to_stay_its_requests_have_their_own_time_again() {
    let p = city().await;
    let next = published(&p, "2.0.0", &format!("data = {{ schema = 2, reads = [1] }}\n{V1}")).await;
    upgrade(&p, next, None).await.unwrap();
    soon("the migration", async || p.installations.get(&tickets()).unwrap().data.oldest == 2).await;
    p.app.waiting.lock().insert(next, 64);
    soon("the alarm", async || {
        p.installations.get(&tickets()).unwrap().change.as_ref().is_some_and(|c| c.problem.is_some())
    })
    .await;
    soon("the end of the haste", async || p.app.hastened.lock().last() == Some(&(next, None))).await;
    assert_eq!(version(&p), "2.0.0");
}

#[tokio::test]
async fn a_trial_that_ends_while_somebody_goes_back_leaves_the_older_version_loaded() {
    let config = GatewayConfig { trial: Duration::from_secs(2), ..GatewayConfig::default() };
    let p = Arc::new(Platform::empty(config, "http://localhost:8080").await);
    let first = published(&p, "1.0.0", V1).await;
    p.install_package(first, "tickets").await;
    upgrade(&p, published(&p, "1.1.0", V1).await, None).await.unwrap();
    // Going back reads the package and loads it: it has the turn meanwhile.
    let staging = Arc::new(Notify::new());
    *p.app.staging.lock() = Some(staging.clone());
    let back = p.clone();
    let back = tokio::spawn(async move { back.gateway.operations().roll_back(&tickets(), asked(None, false)).await });
    soon("the wait", async || *p.app.held_up.lock() > 0).await;
    p.clock.advance(3_000);
    // The watch looks twice a second: it sees that the trial is over, and waits for the turn.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    staging.notify_one();
    back.await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    let i = p.installations.get(&tickets()).unwrap();
    assert_eq!((i.package_digest, i.status.clone(), i.change.is_none()), (first, Status::Running, true));
    assert_eq!(p.app.loaded.lock().get(&tickets()), Some(&(first, None)));
    assert_eq!(p.get(APP, "/").await.status, StatusCode::OK);
}
