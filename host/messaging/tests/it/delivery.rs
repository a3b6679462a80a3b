use crate::support::{City, Consumer, START, drain, name, order};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::watch;
use yunlong_messaging::{Config, Deliver, Delivery, DeliveryError, Dispatcher, MessagingError, Outgoing, RetryPolicy};
use yunlong_model::InstallationName;
use yunlong_store::{Key, Txn};

fn failing_for(n: i64, error: DeliveryError) -> Arc<Consumer> {
    Consumer::new(
        move |to, d| if to.as_str() == "gate" && d.event.data["n"] == n { Err(error.clone()) } else { Ok(()) },
    )
}

fn retry() -> DeliveryError {
    DeliveryError::Retry("the gate is locked".into())
}

#[tokio::test]
async fn a_delayed_event_comes_at_its_time_and_not_before() {
    let city = City::new();
    city.publish(Outgoing { not_before: Some(START.plus_millis(900_000)), ..order(1, None) }).await;
    let consumer = Consumer::accepting();
    let mut dispatcher = city.dispatcher(&consumer);
    assert_eq!(dispatcher.poll_once().await.unwrap().next, Some(START.plus_millis(900_000)));
    city.clock.advance(899_999);
    assert_eq!(drain(&mut dispatcher).await, 0);
    city.clock.advance(1);
    assert_eq!(drain(&mut dispatcher).await, 2);
}

#[tokio::test]
async fn a_delayed_event_survives_a_restart() {
    let mut city = City::new();
    city.publish(Outgoing { not_before: Some(START.plus_millis(10)), ..order(1, None) }).await;
    drain(&mut city.dispatcher(&Consumer::accepting())).await;
    city.clock.advance(10);
    city.restart(Config::default());
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(consumer.numbers("gate"), [1]);
}

#[tokio::test]
async fn many_delayed_events_fall_due_in_the_order_of_their_times() {
    let city = City::new();
    for n in (0..200).rev() {
        city.publish(Outgoing { not_before: Some(START.plus_millis(n + 1)), ..order(n, Some("k")) }).await;
    }
    city.clock.advance(1_000);
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(consumer.numbers("gate"), (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_busy_platform_costs_a_delivery_none_of_its_attempts() {
    let city = City::new();
    city.publish(order(1, None)).await;
    let busy = Consumer::new(|_, _| Err(DeliveryError::Later("no place is free".into())));
    let mut dispatcher = city.dispatcher(&busy);
    for _ in 0..20 {
        drain(&mut dispatcher).await;
        city.clock.advance(10_000);
    }
    assert!(busy.numbers("gate").len() >= 20);
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(consumer.numbers("gate"), [1], "it is no dead letter");
}

#[tokio::test]
async fn a_key_whose_head_waits_holds_back_its_own_and_no_other() {
    let city = City::new();
    for (n, key) in [(1, "a"), (2, "a"), (3, "b")] {
        city.publish(order(n, Some(key))).await;
    }
    let consumer = failing_for(1, retry());
    let mut dispatcher = city.dispatcher(&consumer);
    drain(&mut dispatcher).await;
    assert_eq!(consumer.numbers("gate"), [1, 3]);
}

#[tokio::test]
async fn keys_in_backoff_do_not_hide_others_behind_a_full_window() {
    let city = City::with(Config { window: 4, ..Config::default() });
    for n in 0..100 {
        city.publish(order(if n == 99 { 99 } else { 0 }, Some(&format!("k{n}")))).await;
    }
    let consumer = failing_for(0, retry());
    drain(&mut city.dispatcher(&consumer)).await;
    assert!(consumer.numbers("gate").contains(&99));
}

#[tokio::test]
async fn a_retry_waits_its_backoff_also_after_a_restart() {
    let mut city = City::new();
    city.publish(order(1, Some("a"))).await;
    let consumer = failing_for(1, retry());
    drain(&mut city.dispatcher(&consumer)).await;
    city.restart(Config::default());
    let mut dispatcher = city.dispatcher(&consumer);
    assert_eq!(drain(&mut dispatcher).await, 0, "half a second is the least");
    city.clock.advance(1_000);
    assert_eq!(drain(&mut dispatcher).await, 1);
    assert_eq!(consumer.seen.lock().last().unwrap().1.attempt, 2);
}

#[tokio::test]
async fn the_last_attempt_makes_a_dead_letter_with_its_history_and_the_key_goes_on() {
    let policy = RetryPolicy { attempts: 3, ..RetryPolicy::default() };
    let city = City::with(Config { retry: policy, ..Config::default() });
    city.publish(order(1, Some("a"))).await;
    city.publish(order(2, Some("a"))).await;
    let consumer = failing_for(1, retry());
    let mut dispatcher = city.dispatcher(&consumer);
    for _ in 0..3 {
        drain(&mut dispatcher).await;
        city.clock.advance(600_000);
    }
    drain(&mut dispatcher).await;
    assert_eq!(consumer.numbers("gate"), [1, 1, 1, 2]);
    let letters = city.messaging.dead_letters(&name("gate"), None, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    let failures = &letters[0].failures;
    assert_eq!(failures.iter().map(|f| f.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(failures.iter().all(|f| f.error == "the gate is locked"));
    let stats = city.messaging.stats().into_iter().find(|s| s.installation == name("gate")).unwrap();
    assert_eq!((stats.delivered, stats.retried, stats.dead, stats.depth), (1, 2, 1, 0));
}

#[tokio::test]
async fn a_rejected_event_is_a_dead_letter_at_once() {
    let city = City::new();
    city.publish(order(1, None)).await;
    let consumer = failing_for(1, DeliveryError::Reject("no such ticket".into()));
    drain(&mut city.dispatcher(&consumer)).await;
    let letters = city.messaging.dead_letters(&name("gate"), None, 10).await.unwrap();
    assert_eq!(letters[0].failures[0].error, "no such ticket");
    assert_eq!(letters[0].event.data["n"], 1);
}

#[tokio::test]
async fn a_dead_letter_is_redriven_once_with_all_its_attempts() {
    let city = City::new();
    city.publish(order(1, None)).await;
    drain(&mut city.dispatcher(&failing_for(1, DeliveryError::Reject("x".into())))).await;
    let gate = name("gate");
    let id = city.messaging.dead_letters(&gate, None, 10).await.unwrap()[0].id.clone();
    city.redrive(&gate, &id).await.unwrap();
    assert_eq!(city.redrive(&gate, &id).await, Err(MessagingError::UnknownDeadLetter(id)));
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(consumer.numbers("gate"), [1]);
    assert_eq!(consumer.seen.lock()[0].1.attempt, 1);
}

#[tokio::test]
async fn dead_letters_are_listed_newest_first_in_pages_and_can_be_discarded() {
    let city = City::new();
    let consumer = Consumer::new(|_, _| Err(DeliveryError::Reject("x".into())));
    let mut dispatcher = city.dispatcher(&consumer);
    for n in 0..5 {
        city.publish(order(n, None)).await;
        drain(&mut dispatcher).await;
        city.clock.advance(1);
    }
    let gate = name("gate");
    let first = city.messaging.dead_letters(&gate, None, 2).await.unwrap();
    let rest = city.messaging.dead_letters(&gate, Some(&first[1].id), 10).await.unwrap();
    let numbers: Vec<_> = first.iter().chain(&rest).filter_map(|l| l.event.data["n"].as_i64()).collect();
    assert_eq!(numbers, [4, 3, 2, 1, 0]);
    city.discard(&gate, &first[0].id).await.unwrap();
    assert!(matches!(city.discard(&gate, &first[0].id).await, Err(MessagingError::UnknownDeadLetter(_))));
}

#[tokio::test]
async fn an_installation_that_does_not_run_is_parked_without_counting_attempts() {
    let city = City::new();
    city.publish(order(1, Some("a"))).await;
    let stopped = failing_for(1, DeliveryError::NotRunning);
    let mut dispatcher = city.dispatcher(&stopped);
    for _ in 0..20 {
        drain(&mut dispatcher).await;
        city.clock.advance(5_000);
    }
    assert_eq!(stopped.numbers("gate").len(), 20);
    assert!(stopped.seen.lock().iter().all(|(_, d)| d.attempt == 1));
    assert!(city.messaging.dead_letters(&name("gate"), None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn waking_an_installation_ends_its_rest() {
    let city = City::new();
    city.publish(order(1, None)).await;
    let stopped = failing_for(1, DeliveryError::NotRunning);
    let mut dispatcher = city.dispatcher(&stopped);
    drain(&mut dispatcher).await;
    assert_eq!(drain(&mut dispatcher).await, 0);
    city.messaging.wake(&name("gate"));
    assert_eq!(drain(&mut dispatcher).await, 1);
}

/// Another writer changes what this consumer reads, the first `times` times.
struct Contended {
    times: u32,
    runs: AtomicU32,
    error: Option<DeliveryError>,
}

#[async_trait]
impl Deliver for Contended {
    async fn deliver(&self, to: &InstallationName, delivery: Delivery, txn: &mut Txn) -> Result<(), DeliveryError> {
        if to.as_str() != "gate" {
            return Ok(());
        }
        assert_eq!(delivery.attempt, 1, "a conflict counts as no attempt");
        let key = Key::space("gate").text("seats");
        txn.get(&key).await.unwrap();
        let run = self.runs.fetch_add(1, Ordering::SeqCst);
        if run < self.times {
            let mut other = Txn::new(txn.store().clone());
            other.put_as(key.clone(), &run);
            other.commit().await.unwrap();
            return self.error.clone().map_or(Ok(()), Err);
        }
        txn.put_as(key, &"mine");
        Ok(())
    }
}

async fn contended(times: u32, error: Option<DeliveryError>, config: Config) -> (City, u32) {
    let city = City::with(config);
    city.publish(order(1, None)).await;
    let deliver = Arc::new(Contended { times, runs: AtomicU32::new(0), error });
    drain(&mut Dispatcher::new(city.messaging.clone(), deliver.clone())).await;
    let runs = deliver.runs.load(Ordering::SeqCst);
    (city, runs)
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_delivered_again_at_once() {
    let (city, runs) = contended(5, None, Config::default()).await;
    assert_eq!(runs, 6);
    let stats = city.messaging.stats().into_iter().find(|s| s.installation == name("gate")).unwrap();
    assert_eq!((stats.delivered, stats.conflicts, stats.retried), (1, 5, 0));
}

#[tokio::test(start_paused = true)]
async fn conflicts_without_end_count_as_a_failed_attempt() {
    let (city, runs) = contended(u32::MAX, None, Config { conflicts: 3, ..Config::default() }).await;
    assert_eq!(runs, 4);
    let stats = city.messaging.stats().into_iter().find(|s| s.installation == name("gate")).unwrap();
    assert_eq!((stats.delivered, stats.retried), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rejection_that_rests_on_what_has_changed_does_not_count() {
    let (city, runs) = contended(2, Some(DeliveryError::Reject("sold out".into())), Config::default()).await;
    assert_eq!(runs, 3);
    assert!(city.messaging.dead_letters(&name("gate"), None, 1).await.unwrap().is_empty());
}

struct Loses;

#[async_trait]
impl Deliver for Loses {
    async fn deliver(&self, to: &InstallationName, delivery: Delivery, txn: &mut Txn) -> Result<(), DeliveryError> {
        match delivery.event.data["n"].as_i64() {
            _ if to.as_str() != "gate" => Ok(()),
            Some(1) => {
                *txn = Txn::new(txn.store().clone());
                Ok(())
            }
            _ => panic!("the runtime has a bug"),
        }
    }
}

#[tokio::test]
async fn a_lost_transaction_and_a_panic_are_failed_attempts() {
    let city = City::with(Config { retry: RetryPolicy { attempts: 1, ..RetryPolicy::default() }, ..Config::default() });
    city.publish(order(1, None)).await;
    city.publish(order(2, None)).await;
    drain(&mut Dispatcher::new(city.messaging.clone(), Arc::new(Loses))).await;
    let letters = city.messaging.dead_letters(&name("gate"), None, 10).await.unwrap();
    let mut errors: Vec<_> = letters.iter().map(|l| l.failures[0].error.as_str()).collect();
    errors.sort_unstable();
    assert_eq!(errors, ["the consumer's transaction was lost", "the platform failed while it delivered"]);
}

#[tokio::test]
async fn a_flooded_installation_does_not_starve_another() {
    let city = City::with(Config { concurrency: 4, concurrency_per_installation: 2, ..Config::default() });
    let platform = async |to: &str, n: i64| {
        let mut txn = Txn::new(city.store.clone());
        city.messaging.publish_platform(&mut txn, &name(to), "test", order(n, None)).await.unwrap();
        txn.commit().await.unwrap();
    };
    for n in 0..500 {
        platform("gate", n).await;
    }
    platform("quiet", 1).await;
    let consumer = Consumer::accepting();
    let progress = city.dispatcher(&consumer).poll_once().await.unwrap();
    assert_eq!(progress.attempts, 3);
    assert_eq!((consumer.numbers("gate").len(), consumer.numbers("quiet").len()), (2, 1));
}

#[tokio::test]
async fn the_loop_delivers_what_is_published_while_it_runs_and_stops_when_told() {
    let city = City::new();
    let consumer = Consumer::accepting();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(city.messaging.clone().run(consumer.clone(), stopped));
    for n in 0..20 {
        city.publish(order(n, Some("k"))).await;
    }
    let mut commits = city.store.watch();
    while consumer.count() < 40 {
        commits.changed().await.unwrap();
    }
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(consumer.numbers("gate"), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn all_dead_letters_are_redriven_at_once_but_for_those_that_fail_again() {
    let policy = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let city = City::with(Config { retry: policy, ..Config::default() });
    for n in 0..45 {
        city.publish(order(n, Some(&format!("key-{n}")))).await;
    }
    let failing = Consumer::new(|_, _| Err(DeliveryError::Retry("out of paper".into())));
    drain(&mut city.dispatcher(&failing)).await;
    let shop = name("shop");
    assert_eq!(city.messaging.dead_letters(&shop, None, 100).await.unwrap().len(), 45);
    city.clock.advance(1);
    let newest = city.messaging.dead_letters(&shop, None, 1).await.unwrap().remove(0).id;
    let mut counted = Vec::new();
    for _ in 0..4 {
        let mut txn = Txn::new(city.store.clone());
        counted.push(city.messaging.redrive_some(&mut txn, &shop, &newest).await.unwrap());
        txn.commit().await.unwrap();
    }
    assert_eq!(counted, [20, 20, 5, 0], "some in each commit");
    let odd =
        Consumer::new(|_, d| if d.event.data["n"] == 7 { Err(DeliveryError::Reject("odd".into())) } else { Ok(()) });
    drain(&mut city.dispatcher(&odd)).await;
    let left = city.messaging.dead_letters(&shop, None, 100).await.unwrap();
    assert_eq!(left.iter().map(|l| l.event.data["n"].clone()).collect::<Vec<_>>(), [7]);
}

#[tokio::test]
async fn delayed_messages_are_counted_with_the_first_of_them() {
    let city = City::new();
    let delayed = async || city.messaging.delayed(&name("shop")).await.unwrap();
    assert_eq!((delayed().await.count, delayed().await.next), (0, None));
    for n in 1..=70 {
        city.publish(Outgoing { not_before: Some(START.plus_millis(n * 1_000)), ..order(n, None) }).await;
    }
    assert_eq!((delayed().await.count, delayed().await.next), (70, Some(START.plus_millis(1_000))));
}

#[tokio::test]
async fn a_closed_queue_takes_nothing_whoever_sends_it() {
    let city = City::new();
    let mut open = Txn::new(city.store.clone());
    city.messaging.publish(&mut open, &name("shop"), order(1, None)).await.unwrap();
    city.messaging.close(&name("gate")).await.unwrap();
    assert_eq!(open.commit().await.unwrap_err(), yunlong_store::CommitError::Conflict);
    // The others go on.
    city.publish(order(2, None)).await;
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!((consumer.numbers("shop"), consumer.numbers("gate")), (vec![2], vec![]));
}
