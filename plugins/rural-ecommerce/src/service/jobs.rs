//! What runs by the clock.

use crate::domain::batch::{Batch, State};
use crate::domain::listing;
use crate::domain::machine::Machine;
use crate::domain::time::Date;
use crate::store::{BATCHES_BY_LAST_DAY, LISTINGS_BY_BATCH, every};
use serde_json::json;
use yunlong_sdk::{Failure, Tx, t};

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
    // A batch without a last day stands before every date.
    let over = BATCHES_BY_LAST_DAY.equals(State::Passed.code()).at_least("0").below(today.to_string());
    for mut b in every(|q| tx.find(q), &over)? {
        b.state = State::Expired;
        tx.put(&b)?;
        withdraw(&b, today.start(), tx)?;
    }
    Ok(())
}

fn withdraw(b: &Batch, now: i64, tx: &Tx<'_>) -> Result<(), Failure> {
    for mut l in every(|q| tx.find(q), &LISTINGS_BY_BATCH.equals(b.id.as_str()))? {
        if l.state == listing::State::OnSale {
            let reason = Some(t("批次已过保质期", "The batch is past its last day"));
            l.withdraw(reason, now).map_err(|e| Failure::Reject(e.to_string()))?;
            tx.put(&l)?;
            tx.audit("listing.expire", &l.id, &json!({"batch": b.id}))?;
        }
    }
    Ok(())
}
