use crate::support::{City, Consumer, START, drain, name};
use yunlong_messaging::{Config, DeliveryError, Kind, MessagingError, RetryPolicy};
use yunlong_model::manifest::Job;
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::Txn;

fn job(cron: &str) -> Job {
    Job { name: "sweep".into(), cron: cron.into() }
}

async fn schedule(city: &City, jobs: &[Job]) -> Result<(), MessagingError> {
    let mut txn = Txn::new(city.store.clone());
    city.messaging.schedule_jobs(&mut txn, &shop(), jobs).await?;
    txn.commit().await?;
    Ok(())
}

fn shop() -> InstallationName {
    name("shop")
}

async fn next(city: &City) -> Option<Timestamp> {
    city.messaging.next_job_run(&shop(), "sweep").await.unwrap()
}

fn scheduled(consumer: &Consumer) -> Vec<Timestamp> {
    let seen = consumer.seen.lock();
    seen.iter()
        .filter_map(|(_, d)| if let Kind::Job { scheduled, .. } = d.kind { Some(scheduled) } else { None })
        .collect()
}

/// START is 2026-09-21T14:13:20Z: the next full five minutes are 100 s away.
const FIRST: Timestamp = Timestamp(START.0 + 100_000);
const FIVE_MINUTES: i64 = 300_000;

#[tokio::test]
async fn a_job_runs_at_its_time_and_then_at_the_next() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    assert_eq!(next(&city).await, Some(FIRST));
    let consumer = Consumer::accepting();
    let mut dispatcher = city.dispatcher(&consumer);
    assert_eq!(dispatcher.poll_once().await.unwrap().next, Some(FIRST));
    city.clock.advance(100_000);
    drain(&mut dispatcher).await;
    city.clock.advance(FIVE_MINUTES);
    drain(&mut dispatcher).await;
    assert_eq!(scheduled(&consumer), [FIRST, FIRST.plus_millis(FIVE_MINUTES)]);
}

#[tokio::test]
async fn scheduling_again_after_a_restart_changes_nothing() {
    let mut city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.clock.advance(100_000);
    city.restart(Config::default());
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(scheduled(&consumer), [FIRST]);
}

#[tokio::test]
async fn runs_that_were_missed_are_run_once() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.clock.advance(100_000 + 10 * FIVE_MINUTES);
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(scheduled(&consumer), [FIRST]);
    assert_eq!(next(&city).await, Some(FIRST.plus_millis(11 * FIVE_MINUTES)));
}

#[tokio::test]
async fn an_upgrade_changes_patterns_and_removes_jobs() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    schedule(&city, &[job("0 3 * * *")]).await.unwrap();
    assert_ne!(next(&city).await, Some(FIRST));
    schedule(&city, &[]).await.unwrap();
    assert_eq!(next(&city).await, None);
    city.clock.advance(48 * 3_600_000);
    assert_eq!(drain(&mut city.dispatcher(&Consumer::accepting())).await, 0);
}

#[tokio::test]
async fn a_job_that_was_removed_while_the_dispatcher_knew_it_does_not_run() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    let consumer = Consumer::accepting();
    let mut dispatcher = city.dispatcher(&consumer);
    drain(&mut dispatcher).await;
    schedule(&city, &[]).await.unwrap();
    city.clock.advance(FIVE_MINUTES);
    drain(&mut dispatcher).await;
    assert_eq!(consumer.count(), 0);
}

#[tokio::test]
async fn a_pattern_that_names_no_time_is_refused() {
    let city = City::new();
    let error = schedule(&city, &[job("0 0 30 2 *")]).await.unwrap_err();
    assert!(matches!(&error, MessagingError::Invalid(m) if m.contains("`sweep`")), "{error}");
}

#[tokio::test]
async fn a_job_that_keeps_failing_is_a_dead_letter_and_runs_at_its_next_time() {
    let policy = RetryPolicy { attempts: 3, ..RetryPolicy::default() };
    let city = City::with(Config { retry: policy, ..Config::default() });
    schedule(&city, &[job("0 * * * *")]).await.unwrap();
    let due = next(&city).await.unwrap();
    city.clock.advance(due.0 - START.0);
    let failing = Consumer::new(|_, _| Err(DeliveryError::Retry("no".into())));
    let mut dispatcher = city.dispatcher(&failing);
    for _ in 0..3 {
        drain(&mut dispatcher).await;
        city.clock.advance(10_000);
    }
    assert_eq!(failing.seen.lock().iter().map(|(_, d)| d.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    let letters = city.messaging.dead_letters(&shop(), None, 10).await.unwrap();
    assert_eq!(letters[0].kind, Kind::Job { job: "sweep".into(), scheduled: due });
    assert_eq!(next(&city).await, Some(due.plus_millis(3_600_000)));
    // Redriven, it is a job still, and leaves the schedule alone.
    city.messaging.redrive(&shop(), &letters[0].id).await.unwrap();
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(scheduled(&consumer), [due]);
    assert_eq!(next(&city).await, Some(due.plus_millis(3_600_000)));
}

#[tokio::test]
async fn a_job_of_a_stopped_installation_waits_without_counting() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.clock.advance(100_000);
    drain(&mut city.dispatcher(&Consumer::new(|_, _| Err(DeliveryError::NotRunning)))).await;
    let consumer = Consumer::accepting();
    drain(&mut city.dispatcher(&consumer)).await;
    assert_eq!(scheduled(&consumer), [FIRST]);
    assert_eq!(consumer.seen.lock()[0].1.attempt, 1);
}
