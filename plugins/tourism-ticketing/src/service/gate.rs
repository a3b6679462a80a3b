//! Tickets' codes, and admission by them.

use super::{Refusal, keys, now, orders};
use crate::domain::admission::{self, Window};
use crate::domain::code::{self, ShownCode, Ticket};
use crate::domain::entitlement::{self, Entitlement};
use crate::domain::order::{Order, State, Step, WrongState};
use crate::domain::slot::Slot;
use crate::domain::time::Date;
use crate::domain::visitor::{self, Visitor};
use crate::policy;
use crate::store::{ADMITTED_COUNTER, ENTITLEMENTS, ONE_ID, USES_COUNTER, Verification, stage};
use yunlong_sdk::{DataError, Principal, Text, Tx, transact};

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

/// A document that a visitor shows instead of a code: no phone is needed.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// `resident-id` (when empty) or `passport`.
    pub id_type: String,
    /// Its number.
    pub id_number: String,
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
    twice(|tx| {
        // A genuine code names an order that exists.
        let order = tx.get::<Order>(&ticket.order)?.ok_or(Refusal::NotFound)?.into_value();
        let part = admission::part_for(&order, attraction, &window, now)?;
        enter(tx, order, ticket.visitor, part, &Place { gate, officer, window: &window, now })
    })
}

/// Lets somebody in by the document of their ticket, which the officer has in hand. It is found by
/// the one-ID rule's index; of several the one whose time it is.
///
/// # Errors
/// [`Refusal::Fields`], [`Refusal::NoTicket`], [`Refusal::Gate`].
pub fn admit_document(document: &Document, attraction: &str, gate: &str, officer: &str) -> Result<Admitted, Refusal> {
    let now = now();
    let hash = visitor::document_hash(&keys(), &document.id_type, &document.id_number, Date::at(now))
        .map_err(|e| Refusal::Fields(vec![e]))?;
    let window = policy::admission_window()?;
    twice(|tx| {
        let page = tx.find(ONE_ID.equals(hash.as_str()).equals(attraction).limit(100))?;
        let mut found = Vec::new();
        for e in page.items {
            let order = tx.get::<Order>(&e.order)?.ok_or(Refusal::NotFound)?.into_value();
            if order.was_issued() {
                found.push((order, e.into_value()));
            }
        }
        // The one whose time it is and that is not used, else the one that is next in time.
        let rank = |(order, e): &(Order, Entitlement)| {
            let slot = order.parts.get(e.part).map(|p| &p.slot);
            let (from, until) = slot.map_or((i64::MAX, 0), |s| window.bounds(s));
            let open = (from..=until).contains(&now);
            (e.state != entitlement::State::Unused, !open, (from - now).abs())
        };
        let (order, e) = found.into_iter().min_by_key(rank).ok_or(Refusal::NoTicket)?;
        enter(tx, order, e.visitor, e.part, &Place { gate, officer, window: &window, now })
    })
}

/// Where and when somebody enters.
struct Place<'a> {
    gate: &'a str,
    officer: &'a str,
    window: &'a Window,
    now: i64,
}

fn twice(enter: impl Fn(&Tx<'_>) -> Result<Admitted, Refusal>) -> Result<Admitted, Refusal> {
    match transact(&enter) {
        // The other gate was first: read again to say when and where.
        Err(Refusal::Data(DataError::OutOfBounds { .. } | DataError::AlreadyExists(_))) => transact(&enter),
        other => other,
    }
}

fn enter(tx: &Tx<'_>, mut order: Order, visitor: usize, part: usize, at: &Place<'_>) -> Result<Admitted, Refusal> {
    let id = entitlement::id(&order.id, visitor, part);
    let Some(found) = tx.get::<Entitlement>(&id)? else {
        // Expired before it was paid: there is no ticket.
        return Err(order.check(Step::Admit).err().map_or(Refusal::NotFound, Into::into));
    };
    let used = admission::admit(&mut order, found.into_value(), at.gate, at.window, at.now)?;
    tx.adjust(USES_COUNTER, &id, 1, 0..=i64::from(used.uses))?;
    tx.adjust(ADMITTED_COUNTER, &used.slot.to_string(), 1, 0..=i64::MAX)?;
    tx.put(&used)?;
    stage(tx, &mut order, Vec::new(), false, at.now)?;
    tx.insert(&Verification {
        id: format!("{id}.1"),
        entitlement: id,
        attraction: used.slot.attraction.clone(),
        gate: at.gate.to_owned(),
        officer: at.officer.to_owned(),
        at: at.now,
        batch: None,
    })?;
    let visitor = order.visitors.get(visitor).cloned().ok_or(Refusal::NotFound)?;
    let (name, slot) = order.parts.get(part).map(|p| (p.name.clone(), p.slot.clone())).ok_or(Refusal::NotFound)?;
    Ok(Admitted { order: order.id, visitor, attraction: name, slot, at: at.now })
}
