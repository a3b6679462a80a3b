//! What is done and its row of the audit trail: together or not at all.

use crate::platform::*;
use crate::releases::{V1, city, release, tickets};
use serde_json::json;
use yunlong_messaging::DeadLetter;
use yunlong_registry::Reason;
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
async fn who_enrols_publishes_reviews_and_revokes_is_on_record_once() {
    let p = city().await;
    let operations = p.gateway.operations();
    let key = p.key.public().id().to_string();
    let said = async |n: usize| -> Vec<(String, String)> {
        let rows = p.installations.audit(n).await.unwrap();
        rows.into_iter().rev().map(|r| (r.action, r.actor)).collect()
    };
    let row = |action: &str, actor: &str| (action.to_owned(), actor.to_owned());
    p.publish(package(&release("1.1.0", V1), &p.key)).await;
    let expected = [
        row("registry.published", "han-developer"),
        row("registry.checked", "platform"),
        row("registry.assigned", "city-reviewer"),
        row("registry.approved", "city-reviewer"),
    ];
    assert_eq!(said(4).await, expected);
    operations.revoke_key(&key, Reason::Compromised, "lost", "city-security").await.unwrap();
    assert_eq!(said(1).await, [row("registry.key-revoked", "city-security")]);
    // What is refused writes nothing.
    let other = yunlong_registry::KeyPair::generate(yunlong_registry::Algorithm::Ed25519);
    operations
        .revoke_key(&other.public().id().to_string(), Reason::Ended, "unknown", "city-security")
        .await
        .unwrap_err();
    operations.publish(package(&release("1.2.0", V1), &p.key), "han-developer").await.unwrap_err();
    operations.enroll("han-software", "320300", &other.public().to_pem().unwrap(), "city-admin").await.unwrap_err();
    assert_eq!(said(1).await, [row("registry.key-revoked", "city-security")]);
}
