//! The worker: takes staged commands after their commit and gives them to the provider, and looks up
//! the outcomes that no callback told.

use crate::intent::Intent;
use crate::provider::{Charge, Order, ProviderError, RefundOrder, Standing};
use crate::service::Refused;
use crate::{Payments, keys};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use yunlong_model::Timestamp;
use yunlong_store::{Direction, Key, SharedStore, StoreError, Txn, transact};

/// Orders given to providers at once.
const CONCURRENT: usize = 32;
/// Commands read at once.
const BATCH: usize = 512;

/// A provider's outcome is looked up when no callback has come for this long: 1 minute, and then
/// after twice as long each time, at most an hour.
const LOOK_UP_AFTER_MILLIS: i64 = 60_000;
const LOOK_UP_SHIFT: u32 = 6;
/// How often orders without an outcome are gone through.
const LOOK_UP_EVERY_MILLIS: i64 = 5_000;

/// An order for a provider: first as a command, then as one whose outcome is awaited.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Command {
    provider: String,
    order: Order,
    tries: u32,
    /// When its outcome is looked up; a command is due as its key says.
    due: Timestamp,
}

impl Command {
    pub(crate) fn charge(intent: &Intent) -> Self {
        let order = Order::Charge(Charge {
            intent: intent.id.clone(),
            attempt: intent.attempt,
            amount: intent.amount,
            behaviour: intent.behaviour,
        });
        Self { provider: intent.provider.clone(), order, tries: 0, due: Timestamp(0) }
    }

    pub(crate) fn refund(intent: &Intent, reference: &str) -> Self {
        let order = Order::Refund(RefundOrder {
            intent: intent.id.clone(),
            reference: reference.to_owned(),
            amount: intent.refunds.get(reference).map_or(0, |r| r.amount),
            behaviour: intent.behaviour,
        });
        Self { provider: intent.provider.clone(), order, tries: 0, due: Timestamp(0) }
    }

    /// Awaiting its outcome, looked up at the earliest after a while.
    fn awaited(&self, now: Timestamp) -> Self {
        Self { tries: 0, due: now.plus_millis(LOOK_UP_AFTER_MILLIS), ..self.clone() }
    }
}

impl Payments {
    /// Does all that is due once. Answers when something will next be due, if anything waits.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn poll_once(&self) -> Result<Option<Timestamp>, StoreError> {
        let now = self.clock.now();
        let due = keys::until(&keys::commands(), now);
        let rows = self.store.scan(&due, Direction::Ascending, BATCH).await?;
        let full = rows.len() == BATCH;
        let mut next = next_due(&self.store, &keys::commands(), now).await?;
        let mut due = Vec::new();
        for row in rows {
            let command: Command = yunlong_store::txn::from_json(&row.key, &row.value)?;
            due.push((row.key, command));
        }
        let done: Vec<Result<(), Refused>> = futures::stream::iter(due)
            .map(|(key, c)| self.execute(key, c))
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        for Refused(e) in done.into_iter().filter_map(Result::err) {
            tracing::error!(error = %e, "a payment command could not be recorded; it is tried again");
            next = Some(now.plus_millis(1_000));
        }
        if self.next_look_up.load(Ordering::Relaxed) <= now.0 {
            self.next_look_up.store(now.plus_millis(LOOK_UP_EVERY_MILLIS).0, Ordering::Relaxed);
            self.look_up_open().await?;
        }
        for provider in &self.providers {
            if let Some(at) = provider.poll().await {
                next = Some(next.map_or(at, |n| n.min(at)));
            }
        }
        Ok(if full { Some(now) } else { next })
    }

    async fn order(&self, command: &Command) -> Result<(), ProviderError> {
        let Some(provider) = self.provider(&command.provider) else { return Err(no_provider(command)) };
        match &command.order {
            Order::Charge(charge) => provider.charge(charge).await,
            Order::Refund(refund) => provider.refund(refund).await,
        }
    }

    async fn execute(&self, key: Key, mut command: Command) -> Result<(), Refused> {
        let answer = self.order(&command).await;
        if let Err(ProviderError::Unavailable(why)) = &answer {
            command.tries = command.tries.saturating_add(1);
            tracing::warn!(
                provider = command.provider,
                tries = command.tries,
                why,
                "the payment provider is not reached"
            );
        }
        let awaited = command.awaited(self.clock.now());
        transact!(&self.store, |txn| {
            match &answer {
                Err(ProviderError::Unavailable(_)) => {
                    // 0.4 s, 0.8 s … 7 min: an order whose outcome is unknown is never given up.
                    let again = self.clock.now().plus_millis(200 << command.tries.min(11));
                    txn.delete(key.clone());
                    txn.append_as(keys::commands_due(again), &command);
                }
                Ok(()) => {
                    txn.delete(key.clone());
                    txn.put_as(command.order.open_key(), &awaited);
                }
                Err(ProviderError::Refused(why)) => {
                    txn.delete(key.clone());
                    self.settle(txn, &command.order, Some(why)).await?;
                }
            }
            Ok(())
        })
    }

    /// Writes an order's outcome down, whichever way it was learned.
    async fn settle(&self, txn: &mut Txn, order: &Order, failure: Option<&str>) -> Result<(), Refused> {
        txn.delete(order.open_key());
        let Some(mut intent) = txn.get_as::<Intent>(&keys::intent(order.intent())).await? else { return Ok(()) };
        match order {
            Order::Charge(c) => self.charged(txn, &mut intent, c.attempt, failure).await,
            Order::Refund(r) => self.returned(txn, &mut intent, &r.reference, failure).await,
        }
    }

    /// Looks up what became of orders whose callback has not come.
    async fn look_up_open(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut range = keys::open_orders().children();
        loop {
            let rows = self.store.scan(&range, Direction::Ascending, BATCH).await?;
            let Some(last) = rows.last().map(|r| r.key.clone()) else { return Ok(()) };
            let mut due = Vec::new();
            for row in rows {
                let command: Command = yunlong_store::txn::from_json(&row.key, &row.value)?;
                if command.due <= now {
                    due.push((row.key, command));
                }
            }
            let done: Vec<Result<(), Refused>> = futures::stream::iter(due)
                .map(|(key, c)| self.look_up(key, c))
                .buffer_unordered(CONCURRENT)
                .collect()
                .await;
            for Refused(e) in done.into_iter().filter_map(Result::err) {
                tracing::error!(error = %e, "an outcome could not be recorded; it is looked up again");
            }
            range.start = last.next();
        }
    }

    async fn look_up(&self, key: Key, mut command: Command) -> Result<(), Refused> {
        let standing = match self.provider(&command.provider) {
            None => Err(no_provider(&command)),
            Some(provider) => provider.look_up(&command.order).await,
        };
        let outcome = match standing {
            Ok(Standing::Settled { failure }) => Some(failure),
            Ok(Standing::Pending) => None,
            // It was lost on the way there: the same order again is the same order.
            Ok(Standing::Unknown) => match self.order(&command).await {
                Err(ProviderError::Refused(why)) => Some(Some(why)),
                Ok(()) | Err(ProviderError::Unavailable(_)) => None,
            },
            Err(ProviderError::Refused(why)) | Err(ProviderError::Unavailable(why)) => {
                tracing::warn!(provider = command.provider, why, "the payment provider does not tell an outcome");
                None
            }
        };
        command.tries = command.tries.saturating_add(1);
        command.due = self.clock.now().plus_millis(LOOK_UP_AFTER_MILLIS << command.tries.min(LOOK_UP_SHIFT));
        transact!(&self.store, |txn| {
            // The callback may have come meanwhile.
            if txn.get(&key).await?.is_none() {
                return Ok(());
            }
            match &outcome {
                None => txn.put_as(key.clone(), &command),
                Some(failure) => self.settle(txn, &command.order, failure.as_deref()).await?,
            }
            Ok(())
        })
    }

    /// Works until `shutdown` turns true: woken by commits and by what falls due.
    pub async fn run(self: Arc<Self>, mut shutdown: tokio::sync::watch::Receiver<bool>) {
        let mut commits = self.store.watch();
        let mut tidied = self.clock.now();
        while !*shutdown.borrow() {
            commits.borrow_and_update();
            let pause = match self.poll_once().await {
                Ok(Some(at)) => u64::try_from(at.0 - self.clock.now().0).unwrap_or(0).clamp(2, 1_000),
                Ok(None) => 1_000,
                Err(e) => {
                    tracing::error!(error = %e, "payments cannot read the store");
                    1_000
                }
            };
            if self.clock.now() > tidied.plus_millis(60_000) {
                tidied = self.clock.now();
                if let Err(e) = self.forget_nonces().await {
                    tracing::warn!(error = %e, "old nonces are not forgotten");
                }
            }
            tokio::select! {
                _ = shutdown.changed() => {}
                changed = commits.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            }
        }
    }
}

/// When the first row under `all` is due that is not due yet.
pub(crate) async fn next_due(store: &SharedStore, all: &Key, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let mut later = all.children();
    later.start = keys::until(all, now).end;
    let first = store.scan(&later, Direction::Ascending, 1).await?;
    Ok(first.first().and_then(|row| keys::due_of(&row.key)))
}

fn no_provider(command: &Command) -> ProviderError {
    ProviderError::Unavailable(format!("there is no provider `{}`", command.provider))
}
