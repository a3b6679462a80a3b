//! When money does not come back, and loans that were frozen.

use super::{change, of_bank};
use crate::domain::actor::Actor;
use crate::domain::loan::{Loan, Sale};
use crate::service::Refusal;
use crate::service::fields::Check;
use serde_json::json;

/// The bank begins to sell the goods of an overdue loan, or after a margin call that was not met.
///
/// # Errors
/// [`Refusal`].
pub fn dispose(actor: &Actor, id: &str) -> Result<Loan, Refusal> {
    change(id, "loan.dispose", of_bank(actor), |_, deal, now| Ok((deal.dispose(&actor.subject, now)?, json!({}))))
}

/// For what goods are sold for a loan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSale {
    /// The receipt.
    pub receipt: String,
    /// The buyer's USCC.
    pub buyer: String,
    /// Fen.
    pub proceeds: u64,
    /// The bank's own number.
    pub bank_reference: String,
}

/// The bank enters what the goods of a receipt bring: another officer confirms it.
///
/// # Errors
/// [`Refusal`].
pub fn enter_sale(actor: &Actor, id: &str, new: &NewSale) -> Result<Loan, Refusal> {
    let mut check = Check::new();
    let buyer = check.uscc("/buyer", &new.buyer);
    let reference = check.text("/bank_reference", &new.bank_reference, 60);
    check.fen("/proceeds", new.proceeds);
    check.done()?;
    change(id, "loan.enter-sale", of_bank(actor), |_, deal, now| {
        let sale = Sale {
            number: String::new(),
            receipt: new.receipt.clone(),
            buyer: buyer.clone(),
            proceeds: new.proceeds,
            reference: reference.clone(),
            surplus: 0,
            by: actor.subject.clone(),
            confirmed_by: None,
            at: now,
        };
        deal.enter_sale(&sale, now)?;
        let detail =
            json!({"receipt": new.receipt, "buyer": buyer, "proceeds": new.proceeds, "bank_reference": reference});
        Ok((Vec::new(), detail))
    })
}

/// Another officer confirms the sale with this number: the money is booked, and the receipt is the buyer's. Who does not
/// agree drops it; whoever entered it may, too.
///
/// # Errors
/// [`Refusal`].
pub fn confirm_sale(actor: &Actor, id: &str, number: &str, agreed: bool) -> Result<Loan, Refusal> {
    change(id, "loan.confirm-sale", of_bank(actor), |_, deal, now| {
        let effects = if agreed {
            deal.confirm_sale(number, &actor.subject, now)?
        } else {
            deal.refuse_sale(number)?;
            Vec::new()
        };
        Ok((effects, json!({"sale": number, "confirmed": agreed})))
    })
}

/// The bank gives up what is left, once every pledged receipt is sold: for somebody who neither approved the loan nor
/// began the disposal.
///
/// # Errors
/// [`Refusal`].
pub fn write_off(actor: &Actor, id: &str, reason: &str) -> Result<Loan, Refusal> {
    let mut check = Check::new();
    let reason = check.text("/reason", reason, 200);
    check.done()?;
    change(id, "loan.write-off", of_bank(actor), |_, deal, now| {
        let owed = deal.loan.owed_at(now);
        Ok((deal.write_off(&actor.subject, now)?, json!({"owed": owed, "reason": reason})))
    })
}

/// The bank lets a loan go on that was frozen because the borrower's registration changed, once it has looked into it.
///
/// # Errors
/// [`Refusal`].
pub fn unfreeze(actor: &Actor, id: &str, reason: &str) -> Result<Loan, Refusal> {
    let mut check = Check::new();
    let reason = check.text("/reason", reason, 200);
    check.done()?;
    change(id, "loan.unfreeze", of_bank(actor), |_, deal, _| {
        deal.loan.unfreeze();
        Ok((Vec::new(), json!({"reason": reason})))
    })
}
