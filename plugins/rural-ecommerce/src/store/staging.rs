//! How the effects of a step are staged in the transaction that writes its order: all of them, or nothing.

use super::{
    BatchOrder, COUPON_USED, Claimed, OPEN_ORDERS, ORDER_DUE, SHIPMENT_REQUESTED, STATION_ORDERS, STOCK,
    ShipmentRequest,
};
use crate::domain::effect::{Effect, Note, To};
use crate::domain::group::{self, GroupBuy};
use crate::domain::listing::Listing;
use crate::domain::order::{Due, Order};
use crate::domain::statistics::{Figure, Figures, Place};
use crate::service::{escrow, keys};
use crate::{notes, policy};
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_sdk::messaging::MessagingError;
use yunlong_sdk::payments::PaymentError;
use yunlong_sdk::{DataError, Error, Failure, Outgoing, Tx};

/// Why effects could not be staged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StageError {
    /// The data service refused.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Messaging refused.
    #[error(transparent)]
    Messaging(#[from] MessagingError),
    /// Payments refused.
    #[error(transparent)]
    Payment(#[from] PaymentError),
}

impl From<StageError> for Failure {
    fn from(e: StageError) -> Self {
        match e {
            // A document came in between: the next attempt sees it.
            StageError::Data(e @ (DataError::UniqueViolation { .. } | DataError::AlreadyExists(_))) => {
                Self::Retry(e.to_string())
            }
            StageError::Data(e) => e.into(),
            StageError::Messaging(e) => e.into(),
            StageError::Payment(e) => e.into(),
        }
    }
}

impl From<StageError> for Error {
    fn from(e: StageError) -> Self {
        match e {
            StageError::Data(e) => e.into(),
            StageError::Messaging(e) => e.into(),
            StageError::Payment(e) => e.into(),
        }
    }
}

/// Stages the effects of one step, then the order: with `insert` as a new one.
///
/// # Errors
/// [`StageError`]; the caller's transaction is then rolled back.
pub fn stage(tx: &Tx<'_>, order: &mut Order, effects: Vec<Effect>, insert: bool, now: i64) -> Result<(), StageError> {
    if insert {
        if effects.contains(&Effect::OpenPayment) {
            order.intent = Some(escrow::open(tx, order)?);
        }
        // First of all, so that a repeated request meets its first order and nothing else.
        tx.insert(order)?;
        for code in order.batches() {
            tx.insert(&BatchOrder { id: format!("{code}/{}", order.id), order: order.id.clone() })?;
        }
    } else {
        tx.put(order)?;
    }
    for effect in effects {
        apply(tx, order, effect, now)?;
    }
    Ok(())
}

fn apply(tx: &Tx<'_>, order: &Order, effect: Effect, now: i64) -> Result<(), StageError> {
    match effect {
        Effect::Reserve { key, units } => tx.adjust(STOCK, &key, -i64::from(units), 0..=i64::MAX)?,
        Effect::Restock { key, units } => tx.adjust(STOCK, &key, i64::from(units), 0..=i64::MAX)?,
        Effect::OpenHold => {
            let bound = if order.station.is_some() { policy::max_station_orders() } else { policy::max_open_orders() };
            let bound = bound.map_err(|e| DataError::Other(e.to_string()))?;
            let (counter, key) = holds(order);
            tx.adjust(counter, key, 1, i64::MIN..=bound)?;
        }
        Effect::CloseHold => {
            let (counter, key) = holds(order);
            // Orders that a station placed before they were counted take away what was never added.
            let least = if order.station.is_some() { i64::MIN } else { 0 };
            tx.adjust(counter, key, -1, least..=i64::MAX)?;
        }
        Effect::OpenPayment => {}
        Effect::CancelPayment => escrow::give_up(tx, order)?,
        Effect::FreeClaims => free_claims(tx, order)?,
        Effect::LeaveGroup => leave_group(tx, order)?,
        Effect::Remind(what, at) => remind(tx, order, what, at)?,
        Effect::Refund(refund) => escrow::refund(tx, order, &refund)?,
        Effect::Release(release) => escrow::release(tx, order, &release)?,
        Effect::Request(request) => ask_carrier(tx, order, &request, now)?,
        Effect::Count(place, figures) => count(tx, &place, &figures)?,
        Effect::Notify(to, note) => notify(tx, order, to, &note)?,
    }
    Ok(())
}

/// Where an unpaid order is counted: at its buyer, or at the station that ordered for somebody.
fn holds(order: &Order) -> (&'static str, &str) {
    match &order.station {
        Some(s) => (STATION_ORDERS, &s.station),
        None => (OPEN_ORDERS, &order.placed_by),
    }
}

fn free_claims(tx: &Tx<'_>, order: &Order) -> Result<(), StageError> {
    for id in &order.claims_held {
        // The person may have ordered again since; that claim is the other order's.
        if tx.get::<Claimed>(id)?.is_some_and(|c| c.order == order.id) {
            tx.delete::<Claimed>(id)?;
        }
    }
    if let Some(code) = &order.coupon {
        tx.adjust(COUPON_USED, code, -1, 0..=i64::MAX)?;
    }
    Ok(())
}

fn leave_group(tx: &Tx<'_>, order: &Order) -> Result<(), StageError> {
    let Some(id) = &order.group else { return Ok(()) };
    if let Some(mut g) = tx.get::<GroupBuy>(id)?.filter(|g| g.state == group::State::Open).map(|g| g.value) {
        g.leave();
        tx.put(&g)?;
    }
    Ok(())
}

fn remind(tx: &Tx<'_>, order: &Order, what: Due, at: i64) -> Result<(), MessagingError> {
    let data = json!({"order": order.id, "what": what, "at": at});
    let event = Outgoing::new(ORDER_DUE, &data).subject(&order.id).key(&order.id);
    tx.publish(&event.not_before(u64::try_from(at).unwrap_or(0)))?;
    Ok(())
}

/// Asks the city's carrier. The order goes under a reference that leads nobody to it, and the receiver
/// has an address and no name.
fn ask_carrier(tx: &Tx<'_>, order: &Order, request: &str, now: i64) -> Result<(), StageError> {
    let Some(s) = order.shipments.iter().find(|s| s.request == request) else { return Ok(()) };
    let parcels: Vec<_> =
        s.parcels.iter().map(|p| json!({"parcel": p.id, "goods": p.goods, "grams": p.grams})).collect();
    let hours = i64::from(order.terms.carrier_hours) * crate::domain::time::HOUR;
    let data = json!({
        "request": request,
        "order": keys().reference(&order.id),
        "parcels": parcels,
        "from": {"division": order.village, "address": order.address},
        "to": {"division": order.recipient.division, "address": order.recipient.address},
        "value": order.value_of(s),
        "not_after": now + hours,
    });
    tx.insert(&ShipmentRequest { id: request.to_owned(), order: order.id.clone() })?;
    tx.publish(&Outgoing::new(SHIPMENT_REQUESTED, &data).subject(request).key(request).once(request))?;
    Ok(())
}

/// Changes the figures of a place on all levels.
///
/// # Errors
/// [`DataError`].
pub fn count(tx: &Tx<'_>, place: &Place, figures: &Figures) -> Result<(), DataError> {
    for f in Figure::ALL.into_iter().filter(|f| figures.get(*f) != 0) {
        for key in place.keys() {
            tx.adjust(f.counter(), &key, figures.get(f), i64::MIN..=i64::MAX)?;
        }
    }
    Ok(())
}

fn notify(tx: &Tx<'_>, order: &Order, to: To, note: &Note) -> Result<(), StageError> {
    for recipient in recipients(tx, order, to)? {
        match tx.notify(&notes::note(order, to, note, &recipient)) {
            // A person whom the platform knows no more gets no note; their money still moves.
            Ok(()) | Err(MessagingError::UnknownRecipient) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

/// Nobody can be told by their role alone: the managers of an order are those who let its goods on sale.
fn recipients(tx: &Tx<'_>, order: &Order, to: To) -> Result<BTreeSet<String>, DataError> {
    let mut out = BTreeSet::new();
    match to {
        To::Buyer => out.extend([order.owner.as_ref().unwrap_or(&order.placed_by).clone()]),
        To::Seller => out.extend([order.seller.clone()]),
        To::Managers => {
            for line in &order.lines {
                out.extend(tx.get::<Listing>(&line.listing)?.and_then(|l| l.value.reviewer));
            }
        }
    }
    Ok(out)
}
