use crate::support::{City, Consumer, drain, name, order};
use serde_json::json;
use yunlong_messaging::{MAX_DATA, MessagingError, Outgoing};
use yunlong_store::Txn;

async fn refused(event: Outgoing) -> MessagingError {
    let city = City::new();
    let mut txn = Txn::new(city.store.clone());
    let error = city.messaging.publish(&mut txn, &name("shop"), event).await.unwrap_err();
    assert!(txn.is_empty(), "a refused event stages nothing");
    error
}

#[tokio::test]
async fn an_event_reaches_every_subscriber_in_the_shape_of_cloudevents() {
    let city = City::new();
    let id = city.publish(order(7, Some("k"))).await;
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(
        (consumer.numbers("shop"), consumer.numbers("gate"), consumer.numbers("quiet")),
        (vec![7], vec![7], vec![])
    );
    let (_, delivery) = consumer.seen.lock()[0].clone();
    let event = delivery.event;
    assert_eq!((event.id, event.source.as_str(), event.topic.as_str()), (id, "/installations/shop", "order.paid"));
    assert_eq!((event.subject.as_deref(), event.key.as_deref(), delivery.attempt), (Some("order-7"), Some("k"), 1));
}

#[tokio::test]
async fn an_event_of_a_transaction_that_does_not_commit_does_not_exist() {
    let city = City::new();
    let mut txn = Txn::new(city.store.clone());
    city.messaging.publish(&mut txn, &name("shop"), order(1, None)).await.unwrap();
    drop(txn);
    let consumer = Consumer::accepting();
    assert_eq!(drain(&mut city.dispatcher(&consumer)).await, 0);
}

#[tokio::test]
async fn a_topic_that_is_not_declared_is_refused() {
    let event = Outgoing { topic: "order.lost".into(), ..order(1, None) };
    assert_eq!(refused(event).await, MessagingError::Undeclared("order.lost".into()));
    let city = City::new();
    let mut txn = Txn::new(city.store.clone());
    let nobody = city.messaging.publish(&mut txn, &name("nobody"), order(1, None)).await;
    assert_eq!(nobody, Err(MessagingError::Undeclared("order.paid".into())));
}

#[tokio::test]
async fn a_payload_that_breaks_the_schema_is_refused_and_says_where() {
    let error = refused(Outgoing { data: json!({ "n": "seven" }), ..order(1, None) }).await;
    assert!(error.to_string().contains("`order.paid` at `/n`"), "{error}");
    assert!(matches!(refused(Outgoing { data: json!({}), ..order(1, None) }).await, MessagingError::Invalid(_)));
}

#[tokio::test]
async fn an_upgrade_brings_its_own_schema() {
    let city = City::new();
    city.publish(order(1, None)).await;
    let strict = "[[publishes]]\nname = \"order.paid\"\nschema = { type = \"object\", required = [\"m\"] }";
    city.registry.0.lock().insert(name("shop"), crate::support::manifest(strict));
    let mut txn = Txn::new(city.store.clone());
    assert!(matches!(
        city.messaging.publish(&mut txn, &name("shop"), order(1, None)).await,
        Err(MessagingError::Invalid(_))
    ));
}

#[tokio::test]
async fn what_is_empty_or_too_long_is_refused_and_named() {
    let long = "x".repeat(257);
    for (event, want) in [
        (Outgoing { subject: Some(String::new()), ..order(1, None) }, "subject"),
        (Outgoing { subject: Some(long.clone()), ..order(1, None) }, "subject"),
        (order(1, Some("")), "key"),
        (order(1, Some(&long)), "key"),
        (Outgoing { deduplication_key: Some(long.clone()), ..order(1, None) }, "deduplication key"),
        (Outgoing { data: json!({ "n": 1, "x": "x".repeat(MAX_DATA) }), ..order(1, None) }, "payload"),
    ] {
        let error = refused(event).await;
        assert!(matches!(&error, MessagingError::Invalid(m) if m.contains(want)), "{want}: {error}");
    }
}

#[tokio::test]
async fn one_deduplication_key_publishes_once() {
    let city = City::new();
    let event = || Outgoing { deduplication_key: Some("order-1".into()), ..order(1, None) };
    let first = city.publish(event()).await;
    assert_eq!(city.publish(event()).await, first);
    // Another topic is another thing.
    let other = Outgoing { topic: "note".into(), ..event() };
    assert_ne!(city.publish(other).await, first);
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(consumer.numbers("gate"), [1]);
}

#[tokio::test]
async fn two_that_race_with_one_deduplication_key_conflict() {
    let city = City::new();
    let event = || Outgoing { deduplication_key: Some("order-1".into()), ..order(1, None) };
    let (mut a, mut b) = (Txn::new(city.store.clone()), Txn::new(city.store.clone()));
    city.messaging.publish(&mut a, &name("shop"), event()).await.unwrap();
    city.messaging.publish(&mut b, &name("shop"), event()).await.unwrap();
    a.commit().await.unwrap();
    assert_eq!(b.commit().await, Err(yunlong_store::CommitError::Conflict));
}

#[tokio::test]
async fn publishers_do_not_conflict_with_each_other() {
    let city = City::new();
    let (mut a, mut b) = (Txn::new(city.store.clone()), Txn::new(city.store.clone()));
    city.messaging.publish(&mut a, &name("shop"), order(1, None)).await.unwrap();
    city.messaging.publish(&mut b, &name("shop"), order(2, None)).await.unwrap();
    b.commit().await.unwrap();
    a.commit().await.unwrap();
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(consumer.numbers("gate").len(), 2);
}

#[tokio::test]
async fn an_event_of_the_platform_goes_to_one_installation() {
    let city = City::new();
    let mut txn = Txn::new(city.store.clone());
    let event = Outgoing { topic: "city.test".into(), ..order(3, Some("pi-1")) };
    city.messaging.publish_platform(&mut txn, &name("quiet"), "payments", event).await.unwrap();
    txn.commit().await.unwrap();
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!((consumer.count(), consumer.numbers("quiet")), (1, vec![3]));
    assert_eq!(consumer.seen.lock()[0].1.event.source, "/platform/payments");
}
