//! What becomes of payments. Each event is handled in the transaction that acknowledges it: one that comes twice has
//! its effect once.

use crate::order::{HOLD_OVER, HoldOver, Order, State, payee, refund_of};
use yunlong_sdk::messaging::MessagingError;
use yunlong_sdk::payments::{Outcome, PaymentError, PaymentOutcome};
use yunlong_sdk::{Event, Failure, Notification, Text, Tx, t};

// ANCHOR: consumer
pub(crate) fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
    if let Some(payment) = event.payment()? {
        return paid(&payment, tx);
    }
    match event.topic.as_str() {
        HOLD_OVER => hold_over(&event.json::<HoldOver>()?.number, tx),
        other => Err(Failure::Reject(format!("nobody knows the topic {other}"))),
    }
}

fn paid(payment: &PaymentOutcome, tx: &Tx<'_>) -> Result<(), Failure> {
    let Some(order) = tx.get::<Order>(&payment.reference)? else {
        return Err(Failure::Reject(format!("there is no order {}", payment.reference)));
    };
    let order = order.into_value();
    match (payment.outcome, order.state) {
        (Outcome::Captured, State::Held) => {
            tx.put(&Order { state: State::Paid, ..order.clone() })?;
            tell(tx, &order, t("订餐成功", "Lunch is ordered"), t("请到食堂取餐。", "Fetch it at the canteen."))
        }
        // The money came when the portion was given away.
        (Outcome::Captured, State::Ended) => {
            let payee = payee().map_err(|e| Failure::Reject(e.to_string()))?;
            tx.refund(&payment.intent, &refund_of(&order, &payee, payment.amount, "late"))?;
            tell(tx, &order, t("餐费退回", "Your money is returned"), t("付款时已过时限。", "It came too late."))
        }
        (Outcome::Cancelled, State::Held) | (Outcome::Refunded, State::Returning) => {
            tx.adjust("portions", &order.menu.to_string(), -1, 0..=i64::MAX)?;
            Ok(tx.put(&Order { state: State::Ended, ..order })?)
        }
        (Outcome::RefundFailed, State::Returning) => {
            tx.put(&Order { state: State::Paid, refused: order.refused + 1, ..order.clone() })?;
            tell(
                tx,
                &order,
                t("退款没有成功", "The refund failed"),
                t("您的午餐仍为您保留。", "Your lunch is still yours."),
            )
        }
        // A refused payment may be tried again until it expires.
        _ => Ok(()),
    }
}

/// Gives up the payment that nobody made; its outcome, an event, ends the order.
fn hold_over(number: &str, tx: &Tx<'_>) -> Result<(), Failure> {
    let Some(order) = tx.get::<Order>(number)? else { return Ok(()) };
    if order.state != State::Held {
        return Ok(());
    }
    match tx.cancel_intent(&order.intent) {
        // Somebody is paying at this moment: what becomes of it comes as an event.
        Err(PaymentError::WrongStatus(_)) => Ok(()),
        other => Ok(other?),
    }
}
// ANCHOR_END: consumer

// ANCHOR: tell
fn tell(tx: &Tx<'_>, order: &Order, title: Text, body: Text) -> Result<(), Failure> {
    let note = Notification::new(&order.owner, title, body).path(format!("/orders/{}", order.number));
    match tx.notify(&note) {
        // An account that was closed has no inbox; the money must still be booked.
        Err(MessagingError::UnknownRecipient) => Ok(()),
        other => Ok(other?),
    }
}
// ANCHOR_END: tell
