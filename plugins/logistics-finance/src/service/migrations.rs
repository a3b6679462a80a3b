//! Data of earlier versions. Schema 2 finds what waits by indexes over fields that rows of schema 1 do not have: such a
//! row is in no list until it is written again, which happens here.

use crate::domain::alert::Alert;
use crate::domain::freight::FreightOrder;
use crate::domain::ledger::{Entry, Kind};
use crate::domain::loan::{Disbursement, Loan};
use crate::domain::pledge::Pledge;
use crate::domain::receipt::Receipt;
use crate::store::{by, load_deal};
use yunlong_sdk::{DataError, Document, Progress, Query, Stored, Tx};

/// Rows of one batch: each may read some more.
const BATCH: u32 = 100;

/// Rows that a batch has gone through, and where the next one begins in the same collection.
type Batch = (u64, Option<String>);

/// Goes through a page of a collection behind a cursor.
type Pass = fn(&Tx<'_>, Option<&str>) -> Result<Batch, DataError>;

/// The collections, one after the other.
const COLLECTIONS: [Pass; 5] = [
    |tx, after| rewrite(tx, after, warehouse_of_pledge),
    |tx, after| rewrite(tx, after, bank_of_alert),
    |tx, after| rewrite(tx, after, carrier_of_order),
    |tx, after| rewrite(tx, after, number_of_entry),
    |tx, after| rewrite(tx, after, goods_of_loan),
];

/// Brings a batch of rows to schema 2. What has its fields already stays as it is.
///
/// # Errors
/// A text for the department.
pub fn migrate(cursor: Option<&str>, tx: &Tx<'_>) -> Result<Progress, String> {
    let (done, at) = Progress::resume(cursor)?;
    let (collection, after) = at.and_then(|at| at.split_once('/')).unwrap_or(("0", ""));
    let collection: usize = collection.parse().map_err(|_| format!("`{collection}` is no collection"))?;
    let Some(batch) = COLLECTIONS.get(collection) else { return Ok(Progress::after(done, None)) };
    let (rows, next) = batch(tx, Some(after).filter(|a| !a.is_empty())).map_err(|e| e.to_string())?;
    let next = match next {
        Some(after) => Some(format!("{collection}/{after}")),
        None => (collection + 1 < COLLECTIONS.len()).then(|| format!("{}/", collection + 1)),
    };
    Ok(Progress::after(done + rows, next))
}

/// Goes through a page of rows, and writes those that change.
fn rewrite<T: Document + Clone>(
    tx: &Tx<'_>,
    after: Option<&str>,
    change: fn(&Tx<'_>, T) -> Result<Option<T>, DataError>,
) -> Result<Batch, DataError> {
    let page = tx.find::<T>(Query::by_id().limit(BATCH).after(after.map(str::to_owned)))?;
    let rows = page.items.len() as u64;
    for row in page.items {
        if let Some(changed) = change(tx, row.into_value())? {
            tx.put(&changed)?;
        }
    }
    Ok((rows, page.next))
}

/// Pledges are found by their warehouse.
fn warehouse_of_pledge(tx: &Tx<'_>, pledge: Pledge) -> Result<Option<Pledge>, DataError> {
    if !pledge.warehouse.is_empty() {
        return Ok(None);
    }
    let receipt = tx.get::<Receipt>(&pledge.receipt)?.map(Stored::into_value);
    Ok(receipt.map(|r| Pledge { warehouse: r.warehouse, ..pledge }))
}

/// Alerts that nobody has seen are found by their bank.
fn bank_of_alert(_: &Tx<'_>, alert: Alert) -> Result<Option<Alert>, DataError> {
    let lost = alert.unseen.is_none() && alert.seen_by.is_none();
    Ok(lost.then(|| Alert { unseen: Some(alert.bank.clone()), ..alert }))
}

/// Orders that wait for a waybill are found by their carrier.
fn carrier_of_order(_: &Tx<'_>, order: FreightOrder) -> Result<Option<FreightOrder>, DataError> {
    let lost = order.open.is_none() && order.waybill.is_none();
    Ok(lost.then(|| FreightOrder { open: Some(order.carrier.clone()), ..order }))
}

/// Entries of money that moved are found by the bank's number, which stands in the loan or is the entry's own. A number
/// that was used twice while nothing forbade it stays with the entry that has it.
fn number_of_entry(tx: &Tx<'_>, entry: Entry) -> Result<Option<Entry>, DataError> {
    if entry.number().is_some() {
        return Ok(None);
    }
    let number = match entry.kind() {
        Kind::Accrual | Kind::WriteOff => None,
        Kind::Repayment | Kind::Proceeds => Some(entry.reference().to_owned()),
        Kind::Disbursement => {
            let payment = tx.get::<Loan>(entry.loan())?.and_then(|l| l.into_value().disbursement);
            payment.filter(|d: &Disbursement| d.reference == entry.reference()).and_then(|d| d.bank_reference)
        }
    };
    let Some(number) = number else { return Ok(None) };
    let taken = tx.find(by::ENTRY_NUMBER.equals(entry.bank()).equals(number.as_str()).limit(1))?;
    Ok(taken.items.is_empty().then(|| entry.numbered(&number)))
}

/// Loans that are over are found while they hold goods.
fn goods_of_loan(tx: &Tx<'_>, loan: Loan) -> Result<Option<Loan>, DataError> {
    if loan.held_since.is_some() || loan.state.is_open() {
        return Ok(None);
    }
    let over = loan.history.last().map_or(loan.created_at, |p| p.at);
    let Some(mut deal) = load_deal(tx, &loan.id)? else { return Ok(None) };
    deal.note_held(over);
    Ok(deal.loan.held_since.is_some().then_some(deal.loan))
}
