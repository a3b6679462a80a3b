use crate::support::{City, Consumer, START, drain, name};
use std::sync::Arc;
use yunlong_messaging::{Config, DeliveryError, Kind, MessagingError, RetryPolicy, RunOutcome};
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
    city.redrive(&shop(), &letters[0].id).await.unwrap();
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

/// The outcomes of the last runs, newest first.
async fn outcomes(city: &City) -> Vec<(u32, RunOutcome)> {
    let runs = city.messaging.job_runs(&shop(), "sweep", 50).await.unwrap();
    runs.into_iter().map(|r| (r.attempt, r.outcome)).collect()
}

#[tokio::test]
async fn each_run_leaves_its_start_end_attempt_and_outcome() {
    let policy = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
    let city = City::with(Config { retry: policy, ..Config::default() });
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.clock.advance(100_000);
    drain(&mut city.dispatcher(&Consumer::accepting())).await;
    city.clock.advance(FIVE_MINUTES);
    let failing = Consumer::new(|_, _| Err(DeliveryError::Retry("out of paper".into())));
    let mut dispatcher = city.dispatcher(&failing);
    drain(&mut dispatcher).await;
    city.clock.advance(10_000);
    drain(&mut dispatcher).await;
    assert_eq!(outcomes(&city).await, [(2, RunOutcome::GivenUp), (1, RunOutcome::Failed), (1, RunOutcome::Done)]);
    let runs = city.messaging.job_runs(&shop(), "sweep", 50).await.unwrap();
    assert_eq!((runs[0].error.as_deref(), runs[2].error.as_deref()), (Some("out of paper"), None));
    assert_eq!((runs[2].scheduled, runs[2].started, runs[2].by.as_deref()), (FIRST, FIRST, None));
    let state = city.messaging.jobs(&shop()).await.unwrap().remove(0);
    assert_eq!(
        (state.failures, state.running_since, state.last.map(|r| r.outcome)),
        (0, None, Some(RunOutcome::GivenUp))
    );
}

#[tokio::test]
async fn fifty_runs_are_kept() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.clock.advance(100_000);
    let mut dispatcher = city.dispatcher(&Consumer::accepting());
    for _ in 0..60 {
        drain(&mut dispatcher).await;
        city.clock.advance(FIVE_MINUTES);
    }
    let runs = city.messaging.job_runs(&shop(), "sweep", 1_000).await.unwrap();
    assert_eq!(runs.len(), 50);
    assert_eq!(runs[0].scheduled, FIRST.plus_millis(59 * FIVE_MINUTES));
}

/// A consumer that is killed in the middle of its first run.
fn killed() -> (Arc<Consumer>, Arc<tokio::sync::Notify>) {
    let (reached, told) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let tell = told.clone();
    let consumer = Consumer::waiting(reached, move || tell.notify_one());
    (consumer, told)
}

#[tokio::test]
async fn a_run_that_was_killed_is_run_again_and_the_history_says_so() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.clock.advance(100_000);
    let (hanging, reached) = killed();
    let mut first = city.dispatcher(&hanging);
    tokio::select! {
        _ = first.poll_once() => panic!("the run should hang"),
        () = reached.notified() => {}
    }
    let state = city.messaging.jobs(&shop()).await.unwrap().remove(0);
    assert_eq!(state.running_since, Some(FIRST));
    let busy = city.run_job("sweep").await;
    assert!(matches!(busy, Err(MessagingError::JobRuns(_))), "{busy:?}");
    drop(first);
    // Its claim stands for a while: another dispatcher leaves it alone.
    let accepting = Consumer::accepting();
    let mut second = city.dispatcher(&accepting);
    drain(&mut second).await;
    assert_eq!(accepting.count(), 0);
    city.clock.advance(15_000);
    drain(&mut second).await;
    assert_eq!(accepting.seen.lock().iter().map(|(_, d)| d.attempt).collect::<Vec<_>>(), [2]);
    assert_eq!(outcomes(&city).await, [(2, RunOutcome::Done), (1, RunOutcome::Lost)]);
    assert_eq!(next(&city).await, Some(FIRST.plus_millis(FIVE_MINUTES)));
}

#[tokio::test]
async fn a_run_that_was_thought_lost_and_still_ends_commits_nothing() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.clock.advance(100_000);
    let go_on = Arc::new(tokio::sync::Notify::new());
    let reached = Arc::new(tokio::sync::Notify::new());
    let tell = reached.clone();
    let slow = Consumer::waiting(go_on.clone(), move || tell.notify_one());
    let mut first = city.dispatcher(&slow);
    let first = tokio::spawn(async move { first.poll_once().await });
    reached.notified().await;
    // Its beat stops for as long as a machine may stand still; another process takes over.
    city.clock.advance(15_001);
    let accepting = Consumer::accepting();
    drain(&mut city.dispatcher(&accepting)).await;
    assert_eq!(accepting.count(), 1);
    go_on.notify_one();
    first.await.unwrap().unwrap();
    assert_eq!(outcomes(&city).await, [(2, RunOutcome::Done), (1, RunOutcome::Lost)], "one run, not two");
}

#[tokio::test]
async fn a_job_that_brings_the_platform_down_every_time_is_given_up() {
    let policy = RetryPolicy { attempts: 3, ..RetryPolicy::default() };
    let city = City::with(Config { retry: policy, ..Config::default() });
    schedule(&city, &[job("0 * * * *")]).await.unwrap();
    let due = next(&city).await.unwrap();
    city.clock.advance(due.0 - START.0);
    for _ in 0..3 {
        let (hanging, reached) = killed();
        let mut dispatcher = city.dispatcher(&hanging);
        tokio::select! {
            _ = dispatcher.poll_once() => panic!("the run should hang"),
            () = reached.notified() => {}
        }
        drop(dispatcher);
        city.clock.advance(15_000);
    }
    let accepting = Consumer::accepting();
    drain(&mut city.dispatcher(&accepting)).await;
    assert_eq!(accepting.count(), 0);
    let letters = city.messaging.dead_letters(&shop(), None, 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].failures.len()), (1, 3));
    assert_eq!(next(&city).await, Some(due.plus_millis(3_600_000)));
}

#[tokio::test]
async fn a_job_runs_when_somebody_asks_and_its_schedule_stays() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    let consumer = Consumer::accepting();
    let mut dispatcher = city.dispatcher(&consumer);
    drain(&mut dispatcher).await;
    city.run_job("sweep").await.unwrap();
    drain(&mut dispatcher).await;
    assert_eq!(scheduled(&consumer), [START]);
    assert_eq!(next(&city).await, Some(FIRST));
    let runs = city.messaging.job_runs(&shop(), "sweep", 1).await.unwrap();
    assert_eq!(runs[0].by.as_deref(), Some("city-admin"));
    let unknown = city.run_job("nothing").await;
    assert_eq!(unknown, Err(MessagingError::UnknownJob("nothing".into())));
}

#[tokio::test]
async fn a_job_that_waits_after_a_failure_runs_at_once_when_somebody_asks() {
    let policy = RetryPolicy { first_millis: 600_000, ..RetryPolicy::default() };
    let city = City::with(Config { retry: policy, ..Config::default() });
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.clock.advance(100_000);
    let consumer =
        Consumer::new(|_, d| if d.attempt < 4 { Err(DeliveryError::Retry("no paper".into())) } else { Ok(()) });
    let mut dispatcher = city.dispatcher(&consumer);
    drain(&mut dispatcher).await;
    assert_eq!(consumer.count(), 1);
    for asked in 2..=4 {
        city.clock.advance(1);
        drain(&mut dispatcher).await;
        assert_eq!(consumer.count(), asked - 1, "it waits");
        city.run_job("sweep").await.unwrap();
        drain(&mut dispatcher).await;
        assert_eq!(consumer.count(), asked, "it was asked for once and ran once");
    }
    assert_eq!(outcomes(&city).await[0], (4, RunOutcome::Done));
}

#[tokio::test]
async fn a_paused_job_runs_only_when_asked_and_goes_on_from_its_next_time() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    let consumer = Consumer::accepting();
    let mut dispatcher = city.dispatcher(&consumer);
    drain(&mut dispatcher).await;
    city.pause_job("sweep").await.unwrap();
    city.clock.advance(100_000 + FIVE_MINUTES);
    drain(&mut dispatcher).await;
    assert_eq!(consumer.count(), 0);
    let state = city.messaging.jobs(&shop()).await.unwrap().remove(0);
    assert_eq!((state.next, state.paused_by.as_deref()), (None, Some("city-admin")));
    // A start of the installation does not end the pause.
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.run_job("sweep").await.unwrap();
    drain(&mut dispatcher).await;
    assert_eq!(consumer.count(), 1);
    city.clock.advance(3 * FIVE_MINUTES);
    city.resume_job("sweep").await.unwrap();
    drain(&mut dispatcher).await;
    assert_eq!(consumer.count(), 1, "what it missed is not run");
    assert_eq!(next(&city).await, Some(FIRST.plus_millis(5 * FIVE_MINUTES)));
    city.clock.advance(FIVE_MINUTES);
    drain(&mut dispatcher).await;
    assert_eq!(consumer.count(), 2);
}

#[tokio::test]
async fn pausing_while_a_job_runs_undoes_nothing_of_the_run() {
    let city = City::new();
    schedule(&city, &[job("*/5 * * * *")]).await.unwrap();
    city.clock.advance(100_000);
    let (go_on, reached) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let tell = reached.clone();
    let slow = Consumer::waiting(go_on.clone(), move || tell.notify_one());
    let mut dispatcher = city.dispatcher(&slow);
    let running = tokio::spawn(async move { dispatcher.poll_once().await });
    reached.notified().await;
    city.pause_job("sweep").await.unwrap();
    let soon = std::time::Duration::from_millis(20);
    assert!(!city.messaging.idle(&shop(), soon).await && city.messaging.idle(&name("gate"), soon).await);
    go_on.notify_one();
    assert!(city.messaging.idle(&shop(), std::time::Duration::from_secs(10)).await);
    running.await.unwrap().unwrap();
    assert_eq!(outcomes(&city).await, [(1, RunOutcome::Done)]);
    assert_eq!(slow.count(), 1);
}
