//! What fails keeps nothing else from being done.

use crate::city::{ASKED, City, OPEN, TOURISM, Who, a_use};
use serde_json::json;
use yunlong_store::{Key, Txn};

const FOLLOW: &str = "rows = \"all\"\naccess = [\"get\", \"changes\"]";

#[tokio::test]
async fn one_part_of_the_clock_that_fails_stops_no_other() {
    let city = City::new().await;
    city.install("tickets", TOURISM, &a_use(ASKED, "check", &["name"], "rows = \"all\"")).await;
    for _ in 0..3 {
        assert!(city.open("tickets", Who::Job, ASKED, "check").await.is_err());
    }
    // Whoever reads all grants fails from here on: what ends uses, and what warns of ends.
    let mut txn = Txn::new(city.store.clone());
    txn.put(Key::space("@hub").text("grant").text("zzz").text("d").text("p"), "no grant".into());
    txn.commit().await.unwrap();
    city.clock.advance(61_000);
    assert!(city.hub.tick().await.is_err(), "the failure is told");
    let log = city.log("data.denied").await;
    assert!(log[0].detail.contains("2 more"), "the last part was done: {}", log[0].detail);
}

#[tokio::test]
async fn one_dataset_whose_changes_cannot_be_read_stops_no_other() {
    let city = City::new().await;
    let uses = [a_use(ASKED, "follow", &["name"], FOLLOW), a_use(OPEN, "follow", &["name"], FOLLOW)];
    city.install("tickets", TOURISM, &uses.concat()).await;
    city.hub.work().await.unwrap();
    for dataset in [ASKED, OPEN] {
        city.grant("tickets", dataset, "follow").await;
    }
    let mut txn = Txn::new(city.store.clone());
    txn.append(Key::space("@hub").text("change").text(ASKED), "no changes".into());
    txn.commit().await.unwrap();
    let key = city.key(OPEN, &city.residents.wang);
    city.put_from(OPEN, &key, json!({ "name": "改名" }), "2026-11-26").await;
    assert!(city.hub.work().await.is_err());
    let told: Vec<_> = city.messages().await.into_iter().map(|(_, _, data)| data["dataset"].clone()).collect();
    assert_eq!(told, [json!(OPEN)]);
}
