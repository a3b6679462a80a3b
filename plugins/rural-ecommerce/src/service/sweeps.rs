//! Work that goes on a page at a time: what a bad batch means for listings and orders, and what a
//! failed group means for those who paid.
//!
//! Each page publishes the next with its commit: whatever is killed when, every listing and order is
//! met, and one that is met twice is as it should be already.

use super::now;
use crate::domain::batch::{Batch, State};
use crate::domain::group::GroupBuy;
use crate::domain::listing::Listing;
use crate::domain::order::Order;
use crate::store::{
    BATCH_FAILED, BATCH_SWEEP, BatchOrder, GROUP_SWEEP, LISTINGS_BY_BATCH, ORDERS_BY_GROUP, StageError, stage,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use yunlong_sdk::{Failure, Outgoing, Query, Text, Tx};

/// Orders or listings of one delivery: some hundred host calls.
const PAGE: u32 = 40;

/// What of a batch is gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum What {
    /// Its listings go off sale.
    Listings,
    /// What was paid and not sent is refunded.
    Orders,
}

/// The event by which the work on a batch goes on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BatchSweep {
    trace_code: String,
    what: What,
    #[serde(default)]
    after: Option<String>,
}

/// The event by which the work on a group goes on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct GroupSweep {
    group: String,
    #[serde(default)]
    after: Option<String>,
}

/// The event by which every department hears of a bad batch.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BatchFailed {
    trace_code: String,
    reason: Text,
    at: i64,
}

/// Makes a batch bad: from this commit on nothing of it can be bought here, its first listings are off
/// sale, and the others, the paid orders and the other departments follow by message.
pub(super) fn make_bad(tx: &Tx<'_>, b: &mut Batch, to: State, reason: Text, now: i64) -> Result<(), StageError> {
    b.state = to;
    b.reason = Some(reason.clone());
    b.failed_at = Some(now);
    tx.put(b)?;
    let event = BatchFailed { trace_code: b.id.clone(), reason, at: now };
    tx.publish(&Outgoing::new(BATCH_FAILED, &event).subject(&b.id).key(&b.id).once(&b.id))?;
    listings(tx, &b.id, b.reason.clone().unwrap_or_default(), None, now)
}

/// Every department is told of a bad batch, this one too: its listings here go off sale, and what was
/// paid and not sent goes back. A batch that is not known here yet is remembered as bad.
pub(super) fn batch_failed(event: &BatchFailed, tx: &Tx<'_>) -> Result<(), Failure> {
    let now = now();
    let Some(code) = crate::domain::batch::trace_code(&event.trace_code) else {
        return Err(Failure::Reject(format!("`{}` is no trace code", event.trace_code)));
    };
    match tx.get::<Batch>(&code)?.map(|b| b.value) {
        Some(b) if b.is_bad() => {}
        Some(mut b) => {
            b.state = State::Recalled;
            b.reason = Some(event.reason.clone());
            b.failed_at = Some(event.at);
            tx.put(&b)?;
        }
        None => tx.put(&remembered(&code, event, now))?,
    }
    Ok(sweep_on(tx, code, What::Listings, None)?)
}

/// A batch that is known by its recall alone.
fn remembered(code: &str, event: &BatchFailed, now: i64) -> Batch {
    let day = crate::domain::time::Date::at(event.at);
    Batch {
        id: code.to_owned(),
        store: String::new(),
        goods: yunlong_sdk::t("其他部门登记的批次", "A batch that another department registered"),
        origin: crate::domain::division::CITY.to_owned(),
        harvest: day,
        best_before: None,
        kilograms: 0,
        state: State::Recalled,
        tests: Vec::new(),
        reason: Some(event.reason.clone()),
        failed_at: Some(event.at),
        created_at: now,
    }
}

fn sweep_on(tx: &Tx<'_>, trace_code: String, what: What, after: Option<String>) -> Result<(), StageError> {
    let sweep = BatchSweep { trace_code, what, after };
    tx.publish(&Outgoing::new(BATCH_SWEEP, &sweep).subject(&sweep.trace_code).key(&sweep.trace_code))?;
    Ok(())
}

/// Goes through one page.
pub(super) fn batch(work: &BatchSweep, tx: &Tx<'_>) -> Result<(), Failure> {
    let now = now();
    let b = tx.get::<Batch>(&work.trace_code)?.map(|b| b.value);
    let Some(b) = b.filter(Batch::is_bad) else {
        return Err(Failure::Reject(format!("the batch {} is not bad", work.trace_code)));
    };
    match work.what {
        What::Listings => {
            listings(tx, &b.id, b.reason.clone().unwrap_or_default(), work.after.clone(), now)?;
        }
        What::Orders => orders(tx, &b.id, work.after.clone(), now)?,
    }
    Ok(())
}

fn listings(tx: &Tx<'_>, code: &str, reason: Text, after: Option<String>, now: i64) -> Result<(), StageError> {
    let page = tx.find(LISTINGS_BY_BATCH.equals(code).limit(PAGE).after(after))?;
    for mut l in page.items.into_iter().map(|l| l.value) {
        if Listing::recall(&mut l, reason.clone(), now) {
            tx.put(&l)?;
            tx.audit("listing.recall", &l.id, &json!({"batch": code}))?;
        }
    }
    let what = if page.next.is_some() { What::Listings } else { What::Orders };
    sweep_on(tx, code.to_owned(), what, page.next)
}

fn orders(tx: &Tx<'_>, code: &str, after: Option<String>, now: i64) -> Result<(), Failure> {
    // `0` follows `/`: every row of the batch stands below.
    let rows = Query::<BatchOrder>::by_id().at_least(format!("{code}/")).below(format!("{code}0"));
    let page = tx.find(rows.limit(PAGE).after(after))?;
    for row in &page.items {
        let Some(mut order) = tx.get::<Order>(&row.order)?.map(|o| o.value) else { continue };
        let before = order.clone();
        let effects = order.batch_failed(code, now).map_err(|e| Failure::Reject(e.to_string()))?;
        if order != before {
            stage(tx, &mut order, effects, false, now)?;
            tx.audit("order.batch-failed", &order.id, &json!({"batch": code}))?;
        }
    }
    if page.next.is_some() {
        sweep_on(tx, code.to_owned(), What::Orders, page.next)?;
    }
    Ok(())
}

/// Ends a group buy whose time is over: with too few, everybody's money goes back.
pub(super) fn group_due(id: &str, tx: &Tx<'_>) -> Result<(), Failure> {
    let found = tx.get::<GroupBuy>(id)?.map(|g| g.value);
    let mut group = found.ok_or_else(|| Failure::Reject(format!("there is no group {id}")))?;
    if group.end() {
        tx.put(&group)?;
        tx.audit("group.fail", id, &json!({"paid": group.paid, "minimum": group.minimum}))?;
        group_on(tx, id, None)?;
    }
    Ok(())
}

fn group_on(tx: &Tx<'_>, group: &str, after: Option<String>) -> Result<(), StageError> {
    let sweep = GroupSweep { group: group.to_owned(), after };
    tx.publish(&Outgoing::new(GROUP_SWEEP, &sweep).subject(group).key(group))?;
    Ok(())
}

/// Refunds one page of a failed group's orders.
pub(super) fn group(work: &GroupSweep, tx: &Tx<'_>) -> Result<(), Failure> {
    let now = now();
    let failed = tx.get::<GroupBuy>(&work.group)?.is_some_and(|g| g.state == crate::domain::group::State::Failed);
    if !failed {
        return Err(Failure::Reject(format!("the group {} has not failed", work.group)));
    }
    let page = tx.find(ORDERS_BY_GROUP.equals(work.group.as_str()).limit(PAGE).after(work.after.clone()))?;
    for mut order in page.items.into_iter().map(|o| o.value) {
        let before = order.clone();
        let effects = order.group_failed(now).map_err(|e| Failure::Reject(e.to_string()))?;
        if order != before {
            stage(tx, &mut order, effects, false, now)?;
        }
    }
    if page.next.is_some() {
        group_on(tx, &work.group, page.next)?;
    }
    Ok(())
}
