//! Tickets' codes, and admission by them.

use super::{Refusal, keys, now, orders};
use crate::domain::admission;
use crate::domain::code::{self, ShownCode, Ticket};
use crate::domain::entitlement::{self, Entitlement};
use crate::domain::order::{Order, State, Step, WrongState};
use crate::domain::slot::Slot;
use crate::domain::visitor::Visitor;
use crate::policy;
use crate::store::{ADMITTED_COUNTER, ENTITLEMENTS, USES_COUNTER, Verification, stage};
use yunlong_sdk::{DataError, Principal, Text, transact};

/// A visitor who was let in.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The order.
    pub order: String,
    /// The visitor.
    pub visitor: Visitor,
    /// The attraction's name.
    pub attraction: Text,
    /// The slot.
    pub slot: Slot,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// A ticket as its holder sees it.
#[derive(Clone, Debug)]
pub struct TicketView {
    /// The order.
    pub order: Order,
    /// The visitor's place in it.
    pub visitor: usize,
    /// The entitlements, one for each attraction.
    pub entitlements: Vec<Entitlement>,
    /// The code, while there is anything left to enter.
    pub code: Option<ShownCode>,
}

/// The ticket of one visitor of an order, for the buyer alone.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::WrongState`] before the order is issued.
pub fn ticket(order: &str, visitor: usize, who: &Principal) -> Result<TicketView, Refusal> {
    let order = orders::own(order, who)?;
    if visitor >= order.visitors.len() {
        return Err(Refusal::NotFound);
    }
    let shown = [State::Issued, State::PartUsed, State::Used, State::PartRefunded];
    if !shown.contains(&order.state) {
        return Err(WrongState { state: order.state, step: Step::Admit }.into());
    }
    let mut entitlements = Vec::with_capacity(order.parts.len());
    for part in 0..order.parts.len() {
        entitlements.extend(ENTITLEMENTS.get(&entitlement::id(&order.id, visitor, part))?.map(|e| e.value));
    }
    let open = entitlements.iter().any(|e| e.state == entitlement::State::Unused);
    let code = if open {
        Some(code::show(&keys(), &Ticket { order: order.id.clone(), visitor }, policy::code_seconds()?, now()))
    } else {
        None
    };
    Ok(TicketView { order, visitor, entitlements, code })
}

/// Lets the holder of a code in, once. Two gates that read one code at the same time write the
/// same entitlement and the same bounded counter: one of them finds it used.
///
/// # Errors
/// [`Refusal::Code`], [`Refusal::Gate`], [`Refusal::WrongState`].
pub fn admit(text: &str, attraction: Option<&str>, gate: &str, officer: &str) -> Result<Admitted, Refusal> {
    let now = now();
    let ticket = code::read(&keys(), text, policy::code_seconds()?, now)?;
    let window = policy::admission_window()?;
    let enter = || {
        transact(|tx| {
            // A genuine code names an order that exists.
            let mut order = tx.get::<Order>(&ticket.order)?.ok_or(Refusal::NotFound)?.into_value();
            let part = admission::part_for(&order, attraction, &window, now)?;
            let id = entitlement::id(&order.id, ticket.visitor, part);
            let Some(found) = tx.get::<Entitlement>(&id)? else {
                // Expired before it was paid: there is no ticket.
                return Err(order.check(Step::Admit).err().map_or(Refusal::NotFound, Into::into));
            };
            let used = admission::admit(&mut order, found.into_value(), gate, &window, now)?;
            tx.adjust(USES_COUNTER, &id, 1, 0..=i64::from(used.uses))?;
            tx.adjust(ADMITTED_COUNTER, &used.slot.to_string(), 1, 0..=i64::MAX)?;
            tx.put(&used)?;
            stage(tx, &mut order, Vec::new(), false, now)?;
            tx.insert(&Verification {
                id: format!("{id}.1"),
                entitlement: id,
                attraction: used.slot.attraction.clone(),
                gate: gate.to_owned(),
                officer: officer.to_owned(),
                at: now,
            })?;
            let visitor = order.visitors.get(ticket.visitor).cloned().ok_or(Refusal::NotFound)?;
            let slot = order.parts.get(part).map(|p| (p.name.clone(), p.slot.clone())).ok_or(Refusal::NotFound)?;
            Ok(Admitted { order: order.id, visitor, attraction: slot.0, slot: slot.1, at: now })
        })
    };
    match enter() {
        // The other gate was first: read again to say when and where.
        Err(Refusal::Data(DataError::OutOfBounds { .. } | DataError::AlreadyExists(_))) => enter(),
        other => other,
    }
}
