//! What is done and its row of the audit trail: together or not at all.

use crate::platform::*;
use crate::releases::{V1, city, release, tickets};
use serde_json::json;
use yunlong_gateway::Publisher;
use yunlong_messaging::DeadLetter;
use yunlong_store::{Key, Seq, Txn};

#[tokio::test]
async fn what_officials_do_with_jobs_and_letters_is_one_commit_with_its_record() {
    let p = city().await;
    let bury = async |id: &str| {
        let letter = DeadLetter {
            id: id.to_owned(),
            kind: yunlong_messaging::Kind::Event,
            event: yunlong_model::Event {
                id: id.to_owned(),
                source: "/platform/payments".into(),
                topic: "city.payments".into(),
                subject: None,
                time: yunlong_model::Timestamp(0),
                key: None,
                data: json!({}),
            },
            at: yunlong_model::Timestamp(0),
            failures: Vec::new(),
        };
        let mut txn = Txn::new(p.store.clone());
        txn.put_as(Key::space("tickets").text("dead").text(id), &letter);
        txn.commit().await.unwrap();
    };
    let (operations, name, by) = (p.gateway.operations(), tickets(), "city-admin");
    let mut seen = Seq(0);
    let mut together = async |action: &str| {
        let said = p.installations.audit(1).await.unwrap().remove(0);
        assert_eq!(said.action, action);
        let (changed, spaces) = p.recorded.newest("tickets", seen).expect("the installation has not changed");
        assert!(spaces.contains("@audit"), "{action}: the row and what it is about are two commits");
        seen = changed;
    };
    operations.run_job(&name, "sweep", by).await.unwrap();
    together("job.run").await;
    operations.pause_job(&name, "sweep", by).await.unwrap();
    together("job.paused").await;
    operations.resume_job(&name, "sweep", by).await.unwrap();
    together("job.resumed").await;
    bury("a").await;
    operations.discard(&name, "a", by).await.unwrap();
    together("dead-letter.discarded").await;
    bury("b").await;
    operations.redrive(&name, "b", by).await.unwrap();
    together("dead-letter.redriven").await;
    bury("c").await;
    bury("d").await;
    assert_eq!(operations.redrive_all(&name, by).await.unwrap(), 2);
    together("dead-letters.redriven").await;
    // What is refused leaves no row.
    operations.discard(&name, "a", by).await.unwrap_err();
    assert_eq!(p.recorded.newest("@audit", seen), None);
}

#[tokio::test]
async fn who_publishes_enrols_and_revokes_is_on_record_before_anything_changes() {
    let p = city().await;
    let operations = p.gateway.operations();
    let key = p.key.public().id().to_string();
    // The files cannot be written any more.
    std::fs::remove_dir_all(p.depot.path()).unwrap();
    operations.revoke_key(&key, "city-security").await.unwrap_err();
    let tar = package(&release("1.1.0", V1), &p.key);
    operations.publish(tar, &Publisher::administrator("city-admin")).await.unwrap_err();
    let other = yunlong_registry::KeyPair::generate(yunlong_registry::Algorithm::Ed25519);
    let pem = other.public().to_pem().unwrap();
    operations.enroll("other", None, &pem, "city-admin").await.unwrap_err();
    let rows: Vec<String> = p.installations.audit(6).await.unwrap().into_iter().rev().map(|r| r.action).collect();
    let expected = ["key.revoked", "package.published", "key.enrolled"].map(|a| [a.to_owned(), format!("{a}.failed")]);
    assert_eq!(rows, expected.concat());

    std::fs::create_dir_all(p.depot.path()).unwrap();
    operations.revoke_key(&key, "city-security").await.unwrap();
    // Asking again, and what is refused, writes nothing.
    operations.revoke_key(&key, "city-security").await.unwrap();
    operations.revoke_key(&other.public().id().to_string(), "city-security").await.unwrap_err();
    let tar = package(&release("1.1.0", V1), &p.key);
    operations.publish(tar, &Publisher::administrator("city-admin")).await.unwrap_err();
    let rows = p.installations.audit(2).await.unwrap();
    assert_eq!((rows[0].action.as_str(), rows[1].action.as_str()), ("key.revoked", "key.enrolled.failed"));
}
