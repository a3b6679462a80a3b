//! The change of the city's data key: everything is sealed anew, and the old key can go.

use crate::city::{ASKED, City, POLICE, TOURISM, Who, a_use, official, strings};
use std::sync::Arc;
use yunlong_hub::{Claim, Hub, HubConfig, HubServices, NewCorrection};
use yunlong_model::Clock;
use yunlong_sealing::{DataKey, Keyring};
use yunlong_store::memory::MemoryStore;
use zeroize::Zeroizing;

/// The same hub with these keys.
async fn hub_with(city: &City, keys: Arc<Keyring>) -> Hub {
    let clock: Arc<dyn Clock> = Arc::new(city.clock.clone());
    let services = HubServices {
        store: city.store.clone(),
        clock,
        keys,
        audit: city.audit.clone(),
        identity: city.identity.clone(),
        messaging: city.messaging.clone(),
        installations: city.installations.clone(),
    };
    Hub::open(services, HubConfig::new(Zeroizing::new([3; 32]))).await.unwrap()
}

fn key(n: u8) -> DataKey {
    DataKey::derived(&Zeroizing::new([n; 32]))
}

#[tokio::test]
async fn after_a_change_of_keys_everything_opens_without_the_old_one() {
    let old = Arc::new(Keyring::new(key(7), vec![]));
    let city = City::sealed(Arc::new(MemoryStore::new()), true, Some(old)).await;
    let uses = a_use(ASKED, "count", &["name"], "rows = \"all\"\naccess = [\"get\", \"bulk\"]");
    city.install("tickets", TOURISM, &uses).await;
    city.grant("tickets", ASKED, "count").await;
    // A record with a former version, a job with its page, a correction, and what is left of a removed record.
    let fresh = crate::city::resident_id("320321", "19700101", 1);
    city.put_many(ASKED, std::slice::from_ref(&fresh)).await;
    city.put_from(ASKED, &fresh, serde_json::json!({ "name": "改名" }), "2026-06-01").await;
    city.hub.work().await.unwrap();
    let gone = crate::city::resident_id("320321", "19700101", 2);
    city.put_many(ASKED, std::slice::from_ref(&gone)).await;
    let open = city.open("tickets", Who::Job, ASKED, "count").await.unwrap();
    let job = open.start_job(&Default::default(), &strings(&["name"])).await.unwrap();
    city.hub.work().await.unwrap();
    let doubt = NewCorrection {
        dataset: ASKED.into(),
        key: Some(fresh.clone()),
        item: Some("name".into()),
        claim: Claim::Value(serde_json::json!("另一个名字")),
        reason: "测试".into(),
        evidence: String::new(),
    };
    let clerk = official("police-admin", POLICE);
    let correction = city.hub.file_correction(doubt, &clerk).await.unwrap();
    city.erase(ASKED, &gone).await;

    let both = Arc::new(Keyring::new(key(8), vec![key(7)]));
    let changing = hub_with(&city, both).await;
    let sealed = changing.seal_anew().await.unwrap();
    assert!(sealed >= 5, "{sealed}");
    assert_eq!(changing.seal_anew().await.unwrap(), 0, "nothing is left");

    let alone = hub_with(&city, Arc::new(Keyring::new(key(8), vec![]))).await;
    let records = alone.records(ASKED).unwrap();
    let id = records.id(&fresh);
    let versions: Vec<_> = records.history(&id).await.unwrap().into_iter().map(|r| r.body["name"].clone()).collect();
    assert_eq!(versions, ["改名", "示例"]);
    assert_eq!(alone.correction(&correction.id).await.unwrap().key, fresh);
    let open = alone.open_dataset(city.caller("tickets", Who::Job), ASKED, "count").await.unwrap();
    assert_eq!(open.job(&job).await.unwrap().pages, 1);
    assert!(open.job_page(&job, 0).await.unwrap().len() >= 4);
    alone.work().await.unwrap();
    assert_eq!(open.get(&fresh, &strings(&["name"]), None).await.unwrap().unwrap().body["name"], "改名");
}

#[tokio::test]
async fn without_it_nothing_opens_that_was_not_sealed_anew() {
    let city = City::new().await;
    let keys = Arc::new(Keyring::new(key(9), vec![]));
    let other = hub_with(&city, keys).await;
    let records = other.records(ASKED).unwrap();
    assert!(records.current(&records.id(&city.residents.wang)).await.is_err());
}
