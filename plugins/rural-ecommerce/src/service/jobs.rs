//! What runs by the clock.

use super::access::known;
use crate::domain::batch::{Batch, State};
use crate::domain::listing;
use crate::domain::machine::Machine;
use crate::domain::time::Date;
use crate::store::{BATCHES_BY_STATE, LISTINGS_BY_BATCH};
use serde_json::json;
use yunlong_sdk::{Failure, Tx, t};

/// Batches of one run.
const PAGE: u32 = 500;

/// Runs a job of `app.toml`.
///
/// # Errors
/// [`Failure`].
pub fn run(job: &str, scheduled: u64, tx: &Tx<'_>) -> Result<(), Failure> {
    match job {
        "expire-batches" => expire(Date::at(i64::try_from(scheduled).unwrap_or(i64::MAX)), tx),
        // `app.toml` and the code disagree: trying again would not help.
        other => Err(Failure::Reject(format!("no such job: {other}"))),
    }
}

/// Marks the batches whose last day is over, and takes their listings off sale. Nothing depends on it:
/// that a batch is live is looked at whenever something is bought.
fn expire(today: Date, tx: &Tx<'_>) -> Result<(), Failure> {
    let now = today.start();
    let mut after: Option<String> = None;
    loop {
        let page = known(tx.find(BATCHES_BY_STATE.equals(State::Passed.code()).limit(PAGE).after(after)).map(Some))?;
        let Some(page) = page else { return Ok(()) };
        for mut b in page.items.into_iter().map(|b| b.value) {
            if b.best_before.is_some_and(|last| last < today) {
                b.state = State::Expired;
                tx.put(&b)?;
                withdraw(&b, now, tx)?;
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn withdraw(b: &Batch, now: i64, tx: &Tx<'_>) -> Result<(), Failure> {
    for mut l in tx.find(LISTINGS_BY_BATCH.equals(b.id.as_str()).limit(100))?.into_iter().map(|l| l.value) {
        if l.state == listing::State::OnSale {
            let reason = Some(t("批次已过保质期", "The batch is past its last day"));
            l.withdraw(reason, now).map_err(|e| Failure::Reject(e.to_string()))?;
            tx.put(&l)?;
            tx.audit("listing.expire", &l.id, &json!({"batch": b.id}))?;
        }
    }
    Ok(())
}
