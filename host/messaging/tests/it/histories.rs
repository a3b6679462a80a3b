//! Random histories with crashes between any two steps.

use crate::support::{City, START, name, order};
use async_trait::async_trait;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use yunlong_messaging::{Config, Deliver, Delivery, DeliveryError, Dispatcher, Outgoing, RetryPolicy};
use yunlong_model::InstallationName;
use yunlong_store::{Direction, Key, Txn};

#[derive(Clone, Debug)]
enum Step {
    Publish {
        key: Option<u8>,
        delay: i64,
    },
    /// One step of the dispatcher, to its end.
    Poll,
    /// A step that is cut off after so many turns of the executor; then a new process.
    Crash(u8),
    Advance(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (prop::option::of(0_u8..3), prop_oneof![3 => Just(0_i64), 1 => 1_i64..5_000]).prop_map(|(key, delay)| Step::Publish { key, delay }),
        3 => Just(Step::Poll),
        3 => (0_u8..12).prop_map(Step::Crash),
        2 => (1_i64..3_000).prop_map(Step::Advance),
    ]
}

const POLICY: RetryPolicy = RetryPolicy { first_millis: 100, longest_millis: 1_000, attempts: 4 };

fn config() -> Config {
    Config {
        concurrency: 4,
        concurrency_per_installation: 3,
        window: 3,
        retry: POLICY,
        parked_millis: 50,
        ..Config::default()
    }
}

/// Fails by the event's number, so that every run of a history sees the same consumer: 0 to 4
/// failures (the fourth is the last), a rejection, a stop for the first time.
struct Unreliable;

#[async_trait]
impl Deliver for Unreliable {
    async fn deliver(&self, to: &InstallationName, delivery: Delivery, txn: &mut Txn) -> Result<(), DeliveryError> {
        let n = delivery.event.data["n"].as_i64().unwrap();
        // Read what others write, so that deliveries of different keys conflict.
        let shared = Key::space(to.as_str()).text("shared");
        let total = txn.get_as::<i64>(&shared).await.unwrap().unwrap_or(0);
        tokio::task::yield_now().await;
        let failures = u32::try_from(n % 7).unwrap();
        if failures == 6 {
            return Err(DeliveryError::Reject("never".into()));
        }
        if failures < 5 && delivery.attempt <= failures {
            return Err(DeliveryError::Retry("not yet".into()));
        }
        txn.put_as(shared, &(total + 1));
        txn.append_as(Key::space(to.as_str()).text("effects"), &n);
        tokio::task::yield_now().await;
        Ok(())
    }
}

async fn crash_after(dispatcher: &mut Dispatcher, turns: u8) {
    let turns = async {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = turns => {}
        done = dispatcher.poll_once() => { done.unwrap(); }
    }
}

async fn effects(city: &City, of: &str) -> Vec<i64> {
    let rows = city.store.scan(&Key::space(of).text("effects").children(), Direction::Ascending, 10_000).await.unwrap();
    rows.iter().map(|r| serde_json::from_slice(&r.value).unwrap()).collect()
}

async fn check(steps: Vec<Step>) {
    let mut city = City::with(config());
    let mut dispatcher = Dispatcher::new(city.messaging.clone(), Arc::new(Unreliable));
    let mut published: BTreeMap<i64, (Option<u8>, i64)> = BTreeMap::new();
    let mut now = START;
    for step in steps {
        match step {
            Step::Publish { key, delay } => {
                let n = i64::try_from(published.len()).unwrap();
                let not_before = (delay > 0).then(|| now.plus_millis(delay));
                let key_text = key.map(|k| k.to_string());
                city.publish(Outgoing { not_before, ..order(n, key_text.as_deref()) }).await;
                published.insert(n, (key, delay));
            }
            Step::Poll => {
                dispatcher.poll_once().await.unwrap();
            }
            Step::Crash(turns) => {
                crash_after(&mut dispatcher, turns).await;
                drop(dispatcher);
                city.restart(config());
                dispatcher = Dispatcher::new(city.messaging.clone(), Arc::new(Unreliable));
            }
            Step::Advance(ms) => {
                city.clock.advance(ms);
                now = now.plus_millis(ms);
            }
        }
    }
    settle(&city, &mut dispatcher).await;
    for of in ["shop", "gate"] {
        verify(&city, of, &published).await;
    }
}

/// Lets time pass until nothing is left.
async fn settle(city: &City, dispatcher: &mut Dispatcher) {
    for _ in 0..10_000 {
        let progress = dispatcher.poll_once().await.unwrap();
        if progress.attempts == 0 {
            if progress.next.is_none() {
                return;
            }
            city.clock.advance(500);
        }
    }
    panic!("the queues never become empty");
}

async fn verify(city: &City, of: &str, published: &BTreeMap<i64, (Option<u8>, i64)>) {
    let done = effects(city, of).await;
    let once: BTreeSet<i64> = done.iter().copied().collect();
    assert_eq!(once.len(), done.len(), "{of}: an effect took place twice: {done:?}");
    let dead: BTreeSet<i64> = city
        .messaging
        .dead_letters(&name(of), None, 10_000)
        .await
        .unwrap()
        .iter()
        .filter_map(|l| l.event.data["n"].as_i64())
        .collect();
    for n in published.keys() {
        // Four failures exhaust the attempts, six is a rejection.
        let lost = matches!(n % 7, 4 | 6);
        assert_eq!((once.contains(n), dead.contains(n)), (!lost, lost), "{of}: event {n}");
    }
    for key in 0..3 {
        let of_key: Vec<i64> = done.iter().copied().filter(|n| published[n] == (Some(key), 0)).collect();
        assert!(of_key.is_sorted(), "{of}: key {key} out of order: {of_key:?}");
    }
    let left = city.store.scan(&Key::space(of).text("q").children(), Direction::Ascending, 10).await.unwrap();
    assert!(left.is_empty(), "{of}: rows are left in the queue: {left:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn every_event_takes_effect_exactly_once_and_in_order_whatever_crashes(steps in prop::collection::vec(step(), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(check(steps));
    }
}
