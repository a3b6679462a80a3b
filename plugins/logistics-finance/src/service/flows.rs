//! Goods, orders and money side by side.

use super::fields::Check;
use super::{Numbered, Refusal, known, now, refused_hands};
use crate::domain::actor::{Actor, Role};
use crate::domain::flow::{Carried, Flow, Order, Paid, State, Stored};
use crate::domain::freight::Waybill;
use crate::domain::receipt::Receipt;
use crate::domain::refused::Refused;
use crate::store::{FLOWS, by};
use serde::Serialize;
use serde_json::{Value, json};
use yunlong_sdk::{DataError, Page, Tx, transact};

/// The order of a trade whose flows are to be watched.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewFlow {
    /// The order's number.
    pub number: String,
    /// Who buys: a USCC.
    pub buyer: String,
    /// The bank that releases the funds.
    pub bank: String,
    /// The goods by their code.
    pub goods: String,
    /// How much, in the unit of the goods.
    pub quantity: u64,
    /// Fen.
    pub amount: u64,
}

/// Opens a link for an order: for the company that sells.
///
/// # Errors
/// [`Refusal`].
pub fn open(actor: &Actor, key: Option<&str>, new: &NewFlow) -> Result<Flow, Refusal> {
    actor.needs(Role::Manufacturer)?;
    let mut check = Check::new();
    let order = Order {
        number: check.text("/number", &new.number, 60),
        buyer: check.uscc("/buyer", &new.buyer),
        seller: actor.organization.clone(),
        goods: check.code("/goods", &new.goods),
        quantity: check.quantity("/quantity", new.quantity),
        amount: check.fen("/amount", new.amount),
    };
    let bank = check.organization("/bank", &new.bank);
    check.done()?;
    let number = Numbered::new("FL", actor, key, new)?;
    number.once(
        |id| FLOWS.get(id),
        |f| &f.request,
        || {
            let flow = Flow {
                id: number.id.clone(),
                buyer: order.buyer.clone(),
                seller: order.seller.clone(),
                order,
                bank,
                carried: None,
                stored: None,
                paid: None,
                state: State::Open,
                released_by: None,
                released_at: None,
                invoice: None,
                created_at: now(),
                request: number.request.clone(),
            };
            transact(|tx| {
                tx.insert(&flow)?;
                tx.audit("flow.open", &flow.id, &json!({"order": flow.order.number}))?;
                Ok::<_, Refusal>(())
            })?;
            Ok(flow)
        },
    )
}

fn change(
    id: &str,
    action: &str,
    may: impl Fn(&Flow) -> Result<(), Refusal>,
    take: impl Fn(&Tx<'_>, &mut Flow, i64) -> Result<Value, Refusal>,
) -> Result<Flow, Refusal> {
    let done = transact(|tx| {
        let mut flow: Flow = known(tx.get(id))?;
        may(&flow)?;
        let before = flow.clone();
        let detail = take(tx, &mut flow, now())?;
        if flow != before {
            tx.put(&flow)?;
            tx.audit(action, id, &detail)?;
        }
        Ok(flow)
    });
    refused_hands(done, action, id).map_err(elsewhere)
}

/// A waybill, receipt or payment that belongs to another link.
fn elsewhere(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Data(DataError::UniqueViolation { existing, .. }) => {
            Refused::ReferenceReused { reference: existing }.into()
        }
        other => other,
    }
}

fn of_seller(actor: &Actor) -> impl Fn(&Flow) -> Result<(), Refusal> {
    move |f| Ok(actor.needs_of(Role::Manufacturer, &f.seller)?)
}

fn of_bank(actor: &Actor) -> impl Fn(&Flow) -> Result<(), Refusal> {
    move |f| Ok(actor.needs_of(Role::Bank, &f.bank)?)
}

/// Links a waybill of the seller's own; what it says is kept up to date until the funds are released.
///
/// # Errors
/// [`Refusal`].
pub fn link_waybill(actor: &Actor, id: &str, waybill: &str) -> Result<Flow, Refusal> {
    change(id, "flow.link-waybill", of_seller(actor), |tx, flow, _| {
        flow.may_change()?;
        let found: Waybill = known(tx.get(waybill))?;
        if found.shipper != flow.seller {
            return Err(Refusal::NotFound);
        }
        flow.carried = Some(Carried::of(&found));
        Ok(json!({"waybill": waybill}))
    })
}

/// Links a receipt that the actor's company holds: for the seller, and for the buyer once it is the buyer's. Nobody learns
/// by a link who holds a receipt whose number they know, or keeps its holder from linking it.
///
/// # Errors
/// [`Refusal`].
pub fn link_receipt(actor: &Actor, id: &str, receipt: &str) -> Result<Flow, Refusal> {
    let of_party = |f: &Flow| of_seller(actor)(f).or_else(|_| Ok(actor.needs_of(Role::Manufacturer, &f.buyer)?));
    change(id, "flow.link-receipt", of_party, |tx, flow, _| {
        flow.may_change()?;
        let found: Receipt = known(tx.get(receipt))?;
        if found.holder != actor.organization {
            return Err(Refusal::NotFound);
        }
        flow.stored = Some(Stored::of(&found));
        Ok(json!({"receipt": receipt}))
    })
}

/// A payment, as the bank has booked it.
#[derive(Clone, Debug, Default)]
pub struct NewPayment {
    /// The bank's own number.
    pub bank_reference: String,
    /// Who paid: a USCC.
    pub payer: String,
    /// Who was paid: a USCC.
    pub payee: String,
    /// Fen.
    pub amount: u64,
}

/// The bank confirms a payment under its own number. The same number with the same values changes nothing.
///
/// # Errors
/// [`Refusal`].
pub fn confirm_payment(actor: &Actor, id: &str, new: &NewPayment) -> Result<Flow, Refusal> {
    let mut check = Check::new();
    let reference = check.text("/bank_reference", &new.bank_reference, 60);
    let (payer, payee) = (check.uscc("/payer", &new.payer), check.uscc("/payee", &new.payee));
    check.fen("/amount", new.amount);
    check.done()?;
    change(id, "flow.confirm-payment", of_bank(actor), |_, flow, now| {
        if let Some(first) = flow.paid.as_ref().filter(|p| p.reference == reference) {
            let same = (&first.payer, &first.payee, first.amount) == (&payer, &payee, new.amount);
            return if same {
                Ok(json!({}))
            } else {
                Err(Refused::ReferenceReused { reference: reference.clone() }.into())
            };
        }
        flow.may_change()?;
        flow.paid = Some(Paid {
            reference: reference.clone(),
            payer: payer.clone(),
            payee: payee.clone(),
            amount: new.amount,
            bank: flow.bank.clone(),
            by: actor.subject.clone(),
            at: now,
        });
        Ok(json!({"bank_reference": reference, "amount": new.amount}))
    })
}

/// Reads again what is linked.
fn refresh(tx: &Tx<'_>, flow: &mut Flow) -> Result<(), Refusal> {
    if flow.may_change().is_err() {
        return Ok(());
    }
    let waybill: Option<Waybill> = flow.carried.as_ref().map(|c| known(tx.get(&c.waybill))).transpose()?;
    let receipt: Option<Receipt> = flow.stored.as_ref().map(|s| known(tx.get(&s.receipt))).transpose()?;
    flow.refresh(waybill.as_ref(), receipt.as_ref());
    Ok(())
}

/// The bank releases the funds, when all flows agree as they stand now: for somebody who did not confirm the payment.
///
/// # Errors
/// [`Refusal`]: `flows-disagree` names every point.
pub fn release_funds(actor: &Actor, id: &str) -> Result<Flow, Refusal> {
    change(id, "flow.release-funds", of_bank(actor), |tx, flow, now| {
        refresh(tx, flow)?;
        flow.release(&actor.subject, now)?;
        Ok(json!({"amount": flow.order.amount}))
    })
}

/// The seller settles the invoice, once the funds are released.
///
/// # Errors
/// [`Refusal`]: `flows-disagree` names every point.
pub fn settle(actor: &Actor, id: &str, invoice: &str) -> Result<Flow, Refusal> {
    let mut check = Check::new();
    let invoice = check.text("/invoice", invoice, 60);
    check.done()?;
    change(id, "flow.settle", of_seller(actor), |tx, flow, _| {
        refresh(tx, flow)?;
        flow.settle(&invoice)?;
        Ok(json!({"invoice": invoice}))
    })
}

/// One link as it stands now: for buyer, seller, the bank and regulators.
///
/// # Errors
/// [`Refusal::NotFound`], also for somebody else's.
pub fn get(actor: &Actor, id: &str) -> Result<Flow, Refusal> {
    transact(|tx| {
        let mut flow: Flow = known(tx.get(id))?;
        let theirs = actor.is_of(Role::Manufacturer, &flow.seller)
            || actor.is_of(Role::Manufacturer, &flow.buyer)
            || actor.is_of(Role::Bank, &flow.bank);
        if !theirs && !actor.is(Role::Regulator) {
            return Err(Refusal::NotFound);
        }
        // Shown, and not written: what rests on it is read again when it is decided.
        refresh(tx, &mut flow)?;
        Ok(flow)
    })
}

/// Which links a company sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Those in which it sells.
    #[default]
    Seller,
    /// Those in which it buys.
    Buyer,
}

/// The actor's links, the newest first: a company's on one side, a bank's, all for a regulator.
///
/// # Errors
/// [`Refusal`].
pub fn list(actor: &Actor, side: Side, limit: u32, after: Option<String>) -> Result<Page<Flow>, Refusal> {
    let organization = actor.organization.as_str();
    let query = if actor.is(Role::Regulator) {
        by::FLOW_TIME.all()
    } else if actor.is(Role::Bank) {
        by::FLOW_BANK.equals(organization)
    } else {
        actor.needs(Role::Manufacturer)?;
        match side {
            Side::Seller => by::FLOW_SELLER.equals(organization),
            Side::Buyer => by::FLOW_BUYER.equals(organization),
        }
    };
    Ok(FLOWS.find(query.descending().limit(limit).after(after))?)
}
