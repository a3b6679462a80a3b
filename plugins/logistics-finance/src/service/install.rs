//! First data of an installation.

use super::{Refusal, keys, now, signed};
use crate::domain::keys::hmac_sha256;
use crate::domain::sample::{self, STORIES, Setting, TRADES};
use crate::domain::sensor;
use crate::policy;
use crate::store::{Party, PastQuote, SAMPLE, SAMPLE_LOADED, WAREHOUSES, stage_deal};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use yunlong_sdk::{DataError, Failure, Outgoing, Query, Tx, data};

/// Stories of one message: each writes some dozens of rows and signs a receipt or two.
const PART: u64 = 8;

/// Which part of the sample is loaded next.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    /// From which of its things.
    pub(crate) from: u64,
}

/// Begins to load the sample, if the department wants it: the rest comes by messages, since it is more than one call may
/// write.
///
/// # Errors
/// A text for the operator.
pub fn install(tx: &Tx<'_>) -> Result<(), String> {
    if policy::sample().map_err(|e| e.to_string())? {
        tx.publish(&Outgoing::new(SAMPLE, &Part { from: 0 }).key("sample")).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The data can be read.
///
/// # Errors
/// A text for the operator.
pub fn health() -> Result<(), String> {
    WAREHOUSES.find(Query::by_id().limit(1)).map(|_| ()).map_err(|e| e.to_string())
}

/// Loads a part of the sample, and asks for the next.
///
/// # Errors
/// [`Failure`].
pub(crate) fn load(part: &Part, tx: &Tx<'_>) -> Result<(), Failure> {
    let now = now();
    if part.from == 0 {
        grounds(tx, now)?;
    }
    let to = (part.from + PART).min(STORIES + TRADES);
    for n in part.from..to {
        match n.checked_sub(STORIES) {
            None => told(tx, n, now)?,
            Some(n) => traded(tx, n, now)?,
        }
    }
    tx.adjust(SAMPLE_LOADED, "all", i64::try_from(to - part.from).unwrap_or(0), 0..=i64::MAX)?;
    if to == STORIES + TRADES {
        watched(tx, now)?;
    } else {
        tx.publish(&Outgoing::new(SAMPLE, &Part { from: to }).key("sample"))?;
    }
    Ok(())
}

/// How much of the sample is loaded, of how much: for a progress bar. Nothing of it is asked for where the department
/// does not want it.
///
/// # Errors
/// An error of the data service.
pub fn progress() -> Result<(u64, u64), DataError> {
    let loaded = data::counter(SAMPLE_LOADED, "all")?;
    Ok((u64::try_from(loaded).unwrap_or(0), STORIES + TRADES))
}

fn never(e: impl std::fmt::Display) -> Failure {
    Failure::Reject(format!("the sample: {e}"))
}

/// Warehouses, prices, files.
fn grounds(tx: &Tx<'_>, now: i64) -> Result<(), Failure> {
    for warehouse in sample::warehouses(now) {
        tx.put(&warehouse)?;
    }
    for (code, name) in sample::parties() {
        tx.put(&Party { id: code.to_owned(), name: Some(name.to_owned()), asked_at: now })?;
    }
    for quote in sample::quotes(now) {
        tx.put(&PastQuote(quote.entry()))?;
        // The last one of its goods stays as the latest.
        tx.put(&quote)?;
    }
    for (file, consent) in sample::files(now) {
        tx.put(&file)?;
        tx.put(&consent)?;
    }
    Ok(())
}

fn told(tx: &Tx<'_>, n: u64, now: i64) -> Result<(), Failure> {
    let terms = policy::terms(90).map_err(never)?;
    let (limits, calendar) = (policy::limits().map_err(never)?, policy::calendar().map_err(never)?);
    let margin_days = policy::margin_days().map_err(never)?;
    let setting = Setting { terms, limits, margin_days, calendar: &calendar, now };
    let story = sample::story(n, &setting).map_err(never)?;
    tx.put(&story.lot)?;
    if let Some(mut receipt) = story.receipt {
        signed(&mut receipt)?;
        tx.put(&receipt)?;
    }
    if let Some(mut deal) = story.deal {
        stage_deal::<Refusal>(tx, None, &mut deal, story.effects, signed)?;
    }
    // They stand on the bank's list. Nobody is told again of what is long known, least of all other departments.
    for alert in &story.alerts {
        tx.put(alert)?;
    }
    Ok(())
}

/// The gates, with readings that they have signed.
fn watched(tx: &Tx<'_>, now: i64) -> Result<(), Failure> {
    for mut watch in sample::watches(now) {
        let secret = keys().device_secret(&watch.device.id, watch.device.generation);
        for event in &mut watch.events {
            let mac = hmac_sha256(&secret, sensor::text(&event.reading).as_bytes());
            event.reading.signature = HEXLOWER.encode(&mac);
            tx.put(&*event)?;
        }
        tx.put(&watch.device)?;
    }
    Ok(())
}

fn traded(tx: &Tx<'_>, n: u64, now: i64) -> Result<(), Failure> {
    let trade = sample::trade(n, now).map_err(never)?;
    let (lot, mut receipt) = sample::stored(n, &trade, now).map_err(never)?;
    signed(&mut receipt)?;
    tx.put(&lot)?;
    tx.put(&receipt)?;
    tx.put(&trade.freight)?;
    tx.put(&trade.waybill)?;
    tx.put(&trade.flow)?;
    Ok(())
}
