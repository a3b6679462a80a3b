//! Paying out, paying back, and goods that come free.

use super::{change, of_bank};
use crate::domain::actor::Actor;
use crate::domain::loan::{Loan, Outcome, Part};
use crate::policy;
use crate::service::fields::Check;
use crate::service::{Refusal, keys, quotes};
use serde_json::json;

/// The bank's maker asks for the payment. Called again after an answer that did not come, it is the same payment under
/// the same number.
///
/// # Errors
/// [`Refusal`].
pub fn ask_disbursement(actor: &Actor, id: &str) -> Result<Loan, Refusal> {
    let limits = policy::limits()?;
    change(id, "loan.ask-disbursement", of_bank(actor), |tx, deal, now| {
        let prices = quotes::of_pledges(tx, &deal.pledges)?;
        let effects = deal.ask_disbursement(&actor.subject, &prices, limits.price_days, now)?;
        let reference = deal.loan.disbursement.as_ref().map(|d| d.reference.clone());
        Ok((effects, json!({"reference": reference, "principal": deal.loan.principal})))
    })
}

/// The bank's checker says what became of the payment with this number, with the bank's own number. Said again, it
/// changes nothing. The number may be left out while the loan has had one payment.
///
/// # Errors
/// [`Refusal`]: `other-payment` when the answer is about another payment than the last.
pub fn confirm_disbursement(
    actor: &Actor,
    id: &str,
    payment: Option<&str>,
    outcome: &Outcome,
) -> Result<Loan, Refusal> {
    let mut check = Check::new();
    let outcome = match outcome {
        Outcome::Paid { bank_reference } => {
            Outcome::Paid { bank_reference: check.text("/bank_reference", bank_reference, 60) }
        }
        Outcome::Refused { reason } => Outcome::Refused { reason: check.text("/reason", reason, 200) },
    };
    check.done()?;
    let calendar = policy::calendar()?;
    change(id, "loan.confirm-disbursement", of_bank(actor), |_, deal, now| {
        let effects = deal.disbursed(payment, &outcome, &actor.subject, &calendar, now)?;
        let detail = match &outcome {
            Outcome::Paid { bank_reference } => json!({"paid": true, "bank_reference": bank_reference}),
            Outcome::Refused { reason } => json!({"paid": false, "reason": reason}),
        };
        Ok((effects, detail))
    })
}

/// The bank books a payment of the borrower under its own number; the same number again changes nothing.
///
/// # Errors
/// [`Refusal`], among them that more was paid than is owed.
pub fn repay(actor: &Actor, id: &str, bank_reference: &str, amount: u64) -> Result<Loan, Refusal> {
    let mut check = Check::new();
    let reference = check.text("/bank_reference", bank_reference, 60);
    check.fen("/amount", amount);
    check.done()?;
    let (days, calendar) = (policy::margin_days()?, policy::calendar()?);
    change(id, "loan.repay", of_bank(actor), |tx, deal, now| {
        let before = deal.loan.clone();
        let mut effects = deal.repay(&reference, amount, &actor.subject, now)?;
        if deal.loan != before && deal.loan.margin.as_ref().is_some_and(crate::domain::loan::MarginCall::is_open) {
            let prices = quotes::of_pledges(tx, &deal.pledges)?;
            if let Ok(value) = deal.secured(&prices, u32::MAX, now) {
                effects.extend(deal.revalue(&value, days, &calendar, now));
            }
        }
        Ok((effects, json!({"amount": amount, "bank_reference": reference})))
    })
}

/// What comes free of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freed {
    /// The receipt.
    pub receipt: String,
    /// How much of it; all of it when it is not said.
    pub quantity: Option<u64>,
}

/// The bank lets go of receipts, or of parts of them, as far as what stays pledged is worth enough: for somebody who has
/// booked no money that came back.
///
/// # Errors
/// [`Refusal`]: `leaves-over-ltv` says what must stay.
pub fn release(actor: &Actor, id: &str, freed: &[Freed]) -> Result<Loan, Refusal> {
    let limits = policy::limits()?;
    // The numbers of the parts follow from the receipt and the quantity, so that no second release makes them anew.
    let number = |f: &Freed, which: &str| {
        keys().number("WR", &f.receipt, &format!("release/{which}/{}", f.quantity.unwrap_or(0)))
    };
    let parts: Vec<Part> = freed
        .iter()
        .map(|f| Part {
            receipt: f.receipt.clone(),
            quantity: f.quantity,
            kept: number(f, "kept"),
            freed: number(f, "freed"),
        })
        .collect();
    change(id, "loan.release", of_bank(actor), |tx, deal, now| {
        let prices = quotes::of_pledges(tx, &deal.pledges)?;
        let effects = deal.release(&actor.subject, &parts, &prices, limits.price_days, now)?;
        let receipts: Vec<_> = freed.iter().map(|f| json!({"receipt": f.receipt, "quantity": f.quantity})).collect();
        Ok((effects, json!({"freed": receipts})))
    })
}

/// The bank looks at what the goods are worth now: calls for more, or finds a call met. It happens by itself with every
/// new price and every registration.
///
/// # Errors
/// [`Refusal`].
pub fn revalue(actor: &Actor, id: &str) -> Result<Loan, Refusal> {
    let (days, calendar) = (policy::margin_days()?, policy::calendar()?);
    change(id, "loan.revalue", of_bank(actor), |tx, deal, now| {
        let prices = quotes::of_pledges(tx, &deal.pledges)?;
        let value = deal.secured(&prices, u32::MAX, now)?;
        Ok((deal.revalue(&value, days, &calendar, now), json!({"value": value.value})))
    })
}
