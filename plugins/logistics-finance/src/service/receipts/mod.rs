//! Warehouse receipts.

mod verification;

pub use verification::{Verification, jwks, verify};

use super::fields::Check;
use super::{Numbered, Refusal, known, now, signed};
use crate::domain::actor::{Actor, Role};
use crate::domain::alert::{self, Alert};
use crate::domain::loan::Loan;
use crate::domain::receipt::{Receipt, State};
use crate::domain::warehouse::Lot;
use crate::store::{self, RECEIPTS, by};
use serde::Serialize;
use serde_json::{Value, json};
use yunlong_sdk::{Page, Tx, t, transact};

/// A receipt that is to be drafted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewReceipt {
    /// The lot.
    pub lot: String,
    /// How much of it.
    pub quantity: u64,
    /// For whom: a USCC; the lot's owner when it is not said.
    pub holder: Option<String>,
}

/// Drafts a receipt: for the lot's custodian.
///
/// # Errors
/// [`Refusal`].
pub fn draft(actor: &Actor, key: Option<&str>, new: &NewReceipt) -> Result<Receipt, Refusal> {
    actor.needs(Role::Warehouse)?;
    let mut check = Check::new();
    check.quantity("/quantity", new.quantity);
    let holder = new.holder.as_ref().map(|h| check.uscc("/holder", h));
    check.done()?;
    let number = Numbered::new("WR", actor, key, new)?;
    number.once(
        |id| RECEIPTS.get(id),
        |r| &r.request,
        || {
            transact(|tx| {
                let lot: Lot = known(tx.get(&new.lot))?;
                actor.needs_of(Role::Warehouse, &lot.custodian)?;
                let holder = holder.as_deref().unwrap_or(&lot.owner);
                let drafted = Receipt::draft(number.id.clone(), &lot, new.quantity, holder, &actor.subject, now())?;
                let receipt = Receipt { request: number.request.clone(), ..drafted };
                tx.insert(&receipt)?;
                tx.audit("receipt.draft", &receipt.id, &json!({"lot": lot.id, "quantity": receipt.quantity}))?;
                Ok(receipt)
            })
        },
    )
}

/// Drafts and issues in one step: what a warehouse usually does. Nothing is left behind when the lot is short.
///
/// # Errors
/// [`Refusal`], among them that the lot has not so much.
pub fn issue_new(actor: &Actor, key: Option<&str>, new: &NewReceipt) -> Result<Receipt, Refusal> {
    actor.needs(Role::Warehouse)?;
    let mut check = Check::new();
    check.quantity("/quantity", new.quantity);
    let holder = new.holder.as_ref().map(|h| check.uscc("/holder", h));
    check.done()?;
    let number = Numbered::new("WR", actor, key, &("issue", new))?;
    number.once(
        |id| RECEIPTS.get(id),
        |r| &r.request,
        || {
            transact(|tx| {
                let mut lot: Lot = known(tx.get(&new.lot))?;
                actor.needs_of(Role::Warehouse, &lot.custodian)?;
                let now = now();
                let holder = holder.as_deref().unwrap_or(&lot.owner).to_owned();
                let drafted = Receipt::draft(number.id.clone(), &lot, new.quantity, &holder, &actor.subject, now)?;
                let mut receipt = Receipt { request: number.request.clone(), ..drafted };
                receipt.issue(&mut lot, now)?;
                signed(&mut receipt)?;
                tx.insert(&receipt)?;
                tx.put(&lot)?;
                tx.audit("receipt.issue", &receipt.id, &json!({"lot": lot.id, "quantity": receipt.quantity}))?;
                Ok(receipt)
            })
        },
    )
}

/// Takes a step with one receipt and its lot, and writes both.
fn step(
    id: &str,
    action: &str,
    may: impl Fn(&Receipt) -> Result<(), Refusal>,
    take: impl Fn(&mut Receipt, &mut Lot, i64) -> Result<Value, Refusal>,
) -> Result<Receipt, Refusal> {
    transact(|tx| {
        let mut receipt: Receipt = known(tx.get(id))?;
        may(&receipt)?;
        let mut lot: Lot = known(tx.get(&receipt.lot))?;
        let before = lot.clone();
        let detail = take(&mut receipt, &mut lot, now())?;
        signed(&mut receipt)?;
        tx.put(&receipt)?;
        if lot != before {
            tx.put(&lot)?;
        }
        tx.audit(action, id, &detail)?;
        Ok(receipt)
    })
}

fn of_custodian(actor: &Actor) -> impl Fn(&Receipt) -> Result<(), Refusal> {
    move |r| Ok(actor.needs_of(Role::Warehouse, &r.custodian)?)
}

fn of_holder(actor: &Actor) -> impl Fn(&Receipt) -> Result<(), Refusal> {
    move |r| Ok(actor.needs_of(Role::Manufacturer, &r.holder)?)
}

/// Puts a draft into the world: for its custodian.
///
/// # Errors
/// [`Refusal`], among them that the lot has not so much.
pub fn issue(actor: &Actor, id: &str) -> Result<Receipt, Refusal> {
    step(id, "receipt.issue", of_custodian(actor), |r, lot, now| {
        r.issue(lot, now)?;
        Ok(json!({"quantity": r.quantity}))
    })
}

/// Lets a released receipt change hands again: for its custodian.
///
/// # Errors
/// [`Refusal`].
pub fn reissue(actor: &Actor, id: &str) -> Result<Receipt, Refusal> {
    step(id, "receipt.reissue", of_custodian(actor), |r, _, now| {
        r.reissue(now)?;
        Ok(json!({}))
    })
}

/// Gives a receipt to another company: for its holder.
///
/// # Errors
/// [`Refusal`].
pub fn transfer(actor: &Actor, id: &str, to: &str) -> Result<Receipt, Refusal> {
    let mut check = Check::new();
    let to = check.uscc("/to", to);
    check.done()?;
    step(id, "receipt.transfer", of_holder(actor), |r, _, now| {
        if r.holder == to {
            let mut check = Check::new();
            check.wrong("/to", t("对方已经持有这份仓单", "They hold this receipt already"));
            check.done()?;
        }
        r.transfer(&to, now)?;
        Ok(json!({"to": to}))
    })
}

/// Orders that the goods leave: for the holder of a receipt that is free.
///
/// # Errors
/// [`Refusal`]: pledged goods do not leave.
pub fn withdraw(actor: &Actor, id: &str) -> Result<Receipt, Refusal> {
    step(id, "receipt.withdraw", of_holder(actor), |r, lot, now| {
        r.withdraw(lot, now)?;
        Ok(json!({"quantity": r.quantity}))
    })
}

/// Ends a receipt: its holder an issued one whose goods stay, its custodian a draft or one whose goods have left.
///
/// # Errors
/// [`Refusal`].
pub fn cancel(actor: &Actor, id: &str) -> Result<Receipt, Refusal> {
    let may = |r: &Receipt| match r.state {
        State::Issued => of_holder(actor)(r),
        _ => of_custodian(actor)(r),
    };
    step(id, "receipt.cancel", may, |r, lot, now| {
        r.cancel(lot, now)?;
        Ok(json!({}))
    })
}

/// Divides a receipt into parts that sum to it: for its holder. Answers the parts.
///
/// # Errors
/// [`Refusal`].
pub fn split(actor: &Actor, key: Option<&str>, id: &str, quantities: &[u64]) -> Result<Vec<Receipt>, Refusal> {
    let number = Numbered::new("WR", actor, key, &("split", id, quantities))?;
    let parts: Vec<(String, u64)> = quantities.iter().enumerate().map(|(n, q)| (number.further("WR", n), *q)).collect();
    transact(|tx| {
        let mut receipt: Receipt = known(tx.get(id))?;
        of_holder(actor)(&receipt)?;
        // The key's first part stands for what it was used for; without a key there is none.
        if let Some(first) = tx.get::<Receipt>(&number.further("WR", 0))? {
            if first.request != number.request {
                return Err(Refusal::KeyReused { first: first.id.clone() });
            }
            return receipt.children.iter().map(|c| known(tx.get(c))).collect();
        }
        let mut children = receipt.split(&parts, now())?;
        signed(&mut receipt)?;
        tx.put(&receipt)?;
        for child in &mut children {
            child.request.clone_from(&number.request);
            signed(child)?;
            tx.insert(child)?;
        }
        tx.audit("receipt.split", id, &json!({"into": receipt.children}))?;
        Ok(children)
    })
}

/// Makes one receipt of several of one lot: for their holder.
///
/// # Errors
/// [`Refusal`].
pub fn merge(actor: &Actor, key: Option<&str>, ids: &[String]) -> Result<Receipt, Refusal> {
    let number = Numbered::new("WR", actor, key, &("merge", ids))?;
    number.once(
        |id| RECEIPTS.get(id),
        |r| &r.request,
        || {
            transact(|tx| {
                let mut receipts = Vec::with_capacity(ids.len());
                for id in ids.iter().take(crate::domain::receipt::MAX_PARTS + 1) {
                    let receipt: Receipt = known(tx.get(id))?;
                    of_holder(actor)(&receipt)?;
                    receipts.push(receipt);
                }
                let mut merged = Receipt::merge(&mut receipts, &number.id, now())?;
                merged.request.clone_from(&number.request);
                signed(&mut merged)?;
                for receipt in &mut receipts {
                    signed(receipt)?;
                    tx.put(&*receipt)?;
                }
                tx.insert(&merged)?;
                tx.audit("receipt.merge", &merged.id, &json!({"of": ids}))?;
                Ok(merged)
            })
        },
    )
}

/// Freezes a receipt: for a regulator, its custodian, or the bank that it is pledged to. The bank is told.
///
/// # Errors
/// [`Refusal`].
pub fn freeze(actor: &Actor, id: &str, reason: &str) -> Result<Receipt, Refusal> {
    let mut check = Check::new();
    let reason = check.text("/reason", reason, 100);
    check.done()?;
    transact(|tx| {
        let mut receipt: Receipt = known(tx.get(id))?;
        let pledgee = receipt.pledged_to.as_ref().is_some_and(|p| actor.is_of(Role::Bank, &p.bank));
        if !pledgee && !actor.is(Role::Regulator) && !actor.is_of(Role::Warehouse, &receipt.custodian) {
            return Err(Refusal::NotFound);
        }
        let before = receipt.state;
        receipt.freeze(&reason, &actor.subject, now())?;
        if before == State::Frozen {
            return Ok(receipt);
        }
        tx.put(&receipt)?;
        tell_pledgee(tx, &receipt, alert::Kind::ReceiptFrozen, None, &reason)?;
        tx.audit("receipt.freeze", id, &json!({"reason": reason}))?;
        Ok(receipt)
    })
}

/// Tells the bank to which a receipt is pledged.
///
/// # Errors
/// [`Refusal`].
pub(crate) fn tell_pledgee(
    tx: &Tx<'_>,
    receipt: &Receipt,
    kind: alert::Kind,
    amount: Option<u64>,
    detail: &str,
) -> Result<(), Refusal> {
    let Some(to) = &receipt.pledged_to else { return Ok(()) };
    let Some(loan) = tx.get::<Loan>(&to.loan)?.map(yunlong_sdk::Stored::into_value) else { return Ok(()) };
    let now = now();
    let mut alert = Alert::new(&loan, kind, &format!("{}-{now}", receipt.id), now).receipt(&receipt.id).detail(detail);
    alert.amount = amount;
    Ok(store::raise(tx, &alert, &loan.bank_officers())?)
}

/// Lets a frozen receipt go on: for a regulator, or the bank that it is pledged to, but not for whoever froze it.
///
/// # Errors
/// [`Refusal`]: `lot-missing` while goods of the lot are missing, or more is promised than a count found.
pub fn unfreeze(actor: &Actor, id: &str, reason: &str) -> Result<Receipt, Refusal> {
    let mut check = Check::new();
    let reason = check.text("/reason", reason, 100);
    check.done()?;
    let may = |r: &Receipt| {
        let pledgee = r.pledged_to.as_ref().is_some_and(|p| actor.is_of(Role::Bank, &p.bank));
        if !pledgee && !actor.is(Role::Regulator) {
            return Err(Refusal::NotFound);
        }
        Ok(())
    };
    let done = step(id, "receipt.unfreeze", may, |r, lot, now| {
        r.unfreeze(&actor.subject, lot, now)?;
        Ok(json!({"reason": reason}))
    });
    super::refused_hands(done, "receipt.unfreeze", id)
}

/// Whether a receipt may be shown: to its holder and custodian, the bank that it is pledged to, and regulators.
fn may_see(actor: &Actor, r: &Receipt) -> bool {
    actor.is(Role::Regulator)
        || actor.is_of(Role::Manufacturer, &r.holder)
        || actor.is_of(Role::Warehouse, &r.custodian)
        || r.pledged_to.as_ref().is_some_and(|p| actor.is_of(Role::Bank, &p.bank))
}

/// One receipt.
///
/// # Errors
/// [`Refusal::NotFound`], also for somebody else's.
pub fn get(actor: &Actor, id: &str) -> Result<Receipt, Refusal> {
    let receipt: Receipt = known(RECEIPTS.get(id))?;
    if may_see(actor, &receipt) { Ok(receipt) } else { Err(Refusal::NotFound) }
}

/// The receipts that the actor's organization holds or keeps, all for a regulator, the newest first. A bank's are in
/// its loans.
///
/// # Errors
/// An error of the data service, also for a cursor of another query.
pub fn list(actor: &Actor, limit: u32, after: Option<String>) -> Result<Page<Receipt>, Refusal> {
    let organization = actor.organization.as_str();
    let query = if actor.is(Role::Regulator) {
        by::RECEIPT_TIME.all()
    } else if actor.is(Role::Manufacturer) {
        by::RECEIPT_HOLDER.equals(organization)
    } else {
        by::RECEIPT_CUSTODIAN.equals(organization)
    };
    Ok(RECEIPTS.find(query.descending().limit(limit).after(after))?)
}

/// The receipts of a lot: for whoever may see the lot.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn of_lot(actor: &Actor, lot: &str, limit: u32, after: Option<String>) -> Result<Page<Receipt>, Refusal> {
    let lot = super::warehouses::lot(actor, lot)?;
    let mut page = RECEIPTS.find(by::RECEIPT_LOT.equals(lot.id.as_str()).limit(limit).after(after))?;
    page.items.retain(|r| may_see(actor, r));
    Ok(page)
}
