//! The escrow of payments: the one place of the app that speaks with the ledger.
//!
//! The order's own account ([`crate::domain::escrow::Escrow`]) says what is held; the ledger does the
//! same for the city, and each call here has a reference of the order's, so that it has its effect once.

use crate::domain::order::{Intent, Order, Refund, Release};
use yunlong_sdk::payments::{self, HeldRefund, Line, NewEscrow, PaymentError};
use yunlong_sdk::{Text, Tx};

/// Opens the payment of an order's total into escrow.
///
/// # Errors
/// [`PaymentError`]; so with all functions here.
pub(crate) fn open(tx: &Tx<'_>, order: &Order) -> Result<Intent, PaymentError> {
    let units: u32 = order.lines.iter().map(|l| l.quantity).sum();
    let first = order.lines.first().map(|l| l.title.clone()).unwrap_or_default();
    let intent = tx.create_escrow(&NewEscrow {
        reference: order.id.clone(),
        description: Text::new(
            format!("{} 等 {units} 件（{}，担保交易）", first.zh, order.store_name.zh),
            format!("{} and others, {units} in all ({}, in escrow)", first.en, order.store_name.en),
        ),
        amount: order.total,
        expires_at: u64::try_from(order.pay_until).unwrap_or(0),
        return_path: format!("/orders/{}", order.id),
    })?;
    Ok(Intent { id: intent.id, cashier_url: intent.cashier_url })
}

fn id(order: &Order) -> &str {
    order.intent.as_ref().map_or("", |i| i.id.as_str())
}

/// Gives the payment up. Where the money is on its way or there already, its event follows and the
/// order knows what to do with it.
pub(crate) fn give_up(tx: &Tx<'_>, order: &Order) -> Result<(), PaymentError> {
    if order.intent.is_none() {
        return Ok(());
    }
    match tx.cancel_intent(id(order)) {
        Err(PaymentError::WrongStatus(_)) => Ok(()),
        other => other,
    }
}

/// Returns held money to the payer; what became of it comes as an event.
pub(crate) fn refund(tx: &Tx<'_>, order: &Order, refund: &Refund) -> Result<(), PaymentError> {
    let new = HeldRefund {
        reference: refund.reference.clone(),
        amount: refund.amount,
        reason: crate::notes::reason_name(&refund.reason).zh.into_owned(),
    };
    tx.refund_held(id(order), &new)
}

/// Who is paid what of a release: the platform, the station, the seller; one line each, nothing for nothing.
pub(crate) fn lines(order: &Order, release: &Release) -> Vec<Line> {
    let d = &release.division;
    let station = order.station.as_ref().map_or(order.payee.as_str(), |s| s.payee.as_str());
    let parts = [
        (order.commission_payee.as_str(), d.platform, "平台服务费"),
        (station, d.station, "站点佣金"),
        (order.payee.as_str(), d.seller, "货款"),
    ];
    let mut lines: Vec<Line> = Vec::new();
    for (payee, amount, what) in parts.into_iter().filter(|p| p.1 > 0) {
        match lines.iter_mut().find(|l| l.payee == payee) {
            Some(l) => {
                l.amount += amount;
                l.description = format!("{}、{what}", l.description);
            }
            None => lines.push(Line { payee: payee.to_owned(), amount, description: what.to_owned() }),
        }
    }
    lines
}

/// Pays held money to its receivers.
pub(crate) fn release(tx: &Tx<'_>, order: &Order, release: &Release) -> Result<(), PaymentError> {
    let new = payments::Release {
        reference: release.reference.clone(),
        lines: lines(order, release),
        reason: format!("订单 {} 结算", order.id),
    };
    tx.release(id(order), &new)
}
