//! Events: the app's own, which take it through many loans a page at a time, other apps' requests, and what the
//! register of legal entities says anew. The host commits what is staged together with the acknowledgment.

use super::borrowers::STANDING;
use super::{Refusal, now, parties, quotes, shipments, signed};
use crate::domain::alert::{self, Alert};
use crate::domain::borrower::Borrower;
use crate::domain::effect::Wake;
use crate::domain::loan::Loan;
use crate::domain::pledge;
use crate::policy;
use crate::store::{self, FREEZE, LOAN_WAKE, REVALUE, SAMPLE, SHIPMENT_REQUESTED, by, load_deal, stage_deal};
use serde::{Deserialize, Serialize};
use yunlong_sdk::base::legal_entities;
use yunlong_sdk::{Event, Failure, Outgoing, Tx};

/// The platform's topic about shared data, and who publishes it.
const HUB_CHANGED: &str = "city.hub.changed";
const HUB: &str = "/platform/hub";
/// Loans of one page: each reads and writes some dozens of documents.
const PAGE: u32 = 20;

#[derive(Deserialize)]
struct Woken {
    loan: String,
    what: Wake,
}

#[derive(Serialize, Deserialize)]
struct Revalue {
    goods: String,
    at: i64,
    after: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Freeze {
    borrower: String,
    reason: String,
    after: Option<String>,
}

/// The payload of `city.hub.changed`, as far as it is used here.
#[derive(Deserialize)]
struct Changed {
    purpose: String,
    reference: String,
    version: u64,
    fields: Vec<String>,
    ended: bool,
}

/// Handles an event.
///
/// # Errors
/// [`Failure`]: what cannot be handled becomes a dead letter and is not lost.
pub fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
    match event.topic.as_str() {
        LOAN_WAKE => woken(&event.json()?, tx),
        REVALUE => revalue(event.json()?, tx),
        FREEZE => freeze(event.json()?, tx),
        SAMPLE => super::install::load(&event.json()?, tx),
        SHIPMENT_REQUESTED => shipments::requested(event, tx),
        HUB_CHANGED if event.source == HUB => entity_changed(&event.json()?, tx),
        topic => Err(Failure::Reject(format!("nobody here consumes `{topic}`"))),
    }
}

fn config<T>(value: Result<T, yunlong_sdk::context::ConfigError>) -> Result<T, Failure> {
    value.map_err(|e| Failure::Retry(e.to_string()))
}

fn woken(woken: &Woken, tx: &Tx<'_>) -> Result<(), Failure> {
    let Some(mut deal) = load_deal(tx, &woken.loan)? else {
        return Err(Failure::Reject(format!("there is no loan {}", woken.loan)));
    };
    let (before, now) = (deal.clone(), now());
    let effects = match woken.what {
        Wake::Due => deal.fall_due(now),
        Wake::Disbursement => deal.ask_again(now),
        Wake::Margin => {
            // The price may have come back unheard: it is looked at once more before anything is sold.
            let (days, calendar) = (config(policy::margin_days())?, config(policy::calendar())?);
            let prices = quotes::of_pledges(tx, &deal.pledges)?;
            let mut effects = match deal.secured(&prices, u32::MAX, now) {
                Ok(value) => deal.revalue(&value, days, &calendar, now),
                Err(_) => Vec::new(),
            };
            effects.extend(deal.margin_ended(now));
            effects
        }
    };
    if deal != before || !effects.is_empty() {
        stage_deal::<Refusal>(tx, Some(&before), &mut deal, effects, signed)?;
    }
    Ok(())
}

/// Goes through the loans whose goods have a new price.
fn revalue(sweep: Revalue, tx: &Tx<'_>) -> Result<(), Failure> {
    let (days, calendar) = (config(policy::margin_days())?, config(policy::calendar())?);
    let registered = pledge::State::Registered.code();
    let query = by::PLEDGE_GOODS.equals(sweep.goods.as_str()).equals(registered).limit(PAGE);
    // By the loan that was the last of the page before: pledges that end meanwhile move no cursor.
    let query = match &sweep.after {
        Some(last) => query.above(last.as_str()),
        None => query,
    };
    let page = tx.find(query)?;
    let (more, now) = (page.next.is_some(), now());
    let mut loans: Vec<String> = page.items.iter().map(|p| p.loan.clone()).collect();
    loans.dedup();
    for id in &loans {
        let Some(mut deal) = load_deal(tx, id)? else { continue };
        let before = deal.clone();
        let prices = quotes::of_pledges(tx, &deal.pledges)?;
        let Ok(value) = deal.secured(&prices, u32::MAX, now) else { continue };
        let effects = deal.revalue(&value, days, &calendar, now);
        if deal != before || !effects.is_empty() {
            stage_deal::<Refusal>(tx, Some(&before), &mut deal, effects, signed)?;
        }
    }
    if more && let Some(last) = loans.pop() {
        let next = Revalue { after: Some(last), ..sweep };
        tx.publish(&Outgoing::new(REVALUE, &next).key(&next.goods))?;
    }
    Ok(())
}

/// A company of the register has changed: if it borrows here and is no longer what it was, its loans are frozen.
fn entity_changed(changed: &Changed, tx: &Tx<'_>) -> Result<(), Failure> {
    if changed.purpose == parties::NAMES {
        return parties::renamed(tx, &changed.reference);
    }
    if changed.purpose != STANDING {
        return Ok(());
    }
    let borrows = tx.find::<Loan>(by::LOAN_BORROWER.equals(changed.reference.as_str()).limit(1))?;
    if borrows.items.is_empty() {
        return Ok(());
    }
    // A message may be late: what the banks read when they opened their files, or something newer, is no change to them.
    let files = tx.find::<Borrower>(by::BORROWER_COMPANY.equals(changed.reference.as_str()).limit(PAGE))?;
    if !files.items.is_empty() && files.items.iter().all(|f| f.value.version >= changed.version) {
        return Ok(());
    }
    let reason = if changed.ended {
        Some("registration-ended")
    } else if changed.fields.iter().any(|f| f == "status") {
        // The message names fields and no value: the record says whether it is in business.
        let entity = legal_entities::get(STANDING, &changed.reference).map_err(|e| Failure::Retry(e.to_string()))?;
        let active = entity.and_then(|e| e.status).as_deref() == Some("active");
        (!active).then_some("not-in-business")
    } else {
        None
    };
    let named = |field: &str| changed.fields.iter().any(|f| f == field);
    let reason = reason
        .or_else(|| named("representative").then_some("representative-changed"))
        .or_else(|| named("name").then_some("name-changed"));
    let Some(reason) = reason else { return Ok(()) };
    freeze(Freeze { borrower: changed.reference.clone(), reason: reason.to_owned(), after: None }, tx)
}

/// Freezes a company's open loans, a page at a time, and tells the banks.
fn freeze(sweep: Freeze, tx: &Tx<'_>) -> Result<(), Failure> {
    let query = by::LOAN_BORROWER.equals(sweep.borrower.as_str()).limit(PAGE).after(sweep.after.clone());
    let page = tx.find::<Loan>(query)?;
    let now = now();
    for mut loan in page.items.into_iter().map(yunlong_sdk::Stored::into_value) {
        if !loan.freeze(&sweep.reason, now) {
            continue;
        }
        tx.put(&loan)?;
        let alert = Alert::new(&loan, alert::Kind::BorrowerChanged, &now.to_string(), now).detail(sweep.reason.clone());
        store::raise(tx, &alert, &loan.bank_officers())?;
        tx.audit("loan.freeze", &loan.id, &serde_json::json!({"reason": sweep.reason}))?;
    }
    if let Some(next) = page.next {
        let next = Freeze { after: Some(next), ..sweep };
        tx.publish(&Outgoing::new(FREEZE, &next).key(&next.borrower))?;
    }
    Ok(())
}
