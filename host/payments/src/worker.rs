//! The worker: takes staged commands after their commit and gives them to the provider.

use crate::intent::Intent;
use crate::provider::{Charge, ProviderError, RefundOrder};
use crate::service::Refused;
use crate::{Payments, keys};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use yunlong_model::Timestamp;
use yunlong_store::{Direction, Key, StoreError, transact};

/// Orders given to providers at once.
const CONCURRENT: usize = 32;
/// Commands read at once.
const BATCH: usize = 512;

/// What a provider is to be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Command {
    intent: String,
    provider: String,
    order: Order,
    tries: u32,
    due: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Order {
    Charge { attempt: u32, amount: u64, behaviour: crate::Behaviour },
    Refund { reference: String, amount: u64, behaviour: crate::Behaviour },
}

impl Command {
    pub(crate) fn charge(intent: &Intent) -> Self {
        let order = Order::Charge { attempt: intent.attempt, amount: intent.amount, behaviour: intent.behaviour };
        Self { intent: intent.id.clone(), provider: intent.provider.clone(), order, tries: 0, due: Timestamp(0) }
    }

    pub(crate) fn refund(intent: &Intent, reference: &str) -> Self {
        let amount = intent.refunds.get(reference).map_or(0, |r| r.amount);
        let order = Order::Refund { reference: reference.to_owned(), amount, behaviour: intent.behaviour };
        Self { intent: intent.id.clone(), provider: intent.provider.clone(), order, tries: 0, due: Timestamp(0) }
    }
}

impl Payments {
    /// Does all that is due once. Answers when something will next be due, if anything waits.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn poll_once(&self) -> Result<Option<Timestamp>, StoreError> {
        let now = self.clock.now();
        let mut next: Option<Timestamp> = None;
        let rows = self.store.scan(&keys::commands().children(), Direction::Ascending, BATCH).await?;
        let full = rows.len() == BATCH;
        let mut due = Vec::new();
        for row in rows {
            let command: Command = yunlong_store::txn::from_json(&row.key, &row.value)?;
            if command.due <= now {
                due.push((row.key, command));
            } else {
                next = Some(next.map_or(command.due, |n| n.min(command.due)));
            }
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
        for provider in &self.providers {
            if let Some(at) = provider.poll().await {
                next = Some(next.map_or(at, |n| n.min(at)));
            }
        }
        Ok(if full { Some(now) } else { next })
    }

    async fn execute(&self, key: Key, mut command: Command) -> Result<(), Refused> {
        let answer = match self.provider(&command.provider) {
            None => Err(ProviderError::Unavailable(format!("there is no provider `{}`", command.provider))),
            Some(provider) => match &command.order {
                Order::Charge { attempt, amount, behaviour } => {
                    let intent = command.intent.clone();
                    provider.charge(&Charge { intent, attempt: *attempt, amount: *amount, behaviour: *behaviour }).await
                }
                Order::Refund { reference, amount, behaviour } => {
                    let (intent, reference) = (command.intent.clone(), reference.clone());
                    provider.refund(&RefundOrder { intent, reference, amount: *amount, behaviour: *behaviour }).await
                }
            },
        };
        if let Err(ProviderError::Unavailable(why)) = &answer {
            command.tries += 1;
            // 0.4 s, 0.8 s … 7 min: an order whose outcome is unknown is never given up.
            command.due = self.clock.now().plus_millis(200 << command.tries.min(11));
            tracing::warn!(
                provider = command.provider,
                tries = command.tries,
                why,
                "the payment provider is not reached"
            );
        }
        transact!(&self.store, |txn| {
            match &answer {
                Err(ProviderError::Unavailable(_)) => txn.put_as(key.clone(), &command),
                Ok(()) => txn.delete(key.clone()),
                Err(ProviderError::Refused(why)) => {
                    txn.delete(key.clone());
                    let Some(mut intent) = txn.get_as::<Intent>(&keys::intent(&command.intent)).await? else {
                        return Ok(());
                    };
                    match &command.order {
                        Order::Charge { attempt, .. } => self.charged(txn, &mut intent, *attempt, Some(why))?,
                        Order::Refund { reference, .. } => self.returned(txn, &mut intent, reference, Some(why))?,
                    }
                }
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
